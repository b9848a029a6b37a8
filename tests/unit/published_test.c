/* Areas beside published figures: what is known of them decides how they are compared,
 * and what is not there is told. */
#include "engine/run/published.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/comparison.h"
#include "tests/support/outputs.h"
#include "tests/support/plan.h"
#include "tests/support/rows.h"

#define DATA                                                                             \
    "data:\n"                                                                            \
    "  - {id: calls, input: calls, columns: [{id: kind, column: kind}]}\n"               \
    "  - {id: residents, input: population}\n"                                           \
    "  - {id: poll, input: poll, columns: [{id: weight, column: weight}, {id: content, " \
    "column: content}]}\n"
#define JOB_HEAD                                                                      \
    "areas: [{id: square, codes: {file: people.csv, code: code}}]\n"                  \
    "points: [{id: calls, files: [calls.csv], areas: square, code: code, date: day, " \
    "count: n, covers: all}]\n"                                                       \
    "records:\n"                                                                      \
    "  - {id: poll, file: poll.csv, areas: square, code: code, period: 2021/22}\n"    \
    "  - {id: figures, file: figures.csv, date: period}\n"                            \
    "population: {file: people.csv, areas: square, code: code, columns: [people]}\n"  \
    "periods: [2020/21, 2021/22, 12m@2021-09]\n"                                      \
    "framework: plan.yaml\n" DATA
#define FIGURES                                                                         \
    "{id: value, column: value}, {id: lower, column: low}, {id: upper, column: high}, " \
    "{id: x, column: x}, {id: n, column: n}"
static const char job_text[] = JOB_HEAD
    "  - {id: outside, input: figures, columns: [{id: measure, column: measure}, {id: "
    "who, "
    "column: who, values: [{id: nation, of: [ZN]}, {id: similar, of: [ZS]}, {id: region, "
    "of: []}]}, {id: name, column: label}, " FIGURES "]}\n";

#define CALLS "numerator: {what: N, data: calls}, polarity: lower-better, "
#define MEASURE(id, more)                                     \
    "  - {id: " id                                            \
    ", priority: all, title: T, why: W, disclosure: public, " \
    "baseline: {period: 2020/21}, geographies: [square], " more "}\n"
#define KIND(columns) \
    "  - {id: outside, kind: comparator, title: O, columns: [" columns "]}\n"
#define WHO                                                                       \
    "{id: measure, role: measure}, {id: who, role: comparator, values: [nation, " \
    "similar, "                                                                   \
    "region]}, {id: name, role: name}, "
#define NUMBERS                                                                      \
    "{id: value, role: value}, {id: lower, role: lower}, {id: upper, role: upper}, " \
    "{id: x, role: numerator}, {id: n, role: denominator}"
#define PLAN(outside)                                                                    \
    "id: plan\n"                                                                         \
    "title: Plan\n"                                                                      \
    "geographies: [{id: square, title: S}, {id: other, title: O}]\n"                     \
    "data:\n"                                                                            \
    "  - {id: calls, kind: incidents, title: I, columns: [{id: kind, values: "           \
    "[urgent]}]}\n"                                                                      \
    "  - {id: residents, kind: population, title: R}\n"                                  \
    "  - {id: poll, kind: survey, title: P, columns: [{id: weight, role: weight}, {id: " \
    "content, values: ['yes']}]}\n" outside                                              \
    "priorities: [{id: all, title: All}]\n"                                              \
    "measures:\n" MEASURE("calls", CALLS "unit: calls, method: count_ci")                \
        MEASURE("rate", CALLS                                                            \
                "denominator: {what: D, data: residents}, unit: per 100, "               \
                "multiplier: 100, method: crude_rate")                                   \
            MEASURE("share",                                                             \
                    "numerator: {what: N, data: calls, where: [{column: kind, is: "      \
                    "[urgent]}]}, denominator: {what: D, data: calls}, unit: percent, "  \
                    "multiplier: 100, method: proportion, polarity: none")               \
                MEASURE("content",                                                       \
                        "numerator: {what: N, data: poll, where: [{column: content, "    \
                        "is: ['yes']}]}, denominator: {what: D, data: poll}, unit: "     \
                        "percent, multiplier: 100, method: svy_mean, polarity: "         \
                        "higher-better")
#define COMPARE                                                                      \
    "comparisons:\n"                                                                 \
    "  - {id: out, title: O, here: [square], published: outside, around: [nation], " \
    "measures: [calls, rate, share, content]}\n"
static const char plan_text[] = PLAN(KIND(WHO NUMBERS)) COMPARE;

/* A has 1000 people, 60 and 48 calls; B 2000, 48 and 24. */
static const char figures_text[] =
    "measure,who,label,period,value,low,high,x,n\n"
    "calls,ZN,The nation,2020/21,,,,5000,100000\n"
    "calls,ZN,The nation,2021/22,999,,,4000,100000\n" /* a unit of its own */
    "calls,ZS,Similar,2020/21,50,45,56,,\n"
    "calls,ZS,Similar,2021/22,30,,,,\n"
    "calls,ZS,Similar,2018/19,ten,,,,\n"
    "calls,ZX,Elsewhere,2021/22,1,,,,\n"
    "rate,ZN,The nation,2021/22,4,,,,100000\n"
    "rate,ZS,Similar,2020/21,,,,3,0\n"
    "rate,ZS,Similar,2021/22,5,6,4,,\n"
    "share,ZN,The nation,2021/22,,,,10,30\n"
    "share,ZS,Similar,2020/21,,,,100,300\n"
    "share,ZS,Similar,2021/22,,,,400,300\n"
    "content,ZN,The nation,2021/22,60,,,,1000\n"
    "content,ZS,Similar,2021/22,90,85,95,,\n";

static void write_text(const char *folder, const char *name, const char *text) {
    test_file_write(folder, name, text, strlen(text));
}

static char *make_folder(const char *job, const char *plan, const char *figures) {
    static const int calls[2][2] = {{5, 4}, {4, 2}};
    char *folder = test_folder_make(), text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "code,day,kind,n\n");
    for (int m = 0; m < 24; m++)
        for (int a = 0; a < 2; a++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%c,%d-%02d-01,%s,%d\n",
                                  'A' + a, 2020 + (m + 3) / 12, (m + 3) % 12 + 1,
                                  m % 2 == 0 ? "urgent" : "other", calls[m / 12][a]);
    write_text(folder, "calls.csv", text);
    n = (size_t)snprintf(text, sizeof text, "code,weight,content\n");
    for (int k = 0; k < 80; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%c,1,%s\n", 'A' + k % 2,
                              k / 2 % 2 == 0 ? "yes" : "no");
    assert_true(n < sizeof text);
    write_text(folder, "poll.csv", text);
    write_text(folder, "people.csv", "code,people\nA,1000\nB,2000\n");
    write_text(folder, "figures.csv", figures);
    write_text(folder, "job.yaml", job);
    write_text(folder, "plan.yaml", plan);
    return folder;
}

/* An output of the job in a fresh folder; freed with free. */
static char *output_of(const char *job, const char *plan, const char *name) {
    return test_output_of(make_folder(job, plan, figures_text), name);
}

static const char *row_of(const char *text, const char *measure, const char *area,
                          const char *comparator, const char *period) {
    static const char *const columns[] = {"measure", "area_code", "comparator_code",
                                          "period"};
    const char *line =
        test_row(text, columns, (const char *[]){measure, area, comparator, period});
    if (line == NULL)
        fail_msg("no row %s %s %s %s in\n%s", measure, area, comparator, period, text);
    return line;
}

static double number_of(const char *text, const char *line, const char *column) {
    const char *seen = test_field(line, test_column(text, column));
    assert_true(seen[0] != '\0');
    return strtod(seen, NULL);
}

static const struct {
    const char *measure, *area, *comparator, *period, *column, *wanted;
} answers[] = {
    /* A count per resident, worked out from what was counted; A is part of the nation:
     * 3952 of 99000 without it. */
    {"calls", "A", "nation", "2021/22", "comparator_type", "outside"},
    {"calls", "A", "nation", "2021/22", "comparator_name", "The nation"},
    {"calls", "A", "nation", "2021/22", "unit", "per 1000 residents"},
    {"calls", "A", "nation", "2021/22", "value", "48"},
    {"calls", "A", "nation", "2021/22", "comparator_value", "40"},
    {"calls", "A", "nation", "2021/22", "comparator_numerator", "4000"},
    {"calls", "A", "nation", "2021/22", "overlap", "inside"},
    {"calls", "A", "nation", "2021/22", "ratio", "1.2"},
    {"calls", "A", "nation", "2021/22", "verdict", "no-clear-difference"},
    {"calls", "A", "nation", "2021/22", "gap", "out-gap-calls"},
    {"calls", "A", "nation", "2021/22", "baseline_period", "2020/21"},
    {"calls", "A", "nation", "2021/22", "change_percent", "-20"},
    {"calls", "A", "nation", "2021/22", "comparator_change_percent", "-20"},
    {"calls", "A", "nation", "2021/22", "verdict_gap", "no-clear-change"},
    {"calls", "B", "nation", "2021/22", "verdict", "better"},
    /* Limits, and none: the second is taken as exact, and 48 is above it. */
    {"calls", "A", "similar", "2020/21", "overlap", "apart"},
    {"calls", "A", "similar", "2020/21", "comparator_lower", "45"},
    {"calls", "A", "similar", "2020/21", "verdict", "no-clear-difference"},
    {"calls", "A", "similar", "2020/21", "p", ""},
    {"calls", "A", "similar", "2021/22", "comparator_lower", ""},
    {"calls", "A", "similar", "2021/22", "ratio", "1.6"},
    {"calls", "A", "similar", "2021/22", "verdict", "worse"},
    {"calls", "A", "similar", "2021/22", "gap", ""},
    /* A base alone: 4000 of 100000 from 4 per 100. */
    {"rate", "A", "nation", "2021/22", "comparator_numerator", "4000"},
    {"rate", "A", "nation", "2021/22", "comparator_value", "4"},
    {"rate", "A", "nation", "2021/22", "unit", "per 100"},
    /* A proportion of which fewer are published than are here; one that stands apart. */
    {"share", "A", "nation", "2021/22", "verdict", "no-clear-difference"},
    {"share", "A", "nation", "2021/22", "p", ""},
    {"share", "B", "similar", "2020/21", "verdict", "higher"},
    /* Surveys by the limits of both. */
    {"content", "A", "nation", "2021/22", "comparator_numerator", "600"},
    {"content", "A", "nation", "2021/22", "verdict", "no-clear-difference"},
    {"content", "A", "similar", "2021/22", "verdict", "worse"},
    {"content", "A", "similar", "2021/22", "p", ""},
    /* What is not there, and why. */
    {"calls", "A", "nation", "12m@2021-09", "status", "missing"},
    {"calls", "A", "nation", "12m@2021-09", "reason",
     "nation: no published figure of these months; they are of 2020-04 to 2022-03"},
    {"calls", "A", "nation", "12m@2021-09", "value", "54"},
    {"rate", "A", "similar", "2020/21", "reason",
     "similar: the published figure in row 8, line 9 of figures.csv has a base that is "
     "not above "
     "0"},
    {"rate", "A", "similar", "2021/22", "reason",
     "similar: the published figure in row 9, line 10 of figures.csv has its lower limit "
     "above "
     "the "
     "upper one"},
    {"share", "A", "similar", "2021/22", "status", "undefined"},
    {"rate", "", "", "", "status", "no-data"},
    {"rate", "", "", "", "reason", "'figures' has no figures of region for this measure"},
};

static void answers_are_known(void **state) {
    (void)state;
    char *text = output_of(job_text, plan_text, "comparisons.csv");
    int wrong = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const char *line = row_of(text, answers[i].measure, answers[i].area,
                                  answers[i].comparator, answers[i].period);
        const char *seen = test_field(line, test_column(text, answers[i].column));
        if (strcmp(seen, answers[i].wanted) == 0) continue;
        print_error("%s %s %s %s %s: %s, expected %s\n", answers[i].measure,
                    answers[i].area, answers[i].comparator, answers[i].period,
                    answers[i].column, seen, answers[i].wanted);
        wrong++;
    }
    test_rows_are_whole(text);
    free(text);
    assert_int_equal(wrong, 0);
}

/* What is tested is the nation without the area. */
static void the_area_is_taken_out(void **state) {
    (void)state;
    char *text = output_of(job_text, plan_text, "comparisons.csv");
    const ps_overlap parts = {{0, 0}, {48, 1000}, {3952, 99000}};
    const ps_gap g = ps_gap_of(PS_COMPARED_RATES, &parts, 0.95);
    const char *line = row_of(text, "calls", "A", "nation", "2021/22");
    test_near(number_of(text, line, "rest"), 1000 * 3952.0 / 99000, 1e-12);
    test_near(number_of(text, line, "p"), g.p.value, 1e-14);
    test_near(number_of(text, line, "difference_lower"), 1000 * g.lower.value, 1e-12);
    test_near(number_of(text, line, "difference_upper"), 1000 * g.upper.value, 1e-12);
    /* Those of similar areas are apart. */
    const ps_overlap apart = {{24, 48}, {0, 0}, {100, 300}};
    const ps_gap other = ps_gap_of(PS_COMPARED_PROPORTIONS, &apart, 0.95);
    line = row_of(text, "share", "B", "similar", "2020/21");
    test_near(number_of(text, line, "p"), other.p.value, 1e-14);
    test_near(number_of(text, line, "rest"), 100.0 / 3, 1e-12);
    free(text);
}

/* (60 - 50) - root((60 - lower)^2 + (56 - 50)^2) and so on. */
static void limits_are_those_of_both(void **state) {
    (void)state;
    char *text = output_of(job_text, plan_text, "comparisons.csv");
    const char *line = row_of(text, "calls", "A", "similar", "2020/21");
    const double lower = number_of(text, line, "lower"),
                 upper = number_of(text, line, "upper");
    test_near(number_of(text, line, "difference_lower"), 10 - hypot(60 - lower, 6),
              1e-12);
    test_near(number_of(text, line, "difference_upper"), 10 + hypot(upper - 60, 5),
              1e-12);
    /* Beside an exact figure they are the area's own, less it. */
    line = row_of(text, "calls", "A", "similar", "2021/22");
    test_near(number_of(text, line, "difference_lower"),
              number_of(text, line, "lower") - 30, 1e-12);
    test_near(number_of(text, line, "difference_upper"),
              number_of(text, line, "upper") - 30, 1e-12);
    free(text);
}

static void bad_rows_are_counted(void **state) {
    (void)state;
    char *text = output_of(job_text, plan_text, "manifest.json");
    const char *at = strstr(text, "\"file\": \"figures.csv\"");
    assert_non_null(at);
    assert_non_null(strstr(at, "\"read\": 14,"));
    assert_non_null(strstr(at, "\"kept\": 13,"));
    assert_non_null(strstr(at, "\"not a number\": 1"));
    free(text);
}

/* ---- Silence and mistakes of the job ---- */

static const struct {
    const char *data, *reason;
} silences[] = {
    {"", "no input of the job is 'outside' (O)"},
    {"  - {id: outside, input: figures, columns: [{id: who, column: who}, " FIGURES
     "]}\n",
     "the job does not say which column of 'figures' has the role measure"},
    {"  - {id: outside, input: figures, columns: [{id: measure, column: "
     "measure}, " FIGURES "]}\n",
     "the job does not say which column of 'figures' has the role comparator"},
    {"  - {id: outside, input: figures, columns: [{id: measure, column: measure}, {id: "
     "who, column: who}, {id: x, column: x}]}\n",
     "the job does not say which column of 'figures' has the role value"},
};

static void silence_is_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof silences / sizeof *silences; i++) {
        char job[4096];
        snprintf(job, sizeof job, "%s%s", JOB_HEAD, silences[i].data);
        char *text = output_of(job, plan_text, "comparisons.csv");
        const char *seen =
            test_field(row_of(text, "calls", "", "", ""), test_column(text, "reason"));
        if (strcmp(seen, silences[i].reason) != 0) {
            print_error("%s, expected %s\n", seen, silences[i].reason);
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void the_job_names_measures(void **state) {
    (void)state;
    char *text = output_of(
        JOB_HEAD
        "  - {id: outside, input: figures, columns: [{id: measure, column: measure, "
        "values: [{id: content, of: [calls]}, {id: calls, of: [share, rate]}]}, {id: who, "
        "column: who, values: [{id: nation, of: [ZX]}, {id: similar, of: [ZS]}, {id: "
        "region, of: []}]}, {id: value, column: value}]}\n",
        PLAN(KIND(WHO "{id: value, role: value}"))
            "comparisons: [{id: out, title: O, here: [square], published: outside, "
            "measures: [content]}]\n",
        "comparisons.csv");
    const char *line = row_of(text, "content", "A", "similar", "2021/22");
    test_near(number_of(text, line, "comparator_value"), 30, 0);
    free(text);
}

static void a_figure_stands_once(void **state) {
    (void)state;
    char *folder = make_folder(job_text, plan_text,
                               "measure,who,label,period,value,low,high,x,n\n"
                               "calls,ZN,N,2020/21,1,,,,\n"
                               "calls,ZS,N,2020/21,1,,,,\n"
                               "calls,ZN,N,2020/21,2,,,,\n");
    ps_error err = {.text = ""};
    assert_int_equal(test_run(folder, false, NULL, &err), PS_FORMAT);
    assert_string_equal(
        err.text,
        "figures.csv: row 3, line 4: the figure of calls for nation in this "
        "period stood in row 1, line 2; one is expected, so leave out the other "
        "rows by `where`");
    test_folder_remove(folder);
}

#define ONE(text) "comparisons: [{id: a, title: A, here: [square], " text "}]\n"

static const struct {
    const char *columns, *comparison, *told;
} mistakes[] = {
    {WHO NUMBERS, ONE("measures: [calls]"),
     "comparisons[0]: needs 'there', 'published' or both, to compare with"},
    {WHO NUMBERS, ONE("there: [other], around: [nation]"),
     "comparisons[0].around: names comparators of 'published', which is missing"},
    {WHO NUMBERS, ONE("published: outsides"),
     "comparisons[0].published: no data has the id 'outsides'; did you mean 'outside'?"},
    {WHO NUMBERS, ONE("published: poll"),
     "comparisons[0].published: the data 'poll' are of the kind survey; comparator is "
     "wanted"},
    {WHO NUMBERS, ONE("published: outside, around: [nations]"),
     "comparisons[0].around[0]: 'nations' is no comparator of 'outside'; did you mean "
     "'nation'?"},
    {"{id: who, role: comparator, values: [nation]}, " NUMBERS, ONE("published: outside"),
     "comparisons[0].published: no column of the data 'outside' has the role measure"},
    {"{id: measure, role: measure}, " NUMBERS, ONE("published: outside"),
     "comparisons[0].published: no column of the data 'outside' has the role comparator"},
    {"{id: measure, role: measure, values: [calls]}, {id: who, role: comparator, values: "
     "[nation]}, " NUMBERS,
     ONE("published: outside"),
     "comparisons[0].published: the values of the column 'measure' are the measures, and "
     "are not listed"},
    {"{id: measure, role: measure}, {id: who, role: comparator}, " NUMBERS,
     ONE("published: outside"),
     "comparisons[0].published: the column 'who' has no values, which are the "
     "comparators"},
    {WHO "{id: x, role: numerator}", ONE("published: outside"),
     "comparisons[0].published: the data 'outside' need a column with the role value, or "
     "two with numerator and denominator"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char plan[8192], kind[1024];
        snprintf(kind, sizeof kind, KIND("%s"), mistakes[i].columns);
        const int n =
            snprintf(plan, sizeof plan, PLAN("%s") "%s", kind, mistakes[i].comparison);
        assert_true(n > 0 && (size_t)n < sizeof plan);
        wrong += !test_plan_is_told(plan, "comparisons[", mistakes[i].told);
    }
    assert_int_equal(wrong, 0);
}

/* ---- Memory ---- */

static ps_status compare(void *context, ps_error *err) {
    const ps_measures *measures = context;
    const ps_framework *f = measures->bindings->binding[0].framework;
    ps_comparisons *all;
    ps_comparison c;
    ps_compared_figure figures[8];
    PS_TRY(ps_comparisons_open(measures, &all, err));
    ps_status status =
        ps_comparison_open_published(all, &f->comparisons[0], 0, 0, "nation", &c, err);
    if (status == PS_OK) {
        assert_true(ps_comparison_figures(&c) <= 8);
        status = ps_comparison_of_area(&c, 0, figures, err);
        ps_comparison_close(&c);
    }
    ps_comparisons_free(all);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    char *folder = make_folder(job_text, plan_text, figures_text), path[4096];
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    ps_job_file *job;
    ps_bindings *bindings;
    ps_geographies *geographies;
    ps_records *records;
    ps_figures *figures;
    ps_measures *measures;
    ps_error err = {.text = ""};
    assert_int_equal(ps_job_open(path, &job, &err), PS_OK);
    assert_int_equal(ps_bindings_open(job, &bindings, &err), PS_OK);
    assert_int_equal(ps_geographies_open(job, NULL, &geographies, &err), PS_OK);
    assert_int_equal(ps_records_open(bindings, geographies, NULL, &records, &err), PS_OK);
    assert_int_equal(ps_figures_open(job, geographies, false, NULL, &figures, &err),
                     PS_OK);
    figures->records = records;
    assert_int_equal(ps_measures_open(bindings, figures, &measures, &err), PS_OK);
    assert_true(test_each_allocation_fails(compare, measures) > 5);
    ps_measures_free(measures);
    ps_figures_free(figures);
    ps_records_free(records);
    ps_geographies_free(geographies);
    ps_bindings_free(bindings);
    ps_job_free(job);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(the_area_is_taken_out),
        cmocka_unit_test(limits_are_those_of_both),
        cmocka_unit_test(bad_rows_are_counted),
        cmocka_unit_test(silence_is_told),
        cmocka_unit_test(the_job_names_measures),
        cmocka_unit_test(a_figure_stands_once),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
