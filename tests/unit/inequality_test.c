/* Quantile groups by the integer rule; the slope index against lines known exactly. */
#include "indicators/inequality.h"

#include <math.h>

#include "tests/support/method.h"

enum { MOST = 400 };

static void quantiles_of_distinct_values_are_even(void **state) {
    (void)state;
    double value[MOST];
    ps_quantile q[MOST];
    ps_error err = {.text = ""};
    for (int32_t k = 2; k <= 10; k++) {
        for (size_t n = (size_t)k; n < 100; n++) {
            size_t size[11] = {0};
            for (size_t i = 0; i < n; i++) value[i] = (double)(i * 7 % n);
            assert_int_equal(ps_quantiles(n, value, k, true, q, &err), PS_OK);
            for (size_t i = 0; i < n; i++) {
                if (n % 7 == 0) continue; /* i * 7 repeats itself */
                assert_int_equal(q[i].rank, (int32_t)n - (int32_t)value[i]);
                /* The rule in whole numbers, worked out from below. */
                int64_t up =
                    ((int64_t)k * ((int64_t)n + 1 - q[i].rank) + (int64_t)n - 1) /
                    (int64_t)n;
                assert_int_equal(q[i].quantile, k + 1 - up > 0 ? k + 1 - up : 1);
                size[q[i].quantile]++;
            }
            for (int32_t j = 1; j <= k && n % (size_t)k == 0 && n % 7 != 0; j++)
                assert_int_equal(size[j], n / (size_t)k);
        }
    }
}

static void ties_share_and_gaps_stay_out(void **state) {
    (void)state;
    const double value[] = {5, (double)NAN, 9, 9, 1, 5, 7};
    ps_quantile q[7];
    ps_error err = {.text = ""};
    assert_int_equal(ps_quantiles(7, value, 2, true, q, &err), PS_OK);
    const int32_t rank[] = {4, 0, 1, 1, 6, 4, 3}, group[] = {2, 0, 1, 1, 2, 2, 1};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(q[i].rank, rank[i]);
        assert_int_equal(q[i].quantile, group[i]);
        assert_int_equal(q[i].status, i == 1 ? PS_VALUE_MISSING : PS_VALUE_OK);
    }
    assert_int_equal(ps_quantiles(7, value, 7, true, q, &err), PS_OK);
    assert_int_equal(q[0].status, PS_VALUE_UNDEFINED);
    assert_int_equal(q[1].status, PS_VALUE_MISSING);
    assert_int_equal(ps_quantiles(7, value, 2, false, q, &err), PS_OK);
    assert_int_equal(q[4].rank, 1);
    assert_int_equal(q[2].rank, 5);
}

/* The published rule of IMD deciles differs at eight ranks of 32,844. */
static void it_is_not_the_rule_of_imd_deciles(void **state) {
    (void)state;
    static const int differ[] = {3285, 6569, 9854, 13138, 19707, 22991, 26276, 29560};
    enum { N = 32844 };
    double *value = test_malloc(N * sizeof *value);
    ps_quantile *q = test_malloc(N * sizeof *q);
    ps_error err = {.text = ""};
    for (int i = 0; i < N; i++) value[i] = N - i;
    assert_int_equal(ps_quantiles(N, value, 10, true, q, &err), PS_OK);
    size_t found = 0;
    for (int rank = 1; rank <= N; rank++) {
        if (q[rank - 1].quantile == (10 * rank + N - 1) / N) continue;
        assert_true(found < 8);
        assert_int_equal(rank, differ[found++]);
    }
    assert_int_equal(found, 8);
    test_free(value);
    test_free(q);
}

/* Values on a line of the middles: its ends come back exactly. */
static void a_line_is_found(void **state) {
    (void)state;
    const double p[] = {10, 20, 30, 20, 20}, b[] = {0.05, 0.2, 0.45, 0.7, 0.9};
    double y[5], lower[5], upper[5];
    ps_sii_options options = {.kind = PS_SII_OTHER, .multiplier = 10, .confidence = 0.95};
    ps_sii sii;
    ps_error err = {.text = ""};
    for (int i = 0; i < 5; i++) {
        y[i] = 8 - 6 * b[i];
        lower[i] = y[i] - 1.959963984540054;
        upper[i] = y[i] + 1.959963984540054;
    }
    assert_int_equal(ps_slope_index(5, p, y, lower, upper, &options, &sii, &err), PS_OK);
    test_near(sii.slope.value, -60, 1e-13);
    test_near(sii.relative.value, 0.25, 1e-13);
    test_near(sii.intercept, 8, 1e-13);
    /* All standard errors 1: variance of the slope is sum k^2. */
    double mean = 0, spread = 0, k2 = 0;
    for (int i = 0; i < 5; i++) mean += p[i] / 100 * b[i];
    for (int i = 0; i < 5; i++) spread += p[i] / 100 * (b[i] - mean) * (b[i] - mean);
    for (int i = 0; i < 5; i++) k2 += pow(p[i] / 100 * (b[i] - mean) / spread, 2);
    double reach = 10 * 1.959963984540054 * sqrt(k2);
    test_near(sii.slope.upper, -60 + reach, 1e-12);
    test_near(sii.slope.lower, -60 - reach, 1e-12);
    options.multiplier = -10;
    ps_sii turned;
    assert_int_equal(ps_slope_index(5, p, y, lower, upper, &options, &turned, &err),
                     PS_OK);
    test_near(turned.slope.value, 60, 1e-13);
    test_near(turned.slope.lower, -sii.slope.upper, 1e-13);
    test_near(turned.slope.upper, -sii.slope.lower, 1e-13);
    test_near(turned.relative.value, 4, 1e-13);
}

/* Rates that fall by a constant factor are a line of logarithms. */
static void transformed_fits_have_exact_ends(void **state) {
    (void)state;
    const double p[] = {1, 1, 1, 1, 1};
    double rate[5], share[5], lower[5], upper[5];
    ps_error err = {.text = ""};
    ps_sii sii;
    for (int i = 0; i < 5; i++) {
        double b = 0.1 + 0.2 * i;
        rate[i] = exp(2 - 1.5 * b);
        share[i] = 1 / (1 + exp(1 + 2 * b));
    }
    ps_sii_options options = {
        .kind = PS_SII_RATE, .transform = true, .multiplier = 1, .confidence = 0.95};
    for (int i = 0; i < 5; i++) {
        lower[i] = rate[i] * 0.8;
        upper[i] = rate[i] / 0.8;
    }
    assert_int_equal(ps_slope_index(5, p, rate, lower, upper, &options, &sii, &err),
                     PS_OK);
    test_near(sii.slope.value, exp(0.5) - exp(2), 1e-13);
    test_near(sii.relative.value, exp(-1.5), 1e-13);
    /* sum k^2 of five equal shares is 0.2 / 0.08. */
    double reach = 1.959963984540054 * sqrt(2.5) * -log(0.8) / 1.959963984540054;
    test_near(sii.relative.lower, exp(-1.5 - reach), 1e-12);
    test_near(sii.relative.upper, exp(-1.5 + reach), 1e-12);
    test_near(sii.slope.lower,
              exp(1.25 + (-1.5 - reach) / 2) - exp(1.25 - (-1.5 - reach) / 2), 1e-12);
    options.kind = PS_SII_PROPORTION;
    for (int i = 0; i < 5; i++) {
        lower[i] = share[i] * 0.9;
        upper[i] = share[i] * 1.1;
    }
    assert_int_equal(ps_slope_index(5, p, share, lower, upper, &options, &sii, &err),
                     PS_OK);
    test_near(sii.slope.value, 1 / (1 + exp(3)) - 1 / (1 + exp(1)), 1e-12);
}

/* The simulated limits are those of the normal distribution up to their own error. */
static void both_forms_of_limits_agree(void **state) {
    (void)state;
    const double p[] = {900, 1000, 1050, 1100, 1000}, y[] = {120, 101, 95, 80, 66};
    const double lower[] = {112, 94, 88.5, 74, 60.5},
                 upper[] = {128.4, 108.3, 101.9, 86.3, 71.9};
    ps_error err = {.text = ""};
    for (int transform = 0; transform < 2; transform++) {
        ps_sii_options options = {.kind = PS_SII_RATE,
                                  .transform = transform == 1,
                                  .multiplier = 1,
                                  .confidence = 0.95,
                                  .random = ps_draws_of(1, 2)};
        ps_sii delta, drawn, again;
        assert_int_equal(ps_slope_index(5, p, y, lower, upper, &options, &delta, &err),
                         PS_OK);
        options.draws = 20000;
        assert_int_equal(ps_slope_index(5, p, y, lower, upper, &options, &drawn, &err),
                         PS_OK);
        assert_int_equal(ps_slope_index(5, p, y, lower, upper, &options, &again, &err),
                         PS_OK);
        assert_true(drawn.slope.lower == again.slope.lower);
        test_near(drawn.slope.value, delta.slope.value, 0);
        test_near(drawn.slope.lower, delta.slope.lower, 0.01);
        test_near(drawn.slope.upper, delta.slope.upper, 0.01);
        test_near(drawn.relative.lower, delta.relative.lower, 0.01);
        test_near(drawn.relative.upper, delta.relative.upper, 0.01);
    }
}

static void sii_has_its_statuses(void **state) {
    (void)state;
    static const struct {
        const char *rows, *arguments, *status, *rii_status, *limits_status;
    } cases[] = {
        {"1,9,3,2,4\n2,9,3,2,4\n3,9,2,1,3\n4,9,2,1,3\n5,9,1,.5,2\n", "", "ok", "ok",
         "ok"},
        {"1,9,3,2,4\n2,9,3,2,4\n3,9,0,0,3\n4,9,2,1,3\n5,9,1,.5,2\n", "", "undefined",
         "undefined", "undefined"},
        {"1,9,3,2,4\n2,9,3,2,4\n3,9,0,0,3\n4,9,2,1,3\n5,9,1,.5,2\n", "transform=no", "ok",
         "ok", "undefined"},
        {"1,9,3,2,4\n2,9,,2,4\n3,9,2,1,3\n4,9,2,1,3\n5,9,1,.5,2\n", "", "missing",
         "missing", "missing"},
        {"1,9,3,2,4\n2,9,3,2,4\n4,9,2,1,3\n5,9,1,.5,2\n", "", "missing", "missing",
         "missing"},
        {"1,9,3,2,4\n2,0,3,2,4\n3,9,2,1,3\n4,9,2,1,3\n5,9,1,.5,2\n", "", "undefined",
         "undefined", "undefined"},
        {"1,9,3,2,4\n2,9,3,2,4\n3,9,2,1,\n4,9,2,1,3\n5,9,1,.5,2\n", "", "ok", "ok",
         "missing"},
        {"1,9,0,-1,1\n2,9,0,-1,1\n3,9,0,-1,1\n4,9,0,-1,1\n5,9,0,-1,1\n", "type=other",
         "ok", "undefined", "ok"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "quantile,population,value,lower,upper\n%s",
                 cases[i].rows);
        ps_table *t = test_compute("sii", text, cases[i].arguments);
        assert_string_equal(test_cell(t, 0, "status"), cases[i].status);
        assert_string_equal(test_cell(t, 0, "rii_status"), cases[i].rii_status);
        assert_string_equal(test_cell(t, 0, "limits_status"), cases[i].limits_status);
        assert_true((test_cell(t, 0, "sii")[0] == '\0') ==
                    (strcmp(cases[i].status, "ok") != 0));
        ps_table_free(t);
    }
    test_refused("sii", "quantile,population,value\n1,1,1\n2,1,1\n", "", PS_FORMAT,
                 "2 quantiles");
    test_refused("sii", "quantile,population,value\n1,1,1\n1,1,1\n", "", PS_FORMAT,
                 "twice");
    test_refused("sii", "quantile,population,value\n101,1,1\n", "", PS_FORMAT,
                 "1 to 100");
}

static const char ladder[] =
    "group,quantile,population,value,lower,upper\n"
    "x,1,9,3,2,4\nx,2,9,3,2,4\nx,3,9,2,1,3\nx,4,9,2,1,3\nx,5,9,1,.5,2\n";

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case quantile = {"quantile", "value\n3\n1\n2\n", "k=2"};
    test_method_case delta = {"sii", ladder, ""};
    test_method_case drawn = {"sii", ladder, "ci_method=simulation nsim=1000"};
    assert_true(test_each_allocation_fails(test_method_step, &quantile) > 5);
    assert_true(test_each_allocation_fails(test_method_step, &delta) > 5);
    assert_true(test_each_allocation_fails(test_method_step, &drawn) > 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_of_distinct_values_are_even),
        cmocka_unit_test(ties_share_and_gaps_stay_out),
        cmocka_unit_test(it_is_not_the_rule_of_imd_deciles),
        cmocka_unit_test(a_line_is_found),
        cmocka_unit_test(transformed_fits_have_exact_ends),
        cmocka_unit_test(both_forms_of_limits_agree),
        cmocka_unit_test(sii_has_its_statuses),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
