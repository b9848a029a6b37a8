/* A set of areas as flat arrays, sorted by code, never changed after it was built.
 *
 *   area a        rings  [area_ring[a], area_ring[a + 1])
 *   ring r        points [ring_point[r], ring_point[r + 1]), closed: the last equals the
 * first x, y          coordinates in the CRS of the set (easting, northing or longitude,
 * latitude)
 *
 * Rings of one area are taken together by the even-odd rule, so holes and parts need no
 * mark. Row order is byte order of the codes: "the lowest code" is the lowest row.
 */
#ifndef PS_GEO_AREAS_H
#define PS_GEO_AREAS_H

#include "engine/core/keys.h"
#include "geo/crs.h"

typedef struct ps_areas {
    size_t n; /* areas */
    size_t n_rings, n_points;
    const ps_str *code;
    const ps_str *name; /* equal to the code when the source has no name */
    const uint32_t *area_ring;
    const uint32_t *ring_point;
    const double *x, *y;
    const double *box;      /* 4 per area: minx, miny, maxx, maxy; minx > maxx for an area
                               without rings */
    const ps_keys *by_code; /* id = row */
    const ps_crs *crs;
    const unsigned char *id; /* PS_AREAS_ID bytes that no other content has, or NULL */
} ps_areas;

enum { PS_AREAS_ID = 16 };

/* Collects areas in any order. */
typedef struct ps_areas_builder ps_areas_builder;
ps_status ps_areas_builder_create(ps_areas_builder **out, ps_error *err) PS_MUST_CHECK;
/* Start the next area; code and name are copied. PS_FORMAT for an empty code. */
ps_status ps_areas_builder_area(ps_areas_builder *b, ps_str code, ps_str name,
                                ps_error *err) PS_MUST_CHECK;
/* Add a ring to it. Left out: rings of fewer than 3 distinct points. Closed when it is
 * not. PS_FORMAT for a coordinate that is not finite. */
ps_status ps_areas_builder_ring(ps_areas_builder *b, size_t n, const double *x,
                                const double *y, ps_error *err) PS_MUST_CHECK;
/* Sort and freeze. Takes crs (may be NULL for tests), also on failure. PS_FORMAT when a
 * code occurs twice: names the first five. Frees the builder, also on failure. */
ps_status ps_areas_builder_finish(ps_areas_builder *b, ps_crs *crs, ps_areas **out,
                                  ps_error *err) PS_MUST_CHECK;
void ps_areas_builder_free(ps_areas_builder *b);
/* A set whose arrays, sorted by code, stand elsewhere, such as in a mapped file, until
 * release(held) is called by ps_areas_free; on failure it is not called. by_code, crs and
 * id of arrays are not looked at: crs is taken, also on failure. PS_FORMAT when a code is
 * empty or out of order. */
ps_status ps_areas_view(const ps_areas *arrays, ps_crs *crs, void (*release)(void *held),
                        void *held, ps_areas **out, ps_error *err) PS_MUST_CHECK;
void ps_areas_free(ps_areas *areas);
/* Give a set its id, before others see it. The bytes are copied. */
void ps_areas_identify(ps_areas *areas, const unsigned char id[PS_AREAS_ID]);

/* The box around all areas; false when none has a shape. */
bool ps_areas_extent(const ps_areas *areas, double box[4]);

/* The size of each area in square units of the CRS: shoelace on coordinates shifted to a
 * local origin, added for rings inside an even number of the area's other rings and
 * subtracted for the rest, whichever way they turn. Rings may touch but not cross. */
ps_status ps_areas_measure(const ps_areas *areas, double *square,
                           ps_error *err) PS_MUST_CHECK;

#endif
