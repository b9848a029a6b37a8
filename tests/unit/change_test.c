/* Change of counts and proportions: closed forms, hand examples, identities. */
#include "indicators/change.h"

#include "indicators/distribution.h"
#include "tests/support/method.h"

static void near(double seen, double expected, double relative) {
    double scale = fabs(expected) > 1e-300 ? fabs(expected) : 1;
    if (!(fabs(seen - expected) <= relative * scale))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

/* Sums of binomial terms in plain arithmetic. */
static double two_sided(int x, int n, double p) {
    double pmf[64], sum = 0;
    for (int k = 0; k <= n; k++)
        pmf[k] = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) +
                     k * log(p) + (n - k) * log(1 - p));
    for (int k = 0; k <= n; k++)
        if (pmf[k] <= pmf[x] * (1 + 1e-7)) sum += pmf[k];
    return fmin(sum, 1);
}

static void exact_p_is_the_sum_of_unlikely_outcomes(void **state) {
    (void)state;
    for (int x1 = 0; x1 <= 20; x1++)
        for (int x2 = 0; x2 <= 20; x2++)
            for (int t = 1; t <= 3; t++) {
                if (x1 + x2 == 0) continue;
                ps_poisson_change c =
                    ps_poisson_change_of(x1, 1, x2, t, (double)NAN, 0.95);
                near(c.p_exact.value, two_sided(x2, x1 + x2, t / (1.0 + t)), 1e-10);
            }
}

/* What the exact limits mean: at the lower ratio, x2 or more of x1 + x2 has probability
 * 2.5 %; at the upper one, x2 or fewer. */
static void exact_limits_solve_the_tails(void **state) {
    (void)state;
    ps_poisson_change c = ps_poisson_change_of(50, 2, 30, 1, (double)NAN, 0.95);
    double lower = c.lower.value * 1 / 2, upper = c.upper.value * 1 / 2;
    near(1 - ps_binomial_cdf(29, 80, lower / (1 + lower)), 0.025, 1e-9);
    near(ps_binomial_cdf(30, 80, upper / (1 + upper)), 0.025, 1e-9);
}

static void hand_example(void **state) {
    (void)state;
    ps_poisson_change c = ps_poisson_change_of(100, 1, 80, 1, 4, 0.95);
    assert_true(c.ratio.value == 0.8 && c.percent.value == -20);
    double se = sqrt(1.0 / 80 + 1.0 / 100), z = 1.959963984540054;
    near(c.wald_lower.value, 0.8 * exp(-z * se), 1e-14);
    near(c.quasi_upper.value, 0.8 * exp(2 * z * se), 1e-14);
    near(c.difference.value, -20, 1e-15);
    near(c.difference_lower.value, -20 - z * sqrt(180), 1e-14);
    near(c.p_quasi.value, 2 * ps_normal_tail(-log(0.8) / se / 2), 1e-13);
    assert_int_equal(c.verdict, PS_VERDICT_NO_CLEAR_CHANGE);
    assert_string_equal(c.verdict_by, "quasi");
    c = ps_poisson_change_of(4404, 425500, 4200, 430000, (double)NAN, 0.95);
    assert_int_equal(c.verdict, PS_VERDICT_DECREASE);
    assert_string_equal(c.verdict_by, "exact");
    assert_int_equal(c.quasi_lower.status, PS_VALUE_NOT_APPLICABLE);
}

static void zeros(void **state) {
    (void)state;
    ps_poisson_change c = ps_poisson_change_of(0, 1, 0, 1, (double)NAN, 0.95);
    assert_int_equal(c.ratio.status, PS_VALUE_UNDEFINED);
    assert_int_equal(c.upper.status, PS_VALUE_UNDEFINED);
    assert_true(c.p_exact.value == 1);
    near(c.prob_decrease.value, 0.5, 1e-15);
    assert_int_equal(c.verdict, PS_VERDICT_NO_CLEAR_CHANGE);
    c = ps_poisson_change_of(0, 1, 8, 1, (double)NAN, 0.95);
    assert_int_equal(c.ratio.status, PS_VALUE_UNBOUNDED);
    assert_int_equal(c.percent.status, PS_VALUE_UNBOUNDED);
    assert_int_equal(c.upper.status, PS_VALUE_UNBOUNDED);
    double share = pow(0.025, 1.0 / 8); /* Clopper-Pearson of 8 of 8 */
    near(c.lower.value, share / (1 - share), 1e-12);
    near(c.p_exact.value, 2 * pow(0.5, 8), 1e-12);
    assert_int_equal(c.wald_lower.status, PS_VALUE_NOT_APPLICABLE);
    assert_int_equal(c.verdict, PS_VERDICT_INCREASE);
    c = ps_poisson_change_of(8, 1, 0, 1, 2, 0.95);
    assert_true(c.ratio.value == 0 && c.percent.value == -100 && c.lower.value == 0);
    near(c.p_quasi.value, 2 * ps_normal_tail(4 / sqrt(2 * 8 * 0.25)), 1e-13);
}

static void odd_input(void **state) {
    (void)state;
    static const struct {
        double x1, t1, x2, t2, confidence;
        ps_value_status status;
    } cases[] = {
        {(double)NAN, 1, 1, 1, 0.95, PS_VALUE_MISSING},
        {1, 1, 1, (double)NAN, 0.95, PS_VALUE_MISSING},
        {1, -1, 1, 1, 0.95, PS_VALUE_MISSING},
        {1, 0, 1, 1, 0.95, PS_VALUE_UNDEFINED},
        {-1, 1, 1, 1, 0.95, PS_VALUE_UNDEFINED},
        {1, 1, 1, 1, 0.5, PS_VALUE_UNDEFINED},
        {(double)INFINITY, 1, 1, 1, 0.95, PS_VALUE_UNDEFINED},
    };
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        ps_poisson_change c = ps_poisson_change_of(cases[i].x1, cases[i].t1, cases[i].x2,
                                                   cases[i].t2, 1, cases[i].confidence);
        assert_int_equal(c.ratio.status, cases[i].status);
        assert_int_equal(c.p_exact.status, cases[i].status);
        assert_int_equal(c.verdict, PS_VERDICT_NONE);
    }
    ps_poisson_change c = ps_poisson_change_of(10.5, 1, 20, 1, (double)NAN, 0.95);
    assert_int_equal(c.p_exact.status, PS_VALUE_NOT_APPLICABLE);
    assert_string_equal(c.verdict_by, "quasi");
}

/* Swapping the periods turns the ratio over; exposures count only by their ratio. */
static void symmetries(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 300; i++) {
        double x1 = (double)test_random_below(&seed, 500) + 1;
        double x2 = (double)test_random_below(&seed, 500) + 1;
        double t1 = 1 + (double)test_random_below(&seed, 100);
        double t2 = 1 + (double)test_random_below(&seed, 100);
        ps_poisson_change a = ps_poisson_change_of(x1, t1, x2, t2, 2, 0.95);
        ps_poisson_change b = ps_poisson_change_of(x2, t2, x1, t1, 2, 0.95);
        ps_poisson_change c = ps_poisson_change_of(x1, t1 * 8, x2, t2 * 8, 2, 0.95);
        near(a.lower.value * b.upper.value, 1, 1e-11);
        near(a.p_exact.value, b.p_exact.value, 1e-9);
        near(a.prob_decrease.value + b.prob_decrease.value, 1, 1e-11);
        near(a.upper.value, c.upper.value, 1e-13);
        near(a.p_exact.value, c.p_exact.value, 1e-13);
        assert_true(a.lower.value <= a.ratio.value && a.ratio.value <= a.upper.value);
        assert_true(a.quasi_lower.value < a.wald_lower.value);
    }
}

/* Newcombe 1998, table II, method 10: 56/70 against 48/80, 9/10 against 3/10, 5/56
 * against 0/29; d is the first less the second. */
static void newcombe_examples(void **state) {
    (void)state;
    ps_prop_change c = ps_prop_change_of(48, 80, 56, 70, 0.95);
    assert_true(fabs(c.lower.value - 0.0524) < 6e-5);
    assert_true(fabs(c.upper.value - 0.3339) < 6e-5);
    assert_string_equal(c.test, "pooled-z");
    c = ps_prop_change_of(3, 10, 9, 10, 0.95);
    assert_true(fabs(c.lower.value - 0.1705) < 6e-5);
    assert_true(fabs(c.upper.value - 0.8090) < 6e-5);
    assert_string_equal(c.test, "fisher");
    c = ps_prop_change_of(0, 29, 5, 56, 0.95);
    assert_true(fabs(c.lower.value - -0.0381) < 6e-5);
    assert_true(fabs(c.upper.value - 0.1926) < 6e-5);
}

/* Fisher's tea: 3 of 4 against 1 of 4 has p = 34/70. */
static void fisher_by_hand(void **state) {
    (void)state;
    near(ps_prop_change_of(3, 4, 1, 4, 0.95).p_value.value, 34.0 / 70, 1e-12);
    near(ps_prop_change_of(0, 4, 4, 4, 0.95).p_value.value, 2.0 / 70, 1e-12);
    assert_true(ps_prop_change_of(0, 9, 0, 5, 0.95).p_value.value == 1);
    assert_int_equal(ps_prop_change_of(0, 9, 0, 5, 0.95).z.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_prop_change_of(0, 0, 0, 5, 0.95).difference.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_prop_change_of((double)NAN, 1, 0, 5, 0.95).p1.status,
                     PS_VALUE_MISSING);
    assert_int_equal(ps_prop_change_of(6, 5, 0, 5, 0.95).p1.status, PS_VALUE_UNDEFINED);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("poisson_change", "id,x1,x2\na,100,80\nb,0,3\nc,,3\n", "");
    assert_true(test_value(t, 0, "percent") == -20);
    assert_string_equal(test_cell(t, 1, "rate_ratio"), "");
    assert_string_equal(test_cell(t, 1, "status"), "unbounded");
    assert_string_equal(test_cell(t, 2, "status"), "missing");
    ps_table_free(t);
    t = test_compute("prop_change", "x1,n1,x2,n2\n50,100,30,100\n", "multiplier=100");
    assert_true(test_value(t, 0, "difference") == -20);
    assert_string_equal(test_cell(t, 0, "verdict"), "decrease");
    ps_table_free(t);
    test_refused("poisson_change", "x1,x2\n1,many\n", "", PS_FORMAT, "many");
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case c = {"poisson_change", "x1,x2\n4,7\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_p_is_the_sum_of_unlikely_outcomes),
        cmocka_unit_test(exact_limits_solve_the_tails),
        cmocka_unit_test(hand_example),
        cmocka_unit_test(zeros),
        cmocka_unit_test(odd_input),
        cmocka_unit_test(symmetries),
        cmocka_unit_test(newcombe_examples),
        cmocka_unit_test(fisher_by_hand),
        cmocka_unit_test(tables),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
