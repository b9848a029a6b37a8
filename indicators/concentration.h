/* How unevenly is it spread? Concentration of counts over units.
 *
 * All units of the study area count, those without events too. With fewer events than
 * units even the most even spread leaves units empty; the generalised Gini takes that
 * into account, and a simulation shows what chance alone would give.
 *
 * Source: Weisburd 2015, Criminology 53:133; Bernasco & Steenbeek 2017, J. Quant.
 * Criminol. 33:451; methods note 8.3.
 */
#ifndef PS_INDICATORS_CONCENTRATION_H
#define PS_INDICATORS_CONCENTRATION_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

/* How few units hold a share of all events? */
typedef struct ps_units_needed {
    ps_value units; /* the smallest number that holds at least the share */
    ps_value share; /* of units, the last in part: 0 to 1 */
} ps_units_needed;

typedef struct ps_concentration {
    size_t n, n_missing; /* units with a value; without */
    double total;
    ps_value gini;
    ps_value
        generalised;    /* equals gini when there are at least as many events as units */
    ps_value top_share; /* of events in the units with most, 0 to 1 */
    ps_units_needed quarter, half;
    ps_value theil, hhi;
} ps_concentration;

/* Concentration over units of equal weight.
 * Shapes   count: n, NAN where missing; 0 < top <= 1 the share of units looked at.
 * Rule     of the top units the last counts in part. No events, or no units: undefined;
 *   one unit: gini 0. Negative counts are PS_FORMAT.
 * Errors   PS_NOMEM, PS_FORMAT. Threads pure. Cost O(n log n). */
ps_status ps_concentration_of(size_t n, const double *count, double top,
                              ps_concentration *out, ps_error *err) PS_MUST_CHECK;

/* Points of the Lorenz curve, and the Gini coefficient under it.
 * Shapes   population: n, or NULL for units of equal weight; x, y: n + 1 each, from (0,
 * 0) to (1, 1), or NULL; *points: how many were written. Rule     units in order of their
 * rate, lowest first; units with a missing count or population count for nothing, nor do
 * those with neither events nor people; events without people come last. No events or no
 * people: undefined, no points. Errors   PS_NOMEM; PS_FORMAT for negative numbers. */
ps_status ps_lorenz(size_t n, const double *count, const double *population, double *x,
                    double *y, size_t *points, ps_value *gini,
                    ps_error *err) PS_MUST_CHECK;

typedef struct ps_concentration_null {
    ps_value mean, lower, upper; /* of the generalised Gini under chance */
    ps_value p_value;            /* (1 + simulations at least as uneven) / (1 + all) */
    ps_value top_share;          /* mean under chance */
} ps_concentration_null;

/* What would chance give? `total` events dropped on the units, each time anew.
 * Shapes   weight: n chances, such as populations, or NULL for equal ones; observed: the
 *   generalised Gini to compare with.
 * Rule     no simulations, no events, no weight: not-applicable. A fractional total is
 *   rounded. Limits are order statistics of the simulations.
 * Errors   PS_NOMEM; PS_FORMAT for a weight that is negative or missing; PS_LIMIT when
 *   total * simulations passes 1e11.
 * Threads  the same bytes for any number: draws are keyed by seed, simulation, event.
 * Cost     O(simulations (total log n + n log n)). */
ps_status ps_concentration_null_of(size_t n, const double *weight, double total,
                                   double top, double observed, size_t simulations,
                                   uint64_t seed, double confidence,
                                   ps_concentration_null *out,
                                   ps_error *err) PS_MUST_CHECK;

#endif
