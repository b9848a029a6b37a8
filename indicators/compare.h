/* Is it worse here than elsewhere, and does the gap close? A neighbourhood beside the
 * target wards and the city that it is part of.
 *
 * A neighbourhood's own people are in the figures it is compared with, so that the two
 * are not independent: the comparator is shown as published, but tested without them, and
 * the difference has the variance of what does not overlap.
 *
 * Source: Newcombe 1998, Stat. Med. 17:873; Zou & Donner 2008, Stat. Med. 27:1693 (limits
 * of a sum from the limits of its parts); Przyborowski & Wilenski 1940. Methods note 14.
 */
#ifndef PS_INDICATORS_COMPARE_H
#define PS_INDICATORS_COMPARE_H

#include "indicators/change.h"
#include "indicators/value.h"

typedef enum ps_compared {
    PS_COMPARED_RATES,      /* x events of n people (or person-years), Poisson */
    PS_COMPARED_PROPORTIONS /* x of n people */
} ps_compared;

typedef struct ps_part {
    double x, n;
} ps_part;

/* A neighbourhood and a comparator in parts that do not overlap. Inside its comparator,
 * `own` is empty; a neighbourhood across the border of the target wards has all three. */
typedef struct ps_overlap {
    ps_part own;  /* in the neighbourhood only */
    ps_part both; /* in the neighbourhood and the comparator */
    ps_part rest; /* in the comparator only */
} ps_overlap;

typedef struct ps_gap {
    ps_value here, there, rest; /* of the neighbourhood, the comparator, the rest */
    ps_value difference, lower, upper; /* here - there */
    ps_value se;                       /* of the difference */
    ps_value ratio;                    /* here / there */
    ps_value log_ratio_se;
    ps_value p; /* here against the rest: exact Poisson, or two proportions */
} ps_gap;

/* The gap of one period.
 * Rule     variance: sum over the parts of a^2 V, a = 1/n_here - 1/n_there in the
 * overlap, 1/n_here and -1/n_there outside, V = x of a rate, x (1 - x/n) of a proportion.
 *   p is that of change.h, and so are the limits where the comparator is all apart or
 *   around: they leave out 0 exactly when p is below 1 - confidence. Partly in it, p is
 * of here against the rest, the limits are of all it is compared with: rates: difference
 *   -+ z se; proportions: Wilson limits of the parts, combined. So they are, too, where
 *   there is no p. No rest: p not-applicable. n = 0: undefined. Nothing anywhere: se,
 *   limits undefined.
 * Errors   NAN, negative: missing; x > n of a proportion: undefined.
 * Threads  pure. */
ps_gap ps_gap_of(ps_compared kind, const ps_overlap *parts, double confidence);

/* The gap to a published figure, of which no more is known than its limits.
 * Rule     limits of a difference of two independent estimates from those of each (Zou &
 *   Donner). there without limits is exact, as a benchmark; here without limits: no
 * limits. se, rest, log_ratio_se, p: not-applicable. Ratio: undefined unless there > 0.
 * Errors   an estimate that is not ok: its status.
 * Threads  pure. */
ps_gap ps_gap_of_estimates(const ps_estimate *here, const ps_estimate *there);

typedef enum ps_gap_verdict {
    PS_GAP_NONE, /* nothing to judge by */
    PS_GAP_NARROWING,
    PS_GAP_WIDENING,
    PS_GAP_NO_CLEAR_CHANGE
} ps_gap_verdict;

/* "narrowing", "widening", "no-clear-change"; "" for none. */
const char *ps_gap_verdict_text(ps_gap_verdict verdict);

typedef struct ps_gap_change {
    ps_value here, rest;           /* change of the neighbourhood, of the rest */
    ps_value change, lower, upper; /* of the difference */
    ps_value ratio_change, ratio_lower, ratio_upper; /* ratio now / ratio then */
    ps_verdict own;      /* change here, by itself: change.h */
    ps_verdict relative; /* change of the ratio */
    ps_gap_verdict gap;  /* of |difference|, when the limits of the change leave out 0 */
    /* Of a clear change: whose own change is clear and a tenth of it or more. */
    bool by_here, by_rest, by_neither;
} ps_gap_change;

/* Did the gap change between two periods with independent counts?
 * Rule     se^2 = sum of the variances of both gaps; the ratio on the log scale,
 *   undefined when a count is 0.
 * Threads  pure. */
ps_gap_change ps_gap_compare(ps_compared kind, const ps_overlap *then,
                             const ps_overlap *now, double confidence);

/* The same of gaps that come with a standard error, as those of samples do.
 * Rule     samples of the two periods are independent; own, ratio and who moved it: none.
 * Threads  pure. */
ps_gap_change ps_gap_compare_estimates(const ps_gap *then, const ps_gap *now,
                                       double confidence);

/* A verdict once it is known which way is good (polarity 1 higher, -1 lower): improved,
 * worsened; with polarity 0 increase, decrease. */
const char *ps_gap_word(ps_verdict verdict, int polarity);
/* Who moved a gap that clearly changed: "here-improved rest-worsened", with the caller's
 * names of the two; with polarity 0 rose, fell; "neither-alone" when the own change of
 * neither is clear. "" when it did not change. */
void ps_gap_driver(const ps_gap_change *change, const char *here, const char *rest,
                   int polarity, char out[96]);

#endif
