/* Areas beside others: is it worse here than elsewhere, and does the gap close?
 *
 * The neighbourhood's own people are in the figures that it is compared with. A count,
 * rate or proportion is therefore taken apart into what is here only, in both and there
 * only, as far as the areas that both are made of tell, and tested by indicators/compare.
 * Every count is of the same cells as the figures of measures.csv. Beside published
 * figures of other areas the same is done with what they were worked out from; where that
 * is not known, their limits decide.
 */
#ifndef PS_RUN_COMPARISON_H
#define PS_RUN_COMPARISON_H

#include "engine/run/area_overlap.h"
#include "engine/run/measures.h"
#include "engine/run/published.h"
#include "indicators/compare.h"

/* All comparisons of a job's frameworks: which areas each is compared with. */
typedef struct ps_comparisons ps_comparisons;

/* Errors   PS_NOMEM; as in ps_geography_fit. The measures must outlive it. */
ps_status ps_comparisons_open(const ps_measures *measures, ps_comparisons **out,
                              ps_error *err) PS_MUST_CHECK;
void ps_comparisons_free(ps_comparisons *comparisons);
/* Does any framework of the job compare? */
bool ps_comparisons_any(const ps_bindings *bindings);

/* One of the two that are compared. */
typedef struct ps_side {
    ps_estimate value;             /* in the unit of the comparison */
    double numerator, denominator; /* NAN where there is none */
    double effect; /* variance over that of independent events; 1 when not known */
} ps_side;

typedef struct ps_compared_figure {
    const ps_period *period;
    const char *item; /* "" when the measure has one */
    ps_side here, there;
    ps_overlap_kind overlap;
    ps_gap gap;           /* of shares and rates of one; times the multiplier */
    bool changed;         /* there is a figure of the baseline period */
    ps_gap_change change; /* against it */
    ps_value here_percent, there_percent; /* change of each, in percent */
    bool by_limits; /* the difference is judged by its limits, for there is no p */
    ps_value_status status; /* of the difference */
    char reason[384];       /* why something is absent; "" nothing */
} ps_compared_figure;

/* A measure in the areas of one geography beside those of another, or beside a published
 * series. */
typedef struct ps_comparison {
    const ps_framework_comparison *spec;
    const ps_area_overlaps *overlaps; /* NULL: published */
    ps_scope here, there;             /* there: not of a published series */
    ps_published published;
    bool around;       /* the areas are part of what the published series is of */
    bool tested;       /* of events or people, which can be counted apart */
    bool per_resident; /* a plain count, compared as a rate */
    bool linked;       /* the form tells how two areas differ */
    ps_compared kind;
    double multiplier; /* of the unit */
    char unit[64];
    const char *baseline; /* label of the period that changes are from, or NULL */
    ps_period base;
    ps_history *numerator, *denominator; /* of what the two have in common */
    ps_history *one;                     /* of one area of it */
} ps_comparison;

/* measure: not absent; here, there: geographies of the job.
 * Errors   PS_NOMEM and those of the measure's form. */
ps_status ps_comparison_open(const ps_comparisons *all,
                             const ps_framework_comparison *spec, size_t measure,
                             size_t here, size_t there, ps_comparison *out,
                             ps_error *err) PS_MUST_CHECK;
/* The same beside a published series. comparator: one of the comparison's data. Where
 * published.absent says that there is none, there is nothing to compare with. Errors also
 * as in ps_published_open. */
ps_status ps_comparison_open_published(const ps_comparisons *all,
                                       const ps_framework_comparison *spec,
                                       size_t measure, size_t here,
                                       const char *comparator, ps_comparison *out,
                                       ps_error *err) PS_MUST_CHECK;
void ps_comparison_close(ps_comparison *comparison);
/* Figures of an area. */
size_t ps_comparison_figures(const ps_comparison *comparison);
/* What an area is compared with: geography, code and name of another, or id of the data,
 * comparator and its name. False: with nothing, and it has no figures. */
typedef struct ps_beside {
    const char *type;
    ps_str code, name;
} ps_beside;
bool ps_comparison_beside(const ps_comparison *comparison, size_t area, ps_beside *out);
/* All figures of an area, ps_comparison_figures of them: the periods of the first item,
 * then those of the next.
 * Rule     a count is compared per residents, as many as the job's multiplier. No limits
 *   and no p where nothing tells what the two have in common, or where the figures of
 *   parts do not add up, as indices do not. Repeats, which come in clusters, are tested
 *   with the larger design effect of the two. Survey estimates are two domains of one
 *   sample, whose difference is tested whatever they share.
 *   A published figure of such a measure, or one without a base, is compared by the
 * limits of both as if apart, and without limits as if it were exact. The gap's change is
 * from a whole period before, of as many months. Errors   PS_NOMEM and those of the form.
 * Threads  one for a comparison; any number of comparisons. */
ps_status ps_comparison_of_area(ps_comparison *comparison, size_t area,
                                ps_compared_figure *figures, ps_error *err) PS_MUST_CHECK;
/* Is it better or worse here than in the rest? "better", "worse", "no-clear-difference";
 * "higher", "lower" of a measure without polarity; "" when nothing tells. */
const char *ps_comparison_verdict(const ps_comparison *comparison,
                                  const ps_compared_figure *figure);

#endif
