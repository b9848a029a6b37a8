/* Many tests at once: which p values stand when all are looked at?
 * Rule     step-up: sorted ascending, adj_(i) = min over j >= i of min(1, c m p_(j) / j),
 * m the number of p values that are there; c = 1 (BH) or the sum of 1/i (BY, any
 * dependence). Shapes   p, adjusted: n; NAN where missing, and then missing again.
 * Source   Benjamini & Hochberg 1995, JRSS B 57:289; Benjamini & Yekutieli 2001. */
#ifndef PS_INDICATORS_FALSE_DISCOVERY_H
#define PS_INDICATORS_FALSE_DISCOVERY_H

#include <stddef.h>

#include "engine/core/status.h"

typedef enum ps_correction {
    PS_CORRECTION_BH,
    PS_CORRECTION_BY,
    PS_CORRECTION_NONE
} ps_correction;

ps_status ps_false_discovery(size_t n, const double *p, ps_correction correction,
                             double *adjusted, ps_error *err) PS_MUST_CHECK;

#endif
