#include "indicators/gi_star.h"

#include <math.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/false_discovery.h"
#include "indicators/sum.h"

static const double TINY = 1e-12;

static double square(double x) {
    return x * x;
}

/* Mean and sum of squares around it, without unit `except` (n: of all). */
static void moments(size_t n, const double *x, size_t except, double *mean,
                    double *squares, double *largest) {
    ps_sum s = {0}, q = {0};
    double m = (double)(except < n ? n - 1 : n);
    *largest = 0;
    for (size_t i = 0; i < n; i++)
        if (i != except) ps_sum_add(&s, x[i]);
    *mean = ps_sum_value(&s) / m;
    for (size_t i = 0; i < n; i++) {
        if (i == except) continue;
        ps_sum_add(&q, square(x[i] - *mean));
        *largest = fmax(*largest, fabs(x[i]));
    }
    *squares = ps_sum_value(&q);
}

void ps_gi_star(const ps_weights *w, const double *x, bool itself, bool standardised,
                ps_value *z) {
    size_t n = w->n;
    double all_mean = 0, all_squares = 0, largest = 0;
    if (n > 0) moments(n, x, n, &all_mean, &all_squares, &largest);
    for (size_t i = 0; i < n; i++) {
        size_t k = w->offset[i + 1] - w->offset[i];
        z[i] = ps_value_none(PS_VALUE_UNDEFINED);
        double w1 = 0, w2 = 0, sum = 0, m = (double)n, mean = all_mean,
               squares = all_squares;
        double share = itself && standardised ? (double)k / (double)(k + 1) : 1;
        for (size_t e = w->offset[i]; e < w->offset[i + 1]; e++) {
            double weight = w->weight[e] * share;
            w1 += weight;
            w2 += weight * weight;
            sum += weight * x[w->to[e]];
        }
        if (itself) {
            double own = standardised ? 1 / (double)(k + 1) : 1;
            w1 += own;
            w2 += own * own;
            sum += own * x[i];
        } else {
            /* Without x_i: mean and squares follow from those of all. */
            m -= 1;
            mean = (all_mean * (double)n - x[i]) / m;
            squares = all_squares - square(x[i] - all_mean) * (double)n / m;
        }
        double spread = m * w2 - w1 * w1;
        if (m < 2 || !(spread > TINY * m * w2) ||
            !(squares > square(TINY * largest) * m) || !(squares > TINY * all_squares))
            continue;
        z[i] =
            ps_value_of((sum - mean * w1) / (sqrt(squares / m) * sqrt(spread / (m - 1))));
    }
}

/* ---- method ---- */

enum { IN_VALUE = PS_PLACE_N_INPUTS };
enum { PARAM_ITSELF = PS_PLACE_N_PARAMS, PARAM_CORRECTION };

static const ps_method_param params[] = {
    PS_PLACE_PARAMS,
    {"itself", PS_COLUMN_TEXT, "yes", "yes|no", 1, 0, "yes: Gi*; no: Gi"},
    {"correction", PS_COLUMN_TEXT, "bh", "bh|by|none", 1, 0, "for many tests"},
};

static const ps_method_column inputs[] = {
    PS_PLACE_INPUTS,
    {"value", PS_COLUMN_NUMBER, true,
     "rates (smoothed ones are best) for risk, counts for workload"},
};

static const ps_method_column outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"z", PS_COLUMN_NUMBER, true, "Gi* or Gi as a standard deviate"},
    {"p", PS_COLUMN_NUMBER, true, "two-sided"},
    {"p_adjusted", PS_COLUMN_NUMBER, true, "for many tests"},
    {"band", PS_COLUMN_TEXT, true, "hot-99, hot-95, hot-90, cold-..., ns by p_adjusted"},
    {"n_neighbours", PS_COLUMN_INTEGER, true, "without itself"},
    {"method", PS_COLUMN_TEXT, true, "gi_star or gi"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, not-applicable (no neighbours), undefined (no variation)"},
};

static const char *band(double z, double p) {
    if (!(p < 0.1)) return "ns";
    if (p < 0.01) return z > 0 ? "hot-99" : "cold-99";
    if (p < 0.05) return z > 0 ? "hot-95" : "cold-95";
    return z > 0 ? "hot-90" : "cold-90";
}

/* What Gi* and Gi compare each area with. */
typedef struct backdrop {
    bool itself, standardised;
    double mean, squares; /* of all */
} backdrop;

/* One area with its numbers, as ps_gi_star works it out. */
static void step_z(ps_output *steps, const ps_weights *w, const double *x, size_t i,
                   const backdrop *all, double z) {
    double w1 = 0, w2 = 0, sum = 0, n = (double)w->n, mean = all->mean,
           squares = all->squares;
    const size_t k = w->offset[i + 1] - w->offset[i];
    const double share =
        all->itself && all->standardised ? (double)k / (double)(k + 1) : 1;
    if (steps == NULL) return;
    for (size_t e = w->offset[i]; e < w->offset[i + 1]; e++) {
        w1 += w->weight[e] * share;
        w2 += square(w->weight[e] * share);
        sum += w->weight[e] * share * x[w->to[e]];
    }
    if (all->itself) {
        const double own = all->standardised ? 1 / (double)(k + 1) : 1;
        w1 += own, w2 += square(own), sum += own * x[i];
    } else {
        mean = (mean * n - x[i]) / (n - 1);
        squares -= square(x[i] - all->mean) * n / (n - 1);
        n -= 1;
    }
    ps_step_add(steps, x[i], "value of the area");
    ps_step_add(steps, sum, "values of its %zu neighbours%s, each times its weight", k,
                all->itself ? " and its own" : "");
    ps_step_add(steps, w1, "their weights W added up");
    ps_step_add(steps, w2, "the squares S1 of their weights added up");
    ps_step_add(steps, mean, "mean of the %s areas", PS_STEP(n));
    ps_step_add(steps, sqrt(squares / n), "standard deviation s of all = sqrt(%s / %s)",
                PS_STEP(squares), PS_STEP(n));
    ps_step_add(steps, z, "z = (%s - %s * %s) / (%s * sqrt((%s * %s - %s^2) / (%s - 1)))",
                PS_STEP(sum), PS_STEP(mean), PS_STEP(w1), PS_STEP(sqrt(squares / n)),
                PS_STEP(n), PS_STEP(w2), PS_STEP(w1), PS_STEP(n));
}

/* The chance of a deviate and what many tests make of it. */
static void step_p(ps_output *steps, double z, double p, double adjusted, size_t n,
                   const char *correction) {
    ps_step_add(steps, p, "p of both tails of the normal distribution beyond %s",
                PS_STEP(fabs(z)));
    ps_step_add(steps, adjusted, "p corrected (%s) for the %zu areas tested", correction,
                n);
}

static ps_status write_all(const ps_method_call *call, const ps_places *places,
                           const double *x, const ps_value *z, const double *p,
                           const double *adjusted, ps_error *err) {
    backdrop all = {ps_call_param_is(call, PARAM_ITSELF, "yes"),
                    ps_call_param_is(call, 3, "W"), 0, 0};
    double largest;
    if (places->n > 0)
        moments(places->n, x, places->n, &all.mean, &all.squares, &largest);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        int32_t i = places->place[row];
        ps_value_status status = i < 0 ? ps_places_status(places, row) : z[i].status;
        ps_call_put_text(call, 0, ps_call_text(call, row, 0));
        if (i >= 0 && status == PS_VALUE_OK) {
            const size_t *offset = places->weights.offset;
            step_z(ps_call_steps(call, 1), &places->weights, x, (size_t)i, &all,
                   z[i].value);
            for (size_t out = 1; out <= 3; out++)
                step_p(ps_call_steps(call, out), z[i].value, p[i], adjusted[i], places->n,
                       ps_call_param_text(call, PARAM_CORRECTION));
            ps_call_put_number(call, 1, status, z[i].value);
            ps_call_put_number(call, 2, status, p[i]);
            ps_call_put_number(call, 3, status, adjusted[i]);
            ps_call_put_word(call, 4, band(z[i].value, adjusted[i]));
            ps_call_put_int(call, 5, (int64_t)(offset[i + 1] - offset[i]));
        }
        ps_call_put_text(
            call, 6,
            ps_str_of(ps_call_param_is(call, PARAM_ITSELF, "yes") ? "gi_star" : "gi"));
        ps_call_put_status(call, 7, status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status compute(const ps_method_call *call, const ps_places *places,
                         const double *value, double *x, ps_value *z, ps_error *err) {
    size_t n = places->n;
    double *p = x + n, *adjusted = x + 2 * n;
    for (size_t i = 0; i < n; i++) x[i] = value[places->row[i]];
    ps_gi_star(&places->weights, x, ps_call_param_is(call, PARAM_ITSELF, "yes"),
               ps_call_param_is(call, 3, "W"), z);
    for (size_t i = 0; i < n; i++)
        p[i] = ps_value_ok(z[i]) ? 2 * ps_normal_tail(fabs(z[i].value)) : (double)NAN;
    ps_correction correction = PS_CORRECTION_BH;
    if (ps_call_param_is(call, PARAM_CORRECTION, "by")) correction = PS_CORRECTION_BY;
    if (ps_call_param_is(call, PARAM_CORRECTION, "none")) correction = PS_CORRECTION_NONE;
    PS_TRY(ps_false_discovery(n, p, correction, adjusted, err));
    return write_all(call, places, x, z, p, adjusted, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    size_t rows = ps_call_rows(call);
    ps_places places = {0};
    double *value = NULL, *x = ps_alloc(rows, 3 * sizeof *x);
    bool *has = ps_alloc(rows, sizeof *has);
    ps_value *z = ps_alloc(rows, sizeof *z);
    ps_status status = PS_OK;
    if (x == NULL || has == NULL || z == NULL) status = ps_fail_nomem(err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_VALUE, &value, err);
    for (size_t i = 0; status == PS_OK && i < rows; i++) has[i] = !isnan(value[i]);
    if (status == PS_OK) status = ps_places_read(call, has, &places, err);
    if (status == PS_OK) status = compute(call, &places, value, x, z, err);
    ps_places_free(&places);
    ps_free(value);
    ps_free(x);
    ps_free(has);
    ps_free(z);
    return status;
}

const ps_method ps_method_gi_star = {
    .id = "gi_star",
    .title = "Hot and cold spots (Getis-Ord Gi*)",
    .formula =
        "Z = (sum w_ij x_j - mean W_i) / (s sqrt((n S1_i - W_i^2) / (n - 1))) over the "
        "area and its neighbours; Gi leaves the area out of everything.",
    .source = "Getis & Ord 1992; Ord & Getis 1995",
    .evidence = "localG of R spdep 1.2-7, Gi and Gi*, fresh maps: 2e-13",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
