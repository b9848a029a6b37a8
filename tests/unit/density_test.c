/* Kernel density where the answer is known, and what must not matter. */
#include "indicators/density.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/method.h"

enum { SIDE = 60, CELLS = SIDE * SIDE, N = 200 };
static const double PI = 3.14159265358979323846;
static const ps_kernel kernels[] = {PS_KERNEL_GAUSSIAN, PS_KERNEL_QUARTIC,
                                    PS_KERNEL_EPANECHNIKOV};

static void one_point_is_the_kernel(void **state) {
    (void)state;
    static double d[CELLS];
    double x[] = {30}, y[] = {30}, weight[] = {2};
    ps_grid g = {0, 0, 1, SIDE, SIDE};
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(ps_density(1, x, y, weight, kernels[k], 4, 5, &g, d, NULL),
                         PS_OK);
        double sum = 0;
        for (size_t c = 0; c < CELLS; c++) {
            double u = ((double)(c % SIDE) - 30) / 4, v = ((double)(c / SIDE) - 30) / 5;
            double u2 = u * u + v * v, expected = 0;
            if (k == 0 && u2 <= 25) expected = exp(-u2 / 2) / (2 * PI * 20);
            if (k == 1 && u2 < 1) expected = 3 / (PI * 20) * (1 - u2) * (1 - u2);
            if (k == 2 && u2 < 1) expected = 2 / (PI * 20) * (1 - u2);
            test_near(d[c], 2 * expected, 1e-12);
            sum += d[c];
        }
        /* The whole weight, but for cells and the cut. */
        assert_true(fabs(sum - 2) < 0.02);
    }
}

static void draw_points(double *x, double *y, uint64_t *seed) {
    for (int i = 0; i < N; i++) {
        x[i] = (double)test_random_below(seed, 7000) / 100 - 5;
        y[i] = (double)test_random_below(seed, 7000) / 100 - 5;
    }
}

/* Every sum, point by point, with points beyond the grid. */
static void sums_are_complete(void **state) {
    (void)state;
    static double d[CELLS], x[N], y[N];
    uint64_t seed = 3;
    ps_grid g = {0.5, 0.25, 0.75, SIDE, SIDE - 20};
    draw_points(x, y, &seed);
    for (size_t k = 0; k < 3; k++) {
        double h = k == 0 ? 2.1 : 6.3;
        assert_int_equal(ps_density(N, x, y, NULL, kernels[k], h, h, &g, d, NULL), PS_OK);
        for (size_t c = 0; c < g.rows * g.columns; c++) {
            double sum = 0, at_x = g.x + (double)(c % g.columns) * g.cell,
                   at_y = g.y + (double)(c / g.columns) * g.cell;
            for (int i = 0; i < N; i++) {
                double u2 = (pow(at_x - x[i], 2) + pow(at_y - y[i], 2)) / (h * h);
                if (k == 0 && u2 <= 25) sum += exp(-u2 / 2) / (2 * PI * h * h);
                if (k == 1 && u2 < 1) sum += 3 * pow(1 - u2, 2) / (PI * h * h);
                if (k == 2 && u2 < 1) sum += 2 * (1 - u2) / (PI * h * h);
            }
            assert_true(fabs(d[c] - sum) <= 1e-12 * fmax(sum, 1e-3));
        }
    }
}

static void what_does_not_matter(void **state) {
    (void)state;
    static double a[CELLS], b[CELLS], x[2 * N], y[2 * N], two[N];
    uint64_t seed = 4;
    ps_grid g = {0, 0, 1, SIDE, SIDE}, km = {0, 0, 0.001, SIDE, SIDE};
    draw_points(x, y, &seed);
    for (size_t k = 0; k < 3; k++) {
        ps_set_threads(1);
        assert_int_equal(ps_density(N, x, y, NULL, kernels[k], 3, 4, &g, a, NULL), PS_OK);
        for (int threads = 2; threads <= 7; threads += 5) {
            ps_set_threads(threads);
            assert_int_equal(ps_density(N, x, y, NULL, kernels[k], 3, 4, &g, b, NULL),
                             PS_OK);
            assert_memory_equal(a, b, sizeof a);
        }
        /* The order of the points. */
        static double rx[2 * N], ry[2 * N];
        for (int i = 0; i < N; i++) {
            rx[i] = x[N - 1 - i];
            ry[i] = y[N - 1 - i];
        }
        assert_int_equal(ps_density(N, rx, ry, NULL, kernels[k], 3, 4, &g, b, NULL),
                         PS_OK);
        assert_memory_equal(a, b, sizeof a);
        /* Every point twice is every point with weight 2. */
        for (int i = 0; i < N; i++) {
            rx[N + i] = rx[i];
            ry[N + i] = ry[i];
            two[i] = 2;
        }
        assert_int_equal(ps_density(2 * N, rx, ry, NULL, kernels[k], 3, 4, &g, b, NULL),
                         PS_OK);
        assert_int_equal(ps_density(N, x, y, two, kernels[k], 3, 4, &g, a, NULL), PS_OK);
        for (int c = 0; c < CELLS; c++) assert_true(fabs(a[c] - b[c]) <= 1e-12 * a[c]);
        /* Kilometres instead of metres: a million times as dense. */
        for (int i = 0; i < N; i++) {
            rx[i] /= 1000;
            ry[i] /= 1000;
        }
        assert_int_equal(
            ps_density(N, rx, ry, two, kernels[k], 0.003, 0.004, &km, b, NULL), PS_OK);
        for (int c = 0; c < CELLS; c++)
            assert_true(fabs(a[c] * 1e6 - b[c]) <= 1e-9 * b[c] + 1e-6);
    }
    ps_set_threads(0);
}

/* A straight edge keeps half of a kernel that stands on it, a corner a quarter. */
static void mass_at_the_edge(void **state) {
    (void)state;
    static double mass[CELLS];
    static bool inside[CELLS];
    ps_grid g = {0, 0, 1, SIDE, SIDE};
    for (size_t k = 0; k < 3; k++) {
        double h = k == 0 ? 4 : 12;
        assert_int_equal(ps_density_mass(kernels[k], h, h, &g, NULL, mass, NULL), PS_OK);
        test_near(mass[30 * SIDE + 30], 1, 1e-12);
        for (int c = 0; c < CELLS; c++) inside[c] = c % SIDE < 30;
        assert_int_equal(ps_density_mass(kernels[k], h, h, &g, inside, mass, NULL),
                         PS_OK);
        /* By symmetry, the last cell inside and the first outside add up to the whole. */
        test_near(mass[30 * SIDE + 29] + mass[30 * SIDE + 30], 1, 1e-12);
        assert_true(mass[30 * SIDE + 29] > 0.5 && mass[30 * SIDE + 29] < 0.6);
        for (int c = 0; c < CELLS; c++) inside[c] = c % SIDE < 30 && c / SIDE < 30;
        assert_int_equal(ps_density_mass(kernels[k], h, h, &g, inside, mass, NULL),
                         PS_OK);
        test_near(mass[29 * SIDE + 29] + mass[29 * SIDE + 30] + mass[30 * SIDE + 29] +
                      mass[30 * SIDE + 30],
                  1, 1e-12);
    }
}

static void bandwidths_and_rings(void **state) {
    (void)state;
    double x[] = {0, 2, 4}, y[] = {1, 1, 7}, same[] = {5, 5, 5}, h_x, h_y, d[1];
    ps_grid g = {0, 0, 1, 1, 1};
    assert_true(ps_density_bandwidth(3, x, y, &h_x, &h_y));
    test_near(h_x, 2 / pow(3, 1.0 / 6), 1e-14);
    test_near(h_y, sqrt(12) / pow(3, 1.0 / 6), 1e-14);
    assert_false(ps_density_bandwidth(3, x, same, &h_x, &h_y));
    assert_false(ps_density_bandwidth(1, x, y, &h_x, &h_y));
    ps_error err = {.text = ""};
    assert_int_equal(ps_density(3, x, y, NULL, PS_KERNEL_QUARTIC, 0, 1, &g, d, &err),
                     PS_CONFIG);
    assert_int_equal(ps_density(0, x, y, NULL, PS_KERNEL_QUARTIC, 1, 1, &g, d, &err),
                     PS_OK);
    assert_true(d[0] == 0);
    /* A square with a square hole. */
    double bx[] = {0, 9, 9, 0, 3, 6, 6, 3}, by[] = {0, 0, 9, 9, 3, 3, 6, 6},
           ring[] = {1, 1, 1, 1, 2, 2, 2, 2};
    assert_true(ps_density_inside(8, bx, by, ring, 1, 1));
    assert_true(ps_density_inside(8, bx, by, ring, 8, 4));
    assert_false(ps_density_inside(8, bx, by, ring, 4, 4));
    assert_false(ps_density_inside(8, bx, by, ring, 10, 4));
    assert_false(ps_density_inside(0, bx, by, ring, 4, 4));
}

static const char small[] =
    "x,y,kind,weight\n1000,1000,event,1\n1200,1100,,1\n,,event,1\n9000,9000,event,1\n"
    "1100,1000,population,500\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute(
        "kde", small, "bandwidth=400 cell=200 xmin=0 xmax=2000 ymin=0 ymax=2000");
    assert_int_equal(ps_table_rows(t), 100);
    assert_string_equal(test_cell(t, 0, "n_unlocated"), "1");
    assert_string_equal(test_cell(t, 0, "n_outside"), "1");
    assert_string_equal(test_cell(t, 0, "n"), "2");
    assert_string_equal(test_cell(t, 0, "ratio_status"), "small-base");
    double sum = 0;
    for (size_t i = 0; i < 100; i++) sum += test_value(t, i, "value");
    test_near(sum * 0.04 / 2, test_value(t, 0, "integral"), 1e-12);
    /* Cell 5 of row 5: centre (1100, 1100). */
    double u2 = 0.125, other = 0.0625, scale = 3 / (PI * 0.16);
    test_near(test_value(t, 55, "value"), scale * (pow(1 - u2, 2) + pow(1 - other, 2)),
              1e-12);
    test_near(test_value(t, 55, "population"), 500 * scale * pow(1 - other, 2), 1e-12);
    ps_table_free(t);
    /* Only cells inside the boundary; the events outside are left out. */
    t = test_compute("kde",
                     "x,y,kind\n1000,1000,\n1900,1900,\n0,0,boundary\n2000,0,boundary\n"
                     "2000,1000,boundary\n1000,1000,boundary\n1000,2000,boundary\n"
                     "0,2000,boundary\n500,500,event\n",
                     "bandwidth=600 cell=100 edge=mass kernel=gaussian");
    assert_int_equal(ps_table_rows(t), 300);
    assert_true(test_value(t, 0, "mass") < 0.5);
    ps_table_free(t);
    test_refused("kde", "x,y\n1,1\n", "", PS_FORMAT, "give -p bandwidth");
    test_refused("kde", "x,y\n,\n", "bandwidth=500", PS_FORMAT,
                 "no event with coordinates");
    test_refused("kde", "x,y,weight\n1,1,-1\n", "bandwidth=500", PS_FORMAT, "0 or more");
    test_refused("kde", "x,y,kind\n1,1,crime\n", "bandwidth=500", PS_FORMAT, "'crime'");
    test_refused("kde", "x,y,kind\n1,1,\n,1,boundary\n", "bandwidth=500", PS_FORMAT,
                 "is empty");
    test_refused("kde", "x,y\n1,1\n", "bandwidth=500 cell=0.01", PS_LIMIT, "too large");
    test_refused("kde", "x,y\n1,1\n", "bandwidth=500 xmin=9 xmax=8", PS_CONFIG, "empty");
    test_refused("kde", "x,y\n1,1\n", "bandwidth=0", PS_CONFIG, "bandwidth");
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    test_method_case c = {"kde", small, "bandwidth=4000 cell=2000 edge=mass"};
    ps_set_threads(1);
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_point_is_the_kernel),   cmocka_unit_test(sums_are_complete),
        cmocka_unit_test(what_does_not_matter),      cmocka_unit_test(mass_at_the_edge),
        cmocka_unit_test(bandwidths_and_rings),      cmocka_unit_test(tables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
