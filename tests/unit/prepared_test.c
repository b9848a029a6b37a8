/* Prepared files give what was prepared, and nothing else, whatever is in the folder. */
#include "geo/prepared.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/par.h"
#include "tests/support/tiling.h"

static ps_areas *country(uint64_t seed) {
    const tiling_spec spec = {.seed = seed,
                              .columns = 6,
                              .rows = 5,
                              .steps = 6,
                              .size = 30000,
                              .growth = 1.3,
                              .wiggle = 0.2,
                              .enclaves = true};
    return tiling_make(&spec);
}

static ps_locator *get(const char *folder, const ps_areas *areas, bool geographic) {
    const ps_prepared prepared = {{folder, INT64_MAX}, 0};
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    if (ps_prepared_locator(&prepared, &(ps_locator_layer){areas, NULL}, 1, geographic,
                            &l, &err) != PS_OK)
        fail_msg("%s", err.text);
    return l;
}

/* The files of a folder but the small ones, of what the libraries answered and of the
 * hashes of sources. */
static size_t large_files(const char *folder) {
    static const char *const small[] = {".libs", ".crs", ".op", ".source"};
    char command[640];
    size_t n = test_folder_entries(folder);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        snprintf(command, sizeof command, "ls %s | grep -c '\\%s$'", folder, small[i]);
        FILE *list = popen(command, "r");
        int found = 0;
        assert_non_null(list);
        assert_int_equal(fscanf(list, "%d", &found), 1);
        pclose(list);
        n -= (size_t)found;
    }
    return n;
}

/* The path of the only file with an ending. */
static const char *only(const char *folder, const char *ending) {
    static char path[512];
    char command[640];
    snprintf(command, sizeof command, "ls %s/*.%s", folder, ending);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    assert_non_null(fgets(path, sizeof path, list));
    path[strcspn(path, "\n")] = '\0';
    pclose(list);
    return path;
}

static void put(const char *path, const char *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void test_index_comes_back(void **state) {
    (void)state;
    char *folder = test_folder_make();
    ps_areas *areas = country(1);
    ps_error err = {PS_OK, ""};
    ps_locator *plain = NULL;
    assert_int_equal(
        ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &plain, &err),
        PS_OK);
    for (int i = 0; i < 3; i++) { /* made, checked, taken as checked */
        ps_locator *l = get(folder, areas, false);
        assert_true(ps_locator_same(plain, l));
        assert_int_equal(test_folder_entries(folder), i == 0 ? 1 : 2);
        tiling_points p = {0};
        ps_areas *frozen = NULL;
        assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
        tiling_points_of(frozen, 3, 1, 2000, &p);
        for (size_t k = 0; k < p.n; k++) {
            const double x = (double)p.x[k] / 1000, y = (double)p.y[k] / 1000;
            int32_t row = -2, want = -2;
            int64_t ties = 0, want_ties = 0;
            ps_locate(l, 1, &x, &y, &row, &ties);
            ps_locate(plain, 1, &x, &y, &want, &want_ties);
            assert_int_equal(row, want);
            assert_int_equal(ties, want_ties);
        }
        tiling_points_free(&p);
        ps_areas_free(frozen);
        ps_locator_free(l);
    }
    ps_locator_free(plain);
    ps_areas_free(areas);
    test_folder_remove(folder);
}

/* Other areas, other units, another operation: other files. */
static void test_keys_differ(void **state) {
    (void)state;
    char *folder = test_folder_make();
    ps_areas *one = country(1), *two = country(2);
    ps_locator_free(get(folder, one, false));
    ps_locator_free(get(folder, two, false));
    ps_locator_free(get(folder, one, true));
    assert_int_equal(test_folder_entries(folder), 3);
    const ps_prepared prepared = {{folder, INT64_MAX}, 0};
    ps_error err = {PS_OK, ""};
    const char *const to[] = {"EPSG:4326", "EPSG:32630"};
    ps_crs *grid = NULL, *other = NULL;
    assert_int_equal(ps_crs_open("EPSG:27700", &grid, &err), PS_OK);
    for (size_t i = 0; i < 2; i++) {
        ps_crs_operation *op = NULL;
        assert_int_equal(ps_crs_open(to[i], &other, &err), PS_OK);
        assert_int_equal(ps_crs_operation_open(grid, other, NULL, 0, &op, &err), PS_OK);
        ps_locator *plain = NULL, *l = NULL;
        assert_int_equal(
            ps_locator_build(&(ps_locator_layer){one, op}, 1, i == 0, &plain, &err),
            PS_OK);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(ps_prepared_locator(&prepared, &(ps_locator_layer){one, op},
                                                 1, i == 0, &l, &err),
                             PS_OK);
            assert_true(ps_locator_same(plain, l));
            ps_locator_free(l);
        }
        ps_locator_free(plain);
        ps_crs_operation_free(op);
        ps_crs_free(other);
        assert_int_equal(large_files(folder), 3 + 2 * (i + 1));
    }
    ps_crs_free(grid);
    ps_areas_free(one);
    ps_areas_free(two);
    test_folder_remove(folder);
}

/* A byte changed anywhere, a file cut or longer: made again. */
static void test_damage_is_found(void **state) {
    (void)state;
    char *folder = test_folder_make();
    ps_areas *areas = country(1);
    ps_locator *plain = get(NULL, areas, false);
    ps_locator_free(get(folder, areas, false));
    char path[512];
    snprintf(path, sizeof path, "%s", only(folder, "index"));
    size_t n = 0;
    char *good = test_file_read(path, &n);
    assert_non_null(good);
    char *bad = malloc(n + 64);
    assert_non_null(bad);
    for (size_t i = 0; i < 120; i++) {
        size_t size = n;
        memcpy(bad, good, n);
        if (i < 100)
            bad[i < 70 ? i : n / 30 * (i - 70)] ^= (char)(1 << i % 8);
        else if (i < 110)
            size = n / 10 * (i - 100);
        else
            memset(bad + n, 0, 64), size = n + 4 * (i - 109);
        /* in place of a file that was found in order: its seal no longer fits */
        ps_locator_free(get(folder, areas, false));
        put(path, bad, size);
        ps_locator *l = get(folder, areas, false);
        assert_true(ps_locator_same(plain, l));
        ps_locator_free(l);
        char *now = test_file_read(path, &size);
        assert_int_equal(size, n);
        assert_memory_equal(now, good, n);
        free(now);
    }
    free(bad);
    free(good);
    ps_locator_free(plain);
    ps_areas_free(areas);
    test_folder_remove(folder);
}

/* Bytes with a right hash and wrong entries: refused, or harmless. The buffer is as long
 * as the bytes, so that a sanitizer sees any step beyond. */
static void no_entry_leads_astray(size_t layers) {
    char *folder = test_folder_make();
    ps_areas *areas = country(4), *groups = tiling_group(areas, 5), *far = country(6);
    const ps_locator_layer layer[] = {{areas, NULL}, {groups, NULL}, {far, NULL}};
    const ps_prepared prepared = {{folder, INT64_MAX}, 0};
    ps_locator *plain = NULL;
    assert_int_equal(ps_prepared_locator(&prepared, layer, layers, false, &plain, NULL),
                     PS_OK);
    size_t n = 0;
    char *file = test_file_read(only(folder, "index"), &n);
    n -= PS_STORE_HEAD + 16;
    uint64_t seed = 9;
    enum { N = 300 };
    double x[N], y[N];
    int32_t row[3 * N];
    for (size_t i = 0; i < N; i++) {
        x[i] = -10 + tiling_uniform(&seed) * 600;
        y[i] = -10 + tiling_uniform(&seed) * 500;
    }
    ps_error err;
    size_t refused = 0, taken = 0;
    for (int i = 0; i < 6000; i++) {
        char *bytes = malloc(n);
        assert_non_null(bytes);
        memcpy(bytes, file + PS_STORE_HEAD, n);
        const int changes = 1 + i % 3;
        for (int c = 0; c < changes; c++) {
            const size_t at = test_random_below(&seed, i % 4 == 0 ? 30 : n / 4) * 4;
            uint32_t word;
            memcpy(&word, bytes + at, 4);
            switch (test_random_below(&seed, 4)) {
                case 0:
                    word ^= 1u << test_random_below(&seed, 32);
                    break;
                case 1:
                    word = (uint32_t)test_random(&seed);
                    break;
                case 2:
                    word += (uint32_t)test_random_below(&seed, 65) - 32;
                    break;
                default:
                    word |= 0xc0000000u;
                    break;
            }
            memcpy(bytes + at, &word, 4);
        }
        ps_locator *l = NULL;
        const ps_status status =
            ps_locator_view(bytes, n, true, layer, layers, false, free, bytes, &l, &err);
        if (status == PS_OK) {
            ps_locate(l, N, x, y, row, NULL);
            for (size_t k = 0; k < layers * N; k++)
                assert_true(row[k] >= PS_NONE && row[k] < (int32_t)layer[k / N].areas->n);
            ps_locator_free(l);
            taken++;
        } else {
            assert_int_equal(status, PS_FORMAT);
            assert_null(l);
            free(bytes);
            refused++;
        }
    }
    assert_true(refused > 1000 && taken > 100);
    free(file);
    ps_locator_free(plain);
    ps_areas_free(far);
    ps_areas_free(groups);
    ps_areas_free(areas);
    test_folder_remove(folder);
}

static void test_no_entry_leads_astray(void **state) {
    (void)state;
    no_entry_leads_astray(1);
    no_entry_leads_astray(3);
}

/* An index of several layers: in one file, which none of the layers alone has, nor the
 * same in another order. */
static void test_layers(void **state) {
    (void)state;
    char *folder = test_folder_make();
    ps_areas *areas = country(1), *groups = tiling_group(areas, 4);
    const ps_locator_layer layer[] = {{areas, NULL}, {groups, NULL}, {areas, NULL}};
    const ps_prepared prepared = {{folder, INT64_MAX}, 0};
    ps_error err = {PS_OK, ""};
    ps_locator *plain = NULL;
    assert_int_equal(ps_locator_build(layer, 2, false, &plain, &err), PS_OK);
    for (int i = 0; i < 3; i++) { /* made, checked, taken as checked */
        ps_locator *l = NULL;
        assert_int_equal(ps_prepared_locator(&prepared, layer, 2, false, &l, &err),
                         PS_OK);
        assert_true(ps_locator_same(plain, l));
        ps_locator_free(l);
        assert_int_equal(test_folder_entries(folder), i == 0 ? 1 : 2);
    }
    size_t n = 0;
    char *file = test_file_read(only(folder, "index"), &n),
         *body = malloc(n - PS_STORE_HEAD - 16);
    assert_true(file != NULL && body != NULL);
    memcpy(body, file + PS_STORE_HEAD, n - PS_STORE_HEAD - 16);
    ps_locator *l = NULL;
    for (size_t from = 0; from < 2; from++) {
        for (size_t layers = 1; layers <= 3 - from; layers++) {
            const bool right = from == 0 && layers == 2;
            const ps_status status =
                ps_locator_view(body, n - PS_STORE_HEAD - 16, true, layer + from, layers,
                                false, NULL, NULL, &l, &err);
            assert_int_equal(status, right ? PS_OK : PS_FORMAT);
            ps_locator_free(l);
        }
    }
    free(body);
    free(file);
    assert_int_equal(ps_prepared_locator(&prepared, layer, 1, false, &l, &err), PS_OK);
    ps_locator_free(l);
    assert_int_equal(test_folder_entries(folder), 3);
    assert_int_equal(ps_prepared_locator(&prepared, layer + 1, 2, false, &l, &err),
                     PS_OK);
    ps_locator_free(l);
    assert_int_equal(test_folder_entries(folder), 4);
    ps_locator_free(plain);
    ps_areas_free(groups);
    ps_areas_free(areas);
    test_folder_remove(folder);
}

/* --- areas --- */

static const char layer[] =
    "{\"type\":\"FeatureCollection\",\"features\":["
    "{\"type\":\"Feature\",\"properties\":{\"id\":\"B2\",\"title\":\"Second\"},"
    "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[1,0],[2,0],[2,1],[1,1],[1,0]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"id\":\"A1\",\"title\":\"First\"},"
    "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"id\":\"C3\",\"title\":null},"
    "\"geometry\":null}]}";

typedef struct heard {
    char text[4096];
} heard;

static void hear(void *context, ps_talk_level level, const char *sentence) {
    heard *h = context;
    const size_t n = strlen(h->text);
    snprintf(h->text + n, sizeof h->text - n, "%d %s\n", (int)level, sentence);
}

static ps_areas *read_layer(const ps_prepared *prepared, const char *path,
                            const char *where, heard *h, ps_layer_report *report) {
    const ps_layer_spec spec = {
        .path = path, .code = "id", .name = "title", .where = where};
    *h = (heard){""};
    *report = (ps_layer_report){0};
    const ps_talk talk = {hear, NULL, h};
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    if (ps_prepared_areas(prepared, &spec, &talk, &areas, report, &err) != PS_OK)
        fail_msg("%s", err.text);
    return areas;
}

static void assert_same_areas(const ps_areas *a, const ps_areas *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_rings, b->n_rings);
    assert_int_equal(a->n_points, b->n_points);
    assert_memory_equal(a->area_ring, b->area_ring, (a->n + 1) * sizeof *a->area_ring);
    assert_memory_equal(a->ring_point, b->ring_point,
                        (a->n_rings + 1) * sizeof *a->ring_point);
    assert_memory_equal(a->x, b->x, a->n_points * sizeof *a->x);
    assert_memory_equal(a->y, b->y, a->n_points * sizeof *a->y);
    assert_memory_equal(a->box, b->box, 4 * a->n * sizeof *a->box);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->code[i].p, b->code[i].p);
        assert_string_equal(a->name[i].p, b->name[i].p);
        assert_int_equal(ps_keys_find(b->by_code, a->code[i]), i);
    }
    assert_string_equal(ps_crs_wkt(a->crs), ps_crs_wkt(b->crs));
    assert_string_equal(ps_crs_code(a->crs), ps_crs_code(b->crs));
}

static void test_areas_come_back(void **state) {
    (void)state;
    char *folder = test_folder_make(), *kept = test_folder_make();
    char path[512];
    snprintf(path, sizeof path, "%s",
             test_file_write(folder, "wards.geojson", layer, sizeof layer - 1));
    const ps_prepared none = {{NULL, 0}, 0}, prepared = {{kept, INT64_MAX}, 0};
    heard want, said;
    ps_layer_report want_report, report;
    ps_areas *plain = read_layer(&none, path, NULL, &want, &want_report);
    assert_int_equal(want_report.invalid_geometry, 1);
    assert_int_equal(test_folder_entries(kept), 0);
    for (int i = 0; i < 3; i++) {
        ps_areas *areas = read_layer(&prepared, path, NULL, &said, &report);
        assert_same_areas(plain, areas);
        assert_string_equal(said.text, want.text);
        assert_memory_equal(&report, &want_report, sizeof report);
        assert_int_equal(large_files(kept), i == 0 ? 1 : 2);
        ps_areas_free(areas);
    }
    /* each byte of the head and some of the body damaged in turn */
    char file[512];
    snprintf(file, sizeof file, "%s", only(kept, "areas"));
    size_t n = 0;
    char *bytes = test_file_read(file, &n);
    for (size_t i = 0; i < n; i += i < 64 ? 3 : 37) {
        bytes[i] ^= 0x20;
        put(file, bytes, n);
        bytes[i] ^= 0x20;
        ps_areas *areas = read_layer(&prepared, path, NULL, &said, &report);
        assert_same_areas(plain, areas);
        assert_string_equal(said.text, want.text);
        ps_areas_free(areas);
    }
    free(bytes);
    /* another question, another content */
    ps_areas_free(read_layer(&prepared, path, "id = 'B2'", &said, &report));
    assert_int_equal(report.features, 1);
    char *changed = strdup(layer);
    assert_non_null(changed);
    memcpy(strstr(changed, "Second"), "Twelve", 6);
    put(path, changed, sizeof layer - 1);
    ps_areas *areas = read_layer(&prepared, path, NULL, &said, &report);
    assert_string_equal(areas->name[1].p, "Twelve");
    ps_areas_free(areas);
    free(changed);
    ps_areas_free(plain);
    test_folder_remove(folder);
    test_folder_remove(kept);
}

static void write_package(const char *path, const char *layer_name, ps_areas *areas) {
    const ps_field field[] = {{"id", PS_FIELD_TEXT}, {"title", PS_FIELD_TEXT}};
    ps_field_value *values = calloc(2 * areas->n, sizeof *values);
    ps_error err = {PS_OK, ""};
    ps_geopackage *gpkg;
    assert_non_null(values);
    for (size_t i = 0; i < areas->n; i++) {
        values[2 * i].text = areas->code[i];
        values[2 * i + 1].text = areas->name[i];
    }
    assert_int_equal(ps_geopackage_create(path, &gpkg, &err), PS_OK);
    assert_int_equal(
        ps_geopackage_areas(gpkg, layer_name, "", areas, field, 2, values, &err), PS_OK);
    assert_int_equal(ps_geopackage_close(gpkg, &err), PS_OK);
    free(values);
}

/* Areas are kept by the libraries that read them: of a plain GeoPackage without GDAL,
 * through a filter with it. */
static void test_areas_of_packages_come_back(void **state) {
    (void)state;
    char *folder = test_folder_make(), *kept = test_folder_make();
    char path[512];
    const ps_prepared none = {{NULL, 0}, 0}, prepared = {{kept, INT64_MAX}, 0};
    heard want, said;
    ps_layer_report want_report, report;
    snprintf(path, sizeof path, "%s",
             test_file_write(folder, "wards.geojson", layer, sizeof layer - 1));
    ps_areas *wards = read_layer(&none, path, NULL, &want, &want_report);
    snprintf(path, sizeof path, "%s", test_path(folder, "wards.gpkg"));
    write_package(path, "wards", wards);
    ps_areas_free(wards);
    static const char *const filter[] = {NULL, "id <> 'B2'"};
    for (size_t f = 0; f < 2; f++) {
        ps_areas *first = read_layer(&none, path, filter[f], &want, &want_report);
        assert_int_equal(want_report.plain, f == 0);
        for (int i = 0; i < 3; i++) {
            ps_areas *areas = read_layer(&prepared, path, filter[f], &said, &report);
            assert_same_areas(first, areas);
            assert_string_equal(said.text, want.text);
            assert_memory_equal(&report, &want_report, sizeof report);
            assert_int_equal(large_files(kept), 2 * f + (i == 0 ? 1 : 2));
            ps_areas_free(areas);
        }
        ps_areas_free(first);
    }
    test_folder_remove(folder);
    test_folder_remove(kept);
}

/* No folder, one that cannot be made, small sets: as if there were none. */
static void test_nothing_is_kept(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const char *file = test_file_write(folder, "file", "x", 1);
    char below[512];
    snprintf(below, sizeof below, "%s/below", file);
    ps_areas *areas = country(1);
    ps_locator_free(get(below, areas, false));
    ps_locator_free(get("relative/folder", areas, false));
    const ps_prepared few = {{folder, INT64_MAX}, 1000000};
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    assert_int_equal(
        ps_prepared_locator(&few, &(ps_locator_layer){areas, NULL}, 1, false, &l, &err),
        PS_OK);
    ps_locator_free(l);
    assert_int_equal(test_folder_entries(folder), 1);
    /* one that others may write to is never taken as checked */
    ps_locator_free(get(folder, areas, false));
    assert_int_equal(chmod(only(folder, "index"), 0666), 0);
    ps_locator_free(get(folder, areas, false));
    assert_int_equal(test_folder_entries(folder), 2);
    ps_areas_free(areas);
    test_folder_remove(folder);
}

static void assert_same_crs(const ps_crs *a, const ps_crs *b) {
    double box[4] = {0}, other[4] = {0};
    assert_string_equal(ps_crs_name(a), ps_crs_name(b));
    assert_string_equal(ps_crs_code(a), ps_crs_code(b));
    assert_string_equal(ps_crs_wkt(a), ps_crs_wkt(b));
    assert_int_equal(ps_crs_is_geographic(a), ps_crs_is_geographic(b));
    assert_true(ps_crs_metres(a) == ps_crs_metres(b));
    assert_int_equal(ps_crs_plausible_box(a, box), ps_crs_plausible_box(b, other));
    assert_memory_equal(box, other, sizeof box);
}

static void assert_same_operation(ps_crs_operation *a, ps_crs_operation *b) {
    const ps_crs_operation_info *i = ps_crs_operation_describe(a);
    const ps_crs_operation_info *k = ps_crs_operation_describe(b);
    double box[4] = {0}, other[4] = {0}, x[2] = {400000, 530000}, y[2] = {300000, 180000};
    ps_error err = {PS_OK, ""};
    assert_string_equal(i->name, k->name);
    assert_string_equal(i->grid, k->grid);
    assert_string_equal(i->missing_grid, k->missing_grid);
    assert_string_equal(i->pipeline, k->pipeline);
    assert_true(i->accuracy == k->accuracy);
    assert_true(i->missing_accuracy == k->missing_accuracy);
    assert_int_equal(ps_crs_operation_image(a, box), ps_crs_operation_image(b, other));
    assert_memory_equal(box, other, sizeof box);
    assert_int_equal(ps_crs_operation_ready(b, &err), PS_OK);
    double u[2] = {x[0], x[1]}, v[2] = {y[0], y[1]};
    assert_int_equal(ps_crs_operation_apply(a, 2, x, y), 0);
    assert_int_equal(ps_crs_operation_apply(b, 2, u, v), 0);
    assert_memory_equal(x, u, sizeof x);
    assert_memory_equal(y, v, sizeof y);
}

/* What PROJ answered once is answered the same, and damage is asked again. */
static void test_answers_come_back(void **state) {
    (void)state;
    static const char *const definition[] = {"EPSG:4326", "CRS84", "EPSG:32630",
                                             "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996 "
                                             "+x_0=400000 +y_0=-100000 +ellps=airy"};
    static const double london[4] = {500000, 150000, 560000, 200000};
    char *folder = test_folder_make();
    const ps_prepared prepared = {{folder, INT64_MAX}, 0};
    ps_error err = {PS_OK, ""};
    ps_crs *grid = NULL;
    assert_int_equal(ps_crs_open("EPSG:27700", &grid, &err), PS_OK);
    for (size_t i = 0; i < sizeof definition / sizeof *definition; i++) {
        ps_crs *plain = NULL, *crs = NULL;
        assert_int_equal(ps_crs_open(definition[i], &plain, &err), PS_OK);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(ps_prepared_crs(&prepared, definition[i], &crs, &err),
                             PS_OK);
            assert_same_crs(plain, crs);
            ps_crs_free(crs);
        }
        for (int k = 0; i < 3 && k < 4; k++) {
            const double *box = k < 2 ? london : NULL;
            ps_crs_operation *op = NULL, *kept = NULL;
            assert_int_equal(ps_crs_operation_open(grid, plain, box, 0, &op, &err),
                             PS_OK);
            assert_int_equal(
                ps_prepared_operation(&prepared, grid, plain, box, 0, &kept, &err),
                PS_OK);
            assert_same_operation(op, kept);
            ps_crs_operation_free(op);
            ps_crs_operation_free(kept);
        }
        ps_crs_free(plain);
    }
    /* an answer that is refused is refused again */
    for (int k = 0; k < 2; k++) {
        ps_crs *crs = NULL;
        assert_int_equal(ps_prepared_crs(&prepared, "EPSG:1", &crs, &err), PS_CONFIG);
        assert_null(crs);
    }
    ps_crs_free(grid);
    test_folder_remove(folder);
}

/* A source whose bytes changed is read again, however its times were set. */
static void test_a_changed_source_is_seen(void **state) {
    (void)state;
    char *folder = test_folder_make(), *kept = test_folder_make();
    char path[512];
    snprintf(path, sizeof path, "%s",
             test_file_write(folder, "wards.geojson", layer, sizeof layer - 1));
    const ps_prepared prepared = {{kept, INT64_MAX}, 0};
    const struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    char *changed = strdup(layer);
    assert_non_null(changed);
    heard said;
    ps_layer_report report;
    sleep(4); /* until its state tells one content */
    for (int i = 0; i < 2; i++) {
        ps_areas_free(read_layer(&prepared, path, NULL, &said, &report));
        assert_non_null(strstr(only(kept, "source"), ".source"));
    }
    for (int i = 0; i < 4; i++) {
        memcpy(strstr(changed, i % 2 == 0 ? "Second" : "Twelve"),
               i % 2 == 0 ? "Twelve" : "Second", 6);
        put(path, changed, sizeof layer - 1);
        assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
        ps_areas *areas = read_layer(&prepared, path, NULL, &said, &report);
        assert_string_equal(areas->name[1].p, i % 2 == 0 ? "Twelve" : "Second");
        ps_areas_free(areas);
    }
    free(changed);
    test_folder_remove(folder);
    test_folder_remove(kept);
}

static const char *default_folder(char folder[PS_STORE_PATH], int64_t most_bytes) {
    const ps_prepared prepared = ps_prepared_default(folder);
    assert_int_equal(prepared.store.most_bytes, most_bytes);
    assert_int_equal(prepared.least_points, PS_PREPARED_LEAST_POINTS);
    return prepared.store.folder;
}

static void test_folder_from_the_environment(void **state) {
    (void)state;
    char out[PS_STORE_PATH];
    const int64_t most = PS_PREPARED_MOST_BYTES;
    unsetenv("PLACESTAT_CACHE");
    unsetenv("PLACESTAT_CACHE_MB");
    setenv("XDG_CACHE_HOME", "/tmp/x", 1);
    setenv("HOME", "/tmp/h", 1);
    assert_string_equal(default_folder(out, most), "/tmp/x/placestat");
    setenv("XDG_CACHE_HOME", "x", 1);
    assert_string_equal(default_folder(out, most), "/tmp/h/.cache/placestat");
    unsetenv("XDG_CACHE_HOME");
    assert_string_equal(default_folder(out, most), "/tmp/h/.cache/placestat");
    unsetenv("HOME");
    assert_null(default_folder(out, most));
    setenv("HOME", "/tmp/h", 1);
    setenv("PLACESTAT_CACHE", "/tmp/c", 1);
    assert_string_equal(default_folder(out, most), "/tmp/c");
    static const char *const off[] = {"", "off", "c", "./c"};
    for (size_t i = 0; i < 4; i++) {
        setenv("PLACESTAT_CACHE", off[i], 1);
        assert_null(default_folder(out, most));
    }
    unsetenv("PLACESTAT_CACHE");
    setenv("PLACESTAT_CACHE_MB", "300", 1);
    assert_string_equal(default_folder(out, 300000000), "/tmp/h/.cache/placestat");
    setenv("PLACESTAT_CACHE_MB", "0", 1);
    (void)default_folder(out, 0);
    setenv("PLACESTAT_CACHE_MB", "-5", 1);
    (void)default_folder(out, 0);
    setenv("PLACESTAT_CACHE_MB", "much", 1);
    (void)default_folder(out, most);
    setenv("PLACESTAT_CACHE_MB", "9223372036854775807", 1);
    (void)default_folder(out, most);
    unsetenv("PLACESTAT_CACHE_MB");
}

typedef struct keeping {
    const ps_areas *areas;
    const char *folder;
} keeping;

static ps_status get_and_free(void *context, ps_error *err) {
    const keeping *k = context;
    const ps_prepared prepared = {{k->folder, INT64_MAX}, 0};
    ps_locator *l = NULL;
    const ps_status status = ps_prepared_locator(
        &prepared, &(ps_locator_layer){k->areas, NULL}, 1, false, &l, err);
    assert_true((status == PS_OK) == (l != NULL));
    ps_locator_free(l);
    return status;
}

static void test_out_of_memory(void **state) {
    (void)state;
    ps_set_threads(1);
    char *folder = test_folder_make();
    ps_areas *areas = country(3);
    keeping k = {areas, folder};
    ps_locator_free(get(folder, areas, false));
    assert_true(test_each_allocation_fails(get_and_free, &k) >= 4); /* mapped */
    ps_areas_free(areas);
    test_folder_remove(folder);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index_comes_back),
        cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_damage_is_found),
        cmocka_unit_test(test_no_entry_leads_astray),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_areas_come_back),
        cmocka_unit_test(test_areas_of_packages_come_back),
        cmocka_unit_test(test_answers_come_back),
        cmocka_unit_test(test_a_changed_source_is_seen),
        cmocka_unit_test(test_nothing_is_kept),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_folder_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
