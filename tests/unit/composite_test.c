/* The composite index on tables that can be worked out by hand, and what must not matter.
 */
#include "indicators/composite.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/method.h"

enum { AREAS = 4 };
static const double NONE = (double)NAN;

/* One indicator of four areas, high is good unless polarity says otherwise. */
static void scale_is(ps_composite c, const double *x, const double *expected) {
    double out[2 * AREAS];
    bool usable[1];
    int32_t domain[] = {0};
    double one[] = {1};
    c.p = c.domains = 1;
    c.areas = AREAS;
    if (c.periods == 0) c.periods = 1;
    c.domain = domain;
    c.weight = c.domain_weight = one;
    assert_int_equal(ps_composite_scale(&c, x, out, usable, NULL), PS_OK);
    assert_true(usable[0]);
    for (size_t i = 0; i < c.periods * AREAS; i++) {
        assert_true(isnan(out[i]) == isnan(expected[i]));
        if (!isnan(out[i])) test_near(out[i], expected[i], 1e-14);
    }
}

static void scales_by_hand(void **state) {
    (void)state;
    double x[] = {2, 4, 4, 8}, up[] = {1}, down[] = {-1}, low[] = {3}, high[] = {7},
           reference[] = {4}, z = sqrt(19.0 / 3);
    scale_is((ps_composite){.polarity = up, .scale = PS_SCALE_Z}, x,
             (double[]){-2.5 / sqrt(57.0 / 9), -0.5 / z, -0.5 / z, 3.5 / z});
    scale_is(
        (ps_composite){.polarity = up, .scale = PS_SCALE_MINMAX, .from = 1, .to = 100}, x,
        (double[]){1, 34, 34, 100});
    scale_is((ps_composite){.polarity = down, .scale = PS_SCALE_MINMAX, .to = 1}, x,
             (double[]){1, 2.0 / 3, 2.0 / 3, 0});
    scale_is((ps_composite){.polarity = up, .scale = PS_SCALE_RANK}, x,
             (double[]){1, 2, 2, 4});
    scale_is((ps_composite){.polarity = down, .scale = PS_SCALE_RANK}, x,
             (double[]){4, 2, 2, 1});
    scale_is((ps_composite){.polarity = up, .scale = PS_SCALE_PERCENTILE}, x,
             (double[]){0, 1.0 / 3, 1.0 / 3, 1});
    scale_is((ps_composite){.polarity = up, .scale = PS_SCALE_BORDA}, x,
             (double[]){0, 1, 1, 3});
    ps_composite posts = {
        .polarity = up, .scale = PS_SCALE_GOALPOSTS, .low = low, .high = high};
    scale_is(posts, x, (double[]){0, 0.25, 0.25, 1});
    posts.polarity = down;
    scale_is(posts, x, (double[]){1, 0.75, 0.75, 0});
    ps_composite far = {
        .polarity = up, .scale = PS_SCALE_DISTANCE, .reference = reference};
    scale_is(far, x, (double[]){-0.5, 0, 0, 1});
    far.polarity = down;
    scale_is(far, x, (double[]){0.5, 0, 0, -1});
    /* Rank 1 is the top: share 1, and 100. */
    double gaps[] = {2, NONE, 4, 8};
    double share = 1 - exp(-100.0 / 23);
    scale_is(
        (ps_composite){.polarity = up, .scale = PS_SCALE_EXPONENTIAL}, gaps,
        (double[]){-23 * log(1 - share / 3), NONE, -23 * log(1 - 2 * share / 3), 100});
}

/* The first period sets the scale of the second, or each its own. */
static void a_base_makes_change_visible(void **state) {
    (void)state;
    double x[] = {0, 10, 20, 40, 10, 20, 30, 50}, up[] = {1};
    ps_composite c = {
        .polarity = up, .scale = PS_SCALE_MINMAX, .to = 100, .periods = 2, .fixed = true};
    scale_is(c, x, (double[]){0, 25, 50, 100, 25, 50, 75, 125});
    c.base = 1;
    scale_is(c, x, (double[]){-25, 0, 25, 75, 0, 25, 50, 100});
    c.fixed = false;
    scale_is(c, x, (double[]){0, 25, 50, 100, 0, 25, 50, 100});
    c.fixed = true;
    c.base = 0;
    c.scale = PS_SCALE_PERCENTILE;
    scale_is(c, x, (double[]){0, 1.0 / 3, 2.0 / 3, 1, 1.0 / 3, 2.0 / 3, 1, 1});
}

static void outliers_are_tamed(void **state) {
    (void)state;
    double x[100], left[100];
    ps_outliers o;
    for (int i = 0; i < 20; i++) x[i] = i % 5;
    assert_int_equal(ps_outliers_find(20, x, &o, NULL), PS_OK);
    assert_true(o.winsorised == 0 && !o.logged);
    test_near(ps_outliers_treat(&o, 1e9), 1e9, 1e-15);
    /* One far value comes to the next. */
    x[3] = 1000;
    assert_int_equal(ps_outliers_find(20, x, &o, NULL), PS_OK);
    assert_int_equal(o.winsorised, 1);
    test_near(ps_outliers_treat(&o, 1000), 4, 1e-15);
    assert_true(isnan(ps_outliers_treat(&o, NONE)));
    /* A hundred powers are still skew when five are cut: the logarithm, either way. */
    for (int i = 0; i < 100; i++) {
        x[i] = pow(10, i);
        left[i] = -x[i];
    }
    assert_int_equal(ps_outliers_find(100, x, &o, NULL), PS_OK);
    assert_true(o.logged && o.winsorised == 0);
    double range = 1e99 - 1;
    test_near(ps_outliers_treat(&o, 1), log(range / 100), 1e-14);
    test_near(ps_outliers_treat(&o, 1e99), log(range * 1.01), 1e-14);
    assert_int_equal(ps_outliers_find(100, left, &o, NULL), PS_OK);
    assert_true(o.logged);
    test_near(ps_outliers_treat(&o, -1), -log(range / 100), 1e-14);
    /* No variation, too few. */
    for (int i = 0; i < 20; i++) x[i] = 7;
    assert_int_equal(ps_outliers_find(20, x, &o, NULL), PS_OK);
    assert_true(isnan(o.skew) && o.winsorised == 0 && !o.logged);
    assert_int_equal(ps_outliers_find(3, left, &o, NULL), PS_OK);
    assert_true(isnan(o.skew));
}

static const double weight[] = {1, 2, 1, 3}, domain_weight[] = {1, 3},
                    polarity[] = {1, 1, 1, 1};
static const int32_t domain[] = {0, 0, 0, 1};
static const bool all_usable[] = {true, true, true, true};

static ps_composite framework(ps_mean_kind mean) {
    return (ps_composite){.areas = AREAS,
                          .periods = 1,
                          .p = 4,
                          .domains = 2,
                          .polarity = polarity,
                          .domain = domain,
                          .weight = weight,
                          .domain_weight = domain_weight,
                          .mean = mean,
                          .domain_share = 2.0 / 3,
                          .index_share = 1};
}

static void means_and_what_is_missing(void **state) {
    (void)state;
    /* The second lacks a quarter of its domain, the third three quarters, the last a
     * domain. */
    double x[] = {1, 2, 4, 3, 1, 2, NONE, 3, 1, NONE, NONE, 3, 1, 2, 4, NONE};
    ps_composite_score index[AREAS], part[2 * AREAS];
    ps_composite c = framework(PS_MEAN_ARITHMETIC);
    assert_int_equal(ps_composite_score_all(&c, x, all_usable, index, part, NULL), PS_OK);
    test_near(part[0].value.value, 9.0 / 4, 1e-15);
    test_near(index[0].value.value, (9.0 / 4 + 9) / 4, 1e-15);
    test_near(part[2].value.value, 5.0 / 3, 1e-15);
    test_near(part[2].weight_present, 0.75, 1e-15);
    test_near(index[1].value.value, (5.0 / 3 + 9) / 4, 1e-15);
    test_near(index[1].weight_present, (0.75 + 3) / 4, 1e-15);
    assert_int_equal(index[1].n_missing, 1);
    assert_int_equal(part[4].value.status, PS_VALUE_MISSING);
    assert_int_equal(index[2].value.status, PS_VALUE_MISSING);
    assert_int_equal(index[3].value.status, PS_VALUE_MISSING);
    assert_int_equal(index[0].rank, 1);
    assert_int_equal(index[1].rank, 2);
    assert_int_equal(index[2].rank, 0);
    assert_int_equal(part[1].rank, 1); /* three domains alike */
    assert_int_equal(part[5].rank, 1);
    c = framework(PS_MEAN_GEOMETRIC);
    assert_int_equal(ps_composite_score_all(&c, x, all_usable, index, part, NULL), PS_OK);
    test_near(part[0].value.value, pow(16, 0.25), 1e-14);
    test_near(index[0].value.value, pow(2 * 27, 0.25), 1e-14);
    c = framework(PS_MEAN_HARMONIC);
    assert_int_equal(ps_composite_score_all(&c, x, all_usable, index, part, NULL), PS_OK);
    test_near(part[0].value.value, 4 / 2.25, 1e-14);
    /* With the domain's mean in the gap, or fewer domains wanted, all have an index. */
    c = framework(PS_MEAN_ARITHMETIC);
    c.impute = true;
    c.index_share = 0.25;
    assert_int_equal(ps_composite_score_all(&c, x, all_usable, index, part, NULL), PS_OK);
    test_near(index[2].value.value, (1.0 + 9) / 4, 1e-15);
    assert_int_equal(index[2].n_imputed, 2);
    test_near(index[3].value.value, 9.0 / 4, 1e-15);
    /* Zero has no geometric mean. */
    x[0] = 0;
    c = framework(PS_MEAN_GEOMETRIC);
    assert_int_equal(ps_composite_score_all(&c, x, all_usable, index, part, NULL), PS_OK);
    assert_int_equal(index[0].value.status, PS_VALUE_UNDEFINED);
    /* An indicator that does not vary leaves its weight to the others. */
    bool usable[] = {true, false, true, true};
    c = framework(PS_MEAN_ARITHMETIC);
    assert_int_equal(ps_composite_score_all(&c, x, usable, index, part, NULL), PS_OK);
    test_near(part[0].value.value, 2, 1e-15);
}

/* Two areas one unit apart, domain weights alone: the ranks cannot change; leaving the
 * only indicator that tells them apart makes both first. */
static void ranks_that_cannot_move(void **state) {
    (void)state;
    double x[] = {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4};
    ps_composite c = framework(PS_MEAN_ARITHMETIC);
    c.scale = PS_SCALE_MINMAX;
    c.from = 1;
    c.to = 100;
    c.fixed = true;
    int32_t rank[] = {4, 3, 2, 1};
    ps_rank_range range[AREAS];
    assert_int_equal(ps_composite_uncertainty(&c, x, all_usable, rank, PS_VARY_ALL, 200,
                                              1, range, NULL),
                     PS_OK);
    for (int i = 0; i < AREAS; i++) {
        assert_true(range[i].mean.value == rank[i]);
        assert_true(range[i].p5.value == rank[i] && range[i].p95.value == rank[i]);
        assert_true(range[i].lowest.value == (i == 0));
    }
    ps_rank_shift shift;
    assert_int_equal(ps_composite_shift(&c, x, all_usable, rank, PS_VARY_WEIGHTS, -1, 50,
                                        1, &shift, NULL),
                     PS_OK);
    assert_true(shift.mean.value == 0 && shift.largest == 0 && shift.runs == 50);
    double apart[] = {1, 5, 5, 5, 2, 5, 5, 5, 3, 5, 5, 5, 4, 5, 5, 5};
    bool usable[] = {true, false, false, false};
    assert_int_equal(
        ps_composite_shift(&c, apart, usable, rank, 0, 0, 50, 1, &shift, NULL), PS_OK);
    assert_int_equal(shift.mean.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_composite_uncertainty(&c, x, all_usable, rank, PS_VARY_ALL,
                                              (size_t)1 << 30, 1, range, NULL),
                     PS_LIMIT);
}

/* With noise as large as the difference of two, the second is first in the share of runs
 * that the normal distribution tells: P(N(0, 2) > 1) = 0.2398. */
static void noise_moves_ranks_as_it_should(void **state) {
    (void)state;
    enum { RUNS = 20000 };
    double x[] = {0, 1, 100, 200}, error[] = {1, 1, NONE, 0}, one[] = {1}, up[] = {1};
    int32_t where[] = {0}, rank[] = {4, 3, 2, 1};
    bool usable[] = {true};
    ps_composite c = {.areas = AREAS,
                      .periods = 1,
                      .p = 1,
                      .domains = 1,
                      .polarity = up,
                      .domain = where,
                      .weight = one,
                      .domain_weight = one,
                      .error = error,
                      .fixed = true,
                      .domain_share = 1,
                      .index_share = 1};
    ps_rank_range range[AREAS];
    assert_int_equal(ps_composite_uncertainty(&c, x, usable, rank, PS_VARY_NOISE, RUNS, 4,
                                              range, NULL),
                     PS_OK);
    assert_true(fabs(range[0].lowest.value - 0.7602) < 0.012);
    assert_true(fabs(range[1].lowest.value - 0.2398) < 0.012);
    test_near(range[0].mean.value, 3 + range[0].lowest.value, 1e-12);
    assert_true(range[0].p5.value == 3 && range[0].p95.value == 4);
    assert_true(range[2].mean.value == 2 && range[3].mean.value == 1);
}

static char *random_table(uint64_t *seed, size_t areas, double factor, bool reversed) {
    static char text[20000];
    uint64_t start = *seed;
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "area_code,indicator,domain,polarity,weight,value,se\n");
    char line[64][96];
    size_t n = 0;
    for (size_t a = 0; a < areas; a++)
        for (int j = 0; j < 4; j++) {
            double value = (double)test_random_below(&start, 1000);
            snprintf(line[n++], 96, "a%zu,i%d,d%d,%s,%d,%.10g,%g", a, j, j / 2,
                     j == 1 ? "lower-better" : "1", 1 + j, factor * value, factor * 40);
        }
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\n",
                               line[reversed ? n - 1 - i : i]);
    return text;
}

static void same_tables(const ps_table *a, const ps_table *b) {
    assert_int_equal(ps_table_rows(a), ps_table_rows(b));
    for (size_t i = 0; i < ps_table_rows(a); i++)
        for (size_t j = 0; j < ps_table_columns(a); j++) {
            ps_str x = ps_table_cell(a, i, j), y = ps_table_cell(b, i, j);
            double p = 0, q = 0;
            if (ps_str_eq(x, y)) continue;
            if (!ps_parse_double(x, &p) || !ps_parse_double(y, &q) ||
                !(fabs(p - q) < 1e-11))
                fail_msg("row %zu, column %zu: '%.*s' and '%.*s'", i, j, (int)x.n, x.p,
                         (int)y.n, y.p);
        }
}

/* Neither the unit of an indicator nor the order of rows nor the number of threads. */
static void what_does_not_matter(void **state) {
    (void)state;
    static const char *const arguments[] = {
        "nsim=200", "nsim=200 scale=minmax mean=geometric", "nsim=200 scale=rank"};
    uint64_t seed = 77;
    for (int round = 0; round < 12; round++) {
        const char *how = arguments[round % 3];
        test_random(&seed);
        ps_set_threads(1);
        ps_table *one = test_compute("composite", random_table(&seed, 12, 1, false), how);
        ps_table *unit =
            test_compute("composite", random_table(&seed, 12, 1000, false), how);
        ps_table *order =
            test_compute("composite", random_table(&seed, 12, 1, true), how);
        same_tables(one, unit);
        same_tables(one, order);
        ps_table_free(unit);
        ps_table_free(order);
        for (int threads = 2; threads <= 7; threads += 5) {
            ps_set_threads(threads);
            ps_table *more =
                test_compute("composite", random_table(&seed, 12, 1, false), how);
            for (size_t i = 0; i < ps_table_rows(one); i++)
                for (size_t j = 0; j < ps_table_columns(one); j++)
                    assert_true(
                        ps_str_eq(ps_table_cell(one, i, j), ps_table_cell(more, i, j)));
            ps_table_free(more);
        }
        ps_table_free(one);
    }
    ps_set_threads(0);
}

static void coherence_by_hand(void **state) {
    (void)state;
    double x[] = {1, 2, 2, 4, 3, 6, 4, NONE}, same[] = {1, 1, 1};
    bool member[] = {true, true};
    size_t n;
    ps_value v = ps_composite_correlation(4, x, 2, x + 1, 2, &n);
    assert_int_equal(n, 3);
    test_near(v.value, 1, 1e-15);
    assert_int_equal(ps_composite_correlation(3, x, 2, same, 1, &n).status,
                     PS_VALUE_UNDEFINED);
    assert_int_equal(ps_composite_correlation(2, x, 2, x + 1, 2, &n).status,
                     PS_VALUE_UNDEFINED);
    /* Two indicators that say the same: alpha 1. */
    assert_int_equal(ps_composite_alpha(4, 2, x, member, &v, &n, NULL), PS_OK);
    test_near(v.value, 1, 1e-14);
    assert_int_equal(n, 3);
    member[0] = false;
    assert_int_equal(ps_composite_alpha(4, 2, x, member, &v, &n, NULL), PS_OK);
    assert_int_equal(v.status, PS_VALUE_UNDEFINED);
}

#define HEAD "area_code,indicator,domain,polarity,value,domain_weight\n"
static const char small[] = HEAD
    "A,x,d,1,1,2\nB,x,d,1,2,2\nC,x,d,1,4,2\nA,y,e,-1,5,1\nB,y,e,-1,3,1\nC,y,e,-1,,1\n"
    "A,z,e,1,7,1\nB,z,e,1,7,1\nC,z,e,1,7,1\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("composite", small, "nsim=20 domain_share=0");
    assert_int_equal(ps_table_rows(t), 9);
    assert_string_equal(test_cell(t, 0, "component"), "index");
    assert_string_equal(test_cell(t, 1, "domain"), "d");
    assert_string_equal(test_cell(t, 6, "status"), "missing"); /* C has no e */
    assert_string_equal(test_cell(t, 6, "rank"), "");
    assert_string_equal(test_cell(t, 6, "note"), "domain e has nothing: without y");
    assert_string_equal(test_cell(t, 3, "note"), "");
    assert_string_equal(test_cell(t, 3, "rank"), "1");
    assert_string_equal(test_cell(t, 4, "status"), "ok");
    ps_table_free(t);
    /* A half of a domain, where two thirds are needed. */
    t = test_compute("composite",
                     "area_code,indicator,polarity,value\nA,x,1,1\nB,x,1,2\nC,x,1,4\n"
                     "A,y,1,3\nB,y,1,4\nC,y,1,\nA,z,1,1\nB,z,1,2\nC,z,1,5\n"
                     "A,w,1,3\nB,w,1,5\n",
                     "nsim=0");
    assert_string_equal(test_cell(t, 4, "status"), "missing");
    assert_string_equal(test_cell(t, 4, "note"),
                        "the index has 50 % of its weight and needs 67 %: without w, y");
    assert_string_equal(test_cell(t, 5, "note"), test_cell(t, 4, "note"));
    assert_string_equal(test_cell(t, 2, "note"), "");
    ps_table_free(t);
    test_refused("composite", HEAD "A,x,d,none,1,1\n", "", PS_FORMAT,
                 "polarity is 'none'");
    test_refused("composite", HEAD "A,x,d,1,1,1\nB,x,d,-1,1,1\n", "", PS_FORMAT,
                 "domain or polarity of x differ");
    test_refused("composite", HEAD "A,x,d,1,1,1\nA,y,d,1,1,2\n", "", PS_FORMAT,
                 "domain_weight of y differs");
    test_refused("composite", HEAD "A,x,d,1,1,-1\n", "", PS_FORMAT, "below 0");
    test_refused("composite", small, "mean=geometric", PS_CONFIG, "scale=minmax");
    test_refused("composite", small, "base=2020", PS_CONFIG, "no period '2020'");
    t = test_compute("composite", HEAD, "");
    assert_int_equal(ps_table_rows(t), 0);
    ps_table_free(t);
    t = test_compute("composite_sensitivity", small, "nsim=10");
    assert_string_equal(test_cell(t, 2, "status"), "not-applicable");
    ps_table_free(t);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    test_method_case cases[] = {{"composite", small, "nsim=3"},
                                {"composite_sensitivity", small, "nsim=3"},
                                {"composite_coherence", small, "nsim=0"}};
    ps_set_threads(1);
    for (size_t i = 0; i < PS_LENGTH(cases); i++)
        assert_true(test_each_allocation_fails(test_method_step, &cases[i]) > 10);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_by_hand),
        cmocka_unit_test(a_base_makes_change_visible),
        cmocka_unit_test(outliers_are_tamed),
        cmocka_unit_test(means_and_what_is_missing),
        cmocka_unit_test(ranks_that_cannot_move),
        cmocka_unit_test(noise_moves_ranks_as_it_should),
        cmocka_unit_test(what_does_not_matter),
        cmocka_unit_test(coherence_by_hand),
        cmocka_unit_test(tables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
