#include "indicators/correlation.h"

#include <math.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

/* Sums of squares and products about the means. */
typedef struct products {
    double xx, yy, xy;
} products;

static products products_of(const double *x, const double *y, size_t n) {
    ps_sum sx = {0}, sy = {0}, xx = {0}, yy = {0}, xy = {0};
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&sx, x[i]);
        ps_sum_add(&sy, y[i]);
    }
    const double mx = ps_sum_value(&sx) / (double)n, my = ps_sum_value(&sy) / (double)n;
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&xx, (x[i] - mx) * (x[i] - mx));
        ps_sum_add(&yy, (y[i] - my) * (y[i] - my));
        ps_sum_add(&xy, (x[i] - mx) * (y[i] - my));
    }
    return (products){ps_sum_value(&xx), ps_sum_value(&yy), ps_sum_value(&xy)};
}

/* Pearson's r; NAN when x or y does not vary. */
static double correlation_of(const double *x, const double *y, size_t n) {
    const products p = products_of(x, y, n);
    const double spread = sqrt(p.xx * p.yy);
    if (!(spread > 0)) return (double)NAN;
    const double r = p.xy / spread;
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

void ps_correlation_steps(ps_output *steps, const char *what, const double *x,
                          const double *y, size_t n) {
    if (steps == NULL || n < 2) return;
    const products p = products_of(x, y, n);
    ps_step_add(steps, p.xx, "squares of the first figure's %s about their mean, of %zu",
                what, n);
    ps_step_add(steps, p.yy, "squares of the second figure's");
    ps_step_add(steps, p.xy, "products of the two");
    ps_step_add(steps, p.xy / sqrt(p.xx * p.yy), "r = %s / sqrt(%s * %s)", PS_STEP(p.xy),
                PS_STEP(p.xx), PS_STEP(p.yy));
}

static void test(double r, size_t n, ps_correlation_kind kind, double confidence,
                 ps_correlation *out) {
    const bool exact = fabs(r) == 1;
    const double df = (double)n - 2;
    out->value.status = PS_VALUE_OK;
    out->value.value = r;
    out->p = ps_value_of(
        exact ? 0 : 2 * ps_student_cdf(-fabs(r) * sqrt(df / ((1 - r) * (1 + r))), df));
    if (n < 4 || exact) return;
    const double variance =
        (kind == PS_CORRELATION_SPEARMAN ? 1 + r * r / 2 : 1) / ((double)n - 3);
    const double half = ps_normal_two_sided(confidence) * sqrt(variance);
    out->value.limits_status = PS_VALUE_OK;
    out->value.lower = tanh(atanh(r) - half);
    out->value.upper = tanh(atanh(r) + half);
}

ps_status ps_correlate(const double *x, const double *y, size_t n,
                       ps_correlation_kind kind, double confidence, ps_correlation *out,
                       ps_error *err) {
    *out = (ps_correlation){
        .value = {.status = PS_VALUE_UNDEFINED, .limits_status = PS_VALUE_UNDEFINED},
        .p = ps_value_none(PS_VALUE_UNDEFINED)};
    if (n < 3) return PS_OK;
    double r;
    if (kind == PS_CORRELATION_SPEARMAN) {
        double *rank = ps_alloc(n, 2 * sizeof *rank);
        if (rank == NULL) return ps_fail_nomem(err);
        ps_status status = ps_rank_middle(x, n, rank, err);
        if (status == PS_OK) status = ps_rank_middle(y, n, rank + n, err);
        r = status == PS_OK ? correlation_of(rank, rank + n, n) : 0;
        ps_free(rank);
        if (status != PS_OK) return status;
    } else {
        r = correlation_of(x, y, n);
    }
    if (!isnan(r)) test(r, n, kind, confidence, out);
    return PS_OK;
}

/* ---- Method ---- */

enum { IN_GROUP, IN_X, IN_Y };
static const ps_method_column inputs[] = {
    {"group", PS_COLUMN_TEXT, false, "one correlation for each; without it one for all"},
    {"x", PS_COLUMN_NUMBER, true, "one figure of the area, as need"},
    {"y", PS_COLUMN_NUMBER, true, "the other, as pounds per head"},
};
enum { P_CONFIDENCE, P_KIND };
static const ps_method_param params[] = {
    PS_PARAM_CONFIDENCE,
    {"kind", PS_COLUMN_TEXT, "spearman", "spearman|pearson", 1, 0,
     "spearman: in the same order; pearson: on a line"},
};
static const ps_method_column outputs[] = {
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"kind", PS_COLUMN_TEXT, true, "spearman or pearson"},
    {"n", PS_COLUMN_INTEGER, true, "pairs"},
    {"n_missing", PS_COLUMN_INTEGER, true, "rows without one of the figures"},
    {"value", PS_COLUMN_NUMBER, true, "the correlation, -1 to 1"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"verdict", PS_COLUMN_TEXT, true,
     "together, opposite or not-clear: p_value is not below 1 - confidence, or the "
     "limits hold 0"},
    {"status", PS_COLUMN_TEXT, true, "ok, undefined (fewer than 3 pairs, no variation)"},
    {"limits_status", PS_COLUMN_TEXT, true,
     "ok, undefined (fewer than 4 pairs, or all on one line)"},
};

/* Two tests of the same, of which either may be the more careful one. */
static const char *verdict_of(const ps_correlation *c, double confidence) {
    if (!ps_value_ok(c->p)) return "";
    const bool inside = c->value.limits_status == PS_VALUE_OK && c->value.lower <= 0 &&
                        c->value.upper >= 0;
    if (c->p.value >= 1 - confidence || inside) return "not-clear";
    return c->value.value > 0 ? "together" : "opposite";
}

static void step_limit(ps_output *steps, const ps_correlation *c, double limit, size_t n,
                       bool ranks, double confidence, char sign) {
    const double r = c->value.value, z = ps_normal_two_sided(confidence),
                 m = (double)n - 3;
    if (ranks)
        ps_step_add(steps, limit,
                    "%s limit = tanh(atanh(%s) %c %s * sqrt((1 + %s^2 / 2) / %s))",
                    sign == '-' ? "lower" : "upper", PS_STEP(r), sign, PS_STEP(z),
                    PS_STEP(r), PS_STEP(m));
    else
        ps_step_add(steps, limit, "%s limit = tanh(atanh(%s) %c %s * sqrt(1 / %s))",
                    sign == '-' ? "lower" : "upper", PS_STEP(r), sign, PS_STEP(z),
                    PS_STEP(m));
}

/* x, y: n each, taken for ranks when these are asked for. */
static ps_status step_correlation(const ps_method_call *call, double *x, double *y,
                                  size_t n, const ps_correlation *c, double confidence,
                                  ps_error *err) {
    const ps_estimate_steps to = ps_call_estimate_steps(call, 4);
    const bool ranks = ps_call_param_is(call, P_KIND, "spearman");
    if (to.value == NULL || c->value.status != PS_VALUE_OK) return PS_OK;
    double *rank = ps_alloc(n, 2 * sizeof *rank);
    ps_status status = rank != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK && ranks) status = ps_rank_middle(x, n, rank, err);
    if (status == PS_OK && ranks) status = ps_rank_middle(y, n, rank + n, err);
    if (status == PS_OK)
        ps_correlation_steps(to.value, ranks ? "ranks" : "values", ranks ? rank : x,
                             ranks ? rank + n : y, n);
    ps_free(rank);
    if (status != PS_OK || c->value.limits_status != PS_VALUE_OK) return status;
    step_limit(to.lower, c, c->value.lower, n, ranks, confidence, '-');
    step_limit(to.upper, c, c->value.upper, n, ranks, confidence, '+');
    return PS_OK;
}

static ps_status correlate_group(const ps_method_call *call, const ps_call_group *group,
                                 void *context, ps_error *err) {
    (void)context;
    const ps_correlation_kind kind = ps_call_param_is(call, P_KIND, "pearson")
                                         ? PS_CORRELATION_PEARSON
                                         : PS_CORRELATION_SPEARMAN;
    const double confidence = ps_call_param_number(call, P_CONFIDENCE);
    double *x = ps_alloc(group->n > 0 ? group->n : 1, 2 * sizeof *x);
    if (x == NULL) return ps_fail_nomem(err);
    double *y = x + group->n;
    size_t n = 0;
    for (size_t i = 0; i < group->n; i++) {
        x[n] = group->column[0][i];
        y[n] = group->column[1][i];
        n += !isnan(x[n]) && !isnan(y[n]);
    }
    ps_correlation c;
    ps_status status = ps_correlate(x, y, n, kind, confidence, &c, err);
    if (status == PS_OK) status = step_correlation(call, x, y, n, &c, confidence, err);
    ps_free(x);
    if (status != PS_OK) return status;
    ps_call_put_text(call, 0, group->name);
    ps_call_put_word(call, 1, ps_call_param_text(call, P_KIND));
    ps_call_put_int(call, 2, (int64_t)n);
    ps_call_put_int(call, 3, (int64_t)(group->n - n));
    ps_call_put_estimate(call, 4, &c.value);
    ps_call_put_value(call, 7, c.p);
    ps_call_put_word(call, 8, verdict_of(&c, confidence));
    ps_call_put_status(call, 9, c.value.status);
    ps_call_put_status(call, 10, c.value.limits_status);
    return ps_call_end_row(call, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t numbers[] = {IN_X, IN_Y};
    return ps_call_each_group(call, IN_GROUP, numbers, 2, correlate_group, NULL, err);
}

extern const ps_method ps_method_correlation;
const ps_method ps_method_correlation = {
    .id = "correlation",
    .title = "Correlation of two figures",
    .formula =
        "pearson: r = sum (x - mean x)(y - mean y) / root of the two sums of squares; "
        "spearman: the same of middle ranks. t = r sqrt((n - 2) / (1 - r^2)), df n - 2. "
        "Limits: tanh(atanh r -/+ z sqrt v), v = 1 / (n - 3), of ranks "
        "(1 + r^2 / 2) / (n - 3). Limits and t come from two approximations, both as "
        "they are published, and of few pairs may disagree: clear is what both say",
    .source = "Spearman 1904; Fisher 1915; Bonett & Wright 2000, Psychometrika 65:23",
    .evidence = "cor.test of R, fresh pairs with ties: 2e-13",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
