/* What would everybody have answered? Estimates from a sample with weights, strata and
 * clusters, by Taylor linearisation.
 *
 * A design is fixed first, from all records of the file; then anything is estimated for
 * any domain (ward, age group, those who answered). A domain is a list of records, never
 * a smaller file: units of the design with nobody in the domain count as 0 and stay in
 * the number of units of their stratum. Variance is that of one stage, the primary
 * sampling units ("ultimate clusters").
 *
 * Source: Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling, 5.5; Lumley
 * 2010, Complex Surveys; Korn & Graubard 1998, Survey Methodology 24:193; Kish 1965,
 * Survey Sampling. Methods note 5.
 */
#ifndef PS_INDICATORS_SURVEY_H
#define PS_INDICATORS_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/steps.h"
#include "indicators/value.h"

/* What a stratum with one sampling unit adds to the variance. A stratum that was sampled
 * whole adds 0 and is never lonely. */
typedef enum ps_lonely {
    PS_LONELY_FAIL,   /* refuse the design */
    PS_LONELY_REMOVE, /* 0, as if it had been certain to be drawn */
    PS_LONELY_ADJUST, /* the square of its total: distance from 0 instead of the mean */
    PS_LONELY_AVERAGE /* the mean of the other strata */
} ps_lonely;

typedef struct ps_survey_design {
    size_t n;
    const double *weight;   /* n, 0 or more; NULL: all 1 */
    const int32_t *stratum; /* n codes from 0; NULL: one stratum */
    const int32_t *psu;     /* n codes, nested in the strata; NULL: every record is one */
    const double
        *fpc; /* n, equal in a stratum: how many units the population has in it
                 or, when none is above 1, the share that was drawn; NULL: none */
    ps_lonely lonely;
} ps_survey_design;

typedef struct ps_survey ps_survey;

/* Fix a design. The arrays are no longer needed afterwards.
 * Rule     a record of weight 0 keeps its unit in the design and belongs to no domain.
 *   Equal unit codes in two strata are two units. fpc above 1 anywhere: all are numbers
 *   of units.
 * Errors   PS_NOMEM; PS_FORMAT with *at the record it is about: a weight that is negative
 *   or missing, an fpc that is missing, differs within its stratum, or is smaller than
 *   the number of units drawn; a lonely stratum under PS_LONELY_FAIL.
 * Threads  the design is only read afterwards. Cost O(n log n). */
ps_status ps_survey_create(const ps_survey_design *design, ps_survey **out, size_t *at,
                           ps_error *err) PS_MUST_CHECK;
void ps_survey_free(ps_survey *survey);

typedef enum ps_survey_statistic {
    PS_SURVEY_MEAN,
    PS_SURVEY_PROPORTION, /* the mean of answers 0 and 1 */
    PS_SURVEY_TOTAL,
    PS_SURVEY_RATIO /* sum of y over sum of x */
} ps_survey_statistic;

typedef enum ps_survey_limits {
    PS_SURVEY_WILSON,    /* Wilson with the effective base */
    PS_SURVEY_WILSON_DF, /* the same, effective base corrected for few units */
    PS_SURVEY_LOGIT,
    PS_SURVEY_BETA, /* Korn & Graubard */
    PS_SURVEY_WALD  /* Student's t; the only one for what is no proportion */
} ps_survey_limits;

typedef struct ps_survey_question {
    ps_survey_statistic statistic;
    const double *y; /* by record, NAN where not answered */
    const double *x; /* by record, of a ratio only */
    ps_survey_limits limits;
    double confidence;
} ps_survey_question;

typedef struct ps_survey_figure {
    int64_t records;      /* of the domain, answered or not, weight above 0 */
    int64_t base;         /* who answered */
    int64_t numerator;    /* of a proportion: who answered 1 */
    double weighted_base; /* their weights */
    ps_value value, se, lower, upper;
    ps_value n_eff;       /* a simple sample of this size would be as exact; <= base */
    ps_value deff;        /* variance over that of a simple sample with replacement */
    ps_value kish;        /* n sum w^2 / (sum w)^2: what the weights alone would cost */
    int64_t psus, strata; /* with a record of the domain, answered or not */
    int64_t df;           /* psus - strata */
    const char *limits;   /* "wilson-neff", ...; "" without limits */
    bool zero_variance;   /* equal residuals everywhere: the se of 0 says nothing */
} ps_survey_figure;

/* Estimate of a domain.
 * Shapes   row: m records, each once, in any order.
 * Rule     nobody answered: missing. Denominator 0: undefined. df < 1: limits undefined,
 *   and the se where nothing gives a variance, or one out of range. A proportion without
 *   variance, as 0 or 1: Wilson's limits with the base over the Kish effect,
 *   "wilson-kish"; a mean of equal answers: both limits are the value; units that happen
 *   to agree: limits undefined. All units of the strata drawn: no uncertainty, both
 *   limits are the value, "census". n_eff of a proportion is p (1 - p) / variance, of
 *   others base / deff, but never more than the base: a variance that comes of few units
 *   is small by chance as well, and nobody is surer for having asked fewer. So it is in
 *   the limits, after the correction for few units; deff and se stay as estimated.
 * Units    of y; a proportion is a share of 1.
 * Errors   PS_NOMEM; PS_FORMAT for a proportion with answers other than 0 and 1.
 * Threads  pure. Cost O(m log m), whatever the size of the file. */
ps_status ps_survey_estimate(const ps_survey *survey, const ps_survey_question *question,
                             size_t m, const size_t *row, ps_survey_figure *out,
                             ps_error *err) PS_MUST_CHECK;

/* The working of such an estimate, times a multiplier; see steps.h. The lower limit's
 * holds what both limits are made of. Errors, threads, cost as ps_survey_estimate. */
ps_status ps_survey_derive(const ps_survey *survey, const ps_survey_question *question,
                           size_t m, const size_t *row, double multiplier,
                           ps_estimate_steps to, ps_error *err) PS_MUST_CHECK;

/* "wilson-neff", "wilson-neff-df", "logit", "beta", "wald-t". */
const char *ps_survey_limits_text(ps_survey_limits limits);

typedef struct ps_survey_difference {
    ps_survey_figure first, second;
    ps_value difference; /* second - first */
    ps_value se, lower, upper, t, p;
    int64_t psus, strata, df; /* df: psus - strata - 1 */
} ps_survey_difference;

/* Do two domains of one design differ? They may overlap, be nested or share units: the
 * difference itself is linearised, record by record. Independent samples are two domains
 * of a design whose strata are sample by stratum; the variance is then the sum of both.
 * Rule     limits and p by t. One of the values not ok: all get its status. A variance of
 *   0: limits, t and p undefined, unless the strata were drawn whole.
 * Errors, threads, cost   as ps_survey_estimate. */
ps_status ps_survey_compare(const ps_survey *survey, const ps_survey_question *question,
                            size_t m1, const size_t *row1, size_t m2, const size_t *row2,
                            ps_survey_difference *out, ps_error *err) PS_MUST_CHECK;

/* How few are too few? */
typedef struct ps_survey_rules {
    double min_base;        /* below: small-base, no figures */
    double indicative_base; /* below: indicative */
    double min_count;       /* of a proportion, numerator or complement below: suppressed;
                               0: disclosure does not apply */
    double min_n_eff;       /* below: unreliable */
    double max_half_width;  /* of a proportion's limits, above: unreliable */
} ps_survey_rules;

typedef struct ps_survey_flags {
    bool indicative, unreliable, zero_variance;
} ps_survey_flags;

/* Apply the rules: figures that may not be shown lose value, se and limits, those
 * suppressed also n_eff and deff, which would tell a zero. Bases stay. */
ps_survey_flags ps_survey_apply(const ps_survey_rules *rules,
                                ps_survey_statistic statistic, ps_survey_figure *figure);

#endif
