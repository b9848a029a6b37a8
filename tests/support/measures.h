/* measures.csv of a job in a folder of its own. */
#ifndef PS_TESTS_SUPPORT_MEASURES_H
#define PS_TESTS_SUPPORT_MEASURES_H

#include "tests/support/outputs.h"
#include "tests/support/rows.h"

/* Three squares A, B and C beside each other, of a kilometre. */
#define TEST_SQUARE(code, x, x1)                                                   \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                       \
    "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" x ",400000],[" x1 \
    ",400000],[" x1 ",401000],[" x ",401000],[" x ",400000]]]}}"
/* clang-format off */
static const char test_squares[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":["
    TEST_SQUARE("A", "400000", "401000") ","
    TEST_SQUARE("B", "401000", "402000") ","
    TEST_SQUARE("C", "402000", "403000") "]}";
/* clang-format on */

static inline void test_text_write(const char *folder, const char *name,
                                   const char *text) {
    test_file_write(folder, name, text, strlen(text));
}

/* Run job.yaml of the folder, which holds squares.geojson then, and remove the folder;
 * freed with free. */
static inline char *test_measures(char *folder) {
    test_text_write(folder, "squares.geojson", test_squares);
    return test_output_of(folder, "measures.csv");
}

/* The cell of a measure's first row of an area and period. */
static inline const char *test_measure(const char *text, const char *measure,
                                       const char *area, const char *period,
                                       const char *column) {
    static const char *const names[4] = {"measure", "area_code", "period", "measure"};
    const char *const wanted[4] = {measure, area, period, measure};
    const char *row = test_row(text, names, wanted);
    if (row == NULL) fail_msg("no row %s %s %s in\n%s", measure, area, period, text);
    return test_field(row, test_column(text, column));
}

/* One cell of measures.csv; wanted NULL: there is no such row. */
typedef struct test_answer {
    const char *measure, *area, *period, *column, *wanted;
} test_answer;

static inline void test_answers(const char *text, const test_answer *list, size_t n) {
    static const char *const names[4] = {"measure", "area_code", "period", "measure"};
    int wrong = 0;
    for (const test_answer *a = list; a < list + n; a++) {
        const char *const row[4] = {a->measure, a->area, a->period, a->measure};
        const char *line = test_row(text, names, row), *seen = "no row",
                   *wanted = a->wanted != NULL ? a->wanted : "no row";
        if (line != NULL) seen = test_field(line, test_column(text, a->column));
        if (strcmp(seen, wanted) == 0) continue;
        print_error("%s %s %s %s: %s, expected %s\n", a->measure, a->area, a->period,
                    a->column, seen, wanted);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

#endif
