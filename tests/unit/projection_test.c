/* Projections: closed forms, ends, and the calendar of the adaptor. */
#include "indicators/projection.h"

#include "indicators/distribution.h"
#include "tests/support/method.h"

static void near(double seen, double expected, double most) {
    if (!(fabs(seen - expected) <= most * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void pro_rata(void **state) {
    (void)state;
    ps_goal goal =
        ps_goal_of(PS_TARGET_MIRROR, (double)NAN, 450, (double)NAN, (double)NAN, -1);
    ps_projection p = ps_projection_pro_rata(200, 0.5, (double)NAN, &goal, 0.95);
    near(p.total.value, 400, 1e-15);
    /* The rest is negative binomial of size 200 and mean 200. */
    double upper = p.upper.value - 200;
    assert_true(ps_negative_binomial_cdf((int64_t)upper, 200, 200) >= 0.975);
    assert_true(ps_negative_binomial_cdf((int64_t)upper - 1, 200, 200) < 0.975);
    near(p.prob_met.value, ps_negative_binomial_cdf(249, 200, 200), 1e-12);
    goal.inclusive = true;
    p = ps_projection_pro_rata(200, 0.5, (double)NAN, &goal, 0.95);
    near(p.prob_met.value, ps_negative_binomial_cdf(250, 200, 200), 1e-12);
    goal = ps_goal_of(PS_TARGET_MIRROR, (double)NAN, 450, (double)NAN, (double)NAN, 1);
    p = ps_projection_pro_rata(200, 0.5, (double)NAN, &goal, 0.95);
    near(p.prob_met.value, 1 - ps_negative_binomial_cdf(250, 200, 200), 1e-12);
    ps_projection wide = ps_projection_pro_rata(200, 0.5, 4, NULL, 0.95);
    assert_true(wide.lower.value < p.lower.value && wide.upper.value > p.upper.value);
    assert_int_equal(wide.prob_met.status, PS_VALUE_NOT_APPLICABLE);
}

static void ends(void **state) {
    (void)state;
    assert_int_equal(ps_projection_pro_rata(0, 0.5, 1, NULL, 0.95).total.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_projection_pro_rata(5, 0, 1, NULL, 0.95).total.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_projection_pro_rata((double)NAN, 0.5, 1, NULL, 0.95).total.status,
                     PS_VALUE_MISSING);
    ps_projection p = ps_projection_pro_rata(5, 1, 1, NULL, 0.95);
    assert_true(p.total.value == 5 && p.lower.value == 5 && p.upper.value == 5);
    static const double part[] = {40, (double)NAN, 3}, year[] = {100, 90, 0};
    size_t used;
    near(ps_projection_share(3, part, year, &used).value, 0.4, 1e-15);
    assert_int_equal(used, 1);
    assert_int_equal(ps_projection_share(0, part, year, &used).status, PS_VALUE_MISSING);
}

/* A series without season or trend: the model foresees the mean of every month. */
static void model(void **state) {
    (void)state;
    double y[36];
    for (int t = 0; t < 36; t++) y[t] = 99 + (t % 2) * 2;
    ps_trend_options o = {.family = PS_TREND_POISSON, .confidence = 0.95};
    ps_error err = {.text = ""};
    ps_trend *trend = NULL;
    assert_int_equal(ps_trend_fit(36, 0, y, NULL, NULL, 0, &o, &trend, &err), PS_OK);
    static const size_t months[] = {36, 37, 38};
    ps_goal goal =
        ps_goal_of(PS_TARGET_MIRROR, (double)NAN, 1200, (double)NAN, (double)NAN, -1);
    ps_projection p;
    assert_int_equal(
        ps_projection_model(trend, 900, 3, months, NULL, NULL, &goal, 0.95, &p, &err),
        PS_OK);
    near(p.total.value, 1200, 2e-3);
    double sd = (p.upper.value - p.total.value) / 1.959963984540054;
    assert_true(sd > sqrt(300) && sd < 2 * sqrt(300));
    near(p.prob_met.value, ps_normal_cdf((1199.5 - p.total.value) / sd), 1e-12);
    assert_int_equal(
        ps_projection_model(trend, 900, 0, NULL, NULL, NULL, &goal, 0.95, &p, &err),
        PS_OK);
    assert_true(p.total.value == 900 && p.prob_met.value == 1);
    ps_trend_free(trend);
}

/* Three years of 10 a month, then five months of 12: 60 of an expected 50. */
static void tables(void **state) {
    (void)state;
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "month,value\n");
    for (int t = 0; t < 41; t++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d-%02d,%d\n",
                                 2018 + (t + 3) / 12, (t + 3) % 12 + 1, t < 36 ? 10 : 12);
    ps_table *t = test_compute("projection", text, "target=130");
    assert_string_equal(test_cell(t, 0, "year"), "2021-04");
    assert_string_equal(test_cell(t, 0, "months_done"), "5");
    assert_string_equal(test_cell(t, 0, "years_used"), "3");
    near(test_value(t, 0, "value"), 144, 1e-12);
    assert_true(test_value(t, 0, "prob_target_met") < 0.5);
    ps_table_free(t);
    t = test_compute("projection", text, "by=model interventions=none season=none");
    assert_true(test_value(t, 0, "value") > 120);
    ps_table_free(t);
    t = test_compute("projection", "month,value\n2021-05,3\n2021-06,4\n", "");
    assert_string_equal(test_cell(t, 0, "status"), "missing");
    ps_table_free(t);
    test_method_case c = {"projection", text, "by=model interventions=none season=none"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pro_rata),
        cmocka_unit_test(ends),
        cmocka_unit_test(model),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
