/* Is the target met, and how sure is that?
 *
 * A target is kept by the published rule: "below 60 %" is met only when the unrounded
 * value is below 60. How strong the evidence is stands beside the status and never
 * changes it. Source: methods note 7.8.
 */
#ifndef PS_INDICATORS_TARGET_H
#define PS_INDICATORS_TARGET_H

#include "indicators/change.h"

typedef enum ps_target_kind {
    PS_TARGET_BELOW_BASELINE, /* below the baseline, or the figure given */
    PS_TARGET_ABOVE,          /* above the figure given, or the baseline */
    PS_TARGET_TRAJECTORY,     /* baseline + years * step, such as -10 a year */
    PS_TARGET_REDUCE,         /* below the baseline once there is one */
    PS_TARGET_INCREASE,
    PS_TARGET_MIRROR /* the figure of another plan, once there is one */
} ps_target_kind;

enum { PS_TARGET_KINDS = 6 };

/* "below-baseline", "above", "trajectory", "reduce", "increase", "mirror". */
const char *ps_target_kind_text(ps_target_kind kind);

typedef enum ps_target_status {
    PS_TARGET_MET,
    PS_TARGET_NOT_MET,
    PS_TARGET_ON_TRACK, /* during the year, by projection */
    PS_TARGET_OFF_TRACK,
    PS_TARGET_MET_CLEAR, /* of survey proportions */
    PS_TARGET_MET_UNCLEAR,
    PS_TARGET_NOT_MET_UNCLEAR,
    PS_TARGET_NOT_MET_CLEAR,
    PS_TARGET_NOT_YET_KNOWN, /* during the year, without projection */
    PS_TARGET_MISSING,       /* no actual figure */
    PS_TARGET_BASELINE_MISSING,
    PS_TARGET_AWAITING
} ps_target_status;

/* "met", "not-met", "on-track", "off-track", "met-clear", "met-unclear",
 * "not-met-unclear", "not-met-clear", "not-yet-known", "missing", "baseline-missing",
 * "awaiting-target". */
const char *ps_target_status_text(ps_target_status status);

typedef enum ps_strength {
    PS_STRENGTH_NONE,  /* nothing to judge by */
    PS_STRENGTH_CLEAR, /* p < 0.05 */
    PS_STRENGTH_SOME,  /* p < 0.2 */
    PS_STRENGTH_WITHIN_NOISE
} ps_strength;

/* "clear", "some", "within-noise"; "" for none. */
const char *ps_strength_text(ps_strength strength);

/* The figure to reach. */
typedef struct ps_goal {
    bool known;
    ps_target_status otherwise; /* baseline-missing or awaiting-target */
    double target;
    int direction;  /* -1: the actual has to be below, 1: above */
    bool inclusive; /* reached at the target itself: a trajectory, an end of the scale */
} ps_goal;

/* What has to be reached?
 * Shapes   baseline, figure, step: NAN when there is none; years: after the baseline
 *   year; polarity: 1 or -1, needed for mirror only.
 * Rule     below-baseline and reduce: strictly below; above and increase: strictly above;
 *   a trajectory is reached at its value, in the direction of its step, and a reduction
 * to 0 at 0: nothing is left to reduce. reduce, increase, below-baseline and above
 * without figure and baseline, and a trajectory without baseline: baseline-missing.
 * mirror without figure or polarity, a trajectory without step: awaiting-target. */
ps_goal ps_goal_of(ps_target_kind kind, double baseline, double figure, double step,
                   double years, int polarity);
/* The figure goes from least to most, as a share from 0 to all and a count from 0 on.
 * Rule     a target at such an end or beyond it is reached at the end: a share that is
 * all cannot rise, and a trajectory goes no further. Of a figure without an end it is
 *   -INFINITY, INFINITY. */
void ps_goal_within(ps_goal *goal, double least, double most);
/* The unrounded value against the target. */
bool ps_goal_reached(const ps_goal *goal, double actual);

typedef struct ps_target_result {
    ps_target_status status;
    ps_strength strength;
    ps_value p_fixed;       /* one-sided against the target as a fixed figure */
    ps_value p_two_sample;  /* two-sided against the baseline as a random one */
    ps_value prob_improved; /* P(the rate moved the wanted way); normal on the log scale
                               when the quasi form decides */
    ps_value rate_ratio, rr_lower, rr_upper;
    ps_value prob_target; /* of a survey: P(the true proportion passes the target) */
    ps_value gap;         /* actual - target */
    ps_value required;    /* (target - actual) / years left */
    ps_value required_percent;
} ps_target_result;

typedef struct ps_target_count_input {
    double actual, baseline;            /* counts, NAN when there is none */
    double exposure, baseline_exposure; /* of the rate comparison; 1 and 1 without */
    double dispersion;                  /* NAN not known */
    bool complete;                      /* the year is over */
    ps_value projection;                /* of the whole year */
    double years_left;                  /* to the end of the plan; NAN not known */
    double confidence;
} ps_target_count_input;

/* A count against its target.
 * Rule     complete: met or not-met. During the year: by the projection, else
 *   not-yet-known; a reduction whose count so far has passed the target is off-track, an
 *   increase that has is on-track, whatever the projection. Strength by the two-sample p
 *   (the quasi one when it decides, see change.h), without baseline by the fixed p in the
 *   direction seen. During the year the fixed p is not-applicable. actual missing:
 *   missing.
 * Threads  pure. */
ps_target_result ps_target_count(const ps_goal *goal, const ps_target_count_input *input);

/* A survey proportion against its target.
 * Shapes   value, se and limits in one unit, `whole` of which is everybody (1 or 100); se
 *   and limits may be NAN: limits then come from the se, or the status is plain met or
 *   not-met.
 * Rule     for "above": met-clear when lower > target, met-unclear when value > target,
 *   not-met-unclear when value <= target <= upper, not-met-clear when upper < target; the
 *   mirror for "below". P(true > target) by the normal on the logit scale; undefined for
 *   0 %, 100 % or a target outside. Strength: the smaller tail, but never clear where the
 *   limits hold the target. */
ps_target_result ps_target_survey(const ps_goal *goal, double value, double se,
                                  double lower, double upper, double whole,
                                  double years_left, double confidence);

/* A proportion counted in a register: x of n. Events of the same people are alike, so
 * its variance may be `effect` times that of independent ones: 1 without clusters, NAN
 * not known. */
typedef struct ps_register {
    double x, n, effect;
} ps_register;

/* prop_change of change.h, of n / effect events each. An effect that is not known:
 * missing. */
ps_prop_change ps_register_change(const ps_register *before, const ps_register *now,
                                  double confidence);

/* A proportion of a register, such as a repeat rate, against its target, in a unit of
 * which `whole` is everybody; before: the baseline, NULL when only its rate is known.
 * Rule     p_fixed: exact binomial, one-sided; with an effect other than 1 the score test
 *   of n / effect events, which agrees with Wilson's limits of the same variance.
 *   p_two_sample: of ps_register_change. n = 0, x < 0, x > n or fractions: missing. */
ps_target_result ps_target_register(const ps_goal *goal, const ps_register *now,
                                    const ps_register *before, double whole,
                                    double years_left, double confidence);

#endif
