#include "tests/support/tiling.h"

#include "engine/core/par.h"

static ps_locator *build(const ps_areas *areas, bool geographic) {
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    if (ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, geographic, &l, &err) !=
        PS_OK)
        fail_msg("%s", err.text);
    return l;
}

static int32_t at(const ps_locator *l, double x, double y, int64_t *ties) {
    int32_t row = -2;
    ps_locate(l, 1, &x, &y, &row, ties);
    return row;
}

static void ring(ps_areas_builder *b, size_t n, const double *x, const double *y) {
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
}

static void square(ps_areas_builder *b, double x, double y, double side) {
    const double px[4] = {x, x + side, x + side, x}, py[4] = {y, y, y + side, y + side};
    ring(b, 4, px, py);
}

/* Four squares around (0, 0); row 0 lower left, 1 lower right, 2 upper left, 3 upper
 * right. */
static ps_areas *four(double noise) {
    ps_areas_builder *b = tiling_start();
    for (int a = 0; a < 4; a++) {
        tiling_area(b, "Q", a);
        square(b, (a % 2 == 0 ? -10 : 0) + noise * a, (a < 2 ? -10 : 0) - noise * a, 10);
    }
    return tiling_finish(b);
}

static void test_lowest_row_on_shared_edges(void **state) {
    (void)state;
    for (int noisy = 0; noisy < 2; noisy++) {
        ps_areas *areas = four(noisy ? 1e-4 : 0);
        ps_locator *l = build(areas, false);
        int64_t ties = 0;
        assert_int_equal(at(l, -5, -5, &ties), 0);
        assert_int_equal(at(l, 5, -5, &ties), 1);
        assert_int_equal(at(l, -5, 5, &ties), 2);
        assert_int_equal(at(l, 5, 5, &ties), 3);
        assert_int_equal(ties, 0);
        assert_int_equal(at(l, 0, -5, &ties), 0);
        assert_int_equal(at(l, -5, 0, &ties), 0);
        assert_int_equal(at(l, 5, 0, &ties), 1);
        assert_int_equal(at(l, 0, 5, &ties), 2);
        assert_int_equal(ties, 4);
        assert_int_equal(at(l, 0, 0, &ties), 0); /* four areas, one tie */
        assert_int_equal(ties, 5);
        assert_int_equal(at(l, 0.001, 0.001, &ties), 3);
        assert_int_equal(at(l, -0.001, 0.001, &ties), 2);
        assert_int_equal(at(l, 0.0004, 5, NULL), 2); /* rounds to the edge */
        assert_int_equal(at(l, 0.0005, 5, NULL), 3); /* half away from zero */
        assert_int_equal(at(l, -0.0005, -5, NULL), 0);
        /* the outside edge belongs to its area; a millimetre beyond is outside */
        assert_int_equal(at(l, 10, 10, &ties), 3);
        assert_int_equal(at(l, -10, 3, &ties), 2);
        assert_int_equal(at(l, 10.001, 5, &ties), PS_NONE);
        assert_int_equal(at(l, 5, 10.001, &ties), PS_NONE);
        assert_int_equal(ties, 5);
        ps_locator_free(l);
        ps_areas_free(areas);
    }
}

static void test_points_that_are_nowhere(void **state) {
    (void)state;
    ps_areas *areas = four(0);
    ps_locator *l = build(areas, false);
    const double bad[] = {(double)NAN, HUGE_VAL, -HUGE_VAL, 1e300,
                          -1e300,      1e18,     5e15,      2147484.0};
    int64_t ties = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(at(l, bad[i], 1, &ties), PS_NONE);
        assert_int_equal(at(l, 1, bad[i], &ties), PS_NONE);
        assert_int_equal(at(l, bad[i], bad[i], &ties), PS_NONE);
    }
    assert_int_equal(ties, 0);
    ps_locate(l, 0, NULL, NULL, NULL, NULL);
    ps_locator_free(l);
    ps_areas_free(areas);
    ps_locator_free(NULL);
}

static void test_holes_parts_and_overlaps(void **state) {
    (void)state;
    ps_areas_builder *b = tiling_start();
    tiling_area(b, "A", 0); /* a hole with an island in it */
    square(b, 0, 0, 100);
    square(b, 20, 20, 60);
    square(b, 40, 40, 20);
    tiling_area(b, "B", 1); /* two parts that touch at a corner */
    square(b, 200, 0, 10);
    square(b, 210, 10, 10);
    tiling_area(b, "C", 2); /* over part of A and of its hole */
    square(b, 10, 30, 30);
    tiling_area(b, "D", 3); /* a bow tie: even-odd */
    const double x[] = {300, 310, 310, 300}, y[] = {0, 10, 0, 10};
    ring(b, 4, x, y);
    tiling_area(b, "E", 4); /* no shape */
    ps_areas *areas = tiling_finish(b);
    ps_locator *l = build(areas, false);
    int64_t ties = 0;
    assert_int_equal(at(l, 5, 5, &ties), 0);
    assert_int_equal(at(l, 70, 70, &ties), PS_NONE);
    assert_int_equal(at(l, 50, 50, &ties), 0);
    assert_int_equal(at(l, 20, 25, &ties), 0); /* on the hole's edge */
    assert_int_equal(at(l, 30, 50, &ties), 2);
    assert_int_equal(ties, 0);
    assert_int_equal(at(l, 15, 50, &ties), 0); /* A and C */
    assert_int_equal(ties, 1);
    assert_int_equal(at(l, 40, 50, &ties), 0); /* C's edge on the island's */
    assert_int_equal(ties, 2);
    assert_int_equal(at(l, 210, 10, &ties), 1); /* two parts of one area are no tie */
    assert_int_equal(at(l, 305, 5, &ties), 3);
    assert_int_equal(at(l, 309, 5, &ties), 3);
    assert_int_equal(at(l, 305, 2, &ties), PS_NONE);
    assert_int_equal(ties, 2);
    ps_locator_free(l);
    ps_areas_free(areas);
}

/* Rows layer by layer, each with the ties of its own. */
static void test_layers(void **state) {
    (void)state;
    ps_areas_builder *b = tiling_start();
    tiling_area(b, "H", 0); /* the two on the left as one, and one over all but them */
    square(b, -10, -10, 10);
    square(b, -10, 0, 10);
    tiling_area(b, "H", 1);
    square(b, -2, -10, 12);
    ps_areas *small = four(0), *halves = tiling_finish(b);
    const ps_locator_layer layer[] = {{small, NULL}, {halves, NULL}};
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    assert_int_equal(ps_locator_build(layer, 2, false, &l, &err), PS_OK);
    const double x[] = {-5, 5, -1, 0, 5, 11}, y[] = {5, -5, -5, -10, 5, 0};
    const int32_t want[12] = {2, 1, 0, 0, 3, PS_NONE, 0, 1, 0, 0, PS_NONE, PS_NONE};
    int32_t row[12];
    int64_t ties[2] = {100, 200};
    ps_locate(l, 6, x, y, row, ties);
    assert_memory_equal(row, want, sizeof want);
    assert_int_equal(ties[0], 101);
    assert_int_equal(ties[1], 202);
    ps_locate(l, 6, x, y, row, NULL);
    assert_memory_equal(row, want, sizeof want);
    ps_locator_free(l);
    ps_areas_free(small);
    ps_areas_free(halves);
}

static void test_units(void **state) {
    (void)state;
    ps_areas *areas = four(0);
    ps_locator *l = build(areas, false);
    assert_true(ps_locator_unit(l, 0) == 0.001);
    assert_int_equal(ps_locator_freeze(l, 0, 1.0005), 1001);
    assert_int_equal(ps_locator_freeze(l, 0, -1.0005), -1001);
    assert_int_equal(ps_locator_freeze(l, 0, 1.00049), 1000);
    assert_int_equal(ps_locator_freeze(l, 0, (double)NAN), INT64_MIN);
    assert_int_equal(ps_locator_freeze(l, 0, HUGE_VAL), INT64_MIN);
    assert_true(ps_locator_bytes(l) > 0);
    ps_locator_free(l);
    l = build(areas, true); /* 20 degrees fit */
    assert_true(ps_locator_unit(l, 0) == 1e-8);
    assert_int_equal(at(l, 0, 0, NULL), 0);
    assert_int_equal(at(l, 1e-8, 1e-8, NULL), 3);
    ps_locator_free(l);
    ps_areas_free(areas);

    ps_areas_builder *b = tiling_start();
    tiling_area(b, "W", 0);
    const double x[] = {-180, 180, 180, -180}, y[] = {-90, -90, 90, 90};
    ring(b, 4, x, y);
    areas = tiling_finish(b);
    l = build(areas, true); /* the world does not */
    assert_true(ps_locator_unit(l, 0) == 1e-6);
    assert_int_equal(at(l, 180, 90, NULL), 0);
    assert_int_equal(at(l, -180.000001, 0, NULL), PS_NONE);
    ps_locator_free(l);
    ps_areas_free(areas);
}

/* The nearest integer, a tie away from zero, where adding a half goes wrong. */
static void test_rounding(void **state) {
    (void)state;
    ps_areas *areas = four(0);
    ps_locator *l = build(areas, false);
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        const double v = (tiling_uniform(&seed) - 0.5) * pow(10, i % 16);
        assert_int_equal(ps_locator_freeze(l, 0, v), llround(v * 1000));
    }
    const double below_half = 0.49999999999999994 / 1000;
    assert_int_equal(ps_locator_freeze(l, 0, below_half), 0);
    assert_int_equal(ps_locator_freeze(l, 0, -below_half), 0);
    ps_locator_free(l);
    ps_areas_free(areas);
}

static void test_nothing_to_find(void **state) {
    (void)state;
    for (int shapeless = 0; shapeless < 3; shapeless++) {
        ps_areas_builder *b = tiling_start();
        if (shapeless > 0) tiling_area(b, "N", 0);
        if (shapeless > 1) square(b, 4, 4, 0.0001); /* smaller than the unit */
        ps_areas *areas = tiling_finish(b), *frozen = NULL;
        ps_locator *l = build(areas, false);
        int64_t ties = 0;
        assert_int_equal(at(l, 0, 0, &ties), PS_NONE);
        assert_int_equal(at(l, 4, 4, &ties), PS_NONE);
        assert_int_equal(ties, 0);
        ps_error err = {PS_OK, ""};
        assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
        assert_int_equal(frozen->n, areas->n);
        assert_int_equal(frozen->n_rings, 0);
        ps_areas_free(frozen);
        ps_locator_free(l);
        ps_areas_free(areas);
    }
}

static void test_frozen_areas(void **state) {
    (void)state;
    ps_areas_builder *b = tiling_start();
    tiling_area(b, "A", 0);
    const double x[] = {-1.0004, 2, 2.0001, 2.0006}, y[] = {5, 5, 5.0002, 9};
    ring(b, 4, x, y);
    ps_areas *areas = tiling_finish(b), *frozen = NULL;
    ps_locator *l = build(areas, false);
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
    const double fx[] = {-1000, 2000, 2001, -1000}, fy[] = {5000, 5000, 9000, 5000};
    assert_int_equal(frozen->n_points, 4);
    assert_memory_equal(frozen->x, fx, sizeof fx);
    assert_memory_equal(frozen->y, fy, sizeof fy);
    assert_true(ps_str_eq(frozen->code[0], areas->code[0]));
    ps_areas_free(frozen);
    ps_locator_free(l);
    ps_areas_free(areas);
}

static void test_extent_that_no_unit_fits(void **state) {
    (void)state;
    ps_areas_builder *b = tiling_start();
    tiling_area(b, "A", 0);
    square(b, 0, 0, 1e300);
    ps_areas *areas = tiling_finish(b);
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    assert_int_equal(
        ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &l, &err), PS_LIMIT);
    assert_null(l);
    assert_non_null(strstr(err.text, "1e+300"));
    ps_areas_free(areas);
}

static ps_status build_and_free(void *context, ps_error *err) {
    ps_locator *l = NULL;
    ps_areas *frozen = NULL;
    ps_areas *const *areas = context;
    const ps_locator_layer layer[] = {{areas[0], NULL}, {areas[1], NULL}};
    ps_status status = ps_locator_build(layer, 2, false, &l, err);
    assert_true((status == PS_OK) == (l != NULL));
    if (status == PS_OK) status = ps_locator_frozen_areas(l, 1, &frozen, err);
    ps_areas_free(frozen);
    ps_locator_free(l);
    return status;
}

static void test_out_of_memory(void **state) {
    (void)state;
    ps_set_threads(1);
    const tiling_spec spec = {.seed = 1,
                              .columns = 3,
                              .rows = 3,
                              .steps = 5,
                              .size = 10000,
                              .growth = 1.2,
                              .wiggle = 0.2,
                              .enclaves = true};
    ps_areas *areas[2];
    areas[0] = tiling_make(&spec);
    areas[1] = tiling_group(areas[0], 2);
    assert_true(test_each_allocation_fails(build_and_free, areas) > 20);
    ps_set_threads(0);
    ps_areas_free(areas[0]);
    ps_areas_free(areas[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_row_on_shared_edges),
        cmocka_unit_test(test_points_that_are_nowhere),
        cmocka_unit_test(test_holes_parts_and_overlaps),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_frozen_areas),
        cmocka_unit_test(test_extent_that_no_unit_fits),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
