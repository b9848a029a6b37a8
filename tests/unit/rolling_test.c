/* Rolling sums, years to date, changes on last year. */
#include "indicators/rolling.h"

#include "tests/support/method.h"

static void sums_need_every_month(void **state) {
    (void)state;
    double y[16], people[16];
    ps_value out[16];
    for (int i = 0; i < 16; i++) {
        y[i] = i + 1;
        people[i] = 100;
    }
    ps_rolling_sums(16, y, 12, out);
    assert_int_equal(out[10].status, PS_VALUE_MISSING);
    assert_true(out[11].value == 78 && out[15].value == 126);
    ps_rolling_rates(16, y, people, 12, 1000, out);
    assert_true(out[11].value == 780);
    people[0] = 0;
    ps_rolling_rates(16, y, people, 1, 1000, out);
    assert_int_equal(out[0].status, PS_VALUE_DENOMINATOR_ZERO);
    y[0] = 0;
    ps_rolling_rates(16, y, people, 1, 1000, out);
    assert_int_equal(out[0].status, PS_VALUE_UNDEFINED);
    y[5] = (double)NAN;
    ps_rolling_sums(16, y, 12, out);
    assert_int_equal(out[15].status, PS_VALUE_MISSING);
    ps_rolling_sums(16, y, 3, out);
    assert_int_equal(out[7].status, PS_VALUE_MISSING);
    assert_true(out[8].value == 7 + 8 + 9);
}

static void year_to_date(void **state) {
    (void)state;
    double y[15];
    ps_value out[15];
    for (int i = 0; i < 15; i++) y[i] = 1;
    /* February 2021 on: the first year began before the data. */
    ps_year_to_date(15, y, 2021 * 12 + 1, 4, out);
    assert_int_equal(out[1].status, PS_VALUE_MISSING);
    assert_true(out[2].value == 1 && out[13].value == 12 && out[14].value == 1);
    y[4] = (double)NAN;
    ps_year_to_date(15, y, 2021 * 12 + 1, 4, out);
    assert_true(out[3].value == 2);
    assert_int_equal(out[13].status, PS_VALUE_MISSING);
    assert_true(out[14].value == 1);
}

static void changes(void **state) {
    (void)state;
    ps_value zero = ps_value_of(0), ten = ps_value_of(10), gone = {PS_VALUE_MISSING, 0};
    assert_true(ps_percent_change(ps_value_of(8), ten).value == -20);
    assert_int_equal(ps_percent_change(ten, zero).status, PS_VALUE_UNBOUNDED);
    assert_int_equal(ps_percent_change(zero, zero).status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_percent_change(ten, gone).status, PS_VALUE_MISSING);
    assert_int_equal(ps_month_days(2020 * 12 + 1), 29);
    assert_int_equal(ps_month_days(2100 * 12 + 1), 28);
    assert_int_equal(ps_month_days(2000 * 12 + 1), 29);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("rolling",
                               "area_code,month,value\nB,2021-04,5\nA,2021-06,3\n"
                               "A,2021-04,1\n",
                               "window=1");
    assert_int_equal(ps_table_rows(t), 4);
    assert_string_equal(test_cell(t, 1, "month"), "2021-05");
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "ytd_status"), "missing");
    assert_string_equal(test_cell(t, 3, "ytd"), "5");
    assert_string_equal(test_cell(t, 3, "rate_status"), "not-applicable");
    assert_string_equal(test_cell(t, 0, "financial_year"), "2021/22");
    ps_table_free(t);
    test_method_case c = {"rolling", "month,value\n2021-04,5\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_need_every_month),
        cmocka_unit_test(year_to_date),
        cmocka_unit_test(changes),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
