/* How much of each area of one geography lies in each area of another?
 *
 * Areas of intersection, without intersecting polygons. Both geographies are frozen to
 * one plane of whole millimetres (geo/freeze.h). By Green's theorem the area that a FROM
 * and a TO area have in common is a sum over edges alone: of those of the FROM area where
 * they run inside the TO area, and of those of the TO area where they run inside the FROM
 * area. So each ring is walked once; what it is inside of changes only where an edge of
 * the other geography is crossed.
 *
 * Exactness  Which edges cross is decided in 64-bit integers, with the TO geography moved
 * to the right and, infinitely less, up by less than any distance (simulation of
 * simplicity, Edelsbrunner & Muecke 1990, ACM Trans. Graphics 9:66). Shared edges, and
 * vertices on edges of the other, then need no rule of their own, and neighbours with the
 * same boundary have exactly nothing in common. A crossing is the exact one rounded to
 * 2^-20 of a unit; areas are summed in 128-bit integers. So the parts of an area add up
 * to the whole exactly, and a common area differs from that of the frozen polygons by
 * less than 2^-20 mm times the length of its edges (5e-6 m2 for 5 km). Swapping FROM and
 * TO gives the same areas; that close where areas of one geography overlap. Freezing
 * moves a vertex by up to 0.71 mm. Rule       Overlapping areas of one geography each
 * count in full: shares then add up to more than 1. Rings of an area may touch but not
 * cross; where freezing makes them cross by a unit, the loop between the crossings counts
 * with the opposite sign.
 */
#ifndef PS_GEO_CROSSWALK_H
#define PS_GEO_CROSSWALK_H

#include "engine/core/sparse.h"
#include "geo/areas.h"

typedef struct ps_crosswalk {
    ps_sparse overlap; /* a row per FROM area: TO areas and square metres, all > 0 */
    size_t n_to;       /* TO areas */
    double *from_area, *to_area; /* square metres of each area */
} ps_crosswalk;

/* from_op and to_op bring each to the common projected CRS, in which a unit is `metres`
 * long; NULL for one that is in it already. In parallel; the same for any number of
 * threads. Errors  NOMEM; FORMAT when a coordinate has no image; LIMIT as in freezing.
 * Cost    edges times the logarithm of edges, plus crossings. */
ps_status ps_crosswalk_build(const ps_areas *from, const ps_crs_operation *from_op,
                             const ps_areas *to, const ps_crs_operation *to_op,
                             double metres, ps_crosswalk **out,
                             ps_error *err) PS_MUST_CHECK;
void ps_crosswalk_free(ps_crosswalk *crosswalk);

#endif
