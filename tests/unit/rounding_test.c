/* Rounding of counts: each for itself, and all together. */
#include "indicators/rounding.h"

#include "engine/core/mem.h"
#include "tests/support/method.h"

static void each_alone(void **state) {
    (void)state;
    static const int64_t nearest[] = {0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10};
    for (int64_t x = 0; x <= 10; x++)
        assert_int_equal(ps_round_nearest(x, 5), nearest[x]);
    assert_int_equal(ps_round_nearest(5, 10), 10);
    int64_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t y = ps_round_random(13, 5, (i + 0.5) / 1000);
        assert_true(y == 10 || y == 15);
        sum += y;
    }
    assert_int_equal(sum, 13000);
    assert_int_equal(ps_round_random(10, 5, 0.0001), 10);
}

/* Two areas by two types with all sums: 2 3 | 5, 4 4 | 8, 6 7 | 13. Nearest gives rows
 * that do not add up. */
static const char table[] =
    "area_code,series,area_parent,series_parent,count\n"
    "A,x,all,all,2\nA,y,all,all,3\nA,all,all,,5\n"
    "B,x,all,all,4\nB,y,all,all,4\nB,all,all,,8\n"
    "all,x,,all,6\nall,y,,all,7\nall,all,,,13\n";

static int64_t at(const ps_table *t, size_t row) {
    return (int64_t)test_value(t, row, "count_published");
}

static void sums_hold(void **state) {
    (void)state;
    ps_table *t = test_compute("round", table, "kind=controlled");
    static const int64_t raw[] = {2, 3, 5, 4, 4, 8, 6, 7, 13};
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(at(t, i) % 5, 0);
        assert_true(at(t, i) - raw[i] < 5 && raw[i] - at(t, i) < 5);
    }
    assert_int_equal(at(t, 2), 5); /* a multiple stays */
    for (size_t row = 0; row < 9; row += 3)
        assert_int_equal(at(t, row) + at(t, row + 1), at(t, row + 2));
    for (size_t k = 0; k < 3; k++)
        assert_int_equal(at(t, k) + at(t, 3 + k), at(t, 6 + k));
    assert_string_equal(test_cell(t, 0, "method"), "controlled");
    assert_string_equal(test_cell(t, 0, "seed"), "1");
    ps_table_free(t);
}

/* A table of multiples alone stays as it is, and so does one without rows. */
static void multiples_stay(void **state) {
    (void)state;
    ps_table *t = test_compute("round", "area_code,area_parent,count\nA,T,5\nT,,5\n",
                               "kind=controlled");
    assert_int_equal(at(t, 0), 5);
    assert_int_equal(at(t, 1), 5);
    ps_table_free(t);
    t = test_compute("round", "area_code,count\n", "kind=controlled");
    assert_int_equal(ps_table_rows(t), 0);
    ps_table_free(t);
}

/* 2 and 3 of 5 are published as 0 and 5 of 5: 0 % and 100 %, not 40 % and 60 %. */
static void percentages_are_of_published_counts(void **state) {
    (void)state;
    ps_table *t = test_compute("round", table, "percent=series");
    test_near(test_value(t, 0, "percent"), 0, 0);
    test_near(test_value(t, 1, "percent"), 100, 0);
    test_near(test_value(t, 3, "percent"), 50, 0); /* 5 of 10 */
    assert_string_equal(test_cell(t, 2, "percent_status"), "not-applicable");
    ps_table_free(t);
    t = test_compute("round", table, "percent=area kind=controlled");
    test_near(test_value(t, 0, "percent"), 100.0 * (double)at(t, 0) / (double)at(t, 6),
              1e-15);
    ps_table_free(t);
    static const char odd[] = "area_code,area_parent,count\nA,T,2\nB,T,\nT,,2\nC,no,7\n";
    t = test_compute("round", odd, "percent=area");
    assert_string_equal(test_cell(t, 0, "percent_status"), "undefined");
    assert_string_equal(test_cell(t, 1, "percent_status"), "missing");
    assert_string_equal(test_cell(t, 3, "percent_status"), "not-applicable");
    ps_table_free(t);
    test_refused("round", "area_code,area_parent,count\nA,T;U,2\nT,,2\nU,,2\n",
                 "percent=area", PS_FORMAT, "row 1: a percentage needs one parent");
}

static void missing_counts_and_mistakes(void **state) {
    (void)state;
    ps_table *t = test_compute("round",
                               "area_code,area_parent,count\nA,T,7\nB,T,\nC,T,9\nT,,16\n"
                               "D,U,3\nE,U,\nU,,9\nF,V,4\nV,,\n",
                               "kind=controlled");
    assert_int_equal(at(t, 0) + at(t, 2), at(t, 3)); /* the missing one is 0 */
    assert_string_equal(test_cell(t, 1, "count_published"), "");
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    assert_int_equal(at(t, 4), 5); /* an open sum says nothing: the nearest */
    assert_int_equal(at(t, 6), 10);
    assert_int_equal(at(t, 7), 5);
    ps_table_free(t);
    test_refused("round", "area_code,area_parent,count\nA,T,7\nB,T,3\nT,,11\n",
                 "kind=controlled", PS_FORMAT, "row 3: the count is 11");
    test_refused("round", "area_code,count\nA,-7\n", "", PS_FORMAT, "row 1");
    test_refused("round", "area_code,count\nA,2\nA,3\n", "kind=controlled", PS_FORMAT,
                 "rows 1 and 2 are the same");
    test_refused("round", "area_code,count\nA,1000000001\n", "kind=controlled", PS_LIMIT,
                 "1000000001");
    const int64_t count[] = {3, 1, 1};
    const size_t offset[] = {0, 3};
    const int32_t cell[] = {0, 1, 2};
    const double draw[] = {0.1, 0.2, 0.3};
    const ps_equations wrong = {1, offset, cell};
    int64_t out[3];
    int further;
    ps_error err = {.text = ""};
    assert_int_equal(ps_round_controlled(3, count, &wrong, 5, draw, out, &further, &err),
                     PS_FORMAT);
}

/* A table of three dimensions that has no rounding to the multiples next to its counts
 * (as in Causey, Cox & Ernst 1985, JASA 80:903): four ones among 2 x 2 x 2 cells, to base
 * 2. Each two of them share a plane whose sum of 2 stays, so each two would have to
 * differ. */
static void three_dimensions(void **state) {
    (void)state;
    char text[2000] =
        "area_code,series,period,area_parent,series_parent,period_parent,count\n";
    for (int a = 0; a < 3; a++)
        for (int s = 0; s < 3; s++)
            for (int p = 0; p < 3; p++) {
                size_t n = strlen(text);
                int count = 0;
                for (int i = 0; i < 8; i++) {
                    int x = i & 1, y = i >> 1 & 1, z = i >> 2;
                    bool in =
                        (a == 2 || a == x) && (s == 2 || s == y) && (p == 2 || p == z);
                    count += in && (x + y + z) % 2 == 0;
                }
                snprintf(text + n, sizeof text - n, "a%d,s%d,p%d,%s,%s,%s,%d\n", a, s, p,
                         a < 2 ? "a2" : "", s < 2 ? "s2" : "", p < 2 ? "p2" : "", count);
            }
    ps_table *t = test_compute("round", text, "kind=controlled base=2");
    int64_t v[3][3][3];
    for (size_t i = 0; i < 27; i++) v[i / 9][i / 3 % 3][i % 3] = at(t, i);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            assert_int_equal(v[0][i][k] + v[1][i][k], v[2][i][k]);
            assert_int_equal(v[i][0][k] + v[i][1][k], v[i][2][k]);
            assert_int_equal(v[i][k][0] + v[i][k][1], v[i][k][2]);
        }
    ps_table_free(t);
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case c = {"round", table, "kind=controlled"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alone),
        cmocka_unit_test(sums_hold),
        cmocka_unit_test(multiples_stay),
        cmocka_unit_test(percentages_are_of_published_counts),
        cmocka_unit_test(missing_counts_and_mistakes),
        cmocka_unit_test(three_dimensions),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
