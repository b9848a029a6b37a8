/* Disclosure control of figures that are made of records one by one: shares of surveys,
 * repeats in registers, scores.
 *
 * Rule. A figure is small when it stands for fewer rows than the threshold: when its
 * base, its numerator or those of the base who are not in it are above 0 (of sensitive
 * data: 0 and above) and below the threshold. Where any figure of a measure, an item, a
 * geography and a period is small, none of the geography is shown, so that nothing can be
 * had by subtracting the shown areas from their whole.
 *
 * Not looked at: differences between geographies that do not nest, and between measures.
 */
#ifndef PS_RUN_RELEASE_RECORDS_H
#define PS_RUN_RELEASE_RECORDS_H

#include "engine/core/json.h"
#include "engine/run/measures.h"
#include "engine/run/release.h"

typedef struct ps_release_records ps_release_records;

/* Errors   PS_NOMEM and those of the forms.
 * Threads  one; the result depends on the job and its data alone.
 * Cost     that of all figures of such measures. */
ps_status ps_release_records_open(const ps_job *job, const ps_measures *measures,
                                  ps_release_records **out, ps_error *err) PS_MUST_CHECK;
void ps_release_records_free(ps_release_records *records);
/* first, last: of a period of the measure, or of its baseline. */
bool ps_release_records_show(const ps_release_records *records, const ps_measure *measure,
                             size_t item, size_t geography, ps_month first,
                             ps_month last);
/* Elements of an array: what was done to each input. */
void ps_release_records_manifest(const ps_release_records *records, ps_json *json);

#endif
