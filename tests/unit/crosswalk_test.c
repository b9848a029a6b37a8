#include "geo/crosswalk.h"

#include "tests/support/tiling.h"

static void add_box(ps_areas_builder *b, const char *code, double x1, double y1,
                    double x2, double y2) {
    ps_error err = {PS_OK, ""};
    const double x[4] = {x1, x2, x2, x1}, y[4] = {y1, y1, y2, y2};
    assert_int_equal(ps_areas_builder_area(b, ps_str_of(code), (ps_str){NULL, 0}, &err),
                     PS_OK);
    if (x1 < x2) assert_int_equal(ps_areas_builder_ring(b, 4, x, y, &err), PS_OK);
}

static void add_ring(ps_areas_builder *b, size_t n, const double *x, const double *y) {
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
}

static ps_crosswalk *cross(const ps_areas *from, const ps_areas *to, double metres) {
    ps_error err = {PS_OK, ""};
    ps_crosswalk *c = NULL;
    if (ps_crosswalk_build(from, NULL, to, NULL, metres, &c, &err) != PS_OK)
        fail_msg("%s", err.text);
    return c;
}

static void check_row(const ps_crosswalk *c, size_t row, size_t n, const int32_t *column,
                      const double *area) {
    const size_t begin = c->overlap.offset[row];
    assert_int_equal(c->overlap.offset[row + 1] - begin, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(c->overlap.column[begin + i], column[i]);
        test_near(c->overlap.weight[begin + i], area[i], 1e-15);
    }
}

/* One area over a shared edge, one inside, one that only touches, one far off, one
 * without shape. */
static void test_boxes(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start(), *t = tiling_start();
    add_box(f, "across", 5, 2, 15, 4);
    add_box(f, "far", 1000, 1000, 1010, 1010);
    add_box(f, "inside", 1, 5, 3, 7);
    add_box(f, "nothing", 0, 0, 0, 0);
    add_box(f, "out", 18, 8, 24, 12);
    add_box(f, "touches", -5, 0, 0, 10);
    add_box(t, "left", 0, 0, 10, 10);
    add_box(t, "right", 10, 0, 20, 10);
    ps_areas *from = tiling_finish(f), *to = tiling_finish(t);
    ps_crosswalk *c = cross(from, to, 1);
    check_row(c, 0, 2, (const int32_t[]){0, 1}, (const double[]){10, 10});
    check_row(c, 1, 0, NULL, NULL);
    check_row(c, 2, 1, (const int32_t[]){0}, (const double[]){4});
    check_row(c, 3, 0, NULL, NULL);
    check_row(c, 4, 1, (const int32_t[]){1}, (const double[]){4});
    check_row(c, 5, 0, NULL, NULL);
    assert_true(c->from_area[0] == 20 && c->from_area[3] == 0 && c->from_area[5] == 50);
    assert_true(c->to_area[0] == 100 && c->to_area[1] == 100);
    ps_crosswalk_free(c);

    /* In feet. */
    c = cross(from, to, 0.3048);
    test_near(c->to_area[0], 100 * 0.3048 * 0.3048, 1e-15);
    check_row(c, 2, 1, (const int32_t[]){0}, (const double[]){4 * 0.3048 * 0.3048});
    ps_crosswalk_free(c);
    ps_areas_free(from);
    ps_areas_free(to);
}

/* A hole, a part inside the hole, and a part elsewhere; the rings turn as they like. */
static void test_holes_and_parts(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start(), *t = tiling_start();
    add_box(f, "holed", 0, 0, 10, 10);
    add_ring(f, 4, (const double[]){2, 8, 8, 2}, (const double[]){2, 2, 8, 8});
    add_ring(f, 4, (const double[]){4, 4, 6, 6}, (const double[]){4, 6, 6, 4});
    add_ring(f, 4, (const double[]){30, 30, 31, 31}, (const double[]){0, 1, 1, 0});
    add_box(t, "all", -100, -100, 100, 100);
    add_box(t, "hole", 2, 2, 8, 8);
    add_box(t, "right", 5, 0, 50, 10);
    ps_areas *from = tiling_finish(f), *to = tiling_finish(t);
    ps_crosswalk *c = cross(from, to, 1);
    test_near(c->from_area[0], 100 - 36 + 4 + 1, 1e-15);
    check_row(c, 0, 3, (const int32_t[]){0, 1, 2},
              (const double[]){69, 4, 50 - 18 + 2 + 1});
    ps_crosswalk_free(c);
    ps_areas_free(from);
    ps_areas_free(to);
}

/* Overlapping areas each count in full. */
static void test_overlaps(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start(), *t = tiling_start();
    add_box(f, "a", 0, 0, 10, 10);
    add_box(f, "b", 0, 0, 10, 10);
    add_box(t, "a", 0, 0, 10, 6);
    add_box(t, "b", 0, 4, 10, 10);
    ps_areas *from = tiling_finish(f), *to = tiling_finish(t);
    ps_crosswalk *c = cross(from, to, 1);
    for (size_t a = 0; a < 2; a++)
        check_row(c, a, 2, (const int32_t[]){0, 1}, (const double[]){60, 60});
    ps_crosswalk_free(c);
    ps_areas_free(from);
    ps_areas_free(to);
}

/* A crossing that is no whole number in any unit: thirds. */
static void test_thirds(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start(), *t = tiling_start();
    add_box(f, "square", 0, 0, 1, 1);
    assert_int_equal(
        ps_areas_builder_area(t, ps_str_of("slope"), (ps_str){NULL, 0}, NULL), PS_OK);
    add_ring(t, 3, (const double[]){0, 3, 3}, (const double[]){0, 0, 1});
    ps_areas *from = tiling_finish(f), *to = tiling_finish(t);
    ps_crosswalk *c = cross(from, to, 1);
    test_near(c->overlap.weight[0], 1.0 / 6, 1e-9);
    ps_crosswalk_free(c);
    ps_areas_free(from);
    ps_areas_free(to);
}

/* Geographies so far apart that millimetres do not fit. */
static void test_far_apart(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start(), *t = tiling_start();
    add_box(f, "west", -9e6, 0, -9e6 + 1000, 1000);
    add_box(t, "both", -9e6, 0, 9e6, 500);
    add_box(t, "east", 9e6 - 1000, 0, 9e6, 1000);
    ps_areas *from = tiling_finish(f), *to = tiling_finish(t);
    ps_crosswalk *c = cross(from, to, 1);
    check_row(c, 0, 1, (const int32_t[]){0}, (const double[]){500000});
    test_near(c->from_area[0], 1e6, 1e-15);
    ps_crosswalk_free(c);
    ps_areas_free(from);
    ps_areas_free(to);
}

static void test_nothing(void **state) {
    (void)state;
    ps_areas_builder *f = tiling_start();
    add_box(f, "a", 0, 0, 1, 1);
    ps_areas *some = tiling_finish(f), *none = tiling_finish(tiling_start());
    ps_crosswalk *c = cross(some, none, 1);
    check_row(c, 0, 0, NULL, NULL);
    assert_true(c->from_area[0] == 1);
    ps_crosswalk_free(c);
    c = cross(none, some, 1);
    assert_int_equal(c->overlap.offset[0], 0);
    assert_true(c->to_area[0] == 1);
    ps_crosswalk_free(c);
    c = cross(none, none, 1);
    ps_crosswalk_free(c);
    ps_areas_free(some);
    ps_areas_free(none);
}

typedef struct pair {
    const ps_areas *from, *to;
} pair;

static ps_status build(void *context, ps_error *err) {
    const pair *p = context;
    ps_crosswalk *c = NULL;
    const ps_status status = ps_crosswalk_build(p->from, NULL, p->to, NULL, 1, &c, err);
    assert_true((c != NULL) == (status == PS_OK));
    ps_crosswalk_free(c);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    const tiling_spec a = {.seed = 1,
                           .columns = 4,
                           .rows = 4,
                           .steps = 3,
                           .size = 1000,
                           .growth = 1,
                           .wiggle = 0.2,
                           .enclaves = true};
    const tiling_spec b = {.seed = 2,
                           .columns = 2,
                           .rows = 2,
                           .steps = 3,
                           .size = 1700,
                           .growth = 1,
                           .wiggle = 0.2};
    ps_areas *from = tiling_make(&a), *to = tiling_make(&b);
    pair p = {from, to};
    assert_true(test_each_allocation_fails(build, &p) > 20);
    ps_areas_free(from);
    ps_areas_free(to);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes),     cmocka_unit_test(test_holes_and_parts),
        cmocka_unit_test(test_overlaps),  cmocka_unit_test(test_thirds),
        cmocka_unit_test(test_far_apart), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
