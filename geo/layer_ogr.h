/* The part of layer.h that needs GDAL, as a table of functions.
 *
 * Loading GDAL costs a process more than a join of a million points against prepared
 * boundaries, so the files *_ogr.c are a module, which layer.c loads when the first of
 * these functions is called.
 */
#ifndef PS_GEO_LAYER_OGR_H
#define PS_GEO_LAYER_OGR_H

#include "engine/core/module.h"
#include "geo/layer.h"

/* Each is the function of layer.h with the same end of its name. */
ps_status ps_ogr_read_areas(const ps_layer_spec *spec, const ps_talk *talk,
                            ps_areas **out, ps_layer_report *report,
                            ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_points_open(const ps_layer_spec *spec, const ps_str *fields,
                             size_t n_fields, ps_layer_points **out,
                             ps_error *err) PS_MUST_CHECK;
const ps_crs *ps_ogr_points_crs(const ps_layer_points *points);
ps_status ps_ogr_points_next(ps_layer_points *points, size_t n, double *x, double *y,
                             ps_str *texts, size_t *got, ps_error *err) PS_MUST_CHECK;
void ps_ogr_points_close(ps_layer_points *points);
/* Workbooks and layers; delimited text has been dealt with. */
ps_status ps_ogr_read_table(const char *path, const char *base, const char *sheet,
                            ps_header header, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out,
                            ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_list(const char *path, const char *base, ps_layer_listing **out,
                      ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_create(const char *path, ps_geopackage **out,
                                   ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_areas(ps_geopackage *gpkg, const char *layer,
                                  const char *description, const ps_areas *areas,
                                  const ps_field *fields, size_t n_fields,
                                  const ps_field_value *values,
                                  ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_table(ps_geopackage *gpkg, const char *table,
                                  const char *description, const ps_field *fields,
                                  size_t n_fields, const ps_field_value *values,
                                  size_t n_rows, ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_stream(ps_geopackage *gpkg, const char *table,
                                   const char *description, const ps_field *fields,
                                   size_t n_fields, ps_geopackage_next *next,
                                   void *context, ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_view_of(ps_geopackage *gpkg, const ps_geopackage_view *view,
                                    ps_error *err) PS_MUST_CHECK;
ps_status ps_ogr_geopackage_close(ps_geopackage *gpkg, ps_error *err) PS_MUST_CHECK;
void ps_ogr_geopackage_abandon(ps_geopackage *gpkg);
const char *ps_ogr_gdal_version(void);

typedef struct ps_layer_functions {
    ps_module_head head;
    __typeof__(&ps_ogr_read_areas) read_areas;
    __typeof__(&ps_ogr_points_open) points_open;
    __typeof__(&ps_ogr_points_crs) points_crs;
    __typeof__(&ps_ogr_points_next) points_next;
    __typeof__(&ps_ogr_points_close) points_close;
    __typeof__(&ps_ogr_read_table) read_table;
    __typeof__(&ps_ogr_list) list;
    __typeof__(&ps_ogr_geopackage_create) geopackage_create;
    __typeof__(&ps_ogr_geopackage_areas) geopackage_areas;
    __typeof__(&ps_ogr_geopackage_table) geopackage_table;
    __typeof__(&ps_ogr_geopackage_stream) geopackage_stream;
    __typeof__(&ps_ogr_geopackage_view_of) geopackage_view_of;
    __typeof__(&ps_ogr_geopackage_close) geopackage_close;
    __typeof__(&ps_ogr_geopackage_abandon) geopackage_abandon;
    __typeof__(&ps_ogr_gdal_version) gdal_version;
} ps_layer_functions;

/* Of the module; absent in the library. */
extern const ps_layer_functions ps_layer_ogr __attribute__((weak));

#endif
