/* Kernel density against R: MASS's kde2d (gaussian, whose kernels are not cut), and sums
 * over all points. Skipped where R with MASS is not installed. */
#include "indicators/density.h"

#include <math.h>
#include <time.h>

#include "tests/support/r.h"

enum { N = 150, SIDE = 25, CELLS = SIDE * SIDE };

static const char script[] =
    "x <- d[, 1]; y <- d[, 2]; n <- nrow(d); at <- 0:24 * 400\n"
    "h <- c(sd(x), sd(y)) * n^(-1 / 6)\n"
    "k <- MASS::kde2d(x, y, 4 * h, 25, c(0, 9600, 0, 9600))$z * n\n"
    "g <- expand.grid(at, at)\n"
    "u2 <- outer(g[, 1], x, '-')^2 / 1500^2 + outer(g[, 2], y, '-')^2 / 1500^2\n"
    "quartic <- rowSums(3 / (pi * 1500^2) * ifelse(u2 < 1, (1 - u2)^2, 0))\n"
    "flat <- rowSums(2 / (pi * 1500^2) * ifelse(u2 < 1, 1 - u2, 0))\n"
    "out <- c(h, k, quartic, flat)\n";

static void as_r(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    static double x[N], y[N], in[2 * N], d[CELLS], theirs[2 + 3 * CELLS];
    ps_grid g = {0, 0, 400, SIDE, SIDE};
    double h_x, h_y, largest = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < N; i++) {
        in[2 * i] = x[i] = (double)test_random_below(&seed, 960000) / 100;
        in[2 * i + 1] = y[i] = (double)test_random_below(&seed, 960000) / 100;
    }
    char *folder = test_folder_make();
    test_r(folder, script, in, N, 2, theirs, sizeof theirs / sizeof *theirs);
    test_folder_remove(folder);
    assert_true(ps_density_bandwidth(N, x, y, &h_x, &h_y));
    test_near(h_x, theirs[0], 1e-13);
    test_near(h_y, theirs[1], 1e-13);
    for (int k = 0; k < 3; k++) {
        bool gaussian = k == PS_KERNEL_GAUSSIAN;
        double height = 0;
        assert_int_equal(ps_density(N, x, y, NULL, (ps_kernel)k, gaussian ? h_x : 1500,
                                    gaussian ? h_y : 1500, &g, d, NULL),
                         PS_OK);
        for (int c = 0; c < CELLS; c++) height = fmax(height, d[c]);
        for (int c = 0; c < CELLS; c++) {
            double off = fabs(d[c] - theirs[2 + k * CELLS + c]) / height;
            /* What lies beyond five bandwidths is below exp(-12.5) / the peak each. */
            if (!(off <= (gaussian ? 1e-4 : 1e-12)))
                fail_msg("kernel %d: %.17g, in R %.17g", k, d[c],
                         theirs[2 + k * CELLS + c]);
            if (!gaussian) largest = fmax(largest, off);
        }
    }
    print_message("largest difference %.2g\n", largest);
}

int main(void) {
    if (system("Rscript --vanilla -e 'library(MASS)' >/dev/null 2>&1") != 0) {
        print_message("R with MASS is not installed\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_r)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
