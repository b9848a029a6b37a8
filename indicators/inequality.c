/* Both ends of the fitted line are linear in the values, so that the fit is one set of
 * coefficients: the slope is sum(k Y), the end at the most deprived side sum(l Y). Limits
 * by the delta method and each simulated fit are then single sums.
 */
#include "indicators/inequality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/sum.h"

/* ---- quantiles ---- */

typedef struct ranked {
    double value;
    size_t at;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

ps_status ps_quantiles(size_t n, const double *value, int32_t k, bool highest_first,
                       ps_quantile *out, ps_error *err) {
    if (n > INT32_MAX)
        return ps_fail(err, PS_LIMIT, "quantiles: %zu values are too many", n);
    ranked *sorted = ps_alloc(n, sizeof *sorted);
    if (sorted == NULL) return ps_fail_nomem(err);
    size_t there = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (ps_quantile){.status = PS_VALUE_MISSING};
        if (isnan(value[i])) continue;
        sorted[there++] = (ranked){highest_first ? -value[i] : value[i], i};
    }
    if (there > 1) qsort(sorted, there, sizeof *sorted, by_value);
    int64_t all = (int64_t)there, rank = 0;
    for (size_t i = 0; i < there; i++) {
        ps_quantile *q = &out[sorted[i].at];
        if (i == 0 || sorted[i].value != sorted[i - 1].value) rank = (int64_t)i + 1;
        q->rank = (int32_t)rank;
        q->status = all < k ? PS_VALUE_UNDEFINED : PS_VALUE_OK;
        if (q->status != PS_VALUE_OK) continue;
        int64_t quantile = k + 1 - (k * (all + 1 - rank) + all - 1) / all;
        q->quantile = (int32_t)(quantile > 0 ? quantile : 1);
    }
    ps_free(sorted);
    return PS_OK;
}

/* ---- slope and relative index ---- */

static ps_estimate without_value(ps_value_status status) {
    return (ps_estimate){.status = status, .limits_status = status, .method = ""};
}

static void set_limits(ps_estimate *e, double lower, double upper) {
    bool finite = isfinite(lower) && isfinite(upper);
    e->limits_status = finite ? PS_VALUE_OK : PS_VALUE_UNDEFINED;
    e->lower = finite ? lower : 0;
    e->upper = finite ? upper : 0;
}

static double forward(ps_sii_kind kind, double y) {
    if (kind == PS_SII_RATE) return log(y);
    if (kind == PS_SII_PROPORTION) return log(y) - log1p(-y);
    return y;
}

static double back(ps_sii_kind kind, double g) {
    if (kind == PS_SII_RATE) return exp(g);
    if (kind == PS_SII_PROPORTION) return 1 / (1 + exp(-g));
    return g;
}

typedef struct fit {
    size_t n;
    ps_sii_options options;
    double *y;     /* values on the scale of the fit */
    double *g;     /* values on the scale of the standard errors */
    double *error; /* standard errors on that scale */
    double *k, *l; /* slope = sum(k y), intercept = sum(l y) */
    double slope, intercept;
} fit;

static ps_value_status prepare(fit *f, const double *population, const double *value) {
    const ps_sii_options *o = &f->options;
    ps_value_status status = PS_VALUE_OK;
    ps_sum people = {0, 0};
    for (size_t i = 0; i < f->n; i++) {
        if (!isfinite(population[i]) || !isfinite(value[i])) return PS_VALUE_MISSING;
        if (population[i] <= 0) status = PS_VALUE_UNDEFINED;
        ps_sum_add(&people, population[i]);
        f->y[i] = o->transform ? forward(o->kind, value[i]) : value[i];
        if (!isfinite(f->y[i])) status = PS_VALUE_UNDEFINED;
    }
    if (status != PS_VALUE_OK) return status;
    double total = ps_sum_value(&people), before = 0, mean_b = 0, spread = 0;
    /* k holds the middles b, l the shares a until both are known. */
    for (size_t i = 0; i < f->n; i++) {
        f->l[i] = population[i] / total;
        f->k[i] = before + f->l[i] / 2;
        before += f->l[i];
        mean_b += f->l[i] * f->k[i];
    }
    for (size_t i = 0; i < f->n; i++) {
        double off = f->k[i] - mean_b;
        spread += f->l[i] * off * off;
    }
    ps_sum slope = {0, 0}, intercept = {0, 0};
    for (size_t i = 0; i < f->n; i++) {
        f->k[i] = f->l[i] * (f->k[i] - mean_b) / spread;
        f->l[i] -= mean_b * f->k[i];
        ps_sum_add(&slope, f->k[i] * f->y[i]);
        ps_sum_add(&intercept, f->l[i] * f->y[i]);
    }
    f->slope = ps_sum_value(&slope);
    f->intercept = ps_sum_value(&intercept);
    return isfinite(f->slope) && isfinite(f->intercept) ? PS_VALUE_OK
                                                        : PS_VALUE_UNDEFINED;
}

static ps_value_status take_errors(fit *f, const double *value, const double *lower,
                                   const double *upper) {
    const double width = 2 * 1.959963984540054;
    ps_sii_kind kind = f->options.kind;
    for (size_t i = 0; i < f->n; i++) {
        if (isnan(lower[i]) || isnan(upper[i])) return PS_VALUE_MISSING;
        f->g[i] = forward(kind, value[i]);
        f->error[i] = (forward(kind, upper[i]) - forward(kind, lower[i])) / width;
        if (!isfinite(f->g[i]) || !isfinite(f->error[i]) || f->error[i] < 0)
            return PS_VALUE_UNDEFINED;
    }
    return PS_VALUE_OK;
}

/* The standard error of y, for an untransformed fit by the derivative of the back
 * transform. */
static double error_of_y(const fit *f, size_t i) {
    const ps_sii_options *o = &f->options;
    if (o->transform || o->kind == PS_SII_OTHER) return f->error[i];
    if (o->kind == PS_SII_RATE) return f->error[i] * f->y[i];
    return f->error[i] * f->y[i] * (1 - f->y[i]);
}

typedef struct limits {
    double slope[2], relative[2];
} limits;

static limits by_delta(const fit *f) {
    double z = ps_normal_two_sided(f->options.confidence), slope = 0, relative = 0;
    for (size_t i = 0; i < f->n; i++) {
        double error = error_of_y(f, i), c = f->intercept;
        double of_relative = f->k[i] / c - f->slope / c * (f->l[i] / c);
        slope += f->k[i] * f->k[i] * error * error;
        relative += of_relative * of_relative * error * error;
    }
    double ratio = (f->intercept + f->slope) / f->intercept;
    return (limits){{f->slope - z * sqrt(slope), f->slope + z * sqrt(slope)},
                    {ratio - z * sqrt(relative), ratio + z * sqrt(relative)}};
}

static int by_number(const void *a, const void *b) {
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The 1-based order statistics round(R a/2) and round(R (1 - a/2)). */
static void order_statistics(double *draws, int32_t n, double confidence, double out[2]) {
    double half = (1 - confidence) / 2;
    qsort(draws, (size_t)n, sizeof *draws, by_number);
    for (int side = 0; side < 2; side++) {
        double at = round((double)n * (side == 0 ? half : 1 - half));
        out[side] = draws[(size_t)fmin(fmax(at, 1), (double)n) - 1];
    }
}

static ps_status by_simulation(const fit *f, limits *out, ps_error *err) {
    const ps_sii_options *o = &f->options;
    size_t n = (size_t)o->draws;
    double *slope = ps_alloc(n, sizeof *slope), *relative = ps_alloc(n, sizeof *relative);
    if (slope == NULL || relative == NULL) {
        ps_free(slope);
        ps_free(relative);
        return ps_fail_nomem(err);
    }
    for (size_t r = 0; r < n; r++) {
        double s = 0, c = 0;
        for (size_t i = 0; i < f->n; i++) {
            double g = f->g[i] + f->error[i] * ps_draw_normal(o->random, r * f->n + i);
            double y = o->transform ? g : back(o->kind, g);
            s += f->k[i] * y;
            c += f->l[i] * y;
        }
        slope[r] = s;
        relative[r] = (c + s) / c;
    }
    order_statistics(slope, o->draws, o->confidence, out->slope);
    order_statistics(relative, o->draws, o->confidence, out->relative);
    ps_free(slope);
    ps_free(relative);
    return PS_OK;
}

/* Values at both ends of a line through the middle h with slope s, on the scale of the
 * figures. */
static void ends(const fit *f, double h, double s, double *most, double *least) {
    *most = back(f->options.kind, h - s / 2);
    *least = back(f->options.kind, h + s / 2);
}

static void finish(const fit *f, const limits *found, ps_sii *out) {
    const ps_sii_options *o = &f->options;
    double m = o->multiplier, slope[2], relative[2];
    for (int side = 0; side < 2; side++) {
        slope[side] = found->slope[side];
        relative[side] = found->relative[side];
        if (o->transform) {
            double most = 0, least = 0;
            ends(f, f->intercept + f->slope / 2, found->slope[side], &most, &least);
            slope[side] = least - most;
            relative[side] = least / most;
        }
        slope[side] *= m;
        if (m < 0) relative[side] = 1 / relative[side];
    }
    int low = m < 0 ? 1 : 0;
    set_limits(&out->slope, slope[low], slope[1 - low]);
    /* An interval that holds 0 has no inverse that is an interval. */
    if (m < 0 && relative[0] * relative[1] <= 0) relative[0] = relative[1] = (double)NAN;
    if (out->relative.status == PS_VALUE_OK)
        set_limits(&out->relative, relative[low], relative[1 - low]);
}

static void values(const fit *f, ps_sii *out) {
    const ps_sii_options *o = &f->options;
    double most = f->intercept, least = f->intercept + f->slope, m = o->multiplier;
    if (o->transform) ends(f, f->intercept + f->slope / 2, f->slope, &most, &least);
    const char *method = o->draws > 0 ? "simulation" : "delta";
    out->intercept = f->intercept;
    out->slope = out->relative = (ps_estimate){.status = PS_VALUE_OK, .method = method};
    out->slope.value = m * (least - most);
    out->relative.value = m < 0 ? most / least : least / most;
    if (!isfinite(out->slope.value)) out->slope = without_value(PS_VALUE_UNDEFINED);
    if (!isfinite(out->relative.value) || most == 0)
        out->relative = without_value(PS_VALUE_UNDEFINED);
}

static ps_status work(fit *f, const double *population, const double *value,
                      const double *lower, const double *upper, ps_sii *out,
                      ps_error *err) {
    ps_value_status status = prepare(f, population, value);
    if (status != PS_VALUE_OK) {
        out->slope = out->relative = without_value(status);
        return PS_OK;
    }
    values(f, out);
    status = take_errors(f, value, lower, upper);
    out->slope.limits_status = out->relative.limits_status = status;
    if (status != PS_VALUE_OK) return PS_OK;
    limits found = {.slope = {0}};
    if (f->options.draws > 0)
        PS_TRY(by_simulation(f, &found, err));
    else
        found = by_delta(f);
    finish(f, &found, out);
    if (out->relative.status != PS_VALUE_OK)
        out->relative = without_value(out->relative.status);
    return PS_OK;
}

ps_status ps_slope_index(size_t n, const double *population, const double *value,
                         const double *lower, const double *upper,
                         const ps_sii_options *options, ps_sii *out, ps_error *err) {
    *out = (ps_sii){.slope = without_value(PS_VALUE_UNDEFINED),
                    .relative = without_value(PS_VALUE_UNDEFINED)};
    if (n < PS_SII_LEAST || n > PS_SII_MOST)
        return ps_fail(
            err, PS_FORMAT,
            "slope index of inequality: %zu quantiles, but %d to %d are needed", n,
            PS_SII_LEAST, PS_SII_MOST);
    double *memory = ps_zalloc(5 * n, sizeof *memory);
    if (memory == NULL) return ps_fail_nomem(err);
    fit f = {.n = n,
             .options = *options,
             .y = memory,
             .g = memory + n,
             .error = memory + 2 * n,
             .k = memory + 3 * n,
             .l = memory + 4 * n};
    ps_status status = work(&f, population, value, lower, upper, out, err);
    ps_free(memory);
    return status;
}

/* ---- methods ---- */

static const ps_method_param quantile_params[] = {
    {"k", PS_COLUMN_INTEGER, "10", NULL, 2, 1000, "how many groups"},
    {"first", PS_COLUMN_TEXT, "highest", "highest|lowest", 1, 0,
     "which value has rank 1 and quantile 1"},
};

static const ps_method_column quantile_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"group", PS_COLUMN_TEXT, false, "areas ranked among themselves; without it all"},
    {"value", PS_COLUMN_NUMBER, true, "what is ranked"},
};

static const ps_method_column quantile_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "as in the input"},
    {"rank", PS_COLUMN_INTEGER, true, "competition rank within the group"},
    {"quantile", PS_COLUMN_INTEGER, true, "1 holds rank 1"},
    {"size", PS_COLUMN_INTEGER, true, "areas in this quantile"},
    {"n", PS_COLUMN_INTEGER, true, "areas of the group that have a value"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing, undefined (fewer areas than groups)"},
};

typedef struct grouped {
    double *value; /* of the rows of the group at hand, in table order */
    ps_quantile *quantile;
    size_t *size; /* per quantile */
    size_t *order, *offset, n_groups;
} grouped;

static ps_status quantile_group(const ps_method_call *call, const grouped *work_space,
                                size_t group, ps_error *err) {
    const size_t *rows = work_space->order + work_space->offset[group];
    size_t n = work_space->offset[group + 1] - work_space->offset[group];
    int32_t k = (int32_t)ps_call_param_number(call, 0);
    int64_t there = 0;
    for (size_t i = 0; i < n; i++) {
        bool missing = false;
        PS_TRY(ps_call_number(call, rows[i], 2, &work_space->value[i], &missing, err));
        if (missing) work_space->value[i] = (double)NAN;
        there += !missing;
    }
    PS_TRY(ps_quantiles(n, work_space->value, k, ps_call_param_is(call, 1, "highest"),
                        work_space->quantile, err));
    memset(work_space->size, 0, ((size_t)k + 1) * sizeof *work_space->size);
    for (size_t i = 0; i < n; i++) work_space->size[work_space->quantile[i].quantile]++;
    for (size_t i = 0; i < n; i++) {
        const ps_quantile *q = &work_space->quantile[i];
        ps_call_put_text(call, 0, ps_call_text(call, rows[i], 0));
        ps_call_put_text(call, 1, ps_call_text(call, rows[i], 1));
        ps_call_put_number(call, 2, PS_VALUE_OK, work_space->value[i]);
        if (q->rank > 0) ps_call_put_int(call, 3, q->rank);
        if (q->status == PS_VALUE_OK) {
            ps_call_put_int(call, 4, q->quantile);
            ps_call_put_int(call, 5, (int64_t)work_space->size[q->quantile]);
        }
        ps_call_put_int(call, 6, there);
        ps_call_put_status(call, 7, q->status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_quantile(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call);
    grouped g = {
        .value = ps_alloc(n, sizeof *g.value),
        .quantile = ps_alloc(n, sizeof *g.quantile),
        .size = ps_alloc((size_t)ps_call_param_number(call, 0) + 1, sizeof *g.size)};
    ps_status status = PS_OK;
    if (g.value == NULL || g.quantile == NULL || g.size == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK)
        status = ps_call_groups(call, 1, &g.order, &g.offset, &g.n_groups, err);
    for (size_t i = 0; i < g.n_groups && status == PS_OK; i++)
        status = quantile_group(call, &g, i, err);
    ps_free(g.value);
    ps_free(g.quantile);
    ps_free(g.size);
    ps_free(g.order);
    ps_free(g.offset);
    return status;
}

const ps_method ps_method_quantile = {
    .id = "quantile",
    .title = "Quantile groups of areas",
    .formula =
        "With N values in the group and rank r: quantile = k + 1 - ceil(k (N + 1 - "
        "r) / N), in whole numbers. Equal values share rank and quantile, so sizes "
        "may differ. Not the rule of the published IMD deciles.",
    .source = "PHE/OHID, Technical guide: assigning deprivation categories",
    .input = quantile_inputs,
    .n_input = PS_LENGTH(quantile_inputs),
    .param = quantile_params,
    .n_param = PS_LENGTH(quantile_params),
    .output = quantile_outputs,
    .n_output = PS_LENGTH(quantile_outputs),
    .run = run_quantile,
    .evidence =
        "rank and whole numbers in R: equal; the eight ranks of 32,844 at which the rule "
        "of the IMD deciles differs",
};

enum { SII_GROUP, SII_QUANTILE, SII_POPULATION, SII_VALUE, SII_LOWER, SII_UPPER };
enum { P_CONFIDENCE, P_MULTIPLIER, P_TYPE, P_TRANSFORM, P_CI, P_NSIM, P_SEED };

static const ps_method_param sii_params[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, -1e12, 1e12,
     "scales the slope; negative where less is better, to turn both indices over"},
    {"type", PS_COLUMN_TEXT, "rate", "rate|proportion|other", 1, 0,
     "whose limits: the scale of standard errors is log, logit or plain"},
    {"transform", PS_COLUMN_TEXT, "yes", "yes|no", 1, 0,
     "fit the log of rates, the logit of proportions"},
    {"ci_method", PS_COLUMN_TEXT, "delta", "delta|simulation", 1, 0,
     "form of the limits"},
    {"nsim", PS_COLUMN_INTEGER, "100000", NULL, 1000, 10000000, "simulations"},
    {"seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992, "of the simulations"},
};

static const ps_method_column sii_inputs[] = {
    {"group", PS_COLUMN_TEXT, false, "one index for each; without it one for all"},
    {"quantile", PS_COLUMN_INTEGER, true, "1 (most deprived) to K, K from 5 to 100"},
    {"population", PS_COLUMN_NUMBER, true, "people of the quantile"},
    {"value", PS_COLUMN_NUMBER, true, "figure of the quantile; a proportion in 0 to 1"},
    {"lower", PS_COLUMN_NUMBER, false, "its 95 % limits"},
    {"upper", PS_COLUMN_NUMBER, false, "its 95 % limits"},
};

static const ps_method_column sii_outputs[] = {
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"sii", PS_COLUMN_NUMBER, true, "slope index: least minus most deprived end"},
    {"sii_lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"sii_upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"rii", PS_COLUMN_NUMBER, true, "relative index: least over most deprived end"},
    {"rii_lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"rii_upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"intercept", PS_COLUMN_NUMBER, true, "most deprived end on the scale of the fit"},
    {"quantiles", PS_COLUMN_INTEGER, true, "their number K"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the limits"},
    {"multiplier", PS_COLUMN_NUMBER, true, "as given"},
    {"transform", PS_COLUMN_TEXT, true, "none, log or logit"},
    {"ci_method", PS_COLUMN_TEXT, true, "delta or simulation"},
    {"nsim", PS_COLUMN_INTEGER, true, "simulations, if any"},
    {"seed", PS_COLUMN_INTEGER, true, "of the simulations"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing (a quantile lacks a figure), undefined (a figure has no transform)"},
    {"rii_status", PS_COLUMN_TEXT, true, "ok, undefined (the most deprived end is 0)"},
    {"limits_status", PS_COLUMN_TEXT, true, "ok, missing (no limits given), undefined"},
    {"note", PS_COLUMN_TEXT, true, "incomplete-quantiles, or empty"},
};

/* The figures of one group in the order of its quantiles. */
typedef struct ladder {
    double column[4][PS_SII_MOST]; /* population, value, lower, upper */
    bool there[PS_SII_MOST];
    size_t k; /* highest quantile seen */
} ladder;

static ps_status ladder_row(const ps_method_call *call, size_t row, ladder *l,
                            ps_error *err) {
    double q = 0;
    bool missing = false;
    PS_TRY(ps_call_number(call, row, SII_QUANTILE, &q, &missing, err));
    if (missing || q < 1 || q > PS_SII_MOST)
        return ps_call_refuse(call, row, err,
                              "the quantile is not a whole number from 1 to %d",
                              PS_SII_MOST);
    size_t at = (size_t)q - 1;
    if (l->there[at])
        return ps_call_refuse(call, row, err, "quantile %zu occurs twice in its group",
                              at + 1);
    l->there[at] = true;
    if (at + 1 > l->k) l->k = at + 1;
    for (size_t c = 0; c < 4; c++) {
        PS_TRY(ps_call_number(call, row, SII_POPULATION + c, &l->column[c][at], &missing,
                              err));
        if (missing) l->column[c][at] = (double)NAN;
    }
    return PS_OK;
}

/* The line through the quantiles with its numbers, as prepare() fits it. */
static void step_sii(const ps_method_call *call, const ladder *l, const ps_sii_options *o,
                     const ps_sii *sii) {
    const ps_estimate_steps to = ps_call_estimate_steps(call, 1);
    double people = 0, before = 0, mean_b = 0, mean_y = 0, spread = 0, products = 0;
    double b[PS_SII_MOST], y[PS_SII_MOST];
    if (to.value == NULL || sii->slope.status != PS_VALUE_OK) return;
    for (size_t i = 0; i < l->k; i++) people += l->column[0][i];
    for (size_t i = 0; i < l->k; i++) {
        const double a = l->column[0][i] / people;
        b[i] = before + a / 2;
        y[i] = o->transform ? forward(o->kind, l->column[1][i]) : l->column[1][i];
        before += a;
        mean_b += a * b[i];
        mean_y += a * y[i];
        ps_step_add(to.value, b[i], "quantile %zu, middle of its people = %s + %s / 2",
                    i + 1, PS_STEP(before - a), PS_STEP(a));
    }
    for (size_t i = 0; i < l->k; i++) {
        const double a = l->column[0][i] / people;
        spread += a * (b[i] - mean_b) * (b[i] - mean_b);
        products += a * (b[i] - mean_b) * (y[i] - mean_y);
    }
    const double slope = products / spread, middle = sii->intercept + slope / 2;
    ps_step_add(to.value, products, "products of middles and values%s about their means",
                o->transform ? " on the scale of the fit" : "");
    ps_step_add(to.value, spread, "squares of the middles about their mean");
    ps_step_add(to.value, slope,
                "slope of the line, shares of people as weights = %s / %s",
                PS_STEP(products), PS_STEP(spread));
    if (o->transform)
        ps_step_add(to.value, sii->slope.value,
                    "difference of the ends (least - most deprived) = %s * (%s - %s)",
                    PS_STEP(o->multiplier), PS_STEP(back(o->kind, middle + slope / 2)),
                    PS_STEP(back(o->kind, middle - slope / 2)));
    else
        ps_step_add(to.value, sii->slope.value,
                    "slope index (least - most deprived end) = %s * %s",
                    PS_STEP(o->multiplier), PS_STEP(slope));
    if (sii->slope.limits_status != PS_VALUE_OK) return;
    ps_step_add(to.lower, sii->slope.lower, "lower limit (%s)", sii->slope.method);
    ps_step_add(to.upper, sii->slope.upper, "upper limit (%s)", sii->slope.method);
}

static void put_sii(const ps_method_call *call, const ps_sii *sii, size_t k) {
    bool simulated = ps_call_param_is(call, P_CI, "simulation");
    const char *scale = ps_call_param_is(call, P_TRANSFORM, "no")      ? "none"
                        : ps_call_param_is(call, P_TYPE, "rate")       ? "log"
                        : ps_call_param_is(call, P_TYPE, "proportion") ? "logit"
                                                                       : "none";
    ps_call_put_estimate(call, 1, &sii->slope);
    ps_call_put_estimate(call, 4, &sii->relative);
    ps_call_put_number(call, 7, sii->slope.status, sii->intercept);
    ps_call_put_int(call, 8, (int64_t)k);
    ps_call_put_number(call, 9, PS_VALUE_OK, ps_call_param_number(call, P_CONFIDENCE));
    ps_call_put_number(call, 10, PS_VALUE_OK, ps_call_param_number(call, P_MULTIPLIER));
    ps_call_put_word(call, 11, scale);
    ps_call_put_word(call, 12, ps_call_param_text(call, P_CI));
    if (simulated) {
        ps_call_put_number(call, 13, PS_VALUE_OK, ps_call_param_number(call, P_NSIM));
        ps_call_put_number(call, 14, PS_VALUE_OK, ps_call_param_number(call, P_SEED));
    }
    ps_call_put_status(call, 15, sii->slope.status);
    ps_call_put_status(call, 16, sii->relative.status);
    ps_call_put_status(call, 17, sii->slope.limits_status);
    if (sii->slope.status == PS_VALUE_MISSING)
        ps_call_put_word(call, 18, "incomplete-quantiles");
}

static ps_status sii_group(const ps_method_call *call, const size_t *rows, size_t n,
                           size_t k, ladder *l, ps_error *err) {
    *l = (ladder){.k = k};
    for (size_t c = 0; c < 4; c++)
        for (size_t i = 0; i < PS_SII_MOST; i++) l->column[c][i] = (double)NAN;
    for (size_t i = 0; i < n; i++) PS_TRY(ladder_row(call, rows[i], l, err));
    ps_str group = ps_call_text(call, rows[0], SII_GROUP);
    bool simulated = ps_call_param_is(call, P_CI, "simulation");
    double seed = ps_call_param_number(call, P_SEED);
    ps_sii_options options = {
        .kind = ps_call_param_is(call, P_TYPE, "rate")         ? PS_SII_RATE
                : ps_call_param_is(call, P_TYPE, "proportion") ? PS_SII_PROPORTION
                                                               : PS_SII_OTHER,
        .transform = ps_call_param_is(call, P_TRANSFORM, "yes"),
        .multiplier = ps_call_param_number(call, P_MULTIPLIER),
        .confidence = ps_call_param_number(call, P_CONFIDENCE),
        .draws = simulated ? (int32_t)ps_call_param_number(call, P_NSIM) : 0,
        .random = ps_draws_of((uint64_t)seed, ps_draw_unit(group))};
    ps_sii sii;
    PS_TRY(ps_slope_index(l->k, l->column[0], l->column[1], l->column[2], l->column[3],
                          &options, &sii, err));
    step_sii(call, l, &options, &sii);
    ps_call_put_text(call, 0, group);
    put_sii(call, &sii, l->k);
    return ps_call_end_row(call, err);
}

/* The number of quantiles, the same for all groups: the highest that occurs. */
static ps_status most_quantiles(const ps_method_call *call, size_t *k, ps_error *err) {
    *k = 0;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double q = 0;
        bool missing = false;
        PS_TRY(ps_call_number(call, i, SII_QUANTILE, &q, &missing, err));
        if (q > (double)*k && q <= PS_SII_MOST) *k = (size_t)q;
    }
    if (*k > 10)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%zu quantiles: with more than 10 the figures of each rest on few people",
               *k);
    return PS_OK;
}

static ps_status run_sii(const ps_method_call *call, ps_error *err) {
    size_t *order = NULL, *offset = NULL, n_groups = 0, k = 0;
    PS_TRY(most_quantiles(call, &k, err));
    ladder *l = ps_alloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    ps_status status = ps_call_groups(call, SII_GROUP, &order, &offset, &n_groups, err);
    for (size_t g = 0; g < n_groups && status == PS_OK; g++)
        status = sii_group(call, order + offset[g], offset[g + 1] - offset[g], k, l, err);
    ps_free(l);
    ps_free(order);
    ps_free(offset);
    return status;
}

const ps_method ps_method_sii = {
    .id = "sii",
    .title = "Slope and relative index of inequality",
    .formula =
        "Quantiles from most to least deprived with shares a of the population and "
        "middles b; weighted least squares of the value, its log or its logit on b with "
        "weights a; sii = m (least - most deprived end of the line), rii = least / most. "
        "Limits: delta method, or order statistics of refits to values drawn from their "
        "normal distributions; those of a transformed fit turn the line about its "
        "middle. A negative multiplier turns rii over.",
    .source =
        "Low & Low 2004, J. Public Health 26:388; PHE/OHID, Technical guide: "
        "slope index of inequality",
    .input = sii_inputs,
    .n_input = PS_LENGTH(sii_inputs),
    .param = sii_params,
    .n_param = PS_LENGTH(sii_params),
    .output = sii_outputs,
    .n_output = PS_LENGTH(sii_outputs),
    .run = run_sii,
    .evidence =
        "lm of R with weights, random quantiles: 1e-14; simulated limits against those "
        "of the delta method: 1 %",
};
