/* Distribution functions against values in 50-digit arithmetic (continued fractions and
 * sums of terms), and against the identities that tie them together. */
#include "indicators/distribution.h"

#include <math.h>

#include "tests/support/test.h"

#define FOR_EACH(i, array) for (size_t i = 0; i < sizeof(array) / sizeof *(array); i++)

static void beta_matches(void **state) {
    (void)state;
    static const double c[][4] = {
        {0.3, 2, 5, 0.57982499999999998},
        {0.5, 1e3, 1e3, 0.5},
        {0.001, 1e3, 1e6, 0.51681145503117342},
        {0.00105, 1e3, 1e6, 0.94508565626290483},
        {0.25, 0.5, 0.5, 1.0 / 3},
        {0.9999, 3e5, 20.5, 0.027913691217862566},
        {0.499, 1e6, 1e6, 0.0023388494069315048},
        {0.02, 1.5, 250, 0.98235769189126852},
    };
    FOR_EACH(i, c) test_near(ps_beta_cdf(c[i][0], c[i][1], c[i][2]), c[i][3], 2e-13);
    assert_true(ps_beta_cdf(0, 2, 3) == 0 && ps_beta_cdf(1, 2, 3) == 1);
}

static void student_matches(void **state) {
    (void)state;
    static const double c[][3] = {
        {-1, 1, 0.25},
        {-2.5, 3.7, 0.035911011455913386},
        {-1.96, 30, 0.029671156448025238},
        {-4.8, 1431.5, 8.7639393073347919e-7},
        {-3, 1e5, 0.0013502304420323596},
        {-0.01, 12, 0.49609280749425179},
        {-40, 2, 0.00031220733609237032},
        {-6, 250, 3.4438248536765341e-9},
    };
    FOR_EACH(i, c) {
        test_near(ps_student_cdf(c[i][0], c[i][1]), c[i][2], 1e-12);
        test_near(ps_student_cdf(-c[i][0], c[i][1]), 1 - c[i][2], 1e-14);
        if (c[i][2] < 0.4)
            test_near(ps_student_quantile(c[i][2], c[i][1]), c[i][0], 1e-12);
    }
    /* A quarter of Cauchy's distribution lies above 1; two degrees have a closed form. */
    test_near(ps_student_quantile(0.75, 1), 1, 1e-13);
    test_near(ps_student_quantile(0.975, 2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)), 1e-12);
    assert_true(ps_student_quantile(0.5, 7) == 0);
}

static void binomial_matches(void **state) {
    (void)state;
    static const double pmf[][4] = {
        {0, 10, 0.1, 0.3486784401},
        {3, 10, 0.25, 0.25028228759765625},
        {45418, 425500, 0.1067, 0.0019734756690131871},
        {500000, 1000000, 0.5, 0.00079788436133175009},
        {999999, 1000000, 0.999999, 0.36787962511127021},
        {10, 1000000, 1e-05, 0.12511066127589931},
    };
    static const double cdf[][4] = {
        {3, 10, 0.25, 0.77587509155273437},
        {45418, 425500, 0.1067, 0.53517622790288921},
        {45000, 425500, 0.1067, 0.023301119031081047},
        {499000, 1000000, 0.5, 0.022804149932691043},
        {10, 1000000, 1e-05, 0.583039750194028},
    };
    FOR_EACH(i, pmf)
    test_near(ps_binomial_pmf((int64_t)pmf[i][0], (int64_t)pmf[i][1], pmf[i][2]),
              pmf[i][3], 1e-12);
    FOR_EACH(i, cdf)
    test_near(ps_binomial_cdf((int64_t)cdf[i][0], (int64_t)cdf[i][1], cdf[i][2]),
              cdf[i][3], 1e-12);
    assert_true(ps_binomial_pmf(-1, 5, 0.5) == 0 && ps_binomial_pmf(6, 5, 0.5) == 0);
    assert_true(ps_binomial_pmf(0, 5, 0) == 1 && ps_binomial_pmf(5, 5, 1) == 1);
    assert_true(ps_binomial_cdf(-1, 5, 0.5) == 0 && ps_binomial_cdf(5, 5, 0.5) == 1);
}

static void poisson_matches(void **state) {
    (void)state;
    static const double pmf[][3] = {
        {0, 3.5, 0.030197383422318501},
        {7, 2.25, 0.006104983662238175},
        {45418, 45000, 0.00027024902233824475},
        {1000000, 1001000, 0.00024205131423621331},
        {50, 0.001, 3.284663110643382e-215},
    };
    static const double cdf[][3] = {
        {0, 3.5, 0.030197383422318501},
        {7, 2.25, 0.99773291210367759},
        {950, 1000, 0.057836292955323206},
        {1100, 1000, 0.99913235903655644},
    };
    FOR_EACH(i, pmf)
    test_near(ps_poisson_pmf((int64_t)pmf[i][0], pmf[i][1]), pmf[i][2], 1e-12);
    FOR_EACH(i, cdf)
    test_near(ps_poisson_cdf((int64_t)cdf[i][0], cdf[i][1]), cdf[i][2], 1e-12);
    assert_true(ps_poisson_pmf(0, 0) == 1 && ps_poisson_pmf(1, 0) == 0);
    assert_true(ps_poisson_cdf(0, 0) == 1 && ps_poisson_cdf(-1, 3) == 0);
}

static void negative_binomial_matches(void **state) {
    (void)state;
    static const double c[][4] = {
        {0, 1.5, 3, 0.19245008972987525},
        {12, 0.7, 10, 0.72086987255867106},
        {400, 2.5, 1000, 0.15171902336394627},
        {30, 1e4, 20, 0.98644181123451306},
    };
    FOR_EACH(i, c)
    test_near(ps_negative_binomial_cdf((int64_t)c[i][0], c[i][1], c[i][2]), c[i][3],
              1e-12);
    uint64_t random = 7;
    for (int i = 0; i < 200; i++) {
        double p = ((double)test_random_below(&random, 998) + 1) / 1000;
        double size = 0.1 + (double)test_random_below(&random, 500) / 10;
        double mean = 0.1 + (double)test_random_below(&random, 3000) / 10;
        int64_t k = ps_negative_binomial_quantile(p, size, mean);
        assert_true(ps_negative_binomial_cdf(k, size, mean) >= p);
        assert_true(k == 0 || ps_negative_binomial_cdf(k - 1, size, mean) < p);
    }
    assert_int_equal(ps_negative_binomial_quantile(0.9, 3, 0), 0);
}

static void the_rest_matches(void **state) {
    (void)state;
    static const double f[][4] = {
        {1, 3, 7, 0.44707961346848356},
        {4.2, 5, 40, 0.003671350647154518},
        {1.02, 2, 10000, 0.36063245332035268},
        {0.3, 12.5, 8.25, 0.97243649374999154},
    };
    static const double g[][4] = {
        {0.1, 2.2527126517342059, -10.423754940411076, 101.43329915079275},
        {4.5, 2.4537365708424422, 1.3888709263595289, 0.24872510303901038},
        {1000, 5905.2204232091812, 6.9072551956488121, 0.0010005001666666333},
    };
    FOR_EACH(i, f) test_near(ps_f_tail(f[i][0], f[i][1], f[i][2]), f[i][3], 1e-12);
    FOR_EACH(i, g) {
        test_near(ps_log_gamma(g[i][0]), g[i][1], 1e-14);
        test_near(ps_digamma_rise(0.1, g[i][0] - 0.1), g[i][2] - g[0][2], 1e-14);
        test_near(ps_trigamma(g[i][0]), g[i][3], 1e-14);
    }
    /* Over whole steps it is a sum of fractions. */
    for (double x = 1e-3; x < 1e9; x *= 7.3) {
        double sum = 0;
        for (int j = 19; j >= 0; j--) sum += 1 / (x + j);
        test_near(ps_digamma_rise(x, 20), sum, 2e-15);
        assert_true(ps_digamma_rise(x, 0) == 0);
    }
    assert_true(ps_f_tail(0, 3, 4) == 1);
    test_near(ps_chi_squared_tail(6, 2), exp(-3), 1e-14);
    test_near(ps_gamma_lower(1, 2), 1 - exp(-2), 1e-14);
    test_near(ps_normal_quantile(0.975), 1.959963984540054, 1e-15);
    test_near(ps_normal_cdf(-1.959963984540054), 0.025, 1e-13);
    test_near(ps_normal_tail(38), 2.885428360068e-316, 1e-6);
}

/* Sums of point probabilities are the distribution function. */
static void points_add_up(void **state) {
    (void)state;
    double binomial = 0, poisson = 0, marked = 0;
    for (int64_t k = 0; k <= 60; k++) {
        binomial += ps_binomial_pmf(k, 60, 0.37);
        poisson += ps_poisson_pmf(k, 23.4);
        marked += ps_hypergeometric_pmf(k, 40, 70, 25);
        test_near(ps_binomial_cdf(k, 60, 0.37), binomial, 1e-12);
        test_near(ps_poisson_cdf(k, 23.4), poisson, 1e-12);
    }
    test_near(marked, 1, 1e-13);
    /* Drawing 2 of 3 marked and 1 plain: 3/6 with both marked. */
    test_near(ps_hypergeometric_pmf(2, 3, 1, 2), 0.5, 1e-14);
    assert_true(ps_hypergeometric_pmf(0, 3, 1, 2) == 0);
    assert_true(ps_hypergeometric_pmf(3, 3, 4, 2) == 0);
    test_near(ps_hypergeometric_pmf(3, 3, 4, 7), 1, 1e-15);
}

static void quantiles_turn_back(void **state) {
    (void)state;
    static const double p[] = {1e-9, 1e-4, 0.025, 0.3, 0.5, 0.7, 0.975, 0.9999};
    static const double shapes[] = {0.3, 0.5, 1, 2.5, 20, 400, 3e4, 1e6};
    FOR_EACH(i, p) FOR_EACH(a, shapes) {
        FOR_EACH(b, shapes) {
            double x = ps_beta_quantile(p[i], shapes[a], shapes[b]);
            if (x < 1e-290 || x > 1 - 1e-5) continue; /* the result itself is coarse */
            double seen = ps_beta_cdf(x, shapes[a], shapes[b]);
            test_near(p[i] > 0.5 ? 1 - seen : seen, p[i] > 0.5 ? 1 - p[i] : p[i], 1e-9);
        }
        if (shapes[a] < 0.9) continue;
        double t = ps_student_quantile(p[i], shapes[a]);
        if (p[i] < 0.5) test_near(ps_student_cdf(t, shapes[a]), p[i], 1e-12);
        test_near(ps_student_quantile(1 - p[i], shapes[a]) + 1, 1 - t, 1e-6);
    }
}

/* One tail decreases while its argument grows, over the seams between the ways of
 * computing it. */
static void tails_are_monotone(void **state) {
    (void)state;
    static const double sums[] = {199.9, 200.1, 3000};
    FOR_EACH(s, sums) {
        double before = -1;
        for (int i = 1; i < 400; i++) {
            double now = ps_beta_cdf(i / 400.0, sums[s] * 0.3, sums[s] * 0.7);
            assert_true(now >= before && now <= 1);
            before = now;
        }
    }
    for (double df = 1; df < 1e6; df *= 1.3)
        assert_true(ps_student_quantile(0.975, df) >
                    ps_student_quantile(0.975, df * 1.3));
    test_near(ps_student_quantile(0.975, 1e12), 1.959963984540054, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_matches),
        cmocka_unit_test(student_matches),
        cmocka_unit_test(binomial_matches),
        cmocka_unit_test(poisson_matches),
        cmocka_unit_test(negative_binomial_matches),
        cmocka_unit_test(the_rest_matches),
        cmocka_unit_test(points_add_up),
        cmocka_unit_test(quantiles_turn_back),
        cmocka_unit_test(tails_are_monotone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
