/* What must hold for any two geographies: parts add up to the whole, swapping and
 * renumbering change nothing, nor does the number of threads; and figures that are known,
 * where every edge and vertex lies on others. */
#include "geo/crosswalk.h"

#include "engine/core/par.h"
#include "tests/support/tiling.h"

static ps_crosswalk *cross(const ps_areas *from, const ps_areas *to) {
    ps_error err = {PS_OK, ""};
    ps_crosswalk *c = NULL;
    if (ps_crosswalk_build(from, NULL, to, NULL, 1, &c, &err) != PS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->overlap.rows, from->n);
    assert_int_equal(c->n_to, to->n);
    for (size_t a = 0; a < from->n; a++) {
        for (size_t i = c->overlap.offset[a]; i < c->overlap.offset[a + 1]; i++) {
            assert_true(c->overlap.weight[i] > 0);
            assert_in_range(c->overlap.column[i], 0, to->n - 1);
            if (i > c->overlap.offset[a])
                assert_true(c->overlap.column[i] > c->overlap.column[i - 1]);
        }
    }
    return c;
}

static double at(const ps_crosswalk *c, size_t row, size_t column) {
    for (size_t i = c->overlap.offset[row]; i < c->overlap.offset[row + 1]; i++)
        if ((size_t)c->overlap.column[i] == column) return c->overlap.weight[i];
    return 0;
}

static double sum_of(const ps_crosswalk *c, size_t row) {
    double sum = 0;
    for (size_t i = c->overlap.offset[row]; i < c->overlap.offset[row + 1]; i++)
        sum += c->overlap.weight[i];
    return sum;
}

/* The same areas, whichever way it is asked. */
static void check_transposed(const ps_areas *from, const ps_areas *to) {
    ps_crosswalk *c = cross(from, to), *d = cross(to, from);
    assert_int_equal(c->overlap.offset[from->n], d->overlap.offset[to->n]);
    for (size_t a = 0; a < from->n; a++) {
        for (size_t i = c->overlap.offset[a]; i < c->overlap.offset[a + 1]; i++)
            assert_true(at(d, (size_t)c->overlap.column[i], a) == c->overlap.weight[i]);
        test_near(d->to_area[a], c->from_area[a], 1e-12);
    }
    ps_crosswalk_free(c);
    ps_crosswalk_free(d);
}

static tiling_spec spec_of(uint64_t seed) {
    return (tiling_spec){.seed = seed,
                         .columns = 3 + (int)(seed % 7),
                         .rows = 3 + (int)(seed % 5),
                         .steps = 1 + (int)(seed % TILING_STEPS),
                         .size = seed % 3 == 0 ? 97 : 5000 * (int64_t)(seed % 50 + 1),
                         .growth = 1.2,
                         .wiggle = 0.3,
                         .noise = seed % 2 == 0 ? 0.45 : 0,
                         .enclaves = seed % 2 == 0,
                         .x0 = (int64_t)(seed % 4) * 1000000 - 2000000,
                         .y0 = -(int64_t)(seed % 3) * 700000};
}

/* A frame of areas that covers everything. */
static ps_areas *frame(int64_t low, int64_t high, int pieces) {
    ps_areas_builder *b = tiling_start();
    uint64_t seed = 1;
    for (int i = 0; i < pieces; i++) {
        const int64_t x1 = low + (high - low) / pieces * i;
        const int64_t x2 = i + 1 == pieces ? high : low + (high - low) / pieces * (i + 1);
        const int64_t x[4] = {x1, x2, x2, x1}, y[4] = {low, low, high, high};
        tiling_area(b, "F", i);
        tiling_ring(b, 4, x, y, 0, &seed);
    }
    return tiling_finish(b);
}

static void test_parts_add_up(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const tiling_spec s = spec_of(seed);
        ps_areas *areas = tiling_make(&s);
        ps_areas *all = frame(-2000000000 / 2, 2000000000 / 2, 1 + (int)(seed % 9));
        ps_crosswalk *c = cross(areas, all), *d = cross(all, areas);
        for (size_t a = 0; a < areas->n; a++) {
            test_near(sum_of(c, a), c->from_area[a], 1e-15);
            double sum = 0;
            for (size_t b = 0; b < all->n; b++) sum += at(d, b, a);
            test_near(sum, d->to_area[a], 1e-15);
        }
        check_transposed(areas, all);
        ps_crosswalk_free(c);
        ps_crosswalk_free(d);
        ps_areas_free(areas);
        ps_areas_free(all);
    }
}

static void test_two_tilings(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const tiling_spec s = spec_of(seed), t = spec_of(seed + 1000);
        ps_areas *from = tiling_make(&s), *to = tiling_make(&t);
        check_transposed(from, to);
        check_transposed(from, from);
        ps_crosswalk *c = cross(from, from);
        for (size_t a = 0; a < from->n; a++) {
            if (s.noise > 0 || s.wiggle > 0.1) continue;
            assert_int_equal(c->overlap.offset[a + 1] - c->overlap.offset[a], 1);
            assert_true(at(c, a, a) == c->from_area[a]);
        }
        ps_crosswalk_free(c);
        ps_areas_free(from);
        ps_areas_free(to);
    }
}

/* Areas made of whole squares of a lattice: all edges and corners lie on each other, and
 * the common area is a sum of rectangles. Every square is a ring of its own. */
enum { LATTICE = 12, LABELS = 5 };

static ps_areas *lattice(uint64_t seed, int64_t size, int64_t x0, int64_t y0,
                         int label[LATTICE][LATTICE]) {
    ps_areas_builder *b = tiling_start();
    for (int r = 0; r < LATTICE; r++)
        for (int c = 0; c < LATTICE; c++)
            label[r][c] = (int)test_random_below(&seed, LABELS + 1); /* LABELS: none */
    for (int l = 0; l < LABELS; l++) {
        tiling_area(b, "L", l);
        for (int r = 0; r < LATTICE; r++) {
            for (int c = 0; c < LATTICE; c++) {
                const int64_t x1 = x0 + c * size, y1 = y0 + r * size;
                int64_t x[4] = {x1, x1 + size, x1 + size, x1};
                int64_t y[4] = {y1, y1, y1 + size, y1 + size};
                if (label[r][c] != l) continue;
                if (test_random_below(&seed, 2) == 0) { /* either way round */
                    x[1] = x1, x[3] = x1 + size;
                    y[1] = y1 + size, y[3] = y1;
                }
                tiling_ring(b, 4, x, y, 0, &seed);
            }
        }
    }
    return tiling_finish(b);
}

static int64_t common(int64_t a, int64_t a_size, int64_t b, int64_t b_size) {
    const int64_t low = a > b ? a : b;
    const int64_t high = a + a_size < b + b_size ? a + a_size : b + b_size;
    return high > low ? high - low : 0;
}

static void test_lattices(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        const int64_t size[2] = {1 + (int64_t)test_random_below(&random, 6),
                                 1 + (int64_t)test_random_below(&random, 6)};
        const int64_t x0 = (int64_t)test_random_below(&random, 20) - 10;
        const int64_t y0 = (int64_t)test_random_below(&random, 20) - 10;
        int label[2][LATTICE][LATTICE];
        ps_areas *from = lattice(seed * 2, size[0], 0, 0, label[0]);
        ps_areas *to = lattice(seed * 2 + 1, size[1], x0, y0, label[1]);
        int64_t want[LABELS + 1][LABELS + 1] = {{0}};
        for (int i = 0; i < LATTICE * LATTICE; i++) {
            for (int j = 0; j < LATTICE * LATTICE; j++) {
                const int r = i / LATTICE, c = i % LATTICE;
                const int s = j / LATTICE, d = j % LATTICE;
                want[label[0][r][c]][label[1][s][d]] +=
                    common(c * size[0], size[0], x0 + d * size[1], size[1]) *
                    common(r * size[0], size[0], y0 + s * size[1], size[1]);
            }
        }
        ps_crosswalk *c = cross(from, to);
        for (size_t a = 0; a < LABELS; a++) {
            for (size_t b = 0; b < LABELS; b++) {
                if (at(c, a, b) != (double)want[a][b] / 1e6)
                    fail_msg("seed %llu: %zu and %zu have %.9g in common, not %.9g",
                             (unsigned long long)seed, a, b, at(c, a, b),
                             (double)want[a][b] / 1e6);
            }
        }
        check_transposed(from, to);
        ps_crosswalk_free(c);
        ps_areas_free(from);
        ps_areas_free(to);
    }
}

/* Rings that cross themselves and each other, anywhere in the largest plane. */
static void test_scribbles(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        uint64_t random = seed;
        const uint64_t size = seed % 3 == 0 ? INT32_MAX : seed % 3 == 1 ? 40 : 100000;
        ps_areas_builder *b = tiling_start();
        for (int a = 0; a < 12; a++) {
            tiling_area(b, "S", a);
            const size_t rings = 1 + test_random_below(&random, 3);
            for (size_t r = 0; r < rings; r++)
                tiling_scribble(b, &random, 3 + test_random_below(&random, 40), 0, 0,
                                size);
        }
        ps_areas *areas = tiling_finish(b);
        ps_areas *all = frame(0, INT32_MAX - 1, 7);
        ps_crosswalk *c = cross(areas, all);
        for (size_t a = 0; a < areas->n; a++) {
            /* Parts of which more turns clockwise are left out. */
            if (c->from_area[a] > 0 &&
                c->overlap.offset[a + 1] - c->overlap.offset[a] == all->n)
                test_near(sum_of(c, a), c->from_area[a], 1e-14);
        }
        ps_crosswalk_free(c);
        /* With itself every edge lies on others, some of which cross it: what rounding
         * leaves differs, by 2^-20 of a unit along all edges at most. */
        c = cross(areas, areas);
        const double most = 3 * 43 * 1.5 * (double)size * 0x1p-20 / 1e6;
        for (size_t a = 0; a < areas->n; a++)
            for (size_t d = 0; d < areas->n; d++)
                assert_true(fabs(at(c, a, d) - at(c, d, a)) < most);
        ps_crosswalk_free(c);
        ps_areas_free(areas);
        ps_areas_free(all);
    }
}

/* Threads, and the order of the codes. */
static void test_threads_and_order(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    tiling_spec s = spec_of(14), t = spec_of(17);
    s.columns = s.rows = 30, t.columns = t.rows = 11;
    s.growth = t.growth = 1;
    s.size = 10000, t.size = 31000;
    s.x0 = s.y0 = t.x0 = t.y0 = 0;
    ps_areas *from = tiling_make(&s), *to = tiling_make(&t);
    ps_crosswalk *one = NULL;
    for (int threads = 1; threads <= 7; threads += 3) {
        ps_set_threads(threads);
        ps_crosswalk *c = cross(from, to);
        if (one == NULL) {
            one = c;
            continue;
        }
        const size_t n = one->overlap.offset[from->n];
        assert_int_equal(c->overlap.offset[from->n], n);
        assert_memory_equal(c->overlap.column, one->overlap.column,
                            n * sizeof *c->overlap.column);
        assert_memory_equal(c->overlap.weight, one->overlap.weight,
                            n * sizeof *c->overlap.weight);
        assert_memory_equal(c->from_area, one->from_area, from->n * sizeof(double));
        assert_memory_equal(c->to_area, one->to_area, to->n * sizeof(double));
        ps_crosswalk_free(c);
    }
    ps_set_threads(1);

    size_t *number = malloc(from->n * sizeof *number);
    assert_non_null(number);
    uint64_t random = 5;
    for (size_t a = 0; a < from->n; a++) number[a] = a;
    for (size_t a = from->n - 1; a > 0; a--) {
        const size_t k = test_random_below(&random, a + 1), moved = number[a];
        number[a] = number[k], number[k] = moved;
    }
    ps_areas_builder *b = tiling_start();
    for (size_t a = 0; a < from->n; a++) {
        tiling_area(b, "P", (int)number[a]);
        for (uint32_t r = from->area_ring[a]; r < from->area_ring[a + 1]; r++) {
            const uint32_t p = from->ring_point[r], n = from->ring_point[r + 1] - p;
            assert_int_equal(ps_areas_builder_ring(b, n, from->x + p, from->y + p, &err),
                             PS_OK);
        }
    }
    ps_areas *other = tiling_finish(b);
    ps_crosswalk *c = cross(other, to);
    for (size_t a = 0; a < from->n; a++) {
        assert_true(c->from_area[number[a]] == one->from_area[a]);
        for (size_t i = one->overlap.offset[a]; i < one->overlap.offset[a + 1]; i++)
            assert_true(at(c, number[a], (size_t)one->overlap.column[i]) ==
                        one->overlap.weight[i]);
    }
    free(number);
    ps_crosswalk_free(c);
    ps_crosswalk_free(one);
    ps_areas_free(other);
    ps_areas_free(from);
    ps_areas_free(to);
}

/* The areas are few: more threads would only wait for each other. */
int main(void) {
    ps_set_threads(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_add_up),      cmocka_unit_test(test_two_tilings),
        cmocka_unit_test(test_lattices),          cmocka_unit_test(test_scribbles),
        cmocka_unit_test(test_threads_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
