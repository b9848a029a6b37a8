/* Counts, crude rates, proportions and means with their intervals.
 *
 * Source: PHE/OHID, Technical Guide: Assigning Deprivation Categories and Commonly used
 * public health statistics (APHO Technical Briefing 3, Eayres 2008); Breslow & Day 1987
 * (Byar).
 */
#ifndef PS_INDICATORS_RATE_H
#define PS_INDICATORS_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indicators/steps.h"
#include "indicators/value.h"

/* A count of events and the interval of its Poisson mean.
 * Rule     below 10 events the exact limits (half the chi-squared quantiles of 2x and 2x
 * + 2 degrees of freedom), from 10 on Byar's; x = 0 has lower limit 0. Shapes   x >= 0,
 * may be fractional when counts were apportioned; 0.9 <= confidence < 1. Errors   x < 0
 * or not finite, or confidence outside [0.9, 1): PS_VALUE_UNDEFINED. */
ps_estimate ps_count(double x, double confidence);
/* The same by a rule of the caller's choice. Byar's limits below 10 events may lack a
 * lower one (a negative cube, or x = 0): limits_status is then undefined. */
typedef enum ps_count_rule {
    PS_COUNT_PUBLIC_HEALTH,
    PS_COUNT_EXACT,
    PS_COUNT_BYAR
} ps_count_rule;
ps_estimate ps_count_by(double x, double confidence, ps_count_rule rule);

/* Events per multiplier people: multiplier * x / n with the limits of the count scaled
 * alike. Rule     n = 0 and x = 0: undefined; n = 0 and x > 0:
 * denominator-zero-with-events; n < 0 or not finite: missing. Sum events and people
 * first, then divide; never average rates. Units    n in people, or person-years when x
 * covers several years. */
ps_estimate ps_crude_rate(double x, double n, double multiplier, double confidence);
/* The same from the count with its limits, which take longest. */
ps_estimate ps_rate_of_count(ps_estimate count, double n, double multiplier);

/* A proportion of unweighted counts, with Wilson's or Clopper and Pearson's interval.
 * Rule     n = 0 or x outside 0 .. n: undefined; n missing (negative or NAN): missing;
 * x = 0 has lower limit exactly 0, x = n upper limit exactly the multiplier. confidence
 * may be 1: the interval is then everything.
 * Source   Wilson 1927; Newcombe 1998; Clopper & Pearson 1934. */
typedef enum ps_proportion_rule {
    PS_PROPORTION_WILSON,
    PS_PROPORTION_CLOPPER_PEARSON
} ps_proportion_rule;
ps_estimate ps_proportion(double x, double n, double multiplier, double confidence,
                          ps_proportion_rule rule);

typedef struct ps_mean {
    ps_estimate estimate;
    int64_t n, n_missing;
    double sum;
    double deviation; /* standard deviation with n - 1 */
    ps_value_status deviation_status;
} ps_mean;

/* The mean of n values, NAN where missing, with Student's interval.
 * Rule     missing values are left out and counted, or (propagate) make the mean missing;
 * no value: missing; one value: limits undefined; equal values: both limits are the mean.
 */
ps_mean ps_mean_of(const double *values, size_t n, double confidence, bool propagate);

/* ---- working, see steps.h ---- */

void ps_count_steps(ps_estimate_steps to, double x, double confidence);
void ps_crude_rate_steps(ps_estimate_steps to, double x, double n, double multiplier,
                         double confidence);
/* n may be the size of a simple sample that would be as exact. */
void ps_proportion_steps(ps_estimate_steps to, double x, double n, double multiplier,
                         double confidence, ps_proportion_rule rule);

#endif
