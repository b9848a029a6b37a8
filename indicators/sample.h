/* How many random samples of the other areas' values are as extreme as the neighbours
 * are? Sampling without replacement, 64 samples at a time.
 *
 * Source: Floyd in Bentley & Floyd 1987, CACM 30:754 (sets); Durstenfeld 1964, CACM 7:420
 * (their order); Lemire 2019, ACM TOMACS 29:3 (numbers below a limit).
 */
#ifndef PS_INDICATORS_SAMPLE_H
#define PS_INDICATORS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indicators/draw.h"

enum { PS_SAMPLES_AT_ONCE = 64 };

/* Samples of k of the n - 1 units beside `except`. */
typedef struct ps_sampling {
    const double *value;  /* n */
    size_t n, except;     /* 2 <= n <= 2^31, except < n */
    const double *weight; /* k, above 0 */
    size_t k;             /* 1 .. n - 1 */
    ps_draws draws;
    int32_t *place; /* scratch: 64 k */
    uint64_t *seen; /* scratch: (n + 63) / 64 words, all 0 before and after */
} ps_sampling;

/* The number of samples 0 .. samples - 1 whose weighted sum reaches `limit`: from above
 * (sum >= limit), or with `below` from below (sum <= limit).
 * Rule     every sample is one of all ordered samples with equal chance, up to a share of
 * n / 2^32. When all weights are equal their order does not matter and is not drawn.
 * Draws    64 samples form a block of k steps (of 2 k - 1 when the weights differ). Step
 * m of block b takes the 32 numbers from (b steps + m) 32 on: the low halves are of the
 * samples 64 b .. 64 b + 31, the high halves of the next 32. So the result depends on
 * nothing but the arguments; where the processor has wider registers it only comes
 * sooner. Cost     O(k samples). */
size_t ps_sample_count(const ps_sampling *sampling, size_t samples, double limit,
                       bool below);

#endif
