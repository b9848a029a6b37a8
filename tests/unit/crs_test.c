/* Coordinate systems and the choice of an operation between them. */
#include "geo/crs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test point of the Ordnance Survey (St Mary's, Scilly): ETRS89 and its OSTN15 grid
 * reference. */
static const double os_lon = -6.29977752014, os_lat = 49.92226393730;
static const double os_east = 91492.146, os_north = 11318.804;

static ps_crs *must_open(const char *definition) {
    ps_error err = {PS_OK, ""};
    ps_crs *crs = NULL;
    if (ps_crs_open(definition, &crs, &err) != PS_OK) fail_msg("%s", err.text);
    assert_non_null(crs);
    return crs;
}

static void refused(const char *definition, ps_status status, const char *words) {
    ps_error err = {PS_OK, ""};
    ps_crs *crs = (ps_crs *)(void *)&err;
    assert_int_equal(ps_crs_open(definition, &crs, &err), status);
    assert_null(crs);
    if (strstr(err.text, words) == NULL) fail_msg("'%s' is not in: %s", words, err.text);
}

static void opens_codes(void **state) {
    (void)state;
    ps_crs *bng = must_open("EPSG:27700");
    assert_string_equal(ps_crs_code(bng), "EPSG:27700");
    assert_string_equal(ps_crs_name(bng), "OSGB36 / British National Grid");
    assert_false(ps_crs_is_geographic(bng));
    assert_true(ps_crs_metres(bng) == 1);
    ps_crs *again = must_open(ps_crs_wkt(bng));
    assert_string_equal(ps_crs_code(again), "EPSG:27700");
    assert_true(ps_crs_same(bng, again));

    static const char *const same[] = {"27700", "epsg:27700", " EPSG:27700 ",
                                       "urn:ogc:def:crs:EPSG::27700", "+init=epsg:27700"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        ps_crs *other = must_open(same[i]);
        assert_true(ps_crs_same(bng, other));
        ps_crs_free(other);
    }
    ps_crs *wgs = must_open("EPSG:4326"), *crs84 = must_open("CRS84");
    assert_true(ps_crs_is_geographic(wgs));
    assert_true(ps_crs_metres(wgs) == 1);
    assert_true(ps_crs_same(wgs, crs84));
    assert_false(ps_crs_same(wgs, bng));
    ps_crs *high = must_open("EPSG:4979"); /* the same with heights */
    assert_true(ps_crs_same(wgs, high));
    ps_crs *etrs = must_open("EPSG:4258");
    assert_false(ps_crs_same(wgs, etrs));
    ps_crs *compound = must_open("EPSG:7405"); /* grid and height above datum Newlyn */
    assert_true(ps_crs_same(bng, compound));
    ps_crs *feet = must_open("EPSG:2263");
    assert_true(fabs(ps_crs_metres(feet) - 0.3048006) < 1e-7);
    ps_crs_free(feet);
    ps_crs_free(compound);
    ps_crs_free(etrs);
    ps_crs_free(high);
    ps_crs_free(crs84);
    ps_crs_free(wgs);
    ps_crs_free(again);
    ps_crs_free(bng);
    ps_crs_free(NULL);
}

static const char esri_wkt[] =
    "PROJCS[\"British_National_Grid\",GEOGCS[\"GCS_OSGB_1936\",DATUM[\"D_OSGB_1936\","
    "SPHEROID[\"Airy_1830\",6377563.396,299.3249646]],PRIMEM[\"Greenwich\",0.0],"
    "UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
    "PARAMETER[\"False_Easting\",400000.0],PARAMETER[\"False_Northing\",-100000.0],"
    "PARAMETER[\"Central_Meridian\",-2.0],PARAMETER[\"Scale_Factor\",0.9996012717],"
    "PARAMETER[\"Latitude_Of_Origin\",49.0],UNIT[\"Meter\",1.0]]";

static const char shifted_wkt[] =
    "PROJCS[\"OSGB 1936 / British National Grid\",GEOGCS[\"OSGB "
    "1936\",DATUM[\"OSGB_1936\","
    "SPHEROID[\"Airy "
    "1830\",6377563.396,299.3249646],TOWGS84[446.448,-125.157,542.06,0.15,"
    "0.247,0.842,-20.489]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],"
    "PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",49],"
    "PARAMETER[\"central_meridian\",-2],PARAMETER[\"scale_factor\",0.9996012717],"
    "PARAMETER[\"false_easting\",400000],PARAMETER[\"false_northing\",-100000],"
    "UNIT[\"metre\",1]]";

static void identifies_wkt_without_authority(void **state) {
    (void)state;
    ps_crs *crs = must_open(esri_wkt);
    assert_string_equal(ps_crs_code(crs), "EPSG:27700");
    ps_crs_free(crs);
    crs = must_open(shifted_wkt);
    assert_string_equal(ps_crs_code(crs), "EPSG:27700");
    ps_crs_free(crs);
    /* One parameter is another: it must not be taken for the British grid. */
    char other[sizeof esri_wkt];
    memcpy(other, esri_wkt, sizeof other);
    char *meridian = strstr(other, "-2.0");
    assert_non_null(meridian);
    meridian[1] = '3';
    crs = must_open(other);
    assert_string_not_equal(ps_crs_code(crs), "EPSG:27700");
    ps_crs_free(crs);
}

static void disbelieves_a_wrong_code(void **state) {
    (void)state;
    ps_crs *real = must_open("EPSG:27700");
    char *text = strdup(ps_crs_wkt(real));
    assert_non_null(text);
    char *easting = strstr(text, "400000");
    assert_non_null(easting);
    easting[0] = '5';
    ps_crs *moved = must_open(text);
    assert_string_not_equal(ps_crs_code(moved), "EPSG:27700");
    assert_false(ps_crs_same(real, moved));
    free(text);
    ps_crs_free(moved);
    ps_crs_free(real);
}

static void refuses(void **state) {
    (void)state;
    refused("", PS_CONFIG, "EPSG:27700");
    refused("British National Grid", PS_CONFIG, "not a coordinate reference system");
    refused("EPSG:999999", PS_CONFIG, "not known");
    refused("EPSG:5701", PS_CONFIG, "heights");
    refused("EPSG:4978", PS_CONFIG, "neither");
    refused("+proj=longlat +nadgrids=/etc/passwd", PS_CONFIG, "names a file");
    refused("+init=/tmp/secret:1", PS_CONFIG, "names a file");
    refused("+proj=pipeline +step +proj=xyzgridshift +grids=a.tif", PS_CONFIG,
            "names a file");
    refused("/etc/passwd", PS_CONFIG, "not a coordinate");
    refused("EPSG:27700/../x", PS_CONFIG, "not a coordinate");
    refused("PROJCS[\"broken", PS_CONFIG, "not known");
    refused("EPSG:4807", PS_UNSUPPORTED, "degrees"); /* NTF (Paris), in grads */
    char *vast = malloc(100001);
    assert_non_null(vast);
    memset(vast, '[', 100000);
    vast[100000] = '\0';
    refused(vast, PS_CONFIG, "...");
    free(vast);
    ps_crs *mercator = must_open("+proj=merc +a=6378137 +b=6378137 +nadgrids=@null");
    ps_crs_free(mercator);
}

static void knows_where_coordinates_make_sense(void **state) {
    (void)state;
    double box[4];
    ps_crs *bng = must_open("EPSG:27700");
    assert_true(ps_crs_plausible_box(bng, box));
    assert_true(box[0] < 0 && box[0] > -300000 && box[2] > 655000 && box[2] < 900000);
    assert_true(box[1] < 6000 && box[1] > -300000 && box[3] > 1219000 &&
                box[3] < 1500000);
    ps_crs *wgs = must_open("EPSG:4326");
    assert_true(ps_crs_plausible_box(wgs, box));
    assert_true(box[0] == -180 && box[1] == -90 && box[2] == 180 && box[3] == 90);
    ps_crs *own = must_open("+proj=tmerc +lat_0=10 +lon_0=3 +ellps=GRS80");
    assert_false(ps_crs_plausible_box(own, box));
    ps_crs_free(own);
    ps_crs_free(wgs);
    ps_crs_free(bng);
}

static ps_crs_operation *must_operate(const char *from, const char *to, const double *box,
                                      double accuracy) {
    ps_error err = {PS_OK, ""};
    ps_crs *a = must_open(from), *b = must_open(to);
    ps_crs_operation *op = NULL;
    if (ps_crs_operation_open(a, b, box, accuracy, &op, &err) != PS_OK)
        fail_msg("%s", err.text);
    ps_crs_free(a);
    ps_crs_free(b);
    return op;
}

static void chooses_by_what_is_installed(void **state) {
    (void)state;
    const double box[4] = {-6.4, 49.9, -6.2, 50.0};
    const double *const boxes[] = {NULL, box};
    for (int i = 0; i < 2; i++) {
        ps_crs_operation *op = must_operate("EPSG:4326", "EPSG:27700", boxes[i], 0);
        const ps_crs_operation_info *info = ps_crs_operation_describe(op);
        double x = os_lon, y = os_lat;
        assert_int_equal(ps_crs_operation_apply(op, 1, &x, &y), 0);
        double off = hypot(x - os_east, y - os_north);
        if (info->grid[0] != '\0') {
            assert_string_equal(info->grid, "uk_os_OSTN15_NTv2_OSGBtoETRS.tif");
            assert_string_equal(info->missing_grid, "");
            assert_true(info->accuracy > 0 && info->accuracy <= 1);
            assert_true(off < 0.01);
        } else {
            assert_string_equal(info->missing_grid, "uk_os_OSTN15_NTv2_OSGBtoETRS.tif");
            assert_true(info->missing_accuracy == 1);
            assert_true(info->accuracy == 2);
            assert_non_null(strstr(info->name, "OSGB36 to WGS 84 (6)"));
            assert_true(off > 4 && off < 5.5);
        }
        ps_crs_operation_free(op);
    }
}

static void strictness_stops_or_the_grid_is_there(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_crs *a = must_open("CRS84"), *b = must_open("EPSG:27700");
    ps_crs_operation *op = NULL;
    ps_status status = ps_crs_operation_open(a, b, NULL, 1.5, &op, &err);
    if (status == PS_OK) {
        assert_string_not_equal(ps_crs_operation_describe(op)->grid, "");
    } else {
        assert_int_equal(status, PS_GATE);
        assert_null(op);
        assert_non_null(strstr(err.text, "projsync --file uk_os_OSTN15"));
        assert_non_null(strstr(err.text, "1.5 m"));
    }
    ps_crs_operation_free(op);
    ps_crs_free(a);
    ps_crs_free(b);
}

static void there_and_back(void **state) {
    (void)state;
    ps_crs_operation *to = must_operate("EPSG:4326", "EPSG:27700", NULL, 0);
    ps_crs_operation *back = must_operate("EPSG:27700", "EPSG:4326", NULL, 0);
    double x[3] = {-1.5, os_lon, HUGE_VAL}, y[3] = {53.8, os_lat, 1};
    assert_int_equal(ps_crs_operation_apply(to, 3, x, y), 1);
    assert_true(x[0] > 430000 && x[0] < 434000 && y[0] > 430000 && y[0] < 440000);
    assert_true(isinf(x[2]) && isinf(y[2]));
    ps_crs_operation *twin = NULL;
    ps_error err;
    assert_int_equal(ps_crs_operation_clone(to, &twin, &err), PS_OK);
    double x2 = -1.5, y2 = 53.8;
    assert_int_equal(ps_crs_operation_apply(twin, 1, &x2, &y2), 0);
    assert_true(x2 == x[0] && y2 == y[0]);
    assert_string_equal(ps_crs_operation_describe(twin)->name,
                        ps_crs_operation_describe(to)->name);
    ps_crs_operation_free(to); /* the clone lives on */
    assert_int_equal(ps_crs_operation_apply(twin, 1, &x2, &y2) <= 1, 1);
    assert_int_equal(ps_crs_operation_apply(back, 2, x, y), 0);
    assert_true(fabs(x[0] + 1.5) < 1e-7 && fabs(y[0] - 53.8) < 1e-7);
    assert_true(fabs(x[1] - os_lon) < 1e-7 && fabs(y[1] - os_lat) < 1e-7);
    double bad_x = NAN, bad_y = 50;
    assert_int_equal(ps_crs_operation_apply(back, 1, &bad_x, &bad_y), 1);
    assert_true(isinf(bad_x));
    ps_crs_operation_free(twin);
    ps_crs_operation_free(back);
    ps_crs_operation_free(NULL);
}

static void same_system_is_left_alone(void **state) {
    (void)state;
    ps_crs_operation *op = must_operate("EPSG:4326", "CRS84", NULL, 0.001);
    assert_true(ps_crs_operation_describe(op)->accuracy == 0);
    double x = os_lon, y = os_lat;
    assert_int_equal(ps_crs_operation_apply(op, 1, &x, &y), 0);
    assert_true(x == os_lon && y == os_lat);
    ps_crs_operation *twin = NULL;
    ps_error err;
    assert_int_equal(ps_crs_operation_clone(op, &twin, &err), PS_OK);
    assert_int_equal(ps_crs_operation_apply(twin, 1, &x, &y), 0);
    assert_true(x == os_lon && y == os_lat);
    ps_crs_operation_free(twin);
    ps_crs_operation_free(op);
}

static void no_operation_without_a_datum(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_crs *a = must_open(
        "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 "
        "+y_0=-100000 +ellps=airy +units=m");
    ps_crs *b = must_open("EPSG:4326");
    ps_crs_operation *op = NULL;
    assert_int_equal(ps_crs_operation_open(a, b, NULL, 0, &op, &err), PS_CONFIG);
    assert_null(op);
    assert_non_null(strstr(err.text, "EPSG:27700"));
    ps_crs_free(a);
    /* A box with x and y swapped lies where no British operation is valid. */
    a = must_open("EPSG:27700");
    const double swapped[4] = {53.6, -1.8, 53.7, -1.7};
    assert_int_equal(ps_crs_operation_open(b, a, swapped, 0, &op, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "swapped"));
    ps_crs_free(a);
    ps_crs_free(b);
}

static void survives_lack_of_memory(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_crs *a = must_open("EPSG:4326"), *b = must_open("EPSG:27700");
    for (long n = 1;; n++) {
        ps_crs *crs = NULL, *copy = NULL;
        ps_crs_operation *op = NULL, *twin = NULL;
        ps_mem_fail_from(n);
        ps_status status = ps_crs_open("EPSG:27700", &crs, &err);
        if (status == PS_OK) status = ps_crs_copy(crs, &copy, &err);
        if (status == PS_OK) status = ps_crs_operation_open(a, b, NULL, 0, &op, &err);
        if (status == PS_OK) status = ps_crs_operation_clone(op, &twin, &err);
        ps_mem_fail_from(0);
        if (status == PS_OK) assert_string_equal(ps_crs_code(copy), "EPSG:27700");
        ps_crs_operation_free(twin);
        ps_crs_operation_free(op);
        ps_crs_free(copy);
        ps_crs_free(crs);
        if (status == PS_OK) break;
        assert_int_equal(status, PS_NOMEM);
        assert_true(n < 100);
    }
    ps_crs_free(a);
    ps_crs_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_codes),
        cmocka_unit_test(identifies_wkt_without_authority),
        cmocka_unit_test(disbelieves_a_wrong_code),
        cmocka_unit_test(refuses),
        cmocka_unit_test(knows_where_coordinates_make_sense),
        cmocka_unit_test(chooses_by_what_is_installed),
        cmocka_unit_test(strictness_stops_or_the_grid_is_there),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(same_system_is_left_alone),
        cmocka_unit_test(no_operation_without_a_datum),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
