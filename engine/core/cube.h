/* Counts of rows by area and group, made by many workers, the same for any number of
 * them.
 *
 * A group is one combination of the columns that are counted by: a category in a month,
 * say. Its counts are pages of 8-bit cells, one for 256 areas in a row, made when the
 * first row comes. All workers add to the same cells; where areas are few, and the
 * same line would be wanted by all at once, each has pages of its own. Most cells never
 * pass 255; one that does has 256 put aside in a tally. Areas of one region stand side by
 * side in the order of their codes, so the incidents of one reporter touch few pages.
 * When there is no room for more pages, workers count what belongs there in tallies of
 * their own, which take memory by the cells that are not 0. Adding integers, the order
 * never shows.
 */
#ifndef PS_CORE_CUBE_H
#define PS_CORE_CUBE_H

#include "engine/core/tally.h"

typedef struct ps_cube ps_cube;

/* Pages take at most about `bytes`; workers as in par.h. */
ps_status ps_cube_create(size_t areas, int workers, size_t bytes, ps_cube **out,
                         ps_error *err) PS_MUST_CHECK;
/* Row i is one more in area[i] and group[i]; rows whose area is PS_NONE do not count.
 * Threads  any number at once, each as the worker it is. */
ps_status ps_cube_add(ps_cube *cube, int worker, size_t n, const int32_t *area,
                      const int32_t *group, ps_error *err) PS_MUST_CHECK;
/* count more in one cell. */
ps_status ps_cube_add_count(ps_cube *cube, int worker, int32_t area, int32_t group,
                            int64_t count, ps_error *err) PS_MUST_CHECK;
/* All cells that are not 0, by area and then by rank[group], which ranks n_groups groups
 * (NULL: by group); the caller frees the array with ps_free. While nobody adds. Parallel
 * inside. */
ps_status ps_cube_cells(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                        ps_tally_cell **out, size_t *n, ps_error *err) PS_MUST_CHECK;
void ps_cube_free(ps_cube *cube);

#endif
