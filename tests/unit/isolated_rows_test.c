/* Rows of months that stand alone: told, counted by themselves, in no period, no part of
 * what disclosure control looks at, and refused in strict mode. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/measures.h"

/* Four calls a month in A, except three in the last month; thirty months. One more of A
 * is dated 2052, and the only one of C. */
static void write_calls(const char *folder) {
    char text[8192] = "day,e,n\n";
    size_t n = strlen(text);
    for (int m = 0; m < 30; m++)
        for (int k = 0; k < (m == 29 ? 3 : 6); k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%d-%02d-05,400500,400500\n",
                                  2020 + m / 12, m % 12 + 1);
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "2052-06-05,400500,400500\n2052-06-06,402500,400500\n");
    assert_true(n < sizeof text);
    test_text_write(folder, "calls.csv", text);
}

static char *make_folder(const char *class) {
    char *folder = test_folder_make(), job[1024];
    snprintf(job, sizeof job,
             "areas: [{id: square, file: squares.geojson, code: code}]\n"
             "points: [{id: calls, files: [calls.csv], crs: 'EPSG:27700', x: e, y: n, "
             "date: day, disclosure: %s}]\n"
             "series: [{id: calls, title: C, data: calls}]\n"
             "periods: [2020-01..2022-06, 2022-05, 2022-06]\n",
             class);
    test_text_write(folder, "squares.geojson", test_squares);
    test_text_write(folder, "job.yaml", job);
    write_calls(folder);
    return folder;
}

/* The value and status of an area and period. */
static void is(const char *text, const char *area, const char *period, const char *value,
               const char *status) {
    static const char *const names[4] = {"area_code", "period", "indicator", "indicator"};
    const char *const wanted[4] = {area, period, "calls", "calls"};
    const char *row = test_row(text, names, wanted);
    if (row == NULL) fail_msg("no row %s %s in\n%s", area, period, text);
    assert_string_equal(test_field(row, test_column(text, "value")), value);
    assert_string_equal(test_field(row, test_column(text, "status")), status);
}

static void they_are_counted_by_themselves(void **state) {
    (void)state;
    char *folder = make_folder("public");
    ps_error err = {.text = ""};
    test_warned h;
    if (test_run(folder, false, &h, &err) != PS_OK) fail_msg("%s", err.text);
    if (strstr(
            h.text,
            "calls: 2 rows are dated far from all others, which are of 2020-01 to "
            "2022-06, and count in no period (calls.csv, row 178, line 179: 2052-06; ") ==
        NULL)
        fail_msg("%s", h.text);
    char *accounting = test_text_of(folder, "accounting.txt");
    if (strstr(accounting,
               "calls: 2 of the rows are dated far from all others and count "
               "in no period\n") == NULL)
        fail_msg("%s", accounting);
    char *manifest = test_text_of(folder, "out/manifest.json");
    assert_non_null(strstr(manifest, "\"isolated_rows\": 2"));
    assert_non_null(strstr(manifest, "\"last_month\": \"2022-06\""));
    char *figures = test_text_of(folder, "out/indicators.csv");
    is(figures, "A", "2020-01..2022-06", "177", "ok");
    is(figures, "A", "2022-06", "3", "ok");
    is(figures, "C", "2020-01..2022-06", "", "missing");
    free(figures), free(manifest), free(accounting);
    test_folder_remove(folder);
}

/* Three rows of a month do not become more by one of another time, nor is it told how
 * many there are: with the rows located it would say how many all months have. */
static void they_are_no_part_of_the_release(void **state) {
    (void)state;
    char *folder = make_folder("council");
    ps_error err = {.text = ""};
    test_warned h;
    if (test_run(folder, false, &h, &err) != PS_OK) fail_msg("%s", err.text);
    char *manifest = test_text_of(folder, "out/manifest.json");
    assert_non_null(strstr(manifest, "\"proved\""));
    assert_null(strstr(manifest, "isolated_rows"));
    char *figures = test_text_of(folder, "out/indicators.csv");
    is(figures, "A", "2022-05", "6", "ok");
    is(figures, "A", "2022-06", "", "suppressed");
    free(figures), free(manifest);
    test_folder_remove(folder);
}

static void strict_refuses_them(void **state) {
    (void)state;
    char *folder = make_folder("public");
    ps_error err = {.text = ""};
    test_warned h;
    assert_int_equal(test_run(folder, true, &h, &err), PS_GATE);
    if (strstr(err.text, "calls: 2 rows are dated far from all others") == NULL ||
        strstr(err.text, "row 178, line 179") == NULL)
        fail_msg("%s", err.text);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_counted_by_themselves),
        cmocka_unit_test(they_are_no_part_of_the_release),
        cmocka_unit_test(strict_refuses_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
