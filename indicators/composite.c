#include "indicators/composite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/deprivation_index.h"
#include "indicators/draw.h"
#include "indicators/panel.h"
#include "indicators/sum.h"

/* Shares of weight are compared within this: two thirds of three equal weights are two.
 */
static const double CLOSE = 1e-9;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- outliers ---- */

enum { MOST_WINSORISED = 5 };
static const double MOST_SKEW = 2, MOST_KURTOSIS = 3.5, LOG_OFFSET = 0.01;

static void shape(size_t n, const double *x, double *skew, double *kurtosis) {
    ps_sum sum = {0}, s2 = {0}, s3 = {0}, s4 = {0};
    double m = (double)n, size = 0;
    *skew = *kurtosis = (double)NAN;
    if (n < 4) return;
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&sum, x[i]);
        size = fmax(size, fabs(x[i]));
    }
    double mean = ps_sum_value(&sum) / m, farthest = 0;
    for (size_t i = 0; i < n; i++) farthest = fmax(farthest, fabs(x[i] - mean));
    if (!(farthest > 1e-12 * size)) return;
    /* In units of the farthest value, so that no power leaves the range of a double. */
    for (size_t i = 0; i < n; i++) {
        double off = (x[i] - mean) / farthest, square = off * off;
        ps_sum_add(&s2, square);
        ps_sum_add(&s3, square * off);
        ps_sum_add(&s4, square * square);
    }
    double m2 = ps_sum_value(&s2) / m;
    double g1 = ps_sum_value(&s3) / m / pow(m2, 1.5);
    double g2 = ps_sum_value(&s4) / m / (m2 * m2) - 3;
    *skew = g1 * sqrt(m * (m - 1)) / (m - 2);
    *kurtosis = ((m + 1) * g2 + 6) * (m - 1) / ((m - 2) * (m - 3));
}

static bool has_outliers(double skew, double kurtosis) {
    return fabs(skew) > MOST_SKEW && kurtosis > MOST_KURTOSIS;
}

/* x: sorted; now: room for n. */
static void winsorise(size_t n, const double *x, double *now, ps_outliers *out) {
    size_t low = 0, high = n - 1;
    double skew = out->skew, kurtosis = out->kurtosis;
    while (has_outliers(skew, kurtosis) && out->winsorised < MOST_WINSORISED) {
        if (skew > 0)
            high--;
        else
            low++;
        out->winsorised++;
        for (size_t i = 0; i < n; i++) now[i] = fmin(fmax(x[i], x[low]), x[high]);
        shape(n, now, &skew, &kurtosis);
    }
    out->logged = has_outliers(skew, kurtosis);
    if (out->logged) {
        out->winsorised = 0;
        return;
    }
    if (low > 0) out->least = x[low];
    if (high < n - 1) out->most = x[high];
}

ps_status ps_outliers_find(size_t n, const double *x, ps_outliers *out, ps_error *err) {
    *out = (ps_outliers){.least = -(double)INFINITY, .most = (double)INFINITY};
    double *sorted = ps_alloc(n, 2 * sizeof *sorted);
    if (sorted == NULL) return ps_fail_nomem(err);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) sorted[m++] = x[i];
    if (m > 1) qsort(sorted, m, sizeof *sorted, by_value);
    shape(m, sorted, &out->skew, &out->kurtosis);
    if (has_outliers(out->skew, out->kurtosis)) winsorise(m, sorted, sorted + m, out);
    if (out->logged) {
        out->least = sorted[0];
        out->most = sorted[m - 1];
    }
    ps_free(sorted);
    return PS_OK;
}

double ps_outliers_treat(const ps_outliers *t, double x) {
    if (isnan(x)) return x;
    x = fmin(fmax(x, t->least), t->most);
    if (!t->logged) return x;
    double offset = LOG_OFFSET * (t->most - t->least);
    return t->skew > 0 ? log(x - t->least + offset) : -log(t->most - x + offset);
}

/* ---- scale ---- */

/* What a scale needs to know of the values that set it. */
typedef struct range {
    double mean, sd, least, most;
    const double *sorted;
    size_t n;
} range;

static range range_of(double *values, size_t n) {
    range r = {.sorted = values, .n = n};
    bool varies = false;
    double z = 0;
    if (n == 0) return r;
    if (n > 1) qsort(values, n, sizeof *values, by_value);
    r.least = values[0];
    r.most = values[n - 1];
    ps_sum sum = {0}, squares = {0};
    for (size_t i = 0; i < n; i++) ps_sum_add(&sum, values[i]);
    r.mean = ps_sum_value(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) {
        z = values[i] - r.mean;
        ps_sum_add(&squares, z * z);
    }
    if (n > 1) r.sd = sqrt(ps_sum_value(&squares) / (double)(n - 1));
    varies = r.sd > 1e-12 * fmax(fabs(r.least), fabs(r.most));
    if (!varies) r.sd = 0;
    return r;
}

/* How many are below x, or not above it. */
static size_t count_to(const range *r, double x, bool with_equal) {
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->sorted[middle] < x || (with_equal && r->sorted[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double on_scale(const ps_composite *c, size_t j, const range *r, double x) {
    double n = (double)r->n;
    switch (c->scale) {
        case PS_SCALE_Z:
            return (x - r->mean) / r->sd;
        case PS_SCALE_MINMAX:
            return c->from + (c->to - c->from) * ((x - r->least) / (r->most - r->least));
        case PS_SCALE_RANK:
            return (double)count_to(r, x, false) + 1;
        case PS_SCALE_PERCENTILE:
            return fmin(1, (double)count_to(r, x, false) / (n - 1));
        case PS_SCALE_BORDA:
            return (double)count_to(r, x, false);
        case PS_SCALE_GOALPOSTS: {
            double low = c->polarity[j] * c->low[j], high = c->polarity[j] * c->high[j];
            double share = (x - fmin(low, high)) / fabs(high - low);
            return fmin(1, fmax(0, share));
        }
        case PS_SCALE_DISTANCE:
            return (x - c->polarity[j] * c->reference[j]) / fabs(c->reference[j]);
        case PS_SCALE_EXPONENTIAL:
            /* One value above x is rank 2. */
            return ps_imd_transform(n - (double)count_to(r, x, true) + 1, r->n);
    }
    return x;
}

static bool is_usable(const ps_composite *c, size_t j, const range *r) {
    if (c->scale == PS_SCALE_GOALPOSTS)
        return c->low != NULL && c->high != NULL && isfinite(c->low[j]) &&
               isfinite(c->high[j]) && c->high[j] != c->low[j];
    if (c->scale == PS_SCALE_DISTANCE)
        return c->reference != NULL && isfinite(c->reference[j]) && c->reference[j] != 0;
    return r->sd > 0;
}

static bool treats_outliers(const ps_composite *c) {
    return c->outliers != NULL && (c->scale == PS_SCALE_Z || c->scale == PS_SCALE_MINMAX);
}

double ps_composite_treated(const ps_composite *c, size_t j, double x) {
    if (treats_outliers(c)) x = ps_outliers_treat(&c->outliers[j], x);
    return c->polarity[j] * x;
}

/* The values of column j that set the scale of a period; scratch: areas. */
static range frame_of(const ps_composite *c, const double *x, size_t j, size_t t,
                      double *scratch) {
    const size_t base = c->fixed ? c->base : t;
    size_t m = 0;
    for (size_t a = 0; a < c->areas; a++) {
        const double value = x[(base * c->areas + a) * c->p + j];
        if (!isnan(value)) scratch[m++] = ps_composite_treated(c, j, value);
    }
    return range_of(scratch, m);
}

/* Column j of one period. */
static bool scale_period(const ps_composite *c, const double *x, size_t j, size_t t,
                         double *scratch, double *out) {
    const range r = frame_of(c, x, j, t, scratch);
    bool usable = is_usable(c, j, &r);
    for (size_t a = 0; a < c->areas; a++) {
        size_t cell = (t * c->areas + a) * c->p + j;
        out[cell] = isnan(x[cell]) || !usable
                        ? (double)NAN
                        : on_scale(c, j, &r, ps_composite_treated(c, j, x[cell]));
    }
    return usable;
}

static void scale_into(const ps_composite *c, const double *x, double *scratch,
                       double *out, bool *usable) {
    for (size_t j = 0; j < c->p; j++) {
        usable[j] = c->periods > 0;
        for (size_t t = 0; t < c->periods; t++)
            usable[j] = scale_period(c, x, j, t, scratch, out) && usable[j];
    }
}

ps_status ps_composite_scale(const ps_composite *c, const double *x, double *out,
                             bool *usable, ps_error *err) {
    double *scratch = ps_alloc(c->areas, sizeof *scratch);
    if (scratch == NULL) return ps_fail_nomem(err);
    scale_into(c, x, scratch, out, usable);
    ps_free(scratch);
    return PS_OK;
}

ps_status ps_composite_frames(const ps_composite *c, const double *x,
                              ps_composite_frame *out, ps_error *err) {
    double *scratch = ps_alloc(c->areas, sizeof *scratch);
    if (scratch == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < c->periods * c->p; k++) {
        const range r = frame_of(c, x, k % c->p, k / c->p, scratch);
        out[k] = (ps_composite_frame){r.n, r.mean, r.sd, r.least, r.most};
    }
    ps_free(scratch);
    return PS_OK;
}

/* ---- aggregation ---- */

/* A weighted mean under construction. */
typedef struct average {
    ps_mean_kind mean;
    double sum, weight;
    bool defined;
} average;

static void average_add(average *a, double weight, double x) {
    if (!(weight > 0)) return;
    double term = x;
    if (a->mean != PS_MEAN_ARITHMETIC && !(x > 0)) {
        a->defined = false;
        return;
    }
    if (a->mean == PS_MEAN_GEOMETRIC) term = log(x);
    if (a->mean == PS_MEAN_HARMONIC) term = 1 / x;
    a->sum += weight * term;
    a->weight += weight;
}

static double average_value(const average *a) {
    double mean = a->sum / a->weight;
    if (!a->defined || !(a->weight > 0)) return (double)NAN;
    if (a->mean == PS_MEAN_GEOMETRIC) return exp(mean);
    return a->mean == PS_MEAN_HARMONIC ? 1 / mean : mean;
}

/* The choices of one run. */
typedef struct choices {
    ps_scale scale;
    ps_mean_kind mean;
    const double *domain_weight;
    int32_t left_out; /* an indicator, or -1 */
    bool noise;
} choices;

static choices nominal(const ps_composite *c) {
    return (choices){c->scale, c->mean, c->domain_weight, -1, false};
}

static bool takes_part(const choices *choice, const bool *usable, size_t j) {
    return usable[j] && choice->left_out != (int32_t)j;
}

/* One domain of one unit; whole: the weight it would have with nothing missing. */
static ps_composite_score score_domain(const ps_composite *c, const choices *choice,
                                       const double *scaled, const bool *usable, size_t d,
                                       double *whole) {
    average a = {choice->mean, 0, 0, true};
    ps_composite_score s = {0};
    double plain = 0, present = 0;
    *whole = 0;
    for (size_t j = 0; j < c->p; j++) {
        if ((size_t)c->domain[j] != d || !takes_part(choice, usable, j)) continue;
        *whole += c->weight[j];
        s.n_missing += isnan(scaled[j]) ? 1 : 0;
        if (isnan(scaled[j])) continue;
        plain += c->weight[j] * scaled[j];
        present += c->weight[j];
        average_add(&a, c->weight[j], scaled[j]);
    }
    s.weight_present = *whole > 0 ? present / *whole : 0;
    if (!(*whole > 0)) {
        s.value = ps_value_none(PS_VALUE_NOT_APPLICABLE);
        return s;
    }
    bool enough = s.weight_present >= c->domain_share - CLOSE && present > 0;
    if (c->impute && present > 0) {
        if (present < *whole) average_add(&a, *whole - present, plain / present);
        s.n_imputed = s.n_missing;
        enough = true;
    }
    s.value = enough ? ps_value_of(average_value(&a)) : ps_value_none(PS_VALUE_MISSING);
    return s;
}

/* Index of one unit; domain: room for its domains, or NULL. */
static ps_composite_score score_unit(const ps_composite *c, const choices *choice,
                                     const double *scaled, const bool *usable,
                                     ps_composite_score *domain) {
    average a = {choice->mean, 0, 0, true};
    ps_composite_score s = {0};
    double whole = 0, present = 0;
    bool undefined = false;
    for (size_t d = 0; d < c->domains; d++) {
        double members, weight = choice->domain_weight[d];
        ps_composite_score part = score_domain(c, choice, scaled, usable, d, &members);
        if (domain != NULL) domain[d] = part;
        if (!(members > 0)) continue;
        whole += weight;
        s.n_missing += part.n_missing;
        s.n_imputed += part.n_imputed;
        s.weight_present += weight * part.weight_present;
        undefined = undefined || (weight > 0 && part.value.status == PS_VALUE_UNDEFINED);
        if (!ps_value_ok(part.value)) continue;
        present += weight;
        average_add(&a, weight, part.value.value);
    }
    if (!(whole > 0)) {
        s.value = ps_value_none(PS_VALUE_UNDEFINED);
        return s;
    }
    s.weight_present /= whole;
    if (undefined)
        s.value = ps_value_none(PS_VALUE_UNDEFINED);
    else if (!(present > 0) || present < c->index_share * whole - CLOSE * whole)
        s.value = ps_value_none(PS_VALUE_MISSING);
    else
        s.value = ps_value_of(average_value(&a));
    return s;
}

typedef struct placed {
    double value;
    size_t unit;
} placed;

static int by_score(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

/* Competition ranks of n sorted values. */
static void give_ranks(placed *list, size_t n, int32_t *rank) {
    if (n > 1) qsort(list, n, sizeof *list, by_score);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (list[i].value != list[first].value) first = i;
        rank[list[i].unit] = (int32_t)(first + 1);
    }
}

static void rank_scores(const ps_composite *c, ps_composite_score *s, size_t stride,
                        placed *list, int32_t *rank) {
    for (size_t t = 0; t < c->periods; t++) {
        size_t m = 0;
        for (size_t a = 0; a < c->areas; a++) {
            size_t i = t * c->areas + a;
            rank[i] = 0;
            if (ps_value_ok(s[i * stride].value))
                list[m++] = (placed){s[i * stride].value.value, i};
        }
        give_ranks(list, m, rank);
    }
    for (size_t i = 0; i < c->periods * c->areas; i++) s[i * stride].rank = rank[i];
}

ps_status ps_composite_score_all(const ps_composite *c, const double *scaled,
                                 const bool *usable, ps_composite_score *index,
                                 ps_composite_score *domain, ps_error *err) {
    size_t n = c->periods * c->areas;
    placed *list = ps_alloc(c->areas, sizeof *list);
    int32_t *rank = ps_alloc(n, sizeof *rank);
    choices choice = nominal(c);
    ps_status status = list != NULL && rank != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t i = 0; i < n; i++)
            index[i] = score_unit(c, &choice, scaled + i * c->p, usable,
                                  domain + i * c->domains);
        rank_scores(c, index, 1, list, rank);
        for (size_t d = 0; d < c->domains; d++)
            rank_scores(c, domain + d, c->domains, list, rank);
    }
    ps_free(list);
    ps_free(rank);
    return status;
}

/* ---- runs of other choices ---- */

static const ps_scale varied_scale[] = {PS_SCALE_Z, PS_SCALE_MINMAX, PS_SCALE_RANK};
enum { N_VARIED = 3 };

typedef struct runs {
    const ps_composite *c;
    const double *x;
    const bool *usable;
    const int32_t *nominal;
    int vary;
    bool in_turn; /* cases in turn, not drawn */
    int32_t left_out;
    uint64_t seed;
    double *scaled; /* without noise: the nominal scale, then those that vary */
    /* Per worker: */
    double *scratch, *noisy, *rescaled, *weight;
    bool *flag;
    placed *list;
    int32_t *rank; /* n per run */
} runs;

static uint64_t case_of(const runs *r, ps_draws draws, uint64_t number, uint64_t cases,
                        size_t run) {
    return r->in_turn ? run % cases : ps_draw_below(draws, number, cases);
}

/* Can a geometric mean be taken? */
static bool is_positive(const ps_composite *c, ps_scale scale) {
    return scale == PS_SCALE_RANK || scale == PS_SCALE_EXPONENTIAL ||
           (scale == PS_SCALE_MINMAX && c->from > 0 && c->to > 0);
}

static size_t count_usable(size_t p, const bool *usable) {
    size_t m = 0;
    for (size_t j = 0; j < p; j++) m += usable[j];
    return m;
}

/* The k-th usable indicator, -1 beyond the last. */
static int32_t nth_usable(size_t p, const bool *usable, uint64_t k) {
    for (size_t j = 0; j < p; j++)
        if (usable[j] && k-- == 0) return (int32_t)j;
    return -1;
}

static choices choose(const runs *r, size_t run, ps_draws draws, double *weight) {
    const ps_composite *c = r->c;
    choices choice = nominal(c);
    uint64_t at = c->domains;
    for (size_t d = 0; d < c->domains && (r->vary & PS_VARY_WEIGHTS) != 0; d++) {
        weight[d] = c->domain_weight[d] * (0.75 + 0.5 * ps_draw_uniform(draws, d));
        choice.domain_weight = weight;
    }
    if ((r->vary & PS_VARY_SCALE) != 0)
        choice.scale = varied_scale[case_of(r, draws, at, N_VARIED, run)];
    if ((r->vary & PS_VARY_MEAN) != 0)
        choice.mean = case_of(r, draws, at + 1, 2, run) == 0 ? PS_MEAN_ARITHMETIC
                                                             : PS_MEAN_GEOMETRIC;
    if (choice.scale == PS_SCALE_Z ||
        ((r->vary & PS_VARY_MEAN) != 0 && !is_positive(c, choice.scale)))
        choice.mean = PS_MEAN_ARITHMETIC;
    choice.left_out = r->left_out;
    if ((r->vary & PS_VARY_LEAVE_OUT) != 0) {
        size_t usable = count_usable(c->p, r->usable);
        choice.left_out = nth_usable(
            c->p, r->usable, case_of(r, draws, at + 2, usable + !r->in_turn, run));
    }
    choice.noise = (r->vary & PS_VARY_NOISE) != 0 && c->error != NULL;
    return choice;
}

/* Indicators on the scale of a run. */
static const double *scaled_of(const runs *r, const choices *choice, ps_draws draws,
                               size_t worker) {
    const ps_composite *c = r->c;
    size_t cells = c->periods * c->areas * c->p;
    if (!choice->noise) {
        if ((r->vary & PS_VARY_SCALE) == 0) return r->scaled;
        size_t k = 0;
        while (varied_scale[k] != choice->scale) k++;
        return r->scaled + (k + 1) * cells;
    }
    double *noisy = r->noisy + worker * cells, *out = r->rescaled + worker * cells;
    for (size_t e = 0; e < cells; e++) {
        double error = c->error[e];
        noisy[e] = r->x[e];
        if (error > 0) noisy[e] += error * ps_draw_normal(draws, c->domains + 3 + e);
    }
    ps_composite other = *c;
    other.scale = choice->scale;
    scale_into(&other, noisy, r->scratch + worker * c->areas, out,
               r->flag + worker * c->p);
    return out;
}

static ps_status do_runs(void *context, size_t begin, size_t end, int worker,
                         ps_error *err) {
    (void)err;
    const runs *r = context;
    const ps_composite *c = r->c;
    size_t n = c->periods * c->areas, w = (size_t)worker;
    placed *list = r->list + w * c->areas;
    for (size_t run = begin; run < end; run++) {
        ps_draws draws = ps_draws_of(r->seed, run);
        choices choice = choose(r, run, draws, r->weight + w * c->domains);
        const double *scaled = scaled_of(r, &choice, draws, w);
        int32_t *rank = r->rank + run * n;
        for (size_t t = 0; t < c->periods; t++) {
            size_t m = 0;
            for (size_t a = 0; a < c->areas; a++) {
                size_t i = t * c->areas + a;
                rank[i] = 0;
                if (r->nominal[i] == 0) continue;
                ps_composite_score s =
                    score_unit(c, &choice, scaled + i * c->p, r->usable, NULL);
                if (ps_value_ok(s.value)) list[m++] = (placed){s.value.value, i};
            }
            give_ranks(list, m, rank);
        }
    }
    return PS_OK;
}

static void runs_free(runs *r) {
    ps_free(r->scaled);
    ps_free(r->scratch);
    ps_free(r->noisy);
    ps_free(r->rescaled);
    ps_free(r->weight);
    ps_free(r->flag);
    ps_free(r->list);
    ps_free(r->rank);
}

static ps_status runs_prepare(runs *r, size_t count, ps_error *err) {
    const ps_composite *c = r->c;
    size_t n = c->periods * c->areas, cells = n * c->p, workers = (size_t)ps_threads();
    size_t noisy = (r->vary & PS_VARY_NOISE) != 0 && c->error != NULL ? workers : 0;
    if (n > 0 && count > ((size_t)1 << 29) / n)
        return ps_fail(
            err, PS_LIMIT,
            "%zu runs over %zu areas and periods are too many; give fewer runs", count,
            n);
    r->scaled = ps_alloc(cells, (1 + N_VARIED) * sizeof *r->scaled);
    r->scratch = ps_alloc(workers * c->areas, sizeof *r->scratch);
    r->noisy = ps_alloc(noisy * cells, sizeof *r->noisy);
    r->rescaled = ps_alloc(noisy * cells, sizeof *r->rescaled);
    r->weight = ps_alloc(workers * c->domains, sizeof *r->weight);
    r->flag = ps_alloc(workers * c->p, sizeof *r->flag);
    r->list = ps_alloc(workers * c->areas, sizeof *r->list);
    r->rank = ps_alloc(n * count, sizeof *r->rank);
    if (r->scaled == NULL || r->scratch == NULL || r->noisy == NULL ||
        r->rescaled == NULL || r->weight == NULL || r->flag == NULL || r->list == NULL ||
        r->rank == NULL)
        return ps_fail_nomem(err);
    ps_composite other = *c;
    for (size_t k = 0; k <= N_VARIED; k++) {
        if (k > 0) other.scale = varied_scale[k - 1];
        scale_into(&other, r->x, r->scratch, r->scaled + k * cells, r->flag);
    }
    return PS_OK;
}

/* Linear between order statistics (type 7). */
static double quantile(const double *sorted, size_t n, double p) {
    double at = p * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n) return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

static size_t ranked(const runs *r, size_t run, size_t period) {
    const ps_composite *c = r->c;
    const int32_t *rank = r->rank + run * c->periods * c->areas + period * c->areas;
    size_t m = 0;
    for (size_t a = 0; a < c->areas; a++) m += rank[a] > 0;
    return m;
}

static void summarise_unit(const runs *r, size_t count, size_t i, const size_t *most,
                           double *list, ps_rank_range *out) {
    size_t n = r->c->periods * r->c->areas, m = 0, low = 0;
    ps_sum sum = {0};
    for (size_t run = 0; run < count; run++) {
        int32_t rank = r->rank[run * n + i];
        if (rank == 0) continue;
        list[m++] = rank;
        ps_sum_add(&sum, rank);
        low += 10 * (size_t)rank > 9 * most[run * r->c->periods + i / r->c->areas];
    }
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    *out = (ps_rank_range){none, none, none, none, none};
    if (m == 0) return;
    qsort(list, m, sizeof *list, by_value);
    out->mean = ps_value_of(ps_sum_value(&sum) / (double)m);
    out->p5 = ps_value_of(quantile(list, m, 0.05));
    out->p50 = ps_value_of(quantile(list, m, 0.5));
    out->p95 = ps_value_of(quantile(list, m, 0.95));
    out->lowest = ps_value_of((double)low / (double)m);
}

static ps_status summarise(const runs *r, size_t count, ps_rank_range *out,
                           ps_error *err) {
    size_t periods = r->c->periods;
    double *list = ps_alloc(count, sizeof *list);
    size_t *most = ps_alloc(count * periods, sizeof *most);
    ps_status status = list != NULL && most != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t e = 0; e < count * periods; e++)
            most[e] = ranked(r, e / periods, e % periods);
        for (size_t i = 0; i < periods * r->c->areas; i++)
            summarise_unit(r, count, i, most, list, &out[i]);
    }
    ps_free(list);
    ps_free(most);
    return status;
}

ps_status ps_composite_uncertainty(const ps_composite *c, const double *x,
                                   const bool *usable, const int32_t *rank, int vary,
                                   size_t count, uint64_t seed, ps_rank_range *out,
                                   ps_error *err) {
    runs r = {.c = c,
              .x = x,
              .usable = usable,
              .nominal = rank,
              .vary = vary,
              .left_out = -1,
              .seed = seed};
    ps_status status = runs_prepare(&r, count, err);
    if (status == PS_OK) status = ps_par_for(count, 4, do_runs, &r, err);
    if (status == PS_OK) status = summarise(&r, count, out, err);
    runs_free(&r);
    return status;
}

static size_t cases(const ps_composite *c, const bool *usable, int vary,
                    size_t runs_wanted) {
    if (vary == 0) return 1;
    if (vary == PS_VARY_SCALE) return N_VARIED;
    if (vary == PS_VARY_MEAN) return 2;
    return vary == PS_VARY_LEAVE_OUT ? count_usable(c->p, usable) : runs_wanted;
}

ps_status ps_composite_shift(const ps_composite *c, const double *x, const bool *usable,
                             const int32_t *rank, int vary, int32_t leave_out,
                             size_t count, uint64_t seed, ps_rank_shift *out,
                             ps_error *err) {
    size_t n = c->periods * c->areas;
    runs r = {.c = c,
              .x = x,
              .usable = usable,
              .nominal = rank,
              .vary = vary,
              .in_turn = vary != PS_VARY_ALL, /* cases of one choice only */
              .left_out = leave_out,
              .seed = seed};
    count = count_usable(c->p, usable) > 0 ? cases(c, usable, vary, count) : 0;
    *out = (ps_rank_shift){ps_value_none(PS_VALUE_UNDEFINED), 0, count};
    ps_status status = runs_prepare(&r, count, err);
    if (status == PS_OK) status = ps_par_for(count, 4, do_runs, &r, err);
    ps_sum sum = {0};
    size_t m = 0;
    for (size_t e = 0; e < n * count && status == PS_OK; e++) {
        if (r.rank[e] == 0) continue;
        int32_t shift = abs(r.rank[e] - rank[e % n]);
        ps_sum_add(&sum, shift);
        m++;
        if (shift > out->largest) out->largest = shift;
    }
    if (m > 0) out->mean = ps_value_of(ps_sum_value(&sum) / (double)m);
    runs_free(&r);
    return status;
}

/* ---- coherence ---- */

ps_value ps_composite_correlation(size_t n, const double *a, size_t a_stride,
                                  const double *b, size_t b_stride, size_t *n_pairs) {
    ps_sum sa = {0}, sb = {0}, aa = {0}, bb = {0}, ab = {0};
    double large_a = 0, large_b = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        double x = a[i * a_stride], y = b[i * b_stride];
        if (isnan(x) || isnan(y)) continue;
        ps_sum_add(&sa, x);
        ps_sum_add(&sb, y);
        large_a = fmax(large_a, fabs(x));
        large_b = fmax(large_b, fabs(y));
        m++;
    }
    if (n_pairs != NULL) *n_pairs = m;
    if (m < 3) return ps_value_none(PS_VALUE_UNDEFINED);
    double mean_a = ps_sum_value(&sa) / (double)m, mean_b = ps_sum_value(&sb) / (double)m;
    for (size_t i = 0; i < n; i++) {
        double x = a[i * a_stride] - mean_a, y = b[i * b_stride] - mean_b;
        if (isnan(x) || isnan(y)) continue;
        ps_sum_add(&aa, x * x);
        ps_sum_add(&bb, y * y);
        ps_sum_add(&ab, x * y);
    }
    double da = sqrt(ps_sum_value(&aa)), db = sqrt(ps_sum_value(&bb));
    double least = 1e-12 * sqrt((double)m);
    if (!(da > least * large_a) || !(db > least * large_b))
        return ps_value_none(PS_VALUE_UNDEFINED);
    return ps_value_of(fmin(1, fmax(-1, ps_sum_value(&ab) / da / db)));
}

ps_status ps_composite_alpha(size_t n, size_t p, const double *x, const bool *member,
                             ps_value *out, size_t *n_complete, ps_error *err) {
    size_t k = 0, m = 0;
    *out = ps_value_none(PS_VALUE_UNDEFINED);
    *n_complete = 0;
    for (size_t j = 0; j < p; j++) k += member[j];
    double *z = ps_alloc(n, (k + 1) * sizeof *z);
    bool *varies = ps_alloc(k + 1, sizeof *varies);
    if (z == NULL || varies == NULL) {
        ps_free(z);
        ps_free(varies);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        bool complete = true;
        for (size_t j = 0; j < p; j++) {
            if (!member[j]) continue;
            complete = complete && !isnan(x[i * p + j]);
            z[m * k + at++] = x[i * p + j];
        }
        m += complete;
    }
    *n_complete = m;
    bool all_vary = k >= 2 && m >= 3;
    if (all_vary) ps_standard_scores(m, k, z, z, varies);
    for (size_t j = 0; j < k && all_vary; j++) all_vary = varies[j];
    if (all_vary) {
        ps_sum squares = {0};
        for (size_t i = 0; i < m; i++) {
            double sum = 0;
            for (size_t j = 0; j < k; j++) sum += z[i * k + j];
            ps_sum_add(&squares, sum * sum);
        }
        /* Standardised columns have mean 0 and variance 1. */
        double variance = ps_sum_value(&squares) / (double)(m - 1), count = (double)k;
        if (variance > 1e-12 * count)
            *out = ps_value_of(count / (count - 1) * (1 - count / variance));
    }
    ps_free(z);
    ps_free(varies);
    return PS_OK;
}
