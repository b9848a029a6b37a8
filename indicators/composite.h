/* How do areas stand when many indicators are made one index, and how sure is that?
 *
 * indicator -> domain -> index: indicators are brought to one scale on which high is
 * thriving, averaged within domains, and domains within the index. Every choice on the
 * way could have been another; the ranks under the other choices are told beside it.
 *
 * Units are areas by periods, n = periods * areas, period by period; x is n rows of p
 * indicators, NAN where missing.
 *
 * Source: OECD/JRC 2008, Handbook on Constructing Composite Indicators; Saisana, Saltelli
 * & Tarantola 2005, JRSS A 168:307 (uncertainty); Cronbach 1951, Psychometrika 16:297.
 */
#ifndef PS_INDICATORS_COMPOSITE_H
#define PS_INDICATORS_COMPOSITE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

/* ---- outliers ---- */

/* What is done to an indicator before it is brought to scale. */
typedef struct ps_outliers {
    double skew, kurtosis; /* before: G1 and excess G2, as spreadsheets have them; NAN
                              with fewer than 4 values or no variation */
    size_t winsorised;     /* points brought to the next value */
    bool logged;
    double least, most; /* values beyond are brought to these */
} ps_outliers;

/* Rule     |skew| > 2 and kurtosis > 3.5: the most extreme value on the side of the skew
 * is brought to the next one, up to 5 points; if that is not enough, none is and the
 * logarithm is taken: ln(x - least + range / 100), mirrored when the skew is to the left.
 * Shapes   x: n, NAN where missing. */
ps_status ps_outliers_find(size_t n, const double *x, ps_outliers *out,
                           ps_error *err) PS_MUST_CHECK;
double ps_outliers_treat(const ps_outliers *treatment, double x);

/* ---- the index ---- */

typedef enum ps_scale {
    PS_SCALE_Z,          /* (x - mean) / sd, n - 1 */
    PS_SCALE_MINMAX,     /* to from .. to */
    PS_SCALE_RANK,       /* 1 + number of lower values */
    PS_SCALE_PERCENTILE, /* (rank - 1) / (n - 1) */
    PS_SCALE_BORDA,      /* rank - 1 */
    PS_SCALE_GOALPOSTS,  /* (x - low) / (high - low), cut to 0 .. 1 */
    PS_SCALE_DISTANCE,   /* (x - reference) / |reference| */
    PS_SCALE_EXPONENTIAL /* of the rank from the top, as in the Index of Multiple
                            Deprivation */
} ps_scale;
typedef enum ps_mean_kind {
    PS_MEAN_ARITHMETIC,
    PS_MEAN_GEOMETRIC,
    PS_MEAN_HARMONIC
} ps_mean_kind;

typedef struct ps_composite {
    size_t areas, periods, p, domains;
    const double *polarity;      /* p: 1 when high is good, -1 when low is */
    const int32_t *domain;       /* p: 0 .. domains - 1 */
    const double *weight;        /* p, 0 or more: in the domain */
    const double *domain_weight; /* domains, 0 or more */
    const double *error; /* n rows of p: standard errors, NAN where unknown; or NULL */
    const double *low, *high;    /* p, of goalposts, in the indicator's unit; or NULL */
    const double *reference;     /* p, of the distance; or NULL */
    const ps_outliers *outliers; /* p, for z and minmax; or NULL */
    ps_scale scale;
    ps_mean_kind mean;
    double from, to;                  /* of minmax */
    size_t base;                      /* the period whose areas set the scale */
    bool fixed;                       /* false: each period sets its own */
    double domain_share, index_share; /* of the weight that has to be there */
    bool impute;                      /* a missing value is the mean of its domain */
} ps_composite;

/* Indicator j on its scale, polarity applied, so that high is thriving.
 * Shapes   out: n rows of p. usable: p; false where the areas that set the scale do not
 * vary, or goalposts or reference are not there: those are out of every index, and the
 * other weights of the domain count for more. Missing stays missing; a period that comes
 * after the base may leave its range. */
ps_status ps_composite_scale(const ps_composite *c, const double *x, double *out,
                             bool *usable, ps_error *err) PS_MUST_CHECK;

/* The values that set the scale of an indicator, polarity and outliers seen to. */
typedef struct ps_composite_frame {
    size_t n;
    double mean, sd, least, most;
} ps_composite_frame;

/* Shapes   out: periods rows of p. */
ps_status ps_composite_frames(const ps_composite *c, const double *x,
                              ps_composite_frame *out, ps_error *err) PS_MUST_CHECK;
/* A value as the scale sees it. */
double ps_composite_treated(const ps_composite *c, size_t j, double x);

typedef struct ps_composite_score {
    ps_value value;
    int32_t rank; /* 1: the most thriving of the period, equal ones alike; 0: none */
    double weight_present; /* share of the weight that has a value */
    size_t n_missing, n_imputed;
} ps_composite_score;

/* Domains and index of every unit from indicators on their scale.
 * Rule     weighted means of what is there; a domain needs domain_share of its weight,
 * the index index_share of the domains' weight, else they are missing. Geometric and
 * harmonic means of values not above 0 are undefined. Shapes   index: n; domain: n rows
 * of domains. */
ps_status ps_composite_score_all(const ps_composite *c, const double *scaled,
                                 const bool *usable, ps_composite_score *index,
                                 ps_composite_score *domain, ps_error *err) PS_MUST_CHECK;

/* ---- how sure are the ranks? ---- */

/* Which choices are varied. */
enum {
    PS_VARY_WEIGHTS = 1,    /* domain weights times U(0.75, 1.25) */
    PS_VARY_SCALE = 2,      /* z, minmax or rank */
    PS_VARY_MEAN = 4,       /* arithmetic or geometric; z goes with the arithmetic only */
    PS_VARY_NOISE = 8,      /* value + N(0, standard error) where that is known */
    PS_VARY_LEAVE_OUT = 16, /* one indicator, or none */
    PS_VARY_ALL = 31
};

typedef struct ps_rank_range {
    ps_value mean, p5, p50, p95; /* quantiles linear between order statistics (type 7) */
    ps_value lowest;             /* share of runs in the lowest tenth */
} ps_rank_range;

/* Ranks over random choices.
 * Rule     run r makes each varied choice anew; units with an index of their own are
 * ranked. A unit without an index in a run is left out of that run.
 * Shapes   rank: n, the nominal ranks; out: n, undefined where rank is 0.
 * Errors   PS_LIMIT when n * runs is above 2^29. Draws    of (seed, run). Threads
 * parallel over runs, the same bytes for any number. */
ps_status ps_composite_uncertainty(const ps_composite *c, const double *x,
                                   const bool *usable, const int32_t *rank, int vary,
                                   size_t runs, uint64_t seed, ps_rank_range *out,
                                   ps_error *err) PS_MUST_CHECK;

typedef struct ps_rank_shift {
    ps_value mean;   /* of |rank - nominal rank| over units and runs */
    int32_t largest; /* of any unit in any run */
    size_t runs;
} ps_rank_shift;

/* How far do ranks move when one choice alone is varied (one PS_VARY_ flag)? Scale, mean
 * and the indicator left out run through all their cases, the others draw. leave_out:
 * that indicator alone is left out, with vary 0; -1: none. */
ps_status ps_composite_shift(const ps_composite *c, const double *x, const bool *usable,
                             const int32_t *rank, int vary, int32_t leave_out,
                             size_t runs, uint64_t seed, ps_rank_shift *out,
                             ps_error *err) PS_MUST_CHECK;

/* ---- do the indicators belong together? ---- */

/* Pearson's r over the units where both are there; undefined without variation or with
 * fewer than 3. stride: from one unit to the next. n_pairs may be NULL. */
ps_value ps_composite_correlation(size_t n, const double *a, size_t a_stride,
                                  const double *b, size_t b_stride, size_t *n_pairs);

/* Cronbach's alpha of the indicators with member, standardised, over units that have all
 * of them: k / (k - 1) (1 - k / variance of the sum). Undefined for fewer than 2
 * indicators or 3 units. Shapes   x: n rows of p, polarity applied. */
ps_status ps_composite_alpha(size_t n, size_t p, const double *x, const bool *member,
                             ps_value *out, size_t *n_complete,
                             ps_error *err) PS_MUST_CHECK;

#endif
