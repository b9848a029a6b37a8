/* Distributions, rates, standardisation and inequality against R: Rmath, poisson.test,
 * prop.test, binom.test, t.test, lm. Fresh random inputs at every run; the largest
 * difference of each is told.
 */
#include "indicators/rate.h"

#include <time.h>

#include "indicators/distribution.h"
#include "indicators/inequality.h"
#include "indicators/standardise.h"
#include "tests/support/r.h"

enum { CASES = 300, WIDE = 40 };

static uint64_t seed;
static char *folder;
static double in[CASES * WIDE], ours[CASES * 8], theirs[CASES * 8];

static double uniform(void) {
    return ((double)(test_random(&seed) >> 12) + 0.5) / 4503599627370496.0;
}

/* Between low and high, evenly over the orders of magnitude. */
static double spread(double low, double high) {
    return low * pow(high / low, uniform());
}

static void distributions(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + 8 * i, *o = ours + 8 * i;
        c[0] = spread(0.5, 1e5);
        c[1] = spread(0.5, 1e5);
        c[2] = c[0] / (c[0] + c[1]) * exp((uniform() - 0.5) / sqrt(c[0]));
        if (c[2] >= 1) c[2] = uniform();
        c[3] = 4 * (uniform() - 0.5);
        c[4] = floor(spread(1, 1e5));
        c[5] = uniform();
        c[6] = floor(c[4] * uniform());
        c[7] = spread(0.1, 1e4);
        o[0] = ps_beta_cdf(c[2], c[0], c[1]);
        o[1] = ps_student_cdf(c[3], c[0] + 0.5);
        o[2] = ps_student_quantile(0.001 + 0.998 * c[5], c[0] + 0.5);
        o[3] = ps_binomial_cdf((int64_t)c[6], (int64_t)c[4], c[5]);
        o[4] = ps_poisson_cdf((int64_t)c[7], c[7] * (0.8 + 0.4 * c[5]));
        o[5] = ps_negative_binomial_cdf((int64_t)c[7], c[5] * 20, c[7]);
        o[6] = ps_f_tail(exp(c[3]), c[0], c[1]);
        o[7] = ps_hypergeometric_pmf((int64_t)floor(c[6] / 2), (int64_t)c[6],
                                     (int64_t)c[4], (int64_t)floor((c[6] + c[4]) / 2));
    }
    test_r(folder,
           "out <- t(cbind(pbeta(d[,3], d[,1], d[,2]), pt(d[,4], d[,1] + 0.5),\n"
           "  qt(0.001 + 0.998 * d[,6], d[,1] + 0.5), pbinom(d[,7], d[,5], d[,6]),\n"
           "  ppois(floor(d[,8]), d[,8] * (0.8 + 0.4 * d[,6])),\n"
           "  pnbinom(floor(d[,8]), size = d[,6] * 20, mu = d[,8]),\n"
           "  pf(exp(d[,4]), d[,1], d[,2], lower.tail = FALSE),\n"
           "  dhyper(floor(d[,7] / 2), d[,7], d[,5], floor((d[,7] + d[,5]) / 2))))",
           in, CASES, 8, theirs, CASES * 8);
    /* Deep tails below 1e-250 are left out: R itself has few digits there. */
    for (size_t i = 0; i < CASES * 8; i++)
        if (fabs(theirs[i]) < 1e-250 || fabs(ours[i]) < 1e-250) ours[i] = theirs[i];
    test_r_agrees("distributions", ours, theirs, CASES * 8, 1e-9);
}

static void counts_and_proportions(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + 3 * i, *o = ours + 6 * i;
        c[1] = floor(spread(1, 1e5));
        c[0] = i % 20 == 0 ? 0 : floor(uniform() * (c[1] + 1));
        c[2] = i % 3 == 0 ? 0.998 : 0.95;
        ps_estimate count = ps_count_by(c[0], c[2], PS_COUNT_EXACT);
        ps_estimate wilson = ps_proportion(c[0], c[1], 1, c[2], PS_PROPORTION_WILSON);
        ps_estimate exact =
            ps_proportion(c[0], c[1], 1, c[2], PS_PROPORTION_CLOPPER_PEARSON);
        o[0] = count.lower;
        o[1] = count.upper;
        o[2] = wilson.lower;
        o[3] = wilson.upper;
        o[4] = exact.lower;
        o[5] = exact.upper;
    }
    test_r(folder,
           "one <- function(r) c(poisson.test(r[1], conf.level = r[3])$conf.int,\n"
           "  prop.test(r[1], r[2], correct = FALSE, conf.level = r[3])$conf.int,\n"
           "  binom.test(r[1], r[2], conf.level = r[3])$conf.int)\n"
           "out <- suppressWarnings(apply(d, 1, one))",
           in, CASES, 3, theirs, CASES * 6);
    /* prop.test leaves rounding noise where the limit is 0 or 1. */
    for (size_t i = 0; i < CASES; i++) {
        if (in[3 * i] == 0) theirs[6 * i + 2] = 0;
        if (in[3 * i] == in[3 * i + 1]) theirs[6 * i + 3] = 1;
    }
    test_r_agrees("counts and proportions", ours, theirs, CASES * 6, 1e-9);
}

static void means(void **state) {
    (void)state;
    enum { N = 12 };
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + N * i, *o = ours + 4 * i;
        double level = spread(0.01, 1e4);
        for (int j = 0; j < N; j++) c[j] = level * (1 + uniform());
        ps_mean m = ps_mean_of(c, N, 0.95, false);
        o[0] = m.estimate.value;
        o[1] = m.deviation;
        o[2] = m.estimate.lower;
        o[3] = m.estimate.upper;
    }
    test_r(folder,
           "out <- apply(d, 1, function(r) { t <- t.test(r); c(mean(r), sd(r), "
           "t$conf.int) })",
           in, CASES, N, theirs, CASES * 4);
    test_r_agrees("means", ours, theirs, CASES * 4, 1e-11);
}

/* 19 bands: events, people. */
static void standardised(void **state) {
    (void)state;
    enum { N = PS_ESP_BANDS };
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + 2 * N * i, *o = ours + 6 * i, ref[N], base[N], observed = 0;
        for (int j = 0; j < N; j++) {
            c[N + j] = floor(spread(50, 5000));
            c[j] = floor(c[N + j] * uniform() * 0.05) + (j == 3 ? 10 : 0);
            observed += c[j];
            ref[j] = 100 + 7 * j;
            base[j] = 10000 - 300 * j;
        }
        ps_standardised r = ps_direct_rate(N, c, NULL, c + N, ps_esp_2013, 1e5, 0.95);
        ps_indirect s = ps_indirect_rate(N, c + N, ref, base, observed, 100, 1e5, 0.95);
        o[0] = r.estimate.value;
        o[1] = r.estimate.lower;
        o[2] = r.estimate.upper;
        o[3] = s.ratio.value;
        o[4] = s.ratio.upper;
        o[5] = s.rate.lower;
    }
    test_r(
        folder,
        "w <- c(5000,5500,5500,5500,6000,6000,6500,7000,7000,7000,7000,6500,6000,5500,\n"
        "  5000,4000,2500,1500,1000)\n"
        "z <- qnorm(0.975)\n"
        "byar <- function(x) c(x * (1 - 1/(9*x) - z/(3*sqrt(x)))^3,\n"
        "  (x+1) * (1 - 1/(9*(x+1)) + z/(3*sqrt(x+1)))^3)\n"
        "ref <- 100 + 7 * 0:18; base <- 10000 - 300 * 0:18\n"
        "out <- apply(d, 1, function(r) { x <- r[1:19]; n <- r[20:38]; o <- sum(x)\n"
        "  rate <- weighted.mean(x / n, w); v <- sum(w^2 * x / n^2) / sum(w)^2\n"
        "  e <- sum(n * ref / base); l <- byar(o)\n"
        "  c(1e5 * rate, 1e5 * (rate + sqrt(v / o) * (l - o)), 100 * o / e,\n"
        "    100 * l[2] / e, 1e5 * sum(ref) / sum(base) * l[1] / e) })",
        in, CASES, 2 * N, theirs, CASES * 6);
    test_r_agrees("standardised rates", ours, theirs, CASES * 6, 1e-11);
}

/* Ten quantiles: people, rates, lower and upper limits. */
static void inequality(void **state) {
    (void)state;
    enum { K = 10 };
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + 4 * K * i, *o = ours + 6 * i;
        ps_error err = {.text = ""};
        for (int j = 0; j < K; j++) {
            c[j] = floor(spread(500, 5000));
            c[K + j] = 0.3 - 0.02 * j + 0.05 * uniform();
            c[2 * K + j] = c[K + j] * (0.8 + 0.1 * uniform());
            c[3 * K + j] = c[K + j] * (1.1 + 0.1 * uniform());
        }
        for (int form = 0; form < 2; form++) {
            ps_sii_options options = {.kind = form == 0 ? PS_SII_RATE : PS_SII_PROPORTION,
                                      .transform = form == 0,
                                      .multiplier = 100,
                                      .confidence = 0.95};
            ps_sii sii;
            assert_int_equal(
                ps_slope_index(K, c, c + K, c + 2 * K, c + 3 * K, &options, &sii, &err),
                PS_OK);
            o[3 * form] = sii.slope.value;
            o[3 * form + 1] = sii.slope.lower;
            o[3 * form + 2] = sii.relative.value;
        }
    }
    test_r(
        folder,
        "z <- qnorm(0.975)\n"
        "out <- apply(d, 1, function(r) { p <- r[1:10]; y <- r[11:20]; a <- p / sum(p)\n"
        "  b <- cumsum(a) - a / 2; X <- cbind(1, b)\n"
        "  k <- (solve(t(X) %*% (a * X)) %*% t(a * X))[2, ]\n"
        "  f <- lm(log(y) ~ b, weights = a); m <- coef(f)[1] + coef(f)[2] / 2\n"
        "  se <- (log(r[31:40]) - log(r[21:30])) / (2 * z)\n"
        "  s <- coef(f)[2] - z * sqrt(sum(k^2 * se^2))\n"
        "  e <- function(s) exp(m + s / 2) - exp(m - s / 2)\n"
        "  g <- lm(y ~ b, weights = a); se <- (qlogis(r[31:40]) - qlogis(r[21:30])) /\n"
        "    (2 * z) * y * (1 - y)\n"
        "  c(100 * e(coef(f)[2]), 100 * e(s), exp(coef(f)[2]), 100 * coef(g)[2],\n"
        "    100 * (coef(g)[2] - z * sqrt(sum(k^2 * se^2))), sum(coef(g)) / coef(g)[1]) "
        "})",
        in, CASES, 4 * K, theirs, CASES * 6);
    test_r_agrees("slope and relative index", ours, theirs, CASES * 6, 1e-9);
}

static void quantile_groups(void **state) {
    (void)state;
    ps_quantile q[CASES];
    double value[CASES];
    ps_error err = {.text = ""};
    for (size_t i = 0; i < CASES; i++) in[i] = value[i] = floor(uniform() * 200);
    assert_int_equal(ps_quantiles(CASES, value, 7, true, q, &err), PS_OK);
    for (size_t i = 0; i < CASES; i++) ours[i] = q[i].quantile;
    test_r(folder,
           "v <- d[,1]; n <- length(v); r <- as.integer(rank(-v, ties.method = 'min'))\n"
           "out <- pmax(8L - (7L * (n + 1L - r) + n - 1L) %/% n, 1L)",
           in, CASES, 1, theirs, CASES);
    test_r_agrees("quantile groups", ours, theirs, CASES, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions), cmocka_unit_test(counts_and_proportions),
        cmocka_unit_test(means),         cmocka_unit_test(standardised),
        cmocka_unit_test(inequality),    cmocka_unit_test(quantile_groups),
    };
    if (!test_r_is_there()) {
        print_message("skipped: R is not installed\n");
        return TEST_SKIPPED;
    }
    seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    folder = test_folder_make();
    if (folder == NULL) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failed;
}
