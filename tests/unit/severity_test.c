/* Severity scores by hand, and weights that are missing or mixed. */
#include "indicators/severity.h"

#include "tests/support/method.h"

static void near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void by_hand(void **state) {
    (void)state;
    static const double count[] = {1, 100, 5}, weight[] = {8000, 20, (double)NAN};
    ps_severity s = ps_severity_of(3, count, weight, 2000, 1000, 0.95);
    near(s.score.value, 5000);
    near(s.se.value, sqrt(64000000 + 40000) / 2);
    near(s.mean.value, 10000.0 / 101);
    near(s.without_top.value, 1000);
    near(s.unweighted_share.value, 5.0 / 106);
    assert_true(s.incomplete && s.n_unweighted == 1);
    assert_true(s.lower.value == 0);
    s = ps_severity_of(2, count, weight, 2000, 1000, 0.95);
    assert_false(s.incomplete);
    /* Twice the people, half the score. */
    near(ps_severity_of(2, count, weight, 4000, 1000, 0.95).score.value, 2500);
}

static void edges(void **state) {
    (void)state;
    static const double none[] = {0, 0}, some[] = {1, 2}, weight[] = {3, 4};
    static const double gap[] = {1, (double)NAN}, below[] = {1, -4};
    ps_severity s = ps_severity_of(2, none, weight, 10, 1, 0.95);
    assert_true(s.score.value == 0 && s.without_top.value == 0);
    assert_int_equal(s.mean.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_severity_of(2, gap, weight, 10, 1, 0.95).score.status,
                     PS_VALUE_MISSING);
    assert_int_equal(ps_severity_of(2, some, weight, (double)NAN, 1, 0.95).score.status,
                     PS_VALUE_MISSING);
    assert_int_equal(ps_severity_of(2, some, weight, 0, 1, 0.95).score.status,
                     PS_VALUE_DENOMINATOR_ZERO);
    assert_int_equal(ps_severity_of(2, none, weight, 0, 1, 0.95).score.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_severity_of(2, below, weight, 10, 1, 0.95).score.status,
                     PS_VALUE_UNDEFINED);
}

static void tables(void **state) {
    (void)state;
    static const char text[] =
        "area_code,period,category,count,weight,population,version\n"
        "A,2019/20,theft,10,2,100,v1\nA,2020/21,theft,20,2,100,v1\n"
        "A,2021/22,theft,30,2,100,v1\nA,2021/22,odd,9,,100,v1\n";
    ps_table *t = test_compute("css", text, "");
    assert_int_equal(ps_table_rows(t), 3);
    assert_string_equal(test_cell(t, 1, "three_periods"), "");
    near(test_value(t, 2, "three_periods"), 0.4);
    assert_string_equal(test_cell(t, 2, "unweighted"), "odd");
    assert_string_equal(test_cell(t, 2, "complete"), "0");
    ps_table_free(t);
    test_refused("css",
                 "category,count,weight,population,version\na,1,1,5,v1\nb,1,1,5,v2\n", "",
                 PS_FORMAT, "version");
    test_refused("css", "category,count,weight,population\na,1,1,5\nb,1,1,6\n", "",
                 PS_FORMAT, "population");
    test_method_case c = {"css", text, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(edges),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
