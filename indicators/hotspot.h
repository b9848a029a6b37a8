/* Which hot spots last, and do they lie where deprivation is?
 *
 * Source: Haldane 1956, Ann Hum Genet 20:309 (odds ratio with zeros); Clifford,
 * Richardson & Hemon 1989, Biometrics 45:123 (correlation of maps).
 */
#ifndef PS_INDICATORS_HOTSPOT_H
#define PS_INDICATORS_HOTSPOT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

typedef struct ps_odds_ratio {
    ps_value ratio, lower, upper;
    bool corrected; /* one half was added to every cell, since one was 0 */
} ps_odds_ratio;

/* Odds of a against b over the odds of c against d, a d / (b c), with exp(ln ratio +- z
 * sqrt(1/a + 1/b + 1/c + 1/d)). Undefined when a + b, c + d, a + c or b + d is 0. */
ps_odds_ratio ps_odds_ratio_of(int64_t a, int64_t b, int64_t c, int64_t d,
                               double confidence);

typedef struct ps_map_correlation {
    ps_value r;
    ps_value n_effective; /* independent areas that would tell as much */
    ps_value p_naive, p;  /* two-sided, Student's t with n - 2 and n_effective - 2 */
} ps_map_correlation;

/* Pearson's r of two figures of the same areas, tested as maps are: neighbours are alike,
 * so that n areas tell less than n.
 * Rule     pairs of areas are put into `classes` distance classes of equal width, from 0
 * to the largest distance, an area with itself into a class of its own; V = sum over
 * classes of N_k C_x(k) C_y(k) / (n^2 s_x^2 s_y^2), C the mean product of deviations over
 * the N_k ordered pairs, s^2 with n; n_effective = 1 + 1 / V, at most n. Undefined for
 * fewer than 4 areas or without variation; n_effective and p also when V is not above 0
 * or n_effective is not above 2.
 * Shapes   x, y: n; east, north: n, in metres. Threads  parallel, the same bytes for any
 * number. Cost     O(n^2). */
ps_status ps_map_correlate(size_t n, const double *x, const double *y, const double *east,
                           const double *north, size_t classes, ps_map_correlation *out,
                           ps_error *err) PS_MUST_CHECK;

#endif
