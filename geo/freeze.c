/* Without an operation the source's coordinates are rounded as they are. With one, blocks
 * of areas are transformed in parallel: all vertices of a block in one call, then the
 * middles of all edges that may still be bent, in rounds, until no edge needs a split.
 * The points of a block form chains through `next`, so a split is an insertion. A middle
 * and the test on it treat both ends alike: which neighbour's ring is walked, in which
 * direction, makes no difference.
 */
#include "geo/freeze.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/lattice.h"

enum { BLOCK_AREAS = 64, MAX_ROUNDS = 24, MAX_PIECES = 8 };

/* An edge may stray this far from the true one, in metres. With 0.65 mm for the rounding
 * of its ends to 1e-8 degree and what the lattice adds that stays within a millimetre. */
static const double MAX_BEND = 0.00033;
/* Shorter edges are straight enough unseen: at latitude 60 a straight line of a conformal
 * projection bends by length^2 * tan(60) / (8 * 6.4e6 m), here 0.12 mm. */
static const double SHORT_EDGE = 60.0;
/* Longer ones are always split: the middle of a double bend may lie on the line. */
static const double LONG_EDGE = 5000.0;

/* Rings as doubles in the CRS of the points. */
typedef struct plane {
    const double *x, *y;
    const uint32_t *ring_point;
    double *own_x, *own_y; /* to be freed */
    uint32_t *own_ring_point;
} plane;

static void plane_free(plane *p) {
    ps_free(p->own_x);
    ps_free(p->own_y);
    ps_free(p->own_ring_point);
}

void ps_frozen_free(ps_frozen *frozen) {
    if (frozen == NULL) return;
    ps_free(frozen->ring_begin);
    ps_free(frozen->ring_end);
    ps_free(frozen->x);
    ps_free(frozen->y);
    ps_free(frozen);
}

/* --- transforming --- */

typedef struct cut {
    uint32_t point, pieces; /* of the edge from this point to its next */
} cut;

/* The points of one block; filled in any order, linked by next. */
typedef struct chain {
    double *x, *y;   /* in the source */
    double *tx, *ty; /* in the target */
    uint32_t *next;  /* UINT32_MAX at the end of a ring */
    uint32_t *open;  /* points whose edge to next has to be looked at */
    cut *cut;        /* edges to be cut in this round */
    size_t n, room[7];
} chain;

static void chain_free(chain *c) {
    ps_free(c->x);
    ps_free(c->y);
    ps_free(c->tx);
    ps_free(c->ty);
    ps_free(c->next);
    ps_free(c->open);
    ps_free(c->cut);
    *c = (chain){0};
}

static ps_status chain_grow(chain *c, size_t n, ps_error *err) {
    PS_TRY(ps_grow((void **)&c->x, &c->room[0], n, sizeof *c->x, err));
    PS_TRY(ps_grow((void **)&c->y, &c->room[1], n, sizeof *c->y, err));
    PS_TRY(ps_grow((void **)&c->tx, &c->room[2], n, sizeof *c->tx, err));
    PS_TRY(ps_grow((void **)&c->ty, &c->room[3], n, sizeof *c->ty, err));
    PS_TRY(ps_grow((void **)&c->next, &c->room[4], n, sizeof *c->next, err));
    PS_TRY(ps_grow((void **)&c->open, &c->room[5], n, sizeof *c->open, err));
    return ps_grow((void **)&c->cut, &c->room[6], n, sizeof *c->cut, err);
}

/* The transformed rings of one block, in order. */
typedef struct piece {
    double *x, *y;
    size_t n;
} piece;

typedef struct transforming {
    const ps_areas *areas;
    ps_crs_operation **op; /* one per worker */
    ps_lattice *lattice;
    chain *scratch; /* one per worker */
    piece *pieces;
    uint32_t *ring_count; /* points of each ring afterwards */
    double source_scale;
    double source_metres; /* per unit; 0 for degrees */
    bool geographic;      /* the target */
} transforming;

static ps_status fail_no_image(const ps_areas *areas, size_t begin, size_t end, double x,
                               double y, ps_error *err) {
    size_t a = begin; /* the area is found again by its box */
    while (a + 1 < end && !(x >= areas->box[4 * a] && y >= areas->box[4 * a + 1] &&
                            x <= areas->box[4 * a + 2] && y <= areas->box[4 * a + 3]))
        a++;
    const ps_str code = areas->code[a];
    return ps_fail(err, PS_FORMAT,
                   "area %.*s: boundary point %.9g %.9g has no place in the coordinate "
                   "system of the points; check the coordinate systems of both, and the "
                   "order of the axes",
                   code.n < 80 ? (int)code.n : 80, code.p, x, y);
}

/* Points that cut the edge p to its next into pieces, linked in; their images are not
 * known yet. Counted from the lower end, whichever way the ring goes. */
static void cut_edge(chain *c, uint32_t p, uint32_t pieces) {
    const uint32_t q = c->next[p];
    const bool forth = c->x[p] < c->x[q] || (c->x[p] == c->x[q] && c->y[p] < c->y[q]);
    const uint32_t low = forth ? p : q, high = forth ? q : p;
    uint32_t last = p;
    for (uint32_t i = 1; i < pieces; i++) {
        const double share = (double)(forth ? i : pieces - i) / pieces;
        const uint32_t m = (uint32_t)c->n++;
        c->tx[m] = c->x[m] = c->x[low] + (c->x[high] - c->x[low]) * share;
        c->ty[m] = c->y[m] = c->y[low] + (c->y[high] - c->y[low]) * share;
        c->next[last] = m;
        last = m;
    }
    c->next[last] = q;
}

static ps_status fail_middle(double x, double y, ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "boundary point %.9g %.9g (in the middle of an edge) has no place in "
                   "the coordinate system of the points",
                   x, y);
}

/* Look at the middles of the open edges, transformed in one call. What is straight is
 * closed. What bends a little is cut into as many pieces as it takes, since the bend
 * falls with the square of the length, and closed. What bends more is cut in two, and
 * both halves stay open. */
static ps_status split_round(const transforming *t, chain *c, size_t *n_open, int worker,
                             ps_error *err) {
    size_t asked = 0;
    for (size_t i = 0; i < *n_open; i++) {
        const uint32_t p = c->open[i], q = c->next[p];
        const double length2 =
            ps_lattice_square_metres(c->x[q] - c->x[p], c->y[q] - c->y[p],
                                     (c->y[p] + c->y[q]) / 2, t->source_metres);
        if (length2 >= SHORT_EDGE * SHORT_EDGE) c->open[asked++] = p;
    }
    *n_open = 0;
    if (asked == 0) return PS_OK;
    if (c->n + MAX_PIECES * asked >= UINT32_MAX)
        return ps_fail(err, PS_LIMIT, "more than %u points in a block of boundaries",
                       UINT32_MAX);
    PS_TRY(chain_grow(c, c->n + 2 * asked, err));
    for (size_t i = 0; i < asked; i++) {
        const uint32_t p = c->open[i], q = c->next[p];
        const size_t m = c->n + i;
        c->tx[m] = c->x[m] = (c->x[p] + c->x[q]) / 2;
        c->ty[m] = c->y[m] = (c->y[p] + c->y[q]) / 2;
    }
    ps_lattice_apply(t->lattice, t->op[worker], asked, c->tx + c->n, c->ty + c->n);
    /* The kept middles move forward over the dropped ones. The new open list is built
     * behind the one that is being read and moved to the front afterwards. */
    const size_t middles = c->n;
    size_t kept = c->n, opened = 0, cuts = 0, points = 0;
    uint32_t *fresh = c->open + asked;
    for (size_t i = 0; i < asked; i++) {
        const uint32_t p = c->open[i], q = c->next[p];
        const size_t m = middles + i;
        if (!isfinite(c->tx[m]) || !isfinite(c->ty[m]))
            return fail_middle(c->x[m], c->y[m], err);
        const double off_x = c->tx[m] - (c->tx[p] + c->tx[q]) / 2;
        const double off_y = c->ty[m] - (c->ty[p] + c->ty[q]) / 2;
        const double metres = t->geographic ? 0 : 1;
        const double length2 = ps_lattice_square_metres(
            c->x[q] - c->x[p], c->y[q] - c->y[p], c->y[m], t->source_metres);
        /* on the equator a degree is as long as it gets: the cosine is seldom needed */
        double bend2 = ps_lattice_square_metres(off_x, off_y, 0, metres);
        if (bend2 > MAX_BEND * MAX_BEND)
            bend2 = ps_lattice_square_metres(off_x, off_y, c->ty[m], metres);
        const double pieces = ceil(sqrt(sqrt(bend2) / MAX_BEND));
        const bool open = length2 > LONG_EDGE * LONG_EDGE || !(pieces <= MAX_PIECES);
        if (!open && pieces <= 1) continue;
        if (!open && pieces > 2) {
            c->cut[cuts++] = (cut){p, (uint32_t)pieces};
            points += (size_t)pieces - 1;
            continue;
        }
        c->x[kept] = c->x[m], c->y[kept] = c->y[m];
        c->tx[kept] = c->tx[m], c->ty[kept] = c->ty[m];
        c->next[kept] = q;
        c->next[p] = (uint32_t)kept;
        if (open) {
            fresh[opened++] = p;
            fresh[opened++] = (uint32_t)kept;
        }
        kept++;
    }
    c->n = kept;
    memmove(c->open, fresh, opened * sizeof *fresh);
    *n_open = opened;

    PS_TRY(chain_grow(c, c->n + points, err));
    for (size_t i = 0; i < cuts; i++) cut_edge(c, c->cut[i].point, c->cut[i].pieces);
    ps_lattice_apply(t->lattice, t->op[worker], points, c->tx + kept, c->ty + kept);
    for (size_t m = kept; m < c->n; m++) {
        if (!isfinite(c->tx[m]) || !isfinite(c->ty[m]))
            return fail_middle(c->x[m], c->y[m], err);
    }
    return PS_OK;
}

static ps_status transform_block(void *context, size_t begin, size_t end, int worker,
                                 ps_error *err) {
    const transforming *t = context;
    const ps_areas *areas = t->areas;
    chain *c = &t->scratch[worker];
    const size_t first_ring = areas->area_ring[begin], end_ring = areas->area_ring[end];
    const size_t first = areas->ring_point[first_ring];
    const size_t points = areas->ring_point[end_ring] - first;
    piece *out = &t->pieces[begin / BLOCK_AREAS];
    if (points == 0) return PS_OK;

    PS_TRY(chain_grow(c, points, err));
    c->n = points;
    for (size_t i = 0; i < points; i++) {
        const double sx = areas->x[first + i] * t->source_scale;
        const double sy = areas->y[first + i] * t->source_scale;
        if (!(fabs(sx) < 0x1p52 && fabs(sy) < 0x1p52))
            return fail_no_image(areas, begin, end, areas->x[first + i],
                                 areas->y[first + i], err);
        c->tx[i] = c->x[i] = (double)ps_freeze_round(sx) / t->source_scale;
        c->ty[i] = c->y[i] = (double)ps_freeze_round(sy) / t->source_scale;
    }
    ps_lattice_apply(t->lattice, t->op[worker], points, c->tx, c->ty);
    for (size_t i = 0; i < points; i++) {
        if (!isfinite(c->tx[i]) || !isfinite(c->ty[i]))
            return fail_no_image(areas, begin, end, areas->x[first + i],
                                 areas->y[first + i], err);
    }
    size_t n_open = 0;
    for (size_t r = first_ring; r < end_ring; r++) {
        const size_t r_end = areas->ring_point[r + 1] - first;
        for (size_t p = areas->ring_point[r] - first; p < r_end; p++) {
            const bool last = p + 1 == r_end;
            c->next[p] = last ? UINT32_MAX : (uint32_t)(p + 1);
            if (!last) c->open[n_open++] = (uint32_t)p;
        }
    }
    for (int round = 0; n_open > 0; round++) {
        if (round == MAX_ROUNDS) {
            return ps_fail(err, PS_FORMAT,
                           "a boundary edge near %.9g %.9g does not become straight "
                           "however short its pieces; the coordinate operation breaks "
                           "there",
                           c->x[c->open[0]], c->y[c->open[0]]);
        }
        PS_TRY(split_round(t, c, &n_open, worker, err));
    }
    out->x = ps_alloc(c->n, sizeof *out->x);
    out->y = ps_alloc(c->n, sizeof *out->y);
    if (out->x == NULL || out->y == NULL) return ps_fail_nomem(err);
    for (size_t r = first_ring; r < end_ring; r++) {
        const size_t before = out->n;
        for (uint32_t p = (uint32_t)(areas->ring_point[r] - first); p != UINT32_MAX;
             p = c->next[p]) {
            out->x[out->n] = c->tx[p];
            out->y[out->n++] = c->ty[p];
        }
        t->ring_count[r] = (uint32_t)(out->n - before);
    }
    return PS_OK;
}

static ps_status join_pieces(const transforming *t, size_t blocks, plane *out,
                             ps_error *err) {
    const ps_areas *areas = t->areas;
    size_t total = 0;
    for (size_t b = 0; b < blocks; b++) total += t->pieces[b].n;
    if (total >= UINT32_MAX) {
        return ps_fail(err, PS_LIMIT,
                       "more than %u boundary points after splitting long edges; bring "
                       "the boundaries to the points' coordinate system first",
                       UINT32_MAX);
    }
    out->own_x = ps_alloc(total, sizeof *out->own_x);
    out->own_y = ps_alloc(total, sizeof *out->own_y);
    out->own_ring_point = ps_alloc(areas->n_rings + 1, sizeof *out->own_ring_point);
    if (out->own_x == NULL || out->own_y == NULL || out->own_ring_point == NULL)
        return ps_fail_nomem(err);
    size_t at = 0;
    for (size_t b = 0; b < blocks; b++) {
        piece *p = &t->pieces[b];
        if (p->n > 0) {
            memcpy(out->own_x + at, p->x, p->n * sizeof *p->x);
            memcpy(out->own_y + at, p->y, p->n * sizeof *p->y);
        }
        at += p->n;
        ps_free(p->x);
        ps_free(p->y);
        *p = (piece){0};
    }
    uint32_t point = 0;
    for (size_t r = 0; r < areas->n_rings; r++) {
        out->own_ring_point[r] = point;
        point += t->ring_count[r];
    }
    out->own_ring_point[areas->n_rings] = point;
    out->x = out->own_x;
    out->y = out->own_y;
    out->ring_point = out->own_ring_point;
    return PS_OK;
}

static ps_status transform(const ps_areas *areas, const ps_crs_operation *op,
                           bool geographic, plane *out, ps_error *err) {
    const bool from_degrees =
        areas->crs != NULL ? ps_crs_is_geographic(areas->crs) : !geographic;
    const size_t blocks = areas->n / BLOCK_AREAS + (areas->n % BLOCK_AREAS != 0);
    const size_t workers = (size_t)ps_threads();
    transforming t = {.areas = areas,
                      .source_scale = from_degrees ? 1e8 : 1e3,
                      .source_metres = from_degrees         ? 0
                                       : areas->crs != NULL ? ps_crs_metres(areas->crs)
                                                            : 1,
                      .geographic = geographic};
    ps_status status = PS_OK;
    t.op = ps_zalloc(workers, sizeof *t.op);
    t.scratch = ps_zalloc(workers, sizeof *t.scratch);
    t.pieces = ps_zalloc(blocks, sizeof *t.pieces);
    t.ring_count = ps_zalloc(areas->n_rings, sizeof *t.ring_count);
    if (t.op == NULL || t.scratch == NULL || t.pieces == NULL || t.ring_count == NULL)
        status = ps_fail_nomem(err);
    for (size_t w = 0; status == PS_OK && w < workers; w++)
        status = ps_crs_operation_clone(op, &t.op[w], err);
    if (status == PS_OK)
        status = ps_lattice_build(areas, t.op, t.source_metres, geographic ? 0 : 1,
                                  &t.lattice, err);
    if (status == PS_OK)
        status = ps_par_for(areas->n, BLOCK_AREAS, transform_block, &t, err);
    if (status == PS_OK) status = join_pieces(&t, blocks, out, err);
    for (size_t b = 0; t.pieces != NULL && b < blocks; b++) {
        ps_free(t.pieces[b].x);
        ps_free(t.pieces[b].y);
    }
    for (size_t w = 0; w < workers; w++) {
        if (t.op != NULL) ps_crs_operation_free(t.op[w]);
        if (t.scratch != NULL) chain_free(&t.scratch[w]);
    }
    ps_lattice_free(t.lattice);
    ps_free(t.op);
    ps_free(t.scratch);
    ps_free(t.pieces);
    ps_free(t.ring_count);
    return status;
}

/* --- rounding --- */

static ps_status choose_scale(const plane *p, size_t n_rings, bool geographic,
                              ps_frozen *f, ps_error *err) {
    static const double scales[] = {1e8, 1e7,  1e6,  1e5,  1e4,  1e3,  1e2, 1e1,
                                    1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
    const size_t n_scales = sizeof scales / sizeof *scales;
    const size_t n = p->ring_point[n_rings];
    double low_x = 0, low_y = 0, high_x = 0, high_y = 0;
    if (n > 0) {
        low_x = high_x = p->x[0];
        low_y = high_y = p->y[0];
    }
    for (size_t i = 1; i < n; i++) {
        low_x = p->x[i] < low_x ? p->x[i] : low_x;
        high_x = p->x[i] > high_x ? p->x[i] : high_x;
        low_y = p->y[i] < low_y ? p->y[i] : low_y;
        high_y = p->y[i] > high_y ? p->y[i] : high_y;
    }
    const double reach =
        fmax(fmax(fabs(low_x), fabs(high_x)), fmax(fabs(low_y), fabs(high_y)));
    for (size_t s = geographic ? 0 : 5; s < n_scales; s++) {
        if (!(reach * scales[s] < 0x1p52)) continue;
        const int64_t x0 = ps_freeze_round(low_x * scales[s]);
        const int64_t y0 = ps_freeze_round(low_y * scales[s]);
        const int64_t x1 = ps_freeze_round(high_x * scales[s]);
        const int64_t y1 = ps_freeze_round(high_y * scales[s]);
        if (x1 - x0 >= INT32_MAX || y1 - y0 >= INT32_MAX) continue;
        f->scale = scales[s];
        f->origin_x = x0, f->origin_y = y0;
        f->span_x = (int32_t)(x1 - x0), f->span_y = (int32_t)(y1 - y0);
        return PS_OK;
    }
    return ps_fail(
        err, PS_LIMIT,
        "the boundaries reach from %g %g to %g %g, which is no place on Earth; "
        "check the coordinates and the coordinate system",
        low_x, low_y, high_x, high_y);
}

typedef struct rounding {
    const plane *plane;
    ps_frozen *frozen;
} rounding;

/* A closed ring of 3 points or fewer is there and back; a longer one may be too. */
static bool is_area(const int32_t *x, const int32_t *y, size_t n) {
    if (n < 4) return false;
    for (size_t i = 2; i + 1 < n; i++) {
        if ((x[i] != x[0] || y[i] != y[0]) && (x[i] != x[1] || y[i] != y[1])) return true;
    }
    return false;
}

static ps_status round_rings(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker;
    (void)err;
    const rounding *c = context;
    ps_frozen *f = c->frozen;
    const double scale = f->scale;
    for (size_t r = begin; r < end; r++) {
        const uint32_t from = c->plane->ring_point[r], to = c->plane->ring_point[r + 1];
        uint32_t n = from;
        for (uint32_t i = from; i < to; i++) {
            const int32_t x =
                (int32_t)(ps_freeze_round(c->plane->x[i] * scale) - f->origin_x);
            const int32_t y =
                (int32_t)(ps_freeze_round(c->plane->y[i] * scale) - f->origin_y);
            if (n > from && f->x[n - 1] == x && f->y[n - 1] == y) continue;
            f->x[n] = x;
            f->y[n++] = y;
        }
        f->ring_begin[r] = from;
        f->ring_end[r] = is_area(f->x + from, f->y + from, n - from) ? n : from;
    }
    return PS_OK;
}

ps_status ps_freeze(const ps_areas *areas, const ps_crs_operation *op, bool geographic,
                    ps_frozen **out, ps_error *err) {
    *out = NULL;
    plane p = {.x = areas->x, .y = areas->y, .ring_point = areas->ring_point};
    ps_frozen *f = ps_zalloc(1, sizeof *f);
    if (f == NULL) return ps_fail_nomem(err);
    f->areas = areas;
    ps_status status = op != NULL ? transform(areas, op, geographic, &p, err) : PS_OK;
    if (status == PS_OK) status = choose_scale(&p, areas->n_rings, geographic, f, err);
    if (status == PS_OK) {
        f->n_points = p.ring_point[areas->n_rings];
        f->ring_begin = ps_alloc(areas->n_rings, sizeof *f->ring_begin);
        f->ring_end = ps_alloc(areas->n_rings, sizeof *f->ring_end);
        f->x = ps_alloc(f->n_points, sizeof *f->x);
        f->y = ps_alloc(f->n_points, sizeof *f->y);
        if (f->ring_begin == NULL || f->ring_end == NULL || f->x == NULL || f->y == NULL)
            status = ps_fail_nomem(err);
    }
    if (status == PS_OK) {
        rounding c = {&p, f};
        status = ps_par_for(areas->n_rings, 1024, round_rings, &c, err);
    }
    plane_free(&p);
    if (status == PS_OK)
        *out = f;
    else
        ps_frozen_free(f);
    return status;
}
