/* Layers without GDAL: each call goes on to the module that uses it, which the first one
 * loads. */
#include "geo/layer.h"

#include <pthread.h>
#include <string.h>

#include "geo/layer_gpkg.h"
#include "geo/layer_ogr.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Written once. */
static const ps_layer_functions *module;
static char trouble[PS_MODULE_TROUBLE];

static void load(void) {
    module = &ps_layer_ogr != NULL
                 ? &ps_layer_ogr
                 : ps_module_load("ogr", "ps_layer_ogr", sizeof *module, trouble);
}

static ps_status need(const ps_layer_functions **out, ps_error *err) {
    pthread_once(&once, load);
    *out = module;
    if (module != NULL) return PS_OK;
    return ps_fail(
        err, PS_UNSUPPORTED,
        "layers and workbooks are read with GDAL, by libplacestat-ogr-" PS_VERSION
        ".so, which cannot be used: %s; install placestat again, and GDAL with it",
        trouble);
}

/* --- areas --- */

static pthread_once_t plain_once = PTHREAD_ONCE_INIT;
static const ps_gpkg_functions *plain_module; /* written once */

static void load_plain(void) {
    char unused[PS_MODULE_TROUBLE];
    plain_module = &ps_gpkg != NULL
                       ? &ps_gpkg
                       : ps_module_load("geo", "ps_gpkg", sizeof *plain_module, unused);
}

ps_status ps_layer_read_areas(const ps_layer_spec *spec, const ps_talk *talk,
                              ps_areas **out, ps_layer_report *report, ps_error *err) {
    const ps_layer_functions *m;
    ps_layer_report own;
    bool plain = false;
    *out = NULL;
    if (report == NULL) report = &own;
    if (spec->path != NULL && ps_str_ends_with(ps_str_of(spec->path), ".gpkg")) {
        pthread_once(&plain_once, load_plain);
        if (plain_module != NULL) {
            const ps_status status =
                plain_module->read_areas(spec, talk, &plain, out, report, err);
            report->plain = plain;
            if (plain) return status;
        }
    }
    PS_TRY(need(&m, err));
    return m->read_areas(spec, talk, out, report, err);
}

ps_status ps_layer_points_open(const ps_layer_spec *spec, const ps_str *fields,
                               size_t n_fields, ps_layer_points **out, ps_error *err) {
    const ps_layer_functions *m;
    *out = NULL;
    PS_TRY(need(&m, err));
    return m->points_open(spec, fields, n_fields, out, err);
}

/* What a handle is given to was loaded when it was made. */

const ps_crs *ps_layer_points_crs(const ps_layer_points *points) {
    return module->points_crs(points);
}

ps_status ps_layer_points_next(ps_layer_points *points, size_t n, double *x, double *y,
                               ps_str *texts, size_t *got, ps_error *err) {
    return module->points_next(points, n, x, y, texts, got, err);
}

void ps_layer_points_close(ps_layer_points *points) {
    if (points != NULL) module->points_close(points);
}

ps_status ps_layer_read_table(const char *path, const char *base, const char *sheet,
                              ps_header header, const ps_str *columns, size_t n_columns,
                              const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    /* One set of rules for delimited text, not OGR's besides. */
    if (path != NULL && (ps_str_ends_with(ps_str_of(path), ".csv") ||
                         ps_str_ends_with(ps_str_of(path), ".csv.gz"))) {
        if (sheet != NULL && sheet[0] != '\0')
            return ps_fail(err, PS_CONFIG, "'%s' has no sheets; leave out '%.100s'", path,
                           sheet);
        return ps_table_read_csv(path, base, header, columns, n_columns, talk, out, err);
    }
    const ps_layer_functions *m;
    PS_TRY(need(&m, err));
    return m->read_table(path, base, sheet, header, columns, n_columns, talk, out, err);
}

ps_status ps_layer_list(const char *path, const char *base, ps_layer_listing **out,
                        ps_error *err) {
    const ps_layer_functions *m;
    *out = NULL;
    PS_TRY(need(&m, err));
    return m->list(path, base, out, err);
}

void ps_layer_listing_free(ps_layer_listing *listing) {
    if (listing == NULL) return;
    ps_arena_free(listing->arena);
    ps_free(listing);
}

ps_status ps_geopackage_create(const char *path, ps_geopackage **out, ps_error *err) {
    const ps_layer_functions *m;
    *out = NULL;
    PS_TRY(need(&m, err));
    return m->geopackage_create(path, out, err);
}

ps_status ps_geopackage_areas(ps_geopackage *gpkg, const char *layer,
                              const char *description, const ps_areas *areas,
                              const ps_field *fields, size_t n_fields,
                              const ps_field_value *values, ps_error *err) {
    return module->geopackage_areas(gpkg, layer, description, areas, fields, n_fields,
                                    values, err);
}

ps_status ps_geopackage_table(ps_geopackage *gpkg, const char *table,
                              const char *description, const ps_field *fields,
                              size_t n_fields, const ps_field_value *values,
                              size_t n_rows, ps_error *err) {
    return module->geopackage_table(gpkg, table, description, fields, n_fields, values,
                                    n_rows, err);
}

ps_status ps_geopackage_stream(ps_geopackage *gpkg, const char *table,
                               const char *description, const ps_field *fields,
                               size_t n_fields, ps_geopackage_next *next, void *context,
                               ps_error *err) {
    return module->geopackage_stream(gpkg, table, description, fields, n_fields, next,
                                     context, err);
}

ps_status ps_geopackage_view_of(ps_geopackage *gpkg, const ps_geopackage_view *view,
                                ps_error *err) {
    return module->geopackage_view_of(gpkg, view, err);
}

ps_status ps_geopackage_close(ps_geopackage *gpkg, ps_error *err) {
    return module->geopackage_close(gpkg, err);
}

void ps_geopackage_abandon(ps_geopackage *gpkg) {
    if (gpkg != NULL) module->geopackage_abandon(gpkg);
}

const char *ps_layer_gdal_version(void) {
    const ps_layer_functions *m;
    return need(&m, NULL) == PS_OK ? m->gdal_version() : "none";
}
