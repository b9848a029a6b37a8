/* Funnel limits, overdispersion and comparisons with a benchmark. */
#include "indicators/funnel.h"

#include <math.h>

#include "indicators/distribution.h"
#include "tests/support/method.h"

static void proportions_have_the_short_form(void **state) {
    (void)state;
    const double x[] = {10, 60, 30}, n[] = {100, 300, 200};
    ps_funnel funnel;
    ps_funnel_area a[3];
    ps_error err = {.text = ""};
    assert_int_equal(ps_funnel_compare(3, x, n, PS_FUNNEL_PROPORTION, (double)NAN,
                                       PS_OVERDISPERSION_NONE, &funnel, a, &err),
                     PS_OK);
    const double p = 100.0 / 600;
    test_near(funnel.target, p, 1e-15);
    for (int i = 0; i < 3; i++) {
        double error = sqrt(p * (1 - p) / n[i]);
        test_near(a[i].limit[1], fmax(p - 1.959963984540054 * error, 0), 1e-14);
        test_near(a[i].limit[3], p + 3.090232306167814 * error, 1e-14);
        test_near(a[i].z, (x[i] / n[i] - p) / error, 1e-13);
        assert_int_equal(a[i].adjusted, a[i].standing);
    }
    /* The limits of a small area leave 0 to 1 and are cut. */
    const double one[] = {0}, few[] = {2};
    assert_int_equal(ps_funnel_compare(1, one, few, PS_FUNNEL_PROPORTION, 0.5,
                                       PS_OVERDISPERSION_NONE, &funnel, a, &err),
                     PS_OK);
    assert_true(a[0].limit[0] == 0 && a[0].limit[3] == 1);
}

/* The verdict on a rate is that of its exact or Byar's limits. */
static void rates_turn_their_own_limits_round(void **state) {
    (void)state;
    ps_funnel funnel;
    ps_funnel_area a;
    ps_error err = {.text = ""};
    const double base = 1;
    for (double x = 0; x < 60; x++) {
        ps_estimate inner = ps_count(x, 0.95), outer = ps_count(x, 0.998);
        const struct {
            double target;
            ps_standing standing;
        } cases[] = {
            {outer.lower * 0.999, PS_STANDING_HIGH_998},
            {outer.lower * 1.001, PS_STANDING_HIGH_95},
            {inner.lower * 1.001, PS_STANDING_WITHIN},
            {inner.upper * 0.999, PS_STANDING_WITHIN},
            {inner.upper * 1.001, PS_STANDING_LOW_95},
            {outer.upper * 1.001, PS_STANDING_LOW_998},
        };
        for (size_t i = x > 0 ? 0 : 3; i < sizeof cases / sizeof *cases; i++) {
            assert_int_equal(
                ps_funnel_compare(1, &x, &base, PS_FUNNEL_RATE, cases[i].target,
                                  PS_OVERDISPERSION_NONE, &funnel, &a, &err),
                PS_OK);
            assert_int_equal(a.standing, cases[i].standing);
        }
    }
}

static void drawn_limits_solve_the_poisson_tails(void **state) {
    (void)state;
    for (int k = 0; k < 40; k++) {
        ps_estimate e = ps_funnel_curve(k, 0.95);
        test_near(ps_poisson_cdf(k, e.upper), 0.025, 1e-10);
        if (k > 0) test_near(1 - ps_poisson_cdf(k - 1, e.lower), 0.025, 1e-9);
    }
}

/* Equal areas with z of +3 and -3: phi is 9, tau is known in closed form. */
static void overdispersion_is_found(void **state) {
    (void)state;
    enum { AREAS = 20 };
    double x[AREAS], n[AREAS];
    ps_funnel funnel;
    ps_funnel_area a[AREAS];
    ps_error err = {.text = ""};
    for (int i = 0; i < AREAS; i++) {
        n[i] = 1;
        x[i] = i % 2 == 0 ? 130 : 70;
    }
    assert_int_equal(ps_funnel_compare(AREAS, x, n, PS_FUNNEL_RATE, (double)NAN,
                                       PS_OVERDISPERSION_FACTOR, &funnel, a, &err),
                     PS_OK);
    test_near(funnel.phi, 9, 1e-13);
    assert_true(funnel.adjusted);
    assert_int_equal(a[0].standing, PS_STANDING_HIGH_95);
    assert_int_equal(a[0].adjusted, PS_STANDING_WITHIN);
    test_near(a[0].adjusted_limit[2], 100 + 30 * 1.959963984540054, 1e-13);
    /* w = 1/100 each: tau^2 = (20 * 9 - 19) / (0.2 - 0.01). */
    test_near(funnel.tau, sqrt(161 / (0.2 - 0.01)), 1e-12);
    assert_int_equal(ps_funnel_compare(AREAS, x, n, PS_FUNNEL_RATE, (double)NAN,
                                       PS_OVERDISPERSION_RANDOM, &funnel, a, &err),
                     PS_OK);
    test_near(a[0].adjusted_limit[2],
              100 + sqrt(100 + funnel.tau * funnel.tau) * 1.959963984540054, 1e-13);
    /* No more variation than chance allows: nothing is widened. */
    for (int i = 0; i < AREAS; i++) x[i] = i % 2 == 0 ? 105 : 95;
    assert_int_equal(ps_funnel_compare(AREAS, x, n, PS_FUNNEL_RATE, (double)NAN,
                                       PS_OVERDISPERSION_FACTOR, &funnel, a, &err),
                     PS_OK);
    assert_false(funnel.adjusted);
    assert_true(funnel.tau == 0);
    test_near(a[3].adjusted_limit[0], a[3].limit[0], 0);
}

static void funnels_have_their_statuses(void **state) {
    (void)state;
    ps_table *t = test_compute(
        "funnel", "area_code,count,denominator\nA,3,10\nB,,10\nC,0,0\nF,4,\nE,0,20\n",
        "");
    static const char *const status[] = {"ok", "missing", "undefined", "missing", "ok"};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(test_cell(t, i, "status"), status[i]);
        test_near(test_value(t, i, "target"), 0.1, 1e-15);
        bool is_ok = strcmp(status[i], "ok") == 0;
        assert_true((test_cell(t, i, "significance")[0] != '\0') == is_ok);
        assert_true((test_cell(t, i, "upper_95")[0] != '\0') == is_ok);
    }
    ps_table_free(t);
    /* Without any event there is no variation to compare with. */
    t = test_compute("funnel", "count,denominator\n0,10\n0,20\n", "");
    assert_string_equal(test_cell(t, 0, "status"), "undefined");
    assert_string_equal(test_cell(t, 0, "target"), "");
    ps_table_free(t);
    t = test_compute("funnel", "count,denominator\n10,10\n20,20\n", "type=proportion");
    assert_string_equal(test_cell(t, 0, "status"), "undefined");
    ps_table_free(t);
    test_refused("funnel", "count,denominator\n11,10\n", "type=proportion", PS_FORMAT,
                 "larger");
}

static void a_benchmark_on_a_limit_is_similar(void **state) {
    (void)state;
    ps_estimate e = {.value = 5, .lower = 4, .upper = 6};
    static const struct {
        double benchmark;
        ps_comparison plain, lower_better, higher_better;
    } cases[] = {
        {3.9, PS_COMPARISON_HIGHER, PS_COMPARISON_WORSE, PS_COMPARISON_BETTER},
        {4, PS_COMPARISON_SIMILAR, PS_COMPARISON_SIMILAR, PS_COMPARISON_SIMILAR},
        {6, PS_COMPARISON_SIMILAR, PS_COMPARISON_SIMILAR, PS_COMPARISON_SIMILAR},
        {6.1, PS_COMPARISON_LOWER, PS_COMPARISON_BETTER, PS_COMPARISON_WORSE},
        {(double)NAN, PS_COMPARISON_NONE, PS_COMPARISON_NONE, PS_COMPARISON_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double b = cases[i].benchmark;
        assert_int_equal(ps_rag(&e, b, PS_POLARITY_NONE), cases[i].plain);
        assert_int_equal(ps_rag(&e, b, PS_POLARITY_LOWER_BETTER), cases[i].lower_better);
        assert_int_equal(ps_rag(&e, b, PS_POLARITY_HIGHER_BETTER),
                         cases[i].higher_better);
    }
    e.limits_status = PS_VALUE_UNDEFINED;
    assert_int_equal(ps_rag(&e, 3, PS_POLARITY_NONE), PS_COMPARISON_NONE);
    e = (ps_estimate){.status = PS_VALUE_MISSING};
    assert_int_equal(ps_rag(&e, 3, PS_POLARITY_NONE), PS_COMPARISON_NONE);
}

static void rag_reads_rows(void **state) {
    (void)state;
    ps_table *t = test_compute("rag",
                               "value,lower,upper,benchmark,polarity\n"
                               "5,4,6,3,lower-better\n5,4,6,,\n5,,6,3,none\n",
                               "benchmark=7 polarity=higher-better");
    assert_string_equal(test_cell(t, 0, "comparison"), "worse");
    assert_string_equal(test_cell(t, 1, "comparison"), "worse");
    assert_string_equal(test_cell(t, 2, "comparison"), "not-compared");
    ps_table_free(t);
    test_refused("rag", "value,lower,upper,polarity\n5,4,6,better\n", "", PS_FORMAT,
                 "higher-better");
    test_refused("rag", "value,lower,upper\n5,6,4\n", "", PS_FORMAT, "above");
}

static void memory_runs_out(void **state) {
    (void)state;
    static const test_method_case cases[] = {
        {"funnel", "count,denominator\n3,10\n4,20\n", ""},
        {"funnel_curve", "count\n3\n4\n", ""},
        {"rag", "value,lower,upper\n5,4,6\n", "benchmark=3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_method_case c = cases[i];
        assert_true(test_each_allocation_fails(test_method_step, &c) > 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proportions_have_the_short_form),
        cmocka_unit_test(rates_turn_their_own_limits_round),
        cmocka_unit_test(drawn_limits_solve_the_poisson_tails),
        cmocka_unit_test(overdispersion_is_found),
        cmocka_unit_test(funnels_have_their_statuses),
        cmocka_unit_test(a_benchmark_on_a_limit_is_similar),
        cmocka_unit_test(rag_reads_rows),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
