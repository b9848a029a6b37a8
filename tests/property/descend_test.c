/* Whether plain C or vector instructions go down a grid does not show. */
#include "geo/descend.h"

#include "engine/core/par.h"
#include "tests/support/tiling.h"

typedef bool way_fn(const ps_grid *grid, const ps_reach *reach, size_t n, const double *x,
                    const double *y, ps_descent to);

enum { LAYERS = 3, POINTS = 4000 };

typedef struct ground {
    ps_areas *areas[LAYERS];
    ps_frozen *frozen[LAYERS];
    ps_grid grid;
    uint32_t first[LAYERS + 1];
} ground;

static void build(ground *g, uint64_t seed, size_t layers) {
    *g = (ground){0};
    for (size_t l = 0; l < layers; l++) {
        const tiling_spec spec = {.seed = seed + l,
                                  .columns = 1 + (int)((seed + l) % 7),
                                  .rows = 2 + (int)(seed % 5),
                                  .steps = 1 + (int)(seed % TILING_STEPS),
                                  .size = seed % 3 == 0 ? 40 : 1000 * (int64_t)seed,
                                  .growth = 1.1,
                                  .wiggle = seed % 2 == 0 ? 0.25 : 0,
                                  .enclaves = seed % 2 == 1};
        g->areas[l] = tiling_make(&spec);
        assert_int_equal(ps_freeze(g->areas[l], NULL, false, &g->frozen[l], NULL), PS_OK);
        g->first[l + 1] = g->first[l] + (uint32_t)g->areas[l]->n;
    }
    g->grid.layers = layers;
    g->grid.first = g->first;
    assert_int_equal(
        ps_grid_build((const ps_frozen *const *)g->frozen, &g->grid, NULL, NULL), PS_OK);
}

static void drop(ground *g) {
    for (size_t b = 0; b < g->grid.n_bands; b++) ps_free(g->grid.band[b]);
    ps_free(g->grid.band), ps_free(g->grid.band_words), ps_free(g->grid.top);
    for (size_t l = 0; l < LAYERS; l++) {
        ps_frozen_free(g->frozen[l]);
        ps_areas_free(g->areas[l]);
    }
}

/* On vertices and one unit beside them, and anywhere. */
static void choose_points(const ground *g, uint64_t seed, double *x, double *y) {
    const ps_grid *grid = &g->grid;
    for (size_t i = 0; i < POINTS; i++) {
        const ps_frozen *f = g->frozen[test_random_below(&seed, grid->layers)];
        int64_t px = grid->origin_x + (int64_t)test_random_below(&seed, grid->span_x + 3);
        int64_t py = grid->origin_y + (int64_t)test_random_below(&seed, grid->span_y + 3);
        x[i] = y[i] = (double)NAN;
        if (i % 4 != 0) {
            const size_t r = test_random_below(&seed, f->areas->n_rings);
            size_t v = f->ring_begin[r];
            if (f->ring_end[r] == v) continue;
            v += test_random_below(&seed, f->ring_end[r] - v);
            px = f->x[v] + f->origin_x + (int64_t)test_random_below(&seed, 3) - 1;
            py = f->y[v] + f->origin_y + (int64_t)test_random_below(&seed, 3) - 1;
        }
        x[i] = (double)px / grid->scale;
        y[i] = (double)py / grid->scale;
    }
}

static void answer(way_fn *way, const ground *g, const double *x, const double *y,
                   int32_t *row, int64_t *ties) {
    const ps_grid *grid = &g->grid;
    const ps_reach reach = {(double)grid->origin_x - 1, (double)grid->origin_y - 1,
                            (double)(grid->origin_x + grid->span_x + 1),
                            (double)(grid->origin_y + grid->span_y + 1)};
    memset(ties, 0, LAYERS * sizeof *ties);
    memset(row, 0x55, LAYERS * POINTS * sizeof *row);
    assert_true(way(grid, &reach, POINTS, x, y, (ps_descent){row, POINTS, ties}));
}

static void assert_same_answers(way_fn *way) {
    static double x[POINTS], y[POINTS];
    static int32_t expected[LAYERS * POINTS], seen[LAYERS * POINTS];
    int64_t expected_ties[LAYERS], seen_ties[LAYERS], ties = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ground g;
        build(&g, seed, 1 + seed % LAYERS);
        choose_points(&g, seed, x, y);
        answer(ps_descend_plain, &g, x, y, expected, expected_ties);
        answer(way, &g, x, y, seen, seen_ties);
        assert_memory_equal(seen, expected, sizeof expected);
        assert_memory_equal(seen_ties, expected_ties, sizeof expected_ties);
        for (size_t l = 0; l < LAYERS; l++) ties += seen_ties[l];
        drop(&g);
    }
    assert_true(ties > POINTS);
}

static bool has(way_fn *way) {
    const ps_grid none = {.layers = 1};
    const ps_reach reach = {0, 0, 0, 0};
    return way(&none, &reach, 0, NULL, NULL, (ps_descent){NULL, 0, NULL});
}

static void by_avx2(void **state) {
    (void)state;
    if (has(ps_descend_avx2)) {
        assert_same_answers(ps_descend_avx2);
    } else {
        print_message("this processor has no AVX2\n");
        skip();
    }
}

static void by_avx512(void **state) {
    (void)state;
    if (has(ps_descend_avx512)) {
        assert_same_answers(ps_descend_avx512);
    } else {
        print_message("this processor has no AVX-512\n");
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_avx2),
                                       cmocka_unit_test(by_avx512)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
