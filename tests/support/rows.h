/* Cells of a CSV text that a test has read: by the names of columns. */
#ifndef PS_TESTS_SUPPORT_ROWS_H
#define PS_TESTS_SUPPORT_ROWS_H

#include <string.h>

#include "tests/support/test.h"

/* Field k of a line, without quotes; good until the 32nd call from now. */
static inline const char *test_field(const char *line, int k) {
    static char kept[32][512];
    static int turn;
    char *out = kept[turn = (turn + 1) % 32];
    size_t n = 0;
    bool quoted = false;
    for (const char *p = line; *p != '\0' && *p != '\n' && k >= 0; p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == ',' && !quoted)
            k--;
        else if (k == 0 && n + 1 < sizeof kept[0])
            out[n++] = *p;
    }
    out[n] = '\0';
    return out;
}

/* The place of a column. */
static inline int test_column(const char *text, const char *name) {
    for (int k = 0; k < 64; k++)
        if (strcmp(test_field(text, k), name) == 0) return k;
    fail_msg("no column %s", name);
    return -1;
}

/* The first line in which four columns have these texts; NULL: there is none. */
static inline const char *test_row(const char *text, const char *const columns[4],
                                   const char *const wanted[4]) {
    int at[4];
    for (int k = 0; k < 4; k++) at[k] = test_column(text, columns[k]);
    for (const char *line = text; *line != '\0';) {
        int k = 0;
        while (k < 4 && strcmp(test_field(line, at[k]), wanted[k]) == 0) k++;
        if (k == 4) return line;
        line += strcspn(line, "\n");
        line += *line != '\0';
    }
    return NULL;
}

/* Every row has every column. */
static inline void test_rows_are_whole(const char *text) {
    int columns = 1;
    for (const char *p = text; *p != '\n'; p++) columns += *p == ',';
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        int seen = 1;
        bool quoted = false;
        for (const char *p = line; *p != '\n'; p++) {
            if (*p == '"') quoted = !quoted;
            seen += *p == ',' && !quoted;
        }
        assert_int_equal(seen, columns);
    }
}

#endif
