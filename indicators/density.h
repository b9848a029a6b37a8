/* Where do points crowd? Kernel density on a grid, exact: every point within reach of a
 * cell's centre is summed there.
 *
 * Source: Silverman 1986, Density Estimation; Diggle 1985, JRSS C 34:138 (edges); Kelsall
 * & Diggle 1995, Stat Med 14:2335 (relative risk).
 */
#ifndef PS_INDICATORS_DENSITY_H
#define PS_INDICATORS_DENSITY_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/status.h"

typedef enum ps_kernel {
    PS_KERNEL_GAUSSIAN,    /* exp(-u^2 / 2) / (2 pi h_x h_y), cut at u = 5 */
    PS_KERNEL_QUARTIC,     /* 3 / (pi h_x h_y) (1 - u^2)^2 for u < 1 */
    PS_KERNEL_EPANECHNIKOV /* 2 / (pi h_x h_y) (1 - u^2) for u < 1 */
} ps_kernel;

/* Square cells; the centre of cell (row, column) is (x + column cell, y + row cell). */
typedef struct ps_grid {
    double x, y, cell;
    size_t columns, rows;
} ps_grid;

/* The density at the centre of every cell, u^2 = (dx / h_x)^2 + (dy / h_y)^2.
 * Shapes   x, y: n finite; weight: n, NULL: all 1; density: rows * columns, row by row,
 * per square unit of the coordinates. Units    metres on a plane (a national grid).
 * Errors   PS_CONFIG when a bandwidth is not above 0. Threads  parallel over rows of
 * cells; points are summed in order of their place, so neither threads nor the order of
 * the points change a byte. Cost     O(points * cells within reach). */
ps_status ps_density(size_t n, const double *x, const double *y, const double *weight,
                     ps_kernel kernel, double h_x, double h_y, const ps_grid *grid,
                     double *density, ps_error *err) PS_MUST_CHECK;

/* How much of a kernel that stands at the centre of each cell lies on cells with inside
 * (NULL: all): what a density near the edge has to be divided by.
 * Rule     summed over cells, as a share of what an endless grid of them sums up to, so
 * that it is 1 far from the edge. Cells should be no larger than the bandwidth.
 * Shapes   inside, mass: rows * columns. Errors, threads, cost as above. */
ps_status ps_density_mass(ps_kernel kernel, double h_x, double h_y, const ps_grid *grid,
                          const bool *inside, double *mass, ps_error *err) PS_MUST_CHECK;

/* The normal reference bandwidth, sd n^(-1/6), of each axis (sd with n - 1). false for
 * fewer than 2 points or when an axis does not vary. */
bool ps_density_bandwidth(size_t n, const double *x, const double *y, double *h_x,
                          double *h_y);

/* Is a point inside rings of n corners, by the even-odd rule? A ring ends where `ring`
 * changes; it is closed by itself. A point on an edge may be either. */
bool ps_density_inside(size_t n, const double *x, const double *y, const double *ring,
                       double at_x, double at_y);

#endif
