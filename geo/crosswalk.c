/* Rings are cut into strands of some edges; the strands of each side hang in a packed
 * tree of boxes along a Hilbert curve. A unit of work is a run of strands: the walk comes
 * in from outside along a horizontal path, then follows the edges, and hops from ring to
 * ring along two axis-parallel steps. All that is crossed on the way, on an edge or on a
 * path, changes what the walk is inside of; edges give area, paths none.
 */
#include "geo/crosswalk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/freeze.h"
#include "geo/shape.h"

enum {
    STRAND_EDGES = 8,
    FAN = 8, /* children of a node of the tree */
    MAX_LEVELS = 12,
    UNIT_STRANDS = 64,
    FRACTION = 20, /* bits of a crossing below the unit */
    FEW = 32       /* up to so many are sorted by insertion */
};

/* Sums wrap around: they fit in the end, whatever happens on the way. */
__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

static wide widen(int64_t v) {
    const signed_wide s = v;
    return (wide)s;
}

typedef struct box {
    int32_t low_x, low_y, high_x, high_y;
} box;

/* Up to STRAND_EDGES successive edges of one ring. */
typedef struct strand {
    box box;
    uint32_t first; /* point; edge i runs from first + i to first + i + 1 */
    int32_t area;
    int8_t sign; /* 1 when the area is left of its edges, else -1 */
    uint8_t n;
    bool opens; /* the first of its ring */
} strand;

/* One geography in the common plane. */
typedef struct side {
    size_t areas;
    int32_t *x, *y;
    strand *strand;
    size_t n;
    uint32_t *order; /* strands along the curve: leaf i is strand order[i] */
    box *node; /* level 0: the leaves; node i of level l has the children FAN * i .. */
    size_t level[MAX_LEVELS + 1]; /* where each level begins */
    int levels;
} side;

static void side_free(side *s) {
    ps_free(s->x);
    ps_free(s->y);
    ps_free(s->strand);
    ps_free(s->order);
    ps_free(s->node);
}

static bool touch(box a, box b) {
    return a.low_x <= b.high_x && b.low_x <= a.high_x && a.low_y <= b.high_y &&
           b.low_y <= a.high_y;
}

static box around(box a, box b) {
    return (box){a.low_x < b.low_x ? a.low_x : b.low_x,
                 a.low_y < b.low_y ? a.low_y : b.low_y,
                 a.high_x > b.high_x ? a.high_x : b.high_x,
                 a.high_y > b.high_y ? a.high_y : b.high_y};
}

static box box_of(int32_t x1, int32_t y1, int32_t x2, int32_t y2) {
    return (box){x1 < x2 ? x1 : x2, y1 < y2 ? y1 : y2, x1 < x2 ? x2 : x1,
                 y1 < y2 ? y2 : y1};
}

/* --- the common plane --- */

typedef struct frame {
    double scale;
    int64_t origin_x, origin_y;
} frame;

/* A coordinate in units of the plane that is `times` coarser; half away from zero. */
static int64_t coarsen(int64_t v, int64_t times) {
    return v >= 0 ? (v + times / 2) / times : -((-v + times / 2) / times);
}

/* The finest plane that holds both. They differ only when one reaches far. */
static ps_status common_plane(const ps_frozen *const f[2], frame *p, ps_error *err) {
    p->scale = fmin(f[0]->scale, f[1]->scale);
    for (; p->scale > 1e-7; p->scale /= 10) {
        int64_t low[2] = {INT64_MAX, INT64_MAX}, high[2] = {INT64_MIN, INT64_MIN};
        for (int i = 0; i < 2; i++) {
            if (f[i]->n_points == 0) continue;
            const int64_t times = llround(f[i]->scale / p->scale);
            const int64_t origin[2] = {f[i]->origin_x, f[i]->origin_y};
            const int32_t span[2] = {f[i]->span_x, f[i]->span_y};
            for (int k = 0; k < 2; k++) {
                const int64_t from = coarsen(origin[k], times);
                const int64_t to = coarsen(origin[k] + span[k], times);
                low[k] = from < low[k] ? from : low[k];
                high[k] = to > high[k] ? to : high[k];
            }
        }
        p->origin_x = low[0], p->origin_y = low[1];
        if (low[0] > high[0]) p->origin_x = p->origin_y = 0;
        if (low[0] > high[0] ||
            (high[0] - low[0] < INT32_MAX && high[1] - low[1] < INT32_MAX))
            return PS_OK;
    }
    return ps_fail(err, PS_LIMIT,
                   "the two geographies lie too far apart for one plane; check their "
                   "coordinate systems");
}

/* --- strands --- */

typedef struct filling {
    const ps_frozen *frozen;
    const frame *plane;
    int64_t times;
    side *side;
    size_t points, strand_room;
} filling;

/* The points of a ring without repeats; how many. */
static size_t fill_points(filling *c, size_t ring) {
    const ps_frozen *f = c->frozen;
    side *s = c->side;
    const size_t first = c->points;
    size_t n = first;
    for (uint32_t i = f->ring_begin[ring]; i < f->ring_end[ring]; i++) {
        const int32_t x =
            (int32_t)(coarsen(f->origin_x + f->x[i], c->times) - c->plane->origin_x);
        const int32_t y =
            (int32_t)(coarsen(f->origin_y + f->y[i], c->times) - c->plane->origin_y);
        if (n > first && s->x[n - 1] == x && s->y[n - 1] == y) continue;
        s->x[n] = x;
        s->y[n++] = y;
    }
    return n - first;
}

/* Twice the area, positive when counter-clockwise. */
static signed_wide ring_square(const int32_t *x, const int32_t *y, size_t n) {
    signed_wide twice = 0;
    for (size_t i = 0; i + 1 < n; i++)
        twice += ((int64_t)x[i] + x[i + 1]) * ((int64_t)y[i + 1] - y[i]);
    return twice;
}

static ps_status fill_ring(filling *c, size_t ring, size_t area, bool hole,
                           ps_error *err) {
    side *s = c->side;
    const size_t n = fill_points(c, ring), first = c->points;
    if (n < 4) return PS_OK;
    const bool left = ring_square(s->x + first, s->y + first, n) > 0;
    for (size_t at = 0; at + 1 < n; at += STRAND_EDGES) {
        PS_TRY(ps_grow((void **)&s->strand, &c->strand_room, s->n + 1, sizeof *s->strand,
                       err));
        strand *k = &s->strand[s->n++];
        *k = (strand){
            .first = (uint32_t)(first + at),
            .area = (int32_t)area,
            .sign = left != hole ? 1 : -1,
            .n = (uint8_t)(n - 1 - at < STRAND_EDGES ? n - 1 - at : STRAND_EDGES),
            .opens = at == 0};
        k->box = box_of(s->x[k->first], s->y[k->first], s->x[k->first], s->y[k->first]);
        for (uint32_t i = 1; i <= k->n; i++) {
            const int32_t x = s->x[k->first + i], y = s->y[k->first + i];
            k->box = around(k->box, (box){x, y, x, y});
        }
    }
    c->points += n;
    return PS_OK;
}

static ps_status fill_strands(filling *c, ps_error *err) {
    const ps_areas *areas = c->frozen->areas;
    bool *hole = NULL;
    size_t room = 0;
    ps_status status = PS_OK;
    for (size_t a = 0; a < areas->n && status == PS_OK; a++) {
        const size_t begin = areas->area_ring[a], n = areas->area_ring[a + 1] - begin;
        status = ps_grow((void **)&hole, &room, n, sizeof *hole, err);
        if (status == PS_OK && n > 0) status = ps_shape_holes(areas, a, hole, err);
        for (size_t r = 0; r < n && status == PS_OK; r++)
            status = fill_ring(c, begin + r, a, hole[r], err);
    }
    ps_free(hole);
    return status;
}

/* --- the tree --- */

/* Place along a Hilbert curve over 2^16 x 2^16 cells. */
static uint32_t hilbert(uint32_t x, uint32_t y) {
    uint32_t d = 0;
    for (uint32_t s = 1u << 15; s > 0; s >>= 1) {
        const uint32_t rx = (x & s) != 0, ry = (y & s) != 0;
        d += s * s * ((3 * rx) ^ ry);
        if (ry == 0) {
            if (rx == 1) x = 0xffffu - x, y = 0xffffu - y;
            const uint32_t t = x;
            x = y;
            y = t;
        }
    }
    return d;
}

static int compare_keys(const void *a, const void *b) {
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

static ps_status order_strands(side *s, ps_error *err) {
    uint64_t *key = ps_alloc(s->n, sizeof *key);
    s->order = ps_alloc(s->n, sizeof *s->order);
    if (key == NULL || s->order == NULL) {
        ps_free(key);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < s->n; i++) {
        const box b = s->strand[i].box;
        const uint32_t x = ((uint32_t)b.low_x + (uint32_t)b.high_x) / 2 >> 15;
        const uint32_t y = ((uint32_t)b.low_y + (uint32_t)b.high_y) / 2 >> 15;
        key[i] = (uint64_t)hilbert(x, y) << 32 | i;
    }
    if (s->n > 0) qsort(key, s->n, sizeof *key, compare_keys);
    for (size_t i = 0; i < s->n; i++) s->order[i] = (uint32_t)key[i];
    ps_free(key);
    return PS_OK;
}

static ps_status build_tree(side *s, ps_error *err) {
    PS_TRY(order_strands(s, err));
    size_t total = 0;
    for (size_t n = s->n; n > 0; n = n > 1 ? (n + FAN - 1) / FAN : 0) {
        s->level[s->levels++] = total;
        total += n;
    }
    s->level[s->levels] = total;
    s->node = ps_alloc(total, sizeof *s->node);
    if (s->node == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < s->n; i++) s->node[i] = s->strand[s->order[i]].box;
    for (int l = 1; l < s->levels; l++) {
        const size_t below = s->level[l - 1], n_below = s->level[l] - below;
        for (size_t i = 0; i < s->level[l + 1] - s->level[l]; i++) {
            box all = s->node[below + FAN * i];
            for (size_t k = FAN * i + 1; k < FAN * (i + 1) && k < n_below; k++)
                all = around(all, s->node[below + k]);
            s->node[s->level[l] + i] = all;
        }
    }
    return PS_OK;
}

static ps_status side_build(side *s, const ps_frozen *frozen, const frame *plane,
                            ps_error *err) {
    filling c = {.frozen = frozen, .plane = plane, .side = s};
    c.times = llround(frozen->scale / plane->scale);
    s->areas = frozen->areas->n;
    s->x = ps_alloc(frozen->n_points, sizeof *s->x);
    s->y = ps_alloc(frozen->n_points, sizeof *s->y);
    if (s->x == NULL || s->y == NULL) return ps_fail_nomem(err);
    PS_TRY(fill_strands(&c, err));
    return build_tree(s, err);
}

/* --- the walk --- */

/* Where an edge of the walk crosses one of the other side. Places are in 2^-FRACTION
 * units. */
typedef struct crossing {
    int64_t x, y;
    int64_t along_x, along_y; /* ascending in the direction of the edge */
    int32_t area;
    int8_t change; /* of what the walk is inside of */
    uint8_t edge;
} crossing;

/* The walk is inside of an area of the other side so many times: 1, or else only where
 * rings cross. */
typedef struct holding {
    int32_t area, times;
} holding;

typedef struct sum {
    int32_t other;
    wide twice;
} sum;

/* What a unit gives: twice an area, in squares of 2^-FRACTION units. other is PS_NONE for
 * the whole of an own area. */
typedef struct part {
    int32_t own, other;
    wide twice;
} part;

typedef struct unit {
    part *part;
    size_t n;
} unit;

/* One per worker. */
typedef struct walker {
    const side *own, *other;
    int tie; /* of a point of the other side that lies on an own edge, see turn() */
    uint32_t *hit;
    crossing *crossing;
    holding *holding;
    sum *sum;
    part *part;
    size_t hits, crossings, holdings, sums, parts;
    size_t hit_room, crossing_room, holding_room, sum_room, part_room;
    int32_t *slot;      /* of an area of the other side among the sums, or PS_NONE */
    wide whole;         /* of the own area */
    wide edges, pieces; /* since what the walk is inside of last changed: of whole edges,
                           in units, and of parts of edges */
} walker;

/* Both walks, FROM over TO and TO over FROM, as one list of units. */
typedef struct walking {
    const side *side;
    walker *walker[2]; /* by side and worker */
    unit *unit[2];
    size_t units[2];
} walking;

static void walker_free(walker *w) {
    ps_free(w->hit);
    ps_free(w->crossing);
    ps_free(w->holding);
    ps_free(w->sum);
    ps_free(w->part);
    ps_free(w->slot);
}

/* The leaves whose boxes touch b. */
static ps_status find(walker *w, box b, ps_error *err) {
    const side *s = w->other;
    struct {
        int level;
        uint32_t node;
    } stack[MAX_LEVELS * FAN];
    size_t top = 0;
    w->hits = 0;
    if (s->n == 0 || !touch(b, s->node[s->level[s->levels - 1]])) return PS_OK;
    stack[top].level = s->levels - 1;
    stack[top++].node = 0;
    while (top > 0) {
        const int level = stack[--top].level;
        const uint32_t node = stack[top].node;
        if (level == 0) { /* the root is a leaf */
            PS_TRY(ps_grow((void **)&w->hit, &w->hit_room, w->hits + 1, sizeof *w->hit,
                           err));
            w->hit[w->hits++] = s->order[node];
            continue;
        }
        const box *below = s->node + s->level[level - 1];
        const size_t n = s->level[level] - s->level[level - 1];
        const size_t end = FAN * (size_t)(node + 1) < n ? FAN * (size_t)(node + 1) : n;
        if (level == 1)
            PS_TRY(ps_grow((void **)&w->hit, &w->hit_room, w->hits + FAN, sizeof *w->hit,
                           err));
        for (size_t i = FAN * (size_t)node; i < end; i++) {
            if (!touch(b, below[i])) continue;
            if (level == 1) {
                w->hit[w->hits++] = s->order[i];
            } else {
                stack[top].level = level - 1;
                stack[top++].node = (uint32_t)i;
            }
        }
    }
    return PS_OK;
}

typedef struct edge {
    int32_t x1, y1, x2, y2;
} edge;

static edge edge_of(const side *s, uint32_t point) {
    return (edge){s->x[point], s->y[point], s->x[point + 1], s->y[point + 1]};
}

/* On which side of the line of e is the point: 1 left, -1 right, never on it. tie is -1
 * for a point of the TO side, which is a hair right of where it stands, and 1 for a point
 * of the FROM side, which is a hair left of an edge of the TO side. */
static int turn(const edge *e, int32_t x, int32_t y, int tie) {
    const int64_t dx = (int64_t)e->x2 - e->x1, dy = (int64_t)e->y2 - e->y1;
    const int64_t cross = dx * ((int64_t)y - e->y1) - dy * ((int64_t)x - e->x1);
    if (cross != 0) return cross > 0 ? 1 : -1;
    if (dy != 0) return dy > 0 ? tie : -tie;
    return dx > 0 ? -tie : tie;
}

/* Does the own edge u cross the edge v of the other side? *left: does it come to the left
 * side of v? */
static bool crosses(const walker *w, const edge *u, const edge *v, bool *left) {
    const int from = turn(v, u->x1, u->y1, -w->tie);
    if (from == turn(v, u->x2, u->y2, -w->tie)) return false;
    *left = from < 0;
    return turn(u, v->x1, v->y1, w->tie) != turn(u, v->x2, v->y2, w->tie);
}

/* low + (high - low) * t / whole, low <= high, 0 <= t <= whole < 2^63, in 2^-FRACTION
 * units to the nearest, half up. */
static int64_t between(int32_t low, int32_t high, int64_t t, int64_t whole) {
    const wide far = (wide)(uint64_t)t * (uint64_t)((int64_t)high - low);
    const wide place = ((far << FRACTION) + (uint64_t)whole / 2) / (uint64_t)whole;
    return (int64_t)((uint64_t)(int64_t)low << FRACTION) + (int64_t)place;
}

/* The same for any two edges that meet there, since the exact place is what is rounded;
 * and in the order of the exact places along an edge, since rounding keeps order. */
static void place_crossing(const edge *u, const edge *v, crossing *c) {
    const int64_t ux = (int64_t)u->x2 - u->x1, uy = (int64_t)u->y2 - u->y1;
    const int64_t vx = (int64_t)v->x2 - v->x1, vy = (int64_t)v->y2 - v->y1;
    int64_t whole = ux * vy - uy * vx;
    int64_t t = ((int64_t)v->x1 - u->x1) * vy - ((int64_t)v->y1 - u->y1) * vx;
    if (whole < 0) whole = -whole, t = -t;
    c->x = u->x1 < u->x2 ? between(u->x1, u->x2, t, whole)
                         : between(u->x2, u->x1, whole - t, whole);
    c->y = u->y1 < u->y2 ? between(u->y1, u->y2, t, whole)
                         : between(u->y2, u->y1, whole - t, whole);
    c->along_x = ux < 0 ? -c->x : c->x;
    c->along_y = uy < 0 ? -c->y : c->y;
}

static int compare_crossings(const void *a, const void *b) {
    const crossing *p = a, *q = b;
    if (p->edge != q->edge) return p->edge < q->edge ? -1 : 1;
    if (p->along_y != q->along_y) return p->along_y < q->along_y ? -1 : 1;
    return (p->along_x > q->along_x) - (p->along_x < q->along_x);
}

static void sort_crossings(crossing *c, size_t n) {
    if (n > FEW) {
        qsort(c, n, sizeof *c, compare_crossings);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        const crossing moved = c[i];
        size_t k = i;
        for (; k > 0 && compare_crossings(&c[k - 1], &moved) > 0; k--) c[k] = c[k - 1];
        c[k] = moved;
    }
}

/* Give what was walked since the last change to all that the walk is inside of. */
static ps_status settle(walker *w, ps_error *err) {
    const wide walked = (w->edges << (2 * FRACTION)) + w->pieces;
    w->edges = w->pieces = 0;
    if (walked == 0) return PS_OK;
    w->whole += walked;
    for (size_t i = 0; i < w->holdings; i++) {
        const holding h = w->holding[i];
        if (w->slot[h.area] == PS_NONE) {
            PS_TRY(ps_grow((void **)&w->sum, &w->sum_room, w->sums + 1, sizeof *w->sum,
                           err));
            w->slot[h.area] = (int32_t)w->sums;
            w->sum[w->sums++] = (sum){h.area, 0};
        }
        w->sum[w->slot[h.area]].twice += walked * widen(h.times);
    }
    return PS_OK;
}

static ps_status change(walker *w, int32_t area, int by, ps_error *err) {
    size_t i = 0;
    while (i < w->holdings && w->holding[i].area != area) i++;
    if (i == w->holdings) {
        PS_TRY(ps_grow((void **)&w->holding, &w->holding_room, i + 1, sizeof *w->holding,
                       err));
        w->holding[w->holdings++] = (holding){area, 0};
    }
    w->holding[i].times += by;
    if (w->holding[i].times == 0) w->holding[i] = w->holding[--w->holdings];
    return PS_OK;
}

/* Go from one place to another along an axis, without giving area. */
static ps_status step(walker *w, int32_t x1, int32_t y1, int32_t x2, int32_t y2,
                      ps_error *err) {
    if (x1 == x2 && y1 == y2) return PS_OK;
    const edge u = {x1, y1, x2, y2};
    const box b = box_of(x1, y1, x2, y2);
    PS_TRY(find(w, b, err));
    for (size_t h = 0; h < w->hits; h++) {
        const strand *s = &w->other->strand[w->hit[h]];
        for (uint32_t i = 0; i < s->n; i++) {
            const edge v = edge_of(w->other, s->first + i);
            bool left;
            if (!touch(b, box_of(v.x1, v.y1, v.x2, v.y2)) || !crosses(w, &u, &v, &left))
                continue;
            PS_TRY(change(w, s->area, left ? s->sign : -s->sign, err));
        }
    }
    return PS_OK;
}

/* Edges of a strand with their boxes side by side, for one comparison of all. */
typedef struct edges {
    edge edge[STRAND_EDGES];
    int32_t low_x[STRAND_EDGES], low_y[STRAND_EDGES];
    int32_t high_x[STRAND_EDGES], high_y[STRAND_EDGES];
} edges;

static void gather_edges(const side *s, const strand *k, edges *out) {
    for (uint32_t i = 0; i < STRAND_EDGES; i++) {
        /* Behind the last edge stands the last again; its bit is masked. */
        const edge e = edge_of(s, k->first + (i < k->n ? i : k->n - 1u));
        const box b = box_of(e.x1, e.y1, e.x2, e.y2);
        out->edge[i] = e;
        out->low_x[i] = b.low_x, out->low_y[i] = b.low_y;
        out->high_x[i] = b.high_x, out->high_y[i] = b.high_y;
    }
}

/* A bit for each edge whose box touches b. */
static uint32_t touching(const edges *e, box b) {
    uint32_t bits = 0;
    int32_t hit[STRAND_EDGES];
    for (int i = 0; i < STRAND_EDGES; i++)
        hit[i] = (e->low_x[i] <= b.high_x) & (b.low_x <= e->high_x[i]) &
                 (e->low_y[i] <= b.high_y) & (b.low_y <= e->high_y[i]);
    for (int i = 0; i < STRAND_EDGES; i++) bits |= (uint32_t)hit[i] << i;
    return bits;
}

static ps_status find_crossings(walker *w, const strand *s, ps_error *err) {
    edges own;
    w->crossings = 0;
    PS_TRY(find(w, s->box, err));
    if (w->hits == 0) return PS_OK;
    gather_edges(w->own, s, &own);
    const uint32_t all = (1u << s->n) - 1;
    for (size_t h = 0; h < w->hits; h++) {
        const strand *o = &w->other->strand[w->hit[h]];
        for (uint32_t i = 0; i < o->n; i++) {
            const edge v = edge_of(w->other, o->first + i);
            const box b = box_of(v.x1, v.y1, v.x2, v.y2);
            uint32_t bits = touch(b, s->box) ? touching(&own, b) & all : 0;
            for (; bits != 0; bits &= bits - 1) {
                const int k = __builtin_ctz(bits);
                bool left;
                if (!crosses(w, &own.edge[k], &v, &left)) continue;
                PS_TRY(ps_grow((void **)&w->crossing, &w->crossing_room, w->crossings + 1,
                               sizeof *w->crossing, err));
                crossing *c = &w->crossing[w->crossings++];
                c->area = o->area;
                c->edge = (uint8_t)k;
                c->change = left ? o->sign : (int8_t)-o->sign;
                place_crossing(&own.edge[k], &v, c);
            }
        }
    }
    sort_crossings(w->crossing, w->crossings);
    return PS_OK;
}

/* The trapezium between an edge and the y axis, twice. */
static int64_t under(const side *s, uint32_t p) {
    return ((int64_t)s->x[p] + s->x[p + 1]) * ((int64_t)s->y[p + 1] - s->y[p]);
}

static void add_piece(walker *w, int sign, int64_t x1, int64_t y1, int64_t x2,
                      int64_t y2) {
    w->pieces += widen(x1 + x2) * widen((y2 - y1) * sign);
}

static int64_t fine(int32_t v) {
    return (int64_t)v * ((int64_t)1 << FRACTION);
}

static ps_status walk_strand(walker *w, const strand *s, ps_error *err) {
    const side *own = w->own;
    PS_TRY(find_crossings(w, s, err));
    size_t c = 0;
    for (uint32_t k = 0; k < s->n; k++) {
        const uint32_t p = s->first + k;
        if (c == w->crossings || w->crossing[c].edge != k) {
            w->edges += widen(under(own, p) * s->sign);
            continue;
        }
        int64_t x = fine(own->x[p]), y = fine(own->y[p]);
        for (; c < w->crossings && w->crossing[c].edge == k; c++) {
            const crossing *at = &w->crossing[c];
            add_piece(w, s->sign, x, y, at->x, at->y);
            PS_TRY(settle(w, err));
            PS_TRY(change(w, at->area, at->change, err));
            x = at->x, y = at->y;
        }
        add_piece(w, s->sign, x, y, fine(own->x[p + 1]), fine(own->y[p + 1]));
    }
    return PS_OK;
}

/* Write down what belongs to an own area, and begin the next. */
static ps_status end_area(walker *w, int32_t area, ps_error *err) {
    PS_TRY(settle(w, err));
    PS_TRY(ps_grow((void **)&w->part, &w->part_room, w->parts + w->sums + 1,
                   sizeof *w->part, err));
    w->part[w->parts++] = (part){area, PS_NONE, w->whole};
    for (size_t i = 0; i < w->sums; i++) {
        w->part[w->parts++] = (part){area, w->sum[i].other, w->sum[i].twice};
        w->slot[w->sum[i].other] = PS_NONE;
    }
    w->sums = 0;
    w->whole = 0;
    return PS_OK;
}

/* To the first point of a strand, from (x, y) or, when that is nearer, from outside. */
static ps_status hop(walker *w, int32_t x, int32_t y, const strand *s, ps_error *err) {
    const int32_t to_x = w->own->x[s->first], to_y = w->own->y[s->first];
    if (llabs((int64_t)to_x - x) + llabs((int64_t)to_y - y) > (int64_t)to_x + 1) {
        w->holdings = 0;
        return step(w, -1, to_y, to_x, to_y, err);
    }
    PS_TRY(step(w, x, y, to_x, y, err));
    return step(w, to_x, y, to_x, to_y, err);
}

static ps_status walk_strands(walker *w, size_t begin, size_t end, ps_error *err) {
    const side *own = w->own;
    const strand *s = &own->strand[begin];
    w->parts = w->sums = w->holdings = 0;
    w->whole = w->edges = w->pieces = 0;
    PS_TRY(step(w, -1, own->y[s->first], own->x[s->first], own->y[s->first], err));
    for (size_t i = begin; i < end; i++) {
        const strand *last = s;
        s = &own->strand[i];
        if (s->opens && i > begin) {
            PS_TRY(settle(w, err));
            if (s->area != last->area) PS_TRY(end_area(w, last->area, err));
            /* The walk stands at the end of its last ring, or where it came into it. */
            const uint32_t at = last->first + last->n;
            PS_TRY(hop(w, own->x[at], own->y[at], s, err));
        }
        PS_TRY(walk_strand(w, s, err));
    }
    return end_area(w, s->area, err);
}

static ps_status walk_unit(walker *w, size_t number, unit *out, ps_error *err) {
    const size_t begin = number * UNIT_STRANDS, n = w->own->n;
    const size_t end = n - begin < UNIT_STRANDS ? n : begin + UNIT_STRANDS;
    PS_TRY(walk_strands(w, begin, end, err));
    out->part = ps_alloc(w->parts, sizeof *out->part);
    if (out->part == NULL) return ps_fail_nomem(err);
    memcpy(out->part, w->part, w->parts * sizeof *out->part);
    out->n = w->parts;
    return PS_OK;
}

static ps_status walk_units(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    const walking *c = context;
    for (size_t i = begin; i < end; i++) {
        const int k = i >= c->units[0];
        const size_t number = k == 0 ? i : i - c->units[0];
        PS_TRY(walk_unit(&c->walker[k][worker], number, &c->unit[k][number], err));
    }
    return PS_OK;
}

static ps_status walker_open(const walking *c, int own, walker *w, ps_error *err) {
    *w = (walker){
        .own = &c->side[own], .other = &c->side[1 - own], .tie = own == 0 ? -1 : 1};
    w->slot = ps_alloc(w->other->areas, sizeof *w->slot);
    if (w->slot == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < w->other->areas; a++) w->slot[a] = PS_NONE;
    return PS_OK;
}

static ps_status walk(walking *c, ps_error *err) {
    const size_t workers = (size_t)ps_threads();
    ps_status status = PS_OK;
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        c->walker[k] = ps_zalloc(workers, sizeof *c->walker[k]);
        if (c->walker[k] == NULL) status = ps_fail_nomem(err);
        for (size_t i = 0; i < workers && status == PS_OK; i++)
            status = walker_open(c, k, &c->walker[k][i], err);
    }
    if (status == PS_OK)
        status = ps_par_for(c->units[0] + c->units[1], 1, walk_units, c, err);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; c->walker[k] != NULL && i < workers; i++)
            walker_free(&c->walker[k][i]);
        ps_free(c->walker[k]);
    }
    return status;
}

/* --- bringing together --- */

typedef struct gathering {
    const walking *walked;
    double scale, metres; /* units in one of the CRS, metres in one of the CRS */
    ps_crosswalk *out;
} gathering;

static int compare_sums(const void *a, const void *b) {
    const sum *p = a, *q = b;
    return (p->other > q->other) - (p->other < q->other);
}

static double square_metres(const gathering *g, wide twice) {
    const double square = ldexp((double)(signed_wide)twice, -2 * FRACTION - 1);
    return square / (g->scale * g->scale) * (g->metres * g->metres);
}

/* The parts of all units by FROM area, then by TO area, added up. */
static ps_status gather(const gathering *g, size_t *offset, sum *sums, wide *whole[2],
                        size_t n_from, ps_error *err) {
    for (int k = 0; k < 2; k++) {
        for (size_t u = 0; u < g->walked->units[k]; u++) {
            for (size_t i = 0; i < g->walked->unit[k][u].n; i++) {
                const part *p = &g->walked->unit[k][u].part[i];
                if (p->other == PS_NONE)
                    whole[k][p->own] += p->twice;
                else
                    sums[offset[k == 0 ? p->own : p->other]++] =
                        (sum){k == 0 ? p->other : p->own, p->twice};
            }
        }
    }
    size_t n = 0, begin = 0;
    for (size_t a = 0; a < n_from; a++) {
        const size_t end = offset[a], first = n;
        if (end > begin) qsort(sums + begin, end - begin, sizeof *sums, compare_sums);
        for (size_t i = begin; i < end;) {
            sum all = {sums[i].other, 0};
            for (; i < end && sums[i].other == all.other; i++) all.twice += sums[i].twice;
            /* Not above 0: they touch, or rounding left nothing of a sliver. */
            if ((signed_wide)all.twice > 0) sums[n++] = all;
        }
        begin = end;
        offset[a] = first;
    }
    offset[n_from] = n;
    PS_TRY(ps_sparse_create(n_from, n, &g->out->overlap, err));
    memcpy(g->out->overlap.offset, offset, (n_from + 1) * sizeof *offset);
    for (size_t i = 0; i < n; i++) {
        g->out->overlap.column[i] = sums[i].other;
        g->out->overlap.weight[i] = square_metres(g, sums[i].twice);
    }
    return PS_OK;
}

static ps_status collect(const gathering *g, size_t n_from, size_t n_to, ps_error *err) {
    const size_t areas[2] = {n_from, n_to};
    double **const out[2] = {&g->out->from_area, &g->out->to_area};
    size_t *offset = ps_zalloc(n_from + 1, sizeof *offset), total = 0;
    wide *whole[2] = {ps_zalloc(n_from, sizeof(wide)), ps_zalloc(n_to, sizeof(wide))};
    sum *sums = NULL;
    ps_status status = PS_OK;
    if (offset == NULL || whole[0] == NULL || whole[1] == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (int k = 0; k < 2; k++) {
        for (size_t u = 0; u < g->walked->units[k]; u++) {
            for (size_t i = 0; i < g->walked->unit[k][u].n; i++) {
                const part *p = &g->walked->unit[k][u].part[i];
                if (p->other == PS_NONE) continue;
                offset[(k == 0 ? p->own : p->other) + 1]++;
                total++;
            }
        }
    }
    for (size_t a = 0; a < n_from; a++) offset[a + 1] += offset[a];
    sums = ps_alloc(total, sizeof *sums);
    status =
        sums != NULL ? gather(g, offset, sums, whole, n_from, err) : ps_fail_nomem(err);
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        *out[k] = ps_alloc(areas[k], sizeof **out[k]);
        if (*out[k] == NULL) {
            status = ps_fail_nomem(err);
            break;
        }
        for (size_t a = 0; a < areas[k]; a++)
            (*out[k])[a] = square_metres(g, whole[k][a]);
    }
done:
    ps_free(offset);
    ps_free(whole[0]), ps_free(whole[1]);
    ps_free(sums);
    return status;
}

static ps_status cross(const side s[2], double scale, double metres, ps_crosswalk *out,
                       ps_error *err) {
    walking c = {.side = s};
    const gathering g = {&c, scale, metres, out};
    ps_status status = PS_OK;
    for (int k = 0; k < 2; k++) {
        c.units[k] = s[k].n / UNIT_STRANDS + (s[k].n % UNIT_STRANDS != 0);
        c.unit[k] = ps_zalloc(c.units[k], sizeof *c.unit[k]);
        if (c.unit[k] == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) status = walk(&c, err);
    if (status == PS_OK) status = collect(&g, s[0].areas, s[1].areas, err);
    for (int k = 0; k < 2; k++) {
        for (size_t u = 0; c.unit[k] != NULL && u < c.units[k]; u++)
            ps_free(c.unit[k][u].part);
        ps_free(c.unit[k]);
    }
    return status;
}

static ps_status build(const ps_frozen *const frozen[2], double metres, ps_crosswalk *out,
                       ps_error *err) {
    frame plane;
    PS_TRY(common_plane(frozen, &plane, err));
    side s[2] = {0};
    ps_status status = PS_OK;
    for (int k = 0; k < 2 && status == PS_OK; k++)
        status = side_build(&s[k], frozen[k], &plane, err);
    out->n_to = s[1].areas;
    if (status == PS_OK) status = cross(s, plane.scale, metres, out, err);
    side_free(&s[0]);
    side_free(&s[1]);
    return status;
}

ps_status ps_crosswalk_build(const ps_areas *from, const ps_crs_operation *from_op,
                             const ps_areas *to, const ps_crs_operation *to_op,
                             double metres, ps_crosswalk **out, ps_error *err) {
    *out = NULL;
    ps_frozen *frozen[2] = {NULL, NULL};
    ps_crosswalk *c = ps_zalloc(1, sizeof *c);
    if (c == NULL) return ps_fail_nomem(err);
    ps_status status = ps_freeze(from, from_op, false, &frozen[0], err);
    if (status == PS_OK) status = ps_freeze(to, to_op, false, &frozen[1], err);
    if (status == PS_OK) status = build((const ps_frozen *const *)frozen, metres, c, err);
    ps_frozen_free(frozen[0]);
    ps_frozen_free(frozen[1]);
    if (status == PS_OK)
        *out = c;
    else
        ps_crosswalk_free(c);
    return status;
}

void ps_crosswalk_free(ps_crosswalk *crosswalk) {
    if (crosswalk == NULL) return;
    ps_sparse_free(&crosswalk->overlap);
    ps_free(crosswalk->from_area);
    ps_free(crosswalk->to_area);
    ps_free(crosswalk);
}
