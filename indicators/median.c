#include "indicators/median.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/distribution.h"
#include "indicators/method.h"

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

/* The greatest rank that so many coins fall short of seldom enough; 0: there is none. */
static int64_t rank_of_limits(int64_t n, double confidence) {
    const double tail = (1 - confidence) / 2;
    int64_t low = 0, high = n / 2; /* P(X < low) <= tail < P(X < high + 1) */
    while (low < high) {
        const int64_t rank = low + (high - low + 1) / 2;
        if (ps_binomial_cdf(rank - 1, n, 0.5) <= tail)
            low = rank;
        else
            high = rank - 1;
    }
    return low;
}

ps_median ps_median_of(double *value, size_t n, double confidence) {
    ps_median m = {.estimate = {.status = PS_VALUE_MISSING,
                                .limits_status = PS_VALUE_MISSING,
                                .method = ""}};
    if (n > 0) qsort(value, n, sizeof *value, by_value);
    for (size_t i = n; i > 0 && isnan(value[i - 1]); i--) m.n_missing++;
    m.n = (int64_t)n - m.n_missing;
    if (m.n == 0) return m;
    const double below = value[(m.n - 1) / 2], above = value[m.n / 2];
    m.estimate.status = PS_VALUE_OK;
    m.estimate.limits_status = PS_VALUE_UNDEFINED;
    m.estimate.value = below + (above - below) / 2;
    m.estimate.method = "order statistics";
    if (!(confidence >= 0.9 && confidence < 1)) return m;
    m.rank = rank_of_limits(m.n, confidence);
    if (m.rank == 0) return m;
    m.estimate.limits_status = PS_VALUE_OK;
    m.estimate.lower = value[m.rank - 1];
    m.estimate.upper = value[m.n - m.rank];
    return m;
}

/* ---- method ---- */

static const ps_method_param params[] = {PS_PARAM_CONFIDENCE};

static const ps_method_column inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one median for each; without it one for all"},
    {"value", PS_COLUMN_NUMBER, true, "of what the median is taken"},
};

static const ps_method_column outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"n", PS_COLUMN_INTEGER, true, "values"},
    {"n_missing", PS_COLUMN_INTEGER, true, "missing values, which are left out"},
    {"value", PS_COLUMN_NUMBER, true, "the median"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"rank", PS_COLUMN_INTEGER, true, "of the limits among the values, from either end"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing (no value)"},
    {"limits_status", PS_COLUMN_TEXT, true, "ok, undefined (too few values)"},
};

enum { IN_AREA, IN_VALUE };

/* value: sorted, missing ones last. */
static void step_median(const ps_method_call *call, const double *value,
                        const ps_median *m) {
    const size_t n = (size_t)m->n;
    if (n == 0) return;
    ps_step_median(ps_call_steps(call, 3), "median", n, value);
    if (m->rank <= 0) return;
    ps_step_add(ps_call_steps(call, 4), m->estimate.lower,
                "lower limit: value number %lld of %zu from below", (long long)m->rank,
                n);
    ps_step_add(ps_call_steps(call, 5), m->estimate.upper,
                "upper limit: value number %lld of %zu from above", (long long)m->rank,
                n);
}

/* context: room for the values of all rows, which are sorted. */
static ps_status median_group(const ps_method_call *call, const ps_call_group *group,
                              void *context, ps_error *err) {
    double *values = context;
    const double confidence = ps_call_param_number(call, 0);
    memcpy(values, group->column[0], group->n * sizeof *values);
    const ps_median m = ps_median_of(values, group->n, confidence);
    step_median(call, values, &m);
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, m.n);
    ps_call_put_int(call, 2, m.n_missing);
    ps_call_put_estimate(call, 3, &m.estimate);
    if (m.rank > 0) ps_call_put_int(call, 6, m.rank);
    ps_call_put_number(call, 7, PS_VALUE_OK, confidence);
    ps_call_put_status(call, 8, m.estimate.status);
    ps_call_put_status(call, 9, m.estimate.limits_status);
    return ps_call_end_row(call, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t numbers[] = {IN_VALUE};
    double *values = ps_alloc(ps_call_rows(call), sizeof *values);
    if (values == NULL) return ps_fail_nomem(err);
    const ps_status status =
        ps_call_each_group(call, IN_AREA, numbers, 1, median_group, values, err);
    ps_free(values);
    return status;
}

const ps_method ps_method_median = {
    .id = "median",
    .title = "Median",
    .formula =
        "value: the middle one, or the mean of the two in the middle; limits: the values "
        "of rank r from below and from above, r the greatest with P(X < r) <= a/2 for X "
        "binomial of n and 1/2. Up to five values have no limits at 95 %.",
    .source = "Thompson 1936, Ann. Math. Stat. 7:122",
    .evidence = "binomial sums in whole numbers, 1 to 60 values: equal",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
