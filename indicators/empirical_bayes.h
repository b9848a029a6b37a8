/* How high would a rate be if small areas borrowed strength from all, or from their
 * neighbours?
 *
 * Rule     global: b = sum O / sum P, s^2 = sum P (p - b)^2 / sum P, a = max(0, s^2 - b /
 * mean P), estimate = b + (p - b) a / (a + b / P). Local: the same over an area and its
 * neighbours, with C_i = sum P_j (p_j - m)^2 about the area's own local mean m_i (shared)
 * or about each neighbour's own m_j (own). No events around: 0.
 * Shapes   events >= 0, people > 0, both n; estimate: n, per person.
 * Source   Marshall 1991, JRSS C 40:283. */
#ifndef PS_INDICATORS_EMPIRICAL_BAYES_H
#define PS_INDICATORS_EMPIRICAL_BAYES_H

#include "indicators/value.h"
#include "indicators/weights.h"

void ps_bayes_global(size_t n, const double *events, const double *people,
                     double *estimate);

typedef enum ps_bayes_spread { PS_BAYES_SHARED, PS_BAYES_OWN } ps_bayes_spread;

/* Uses who is a neighbour, not the weights. */
ps_status ps_bayes_local(const ps_weights *weights, const double *events,
                         const double *people, ps_bayes_spread spread, double *estimate,
                         ps_error *err) PS_MUST_CHECK;

#endif
