/* Trends: exact series, obstacles, interventions, simple tests by hand. */
#include "indicators/trend.h"

#include "tests/support/method.h"

enum { MONTHS = 36 };
static const ps_month FIRST = 2018 * 12; /* January 2018 */

static void near(double seen, double expected, double most) {
    if (!(fabs(seen - expected) <= most * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static ps_trend *fit(const double *y, size_t n, const double *exposure,
                     const ps_trend_options *o) {
    ps_error err = {.text = ""};
    ps_trend *trend = NULL;
    if (ps_trend_fit(n, FIRST, y, exposure, NULL, 0, o, &trend, &err) != PS_OK)
        fail_msg("%s", err.text);
    return trend;
}

/* Means that the model holds exactly come back exactly. */
static void exact_series(void **state) {
    (void)state;
    double y[MONTHS], exposure[MONTHS];
    for (int t = 0; t < MONTHS; t++) {
        exposure[t] = 28 + t % 4;
        y[t] = exposure[t] *
               exp(2 - 0.01 * t + 0.3 * sin(2 * 3.14159265358979 * (t % 12) / 12));
    }
    ps_trend_options o = {.harmonics = 1, .confidence = 0.95};
    ps_trend *trend = fit(y, MONTHS, exposure, &o);
    assert_int_equal(trend->status, PS_VALUE_OK);
    near(trend->beta[0], 2, 1e-10);
    near(trend->slope, -0.01, 1e-10);
    near(trend->annual.value, 100 * (exp(-0.12) - 1), 1e-9);
    assert_int_equal(trend->family, PS_TREND_POISSON);
    assert_int_equal(trend->verdict, PS_VERDICT_DECREASE);
    /* Without its season the series falls by the slope alone. */
    near(log(trend->adjusted[9] / exposure[9]) - log(trend->adjusted[2] / exposure[2]),
         -0.07, 1e-9);
    ps_trend_free(trend);
}

/* Thousands of events a month with a spread of 3 %: theta far above 100. */
static void small_overdispersion_is_found(void **state) {
    (void)state;
    double y[MONTHS];
    for (int t = 0; t < MONTHS; t++)
        y[t] = floor(3000 * (1 + 0.03 * sqrt(2) * sin(2.4 * t * t)) + 0.5);
    ps_trend_options o = {
        .family = PS_TREND_NEGATIVE_BINOMIAL, .harmonics = 0, .confidence = 0.95};
    ps_trend *trend = fit(y, MONTHS, NULL, &o);
    assert_int_equal(trend->family, PS_TREND_NEGATIVE_BINOMIAL);
    assert_true(trend->dispersion > 2);
    assert_true(trend->theta > 800 && trend->theta < 5000);
    assert_true(trend->slope_se > 1.3 * trend->poisson_se);
    ps_trend_free(trend);
    /* No more spread than Poisson has: there is no theta. */
    for (int t = 0; t < MONTHS; t++) y[t] = 3000 + t % 3;
    trend = fit(y, MONTHS, NULL, &o);
    assert_int_equal(trend->family, PS_TREND_POISSON);
    ps_trend_free(trend);
}

static void obstacles(void **state) {
    (void)state;
    double y[MONTHS] = {0};
    ps_trend_options o = {.harmonics = 1, .confidence = 0.95};
    ps_trend *trend = fit(y, MONTHS, NULL, &o);
    assert_int_equal(trend->status, PS_VALUE_UNDEFINED);
    assert_string_equal(ps_trend_obstacle_text(trend->obstacle), "all-zero");
    ps_trend_free(trend);
    for (int t = 0; t < MONTHS; t++) y[t] = 5 + t % 7;
    trend = fit(y, 23, NULL, &o);
    assert_int_equal(trend->status, PS_VALUE_SMALL_BASE);
    assert_string_equal(ps_trend_obstacle_text(trend->obstacle), "too-short");
    assert_int_equal(trend->annual.status, PS_VALUE_SMALL_BASE);
    ps_trend_free(trend);
    /* A regressor that is the level over again. */
    double ones[MONTHS];
    for (int t = 0; t < MONTHS; t++) ones[t] = 1;
    ps_error err = {.text = ""};
    assert_int_equal(ps_trend_fit(MONTHS, FIRST, y, NULL, ones, 1, &o, &trend, &err),
                     PS_OK);
    assert_string_equal(ps_trend_obstacle_text(trend->obstacle), "dependent");
    ps_trend_free(trend);
    /* January never has an event: month levels give way to a harmonic. */
    for (int t = 0; t < MONTHS; t += 12) y[t] = 0;
    o.months = true;
    trend = fit(y, MONTHS, NULL, &o);
    assert_false(trend->months);
    assert_int_equal(trend->harmonics, 1);
    assert_int_equal(trend->status, PS_VALUE_OK);
    ps_trend_free(trend);
    y[3] = -1;
    assert_int_equal(ps_trend_fit(MONTHS, FIRST, y, NULL, NULL, 0, &o, &trend, &err),
                     PS_FORMAT);
    assert_null(trend);
}

/* Missing months leave the clock running; the unit of exposure moves the level only. */
static void missing_months_and_exposure(void **state) {
    (void)state;
    uint64_t seed = 5;
    double y[MONTHS], days[MONTHS], hours[MONTHS];
    for (int t = 0; t < MONTHS; t++) {
        y[t] = 20 + (double)test_random_below(&seed, 30);
        days[t] = 28 + t % 4;
        hours[t] = 24 * days[t];
    }
    y[7] = y[20] = (double)NAN;
    ps_trend_options o = {.harmonics = 2, .confidence = 0.95};
    ps_trend *a = fit(y, MONTHS, days, &o), *b = fit(y, MONTHS, hours, &o);
    assert_int_equal(a->n_used, MONTHS - 2);
    assert_true(isnan(a->fitted[7]) && isnan(a->adjusted[20]));
    near(a->slope, b->slope, 1e-10);
    near(a->slope_se, b->slope_se, 1e-8);
    near(a->beta[0], b->beta[0] + log(24), 1e-10);
    ps_trend_free(a);
    ps_trend_free(b);
    /* Poisson's score: fitted and seen totals agree. */
    o.family = PS_TREND_POISSON;
    a = fit(y, MONTHS, days, &o);
    double seen = 0, fitted = 0;
    for (int t = 0; t < MONTHS; t++)
        if (!isnan(y[t])) {
            seen += y[t];
            fitted += a->fitted[t];
        }
    near(fitted, seen, 1e-9);
    ps_trend_free(a);
}

/* Hollander & Wolfe style: 1, 3, 2, 5, 4 has 8 rising pairs and 2 falling. */
static void kendall_by_hand(void **state) {
    (void)state;
    double y[] = {1, 3, (double)NAN, 2, 5, 4};
    ps_mann_kendall k;
    ps_error err = {.text = ""};
    assert_int_equal(ps_mann_kendall_of(6, y, 0.95, &k, &err), PS_OK);
    assert_int_equal(k.n, 5);
    assert_true(k.s.value == 6);
    near(k.tau.value, 0.6, 1e-15);
    near(k.z.value, 5 / sqrt(5 * 4 * 15 / 18.0), 1e-14);
    double equal[] = {2, 2, 2, 2};
    assert_int_equal(ps_mann_kendall_of(4, equal, 0.95, &k, &err), PS_OK);
    assert_true(k.s.value == 0 && k.p_value.value == 1 && k.slope.value == 0);
    assert_int_equal(k.z.status, PS_VALUE_UNDEFINED);
    assert_int_equal(k.tau.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_mann_kendall_of(3, equal, 0.95, &k, &err), PS_OK);
    assert_int_equal(k.slope.status, PS_VALUE_SMALL_BASE);
    /* A straight line: the slope and both limits are its own. */
    double line[20];
    for (int t = 0; t < 20; t++) line[t] = 3 - 0.5 * t;
    assert_int_equal(ps_mann_kendall_of(20, line, 0.95, &k, &err), PS_OK);
    assert_true(k.slope.value == -0.5 && k.lower.value == -0.5 && k.upper.value == -0.5);
    assert_int_equal(k.verdict, PS_VERDICT_DECREASE);
}

static void armitage_edges(void **state) {
    (void)state;
    static const double x[] = {10, 20, 30}, n[] = {100, 100, 100}, none[] = {0, 0, 0};
    ps_cochran_armitage c = ps_cochran_armitage_of(3, x, n, NULL, 0.95);
    near(c.slope.value, 0.1, 1e-14);
    near(c.z.value, 20 / sqrt(0.2 * 0.8 * 200), 1e-14);
    assert_int_equal(c.verdict, PS_VERDICT_INCREASE);
    assert_int_equal(ps_cochran_armitage_of(3, none, n, NULL, 0.95).z.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_cochran_armitage_of(3, n, x, NULL, 0.95).z.status,
                     PS_VALUE_MISSING);
}

static void interventions(void **state) {
    (void)state;
    ps_interventions in;
    ps_error err = {.text = ""};
    char text[200];
    assert_int_equal(
        ps_interventions_read("steps", "2020-04..2021-06, 2022-01", &in, &err), PS_OK);
    assert_int_equal(in.n, 2);
    assert_true(ps_interventions_hold(&in, 0, 2020 * 12 + 3));
    assert_false(ps_interventions_hold(&in, 1, 2022 * 12 + 1));
    ps_interventions_text(&in, text);
    assert_string_equal(text, "2020-04..2021-06,2022-01..2022-01");
    double y[12] = {0};
    ps_interventions_usable(&in, 12, 2021 * 12, y);
    assert_int_equal(in.n, 1);
    assert_int_equal(ps_interventions_read("steps", "none", &in, &err), PS_OK);
    assert_int_equal(in.n, 0);
    assert_int_equal(ps_interventions_read("steps", "2021-06..2020-04", &in, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "2021-06..2020-04"));
}

static const char *series(int months) {
    static char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text, "area_code,month,value\n");
    for (int t = 0; t < months; t++)
        used += (size_t)snprintf(text + used, sizeof text - used, "A,%d-%02d,%d\n",
                                 2018 + t / 12, t % 12 + 1, 40 + t % 5 - t / 6);
    return text;
}

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("trend", series(48), "");
    assert_string_equal(test_cell(t, 0, "status"), "ok");
    assert_string_equal(test_cell(t, 0, "interventions"), "2020-04..2021-06");
    assert_true(test_value(t, 0, "value") < 0);
    ps_table_free(t);
    t = test_compute("trend", series(20), "");
    assert_string_equal(test_cell(t, 0, "verdict"), "too-short");
    assert_string_equal(test_cell(t, 0, "value"), "");
    ps_table_free(t);
    test_refused("trend", "month,value\n2020-01,1\n2020-01,2\n", "", PS_FORMAT,
                 "2020-01");
    test_refused("trend", "month,value\nsoon,1\n", "", PS_FORMAT, "soon");
    test_method_case c = {"trend", series(30), "interventions=none"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
    test_method_case k = {"mann_kendall", "value\n1\n2\n3\n4\n", ""};
    assert_true(test_each_allocation_fails(test_method_step, &k) > 5);
}

/* 40 months, the last missing: what is taken off repeats after a year and is 1 on
 * average; without a season nothing is. */
static void months_without_their_season(void **state) {
    (void)state;
    char table[2048];
    int at = snprintf(table, sizeof table, "month,value\n");
    for (int t = 0; t < 40; t++) {
        char value[16] = "";
        if (t < 39)
            snprintf(value, sizeof value, "%d", 300 + 2 * t + 60 * (t % 12 < 4) + t % 5);
        at += snprintf(table + at, sizeof table - (size_t)at, "%d-%02d,%s\n",
                       2016 + t / 12, t % 12 + 1, value);
    }
    ps_table *a = test_compute("trend_months", table, "season=harmonic-2");
    double season[39], sum = 0;
    for (size_t t = 0; t < 39; t++)
        season[t] = log(test_value(a, t, "value") / test_value(a, t, "adjusted"));
    for (size_t t = 0; t < 12; t++) sum += season[t];
    assert_true(fabs(sum) < 1e-10 && fabs(season[0] - season[6]) > 0.01);
    for (size_t t = 12; t < 39; t++)
        assert_true(fabs(season[t] - season[t - 12]) < 1e-10);
    assert_string_equal(test_cell(a, 39, "status"), "missing");
    assert_string_equal(test_cell(a, 39, "adjusted"), "");
    ps_table_free(a);
    a = test_compute("trend_months", table, "season=none");
    for (size_t t = 0; t < 39; t++)
        test_near(test_value(a, t, "adjusted"), test_value(a, t, "value"), 1e-11);
    ps_table_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_without_their_season),
        cmocka_unit_test(exact_series),
        cmocka_unit_test(small_overdispersion_is_found),
        cmocka_unit_test(obstacles),
        cmocka_unit_test(missing_months_and_exposure),
        cmocka_unit_test(kendall_by_hand),
        cmocka_unit_test(armitage_edges),
        cmocka_unit_test(interventions),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
