/* How much of it happens to the same people? Repeat victimisation.
 *
 * An incident of the reporting period is a repeat when the same victim had an earlier one
 * within the window before it. "Rate" and "number" of repeats, of incidents and of
 * victims, are different figures; all are given. Source: Farrell & Pease 1993, Once
 * Bitten, Twice Bitten; methods note 8.1.
 */
#ifndef PS_INDICATORS_REPEAT_H
#define PS_INDICATORS_REPEAT_H

#include "engine/core/text.h"
#include "indicators/value.h"

/* Days since 1970-01-01. */
int32_t ps_day_number(ps_date date);

typedef struct ps_repeat_options {
    ps_date from, to;  /* the reporting period, both days included */
    ps_date data_from; /* the first day that the data cover */
    int window_days;   /* 365: dates from date - 365 days on */
    int window_months; /* above 0: by calendar months instead */
    bool same_day;     /* earlier incidents of the same day count */
    double confidence;
    const bool *counted; /* n: the incidents that are asked about, as those of an area;
                            the others only go before. NULL: all */
} ps_repeat_options;

enum { PS_REPEAT_CLASSES = 5 };

typedef struct ps_repeat {
    int64_t incidents, unlinked;     /* of the period; without a victim */
    int64_t repeats;                 /* repeat incidents */
    int64_t victims, repeat_victims; /* distinct; with a repeat incident in the period */
    ps_estimate incident_rate;       /* repeats / incidents with a victim, plain Wilson */
    ps_estimate incident_rate_all;   /* repeats / all incidents */
    ps_estimate victim_rate;         /* repeat victims / victims */
    ps_value lower, upper; /* of incident_rate, incidents clustered in victims */
    ps_value design_effect;
    int64_t victims_with[PS_REPEAT_CLASSES]; /* 1, 2, 3, 4, 5 or more in the period */
    ps_value top_share;     /* share of the tenth of victims with most incidents */
    ps_value mean_interval; /* days from an incident to the next one in the period */
    bool left_censored;     /* the window reaches back before the data: biased low */
} ps_repeat;

/* Repeat rates of a period.
 * Shapes   victim: n numbers, PS_NO_VICTIM where unknown; date: n. Incidents of one
 * victim and day stand in their order. Rule     an unknown victim is counted as unlinked
 * and never as one big victim. Of the tenth of the victims the last counts in part.
 * Clustered limits: Wilson with the effective size p (1 - p) / variance, variance by
 * linearisation with victims as units; one victim: undefined; a rate of 0 or 1 has no
 * variance to go by: the plain limits. No incidents: rates undefined. The interval is to
 * the next incident whatever the window; undefined when nobody has two. Units    rates as
 * shares of 1. Errors   PS_NOMEM; PS_CONFIG when the period ends before it begins.
 * Threads  pure. Cost O(n log n). */
#define PS_NO_VICTIM (-1)
ps_status ps_repeat_of(size_t n, const int32_t *victim, const ps_date *date,
                       const ps_repeat_options *options, ps_repeat *out,
                       ps_error *err) PS_MUST_CHECK;
/* Which incidents are repeats, of whatever period? Shapes as above; repeat: n. Errors
 * PS_NOMEM. Only the window counts of the options. */
ps_status ps_repeat_mark(size_t n, const int32_t *victim, const ps_date *date,
                         const ps_repeat_options *options, bool *repeat,
                         ps_error *err) PS_MUST_CHECK;

#endif
