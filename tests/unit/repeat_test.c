/* Repeat victimisation: hand examples, windows, unknown victims. */
#include "indicators/repeat.h"

#include "tests/support/method.h"

static const ps_repeat_options year = {
    .from = {2021, 4, 1},
    .to = {2022, 3, 31},
    .data_from = {2020, 4, 1},
    .window_days = 365,
    .same_day = true,
    .confidence = 0.95,
};

static ps_repeat measure(size_t n, const int32_t *victim, const ps_date *date,
                         const ps_repeat_options *o) {
    ps_repeat r;
    ps_error err = {.text = ""};
    if (ps_repeat_of(n, victim, date, o, &r, &err) != PS_OK) fail_msg("%s", err.text);
    return r;
}

static void days(void **state) {
    (void)state;
    assert_int_equal(ps_day_number((ps_date){1970, 1, 1}), 0);
    assert_int_equal(ps_day_number((ps_date){2000, 3, 1}), 11017);
    assert_int_equal(ps_day_number((ps_date){1969, 12, 31}), -1);
    assert_int_equal(
        ps_day_number((ps_date){2024, 3, 1}) - ps_day_number((ps_date){2024, 2, 28}), 2);
}

/* Victim 0: before the period, then twice on one day; 1: twice; 2 and 3: once; one
 * unknown. */
static const int32_t victim[] = {0, 0, 0, 1, 1, 2, 3, PS_NO_VICTIM};
static const ps_date date[] = {{2021, 1, 5}, {2021, 5, 5}, {2021, 5, 5}, {2021, 6, 1},
                               {2021, 8, 1}, {2021, 9, 9}, {2022, 3, 1}, {2022, 3, 31}};

static void by_hand(void **state) {
    (void)state;
    ps_repeat r = measure(8, victim, date, &year);
    assert_int_equal(r.incidents, 7);
    assert_int_equal(r.unlinked, 1);
    assert_int_equal(r.repeats, 3);
    assert_int_equal(r.victims, 4);
    assert_int_equal(r.repeat_victims, 2);
    assert_true(r.incident_rate.value == 0.5);
    assert_true(fabs(r.incident_rate_all.value - 3.0 / 7) < 1e-15);
    assert_true(r.victim_rate.value == 0.5);
    assert_int_equal(r.victims_with[0], 2);
    assert_int_equal(r.victims_with[1], 2);
    assert_true(fabs(r.top_share.value - 0.4 * 2 / 6) < 1e-15);
    assert_true(fabs(r.mean_interval.value - (120 + 0 + 61) / 3.0) < 1e-12);
    assert_false(r.left_censored);
    /* Residuals by victim 2 - 1, 1 - 1, 0 - 1/2, 0 - 1/2: variance 4/3 * 1.5 / 36. */
    assert_true(fabs(r.design_effect.value - 4.0 / 3 * 1.5 / 36 / (0.25 / 6)) < 1e-12);
    assert_true(r.lower.value < r.incident_rate.lower);
}

/* Asked of an area alone, what went before may have been elsewhere. */
static void some_are_asked_about(void **state) {
    (void)state;
    static const bool here[] = {false, true, false, false, true, true, false, true};
    ps_repeat_options o = year;
    o.counted = here;
    ps_repeat r = measure(8, victim, date, &o);
    assert_int_equal(r.incidents, 4);
    assert_int_equal(r.unlinked, 1);
    assert_int_equal(r.repeats, 2);
    assert_int_equal(r.victims, 3);
    assert_int_equal(r.repeat_victims, 2);
    assert_int_equal(r.victims_with[0], 3);
}

static void same_day_and_windows(void **state) {
    (void)state;
    ps_repeat_options o = year;
    o.same_day = false;
    assert_int_equal(measure(8, victim, date, &o).repeats, 3);
    o.window_days = 119;
    assert_int_equal(measure(8, victim, date, &o).repeats, 1);
    o.same_day = true;
    assert_int_equal(measure(8, victim, date, &o).repeats, 2);
    o.window_days = 120;
    assert_int_equal(measure(8, victim, date, &o).repeats, 3);
    /* By calendar: from 28 February 2021 to 28 February 2022 is a window, to 1 March is
     * not; 365 days are as long here. */
    static const int32_t two[] = {0, 0};
    static const ps_date inside[] = {{2021, 2, 28}, {2022, 2, 28}};
    static const ps_date outside[] = {{2021, 2, 28}, {2022, 3, 1}};
    o.window_months = 12;
    assert_int_equal(measure(2, two, inside, &o).repeats, 1);
    assert_int_equal(measure(2, two, outside, &o).repeats, 0);
    o.data_from = (ps_date){2020, 4, 2};
    assert_true(measure(2, two, inside, &o).left_censored);
}

static void nothing_and_everything(void **state) {
    (void)state;
    ps_repeat r = measure(0, NULL, NULL, &year);
    assert_int_equal(r.incident_rate.status, PS_VALUE_UNDEFINED);
    assert_int_equal(r.top_share.status, PS_VALUE_UNDEFINED);
    assert_int_equal(r.mean_interval.status, PS_VALUE_UNDEFINED);
    static const int32_t once[] = {0, 1, 2};
    static const ps_date days_of[] = {{2021, 5, 1}, {2021, 5, 2}, {2021, 5, 3}};
    r = measure(3, once, days_of, &year);
    assert_true(r.incident_rate.value == 0);
    assert_true(r.lower.value == 0 && r.upper.value == r.incident_rate.upper);
    r = measure(1, once, days_of, &year);
    assert_int_equal(r.lower.status, PS_VALUE_UNDEFINED);
    static const int32_t unknown[] = {PS_NO_VICTIM, PS_NO_VICTIM, PS_NO_VICTIM};
    r = measure(3, unknown, days_of, &year);
    assert_int_equal(r.unlinked, 3);
    assert_int_equal(r.incident_rate.status, PS_VALUE_UNDEFINED);
    assert_int_equal(r.incident_rate_all.status, PS_VALUE_OK);
}

/* The order of incidents of different victims and days does not matter. */
static void permutation(void **state) {
    (void)state;
    static const size_t order[] = {6, 7, 1, 5, 0, 4, 3, 2};
    int32_t v[8];
    ps_date d[8];
    for (int i = 0; i < 8; i++) {
        v[i] = victim[order[i]];
        d[i] = date[order[i]];
    }
    ps_repeat a = measure(8, victim, date, &year), b = measure(8, v, d, &year);
    assert_int_equal(a.repeats, b.repeats);
    assert_true(a.mean_interval.value == b.mean_interval.value);
    assert_true(a.lower.value == b.lower.value && a.top_share.value == b.top_share.value);
}

static const char table[] =
    "strand,incident_id,date,victim_id\nrace,1,2021-01-05,a\nrace,2,2021-05-05,a\n"
    "race,3,2021-06-05,\nfaith,4,2021-06-06,a\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("repeat", table, "from=2021-04-01 to=2022-03-31");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "strand"), "faith");
    assert_string_equal(test_cell(t, 0, "repeats"), "0");
    assert_string_equal(test_cell(t, 1, "repeat_incident_rate"), "100");
    assert_string_equal(test_cell(t, 1, "repeat_incident_rate_all"), "50");
    assert_string_equal(test_cell(t, 1, "left_censored"), "1");
    ps_table_free(t);
    test_refused("repeat", table, "from=2021-04-01 to=yesterday", PS_CONFIG, "yesterday");
    test_refused("repeat", table, "from=2022-04-01 to=2021-04-01", PS_CONFIG, "before");
    test_refused("repeat", "incident_id,date,victim_id\n1,2021-05,a\n",
                 "from=2021-04-01 to=2022-03-31", PS_FORMAT, "2021-05");
    test_method_case c = {"repeat", table, "from=2021-04-01 to=2022-03-31"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(some_are_asked_about),
        cmocka_unit_test(same_day_and_windows),
        cmocka_unit_test(nothing_and_everything),
        cmocka_unit_test(permutation),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
