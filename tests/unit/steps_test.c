/* The working of figures: how numbers and lines stand, and what the methods tell. */
#include "indicators/steps.h"

#include <math.h>

#include "tests/support/method.h"

static void number_is(double number, const char *text) {
    assert_string_equal(PS_STEP(number), text);
}

static void numbers_are_short(void **state) {
    (void)state;
    number_is(0, "0");
    number_is(-0.0, "0");
    number_is(32844, "32844");
    number_is(206480870, "206480870");
    number_is(0.1 + 0.2, "0.3");
    number_is(1.959963984540054, "1.95996");
    number_is(-1.5, "(-1.5)");
    number_is(123456.789, "123456.8");
    number_is(29163.9647, "29164.0"); /* no whole number */
    number_is(1.0 / 3e7, "3.33333e-08");
    number_is(2e300 / 3, "6.66667e+299");
    number_is(1.7976931348623157e308, "1.79769e+308");
    number_is((double)NAN, "?");
}

static void lines_are(void (*tell)(ps_output *), const char *expected) {
    ps_output *steps;
    ps_error err = {.text = ""};
    assert_int_equal(ps_output_keep(&steps, &err), PS_OK);
    tell(steps);
    assert_int_equal(ps_output_status(steps, &err), PS_OK);
    const ps_str text = ps_output_kept(steps);
    if (!ps_str_is(text, expected)) fail_msg("%.*s", (int)text.n, text.p);
    ps_output_abandon(steps);
    tell(NULL); /* nobody asks */
}

static void tell_quotient(ps_output *to) {
    ps_step_add(to, 4.690531178, "mean = %s / %s", PS_STEP(812.4), PS_STEP(173.2));
    ps_step_add(to, (double)NAN, "nothing = %s", PS_STEP(1));
}

static const double some[] = {3, NAN, 1.5, 8, 2}, weight[] = {2, 1, 1, 0.5, 1};

static void tell_means(ps_output *to) {
    ps_step_mean(to, "mean", 5, some, NULL);
    ps_step_mean(to, "weighted", 5, some, weight);
    ps_step_sum(to, "sum", 5, some);
    ps_step_median(to, "median", 5, some);
    ps_step_median(to, "median", 4, some);
}

static void tell_limits(ps_output *to) {
    ps_step_limits((ps_estimate_steps){NULL, to, to}, -2, 1.96, 0.5);
}

static void lines_hold_the_arithmetic(void **state) {
    (void)state;
    lines_are(tell_quotient, "mean = 812.4 / 173.2 = 4.69053\n");
    lines_are(tell_means,
              "mean = (3 + 1.5 + 8 + 2) / 4 = 3.625\n"
              "weighted = (2 * 3 + 1.5 + 0.5 * 8 + 2) / 4.5 = 3\n"
              "sum = 3 + 1.5 + 8 + 2 = 14.5\n"
              "median: the mean of the two in the middle of 4 = (2 + 3) / 2 = 2.5\n"
              "median: the middle one of 3 = 3\n");
    lines_are(tell_limits,
              "lower limit = (-2) - 1.96 * 0.5 = -2.98\n"
              "upper limit = (-2) + 1.96 * 0.5 = -1.02\n");
}

static void many_values_are_added_up(ps_output *to) {
    double x[40];
    for (int i = 0; i < 40; i++) x[i] = i;
    ps_step_mean(to, "mean", 40, x, NULL);
}

static void long_sums_are_cut_short(void **state) {
    (void)state;
    lines_are(many_values_are_added_up,
              "the 40 values added up = 780\nmean = 780 / 40 = 19.5\n");
}

static void a_method_tells_its_steps(void **state) {
    (void)state;
    ps_table *input, *result, *steps;
    ps_error err = {.text = ""};
    assert_int_equal(
        test_table("area_code,count,population\nA,12,3400\nB,,100\n", &input, &err),
        PS_OK);
    assert_int_equal(ps_method_derive(ps_method_find("crude_rate"), input, NULL, 0,
                                      &result, &steps, &err),
                     PS_OK);
    assert_string_equal(test_cell(steps, 0, "value"),
                        "rate = 1000 * 12 / 3400 = 3.52941\n");
    assert_string_equal(test_cell(steps, 0, "status"), "");
    assert_string_equal(test_cell(steps, 1, "value"), "");
    ps_table_free(steps);
    ps_table_free(result);
    ps_table_free(input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(lines_hold_the_arithmetic),
        cmocka_unit_test(long_sums_are_cut_short),
        cmocka_unit_test(a_method_tells_its_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
