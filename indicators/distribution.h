/* Distribution functions and their inverses (GSL; the only file that uses it). */
#ifndef PS_INDICATORS_DISTRIBUTION_H
#define PS_INDICATORS_DISTRIBUTION_H

#include <stdint.h>

/* z with P(|Z| <= z) = confidence for a standard normal Z; 1.959963984540054 at 0.95. */
double ps_normal_two_sided(double confidence);
/* x with P(X <= x) = p for a chi-squared X with k degrees of freedom, k > 0, 0 <= p < 1.
 */
double ps_chi_squared_quantile(double p, double k);

/* P(Z <= z), P(Z > z) and z with P(Z <= z) = p, for a standard normal Z; 0 < p < 1. */
double ps_normal_cdf(double z);
double ps_normal_tail(double z);
double ps_normal_quantile(double p);
/* P(T <= t) for Student's T with df > 0 degrees of freedom, real; and its inverse. */
double ps_student_cdf(double t, double df);
double ps_student_quantile(double p, double df);
/* P(X > x) for a chi-squared X with k degrees of freedom. */
double ps_chi_squared_tail(double x, double k);
/* P(F > f) for Fisher's F with d1, d2 degrees of freedom. */
double ps_f_tail(double f, double d1, double d2);
/* Regularised incomplete gamma functions: lower P(a, x), upper Q(a, x); a > 0, x >= 0. */
double ps_gamma_lower(double a, double x);
double ps_gamma_upper(double a, double x);
/* Regularised incomplete beta function I_x(a, b) and x with I_x(a, b) = p; a, b > 0. */
double ps_beta_cdf(double x, double a, double b);
double ps_beta_quantile(double p, double a, double b);
/* Point probabilities and P(X <= k), no overflow for counts near 1e6. */
double ps_binomial_pmf(int64_t k, int64_t n, double p);
double ps_binomial_cdf(int64_t k, int64_t n, double p);
double ps_poisson_pmf(int64_t k, double mean);
double ps_poisson_cdf(int64_t k, double mean);
/* Negative binomial with size (may be fractional) and mean: P(X <= k) and the least k
 * with P(X <= k) >= p. */
double ps_negative_binomial_cdf(int64_t k, double size, double mean);
int64_t ps_negative_binomial_quantile(double p, double size, double mean);
/* P(X = k): k marked among n drawn without replacement from `marked` and `plain`. */
double ps_hypergeometric_pmf(int64_t k, int64_t marked, int64_t plain, int64_t n);
double ps_log_gamma(double x);
/* digamma(x + y) - digamma(x) for x > 0, y >= 0, which for large x a subtraction would
 * leave without digits. */
double ps_digamma_rise(double x, double y);
double ps_trigamma(double x);

/* "2.7.1": the version of GSL at work. */
const char *ps_distribution_version(void);

#endif
