/* Small tables: rows kept as text, columns by name, numbers read on demand. */
#include "engine/core/table.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

static int make_folder(void **state) {
    *state = test_folder_make();
    return *state == NULL;
}

static int remove_folder(void **state) {
    test_folder_remove(*state);
    return 0;
}

static ps_table *one_column(const char *const *cells, size_t n) {
    ps_table *table;
    ps_error err;
    ps_str column = ps_str_of("All ages");
    assert_int_equal(ps_table_create("population.csv", &column, 1, &table, &err), PS_OK);
    for (size_t i = 0; i < n; i++) {
        ps_str cell = ps_str_of(cells[i]);
        assert_int_equal(ps_table_add_row(table, &cell, (int64_t)i + 7, &err), PS_OK);
    }
    return table;
}

static void rows_keep_their_text(void **state) {
    (void)state;
    ps_table *table;
    ps_error err;
    char code[] = "E01000001", name[] = "City";
    ps_str columns[] = {{"code", 4}, {"name", 4}, {"", 0}};
    assert_int_equal(ps_table_create("t", columns, 3, &table, &err), PS_OK);
    for (int i = 0; i < 1000; i++) {
        ps_str cells[] = {{code, 9}, {name, (size_t)i % 5}, {NULL, 0}};
        code[8] = (char)('0' + i % 10);
        assert_int_equal(ps_table_add_row(table, cells, i * 2, &err), PS_OK);
    }
    memset(code, 'x', 9);
    assert_string_equal(ps_table_name(table), "t");
    assert_int_equal(ps_table_rows(table), 1000);
    assert_int_equal(ps_table_columns(table), 3);
    assert_true(ps_str_is(ps_table_column_name(table, 1), "name"));
    assert_true(ps_str_is(ps_table_cell(table, 0, 0), "E01000000"));
    assert_true(ps_str_is(ps_table_cell(table, 999, 0), "E01000009"));
    assert_true(ps_str_is(ps_table_cell(table, 999, 1), "City"));
    assert_true(ps_str_is(ps_table_cell(table, 7, 1), "Ci"));
    assert_int_equal(ps_table_cell(table, 5, 2).n, 0);
    assert_int_equal(ps_table_row_in_file(table, 999), 1998);
    ps_table_free(table);
    ps_table_free(NULL);
}

static void columns_are_found_as_published(void **state) {
    (void)state;
    ps_table *table;
    ps_error err;
    ps_str columns[] = {ps_str_of("Index of  Multiple Deprivation"), ps_str_of("Rank"),
                        ps_str_of("rank")};
    assert_int_equal(ps_table_create("File_7.csv", columns, 3, &table, &err), PS_OK);
    int at;
    assert_int_equal(ps_table_need_column(
                         table, ps_str_of("index of multiple deprivation"), &at, &err),
                     PS_OK);
    assert_int_equal(at, 0);
    assert_int_equal(ps_table_need_column(table, ps_str_of("rank"), &at, &err), PS_OK);
    assert_int_equal(at, 2);
    assert_int_equal(ps_table_need_column(table, ps_str_of("RANK"), &at, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "more than one"));
    assert_int_equal(ps_table_need_column(table, ps_str_of("Ranks"), &at, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "File_7.csv has no column 'Ranks'"));
    assert_non_null(strstr(err.text, "the nearest is 'Rank'"));
    ps_table_free(table);
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1", 1},
                {" 2.5 ", 2.5},
                {"-3e2", -300},
                {"1,234", 1234},
                {"-12,345.6", -12345.6},
                {"1,234,567", 1234567},
                {"\xC2\xA0"
                 "7",
                 7},
                {"+1,000", 1000},
                {"0,123", 123}};
    static const char *const gaps[] = {"",   "  ",  "-",   "..",  ":",   "*",  "n/a",
                                       "NA", "N/A", "[x]", "[z]", "[c]", "[X]"};
    static const char *const bad[] = {
        "1,23", "12,34,567", "1234,567", ",123", "1,234,", "1,234.5,6", "abc", "1 2",
        "--",   "#N/A",      "0x10",     "nan",  "inf",    "5%",        "[q]"};
    double value;
    bool missing;
    ps_error err;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ps_table *table = one_column(&good[i].text, 1);
        assert_int_equal(ps_table_number(table, 0, 0, &value, &missing, &err), PS_OK);
        assert_false(missing);
        assert_true(value == good[i].value);
        ps_table_free(table);
    }
    size_t n = sizeof gaps / sizeof *gaps;
    ps_table *table = one_column(gaps, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ps_table_number(table, i, 0, &value, &missing, &err), PS_OK);
        assert_true(missing);
        assert_true(value == 0);
    }
    ps_table_free(table);
    n = sizeof bad / sizeof *bad;
    table = one_column(bad, n);
    for (size_t i = 0; i < n; i++) {
        char row[32];
        snprintf(row, sizeof row, "row %zu,", i + 7);
        assert_int_equal(ps_table_number(table, i, 0, &value, &missing, &err), PS_FORMAT);
        assert_non_null(strstr(err.text, "population.csv"));
        assert_non_null(strstr(err.text, row));
        assert_non_null(strstr(err.text, "'All ages'"));
        assert_non_null(strstr(err.text, bad[i]));
    }
    ps_table_free(table);
}

typedef struct told {
    int times;
    char text[400];
} told;

static void keep_sentence(void *context, ps_talk_level level, const char *sentence) {
    told *heard = context;
    (void)level;
    heard->times++;
    snprintf(heard->text, sizeof heard->text, "%s", sentence);
}

static int stop_at_once(void *context, const char *phase, double done, double total) {
    (void)context;
    assert_true(phase[0] != '\0' && done <= total);
    return 1;
}

static void write_text(const char *folder, const char *name, const char *text) {
    assert_non_null(test_file_write(folder, name, text, strlen(text)));
}

static void files_are_read_whole(void **state) {
    const char *folder = *state;
    ps_table *table;
    ps_error err;
    write_text(folder, "a.csv", "Notes\ncode;name;all\n1;\"x;y\";3\n2;\n3;z;4;\n");
    told heard = {0, ""};
    ps_talk talk = {.say = keep_sentence, .context = &heard};
    assert_int_equal(ps_table_read_csv("a.csv", folder, (ps_header){2, 1}, NULL, 0, &talk,
                                       &table, &err),
                     PS_OK);
    assert_int_equal(ps_table_columns(table), 3);
    assert_int_equal(ps_table_rows(table), 3);
    assert_true(ps_str_is(ps_table_cell(table, 0, 1), "x;y"));
    assert_int_equal(ps_table_cell(table, 1, 2).n, 0);
    assert_true(ps_str_is(ps_table_cell(table, 2, 2), "4"));
    assert_int_equal(ps_table_row_in_file(table, 2), 3);
    assert_string_equal(ps_table_name(table), "a.csv");
    assert_int_equal(heard.times, 1);
    assert_non_null(strstr(heard.text, "1 rows have fewer fields"));
    ps_table_free(table);
    ps_str chosen[] = {ps_str_of("ALL"), ps_str_of("code")};
    assert_int_equal(ps_table_read_csv("a.csv", folder, (ps_header){2, 1}, chosen, 2,
                                       NULL, &table, &err),
                     PS_OK);
    assert_int_equal(ps_table_columns(table), 2);
    assert_true(ps_str_is(ps_table_column_name(table, 0), "all"));
    assert_true(ps_str_is(ps_table_cell(table, 0, 0), "3"));
    ps_table_free(table);
    chosen[0] = ps_str_of("cod");
    assert_int_equal(ps_table_read_csv("a.csv", folder, (ps_header){2, 1}, chosen, 2,
                                       NULL, &table, &err),
                     PS_CONFIG);
    assert_null(table);
    assert_int_equal(ps_table_read_csv("b.csv", folder, (ps_header){0, 1}, NULL, 0, NULL,
                                       &table, &err),
                     PS_INPUT);
    assert_null(table);
    talk.progress = stop_at_once;
    assert_int_equal(ps_table_read_csv("a.csv", folder, (ps_header){2, 1}, NULL, 0, &talk,
                                       &table, &err),
                     PS_INTERRUPTED);
    assert_null(table);
    write_text(folder, "b.csv", "code,name\n1,Barnsley\n2,Bolton, Greater Manchester\n");
    assert_int_equal(ps_table_read_csv("b.csv", folder, (ps_header){0, 1}, NULL, 0, NULL,
                                       &table, &err),
                     PS_FORMAT);
    assert_non_null(
        strstr(err.text, "row 2, line 3 has 3 fields where the header has 2"));
    assert_null(table);
    assert_int_equal(ps_table_read_marked("b.csv", folder, (ps_header){0, 1}, NULL, 0,
                                          NULL, &table, &err),
                     PS_OK);
    assert_false(ps_table_row_is_long(table, 0));
    assert_true(ps_table_row_is_long(table, 1));
    ps_table *some;
    assert_int_equal(ps_table_create_of(table, chosen, 1, &some, &err), PS_OK);
    assert_int_equal(ps_table_add_row(some, chosen, 2, &err), PS_OK);
    assert_int_equal(ps_table_add_row(some, chosen, 1, &err), PS_OK);
    assert_true(ps_table_row_is_long(some, 0));
    assert_false(ps_table_row_is_long(some, 1));
    ps_table_free(some);
    ps_table_free(table);
    /* Where all rows are so, it is the header. */
    write_text(folder, "b.csv", "code,name\n1,1,Barnsley\n2,2,Bolton\n");
    assert_int_equal(ps_table_read_marked("b.csv", folder, (ps_header){0, 1}, NULL, 0,
                                          NULL, &table, &err),
                     PS_FORMAT);
    assert_non_null(
        strstr(err.text, "row 1, line 2 has 3 fields where the header has 2"));
    assert_null(table);
    assert_int_equal(ps_table_read_csv("*.csv", folder, (ps_header){0, 1}, NULL, 0, NULL,
                                       &table, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "names 2 files"));
    assert_null(table);
}

static ps_status read_step(void *context, ps_error *err) {
    ps_table *table;
    ps_str chosen[] = {ps_str_of("b")};
    ps_status status = ps_table_read_csv("a.csv", context, (ps_header){0, 1}, chosen, 1,
                                         NULL, &table, err);
    assert_int_equal(table == NULL, status != PS_OK);
    if (status == PS_OK) assert_int_equal(ps_table_rows(table), 30);
    ps_table_free(table);
    return status;
}

static void allocation_failures_leave_nothing(void **state) {
    char text[200] = "a,b\n";
    for (int i = 0; i < 30; i++) strcat(text, "1,2\n");
    write_text(*state, "a.csv", text);
    assert_true(test_each_allocation_fails(read_step, *state) > 20);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_their_text),
        cmocka_unit_test(columns_are_found_as_published),
        cmocka_unit_test(numbers),
        IN_FOLDER(files_are_read_whole),
        IN_FOLDER(allocation_failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
