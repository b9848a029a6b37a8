/* Control charts: limits by hand, each rule on a series made for it. */
#include "indicators/control_chart.h"

#include "tests/support/method.h"

enum { MOST = 64 };
static ps_chart_point point[MOST];
static ps_chart_segment segment[MOST];
static size_t n_segments;

static void chart(const double *value, const double *size, const int32_t *segments,
                  size_t n, const ps_chart_options *options) {
    ps_error err = {.text = ""};
    assert_true(n <= MOST);
    assert_int_equal(ps_control_chart(n, value, size, segments, options, point, segment,
                                      &n_segments, &err),
                     PS_OK);
}

static void near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void xmr_limits_by_hand(void **state) {
    (void)state;
    static const double y[] = {10, 12, 11, 13, 12};
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    chart(y, NULL, NULL, 5, &o);
    near(point[0].centre.value, 11.6);
    near(point[0].upper.value, 11.6 + 2.66 * 1.5);
    near(point[0].lower.value, 11.6 - 2.66 * 1.5);
    assert_true(segment[0].provisional);
    o.constant = 3 / 1.128;
    chart(y, NULL, NULL, 5, &o);
    near(point[0].upper.value, 11.6 + 1.5 * 3 / 1.128);
}

/* One jump of 100 among ranges of 1: ranges are 1 x 8 and 100 x 2 (mean 20.8), so those
 * of 100 are screened. */
static void screening_drops_large_ranges_once(void **state) {
    (void)state;
    static const double y[] = {1, 2, 1, 2, 1, 101, 1, 2, 1, 2, 1};
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    chart(y, NULL, NULL, 11, &o);
    near(point[0].upper.value - point[0].centre.value, 2.66);
    assert_int_equal(point[5].rule, PS_RULE_OUTSIDE);
    o.screen = false;
    chart(y, NULL, NULL, 11, &o);
    near(point[0].upper.value - point[0].centre.value, 2.66 * 208 / 10);
}

static void count_charts_by_hand(void **state) {
    (void)state;
    static const double x[] = {4, 6, 2, 8}, n[] = {10, 20, 10, 0};
    ps_chart_options o = ps_chart_defaults(PS_CHART_C, PS_RULES_NHS);
    chart(x, NULL, NULL, 4, &o);
    near(point[0].upper.value, 5 + 3 * sqrt(5));
    near(point[0].lower.value, 0);
    near(segment[0].dispersion.value, (1 + 1 + 9 + 9) / 5.0 / 3);
    o.kind = PS_CHART_U;
    o.multiplier = 1000;
    chart(x, n, NULL, 4, &o);
    near(point[1].centre.value, 300);
    near(point[1].upper.value, 1000 * (0.3 + 3 * sqrt(0.3 / 20)));
    assert_int_equal(point[3].y.status, PS_VALUE_MISSING);
    assert_int_equal(point[3].type, PS_POINT_MISSING);
    o.kind = PS_CHART_P;
    o.multiplier = 1;
    chart(x, n, NULL, 4, &o);
    near(point[1].upper.value, 0.3 + 3 * sqrt(0.3 * 0.7 / 20));
    near(point[0].lower.value, 0);
    /* z = 0.1, 0, -0.1 over their sigmas; the mean range over 1.128 scales the limits. */
    o.kind = PS_CHART_P_PRIME;
    chart(x, n, NULL, 4, &o);
    double s10 = sqrt(0.021), sz = 0.1 / s10 / 1.128;
    near(segment[0].sigma_z.value, sz);
    near(point[0].upper.value, 0.3 + 3 * s10 * sz);
}

static void rules_of_the_nhs(void **state) {
    (void)state;
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    o.fix_after = 12;
    o.polarity = -1;
    /* Baseline: centre 10, mean range 2, limits 10 -+ 5.32, outer third from 13.546667.
     */
    double y[20] = {9, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11};
    double trend[] = {6, 7, 8, 9, 10.5, 11.5, 12.5, 9};
    for (int i = 0; i < 8; i++) y[12 + i] = trend[i];
    chart(y, NULL, NULL, 20, &o);
    assert_int_equal(point[11].rule, PS_RULE_NONE);
    for (int i = 12; i < 19; i++) {
        assert_int_equal(point[i].rule, PS_RULE_TREND);
        assert_int_equal(point[i].type, PS_POINT_CONCERN);
    }
    assert_int_equal(point[19].rule, PS_RULE_NONE);
    o.trend_steps = 7;
    chart(y, NULL, NULL, 20, &o);
    assert_int_equal(point[15].rule, PS_RULE_NONE);
    o.trend_steps = 6;
    /* Two in the outer third on one side, and one that is outside altogether. */
    double two[] = {14, 11, 14, 9, 14, 16, 14, 9};
    for (int i = 0; i < 8; i++) y[12 + i] = two[i];
    chart(y, NULL, NULL, 20, &o);
    assert_int_equal(point[12].rule, PS_RULE_TWO_OF_THREE);
    assert_int_equal(point[13].rule, PS_RULE_NONE);
    assert_int_equal(point[14].rule, PS_RULE_TWO_OF_THREE);
    assert_int_equal(point[17].rule, PS_RULE_OUTSIDE);
    assert_int_equal(point[16].rule, PS_RULE_TWO_OF_THREE);
    /* Seven on one side, broken by one on the centre. */
    double shift[] = {9, 8, 9, 8, 9, 8, 9, 10};
    for (int i = 0; i < 8; i++) y[12 + i] = shift[i];
    y[11] = 10;
    chart(y, NULL, NULL, 20, &o);
    double centre = point[0].centre.value;
    assert_true(centre < 10);
    for (int i = 12; i < 19; i++) assert_int_equal(point[i].rule, PS_RULE_SHIFT);
    assert_int_equal(point[18].type, PS_POINT_IMPROVEMENT);
    /* A missing point breaks the run. */
    y[15] = (double)NAN;
    chart(y, NULL, NULL, 20, &o);
    for (int i = 12; i < 19; i++) assert_int_not_equal(point[i].rule, PS_RULE_SHIFT);
}

static void rules_of_western_electric(void **state) {
    (void)state;
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_WESTERN_ELECTRIC);
    o.fix_after = 12;
    double y[20] = {9, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11};
    /* One sigma is 1.773333. */
    double four[] = {9, 12, 12, 9.5, 12, 12, 9, 9};
    for (int i = 0; i < 8; i++) y[12 + i] = four[i];
    chart(y, NULL, NULL, 20, &o);
    assert_int_equal(point[13].rule, PS_RULE_FOUR_OF_FIVE);
    assert_int_equal(point[15].rule, PS_RULE_NONE);
    assert_int_equal(point[17].rule, PS_RULE_FOUR_OF_FIVE);
    assert_int_equal(point[17].type, PS_POINT_NEUTRAL);
    double two[] = {9, 14, 9, 14, 9, 9, 11, 9};
    for (int i = 0; i < 8; i++) y[12 + i] = two[i];
    chart(y, NULL, NULL, 20, &o);
    assert_int_equal(point[13].rule, PS_RULE_TWO_OF_THREE);
    assert_int_equal(point[15].rule, PS_RULE_TWO_OF_THREE);
}

static void no_variation(void **state) {
    (void)state;
    double y[14] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 5};
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    o.fix_after = 12;
    chart(y, NULL, NULL, 14, &o);
    assert_true(point[0].lower.value == 5 && point[0].upper.value == 5);
    for (int i = 0; i < 14; i++)
        assert_int_equal(point[i].rule, i == 12 ? PS_RULE_OUTSIDE : PS_RULE_NONE);
    double one[1] = {3};
    chart(one, NULL, NULL, 1, &o);
    assert_int_equal(point[0].lower.status, PS_VALUE_UNDEFINED);
    assert_true(point[0].centre.value == 3);
    double none[2] = {(double)NAN, (double)NAN};
    chart(none, NULL, NULL, 2, &o);
    assert_int_equal(point[0].centre.status, PS_VALUE_UNDEFINED);
    double zero[3] = {0, 0, 0};
    o.kind = PS_CHART_C;
    chart(zero, NULL, NULL, 3, &o);
    assert_int_equal(segment[0].dispersion.status, PS_VALUE_UNDEFINED);
    assert_int_equal(point[0].rule, PS_RULE_NONE);
}

static void segments_stand_alone(void **state) {
    (void)state;
    static const double y[] = {1, 2, 1, 2, 101, 102, 101, 102};
    static const int32_t s[] = {0, 0, 0, 0, 1, 1, 1, 1};
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    o.target = 90;
    o.polarity = 1;
    chart(y, NULL, s, 8, &o);
    assert_int_equal(n_segments, 2);
    near(point[4].centre.value, 101.5);
    near(point[4].upper.value - 101.5, 2.66);
    assert_int_equal(segment[0].assurance, PS_ASSURANCE_FAIL);
    assert_int_equal(segment[1].assurance, PS_ASSURANCE_PASS);
    o.target = 101;
    chart(y, NULL, s, 8, &o);
    assert_int_equal(segment[1].assurance, PS_ASSURANCE_HIT_AND_MISS);
}

/* 24 useful points: runs longer than round(log2 24) + 3 = 8 and fewer than 8 crossings
 * (the 5 % quantile of 23 fair coins) signal. */
static void anhoj(void **state) {
    (void)state;
    double y[24];
    for (int i = 0; i < 24; i++) y[i] = i < 12 ? i : 100 + i;
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    chart(y, NULL, NULL, 24, &o);
    assert_int_equal(segment[0].useful, 24);
    assert_int_equal(segment[0].longest_run, 12);
    assert_int_equal(segment[0].longest_allowed, 8);
    assert_int_equal(segment[0].crossings, 1);
    assert_int_equal(segment[0].fewest_allowed, 8);
    assert_true(segment[0].anhoj_signal);
    for (int i = 0; i < 24; i++) y[i] = i % 2;
    chart(y, NULL, NULL, 24, &o);
    assert_int_equal(segment[0].crossings, 23);
    assert_false(segment[0].anhoj_signal);
}

/* A chart of a x + b is that of x, moved and stretched. */
static void scale(void **state) {
    (void)state;
    uint64_t seed = 3;
    double y[40], z[40];
    ps_chart_rule rule[40];
    ps_chart_options o = ps_chart_defaults(PS_CHART_XMR, PS_RULES_NHS);
    for (int i = 0; i < 40; i++) {
        y[i] = (double)test_random_below(&seed, 1000);
        z[i] = 4 * y[i] + 512;
    }
    chart(y, NULL, NULL, 40, &o);
    double upper = point[0].upper.value;
    for (int i = 0; i < 40; i++) rule[i] = point[i].rule;
    chart(z, NULL, NULL, 40, &o);
    near(point[0].upper.value, 4 * upper + 512);
    for (int i = 0; i < 40; i++) assert_int_equal(point[i].rule, rule[i]);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("control_chart", "t,value\n1,10\n2,12\n3,\n4,13\n", "");
    assert_string_equal(test_cell(t, 2, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "point_type"), "missing");
    assert_int_equal(ps_table_rows(t), 4);
    ps_table_free(t);
    test_refused("control_chart", "t,value\n1,1\n", "chart=u", PS_CONFIG, "column 'n'");
    test_method_case c = {"control_chart", "t,value\n1,10\n2,12\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xmr_limits_by_hand),
        cmocka_unit_test(screening_drops_large_ranges_once),
        cmocka_unit_test(count_charts_by_hand),
        cmocka_unit_test(rules_of_the_nhs),
        cmocka_unit_test(rules_of_western_electric),
        cmocka_unit_test(no_variation),
        cmocka_unit_test(segments_stand_alone),
        cmocka_unit_test(anhoj),
        cmocka_unit_test(scale),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
