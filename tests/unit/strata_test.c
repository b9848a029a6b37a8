/* Age-standardised measures: events by age over people of that age, weighed by a standard
 * population, against the formula written out.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/measures.h"
#include "tests/support/plan.h"

static const char job_head[] =
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - {id: pair, of: square, sets: [{code: P, members: [A, B]}]}\n"
    "points:\n"
    "  - {id: falls, files: [falls.csv], areas: square, code: square, date: day, count: "
    "n, covers: all}\n"
    "populations:\n"
    "  - {id: population, file: people-2021.csv, areas: square, code: code, columns: "
    "['0..90+'], year: 2021}\n"
    "  - {id: population, file: people-2022.csv, areas: square, code: code, columns: "
    "['0..90+'], year: 2022}\n"
    "periods: [2021, 2022, 2021/22, 12m@2023-03]\n"
    "framework: plan.yaml\n"
    "disclosure: {off: [{input: falls, reason: made up}]}\n"
    "data:\n"
    "  - {id: falls, input: falls, columns: [{id: age, column: age, values: [{id: young, "
    "of: [Y]}, {id: middle, of: [M]}, {id: old, of: [O]}]}]}\n"
    "  - id: residents\n"
    "    input: population\n"
    "    columns:\n";

#define PLAN(denominator, columns)                                                      \
    "id: plan\ntitle: P\ngeographies: [{id: square, title: S}, {id: pair, title: P}]\n" \
    "data:\n"                                                                           \
    "  - {id: falls, kind: incidents, title: F, columns: [{id: age, values: [young, "   \
    "middle, old]}]}\n"                                                                 \
    "  - {id: residents, kind: population, title: R, columns: [{id: age, values: "      \
    "[old, middle, young]}]}\n"                                                         \
    "  - {id: crowd, kind: population, title: C}\n"                                     \
    "priorities: [{id: all, title: All}]\n"                                             \
    "measures:\n"                                                                       \
    "  - {id: falls, priority: all, title: T, why: W, disclosure: public, unit: per "   \
    "1000, method: dsr, polarity: lower-better, geographies: [square, pair],\n"         \
    "     numerator: {what: N, data: falls},\n"                                         \
    "     denominator: {what: D, " denominator                                          \
    "},\n"                                                                              \
    "     table: {rows: values, of: age, parameters: [{name: multiplier, value: "       \
    "1000}], columns: [{name: stratum, key: value}, {name: count, count: numerator}, "  \
    "{name: population, count: denominator}" columns                                    \
    "]},\n"                                                                             \
    "     result: {value: value, lower: lower, upper: upper, numerator: total_count, "  \
    "denominator: total_pop}}\n"

#define STANDARD ", {name: standard, numbers: [5, 3, 2]}"

static const char plan[] = PLAN("data: residents, by: age", STANDARD);

enum { SQUARES = 2, YEARS = 2, AGES = 3 };

/* By square, year and age; the ages of the file are 0 to 1, 2 and 90+. */
static const double people[SQUARES][YEARS][AGES] = {{{300, 200, 40}, {310, 190, 50}},
                                                    {{500, 100, 90}, {490, 120, 100}}};
static const double events[SQUARES][YEARS][AGES] = {{{3, 10, 21}, {2, 12, 30}},
                                                    {{4, 5, 40}, {6, 7, 33}}};
static const double weight[AGES] = {5, 3, 2};

static const char *const age_name[AGES] = {"Y", "M", "O"};

static void write_people(const char *folder, int year) {
    char name[32], text[512];
    size_t n = (size_t)snprintf(text, sizeof text, "code,0,1,2,90+\n");
    snprintf(name, sizeof name, "people-%d.csv", 2021 + year);
    for (int a = 0; a < SQUARES; a++) {
        const double *p = people[a][year];
        n += (size_t)snprintf(text + n, sizeof text - n, "%c,%g,%g,%g,%g\n", 'A' + a,
                              p[0] / 5, p[0] / 5 * 4, p[1], p[2]);
    }
    test_file_write(folder, name, text, n);
}

static void write_events(const char *folder) {
    char text[2048];
    size_t n = (size_t)snprintf(text, sizeof text, "day,square,age,n\n");
    for (int y = 0; y < YEARS; y++)
        for (int month = 1; month <= 12; month++)
            for (int a = 0; a < SQUARES; a++)
                for (int k = 0; k < AGES; k++)
                    if (month == 1 + k || (k == 0 && a == 0))
                        n += (size_t)snprintf(text + n, sizeof text - n,
                                              "%d-%02d-03,%c,%s,%g\n", 2021 + y, month,
                                              'A' + a, age_name[k],
                                              month == 1 + k ? events[a][y][k] : 0);
    assert_true(n < sizeof text);
    test_file_write(folder, "falls.csv", text, n);
}

/* measures.csv; freed with free. */
static char *measures_of(const char *columns, const char *framework) {
    char *folder = test_folder_make();
    char job[4096];
    snprintf(job, sizeof job, "%s%s", job_head, columns);
    test_text_write(folder, "job.yaml", job);
    test_text_write(folder, "plan.yaml", framework);
    for (int y = 0; y < YEARS; y++) write_people(folder, y);
    write_events(folder);
    return test_measures(folder);
}

#define AGE(id, of) "          - {id: " id ", of: [" of "]}\n"
#define BOUND \
    "      - id: age\n        values:\n" AGE("young", "'0..1'") AGE("old", "90+")

static const char *cell(const char *text, const char *area, const char *period,
                        const char *column) {
    return test_measure(text, "falls", area, period, column);
}

static double number(const char *text, const char *area, const char *period,
                     const char *column) {
    return strtod(cell(text, area, period, column), NULL);
}

/* Dobson's limits from the strata of the squares [from, to). */
static void check_rate(const char *text, const char *area, int year, int from, int to) {
    const char *period = year == 0 ? "2021" : "2022";
    double rate = 0, variance = 0, total = 0, everybody = 0;
    for (int k = 0; k < AGES; k++) {
        double x = 0, n = 0;
        for (int a = from; a < to; a++) x += events[a][year][k], n += people[a][year][k];
        rate += weight[k] / 10 * x / n;
        variance += weight[k] / 10 * weight[k] / 10 * x / n / n;
        total += x;
        everybody += n;
    }
    const double z = 1.959963984540054;
    const double up = total + 1;
    const double low = total * pow(1 - 1 / (9 * total) - z / (3 * sqrt(total)), 3),
                 high = up * pow(1 - 1 / (9 * up) + z / (3 * sqrt(up)), 3);
    const double scale = sqrt(variance / total);
    test_near(number(text, area, period, "value"), 1000 * rate, 1e-9);
    test_near(number(text, area, period, "lower"), 1000 * (rate + scale * (low - total)),
              1e-9);
    test_near(number(text, area, period, "upper"), 1000 * (rate + scale * (high - total)),
              1e-9);
    assert_true(number(text, area, period, "numerator") == total);
    assert_true(number(text, area, period, "denominator") == everybody);
}

static void people_are_of_their_age_and_year(void **state) {
    (void)state;
    char *text = measures_of(BOUND AGE("middle", "'2'"), plan);
    for (int y = 0; y < YEARS; y++) {
        check_rate(text, "A", y, 0, 1);
        check_rate(text, "B", y, 1, 2);
        check_rate(text, "P", y, 0, 2);
    }
    /* Months that nobody published are not months without events. */
    assert_string_equal(cell(text, "A", "12m@2023-03", "value"), "");
    assert_string_equal(cell(text, "A", "12m@2023-03", "reason"),
                        "9 of 12 months published; missing: 2023-01 2023-02 2023-03");
    assert_string_equal(cell(text, "C", "2021", "status"), "missing");
    assert_string_equal(cell(text, "C", "2021", "value"), "");
    free(text);
}

/* An age without people of its own is no rate of the others. */
static void an_age_that_is_not_bound(void **state) {
    (void)state;
    char *text = measures_of(BOUND, plan);
    assert_string_equal(cell(text, "", "", "reason"),
                        "the job does not say which columns of 'population' are the "
                        "people of 'middle'");
    free(text);
}

static void plans_that_would_take_all_people(void **state) {
    (void)state;
    assert_true(test_plan_is_told(plan, "measures", NULL));
    assert_true(test_plan_is_told(
        PLAN("data: crowd", STANDARD), "measures",
        "measures[0].denominator: each row of the table would have the people of all "
        "values of 'age': 'by: age' takes those of its own"));
    assert_true(test_plan_is_told(
        PLAN("data: crowd, by: age", STANDARD), "measures",
        "measures[0].denominator.by: no column of these data has the id 'age'"));
    assert_true(test_plan_is_told(
        PLAN("data: residents, where: [{column: age, is: [old]}]", STANDARD), "measures",
        "measures[0].denominator.where: people are not filtered: a job binds a "
        "population of those who are meant"));
    assert_true(test_plan_is_told(
        PLAN("data: residents, by: age", ", {name: standard, numbers: [5, 3]}"),
        "measures",
        "measures[0].table.columns[3].numbers: 2 numbers for the 3 values of 'age'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_of_their_age_and_year),
        cmocka_unit_test(an_age_that_is_not_bound),
        cmocka_unit_test(plans_that_would_take_all_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
