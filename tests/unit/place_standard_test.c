/* Place Standard: names of themes, figures by hand, changes, tables. */
#include "indicators/place_standard.h"

#include "indicators/rate.h"
#include "tests/support/method.h"

static void names_of_themes(void **state) {
    (void)state;
    for (int i = 0; i < PS_THEMES; i++)
        assert_int_equal(ps_theme_find(ps_str_of(ps_theme_id((size_t)i))), i);
    static const char *const tool[] = {
        "Moving around", "Traffic and Parking", "Work & local economy",
        "Influence and sense of control", "care_and_maintenance"};
    static const int at[] = {0, 2, 7, 13, 12};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ps_theme_find(ps_str_of(tool[i])), at[i]);
    assert_int_equal(ps_theme_find(ps_str_of("parking")), -1);
    assert_int_equal(ps_theme_find(ps_str_of("")), -1);
    char longest[400];
    memset(longest, 'a', sizeof longest);
    assert_int_equal(ps_theme_find((ps_str){longest, sizeof longest}), -1);
}

static ps_theme_figures measure(const ps_theme_scores *s) {
    ps_theme_figures f;
    ps_error err = {.text = ""};
    if (ps_theme_measure(s, 0.95, &f, &err) != PS_OK) fail_msg("%s", err.text);
    return f;
}

static ps_theme_change compare(const ps_theme_scores *a, const ps_theme_scores *b,
                               bool matched) {
    ps_theme_change c;
    ps_error err = {.text = ""};
    if (ps_theme_compare(a, b, matched, 0.95, &c, &err) != PS_OK)
        fail_msg("%s", err.text);
    return c;
}

static const double before[] = {1, 2, 2, 4, 6, NAN};
static const double after[] = {3, 2, 5, 4, 7, 1};

static void figures_by_hand(void **state) {
    (void)state;
    ps_theme_figures f = measure(&(ps_theme_scores){6, before, NULL, NULL, NULL});
    ps_mean m = ps_mean_of(before, 6, 0.95, false);
    assert_int_equal(f.n, 5);
    assert_int_equal(f.n_missing, 1);
    test_near(f.mean.value, 3, 1e-15);
    test_near(f.sd.value, 2, 1e-15);
    test_near(f.lower.value, m.estimate.lower, 1e-13);
    test_near(f.upper.value, m.estimate.upper, 1e-13);
    assert_true(f.median.value == 2 && f.spread);
    test_near(f.low.value, 0.6, 1e-15);
    test_near(f.mid.value, 0.2, 1e-15);
    test_near(f.high.value, 0.2, 1e-15);
    /* Halves count to both sides; a weight of 3 is three responses. */
    static const double half[] = {3.5, 6}, weight[] = {3, 1};
    f = measure(&(ps_theme_scores){2, half, weight, NULL, NULL});
    test_near(f.share[2].value, 0.375, 1e-15);
    test_near(f.share[3].value, 0.375, 1e-15);
    test_near(f.mean.value, 16.5 / 4, 1e-15);
    assert_true(f.median.value == 3.5);
    /* An even number: the middle between both. */
    f = measure(&(ps_theme_scores){4, before, NULL, NULL, NULL});
    assert_true(f.median.value == 2);
    f = measure(&(ps_theme_scores){2, before, NULL, NULL, NULL});
    assert_true(f.median.value == 1.5);
    /* One conversation has no spread between conversations. */
    static const int32_t one[] = {4, 4, 4, 4, 4, 4}, two[] = {4, 4, 4, 9, 9, 9};
    f = measure(&(ps_theme_scores){6, before, NULL, one, NULL});
    assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
    assert_int_equal(f.sd.status, PS_VALUE_OK);
    /* Totals of the residuals -4 / 5 and 4 / 5: variance 2 * 2 * (4 / 5)^2. */
    f = measure(&(ps_theme_scores){6, before, NULL, two, NULL});
    test_near(f.se.value, 1.6, 1e-14);
    f = measure(&(ps_theme_scores){0, NULL, NULL, NULL, NULL});
    assert_int_equal(f.mean.status, PS_VALUE_MISSING);
    f = measure(&(ps_theme_scores){1, before, NULL, NULL, NULL});
    assert_int_equal(f.sd.status, PS_VALUE_UNDEFINED);
    assert_int_equal(f.lower.status, PS_VALUE_UNDEFINED);
    assert_true(f.median.value == 1);
}

static void changes(void **state) {
    (void)state;
    static const int32_t who[] = {1, 2, 3, 4, 5, 6}, twice[] = {1, 1, 3, 4, 5, 6};
    ps_theme_scores a = {6, before, NULL, NULL, who}, b = {6, after, NULL, NULL, who};
    ps_theme_change c = compare(&a, &b, true);
    /* Differences 2, 0, 3, 0, 1: mean 1.2, standard deviation sqrt(1.7). */
    assert_string_equal(c.test, "paired-t");
    assert_int_equal(c.n_pairs, 5);
    test_near(c.change.value, 1.2, 1e-15);
    test_near(c.t.value, 1.2 / sqrt(1.7 / 5), 1e-14);
    test_near(c.superior.value, 0.8, 1e-15);
    assert_true(c.df.value == 4);
    c = compare(&a, &b, false);
    assert_string_equal(c.test, "welch");
    test_near(c.change.value, 22.0 / 6 - 3, 1e-14);
    /* Fewer than five. */
    a.n = 4;
    assert_int_equal(compare(&a, &b, false).change.status, PS_VALUE_SMALL_BASE);
    assert_int_equal(compare(&a, &b, true).p.status, PS_VALUE_SMALL_BASE);
    /* No spread: the change stands, nothing to test by. */
    static const double three[] = {3, 3, 3, 3, 3}, five[] = {5, 5, 5, 5, 5};
    a = (ps_theme_scores){5, three, NULL, NULL, who};
    b = (ps_theme_scores){5, five, NULL, NULL, who};
    for (int matched = 0; matched < 2; matched++) {
        c = compare(&a, &b, matched);
        assert_true(c.change.value == 2);
        assert_int_equal(c.p.status, PS_VALUE_UNDEFINED);
        assert_int_equal(c.lower.status, PS_VALUE_UNDEFINED);
    }
    a.respondent = twice;
    ps_error err = {.text = ""};
    assert_int_equal(ps_theme_compare(&a, &b, true, 0.95, &c, &err), PS_FORMAT);
}

static void overall(void **state) {
    (void)state;
    ps_theme_figures f[PS_THEMES] = {0};
    for (size_t i = 0; i < PS_THEMES; i++) {
        f[i].mean = ps_value_of((double)i);
        f[i].n = i < 12 ? 5 : 4;
    }
    assert_true(ps_theme_overall(f).value == 6.5);
    f[0].n = 4;
    assert_int_equal(ps_theme_overall(f).status, PS_VALUE_SMALL_BASE);
}

static const char table[] =
    "place,round,theme,resp_type,group_size,respondent,score\n"
    "Golcar,1,feeling-safe,individual,,a,2\nGolcar,1,feeling-safe,,,b,3\n"
    "Golcar,1,feeling-safe,individual,,c,2\nGolcar,1,feeling-safe,individual,,d,1\n"
    "Golcar,1,feeling-safe,individual,,e,2\nGolcar,1,social-contact,individual,,a,\n"
    "Golcar,1,feeling-safe,individual,,f,9\nGolcar,1,feeling-safe,group,9,g,3.5\n"
    "Golcar,2,feeling-safe,individual,,a,6\nGolcar,2,feeling-safe,individual,,b,6\n"
    "Golcar,2,feeling-safe,individual,,c,7\nGolcar,2,feeling-safe,individual,,d,5\n"
    "Golcar,2,feeling-safe,individual,,e,6\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("place_standard", table, "");
    assert_int_equal(ps_table_rows(t), 7);
    assert_string_equal(test_cell(t, 0, "theme"), "social-contact");
    assert_string_equal(test_cell(t, 0, "status"), "missing");
    assert_string_equal(test_cell(t, 1, "mean"), "2");
    assert_string_equal(test_cell(t, 1, "n_rejected"), "1");
    assert_string_equal(test_cell(t, 1, "priority_rank"), "1");
    assert_string_equal(test_cell(t, 1, "change"), "");
    assert_string_equal(test_cell(t, 2, "theme"), "overall");
    assert_string_equal(test_cell(t, 2, "status"), "small-base");
    assert_string_equal(test_cell(t, 3, "change"), "4");
    assert_string_equal(test_cell(t, 3, "verdict"), "improved");
    assert_string_equal(test_cell(t, 5, "resp_type"), "group");
    assert_string_equal(test_cell(t, 5, "n_rejected"), "1"); /* a half */
    ps_table_free(t);
    t = test_compute("place_standard", table, "allow_half=1 groups=weighted");
    assert_string_equal(test_cell(t, 1, "resp_type"), "all");
    test_near(test_value(t, 1, "mean"), (10 + 9 * 3.5) / 14, 1e-14);
    ps_table_free(t);
    t = test_compute("place_standard", table, "matched=yes baseline=1");
    assert_string_equal(test_cell(t, 3, "n_pairs"), "5");
    assert_string_equal(test_cell(t, 3, "test"), "paired-t");
    ps_table_free(t);
    test_refused("place_standard", "place,theme,score\nG,feeling-save,3\n", "", PS_FORMAT,
                 "feeling-safe");
    test_refused("place_standard", "place,theme,score\nG,feeling-safe,3\n", "matched=yes",
                 PS_CONFIG, "respondent");
    test_refused("place_standard",
                 "place,theme,score,resp_type\nG,feeling-safe,3,group\n",
                 "groups=weighted", PS_FORMAT, "group_size");
    test_refused("place_standard", "place,theme,score,stage\nG,feeling-safe,3,4\n", "",
                 PS_FORMAT, "stage");
    test_method_case c = {"place_standard", table, "matched=yes"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_themes), cmocka_unit_test(figures_by_hand),
        cmocka_unit_test(changes),         cmocka_unit_test(overall),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
