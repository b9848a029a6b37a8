/* Did it change? Two counts, or two proportions, compared.
 *
 * A baseline count is a random quantity like the count it is compared with, so both carry
 * their variation. The exact test conditions on the sum of both counts; because crime
 * clusters, a quasi-Poisson form with a dispersion from the monthly series stands beside
 * it and decides when the dispersion is large.
 *
 * What decides is p, and the limits that belong to it: those of the ratio, and `tested`
 * of the difference, leave out no change exactly when p is below 1 - confidence. An exact
 * test has them when its smaller tail counts twice (difference.h). R adds up what is no
 * more likely than the data instead: p_exact, p_value are that, limits that match are not
 * known to it. Wald's and Newcombe's limits of the difference belong to no test here.
 *
 * Source: Przyborowski & Wilenski 1940, Biometrika 31:313; Clopper & Pearson 1934,
 * Biometrika 26:404; Newcombe 1998, Stat. Med. 17:873 (method 10); Fisher 1935. Methods
 * note 7.3, 7.4.
 */
#ifndef PS_INDICATORS_CHANGE_H
#define PS_INDICATORS_CHANGE_H

#include "indicators/steps.h"
#include "indicators/value.h"

typedef enum ps_verdict {
    PS_VERDICT_NONE, /* nothing to judge by */
    PS_VERDICT_DECREASE,
    PS_VERDICT_INCREASE,
    PS_VERDICT_NO_CLEAR_CHANGE
} ps_verdict;

/* "decrease", "increase", "no-clear-change"; "" for none. */
const char *ps_verdict_text(ps_verdict verdict);

/* From this dispersion on the quasi-Poisson form gives the verdict. */
#define PS_DISPERSION_MATTERS 1.2

typedef struct ps_poisson_change {
    ps_value ratio;        /* (x2 / t2) / (x1 / t1); unbounded from a zero baseline */
    ps_value percent;      /* 100 (ratio - 1) */
    ps_value lower, upper; /* of the ratio, exact */
    ps_value wald_lower, wald_upper; /* of the ratio, on the log scale */
    ps_value quasi_lower,
        quasi_upper; /* the same, standard error times root dispersion */
    ps_value difference, difference_lower, difference_upper; /* x2 / t2 - x1 / t1 */
    ps_value tested_lower, tested_upper;                     /* of it, as p */
    ps_value p;       /* of the verdict: twice the smaller exact tail, or quasi */
    ps_value p_exact; /* two-sided, all that is no more likely than the data */
    ps_value p_quasi;
    ps_value prob_decrease; /* P(rate 2 < rate 1), Jeffreys priors */
    ps_verdict verdict;
    const char *verdict_by; /* "exact", "quasi" or "" */
} ps_poisson_change;

/* How did a count change from exposure t1 to exposure t2, and is it more than chance?
 * Shapes   x1, x2 >= 0; t1, t2 > 0 in one unit (years, or person-years); dispersion: phi
 * of the monthly series, or NAN when it is not known; 0.9 <= confidence < 1.
 * Rule     both counts 0: ratio and limits undefined, p = 1, no clear change. Baseline 0:
 *   ratio, percent and upper limit unbounded, lower limit finite. x2 = 0: ratio and lower
 *   limit 0. Wald and quasi limits need both counts above 0, else not-applicable; the
 *   quasi p of a zero count is that of the score test. Exact p of fractional
 *   (apportioned) counts: not-applicable. A dispersion below 1 counts as 1. The verdict
 *   is the exact one, the quasi one when the dispersion is above PS_DISPERSION_MATTERS or
 *   the exact one is not applicable.
 * Errors   a count or exposure that is NAN, a negative exposure: all missing; a negative
 *   or infinite count, exposure 0, confidence out of range: all undefined.
 * Threads  pure. Cost O(log(x1 + x2)) distribution functions. */
ps_poisson_change ps_poisson_change_of(double x1, double t1, double x2, double t2,
                                       double dispersion, double confidence);

typedef struct ps_prop_change {
    ps_value p1, p2, difference;         /* p2 - p1 */
    ps_value lower, upper;               /* Newcombe's hybrid of two Wilson intervals */
    ps_value tested_lower, tested_upper; /* as p; none where there is no p */
    ps_value z;       /* pooled; undefined when nobody or everybody has it */
    ps_value p;       /* of the verdict: of z, or Fisher's, the smaller tail twice */
    ps_value p_value; /* of z, or Fisher's of all that is no more likely than the data */
    const char *test; /* "pooled-z" or "fisher" */
    ps_verdict verdict;
} ps_prop_change;

/* How did a proportion change between two independent groups of people or incidents?
 * Shapes   x1 of n1, x2 of n2; may be fractional when counts were apportioned or are
 *   rates times people.
 * Rule     Fisher's exact test when an expected count is below 5 (of fractions there is
 *   none: not-applicable, no verdict), else z without continuity correction. n = 0:
 *   undefined. Not for weighted surveys (survey.h).
 * Errors   NAN: missing; x < 0, x > n, n beyond 2^53: undefined.
 * Cost     O(1); Fisher O(smallest margin). */
ps_prop_change ps_prop_change_of(double x1, double n1, double x2, double n2,
                                 double confidence);

/* ---- working, see steps.h ---- */

/* The ratio of two rates and its exact limits, out of ps_poisson_change_of. */
void ps_poisson_change_steps(ps_estimate_steps to, double x1, double t1, double x2,
                             double t2, const ps_poisson_change *change);
/* The difference of two proportions and Newcombe's limits; tested ones come from a
 * search.
 */
void ps_prop_change_steps(ps_estimate_steps to, double x1, double n1, double x2,
                          double n2, double multiplier, double confidence);
void ps_tested_limits_steps(ps_output *lower, ps_output *upper,
                            const ps_prop_change *change, double multiplier);

#endif
