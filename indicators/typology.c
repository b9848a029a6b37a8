#include "indicators/typology.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/draw.h"
#include "indicators/panel.h"
#include "indicators/sum.h"

/* A move has to gain more than rounding can. */
static const double GAIN = 1e-12;
enum { MOST_ROUNDS = 10000 };

static double square_distance(size_t p, const double *a, const double *b) {
    double sum = 0;
    for (size_t j = 0; j < p; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

/* One start at work. */
typedef struct start {
    size_t n, p, k;
    const double *z;
    int32_t *label;
    size_t *size;   /* per cluster */
    double *centre; /* k rows of p */
    double *far;    /* n: square distance to the own centre */
} start;

static ps_status start_create(size_t n, size_t p, size_t k, const double *z, start *s,
                              ps_error *err) {
    *s = (start){n,
                 p,
                 k,
                 z,
                 ps_alloc(n, sizeof *s->label),
                 ps_alloc(k, sizeof *s->size),
                 ps_alloc(k * p, sizeof *s->centre),
                 ps_alloc(n, sizeof *s->far)};
    if (s->label == NULL || s->size == NULL || s->centre == NULL || s->far == NULL)
        return ps_fail_nomem(err);
    return PS_OK;
}

static void start_free(start *s) {
    ps_free(s->label);
    ps_free(s->size);
    ps_free(s->centre);
    ps_free(s->far);
}

/* k-means++: each next centre is a point, drawn by its square distance to the nearest
 * centre so far. */
static void seed_centres(start *s, ps_draws draws) {
    size_t at = (size_t)ps_draw_below(draws, 0, s->n);
    for (size_t c = 0; c < s->k; c++) {
        const double *centre = s->z + at * s->p;
        double sum = 0, target, so_far = 0;
        memcpy(s->centre + c * s->p, centre, s->p * sizeof *centre);
        for (size_t i = 0; i < s->n; i++) {
            double d = square_distance(s->p, s->z + i * s->p, centre);
            s->far[i] = c == 0 ? d : fmin(s->far[i], d);
            sum += s->far[i];
        }
        target = ps_draw_uniform(draws, c + 1) * sum;
        for (size_t i = 0; i < s->n; i++) {
            if (!(s->far[i] > 0)) continue;
            at = i;
            so_far += s->far[i];
            if (so_far >= target) break;
        }
    }
}

static bool to_nearest(start *s) {
    bool moved = false;
    memset(s->size, 0, s->k * sizeof *s->size);
    for (size_t i = 0; i < s->n; i++) {
        int32_t best = 0;
        double least = (double)INFINITY;
        for (size_t c = 0; c < s->k; c++) {
            double d = square_distance(s->p, s->z + i * s->p, s->centre + c * s->p);
            if (!(d < least)) continue;
            least = d;
            best = (int32_t)c;
        }
        moved = moved || best != s->label[i];
        s->label[i] = best;
        s->far[i] = least;
        s->size[best]++;
    }
    return moved;
}

static void fill_empty(start *s) {
    for (size_t c = 0; c < s->k; c++) {
        if (s->size[c] > 0) continue;
        size_t farthest = s->n;
        for (size_t i = 0; i < s->n; i++)
            if (s->size[s->label[i]] > 1 &&
                (farthest == s->n || s->far[i] > s->far[farthest]))
                farthest = i;
        if (farthest == s->n) return;
        s->size[s->label[farthest]]--;
        s->label[farthest] = (int32_t)c;
        s->far[farthest] = 0;
        s->size[c] = 1;
    }
}

static void find_centres(start *s) {
    memset(s->centre, 0, s->k * s->p * sizeof *s->centre);
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->p; j++)
            s->centre[(size_t)s->label[i] * s->p + j] += s->z[i * s->p + j];
    for (size_t c = 0; c < s->k; c++)
        for (size_t j = 0; j < s->p && s->size[c] > 0; j++)
            s->centre[c * s->p + j] /= (double)s->size[c];
}

static void move_point(start *s, size_t i, size_t b) {
    size_t a = (size_t)s->label[i];
    const double *x = s->z + i * s->p;
    double *from = s->centre + a * s->p, *to = s->centre + b * s->p;
    for (size_t j = 0; j < s->p; j++) {
        from[j] += (from[j] - x[j]) / (double)(s->size[a] - 1);
        to[j] += (x[j] - to[j]) / (double)(s->size[b] + 1);
    }
    s->size[a]--;
    s->size[b]++;
    s->label[i] = (int32_t)b;
}

/* One pass of single moves; whether any was made. */
static bool exchange(start *s) {
    bool moved = false;
    for (size_t i = 0; i < s->n; i++) {
        size_t a = (size_t)s->label[i], best = a;
        if (s->size[a] < 2) continue;
        const double *x = s->z + i * s->p;
        double leave = square_distance(s->p, x, s->centre + a * s->p) *
                       (double)s->size[a] / (double)(s->size[a] - 1);
        double least = leave * (1 - GAIN);
        for (size_t c = 0; c < s->k; c++) {
            if (c == a) continue;
            double enter = square_distance(s->p, x, s->centre + c * s->p) *
                           (double)s->size[c] / (double)(s->size[c] + 1);
            if (!(enter < least)) continue;
            least = enter;
            best = c;
        }
        if (best == a) continue;
        move_point(s, i, best);
        moved = true;
    }
    return moved;
}

static double within_of(start *s) {
    ps_sum sum = {0};
    for (size_t i = 0; i < s->n; i++)
        ps_sum_add(&sum, square_distance(s->p, s->z + i * s->p,
                                         s->centre + (size_t)s->label[i] * s->p));
    return ps_sum_value(&sum);
}

static double run_start(start *s, uint64_t seed, size_t number) {
    for (size_t i = 0; i < s->n; i++) s->label[i] = -1;
    seed_centres(s, ps_draws_of(seed, number));
    for (int round = 0; round < MOST_ROUNDS && to_nearest(s); round++) {
        fill_empty(s);
        find_centres(s);
    }
    for (int round = 0; round < MOST_ROUNDS && exchange(s); round++) find_centres(s);
    find_centres(s);
    return within_of(s);
}

typedef struct contest {
    size_t n, p, k;
    const double *z;
    uint64_t seed;
    double *within; /* per start */
} contest;

static ps_status run_starts(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    (void)worker;
    const contest *c = context;
    start s;
    ps_status status = start_create(c->n, c->p, c->k, c->z, &s, err);
    for (size_t r = begin; r < end && status == PS_OK; r++)
        c->within[r] = run_start(&s, c->seed, r);
    start_free(&s);
    return status;
}

/* ---- the order of clusters ---- */

typedef struct cluster {
    double key;
    const double *centre;
    size_t p, number;
} cluster;

static int by_key(const void *a, const void *b) {
    const cluster *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    for (size_t j = 0; j < x->p; j++)
        if (x->centre[j] != y->centre[j]) return x->centre[j] < y->centre[j] ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* How many points differ. */
static ps_status count_different(size_t n, size_t p, const double *z, size_t *different,
                                 ps_error *err) {
    cluster *order = ps_alloc(n, sizeof *order);
    *different = n > 0;
    if (order == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) order[i] = (cluster){0, z + i * p, p, i};
    if (n > 1) qsort(order, n, sizeof *order, by_key);
    for (size_t i = 1; i < n; i++)
        *different += square_distance(p, order[i].centre, order[i - 1].centre) > 0;
    ps_free(order);
    return PS_OK;
}

static ps_status number_clusters(const start *s, const double *key, int32_t *label,
                                 double *centre, ps_error *err) {
    cluster *order = ps_alloc(s->k, sizeof *order);
    ps_sum *sum = ps_zalloc(s->k, sizeof *sum);
    size_t *count = ps_zalloc(s->k, sizeof *count);
    int32_t *number = ps_alloc(s->k, sizeof *number);
    ps_status status = PS_OK;
    if (order == NULL || sum == NULL || count == NULL || number == NULL) {
        status = ps_fail_nomem(err);
    } else {
        for (size_t i = 0; i < s->n && key != NULL; i++) {
            if (isnan(key[i])) continue;
            ps_sum_add(&sum[s->label[i]], key[i]);
            count[s->label[i]]++;
        }
        for (size_t c = 0; c < s->k; c++) {
            const double *at = s->centre + c * s->p;
            double mean = at[0];
            if (key != NULL)
                mean = count[c] > 0 ? ps_sum_value(&sum[c]) / (double)count[c]
                                    : (double)INFINITY;
            order[c] = (cluster){mean, at, s->p, c};
        }
        qsort(order, s->k, sizeof *order, by_key);
        for (size_t c = 0; c < s->k; c++) {
            number[order[c].number] = (int32_t)c;
            memcpy(centre + c * s->p, order[c].centre, s->p * sizeof *centre);
        }
        for (size_t i = 0; i < s->n; i++) label[i] = number[s->label[i]];
    }
    ps_free(order);
    ps_free(sum);
    ps_free(count);
    ps_free(number);
    return status;
}

static ps_status sum_squares(start *s, ps_kmeans *out, ps_error *err) {
    double *mean = ps_zalloc(s->p, sizeof *mean);
    if (mean == NULL) return ps_fail_nomem(err);
    ps_sum between = {0}, total = {0};
    for (size_t j = 0; j < s->p; j++) {
        ps_sum sum = {0};
        for (size_t i = 0; i < s->n; i++) ps_sum_add(&sum, s->z[i * s->p + j]);
        mean[j] = ps_sum_value(&sum) / (double)s->n;
    }
    for (size_t i = 0; i < s->n; i++)
        ps_sum_add(&total, square_distance(s->p, s->z + i * s->p, mean));
    for (size_t c = 0; c < s->k; c++)
        ps_sum_add(&between, (double)s->size[c] *
                                 square_distance(s->p, s->centre + c * s->p, mean));
    out->within = within_of(s);
    out->between = ps_sum_value(&between);
    out->total = ps_sum_value(&total);
    ps_free(mean);
    return PS_OK;
}

static ps_status finish(start *s, uint64_t seed, const double *key, int32_t *label,
                        double *centre, ps_kmeans *out, ps_error *err) {
    run_start(s, seed, out->start);
    PS_TRY(sum_squares(s, out, err));
    return number_clusters(s, key, label, centre, err);
}

ps_status ps_kmeans_fit(size_t n, size_t p, const double *z, size_t k, size_t starts,
                        uint64_t seed, const double *key, int32_t *label, double *centre,
                        ps_kmeans *out, ps_error *err) {
    *out = (ps_kmeans){0};
    if (k < 1 || starts < 1 || p < 1)
        return ps_fail(err, PS_CONFIG, "k-means needs a variable, a cluster and a start");
    size_t different = 0;
    PS_TRY(count_different(n, p, z, &different, err));
    if (k > different)
        return ps_fail(err, PS_FORMAT,
                       "%zu clusters of %zu areas, of which %zu differ, cannot be made",
                       k, n, different);
    contest c = {n, p, k, z, seed, ps_alloc(starts, sizeof *c.within)};
    if (c.within == NULL) return ps_fail_nomem(err);
    ps_status status = ps_par_for(starts, 1, run_starts, &c, err);
    double best = (double)INFINITY;
    for (size_t r = 0; r < starts && status == PS_OK; r++) best = fmin(best, c.within[r]);
    while (status == PS_OK && c.within[out->start] > best * (1 + GAIN)) out->start++;
    ps_free(c.within);
    start s = {0};
    if (status == PS_OK) status = start_create(n, p, k, z, &s, err);
    if (status == PS_OK) status = finish(&s, seed, key, label, centre, out, err);
    start_free(&s);
    return status;
}

/* ---- how well a partition separates ---- */

typedef struct separation {
    size_t n, p, partitions, clusters; /* clusters of all partitions */
    const double *z;
    const size_t *k, *first, *size; /* first cluster of a partition; per cluster */
    const int32_t *label;
    double *distance; /* clusters per worker */
    double *s;
} separation;

static double silhouette(const separation *c, size_t i, size_t q,
                         const double *distance) {
    const double *d = distance + c->first[q];
    const size_t *size = c->size + c->first[q];
    size_t own = (size_t)c->label[q * c->n + i];
    if (size[own] < 2) return 0;
    double a = d[own] / (double)(size[own] - 1), b = (double)INFINITY;
    for (size_t m = 0; m < c->k[q]; m++)
        if (m != own && size[m] > 0) b = fmin(b, d[m] / (double)size[m]);
    double larger = fmax(a, b);
    return isfinite(b) && larger > 0 ? (b - a) / larger : 0;
}

static ps_status separate(void *context, size_t begin, size_t end, int worker,
                          ps_error *err) {
    (void)err;
    const separation *c = context;
    double *distance = c->distance + (size_t)worker * c->clusters;
    for (size_t i = begin; i < end; i++) {
        memset(distance, 0, c->clusters * sizeof *distance);
        for (size_t j = 0; j < c->n; j++) {
            double d = sqrt(square_distance(c->p, c->z + i * c->p, c->z + j * c->p));
            for (size_t q = 0; q < c->partitions; q++)
                distance[c->first[q] + (size_t)c->label[q * c->n + j]] += d;
        }
        for (size_t q = 0; q < c->partitions; q++)
            c->s[q * c->n + i] = silhouette(c, i, q, distance);
    }
    return PS_OK;
}

ps_status ps_silhouette(size_t n, size_t p, const double *z, size_t partitions,
                        const size_t *k, const int32_t *label, double *s, ps_error *err) {
    size_t clusters = 0;
    size_t *first = ps_alloc(partitions, sizeof *first);
    if (first == NULL) return ps_fail_nomem(err);
    for (size_t q = 0; q < partitions; q++) {
        first[q] = clusters;
        clusters += k[q];
    }
    size_t *size = ps_zalloc(clusters, sizeof *size);
    double *distance = ps_alloc((size_t)ps_threads() * clusters, sizeof *distance);
    ps_status status = size != NULL && distance != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t q = 0; q < partitions; q++)
            for (size_t i = 0; i < n; i++) size[first[q] + (size_t)label[q * n + i]]++;
        separation c = {n,     p,    partitions, clusters, z, k,
                        first, size, label,      distance, s};
        status = ps_par_for(n, 32, separate, &c, err);
    }
    ps_free(first);
    ps_free(size);
    ps_free(distance);
    return status;
}

/* ---- how far two partitions agree ---- */

static double pairs(double n) {
    return n * (n - 1) / 2;
}

static int by_pair(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pairs of points with the same mark; sorts the marks. */
static double pairs_alike(size_t n, uint64_t *mark) {
    double sum = 0;
    if (n > 1) qsort(mark, n, sizeof *mark, by_pair);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (i + 1 < n && mark[i + 1] == mark[i]) continue;
        sum += pairs((double)(i + 1 - first));
        first = i + 1;
    }
    return sum;
}

ps_status ps_adjusted_rand(size_t n, const int32_t *a, const int32_t *b, ps_value *out,
                           ps_error *err) {
    *out = ps_value_none(PS_VALUE_UNDEFINED);
    uint64_t *mark = ps_alloc(n, sizeof *mark);
    if (mark == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        mark[i] = (uint64_t)(uint32_t)a[i] << 32 | (uint32_t)b[i];
    double together = pairs_alike(n, mark);
    for (size_t i = 0; i < n; i++) mark[i] = (uint32_t)a[i];
    double of_a = pairs_alike(n, mark);
    for (size_t i = 0; i < n; i++) mark[i] = (uint32_t)b[i];
    double of_b = pairs_alike(n, mark);
    ps_free(mark);
    double chance = n > 1 ? of_a * of_b / pairs((double)n) : 0, most = (of_a + of_b) / 2;
    if (most - chance > GAIN * most)
        *out = ps_value_of((together - chance) / (most - chance));
    return PS_OK;
}

/* ---- methods ---- */

enum { IN_AREA, IN_INDICATOR, IN_VALUE, IN_SCORE };
enum { PARAM_K, PARAM_MOST, PARAM_STARTS, PARAM_SEED };

static const ps_method_column kmeans_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "one row per area and indicator"},
    {"indicator", PS_COLUMN_TEXT, true, "the variables, in order of their names"},
    {"value", PS_COLUMN_NUMBER, true, "an area without all of them is left out"},
    {"imd_score", PS_COLUMN_NUMBER, false,
     "of the area; its mean numbers the clusters, else that of the first indicator"},
};

static const ps_method_param kmeans_params[] = {
    {"k", PS_COLUMN_INTEGER, "", NULL, 2, 1000,
     "clusters; else that of 2 to k_most with the greatest mean silhouette"},
    {"k_most", PS_COLUMN_INTEGER, "8", NULL, 2, 100, "the largest k that is tried"},
    {"nstart", PS_COLUMN_INTEGER, "100", NULL, 1, 100000, "starts for every k"},
    {"seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992.0, "of the starts"},
};

/* Everything that the three methods of k-means tell. */
typedef struct typology {
    ps_panel panel;
    size_t n, p;      /* complete areas, indicators that vary */
    int32_t *place;   /* per area: its number among the complete ones, or -1 */
    size_t *variable; /* per indicator that varies: its number in the panel */
    double *x, *z;    /* n rows of p, raw and standardised */
    double *key;      /* n, or NULL */
    size_t least, tried,
        chosen; /* k is least .. least + tried - 1; index of the choice */
    size_t *k;
    ps_kmeans *fit;   /* per k tried */
    int32_t *label;   /* n per k */
    double *centre;   /* of the choice: k rows of p */
    double *separate; /* n per k */
    double *mean;     /* per k: the mean silhouette */
} typology;

static void typology_free(typology *t) {
    ps_panel_free(&t->panel);
    ps_free(t->place);
    ps_free(t->variable);
    ps_free(t->x);
    ps_free(t->z);
    ps_free(t->key);
    ps_free(t->k);
    ps_free(t->fit);
    ps_free(t->label);
    ps_free(t->centre);
    ps_free(t->separate);
    ps_free(t->mean);
}

static ps_status take_complete(const ps_method_call *call, typology *t, ps_error *err) {
    const ps_panel *panel = &t->panel;
    size_t p = panel->indicator.n, n = 0, kept = 0;
    t->place = ps_alloc(panel->n, sizeof *t->place);
    t->variable = ps_alloc(p, sizeof *t->variable);
    t->x = ps_alloc(panel->n * p, sizeof *t->x);
    t->z = ps_alloc(panel->n * p, sizeof *t->z);
    bool *varies = ps_zalloc(p, sizeof *varies);
    if (t->place == NULL || t->variable == NULL || t->x == NULL || t->z == NULL ||
        varies == NULL) {
        ps_free(varies);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < panel->n; i++) {
        bool complete = true;
        for (size_t j = 0; j < p; j++)
            complete = complete && !isnan(panel->value[i * p + j]);
        t->place[i] = complete ? (int32_t)n : -1;
        if (complete) memcpy(t->x + n++ * p, panel->value + i * p, p * sizeof *t->x);
    }
    ps_standard_scores(n, p, t->x, t->z, varies);
    for (size_t j = 0; j < p; j++) {
        if (varies[j])
            t->variable[kept++] = j;
        else
            ps_say(ps_call_talk(call), PS_TALK_WARNING,
                   "%.*s is the same in all complete areas and left out",
                   panel->indicator.text[j].n < 60 ? (int)panel->indicator.text[j].n : 60,
                   panel->indicator.text[j].p);
    }
    ps_free(varies);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < kept; j++) {
            t->x[i * kept + j] = t->x[i * p + t->variable[j]];
            t->z[i * kept + j] = t->z[i * p + t->variable[j]];
        }
    t->n = n;
    t->p = kept;
    if (kept == 0)
        return ps_fail(err, PS_FORMAT,
                       "%s: no indicator varies over the %zu areas that have all of them",
                       ps_table_name(ps_call_table(call)), n);
    return PS_OK;
}

static ps_status take_key(const ps_method_call *call, typology *t, ps_error *err) {
    double *score = NULL;
    if (!ps_call_has(call, IN_SCORE)) return PS_OK;
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_SCORE, true, &score, err));
    t->key = ps_alloc(t->n, sizeof *t->key);
    for (size_t i = 0; t->key != NULL && i < t->panel.n; i++)
        if (t->place[i] >= 0) t->key[t->place[i]] = score[i];
    ps_free(score);
    return t->key != NULL ? PS_OK : ps_fail_nomem(err);
}

/* Which k are to be tried, and room for them. */
static ps_status plan_tries(const ps_method_call *call, typology *t, ps_error *err) {
    size_t different = 0, most;
    double k = ps_call_param_number(call, PARAM_K);
    PS_TRY(count_different(t->n, t->p, t->z, &different, err));
    t->least = isnan(k) ? 2 : (size_t)k;
    most = isnan(k) ? (size_t)ps_call_param_number(call, PARAM_MOST) : t->least;
    if (most > different) most = different;
    if (most < t->least)
        return ps_fail(err, PS_FORMAT,
                       "%s: %zu clusters cannot be made of %zu areas that have all "
                       "indicators, of which %zu differ",
                       ps_table_name(ps_call_table(call)), t->least, t->n, different);
    t->tried = most - t->least + 1;
    t->k = ps_alloc(t->tried, sizeof *t->k);
    t->fit = ps_alloc(t->tried, sizeof *t->fit);
    t->mean = ps_alloc(t->tried, sizeof *t->mean);
    t->label = ps_alloc(t->tried * t->n, sizeof *t->label);
    t->separate = ps_alloc(t->tried * t->n, sizeof *t->separate);
    t->centre = ps_alloc(most * t->p, sizeof *t->centre);
    if (t->k == NULL || t->fit == NULL || t->mean == NULL || t->label == NULL ||
        t->separate == NULL || t->centre == NULL)
        return ps_fail_nomem(err);
    for (size_t q = 0; q < t->tried; q++) t->k[q] = t->least + q;
    return PS_OK;
}

static ps_status fit_k(const ps_method_call *call, typology *t, size_t q, ps_error *err) {
    return ps_kmeans_fit(t->n, t->p, t->z, t->k[q],
                         (size_t)ps_call_param_number(call, PARAM_STARTS),
                         (uint64_t)ps_call_param_number(call, PARAM_SEED), t->key,
                         t->label + q * t->n, t->centre, &t->fit[q], err);
}

static ps_status choose(const ps_method_call *call, typology *t, ps_error *err) {
    for (size_t q = 0; q < t->tried; q++) PS_TRY(fit_k(call, t, q, err));
    PS_TRY(ps_silhouette(t->n, t->p, t->z, t->tried, t->k, t->label, t->separate, err));
    for (size_t q = 0; q < t->tried; q++) {
        ps_sum sum = {0};
        for (size_t i = 0; i < t->n; i++) ps_sum_add(&sum, t->separate[q * t->n + i]);
        t->mean[q] = ps_sum_value(&sum) / (double)t->n;
        if (t->mean[q] > t->mean[t->chosen] + GAIN) t->chosen = q;
    }
    /* The centres in hand are those of the last k. */
    if (t->chosen + 1 < t->tried) PS_TRY(fit_k(call, t, t->chosen, err));
    if (t->n < 5 * t->k[t->chosen])
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%zu areas are few for %zu clusters: fewer than 5 for each", t->n,
               t->k[t->chosen]);
    return PS_OK;
}

static ps_status run_typology(const ps_method_call *call, typology *t, ps_error *err) {
    PS_TRY(ps_panel_read(call, PS_PANEL_NO_PERIOD, IN_AREA, IN_INDICATOR, IN_VALUE,
                         &t->panel, err));
    PS_TRY(take_complete(call, t, err));
    PS_TRY(take_key(call, t, err));
    PS_TRY(plan_tries(call, t, err));
    return choose(call, t, err);
}

static ps_status with_typology(const ps_method_call *call,
                               ps_status (*write)(const ps_method_call *,
                                                  const typology *, ps_error *),
                               ps_error *err) {
    typology t = {0};
    ps_status status = run_typology(call, &t, err);
    if (status == PS_OK) status = write(call, &t, err);
    typology_free(&t);
    return status;
}

static const ps_method_column kmeans_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "in order"},
    {"cluster", PS_COLUMN_INTEGER, true, "1 has the lowest mean score"},
    {"dist_to_centroid", PS_COLUMN_NUMBER, true, "of the standardised indicators"},
    {"silhouette", PS_COLUMN_NUMBER, true, "-1 to 1; near 0 between two clusters"},
    {"k", PS_COLUMN_INTEGER, true, "clusters"},
    {"n", PS_COLUMN_INTEGER, true, "areas that have all indicators"},
    {"silhouette_mean", PS_COLUMN_NUMBER, true, "over the areas"},
    {"tot_within", PS_COLUMN_NUMBER, true, "sum of squares within clusters"},
    {"between", PS_COLUMN_NUMBER, true, "sum of squares between clusters"},
    {"total", PS_COLUMN_NUMBER, true, "sum of squares; within and between together"},
    {"nstart", PS_COLUMN_INTEGER, true, "starts"},
    {"seed", PS_COLUMN_INTEGER, true, "of the starts"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing (an indicator)"},
};

static void step_cluster(const ps_method_call *call, const typology *t, size_t i,
                         size_t nearest) {
    ps_output *steps = ps_call_steps(call, 1);
    if (steps == NULL) return;
    for (size_t j = 0; j < t->p; j++) {
        const ps_str name = t->panel.indicator.text[t->variable[j]];
        ps_step_add(steps, t->z[i * t->p + j],
                    "standardised over %zu areas, %.*s of %s here", t->n,
                    name.n < 60 ? (int)name.n : 60, name.p, PS_STEP(t->x[i * t->p + j]));
    }
    for (size_t c = 0; c < t->k[t->chosen]; c++)
        ps_step_add(steps,
                    sqrt(square_distance(t->p, t->z + i * t->p, t->centre + c * t->p)),
                    "distance from the centre of cluster %zu", c + 1);
    ps_step_add(steps, t->mean[t->chosen],
                "mean silhouette of %zu clusters, the best of %s starts with seed %s",
                t->k[t->chosen], PS_STEP(ps_call_param_number(call, PARAM_STARTS)),
                PS_STEP(ps_call_param_number(call, PARAM_SEED)));
    ps_step_add(steps, (double)nearest + 1, "cluster that the area belongs to");
}

static ps_status write_areas(const ps_method_call *call, const typology *t,
                             ps_error *err) {
    size_t q = t->chosen;
    const ps_kmeans *fit = &t->fit[q];
    for (size_t a = 0; a < t->panel.n; a++) {
        ps_call_put_text(call, 0, t->panel.area.text[a]);
        if (t->place[a] >= 0) {
            size_t i = (size_t)t->place[a], c = (size_t)t->label[q * t->n + i];
            step_cluster(call, t, i, c);
            ps_call_put_int(call, 1, (int64_t)c + 1);
            ps_call_put_known(
                call, 2,
                sqrt(square_distance(t->p, t->z + i * t->p, t->centre + c * t->p)));
            ps_call_put_known(call, 3, t->separate[q * t->n + i]);
        }
        ps_call_put_int(call, 4, (int64_t)t->k[q]);
        ps_call_put_int(call, 5, (int64_t)t->n);
        ps_call_put_known(call, 6, t->mean[q]);
        ps_call_put_known(call, 7, fit->within);
        ps_call_put_known(call, 8, fit->between);
        ps_call_put_known(call, 9, fit->total);
        ps_call_put_int(call, 10, (int64_t)ps_call_param_number(call, PARAM_STARTS));
        ps_call_put_int(call, 11, (int64_t)ps_call_param_number(call, PARAM_SEED));
        ps_call_put_status(call, 12, t->place[a] >= 0 ? PS_VALUE_OK : PS_VALUE_MISSING);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_kmeans(const ps_method_call *call, ps_error *err) {
    return with_typology(call, write_areas, err);
}

#define KMEANS_SOURCE \
    "Lloyd 1982; Hartigan & Wong 1979; Arthur & Vassilvitskii 2007; Rousseeuw 1987"
#define KMEANS_EVIDENCE                                                             \
    "R kmeans on the same points, from 200 starts and from our centres, cluster's " \
    "silhouette, fresh points: 3e-16"

const ps_method ps_method_kmeans = {
    .id = "kmeans",
    .title = "Typology of areas (k-means)",
    .formula =
        "least sum of (z - centroid of the cluster)^2 over complete areas, z = (x - "
        "mean) "
        "/ sd; k-means++ starts, Lloyd's steps, then single moves until none gains; the "
        "best of nstart. Silhouette (b - a) / max(a, b). Clusters are numbered by mean "
        "imd_score, or by the first indicator.",
    .source = KMEANS_SOURCE,
    .evidence = KMEANS_EVIDENCE,
    .input = kmeans_inputs,
    .n_input = PS_LENGTH(kmeans_inputs),
    .param = kmeans_params,
    .n_param = PS_LENGTH(kmeans_params),
    .output = kmeans_outputs,
    .n_output = PS_LENGTH(kmeans_outputs),
    .run = run_kmeans,
};

static const ps_method_column centroid_outputs[] = {
    {"cluster", PS_COLUMN_INTEGER, true, "as kmeans numbers them"},
    {"indicator", PS_COLUMN_TEXT, true, "that varies"},
    {"n_areas", PS_COLUMN_INTEGER, true, "of the cluster"},
    {"centroid_z", PS_COLUMN_NUMBER, true, "mean standardised value of the cluster"},
    {"centroid", PS_COLUMN_NUMBER, true, "mean value of the cluster"},
    {"mean", PS_COLUMN_NUMBER, true, "over all complete areas"},
    {"silhouette", PS_COLUMN_NUMBER, true, "mean of the cluster"},
    {"status", PS_COLUMN_TEXT, true, "ok"},
};

/* Mean of column j over the areas of cluster c, or over all for c = k; and how many. */
static double mean_over(const typology *t, const double *x, size_t p, size_t j, size_t c,
                        size_t *count) {
    const int32_t *label = t->label + t->chosen * t->n;
    ps_sum sum = {0};
    *count = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (c < t->k[t->chosen] && (size_t)label[i] != c) continue;
        ps_sum_add(&sum, x[i * p + j]);
        ++*count;
    }
    return ps_sum_value(&sum) / (double)*count;
}

static ps_status write_centroids(const ps_method_call *call, const typology *t,
                                 ps_error *err) {
    size_t q = t->chosen, k = t->k[q], count;
    for (size_t c = 0; c < k; c++)
        for (size_t j = 0; j < t->p; j++) {
            ps_call_put_int(call, 0, (int64_t)c + 1);
            ps_call_put_text(call, 1, t->panel.indicator.text[t->variable[j]]);
            ps_call_put_known(call, 5, mean_over(t, t->x, t->p, j, k, &count));
            ps_call_put_known(call, 6,
                              mean_over(t, t->separate + q * t->n, 1, 0, c, &count));
            ps_call_put_known(call, 4, mean_over(t, t->x, t->p, j, c, &count));
            ps_call_put_int(call, 2, (int64_t)count);
            ps_call_put_known(call, 3, t->centre[c * t->p + j]);
            ps_call_put_status(call, 7, PS_VALUE_OK);
            PS_TRY(ps_call_end_row(call, err));
        }
    return PS_OK;
}

static ps_status run_centroids(const ps_method_call *call, ps_error *err) {
    return with_typology(call, write_centroids, err);
}

const ps_method ps_method_kmeans_centroids = {
    .id = "kmeans_centroids",
    .title = "Centroids of a typology",
    .formula =
        "means of each cluster of kmeans, with the same parameters, standardised "
        "and in the indicators' own units",
    .source = KMEANS_SOURCE,
    .evidence = KMEANS_EVIDENCE,
    .input = kmeans_inputs,
    .n_input = PS_LENGTH(kmeans_inputs),
    .param = kmeans_params,
    .n_param = PS_LENGTH(kmeans_params),
    .output = centroid_outputs,
    .n_output = PS_LENGTH(centroid_outputs),
    .run = run_centroids,
};

static const ps_method_column choice_outputs[] = {
    {"k", PS_COLUMN_INTEGER, true, "clusters"},
    {"silhouette_mean", PS_COLUMN_NUMBER, true, "the greatest is chosen"},
    {"tot_within", PS_COLUMN_NUMBER, true, "sum of squares within clusters"},
    {"between", PS_COLUMN_NUMBER, true, "sum of squares between clusters"},
    {"between_share", PS_COLUMN_NUMBER, true, "of the total"},
    {"smallest", PS_COLUMN_INTEGER, true, "areas of the smallest cluster"},
    {"largest", PS_COLUMN_INTEGER, true, "areas of the largest cluster"},
    {"chosen", PS_COLUMN_INTEGER, true, "1: by kmeans when k is not given"},
    {"status", PS_COLUMN_TEXT, true, "ok"},
};

static ps_status write_choice(const ps_method_call *call, const typology *t,
                              ps_error *err) {
    for (size_t q = 0; q < t->tried; q++) {
        size_t smallest = t->n, largest = 0;
        for (size_t c = 0; c < t->k[q]; c++) {
            size_t size = 0;
            for (size_t i = 0; i < t->n; i++) size += (size_t)t->label[q * t->n + i] == c;
            if (size < smallest) smallest = size;
            if (size > largest) largest = size;
        }
        ps_call_put_int(call, 0, (int64_t)t->k[q]);
        ps_call_put_known(call, 1, t->mean[q]);
        ps_call_put_known(call, 2, t->fit[q].within);
        ps_call_put_known(call, 3, t->fit[q].between);
        ps_call_put_known(call, 4, t->fit[q].between / t->fit[q].total);
        ps_call_put_int(call, 5, (int64_t)smallest);
        ps_call_put_int(call, 6, (int64_t)largest);
        ps_call_put_int(call, 7, q == t->chosen);
        ps_call_put_status(call, 8, PS_VALUE_OK);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_choice(const ps_method_call *call, ps_error *err) {
    return with_typology(call, write_choice, err);
}

const ps_method ps_method_kmeans_choice = {
    .id = "kmeans_choice",
    .title = "How many clusters of a typology",
    .formula = "the sums of squares and the mean silhouette of kmeans for every k",
    .source = KMEANS_SOURCE,
    .evidence = KMEANS_EVIDENCE,
    .input = kmeans_inputs,
    .n_input = PS_LENGTH(kmeans_inputs),
    .param = kmeans_params,
    .n_param = PS_LENGTH(kmeans_params),
    .output = choice_outputs,
    .n_output = PS_LENGTH(choice_outputs),
    .run = run_choice,
};

enum { IN_A, IN_B };
static const ps_method_column rand_inputs[] = {
    {"a", PS_COLUMN_TEXT, true, "group of the area in one partition"},
    {"b", PS_COLUMN_TEXT, true, "its group in the other"},
};

static const ps_method_column rand_outputs[] = {
    {"value", PS_COLUMN_NUMBER, true, "1: the same partition; 0: as chance has it"},
    {"n", PS_COLUMN_INTEGER, true, "areas with both groups"},
    {"n_missing", PS_COLUMN_INTEGER, true, "areas without"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, undefined (fewer than 2, or both partitions trivial)"},
};

static ps_status write_rand(const ps_method_call *call, ps_codes *a, ps_codes *b,
                            ps_error *err) {
    size_t n = 0, rows = ps_call_rows(call);
    ps_value value;
    for (size_t i = 0; i < rows; i++) {
        if (ps_call_text(call, i, IN_A).n == 0 || ps_call_text(call, i, IN_B).n == 0)
            continue;
        a->code[n] = a->code[i];
        b->code[n++] = b->code[i];
    }
    PS_TRY(ps_adjusted_rand(n, a->code, b->code, &value, err));
    ps_call_put_value(call, 0, value);
    ps_call_put_int(call, 1, (int64_t)n);
    ps_call_put_int(call, 2, (int64_t)(rows - n));
    ps_call_put_status(call, 3, value.status);
    return ps_call_end_row(call, err);
}

static ps_status run_rand(const ps_method_call *call, ps_error *err) {
    ps_codes a = {0}, b = {0};
    ps_status status = ps_codes_build(call, IN_A, &a, err);
    if (status == PS_OK) status = ps_codes_build(call, IN_B, &b, err);
    if (status == PS_OK) status = write_rand(call, &a, &b, err);
    ps_codes_free(&a);
    ps_codes_free(&b);
    return status;
}

const ps_method ps_method_adjusted_rand = {
    .id = "adjusted_rand",
    .title = "Agreement of two partitions",
    .formula =
        "(pairs together in both - expected) / (mean of pairs together in each - "
        "expected), expected = product of the two / all pairs",
    .source = "Hubert & Arabie 1985",
    .evidence = "adjustedRandIndex of R mclust, fresh partitions: 3e-16",
    .input = rand_inputs,
    .n_input = PS_LENGTH(rand_inputs),
    .param = NULL,
    .n_param = 0,
    .output = rand_outputs,
    .n_output = PS_LENGTH(rand_outputs),
    .run = run_rand,
};
