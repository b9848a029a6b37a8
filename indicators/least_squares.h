/* Linear least squares and symmetric systems (GSL; one file, least_squares_gsl.c). */
#ifndef PS_INDICATORS_LEAST_SQUARES_H
#define PS_INDICATORS_LEAST_SQUARES_H

#include <stddef.h>

#include "engine/core/status.h"

/* Weighted least squares of y on the columns of x, by QR of the scaled rows.
 * Shapes   x: n rows of p, row by row; y, weight: n (weight NULL: all 1); beta: p,
 * covariance: p * p, the unscaled inverse of X'WX (both the caller's; covariance may be
 * NULL). Errors   PS_FORMAT when the columns are linearly dependent or n < p. Source
 * Golub & Van Loan, Matrix Computations, 5.3. */
ps_status ps_least_squares(size_t n, size_t p, const double *x, const double *y,
                           const double *weight, double *beta, double *covariance,
                           ps_error *err) PS_MUST_CHECK;

#endif
