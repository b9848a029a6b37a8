/* Neighbours against all pairs; ties, islands, bad lists. And what is built on them: Gi*,
 * empirical Bayes, false discovery, by hand. */
#include "indicators/weights.h"

#include <math.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/empirical_bayes.h"
#include "indicators/false_discovery.h"
#include "indicators/gi_star.h"
#include "tests/support/test.h"

enum { N = 300 };

static void assert_near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

/* On a coarse lattice, so that many are equally far and some coincide. */
static void lattice(double *x, double *y, uint64_t *seed) {
    for (int i = 0; i < N; i++) {
        x[i] = (double)test_random_below(seed, 20);
        y[i] = (double)test_random_below(seed, 20);
    }
}

static double far(const double *x, const double *y, int i, int j) {
    return (x[i] - x[j]) * (x[i] - x[j]) + (y[i] - y[j]) * (y[i] - y[j]);
}

static void nearest_as_all_pairs(void **state) {
    (void)state;
    uint64_t seed = 1;
    double x[N], y[N];
    for (size_t k = 1; k < 12; k += 5) {
        lattice(x, y, &seed);
        ps_weights w;
        ps_set_threads(k == 6 ? 7 : 1);
        assert_int_equal(ps_weights_nearest(N, x, y, k, &w, NULL), PS_OK);
        for (int i = 0; i < N; i++) {
            assert_int_equal(w.offset[i + 1] - w.offset[i], k);
            for (int j = 0; j < N; j++) {
                size_t closer = 0;
                for (int m = 0; m < N; m++)
                    closer += m != i && (far(x, y, i, m) < far(x, y, i, j) ||
                                         (far(x, y, i, m) == far(x, y, i, j) && m < j));
                bool listed = false;
                for (size_t e = w.offset[i]; e < w.offset[i + 1]; e++)
                    listed = listed || w.to[e] == j;
                assert_int_equal(listed, j != i && closer < k);
            }
        }
        ps_weights_free(&w);
    }
    ps_set_threads(0);
    ps_weights w;
    assert_int_equal(ps_weights_nearest(N, x, y, 0, &w, NULL), PS_CONFIG);
    assert_int_equal(ps_weights_nearest(N, x, y, N, &w, NULL), PS_CONFIG);
    x[3] = (double)NAN;
    assert_int_equal(ps_weights_nearest(N, x, y, 2, &w, NULL), PS_FORMAT);
}

static void band_as_all_pairs(void **state) {
    (void)state;
    uint64_t seed = 2;
    double x[N], y[N];
    lattice(x, y, &seed);
    ps_weights w;
    assert_int_equal(ps_weights_band(N, x, y, 2, &w, NULL), PS_OK);
    for (int i = 0; i < N; i++) {
        size_t at = w.offset[i];
        for (int j = 0; j < N; j++) {
            double d2 = far(x, y, i, j);
            if (!(d2 > 0) || d2 > 4) continue;
            assert_int_equal(w.to[at++], j);
        }
        assert_int_equal(at, w.offset[i + 1]);
    }
    ps_weights_standardise(&w);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (size_t k = w.offset[i]; k < w.offset[i + 1]; k++) sum += w.weight[k];
        assert_true(w.offset[i] == w.offset[i + 1] || fabs(sum - 1) < 1e-12);
    }
    ps_weights_free(&w);
    assert_int_equal(ps_weights_band(N, x, y, 0, &w, NULL), PS_CONFIG);
}

static void lists_and_subsets(void **state) {
    (void)state;
    ps_weights w, few;
    assert_int_equal(ps_weights_edges(4, 5, (int32_t[]){2, 0, 0, 2, 1},
                                      (int32_t[]){0, 3, 1, 0, 3}, NULL, &w, NULL),
                     PS_OK);
    assert_memory_equal(w.offset, ((size_t[]){0, 2, 3, 4, 4}), sizeof(size_t[5]));
    assert_memory_equal(w.to, ((int32_t[]){1, 3, 3, 0}), sizeof(int32_t[4]));
    assert_int_equal(ps_weights_subset(&w, (bool[]){true, false, true, true}, &few, NULL),
                     PS_OK);
    assert_memory_equal(few.offset, ((size_t[]){0, 1, 2, 2}), sizeof(size_t[4]));
    assert_memory_equal(few.to, ((int32_t[]){2, 0}), sizeof(int32_t[2]));
    ps_weights_free(&few);
    ps_weights_free(&w);
    double bad = 0;
    assert_int_equal(
        ps_weights_edges(2, 1, (int32_t[]){0}, (int32_t[]){2}, NULL, &w, NULL),
        PS_FORMAT);
    assert_int_equal(
        ps_weights_edges(2, 1, (int32_t[]){1}, (int32_t[]){1}, NULL, &w, NULL),
        PS_FORMAT);
    assert_int_equal(
        ps_weights_edges(2, 1, (int32_t[]){0}, (int32_t[]){1}, &bad, &w, NULL),
        PS_FORMAT);
}

static ps_status step(void *context, ps_error *err) {
    (void)context;
    ps_weights w, few;
    double x[] = {0, 1, 2}, y[] = {0, 0, 0};
    PS_TRY(ps_weights_nearest(3, x, y, 1, &w, err));
    ps_status status = ps_weights_subset(&w, (bool[]){true, true, false}, &few, err);
    ps_weights_free(&w);
    if (status != PS_OK) return status;
    ps_weights_free(&few);
    PS_TRY(ps_weights_band(3, x, y, 1, &w, err));
    ps_weights_free(&w);
    PS_TRY(ps_weights_edges(2, 1, (int32_t[]){0}, (int32_t[]){1}, NULL, &w, err));
    ps_weights_free(&w);
    double p[] = {0.1, 0.2}, q[2];
    return ps_false_discovery(2, p, PS_CORRECTION_BH, q, err);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(step, NULL) >= 10);
}

/* A row of four, 1 2 3 6, mean 3, s^2 = 3.5. */
static void gi_star_by_hand(void **state) {
    (void)state;
    ps_weights w;
    double x[] = {1, 2, 3, 6};
    ps_value z[4];
    assert_int_equal(ps_weights_edges(4, 6, (int32_t[]){0, 1, 1, 2, 2, 3},
                                      (int32_t[]){1, 0, 2, 1, 3, 2}, NULL, &w, NULL),
                     PS_OK);
    ps_gi_star(&w, x, true, false, z);
    assert_near(z[0].value, (3 - 6) / (sqrt(3.5) * sqrt((4 * 2 - 4) / 3.0)));
    assert_near(z[2].value, (11 - 9) / (sqrt(3.5) * sqrt((4 * 3 - 9) / 3.0)));
    /* Without itself: the others of the first are 2, 3, 6. */
    ps_gi_star(&w, x, false, false, z);
    double mean = 11.0 / 3, s2 = (4 + 9 + 36) / 3.0 - mean * mean;
    assert_near(z[0].value, (2 - mean) / (sqrt(s2) * sqrt((3 * 1 - 1) / 2.0)));
    double same[] = {0.1, 0.1, 0.1, 0.1};
    ps_gi_star(&w, same, true, false, z);
    for (int i = 0; i < 4; i++) assert_int_equal(z[i].status, PS_VALUE_UNDEFINED);
    ps_gi_star(&w, same, false, false, z);
    for (int i = 0; i < 4; i++) assert_int_equal(z[i].status, PS_VALUE_UNDEFINED);
    ps_weights_free(&w);
    /* The neighbourhood of the middle one is everything. */
    assert_int_equal(ps_weights_edges(3, 4, (int32_t[]){0, 1, 1, 2},
                                      (int32_t[]){1, 0, 2, 1}, NULL, &w, NULL),
                     PS_OK);
    ps_gi_star(&w, x, true, false, z);
    assert_int_equal(z[0].status, PS_VALUE_OK);
    assert_int_equal(z[1].status, PS_VALUE_UNDEFINED);
    ps_weights_free(&w);
}

static void bayes_shrinks_towards_the_mean(void **state) {
    (void)state;
    double events[] = {0, 50, 2}, people[] = {10, 1000, 1000}, e[3];
    ps_bayes_global(3, events, people, e);
    double b = 52.0 / 2010;
    for (int i = 0; i < 3; i++) {
        double rate = events[i] / people[i];
        assert_true(fabs(e[i] - b) <= fabs(rate - b));
    }
    /* The fewer people, the closer. */
    assert_true(fabs(e[0] - b) / b < fabs(e[2] - b) / fabs(0.002 - b));
    /* No more spread than chance gives: all at the mean. */
    double even[] = {10, 11, 9}, same[] = {100, 100, 100};
    ps_bayes_global(3, even, same, e);
    for (int i = 0; i < 3; i++) assert_near(e[i], 0.1);
    double none[] = {0, 0, 0};
    ps_bayes_global(3, none, same, e);
    for (int i = 0; i < 3; i++) assert_true(e[i] == 0);
}

/* The worked example of Benjamini & Hochberg 1995: 15 p values, four discoveries. */
static void false_discovery_of_the_paper(void **state) {
    (void)state;
    static const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201,
                               0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                               0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
    double adjusted[15], with_gap[3] = {0.01, (double)NAN, 0.02};
    assert_int_equal(ps_false_discovery(15, p, PS_CORRECTION_BH, adjusted, NULL), PS_OK);
    int found = 0;
    for (int i = 0; i < 15; i++) found += adjusted[i] < 0.05;
    assert_int_equal(found, 4);
    assert_near(adjusted[3], 15 * 0.0095 / 4);
    assert_near(adjusted[14], 1);
    assert_int_equal(ps_false_discovery(3, with_gap, PS_CORRECTION_BY, adjusted, NULL),
                     PS_OK);
    assert_near(adjusted[0], 1.5 * 0.02);
    assert_true(isnan(adjusted[1]));
    assert_near(adjusted[2], 1.5 * 0.02);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_as_all_pairs),
        cmocka_unit_test(band_as_all_pairs),
        cmocka_unit_test(lists_and_subsets),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(gi_star_by_hand),
        cmocka_unit_test(bayes_shrinks_towards_the_mean),
        cmocka_unit_test(false_discovery_of_the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
