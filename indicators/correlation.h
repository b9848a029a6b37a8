/* Do two figures of the same areas go together, as money and need?
 *
 * Source: Pearson 1895; Spearman 1904, Am. J. Psychol. 15:72; limits by Fisher 1915,
 * Biometrika 10:507, of ranks with the variance of Bonett & Wright 2000, Psychometrika
 * 65:23.
 */
#ifndef PS_INDICATORS_CORRELATION_H
#define PS_INDICATORS_CORRELATION_H

#include <stddef.h>

#include "engine/core/status.h"
#include "indicators/steps.h"
#include "indicators/value.h"

typedef enum ps_correlation_kind {
    PS_CORRELATION_PEARSON, /* on a line */
    PS_CORRELATION_SPEARMAN /* in the same order: Pearson's of middle ranks */
} ps_correlation_kind;

typedef struct ps_correlation {
    ps_estimate value; /* -1 to 1 */
    ps_value p;        /* two-sided, Student's t with n - 2 */
} ps_correlation;

/* How closely do y and x go together? No NAN. Areas are taken as independent of each
 * other; neighbours seldom are, so that p is too small rather than too large.
 * Rule     fewer than 3 pairs, or all of x or y equal: undefined. Limits from 4 pairs on,
 *   and not of a correlation of 1 or -1.
 * Errors   PS_NOMEM. Threads pure. Cost O(n log n). */
ps_status ps_correlate(const double *x, const double *y, size_t n,
                       ps_correlation_kind kind, double confidence, ps_correlation *out,
                       ps_error *err) PS_MUST_CHECK;

/* The working of Pearson's r, see steps.h; what: "values" or "ranks". */
void ps_correlation_steps(ps_output *steps, const char *what, const double *x,
                          const double *y, size_t n);

#endif
