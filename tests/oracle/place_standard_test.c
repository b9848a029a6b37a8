/* Changes of the Place Standard against R: t.test (Welch, paired), wilcox.test, and the
 * survey package for scores that cluster in conversations. Fresh scores at every run.
 */
#include "indicators/place_standard.h"

#include <time.h>

#include "tests/support/r.h"

enum { CASES = 60, MOST = 40, EACH = 11 };

static uint64_t seed;
static char *folder;

static double score(double centre) {
    double s = centre + (double)test_random_below(&seed, 5) - 2;
    return s < 1 ? 1 : s > 7 ? 7 : s;
}

static void changes(void **state) {
    (void)state;
    static double x[CASES][2][MOST], in[CASES * MOST * 5], ours[CASES * EACH],
        theirs[CASES * EACH];
    static int32_t who[MOST], event[MOST];
    size_t rows = 0, n = 0;
    for (int32_t i = 0; i < MOST; i++) {
        who[i] = i;
        event[i] = i / 6;
    }
    for (size_t k = 0; k < CASES; k++)
        for (size_t i = 0; i < MOST; i++) {
            x[k][0][i] = score(3);
            x[k][1][i] = score(3.0 + (double)(k % 3));
            const double row[] = {(double)k, x[k][0][i], x[k][1][i], (double)event[i],
                                  (double)i};
            memcpy(in + 5 * rows++, row, sizeof row);
        }
    test_r(folder,
           "library(survey); options(survey.lonely.psu='remove'); out <- c()\n"
           "for (k in unique(d[,1])) { s <- d[d[,1]==k,]; a <- s[,2]; b <- s[1:30,3]\n"
           "w <- t.test(b, a); p <- t.test(s[,3], a, paired=TRUE)\n"
           "u <- wilcox.test(b, a, exact=FALSE); v <- wilcox.test(s[,3], a, paired=TRUE, "
           "exact=FALSE)\n"
           "g <- svydesign(id=~e, weights=~1, data=data.frame(e=s[,4], a=a))\n"
           "m <- svymean(~a, g)\n"
           "out <- c(out, w$conf.int, w$parameter, w$p.value, u$p.value, "
           "u$statistic/(length(a)*length(b)), p$conf.int, p$p.value, v$p.value, SE(m)) "
           "}\n",
           in, rows, 5, theirs, CASES * EACH);
    for (size_t k = 0; k < CASES; k++) {
        ps_theme_scores a = {MOST, x[k][0], NULL, NULL, who};
        ps_theme_scores b = {MOST, x[k][1], NULL, NULL, who}, some = b;
        ps_theme_scores clustered = {MOST, x[k][0], NULL, event, NULL};
        ps_theme_change welch, pairs;
        ps_theme_figures f;
        ps_error err = {.text = ""};
        some.n = 30;
        assert_int_equal(ps_theme_compare(&a, &some, false, 0.95, &welch, &err), PS_OK);
        assert_int_equal(ps_theme_compare(&a, &b, true, 0.95, &pairs, &err), PS_OK);
        assert_int_equal(ps_theme_measure(&clustered, 0.95, &f, &err), PS_OK);
        const double seen[EACH] = {
            welch.lower.value,  welch.upper.value,  welch.df.value,
            welch.p.value,      welch.p_rank.value, welch.superior.value,
            pairs.lower.value,  pairs.upper.value,  pairs.p.value,
            pairs.p_rank.value, f.se.value};
        memcpy(ours + n, seen, sizeof seen);
        n += EACH;
    }
    test_r_agrees("place_standard against t.test, wilcox.test and svymean", ours, theirs,
                  n, 1e-9);
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
    folder = test_folder_make();
    const struct CMUnitTest tests[] = {cmocka_unit_test(changes)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failed;
}
