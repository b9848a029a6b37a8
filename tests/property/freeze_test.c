/* Boundaries brought to the points' CRS answer as points brought to the boundaries' CRS
 * would, except within 1.5 mm of an edge, and neighbours stay neighbours. */
#include "engine/core/par.h"
#include "tests/support/tiling.h"

typedef struct systems {
    ps_crs *grid, *globe; /* EPSG:27700, EPSG:4326 */
    ps_crs_operation *to_globe, *to_grid;
} systems;

static systems *open_systems(void) {
    ps_error err = {PS_OK, ""};
    systems *s = calloc(1, sizeof *s);
    assert_non_null(s);
    if (ps_crs_open("EPSG:27700", &s->grid, &err) != PS_OK ||
        ps_crs_open("EPSG:4326", &s->globe, &err) != PS_OK ||
        ps_crs_operation_open(s->grid, s->globe, NULL, 0, &s->to_globe, &err) != PS_OK ||
        ps_crs_operation_open(s->globe, s->grid, NULL, 0, &s->to_grid, &err) != PS_OK)
        fail_msg("%s", err.text);
    return s;
}

static void close_systems(systems *s) {
    ps_crs_operation_free(s->to_globe);
    ps_crs_operation_free(s->to_grid);
    ps_crs_free(s->grid);
    ps_crs_free(s->globe);
    free(s);
}

/* A tiling around (420, 410) km of the grid, in units of 1/1000 of its CRS. */
static ps_areas *country(uint64_t seed, int64_t size, double noise) {
    const tiling_spec spec = {.seed = seed,
                              .columns = 7,
                              .rows = 6,
                              .steps = 3,
                              .size = size,
                              .growth = 1.4,
                              .wiggle = 0.2,
                              .noise = noise,
                              .enclaves = true,
                              .x0 = 420000000,
                              .y0 = 410000000};
    return tiling_make(&spec);
}

/* The same areas elsewhere: every vertex transformed. */
static ps_areas *moved(const ps_areas *from, ps_crs_operation *op) {
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = tiling_start();
    for (size_t a = 0; a < from->n; a++) {
        assert_int_equal(ps_areas_builder_area(b, from->code[a], from->name[a], &err),
                         PS_OK);
        for (uint32_t r = from->area_ring[a]; r < from->area_ring[a + 1]; r++) {
            double x[128], y[128];
            const size_t n = from->ring_point[r + 1] - from->ring_point[r];
            assert_true(n <= 128);
            memcpy(x, from->x + from->ring_point[r], n * sizeof *x);
            memcpy(y, from->y + from->ring_point[r], n * sizeof *y);
            assert_int_equal(ps_crs_operation_apply(op, n, x, y), 0);
            assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
        }
    }
    return tiling_finish(b);
}

/* Distance of a point to the nearest edge of all areas. */
static double edge_distance(const ps_areas *areas, double px, double py, double wide,
                            double tall) {
    double best = HUGE_VAL;
    for (size_t r = 0; r < areas->n_rings; r++) {
        for (uint32_t i = areas->ring_point[r]; i + 1 < areas->ring_point[r + 1]; i++) {
            const double x1 = (areas->x[i] - px) * wide, y1 = (areas->y[i] - py) * tall;
            const double dx = (areas->x[i + 1] - areas->x[i]) * wide;
            const double dy = (areas->y[i + 1] - areas->y[i]) * tall;
            const double t = fmax(0, fmin(1, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy)));
            best = fmin(best, hypot(x1 + t * dx, y1 + t * dy));
        }
    }
    return best;
}

/* Points in the CRS of the areas: anywhere, and some millimetres beside edges. */
static void make_points(const ps_areas *areas, uint64_t *seed, double wide, double tall,
                        size_t n, double *x, double *y) {
    double box[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < areas->n_points; i++) {
        box[0] = fmin(box[0], areas->x[i]), box[2] = fmax(box[2], areas->x[i]);
        box[1] = fmin(box[1], areas->y[i]), box[3] = fmax(box[3], areas->y[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) {
            x[i] = box[0] + tiling_uniform(seed) * (box[2] - box[0]);
            y[i] = box[1] + tiling_uniform(seed) * (box[3] - box[1]);
            continue;
        }
        const size_t r = test_random_below(seed, areas->n_rings);
        const uint32_t begin = areas->ring_point[r];
        const size_t p =
            begin + test_random_below(seed, areas->ring_point[r + 1] - begin - 1);
        const double dx = (areas->x[p + 1] - areas->x[p]) * wide;
        const double dy = (areas->y[p + 1] - areas->y[p]) * tall;
        const double t = tiling_uniform(seed), length = hypot(dx, dy);
        const double beside =
            (i % 2 == 0 ? 1 : -1) * (0.0014 + 0.003 * tiling_uniform(seed));
        x[i] = areas->x[p] + (t * dx - beside * dy / length) / wide;
        y[i] = areas->y[p] + (t * dy + beside * dx / length) / tall;
    }
}

/* areas in one CRS, points in the other; wide and tall: metres per unit of the areas'. */
static size_t compare(const ps_areas *areas, ps_crs_operation *there, bool geographic,
                      double wide, double tall, uint64_t seed) {
    ps_error err = {PS_OK, ""};
    ps_locator *here_index = NULL, *there_index = NULL;
    assert_int_equal(ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, !geographic,
                                      &here_index, &err),
                     PS_OK);
    if (ps_locator_build(&(ps_locator_layer){areas, there}, 1, geographic, &there_index,
                         &err) != PS_OK)
        fail_msg("%s", err.text);
    /* what both mean: the boundaries rounded where they are */
    ps_areas *frozen = NULL;
    assert_int_equal(ps_locator_frozen_areas(here_index, 0, &frozen, &err), PS_OK);
    const double unit = ps_locator_unit(here_index, 0);
    enum { N = 4000 };
    static double x[N], y[N], tx[N], ty[N];
    make_points(areas, &seed, wide, tall, N, x, y);
    memcpy(tx, x, sizeof x);
    memcpy(ty, y, sizeof y);
    assert_int_equal(ps_crs_operation_apply(there, N, tx, ty), 0);
    size_t checked = 0;
    for (size_t i = 0; i < N; i++) {
        if (edge_distance(frozen, x[i] / unit, y[i] / unit, wide * unit, tall * unit) <
            0.0015)
            continue;
        int32_t here, away;
        ps_locate(here_index, 1, &x[i], &y[i], &here, NULL);
        ps_locate(there_index, 1, &tx[i], &ty[i], &away, NULL);
        if (here != away)
            fail_msg(
                "seed %llu: point %.9g %.9g (%.9g %.9g): row %d, after transforming %d",
                (unsigned long long)seed, x[i], y[i], tx[i], ty[i], here, away);
        checked++;
    }
    ps_areas_free(frozen);
    ps_locator_free(here_index);
    ps_locator_free(there_index);
    return checked;
}

static void test_grid_to_globe(void **state) {
    systems *s = *state;
    for (int64_t size = 20000; size <= 2000000000; size *= 10) {
        if (size > 20000000) size = 12000000; /* the largest that stays in England */
        ps_areas *areas = country((uint64_t)size, size, 0.3);
        assert_true(compare(areas, s->to_globe, true, 1, 1, (uint64_t)size) > 2000);
        ps_areas_free(areas);
        if (size == 12000000) break;
    }
}

static void test_globe_to_grid(void **state) {
    systems *s = *state;
    const double tall = 111200, wide = tall * cos(53.6 * 0.017453292519943295);
    for (int64_t size = 20000; size <= 2000000; size *= 10) {
        ps_areas *grid = country((uint64_t)size, size, 0);
        ps_areas *areas = moved(grid, s->to_globe);
        assert_true(compare(areas, s->to_grid, false, wide, tall, (uint64_t)size) > 2000);
        ps_areas_free(areas);
        ps_areas_free(grid);
    }
}

typedef struct line {
    double x1, y1, x2, y2;
} line;

static int compare_lines(const void *a, const void *b) {
    return memcmp(a, b, sizeof(line));
}

/* Every edge of one area inside the tiling is an edge of exactly one other. */
static void test_shared_edges_stay_shared(void **state) {
    systems *s = *state;
    ps_error err = {PS_OK, ""};
    ps_areas *areas = country(5, 5000000, 0.3), *frozen = NULL;
    ps_locator *l = NULL;
    assert_int_equal(
        ps_locator_build(&(ps_locator_layer){areas, s->to_globe}, 1, true, &l, &err),
        PS_OK);
    assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
    assert_true(frozen->n_points > 2 * areas->n_points); /* long edges were split */
    line *lines = malloc(frozen->n_points * sizeof *lines);
    assert_non_null(lines);
    size_t n = 0;
    for (size_t r = 0; r < frozen->n_rings; r++) {
        for (uint32_t i = frozen->ring_point[r]; i + 1 < frozen->ring_point[r + 1]; i++) {
            const line forth = {frozen->x[i], frozen->y[i], frozen->x[i + 1],
                                frozen->y[i + 1]};
            const line back = {forth.x2, forth.y2, forth.x1, forth.y1};
            lines[n++] = compare_lines(&forth, &back) < 0 ? forth : back;
        }
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    /* Back on the grid, those that are nobody else's lie on the outside. */
    double box[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < areas->n_points; i++) {
        box[0] = fmin(box[0], areas->x[i]), box[2] = fmax(box[2], areas->x[i]);
        box[1] = fmin(box[1], areas->y[i]), box[3] = fmax(box[3], areas->y[i]);
    }
    const double unit = ps_locator_unit(l, 0);
    size_t twice = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i + 1;
        while (j < n && compare_lines(&lines[i], &lines[j]) == 0) j++;
        assert_true(j - i <= 2);
        twice += j - i == 2;
        if (j - i == 1) {
            double x[2] = {lines[i].x1 * unit, lines[i].x2 * unit};
            double y[2] = {lines[i].y1 * unit, lines[i].y2 * unit};
            assert_int_equal(ps_crs_operation_apply(s->to_grid, 2, x, y), 0);
            const double beside = fmin(fmin(fabs(x[0] - box[0]) + fabs(x[1] - box[0]),
                                            fabs(x[0] - box[2]) + fabs(x[1] - box[2])),
                                       fmin(fabs(y[0] - box[1]) + fabs(y[1] - box[1]),
                                            fabs(y[0] - box[3]) + fabs(y[1] - box[3])));
            assert_true(beside < 0.01);
        }
        i = j;
    }
    assert_true(twice > areas->n_points);
    free(lines);

    int64_t ties = 0;
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) { /* nor is there a gap */
        double x = 420010 + tiling_uniform(&seed) * 79000;
        double y = 410010 + tiling_uniform(&seed) * 69000;
        int32_t row;
        assert_int_equal(ps_crs_operation_apply(s->to_globe, 1, &x, &y), 0);
        ps_locate(l, 1, &x, &y, &row, &ties);
        assert_true(row != PS_NONE);
    }
    assert_int_equal(ties, 0);
    ps_areas_free(frozen);
    ps_locator_free(l);
    ps_areas_free(areas);
}

static void test_threads(void **state) {
    systems *s = *state;
    ps_error err = {PS_OK, ""};
    ps_areas *areas = country(6, 800000, 0.2);
    ps_locator *first = NULL;
    const int threads[] = {1, 2, 7};
    for (int t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_locator *l = NULL;
        assert_int_equal(
            ps_locator_build(&(ps_locator_layer){areas, s->to_globe}, 1, true, &l, &err),
            PS_OK);
        if (first == NULL) {
            first = l;
            continue;
        }
        assert_true(ps_locator_same(first, l));
        ps_locator_free(l);
    }
    ps_set_threads(0);
    ps_locator_free(first);
    ps_areas_free(areas);
}

static void test_no_image(void **state) {
    systems *s = *state;
    ps_error err = {PS_OK, ""};
    const double places[] = {1e9, 1e15, 1e200};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ps_areas_builder *b = tiling_start();
        const double d = places[i];
        const double x[] = {0, d, d}, y[] = {0, 0, d};
        tiling_area(b, "LOST", 7);
        assert_int_equal(ps_areas_builder_ring(b, 3, x, y, &err), PS_OK);
        ps_areas *areas = tiling_finish(b);
        ps_locator *l = NULL;
        assert_int_equal(
            ps_locator_build(&(ps_locator_layer){areas, s->to_globe}, 1, true, &l, &err),
            PS_FORMAT);
        assert_null(l);
        assert_non_null(strstr(err.text, "LOST00007"));
        ps_areas_free(areas);
    }
}

typedef struct building {
    const ps_areas *areas;
    ps_crs_operation *op;
} building;

static ps_status build_and_free(void *context, ps_error *err) {
    const building *b = context;
    ps_locator *l = NULL;
    ps_status status =
        ps_locator_build(&(ps_locator_layer){b->areas, b->op}, 1, true, &l, err);
    assert_true((status == PS_OK) == (l != NULL));
    ps_locator_free(l);
    return status;
}

static void test_out_of_memory(void **state) {
    systems *s = *state;
    ps_set_threads(1);
    ps_areas *areas = country(2, 900000, 0);
    building b = {areas, s->to_globe};
    assert_true(test_each_allocation_fails(build_and_free, &b) > 30);
    ps_areas_free(areas);
    ps_set_threads(0);
}

static int setup(void **state) {
    *state = open_systems();
    return 0;
}

static int teardown(void **state) {
    close_systems(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_to_globe),
        cmocka_unit_test(test_globe_to_grid),
        cmocka_unit_test(test_shared_edges_stay_shared),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_image),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
