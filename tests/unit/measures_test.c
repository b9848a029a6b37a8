/* Measures on data whose answers are known: values, baselines, targets and why a value is
 * absent; and what is told when job and framework do not meet. */
#include "engine/run/measures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/measures.h"

static const char people[] = "code,people\nA,100\nB,200\n";

#define JOB_CALLS                                                          \
    "areas: [{id: square, file: squares.geojson, code: code}]\n"           \
    "points:\n"                                                            \
    "  - {id: calls, files: [calls.csv], x: e, y: n, crs: 'EPSG:27700',\n" \
    "     date: day, category: kind, covers: all}\n"
#define JOB_PLAN                                                       \
    "periods: [2021/22, 2022/23, 12m@2023-03, 12m@2022-09, 2022-04]\n" \
    "framework: plan.yaml\n"
#define JOB_HEAD                                                          \
    JOB_CALLS                                                             \
    "population: {file: people.csv, areas: square, code: code, columns: " \
    "[people]}\n" JOB_PLAN

static const char job_text[] = JOB_HEAD
    "data:\n"
    "  - id: incidents\n"
    "    input: calls\n"
    "    columns:\n"
    "      - id: kind\n"
    "        column: kind\n"
    "        values: [{id: fire, of: [Fire, FIRE]}, {id: flood, of: [Flood]}]\n"
    "      - {id: attended, column: seen}\n"
    "  - {id: residents, input: population}\n";

#define MEASURE(id, more)                                                                \
    "  - {id: " id ", priority: all, title: T " id ", why: W, disclosure: public, " more \
    "}\n"
#define FIRES \
    "numerator: {what: N, data: incidents, where: [{column: kind, is: [fire]}]}, "
#define COUNT "unit: calls, method: count_ci, polarity: lower-better, "

static const char plan_text[] =
    "id: plan\n"
    "title: Plan\n"
    "area: {geography: square, code: A, name: First}\n"
    "years: {last: 2024/25}\n"
    "geographies: [{id: square, title: S}, {id: nowhere, title: N}]\n"
    "data:\n"
    "  - {id: incidents, kind: incidents, title: I, columns: [{id: kind, values: [fire, "
    "flood, arson]}, {id: attended, values: ['yes']}, {id: flag, values: ['yes']}]}\n"
    "  - {id: residents, kind: population, title: R}\n"
    "  - {id: poll, kind: survey, title: Poll}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n" MEASURE("fires", FIRES COUNT
                          "baseline: {value: 30, period: 2021/22}, target: {kind: "
                          "below-baseline, value: 24}, geographies: [square, nowhere]")
        MEASURE("fire-rate", FIRES
                "denominator: {what: D, data: residents}, unit: per 1000, "
                "multiplier: 1000, method: crude_rate, polarity: lower-better, baseline: "
                "{period: 2021/22}, target: {kind: reduce}, geographies: [square]")
            MEASURE(
                "flood-share",
                "numerator: {what: N, data: incidents, where: [{column: kind, "
                "is: [flood]}]}, denominator: {what: D, data: incidents}, unit: '%', "
                "multiplier: 100, method: proportion, polarity: higher-better, baseline: "
                "{period: 2021/22}, target: {kind: increase}, geographies: [square], "
                "min_base: 5") MEASURE("not-floods",
                                       "numerator: {what: N, data: incidents, where: "
                                       "[{column: kind, "
                                       "not: [flood]}, {column: attended, is: "
                                       "['yes']}]}, " COUNT
                                       "baseline: {measure: fires}, geographies: "
                                       "[square]") MEASURE("mirrored", FIRES COUNT
                                                           "target: {kind: mirror}, "
                                                           "geographies: [square]")
                MEASURE("steps", FIRES COUNT
                        "baseline: {period: 2021/22}, target: {kind: trajectory, "
                        "step: -2}, geographies: [square]") MEASURE("no-baseline",
                                                                    FIRES COUNT
                                                                    "target: {kind: "
                                                                    "reduce}, "
                                                                    "geographies: "
                                                                    "[square]")
                    MEASURE("old-baseline", FIRES COUNT
                            "baseline: {value: 9, period: 2010/11}, target: "
                            "{kind: reduce}, geographies: [square]")
                        MEASURE("polled",
                                "numerator: {what: N, data: poll}, unit: '%', "
                                "method: svy_mean, "
                                "polarity: higher-better, baseline: {value: 60}, "
                                "target: {kind: above, value: "
                                "60}, geographies: [square]")
                            MEASURE("arson",
                                    "numerator: {what: N, data: incidents, where: "
                                    "[{column: kind, is: "
                                    "[arson]}]}, " COUNT "geographies: [square]")
                                MEASURE("flagged",
                                        "numerator: {what: N, data: incidents, where: "
                                        "[{column: flag, is: "
                                        "['yes']}]}, " COUNT
                                        "target: {kind: reduce}, geographies: [square]")
                                    MEASURE("repeats", FIRES
                                            "unit: '%', method: repeat, polarity: none, "
                                            "geographies: "
                                            "[square]") "report: {order: [fire-rate]}\n";

/* Two fires and a flood each month of 2021/22 in A, one of each in 2022/23, a fire in the
 * first half of 2023/24; three fires each month in B; nothing in C. Every second fire of
 * A is written in capitals and not attended. */
static char *incidents(void) {
    const size_t size = 20000;
    char *text = malloc(size);
    assert_non_null(text);
    size_t n = (size_t)snprintf(text, size, "day,kind,seen,e,n\n");
    for (int m = 0; m < 30; m++) {
        const int year = 2021 + (m + 3) / 12, month = (m + 3) % 12 + 1;
        const int in_a = m < 12 ? 2 : 1;
        for (int k = 0; k < in_a; k++)
            n += (size_t)snprintf(text + n, size - n, "%d-%02d-05,%s,%s,400500,400500\n",
                                  year, month, k == 0 ? "Fire" : "FIRE",
                                  k == 0 ? "yes" : "no");
        if (m < 24)
            n += (size_t)snprintf(text + n, size - n,
                                  "%d-%02d-06,Flood,yes,400500,400500\n", year, month);
        for (int k = 0; k < 3; k++)
            n += (size_t)snprintf(text + n, size - n,
                                  "%d-%02d-07,Fire,no,401500,400500\n", year, month);
    }
    assert_true(n < size);
    return text;
}

static char *make_folder(const char *job, const char *plan) {
    char *folder = test_folder_make(), *calls = incidents();
    test_text_write(folder, "squares.geojson", test_squares);
    test_file_write(folder, "calls.csv", calls, strlen(calls));
    test_file_write(folder, "people.csv", people, strlen(people));
    test_file_write(folder, "job.yaml", job, strlen(job));
    test_file_write(folder, "plan.yaml", plan, strlen(plan));
    free(calls);
    return folder;
}

static test_warned warned; /* by the last run */

/* measures.csv of the folder's job; freed with free. */
static char *measures_in(const char *folder) {
    ps_error err = {.text = ""};
    if (test_run(folder, false, &warned, &err) != PS_OK) fail_msg("%s", err.text);
    return test_text_of(folder, "out/measures.csv");
}

/* The same in a fresh folder. */
static char *measures_of(const char *job, const char *plan) {
    char *folder = make_folder(job, plan);
    char *text = measures_in(folder);
    test_folder_remove(folder);
    return text;
}

static const test_answer answers[] = {
    /* The plan's own area is held to the plan's figures, and what differs is told. */
    {"fires", "A", "2022/23", "value", "12"},
    {"fires", "A", "2022/23", "numerator", "12"},
    {"fires", "A", "2022/23", "status", "ok"},
    {"fires", "A", "2022/23", "baseline", "30"},
    {"fires", "A", "2022/23", "baseline_from", "plan"},
    {"fires", "A", "2022/23", "target", "24"},
    {"fires", "A", "2022/23", "target_status", "met"},
    {"fires", "A", "2022/23", "strength", "clear"},
    {"fires", "A", "2022/23", "gap", "-12"},
    {"fires", "A", "2022/23", "change_percent", "-60"},
    {"fires", "A", "2022/23", "reason",
     "the data give 24 for the baseline, the plan states 30"},
    {"fires", "A", "2021/22", "target_status", "baseline"},
    {"fires", "A", "2021/22", "target", ""},
    /* Others to their own year. */
    {"fires", "B", "2022/23", "baseline", "36"},
    {"fires", "B", "2022/23", "baseline_from", "data"},
    {"fires", "B", "2022/23", "target", "36"},
    {"fires", "B", "2022/23", "target_status", "not-met"},
    {"fires", "B", "2022/23", "strength", "within-noise"},
    {"fires", "B", "2022/23", "reason", ""},
    {"fires", "C", "2022/23", "value", "0"},
    {"fires", "C", "2022/23", "target_status", "met"}, /* 0 was 0: nothing to reduce */
    /* The same twelve months by another name; months in common; a month; the running
     * year, half of which is there. */
    {"fires", "B", "12m@2023-03", "target_status", "not-met"},
    {"fires", "B", "12m@2022-09", "target_status", "not-met"},
    {"fires", "B", "12m@2022-09", "strength", ""},
    {"fires", "B", "12m@2022-09", "p_change", ""},
    {"fires", "B", "12m@2022-09", "reason",
     "the period shares months with the baseline, so no test of change"},
    {"fires", "B", "2022-04", "value", "3"},
    {"fires", "B", "2022-04", "target_status", "no-target"},
    {"fires", "A", "2023/24", "months", "6"},
    {"fires", "A", "2023/24", "value", "6"},
    {"fires", "A", "2023/24", "projection", "12"},
    {"fires", "A", "2023/24", "target_status", "on-track"},
    {"fires", "A", "2023/24", "gap", ""},
    {"fires", "B", "2023/24", "projection", "36"},
    {"fires", "B", "2023/24", "target_status", "off-track"},
    {"fires", "B", "2023/24", "reason",
     "6 of 12 months so far; change against the same months of the baseline"},
    {"fires", "", "", "status", "no-areas"},
    /* Rates: people of A 100, of B 200, of C unknown. */
    {"fire-rate", "A", "2022/23", "value", "120"},
    {"fire-rate", "A", "2022/23", "denominator", "100"},
    {"fire-rate", "A", "2022/23", "baseline", "240"},
    {"fire-rate", "A", "2022/23", "target_status", "met"},
    {"fire-rate", "A", "2022/23", "gap", "-120"},
    {"fire-rate", "A", "2022/23", "change_percent", "-50"},
    {"fire-rate", "B", "2022/23", "value", "180"},
    {"fire-rate", "C", "2022/23", "value", ""},
    {"fire-rate", "C", "2022/23", "status", "missing"},
    {"fire-rate", "C", "2022/23", "reason",
     "no population; the data do not hold the baseline period"},
    {"fire-rate", "C", "2023/24", "reason",
     "no population; the data do not hold the baseline period"},
    {"fire-rate", "A", "2023/24", "value", "60"},
    {"fire-rate", "A", "2023/24", "projection", "120"},
    {"fire-rate", "A", "2023/24", "target_status", "on-track"},
    /* Shares, and the least base for one. */
    {"flood-share", "A", "2022/23", "value", "50"},
    {"flood-share", "A", "2022/23", "denominator", "24"},
    {"flood-share", "A", "2022/23", "target_status", "met"},
    {"flood-share", "B", "2022/23", "value", "0"},
    {"flood-share", "B", "2022/23", "target_status", "not-met"},
    {"flood-share", "C", "2022/23", "status", "small-base"},
    {"flood-share", "C", "2022/23", "numerator", ""},
    {"flood-share", "A", "2023/24", "value", "0"},
    {"flood-share", "A", "2023/24", "denominator", "6"},
    {"flood-share", "A", "2023/24", "target_status", "off-track"},
    /* Two filters, one of them a column beside the category; texts as values. */
    {"not-floods", "A", "2021/22", "value", "12"},
    {"not-floods", "B", "2021/22", "value", "0"},
    {"not-floods", "A", "2022/23", "target_status", "no-target"},
    /* Targets that are not there. */
    {"mirrored", "A", "2022/23", "value", "12"},
    {"mirrored", "A", "2022/23", "target_status", "awaiting-target"},
    {"mirrored", "A", "2022/23", "reason", "the other plan's target is not known"},
    {"steps", "A", "2022/23", "target", "22"},
    {"steps", "A", "2022/23", "target_status", "met"},
    {"steps", "A", "2023/24", "target", "20"},
    {"steps", "B", "2022/23", "target_status", "awaiting-target"},
    {"no-baseline", "A", "2022/23", "target_status", "baseline-missing"},
    {"no-baseline", "A", "2022/23", "reason", "the plan has no baseline"},
    {"old-baseline", "A", "2022/23", "baseline", "9"},
    {"old-baseline", "A", "2022/23", "target_status", "not-met"},
    {"old-baseline", "B", "2022/23", "target_status", "baseline-missing"},
    {"old-baseline", "B", "2022/23", "reason",
     "the plan's baseline is that of another area, and the data do not hold the baseline "
     "period"},
    /* Measures that are not there. */
    {"polled", "", "", "status", "no-data"},
    {"polled", "", "", "target_status", "missing"},
    {"polled", "", "", "reason", "no input of the job is 'poll' (Poll)"},
    {"arson", "", "", "reason",
     "the job does not say which texts of the column 'kind' mean 'arson'"},
    {"arson", "", "", "target_status", "no-target"},
    {"flagged", "", "", "reason",
     "the job does not say which column of 'calls' is 'flag'"},
    {"flagged", "", "", "target_status", "baseline-missing"},
    {"repeats", "", "", "reason", "repeats are found in a register, not in incidents"},
};

static void answers_are_known(void **state) {
    (void)state;
    char *text = measures_of(job_text, plan_text);
    test_answers(text, answers, PS_LENGTH(answers));
    /* The order of the report. */
    assert_string_equal(test_field(strchr(text, '\n') + 1, 2), "fire-rate");
    test_rows_are_whole(text);
    free(text);
}

#define PLAN_HEAD                                                                  \
    "id: plan\n"                                                                   \
    "title: Plan\n"                                                                \
    "area: {geography: square, code: A, name: First}\n"                            \
    "geographies: [{id: square, title: S}]\n"                                      \
    "data:\n"                                                                      \
    "  - {id: incidents, kind: incidents, title: I, columns: [{id: kind, values: " \
    "[fire, flood, arson]}, {id: attended, values: ['yes']}]}\n"                   \
    "  - {id: residents, kind: population, title: R}\n"                            \
    "priorities: [{id: all, title: All}]\n"                                        \
    "measures:\n"

/* Published figures: of the plan's area alone, or of a wider one as context; a baseline
 * that no other area can have; a change, which has none of its own. */
static const char stated_plan[] = PLAN_HEAD MEASURE(
    "published",
    "unit: calls, reference: {value: 25, period: '2020', source: Bulletin}, polarity: "
    "none, geographies: [square]")
    MEASURE("national",
            "unit: '%', reference: {value: 90, area: England, source: Census}, polarity: "
            "none, geographies: [square]")
        MEASURE(
            "against-published",
            "unit: times, method: poisson_change, table: {rows: one, columns: [{name: "
            "x1, measure: published}, {name: x2, text: '50'}]}, result: {value: "
            "rate_ratio}, polarity: none, geographies: [square]")
            MEASURE(
                "pledge", FIRES COUNT
                "baseline: {value: 30}, target: {kind: reduce}, geographies: [square]")
                MEASURE("all-fires", FIRES
                        "denominator: {what: D, data: incidents}, unit: '%', multiplier: "
                        "100, method: proportion, polarity: higher-better, baseline: "
                        "{period: 2021/22}, target: {kind: increase}, geographies: "
                        "[square]")
                    MEASURE(
                        "shift", FIRES
                        "unit: '%', method: poisson_change, table: {rows: one, columns: "
                        "[{name: x1, "
                        "count: numerator, period: baseline}, {name: x2, count: "
                        "numerator}]}, result: "
                        "{value: percent}, polarity: none, baseline: {period: 2021/22}, "
                        "geographies: "
                        "[square]");

static const test_answer stated[] = {
    {"published", "A", "2020", "value", "25"},
    {"published", "A", "2020", "reason", "as published: Bulletin"},
    {"published", "B", "2020", "value", ""},
    {"published", "B", "2020", "status", "not-applicable"},
    {"published", "B", "2020", "reason", "published for another area, First: Bulletin"},
    {"national", "A", "", "value", "90"},
    {"national", "B", "", "value", "90"},
    {"national", "B", "", "reason", "as published for England: Census"},
    {"against-published", "A", "all", "value", "2"},
    {"against-published", "B", "all", "value", ""},
    {"pledge", "A", "2022/23", "target_status", "met"},
    {"pledge", "B", "2022/23", "target_status", "baseline-missing"},
    {"pledge", "B", "2022/23", "reason",
     "the plan's baseline is that of another area, and it names no period for this "
     "area's "
     "own"},
    {"all-fires", "B", "2022/23", "value", "100"},
    {"all-fires", "B", "2022/23", "baseline", "100"},
    {"all-fires", "B", "2022/23", "target_status", "met"},
    {"all-fires", "A", "2022/23", "target_status", "not-met"},
    {"shift", "A", "2022/23", "value", "-50"},
    {"shift", "A", "2022/23", "baseline", ""},
    {"shift", "A", "2022/23", "baseline_from", ""},
    {"shift", "A", "2022/23", "difference", ""},
};

static void stated_figures_are_of_one_area(void **state) {
    (void)state;
    char *text = measures_of(job_text, stated_plan);
    test_answers(text, stated, PS_LENGTH(stated));
    free(text);
}

static const char people_plan[] = PLAN_HEAD MEASURE(
    "rate", FIRES
    "denominator: {what: D, data: residents}, unit: per 1000, multiplier: 1000, method: "
    "crude_rate, polarity: lower-better, geographies: [square]");

/* Rates tell which people they are of, where a job has several or old ones only. */
static void people_of_another_year_are_told(void **state) {
    (void)state;
    static const char data[] =
        "data: [{id: incidents, input: calls, columns: [{id: kind, column: kind, values: "
        "[{id: fire, of: [Fire, FIRE]}]}]}, {id: residents, input: population}]\n";
    static const char old[] =
        "population: {file: people.csv, areas: square, code: code, "
        "columns: [people], year: 2015}\n";
    static const char two[] =
        "populations: [{id: population, file: people.csv, areas: square, code: code, "
        "columns: [people], year: 2021}, {id: population, file: people.csv, areas: "
        "square, code: code, columns: [people], year: 2022}]\n";
    static const struct {
        const char *population, *period, *reason;
    } cases[] = {{old, "2022/23", "people of mid-2015, 7 years away"},
                 {two, "2022/23", "people of mid-2022"},
                 {two, "2021/22", "people of mid-2021"}};
    for (size_t i = 0; i < PS_LENGTH(cases); i++) {
        char job[4096];
        snprintf(job, sizeof job, "%s%s%s%s", JOB_CALLS, cases[i].population, JOB_PLAN,
                 data);
        char *text = measures_of(job, people_plan);
        assert_string_equal(test_measure(text, "rate", "B", cases[i].period, "reason"),
                            cases[i].reason);
        assert_int_equal(strstr(warned.text,
                                "population: the people are of mid-2015 and the "
                                "data go on to 2023") != NULL,
                         cases[i].population == old);
        free(text);
    }
}

/* All fires of a year of A are in its first month, but in the exceptional year before the
 * last one all are in its last; B has none in the running year. */
static const char season_plan[] =
    "id: plan\n"
    "title: Plan\n"
    "years: {exceptional: [2022-06..2022-08]}\n"
    "geographies: [{id: square, title: S}]\n"
    "data:\n"
    "  - {id: incidents, kind: incidents, title: I, columns: [{id: kind, values: "
    "[fire]}]}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n" MEASURE("fires", FIRES COUNT
                          "baseline: {period: 2021/22}, target: {kind: reduce}, "
                          "geographies: [square]");

static const char season_job[] =
    "areas: [{id: square, file: squares.geojson, code: code}]\n"
    "points:\n"
    "  - {id: calls, files: [season.csv], x: e, y: n, crs: 'EPSG:27700', date: day, "
    "category: kind, covers: all}\n"
    "periods: [financial-years]\n"
    "framework: plan.yaml\n"
    "data: [{id: incidents, input: calls, columns: [{id: kind, column: kind, values: "
    "[{id: fire, of: [Fire]}]}]}]\n";

static void write_calls(FILE *out, const char *day, int e, int n) {
    for (int i = 0; i < n; i++) fprintf(out, "%s,Fire,%d,400500\n", day, e);
}

static void seasons_are_of_ordinary_years(void **state) {
    (void)state;
    char *folder = make_folder(season_job, season_plan);
    FILE *calls = fopen(test_path(folder, "season.csv"), "w");
    assert_non_null(calls);
    fprintf(calls, "day,kind,e,n\n");
    for (int m = 3; m < 33; m++) /* every month has a row */
        fprintf(calls, "%d-%02d-01,Flood,401500,400500\n", 2021 + m / 12, m % 12 + 1);
    write_calls(calls, "2021-04-05", 400500, 10); /* half of the year so far */
    write_calls(calls, "2022-01-05", 400500, 10);
    write_calls(calls, "2022-04-05", 400500, 1); /* a tenth */
    write_calls(calls, "2023-03-05", 400500, 9);
    write_calls(calls, "2021-05-05", 401500, 9);
    write_calls(calls, "2023-09-05", 400500, 6);
    fclose(calls);
    char *text = measures_in(folder);
    assert_string_equal(test_measure(text, "fires", "A", "2023/24", "projection"), "12");
    assert_string_equal(test_measure(text, "fires", "A", "2023/24", "reason"),
                        "6 of 12 months so far; change against the same months of the "
                        "baseline");
    assert_string_equal(test_measure(text, "fires", "B", "2023/24", "projection"), "");
    assert_string_equal(test_measure(text, "fires", "B", "2023/24", "target_status"),
                        "not-yet-known");
    assert_string_equal(test_measure(text, "fires", "B", "2023/24", "reason"),
                        "6 of 12 months so far; no projection from a year without a "
                        "case so far; change against the same months "
                        "of the baseline");
    free(text);
    test_folder_remove(folder);
}

/* The exact test of 30 against 12, half of the sum each. */
static void change_is_exact(void **state) {
    (void)state;
    char *text = measures_of(job_text, plan_text);
    double choose = 1, tail = 0;
    for (int k = 0; k <= 12; k++) {
        tail += choose;
        choose = choose * (42 - k) / (k + 1);
    }
    for (int k = 0; k < 42; k++) tail /= 2;
    test_near(strtod(test_measure(text, "fires", "A", "2022/23", "p_change"), NULL),
              2 * tail, 1e-12);
    free(text);
}

static const struct {
    const char *data, *told;
} mistakes[] = {
    {"data: [{id: incident, input: calls}]\n",
     "job.yaml:8:13: data[0].id: the framework 'plan' has no data 'incident'; did you "
     "mean 'incidents'?"},
    {"data: [{id: incidents, input: call}]\n",
     "job.yaml:8:31: data[0].input: no input has the id 'call'; did you mean 'calls'?"},
    {"data: [{id: incidents, input: population}]\n",
     "job.yaml:8:31: data[0].input: 'incidents' is of the kind incidents: name points of "
     "the job"},
    {"data: [{id: residents, input: calls}]\n",
     "job.yaml:8:31: data[0].input: 'residents' is of the kind population: name a "
     "population of the job"},
    {"data: [{id: poll, input: calls}]\n",
     "job.yaml:8:26: data[0].input: 'poll' is of the kind survey: name records of the "
     "job"},
    {"data: [{id: incidents, input: calls, columns: [{id: kinds, column: kind}]}]\n",
     "job.yaml:8:53: data[0].columns[0].id: the framework's data 'incidents' have no "
     "column 'kinds'; did you mean 'kind'?"},
    {"data: [{id: incidents, input: calls, columns: [{id: kind, column: kind, values: "
     "[{id: fires, of: [Fire]}]}]}]\n",
     "job.yaml:8:87: data[0].columns[0].values[0].id: the framework's column 'kind' has "
     "no value 'fires'; did you mean 'fire'?"},
    {"data: [{id: incident, input: calls}, {id: incidents, input: population}, {id: "
     "poll, "
     "input: calls}]\n",
     "job.yaml:8:13: data[0].id: the framework 'plan' has no data 'incident'; did you "
     "mean 'incidents'?\n"
     "job.yaml:8:61: data[1].input: 'incidents' is of the kind incidents: name points of "
     "the job\n"
     "job.yaml:8:92: data[2].input: 'poll' is of the kind survey: name records of the "
     "job"},
    {"data: [{id: incidents, input: call}, {id: poll, input: polls}]\n",
     "job.yaml:8:31: data[0].input: no input has the id 'call'; did you mean 'calls'?\n"
     "job.yaml:8:56: data[1].input: no input has the id 'polls'; there is calls, "
     "population"},
    {"data: [{id: incidents, input: calls}, {id: incidents, input: calls}]\n",
     "job.yaml:8:44: data[1].id: the id 'incidents' is taken already"},
};

static ps_status bind(void *context, ps_error *err) {
    ps_job_file *job = NULL;
    ps_bindings *binding = NULL;
    ps_status status = ps_job_open(context, &job, err);
    if (status == PS_OK) status = ps_bindings_open(job, &binding, err);
    if (status != PS_OK) assert_null(binding);
    ps_bindings_free(binding);
    ps_job_free(job);
    return status;
}

static void mistakes_are_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char job[4096], path[4096], told[1024];
        snprintf(job, sizeof job, "%s%s", JOB_HEAD, mistakes[i].data);
        char *folder = make_folder(job, plan_text);
        snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
        told[0] = '\0';
        for (const char *line = mistakes[i].told; *line != '\0';) {
            const size_t n = strcspn(line, "\n") + 1, used = strlen(told);
            snprintf(told + used, sizeof told - used, "%s/%.*s", folder, (int)n, line);
            line += strnlen(line, n);
        }
        ps_error err = {.text = ""};
        ps_status status = bind(path, &err);
        if (status != PS_CONFIG || strcmp(err.text, told) != 0) {
            print_error("gives    %s\nexpected %s\n", err.text, told);
            wrong++;
        }
        test_folder_remove(folder);
    }
    assert_int_equal(wrong, 0);
}

static void a_framework_that_is_not_there(void **state) {
    (void)state;
    char path[4096];
    char *folder = make_folder(JOB_HEAD, "id: plan\n");
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    ps_error err = {.text = ""};
    /* Its own mistakes are told with its own name. */
    assert_int_equal(bind(path, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "plan.yaml:1:1: the key 'title' is missing"));
    remove(test_path(folder, "plan.yaml"));
    assert_int_equal(bind(path, &err), PS_INPUT);
    assert_non_null(strstr(err.text, "job.yaml:7:12: framework: "));
    test_folder_remove(folder);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    char path[4096];
    char *folder = make_folder(job_text, plan_text);
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    assert_true(test_each_allocation_fails(bind, path) > 100);
    test_folder_remove(folder);
}

typedef struct opened {
    ps_bindings *binding;
    ps_figures *figures;
} opened;

static ps_status compute(void *context, ps_error *err) {
    const opened *o = context;
    ps_measures *all = NULL;
    ps_status status = ps_measures_open(o->binding, o->figures, &all, err);
    if (status != PS_OK) {
        assert_null(all);
        return status;
    }
    ps_measure_figure figure[8];
    for (size_t i = 0; i < all->n && status == PS_OK; i++) {
        ps_scope scope;
        if (all->measure[i].absent != NULL) continue;
        status = ps_scope_open(all, i, 0, &scope, err);
        if (status != PS_OK) break;
        assert_true(ps_scope_figures(&scope) <= 8);
        /* The baseline's measure is opened for who judges, and for nobody else. */
        status = ps_scope_enter(&scope, 0, err);
        assert_null(scope.before);
        if (status == PS_OK) status = ps_scope_area(&scope, 0, figure, err);
        const bool named = strcmp(all->measure[i].spec->id, "not-floods") == 0;
        if (status == PS_OK) assert_true((scope.before != NULL) == named);
        ps_scope_close(&scope);
    }
    ps_measures_free(all);
    return status;
}

static void memory_may_run_out_while_computing(void **state) {
    (void)state;
    char path[4096];
    char *folder = make_folder(job_text, plan_text);
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    ps_job_file *job;
    ps_geographies *geographies;
    opened o;
    ps_error err = {.text = ""};
    assert_int_equal(ps_job_open(path, &job, &err), PS_OK);
    assert_int_equal(ps_bindings_open(job, &o.binding, &err), PS_OK);
    assert_int_equal(ps_geographies_open(job, NULL, &geographies, &err), PS_OK);
    assert_int_equal(ps_figures_open(job, geographies, false, NULL, &o.figures, &err),
                     PS_OK);
    assert_true(test_each_allocation_fails(compute, &o) > 20);
    ps_figures_free(o.figures);
    ps_geographies_free(geographies);
    ps_bindings_free(o.binding);
    ps_job_free(job);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(stated_figures_are_of_one_area),
        cmocka_unit_test(people_of_another_year_are_told),
        cmocka_unit_test(seasons_are_of_ordinary_years),
        cmocka_unit_test(change_is_exact),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(a_framework_that_is_not_there),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(memory_may_run_out_while_computing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
