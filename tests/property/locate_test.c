/* The index answers as brute force does, whatever the shapes, the order of the points and
 * the number of threads. */
#include "tests/support/scanline.h"

static void test_tilings(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        const tiling_spec spec = {.seed = seed,
                                  .columns = 1 + (int)(seed % 7),
                                  .rows = 1 + (int)(seed % 5),
                                  .steps = 1 + (int)(seed % TILING_STEPS),
                                  .size = seed % 3 == 0 ? 40 : 1000 * (int64_t)seed,
                                  .growth = seed % 4 == 0 ? 2.0 : 1.1,
                                  .wiggle = seed % 2 == 0 ? 0.25 : 0,
                                  .noise = seed % 6 == 0 ? 0.4 : 0,
                                  .enclaves = seed % 2 == 1,
                                  .x0 = 400000000 - (int64_t)seed * 200000000,
                                  .y0 = -5000};
        ps_areas *areas = tiling_make(&spec);
        tiling_check(areas, false, seed, 3000);
        ps_areas_free(areas);
    }
}

static void test_scribbles(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t random = seed;
        ps_areas_builder *b = tiling_start();
        const int areas_n = 1 + (int)test_random_below(&random, seed % 10 == 0 ? 90 : 12);
        const uint64_t size = (uint64_t)4 << (seed % 12);
        for (int a = 0; a < areas_n; a++) {
            tiling_area(b, "S", a);
            const size_t rings = test_random_below(&random, 4);
            for (size_t r = 0; r < rings; r++) {
                tiling_scribble(b, &random, 3 + test_random_below(&random, 12),
                                (int64_t)test_random_below(&random, size),
                                (int64_t)test_random_below(&random, size), size);
            }
        }
        ps_areas *areas = tiling_finish(b);
        tiling_check(areas, false, seed, 1000);
        ps_areas_free(areas);
    }
}

/* More areas at one place than a block of a record holds, and all edges of one place in
 * one cell however often it is cut. */
static void test_star(void **state) {
    (void)state;
    for (int rays = 3; rays <= 200; rays = rays * 2 + 1) {
        uint64_t seed = 5;
        ps_areas_builder *b = tiling_start();
        for (int a = 0; a < rays; a++) {
            const double t0 = 6.283185307179586 * a / rays;
            const double t1 = 6.283185307179586 * (a + 1) / rays;
            int64_t x[3] = {7, 7 + (int64_t)(1e6 * cos(t0)),
                            7 + (int64_t)(1e6 * cos(t1))};
            int64_t y[3] = {9, 9 + (int64_t)(1e6 * sin(t0)),
                            9 + (int64_t)(1e6 * sin(t1))};
            if (a + 1 == rays) x[2] = 7 + 1000000, y[2] = 9;
            tiling_area(b, "R", a);
            tiling_ring(b, 3, x, y, 0, &seed);
        }
        for (int a = 0; a < rays; a++) { /* nested squares around the same place */
            const int64_t d = 100 * (a + 1);
            const int64_t x[4] = {7 - d, 7 + d, 7 + d, 7 - d};
            const int64_t y[4] = {9 - d, 9 - d, 9 + d, 9 + d};
            tiling_area(b, a % 2 == 0 ? "A" : "Z", a);
            tiling_ring(b, 4, x, y, 0, &seed);
        }
        ps_areas *areas = tiling_finish(b);
        tiling_check(areas, false, 1, 20000);
        ps_areas_free(areas);
    }
}

/* The largest extent that 31 bits hold: cross products reach 2^62. */
static void test_whole_range(void **state) {
    (void)state;
    const int64_t top = INT32_MAX - 1;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed;
        ps_areas_builder *b = tiling_start();
        const int64_t x[4] = {0, top, top, 0}, y[4] = {0, 0, top, top};
        tiling_area(b, "A", 0);
        tiling_ring(b, 4, x, y, 0, &random);
        for (int a = 0; a < 5; a++) {
            tiling_area(b, "B", a);
            tiling_scribble(b, &random, 3 + (size_t)a, 0, 0, (uint64_t)top + 1);
        }
        ps_areas *areas = tiling_finish(b);
        tiling_check(areas, false, seed, 2000);
        ps_areas_free(areas);
    }
}

/* Edges through the corners of cells, at slopes that meet them exactly between the
 * integer points. */
static void test_diagonals(void **state) {
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        uint64_t seed = 1;
        ps_areas_builder *b = tiling_start();
        for (int a = 0; a < 40; a++) {
            const int64_t d = 1 + 2 * a, far = 4095 + 2 * d;
            int64_t x[3] = {0, far, turn < 2 ? 0 : far};
            int64_t y[3] = {turn % 2 == 0 ? 0 : far, turn % 2 == 0 ? far : 0,
                            turn % 2 == 0 ? far : far};
            x[0] += d - 1, x[1] += d - 1;
            tiling_area(b, "D", a);
            tiling_ring(b, 3, x, y, 0, &seed);
        }
        ps_areas *areas = tiling_finish(b);
        tiling_check(areas, false, 3, 5000);
        ps_areas_free(areas);
    }
}

/* An edge can be shared by any number of areas, or occur twice in one. */
static void test_repeated_edges(void **state) {
    (void)state;
    uint64_t seed = 1;
    ps_areas_builder *b = tiling_start();
    const int64_t x[5] = {0, 5000, 5000, 0, 0}, y[5] = {0, 0, 5000, 5000, 0};
    const int64_t x2[4] = {5000, 9000, 9000, 5000}, y2[4] = {0, 0, 5000, 5000};
    for (int a = 0; a < 7; a++) {
        tiling_area(b, "E", a);
        for (int times = 0; times <= a % 4; times++) tiling_ring(b, 4, x, y, 0, &seed);
        if (a > 2) tiling_ring(b, 4, x2, y2, 0, &seed);
    }
    ps_areas *areas = tiling_finish(b);
    tiling_check(areas, false, 3, 5000);
    ps_areas_free(areas);
}

static ps_areas *scribbles(uint64_t seed, int areas, int64_t x0, int64_t y0,
                           uint64_t size) {
    ps_areas_builder *b = tiling_start();
    for (int a = 0; a < areas; a++) {
        tiling_area(b, "S", a);
        tiling_scribble(b, &seed, 3 + test_random_below(&seed, 12), x0, y0, size);
    }
    return tiling_finish(b);
}

/* Layers that share all edges, some or none, that stack up over each other, that have no
 * areas, or shapeless ones, or lie far away: each answers as if it were alone. */
static void test_layers(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const tiling_spec spec = {.seed = seed,
                                  .columns = 1 + (int)(seed % 6),
                                  .rows = 1 + (int)(seed % 5),
                                  .steps = 1 + (int)(seed % 4),
                                  .size = seed % 3 == 0 ? 60 : 3000 * (int64_t)seed,
                                  .growth = seed % 4 == 0 ? 1.6 : 1.1,
                                  .wiggle = seed % 2 == 0 ? 0.25 : 0,
                                  .noise = seed % 5 == 0 ? 0.4 : 0,
                                  .enclaves = seed % 2 == 1,
                                  .x0 = 400000000,
                                  .y0 = -5000};
        tiling_spec other = spec, away = spec;
        other.seed += 1000, other.x0 += spec.size / 3;
        away.x0 += seed % 3 == 0 ? 1000000000 : 3000000000;
        ps_areas *layers[7];
        layers[0] = tiling_make(&spec);
        layers[1] = tiling_group(layers[0], 1 + seed % 5);
        layers[2] = seed % 4 == 0 ? tiling_finish(tiling_start()) : tiling_make(&other);
        layers[3] = scribbles(seed, 1 + (int)(seed % 50), spec.x0, spec.y0,
                              3 * (uint64_t)spec.size);
        layers[4] = tiling_group(layers[0], 1);
        layers[5] = tiling_make(seed % 2 == 0 ? &away : &spec);
        layers[6] = tiling_group(layers[3], 2);
        const ps_areas *some[7];
        const size_t n = 2 + seed % 6;
        for (size_t l = 0; l < n; l++) some[l] = layers[(l + seed) % 7];
        tiling_check_layers(some, n, false, seed, 200);
        for (size_t l = 0; l < 7; l++) ps_areas_free(layers[l]);
    }
}

/* A layer that only a coarser unit fits does not make the others coarse. */
static void test_layers_of_different_units(void **state) {
    (void)state;
    uint64_t random = 1;
    const tiling_spec spec = {.seed = 2,
                              .columns = 3,
                              .rows = 3,
                              .steps = 3,
                              .size = 2000,
                              .growth = 1.2,
                              .wiggle = 0.2};
    ps_areas_builder *b = tiling_start();
    const int64_t x[4] = {-180000, 180000, 180000, -180000};
    const int64_t y[4] = {-90000, -90000, 90000, 90000};
    tiling_area(b, "W", 0);
    tiling_ring(b, 4, x, y, 0, &random);
    ps_areas *small = tiling_make(&spec), *world = tiling_finish(b);
    const ps_areas *const layers[] = {small, world, small, small};
    tiling_check_layers(layers, 4, true, 3, 1000);
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    const ps_locator_layer both[] = {{small, NULL}, {world, NULL}};
    assert_int_equal(ps_locator_build(both, 2, true, &l, &err), PS_OK);
    assert_true(ps_locator_unit(l, 0) == 1e-8 && ps_locator_unit(l, 1) == 1e-6);
    ps_locator_free(l);
    ps_areas_free(small);
    ps_areas_free(world);
}

static ps_areas *country(void) {
    const tiling_spec spec = {.seed = 9,
                              .columns = 40,
                              .rows = 50,
                              .steps = 8,
                              .size = 300000,
                              .growth = 1.05,
                              .wiggle = 0.3,
                              .noise = 0.3,
                              .enclaves = true};
    return tiling_make(&spec);
}

/* The oracle for many points is right: it says what brute force says. */
static void test_lines_are_as_brute_force(void **state) {
    (void)state;
    uint64_t random = 1;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        ps_areas *areas = scribbles(seed, 1 + (int)(seed % 9), 0, 0, 4 << seed % 9);
        ps_areas *frozen = NULL;
        ps_locator *l = NULL;
        ps_error err = {PS_OK, ""};
        const ps_locator_layer layer = {areas, NULL};
        assert_int_equal(ps_locator_build(&layer, 1, false, &l, &err), PS_OK);
        assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
        ps_locator_free(l);
        scanline s = {0};
        for (int line = 0; line < 40; line++) {
            const int64_t y = (int64_t)test_random_below(&random, 8 << seed % 9) - 1;
            const int64_t low = (int64_t)test_random_below(&random, 4 << seed % 9) - 2;
            int64_t x[100];
            int32_t row[100];
            for (int i = 0; i < 100; i++) x[i] = low + i;
            scanline_of(&s, frozen, y);
            const int64_t ties = scanline_rows(&s, 100, x, row);
            int64_t want_ties = 0;
            for (int i = 0; i < 100; i++) {
                bool tie;
                assert_int_equal(row[i], brute_locate(frozen, x[i], y, &tie));
                want_ties += tie;
            }
            assert_int_equal(ties, want_ties);
        }
        scanline_free(&s);
        ps_areas_free(frozen);
        ps_areas_free(areas);
    }
}

static void test_many_points(void **state) {
    (void)state;
    ps_areas *areas = country(), *groups = tiling_group(areas, 60);
    const ps_areas *const layers[] = {areas, groups};
    assert_true(scanline_check(layers, 2, false, 1, 100, 2000) > 200000);
    ps_areas_free(groups);
    ps_areas_free(areas);
}

static void test_threads_and_order(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_areas *areas = country(), *groups = tiling_group(areas, 60);
    const ps_locator_layer layers[2] = {{areas, NULL}, {groups, NULL}};
    const int threads[] = {1, 2, 7};
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    int32_t *first = malloc(2 * N * sizeof *first), *row = malloc(2 * N * sizeof *row);
    assert_true(x != NULL && y != NULL && first != NULL && row != NULL);
    const double *box = areas->box;
    double high_x = 0, high_y = 0;
    for (size_t a = 0; a < areas->n; a++) {
        high_x = fmax(high_x, box[4 * a + 2]);
        high_y = fmax(high_y, box[4 * a + 3]);
    }
    uint64_t seed = 4;
    for (size_t i = 0; i < N; i++) {
        x[i] = i % 3 == 0 ? areas->x[test_random_below(&seed, areas->n_points)]
                          : tiling_uniform(&seed) * high_x;
        y[i] = i % 3 == 0 ? areas->y[test_random_below(&seed, areas->n_points)]
                          : tiling_uniform(&seed) * high_y;
    }
    ps_locator *one = NULL;
    int64_t first_ties[2] = {0};
    for (int t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_locator *l = NULL;
        assert_int_equal(ps_locator_build(layers, 2, false, &l, &err), PS_OK);
        int64_t ties[2] = {0};
        if (t == 0) {
            one = l;
            ps_locate(l, N, x, y, first, first_ties);
            assert_true(first_ties[0] > 0 && first_ties[1] > 0);
            continue;
        }
        assert_int_equal(ps_locator_bytes(l), ps_locator_bytes(one));
        assert_true(ps_locator_same(l, one));
        ps_locate(l, N, x, y, row, ties);
        assert_memory_equal(row, first, 2 * N * sizeof *row);
        assert_memory_equal(ties, first_ties, sizeof ties);
        ps_locator_free(l);
    }
    ps_set_threads(0);

    /* Any order and any cut of the points into calls. */
    int64_t ties[2] = {0};
    for (size_t i = N - 1; i > 0; i--) {
        const size_t j = test_random_below(&seed, i + 1);
        const double sx = x[i], sy = y[i];
        const int32_t sr[2] = {first[i], first[N + i]};
        x[i] = x[j], y[i] = y[j], first[i] = first[j], first[N + i] = first[N + j];
        x[j] = sx, y[j] = sy, first[j] = sr[0], first[N + j] = sr[1];
    }
    for (size_t i = 0; i < N;) {
        const size_t want = test_random_below(&seed, 200);
        const size_t n = N - i < want ? N - i : want;
        int32_t some[2 * 200];
        ps_locate(one, n, x + i, y + i, some, ties);
        for (size_t l = 0; l < 2; l++)
            memcpy(row + l * N + i, some + l * n, n * sizeof *row);
        i += n;
    }
    assert_memory_equal(row, first, 2 * N * sizeof *row);
    assert_memory_equal(ties, first_ties, sizeof ties);
    ps_locator_free(one);
    ps_areas_free(groups);
    ps_areas_free(areas);
    free(x);
    free(y);
    free(first);
    free(row);
}

/* In a tiling every point of the ground is in an area, and the noise on shared vertices
 * leaves neither gap nor overlap: a tie means a boundary. */
static void test_no_gap(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    const tiling_spec spec = {.seed = 3,
                              .columns = 20,
                              .rows = 20,
                              .steps = 5,
                              .size = 50000,
                              .growth = 1,
                              .wiggle = 0.3,
                              .noise = 0.45,
                              .enclaves = true};
    ps_areas *areas = tiling_make(&spec), *frozen = NULL;
    ps_locator *l = NULL;
    assert_int_equal(
        ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &l, &err), PS_OK);
    assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
    tiling_points p = {0};
    tiling_points_of(frozen, 8, 1, 100000, &p);
    for (size_t i = 0; i < p.n; i++) {
        const double x = (double)p.x[i] / 1000, y = (double)p.y[i] / 1000;
        int32_t row;
        ps_locate(l, 1, &x, &y, &row, NULL);
        const bool ground =
            p.x[i] >= 0 && p.y[i] >= 0 && p.x[i] <= 1000000 && p.y[i] <= 1000000;
        if ((row != PS_NONE) != ground)
            fail_msg("point %lld %lld: row %d", (long long)p.x[i], (long long)p.y[i],
                     row);
    }
    tiling_points_free(&p);
    ps_locator_free(l);
    ps_areas_free(frozen);
    ps_areas_free(areas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tilings),
        cmocka_unit_test(test_scribbles),
        cmocka_unit_test(test_star),
        cmocka_unit_test(test_whole_range),
        cmocka_unit_test(test_diagonals),
        cmocka_unit_test(test_repeated_edges),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_layers_of_different_units),
        cmocka_unit_test(test_lines_are_as_brute_force),
        cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_threads_and_order),
        cmocka_unit_test(test_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
