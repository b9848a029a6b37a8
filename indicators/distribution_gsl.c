/* GSL reports trouble through one handler for the whole process, which ends the program
 * unless it is replaced. It is switched off before the first call; every result is
 * checked here instead.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>
#include <math.h>
#include <pthread.h>

#include "indicators/distribution.h"

static pthread_once_t handler_once = PTHREAD_ONCE_INIT;

static void switch_handler_off(void) {
    gsl_set_error_handler_off();
}

double ps_normal_two_sided(double confidence) {
    return gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2);
}

/* How far P(X <= x) is from p, relative to the smaller tail; negative when x is too
 * small. */
static double miss(double x, double p, double k) {
    if (p <= 0.5) return gsl_cdf_chisq_P(x, k) / p - 1;
    return 1 - gsl_cdf_chisq_Q(x, k) / (1 - p);
}

/* GSL's Newton iteration starts badly for few degrees of freedom with a small p, and far
 * out in the tails of many. Bisection on the logarithm of x cannot fail. */
static double quantile_by_bisection(double p, double k) {
    double low = log(5e-324), high = log(k + 50 * sqrt(k) + 2000);
    for (int i = 0; i < 200; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (miss(exp(middle), p, k) < 0)
            low = middle;
        else
            high = middle;
    }
    return exp(high);
}

double ps_chi_squared_quantile(double p, double k) {
    pthread_once(&handler_once, switch_handler_off);
    if (p <= 0) return 0;
    /* Near 0 the distribution function is (x/2)^(k/2) / Gamma(k/2 + 1); where its inverse
     * is smaller than any double, the quantile is 0. */
    if ((lgamma(k / 2 + 1) + log(p)) * 2 / k < -744) return 0;
    double x = gsl_cdf_chisq_Pinv(p, k);
    if (isfinite(x) && x > 0 && fabs(miss(x, p, k)) <= 1e-12) return x;
    return quantile_by_bisection(p, k);
}

const char *ps_distribution_version(void) {
    return gsl_version;
}
