/* What each of several inputs comes to, while workers count rows of many at once.
 *
 * Rows are counted in cubes of their own, in which each input has groups of its own; when
 * all is counted the cells are taken apart by input.
 */
#ifndef PS_RUN_RECORDING_H
#define PS_RUN_RECORDING_H

#include "engine/run/partial.h"

typedef struct ps_recording ps_recording;

/* bytes: of the pages of each cube. Shape is borrowed; workers as in par.h. */
ps_status ps_recording_create(const ps_partial_shape *shape, size_t sources, int workers,
                              size_t bytes, ps_recording **out,
                              ps_error *err) PS_MUST_CHECK;
/* The groups in which the rows of a block are counted here, good until the worker's next
 * call. Threads  any number at once, each as the worker it is. */
ps_status ps_recording_groups(ps_recording *recording, int worker,
                              const ps_points_block *block, const int32_t **groups,
                              ps_error *err) PS_MUST_CHECK;
/* geography * PS_CUBES + cube; NULL where a shape has none. */
ps_cube *const *ps_recording_cubes(const ps_recording *recording);
ps_piece_counter *ps_recording_pieces(const ps_recording *recording);
/* Take the cells apart; the cubes are gone then. groups: those of the blocks. */
ps_status ps_recording_finish(ps_recording *recording, const ps_keys *groups,
                              ps_error *err) PS_MUST_CHECK;
/* Groups and cells of a source, once; views of the recording. */
void ps_recording_source(const ps_recording *recording, size_t source, ps_partial *out);
void ps_recording_free(ps_recording *recording);

#endif
