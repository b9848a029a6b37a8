/* Neighbourhood, target wards and city: closed forms, overlap, verdicts, coverage. */
#include "indicators/compare.h"

#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/method.h"

/* Inside the city the difference is that from the rest, times the rest's share of people:
 * so are the limits, which are those of the test. */
static void nested_is_the_rest_scaled(void **state) {
    (void)state;
    const ps_overlap o = {{0, 0}, {30, 100}, {80, 900}};
    ps_gap g = ps_gap_of(PS_COMPARED_PROPORTIONS, &o, 0.95);
    ps_prop_change c = ps_prop_change_of(80, 900, 30, 100, 0.95);
    test_near(g.difference.value, 0.3 - 0.11, 1e-14);
    test_near(g.difference.value, 0.9 * c.difference.value, 1e-14);
    test_near(g.lower.value, 0.9 * c.tested_lower.value, 1e-13);
    test_near(g.upper.value, 0.9 * c.tested_upper.value, 1e-13);
    test_near(g.p.value, c.p.value, 1e-14);
    test_near(g.ratio.value, 0.3 / 0.11, 1e-14);
    g = ps_gap_of(PS_COMPARED_RATES, &o, 0.95);
    ps_poisson_change r = ps_poisson_change_of(80, 900, 30, 100, (double)NAN, 0.95);
    test_near(g.lower.value, 0.9 * r.tested_lower.value, 1e-13);
    test_near(g.upper.value, 0.9 * r.tested_upper.value, 1e-13);
    test_near(g.p.value, r.p.value, 1e-14);
    /* log ratio: 1/30 - 1/110. */
    test_near(g.log_ratio_se.value, sqrt(1.0 / 30 - 1.0 / 110), 1e-13);
    test_near(g.rest.value, 80.0 / 900, 1e-15);
}

/* Apart, in part, and the same. */
static void overlap(void **state) {
    (void)state;
    const ps_overlap apart = {{30, 100}, {0, 0}, {80, 900}};
    ps_gap g = ps_gap_of(PS_COMPARED_PROPORTIONS, &apart, 0.95);
    ps_prop_change c = ps_prop_change_of(80, 900, 30, 100, 0.95);
    test_near(g.lower.value, c.tested_lower.value, 1e-14);
    test_near(g.upper.value, c.tested_upper.value, 1e-14);
    const ps_overlap part = {{10, 40}, {20, 60}, {80, 900}};
    g = ps_gap_of(PS_COMPARED_RATES, &part, 0.95);
    double both = 1.0 / 100 - 1.0 / 960;
    double v = 10 / 1e4 + both * both * 20 + 80 / (960.0 * 960);
    test_near(g.se.value, sqrt(v), 1e-14);
    test_near(g.difference.value, 0.3 - 100.0 / 960, 1e-14);
    const ps_overlap same = {{0, 0}, {20, 60}, {0, 0}};
    for (int kind = 0; kind < 2; kind++) {
        g = ps_gap_of((ps_compared)kind, &same, 0.95);
        assert_true(g.difference.value == 0 && g.lower.value == 0 && g.upper.value == 0);
        assert_int_equal(g.p.status, PS_VALUE_NOT_APPLICABLE);
        assert_int_equal(g.rest.status, PS_VALUE_UNDEFINED);
    }
}

static void nothing_and_wrong(void **state) {
    (void)state;
    const ps_overlap zero = {{0, 0}, {0, 100}, {0, 900}};
    ps_gap g = ps_gap_of(PS_COMPARED_RATES, &zero, 0.95);
    assert_true(g.difference.value == 0 && g.p.value == 1);
    assert_int_equal(g.lower.status, PS_VALUE_UNDEFINED);
    assert_int_equal(g.ratio.status, PS_VALUE_UNDEFINED);
    g = ps_gap_of(PS_COMPARED_PROPORTIONS, &zero, 0.95);
    assert_true(g.lower.value < 0 && g.upper.value > 0);
    const ps_overlap nobody = {{0, 0}, {0, 0}, {3, 900}};
    g = ps_gap_of(PS_COMPARED_RATES, &nobody, 0.95);
    assert_int_equal(g.difference.status, PS_VALUE_UNDEFINED);
    assert_int_equal(g.there.status, PS_VALUE_OK);
    const ps_overlap gone = {{0, 0}, {NAN, 100}, {3, 900}};
    assert_int_equal(ps_gap_of(PS_COMPARED_RATES, &gone, 0.95).difference.status,
                     PS_VALUE_MISSING);
    const ps_overlap many = {{0, 0}, {101, 100}, {3, 900}};
    assert_int_equal(ps_gap_of(PS_COMPARED_PROPORTIONS, &many, 0.95).difference.status,
                     PS_VALUE_UNDEFINED);
    ps_gap_change c = ps_gap_compare(PS_COMPARED_RATES, &gone, &zero, 0.95);
    assert_int_equal(c.change.status, PS_VALUE_MISSING);
    assert_string_equal(ps_gap_verdict_text(c.gap), "");
}

static ps_estimate known(double value, double lower, double upper) {
    return (ps_estimate){
        .status = PS_VALUE_OK,
        .value = value,
        .lower = lower,
        .upper = upper,
        .limits_status = isnan(lower) ? PS_VALUE_NOT_APPLICABLE : PS_VALUE_OK};
}

/* Newcombe's difference of 56/70 and 48/80 from the Wilson limits of each: 0.0524 to
 * 0.3339 (1998, table II, method 10, contrast a). */
static void limits_of_published_figures(void **state) {
    (void)state;
    const ps_estimate a = ps_proportion(56, 70, 1, 0.95, PS_PROPORTION_WILSON),
                      b = ps_proportion(48, 80, 1, 0.95, PS_PROPORTION_WILSON),
                      exact = known(0.6, (double)NAN, (double)NAN);
    ps_gap g = ps_gap_of_estimates(&a, &b);
    test_near(g.difference.value, 0.2, 1e-15);
    assert_true(fabs(g.lower.value - 0.0524) < 0.00005);
    assert_true(fabs(g.upper.value - 0.3339) < 0.00005);
    test_near(g.ratio.value, 4.0 / 3, 1e-15);
    assert_int_equal(g.p.status, PS_VALUE_NOT_APPLICABLE);
    /* The other way round everything changes sides. */
    const ps_gap back = ps_gap_of_estimates(&b, &a);
    test_near(back.lower.value, -g.upper.value, 1e-15);
    test_near(back.upper.value, -g.lower.value, 1e-15);
    /* An exact one moves the limits, and nothing more; without limits here there are
     * none. */
    g = ps_gap_of_estimates(&a, &exact);
    test_near(g.lower.value, a.lower - 0.6, 1e-15);
    test_near(g.upper.value, a.upper - 0.6, 1e-15);
    g = ps_gap_of_estimates(&exact, &a);
    assert_true(ps_value_ok(g.difference));
    assert_int_equal(g.lower.status, PS_VALUE_NOT_APPLICABLE);
    const ps_estimate nothing = known(0, 0, 0);
    g = ps_gap_of_estimates(&a, &nothing);
    assert_int_equal(g.ratio.status, PS_VALUE_UNDEFINED);
    const ps_estimate missing = {.status = PS_VALUE_MISSING};
    g = ps_gap_of_estimates(&a, &missing);
    assert_int_equal(g.difference.status, PS_VALUE_MISSING);
    assert_int_equal(g.lower.status, PS_VALUE_NOT_APPLICABLE);
}

static void the_gap_changes(void **state) {
    (void)state;
    const ps_overlap then = {{0, 0}, {400, 1000}, {1000, 9000}};
    const ps_overlap better = {{0, 0}, {200, 1000}, {1000, 9000}};
    const ps_overlap city_worse = {{0, 0}, {400, 1000}, {2000, 9000}};
    ps_gap_change c = ps_gap_compare(PS_COMPARED_RATES, &then, &better, 0.95);
    test_near(c.change.value, -0.18, 1e-13);
    /* Each variance (9/10)^2 (x / n^2 + x / n^2). */
    double v = 0.81 * (600 / 1e6 + 2000 / 81e6);
    test_near(c.upper.value, -0.18 + ps_normal_two_sided(0.95) * sqrt(v), 1e-12);
    assert_int_equal(c.gap, PS_GAP_NARROWING);
    assert_true(c.by_here && !c.by_rest);
    assert_int_equal(c.own, PS_VERDICT_DECREASE);
    assert_int_equal(c.relative, PS_VERDICT_DECREASE);
    c = ps_gap_compare(PS_COMPARED_RATES, &then, &city_worse, 0.95);
    assert_int_equal(c.gap, PS_GAP_NARROWING);
    assert_true(!c.by_here && c.by_rest);
    assert_int_equal(c.own, PS_VERDICT_NO_CLEAR_CHANGE);
    char driver[96];
    ps_gap_driver(&c, "here", "rest", -1, driver);
    assert_string_equal(driver, "rest-worsened");
    /* The gap closes from 9.9 to -2.7 in 100, from both sides, of which none is clear by
     * itself: 20 to 9 and 80 to 105. */
    const ps_overlap a = {{0, 0}, {20, 100}, {80, 800}},
                     b = {{0, 0}, {9, 100}, {105, 800}};
    c = ps_gap_compare(PS_COMPARED_RATES, &a, &b, 0.95);
    assert_int_equal(c.gap, PS_GAP_NARROWING);
    assert_int_equal(c.own, PS_VERDICT_NO_CLEAR_CHANGE);
    assert_true(!c.by_here && !c.by_rest);
    ps_gap_driver(&c, "here", "rest", -1, driver);
    assert_string_equal(driver, "neither-alone");
    c = ps_gap_compare(PS_COMPARED_PROPORTIONS, &better, &then, 0.95);
    assert_int_equal(c.gap, PS_GAP_WIDENING);
    c = ps_gap_compare(PS_COMPARED_PROPORTIONS, &then, &then, 0.95);
    assert_int_equal(c.gap, PS_GAP_NO_CLEAR_CHANGE);
    assert_true(!c.by_here && !c.by_rest);
}

static uint64_t seed = 20260408;

static double binomial(double n, double p) {
    double x = 0;
    for (int i = 0; i < (int)n; i++)
        x += (double)(test_random(&seed) >> 11) / 9007199254740992.0 < p;
    return x;
}

/* The limits hold the truth as often as they say, of the difference and of its change. */
static void coverage(void **state) {
    (void)state;
    enum { TIMES = 2000 };
    int held = 0, change_held = 0;
    const double truth = 0.3 - (0.3 * 150 + 0.1 * 250) / 400;
    for (int i = 0; i < TIMES; i++) {
        ps_overlap o[2];
        for (int k = 0; k < 2; k++)
            o[k] = (ps_overlap){
                {0, 0}, {binomial(150, 0.3), 150}, {binomial(250, 0.1), 250}};
        ps_gap g = ps_gap_of(PS_COMPARED_PROPORTIONS, &o[0], 0.95);
        held += g.lower.value <= truth && g.upper.value >= truth;
        ps_gap_change c = ps_gap_compare(PS_COMPARED_PROPORTIONS, &o[0], &o[1], 0.95);
        change_held += c.lower.value <= 0 && c.upper.value >= 0;
    }
    print_message("coverage at 95 %%: difference %.3f, change of the gap %.3f\n",
                  (double)held / TIMES, (double)change_held / TIMES);
    assert_true(held > 0.935 * TIMES && held < 0.965 * TIMES);
    assert_true(change_held > 0.935 * TIMES && change_held < 0.965 * TIMES);
}

static const char table[] =
    "indicator,period,area_code,neighbourhood,target_ward,count,denominator,polarity\n"
    "crime,2021,a,Lincoln Green,1,400,1000,lower-better\n"
    "crime,2021,b,,1,300,2000,lower-better\ncrime,2021,c,,0,500,7000,lower-better\n"
    "crime,2022,a,Lincoln Green,1,200,1000,lower-better\n"
    "crime,2022,b,,1,300,2000,lower-better\ncrime,2022,c,,0,500,7000,lower-better\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("triple", table, "multiplier=100");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "n_value"), "40");
    assert_string_equal(test_cell(t, 0, "c_value"), "12");
    test_near(test_value(t, 0, "w_value"), 70.0 / 3, 1e-14);
    assert_string_equal(test_cell(t, 0, "w_rest"), "15");
    assert_string_equal(test_cell(t, 0, "gap_change"), "");
    test_near(test_value(t, 1, "gap_change"), -18, 1e-12);
    assert_string_equal(test_cell(t, 1, "verdict_gap"), "narrowing");
    assert_string_equal(test_cell(t, 1, "driver"), "neighbourhood-improved");
    assert_string_equal(test_cell(t, 1, "verdict_abs"), "improved");
    assert_string_equal(test_cell(t, 1, "verdict_rel"), "improved");
    ps_table_free(t);
    /* An area that is missing. */
    static const char missing[] =
        "area_code,neighbourhood,count,denominator\na,X,4,100\nb,,[x],900\nc,,5,800\n";
    t = test_compute("triple", missing, "");
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 0, "n_value"), "40");
    assert_string_equal(test_cell(t, 0, "c_value"), "");
    assert_string_equal(test_cell(t, 0, "w_value"), "");
    assert_string_equal(test_cell(t, 0, "status"), "missing");
    ps_table_free(t);
    t = test_compute("triple", missing, "na=drop");
    assert_string_equal(test_cell(t, 0, "c_value"), "10");
    ps_table_free(t);
    /* Half of the neighbourhood in the target wards. */
    static const char across[] =
        "area_code,neighbourhood,target_ward,count,denominator\na,X,0.5,40,100\n"
        "b,,1,5,100\nc,,0,5,800\n";
    t = test_compute("triple", across, "multiplier=1");
    test_near(test_value(t, 0, "w_value"), 25.0 / 150, 1e-14);
    test_near(test_value(t, 0, "w_rest"), 0.05, 1e-14);
    ps_table_free(t);
    test_refused("triple",
                 "area_code,neighbourhood,count,denominator\na,X,1,2\na,X,1,2\n", "",
                 PS_FORMAT, "row 1");
    test_refused("triple", "area_code,neighbourhood,count,denominator\na,X,3,2\n",
                 "type=proportion", PS_FORMAT, "at most");
    test_refused("triple", table, "baseline=2020", PS_CONFIG, "2020");
    test_refused("triple",
                 "area_code,neighbourhood,target_ward,count,denominator\na,X,2,1,2\n", "",
                 PS_FORMAT, "0 to 1");
    test_refused("triple",
                 "area_code,neighbourhood,count,denominator,polarity\na,X,1,2,good\n", "",
                 PS_FORMAT, "good");
    test_method_case c = {"triple", table, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_is_the_rest_scaled),
        cmocka_unit_test(overlap),
        cmocka_unit_test(nothing_and_wrong),
        cmocka_unit_test(limits_of_published_figures),
        cmocka_unit_test(the_gap_changes),
        cmocka_unit_test(coverage),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
