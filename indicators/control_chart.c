/* Each segment in four steps: values, centre and limits from its baseline, flags of the
 * rule set, then run tests about the median and assurance. Rules look at a point's
 * standing z = (y - centre) / sigma of that point, so that charts with varying limits
 * need no code of their own.
 */
#include "indicators/control_chart.h"

#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/rolling.h"
#include "indicators/sum.h"

/* Mean moving range over standard deviation of a normal series (d2 of two). */
static const double MOVING_RANGE = 1.128;
/* Moving ranges from so many times their mean are screened out (D4 of two). */
static const double SCREENED = 3.267;
enum { PROVISIONAL_BELOW = 12 };

const char *ps_chart_rule_text(ps_chart_rule rule) {
    static const char *const text[] = {
        [PS_RULE_NONE] = "",
        [PS_RULE_OUTSIDE] = "outside",
        [PS_RULE_TREND] = "trend",
        [PS_RULE_TWO_OF_THREE] = "two-of-three",
        [PS_RULE_FOUR_OF_FIVE] = "four-of-five",
        [PS_RULE_SHIFT] = "shift",
    };
    return text[rule];
}

const char *ps_point_type_text(ps_point_type type) {
    static const char *const text[] = {
        [PS_POINT_COMMON] = "common-cause", [PS_POINT_IMPROVEMENT] = "improvement",
        [PS_POINT_CONCERN] = "concern",     [PS_POINT_NEUTRAL] = "neutral",
        [PS_POINT_MISSING] = "missing",
    };
    return text[type];
}

const char *ps_assurance_text(ps_assurance assurance) {
    static const char *const text[] = {
        [PS_ASSURANCE_NONE] = "",
        [PS_ASSURANCE_PASS] = "consistently-pass",
        [PS_ASSURANCE_FAIL] = "consistently-fail",
        [PS_ASSURANCE_HIT_AND_MISS] = "hit-and-miss",
    };
    return text[assurance];
}

ps_chart_options ps_chart_defaults(ps_chart_kind kind, ps_chart_rules rules) {
    return (ps_chart_options){
        .kind = kind,
        .rules = rules,
        .constant = 2.66,
        .screen = true,
        .trend_steps = 6,
        .shift_points = rules == PS_RULES_NHS ? 7 : 8,
        .multiplier = 1,
        .target = (double)NAN,
    };
}

/* One segment at work. */
typedef struct work {
    const ps_chart_options *options;
    const double *value, *size; /* of the segment */
    size_t n, baseline;         /* points; of which the baseline */
    double *y;                  /* charted value before the multiplier, NAN missing */
    double *sigma;              /* a third of the distance of the limits, NAN unknown */
    double *sorted;             /* scratch */
    double centre;
    ps_chart_point *point;
    ps_chart_segment *segment;
} work;

static bool is_u(ps_chart_kind kind) {
    return kind == PS_CHART_U || kind == PS_CHART_U_PRIME;
}

static bool is_p(ps_chart_kind kind) {
    return kind == PS_CHART_P || kind == PS_CHART_P_PRIME;
}

static bool is_prime(ps_chart_kind kind) {
    return kind == PS_CHART_U_PRIME || kind == PS_CHART_P_PRIME;
}

static double charted(const work *w, size_t i) {
    double x = w->value[i];
    if (!isfinite(x)) return (double)NAN;
    if (w->options->kind == PS_CHART_XMR) return x;
    if (x < 0) return (double)NAN;
    if (w->options->kind == PS_CHART_C) return x;
    double n = w->size == NULL ? (double)NAN : w->size[i];
    if (!isfinite(n) || n <= 0 || (is_p(w->options->kind) && x > n)) return (double)NAN;
    return x / n;
}

/* The mean of |a(i) - a(i-1)| over neighbouring baseline points that both have a value;
 * NAN when there are none. Those at or above `cut` are left out. */
static double mean_range(const work *w, const double *a, double cut) {
    ps_sum sum = {0};
    size_t n = 0;
    for (size_t i = 1; i < w->baseline; i++) {
        double range = fabs(a[i] - a[i - 1]);
        if (isnan(range) || range >= cut) continue;
        ps_sum_add(&sum, range);
        n++;
    }
    return n > 0 ? ps_sum_value(&sum) / (double)n : (double)NAN;
}

/* The mean of the values, or of all counts over all sizes. */
static double centre_of(const work *w) {
    ps_sum counts = {0}, sizes = {0};
    bool weighted = is_u(w->options->kind) || is_p(w->options->kind);
    for (size_t i = 0; i < w->baseline; i++) {
        if (isnan(w->y[i])) continue;
        ps_sum_add(&counts, w->value[i]);
        ps_sum_add(&sizes, weighted ? w->size[i] : 1);
        w->segment->baseline_n++;
    }
    return w->segment->baseline_n > 0 ? ps_sum_value(&counts) / ps_sum_value(&sizes)
                                      : (double)NAN;
}

/* The variance that a Poisson or binomial point has. */
static double chance_variance(const work *w, size_t i) {
    if (w->options->kind == PS_CHART_C) return w->centre;
    if (is_u(w->options->kind)) return w->centre / w->size[i];
    return w->centre * (1 - w->centre) / w->size[i];
}

static void find_dispersion(const work *w) {
    ps_sum sum = {0};
    size_t n = 0;
    for (size_t i = 0; i < w->baseline; i++) {
        if (isnan(w->y[i])) continue;
        double away = w->y[i] - w->centre, variance = chance_variance(w, i);
        if (!(variance > 0)) return;
        ps_sum_add(&sum, away * away / variance);
        n++;
    }
    if (n > 1) w->segment->dispersion = ps_value_of(ps_sum_value(&sum) / (double)(n - 1));
}

static void find_limits(work *w) {
    const ps_chart_options *o = w->options;
    ps_value undefined = ps_value_none(PS_VALUE_UNDEFINED);
    ps_chart_segment *s = w->segment;
    s->sigma_z = s->median = undefined;
    s->dispersion = undefined;
    if (!is_prime(o->kind)) s->sigma_z = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    w->centre = centre_of(w);
    s->provisional = s->baseline_n < PROVISIONAL_BELOW;
    for (size_t i = 0; i < w->n; i++) w->sigma[i] = (double)NAN;
    if (isnan(w->centre)) return;
    if (o->kind == PS_CHART_XMR) {
        s->dispersion = ps_value_none(PS_VALUE_NOT_APPLICABLE);
        double range = mean_range(w, w->y, (double)INFINITY);
        if (o->screen && range > 0) range = mean_range(w, w->y, SCREENED * range);
        for (size_t i = 0; i < w->n; i++) w->sigma[i] = o->constant * range / 3;
        return;
    }
    find_dispersion(w);
    for (size_t i = 0; i < w->n; i++)
        if (!isnan(w->y[i])) w->sigma[i] = sqrt(fmax(chance_variance(w, i), 0));
    if (!is_prime(o->kind)) return;
    /* z of neighbours, then their mean moving range scales every point's own sigma. */
    bool spread = true;
    for (size_t i = 0; i < w->baseline; i++) {
        w->sorted[i] = (w->y[i] - w->centre) / w->sigma[i];
        if (!isnan(w->y[i]) && !(w->sigma[i] > 0)) spread = false;
    }
    double factor =
        spread ? mean_range(w, w->sorted, (double)INFINITY) / MOVING_RANGE : 0;
    if (spread && !isnan(factor)) s->sigma_z = ps_value_of(factor);
    for (size_t i = 0; i < w->n; i++) w->sigma[i] *= factor;
}

static void write_points(const work *w) {
    const ps_chart_options *o = w->options;
    double m = o->kind == PS_CHART_XMR || o->kind == PS_CHART_C ? 1 : o->multiplier;
    for (size_t i = 0; i < w->n; i++) {
        ps_chart_point *p = &w->point[i];
        ps_value undefined = ps_value_none(PS_VALUE_UNDEFINED);
        p->y =
            isnan(w->y[i]) ? ps_value_none(PS_VALUE_MISSING) : ps_value_of(w->y[i] * m);
        p->centre = isnan(w->centre) ? undefined : ps_value_of(w->centre * m);
        p->lower = p->upper = undefined;
        p->rule = PS_RULE_NONE;
        p->direction = 0;
        p->type = isnan(w->y[i]) ? PS_POINT_MISSING : PS_POINT_COMMON;
        if (isnan(w->sigma[i])) continue;
        double lower = w->centre - 3 * w->sigma[i], upper = w->centre + 3 * w->sigma[i];
        if (o->kind != PS_CHART_XMR && lower < 0) lower = 0;
        if (is_p(o->kind) && upper > 1) upper = 1;
        p->lower = ps_value_of(lower * m);
        p->upper = ps_value_of(upper * m);
    }
}

static int side(double a) {
    return (a > 0) - (a < 0);
}

/* Labels keep the first rule that reached a point. */
static void flag(const work *w, size_t i, ps_chart_rule rule, int direction) {
    ps_chart_point *p = &w->point[i];
    if (p->rule != PS_RULE_NONE) return;
    p->rule = rule;
    p->direction = direction;
}

static void flag_outside(const work *w) {
    for (size_t i = 0; i < w->n; i++) {
        const ps_chart_point *p = &w->point[i];
        if (!ps_value_ok(p->y) || !ps_value_ok(p->lower)) continue;
        if (p->y.value > p->upper.value) flag(w, i, PS_RULE_OUTSIDE, 1);
        if (p->y.value < p->lower.value) flag(w, i, PS_RULE_OUTSIDE, -1);
    }
}

/* Runs of equal, non-zero signs at least `least` long. of_steps: signs of differences,
 * whose run covers one point more. */
static void flag_runs(const work *w, int least, bool of_steps, ps_chart_rule rule) {
    size_t start = 0, length = 0;
    int before = 0;
    for (size_t i = of_steps ? 1 : 0; i <= w->n; i++) {
        double a = (double)NAN;
        if (i < w->n)
            a = of_steps ? w->y[i] - w->y[i - 1]
                         : (isnan(w->sigma[i]) ? (double)NAN : w->y[i] - w->centre);
        int sign = isnan(a) ? 0 : side(a);
        if (sign != 0 && sign == before) {
            length++;
            continue;
        }
        if (before != 0 && length >= (size_t)least)
            for (size_t j = start; j < i; j++) flag(w, j, rule, before);
        start = of_steps ? i - 1 : i;
        length = sign != 0;
        before = sign;
    }
}

/* `wanted` of `window` successive points beyond `away` sigmas on one side; those are
 * flagged. inside: points beyond the limits do not count, and the whole window has to be
 * on one side of the centre. */
static void flag_window(const work *w, size_t window, int wanted, double away,
                        bool inside, ps_chart_rule rule) {
    for (size_t i = 0; i + window <= w->n; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int found = 0;
            bool whole = true;
            for (size_t j = i; j < i + window; j++) {
                double a = sign * (w->y[j] - w->centre);
                if (isnan(a) || isnan(w->sigma[j]) || (inside && a <= 0)) whole = false;
                bool beyond = a > away * w->sigma[j];
                if (inside && w->point[j].rule == PS_RULE_OUTSIDE) beyond = false;
                found += beyond;
            }
            if (!whole || found < wanted) continue;
            for (size_t j = i; j < i + window; j++) {
                double a = sign * (w->y[j] - w->centre);
                bool beyond = a > away * w->sigma[j];
                if (inside && w->point[j].rule == PS_RULE_OUTSIDE) beyond = false;
                if (beyond) flag(w, j, rule, sign);
            }
        }
}

static void find_signals(const work *w) {
    const ps_chart_options *o = w->options;
    flag_outside(w);
    bool varies = false;
    for (size_t i = 0; i < w->n; i++) varies = varies || w->sigma[i] > 0;
    if (varies && o->rules == PS_RULES_NHS) {
        /* The labels go by precedence, but two of three has to see which points are
         * outside, which flag_outside has told already. */
        flag_runs(w, o->trend_steps, true, PS_RULE_TREND);
        flag_window(w, 3, 2, 2, true, PS_RULE_TWO_OF_THREE);
        flag_runs(w, o->shift_points, false, PS_RULE_SHIFT);
    } else if (varies) {
        flag_window(w, 3, 2, 2, false, PS_RULE_TWO_OF_THREE);
        flag_window(w, 5, 4, 1, false, PS_RULE_FOUR_OF_FIVE);
        flag_runs(w, o->shift_points, false, PS_RULE_SHIFT);
    }
    for (size_t i = 0; i < w->n; i++) {
        ps_chart_point *p = &w->point[i];
        if (p->rule == PS_RULE_NONE) continue;
        int better = p->direction * o->polarity;
        p->type = better > 0   ? PS_POINT_IMPROVEMENT
                  : better < 0 ? PS_POINT_CONCERN
                               : PS_POINT_NEUTRAL;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Runs about the median of the baseline, after Anhoj. */
static void test_runs(const work *w) {
    ps_chart_segment *s = w->segment;
    size_t n = 0, run = 0;
    for (size_t i = 0; i < w->baseline; i++)
        if (!isnan(w->y[i])) w->sorted[n++] = w->y[i];
    if (n == 0) return;
    qsort(w->sorted, n, sizeof *w->sorted, by_size);
    double median =
        n % 2 ? w->sorted[n / 2] : (w->sorted[n / 2 - 1] + w->sorted[n / 2]) / 2;
    double m = w->options->kind == PS_CHART_XMR || w->options->kind == PS_CHART_C
                   ? 1
                   : w->options->multiplier;
    s->median = ps_value_of(median * m);
    int before = 0;
    for (size_t i = 0; i < w->n; i++) {
        int sign = isnan(w->y[i]) ? 0 : side(w->y[i] - median);
        if (sign == 0) continue;
        s->crossings += before != 0 && sign != before;
        run = sign == before ? run + 1 : 1;
        if (run > s->longest_run) s->longest_run = run;
        s->useful++;
        before = sign;
    }
    if (s->useful == 0) return;
    s->longest_allowed = (size_t)nearbyint(log2((double)s->useful)) + 3;
    int64_t steps = (int64_t)s->useful - 1, k = 0;
    while (k < steps && ps_binomial_cdf(k, steps, 0.5) < 0.05) k++;
    s->fewest_allowed = (size_t)k;
    s->anhoj_signal =
        s->longest_run > s->longest_allowed || s->crossings < s->fewest_allowed;
}

static void assure(const work *w) {
    const ps_chart_options *o = w->options;
    if (isnan(o->target) || o->polarity == 0) return;
    for (size_t i = w->n; i-- > 0;) {
        const ps_chart_point *p = &w->point[i];
        if (!ps_value_ok(p->lower)) continue;
        int beyond = (o->target > p->upper.value) - (o->target < p->lower.value);
        w->segment->assurance = beyond == 0             ? PS_ASSURANCE_HIT_AND_MISS
                                : beyond == o->polarity ? PS_ASSURANCE_FAIL
                                                        : PS_ASSURANCE_PASS;
        return;
    }
}

ps_status ps_control_chart(size_t n, const double *value, const double *size,
                           const int32_t *segment, const ps_chart_options *options,
                           ps_chart_point *point, ps_chart_segment *segments,
                           size_t *n_segments, ps_error *err) {
    *n_segments = 0;
    double *scratch = ps_alloc(n, 3 * sizeof *scratch);
    if (scratch == NULL) return ps_fail_nomem(err);
    size_t begin = 0;
    while (begin < n) {
        size_t end = begin + 1;
        while (end < n && (segment == NULL || segment[end] == segment[begin])) end++;
        ps_chart_segment *s = &segments[*n_segments];
        *s = (ps_chart_segment){.first = begin, .n = end - begin};
        work w = {.options = options,
                  .value = value + begin,
                  .size = size == NULL ? NULL : size + begin,
                  .n = end - begin,
                  .y = scratch,
                  .sigma = scratch + n,
                  .sorted = scratch + 2 * n,
                  .point = point + begin,
                  .segment = s};
        w.baseline =
            options->fix_after > 0 && options->fix_after < w.n ? options->fix_after : w.n;
        for (size_t i = 0; i < w.n; i++) {
            w.y[i] = charted(&w, i);
            w.point[i].segment = *n_segments;
        }
        find_limits(&w);
        write_points(&w);
        find_signals(&w);
        test_runs(&w);
        assure(&w);
        ++*n_segments;
        begin = end;
    }
    ps_free(scratch);
    return PS_OK;
}

/* ---- adaptor ---- */

enum { IN_AREA, IN_TIME, IN_VALUE, IN_SIZE, IN_SEGMENT };
static const ps_method_column input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one chart per area"},
    {"t", PS_COLUMN_TEXT, true, "time; points are charted in order of the rows"},
    {"value", PS_COLUMN_NUMBER, true, "value or count; empty when missing"},
    {"n", PS_COLUMN_NUMBER, false, "denominator of u and p charts"},
    {"segment", PS_COLUMN_TEXT, false, "a change of it starts a new baseline"},
};
enum {
    P_CHART,
    P_RULES,
    P_CONSTANT,
    P_SCREEN,
    P_FIX_AFTER,
    P_TREND,
    P_SHIFT,
    P_POLARITY,
    P_MULTIPLIER,
    P_TARGET
};
static const ps_method_param param[] = {
    {"chart", PS_COLUMN_TEXT, "xmr", "xmr|c|u|p|u-prime|p-prime", 0, 0, "kind of chart"},
    {"rules", PS_COLUMN_TEXT, "nhs", "nhs|western-electric", 0, 0, "set of rules"},
    {"constant", PS_COLUMN_TEXT, "nhs", "nhs|montgomery", 0, 0,
     "XmR limits: 2.66 or 3/1.128 mean moving ranges"},
    {"screen", PS_COLUMN_TEXT, "yes", "yes|no", 0, 0,
     "leave out large moving ranges once"},
    {"fix_after", PS_COLUMN_INTEGER, "0", NULL, 0, 100000,
     "baseline: so many first points of each segment; 0: all"},
    {"trend_points", PS_COLUMN_INTEGER, "7", NULL, 3, 20, "points that make a trend"},
    {"shift_points", PS_COLUMN_INTEGER, "0", NULL, 0, 20,
     "points that make a shift; 0: 7 (nhs), 8 (western-electric)"},
    {"polarity", PS_COLUMN_TEXT, "none", "higher-better|lower-better|none", 0, 0,
     "which way is better"},
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, 1e-9, 1e9, "of u and p values"},
    {"target", PS_COLUMN_NUMBER, "", NULL, 1, 0, "target in the unit of the chart"},
};
static const ps_method_column output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"chart", PS_COLUMN_TEXT, true, "kind of chart"},
    {"t", PS_COLUMN_TEXT, true, "as in the input"},
    {"y", PS_COLUMN_NUMBER, true, "charted value"},
    {"n", PS_COLUMN_NUMBER, true, "denominator"},
    {"cl", PS_COLUMN_NUMBER, true, "centre line"},
    {"lcl", PS_COLUMN_NUMBER, true, "lower limit"},
    {"ucl", PS_COLUMN_NUMBER, true, "upper limit"},
    {"rule", PS_COLUMN_TEXT, true,
     "outside, trend, two-of-three, four-of-five, shift or empty"},
    {"point_type", PS_COLUMN_TEXT, true,
     "common-cause, improvement, concern, neutral or missing"},
    {"baseline_n", PS_COLUMN_INTEGER, true, "baseline points with a value"},
    {"segment", PS_COLUMN_TEXT, true, "as in the input, else 1"},
    {"provisional", PS_COLUMN_INTEGER, true, "1 with fewer than 12 baseline points"},
    {"dispersion", PS_COLUMN_NUMBER, true,
     "phi of the segment; above 1.5 use u-prime or p-prime"},
    {"longest_run", PS_COLUMN_INTEGER, true, "about the median"},
    {"crossings", PS_COLUMN_INTEGER, true, "of the median"},
    {"anhoj_signal", PS_COLUMN_INTEGER, true, "1 when runs or crossings signal"},
    {"assurance", PS_COLUMN_TEXT, true,
     "consistently-pass, consistently-fail, hit-and-miss or empty"},
    {"status", PS_COLUMN_TEXT, true, "of y"},
    {"limits_status", PS_COLUMN_TEXT, true, "of lcl and ucl"},
};

static ps_status read_options(const ps_method_call *call, ps_chart_options *o,
                              ps_error *err) {
    static const ps_chart_kind kinds[] = {PS_CHART_XMR,     PS_CHART_C,
                                          PS_CHART_U,       PS_CHART_P,
                                          PS_CHART_U_PRIME, PS_CHART_P_PRIME};
    ps_chart_kind kind = kinds[ps_call_param_choice(call, P_CHART)];
    *o = ps_chart_defaults(kind, ps_call_param_is(call, P_RULES, "nhs")
                                     ? PS_RULES_NHS
                                     : PS_RULES_WESTERN_ELECTRIC);
    if (ps_call_param_is(call, P_CONSTANT, "montgomery")) o->constant = 3 / MOVING_RANGE;
    o->screen = ps_call_param_is(call, P_SCREEN, "yes");
    o->fix_after = (size_t)ps_call_param_number(call, P_FIX_AFTER);
    o->trend_steps = (int)ps_call_param_number(call, P_TREND) - 1;
    if (ps_call_param_number(call, P_SHIFT) > 0)
        o->shift_points = (int)ps_call_param_number(call, P_SHIFT);
    static const int polarities[] = {1, -1, 0};
    o->polarity = polarities[ps_call_param_choice(call, P_POLARITY)];
    o->multiplier = ps_call_param_number(call, P_MULTIPLIER);
    o->target = ps_call_param_number(call, P_TARGET);
    if ((is_u(kind) || is_p(kind)) && !ps_call_has(call, IN_SIZE))
        return ps_fail(
            err, PS_CONFIG, "%s: a %s chart needs the denominators in a column 'n'",
            ps_table_name(ps_call_table(call)), ps_call_param_text(call, P_CHART));
    return PS_OK;
}

/* How far the limits lie from the centre line, in the unit of the chart. */
static void step_reach(ps_output *steps, const ps_chart_point *p, double m, double size,
                       const ps_chart_options *o, const ps_chart_segment *s) {
    const double centre = p->centre.value,
                 factor = ps_value_ok(s->sigma_z) ? s->sigma_z.value : 1;
    ps_step_add(steps, centre, "centre line, over %zu points", s->baseline_n);
    if (ps_value_ok(s->sigma_z))
        ps_step_add(steps, factor, "mean moving range of z over 1.128");
    if (o->kind == PS_CHART_C)
        ps_step_add(steps, sqrt(centre), "sigma = sqrt(%s)", PS_STEP(centre));
    else if (is_u(o->kind))
        ps_step_add(steps, factor * m * sqrt(centre / m / size),
                    "sigma = %s * %s * sqrt(%s / %s / %s)", PS_STEP(factor), PS_STEP(m),
                    PS_STEP(centre), PS_STEP(m), PS_STEP(size));
    else if (is_p(o->kind))
        ps_step_add(steps, factor * m * sqrt(centre / m * (1 - centre / m) / size),
                    "sigma = %s * %s * sqrt(%s / %s * (1 - %s / %s) / %s)",
                    PS_STEP(factor), PS_STEP(m), PS_STEP(centre), PS_STEP(m),
                    PS_STEP(centre), PS_STEP(m), PS_STEP(size));
    else
        ps_step_add(steps, (p->upper.value - centre) / 3,
                    "sigma, %s / 3 mean moving ranges", PS_STEP(o->constant));
}

static void step_limit(ps_output *steps, const ps_chart_point *p, double m, double size,
                       const ps_chart_options *o, const ps_chart_segment *s, bool upper) {
    const double limit = upper ? p->upper.value : p->lower.value,
                 least = o->kind == PS_CHART_XMR ? -(double)INFINITY : 0,
                 most = is_p(o->kind) ? m : (double)INFINITY;
    if (steps == NULL || !ps_value_ok(p->lower)) return;
    if (!upper) step_reach(steps, p, m, size, o, s);
    if (limit <= least || limit >= most)
        ps_step_add(steps, limit, "%s limit, cut off where values end",
                    upper ? "upper" : "lower");
    else
        ps_step_add(steps, limit, "%s limit = %s %c 3 * %s", upper ? "upper" : "lower",
                    PS_STEP(p->centre.value), upper ? '+' : '-',
                    PS_STEP(fabs(limit - p->centre.value) / 3));
}

static void step_point(const ps_method_call *call, const ps_chart_point *p, double value,
                       double size, const ps_chart_options *o,
                       const ps_chart_segment *s) {
    const double m = o->kind == PS_CHART_XMR || o->kind == PS_CHART_C ? 1 : o->multiplier;
    ps_output *steps = ps_call_steps(call, 3);
    if (steps == NULL || !ps_value_ok(p->y)) return;
    if (is_u(o->kind) || is_p(o->kind))
        ps_step_add(steps, p->y.value, "charted value = %s * %s / %s", PS_STEP(m),
                    PS_STEP(value), PS_STEP(size));
    else
        ps_step_add(steps, p->y.value, "charted value");
    step_limit(ps_call_steps(call, 6), p, m, size, o, s, false);
    step_limit(ps_call_steps(call, 7), p, m, size, o, s, true);
}

static ps_status write_chart(const ps_method_call *call, const ps_call_group *group,
                             const ps_chart_point *point,
                             const ps_chart_segment *segments,
                             const ps_chart_options *options, ps_error *err) {
    const double *size = group->column[1];
    for (size_t i = 0; i < group->n; i++) {
        const ps_chart_point *p = &point[i];
        const ps_chart_segment *s = &segments[p->segment];
        size_t row = group->row[i];
        step_point(call, p, group->column[0][i], size == NULL ? (double)NAN : size[i],
                   options, s);
        ps_call_put_text(call, 0, group->name);
        ps_call_put_word(call, 1, ps_call_param_text(call, P_CHART));
        ps_call_put_text(call, 2, ps_call_text(call, row, IN_TIME));
        ps_call_put_value(call, 3, p->y);
        ps_call_put_known(call, 4, size == NULL ? (double)NAN : size[i]);
        ps_call_put_value(call, 5, p->centre);
        ps_call_put_value(call, 6, p->lower);
        ps_call_put_value(call, 7, p->upper);
        ps_call_put_word(call, 8, ps_chart_rule_text(p->rule));
        ps_call_put_word(call, 9, ps_point_type_text(p->type));
        ps_call_put_int(call, 10, (int64_t)s->baseline_n);
        ps_call_put_text(call, 11,
                         ps_call_has(call, IN_SEGMENT)
                             ? ps_call_text(call, row, IN_SEGMENT)
                             : ps_str_of("1"));
        ps_call_put_int(call, 12, s->provisional);
        ps_call_put_value(call, 13, s->dispersion);
        ps_call_put_int(call, 14, (int64_t)s->longest_run);
        ps_call_put_int(call, 15, (int64_t)s->crossings);
        ps_call_put_int(call, 16, s->anhoj_signal);
        ps_call_put_word(call, 17, ps_assurance_text(s->assurance));
        ps_call_put_status(call, 18, p->y.status);
        ps_call_put_status(call, 19, p->lower.status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status chart_group(const ps_method_call *call, const ps_call_group *group,
                             void *context, ps_error *err) {
    const ps_chart_options *options = context;
    const size_t n = group->n;
    int32_t *segment = ps_zalloc(n, sizeof *segment);
    ps_chart_point *point = ps_alloc(n, sizeof *point);
    ps_chart_segment *segments = ps_alloc(n, sizeof *segments);
    ps_status status = PS_OK;
    if (segment == NULL || point == NULL || segments == NULL) {
        status = ps_fail_nomem(err);
    } else {
        for (size_t i = 1; i < n; i++)
            segment[i] = segment[i - 1] +
                         !ps_str_eq(ps_call_text(call, group->row[i], IN_SEGMENT),
                                    ps_call_text(call, group->row[i - 1], IN_SEGMENT));
        size_t n_segments;
        status = ps_control_chart(n, group->column[0], group->column[1], segment, options,
                                  point, segments, &n_segments, err);
        if (status == PS_OK)
            status = write_chart(call, group, point, segments, options, err);
    }
    ps_free(segments);
    ps_free(point);
    ps_free(segment);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_VALUE, IN_SIZE};
    ps_chart_options options;
    PS_TRY(read_options(call, &options, err));
    return ps_call_each_group(call, IN_AREA, inputs, 2, chart_group, &options, err);
}

const ps_method ps_method_control_chart = {
    .id = "control_chart",
    .title = "Control chart",
    .formula =
        "XmR: mean -+ 2.66 mean moving range, ranges from 3.267 means left out once; c: "
        "mean -+ 3 sqrt(mean); u: U -+ 3 sqrt(U/n); p: P -+ 3 sqrt(P(1-P)/n); Laney's "
        "forms times the mean moving range of z over 1.128. NHS rules: outside a limit; "
        "7 points rising or falling; 2 of 3 in the outer third; 7 on one side. Western "
        "Electric: 1 beyond 3 sigma; 2 of 3 beyond 2; 4 of 5 beyond 1; 8 on one side. "
        "Anhoj: longest run about the median > round(log2 n) + 3, or fewer crossings "
        "than the 5 % quantile of Binomial(n - 1, 1/2).",
    .source =
        "Montgomery; NHS Making Data Count; Anhoj & Olesen 2014; Laney 2002; methods "
        "note 7.5",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
    .evidence =
        "limits of all six charts in base R, fresh series: 1e-15; every rule on a series "
        "made for it",
};
