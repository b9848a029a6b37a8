/* The table against the operation itself, place by place. */
#include "geo/lattice.h"
#include "engine/core/par.h"
#include "tests/support/tiling.h"

typedef struct move {
    const char *from, *to;
    double x0, y0, unit; /* of the tiling, and its unit in the CRS */
    double source_metres, target_metres;
} move;

static const move moves[] = {
    {"EPSG:27700", "EPSG:4326", 300000, 200000, 1, 1, 0},
    {"EPSG:27700", "EPSG:32630", 300000, 200000, 1, 1, 1},
    {"EPSG:4326", "EPSG:27700", -3, 51, 1e-5, 0, 1},
    {"EPSG:4326", "EPSG:3857", 20, 68, 1e-5, 0, 1},
    {"EPSG:32633", "EPSG:4326", 300000, 7400000, 1, 1, 0},
};

/* Some 160 km square with many vertices to the cell. */
static ps_areas *country(const move *m) {
    const tiling_spec spec = {.seed = 11,
                              .columns = 40,
                              .rows = 40,
                              .steps = 10,
                              .size = 4000000,
                              .growth = 1,
                              .wiggle = 0.2};
    ps_areas *plain = tiling_make(&spec);
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = tiling_start();
    for (size_t a = 0; a < plain->n; a++) {
        tiling_area(b, "T", (int)a);
        for (uint32_t r = plain->area_ring[a]; r < plain->area_ring[a + 1]; r++) {
            double x[64], y[64];
            const uint32_t first = plain->ring_point[r];
            const size_t n = plain->ring_point[r + 1] - first;
            assert_true(n <= 64);
            for (size_t i = 0; i < n; i++) {
                x[i] = m->x0 + plain->x[first + i] * m->unit;
                y[i] = m->y0 + plain->y[first + i] * m->unit;
            }
            assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
        }
    }
    ps_areas_free(plain);
    return tiling_finish(b);
}

typedef struct opened {
    ps_crs *from, *to;
    ps_crs_operation *op[8];
} opened;

static void open_operation(const move *m, opened *o) {
    ps_error err = {PS_OK, ""};
    if (ps_crs_open(m->from, &o->from, &err) != PS_OK ||
        ps_crs_open(m->to, &o->to, &err) != PS_OK ||
        ps_crs_operation_open(o->from, o->to, NULL, 0, &o->op[0], &err) != PS_OK)
        fail_msg("%s", err.text);
    for (int w = 1; w < 8; w++)
        assert_int_equal(ps_crs_operation_clone(o->op[0], &o->op[w], &err), PS_OK);
}

static void close_operation(opened *o) {
    for (int w = 0; w < 8; w++) ps_crs_operation_free(o->op[w]);
    ps_crs_free(o->from);
    ps_crs_free(o->to);
}

enum { N = 20000 };
static double x[N], y[N], px[N], py[N], first_x[N], first_y[N];

/* Vertices, and places within the box and a little beyond. */
static void choose_places(const ps_areas *areas, uint64_t seed) {
    const uint32_t last = (uint32_t)areas->n_points - 1;
    for (size_t i = 0; i < N; i++) {
        const size_t p = test_random_below(&seed, last),
                     q = test_random_below(&seed, last);
        x[i] = areas->x[p];
        y[i] = areas->y[i % 2 == 0 ? p : q];
        if (i % 7 == 0) x[i] += (x[i] - areas->x[q]) * 0.2;
    }
}

static void test_within_a_fiftieth_of_a_millimetre(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++) {
        const move *m = &moves[k];
        ps_error err = {PS_OK, ""};
        opened o;
        open_operation(m, &o);
        ps_areas *areas = country(m);
        ps_lattice *l = NULL;
        ps_set_threads(2);
        assert_int_equal(
            ps_lattice_build(areas, o.op, m->source_metres, m->target_metres, &l, &err),
            PS_OK);
        if (ps_crs_operation_describe(o.op[0])->grid[0] == '\0' &&
            ps_lattice_cells(l) < 30)
            fail_msg("%s to %s: %zu cells", m->from, m->to, ps_lattice_cells(l));
        choose_places(areas, k + 1);
        memcpy(px, x, sizeof x);
        memcpy(py, y, sizeof y);
        assert_int_equal(ps_crs_operation_apply(o.op[0], N, px, py), 0);
        ps_lattice_apply(l, o.op[0], N, x, y);
        for (size_t i = 0; i < N; i++) {
            const double d = sqrt(ps_lattice_square_metres(x[i] - px[i], y[i] - py[i],
                                                           py[i], m->target_metres));
            if (!(d < 0.00002))
                fail_msg("%s to %s: %.12g %.12g, by the table %.12g %.12g, %g m beside",
                         m->from, m->to, px[i], py[i], x[i], y[i], d);
        }
        ps_lattice_free(l);
        ps_areas_free(areas);
        close_operation(&o);
    }
    ps_set_threads(0);
}

/* One place has one image: alone, in a crowd, and for any number of threads. */
static void test_same_bits(void **state) {
    (void)state;
    const move *m = &moves[0];
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(m, &o);
    ps_areas *areas = country(m);
    const int threads[] = {1, 2, 7};
    for (int t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_lattice *l = NULL;
        assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
        choose_places(areas, 5);
        ps_lattice_apply(l, o.op[t], N, x, y);
        if (t == 0) {
            memcpy(first_x, x, sizeof x);
            memcpy(first_y, y, sizeof y);
        }
        assert_memory_equal(x, first_x, sizeof x);
        assert_memory_equal(y, first_y, sizeof y);
        choose_places(areas, 5);
        for (size_t i = 0; i < N; i += 97) {
            ps_lattice_apply(l, o.op[0], 1, &x[i], &y[i]);
            assert_memory_equal(&x[i], &first_x[i], sizeof *x);
            assert_memory_equal(&y[i], &first_y[i], sizeof *y);
        }
        ps_lattice_free(l);
    }
    ps_set_threads(0);
    ps_areas_free(areas);
    close_operation(&o);
}

static void test_places_without_image(void **state) {
    (void)state;
    const move *m = &moves[0];
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(m, &o);
    ps_areas *areas = country(m);
    ps_lattice *l = NULL;
    assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
    double bad_x[] = {1e30, HUGE_VAL, (double)NAN, -1e9}, bad_y[] = {0, 0, 0, 1e200};
    ps_lattice_apply(l, o.op[0], 4, bad_x, bad_y);
    for (int i = 0; i < 4; i++) assert_false(isfinite(bad_x[i]) && isfinite(bad_y[i]));
    ps_lattice_free(l);
    ps_areas_free(areas);
    close_operation(&o);
}

/* Areas that reach beyond the Earth, or have no rings, get no table and do no harm. */
static void test_odd_extents(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(&moves[0], &o);
    const double sizes[] = {0, 1, 1e9, 1e300};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const double d = sizes[i], tx[] = {-d, d, d}, ty[] = {-d, -d, d};
        ps_areas_builder *b = tiling_start();
        tiling_area(b, "T", 1);
        assert_int_equal(ps_areas_builder_ring(b, 3, tx, ty, &err), PS_OK);
        ps_areas *areas = tiling_finish(b);
        ps_lattice *l = NULL;
        assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
        assert_int_equal(ps_lattice_cells(l), 0);
        double at_x = 400000, at_y = 400000, want_x = at_x, want_y = at_y;
        ps_lattice_apply(l, o.op[0], 1, &at_x, &at_y);
        assert_int_equal(ps_crs_operation_apply(o.op[0], 1, &want_x, &want_y), 0);
        assert_memory_equal(&at_x, &want_x, sizeof at_x);
        assert_memory_equal(&at_y, &want_y, sizeof at_y);
        ps_lattice_free(l);
        ps_areas_free(areas);
    }
    close_operation(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_a_fiftieth_of_a_millimetre),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_places_without_image),
        cmocka_unit_test(test_odd_extents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
