/* What must not matter to a method does not: the order of rows, the unit of a rate, how
 * strata are cut, records that stand twice. Random tables, the same at every run.
 */
#include <math.h>

#include "tests/support/method.h"

enum { ROUNDS = 60, MOST_LINES = 64, LINE = 96 };

static uint64_t seed = 20260401;

static int64_t below(uint64_t n) {
    return (int64_t)test_random_below(&seed, n);
}

/* A table as lines that can be put into another order. */
typedef struct lines {
    char header[LINE];
    char line[MOST_LINES][LINE];
    size_t n;
} lines;

static void add_line(lines *l, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(l->line[l->n++], LINE, format, arguments);
    va_end(arguments);
    assert_true(l->n < MOST_LINES);
}

static void shuffle(lines *l) {
    char kept[LINE];
    for (size_t i = l->n; i > 1; i--) {
        size_t j = (size_t)below(i);
        memcpy(kept, l->line[i - 1], LINE);
        memcpy(l->line[i - 1], l->line[j], LINE);
        memcpy(l->line[j], kept, LINE);
    }
}

static ps_table *run(const char *id, const lines *l, const char *arguments) {
    static char text[(MOST_LINES + 1) * (LINE + 1)];
    int at = snprintf(text, sizeof text, "%s\n", l->header);
    for (size_t i = 0; i < l->n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s\n", l->line[i]);
    return test_compute(id, text, arguments);
}

/* Cells are the same text, or numbers within 1e-11. */
static void same_tables(const ps_table *a, const ps_table *b) {
    assert_int_equal(ps_table_rows(a), ps_table_rows(b));
    for (size_t i = 0; i < ps_table_rows(a); i++) {
        for (size_t j = 0; j < ps_table_columns(a); j++) {
            ps_str x = ps_table_cell(a, i, j), y = ps_table_cell(b, i, j);
            double p = 0, q = 0;
            if (ps_str_eq(x, y)) continue;
            if (!ps_parse_double(x, &p) || !ps_parse_double(y, &q))
                fail_msg("row %zu: '%.*s' became '%.*s'", i, (int)x.n, x.p, (int)y.n,
                         y.p);
            test_near(p, q, 1e-11);
        }
    }
}

/* The result of grouped methods is by group, so any order of the rows gives it. */
static void order_does_not_matter(const char *id, lines *l, const char *arguments) {
    ps_table *a = run(id, l, arguments);
    shuffle(l);
    ps_table *b = run(id, l, arguments);
    same_tables(a, b);
    ps_table_free(a);
    ps_table_free(b);
}

static void random_dsr(lines *l, size_t areas) {
    l->n = 0;
    snprintf(l->header, LINE,
             "area_code,stratum,count,population,standard,ref_count,"
             "ref_population");
    int64_t standard[5];
    for (int s = 0; s < 5; s++) standard[s] = 1000 + below(6000);
    for (size_t a = 0; a < areas; a++)
        for (int s = 0; s < 5; s++)
            add_line(l, "%c,%d,%lld,%lld,%lld,%lld,%lld", (char)('A' + a), s,
                     (long long)below(30), (long long)(200 + below(3000)),
                     (long long)standard[s], (long long)below(500),
                     (long long)(5000 + below(5000)));
}

static void rows_may_come_in_any_order(void **state) {
    (void)state;
    lines l = {.n = 0};
    for (int round = 0; round < ROUNDS; round++) {
        random_dsr(&l, 1 + (size_t)below(8));
        order_does_not_matter("dsr", &l, "");
        order_does_not_matter("isr", &l, "type=rate");
        l.n = 0;
        snprintf(l.header, LINE, "area_code,value");
        int64_t n = 1 + below(50);
        for (int64_t i = 0; i < n; i++)
            add_line(&l, "%c,%lld.%lld", (char)('A' + below(4)), (long long)below(100000),
                     (long long)below(1000));
        order_does_not_matter("mean", &l, "");
        l.n = 0;
        snprintf(l.header, LINE, "group,quantile,population,value,lower,upper");
        for (int q = 1; q <= 7; q++)
            add_line(&l, "g,%d,%lld,%lld.5,%lld,%lld", q, (long long)(100 + below(900)),
                     (long long)(20 + below(9)), (long long)(10 + below(9)),
                     (long long)(40 + below(9)));
        order_does_not_matter("sii", &l, round % 2 == 0 ? "" : "transform=no");
        order_does_not_matter("sii", &l, "ci_method=simulation nsim=1000");
    }
}

/* Surveys, scores and comparisons, with strata, rounds and periods. */
static void records_may_come_in_any_order(void **state) {
    (void)state;
    static const char *const themes[] = {"feeling-safe", "natural-space"};
    static const char *const approaches[] = {"connecting", "communicating", "equalising",
                                             "trusting", "celebrating"};
    lines l = {.n = 0};
    for (int round = 0; round < ROUNDS; round++) {
        l.n = 0;
        snprintf(l.header, LINE, "domain,group,stratum,psu,weight,y");
        for (int i = 0; i < 40; i++)
            add_line(&l, "%c,%lld,%d,%d,0.%lld,%lld", (char)('A' + below(3)),
                     (long long)below(2), i % 2, i % 10, (long long)(100 + below(900)),
                     (long long)below(2));
        order_does_not_matter("svy_mean", &l, "min_base=5 ci=beta");
        order_does_not_matter("svy_diff", &l, "compare=rest min_base=2");
        l.n = 0;
        snprintf(l.header, LINE, "place,round,theme,respondent,event,score");
        for (int i = 0; i < 56; i++)
            add_line(&l, "P,%d,%s,%d,%d,%lld", i / 28, themes[i % 2], i % 28 / 2, i % 3,
                     (long long)(1 + below(7)));
        order_does_not_matter("place_standard", &l, "");
        order_does_not_matter("place_standard", &l, "matched=yes");
        l.n = 0;
        snprintf(l.header, LINE, "organisation,year,approach,score");
        for (int i = 0; i < 60; i++)
            add_line(&l, "o%d,%d,%s,%lld", i / 10, i / 5 % 2, approaches[i % 5],
                     (long long)below(6));
        order_does_not_matter("icf", &l, "scale_min=0 scale_max=5");
        l.n = 0;
        snprintf(l.header, LINE,
                 "period,area_code,neighbourhood,target_ward,count,denominator");
        for (int i = 0; i < 40; i++)
            add_line(&l, "%d,a%d,%s,0.%lld,%lld,%lld", i / 20, i % 20,
                     i % 20 < 3   ? "X"
                     : i % 20 < 6 ? "Y"
                                  : "",
                     (long long)below(10), (long long)below(90),
                     (long long)(100 + below(1000)));
        order_does_not_matter("triple", &l, "");
        order_does_not_matter("triple", &l, "type=proportion polarity=higher-better");
    }
}

/* The row of an area in a table whose rows keep their order. */
static size_t row_of(const ps_table *t, const char *area) {
    for (size_t i = 0; i < ps_table_rows(t); i++)
        if (strcmp(test_cell(t, i, "area_code"), area) == 0) return i;
    fail_msg("no row for %s", area);
    return 0;
}

static void areas_keep_their_figures_in_any_order(void **state) {
    (void)state;
    static const char *const ids[] = {"quantile", "funnel", "crude_rate", "proportion"};
    static const char *const arguments[] = {"k=4", "", "", "simultaneous=bonferroni"};
    static const char *const columns[][2] = {
        {"rank", "quantile"}, {"z", "phi"}, {"lower", "upper"}, {"lower", "upper"}};
    lines l = {.n = 0};
    for (int round = 0; round < ROUNDS; round++) {
        l.n = 0;
        snprintf(l.header, LINE,
                 "area_code,value,count,denominator,population,numerator");
        for (int i = 0; i < 20; i++) {
            long long n = 50 + below(500), x = below(50);
            add_line(&l, "a%d,%lld,%lld,%lld,%lld,%lld", i, (long long)below(15), x, n, n,
                     x);
        }
        for (size_t m = 0; m < 4; m++) {
            ps_table *a = run(ids[m], &l, arguments[m]);
            shuffle(&l);
            ps_table *b = run(ids[m], &l, arguments[m]);
            for (size_t i = 0; i < 20; i++) {
                char name[16];
                snprintf(name, sizeof name, "%s", test_cell(a, i, "area_code"));
                size_t j = row_of(b, name);
                for (size_t c = 0; c < 2; c++)
                    test_near(test_value(b, j, columns[m][c]),
                              test_value(a, i, columns[m][c]), 1e-11);
            }
            ps_table_free(a);
            ps_table_free(b);
        }
    }
}

/* A rate per 1,000 is ten times the rate per 100, limits and all. */
static void units_only_scale(void **state) {
    (void)state;
    static const char *const columns[] = {"value", "lower", "upper"};
    lines l = {.n = 0};
    for (int round = 0; round < ROUNDS; round++) {
        random_dsr(&l, 3);
        ps_table *a = run("dsr", &l, "multiplier=100");
        ps_table *b = run("dsr", &l, "multiplier=1000");
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(test_cell(a, i, "status"), test_cell(b, i, "status"));
            for (size_t c = 0; c < 3 && test_cell(a, i, "value")[0] != '\0'; c++)
                test_near(test_value(b, i, columns[c]), 10 * test_value(a, i, columns[c]),
                          1e-13);
        }
        ps_table_free(a);
        ps_table_free(b);
    }
}

/* A stratum cut into two with the same rate is the stratum: Dobson's variance and the
 * expected count stay. */
static void cutting_a_stratum_changes_nothing(void **state) {
    (void)state;
    lines whole = {.n = 0}, cut = {.n = 0};
    snprintf(whole.header, LINE,
             "stratum,count,population,standard,ref_count,ref_population");
    memcpy(cut.header, whole.header, LINE);
    for (int round = 0; round < ROUNDS; round++) {
        whole.n = cut.n = 0;
        for (int s = 0; s < 6; s++) {
            long long x = 4 + below(30), n = 100 + below(1000), w = 1 + below(100);
            long long r = 1 + below(100), base = 1000 + below(1000);
            add_line(&whole, "%d,%lld,%lld,%lld,%lld,%lld", s, 2 * x, 2 * n, 2 * w, 2 * r,
                     2 * base);
            for (int half = 0; half < 2; half++)
                add_line(&cut, "%d.%d,%lld,%lld,%lld,%lld,%lld", s, half, x, n, w, r,
                         base);
        }
        for (int m = 0; m < 2; m++) {
            ps_table *a = run(m == 0 ? "dsr" : "isr", &whole, "");
            ps_table *b = run(m == 0 ? "dsr" : "isr", &cut, "");
            same_tables(a, b);
            ps_table_free(a);
            ps_table_free(b);
        }
    }
}

/* Every record twice: the same mean, a variance smaller by (2n - 2) / (2n - 1); the same
 * target and dispersion of a funnel. */
static void records_that_stand_twice(void **state) {
    (void)state;
    lines once = {.n = 0}, twice = {.n = 0};
    snprintf(once.header, LINE, "value,count,denominator");
    memcpy(twice.header, once.header, LINE);
    for (int round = 0; round < ROUNDS; round++) {
        once.n = twice.n = 0;
        const size_t n = 3 + (size_t)below(20);
        for (size_t i = 0; i < n; i++) {
            long long v = below(1000), x = below(30), base = 100 + below(100);
            add_line(&once, "%lld,%lld,%lld", v, x + 1, base);
            for (int k = 0; k < 2; k++)
                add_line(&twice, "%lld,%lld,%lld", v, x + 1, base);
        }
        ps_table *a = run("mean", &once, ""), *b = run("mean", &twice, "");
        test_near(test_value(b, 0, "value"), test_value(a, 0, "value"), 1e-12);
        double shrunk = sqrt((2 * (double)n - 2) / (2 * (double)n - 1));
        test_near(test_value(b, 0, "stdev"), test_value(a, 0, "stdev") * shrunk, 1e-11);
        ps_table_free(a);
        ps_table_free(b);
        a = run("funnel", &once, "");
        b = run("funnel", &twice, "");
        test_near(test_value(b, 0, "target"), test_value(a, 0, "target"), 1e-13);
        test_near(test_value(b, 0, "z"), test_value(a, 0, "z"), 1e-11);
        ps_table_free(a);
        ps_table_free(b);
    }
}

static void random_panel(lines *l, size_t areas, double factor) {
    l->n = 0;
    snprintf(l->header, LINE, "area_code,indicator,value,imd_score");
    for (size_t a = 0; a < areas; a++)
        for (int j = 0; j < 3; j++)
            add_line(l, "a%zu,i%d,%.10g,%zu", a, j,
                     factor * (double)(below(1000) + (int64_t)(a % 3) * 800), a % 3);
}

/* Clusters depend neither on the order of the rows nor on the unit of an indicator. */
static void typologies_stay(void **state) {
    (void)state;
    lines l = {.n = 0};
    for (int round = 0; round < 10; round++) {
        uint64_t kept = seed;
        random_panel(&l, 20, 1);
        order_does_not_matter("kmeans", &l, "nstart=20");
        order_does_not_matter("kmeans_centroids", &l, "nstart=20 k=3");
        ps_table *a = run("kmeans", &l, "nstart=20");
        seed = kept;
        random_panel(&l, 20, 1e6);
        ps_table *b = run("kmeans", &l, "nstart=20");
        same_tables(a, b);
        ps_table_free(a);
        ps_table_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_may_come_in_any_order),
        cmocka_unit_test(records_may_come_in_any_order),
        cmocka_unit_test(areas_keep_their_figures_in_any_order),
        cmocka_unit_test(units_only_scale),
        cmocka_unit_test(cutting_a_stratum_changes_nothing),
        cmocka_unit_test(records_that_stand_twice),
        cmocka_unit_test(typologies_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
