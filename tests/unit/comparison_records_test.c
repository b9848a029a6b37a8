/* Surveys and registers of areas beside others: the tests are those of the methods on the
 * same records, whatever the two areas have in common. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/compare.h"
#include "indicators/distribution.h"
#include "indicators/repeat.h"
#include "indicators/survey.h"
#include "tests/support/outputs.h"
#include "tests/support/rows.h"
#include "tests/support/test.h"

/* In each of two waves. */
enum { DRAWN = 90, INCIDENTS = 240, PEOPLE = 400, MONTHS = 39 };

static const char job_text[] =
    "areas:\n"
    "  - {id: square, codes: {file: squares.csv, code: code}}\n"
    "  - {id: hood, of: square, sets: [{code: H, members: [A]}, {code: G, members: [B, "
    "C]}]}\n"
    "  - {id: city, of: square, sets: [{code: X, members: [A, B, C]}]}\n"
    "  - {id: elsewhere, of: square, sets: [{code: Y, members: [B, C]}]}\n"
    "  - {id: mixed, of: square, sets: [{code: M, members: [A, B]}]}\n"
    "records:\n"
    "  - {id: poll, file: poll.csv, areas: square, code: code, date: day, disclosure: "
    "public}\n"
    "  - {id: incidents, file: incidents.csv, areas: square, code: code, date: day, "
    "disclosure: public}\n"
    "periods: [2020/21, 2021/22]\n"
    "framework: plan.yaml\n"
    "data:\n"
    "  - {id: poll, input: poll, columns: [{id: weight, column: weight}, {id: stratum, "
    "column: stratum}, {id: psu, column: psu}, {id: content, column: content}]}\n"
    "  - {id: incidents, input: incidents, columns: [{id: who, column: who}]}\n";

static const char plan_text[] =
    "id: plan\n"
    "title: Plan\n"
    "geographies: [{id: hood, title: H}, {id: city, title: C}, {id: elsewhere, title: "
    "E}, "
    "{id: mixed, title: M}]\n"
    "data:\n"
    "  - {id: poll, kind: survey, title: P, columns: [{id: weight, role: weight}, {id: "
    "stratum, role: stratum}, {id: psu, role: psu}, {id: content, values: ['yes']}]}\n"
    "  - {id: incidents, kind: register, title: I, columns: [{id: who, role: person}]}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n"
    "  - {id: content, priority: all, title: T, why: W, disclosure: survey, numerator: "
    "{what: N, data: poll, where: [{column: content, is: ['yes']}]}, denominator: {what: "
    "D, data: poll}, unit: percent, multiplier: 100, method: svy_mean, polarity: "
    "higher-better, baseline: {period: 2020/21}, geographies: [hood]}\n"
    "  - {id: repeats, priority: all, title: T, why: W, disclosure: partner, numerator: "
    "{what: N, data: incidents}, unit: percent, multiplier: 100, method: repeat, "
    "polarity: lower-better, baseline: {period: 2020/21}, geographies: [hood]}\n"
    "comparisons: [{id: all, title: A, here: [hood], there: [city, elsewhere, mixed], "
    "measures: [content, repeats]}]\n";

/* ---- Records ---- */

static char square_of(int i) {
    return "AABC"[i % 4];
}

static int weight_of(int i) {
    return 1 + i * 7 % 5;
}

/* In A fewer are content, in the second wave not as few. */
static bool is_content(int wave, int i) {
    return (i * 37 + wave * 11) % 10 < (square_of(i) == 'A' ? 3 + 2 * wave : 7);
}

/* Every third incident is one of a few people's. */
static int person_of(int i) {
    return i % 3 == 0 ? i * 5 % 7 : 10 + i * i * 13 % PEOPLE;
}

static ps_date day_of(int i) {
    const int month = i * 17 % MONTHS;
    return (ps_date){2019 + month / 12, month % 12 + 1, 1 + i % 28};
}

static char incident_square(int i) {
    return "ABCA"[i * 5 / 3 % 4];
}

static char *comparisons(void) {
    char *folder = test_folder_make(), *text = malloc(20000);
    assert_non_null(text);
    test_file_write(folder, "squares.csv", "code\nA\nB\nC\n", 11);
    size_t n = (size_t)sprintf(text, "code,day,weight,stratum,psu,content\n");
    for (int wave = 0; wave < 2; wave++)
        for (int i = 0; i < DRAWN; i++)
            n += (size_t)sprintf(text + n, "%c,%d-06,%d,S%d,%d,%s\n", square_of(i),
                                 2020 + wave, weight_of(i), i % 2, i % 30,
                                 is_content(wave, i) ? "yes" : "no");
    test_file_write(folder, "poll.csv", text, n);
    n = (size_t)sprintf(text, "code,day,who\n");
    for (int i = 0; i < INCIDENTS; i++) {
        const ps_date d = day_of(i);
        n += (size_t)sprintf(text + n, "%c,%d-%02d-%02d,%d\n", incident_square(i),
                             (int)d.year, (int)d.month, (int)d.day, person_of(i));
    }
    test_file_write(folder, "incidents.csv", text, n);
    test_file_write(folder, "job.yaml", job_text, strlen(job_text));
    test_file_write(folder, "plan.yaml", plan_text, strlen(plan_text));
    free(text);
    text = test_output_of(folder, "comparisons.csv");
    test_rows_are_whole(text);
    return text;
}

static const char *cell(const char *text, const char *measure, const char *area,
                        const char *other, const char *period, const char *column) {
    static const char *const columns[] = {"measure", "area_code", "comparator_code",
                                          "period"};
    const char *line =
        test_row(text, columns, (const char *[]){measure, area, other, period});
    if (line == NULL) fail_msg("no row %s %s %s %s", measure, area, other, period);
    return test_field(line, test_column(text, column));
}

static double number(const char *text, const char *measure, const char *area,
                     const char *other, const char *period, const char *column) {
    const char *seen = cell(text, measure, area, other, period, column);
    if (seen[0] == '\0') fail_msg("%s %s %s: no %s", measure, area, other, column);
    return strtod(seen, NULL);
}

/* ---- Surveys ---- */

static ps_survey_difference survey_difference(int wave, const char *here,
                                              const char *there) {
    double weight[DRAWN], answer[DRAWN];
    int32_t stratum[DRAWN], psu[DRAWN];
    size_t row[2][DRAWN], n[2] = {0, 0}, at = 0;
    for (int i = 0; i < DRAWN; i++) {
        weight[i] = weight_of(i);
        answer[i] = is_content(wave, i);
        stratum[i] = i % 2, psu[i] = i % 30;
        if (strchr(there, square_of(i)) != NULL) row[0][n[0]++] = (size_t)i;
        if (strchr(here, square_of(i)) != NULL) row[1][n[1]++] = (size_t)i;
    }
    const ps_survey_design design = {DRAWN, weight, stratum, psu, NULL, PS_LONELY_FAIL};
    const ps_survey_question q = {.statistic = PS_SURVEY_PROPORTION,
                                  .y = answer,
                                  .limits = PS_SURVEY_WILSON,
                                  .confidence = 0.95};
    ps_survey *survey;
    ps_survey_difference d;
    ps_error err = {.text = ""};
    assert_int_equal(ps_survey_create(&design, &survey, &at, &err), PS_OK);
    assert_int_equal(ps_survey_compare(survey, &q, n[0], row[0], n[1], row[1], &d, &err),
                     PS_OK);
    ps_survey_free(survey);
    return d;
}

static const struct {
    const char *area, *here, *other, *there, *overlap;
} pairs[] = {
    {"H", "A", "X", "ABC", "inside"}, {"H", "A", "Y", "BC", "apart"},
    {"H", "A", "M", "AB", "inside"},  {"G", "BC", "X", "ABC", "inside"},
    {"G", "BC", "M", "AB", "partly"},
};

static void surveys_are_two_domains(void **state) {
    (void)state;
    static const char *const years[] = {"2020/21", "2021/22"};
    char *text = comparisons();
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        ps_survey_difference d[2];
        for (int wave = 0; wave < 2; wave++) {
            d[wave] = survey_difference(wave, pairs[k].here, pairs[k].there);
            const struct {
                const char *column;
                double wanted;
            } columns[] = {{"value", 100 * d[wave].second.value.value},
                           {"comparator_value", 100 * d[wave].first.value.value},
                           {"difference", 100 * d[wave].difference.value},
                           {"difference_lower", 100 * d[wave].lower.value},
                           {"difference_upper", 100 * d[wave].upper.value},
                           {"p", d[wave].p.value}};
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
                test_near(number(text, "content", pairs[k].area, pairs[k].other,
                                 years[wave], columns[c].column),
                          columns[c].wanted, 1e-11);
            const char *verdict = cell(text, "content", pairs[k].area, pairs[k].other,
                                       years[wave], "verdict");
            assert_string_equal(verdict, d[wave].p.value >= 0.05 ? "no-clear-difference"
                                         : d[wave].difference.value > 0 ? "better"
                                                                        : "worse");
        }
        assert_string_equal(
            cell(text, "content", pairs[k].area, pairs[k].other, "2021/22", "overlap"),
            pairs[k].overlap);
        /* Two waves are independent. */
        const double change = d[1].difference.value - d[0].difference.value,
                     reach =
                         ps_normal_two_sided(0.95) * hypot(d[0].se.value, d[1].se.value);
        test_near(number(text, "content", pairs[k].area, pairs[k].other, "2021/22",
                         "gap_change"),
                  100 * change, 1e-11);
        test_near(number(text, "content", pairs[k].area, pairs[k].other, "2021/22",
                         "gap_lower"),
                  100 * (change - reach), 1e-11);
    }
    /* What was made so: fewer in A, and the gap closes. */
    assert_string_equal(cell(text, "content", "H", "Y", "2020/21", "verdict"), "worse");
    assert_true(number(text, "content", "H", "Y", "2021/22", "gap_change") > 0);
    free(text);
}

/* ---- Repeats ---- */

typedef struct repeated {
    ps_part part;
    double effect;
} repeated;

static repeated repeats_of(int year, const char *squares) {
    static int32_t victim[INCIDENTS];
    static ps_date day[INCIDENTS];
    static bool counted[INCIDENTS];
    ps_repeat r;
    ps_error err = {.text = ""};
    for (int i = 0; i < INCIDENTS; i++) {
        victim[i] = person_of(i), day[i] = day_of(i);
        counted[i] = strchr(squares, incident_square(i)) != NULL;
    }
    const ps_repeat_options options = {.from = {year, 4, 1},
                                       .to = {year + 1, 3, 31},
                                       .data_from = {2019, 1, 1},
                                       .window_days = 365,
                                       .same_day = true,
                                       .confidence = 0.95,
                                       .counted = counted};
    assert_int_equal(ps_repeat_of(INCIDENTS, victim, day, &options, &r, &err), PS_OK);
    assert_true(ps_value_ok(r.design_effect));
    return (repeated){{(double)r.repeats, (double)(r.incidents - r.unlinked)},
                      fmax(r.design_effect.value, 1)};
}

static ps_part part_over(ps_part p, double effect) {
    return (ps_part){p.x / effect, p.n / effect};
}

static void repeats_have_the_larger_effect(void **state) {
    (void)state;
    char *text = comparisons();
    int few = 0; /* without a p: the limits decide */
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        const repeated h = repeats_of(2021, pairs[k].here),
                       t = repeats_of(2021, pairs[k].there);
        const double effect = fmax(h.effect, t.effect);
        const bool inside = strcmp(pairs[k].overlap, "inside") == 0;
        const ps_part none = {0, 0}, rest = {t.part.x - (inside ? h.part.x : 0),
                                             t.part.n - (inside ? h.part.n : 0)};
        const ps_overlap parts = {inside ? none : part_over(h.part, effect),
                                  inside ? part_over(h.part, effect) : none,
                                  part_over(rest, effect)};
        const ps_gap g = ps_gap_of(PS_COMPARED_PROPORTIONS, &parts, 0.95);
        const char *area = pairs[k].area, *other = pairs[k].other;
        assert_true(number(text, "repeats", area, other, "2021/22", "numerator") ==
                    h.part.x);
        test_near(number(text, "repeats", area, other, "2021/22", "difference"),
                  100 * (h.part.x / h.part.n - t.part.x / t.part.n), 1e-11);
        if (strcmp(pairs[k].overlap, "partly") == 0) {
            assert_string_equal(
                cell(text, "repeats", area, other, "2021/22", "reason"),
                "no test: what the two areas have in common is not counted apart");
            assert_string_equal(cell(text, "repeats", area, other, "2021/22", "p"), "");
            continue;
        }
        test_near(number(text, "repeats", area, other, "2021/22", "rest"),
                  100 * rest.x / rest.n, 1e-11);
        if (ps_value_ok(g.p))
            test_near(number(text, "repeats", area, other, "2021/22", "p"), g.p.value,
                      1e-12);
        else
            few++;
        assert_string_equal(cell(text, "repeats", area, other, "2021/22", "verdict"),
                            "no-clear-difference");
        test_near(number(text, "repeats", area, other, "2021/22", "difference_lower"),
                  100 * g.lower.value, 1e-11);
        test_near(number(text, "repeats", area, other, "2021/22", "difference_upper"),
                  100 * g.upper.value, 1e-11);
    }
    assert_int_equal(few, 1);
    /* It matters here. */
    assert_true(repeats_of(2021, "A").effect > 1.1);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surveys_are_two_domains),
        cmocka_unit_test(repeats_have_the_larger_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
