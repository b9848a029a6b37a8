/* GDAL is not trusted with names: a path is looked up on disk before GDAL sees it, and
 * only drivers for local vector files and sheets may open it. A Shapefile without a word
 * about its encoding is taken as bytes, and looked at value by value.
 */
#include "geo/ogr_source.h"

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

#include "geo/layer_ogr.h"

enum {
    MAX_MEMBERS = 100000, /* of an archive */
    MAX_CANDIDATES = 64,  /* spatial files of one archive that are looked at */
    TEXT_BYTES = 48       /* a number or date */
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

const char *ps_ogr_gdal_version(void) {
    pthread_once(&registered, register_gdal);
    return gdal_release;
}

/* --- from a path to a layer -------------------------------------------------------- */

const char *ps_gdal_reason(const ps_gdal_scope *scope) {
    return scope->message[0] != '\0' ? scope->message : "GDAL gives no reason";
}

bool ps_ogr_ends_with(const char *text, const char *end) {
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
    char folder[PS_OGR_PATH_BYTES];
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
                             const char *const *endings, const char *layer,
                             ps_ogr_place *out, ps_gdal_scope *scope, ps_error *err) {
    char root[PS_OGR_PATH_BYTES + 16];
    snprintf(root, sizeof root, "/vsizip/{%s}", archive);
    VSIDIR *dir = VSIOpenDir(root, -1, NULL);
    if (dir == NULL)
        return ps_fail(err, PS_FORMAT, "'%s' is not a ZIP archive that can be read (%s)",
                       shown, ps_gdal_reason(scope));
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
                if (!ps_ogr_ends_with(name, *e) || CSLCount(found) >= MAX_CANDIDATES)
                    continue;
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
        out->folder = ps_ogr_ends_with(found[take], ".gdb");
        if (wrote < 0 || (size_t)wrote >= sizeof out->path)
            status = ps_fail(err, PS_LIMIT, "'%s': a path of more than %d bytes", shown,
                             PS_OGR_PATH_BYTES);
    }
    CSLDestroy(found);
    return status;
}

ps_status ps_ogr_find(const char *path, const char *base, const char *const *endings,
                      const char *layer, ps_ogr_place *out, ps_gdal_scope *scope,
                      ps_error *err) {
    *out = (ps_ogr_place){"", false};
    if (path == NULL || path[0] == '\0')
        return ps_fail(err, PS_CONFIG, "no file is named");
    static const char zip_prefix[] = "/vsizip/";
    const char *local = path;
    if (strncmp(local, zip_prefix, sizeof zip_prefix - 1) == 0)
        local += sizeof zip_prefix - 1;
    if (strstr(local, "://") != NULL || strncmp(local, "/vsi", 4) == 0 ||
        strpbrk(local, "{}") != NULL)
        return ps_fail(err, PS_CONFIG,
                       "'%.200s' is not the name of a local file; download it first",
                       path);
    char full[PS_OGR_PATH_BYTES];
    /* A leading ./ keeps GDAL from taking "PG:..." for a connection. */
    bool relative = local[0] != '/';
    int wrote = snprintf(full, sizeof full, "%s%s%s",
                         relative ? (base != NULL && base[0] != '\0' ? base : ".") : "",
                         relative ? "/" : "", local);
    if (wrote < 0 || (size_t)wrote >= sizeof full - 16)
        return ps_fail(err, PS_CONFIG, "a path of more than %d bytes: '%.100s...'",
                       PS_OGR_PATH_BYTES, path);
    struct stat info;
    if (stat(full, &info) == 0) {
        if (access(full, R_OK) != 0) return not_there(full, path, err);
        if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
            return ps_fail(err, PS_INPUT, "'%s' is neither a file nor a folder", path);
        if (S_ISREG(info.st_mode) && ps_ogr_ends_with(full, ".zip"))
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

void ps_ogr_close(ps_ogr_source *s) {
    if (s->dataset != NULL) GDALClose(s->dataset);
    s->dataset = NULL;
}

const char *ps_ogr_driver(const ps_ogr_source *s) {
    GDALDriverH driver = GDALGetDatasetDriver(s->dataset);
    const char *name = driver != NULL ? GDALGetDriverShortName(driver) : NULL;
    return name != NULL ? name : "";
}

ps_status ps_ogr_open(const ps_ogr_place *where, const char *encoding, ps_ogr_source *s,
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
                       s->shown, ps_gdal_reason(scope));
    s->shapefile = strcmp(ps_ogr_driver(s), "ESRI Shapefile") == 0;
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
                       s->shown, encoding != NULL ? encoding : "", ps_gdal_reason(scope));
    return PS_OK;
}

void ps_ogr_list_name(char *list, size_t size, size_t i, const char *name) {
    size_t used = strlen(list);
    if (i < 12)
        snprintf(list + used, size - used, "%s'%.60s'", i > 0 ? ", " : "", name);
    else if (i == 12)
        snprintf(list + used, size - used, ", ...");
}

ps_status ps_ogr_choose(ps_ogr_source *s, const char *layer, const char *kind,
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
        ps_ogr_list_name(list, sizeof list, (size_t)i, names[i]);
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

/* --- attributes as text ------------------------------------------------------------ */

ps_status ps_ogr_text(void *feature, int field, ps_arena *arena, ps_str *out,
                      bool *guessed, ps_error *err) {
    *out = (ps_str){"", 0};
    if (!OGR_F_IsFieldSetAndNotNull(feature, field)) return PS_OK;
    OGRFieldDefnH def = OGR_F_GetFieldDefnRef(feature, field);
    char text[TEXT_BYTES];
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

void ps_ogr_say_guessed(const ps_ogr_source *s, const ps_talk *talk) {
    ps_say(
        talk, PS_TALK_INFO,
        "%s: text that is not UTF-8 was read as Windows-1252; give encoding when that is "
        "wrong",
        s->shown);
}

ps_status ps_ogr_check_workbook(const char *path, const char *shown, ps_error *err) {
    char root[PS_OGR_PATH_BYTES + 16];
    snprintf(root, sizeof root, "/vsizip/{%s}", path);
    VSIDIR *dir = VSIOpenDir(root, -1, NULL);
    if (dir == NULL) return PS_OK; /* no archive, so no bomb; opening it will say why */
    enum { CHUNK = 1 << 16 };
    char *buffer = ps_alloc(CHUNK, 1);
    char *member = ps_alloc(2 * PS_OGR_PATH_BYTES, 1);
    ps_status status = buffer != NULL && member != NULL ? PS_OK : ps_fail_nomem(err);
    int64_t total = 0;
    int members = 0;
    const VSIDIREntry *entry;
    while (status == PS_OK && (entry = VSIGetNextDirEntry(dir)) != NULL) {
        if (VSI_ISDIR(entry->nMode)) continue;
        snprintf(member, 2 * PS_OGR_PATH_BYTES, "%s/%s", root, entry->pszName);
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
