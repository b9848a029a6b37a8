/* Rank tests, correlations and deprivation against R: wilcox.test, cor.test; the formulas
 * of the technical report on R's own vectors. Fresh random inputs at every run; the
 * largest difference of each is told.
 */
#include "indicators/deprivation.h"

#include <time.h>

#include "indicators/correlation.h"
#include "indicators/deprivation_change.h"
#include "indicators/deprivation_index.h"
#include "indicators/rank_test.h"
#include "tests/support/r.h"

enum { CASES = 200, N = 20 };

static uint64_t seed;
static char *folder;
static ps_error err;
static double in[CASES * 4 * N], ours[CASES * 8], theirs[CASES * 8];

static double below(uint64_t n) {
    return (double)test_random_below(&seed, n);
}

/* Few different values, so that there are ties. */
static void rank_tests(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *x = in + 2 * N * i, *y = x + N, difference[N];
        ps_rank_test pairs, samples;
        size_t m = i % 2 == 0 ? N : 3 + i % 8;
        for (size_t k = 0; k < N; k++) {
            x[k] = below(i % 3 == 0 ? 7 : 1000);
            y[k] = below(i % 3 == 0 ? 7 : 1000) + (double)(i % 5);
            difference[k] = y[k] - x[k];
        }
        x[0] = (double)m; /* also says how long the second sample is */
        difference[0] = y[0] - x[0];
        assert_int_equal(ps_wilcoxon_signed_rank(difference, N, &pairs, &err), PS_OK);
        assert_int_equal(ps_mann_whitney(x, N, y, m, &samples, &err), PS_OK);
        ours[4 * i] = pairs.statistic;
        ours[4 * i + 1] = pairs.p.value;
        ours[4 * i + 2] = samples.statistic;
        ours[4 * i + 3] = samples.p.value;
    }
    test_r(folder,
           "one <- function(r) { x <- r[1:20]; y <- r[21:40]\n"
           "  a <- wilcox.test(y, x, paired = TRUE, exact = FALSE)\n"
           "  b <- wilcox.test(y[1:x[1]], x, exact = FALSE)\n"
           "  c(a$statistic, a$p.value, b$statistic, b$p.value) }\n"
           "out <- suppressWarnings(apply(d, 1, one))",
           in, CASES, 2 * N, theirs, CASES * 4);
    test_r_agrees("wilcoxon, mann_whitney", ours, theirs, CASES * 4, 1e-12);
}

/* With and without ties; of few pairs and of many. */
/* Of pairs on one line t is infinite; of a coefficient one rounding short of 1 it is not,
 * and any tiny p is right. */
static void on_a_line(double *our_r_and_p, double *their_r_and_p) {
    if (fabs(their_r_and_p[0]) < 1 - 1e-12) return;
    assert_true(our_r_and_p[1] < 1e-15 && their_r_and_p[1] < 1e-15);
    our_r_and_p[1] = their_r_and_p[1] = 0;
}

static void correlations(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *x = in + 2 * N * i, *y = x + N;
        ps_correlation line, order;
        const size_t n = i % 2 == 0 ? N : 5 + i % 8;
        for (size_t k = 0; k < N; k++) {
            x[k] = below(i % 3 == 0 ? 7 : 1000);
            y[k] = below(i % 3 == 0 ? 7 : 1000) + (double)(i % 5) * x[k] / 3;
        }
        x[0] = (double)n; /* also says how many pairs there are */
        y[1] += 0.5;      /* neither is the same throughout */
        assert_int_equal(ps_correlate(x, y, n, PS_CORRELATION_PEARSON, 0.95, &line, &err),
                         PS_OK);
        assert_int_equal(
            ps_correlate(x, y, n, PS_CORRELATION_SPEARMAN, 0.95, &order, &err), PS_OK);
        double *to = ours + 6 * i;
        to[0] = line.value.value, to[1] = line.p.value;
        to[2] = line.value.lower, to[3] = line.value.upper;
        to[4] = order.value.value, to[5] = order.p.value;
    }
    test_r(folder,
           "one <- function(r) { n <- r[1]; x <- r[1:n]; y <- r[20 + 1:n]\n"
           "  a <- cor.test(x, y); b <- cor.test(x, y, method = 's', exact = FALSE)\n"
           "  c(a$estimate, a$p.value, a$conf.int, b$estimate, b$p.value) }\n"
           "out <- suppressWarnings(apply(d, 1, one))",
           in, CASES, 2 * N, theirs, CASES * 6);
    for (size_t i = 0; i < CASES; i++) on_a_line(ours + 6 * i + 4, theirs + 6 * i + 4);
    test_r_agrees("correlation", ours, theirs, CASES * 6, 1e-11);
}

/* Ranks among 100 areas, people, scores. */
static void summaries(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *rank = in + 3 * N * i, *people = rank + N, *score = people + N;
        int64_t whole[N];
        ps_deprivation d;
        for (size_t k = 0; k < N; k++) {
            rank[k] = 1 + below(100);
            whole[k] = (int64_t)rank[k];
            people[k] = 1 + below(3000);
            score[k] = below(80000) / 1000;
        }
        assert_int_equal(ps_deprivation_summarise(score, whole, people, N, 100, &d, &err),
                         PS_OK);
        double *o = ours + 6 * i;
        o[0] = d.average_score.value;
        o[1] = d.average_rank.value;
        o[2] = d.share_decile1.value;
        o[3] = d.people_decile1.value;
        o[4] = d.extent.value;
        o[5] = d.local_concentration.value;
    }
    test_r(folder,
           "one <- function(r) { k <- r[1:20]; p <- r[21:40]; s <- r[41:60]\n"
           "  w <- ifelse(k <= 10, 1, ifelse(k <= 30, 0.95 - 0.9 / 19 * (k - 11), 0))\n"
           "  o <- order(k); before <- cumsum(p[o]) - p[o]\n"
           "  part <- pmin(pmax(sum(p) / 10 - before, 0), p[o])\n"
           "  c(weighted.mean(s, p), weighted.mean(101 - k, p), mean(k <= 10),\n"
           "    sum(p[k <= 10]) / sum(p), weighted.mean(w, p),\n"
           "    weighted.mean(101 - k[o], part)) }\n"
           "out <- apply(d, 1, one)",
           in, CASES, 3 * N, theirs, CASES * 6);
    test_r_agrees("imd_summary", ours, theirs, CASES * 6, 1e-12);
}

static void index_of_domains(void **state) {
    (void)state;
    double *score = ours;
    int64_t rank[CASES];
    for (size_t i = 0; i < CASES * PS_IMD_DOMAINS; i++) in[i] = 1 + below(CASES);
    assert_int_equal(ps_imd_build(CASES, in, ps_imd_weight, NULL, score, rank, &err),
                     PS_OK);
    for (size_t i = 0; i < CASES; i++) ours[CASES + i] = (double)rank[i];
    test_r(folder,
           "n <- nrow(d); w <- c(.225, .225, .135, .135, .093, .093, .093)\n"
           "x <- -23 * log(1 - (n + 1 - d) / n * (1 - exp(-100 / 23)))\n"
           "s <- as.vector(x %*% w)\n"
           "out <- c(s, rank(-round(s, 9), ties.method = 'min'))",
           in, CASES, PS_IMD_DOMAINS, theirs, CASES * 2);
    test_r_agrees("imd_build", ours, theirs, CASES * 2, 1e-12);
}

/* Newcombe's interval of people that are rates times populations. */
static void change_in_level(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        double *c = in + 4 * i;
        const int64_t rank = 1;
        ps_deprivation_change change;
        for (size_t k = 0; k < 4; k += 2) {
            c[k + 1] = 20 + below(3000);
            c[k] = c[k + 1] * (below(900) + 50) / 1000;
        }
        ps_deprivation_release a = {NULL, &rank, NULL, &c[0], &c[1], 10};
        ps_deprivation_release b = {NULL, &rank, NULL, &c[2], &c[3], 10};
        assert_int_equal(ps_deprivation_compare(&a, &b, 1, 1, 0.95, &change, &err),
                         PS_OK);
        ours[3 * i] = change.rate_change.value + 1;
        ours[3 * i + 1] = change.rate_lower.value + 1;
        ours[3 * i + 2] = change.rate_upper.value + 1;
    }
    test_r(folder,
           "z <- qnorm(0.975)\n"
           "w <- function(x, n) (2 * x + z^2 + c(-1, 1) * z * sqrt(z^2 + 4 * x *\n"
           "  (1 - x / n))) / (2 * (n + z^2))\n"
           "one <- function(r) { p <- r[1] / r[2]; q <- r[3] / r[4]\n"
           "  a <- w(r[1], r[2]); b <- w(r[3], r[4])\n"
           "  1 + c(q - p, q - p - sqrt((q - b[1])^2 + (a[2] - p)^2),\n"
           "    q - p + sqrt((b[2] - q)^2 + (p - a[1])^2)) }\n"
           "out <- apply(d, 1, one)",
           in, CASES, 4, theirs, CASES * 3);
    test_r_agrees("imd_change, level", ours, theirs, CASES * 3, 1e-13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_tests),      cmocka_unit_test(correlations),
        cmocka_unit_test(summaries),       cmocka_unit_test(index_of_domains),
        cmocka_unit_test(change_in_level),
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
