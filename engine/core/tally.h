/* Counts of rows by area and group, made by many workers, the same for any number of
 * them.
 *
 * A group is one combination of the columns that the user counts by: a category in a
 * month, say. Every worker adds to a tally of its own; merging adds integers, so the
 * order never shows.
 */
#ifndef PS_CORE_TALLY_H
#define PS_CORE_TALLY_H

#include "engine/core/keys.h"

typedef struct ps_tally ps_tally;

typedef struct ps_tally_cell {
    int32_t area;
    int32_t group;
    int64_t count;
} ps_tally_cell;

ps_status ps_tally_create(ps_tally **out, ps_error *err) PS_MUST_CHECK;
/* Add n to the cell of area and group, both >= 0. */
ps_status ps_tally_add(ps_tally *tally, int32_t area, int32_t group, int64_t n,
                       ps_error *err) PS_MUST_CHECK;
/* Add all cells of from to into; group g of from is group map[g] of into (NULL: itself).
 */
ps_status ps_tally_merge(ps_tally *into, const ps_tally *from, const int32_t *map,
                         ps_error *err) PS_MUST_CHECK;
size_t ps_tally_size(const ps_tally *tally);
/* All cells, by area and then by group; the caller frees the array with ps_free. */
ps_status ps_tally_cells(const ps_tally *tally, ps_tally_cell **out, size_t *n,
                         ps_error *err) PS_MUST_CHECK;
void ps_tally_free(ps_tally *tally);

#endif
