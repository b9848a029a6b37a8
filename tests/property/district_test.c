/* The whole way, on the sample district: the run's counts against what the generator
 * knows to have happened, in every area and month. */
#include "datasets/generate/district.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/generate/incidents.h"
#include "engine/core/par.h"
#include "engine/core/table.h"
#include "engine/run/run.h"
#include "tests/support/test.h"

typedef struct world {
    ps_land *land;
    ps_people *people;
    ps_incidents *truth;
    char *data, *scratch;
} world;

static int build_world(void **state) {
    static world w;
    w.data = test_folder_make();
    w.scratch = test_folder_make();
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &w.land, NULL), PS_OK);
    assert_int_equal(ps_people_settle(w.land, &w.people, NULL), PS_OK);
    assert_int_equal(ps_incidents_write(w.land, w.people, w.scratch, &w.truth, NULL),
                     PS_OK);
    assert_int_equal(ps_district_write(w.data, PS_DISTRICT_SEED, NULL), PS_OK);
    *state = &w;
    return 0;
}

static int drop_world(void **state) {
    world *w = *state;
    test_folder_remove(w->data);
    test_folder_remove(w->scratch);
    ps_incidents_free(w->truth);
    ps_people_free(w->people);
    ps_land_free(w->land);
    return 0;
}

static const struct {
    const char *id;
    int from, to; /* types */
} series[] = {
    {"recorded-crime", 1, 13},
    {"anti-social-behaviour", 0, 0},
    {"violence-and-sexual-offences", 13, 13},
    {"vehicle-crime", 12, 12},
    {"burglary", 2, 2},
    {"public-order", 8, 8},
};

static int row_of(ps_str code, int base) {
    int64_t n = -1;
    assert_true(code.n > 2);
    assert_true(ps_parse_int((ps_str){code.p + 2, code.n - 2}, &n));
    assert_true(n >= 1 && n <= base);
    return (int)n - 1;
}

static int true_waste(const world *w, bool ward, int area, int month) {
    int n = 0;
    for (int k = 0; k < PS_INCIDENTS_WASTE; k++)
        n += ward ? w->truth->waste_ward[area][month][k]
                  : w->truth->waste_lsoa[area][month][k];
    return n;
}

static int true_crimes(const world *w, bool ward, int area, int month, size_t s) {
    int n = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (ward ? w->land->ward[l] != area : l != area) continue;
        for (int t = series[s].from; t <= series[s].to; t++)
            n += w->truth->crimes[l][month][t];
    }
    return n;
}

static void check_accounts(const char *summary, const char *points, const char *areas,
                           const ps_fates *f) {
    char wanted[300];
    snprintf(wanted, sizeof wanted,
             "%s x %s: %d read = %d matched + %d outside + %d unlocated + %d invalid + "
             "%d duplicate + 0 filtered",
             points, areas, f->rows, f->matched, f->outside, f->unlocated, f->invalid,
             f->duplicate);
    if (strstr(summary, wanted) == NULL)
        print_error("not found: %s\n%s", wanted, summary);
    assert_non_null(strstr(summary, wanted));
}

/* counts.csv lists every cell that is missing or not 0. */
static int cells_to_list(const world *w) {
    int n = 0;
    for (int ward = 0; ward <= 1; ward++) {
        for (int a = 0; a < (ward ? PS_LAND_WARDS : PS_LAND_LSOAS); a++) {
            for (int m = 0; m < PS_INCIDENTS_MONTHS; m++) {
                n += true_waste(w, ward, a, m) > 0;
                for (size_t s = 0; s < sizeof series / sizeof *series; s++)
                    n += m == PS_INCIDENTS_ABSENT || true_crimes(w, ward, a, m, s) > 0;
            }
        }
    }
    return n;
}

static void check_counts(const world *w, const char *path) {
    ps_table *t;
    ps_error err = {0};
    int checked = 0;
    if (ps_table_read_csv(path, NULL, (ps_header){1, 1}, NULL, 0, NULL, &t, &err) !=
        PS_OK)
        fail_msg("%s", err.text);
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        ps_str type = ps_table_cell(t, r, 0), id = ps_table_cell(t, r, 2);
        bool ward = ps_str_is(type, "ward");
        if (!ward && !ps_str_is(type, "lsoa")) continue;
        int area = row_of(ps_table_cell(t, r, 1), ward ? PS_LAND_WARDS : PS_LAND_LSOAS);
        ps_month month;
        assert_true(ps_parse_month(ps_table_cell(t, r, 3), &month));
        int m = month - PS_INCIDENTS_FIRST;
        assert_in_range(m, 0, PS_INCIDENTS_MONTHS - 1);
        int wanted = -1;
        if (ps_str_is(id, "fly-tipping")) wanted = true_waste(w, ward, area, m);
        for (size_t s = 0; s < sizeof series / sizeof *series; s++)
            if (ps_str_is(id, series[s].id)) wanted = true_crimes(w, ward, area, m, s);
        assert_true(wanted >= 0);
        checked++;
        if (!ps_str_is(id, "fly-tipping") && m == PS_INCIDENTS_ABSENT) {
            assert_true(ps_str_is(ps_table_cell(t, r, 5), "missing"));
            assert_int_equal(ps_table_cell(t, r, 4).n, 0);
            continue;
        }
        int64_t count = -1;
        assert_true(ps_parse_int(ps_table_cell(t, r, 4), &count));
        assert_int_equal(count, wanted);
        assert_true(ps_str_is(ps_table_cell(t, r, 5), "ok"));
    }
    assert_int_equal(checked, cells_to_list(w));
    ps_table_free(t);
}

/* ---- the measures of the plan ---- */

static ps_table *open_table(const char *path) {
    ps_table *t;
    ps_error err = {0};
    if (ps_table_read_csv(path, NULL, (ps_header){1, 1}, NULL, 0, NULL, &t, &err) !=
        PS_OK)
        fail_msg("%s", err.text);
    return t;
}

static ps_str cell(const ps_table *t, size_t row, const char *column) {
    int at = -1;
    assert_int_equal(ps_table_need_column(t, ps_str_of(column), &at, NULL), PS_OK);
    return ps_table_cell(t, row, (size_t)at);
}

/* What the generator tells of the district. */
static double true_figure(const ps_table *truth, const char *what, const char *period) {
    for (size_t r = 0; r < ps_table_rows(truth); r++) {
        double value;
        if (!ps_str_is(cell(truth, r, "what"), what) ||
            !ps_str_is(cell(truth, r, "period"), period) ||
            !ps_str_is(cell(truth, r, "area"), PS_LAND_DISTRICT_CODE))
            continue;
        assert_true(ps_parse_double(cell(truth, r, "value"), &value));
        return value;
    }
    fail_msg("the truth does not tell %s in %s", what, period);
    return 0;
}

static double measured(const ps_table *t, const char *measure, const char *period) {
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        double value;
        if (!ps_str_is(cell(t, r, "measure"), measure) ||
            !ps_str_is(cell(t, r, "period"), period) ||
            !ps_str_is(cell(t, r, "area_code"), PS_LAND_DISTRICT_CODE))
            continue;
        if (!ps_parse_double(cell(t, r, "value"), &value))
            fail_msg("%s has no value in %s", measure, period);
        return value;
    }
    fail_msg("no %s in %s", measure, period);
    return 0;
}

static void check_measures(const world *w, const char *path) {
    static const struct {
        const char *measure, *what, *of, *period; /* of: the share of it, or NULL */
    } every[] = {
        {"total-crime", "offences", NULL, "2021/22"},
        {"total-crime", "offences", NULL, "12m@2022-09"},
        {"vehicle-offences", "offences:vehicle-offences", NULL, "2021/22"},
        {"vehicle-offences", "offences:vehicle-offences", NULL, "12m@2022-09"},
        {"violence-with-injury", "offences:violence-with-injury", NULL, "2021/22"},
        {"residential-burglary", "offences:residential-burglary", NULL, "2021/22"},
        {"nuisance-incidents", "asb:nuisance", NULL, "2021/22"},
        {"deliberate-fires", "fires:deliberate", NULL, "2021/22"},
        {"killed-seriously-injured", "casualties:killed-seriously-injured", NULL,
         "2021/22"},
        {"modern-slavery-nrm", "nrm", NULL, "2021/22"},
        {"first-time-entrants-cjs", "first-time-entrants", NULL, "2021/22"},
        {"open-water-demand", "open-water", NULL, "2021/22"},
        {"drug-treatment-referrals", "drug-referrals", NULL, "2021/22"},
        {"repeat-domestic-violence", "domestic:repeat", "domestic:known-victim",
         "2021/22"},
        {"repeat-domestic-violence", "domestic:repeat", "domestic:known-victim",
         "2022/23"},
        {"repeat-hate-crime", "hate:repeat", "hate:known-victim", "2021/22"},
    };
    static const char *const years[2] = {"2015", "2019"}; /* of the two releases */
    static const char *const hundredth[2] = {"lsoa-most-deprived-1pct-before",
                                             "lsoa-most-deprived-1pct"};
    ps_table *t = open_table(path);
    ps_table *truth = open_table(test_path(w->data, "truth/partners.csv"));
    for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
        double wanted = true_figure(truth, every[i].what, every[i].period);
        if (every[i].of != NULL)
            wanted = 100 * wanted / true_figure(truth, every[i].of, every[i].period);
        test_near(measured(t, every[i].measure, every[i].period), wanted, 1e-12);
    }
    for (int k = 0; k < 2; k++)
        test_near(measured(t, hundredth[k], "all"),
                  true_figure(truth, "deprived-hundredth", years[k]), 1e-12);
    assert_true(measured(t, hundredth[1], "all") < measured(t, hundredth[0], "all"));
    ps_table_free(truth);
    ps_table_free(t);
}

/* Road safety is what residents name most, in every wave. */
static void check_top_concern(const char *path) {
    ps_table *t = open_table(path);
    int waves = 0;
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        if (!ps_str_is(cell(t, r, "measure"), "sia-road-safety-top-concern") ||
            !ps_str_is(cell(t, r, "area_code"), PS_LAND_DISTRICT_CODE))
            continue;
        const bool road = ps_str_is(cell(t, r, "item"), "road-safety");
        assert_int_equal(ps_str_is(cell(t, r, "verdict"), "1"), road);
        waves += road;
    }
    assert_int_equal(waves, 2);
    ps_table_free(t);
}

/* Whatever a measure can be told to be happens somewhere in the district. */
static void check_statuses(const char *path) {
    static const char *const wanted[][2] = {
        {"target_status", "met"},
        {"target_status", "not-met"},
        {"target_status", "on-track"},
        {"target_status", "off-track"},
        {"target_status", "not-yet-known"},
        {"target_status", "met-clear"},
        {"target_status", "not-met-clear"},
        {"target_status", "not-met-unclear"},
        {"target_status", "met-unclear"},
        {"target_status", "baseline"},
        {"target_status", "before-baseline"},
        {"target_status", "baseline-missing"},
        {"target_status", "awaiting-target"},
        {"strength", "clear"},
        {"strength", "some"},
        {"strength", "within-noise"},
        {"status", "ok"},
        {"status", "small-base"},
        {"status", "suppressed"},
        {"status", "missing"}, /* a month that was not published among them */
        {"status", "undefined"},
        {"status", "not-applicable"},
    };
    ps_table *t = open_table(path);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        size_t r = 0;
        while (r < ps_table_rows(t) && !ps_str_is(cell(t, r, wanted[i][0]), wanted[i][1]))
            r++;
        if (r == ps_table_rows(t)) fail_msg("no %s is %s", wanted[i][0], wanted[i][1]);
    }
    ps_table_free(t);
}

/* The row of a figure, or of a comparison with an area or comparator. */
static size_t find_row(const ps_table *t, const char *measure, const char *item,
                       const char *area, const char *beside, const char *period) {
    for (size_t r = 0; r < ps_table_rows(t); r++)
        if (ps_str_is(cell(t, r, "measure"), measure) &&
            ps_str_is(cell(t, r, "item"), item) &&
            ps_str_is(cell(t, r, "area_code"), area) &&
            (beside == NULL || ps_str_is(cell(t, r, "comparator_code"), beside)) &&
            ps_str_is(cell(t, r, "period"), period))
            return r;
    fail_msg("no row of %s %s in %s, %s", measure, item, area, period);
    return 0;
}

/* What the generator planted is found in what the run writes. */
static const struct {
    const char *measure, *item, *area, *period, *column, *text;
} effects[] = {
    /* crime: five years of rises, then an eighth less */
    {"sia-five-year-rise", "", "ZD01", "2015", "verdict", "increase"},
    {"sia-five-year-rise", "", "ZD01", "2019", "verdict", "increase"},
    {"sia-five-year-trend", "", "ZD01", "2014-01..2019-12", "verdict", "increase"},
    {"sia-total-crime-change-2020", "", "ZD01", "2020", "verdict", "decrease"},
    {"sia-total-crime-change-2020", "", "ZR01", "2020", "verdict", "decrease"},
    {"sia-change-by-type", "shoplifting", "ZD01", "2020", "verdict", "decrease"},
    {"sia-change-by-type", "drugs", "ZD01", "2020", "verdict", "increase"},
    /* one series falls, one rises, one hardly moves */
    {"vehicle-offences", "", "ZD01", "2022/23", "verdict", "decrease"},
    {"vehicle-offences", "", "ZD01", "2022/23", "trend", "decrease"},
    {"vehicle-offences", "", "ZD01", "2022/23", "target_status", "on-track"},
    {"violence-with-injury", "", "ZD01", "2022/23", "verdict", "increase"},
    {"violence-with-injury", "", "ZD01", "2022/23", "target_status", "off-track"},
    {"residential-burglary", "", "ZD01", "2022/23", "verdict", "no-clear-change"},
    /* level but for two operations */
    {"sia-modern-slavery-static", "2019-10", "ZD01", "2019-01..2021-12", "verdict",
     "outside"},
    {"sia-modern-slavery-static", "2021-06", "ZD01", "2019-01..2021-12", "verdict",
     "outside"},
    {"sia-modern-slavery-static", "2021-05", "ZD01", "2019-01..2021-12", "verdict", ""},
    /* the hotspot, in three kinds of incidents, and year after year */
    {"sia-crime-hot-spots", "", "ZL0012", "2020", "verdict", "hot-99"},
    {"sia-crime-hot-spots", "", "ZL0014", "2020", "verdict", "hot-99"},
    {"sia-crime-hot-spots", "", "ZL0015", "2020", "verdict", "hot-99"},
    {"sia-asb-hot-spots", "", "ZL0012", "2020", "verdict", "hot-99"},
    {"sia-fly-tipping-hot-spots", "", "ZL0012", "2019", "verdict", "hot-99"},
    {"sia-fly-tipping-repeat-hot-spots", "", "ZL0012", "2019-01..2021-12", "verdict",
     "hot"},
    {"sia-fly-tipping-repeat-hot-spots", "", "ZL0014", "2019-01..2021-12", "verdict",
     "hot"},
    {"sia-fly-tipping-repeat-hot-spots", "", "ZL0015", "2019-01..2021-12", "verdict",
     "hot"},
    /* the first lockdown: fly-tipping leaps, the rest moves to where people live */
    {"sia-fly-tipping-lockdown-spike", "2020-04", "ZD01", "2018-01..2021-12", "verdict",
     "outside"},
    {"sia-asb-hate-home-shift", "", "ZD01", "2020", "verdict", "decrease"},
    {"sia-asb-hate-home-shift-hate", "", "ZD01", "2020/21", "verdict", "decrease"},
    {"sia-asb-environmental", "", "ZD01", "2020", "verdict", "increase"},
    {"sia-asb-personal", "", "ZD01", "2020", "trend", "decrease"},
    /* people */
    {"sia-hate-crime-change", "", "ZD01", "2021/22", "verdict", "increase"},
    {"repeat-domestic-violence", "", "ZD01", "2022/23", "verdict", "decrease"},
    {"sia-road-casualties-decade", "", "ZD01", "2020", "verdict", "decrease"},
    {"sia-volunteering", "", "ZD01", "12m@2022-09", "verdict", "increase"},
    /* of estate ZE02, whose baseline would give that of its small neighbour away */
    {"housing-estate-satisfaction", "", "ZP02", "12m@2022-09", "verdict", "increase"},
    {"housing-estate-satisfaction", "", "ZE02", "2021/22", "status", "suppressed"},
    {"feel-safe-local-area", "", "ZW09", "12m@2022-09", "status", "small-base"},
    /* deprivation: a ward gains, one loses, a neighbourhood gains in level alone */
    {"imd-domain-improved-absolute-income", "", "ZW12", "all", "verdict", "improved"},
    {"imd-domain-improved-relative-income", "", "ZW12", "all", "verdict", "improved"},
    {"imd-domain-improved-absolute-income", "", "ZW05", "all", "verdict", "worsened"},
    {"imd-domain-improved-relative-income", "", "ZW05", "all", "verdict", "worsened"},
    {"imd-domain-improved-absolute-income", "", "ZN03", "all", "verdict", "improved"},
    {"imd-domain-improved-relative-income", "", "ZN03", "all", "verdict",
     "no-clear-change"},
    /* places: influence has risen in the first, in the second nothing has */
    {"place-standard-change-influence-control", "individual", "ZN01", "12m@2022-09",
     "verdict", "improved"},
    {"place-standard-change-influence-control", "individual", "ZN02", "12m@2022-09",
     "verdict", "no-clear-change"},
    {"place-standard-overall", "individual", "ZN06", "12m@2022-09", "status",
     "small-base"},
};

/* Of two figures the first is larger. */
static const struct {
    const char *measure;
    struct {
        const char *item, *area, *period;
    } larger, smaller;
} orders[] = {
    {"sia-repeat-hate-by-strand",
     {"disability", "ZD01", "2021/22"},
     {"race", "ZD01", "2021/22"}},
    {"sia-repeat-hate-by-strand",
     {"transgender", "ZD01", "2021/22"},
     {"race", "ZD01", "2021/22"}},
    {"first-time-entrants-cjs", {"", "ZD01", "2021/22"}, {"", "ZD01", "12m@2022-09"}},
    {"drug-treatment-referrals", {"", "ZD01", "2021/22"}, {"", "ZD01", "2020/21"}},
    {"drug-related-reoffending", {"", "ZD01", "2020/21"}, {"", "ZD01", "2021/22"}},
    {"feel-safe-local-area", {"", "ZD01", "12m@2022-09"}, {"", "ZW01", "12m@2022-09"}},
    {"feel-safe-local-area", {"", "ZD01", "12m@2022-09"}, {"", "ZW15", "12m@2022-09"}},
    {"icf-annual-change", {"trusting", "ZB01", "2022"}, {"connecting", "ZB01", "2022"}},
    {"icf-annual-change", {"trusting", "ZB01", "2022"}, {"equalising", "ZB01", "2022"}},
};

static double value_of(const ps_table *t, size_t row) {
    double value;
    assert_true(ps_parse_double(cell(t, row, "value"), &value));
    return value;
}

static void check_effects(const char *measures, const char *comparisons) {
    ps_table *t = open_table(measures);
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
        const size_t r = find_row(t, effects[i].measure, effects[i].item, effects[i].area,
                                  NULL, effects[i].period);
        const ps_str seen = cell(t, r, effects[i].column);
        if (!ps_str_is(seen, effects[i].text))
            fail_msg("%s %s in %s, %s: %s is '%.*s', planted was '%s'",
                     effects[i].measure, effects[i].item, effects[i].area,
                     effects[i].period, effects[i].column, (int)seen.n, seen.p,
                     effects[i].text);
    }
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const double larger =
            value_of(t, find_row(t, orders[i].measure, orders[i].larger.item,
                                 orders[i].larger.area, NULL, orders[i].larger.period));
        const double smaller =
            value_of(t, find_row(t, orders[i].measure, orders[i].smaller.item,
                                 orders[i].smaller.area, NULL, orders[i].smaller.period));
        if (!(larger > smaller))
            fail_msg("%s: %g is planted to be above %g", orders[i].measure, larger,
                     smaller);
    }
    ps_table_free(t);
    /* the gap to the city narrows, clearly where enough were asked */
    t = open_table(comparisons);
    static const char *const closer[] = {"ZN01", "ZN03"};
    for (size_t i = 0; i < 2; i++) {
        const size_t r = find_row(t, "satisfied-local-area", "", closer[i],
                                  PS_LAND_DISTRICT_CODE, "12m@2022-09");
        assert_true(ps_str_is(cell(t, r, "verdict_gap"), "narrowing"));
    }
    ps_table_free(t);
}

static void run_finds_the_truth(void **state) {
    const world *w = *state;
    static const char *const written[] = {"counts.csv", "indicators.csv", "measures.csv",
                                          "placestat.gpkg"};
    char *first = NULL;
    for (int threads = 1; threads <= 2; threads++) {
        char *folder = test_folder_make();
        ps_output *out;
        ps_error err = {0};
        ps_run_outcome outcome = {0};
        ps_set_threads(threads);
        assert_int_equal(ps_output_open(test_path(w->scratch, "summary.txt"), &out, &err),
                         PS_OK);
        char job[1000], results[1000];
        snprintf(job, sizeof job, "%s", test_path(w->data, "job.yaml"));
        snprintf(results, sizeof results, "%s", test_path(folder, "results"));
        ps_run_options options = {.job = job, .folder = results, .command = "run"};
        if (ps_run_job(&options, out, &outcome, &err) != PS_OK) fail_msg("%s", err.text);
        assert_int_equal(ps_output_commit(out, &err), PS_OK);
        assert_false(outcome.up_to_date);
        assert_true(outcome.partial);
        char *summary = test_file_read(test_path(w->scratch, "summary.txt"), NULL);
        assert_non_null(summary);
        check_accounts(summary, "crime", "lsoa", &w->truth->crime);
        check_accounts(summary, "crime", "ward", &w->truth->crime);
        check_accounts(summary, "crime", "district", &w->truth->crime);
        check_accounts(summary, "fly-tipping", "lsoa", &w->truth->waste);
        check_accounts(summary, "fly-tipping", "ward", &w->truth->waste);
        check_accounts(summary, "fly-tipping", "district", &w->truth->waste);
        char ties[40];
        snprintf(ties, sizeof ties, "; %d ties\n", w->truth->ties_lsoa);
        assert_non_null(strstr(summary, ties));
        snprintf(ties, sizeof ties, "; %d ties\n", w->truth->ties_ward);
        assert_non_null(strstr(summary, ties));
        free(summary);
        check_counts(w, test_path(results, "counts.csv"));
        check_measures(w, test_path(results, "measures.csv"));
        check_statuses(test_path(results, "measures.csv"));
        check_top_concern(test_path(results, "measures.csv"));
        char comparisons[1100];
        snprintf(comparisons, sizeof comparisons, "%s/comparisons.csv", results);
        check_effects(test_path(results, "measures.csv"), comparisons);
        if (first == NULL) {
            first = folder;
            continue;
        }
        char other[1000];
        snprintf(other, sizeof other, "%s", test_path(first, "results"));
        for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
            size_t na, nb;
            char *a = test_file_read(test_path(results, written[i]), &na);
            char *b = test_file_read(test_path(other, written[i]), &nb);
            assert_true(a != NULL && b != NULL && na == nb);
            assert_memory_equal(a, b, na);
            free(a);
            free(b);
        }
        test_folder_remove(folder);
    }
    test_folder_remove(first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_finds_the_truth),
    };
    return cmocka_run_group_tests(tests, build_world, drop_world);
}
