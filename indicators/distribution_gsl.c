/* Distributions from GSL, with a guard wherever GSL loses digits or gives up.
 *
 * Point probabilities are built from gsl_sf_gammastar and gsl_sf_log_1plusx_mx in the
 * saddle-point form (Loader 2000, Fast and accurate computation of binomial
 * probabilities), which keeps all digits for counts of a million, where a difference of
 * logarithms of factorials keeps nine. The continued fraction of the incomplete beta
 * function stops after 512 terms, too few near the peak of large parameters; there the
 * density of the log-odds is integrated outwards by Gauss-Kronrod rules
 * (gsl_integration_qng), in which all terms have one sign. Quantiles are Newton steps on
 * the logarithm of the smaller tail inside a bracket, so that they cannot run away.
 *
 * GSL reports trouble through one handler for the whole process, which ends the program
 * unless it is replaced. It is switched off before the first call; every result is
 * checked here instead.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_log.h>
#include <gsl/gsl_sf_psi.h>
#include <gsl/gsl_version.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>

#include "indicators/distribution.h"

/* From this sum of parameters on the beta density is integrated, since the continued
 * fraction may need more than its 512 terms. */
static const double LARGE = 10000;

static pthread_once_t handler_once = PTHREAD_ONCE_INIT;

static void switch_handler_off(void) {
    gsl_set_error_handler_off();
}

static void be_ready(void) {
    pthread_once(&handler_once, switch_handler_off);
}

/* ---- normal ---- */

double ps_normal_two_sided(double confidence) {
    be_ready();
    return gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2);
}

double ps_normal_cdf(double z) {
    return erfc(-z * M_SQRT1_2) / 2;
}

double ps_normal_tail(double z) {
    return erfc(z * M_SQRT1_2) / 2;
}

double ps_normal_quantile(double p) {
    be_ready();
    return gsl_cdf_ugaussian_Pinv(p);
}

/* ---- gamma, chi-squared, Poisson ---- */

double ps_log_gamma(double x) {
    be_ready();
    return gsl_sf_lngamma(x);
}

/* Moved up by the recurrence until the asymptotic series holds, whose terms are then
 * subtracted one by one. Abramowitz & Stegun 1964, 6.3.5 and 6.3.18. */
double ps_digamma_rise(double x, double y) {
    static const double term[] = {1.0 / 12,   -1.0 / 120, 1.0 / 252,
                                  -1.0 / 240, 1.0 / 132,  -691.0 / 32760};
    enum { SERIES_FROM = 16 };
    double sum = 0;
    for (; x < SERIES_FROM; x++) sum += y / (x * (x + y));
    double a = 1 / x, b = 1 / (x + y), a2 = a * a, b2 = b * b, p = 1, q = 1;
    sum += log1p(y / x) + y * a * b / 2;
    for (size_t k = 0; k < sizeof term / sizeof *term; k++) {
        p *= a2;
        q *= b2;
        sum += term[k] * (p - q);
    }
    return sum;
}

double ps_trigamma(double x) {
    be_ready();
    return gsl_sf_psi_1(x);
}

double ps_gamma_lower(double a, double x) {
    be_ready();
    return gsl_sf_gamma_inc_P(a, x);
}

double ps_gamma_upper(double a, double x) {
    be_ready();
    return gsl_sf_gamma_inc_Q(a, x);
}

double ps_chi_squared_tail(double x, double k) {
    return x <= 0 ? 1 : ps_gamma_upper(k / 2, x / 2);
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
    be_ready();
    if (p <= 0) return 0;
    /* Near 0 the distribution function is (x/2)^(k/2) / Gamma(k/2 + 1); where its inverse
     * is smaller than any double, the quantile is 0. */
    if ((lgamma(k / 2 + 1) + log(p)) * 2 / k < -744) return 0;
    double x = gsl_cdf_chisq_Pinv(p, k);
    if (isfinite(x) && x > 0 && fabs(miss(x, p, k)) <= 1e-12) return x;
    return quantile_by_bisection(p, k);
}

/* x log(x / m) + m - x without cancellation, for x > 0 and m > 0. */
static double deviance(double x, double m) {
    double u = (m - x) / x;
    if (fabs(u) < 0.5) return -x * gsl_sf_log_1plusx_mx(u);
    return x * log(x / m) + m - x;
}

/* log Gamma(x + 1) less the main terms of Stirling's formula. */
static double stirling_rest(double x) {
    return log(gsl_sf_gammastar(x));
}

double ps_poisson_pmf(int64_t k, double mean) {
    be_ready();
    double x = (double)k;
    if (k < 0) return 0;
    if (mean <= 0) return k == 0 ? 1 : 0;
    if (k == 0) return exp(-mean);
    return exp(-stirling_rest(x) - deviance(x, mean)) / sqrt(2 * M_PI * x);
}

double ps_poisson_cdf(int64_t k, double mean) {
    if (k < 0) return 0;
    if (mean <= 0) return 1;
    return ps_gamma_upper((double)k + 1, mean);
}

/* ---- binomial and relatives ---- */

/* (x + y)! / (x! y!) p^x q^y with Gamma functions for real x and y. */
static double binomial_point(double x, double y, double p, double q) {
    double n = x + y;
    if (x <= 0) return p <= 0 ? 1 : exp(n * (p < 0.5 ? log1p(-p) : log(q)));
    if (y <= 0) return q <= 0 ? 1 : exp(n * (q < 0.5 ? log1p(-q) : log(p)));
    if (p <= 0 || q <= 0) return 0;
    double rest = stirling_rest(n) - stirling_rest(x) - stirling_rest(y);
    return exp(rest - deviance(x, n * p) - deviance(y, n * q)) *
           sqrt(n / (2 * M_PI * x * y));
}

double ps_binomial_pmf(int64_t k, int64_t n, double p) {
    be_ready();
    if (k < 0 || k > n) return 0;
    return binomial_point((double)k, (double)(n - k), p, 1 - p);
}

double ps_hypergeometric_pmf(int64_t k, int64_t marked, int64_t plain, int64_t n) {
    be_ready();
    if (k < 0 || k > marked || n - k < 0 || n - k > plain) return 0;
    double all = (double)marked + (double)plain;
    if (n == 0 || (double)n >= all) return 1;
    double p = (double)n / all, q = (all - (double)n) / all;
    return binomial_point((double)k, (double)(marked - k), p, q) *
           binomial_point((double)(n - k), (double)(plain - n + k), p, q) /
           binomial_point((double)n, all - (double)n, p, q);
}

/* ---- beta ---- */

typedef struct beta_shape {
    double a, b;
    double n;        /* a + b */
    double constant; /* what does not depend on x */
} beta_shape;

static beta_shape shape_of(double a, double b) {
    double n = a + b;
    double rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
    return (beta_shape){a, b, n, exp(rest) * sqrt(a * (b / n) / (2 * M_PI))};
}

/* x^a y^b / B(a, b), y being 1 - x. */
static double beta_point(const beta_shape *s, double x, double y) {
    if (!(x > 0 && y > 0)) return 0;
    return s->constant * exp(-deviance(s->a, s->n * x) - deviance(s->b, s->n * y));
}

/* The beta density over the log-odds v of x: unimodal with exponential tails and smooth
 * whatever a and b, its peak at the mean. */
static double beta_density(double v, void *context) {
    return beta_point(context, 1 / (1 + exp(-v)), 1 / (1 + exp(v)));
}

/* The integral of the density from v outwards, v lying on that side (+1 or -1) of the
 * peak. Pieces shrink with the steepness, so that each rule sees a factor of at most
 * about e^5. */
static double integrate_outwards(const beta_shape *shape, double v, int side) {
    enum { MOST_PIECES = 2000 };
    beta_shape own = *shape, *s = &own;
    gsl_function f = {beta_density, s};
    double scale = sqrt(1 / s->a + 1 / s->b), total = 0, at = v;
    for (int i = 0; i < MOST_PIECES; i++) {
        double here = beta_density(at, s), step = scale / 64;
        double fall = log(here / beta_density(at + side * step, s)) / step;
        double next = at + side * 3 / fmax(1 / scale, fall);
        double piece = 0, error = 0;
        size_t evaluations = 0;
        if (!isfinite(next)) break;
        (void)gsl_integration_qng(&f, fmin(at, next), fmax(at, next), 0, 1e-13, &piece,
                                  &error, &evaluations);
        total += piece;
        if (!(piece > total * 1e-18)) break;
        at = next;
    }
    return total;
}

/* P(X <= x) below the mean by GSL's continued fraction, in which the factor in front,
 * from logarithms that cancel, is exchanged for ours. NAN when the fraction did not end.
 */
static double lower_by_fraction(const beta_shape *s, double x, double y) {
    double tail = gsl_cdf_beta_P(x, s->a, s->b);
    double factor = exp(-gsl_sf_lnbeta(s->a, s->b) + s->a * log(x) + s->b * log1p(-x));
    double ours = beta_point(s, x, y);
    if (!(factor > 1e-290 && ours > 1e-290)) return tail;
    /* GSL's own rule for which tail the fraction gives. */
    bool direct = x < (s->a + 1) / (s->n + 2);
    return direct ? tail * (ours / factor) : 1 - (1 - tail) * (ours / factor);
}

/* P(X <= x), or P(X > x) when above; y = 1 - x is given apart, so that neither end loses
 * digits. */
static double beta_tail(const beta_shape *s, double x, double y, bool above) {
    if (!(x > 0)) return above ? 1 : 0;
    if (!(y > 0)) return above ? 0 : 1;
    bool right = !(x < (s->a + 1) / (s->n + 2));
    double tail = -1;
    if (s->n <= LARGE) {
        beta_shape other = {s->b, s->a, s->n, s->constant};
        tail = right ? lower_by_fraction(&other, y, x) : lower_by_fraction(s, x, y);
    }
    if (!(tail >= 0 && tail <= 1)) {
        right = x * s->b > y * s->a;
        tail = integrate_outwards(s, log(x / y), right ? 1 : -1);
    }
    return right == above ? tail : 1 - tail;
}

double ps_beta_cdf(double x, double a, double b) {
    be_ready();
    beta_shape s = shape_of(a, b);
    return beta_tail(&s, x, 1 - x, false);
}

double ps_beta_quantile(double p, double a, double b) {
    be_ready();
    if (!(p > 0)) return 0;
    if (!(p < 1)) return 1;
    bool above = p > 0.5;
    double wanted = above ? 1 - p : p, low = -(double)INFINITY, high = (double)INFINITY;
    beta_shape s = shape_of(a, b);
    double scale = sqrt(1 / a + 1 / b);
    double v = log(a / b) + gsl_cdf_ugaussian_Pinv(p) * scale, before = -1;
    for (int i = 0; i < 300; i++) {
        double x = 1 / (1 + exp(-v)), y = 1 / (1 + exp(v));
        /* A distribution narrower than the digits of x has no other tail to offer. */
        if (x == before && x > 0 && x < 1) break;
        before = x < 0.999 ? x : -1;
        double tail = beta_tail(&s, x, y, above), off = log(tail / wanted);
        if (fabs(off) <= 2e-15) break;
        if ((off < 0) == above)
            high = v;
        else
            low = v;
        double step = off * tail / beta_density(v, &s);
        double next = above ? v + step : v - step;
        if (!(next > low && next < high)) {
            if (isinf(high))
                next = v + fmax(scale, fabs(v));
            else if (isinf(low))
                next = v - fmax(scale, fabs(v));
            else
                next = low + (high - low) / 2;
        }
        if (fabs(next - v) <= 1e-16 * fabs(v)) break;
        v = next;
    }
    return 1 / (1 + exp(-v));
}

double ps_f_tail(double f, double d1, double d2) {
    be_ready();
    if (!(f > 0)) return 1;
    double all = d2 + d1 * f;
    beta_shape s = shape_of(d1 / 2, d2 / 2);
    return beta_tail(&s, d1 * f / all, d2 / all, true);
}

double ps_binomial_cdf(int64_t k, int64_t n, double p) {
    be_ready();
    if (k < 0) return 0;
    if (k >= n) return 1;
    beta_shape s = shape_of((double)k + 1, (double)(n - k));
    return beta_tail(&s, p, 1 - p, true);
}

/* ---- negative binomial ---- */

double ps_negative_binomial_cdf(int64_t k, double size, double mean) {
    be_ready();
    if (k < 0) return 0;
    if (mean <= 0) return 1;
    double all = size + mean;
    beta_shape s = shape_of(size, (double)k + 1);
    return beta_tail(&s, size / all, mean / all, false);
}

int64_t ps_negative_binomial_quantile(double p, double size, double mean) {
    const int64_t most = INT64_C(1) << 52;
    if (!(p > 0) || mean <= 0) return 0;
    int64_t low = -1, high = 1;
    while (high < most && ps_negative_binomial_cdf(high, size, mean) < p) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (ps_negative_binomial_cdf(middle, size, mean) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* ---- Student ---- */

/* P(T > t) for t >= 0: half the chance that a beta variable with 1/2 and df/2 is above
 * t^2 / (df + t^2). */
static double student_tail(const beta_shape *s, double t, double df) {
    double square = t * t;
    if (isinf(square)) return 0;
    return beta_tail(s, square / (df + square), df / (df + square), true) / 2;
}

double ps_student_cdf(double t, double df) {
    be_ready();
    if (isinf(df)) return ps_normal_cdf(t);
    beta_shape s = shape_of(0.5, df / 2);
    return t > 0 ? 1 - student_tail(&s, t, df) : student_tail(&s, -t, df);
}

double ps_student_quantile(double p, double df) {
    be_ready();
    if (isinf(df)) return gsl_cdf_ugaussian_Pinv(p);
    if (p == 0.5) return 0;
    double wanted = p < 0.5 ? p : 1 - p, low = 0, high = (double)INFINITY;
    beta_shape s = shape_of(0.5, df / 2);
    double t = gsl_cdf_tdist_Qinv(wanted, df);
    if (!(t > 0) || isinf(t)) t = 1;
    for (int i = 0; i < 300; i++) {
        double tail = student_tail(&s, t, df), off = log(tail / wanted);
        if (fabs(off) <= 2e-15) break;
        if (off > 0)
            low = t;
        else
            high = t;
        /* d log(tail) / d log(t) is the density of the log-odds over the tail. */
        double next = t * exp(off * tail / beta_density(log(t * t / df), &s));
        if (!(next > low && next < high))
            next = isinf(high) ? 2 * t : low + (high - low) / 2;
        if (fabs(next - t) <= 1e-16 * t) break;
        t = next;
    }
    return p < 0.5 ? -t : t;
}

const char *ps_distribution_version(void) {
    return gsl_version;
}
