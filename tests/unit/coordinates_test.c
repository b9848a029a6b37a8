/* Plain coordinates come out as strtod reads them, all other texts as NAN, whatever the
 * processor has. */
#include "engine/core/coordinates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

enum { TEXTS = 40000, LONGEST = 24 };

typedef bool read_fn(size_t n, const ps_str *text, size_t stride, double *out);

/* The form that coordinates.h names, seen character by character. */
static bool is_plain(ps_str text) {
    size_t i = text.n > 0 && text.p[0] == '-', whole = 0, fraction = 0;
    const size_t n = text.n - i;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) whole++;
    if (i == text.n || text.p[i++] != '.') return false;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) fraction++;
    return i == text.n && whole >= 1 && whole <= 7 && fraction >= 1 && fraction <= 8 &&
           n >= 8 && n <= 16;
}

static void *room(size_t n, size_t size) {
    void *array = malloc(n * size);
    assert_non_null(array);
    return array;
}

static void assert_read(read_fn *read, size_t n, size_t stride, const ps_str *text) {
    double *out = room(n + 1, sizeof *out);
    out[n] = 77;
    assert_true(read(n, text, stride, out));
    for (size_t i = 0; i < n; i++) {
        const ps_str t = text[i * stride];
        char copy[64];
        snprintf(copy, sizeof copy, "%.*s", (int)t.n, t.p);
        const double expected = is_plain(t) ? strtod(copy, NULL) : (double)NAN;
        if (isnan(expected) ? !isnan(out[i])
                            : memcmp(&expected, &out[i], sizeof expected) != 0)
            fail_msg("\"%s\" was read as %.17g, expected %.17g", copy, out[i], expected);
    }
    assert_true(out[n] == 77);
    free(out);
}

/* Numbers of every number of digits, and texts that one character spoils. */
static size_t write_text(uint64_t *random, char *out) {
    static const char spoils[] = "-+. eE:/,\0\xC3";
    size_t n = 0;
    if (test_random_below(random, 2) == 0) out[n++] = '-';
    const size_t whole = test_random_below(random, 9);
    const size_t fraction = test_random_below(random, 10);
    for (size_t i = 0; i < whole; i++)
        out[n++] = (char)('0' + test_random_below(random, 10));
    if (test_random_below(random, 20) != 0) out[n++] = '.';
    for (size_t i = 0; i < fraction; i++)
        out[n++] = (char)('0' + test_random_below(random, 10));
    if (n > 0 && test_random_below(random, 3) == 0)
        out[test_random_below(random, n)] =
            spoils[test_random_below(random, sizeof spoils - 1)];
    return n;
}

static void assert_reads(read_fn *read) {
    uint64_t random = 4711;
    /* Each text alone in memory, so that reading beyond it is seen. */
    ps_str *text = room(TEXTS, sizeof *text);
    size_t plain = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        char buffer[LONGEST];
        const size_t n = write_text(&random, buffer);
        char *own = room(n + (n == 0), 1);
        memcpy(own, buffer, n);
        text[i] = (ps_str){own, n};
        plain += is_plain(text[i]);
    }
    assert_true(plain > TEXTS / 5 && plain < TEXTS - TEXTS / 5);
    assert_read(read, TEXTS, 1, text);
    assert_read(read, TEXTS / 3, 3, text);
    for (size_t n = 0; n < 20; n++) assert_read(read, n, 2, text + n);
    for (size_t i = 0; i < TEXTS; i++) free((void *)(uintptr_t)text[i].p);
    free(text);
}

static bool read_by_any(size_t n, const ps_str *text, size_t stride, double *out) {
    ps_coordinates_read(n, text, stride, out);
    return true;
}

static void by_plain_c(void **state) {
    (void)state;
    assert_reads(ps_coordinates_read_plain);
    assert_reads(read_by_any);
}

static void by_avx2(void **state) {
    (void)state;
    if (ps_coordinates_read_avx2(0, NULL, 1, NULL)) {
        assert_reads(ps_coordinates_read_avx2);
    } else {
        print_message("this processor has no AVX2\n");
        skip();
    }
}

static void by_avx512(void **state) {
    (void)state;
    if (ps_coordinates_read_avx512(0, NULL, 1, NULL)) {
        assert_reads(ps_coordinates_read_avx512);
    } else {
        print_message("this processor has no AVX-512\n");
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_plain_c),
                                       cmocka_unit_test(by_avx2),
                                       cmocka_unit_test(by_avx512)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
