/* Targets: every kind, every status, the wording rule, exact tails. */
#include "indicators/target.h"

#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/method.h"

static void near(double seen, double expected, double most) {
    if (!(fabs(seen - expected) <= most * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void goals(void **state) {
    (void)state;
    static const struct {
        ps_target_kind kind;
        double baseline, figure, step, years;
        int polarity;
        bool known;
        double target;
        ps_target_status otherwise;
    } cases[] = {
        {PS_TARGET_BELOW_BASELINE, 4404, (double)NAN, (double)NAN, (double)NAN, 0, true,
         4404, 0},
        {PS_TARGET_BELOW_BASELINE, 61, 60, (double)NAN, (double)NAN, 0, true, 60, 0},
        {PS_TARGET_ABOVE, (double)NAN, 72, (double)NAN, (double)NAN, 0, true, 72, 0},
        {PS_TARGET_TRAJECTORY, 200, (double)NAN, -10, 3, 0, true, 170, 0},
        {PS_TARGET_TRAJECTORY, (double)NAN, (double)NAN, -10, 3, 0, false, 0,
         PS_TARGET_BASELINE_MISSING},
        {PS_TARGET_TRAJECTORY, 200, (double)NAN, (double)NAN, 3, 0, false, 0,
         PS_TARGET_AWAITING},
        {PS_TARGET_REDUCE, (double)NAN, (double)NAN, (double)NAN, (double)NAN, 0, false,
         0, PS_TARGET_BASELINE_MISSING},
        {PS_TARGET_REDUCE, 12, (double)NAN, (double)NAN, (double)NAN, 0, true, 12, 0},
        {PS_TARGET_INCREASE, (double)NAN, (double)NAN, (double)NAN, (double)NAN, 0, false,
         0, PS_TARGET_BASELINE_MISSING},
        {PS_TARGET_MIRROR, 5, (double)NAN, (double)NAN, (double)NAN, -1, false, 0,
         PS_TARGET_AWAITING},
        {PS_TARGET_MIRROR, 5, 4, (double)NAN, (double)NAN, -1, true, 4, 0},
    };
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        ps_goal g = ps_goal_of(cases[i].kind, cases[i].baseline, cases[i].figure,
                               cases[i].step, cases[i].years, cases[i].polarity);
        assert_int_equal(g.known, cases[i].known);
        assert_true(g.target == cases[i].target);
        if (!g.known) assert_int_equal(g.otherwise, cases[i].otherwise);
    }
    ps_goal below = ps_goal_of(PS_TARGET_BELOW_BASELINE, 60, (double)NAN, (double)NAN,
                               (double)NAN, 0);
    assert_true(ps_goal_reached(&below, 59.999999));
    assert_false(ps_goal_reached(&below, 60));
    ps_goal steps = ps_goal_of(PS_TARGET_TRAJECTORY, 200, (double)NAN, -10, 3, 0);
    assert_true(ps_goal_reached(&steps, 170));
    assert_false(ps_goal_reached(&steps, 170.5));
}

/* No count, rate or share is below 0, so who stays there has done all there is to do. */
static void nothing_is_left_to_reduce(void **state) {
    (void)state;
    static const ps_target_kind kinds[] = {PS_TARGET_REDUCE, PS_TARGET_BELOW_BASELINE};
    for (size_t i = 0; i < PS_LENGTH(kinds); i++) {
        const ps_goal kept =
            ps_goal_of(kinds[i], 0, (double)NAN, (double)NAN, (double)NAN, -1);
        assert_true(kept.inclusive);
        assert_true(ps_goal_reached(&kept, 0));
        assert_false(ps_goal_reached(&kept, 1));
    }
    const ps_goal more =
        ps_goal_of(PS_TARGET_INCREASE, 0, (double)NAN, (double)NAN, (double)NAN, 1);
    assert_false(ps_goal_reached(&more, 0));
}

/* Nor can a share rise above all; a trajectory ends where the figure does. */
static void nothing_is_left_to_gain(void **state) {
    (void)state;
    ps_goal all =
        ps_goal_of(PS_TARGET_INCREASE, 100, (double)NAN, (double)NAN, (double)NAN, 1);
    ps_goal_within(&all, 0, 100);
    assert_true(ps_goal_reached(&all, 100));
    assert_false(ps_goal_reached(&all, 99.999));
    ps_goal most =
        ps_goal_of(PS_TARGET_INCREASE, 99, (double)NAN, (double)NAN, (double)NAN, 1);
    ps_goal_within(&most, 0, 100);
    assert_false(ps_goal_reached(&most, 99));
    ps_goal steps = ps_goal_of(PS_TARGET_TRAJECTORY, 95, (double)NAN, 3, 3, 1);
    ps_goal_within(&steps, 0, 100);
    assert_true(steps.target == 100 && ps_goal_reached(&steps, 100));
    ps_goal down = ps_goal_of(PS_TARGET_TRAJECTORY, 25, (double)NAN, -10, 3, -1);
    ps_goal_within(&down, 0, (double)INFINITY);
    assert_true(down.target == 0 && ps_goal_reached(&down, 0));
    assert_false(ps_goal_reached(&down, 1));
    /* A share that may not reach all is below it as ever. */
    ps_goal below = ps_goal_of(PS_TARGET_BELOW_BASELINE, 100, (double)NAN, (double)NAN,
                               (double)NAN, -1);
    ps_goal_within(&below, 0, 100);
    assert_false(ps_goal_reached(&below, 100));
    ps_goal unknown = ps_goal_of(PS_TARGET_INCREASE, (double)NAN, (double)NAN,
                                 (double)NAN, (double)NAN, 1);
    ps_goal_within(&unknown, 0, 100);
    assert_false(unknown.known);

    ps_table *t = test_compute("target",
                               "kpi_id,measure,target_kind,baseline,actual,baseline_x,"
                               "baseline_n,x,n,se\n"
                               "a,survey,increase,100,100,,,,,0.5\n"
                               "b,survey,increase,100,98,,,,,0.5\n"
                               "c,register,increase,,,40,40,30,30,\n"
                               "d,register,increase,,,40,40,29,30,\n"
                               "e,register,reduce,,,0,40,0,30,\n"
                               "f,count,increase,100,100,,,,,\n",
                               "whole=100");
    assert_string_equal(test_cell(t, 0, "status"), "met-unclear");
    assert_string_equal(test_cell(t, 1, "status"), "not-met-clear");
    assert_string_equal(test_cell(t, 2, "status"), "met");
    assert_string_equal(test_cell(t, 3, "status"), "not-met");
    assert_string_equal(test_cell(t, 4, "status"), "met");
    assert_string_equal(test_cell(t, 5, "status"), "not-met");
    ps_table_free(t);
}

static ps_target_count_input count_input(double actual, double baseline) {
    return (ps_target_count_input){
        .actual = actual,
        .baseline = baseline,
        .exposure = 1,
        .baseline_exposure = 1,
        .dispersion = (double)NAN,
        .complete = true,
        .projection = ps_value_none(PS_VALUE_MISSING),
        .years_left = (double)NAN,
        .confidence = 0.95,
    };
}

/* With a dispersion that matters the probability is as sure as the limits are. */
static void probability_follows_the_dispersion(void **state) {
    (void)state;
    ps_goal goal = ps_goal_of(PS_TARGET_BELOW_BASELINE, 100, (double)NAN, (double)NAN,
                              (double)NAN, 0);
    ps_target_count_input in = count_input(80, 100);
    in.dispersion = 4;
    ps_target_result r = ps_target_count(&goal, &in);
    const double z = log(0.8) / sqrt(4 * (1.0 / 80 + 1.0 / 100));
    test_near(r.prob_improved.value, erfc(z / sqrt(2)) / 2, 1e-12);
    test_near(r.p_two_sample.value, erfc(-z / sqrt(2)), 1e-12);
    goal.direction = 1;
    r = ps_target_count(&goal, &in);
    test_near(r.prob_improved.value, erfc(-z / sqrt(2)) / 2, 1e-12);
}

static void counts(void **state) {
    (void)state;
    ps_goal goal = ps_goal_of(PS_TARGET_BELOW_BASELINE, 100, (double)NAN, (double)NAN,
                              (double)NAN, 0);
    ps_target_count_input in = count_input(70, 100);
    in.years_left = 2;
    ps_target_result r = ps_target_count(&goal, &in);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_int_equal(r.strength, PS_STRENGTH_CLEAR);
    near(r.p_fixed.value, ps_poisson_cdf(70, 100), 1e-12);
    near(r.gap.value, -30, 0);
    near(r.required.value, 15, 0);
    in.actual = 99;
    r = ps_target_count(&goal, &in);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_int_equal(r.strength, PS_STRENGTH_WITHIN_NOISE);
    in.actual = 100;
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_NOT_MET);
    in.actual = (double)NAN;
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_MISSING);
    in = count_input(15, (double)NAN);
    goal = ps_goal_of(PS_TARGET_ABOVE, (double)NAN, 10, (double)NAN, (double)NAN, 0);
    r = ps_target_count(&goal, &in);
    near(r.p_fixed.value, 1 - ps_poisson_cdf(14, 10), 1e-12);
    assert_int_equal(r.strength, PS_STRENGTH_SOME);
    assert_int_equal(r.p_two_sample.status, PS_VALUE_NOT_APPLICABLE);
}

static void during_the_year(void **state) {
    (void)state;
    ps_goal goal = ps_goal_of(PS_TARGET_BELOW_BASELINE, 100, (double)NAN, (double)NAN,
                              (double)NAN, 0);
    ps_target_count_input in = count_input(40, (double)NAN);
    in.complete = false;
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_NOT_YET_KNOWN);
    in.projection = ps_value_of(99.5);
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_ON_TRACK);
    in.projection = ps_value_of(100);
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_OFF_TRACK);
    in.actual = 100;
    in.projection = ps_value_of(90);
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_OFF_TRACK);
    goal = ps_goal_of(PS_TARGET_INCREASE, 100, (double)NAN, (double)NAN, (double)NAN, 0);
    in.actual = 101;
    assert_int_equal(ps_target_count(&goal, &in).status, PS_TARGET_ON_TRACK);
    assert_int_equal(ps_target_count(&goal, &in).p_fixed.status, PS_VALUE_NOT_APPLICABLE);
}

/* The tail below 0.05 on one side, the limits of 95 % on both. */
static void survey_never_clear_and_unclear(void **state) {
    (void)state;
    const ps_goal above =
        ps_goal_of(PS_TARGET_ABOVE, (double)NAN, 55, (double)NAN, (double)NAN, 0);
    const ps_target_result r =
        ps_target_survey(&above, 60, 2.8, 54.5, 65.5, 100, (double)NAN, 0.95);
    assert_true(r.prob_target.value > 0.95);
    assert_int_equal(r.status, PS_TARGET_MET_UNCLEAR);
    assert_int_equal(r.strength, PS_STRENGTH_SOME);
}

static void surveys(void **state) {
    (void)state;
    static const struct {
        double lower, value, upper;
        ps_target_status above, below;
    } cases[] = {
        {73, 75, 77, PS_TARGET_MET_CLEAR, PS_TARGET_NOT_MET_CLEAR},
        {71, 73, 75, PS_TARGET_MET_UNCLEAR, PS_TARGET_NOT_MET_UNCLEAR},
        {70, 72, 74, PS_TARGET_NOT_MET_UNCLEAR, PS_TARGET_NOT_MET_UNCLEAR},
        {68, 71, 72, PS_TARGET_NOT_MET_UNCLEAR, PS_TARGET_MET_UNCLEAR},
        {68, 70, 71.9, PS_TARGET_NOT_MET_CLEAR, PS_TARGET_MET_CLEAR},
    };
    ps_goal above =
        ps_goal_of(PS_TARGET_ABOVE, 72, (double)NAN, (double)NAN, (double)NAN, 0);
    ps_goal below = ps_goal_of(PS_TARGET_BELOW_BASELINE, 72, (double)NAN, (double)NAN,
                               (double)NAN, 0);
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        assert_int_equal(
            ps_target_survey(&above, cases[i].value, (double)NAN, cases[i].lower,
                             cases[i].upper, 100, (double)NAN, 0.95)
                .status,
            cases[i].above);
        assert_int_equal(
            ps_target_survey(&below, cases[i].value, (double)NAN, cases[i].lower,
                             cases[i].upper, 100, (double)NAN, 0.95)
                .status,
            cases[i].below);
    }
    ps_target_result r = ps_target_survey(&above, 75, 1.5, (double)NAN, (double)NAN, 100,
                                          (double)NAN, 0.95);
    double z = (log(0.75 / 0.25) - log(0.72 / 0.28)) / (0.015 / (0.75 * 0.25));
    near(r.prob_target.value, ps_normal_cdf(z), 1e-13);
    assert_int_equal(r.status, PS_TARGET_MET_CLEAR);
    r = ps_target_survey(&below, 75, 1.5, (double)NAN, (double)NAN, 100, (double)NAN,
                         0.95);
    near(r.prob_target.value, ps_normal_tail(z), 1e-13);
    assert_int_equal(
        ps_target_survey(&above, 100, 1, (double)NAN, (double)NAN, 100, (double)NAN, 0.95)
            .prob_target.status,
        PS_VALUE_UNDEFINED);
    assert_int_equal(ps_target_survey(&above, 75, (double)NAN, (double)NAN, (double)NAN,
                                      100, (double)NAN, 0.95)
                         .status,
                     PS_TARGET_MET);
}

static void registers(void **state) {
    (void)state;
    ps_goal goal = ps_goal_of(PS_TARGET_BELOW_BASELINE, 60, (double)NAN, (double)NAN,
                              (double)NAN, 0);
    const ps_register small = {3, 5, 1}, now = {440, 1000, 1}, before = {600, 1000, 1},
                      nobody = {0, 0, 1};
    ps_target_result r = ps_target_register(&goal, &small, NULL, 100, (double)NAN, 0.95);
    assert_int_equal(r.status, PS_TARGET_NOT_MET);
    near(r.p_fixed.value, 1 - 5 * pow(0.6, 4) * 0.4 - pow(0.6, 5), 1e-13);
    r = ps_target_register(&goal, &now, &before, 100, (double)NAN, 0.95);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_int_equal(r.strength, PS_STRENGTH_CLEAR);
    assert_int_equal(
        ps_target_register(&goal, &nobody, NULL, 100, (double)NAN, 0.95).status,
        PS_TARGET_MISSING);
}

/* Clusters take evidence away and leave the status; a target at a limit of the interval
 * has half of what the interval leaves out below it. */
static void registers_of_clusters(void **state) {
    (void)state;
    const ps_register alone = {280, 500, 1}, alike = {280, 500, 4}, whole = {70, 125, 1},
                      before = {320, 500, 4}, unknown = {280, 500, (double)NAN};
    const ps_goal goal = ps_goal_of(PS_TARGET_BELOW_BASELINE, 60, (double)NAN,
                                    (double)NAN, (double)NAN, 0);
    ps_target_result r = ps_target_register(&goal, &alone, NULL, 100, (double)NAN, 0.95);
    assert_int_equal(r.strength, PS_STRENGTH_CLEAR);
    r = ps_target_register(&goal, &alike, &before, 100, (double)NAN, 0.95);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_int_equal(r.strength, PS_STRENGTH_SOME);
    const ps_register fewer = {80, 125, 1};
    test_near(r.p_two_sample.value,
              ps_prop_change_of(fewer.x, fewer.n, whole.x, whole.n, 0.95).p_value.value,
              1e-12);
    const ps_estimate e = ps_proportion(70, 125, 100, 0.95, PS_PROPORTION_WILSON);
    ps_goal edge = goal;
    edge.target = e.upper;
    test_near(
        ps_target_register(&edge, &alike, NULL, 100, (double)NAN, 0.95).p_fixed.value,
        0.025, 1e-10);
    edge.target = e.lower;
    test_near(
        ps_target_register(&edge, &alike, NULL, 100, (double)NAN, 0.95).p_fixed.value,
        0.975, 1e-10);
    edge.target = 100;
    r = ps_target_register(&edge, &alike, NULL, 100, (double)NAN, 0.95);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_false(ps_value_ok(r.p_fixed));
    r = ps_target_register(&goal, &unknown, &before, 100, (double)NAN, 0.95);
    assert_int_equal(r.status, PS_TARGET_MET);
    assert_int_equal(r.strength, PS_STRENGTH_NONE);
    assert_int_equal(ps_register_change(&before, &unknown, 0.95).p_value.status,
                     PS_VALUE_MISSING);
    ps_table *t = test_compute(
        "target",
        "kpi_id,measure,target_kind,baseline_x,baseline_n,baseline_effect,x,n,effect\n"
        "a,register,reduce,320,500,4,280,500,4\n"
        "b,register,reduce,320,500,,280,500,\n",
        "");
    assert_string_equal(test_cell(t, 0, "strength"), "some");
    assert_string_equal(test_cell(t, 1, "strength"), "clear");
    ps_table_free(t);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("target",
                               "kpi_id,measure,target_kind,baseline,actual,x,n\n"
                               "a,count,below-baseline,4404,4200,,\n"
                               "b,,reduce,,12,,\n"
                               "c,register,below-baseline,47.9,,479,1000\n",
                               "");
    assert_string_equal(test_cell(t, 0, "status"), "met");
    assert_string_equal(test_cell(t, 1, "status"), "baseline-missing");
    assert_string_equal(test_cell(t, 2, "actual"), "47.9");
    assert_string_equal(test_cell(t, 2, "status"), "not-met");
    ps_table_free(t);
    test_refused("target", "kpi_id,target_kind\na,belowbaseline\n", "", PS_FORMAT,
                 "below-baseline");
    test_refused("target", "kpi_id,target_kind,measure\na,above,vote\n", "", PS_FORMAT,
                 "survey");
    test_method_case c = {"target", "kpi_id,target_kind,actual\na,above,1\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goals),
        cmocka_unit_test(nothing_is_left_to_reduce),
        cmocka_unit_test(nothing_is_left_to_gain),
        cmocka_unit_test(probability_follows_the_dispersion),
        cmocka_unit_test(counts),
        cmocka_unit_test(during_the_year),
        cmocka_unit_test(surveys),
        cmocka_unit_test(survey_never_clear_and_unclear),
        cmocka_unit_test(registers),
        cmocka_unit_test(registers_of_clusters),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
