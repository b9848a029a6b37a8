/* Writing a GeoPackage through GDAL/OGR. The same calls give the same bytes: GDAL's one
 * source of difference, the time of the last change, is fixed by the scope, and features
 * are written in row order in one transaction per layer.
 */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <errno.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "geo/layer_ogr.h"
#include "geo/ogr_source.h"

struct ps_geopackage {
    GDALDatasetH dataset;
    char *path;
    ps_wkb wkb; /* scratch */
    char *text; /* scratch: a NUL-terminated value */
    size_t text_room;
};

static ps_status cannot_write(const ps_geopackage *g, const char *what,
                              const ps_gdal_scope *scope, ps_error *err) {
    return ps_fail(err, PS_OUTPUT, "cannot write %.200s of '%s': %s; is the disk full?",
                   what, g->path,
                   scope->message[0] != '\0' ? scope->message : "no reason given");
}

static void free_geopackage(ps_geopackage *g) {
    if (g == NULL) return;
    ps_wkb_free(&g->wkb);
    ps_free(g->text);
    ps_free(g->path);
    ps_free(g);
}

ps_status ps_ogr_geopackage_create(const char *path, ps_geopackage **out, ps_error *err) {
    *out = NULL;
    ps_geopackage *g = ps_zalloc(1, sizeof *g);
    if (g == NULL) return ps_fail_nomem(err);
    g->path = ps_strndup(path, strlen(path));
    if (g->path == NULL) {
        free_geopackage(g);
        return ps_fail_nomem(err);
    }
    ps_status status = PS_OK;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    GDALDriverH driver = GDALGetDriverByName("GPKG");
    char **options = CSLSetNameValue(NULL, "VERSION", "1.3");
    if (driver == NULL)
        status = ps_fail(err, PS_UNSUPPORTED,
                         "this GDAL was built without GeoPackage; '%s' cannot be written",
                         path);
    else if (strstr(path, "://") != NULL || strncmp(path, "/vsi", 4) == 0)
        status =
            ps_fail(err, PS_CONFIG, "'%.200s' is not the name of a local file", path);
    else if (access(path, F_OK) == 0) /* GDAL would delete it without a word */
        status = ps_fail(err, PS_OUTPUT, "cannot create '%s': it exists already", path);
    else
        g->dataset = GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, options);
    if (status == PS_OK && g->dataset == NULL)
        status = ps_fail(err, PS_OUTPUT, "cannot create '%s': %s", path,
                         scope.message[0] != '\0' ? scope.message : "no reason given");
    CSLDestroy(options);
    ps_gdal_leave(&scope);
    if (status != PS_OK) {
        free_geopackage(g);
        return status;
    }
    *out = g;
    return PS_OK;
}

/* NUL-terminated, in scratch; a NUL inside would cut the text, so it is refused. */
static ps_status as_text(ps_geopackage *g, ps_str value, const char **out,
                         ps_error *err) {
    if (value.n > 0 && memchr(value.p, '\0', value.n) != NULL)
        return ps_fail(err, PS_FORMAT, "a text for '%s' holds a NUL byte", g->path);
    PS_TRY(ps_grow((void **)&g->text, &g->text_room, value.n + 1, 1, err));
    if (value.n > 0) memcpy(g->text, value.p, value.n);
    g->text[value.n] = '\0';
    *out = g->text;
    return PS_OK;
}

static ps_status make_layer(ps_geopackage *g, const char *name, const char *description,
                            const ps_crs *crs, bool geometry, const ps_field *fields,
                            size_t n_fields, OGRLayerH *out, const ps_gdal_scope *scope,
                            ps_error *err) {
    *out = NULL;
    if (GDALDatasetGetLayerByName(g->dataset, name) != NULL)
        return ps_fail(err, PS_CONFIG, "'%s' would get two layers with the name '%.100s'",
                       g->path, name);
    for (size_t i = 0; i < n_fields; i++) {
        bool taken = strcasecmp(fields[i].name, "fid") == 0 ||
                     strcasecmp(fields[i].name, "geom") == 0;
        for (size_t j = 0; j < i; j++)
            taken = taken || strcasecmp(fields[i].name, fields[j].name) == 0;
        if (taken || fields[i].name[0] == '\0')
            return ps_fail(
                err, PS_CONFIG,
                "'%s', layer '%.100s': the field name '%.100s' is empty, taken, "
                "or kept for GeoPackage; name it otherwise",
                g->path, name, fields[i].name);
    }
    OGRSpatialReferenceH srs = NULL;
    if (geometry && crs != NULL) {
        srs = OSRNewSpatialReference(NULL);
        const char *code = ps_crs_code(crs);
        OGRErr failed = srs == NULL ? OGRERR_FAILURE
                                    : OSRSetFromUserInput(
                                          srs, code[0] != '\0' ? code : ps_crs_wkt(crs));
        if (failed != OGRERR_NONE) {
            if (srs != NULL) OSRDestroySpatialReference(srs);
            return ps_fail(err, PS_UNSUPPORTED, "'%s': GDAL does not know the CRS '%s'",
                           g->path, ps_crs_name(crs));
        }
        OSRSetAxisMappingStrategy(srs, OAMS_TRADITIONAL_GIS_ORDER);
    }
    char **options = NULL;
    options = CSLSetNameValue(options, "IDENTIFIER", name);
    options =
        CSLSetNameValue(options, "DESCRIPTION", description != NULL ? description : "");
    options = CSLSetNameValue(options, "FID", "fid");
    options = CSLSetNameValue(options, "GEOMETRY_NAME", "geom");
    options = CSLSetNameValue(options, "SPATIAL_INDEX", "YES");
    OGRLayerH layer = GDALDatasetCreateLayer(
        g->dataset, name, srs, geometry ? wkbMultiPolygon : wkbNone, options);
    CSLDestroy(options);
    if (srs != NULL) OSRDestroySpatialReference(srs);
    if (layer == NULL) return cannot_write(g, name, scope, err);
    for (size_t i = 0; i < n_fields; i++) {
        OGRFieldType type = fields[i].type == PS_FIELD_TEXT      ? OFTString
                            : fields[i].type == PS_FIELD_INTEGER ? OFTInteger64
                                                                 : OFTReal;
        OGRFieldDefnH def = OGR_Fld_Create(fields[i].name, type);
        OGRErr failed = OGR_L_CreateField(layer, def, 0);
        OGR_Fld_Destroy(def);
        if (failed != OGRERR_NONE) return cannot_write(g, name, scope, err);
    }
    *out = layer;
    return PS_OK;
}

static ps_status set_values(ps_geopackage *g, OGRFeatureH feature, const char *layer,
                            const ps_field *fields, size_t n_fields,
                            const ps_field_value *values, size_t row, ps_error *err) {
    for (size_t f = 0; f < n_fields; f++) {
        const ps_field_value *v = &values[f];
        if (v->null) {
            OGR_F_SetFieldNull(feature, (int)f);
            continue;
        }
        switch (fields[f].type) {
            case PS_FIELD_TEXT: {
                const char *text = NULL;
                PS_TRY(as_text(g, v->text, &text, err));
                OGR_F_SetFieldString(feature, (int)f, text);
                break;
            }
            case PS_FIELD_INTEGER:
                OGR_F_SetFieldInteger64(feature, (int)f, v->integer);
                break;
            case PS_FIELD_REAL:
                if (!isfinite(v->real))
                    return ps_fail(
                        err, PS_OUTPUT,
                        "'%s', layer '%.100s', row %zu, field '%.100s': a value "
                        "that is no finite number; write it as missing",
                        g->path, layer, row + 1, fields[f].name);
                OGR_F_SetFieldDouble(feature, (int)f, v->real);
        }
    }
    return PS_OK;
}

static ps_status set_shape(ps_geopackage *g, OGRFeatureH feature, const ps_areas *areas,
                           size_t row, const ps_gdal_scope *scope, ps_error *err) {
    g->wkb.n = 0;
    PS_TRY(ps_shape_write(areas, row, &g->wkb, err));
    if (g->wkb.n == 0) return PS_OK;
    OGRGeometryH shape = NULL;
    if (g->wkb.n > INT32_MAX ||
        OGR_G_CreateFromWkb(g->wkb.bytes, NULL, &shape, (int)g->wkb.n) != OGRERR_NONE ||
        shape == NULL || OGR_F_SetGeometryDirectly(feature, shape) != OGRERR_NONE)
        return cannot_write(g, "a polygon", scope, err);
    return PS_OK;
}

/* Rows that stand in memory. */
typedef struct table_rows {
    const ps_field_value *values;
    size_t n_fields, n, next;
} table_rows;

static ps_status next_of_table(void *context, ps_field_value *values, bool *more,
                               ps_error *err) {
    (void)err;
    table_rows *rows = context;
    *more = rows->next < rows->n;
    if (*more && rows->n_fields > 0)
        memcpy(values, rows->values + rows->next++ * rows->n_fields,
               rows->n_fields * sizeof *values);
    return PS_OK;
}

/* What is written as one layer; areas NULL: a table. */
typedef struct layer_rows {
    const char *name;
    const ps_areas *areas;
    const ps_field *fields;
    size_t n_fields;
    ps_geopackage_next *next;
    void *context;
} layer_rows;

static ps_status write_row(ps_geopackage *g, OGRLayerH layer, const layer_rows *rows,
                           const ps_field_value *values, size_t row,
                           const ps_gdal_scope *scope, ps_error *err) {
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    if (feature == NULL) return ps_fail_nomem(err);
    ps_status status = set_values(g, feature, rows->name, rows->fields, rows->n_fields,
                                  values, row, err);
    if (status == PS_OK && rows->areas != NULL)
        status = set_shape(g, feature, rows->areas, row, scope, err);
    if (status == PS_OK && OGR_L_CreateFeature(layer, feature) != OGRERR_NONE)
        status = cannot_write(g, rows->name, scope, err);
    OGR_F_Destroy(feature);
    return status;
}

static ps_status write_rows(ps_geopackage *g, OGRLayerH layer, const layer_rows *rows,
                            const ps_gdal_scope *scope, ps_error *err) {
    ps_field_value *values = ps_alloc(rows->n_fields, sizeof *values);
    if (values == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    bool more = true;
    for (size_t row = 0; status == PS_OK; row++) {
        status = rows->next(rows->context, values, &more, err);
        if (status != PS_OK || !more) break;
        status = write_row(g, layer, rows, values, row, scope, err);
    }
    ps_free(values);
    return status;
}

static ps_status write_layer(ps_geopackage *g, const char *description,
                             const layer_rows *rows, ps_error *err) {
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    OGRLayerH layer = NULL;
    ps_status status = make_layer(
        g, rows->name, description, rows->areas != NULL ? rows->areas->crs : NULL,
        rows->areas != NULL, rows->fields, rows->n_fields, &layer, &scope, err);
    if (status == PS_OK && GDALDatasetStartTransaction(g->dataset, 0) != OGRERR_NONE)
        status = cannot_write(g, rows->name, &scope, err);
    else if (status == PS_OK) {
        status = write_rows(g, layer, rows, &scope, err);
        if (status != PS_OK)
            (void)GDALDatasetRollbackTransaction(g->dataset);
        else if (GDALDatasetCommitTransaction(g->dataset) != OGRERR_NONE ||
                 OGR_L_SyncToDisk(layer) != OGRERR_NONE || scope.failures > 0)
            status = cannot_write(g, rows->name, &scope, err);
    }
    ps_gdal_leave(&scope);
    return status;
}

ps_status ps_ogr_geopackage_areas(ps_geopackage *gpkg, const char *layer,
                                  const char *description, const ps_areas *areas,
                                  const ps_field *fields, size_t n_fields,
                                  const ps_field_value *values, ps_error *err) {
    table_rows table = {values, n_fields, areas->n, 0};
    const layer_rows rows = {layer, areas, fields, n_fields, next_of_table, &table};
    return write_layer(gpkg, description, &rows, err);
}

ps_status ps_ogr_geopackage_table(ps_geopackage *gpkg, const char *table,
                                  const char *description, const ps_field *fields,
                                  size_t n_fields, const ps_field_value *values,
                                  size_t n_rows, ps_error *err) {
    table_rows kept = {values, n_fields, n_rows, 0};
    const layer_rows rows = {table, NULL, fields, n_fields, next_of_table, &kept};
    return write_layer(gpkg, description, &rows, err);
}

ps_status ps_ogr_geopackage_stream(ps_geopackage *gpkg, const char *table,
                                   const char *description, const ps_field *fields,
                                   size_t n_fields, ps_geopackage_next *next,
                                   void *context, ps_error *err) {
    const layer_rows rows = {table, NULL, fields, n_fields, next, context};
    return write_layer(gpkg, description, &rows, err);
}

/* A statement of SQL that is being put together. */
typedef struct statement {
    char *text;
    size_t n, room;
} statement;

static void add_sql(statement *s, const char *sql) {
    for (; *sql != '\0' && s->n + 1 < s->room; sql++) s->text[s->n++] = *sql;
    s->text[s->n] = '\0';
}

/* "name" or 'text', a quote inside doubled. */
static void add_quoted(statement *s, char quote, const char *text) {
    char c[3] = {quote, '\0', '\0'};
    add_sql(s, c);
    for (; *text != '\0'; text++) {
        c[0] = *text, c[1] = *text == quote ? quote : '\0';
        add_sql(s, c);
    }
    c[0] = quote, c[1] = '\0';
    add_sql(s, c);
}

static ps_status execute(ps_geopackage *g, const ps_geopackage_view *v, statement *s,
                         const ps_gdal_scope *scope, ps_error *err) {
    OGRLayerH none = GDALDatasetExecuteSQL(g->dataset, s->text, NULL, NULL);
    if (none != NULL) GDALDatasetReleaseResultSet(g->dataset, none);
    s->n = 0;
    return scope->failures == 0 ? PS_OK : cannot_write(g, v->name, scope, err);
}

/* GDAL takes OGC_FID for the number of a feature. */
static void define_view(const ps_geopackage_view *v, statement *s) {
    add_sql(s, "CREATE VIEW "), add_quoted(s, '"', v->name);
    add_sql(s, " AS SELECT t.fid AS OGC_FID, l.geom AS geom");
    for (size_t f = 0; f < v->n_fields; f++) {
        add_sql(s, ", t."), add_quoted(s, '"', v->fields[f].name);
        add_sql(s, " AS "), add_quoted(s, '"', v->fields[f].name);
    }
    add_sql(s, " FROM "), add_quoted(s, '"', v->table);
    add_sql(s, " t JOIN "), add_quoted(s, '"', v->layer);
    add_sql(s, " l ON l."), add_quoted(s, '"', v->layer_key);
    add_sql(s, " = t."), add_quoted(s, '"', v->table_key);
    add_sql(s, " WHERE t."), add_quoted(s, '"', v->where);
    add_sql(s, " = "), add_quoted(s, '\'', v->is);
}

/* Extent, CRS and time are those of the layer. */
static void list_view(const ps_geopackage_view *v, statement *s) {
    add_sql(s,
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, "
            "description, last_change, min_x, min_y, max_x, max_y, srs_id) SELECT ");
    add_quoted(s, '\'', v->name);
    add_sql(s, ", data_type, "), add_quoted(s, '\'', v->name);
    add_sql(s, ", "), add_quoted(s, '\'', v->description);
    add_sql(s,
            ", last_change, min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents "
            "WHERE table_name = ");
    add_quoted(s, '\'', v->layer);
}

static void list_shapes(const ps_geopackage_view *v, statement *s) {
    add_sql(s, "INSERT INTO gpkg_geometry_columns SELECT ");
    add_quoted(s, '\'', v->name);
    add_sql(s,
            ", column_name, geometry_type_name, srs_id, z, m FROM "
            "gpkg_geometry_columns WHERE table_name = ");
    add_quoted(s, '\'', v->layer);
}

ps_status ps_ogr_geopackage_view_of(ps_geopackage *g, const ps_geopackage_view *v,
                                    ps_error *err) {
    static void (*const step[])(const ps_geopackage_view *, statement *) = {
        define_view, list_view, list_shapes};
    statement s = {.room = 2000};
    const char *const texts[] = {v->name,  v->description, v->layer, v->layer_key,
                                 v->table, v->table_key,   v->where, v->is};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        s.room += 4 * strlen(texts[i]);
    for (size_t f = 0; f < v->n_fields; f++) s.room += 4 * strlen(v->fields[f].name) + 16;
    s.text = ps_alloc(s.room, 1);
    if (s.text == NULL) return ps_fail_nomem(err);
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = PS_OK;
    for (size_t i = 0; i < sizeof step / sizeof *step && status == PS_OK; i++) {
        step[i](v, &s);
        status = execute(g, v, &s, &scope, err);
    }
    ps_gdal_leave(&scope);
    ps_free(s.text);
    return status;
}

ps_status ps_ogr_geopackage_close(ps_geopackage *gpkg, ps_error *err) {
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    GDALFlushCache(gpkg->dataset);
    GDALClose(gpkg->dataset);
    ps_status status = PS_OK;
    if (scope.failures > 0) status = cannot_write(gpkg, "the end", &scope, err);
    ps_gdal_leave(&scope);
    free_geopackage(gpkg);
    return status;
}

void ps_ogr_geopackage_abandon(ps_geopackage *gpkg) {
    if (gpkg == NULL) return;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    GDALClose(gpkg->dataset);
    ps_gdal_leave(&scope);
    free_geopackage(gpkg);
}
