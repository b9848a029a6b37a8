/* Reading and writing spatial layers and sheets (GDAL/OGR; areas of plain GeoPackages
 * through SQLite alone).
 *
 * GDAL is used in the files *_ogr.c only, and loaded by the first call that needs it:
 * PS_UNSUPPORTED when it cannot be. Anything OGR can open as vector works for areas and
 * points: Shapefile, GeoPackage, GeoJSON, FlatGeobuf, also inside a ZIP; XLSX and ODS for
 * tables. Only local files: names that would make GDAL open a network connection or a
 * database are refused.
 */
#ifndef PS_GEO_LAYER_H
#define PS_GEO_LAYER_H

#include "engine/core/table.h"
#include "geo/shape.h"

/* What to do with a polygon that is not valid, empty or null. */
typedef enum ps_geometry_policy {
    PS_GEOMETRY_REPAIR, /* make it valid; leave out the area's shape when nothing is left
                         */
    PS_GEOMETRY_SKIP,   /* leave the area out */
    PS_GEOMETRY_STOP    /* PS_FORMAT */
} ps_geometry_policy;

typedef struct ps_layer_spec {
    const char *path; /* file, folder of a Shapefile, or .zip of either */
    const char
        *base; /* folder that a relative path starts from; NULL: the working directory */
    const char *layer; /* NULL: the only one; PS_CONFIG listing the names when there are
                          several */
    const char *code;  /* field of the area code */
    const char *name;  /* field of the area name; NULL: none */
    const char *where; /* attribute filter in OGR's SQL dialect; NULL: all */
    const char
        *crs; /* overrides the file's; NULL: the file's; PS_CONFIG when it has none */
    const char *encoding; /* of a Shapefile's attributes; NULL: as the file says, else
                             UTF-8 or Windows-1252 */
    ps_geometry_policy policy;
} ps_layer_spec;

enum { PS_LAYER_EXAMPLES = 5 };

/* What was met on the way; counted, first examples named. */
typedef struct ps_layer_report {
    int64_t features; /* read, after `where` */
    int64_t null_geometry, empty_geometry, invalid_geometry, repaired, skipped,
        not_polygon;
    int64_t points;  /* vertices kept */
    int plain;       /* 1: read without GDAL, see layer_gpkg.h */
    char layer[128]; /* name of the layer read */
    char driver[32];
    char example[PS_LAYER_EXAMPLES]
                [256]; /* "feature 12 (E01000012): Self-intersection at ..." */
    int examples;
} ps_layer_report;

/* Areas of a polygon layer. Errors name file, layer, field, the nearest valid name;
 * duplicate codes: PS_FORMAT with the first five. */
ps_status ps_layer_read_areas(const ps_layer_spec *spec, const ps_talk *talk,
                              ps_areas **out, ps_layer_report *report,
                              ps_error *err) PS_MUST_CHECK;

/* A point layer as blocks of rows: coordinates and chosen attribute fields as text. */
typedef struct ps_layer_points ps_layer_points;
ps_status ps_layer_points_open(const ps_layer_spec *spec, const ps_str *fields,
                               size_t n_fields, ps_layer_points **out,
                               ps_error *err) PS_MUST_CHECK;
const ps_crs *ps_layer_points_crs(const ps_layer_points *points);
/* Up to n rows: x, y (NAN when the geometry is null, empty or no point), and n * n_fields
 * texts, row by row, good until the next call. Fields are text as OGR prints them; dates
 * in ISO form. *got = 0 at the end. */
ps_status ps_layer_points_next(ps_layer_points *points, size_t n, double *x, double *y,
                               ps_str *texts, size_t *got, ps_error *err) PS_MUST_CHECK;
void ps_layer_points_close(ps_layer_points *points);

/* A table of an XLSX or ODS workbook or of any layer's attributes. sheet NULL: the only
 * one, or PS_CONFIG with the names; a number "2" takes the sheet in that place, from 1.
 * header as in csv.h; columns NULL means all. Numbers come as the shortest
 * exact text, dates in ISO form. columns that are absent: PS_CONFIG as in
 * ps_table_need_column. */
ps_status ps_layer_read_table(const char *path, const char *base, const char *sheet,
                              ps_header header, const ps_str *columns, size_t n_columns,
                              const ps_talk *talk, ps_table **out,
                              ps_error *err) PS_MUST_CHECK;

/* A description of what a file holds. */
typedef struct ps_layer_field {
    const char *name, *type;
} ps_layer_field;
typedef struct ps_layer_info {
    const char *name;
    const char *geometry; /* "" for a sheet or table */
    const char *crs;      /* "" when the file has none */
    int64_t features;
    double box[4];
    bool has_box;
    const ps_layer_field *field;
    size_t n_fields;
} ps_layer_info;
typedef struct ps_layer_listing {
    const char *driver;
    const ps_layer_info *layer;
    size_t n;
    ps_arena *arena;
} ps_layer_listing;
ps_status ps_layer_list(const char *path, const char *base, ps_layer_listing **out,
                        ps_error *err) PS_MUST_CHECK;
void ps_layer_listing_free(ps_layer_listing *listing);

/* "GDAL 3.6.2": the release in use, which is loaded to be asked; "none" when it cannot
 * be.
 */
const char *ps_layer_gdal_version(void);

/* Writing a GeoPackage: one file, layers of areas with values, tables without geometry.
 * The file is the same byte for byte for the same calls. Text is UTF-8. */
typedef struct ps_geopackage ps_geopackage;
typedef enum ps_field_type {
    PS_FIELD_TEXT,
    PS_FIELD_INTEGER,
    PS_FIELD_REAL
} ps_field_type;
typedef struct ps_field {
    const char *name;
    ps_field_type type;
} ps_field;
/* One value; null leaves the cell empty. */
typedef struct ps_field_value {
    bool null;
    ps_str text;
    int64_t integer;
    double real;
} ps_field_value;
/* PS_OUTPUT when the path exists already or cannot be written. */
ps_status ps_geopackage_create(const char *path, ps_geopackage **out,
                               ps_error *err) PS_MUST_CHECK;
/* A layer with one feature per area, in row order, geometry as in areas (multipolygon),
 * and a table of n_fields values per area: values[row * n_fields + field]. */
ps_status ps_geopackage_areas(ps_geopackage *gpkg, const char *layer,
                              const char *description, const ps_areas *areas,
                              const ps_field *fields, size_t n_fields,
                              const ps_field_value *values, ps_error *err) PS_MUST_CHECK;
/* A table without geometry. */
ps_status ps_geopackage_table(ps_geopackage *gpkg, const char *table,
                              const char *description, const ps_field *fields,
                              size_t n_fields, const ps_field_value *values,
                              size_t n_rows, ps_error *err) PS_MUST_CHECK;
/* The next row of a table: all its values, good until the next call; *more false when
 * there is none. */
typedef ps_status ps_geopackage_next(void *context, ps_field_value *values, bool *more,
                                     ps_error *err);
/* A table without geometry of rows that come one by one. */
ps_status ps_geopackage_stream(ps_geopackage *gpkg, const char *table,
                               const char *description, const ps_field *fields,
                               size_t n_fields, ps_geopackage_next *next, void *context,
                               ps_error *err) PS_MUST_CHECK;
/* Rows of a table on the map of a layer, without another copy of either: those whose
 * field `where` is `is`, each with the shape of the feature whose layer_key is its
 * table_key. Rows without one are not on the map. */
typedef struct ps_geopackage_view {
    const char *name, *description;
    const char *layer, *layer_key;
    const char *table, *table_key, *where, *is;
    const ps_field *fields; /* of the table, to be shown */
    size_t n_fields;
} ps_geopackage_view;
/* A layer that is such a view. Layer and table have been written. */
ps_status ps_geopackage_view_of(ps_geopackage *gpkg, const ps_geopackage_view *view,
                                ps_error *err) PS_MUST_CHECK;
/* Close; the file is complete. Frees the handle, also on failure. */
ps_status ps_geopackage_close(ps_geopackage *gpkg, ps_error *err) PS_MUST_CHECK;
void ps_geopackage_abandon(ps_geopackage *gpkg);

#endif
