/* Reading layers through GDAL/OGR.
 *
 * Areas: features come from OGR one after the other, as WKB into a batch of bounded size.
 * While the next batch is read, the other threads look at the polygons of this one: what
 * is not certainly valid is checked, and repaired, by GEOS. Meanwhile, again in order,
 * the rings of the one before go to the builder. So the whole layer is in memory only
 * once, as the arrays that the caller gets, and order and report do not depend on the
 * threads.
 */
#include "geo/layer_ogr.h"

#include <cpl_conv.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/ogr_source.h"
#include "geo/overlay.h"
#include "geo/validity.h"

enum {
    BATCHES = 3,
    BATCH_FEATURES = 1024,  /* read before they are checked together */
    BATCH_BYTES = 16 << 20, /* or this much of geometry */
    CHECK_GRAIN = 16,       /* polygons per block of the parallel check */
    NAMED_DUPLICATES = 5
};

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

static const char *resembles(const double box[4]) {
    if (box[0] >= -180 && box[2] <= 180 && box[1] >= -90 && box[3] <= 90)
        return "degrees of longitude and latitude (crs: EPSG:4326)";
    if (box[0] >= -100000 && box[2] <= 800000 && box[1] >= -100000 && box[3] <= 1300000)
        return "metres of the British National Grid (crs: EPSG:27700)";
    if (box[0] >= -1.1e6 && box[2] <= 3e5 && box[1] >= 6.3e6 && box[3] <= 8.8e6)
        return "web map metres (crs: EPSG:3857)";
    return NULL;
}

static void box_text(const double box[4], char out[160]) {
    char number[4][32];
    for (int i = 0; i < 4; i++)
        ps_format_double(isfinite(box[i]) ? round(box[i] * 1e4) / 1e4 : 0, number[i]);
    snprintf(out, 160, "x from %s to %s, y from %s to %s", number[0], number[2],
             number[1], number[3]);
}

static ps_status no_crs(const ps_ogr_source *s, ps_error *err) {
    OGREnvelope e;
    char where[160] = "no coordinates";
    const char *like = NULL;
    if (OGR_L_GetExtent(s->layer, &e, 1) == OGRERR_NONE && isfinite(e.MinX)) {
        const double box[4] = {e.MinX, e.MinY, e.MaxX, e.MaxY};
        box_text(box, where);
        like = resembles(box);
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

/* Do the coordinates make sense in the system that they are said to be in? */
static ps_status check_box(const ps_ogr_source *s, const ps_areas *areas,
                           const ps_talk *talk, ps_error *err) {
    double all[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t a = 0; a < areas->n; a++) {
        for (int i = 0; i < 2; i++) {
            all[i] = fmin(all[i], areas->box[4 * a + (size_t)i]);
            all[i + 2] = fmax(all[i + 2], areas->box[4 * a + (size_t)i + 2]);
        }
    }
    if (!(all[0] <= all[2])) return PS_OK;
    char where[160];
    box_text(all, where);
    const char *like = resembles(all);
    if (ps_crs_is_geographic(areas->crs) &&
        (all[0] < -360 || all[2] > 360 || all[1] < -90.001 || all[3] > 90.001))
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s' is said to be in %s, but its coordinates (%s) are "
            "no degrees; they look like %s",
            s->shown, OGR_L_GetName(s->layer), ps_crs_name(areas->crs), where,
            like != NULL ? like : "nothing that is known here");
    double box[4];
    if (!ps_crs_plausible_box(areas->crs, box)) return PS_OK;
    if (all[2] < box[0] || all[0] > box[2] || all[3] < box[1] || all[1] > box[3])
        ps_say(talk, PS_TALK_WARNING,
               "%s, layer %s: the coordinates (%s) lie outside the area where %s is "
               "used%s%s",
               s->shown, OGR_L_GetName(s->layer), where, ps_crs_name(areas->crs),
               like != NULL ? "; they look like " : "", like != NULL ? like : "");
    return PS_OK;
}

/* --- areas ------------------------------------------------------------------------- */

typedef enum shape_kind {
    SHAPE_NULL,
    SHAPE_EMPTY,
    SHAPE_OTHER,
    SHAPE_POLYGON
} shape_kind;

typedef struct item {
    int64_t number; /* of the feature, from 1 */
    ps_str code, name;
    shape_kind kind;
    const char *other; /* what it is when it is no polygon */
    size_t at, n;      /* in the bytes of the batch */
    bool valid;
    char *reason; /* why it is not */
    ps_wkb repaired;
} item;

typedef struct batch {
    item *items;
    size_t n;
    ps_wkb wkb;
    ps_arena *text;
} batch;

/* What a worker judges shapes with. */
typedef struct judge {
    ps_validity *quick;
    ps_overlay *overlay;
} judge;

static void clear_batch(batch *b) {
    for (size_t i = 0; i < b->n; i++) {
        ps_free(b->items[i].reason);
        ps_wkb_free(&b->items[i].repaired);
    }
    b->n = 0;
    b->wkb.n = 0;
    if (b->text != NULL) ps_arena_reset(b->text);
}

static void free_batch(batch *b) {
    clear_batch(b);
    ps_free(b->items);
    ps_wkb_free(&b->wkb);
    ps_arena_free(b->text);
}

static ps_status make_batch(batch *b, ps_error *err) {
    b->items = ps_alloc(BATCH_FEATURES, sizeof *b->items);
    if (b->items == NULL) return ps_fail_nomem(err);
    return ps_arena_create(&b->text, err);
}

static ps_status check_one(const batch *b, item *it, ps_geometry_policy policy, judge *j,
                           ps_error *err) {
    int valid;
    char why[200];
    const unsigned char *wkb = b->wkb.bytes + it->at;
    if (j->quick == NULL) PS_TRY(ps_validity_open(&j->quick, err));
    PS_TRY(ps_validity_certain(j->quick, wkb, it->n, &it->valid, err));
    if (it->valid) return PS_OK;
    if (j->overlay == NULL) PS_TRY(ps_overlay_open(&j->overlay, err));
    PS_TRY(ps_overlay_valid(j->overlay, wkb, it->n, &valid, why, err));
    it->valid = valid != 0;
    if (it->valid) return PS_OK;
    it->reason = ps_strndup(why, strlen(why));
    if (it->reason == NULL) return ps_fail_nomem(err);
    if (policy != PS_GEOMETRY_REPAIR) return PS_OK;
    const unsigned char *made;
    size_t n;
    ps_status status = ps_overlay_repair(j->overlay, wkb, it->n, &made, &n, err);
    if (status == PS_FORMAT) return PS_OK; /* beyond repair: nothing is left of it */
    PS_TRY(status);
    if (n == 0) return PS_OK;
    PS_TRY(ps_grow((void **)&it->repaired.bytes, &it->repaired.capacity, n, 1, err));
    memcpy(it->repaired.bytes, made, n);
    it->repaired.n = n;
    return PS_OK;
}

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
static ps_status take_shape(batch *b, OGRFeatureH feature, item *it, ps_error *err) {
    OGRGeometryH g = OGR_F_GetGeometryRef(feature);
    if (g == NULL) {
        it->kind = SHAPE_NULL;
        return PS_OK;
    }
    OGRGeometryH own = NULL; /* of ours, when it had to be made */
    if (OGR_G_HasCurveGeometry(g, 1)) {
        own = OGR_G_GetLinearGeometry(g, 0, NULL);
        if (own == NULL)
            return ps_fail(err, PS_FORMAT, "feature %lld: its curves cannot be drawn",
                           (long long)it->number);
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
        it->kind = SHAPE_OTHER;
        it->other = OGRGeometryTypeToName(type);
    } else if (OGR_G_IsEmpty(g)) {
        it->kind = SHAPE_EMPTY;
    } else {
        size_t n = OGR_G_WkbSizeEx(g);
        status = ps_grow((void **)&b->wkb.bytes, &b->wkb.capacity, b->wkb.n + n, 1, err);
        if (status == PS_OK && n > INT32_MAX)
            status = ps_fail(err, PS_LIMIT, "feature %lld: a polygon of more than 2 GB",
                             (long long)it->number);
        if (status == PS_OK &&
            OGR_G_ExportToWkb(g, wkbNDR, b->wkb.bytes + b->wkb.n) != OGRERR_NONE)
            status =
                ps_fail(err, PS_FORMAT, "feature %lld: its polygon cannot be taken over",
                        (long long)it->number);
        if (status == PS_OK) {
            it->kind = SHAPE_POLYGON;
            it->at = b->wkb.n;
            it->n = n;
            b->wkb.n += n;
        }
    }
    if (own != NULL) OGR_G_DestroyGeometry(own);
    return status;
}

typedef struct reading {
    ps_ogr_source source;
    const ps_layer_spec *spec;
    const ps_talk *talk;
    ps_layer_report *report;
    int code_field, name_field;
    ps_areas_builder *builder;
    ps_keys *codes;
    int64_t *first; /* feature of each code */
    size_t first_room;
    int64_t duplicates;
    char duplicate[512]; /* the first ones, named */
    int named;
    bool guessed;
    bool ended;        /* there are no more features */
    int failures;      /* of GDAL while reading, */
    char message[512]; /* the first of them */
    batch batches[BATCHES];
    batch *settled, *checked, *fresh;
    judge *judges; /* per worker */
} reading;

static void add_example(ps_layer_report *report, const item *it, const char *why) {
    if (report->examples == PS_LAYER_EXAMPLES) return;
    char *out = report->example[report->examples++];
    snprintf(out, sizeof report->example[0], "feature %lld (%.*s): %s",
             (long long)it->number, it->code.n < 60 ? (int)it->code.n : 60, it->code.p,
             why);
}

static ps_status note_code(reading *r, const item *it, ps_error *err) {
    if (it->code.n == 0)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': feature %lld (%s '%.*s') has nothing in the field "
            "'%s'; every area needs a code",
            r->source.shown, OGR_L_GetName(r->source.layer), (long long)it->number,
            r->spec->name != NULL ? r->spec->name : "name",
            it->name.n < 80 ? (int)it->name.n : 80, it->name.p, r->spec->code);
    int32_t id;
    bool added;
    PS_TRY(ps_keys_add(r->codes, it->code, &id, &added, err));
    if (added) {
        PS_TRY(ps_grow((void **)&r->first, &r->first_room, (size_t)id + 1,
                       sizeof *r->first, err));
        r->first[id] = it->number;
        return PS_OK;
    }
    r->duplicates++;
    if (r->named < NAMED_DUPLICATES) {
        size_t used = strlen(r->duplicate);
        snprintf(r->duplicate + used, sizeof r->duplicate - used,
                 "%s'%.*s' (features %lld and %lld)", r->named > 0 ? ", " : "",
                 it->code.n < 40 ? (int)it->code.n : 40, it->code.p,
                 (long long)r->first[id], (long long)it->number);
        r->named++;
    }
    return PS_OK;
}

/* Count what a feature is, and hand its area on to the builder. */
static ps_status settle(reading *r, item *it, ps_error *err) {
    ps_layer_report *report = r->report;
    const unsigned char *wkb = NULL;
    size_t n = 0;
    char why[200];
    const char *trouble = NULL;
    switch (it->kind) {
        case SHAPE_NULL:
            report->null_geometry++;
            trouble = "no geometry";
            break;
        case SHAPE_EMPTY:
            report->empty_geometry++;
            trouble = "an empty geometry";
            break;
        case SHAPE_OTHER:
            report->not_polygon++;
            snprintf(why, sizeof why, "a %s, not a polygon", it->other);
            trouble = why;
            break;
        case SHAPE_POLYGON:
            wkb = r->settled->wkb.bytes + it->at;
            n = it->n;
            if (it->valid) break;
            report->invalid_geometry++;
            trouble = it->reason;
            wkb = it->repaired.bytes;
            n = it->repaired.n;
            if (n > 0) report->repaired++;
    }
    if (trouble != NULL) {
        add_example(report, it, trouble);
        if (n == 0) report->skipped++;
        if (n == 0 && r->spec->policy == PS_GEOMETRY_SKIP) return PS_OK;
    }
    PS_TRY(ps_areas_builder_area(r->builder, it->code, it->name, err));
    return n > 0 ? ps_shape_read(wkb, n, r->builder, err) : PS_OK;
}

static ps_status read_feature(reading *r, OGRFeatureH feature, ps_error *err) {
    batch *b = r->fresh;
    item *it = &b->items[b->n];
    *it = (item){.number = ++r->report->features};
    b->n++;
    PS_TRY(ps_ogr_text(feature, r->code_field, b->text, &it->code, &r->guessed, err));
    if (r->name_field >= 0)
        PS_TRY(ps_ogr_text(feature, r->name_field, b->text, &it->name, &r->guessed, err));
    it->code = ps_str_trim(it->code);
    it->name = ps_str_trim(it->name);
    PS_TRY(note_code(r, it, err));
    return take_shape(b, feature, it, err);
}

static void note_failures(reading *r, const ps_gdal_scope *scope) {
    if (scope->failures > 0 && r->failures == 0)
        snprintf(r->message, sizeof r->message, "%s", ps_gdal_reason(scope));
    r->failures += scope->failures;
}

/* The next batch. On any thread, one at a time: GDAL's state belongs to the thread. */
static ps_status read_batch(reading *r, ps_error *err) {
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = PS_OK;
    batch *b = r->fresh;
    while (status == PS_OK && !r->ended && b->n < BATCH_FEATURES &&
           b->wkb.n < BATCH_BYTES) {
        OGRFeatureH feature = OGR_L_GetNextFeature(r->source.layer);
        r->ended = feature == NULL;
        if (r->ended) break;
        status = read_feature(r, feature, err);
        OGR_F_Destroy(feature);
    }
    note_failures(r, &scope);
    ps_gdal_leave(&scope);
    return status;
}

static ps_status settle_batch(reading *r, ps_error *err) {
    for (size_t i = 0; i < r->settled->n; i++)
        PS_TRY(settle(r, &r->settled->items[i], err));
    return PS_OK;
}

/* Block 0 settles the batch before, block 1 reads the next one, each other one checks
 * some polygons of this one. */
enum { SETTLING, READING, CHECKING };
static ps_status pass_batches(void *context, size_t block, size_t end, int worker,
                              ps_error *err) {
    (void)end;
    reading *r = context;
    if (block == SETTLING) return settle_batch(r, err);
    if (block == READING) return read_batch(r, err);
    batch *b = r->checked;
    const size_t first = (block - CHECKING) * CHECK_GRAIN;
    const size_t last = b->n - first < CHECK_GRAIN ? b->n : first + CHECK_GRAIN;
    for (size_t i = first; i < last; i++) {
        item *it = &b->items[i];
        if (it->kind != SHAPE_POLYGON) continue;
        PS_TRY(check_one(b, it, r->spec->policy, &r->judges[worker], err));
    }
    return PS_OK;
}

static ps_status read_features(reading *r, const ps_gdal_scope *scope, ps_error *err) {
    const ps_ogr_source *s = &r->source;
    GIntBig count = OGR_L_GetFeatureCount(s->layer, 0);
    note_failures(r, scope);
    double total = count > 0 ? (double)count : 0;
    PS_TRY(ps_progress(r->talk, "reading boundaries", 0, total, err));
    OGR_L_ResetReading(s->layer);
    r->settled = &r->batches[0];
    r->checked = &r->batches[1];
    r->fresh = &r->batches[2];
    do {
        const size_t blocks = (r->checked->n + CHECK_GRAIN - 1) / CHECK_GRAIN;
        PS_TRY(ps_par_for(CHECKING + blocks, 1, pass_batches, r, err));
        batch *done = r->settled;
        clear_batch(done);
        r->settled = r->checked;
        r->checked = r->fresh;
        r->fresh = done;
        PS_TRY(ps_progress(r->talk, "reading boundaries", (double)r->report->features,
                           total, err));
    } while (r->settled->n + r->checked->n > 0);
    /* A database tells only now that it does not understand a filter. */
    const char *filter = r->spec->where;
    if (r->failures > 0 && r->report->features == 0 && filter != NULL &&
        filter[0] != '\0')
        return filter_fail(s, filter, r->message, err);
    if (r->failures > 0)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' is damaged after feature %lld: %s", s->shown,
                       OGR_L_GetName(s->layer), (long long)r->report->features,
                       r->message);
    return ps_progress(r->talk, "reading boundaries", (double)r->report->features,
                       (double)r->report->features, err);
}

static int64_t troubles(const ps_layer_report *report) {
    return report->null_geometry + report->empty_geometry + report->invalid_geometry +
           report->not_polygon;
}

static void list_examples(const ps_layer_report *report, char *out, size_t size) {
    out[0] = '\0';
    size_t used = 0;
    for (int i = 0; i < report->examples && used < size; i++) {
        int wrote = snprintf(out + used, size - used, "%s%s", i > 0 ? "; " : "",
                             report->example[i]);
        if (wrote > 0) used += (size_t)wrote;
    }
}

/* Given all that was met, are there areas? */
static ps_status decide(const reading *r, ps_error *err) {
    const ps_layer_report *report = r->report;
    const char *layer = report->layer;
    const char *shown = r->source.shown;
    char examples[600];
    list_examples(report, examples, sizeof examples);
    if (report->features == 0)
        return ps_fail(err, PS_FORMAT, "'%s', layer '%s' has no features%s", shown, layer,
                       r->spec->where != NULL ? " that the filter lets pass" : "");
    if (r->duplicates > 0)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': the codes in '%s' are not unique, %lld features "
            "repeat one: %s%s; choose another field, or dissolve the features "
            "first",
            shown, layer, r->spec->code, (long long)r->duplicates, r->duplicate,
            r->duplicates > r->named ? ", ..." : "");
    if (report->not_polygon == report->features)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' has no polygons: %s; areas need polygons", shown,
                       layer, examples);
    int64_t bad = troubles(report);
    if (bad == 0) return PS_OK;
    if (r->spec->policy == PS_GEOMETRY_STOP)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': %lld of %lld features have no valid polygon: %s%s; "
            "mend them, or let them be repaired or skipped",
            shown, layer, (long long)bad, (long long)report->features, examples,
            bad > report->examples ? "; ..." : "");
    if (report->skipped == report->features)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s': no feature has a usable polygon: %s", shown,
                       layer, examples);
    ps_say(
        r->talk, PS_TALK_WARNING,
        "%s, layer %s: %lld of %lld features have no valid polygon; %lld were repaired, "
        "%lld %s: %s%s",
        shown, layer, (long long)bad, (long long)report->features,
        (long long)report->repaired, (long long)report->skipped,
        r->spec->policy == PS_GEOMETRY_SKIP ? "left out" : "are without a shape",
        examples, bad > report->examples ? "; ..." : "");
    return PS_OK;
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

static ps_status read_areas(reading *r, ps_areas **out, ps_gdal_scope *scope,
                            ps_error *err) {
    const ps_layer_spec *spec = r->spec;
    ps_ogr_source *s = &r->source;
    PS_TRY(open_source(spec, s, scope, err));
    snprintf(r->report->layer, sizeof r->report->layer, "%s", OGR_L_GetName(s->layer));
    snprintf(r->report->driver, sizeof r->report->driver, "%s", ps_ogr_driver(s));
    if (spec->code == NULL || spec->code[0] == '\0')
        return ps_fail(err, PS_CONFIG,
                       "'%s', layer '%s': say which field holds the codes of the areas",
                       s->shown, r->report->layer);
    if (OGR_L_GetGeomType(s->layer) == wkbNone)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s' is a table without geometry; areas need polygons", s->shown,
            r->report->layer);
    PS_TRY(need_field(s, ps_str_of(spec->code), "the codes", &r->code_field, err));
    r->name_field = -1;
    if (spec->name != NULL && spec->name[0] != '\0')
        PS_TRY(need_field(s, ps_str_of(spec->name), "the names", &r->name_field, err));
    ps_crs *crs = NULL;
    PS_TRY(choose_crs(s, spec->crs, r->talk, &crs, err));
    scope->failures = 0;
    scope->message[0] = '\0';
    ps_status status = skip_other_fields(r, err);
    if (status == PS_OK) {
        r->judges = ps_zalloc((size_t)ps_threads(), sizeof *r->judges);
        if (r->judges == NULL) status = ps_fail_nomem(err);
    }
    for (int i = 0; status == PS_OK && i < BATCHES; i++)
        status = make_batch(&r->batches[i], err);
    if (status == PS_OK) status = ps_keys_create(&r->codes, err);
    if (status == PS_OK) status = ps_areas_builder_create(&r->builder, err);
    if (status == PS_OK) status = read_features(r, scope, err);
    if (status == PS_OK) status = decide(r, err);
    for (int i = 0; i < BATCHES; i++) free_batch(&r->batches[i]);
    for (int i = 0; r->judges != NULL && i < ps_threads(); i++) {
        ps_validity_close(r->judges[i].quick);
        ps_overlay_close(r->judges[i].overlay);
    }
    ps_free(r->judges);
    ps_keys_free(r->codes);
    ps_free(r->first);
    ps_areas *areas = NULL;
    if (status == PS_OK) {
        status = ps_areas_builder_finish(r->builder, crs, &areas, err);
        if (status != PS_OK && status != PS_NOMEM)
            ps_fail_prefix(err, "'%s': ", s->shown);
    } else {
        ps_areas_builder_free(r->builder);
        ps_crs_free(crs);
    }
    if (status == PS_OK) status = check_box(s, areas, r->talk, err);
    if (status != PS_OK) {
        ps_areas_free(areas);
        return status;
    }
    if (r->guessed) ps_ogr_say_guessed(s, r->talk);
    r->report->points = (int64_t)areas->n_points;
    *out = areas;
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
    r->talk = talk;
    r->report = report;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = read_areas(r, out, &scope, err);
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
