/* Numbers against strtod on every kind of decimal text, dates in all forms, encodings
 * byte by byte.
 */
#include "engine/core/text.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

static ps_str str(const char *text) {
    return ps_str_of(text);
}

static void views_compare_by_bytes(void **state) {
    (void)state;
    assert_int_equal(ps_str_of(NULL).n, 0);
    assert_true(ps_str_eq((ps_str){NULL, 0}, str("")));
    assert_true(ps_str_is(str("abc"), "abc"));
    assert_false(ps_str_is(str("abc"), "abd"));
    assert_false(ps_str_is(str("abc"), "ab"));
    assert_true(ps_str_cmp(str("E01"), str("E02")) < 0);
    assert_true(ps_str_cmp(str("E01"), str("E011")) < 0);
    assert_true(ps_str_cmp(str("E01"), str("E01")) == 0);
    assert_true(ps_str_cmp(str("\xC3\xA9"), str("z")) > 0);
    assert_true(ps_str_cmp((ps_str){NULL, 0}, str("")) == 0);
}

static void endings_are_found_in_either_case(void **state) {
    (void)state;
    assert_true(ps_str_ends_with(str("crime.CSV"), ".csv"));
    assert_true(ps_str_ends_with(str(".zip"), ".ZIP"));
    assert_true(ps_str_ends_with(str("a"), ""));
    assert_true(ps_str_ends_with(str(""), ""));
    assert_false(ps_str_ends_with(str("csv"), ".csv"));
    assert_false(ps_str_ends_with(str("a.csv.gz"), ".csv"));
    /* Other letters and signs are not folded. */
    assert_false(ps_str_ends_with(str("a\xc3\x84"), "\xc3\xa4"));
    assert_false(ps_str_ends_with(str("a["), "{"));
}

static void trimming_knows_both_no_break_spaces(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {" ", ""},
        {" \ta b\t ", "a b"},
        {"\xC2\xA0x\xC2\xA0", "x"},
        {"\xA0x\xA0", "x"},
        {"\xA0", ""},
        {"\xA0\xA0 x \xA0\xA0", "x"},
        {"x\xA0\xA0\xA0\xA0\xA0", "x"},
        {"voil\xC3\xA0", "voil\xC3\xA0"},         /* a grave ends in 0xA0 */
        {"\xE2\xA0\xA0", "\xE2\xA0\xA0"},         /* a Braille sign */
        {"\xF0\x9F\x98\xA0", "\xF0\x9F\x98\xA0"}, /* an angry face */
        {"\r\n", "\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ps_str got = ps_str_trim(str(cases[i][0]));
        if (!ps_str_is(got, cases[i][1]))
            fail_msg("case %zu: %.*s", i, (int)got.n, got.p);
    }
}

/* What the text means, said in a second way: a pattern by hand, the value by strtod. */
static bool reference(const char *text, double *out) {
    const char *p = text;
    if (*p == '+' || *p == '-') p++;
    size_t whole = strspn(p, "0123456789");
    p += whole;
    size_t part = 0;
    if (*p == '.') part = strspn(++p, "0123456789");
    p += part;
    if (whole + part == 0) return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-') p++;
        size_t digits = strspn(p, "0123456789");
        if (digits == 0) return false;
        p += digits;
    }
    if (*p != '\0') return false;
    *out = strtod(text, NULL);
    return isfinite(*out);
}

static void check_number(const char *text) {
    double expected = 0, seen = 12345;
    bool right = reference(text, &expected);
    /* A copy without NUL behind it, so that reading on is seen. */
    size_t n = strlen(text);
    char *bare = malloc(n > 0 ? n : 1);
    assert_non_null(bare);
    memcpy(bare, text, n);
    bool taken = ps_parse_double((ps_str){bare, n}, &seen);
    free(bare);
    if (taken != right) fail_msg("\"%.80s\" %s", text, right ? "refused" : "taken");
    if (taken && memcmp(&seen, &expected, sizeof seen) != 0)
        fail_msg("\"%.80s\": %a, expected %a", text, seen, expected);
}

static void numbers_are_those_of_strtod(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "0",
        "-0",
        "+0",
        "1",
        "-1",
        "+1",
        ".5",
        "5.",
        ".",
        "-",
        "+",
        "-.",
        "e5",
        "1e",
        "1e+",
        "1e5",
        "1E-5",
        "1e+05",
        "1.e3",
        ".1e1",
        "1e400",
        "-1e400",
        "1e-400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e99999999999999999999",
        "inf",
        "nan",
        "INF",
        "-inf",
        "0x10",
        "1,5",
        "1 ",
        " 1",
        "1_000",
        "--1",
        "1.2.3",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0000000000000000001",
        "9007199254740992.99999999999999999999",
        "179769313486231580793e289",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789012345678",
        "999999999999999999",
        "1000000000000000000",
        "0.000000000000000000000000000000000000000000000001",
        "100000000000000000000000",
        "0.1",
        "0.2",
        "0.3",
        "51.4545",
        "-0.98765",
        "430000.5",
        "1e0000000000000000001"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check_number(cases[i]);
    double value;
    assert_false(ps_parse_double((ps_str){NULL, 0}, &value));
    assert_false(ps_parse_double((ps_str){"1\0", 2}, &value));
}

static void random_decimals_are_those_of_strtod(void **state) {
    (void)state;
    uint64_t seed = 1;
    char text[128];
    for (int round = 0; round < 100000; round++) {
        size_t n = 0;
        if (test_random_below(&seed, 3) == 0) text[n++] = "+-"[test_random(&seed) & 1];
        size_t whole = test_random_below(&seed, 24), part = test_random_below(&seed, 24);
        for (size_t i = 0; i < whole; i++)
            text[n++] = (char)('0' + test_random_below(&seed, 10));
        if (part > 0) text[n++] = '.';
        bool zeros = test_random_below(&seed, 4) == 0;
        for (size_t i = 0; i < part; i++) {
            bool zero = zeros && i < part / 2;
            text[n++] = (char)('0' + (zero ? 0 : test_random_below(&seed, 10)));
        }
        text[n] = '\0';
        if (test_random_below(&seed, 3) == 0)
            snprintf(text + n, sizeof text - n, "%c%d", "eE"[test_random(&seed) & 1],
                     (int)test_random_below(&seed, 700) - 350);
        check_number(text);
    }
}

/* Random bytes from the alphabet of numbers: mostly not numbers at all. */
static void random_texts_are_taken_or_refused_as_they_should(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 100000; round++) {
        char text[12];
        size_t n = test_random_below(&seed, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = "00123459..eE+-x "[test_random_below(&seed, 16)];
        text[n] = '\0';
        check_number(text);
    }
}

/* The exact middle of two positive numbers as text: their decimal expansions, added and
 * halved by hand. The length. */
static size_t middle_text(double low, double high, char *text, size_t size) {
    enum { DECIMALS = 1100 };
    static char a[1600], b[1600];
    int n = snprintf(a, sizeof a, "%.*f", DECIMALS, low);
    int more = snprintf(b, sizeof b, "%.*f", DECIMALS, high) - n;
    assert_true(more >= 0 && (size_t)(n + more) < sizeof a && (size_t)(n + more) < size);
    memmove(a + more, a, (size_t)n + 1);
    memset(a, '0', (size_t)more);
    n += more;
    char sum[1600];
    int carry = 0;
    for (int i = n; i-- > 0;) {
        sum[i] = b[i];
        if (b[i] == '.') continue;
        int digit = a[i] - '0' + b[i] - '0' + carry;
        carry = digit / 10;
        sum[i] = (char)('0' + digit % 10);
    }
    int left = carry; /* of the digit before, to be halved with this one */
    for (int i = 0; i < n; i++) {
        text[i] = sum[i];
        if (sum[i] == '.') continue;
        int digit = left * 10 + sum[i] - '0';
        text[i] = (char)('0' + digit / 2);
        left = digit % 2;
    }
    text[n] = '\0';
    return (size_t)n;
}

/* The exact middle between two doubles, cut and extended: the hardest to round. */
static void half_way_texts_round_right(void **state) {
    (void)state;
    uint64_t seed = 3;
    static char text[4096];
    for (int round = 0; round < 3000; round++) {
        uint64_t bits = test_random(&seed) >> 1;
        if (round % 3 == 0) bits >>= 11 + test_random_below(&seed, 52); /* subnormal */
        double low, high;
        memcpy(&low, &bits, sizeof low);
        bits++;
        memcpy(&high, &bits, sizeof high);
        if (!isfinite(low) || !isfinite(high)) continue;
        size_t n = middle_text(low, high, text, sizeof text - 8);
        check_number(text);
        memcpy(text + n, "1", 2);
        check_number(text);
        size_t cut = n - 1 - test_random_below(&seed, 300);
        text[cut] = '\0';
        check_number(text);
    }
    /* Digits that only matter far behind the ones that are kept. */
    static char far[40000];
    memset(far, '0', sizeof far);
    memcpy(far, "9007199254740993.", 17);
    far[sizeof far - 2] = '1';
    far[sizeof far - 1] = '\0';
    check_number(far);
    far[sizeof far - 2] = '0';
    check_number(far);
    memset(far, '0', sizeof far);
    memcpy(far, "0.", 2);
    memcpy(far + sizeof far - 10, "1e39990", 8);
    check_number(far);
    memset(far, '7', sizeof far - 1);
    memcpy(far + sizeof far - 8, "e-39900", 8);
    check_number(far);
}

static void check_format(double value) {
    char text[32];
    memset(text, '#', sizeof text);
    ps_format_double(value, text);
    const char *end = memchr(text, '\0', sizeof text);
    assert_non_null(end);
    double back = strtod(text, NULL);
    if (back != value) fail_msg("%a gives %s", value, text);
    if (strspn(text, "-.0123456789e+") != strlen(text)) fail_msg("%s", text);
    double size = fabs(value);
    bool exponent = strchr(text, 'e') != NULL;
    if (exponent != (size != 0 && (size < 1e-7 || size >= 1e17))) fail_msg("%s", text);
    /* No text with one digit less reads back: count significant digits. */
    char digits[32];
    size_t n = 0;
    for (const char *p = text; *p != '\0' && *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9' && (n > 0 || *p != '0')) digits[n++] = *p;
    }
    while (n > 0 && digits[n - 1] == '0') n--;
    if (n <= 1) return;
    char shorter[48];
    snprintf(shorter, sizeof shorter, "%.*e", (int)n - 2, value);
    if (strtod(shorter, NULL) == value) fail_msg("%s although %s", text, shorter);
    if (!exponent && strchr(text, '.') != NULL && text[strlen(text) - 1] == '0')
        fail_msg("%s ends in a zero", text);
}

static void numbers_are_written_short_and_read_back(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "0"},
                 {1, "1"},
                 {-1, "-1"},
                 {0.1, "0.1"},
                 {-2.5, "-2.5"},
                 {100, "100"},
                 {1e-7, "0.0000001"},
                 {9.99e-8, "9.99e-08"},
                 {1e16, "10000000000000000"},
                 {99999999999999984.0, "99999999999999980"},
                 {1e17, "1e+17"},
                 {5e-324, "5e-324"},
                 {0x1p-24, "5.960464477539063e-08"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {-DBL_MAX, "-1.7976931348623157e+308"},
                 {DBL_MIN, "2.2250738585072014e-308"},
                 {1.0 / 3, "0.3333333333333333"},
                 {2.0 / 3, "0.6666666666666666"},
                 {16022, "16022"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        ps_format_double(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        check_format(cases[i].value);
    }
    uint64_t seed = 4;
    for (int round = 0; round < 60000; round++) {
        uint64_t bits = test_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) check_format(value);
        check_format((double)(int64_t)(test_random(&seed) >> 20) / 1000);
        check_format((double)test_random_below(&seed, 1000000) * 0.001);
        /* Of ordinary size, with all digits or few. */
        const int size = (int)test_random_below(&seed, 26) - 8;
        check_format(ldexp((double)(test_random(&seed) >> 11), -53) * pow(10, size));
        check_format((double)test_random_below(&seed, 100000) * pow(10, size - 5));
    }
    for (int e = -1074; e <= 1023; e++) {
        check_format(ldexp(1, e));
        check_format(nextafter(ldexp(1, e), 0));
        check_format(nextafter(ldexp(1, e), HUGE_VAL));
    }
}

static void the_locale_of_the_program_does_not_matter(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                        "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < 4 && set == NULL; i++) set = setlocale(LC_ALL, names[i]);
    if (set == NULL) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    double value;
    char text[32];
    bool taken = ps_parse_double(str("123456789.123456789123456789"), &value);
    ps_format_double(1.5, text);
    setlocale(LC_ALL, "C");
    assert_true(taken);
    assert_true(value == 123456789.123456789123456789);
    assert_string_equal(text, "1.5");
}

static void integers_fit_or_are_refused(void **state) {
    (void)state;
    int64_t value = 0;
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "1.0",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "0x1",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ps_parse_int(str(bad[i]), &value)) fail_msg("%s taken", bad[i]);
    assert_false(ps_parse_int((ps_str){NULL, 0}, &value));
    assert_true(ps_parse_int(str("9223372036854775807"), &value) && value == INT64_MAX);
    assert_true(ps_parse_int(str("-9223372036854775808"), &value) && value == INT64_MIN);
    assert_true(ps_parse_int(str("+007"), &value) && value == 7);
    uint64_t seed = 5;
    for (int round = 0; round < 100000; round++) {
        int64_t expected = (int64_t)test_random(&seed) >> test_random_below(&seed, 63);
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, expected);
        assert_true(ps_parse_int(str(text), &value));
        assert_true(value == expected);
    }
}

static void dates_are_read_in_their_form(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int forms; /* bits of ps_date_form that take it */
        int year, month, day;
    } cases[] = {
        {"2018-05", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 1},
        {"2018/05", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 1},
        {"2018-05-31", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 31},
        {" 2018/05/31\t", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 31},
        {"2018-05-31T23:40", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 31},
        {"2018-05-31T23:40:00+00:00", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 31},
        {"2018-05-31 00:00:00.000Z", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2018, 5, 31},
        {"2016-02-29", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2016, 2, 29},
        {"2000-02-29", 1 << PS_DATE_AUTO | 1 << PS_DATE_ISO, 2000, 2, 29},
        {"31-Jan-09", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 2009, 1, 31},
        {"31 January 2009", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 2009, 1, 31},
        {"1-SEPT-70", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 1970, 9, 1},
        {"1-sep-69", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 2069, 9, 1},
        {"Mar-24", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 2024, 3, 1},
        {"May 2018", 1 << PS_DATE_AUTO | 1 << PS_DATE_DMY, 2018, 5, 1},
        {"201805", 1 << PS_DATE_AUTO, 2018, 5, 1},
        {"31/01/2009", 1 << PS_DATE_DMY, 2009, 1, 31},
        {"31-01-09", 1 << PS_DATE_DMY, 2009, 1, 31},
        {"31.1.2009", 1 << PS_DATE_DMY, 2009, 1, 31},
        {"31/01/2009 23:40", 1 << PS_DATE_DMY, 2009, 1, 31},
        {"29/02/2020", 1 << PS_DATE_DMY, 2020, 2, 29},
        {"01/31/2009", 1 << PS_DATE_MDY, 2009, 1, 31},
        {"2/29/20", 1 << PS_DATE_MDY, 2020, 2, 29},
        {"2018", 1 << PS_DATE_YEAR, 2018, 1, 1},
        {" 2018/19 ", 1 << PS_DATE_FINANCIAL_YEAR, 2018, 4, 1},
        {"2018-19", 1 << PS_DATE_FINANCIAL_YEAR, 2018, 4, 1},
        {"2018-2019", 1 << PS_DATE_FINANCIAL_YEAR, 2018, 4, 1},
        {"1999/00", 1 << PS_DATE_FINANCIAL_YEAR, 1999, 4, 1},
        {"2018/20", 0, 0, 0, 0},
        {"2018-019", 0, 0, 0, 0},
        {"0000", 0, 0, 0, 0},
        /* No date in any form. */
        {"", 0, 0, 0, 0},
        {"-", 0, 0, 0, 0},
        {"-1", 0, 0, 0, 0},
        {"2018-5", 0, 0, 0, 0},
        {"2018-13", 0, 0, 0, 0},
        {"2018-00", 0, 0, 0, 0},
        {"0000-01", 0, 0, 0, 0},
        {"2018-05-00", 0, 0, 0, 0},
        {"2018-05-32", 0, 0, 0, 0},
        {"2018-02-29", 0, 0, 0, 0},
        {"1900-02-29", 0, 0, 0, 0},
        {"2018-04-31", 0, 0, 0, 0},
        {"2018-05/31", 0, 0, 0, 0},
        {"2018-05-31x", 0, 0, 0, 0},
        {"2018-05-31T25:00", 0, 0, 0, 0},
        {"2018-05-31T12:60", 0, 0, 0, 0},
        {"2018-05-31T", 0, 0, 0, 0},
        {"29/02/2019", 0, 0, 0, 0},
        {"31/01-2009", 0, 0, 0, 0},
        {"31/01/209", 0, 0, 0, 0},
        {"31/01/20090", 0, 0, 0, 0},
        {"31-Foo-09", 0, 0, 0, 0},
        {"31-Ja-09", 0, 0, 0, 0},
        {"30-Feb-09", 0, 0, 0, 0},
        {"201813", 0, 0, 0, 0},
        {"20180531", 0, 0, 0, 0},
        {"43101", 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int form = PS_DATE_AUTO; form <= PS_DATE_FINANCIAL_YEAR; form++) {
            ps_date d = {0, 0, 0};
            bool taken = ps_parse_date(str(cases[i].text), (ps_date_form)form, &d);
            if (taken != ((cases[i].forms >> form & 1) != 0))
                fail_msg("\"%s\", form %d: %s", cases[i].text, form,
                         taken ? "taken" : "refused");
            if (taken && (d.year != cases[i].year || d.month != cases[i].month ||
                          d.day != cases[i].day))
                fail_msg("\"%s\": %d-%d-%d", cases[i].text, d.year, d.month, d.day);
        }
    }
    assert_int_equal(ps_date_form_months(PS_DATE_DMY), 1);
    assert_int_equal(ps_date_form_months(PS_DATE_FINANCIAL_YEAR), 12);
    /* A different day in different countries. */
    ps_date d;
    assert_false(ps_parse_date(str("03/04/2021"), PS_DATE_AUTO, &d));
    assert_false(ps_parse_date(str("03/04/2021"), PS_DATE_ISO, &d));
    assert_true(ps_parse_date(str("03/04/2021"), PS_DATE_DMY, &d));
    assert_true(d.day == 3 && d.month == 4 && d.year == 2021);
    assert_true(ps_parse_date(str("03/04/2021"), PS_DATE_MDY, &d));
    assert_true(d.day == 4 && d.month == 3 && d.year == 2021);
    assert_false(ps_parse_date((ps_str){"2018-05-31T12:00\0", 17}, PS_DATE_ISO, &d));
    assert_false(ps_parse_date((ps_str){"2018\0-05", 8}, PS_DATE_AUTO, &d));
}

/* Every day of four centuries, written in three ways, and no day beside them. */
static void every_day_is_read_back(void **state) {
    (void)state;
    int days = 0;
    for (int y = 1800; y < 2200; y++) {
        for (int m = 0; m <= 13; m++) {
            for (int day = 0; day <= 32; day++) {
                bool thirty = m == 4 || m == 6 || m == 9 || m == 11;
                bool leap = y % 400 == 0 || (y % 4 == 0 && y % 100 != 0);
                int last = m == 2 ? 28 + leap : thirty ? 30 : 31;
                bool exists = m >= 1 && m <= 12 && day >= 1 && day <= last;
                char iso[48], british[48];
                snprintf(iso, sizeof iso, "%04d-%02d-%02d", y, m, day);
                snprintf(british, sizeof british, "%d/%d/%d", day, m, y);
                ps_date a = {0, 0, 0}, b = {0, 0, 0};
                assert_int_equal(ps_parse_date(str(iso), PS_DATE_AUTO, &a), exists);
                assert_int_equal(ps_parse_date(str(british), PS_DATE_DMY, &b), exists);
                if (!exists) continue;
                days++;
                assert_true(a.year == y && a.month == m && a.day == day);
                assert_memory_equal(&a, &b, sizeof a);
            }
        }
    }
    assert_int_equal(days, 146097); /* the length of the Gregorian cycle */
}

static void months_are_consecutive(void **state) {
    (void)state;
    ps_month previous = PS_NO_MONTH, month;
    char text[32], back[16];
    for (int y = 1990; y < 2030; y++) {
        for (int m = 1; m <= 12; m++) {
            snprintf(text, sizeof text, "%04d-%02d", y, m);
            assert_true(ps_parse_month(str(text), &month));
            assert_int_equal(month, ps_month_of((ps_date){y, m, 15}));
            if (previous != PS_NO_MONTH) assert_int_equal(month, previous + 1);
            ps_month_text(month, back);
            assert_string_equal(back, text);
            previous = month;
        }
    }
    static const char *const bad[] = {"",        "2018",    "2018-13",
                                      "2018/05", "2018-5",  "2018-05-01",
                                      "18-05",   "x018-05", "2018-05 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ps_parse_month(str(bad[i]), &month)) fail_msg("%s taken", bad[i]);
}

/* RFC 3629, section 4, as the table of well-formed byte sequences of the Unicode
 * Standard (3-7). */
static bool well_formed(const unsigned char *p, size_t n) {
    static const unsigned char row[9][6] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2, 0}, {0xE0, 0xE0, 0xA0, 0xBF, 3, 0},
        {0xE1, 0xEC, 0x80, 0xBF, 3, 0}, {0xED, 0xED, 0x80, 0x9F, 3, 0},
        {0xEE, 0xEF, 0x80, 0xBF, 3, 0}, {0xF0, 0xF0, 0x90, 0xBF, 4, 0},
        {0xF1, 0xF3, 0x80, 0xBF, 4, 0}, {0xF4, 0xF4, 0x80, 0x8F, 4, 0},
        {0x00, 0x7F, 0x00, 0xFF, 1, 0}};
    for (size_t i = 0; i < n;) {
        size_t r = 0;
        while (r < 9 && (p[i] < row[r][0] || p[i] > row[r][1])) r++;
        if (r == 9) return false;
        size_t length = row[r][4];
        if (n - i < length) return false;
        if (length > 1 && (p[i + 1] < row[r][2] || p[i + 1] > row[r][3])) return false;
        for (size_t k = 2; k < length; k++)
            if (p[i + k] < 0x80 || p[i + k] > 0xBF) return false;
        i += length;
    }
    return true;
}

static void utf8_is_told_from_other_bytes(void **state) {
    (void)state;
    assert_true(ps_utf8_valid((ps_str){NULL, 0}));
    unsigned char *exact = malloc(4);
    assert_non_null(exact);
    for (uint32_t a = 0; a < 256; a++) {
        for (uint32_t b = 0; b < 256; b++) {
            for (uint32_t c = 0; c < 10; c++) {
                static const unsigned char third[] = {0x00, 0x41, 0x7F, 0x80, 0x8F,
                                                      0x90, 0xA0, 0xBF, 0xC2, 0xFF};
                for (uint32_t d = 0; d < 10; d++) {
                    unsigned char bytes[4] = {(unsigned char)a, (unsigned char)b,
                                              third[c], third[d]};
                    for (size_t n = d == 0 ? 1 : 4; n <= 4; n++) {
                        /* At the end of a block, so that reading on is seen. */
                        unsigned char *at = exact + 4 - n;
                        memcpy(at, bytes, n);
                        bool seen = ps_utf8_valid((ps_str){(const char *)at, n});
                        if (seen != well_formed(bytes, n))
                            fail_msg("%02x %02x %02x %02x, %zu", bytes[0], bytes[1],
                                     bytes[2], bytes[3], n);
                    }
                }
            }
        }
    }
    free(exact);
}

static void windows_1252_becomes_utf8(void **state) {
    (void)state;
    ps_arena *arena;
    ps_error err;
    assert_int_equal(ps_arena_create(&arena, &err), PS_OK);
    ps_str out;
    assert_int_equal(
        ps_utf8_from_cp1252(str("caf\xE9 \x80\x99\x81\xFF"), arena, &out, &err), PS_OK);
    assert_true(
        ps_str_is(out, "caf\xC3\xA9 \xE2\x82\xAC\xE2\x84\xA2\xEF\xBF\xBD\xC3\xBF"));
    assert_int_equal(ps_utf8_from_cp1252((ps_str){NULL, 0}, arena, &out, &err), PS_OK);
    assert_int_equal(out.n, 0);
    /* The table of the Unicode Consortium (CP1252.TXT), where it differs from Latin-1. */
    static const int high[32] = {0x20AC, -1,     0x201A, 0x0192, 0x201E, 0x2026, 0x2020,
                                 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, -1,
                                 0x017D, -1,     -1,     0x2018, 0x2019, 0x201C, 0x201D,
                                 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
                                 0x0153, -1,     0x017E, 0x0178};
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        assert_int_equal(ps_utf8_from_cp1252((ps_str){&byte, 1}, arena, &out, &err),
                         PS_OK);
        assert_true(ps_utf8_valid(out));
        int code = c >= 0x80 && c < 0xA0 ? high[c - 0x80] : c;
        if (code < 0) code = 0xFFFD;
        const unsigned char *p = (const unsigned char *)out.p;
        int seen = out.n == 1 ? p[0]
                   : out.n == 2
                       ? (p[0] & 0x1F) << 6 | (p[1] & 0x3F)
                       : (p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        assert_int_equal(seen, code);
        assert_int_equal(p[out.n], 0);
    }
    ps_arena_free(arena);
}

static ps_status convert(void *context, ps_error *err) {
    (void)context;
    ps_arena *arena;
    PS_TRY(ps_arena_create(&arena, err));
    ps_str out;
    ps_status status = ps_utf8_from_cp1252(str("\xE9"), arena, &out, err);
    ps_arena_free(arena);
    return status;
}

static void converting_survives_failing_allocations(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(convert, NULL) >= 2);
}

static void the_name_that_was_meant_is_found(void **state) {
    (void)state;
    static const char *const names[] = {"Longitude", "Latitude", "LSOA code", "Month",
                                        "id"};
    static const struct {
        const char *typed;
        int expected;
    } cases[] = {{"longitude", 0},  {"Longitud", 0}, {"Lattitude", 1}, {"lsoa_code", 2},
                 {"LSOA-code", 2},  {"Mnoth", 3},    {"Mont", 3},      {"ID", 4},
                 {"di", -1},        {"x", -1},       {"", -1},         {"Easting", -1},
                 {"Lxxxxtude", -1}, {"Latitud", 1},  {"Montague", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = ps_nearest(str(cases[i].typed), names, 5);
        if (got != cases[i].expected) fail_msg("%s gives %d", cases[i].typed, got);
    }
    static const char *const same[] = {"abcdeg", "abcdeh", "abcdef", ""};
    assert_int_equal(ps_nearest(str("abcdex"), same, 4), 0); /* the first of equals */
    assert_int_equal(ps_nearest(str("abcdef"), same, 4), 2); /* the exact one first */
    assert_int_equal(ps_nearest(str("abc"), NULL, 0), -1);
    char lengthy[200];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    const char *one[] = {lengthy};
    assert_int_equal(ps_nearest(str(lengthy), one, 1), -1); /* too long to be compared */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes),
        cmocka_unit_test(endings_are_found_in_either_case),
        cmocka_unit_test(trimming_knows_both_no_break_spaces),
        cmocka_unit_test(numbers_are_those_of_strtod),
        cmocka_unit_test(random_decimals_are_those_of_strtod),
        cmocka_unit_test(random_texts_are_taken_or_refused_as_they_should),
        cmocka_unit_test(half_way_texts_round_right),
        cmocka_unit_test(numbers_are_written_short_and_read_back),
        cmocka_unit_test(the_locale_of_the_program_does_not_matter),
        cmocka_unit_test(integers_fit_or_are_refused),
        cmocka_unit_test(dates_are_read_in_their_form),
        cmocka_unit_test(every_day_is_read_back),
        cmocka_unit_test(months_are_consecutive),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(windows_1252_becomes_utf8),
        cmocka_unit_test(converting_survives_failing_allocations),
        cmocka_unit_test(the_name_that_was_meant_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
