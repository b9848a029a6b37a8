/* Location quotients, change by type, shift between places. */
#include "indicators/offence_mix.h"

#include "indicators/rate.h"
#include "tests/support/method.h"

static void near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void quotients(void **state) {
    (void)state;
    ps_location_quotient q = ps_location_quotient_of(10, 30, 15, 100, 0.95);
    near(q.value.value, 20.0 / 9);
    double half = 1.959963984540054 * sqrt(1.0 / 10 - 1.0 / 30 + 1.0 / 15 - 1.0 / 100);
    near(q.upper.value, 20.0 / 9 * exp(half));
    assert_false(q.few);
    q = ps_location_quotient_of(0, 30, 15, 100, 0.95);
    assert_true(q.value.value == 0 && q.few);
    assert_int_equal(q.lower.status, PS_VALUE_NOT_APPLICABLE);
    assert_int_equal(ps_location_quotient_of(0, 0, 15, 100, 0.95).value.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_location_quotient_of(0, 5, 0, 100, 0.95).value.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_location_quotient_of(6, 5, 10, 100, 0.95).value.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_location_quotient_of((double)NAN, 5, 10, 100, 0.95).value.status,
                     PS_VALUE_MISSING);
    assert_true(ps_location_quotient_of(15, 100, 15, 100, 0.95).value.value == 1);
}

static void contributions(void **state) {
    (void)state;
    ps_contribution c = ps_contribution_of(100, 80, 400, 380, 1, 0.95);
    near(c.points.value, -5);
    near(c.share1.value, 25);
    ps_contribution all = ps_contribution_of(100, 80, 400, 380, 5, 0.95);
    assert_true(all.share2.lower < c.share2.lower && all.share2.upper > c.share2.upper);
    ps_estimate wide = ps_proportion(80, 380, 100, 0.99, PS_PROPORTION_WILSON);
    near(all.share2.lower, wide.lower);
    assert_int_equal(ps_contribution_of(0, 80, 0, 380, 1, 0.95).points.status,
                     PS_VALUE_UNDEFINED);
}

static const char types[] =
    "type,part_of,x1,x2\nBurglary,,100,80\nRobbery,,50,60\nAnti-social behaviour,,40,30\n"
    "nuisance,Anti-social behaviour,30,20\npersonal,Anti-social behaviour,10,10\n";

static void change_by_type(void **state) {
    (void)state;
    ps_table *t = test_compute("type_change", types, "");
    assert_int_equal(ps_table_rows(t), 6);
    assert_string_equal(test_cell(t, 5, "type"), "total");
    assert_string_equal(test_cell(t, 5, "x1"), "150");
    assert_string_equal(test_cell(t, 2, "share2"), "");
    assert_string_equal(test_cell(t, 2, "share_status"), "not-applicable");
    near(test_value(t, 3, "share1"), 75);
    near(test_value(t, 0, "contribution") + test_value(t, 1, "contribution"),
         test_value(t, 5, "contribution"));
    near(test_value(t, 5, "contribution"), test_value(t, 5, "percent"));
    ps_table_free(t);
    test_refused("type_change", "type,part_of,x1,x2\nASB,,40,30\nnuisance,ASB,30,30\n",
                 "", PS_FORMAT, "add up to 30 and 30");
    test_refused("type_change", "type,part_of,x1,x2\nnuisance,ASB,30,30\n", "", PS_FORMAT,
                 "'ASB'");
    test_method_case c = {"type_change", types, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 8);
}

static void places(void **state) {
    (void)state;
    static const char text[] = "area_code,marked,x1,x2\na,1,50,30\nb,0,50,70\nc,1,,5\n";
    ps_table *t = test_compute("place_shift", text, "");
    near(test_value(t, 0, "difference"), -20);
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 0, "verdict"), "decrease");
    ps_table_free(t);
    test_method_case c = {"place_shift", text, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 8);
}

static void quotients_of_a_table(void **state) {
    (void)state;
    static const char text[] =
        "area_code,type,count\nA,x,4\nB,x,5\nA,y,20\nB,y,65\nA,x,6\n";
    ps_table *t = test_compute("lq", text, "");
    assert_int_equal(ps_table_rows(t), 4);
    assert_string_equal(test_cell(t, 0, "count"), "10");
    near(test_value(t, 0, "value"), 20.0 / 9);
    ps_table_free(t);
    test_method_case c = {"lq", text, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotients),
        cmocka_unit_test(contributions),
        cmocka_unit_test(change_by_type),
        cmocka_unit_test(places),
        cmocka_unit_test(quotients_of_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
