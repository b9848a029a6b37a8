/* Areas are collected in the order in which they come, as flat arrays with offsets, and
 * put into code order once at the end. Files are mostly sorted already: then the arrays
 * of the builder become those of the set, without a copy. Text lives in one arena.
 */
#include "geo/areas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"

struct ps_areas_builder {
    ps_arena *text;
    ps_str *code, *name;
    uint32_t *area_ring;  /* first ring of each area */
    uint32_t *ring_point; /* first point of each ring */
    double *x, *y;
    size_t n, n_rings, n_points;
    size_t code_room, name_room, area_room, ring_room, x_room, y_room;
};

/* The set with the names of its arrays under which they may be freed. */
typedef struct owned_areas {
    ps_areas set; /* first, so that a pointer to it is a pointer to the owner */
    ps_arena *text;
    ps_str *code, *name;
    uint32_t *area_ring, *ring_point;
    double *x, *y, *box;
    ps_keys *by_code;
    ps_crs *crs;
    void (*release)(void *held); /* of a view */
    void *held;
    unsigned char id[PS_AREAS_ID];
} owned_areas;

ps_status ps_areas_builder_create(ps_areas_builder **out, ps_error *err) {
    *out = NULL;
    ps_areas_builder *b = ps_zalloc(1, sizeof *b);
    if (b == NULL) return ps_fail_nomem(err);
    ps_status status = ps_arena_create(&b->text, err);
    if (status != PS_OK) {
        ps_free(b);
        return status;
    }
    *out = b;
    return PS_OK;
}

void ps_areas_builder_free(ps_areas_builder *b) {
    if (b == NULL) return;
    ps_arena_free(b->text);
    ps_free(b->code);
    ps_free(b->name);
    ps_free(b->area_ring);
    ps_free(b->ring_point);
    ps_free(b->x);
    ps_free(b->y);
    ps_free(b);
}

#define GROW(b, array, room, need, err) \
    ps_grow((void **)&(b)->array, &(b)->room, (need), sizeof *(b)->array, (err))

static ps_status copy_text(ps_arena *arena, ps_str from, ps_str *to, ps_error *err) {
    const char *p = ps_arena_strndup(arena, from.n > 0 ? from.p : "", from.n);
    if (p == NULL) return ps_fail_nomem(err);
    *to = (ps_str){p, from.n};
    return PS_OK;
}

ps_status ps_areas_builder_area(ps_areas_builder *b, ps_str code, ps_str name,
                                ps_error *err) {
    if (b->n >= INT32_MAX)
        return ps_fail(err, PS_LIMIT, "more than %d areas in one set", INT32_MAX);
    if (code.n == 0) {
        return ps_fail(err, PS_FORMAT,
                       "area %zu (name \"%.*s\") has an empty code; every area needs one",
                       b->n + 1, name.n < 80 ? (int)name.n : 80,
                       name.n > 0 ? name.p : "");
    }
    PS_TRY(GROW(b, code, code_room, b->n + 1, err));
    PS_TRY(GROW(b, name, name_room, b->n + 1, err));
    PS_TRY(GROW(b, area_ring, area_room, b->n + 1, err));
    PS_TRY(copy_text(b->text, code, &b->code[b->n], err));
    b->name[b->n] = b->code[b->n];
    if (name.n > 0 && !ps_str_eq(name, code))
        PS_TRY(copy_text(b->text, name, &b->name[b->n], err));
    b->area_ring[b->n++] = (uint32_t)b->n_rings;
    return PS_OK;
}

static bool three_distinct(size_t n, const double *x, const double *y) {
    size_t second = 1;
    while (second < n && x[second] == x[0] && y[second] == y[0]) second++;
    for (size_t i = second + 1; i < n; i++) {
        bool first = x[i] == x[0] && y[i] == y[0];
        if (!first && (x[i] != x[second] || y[i] != y[second])) return true;
    }
    return false;
}

ps_status ps_areas_builder_ring(ps_areas_builder *b, size_t n, const double *x,
                                const double *y, ps_error *err) {
    if (b->n == 0)
        return ps_fail(err, PS_FORMAT, "a ring was given before the first area");
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]) && isfinite(y[i])) continue;
        ps_str code = b->code[b->n - 1];
        return ps_fail(err, PS_FORMAT,
                       "area %.*s: point %zu of a ring is %g %g; coordinates must be "
                       "finite numbers",
                       code.n < 80 ? (int)code.n : 80, code.p, i + 1, x[i], y[i]);
    }
    if (!three_distinct(n, x, y)) return PS_OK;
    const bool closed = x[0] == x[n - 1] && y[0] == y[n - 1];
    const size_t points = closed ? n : n + 1;
    if (points > UINT32_MAX - b->n_points || b->n_rings >= UINT32_MAX - 1) {
        return ps_fail(err, PS_LIMIT,
                       "more than %u boundary points in one set of areas; simplify the "
                       "boundaries or split the set",
                       UINT32_MAX);
    }
    PS_TRY(GROW(b, ring_point, ring_room, b->n_rings + 1, err));
    PS_TRY(GROW(b, x, x_room, b->n_points + points, err));
    PS_TRY(GROW(b, y, y_room, b->n_points + points, err));
    memcpy(b->x + b->n_points, x, n * sizeof *x);
    memcpy(b->y + b->n_points, y, n * sizeof *y);
    if (!closed) {
        b->x[b->n_points + n] = x[0];
        b->y[b->n_points + n] = y[0];
    }
    b->ring_point[b->n_rings++] = (uint32_t)b->n_points;
    b->n_points += points;
    return PS_OK;
}

typedef struct place {
    ps_str code;
    uint32_t at; /* in order of arrival */
} place;

static int compare_places(const void *a, const void *b) {
    const place *p = a, *q = b;
    int order = ps_str_cmp(p->code, q->code);
    return order != 0 ? order : (p->at > q->at) - (p->at < q->at);
}

/* Duplicates stand next to each other once sorted; the first five are named. */
static ps_status check_distinct(const place *order, size_t n, ps_error *err) {
    char list[512] = "";
    size_t used = 0, shown = 0, found = 0;
    for (size_t i = 1; i < n; i++) {
        if (!ps_str_eq(order[i].code, order[i - 1].code)) continue;
        if (i > 1 && ps_str_eq(order[i].code, order[i - 2].code)) continue;
        found++;
        if (shown == 5) continue;
        ps_str code = order[i].code;
        int wrote =
            snprintf(list + used, sizeof list - used, "%s%.*s", shown > 0 ? ", " : "",
                     code.n < 64 ? (int)code.n : 64, code.p);
        if (wrote > 0) used += (size_t)wrote;
        shown++;
    }
    if (found == 0) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%zu area code%s more than once: %s%s; every area needs a code of its "
                   "own (choose another field, or dissolve the areas first)",
                   found, found == 1 ? " occurs" : "s occur", list,
                   found > shown ? ", ..." : "");
}

/* Text, offsets and coordinates in the order given; taken from the builder when that is
 * the order already. */
static ps_status arrange(ps_areas_builder *b, const place *order, owned_areas *o,
                         ps_error *err) {
    bool sorted = true;
    for (size_t i = 0; i < b->n; i++) sorted = sorted && order[i].at == i;

    PS_TRY(GROW(b, area_ring, area_room, b->n + 1, err));
    PS_TRY(GROW(b, ring_point, ring_room, b->n_rings + 1, err));
    b->area_ring[b->n] = (uint32_t)b->n_rings;
    b->ring_point[b->n_rings] = (uint32_t)b->n_points;
    if (sorted) {
        o->code = b->code, b->code = NULL;
        o->name = b->name, b->name = NULL;
        o->area_ring = b->area_ring, b->area_ring = NULL;
        o->ring_point = b->ring_point, b->ring_point = NULL;
        o->x = b->x, b->x = NULL;
        o->y = b->y, b->y = NULL;
        /* Give back what growing left over; keeping it would do no harm. */
        double *less = ps_resize(o->x, b->n_points, sizeof *o->x);
        if (less != NULL) o->x = less;
        less = ps_resize(o->y, b->n_points, sizeof *o->y);
        if (less != NULL) o->y = less;
        return PS_OK;
    }
    o->code = ps_alloc(b->n, sizeof *o->code);
    o->name = ps_alloc(b->n, sizeof *o->name);
    o->area_ring = ps_alloc(b->n + 1, sizeof *o->area_ring);
    o->ring_point = ps_alloc(b->n_rings + 1, sizeof *o->ring_point);
    o->x = ps_alloc(b->n_points, sizeof *o->x);
    if (o->code == NULL || o->name == NULL || o->area_ring == NULL ||
        o->ring_point == NULL || o->x == NULL)
        return ps_fail_nomem(err);
    size_t ring = 0, point = 0;
    for (size_t i = 0; i < b->n; i++) {
        const uint32_t at = order[i].at;
        o->code[i] = b->code[at];
        o->name[i] = b->name[at];
        o->area_ring[i] = (uint32_t)ring;
        const uint32_t first = b->ring_point[b->area_ring[at]];
        for (uint32_t r = b->area_ring[at]; r < b->area_ring[at + 1]; r++)
            o->ring_point[ring++] = (uint32_t)(point + b->ring_point[r] - first);
        const size_t points = b->ring_point[b->area_ring[at + 1]] - first;
        if (points > 0) memcpy(o->x + point, b->x + first, points * sizeof *o->x);
        point += points;
    }
    o->area_ring[b->n] = (uint32_t)ring;
    o->ring_point[ring] = (uint32_t)point;
    /* The old x is done with: its room serves the new y. */
    o->y = b->x, b->x = NULL;
    point = 0;
    for (size_t i = 0; i < b->n; i++) {
        const uint32_t at = order[i].at;
        const uint32_t first = b->ring_point[b->area_ring[at]];
        const size_t points = b->ring_point[b->area_ring[at + 1]] - first;
        if (points > 0) memcpy(o->y + point, b->y + first, points * sizeof *o->y);
        point += points;
    }
    return PS_OK;
}

static void measure_boxes(const ps_areas *set, double *box) {
    for (size_t a = 0; a < set->n; a++) {
        double low_x = HUGE_VAL, low_y = HUGE_VAL, high_x = -HUGE_VAL, high_y = -HUGE_VAL;
        const size_t end = set->ring_point[set->area_ring[a + 1]];
        for (size_t p = set->ring_point[set->area_ring[a]]; p < end; p++) {
            const double x = set->x[p], y = set->y[p]; /* fmin would be a call */
            low_x = x < low_x ? x : low_x, high_x = x > high_x ? x : high_x;
            low_y = y < low_y ? y : low_y, high_y = y > high_y ? y : high_y;
        }
        box[4 * a] = low_x, box[4 * a + 1] = low_y;
        box[4 * a + 2] = high_x, box[4 * a + 3] = high_y;
    }
}

static ps_status finish(ps_areas_builder *b, owned_areas *o, ps_error *err) {
    place *order = ps_alloc(b->n, sizeof *order);
    if (order == NULL) return ps_fail_nomem(err);
    bool sorted = true;
    for (size_t i = 0; i < b->n; i++) {
        order[i] = (place){b->code[i], (uint32_t)i};
        sorted = sorted && (i == 0 || ps_str_cmp(b->code[i - 1], b->code[i]) <= 0);
    }
    if (!sorted) qsort(order, b->n, sizeof *order, compare_places);
    ps_status status = check_distinct(order, b->n, err);
    if (status == PS_OK) status = arrange(b, order, o, err);
    ps_free(order);
    PS_TRY(status);

    o->text = b->text, b->text = NULL;
    PS_TRY(ps_keys_create(&o->by_code, err));
    for (size_t a = 0; a < b->n; a++) {
        int32_t id;
        PS_TRY(ps_keys_add(o->by_code, o->code[a], &id, NULL, err));
    }
    o->box = ps_alloc(4 * b->n, sizeof *o->box);
    if (o->box == NULL) return ps_fail_nomem(err);
    o->set = (ps_areas){.n = b->n,
                        .n_rings = b->n_rings,
                        .n_points = b->n_points,
                        .code = o->code,
                        .name = o->name,
                        .area_ring = o->area_ring,
                        .ring_point = o->ring_point,
                        .x = o->x,
                        .y = o->y,
                        .box = o->box,
                        .by_code = o->by_code,
                        .crs = o->crs};
    measure_boxes(&o->set, o->box);
    return PS_OK;
}

ps_status ps_areas_builder_finish(ps_areas_builder *b, ps_crs *crs, ps_areas **out,
                                  ps_error *err) {
    *out = NULL;
    ps_status status;
    owned_areas *o = ps_zalloc(1, sizeof *o);
    if (o == NULL) {
        if (crs != NULL) ps_crs_free(crs);
        status = ps_fail_nomem(err);
    } else {
        o->crs = crs;
        status = finish(b, o, err);
        if (status == PS_OK)
            *out = &o->set;
        else
            ps_areas_free(&o->set);
    }
    ps_areas_builder_free(b);
    return status;
}

static ps_status index_codes(const ps_areas *arrays, ps_keys *by_code, ps_error *err) {
    for (size_t a = 0; a < arrays->n; a++) {
        int32_t id;
        if (arrays->code[a].n == 0 ||
            (a > 0 && ps_str_cmp(arrays->code[a - 1], arrays->code[a]) >= 0))
            return ps_fail(err, PS_FORMAT, "area %zu has no code, or one out of order",
                           a + 1);
        PS_TRY(ps_keys_add(by_code, arrays->code[a], &id, NULL, err));
    }
    return PS_OK;
}

ps_status ps_areas_view(const ps_areas *arrays, ps_crs *crs, void (*release)(void *held),
                        void *held, ps_areas **out, ps_error *err) {
    *out = NULL;
    owned_areas *o = ps_zalloc(1, sizeof *o);
    ps_status status = o != NULL ? ps_keys_create(&o->by_code, err) : ps_fail_nomem(err);
    if (status == PS_OK) status = index_codes(arrays, o->by_code, err);
    if (status != PS_OK) {
        if (o != NULL) ps_keys_free(o->by_code);
        ps_crs_free(crs);
        ps_free(o);
        return status;
    }
    o->set = *arrays;
    o->set.by_code = o->by_code;
    o->set.crs = o->crs = crs;
    o->set.id = NULL;
    o->release = release;
    o->held = held;
    *out = &o->set;
    return PS_OK;
}

void ps_areas_identify(ps_areas *areas, const unsigned char id[PS_AREAS_ID]) {
    owned_areas *o = (owned_areas *)areas;
    memcpy(o->id, id, PS_AREAS_ID);
    o->set.id = o->id;
}

void ps_areas_free(ps_areas *areas) {
    if (areas == NULL) return;
    owned_areas *o = (owned_areas *)areas;
    if (o->release != NULL) o->release(o->held);
    ps_arena_free(o->text);
    ps_free(o->code);
    ps_free(o->name);
    ps_free(o->area_ring);
    ps_free(o->ring_point);
    ps_free(o->x);
    ps_free(o->y);
    ps_free(o->box);
    if (o->by_code != NULL) ps_keys_free(o->by_code);
    if (o->crs != NULL) ps_crs_free(o->crs);
    ps_free(o);
}

bool ps_areas_extent(const ps_areas *areas, double box[4]) {
    bool any = false;
    for (size_t a = 0; a < areas->n; a++) {
        const double *b = areas->box + 4 * a;
        if (!(b[0] <= b[2])) continue;
        if (!any) memcpy(box, b, 4 * sizeof *b);
        box[0] = fmin(box[0], b[0]), box[1] = fmin(box[1], b[1]);
        box[2] = fmax(box[2], b[2]), box[3] = fmax(box[3], b[3]);
        any = true;
    }
    return any;
}

typedef struct ring {
    const double *x, *y;
    size_t n;
    double low_x, low_y, high_x, high_y;
} ring;

static ring ring_of(const ps_areas *areas, size_t r) {
    const size_t begin = areas->ring_point[r], end = areas->ring_point[r + 1];
    ring c = {areas->x + begin, areas->y + begin, end - begin, HUGE_VAL,
              HUGE_VAL,         -HUGE_VAL,        -HUGE_VAL};
    for (size_t i = 0; i < c.n; i++) {
        c.low_x = fmin(c.low_x, c.x[i]), c.high_x = fmax(c.high_x, c.x[i]);
        c.low_y = fmin(c.low_y, c.y[i]), c.high_y = fmax(c.high_y, c.y[i]);
    }
    return c;
}

/* Twice the enclosed area over two. Shifted to the first point, so that large
 * coordinates cost no digits. */
static double ring_square(const ring *c) {
    double twice = 0;
    for (size_t i = 1; i + 1 < c->n; i++) {
        twice += (c->x[i] - c->x[0]) * (c->y[i + 1] - c->y[0]) -
                 (c->x[i + 1] - c->x[0]) * (c->y[i] - c->y[0]);
    }
    return fabs(twice) / 2;
}

/* 1 inside, -1 outside, 0 on the ring. */
static int side_of_ring(const ring *c, double px, double py) {
    bool inside = false;
    for (size_t i = 0; i + 1 < c->n; i++) {
        const double x1 = c->x[i], y1 = c->y[i], x2 = c->x[i + 1], y2 = c->y[i + 1];
        if (px > x1 && px > x2) continue;
        const double turn = (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1);
        if (turn == 0 && px >= fmin(x1, x2) && py >= fmin(y1, y2) && py <= fmax(y1, y2))
            return 0;
        if ((y1 > py) != (y2 > py) && (turn > 0) == (y2 > y1)) inside = !inside;
    }
    return inside ? 1 : -1;
}

/* Is ring a inside ring b? They may touch, so vertices and then edge middles are tried
 * until one is off the boundary; of two equal rings the second is inside the first. */
static bool ring_inside(const ring *a, const ring *b, bool a_is_later) {
    if (a->low_x < b->low_x || a->low_y < b->low_y || a->high_x > b->high_x ||
        a->high_y > b->high_y)
        return false;
    for (size_t i = 0; i + 1 < a->n; i++) {
        int side = side_of_ring(b, a->x[i], a->y[i]);
        if (side != 0) return side > 0;
    }
    for (size_t i = 0; i + 1 < a->n; i++) {
        int side =
            side_of_ring(b, a->x[i] / 2 + a->x[i + 1] / 2, a->y[i] / 2 + a->y[i + 1] / 2);
        if (side != 0) return side > 0;
    }
    return a_is_later;
}

typedef struct measuring {
    const ps_areas *areas;
    double *square;
} measuring;

static ps_status measure_some(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    (void)worker;
    const measuring *m = context;
    for (size_t a = begin; a < end; a++) {
        const size_t first = m->areas->area_ring[a];
        const size_t n = m->areas->area_ring[a + 1] - first;
        ring *rings = ps_alloc(n, sizeof *rings);
        if (rings == NULL) return ps_fail_nomem(err);
        for (size_t r = 0; r < n; r++) rings[r] = ring_of(m->areas, first + r);
        double sum = 0;
        for (size_t r = 0; r < n; r++) {
            bool hole = false; /* inside an odd number of rings */
            for (size_t s = 0; s < n; s++)
                hole ^= s != r && ring_inside(&rings[r], &rings[s], r > s);
            const double square = ring_square(&rings[r]);
            sum += hole ? -square : square;
        }
        m->square[a] = sum;
        ps_free(rings);
    }
    return PS_OK;
}

ps_status ps_areas_measure(const ps_areas *areas, double *square, ps_error *err) {
    measuring m = {areas, square};
    return ps_par_for(areas->n, 64, measure_some, &m, err);
}
