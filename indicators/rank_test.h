/* Ranks, and the tests that use nothing else.
 *
 * Source: Wilcoxon 1945, Biometrics Bulletin 1:80; Mann & Whitney 1947, Ann. Math.
 * Statist. 18:50; ties as in Lehmann 1975, Nonparametrics; Benjamini & Hochberg 1995,
 * JRSS B 57:289; Benjamini & Yekutieli 2001, Ann. Statist. 29:1165.
 */
#ifndef PS_INDICATORS_RANK_TEST_H
#define PS_INDICATORS_RANK_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

typedef enum ps_rank_order { PS_RANK_LOWEST_FIRST, PS_RANK_HIGHEST_FIRST } ps_rank_order;

/* Competition ranks: 1, 2, 2, 4. NAN has no rank (0) and takes no place. PS_NOMEM. */
ps_status ps_rank_min(const double *value, size_t n, ps_rank_order order, int64_t *rank,
                      ps_error *err) PS_MUST_CHECK;
/* Middle ranks, lowest first: 1, 2.5, 2.5, 4. No NAN. PS_NOMEM. */
ps_status ps_rank_middle(const double *value, size_t n, double *rank,
                         ps_error *err) PS_MUST_CHECK;

typedef struct ps_rank_test {
    double statistic; /* V of the signed ranks; U of the second sample */
    ps_value z, p;    /* two-sided, normal approximation, continuity 0.5 */
    ps_value greater; /* P(second higher) + P(equal) / 2, of two samples */
} ps_rank_test;

/* Are differences of pairs centred on 0? No NAN. Differences of 0 are dropped; nothing
 * left: z undefined, p is 1. PS_NOMEM. */
ps_status ps_wilcoxon_signed_rank(const double *difference, size_t n, ps_rank_test *out,
                                  ps_error *err) PS_MUST_CHECK;
/* Does one sample tend to higher values than the other? No NAN. All values equal: z
 * undefined, p is 1; an empty sample: all undefined. PS_NOMEM. */
ps_status ps_mann_whitney(const double *x1, size_t n1, const double *x2, size_t n2,
                          ps_rank_test *out, ps_error *err) PS_MUST_CHECK;

#endif
