/* Each call goes on to the module that uses GEOS, which opening an overlay loads. */
#include "geo/overlay.h"

#include <pthread.h>

#include "geo/overlay_geos.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Written once. */
static const ps_geos_functions *module;
static char trouble[PS_MODULE_TROUBLE];

static void load(void) {
    module = &ps_geos != NULL ? &ps_geos
                              : ps_module_load("geo", "ps_geos", sizeof *module, trouble);
}

ps_status ps_overlay_open(ps_overlay **out, ps_error *err) {
    *out = NULL;
    pthread_once(&once, load);
    if (module != NULL) return module->open(out, err);
    return ps_fail(err, PS_UNSUPPORTED,
                   "polygons are repaired and united with GEOS, by "
                   "libplacestat-geo-" PS_VERSION
                   ".so, which cannot be used: %s; install placestat again, and GEOS "
                   "with it",
                   trouble);
}

void ps_overlay_close(ps_overlay *overlay) {
    if (overlay != NULL) module->close(overlay);
}

ps_status ps_overlay_valid(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                           int *valid, char reason[200], ps_error *err) {
    return module->valid(overlay, wkb, n, valid, reason, err);
}

ps_status ps_overlay_repair(ps_overlay *overlay, const unsigned char *wkb, size_t n,
                            const unsigned char **repaired, size_t *n_repaired,
                            ps_error *err) {
    return module->repair(overlay, wkb, n, repaired, n_repaired, err);
}

ps_status ps_overlay_union(ps_overlay *overlay, const unsigned char *const *wkb,
                           const size_t *n_bytes, size_t n, double grid,
                           const unsigned char **merged, size_t *n_merged,
                           ps_error *err) {
    return module->merge(overlay, wkb, n_bytes, n, grid, merged, n_merged, err);
}

ps_status ps_overlay_interior_point(ps_overlay *overlay, const unsigned char *wkb,
                                    size_t n, double *x, double *y, ps_error *err) {
    return module->interior_point(overlay, wkb, n, x, y, err);
}

const char *ps_overlay_geos_version(void) {
    pthread_once(&once, load);
    return module != NULL ? module->version() : "none";
}
