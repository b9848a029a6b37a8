/* Summaries of deprivation, an index from its domains, change between releases. */
#include "indicators/deprivation.h"

#include "indicators/change.h"
#include "indicators/deprivation_change.h"
#include "indicators/deprivation_index.h"
#include "tests/support/method.h"

/* The published deciles of 32,844 ranks: 3284 is the last in the most deprived tenth. */
static void parts_of_ranks(void **state) {
    (void)state;
    assert_int_equal(ps_rank_part(1, 32844, 10), 1);
    assert_int_equal(ps_rank_part(3284, 32844, 10), 1);
    assert_int_equal(ps_rank_part(3285, 32844, 10), 2);
    assert_int_equal(ps_rank_part(328, 32844, 100), 1);
    assert_int_equal(ps_rank_part(329, 32844, 100), 2);
    assert_int_equal(ps_rank_part(9853, 32844, 100), 30);
    assert_int_equal(ps_rank_part(9854, 32844, 100), 31);
    assert_int_equal(ps_rank_part(32844, 32844, 10), 10);
    assert_int_equal(ps_rank_part(1000000000, 1000000000, 100), 100);
}

/* One area of four LSOAs among 100: percentiles 1, 11, 30 and 31. */
static void summary_by_hand(void **state) {
    (void)state;
    const double score[] = {80, 40, 20, 19}, people[] = {50, 100, 150, 200};
    const int64_t rank[] = {1, 11, 30, 31};
    ps_deprivation d;
    ps_error err = {.text = ""};
    assert_int_equal(ps_deprivation_summarise(score, rank, people, 4, 100, &d, &err),
                     PS_OK);
    assert_int_equal(d.areas, 4);
    assert_int_equal(d.decile1, 1);
    assert_int_equal(d.percent1, 1);
    test_near(d.average_score.value, (4000 + 4000 + 3000 + 3800) / 500.0, 1e-15);
    test_near(d.average_rank.value, (5000 + 9000 + 10650 + 14000) / 500.0, 1e-15);
    test_near(d.share_decile1.value, 0.25, 1e-15);
    test_near(d.people_decile1.value, 0.1, 1e-15);
    test_near(d.extent.value, (50 + 95 + 150 * 0.05) / 500.0, 1e-14);
    test_near(d.local_concentration.value, 100, 1e-15);
    /* An LSOA of 40 people first: ten of the next one make up the tenth. */
    const double other[] = {40, 110, 150, 200};
    assert_int_equal(ps_deprivation_summarise(NULL, rank, other, 4, 100, &d, &err),
                     PS_OK);
    test_near(d.local_concentration.value, (40 * 100 + 10 * 90) / 50.0, 1e-15);
    assert_int_equal(d.average_score.status, PS_VALUE_MISSING);
    /* Nobody lives there; nothing is ranked. */
    const double nobody[] = {0, 0, (double)NAN, -1};
    assert_int_equal(ps_deprivation_summarise(score, rank, nobody, 4, 100, &d, &err),
                     PS_OK);
    assert_int_equal(d.without_rank, 2);
    assert_int_equal(d.extent.status, PS_VALUE_UNDEFINED);
    test_near(d.share_decile1.value, 0.5, 1e-15);
    assert_int_equal(ps_deprivation_summarise(score, rank, nobody + 2, 2, 100, &d, &err),
                     PS_OK);
    assert_int_equal(d.share_decile1.status, PS_VALUE_MISSING);
    assert_int_equal(d.extent.status, PS_VALUE_MISSING);
    assert_int_equal(ps_deprivation_summarise(score, rank, people, 4, 30, &d, &err),
                     PS_FORMAT);
    assert_non_null(strstr(err.text, "area 4 has rank 31"));
    assert_int_equal(ps_deprivation_summarise(score, rank, people, 4, 0, &d, &err),
                     PS_CONFIG);
}

static void index_by_hand(void **state) {
    (void)state;
    assert_true(fabs(ps_imd_transform(1, 32844) - 100) < 1e-12);
    assert_true(ps_imd_transform(32844, 32844) < 0.001);
    assert_true(isnan(ps_imd_transform(0.5, 10)) && isnan(ps_imd_transform(11, 10)));
    /* The technical report: the most deprived tenth spreads over 50 to 100. */
    assert_true(fabs(ps_imd_transform(0.1 * 32844 + 1, 32844) - 50) < 0.5);
    enum { N = 3 };
    double rank_in[N * PS_IMD_DOMAINS], x[N * PS_IMD_DOMAINS], score[N];
    int64_t rank[N];
    ps_error err = {.text = ""};
    for (int d = 0; d < PS_IMD_DOMAINS; d++) {
        rank_in[d] = 2;
        rank_in[PS_IMD_DOMAINS + d] = 1;
        rank_in[2 * PS_IMD_DOMAINS + d] = d == 3 ? (double)NAN : 2;
    }
    assert_int_equal(ps_imd_build(N, rank_in, ps_imd_weight, x, score, rank, &err),
                     PS_OK);
    test_near(score[1], 99.9, 1e-13); /* the weights add up to 0.999 */
    test_near(score[0], 0.999 * -23 * log(1 - 0.5 * (1 - exp(-100 / 23.0))), 1e-13);
    assert_true(isnan(score[2]) && isnan(x[2 * PS_IMD_DOMAINS]));
    const int64_t expected[N] = {2, 1, 0};
    assert_memory_equal(rank, expected, sizeof rank);
    rank_in[0] = 3; /* only two areas are complete */
    assert_int_equal(ps_imd_build(N, rank_in, ps_imd_weight, x, score, rank, &err),
                     PS_FORMAT);
    assert_non_null(strstr(err.text, "area 1 has rank 3 in domain 1"));
}

static const char domains[] =
    "area,income,employment,health,education,crime,barriers,living_environment\n"
    "a,9,9,9,9,9,9,9\nb,5,5,5,5,5,5,5\nc,5,5,5,5,5,5,5\ne,1,1,1,,1,1,1\n";

static void index_of_a_table(void **state) {
    (void)state;
    ps_table *t = test_compute("imd_build", domains, "input=score");
    test_near(test_value(t, 0, "score"), 99.9, 1e-12);
    assert_string_equal(test_cell(t, 0, "rank"), "1");
    assert_string_equal(test_cell(t, 1, "rank"), "2");
    assert_string_equal(test_cell(t, 2, "rank"), "2");
    assert_string_equal(test_cell(t, 2, "decile"), "7");
    assert_string_equal(test_cell(t, 3, "score"), "");
    assert_string_equal(test_cell(t, 3, "rank"), "");
    assert_string_equal(test_cell(t, 3, "status"), "missing");
    assert_string_equal(test_cell(t, 3, "n"), "3");
    ps_table_free(t);
    t = test_compute("imd_build", domains, "input=score weights=1,0,0,0,0,0,0");
    test_near(test_value(t, 0, "score"), 100, 1e-12);
    ps_table_free(t);
    t = test_compute("imd_build", domains, "input=score without=crime");
    test_near(test_value(t, 0, "score"), 100 * (0.999 - 0.093) / 0.907, 1e-12);
    ps_table_free(t);
    test_refused("imd_build", domains, "weights=0,0,0,0,1,0,0 without=crime", PS_CONFIG,
                 "leaves nothing");
    test_refused("imd_build", domains, "", PS_FORMAT, "rank the complete areas");
    test_refused("imd_build", domains, "weights=1,2,3", PS_CONFIG, "7 numbers");
    test_refused("imd_build", domains, "weights=1,2,3,4,5,6,7,8", PS_CONFIG, "7 numbers");
    test_refused("imd_build", domains, "weights=1,2,3,4,5,6,-7", PS_CONFIG, "7 numbers");
}

/* Three LSOAs rank in both releases, the fourth only in the second. */
static void change_by_hand(void **state) {
    (void)state;
    const int64_t rank1[] = {1, 10, 50, 0}, rank2[] = {2, 11, 80, 3};
    const double people[] = {100, 100, 200, 100};
    const double income1[] = {40.4, 30.3, 20.2, 1}, income2[] = {30.1, 20.2, 10.3, 99};
    const double score1[] = {80, 40, 20, 0}, score2[] = {70, 30, 10, 60};
    ps_deprivation_release before = {score1, rank1, people, income1, people, 100};
    ps_deprivation_release after = {score2, rank2, people, income2, people, 100};
    ps_deprivation_change c;
    ps_error err = {.text = ""};
    assert_int_equal(ps_deprivation_compare(&before, &after, 4, 1, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.areas, 3);
    assert_int_equal(c.left_out, 1);
    test_near(c.mean_rank[0].value, (100 + 1000 + 10000) / 400.0, 1e-14);
    test_near(c.mean_rank[1].value, (200 + 1100 + 16000) / 400.0, 1e-14);
    test_near(c.percentile_change.value, (17300 - 11100) / 400.0, 1e-13);
    assert_int_equal(c.percent1[0], 1);
    assert_int_equal(c.percent1[1], 0);
    assert_int_equal(c.left_percent1, 1);
    assert_int_equal(c.decile1[0], 2);
    assert_int_equal(c.decile1[1], 1);
    assert_int_equal(c.left_decile1, 1);
    assert_int_equal(c.entered_decile1, 0);
    assert_int_equal(c.transition[0][0], 1);
    assert_int_equal(c.transition[0][1], 1);
    assert_int_equal(c.transition[4][7], 1);
    /* People in part: the interval is that of the fractions, not of 91 and 61. */
    ps_prop_change rates =
        ps_prop_change_of(40.4 + 30.3 + 20.2, 400, 30.1 + 20.2 + 10.3, 400, 0.95);
    ps_prop_change whole = ps_prop_change_of(91, 400, 61, 400, 0.95);
    test_near(c.rate_lower.value, rates.lower.value, 1e-13);
    test_near(c.rate_upper.value, rates.upper.value, 1e-13);
    assert_true(fabs(c.rate_lower.value - whole.lower.value) > 1e-6);
    test_near(c.rate_percent.value, 100 * (60.6 / 90.9 - 1), 1e-12);
    assert_int_equal(c.absolute, PS_JUDGED_IMPROVED);
    assert_int_equal(c.relative, PS_JUDGED_IMPROVED);
    /* Within the dead band; without numerators. */
    before.numerator = NULL;
    assert_int_equal(ps_deprivation_compare(&before, &after, 4, 20, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.relative, PS_JUDGED_UNCLEAR);
    assert_int_equal(c.absolute, PS_JUDGED_NONE);
    assert_int_equal(c.rate_change.status, PS_VALUE_MISSING);
    /* No LSOA in both. */
    const int64_t none[] = {0, 0, 0, 7};
    before.rank = none;
    after.rank = rank1;
    assert_int_equal(ps_deprivation_compare(&before, &after, 4, 1, 0.95, &c, &err),
                     PS_OK);
    assert_int_equal(c.rank_change.status, PS_VALUE_MISSING);
    assert_int_equal(c.relative, PS_JUDGED_NONE);
    before.rank = rank2;
    before.numerator = income1;
    before.denominator = income2;
    assert_int_equal(ps_deprivation_compare(&before, &after, 4, 1, 0.95, &c, &err),
                     PS_FORMAT);
    assert_non_null(strstr(err.text, "release 1"));
}

static const char releases[] =
    "area,rank1,rank2,score1,score2\n"
    "A,1,40,50,25\nA,20,60,40,20\nB,5,,3,4\n";

static void change_of_a_table(void **state) {
    (void)state;
    ps_table *t = test_compute("imd_change", releases, "country1=100 country2=100");
    assert_string_equal(test_cell(t, 0, "transitions"), "1>4:1 2>6:1");
    assert_string_equal(test_cell(t, 0, "rank_change"), "39.5");
    assert_string_equal(test_cell(t, 0, "avg_rank_change"), "-39.5");
    assert_string_equal(test_cell(t, 0, "score_change_rel_pct"), "-50");
    assert_string_equal(test_cell(t, 0, "caution"), "scores-not-comparable-over-time");
    assert_string_equal(test_cell(t, 0, "relative"), "improved");
    assert_string_equal(test_cell(t, 0, "absolute"), "");
    assert_string_equal(test_cell(t, 0, "both"), "");
    assert_string_equal(test_cell(t, 0, "rate_status"), "missing");
    assert_string_equal(test_cell(t, 1, "n_missing"), "1");
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    ps_table_free(t);
    test_refused("imd_change", releases, "country1=100 country2=50", PS_FORMAT,
                 "row 2: rank 60");
    test_refused("imd_change", "rank1,rank2,numerator1,denominator1\n1,2,5,4\n", "",
                 PS_FORMAT, "5 people of 4");
}

static void ranks_within_a_city(void **state) {
    (void)state;
    ps_table *t = test_compute("imd_local",
                               "lsoa,city,rank\na,X,900\nb,X,50\nc,Y,1\nf,X,50\ne,X,\n",
                               "country=1000");
    static const char *const expected[][5] = {
        /* rank, decile, local_rank, local_decile, local_percentile: of 3 ranked */
        {"900", "9", "3", "10", "100"},
        {"50", "1", "1", "4", "34"},
        {"50", "1", "1", "4", "34"},
        {"", "", "", "", ""},
        {"1", "1", "1", "10", "100"}};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(test_cell(t, i, "rank"), expected[i][0]);
        assert_string_equal(test_cell(t, i, "decile"), expected[i][1]);
        assert_string_equal(test_cell(t, i, "local_rank"), expected[i][2]);
        assert_string_equal(test_cell(t, i, "local_decile"), expected[i][3]);
        assert_string_equal(test_cell(t, i, "local_percentile"), expected[i][4]);
    }
    assert_string_equal(test_cell(t, 0, "local_n"), "3");
    assert_string_equal(test_cell(t, 3, "status"), "missing");
    ps_table_free(t);
    /* A city that is the whole country. */
    t = test_compute("imd_local", "lsoa,rank\na,1\nb,2\nc,3\nf,4\n", "country=4");
    for (size_t i = 0; i < 4; i++) {
        test_near(test_value(t, i, "local_rank"), (double)i + 1, 0);
        assert_string_equal(test_cell(t, i, "local_decile"), test_cell(t, i, "decile"));
    }
    ps_table_free(t);
    test_refused("imd_local", "lsoa,rank\na,5\n", "country=4", PS_FORMAT,
                 "row 1: rank 5");
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case cases[] = {
        {"imd_summary", "area,rank,population\nA,1,5\nB,2,6\n", ""},
        {"imd_build", domains, "input=score"},
        {"imd_change", releases, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(test_each_allocation_fails(test_method_step, &cases[i]) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_ranks),      cmocka_unit_test(summary_by_hand),
        cmocka_unit_test(index_by_hand),       cmocka_unit_test(index_of_a_table),
        cmocka_unit_test(change_by_hand),      cmocka_unit_test(change_of_a_table),
        cmocka_unit_test(ranks_within_a_city), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
