/* Areas of GeoPackages as OGR reads them: the same areas bit for bit, the same report,
 * the same words, whether the file is plain, odd or damaged.
 */
#include "tests/support/test.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/par.h"
#include "geo/layer_gpkg.h"
#include "geo/layer_ogr.h"

static char *folder;

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

/* --- both readers ------------------------------------------------------------------ */

typedef struct outcome {
    ps_status status;
    ps_error err;
    ps_areas *areas;
    ps_layer_report report;
    char said[4096];
} outcome;

static void hear(void *context, ps_talk_level level, const char *sentence) {
    char *said = context;
    const size_t used = strlen(said);
    snprintf(said + used, 4096 - used, "%d %s\n", (int)level, sentence);
}

static void read_with_ogr(const ps_layer_spec *spec, outcome *o) {
    *o = (outcome){.status = PS_OK};
    const ps_talk talk = {hear, NULL, o->said};
    o->status = ps_ogr_read_areas(spec, &talk, &o->areas, &o->report, &o->err);
}

/* As the library does. */
static void read_it(const ps_layer_spec *spec, outcome *o) {
    *o = (outcome){.status = PS_OK};
    const ps_talk talk = {hear, NULL, o->said};
    o->status = ps_layer_read_areas(spec, &talk, &o->areas, &o->report, &o->err);
}

static void same_text(const char *what, const char *name, const char *a, const char *b) {
    if (strcmp(a, b) != 0) fail_msg("%s: %s '%s', OGR '%s'", name, what, a, b);
}

#define SAME_ARRAY(member, count) \
    assert_memory_equal(a->member, b->member, (count) * sizeof *a->member)

static void same_areas(const char *name, const ps_areas *a, const ps_areas *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_rings, b->n_rings);
    assert_int_equal(a->n_points, b->n_points);
    SAME_ARRAY(area_ring, a->n + 1);
    SAME_ARRAY(ring_point, a->n_rings + 1);
    SAME_ARRAY(x, a->n_points);
    SAME_ARRAY(y, a->n_points);
    SAME_ARRAY(box, 4 * a->n);
    for (size_t i = 0; i < a->n; i++) {
        same_text("code", name, a->code[i].p, b->code[i].p);
        same_text("name", name, a->name[i].p, b->name[i].p);
    }
    same_text("system", name, ps_crs_wkt(a->crs), ps_crs_wkt(b->crs));
    same_text("system's code", name, ps_crs_code(a->crs), ps_crs_code(b->crs));
    same_text("system's name", name, ps_crs_name(a->crs), ps_crs_name(b->crs));
    assert_true(ps_crs_metres(a->crs) == ps_crs_metres(b->crs));
    double one[4] = {0}, other[4] = {0};
    assert_int_equal(ps_crs_plausible_box(a->crs, one),
                     ps_crs_plausible_box(b->crs, other));
    assert_memory_equal(one, other, sizeof one);
}

/* The outcome has to be the same. Was it read without GDAL? */
static bool read_both(const char *name, const ps_layer_spec *spec) {
    outcome *ours = malloc(sizeof *ours), *ogr = malloc(sizeof *ogr);
    assert_true(ours != NULL && ogr != NULL);
    read_it(spec, ours);
    read_with_ogr(spec, ogr);
    const bool plain = ours->report.plain != 0;
    if (ours->status != ogr->status)
        fail_msg("%s: status %d, OGR %d: '%s', '%s'", name, ours->status, ogr->status,
                 ours->err.text, ogr->err.text);
    same_text("said", name, ours->said, ogr->said);
    if (ours->status == PS_OK) {
        same_areas(name, ours->areas, ogr->areas);
        ours->report.plain = 0;
        assert_memory_equal(&ours->report, &ogr->report, sizeof ogr->report);
    } else {
        same_text("error", name, ours->err.text, ogr->err.text);
        assert_null(ours->areas);
    }
    ps_areas_free(ours->areas);
    ps_areas_free(ogr->areas);
    free(ours);
    free(ogr);
    return plain;
}

static void read_alike(const char *name, const ps_layer_spec *spec, bool plain) {
    if (read_both(name, spec) != plain)
        fail_msg("%s: read %s GDAL", name, plain ? "with" : "without");
}

/* --- files ------------------------------------------------------------------------- */

enum { SQUARES = 3300, SRS = 27700 }; /* more than three batches */

/* A GeoPackage as GDAL writes it: squares of 10 m with a hole in every fifth and an
 * island to every seventh. */
static const char *write_package(const char *name, int n, int32_t srs) {
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b;
    ps_crs *crs;
    ps_areas *areas;
    ps_geopackage *gpkg;
    char text[40];
    snprintf(text, sizeof text, "EPSG:%d", (int)srs);
    assert_int_equal(ps_crs_open(text, &crs, &err), PS_OK);
    assert_int_equal(ps_areas_builder_create(&b, &err), PS_OK);
    const bool degrees = ps_crs_is_geographic(crs);
    const double unit = degrees ? 1e-4 : 10, west = degrees ? -2 : 4e5,
                 south = degrees ? 53 : 4e5;
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "A%05d", i);
        assert_int_equal(ps_areas_builder_area(b, ps_str_of(text), ps_str_of(text), &err),
                         PS_OK);
        for (int ring = 0; ring < 3; ring++) {
            if ((ring == 1 && i % 5 != 0) || (ring == 2 && i % 7 != 0)) continue;
            static const double low[] = {0, 0.25, 0}, high[] = {1, 0.75, 0.5};
            const double at_x = west + i % 60 * 2.1 * unit + (ring == 2) * 1.3 * unit,
                         at_y = south + i / 60 * 1.1 * unit;
            const double a = low[ring] * unit, z = high[ring] * unit;
            const double x[5] = {at_x + a, at_x + z, at_x + z, at_x + a, at_x + a};
            const double y[5] = {at_y + a, at_y + a, at_y + z, at_y + z, at_y + a};
            assert_int_equal(ps_areas_builder_ring(b, 5, x, y, &err), PS_OK);
        }
    }
    assert_int_equal(ps_areas_builder_finish(b, crs, &areas, &err), PS_OK);
    const ps_field field[] = {
        {"code", PS_FIELD_TEXT}, {"name", PS_FIELD_TEXT}, {"n", PS_FIELD_INTEGER}};
    ps_field_value *values = calloc(3 * (size_t)n + 1, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < (size_t)n; i++) {
        values[3 * i].text = areas->code[i];
        values[3 * i + 1].text = ps_str_of(i % 3 == 0 ? "Y\xc3\xb2rk" : " spaced ");
        values[3 * i + 1].null = i % 11 == 0;
        values[3 * i + 2].integer = (int64_t)i;
    }
    const char *path = test_path(folder, name);
    remove(path);
    assert_int_equal(ps_geopackage_create(path, &gpkg, &err), PS_OK);
    assert_int_equal(
        ps_geopackage_areas(gpkg, "areas", "", areas, field, 3, values, &err), PS_OK);
    assert_int_equal(ps_geopackage_close(gpkg, &err), PS_OK);
    free(values);
    ps_areas_free(areas);
    return path;
}

static sqlite3 *open_package(const char *path) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void edit(sqlite3 *db, const char *sql) {
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

/* Triggers of GDAL call functions of GDAL. */
static void drop_triggers(sqlite3 *db) {
    edit(db,
         "PRAGMA writable_schema = ON;"
         "DELETE FROM sqlite_master WHERE type = 'trigger';"
         "PRAGMA writable_schema = RESET");
}

static const char *copy(const char *from, const char *name) {
    size_t n;
    char *bytes = test_file_read(from, &n);
    assert_non_null(bytes);
    const char *path = test_file_write(folder, name, bytes, n);
    free(bytes);
    return path;
}

/* --- what is plain, and what is not ------------------------------------------------ */

static void reads_plain_files(void **state) {
    (void)state;
    ps_layer_spec spec = {.path = write_package("plain.gpkg", SQUARES, SRS),
                          .code = "code",
                          .name = "name"};
    for (int threads = 1; threads <= 3; threads++) {
        ps_set_threads(threads);
        read_alike("named", &spec, true);
    }
    spec.name = NULL;
    spec.layer = "areas";
    read_alike("not named", &spec, true);
    spec.crs = "EPSG:27700";
    read_alike("in its system", &spec, true);
    spec.path = "plain.gpkg";
    spec.base = folder;
    read_alike("from a folder", &spec, true);
}

static void leaves_odd_wishes(void **state) {
    (void)state;
    const ps_layer_spec plain = {
        .path = write_package("plain.gpkg", 40, SRS), .code = "code", .name = "name"};
    ps_layer_spec spec = plain;
    read_alike("plain", &spec, true);
    spec.crs = "EPSG:3857";
    read_alike("in another system", &spec, false);
    spec.crs = "EPSG:999999";
    read_alike("in no system", &spec, false);
    spec = plain, spec.where = "n < 7";
    read_alike("filtered", &spec, false);
    spec = plain, spec.code = "CODE";
    read_alike("another case", &spec, false);
    spec = plain, spec.code = "fid";
    read_alike("the key", &spec, false);
    spec = plain, spec.code = "geom";
    read_alike("the geometry", &spec, false);
    spec = plain, spec.code = "n";
    read_alike("numbers", &spec, false);
    spec = plain, spec.code = "absent";
    read_alike("no such column", &spec, false);
    spec = plain, spec.code = NULL;
    read_alike("no code", &spec, false);
    spec = plain, spec.name = "absent";
    read_alike("no such name", &spec, false);
    spec = plain, spec.layer = "Areas";
    read_alike("another case of the layer", &spec, false);
    spec = plain, spec.layer = "absent";
    read_alike("no such layer", &spec, false);
    spec = plain, spec.path = test_path(folder, "absent.gpkg");
    read_alike("no such file", &spec, false);
    spec = plain, spec.path = folder;
    read_alike("a folder", &spec, false);
    spec = plain, spec.path = "https://example.org/plain.gpkg";
    read_alike("a connection", &spec, false);
    spec = plain, spec.path = copy(plain.path, "{odd}.gpkg");
    read_alike("braces", &spec, false);
    spec = plain;
    test_file_write(folder, "plain.gpkg-journal", "", 0);
    read_alike("a journal", &spec, false);
    remove(test_path(folder, "plain.gpkg-journal"));
    test_file_write(folder, "plain.gpkg-wal", "", 0);
    read_alike("a log", &spec, false);
    remove(test_path(folder, "plain.gpkg-wal"));
    read_alike("plain again", &spec, true);
}

#define SCHEMA(from, to)                                                              \
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, '" from \
    "', '" to "') WHERE name = 'areas'"

static const struct {
    const char *sql;
    bool plain;
} edits[] = {
    {"", true},
    {"UPDATE areas SET code = NULL WHERE fid = 9", true},
    {"UPDATE areas SET code = '  ' WHERE fid = 9", true},
    {"UPDATE areas SET code = 'A00003' WHERE fid > 35", true},
    {"UPDATE areas SET name = NULL", true},
    {"UPDATE areas SET geom = NULL WHERE fid IN (2, 5)", true},
    {"UPDATE areas SET geom = NULL", true},
    {"DELETE FROM areas", true},
    {"CREATE INDEX one ON areas (code); CREATE INDEX two ON areas (name, code, geom)",
     true},
    {"UPDATE gpkg_ogr_contents SET feature_count = -4", true},
    {"DROP TABLE gpkg_ogr_contents", true},
    {"DROP TABLE gpkg_extensions", true},
    {"UPDATE gpkg_spatial_ref_sys SET definition = 'nothing' WHERE srs_id = 27700", true},
    {"UPDATE gpkg_spatial_ref_sys SET srs_name = 'Mars' WHERE srs_id = 27700", true},
    {"UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY'", true},
    {"UPDATE gpkg_geometry_columns SET geometry_type_name = 'POLYGON'", true},
    {"PRAGMA application_id = 0x47503130; PRAGMA user_version = 0", true},
    {"PRAGMA application_id = 0x47503131; PRAGMA user_version = 0", true},
    {SCHEMA("\"code\" TEXT", "\"code\" TEXT(3)"), true},
    {"ALTER TABLE areas ADD COLUMN twice AS (n * 2)", true},
    /* what is left to OGR */
    {"UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'", false},
    {"UPDATE gpkg_geometry_columns SET z = 1", false},
    {"UPDATE gpkg_geometry_columns SET m = 2", false},
    {"UPDATE gpkg_geometry_columns SET srs_id = 4326", false},
    {"UPDATE gpkg_geometry_columns SET srs_id = 'x'", false},
    {"UPDATE gpkg_geometry_columns SET table_name = 'AREAS'", false},
    {"UPDATE gpkg_contents SET srs_id = 4326", false},
    {"UPDATE gpkg_contents SET data_type = 'attributes'", false},
    {"UPDATE gpkg_spatial_ref_sys SET organization = 'ESRI' WHERE srs_id = 27700", false},
    {"UPDATE gpkg_spatial_ref_sys SET organization_coordsys_id = 4326", false},
    {"DELETE FROM gpkg_spatial_ref_sys", false},
    {"ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN epoch DOUBLE", false},
    {"INSERT INTO gpkg_extensions VALUES ('areas', 'geom', 'gpkg_geom_CURVEPOLYGON', '', "
     "'read-write')",
     false},
    {"INSERT INTO gpkg_extensions VALUES (NULL, NULL, '', '', '')", false},
    {"ALTER TABLE gpkg_ogr_contents RENAME COLUMN feature_count TO n", false},
    {"DROP TABLE gpkg_ogr_contents; CREATE VIEW gpkg_ogr_contents AS SELECT 'areas' AS "
     "table_name, 9 AS feature_count",
     false},
    {"ALTER TABLE gpkg_extensions RENAME COLUMN scope TO s", false},
    {"ALTER TABLE gpkg_contents RENAME COLUMN min_y TO s", false},
    {"ALTER TABLE gpkg_spatial_ref_sys RENAME COLUMN description TO s", false},
    {"PRAGMA application_id = 0", false},
    {"PRAGMA journal_mode = WAL", false},
    {"CREATE TABLE notes (a)", false},
    {"INSERT INTO gpkg_contents (table_name, data_type) VALUES ('none', 'features'); "
     "INSERT INTO gpkg_geometry_columns VALUES ('none', 'geom', 'POLYGON', 27700, 0, 0)",
     false},
    {"INSERT INTO gpkg_contents (table_name, data_type) VALUES ('none', 'attributes')",
     false},
    {"CREATE VIEW notes AS SELECT * FROM areas", false},
    {"ALTER TABLE areas RENAME TO them; CREATE VIEW areas AS SELECT * FROM them", false},
    {"DROP TABLE areas", false},
    {"DROP TABLE gpkg_contents; CREATE VIEW gpkg_contents AS SELECT 1", false},
    {SCHEMA("\"code\" TEXT", "\"code\" VARCHAR(9)"), false},
    {SCHEMA("\"code\" TEXT", "\"code\" BLOB"), false},
    {SCHEMA("\"code\" TEXT", "\"code\" TEXT_JSON"), false},
    {SCHEMA("\"geom\" MULTIPOLYGON", "\"geom\" polygon"), true},
    {SCHEMA("\"geom\" MULTIPOLYGON", "\"geom\" TEXT"), false},
    {SCHEMA("\"geom\" MULTIPOLYGON", "\"geom\" MULTIPOLY"), false},
    {SCHEMA("\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", "\"fid\" INTEGER"),
     false},
    {"UPDATE areas SET code = CAST(x'41ff42' AS TEXT) WHERE fid = 9", false},
    {"UPDATE areas SET code = CAST(x'41004242' AS TEXT) WHERE fid = 9", false},
    {"UPDATE areas SET code = x'4142' WHERE fid = 9", false},
    {"UPDATE areas SET geom = 'text' WHERE fid = 9", false},
    {"UPDATE areas SET geom = 5 WHERE fid = 9", false},
    {"UPDATE areas SET geom = x'' WHERE fid = 9", false},
    {"UPDATE areas SET geom = zeroblob(100) WHERE fid = 9", false},
};

static void reads_edited_files_alike(void **state) {
    (void)state;
    char *plain = strdup(write_package("plain.gpkg", 40, SRS));
    assert_non_null(plain);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char name[40];
        snprintf(name, sizeof name, "edited-%zu.gpkg", i);
        ps_layer_spec spec = {.path = copy(plain, name), .code = "code", .name = "name"};
        sqlite3 *db = open_package(spec.path);
        drop_triggers(db);
        edit(db, edits[i].sql);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        read_alike(edits[i].sql, &spec, edits[i].plain);
        spec.policy = PS_GEOMETRY_STOP;
        (void)read_both(edits[i].sql, &spec);
        spec.policy = PS_GEOMETRY_SKIP;
        spec.layer = "areas";
        (void)read_both(edits[i].sql, &spec);
    }
    free(plain);
}

static void knows_the_systems_as_ogr_does(void **state) {
    (void)state;
    for (size_t i = 0; i < ps_gpkg_n_systems; i++) {
        char name[40];
        snprintf(name, sizeof name, "system-%d.gpkg", (int)ps_gpkg_systems[i]);
        const ps_layer_spec spec = {.path = write_package(name, 5, ps_gpkg_systems[i]),
                                    .code = "code"};
        read_alike(name, &spec, true);
    }
    const ps_layer_spec other = {.path = write_package("utm.gpkg", 5, 32630),
                                 .code = "code"};
    read_alike("utm", &other, false);
}

/* --- geometries -------------------------------------------------------------------- */

typedef struct blob {
    unsigned char p[4096];
    size_t n;
    bool big;
} blob;

static void put(blob *b, const void *value, size_t n) {
    const unsigned char *from = value;
    for (size_t i = 0; i < n; i++) b->p[b->n++] = from[b->big ? n - 1 - i : i];
}

static void put_number(blob *b, uint32_t value) {
    put(b, &value, sizeof value);
}

static void put_head(blob *b, bool big, unsigned flags, int32_t srs) {
    *b = (blob){.big = big};
    memcpy(b->p, "GP", 3);
    b->p[3] = (unsigned char)(flags | (big ? 0 : 1));
    b->n = 4;
    put_number(b, (uint32_t)srs);
}

static void put_type(blob *b, bool big, uint32_t type, uint32_t count) {
    b->big = big;
    b->p[b->n++] = big ? 0 : 1;
    put_number(b, type);
    put_number(b, count);
}

static void put_ring(blob *b, uint32_t count, const double *xy, size_t n) {
    put_number(b, count);
    for (size_t i = 0; i < n; i++) put(b, &xy[i], sizeof *xy);
}

static const double square[] = {4e5,    4e5, 400010, 4e5, 400010,
                                400010, 4e5, 400010, 4e5, 4e5};
static const double bow[] = {4e5, 4e5, 400010, 400010, 400010,
                             4e5, 4e5, 400010, 4e5,    4e5};
static const double open_ring[] = {4e5, 4e5, 400010, 4e5, 400010, 400010, 4e5, 400010};
static const double wild[] = {4e5, 4e5, (double)NAN, 4e5, 400010, 400010, 4e5, 4e5};
enum { FORMS = 28 };

/* Form i of a geometry; is it plain? */
static bool make_form(int i, blob *b) {
    const bool big = i % 2 != 0;
    static const double envelope[8] = {4e5, 400010, 4e5, 400010, 0, 1, 0, 1};
    put_head(b, big, i == 20 ? 0x10 : i == 21 ? 0x20 : 0, i == 22 ? 4326 : SRS);
    switch (i) {
        default: /* 0, 1, and what has another head */
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return i < 20;
        case 2:
        case 3: /* a multipolygon, its parts in both orders */
            put_type(b, big, 6, 2);
            put_type(b, !big, 3, 1);
            put_ring(b, 5, square, 10);
            put_type(b, big, 3, 2);
            put_ring(b, 5, bow, 10);
            put_ring(b, 4, open_ring, 8);
            return true;
        case 4:
        case 5:
        case 6:
        case 7: /* an envelope */
            b->p[3] |= (unsigned char)((i - 3) << 1);
            put(b, envelope, 0);
            for (int e = 0; e < (i == 4 ? 4 : i == 7 ? 8 : 6); e++)
                put(b, &envelope[e], sizeof *envelope);
            put_type(b, big, 3, 1);
            put_ring(b, 5, bow, 10);
            return true;
        case 8: /* a coordinate that is no number */
            put_type(b, big, 3, 1);
            put_ring(b, 4, wild, 8);
            return true;
        case 9: /* a ring that is cut off */
            put_type(b, big, 3, 1);
            put_ring(b, 6, square, 10);
            return false;
        case 10: /* many points, by its own account */
            put_type(b, big, 3, 1);
            put_ring(b, UINT32_MAX, square, 10);
            return false;
        case 11:
            put_type(b, big, 3, UINT32_MAX);
            put_ring(b, 5, square, 10);
            return false;
        case 12:
            put_type(b, big, 6, UINT32_MAX);
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return false;
        case 13: /* nothing in it */
            put_type(b, big, 6, 0);
            return false;
        case 14:
            put_type(b, big, 3, 1);
            put_ring(b, 0, square, 0);
            return false;
        case 15: /* heights */
            put_type(b, big, 1003, 1);
            put_ring(b, 4, square, 10);
            put(b, square, 16);
            return false;
        case 16: /* a point, a collection, one within itself */
            put_type(b, big, 1, 0);
            return false;
        case 17:
            put_type(b, big, 7, 1);
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return false;
        case 18:
            put_type(b, big, 6, 1);
            put_type(b, big, 6, 1);
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return false;
        case 19: /* one byte more */
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            b->n++;
            return false;
        case 23: /* an order that is none */
            put_type(b, big, 3, 1);
            b->p[8] = 2;
            put_ring(b, 5, square, 10);
            return false;
        case 24: /* an envelope of a kind that is none */
            b->p[3] |= 5 << 1;
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return false;
        case 25: /* no head */
            b->p[0] = 'X';
            put_type(b, big, 3, 1);
            put_ring(b, 5, square, 10);
            return false;
        case 26: /* a head alone */
            return false;
        case 27: /* less than a head */
            b->n = 5;
            return false;
    }
}

static void reads_geometries_alike(void **state) {
    (void)state;
    ps_layer_spec spec = {.path = write_package("geometries.gpkg", 6, SRS),
                          .code = "code"};
    sqlite3 *db = open_package(spec.path);
    drop_triggers(db);
    edit(db, "PRAGMA writable_schema = OFF");
    sqlite3_stmt *update;
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE areas SET geom = ?1 WHERE fid = 3",
                                        -1, &update, NULL),
                     SQLITE_OK);
    blob *b = malloc(sizeof *b);
    assert_non_null(b);
    for (int i = 0; i < FORMS; i++) {
        const bool plain = make_form(i, b);
        assert_int_equal(sqlite3_bind_blob(update, 1, b->p, (int)b->n, SQLITE_TRANSIENT),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(update), SQLITE_DONE);
        assert_int_equal(sqlite3_reset(update), SQLITE_OK);
        char name[40];
        snprintf(name, sizeof name, "form %d", i);
        read_alike(name, &spec, plain);
    }
    free(b);
    sqlite3_finalize(update);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- damage ------------------------------------------------------------------------ */

static void reads_damaged_files_alike(void **state) {
    (void)state;
    enum { ROUNDS = 120 };
    size_t n;
    char *bytes = test_file_read(write_package("sound.gpkg", 40, SRS), &n);
    char *damaged = malloc(n);
    assert_true(bytes != NULL && damaged != NULL);
    uint64_t seed = 11;
    int plain = 0, left = 0;
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(damaged, bytes, n);
        size_t kept = n;
        if (i % 10 == 0) kept = (size_t)test_random_below(&seed, n);
        for (int k = 0; k < 1 + i % 4; k++)
            damaged[test_random_below(&seed, n)] = (char)test_random(&seed);
        const ps_layer_spec spec = {
            .path = test_file_write(folder, "damaged.gpkg", damaged, kept),
            .layer = "areas",
            .code = "code",
            .name = "name"};
        char name[40];
        snprintf(name, sizeof name, "damage %d", i);
        *(read_both(name, &spec) ? &plain : &left) += 1;
    }
    assert_true(plain > 0 && left > 0);
    free(damaged);
    free(bytes);
}

static ps_status try_to_read(void *context, ps_error *err) {
    ps_areas *areas;
    ps_layer_report report;
    bool plain;
    const ps_status status =
        ps_gpkg_read_areas(context, NULL, &plain, &areas, &report, err);
    ps_areas_free(areas);
    if (status == PS_OK && areas == NULL) return ps_fail_nomem(err);
    return status;
}

static void survives_lack_of_memory(void **state) {
    (void)state;
    ps_layer_spec spec = {
        .path = write_package("memory.gpkg", 40, SRS), .code = "code", .name = "name"};
    assert_true(test_each_allocation_fails(try_to_read, &spec) > 10);
}

/* --- real files -------------------------------------------------------------------- */

static void real_boundaries(void **state) {
    (void)state;
    static const struct {
        const char *path, *layer, *code, *name;
    } layers[] = {
        {"lsoa_boundaries/lsoa_bgc_kirklees_leeds_27700.gpkg", "lsoa21", "LSOA21CD",
         "LSOA21NM"},
        {"lsoa_boundaries/lsoa_bgc_kirklees_leeds_27700.gpkg", "lsoa11", "LSOA11CD",
         "LSOA11NM"},
        {"lsoa_boundaries/lsoa01_kirklees_leeds_27700.gpkg", NULL, "LSOA01CD",
         "LSOA01NM"},
        {"ward_boundaries/wards_kirklees_leeds_27700.gpkg", "WD19", "wd19cd", "wd19nm"},
        {"ward_boundaries/wards_kirklees_leeds_27700.gpkg", "WD20", "WD20CD", "WD20NM"},
        {"ward_boundaries/wards_kirklees_leeds_27700.gpkg", "WD21_lowres", "ward21_code",
         "ward21_name"},
        {"ward_boundaries/wards_kirklees_leeds_27700.gpkg", "WD22_lowres", "ward22_code",
         "ward22_name"},
        {"ward_boundaries/wards_kirklees_leeds_27700.gpkg", "WD13", "WD13CD", "WD13NM"},
    };
    const char *root = getenv("PLACESTAT_DATA");
    if (root == NULL || root[0] == '\0') {
        print_message("PLACESTAT_DATA is not set: no real data here\n");
        skip();
    }
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const ps_layer_spec spec = {.path = layers[i].path,
                                    .base = root,
                                    .layer = layers[i].layer,
                                    .code = layers[i].code,
                                    .name = layers[i].name};
        read_alike(layers[i].path, &spec, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_files),
        cmocka_unit_test(leaves_odd_wishes),
        cmocka_unit_test(reads_edited_files_alike),
        cmocka_unit_test(knows_the_systems_as_ogr_does),
        cmocka_unit_test(reads_geometries_alike),
        cmocka_unit_test(reads_damaged_files_alike),
        cmocka_unit_test(survives_lack_of_memory),
        cmocka_unit_test(real_boundaries),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
