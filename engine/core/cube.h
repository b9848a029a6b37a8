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
/* count > 0 more in one cell. */
ps_status ps_cube_add_count(ps_cube *cube, int worker, int32_t area, int32_t group,
                            int64_t count, ps_error *err) PS_MUST_CHECK;
/* Reads the cells of a few areas after the other, so that they need not all be in memory.
 * rank ranks n_groups groups (NULL: each its own), and stays as long as the reader. While
 * nobody adds. Any number of threads, each with a part of its own. */
typedef struct ps_cube_reader ps_cube_reader;
ps_status ps_cube_reader_open(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                              ps_cube_reader **out, ps_error *err) PS_MUST_CHECK;
void ps_cube_reader_close(ps_cube_reader *reader);
typedef struct ps_cube_part {
    ps_tally_cell *cell;
    size_t n, room;
    struct ps_cube_column *column; /* room to work in */
    size_t column_room;
} ps_cube_part;
/* All cells of the areas [begin, end) that are not 0, by area and then by rank, into a
 * part, at first all zeros, whose room is used again. */
ps_status ps_cube_read(const ps_cube_reader *reader, size_t begin, size_t end,
                       ps_cube_part *part, ps_error *err) PS_MUST_CHECK;
void ps_cube_part_free(ps_cube_part *part);

/* All cells that are not 0, by area and then by rank[group], which ranks n_groups groups
 * (NULL: by group); the caller frees the array with ps_free. While nobody adds. Parallel
 * inside. */
ps_status ps_cube_cells(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                        ps_tally_cell **out, size_t *n, ps_error *err) PS_MUST_CHECK;
void ps_cube_free(ps_cube *cube);

#endif
