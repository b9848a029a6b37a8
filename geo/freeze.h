/* Boundaries as integers: the exact plane in which points are located.
 *
 * Shapes   as ps_areas; ring r has the points [ring_begin[r], ring_end[r]), closed,
 * without two equal points in a row. A ring of fewer than 3 distinct points has none.
 * Units    x, y count from (origin_x, origin_y) in steps of 1 / scale, 0 .. span < 2^31,
 * so that a cross product of two differences is exact in 64 bits. Rule     with op,
 * vertices are first rounded to the unit of the source, so that those that neighbours
 * share meet; then transformed; then edges are split until the straight edge is within
 * half a millimetre of the true one, which depends on the edge alone, so shared edges
 * stay shared. The target is rounded last.
 */
#ifndef PS_GEO_FREEZE_H
#define PS_GEO_FREEZE_H

#include "geo/areas.h"

typedef struct ps_frozen {
    const ps_areas *areas;
    double scale;
    int64_t origin_x, origin_y;
    int32_t span_x, span_y;
    size_t n_points; /* room used in x and y, gaps between rings included */
    uint32_t *ring_begin, *ring_end;
    int32_t *x, *y;
} ps_frozen;

/* See ps_locator_build for the arguments and errors. One clone of op per worker. */
ps_status ps_freeze(const ps_areas *areas, const ps_crs_operation *op, bool geographic,
                    ps_frozen **out, ps_error *err) PS_MUST_CHECK;
void ps_frozen_free(ps_frozen *frozen);

/* To the nearest integer, half away from zero. |v| < 2^62. The difference is exact,
 * unlike adding a half; llround does the same, but as a call. */
static inline int64_t ps_freeze_round(double v) {
    const int64_t whole = (int64_t)v;
    const double rest = v - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

#endif
