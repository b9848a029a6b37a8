/* Is it rising or falling over the months? Trends of counts and of proportions.
 *
 * The model is log-linear: ln mean = level + slope * t + season + interventions + ln
 * exposure, t in months. Poisson alone is too sure of itself for crime; quasi-Poisson or
 * the negative binomial widen its limits by what the months show.
 *
 * Source: McCullagh & Nelder 1989, Generalized Linear Models; Venables & Ripley 2002,
 * 7.4; Mann 1945, Econometrica 13:245; Kendall 1975; Sen 1968, JASA 63:1379; Gilbert 1987
 * (limits of the slope); Armitage 1955, Biometrics 11:375. Methods note 7.6.
 */
#ifndef PS_INDICATORS_TREND_H
#define PS_INDICATORS_TREND_H

#include <stddef.h>

#include "engine/core/text.h"
#include "indicators/change.h"
#include "indicators/rolling.h"

typedef enum ps_trend_family {
    PS_TREND_AUTO, /* negative binomial when the dispersion is above 1.5, else quasi */
    PS_TREND_POISSON,
    PS_TREND_QUASI,
    PS_TREND_NEGATIVE_BINOMIAL
} ps_trend_family;

/* "poisson", "quasi-poisson", "negative-binomial". */
const char *ps_trend_family_text(ps_trend_family family);

typedef struct ps_trend_options {
    ps_trend_family family;
    int harmonics;     /* 0 none, 1 or 2 pairs of sine and cosine */
    bool months;       /* 11 month levels instead, January as reference */
    double confidence; /* of the limits; the verdict takes the same level */
} ps_trend_options;

/* What stands in the way of a trend. */
typedef enum ps_trend_obstacle {
    PS_TREND_FITTED,
    PS_TREND_TOO_SHORT, /* fewer than 24 months, or no more than coefficients */
    PS_TREND_ALL_ZERO,
    PS_TREND_DEPENDENT,    /* regressors that cannot be told apart */
    PS_TREND_NOT_CONVERGED /* as when a regressor has only months without events */
} ps_trend_obstacle;

/* "", "too-short", "all-zero", "dependent", "not-converged". */
const char *ps_trend_obstacle_text(ps_trend_obstacle obstacle);

typedef struct ps_trend {
    ps_value_status status; /* ok; small-base too short; undefined otherwise */
    ps_trend_obstacle obstacle;
    ps_trend_family family; /* that was used */
    bool months;            /* month levels were used */
    int harmonics;
    size_t n_months;    /* of the series */
    size_t n_used;      /* with a value */
    size_t n_regressor; /* interventions */
    size_t p;           /* coefficients: level, slope, season, interventions */
    ps_month first;
    double *beta;           /* p */
    double *covariance;     /* p * p, of the family used */
    double *fitted;         /* n_months; NAN where there is no value */
    double *adjusted;       /* n_months: value without its seasonal part; NAN likewise */
    double dispersion;      /* phi of the Poisson fit */
    double theta, theta_se; /* of the negative binomial, else 0 */
    double deviance;
    double poisson_se; /* of the slope */
    double slope, slope_se, critical;
    ps_value annual, annual_lower, annual_upper; /* percent a year */
    ps_value p_value;                            /* of the slope, two-sided */
    ps_verdict verdict;
} ps_trend;

/* Fit a trend.
 * Shapes   value: n months from `first` on, NAN where missing; exposure: n, positive, or
 *   NULL for all 1; regressor: n rows of n_regressor, or NULL. Free with ps_trend_free.
 * Units    exposure in days times people, or days.
 * Rule     fewer than 24 months with a value: small-base; all zero: undefined. A month
 *   level that never has an event cannot be estimated: one harmonic is used instead.
 *   theta above 1e5, or no dispersion at all: Poisson. Months whose exposure is missing
 *   or not positive are left out. Critical values: normal for Poisson and negative
 *   binomial, Student with n - p degrees of freedom for quasi-Poisson.
 * Errors   PS_NOMEM; PS_FORMAT for a negative value.
 * Threads  pure. Cost O(iterations n p^2). */
ps_status ps_trend_fit(size_t n, ps_month first, const double *value,
                       const double *exposure, const double *regressor,
                       size_t n_regressor, const ps_trend_options *options,
                       ps_trend **out, ps_error *err) PS_MUST_CHECK;
void ps_trend_free(ps_trend *trend);

/* The row of the model matrix of month t (0 is the first of the series, any number
 * after): p numbers. regressor: n_regressor numbers, or NULL. */
void ps_trend_row(const ps_trend *trend, size_t t, const double *regressor, double *x);

/* ---- simple alternatives ---- */

typedef struct ps_mann_kendall {
    size_t n;                     /* values */
    ps_value s, tau, z, p_value;  /* tau: tau-b */
    ps_value slope, lower, upper; /* Sen's, per step of t */
    ps_verdict verdict;
} ps_mann_kendall;

enum { PS_MANN_KENDALL_MOST = 4000 };

/* Does a series tend up or down, whatever its form?
 * Shapes   value: n in order of time, NAN where missing; t = 0, 1, 2, ...
 * Rule     ties in the variance, continuity correction of 1. All values equal: s = 0,
 *   p = 1, tau and z undefined, slope 0. Fewer than 4 values: small-base. Limits of the
 *   slope by Gilbert at whole ranks, with the same correction, so that without ties they
 *   leave out 0 exactly when p is below 1 - confidence; undefined when they fall outside
 *   the pairs.
 * Errors   PS_NOMEM; PS_LIMIT above PS_MANN_KENDALL_MOST values. Not for series with a
 *   season, nor for rolling sums. Cost O(n^2 log n). */
ps_status ps_mann_kendall_of(size_t n, const double *value, double confidence,
                             ps_mann_kendall *out, ps_error *err) PS_MUST_CHECK;

typedef struct ps_cochran_armitage {
    ps_value z, p_value; /* of a trend in proportions */
    ps_value slope;      /* of the weighted regression of x/n on score */
    ps_verdict verdict;
} ps_cochran_armitage;

/* Do proportions rise or fall with a score, such as the year?
 * Shapes   x of n in k groups; score: k, NULL for 0, 1, 2, ...
 * Rule     groups with n = 0 count for nothing. No variation in score or outcome:
 *   undefined. NAN, x < 0 or x > n: missing. */
ps_cochran_armitage ps_cochran_armitage_of(size_t k, const double *x, const double *n,
                                           const double *score, double confidence);

/* ---- interventions, for adaptors ---- */

enum { PS_INTERVENTIONS_MOST = 8 };

typedef struct ps_interventions {
    size_t n;
    ps_month first[PS_INTERVENTIONS_MOST], last[PS_INTERVENTIONS_MOST];
} ps_interventions;

/* Read "2020-04..2021-06,2022-01" (also "none" or nothing). PS_CONFIG names the part that
 * cannot be read; what: the name of the parameter. */
ps_status ps_interventions_read(const char *what, const char *text, ps_interventions *out,
                                ps_error *err) PS_MUST_CHECK;
/* Does range i hold a month? */
bool ps_interventions_hold(const ps_interventions *in, size_t i, ps_month month);
/* Leave out ranges that hold none or all of the months with a value: they cannot be told
 * from the level. */
void ps_interventions_usable(ps_interventions *in, size_t n, ps_month first,
                             const double *value);
/* "2020-04..2021-06,2022-01..2022-01" into at least 200 bytes. */
void ps_interventions_text(const ps_interventions *in, char out[200]);

/* The form of the season as a parameter of a method, and its answer into options. */
#define PS_PARAM_SEASON                                                                 \
    {                                                                                   \
        "season", PS_COLUMN_TEXT, "harmonic-1", "none|harmonic-1|harmonic-2|months", 0, \
            0, "form of the season"                                                     \
    }
void ps_trend_season(const ps_method_call *call, size_t param, ps_trend_options *out);
#define PS_PARAM_INTERVENTIONS                                              \
    {                                                                       \
        "interventions", PS_COLUMN_TEXT, "2020-04..2021-06", NULL, 0, 0,    \
            "months with a level of their own: ranges with commas, or none" \
    }

/* The arrays of one monthly series, as ps_trend_fit takes them. */
typedef struct ps_trend_input {
    ps_monthly months;
    double *value, *exposure, *regressor;
    ps_interventions steps; /* those that are regressors */
    bool by_days;           /* exposure holds the days of each month */
} ps_trend_input;

/* Read a group whose first two number columns are values and people (absent: all 1);
 * month_input the column of months, interventions and exclude as ps_interventions_read
 * takes them. Free with ps_trend_input_free. */
ps_status ps_trend_input_read(const ps_method_call *call, const ps_call_group *group,
                              size_t month_input, const char *interventions,
                              const char *exclude, bool by_days, ps_trend_input *out,
                              ps_error *err) PS_MUST_CHECK;
void ps_trend_input_free(ps_trend_input *input);

#endif
