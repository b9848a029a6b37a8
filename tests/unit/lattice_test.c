/* The table against the operation itself, place by place. */
#include "geo/lattice.h"

#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/par.h"
#include "geo/layer.h"
#include "tests/support/tiling.h"

/* PROJ looks for tables in the folder proj of this one, first of all, and remembers which
 * one it was. */
static char *folder;
static const char table_name[] = "uk_os_OSTN15_NTv2_OSGBtoETRS.tif";

static const char *table_path(void) {
    static char path[600];
    snprintf(path, sizeof path, "%s/proj/%s", folder, table_name);
    return path;
}

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    setenv("XDG_DATA_HOME", folder, 1);
    return mkdir(test_path(folder, "proj"), 0700);
}

static int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

typedef struct move {
    const char *from, *to;
    double x0, y0, unit; /* of the tiling, and its unit in the CRS */
    double source_metres, target_metres;
} move;

static const move moves[] = {
    {"EPSG:27700", "EPSG:4326", 300000, 200000, 1, 1, 0},
    {"EPSG:27700", "EPSG:32630", 300000, 200000, 1, 1, 1},
    {"EPSG:4326", "EPSG:27700", -3, 51, 1e-5, 0, 1},
    {"EPSG:4326", "EPSG:3857", 20, 68, 1e-5, 0, 1},
    {"EPSG:32633", "EPSG:4326", 300000, 7400000, 1, 1, 0},
};

/* Some 160 km square with many vertices to the cell. */
static ps_areas *country(const move *m) {
    const tiling_spec spec = {.seed = 11,
                              .columns = 40,
                              .rows = 40,
                              .steps = 10,
                              .size = 4000000,
                              .growth = 1,
                              .wiggle = 0.2};
    ps_areas *plain = tiling_make(&spec);
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = tiling_start();
    for (size_t a = 0; a < plain->n; a++) {
        tiling_area(b, "T", (int)a);
        for (uint32_t r = plain->area_ring[a]; r < plain->area_ring[a + 1]; r++) {
            double x[64], y[64];
            const uint32_t first = plain->ring_point[r];
            const size_t n = plain->ring_point[r + 1] - first;
            assert_true(n <= 64);
            for (size_t i = 0; i < n; i++) {
                x[i] = m->x0 + plain->x[first + i] * m->unit;
                y[i] = m->y0 + plain->y[first + i] * m->unit;
            }
            assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
        }
    }
    ps_areas_free(plain);
    return tiling_finish(b);
}

typedef struct opened {
    ps_crs *from, *to;
    ps_crs_operation *op[8];
} opened;

static void open_operation(const move *m, opened *o) {
    ps_error err = {PS_OK, ""};
    if (ps_crs_open(m->from, &o->from, &err) != PS_OK ||
        ps_crs_open(m->to, &o->to, &err) != PS_OK ||
        ps_crs_operation_open(o->from, o->to, NULL, 0, &o->op[0], &err) != PS_OK)
        fail_msg("%s", err.text);
    for (int w = 1; w < 8; w++)
        assert_int_equal(ps_crs_operation_clone(o->op[0], &o->op[w], &err), PS_OK);
}

static void close_operation(opened *o) {
    for (int w = 0; w < 8; w++) ps_crs_operation_free(o->op[w]);
    ps_crs_free(o->from);
    ps_crs_free(o->to);
}

enum { N = 20000 };
static double x[N], y[N], px[N], py[N], first_x[N], first_y[N];

/* Vertices, and places within the box and a little beyond. */
static void choose_places(const ps_areas *areas, uint64_t seed) {
    const uint32_t last = (uint32_t)areas->n_points - 1;
    for (size_t i = 0; i < N; i++) {
        const size_t p = test_random_below(&seed, last),
                     q = test_random_below(&seed, last);
        x[i] = areas->x[p];
        y[i] = areas->y[i % 2 == 0 ? p : q];
        if (i % 7 == 0) x[i] += (x[i] - areas->x[q]) * 0.2;
    }
}

static void test_within_a_fiftieth_of_a_millimetre(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++) {
        const move *m = &moves[k];
        ps_error err = {PS_OK, ""};
        opened o;
        open_operation(m, &o);
        ps_areas *areas = country(m);
        ps_lattice *l = NULL;
        ps_set_threads(2);
        assert_int_equal(
            ps_lattice_build(areas, o.op, m->source_metres, m->target_metres, &l, &err),
            PS_OK);
        if (ps_crs_operation_describe(o.op[0])->grid[0] == '\0' &&
            ps_lattice_cells(l) < 30)
            fail_msg("%s to %s: %zu cells", m->from, m->to, ps_lattice_cells(l));
        choose_places(areas, k + 1);
        memcpy(px, x, sizeof x);
        memcpy(py, y, sizeof y);
        assert_int_equal(ps_crs_operation_apply(o.op[0], N, px, py), 0);
        ps_lattice_apply(l, o.op[0], N, x, y);
        for (size_t i = 0; i < N; i++) {
            const double d = sqrt(ps_lattice_square_metres(x[i] - px[i], y[i] - py[i],
                                                           py[i], m->target_metres));
            if (!(d < 0.00002))
                fail_msg("%s to %s: %.12g %.12g, by the table %.12g %.12g, %g m beside",
                         m->from, m->to, px[i], py[i], x[i], y[i], d);
        }
        ps_lattice_free(l);
        ps_areas_free(areas);
        close_operation(&o);
    }
    ps_set_threads(0);
}

/* A table of shifts where PROJ looks for the one of Great Britain: 100 m east, 60 m
 * south, and some metres more or less from node to node, so that every cell has its own
 * slope. */
static void write_shifts(void) {
    enum { COLUMNS = 221, ROWS = 241 };
    const double degree = M_PI / 180;
    char head[160] = "CTABLE V2";
    const double at[4] = {-9 * degree, 49 * degree, 0.05 * degree, 0.05 * degree};
    const int32_t nodes[2] = {COLUMNS, ROWS};
    memcpy(head + 96, at, sizeof at);
    memcpy(head + 128, nodes, sizeof nodes);
    FILE *file = fopen(table_path(), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, sizeof head, file), sizeof head);
    uint64_t seed = 3;
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        const float by[2] = {(float)(1.5e-5 + 1e-6 * tiling_uniform(&seed)),
                             (float)(-1e-5 + 1e-6 * tiling_uniform(&seed))};
        assert_int_equal(fwrite(by, sizeof by, 1, file), 1);
    }
    fclose(file);
    ps_crs_forget();
}

/* Through the shifts both ways, and where they end. */
static void test_shifts(void **state) {
    (void)state;
    write_shifts();
    static const move shifted[] = {
        {"EPSG:27700", "EPSG:4326", 300000, 200000, 1, 1, 0},
        {"EPSG:4326", "EPSG:27700", -3, 51, 1e-5, 0, 1},
        {"EPSG:4326", "EPSG:27700", 1.2, 60.2, 1e-5, 0, 1}, /* the north-eastern corner */
    };
    for (size_t k = 0; k < sizeof shifted / sizeof *shifted; k++) {
        const move *m = &shifted[k];
        ps_error err = {PS_OK, ""};
        opened o;
        open_operation(m, &o);
        assert_string_not_equal(ps_crs_operation_describe(o.op[0])->grid, "");
        ps_areas *areas = country(m);
        size_t nodes = 0;
        for (int threads = 1; threads <= 7; threads += 3) {
            ps_set_threads(threads);
            ps_lattice *l = NULL;
            assert_int_equal(ps_lattice_build(areas, o.op, m->source_metres,
                                              m->target_metres, &l, &err),
                             PS_OK);
            if (threads == 1) nodes = ps_lattice_nodes(l);
            assert_int_equal(ps_lattice_nodes(l), nodes);
            if (nodes < 100 || ps_lattice_cells(l) < 10)
                fail_msg("%s to %s: %zu nodes, %zu cells", m->from, m->to, nodes,
                         ps_lattice_cells(l));
            choose_places(areas, k + 1);
            memcpy(px, x, sizeof x);
            memcpy(py, y, sizeof y);
            const size_t lost = ps_crs_operation_apply(o.op[0], N, px, py);
            assert_true(lost == 0 || k == 2);
            ps_lattice_apply(l, o.op[0], N, x, y);
            if (threads == 1) {
                memcpy(first_x, x, sizeof x);
                memcpy(first_y, y, sizeof y);
            }
            assert_memory_equal(x, first_x, sizeof x);
            assert_memory_equal(y, first_y, sizeof y);
            double worst = 0;
            for (size_t i = 0; i < N; i++) {
                assert_int_equal(isfinite(x[i]), isfinite(px[i]));
                if (!isfinite(x[i])) continue;
                worst = fmax(worst, ps_lattice_square_metres(x[i] - px[i], y[i] - py[i],
                                                             py[i], m->target_metres));
            }
            if (!(sqrt(worst) < 0.00003))
                fail_msg("%s to %s: %g m beside", m->from, m->to, sqrt(worst));
            ps_lattice_free(l);
        }
        ps_areas_free(areas);
        close_operation(&o);
    }
    ps_set_threads(0);
    assert_int_equal(unlink(table_path()), 0);
    ps_crs_forget();
}

/* Every vertex of England with the real table (OSTN15), and back again. */
static void test_real_shifts(void **state) {
    (void)state;
    const char *root = getenv("PLACESTAT_DATA");
    char path[4200], table[4200];
    snprintf(path, sizeof path, "%s/lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip",
             root != NULL ? root : "");
    snprintf(table, sizeof table, "%s/proj/%s", root != NULL ? root : "", table_name);
    if (access(path, R_OK) != 0 || access(table, R_OK) != 0) {
        print_message("PLACESTAT_DATA does not lead to boundaries and table\n");
        skip();
    }
    assert_int_equal(symlink(table, table_path()), 0);
    ps_crs_forget();
    ps_error err = {PS_OK, ""};
    const ps_layer_spec spec = {.path = path, .code = "LSOA11CD"};
    ps_areas *areas = NULL;
    if (ps_layer_read_areas(&spec, NULL, &areas, NULL, &err) != PS_OK)
        fail_msg("%s", err.text);
    const size_t n = areas->n_points;
    double *tx = malloc(n * sizeof *tx), *ty = malloc(n * sizeof *ty);
    double *ox = malloc(n * sizeof *ox), *oy = malloc(n * sizeof *oy);
    assert_true(tx != NULL && ty != NULL && ox != NULL && oy != NULL);
    const move *ways[] = {&moves[0], &moves[2]};
    const double *from_x = areas->x, *from_y = areas->y;
    for (int k = 0; k < 2; k++) {
        opened o;
        open_operation(ways[k], &o);
        assert_string_equal(ps_crs_operation_describe(o.op[0])->grid, table_name);
        memcpy(tx, from_x, n * sizeof *tx);
        memcpy(ty, from_y, n * sizeof *ty);
        ps_areas view = *areas; /* the vertices alone are looked at, and the boxes */
        double box[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
        for (size_t i = 0; i < n; i++) {
            box[0] = fmin(box[0], tx[i]), box[2] = fmax(box[2], tx[i]);
            box[1] = fmin(box[1], ty[i]), box[3] = fmax(box[3], ty[i]);
        }
        view.n = 1, view.x = from_x, view.y = from_y, view.box = box;
        ps_lattice *l = NULL;
        ps_set_threads(2);
        assert_int_equal(ps_lattice_build(&view, o.op, ways[k]->source_metres,
                                          ways[k]->target_metres, &l, &err),
                         PS_OK);
        assert_true(ps_lattice_nodes(l) > 100000);
        ps_lattice_apply(l, o.op[0], n, tx, ty);
        ps_lattice_free(l);
        memcpy(ox, from_x, n * sizeof *ox);
        memcpy(oy, from_y, n * sizeof *oy);
        assert_int_equal(ps_crs_operation_apply(o.op[0], n, ox, oy), 0);
        double worst = 0;
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, ps_lattice_square_metres(tx[i] - ox[i], ty[i] - oy[i],
                                                         oy[i], ways[k]->target_metres));
        print_message("%s to %s: %zu vertices, at most %g m beside\n", ways[k]->from,
                      ways[k]->to, n, sqrt(worst));
        assert_true(sqrt(worst) < 0.00003);
        close_operation(&o);
        if (k == 0) { /* the images are where the way back begins */
            double *x2 = malloc(n * sizeof *x2), *y2 = malloc(n * sizeof *y2);
            assert_true(x2 != NULL && y2 != NULL);
            memcpy(x2, ox, n * sizeof *x2);
            memcpy(y2, oy, n * sizeof *y2);
            from_x = x2, from_y = y2;
        }
    }
    free((void *)(uintptr_t)from_x);
    free((void *)(uintptr_t)from_y);
    free(tx), free(ty), free(ox), free(oy);
    ps_areas_free(areas);
    ps_set_threads(0);
    assert_int_equal(unlink(table_path()), 0);
    ps_crs_forget();
}

/* One place has one image: alone, in a crowd, and for any number of threads. */
static void test_same_bits(void **state) {
    (void)state;
    const move *m = &moves[0];
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(m, &o);
    ps_areas *areas = country(m);
    const int threads[] = {1, 2, 7};
    for (int t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_lattice *l = NULL;
        assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
        choose_places(areas, 5);
        ps_lattice_apply(l, o.op[t], N, x, y);
        if (t == 0) {
            memcpy(first_x, x, sizeof x);
            memcpy(first_y, y, sizeof y);
        }
        assert_memory_equal(x, first_x, sizeof x);
        assert_memory_equal(y, first_y, sizeof y);
        choose_places(areas, 5);
        for (size_t i = 0; i < N; i += 97) {
            ps_lattice_apply(l, o.op[0], 1, &x[i], &y[i]);
            assert_memory_equal(&x[i], &first_x[i], sizeof *x);
            assert_memory_equal(&y[i], &first_y[i], sizeof *y);
        }
        ps_lattice_free(l);
    }
    ps_set_threads(0);
    ps_areas_free(areas);
    close_operation(&o);
}

static void test_places_without_image(void **state) {
    (void)state;
    const move *m = &moves[0];
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(m, &o);
    ps_areas *areas = country(m);
    ps_lattice *l = NULL;
    assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
    double bad_x[] = {1e30, HUGE_VAL, (double)NAN, -1e9}, bad_y[] = {0, 0, 0, 1e200};
    ps_lattice_apply(l, o.op[0], 4, bad_x, bad_y);
    for (int i = 0; i < 4; i++) assert_false(isfinite(bad_x[i]) && isfinite(bad_y[i]));
    ps_lattice_free(l);
    ps_areas_free(areas);
    close_operation(&o);
}

/* Areas that reach beyond the Earth, or have no rings, get no table and do no harm. */
static void test_odd_extents(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    opened o;
    open_operation(&moves[0], &o);
    const double sizes[] = {0, 1, 1e9, 1e300};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const double d = sizes[i], tx[] = {-d, d, d}, ty[] = {-d, -d, d};
        ps_areas_builder *b = tiling_start();
        tiling_area(b, "T", 1);
        assert_int_equal(ps_areas_builder_ring(b, 3, tx, ty, &err), PS_OK);
        ps_areas *areas = tiling_finish(b);
        ps_lattice *l = NULL;
        assert_int_equal(ps_lattice_build(areas, o.op, 1, 0, &l, &err), PS_OK);
        assert_int_equal(ps_lattice_cells(l), 0);
        double at_x = 400000, at_y = 400000, want_x = at_x, want_y = at_y;
        ps_lattice_apply(l, o.op[0], 1, &at_x, &at_y);
        assert_int_equal(ps_crs_operation_apply(o.op[0], 1, &want_x, &want_y), 0);
        assert_memory_equal(&at_x, &want_x, sizeof at_x);
        assert_memory_equal(&at_y, &want_y, sizeof at_y);
        ps_lattice_free(l);
        ps_areas_free(areas);
    }
    close_operation(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_a_fiftieth_of_a_millimetre),
        cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_real_shifts),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_places_without_image),
        cmocka_unit_test(test_odd_extents),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
