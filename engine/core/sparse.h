/* A matrix of which few cells are not zero, row by row: what two geographies, or an area
 * and its neighbours, have to do with each other.
 *
 * Row r has the cells [offset[r], offset[r + 1]), their columns in ascending order.
 * Frozen once it is made.
 */
#ifndef PS_CORE_SPARSE_H
#define PS_CORE_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/mem.h"

typedef struct ps_sparse {
    size_t rows;
    size_t *offset; /* rows + 1 */
    int32_t *column;
    double *weight;
} ps_sparse;

/* Room for n cells; offset is zero, the rest is to be filled. On failure all is free. */
ps_status ps_sparse_create(size_t rows, size_t n, ps_sparse *out,
                           ps_error *err) PS_MUST_CHECK;
void ps_sparse_free(ps_sparse *sparse);

#endif
