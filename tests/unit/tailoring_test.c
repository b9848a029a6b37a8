/* Areas with a plan of their own: what is hidden, added and changed there, and that
 * nothing differs elsewhere. */
#include "engine/run/tailoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/measures.h"
#include "tests/support/measures.h"
#include "tests/support/plan.h"

static const char job_text[] =
    "areas: [{id: square, file: squares.geojson, code: code}]\n"
    "points: [{id: calls, files: [calls.csv], areas: square, code: code, date: day, "
    "count: n, covers: all}]\n"
    "population: {file: people.csv, areas: square, code: code, columns: [people]}\n"
    "periods: [2020/21, 2021/22]\n"
    "framework: plan.yaml\n"
    "data: [{id: calls, input: calls}, {id: residents, input: population}]\n";

#define COUNT                                                                      \
    "numerator: {what: N, data: calls}, unit: calls, method: count_ci, polarity: " \
    "lower-better, baseline: {value: 70, period: 2020/21}, target: {kind: reduce}, "
#define MEASURE(id, more)                                              \
    "  - {id: " id                                                     \
    ", priority: all, title: Everywhere, why: W, disclosure: public, " \
    "geographies: [square], " more "}\n"
#define PLAN_HEAD                                                                        \
    "id: plan\n"                                                                         \
    "title: Plan\n"                                                                      \
    "area: {geography: square, code: A}\n"                                               \
    "geographies: [{id: square, title: S}, {id: other, title: O}]\n"                     \
    "data: [{id: calls, kind: incidents, title: I}, {id: residents, kind: "              \
    "population, title: R}]\n"                                                           \
    "priorities: [{id: all, title: All}]\n"                                              \
    "measures:\n" MEASURE("calls", COUNT) MEASURE("extra", COUNT "only: tailored")       \
        MEASURE("rate",                                                                  \
                "numerator: {what: N, data: calls}, denominator: {what: D, data: "       \
                "residents}, unit: per 100, multiplier: 100, method: crude_rate, "       \
                "polarity: lower-better")                                                \
            MEASURE("index",                                                             \
                    "unit: z, method: composite, polarity: higher-better, table: "       \
                    "{rows: measures, of: square, whole: true, columns: [{name: "        \
                    "area_code, key: area}, {name: indicator, key: measure}, "           \
                    "{name: value, key: figure}, {name: polarity, key: polarity}, "      \
                    "{name: weight, key: weight}], indicators: [{measure: calls, "       \
                    "weight: 3}, {measure: rate}]}, result: {value: value, "             \
                    "denominator: weight_present, where: [{column: component, is: "      \
                    "[index]}]}")                                                        \
                MEASURE("based",                                                         \
                        "numerator: {what: N, data: calls}, denominator: {what: D, "     \
                        "data: residents}, unit: per 100, multiplier: 100, method: "     \
                        "crude_rate, polarity: lower-better, min_base: 150")             \
                    MEASURE(                                                             \
                        "thin",                                                          \
                        "unit: z, method: composite, polarity: higher-better, table: "   \
                        "{rows: measures, of: square, whole: true, columns: [{name: "    \
                        "area_code, key: area}, {name: indicator, key: measure}, "       \
                        "{name: value, key: figure}, {name: polarity, key: polarity}], " \
                        "indicators: [{measure: calls}, {measure: based}]}, result: "    \
                        "{value: value, where: [{column: component, is: [index]}]}")

/* B has a target of its own, C a rate that is hidden. */
static const char plan_text[] = PLAN_HEAD
    "tailored:\n"
    "  - area: {geography: square, code: B}\n"
    "    add: [extra]\n"
    "    change:\n"
    "      - {measure: calls, title: Calls in B, why: B asked, baseline: {value: 50, "
    "period: 2020/21}, target: {kind: below-baseline, value: 20}, caveats: [Only B]}\n"
    "      - {measure: rate, min_base: 1000}\n"
    "  - area: {geography: square, code: C}\n"
    "    hide: [rate]\n"
    "  - area: {geography: square, code: Z}\n"
    "    hide: [rate]\n"
    "comparisons: [{id: all, title: A, here: [square], there: [other]}]\n";

static char *make_folder(const char *plan) {
    char *folder = test_folder_make(), text[8192];
    size_t n = (size_t)snprintf(
        text, sizeof text,
        "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{"
        "\"name\":\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":[");
    for (int i = 0; i < 3; i++)
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"%c\"},\"geometry\":{"
            "\"type\":\"Polygon\",\"coordinates\":[[[%d,0],[%d,0],[%d,1000],[%d,1000],[%"
            "d,"
            "0]]]}}",
            i > 0 ? "," : "", 'A' + i, 1000 * i, 1000 * i + 1000, 1000 * i + 1000,
            1000 * i, 1000 * i);
    n += (size_t)snprintf(text + n, sizeof text - n, "]}");
    test_file_write(folder, "squares.geojson", text, n);
    /* A 60 and 48 calls in the two years, B 48 and 24, C 12 and 12. */
    static const int calls[2][3] = {{5, 4, 1}, {4, 2, 1}};
    n = (size_t)snprintf(text, sizeof text, "code,day,n\n");
    for (int m = 0; m < 24; m++)
        for (int a = 0; a < 3; a++)
            n +=
                (size_t)snprintf(text + n, sizeof text - n, "%c,%d-%02d-01,%d\n", 'A' + a,
                                 2020 + (m + 3) / 12, (m + 3) % 12 + 1, calls[m / 12][a]);
    assert_true(n < sizeof text);
    test_file_write(folder, "calls.csv", text, n);
    static const char people[] = "code,people\nA,100\nB,200\nC,300\n";
    test_file_write(folder, "people.csv", people, strlen(people));
    test_file_write(folder, "job.yaml", job_text, strlen(job_text));
    test_file_write(folder, "plan.yaml", plan, strlen(plan));
    return folder;
}

static const test_answer answers[] = {
    /* The plan's own area as ever, with the plan's baseline. */
    {"calls", "A", "2021/22", "baseline", "70"},
    {"calls", "A", "2021/22", "baseline_from", "plan"},
    {"calls", "A", "2021/22", "target", "70"},
    {"calls", "A", "2021/22", "tailored", ""},
    {"calls", "A", "2021/22", "title", ""},
    /* The rate is hidden in C, and not in its index either: of that the calls remain, 12
     * where 48, 24 and 12 have the mean 28 and the deviation 18.33. */
    {"index", "C", "2021/22", "value", "0.8728715609439696"},
    {"index", "C", "2021/22", "reason", "without rate, which is not shown here"},
    {"index", "A", "2021/22", "reason", ""},
    /* Half of the weight is no index: the words say what lacks, and why. */
    {"thin", "B", "2021/22", "status", "ok"},
    {"thin", "A", "2021/22", "status", "missing"},
    {"thin", "A", "2021/22", "reason",
     "composite: missing; the index has 50 % of its weight and needs 67 %: without "
     "based; based: the base is below 150"},
    /* The figures that B's plan states hold for B. */
    {"calls", "B", "2021/22", "value", "24"},
    {"calls", "B", "2021/22", "baseline", "50"},
    {"calls", "B", "2021/22", "baseline_from", "plan"},
    {"calls", "B", "2021/22", "target_kind", "below-baseline"},
    {"calls", "B", "2021/22", "target", "20"},
    {"calls", "B", "2021/22", "target_status", "not-met"},
    {"calls", "B", "2021/22", "gap", "4"},
    {"calls", "B", "2021/22", "tailored", "changed"},
    {"calls", "B", "2021/22", "title", "Calls in B"},
    /* Everyone else is measured against the data. */
    {"calls", "C", "2021/22", "baseline", "12"},
    {"calls", "C", "2021/22", "target_kind", "reduce"},
    {"calls", "C", "2021/22", "tailored", ""},
    /* Shown in B only. */
    {"extra", "A", "2021/22", "value", NULL},
    {"extra", "B", "2021/22", "value", "24"},
    {"extra", "B", "2021/22", "tailored", "added"},
    {"extra", "C", "2021/22", "value", NULL},
    /* A base of its own; hidden in C. */
    {"rate", "A", "2021/22", "value", "48"},
    {"rate", "B", "2021/22", "status", "small-base"},
    {"rate", "C", "2021/22", "value", NULL},
};

static void answers_are_known(void **state) {
    (void)state;
    char *folder = make_folder(plan_text);
    ps_error err = {.text = ""};
    test_warned warned;
    if (test_run(folder, false, &warned, &err) != PS_OK) fail_msg("%s", err.text);
    char *text = test_text_of(folder, "out/measures.csv");
    test_answers(text, answers, sizeof answers / sizeof *answers);
    test_rows_are_whole(text);
    free(text);
    text = test_text_of(folder, "out/manifest.json");
    assert_non_null(strstr(text, "\"measures_hidden\": 2,"));
    free(text);
    assert_non_null(strstr(warned.text,
                           "plan: the plan tailors its measures to 'Z', which is no area "
                           "of square\n"));
    test_folder_remove(folder);
}

#define AREA "area: {geography: square, code: B}"

static const struct {
    const char *yaml, *told;
} mistakes[] = {
    {"tailored: [{area: {geography: squares, code: B}, hide: [calls]}]\n",
     "tailored[0].area.geography: no geography has the id 'squares'; did you mean "
     "'square'?"},
    {"tailored: [{" AREA "}]\n", "tailored[0]: needs one of 'hide', 'add' and 'change'"},
    {"tailored: [{" AREA ", hide: [call]}]\n",
     "tailored[0].hide[0]: no measure has the id 'call'; did you mean 'calls'?"},
    {"tailored: [{" AREA ", hide: [calls, calls]}]\n",
     "tailored[0].hide[1]: 'calls' stands twice"},
    {"tailored: [{" AREA ", hide: [extra]}]\n",
     "tailored[0].hide[0]: 'extra' is only shown where it is added, so there is nothing "
     "to hide"},
    {"tailored: [{" AREA ", add: [calls]}]\n",
     "tailored[0].add[0]: 'calls' is shown everywhere; what is added here has to be "
     "marked 'only: tailored'"},
    {"tailored: [{area: {geography: other, code: B}, hide: [calls]}]\n",
     "tailored[0].hide[0]: 'calls' is not computed on the geography 'other' of this "
     "area"},
    {"tailored: [{" AREA ", change: [{measure: calls}]}]\n",
     "tailored[0].change[0]: changes nothing"},
    {"tailored: [{" AREA ", change: [{measure: extra, title: E}]}]\n",
     "tailored[0].change[0].measure: 'extra' is only shown where it is added: name it "
     "under 'add'"},
    {"tailored: [{" AREA ", hide: [calls], change: [{measure: calls, title: E}]}]\n",
     "tailored[0].change[0].measure: 'calls' is hidden here"},
    {"tailored: [{" AREA ", change: [{measure: calls, target: {kind: increase}}]}]\n",
     "tailored[0].change[0].target: lower-better, but the target is 'increase', which "
     "wants it higher"},
    {"tailored: [{" AREA ", change: [{measure: calls, baseline: {period: 2021}}]}]\n",
     NULL},
    {"tailored: [{" AREA ", change: [{measure: calls, baseline: {period: 2021-04}}]}]\n",
     "tailored[0].change[0].baseline.period: a count is compared by years, and '2021-04' "
     "has 1 months"},
    {"tailored: [{" AREA ", change: [{measure: rate, min_base: -1}]}]\n",
     "tailored[0].change[0]: min_base -1 is below 0"},
    {"tailored: [{" AREA ", hide: [calls]}, {" AREA ", hide: [rate]}]\n",
     "tailored[1].area.code: the area 'B' stands twice"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char plan[8192];
        const int n = snprintf(plan, sizeof plan, "%s%s", PLAN_HEAD, mistakes[i].yaml);
        assert_true(n > 0 && (size_t)n < sizeof plan);
        wrong += !test_plan_is_told(plan, "tailored[", mistakes[i].told);
    }
    assert_int_equal(wrong, 0);
}

typedef struct opened {
    ps_bindings *bindings;
    ps_figures *figures;
} opened;

static ps_status open_measures(void *context, ps_error *err) {
    const opened *o = context;
    ps_measures *all;
    const ps_status status = ps_measures_open(o->bindings, o->figures, &all, err);
    ps_measures_free(all);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    char *folder = make_folder(plan_text), path[4096];
    snprintf(path, sizeof path, "%s", test_path(folder, "job.yaml"));
    ps_job_file *job;
    ps_geographies *geographies;
    opened o;
    ps_error err = {.text = ""};
    assert_int_equal(ps_job_open(path, &job, &err), PS_OK);
    assert_int_equal(ps_bindings_open(job, &o.bindings, &err), PS_OK);
    assert_int_equal(ps_geographies_open(job, NULL, &geographies, &err), PS_OK);
    assert_int_equal(ps_figures_open(job, geographies, false, NULL, &o.figures, &err),
                     PS_OK);
    assert_true(test_each_allocation_fails(open_measures, &o) > 8);
    ps_figures_free(o.figures);
    ps_geographies_free(geographies);
    ps_bindings_free(o.bindings);
    ps_job_free(job);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_known),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
