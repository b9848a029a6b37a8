/* Made-up areas for tests of geo: tilings whose neighbours share every vertex, like
 * published boundaries, with enclaves, parts, overlaps and other shapes that go wrong,
 * and the points that matter on them. Everything comes from a seed. All coordinates are
 * whole units of 1 / 1000, so that they stay exact when frozen.
 */
#ifndef PS_TESTS_SUPPORT_TILING_H
#define PS_TESTS_SUPPORT_TILING_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/brute.h"
#include "tests/support/test.h"

enum { TILING_MAX = 64, TILING_STEPS = 12 };

typedef struct tiling_spec {
    uint64_t seed;
    int columns, rows; /* of cells, up to TILING_MAX */
    int steps;         /* edges on each side of a cell, up to TILING_STEPS */
    int64_t size;      /* of the smallest cell, in units */
    double growth;     /* each next column and row larger by this factor */
    double wiggle;     /* of the sides, as a share of the cell; up to 0.3 */
    double noise;      /* added to each ring's coordinates, in units, below 0.5 */
    bool enclaves;     /* an area of its own inside every fifth cell */
    int64_t x0, y0;    /* lower left corner, in units */
} tiling_spec;

static inline double tiling_uniform(uint64_t *seed) {
    return (double)(test_random(seed) >> 11) * 0x1p-53;
}

static inline void tiling_area(ps_areas_builder *b, const char *prefix, int number) {
    char code[32];
    int n = snprintf(code, sizeof code, "%s%05d", prefix, number);
    ps_error err = {PS_OK, ""};
    assert_int_equal(
        ps_areas_builder_area(b, (ps_str){code, (size_t)n}, (ps_str){NULL, 0}, &err),
        PS_OK);
}

/* A ring in whole units. */
static inline void tiling_ring(ps_areas_builder *b, size_t n, const int64_t *x,
                               const int64_t *y, double noise, uint64_t *seed) {
    ps_error err = {PS_OK, ""};
    double *dx = malloc((n + 1) * sizeof *dx), *dy = malloc((n + 1) * sizeof *dy);
    assert_non_null(dx);
    assert_non_null(dy);
    for (size_t i = 0; i < n; i++) {
        dx[i] = ((double)x[i] + noise * (2 * tiling_uniform(seed) - 1)) / 1000;
        dy[i] = ((double)y[i] + noise * (2 * tiling_uniform(seed) - 1)) / 1000;
    }
    assert_int_equal(ps_areas_builder_ring(b, n, dx, dy, &err), PS_OK);
    free(dx);
    free(dy);
}

/* Point `step` of the side that starts at node (c, r) and runs right or up: the same from
 * whichever cell it is asked. */
static inline void tiling_side(const tiling_spec *s, const int64_t *at_x,
                               const int64_t *at_y, int c, int r, bool up, int step,
                               int64_t *x, int64_t *y) {
    int64_t nx[2], ny[2];
    for (int end = 0; end < 2; end++) {
        const int cc = c + (end && !up), rr = r + (end && up);
        uint64_t seed = s->seed ^ ((uint64_t)cc << 40) ^ ((uint64_t)rr << 20);
        const bool edge_x = cc == 0 || cc == s->columns;
        const bool edge_y = rr == 0 || rr == s->rows;
        const double wide = s->wiggle * (double)s->size;
        nx[end] =
            at_x[cc] + (edge_x ? 0 : (int64_t)(wide * (tiling_uniform(&seed) - 0.5)));
        ny[end] =
            at_y[rr] + (edge_y ? 0 : (int64_t)(wide * (tiling_uniform(&seed) - 0.5)));
    }
    *x = nx[0] + (nx[1] - nx[0]) * step / s->steps;
    *y = ny[0] + (ny[1] - ny[0]) * step / s->steps;
    if (step == 0 || step == s->steps) return;
    uint64_t seed = s->seed ^ ((uint64_t)c << 50) ^ ((uint64_t)r << 30) ^
                    ((uint64_t)step << 8) ^ (uint64_t)up;
    const double sway = s->wiggle * (double)s->size * 0.5;
    const double sway_x = tiling_uniform(&seed) - 0.5;
    const double sway_y = tiling_uniform(&seed) - 0.5;
    /* the outside of the whole stays straight */
    if (!(up && (c == 0 || c == s->columns))) *x += (int64_t)(sway * sway_x);
    if (!(!up && (r == 0 || r == s->rows))) *y += (int64_t)(sway * sway_y);
}

static inline int tiling_build(ps_areas_builder *b, const tiling_spec *s,
                               const char *prefix) {
    int64_t at_x[TILING_MAX + 1], at_y[TILING_MAX + 1];
    double size = (double)s->size;
    at_x[0] = s->x0;
    for (int c = 0; c < s->columns; c++, size *= s->growth)
        at_x[c + 1] = at_x[c] + (int64_t)size;
    size = (double)s->size;
    at_y[0] = s->y0;
    for (int r = 0; r < s->rows; r++, size *= s->growth)
        at_y[r + 1] = at_y[r] + (int64_t)size;
    uint64_t seed = s->seed + 77;
    int number = 0;
    for (int r = 0; r < s->rows; r++) {
        for (int c = 0; c < s->columns; c++) {
            int64_t x[4 * TILING_STEPS], y[4 * TILING_STEPS];
            size_t n = 0;
            for (int i = 0; i < s->steps; i++, n++)
                tiling_side(s, at_x, at_y, c, r, false, i, &x[n], &y[n]);
            for (int i = 0; i < s->steps; i++, n++)
                tiling_side(s, at_x, at_y, c + 1, r, true, i, &x[n], &y[n]);
            for (int i = s->steps; i > 0; i--, n++)
                tiling_side(s, at_x, at_y, c, r + 1, false, i, &x[n], &y[n]);
            for (int i = s->steps; i > 0; i--, n++)
                tiling_side(s, at_x, at_y, c, r, true, i, &x[n], &y[n]);
            const int64_t mx = (at_x[c] + at_x[c + 1]) / 2,
                          my = (at_y[r] + at_y[r + 1]) / 2;
            const int64_t d = s->size / 8;
            const int64_t hx[4] = {mx - d, mx, mx + d, mx},
                          hy[4] = {my, my - d, my, my + d};
            const bool enclave = s->enclaves && (r * s->columns + c) % 5 == 0 && d > 0;
            tiling_area(b, prefix, number++);
            tiling_ring(b, n, x, y, s->noise, &seed);
            if (!enclave) continue;
            tiling_ring(b, 4, hx, hy, s->noise, &seed);
            tiling_area(b, prefix, number++);
            tiling_ring(b, 4, hx, hy, s->noise, &seed);
        }
    }
    return number;
}

static inline ps_areas *tiling_finish(ps_areas_builder *b) {
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    assert_int_equal(ps_areas_builder_finish(b, NULL, &areas, &err), PS_OK);
    return areas;
}

static inline ps_areas_builder *tiling_start(void) {
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = NULL;
    assert_int_equal(ps_areas_builder_create(&b, &err), PS_OK);
    return b;
}

static inline ps_areas *tiling_make(const tiling_spec *s) {
    ps_areas_builder *b = tiling_start();
    tiling_build(b, s, "T");
    return tiling_finish(b);
}

/* A random polygon that may cross itself, within a box of the size given. */
static inline void tiling_scribble(ps_areas_builder *b, uint64_t *seed, size_t n,
                                   int64_t x0, int64_t y0, uint64_t size) {
    int64_t x[64], y[64];
    if (n > 64) n = 64;
    for (size_t i = 0; i < n; i++) {
        x[i] = x0 + (int64_t)test_random_below(seed, size);
        y[i] = y0 + (int64_t)test_random_below(seed, size);
    }
    tiling_ring(b, n, x, y, 0, seed);
}

/* Points in frozen units. */
typedef struct tiling_points {
    size_t n, room;
    int64_t *x, *y;
} tiling_points;

static inline void tiling_point(tiling_points *p, int64_t x, int64_t y) {
    if (p->n == p->room) {
        p->room = p->room > 0 ? 2 * p->room : 1024;
        p->x = realloc(p->x, p->room * sizeof *p->x);
        p->y = realloc(p->y, p->room * sizeof *p->y);
        assert_non_null(p->x);
        assert_non_null(p->y);
    }
    p->x[p->n] = x;
    p->y[p->n++] = y;
}

static inline void tiling_points_free(tiling_points *p) {
    free(p->x);
    free(p->y);
    *p = (tiling_points){0};
}

static inline int64_t tiling_gcd(int64_t a, int64_t b) {
    while (b != 0) {
        const int64_t c = a % b;
        a = b;
        b = c;
    }
    return a < 0 ? -a : a;
}

/* Of every stride-th edge of frozen areas: an end, a whole point on it or next to its
 * middle, and the eight neighbours of both; and random points over all. */
static inline void tiling_points_of(const ps_areas *frozen, uint64_t seed, size_t stride,
                                    size_t random, tiling_points *p) {
    size_t edge = 0;
    int64_t low[2] = {INT64_MAX, INT64_MAX}, high[2] = {INT64_MIN, INT64_MIN};
    for (size_t r = 0; r < frozen->n_rings; r++) {
        for (uint32_t i = frozen->ring_point[r]; i + 1 < frozen->ring_point[r + 1]; i++) {
            const int64_t x = (int64_t)frozen->x[i], y = (int64_t)frozen->y[i];
            low[0] = x < low[0] ? x : low[0], high[0] = x > high[0] ? x : high[0];
            low[1] = y < low[1] ? y : low[1], high[1] = y > high[1] ? y : high[1];
            if (edge++ % stride != 0) continue;
            const int64_t dx = (int64_t)frozen->x[i + 1] - x;
            const int64_t dy = (int64_t)frozen->y[i + 1] - y;
            const int64_t g = tiling_gcd(dx, dy);
            const int64_t k =
                g > 1 ? 1 + (int64_t)test_random_below(&seed, (uint64_t)g - 1) : 0;
            const int64_t mx = g > 1 ? x + dx / g * k : x + dx / 2;
            const int64_t my = g > 1 ? y + dy / g * k : y + dy / 2;
            for (int j = -1; j <= 1; j++) {
                for (int l = -1; l <= 1; l++) {
                    tiling_point(p, x + j, y + l);
                    tiling_point(p, mx + j, my + l);
                }
            }
        }
    }
    if (frozen->n_rings == 0) low[0] = low[1] = high[0] = high[1] = 0;
    for (size_t i = 0; i < random; i++) {
        const uint64_t wide = (uint64_t)(high[0] - low[0]) + 21;
        const uint64_t tall = (uint64_t)(high[1] - low[1]) + 21;
        const int64_t x = low[0] - 10 + (int64_t)test_random_below(&seed, wide);
        const int64_t y = low[1] - 10 + (int64_t)test_random_below(&seed, tall);
        tiling_point(p, x, y);
    }
}

/* Build an index of layers, ask it for the points of each of them, and compare each
 * answer and tie of every layer with brute force. */
static inline void tiling_check_layers(const ps_areas *const *areas, size_t n,
                                       bool geographic, uint64_t seed, size_t random) {
    enum { LAYERS = 8 };
    ps_error err = {PS_OK, ""};
    ps_locator *locator = NULL;
    ps_areas *frozen[LAYERS];
    ps_locator_layer layer[LAYERS];
    assert_true(n <= LAYERS);
    for (size_t l = 0; l < n; l++) layer[l] = (ps_locator_layer){areas[l], NULL};
    if (ps_locator_build(layer, n, geographic, &locator, &err) != PS_OK)
        fail_msg("%s", err.text);
    for (size_t l = 0; l < n; l++)
        assert_int_equal(ps_locator_frozen_areas(locator, l, &frozen[l], &err), PS_OK);
    for (size_t from = 0; from < n; from++) {
        tiling_points p = {0};
        tiling_points_of(frozen[from], seed, 1, random, &p);
        const double unit = ps_locator_unit(locator, from), scale = round(1 / unit);
        for (size_t i = 0; i < p.n; i++) {
            const double x = unit < 1 ? (double)p.x[i] / scale : (double)p.x[i] * unit;
            const double y = unit < 1 ? (double)p.y[i] / scale : (double)p.y[i] * unit;
            int32_t row[LAYERS];
            int64_t ties[LAYERS] = {0};
            for (size_t l = 0; l < n; l++) row[l] = -2;
            ps_locate(locator, 1, &x, &y, row, ties);
            for (size_t l = 0; l < n; l++) {
                bool tie;
                const int32_t want =
                    brute_locate(frozen[l], ps_locator_freeze(locator, l, x),
                                 ps_locator_freeze(locator, l, y), &tie);
                if (row[l] != want || ties[l] != (int64_t)tie) {
                    fail_msg(
                        "seed %llu: point %lld %lld is in row %d (tie %d) of layer "
                        "%zu, found in %d (%d)",
                        (unsigned long long)seed, (long long)p.x[i], (long long)p.y[i],
                        want, tie, l, row[l], (int)ties[l]);
                }
            }
        }
        tiling_points_free(&p);
    }
    for (size_t l = 0; l < n; l++) ps_areas_free(frozen[l]);
    ps_locator_free(locator);
}

/* The same for one layer. */
static inline void tiling_check(const ps_areas *areas, bool geographic, uint64_t seed,
                                size_t random) {
    tiling_check_layers(&areas, 1, geographic, seed, random);
}

/* Groups of areas as new ones, every so many rows by turns: all their rings, so that what
 * they share is there twice, and out by the even-odd rule but for the edge itself. */
static inline ps_areas *tiling_group(const ps_areas *from, size_t groups) {
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = tiling_start();
    for (size_t g = 0; g < groups; g++) {
        tiling_area(b, "G", (int)g);
        for (size_t a = g; a < from->n; a += groups) {
            for (uint32_t r = from->area_ring[a]; r < from->area_ring[a + 1]; r++) {
                const uint32_t first = from->ring_point[r];
                assert_int_equal(
                    ps_areas_builder_ring(b, from->ring_point[r + 1] - first,
                                          from->x + first, from->y + first, &err),
                    PS_OK);
            }
        }
    }
    return tiling_finish(b);
}

#endif
