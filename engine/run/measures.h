/* The measures of a framework, from counts to values, targets and their status.
 *
 * A value is a count, a rate or a proportion with its interval. It is judged against a
 * target that follows from a baseline: the stated one in the plan's own area, everywhere
 * else the area's own figure of the baseline period. Value and status are separate, and
 * so are the status of the value (why it is there or not) and that of the target.
 *
 * Periods are those of the job for the data that the numerator is counted from, and the
 * running year of the plan: the one that the data end in, when they end before it does.
 * Its value is what there is so far, its target is judged by a projection to the end.
 */
#ifndef PS_RUN_MEASURES_H
#define PS_RUN_MEASURES_H

#include "engine/run/binding.h"
#include "engine/run/figures.h"
#include "indicators/projection.h"

/* What is counted for a numerator or denominator. */
typedef struct ps_measure_part {
    bool people; /* the population, not rows */
    size_t data; /* data set */
    bool *holds; /* by group of the data set */
} ps_measure_part;

typedef struct ps_measure {
    const ps_framework_measure *spec;
    const char *absent; /* why no figure can be had, or NULL; then nothing below is set */
    ps_form form;
    ps_measure_part numerator, denominator; /* the second when spec has one */
    ps_period *period;
    size_t n_periods;
} ps_measure;

typedef struct ps_measures {
    const ps_binding *binding;
    const ps_figures *figures;
    ps_measure *measure; /* in the order of the framework's report */
    size_t n;
} ps_measures;

/* One measure in one area and period. Numbers are NAN where there are none. */
typedef struct ps_measure_figure {
    const ps_period *period;
    ps_estimate value;
    double numerator, denominator;
    int32_t months; /* known, of the period */
    bool running;   /* the period goes on after the data end; the value is so far */
    double baseline;
    bool stated; /* by the plan, not taken from the data */
    double own;  /* the area's own figure of the baseline period, when the data have it */
    double baseline_numerator, baseline_denominator; /* of the comparison */
    ps_goal goal;
    const char *target_status; /* one of ps_framework_statuses */
    ps_target_result result;
    double dispersion; /* of the months of the numerator: 1 as chance alone would have it
                        */
    double change, change_lower, change_upper; /* percent, against the baseline */
    double share;             /* of a year, that its months so far have had in others */
    ps_projection projection; /* of the running year, in the unit of the value */
    char reason[384];         /* what a reader has to know; "" nothing */
} ps_measure_figure;

/* Get ready: which groups count, which periods there are. */
ps_status ps_measures_open(const ps_binding *binding, const ps_figures *figures,
                           ps_measures **out, ps_error *err) PS_MUST_CHECK;
void ps_measures_free(ps_measures *measures);

/* All periods of one measure that is not absent, in one area: n_periods figures.
 * Errors   PS_NOMEM.
 * Threads  any number. */
ps_status ps_measures_of_area(const ps_measures *measures, size_t measure,
                              size_t geography, size_t area, ps_measure_figure *figures,
                              ps_error *err) PS_MUST_CHECK;
/* The status of the target where there is no figure at all: baseline-missing and
 * awaiting-target as far as the framework alone tells, else missing. */
const char *ps_measures_target_without_data(const ps_framework_measure *measure);
/* The geography of the job that a framework's is; -1 when the job has none. */
int ps_measures_geography(const ps_geographies *all, const char *id);

#endif
