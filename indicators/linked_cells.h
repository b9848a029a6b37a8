/* The counts of a release as cells, and the sums that tie them: areas add up to their
 * parent, types to all types, quarters to the year.
 */
#ifndef PS_INDICATORS_LINKED_CELLS_H
#define PS_INDICATORS_LINKED_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/keys.h"
#include "indicators/method.h"

/* The greatest count that integer programmes can work with exactly. */
#define PS_CELL_MOST INT64_C(1000000000)

/* Equation e says: cell[offset[e]] is the sum of cell[offset[e] + 1 .. offset[e + 1]). */
typedef struct ps_equations {
    size_t n;
    const size_t *offset; /* n + 1 */
    const int32_t *cell;
} ps_equations;

/* ---- for adaptors ---- */

/* The first inputs of a method on linked cells. */
#define PS_CELL_COLUMNS                                                            \
    {"area_code", PS_COLUMN_TEXT, true, "with series and period: names the cell"}, \
        {"series", PS_COLUMN_TEXT, false, "such as the type of crime"},            \
        {"period", PS_COLUMN_TEXT, false, "such as the quarter"},                  \
        {"area_parent", PS_COLUMN_TEXT, false,                                     \
         "areas that this one is a part of, separated by ; (all parts have to be " \
         "there)"},                                                                \
        {"series_parent", PS_COLUMN_TEXT, false,                                   \
         "series that this one is a part of, likewise"},                           \
        {"period_parent", PS_COLUMN_TEXT, false,                                   \
         "periods that this one is a part of, likewise: a year, rolling windows"}, \
    {                                                                              \
        "count", PS_COLUMN_INTEGER, true, "events or people, 0 or more"            \
    }
enum { PS_CELL_KEYS = 3, PS_CELL_COUNT = 6, PS_CELL_INPUTS = 7 };

/* Cells in order of area, series and period. */
typedef struct ps_cells {
    size_t n;
    size_t *row;
    int64_t *count; /* -1 where missing */
    ps_equations equations;
    struct ps_cell_links *links;
} ps_cells;

/* The rows of a call as cells. Parents that no row has are told to the talk.
 * Errors   PS_FORMAT for a cell that stands twice, a negative count, parts that do not
 * add up to their total or exceed it. */
ps_status ps_cells_read(const ps_method_call *call, ps_cells *out,
                        ps_error *err) PS_MUST_CHECK;
/* A whole number of a row that is not negative; `otherwise` where missing. */
ps_status ps_cells_whole(const ps_method_call *call, size_t row, size_t input,
                         int64_t otherwise, int64_t *out, ps_error *err) PS_MUST_CHECK;
/* parent[row]: the row that a row is a part of in one dimension (0 areas, 1 series, 2
 * periods), PS_NONE where the table has none. PS_FORMAT for a row with several. */
ps_status ps_cells_parents(const ps_method_call *call, const ps_cells *cells,
                           int dimension, int32_t *parent, ps_error *err) PS_MUST_CHECK;
/* area/series/period of a cell into an output. */
ps_status ps_cells_put_name(const ps_method_call *call, size_t output,
                            const ps_cells *cells, size_t cell,
                            ps_error *err) PS_MUST_CHECK;
void ps_cells_free(ps_cells *cells);

#endif
