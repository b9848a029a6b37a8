/* Moran, local Moran, Gi*, Gi, empirical Bayes and false discovery against R's spdep, on
 * maps drawn afresh. Skipped where R or spdep is not installed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "indicators/empirical_bayes.h"
#include "indicators/false_discovery.h"
#include "indicators/gi_star.h"
#include "indicators/moran.h"
#include "tests/support/test.h"

enum { N = 150, K = 6 };
static const double CLOSE = 1e-10;

static const char script[] =
    "suppressWarnings(suppressMessages(library(spdep)))\n"
    "a <- commandArgs(TRUE); d <- read.csv(a[1])\n"
    "nb <- knn2nb(knearneigh(cbind(d$x, d$y), k = 6))\n"
    "w <- nb2listw(nb, style = 'W'); b <- nb2listw(nb, style = 'B')\n"
    "put <- function(name, v) cat(sprintf('%s %.17g\\n', name, as.numeric(v)), sep = "
    "'')\n"
    "for (l in list(w, b)) {\n"
    "  put('moran', moran.test(d$v, l, randomisation = FALSE)$estimate)\n"
    "  put('moran', moran.test(d$v, l)$estimate[3])\n"
    "  m <- localmoran(d$v, l, conditional = TRUE)\n"
    "  put('I', m[, 1]); put('E', m[, 2]); put('V', m[, 3])\n"
    "  m <- localmoran(d$v, l, conditional = FALSE)\n"
    "  put('E', m[, 2]); put('V', m[, 3])\n"
    "  put('gi', localG(d$v, l))\n"
    "}\n"
    "self <- include.self(nb)\n"
    "put('gistar', localG(d$v, nb2listw(self, style = 'W')))\n"
    "put('gistar', localG(d$v, nb2listw(self, style = 'B')))\n"
    "put('eb', EBest(d$o, d$p)$estmm)\n"
    "put('eblocal', EBlocal(d$o, d$p, nb, geoda = TRUE)$est)\n"
    "put('eblocal', EBlocal(d$o, d$p, nb, geoda = FALSE)$est)\n"
    "z <- d$v - mean(d$v)\n"
    "folded <- function(i) {\n"
    "  seen <- sum(z[nb[[i]]]) * sign(z[i])\n"
    "  r <- sum(replicate(9999, sum(sample(z[-i], 6))) * sign(z[i]) >= seen)\n"
    "  (min(r, 9999 - r) + 1) / 10000\n"
    "}\n"
    "put('folded', sapply(1:40, folded))"
    "\n"
    "put('ebi', EBImoran.mc(d$o, d$p, w, nsim = 9)$statistic)\n"
    "put('bh', p.adjust(d$q, 'BH')); put('by', p.adjust(d$q, 'BY'))\n";

typedef struct map {
    double x[N], y[N], v[N], o[N], p[N], q[N];
} map;

static void draw_map(map *m, uint64_t *seed) {
    for (int i = 0; i < N; i++) {
        m->x[i] = 400000 + (double)test_random_below(seed, 20000000) / 1000;
        m->y[i] = 400000 + (double)test_random_below(seed, 20000000) / 1000;
        m->v[i] = m->x[i] / 5000 + (double)test_random_below(seed, 1000) / 100;
        m->p[i] = 800 + (double)test_random_below(seed, 2000);
        m->o[i] = (double)test_random_below(seed, 60);
        m->q[i] = (double)(1 + test_random_below(seed, 999)) / 1000;
    }
}

static FILE *ask_r(const map *m, const char *folder) {
    char rows[N * 160], command[4096];
    size_t at = (size_t)snprintf(rows, sizeof rows, "x,y,v,o,p,q\n");
    for (int i = 0; i < N; i++)
        at += (size_t)snprintf(rows + at, sizeof rows - at,
                               "%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", m->x[i], m->y[i],
                               m->v[i], m->o[i], m->p[i], m->q[i]);
    const char *data = test_file_write(folder, "map.csv", rows, at);
    const char *code = test_file_write(folder, "ask.R", script, sizeof script - 1);
    snprintf(command, sizeof command, "Rscript --vanilla '%s' '%s' 2>/dev/null", code,
             data);
    return popen(command, "r");
}

static void next_is(FILE *answer, const char *name, double ours, double *worst) {
    char word[32];
    double theirs;
    if (fscanf(answer, "%31s %lf", word, &theirs) != 2) fail_msg("no %s", name);
    assert_string_equal(word, name);
    double off = fabs(ours - theirs) / fmax(1, fabs(theirs));
    if (!(off <= CLOSE)) fail_msg("%s: %.17g, R has %.17g", name, ours, theirs);
    if (off > *worst) *worst = off;
}

static void compare_moran(FILE *answer, const map *m, const ps_weights *w, bool standard,
                          double *worst) {
    static ps_local_moran local[N];
    static uint64_t unit[N];
    ps_moran g;
    ps_value z[N];
    assert_int_equal(ps_moran_global(w, m->v, 0, 1, &g, NULL), PS_OK);
    next_is(answer, "moran", g.value, worst);
    next_is(answer, "moran", g.expected, worst);
    next_is(answer, "moran", g.variance_normal, worst);
    next_is(answer, "moran", g.variance_random, worst);
    for (int total = 0; total < 2; total++) {
        assert_int_equal(
            ps_moran_local(w, m->v, total ? PS_MOMENTS_TOTAL : PS_MOMENTS_CONDITIONAL, 0,
                           1, unit, local, NULL),
            PS_OK);
        for (int i = 0; i < N && !total; i++) next_is(answer, "I", local[i].value, worst);
        for (int i = 0; i < N; i++) next_is(answer, "E", local[i].expected, worst);
        for (int i = 0; i < N; i++) next_is(answer, "V", local[i].variance, worst);
    }
    ps_gi_star(w, m->v, false, standard, z);
    for (int i = 0; i < N; i++) next_is(answer, "gi", z[i].value, worst);
}

/* R's own sample() without replacement (spdep's draws with it): two samples of 9,999 from
 * the same distribution are apart by what chance allows. */
static void compare_permutations(FILE *answer, const map *m, const ps_weights *w) {
    enum { SAMPLES = 9999, FIRST = 40 };
    static ps_local_moran local[N];
    uint64_t unit[N];
    double squares = 0;
    for (int i = 0; i < N; i++) unit[i] = (uint64_t)i;
    assert_int_equal(
        ps_moran_local(w, m->v, PS_MOMENTS_CONDITIONAL, SAMPLES, 1, unit, local, NULL),
        PS_OK);
    for (int i = 0; i < FIRST; i++) {
        char word[32];
        double theirs;
        assert_int_equal(fscanf(answer, "%31s %lf", word, &theirs), 2);
        assert_string_equal(word, "folded");
        double p = (theirs + local[i].p_permuted) / 2;
        double off = (local[i].p_permuted - theirs) / sqrt(2 * p * (1 - p) / SAMPLES);
        if (!(fabs(off) < 5.5))
            fail_msg("area %d: p %g, R %g", i, local[i].p_permuted, theirs);
        squares += off * off;
    }
    /* Chi-squared on FIRST, six standard deviations. */
    if (!(squares < FIRST + 6 * sqrt(2 * FIRST)))
        fail_msg("p values apart: %g", squares / FIRST);
}

static void compare_rates(FILE *answer, const map *m, const ps_weights *w,
                          double *worst) {
    double e[N];
    ps_moran g;
    ps_bayes_global(N, m->o, m->p, e);
    for (int i = 0; i < N; i++) next_is(answer, "eb", e[i], worst);
    for (int own = 0; own < 2; own++) {
        assert_int_equal(
            ps_bayes_local(w, m->o, m->p, own ? PS_BAYES_OWN : PS_BAYES_SHARED, e, NULL),
            PS_OK);
        for (int i = 0; i < N; i++) next_is(answer, "eblocal", e[i], worst);
    }
    compare_permutations(answer, m, w);
    assert_true(ps_moran_rates(N, m->o, m->p, e));
    assert_int_equal(ps_moran_global(w, e, 0, 1, &g, NULL), PS_OK);
    next_is(answer, "ebi", g.value, worst);
    for (int by = 0; by < 2; by++) {
        assert_int_equal(ps_false_discovery(
                             N, m->q, by ? PS_CORRECTION_BY : PS_CORRECTION_BH, e, NULL),
                         PS_OK);
        for (int i = 0; i < N; i++) next_is(answer, by ? "by" : "bh", e[i], worst);
    }
}

static void as_spdep(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    double worst = 0;
    for (int round = 0; round < 3; round++) {
        map m;
        ps_value z[N];
        ps_weights w, b;
        char *folder = test_folder_make();
        print_message("seed %llu\n", (unsigned long long)seed);
        draw_map(&m, &seed);
        assert_int_equal(ps_weights_nearest(N, m.x, m.y, K, &w, NULL), PS_OK);
        assert_int_equal(ps_weights_nearest(N, m.x, m.y, K, &b, NULL), PS_OK);
        ps_weights_standardise(&w);
        FILE *answer = ask_r(&m, folder);
        compare_moran(answer, &m, &w, true, &worst);
        compare_moran(answer, &m, &b, false, &worst);
        ps_gi_star(&w, m.v, true, true, z);
        for (int i = 0; i < N; i++) next_is(answer, "gistar", z[i].value, &worst);
        ps_gi_star(&b, m.v, true, false, z);
        for (int i = 0; i < N; i++) next_is(answer, "gistar", z[i].value, &worst);
        compare_rates(answer, &m, &w, &worst);
        pclose(answer);
        ps_weights_free(&w);
        ps_weights_free(&b);
        test_folder_remove(folder);
    }
    print_message("largest difference %.2g\n", worst);
}

int main(void) {
    if (system("Rscript --vanilla -e 'library(spdep)' >/dev/null 2>&1") != 0) {
        print_message("R with spdep is not installed\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_spdep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
