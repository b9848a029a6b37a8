/* Rounding of counts for publication: each for itself, or all together so that sums still
 * hold.
 *
 * Source: GSS/ONS, Disclosure control guidance for tables; Causey, Cox & Ernst 1985, JASA
 * 80:903 (controlled rounding).
 */
#ifndef PS_INDICATORS_ROUNDING_H
#define PS_INDICATORS_ROUNDING_H

#include "indicators/linked_cells.h"

/* A count to a multiple of base: the nearest, half up; every cell for itself, so tables
 * do not add up. count >= 0, base > 0. */
int64_t ps_round_nearest(int64_t count, int64_t base);
/* Up with probability remainder / base, so that the expectation is the count; u is
 * uniform in (0, 1). */
int64_t ps_round_random(int64_t count, int64_t base, double u);

/* Which multiples of base stand for all the counts of a release so that every sum holds
 * and the counts move least in sum?
 * Shapes   count: n, -1 where missing; draw: n numbers in (0, 1) that decide between
 * tables of equal distance; out: n, every cell written, -1 where missing. Rule     every
 * cell becomes one of the multiples on its two sides, a multiple stays. Tables of three
 * dimensions may have no such rounding: then cells may go one multiple further, then two.
 * *further tells how many it took. An equation whose total is missing, or that a missing
 * member leaves open, says nothing. Errors   PS_FORMAT as ps_disclose; PS_LIMIT when
 * nothing adds up, or for a count above PS_CELL_MOST; PS_NOMEM. Threads  one; the result
 * depends on the input alone. Cost     one integer programme over all cells. Up to two
 * dimensions its linear form has a whole solution already. */
ps_status ps_round_controlled(size_t n, const int64_t *count,
                              const ps_equations *equations, int64_t base,
                              const double *draw, int64_t *out, int *further,
                              ps_error *err) PS_MUST_CHECK;

#endif
