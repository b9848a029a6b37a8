/* Counts of inputs that are kept from run to run, so that a nightly run reads the rows of
 * the month that is new and no others.
 *
 * Rule     One file of a ps_store for each text that was counted, with the ending
 *   .counts; its body is a ps_partial. The key is a hash of all that follows from the
 *   rows: their bytes (the SHA-256 that the inputs have anyway; of a member of an archive
 *   its packed bytes), what is read of them and how, the tables they are looked up in,
 *   the areas with their codes, the operation that brought these to the rows, and this
 *   build of placestat. Titles, series, periods, frameworks and rules of disclosure are
 *   no part of it: they come after the counts. A file is never out of date, only unused.
 *   It is looked at in full each time; what is not in order is counted again and
 *   replaced. Outputs are the same in every byte with and without.
 *
 *   Where duplicates are left out, an input that shares a context (the incidents of one
 *   reporter and month) with another one is always read: which of two rows counts is
 *   then a matter of both.
 *
 *   Kept are texts that have not changed since they were digested, for which they have to
 *   be some seconds old (content.h). All of one data set take at most half of the store.
 * Errors   None of its own: without a store, all is read.
 */
#ifndef PS_RUN_KEPT_H
#define PS_RUN_KEPT_H

#include "engine/run/inputs.h"
#include "engine/run/partial.h"
#include "engine/run/recording.h"

typedef struct ps_kept ps_kept;

typedef struct ps_kept_spec {
    const ps_partial_shape *shape;
    ps_points *points;
    const ps_inputs *inputs; /* digested */
    const ps_prepared *prepared;
    const ps_store_key *place; /* of where points lie; see ps_prepared_key */
    bool forget;               /* take nothing that is kept */
} ps_kept_spec;

/* Which sources are known? All is borrowed. NULL when nothing can be kept. */
ps_status ps_kept_open(const ps_kept_spec *spec, ps_kept **out,
                       ps_error *err) PS_MUST_CHECK;
/* Add all that is known, before the first row is read; points pass over it. */
ps_status ps_kept_add_known(ps_kept *kept, const ps_partial_target *target,
                            ps_error *err) PS_MUST_CHECK;
/* Is this source to be counted by a recording? */
bool ps_kept_records(const ps_kept *kept, size_t source);
/* All are read: does a source that was read share a context with one that was added? Then
 * all has to be counted again, with `forget`. */
ps_status ps_kept_check(ps_kept *kept, bool *wrong, ps_error *err) PS_MUST_CHECK;
/* Add what was recorded, and keep it. */
ps_status ps_kept_add_recorded(ps_kept *kept, const ps_recording *recording,
                               const ps_partial_target *target,
                               ps_error *err) PS_MUST_CHECK;
void ps_kept_free(ps_kept *kept);

#endif
