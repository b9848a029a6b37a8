/* Ranks, Wilcoxon's signed-rank test, Mann and Whitney's test. */
#include "indicators/rank_test.h"

#include "tests/support/method.h"

static void ranks(void **state) {
    (void)state;
    const double value[] = {3, 1, (double)NAN, 3, 2, 1};
    int64_t rank[6];
    ps_error err = {.text = ""};
    assert_int_equal(ps_rank_min(value, 6, PS_RANK_HIGHEST_FIRST, rank, &err), PS_OK);
    const int64_t high[] = {1, 4, 0, 1, 3, 4};
    assert_memory_equal(rank, high, sizeof rank);
    assert_int_equal(ps_rank_min(value, 6, PS_RANK_LOWEST_FIRST, rank, &err), PS_OK);
    const int64_t low[] = {4, 1, 0, 4, 3, 1};
    assert_memory_equal(rank, low, sizeof rank);
    const double known[] = {3, 1, 3, 2, 1};
    double middle[5];
    assert_int_equal(ps_rank_middle(known, 5, middle, &err), PS_OK);
    const double expected[] = {4.5, 1.5, 4.5, 3, 1.5};
    assert_memory_equal(middle, expected, sizeof middle);
}

/* Hollander & Wolfe 1973, p. 29: the depression factor of nine patients; p by the normal
 * approximation. */
static void pairs(void **state) {
    (void)state;
    const double x[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double y[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double difference[9];
    ps_rank_test test;
    ps_error err = {.text = ""};
    for (int i = 0; i < 9; i++) difference[i] = x[i] - y[i];
    assert_int_equal(ps_wilcoxon_signed_rank(difference, 9, &test, &err), PS_OK);
    assert_true(test.statistic == 40);
    test_near(test.p.value, 0.0440109840129515, 1e-13);
    test_near(test.z.value, (40 - 22.5 - 0.5) / sqrt(9 * 10 * 19 / 24.0), 1e-13);
    const double zeros[] = {0, 0};
    assert_int_equal(ps_wilcoxon_signed_rank(zeros, 2, &test, &err), PS_OK);
    assert_true(test.p.value == 1);
    assert_int_equal(test.z.status, PS_VALUE_UNDEFINED);
}

/* The same, p. 69: permeability; and ties by hand: 19.5 of 24 pairs. */
static void samples(void **state) {
    (void)state;
    const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const double y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    ps_rank_test test;
    ps_error err = {.text = ""};
    assert_int_equal(ps_mann_whitney(y, 5, x, 10, &test, &err), PS_OK);
    assert_true(test.statistic == 35);
    test_near(test.p.value, 0.244623605126983, 1e-13);
    test_near(test.greater.value, 0.7, 1e-15);
    const double a[] = {4, 5, 5, 6}, b[] = {5, 5, 6, 7, 7, 7};
    assert_int_equal(ps_mann_whitney(a, 4, b, 6, &test, &err), PS_OK);
    assert_true(test.statistic == 19.5);
    test_near(test.p.value, 0.117524868096639, 1e-13);
    assert_int_equal(ps_mann_whitney(a, 4, b, 0, &test, &err), PS_OK);
    assert_int_equal(test.p.status, PS_VALUE_UNDEFINED);
    assert_int_equal(test.greater.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_mann_whitney(a + 1, 2, b, 2, &test, &err), PS_OK);
    assert_true(test.p.value == 1 && test.greater.value == 0.5);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("wilcoxon",
                               "group,before,after\nA,1,3\nA,2,2\nA,5,9\nA,,4\nB,1,\n"
                               "C,2,2\n",
                               "");
    assert_string_equal(test_cell(t, 0, "n"), "2");
    assert_string_equal(test_cell(t, 0, "n_equal"), "1");
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 0, "statistic"), "3");
    assert_string_equal(test_cell(t, 0, "verdict"), "no-clear-change");
    assert_string_equal(test_cell(t, 1, "statistic"), "");
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "p_value"), "1");
    assert_string_equal(test_cell(t, 2, "z_status"), "undefined");
    ps_table_free(t);
    char text[600] = "sample,value\n";
    for (int i = 0; i < 12; i++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "wave 2,%d\nwave 1,%d\n", 20 + i, 5 + i);
    }
    t = test_compute("mann_whitney", text, "");
    assert_string_equal(test_cell(t, 0, "sample1"), "wave 1");
    assert_string_equal(test_cell(t, 0, "n2"), "12");
    assert_string_equal(test_cell(t, 0, "verdict"), "increase");
    assert_true(test_value(t, 0, "prob_greater") > 0.9);
    ps_table_free(t);
    test_refused("mann_whitney", "sample,value\na,1\nb,2\nc,3\n", "", PS_FORMAT,
                 "row 3: sample is 'c', a third word beside 'a' and 'b'");
    test_refused("mann_whitney", "sample,value\na,1\n,2\n", "", PS_FORMAT, "row 2");
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case pairs = {"wilcoxon", "before,after\n1,3\n2,2\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &pairs) > 5);
    test_method_case two = {"mann_whitney", "sample,value\na,1\nb,2\nb,3\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &two) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks),           cmocka_unit_test(pairs),
        cmocka_unit_test(samples),         cmocka_unit_test(tables),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
