/* Areas as polygons that other libraries understand, and what those make of them.
 *
 * A ps_areas knows only rings that are taken together by the even-odd rule. Here they
 * become a multipolygon: a ring inside an even number of others is the outer ring of a
 * part, a ring inside an odd number is a hole in the smallest ring around it. Outer rings
 * run counter-clockwise, holes clockwise. WKB is little-endian and two-dimensional.
 */
#ifndef PS_GEO_SHAPE_H
#define PS_GEO_SHAPE_H

#include "geo/areas.h"

/* Bytes that grow; zero-initialise, reuse, free. */
typedef struct ps_wkb {
    unsigned char *bytes;
    size_t n, capacity;
} ps_wkb;

/* The multipolygon of one area appended to wkb; nothing for an area without rings.
 * Cost  O(rings^2) box tests, plus one pass over a ring for each that may be around it.
 */
ps_status ps_shape_write(const ps_areas *areas, size_t row, ps_wkb *wkb,
                         ps_error *err) PS_MUST_CHECK;
/* Which rings of one area are holes: hole[i] for its ring area_ring[row] + i, true when
 * it is inside an odd number of the others. Cost  near linear in the points of the area.
 */
ps_status ps_shape_holes(const ps_areas *areas, size_t row, bool *hole,
                         ps_error *err) PS_MUST_CHECK;
/* The rings of a polygon, a multipolygon, or of the polygons in a collection, added to
 * the current area of the builder. PS_FORMAT for other bytes. */
ps_status ps_shape_read(const unsigned char *bytes, size_t n, ps_areas_builder *builder,
                        ps_error *err) PS_MUST_CHECK;
void ps_wkb_free(ps_wkb *wkb);

/* The areas that the members of groups make together: the union of their polygons (GEOS),
 * one area per group. Group g has the rows member[offset[g]] to member[offset[g + 1] - 1]
 * of `areas`; a group without members, or of members without shape, is an area without
 * shape. Made on a grid of 1 mm (1e-8 degree), a single member is taken as it is. codes
 * and names are the groups'. In parallel; the same for any number of
 * threads. */
ps_status ps_areas_union(const ps_areas *areas, size_t n_groups, const size_t *offset,
                         const int32_t *member, const ps_str *code, const ps_str *name,
                         ps_areas **out, ps_error *err) PS_MUST_CHECK;
/* A point inside each area; NAN for an area without shape. */
ps_status ps_areas_interior_points(const ps_areas *areas, double *x, double *y,
                                   ps_error *err) PS_MUST_CHECK;

#endif
