/* Neighbours by list, by rank of distance, by distance.
 *
 * Points are sorted by x once; the neighbours of a point are found by walking both ways
 * until the difference in x alone is too large. */
#include "indicators/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/keys.h"
#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/draw.h"

void ps_weights_free(ps_weights *weights) {
    if (weights == NULL) return;
    ps_free(weights->offset);
    ps_free(weights->to);
    ps_free(weights->weight);
    *weights = (ps_weights){0};
}

static ps_status allocate(ps_weights *w, size_t n, size_t entries, ps_error *err) {
    *w = (ps_weights){.n = n,
                      .offset = ps_zalloc(n + 1, sizeof *w->offset),
                      .to = ps_alloc(entries, sizeof *w->to),
                      .weight = ps_alloc(entries, sizeof *w->weight)};
    if (w->offset != NULL && w->to != NULL && w->weight != NULL) return PS_OK;
    ps_weights_free(w);
    return ps_fail_nomem(err);
}

typedef struct edge {
    int32_t from, to;
    double weight;
    size_t order;
} edge;

static int by_ends(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->to != y->to) return x->to < y->to ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static ps_status check_edge(size_t n, const edge *e, ps_error *err) {
    if (n > INT32_MAX || e->from < 0 || e->to < 0 || (size_t)e->from >= n ||
        (size_t)e->to >= n)
        return ps_fail(err, PS_FORMAT,
                       "neighbour pair %zu is (%d, %d), but there are %zu", e->order + 1,
                       (int)e->from, (int)e->to, n);
    if (e->from == e->to)
        return ps_fail(err, PS_FORMAT, "neighbour pair %zu ties unit %d to itself",
                       e->order + 1, (int)e->from);
    if (!(e->weight > 0) || !isfinite(e->weight))
        return ps_fail(err, PS_FORMAT,
                       "the weight of neighbour pair %zu has to be above 0",
                       e->order + 1);
    return PS_OK;
}

ps_status ps_weights_edges(size_t n, size_t n_edges, const int32_t *from,
                           const int32_t *to, const double *weight, ps_weights *out,
                           ps_error *err) {
    *out = (ps_weights){0};
    edge *edges = ps_alloc(n_edges, sizeof *edges);
    if (edges == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t k = 0; k < n_edges && status == PS_OK; k++) {
        edges[k] = (edge){from[k], to[k], weight != NULL ? weight[k] : 1, k};
        status = check_edge(n, &edges[k], err);
    }
    if (status == PS_OK) status = allocate(out, n, n_edges, err);
    if (status == PS_OK) {
        if (n_edges > 1) qsort(edges, n_edges, sizeof *edges, by_ends);
        size_t at = 0;
        for (size_t k = 0; k < n_edges; k++) {
            const edge *e = &edges[k];
            if (k > 0 && e->from == e[-1].from && e->to == e[-1].to) continue;
            out->offset[e->from + 1]++;
            out->to[at] = e->to;
            out->weight[at++] = e->weight;
        }
        for (size_t i = 0; i < n; i++) out->offset[i + 1] += out->offset[i];
    }
    ps_free(edges);
    return status;
}

typedef struct point {
    double x, y;
    int32_t index;
} point;

static int by_x(const void *a, const void *b) {
    const point *p = a, *q = b;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return p->index < q->index ? -1 : p->index > q->index;
}

static ps_status sort_points(size_t n, const double *x, const double *y, point **out,
                             ps_error *err) {
    *out = NULL;
    if (n > INT32_MAX) return ps_fail(err, PS_LIMIT, "%zu points are too many", n);
    point *points = ps_alloc(n, sizeof *points);
    if (points == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        points[i] = (point){x[i], y[i], (int32_t)i};
        if (isfinite(x[i]) && isfinite(y[i])) continue;
        ps_free(points);
        return ps_fail(err, PS_FORMAT, "point %zu has no coordinates", i + 1);
    }
    if (n > 1) qsort(points, n, sizeof *points, by_x);
    *out = points;
    return PS_OK;
}

static double square_distance(const point *p, const point *q) {
    double dx = p->x - q->x, dy = p->y - q->y;
    return dx * dx + dy * dy;
}

typedef struct near {
    double d2;
    int32_t index;
} near;

typedef struct nearest {
    const point *point;
    size_t n, k;
    near *best; /* k per worker */
    ps_weights *out;
} nearest;

static size_t offer(near *best, size_t held, size_t k, near candidate) {
    size_t at = held;
    while (at > 0 &&
           (candidate.d2 < best[at - 1].d2 ||
            (candidate.d2 == best[at - 1].d2 && candidate.index < best[at - 1].index)))
        at--;
    if (at >= k) return held;
    size_t last = held < k ? held : k - 1;
    memmove(best + at + 1, best + at, (last - at) * sizeof *best);
    best[at] = candidate;
    return last + 1;
}

static int by_index(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static ps_status find_nearest(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    (void)err;
    const nearest *c = context;
    near *best = c->best + (size_t)worker * (c->k + 1);
    for (size_t i = begin; i < end; i++) {
        const point *p = &c->point[i];
        size_t held = 0;
        size_t left = i, right = i + 1; /* not yet seen: below left, from right on */
        for (;;) {
            double to_left = left > 0 ? p->x - c->point[left - 1].x : (double)INFINITY;
            double to_right = right < c->n ? c->point[right].x - p->x : (double)INFINITY;
            double step = fmin(to_left, to_right);
            if (!isfinite(step) || (held == c->k && step * step > best[held - 1].d2))
                break;
            const point *q = to_left <= to_right ? &c->point[--left] : &c->point[right++];
            held = offer(best, held, c->k, (near){square_distance(p, q), q->index});
        }
        int32_t *to = c->out->to + (size_t)p->index * c->k;
        for (size_t m = 0; m < c->k; m++) to[m] = best[m].index;
        qsort(to, c->k, sizeof *to, by_index);
    }
    return PS_OK;
}

ps_status ps_weights_nearest(size_t n, const double *x, const double *y, size_t k,
                             ps_weights *out, ps_error *err) {
    *out = (ps_weights){0};
    if (k < 1 || k >= n)
        return ps_fail(err, PS_CONFIG,
                       "k is %zu, but has to be in 1 to %zu, as there are %zu areas", k,
                       n > 1 ? n - 1 : 0, n);
    point *points;
    PS_TRY(sort_points(n, x, y, &points, err));
    near *best = ps_alloc((size_t)ps_threads() * (k + 1), sizeof *best);
    ps_status status = best != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK && k > SIZE_MAX / n) status = ps_fail_nomem(err);
    if (status == PS_OK) status = allocate(out, n, n * k, err);
    if (status == PS_OK) {
        for (size_t i = 0; i <= n; i++) out->offset[i] = i * k;
        for (size_t m = 0; m < n * k; m++) out->weight[m] = 1;
        nearest context = {points, n, k, best, out};
        status = ps_par_for(n, 256, find_nearest, &context, err);
    }
    ps_free(best);
    ps_free(points);
    if (status != PS_OK) ps_weights_free(out);
    return status;
}

/* The others of a point within the band, into to when it is not NULL. */
static size_t within(const point *points, size_t n, size_t i, double most, int32_t *to) {
    size_t found = 0;
    const point *p = &points[i];
    for (size_t j = i; j-- > 0 && p->x - points[j].x <= most;) {
        double d = sqrt(square_distance(p, &points[j]));
        if (!(d > 0) || d > most) continue;
        if (to != NULL) to[found] = points[j].index;
        found++;
    }
    for (size_t j = i + 1; j < n && points[j].x - p->x <= most; j++) {
        double d = sqrt(square_distance(p, &points[j]));
        if (!(d > 0) || d > most) continue;
        if (to != NULL) to[found] = points[j].index;
        found++;
    }
    return found;
}

ps_status ps_weights_band(size_t n, const double *x, const double *y, double most,
                          ps_weights *out, ps_error *err) {
    *out = (ps_weights){0};
    if (!(most > 0) || !isfinite(most))
        return ps_fail(err, PS_CONFIG, "the distance of a band has to be above 0");
    point *points;
    PS_TRY(sort_points(n, x, y, &points, err));
    size_t entries = 0;
    for (size_t i = 0; i < n; i++) entries += within(points, n, i, most, NULL);
    ps_status status = allocate(out, n, entries, err);
    if (status == PS_OK) {
        for (size_t i = 0; i < n; i++)
            out->offset[points[i].index + 1] = within(points, n, i, most, NULL);
        for (size_t i = 0; i < n; i++) out->offset[i + 1] += out->offset[i];
        for (size_t i = 0; i < n; i++) {
            int32_t *to = out->to + out->offset[points[i].index];
            size_t found = within(points, n, i, most, to);
            if (found > 1) qsort(to, found, sizeof *to, by_index);
        }
        for (size_t m = 0; m < entries; m++) out->weight[m] = 1;
    }
    ps_free(points);
    return status;
}

void ps_weights_standardise(ps_weights *w) {
    for (size_t i = 0; i < w->n; i++) {
        double sum = 0;
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) sum += w->weight[k];
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) w->weight[k] /= sum;
    }
}

ps_status ps_weights_subset(const ps_weights *w, const bool *keep, ps_weights *out,
                            ps_error *err) {
    *out = (ps_weights){0};
    int32_t *number = ps_alloc(w->n, sizeof *number);
    if (number == NULL) return ps_fail_nomem(err);
    size_t n = 0, at = 0;
    for (size_t i = 0; i < w->n; i++) number[i] = keep[i] ? (int32_t)n++ : -1;
    ps_status status = allocate(out, n, w->offset[w->n], err);
    for (size_t i = 0; status == PS_OK && i < w->n; i++) {
        if (!keep[i]) continue;
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) {
            if (!keep[w->to[k]]) continue;
            out->to[at] = number[w->to[k]];
            out->weight[at++] = w->weight[k];
        }
        out->offset[number[i] + 1] = at;
    }
    ps_free(number);
    return status;
}

/* ---- for the adaptors ---- */

enum { IN_AREA, IN_NEIGHBOURS, IN_X, IN_Y };
enum { PARAM_WEIGHTS, PARAM_K, PARAM_DISTANCE, PARAM_STYLE };

typedef struct edge_list {
    int32_t *from, *to;
    size_t n, from_capacity, to_capacity;
} edge_list;

static ps_status add_pair(edge_list *list, int32_t from, int32_t to, ps_error *err) {
    void *block = list->from;
    ps_status status =
        ps_grow(&block, &list->from_capacity, list->n + 1, sizeof *list->from, err);
    list->from = block;
    if (status != PS_OK) return status;
    block = list->to;
    status = ps_grow(&block, &list->to_capacity, list->n + 1, sizeof *list->to, err);
    list->to = block;
    if (status != PS_OK) return status;
    list->from[list->n] = from;
    list->to[list->n++] = to;
    return PS_OK;
}

static ps_status add_codes(const ps_method_call *call, size_t row, const ps_keys *codes,
                           const int32_t *number, edge_list *list, ps_error *err) {
    ps_str rest = ps_call_text(call, row, IN_NEIGHBOURS);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, ';', rest.n);
        size_t width = end != NULL ? (size_t)(end - rest.p) : rest.n;
        ps_str code = ps_str_trim((ps_str){rest.p, width});
        size_t used = end != NULL ? width + 1 : width;
        rest = (ps_str){rest.p + used, rest.n - used};
        if (code.n == 0) continue;
        int32_t other = ps_keys_find(codes, code);
        if (other == PS_NONE)
            return ps_fail(
                err, PS_FORMAT, "%s: row %s: the neighbour '%.*s' is not in the table",
                ps_table_name(ps_call_table(call)), ps_call_row_text(call, row).text,
                code.n < 60 ? (int)code.n : 60, code.p);
        if ((size_t)other == row || number[other] < 0) continue;
        PS_TRY(add_pair(list, number[row], number[other], err));
    }
    return PS_OK;
}

static ps_status from_list(const ps_method_call *call, const ps_keys *codes, size_t n,
                           const int32_t *row, const int32_t *number, ps_weights *out,
                           ps_error *err) {
    if (!ps_call_has(call, IN_NEIGHBOURS))
        return ps_fail(err, PS_CONFIG,
                       "%s has no column neighbours; add it, or give -p weights=nearest "
                       "or -p weights=band with columns x and y",
                       ps_table_name(ps_call_table(call)));
    edge_list list = {0};
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = add_codes(call, (size_t)row[i], codes, number, &list, err);
    if (status == PS_OK)
        status = ps_weights_edges(n, list.n, list.from, list.to, NULL, out, err);
    ps_free(list.from);
    ps_free(list.to);
    return status;
}

static ps_status from_points(const ps_method_call *call, size_t n, const int32_t *row,
                             ps_weights *out, ps_error *err) {
    double *x = ps_alloc(n, sizeof *x), *y = ps_alloc(n, sizeof *y);
    ps_status status = x != NULL && y != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        bool no_x = true, no_y = true;
        status = ps_call_number(call, (size_t)row[i], IN_X, &x[i], &no_x, err);
        if (status == PS_OK)
            status = ps_call_number(call, (size_t)row[i], IN_Y, &y[i], &no_y, err);
        if (status == PS_OK && (no_x || no_y))
            status = ps_fail(err, PS_FORMAT,
                             "%s: row %s has no x or no y, which these weights need",
                             ps_table_name(ps_call_table(call)),
                             ps_call_row_text(call, (size_t)row[i]).text);
    }
    if (status == PS_OK && ps_call_param_is(call, PARAM_WEIGHTS, "nearest"))
        status = ps_weights_nearest(n, x, y, (size_t)ps_call_param_number(call, PARAM_K),
                                    out, err);
    else if (status == PS_OK && isnan(ps_call_param_number(call, PARAM_DISTANCE)))
        status = ps_fail(err, PS_CONFIG, "weights=band needs -p distance=METRES");
    else if (status == PS_OK)
        status = ps_weights_band(n, x, y, ps_call_param_number(call, PARAM_DISTANCE), out,
                                 err);
    ps_free(x);
    ps_free(y);
    return status;
}

/* Leaves out units without neighbours; another may lose its last one by that. */
static ps_status drop_islands(ps_places *p, size_t *n_islands, ps_error *err) {
    bool *keep = ps_alloc(p->n, sizeof *keep);
    if (keep == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (bool found = true; found && status == PS_OK;) {
        found = false;
        size_t kept = 0;
        for (size_t i = 0; i < p->n; i++) {
            keep[i] = p->weights.offset[i + 1] > p->weights.offset[i];
            found = found || !keep[i];
        }
        if (!found) break;
        ps_weights fewer;
        status = ps_weights_subset(&p->weights, keep, &fewer, err);
        if (status != PS_OK) break;
        for (size_t i = 0; i < p->n; i++) {
            p->place[p->row[i]] = keep[i] ? (int32_t)kept : -2;
            if (keep[i])
                p->row[kept++] = p->row[i];
            else
                ++*n_islands;
        }
        ps_weights_free(&p->weights);
        p->weights = fewer;
        p->n = kept;
    }
    ps_free(keep);
    return status;
}

static ps_status read_codes(const ps_method_call *call, ps_keys *codes, ps_error *err) {
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        bool added;
        int32_t id;
        ps_str code = ps_call_text(call, i, IN_AREA);
        PS_TRY(ps_keys_add(codes, code, &id, &added, err));
        if (!added)
            return ps_fail(err, PS_FORMAT, "%s: row %s: area %.*s is there twice",
                           ps_table_name(ps_call_table(call)),
                           ps_call_row_text(call, i).text, code.n < 60 ? (int)code.n : 60,
                           code.p);
    }
    return PS_OK;
}

static ps_status fill_places(const ps_method_call *call, const bool *has, ps_keys *codes,
                             ps_places *out, ps_error *err) {
    size_t rows = ps_call_rows(call), n_islands = 0;
    PS_TRY(read_codes(call, codes, err));
    for (size_t i = 0; i < rows; i++) {
        out->place[i] = has[i] ? (int32_t)out->n : -1;
        if (has[i]) out->row[out->n++] = (int32_t)i;
    }
    if (ps_call_param_is(call, PARAM_WEIGHTS, "neighbours"))
        PS_TRY(from_list(call, codes, out->n, out->row, out->place, &out->weights, err));
    else
        PS_TRY(from_points(call, out->n, out->row, &out->weights, err));
    PS_TRY(drop_islands(out, &n_islands, err));
    if (n_islands > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%zu areas without neighbours are left out of the analysis", n_islands);
    if (ps_call_param_is(call, PARAM_STYLE, "W")) ps_weights_standardise(&out->weights);
    for (size_t i = 0; i < out->n; i++)
        out->unit[i] = ps_draw_unit(ps_call_text(call, (size_t)out->row[i], IN_AREA));
    return PS_OK;
}

ps_status ps_places_read(const ps_method_call *call, const bool *has, ps_places *out,
                         ps_error *err) {
    size_t rows = ps_call_rows(call);
    *out = (ps_places){.row = ps_alloc(rows, sizeof *out->row),
                       .place = ps_alloc(rows, sizeof *out->place),
                       .unit = ps_alloc(rows, sizeof *out->unit)};
    ps_keys *codes = NULL;
    ps_status status = PS_OK;
    if (out->row == NULL || out->place == NULL || out->unit == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK) status = ps_keys_create(&codes, err);
    if (status == PS_OK) status = fill_places(call, has, codes, out, err);
    ps_keys_free(codes);
    if (status != PS_OK) ps_places_free(out);
    return status;
}

ps_value_status ps_places_status(const ps_places *places, size_t row) {
    return places->place[row] == -1 ? PS_VALUE_MISSING : PS_VALUE_NOT_APPLICABLE;
}

void ps_places_free(ps_places *places) {
    ps_free(places->row);
    ps_free(places->place);
    ps_free(places->unit);
    ps_weights_free(&places->weights);
    *places = (ps_places){0};
}
