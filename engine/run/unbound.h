/* Texts of bound columns that mean none of the framework's values.
 *
 * They count as none of them, which is right for "No" and wrong for a slip, a code that
 * the job forgot or an answer such as "Don't know". Where a column has several values, a
 * text that is none of them is doubtful; where it has one, "yes", only a text that
 * usually says that there is no answer, and in a survey several texts beside it.
 * Published figures of other measures and one of several answers are only noted.
 */
#ifndef PS_RUN_UNBOUND_H
#define PS_RUN_UNBOUND_H

#include "engine/run/binding.h"
#include "engine/run/figures.h"
#include "engine/run/records.h"

/* Tell the doubtful texts of each column, the first row of records that has one, and how
 * many rows have each; not how many where figures of the data are hidden. records may be
 * NULL. Errors   PS_NOMEM; PS_GATE for the first warning when strict. */
ps_status ps_unbound_tell(const ps_bindings *bindings, const ps_figures *figures,
                          const ps_records *records, bool strict, const ps_talk *talk,
                          ps_error *err) PS_MUST_CHECK;

#endif
