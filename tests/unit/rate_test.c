/* Counts and rates against published figures, and against the definition of the limits.
 */
#include <math.h>
#include <stdio.h>

#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/method.h"

static void normal_quantile_is_the_stated_one(void **state) {
    (void)state;
    test_near(ps_normal_two_sided(0.95), 1.959963984540054, 1e-15);
    test_near(ps_normal_two_sided(0.998), 3.090232306167814, 1e-15);
}

/* Half the chi-squared quantiles, as in printed tables of the Poisson mean (Garwood
 * 1936), to twelve decimals from the sums of Poisson terms in 40-digit arithmetic. */
static void exact_limits_match_tables(void **state) {
    (void)state;
    static const double at_95[10][2] = {
        {0, 3.688879454114},
        {0.025317807984, 5.571643390939},
        {0.242209278544, 7.224687667724},
        {0.618672122896, 8.767273069742},
        {1.089865373626, 10.241588675404},
        {1.623486390118, 11.668332079323},
        {2.201894253491, 13.059474022519},
        {2.814363051520, 14.422675361702},
        {3.453832176749, 15.763189220193},
        {4.115373097378, 17.084803451419},
    };
    static const double at_998[10][2] = {
        {0, 6.907755278982},
        {0.001000500334, 9.233413476452},
        {0.045402017769, 11.228872242413},
        {0.190533377568, 13.062240779188},
        {0.428552413628, 14.794149222537},
        {0.739371731918, 16.454745203680},
        {1.107104660256, 18.061636840199},
        {1.520336260399, 19.626177395384},
        {1.970813921740, 21.156198165840},
        {2.452424404364, 22.657373309063},
    };
    for (int x = 0; x < 10; x++) {
        ps_estimate e = ps_count(x, 0.95);
        assert_int_equal(e.status, PS_VALUE_OK);
        assert_int_equal(e.limits_status, PS_VALUE_OK);
        assert_string_equal(e.method, "Exact");
        assert_true(e.value == x);
        assert_true(fabs(e.lower - at_95[x][0]) <= 6e-13);
        assert_true(fabs(e.upper - at_95[x][1]) <= 6e-13);
        e = ps_count(x, 0.998);
        assert_true(fabs(e.lower - at_998[x][0]) <= 6e-13);
        assert_true(fabs(e.upper - at_998[x][1]) <= 6e-13);
    }
    assert_true(ps_count(0, 0.95).lower == 0);
}

/* P(X <= k) for a Poisson mean m, from the first term up. */
static double poisson_cdf(int k, double m) {
    double term = exp(-m), sum = 0;
    for (int i = 0; i <= k; i++) {
        sum += term;
        term *= m / (i + 1);
    }
    return sum;
}

/* What the limits mean: at the lower one, x or more events have probability alpha/2; at
 * the upper one, x or fewer have. */
static void exact_limits_solve_the_poisson_tails(void **state) {
    (void)state;
    static const double confidence[] = {0.9, 0.95, 0.99, 0.998, 0.9999};
    for (size_t c = 0; c < sizeof confidence / sizeof *confidence; c++) {
        double tail = (1 - confidence[c]) / 2;
        for (int x = 0; x < 10; x++) {
            ps_estimate e = ps_count(x, confidence[c]);
            test_near(poisson_cdf(x, e.upper), tail, 1e-10);
            if (x > 0) test_near(1 - poisson_cdf(x - 1, e.lower), tail, 1e-9);
        }
    }
}

static void byar_from_ten(void **state) {
    (void)state;
    ps_estimate e = ps_count(10, 0.95);
    assert_string_equal(e.method, "Byars");
    test_near(e.lower, 4.787449913967563, 1e-13);
    test_near(e.upper, 18.391458605756473, 1e-13);
    e = ps_count(45418, 0.95);
    test_near(e.lower, 45001.250176127694, 1e-13);
    test_near(e.upper, 45837.64872347325, 1e-13);
    /* The rule looks at the real number, not at its rounding. */
    assert_string_equal(ps_count(9.999, 0.95).method, "Exact");
    assert_string_equal(ps_count(10.001, 0.95).method, "Byars");
}

static void limits_enclose_the_count_and_grow_with_it(void **state) {
    (void)state;
    ps_estimate before = ps_count(0, 0.95);
    for (double x = 0.001; x < 1e9; x *= 1.13) {
        ps_estimate e = ps_count(x, 0.95);
        assert_int_equal(e.limits_status, PS_VALUE_OK);
        assert_true(e.lower < x && x < e.upper);
        /* Byar's limits are an approximation: the step at 10 may go back a little. */
        assert_true(e.upper > before.upper * 0.999 && e.lower >= before.lower * 0.999);
        ps_estimate wider = ps_count(x, 0.998);
        assert_true(wider.lower <= e.lower && wider.upper > e.upper);
        before = e;
    }
}

static void tiny_and_huge_counts_stay_finite(void **state) {
    (void)state;
    static const double counts[] = {5e-324, 1e-300, 1e-9, 1e-3, 0.5, 1e15, 1e300};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        ps_estimate e = ps_count(counts[i], 0.95);
        assert_int_equal(e.status, PS_VALUE_OK);
        assert_true(isfinite(e.lower) && isfinite(e.upper));
        assert_true(e.lower >= 0 && e.lower <= e.value && e.upper >= e.value);
    }
    ps_estimate e = ps_count(1.7e308, 0.95);
    assert_int_equal(e.status, PS_VALUE_OK);
    assert_true(isfinite(e.lower) && isfinite(e.upper));
}

static void bad_arguments_have_no_value(void **state) {
    (void)state;
    static const struct {
        double x, confidence;
    } cases[] = {{-1, 0.95},
                 {(double)NAN, 0.95},
                 {(double)INFINITY, 0.95},
                 {5, 0.89},
                 {5, 1},
                 {5, (double)NAN},
                 {5, 95},
                 {-0.1, 0.95}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_estimate e = ps_count(cases[i].x, cases[i].confidence);
        assert_int_equal(e.status, PS_VALUE_UNDEFINED);
        assert_int_equal(e.limits_status, PS_VALUE_UNDEFINED);
        assert_true(e.value == 0 && e.lower == 0 && e.upper == 0);
        assert_string_equal(e.method, "");
    }
}

/* Total recorded crime of the Partnership Plan: 45,418 in 2021/22 among 425,500. */
static void kirklees_control_figure(void **state) {
    (void)state;
    ps_estimate e = ps_crude_rate(45418, 425500, 1000, 0.95);
    assert_int_equal(e.status, PS_VALUE_OK);
    test_near(e.value, 106.74030552291421, 1e-14);
    test_near(e.lower, 105.76086997914852, 1e-13);
    test_near(e.upper, 107.72655399171151, 1e-13);
    char text[16];
    snprintf(text, sizeof text, "%.2f", e.value);
    assert_string_equal(text, "106.74");
}

static void rate_scales_with_the_multiplier(void **state) {
    (void)state;
    ps_estimate person = ps_crude_rate(7, 1500, 1, 0.95);
    ps_estimate thousand = ps_crude_rate(7, 1500, 1000, 0.95);
    assert_string_equal(thousand.method, "Exact");
    test_near(thousand.value, person.value * 1000, 1e-15);
    test_near(thousand.lower, person.lower * 1000, 1e-15);
    test_near(thousand.upper, person.upper * 1000, 1e-15);
    ps_estimate none = ps_crude_rate(0, 1500, 1000, 0.95);
    assert_int_equal(none.status, PS_VALUE_OK);
    assert_true(none.value == 0 && none.lower == 0);
    test_near(none.upper, 3.688879454113936 * 1000 / 1500, 1e-12);
}

static void rates_without_people(void **state) {
    (void)state;
    static const struct {
        double x, n, multiplier;
        ps_value_status status;
    } cases[] = {
        {0, 0, 1000, PS_VALUE_UNDEFINED},
        {4, 0, 1000, PS_VALUE_DENOMINATOR_ZERO},
        {4, -1, 1000, PS_VALUE_MISSING},
        {4, (double)NAN, 1000, PS_VALUE_MISSING},
        {4, (double)INFINITY, 1000, PS_VALUE_MISSING},
        {-4, 100, 1000, PS_VALUE_UNDEFINED},
        {4, 100, 0, PS_VALUE_UNDEFINED},
        {4, 100, (double)NAN, PS_VALUE_UNDEFINED},
        {4, 1e-300, 1e300, PS_VALUE_UNDEFINED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_estimate e = ps_crude_rate(cases[i].x, cases[i].n, cases[i].multiplier, 0.95);
        assert_int_equal(e.status, cases[i].status);
        assert_int_equal(e.limits_status, cases[i].status);
        assert_true(e.value == 0 && e.lower == 0 && e.upper == 0);
    }
}

static void statuses_have_the_words_of_the_outputs(void **state) {
    (void)state;
    assert_string_equal(ps_value_status_text(PS_VALUE_OK), "ok");
    assert_string_equal(ps_value_status_text(PS_VALUE_MISSING), "missing");
    assert_string_equal(ps_value_status_text(PS_VALUE_SUPPRESSED_SECONDARY),
                        "suppressed-secondary");
    assert_string_equal(ps_value_status_text(PS_VALUE_DENOMINATOR_ZERO),
                        "denominator-zero-with-events");
}

/* The quantile must turn back into its probability far outside of what limits of small
 * counts need: (x/2)^(k/2) e^(-x/2) / Gamma(k/2 + 1) summed as a series. */
static double chi_squared_cdf(double x, double k) {
    double a = k / 2, y = x / 2;
    double term = exp(a * log(y) - y - lgamma(a + 1)), sum = 0;
    for (int i = 1; i < 100000 && term > sum * 1e-18; i++) {
        sum += term;
        term *= y / (a + i);
    }
    return sum;
}

static void chi_squared_quantile_inverts(void **state) {
    (void)state;
    static const double ps[] = {1e-6, 0.001, 0.025, 0.5, 0.975, 0.999};
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++)
        for (double k = 0.02; k < 1e4; k *= 1.7) {
            double x = ps_chi_squared_quantile(ps[i], k);
            if (x < 1e-290) continue; /* the series would work with denormals */
            test_near(chi_squared_cdf(x, k), ps[i], 1e-9);
        }
    assert_true(ps_chi_squared_quantile(0, 3) == 0);
    assert_true(ps_chi_squared_quantile(0.025, 1e-6) == 0);
}

static double cube_of(double a) {
    return a * a * a;
}

/* Byar's limits on request: without a lower one where the cube would be negative. */
static void the_rule_can_be_chosen(void **state) {
    (void)state;
    assert_string_equal(ps_count_by(3, 0.95, PS_COUNT_BYAR).method, "Byars");
    assert_string_equal(ps_count_by(300, 0.95, PS_COUNT_EXACT).method, "Exact");
    ps_estimate e = ps_count_by(0, 0.95, PS_COUNT_BYAR);
    assert_int_equal(e.status, PS_VALUE_OK);
    assert_int_equal(e.limits_status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_count_by(1, 0.9999, PS_COUNT_BYAR).limits_status,
                     PS_VALUE_UNDEFINED);
    e = ps_count_by(1, 0.95, PS_COUNT_BYAR);
    test_near(e.lower, cube_of(1 - 1.0 / 9 - 1.959963984540054 / 3), 1e-13);
    /* Byar's limits come near the exact ones. */
    ps_estimate exact = ps_count_by(200, 0.95, PS_COUNT_EXACT);
    test_near(ps_count_by(200, 0.95, PS_COUNT_BYAR).lower, exact.lower, 1e-4);
    test_near(ps_count_by(200, 0.95, PS_COUNT_BYAR).upper, exact.upper, 1e-4);
}

/* Wilson's limits are where the score test is just on the edge. */
static void wilson_inverts_the_score_test(void **state) {
    (void)state;
    for (double n = 1; n < 3000; n = floor(n * 2.3) + 1) {
        for (double x = 0; x <= n; x = floor(x * 1.9) + 1) {
            ps_estimate p = ps_proportion(x, n, 1, 0.95, PS_PROPORTION_WILSON);
            assert_int_equal(p.status, PS_VALUE_OK);
            for (int side = 0; side < 2; side++) {
                double limit = side == 0 ? p.lower : p.upper;
                if (limit == 0 || limit == 1) continue;
                double z = (x / n - limit) / sqrt(limit * (1 - limit) / n);
                test_near(fabs(z), 1.959963984540054, 1e-10);
            }
            assert_true((x == 0) == (p.lower == 0) && (x == n) == (p.upper == 1));
            /* Those who are not counted are the mirror image. */
            ps_estimate q = ps_proportion(n - x, n, 1, 0.95, PS_PROPORTION_WILSON);
            test_near(1 - q.upper + 1, p.lower + 1, 1e-14);
        }
    }
}

static void clopper_pearson_solves_the_binomial_tails(void **state) {
    (void)state;
    for (int64_t n = 1; n < 200; n += 13) {
        for (int64_t x = 0; x <= n; x += 5) {
            ps_estimate p = ps_proportion((double)x, (double)n, 1, 0.95,
                                          PS_PROPORTION_CLOPPER_PEARSON);
            if (x < n) test_near(ps_binomial_cdf(x, n, p.upper), 0.025, 1e-11);
            if (x > 0) test_near(1 - ps_binomial_cdf(x - 1, n, p.lower), 0.025, 1e-10);
            assert_true((x == 0) == (p.lower == 0) && (x == n) == (p.upper == 1));
        }
    }
    ps_estimate large =
        ps_proportion(45418, 425500, 100, 0.95, PS_PROPORTION_CLOPPER_PEARSON);
    assert_true(large.lower < 10.674 && large.lower > 10.5 && large.upper < 10.8);
}

static void proportions_have_their_statuses(void **state) {
    (void)state;
    static const struct {
        double x, n;
        ps_value_status status;
    } cases[] = {{0, 0, PS_VALUE_UNDEFINED},  {3, 2, PS_VALUE_UNDEFINED},
                 {-1, 5, PS_VALUE_UNDEFINED}, {1, (double)NAN, PS_VALUE_MISSING},
                 {1, -3, PS_VALUE_MISSING},   {(double)NAN, 3, PS_VALUE_UNDEFINED},
                 {2.5, 7.25, PS_VALUE_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            ps_proportion(cases[i].x, cases[i].n, 100, 0.95, PS_PROPORTION_WILSON).status,
            cases[i].status);
    ps_estimate all = ps_proportion(1, 3, 100, 1, PS_PROPORTION_WILSON);
    assert_true(all.lower == 0 && all.upper == 100);
}

static void means_by_hand(void **state) {
    (void)state;
    const double v[] = {2, (double)NAN, 4, 9};
    ps_mean m = ps_mean_of(v, 4, 0.95, false);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.n_missing, 1);
    test_near(m.estimate.value, 5, 1e-15);
    test_near(m.deviation, sqrt(13), 1e-15);
    /* t of two degrees at 0.975 in closed form. */
    double t = 0.95 * sqrt(2 / (1 - 0.95 * 0.95));
    test_near(m.estimate.upper, 5 + t * sqrt(13.0 / 3), 1e-12);
    test_near(m.estimate.lower, 5 - t * sqrt(13.0 / 3), 1e-12);
    assert_int_equal(ps_mean_of(v, 4, 0.95, true).estimate.status, PS_VALUE_MISSING);
    assert_int_equal(ps_mean_of(v + 1, 1, 0.95, false).estimate.status, PS_VALUE_MISSING);
    m = ps_mean_of(v, 1, 0.95, false);
    assert_int_equal(m.estimate.status, PS_VALUE_OK);
    assert_int_equal(m.estimate.limits_status, PS_VALUE_UNDEFINED);
    const double same[] = {3, 3, 3};
    m = ps_mean_of(same, 3, 0.95, false);
    assert_true(m.deviation == 0 && m.estimate.lower == 3 && m.estimate.upper == 3);
    const double huge[] = {1.7e308, 1.7e308};
    assert_int_equal(ps_mean_of(huge, 2, 0.95, false).estimate.status,
                     PS_VALUE_UNDEFINED);
}

/* 31 events in a month of 31 days among 1,000 people are 365 a year. */
static void a_month_annualised(void **state) {
    (void)state;
    static const char table[] = "count,population,days\n31,1000,31\n0,1000,28\n5,9,\n";
    ps_table *t = test_compute("crude_rate", table, "annualise=yes");
    ps_table *plain = test_compute("crude_rate", table, "");
    test_near(test_value(t, 0, "value"), 365, 1e-14);
    test_near(test_value(t, 0, "upper"), test_value(plain, 0, "upper") * 365 / 31, 1e-14);
    assert_string_equal(test_cell(t, 0, "annualised"), "1");
    assert_string_equal(test_cell(plain, 0, "annualised"), "0");
    assert_string_equal(test_cell(t, 1, "value"), "0");
    assert_string_equal(test_cell(t, 2, "status"), "missing");
    ps_table_free(t);
    ps_table_free(plain);
    test_refused("crude_rate", "count,population,days\n1,9,0\n", "annualise=yes",
                 PS_FORMAT, "days is 0");
    test_refused("crude_rate", "count,population\n1,9\n", "annualise=yes", PS_CONFIG,
                 "needs the column days");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_annualised),
        cmocka_unit_test(normal_quantile_is_the_stated_one),
        cmocka_unit_test(exact_limits_match_tables),
        cmocka_unit_test(exact_limits_solve_the_poisson_tails),
        cmocka_unit_test(byar_from_ten),
        cmocka_unit_test(limits_enclose_the_count_and_grow_with_it),
        cmocka_unit_test(tiny_and_huge_counts_stay_finite),
        cmocka_unit_test(bad_arguments_have_no_value),
        cmocka_unit_test(kirklees_control_figure),
        cmocka_unit_test(rate_scales_with_the_multiplier),
        cmocka_unit_test(rates_without_people),
        cmocka_unit_test(statuses_have_the_words_of_the_outputs),
        cmocka_unit_test(chi_squared_quantile_inverts),
        cmocka_unit_test(the_rule_can_be_chosen),
        cmocka_unit_test(wilson_inverts_the_score_test),
        cmocka_unit_test(clopper_pearson_solves_the_binomial_tails),
        cmocka_unit_test(proportions_have_their_statuses),
        cmocka_unit_test(means_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
