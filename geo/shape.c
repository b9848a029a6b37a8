#include "geo/shape.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/overlay.h"

enum {
    WKB_POLYGON = 3,
    WKB_MULTIPOLYGON = 6,
    WKB_COLLECTION = 7,
    WKB_LITTLE_ENDIAN = 1,
    MAX_NESTING = 16, /* of collections in collections */
    PROBES = 8, /* vertices and edge middles tried to tell what a ring is inside of */
    MAX_STRIPS = 1 << 16
};

/* Unions are made on the unit to which geo/locate.h freezes boundaries: there the
 * vertices of neighbours meet. */
static const double metre_grid = 0.001, degree_grid = 1e-8;

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "WKB is copied as it stands in memory: a little-endian machine is needed"
#endif

typedef struct ring {
    size_t first, n; /* points of the areas, the closing one included */
    double low_y, high_y;
    double twice_area; /* signed: positive when counter-clockwise */
    bool hole;         /* an odd number of rings is around it */
    int32_t parent;    /* the smallest of those, PS_NONE when there is none */
    int32_t holes;     /* the first hole of an outer ring, and the next of a hole */
    int32_t next;
    uint32_t n_holes;
} ring;

static ring measure_ring(const ps_areas *a, size_t r) {
    ring out = {.first = a->ring_point[r],
                .n = a->ring_point[r + 1] - a->ring_point[r],
                .low_y = HUGE_VAL,
                .high_y = -HUGE_VAL,
                .parent = PS_NONE,
                .holes = PS_NONE,
                .next = PS_NONE};
    const double *x = a->x + out.first, *y = a->y + out.first;
    for (size_t i = 0; i < out.n; i++) {
        out.low_y = fmin(out.low_y, y[i]), out.high_y = fmax(out.high_y, y[i]);
        /* Shifted to the first point, so that large coordinates cost no digits. */
        if (i + 1 < out.n)
            out.twice_area +=
                (x[i] - x[0]) * (y[i + 1] - y[0]) - (x[i + 1] - x[0]) * (y[i] - y[0]);
    }
    return out;
}

/* The edges of an area by horizontal strips, so that a point is compared only with edges
 * near its height: an area dissolved from thousands has tens of thousands of sliver holes
 * inside an outline of half a million edges. */
typedef struct strips {
    const ps_areas *areas;
    const ring *rings;
    double low, height; /* of the first strip; of each */
    size_t n;
    uint32_t *start; /* first entry of each strip, n + 1 */
    uint32_t *edge;  /* point that an edge begins with */
    uint32_t *ring;  /* the ring of the edge */
    /* What was seen of each ring, for one probe and for all probes of one ring. */
    uint32_t *stamp;
    unsigned char *crossed, *touched;
    uint32_t *inside, *on, *seen;
    size_t n_seen;
} strips;

static size_t strip_of(const strips *s, double y) {
    double at = (y - s->low) / s->height;
    if (!(at > 0)) return 0;
    return at < (double)(s->n - 1) ? (size_t)at : s->n - 1;
}

static void free_strips(strips *s) {
    ps_free(s->start);
    ps_free(s->edge);
    ps_free(s->ring);
    ps_free(s->stamp);
    ps_free(s->crossed);
    ps_free(s->touched);
    ps_free(s->inside);
    ps_free(s->on);
    ps_free(s->seen);
}

/* Count (fill false), then write, the strips that each edge passes. */
static bool spread_edges(strips *s, size_t n_rings, bool fill) {
    uint64_t total = 0;
    for (size_t r = 0; r < n_rings; r++) {
        const double *y = s->areas->y + s->rings[r].first;
        for (size_t i = 0; i + 1 < s->rings[r].n; i++) {
            size_t end = strip_of(s, fmax(y[i], y[i + 1]));
            for (size_t k = strip_of(s, fmin(y[i], y[i + 1])); k <= end; k++) {
                if (fill) {
                    uint32_t at = --s->start[k];
                    s->edge[at] = (uint32_t)(s->rings[r].first + i);
                    s->ring[at] = (uint32_t)r;
                } else {
                    s->start[k]++;
                }
            }
            total += end + 1 - strip_of(s, fmin(y[i], y[i + 1]));
        }
    }
    return total < UINT32_MAX;
}

static ps_status make_strips(const ps_areas *areas, const ring *rings, size_t n,
                             strips *s, ps_error *err) {
    size_t edges = 0;
    double high = -HUGE_VAL;
    *s = (strips){.areas = areas, .rings = rings, .low = HUGE_VAL};
    for (size_t r = 0; r < n; r++) {
        edges += rings[r].n;
        s->low = fmin(s->low, rings[r].low_y);
        high = fmax(high, rings[r].high_y);
    }
    s->n = edges / 8 + 1;
    if (s->n > MAX_STRIPS) s->n = MAX_STRIPS;
    s->height = (high - s->low) / (double)s->n;
    if (!(s->height > 0)) s->height = 1;
    s->start = ps_zalloc(s->n + 1, sizeof *s->start);
    s->stamp = ps_zalloc(n, sizeof *s->stamp);
    s->crossed = ps_zalloc(n, 1);
    s->touched = ps_zalloc(n, 1);
    s->inside = ps_zalloc(n, sizeof *s->inside);
    s->on = ps_zalloc(n, sizeof *s->on);
    s->seen = ps_zalloc(n, sizeof *s->seen);
    if (s->start == NULL || s->stamp == NULL || s->crossed == NULL ||
        s->touched == NULL || s->inside == NULL || s->on == NULL || s->seen == NULL)
        return ps_fail_nomem(err);
    if (!spread_edges(s, n, false))
        return ps_fail(err, PS_LIMIT, "the outline of an area is too large to be nested");
    for (size_t k = 1; k <= s->n; k++) s->start[k] += s->start[k - 1];
    s->edge = ps_alloc(s->start[s->n], sizeof *s->edge);
    s->ring = ps_alloc(s->start[s->n], sizeof *s->ring);
    if (s->edge == NULL || s->ring == NULL) return ps_fail_nomem(err);
    (void)spread_edges(s, n, true);
    return PS_OK;
}

/* For which rings is the point inside (an odd number of edges to its left), and which
 * does it lie on? Added to the counts of each ring met. */
static void probe(strips *s, double px, double py) {
    const double *x = s->areas->x, *y = s->areas->y;
    const size_t k = strip_of(s, py);
    for (uint32_t e = s->start[k]; e < s->start[k + 1]; e++) {
        const uint32_t p = s->edge[e], r = s->ring[e], q = p + 1;
        if ((y[p] > py && y[q] > py) || (y[p] < py && y[q] < py)) continue;
        if (px < x[p] && px < x[q]) continue;
        double turn = (x[q] - x[p]) * (py - y[p]) - (y[q] - y[p]) * (px - x[p]);
        if (turn == 0 && px <= fmax(x[p], x[q]))
            s->touched[r] = 1;
        else if ((y[p] > py) != (y[q] > py) && (turn < 0) == (y[q] > y[p]))
            s->crossed[r] ^= 1;
        if (s->stamp[r] == 0) {
            s->stamp[r] = 1;
            s->seen[s->n_seen++] = r;
        }
    }
    for (size_t i = 0; i < s->n_seen; i++) {
        uint32_t r = s->seen[i];
        if (s->touched[r])
            s->on[r]++;
        else
            s->inside[r] += s->crossed[r];
        s->crossed[r] = s->touched[r] = 0;
    }
}

/* The smallest ring around ring c. Rings of an area do not cross but may touch, and where
 * they do rounding may put a vertex on the wrong side: several points of c vote. */
static int32_t find_parent(strips *s, const ring *c) {
    const double *x = s->areas->x + c->first, *y = s->areas->y + c->first;
    const size_t step = c->n > PROBES ? c->n / PROBES : 1;
    uint32_t votes = 0;
    for (size_t i = 0; i + 1 < c->n; i += step) {
        probe(s, x[i], y[i]);
        probe(s, x[i] / 2 + x[i + 1] / 2, y[i] / 2 + y[i + 1] / 2);
        votes += 2;
    }
    const double size = fabs(c->twice_area);
    double least = HUGE_VAL;
    int32_t parent = PS_NONE;
    for (size_t i = 0; i < s->n_seen; i++) {
        uint32_t r = s->seen[i];
        const double other = fabs(s->rings[r].twice_area);
        if (other > size && other < least && 2 * s->inside[r] > votes - s->on[r]) {
            parent = (int32_t)r;
            least = other;
        }
        s->inside[r] = s->on[r] = s->stamp[r] = 0;
    }
    s->n_seen = 0;
    return parent;
}

/* Who is around whom. A parent always has a larger area, so the chain of parents ends and
 * each hole has an outer ring, whatever the votes said. */
static ps_status nest(const ps_areas *a, ring *rings, size_t n, ps_error *err) {
    if (n < 2) return PS_OK;
    strips s;
    ps_status status = make_strips(a, rings, n, &s, err);
    for (size_t i = 0; status == PS_OK && i < n; i++)
        rings[i].parent = find_parent(&s, &rings[i]);
    free_strips(&s);
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        for (int32_t p = rings[i].parent; p >= 0; p = rings[p].parent)
            rings[i].hole = !rings[i].hole;
    }
    return status;
}

ps_status ps_shape_holes(const ps_areas *areas, size_t row, bool *hole, ps_error *err) {
    const size_t begin = areas->area_ring[row], n = areas->area_ring[row + 1] - begin;
    if (n == 1) hole[0] = false;
    if (n < 2) return PS_OK;
    if (n > INT32_MAX) return ps_fail(err, PS_LIMIT, "an area of more than 2^31 rings");
    ring *rings = ps_alloc(n, sizeof *rings);
    if (rings == NULL) return ps_fail_nomem(err);
    for (size_t r = 0; r < n; r++) rings[r] = measure_ring(areas, begin + r);
    const ps_status status = nest(areas, rings, n, err);
    for (size_t r = 0; r < n; r++) hole[r] = rings[r].hole;
    ps_free(rings);
    return status;
}

static unsigned char *put(unsigned char *at, const void *value, size_t n) {
    memcpy(at, value, n);
    return at + n;
}

static unsigned char *put_head(unsigned char *at, uint32_t type, uint32_t count) {
    *at++ = WKB_LITTLE_ENDIAN;
    at = put(at, &type, sizeof type);
    return put(at, &count, sizeof count);
}

static unsigned char *put_ring(unsigned char *at, const ps_areas *a, const ring *c,
                               bool hole) {
    uint32_t n = (uint32_t)c->n;
    at = put(at, &n, sizeof n);
    bool turn = (c->twice_area < 0) != hole;
    for (size_t i = 0; i < c->n; i++) {
        size_t p = c->first + (turn ? c->n - 1 - i : i);
        at = put(at, &a->x[p], sizeof(double));
        at = put(at, &a->y[p], sizeof(double));
    }
    return at;
}

ps_status ps_shape_write(const ps_areas *areas, size_t row, ps_wkb *wkb, ps_error *err) {
    const size_t begin = areas->area_ring[row], n = areas->area_ring[row + 1] - begin;
    if (n == 0) return PS_OK;
    if (n > INT32_MAX) return ps_fail(err, PS_LIMIT, "an area of more than 2^31 rings");
    ring *rings = ps_alloc(n, sizeof *rings);
    if (rings == NULL) return ps_fail_nomem(err);
    /* Head of the whole, head of each part, count of each ring, points. */
    size_t bytes = 9;
    for (size_t r = 0; r < n; r++) {
        rings[r] = measure_ring(areas, begin + r);
        bytes += 9 + 4 + rings[r].n * 2 * sizeof(double);
    }
    ps_status status = nest(areas, rings, n, err);
    for (size_t r = n; status == PS_OK && r-- > 0;) { /* so that holes come in order */
        ring *c = &rings[r];
        if (!c->hole) continue;
        c->next = rings[c->parent].holes;
        rings[c->parent].holes = (int32_t)r;
        rings[c->parent].n_holes++;
    }
    if (status == PS_OK)
        status = ps_grow((void **)&wkb->bytes, &wkb->capacity, wkb->n + bytes, 1, err);
    if (status == PS_OK) {
        unsigned char *start = wkb->bytes + wkb->n, *at = start;
        uint32_t parts = 0;
        for (size_t r = 0; r < n; r++) parts += !rings[r].hole;
        at = put_head(at, WKB_MULTIPOLYGON, parts);
        for (size_t r = 0; r < n; r++) {
            if (rings[r].hole) continue;
            at = put_head(at, WKB_POLYGON, 1 + rings[r].n_holes);
            at = put_ring(at, areas, &rings[r], false);
            for (int32_t h = rings[r].holes; h >= 0; h = rings[h].next)
                at = put_ring(at, areas, &rings[h], true);
        }
        wkb->n += (size_t)(at - start);
    }
    ps_free(rings);
    return status;
}

void ps_wkb_free(ps_wkb *wkb) {
    ps_free(wkb->bytes);
    *wkb = (ps_wkb){NULL, 0, 0};
}

typedef struct cursor {
    const unsigned char *at, *end;
    ps_areas_builder *builder;
    double *x, *y;
    size_t x_room, y_room;
} cursor;

static ps_status bad_bytes(ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "a geometry is cut short or of a kind other than "
                   "two-dimensional polygons");
}

static bool take_count(cursor *c, uint32_t *value) {
    if ((size_t)(c->end - c->at) < sizeof *value) return false;
    memcpy(value, c->at, sizeof *value);
    c->at += sizeof *value;
    return true;
}

static ps_status read_ring(cursor *c, ps_error *err) {
    uint32_t n;
    if (!take_count(c, &n) || (size_t)(c->end - c->at) / (2 * sizeof(double)) < n)
        return bad_bytes(err);
    PS_TRY(ps_grow((void **)&c->x, &c->x_room, n, sizeof *c->x, err));
    PS_TRY(ps_grow((void **)&c->y, &c->y_room, n, sizeof *c->y, err));
    for (uint32_t i = 0; i < n; i++) {
        memcpy(&c->x[i], c->at, sizeof(double));
        memcpy(&c->y[i], c->at + sizeof(double), sizeof(double));
        c->at += 2 * sizeof(double);
    }
    return n > 0 ? ps_areas_builder_ring(c->builder, n, c->x, c->y, err) : PS_OK;
}

static ps_status read_geometry(cursor *c, int depth, ps_error *err) {
    uint32_t type, n;
    if (depth > MAX_NESTING || c->at == c->end || *c->at++ != WKB_LITTLE_ENDIAN ||
        !take_count(c, &type) || !take_count(c, &n))
        return bad_bytes(err);
    if (type != WKB_POLYGON && type != WKB_MULTIPOLYGON && type != WKB_COLLECTION)
        return bad_bytes(err);
    for (uint32_t i = 0; i < n; i++)
        PS_TRY(type == WKB_POLYGON ? read_ring(c, err)
                                   : read_geometry(c, depth + 1, err));
    return PS_OK;
}

ps_status ps_shape_read(const unsigned char *bytes, size_t n, ps_areas_builder *builder,
                        ps_error *err) {
    cursor c = {bytes, bytes + n, builder, NULL, NULL, 0, 0};
    ps_status status = read_geometry(&c, 0, err);
    ps_free(c.x);
    ps_free(c.y);
    return status;
}

/* What a worker keeps from block to block. */
typedef struct scratch {
    ps_overlay *overlay;
    ps_wkb wkb;
} scratch;

static scratch *open_scratch(ps_error *err) {
    scratch *all = ps_zalloc((size_t)ps_threads(), sizeof *all);
    if (all == NULL) (void)ps_fail_nomem(err);
    return all;
}

static void close_scratch(scratch *all) {
    if (all == NULL) return;
    for (int i = 0; i < ps_threads(); i++) {
        ps_overlay_close(all[i].overlay);
        ps_wkb_free(&all[i].wkb);
    }
    ps_free(all);
}

static ps_status ready(scratch *s, ps_error *err) {
    s->wkb.n = 0;
    return s->overlay != NULL ? PS_OK : ps_overlay_open(&s->overlay, err);
}

typedef struct uniting {
    const ps_areas *areas;
    const size_t *offset;
    const int32_t *member;
    const ps_str *code;
    double grid;
    scratch *scratch;
    ps_wkb *merged; /* per group */
} uniting;

static ps_status unite_one(uniting *u, size_t g, scratch *s, ps_error *err) {
    PS_TRY(ready(s, err));
    const size_t begin = u->offset[g], n = u->offset[g + 1] - begin;
    size_t *at = ps_alloc(n + 1, sizeof *at);
    size_t *bytes = ps_alloc(n, sizeof *bytes);
    const unsigned char **part = ps_alloc(n, sizeof *part);
    ps_status status =
        at != NULL && bytes != NULL && part != NULL ? PS_OK : ps_fail_nomem(err);
    size_t shapes = 0;
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        size_t before = s->wkb.n;
        status = ps_shape_write(u->areas, (size_t)u->member[begin + i], &s->wkb, err);
        if (status == PS_OK && s->wkb.n > before) {
            at[shapes] = before;
            bytes[shapes++] = s->wkb.n - before;
        }
    }
    const unsigned char *merged = s->wkb.bytes;
    size_t n_merged = s->wkb.n;
    if (status == PS_OK && shapes > 1) {
        for (size_t i = 0; i < shapes; i++) part[i] = s->wkb.bytes + at[i];
        status = ps_overlay_union(s->overlay, part, bytes, shapes, u->grid, &merged,
                                  &n_merged, err);
        if (status == PS_FORMAT)
            ps_fail_prefix(err, "area %.*s: ", u->code[g].n < 80 ? (int)u->code[g].n : 80,
                           u->code[g].n > 0 ? u->code[g].p : "");
    }
    ps_wkb *out = &u->merged[g];
    if (status == PS_OK && n_merged > 0)
        status = ps_grow((void **)&out->bytes, &out->capacity, n_merged, 1, err);
    if (status == PS_OK && n_merged > 0) {
        memcpy(out->bytes, merged, n_merged);
        out->n = n_merged;
    }
    ps_free(at);
    ps_free(bytes);
    ps_free(part);
    return status;
}

static ps_status unite_some(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    uniting *u = context;
    for (size_t g = begin; g < end; g++)
        PS_TRY(unite_one(u, g, &u->scratch[worker], err));
    return PS_OK;
}

ps_status ps_areas_union(const ps_areas *areas, size_t n_groups, const size_t *offset,
                         const int32_t *member, const ps_str *code, const ps_str *name,
                         ps_areas **out, ps_error *err) {
    *out = NULL;
    ps_areas_builder *builder = NULL;
    ps_crs *crs = NULL;
    uniting u = {.areas = areas, .offset = offset, .member = member, .code = code};
    if (areas->crs != NULL)
        u.grid = ps_crs_is_geographic(areas->crs)
                     ? degree_grid
                     : metre_grid / ps_crs_metres(areas->crs);
    u.merged = ps_zalloc(n_groups, sizeof *u.merged);
    ps_status status = u.merged != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        u.scratch = open_scratch(err);
        if (u.scratch == NULL) status = PS_NOMEM;
    }
    if (status == PS_OK) status = ps_par_for(n_groups, 1, unite_some, &u, err);
    if (status == PS_OK) status = ps_areas_builder_create(&builder, err);
    for (size_t g = 0; status == PS_OK && g < n_groups; g++) {
        status = ps_areas_builder_area(builder, code[g], name[g], err);
        if (status == PS_OK && u.merged[g].n > 0)
            status = ps_shape_read(u.merged[g].bytes, u.merged[g].n, builder, err);
        ps_wkb_free(&u.merged[g]);
    }
    if (status == PS_OK && areas->crs != NULL)
        status = ps_crs_copy(areas->crs, &crs, err);
    if (status == PS_OK) {
        status = ps_areas_builder_finish(builder, crs, out, err);
        builder = NULL;
    }
    ps_areas_builder_free(builder);
    for (size_t g = 0; u.merged != NULL && g < n_groups; g++) ps_wkb_free(&u.merged[g]);
    ps_free(u.merged);
    close_scratch(u.scratch);
    return status;
}

typedef struct pointing {
    const ps_areas *areas;
    double *x, *y;
    scratch *scratch;
} pointing;

static ps_status point_some(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    pointing *p = context;
    scratch *s = &p->scratch[worker];
    for (size_t a = begin; a < end; a++) {
        p->x[a] = p->y[a] = (double)NAN;
        PS_TRY(ready(s, err));
        PS_TRY(ps_shape_write(p->areas, a, &s->wkb, err));
        if (s->wkb.n == 0) continue;
        ps_status status = ps_overlay_interior_point(s->overlay, s->wkb.bytes, s->wkb.n,
                                                     &p->x[a], &p->y[a], err);
        if (status == PS_FORMAT) {
            ps_str code = p->areas->code[a];
            ps_fail_prefix(err, "area %.*s: ", code.n < 80 ? (int)code.n : 80, code.p);
        }
        PS_TRY(status);
    }
    return PS_OK;
}

ps_status ps_areas_interior_points(const ps_areas *areas, double *x, double *y,
                                   ps_error *err) {
    pointing p = {areas, x, y, open_scratch(err)};
    if (p.scratch == NULL) return PS_NOMEM;
    ps_status status = ps_par_for(areas->n, 64, point_some, &p, err);
    close_scratch(p.scratch);
    return status;
}
