/* The median and the ranks of its limits, against binomial sums in whole numbers. */
#include "indicators/median.h"

#include "tests/support/method.h"

/* The limits' rank of n values at 95 %, from sums of the row of Pascal's triangle: whole
 * numbers below 2^60. */
static int64_t rank_by_hand(int n) {
    uint64_t row[61] = {1}, sum = 0;
    for (int k = 1; k <= n; k++)
        for (int i = k; i > 0; i--) row[i] += row[i - 1];
    int64_t rank = 0;
    for (int k = 0; k < n; k++) {
        sum += row[k]; /* P(X <= k) 2^n */
        if (sum > ((uint64_t)1 << n) / 40) break;
        rank = k + 1;
    }
    return rank;
}

static void ranks_are_binomial(void **state) {
    (void)state;
    double value[60];
    for (int n = 1; n <= 60; n++) {
        for (int i = 0; i < n; i++) value[i] = n - i;
        const ps_median m = ps_median_of(value, (size_t)n, 0.95);
        test_near(m.estimate.value, (n + 1) / 2.0, 1e-15);
        assert_int_equal(m.rank, rank_by_hand(n));
        assert_int_equal(m.estimate.limits_status,
                         n < 6 ? PS_VALUE_UNDEFINED : PS_VALUE_OK);
        if (n < 6) continue;
        assert_true(m.estimate.lower == (double)m.rank);
        assert_true(m.estimate.upper == (double)(n + 1 - m.rank));
    }
}

static void odd_values(void **state) {
    (void)state;
    const double none = (double)NAN;
    double value[] = {none, 4, -1, none, 3000, 4};
    const ps_median m = ps_median_of(value, 6, 0.95);
    assert_true(m.n == 4 && m.n_missing == 2 && m.estimate.value == 4);
    double nothing[] = {none};
    assert_int_equal(ps_median_of(nothing, 1, 0.95).estimate.status, PS_VALUE_MISSING);
    assert_int_equal(ps_median_of(NULL, 0, 0.95).estimate.status, PS_VALUE_MISSING);
    double huge[] = {1e308, 1.6e308};
    test_near(ps_median_of(huge, 2, 0.95).estimate.value, 1.3e308, 1e-15);
    double same[] = {2, 2, 2, 2, 2, 2, 2};
    const ps_median equal = ps_median_of(same, 7, 0.95);
    assert_true(equal.estimate.lower == 2 && equal.estimate.upper == 2);
}

/* The limits hold the true median as often as they say, or more: of 25 values the ranks 8
 * and 18 do so in 95.7 % of all samples. */
static void limits_hold(void **state) {
    (void)state;
    uint64_t random = 88172645463325252u;
    int held = 0;
    enum { SAMPLES = 20000, N = 25 };
    for (int s = 0; s < SAMPLES; s++) {
        double value[N];
        for (int i = 0; i < N; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            const double u = (double)(random >> 11) / 9007199254740992.0;
            value[i] = u * u * u; /* skew; its median is 1/8 */
        }
        const ps_median m = ps_median_of(value, N, 0.95);
        held += m.estimate.lower <= 0.125 && m.estimate.upper >= 0.125;
    }
    assert_in_range(held, SAMPLES * 952 / 1000, SAMPLES * 962 / 1000);
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("median",
                               "area_code,value\n"
                               "B,5\nA,1\nA,2\nA,3\nA,4\nA,5\nA,600\nB,\n",
                               "");
    assert_string_equal(test_cell(t, 0, "value"), "3.5");
    assert_string_equal(test_cell(t, 0, "lower"), "1");
    assert_string_equal(test_cell(t, 0, "upper"), "600");
    assert_string_equal(test_cell(t, 0, "rank"), "1");
    assert_string_equal(test_cell(t, 1, "n_missing"), "1");
    assert_string_equal(test_cell(t, 1, "limits_status"), "undefined");
    ps_table_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_binomial),
        cmocka_unit_test(odd_values),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
