/* Change, trend, projection and target against R: poisson.test, fisher.test,
 * prop.trend.test, glm, glm.nb, cor.test, predict, binom.test.
 * Fresh random inputs at every run; the largest difference of each is told.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "indicators/change.h"
#include "indicators/projection.h"
#include "indicators/trend.h"
#include "tests/support/test.h"

enum { CASES = 200, SERIES = 25, MONTHS = 60 };

static uint64_t seed;
static char *folder;

static double uniform(void) {
    return (double)(test_random(&seed) >> 11) / 9007199254740992.0;
}

/* The sum of so many exponential waiting times below 1. */
static double poisson(double mean) {
    double at = 0, n = -1;
    do {
        at -= log(1 - uniform()) / mean;
        n++;
    } while (at < 1);
    return n;
}

/* Run a script in the folder; it reads in.txt and writes out.txt, numbers by line. */
static void run_r(const char *script) {
    char command[1200];
    test_file_write(folder, "script.R", script, strlen(script));
    snprintf(command, sizeof command,
             "cd '%s' && Rscript --vanilla script.R > log.txt 2>&1", folder);
    if (system(command) != 0) {
        char *log = test_file_read(test_path(folder, "log.txt"), NULL);
        fail_msg("R failed: %s", log == NULL ? "" : log);
    }
}

static FILE *in_file(void) {
    FILE *file = fopen(test_path(folder, "in.txt"), "w");
    assert_non_null(file);
    return file;
}

static double next_number(FILE *file) {
    double value = (double)NAN;
    char text[64] = "";
    assert_int_equal(fscanf(file, "%63s", text), 1);
    if (strcmp(text, "Inf") == 0) return (double)INFINITY;
    if (sscanf(text, "%lf", &value) != 1) fail_msg("R gave '%s'", text);
    return value;
}

static double largest;

static void compare(double seen, double expected, double most) {
    double scale = fmax(fabs(expected), 1e-290);
    double away = fabs(seen - expected) / scale;
    if (seen == expected) away = 0;
    if (!(away <= most))
        fail_msg("seed %llu: %.17g, R has %.17g", (unsigned long long)seed, seen,
                 expected);
    if (away > largest) largest = away;
}

static void report(const char *what) {
    print_message("%s: largest relative difference %.2g\n", what, largest);
    largest = 0;
}

static void counts(void **state) {
    (void)state;
    static double x[CASES][4];
    FILE *in = in_file();
    for (int i = 0; i < CASES; i++) {
        double mean = exp(uniform() * 7);
        x[i][0] = poisson(mean);
        x[i][2] = poisson(mean * (0.5 + uniform()));
        x[i][1] = 0.5 + uniform();
        x[i][3] = 0.5 + uniform();
        if (x[i][0] + x[i][2] == 0) x[i][2] = 1;
        fprintf(in, "%.17g %.17g %.17g %.17g\n", x[i][0], x[i][1], x[i][2], x[i][3]);
    }
    fclose(in);
    run_r(
        "d <- read.table('in.txt')\nout <- file('out.txt', 'w')\n"
        "for (i in seq_len(nrow(d))) {\n"
        " p <- poisson.test(c(d[i,3], d[i,1]), c(d[i,4], d[i,2]))\n"
        " tail <- function(side) binom.test(d[i,3], d[i,3] + d[i,1], d[i,4] / (d[i,4] + "
        "d[i,2]), alternative=side)$p.value\n"
        " twice <- min(1, 2 * min(tail('less'), tail('greater')))\n"
        " cat(sprintf('%.17g', c(p$p.value, twice, p$conf.int)), '\\n', file=out)\n}\n"
        "close(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    for (int i = 0; i < CASES; i++) {
        ps_poisson_change c =
            ps_poisson_change_of(x[i][0], x[i][1], x[i][2], x[i][3], (double)NAN, 0.95);
        compare(c.p_exact.value, next_number(out), 1e-7);
        compare(c.p.value, next_number(out), 1e-9);
        compare(c.lower.value, next_number(out), 1e-9);
        double upper = next_number(out);
        if (isinf(upper))
            assert_int_equal(c.upper.status, PS_VALUE_UNBOUNDED);
        else
            compare(c.upper.value, upper, 1e-9);
    }
    fclose(out);
    report("poisson_change against poisson.test");
}

static void proportions(void **state) {
    (void)state;
    static double x[CASES][4];
    FILE *in = in_file();
    for (int i = 0; i < CASES; i++) {
        double p = uniform();
        for (int k = 0; k < 4; k += 2) {
            x[i][k] = 0;
            x[i][k + 1] = 1 + floor(uniform() * 40);
            for (int j = 0; j < x[i][k + 1]; j++) x[i][k] += uniform() < p;
        }
        fprintf(in, "%.17g %.17g %.17g %.17g\n", x[i][0], x[i][1], x[i][2], x[i][3]);
    }
    fclose(in);
    run_r(
        "d <- read.table('in.txt')\nout <- file('out.txt', 'w')\n"
        "for (i in seq_len(nrow(d))) { x <- unlist(d[i,])\n"
        " m <- matrix(c(x[1], x[2]-x[1], x[3], x[4]-x[3]), 2)\n"
        " e <- outer(rowSums(m), colSums(m))/sum(m)\n"
        " p <- if (any(e < 5)) { f <- fisher.test(m)\n"
        "  tail <- function(side) fisher.test(m, alternative=side)$p.value\n"
        "  c(f$p.value, min(1, 2 * min(tail('less'), tail('greater'))),\n"
        "    f$conf.int[1] > 1 || f$conf.int[2] < 1)\n"
        " } else { p <- chisq.test(m, correct=FALSE)$p.value; c(p, p, p < 0.05) }\n"
        " cat(sprintf('%.17g', p), '\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    for (int i = 0; i < CASES; i++) {
        ps_prop_change c = ps_prop_change_of(x[i][0], x[i][1], x[i][2], x[i][3], 0.95);
        compare(c.p_value.value, next_number(out), 1e-9);
        compare(c.p.value, next_number(out), 1e-9);
        /* R's limits of the odds ratio, and ours of the difference, say the same. */
        const bool apart = next_number(out) > 0, limits = ps_value_ok(c.tested_lower);
        assert_true(!limits ||
                    apart == (c.tested_lower.value > 0 || c.tested_upper.value < 0));
    }
    fclose(out);
    report("prop_change against fisher.test and chisq.test");
}

static void trends_of_proportions(void **state) {
    (void)state;
    static double x[CASES][5], n[CASES][5];
    FILE *in = in_file();
    for (int i = 0; i < CASES; i++)
        for (int k = 0; k < 5; k++) {
            n[i][k] = 20 + floor(uniform() * 50);
            x[i][k] = 1;
            for (int j = 1; j < n[i][k]; j++) x[i][k] += uniform() < 0.3 + 0.05 * k;
            fprintf(in, "%.17g %.17g%s", x[i][k], n[i][k], k == 4 ? "\n" : " ");
        }
    fclose(in);
    run_r(
        "d <- read.table('in.txt')\nout <- file('out.txt', 'w')\n"
        "for (i in seq_len(nrow(d))) { x <- unlist(d[i,])\n"
        " cat(sprintf('%.17g', prop.trend.test(x[c(1,3,5,7,9)], "
        "x[c(2,4,6,8,10)])$statistic), '\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    for (int i = 0; i < CASES; i++) {
        ps_cochran_armitage c = ps_cochran_armitage_of(5, x[i], n[i], NULL, 0.95);
        double statistic = next_number(out);
        /* Near zero the square root loses what the square has. */
        compare(c.z.value * c.z.value + 1, statistic + 1, 1e-10);
    }
    fclose(out);
    report("cochran_armitage against prop.trend.test");
}

static void seasonal_trends(void **state) {
    (void)state;
    static double y[SERIES][MONTHS], exposure[MONTHS], step[MONTHS];
    FILE *in = in_file();
    for (int t = 0; t < MONTHS; t++) {
        exposure[t] = 28 + floor(uniform() * 4);
        step[t] = t >= 20 && t < 30;
    }
    for (int s = 0; s < SERIES; s++)
        for (int t = 0; t < MONTHS; t++) {
            double rate = exp(uniform() * 1e-9 + 1 + 0.004 * t + 0.2 * sin(0.5236 * t));
            double mean = rate * exposure[t] * (s % 5 == 0 ? 1 : 0.3 + 1.4 * uniform());
            if (s % 5 > 2) /* many events, little spread: theta in the thousands */
                mean = rate * exposure[t] * 40 *
                       (1 + (s % 5 == 3 ? 0.14 : 0.05) * (uniform() - 0.5));
            y[s][t] = poisson(mean * (1 - 0.3 * step[t]));
            fprintf(in, "%d %d %.17g %.17g %.17g\n", s, t, y[s][t], exposure[t], step[t]);
        }
    fclose(in);
    run_r(
        "library(MASS); d <- read.table('in.txt', col.names=c('s','t','y','e','i'))\n"
        "out <- file('out.txt', 'w')\n"
        "ctl <- glm.control(epsilon=1e-15, maxit=500)\n"
        "for (s in unique(d$s)) { x <- d[d$s==s,]\n"
        " x$a <- sin(2*pi*(x$t%%12)/12); x$b <- cos(2*pi*(x$t%%12)/12)\n"
        " f <- y ~ t + a + b + i + offset(log(e))\n"
        " p <- summary(glm(f, poisson, x, control=ctl))\n"
        " q <- summary(glm(f, quasipoisson, x, control=ctl))\n"
        " n <- suppressWarnings(tryCatch(glm.nb(f, x), "
        "error=function(e) NULL))\n"
        " th <- if (is.null(n)) 0 else n$theta\n"
        /* glm.nb stops theta at 1e-4: the same two steps, carried on. */
        " m <- c(0,0,0)\n"
        " if (!is.null(n) && th < 2e4) { g <- n\n"
        "  for (k in 1:25) { th <- theta.ml(x$y, fitted(g), limit=60, eps=1e-14)\n"
        "   g <- glm(f, negative.binomial(as.numeric(th)), x, "
        "control=glm.control(epsilon=1e-15, maxit=25), start=coef(g)) }\n"
        "  m <- c(coef(summary(g, dispersion=1))['t',1:2], attr(th, 'SE')) }\n"
        " cat(sprintf('%.17g', c(coef(p)['t',1:2], p$deviance, q$dispersion, "
        "coef(q)['t',c(2,4)], as.numeric(th), m)), '\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    double poisson_most = 0, negative_most = 0;
    int compared = 0, thetas_large = 0;
    for (int s = 0; s < SERIES; s++) {
        double r[10];
        for (int i = 0; i < 10; i++) r[i] = next_number(out);
        ps_error err = {.text = ""};
        ps_trend *trend = NULL;
        ps_trend_options o = {
            .family = PS_TREND_QUASI, .harmonics = 1, .confidence = 0.95};
        assert_int_equal(
            ps_trend_fit(MONTHS, 24000, y[s], exposure, step, 1, &o, &trend, &err),
            PS_OK);
        /* A slope near 0 is as exact as its standard error is small. */
        compare(trend->slope + r[1], r[0] + r[1], 1e-7);
        compare(trend->poisson_se, r[1], 1e-7);
        compare(trend->deviance, r[2], 1e-7);
        compare(trend->dispersion, r[3], 1e-7);
        compare(trend->slope_se, r[4], 1e-7);
        compare(trend->p_value.value, r[5], 1e-5);
        ps_trend_free(trend);
        poisson_most = fmax(poisson_most, largest);
        largest = 0;
        if (!(r[6] > 0 && r[6] < 2e4)) continue;
        o.family = PS_TREND_NEGATIVE_BINOMIAL;
        assert_int_equal(
            ps_trend_fit(MONTHS, 24000, y[s], exposure, step, 1, &o, &trend, &err),
            PS_OK);
        assert_int_equal(trend->family, PS_TREND_NEGATIVE_BINOMIAL);
        /* theta.ml of R subtracts digamma functions, which costs it digits. */
        double most = r[6] < 200 ? 1e-6 : 1e-4;
        thetas_large += r[6] > 200;
        compare(trend->theta, r[6], most);
        compare(trend->theta_se, r[9], most);
        compare(trend->slope + r[8], r[7] + r[8], 1e-6);
        compare(trend->slope_se, r[8], 1e-6);
        ps_trend_free(trend);
        negative_most = fmax(negative_most, largest);
        largest = 0;
        compared++;
    }
    fclose(out);
    assert_true(compared > SERIES / 2 && thetas_large > SERIES / 5);
    largest = poisson_most;
    report("trend against glm (poisson, quasipoisson)");
    largest = negative_most;
    report("trend against glm.nb");
}

static void sen_and_kendall(void **state) {
    (void)state;
    static double y[CASES][12];
    FILE *in = in_file();
    for (int i = 0; i < CASES; i++)
        for (int t = 0; t < 12; t++) {
            y[i][t] = floor(uniform() * 12) + 0.3 * t;
            fprintf(in, "%.17g%s", y[i][t], t == 11 ? "\n" : " ");
        }
    fclose(in);
    /* cor.test's normal approximation has the same variance with ties. */
    run_r(
        "d <- read.table('in.txt')\nout <- file('out.txt', 'w')\n"
        "for (i in seq_len(nrow(d))) { y <- unlist(d[i,]); t <- 0:11\n"
        " k <- suppressWarnings(cor.test(t, y, method='kendall', exact=FALSE, "
        "continuity=TRUE))\n"
        " s <- outer(y, y, '-')/outer(t, t, '-')\n"
        " cat(sprintf('%.17g', c(k$estimate, k$p.value, median(s[lower.tri(s)]))), "
        "'\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    for (int i = 0; i < CASES; i++) {
        ps_mann_kendall k;
        ps_error err = {.text = ""};
        assert_int_equal(ps_mann_kendall_of(12, y[i], 0.95, &k, &err), PS_OK);
        compare(k.tau.value + 2, next_number(out) + 2, 1e-10);
        compare(k.p_value.value, next_number(out), 1e-10);
        compare(k.slope.value + 100, next_number(out) + 100, 1e-10);
    }
    fclose(out);
    report("mann_kendall against cor.test and the median of slopes");
}

/* The months after the series: predicted total, and its limits from the means and the
 * covariance of the quasi-Poisson fit. */
static void projections(void **state) {
    (void)state;
    static double y[SERIES][MONTHS];
    FILE *in = in_file();
    for (int s = 0; s < SERIES; s++)
        for (int t = 0; t < MONTHS; t++) {
            y[s][t] = poisson(30 * exp(uniform() + 0.3 * sin(0.5236 * t)));
            fprintf(in, "%d %d %.17g\n", s, t, y[s][t]);
        }
    fclose(in);
    run_r(
        "d <- read.table('in.txt', col.names=c('s','t','y'))\n"
        "out <- file('out.txt', 'w')\n"
        "for (s in unique(d$s)) { x <- d[d$s==s,]\n"
        " f <- y ~ t + sin(2*pi*(t%%12)/12) + cos(2*pi*(t%%12)/12)\n"
        " g <- glm(f, quasipoisson, x, control=glm.control(epsilon=1e-15, maxit=500))\n"
        " w <- data.frame(t=60:66, y=0)\n"
        " m <- predict(g, w, type='response')\n"
        " G <- t(model.matrix(f, w)) %*% m\n"
        " v <- sum(m)*summary(g)$dispersion + t(G) %*% vcov(g) %*% G\n"
        " cat(sprintf('%.17g', c(100+sum(m), 100+sum(m)+qnorm(0.975)*sqrt(v), "
        "pnorm((399.5-100-sum(m))/sqrt(v)))), '\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    static const size_t months[] = {60, 61, 62, 63, 64, 65, 66};
    ps_goal goal = {.known = true, .target = 400, .direction = -1};
    ps_trend_options o = {.family = PS_TREND_QUASI, .harmonics = 1, .confidence = 0.95};
    for (int s = 0; s < SERIES; s++) {
        ps_error err = {.text = ""};
        ps_trend *trend = NULL;
        ps_projection p;
        assert_int_equal(
            ps_trend_fit(MONTHS, 24000, y[s], NULL, NULL, 0, &o, &trend, &err), PS_OK);
        assert_int_equal(
            ps_projection_model(trend, 100, 7, months, NULL, NULL, &goal, 0.95, &p, &err),
            PS_OK);
        ps_trend_free(trend);
        compare(p.total.value, next_number(out), 1e-7);
        compare(p.upper.value, next_number(out), 1e-7);
        compare(p.prob_met.value + 1, next_number(out) + 1, 1e-6);
    }
    fclose(out);
    report("projection against predict and vcov of glm");
}

/* One-sided tails of fixed targets. */
static void targets(void **state) {
    (void)state;
    static double x[CASES][4];
    FILE *in = in_file();
    for (int i = 0; i < CASES; i++) {
        x[i][1] = 1 + floor(uniform() * 300);
        x[i][2] = 0.05 + 0.9 * uniform();
        x[i][0] = floor(uniform() * (x[i][1] + 1));
        x[i][3] = exp(uniform() * 6);
        fprintf(in, "%.17g %.17g %.17g %.17g\n", x[i][0], x[i][1], x[i][2], x[i][3]);
    }
    fclose(in);
    run_r(
        "d <- read.table('in.txt')\nout <- file('out.txt', 'w')\n"
        "for (i in seq_len(nrow(d))) { x <- unlist(d[i,])\n"
        " b <- function(a) binom.test(x[1], x[2], x[3], alternative=a)$p.value\n"
        " q <- function(a) poisson.test(x[1], 1, x[4], alternative=a)$p.value\n"
        " cat(sprintf('%.17g', c(b('less'), b('greater'), q('less'), q('greater'))), "
        "'\\n', file=out)\n}\nclose(out)\n");
    FILE *out = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(out);
    for (int i = 0; i < CASES; i++) {
        double none = (double)NAN;
        for (int side = -1; side <= 1; side += 2) {
            ps_goal goal = {.known = true, .target = x[i][2], .direction = side};
            const ps_register now = {.x = x[i][0], .n = x[i][1], .effect = 1};
            ps_target_result r = ps_target_register(&goal, &now, NULL, 1, none, 0.95);
            compare(r.p_fixed.value + 1e-12, next_number(out) + 1e-12, 1e-8);
        }
        for (int side = -1; side <= 1; side += 2) {
            ps_goal goal = {.known = true, .target = x[i][3], .direction = side};
            ps_target_count_input count = {.actual = x[i][0],
                                           .baseline = none,
                                           .dispersion = none,
                                           .complete = true,
                                           .years_left = none,
                                           .confidence = 0.95};
            ps_target_result r = ps_target_count(&goal, &count);
            compare(r.p_fixed.value + 1e-12, next_number(out) + 1e-12, 1e-8);
        }
    }
    fclose(out);
    report("target against binom.test and poisson.test");
}

int main(void) {
    if (system("Rscript --vanilla -e 'library(MASS)' > /dev/null 2>&1") != 0) {
        print_message("R with MASS is not installed: skipped\n");
        return TEST_SKIPPED;
    }
    seed = (uint64_t)time(NULL);
    const char *given = getenv("PLACESTAT_SEED");
    if (given != NULL) seed = strtoull(given, NULL, 10);
    print_message("PLACESTAT_SEED=%llu\n", (unsigned long long)seed);
    folder = test_folder_make();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(proportions),
        cmocka_unit_test(trends_of_proportions),
        cmocka_unit_test(seasonal_trends),
        cmocka_unit_test(sen_and_kendall),
        cmocka_unit_test(projections),
        cmocka_unit_test(targets),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failed;
}
