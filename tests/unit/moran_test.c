/* Moran's I on maps that can be worked out by hand, and on shuffles. */
#include "indicators/moran.h"

#include <math.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "tests/support/test.h"

enum { SIDE = 12, N = SIDE * SIDE };

static void assert_near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

/* Rook neighbours on a square grid. */
static ps_weights grid(size_t side) {
    int32_t from[4 * N], to[4 * N];
    size_t n = 0;
    for (size_t r = 0; r < side; r++)
        for (size_t c = 0; c < side; c++) {
            int32_t i = (int32_t)(r * side + c);
            if (c + 1 < side) {
                from[n] = to[n + 1] = i;
                to[n] = from[n + 1] = i + 1;
                n += 2;
            }
            if (r + 1 < side) {
                from[n] = to[n + 1] = i;
                to[n] = from[n + 1] = i + (int32_t)side;
                n += 2;
            }
        }
    ps_weights w;
    assert_int_equal(ps_weights_edges(side * side, n, from, to, NULL, &w, NULL), PS_OK);
    return w;
}

/* On a chessboard all neighbours differ: I = -1. */
static void a_chessboard_is_minus_one(void **state) {
    (void)state;
    ps_weights w = grid(4);
    double x[16];
    ps_moran m;
    for (int i = 0; i < 16; i++) x[i] = (i / 4 + i % 4) % 2;
    assert_int_equal(ps_moran_global(&w, x, 999, 1, &m, NULL), PS_OK);
    assert_int_equal(m.status, PS_VALUE_OK);
    assert_near(m.value, -1);
    assert_near(m.expected, -1.0 / 15);
    assert_near(m.p_permuted, 1);
    /* Two halves: 24 pairs, of which the 4 across the border differ. */
    for (int i = 0; i < 16; i++) x[i] = i < 8 ? 0 : 5;
    assert_int_equal(ps_moran_global(&w, x, 999, 1, &m, NULL), PS_OK);
    assert_near(m.value, (20.0 - 4.0) / 24);
    assert_true(m.p_permuted <= 0.002);
    ps_weights_free(&w);
}

static void local_values_add_up_to_the_global_one(void **state) {
    (void)state;
    ps_weights w = grid(SIDE);
    uint64_t seed = 3, unit[N];
    double x[N], sum = 0, scaled[N];
    for (int i = 0; i < N; i++) {
        unit[i] = (uint64_t)i;
        x[i] = (double)test_random_below(&seed, 50);
        scaled[i] = 7 - 3 * x[i];
    }
    ps_moran m;
    static ps_local_moran out[N], other[N];
    for (int style = 0; style < 2; style++) {
        if (style == 1) ps_weights_standardise(&w);
        assert_int_equal(ps_moran_global(&w, x, 0, 1, &m, NULL), PS_OK);
        assert_int_equal(
            ps_moran_local(&w, x, PS_MOMENTS_CONDITIONAL, 0, 1, unit, out, NULL), PS_OK);
        assert_int_equal(
            ps_moran_local(&w, scaled, PS_MOMENTS_CONDITIONAL, 0, 1, unit, other, NULL),
            PS_OK);
        double s0 = 0;
        sum = 0;
        for (size_t k = 0; k < w.offset[N]; k++) s0 += w.weight[k];
        for (int i = 0; i < N; i++) {
            sum += out[i].value;
            assert_true(fabs(out[i].value - other[i].value) < 1e-10);
            assert_true(isnan(out[i].p_permuted));
        }
        assert_true(fabs(sum / s0 - m.value) < 1e-12);
    }
    ps_weights_free(&w);
}

/* The moments are those of the shuffles: far values agree, near ones nearly. */
static void permutations_agree_with_the_moments(void **state) {
    (void)state;
    ps_weights w = grid(SIDE);
    uint64_t seed = 4, unit[N];
    double x[N];
    for (int i = 0; i < N; i++) {
        unit[i] = test_random(&seed);
        x[i] = 0;
        for (int k = 0; k < 12; k++) x[i] += (double)test_random_below(&seed, 1000);
    }
    static ps_local_moran one[N], two[N], seven[N];
    ps_set_threads(1);
    assert_int_equal(
        ps_moran_local(&w, x, PS_MOMENTS_CONDITIONAL, 9999, 5, unit, one, NULL), PS_OK);
    ps_set_threads(2);
    assert_int_equal(
        ps_moran_local(&w, x, PS_MOMENTS_CONDITIONAL, 9999, 5, unit, two, NULL), PS_OK);
    ps_set_threads(7);
    assert_int_equal(
        ps_moran_local(&w, x, PS_MOMENTS_CONDITIONAL, 9999, 5, unit, seven, NULL), PS_OK);
    ps_set_threads(0);
    for (int i = 0; i < N; i++) {
        assert_true(one[i].p_permuted == two[i].p_permuted);
        assert_true(one[i].p_permuted == seven[i].p_permuted);
        assert_true(fabs(one[i].p_permuted - one[i].p / 2) < 0.03);
    }
    ps_weights_free(&w);
}

/* Samples of other values are even: with one neighbour the p value is a rank. */
static void one_neighbour_is_a_rank(void **state) {
    (void)state;
    enum { M = 101 };
    int32_t from[M], to[M];
    uint64_t unit[M];
    double x[M];
    for (int i = 0; i < M; i++) {
        from[i] = i;
        to[i] = (i + 1) % M;
        unit[i] = (uint64_t)i;
        x[i] = i;
    }
    ps_weights w;
    static ps_local_moran out[M];
    assert_int_equal(ps_weights_edges(M, M, from, to, NULL, &w, NULL), PS_OK);
    assert_int_equal(ps_moran_local(&w, x, PS_MOMENTS_TOTAL, 20000, 9, unit, out, NULL),
                     PS_OK);
    /* The neighbour of 90 is 91: of 100 others, 10 are as large. */
    assert_true(fabs(out[90].p_permuted - 0.10) < 0.01);
    assert_true(fabs(out[10].p_permuted - 0.11) < 0.01);
    assert_string_equal(out[90].quadrant, "HH");
    assert_string_equal(out[10].quadrant, "LL");
    assert_string_equal(out[100].quadrant, "HL");
    ps_weights_free(&w);
}

static void no_variation_is_undefined(void **state) {
    (void)state;
    ps_weights w = grid(3);
    double x[9];
    uint64_t unit[9] = {0};
    ps_moran m;
    ps_local_moran out[9];
    for (int i = 0; i < 9; i++) x[i] = 0.1;
    assert_int_equal(ps_moran_global(&w, x, 99, 1, &m, NULL), PS_OK);
    assert_int_equal(m.status, PS_VALUE_UNDEFINED);
    assert_int_equal(
        ps_moran_local(&w, x, PS_MOMENTS_CONDITIONAL, 99, 1, unit, out, NULL), PS_OK);
    for (int i = 0; i < 9; i++) assert_int_equal(out[i].status, PS_VALUE_UNDEFINED);
    ps_weights_free(&w);
    /* Everybody is everybody's neighbour: the lag cannot vary. */
    int32_t from[12], to[12];
    size_t n = 0;
    for (int32_t i = 0; i < 4; i++)
        for (int32_t j = 0; j < 4; j++) {
            if (i == j) continue;
            from[n] = i;
            to[n++] = j;
        }
    double y[] = {1, 2, 3, 9};
    assert_int_equal(ps_weights_edges(4, n, from, to, NULL, &w, NULL), PS_OK);
    ps_weights_standardise(&w);
    assert_int_equal(
        ps_moran_local(&w, y, PS_MOMENTS_CONDITIONAL, 99, 1, unit, out, NULL), PS_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(out[i].status, PS_VALUE_OK);
        assert_true(isnan(out[i].p) && isnan(out[i].p_permuted));
    }
    ps_weights_free(&w);
    double events[] = {0, 0}, people[] = {10, 20}, z[2];
    assert_false(ps_moran_rates(2, events, people, z));
}

static ps_status step(void *context, ps_error *err) {
    const ps_weights *w = context;
    double x[9] = {1, 5, 2, 8, 3, 3, 9, 1, 0};
    uint64_t unit[9] = {0};
    ps_moran m;
    ps_local_moran out[9];
    PS_TRY(ps_moran_global(w, x, 9, 1, &m, err));
    return ps_moran_local(w, x, PS_MOMENTS_TOTAL, 9, 1, unit, out, err);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    ps_weights w = grid(3);
    assert_true(test_each_allocation_fails(step, &w) >= 5);
    ps_weights_free(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chessboard_is_minus_one),
        cmocka_unit_test(local_values_add_up_to_the_global_one),
        cmocka_unit_test(permutations_agree_with_the_moments),
        cmocka_unit_test(one_neighbour_is_a_rank),
        cmocka_unit_test(no_variation_is_undefined),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
