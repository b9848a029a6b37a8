/* Hot spots that last, and where they lie. */
#include "indicators/hotspot.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/method.h"

static void odds_ratios(void **state) {
    (void)state;
    ps_odds_ratio o = ps_odds_ratio_of(8, 12, 5, 75, 0.95);
    double se = sqrt(1.0 / 8 + 1.0 / 12 + 1.0 / 5 + 1.0 / 75);
    test_near(o.ratio.value, 10, 1e-14);
    test_near(o.lower.value, 10 * exp(-1.959963984540054 * se), 1e-13);
    test_near(o.upper.value, 10 * exp(1.959963984540054 * se), 1e-13);
    assert_false(o.corrected);
    o = ps_odds_ratio_of(3, 7, 0, 40, 0.95);
    assert_true(o.corrected);
    test_near(o.ratio.value, 3.5 * 40.5 / (7.5 * 0.5), 1e-14);
    /* No hot spot, nothing but hot spots, no such area. */
    assert_int_equal(ps_odds_ratio_of(0, 9, 0, 9, 0.95).ratio.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_odds_ratio_of(9, 0, 9, 0, 0.95).ratio.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_odds_ratio_of(0, 0, 9, 9, 0.95).ratio.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_odds_ratio_of(9, 9, 0, 0, 0.95).ratio.status, PS_VALUE_UNDEFINED);
}

enum { SIDE = 12, N = SIDE * SIDE };

static void draw_map(double *x, double *y, double *east, double *north, bool smooth,
                     uint64_t *seed) {
    for (int i = 0; i < N; i++) {
        east[i] = i % SIDE * 1000.0;
        north[i] = (double)(i / SIDE) * 1000.0;
        x[i] = (double)test_random_below(seed, 1000) / 1000;
        y[i] = (double)test_random_below(seed, 1000) / 1000;
        if (smooth) {
            x[i] += 3 * sin(east[i] / 3000);
            y[i] += 3 * cos(east[i] / 4000);
        }
    }
}

static void smooth_maps_tell_less(void **state) {
    (void)state;
    static double x[N], y[N], east[N], north[N], moved[N];
    uint64_t seed = 21;
    ps_map_correlation rough, smooth, other;
    draw_map(x, y, east, north, false, &seed);
    assert_int_equal(ps_map_correlate(N, x, y, east, north, 13, &rough, NULL), PS_OK);
    assert_true(rough.n_effective.value > 100 && rough.n_effective.value <= N);
    draw_map(x, y, east, north, true, &seed);
    assert_int_equal(ps_map_correlate(N, x, y, east, north, 13, &smooth, NULL), PS_OK);
    assert_true(smooth.n_effective.value < 30);
    assert_true(smooth.p.value > smooth.p_naive.value);
    /* Neither unit nor sign nor threads nor place matter. */
    for (int i = 0; i < N; i++) moved[i] = 5 - 7 * x[i];
    for (int threads = 1; threads <= 7; threads += 3) {
        ps_set_threads(threads);
        assert_int_equal(ps_map_correlate(N, x, y, east, north, 13, &other, NULL), PS_OK);
        assert_true(other.r.value == smooth.r.value && other.p.value == smooth.p.value &&
                    other.n_effective.value == smooth.n_effective.value);
    }
    ps_set_threads(0);
    assert_int_equal(ps_map_correlate(N, moved, y, east, north, 13, &other, NULL), PS_OK);
    test_near(other.r.value, -smooth.r.value, 1e-12);
    test_near(other.n_effective.value, smooth.n_effective.value, 1e-10);
    test_near(other.p.value, smooth.p.value, 1e-10);
    /* Three areas, no variation, one place. */
    assert_int_equal(ps_map_correlate(3, x, y, east, north, 13, &other, NULL), PS_OK);
    assert_int_equal(other.r.status, PS_VALUE_UNDEFINED);
    for (int i = 0; i < N; i++) moved[i] = 0.1;
    assert_int_equal(ps_map_correlate(N, moved, y, east, north, 13, &other, NULL), PS_OK);
    assert_int_equal(other.r.status, PS_VALUE_UNDEFINED);
    memset(east, 0, sizeof east);
    memset(north, 0, sizeof north);
    assert_int_equal(ps_map_correlate(N, x, x, east, north, 13, &other, NULL), PS_OK);
    test_near(other.r.value, 1, 1e-14);
    assert_true(other.p_naive.value == 0);
}

static const char lasting[] =
    "area_code,period,band\nA,1,hot-95\nA,2,hot-99\nA,3,ns\nB,1,hot-90\nB,2,hot-95\n"
    "B,3,cold-99\nC,1,\nC,2,\nK,1,cold-95\nK,2,cold-99\nK,3,\n";

static void lasting_spots(void **state) {
    (void)state;
    ps_table *t = test_compute("hot_persistence", lasting, "least=2");
    assert_int_equal(ps_table_rows(t), 4);
    assert_string_equal(test_cell(t, 0, "label"), "hot");
    assert_string_equal(test_cell(t, 1, "label"), "ns");
    assert_string_equal(test_cell(t, 1, "n_hot"), "1");
    assert_string_equal(test_cell(t, 2, "status"), "missing");
    assert_string_equal(test_cell(t, 3, "label"), "cold");
    assert_string_equal(test_cell(t, 3, "n_missing"), "1");
    ps_table_free(t);
    t = test_compute("hot_persistence", lasting, "least=3 level=90");
    assert_string_equal(test_cell(t, 3, "status"), "small-base");
    assert_string_equal(test_cell(t, 1, "n_hot"), "2");
    ps_table_free(t);
    t = test_compute("hot_persistence", lasting, "least=1 level=99");
    assert_string_equal(test_cell(t, 0, "n_hot"), "1");
    assert_string_equal(test_cell(t, 1, "label"), "cold");
    ps_table_free(t);
    test_refused("hot_persistence", lasting, "", PS_CONFIG, "least");
    test_refused("hot_persistence", "area_code,period,band\nA,1,warm\n", "least=1",
                 PS_FORMAT, "'warm'");
    test_refused("hot_persistence", "area_code,period,band\nA,1,ns\nB,1,ns\nA,1,ns\n",
                 "least=1", PS_FORMAT, "stood in row 1 already");
}

static const char crossed[] =
    "area_code,hotspot,quintile,rate,imd_score,x,y\nA,1,1,90,60,0,0\nB,1,1,80,55,1000,0\n"
    "C,0,2,40,40,0,1000\nK,1,3,70,30,1000,1000\nE,0,4,30,20,2000,0\nF,0,5,10,9,2000,"
    "1000\n"
    "G,,5,,,,\n";

static void crossings(void **state) {
    (void)state;
    ps_table *t = test_compute("hotspot_deprivation", crossed, "");
    assert_int_equal(ps_table_rows(t), 8);
    test_near(test_value(t, 0, "value"), 2.0 / 3, 1e-15);
    test_near(test_value(t, 0, "share_hot"), 1, 1e-15);
    test_near(test_value(t, 5, "value"), 2.5 * 3.5 / (0.5 * 1.5), 1e-14);
    assert_string_equal(test_cell(t, 5, "method"), "wald-haldane");
    assert_string_equal(test_cell(t, 5, "n"), "6");
    test_near(test_value(t, 7, "value"), 1 - 6 * 2.0 / (6 * 35), 1e-14);
    ps_table_free(t);
    t = test_compute("hotspot_deprivation", "area_code,hotspot,quintile\nA,0,1\nB,0,2\n",
                     "");
    assert_string_equal(test_cell(t, 0, "status"), "undefined");
    assert_string_equal(test_cell(t, 6, "status"), "missing");
    ps_table_free(t);
    test_refused("hotspot_deprivation", "area_code,hotspot,quintile\nA,2,1\n", "",
                 PS_FORMAT, "0 or 1");
    test_refused("hotspot_deprivation", "area_code,hotspot,quintile\nA,1,6\n", "",
                 PS_FORMAT, "1 to 5");
    test_refused("hotspot_deprivation", "area_code,hotspot,quintile\nA,1,5\nA,1,5\n", "",
                 PS_FORMAT, "2 rows for 1 areas");
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    test_method_case cases[] = {{"hot_persistence", lasting, "least=2"},
                                {"hotspot_deprivation", crossed, ""}};
    ps_set_threads(1);
    for (size_t i = 0; i < PS_LENGTH(cases); i++)
        assert_true(test_each_allocation_fails(test_method_step, &cases[i]) > 5);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odds_ratios),
        cmocka_unit_test(smooth_maps_tell_less),
        cmocka_unit_test(lasting_spots),
        cmocka_unit_test(crossings),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
