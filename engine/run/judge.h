/* Values against baselines and targets.
 *
 * A value is judged against a target that follows from a baseline: the stated one in the
 * plan's own area, everywhere else the area's own figure of the baseline period. Value
 * and status are separate, and so are the status of the value (why it is there or not)
 * and that of the target.
 */
#ifndef PS_RUN_JUDGE_H
#define PS_RUN_JUDGE_H

#include "engine/run/form.h"
#include "indicators/projection.h"
#include "indicators/trend.h"

/* How the months of an item run, as far as they are known. */
typedef struct ps_course {
    double dispersion;                /* 1 as chance alone would have it; NAN not known */
    ps_value annual, lower, upper, p; /* percent a year, season and exceptional periods
                                         left aside */
    ps_verdict verdict;
} ps_course;

/* What a change was tested on: events in their exposure, or those with the answer among
 * all who are known, each over its design effect. Then and now. */
typedef struct ps_tested {
    const char *test; /* in words; NULL: none was made */
    double x[2], n[2];
} ps_tested;

/* One figure of a measure. Numbers are NAN where there are none. */
typedef struct ps_measure_figure {
    const ps_period *period;
    const char *item; /* "" when the measure has one */
    ps_measured measured;
    double baseline;
    bool stated; /* by the plan, not taken from the data */
    double own;  /* the area's own figure of the baseline period, when the data have it */
    double baseline_numerator, baseline_denominator, baseline_se; /* of the comparison */
    double baseline_effect; /* likewise; see ps_measured */
    ps_goal goal;
    const char *target_status; /* one of ps_framework_statuses */
    ps_target_result result;
    ps_course course;
    double change, change_lower, change_upper; /* percent, against the baseline */
    ps_value difference, difference_lower, difference_upper; /* in the measure's unit */
    ps_value p_change;
    ps_tested tested;         /* of p_change; of two samples the test alone */
    ps_verdict verdict;       /* of the change */
    double share;             /* of a year, that its months so far have had in others */
    ps_projection projection; /* of the running year, in the unit of the value */
    char reason[384];         /* what a reader has to know; "" nothing */
} ps_measure_figure;

/* The value of an item in the area of the scope, which the form has entered, as far as it
 * may be shown. Errors as the form's. */
ps_status ps_judge_value(const ps_scope *scope, size_t item, const ps_period *period,
                         ps_measured *out, ps_error *err) PS_MUST_CHECK;
/* All periods of all items in the area of the scope, which the form has entered: n_items
 * times n_periods figures, the periods of an item together.
 * Errors   PS_NOMEM and those of the form. */
ps_status ps_judge_area(const ps_scope *scope, ps_measure_figure *figures,
                        ps_error *err) PS_MUST_CHECK;
/* The status of the target where there is no figure at all: baseline-missing and
 * awaiting-target as far as the framework alone tells, else missing. */
const char *ps_judge_without_data(const ps_framework_measure *measure);

#endif
