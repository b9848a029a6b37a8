/* Surveys: closed forms, lonely units, empty units of a domain, no variance, few answers,
 * what a design refuses, tables. */
#include "indicators/survey.h"

#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "tests/support/method.h"

static ps_survey *create(const ps_survey_design *d) {
    ps_survey *s;
    ps_error err = {.text = ""};
    size_t at;
    if (ps_survey_create(d, &s, &at, &err) != PS_OK) fail_msg("%s", err.text);
    return s;
}

static void refuse(const ps_survey_design *d, size_t record, const char *part) {
    ps_survey *s;
    ps_error err = {.text = ""};
    size_t at = 99;
    assert_int_equal(ps_survey_create(d, &s, &at, &err), PS_FORMAT);
    assert_null(s);
    assert_int_equal(at, record);
    if (strstr(err.text, part) == NULL) fail_msg("'%s' is not in '%s'", part, err.text);
}

static const size_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static ps_survey_figure estimate(const ps_survey *s, ps_survey_statistic statistic,
                                 const double *y, ps_survey_limits limits, size_t m,
                                 const size_t *row) {
    ps_survey_question q = {statistic, y, NULL, limits, 0.95};
    ps_survey_figure f;
    ps_error err = {.text = ""};
    if (ps_survey_estimate(s, &q, m, row, &f, &err) != PS_OK) fail_msg("%s", err.text);
    return f;
}

/* Without weights, strata and clusters a survey mean is a mean, a design effect of 1. */
static void a_simple_sample(void **state) {
    (void)state;
    static const double y[] = {3, 5, 4, 9, 2, 7};
    ps_survey *s = create(&(ps_survey_design){.n = 6});
    ps_survey_figure f = estimate(s, PS_SURVEY_MEAN, y, PS_SURVEY_WALD, 6, rows);
    ps_mean m = ps_mean_of(y, 6, 0.95, false);
    test_near(f.value.value, m.estimate.value, 1e-15);
    test_near(f.lower.value, m.estimate.lower, 1e-14);
    test_near(f.upper.value, m.estimate.upper, 1e-14);
    test_near(f.deff.value, 1, 1e-14);
    test_near(f.kish.value, 1, 1e-15);
    test_near(f.n_eff.value, 6, 1e-14);
    assert_int_equal(f.df, 5);
    assert_string_equal(f.limits, "wald-t");
    /* A total is the mean times the weights, and so is its standard error only when the
     * number of people is known. */
    ps_survey_figure t = estimate(s, PS_SURVEY_TOTAL, y, PS_SURVEY_WALD, 6, rows);
    test_near(t.value.value, 30, 1e-15);
    test_near(t.se.value, 6 * f.se.value, 1e-14);
    ps_survey_free(s);
}

/* Units that happen to agree: four of two answers each, one of each kind but for a unit.
 */
static void nobody_is_surer_than_as_many_answers(void **state) {
    (void)state;
    static const double y[] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 1};
    static const int32_t unit[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    ps_survey *s = create(&(ps_survey_design){.n = 10, .psu = unit});
    ps_survey_figure f = estimate(s, PS_SURVEY_PROPORTION, y, PS_SURVEY_WILSON, 10, all);
    assert_true(0.6 * 0.4 / (f.se.value * f.se.value) > 10);
    test_near(f.n_eff.value, 10, 1e-15);
    ps_estimate simple = ps_proportion(6, 10, 1, 0.95, PS_PROPORTION_WILSON);
    test_near(f.lower.value, simple.lower, 1e-14);
    test_near(f.upper.value, simple.upper, 1e-14);
    /* After the correction for few units, which may leave less. */
    double t9 = 2.2621571627409915, t4 = 2.7764451051977987;
    double n = 0.24 / (f.se.value * f.se.value) * (t9 / t4) * (t9 / t4);
    f = estimate(s, PS_SURVEY_PROPORTION, y, PS_SURVEY_WILSON_DF, 10, all);
    simple = ps_proportion(0.6 * fmin(n, 10), fmin(n, 10), 1, 0.95, PS_PROPORTION_WILSON);
    test_near(f.lower.value, simple.lower, 1e-12);
    ps_survey_free(s);
}

/* Two strata of two units: by hand. Stratum 0: units (1, 1), (0); stratum 1: (1), (0, 0).
 * p = 1/2; influences +-1/12; totals 1/6, -1/12 and 1/12, -1/6: variance of each stratum
 * 2/1 * 2 (1/8)^2 = 1/16. */
static const int32_t stratum[] = {0, 0, 0, 1, 1, 1};
static const int32_t psu[] = {7, 7, 2, 7, 9, 9};
static const double answer[] = {1, 1, 0, 1, 0, 0};

static void by_hand(void **state) {
    (void)state;
    ps_survey_design d = {.n = 6, .stratum = stratum, .psu = psu};
    ps_survey *s = create(&d);
    ps_survey_figure f =
        estimate(s, PS_SURVEY_PROPORTION, answer, PS_SURVEY_WILSON, 6, rows);
    test_near(f.value.value, 0.5, 1e-15);
    test_near(f.se.value, sqrt(0.125), 1e-15);
    test_near(f.n_eff.value, 2, 1e-14);
    test_near(f.deff.value, 0.125 / (0.3 / 6), 1e-14);
    assert_int_equal(f.psus, 4);
    assert_int_equal(f.df, 2);
    assert_int_equal(f.numerator, 3);
    ps_estimate w = ps_proportion(1, 2, 1, 0.95, PS_PROPORTION_WILSON);
    test_near(f.lower.value, w.lower, 1e-14);
    ps_survey_free(s);
    /* Half of the units of stratum 0 and all of stratum 1 drawn. */
    static const double numbers[] = {4, 4, 4, 2, 2, 2},
                        shares[] = {0.5, 0.5, 0.5, 1, 1, 1};
    for (int i = 0; i < 2; i++) {
        d.fpc = i == 0 ? numbers : shares;
        s = create(&d);
        f = estimate(s, PS_SURVEY_PROPORTION, answer, PS_SURVEY_WILSON, 6, rows);
        test_near(f.se.value, sqrt(1.0 / 32), 1e-15);
        /* The second stratum alone is known. */
        f = estimate(s, PS_SURVEY_PROPORTION, answer, PS_SURVEY_WILSON, 3, rows + 3);
        test_near(f.value.value, 1.0 / 3, 1e-15);
        assert_true(f.lower.value == f.value.value && f.upper.value == f.value.value);
        assert_string_equal(f.limits, "census");
        assert_false(f.zero_variance);
        ps_survey_free(s);
    }
}

/* Three units; the domain has nobody in the third. The totals are t, -t, 0 and not two
 * units: variance 3/2 * 2 t^2. */
static void empty_units_stay(void **state) {
    (void)state;
    static const int32_t units[] = {0, 0, 1, 1, 2, 2};
    static const double y[] = {1, 1, 0, 0, 1, 0};
    ps_survey *s = create(&(ps_survey_design){.n = 6, .psu = units});
    ps_survey_figure f = estimate(s, PS_SURVEY_PROPORTION, y, PS_SURVEY_WALD, 4, rows);
    test_near(f.se.value * f.se.value, 1.5 * 2 * 0.0625, 1e-14);
    assert_int_equal(f.psus, 2);
    assert_int_equal(f.df, 1);
    /* An answer that is missing is a domain, too: the unit stays. */
    static const double gone[] = {1, 1, 0, 0, NAN, NAN};
    ps_survey_figure g = estimate(s, PS_SURVEY_PROPORTION, gone, PS_SURVEY_WALD, 6, rows);
    test_near(g.se.value, f.se.value, 1e-15);
    assert_int_equal(g.base, 4);
    assert_int_equal(g.records, 6);
    assert_int_equal(g.df, 2);
    ps_survey_free(s);
}

static void lonely_units(void **state) {
    (void)state;
    static const int32_t h[] = {0, 0, 1, 2, 2};
    static const double y[] = {4, 8, 9, 1, 3};
    ps_survey_design d = {.n = 5, .stratum = h};
    refuse(&d, 2, "one sampling unit");
    static const double shares[] = {0.1, 0.1, 1, 0.2, 0.2};
    d.fpc = shares;
    ps_survey_free(create(&d)); /* drawn whole: not lonely */
    d.fpc = NULL;
    /* Influences (y - 5) / 5: strata 0 and 2 have variance 4 (2/5)^2 and 4 (1/5)^2, the
     * lonely one a total of 4/5. */
    const double others = 4 * 0.16 + 4 * 0.04;
    static const ps_lonely rules[] = {PS_LONELY_REMOVE, PS_LONELY_ADJUST,
                                      PS_LONELY_AVERAGE};
    const double expected[] = {others, others + 0.64, others * 3 / 2};
    for (size_t i = 0; i < 3; i++) {
        d.lonely = rules[i];
        ps_survey *s = create(&d);
        ps_survey_figure f = estimate(s, PS_SURVEY_MEAN, y, PS_SURVEY_WALD, 5, rows);
        test_near(f.se.value * f.se.value, expected[i], 1e-14);
        assert_int_equal(f.df, 2);
        /* The lonely stratum on its own. */
        f = estimate(s, PS_SURVEY_MEAN, y, PS_SURVEY_WALD, 1, rows + 2);
        test_near(f.value.value, 9, 0);
        assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
        ps_survey_free(s);
    }
}

static void no_variance(void **state) {
    (void)state;
    static const double weight[] = {1, 1, 2, 4}, all[] = {1, 1, 1, 1};
    ps_survey *s = create(&(ps_survey_design){.n = 4, .weight = weight});
    for (int limits = PS_SURVEY_WILSON; limits <= PS_SURVEY_WALD; limits++) {
        ps_survey_figure f =
            estimate(s, PS_SURVEY_PROPORTION, all, (ps_survey_limits)limits, 4, rows);
        test_near(f.value.value, 1, 0);
        assert_true(f.zero_variance);
        test_near(f.n_eff.value, 64.0 / 22, 1e-15);
        assert_true(f.upper.value == 1);
        test_near(
            f.lower.value,
            ps_proportion(64.0 / 22, 64.0 / 22, 1, 0.95, PS_PROPORTION_WILSON).lower,
            1e-14);
        assert_string_equal(f.limits, "wilson-kish");
    }
    static const double same[] = {0.1, 0.1, 0.1, 0.1};
    ps_survey_figure f = estimate(s, PS_SURVEY_MEAN, same, PS_SURVEY_WALD, 4, rows);
    assert_true(f.zero_variance && f.se.value == 0);
    assert_int_equal(f.deff.status, PS_VALUE_UNDEFINED);
    assert_true(f.lower.value == 0.1 && f.upper.value == 0.1);
    ps_survey_free(s);
    static const double huge[] = {1e200, -1e200, 3, 4};
    f = estimate(s = create(&(ps_survey_design){.n = 4}), PS_SURVEY_MEAN, huge,
                 PS_SURVEY_WALD, 4, rows);
    assert_false(f.zero_variance);
    assert_int_equal(f.se.status, PS_VALUE_UNDEFINED);
    assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
    ps_survey_free(s);
    /* Two units that happen to agree: the answers differ, so nothing is certain. */
    static const int32_t units[] = {0, 0, 1, 1};
    static const double differ[] = {1, 3, 3, 1};
    s = create(&(ps_survey_design){.n = 4, .psu = units});
    f = estimate(s, PS_SURVEY_MEAN, differ, PS_SURVEY_WALD, 4, rows);
    assert_true(f.zero_variance && f.se.value == 0);
    assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
    ps_survey_free(s);
}

static void nobody_and_one(void **state) {
    (void)state;
    static const double none[] = {NAN, NAN, NAN}, y[] = {1, 0, 1}, zero[] = {0, 1, 1};
    ps_survey *s = create(&(ps_survey_design){.n = 3, .weight = zero});
    assert_int_equal(
        estimate(s, PS_SURVEY_MEAN, none, PS_SURVEY_WALD, 3, rows).value.status,
        PS_VALUE_MISSING);
    assert_int_equal(estimate(s, PS_SURVEY_MEAN, y, PS_SURVEY_WALD, 0, rows).value.status,
                     PS_VALUE_MISSING);
    /* A weight of 0 is in no domain. */
    ps_survey_figure f = estimate(s, PS_SURVEY_MEAN, y, PS_SURVEY_WALD, 1, rows);
    assert_int_equal(f.value.status, PS_VALUE_MISSING);
    assert_int_equal(f.records, 0);
    f = estimate(s, PS_SURVEY_PROPORTION, y, PS_SURVEY_BETA, 3, rows);
    assert_int_equal(f.base, 2);
    test_near(f.value.value, 0.5, 1e-15);
    f = estimate(s, PS_SURVEY_PROPORTION, y, PS_SURVEY_BETA, 1, rows + 1);
    assert_int_equal(f.base, 1);
    assert_int_equal(f.value.status, PS_VALUE_OK);
    assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
    ps_survey_free(s);
    s = create(&(ps_survey_design){.n = 0});
    ps_survey_free(s);
}

static void designs_that_are_refused(void **state) {
    (void)state;
    static const double negative[] = {1, -1, 1}, missing[] = {1, 1, NAN};
    static const double few[] = {5, 2, 5}, mixed[] = {5, 5, 0.5}, zero[] = {0, 0, 0};
    static const double differ[] = {5, 5, 6};
    refuse(&(ps_survey_design){.n = 3, .weight = negative}, 1, "-1");
    refuse(&(ps_survey_design){.n = 3, .weight = missing}, 2, "missing");
    refuse(&(ps_survey_design){.n = 3, .fpc = few}, 1, "2 units");
    refuse(&(ps_survey_design){.n = 3, .fpc = mixed}, 2, "0.5");
    refuse(&(ps_survey_design){.n = 3, .fpc = zero}, 0, "above 0");
    refuse(&(ps_survey_design){.n = 3, .fpc = missing}, 2, "missing");
    refuse(&(ps_survey_design){.n = 3, .fpc = differ}, 2, "different");
    ps_survey *s = create(&(ps_survey_design){.n = 3});
    ps_survey_question q = {PS_SURVEY_PROPORTION, differ, NULL, PS_SURVEY_WALD, 0.95};
    ps_survey_figure f;
    ps_error err = {.text = ""};
    assert_int_equal(ps_survey_estimate(s, &q, 3, rows, &f, &err), PS_FORMAT);
    ps_survey_free(s);
}

/* The first half against the whole: influences (-2, 2, 0, 0) / 4 less (-3, -1, 1, 3) / 4,
 * squares 5/4, variance 4/3 of it. */
static void nested_differences(void **state) {
    (void)state;
    static const double y[] = {1, 3, 5, 7, 4, 3, 8, 7};
    ps_survey_question q = {PS_SURVEY_MEAN, y, NULL, PS_SURVEY_WALD, 0.95};
    ps_survey_difference whole;
    ps_error err = {.text = ""};
    ps_survey *s = create(&(ps_survey_design){.n = 4});
    assert_int_equal(ps_survey_compare(s, &q, 4, rows, 2, rows, &whole, &err), PS_OK);
    test_near(whole.difference.value, -2, 1e-15);
    test_near(whole.se.value, sqrt(5.0 / 3), 1e-15);
    assert_int_equal(whole.df, 2);
    test_near(whole.p.value, 2 * ps_student_cdf(-2 / sqrt(5.0 / 3), 2), 1e-14);
    ps_survey_free(s);
    s = create(&(ps_survey_design){.n = 8});
    /* With itself: no difference and nothing to test by. */
    assert_int_equal(ps_survey_compare(s, &q, 8, rows, 8, rows, &whole, &err), PS_OK);
    assert_true(whole.difference.value == 0 && whole.se.value == 0);
    assert_int_equal(whole.p.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_survey_compare(s, &q, 8, rows, 0, rows, &whole, &err), PS_OK);
    assert_int_equal(whole.difference.status, PS_VALUE_MISSING);
    ps_survey_free(s);
}

static const char table[] =
    "domain,weight,stratum,psu,y\n"
    "A,1,n,1,1\nA,2,n,1,0\nA,1,n,2,1\nB,1,n,2,\nB,1,s,1,1\nB,2,s,2,0\n,1,s,2,1\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("svy_mean", table, "min_base=3 multiplier=100");
    assert_int_equal(ps_table_rows(t), 3);
    assert_string_equal(test_cell(t, 0, "domain"), "all");
    assert_string_equal(test_cell(t, 0, "statistic"), "proportion");
    assert_string_equal(test_cell(t, 0, "value"), "50");
    assert_string_equal(test_cell(t, 0, "base"), "6");
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 0, "n_psu"), "4");
    assert_string_equal(test_cell(t, 0, "flags"), "indicative unreliable");
    assert_string_equal(test_cell(t, 2, "status"), "small-base");
    assert_string_equal(test_cell(t, 2, "value"), "");
    assert_string_equal(test_cell(t, 2, "base"), "2");
    ps_table_free(t);
    t = test_compute("svy_mean", table, "min_base=0 min_count=2");
    assert_string_equal(test_cell(t, 1, "status"), "suppressed-primary");
    assert_string_equal(test_cell(t, 1, "n_eff"), "");
    assert_string_equal(test_cell(t, 1, "numerator"), "");
    ps_table_free(t);
    test_refused("svy_mean", "weight,y\n1,1\n-2,0\n", "", PS_FORMAT, "row 2");
    test_refused("svy_mean", "stratum,y\nx,1\ny,0\ny,1\n", "", PS_FORMAT, "stratum 'x'");
    test_refused("svy_mean", "psu,y\n,1\na,0\n", "", PS_FORMAT, "psu is empty");
    test_refused("svy_mean", "y\n1\n", "statistic=ratio", PS_CONFIG, "column x");
    test_refused("svy_mean", "y\n1\n2\n", "statistic=proportion", PS_FORMAT, "row 2");
    test_refused("svy_diff", "y,group\n1,a\n", "", PS_CONFIG, "compare");
    test_refused("svy_diff", "y,group\n1,a\n", "compare=groups reference=z", PS_CONFIG,
                 "'z'");
    /* Two waves: the same codes are other units. */
    static const char waves[] =
        "group,stratum,psu,y\n1,s,1,4\n1,s,2,6\n1,s,3,2\n2,s,1,5\n2,s,2,9\n2,s,3,7\n";
    t = test_compute("svy_diff", waves, "compare=samples min_base=0");
    assert_int_equal(ps_table_rows(t), 1);
    test_near(test_value(t, 0, "difference"), 3, 1e-15);
    test_near(test_value(t, 0, "se"), sqrt(8.0 / 3), 1e-14);
    assert_string_equal(test_cell(t, 0, "df"), "3");
    ps_table_free(t);
    /* The same people: differences 1, 3, 5 of three units. */
    t = test_compute("svy_diff", waves, "compare=groups min_base=0");
    test_near(test_value(t, 0, "se"), 2 / sqrt(3), 1e-14);
    assert_string_equal(test_cell(t, 0, "df"), "1");
    ps_table_free(t);
    t = test_compute("svy_diff", waves, "compare=rest");
    assert_int_equal(ps_table_rows(t), 2);
    assert_string_equal(test_cell(t, 0, "group_1"), "(rest)");
    assert_string_equal(test_cell(t, 0, "status"), "small-base");
    ps_table_free(t);
    test_method_case cases[] = {
        {"svy_mean", table, ""}, {"deff", table, ""}, {"svy_diff", waves, "compare=all"}};
    for (size_t i = 0; i < 3; i++)
        assert_true(test_each_allocation_fails(test_method_step, &cases[i]) > 10);
}

static const char concerns[] =
    "respondent,domain,weight,answer\n"
    "z,A,2,road safety\nz,A,2,litter\ny,A,1,litter\nx,A,1,none\nw,B,1,\n"
    "v,B,4,road safety\n";

static void several_answers(void **state) {
    (void)state;
    ps_table *t = test_compute("svy_share", concerns, "min_base=0");
    assert_int_equal(ps_table_rows(t), 9);
    assert_string_equal(test_cell(t, 0, "answer"), "road safety");
    assert_string_equal(test_cell(t, 0, "rank"), "1");
    test_near(test_value(t, 0, "value"), 75, 1e-14); /* 6 of 8; w gave no answer */
    test_near(test_value(t, 0, "lead"), 37.5, 1e-14);
    assert_string_equal(test_cell(t, 0, "base"), "4");
    assert_string_equal(test_cell(t, 0, "n_missing"), "1");
    assert_string_equal(test_cell(t, 1, "answer"), "litter");
    assert_string_equal(test_cell(t, 2, "rank"), "3");
    assert_string_equal(test_cell(t, 2, "lead"), "");
    ps_table_free(t);
    /* With rows of 0, and one that is not known. */
    static const char grid[] =
        "respondent,answer,chosen\n2,a,1\n2,b,0\n1,a,0\n1,b,\n3,a,1\n3,b,1\n";
    t = test_compute("svy_share", grid, "min_base=0");
    test_near(test_value(t, 0, "value"), 200.0 / 3, 1e-14);
    assert_string_equal(test_cell(t, 1, "base"), "2");
    assert_string_equal(test_cell(t, 1, "value"), "50");
    ps_table_free(t);
    test_refused("svy_share", "respondent,answer\n1,a\n1,a\n", "", PS_FORMAT, "row 2");
    test_refused("svy_share", "respondent,answer\n,a\n", "", PS_FORMAT, "empty");
    test_refused("svy_share", "respondent,weight,answer\n1,1,a\n1,2,b\n", "", PS_FORMAT,
                 "weight differs");
    test_refused("svy_share", "respondent,answer,chosen\n1,a,2\n", "", PS_FORMAT, "is 2");
    test_method_case c = {"svy_share", concerns, ""};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_simple_sample),
        cmocka_unit_test(nobody_is_surer_than_as_many_answers),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(empty_units_stay),
        cmocka_unit_test(lonely_units),
        cmocka_unit_test(no_variance),
        cmocka_unit_test(nobody_and_one),
        cmocka_unit_test(designs_that_are_refused),
        cmocka_unit_test(nested_differences),
        cmocka_unit_test(tables),
        cmocka_unit_test(several_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
