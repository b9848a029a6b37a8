/* Every answer against GEOS on the frozen coordinates. They are whole numbers far below
 * 2^53, on which GEOS's orientation tests are exact, so there is no tolerance. */
#include "geo/layer.h"
#include "tests/support/tiling.h"

#include <geos_c.h>

typedef struct shapes {
    GEOSContextHandle_t geos;
    size_t n;
    GEOSGeometry **shape; /* NULL for an area without one */
    const GEOSPreparedGeometry **prepared;
    GEOSGeometry **frame; /* the box, in the tree */
    GEOSSTRtree *tree;
    size_t *number; /* 0, 1, 2, ...: what the tree holds */
    bool *simple;   /* false: GEOS cannot be the judge */
    size_t odd;     /* how many are not simple */
} shapes;

static GEOSGeometry *ring_polygon(GEOSContextHandle_t geos, const ps_areas *a,
                                  uint32_t r) {
    const uint32_t begin = a->ring_point[r], n = a->ring_point[r + 1] - begin;
    GEOSCoordSequence *points = GEOSCoordSeq_create_r(geos, n, 2);
    assert_non_null(points);
    for (uint32_t i = 0; i < n; i++)
        GEOSCoordSeq_setXY_r(geos, points, i, a->x[begin + i], a->y[begin + i]);
    GEOSGeometry *polygon = GEOSGeom_createPolygon_r(
        geos, GEOSGeom_createLinearRing_r(geos, points), NULL, 0);
    assert_non_null(polygon);
    return polygon;
}

/* Rings by the even-odd rule: the symmetric difference of what each encloses. NULL when a
 * ring is not simple. */
static GEOSGeometry *area_shape(GEOSContextHandle_t geos, const ps_areas *a,
                                size_t area) {
    GEOSGeometry *shape = GEOSGeom_createEmptyPolygon_r(geos);
    for (uint32_t r = a->area_ring[area]; r < a->area_ring[area + 1]; r++) {
        GEOSGeometry *part = ring_polygon(geos, a, r), *both = NULL;
        if (GEOSisValid_r(geos, part) == 1) {
            both = r == a->area_ring[area] ? GEOSGeom_clone_r(geos, part)
                                           : GEOSSymDifference_r(geos, shape, part);
            assert_non_null(both);
        }
        GEOSGeom_destroy_r(geos, shape);
        GEOSGeom_destroy_r(geos, part);
        shape = both;
        if (shape == NULL) return NULL;
    }
    return shape;
}

static void shapes_make(const ps_areas *a, shapes *s) {
    *s = (shapes){.geos = GEOS_init_r(), .n = a->n};
    s->shape = calloc(a->n, sizeof *s->shape);
    s->prepared = calloc(a->n, sizeof *s->prepared);
    s->frame = calloc(a->n, sizeof *s->frame);
    s->number = calloc(a->n, sizeof *s->number);
    s->simple = calloc(a->n, sizeof *s->simple);
    s->tree = GEOSSTRtree_create_r(s->geos, 10);
    assert_true(s->shape != NULL && s->prepared != NULL && s->frame != NULL &&
                s->number != NULL && s->simple != NULL && s->tree != NULL);
    for (size_t i = 0; i < a->n; i++) {
        if (a->area_ring[i] == a->area_ring[i + 1]) continue;
        s->shape[i] = area_shape(s->geos, a, i);
        s->simple[i] = s->shape[i] != NULL;
        s->odd += !s->simple[i];
        if (s->simple[i]) s->prepared[i] = GEOSPrepare_r(s->geos, s->shape[i]);
        const double *box = a->box + 4 * i;
        s->frame[i] = GEOSGeom_createRectangle_r(s->geos, box[0], box[1], box[2], box[3]);
        assert_non_null(s->frame[i]);
        s->number[i] = i;
        GEOSSTRtree_insert_r(s->geos, s->tree, s->frame[i], &s->number[i]);
    }
}

static void shapes_free(shapes *s) {
    GEOSSTRtree_destroy_r(s->geos, s->tree);
    for (size_t i = 0; i < s->n; i++) {
        GEOSPreparedGeom_destroy_r(s->geos, s->prepared[i]);
        GEOSGeom_destroy_r(s->geos, s->shape[i]);
        GEOSGeom_destroy_r(s->geos, s->frame[i]);
    }
    free(s->shape);
    free(s->prepared);
    free(s->frame);
    free(s->number);
    free(s->simple);
    GEOS_finish_r(s->geos);
}

typedef struct asking {
    const shapes *shapes;
    const GEOSGeometry *point;
    int32_t lowest;
    int holders;
    bool unsure; /* in the box of an area that is not simple */
} asking;

static void ask(void *item, void *context) {
    const size_t a = *(size_t *)item;
    asking *q = context;
    if (!q->shapes->simple[a]) {
        q->unsure = true;
        return;
    }
    GEOSContextHandle_t geos = q->shapes->geos;
    const char covers = GEOSPreparedCovers_r(geos, q->shapes->prepared[a], q->point);
    const char meets = GEOSPreparedIntersects_r(geos, q->shapes->prepared[a], q->point);
    assert_true(covers <= 1 && covers == meets);
    if (!covers) return;
    if (q->holders++ == 0 || (int32_t)a < q->lowest) q->lowest = (int32_t)a;
}

/* The number of points checked, of the points of every stride-th edge and `random` more.
 */
static size_t check(const ps_areas *areas, uint64_t seed, size_t stride, size_t random) {
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    ps_areas *frozen = NULL;
    if (ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &l, &err) != PS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
    shapes s;
    shapes_make(frozen, &s);
    tiling_points p = {0};
    tiling_points_of(frozen, seed, stride, random, &p);
    size_t checked = 0;
    for (size_t i = 0; i < p.n; i++) {
        const double fx = (double)p.x[i], fy = (double)p.y[i];
        GEOSGeometry *point = GEOSGeom_createPointFromXY_r(s.geos, fx, fy);
        asking q = {.shapes = &s, .point = point, .lowest = PS_NONE};
        GEOSSTRtree_query_r(s.geos, s.tree, point, ask, &q);
        GEOSGeom_destroy_r(s.geos, point);
        if (q.unsure) continue;
        checked++;
        const double x = fx * ps_locator_unit(l, 0), y = fy * ps_locator_unit(l, 0);
        assert_int_equal(ps_locator_freeze(l, 0, x), p.x[i]);
        assert_int_equal(ps_locator_freeze(l, 0, y), p.y[i]);
        int32_t row = -2;
        int64_t ties = 0;
        ps_locate(l, 1, &x, &y, &row, &ties);
        if (row != q.lowest || ties != (q.holders > 1)) {
            fail_msg(
                "seed %llu: point %.0f %.0f is in row %d for GEOS (%d areas), found "
                "in %d (tie %d)",
                (unsigned long long)seed, fx, fy, q.lowest, q.holders, row, (int)ties);
        }
    }
    tiling_points_free(&p);
    shapes_free(&s);
    ps_areas_free(frozen);
    ps_locator_free(l);
    return checked;
}

static void test_tilings(void **state) {
    (void)state;
    size_t checked = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        const tiling_spec spec = {.seed = seed * 31,
                                  .columns = 6,
                                  .rows = 7,
                                  .steps = 1 + (int)(seed % TILING_STEPS),
                                  .size = seed % 4 == 0 ? 200 : 20000 * (int64_t)seed,
                                  .growth = seed % 3 == 0 ? 1.9 : 1.1,
                                  .wiggle = 0.08,
                                  .noise = 0.4,
                                  .enclaves = true,
                                  .x0 = 420000000,
                                  .y0 = 410000000};
        ps_areas *areas = tiling_make(&spec);
        checked += check(areas, seed, 1, 5000);
        ps_areas_free(areas);
    }
    assert_true(checked > 50000);
}

/* Cells of random sites, of very different sizes, their corners rounded to whole units.
 */
static void test_voronoi(void **state) {
    (void)state;
    size_t checked = 0;
    GEOSContextHandle_t geos = GEOS_init_r();
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t random = seed;
        enum { SITES = 300 };
        GEOSGeometry *site[SITES];
        for (int i = 0; i < SITES; i++) {
            const double reach = pow(10, 3 + (double)(i % 5));
            site[i] = GEOSGeom_createPointFromXY_r(
                geos, floor(tiling_uniform(&random) * reach) + 3e8,
                floor(tiling_uniform(&random) * reach) + 4e8);
        }
        GEOSGeometry *sites =
            GEOSGeom_createCollection_r(geos, GEOS_MULTIPOINT, site, SITES);
        GEOSGeometry *cells = GEOSVoronoiDiagram_r(geos, sites, NULL, 0, 0);
        assert_non_null(cells);
        ps_areas_builder *b = tiling_start();
        const int n = GEOSGetNumGeometries_r(geos, cells);
        for (int i = 0; i < n; i++) {
            const GEOSGeometry *ring =
                GEOSGetExteriorRing_r(geos, GEOSGetGeometryN_r(geos, cells, i));
            const GEOSCoordSequence *points = GEOSGeom_getCoordSeq_r(geos, ring);
            unsigned size = 0;
            GEOSCoordSeq_getSize_r(geos, points, &size);
            int64_t *x = malloc(size * sizeof *x), *y = malloc(size * sizeof *y);
            assert_true(x != NULL && y != NULL);
            for (unsigned j = 0; j < size; j++) {
                double px, py;
                GEOSCoordSeq_getXY_r(geos, points, j, &px, &py);
                x[j] = llround(px);
                y[j] = llround(py);
            }
            tiling_area(b, "V", i);
            tiling_ring(b, size, x, y, 0, &random);
            free(x);
            free(y);
        }
        GEOSGeom_destroy_r(geos, cells);
        GEOSGeom_destroy_r(geos, sites);
        ps_areas *areas = tiling_finish(b);
        checked += check(areas, seed, 1, 5000);
        ps_areas_free(areas);
    }
    GEOS_finish_r(geos);
    assert_true(checked > 20000);
}

/* Needles one unit wide, fans of them, and overlapping stacks. */
static void test_slivers(void **state) {
    (void)state;
    size_t checked = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        uint64_t random = seed;
        ps_areas_builder *b = tiling_start();
        for (int a = 0; a < 60; a++) {
            const uint64_t wide = seed % 2 == 0 ? 2000 : 2000000000;
            const int64_t dx = (int64_t)test_random_below(&random, wide) + 2;
            const int64_t dy = (int64_t)test_random_below(&random, wide) + 2;
            int64_t x[3] = {0, dx, dx}, y[3] = {0, dy, dy + 1};
            if (a % 3 == 1) x[2] = dx - 1, y[2] = dy;
            if (a % 3 == 2) x[2] = dx / 2, y[2] = dy / 2 + 1;
            tiling_area(b, "N", a);
            tiling_ring(b, 3, x, y, 0, &random);
        }
        ps_areas *areas = tiling_finish(b);
        checked += check(areas, seed, 1, 5000);
        ps_areas_free(areas);
    }
    assert_true(checked > 50000);
}

/* Holes that touch the outside and each other at corners, parts that touch at a corner,
 * an island in a hole, an area on top of it all. */
static void test_touching(void **state) {
    (void)state;
    size_t checked = 0;
    for (int64_t k = 1; k <= 1000000; k *= 10) {
        uint64_t random = 1;
        ps_areas_builder *b = tiling_start();
        const int64_t d = 4 * k;
        const int64_t box_x[4] = {0, 10 * d, 10 * d, 0},
                      box_y[4] = {0, 0, 10 * d, 10 * d};
        tiling_area(b, "A", 0);
        tiling_ring(b, 4, box_x, box_y, 0, &random);
        const int64_t hx[] = {0, d, 2 * d, d}, hy[] = {5 * d, 4 * d, 5 * d, 6 * d};
        tiling_ring(b, 4, hx, hy, 0, &random); /* touches the left side */
        const int64_t h2x[] = {2 * d, 3 * d, 4 * d, 3 * d};
        tiling_ring(b, 4, h2x, hy, 0, &random); /* touches the first */
        const int64_t h3x[] = {5 * d, 9 * d, 9 * d, 5 * d};
        const int64_t h3y[] = {d, d, 8 * d, 8 * d};
        tiling_ring(b, 4, h3x, h3y, 0, &random);
        const int64_t ix[] = {5 * d, 7 * d, 9 * d, 7 * d};
        const int64_t iy[] = {4 * d, 3 * d, 4 * d, 5 * d};
        tiling_ring(b, 4, ix, iy, 0, &random); /* an island that touches its hole */
        tiling_area(b, "B", 1);
        tiling_ring(b, 4, hx, hy, 0, &random);
        tiling_ring(b, 4, h2x, hy, 0, &random);
        tiling_area(b, "C", 2);
        const int64_t cx[] = {k, 9 * d, 3 * d}, cy[] = {k, 5 * d, 9 * d + k};
        tiling_ring(b, 3, cx, cy, 0, &random);
        tiling_area(b, "D", 3);
        const int64_t sx[] = {10 * d, 20 * d, 20 * d, 10 * d};
        tiling_ring(b, 4, sx, box_y, 0, &random);
        ps_areas *areas = tiling_finish(b);
        checked += check(areas, (uint64_t)k, 1, 5000);
        ps_areas_free(areas);
    }
    assert_true(checked > 30000);
}

/* All areas of a real layer under PLACESTAT_DATA. */
static void check_layer(const char *file, const char *layer, const char *code,
                        size_t stride, size_t least) {
    const char *folder = getenv("PLACESTAT_DATA");
    if (folder == NULL) {
        print_message("PLACESTAT_DATA is not set: no real boundaries\n");
        skip();
        return;
    }
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    ps_layer_report report;
    const ps_layer_spec spec = {
        .path = file, .base = folder, .layer = layer, .code = code};
    if (ps_layer_read_areas(&spec, NULL, &areas, &report, &err) != PS_OK)
        fail_msg("%s", err.text);
    const size_t checked = check(areas, 1, stride, least / 4);
    if (checked < least) fail_msg("only %zu points could be checked", checked);
    ps_areas_free(areas);
}

static bool every_edge; /* of England; else some */

static void test_two_districts(void **state) {
    (void)state;
    check_layer("lsoa_boundaries/lsoa_bgc_kirklees_leeds_27700.gpkg", "lsoa21",
                "LSOA21CD", 1, 500000);
}

static void test_england(void **state) {
    (void)state;
    check_layer("lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip", NULL, "LSOA11CD",
                every_edge ? 1 : 97, every_edge ? 30000000 : 300000);
}

/* test_oracle_locate [every]: with the word, the points of every edge of England. */
int main(int argc, char **argv) {
    every_edge = argc > 1 && strcmp(argv[1], "every") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tilings),       cmocka_unit_test(test_voronoi),
        cmocka_unit_test(test_slivers),       cmocka_unit_test(test_touching),
        cmocka_unit_test(test_two_districts), cmocka_unit_test(test_england),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
