/* Counts and rates against published figures, and against the definition of the limits.
 */
#include <math.h>
#include <stdio.h>

#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/test.h"

static void assert_near(double seen, double expected, double relative) {
    double scale = fabs(expected) > 1e-300 ? fabs(expected) : 1;
    if (!(fabs(seen - expected) <= relative * scale))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static void normal_quantile_is_the_stated_one(void **state) {
    (void)state;
    assert_near(ps_normal_two_sided(0.95), 1.959963984540054, 1e-15);
    assert_near(ps_normal_two_sided(0.998), 3.090232306167814, 1e-15);
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
            assert_near(poisson_cdf(x, e.upper), tail, 1e-10);
            if (x > 0) assert_near(1 - poisson_cdf(x - 1, e.lower), tail, 1e-9);
        }
    }
}

static void byar_from_ten(void **state) {
    (void)state;
    ps_estimate e = ps_count(10, 0.95);
    assert_string_equal(e.method, "Byars");
    assert_near(e.lower, 4.787449913967563, 1e-13);
    assert_near(e.upper, 18.391458605756473, 1e-13);
    e = ps_count(45418, 0.95);
    assert_near(e.lower, 45001.250176127694, 1e-13);
    assert_near(e.upper, 45837.64872347325, 1e-13);
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
    } cases[] = {{-1, 0.95}, {NAN, 0.95}, {INFINITY, 0.95}, {5, 0.89},
                 {5, 1},     {5, NAN},    {5, 95},          {-0.1, 0.95}};
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
    assert_near(e.value, 106.74030552291421, 1e-14);
    assert_near(e.lower, 105.76086997914852, 1e-13);
    assert_near(e.upper, 107.72655399171151, 1e-13);
    char text[16];
    snprintf(text, sizeof text, "%.2f", e.value);
    assert_string_equal(text, "106.74");
}

static void rate_scales_with_the_multiplier(void **state) {
    (void)state;
    ps_estimate person = ps_crude_rate(7, 1500, 1, 0.95);
    ps_estimate thousand = ps_crude_rate(7, 1500, 1000, 0.95);
    assert_string_equal(thousand.method, "Exact");
    assert_near(thousand.value, person.value * 1000, 1e-15);
    assert_near(thousand.lower, person.lower * 1000, 1e-15);
    assert_near(thousand.upper, person.upper * 1000, 1e-15);
    ps_estimate none = ps_crude_rate(0, 1500, 1000, 0.95);
    assert_int_equal(none.status, PS_VALUE_OK);
    assert_true(none.value == 0 && none.lower == 0);
    assert_near(none.upper, 3.688879454113936 * 1000 / 1500, 1e-12);
}

static void rates_without_people(void **state) {
    (void)state;
    static const struct {
        double x, n, multiplier;
        ps_value_status status;
    } cases[] = {
        {0, 0, 1000, PS_VALUE_UNDEFINED},       {4, 0, 1000, PS_VALUE_DENOMINATOR_ZERO},
        {4, -1, 1000, PS_VALUE_MISSING},        {4, NAN, 1000, PS_VALUE_MISSING},
        {4, INFINITY, 1000, PS_VALUE_MISSING},  {-4, 100, 1000, PS_VALUE_UNDEFINED},
        {4, 100, 0, PS_VALUE_UNDEFINED},        {4, 100, NAN, PS_VALUE_UNDEFINED},
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
            assert_near(chi_squared_cdf(x, k), ps[i], 1e-9);
        }
    assert_true(ps_chi_squared_quantile(0, 3) == 0);
    assert_true(ps_chi_squared_quantile(0.025, 1e-6) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
