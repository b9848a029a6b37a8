/* A coordinate operation tabulated over the places where boundaries are, so that a vertex
 * costs a polynomial instead of a chain of projections.
 *
 * Rule     The plane of the source is cut into square cells of some 16 km, smaller
 * where that is too coarse for most. A cell with many vertices gets a bicubic polynomial
 * through 16 exact images. It is used only when it meets 25 other exact images to 0.01
 * mm. An operation that reads a table of shifts, whose values have kinks, is taken apart:
 * the shifts at the nodes near the areas are interpolated as it does, what comes before
 * and after is smooth. Vertices elsewhere are transformed one by one. The
 * image of a place depends on that place and on the set of areas alone, so vertices that
 * neighbours share stay shared.
 * Units    As the operation takes and gives them.
 * Threads  read by any number at once, each with an operation of its own.
 */
#ifndef PS_GEO_LATTICE_H
#define PS_GEO_LATTICE_H

#include <math.h>

#include "geo/areas.h"

typedef struct ps_lattice ps_lattice;

/* op[w] for worker w, clones of one operation from the areas' CRS. source_metres,
 * target_metres: of a unit, 0 for degrees. */
ps_status ps_lattice_build(const ps_areas *areas, ps_crs_operation *const *op,
                           double source_metres, double target_metres, ps_lattice **out,
                           ps_error *err) PS_MUST_CHECK;
void ps_lattice_free(ps_lattice *lattice);

/* Transform n points in place, as ps_crs_operation_apply would up to 0.02 mm. What has no
 * image becomes HUGE_VAL, HUGE_VAL. */
void ps_lattice_apply(const ps_lattice *lattice, ps_crs_operation *op, size_t n,
                      double *x, double *y);

/* How many cells have a polynomial, and how many nodes a shift. */
size_t ps_lattice_cells(const ps_lattice *lattice);
size_t ps_lattice_nodes(const ps_lattice *lattice);

/* Squared length in metres of a difference near latitude y; metres = 0: degrees. */
static inline double ps_lattice_square_metres(double dx, double dy, double y,
                                              double metres) {
    if (metres > 0) return (dx * dx + dy * dy) * metres * metres;
    const double across = dx * cos(y * 0.017453292519943295);
    return (across * across + dy * dy) * (111320.0 * 111320.0);
}

#endif
