/* What whoever defends the figures should look at before they do.
 *
 * Nothing here is refused: rows that could not be read, rows that lie in no area, texts
 * that the job translates and no row has, a survey without its weight, a plan whose
 * stated figures are of an area elsewhere. Each is told with the first case and a number.
 */
#ifndef PS_RUN_DOUBTS_H
#define PS_RUN_DOUBTS_H

#include "engine/run/binding.h"
#include "engine/run/figures.h"
#include "engine/run/records.h"

/* Of points, once it is decided what may be shown of them: how many rows of protected
 * data a geography does not have is not told. */
void ps_doubts_of_points(const ps_figures *figures, const ps_talk *talk);
/* Of what the job binds to its frameworks; records may be NULL. Errors PS_NOMEM. */
ps_status ps_doubts_of_bindings(const ps_bindings *bindings, const ps_figures *figures,
                                const ps_records *records, const ps_talk *talk,
                                ps_error *err) PS_MUST_CHECK;

#endif
