/* An index of multiple deprivation from its domains.
 *
 * Source: McLennan et al. 2019, The English Indices of Deprivation 2019: Technical
 * report, chapter 3.
 */
#ifndef PS_INDICATORS_DEPRIVATION_INDEX_H
#define PS_INDICATORS_DEPRIVATION_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

enum { PS_IMD_DOMAINS = 7 };
/* Income, employment, health, education, crime, barriers, living environment. The
 * published weights add up to 0.999 and are used as they are. */
extern const double ps_imd_weight[PS_IMD_DOMAINS];

/* The exponential transformation of a rank (1 = most deprived, may be a middle rank of
 * ties) among n: 100 for the most deprived, near 0 for the least. NAN outside [1, n]. */
double ps_imd_transform(double rank, size_t n);

/* The index from domain ranks.
 * Shapes   domain_rank, x: n rows of 7 in the order above; NAN: absent; x: transformed
 *          scores (NULL: not wanted); score and rank: n, NAN and 0 where a domain is
 *          absent.
 * Rule     an area without one of its domains has no score; n counts only areas with all.
 *          rank 1 = highest score, equal scores share the lowest rank.
 * Errors   PS_NOMEM; PS_FORMAT for a rank outside [1, n]. */
ps_status ps_imd_build(size_t n, const double *domain_rank,
                       const double weight[PS_IMD_DOMAINS], double *x, double *score,
                       int64_t *rank, ps_error *err) PS_MUST_CHECK;

#endif
