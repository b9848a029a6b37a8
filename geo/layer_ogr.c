/* Reading layers through GDAL/OGR.
 *
 * Areas: features come from OGR one after the other, as WKB; features.h makes areas of
 * them.
 */
#include "geo/layer_ogr.h"

#include <cpl_conv.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>

#include "geo/features.h"
#include "geo/ogr_source.h"

static const char *const spatial_endings[] = {".shp",  ".gpkg",     ".geojson", ".fgb",
                                              ".json", ".geojsonl", ".gdb",     ".tab",
                                              ".mif",  NULL};

static ps_status filter_fail(const ps_ogr_source *s, const char *filter, const char *why,
                             ps_error *err) {
    return ps_fail(err, PS_CONFIG,
                   "'%s', layer '%s': the filter \"%.200s\" is not understood: %s",
                   s->shown, OGR_L_GetName(s->layer), filter, why);
}

static ps_status open_source(const ps_layer_spec *spec, ps_ogr_source *s,
                             ps_gdal_scope *scope, ps_error *err) {
    ps_ogr_place *where = ps_alloc(1, sizeof *where);
    if (where == NULL) return ps_fail_nomem(err);
    s->shown = spec->path;
    ps_status status = ps_ogr_find(spec->path, spec->base, spatial_endings, spec->layer,
                                   where, scope, err);
    if (status == PS_OK) status = ps_ogr_open(where, spec->encoding, s, scope, err);
    ps_free(where);
    if (status == PS_OK) status = ps_ogr_choose(s, spec->layer, "layer", false, err);
    if (status == PS_OK && spec->where != NULL && spec->where[0] != '\0' &&
        OGR_L_SetAttributeFilter(s->layer, spec->where) != OGRERR_NONE)
        status = filter_fail(s, spec->where, ps_gdal_reason(scope), err);
    return status;
}

/* The field of that name: exactly, else the only one that differs in case. */
static ps_status need_field(const ps_ogr_source *s, ps_str wanted, const char *role,
                            int *out, ps_error *err) {
    OGRFeatureDefnH def = OGR_L_GetLayerDefn(s->layer);
    int n = OGR_FD_GetFieldCount(def);
    int folded = -1, matches = 0;
    for (int i = 0; i < n; i++) {
        const char *name = OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(def, i));
        if (ps_str_is(wanted, name)) {
            *out = i;
            return PS_OK;
        }
        if (strlen(name) == wanted.n && strncasecmp(name, wanted.p, wanted.n) == 0) {
            folded = i;
            matches++;
        }
    }
    if (matches == 1) {
        *out = folded;
        return PS_OK;
    }
    char list[600] = "";
    const char **names = ps_alloc((size_t)n, sizeof *names);
    if (names == NULL) return ps_fail_nomem(err);
    for (int i = 0; i < n; i++) {
        names[i] = OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(def, i));
        ps_ogr_list_name(list, sizeof list, (size_t)i, names[i]);
    }
    int near = ps_nearest(wanted, names, (size_t)n);
    ps_status status = ps_fail(
        err, PS_CONFIG, "'%s', layer '%s' has no field '%.*s' for %s; %s%s%sit has %s",
        s->shown, OGR_L_GetName(s->layer), wanted.n < 80 ? (int)wanted.n : 80,
        wanted.n > 0 ? wanted.p : "", role, near >= 0 ? "did you mean '" : "",
        near >= 0 ? names[near] : "", near >= 0 ? "'? " : "", n > 0 ? list : "no fields");
    ps_free(names);
    return status;
}

/* --- coordinate systems ------------------------------------------------------------ */

static ps_status no_crs(const ps_ogr_source *s, ps_error *err) {
    OGREnvelope e;
    char where[160] = "no coordinates";
    const char *like = NULL;
    if (OGR_L_GetExtent(s->layer, &e, 1) == OGRERR_NONE && isfinite(e.MinX)) {
        const double box[4] = {e.MinX, e.MinY, e.MaxX, e.MaxY};
        ps_features_box_text(box, where);
        like = ps_features_box_resembles(box);
    }
    return ps_fail(
        err, PS_CONFIG,
        "'%s', layer '%s' does not say its coordinate reference system%s; give "
        "it as crs. Its coordinates (%s) look like %s",
        s->shown, OGR_L_GetName(s->layer),
        s->shapefile ? " (there is no usable .prj file)" : "", where,
        like != NULL ? like : "nothing that is known here");
}

static ps_status layer_crs(const ps_ogr_source *s, ps_crs **out, ps_error *err) {
    *out = NULL;
    OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(s->layer);
    const char *name = srs != NULL ? OSRGetName(srs) : NULL;
    if (srs == NULL || OSRIsLocal(srs) ||
        (name != NULL && strncasecmp(name, "undefined", 9) == 0))
        return no_crs(s, err);
    OGRSpatialReferenceH flat = OSRClone(srs);
    char *wkt = NULL;
    const char *const options[] = {"FORMAT=WKT2_2019", NULL};
    ps_status status = PS_OK;
    if (flat == NULL || OSRDemoteTo2D(flat, NULL) != OGRERR_NONE ||
        OSRExportToWktEx(flat, &wkt, options) != OGRERR_NONE || wkt == NULL)
        status =
            ps_fail(err, PS_UNSUPPORTED,
                    "'%s', layer '%s': the coordinate reference system '%s' cannot be "
                    "taken over; give it as crs",
                    s->shown, OGR_L_GetName(s->layer), name != NULL ? name : "");
    if (status == PS_OK) {
        status = ps_crs_open(wkt, out, err);
        if (status != PS_OK && status != PS_NOMEM)
            ps_fail_prefix(err, "'%s', layer '%s': ", s->shown, OGR_L_GetName(s->layer));
    }
    CPLFree(wkt);
    if (flat != NULL) OSRDestroySpatialReference(flat);
    return status;
}

static ps_status choose_crs(const ps_ogr_source *s, const char *stated,
                            const ps_talk *talk, ps_crs **out, ps_error *err) {
    if (stated == NULL || stated[0] == '\0') return layer_crs(s, out, err);
    PS_TRY(ps_crs_open(stated, out, err));
    ps_crs *own = NULL;
    ps_error ignored;
    if (OGR_L_GetSpatialRef(s->layer) != NULL && layer_crs(s, &own, &ignored) == PS_OK &&
        !ps_crs_same(*out, own))
        ps_say(talk, PS_TALK_WARNING,
               "%s says that it is in %s; it is taken for %s, because crs says so",
               s->shown, ps_crs_name(own), ps_crs_name(*out));
    ps_crs_free(own);
    return PS_OK;
}

/* --- areas ------------------------------------------------------------------------- */

/* The polygons anywhere in g, copied into multi. */
static bool gather_polygons(OGRGeometryH multi, OGRGeometryH g, int depth) {
    OGRwkbGeometryType type = OGR_GT_Flatten(OGR_G_GetGeometryType(g));
    if (type == wkbPolygon) return OGR_G_AddGeometry(multi, g) == OGRERR_NONE;
    if ((type != wkbMultiPolygon && type != wkbGeometryCollection) || depth > 16)
        return true;
    for (int i = 0; i < OGR_G_GetGeometryCount(g); i++) {
        if (!gather_polygons(multi, OGR_G_GetGeometryRef(g, i), depth + 1)) return false;
    }
    return true;
}

/* The shape of a feature as two-dimensional polygons with straight edges. */
static ps_status take_shape(ps_features *to, OGRFeatureH feature, ps_error *err) {
    const long long number = (long long)ps_features_count(to);
    OGRGeometryH g = OGR_F_GetGeometryRef(feature);
    if (g == NULL) return PS_OK;
    OGRGeometryH own = NULL; /* of ours, when it had to be made */
    if (OGR_G_HasCurveGeometry(g, 1)) {
        own = OGR_G_GetLinearGeometry(g, 0, NULL);
        if (own == NULL)
            return ps_fail(err, PS_FORMAT, "feature %lld: its curves cannot be drawn",
                           number);
        g = own;
    }
    if (OGR_G_Is3D(g) || OGR_G_IsMeasured(g)) OGR_G_FlattenTo2D(g);
    OGRwkbGeometryType type = OGR_GT_Flatten(OGR_G_GetGeometryType(g));
    if (type == wkbGeometryCollection) {
        OGRGeometryH multi = OGR_G_CreateGeometry(wkbMultiPolygon);
        bool good = multi != NULL && gather_polygons(multi, g, 0);
        bool some = good && OGR_G_GetGeometryCount(multi) > 0;
        if (own != NULL) OGR_G_DestroyGeometry(own);
        own = multi;
        if (!good) {
            if (own != NULL) OGR_G_DestroyGeometry(own);
            return ps_fail_nomem(err);
        }
        g = own;
        if (some) type = wkbMultiPolygon;
    }
    ps_status status = PS_OK;
    if (type != wkbPolygon && type != wkbMultiPolygon) {
        ps_features_no_polygon(to, PS_FEATURE_OTHER, OGRGeometryTypeToName(type));
    } else if (OGR_G_IsEmpty(g)) {
        ps_features_no_polygon(to, PS_FEATURE_EMPTY, NULL);
    } else {
        unsigned char *wkb;
        status = ps_features_polygon(to, OGR_G_WkbSizeEx(g), &wkb, err);
        if (status == PS_OK && OGR_G_ExportToWkb(g, wkbNDR, wkb) != OGRERR_NONE)
            status = ps_fail(err, PS_FORMAT,
                             "feature %lld: its polygon cannot be taken over", number);
    }
    if (own != NULL) OGR_G_DestroyGeometry(own);
    return status;
}

typedef struct reading {
    ps_ogr_source source;
    const ps_layer_spec *spec;
    int code_field, name_field;
    bool guessed;
    int failures;      /* of GDAL while reading, */
    char message[512]; /* the first of them */
} reading;

static ps_status read_feature(reading *r, OGRFeatureH feature, ps_features *to,
                              ps_error *err) {
    ps_arena *text = ps_features_text(to);
    ps_str code, name = {"", 0};
    PS_TRY(ps_ogr_text(feature, r->code_field, text, &code, &r->guessed, err));
    if (r->name_field >= 0)
        PS_TRY(ps_ogr_text(feature, r->name_field, text, &name, &r->guessed, err));
    PS_TRY(ps_features_add(to, code, name, err));
    return take_shape(to, feature, err);
}

static void note_failures(reading *r, const ps_gdal_scope *scope) {
    if (scope->failures > 0 && r->failures == 0)
        snprintf(r->message, sizeof r->message, "%s", ps_gdal_reason(scope));
    r->failures += scope->failures;
}

/* There are no more features: is that the end, or did GDAL fail? */
static ps_status at_end(const reading *r, int64_t features, ps_error *err) {
    if (r->failures == 0) return PS_OK;
    const ps_ogr_source *s = &r->source;
    /* A database tells only now that it does not understand a filter. */
    const char *filter = r->spec->where;
    if (features == 0 && filter != NULL && filter[0] != '\0')
        return filter_fail(s, filter, r->message, err);
    return ps_fail(err, PS_FORMAT, "'%s', layer '%s' is damaged after feature %lld: %s",
                   s->shown, OGR_L_GetName(s->layer), (long long)features, r->message);
}

/* GDAL's state belongs to the thread. */
static ps_status read_features(void *context, ps_features *to, bool *ended,
                               ps_error *err) {
    reading *r = context;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = PS_OK;
    while (status == PS_OK && !*ended && ps_features_have_room(to)) {
        OGRFeatureH feature = OGR_L_GetNextFeature(r->source.layer);
        *ended = feature == NULL;
        if (*ended) break;
        status = read_feature(r, feature, to, err);
        OGR_F_Destroy(feature);
    }
    note_failures(r, &scope);
    ps_gdal_leave(&scope);
    if (status == PS_OK && *ended) status = at_end(r, ps_features_count(to), err);
    return status;
}

/* Drivers spare themselves what is not asked for. A filter may look at any field. */
static ps_status skip_other_fields(const reading *r, ps_error *err) {
    if (r->spec->where != NULL && r->spec->where[0] != '\0') return PS_OK;
    OGRFeatureDefnH def = OGR_L_GetLayerDefn(r->source.layer);
    const int n = OGR_FD_GetFieldCount(def);
    const char **others = ps_alloc((size_t)n + 2, sizeof *others);
    if (others == NULL) return ps_fail_nomem(err);
    size_t used = 0;
    others[used++] = "OGR_STYLE";
    for (int i = 0; i < n; i++)
        if (i != r->code_field && i != r->name_field)
            others[used++] = OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(def, i));
    others[used] = NULL;
    (void)OGR_L_SetIgnoredFields(r->source.layer, others);
    ps_free(others);
    return PS_OK;
}

static ps_status read_areas(reading *r, const ps_talk *talk, ps_areas **out,
                            ps_layer_report *report, ps_gdal_scope *scope,
                            ps_error *err) {
    const ps_layer_spec *spec = r->spec;
    ps_ogr_source *s = &r->source;
    PS_TRY(open_source(spec, s, scope, err));
    const char *layer = OGR_L_GetName(s->layer);
    if (spec->code == NULL || spec->code[0] == '\0')
        return ps_fail(err, PS_CONFIG,
                       "'%s', layer '%s': say which field holds the codes of the areas",
                       s->shown, layer);
    if (OGR_L_GetGeomType(s->layer) == wkbNone)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s' is a table without geometry; areas need polygons", s->shown,
            layer);
    PS_TRY(need_field(s, ps_str_of(spec->code), "the codes", &r->code_field, err));
    r->name_field = -1;
    if (spec->name != NULL && spec->name[0] != '\0')
        PS_TRY(need_field(s, ps_str_of(spec->name), "the names", &r->name_field, err));
    ps_crs *crs = NULL;
    PS_TRY(choose_crs(s, spec->crs, talk, &crs, err));
    scope->failures = 0;
    scope->message[0] = '\0';
    ps_status status = skip_other_fields(r, err);
    if (status != PS_OK) {
        ps_crs_free(crs);
        return status;
    }
    const GIntBig count = OGR_L_GetFeatureCount(s->layer, 0);
    note_failures(r, scope);
    OGR_L_ResetReading(s->layer);
    const ps_feature_source source = {.shown = s->shown,
                                      .layer = layer,
                                      .driver = ps_ogr_driver(s),
                                      .count = count > 0 ? (double)count : 0,
                                      .read = read_features,
                                      .context = r};
    PS_TRY(ps_features_to_areas(&source, spec, crs, talk, out, report, err));
    if (r->guessed) ps_ogr_say_guessed(s, talk);
    return PS_OK;
}

ps_status ps_ogr_read_areas(const ps_layer_spec *spec, const ps_talk *talk,
                            ps_areas **out, ps_layer_report *report, ps_error *err) {
    *out = NULL;
    ps_layer_report own;
    if (report == NULL) report = &own;
    memset(report, 0, sizeof *report);
    reading *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->spec = spec;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = read_areas(r, talk, out, report, &scope, err);
    ps_ogr_close(&r->source);
    ps_gdal_leave(&scope);
    ps_free(r);
    return status;
}

/* --- points ------------------------------------------------------------------------ */

struct ps_layer_points {
    ps_ogr_source source;
    char *shown;
    ps_crs *crs;
    int *fields;
    size_t n_fields;
    ps_arena *text;
    int64_t features;
    bool guessed;
};

static ps_status open_points(const ps_layer_spec *spec, const ps_str *fields,
                             ps_layer_points *p, ps_gdal_scope *scope, ps_error *err) {
    PS_TRY(open_source(spec, &p->source, scope, err));
    p->source.shown = p->shown;
    if (OGR_L_GetGeomType(p->source.layer) == wkbNone)
        return ps_fail(err, PS_FORMAT, "'%s', layer '%s' is a table without geometry",
                       p->shown, OGR_L_GetName(p->source.layer));
    for (size_t i = 0; i < p->n_fields; i++)
        PS_TRY(need_field(&p->source, fields[i], "the points", &p->fields[i], err));
    PS_TRY(choose_crs(&p->source, spec->crs, NULL, &p->crs, err));
    OGR_L_ResetReading(p->source.layer);
    return PS_OK;
}

ps_status ps_ogr_points_open(const ps_layer_spec *spec, const ps_str *fields,
                             size_t n_fields, ps_layer_points **out, ps_error *err) {
    *out = NULL;
    ps_layer_points *p = ps_zalloc(1, sizeof *p);
    if (p == NULL) return ps_fail_nomem(err);
    p->n_fields = n_fields;
    p->fields = ps_alloc(n_fields, sizeof *p->fields);
    p->shown = ps_strndup(spec->path != NULL ? spec->path : "",
                          spec->path != NULL ? strlen(spec->path) : 0);
    ps_status status = p->fields != NULL && p->shown != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_arena_create(&p->text, err);
    if (status == PS_OK) {
        ps_gdal_scope scope;
        ps_gdal_enter(&scope);
        status = open_points(spec, fields, p, &scope, err);
        ps_gdal_leave(&scope);
    }
    if (status != PS_OK) {
        ps_ogr_points_close(p);
        return status;
    }
    *out = p;
    return PS_OK;
}

const ps_crs *ps_ogr_points_crs(const ps_layer_points *points) {
    return points->crs;
}

/* The coordinates of a point, or of a multipoint that holds a single one. */
static void point_of(OGRFeatureH feature, double *x, double *y) {
    *x = *y = (double)NAN;
    OGRGeometryH g = OGR_F_GetGeometryRef(feature);
    if (g == NULL || OGR_G_IsEmpty(g)) return;
    OGRwkbGeometryType type = OGR_GT_Flatten(OGR_G_GetGeometryType(g));
    if (type == wkbMultiPoint && OGR_G_GetGeometryCount(g) == 1) {
        g = OGR_G_GetGeometryRef(g, 0);
        type = wkbPoint;
    }
    if (type != wkbPoint || OGR_G_IsEmpty(g)) return;
    *x = OGR_G_GetX(g, 0);
    *y = OGR_G_GetY(g, 0);
}

static ps_status next_points(ps_layer_points *p, size_t n, double *x, double *y,
                             ps_str *texts, size_t *got, ps_gdal_scope *scope,
                             ps_error *err) {
    ps_arena_reset(p->text);
    while (*got < n) {
        OGRFeatureH feature = OGR_L_GetNextFeature(p->source.layer);
        if (feature == NULL) break;
        p->features++;
        point_of(feature, &x[*got], &y[*got]);
        ps_status status = PS_OK;
        for (size_t f = 0; status == PS_OK && f < p->n_fields; f++)
            status = ps_ogr_text(feature, p->fields[f], p->text,
                                 &texts[*got * p->n_fields + f], &p->guessed, err);
        OGR_F_Destroy(feature);
        PS_TRY(status);
        (*got)++;
    }
    if (scope->failures > 0)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' is damaged after feature %lld: %s", p->shown,
                       OGR_L_GetName(p->source.layer), (long long)p->features,
                       ps_gdal_reason(scope));
    return PS_OK;
}

ps_status ps_ogr_points_next(ps_layer_points *points, size_t n, double *x, double *y,
                             ps_str *texts, size_t *got, ps_error *err) {
    *got = 0;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = next_points(points, n, x, y, texts, got, &scope, err);
    ps_gdal_leave(&scope);
    if (status != PS_OK) *got = 0;
    return status;
}

void ps_ogr_points_close(ps_layer_points *points) {
    if (points == NULL) return;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_ogr_close(&points->source);
    ps_gdal_leave(&scope);
    ps_crs_free(points->crs);
    ps_arena_free(points->text);
    ps_free(points->fields);
    ps_free(points->shown);
    ps_free(points);
}

/* --- what a file holds ------------------------------------------------------------- */

static ps_status keep_text(ps_arena *arena, const char *text, const char **out,
                           ps_error *err) {
    if (text == NULL) text = "";
    *out = ps_arena_strndup(arena, text, strlen(text));
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status describe_layer(const ps_ogr_source *s, ps_arena *arena,
                                ps_layer_info *info, ps_error *err) {
    OGRFeatureDefnH def = OGR_L_GetLayerDefn(s->layer);
    OGRwkbGeometryType type = OGR_L_GetGeomType(s->layer);
    PS_TRY(keep_text(arena, OGR_L_GetName(s->layer), &info->name, err));
    PS_TRY(keep_text(arena, type == wkbNone ? "" : OGRGeometryTypeToName(type),
                     &info->geometry, err));
    info->features = (int64_t)OGR_L_GetFeatureCount(s->layer, 1);
    info->crs = "";
    ps_crs *crs = NULL;
    ps_error ignored;
    if (type != wkbNone && OGR_L_GetSpatialRef(s->layer) != NULL) {
        ps_status status = layer_crs(s, &crs, &ignored);
        if (status == PS_NOMEM) return ps_fail_nomem(err);
        if (status == PS_OK) {
            char text[256];
            const char *code = ps_crs_code(crs);
            snprintf(text, sizeof text, code[0] != '\0' ? "%s (%s)" : "%s",
                     ps_crs_name(crs), code);
            ps_crs_free(crs);
            PS_TRY(keep_text(arena, text, &info->crs, err));
        }
    }
    OGREnvelope e;
    if (type != wkbNone && OGR_L_GetExtent(s->layer, &e, 1) == OGRERR_NONE &&
        isfinite(e.MinX) && isfinite(e.MaxY)) {
        info->has_box = true;
        info->box[0] = e.MinX, info->box[1] = e.MinY;
        info->box[2] = e.MaxX, info->box[3] = e.MaxY;
    }
    info->n_fields = (size_t)OGR_FD_GetFieldCount(def);
    ps_layer_field *fields = ps_arena_alloc(arena, info->n_fields * sizeof *fields);
    if (fields == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < info->n_fields; i++) {
        OGRFieldDefnH field = OGR_FD_GetFieldDefn(def, (int)i);
        PS_TRY(keep_text(arena, OGR_Fld_GetNameRef(field), &fields[i].name, err));
        PS_TRY(keep_text(arena, OGR_GetFieldTypeName(OGR_Fld_GetType(field)),
                         &fields[i].type, err));
    }
    info->field = fields;
    return PS_OK;
}

static ps_status list_layers(ps_ogr_source *s, ps_layer_listing *listing, ps_error *err) {
    ps_arena *arena = listing->arena;
    PS_TRY(keep_text(arena, ps_ogr_driver(s), &listing->driver, err));
    int n = GDALDatasetGetLayerCount(s->dataset);
    if (n < 0) n = 0;
    ps_layer_info *infos = ps_arena_alloc(arena, (size_t)n * sizeof *infos);
    if (infos == NULL) return ps_fail_nomem(err);
    memset(infos, 0, (size_t)n * sizeof *infos);
    for (int i = 0; i < n; i++) {
        s->layer = GDALDatasetGetLayer(s->dataset, i);
        if (s->layer == NULL)
            return ps_fail(err, PS_FORMAT, "'%s': layer %d cannot be read", s->shown,
                           i + 1);
        PS_TRY(describe_layer(s, arena, &infos[i], err));
    }
    listing->layer = infos;
    listing->n = (size_t)n;
    return PS_OK;
}

ps_status ps_ogr_list(const char *path, const char *base, ps_layer_listing **out,
                      ps_error *err) {
    static const char *const any_endings[] = {".shp",  ".gpkg",     ".geojson", ".fgb",
                                              ".json", ".geojsonl", ".gdb",     ".tab",
                                              ".mif",  ".xlsx",     ".ods",     NULL};
    *out = NULL;
    ps_ogr_place *where = ps_alloc(1, sizeof *where);
    ps_layer_listing *listing = ps_zalloc(1, sizeof *listing);
    ps_status status = where != NULL && listing != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_arena_create(&listing->arena, err);
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_ogr_source s = {.shown = path};
    if (status == PS_OK)
        status = ps_ogr_find(path, base, any_endings, NULL, where, &scope, err);
    if (status == PS_OK &&
        (ps_ogr_ends_with(where->path, ".xlsx") || ps_ogr_ends_with(where->path, ".ods")))
        status = ps_ogr_check_workbook(where->path, path, err);
    if (status == PS_OK) status = ps_ogr_open(where, NULL, &s, &scope, err);
    if (status == PS_OK) status = list_layers(&s, listing, err);
    ps_ogr_close(&s);
    ps_gdal_leave(&scope);
    ps_free(where);
    if (status != PS_OK) {
        ps_layer_listing_free(listing);
        return status;
    }
    *out = listing;
    return PS_OK;
}
