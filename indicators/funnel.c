/* Areas are first compared one by one with the target; what they show together, whether
 * they vary more than chance allows, comes second and is reported beside the first
 * verdict, never in its place.
 */
#include "indicators/funnel.h"

#include <math.h>
#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/sum.h"

static const double INNER = 0.95, OUTER = 0.998;

const char *ps_standing_text(ps_standing standing) {
    switch (standing) {
        case PS_STANDING_NONE:
            return "";
        case PS_STANDING_LOW_998:
            return "low-0.001";
        case PS_STANDING_LOW_95:
            return "low-0.025";
        case PS_STANDING_WITHIN:
            return "not-significant";
        case PS_STANDING_HIGH_95:
            return "high-0.025";
        case PS_STANDING_HIGH_998:
            return "high-0.001";
    }
    return "";
}

static ps_standing standing_of_z(double z) {
    if (z > ps_normal_two_sided(OUTER)) return PS_STANDING_HIGH_998;
    if (z < -ps_normal_two_sided(OUTER)) return PS_STANDING_LOW_998;
    if (z > ps_normal_two_sided(INNER)) return PS_STANDING_HIGH_95;
    if (z < -ps_normal_two_sided(INNER)) return PS_STANDING_LOW_95;
    return PS_STANDING_WITHIN;
}

static ps_standing standing_of_count(double events, double expected) {
    ps_estimate outer = ps_count(events, OUTER), inner = ps_count(events, INNER);
    if (expected < outer.lower) return PS_STANDING_HIGH_998;
    if (expected > outer.upper) return PS_STANDING_LOW_998;
    if (expected < inner.lower) return PS_STANDING_HIGH_95;
    if (expected > inner.upper) return PS_STANDING_LOW_95;
    return PS_STANDING_WITHIN;
}

static ps_value_status usable(double events, double base, ps_funnel_kind kind) {
    if (!isfinite(events) || !isfinite(base)) return PS_VALUE_MISSING;
    if (events < 0 || base <= 0) return PS_VALUE_UNDEFINED;
    if (kind == PS_FUNNEL_PROPORTION && events > base) return PS_VALUE_UNDEFINED;
    return PS_VALUE_OK;
}

/* The standard error of a value at the target, for an area of this size. */
static double error_at(double target, double base, ps_funnel_kind kind) {
    double variance = kind == PS_FUNNEL_PROPORTION ? target * (1 - target) : target;
    return sqrt(variance / base);
}

static void put_limits(double limit[4], double target, double error,
                       ps_funnel_kind kind) {
    double inner = ps_normal_two_sided(INNER), outer = ps_normal_two_sided(OUTER);
    const double z[4] = {-outer, -inner, inner, outer};
    for (int i = 0; i < 4; i++) {
        limit[i] = fmax(target + z[i] * error, 0);
        if (kind == PS_FUNNEL_PROPORTION) limit[i] = fmin(limit[i], 1);
    }
}

static double pooled(size_t n, const double *events, const double *base,
                     ps_funnel_kind kind) {
    ps_sum x = {0, 0}, m = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (usable(events[i], base[i], kind) != PS_VALUE_OK) continue;
        ps_sum_add(&x, events[i]);
        ps_sum_add(&m, base[i]);
    }
    return ps_sum_value(&x) / ps_sum_value(&m);
}

static int by_number(const void *a, const void *b) {
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Linear between order statistics: position 1 + (n - 1) p. */
static double percentile(const double *sorted, size_t n, double p) {
    double at = (double)(n - 1) * p;
    size_t below = (size_t)at;
    if (below + 1 >= n) return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* phi, and tau by the moments of DerSimonian and Laird. */
static void disperse(ps_funnel *funnel, double *z, const double *weight, size_t n) {
    ps_sum squares = {0, 0}, sum = {0, 0}, sum_of_squares = {0, 0};
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&sum, weight[i]);
        ps_sum_add(&sum_of_squares, weight[i] * weight[i]);
    }
    qsort(z, n, sizeof *z, by_number);
    double low = percentile(z, n, 0.1), high = percentile(z, n, 0.9);
    for (size_t i = 0; i < n; i++) {
        double cut = fmin(fmax(z[i], low), high);
        ps_sum_add(&squares, cut * cut);
    }
    double areas = (double)n, w = ps_sum_value(&sum);
    funnel->phi = ps_sum_value(&squares) / areas;
    funnel->adjusted = funnel->phi > 1 + 2 * sqrt(2 / areas);
    double room = w - ps_sum_value(&sum_of_squares) / w;
    double excess = areas * funnel->phi - (areas - 1);
    funnel->tau = excess > 0 && room > 0 ? sqrt(excess / room) : 0;
}

static void compare_one(ps_funnel_area *area, const ps_funnel *funnel, double events,
                        double base, ps_funnel_kind kind) {
    double error = error_at(funnel->target, base, kind);
    area->value = events / base;
    area->z = (area->value - funnel->target) / error;
    put_limits(area->limit, funnel->target, error, kind);
    if (kind == PS_FUNNEL_PROPORTION)
        area->standing = standing_of_z(area->z);
    else
        area->standing = standing_of_count(events, funnel->target * base);
}

static void adjust_one(ps_funnel_area *area, const ps_funnel *funnel, double base,
                       ps_funnel_kind kind, ps_overdispersion overdispersion) {
    double error = error_at(funnel->target, base, kind);
    bool widen = funnel->adjusted && overdispersion != PS_OVERDISPERSION_NONE;
    area->adjusted = area->standing;
    for (int i = 0; i < 4; i++) area->adjusted_limit[i] = area->limit[i];
    if (!widen) return;
    if (overdispersion == PS_OVERDISPERSION_FACTOR)
        error *= sqrt(funnel->phi);
    else
        error = hypot(error, funnel->tau);
    put_limits(area->adjusted_limit, funnel->target, error, kind);
    area->adjusted = standing_of_z((area->value - funnel->target) / error);
}

ps_status ps_funnel_compare(size_t n, const double *events, const double *base,
                            ps_funnel_kind kind, double target,
                            ps_overdispersion overdispersion, ps_funnel *funnel,
                            ps_funnel_area *areas, ps_error *err) {
    double *z = ps_alloc(n, 2 * sizeof *z), *weight = z + n;
    *funnel = (ps_funnel){.status = PS_VALUE_UNDEFINED};
    if (z == NULL) return ps_fail_nomem(err);
    if (isnan(target)) target = pooled(n, events, base, kind);
    double most = kind == PS_FUNNEL_PROPORTION ? 1 : (double)INFINITY;
    if (target > 0 && target < most) {
        funnel->status = PS_VALUE_OK;
        funnel->target = target;
    }
    size_t there = 0;
    for (size_t i = 0; i < n; i++) {
        areas[i] = (ps_funnel_area){.status = usable(events[i], base[i], kind)};
        if (areas[i].status == PS_VALUE_OK) areas[i].status = funnel->status;
        if (areas[i].status != PS_VALUE_OK) continue;
        compare_one(&areas[i], funnel, events[i], base[i], kind);
        if (!isfinite(areas[i].value) || !isfinite(areas[i].z)) {
            areas[i] = (ps_funnel_area){.status = PS_VALUE_UNDEFINED};
            continue;
        }
        double error = error_at(target, base[i], kind);
        z[there] = areas[i].z;
        weight[there++] = 1 / (error * error);
    }
    funnel->areas = (int64_t)there;
    if (there > 0) disperse(funnel, z, weight, there);
    for (size_t i = 0; i < n; i++) {
        if (areas[i].status == PS_VALUE_OK)
            adjust_one(&areas[i], funnel, base[i], kind, overdispersion);
    }
    ps_free(z);
    return PS_OK;
}

ps_estimate ps_funnel_curve(double k, double confidence) {
    return ps_count_by(k, confidence, PS_COUNT_EXACT);
}

const char *ps_comparison_text(ps_comparison comparison) {
    switch (comparison) {
        case PS_COMPARISON_NONE:
            return "not-compared";
        case PS_COMPARISON_SIMILAR:
            return "similar";
        case PS_COMPARISON_LOWER:
            return "lower";
        case PS_COMPARISON_HIGHER:
            return "higher";
        case PS_COMPARISON_BETTER:
            return "better";
        case PS_COMPARISON_WORSE:
            return "worse";
    }
    return "not-compared";
}

ps_comparison ps_rag(const ps_estimate *estimate, double benchmark,
                     ps_polarity polarity) {
    if (estimate->status != PS_VALUE_OK || estimate->limits_status != PS_VALUE_OK ||
        !isfinite(benchmark))
        return PS_COMPARISON_NONE;
    int side = estimate->lower > benchmark ? 1 : estimate->upper < benchmark ? -1 : 0;
    if (side == 0) return PS_COMPARISON_SIMILAR;
    if (polarity == PS_POLARITY_NONE)
        return side > 0 ? PS_COMPARISON_HIGHER : PS_COMPARISON_LOWER;
    return (side > 0) == (polarity == PS_POLARITY_HIGHER_BETTER) ? PS_COMPARISON_BETTER
                                                                 : PS_COMPARISON_WORSE;
}

/* ---- methods ---- */

enum { F_AREA, F_COUNT, F_BASE };
enum { F_TYPE, F_TARGET, F_MULTIPLIER, F_OVERDISPERSION };

static const ps_method_param funnel_params[] = {
    {"type", PS_COLUMN_TEXT, "rate", "proportion|rate|ratio", 1, 0,
     "proportion: count among denominator; rate: events over people; ratio: observed "
     "over "
     "expected events"},
    {"target", PS_COLUMN_NUMBER, "", NULL, 0, 1e12,
     "to compare with, in units of the multiplier; without it the sum of counts over the "
     "sum of denominators"},
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, 1e-9, 1e12, "of values and limits"},
    {"overdispersion", PS_COLUMN_TEXT, "factor", "none|factor|random", 1, 0,
     "how adjusted limits are widened: by sqrt(phi), or by a variance between areas"},
};

static const ps_method_column funnel_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"count", PS_COLUMN_NUMBER, true, "events"},
    {"denominator", PS_COLUMN_NUMBER, true, "people, person-years or expected events"},
};

static const ps_method_column funnel_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"count", PS_COLUMN_NUMBER, true, "as in the input"},
    {"denominator", PS_COLUMN_NUMBER, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "count over denominator"},
    {"target", PS_COLUMN_NUMBER, true, "what it is compared with"},
    {"lower_998", PS_COLUMN_NUMBER, true, "99.8 % limit at this size"},
    {"lower_95", PS_COLUMN_NUMBER, true, "95 % limit"},
    {"upper_95", PS_COLUMN_NUMBER, true, "95 % limit"},
    {"upper_998", PS_COLUMN_NUMBER, true, "99.8 % limit"},
    {"significance", PS_COLUMN_TEXT, true,
     "low-0.001, low-0.025, not-significant, high-0.025, high-0.001"},
    {"z", PS_COLUMN_NUMBER, true, "distance from the target in standard errors"},
    {"phi", PS_COLUMN_NUMBER, true, "overdispersion: mean square of winsorised z"},
    {"tau", PS_COLUMN_NUMBER, true, "standard deviation between areas"},
    {"adjusted_lower_998", PS_COLUMN_NUMBER, true,
     "limits after adjustment, the same "
     "when phi is no more than chance"},
    {"adjusted_lower_95", PS_COLUMN_NUMBER, true, "likewise"},
    {"adjusted_upper_95", PS_COLUMN_NUMBER, true, "likewise"},
    {"adjusted_upper_998", PS_COLUMN_NUMBER, true, "likewise"},
    {"adjusted_significance", PS_COLUMN_TEXT, true, "after adjustment"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of values and limits"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing, undefined"},
};

static ps_status funnel_row(const ps_method_call *call, size_t row,
                            const ps_funnel *funnel, const ps_funnel_area *area,
                            double events, double base, ps_error *err) {
    double m = ps_call_param_number(call, F_MULTIPLIER);
    ps_call_put_text(call, 0, ps_call_text(call, row, F_AREA));
    ps_call_put_number(call, 1, PS_VALUE_OK, events);
    ps_call_put_number(call, 2, PS_VALUE_OK, base);
    ps_call_put_number(call, 3, area->status, m * area->value);
    ps_call_put_number(call, 4, funnel->status, m * funnel->target);
    for (size_t i = 0; i < 4; i++) {
        ps_call_put_number(call, 5 + i, area->status, m * area->limit[i]);
        ps_call_put_number(call, 13 + i, area->status, m * area->adjusted_limit[i]);
    }
    ps_call_put_word(call, 9, ps_standing_text(area->standing));
    ps_call_put_number(call, 10, area->status, area->z);
    ps_call_put_number(call, 11, funnel->status, funnel->phi);
    ps_call_put_number(call, 12, funnel->status, m * funnel->tau);
    ps_call_put_word(call, 17, ps_standing_text(area->adjusted));
    ps_call_put_number(call, 18, PS_VALUE_OK, m);
    ps_call_put_status(call, 19, area->status);
    return ps_call_end_row(call, err);
}

static ps_status take_pairs(const ps_method_call *call, double *events, double *base,
                            ps_error *err) {
    bool proportion = ps_call_param_is(call, F_TYPE, "proportion");
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        PS_TRY(ps_call_amount(call, i, F_COUNT, &events[i], err));
        PS_TRY(ps_call_amount(call, i, F_BASE, &base[i], err));
        if (proportion && events[i] > base[i])
            return ps_call_refuse(call, i, err,
                                  "the count is larger than the denominator");
    }
    return PS_OK;
}

static ps_status compare_all(const ps_method_call *call, const double *events,
                             const double *base, ps_funnel *funnel, ps_funnel_area *areas,
                             ps_error *err) {
    ps_funnel_kind kind = ps_call_param_is(call, F_TYPE, "proportion")
                              ? PS_FUNNEL_PROPORTION
                              : PS_FUNNEL_RATE;
    ps_overdispersion over =
        ps_call_param_is(call, F_OVERDISPERSION, "factor")   ? PS_OVERDISPERSION_FACTOR
        : ps_call_param_is(call, F_OVERDISPERSION, "random") ? PS_OVERDISPERSION_RANDOM
                                                             : PS_OVERDISPERSION_NONE;
    double target =
        ps_call_param_number(call, F_TARGET) / ps_call_param_number(call, F_MULTIPLIER);
    return ps_funnel_compare(ps_call_rows(call), events, base, kind, target, over, funnel,
                             areas, err);
}

static ps_status funnel_rows(const ps_method_call *call, double *events, double *base,
                             ps_funnel_area *areas, ps_error *err) {
    ps_funnel funnel;
    PS_TRY(take_pairs(call, events, base, err));
    PS_TRY(compare_all(call, events, base, &funnel, areas, err));
    for (size_t i = 0; i < ps_call_rows(call); i++)
        PS_TRY(funnel_row(call, i, &funnel, &areas[i], events[i], base[i], err));
    return PS_OK;
}

static ps_status run_funnel(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call);
    double *pairs = ps_alloc(n, 2 * sizeof *pairs);
    ps_funnel_area *areas = ps_alloc(n, sizeof *areas);
    ps_status status;
    if (pairs == NULL || areas == NULL)
        status = ps_fail_nomem(err);
    else
        status = funnel_rows(call, pairs, pairs + n, areas, err);
    ps_free(pairs);
    ps_free(areas);
    return status;
}

const ps_method ps_method_funnel = {
    .id = "funnel",
    .title = "Funnel limits and significance",
    .formula =
        "Proportions: target -/+ z sqrt(target (1 - target) / n), cut at 0 and 1. Rates "
        "and ratios: an area is high when the target lies below the lower limit of its "
        "count over its denominator (count_ci), low when above the upper; limits are "
        "target -/+ z sqrt(target / n). 99.8 % is asked before 95 %. Overdispersion: z "
        "winsorised at the 10th and 90th percentile, phi = mean z^2; limits wider by "
        "sqrt(phi), or with tau^2 added, only when phi > 1 + 2 sqrt(2 / areas).",
    .source =
        "Spiegelhalter 2005, Stat. Med. 24:1185; PHE/OHID, Fingertips technical "
        "guidance: funnel plots",
    .input = funnel_inputs,
    .n_input = PS_LENGTH(funnel_inputs),
    .param = funnel_params,
    .n_param = PS_LENGTH(funnel_params),
    .output = funnel_outputs,
    .n_output = PS_LENGTH(funnel_outputs),
    .run = run_funnel,
    .evidence = "closed forms: 1e-12; verdicts turn exactly at the limits of count_ci",
};

static const ps_method_param curve_params[] = {
    {"type", PS_COLUMN_TEXT, "ratio", "ratio|change", 1, 0,
     "ratio: count over expected, times the multiplier; change: less 1"},
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, 1e-9, 1e12, "100 for an ISR"},
};

static const ps_method_column curve_inputs[] = {
    {"count", PS_COLUMN_NUMBER, true, "counts for which points are wanted: 1, 2, 3, ..."},
};

static const ps_method_column curve_outputs[] = {
    {"count", PS_COLUMN_NUMBER, true, "as in the input"},
    {"level", PS_COLUMN_NUMBER, true, "0.95 or 0.998"},
    {"expected_upper", PS_COLUMN_NUMBER, true,
     "expected count at which this count is just high: abscissa of the upper curve"},
    {"upper", PS_COLUMN_NUMBER, true, "ordinate of the upper curve there"},
    {"expected_lower", PS_COLUMN_NUMBER, true,
     "expected count at which this count is just low: abscissa of the lower curve"},
    {"lower", PS_COLUMN_NUMBER, true, "ordinate of the lower curve there"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing; at count 0 there is no upper point"},
};

static ps_status run_curve(const ps_method_call *call, ps_error *err) {
    const double levels[2] = {INNER, OUTER};
    double less = ps_call_param_is(call, 0, "change") ? 1 : 0;
    double m = ps_call_param_number(call, 1);
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double k = 0;
        PS_TRY(ps_call_amount(call, i, 0, &k, err));
        for (int level = 0; level < 2; level++) {
            ps_estimate e = ps_funnel_curve(k, levels[level]);
            ps_value_status status = isnan(k) ? PS_VALUE_MISSING : e.status;
            ps_value_status upper = e.lower > 0 ? status : PS_VALUE_UNDEFINED;
            ps_call_put_number(call, 0, PS_VALUE_OK, k);
            ps_call_put_number(call, 1, PS_VALUE_OK, levels[level]);
            ps_call_put_number(call, 2, upper, e.lower);
            ps_call_put_number(call, 3, upper, m * (k / e.lower - less));
            ps_call_put_number(call, 4, status, e.upper);
            ps_call_put_number(call, 5, status, m * (k / e.upper - less));
            ps_call_put_status(call, 6, status);
            PS_TRY(ps_call_end_row(call, err));
        }
    }
    return PS_OK;
}

const ps_method ps_method_funnel_curve = {
    .id = "funnel_curve",
    .title = "Points of the drawn funnel limits of counts",
    .formula =
        "For a count k the expected counts E with P(X >= k | E) = a/2 (upper curve, at k "
        "/ "
        "E) and P(X <= k | E) = a/2 (lower curve): the exact Poisson limits of k.",
    .source =
        "Spiegelhalter 2005, Stat. Med. 24:1185; PHE/OHID, Fingertips technical "
        "guidance: funnel plots",
    .input = curve_inputs,
    .n_input = PS_LENGTH(curve_inputs),
    .param = curve_params,
    .n_param = PS_LENGTH(curve_params),
    .output = curve_outputs,
    .n_output = PS_LENGTH(curve_outputs),
    .run = run_curve,
    .evidence = "Poisson tails solved: 1e-9",
};

enum { R_AREA, R_VALUE, R_LOWER, R_UPPER, R_BENCHMARK, R_POLARITY };

static const ps_method_param rag_params[] = {
    {"benchmark", PS_COLUMN_NUMBER, "", NULL, 1, 0, "for rows without one of their own"},
    {"polarity", PS_COLUMN_TEXT, "none", "higher-better|lower-better|none", 1, 0,
     "for rows without one of their own"},
    PS_PARAM_CONFIDENCE,
};

static const ps_method_column rag_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"value", PS_COLUMN_NUMBER, true, "the figure"},
    {"lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"benchmark", PS_COLUMN_NUMBER, false, "what it is compared with, taken as exact"},
    {"polarity", PS_COLUMN_TEXT, false, "higher-better, lower-better or none"},
};

static const ps_method_column rag_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "as in the input"},
    {"lower", PS_COLUMN_NUMBER, true, "as in the input"},
    {"upper", PS_COLUMN_NUMBER, true, "as in the input"},
    {"benchmark", PS_COLUMN_NUMBER, true, "what it was compared with"},
    {"comparison", PS_COLUMN_TEXT, true,
     "better, similar, worse, higher, lower, not-compared"},
    {"polarity", PS_COLUMN_TEXT, true, "as used"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the limits, as the caller says"},
    {"status", PS_COLUMN_TEXT, true, "of the value: ok, missing"},
};

static ps_status polarity_of(const ps_method_call *call, size_t row, const char **text,
                             ps_polarity *polarity, ps_error *err) {
    static const char *const words[] = {"lower-better", "none", "higher-better"};
    ps_str given = ps_call_text(call, row, R_POLARITY);
    if (given.n == 0) given = ps_str_of(ps_call_param_text(call, 1));
    for (int i = 0; i < 3; i++) {
        if (!ps_str_is(given, words[i])) continue;
        *text = words[i];
        *polarity = (ps_polarity)(i - 1);
        return PS_OK;
    }
    return ps_call_refuse(call, row, err,
                          "polarity is '%.*s', but has to be higher-better, "
                          "lower-better or none",
                          given.n < 60 ? (int)given.n : 60, given.p);
}

static ps_status rag_row(const ps_method_call *call, size_t row, ps_error *err) {
    double cell[4];
    bool missing[4];
    for (size_t c = 0; c < 4; c++)
        PS_TRY(ps_call_number(call, row, R_VALUE + c, &cell[c], &missing[c], err));
    if (!missing[1] && !missing[2] && cell[1] > cell[2])
        return ps_call_refuse(call, row, err, "the lower limit is above the upper one");
    const char *word = "";
    ps_polarity polarity = PS_POLARITY_NONE;
    PS_TRY(polarity_of(call, row, &word, &polarity, err));
    double benchmark = missing[3] ? ps_call_param_number(call, 0) : cell[3];
    ps_estimate e = {
        .status = missing[0] ? PS_VALUE_MISSING : PS_VALUE_OK,
        .limits_status = missing[1] || missing[2] ? PS_VALUE_MISSING : PS_VALUE_OK,
        .value = cell[0],
        .lower = cell[1],
        .upper = cell[2]};
    ps_call_put_text(call, 0, ps_call_text(call, row, R_AREA));
    ps_call_put_estimate(call, 1, &e);
    ps_call_put_number(call, 4, PS_VALUE_OK, benchmark);
    ps_call_put_word(call, 5, ps_comparison_text(ps_rag(&e, benchmark, polarity)));
    ps_call_put_word(call, 6, word);
    ps_call_put_number(call, 7, PS_VALUE_OK, ps_call_param_number(call, 2));
    ps_call_put_status(call, 8, e.status);
    return ps_call_end_row(call, err);
}

static ps_status run_rag(const ps_method_call *call, ps_error *err) {
    for (size_t i = 0; i < ps_call_rows(call); i++) PS_TRY(rag_row(call, i, err));
    return PS_OK;
}

const ps_method ps_method_rag = {
    .id = "rag",
    .title = "Comparison with a benchmark",
    .formula =
        "Lower limit above the benchmark: higher; upper limit below it: lower; else "
        "similar, also when a limit lies on it. With a polarity: better or worse. For a "
        "benchmark with an error of its own use a test of two figures, for one that "
        "contains the area the comparison triple.",
    .source = "PHE/OHID, Fingertips technical guidance: RAG rating",
    .input = rag_inputs,
    .n_input = PS_LENGTH(rag_inputs),
    .param = rag_params,
    .n_param = PS_LENGTH(rag_params),
    .output = rag_outputs,
    .n_output = PS_LENGTH(rag_outputs),
    .run = run_rag,
    .evidence = "every case of the rule, a limit on the benchmark included",
};
