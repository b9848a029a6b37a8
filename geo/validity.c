/* Rings are cut into chains that go one way: none of their edges meet but neighbours, and
 * the box of any piece is that of its ends. Chains are spread over horizontal strips;
 * those of a strip are compared in pairs, by their boxes, then by the boxes of halves,
 * down to edges. A ray along the strip of a ring's first vertex tells which rings lie
 * around it.
 *
 * Shewchuk, Adaptive precision floating-point arithmetic and fast robust geometric
 * predicates (1997), for the bound on the error of an orientation.
 */
#include "geo/validity.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "engine/core/mem.h"

enum {
    WKB_POLYGON = 3,
    WKB_MULTIPOLYGON = 6,
    CHAINS_PER_STRIP = 8,
    MOST_ENTRIES = 16,    /* of chains in strips, per edge */
    MOST_COMPARISONS = 64 /* of boxes, per edge; with a few hundred to start with */
};

typedef struct point {
    double x, y;
} point;

typedef struct box {
    double low_x, low_y, high_x, high_y;
} box;

/* Edges [first, end): edge i goes from point i to point i + 1. */
typedef struct chain {
    box box;
    uint32_t first, end, ring;
    int8_t right, up; /* 1, -1, or 0 when the chain is upright, or level */
} chain;

/* Closed: the points [first, first + n], n edges. Of the outer ring `shell`. */
typedef struct ring {
    uint32_t first, n, shell;
    bool odd; /* crossings of a ray */
} ring;

struct ps_validity {
    point *points;
    chain *chains;
    ring *rings;
    uint32_t *start; /* of each strip in entries, and the end */
    uint32_t *entries;
    size_t n, n_chains, n_rings, n_strips;
    size_t point_room, chain_room, ring_room, start_room, entry_room;
    double low, per_strip; /* of y */
    int64_t left;          /* comparisons */
};

ps_status ps_validity_open(ps_validity **out, ps_error *err) {
    *out = ps_zalloc(1, sizeof **out);
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

void ps_validity_close(ps_validity *v) {
    if (v == NULL) return;
    ps_free(v->points);
    ps_free(v->chains);
    ps_free(v->rings);
    ps_free(v->start);
    ps_free(v->entries);
    ps_free(v);
}

/* --- taking the polygon apart --- */

typedef struct cursor {
    const unsigned char *at, *end;
} cursor;

static bool take(cursor *c, void *value, size_t n) {
    if ((size_t)(c->end - c->at) < n) return false;
    memcpy(value, c->at, n);
    c->at += n;
    return true;
}

static bool take_head(cursor *c, uint32_t *type, uint32_t *count) {
    unsigned char order;
    return take(c, &order, 1) && order == 1 && take(c, type, sizeof *type) &&
           take(c, count, sizeof *count);
}

static box box_of(point a, point b) {
    return (box){a.x < b.x ? a.x : b.x, a.y < b.y ? a.y : b.y, a.x < b.x ? b.x : a.x,
                 a.y < b.y ? b.y : a.y};
}

/* The points of a ring, one that is repeated counted once, and its chains. false when it
 * is not closed, or no ring. */
static bool take_ring(ps_validity *v, cursor *c, uint32_t shell, ps_status *status,
                      ps_error *err) {
    uint32_t n;
    if (!take(c, &n, sizeof n) || (size_t)(c->end - c->at) / sizeof(point) < n || n < 4 ||
        v->n + n > UINT32_MAX / MOST_ENTRIES)
        return false;
    *status = ps_grow((void **)&v->points, &v->point_room, v->n + n, sizeof(point), err);
    if (*status == PS_OK)
        *status = ps_grow((void **)&v->chains, &v->chain_room, v->n_chains + n,
                          sizeof(chain), err);
    if (*status == PS_OK)
        *status =
            ps_grow((void **)&v->rings, &v->ring_room, v->n_rings + 1, sizeof(ring), err);
    if (*status != PS_OK) return false;
    const uint32_t first = (uint32_t)v->n, number = (uint32_t)v->n_rings;
    uint32_t last = first, begun = first;
    point *points = v->points;
    memcpy(&points[first], c->at, sizeof(point));
    double sum = 0; /* finite when all are */
    int8_t right = 0, up = 0;
    for (uint32_t i = 1; i < n; i++) {
        point p;
        memcpy(&p, c->at + i * sizeof p, sizeof p);
        const double dx = p.x - points[last].x, dy = p.y - points[last].y;
        sum += fabs(p.x) + fabs(p.y);
        const int8_t x_way = (int8_t)((dx > 0) - (dx < 0));
        const int8_t y_way = (int8_t)((dy > 0) - (dy < 0));
        if (x_way == 0 && y_way == 0) continue;
        if (x_way * right < 0 || y_way * up < 0) {
            v->chains[v->n_chains++] = (chain){
                box_of(points[begun], points[last]), begun, last, number, right, up};
            begun = last;
            right = up = 0;
        }
        right |= x_way; /* 0, or the same */
        up |= y_way;
        points[++last] = p;
    }
    v->chains[v->n_chains++] =
        (chain){box_of(points[begun], points[last]), begun, last, number, right, up};
    c->at += n * sizeof(point);
    v->rings[v->n_rings++] = (ring){.first = first, .n = last - first, .shell = shell};
    v->n = (size_t)last + 1;
    return isfinite(sum) && last - first >= 3 && points[last].x == points[first].x &&
           points[last].y == points[first].y;
}

static bool take_polygon(ps_validity *v, cursor *c, uint32_t n_rings, ps_status *status,
                         ps_error *err) {
    const uint32_t shell = (uint32_t)v->n_rings;
    for (uint32_t r = 0; r < n_rings; r++)
        if (!take_ring(v, c, shell, status, err)) return false;
    return true;
}

static bool take_apart(ps_validity *v, cursor *c, ps_status *status, ps_error *err) {
    uint32_t type, n, rings;
    v->n = v->n_chains = v->n_rings = 0;
    if (!take_head(c, &type, &n) || n == 0) return false;
    if (type == WKB_POLYGON) return take_polygon(v, c, n, status, err);
    if (type != WKB_MULTIPOLYGON) return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!take_head(c, &type, &rings) || type != WKB_POLYGON || rings == 0 ||
            !take_polygon(v, c, rings, status, err))
            return false;
    }
    return true;
}

/* --- comparing --- */

/* The side of c as seen from a to b: 1 left, -1 right, 0 when that is not certain. */
static int side(point a, point b, point c) {
    const double left = (a.x - c.x) * (b.y - c.y), right = (a.y - c.y) * (b.x - c.x);
    const double turn = left - right;
    const double bound = 4e-16 * (fabs(left) + fabs(right)) + 1e-300;
    return (turn > bound) - (turn < -bound);
}

/* Do the neighbours a b and b c meet in b alone? Not when the second may go back on the
 * first. Signs of differences are exact. */
static bool turns_well(point a, point b, point c) {
    const double across = (a.x - b.x) * (c.x - b.x), up = (a.y - b.y) * (c.y - b.y);
    if (across <= 0 && up <= 0 && (across < 0 || up < 0)) return true;
    return side(a, b, c) != 0;
}

static bool same_side(int one, int other) {
    return one != 0 && one == other;
}

/* Are the edges from p and q, whose boxes meet, certainly apart? */
static bool are_apart(const point *p, const point *q) {
    return same_side(side(p[0], p[1], q[0]), side(p[0], p[1], q[1])) ||
           same_side(side(q[0], q[1], p[0]), side(q[0], q[1], p[1]));
}

/* All of it: which side tells is as good as random, and guesses that fail cost more. */
static bool boxes_meet(const box *a, const box *b) {
    return (a->low_x <= b->high_x) & (b->low_x <= a->high_x) & (a->low_y <= b->high_y) &
           (b->low_y <= a->high_y);
}

/* Are the edges [a, a_end) and [b, b_end) of two chains apart, but for neighbours? ring
 * is that of both, NULL when they have two. */
static bool pieces_are_clear(ps_validity *v, const ring *r, uint32_t a, uint32_t a_end,
                             uint32_t b, uint32_t b_end) {
    const point *p = v->points;
    const box one = box_of(p[a], p[a_end]), other = box_of(p[b], p[b_end]);
    if (--v->left < 0) return false;
    if (!boxes_meet(&one, &other)) return true;
    const uint32_t n = a_end - a, m = b_end - b;
    if (n == 1 && m == 1) {
        const uint32_t apart = a < b ? b - a : a - b;
        return (r != NULL && (apart == 1 || apart == r->n - 1)) ||
               are_apart(p + a, p + b);
    }
    if (n >= m)
        return pieces_are_clear(v, r, a, a + n / 2, b, b_end) &&
               pieces_are_clear(v, r, a + n / 2, a_end, b, b_end);
    return pieces_are_clear(v, r, a, a_end, b, b + m / 2) &&
           pieces_are_clear(v, r, a, a_end, b + m / 2, b_end);
}

/* --- strips --- */

static size_t strip_of(const ps_validity *v, double y) {
    const double at = (y - v->low) * v->per_strip;
    if (!(at > 0)) return 0;
    return at < (double)v->n_strips ? (size_t)at : v->n_strips - 1;
}

/* false when there are too many entries for it to be worth while. */
static bool spread(ps_validity *v, ps_status *status, ps_error *err) {
    double high = -HUGE_VAL;
    v->low = HUGE_VAL;
    for (size_t i = 0; i < v->n_chains; i++) {
        const box *b = &v->chains[i].box;
        v->low = b->low_y < v->low ? b->low_y : v->low;
        high = b->high_y > high ? b->high_y : high;
    }
    v->n_strips = v->n_chains / CHAINS_PER_STRIP + 1;
    v->per_strip = (double)v->n_strips / (high - v->low);
    if (!isfinite(v->per_strip)) return false;
    *status = ps_grow((void **)&v->start, &v->start_room, v->n_strips + 2,
                      sizeof *v->start, err);
    if (*status != PS_OK) return false;
    memset(v->start, 0, (v->n_strips + 2) * sizeof *v->start);
    size_t total = 0;
    for (size_t i = 0; i < v->n_chains; i++) {
        const size_t first = strip_of(v, v->chains[i].box.low_y);
        const size_t last = strip_of(v, v->chains[i].box.high_y);
        total += last - first + 1;
        if (total > MOST_ENTRIES * v->n) return false;
        for (size_t s = first; s <= last; s++) v->start[s + 2]++;
    }
    *status =
        ps_grow((void **)&v->entries, &v->entry_room, total, sizeof *v->entries, err);
    if (*status != PS_OK) return false;
    for (size_t s = 2; s < v->n_strips + 2; s++) v->start[s] += v->start[s - 1];
    for (size_t i = 0; i < v->n_chains; i++) {
        const size_t last = strip_of(v, v->chains[i].box.high_y);
        for (size_t s = strip_of(v, v->chains[i].box.low_y); s <= last; s++)
            v->entries[v->start[s + 1]++] = (uint32_t)i;
    }
    return true;
}

/* Does b go on where a ends, or a where b ends, and do both go up, down, right or left?
 * Then they are one that goes one way, and meet there alone, as long as they turn well.
 */
static bool go_together(const ps_validity *v, const chain *a, const chain *b) {
    if (a->ring != b->ring || (a->right * b->right < 0 && a->up * b->up < 0))
        return false;
    const ring *r = &v->rings[a->ring];
    return a->end == b->first || b->end == a->first ||
           (a->first == r->first && b->end == r->first + r->n) ||
           (b->first == r->first && a->end == r->first + r->n);
}

static bool strip_is_clear(ps_validity *v, size_t s) {
    for (uint32_t i = v->start[s]; i < v->start[s + 1]; i++) {
        const chain *a = &v->chains[v->entries[i]];
        v->left -= v->start[s + 1] - i;
        if (v->left < 0) return false;
        for (uint32_t j = i + 1; j < v->start[s + 1]; j++) {
            const chain *b = &v->chains[v->entries[j]];
            if (boxes_meet(&a->box, &b->box) && !go_together(v, a, b) &&
                !pieces_are_clear(v, a->ring == b->ring ? &v->rings[a->ring] : NULL,
                                  a->first, a->end, b->first, b->end))
                return false;
        }
    }
    return true;
}

/* The edge of a chain that passes height y from one side to the other, or NULL. */
static const point *edge_at(const ps_validity *v, const chain *c, double y) {
    const point *p = v->points;
    uint32_t low = c->first, high = c->end;
    if ((p[low].y > y) == (p[high].y > y)) return NULL;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if ((p[middle].y > y) == (p[low].y > y))
            low = middle;
        else
            high = middle;
    }
    return p + low;
}

/* Does ring r lie in no ring but its own outer one? Its first vertex is on no other. */
static bool lies_well(ps_validity *v, uint32_t r) {
    const point at = v->points[v->rings[r].first];
    const size_t s = strip_of(v, at.y);
    for (uint32_t i = v->start[s]; i < v->start[s + 1]; i++)
        v->rings[v->chains[v->entries[i]].ring].odd = false;
    for (uint32_t i = v->start[s]; i < v->start[s + 1]; i++) {
        const chain *c = &v->chains[v->entries[i]];
        const point *e =
            c->ring != r && c->box.high_x >= at.x ? edge_at(v, c, at.y) : NULL;
        if (e == NULL) continue;
        const int where = side(e[0], e[1], at);
        if (where == 0) return false;
        if ((where > 0) == (e[1].y > e[0].y)) v->rings[c->ring].odd ^= true;
    }
    bool inside_own = false;
    for (uint32_t i = v->start[s]; i < v->start[s + 1]; i++) {
        const uint32_t other = v->chains[v->entries[i]].ring;
        if (other == r || !v->rings[other].odd) continue;
        if (other != v->rings[r].shell) return false;
        inside_own = true;
    }
    return inside_own == (v->rings[r].shell != r);
}

static bool is_certain(ps_validity *v, ps_status *status, ps_error *err) {
    /* Within a chain no edge goes back. */
    for (size_t i = 0; i < v->n_chains; i++) {
        const uint32_t at = v->chains[i].first;
        const ring *r = &v->rings[v->chains[i].ring];
        const uint32_t before = at > r->first ? at - 1 : r->first + r->n - 1;
        if (!turns_well(v->points[before], v->points[at], v->points[at + 1]))
            return false;
    }
    if (!spread(v, status, err)) return false;
    v->left = (int64_t)v->n * MOST_COMPARISONS + 1000;
    for (size_t s = 0; s < v->n_strips; s++)
        if (!strip_is_clear(v, s)) return false;
    for (size_t r = 0; v->n_rings > 1 && r < v->n_rings; r++)
        if (!lies_well(v, (uint32_t)r)) return false;
    return true;
}

ps_status ps_validity_certain(ps_validity *v, const unsigned char *wkb, size_t n,
                              bool *certain, ps_error *err) {
    cursor c = {wkb, wkb + n};
    ps_status status = PS_OK;
    *certain = take_apart(v, &c, &status, err) && is_certain(v, &status, err);
    return status;
}
