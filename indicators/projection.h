/* Where will the year end? The months so far and what the rest of the year adds.
 *
 * Source: methods note 7.7; the negative binomial is the prediction of a Poisson count
 * whose mean has a gamma distribution.
 */
#ifndef PS_INDICATORS_PROJECTION_H
#define PS_INDICATORS_PROJECTION_H

#include "indicators/target.h"
#include "indicators/trend.h"

typedef struct ps_projection {
    ps_value total, lower, upper; /* of the whole year */
    ps_value prob_met; /* P(the total reaches the goal); not-applicable without */
} ps_projection;

/* The mean share of a year that its first months have had.
 * Shapes   part, year: counts of the same months and of the whole year, k years.
 * Rule     years with a missing value or a total of 0 count for nothing; none left:
 *   missing. *used: how many were. */
ps_value ps_projection_share(size_t k, const double *part, const double *year,
                             size_t *used);

/* Pro rata: total = ytd / share.
 * Rule     the rest of the year is negative binomial with mean m = ytd (1 - share) /
 * share and variance phi (m + m^2 / ytd), phi = max(dispersion, 1) (NAN: 1). ytd = 0 or
 * share = 0: undefined; share >= 1: nothing is to come. goal may be NULL. Not finite or
 *   negative: missing. */
ps_projection ps_projection_pro_rata(double ytd, double share, double dispersion,
                                     const ps_goal *goal, double confidence);

/* By the trend model: total = ytd + predicted means of the months to come.
 * Shapes   months: n of them, t counted from the first month of the series; exposure: n,
 *   or NULL; regressor: n rows of trend->n_regressor, or NULL for none at work.
 * Rule     variance: sum of mean * phi (negative binomial: mean + mean^2 / theta) plus
 * that of the coefficients; normal limits, the lower not below ytd; probability with
 *   continuity correction. A trend that was not fitted: its status.
 * Errors   PS_NOMEM. */
ps_status ps_projection_model(const ps_trend *trend, double ytd, size_t n,
                              const size_t *months, const double *exposure,
                              const double *regressor, const ps_goal *goal,
                              double confidence, ps_projection *out,
                              ps_error *err) PS_MUST_CHECK;

#endif
