/* The Inclusive Communities Framework: overall scores, matched change, tables. */
#include "indicators/icf.h"

#include "tests/support/method.h"

static void scores(void **state) {
    (void)state;
    static const double all[] = {1, 2, 3, 4, 5}, some[] = {1, NAN, 3, NAN, 5};
    static const double none[] = {NAN, NAN, NAN, NAN, NAN};
    assert_true(ps_icf_overall(all).overall.value == 3);
    assert_int_equal(ps_icf_overall(some).overall.status, PS_VALUE_MISSING);
    assert_true(ps_icf_overall(some).present.value == 3);
    assert_int_equal(ps_icf_overall(none).present.status, PS_VALUE_MISSING);
    assert_int_equal(ps_icf_find(ps_str_of("Trusting")), 3);
    assert_int_equal(ps_icf_find(ps_str_of("trust")), -1);
    ps_icf_summary s;
    ps_error err = {.text = ""};
    assert_int_equal(ps_icf_summarise(5, some, &s, &err), PS_OK);
    assert_int_equal(s.n, 3);
    assert_true(s.median.value == 3 && s.least.value == 1 && s.most.value == 5);
    assert_int_equal(ps_icf_summarise(4, all, &s, &err), PS_OK);
    assert_true(s.median.value == 2.5);
    assert_int_equal(ps_icf_summarise(0, NULL, &s, &err), PS_OK);
    assert_int_equal(s.mean.status, PS_VALUE_MISSING);
}

static void matched_change(void **state) {
    (void)state;
    static const double before[] = {1, 2, 3, 4, 5, 6, NAN},
                        after[] = {2, 4, 6, 8, 10, 12, 1};
    ps_icf_change c;
    ps_error err = {.text = ""};
    assert_int_equal(ps_icf_compare(7, before, after, &c, &err), PS_OK);
    assert_int_equal(c.matched, 6);
    assert_true(c.mean.value == 3.5);
    /* V = 21 of mean 10.5 and variance 22.75, half a step back. */
    test_near(c.p.value, 0.03603, 1e-3);
    assert_int_equal(ps_icf_compare(5, before, after, &c, &err), PS_OK);
    assert_int_equal(c.p.status, PS_VALUE_SMALL_BASE);
    assert_int_equal(ps_icf_compare(0, NULL, NULL, &c, &err), PS_OK);
    assert_int_equal(c.mean.status, PS_VALUE_MISSING);
}

static const char table[] =
    "organisation,directorate,year,approach,score,weight\n"
    "Council,Adults,2022,connecting,2,1\nCouncil,Places,2022,connecting,4,3\n"
    "Council,Adults,2022,communicating,3,1\nCouncil,Adults,2022,equalising,3,1\n"
    "Council,Adults,2022,trusting,3,1\nCouncil,Adults,2022,celebrating,3,1\n"
    "Police,,2022,connecting,1,1\n"
    "Council,Adults,2023,Connecting,5,1\nFire,,2023,connecting,2,1\n";

static void tables(void **state) {
    (void)state;
    ps_table *t = test_compute("icf", table, "scale_min=1 scale_max=5");
    assert_int_equal(ps_table_rows(t), 36);
    assert_string_equal(test_cell(t, 0, "score"), "3.5");
    assert_string_equal(test_cell(t, 0, "score100"), "62.5");
    assert_string_equal(test_cell(t, 0, "n"), "2");
    assert_string_equal(test_cell(t, 5, "approach"), "overall");
    assert_string_equal(test_cell(t, 5, "score"), "3.1");
    assert_string_equal(test_cell(t, 11, "status"), "incomplete");
    assert_string_equal(test_cell(t, 11, "mean_present"), "1");
    assert_string_equal(test_cell(t, 12, "level"), "partnership");
    assert_string_equal(test_cell(t, 12, "score"), "2.25");
    assert_string_equal(test_cell(t, 12, "change_from_baseline"), "");
    assert_string_equal(test_cell(t, 18, "change_from_baseline"), "1.5");
    assert_string_equal(test_cell(t, 30, "change_from_baseline"), "1.5");
    assert_string_equal(test_cell(t, 30, "matched"), "1");
    assert_string_equal(test_cell(t, 30, "joiners"), "Fire");
    assert_string_equal(test_cell(t, 30, "leavers"), "Police");
    ps_table_free(t);
    test_refused("icf", table, "scale_min=1", PS_CONFIG, "scale_max");
    test_refused("icf", table, "scale_min=5 scale_max=1", PS_CONFIG, "below");
    t = test_compute("icf", table, "scale_min=1 scale_max=3");
    assert_string_equal(test_cell(t, 0, "score"), "2"); /* without the 4 */
    assert_string_equal(test_cell(t, 0, "n"), "1");
    assert_string_equal(test_cell(t, 5, "score"), "2.8");
    ps_table_free(t);
    test_refused("icf", table, "scale_min=1 scale_max=5 baseline=2021", PS_CONFIG,
                 "2021");
    test_refused("icf",
                 "organisation,year,approach,score\na,1,trusting,1\na,1,Trusting,2\n",
                 "scale_min=1 scale_max=5", PS_FORMAT, "row 1");
    test_refused("icf", "organisation,year,approach,score\na,1,loving,1\n",
                 "scale_min=1 scale_max=5", PS_FORMAT, "loving");
    test_method_case c = {"icf", table, "scale_min=1 scale_max=5"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores),
        cmocka_unit_test(matched_change),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
