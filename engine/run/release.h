/* Disclosure control of everything that a job writes: which figures of protected data may
 * be shown, decided once for all outputs.
 *
 * Data are protected unless they are public. All counts that any output shows of an input
 * (series and measures, their complements within a proportion, in every geography, area
 * and period) are one release, audited together; see indicators/protect.h. A figure is
 * shown when all the counts that it is made of are. Readers are taken to know every
 * output, how areas, rows and months are made up, and how many rows were located in all.
 * No small count may follow from the others:
 * - of an area in a period that a table shows;
 * - of an area in months that its own figures of overlapping periods give by subtraction:
 * a rolling year less a running one, a year less its quarters, a baseline less a year;
 * - of what areas have in common, in a period that a table shows or over all of the time;
 * - of what series and measures of an area and period do not share: all less one type,
 *   {A, B, C} less {A, B}; see release_audit.h.
 * Not looked at by itself is what areas have in common in months that no table shows.
 *
 * Rows by fate are told for each input as a whole, never for a geography. How many lie in
 * no area of the job follows from that and from the figures of all areas, and is no
 * area's figure.
 *
 * Areas are made of pieces: what areas of different polygons have in common, as far as
 * rows lie there. So wards that cut through neighbourhoods, and points on their borders,
 * are accounted for exactly.
 *
 * What is not audited is not shown:
 * - When a release has too many counts, the finest geography is left out of it.
 * - Months are shown only where the job asks for them as periods; counts.csv has none.
 * - Figures that follow from single rows are not shown, those that follow from months
 *   (trends, projections) where every month is; methods on tables of counts see no others
 *   than those that are shown.
 *
 * Records are audited likewise; see release_records.h.
 *
 * Two inputs that read the same file cannot be told apart by an audit of each, so they
 * are refused when one of them is protected. Earlier releases are not looked at.
 */
#ifndef PS_RUN_RELEASE_H
#define PS_RUN_RELEASE_H

#include "engine/core/json.h"
#include "engine/run/measures.h"

/* The class of an input and the rules that come with it. */
typedef struct ps_release_rules {
    ps_disclosure_class disclosure;
    int64_t threshold;  /* counts below it are hidden */
    bool hide_zeros;    /* 0, too */
    int64_t least_base; /* people that an area must have; 0 any */
    const char *off;    /* the job's reason why nothing is hidden, or NULL */
} ps_release_rules;

/* The class that the job gives the points, or else: police.uk is public; data that
 * measures of frameworks use have the strictest of their classes; of others nothing is
 * known, and they are taken for public. */
ps_disclosure_class ps_release_class(const ps_job_points *points,
                                     const ps_bindings *bindings);

/* What holds for an input of a class. */
ps_release_rules ps_release_rules_of(const ps_job_disclosure *disclosure,
                                     const char *input, ps_disclosure_class class);
/* Do they hide anything? */
bool ps_release_rules_hide(const ps_release_rules *rules);

/* Decide what may be shown. measures: NULL without a framework. Geographies that are
 * left out are told to the talk.
 * Errors   PS_CONFIG for inputs that share a file; PS_NOMEM; as in ps_geography_fit.
 * Threads  one; the result depends on the job and its data alone.
 * Cost     bounded: see ps_disclose and most_work there. */
ps_status ps_release_open(const ps_job_file *job, const ps_bindings *bindings,
                          const ps_figures *figures, const ps_measures *measures,
                          const ps_talk *talk, ps_release **out,
                          ps_error *err) PS_MUST_CHECK;
void ps_release_free(ps_release *release);

/* Is anything of a data set hidden? release NULL: no. */
bool ps_release_protects(const ps_release *release, size_t data);
/* May the count of these rows be shown, in the months of [first, last] that the data
 * span? holds: of a series or of a part of a measure. What was not part of the release
 * may not. */
bool ps_release_shows(const ps_release *release, size_t data, const bool *holds,
                      size_t geography, size_t area, ps_month first, ps_month last);
/* The same for records that a part of a measure counts. */
bool ps_release_shows_records(const ps_release *release, const ps_measure_part *part,
                              size_t item, size_t geography, size_t area, ps_month first,
                              ps_month last);
/* Does a measure count rows of protected data, or protected records? */
bool ps_release_protects_measure(const ps_release *release, const ps_measure *measure);
/* The same for a figure of a measure: everything that its value is made of. */
bool ps_release_shows_measure(const ps_release *release, const ps_measure *measure,
                              size_t item, size_t geography, size_t area, ps_month first,
                              ps_month last);
/* Why figures of a data set are not there, for a note. */
extern const char ps_release_reason[];
/* Why nothing is there that needs all months. */
extern const char ps_release_months[];

/* The audit: a member "disclosure". */
void ps_release_manifest(const ps_release *release, ps_json *json);
/* One line for each protected input. */
void ps_release_summary(const ps_release *release, ps_output *out);

#endif
