/* How far apart are two rates, or two shares, by the test that says whether they differ?
 *
 * A test of equality and limits of the difference that come from elsewhere contradict
 * each other when counts are small. These limits are found by inverting the test, so that
 * they leave out 0 exactly when it rejects.
 *
 * Given the sum of both counts the exact tests know nothing but the share of one in it,
 * or the odds ratio. The difference is that times the common level, which varies on its
 * own; the limits of a product follow from those of its factors.
 *
 * Source: Fay 2010, R Journal 2(1):53 (exact tests and the limits that match them); Mee
 * 1984, Biometrics 40:1175; Donner & Zou 2012, Stat. Methods Med. Res. 21:347 (limits of
 * a ratio from those of its parts). Errors   none: callers have checked that counts and
 * bases are finite and in range. Threads  pure. */
#ifndef PS_INDICATORS_DIFFERENCE_H
#define PS_INDICATORS_DIFFERENCE_H

/* Two independent groups: x events, or people with a property, in n. */
typedef struct ps_two_groups {
    double x1, n1, x2, n2;
} ps_two_groups;

typedef struct ps_limits {
    double lower, upper;
} ps_limits;

/* Of x2 / n2 - x1 / n1, two Poisson rates.
 * Shapes   x1 + x2 > 0; share: limits of the share of x2 in x1 + x2 by the test that
 *   counts; dispersion >= 1: variance of the counts over that of chance.
 * Rule     0 is inside when n2 / (n1 + n2) is inside share. */
ps_limits ps_difference_of_rates(const ps_two_groups *groups, ps_limits share,
                                 double dispersion, double confidence);
/* Of x2 / n2 - x1 / n1 by the score test, of which the pooled z is the case of no
 * difference.
 * Shapes   x may be fractions. */
ps_limits ps_difference_by_score(const ps_two_groups *groups, double confidence);
/* The same by Fisher's exact test with the smaller tail counted twice.
 * Shapes   whole numbers, neither none nor all of both together.
 * Cost     O(smallest margin) times 60. */
ps_limits ps_difference_by_fisher(const ps_two_groups *groups, double confidence);
/* Two-sided p of that test: twice the smaller tail. */
double ps_fisher_central(const ps_two_groups *groups);

#endif
