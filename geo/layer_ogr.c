/* Reading through GDAL/OGR.
 *
 * Areas: features come from OGR on one thread, as WKB into a batch of bounded size; the
 * polygons of a batch are checked and repaired by GEOS on all threads; then, again in
 * order, their rings go to the builder. So the whole layer is in memory only once, as the
 * arrays that the caller gets, and order and report do not depend on the threads.
 *
 * GDAL is not trusted with names: a path is looked up on disk before GDAL sees it, and
 * only drivers for local vector files and sheets may open it.
 */
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <errno.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/par.h"
#include "geo/gdal_scope.h"
#include "geo/layer.h"
#include "geo/overlay.h"

enum {
    MAX_PATH_BYTES = 4096,
    MAX_MEMBERS = 100000,   /* of an archive */
    MAX_CANDIDATES = 64,    /* spatial files of one archive that are looked at */
    BATCH_FEATURES = 2048,  /* read before they are checked together */
    BATCH_BYTES = 32 << 20, /* or this much of geometry */
    CHECK_GRAIN = 16,       /* polygons per block of the parallel check */
    NAMED_DUPLICATES = 5,
    DATE_TEXT = 48
};
static const int64_t max_workbook_bytes = (int64_t)1 << 30; /* unpacked */

static const char *const vector_drivers[] = {
    "ESRI Shapefile", "GPKG", "GeoJSON", "GeoJSONSeq", "FlatGeobuf", "MapInfo File",
    "OpenFileGDB",    "CSV",  "XLSX",    "ODS",        NULL};
static const char *const folder_drivers[] = {"ESRI Shapefile", "MapInfo File",
                                             "OpenFileGDB", NULL};

/* --- GDAL's state ------------------------------------------------------------------ */

static pthread_once_t registered = PTHREAD_ONCE_INIT;
static char gdal_release[48]; /* written once, when GDAL is registered */

static void register_gdal(void) {
    /* Plugins bring only formats that are not read here, and take long to load. */
    CPLSetThreadLocalConfigOption("GDAL_DRIVER_PATH", "disable");
    GDALAllRegister();
    CPLSetThreadLocalConfigOption("GDAL_DRIVER_PATH", NULL);
    OSRSetPROJEnableNetwork(0);
    snprintf(gdal_release, sizeof gdal_release, "GDAL %s",
             GDALVersionInfo("RELEASE_NAME"));
}

static void CPL_STDCALL keep_message(CPLErr level, CPLErrorNum code, const char *text) {
    (void)code;
    ps_gdal_scope *scope = CPLGetErrorHandlerUserData();
    if (scope == NULL || level == CE_None || level == CE_Debug) return;
    bool failure = level >= CE_Failure;
    if (scope->failures == 0) snprintf(scope->message, sizeof scope->message, "%s", text);
    if (failure) scope->failures++;
    for (char *c = scope->message; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
}

void ps_gdal_enter(ps_gdal_scope *scope) {
    static const char *const options[][2] = {
        {"OGR_CURRENT_DATE", "1970-01-01T00:00:00.000Z"},
        {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{none}"},
        {"GDAL_HTTP_PROXY", "127.0.0.1:1"},
        {"GDAL_HTTP_MAX_RETRY", "0"},
        {"GDAL_PAM_ENABLED", "NO"},
        {"SHAPE_RESTORE_SHX", "NO"},
        {"OGR_XLSX_HEADERS", "AUTO"},
        {"OGR_XLSX_FIELD_TYPES", "AUTO"},
        {"OGR_ODS_HEADERS", "AUTO"},
        {"OGR_ODS_FIELD_TYPES", "AUTO"},
    };
    pthread_once(&registered, register_gdal);
    scope->message[0] = '\0';
    scope->failures = 0;
    scope->options = CPLGetThreadLocalConfigOptions();
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        CPLSetThreadLocalConfigOption(options[i][0], options[i][1]);
    CPLPushErrorHandlerEx(keep_message, scope);
}

void ps_gdal_leave(ps_gdal_scope *scope) {
    CPLPopErrorHandler();
    CPLSetThreadLocalConfigOptions((const char *const *)scope->options);
    CSLDestroy(scope->options);
    scope->options = NULL;
}

const char *ps_layer_gdal_version(void) {
    pthread_once(&registered, register_gdal);
    return gdal_release;
}

/* --- from a path to a layer -------------------------------------------------------- */

typedef struct place {
    char path[MAX_PATH_BYTES]; /* as GDAL opens it */
    bool folder;
} place;

static const char *reason(const ps_gdal_scope *scope) {
    return scope->message[0] != '\0' ? scope->message : "GDAL gives no reason";
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcasecmp(text + n - m, end) == 0;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static ps_status not_there(const char *path, const char *shown, ps_error *err) {
    char why[128];
    const char *text = strerror_r(errno, why, sizeof why);
    char folder[MAX_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    struct stat info;
    if (errno == ENOENT && slash != NULL && slash != folder) {
        *slash = '\0';
        if (stat(folder, &info) != 0)
            return ps_fail(err, PS_INPUT,
                           "cannot open '%s': the folder '%s' does not exist", shown,
                           folder);
    }
    return ps_fail(err, PS_INPUT, "cannot open '%s': %s", shown, text);
}

/* Which member of an archive holds what is wanted? A member that is named, or the only
 * one with one of the endings; `layer` decides between several. */
static ps_status pick_member(const char *shown, const char *archive,
                             const char *const *endings, const char *layer, place *out,
                             ps_gdal_scope *scope, ps_error *err) {
    char root[MAX_PATH_BYTES + 16];
    snprintf(root, sizeof root, "/vsizip/{%s}", archive);
    VSIDIR *dir = VSIOpenDir(root, -1, NULL);
    if (dir == NULL)
        return ps_fail(err, PS_FORMAT, "'%s' is not a ZIP archive that can be read (%s)",
                       shown, reason(scope));
    char **found = NULL;
    int members = 0, named = -1;
    ps_status status = PS_OK;
    const VSIDIREntry *entry;
    while (status == PS_OK && (entry = VSIGetNextDirEntry(dir)) != NULL) {
        const char *name = entry->pszName;
        if (++members > MAX_MEMBERS) {
            status = ps_fail(err, PS_LIMIT, "'%s' has more than %d members", shown,
                             MAX_MEMBERS);
        } else if (name[0] == '/' || strstr(name, "..") != NULL) {
            status =
                ps_fail(err, PS_FORMAT,
                        "'%s' holds a member with the name '%.100s', which leads out "
                        "of the archive; unpack what is needed",
                        shown, name);
        } else if (strstr(name, ".gdb/") == NULL && strstr(name, "__MACOSX/") == NULL) {
            for (const char *const *e = endings; *e != NULL; e++) {
                if (!ends_with(name, *e) || CSLCount(found) >= MAX_CANDIDATES) continue;
                const char *base = file_name(name);
                if (layer != NULL && strlen(base) == strlen(layer) + strlen(*e) &&
                    strncasecmp(base, layer, strlen(layer)) == 0)
                    named = CSLCount(found);
                found = CSLAddString(found, name);
                break;
            }
        }
    }
    VSICloseDir(dir);
    int n = CSLCount(found);
    int take = n == 1 ? 0 : named;
    if (status == PS_OK && n == 0) {
        status =
            ps_fail(err, PS_FORMAT,
                    "'%s' holds no file that is looked for here (endings %s, %s, %s, "
                    "...)",
                    shown, endings[0], endings[1], endings[2]);
    } else if (status == PS_OK && take < 0) {
        char list[600] = "";
        size_t used = 0;
        for (int i = 0; i < n && i < 10; i++) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%.50s'",
                                 i > 0 ? ", " : "", found[i]);
            if (wrote > 0) used += (size_t)wrote;
        }
        status = ps_fail(err, PS_CONFIG,
                         "'%s' holds %d files that could be meant: %s%s; name one, as in "
                         "'%s/%.100s'",
                         shown, n, list, n > 10 ? ", ..." : "", shown, found[0]);
    } else if (status == PS_OK) {
        int wrote = snprintf(out->path, sizeof out->path, "%s/%s", root, found[take]);
        out->folder = ends_with(found[take], ".gdb");
        if (wrote < 0 || (size_t)wrote >= sizeof out->path)
            status = ps_fail(err, PS_LIMIT, "'%s': a path of more than %d bytes", shown,
                             MAX_PATH_BYTES);
    }
    CSLDestroy(found);
    return status;
}

static const char *const spatial_endings[] = {".shp",  ".gpkg",     ".geojson", ".fgb",
                                              ".json", ".geojsonl", ".gdb",     ".tab",
                                              ".mif",  NULL};
static const char *const table_endings[] = {".xlsx", ".ods", ".csv", ".dbf", NULL};

/* The file that path names, as GDAL is to open it. */
static ps_status find_place(const char *path, const char *base,
                            const char *const *endings, const char *layer, place *out,
                            ps_gdal_scope *scope, ps_error *err) {
    *out = (place){"", false};
    if (path == NULL || path[0] == '\0')
        return ps_fail(err, PS_CONFIG, "no file is named");
    static const char zip_prefix[] = "/vsizip/";
    const char *local = path;
    if (strncmp(local, zip_prefix, sizeof zip_prefix - 1) == 0)
        local += sizeof zip_prefix - 1;
    if (strstr(local, "://") != NULL || strstr(local, "/vsi") != NULL ||
        strncmp(local, "vsi", 3) == 0 || strpbrk(local, "{}") != NULL)
        return ps_fail(err, PS_CONFIG,
                       "'%.200s' is not the name of a local file; download it first",
                       path);
    char full[MAX_PATH_BYTES];
    /* A leading ./ keeps GDAL from taking "PG:..." for a connection. */
    bool relative = local[0] != '/';
    int wrote = snprintf(full, sizeof full, "%s%s%s",
                         relative ? (base != NULL && base[0] != '\0' ? base : ".") : "",
                         relative ? "/" : "", local);
    if (wrote < 0 || (size_t)wrote >= sizeof full - 16)
        return ps_fail(err, PS_CONFIG, "a path of more than %d bytes: '%.100s...'",
                       MAX_PATH_BYTES, path);
    struct stat info;
    if (stat(full, &info) == 0) {
        if (access(full, R_OK) != 0) return not_there(full, path, err);
        if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
            return ps_fail(err, PS_INPUT, "'%s' is neither a file nor a folder", path);
        if (S_ISREG(info.st_mode) && ends_with(full, ".zip"))
            return pick_member(path, full, endings, layer, out, scope, err);
        out->folder = S_ISDIR(info.st_mode);
        snprintf(out->path, sizeof out->path, "%s", full);
        return PS_OK;
    }
    /* A member of an archive: everything up to ".zip" is the file. */
    ps_status missing = not_there(full, path, err);
    char *zip = strcasestr(full, ".zip/");
    if (zip == NULL) return missing;
    zip[4] = '\0';
    if (stat(full, &info) != 0 || !S_ISREG(info.st_mode)) return missing;
    const char *member = zip + 5;
    if (strstr(member, "..") != NULL) return missing;
    VSIStatBufL member_info;
    wrote = snprintf(out->path, sizeof out->path, "/vsizip/{%s}/%s", full, member);
    if (wrote < 0 || (size_t)wrote >= sizeof out->path) return missing;
    if (VSIStatL(out->path, &member_info) != 0)
        return ps_fail(err, PS_INPUT, "'%s' has no member '%s'", full, member);
    out->folder = VSI_ISDIR(member_info.st_mode);
    return PS_OK;
}

typedef struct source {
    GDALDatasetH dataset;
    OGRLayerH layer;
    const char *shown; /* path as the user wrote it */
    bool shapefile;
} source;

static void close_source(source *s) {
    if (s->dataset != NULL) GDALClose(s->dataset);
    s->dataset = NULL;
}

static const char *driver_name(const source *s) {
    GDALDriverH driver = GDALGetDatasetDriver(s->dataset);
    const char *name = driver != NULL ? GDALGetDriverShortName(driver) : NULL;
    return name != NULL ? name : "";
}

static ps_status open_dataset(const place *where, const char *encoding, source *s,
                              ps_gdal_scope *scope, ps_error *err) {
    const unsigned flags = GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR;
    char option[128];
    snprintf(option, sizeof option, "ENCODING=%s", encoding != NULL ? encoding : "");
    const char *const with_encoding[] = {option, NULL};
    const char *const *drivers = where->folder ? folder_drivers : vector_drivers;
    s->dataset = GDALOpenEx(where->path, flags, drivers, NULL, NULL);
    if (s->dataset == NULL)
        return ps_fail(err, PS_FORMAT,
                       "'%s' cannot be read as a Shapefile, GeoPackage, GeoJSON, "
                       "FlatGeobuf, MapInfo file, File Geodatabase or workbook: %s",
                       s->shown, reason(scope));
    s->shapefile = strcmp(driver_name(s), "ESRI Shapefile") == 0;
    if (!s->shapefile) return PS_OK;
    /* Without a .cpg, GDAL believes a byte of the .dbf that is mostly wrong. The bytes
     * are taken as they are then, and looked at value by value. */
    OGRLayerH first = GDALDatasetGetLayer(s->dataset, 0);
    const char *stated =
        first != NULL ? GDALGetMetadataItem(first, "ENCODING_FROM_CPG", "SHAPEFILE")
                      : NULL;
    if (encoding == NULL && stated != NULL && stated[0] != '\0') return PS_OK;
    GDALClose(s->dataset);
    s->dataset = GDALOpenEx(where->path, flags, drivers, with_encoding, NULL);
    if (s->dataset == NULL)
        return ps_fail(err, PS_FORMAT, "'%s' cannot be read with the encoding '%s': %s",
                       s->shown, encoding != NULL ? encoding : "", reason(scope));
    return PS_OK;
}

/* "a", "b", ... into list. */
static void list_names(char *list, size_t size, size_t i, const char *name) {
    size_t used = strlen(list);
    if (i < 12)
        snprintf(list + used, size - used, "%s'%.60s'", i > 0 ? ", " : "", name);
    else if (i == 12)
        snprintf(list + used, size - used, ", ...");
}

static ps_status choose_layer(source *s, const char *layer, const char *kind,
                              bool by_place, ps_error *err) {
    int n = GDALDatasetGetLayerCount(s->dataset);
    if (layer != NULL) s->layer = GDALDatasetGetLayerByName(s->dataset, layer);
    int64_t number;
    if (s->layer == NULL && layer != NULL && by_place &&
        ps_parse_int(ps_str_of(layer), &number) && number >= 1 && number <= n)
        s->layer = GDALDatasetGetLayer(s->dataset, (int)number - 1);
    /* The one Shapefile of an archive may have been chosen by its name already. */
    if (s->layer == NULL && layer == NULL && n == 1)
        s->layer = GDALDatasetGetLayer(s->dataset, 0);
    if (s->layer != NULL) return PS_OK;
    if (n <= 0) return ps_fail(err, PS_FORMAT, "'%s' holds no %s", s->shown, kind);

    char list[800] = "";
    const char **names = ps_alloc((size_t)n, sizeof *names);
    if (names == NULL) return ps_fail_nomem(err);
    for (int i = 0; i < n; i++) {
        OGRLayerH one = GDALDatasetGetLayer(s->dataset, i);
        names[i] = one != NULL ? OGR_L_GetName(one) : "";
        list_names(list, sizeof list, (size_t)i, names[i]);
    }
    int near = layer != NULL ? ps_nearest(ps_str_of(layer), names, (size_t)n) : -1;
    ps_status status;
    if (layer == NULL)
        status = ps_fail(err, PS_CONFIG, "'%s' holds %d %ss: %s; say which one is meant",
                         s->shown, n, kind, list);
    else if (near >= 0)
        status = ps_fail(err, PS_CONFIG,
                         "'%s' has no %s '%.100s'; did you mean '%s'? It holds %s",
                         s->shown, kind, layer, names[near], list);
    else
        status = ps_fail(err, PS_CONFIG, "'%s' has no %s '%.100s'; it holds %s", s->shown,
                         kind, layer, list);
    ps_free(names);
    return status;
}

static ps_status filter_fail(const source *s, const char *filter,
                             const ps_gdal_scope *scope, ps_error *err) {
    return ps_fail(err, PS_CONFIG,
                   "'%s', layer '%s': the filter \"%.200s\" is not understood: %s",
                   s->shown, OGR_L_GetName(s->layer), filter, reason(scope));
}

static ps_status open_source(const ps_layer_spec *spec, source *s, ps_gdal_scope *scope,
                             ps_error *err) {
    place *where = ps_alloc(1, sizeof *where);
    if (where == NULL) return ps_fail_nomem(err);
    s->shown = spec->path;
    ps_status status = find_place(spec->path, spec->base, spatial_endings, spec->layer,
                                  where, scope, err);
    if (status == PS_OK) status = open_dataset(where, spec->encoding, s, scope, err);
    ps_free(where);
    if (status == PS_OK) status = choose_layer(s, spec->layer, "layer", false, err);
    if (status == PS_OK && spec->where != NULL && spec->where[0] != '\0' &&
        OGR_L_SetAttributeFilter(s->layer, spec->where) != OGRERR_NONE)
        status = filter_fail(s, spec->where, scope, err);
    return status;
}

/* The field of that name: exactly, else the only one that differs in case. */
static ps_status need_field(const source *s, ps_str wanted, const char *role, int *out,
                            ps_error *err) {
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
        list_names(list, sizeof list, (size_t)i, names[i]);
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

/* --- attributes as text ------------------------------------------------------------ */

/* UTF-8 text of a field, in the arena. *guessed is set when bytes were not UTF-8 and were
 * taken for Windows-1252. */
static ps_status field_text(OGRFeatureH feature, int field, ps_arena *arena, ps_str *out,
                            bool *guessed, ps_error *err) {
    *out = (ps_str){"", 0};
    if (!OGR_F_IsFieldSetAndNotNull(feature, field)) return PS_OK;
    OGRFieldDefnH def = OGR_F_GetFieldDefnRef(feature, field);
    char text[DATE_TEXT];
    const char *from = text;
    int year, month, day, hour, minute, zone;
    float second;
    switch (OGR_Fld_GetType(def)) {
        case OFTReal: {
            double value = OGR_F_GetFieldAsDouble(feature, field);
            if (!isfinite(value)) return PS_OK;
            ps_format_double(value, text);
            break;
        }
        case OFTDate:
        case OFTDateTime:
            if (!OGR_F_GetFieldAsDateTimeEx(feature, field, &year, &month, &day, &hour,
                                            &minute, &second, &zone))
                return PS_OK;
            if (OGR_Fld_GetType(def) == OFTDate)
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
            else
                snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%s", year,
                         month, day, hour, minute, (int)second, zone == 100 ? "Z" : "");
            break;
        default:
            from = OGR_F_GetFieldAsString(feature, field);
    }
    ps_str raw = ps_str_of(from);
    if (!ps_utf8_valid(raw)) {
        *guessed = true;
        return ps_utf8_from_cp1252(raw, arena, out, err);
    }
    const char *copy = ps_arena_strndup(arena, raw.p, raw.n);
    if (copy == NULL) return ps_fail_nomem(err);
    *out = (ps_str){copy, raw.n};
    return PS_OK;
}

static void say_guessed(const source *s, const ps_talk *talk) {
    ps_say(
        talk, PS_TALK_INFO,
        "%s: text that is not UTF-8 was read as Windows-1252; give encoding when that is "
        "wrong",
        s->shown);
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

static ps_status no_crs(const source *s, ps_error *err) {
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

static ps_status layer_crs(const source *s, ps_crs **out, ps_error *err) {
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

static ps_status choose_crs(const source *s, const char *stated, const ps_talk *talk,
                            ps_crs **out, ps_error *err) {
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
static ps_status check_box(const source *s, const ps_areas *areas, const ps_talk *talk,
                           ps_error *err) {
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
    ps_overlay **overlays; /* per worker */
    ps_geometry_policy policy;
} batch;

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
    for (int i = 0; b->overlays != NULL && i < ps_threads(); i++)
        ps_overlay_close(b->overlays[i]);
    ps_free(b->overlays);
}

static ps_status make_batch(batch *b, ps_geometry_policy policy, ps_error *err) {
    *b = (batch){.policy = policy};
    b->items = ps_alloc(BATCH_FEATURES, sizeof *b->items);
    b->overlays = ps_zalloc((size_t)ps_threads(), sizeof *b->overlays);
    if (b->items == NULL || b->overlays == NULL) return ps_fail_nomem(err);
    return ps_arena_create(&b->text, err);
}

static ps_status check_one(batch *b, item *it, ps_overlay *overlay, ps_error *err) {
    int valid;
    char why[200];
    const unsigned char *wkb = b->wkb.bytes + it->at;
    PS_TRY(ps_overlay_valid(overlay, wkb, it->n, &valid, why, err));
    it->valid = valid != 0;
    if (it->valid) return PS_OK;
    it->reason = ps_strndup(why, strlen(why));
    if (it->reason == NULL) return ps_fail_nomem(err);
    if (b->policy != PS_GEOMETRY_REPAIR) return PS_OK;
    const unsigned char *made;
    size_t n;
    ps_status status = ps_overlay_repair(overlay, wkb, it->n, &made, &n, err);
    if (status == PS_FORMAT) return PS_OK; /* beyond repair: nothing is left of it */
    PS_TRY(status);
    if (n == 0) return PS_OK;
    PS_TRY(ps_grow((void **)&it->repaired.bytes, &it->repaired.capacity, n, 1, err));
    memcpy(it->repaired.bytes, made, n);
    it->repaired.n = n;
    return PS_OK;
}

static ps_status check_some(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    batch *b = context;
    ps_overlay **overlay = &b->overlays[worker];
    if (*overlay == NULL) PS_TRY(ps_overlay_open(overlay, err));
    for (size_t i = begin; i < end; i++) {
        item *it = &b->items[i];
        if (it->kind == SHAPE_POLYGON) PS_TRY(check_one(b, it, *overlay, err));
    }
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
    source source;
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
    batch batch;
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
            wkb = r->batch.wkb.bytes + it->at;
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
    if (r->duplicates > 0) return PS_OK; /* it will fail; go on only to count */
    PS_TRY(ps_areas_builder_area(r->builder, it->code, it->name, err));
    return n > 0 ? ps_shape_read(wkb, n, r->builder, err) : PS_OK;
}

static ps_status flush_batch(reading *r, ps_error *err) {
    batch *b = &r->batch;
    PS_TRY(ps_par_for(b->n, CHECK_GRAIN, check_some, b, err));
    for (size_t i = 0; i < b->n; i++) PS_TRY(settle(r, &b->items[i], err));
    clear_batch(b);
    return PS_OK;
}

static ps_status read_feature(reading *r, OGRFeatureH feature, ps_error *err) {
    batch *b = &r->batch;
    item *it = &b->items[b->n];
    *it = (item){.number = ++r->report->features};
    b->n++;
    PS_TRY(field_text(feature, r->code_field, b->text, &it->code, &r->guessed, err));
    if (r->name_field >= 0)
        PS_TRY(field_text(feature, r->name_field, b->text, &it->name, &r->guessed, err));
    it->code = ps_str_trim(it->code);
    it->name = ps_str_trim(it->name);
    PS_TRY(note_code(r, it, err));
    return take_shape(b, feature, it, err);
}

static ps_status read_features(reading *r, ps_gdal_scope *scope, ps_error *err) {
    const source *s = &r->source;
    GIntBig count = OGR_L_GetFeatureCount(s->layer, 0);
    double total = count > 0 ? (double)count : 0;
    PS_TRY(ps_progress(r->talk, "reading boundaries", 0, total, err));
    OGR_L_ResetReading(s->layer);
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(s->layer)) != NULL) {
        ps_status status = read_feature(r, feature, err);
        OGR_F_Destroy(feature);
        PS_TRY(status);
        if (r->batch.n < BATCH_FEATURES && r->batch.wkb.n < BATCH_BYTES) continue;
        PS_TRY(flush_batch(r, err));
        PS_TRY(ps_progress(r->talk, "reading boundaries", (double)r->report->features,
                           total, err));
    }
    /* A database tells only now that it does not understand a filter. */
    const char *filter = r->spec->where;
    if (scope->failures > 0 && r->report->features == 0 && filter != NULL &&
        filter[0] != '\0')
        return filter_fail(s, filter, scope, err);
    if (scope->failures > 0)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' is damaged after feature %lld: %s", s->shown,
                       OGR_L_GetName(s->layer), (long long)r->report->features,
                       reason(scope));
    PS_TRY(flush_batch(r, err));
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

static ps_status judge(const reading *r, ps_error *err) {
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

static ps_status read_areas(reading *r, ps_areas **out, ps_gdal_scope *scope,
                            ps_error *err) {
    const ps_layer_spec *spec = r->spec;
    source *s = &r->source;
    PS_TRY(open_source(spec, s, scope, err));
    snprintf(r->report->layer, sizeof r->report->layer, "%s", OGR_L_GetName(s->layer));
    snprintf(r->report->driver, sizeof r->report->driver, "%s", driver_name(s));
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

    ps_status status = make_batch(&r->batch, spec->policy, err);
    if (status == PS_OK) status = ps_keys_create(&r->codes, err);
    if (status == PS_OK) status = ps_areas_builder_create(&r->builder, err);
    if (status == PS_OK) status = read_features(r, scope, err);
    if (status == PS_OK) status = judge(r, err);
    free_batch(&r->batch);
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
    if (r->guessed) say_guessed(s, r->talk);
    r->report->points = (int64_t)areas->n_points;
    *out = areas;
    return PS_OK;
}

ps_status ps_layer_read_areas(const ps_layer_spec *spec, const ps_talk *talk,
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
    close_source(&r->source);
    ps_gdal_leave(&scope);
    ps_free(r);
    return status;
}

/* --- points ------------------------------------------------------------------------ */

struct ps_layer_points {
    source source;
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

ps_status ps_layer_points_open(const ps_layer_spec *spec, const ps_str *fields,
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
        ps_layer_points_close(p);
        return status;
    }
    *out = p;
    return PS_OK;
}

const ps_crs *ps_layer_points_crs(const ps_layer_points *points) {
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
            status = field_text(feature, p->fields[f], p->text,
                                &texts[*got * p->n_fields + f], &p->guessed, err);
        OGR_F_Destroy(feature);
        PS_TRY(status);
        (*got)++;
    }
    if (scope->failures > 0)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' is damaged after feature %lld: %s", p->shown,
                       OGR_L_GetName(p->source.layer), (long long)p->features,
                       reason(scope));
    return PS_OK;
}

ps_status ps_layer_points_next(ps_layer_points *points, size_t n, double *x, double *y,
                               ps_str *texts, size_t *got, ps_error *err) {
    *got = 0;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    ps_status status = next_points(points, n, x, y, texts, got, &scope, err);
    ps_gdal_leave(&scope);
    if (status != PS_OK) *got = 0;
    return status;
}

void ps_layer_points_close(ps_layer_points *points) {
    if (points == NULL) return;
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    close_source(&points->source);
    ps_gdal_leave(&scope);
    ps_crs_free(points->crs);
    ps_arena_free(points->text);
    ps_free(points->fields);
    ps_free(points->shown);
    ps_free(points);
}

/* --- tables ------------------------------------------------------------------------ */

/* Refuse a workbook that unpacks to more than the bound. What the archive says of itself
 * is not believed: the members are unpacked once to count. */
static ps_status check_workbook(const char *path, const char *shown, ps_error *err) {
    char root[MAX_PATH_BYTES + 16];
    snprintf(root, sizeof root, "/vsizip/{%s}", path);
    VSIDIR *dir = VSIOpenDir(root, -1, NULL);
    if (dir == NULL) return PS_OK; /* no archive, so no bomb; opening it will say why */
    enum { CHUNK = 1 << 16 };
    char *buffer = ps_alloc(CHUNK, 1);
    char *member = ps_alloc(2 * MAX_PATH_BYTES, 1);
    ps_status status = buffer != NULL && member != NULL ? PS_OK : ps_fail_nomem(err);
    int64_t total = 0;
    int members = 0;
    const VSIDIREntry *entry;
    while (status == PS_OK && (entry = VSIGetNextDirEntry(dir)) != NULL) {
        if (VSI_ISDIR(entry->nMode)) continue;
        snprintf(member, 2 * MAX_PATH_BYTES, "%s/%s", root, entry->pszName);
        VSILFILE *file = VSIFOpenL(member, "rb");
        while (file != NULL && total <= max_workbook_bytes) {
            size_t got = VSIFReadL(buffer, 1, CHUNK, file);
            if (got == 0) break;
            total += (int64_t)got;
        }
        if (file != NULL) VSIFCloseL(file);
        if (total > max_workbook_bytes || ++members > MAX_MEMBERS)
            status =
                ps_fail(err, PS_LIMIT,
                        "'%s' unpacks to more than %lld MiB or %d parts, which no real "
                        "workbook does; save the sheet that is needed as CSV",
                        shown, (long long)(max_workbook_bytes >> 20), MAX_MEMBERS);
    }
    VSICloseDir(dir);
    ps_free(buffer);
    ps_free(member);
    return status;
}

static bool all_digits(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') return false;
    }
    return n > 0;
}

/* Cells come as the text in the file. Programs store the number 33.178 as
 * 33.177999999999997 and 0.001 as 1E-3, which are the same numbers in more words, and OGR
 * prints dates with slashes. Text that merely looks like a number, such as the code
 * 007 or 1E5, is left alone: only the forms that a program writes are touched. */
static ps_str plain_cell(ps_str raw, char out[DATE_TEXT]) {
    raw = ps_str_trim(raw);
    size_t digits = 0, i = 0;
    bool point = false, signed_exponent = false, number = true;
    if (i < raw.n && raw.p[i] == '-') i++;
    for (; i < raw.n && number; i++) {
        char c = raw.p[i];
        if (c >= '0' && c <= '9') {
            if (digits > 0 || c != '0') digits++;
        } else if (c == '.' && !point) {
            point = true;
        } else if ((c == 'E' || c == 'e') && i + 2 < raw.n &&
                   (raw.p[i + 1] == '-' || raw.p[i + 1] == '+')) {
            signed_exponent = all_digits(raw.p + i + 2, raw.n - i - 2);
            number = signed_exponent;
            break;
        } else {
            number = false;
        }
    }
    double value;
    if (number && (signed_exponent || (point && digits > 15)) &&
        ps_parse_double(raw, &value)) {
        ps_format_double(value, out);
        return ps_str_of(out);
    }
    if (raw.n >= 10 && raw.n < DATE_TEXT && all_digits(raw.p, 4) && raw.p[4] == '/' &&
        all_digits(raw.p + 5, 2) && raw.p[7] == '/' && all_digits(raw.p + 8, 2) &&
        (raw.n == 10 || (raw.n >= 19 && raw.p[10] == ' '))) {
        memcpy(out, raw.p, raw.n);
        out[4] = out[7] = '-';
        if (raw.n > 10) out[10] = 'T';
        return (ps_str){out, raw.n};
    }
    return raw;
}

typedef struct sheet {
    source source;
    bool workbook;
    int64_t header_row;
    int *column; /* field of each column of the table */
    size_t n;
    bool guessed;
} sheet;

static ps_status cell_text(sheet *t, OGRFeatureH feature, int field, ps_arena *arena,
                           ps_str *out, ps_error *err) {
    ps_str raw;
    PS_TRY(field_text(feature, field, arena, &raw, &t->guessed, err));
    if (!t->workbook) {
        *out = raw;
        return PS_OK;
    }
    char plain[DATE_TEXT];
    ps_str cell = plain_cell(raw, plain);
    if (cell.p == plain) {
        const char *copy = ps_arena_strndup(arena, cell.p, cell.n);
        if (copy == NULL) return ps_fail_nomem(err);
        cell.p = copy;
    }
    *out = cell;
    return PS_OK;
}

/* The names of all columns. In a workbook they are the cells of the header row. */
static ps_status column_names(sheet *t, ps_arena *arena, ps_str **names, int *n,
                              ps_error *err) {
    OGRLayerH layer = t->source.layer;
    OGRFeatureDefnH def = OGR_L_GetLayerDefn(layer);
    *n = OGR_FD_GetFieldCount(def);
    *names = ps_zalloc((size_t)*n, sizeof **names);
    if (*names == NULL) return ps_fail_nomem(err);
    if (!t->workbook) {
        if (t->header_row > 1)
            return ps_fail(
                err, PS_CONFIG,
                "'%s' is no workbook: its fields have names of their own, so a "
                "header row cannot be chosen",
                t->source.shown);
        for (int i = 0; i < *n; i++) {
            const char *name = OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(def, i));
            const char *copy = ps_arena_strndup(arena, name, strlen(name));
            if (copy == NULL) return ps_fail_nomem(err);
            (*names)[i] = ps_str_of(copy);
        }
        return PS_OK;
    }
    OGRFeatureH feature;
    OGR_L_ResetReading(layer);
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL &&
           OGR_F_GetFID(feature) != t->header_row)
        OGR_F_Destroy(feature);
    bool some = false;
    ps_status status = PS_OK;
    for (int i = 0; feature != NULL && status == PS_OK && i < *n; i++) {
        status = cell_text(t, feature, i, arena, &(*names)[i], err);
        some = some || (*names)[i].n > 0;
    }
    if (feature != NULL) OGR_F_Destroy(feature);
    PS_TRY(status);
    if (!some)
        return ps_fail(err, PS_CONFIG,
                       "'%s', sheet '%s' has nothing in row %lld, which should hold the "
                       "names of the columns; say in `header` where they are",
                       t->source.shown, OGR_L_GetName(layer), (long long)t->header_row);
    return PS_OK;
}

/* Without a choice, all columns that have a name, or a cell below. */
static ps_status all_columns(sheet *t, const ps_str *names, int n, ps_error *err) {
    bool *used = ps_zalloc((size_t)n, sizeof *used);
    if (used == NULL) return ps_fail_nomem(err);
    int unnamed = 0;
    for (int i = 0; i < n; i++) {
        used[i] = names[i].n > 0 || !t->workbook;
        unnamed += !used[i];
    }
    OGRFeatureH feature;
    OGR_L_ResetReading(t->source.layer);
    while (unnamed > 0 && (feature = OGR_L_GetNextFeature(t->source.layer)) != NULL) {
        for (int i = 0; i < n && OGR_F_GetFID(feature) > t->header_row; i++) {
            if (!used[i] && OGR_F_IsFieldSetAndNotNull(feature, i) &&
                OGR_F_GetFieldAsString(feature, i)[0] != '\0') {
                used[i] = true;
                unnamed--;
            }
        }
        OGR_F_Destroy(feature);
    }
    for (int i = 0; i < n; i++) {
        if (used[i]) t->column[t->n++] = i;
    }
    ps_free(used);
    return PS_OK;
}

/* The chosen columns, by the rules of tables: a table of names only is asked. */
static ps_status choose_columns(sheet *t, const char *title, const ps_str *names, int n,
                                const ps_str *columns, size_t n_columns, ps_error *err) {
    t->column = ps_alloc(columns != NULL ? n_columns : (size_t)n, sizeof *t->column);
    if (t->column == NULL) return ps_fail_nomem(err);
    if (columns == NULL) return all_columns(t, names, n, err);
    ps_table *asked = NULL;
    PS_TRY(ps_table_create(title, names, (size_t)n, &asked, err));
    ps_status status = PS_OK;
    for (; status == PS_OK && t->n < n_columns; t->n++)
        status = ps_table_need_column(asked, columns[t->n], &t->column[t->n], err);
    ps_table_free(asked);
    return status;
}

static ps_status read_rows(sheet *t, ps_arena *arena, ps_table *table,
                           const ps_talk *talk, ps_gdal_scope *scope, ps_error *err) {
    OGRLayerH layer = t->source.layer;
    GIntBig count = OGR_L_GetFeatureCount(layer, 0);
    double total = count > 0 ? (double)count : 0;
    ps_str *cells = ps_alloc(t->n, sizeof *cells);
    if (cells == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    int64_t row = 0;
    OGRFeatureH feature;
    OGR_L_ResetReading(layer);
    while (status == PS_OK && (feature = OGR_L_GetNextFeature(layer)) != NULL) {
        row = t->workbook ? (int64_t)OGR_F_GetFID(feature) : row + 1;
        if (t->workbook && row <= t->header_row) {
            OGR_F_Destroy(feature);
            continue;
        }
        ps_arena_reset(arena);
        bool some = !t->workbook;
        for (size_t c = 0; status == PS_OK && c < t->n; c++) {
            status = cell_text(t, feature, t->column[c], arena, &cells[c], err);
            some = some || cells[c].n > 0;
        }
        OGR_F_Destroy(feature);
        if (status == PS_OK && some) status = ps_table_add_row(table, cells, row, err);
        if (status == PS_OK && row % 8192 == 0)
            status = ps_progress(talk, "reading a table", (double)row, total, err);
    }
    ps_free(cells);
    if (status == PS_OK && scope->failures > 0)
        status = ps_fail(err, PS_FORMAT, "'%s' is damaged: %s", t->source.shown,
                         reason(scope));
    return status;
}

static ps_status read_sheet(sheet *t, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out, ps_gdal_scope *scope,
                            ps_error *err) {
    ps_arena *names_text = NULL, *row_text = NULL;
    ps_str *names = NULL, *chosen = NULL;
    ps_table *table = NULL;
    int n = 0;
    char title[400];
    if (t->workbook)
        snprintf(title, sizeof title, "%.250s, sheet '%.100s'", t->source.shown,
                 OGR_L_GetName(t->source.layer));
    else
        snprintf(title, sizeof title, "%.390s", t->source.shown);
    ps_status status = ps_arena_create(&names_text, err);
    if (status == PS_OK) status = ps_arena_create(&row_text, err);
    if (status == PS_OK) status = column_names(t, names_text, &names, &n, err);
    if (status == PS_OK)
        status = choose_columns(t, title, names, n, columns, n_columns, err);
    if (status == PS_OK) {
        chosen = ps_alloc(t->n, sizeof *chosen);
        if (chosen == NULL) status = ps_fail_nomem(err);
        for (size_t c = 0; status == PS_OK && c < t->n; c++)
            chosen[c] = names[t->column[c]];
    }
    if (status == PS_OK) status = ps_table_create(title, chosen, t->n, &table, err);
    if (status == PS_OK) status = read_rows(t, row_text, table, talk, scope, err);
    if (status == PS_OK && t->guessed) say_guessed(&t->source, talk);
    ps_free(chosen);
    ps_free(names);
    ps_free(t->column);
    ps_arena_free(names_text);
    ps_arena_free(row_text);
    if (status != PS_OK) {
        ps_table_free(table);
        return status;
    }
    *out = table;
    return PS_OK;
}

static ps_status read_table(const char *path, const char *base, const char *sheet_name,
                            int64_t header_row, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, place *where, sheet *t, ps_table **out,
                            ps_gdal_scope *scope, ps_error *err) {
    t->source.shown = path;
    t->header_row = header_row > 0 ? header_row : 1;
    PS_TRY(find_place(path, base, table_endings, NULL, where, scope, err));
    PS_TRY(check_workbook(where->path, path, err));
    PS_TRY(open_dataset(where, NULL, &t->source, scope, err));
    const char *driver = driver_name(&t->source);
    t->workbook = strcmp(driver, "XLSX") == 0 || strcmp(driver, "ODS") == 0;
    PS_TRY(choose_layer(&t->source, sheet_name, t->workbook ? "sheet" : "layer",
                        t->workbook, err));
    return read_sheet(t, columns, n_columns, talk, out, scope, err);
}

ps_status ps_layer_read_table(const char *path, const char *base, const char *sheet_name,
                              int64_t header_row, const ps_str *columns, size_t n_columns,
                              const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    /* One set of rules for delimited text, not OGR's besides. */
    if (path != NULL && (ends_with(path, ".csv") || ends_with(path, ".csv.gz"))) {
        if (sheet_name != NULL && sheet_name[0] != '\0')
            return ps_fail(err, PS_CONFIG, "'%s' has no sheets; leave out '%.100s'", path,
                           sheet_name);
        return ps_table_read_csv(path, base, header_row, columns, n_columns, talk, out,
                                 err);
    }
    place *where = ps_alloc(1, sizeof *where);
    if (where == NULL) return ps_fail_nomem(err);
    sheet t = {.header_row = 1};
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    /* Row numbers and types are ours to decide: no guess where the header is, and each
     * cell as the text in the file, so that codes keep their zeros. */
    CPLSetThreadLocalConfigOption("OGR_XLSX_HEADERS", "DISABLE");
    CPLSetThreadLocalConfigOption("OGR_XLSX_FIELD_TYPES", "STRING");
    CPLSetThreadLocalConfigOption("OGR_ODS_HEADERS", "DISABLE");
    CPLSetThreadLocalConfigOption("OGR_ODS_FIELD_TYPES", "STRING");
    ps_status status = read_table(path, base, sheet_name, header_row, columns, n_columns,
                                  talk, where, &t, out, &scope, err);
    close_source(&t.source);
    ps_gdal_leave(&scope);
    ps_free(where);
    return status;
}

/* --- what a file holds ------------------------------------------------------------- */

static ps_status keep_text(ps_arena *arena, const char *text, const char **out,
                           ps_error *err) {
    if (text == NULL) text = "";
    *out = ps_arena_strndup(arena, text, strlen(text));
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status describe_layer(const source *s, ps_arena *arena, ps_layer_info *info,
                                ps_error *err) {
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

static ps_status list_layers(source *s, ps_layer_listing *listing, ps_error *err) {
    ps_arena *arena = listing->arena;
    PS_TRY(keep_text(arena, driver_name(s), &listing->driver, err));
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

ps_status ps_layer_list(const char *path, const char *base, ps_layer_listing **out,
                        ps_error *err) {
    static const char *const any_endings[] = {".shp",  ".gpkg",     ".geojson", ".fgb",
                                              ".json", ".geojsonl", ".gdb",     ".tab",
                                              ".mif",  ".xlsx",     ".ods",     NULL};
    *out = NULL;
    place *where = ps_alloc(1, sizeof *where);
    ps_layer_listing *listing = ps_zalloc(1, sizeof *listing);
    ps_status status = where != NULL && listing != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_arena_create(&listing->arena, err);
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    source s = {.shown = path};
    if (status == PS_OK)
        status = find_place(path, base, any_endings, NULL, where, &scope, err);
    if (status == PS_OK &&
        (ends_with(where->path, ".xlsx") || ends_with(where->path, ".ods")))
        status = check_workbook(where->path, path, err);
    if (status == PS_OK) status = open_dataset(where, NULL, &s, &scope, err);
    if (status == PS_OK) status = list_layers(&s, listing, err);
    close_source(&s);
    ps_gdal_leave(&scope);
    ps_free(where);
    if (status != PS_OK) {
        ps_layer_listing_free(listing);
        return status;
    }
    *out = listing;
    return PS_OK;
}

void ps_layer_listing_free(ps_layer_listing *listing) {
    if (listing == NULL) return;
    ps_arena_free(listing->arena);
    ps_free(listing);
}
