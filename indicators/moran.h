/* Do like values lie beside like ones? Moran's I for the whole map and for each area.
 *
 * Source: Moran 1950; Cliff & Ord 1981; Anselin 1995, Geogr Anal 27:93; Sokal, Oden &
 * Thomson 1998, Geogr Anal 30:331 (moments); Assuncao & Reis 1999, Stat Med 18:2147.
 */
#ifndef PS_INDICATORS_MORAN_H
#define PS_INDICATORS_MORAN_H

#include "indicators/value.h"
#include "indicators/weights.h"

typedef struct ps_moran {
    ps_value_status status; /* undefined: fewer than 4 units, or all values equal */
    double value, expected, variance_normal, variance_random;
    double p_permuted; /* one-sided, upper; NAN without permutations */
} ps_moran;

/* Global I.
 * Rule     z = x - mean; I = n / S0 * sum w_ij z_i z_j / sum z^2; E = -1 / (n - 1);
 * variances under normality and randomisation; p = (#{I* >= I} + 1) / (R + 1) over R
 * shuffles of x. Every unit has to have a neighbour (drop islands first).
 * Shapes   x: weights->n finite values.
 * Threads  the same result for any number; shuffle r is a function of seed and r. */
ps_status ps_moran_global(const ps_weights *weights, const double *x, size_t permutations,
                          uint64_t seed, ps_moran *out, ps_error *err) PS_MUST_CHECK;

/* Rates ready for Moran when populations differ: z_i = (p_i - b) / sqrt(v_i) with b =
 * sum O / sum P, v_i = a + b / P_i (b / P_i when that is negative), a = s^2 - b / mean P.
 * false, and z untouched, when there are no events or a population is not above 0. */
bool ps_moran_rates(size_t n, const double *events, const double *people, double *z);

typedef enum ps_moments {
    PS_MOMENTS_CONDITIONAL, /* x_i stays, the others are shuffled */
    PS_MOMENTS_TOTAL        /* all are shuffled */
} ps_moments;

typedef struct ps_local_moran {
    ps_value_status status;                 /* of value */
    double value, expected, variance, z, p; /* z, p: two-sided, NAN with zero variance */
    double p_permuted; /* folded, one-sided; NAN without permutations or variation */
    char quadrant[3];  /* HH, LL, HL, LH by the signs of z and lag z; empty on 0 */
} ps_local_moran;

/* Local I.
 * Rule     I_i = z_i / m2 * sum w_ij z_j, m2 = sum z^2 / n; moments as chosen.
 * Conditional permutation: k_i of the other values without replacement, R times; p =
 * (min(#>=, #<) + 1) / (R + 1), equal up to 1e-12 counting as equal. Shapes   x:
 * weights->n; unit: the unit of each area's draws; out: weights->n. Threads  parallel
 * over areas; the same bytes for any number. Cost     O(entries * R). */
ps_status ps_moran_local(const ps_weights *weights, const double *x, ps_moments moments,
                         size_t permutations, uint64_t seed, const uint64_t *unit,
                         ps_local_moran *out, ps_error *err) PS_MUST_CHECK;

#endif
