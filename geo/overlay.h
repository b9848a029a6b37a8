/* What is done with whole polygons: validity, repair, union, a point inside (GEOS).
 *
 * Each overlay has a context of its own, so any number of them may be at work at once.
 * Geometries go in and out as WKB.
 */
#ifndef PS_GEO_OVERLAY_H
#define PS_GEO_OVERLAY_H

#include <stddef.h>

#include "engine/core/status.h"

typedef struct ps_overlay
    ps_overlay; /* a GEOS context with its reader and writer; one thread */

ps_status ps_overlay_open(ps_overlay **out, ps_error *err) PS_MUST_CHECK;
void ps_overlay_close(ps_overlay *overlay);

/* Is this polygon valid? When not, reason says why and where ("Self-intersection
 * at 1.5 53.8"). Bytes that GEOS cannot take for a geometry, such as a ring that is not
 * closed, are not valid either, for the reason that it gives. */
ps_status ps_overlay_valid(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                           int *valid, char reason[200], ps_error *err) PS_MUST_CHECK;
/* The valid polygon or multipolygon that covers the same ground (make-valid, structure
 * method when present, then polygons only). The result belongs to the overlay until its
 * next call. *n_repaired = 0 when nothing is left. */
ps_status ps_overlay_repair(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                            const unsigned char **repaired, size_t *n_repaired,
                            ps_error *err) PS_MUST_CHECK;
/* The union of several polygons as a polygon or multipolygon; belongs to the overlay
 * until its next call. With grid > 0 it is made on coordinates that are multiples of
 * grid, so that neighbours published with different noise in the last digits leave no
 * slivers between them (plainly united, the 482 small areas of Leeds leave 4,569 holes).
 */
ps_status ps_overlay_union(ps_overlay *overlay, const unsigned char *const *wkb,
                           const size_t *n_bytes, size_t n, double grid,
                           const unsigned char **merged, size_t *n_merged,
                           ps_error *err) PS_MUST_CHECK;
/* A point inside the polygon (point on surface); NAN when it is empty. */
ps_status ps_overlay_interior_point(ps_overlay *overlay, const unsigned char *wkb,
                                    size_t n, double *x, double *y,
                                    ps_error *err) PS_MUST_CHECK;

/* The release of GEOS in use, "3.11.1-CAPI-1.17.1", which is loaded to be asked; "none"
 * when it cannot be. */
const char *ps_overlay_geos_version(void);

#endif
