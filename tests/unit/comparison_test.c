/* Areas beside others, on squares whose figures are known: the numbers of comparisons.csv
 * are those worked out by hand and those of the method triple on the same areas. */
#include "engine/run/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/method.h"
#include "tests/support/outputs.h"
#include "tests/support/plan.h"
#include "tests/support/rows.h"
#include "tests/support/test.h"

enum { SQUARES = 6, YEARS = 2 };

static const int people[SQUARES] = {2000, 1000, 1500, 2500, 20000, 23000};
static const int fires[YEARS][SQUARES] = {{600, 300, 420, 480, 2000, 2200},
                                          {450, 270, 420, 660, 3000, 3000}};
static const int floods[YEARS][SQUARES] = {{400, 700, 580, 520, 3000, 2800},
                                           {350, 730, 600, 540, 2600, 2500}};
static const char *const years[YEARS] = {"2020/21", "2021/22"};
/* The hoods, and whether a square is a target. */
static const char *const hood[SQUARES] = {"LG", "LG", "CL", "", "", ""};
static const bool target[SQUARES] = {true, false, true, true, false, false};

static const char job_text[] =
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - {id: ward, file: wards.geojson, code: code}\n"
    "  - {id: city, file: city.geojson, code: code}\n"
    "  - {id: hood, of: square, sets: [{code: LG, members: [E1, E2]}, {code: CL, "
    "members: [E3]}]}\n"
    "  - {id: target, of: square, sets: [{code: T, members: [E1, E3, E4]}]}\n"
    "points:\n"
    "  - {id: calls, files: [calls.csv], areas: square, code: code, date: day, "
    "category: kind, count: n, covers: all}\n"
    "population: {file: people.csv, areas: square, code: code, columns: [people]}\n"
    "periods: [2020/21, 2021/22, 12m@2021-09, 2021-04]\n"
    "framework: plan.yaml\n"
    "data:\n"
    "  - {id: calls, input: calls, columns: [{id: kind, column: kind}]}\n"
    "  - {id: residents, input: population}\n";

#define FIRES "numerator: {what: N, data: calls, where: [{column: kind, is: [fire]}]}, "
#define MEASURE(id, more)                                               \
    "  - {id: " id                                                      \
    ", priority: all, title: T, why: W, disclosure: public, polarity: " \
    "lower-better, baseline: {period: 2020/21}, geographies: [hood], " more "}\n"
#define PLAN_HEAD                                                                        \
    "id: plan\n"                                                                         \
    "title: Plan\n"                                                                      \
    "geographies: [{id: square, title: S}, {id: ward, title: W}, {id: city, title: C}, " \
    "{id: hood, title: H}, {id: target, title: T}, {id: nowhere, title: N}]\n"           \
    "data:\n"                                                                            \
    "  - {id: calls, kind: incidents, title: I, columns: [{id: kind, values: [fire, "    \
    "flood]}]}\n"                                                                        \
    "  - {id: residents, kind: population, title: R}\n"                                  \
    "  - {id: poll, kind: survey, title: Poll}\n"                                        \
    "priorities: [{id: all, title: All}]\n"                                              \
    "measures:\n" MEASURE("fires", FIRES "unit: fires, method: count_ci")                \
        MEASURE("fire-rate", FIRES                                                       \
                "denominator: {what: D, data: residents}, unit: per 100, multiplier: "   \
                "100, method: crude_rate")                                               \
            MEASURE("fire-share", FIRES                                                  \
                    "denominator: {what: D, data: calls}, unit: '%', multiplier: 100, "  \
                    "method: proportion, min_base: 2")                                   \
                MEASURE("polled",                                                        \
                        "numerator: {what: N, data: poll}, unit: '%', method: svy_mean")

static const char plan_text[] = PLAN_HEAD
    "comparisons:\n"
    "  - {id: kpi, title: K, here: [hood], there: [target, city, ward, nowhere]}\n"
    "  - {id: back, title: B, here: [square, ward], there: [hood], measures: [fires, "
    "polled], baseline: 2021-04}\n";

/* Squares from first to last in a row, each polygon so many wide. */
static void write_boxes(const char *folder, const char *name, const char *prefix,
                        int width) {
    char text[8192];
    size_t n = (size_t)snprintf(
        text, sizeof text,
        "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{"
        "\"name\":\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":[");
    for (int i = 0; i * width < SQUARES; i++) {
        const int left = 400000 + 1000 * i * width, right = left + 1000 * width;
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"%s%d\"},\"geometry\":{"
            "\"type\":\"Polygon\",\"coordinates\":[[[%d,400000],[%d,400000],[%d,401000],"
            "[%d,401000],[%d,400000]]]}}",
            i > 0 ? "," : "", prefix, i + 1, left, right, right, left, left);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}");
    assert_true(n < sizeof text);
    test_file_write(folder, name, text, n);
}

/* A row for every square, month and kind; what is left over of twelve is April's. */
static void write_calls(const char *folder) {
    const size_t size = 40000;
    char *text = malloc(size);
    assert_non_null(text);
    size_t n = (size_t)snprintf(text, size, "code,day,kind,n\n");
    for (int y = 0; y < YEARS; y++)
        for (int m = 0; m < 12; m++)
            for (int e = 0; e < SQUARES; e++)
                for (int k = 0; k < 2; k++) {
                    const int all = k == 0 ? fires[y][e] : floods[y][e];
                    n += (size_t)snprintf(text + n, size - n, "E%d,%d-%02d-05,%s,%d\n",
                                          e + 1, 2020 + y + (m + 3) / 12,
                                          (m + 3) % 12 + 1, k == 0 ? "fire" : "flood",
                                          all / 12 + (m == 0 ? all % 12 : 0));
                }
    assert_true(n < size);
    test_file_write(folder, "calls.csv", text, n);
    free(text);
}

static char *make_folder(const char *job, const char *plan) {
    char *folder = test_folder_make(), text[256];
    size_t n = (size_t)snprintf(text, sizeof text, "code,people\n");
    for (int e = 0; e < SQUARES; e++)
        n += (size_t)snprintf(text + n, sizeof text - n, "E%d,%d\n", e + 1, people[e]);
    test_file_write(folder, "people.csv", text, n);
    write_boxes(folder, "squares.geojson", "E", 1);
    write_boxes(folder, "wards.geojson", "W", 2);
    write_boxes(folder, "city.geojson", "C", SQUARES);
    write_calls(folder);
    test_file_write(folder, "job.yaml", job, strlen(job));
    test_file_write(folder, "plan.yaml", plan, strlen(plan));
    return folder;
}

/* comparisons.csv of the job in a fresh folder; freed with free. */
static char *comparisons_of(const char *job, const char *plan) {
    return test_output_of(make_folder(job, plan), "comparisons.csv");
}

/* The cell of a row that is named by measure, area, comparator_type and period. */
static const char *cell(const char *text, const char *measure, const char *area,
                        const char *other, const char *period, const char *column) {
    static const char *const columns[] = {"measure", "area_code", "comparator_type",
                                          "period"};
    const char *line =
        test_row(text, columns, (const char *[]){measure, area, other, period});
    if (line == NULL)
        fail_msg("no row %s %s %s %s in\n%s", measure, area, other, period, text);
    return test_field(line, test_column(text, column));
}

static const struct {
    const char *measure, *area, *other, *period, *column, *wanted;
} answers[] = {
    /* Half of the hood is outside of the targets: 900 of 3000 people here, 1500 of 6000
     * there, 900 of 4000 there only. */
    {"fires", "LG", "target", "2020/21", "triple", "kpi-triple-fires"},
    {"fires", "LG", "target", "2020/21", "gap", ""},
    {"fires", "LG", "target", "2020/21", "unit", "per 1000 residents"},
    {"fires", "LG", "target", "2020/21", "value", "300"},
    {"fires", "LG", "target", "2020/21", "numerator", "900"},
    {"fires", "LG", "target", "2020/21", "denominator", "3000"},
    {"fires", "LG", "target", "2020/21", "comparator_code", "T"},
    {"fires", "LG", "target", "2020/21", "comparator_value", "250"},
    {"fires", "LG", "target", "2020/21", "comparator_numerator", "1500"},
    {"fires", "LG", "target", "2020/21", "overlap", "partly"},
    {"fires", "LG", "target", "2020/21", "rest", "225"},
    {"fires", "LG", "target", "2020/21", "ratio", "1.2"},
    {"fires", "LG", "target", "2020/21", "verdict", "worse"},
    {"fires", "LG", "target", "2020/21", "baseline_period", ""},
    {"fires", "LG", "target", "2021/22", "gap", "kpi-gap-fires"},
    {"fires", "LG", "target", "2021/22", "baseline_period", "2020/21"},
    {"fires", "LG", "target", "2021/22", "change_percent", "-20"},
    {"fires", "LG", "target", "2021/22", "verdict_gap", "narrowing"},
    {"fires", "LG", "target", "2021/22", "driver", "here-improved rest-worsened"},
    {"fires", "LG", "target", "2021/22", "verdict_absolute", "improved"},
    {"fires", "LG", "target", "2021/22", "verdict_relative", "improved"},
    {"fires", "CL", "target", "2020/21", "overlap", "inside"},
    {"fires", "CL", "target", "2021/22", "verdict_absolute", "no-clear-change"},
    {"fires", "CL", "city", "2021/22", "driver", ""},
    {"fires", "LG", "city", "2021/22", "driver", "here-improved rest-worsened"},
    /* The city's polygon and the wards', by best fit. */
    {"fires", "LG", "city", "2020/21", "comparator_value", "120"},
    {"fires", "LG", "city", "2020/21", "overlap", "inside"},
    {"fires", "LG", "ward", "2020/21", "comparator_code", "W1"},
    {"fires", "LG", "ward", "2020/21", "overlap", "same"},
    {"fires", "LG", "ward", "2020/21", "difference", "0"},
    {"fires", "LG", "ward", "2020/21", "rest", ""},
    {"fires", "LG", "ward", "2020/21", "p", ""},
    {"fires", "CL", "ward", "2020/21", "comparator_code", "W2"},
    {"fires", "CL", "ward", "2020/21", "overlap", "inside"},
    {"fires", "E1", "hood", "2020/21", "comparator_code", "LG"},
    {"fires", "E4", "hood", "", "reason", "no area of hood has any of it"},
    {"fires", "W2", "hood", "2020/21", "overlap", "around"},
    {"fires", "W2", "hood", "2020/21", "rest", ""},
    {"fires", "W2", "hood", "2020/21", "value", "225"},
    /* Periods that cannot be compared with the baseline. */
    {"fires", "LG", "target", "12m@2021-09", "verdict", "worse"},
    {"fires", "LG", "target", "12m@2021-09", "gap_change", ""},
    {"fires", "LG", "target", "12m@2021-09", "reason",
     "no change of the gap: the period shares months with the baseline"},
    {"fires", "LG", "target", "2021-04", "reason",
     "no change of the gap: the baseline has 12 months"},
    {"fires", "W1", "hood", "2021/22", "reason",
     "no change of the gap: the period shares months with the baseline"},
    /* A rate and a proportion in their own units. */
    {"fire-rate", "LG", "target", "2020/21", "value", "30"},
    {"fire-rate", "LG", "target", "2020/21", "unit", "per 100"},
    {"fire-share", "LG", "target", "2020/21", "value", "45"},
    {"fire-share", "LG", "target", "2020/21", "comparator_value", "50"},
    {"fire-share", "LG", "target", "2020/21", "verdict", "no-clear-difference"},
    {"fire-share", "CL", "target", "2020/21", "verdict", "better"},
    /* What is absent. */
    {"fires", "", "nowhere", "", "status", "no-areas"},
    {"fires", "", "nowhere", "", "reason", "the job has no areas with the id 'nowhere'"},
    {"polled", "", "", "", "status", "no-data"},
};

static void answers_are_known(void **state) {
    (void)state;
    char *text = comparisons_of(job_text, plan_text);
    int wrong = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const char *seen = cell(text, answers[i].measure, answers[i].area,
                                answers[i].other, answers[i].period, answers[i].column);
        if (strcmp(seen, answers[i].wanted) == 0) continue;
        print_error("%s %s %s %s %s: %s, expected %s\n", answers[i].measure,
                    answers[i].area, answers[i].other, answers[i].period,
                    answers[i].column, seen, answers[i].wanted);
        wrong++;
    }
    /* 900 / 3000 - 1500 / 6000 with the variance of the three parts: 300 / 3000^2 + 600
     * (1 / 3000 - 1 / 6000)^2 + 900 / 6000^2 = 0.000075. */
    const double reach = 1000 * 1.959963984540054 * sqrt(0.000075);
    test_near(
        strtod(cell(text, "fires", "LG", "target", "2020/21", "difference_lower"), NULL),
        50 - reach, 1e-12);
    test_near(
        strtod(cell(text, "fires", "LG", "target", "2020/21", "difference_upper"), NULL),
        50 + reach, 1e-12);
    test_rows_are_whole(text);
    free(text);
    assert_int_equal(wrong, 0);
}

/* ---- The method triple on the same areas ---- */

static const struct {
    const char *own, *wards, *city; /* column here, and those of triple */
} same[] = {{"value", "n_value", "n_value"},
            {"lower", "n_lower", "n_lower"},
            {"upper", "n_upper", "n_upper"},
            {"comparator_value", "w_value", "c_value"},
            {"comparator_lower", "w_lower", "c_lower"},
            {"comparator_upper", "w_upper", "c_upper"},
            {"rest", "w_rest", "c_rest"},
            {"difference", "diff_w", "diff_c"},
            {"difference_lower", "diff_w_lower", "diff_c_lower"},
            {"difference_upper", "diff_w_upper", "diff_c_upper"},
            {"ratio", "ratio_w", "ratio_c"},
            {"p", "p_w", "p"},
            {"change", "n_change", "n_change"},
            {"gap_change", "gap_w_change", "gap_change"},
            {"gap_lower", "gap_w_lower", "gap_lower"},
            {"gap_upper", "gap_w_upper", "gap_upper"},
            {"verdict_gap", "verdict_gap_w", "verdict_gap"},
            {"rest_change", NULL, "rest_change"},
            {"ratio_change", NULL, "ratio_change"},
            {"ratio_lower", NULL, "ratio_lower"},
            {"ratio_upper", NULL, "ratio_upper"},
            {"verdict_absolute", NULL, "verdict_abs"},
            {"verdict_relative", NULL, "verdict_rel"}};

static ps_str triple_cell(const ps_table *t, const char *area, const char *year,
                          const char *name) {
    int period = 0, who = 0, column = 0;
    assert_int_equal(ps_table_need_column(t, ps_str_of("period"), &period, NULL), PS_OK);
    assert_int_equal(ps_table_need_column(t, ps_str_of("neighbourhood"), &who, NULL),
                     PS_OK);
    assert_int_equal(ps_table_need_column(t, ps_str_of(name), &column, NULL), PS_OK);
    for (size_t r = 0; r < ps_table_rows(t); r++)
        if (ps_str_is(ps_table_cell(t, r, (size_t)period), year) &&
            ps_str_is(ps_table_cell(t, r, (size_t)who), area))
            return ps_table_cell(t, r, (size_t)column);
    fail_msg("triple has no row %s %s", area, year);
    return (ps_str){"", 0};
}

/* To the last digits: the parts are added up in another order. */
static bool agrees(const char *seen, ps_str expected) {
    double a, b;
    if (!ps_parse_double(ps_str_of(seen), &a) || !ps_parse_double(expected, &b))
        return ps_str_is(expected, seen);
    return fabs(a - b) <= 1e-11 * fmax(fabs(a), fabs(b)) + 1e-11;
}

static int compare_with_triple(const char *text, const ps_table *t, const char *measure) {
    static const char *const areas[] = {"LG", "CL"};
    int wrong = 0;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (int k = 0; k < 8; k++) {
            const char *area = areas[k % 2], *year = years[k / 2 % 2];
            const char *column = k < 4 ? same[i].wards : same[i].city;
            if (column == NULL) continue;
            const char *seen =
                cell(text, measure, area, k < 4 ? "target" : "city", year, same[i].own);
            const ps_str expected = triple_cell(t, area, year, column);
            if (agrees(seen, expected)) continue;
            print_error("%s %s %s %s: %s, triple says %.*s\n", measure, area, year,
                        column, seen, (int)expected.n, expected.p);
            wrong++;
        }
    return wrong;
}

static void it_is_the_method_triple(void **state) {
    (void)state;
    char *text = comparisons_of(job_text, plan_text);
    char rates[2048], shares[2048];
    size_t n = 0, k = 0;
    const char *head = "period,area_code,neighbourhood,target_ward,count,denominator\n";
    n += (size_t)snprintf(rates, sizeof rates, "%s", head);
    k += (size_t)snprintf(shares, sizeof shares, "%s", head);
    for (int y = 0; y < YEARS; y++)
        for (int e = 0; e < SQUARES; e++) {
            n += (size_t)snprintf(rates + n, sizeof rates - n, "%s,E%d,%s,%d,%d,%d\n",
                                  years[y], e + 1, hood[e], target[e], fires[y][e],
                                  people[e]);
            k += (size_t)snprintf(shares + k, sizeof shares - k, "%s,E%d,%s,%d,%d,%d\n",
                                  years[y], e + 1, hood[e], target[e], fires[y][e],
                                  fires[y][e] + floods[y][e]);
        }
    ps_table *t = test_compute("triple", rates, "multiplier=1000 polarity=lower-better");
    int wrong = compare_with_triple(text, t, "fires");
    ps_table_free(t);
    t = test_compute("triple", rates, "multiplier=100 polarity=lower-better");
    wrong += compare_with_triple(text, t, "fire-rate");
    ps_table_free(t);
    t = test_compute("triple", shares,
                     "type=proportion multiplier=100 polarity=lower-better");
    wrong += compare_with_triple(text, t, "fire-share");
    ps_table_free(t);
    free(text);
    assert_int_equal(wrong, 0);
}

/* ---- Mistakes ---- */

static const struct {
    const char *yaml, *told;
} mistakes[] = {
    {"comparisons: [{id: a, title: A, here: [hoods], there: [city]}]\n",
     "comparisons[0].here[0]: no geography has the id 'hoods'; did you mean 'hood'?"},
    {"comparisons: [{id: a, title: A, here: [hood], there: [city, city]}]\n",
     "comparisons[0].there[1]: 'city' stands twice"},
    {"comparisons: [{id: a, title: A, here: [hood, city], there: [city]}]\n",
     "comparisons[0].there[0]: 'city' stands under 'here', too, and an area is not "
     "compared with itself"},
    {"comparisons: [{id: a, title: A, here: [hood], there: [city], measures: [fire]}]\n",
     "comparisons[0].measures[0]: no measure has the id 'fire'; did you mean 'fires'?"},
    {"comparisons: [{id: a, title: A, here: [hood], there: [city], measures: [fires, "
     "fires]}]\n",
     "comparisons[0].measures[1]: 'fires' stands twice"},
    {"comparisons: [{id: a, title: A, here: [hood], there: [city], baseline: "
     "rolling-12}]\n",
     "comparisons[0].baseline: 'rolling-12' is a series of periods; one is wanted, such "
     "as 2021/22 or 2021"},
    {"comparisons: [{id: a, title: A, here: [hood], there: [city]}, {id: a, title: A, "
     "here: [hood], there: [city]}]\n",
     "comparisons[1].id: the id 'a' is taken already"},
    {"comparisons: [{id: a, title: A, here: [hood]}]\n",
     "comparisons[0]: needs 'there', 'published' or both, to compare with"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char plan[8192];
        const int n = snprintf(plan, sizeof plan, "%s%s", PLAN_HEAD, mistakes[i].yaml);
        assert_true(n > 0 && (size_t)n < sizeof plan);
        wrong += !test_plan_is_told(plan, "comparisons[", mistakes[i].told);
    }
    assert_int_equal(wrong, 0);
}

/* ---- Memory ---- */

static ps_status compare(void *context, ps_error *err) {
    const ps_measures *measures = context;
    const ps_framework *f = measures->bindings->binding[0].framework;
    const ps_geographies *geographies = measures->figures->geographies;
    const size_t here = (size_t)ps_measures_geography(geographies, "hood"),
                 there = (size_t)ps_measures_geography(geographies, "target");
    ps_comparisons *all;
    ps_comparison c;
    ps_compared_figure figures[8];
    PS_TRY(ps_comparisons_open(measures, &all, err));
    ps_status status =
        ps_comparison_open(all, &f->comparisons[0], 0, here, there, &c, err);
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
    char *folder = make_folder(job_text, plan_text), path[4096];
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    ps_job_file *job;
    ps_bindings *bindings;
    ps_geographies *geographies;
    ps_figures *figures;
    ps_measures *measures;
    ps_error err = {.text = ""};
    assert_int_equal(ps_job_open(path, &job, &err), PS_OK);
    assert_int_equal(ps_bindings_open(job, &bindings, &err), PS_OK);
    assert_int_equal(ps_geographies_open(job, NULL, &geographies, &err), PS_OK);
    assert_int_equal(ps_figures_open(job, geographies, false, NULL, &figures, &err),
                     PS_OK);
    assert_int_equal(ps_measures_open(bindings, figures, &measures, &err), PS_OK);
    assert_true(test_each_allocation_fails(compare, measures) > 40);
    ps_measures_free(measures);
    ps_figures_free(figures);
    ps_geographies_free(geographies);
    ps_bindings_free(bindings);
    ps_job_free(job);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(it_is_the_method_triple),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
