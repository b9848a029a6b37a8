/* Correlations. */
#include "indicators/correlation.h"

#include "tests/support/method.h"

/* Hollander & Wolfe 1973, p. 185: lightness of tuna by instrument and by panel. */
static const double x[] = {44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1};
static const double y[] = {2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8};

static void tuna(void **state) {
    (void)state;
    ps_correlation c;
    ps_error err = {.text = ""};
    assert_int_equal(ps_correlate(x, y, 9, PS_CORRELATION_PEARSON, 0.95, &c, &err),
                     PS_OK);
    test_near(c.value.value, 0.571181557563829, 1e-14);
    test_near(c.p.value, 0.108173054349494, 1e-13);
    test_near(c.value.lower, -0.149742633036757, 1e-13);
    test_near(c.value.upper, 0.895579461838739, 1e-13);
    assert_int_equal(ps_correlate(x, y, 9, PS_CORRELATION_SPEARMAN, 0.95, &c, &err),
                     PS_OK);
    test_near(c.value.value, 0.6, 1e-14);
    test_near(c.p.value, 0.0876228290414023, 1e-13);
    const double half = 1.959963984540054 * sqrt((1 + 0.36 / 2) / 6);
    test_near(c.value.lower, tanh(atanh(0.6) - half), 1e-13);
}

static void edges(void **state) {
    (void)state;
    ps_correlation c;
    ps_error err = {.text = ""};
    const double flat[] = {2, 2, 2, 2}, up[] = {1, 2, 3, 4}, down[] = {9, 7, 3, 1};
    assert_int_equal(ps_correlate(up, flat, 4, PS_CORRELATION_PEARSON, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.value.status, PS_VALUE_UNDEFINED);
    assert_int_equal(c.p.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_correlate(up, down, 2, PS_CORRELATION_PEARSON, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.value.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_correlate(up, down, 4, PS_CORRELATION_SPEARMAN, 0.95, &c, &err),
                     PS_OK);
    assert_true(c.value.value == -1 && c.p.value == 0);
    assert_int_equal(c.value.limits_status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_correlate(up, down, 3, PS_CORRELATION_PEARSON, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.value.status, PS_VALUE_OK);
    assert_int_equal(c.value.limits_status, PS_VALUE_UNDEFINED);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute(
        "correlation", "group,x,y\na,1,2\na,2,4\na,3,6\na,4,\na,5,10\nb,1,1\n", "");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "n"), "4");
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 0, "value"), "1");
    assert_string_equal(test_cell(t, 0, "verdict"), "together");
    assert_string_equal(test_cell(t, 1, "status"), "undefined");
    assert_string_equal(test_cell(t, 1, "verdict"), "");
    ps_table_free(t);
    t = test_compute("correlation", "x,y\n1,9\n2,7\n3,8\n4,1\n", "kind=pearson");
    assert_string_equal(test_cell(t, 0, "kind"), "pearson");
    assert_string_equal(test_cell(t, 0, "verdict"), "not-clear");
    ps_table_free(t);
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case both = {"correlation", "x,y\n1,3\n2,2\n4,1\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &both) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tuna), cmocka_unit_test(edges),
                                       cmocka_unit_test(tables),
                                       cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
