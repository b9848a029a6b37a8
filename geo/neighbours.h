/* Which areas touch each other? Neighbours by queen contiguity: they share a vertex.
 *
 * Source: Anselin 1988, Spatial Econometrics (contiguity of the first order).
 */
#ifndef PS_GEO_NEIGHBOURS_H
#define PS_GEO_NEIGHBOURS_H

#include "geo/areas.h"

typedef struct ps_neighbours {
    size_t *offset; /* n + 1 */
    int32_t *area; /* neighbours of area a: area[offset[a] .. offset[a + 1]), ascending */
} ps_neighbours;

/* Shapes   one list for each area, without itself; empty for an island or an area without
 *   shape.
 * Rule     vertices are equal that fall on the same step of the frozen grid (1 mm, or the
 *   unit of geographic coordinates): publishers' noise in the last digits is none.
 *   Neighbours whose common border has no vertex in common are not found.
 * Errors   PS_NOMEM; as in ps_freeze. Threads one. Cost O(v log v) for v vertices. */
ps_status ps_neighbours_find(const ps_areas *areas, ps_neighbours *out,
                             ps_error *err) PS_MUST_CHECK;
void ps_neighbours_free(ps_neighbours *neighbours);

#endif
