/* Limits of a difference: they agree with their test, and hold the truth. */
#include "indicators/difference.h"

#include "indicators/change.h"
#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/method.h"

static void agree(const char *what, ps_value p, ps_value lower, ps_value upper,
                  double confidence) {
    assert_true(ps_value_ok(p));
    if (!ps_value_ok(lower)) return;
    const bool apart = lower.value > 0 || upper.value < 0;
    if (apart != (p.value < 1 - confidence))
        fail_msg("%s: p %.9g, limits %.9g to %.9g", what, p.value, lower.value,
                 upper.value);
    assert_true(lower.value <= upper.value);
}

static void limits_of_rates_agree_with_the_test(void **state) {
    (void)state;
    static const double years[] = {0.1, 1, 7}, levels[] = {0.9, 0.95, 0.998};
    static const double dispersion[] = {(double)NAN, 1, 2.6};
    char what[96];
    for (int x1 = 0; x1 <= 40; x1++)
        for (int x2 = 0; x2 <= 40; x2++)
            for (int k = 0; k < 27; k++) {
                const double t = years[k % 3], level = levels[k / 3 % 3];
                const ps_poisson_change c =
                    ps_poisson_change_of(x1, 1, x2, t, dispersion[k / 9], level);
                snprintf(what, sizeof what, "%d and %d in %g, phi %g", x1, x2, t,
                         dispersion[k / 9]);
                agree(what, c.p, c.tested_lower, c.tested_upper, level);
                assert_true(x1 + x2 == 0 || ps_value_ok(c.tested_lower));
                /* The ratio's limits agree, too. */
                if (c.verdict_by[0] != 'e' || x1 + x2 == 0) continue;
                const bool apart =
                    c.lower.value > 1 || (ps_value_ok(c.upper) && c.upper.value < 1);
                assert_true(apart == (c.p.value < 1 - level));
            }
}

static void limits_of_shares_agree_with_the_test(void **state) {
    (void)state;
    static const int sizes[][2] = {{4, 4}, {7, 30}, {40, 9}, {60, 60}};
    char what[96];
    for (size_t s = 0; s < PS_LENGTH(sizes); s++)
        for (int x1 = 0; x1 <= sizes[s][0]; x1++)
            for (int x2 = 0; x2 <= sizes[s][1]; x2++) {
                const ps_prop_change c =
                    ps_prop_change_of(x1, sizes[s][0], x2, sizes[s][1], 0.95);
                snprintf(what, sizeof what, "%d of %d, %d of %d, %s", x1, sizes[s][0], x2,
                         sizes[s][1], c.test);
                agree(what, c.p, c.tested_lower, c.tested_upper, 0.95);
                if (!ps_value_ok(c.tested_lower)) continue;
                assert_true(c.tested_lower.value <= c.difference.value + 1e-12);
                assert_true(c.tested_upper.value >= c.difference.value - 1e-12);
                assert_true(c.tested_lower.value >= -1 && c.tested_upper.value <= 1);
            }
}

/* Nothing in one group: one limit is that of the other's rate alone. */
static void nothing_on_one_side(void **state) {
    (void)state;
    const ps_poisson_change c = ps_poisson_change_of(0, 2, 6, 3, (double)NAN, 0.95);
    test_near(c.tested_upper.value, ps_count_by(6, 0.95, PS_COUNT_EXACT).upper / 3,
              1e-12);
    const ps_poisson_change back = ps_poisson_change_of(6, 3, 0, 2, (double)NAN, 0.95);
    test_near(back.tested_lower.value, -c.tested_upper.value, 1e-12);
    test_near(back.tested_upper.value, -c.tested_lower.value, 1e-12);
}

/* At a limit the score test is on the edge: with shares a and b = a + limit that make the
 * data likeliest, (seen - limit)^2 is z^2 times the variance. Newcombe 1998, table II,
 * method 5: 56/70 against 48/80 gives 0.0533 to 0.3377. */
static void score_limits(void **state) {
    (void)state;
    const ps_two_groups g = {48, 80, 56, 70};
    const ps_limits l = ps_difference_by_score(&g, 0.95);
    assert_true(fabs(l.lower - 0.0533) < 0.00005);
    assert_true(fabs(l.upper - 0.3377) < 0.00005);
}

/* Twice the smaller tail of 1 and 8 of 9 among 10 and 10: hypergeometric in whole
 * numbers. */
static void fisher_by_hand(void **state) {
    (void)state;
    const ps_two_groups g = {1, 10, 8, 10};
    /* C(20, 9) = 167960; at most one of nine: C(10, 0) C(10, 9) + C(10, 1) C(10, 8). */
    test_near(ps_fisher_central(&g), 2 * (10.0 + 10 * 45) / 167960, 1e-12);
}

/* The probability that the limits hold the difference of two true means, all counts
 * gone through. */
static double coverage_of_rates(double m1, double t1, double m2, double t2) {
    double sum = 0;
    const int most1 = (int)(m1 + 8 * sqrt(m1) + 8), most2 = (int)(m2 + 8 * sqrt(m2) + 8);
    for (int x1 = 0; x1 <= most1; x1++)
        for (int x2 = x1 == 0 ? 1 : 0; x2 <= most2; x2++) {
            const ps_poisson_change c =
                ps_poisson_change_of(x1, t1, x2, t2, (double)NAN, 0.95);
            const double truth = m2 / t2 - m1 / t1;
            if (c.tested_lower.value <= truth && truth <= c.tested_upper.value)
                sum += ps_poisson_pmf(x1, m1) * ps_poisson_pmf(x2, m2);
        }
    return sum / (1 - exp(-m1 - m2));
}

static void limits_of_rates_hold_the_truth(void **state) {
    (void)state;
    static const double cases[][4] = {{5, 1, 5, 1},    {20, 1, 3, 1},    {60, 1, 6, 1},
                                      {100, 20, 4, 1}, {200, 20, 25, 1}, {50, 2, 80, 1},
                                      {2, 1, 9, 1}};
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        const double *k = cases[i], c = coverage_of_rates(k[0], k[1], k[2], k[3]);
        if (c < 0.94) fail_msg("%g in %g, %g in %g: %.4f", k[0], k[1], k[2], k[3], c);
    }
}

static double coverage_of_shares(int n1, double p1, int n2, double p2) {
    double sum = 0, all = 0;
    for (int x1 = 0; x1 <= n1; x1++)
        for (int x2 = 0; x2 <= n2; x2++) {
            const ps_prop_change c = ps_prop_change_of(x1, n1, x2, n2, 0.95);
            const double p = ps_binomial_pmf(x1, n1, p1) * ps_binomial_pmf(x2, n2, p2);
            if (!ps_value_ok(c.tested_lower)) continue;
            all += p;
            if (c.tested_lower.value <= p2 - p1 && p2 - p1 <= c.tested_upper.value)
                sum += p;
        }
    return sum / all;
}

static void limits_of_shares_hold_the_truth(void **state) {
    (void)state;
    static const struct {
        int n1, n2;
        double p1, p2;
    } cases[] = {{20, 20, 0.05, 0.45}, {9, 60, 0.5, 0.4},  {100, 12, 0.03, 0.3},
                 {60, 60, 0.4, 0.4},   {60, 40, 0.2, 0.7}, {80, 9, 0.3, 0.8}};
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        const double c =
            coverage_of_shares(cases[i].n1, cases[i].p1, cases[i].n2, cases[i].p2);
        if (c < 0.935) fail_msg("case %zu: %.4f", i, c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_of_rates_agree_with_the_test),
        cmocka_unit_test(limits_of_shares_agree_with_the_test),
        cmocka_unit_test(nothing_on_one_side),
        cmocka_unit_test(score_limits),
        cmocka_unit_test(fisher_by_hand),
        cmocka_unit_test(limits_of_rates_hold_the_truth),
        cmocka_unit_test(limits_of_shares_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
