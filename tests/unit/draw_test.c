/* Keyed draws: the documented sequence, its distribution, its independence of order. */
#include "indicators/draw.h"

#include <math.h>

#include "tests/support/test.h"

/* Draws of a key are the splitmix64 sequence that starts there. */
static void draws_are_splitmix64(void **state) {
    (void)state;
    ps_draws d = ps_draws_of(42, 7);
    uint64_t walk = d.key;
    for (uint64_t n = 0; n < 1000; n++)
        assert_true(ps_draw_bits(d, n) == test_random(&walk));
    /* The published first output of splitmix64 seeded with 0. */
    assert_true(ps_draw_bits((ps_draws){0}, 0) == UINT64_C(0xe220a8397b1dcdaf));
}

static void units_and_seeds_differ(void **state) {
    (void)state;
    assert_true(ps_draws_of(1, 2).key != ps_draws_of(2, 1).key);
    assert_true(ps_draws_of(1, 2).key != ps_draws_of(1, 3).key);
    assert_true(ps_draws_of(0, 0).key != 0);
    assert_true(ps_draw_unit(ps_str_of("E01000001")) !=
                ps_draw_unit(ps_str_of("E01000002")));
    /* FNV-1a of the empty text and of "a", as published. */
    assert_true(ps_draw_unit(ps_str_of("")) == UINT64_C(0xcbf29ce484222325));
    assert_true(ps_draw_unit(ps_str_of("a")) == UINT64_C(0xaf63dc4c8601ec8c));
}

static void moments_are_right(void **state) {
    (void)state;
    enum { N = 200000 };
    double sum = 0, squares = 0, normal = 0, normal_squares = 0, lag = 0, before = 0;
    for (uint64_t n = 0; n < N; n++) {
        double u = ps_draw_uniform(ps_draws_of(9, n % 100), n / 100);
        double z = ps_draw_normal(ps_draws_of(5, 1), n);
        assert_true(u > 0 && u < 1 && isfinite(z));
        sum += u;
        squares += (u - 0.5) * (u - 0.5);
        normal += z;
        normal_squares += z * z;
        lag += z * before;
        before = z;
    }
    /* Five standard errors each. */
    assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(squares / N - 1.0 / 12) < 5 * sqrt(1.0 / 180 / N));
    assert_true(fabs(normal / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(normal_squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(lag / N) < 5 * sqrt(1.0 / N));
}

static void below_is_even_and_bounded(void **state) {
    (void)state;
    enum { N = 60000, SIDES = 6 };
    size_t seen[SIDES] = {0};
    ps_draws d = ps_draws_of(3, 4);
    for (uint64_t n = 0; n < N; n++) seen[ps_draw_below(d, n, SIDES)]++;
    double distance = 0;
    for (int i = 0; i < SIDES; i++) {
        double off = (double)seen[i] - N / SIDES;
        distance += off * off / (N / (double)SIDES);
    }
    assert_true(distance < 30); /* chi-squared, 5 degrees: probability 1e-5 */
    assert_true(ps_draw_below(d, 0, 1) == 0);
    for (uint64_t n = 0; n < 1000; n++) {
        uint64_t most = UINT64_C(1) << (n % 64), bits = ps_draw_bits(d, n);
        assert_true(ps_draw_below(d, n, most) ==
                    (n % 64 == 0 ? 0 : bits >> (64 - n % 64)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_splitmix64),
        cmocka_unit_test(units_and_seeds_differ),
        cmocka_unit_test(moments_are_right),
        cmocka_unit_test(below_is_even_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
