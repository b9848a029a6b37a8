/* Does an area stand out? Funnel limits about a target, and better or worse than a
 * benchmark.
 *
 * Source: Spiegelhalter 2005, Stat. Med. 24:1185; DerSimonian & Laird 1986; PHE/OHID,
 * Fingertips technical guidance (funnel plots, RAG rating). Methods note 3.3, 3.4.
 */
#ifndef PS_INDICATORS_FUNNEL_H
#define PS_INDICATORS_FUNNEL_H

#include "engine/core/status.h"
#include "indicators/rate.h"

typedef enum ps_funnel_kind {
    PS_FUNNEL_PROPORTION, /* events among people: binomial */
    PS_FUNNEL_RATE        /* events over people or over expected events: Poisson */
} ps_funnel_kind;

/* Beyond which limit, the outer one asked first. */
typedef enum ps_standing {
    PS_STANDING_NONE, /* not compared */
    PS_STANDING_LOW_998,
    PS_STANDING_LOW_95,
    PS_STANDING_WITHIN,
    PS_STANDING_HIGH_95,
    PS_STANDING_HIGH_998
} ps_standing;
/* "low-0.001", "low-0.025", "not-significant", "high-0.025", "high-0.001", or "". */
const char *ps_standing_text(ps_standing standing);

typedef enum ps_overdispersion {
    PS_OVERDISPERSION_NONE,
    PS_OVERDISPERSION_FACTOR, /* limits wider by sqrt(phi) */
    PS_OVERDISPERSION_RANDOM  /* a variance tau^2 between areas is added */
} ps_overdispersion;

typedef struct ps_funnel_area {
    ps_value_status status;
    double value;
    double limit[4]; /* 99.8 % lower, 95 % lower, 95 % upper, 99.8 % upper at this size */
    double z;        /* (value - target) / standard error at the target */
    ps_standing standing;
    double adjusted_limit[4]; /* with overdispersion; the same as limit without */
    ps_standing adjusted;
} ps_funnel_area;

typedef struct ps_funnel {
    ps_value_status status;
    double target;
    double phi;    /* mean square of the winsorised z */
    double tau;    /* standard deviation between areas */
    bool adjusted; /* phi is beyond 1 + 2 sqrt(2 / areas) */
    int64_t areas; /* compared */
} ps_funnel;

/* Compare n areas with a target.
 * Shapes   events, base: n, NAN where missing; base are people, person-years or expected
 * events. target NAN: sum of events over sum of base.
 * Rule     proportion: limits target -/+ z sqrt(target (1 - target) / base), cut at 0 and
 * 1. Rate: an area is high when the target lies below the lower limit of its own rate
 * (exact below 10 events, else Byar), low when above the upper one; limit holds what the
 * normal approximation gives at its size, for drawing use ps_funnel_curve.
 * Overdispersion: z winsorised at the 10th and 90th percentile (linear between order
 * statistics); phi, tau^2 (DerSimonian and Laird) and the adjusted verdict by z.
 * Status   missing: an input is; undefined: a base of 0, events over base for a
 * proportion, a target without variation (0, or 1 for a proportion).
 * Errors   PS_NOMEM. */
ps_status ps_funnel_compare(size_t n, const double *events, const double *base,
                            ps_funnel_kind kind, double target,
                            ps_overdispersion overdispersion, ps_funnel *funnel,
                            ps_funnel_area *areas, ps_error *err) PS_MUST_CHECK;

/* The expected counts at which k events are just as improbable as alpha / 2 on either
 * side: the points (expected, k / expected) of the drawn limits; high is where k is
 * unusually high. The exact Poisson limits of k. */
ps_estimate ps_funnel_curve(double k, double confidence);

typedef enum ps_polarity {
    PS_POLARITY_LOWER_BETTER = -1,
    PS_POLARITY_NONE = 0,
    PS_POLARITY_HIGHER_BETTER = 1
} ps_polarity;

typedef enum ps_comparison {
    PS_COMPARISON_NONE, /* not compared: no value, or no limits */
    PS_COMPARISON_SIMILAR,
    PS_COMPARISON_LOWER,
    PS_COMPARISON_HIGHER,
    PS_COMPARISON_BETTER,
    PS_COMPARISON_WORSE
} ps_comparison;
/* "not-compared", "similar", "lower", ... */
const char *ps_comparison_text(ps_comparison comparison);

/* An estimate against a benchmark without error of its own: strictly above it when the
 * lower limit is, strictly below when the upper limit is; a limit on the benchmark is
 * similar. NAN: not compared. */
ps_comparison ps_rag(const ps_estimate *estimate, double benchmark, ps_polarity polarity);

#endif
