/* SQLite is not trusted with the file more than GDAL is: it is opened for reading only,
 * its views, triggers and extensions are off, lengths are bounded by the size of the
 * file, and so is what all its rows may hold together, since pages of a damaged file can
 * lead in circles.
 *
 * OGC 12-128r18, GeoPackage Encoding Standard 1.3.1, clauses 1.1.1 and 2.1.
 */
#include "geo/layer_gpkg.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/features.h"

enum { PATH_BYTES = 4096 };

/* British and Irish grids, and degrees of the datums that data are published in. Others
 * may be known to one library otherwise than to the other. */
const int32_t ps_gpkg_systems[] = {27700, 4326, 4258, 3857, 29902, 29903, 2157};
const size_t ps_gpkg_n_systems = sizeof ps_gpkg_systems / sizeof *ps_gpkg_systems;

/* --- geometries -------------------------------------------------------------------- */

enum {
    BLOB_HEAD = 8,
    WKB_HEAD = 5, /* byte order and type */
    WKB_POLYGON = 3,
    WKB_MULTIPOLYGON = 6
};

typedef struct cursor {
    const unsigned char *at, *end;
    unsigned char *to;
    bool big;
} cursor;

static size_t left(const cursor *c) {
    return (size_t)(c->end - c->at);
}

static uint32_t number_at(const unsigned char *at, bool big) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return big ? __builtin_bswap32(value) : value;
}

static bool take_number(cursor *c, uint32_t *out) {
    if (left(c) < sizeof *out) return false;
    *out = number_at(c->at, c->big);
    memcpy(c->to, out, sizeof *out);
    c->at += sizeof *out;
    c->to += sizeof *out;
    return true;
}

static bool take_head(cursor *c, uint32_t *type, uint32_t *count) {
    if (left(c) < WKB_HEAD || c->at[0] > 1) return false;
    c->big = *c->at++ == 0;
    *c->to++ = 1;
    return take_number(c, type) && take_number(c, count) && *count > 0;
}

static bool take_ring(cursor *c) {
    uint32_t n;
    if (!take_number(c, &n) || n == 0 || left(c) / (2 * sizeof(double)) < n) return false;
    const size_t bytes = n * 2 * sizeof(double);
    memcpy(c->to, c->at, bytes);
    for (size_t i = 0; c->big && i < bytes; i += sizeof(uint64_t)) {
        uint64_t value;
        memcpy(&value, c->at + i, sizeof value);
        value = __builtin_bswap64(value);
        memcpy(c->to + i, &value, sizeof value);
    }
    c->at += bytes;
    c->to += bytes;
    return true;
}

static bool take_rings(cursor *c, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!take_ring(c)) return false;
    return true;
}

static bool take_polygon(cursor *c) {
    uint32_t type, n;
    return take_head(c, &type, &n) && type == WKB_POLYGON && take_rings(c, n);
}

size_t ps_gpkg_head(const unsigned char *blob, size_t n, int32_t srs_id) {
    static const size_t envelope[8] = {0, 32, 48, 48, 64};
    if (n < BLOB_HEAD || memcmp(blob, "GP", 3) != 0) return 0;
    const unsigned flags = blob[3], kind = flags >> 1 & 7;
    const bool big = (flags & 1) == 0, odd = flags >> 4 != 0; /* empty, or extended */
    if (odd || kind > 4 || number_at(blob + 4, big) != (uint32_t)srs_id) return 0;
    const size_t head = BLOB_HEAD + envelope[kind];
    return head < n ? head : 0;
}

bool ps_gpkg_polygon(const unsigned char *wkb, size_t n, unsigned char *out) {
    cursor c = {wkb, wkb + n, out, false};
    uint32_t type, count;
    if (!take_head(&c, &type, &count)) return false;
    if (type == WKB_POLYGON) {
        if (!take_rings(&c, count)) return false;
    } else if (type == WKB_MULTIPOLYGON) {
        for (uint32_t i = 0; i < count; i++)
            if (!take_polygon(&c)) return false;
    } else {
        return false;
    }
    return c.at == c.end;
}

/* --- the file ---------------------------------------------------------------------- */

/* The name of a local file as layer_ogr would find it. */
static bool find_path(const ps_layer_spec *spec, char path[PATH_BYTES]) {
    const char *named = spec->path, *base = spec->base;
    if (named == NULL || !ps_str_ends_with(ps_str_of(named), ".gpkg") ||
        strpbrk(named, "{}") != NULL || strstr(named, "://") != NULL ||
        strncmp(named, "/vsi", 4) == 0)
        return false;
    const bool relative = named[0] != '/';
    if (base == NULL || base[0] == '\0') base = ".";
    const int n = snprintf(path, PATH_BYTES, "%s%s%s", relative ? base : "",
                           relative ? "/" : "", named);
    return n > 0 && n < PATH_BYTES - 16;
}

/* Does anybody write, or did they leave something behind? */
static bool is_quiet(const char *path) {
    static const char *const beside[] = {"-wal", "-journal", "-shm"};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char name[PATH_BYTES];
        struct stat info;
        snprintf(name, sizeof name, "%s%s", path, beside[i]);
        if (lstat(name, &info) == 0) return false;
    }
    return true;
}

/* A database in UTF-8 that is written without a log beside it and says that it is a
 * GeoPackage. */
static bool has_head(const char *path, int64_t *size) {
    enum { HEAD = 100, VERSIONS = 18, ENCODING = 56, APPLICATION = 68 };
    unsigned char head[HEAD];
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    const bool good = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                      pread(fd, head, HEAD, 0) == HEAD;
    close(fd);
    if (!good || memcmp(head, "SQLite format 3", 16) != 0) return false;
    *size = (int64_t)info.st_size;
    return head[VERSIONS] == 1 && head[VERSIONS + 1] == 1 &&
           number_at(head + ENCODING, true) == 1 &&
           (memcmp(head + APPLICATION, "GPKG", 4) == 0 ||
            memcmp(head + APPLICATION, "GP10", 4) == 0 ||
            memcmp(head + APPLICATION, "GP11", 4) == 0);
}

static bool open_database(const char *path, int64_t size, sqlite3 **out) {
    static const int off[] = {
        SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_VIEW,
        SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
        SQLITE_DBCONFIG_DQS_DML,        SQLITE_DBCONFIG_DQS_DDL};
    const int flags =
        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK) return false;
    sqlite3 *db = *out;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (sqlite3_db_config(db, off[i], 0, NULL) != SQLITE_OK) return false;
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
        return false;
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH,
                        size < INT32_MAX ? (int)size : INT32_MAX);
    (void)sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL) == SQLITE_OK;
}

/* --- the layer --------------------------------------------------------------------- */

typedef struct reading {
    const char *shown;
    bool has_name;
    sqlite3 *db;
    sqlite3_stmt *features;
    char *layer, *key, *geometry;
    int32_t srs_id;
    double count;
    int64_t left; /* bytes that rows may still hold */
    bool odd;     /* met something that is left to OGR */
} reading;

static bool copy_text(sqlite3_stmt *row, int column, char **out) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    const size_t n = (size_t)sqlite3_column_bytes(row, column);
    if (text == NULL || strlen(text) != n) return false;
    ps_free(*out);
    *out = ps_strndup(text, n);
    return *out != NULL;
}

/* The first number of the only row of a query, in which ?1 is the name; -1 when there is
 * another number of rows, or the query fails. */
static int64_t ask(const reading *r, const char *query, const char *name) {
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(r->db, query, -1, &row, NULL) == SQLITE_OK &&
        (name == NULL ||
         sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(row) == SQLITE_ROW) {
        answer = sqlite3_column_int64(row, 0);
        if (sqlite3_step(row) != SQLITE_DONE) answer = -1;
    }
    sqlite3_finalize(row);
    return answer;
}

/* Tables of the standard hold what it says, since OGR asks for more of it than is needed
 * here. */
static bool has_standard_tables(const reading *r) {
    static const char *const queries[] = {
        "SELECT table_name, data_type, identifier, description, last_change, min_x, "
        "min_y, max_x, max_y, srs_id FROM gpkg_contents",
        "SELECT table_name, column_name, geometry_type_name, srs_id, z, m FROM "
        "gpkg_geometry_columns",
        "SELECT srs_name, srs_id, organization, organization_coordsys_id, definition, "
        "description FROM gpkg_spatial_ref_sys"};
    bool good = ask(r,
                    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                    "('gpkg_contents', 'gpkg_geometry_columns', 'gpkg_spatial_ref_sys')",
                    NULL) == 3;
    for (size_t i = 0; good && i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *unused = NULL;
        good = sqlite3_prepare_v2(r->db, queries[i], -1, &unused, NULL) == SQLITE_OK;
        sqlite3_finalize(unused);
    }
    return good;
}

static bool is_table(const reading *r, const char *name) {
    return ask(r,
               "SELECT count(*) = 1 AND min(type) = 'table' AND min(rootpage) > 0 "
               "FROM sqlite_master WHERE name = ?1 COLLATE NOCASE",
               name) == 1;
}

/* Without a name it is the only one: OGR takes tables for layers that nobody listed. */
static bool is_alone(const reading *r) {
    return ask(r, "SELECT count(*) FROM gpkg_contents", NULL) == 1 &&
           ask(r,
               "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view') AND "
               "name <> ?1 AND name NOT LIKE 'gpkg\\_%' ESCAPE '\\' AND "
               "name NOT LIKE 'rtree\\_%' ESCAPE '\\' AND "
               "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
               r->layer) == 0;
}

/* What the contents say of the layer. */
static bool find_layer(reading *r, const char *named) {
    static const char query[] =
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c JOIN "
        "gpkg_geometry_columns g ON g.table_name = c.table_name COLLATE NOCASE WHERE "
        "(?1 IS NULL OR c.table_name = ?1 COLLATE NOCASE) AND c.data_type = 'features' "
        "AND g.table_name = c.table_name AND g.srs_id = c.srs_id AND "
        "g.geometry_type_name IN ('POLYGON', 'MULTIPOLYGON', 'GEOMETRY') AND g.z = 0 "
        "AND g.m = 0";
    sqlite3_stmt *row = NULL;
    bool good = sqlite3_prepare_v2(r->db, query, -1, &row, NULL) == SQLITE_OK &&
                (named == NULL ||
                 sqlite3_bind_text(row, 1, named, -1, SQLITE_STATIC) == SQLITE_OK) &&
                sqlite3_step(row) == SQLITE_ROW && copy_text(row, 0, &r->layer) &&
                copy_text(row, 1, &r->geometry) &&
                sqlite3_column_type(row, 2) == SQLITE_INTEGER;
    if (good) {
        const int64_t srs_id = sqlite3_column_int64(row, 2);
        r->srs_id = srs_id > 0 && srs_id < INT32_MAX ? (int32_t)srs_id : 0;
        good = sqlite3_step(row) == SQLITE_DONE;
    }
    sqlite3_finalize(row);
    return good && (named != NULL ? strcmp(named, r->layer) == 0 : is_alone(r)) &&
           is_table(r, r->layer) &&
           ask(r,
               "SELECT count(*) FROM gpkg_contents WHERE table_name = ?1 COLLATE NOCASE",
               r->layer) == 1 &&
           ask(r,
               "SELECT count(*) FROM gpkg_geometry_columns WHERE table_name = ?1 COLLATE "
               "NOCASE",
               r->layer) == 1;
}

static bool knows_system(const reading *r) {
    bool listed = false;
    for (size_t i = 0; i < ps_gpkg_n_systems; i++)
        listed = listed || ps_gpkg_systems[i] == r->srs_id;
    char id[16];
    snprintf(id, sizeof id, "%d", (int)r->srs_id);
    return listed &&
           ask(r,
               "SELECT organization = 'EPSG' COLLATE NOCASE AND "
               "organization_coordsys_id = srs_id FROM gpkg_spatial_ref_sys "
               "WHERE srs_id = CAST(?1 AS INTEGER)",
               id) == 1 &&
           /* no other definitions, no epochs */
           ask(r,
               "SELECT count(*) FROM pragma_table_info('gpkg_spatial_ref_sys') WHERE "
               "name NOT IN ('srs_name', 'srs_id', 'organization', "
               "'organization_coordsys_id', 'definition', 'description')",
               NULL) == 0;
}

/* An index over boxes is the only extension that changes nothing of what is read. */
static bool is_not_extended(const reading *r) {
    const int64_t tables =
        ask(r, "SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE",
            "gpkg_extensions");
    return tables == 0 ||
           (is_table(r, "gpkg_extensions") &&
            ask(r,
                "SELECT count(*) FROM (SELECT table_name, column_name, extension_name, "
                "definition, scope FROM gpkg_extensions) WHERE extension_name IS NOT "
                "'gpkg_rtree_index'",
                NULL) == 0);
}

/* Columns under these very names: one key, the geometry, texts. */
static bool has_columns(reading *r, const ps_layer_spec *spec) {
    static const char query[] =
        "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1)";
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(r->db, query, -1, &row, NULL) != SQLITE_OK ||
        sqlite3_bind_text(row, 1, r->layer, -1, SQLITE_STATIC) != SQLITE_OK) {
        sqlite3_finalize(row);
        return false;
    }
    int keys = 0, geometries = 0, codes = 0, names = spec->name == NULL;
    bool good = true;
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW && good) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const char *type = (const char *)sqlite3_column_text(row, 1);
        const bool hidden = sqlite3_column_int(row, 3) != 0;
        if (name == NULL || type == NULL) break;
        const bool text =
            strcasecmp(type, "TEXT") == 0 || (strncasecmp(type, "TEXT(", 5) == 0 &&
                                              ps_str_ends_with(ps_str_of(type), ")"));
        const bool geometry = strcmp(name, r->geometry) == 0;
        if (sqlite3_column_int(row, 2) != 0) {
            keys++;
            good = strcasecmp(type, "INTEGER") == 0 && !geometry && !hidden &&
                   copy_text(row, 0, &r->key);
        } else if (geometry) {
            geometries++;
            good = !hidden && (strcasecmp(type, "POLYGON") == 0 ||
                               strcasecmp(type, "MULTIPOLYGON") == 0 ||
                               strcasecmp(type, "GEOMETRY") == 0);
        } else if (text && !hidden) {
            codes += strcmp(name, spec->code) == 0;
            names += spec->name != NULL && strcmp(name, spec->name) == 0;
        }
    }
    sqlite3_finalize(row);
    return good && step == SQLITE_DONE && keys == 1 && geometries == 1 && codes == 1 &&
           names == 1;
}

/* The same query as OGR's, so that rows come in the same order. */
static bool prepare_features(reading *r, const ps_layer_spec *spec) {
    char *query = sqlite3_mprintf(
        "SELECT m.\"%w\", m.\"%w\", m.\"%w\"%s%w%s FROM \"%w\" m", r->key, r->geometry,
        spec->code, spec->name != NULL ? ", m.\"" : "",
        spec->name != NULL ? spec->name : "", spec->name != NULL ? "\"" : "", r->layer);
    const bool good = query != NULL && sqlite3_prepare_v2(r->db, query, -1, &r->features,
                                                          NULL) == SQLITE_OK;
    sqlite3_free(query);
    return good;
}

/* GDAL keeps the number of features in a table of its own, and fails when that is not in
 * order. */
static bool find_count(reading *r) {
    const int64_t tables =
        ask(r, "SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE",
            "gpkg_ogr_contents");
    const int64_t rows =
        tables == 0 ? 0
                    : ask(r,
                          "SELECT count(feature_count) FROM gpkg_ogr_contents WHERE "
                          "lower(table_name) = lower(?1)",
                          r->layer);
    if (rows == 1)
        r->count = (double)ask(r,
                               "SELECT max(feature_count, 0) FROM gpkg_ogr_contents "
                               "WHERE lower(table_name) = lower(?1)",
                               r->layer);
    return rows == 0 || (rows == 1 && r->count >= 0);
}

static bool is_plain(reading *r, const ps_layer_spec *spec) {
    char path[PATH_BYTES];
    const bool filtered = spec->where != NULL && spec->where[0] != '\0';
    if (filtered || spec->code == NULL || spec->code[0] == '\0' ||
        (spec->name != NULL && spec->name[0] == '\0') || !find_path(spec, path) ||
        !has_head(path, &r->left) || !is_quiet(path) ||
        !open_database(path, r->left, &r->db) || !has_standard_tables(r) ||
        !find_layer(r, spec->layer) || !knows_system(r) || !is_not_extended(r) ||
        !has_columns(r, spec) || !prepare_features(r, spec))
        return false;
    return find_count(r);
}

/* The system of the layer, as is stated and as the file says. false when they differ. */
static bool open_crs(const reading *r, const char *stated, ps_crs **out) {
    char code[24];
    snprintf(code, sizeof code, "EPSG:%d", (int)r->srs_id);
    if (ps_crs_open(code, out, NULL) != PS_OK) return false;
    if (stated == NULL || stated[0] == '\0') return true;
    ps_crs *own = *out;
    *out = NULL;
    const bool good = ps_crs_open(stated, out, NULL) == PS_OK && ps_crs_same(*out, own);
    ps_crs_free(own);
    if (!good) {
        ps_crs_free(*out);
        *out = NULL;
    }
    return good;
}

/* --- its features ------------------------------------------------------------------ */

enum { GEOMETRY = 1, CODE, NAME }; /* columns of the query */

static ps_status leave_to_ogr(reading *r, ps_error *err) {
    r->odd = true;
    return ps_fail(err, PS_UNSUPPORTED, "GDAL has to read it");
}

/* Text of a column; false when it is none, or no UTF-8. */
static bool text_of(sqlite3_stmt *row, int column, ps_str *out) {
    *out = (ps_str){"", 0};
    const int type = sqlite3_column_type(row, column);
    if (type == SQLITE_NULL) return true;
    if (type != SQLITE_TEXT) return false;
    out->p = (const char *)sqlite3_column_text(row, column);
    out->n = (size_t)sqlite3_column_bytes(row, column);
    return out->p != NULL && memchr(out->p, '\0', out->n) == NULL && ps_utf8_valid(*out);
}

static bool keep(ps_arena *text, ps_str *s) {
    const char *copy = ps_arena_strndup(text, s->p, s->n);
    s->p = copy;
    return copy != NULL;
}

static ps_status read_geometry(reading *r, ps_features *to, ps_error *err) {
    const int type = sqlite3_column_type(r->features, GEOMETRY);
    if (type == SQLITE_NULL) return PS_OK;
    const unsigned char *blob =
        type == SQLITE_BLOB ? sqlite3_column_blob(r->features, GEOMETRY) : NULL;
    const size_t n = (size_t)sqlite3_column_bytes(r->features, GEOMETRY);
    const size_t head = blob != NULL ? ps_gpkg_head(blob, n, r->srs_id) : 0;
    unsigned char *wkb;
    if (head == 0) return leave_to_ogr(r, err);
    PS_TRY(ps_features_polygon(to, n - head, &wkb, err));
    return ps_gpkg_polygon(blob + head, n - head, wkb) ? PS_OK : leave_to_ogr(r, err);
}

static ps_status read_feature(reading *r, ps_features *to, ps_error *err) {
    ps_str code, name = {"", 0};
    if (!text_of(r->features, CODE, &code) ||
        (r->has_name && !text_of(r->features, NAME, &name)))
        return leave_to_ogr(r, err);
    r->left -= 1 + (int64_t)code.n + (int64_t)name.n +
               sqlite3_column_bytes(r->features, GEOMETRY);
    if (r->left < 0)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' is damaged after feature %lld: it holds more "
                       "than the file has room for",
                       r->shown, r->layer, (long long)ps_features_count(to));
    if (!keep(ps_features_text(to), &code) || !keep(ps_features_text(to), &name))
        return ps_fail_nomem(err);
    PS_TRY(ps_features_add(to, code, name, err));
    return read_geometry(r, to, err);
}

static ps_status read_features(void *context, ps_features *to, bool *ended,
                               ps_error *err) {
    reading *r = context;
    while (ps_features_have_room(to)) {
        const int step = sqlite3_step(r->features);
        *ended = step == SQLITE_DONE;
        if (*ended) break;
        if (step != SQLITE_ROW) return leave_to_ogr(r, err);
        PS_TRY(read_feature(r, to, err));
    }
    return PS_OK;
}

ps_status ps_gpkg_read_areas(const ps_layer_spec *spec, const ps_talk *talk, bool *plain,
                             ps_areas **out, ps_layer_report *report, ps_error *err) {
    *out = NULL;
    reading r = {.shown = spec->path, .has_name = spec->name != NULL};
    ps_crs *crs = NULL;
    ps_status status = PS_OK;
    *plain = is_plain(&r, spec) && open_crs(&r, spec->crs, &crs);
    if (*plain) {
        const ps_feature_source source = {.shown = spec->path,
                                          .layer = r.layer,
                                          .driver = "GPKG",
                                          .count = r.count,
                                          .read = read_features,
                                          .context = &r};
        memset(report, 0, sizeof *report);
        status = ps_features_to_areas(&source, spec, crs, talk, out, report, err);
        *plain = !r.odd;
    }
    (void)sqlite3_finalize(r.features);
    (void)sqlite3_close(r.db);
    ps_free(r.layer);
    ps_free(r.key);
    ps_free(r.geometry);
    return *plain ? status : PS_OK;
}
