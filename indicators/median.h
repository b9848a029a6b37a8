/* What half of them do not reach: the median, for values that a few very large ones would
 * carry away, such as years until something is told.
 */
#ifndef PS_INDICATORS_MEDIAN_H
#define PS_INDICATORS_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

#include "indicators/value.h"

typedef struct ps_median {
    ps_estimate estimate;
    int64_t n, n_missing;
    int64_t rank; /* of the limits among the values, from either end; 0: no limits */
} ps_median;

/* The median of n values, NAN where missing, with the interval of Thompson (1936).
 * Shapes   value is sorted in place, missing ones last.
 * Rule     of an even number the mean of the two in the middle. The limits are values
 *   themselves, those of the greatest rank r with P(fewer than r of n coins fall) at most
 *   (1 - confidence) / 2, whatever the values are distributed like; of too few values, up
 *   to five at 0.95, undefined. No value: missing.
 * Threads  pure. Cost O(n log n). */
ps_median ps_median_of(double *value, size_t n, double confidence);

#endif
