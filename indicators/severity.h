/* How serious is the crime, not only how much of it? Severity scores.
 *
 * Weights by category are the user's, with a version; they are never mixed. Source: ONS,
 * Crime Severity Score (Experimental Statistics); methods note 8.2.
 */
#ifndef PS_INDICATORS_SEVERITY_H
#define PS_INDICATORS_SEVERITY_H

#include <stddef.h>

#include "indicators/value.h"

typedef struct ps_severity {
    ps_value score, se, lower, upper; /* sum of count * weight per multiplier people */
    ps_value mean;                    /* weight per weighted crime */
    ps_value without_top;             /* score without the category of greatest weight */
    ps_value unweighted_share;        /* of all crime, 0 to 1 */
    size_t n_unweighted;              /* categories with crime and no weight */
    bool incomplete;                  /* more than 2 % of crime has no weight */
} ps_severity;

/* The severity of one area and period.
 * Shapes   count, weight: k categories; weight NAN where there is none; counts >= 0.
 * Rule     a missing count or population: missing. No population: undefined, or
 *   denominator-zero-with-events. No weighted crime: score 0, mean undefined. The
 * standard error takes counts as Poisson. Top category: greatest weight among those with
 * crime, the first of equals. Negative counts or weights: undefined. */
ps_severity ps_severity_of(size_t k, const double *count, const double *weight,
                           double population, double multiplier, double confidence);

#endif
