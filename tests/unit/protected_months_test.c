/* Trends, projections and control charts of protected data: their rows are there and say
 * why they hold nothing, unless all their months are published anyway. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/measures.h"

#define CALLS "numerator: {what: N, data: calls}, polarity: lower-better, "
#define COUNT CALLS "unit: calls, method: count_ci, "
#define MEASURE(id, more)                                                   \
    "  - {id: " id                                                          \
    ", priority: all, title: T, why: W, disclosure: council, geographies: " \
    "[square], " more "}\n"

static const char plan_text[] =
    "id: plan\n"
    "title: Plan\n"
    "area: {geography: square, code: A}\n"
    "years: {first: 2020/21, last: 2024/25}\n"
    "geographies: [{id: square, title: S}]\n"
    "data: [{id: calls, kind: incidents, title: I}]\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n" MEASURE("yearly", COUNT
                          "baseline: {period: 2020/21}, "
                          "target: {kind: reduce}")
        MEASURE("trend", CALLS
                "unit: '%', method: trend, table: {rows: months, columns: "
                "[{name: month, key: month}, {name: value, count: "
                "numerator}]}, result: {value: value, lower: lower, upper: "
                "upper, verdict: verdict}")
            MEASURE("chart", CALLS
                    "unit: calls, method: control_chart, table: {rows: months, "
                    "columns: [{name: t, key: month}, {name: value, count: "
                    "numerator}]}, result: {value: y, lower: lcl, upper: ucl, "
                    "verdict: rule, item: t}");
#define MONTHLY MEASURE("monthly", COUNT "periods: [months]")

static const char job_text[] =
    "areas: [{id: square, file: squares.geojson, code: code}]\n"
    "points: [{id: calls, files: [calls.csv], areas: square, code: code, date: day, "
    "count: n, covers: all}]\n"
    "series: [{id: all-calls, title: C, data: calls}]\n"
    "periods: [2020/21, 2021/22]\n"
    "framework: plan.yaml\n"
    "data: [{id: calls, input: calls}]\n";

/* Thirty months from April 2020: ever fewer calls in A, 20 in each of B and C, but for
 * the last one of B. */
static void write_calls(const char *folder, int last_of_b) {
    char text[8192] = "code,day,n\n";
    size_t n = strlen(text);
    for (int m = 0; m < 30; m++)
        for (int a = 0; a < 3; a++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%c,%d-%02d-05,%d\n",
                                  'A' + a, 2020 + (m + 3) / 12, (m + 3) % 12 + 1,
                                  a == 1 && m == 29 ? last_of_b
                                  : a == 0          ? 20 - m / 3
                                                    : 20);
    assert_true(n < sizeof text);
    test_text_write(folder, "calls.csv", text);
}

static char *output_of(const char *more, int last_of_b, const char *name) {
    char *folder = test_folder_make(), plan[8192];
    snprintf(plan, sizeof plan, "%s%s", plan_text, more);
    test_text_write(folder, "squares.geojson", test_squares);
    test_text_write(folder, "job.yaml", job_text);
    test_text_write(folder, "plan.yaml", plan);
    write_calls(folder, last_of_b);
    return test_output_of(folder, name);
}

static char *measures(const char *more, int last_of_b) {
    return output_of(more, last_of_b, "measures.csv");
}

static void is(const char *text, const char *measure, const char *area,
               const char *period, const char *column, const char *wanted) {
    const char *seen = test_measure(text, measure, area, period, column);
    if (strcmp(seen, wanted) != 0)
        fail_msg("%s %s %s %s: %s, expected %s", measure, area, period, column, seen,
                 wanted);
}

#define WHY "not every month of protected data is released"

static void rows_say_why_they_hold_nothing(void **state) {
    (void)state;
    char *text = measures("", 20);
    is(text, "yearly", "A", "2021/22", "status", "ok");
    is(text, "yearly", "A", "2021/22", "annual_percent", "");
    is(text, "yearly", "A", "2021/22", "trend", "");
    is(text, "yearly", "A", "2021/22", "reason", "no trend: " WHY);
    is(text, "yearly", "A", "2022/23", "target_status", "not-yet-known");
    is(text, "yearly", "A", "2022/23", "projection", "");
    is(text, "yearly", "A", "2022/23", "reason",
       "6 of 12 months so far; change against 6 twelfths of the baseline, season left "
       "aside; no projection and no trend: " WHY);
    is(text, "trend", "A", "2021/22", "value", "");
    is(text, "trend", "A", "2021/22", "status", "suppressed");
    is(text, "trend", "A", "2021/22", "verdict", "");
    is(text, "trend", "A", "2021/22", "reason", WHY);
    is(text, "chart", "A", "2021/22", "status", "suppressed");
    is(text, "chart", "A", "2021/22", "reason", WHY);
    free(text);
}

/* With its months as periods nothing new follows from a trend. A single month that is not
 * shown takes it away. */
static void published_months_are_enough(void **state) {
    (void)state;
    char *text = measures(MONTHLY, 20);
    is(text, "monthly", "A", "2022-09", "status", "ok");
    is(text, "yearly", "A", "2021/22", "trend", "decrease");
    is(text, "yearly", "A", "2021/22", "reason", "");
    assert_true(strtod(test_measure(text, "yearly", "A", "2022/23", "projection"), NULL) >
                100);
    is(text, "trend", "A", "2021/22", "status", "ok");
    is(text, "trend", "A", "2021/22", "verdict", "decrease");
    is(text, "chart", "A", "2021/22", "status", "ok");
    free(text);
    text = measures(MONTHLY, 1);
    is(text, "monthly", "B", "2022-08", "status", "ok");
    is(text, "monthly", "B", "2022-09", "status", "suppressed");
    is(text, "yearly", "B", "2021/22", "trend", "");
    is(text, "yearly", "B", "2021/22", "reason", "no trend: " WHY);
    is(text, "yearly", "B", "2022/23", "projection", "");
    free(text);
}

/* No row of an area in counts.csv is 0 incidents; here it says that it is not so. */
static void counts_are_said_to_be_hidden(void **state) {
    (void)state;
    char *text = output_of("", 1, "counts.csv");
    assert_string_equal(text,
                        "area_type,area_code,series,month,count,status\n"
                        "square,A,all-calls,2020-04..2022-09,,suppressed\n"
                        "square,B,all-calls,2020-04..2022-09,,suppressed\n"
                        "square,C,all-calls,2020-04..2022-09,,suppressed\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_say_why_they_hold_nothing),
        cmocka_unit_test(published_months_are_enough),
        cmocka_unit_test(counts_are_said_to_be_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
