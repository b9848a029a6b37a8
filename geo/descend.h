/* Points go down a grid and come back with the areas that hold them.
 *
 * A batch of points goes through the levels together: each pass asks for the memory of
 * the next, so that the misses of many points overlap. The edges of a record are met side
 * by side, in the lanes of vector instructions where the processor has them. All ways
 * give the same answers; locate.c is the only user.
 */
#ifndef PS_GEO_DESCEND_H
#define PS_GEO_DESCEND_H

#include "geo/grid.h"

/* In units of the grid; a point outside is in no area. */
typedef struct ps_reach {
    double low_x, low_y, high_x, high_y;
} ps_reach;

/* Where the answers go. */
typedef struct ps_descent {
    int32_t *row;  /* of the first point in the first layer of the grid */
    size_t stride; /* from layer to layer */
    int64_t *ties; /* per layer of the grid; added to */
} ps_descent;

/* n points in the CRS of the grid, NAN for none. Never fails. Threads  any. */
void ps_descend(const ps_grid *grid, const ps_reach *reach, size_t n, const double *x,
                const double *y, ps_descent to);

/* The same by plain C alone, by AVX2, by AVX-512: false, and nothing done, when the
 * compiler or this processor has none. */
bool ps_descend_plain(const ps_grid *grid, const ps_reach *reach, size_t n,
                      const double *x, const double *y, ps_descent to);
bool ps_descend_avx2(const ps_grid *grid, const ps_reach *reach, size_t n,
                     const double *x, const double *y, ps_descent to);
bool ps_descend_avx512(const ps_grid *grid, const ps_reach *reach, size_t n,
                       const double *x, const double *y, ps_descent to);

#endif
