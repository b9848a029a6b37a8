/* Distribution functions and their inverses (GSL; the only file that uses it). */
#ifndef PS_INDICATORS_DISTRIBUTION_H
#define PS_INDICATORS_DISTRIBUTION_H

/* z with P(|Z| <= z) = confidence for a standard normal Z; 1.959963984540054 at 0.95. */
double ps_normal_two_sided(double confidence);
/* x with P(X <= x) = p for a chi-squared X with k degrees of freedom, k > 0, 0 <= p < 1.
 */
double ps_chi_squared_quantile(double p, double k);

/* "2.7.1": the version of GSL at work. */
const char *ps_distribution_version(void);

#endif
