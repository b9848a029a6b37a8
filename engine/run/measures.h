/* The measures of a job's frameworks: which there are in a job, and their figures.
 *
 * Periods are those of the measure or of the job for the data that the numerator is
 * counted from, and the running year of the plan: the one that the data end in, when they
 * end before it does. Its value is what there is so far, its target is judged by a
 * projection to the end.
 */
#ifndef PS_RUN_MEASURES_H
#define PS_RUN_MEASURES_H

#include "engine/run/judge.h"

struct ps_measures {
    const ps_bindings *bindings;
    const ps_figures *figures;
    ps_measure *measure; /* by framework, in the order of its report */
    size_t n;
};

/* Get ready: which rows count, which periods there are. */
ps_status ps_measures_open(const ps_bindings *bindings, const ps_figures *figures,
                           ps_measures **out, ps_error *err) PS_MUST_CHECK;
void ps_measures_free(ps_measures *measures);

/* The months that the data of a measure span, its own or those of the measures that
 * its table takes figures of, together; first > last: none. */
void ps_measure_span(const ps_measures *measures, const ps_measure *measure,
                     ps_month *first, ps_month *last);

/* The records that are the rows of a measure's table. */
const ps_record_set *ps_measure_records(const ps_measures *measures,
                                        const ps_measure *measure);

/* A measure that is not absent, in one geography. What the form works out for all areas
 * together is worked out here. */
ps_status ps_scope_open(const ps_measures *measures, size_t measure, size_t geography,
                        ps_scope *scope, ps_error *err) PS_MUST_CHECK;
void ps_scope_close(ps_scope *scope);
/* Is the measure shown in an area? The plan may hide it there, or show it elsewhere only.
 * Whoever writes figures asks first. */
bool ps_scope_shows(const ps_scope *scope, size_t area);
/* Look at an area: the form can be asked for its values. Errors, threads: see below. */
ps_status ps_scope_enter(ps_scope *scope, size_t area, ps_error *err) PS_MUST_CHECK;
/* Is the area that is looked at the one that the plan's stated figures hold for? */
bool ps_scope_is_plans_area(const ps_scope *scope);
/* Figures of an area. */
size_t ps_scope_figures(const ps_scope *scope);
/* All figures of one area, ps_scope_figures of them: the periods of the first item, then
 * those of the next.
 * Errors   PS_NOMEM and those of the form.
 * Threads  one for a scope; any number of scopes. */
ps_status ps_scope_area(ps_scope *scope, size_t area, ps_measure_figure *figures,
                        ps_error *err) PS_MUST_CHECK;

/* The geography of the job that a framework's is; -1 when the job has none. */
int ps_measures_geography(const ps_geographies *all, const char *id);

#endif
