/* Samples of the others: the documented draws one by one, and every sample as often as
 * every other. */
#include "indicators/sample.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/test.h"

enum { MOST = 300 };

/* Step m of sample r as the header tells it, with no lanes and no registers. */
static uint32_t number(ps_draws draws, size_t r, size_t steps, size_t step,
                       uint32_t below) {
    uint64_t block = r / 64, lane = r % 64;
    uint64_t bits = ps_draw_bits(draws, (block * steps + step) * 32 + lane % 32);
    return (uint32_t)((lane < 32 ? bits & 0xFFFFFFFF : bits >> 32) * below >> 32);
}

static void sample_plainly(const ps_sampling *s, size_t r, bool even, size_t *place) {
    size_t steps = even ? s->k : 2 * s->k - 1;
    for (size_t m = 0; m < s->k; m++) {
        size_t top = s->n - 1 - s->k + m;
        place[m] = number(s->draws, r, steps, m, (uint32_t)top + 1);
        for (size_t u = 0; u < m; u++)
            if (place[u] == place[m]) {
                place[m] = top;
                break;
            }
    }
    for (size_t m = s->k; m > 1 && !even; m--) {
        size_t j = number(s->draws, r, steps, 2 * s->k - m, (uint32_t)m), keep = place[j];
        place[j] = place[m - 1];
        place[m - 1] = keep;
    }
    for (size_t m = 0; m < s->k; m++) place[m] += place[m] >= s->except;
}

static size_t count_plainly(const ps_sampling *s, size_t samples, double limit,
                            bool below, bool even) {
    size_t place[MOST], found = 0;
    for (size_t r = 0; r < samples; r++) {
        double sum = 0;
        sample_plainly(s, r, even, place);
        for (size_t m = 0; m < s->k; m++)
            sum += (even ? 1 : s->weight[m]) * s->value[place[m]];
        if (even) sum *= s->weight[0];
        found += below ? sum <= limit : sum >= limit;
    }
    return found;
}

static void every_draw_is_the_documented_one(void **state) {
    (void)state;
    uint64_t seed = 8;
    static double value[MOST], weight[MOST];
    static int32_t place[MOST * PS_SAMPLES_AT_ONCE];
    static uint64_t seen[MOST / 64 + 1];
    for (int round = 0; round < 60; round++) {
        size_t n = 2 + (size_t)test_random_below(&seed, MOST - 2);
        size_t k =
            1 + (size_t)test_random_below(&seed, round % 2 == 0 ? n - 1 : 1 + n / 9);
        bool even = round % 3 != 0 || k == 1;
        for (size_t i = 0; i < n; i++) value[i] = (double)test_random_below(&seed, 9) - 4;
        for (size_t m = 0; m < k; m++)
            weight[m] = even ? 0.25 : 1 + (double)test_random_below(&seed, 5) / 4;
        if (!even) weight[0] = 7;
        ps_sampling s = {value,  n,   (size_t)test_random_below(&seed, n),
                         weight, k,   ps_draws_of((uint64_t)round, 3),
                         place,  seen};
        size_t samples = 1 + (size_t)test_random_below(&seed, 400);
        double limit = (double)test_random_below(&seed, 5) - 2;
        for (int below = 0; below < 2; below++)
            assert_int_equal(ps_sample_count(&s, samples, limit, below),
                             count_plainly(&s, samples, limit, below, even));
        for (size_t i = 0; i < MOST / 64 + 1; i++) assert_true(seen[i] == 0);
    }
}

/* Five others, three taken in order: weights 1, 10, 100 of values 1 to 5 name the sample.
 * Each of the 60 comes up equally often: chi-squared on 59, beyond 120 once in 10^5. */
static void every_ordered_sample_is_as_likely(void **state) {
    (void)state;
    enum { SAMPLES = 60000 };
    double value[] = {1, 2, 9, 3, 4, 5}, weight[] = {1, 10, 100};
    int32_t place[3 * PS_SAMPLES_AT_ONCE];
    uint64_t seen[1] = {0};
    ps_sampling s = {value, 6, 2, weight, 3, ps_draws_of(11, 12), place, seen};
    size_t kinds = 0, all = 0;
    double chi = 0;
    for (int name = 111; name <= 555; name++) {
        size_t these = ps_sample_count(&s, SAMPLES, name, true) -
                       ps_sample_count(&s, SAMPLES, name - 1, true);
        if (these == 0) continue;
        kinds++;
        all += these;
        chi += pow((double)these - SAMPLES / 60.0, 2) / (SAMPLES / 60.0);
    }
    assert_int_equal(kinds, 60);
    assert_int_equal(all, SAMPLES);
    if (!(chi < 120 && chi > 20)) fail_msg("chi-squared is %g", chi);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_draw_is_the_documented_one),
        cmocka_unit_test(every_ordered_sample_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
