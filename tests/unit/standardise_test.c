/* Standardised rates against their closed forms, and each stated status. */
#include "indicators/standardise.h"

#include <math.h>

#include "tests/support/method.h"

static void the_european_standard_is_whole(void **state) {
    (void)state;
    double sum = 0;
    for (int i = 0; i < PS_ESP_BANDS; i++) sum += ps_esp_2013[i];
    assert_true(sum == 100000);
}

/* By hand: rates 0.003, 0.008, 0.015 with weights 16, 67, 17. */
static void a_direct_rate_by_hand(void **state) {
    (void)state;
    const double x[] = {3, 40, 12}, n[] = {1000, 5000, 800}, w[] = {16, 67, 17};
    ps_standardised r = ps_direct_rate(3, x, NULL, n, w, 1000, 0.95);
    assert_int_equal(r.estimate.status, PS_VALUE_OK);
    test_near(r.estimate.value, 8.39, 1e-14);
    test_near(r.total_count, 55, 0);
    test_near(r.total_population, 6800, 0);
    double variance = (256 * 3e-6 + 4489 * 40 / 25e6 + 289 * 12 / 64e4) / 1e4;
    ps_estimate count = ps_count_by(55, 0.95, PS_COUNT_BYAR);
    double scale = 1000 * sqrt(variance / 55);
    test_near(r.estimate.lower, 8.39 + scale * (count.lower - 55), 1e-13);
    test_near(r.estimate.upper, 8.39 + scale * (count.upper - 55), 1e-13);
    assert_string_equal(r.estimate.method, "Dobson");
}

/* Weights in proportion to the area's own people give the crude rate with Byar's limits.
 */
static void its_own_standard_gives_the_crude_rate(void **state) {
    (void)state;
    const double x[] = {7, 20, 4}, n[] = {1200, 3000, 500};
    ps_standardised r = ps_direct_rate(3, x, NULL, n, n, 1000, 0.998);
    ps_estimate crude = ps_crude_rate(31, 4700, 1000, 0.998);
    test_near(r.estimate.value, crude.value, 1e-13);
    test_near(r.estimate.lower, crude.lower, 1e-12);
    test_near(r.estimate.upper, crude.upper, 1e-12);
}

static void direct_rates_have_their_statuses(void **state) {
    (void)state;
    static const struct {
        double x[2], n[2], w[2];
        ps_value_status status;
    } cases[] = {
        {{5, 5}, {100, 100}, {1, 1}, PS_VALUE_OK},
        {{5, 4.999}, {100, 100}, {1, 1}, PS_VALUE_SMALL_BASE},
        {{0, 0}, {100, 100}, {1, 1}, PS_VALUE_SMALL_BASE},
        {{50, (double)NAN}, {100, 100}, {1, 1}, PS_VALUE_OK},
        {{50, 5}, {100, (double)NAN}, {1, 1}, PS_VALUE_MISSING},
        {{50, 5}, {100, 0}, {1, 1}, PS_VALUE_UNDEFINED},
        {{50, 5}, {100, 100}, {1, (double)NAN}, PS_VALUE_MISSING},
        {{50, 5}, {100, 100}, {0, 0}, PS_VALUE_UNDEFINED},
        {{50, 5}, {100, 100}, {0, 1}, PS_VALUE_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_standardised r =
            ps_direct_rate(2, cases[i].x, NULL, cases[i].n, cases[i].w, 1000, 0.95);
        assert_int_equal(r.estimate.status, cases[i].status);
    }
}

/* Ten people with three events each vary more than thirty with one. */
static void events_of_few_people_widen_the_interval(void **state) {
    (void)state;
    const double x[] = {30, 30}, one[] = {30, 30}, three[] = {90, 90};
    const double n[] = {900, 1100}, w[] = {1, 1};
    ps_standardised a = ps_direct_rate(2, x, NULL, n, w, 1, 0.95);
    ps_standardised b = ps_direct_rate(2, x, one, n, w, 1, 0.95);
    ps_standardised c = ps_direct_rate(2, x, three, n, w, 1, 0.95);
    test_near(b.estimate.lower, a.estimate.lower, 1e-15);
    test_near(c.estimate.value, a.estimate.value, 1e-15);
    double width = a.estimate.upper - a.estimate.lower;
    test_near(c.estimate.upper - c.estimate.lower, width * sqrt(3), 1e-12);
}

static void an_indirect_ratio_by_hand(void **state) {
    (void)state;
    const double n[] = {1000, 2000}, x[] = {100, 50}, ref[] = {10000, 20000};
    ps_indirect r = ps_indirect_rate(2, n, x, ref, 30, 100, 1000, 0.95);
    test_near(r.expected, 15, 1e-14);
    test_near(r.ratio.value, 200, 1e-14);
    ps_estimate count = ps_count(30, 0.95);
    test_near(r.ratio.lower, 100 * count.lower / 15, 1e-14);
    test_near(r.ratio.upper, 100 * count.upper / 15, 1e-14);
    test_near(r.reference_rate, 5, 1e-14);
    test_near(r.rate.value, 10, 1e-14);
    assert_string_equal(ps_indirect_rate(2, n, x, ref, 9, 1, 1, 0.95).ratio.method,
                        "Exact");
    const double nothing[] = {0, (double)NAN}, no_people[] = {10000, 0};
    assert_int_equal(ps_indirect_rate(2, n, nothing, ref, 3, 1, 1, 0.95).ratio.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_indirect_rate(2, n, x, no_people, 3, 1, 1, 0.95).ratio.status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_indirect_rate(2, n, x, ref, (double)NAN, 1, 1, 0.95).ratio.status,
                     PS_VALUE_MISSING);
    /* The reference compared with itself is 1. */
    ps_indirect own = ps_indirect_rate(2, ref, x, ref, 150, 1, 1000, 0.95);
    test_near(own.ratio.value, 1, 1e-14);
    test_near(own.rate.value, own.reference_rate, 1e-14);
}

static const char ages[] =
    "area_code,stratum,count,population,standard\n"
    "B,young,12,1000,60\n"
    "A,old,9,500,40\n"
    "A,young,4,1000,60\n"
    "B,old,,300,40\n";

static void dsr_works_by_area(void **state) {
    (void)state;
    ps_table *t = test_compute("dsr", ages, "multiplier=1000");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "area_code"), "A");
    test_near(test_value(t, 0, "value"), 0.6 * 4 + 0.4 * 18, 1e-14);
    test_near(test_value(t, 1, "value"), 0.6 * 12, 1e-14);
    test_near(test_value(t, 1, "total_count"), 12, 0);
    ps_table_free(t);
}

static void dsr_refuses_uneven_strata(void **state) {
    (void)state;
    test_refused("dsr",
                 "area_code,stratum,count,population,standard\nA,a,1,2,3\nB,b,1,2,3\n",
                 "", PS_FORMAT, "no row for stratum 'b'");
    test_refused("dsr", "stratum,count,population,standard\na,1,2,3\na,1,2,3\n", "",
                 PS_FORMAT, "occurs twice");
    test_refused("dsr",
                 "area_code,stratum,count,population,standard\nA,a,1,2,3\nB,a,1,2,4\n",
                 "", PS_FORMAT, "standard is another");
    test_refused("dsr", "stratum,count,population\na,1,2\n", "", PS_CONFIG, "esp2013");
    test_refused("dsr", "stratum,count,population\n0-4,1,2\n", "standard=esp2013",
                 PS_FORMAT, "no stratum begins at age 5");
    test_refused("dsr", "stratum,count,population\n0-7,1,2\n2-4,1,2\n",
                 "standard=esp2013", PS_FORMAT, "not a band");
}

static void dsr_knows_the_european_standard(void **state) {
    (void)state;
    char text[2048] = "stratum,count,population\n";
    for (int i = 0; i < PS_ESP_BANDS; i++) {
        char line[64];
        if (i < PS_ESP_BANDS - 1)
            snprintf(line, sizeof line, "Aged %d to %d,%d,1000\n", 5 * i, 5 * i + 4, i);
        else
            snprintf(line, sizeof line, "90+,%d,1000\n", i);
        strcat(text, line);
    }
    double expected = 0;
    for (int i = 0; i < PS_ESP_BANDS; i++) expected += ps_esp_2013[i] * i / 1000;
    ps_table *t = test_compute("dsr", text, "standard=esp2013");
    test_near(test_value(t, 0, "value"), expected, 1e-13);
    ps_table_free(t);
}

/* People who had 1 or 3 events, in rows by frequency. */
static void dsr_takes_frequencies(void **state) {
    (void)state;
    ps_table *t = test_compute("dsr",
                               "stratum,count,population,standard,frequency\n"
                               "a,10,900,1,1\na,5,900,1,3\nb,8,1100,1,1\nb,2,1100,1,3\n",
                               "multiplier=1");
    const double x[] = {25, 14}, squares[] = {55, 26}, n[] = {900, 1100}, w[] = {1, 1};
    ps_standardised r = ps_direct_rate(2, x, squares, n, w, 1, 0.95);
    test_near(test_value(t, 0, "value"), r.estimate.value, 1e-14);
    test_near(test_value(t, 0, "lower"), r.estimate.lower, 1e-14);
    test_near(test_value(t, 0, "total_count"), 39, 0);
    ps_table_free(t);
    test_refused("dsr",
                 "stratum,count,population,standard,frequency\na,1,9,1,1\na,1,8,1,2\n",
                 "", PS_FORMAT, "population is another");
}

static const char references[] =
    "area_code,stratum,count,population,ref_count,ref_population,observed\n"
    "A,x,10,1000,100,10000,25\n"
    "A,y,20,2000,50,20000,\n"
    "B,x,1,500,100,10000,\n"
    "B,y,1,500,50,20000,\n";

static void isr_works_by_area(void **state) {
    (void)state;
    ps_table *t = test_compute("isr", references, "reference=1");
    test_near(test_value(t, 0, "value"), 25.0 / 15, 1e-14);
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    ps_table_free(t);
    test_refused("isr", "stratum,population,ref_count,ref_population\na,1,2,3\n", "",
                 PS_CONFIG, "observed");
    test_refused(
        "isr",
        "stratum,count,population,ref_count,ref_population\na,1,1,2,3\na,1,1,2,3\n", "",
        PS_FORMAT, "twice");
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case dsr = {"dsr", ages, ""}, isr = {"isr", references, "type=rate"};
    assert_true(test_each_allocation_fails(test_method_step, &dsr) > 5);
    assert_true(test_each_allocation_fails(test_method_step, &isr) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_european_standard_is_whole),
        cmocka_unit_test(a_direct_rate_by_hand),
        cmocka_unit_test(its_own_standard_gives_the_crude_rate),
        cmocka_unit_test(direct_rates_have_their_statuses),
        cmocka_unit_test(events_of_few_people_widen_the_interval),
        cmocka_unit_test(an_indirect_ratio_by_hand),
        cmocka_unit_test(dsr_works_by_area),
        cmocka_unit_test(dsr_refuses_uneven_strata),
        cmocka_unit_test(dsr_knows_the_european_standard),
        cmocka_unit_test(dsr_takes_frequencies),
        cmocka_unit_test(isr_works_by_area),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
