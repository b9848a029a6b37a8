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

/* One layer; areas NULL: a table. */
static ps_status write_layer(ps_geopackage *g, const char *name, const char *description,
                             const ps_areas *areas, const ps_field *fields,
                             size_t n_fields, const ps_field_value *values, size_t n_rows,
                             const ps_gdal_scope *scope, ps_error *err) {
    OGRLayerH layer;
    PS_TRY(make_layer(g, name, description, areas != NULL ? areas->crs : NULL,
                      areas != NULL, fields, n_fields, &layer, scope, err));
    if (GDALDatasetStartTransaction(g->dataset, 0) != OGRERR_NONE)
        return cannot_write(g, name, scope, err);
    ps_status status = PS_OK;
    for (size_t row = 0; status == PS_OK && row < n_rows; row++) {
        OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
        if (feature == NULL) {
            status = ps_fail_nomem(err);
            break;
        }
        status = set_values(g, feature, name, fields, n_fields, values + row * n_fields,
                            row, err);
        if (status == PS_OK && areas != NULL)
            status = set_shape(g, feature, areas, row, scope, err);
        if (status == PS_OK && OGR_L_CreateFeature(layer, feature) != OGRERR_NONE)
            status = cannot_write(g, name, scope, err);
        OGR_F_Destroy(feature);
    }
    if (status != PS_OK) {
        (void)GDALDatasetRollbackTransaction(g->dataset);
        return status;
    }
    if (GDALDatasetCommitTransaction(g->dataset) != OGRERR_NONE ||
        OGR_L_SyncToDisk(layer) != OGRERR_NONE || scope->failures > 0)
        return cannot_write(g, name, scope, err);
    return PS_OK;
}

ps_status ps_ogr_geopackage_areas(ps_geopackage *gpkg, const char *layer,
                                  const char *description, const ps_areas *areas,
                                  const ps_field *fields, size_t n_fields,
                                  const ps_field_value *values, ps_error *err) {
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = write_layer(gpkg, layer, description, areas, fields, n_fields,
                                   values, areas->n, &scope, err);
    ps_gdal_leave(&scope);
    return status;
}

ps_status ps_ogr_geopackage_table(ps_geopackage *gpkg, const char *table,
                                  const char *description, const ps_field *fields,
                                  size_t n_fields, const ps_field_value *values,
                                  size_t n_rows, ps_error *err) {
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = write_layer(gpkg, table, description, NULL, fields, n_fields,
                                   values, n_rows, &scope, err);
    ps_gdal_leave(&scope);
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
