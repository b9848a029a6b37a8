/* Counting rows by the areas of all geographies together; see ps_pieces. */
#ifndef PS_RUN_PIECES_H
#define PS_RUN_PIECES_H

#include "engine/run/count.h"

typedef struct ps_piece_counter ps_piece_counter;

ps_status ps_piece_counter_create(size_t geographies, int workers, ps_piece_counter **out,
                                  ps_error *err) PS_MUST_CHECK;
/* The located rows of a block, each in its group. row: geography after geography, where
 * each lies; the number of areas or more is outside. Threads  any number at once, each as
 * the worker it is. */
ps_status ps_piece_counter_add(ps_piece_counter *counter, int worker,
                               const ps_points_block *block, const int32_t *group,
                               const ps_areas *const *areas, const int32_t *row,
                               ps_error *err) PS_MUST_CHECK;
/* n > 0 more in the piece that lies in these areas, PS_NONE outside of all; threads as
 * above. */
ps_status ps_piece_counter_add_count(ps_piece_counter *counter, int worker,
                                     const int32_t *area, int32_t group, int64_t n,
                                     ps_error *err) PS_MUST_CHECK;
/* All of it, the same for any number of workers; the caller frees both arrays. */
ps_status ps_piece_counter_finish(ps_piece_counter *counter, ps_pieces *out,
                                  ps_error *err) PS_MUST_CHECK;
void ps_piece_counter_free(ps_piece_counter *counter);

#endif
