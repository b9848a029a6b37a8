/* What is printed side by side does not contradict itself: limits leave out no change
 * exactly when the p beside them is below 1 - confidence, and the verdict follows it.
 * Random tables, the same at every run, for every method that prints limits and a p.
 */
#include <math.h>

#include "tests/support/method.h"

enum { ROUNDS = 40, MOST_TEXT = 1 << 14 };

static uint64_t seed = 20260915;

static int below(int n) {
    return (int)test_random_below(&seed, (uint64_t)n);
}

/* A count now and then that is likely to be as far from another as a test can just tell.
 */
static int near(int count) {
    const int reach = (int)(3 * sqrt(count + 1)) + 2;
    return (int)fmax(0, count + below(2 * reach + 1) - reach);
}

typedef struct table_text {
    char text[MOST_TEXT];
    int n;
} table_text;

static void add(table_text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    t->n += vsnprintf(t->text + t->n, (size_t)(MOST_TEXT - t->n), format, arguments);
    va_end(arguments);
    assert_true(t->n < MOST_TEXT);
}

static void begin(table_text *t, const char *header) {
    t->n = 0;
    add(t, "%s\n", header);
}

/* One p of a result with the limits and the verdict that belong to it. */
typedef struct claim {
    const char *p, *lower, *upper;
    double none;         /* no change: 0, of ratios 1 */
    const char *verdict; /* follows p; NULL: another p decides */
} claim;

static bool number(const ps_table *t, size_t row, const char *column, double *out) {
    const char *text = test_cell(t, row, column);
    return text[0] != '\0' && ps_parse_double(ps_str_of(text), out);
}

static bool is_clear(const char *verdict) {
    static const char *const words[] = {"increase", "decrease", "improved",
                                        "worsened", "together", "opposite"};
    for (size_t i = 0; i < PS_LENGTH(words); i++)
        if (strcmp(verdict, words[i]) == 0) return true;
    return false;
}

static void check(const char *id, const ps_table *t, size_t row, const claim *c,
                  size_t seen[2]) {
    double p, lower, upper;
    if (!number(t, row, c->p, &p)) return;
    if (c->verdict != NULL) {
        const char *verdict = test_cell(t, row, c->verdict);
        if (is_clear(verdict) != (p < 0.05))
            fail_msg("%s: %s is %.9g, but the verdict %s", id, c->p, p, verdict);
    }
    if (!number(t, row, c->lower, &lower)) return;
    /* Unbounded: of a ratio from nothing. */
    if (!number(t, row, c->upper, &upper)) upper = (double)INFINITY;
    const bool apart = lower > c->none || upper < c->none;
    if (apart != (p < 0.05))
        fail_msg("%s: %s is %.9g, but the limits are %.9g to %.9g", id, c->p, p, lower,
                 upper);
    seen[apart]++;
}

static void no_contradiction(const char *id, const table_text *text,
                             const char *arguments, const claim *claims, size_t n,
                             size_t seen[2]) {
    ps_table *t = test_compute(id, text->text, arguments);
    for (size_t row = 0; row < ps_table_rows(t); row++)
        for (size_t k = 0; k < n; k++) check(id, t, row, &claims[k], seen);
    ps_table_free(t);
}

/* Both kinds of rows have been there. */
static void assert_both(const size_t seen[2]) {
    assert_true(seen[false] > 20 && seen[true] > 20);
}

static void counts(void **state) {
    (void)state;
    static const claim claims[] = {
        {"p_verdict", "tested_lower", "tested_upper", 0, "verdict"}};
    static const claim exact[] = {{"p_verdict", "lower", "upper", 1, "verdict"}};
    static const claim quasi[] = {{"p_quasi", "quasi_lower", "quasi_upper", 1, NULL}};
    static table_text t;
    size_t seen[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        begin(&t, "x1,x2,t1,t2");
        for (int i = 0; i < 30; i++) {
            const int x = below(60);
            add(&t, "%d,%d,%d,%d\n", x, near(x), 1 + below(3), 1 + below(3));
        }
        no_contradiction("poisson_change", &t, "", claims, 1, seen);
        no_contradiction("poisson_change", &t, "", exact, 1, seen);
        begin(&t, "x1,x2,dispersion");
        for (int i = 0; i < 30; i++) {
            const int x = below(200);
            add(&t, "%d,%d,%d.%d\n", x, near(x), below(3), 1 + below(9));
        }
        no_contradiction("poisson_change", &t, "", claims, 1, seen);
        no_contradiction("poisson_change", &t, "", quasi, 1, seen);
    }
    assert_both(seen);
}

static void shares(void **state) {
    (void)state;
    static const claim claims[] = {
        {"p_verdict", "tested_lower", "tested_upper", 0, "verdict"}};
    static table_text t;
    size_t seen[2] = {0}, shifts[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        begin(&t, "x1,n1,x2,n2");
        for (int i = 0; i < 30; i++) {
            const int x = below(40), n = 40 + below(60);
            add(&t, "%d,%d,%d,%d\n", x, n, (int)fmin(near(x), n), n);
        }
        no_contradiction("prop_change", &t, "multiplier=100", claims, 1, seen);
        begin(&t, "series,area_code,marked,x1,x2");
        for (int i = 0; i < 60; i++) {
            const int x = below(20);
            add(&t, "s%d,a%d,%d,%d,%d\n", i / 3, i, i % 3 == 0, x, near(x));
        }
        no_contradiction("place_shift", &t, "", claims, 1, shifts);
    }
    assert_both(seen);
    assert_both(shifts);
}

/* Its limits are those of the test that decided. */
static void types(void **state) {
    (void)state;
    static const claim claims[] = {{"p_verdict", "lower", "upper", 1, "verdict"}};
    static const claim quasi[] = {
        {"p_verdict", "quasi_lower", "quasi_upper", 1, "verdict"}};
    static table_text t;
    size_t exact_seen[2] = {0}, quasi_seen[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        begin(&t, "type,x1,x2");
        for (int i = 0; i < 30; i++) {
            const int x = below(60);
            add(&t, "k%d,%d,%d\n", i, x, near(x));
        }
        no_contradiction("type_change", &t, "t2=2", claims, 1, exact_seen);
        begin(&t, "type,x1,x2,dispersion");
        for (int i = 0; i < 30; i++) {
            const int x = 1 + below(200);
            add(&t, "k%d,%d,%d,%d.3\n", i, x, 1 + near(x), 1 + below(3));
        }
        ps_table *result = test_compute("type_change", t.text, "");
        for (size_t row = 0; row + 1 < ps_table_rows(result); row++) {
            assert_string_equal(test_cell(result, row, "verdict_by"), "quasi");
            check("type_change", result, row, quasi, quasi_seen);
        }
        ps_table_free(result);
    }
    assert_both(exact_seen);
    assert_both(quasi_seen);
}

static void trends(void **state) {
    (void)state;
    static const claim claims[] = {{"p_value", "lower", "upper", 0, "verdict"}};
    static table_text t;
    size_t fitted[2] = {0}, ranked[2] = {0};
    for (int round = 0; round < 4 * ROUNDS; round++) {
        const int slope = below(9) - 4;
        begin(&t, "month,value");
        for (int i = 0; i < 36; i++)
            add(&t, "%d-%02d,%d\n", 2018 + i / 12, i % 12 + 1, near(60 + slope * i / 6));
        no_contradiction("trend", &t, "", claims, 1, fitted);
        begin(&t, "area_code,value");
        /* Values without ties: of slopes that are 0 a limit may be, too. */
        for (int area = 0; area < 8; area++)
            for (int i = 0; i < 5 + round % 12; i++)
                add(&t, "a%d,%d.%d%02d\n", area, slope * i + below(20), below(10), i);
        no_contradiction("mann_kendall", &t, "", claims, 1, ranked);
    }
    assert_both(fitted);
    assert_both(ranked);
}

/* Fisher's limits and Student's t approximate each other; a verdict is clear when both
 * say so. */
static void correlation_is_clear_twice(const table_text *text, const char *arguments,
                                       size_t seen[2]) {
    ps_table *t = test_compute("correlation", text->text, arguments);
    for (size_t row = 0; row < ps_table_rows(t); row++) {
        double p, lower, upper;
        if (!number(t, row, "p_value", &p)) continue;
        const bool limits =
            number(t, row, "lower", &lower) && number(t, row, "upper", &upper);
        const bool clear = is_clear(test_cell(t, row, "verdict"));
        assert_int_equal(clear, p < 0.05 && (!limits || lower > 0 || upper < 0));
        seen[clear]++;
    }
    ps_table_free(t);
}

static void correlations(void **state) {
    (void)state;
    static table_text t;
    size_t seen[2] = {0};
    for (int round = 0; round < 4 * ROUNDS; round++) {
        begin(&t, "group,x,y");
        for (int group = 0; group < 8; group++)
            for (int i = 0; i < 4 + round % 12; i++)
                add(&t, "g%d,%d,%d\n", group, i + below(6), i + below(6));
        correlation_is_clear_twice(&t, "kind=spearman", seen);
        correlation_is_clear_twice(&t, "kind=pearson", seen);
    }
    assert_both(seen);
}

/* A p of one of many comparisons is not what the verdict follows: p_adjusted is. */
static void answers(void **state) {
    (void)state;
    static const claim survey[] = {{"p_value", "lower", "upper", 0, NULL}};
    static const claim scores[] = {{"p", "change_lower", "change_upper", 0, NULL}};
    static table_text t;
    size_t surveys[2] = {0}, places[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        const int likely = 1 + below(9);
        begin(&t, "domain,group,psu,weight,y");
        for (int i = 0; i < 160; i++)
            add(&t, "%c,%d,%d,0.%d,%d\n", 'A' + i % 4, i / 4 % 2, i, 100 + below(900),
                below(10) < (i / 4 % 2 == 0 ? 5 : likely));
        no_contradiction("svy_diff", &t, "compare=groups min_base=2", survey, 1, surveys);
        begin(&t, "place,round,theme,score");
        for (int i = 0; i < 160; i++)
            add(&t, "P%d,%d,natural-space,%d\n", i % 4, i / 80,
                1 + below(i < 80 ? 4 : 3 + likely % 5));
        no_contradiction("place_standard", &t, "", scores, 1, places);
    }
    assert_both(surveys);
    assert_both(places);
}

static void gaps(void **state) {
    (void)state;
    static const claim claims[] = {{"p", "diff_c_lower", "diff_c_upper", 0, NULL},
                                   {"p_w", "diff_w_lower", "diff_w_upper", 0, NULL}};
    static table_text t;
    size_t seen[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        begin(&t, "area_code,neighbourhood,target_ward,count,denominator");
        /* X lies in the target wards, Y apart from them. */
        for (int i = 0; i < 12; i++)
            add(&t, "a%d,%s,%d,%d,%d\n", i,
                i < 2   ? "X"
                : i < 4 ? "Y"
                        : "",
                i < 2 || i > 7, near(i < 4 ? 12 : 6), 300 + below(50));
        no_contradiction("triple", &t, "", claims, 2, seen);
        no_contradiction("triple", &t, "type=proportion", claims, 2, seen);
    }
    assert_both(seen);
}

static void targets(void **state) {
    (void)state;
    static const claim claims[] = {{"p_two_sample", "rr_lower", "rr_upper", 1, NULL}};
    static table_text t;
    size_t seen[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        begin(&t,
              "kpi_id,measure,target_kind,baseline,actual,baseline_exposure,exposure,"
              "dispersion");
        for (int i = 0; i < 30; i++) {
            const int x = 1 + below(90);
            add(&t, "m%d,count,reduce,%d,%d,1,%d,%d.1\n", i, x, 1 + near(x), 1 + below(2),
                1 + below(2));
        }
        no_contradiction("target", &t, "", claims, 1, seen);
    }
    assert_both(seen);
}

/* Methods that print limits and a p of something else, with the reason. */
static const char *const apart[][2] = {
    {"concentration", "the limits are those of chance alone, not of the index"},
    {"hotspot_deprivation", "rows have limits (odds ratio) or p (correlations)"},
};
static const char *const tested[] = {"correlation",    "mann_kendall",   "place_shift",
                                     "place_standard", "poisson_change", "prop_change",
                                     "svy_diff",       "target",         "trend",
                                     "triple",         "type_change"};

static bool prints(const ps_method *method, const char *start, const char *part) {
    for (size_t i = 0; i < method->n_output; i++) {
        const char *name = method->output[i].name;
        if (strncmp(name, start, strlen(start)) == 0 && strstr(name, part) != NULL)
            return true;
    }
    return false;
}

/* A new method that prints both has to be tested here, or to say why not. */
static void every_method_is_looked_at(void **state) {
    (void)state;
    const ps_method *const *methods;
    const size_t n = ps_methods(&methods);
    for (size_t i = 0; i < n; i++) {
        const ps_method *m = methods[i];
        const bool has_p = prints(m, "p_value", "") || prints(m, "p_verdict", "") ||
                           prints(m, "p_adj", "") || prints(m, "p_two_sample", "") ||
                           prints(m, "p_wilcoxon", "") || prints(m, "p_perm", "") ||
                           prints(m, "p_naive", "") || prints(m, "p_quasi", "");
        if (!has_p || !prints(m, "", "lower")) continue;
        bool known = false;
        for (size_t k = 0; k < PS_LENGTH(tested); k++)
            known = known || strcmp(tested[k], m->id) == 0;
        for (size_t k = 0; k < PS_LENGTH(apart); k++)
            known = known || strcmp(apart[k][0], m->id) == 0;
        if (!known)
            fail_msg("%s prints limits and a p, and no test compares them", m->id);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(shares),
        cmocka_unit_test(types),
        cmocka_unit_test(trends),
        cmocka_unit_test(correlations),
        cmocka_unit_test(answers),
        cmocka_unit_test(gaps),
        cmocka_unit_test(targets),
        cmocka_unit_test(every_method_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
