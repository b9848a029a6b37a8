#include "indicators/compare.h"

#include <stdio.h>

#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rate.h"
#include "indicators/sum.h"

static ps_part sum_of(ps_part a, ps_part b) {
    return (ps_part){a.x + b.x, a.n + b.n};
}

static ps_value_status check(ps_compared kind, const ps_overlap *o) {
    const ps_part parts[] = {o->own, o->both, o->rest};
    ps_value_status status = PS_VALUE_OK;
    for (size_t i = 0; i < 3; i++) {
        if (!(parts[i].x >= 0) || !(parts[i].n >= 0) || !isfinite(parts[i].x) ||
            !isfinite(parts[i].n))
            return PS_VALUE_MISSING;
        if (kind == PS_COMPARED_PROPORTIONS && parts[i].x > parts[i].n * (1 + 1e-12))
            status = PS_VALUE_UNDEFINED;
    }
    return status;
}

static ps_value share_of(ps_part p) {
    return p.n > 0 ? ps_value_of(p.x / p.n) : ps_value_none(PS_VALUE_UNDEFINED);
}

/* The variance of the count of a part. */
static double variance_of(ps_compared kind, ps_part p) {
    if (kind == PS_COMPARED_RATES || !(p.n > 0)) return p.x;
    return p.x * fmax(1 - p.x / p.n, 0);
}

/* How far the limits of a share are from it. */
static void reach(ps_part p, double confidence, double *down, double *up) {
    ps_estimate e =
        ps_proportion(fmin(p.x, p.n), p.n, 1, confidence, PS_PROPORTION_WILSON);
    *down = e.status == PS_VALUE_OK ? e.value - e.lower : 0;
    *up = e.status == PS_VALUE_OK ? e.upper - e.value : 0;
}

/* Here against the rest; scale: the difference from the comparator is so many times that
 * from its rest, NAN: it is none of it. */
static void test(ps_compared kind, ps_part rest, ps_part here, double scale,
                 double confidence, ps_gap *g) {
    ps_value lower, upper;
    if (kind == PS_COMPARED_PROPORTIONS) {
        ps_prop_change c = ps_prop_change_of(rest.x, rest.n, here.x, here.n, confidence);
        g->p = c.p, lower = c.tested_lower, upper = c.tested_upper;
    } else {
        ps_poisson_change c =
            ps_poisson_change_of(rest.x, rest.n, here.x, here.n, (double)NAN, confidence);
        g->p = c.p, lower = c.tested_lower, upper = c.tested_upper;
    }
    if (!ps_value_ok(g->p)) g->p = ps_value_none(PS_VALUE_UNDEFINED);
    if (isnan(scale) || !ps_value_ok(lower) || !ps_value_ok(upper)) return;
    g->lower = ps_value_of(scale * lower.value);
    g->upper = ps_value_of(scale * upper.value);
}

/* Of a comparator that is all apart, or around. */
static double scale_of(const ps_overlap *o) {
    if (!(o->both.n > 0)) return 1;
    return o->own.n > 0 ? (double)NAN : o->rest.n / (o->both.n + o->rest.n);
}

ps_gap ps_gap_of(ps_compared kind, const ps_overlap *o, double confidence) {
    ps_value none = ps_value_none(check(kind, o));
    ps_gap g = {none, none, none, none, none, none, none, none, none, none};
    if (none.status != PS_VALUE_OK) return g;
    none = ps_value_none(PS_VALUE_UNDEFINED);
    g = (ps_gap){none, none, none, none, none, none, none, none, none, none};
    const ps_part parts[] = {o->own, o->both, o->rest};
    ps_part here = sum_of(o->own, o->both), there = sum_of(o->both, o->rest);
    g.here = share_of(here);
    g.there = share_of(there);
    g.rest = share_of(o->rest);
    g.p = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    if (!(here.n > 0) || !(there.n > 0)) return g;
    g.difference = ps_value_of(g.here.value - g.there.value);
    if (g.there.value > 0) g.ratio = ps_value_of(g.here.value / g.there.value);
    const double a[] = {1 / here.n, 1 / here.n - 1 / there.n, -1 / there.n};
    double variance = 0, log_variance = 0, down = 0, up = 0;
    for (size_t i = 0; i < 3; i++) {
        double v = variance_of(kind, parts[i]), below, above, part = a[i] * parts[i].n;
        double b = (i < 2 ? 1 / here.x : 0) - (i > 0 ? 1 / there.x : 0);
        variance += a[i] * a[i] * v;
        if (here.x > 0 && there.x > 0) log_variance += b * b * v;
        reach(parts[i], confidence, &below, &above);
        down += part * part * (part > 0 ? below * below : above * above);
        up += part * part * (part > 0 ? above * above : below * below);
    }
    if (here.x > 0 && there.x > 0) g.log_ratio_se = ps_value_of(sqrt(log_variance));
    if (!ps_confidence_ok(confidence)) return g;
    /* All of the comparator lives here: no difference, and no doubt about it. */
    bool same = !(o->own.n > 0) && !(o->rest.n > 0);
    if (variance > 0 || same) g.se = ps_value_of(sqrt(variance));
    if (kind == PS_COMPARED_RATES && ps_value_ok(g.se)) {
        double step = ps_normal_two_sided(confidence) * g.se.value;
        down = up = step * step;
    }
    if (kind == PS_COMPARED_PROPORTIONS || ps_value_ok(g.se)) {
        g.lower = ps_value_of(g.difference.value - sqrt(down));
        g.upper = ps_value_of(g.difference.value + sqrt(up));
    }
    if (o->rest.n > 0) test(kind, o->rest, here, scale_of(o), confidence, &g);
    return g;
}

static bool has_limits(const ps_estimate *e) {
    return e->limits_status == PS_VALUE_OK;
}

ps_gap ps_gap_of_estimates(const ps_estimate *here, const ps_estimate *there) {
    const ps_value none = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    ps_gap g = {none, none, none, none, none, none, none, none, none, none};
    const ps_value_status status =
        here->status != PS_VALUE_OK ? here->status : there->status;
    if (status != PS_VALUE_OK) {
        g.difference = g.ratio = ps_value_none(status);
        return g;
    }
    g.here = ps_value_of(here->value);
    g.there = ps_value_of(there->value);
    g.difference = ps_value_of(here->value - there->value);
    g.ratio = there->value > 0 ? ps_value_of(here->value / there->value)
                               : ps_value_none(PS_VALUE_UNDEFINED);
    if (!has_limits(here)) return g;
    const double up = has_limits(there) ? there->upper - there->value : 0,
                 down = has_limits(there) ? there->value - there->lower : 0;
    g.lower = ps_value_of(g.difference.value - hypot(here->value - here->lower, up));
    g.upper = ps_value_of(g.difference.value + hypot(here->upper - here->value, down));
    return g;
}

const char *ps_gap_verdict_text(ps_gap_verdict verdict) {
    switch (verdict) {
        case PS_GAP_NARROWING:
            return "narrowing";
        case PS_GAP_WIDENING:
            return "widening";
        case PS_GAP_NO_CLEAR_CHANGE:
            return "no-clear-change";
        case PS_GAP_NONE:
            break;
    }
    return "";
}

static ps_verdict own_change(ps_compared kind, ps_part then, ps_part now,
                             double confidence) {
    if (kind == PS_COMPARED_PROPORTIONS)
        return ps_prop_change_of(then.x, then.n, now.x, now.n, confidence).verdict;
    return ps_poisson_change_of(then.x, then.n, now.x, now.n, (double)NAN, confidence)
        .verdict;
}

static void judge_gap(const ps_gap *a, const ps_gap *b, double z, ps_gap_change *c) {
    c->change = ps_value_difference(a->difference, b->difference);
    if (!ps_value_ok(c->change) || !ps_value_ok(a->se) || !ps_value_ok(b->se)) return;
    double change = c->change.value, se = hypot(a->se.value, b->se.value);
    c->lower = ps_value_of(change - z * se);
    c->upper = ps_value_of(change + z * se);
    c->gap = PS_GAP_NO_CLEAR_CHANGE;
    if (c->lower.value <= 0 && c->upper.value >= 0) return;
    c->gap = fabs(b->difference.value) < fabs(a->difference.value) ? PS_GAP_NARROWING
                                                                   : PS_GAP_WIDENING;
}

static bool is_clear(ps_verdict verdict) {
    return verdict == PS_VERDICT_INCREASE || verdict == PS_VERDICT_DECREASE;
}

/* Who moved the gap: whose own change is clear, of its sense and no trifle of it. */
static void find_driver(ps_verdict of_rest, ps_gap_change *c) {
    if (c->gap != PS_GAP_NARROWING && c->gap != PS_GAP_WIDENING) return;
    if (!ps_value_ok(c->here) || !ps_value_ok(c->rest)) return;
    double sign = c->change.value > 0 ? 1 : -1,
           part = 0.1 * fabs(c->here.value - c->rest.value);
    c->by_here = is_clear(c->own) && sign * c->here.value >= part;
    c->by_rest = is_clear(of_rest) && -sign * c->rest.value >= part;
    c->by_neither = !c->by_here && !c->by_rest;
}

static void judge_ratio(const ps_gap *a, const ps_gap *b, double z, ps_gap_change *c) {
    if (!ps_value_ok(a->log_ratio_se) || !ps_value_ok(b->log_ratio_se)) return;
    double change = b->ratio.value / a->ratio.value;
    double se = hypot(a->log_ratio_se.value, b->log_ratio_se.value);
    c->ratio_change = ps_value_of(change);
    if (!(se > 0)) return;
    c->ratio_lower = ps_value_of(change * exp(-z * se));
    c->ratio_upper = ps_value_of(change * exp(z * se));
    c->relative = c->ratio_lower.value > 1   ? PS_VERDICT_INCREASE
                  : c->ratio_upper.value < 1 ? PS_VERDICT_DECREASE
                                             : PS_VERDICT_NO_CLEAR_CHANGE;
}

static ps_gap_change change_of(const ps_gap *a, const ps_gap *b) {
    const ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    return (ps_gap_change){.here = ps_value_difference(a->here, b->here),
                           .rest = ps_value_difference(a->rest, b->rest),
                           .change = none,
                           .lower = none,
                           .upper = none,
                           .ratio_change = none,
                           .ratio_lower = none,
                           .ratio_upper = none};
}

ps_gap_change ps_gap_compare_estimates(const ps_gap *then, const ps_gap *now,
                                       double confidence) {
    ps_gap_change c = change_of(then, now);
    if (ps_confidence_ok(confidence))
        judge_gap(then, now, ps_normal_two_sided(confidence), &c);
    return c;
}

ps_gap_change ps_gap_compare(ps_compared kind, const ps_overlap *then,
                             const ps_overlap *now, double confidence) {
    ps_gap a = ps_gap_of(kind, then, confidence), b = ps_gap_of(kind, now, confidence);
    ps_gap_change c = change_of(&a, &b);
    if (!ps_confidence_ok(confidence)) return c;
    double z = ps_normal_two_sided(confidence);
    ps_verdict of_rest = PS_VERDICT_NONE;
    if (ps_value_ok(c.here))
        c.own = own_change(kind, sum_of(then->own, then->both),
                           sum_of(now->own, now->both), confidence);
    if (ps_value_ok(c.rest))
        of_rest = own_change(kind, then->rest, now->rest, confidence);
    judge_gap(&a, &b, z, &c);
    find_driver(of_rest, &c);
    judge_ratio(&a, &b, z, &c);
    return c;
}

/* What a change is called once it is known which way is good. */
static const char *change_word(double change, int polarity) {
    if (polarity == 0) return change > 0 ? "rose" : "fell";
    return (change > 0) == (polarity > 0) ? "improved" : "worsened";
}

const char *ps_gap_word(ps_verdict verdict, int polarity) {
    if (polarity != 0 && verdict == PS_VERDICT_INCREASE) return change_word(1, polarity);
    if (polarity != 0 && verdict == PS_VERDICT_DECREASE) return change_word(-1, polarity);
    return ps_verdict_text(verdict);
}

void ps_gap_driver(const ps_gap_change *c, const char *here, const char *rest,
                   int polarity, char out[96]) {
    int used = 0;
    if (c->by_neither) {
        snprintf(out, 96, "neither-alone");
        return;
    }
    out[0] = '\0';
    if (c->by_here)
        used = snprintf(out, 96, "%s-%s", here, change_word(c->here.value, polarity));
    if (used >= 96) used = 95;
    if (c->by_rest)
        snprintf(out + used, 96 - (size_t)used, "%s%s-%s", used > 0 ? " " : "", rest,
                 change_word(c->rest.value, polarity));
}

/* ---- adaptor ---- */

enum {
    IN_INDICATOR,
    IN_PERIOD,
    IN_AREA,
    IN_NEIGHBOURHOOD,
    IN_TARGET,
    IN_COUNT,
    IN_PEOPLE,
    IN_POLARITY
};
static const ps_method_column input[] = {
    {"indicator", PS_COLUMN_TEXT, false, "one result each"},
    {"period", PS_COLUMN_TEXT, false, "in order of the text, as 2021/22"},
    {"area_code", PS_COLUMN_TEXT, true,
     "the areas of the city, every one once per indicator and period"},
    {"neighbourhood", PS_COLUMN_TEXT, true, "that the area is part of; empty: none"},
    {"target_ward", PS_COLUMN_NUMBER, false,
     "1 inside the target wards, 0 outside, or the share of the area's people inside"},
    {"count", PS_COLUMN_NUMBER, true, "events, or people with the property"},
    {"denominator", PS_COLUMN_NUMBER, true, "people, or person-years"},
    {"polarity", PS_COLUMN_TEXT, false,
     "higher-better, lower-better or none; without it the parameter"},
};
enum { P_CONFIDENCE, P_MULTIPLIER, P_TYPE, P_POLARITY, P_BASELINE, P_NA };
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1000", NULL, 1e-9, 1e12,
     "values per so many people; 100 for per cent"},
    {"type", PS_COLUMN_TEXT, "rate", "rate|proportion", 1, 0,
     "rate: events of people; proportion: people of people"},
    {"polarity", PS_COLUMN_TEXT, "none", "none|higher-better|lower-better", 1, 0,
     "which way is good"},
    {"baseline", PS_COLUMN_TEXT, "", NULL, 1, 0,
     "period that later ones are compared with; else the first of the indicator"},
    {"na", PS_COLUMN_TEXT, "propagate", "propagate|drop", 1, 0,
     "an area without count or denominator: its sums are missing, or go without it"},
};
static const ps_method_column output[] = {
    {"indicator", PS_COLUMN_TEXT, true, "as in the input"},
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"neighbourhood", PS_COLUMN_TEXT, true, "as in the input"},
    {"n_missing", PS_COLUMN_INTEGER, true, "areas of the city without a figure"},
    {"n_value", PS_COLUMN_NUMBER, true, "of the neighbourhood"},
    {"n_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"n_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"w_value", PS_COLUMN_NUMBER, true, "of the target wards"},
    {"w_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"w_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"c_value", PS_COLUMN_NUMBER, true, "of the city"},
    {"c_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"c_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"w_rest", PS_COLUMN_NUMBER, true, "of the target wards without the neighbourhood"},
    {"diff_w", PS_COLUMN_NUMBER, true, "n_value - w_value"},
    {"diff_w_lower", PS_COLUMN_NUMBER, true, "its limit, overlap allowed for"},
    {"diff_w_upper", PS_COLUMN_NUMBER, true, "its limit, overlap allowed for"},
    {"ratio_w", PS_COLUMN_NUMBER, true, "n_value / w_value"},
    {"p_w", PS_COLUMN_NUMBER, true, "neighbourhood against w_rest, two-sided"},
    {"c_rest", PS_COLUMN_NUMBER, true, "of the city without the neighbourhood"},
    {"diff_c", PS_COLUMN_NUMBER, true, "n_value - c_value"},
    {"diff_c_lower", PS_COLUMN_NUMBER, true, "its limit, overlap allowed for"},
    {"diff_c_upper", PS_COLUMN_NUMBER, true, "its limit, overlap allowed for"},
    {"ratio_c", PS_COLUMN_NUMBER, true, "n_value / c_value"},
    {"p", PS_COLUMN_NUMBER, true, "neighbourhood against c_rest, two-sided"},
    {"baseline_period", PS_COLUMN_TEXT, true, "period that changes are from"},
    {"n_change", PS_COLUMN_NUMBER, true, "change of n_value"},
    {"rest_change", PS_COLUMN_NUMBER, true, "change of c_rest"},
    {"gap_change", PS_COLUMN_NUMBER, true, "change of diff_c"},
    {"gap_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"gap_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"verdict_gap", PS_COLUMN_TEXT, true, "narrowing, widening or no-clear-change"},
    {"driver", PS_COLUMN_TEXT, true,
     "of a clear change of the gap: neighbourhood and city (without it) with what they "
     "did, if that is clear by itself; neither-alone"},
    {"gap_w_change", PS_COLUMN_NUMBER, true, "change of diff_w"},
    {"gap_w_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"gap_w_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"verdict_gap_w", PS_COLUMN_TEXT, true, "narrowing, widening or no-clear-change"},
    {"driver_w", PS_COLUMN_TEXT, true, "as driver, against the target wards"},
    {"ratio_change", PS_COLUMN_NUMBER, true, "ratio_c over that of the baseline"},
    {"ratio_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"ratio_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"verdict_abs", PS_COLUMN_TEXT, true,
     "own change: improved, worsened or no-clear-change; without polarity increase or "
     "decrease"},
    {"verdict_rel", PS_COLUMN_TEXT, true, "change of ratio_c, in the same words"},
    {"polarity", PS_COLUMN_TEXT, true, "higher-better, lower-better or none"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of values, differences and their limits"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the intervals"},
    {"status", PS_COLUMN_TEXT, true, "of diff_c: ok, missing, undefined"},
};

/* Sums that are missing when an area is. */
typedef struct tally {
    ps_sum x, n;
    bool missing;
} tally;

static void tally_add(tally *t, double x, double n, double share) {
    if (isnan(x) || isnan(n)) {
        t->missing = true;
        return;
    }
    ps_sum_add(&t->x, share * x);
    ps_sum_add(&t->n, share * n);
}

static ps_part part_of(const tally *t) {
    if (t->missing) return (ps_part){(double)NAN, (double)NAN};
    return (ps_part){ps_sum_value(&t->x), ps_sum_value(&t->n)};
}

/* a - b, never below 0: shares of areas may leave a rounding error. */
static ps_part without(ps_part a, ps_part b) {
    ps_part rest = {a.x - b.x, a.n - b.n};
    if (rest.x < 1e-9 && !isnan(rest.x)) rest.x = 0;
    if (rest.n < 1e-9 && !isnan(rest.n)) rest.n = 0;
    return rest;
}

/* Of one indicator and period. */
typedef struct totals {
    tally city, wards;
    int64_t n_missing;
    int polarity;
    bool there;
} totals;

typedef struct figures {
    ps_codes indicator, period, area, neighbourhood;
    totals *total;      /* indicator * periods + period */
    tally *here, *both; /* the same, times neighbourhoods, + neighbourhood */
    bool *there;
} figures;

static void figures_free(figures *f) {
    ps_codes_free(&f->indicator);
    ps_codes_free(&f->period);
    ps_codes_free(&f->area);
    ps_codes_free(&f->neighbourhood);
    ps_free(f->total);
    ps_free(f->here);
    ps_free(f->both);
    ps_free(f->there);
}

static ps_status refuse_twice(const ps_method_call *call, const figures *f,
                              ps_error *err) {
    const ps_codes *const by[] = {&f->indicator, &f->period, &f->area};
    size_t *order;
    PS_TRY(ps_codes_order(by, 3, ps_call_rows(call), &order, err));
    ps_status status = PS_OK;
    for (size_t i = 1; status == PS_OK && i < ps_call_rows(call); i++)
        if (ps_codes_agree(by, 3, order[i - 1], order[i]))
            status = ps_call_refuse(call, order[i], err,
                                    "the same indicator, period and area as in row %s",
                                    ps_call_row_text(call, order[i - 1]).text);
    ps_free(order);
    return status;
}

static ps_status take_polarity(const ps_method_call *call, size_t row, totals *t,
                               ps_error *err) {
    static const char *const words[] = {"none", "higher-better", "lower-better"};
    static const int signs[] = {0, 1, -1};
    ps_str text = ps_call_text(call, row, IN_POLARITY);
    int sign = signs[ps_call_param_choice(call, P_POLARITY)];
    if (text.n > 0) {
        size_t i = 0;
        while (i < 3 && !ps_str_is(text, words[i])) i++;
        if (i == 3)
            return ps_call_refuse(call, row, err,
                                  "polarity is '%.*s', but has to be higher-better, "
                                  "lower-better or none",
                                  (int)(text.n < 60 ? text.n : 60), text.p);
        sign = signs[i];
    }
    if (t->there && t->polarity != sign)
        return ps_call_refuse(call, row, err,
                              "polarity differs from an earlier row of the indicator");
    t->polarity = sign;
    t->there = true;
    return PS_OK;
}

static ps_status add_area(const ps_method_call *call, size_t row, figures *f,
                          ps_error *err) {
    size_t at =
        (size_t)f->indicator.code[row] * f->period.n + (size_t)f->period.code[row];
    size_t k = (size_t)f->neighbourhood.code[row];
    double x = 0, n = 0, share = 0;
    bool missing;
    totals *t = &f->total[at];
    PS_TRY(take_polarity(call, row, t, err));
    PS_TRY(ps_call_amount(call, row, IN_COUNT, &x, err));
    PS_TRY(ps_call_amount(call, row, IN_PEOPLE, &n, err));
    PS_TRY(ps_call_number(call, row, IN_TARGET, &share, &missing, err));
    if (!missing && !(share >= 0 && share <= 1))
        return ps_call_refuse(call, row, err,
                              "target_ward is %g, but has to be in 0 to 1", share);
    if (ps_call_has(call, IN_TARGET) && missing)
        return ps_call_refuse(call, row, err, "target_ward is empty; give 0 or 1");
    if (ps_call_param_is(call, P_TYPE, "proportion") && x > n)
        return ps_call_refuse(call, row, err,
                              "count is %g, but has to be at most the denominator, %g", x,
                              n);
    at = at * f->neighbourhood.n + k;
    f->there[at] = true;
    if (isnan(x) || isnan(n)) {
        t->n_missing++;
        if (ps_call_param_is(call, P_NA, "drop")) return PS_OK;
    }
    tally_add(&t->city, x, n, 1);
    tally_add(&f->here[at], x, n, 1);
    if (share > 0) tally_add(&t->wards, x, n, share);
    if (share > 0) tally_add(&f->both[at], x, n, share);
    return PS_OK;
}

static ps_status add_up(const ps_method_call *call, figures *f, ps_error *err) {
    PS_TRY(ps_codes_build(call, IN_INDICATOR, &f->indicator, err));
    PS_TRY(ps_codes_build(call, IN_PERIOD, &f->period, err));
    PS_TRY(ps_codes_build(call, IN_AREA, &f->area, err));
    PS_TRY(ps_codes_build(call, IN_NEIGHBOURHOOD, &f->neighbourhood, err));
    PS_TRY(refuse_twice(call, f, err));
    size_t blocks = f->indicator.n * f->period.n, k = f->neighbourhood.n;
    if (k > 0 && blocks > PS_TABLE_MAX_CELLS / k)
        return ps_fail(
            err, PS_LIMIT,
            "%zu neighbourhoods by %zu indicators and %zu periods are too many", k,
            f->indicator.n, f->period.n);
    f->total = ps_zalloc(blocks, sizeof *f->total);
    f->here = ps_zalloc(blocks * k, sizeof *f->here);
    f->both = ps_zalloc(blocks * k, sizeof *f->both);
    f->there = ps_zalloc(blocks * k, sizeof *f->there);
    if (f->total == NULL || f->here == NULL || f->both == NULL || f->there == NULL)
        return ps_fail_nomem(err);
    for (size_t row = 0; row < ps_call_rows(call); row++)
        PS_TRY(add_area(call, row, f, err));
    return PS_OK;
}

/* A neighbourhood in the city, and across the target wards. */
static void overlaps(const figures *f, size_t block, size_t k, ps_overlap *city,
                     ps_overlap *wards) {
    size_t at = block * f->neighbourhood.n + k;
    ps_part here = part_of(&f->here[at]), both = part_of(&f->both[at]);
    *city = (ps_overlap){{0, 0}, here, without(part_of(&f->total[block].city), here)};
    *wards = (ps_overlap){without(here, both), both,
                          without(part_of(&f->total[block].wards), both)};
}

static void put_scaled(const ps_method_call *call, size_t output_at, ps_value value) {
    ps_call_put_number(call, output_at, value.status,
                       value.value * ps_call_param_number(call, P_MULTIPLIER));
}

static void put_level(const ps_method_call *call, size_t at, ps_compared kind,
                      ps_part p) {
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    double multiplier = ps_call_param_number(call, P_MULTIPLIER);
    if (isnan(p.x) || isnan(p.n)) return;
    ps_estimate e = kind == PS_COMPARED_RATES
                        ? ps_crude_rate(p.x, p.n, multiplier, confidence)
                        : ps_proportion(fmin(p.x, p.n), p.n, multiplier, confidence,
                                        PS_PROPORTION_WILSON);
    ps_call_put_estimate(call, at, &e);
}

static void put_gap(const ps_method_call *call, size_t at, const ps_gap *g) {
    put_scaled(call, at, g->rest);
    put_scaled(call, at + 1, g->difference);
    put_scaled(call, at + 2, g->lower);
    put_scaled(call, at + 3, g->upper);
    ps_call_put_value(call, at + 4, g->ratio);
    ps_call_put_value(call, at + 5, g->p);
}

static void put_driver(const ps_method_call *call, size_t at, const ps_gap_change *c,
                       const char *other, int polarity) {
    char text[96];
    ps_gap_driver(c, "neighbourhood", other, polarity, text);
    ps_call_put_word(call, at, text);
}

static void put_verdict(const ps_method_call *call, size_t at, ps_verdict verdict,
                        int polarity) {
    ps_call_put_word(call, at, ps_gap_word(verdict, polarity));
}

static void put_gap_change(const ps_method_call *call, size_t at, const ps_gap_change *c,
                           const char *other, int polarity) {
    put_scaled(call, at, c->change);
    put_scaled(call, at + 1, c->lower);
    put_scaled(call, at + 2, c->upper);
    ps_call_put_word(call, at + 3, ps_gap_verdict_text(c->gap));
    put_driver(call, at + 4, c, other, polarity);
}

static ps_status write_row(const ps_method_call *call, const figures *f, size_t indicator,
                           size_t period, int64_t baseline, size_t k, ps_error *err) {
    size_t block = indicator * f->period.n + period;
    ps_compared kind = (ps_compared)ps_call_param_choice(call, P_TYPE);
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    const totals *t = &f->total[block];
    ps_overlap city, wards;
    overlaps(f, block, k, &city, &wards);
    ps_gap in_city = ps_gap_of(kind, &city, confidence);
    ps_gap in_wards = ps_gap_of(kind, &wards, confidence);
    static const char *const words[] = {"lower-better", "none", "higher-better"};
    ps_call_put_text(call, 0, f->indicator.text[indicator]);
    ps_call_put_text(call, 1, f->period.text[period]);
    ps_call_put_text(call, 2, f->neighbourhood.text[k]);
    ps_call_put_int(call, 3, t->n_missing);
    put_level(call, 4, kind, city.both);
    put_level(call, 10, kind, part_of(&t->city));
    if (ps_call_has(call, IN_TARGET)) {
        put_level(call, 7, kind, part_of(&t->wards));
        put_gap(call, 13, &in_wards);
    }
    put_gap(call, 19, &in_city);
    if (baseline >= 0 && (size_t)baseline < period) {
        ps_overlap then_city, then_wards;
        size_t then = indicator * f->period.n + (size_t)baseline;
        overlaps(f, then, k, &then_city, &then_wards);
        ps_gap_change c = ps_gap_compare(kind, &then_city, &city, confidence);
        ps_gap_change w = ps_gap_compare(kind, &then_wards, &wards, confidence);
        const ps_value ratio[] = {c.ratio_change, c.ratio_lower, c.ratio_upper};
        ps_call_put_text(call, 25, f->period.text[baseline]);
        put_scaled(call, 26, c.here);
        put_scaled(call, 27, c.rest);
        put_gap_change(call, 28, &c, "city", t->polarity);
        if (ps_call_has(call, IN_TARGET))
            put_gap_change(call, 33, &w, "wards", t->polarity);
        ps_call_put_values(call, 38, ratio, 3);
        put_verdict(call, 41, c.own, t->polarity);
        put_verdict(call, 42, c.relative, t->polarity);
    }
    ps_call_put_word(call, 43, words[t->polarity + 1]);
    ps_call_put_number(call, 44, PS_VALUE_OK, ps_call_param_number(call, P_MULTIPLIER));
    ps_call_put_number(call, 45, PS_VALUE_OK, confidence);
    ps_call_put_status(call, 46, in_city.difference.status);
    return ps_call_end_row(call, err);
}

/* The period that an indicator's changes are from, -1: none. */
static int64_t baseline_of(const ps_method_call *call, const figures *f,
                           size_t indicator) {
    const char *wanted = ps_call_param_text(call, P_BASELINE);
    if (wanted[0] != '\0') return ps_codes_find(&f->period, ps_str_of(wanted));
    for (size_t p = 0; p < f->period.n; p++)
        if (f->total[indicator * f->period.n + p].there) return (int64_t)p;
    return -1;
}

static ps_status write_all(const ps_method_call *call, const figures *f, ps_error *err) {
    const char *wanted = ps_call_param_text(call, P_BASELINE);
    size_t periods = f->period.n, hoods = f->neighbourhood.n;
    if (wanted[0] != '\0' && ps_codes_find(&f->period, ps_str_of(wanted)) < 0)
        return ps_fail(err, PS_CONFIG, "%s: no period is called '%.60s' (baseline)",
                       ps_table_name(ps_call_table(call)), wanted);
    for (size_t i = 0; i < f->indicator.n; i++) {
        int64_t baseline = baseline_of(call, f, i);
        for (size_t k = 0; k < hoods; k++) {
            if (f->neighbourhood.text[k].n == 0) continue;
            for (size_t p = 0; p < periods; p++)
                if (f->there[(i * periods + p) * hoods + k])
                    PS_TRY(write_row(call, f, i, p, baseline, k, err));
        }
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    figures f = {.total = NULL};
    ps_status status = add_up(call, &f, err);
    if (status == PS_OK) status = write_all(call, &f, err);
    figures_free(&f);
    return status;
}

const ps_method ps_method_triple = {
    .id = "triple",
    .title = "Neighbourhood, target wards, city: comparison and gap",
    .formula =
        "counts and people are summed over areas first; value = m x / n with limits as "
        "crude_rate or proportion. Differences are from the whole comparator, their "
        "standard error is that of the parts that do not overlap: root of sum a^2 V with "
        "a = 1/n_here "
        "- "
        "1/n_there in the overlap, V = x or x (1 - x/n). p: neighbourhood against the "
        "comparator without it (poisson_change, prop_change), which the limits match "
        "unless "
        "the comparator holds only a part of the neighbourhood. Change of the gap -+ z "
        "sqrt(se_then^2 + se_now^2): narrowing when |gap| falls and the limits leave out "
        "0. Change of the ratio on the log scale.",
    .source =
        "Newcombe 1998; Zou & Donner 2008, Stat. Med. 27:1693; Przyborowski & Wilenski "
        "1940",
    .evidence =
        "nested: prop_change and poisson_change of the rest, scaled: 1e-13; simulated "
        "coverage of 95 % limits: difference 0.947, change of the gap 0.949",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
};
