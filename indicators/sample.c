/* Sixty-four samples are drawn step by step together, so that each step is a loop over
 * equal work, which the compiler lays out over the registers that the processor has. */
#include "indicators/sample.h"

#include "engine/core/lanes.h"

enum { LANES = PS_SAMPLES_AT_ONCE, HALF = LANES / 2 };

/* Beyond this the search for a place that was drawn before costs more than a table. */
static const size_t MOST_SEARCHED = 96;

static inline __attribute__((always_inline)) void numbers_below(ps_draws draws,
                                                                uint64_t step,
                                                                uint32_t below,
                                                                uint32_t *out) {
    uint64_t bits[HALF];
    for (size_t l = 0; l < HALF; l++) bits[l] = ps_draw_bits(draws, step * HALF + l);
    for (size_t l = 0; l < HALF; l++) {
        out[l] = (uint32_t)(((bits[l] & 0xFFFFFFFF) * below) >> 32);
        out[l + HALF] = (uint32_t)(((bits[l] >> 32) * below) >> 32);
    }
}

/* Floyd's rule: a place that was drawn before stands for the new last place, which none
 * can have drawn. */
static inline __attribute__((always_inline)) void take_searching(const int32_t *place,
                                                                 size_t m, uint32_t top,
                                                                 uint32_t *pick) {
    uint32_t again[LANES] = {0};
    for (size_t u = 0; u < m; u++)
        for (size_t l = 0; l < LANES; l++)
            again[l] |= (uint32_t)place[u * LANES + l] == pick[l] ? UINT32_MAX : 0;
    for (size_t l = 0; l < LANES; l++) pick[l] = again[l] != 0 ? top : pick[l];
}

/* The same of one sample after the other, for large samples. */
static void take_marking(const ps_sampling *s) {
    for (size_t l = 0; l < LANES; l++) {
        int32_t *place = s->place + l;
        for (size_t m = 0; m < s->k; m++) {
            uint32_t at = (uint32_t)place[m * LANES];
            if ((s->seen[at / 64] >> at % 64 & 1) != 0)
                at = (uint32_t)(s->n - 1 - s->k + m);
            s->seen[at / 64] |= (uint64_t)1 << at % 64;
            place[m * LANES] = (int32_t)at;
        }
        for (size_t m = 0; m < s->k; m++) s->seen[place[m * LANES] / 64] = 0;
    }
}

static inline __attribute__((always_inline)) void draw_sets(const ps_sampling *s,
                                                            uint64_t first) {
    bool searching = s->k <= MOST_SEARCHED;
    for (size_t m = 0; m < s->k; m++) {
        uint32_t top = (uint32_t)(s->n - 1 - s->k + m), pick[LANES];
        numbers_below(s->draws, first + m, top + 1, pick);
        if (searching) take_searching(s->place, m, top, pick);
        for (size_t l = 0; l < LANES; l++) s->place[m * LANES + l] = (int32_t)pick[l];
    }
    if (!searching) take_marking(s);
    for (size_t e = 0; e < s->k * LANES; e++)
        s->place[e] += s->place[e] >= (int32_t)s->except;
}

static void put_in_order(const ps_sampling *s, uint64_t first) {
    for (size_t m = s->k; m > 1; m--) {
        uint32_t pick[LANES];
        numbers_below(s->draws, first + s->k - m, (uint32_t)m, pick);
        for (size_t l = 0; l < LANES; l++) {
            int32_t *a = &s->place[pick[l] * LANES + l],
                    *b = &s->place[(m - 1) * LANES + l];
            int32_t swap = *a;
            *a = *b;
            *b = swap;
        }
    }
}

static inline __attribute__((always_inline)) size_t count(const ps_sampling *s,
                                                          size_t samples, double limit,
                                                          bool below) {
    bool even = true;
    for (size_t m = 1; m < s->k; m++) even = even && s->weight[m] == s->weight[0];
    uint64_t steps = even ? s->k : 2 * s->k - 1;
    size_t found = 0;
    for (size_t b = 0; b * LANES < samples; b++) {
        double sum[LANES] = {0};
        draw_sets(s, b * steps);
        if (!even) put_in_order(s, b * steps + s->k);
        for (size_t m = 0; m < s->k; m++) {
            double weight = even ? 1 : s->weight[m];
            for (size_t l = 0; l < LANES; l++)
                sum[l] += weight * s->value[s->place[m * LANES + l]];
        }
        size_t left = samples - b * LANES, lanes = left < LANES ? left : LANES;
        for (size_t l = 0; l < lanes; l++) {
            double lag = even ? sum[l] * s->weight[0] : sum[l];
            found += below ? lag <= limit : lag >= limit;
        }
    }
    return found;
}

#if defined __x86_64__
__attribute__((target("avx2"))) static size_t count_avx2(const ps_sampling *s,
                                                         size_t samples, double limit,
                                                         bool below) {
    return count(s, samples, limit, below);
}

__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) static size_t count_avx512(
    const ps_sampling *s, size_t samples, double limit, bool below) {
    return count(s, samples, limit, below);
}
#endif

size_t ps_sample_count(const ps_sampling *s, size_t samples, double limit, bool below) {
#if defined __x86_64__
    if (ps_lanes_avx512()) return count_avx512(s, samples, limit, below);
    if (ps_lanes_avx2()) return count_avx2(s, samples, limit, below);
#endif
    return count(s, samples, limit, below);
}
