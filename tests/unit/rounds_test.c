/* Rounds of engagement: a round is in a period with all of its answers or with none.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/measures.h"

static const char job[] =
    "areas: [{id: square, file: squares.geojson, code: code}]\n"
    "records: [{id: talks, file: talks.csv, areas: square, code: square, date: day}]\n"
    "periods: [2021/22, 12m@2022-05, 2022/23]\n"
    "framework: plan.yaml\n"
    "data:\n"
    "  - {id: talks, input: talks, columns: [{id: round, column: round}, {id: theme, "
    "column: theme}, {id: score, column: score}]}\n";

#define WHERE "where: [{column: theme, is: [feeling-safe]}], latest: round}"

static const char plan[] =
    "id: plan\ntitle: P\ngeographies: [{id: square, title: S}]\n"
    "data: [{id: talks, kind: scores, title: T, columns: [{id: round, role: round}, {id: "
    "theme, role: theme}, {id: score, role: score}]}]\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n"
    "  - {id: safe, priority: all, title: T, why: W, disclosure: public, unit: p, "
    "method: "
    "place_standard, polarity: higher-better, geographies: [square],\n"
    "     table: {rows: records, of: talks, earlier: true, columns: [{name: place, key: "
    "area}, {name: round, column: round}, {name: theme, column: theme}, {name: score, "
    "column: score}]},\n"
    "     result: {value: mean, denominator: n, " WHERE
    "}\n"
    "  - {id: safer, priority: all, title: T, why: W, disclosure: public, unit: p, "
    "method: "
    "place_standard, polarity: higher-better, geographies: [square], same_table_as: "
    "safe,\n"
    "     result: {value: change, denominator: n, " WHERE "}\n";

/* In A five people in the first round; six in the second, half of them in the next year.
 * In B the second round was over in time. In C there is but one, which was not. */
static const char talks[] =
    "square,day,round,theme,score\n"
    "A,2021-05-01,1,feeling-safe,4\nA,2021-05-01,1,feeling-safe,4\n"
    "A,2021-05-01,1,feeling-safe,4\nA,2021-05-01,1,feeling-safe,3\n"
    "A,2021-05-01,1,feeling-safe,5\n"
    "A,2022-03-30,2,feeling-safe,7\nA,2022-03-30,2,feeling-safe,7\n"
    "A,2022-03-31,2,feeling-safe,6\nA,2022-04-01,2,feeling-safe,1\n"
    "A,2022-05-02,2,feeling-safe,1\nA,2022-06-02,2,moving-around,1\n"
    "A,2022-04-02,2,feeling-safe,2\n"
    "B,2022-03-30,2,feeling-safe,7\nB,2022-03-30,2,feeling-safe,5\n"
    "C,2022-03-30,2,feeling-safe,7\nC,2022-04-30,2,feeling-safe,5\n";

static const test_answer answers[] = {
    {"safe", "A", "2021/22", "value", "4"},
    {"safe", "A", "2021/22", "denominator", "5"},
    {"safe", "A", "2021/22", "reason", "round 1; round 2 goes on after the period"},
    /* The answers to the theme were all in, those to another were not. */
    {"safe", "A", "12m@2022-05", "denominator", "5"},
    {"safe", "A", "2022/23", "value", "4"},
    {"safe", "A", "2022/23", "denominator", "6"},
    {"safe", "A", "2022/23", "reason", "round 2"},
    {"safer", "A", "2021/22", "value", ""},
    {"safer", "A", "2022/23", "value", "0"},
    {"safe", "B", "2021/22", "value", "6"},
    {"safe", "B", "2021/22", "reason", "round 2"},
    {"safe", "C", "2021/22", "value", ""},
    {"safe", "C", "2021/22", "reason",
     "there are no rows; round 2 goes on after the period"},
    {"safe", "C", "2022/23", "value", "6"},
};

static void a_round_is_whole_or_not_at_all(void **state) {
    (void)state;
    char *folder = test_folder_make();
    test_text_write(folder, "job.yaml", job);
    test_text_write(folder, "plan.yaml", plan);
    test_text_write(folder, "talks.csv", talks);
    char *text = test_measures(folder);
    test_answers(text, answers, sizeof answers / sizeof *answers);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_is_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
