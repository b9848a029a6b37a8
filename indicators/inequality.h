/* How unequal is it? Quantile groups of areas, and the slope and relative index of
 * inequality across them.
 *
 * Source: PHE/OHID, Technical guide: assigning deprivation categories; Low & Low 2004, J.
 * Public Health 26:388. Methods note 3.1, 3.2.
 */
#ifndef PS_INDICATORS_INEQUALITY_H
#define PS_INDICATORS_INEQUALITY_H

#include "engine/core/status.h"
#include "indicators/draw.h"
#include "indicators/rate.h"

typedef struct ps_quantile {
    ps_value_status status;
    int32_t rank;     /* competition rank, 1 the highest value (or lowest) */
    int32_t quantile; /* 1 holds rank 1 */
} ps_quantile;

/* k groups of the areas by value.
 * Rule     with N values and rank r the quantile is k + 1 - ceil(k (N + 1 - r) / N) in
 * whole numbers; equal values share rank and quantile, so that sizes may differ. NAN:
 * missing. N < k: undefined. highest_first: rank 1 is the highest value. Not the rule of
 * the published IMD deciles, which is ceil(10 rank / N).
 * Errors   PS_NOMEM. Cost   O(n log n). */
ps_status ps_quantiles(size_t n, const double *value, int32_t k, bool highest_first,
                       ps_quantile *out, ps_error *err) PS_MUST_CHECK;

typedef enum ps_sii_kind { PS_SII_RATE, PS_SII_PROPORTION, PS_SII_OTHER } ps_sii_kind;

typedef struct ps_sii_options {
    ps_sii_kind kind; /* how the limits of a value become its standard error */
    bool transform;   /* fit log of rates, logit of proportions */
    double multiplier, confidence;
    int32_t draws; /* 0: limits by the delta method, else by so many simulations */
    ps_draws random;
} ps_sii_options;

typedef struct ps_sii {
    ps_estimate slope;    /* least minus most deprived end; method "delta" or
                             "simulation" */
    ps_estimate relative; /* least over most deprived end */
    double intercept;     /* at the most deprived end, on the scale of the fit */
} ps_sii;

enum { PS_SII_LEAST = 5, PS_SII_MOST = 100 };

/* Slope and relative index over n quantiles, given from most to least deprived.
 * Shapes   population, value, lower, upper (95 % limits of value): n.
 * Rule     weighted least squares of the value, or its transform, on the middle of each
 * quantile's share of the population, weights those shares. Standard errors are a
 * 3.92th of the interval, of its log or logit for rates and proportions. Limits of a
 * transformed fit turn the line about its middle and are then transformed back. A
 * negative multiplier turns the relative index over.
 * Status   missing: a value or population is missing (an incomplete set of quantiles);
 * undefined: a population of 0, a value that has no transform, relative: a most deprived
 * end of 0. limits_status: missing without limits of the values, undefined when they
 * have no transform. Errors   PS_NOMEM. */
ps_status ps_slope_index(size_t n, const double *population, const double *value,
                         const double *lower, const double *upper,
                         const ps_sii_options *options, ps_sii *out,
                         ps_error *err) PS_MUST_CHECK;

#endif
