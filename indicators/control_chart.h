/* Is a month out of the ordinary? Statistical process control charts.
 *
 * A chart has a centre line and limits from its baseline points; rules then tell points
 * that chance does not explain. Baselines start afresh at every segment (a rebase after a
 * known change). Points are judged within their segment only.
 *
 * Source: Montgomery, Introduction to Statistical Quality Control; NHS England, Making
 * Data Count; Anhoj & Olesen 2014, PLoS ONE 9:e113825; Laney 2002, Quality Engineering
 * 14:531. Methods note 7.5.
 */
#ifndef PS_INDICATORS_CONTROL_CHART_H
#define PS_INDICATORS_CONTROL_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

typedef enum ps_chart_kind {
    PS_CHART_XMR,     /* single values, limits from moving ranges */
    PS_CHART_C,       /* counts of equal exposure */
    PS_CHART_U,       /* counts per exposure */
    PS_CHART_P,       /* proportions */
    PS_CHART_U_PRIME, /* u and p after Laney: for large denominators with dispersion */
    PS_CHART_P_PRIME
} ps_chart_kind;

typedef enum ps_chart_rules { PS_RULES_NHS, PS_RULES_WESTERN_ELECTRIC } ps_chart_rules;

/* Why a point is special; the first that holds gives the label. */
typedef enum ps_chart_rule {
    PS_RULE_NONE,
    PS_RULE_OUTSIDE,      /* beyond a limit */
    PS_RULE_TREND,        /* NHS: a run of steps in one direction */
    PS_RULE_TWO_OF_THREE, /* NHS: in the outer third, inside the limits, all three on one
                             side; Western Electric: beyond two sigma on one side */
    PS_RULE_FOUR_OF_FIVE, /* Western Electric: beyond one sigma on one side */
    PS_RULE_SHIFT         /* successive points on one side of the centre */
} ps_chart_rule;

/* "outside", "trend", "two-of-three", "four-of-five", "shift"; "" for none. */
const char *ps_chart_rule_text(ps_chart_rule rule);

typedef enum ps_point_type {
    PS_POINT_COMMON, /* nothing special */
    PS_POINT_IMPROVEMENT,
    PS_POINT_CONCERN,
    PS_POINT_NEUTRAL, /* special, without polarity */
    PS_POINT_MISSING
} ps_point_type;

/* "common-cause", "improvement", "concern", "neutral", "missing". */
const char *ps_point_type_text(ps_point_type type);

typedef enum ps_assurance {
    PS_ASSURANCE_NONE, /* no target, no polarity or no limits */
    PS_ASSURANCE_PASS,
    PS_ASSURANCE_FAIL,
    PS_ASSURANCE_HIT_AND_MISS
} ps_assurance;

/* "consistently-pass", "consistently-fail", "hit-and-miss"; "" for none. */
const char *ps_assurance_text(ps_assurance assurance);

typedef struct ps_chart_options {
    ps_chart_kind kind;
    ps_chart_rules rules;
    double constant;   /* of the XmR limits: 2.66 (NHS) or 3 / 1.128 (Montgomery) */
    bool screen;       /* leave out moving ranges from 3.267 times their mean, once */
    size_t fix_after;  /* baseline: the first so many points of a segment; 0: all */
    int trend_steps;   /* steps in one direction that make a trend: 6 */
    int shift_points;  /* points on one side that make a shift: 7 (NHS), 8 (WE) */
    int polarity;      /* 1 higher is better, -1 lower is better, 0 neither */
    double multiplier; /* of u and p values and limits */
    double target;     /* NAN: none; in the unit of the chart's values */
} ps_chart_options;

/* The usual choices for a kind and rule set. */
ps_chart_options ps_chart_defaults(ps_chart_kind kind, ps_chart_rules rules);

typedef struct ps_chart_point {
    ps_value y; /* the charted value */
    ps_value centre, lower, upper;
    ps_chart_rule rule;
    int direction; /* of a special point: 1 high or rising, -1 low or falling */
    ps_point_type type;
    size_t segment; /* index of its segment */
} ps_chart_point;

typedef struct ps_chart_segment {
    size_t first, n;     /* its points */
    size_t baseline_n;   /* baseline points with a value */
    bool provisional;    /* fewer than 12 baseline points */
    ps_value dispersion; /* of counts; Laney's form is for more than 1.5 */
    ps_value sigma_z;    /* Laney's factor */
    ps_value median;     /* of the baseline */
    size_t useful;       /* points off the median */
    size_t longest_run, longest_allowed;
    size_t crossings, fewest_allowed;
    bool anhoj_signal; /* a longer run, or fewer crossings, than chance gives */
    ps_assurance assurance;
} ps_chart_segment;

/* Centre, limits and signals of a series.
 * Shapes   value: n; size: n denominators for u and p charts (else NULL); segment: n, a
 *   change of number starts a segment (NULL: one segment); point: n; segments: n cells,
 *   of which *n_segments are filled.
 * Units    u: value and size in counts and exposure; p: value of size.
 * Rule     a missing value or size, or size 0, makes a missing point, which breaks runs
 *   and moving ranges; baseline points are counted with it. Limits: XmR mean -+ constant
 *   * mean moving range; c, u, p three standard errors, the lower one at least 0, p at
 *   most 1; Laney times the mean moving range of z over 1.128. A point is outside when
 *   strictly beyond. Where there is no variation the limits collapse onto the centre and
 *   only points off the line are told. One baseline point, or none next to another: XmR
 *   and Laney limits undefined, nothing is told. NHS order: outside, trend, two of three,
 *   shift; every point of a trend or shift is flagged, and of two of three those in the
 *   outer third. A step of zero breaks a trend, a point on the centre a shift. Western
 *   Electric: every point beyond the line concerned, and every point of the eight.
 *   Assurance: the target against the limits of the segment's last point.
 *   A negative count or size, or a p above 1, makes the point missing.
 * Errors   PS_NOMEM.
 * Threads  pure. Cost O(n log n).
 * Source   methods note 7.5. */
ps_status ps_control_chart(size_t n, const double *value, const double *size,
                           const int32_t *segment, const ps_chart_options *options,
                           ps_chart_point *point, ps_chart_segment *segments,
                           size_t *n_segments, ps_error *err) PS_MUST_CHECK;

#endif
