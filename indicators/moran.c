#include "indicators/moran.h"

#include <math.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/distribution.h"
#include "indicators/draw.h"
#include "indicators/false_discovery.h"
#include "indicators/sample.h"
#include "indicators/sum.h"

/* Sums that should be 0 or equal are taken so within this share of their terms. */
static const double TINY = 1e-12;

static double mean_of(size_t n, const double *x) {
    ps_sum s = {0};
    for (size_t i = 0; i < n; i++) ps_sum_add(&s, x[i]);
    return ps_sum_value(&s) / (double)n;
}

/* z = x - mean; the sum of z^power. All equal gives exact zeros. */
static void centre(size_t n, const double *x, double *z) {
    double mean = mean_of(n, x), size = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] - mean;
        most = fmax(most, fabs(z[i]));
        size = fmax(size, fabs(x[i]));
    }
    if (most <= TINY * size) memset(z, 0, n * sizeof *z);
}

static double power_sum(size_t n, const double *z, int power) {
    ps_sum s = {0};
    for (size_t i = 0; i < n; i++) {
        double square = z[i] * z[i];
        ps_sum_add(&s, power == 4 ? square * square : square);
    }
    return ps_sum_value(&s);
}

static double lag(const ps_weights *w, size_t i, const double *z) {
    double sum = 0;
    for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++)
        sum += w->weight[k] * z[w->to[k]];
    return sum;
}

static double cross_product(const ps_weights *w, const double *z) {
    ps_sum s = {0};
    for (size_t i = 0; i < w->n; i++) ps_sum_add(&s, z[i] * lag(w, i, z));
    return ps_sum_value(&s);
}

static double weight_between(const ps_weights *w, size_t i, int32_t j) {
    size_t low = w->offset[i], high = w->offset[i + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->to[middle] == j) return w->weight[middle];
        if (w->to[middle] < j)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

typedef struct weight_sums {
    double s0, s1, s2;
} weight_sums;

static ps_status sum_weights(const ps_weights *w, weight_sums *out, ps_error *err) {
    double *both = ps_zalloc(w->n, sizeof *both); /* row sum + column sum */
    if (both == NULL) return ps_fail_nomem(err);
    ps_sum s0 = {0}, s1 = {0}, s2 = {0};
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) {
            double there = w->weight[k],
                   back = weight_between(w, (size_t)w->to[k], (int32_t)i);
            ps_sum_add(&s0, there);
            /* A pair that is tied both ways is met twice, one that is not, once. */
            double square = (there + back) * (there + back);
            ps_sum_add(&s1, back > 0 ? square / 2 : square);
            both[i] += there;
            both[w->to[k]] += there;
        }
    for (size_t i = 0; i < w->n; i++) ps_sum_add(&s2, both[i] * both[i]);
    ps_free(both);
    *out = (weight_sums){ps_sum_value(&s0), ps_sum_value(&s1), ps_sum_value(&s2)};
    return PS_OK;
}

typedef struct shuffles {
    const ps_weights *w;
    const double *z;
    uint64_t seed;
    double observed, slack;
    double *scratch;         /* n per worker */
    unsigned char *as_large; /* per permutation */
} shuffles;

static ps_status shuffle(void *context, size_t begin, size_t end, int worker,
                         ps_error *err) {
    (void)err;
    const shuffles *s = context;
    size_t n = s->w->n;
    double *z = s->scratch + (size_t)worker * n;
    for (size_t r = begin; r < end; r++) {
        ps_draws draws = ps_draws_of(s->seed, r);
        memcpy(z, s->z, n * sizeof *z);
        for (size_t i = n; i > 1; i--) {
            size_t j = (size_t)ps_draw_below(draws, n - i, i);
            double swap = z[j];
            z[j] = z[i - 1];
            z[i - 1] = swap;
        }
        s->as_large[r] = cross_product(s->w, z) >= s->observed - s->slack;
    }
    return PS_OK;
}

static ps_status permute(const ps_weights *w, const double *z, double observed,
                         double scale, size_t permutations, uint64_t seed, double *p,
                         ps_error *err) {
    size_t n = w->n;
    *p = (double)NAN;
    if (permutations == 0) return PS_OK;
    shuffles s = {w,
                  z,
                  seed,
                  observed,
                  TINY * scale,
                  ps_alloc((size_t)ps_threads() * n, sizeof *s.scratch),
                  ps_alloc(permutations, 1)};
    ps_status status = PS_OK;
    if (s.scratch == NULL || s.as_large == NULL)
        status = ps_fail_nomem(err);
    else
        status = ps_par_for(permutations, 8, shuffle, &s, err);
    if (status == PS_OK) {
        size_t above = 0;
        for (size_t r = 0; r < permutations; r++) above += s.as_large[r];
        *p = (double)(above + 1) / (double)(permutations + 1);
    }
    ps_free(s.scratch);
    ps_free(s.as_large);
    return status;
}

static ps_status global_of(const ps_weights *w, const double *z, size_t permutations,
                           uint64_t seed, ps_moran *out, ps_error *err) {
    double n = (double)w->n, squares = power_sum(w->n, z, 2);
    if (!(squares > 0)) return PS_OK;
    weight_sums s = {0};
    PS_TRY(sum_weights(w, &s, err));
    if (!(s.s0 > 0)) return PS_OK;
    double observed = cross_product(w, z), e = -1 / (n - 1), s00 = s.s0 * s.s0;
    double k = n * power_sum(w->n, z, 4) / (squares * squares);
    out->value = n / s.s0 * observed / squares;
    out->expected = e;
    out->variance_normal =
        (n * n * s.s1 - n * s.s2 + 3 * s00) / (s00 * (n * n - 1)) - e * e;
    out->variance_random = (n * ((n * n - 3 * n + 3) * s.s1 - n * s.s2 + 3 * s00) -
                            k * ((n * n - n) * s.s1 - 2 * n * s.s2 + 6 * s00)) /
                               ((n - 1) * (n - 2) * (n - 3) * s00) -
                           e * e;
    out->status = isfinite(out->value) ? PS_VALUE_OK : PS_VALUE_UNDEFINED;
    return permute(w, z, observed, s.s0 * squares / n, permutations, seed,
                   &out->p_permuted, err);
}

ps_status ps_moran_global(const ps_weights *w, const double *x, size_t permutations,
                          uint64_t seed, ps_moran *out, ps_error *err) {
    *out = (ps_moran){.status = PS_VALUE_UNDEFINED, .p_permuted = (double)NAN};
    if (w->n < 4) return PS_OK;
    double *z = ps_alloc(w->n, sizeof *z);
    if (z == NULL) return ps_fail_nomem(err);
    centre(w->n, x, z);
    ps_status status = global_of(w, z, permutations, seed, out, err);
    ps_free(z);
    return status;
}

bool ps_moran_rates(size_t n, const double *events, const double *people, double *z) {
    ps_sum o = {0}, p = {0}, spread = {0};
    for (size_t i = 0; i < n; i++) {
        if (!(people[i] > 0)) return false;
        ps_sum_add(&o, events[i]);
        ps_sum_add(&p, people[i]);
    }
    double total = ps_sum_value(&p), b = ps_sum_value(&o) / total;
    if (!(b > 0)) return false;
    for (size_t i = 0; i < n; i++) {
        double off = events[i] / people[i] - b;
        ps_sum_add(&spread, people[i] * off * off);
    }
    double a = ps_sum_value(&spread) / total - b / (total / (double)n);
    for (size_t i = 0; i < n; i++) {
        double v = a + b / people[i];
        if (v < 0) v = b / people[i];
        z[i] = v > 0 ? (events[i] / people[i] - b) / sqrt(v) : 0;
    }
    return true;
}

/* ---- local ---- */

typedef struct local {
    const ps_weights *w;
    const double *z;
    double m2, b2, largest;
    ps_moments moments;
    size_t permutations;
    uint64_t seed;
    const uint64_t *unit;
    size_t widest;  /* the most neighbours of an area */
    int32_t *place; /* scratch of the samples, per worker */
    uint64_t *seen;
    ps_local_moran *out;
} local;

static void judge(const local *c, size_t i, double w1, double w2, ps_local_moran *out) {
    double n = (double)c->w->n, z = c->z[i], ratio = z / c->m2;
    double spread = w2 - w1 * w1 / (n - 1);
    if (c->moments == PS_MOMENTS_CONDITIONAL) {
        if (spread < TINY * w2) spread = 0;
        out->expected = -z * z * w1 / ((n - 1) * c->m2);
        out->variance = ratio * ratio * n / (n - 2) * spread * (c->m2 - z * z / (n - 1));
    } else {
        out->expected = -w1 / (n - 1);
        out->variance = w2 * (n - c->b2) / (n - 1) +
                        (w1 * w1 - w2) * (2 * c->b2 - n) / ((n - 1) * (n - 2)) -
                        out->expected * out->expected;
    }
    if (!(out->variance > 0)) {
        out->variance = 0;
        return;
    }
    out->z = (out->value - out->expected) / sqrt(out->variance);
    out->p = 2 * ps_normal_tail(fabs(out->z));
}

static double permuted_p(const local *c, size_t i, int worker) {
    const ps_weights *w = c->w;
    size_t begin = w->offset[i], k = w->offset[i + 1] - begin, R = c->permutations;
    double w1 = 0;
    for (size_t m = 0; m < k; m++) w1 += w->weight[begin + m];
    ps_sampling sampling = {
        .value = c->z,
        .n = w->n,
        .except = i,
        .weight = w->weight + begin,
        .k = k,
        .draws = ps_draws_of(c->seed, c->unit[i]),
        .place = c->place + (size_t)worker * c->widest * PS_SAMPLES_AT_ONCE,
        .seen = c->seen + (size_t)worker * (w->n / 64 + 1)};
    double observed = lag(w, i, c->z), slack = TINY * c->largest * w1;
    bool low = c->z[i] < 0;
    size_t beyond =
        ps_sample_count(&sampling, R, low ? observed + slack : observed - slack, low);
    size_t fewer = beyond < R - beyond ? beyond : R - beyond;
    return (double)(fewer + 1) / (double)(R + 1);
}

static ps_status local_block(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)err;
    const local *c = context;
    const ps_weights *w = c->w;
    for (size_t i = begin; i < end; i++) {
        ps_local_moran *out = &c->out[i];
        *out = (ps_local_moran){.status = PS_VALUE_UNDEFINED,
                                .z = (double)NAN,
                                .p = (double)NAN,
                                .p_permuted = (double)NAN};
        size_t k = w->offset[i + 1] - w->offset[i];
        if (!(c->m2 > 0) || k == 0) continue;
        double w1 = 0, w2 = 0, around = lag(w, i, c->z);
        for (size_t m = w->offset[i]; m < w->offset[i + 1]; m++) {
            w1 += w->weight[m];
            w2 += w->weight[m] * w->weight[m];
        }
        out->status = PS_VALUE_OK;
        out->value = c->z[i] / c->m2 * around;
        judge(c, i, w1, w2, out);
        if (c->z[i] != 0 && around != 0) {
            out->quadrant[0] = c->z[i] > 0 ? 'H' : 'L';
            out->quadrant[1] = around > 0 ? 'H' : 'L';
        }
        bool varies = c->z[i] != 0 && w2 - w1 * w1 / (double)(w->n - 1) > TINY * w2;
        if (c->permutations > 0 && varies) out->p_permuted = permuted_p(c, i, worker);
    }
    return PS_OK;
}

ps_status ps_moran_local(const ps_weights *w, const double *x, ps_moments moments,
                         size_t permutations, uint64_t seed, const uint64_t *unit,
                         ps_local_moran *out, ps_error *err) {
    size_t n = w->n;
    local c = {.w = w,
               .moments = moments,
               .permutations = permutations,
               .seed = seed,
               .unit = unit,
               .widest = 1,
               .out = out};
    for (size_t i = 0; i < n; i++) {
        size_t k = w->offset[i + 1] - w->offset[i];
        if (k > c.widest) c.widest = k;
    }
    double *z = ps_alloc(n, sizeof *z);
    size_t workers = permutations > 0 ? (size_t)ps_threads() : 0;
    c.place = ps_alloc(workers * c.widest, PS_SAMPLES_AT_ONCE * sizeof *c.place);
    c.seen = ps_zalloc(workers * (n / 64 + 1), sizeof *c.seen);
    ps_status status = PS_OK;
    if (z == NULL || c.place == NULL || c.seen == NULL) {
        status = ps_fail_nomem(err);
    } else {
        centre(n, x, z);
        c.z = z;
        c.m2 = n > 2 ? power_sum(n, z, 2) / (double)n : 0;
        if (c.m2 > 0) c.b2 = power_sum(n, z, 4) / (double)n / (c.m2 * c.m2);
        for (size_t i = 0; i < n; i++) c.largest = fmax(c.largest, fabs(z[i]));
        status = ps_par_for(n, 64, local_block, &c, err);
    }
    ps_free(z);
    ps_free(c.place);
    ps_free(c.seen);
    return status;
}

/* ---- methods ---- */

enum { IN_VALUE = PS_PLACE_N_INPUTS, IN_COUNT, IN_PEOPLE };
enum { PARAM_PERMUTATIONS = PS_PLACE_N_PARAMS, PARAM_SEED, PARAM_LAST };

#define MORAN_INPUTS                                                                   \
    PS_PLACE_INPUTS, {"value", PS_COLUMN_NUMBER, false, "what is compared; or else:"}, \
        {"count", PS_COLUMN_NUMBER, false, "events, for the empirical Bayes index"}, { \
        "population", PS_COLUMN_NUMBER, false, "people, for the empirical Bayes index" \
    }
#define MORAN_PARAMS(usual)                                                        \
    PS_PLACE_PARAMS,                                                               \
        {"permutations", PS_COLUMN_INTEGER, usual, NULL, 0, 9999999, "0: none"}, { \
        "seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992.0,               \
            "of the permutations"                                                  \
    }

static const ps_method_column moran_inputs[] = {MORAN_INPUTS};

typedef struct spatial {
    ps_places places;
    double *value, *count, *people; /* per row */
    double *x;                      /* per place */
    bool *has;
} spatial;

static void free_spatial(spatial *s) {
    ps_places_free(&s->places);
    ps_free(s->value);
    ps_free(s->count);
    ps_free(s->people);
    ps_free(s->x);
    ps_free(s->has);
}

static ps_status bad_rate(const ps_method_call *call, size_t row, ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "%s: row %s: a count has to be 0 or more and a population above 0; "
                   "leave one empty to leave the area out",
                   ps_table_name(ps_call_table(call)), ps_call_row_text(call, row).text);
}

static ps_status fill_spatial(const ps_method_call *call, spatial *s, ps_error *err) {
    size_t rows = ps_call_rows(call);
    bool plain = ps_call_has(call, IN_VALUE);
    if (!plain && (!ps_call_has(call, IN_COUNT) || !ps_call_has(call, IN_PEOPLE)))
        return ps_fail(err, PS_CONFIG,
                       "%s has neither a column value nor count and population",
                       ps_table_name(ps_call_table(call)));
    PS_TRY(ps_call_numbers(call, IN_VALUE, &s->value, err));
    PS_TRY(ps_call_numbers(call, IN_COUNT, &s->count, err));
    PS_TRY(ps_call_numbers(call, IN_PEOPLE, &s->people, err));
    s->has = ps_alloc(rows, sizeof *s->has);
    s->x = ps_alloc(rows, 3 * sizeof *s->x);
    if (s->has == NULL || s->x == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < rows; i++) {
        s->has[i] =
            plain ? !isnan(s->value[i]) : !isnan(s->count[i]) && !isnan(s->people[i]);
        if (!plain && s->has[i] && !(s->count[i] >= 0 && s->people[i] > 0))
            return bad_rate(call, i, err);
    }
    PS_TRY(ps_places_read(call, s->has, &s->places, err));
    size_t n = s->places.n;
    double *count = s->x + n, *people = s->x + 2 * n;
    for (size_t i = 0; i < n; i++) {
        s->x[i] = s->value[s->places.row[i]];
        count[i] = s->count[s->places.row[i]];
        people[i] = s->people[s->places.row[i]];
    }
    if (!plain && !ps_moran_rates(n, count, people, s->x))
        memset(s->x, 0, n * sizeof *s->x); /* no events at all: no variation */
    return PS_OK;
}

static const ps_method_param global_params[] = {MORAN_PARAMS("999")};

static const ps_method_column global_outputs[] = {
    {"n", PS_COLUMN_INTEGER, true, "areas with a value and a neighbour"},
    {"n_missing", PS_COLUMN_INTEGER, true, "areas without a value"},
    {"n_islands", PS_COLUMN_INTEGER, true, "areas left out for want of neighbours"},
    {"value", PS_COLUMN_NUMBER, true, "Moran's I"},
    {"expected", PS_COLUMN_NUMBER, true, "-1 / (n - 1)"},
    {"variance_normality", PS_COLUMN_NUMBER, true, "of I"},
    {"z_normality", PS_COLUMN_NUMBER, true, "(I - E) / sd"},
    {"p_normality", PS_COLUMN_NUMBER, true, "one-sided, upper"},
    {"variance_randomisation", PS_COLUMN_NUMBER, true, "of I"},
    {"z_randomisation", PS_COLUMN_NUMBER, true, "(I - E) / sd"},
    {"p_randomisation", PS_COLUMN_NUMBER, true, "one-sided, upper"},
    {"p_permutation", PS_COLUMN_NUMBER, true, "one-sided, upper"},
    {"nsim", PS_COLUMN_INTEGER, true, "permutations"},
    {"seed", PS_COLUMN_INTEGER, true, "of the permutations"},
    {"method", PS_COLUMN_TEXT, true, "moran, or eb-index for rates"},
    {"status", PS_COLUMN_TEXT, true, "ok, undefined (no variation, fewer than 4)"},
};

static void put_test(const ps_method_call *call, size_t at, const ps_moran *m,
                     double variance) {
    double z = variance > 0 ? (m->value - m->expected) / sqrt(variance) : (double)NAN;
    ps_call_put_number(call, at, m->status, variance);
    ps_call_put_number(call, at + 1, m->status, z);
    if (!isnan(z)) ps_call_put_number(call, at + 2, m->status, ps_normal_tail(z));
}

static ps_status write_global(const ps_method_call *call, const spatial *s,
                              ps_error *err) {
    double permutations = ps_call_param_number(call, PARAM_PERMUTATIONS);
    double seed = ps_call_param_number(call, PARAM_SEED);
    ps_moran m;
    PS_TRY(ps_moran_global(&s->places.weights, s->x, (size_t)permutations, (uint64_t)seed,
                           &m, err));
    int64_t missing = 0, islands = 0;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        missing += s->places.place[i] == -1;
        islands += s->places.place[i] == -2;
    }
    ps_call_put_int(call, 0, (int64_t)s->places.n);
    ps_call_put_int(call, 1, missing);
    ps_call_put_int(call, 2, islands);
    ps_call_put_number(call, 3, m.status, m.value);
    ps_call_put_number(call, 4, m.status, m.expected);
    put_test(call, 5, &m, m.variance_normal);
    put_test(call, 8, &m, m.variance_random);
    ps_call_put_number(call, 11, m.status, m.p_permuted);
    ps_call_put_int(call, 12, (int64_t)permutations);
    ps_call_put_int(call, 13, (int64_t)seed);
    ps_call_put_text(call, 14,
                     ps_str_of(ps_call_has(call, IN_VALUE) ? "moran" : "eb-index"));
    ps_call_put_status(call, 15, m.status);
    return ps_call_end_row(call, err);
}

static ps_status run_global(const ps_method_call *call, ps_error *err) {
    spatial s = {0};
    ps_status status = fill_spatial(call, &s, err);
    if (status == PS_OK) status = write_global(call, &s, err);
    free_spatial(&s);
    return status;
}

const ps_method ps_method_moran = {
    .id = "moran",
    .title = "Moran's I",
    .formula =
        "z = x - mean; I = n / S0 * sum w_ij z_i z_j / sum z^2; E = -1 / (n - 1); "
        "variances under normality and randomisation; permutation p = (#{I* >= I} + 1) / "
        "(R + 1). With count and population: z_i = (p_i - b) / sqrt(v_i), v_i = a + b / "
        "P_i (the empirical Bayes index).",
    .source = "Moran 1950; Cliff & Ord 1981; Assuncao & Reis 1999",
    .evidence = "moran.test and EBImoran.mc of R spdep 1.2-7, fresh maps: 2e-13",
    .input = moran_inputs,
    .n_input = PS_LENGTH(moran_inputs),
    .param = global_params,
    .n_param = PS_LENGTH(global_params),
    .output = global_outputs,
    .n_output = PS_LENGTH(global_outputs),
    .run = run_global,
};

enum { PARAM_MOMENTS = PARAM_LAST, PARAM_TEST, PARAM_CORRECTION, PARAM_LEVEL };

static const ps_method_param local_params[] = {
    MORAN_PARAMS("0"),
    {"moments", PS_COLUMN_TEXT, "conditional", "conditional|total", 1, 0,
     "conditional: x_i stays, the others are shuffled; total: all are"},
    {"test", PS_COLUMN_TEXT, "moments", "moments|permutation", 1, 0,
     "which p decides; permutation: twice the folded p"},
    {"correction", PS_COLUMN_TEXT, "bh", "bh|by|none", 1, 0, "for many tests"},
    {"level", PS_COLUMN_NUMBER, "0.05", NULL, 1e-12, 0.5, "below which p counts"},
};

static const ps_method_column local_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "local I"},
    {"expected", PS_COLUMN_NUMBER, true, "of I"},
    {"variance", PS_COLUMN_NUMBER, true, "of I"},
    {"z", PS_COLUMN_NUMBER, true, "(I - E) / sd; empty without variance"},
    {"p", PS_COLUMN_NUMBER, true, "two-sided, of z"},
    {"p_permutation", PS_COLUMN_NUMBER, true, "folded, one-sided"},
    {"p_adjusted", PS_COLUMN_NUMBER, true, "of the p that decides"},
    {"quadrant", PS_COLUMN_TEXT, true, "HH, LL, HL, LH by the signs of z and lag z"},
    {"label", PS_COLUMN_TEXT, true, "the quadrant when p_adjusted is small, else ns"},
    {"n_neighbours", PS_COLUMN_INTEGER, true, "of the area"},
    {"nsim", PS_COLUMN_INTEGER, true, "permutations"},
    {"seed", PS_COLUMN_INTEGER, true, "of the permutations"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, not-applicable (no neighbours), undefined (no variation)"},
};

static ps_status write_local(const ps_method_call *call, const spatial *s,
                             const ps_local_moran *m, const double *adjusted,
                             ps_error *err) {
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        int32_t i = s->places.place[row];
        ps_value_status status = i < 0 ? ps_places_status(&s->places, row) : m[i].status;
        ps_call_put_text(call, 0, ps_call_text(call, row, 0));
        if (i >= 0 && status == PS_VALUE_OK) {
            const size_t *offset = s->places.weights.offset;
            ps_call_put_number(call, 1, status, m[i].value);
            ps_call_put_number(call, 2, status, m[i].expected);
            ps_call_put_number(call, 3, status, m[i].variance);
            ps_call_put_number(call, 4, status, m[i].z);
            ps_call_put_number(call, 5, status, m[i].p);
            ps_call_put_number(call, 6, status, m[i].p_permuted);
            ps_call_put_number(call, 7, status, adjusted[i]);
            ps_call_put_text(call, 8, ps_str_of(m[i].quadrant));
            bool stands = adjusted[i] < ps_call_param_number(call, PARAM_LEVEL);
            ps_call_put_text(
                call, 9,
                ps_str_of(stands && m[i].quadrant[0] != '\0' ? m[i].quadrant : "ns"));
            ps_call_put_int(call, 10, (int64_t)(offset[i + 1] - offset[i]));
        }
        ps_call_put_int(call, 11,
                        (int64_t)ps_call_param_number(call, PARAM_PERMUTATIONS));
        ps_call_put_int(call, 12, (int64_t)ps_call_param_number(call, PARAM_SEED));
        ps_call_put_status(call, 13, status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status local_of(const ps_method_call *call, const spatial *s, ps_local_moran *m,
                          double *p, ps_error *err) {
    size_t n = s->places.n;
    bool permuted = ps_call_param_is(call, PARAM_TEST, "permutation");
    double permutations = ps_call_param_number(call, PARAM_PERMUTATIONS);
    if (permuted && permutations < 1)
        return ps_fail(err, PS_CONFIG,
                       "local_moran: test=permutation needs -p permutations=999 or more");
    PS_TRY(ps_moran_local(
        &s->places.weights, s->x,
        ps_call_param_is(call, PARAM_MOMENTS, "total") ? PS_MOMENTS_TOTAL
                                                       : PS_MOMENTS_CONDITIONAL,
        (size_t)permutations, (uint64_t)ps_call_param_number(call, PARAM_SEED),
        s->places.unit, m, err));
    for (size_t i = 0; i < n; i++) {
        p[i] = permuted ? 2 * m[i].p_permuted : m[i].p;
        if (p[i] > 1) p[i] = 1;
    }
    ps_correction correction = PS_CORRECTION_BH;
    if (ps_call_param_is(call, PARAM_CORRECTION, "by")) correction = PS_CORRECTION_BY;
    if (ps_call_param_is(call, PARAM_CORRECTION, "none")) correction = PS_CORRECTION_NONE;
    PS_TRY(ps_false_discovery(n, p, correction, p + n, err));
    return write_local(call, s, m, p + n, err);
}

static ps_status run_local(const ps_method_call *call, ps_error *err) {
    spatial s = {0};
    ps_status status = fill_spatial(call, &s, err);
    ps_local_moran *m = ps_alloc(s.places.n, sizeof *m);
    double *p = ps_alloc(s.places.n, 2 * sizeof *p);
    if (status == PS_OK && (m == NULL || p == NULL)) status = ps_fail_nomem(err);
    if (status == PS_OK) status = local_of(call, &s, m, p, err);
    ps_free(m);
    ps_free(p);
    free_spatial(&s);
    return status;
}

const ps_method ps_method_local_moran = {
    .id = "local_moran",
    .title = "Local Moran's I",
    .formula =
        "I_i = z_i / m2 * sum w_ij z_j, m2 = sum z^2 / n; conditional: E = -z_i^2 w_i / "
        "((n - 1) m2), Var = (z_i / m2)^2 n / (n - 2) (w2_i - w_i^2 / (n - 1)) (m2 - "
        "z_i^2 / (n - 1)); permutation: p = (min(#>=, #<) + 1) / (R + 1) over samples of "
        "the other values.",
    .source = "Anselin 1995; Sokal, Oden & Thomson 1998",
    .evidence =
        "localmoran of R spdep 1.2-7, both moments, fresh maps: 2e-13; permutations "
        "within chance of R's sample() without replacement (spdep draws with it)",
    .input = moran_inputs,
    .n_input = PS_LENGTH(moran_inputs),
    .param = local_params,
    .n_param = PS_LENGTH(local_params),
    .output = local_outputs,
    .n_output = PS_LENGTH(local_outputs),
    .run = run_local,
};
