/* R as an oracle: numbers in, a script, numbers out. */
#ifndef PS_TESTS_SUPPORT_R_H
#define PS_TESTS_SUPPORT_R_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

static inline bool test_r_is_there(void) {
    return system("Rscript --vanilla -e 0 >/dev/null 2>&1") == 0;
}

/* Run a script whose `d` is the matrix `in` of rows x columns and whose `out` is the
 * vector of n numbers that come back. */
static inline void test_r(const char *folder, const char *script, const double *in,
                          size_t rows, size_t columns, double *out, size_t n) {
    static const char head[] = "d <- as.matrix(read.table('in.txt'))\n";
    static const char tail[] =
        "\nwriteLines(formatC(as.numeric(out), digits = 17, format = 'g'), 'out.txt')\n";
    FILE *file = fopen(test_path(folder, "in.txt"), "w");
    assert_non_null(file);
    for (size_t i = 0; i < rows * columns; i++)
        fprintf(file, "%.17g%c", in[i], (i + 1) % columns == 0 ? '\n' : ' ');
    assert_int_equal(fclose(file), 0);
    file = fopen(test_path(folder, "script.R"), "w");
    assert_non_null(file);
    fprintf(file, "%s%s%s", head, script, tail);
    assert_int_equal(fclose(file), 0);
    char command[1200];
    snprintf(command, sizeof command,
             "cd '%s' && Rscript --vanilla script.R > log.txt 2>&1", folder);
    if (system(command) != 0) {
        char *log = test_file_read(test_path(folder, "log.txt"), NULL);
        fail_msg("R failed: %s", log == NULL ? "" : log);
    }
    file = fopen(test_path(folder, "out.txt"), "r");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        char text[64] = "";
        assert_int_equal(fscanf(file, "%63s", text), 1);
        out[i] = strcmp(text, "Inf") == 0 ? (double)INFINITY : strtod(text, NULL);
    }
    char more[4];
    assert_int_equal(fscanf(file, "%3s", more), EOF);
    assert_int_equal(fclose(file), 0);
}

/* Fail when ours and R's differ by more than a relative error; prints the largest. */
static inline void test_r_agrees(const char *what, const double *ours,
                                 const double *theirs, size_t n, double relative) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double scale = fabs(theirs[i]) > 1e-300 ? fabs(theirs[i]) : 1;
        double off = fabs(ours[i] - theirs[i]) / scale;
        if (!(off <= relative))
            fail_msg("%s: number %zu: %.17g, in R %.17g", what, i, ours[i], theirs[i]);
        if (off > largest) largest = off;
    }
    print_message("%s: %zu numbers, largest relative difference %.2g\n", what, n,
                  largest);
}

#endif
