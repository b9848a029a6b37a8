#include "geo/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "geo/freeze.h"

typedef struct corner {
    int32_t x, y, area;
} corner;

typedef struct pair {
    int32_t from, to;
} pair;

static int by_place(const void *a, const void *b) {
    const corner *p = a, *q = b;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    if (p->y != q->y) return p->y < q->y ? -1 : 1;
    return (p->area > q->area) - (p->area < q->area);
}

static int by_areas(const void *a, const void *b) {
    const pair *p = a, *q = b;
    if (p->from != q->from) return p->from < q->from ? -1 : 1;
    return (p->to > q->to) - (p->to < q->to);
}

static size_t list_corners(const ps_frozen *frozen, corner *out) {
    const ps_areas *areas = frozen->areas;
    size_t n = 0;
    for (size_t a = 0; a < areas->n; a++)
        for (uint32_t r = areas->area_ring[a]; r < areas->area_ring[a + 1]; r++)
            for (uint32_t p = frozen->ring_begin[r]; p < frozen->ring_end[r]; p++)
                out[n++] = (corner){frozen->x[p], frozen->y[p], (int32_t)a};
    qsort(out, n, sizeof *out, by_place);
    return n;
}

/* All ordered pairs of different areas at each place. */
static ps_status list_pairs(const corner *corners, size_t n, pair **out, size_t *n_out,
                            ps_error *err) {
    size_t capacity = 0;
    *out = NULL;
    *n_out = 0;
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n && corners[end].x == corners[begin].x &&
                          corners[end].y == corners[begin].y;)
            end++;
        for (size_t i = begin; i < end; i++)
            for (size_t k = begin; k < end; k++) {
                if (corners[i].area == corners[k].area) continue;
                PS_TRY(ps_grow((void **)out, &capacity, *n_out + 1, sizeof **out, err));
                (*out)[(*n_out)++] = (pair){corners[i].area, corners[k].area};
            }
    }
    if (*n_out > 0) qsort(*out, *n_out, sizeof **out, by_areas);
    return PS_OK;
}

static ps_status fill(size_t n_areas, const pair *pairs, size_t n, ps_neighbours *out,
                      ps_error *err) {
    out->offset = ps_zalloc(n_areas + 1, sizeof *out->offset);
    out->area = ps_alloc(n > 0 ? n : 1, sizeof *out->area);
    if (out->offset == NULL || out->area == NULL) return ps_fail_nomem(err);
    size_t used = 0;
    for (size_t a = 0, i = 0; a < n_areas; a++) {
        out->offset[a] = used;
        for (; i < n && (size_t)pairs[i].from == a; i++)
            if (i == 0 || by_areas(&pairs[i - 1], &pairs[i]) != 0)
                out->area[used++] = pairs[i].to;
    }
    out->offset[n_areas] = used;
    return PS_OK;
}

ps_status ps_neighbours_find(const ps_areas *areas, ps_neighbours *out, ps_error *err) {
    ps_frozen *frozen = NULL;
    pair *pairs = NULL;
    size_t n = 0;
    *out = (ps_neighbours){NULL, NULL};
    const bool geographic = areas->crs != NULL && ps_crs_is_geographic(areas->crs);
    PS_TRY(ps_freeze(areas, NULL, geographic, &frozen, err));
    corner *corners =
        ps_alloc(frozen->n_points > 0 ? frozen->n_points : 1, sizeof *corners);
    ps_status status = corners != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK)
        status = list_pairs(corners, list_corners(frozen, corners), &pairs, &n, err);
    if (status == PS_OK) status = fill(areas->n, pairs, n, out, err);
    ps_free(corners), ps_free(pairs);
    ps_frozen_free(frozen);
    if (status != PS_OK) ps_neighbours_free(out);
    return status;
}

void ps_neighbours_free(ps_neighbours *neighbours) {
    ps_free(neighbours->offset);
    ps_free(neighbours->area);
    *neighbours = (ps_neighbours){NULL, NULL};
}
