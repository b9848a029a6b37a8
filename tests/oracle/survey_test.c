/* Survey estimates against R's survey package: svydesign, svymean, svytotal, svyratio,
 * svyciprop, svycontrast, svyttest. Fresh random designs at every run, with strata,
 * clusters of uneven size, weights, finite populations, lonely units, missing answers and
 * domains that leave units empty; the largest difference of each is told.
 */
#include "indicators/survey.h"

#include <time.h>

#include "tests/support/r.h"

enum { DESIGNS = 40, MOST = 400, COLUMNS = 10, DOMAINS = 3 };

static uint64_t seed;
static char *folder;

static double uniform(void) {
    return (double)(test_random(&seed) >> 11) / 9007199254740992.0;
}

typedef struct sample {
    size_t n;
    ps_lonely lonely;
    double weight[MOST], fpc[MOST], yes[MOST], score[MOST], size[MOST];
    int32_t stratum[MOST], psu[MOST], domain[MOST];
    bool has_fpc;
} sample;

static sample samples[DESIGNS];

/* Three to six strata of two to nine units of one to twelve records. A fifth of the
 * designs have a stratum with one unit. */
static void draw_sample(size_t which, sample *s) {
    size_t strata = 3 + test_random_below(&seed, 4);
    s->n = 0;
    s->lonely = (ps_lonely)(1 + which % 3);
    s->has_fpc = test_random_below(&seed, 2) == 0;
    for (size_t h = 0; h < strata; h++) {
        size_t units = 2 + test_random_below(&seed, 8);
        if (which % 5 == 0 && h == 1) units = 1;
        double population = (double)(units + test_random_below(&seed, 20));
        for (size_t c = 0; c < units; c++) {
            size_t records = 1 + test_random_below(&seed, 12);
            double level = uniform();
            for (size_t i = 0; i < records && s->n < MOST; i++) {
                size_t at = s->n++;
                s->stratum[at] = (int32_t)h;
                s->psu[at] = (int32_t)c; /* the same codes in every stratum */
                s->weight[at] = 0.2 + 3 * uniform();
                s->fpc[at] = population;
                s->yes[at] = uniform() < 0.2 + 0.6 * level;
                s->score[at] = 10 * level + 5 * uniform();
                s->size[at] = 1 + 4 * uniform();
                s->domain[at] = (int32_t)(uniform() * uniform() * DOMAINS);
                if (uniform() < 0.05) s->yes[at] = s->score[at] = (double)NAN;
            }
        }
    }
}

static double *to_r(size_t *rows) {
    *rows = 0;
    double *in = malloc((size_t)DESIGNS * MOST * COLUMNS * sizeof *in);
    assert_non_null(in);
    for (size_t k = 0; k < DESIGNS; k++) {
        const sample *s = &samples[k];
        for (size_t i = 0; i < s->n; i++) {
            double row[COLUMNS] = {(double)k,
                                   s->stratum[i],
                                   s->psu[i],
                                   s->weight[i],
                                   s->has_fpc ? s->fpc[i] : 0,
                                   isnan(s->yes[i]) ? -1 : s->yes[i],
                                   isnan(s->score[i]) ? -1 : s->score[i],
                                   s->size[i],
                                   s->domain[i],
                                   (double)s->lonely};
            memcpy(in + (*rows)++ * COLUMNS, row, sizeof row);
        }
    }
    return in;
}

#define R_DESIGNS                                                                      \
    "suppressMessages(library(survey)); options(warn = -1)\n"                          \
    "colnames(d) <- c('k','h','c','w','f','yes','y','x','dom','lonely')\n"             \
    "d <- as.data.frame(d); d$yes[d$yes < 0] <- NA; d$y[d$y < 0] <- NA; out <- c()\n"  \
    "for (k in unique(d$k)) { s <- d[d$k == k, ]\n"                                    \
    "options(survey.lonely.psu = c('remove', 'adjust', 'average')[s$lonely[1]])\n"     \
    "g <- if (s$f[1] > 0) svydesign(id=~c, strata=~h, weights=~w, fpc=~f, nest=TRUE, " \
    "data=s) else svydesign(id=~c, strata=~h, weights=~w, nest=TRUE, data=s)\n"

static ps_survey *design_of(const sample *s) {
    ps_survey_design d = {
        s->n, s->weight, s->stratum, s->psu, s->has_fpc ? s->fpc : NULL, s->lonely};
    ps_survey *survey;
    ps_error err = {.text = ""};
    size_t at;
    if (ps_survey_create(&d, &survey, &at, &err) != PS_OK) fail_msg("%s", err.text);
    return survey;
}

/* The records of a domain, backwards; -1: all. */
static size_t domain_rows(const sample *s, int32_t domain, size_t *row) {
    size_t m = 0;
    for (size_t i = s->n; i-- > 0;)
        if (domain < 0 || s->domain[i] == domain) row[m++] = i;
    return m;
}

static ps_survey_figure figure_of(const ps_survey *survey, const sample *s,
                                  ps_survey_statistic statistic, ps_survey_limits limits,
                                  int32_t domain) {
    static size_t row[MOST];
    ps_survey_question q = {statistic,
                            statistic == PS_SURVEY_PROPORTION ? s->yes : s->score,
                            s->size, limits, 0.95};
    ps_survey_figure f;
    ps_error err = {.text = ""};
    size_t m = domain_rows(s, domain, row);
    if (ps_survey_estimate(survey, &q, m, row, &f, &err) != PS_OK)
        fail_msg("%s", err.text);
    return f;
}

enum { PER_DOMAIN = 14 };

static void estimates(void **state) {
    (void)state;
    size_t rows, n = 0;
    double *in = to_r(&rows);
    enum { ALL = DESIGNS * (DOMAINS + 1) * PER_DOMAIN };
    static double ours[ALL], theirs[ALL];
    test_r(folder,
           R_DESIGNS
           "for (j in c(-1, 0, 1, 2)) { a <- if (j < 0) g else subset(g, dom == j)\n"
           "p <- svymean(~yes, a, na.rm=TRUE, deff='replace'); df <- degf(a)\n"
           "m <- svymean(~y, a, na.rm=TRUE, deff='replace')\n"
           "t <- svytotal(~y, a, na.rm=TRUE); r <- svyratio(~y, ~x, a, na.rm=TRUE)\n"
           /* No surer than as many answers, which R leaves to its users. */
           "v <- coef(p); n <- sum(!is.na(a$variables$yes) & weights(a) > 0)\n"
           "e <- v * (1 - v) / vcov(p) * (qt(.025, nrow(a) - 1) / qt(.025, df))^2\n"
           "b <- if (is.na(e) || e <= n) confint(svyciprop(~yes, a, method='beta', "
           "na.rm=TRUE)) else c(qbeta(.025, n * v, n * (1 - v) + 1), qbeta(.975, n * v + "
           "1, n * (1 - v)))\n"
           "l <- confint(svyciprop(~yes, a, method='xlogit', na.rm=TRUE))\n"
           "i <- confint(m, df=df)\n"
           "out <- c(out, coef(p), SE(p), deff(p), df, b, l, i, deff(m), SE(t), coef(r), "
           "SE(r)) } }\n",
           in, rows, COLUMNS, theirs, ALL);
    free(in);
    for (size_t k = 0; k < DESIGNS; k++) {
        const sample *s = &samples[k];
        ps_survey *survey = design_of(s);
        for (int32_t d = -1; d < DOMAINS; d++) {
            ps_survey_figure p =
                figure_of(survey, s, PS_SURVEY_PROPORTION, PS_SURVEY_BETA, d);
            ps_survey_figure l =
                figure_of(survey, s, PS_SURVEY_PROPORTION, PS_SURVEY_LOGIT, d);
            ps_survey_figure m = figure_of(survey, s, PS_SURVEY_MEAN, PS_SURVEY_WALD, d);
            ps_survey_figure t = figure_of(survey, s, PS_SURVEY_TOTAL, PS_SURVEY_WALD, d);
            ps_survey_figure r = figure_of(survey, s, PS_SURVEY_RATIO, PS_SURVEY_WALD, d);
            const double seen[PER_DOMAIN] = {
                p.value.value, p.se.value,    p.deff.value,  (double)p.df,  p.lower.value,
                p.upper.value, l.lower.value, l.upper.value, m.lower.value, m.upper.value,
                m.deff.value,  t.se.value,    r.value.value, r.se.value};
            memcpy(ours + n, seen, sizeof seen);
            /* Without variance R gives no limits of a proportion. */
            if (!(p.se.value > 0) || p.df < 1)
                for (size_t i = 0; i < PER_DOMAIN; i++) ours[n + i] = theirs[n + i] = 0;
            n += PER_DOMAIN;
        }
        ps_survey_free(survey);
    }
    test_r_agrees("svy_mean, deff against svymean, svytotal, svyratio, svyciprop", ours,
                  theirs, n, 1e-10);
}

static ps_survey_difference difference_of(const ps_survey *survey, const sample *s,
                                          int32_t first, int32_t second) {
    static size_t row_1[MOST], row_2[MOST];
    ps_survey_question q = {PS_SURVEY_MEAN, s->score, NULL, PS_SURVEY_WALD, 0.95};
    ps_survey_difference d;
    ps_error err = {.text = ""};
    size_t m1 = domain_rows(s, first, row_1), m2 = domain_rows(s, second, row_2);
    if (ps_survey_compare(survey, &q, m1, row_1, m2, row_2, &d, &err) != PS_OK)
        fail_msg("%s", err.text);
    return d;
}

/* Domain and whole, two domains of one sample, and two samples whose strata are stacked:
 * there the domain is the wave. */
static void differences(void **state) {
    (void)state;
    enum { EACH = 8, ALL = DESIGNS * EACH };
    static double ours[ALL], theirs[ALL];
    static sample stacked;
    size_t rows, n = 0;
    double *in = to_r(&rows);
    test_r(folder,
           R_DESIGNS
           "g$variables$z <- ifelse(is.na(s$y), 0, s$y); g$variables$o <- 1*!is.na(s$y)\n"
           "g$variables$a <- (s$dom==0)*g$variables$z\n"
           "g$variables$b <- (s$dom==0)*g$variables$o\n"
           "q <- svycontrast(svytotal(~a+b+z+o, subset(g, o == 1)), quote(a/b - z/o))\n"
           "e <- subset(g, dom < 2); t <- svyttest(y ~ dom, e)\n"
           "s$h2 <- s$dom*100 + s$h; i <- s[s$dom < 2, ]\n"
           "i <- svydesign(id=~c, strata=~h2, weights=~w, nest=TRUE, data=i)\n"
           "w <- svyttest(y ~ dom, i)\n"
           /* Its own df leaves out units without an answer, those of svymean do not. */
           "u <- degf(e) - 1; x <- t$estimate/t$statistic\n"
           "out <- c(out, coef(q), SE(q), t$estimate, x, u, 2*pt(-abs(t$statistic), u), "
           "degf(i) - 1, w$estimate/w$statistic) }\n",
           in, rows, COLUMNS, theirs, ALL);
    free(in);
    for (size_t k = 0; k < DESIGNS; k++) {
        const sample *s = &samples[k];
        ps_survey *survey = design_of(s);
        ps_survey_difference whole = difference_of(survey, s, -1, 0);
        ps_survey_difference groups = difference_of(survey, s, 0, 1);
        ps_survey_free(survey);
        stacked = *s;
        stacked.has_fpc = false;
        for (size_t i = 0; i < s->n; i++) stacked.stratum[i] += 100 * s->domain[i];
        survey = design_of(&stacked);
        ps_survey_difference waves = difference_of(survey, &stacked, 0, 1);
        ps_survey_free(survey);
        const double seen[EACH] = {whole.difference.value,  whole.se.value,
                                   groups.difference.value, groups.se.value,
                                   (double)groups.df,       groups.p.value,
                                   (double)waves.df,        waves.se.value};
        memcpy(ours + n, seen, sizeof seen);
        n += EACH;
        double sum = 0;
        const ps_survey_figure *both[] = {&waves.first, &waves.second};
        for (size_t i = 0; i < 2; i++) sum += both[i]->se.value * both[i]->se.value;
        if (s->lonely != PS_LONELY_AVERAGE) test_near(waves.se.value, sqrt(sum), 1e-12);
        assert_int_equal(waves.df, waves.first.df + waves.second.df - 1);
    }
    test_r_agrees("svy_diff against svycontrast and svyttest", ours, theirs, n, 1e-10);
}

int main(void) {
    if (system("Rscript --vanilla -e 'library(survey)' > /dev/null 2>&1") != 0) {
        print_message("R with survey is not installed: skipped\n");
        return TEST_SKIPPED;
    }
    seed = (uint64_t)time(NULL);
    const char *given = getenv("PLACESTAT_SEED");
    if (given != NULL) seed = strtoull(given, NULL, 10);
    print_message("PLACESTAT_SEED=%llu\n", (unsigned long long)seed);
    for (size_t k = 0; k < DESIGNS; k++) draw_sample(k, &samples[k]);
    folder = test_folder_make();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates),
        cmocka_unit_test(differences),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failed;
}
