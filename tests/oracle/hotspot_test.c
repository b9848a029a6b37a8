/* Odds ratios against R's glm, correlations of maps against cor.test and against sums
 * over distance classes in R. Skipped where R is not installed. */
#include "indicators/hotspot.h"

#include <math.h>
#include <time.h>

#include "tests/support/r.h"

enum { N = 120, CLASSES = 13, NUMBERS = 7 };

static const char script[] =
    "x <- d[, 1]; y <- d[, 2]; n <- nrow(d)\n"
    "z <- x - mean(x); v <- y - mean(y)\n"
    "far <- as.matrix(dist(d[, 3:4])); k <- pmin(floor(far / (max(far) / 13)), 12)\n"
    "diag(k) <- -1; total <- 0\n"
    "for (c in unique(as.vector(k))) { on <- k == c\n"
    "  total <- total + sum(on) * mean((z %o% z)[on]) * mean((v %o% v)[on]) }\n"
    "ne <- min(n, 1 + n^2 * mean(z^2) * mean(v^2) / total)\n"
    "t <- cor.test(x, y); r <- t$estimate\n"
    "p <- 2 * pt(-abs(r) * sqrt((ne - 2) / (1 - r^2)), ne - 2)\n"
    "g <- glm(d[, 5] ~ d[, 6], family = binomial, control = glm.control(1e-14))\n"
    "e <- coef(summary(g))[2, 1:2]\n"
    "out <- c(r, ne, t$p.value, p, exp(e[1] + c(0, -1, 1) * qnorm(.975) * e[2]))\n";

static void as_r(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    for (int round = 0; round < 3; round++) {
        static double in[N * 6], x[N], y[N], east[N], north[N];
        double theirs[NUMBERS];
        int64_t table[2][2] = {{0}};
        ps_map_correlation m;
        print_message("seed %llu\n", (unsigned long long)seed);
        for (int i = 0; i < N; i++) {
            double *row = in + 6 * i;
            row[2] = east[i] = (double)test_random_below(&seed, 2000000) / 100;
            row[3] = north[i] = (double)test_random_below(&seed, 2000000) / 100;
            row[0] = x[i] =
                sin(east[i] / 4000) + (double)test_random_below(&seed, 1000) / 1500;
            row[1] = y[i] = sin(east[i] / 4000 + 0.8) + north[i] / 20000 +
                            (double)test_random_below(&seed, 1000) / 1500;
            int poor = i % 5 == 0, hot = test_random_below(&seed, 10) < (poor ? 6 : 3);
            row[4] = hot;
            row[5] = poor;
            table[!poor][!hot]++;
        }
        ps_odds_ratio odds =
            ps_odds_ratio_of(table[0][0], table[0][1], table[1][0], table[1][1], 0.95);
        assert_int_equal(ps_map_correlate(N, x, y, east, north, CLASSES, &m, NULL),
                         PS_OK);
        double ours[NUMBERS] = {m.r.value,       m.n_effective.value, m.p_naive.value,
                                m.p.value,       odds.ratio.value,    odds.lower.value,
                                odds.upper.value};
        char *folder = test_folder_make();
        test_r(folder, script, in, N, 6, theirs, NUMBERS);
        test_folder_remove(folder);
        test_r_agrees("maps", ours, theirs, NUMBERS - 2, 1e-9);
        /* glm's standard error is that of the step before its last. */
        test_r_agrees("limits", ours + NUMBERS - 2, theirs + NUMBERS - 2, 2, 1e-6);
    }
}

int main(void) {
    if (!test_r_is_there()) {
        print_message("R is not installed\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_r)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
