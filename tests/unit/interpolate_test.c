/* Figures for other areas, by hand; counts are preserved. */
#include "indicators/interpolate.h"

#include <math.h>

#include "tests/support/method.h"

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
    static const ps_overlap o[] = {{0, 1, 5}, {0, 0, 5}, {1, 0, 1},
                                   {1, 1, 2}, {2, 0, 0}, {3, 0, 9}};
    ps_best_fit_of best[4];
    assert_int_equal(ps_best_fit(6, o, NULL, 4, best, NULL), PS_OK);
    assert_int_equal(best[0].overlap, 1);
    assert_true(best[0].tied);
    assert_int_equal(best[1].overlap, 3);
    assert_false(best[1].tied || best[1].by_centroid);
    assert_int_equal(best[2].overlap, -1);
    /* A centroid decides, even against the larger overlap; two do not. */
    bool holds[] = {true, false, true, false, true, false};
    assert_int_equal(ps_best_fit(6, o, holds, 4, best, NULL), PS_OK);
    assert_true(best[0].overlap == 0 && best[0].by_centroid && !best[0].tied);
    assert_int_equal(best[1].overlap, 2);
    assert_int_equal(best[2].overlap, 4);
    assert_false(best[3].by_centroid);
    holds[1] = true;
    assert_int_equal(ps_best_fit(6, o, holds, 4, best, NULL), PS_OK);
    assert_true(best[0].overlap == 1 && best[0].tied && !best[0].by_centroid);
}

static void tables(void **state) {
    (void)state;
    ps_table *t =
        test_compute("best_fit",
                     "source,target,overlap,centroid\nA,x,3,0\nA,y,1,1\nB,x,2,\n"
                     "B,y,2,\nC,x,0,0\n",
                     "");
    assert_int_equal(ps_table_rows(t), 3);
    assert_string_equal(test_cell(t, 0, "target"), "y");
    assert_string_equal(test_cell(t, 0, "method"), "centroid");
    test_near(test_value(t, 0, "share"), 0.25, 1e-15);
    assert_string_equal(test_cell(t, 1, "target"), "x");
    assert_string_equal(test_cell(t, 1, "tied"), "1");
    assert_string_equal(test_cell(t, 2, "status"), "undefined");
    ps_table_free(t);
    /* Parts of one overlap count together. */
    t = test_compute("best_fit", "source,target,overlap\nA,x,4\nA,y,3\nB,x,1\nA,y,3\n",
                     "");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "target"), "y");
    test_near(test_value(t, 0, "share"), 0.6, 1e-15);
    ps_table_free(t);
    /* Nobody lives in B, whose count is shared by area; x is covered for four fifths. */
    static const char people[] =
        "source,target,overlap,source_total,value,target_total,area_overlap,source_area\n"
        "A,x,40,50,100,50,7,9\nA,y,10,50,100,10,2,9\nB,x,0,0,8,50,1,4\nB,y,0,0,8,10,3,"
        "4\n";
    t = test_compute("interpolate", people, "kind=extensive method=population");
    test_near(test_value(t, 0, "value"), 80 + 2, 1e-15);
    test_near(test_value(t, 1, "value"), 20 + 6, 1e-15);
    test_near(test_value(t, 0, "coverage"), 0.8, 1e-15);
    assert_string_equal(test_cell(t, 0, "n_by_area"), "1");
    ps_table_free(t);
    t = test_compute("interpolate", people, "kind=intensive method=population");
    test_near(test_value(t, 0, "value"), 100, 1e-15);
    assert_string_equal(test_cell(t, 0, "n_by_area"), "0");
    ps_table_free(t);
    /* A sliver goes, and nothing with it when the source is meant to be covered. */
    static const char slivers[] =
        "source,target,overlap,source_total,value\n"
        "A,x,9.9999,10,70\nA,y,0.00001,10,70\n";
    t = test_compute("interpolate", slivers, "kind=extensive covered=fully");
    test_near(test_value(t, 0, "value"), 70, 1e-15);
    assert_string_equal(test_cell(t, 1, "status"), "undefined");
    ps_table_free(t);
    t = test_compute("interpolate", slivers, "kind=extensive");
    test_near(test_value(t, 0, "value"), 69.9993, 1e-13);
    ps_table_free(t);
    test_refused("best_fit", "source,target,overlap,centroid\nA,x,1,2\n", "", PS_FORMAT,
                 "0 or 1");
    test_refused("best_fit", "source,target,overlap\nA,x,\n", "", PS_FORMAT, "is empty");
    test_refused("interpolate",
                 "source,target,overlap,value,target_total\nA,x,1,2,3\nB,x,1,2,4\n",
                 "kind=extensive", PS_FORMAT, "target_total of this target differs");
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
        cmocka_unit_test(tables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
