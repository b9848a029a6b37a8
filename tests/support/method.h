/* Methods on tables that stand in the test as text. */
#ifndef PS_TESTS_SUPPORT_METHOD_H
#define PS_TESTS_SUPPORT_METHOD_H

#include <stdio.h>
#include <string.h>

#include "indicators/method.h"
#include "tests/support/test.h"

enum { TEST_MOST_COLUMNS = 64, TEST_MOST_ARGUMENTS = 16 };

/* The cells of a line that ends at the next newline; text moves behind it. */
static inline size_t test_cells(const char **text, ps_str *cells) {
    size_t n = 0;
    const char *at = *text;
    for (;;) {
        size_t width = strcspn(at, ",\n");
        cells[n++] = (ps_str){at, width};
        at += width;
        if (*at != ',') break;
        at++;
    }
    *text = *at == '\n' ? at + 1 : at;
    return n;
}

/* A table of plain lines without quotes, the first one the header; row numbers count from
 * 1. */
static inline ps_status test_table(const char *text, ps_table **out, ps_error *err) {
    ps_str cells[TEST_MOST_COLUMNS];
    size_t n = test_cells(&text, cells);
    PS_TRY(ps_table_create("test.csv", cells, n, out, err));
    for (int64_t row = 1; *text != '\0'; row++) {
        assert_int_equal(test_cells(&text, cells), n);
        ps_status status = ps_table_add_row(*out, cells, row, err);
        if (status != PS_OK) {
            ps_table_free(*out);
            *out = NULL;
            return status;
        }
    }
    return PS_OK;
}

/* Run a method; arguments: "name=value name=value". */
static inline ps_status test_method(const char *id, const char *text,
                                    const char *arguments, ps_table **result,
                                    ps_error *err) {
    char copy[512];
    ps_method_argument list[TEST_MOST_ARGUMENTS];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", arguments);
    for (char *at = copy; *at != '\0' && n < TEST_MOST_ARGUMENTS;) {
        char *sign = strchr(at, '='), *end = at + strcspn(at, " ");
        assert_non_null(sign);
        if (*end != '\0') *end++ = '\0';
        *sign = '\0';
        list[n++] = (ps_method_argument){at, sign + 1};
        at = end;
    }
    const ps_method *method = ps_method_find(id);
    assert_non_null(method);
    ps_table *input;
    *result = NULL;
    PS_TRY(test_table(text, &input, err));
    ps_status status = ps_method_run(method, input, list, n, NULL, result, err);
    ps_table_free(input);
    return status;
}

/* The same, where it has to succeed. */
static inline ps_table *test_compute(const char *id, const char *text,
                                     const char *arguments) {
    ps_error err = {.text = ""};
    ps_table *result;
    if (test_method(id, text, arguments, &result, &err) != PS_OK)
        fail_msg("%s: %s", id, err.text);
    return result;
}

/* The same, where it has to fail and to say so. */
static inline void test_refused(const char *id, const char *text, const char *arguments,
                                ps_status status, const char *part) {
    ps_error err = {.text = ""};
    ps_table *result;
    assert_int_equal(test_method(id, text, arguments, &result, &err), status);
    assert_null(result);
    if (strstr(err.text, part) == NULL) fail_msg("'%s' is not in '%s'", part, err.text);
}

/* The text of a cell, good until the eighth call from now. */
static inline const char *test_cell(const ps_table *table, size_t row,
                                    const char *column) {
    static char texts[8][256];
    static int next;
    int at = -1;
    ps_error err = {.text = ""};
    if (ps_table_need_column(table, ps_str_of(column), &at, &err) != PS_OK)
        fail_msg("%s", err.text);
    assert_true(row < ps_table_rows(table));
    ps_str cell = ps_table_cell(table, row, (size_t)at);
    char *text = texts[next++ % 8];
    snprintf(text, sizeof texts[0], "%.*s", (int)cell.n, cell.n > 0 ? cell.p : "");
    return text;
}

static inline double test_value(const ps_table *table, size_t row, const char *column) {
    double value = 0;
    const char *text = test_cell(table, row, column);
    if (!ps_parse_double(ps_str_of(text), &value))
        fail_msg("row %zu: %s is '%s', not a number", row, column, text);
    return value;
}

/* For test_each_allocation_fails. */
typedef struct test_method_case {
    const char *id, *text, *arguments;
} test_method_case;

static inline ps_status test_method_step(void *context, ps_error *err) {
    const test_method_case *c = context;
    ps_table *result;
    ps_status status = test_method(c->id, c->text, c->arguments, &result, err);
    assert_true((status == PS_OK) == (result != NULL));
    ps_table_free(result);
    return status;
}

#endif
