/* Disclosure control of figures that are made of records one by one: shares of surveys,
 * repeats in registers, counts of them, scores.
 *
 * The base of a figure, its numerator and those of the base who are not in it are counts
 * of records, and the audit of them is that of points; see release_audit.h. It is one for
 * all outputs: all measures, geographies and periods of an input, whatever they share. A
 * figure is shown when the counts that it is made of are. Measures that ask for different
 * columns are different questions of the audit.
 *
 * Where a base is restricted by a filter, those whom it leaves out are a secret, too. Who
 * gave no answer is none.
 *
 * Figures of methods on tables of records, as of scores, are not counts. Where the method
 * tells a base, they stand for all records of an area and period, which are audited as
 * the base of any other figure, and where any base is small, none of the geography is
 * shown. That holds for surveys and sensitive data; tables of other classes are
 * self-evaluations of organisations, which stand for nobody's answer.
 *
 * Not shown at all: what a form cannot account for (ps_form.take), and months, trends and
 * projections of protected records. Not looked at: two inputs that read one file.
 */
#ifndef PS_RUN_RELEASE_RECORDS_H
#define PS_RUN_RELEASE_RECORDS_H

#include "engine/core/json.h"
#include "engine/run/measures.h"
#include "engine/run/release.h"

typedef struct ps_release_records ps_release_records;

/* Errors   PS_NOMEM and those of the forms.
 * Threads  one; the result depends on the job and its data alone.
 * Cost     that of an audit for each question, and of all figures on tables of records.
 */
ps_status ps_release_records_open(const ps_job *job, const ps_measures *measures,
                                  ps_release_records **out, ps_error *err) PS_MUST_CHECK;
void ps_release_records_free(ps_release_records *records);
/* Does a measure use protected records? */
bool ps_release_records_protect(const ps_release_records *records,
                                const ps_measure *measure);
/* first, last: of a period of the measure, or of its baseline. */
bool ps_release_records_show(const ps_release_records *records, const ps_measure *measure,
                             size_t item, size_t geography, size_t area, ps_month first,
                             ps_month last);
/* May the count of an item of a part be shown? Only that of a measure may. */
bool ps_release_records_show_part(const ps_release_records *records,
                                  const ps_measure_part *part, size_t item,
                                  size_t geography, size_t area, ps_month first,
                                  ps_month last);
/* Elements of an array: what was done to each input. */
void ps_release_records_manifest(const ps_release_records *records, ps_json *json);
/* One line for each protected input. */
void ps_release_records_summary(const ps_release_records *records, ps_output *out);

#endif
