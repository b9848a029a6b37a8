/* The part of overlay.h that needs GEOS, which is all of it, as a table of functions;
 * overlay.c goes on to it. */
#ifndef PS_GEO_OVERLAY_GEOS_H
#define PS_GEO_OVERLAY_GEOS_H

#include "engine/core/module.h"
#include "geo/overlay.h"

/* Each is the function of overlay.h with the same end of its name. */
ps_status ps_geos_open(ps_overlay **out, ps_error *err) PS_MUST_CHECK;
void ps_geos_close(ps_overlay *overlay);
ps_status ps_geos_valid(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                        int *valid, char reason[200], ps_error *err) PS_MUST_CHECK;
ps_status ps_geos_repair(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                         const unsigned char **repaired, size_t *n_repaired,
                         ps_error *err) PS_MUST_CHECK;
ps_status ps_geos_union(ps_overlay *overlay, const unsigned char *const *wkb,
                        const size_t *n_bytes, size_t n, double grid,
                        const unsigned char **merged, size_t *n_merged,
                        ps_error *err) PS_MUST_CHECK;
ps_status ps_geos_interior_point(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                                 double *x, double *y, ps_error *err) PS_MUST_CHECK;
const char *ps_geos_version(void);

typedef struct ps_geos_functions {
    ps_module_head head;
    __typeof__(&ps_geos_open) open;
    __typeof__(&ps_geos_close) close;
    __typeof__(&ps_geos_valid) valid;
    __typeof__(&ps_geos_repair) repair;
    __typeof__(&ps_geos_union) merge;
    __typeof__(&ps_geos_interior_point) interior_point;
    __typeof__(&ps_geos_version) version;
} ps_geos_functions;

/* Of the module; absent in the library. */
extern const ps_geos_functions ps_geos __attribute__((weak));

#endif
