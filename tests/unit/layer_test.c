/* Layers, workbooks and GeoPackages: small files of every kind, written here. */
#include "geo/layer.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/par.h"
#include "geo/overlay.h"
#include "geo/validity.h"
#include "tests/support/test.h"
#include "tests/support/workbook.h"

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

/* What the library said. */
typedef struct heard {
    int warnings, facts;
    char text[4096];
} heard;

static void hear(void *context, ps_talk_level level, const char *sentence) {
    heard *h = context;
    *(level == PS_TALK_WARNING ? &h->warnings : &h->facts) += 1;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s\n", sentence);
}

static const char *write_text(const char *name, const char *text) {
    return test_file_write(folder, name, text, strlen(text));
}

static void has(const char *text, const char *words) {
    if (strstr(text, words) == NULL) fail_msg("'%s' is not in: %s", words, text);
}

static ps_areas *read_areas(const ps_layer_spec *spec, ps_layer_report *report,
                            heard *h) {
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    ps_talk talk = {hear, NULL, h};
    if (ps_layer_read_areas(spec, h != NULL ? &talk : NULL, &areas, report, &err) !=
        PS_OK)
        fail_msg("%s", err.text);
    return areas;
}

static void refused(const ps_layer_spec *spec, ps_status status, const char *words) {
    ps_error err = {PS_OK, ""};
    ps_areas *areas = (ps_areas *)(void *)&err;
    ps_status got = ps_layer_read_areas(spec, NULL, &areas, NULL, &err);
    if (got != status) fail_msg("status %d instead of %d: %s", got, status, err.text);
    assert_null(areas);
    has(err.text, words);
}

#define SQUARE(x, y)                                                                 \
    "[[[" #x "," #y "],[" #x ".5," #y "],[" #x ".5," #y ".5],[" #x "," #y ".5],[" #x \
    "," #y "]]]"
#define FEATURE(code, geometry)                                                      \
    "{\"type\":\"Feature\",\"properties\":{\"Code\":\"" code "\",\"Name\":\"n-" code \
    "\"},\"geometry\":" geometry "}"
#define POLYGON(x, y) "{\"type\":\"Polygon\",\"coordinates\":" SQUARE(x, y) "}"
#define COLLECTION(crs, features) \
    "{\"type\":\"FeatureCollection\"," crs "\"features\":[" features "]}"

static const char three[] = COLLECTION(
    "", FEATURE("C", POLYGON(3, 50)) "," FEATURE("A", POLYGON(1, 50)) "," FEATURE(
            " B ",
            "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[5,50,9],[6,50,9],[6,51,"
            "9],[5,51,9],[5,50,9]],[[5.2,50.2,9],[5.2,50.4,9],[5.4,50.4,9],[5.2,50."
            "2,9]]],[[[7,50,9],[8,50,9],[8,51,9],[7,50,9]]]]}"));

static void reads_geojson(void **state) {
    (void)state;
    ps_layer_report report;
    ps_layer_spec spec = {
        .path = "three.geojson", .base = folder, .code = "code", .name = "Name"};
    write_text("three.geojson", three);
    heard h = {0};
    ps_areas *a = read_areas(&spec, &report, &h);
    assert_int_equal(a->n, 3);
    assert_true(ps_str_is(a->code[0], "A") && ps_str_is(a->code[1], "B"));
    assert_true(ps_str_is(a->name[1], "n- B"));
    assert_int_equal(a->area_ring[2] - a->area_ring[1], 3);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:4326");
    assert_true(a->box[0] == 1 && a->box[1] == 50);
    assert_int_equal(report.features, 3);
    assert_int_equal(report.points, a->n_points);
    assert_int_equal(report.invalid_geometry + report.null_geometry + report.skipped, 0);
    assert_string_equal(report.driver, "GeoJSON");
    assert_string_equal(report.layer, "three");
    assert_int_equal(h.warnings, 0);
    ps_areas_free(a);

    spec.where = "Code <> 'C'";
    a = read_areas(&spec, &report, NULL);
    assert_int_equal(a->n, 2);
    ps_areas_free(a);
    spec.where = "Code = 'none'";
    refused(&spec, PS_FORMAT, "has no features that the filter lets pass");
    spec.where = "nonsense ((";
    refused(&spec, PS_CONFIG, "filter");
    spec.where = NULL;
    spec.code = "Cod";
    refused(&spec, PS_CONFIG, "did you mean 'Code'?");
    spec.code = NULL;
    refused(&spec, PS_CONFIG, "say which field");
    spec.code = "Code";
    spec.name = "Label";
    refused(&spec, PS_CONFIG, "for the names");
    spec.name = NULL;
    spec.layer = "four";
    refused(&spec, PS_CONFIG, "'three'");
}

static void honours_what_a_file_says_of_its_crs(void **state) {
    (void)state;
    const char named[] = COLLECTION(
        "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::"
        "27700\"}},",
        FEATURE("A", POLYGON(430000, 430000)));
    const char silent[] = COLLECTION("", FEATURE("A", POLYGON(430000, 430000)));
    ps_layer_spec spec = {.path = write_text("bng.geojson", named), .code = "Code"};
    ps_areas *a = read_areas(&spec, NULL, NULL);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
    assert_true(a->box[0] == 430000);
    ps_areas_free(a);
    spec.path = write_text("silent.geojson", silent);
    refused(&spec, PS_FORMAT, "British National Grid");
    heard h = {0};
    spec.crs = "EPSG:27700";
    a = read_areas(&spec, NULL, &h);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
    assert_int_equal(h.warnings, 1);
    has(h.text, "because crs says so");
    ps_areas_free(a);
    /* Degrees that are said to be metres of the grid: taken, with a warning. */
    memset(&h, 0, sizeof h);
    spec.path = write_text("three.geojson", three);
    spec.crs = "EPSG:32630";
    a = read_areas(&spec, NULL, &h);
    assert_int_equal(h.warnings, 2);
    has(h.text, "outside the area where");
    has(h.text, "degrees");
    ps_areas_free(a);
    spec.crs = "EPSG:nonsense";
    refused(&spec, PS_CONFIG, "EPSG:nonsense");
}

static const char troubled[] = COLLECTION(
    "",
    FEATURE("good", POLYGON(1, 50)) "," FEATURE(
        "tie", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}") ","
    FEATURE("null", "null") "," FEATURE(
        "empty", "{\"type\":\"Polygon\",\"coordinates\":[]}") ","
    FEATURE("point", "{\"type\":\"Point\",\"coordinates\":[1,2]}") "," FEATURE(
        "flat", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[2,2],[0,0]]]}") ","
    FEATURE("mixed", "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
                     "\"coordinates\":[1,2]}," POLYGON(7, 50) "]}"));

static void one_policy_for_bad_shapes(void **state) {
    (void)state;
    ps_layer_report report;
    heard h = {0};
    ps_layer_spec spec = {.path = write_text("troubled.geojson", troubled),
                          .code = "Code"};
    for (int threads = 1; threads <= 3; threads += 2) {
        ps_set_threads(threads);
        memset(&h, 0, sizeof h);
        ps_areas *a = read_areas(&spec, &report, &h);
        assert_int_equal(a->n, 7);
        assert_int_equal(report.features, 7);
        assert_int_equal(report.invalid_geometry, 2);
        assert_int_equal(report.repaired, 1);
        assert_int_equal(report.null_geometry + report.empty_geometry, 2);
        assert_int_equal(report.not_polygon, 1);
        assert_int_equal(report.skipped, 4); /* null, empty, point, flat */
        assert_int_equal(report.examples, 5);
        assert_string_equal(report.example[0],
                            "feature 2 (tie): Self-intersection at 1 1");
        assert_string_equal(report.example[1], "feature 3 (null): no geometry");
        has(report.example[3], "feature 5 (point): a Point, not a polygon");
        assert_int_equal(h.warnings, 1);
        has(h.text, "5 of 7 features have no valid polygon");
        double square[7];
        ps_error err;
        assert_int_equal(ps_areas_measure(a, square, &err), PS_OK);
        int32_t tie = ps_keys_find(a->by_code, ps_str_of("tie"));
        int32_t flat = ps_keys_find(a->by_code, ps_str_of("flat"));
        int32_t mixed = ps_keys_find(a->by_code, ps_str_of("mixed"));
        assert_true(fabs(square[tie] - 2) < 1e-9);
        assert_true(square[flat] == 0 && a->box[4 * flat] > a->box[4 * flat + 2]);
        assert_true(fabs(square[mixed] - 0.25) < 1e-9);
        ps_areas_free(a);
    }
    ps_set_threads(0);
    spec.policy = PS_GEOMETRY_SKIP;
    ps_areas *a = read_areas(&spec, &report, NULL);
    assert_int_equal(a->n, 2);
    assert_int_equal(report.skipped, 5);
    assert_int_equal(report.repaired, 0);
    ps_areas_free(a);
    spec.policy = PS_GEOMETRY_STOP;
    refused(&spec, PS_FORMAT, "5 of 7 features");
    spec.where = "Code IN ('null', 'tie')";
    spec.policy = PS_GEOMETRY_SKIP;
    refused(&spec, PS_FORMAT, "no feature has a usable polygon");
    spec.where = "Code = 'point'";
    refused(&spec, PS_FORMAT, "no polygons");
}

static void codes_are_unique_and_there(void **state) {
    (void)state;
    char text[8192] = "{\"type\":\"FeatureCollection\",\"features\":[";
    for (int i = 0; i < 16; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used,
                 "%s{\"type\":\"Feature\",\"properties\":{\"Code\":\"c%d\"},\"geometry\":"
                 "%s}",
                 i > 0 ? "," : "", i % 8, POLYGON(1, 50));
    }
    strcat(text, "]}");
    ps_layer_spec spec = {.path = write_text("twice.geojson", text), .code = "Code"};
    refused(&spec, PS_FORMAT, "8 features repeat one: 'c0' (features 1 and 9), 'c1' ");
    refused(&spec, PS_FORMAT, "'c4' (features 5 and 13), ...");
    const char blank[] =
        COLLECTION("", FEATURE("A", POLYGON(1, 50)) "," FEATURE(" ", POLYGON(3, 50)));
    spec.path = write_text("blank.geojson", blank);
    refused(&spec, PS_FORMAT, "feature 2 ");
    refused(&spec, PS_FORMAT, "nothing in the field 'Code'");
}

/* --- files that OGR writes for us -------------------------------------------------- */

typedef struct row {
    const char *code, *wkt;
} row;

static void write_layer(GDALDatasetH dataset, const char *layer, const char *epsg,
                        OGRwkbGeometryType type, char **options, const row *rows, int n) {
    OGRSpatialReferenceH srs = NULL;
    if (epsg != NULL) {
        srs = OSRNewSpatialReference(NULL);
        assert_int_equal(OSRSetFromUserInput(srs, epsg), OGRERR_NONE);
        OSRSetAxisMappingStrategy(srs, OAMS_TRADITIONAL_GIS_ORDER);
    }
    OGRLayerH l = GDALDatasetCreateLayer(dataset, layer, srs, type, options);
    assert_non_null(l);
    OGRFieldDefnH field = OGR_Fld_Create("code", OFTString);
    assert_int_equal(OGR_L_CreateField(l, field, 1), OGRERR_NONE);
    OGR_Fld_Destroy(field);
    for (int i = 0; i < n; i++) {
        OGRFeatureH f = OGR_F_Create(OGR_L_GetLayerDefn(l));
        OGR_F_SetFieldString(f, 0, rows[i].code);
        char wkt[1024];
        snprintf(wkt, sizeof wkt, "%s", rows[i].wkt);
        char *at = wkt;
        OGRGeometryH g = NULL;
        assert_int_equal(OGR_G_CreateFromWkt(&at, NULL, &g), OGRERR_NONE);
        OGR_F_SetGeometryDirectly(f, g);
        assert_int_equal(OGR_L_CreateFeature(l, f), OGRERR_NONE);
        OGR_F_Destroy(f);
    }
    if (srs != NULL) OSRDestroySpatialReference(srs);
}

static GDALDatasetH create(const char *driver, const char *path) {
    GDALAllRegister();
    GDALDatasetH d =
        GDALCreate(GDALGetDriverByName(driver), path, 0, 0, 0, GDT_Unknown, NULL);
    assert_non_null(d);
    return d;
}

static const row bng_rows[] = {
    {"b",
     "POLYGON((430100 430000,430200 430000,430200 430100,430100 430100,430100 430000))"},
    {"a",
     "POLYGON((430000 430000,430100 430000,430100 430100,430000 430100,430000 430000))"}};

static void reads_geopackage_layers(void **state) {
    (void)state;
    const char *path = test_path(folder, "two.gpkg");
    GDALDatasetH d = create("GPKG", path);
    write_layer(d, "wards", "EPSG:27700", wkbUnknown, NULL, bng_rows, 2);
    static const row curved[] = {
        {"round",
         "CURVEPOLYGON Z (COMPOUNDCURVE Z (CIRCULARSTRING Z (0 0 5,1 1 5,2 0 5),"
         "(2 0 5,0 0 5)))"}};
    write_layer(d, "curves", "EPSG:27700", wkbUnknown, NULL, curved, 1);
    write_layer(d, "lost", NULL, wkbUnknown, NULL, bng_rows, 1);
    static const row hollow[] = {{"e", "POLYGON EMPTY"},
                                 {"m", "MULTIPOLYGON EMPTY"},
                                 {"a", "POLYGON((0 0,1 0,1 1,0 0))"}};
    write_layer(d, "hollow", "EPSG:27700", wkbUnknown, NULL, hollow, 3);
    static const row dots[] = {{"p", "POINT(1 2)"}};
    write_layer(d, "dots", "EPSG:27700", wkbPoint, NULL, dots, 1);
    GDALClose(d);

    ps_layer_spec spec = {.path = path, .code = "code"};
    refused(&spec, PS_CONFIG,
            "holds 5 layers: 'wards', 'curves', 'lost', 'hollow', 'dots'");
    spec.layer = "ward";
    refused(&spec, PS_CONFIG, "did you mean 'wards'?");
    spec.layer = "dots";
    refused(&spec, PS_FORMAT, "a Point, not a polygon");
    spec.layer = "lost";
    refused(&spec, PS_CONFIG, "look like metres of the British National Grid");
    spec.layer = "wards";
    ps_layer_report report;
    ps_areas *a = read_areas(&spec, &report, NULL);
    assert_int_equal(a->n, 2);
    assert_string_equal(report.driver, "GPKG");
    ps_areas_free(a);
    spec.layer = "hollow";
    a = read_areas(&spec, &report, NULL);
    assert_int_equal(report.empty_geometry, 2);
    assert_int_equal(report.skipped, 2);
    assert_int_equal(a->n, 3);
    ps_areas_free(a);
    spec.layer = "curves";
    a = read_areas(&spec, NULL, NULL);
    double square;
    ps_error err;
    assert_int_equal(ps_areas_measure(a, &square, &err), PS_OK);
    assert_true(square < M_PI / 2 && square > M_PI / 2 * 0.99);
    ps_areas_free(a);

    ps_layer_listing *listing = NULL;
    assert_int_equal(ps_layer_list("two.gpkg", folder, &listing, &err), PS_OK);
    assert_string_equal(listing->driver, "GPKG");
    assert_int_equal(listing->n, 5);
    assert_string_equal(listing->layer[0].name, "wards");
    assert_string_equal(listing->layer[0].crs,
                        "OSGB36 / British National Grid (EPSG:27700)");
    assert_string_equal(listing->layer[2].crs, "");
    assert_int_equal(listing->layer[0].features, 2);
    assert_true(listing->layer[0].has_box && listing->layer[0].box[2] == 430200);
    assert_int_equal(listing->layer[0].n_fields, 1);
    assert_string_equal(listing->layer[0].field[0].type, "String");
    ps_layer_listing_free(listing);
    assert_int_equal(ps_layer_list("none.gpkg", folder, &listing, &err), PS_INPUT);
    assert_null(listing);
}

static void shapefile(const char *name, const char *encoding, const char *epsg,
                      const char *code) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s.shp", folder, name);
    GDALDatasetH d = create("ESRI Shapefile", path);
    char **options = CSLSetNameValue(NULL, "ENCODING", encoding);
    const row rows[] = {{code, bng_rows[0].wkt}};
    write_layer(d, name, epsg, wkbPolygon, options, rows, 1);
    CSLDestroy(options);
    GDALClose(d);
}

static const char esri_prj[] =
    "PROJCS[\"British_National_Grid\",GEOGCS[\"GCS_OSGB_1936\",DATUM[\"D_OSGB_1936\","
    "SPHEROID[\"Airy_1830\",6377563.396,299.3249646]],PRIMEM[\"Greenwich\",0.0],"
    "UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
    "PARAMETER[\"False_Easting\",400000.0],PARAMETER[\"False_Northing\",-100000.0],"
    "PARAMETER[\"Central_Meridian\",-2.0],PARAMETER[\"Scale_Factor\",0.9996012717],"
    "PARAMETER[\"Latitude_Of_Origin\",49.0],UNIT[\"Meter\",1.0]]";

static void reads_shapefiles(void **state) {
    (void)state;
    /* Without a .prj the CRS has to be given. */
    shapefile("bare", "UTF-8", NULL, "a");
    unlink(test_path(folder, "bare.cpg"));
    ps_layer_spec spec = {.path = "bare.shp", .base = folder, .code = "code"};
    refused(&spec, PS_CONFIG, "there is no usable .prj file");
    refused(&spec, PS_CONFIG, "x from 430100 to 430200");
    refused(&spec, PS_CONFIG, "crs: EPSG:27700");
    spec.crs = "EPSG:27700";
    ps_areas *a = read_areas(&spec, NULL, NULL);
    assert_int_equal(a->n, 1);
    ps_areas_free(a);
    spec.crs = NULL;
    write_text("bare.prj", esri_prj);
    a = read_areas(&spec, NULL, NULL);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
    ps_areas_free(a);

    /* The same name in three encodings; only the last file says which one it has. */
    static const char utf8[] = "Brontë–Ø";
    static const char *const written[] = {"UTF-8", "CP1252", "ISO-8859-1"};
    for (int i = 0; i < 3; i++) {
        char name[16], file[32];
        snprintf(name, sizeof name, "enc%d", i);
        shapefile(name, written[i], "EPSG:27700", i < 2 ? utf8 : "Øst");
        if (i < 2) {
            snprintf(file, sizeof file, "%s.cpg", name);
            unlink(test_path(folder, file));
        }
        snprintf(file, sizeof file, "%s.shp", name);
        heard h = {0};
        ps_layer_spec s = {.path = file, .base = folder, .code = "code"};
        a = read_areas(&s, NULL, &h);
        assert_true(ps_str_is(a->code[0], i < 2 ? utf8 : "Øst"));
        assert_int_equal(h.facts, i == 1);
        ps_areas_free(a);
    }
    /* An encoding given goes before anything else. */
    ps_layer_spec s = {
        .path = "enc0.shp", .base = folder, .code = "code", .encoding = "ISO-8859-1"};
    a = read_areas(&s, NULL, NULL);
    assert_false(ps_str_is(a->code[0], utf8));
    ps_areas_free(a);

    /* A truncated file is damaged, not short. */
    size_t n;
    char *bytes = test_file_read(test_path(folder, "bare.shp"), &n);
    assert_non_null(bytes);
    test_file_write(folder, "bare.shp", bytes, n - 40);
    free(bytes);
    refused(&spec, PS_FORMAT, "damaged");
}

static void add_member(const char *zip, const char *member, const char *bytes, size_t n) {
    char path[2100];
    snprintf(path, sizeof path, "/vsizip/%s/%s", zip, member);
    VSILFILE *f = VSIFOpenL(path, "wb");
    assert_non_null(f);
    assert_int_equal(VSIFWriteL(bytes, 1, n, f), n);
    VSIFCloseL(f);
}

static void reads_zip_archives(void **state) {
    (void)state;
    char zip[600];
    snprintf(zip, sizeof zip, "%s", test_path(folder, "one.zip"));
    add_member(zip, "readme.txt", "hello", 5);
    add_member(zip, "in/three.geojson", three, strlen(three));
    ps_layer_spec spec = {.path = "one.zip", .base = folder, .code = "Code"};
    ps_areas *a = read_areas(&spec, NULL, NULL);
    assert_int_equal(a->n, 3);
    ps_areas_free(a);
    spec.path = "one.zip/in/three.geojson";
    a = read_areas(&spec, NULL, NULL);
    assert_int_equal(a->n, 3);
    ps_areas_free(a);
    char prefixed[700];
    snprintf(prefixed, sizeof prefixed, "/vsizip/%s/in/three.geojson", zip);
    spec.path = prefixed;
    a = read_areas(&spec, NULL, NULL);
    assert_int_equal(a->n, 3);
    ps_areas_free(a);
    spec.path = "one.zip/in/four.geojson";
    refused(&spec, PS_INPUT, "no member 'in/four.geojson'");

    snprintf(zip, sizeof zip, "%s", test_path(folder, "more.zip"));
    static const char *const parts[] = {"shp", "shx", "dbf", "prj", "cpg"};
    for (int k = 0; k < 2; k++) {
        shapefile(k == 0 ? "left" : "right", "UTF-8", "EPSG:27700", k == 0 ? "L" : "R");
        for (int i = 0; i < 5; i++) {
            char name[32], member[40];
            snprintf(name, sizeof name, "%s.%s", k == 0 ? "left" : "right", parts[i]);
            snprintf(member, sizeof member, "deep/%s", name);
            size_t n;
            char *bytes = test_file_read(test_path(folder, name), &n);
            assert_non_null(bytes);
            add_member(zip, member, bytes, n);
            free(bytes);
        }
    }
    spec = (ps_layer_spec){.path = "more.zip", .base = folder, .code = "code"};
    refused(&spec, PS_CONFIG, "'deep/left.shp', 'deep/right.shp'");
    spec.layer = "right";
    a = read_areas(&spec, NULL, NULL);
    assert_true(ps_str_is(a->code[0], "R"));
    ps_areas_free(a);
    spec.layer = NULL;
    spec.path = "more.zip/deep/left.shp";
    a = read_areas(&spec, NULL, NULL);
    assert_true(ps_str_is(a->code[0], "L"));
    ps_areas_free(a);

    snprintf(zip, sizeof zip, "%s", test_path(folder, "none.zip"));
    add_member(zip, "readme.txt", "hello", 5);
    spec.path = "none.zip";
    refused(&spec, PS_FORMAT, "no file that is looked for");
    write_text("broken.zip", "PK no archive at all");
    spec.path = "broken.zip";
    refused(&spec, PS_FORMAT, "ZIP");
}

static void opens_local_vector_files_only(void **state) {
    (void)state;
    static const char *const remote[] = {"/vsicurl/http://127.0.0.1:9/x.geojson",
                                         "http://127.0.0.1:9/x.geojson",
                                         "/vsizip//vsicurl/http://h/x.zip/x.shp",

                                         "/vsis3/bucket/x.gpkg",
                                         "/vsimem/x.gpkg",
                                         "/vsizip/{/vsicurl/x}/y"};
    ps_layer_spec spec = {.code = "Code"};
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
        spec.path = remote[i];
        refused(&spec, PS_CONFIG, "not the name of a local file");
    }
    static const char *const absent[] = {"PG:dbname=x", "{\"type\":\"Point\"}x",
                                         "WFS:x",       "/vsizip/vsicurl/h/x.zip",
                                         "/dev/null/x", "no/such/file.shp"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        spec.path = absent[i];
        ps_error err = {PS_OK, ""};
        ps_areas *a = NULL;
        ps_status status = ps_layer_read_areas(&spec, NULL, &a, NULL, &err);
        assert_true(status == PS_INPUT || status == PS_CONFIG);
    }
    spec.path = "/dev/null";
    refused(&spec, PS_INPUT, "neither a file nor a folder");
    spec.path = NULL;
    refused(&spec, PS_CONFIG, "no file");
    spec.base = folder;
    spec.path = "page.geojson";
    write_text("page.geojson", "<!DOCTYPE html><html><body>404</body></html>");
    refused(&spec, PS_FORMAT, "cannot be read as a Shapefile");
    write_text("page.geojson", "");
    refused(&spec, PS_FORMAT, "cannot be read as a Shapefile");
    write_text("page.geojson",
               "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":");
    refused(&spec, PS_FORMAT, "page.geojson");
    /* Only the name as a whole is special. */
    write_text("vsi.geojson", three);
    spec.path = "vsi.geojson";
    ps_areas_free(read_areas(&spec, NULL, NULL));
    /* A virtual file would read another one. */
    write_text("x.vrt",
               "<OGRVRTDataSource><OGRVRTLayer name=\"three\"><SrcDataSource>"
               "three.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>");
    spec.path = "x.vrt";
    refused(&spec, PS_FORMAT, "cannot be read as a Shapefile");
    mkdir(test_path(folder, "hollow"), 0700);
    spec.path = "hollow";
    refused(&spec, PS_FORMAT, "hollow");
}

/* --- points ------------------------------------------------------------------------ */

#define POINT(props, geometry) \
    "{\"type\":\"Feature\",\"properties\":{" props "},\"geometry\":" geometry "}"

static const char some_points[] = COLLECTION(
    "",
    POINT("\"id\":\"007\",\"n\":12,\"v\":0.1,\"d\":\"2019-"
          "05-01\",\"t\":\"2019-05-01T12:30:"
          "00\"",
          "{\"type\":\"Point\",\"coordinates\":[-1.5,53.8]"
          "}") "," POINT("\"id\":null,\"n\":null,\"v\":"
                         "1e21,\"d\":null,\"t\":null",
                         "null") "," POINT("\"id\":\"x\","
                                           "\"n\":3,\"v\":"
                                           "2.5,\"d\":"
                                           "\"2020-12-"
                                           "31\",\"t\":"
                                           "null",
                                           "{\"type\":"
                                           "\"MultiPoint\""
                                           ",\"coordinates"
                                           "\":[[-1.25,53]"
                                           "]}") "," POINT("\"id\":\"y\",\"n\":4,\"v\":3,"
                                                           "\"d\":null,\"t\":null",
                                                           "{\"type\":\"LineString\","
                                                           "\"coordinates\":[[0,0],[1,1]]"
                                                           "}"));

static void reads_points_in_blocks(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_layer_spec spec = {.path = "points.geojson", .base = folder};
    write_text("points.geojson", some_points);
    const ps_str fields[] = {ps_str_of("id"), ps_str_of("N"), ps_str_of("v"),
                             ps_str_of("d"), ps_str_of("t")};
    ps_layer_points *p = NULL;
    if (ps_layer_points_open(&spec, fields, 5, &p, &err) != PS_OK)
        fail_msg("%s", err.text);
    assert_string_equal(ps_crs_code(ps_layer_points_crs(p)), "EPSG:4326");
    double x[3], y[3];
    ps_str t[15];
    size_t got;
    assert_int_equal(ps_layer_points_next(p, 3, x, y, t, &got, &err), PS_OK);
    assert_int_equal(got, 3);
    assert_true(x[0] == -1.5 && y[0] == 53.8 && isnan(x[1]) && isnan(y[1]));
    assert_true(x[2] == -1.25 && y[2] == 53);
    static const char *const expected[] = {
        "007", "12", "0.1", "2019-05-01", "2019-05-01T12:30:00", "", "", "1e21", "",
        "",    "x",  "3",   "2.5",        "2020-12-31",          ""};
    for (size_t i = 0; i < 15; i++) {
        if (i == 7) {
            double value;
            assert_true(ps_parse_double(t[i], &value) && value == 1e21);
        } else if (!ps_str_is(t[i], expected[i])) {
            fail_msg("%zu: '%.*s' is not '%s'", i, (int)t[i].n, t[i].p, expected[i]);
        }
    }
    assert_int_equal(ps_layer_points_next(p, 3, x, y, t, &got, &err), PS_OK);
    assert_int_equal(got, 1);
    assert_true(isnan(x[0]));
    assert_int_equal(ps_layer_points_next(p, 3, x, y, t, &got, &err), PS_OK);
    assert_int_equal(got, 0);
    ps_layer_points_close(p);
    ps_layer_points_close(NULL);
    const ps_str wrong[] = {ps_str_of("idd")};
    assert_int_equal(ps_layer_points_open(&spec, wrong, 1, &p, &err), PS_CONFIG);
    assert_null(p);
    has(err.text, "'id'");
}

/* --- workbooks --------------------------------------------------------------------- */

static ps_table *must_read(const char *path, const char *sheet, int64_t header,
                           const ps_str *columns, size_t n) {
    ps_error err = {PS_OK, ""};
    ps_table *table = NULL;
    if (ps_layer_read_table(path, folder, sheet, (ps_header){header, 1}, columns, n, NULL,
                            &table, &err) != PS_OK)
        fail_msg("%s", err.text);
    return table;
}

static void no_table(const char *path, const char *sheet, int64_t header,
                     const ps_str *columns, size_t n, ps_status status,
                     const char *words) {
    ps_error err = {PS_OK, ""};
    ps_table *table = (ps_table *)(void *)&err;
    ps_status got = ps_layer_read_table(path, folder, sheet, (ps_header){header, 1},
                                        columns, n, NULL, &table, &err);
    if (got != status) fail_msg("status %d instead of %d: %s", got, status, err.text);
    assert_null(table);
    has(err.text, words);
}

static void cell_is(const ps_table *t, size_t r, size_t c, const char *expected) {
    ps_str cell = ps_table_cell(t, r, c);
    if (!ps_str_is(cell, expected))
        fail_msg("row %zu column %zu: '%.*s' is not '%s'", r, c, (int)cell.n, cell.p,
                 expected);
}

static void write_book(void) {
    static const char *const sheets[] = {"Notes", "Data", "7"};
    static const char *const rows[] = {
        "<row r=\"1\">" TEST_TEXT("A1", "Read this first") "</row>",
        "<row r=\"3\">" TEST_TEXT("A3", "A title") "</row>"
        "<row r=\"5\">" TEST_TEXT("B5", "LSOA  code") TEST_TEXT("C5", "Score") TEST_TEXT("D5", "When")
        TEST_TEXT("F5", "Note") "</row>"
        "<row r=\"6\">" TEST_TEXT("B6", "007") TEST_NUMBER("C6", "33.177999999999997")
        TEST_DATE("D6", "1", "43586") TEST_TEXT("G6", "loose") "</row>"
        "<row r=\"7\"/>"
        "<row r=\"9\">" TEST_TEXT("B9", "1E5") TEST_NUMBER("C9", "1E-3") TEST_DATE("D9", "2", "43586.5")
        "<c r=\"F9\" t=\"e\"><v>#N/A</v></c></row>"
        "<row r=\"10\">" TEST_TEXT("B10", "1.10") TEST_NUMBER("C10", "29199") TEST_TEXT("D10", "[c]")
        "<c r=\"F10\" t=\"b\"><v>1</v></c></row>",
        "<row r=\"1\">" TEST_TEXT("A1", "x") "</row><row r=\"2\">" TEST_NUMBER("A2", "1") "</row>"};
    test_workbook(test_path(folder, "book.xlsx"), sheets, rows, 3);
}

static void reads_workbooks(void **state) {
    (void)state;
    write_book();
    no_table("book.xlsx", NULL, 1, NULL, 0, PS_CONFIG, "3 sheets: 'Notes', 'Data', '7'");
    no_table("book.xlsx", "Dato", 1, NULL, 0, PS_CONFIG, "did you mean 'Data'?");
    no_table("book.xlsx", "9", 1, NULL, 0, PS_CONFIG, "no sheet '9'");
    no_table("book.xlsx", "Data", 4, NULL, 0, PS_CONFIG, "nothing in row 4");
    no_table("book.xlsx", "Data", 400, NULL, 0, PS_CONFIG, "nothing in row 400");
    ps_table *t = must_read("book.xlsx", "Data", 5, NULL, 0);
    assert_int_equal(ps_table_columns(t), 5); /* four with a name, one with a cell */
    assert_int_equal(ps_table_rows(t), 3);
    has(ps_table_name(t), "sheet 'Data'");
    assert_int_equal(ps_table_row_in_file(t, 0), 6);
    assert_int_equal(ps_table_row_in_file(t, 1), 9);
    cell_is(t, 0, 0, "007");
    cell_is(t, 0, 1, "33.178");
    cell_is(t, 0, 2, "2019-05-01");
    cell_is(t, 0, 4, "loose");
    cell_is(t, 1, 0, "1E5"); /* a code that looks like a number stays */
    cell_is(t, 1, 1, "0.001");
    cell_is(t, 1, 2, "2019-05-01T12:00:00");
    cell_is(t, 1, 3, "#N/A");
    cell_is(t, 2, 0, "1.10");
    cell_is(t, 2, 1, "29199");
    cell_is(t, 2, 2, "[c]");
    ps_table_free(t);
    const ps_str chosen[] = {ps_str_of("score"), ps_str_of("lsoa code")};
    t = must_read("book.xlsx", "2", 5, chosen, 2);
    assert_int_equal(ps_table_columns(t), 2);
    cell_is(t, 0, 0, "33.178");
    cell_is(t, 0, 1, "007");
    ps_table_free(t);
    const ps_str absent[] = {ps_str_of("Scores")};
    no_table("book.xlsx", "Data", 5, absent, 1, PS_CONFIG, "Score");
    t = must_read("book.xlsx", "7", 0, NULL, 0); /* the name goes before the place */
    assert_int_equal(ps_table_rows(t), 1);
    ps_table_free(t);

    /* ODS, written by OGR: row 1 holds the names of its fields. */
    GDALDatasetH d = create("ODS", test_path(folder, "book.ods"));
    OGRLayerH l = GDALDatasetCreateLayer(d, "Sheet", NULL, wkbNone, NULL);
    static const char *const names[] = {"code", "value", "day"};
    static const OGRFieldType kinds[] = {OFTString, OFTReal, OFTDate};
    for (int i = 0; i < 3; i++) {
        OGRFieldDefnH f = OGR_Fld_Create(names[i], kinds[i]);
        assert_int_equal(OGR_L_CreateField(l, f, 1), OGRERR_NONE);
        OGR_Fld_Destroy(f);
    }
    OGRFeatureH f = OGR_F_Create(OGR_L_GetLayerDefn(l));
    OGR_F_SetFieldString(f, 0, "0012");
    OGR_F_SetFieldDouble(f, 1, 0.1);
    OGR_F_SetFieldDateTime(f, 2, 2020, 12, 31, 0, 0, 0, 0);
    assert_int_equal(OGR_L_CreateFeature(l, f), OGRERR_NONE);
    OGR_F_Destroy(f);
    GDALClose(d);
    t = must_read("book.ods", NULL, 1, NULL, 0);
    assert_int_equal(ps_table_rows(t), 1);
    cell_is(t, 0, 0, "0012");
    cell_is(t, 0, 1, "0.1");
    cell_is(t, 0, 2, "2020-12-31");
    ps_table_free(t);

    /* The attributes of a layer are a table too, and a CSV goes the way of CSVs. */
    write_text("three.geojson", three);
    t = must_read("three.geojson", NULL, 1, NULL, 0);
    assert_int_equal(ps_table_rows(t), 3);
    cell_is(t, 0, 0, "C");
    ps_table_free(t);
    no_table("three.geojson", NULL, 2, NULL, 0, PS_CONFIG, "no workbook");
    write_text("t.csv", "code,value\n007,1\n");
    t = must_read("t.csv", NULL, 1, NULL, 0);
    cell_is(t, 0, 0, "007");
    ps_table_free(t);
    write_text("fake.xlsx", "<html>not a workbook</html>");
    no_table("fake.xlsx", NULL, 1, NULL, 0, PS_FORMAT, "fake.xlsx");
}

/* --- writing ----------------------------------------------------------------------- */

static const ps_field fields[] = {
    {"code", PS_FIELD_TEXT}, {"count", PS_FIELD_INTEGER}, {"rate", PS_FIELD_REAL}};

/* Two rows, of which one has the code of a place. */
static ps_status next_line(void *context, ps_field_value *values, bool *more,
                           ps_error *err) {
    (void)err;
    int *line = context;
    *more = *line < 2;
    values[0] = (ps_field_value){.text = ps_str_of(*line == 0 ? "C" : "nowhere")};
    values[1] = (ps_field_value){.integer = *line};
    values[2] = (ps_field_value){.null = true};
    ++*line;
    return PS_OK;
}

static ps_status write_lines(ps_geopackage *g, ps_error *err) {
    int line = 0;
    const ps_geopackage_view view = {.name = "it's \"on\" the map",
                                     .description = "It's one",
                                     .layer = "places",
                                     .layer_key = "code",
                                     .table = "lines",
                                     .table_key = "code",
                                     .where = "count",
                                     .is = "0",
                                     .fields = fields,
                                     .n_fields = 3};
    PS_TRY(ps_geopackage_stream(g, "lines", "Lines", fields, 3, next_line, &line, err));
    return ps_geopackage_view_of(g, &view, err);
}

static ps_status write_package(const char *path, const ps_areas *areas, ps_error *err) {
    ps_field_value values[9] = {0};
    for (size_t i = 0; i < 3; i++) {
        values[3 * i].text = areas->code[i];
        values[3 * i + 1].integer = (int64_t)i << 40;
        values[3 * i + 2].real = 0.1 * (double)i;
        values[3 * i + 2].null = i == 1;
    }
    ps_geopackage *g = NULL;
    PS_TRY(ps_geopackage_create(path, &g, err));
    ps_status status =
        ps_geopackage_areas(g, "places", "Some places", areas, fields, 3, values, err);
    if (status == PS_OK)
        status = ps_geopackage_table(g, "notes", "Some notes", fields, 3, values, 2, err);
    if (status == PS_OK) status = write_lines(g, err);
    if (status != PS_OK) {
        ps_geopackage_abandon(g);
        unlink(path);
        return status;
    }
    return ps_geopackage_close(g, err);
}

static void writes_the_same_geopackage_twice(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_layer_spec spec = {.path = write_text("three.geojson", three), .code = "Code"};
    ps_areas *areas = read_areas(&spec, NULL, NULL);
    char one[600], two[600];
    snprintf(one, sizeof one, "%s", test_path(folder, "one.gpkg"));
    snprintf(two, sizeof two, "%s", test_path(folder, "other.gpkg"));
    if (write_package(one, areas, &err) != PS_OK) fail_msg("%s", err.text);
    sleep(1); /* a time of writing would show */
    ps_set_threads(5);
    assert_int_equal(write_package(two, areas, &err), PS_OK);
    ps_set_threads(0);
    size_t n, m;
    char *a = test_file_read(one, &n), *b = test_file_read(two, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    assert_int_equal(write_package(one, areas, &err), PS_OUTPUT); /* it exists */

    /* Read again: the same areas, and values with a hole in them. */
    ps_layer_spec again = {.path = two, .layer = "places", .code = "code"};
    ps_layer_report report;
    ps_areas *back = read_areas(&again, &report, NULL);
    assert_int_equal(back->n, 3);
    assert_int_equal(report.invalid_geometry, 0);
    double was[3], is[3];
    assert_int_equal(ps_areas_measure(areas, was, &err), PS_OK);
    assert_int_equal(ps_areas_measure(back, is, &err), PS_OK);
    for (int i = 0; i < 3; i++) assert_true(was[i] == is[i]);
    ps_areas_free(back);
    ps_table *t = NULL;
    assert_int_equal(ps_layer_read_table(two, NULL, "places", (ps_header){1, 1}, NULL, 0,
                                         NULL, &t, &err),
                     PS_OK);
    cell_is(t, 2, 1, "2199023255552");
    cell_is(t, 1, 2, "");
    cell_is(t, 2, 2, "0.2");
    ps_table_free(t);
    ps_layer_listing *listing = NULL;
    assert_int_equal(ps_layer_list(two, NULL, &listing, &err), PS_OK);
    assert_int_equal(listing->n, 4);
    assert_string_equal(listing->layer[0].geometry, "Multi Polygon");
    assert_string_equal(listing->layer[1].name, "it's \"on\" the map");
    assert_string_equal(listing->layer[1].geometry, "Multi Polygon");
    assert_string_equal(listing->layer[2].geometry, "");
    ps_layer_listing_free(listing);
    /* The view has the one row that is of a place, with the place's shape. */
    again.layer = "it's \"on\" the map";
    back = read_areas(&again, &report, NULL);
    assert_int_equal(back->n, 1);
    assert_int_equal(ps_areas_measure(back, is, &err), PS_OK);
    assert_true(ps_str_is(back->code[0], "C") && is[0] == was[2]);
    ps_areas_free(back);

    ps_geopackage *g = NULL;
    char three_path[600];
    snprintf(three_path, sizeof three_path, "%s", test_path(folder, "third.gpkg"));
    assert_int_equal(ps_geopackage_create(three_path, &g, &err), PS_OK);
    const ps_field taken[] = {{"a", PS_FIELD_TEXT}, {"A", PS_FIELD_REAL}};
    const ps_field kept[] = {{"FID", PS_FIELD_TEXT}};
    ps_field_value bad = {.real = NAN};
    const ps_field real = {"v", PS_FIELD_REAL};
    assert_int_equal(ps_geopackage_table(g, "x", "", taken, 2, NULL, 0, &err), PS_CONFIG);
    assert_int_equal(ps_geopackage_table(g, "x", "", kept, 1, NULL, 0, &err), PS_CONFIG);
    assert_int_equal(ps_geopackage_table(g, "y", "", &real, 1, &bad, 1, &err), PS_OUTPUT);
    assert_int_equal(ps_geopackage_table(g, "z", "", &real, 1, NULL, 0, &err), PS_OK);
    assert_int_equal(ps_geopackage_table(g, "z", "", &real, 1, NULL, 0, &err), PS_CONFIG);
    ps_geopackage_abandon(g);
    ps_geopackage_abandon(NULL);
    assert_int_equal(ps_geopackage_create("/no/such/folder/x.gpkg", &g, &err), PS_OUTPUT);
    assert_null(g);
    ps_areas_free(areas);
}

/* --- lack of memory ---------------------------------------------------------------- */

static ps_status step_areas(void *context, ps_error *err) {
    ps_areas *areas = NULL;
    ps_layer_report report;
    ps_status status = ps_layer_read_areas(context, NULL, &areas, &report, err);
    if (status != PS_OK) assert_null(areas);
    ps_areas_free(areas);
    return status;
}

static ps_status step_points(void *context, ps_error *err) {
    const ps_str names[] = {ps_str_of("id"), ps_str_of("v")};
    ps_layer_points *p = NULL;
    PS_TRY(ps_layer_points_open(context, names, 2, &p, err));
    double x[4], y[4];
    ps_str t[8];
    size_t got;
    ps_status status = ps_layer_points_next(p, 4, x, y, t, &got, err);
    ps_layer_points_close(p);
    return status;
}

static ps_status step_table(void *context, ps_error *err) {
    (void)context;
    const ps_str chosen[] = {ps_str_of("Score")};
    ps_table *t = NULL;
    ps_status status = ps_layer_read_table("book.xlsx", folder, "Data", (ps_header){5, 1},
                                           chosen, 1, NULL, &t, err);
    ps_table_free(t);
    return status;
}

static ps_status step_list(void *context, ps_error *err) {
    ps_layer_listing *listing = NULL;
    const ps_layer_spec *spec = context;
    ps_status status = ps_layer_list(spec->path, spec->base, &listing, err);
    ps_layer_listing_free(listing);
    return status;
}

typedef struct writing {
    const char *path;
    const ps_areas *areas;
} writing;

static ps_status step_write(void *context, ps_error *err) {
    writing *w = context;
    unlink(w->path);
    return write_package(w->path, w->areas, err);
}

static void survives_lack_of_memory(void **state) {
    (void)state;
    ps_set_threads(1);
    write_text("troubled.geojson", troubled);
    write_text("points.geojson", some_points);
    unlink(test_path(folder, "book.xlsx"));
    write_book();
    ps_layer_spec spec = {.path = "troubled.geojson", .base = folder, .code = "Code"};
    assert_true(test_each_allocation_fails(step_areas, &spec) > 20);
    assert_true(test_each_allocation_fails(step_list, &spec) > 5);
    spec.path = "points.geojson";
    assert_true(test_each_allocation_fails(step_points, &spec) > 5);
    assert_true(test_each_allocation_fails(step_table, NULL) > 5);
    spec.path = write_text("three.geojson", three);
    spec.base = NULL;
    ps_areas *areas = read_areas(&spec, NULL, NULL);
    char path[600];
    snprintf(path, sizeof path, "%s", test_path(folder, "mem.gpkg"));
    writing w = {path, areas};
    assert_true(test_each_allocation_fails(step_write, &w) > 3);
    ps_areas_free(areas);
    ps_set_threads(0);
}

/* The caller's own use of GDAL is as it was. */
static void leaves_gdal_as_it_was(void **state) {
    (void)state;
    CPLSetThreadLocalConfigOption("OGR_XLSX_HEADERS", "FORCE");
    ps_layer_spec spec = {.path = write_text("three.geojson", three), .code = "Code"};
    ps_areas_free(read_areas(&spec, NULL, NULL));
    assert_string_equal(CPLGetThreadLocalConfigOption("OGR_XLSX_HEADERS", "?"), "FORCE");
    assert_string_equal(CPLGetThreadLocalConfigOption("OGR_CURRENT_DATE", "?"), "?");
    CPLSetThreadLocalConfigOption("OGR_XLSX_HEADERS", NULL);
    has(ps_layer_gdal_version(), "GDAL 3.");
}

/* More features than a batch holds, some of them to be repaired: the same areas, report
 * and words for any number of threads. */
static void reads_batches_alike(void **state) {
    (void)state;
    enum { N = 2600, ROOM = 200 * N };
    char *text = malloc(ROOM);
    assert_non_null(text);
    size_t n =
        (size_t)snprintf(text, ROOM, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int i = 0; i < N; i++) {
        /* every seventh is a bow */
        const double x = i % 60, y = 50 + i / 60 * 0.1, w = 0.5,
                     up = i % 7 == 0 ? 0.05 : 0;
        n += (size_t)snprintf(
            text + n, ROOM - n,
            "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"A%05d\"},\"geometry\":{"
            "\"type\":\"Polygon\",\"coordinates\":[[[%g,%g],[%g,%g],[%g,%g],[%g,%g],[%g,%"
            "g]]]"
            "}}",
            i > 0 ? "," : "", N - i, x, y, x + w, y + up, x + w, y + 0.05 - up, x,
            y + 0.05, x, y);
    }
    n += (size_t)snprintf(text + n, ROOM - n, "]}");
    const char *path = test_file_write(folder, "many.geojson", text, n);
    free(text);
    const ps_layer_spec spec = {.path = path, .code = "code"};
    ps_areas *first = NULL;
    ps_layer_report first_report, report;
    heard first_heard = {0};
    for (int threads = 1; threads <= 5; threads += 2) {
        ps_set_threads(threads);
        heard h = {0};
        ps_areas *a = read_areas(&spec, first == NULL ? &first_report : &report, &h);
        if (first == NULL) {
            first = a;
            first_heard = h;
            assert_int_equal(a->n, N);
            assert_int_equal(first_report.invalid_geometry, (N + 6) / 7);
            assert_int_equal(first_report.repaired, (N + 6) / 7);
            continue;
        }
        assert_memory_equal(&report, &first_report, sizeof report);
        assert_string_equal(h.text, first_heard.text);
        assert_int_equal(a->n_points, first->n_points);
        assert_memory_equal(a->x, first->x, a->n_points * sizeof *a->x);
        assert_memory_equal(a->y, first->y, a->n_points * sizeof *a->y);
        assert_memory_equal(a->ring_point, first->ring_point,
                            (a->n_rings + 1) * sizeof *a->ring_point);
        ps_areas_free(a);
    }
    ps_areas_free(first);
    ps_set_threads(0);
}

/* --- real data --------------------------------------------------------------------- */

static const char *real_file(const char *name) {
    const char *root = getenv("PLACESTAT_DATA");
    if (root == NULL) {
        print_message("PLACESTAT_DATA is not set: no real data here\n");
        skip();
    }
    const char *path = test_path(root, name);
    if (access(path, R_OK) != 0) {
        print_message("%s is not there\n", path);
        skip();
    }
    return path;
}

static void real_boundaries(void **state) {
    (void)state;
    ps_layer_report report;
    ps_layer_spec spec = {
        .path = real_file("lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip"),
        .code = "LSOA11CD"};
    ps_areas *a = read_areas(&spec, &report, NULL);
    assert_int_equal(a->n, 32844);
    assert_int_equal(report.invalid_geometry, 90);
    assert_int_equal(report.repaired, 90);
    assert_int_equal(report.skipped, 0);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
    ps_areas_free(a);
    spec = (ps_layer_spec){
        .path = real_file("messy/invalid_geometries__wards_WD19_wgs84.geojson"),
        .code = "wd19cd"};
    a = read_areas(&spec, &report, NULL);
    assert_int_equal(a->n, 8);
    assert_int_equal(report.repaired, 8);
    ps_areas_free(a);
    spec = (ps_layer_spec){.path = real_file("messy/shapefile_no_prj/LondonBoroughs.shp"),
                           .code = "ons_label"};
    refused(&spec, PS_CONFIG, "crs: EPSG:27700");
    spec.path = real_file("messy/shapefile_esri_prj/london_sport.shp");
    a = read_areas(&spec, NULL, NULL);
    assert_int_equal(a->n, 33);
    assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
    ps_areas_free(a);
    spec.path = real_file("ward_boundaries/wards_kirklees_leeds_27700.gpkg");
    refused(&spec, PS_CONFIG, "'WD19', 'WD20', 'WD21_lowres', 'WD22_lowres', 'WD13'");
}

/* All polygons of England as they are published: those that pass without GEOS are valid
 * for it, so the 90 that are not are the same as if it had judged them all. */
static void real_boundaries_are_judged_alike(void **state) {
    (void)state;
    char path[4200];
    snprintf(path, sizeof path, "/vsizip/%s",
             real_file("lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip"));
    ps_error err;
    ps_overlay *geos = NULL;
    ps_validity *quick = NULL;
    assert_int_equal(ps_overlay_open(&geos, &err), PS_OK);
    assert_int_equal(ps_validity_open(&quick, &err), PS_OK);
    GDALDatasetH dataset = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    assert_non_null(dataset);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    size_t all = 0, certain = 0, invalid = 0;
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        OGRGeometryH g = OGR_F_GetGeometryRef(feature);
        const size_t n = OGR_G_WkbSizeEx(g);
        unsigned char *wkb = malloc(n);
        assert_non_null(wkb);
        assert_int_equal(OGR_G_ExportToWkb(g, wkbNDR, wkb), OGRERR_NONE);
        bool sure;
        int valid;
        char why[200];
        assert_int_equal(ps_validity_certain(quick, wkb, n, &sure, &err), PS_OK);
        assert_int_equal(ps_overlay_valid(geos, wkb, n, &valid, why, &err), PS_OK);
        assert_true(valid || !sure);
        all++;
        certain += sure;
        invalid += valid == 0;
        free(wkb);
        OGR_F_Destroy(feature);
    }
    print_message("%zu of %zu certain, %zu invalid\n", certain, all, invalid);
    assert_int_equal(all, 32844);
    assert_int_equal(invalid, 90);
    assert_true(certain > 32500);
    GDALClose(dataset);
    ps_validity_close(quick);
    ps_overlay_close(geos);
}

static void real_workbooks(void **state) {
    (void)state;
    const char *path = real_file("imd/2015_Local_Authority_District_Summaries.xlsx");
    const ps_str imd[] = {ps_str_of("Local Authority District code (2013)"),
                          ps_str_of("IMD - Average rank"),
                          ps_str_of("IMD - Average score")};
    ps_table *t = must_read(path, "IMD", 1, imd, 3);
    assert_int_equal(ps_table_rows(t), 326);
    bool met = false;
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        if (!ps_str_is(ps_table_cell(t, r, 0), "E08000034")) continue;
        met = true;
        cell_is(t, r, 1, "18459.78");
        cell_is(t, r, 2, "23.964");
    }
    assert_true(met);
    ps_table_free(t);
    path = real_file("fly_tipping/flytipping_la.ods");
    const ps_str tips[] = {ps_str_of("Year"), ps_str_of("ONS Code"),
                           ps_str_of("Total Incidents")};
    t = must_read(path, "LA_incidents", 3, tips, 3);
    assert_true(ps_table_rows(t) > 3600);
    assert_int_equal(ps_table_row_in_file(t, 0), 4);
    size_t kirklees = 0;
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        if (!ps_str_is(ps_table_cell(t, r, 1), "E08000034")) continue;
        double value;
        bool missing;
        ps_error err;
        assert_int_equal(ps_table_number(t, r, 2, &value, &missing, &err), PS_OK);
        assert_true(!missing && value > 100);
        kirklees++;
    }
    assert_int_equal(kirklees, 11);
    ps_table_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_geojson),
        cmocka_unit_test(honours_what_a_file_says_of_its_crs),
        cmocka_unit_test(one_policy_for_bad_shapes),
        cmocka_unit_test(codes_are_unique_and_there),
        cmocka_unit_test(reads_geopackage_layers),
        cmocka_unit_test(reads_shapefiles),
        cmocka_unit_test(reads_zip_archives),
        cmocka_unit_test(opens_local_vector_files_only),
        cmocka_unit_test(reads_points_in_blocks),
        cmocka_unit_test(reads_workbooks),
        cmocka_unit_test(writes_the_same_geopackage_twice),
        cmocka_unit_test(survives_lack_of_memory),
        cmocka_unit_test(leaves_gdal_as_it_was),
        cmocka_unit_test(reads_batches_alike),
        cmocka_unit_test(real_boundaries),
        cmocka_unit_test(real_boundaries_are_judged_alike),
        cmocka_unit_test(real_workbooks),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
