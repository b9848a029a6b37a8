/* Movement between stages. */
#include "indicators/transition.h"

#include "tests/support/method.h"

static void counts(void **state) {
    (void)state;
    const int32_t before[] = {0, 0, 1, 2, -1, 1, -1}, after[] = {0, 1, 2, 1, 0, -1, -1};
    ps_transitions t;
    ps_transitions_count(before, after, 7, &t);
    assert_int_equal(t.n[0][0], 1);
    assert_int_equal(t.n[0][1], 1);
    assert_int_equal(t.n[1][2], 1);
    assert_int_equal(t.n[2][1], 1);
    assert_int_equal(t.base[0], 2);
    assert_int_equal(t.base[1], 1);
    assert_int_equal(t.up, 2);
    assert_int_equal(t.down, 1);
    assert_int_equal(t.same, 1);
    assert_int_equal(t.joined, 1);
    assert_int_equal(t.left, 1);
}

#define WARDS                                                                         \
    "unit,period,stage\nA,2020,1\nB,2020,1\nC,2020,2\nA,2021,1\nB,2021,2\nC,2021,3\n" \
    "D,2021,1\nA,2022,2\nB,2022,2\nC,2022,\n"

static int row_of(const ps_table *t, const char *transition) {
    for (size_t r = 0; r < ps_table_rows(t); r++)
        if (strcmp(test_cell(t, r, "transition"), transition) == 0) return (int)r;
    return -1;
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("transition", WARDS, "");
    assert_string_equal(test_cell(t, 0, "from"), "2021");
    assert_string_equal(test_cell(t, 0, "to"), "2022");
    assert_int_equal(ps_table_rows(t), 3 * 3 + 3);
    const size_t on = (size_t)row_of(t, "1>2"), back = (size_t)row_of(t, "2>1"),
                 none = (size_t)row_of(t, "3>3"), up = (size_t)row_of(t, "up");
    assert_string_equal(test_cell(t, on, "n"), "1");
    assert_string_equal(test_cell(t, on, "share"), "100");
    assert_string_equal(test_cell(t, back, "n"), "0");
    assert_string_equal(test_cell(t, none, "base"), "0");
    assert_string_equal(test_cell(t, none, "n"), "");
    assert_string_equal(test_cell(t, none, "status"), "undefined");
    assert_string_equal(test_cell(t, up, "n"), "1");
    assert_string_equal(test_cell(t, up, "base"), "2");
    assert_string_equal(test_cell(t, up, "n_left"), "2"); /* C and D */
    ps_table_free(t);
    t = test_compute("transition", WARDS, "from=2020 to=2021");
    assert_string_equal(test_cell(t, (size_t)row_of(t, "1>1"), "share"), "50");
    assert_string_equal(test_cell(t, (size_t)row_of(t, "2>3"), "n"), "1");
    assert_string_equal(test_cell(t, (size_t)row_of(t, "up"), "n"), "2");
    assert_string_equal(test_cell(t, 0, "n_joined"), "1");
    ps_table_free(t);
    t = test_compute("transition", "unit,period,stage\nA,2020,1\n", "");
    assert_int_equal(ps_table_rows(t), 1 + 3);
    assert_string_equal(test_cell(t, 0, "from"), "");
    assert_string_equal(test_cell(t, 0, "status"), "undefined");
    ps_table_free(t);
    test_refused("transition", "unit,period,stage\nA,2020,1\nA,2020,2\n", "", PS_FORMAT,
                 "row 2: 'A' stands twice in 2020");
    test_refused("transition", "unit,period,stage\nA,,1\n", "", PS_FORMAT,
                 "row 1: period is empty");
    test_refused("transition", "unit,period,stage\n,2020,1\n", "", PS_FORMAT,
                 "row 1: unit is empty");
    test_refused("transition", WARDS, "from=2019", PS_CONFIG,
                 "from: no row has the period '2019'");
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case wards = {"transition", WARDS, ""};
    assert_true(test_each_allocation_fails(test_method_step, &wards) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts), cmocka_unit_test(tables),
                                       cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
