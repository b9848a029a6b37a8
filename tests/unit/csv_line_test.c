/* Rows get the line in which people find them: behind a header, empty lines and line ends
 * in quotes. */
#include "engine/core/csv_line.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

static void row_is(const char *folder, const char *name, ps_header header, int64_t row,
                   const char *text) {
    const ps_row_text found = ps_csv_row_text_of(name, folder, header, row);
    assert_string_equal(found.text, text);
}

static char *with_file(const char *text) {
    char *folder = test_folder_make();
    test_file_write(folder, "t.csv", text, strlen(text));
    return folder;
}

static void lines_are_those_of_an_editor(void **state) {
    (void)state;
    char *folder =
        with_file("\xEF\xBB\xBF\"a\nb\",c\n1,2\r\n\n\"x\"\"\n,y\",z\r3,\"4\n\"\n5,6");
    row_is(folder, "t.csv", (ps_header){1, 1}, 1, "1, line 3");
    row_is(folder, "t.csv", (ps_header){0}, 2, "2, line 5");
    row_is(folder, "t.csv", (ps_header){1, 1}, 3, "3, line 7");
    row_is(folder, "t.csv", (ps_header){1, 1}, 4, "4, line 9");
    row_is(folder, "t.csv", (ps_header){1, 2}, 1, "1, line 5");
    row_is(folder, "t.csv", (ps_header){2, 1}, 1, "1, line 5");
    row_is(folder, "t.csv", (ps_header){1, 1}, 5, "5"); /* there is none */
    row_is(folder, "none.csv", (ps_header){1, 1}, 3, "3");
    test_folder_remove(folder);
}

static void quotes_inside_are_letters(void **state) {
    (void)state;
    char *folder = with_file("n;i\n5\";x\n\"a\"b\"\n;y\n;\"\"\nlast;1\n");
    row_is(folder, "t.csv", (ps_header){1, 1}, 2, "2, line 3");
    row_is(folder, "t.csv", (ps_header){1, 1}, 3, "3, line 4");
    row_is(folder, "t.csv", (ps_header){1, 1}, 5, "5, line 6");
    test_folder_remove(folder);
}

/* Of any text, made of what texts are made of. */
static void lines_are_those_of_the_keys(void **state) {
    (void)state;
    static const char *const part[] = {"a",  ",",    "\n", "\r\n", "\r",
                                       "\"", "\"\"", "b,", " "};
    uint64_t seed = 7;
    size_t compared = 0;
    for (int t = 0; t < 400; t++) {
        char text[400] = "key,x\n";
        for (int k = 0; k < 12; k++) {
            char row[60];
            snprintf(row, sizeof row, "k%d,", k);
            strcat(text, row);
            bool quoted = false;
            for (int i = 0; i < 4; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                const char *p = part[(seed >> 33) % 9];
                const bool end = strchr(p, '\n') != NULL || strchr(p, '\r') != NULL;
                if (i == 0 && *p == '"') quoted = true;
                if ((end || *p == ',') && !quoted) continue;
                if (i > 0 && *p == '"') continue;
                strcat(text, *p == '"' ? "\"" : p);
            }
            strcat(text, quoted ? "\"\n" : k % 3 == 0 ? "\r\n" : "\n");
        }
        char *folder = with_file(text);
        for (int k = 0; k < 12; k++) {
            char key[16], expected[60];
            snprintf(key, sizeof key, "k%d,", k);
            int line = 1;
            for (const char *p = text; p < strstr(text, key); p++)
                line += *p == '\n' || (*p == '\r' && p[1] != '\n');
            snprintf(expected, sizeof expected, "%d, line %d", k + 1, line);
            row_is(folder, "t.csv", (ps_header){1, 1}, k + 1, expected);
            compared++;
        }
        test_folder_remove(folder);
    }
    assert_int_equal(compared, 4800);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_those_of_an_editor),
        cmocka_unit_test(quotes_inside_are_letters),
        cmocka_unit_test(lines_are_those_of_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
