/* What the sample district's partners keep: the planted effects stand in the files, and
 * truth/partners.csv says what the files say. Everything is counted here again, row by
 * row and without the library's own methods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/generate/district.h"
#include "datasets/generate/land.h"
#include "datasets/generate/surveys.h"
#include "datasets/generate/vintages.h"
#include "engine/core/table.h"
#include "tests/support/test.h"

static char *folder;

static int make_district(void **state) {
    (void)state;
    folder = test_folder_make();
    return ps_district_write(folder, PS_DISTRICT_SEED, NULL) == PS_OK ? 0 : -1;
}

static int drop_district(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static ps_table *open_file(const char *name) {
    ps_table *t;
    ps_error err = {0};
    if (ps_table_read_csv(test_path(folder, name), NULL, (ps_header){1, 1}, NULL, 0, NULL,
                          &t, &err) != PS_OK)
        fail_msg("%s", err.text);
    return t;
}

static ps_str cell(const ps_table *t, size_t row, const char *column) {
    int at = -1;
    assert_int_equal(ps_table_need_column(t, ps_str_of(column), &at, NULL), PS_OK);
    return ps_table_cell(t, row, (size_t)at);
}

static bool is(const ps_table *t, size_t row, const char *column, const char *text) {
    return ps_str_is(cell(t, row, column), text);
}

static double number(const ps_table *t, size_t row, const char *column) {
    double v;
    assert_true(ps_parse_double(cell(t, row, column), &v));
    return v;
}

static ps_date date_of(const ps_table *t, size_t row) {
    ps_date d;
    assert_true(ps_parse_date(cell(t, row, "date"), PS_DATE_ISO, &d));
    return d;
}

static bool in(ps_date d, int first, int last) {
    int m = d.year * 12 + d.month - 1;
    return m >= first && m <= last;
}

enum {
    APRIL_2020 = 2020 * 12 + 3,
    APRIL_2021 = 2021 * 12 + 3,
    MARCH_2022 = 2022 * 12 + 2
};

static int64_t told(const char *what, const char *period) {
    ps_table *t = open_file("truth/partners.csv");
    int64_t n = -1;
    for (size_t r = 0; r < ps_table_rows(t); r++)
        if (is(t, r, "what", what) && is(t, r, "period", period) &&
            is(t, r, "area", PS_LAND_DISTRICT_CODE))
            n = (int64_t)number(t, r, "value");
    ps_table_free(t);
    if (n < 0) fail_msg("the truth does not tell %s in %s", what, period);
    return n;
}

/* ---- the truth is what the files say ---- */

static int64_t count_rows(const char *file, const char *column, const char *text,
                          int first, int last) {
    ps_table *t = open_file(file);
    int64_t n = 0;
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        /* offences without the code of an area of the district are nowhere */
        bool here = strcmp(file, "offences.csv") != 0 ||
                    (cell(t, r, "lsoa_code").n > 0 && !is(t, r, "lsoa_code", "ZL9001"));
        n += here && in(date_of(t, r), first, last) &&
             (column == NULL || is(t, r, column, text));
    }
    ps_table_free(t);
    return n;
}

static void events_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *what, *file, *column, *text;
    } every[] = {
        {"offences", "offences.csv", NULL, NULL},
        {"offences:vehicle-offences", "offences.csv", "offence_code", "45"},
        {"offences:violence-with-injury", "offences.csv", "offence_code", "8N"},
        {"asb:nuisance", "asb.csv", "asb_type", "nuisance"},
        {"fires:deliberate", "fires.csv", "motive", "Deliberate"},
        {"first-time-entrants", "first-time-entrants.csv", NULL, NULL},
        {"open-water", "open-water.csv", NULL, NULL},
        {"drug-referrals", "drug-referrals.csv", NULL, NULL},
        {"deaths:drug-related", "deaths.csv", "cause", "drug-related"},
        {"hate", "hate.csv", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof every / sizeof *every; i++)
        assert_int_equal(count_rows(every[i].file, every[i].column, every[i].text,
                                    APRIL_2021, MARCH_2022),
                         told(every[i].what, "2021/22"));
}

/* Days since a day long ago, from the days before each month of a year that starts in
 * March. */
static int day_number(ps_date d) {
    int y = d.month > 2 ? d.year : d.year - 1, m = (d.month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d.day;
}

static void check_repeats(const char *file, const char *what) {
    ps_table *t = open_file(file);
    size_t n = ps_table_rows(t);
    int *day = calloc(n, sizeof *day);
    assert_non_null(day);
    for (size_t r = 0; r < n; r++) day[r] = day_number(date_of(t, r));
    int64_t known = 0, repeats = 0;
    for (size_t r = 0; r < n; r++) {
        ps_str victim = cell(t, r, "victim_id");
        if (!in(date_of(t, r), APRIL_2021, MARCH_2022) || victim.n == 0) continue;
        known++;
        for (size_t before = r; before-- > 0 && day[before] >= day[r] - 365;) {
            if (!ps_str_eq(cell(t, before, "victim_id"), victim)) continue;
            repeats++;
            break;
        }
    }
    char name[64];
    snprintf(name, sizeof name, "%s:known-victim", what);
    assert_int_equal(known, told(name, "2021/22"));
    snprintf(name, sizeof name, "%s:repeat", what);
    assert_int_equal(repeats, told(name, "2021/22"));
    free(day);
    ps_table_free(t);
}

static void repeats_are_those_met_before(void **state) {
    (void)state;
    check_repeats("domestic.csv", "domestic");
    check_repeats("hate.csv", "hate");
    int64_t domestic = told("domestic:repeat", "2021/22") * 1000;
    assert_in_range(domestic / told("domestic:known-victim", "2021/22"), 450, 510);
    int64_t later = told("domestic:repeat", "2022/23") * 1000;
    assert_in_range(later / told("domestic:known-victim", "2022/23"), 350, 420);
    assert_true(told("hate:disability:repeat", "2021/22") * 100 /
                    told("hate:disability:known-victim", "2021/22") >
                told("hate:race:repeat", "2021/22") * 100 /
                        told("hate:race:known-victim", "2021/22") +
                    10);
}

/* ---- change ---- */

static void crime_changes_as_planted(void **state) {
    (void)state;
    int64_t change = told("offences", "2020") * 1000 / told("offences", "2019");
    assert_in_range(change, 855, 885);
    assert_true(told("offences:drugs", "2020") > told("offences:drugs", "2019"));
    assert_true(told("offences:shoplifting", "2020") * 10 <
                told("offences:shoplifting", "2019") * 7);
    assert_true(told("offences:vehicle-offences", "12m@2022-09") * 100 <
                told("offences:vehicle-offences", "2021/22") * 92);
    assert_true(told("offences:violence-with-injury", "12m@2022-09") * 100 >
                told("offences:violence-with-injury", "2021/22") * 105);
    int64_t hate = told("hate", "2021/22") * 1000 / told("hate", "2020/21");
    assert_in_range(hate, 1080, 1140);
    int64_t decade = told("casualties", "2021") * 1000 / told("casualties", "2011");
    assert_in_range(decade, 400, 440);

    ps_table *t = open_file("crime-history.csv");
    int64_t year[12] = {0};
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        if (!is(t, r, "district_code", PS_LAND_DISTRICT_CODE)) continue;
        int64_t y;
        assert_true(ps_parse_int((ps_str){cell(t, r, "month").p, 4}, &y));
        year[y - 2011] += (int64_t)number(t, r, "count");
    }
    for (int y = 2014; y < 2019; y++) assert_true(year[y + 1 - 2011] > year[y - 2011]);
    assert_true(year[2020 - 2011] < year[2019 - 2011]);
    ps_table_free(t);
}

static bool in_centre(const ps_table *zones, ps_str lsoa) {
    for (size_t r = 0; r < ps_table_rows(zones); r++)
        if (ps_str_eq(cell(zones, r, "lsoa_code"), lsoa))
            return is(zones, r, "zone_code", "town-centre");
    fail_msg("an LSOA has no zone");
    return false;
}

static void hate_crime_leaves_the_centres(void **state) {
    (void)state;
    ps_table *zones = open_file("zones.csv"), *t = open_file("hate.csv");
    int64_t all[2] = {0, 0}, centre[2] = {0, 0};
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        int after = in(date_of(t, r), APRIL_2020, MARCH_2022 + 12);
        all[after]++;
        centre[after] += in_centre(zones, cell(t, r, "lsoa_code"));
    }
    assert_true(centre[0] * 100 / all[0] > centre[1] * 100 / all[1] + 8);
    ps_table_free(zones);
    ps_table_free(t);
}

/* ---- answers ---- */

typedef struct share {
    double yes, all;
    int64_t asked;
} share;

static void add(share *s, const ps_table *t, size_t row, const char *column,
                const char *yes) {
    double w = number(t, row, "weight");
    s->all += w;
    s->asked++;
    if (is(t, row, column, yes)) s->yes += w;
}

static double per_cent(share s) {
    return 100 * s.yes / s.all;
}

static void answers_differ_as_planted(void **state) {
    (void)state;
    ps_table *t = open_file("survey.csv");
    share unsafe[2] = {{0, 0, 0}}, volunteer[2] = {{0, 0, 0}}, content[2][2] = {{{0}}},
          small = {0, 0, 0};
    int64_t road = 0, others = 0;
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        int wave = is(t, r, "date", "2022-05");
        bool boosted = is(t, r, "stratum", "boost");
        bool dense = is(t, r, "ward_code", "ZW01") || is(t, r, "ward_code", "ZW15");
        add(&unsafe[dense], t, r, "safe", "No");
        add(&volunteer[wave], t, r, "volunteer", "Yes");
        add(&content[wave][boosted], t, r, "satisfied", "Yes");
        if (wave && is(t, r, "ward_code", "ZW09")) add(&small, t, r, "safe", "Yes");
        char concerns[200];
        ps_str named = cell(t, r, "concerns");
        snprintf(concerns, sizeof concerns, "%.*s", (int)named.n, named.p);
        road += strstr(concerns, "Road safety") != NULL;
        others += strstr(concerns, "Anti-social behaviour") != NULL;
    }
    assert_true(per_cent(unsafe[1]) > per_cent(unsafe[0]) + 15);
    assert_true(per_cent(volunteer[1]) > per_cent(volunteer[0]) + 4);
    double before = per_cent(content[0][0]) - per_cent(content[0][1]);
    double after = per_cent(content[1][0]) - per_cent(content[1][1]);
    assert_true(before > 15 && after < before - 5);
    assert_true(small.asked > 0 && small.asked < 30);
    assert_true(road > others);
    ps_table_free(t);
    t = open_file("tenants.csv");
    share tenants[2] = {{0, 0, 0}};
    for (size_t r = 0; r < ps_table_rows(t); r++)
        if (is(t, r, "estate_code", "ZE02"))
            add(&tenants[is(t, r, "date", "2022-04")], t, r, "satisfied", "Yes");
    assert_true(per_cent(tenants[1]) > per_cent(tenants[0]) + 25);
    ps_table_free(t);
}

static void traffic_is_the_worst_theme(void **state) {
    (void)state;
    ps_table *t = open_file("place-standard.csv");
    double sum[2] = {0, 0}, influence[2] = {0, 0};
    int n[2] = {0, 0}, m[2] = {0, 0};
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        if (cell(t, r, "score").n == 0) continue;
        double score = number(t, r, "score");
        assert_true(score >= 1 && score <= 7);
        int traffic = is(t, r, "theme", "traffic-parking");
        sum[traffic] += score;
        n[traffic]++;
        if (!is(t, r, "neighbourhood_code", "ZN01") ||
            !is(t, r, "theme", "influence-control"))
            continue;
        int round = is(t, r, "round", "2022");
        influence[round] += score;
        m[round]++;
    }
    assert_true(sum[1] / n[1] < sum[0] / n[0] - 0.8);
    assert_true(influence[1] / m[1] > influence[0] / m[0] + 1);
    ps_table_free(t);
}

/* ---- other years ---- */

/* Income deprivation of a ward: people of a hundred, and the mean rank. */
static void income_of(const ps_land *land, int ward, double rate[2], double rank[2]) {
    static const char *const counts[2] = {"deprivation-counts-2015.csv",
                                          "deprivation-counts-2019.csv"};
    static const char *const ranks[2] = {"deprivation-2015.csv", "deprivation.csv"};
    for (int k = 0; k < 2; k++) {
        ps_table *c = open_file(counts[k]), *d = open_file(ranks[k]);
        double deprived = 0, people = 0, sum = 0;
        int n = 0;
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            if (land->ward[l] != ward) continue;
            deprived += number(c, (size_t)l, "income_deprived");
            people += number(c, (size_t)l, "population");
            sum +=
                number(d, (size_t)l,
                       k == 0 ? "Income Rank" : "Income Rank (where 1 is most deprived)");
            n++;
        }
        rate[k] = 100 * deprived / people;
        rank[k] = sum / n;
        ps_table_free(c);
        ps_table_free(d);
    }
}

static void deprivation_changes_as_planted(void **state) {
    (void)state;
    ps_land *land;
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &land, NULL), PS_OK);
    double rate[2], rank[2];
    income_of(land, PS_VINTAGES_BETTER, rate, rank);
    assert_true(rate[1] < rate[0] - 1 && rank[1] > rank[0] + 1500);
    income_of(land, PS_VINTAGES_WORSE, rate, rank);
    assert_true(rate[1] > rate[0] + 1 && rank[1] < rank[0] - 1500);
    income_of(land, 5, rate, rank);
    assert_true(rate[1] < rate[0] + 0.7 && rate[1] > rate[0] - 0.7);
    ps_land_free(land);
    static const char *const file[2] = {"deprivation-2015.csv", "deprivation.csv"};
    static const char *const index[2] = {
        "Index of Multiple Deprivation (IMD) Rank",
        "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"};
    int64_t worst[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        ps_table *t = open_file(file[k]);
        for (size_t r = 0; r < ps_table_rows(t); r++)
            worst[k] += number(t, r, index[k]) <= 328;
        ps_table_free(t);
    }
    assert_int_equal(worst[0], told("deprived-hundredth", "2015"));
    assert_int_equal(worst[1], told("deprived-hundredth", "2019"));
    assert_true(worst[1] < worst[0] && worst[1] > 0);
}

static void people_and_shares_add_up(void **state) {
    (void)state;
    ps_table *t = open_file("population-2021.csv");
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        double sum = 0, v;
        for (size_t c = 3; c < ps_table_columns(t); c++) {
            assert_true(ps_parse_double(ps_table_cell(t, r, c), &v));
            sum += v;
        }
        assert_true(sum == number(t, r, "all_ages"));
    }
    ps_table_free(t);
    t = open_file("clusters.csv");
    double sum = 0;
    for (size_t r = 0; r < ps_table_rows(t); r++) sum += number(t, r, "share");
    test_near(sum, PS_LAND_LSOAS, 1e-12);
    ps_table_free(t);
    assert_int_equal(told("engagement:citizens", "all"), 1750);
    assert_int_equal(told("ward-stages:partnership", "2022"), 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_counted),
        cmocka_unit_test(repeats_are_those_met_before),
        cmocka_unit_test(crime_changes_as_planted),
        cmocka_unit_test(hate_crime_leaves_the_centres),
        cmocka_unit_test(answers_differ_as_planted),
        cmocka_unit_test(traffic_is_the_worst_theme),
        cmocka_unit_test(deprivation_changes_as_planted),
        cmocka_unit_test(people_and_shares_add_up),
    };
    return cmocka_run_group_tests(tests, make_district, drop_district);
}
