/* Figures for other areas, by hand; counts are preserved. */
#include "indicators/interpolate.h"

#include <math.h>

#include "tests/support/test.h"

static void assert_near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

/* Source 0 lies half in target 0, three tenths in target 1, the rest outside. */
static const ps_overlap overlap[] = {{0, 0, 5}, {0, 1, 3}, {1, 1, 4}, {2, 2, 0}};
static const double total[] = {10, 0, 7};

static void counts_and_means(void **state) {
    (void)state;
    double value[] = {100, 40, 7};
    ps_value out[3];
    ps_interpolated sums;
    assert_int_equal(
        ps_interpolate(4, overlap, 3, 3, total, value, true, out, &sums, NULL), PS_OK);
    assert_near(out[0].value, 50);
    assert_near(out[1].value, 70);
    assert_int_equal(out[2].status, PS_VALUE_UNDEFINED);
    assert_near(sums.source_sum, 147);
    assert_near(sums.target_sum, 120);
    assert_near(sums.outside, 27);
    assert_int_equal(
        ps_interpolate(4, overlap, 3, 3, total, value, false, out, &sums, NULL), PS_OK);
    assert_near(out[0].value, 100);
    assert_near(out[1].value, (300.0 + 160.0) / 7);
}

static void missing_and_too_much(void **state) {
    (void)state;
    double value[] = {100, (double)NAN, 7}, small[] = {7, 0, 7};
    ps_value out[3];
    ps_interpolated sums;
    assert_int_equal(
        ps_interpolate(4, overlap, 3, 3, total, value, true, out, &sums, NULL), PS_OK);
    assert_int_equal(out[0].status, PS_VALUE_OK);
    assert_int_equal(out[1].status, PS_VALUE_MISSING);
    ps_error err;
    assert_int_equal(
        ps_interpolate(4, overlap, 3, 3, small, value, true, out, &sums, &err), PS_GATE);
}

static void best_fit(void **state) {
    (void)state;
    static const ps_overlap o[] = {{0, 1, 5}, {0, 0, 5}, {1, 0, 1}, {1, 1, 2}, {2, 0, 0}};
    int32_t best[3];
    bool tied[3];
    ps_best_fit(5, o, 3, best, tied);
    assert_int_equal(best[0], 1);
    assert_true(tied[0]);
    assert_int_equal(best[1], 3);
    assert_false(tied[1]);
    assert_int_equal(best[2], -1);
}

static ps_status step(void *context, ps_error *err) {
    ps_value out[3];
    ps_interpolated sums;
    return ps_interpolate(4, overlap, 3, 3, total, context, true, out, &sums, err);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    double value[] = {1, 2, 3};
    assert_int_equal(test_each_allocation_fails(step, value), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_means),
        cmocka_unit_test(missing_and_too_much),
        cmocka_unit_test(best_fit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
