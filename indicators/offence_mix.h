/* Which kinds of offence, and where: location quotients, change by type, and the shift
 * between places. Source: methods note 8.4, 8.5.
 */
#ifndef PS_INDICATORS_OFFENCE_MIX_H
#define PS_INDICATORS_OFFENCE_MIX_H

#include <stddef.h>

#include "indicators/value.h"

typedef struct ps_location_quotient {
    ps_value value, lower, upper;
    bool few; /* fewer than 5 events */
} ps_location_quotient;

/* Is a type over-represented in an area, against all areas together?
 * Shapes   cell: events of the type in the area; area: all events of the area; type: of
 *   the type in all areas; all: everything.
 * Rule     (cell / area) / (type / all). Area, type or all 0: undefined. cell = 0: 0,
 *   limits not-applicable (log scale). NAN: missing; negative, or a part above its whole:
 *   undefined. Source: methods note 8.4. */
ps_location_quotient ps_location_quotient_of(double cell, double area, double type,
                                             double all, double confidence);

typedef struct ps_contribution {
    ps_value points; /* 100 (x2 - x1) / total 1: points of the change of the total */
    ps_estimate share1, share2; /* percent of the totals, Wilson */
} ps_contribution;

/* What does a type add to the change of the total?
 * Rule     total 1 of 0: points undefined. simultaneous: number of shares looked at
 *   together; their limits then hold together (Bonferroni), with a level held below 1. */
ps_contribution ps_contribution_of(double x1, double x2, double total1, double total2,
                                   size_t simultaneous, double confidence);

#endif
