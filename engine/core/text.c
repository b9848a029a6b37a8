#include "engine/core/text.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ps_str ps_str_of(const char *text) {
    return (ps_str){text != NULL ? text : "", text != NULL ? strlen(text) : 0};
}

bool ps_str_eq(ps_str a, ps_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool ps_str_is(ps_str a, const char *text) {
    return ps_str_eq(a, ps_str_of(text));
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ps_str_ends_with(ps_str a, const char *end) {
    const size_t m = strlen(end);
    if (m > a.n) return false;
    for (size_t i = 0; i < m; i++)
        if (lower(a.p[a.n - m + i]) != lower(end[i])) return false;
    return true;
}

int ps_str_cmp(ps_str a, ps_str b) {
    size_t shared = a.n < b.n ? a.n : b.n;
    int order = shared > 0 ? memcmp(a.p, b.p, shared) : 0;
    if (order != 0) return order;
    return (a.n > b.n) - (a.n < b.n);
}

/* The bytes at the end of a that are blank: a space, a tab, or a no-break space. The lone
 * byte 0xA0 is one in Latin-1, but in UTF-8 it also ends other characters, so it counts
 * only where no lead byte stands before it. */
static size_t blank_at_end(ps_str a) {
    if (a.n == 0) return 0;
    const unsigned char *p = (const unsigned char *)a.p;
    if (p[a.n - 1] == ' ' || p[a.n - 1] == '\t') return 1;
    if (p[a.n - 1] != 0xA0) return 0;
    size_t lead = a.n - 1;
    while (lead > 0 && a.n - lead < 4 && (p[lead] & 0xC0) == 0x80) lead--;
    if (p[lead] < 0xC0) return 1;
    return lead + 2 == a.n && p[lead] == 0xC2 ? 2 : 0;
}

static size_t blank_at_begin(ps_str a) {
    if (a.n == 0) return 0;
    if (a.p[0] == ' ' || a.p[0] == '\t' || a.p[0] == '\xA0') return 1;
    return a.n > 1 && memcmp(a.p, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

ps_str ps_str_trim_blanks(ps_str a) {
    for (size_t n = blank_at_begin(a); n > 0; n = blank_at_begin(a)) a.p += n, a.n -= n;
    for (size_t n = blank_at_end(a); n > 0; n = blank_at_end(a)) a.n -= n;
    return a;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Correctly rounded by the C library. Digits beyond MOST_DIGITS can only break a tie, and
 * one 1 at the end of the kept ones does that as well (767 decide any double), so a
 * number of any length needs no memory. text is a well-formed number. */
static bool parse_slowly(ps_str text, double *out) {
    enum { MOST_DIGITS = 800 };
    char copy[MOST_DIGITS + 40];
    size_t n = 0, i = 0;
    if (text.p[i] == '-') copy[n++] = '-';
    if (text.p[i] == '-' || text.p[i] == '+') i++;
    int64_t scale = 0; /* power of ten of the last digit kept */
    size_t kept = 0;
    bool fraction = false, more = false;
    for (; i < text.n && text.p[i] != 'e' && text.p[i] != 'E'; i++) {
        char c = text.p[i];
        if (c == '.') {
            fraction = true;
        } else if (kept < MOST_DIGITS) {
            if (kept > 0 || c != '0') {
                copy[n++] = c;
                kept++;
            }
            scale -= fraction;
        } else {
            more |= c != '0';
            scale += !fraction;
        }
    }
    if (kept == 0) copy[n++] = '0';
    if (more) {
        copy[n++] = '1';
        scale--;
    }
    if (i < text.n) {
        bool negative = text.p[i + 1] == '-';
        int64_t exponent = 0;
        for (i += text.p[i + 1] == '-' || text.p[i + 1] == '+' ? 2 : 1; i < text.n; i++) {
            if (exponent < INT64_MAX / 100) exponent = exponent * 10 + (text.p[i] - '0');
        }
        scale += negative ? -exponent : exponent;
    }
    if (scale > 99999) scale = 99999;
    if (scale < -99999) scale = -99999;
    snprintf(copy + n, sizeof copy - n, "e%d", (int)scale);
    /* No decimal point in it, so no locale matters. */
    double value = strtod(copy, NULL);
    if (!isfinite(value)) return false;
    *out = value;
    return true;
}

static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool ps_parse_double(ps_str text, double *out) {
    if (text.n == 0) return false;
    const char *p = text.p, *end = text.p + text.n;
    bool negative = false;
    if (*p == '-' || *p == '+') negative = *p++ == '-';
    uint64_t mantissa = 0;
    size_t digits = 0, significant = 0, fraction = 0;
    bool exact = true;
    for (; p < end && is_digit(*p); p++, digits++) {
        if (significant > 0 || *p != '0') significant++;
        if (significant <= 18)
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
        else
            exact = false;
    }
    if (p < end && *p == '.') {
        for (p++; p < end && is_digit(*p); p++, digits++) {
            if (significant > 0 || *p != '0') significant++;
            if (significant <= 18) {
                mantissa = mantissa * 10 + (uint64_t)(*p - '0');
                fraction++;
            } else {
                exact = false;
            }
        }
    }
    if (digits == 0) return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        exact = false;
        p++;
        if (p < end && (*p == '-' || *p == '+')) p++;
        if (p == end) return false;
        while (p < end && is_digit(*p)) p++;
        if (!is_digit(p[-1])) return false;
    }
    if (p != end) return false;
    /* Both operands are exact doubles, so one division rounds once: correctly rounded
     * (Clinger's fast path). */
    if (exact && mantissa <= (UINT64_C(1) << 53) && fraction <= 22) {
        double value = (double)mantissa / power[fraction];
        *out = negative ? -value : value;
        return true;
    }
    return parse_slowly(text, out);
}

bool ps_parse_int(ps_str text, int64_t *out) {
    size_t i = 0;
    bool negative = false;
    if (i < text.n && (text.p[i] == '-' || text.p[i] == '+'))
        negative = text.p[i++] == '-';
    if (i == text.n) return false;
    int64_t value = 0;
    for (; i < text.n; i++) {
        if (!is_digit(text.p[i])) return false;
        int digit = text.p[i] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value)) return false;
        if (__builtin_sub_overflow(value, (int64_t)digit, &value)) return false;
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, value, &value)) return false;
    *out = value;
    return true;
}

static bool take_digits(ps_str *rest, size_t least, size_t most, int32_t *out,
                        size_t *taken) {
    size_t n = 0;
    int32_t value = 0;
    while (n < rest->n && n < most && is_digit(rest->p[n]))
        value = value * 10 + (rest->p[n++] - '0');
    if (n < least) return false;
    rest->p += n;
    rest->n -= n;
    *out = value;
    if (taken != NULL) *taken = n;
    return true;
}

static bool take_char(ps_str *rest, const char *set, char *out) {
    if (rest->n == 0 || rest->p[0] == '\0' || strchr(set, rest->p[0]) == NULL)
        return false;
    if (out != NULL) *out = rest->p[0];
    rest->p++;
    rest->n--;
    return true;
}

/* English month names, three letters or whole, in any case. */
static bool take_month_name(ps_str *rest, int32_t *out) {
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    size_t n = 0;
    char word[16];
    while (n < rest->n && n < sizeof word - 1) {
        char c = rest->p[n];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c < 'a' || c > 'z') break;
        word[n++] = c;
    }
    word[n] = '\0';
    for (int m = 0; m < 12; m++) {
        bool short_form = n == 3 && strncmp(word, names[m], 3) == 0;
        if (short_form || strcmp(word, names[m]) == 0 ||
            (m == 8 && strcmp(word, "sept") == 0)) {
            rest->p += n;
            rest->n -= n;
            *out = m + 1;
            return true;
        }
    }
    return false;
}

static int32_t full_year(int32_t year, size_t digits) {
    if (digits > 2) return year;
    return year >= 70 ? 1900 + year : 2000 + year;
}

static bool day_exists(ps_date d) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d.year < 1 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1)
        return false;
    bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
    return d.day <= days[d.month - 1] + (leap && d.month == 2);
}

/* Nothing, or a time of day after a separator: " 23:40", "T23:40:00+00:00", "
 * 00:00:00.000Z". */
static bool rest_is_time(ps_str rest) {
    if (rest.n == 0) return true;
    if (!take_char(&rest, "T ", NULL)) return false;
    int32_t hour, minute;
    if (!take_digits(&rest, 1, 2, &hour, NULL) || hour > 24) return false;
    if (!take_char(&rest, ":", NULL)) return false;
    if (!take_digits(&rest, 2, 2, &minute, NULL) || minute > 59) return false;
    for (size_t i = 0; i < rest.n; i++) {
        if (!is_digit(rest.p[i]) && strchr(":.+-Z", rest.p[i]) == NULL) return false;
        if (rest.p[i] == '\0') return false;
    }
    return true;
}

static bool parse_iso(ps_str text, ps_date *out) {
    char separator, second;
    ps_date d = {0, 0, 1};
    if (!take_digits(&text, 4, 4, &d.year, NULL)) return false;
    if (!take_char(&text, "-/", &separator)) return false;
    if (!take_digits(&text, 2, 2, &d.month, NULL)) return false;
    if (text.n > 0) {
        if (!take_char(&text, "-/", &second) || second != separator) return false;
        if (!take_digits(&text, 2, 2, &d.day, NULL)) return false;
        if (!rest_is_time(text)) return false;
    }
    *out = d;
    return day_exists(d);
}

static bool parse_numeric(ps_str text, bool day_first, ps_date *out) {
    char separator, second;
    int32_t first, middle, year;
    size_t digits;
    if (!take_digits(&text, 1, 2, &first, NULL)) return false;
    if (!take_char(&text, "-/.", &separator)) return false;
    if (!take_digits(&text, 1, 2, &middle, NULL)) return false;
    if (!take_char(&text, "-/.", &second) || second != separator) return false;
    if (!take_digits(&text, 2, 4, &year, &digits) || digits == 3) return false;
    if (!rest_is_time(text)) return false;
    *out = (ps_date){full_year(year, digits), day_first ? middle : first,
                     day_first ? first : middle};
    return day_exists(*out);
}

/* 31-Jan-09, 31 January 2009, Mar-24, May 2018 */
static bool parse_named(ps_str text, ps_date *out) {
    ps_date d = {0, 0, 1};
    size_t digits;
    if (text.n > 0 && is_digit(text.p[0])) {
        if (!take_digits(&text, 1, 2, &d.day, NULL)) return false;
        if (!take_char(&text, "- ", NULL)) return false;
    }
    if (!take_month_name(&text, &d.month)) return false;
    if (!take_char(&text, "- ", NULL)) return false;
    if (!take_digits(&text, 2, 4, &d.year, &digits) || digits == 3) return false;
    if (!rest_is_time(text)) return false;
    d.year = full_year(d.year, digits);
    *out = d;
    return day_exists(d);
}

static bool parse_yyyymm(ps_str text, ps_date *out) {
    if (text.n != 6) return false;
    ps_date d = {0, 0, 1};
    if (!take_digits(&text, 4, 4, &d.year, NULL)) return false;
    if (!take_digits(&text, 2, 2, &d.month, NULL)) return false;
    *out = d;
    return day_exists(d);
}

static bool parse_year(ps_str text, ps_date *out) {
    *out = (ps_date){0, 1, 1};
    return take_digits(&text, 4, 4, &out->year, NULL) && text.n == 0 && day_exists(*out);
}

static bool parse_financial_year(ps_str text, ps_date *out) {
    int32_t end;
    size_t digits;
    *out = (ps_date){0, 4, 1};
    if (!take_digits(&text, 4, 4, &out->year, NULL)) return false;
    if (!take_char(&text, "/-", NULL)) return false;
    if (!take_digits(&text, 2, 4, &end, &digits) || digits == 3 || text.n > 0)
        return false;
    const int32_t next = out->year + 1;
    return end == (digits == 2 ? next % 100 : next) && day_exists(*out);
}

int32_t ps_date_form_months(ps_date_form form) {
    return form == PS_DATE_YEAR || form == PS_DATE_FINANCIAL_YEAR ? 12 : 1;
}

bool ps_parse_date(ps_str text, ps_date_form form, ps_date *out) {
    text = ps_str_trim(text);
    switch (form) {
        case PS_DATE_ISO:
            return parse_iso(text, out);
        case PS_DATE_DMY:
            return parse_numeric(text, true, out) || parse_named(text, out);
        case PS_DATE_MDY:
            return parse_numeric(text, false, out);
        case PS_DATE_YEAR:
            return parse_year(text, out);
        case PS_DATE_FINANCIAL_YEAR:
            return parse_financial_year(text, out);
        case PS_DATE_AUTO:
            break;
    }
    return parse_iso(text, out) || parse_named(text, out) || parse_yyyymm(text, out);
}

ps_month ps_month_of(ps_date date) {
    return date.year * 12 + date.month - 1;
}

void ps_month_text(ps_month month, char out[16]) {
    snprintf(out, 16, "%04d-%02d", (int)(month / 12) % 10000,
             (int)(month % 12 + 1) % 100);
}

bool ps_parse_month(ps_str text, ps_month *out) {
    ps_date d;
    if (text.n != 7 || text.p[4] != '-' || !parse_iso(text, &d)) return false;
    *out = ps_month_of(d);
    return true;
}

/* value as n significant decimal digits times a power of ten, correctly rounded. */
static int digits_of(double value, int n, char digits[32]) {
    char text[40];
    snprintf(text, sizeof text, "%.*e", n - 1, value);
    int used = 0;
    const char *p = text;
    for (; *p != 'e'; p++) { /* what is no digit is the locale's decimal point */
        if (is_digit(*p) && used < n) digits[used++] = *p;
    }
    digits[used] = '\0';
    return atoi(p + 1) - (n - 1);
}

static bool reads_back(const char *digits, int scale, double value) {
    char text[48];
    snprintf(text, sizeof text, "%se%d", digits, scale);
    return strtod(text, NULL) == value;
}

__extension__ typedef unsigned __int128 wide;

/* 10^n for n up to 22. */
static wide ten_to(int n) {
    wide product = 1;
    for (; n >= 9; n -= 9) product *= 1000000000u;
    while (n-- > 0) product *= 10;
    return product;
}

/* Shortest digits of a number of ordinary size, by exact integers: with value = m 2^-s,
 * the decimals c 10^-k near it are compared as c 2^s and m 10^k, and one reads back when
 * they differ by less than half of 10^k, which is half the distance of two such numbers.
 * The same digits as by the search below, some hundred times as fast. false: too small or
 * too large. */
static bool ordinary_digits(double value, char digits[32], int *scale) {
    if (!(value >= 1e-5 && value < 1e15)) return false;
    int exponent;
    const uint64_t m = (uint64_t)ldexp(frexp(value, &exponent), 53);
    const int s = 53 - exponent;
    if (s < 1) return false;
    int before = -4; /* digits before the point; negative: zeros behind it */
    while (value >= (before >= 0 ? power[before] : 1 / power[-before])) before++;
    const wide below = ((wide)1 << s) - 1, half = (wide)1 << (s - 1);
    for (int n = 15; n <= 17; n++) {
        int k = n - before;
        wide unit = ten_to(k), scaled = m * unit;
        /* 1 / power is not exact. */
        if (scaled >> s < ten_to(n - 1)) unit = ten_to(++k), scaled = m * unit;
        uint64_t c = (uint64_t)(scaled >> s);
        const wide rest = scaled & below;
        c += rest > half || (rest == half && c % 2 == 1);
        for (int up = 0; up < 2; up++, c++) {
            const wide candidate = (wide)c << s;
            const bool above = candidate >= scaled;
            const wide off = 2 * (above ? candidate - scaled : scaled - candidate);
            /* Below a power of two numbers are twice as close. */
            const wide limit = !above && m == UINT64_C(1) << 52 ? unit / 2 : unit;
            if (n == 17 || off < limit || (off == limit && m % 2 == 0)) {
                size_t used = 0;
                char reversed[24];
                for (; c > 0; c /= 10) reversed[used++] = (char)('0' + c % 10);
                for (size_t i = 0; i < used; i++) digits[i] = reversed[used - 1 - i];
                digits[used] = '\0';
                *scale = -k;
                return true;
            }
            if (c % 10 == 9) break; /* up from 9 is a shorter number, tried already */
        }
    }
    return false;
}

/* The fewest digits that read back as value > 0. Below a power of two the numbers that
 * round to it are closer than above, so the neighbour upwards is tried, too. */
static int shortest_digits(double value, char digits[32]) {
    /* 15 digits hold any decimal of up to 15 (DBL_DIG), padded with zeros; only below the
     * normal numbers fewer digits may need a search. */
    int n = value >= DBL_MIN ? 15 : 1;
    for (;; n++) {
        int scale = digits_of(value, n, digits);
        if (n >= 17 || reads_back(digits, scale, value)) return scale;
        char *last = digits + n - 1;
        if (*last == '9') continue; /* up from 9 is a shorter number, tried already */
        ++*last;
        if (reads_back(digits, scale, value)) return scale;
    }
}

void ps_format_double(double value, char out[32]) {
    assert(isfinite(value));
    char digits[32];
    size_t at = 0;
    if (value == 0 || !isfinite(value)) { /* -0 is 0 */
        memcpy(out, "0", 2);
        return;
    }
    if (value < 0) out[at++] = '-';
    if (fabs(value) < 1e15 && value == floor(value)) { /* most figures are counts */
        uint64_t whole = (uint64_t)fabs(value);
        size_t n = 0;
        do {
            digits[n++] = (char)('0' + whole % 10);
            whole /= 10;
        } while (whole > 0);
        while (n > 0) out[at++] = digits[--n];
        out[at] = '\0';
        return;
    }
    int scale;
    if (!ordinary_digits(fabs(value), digits, &scale))
        scale = shortest_digits(fabs(value), digits);
    int n = (int)strlen(digits);
    while (n > 1 && digits[n - 1] == '0') n--, scale++;
    int point = n + scale; /* digits before the decimal point */
    if (point < -6 || point > 17) {
        char exponent[16];
        int length = snprintf(exponent, sizeof exponent, "e%+03d", point - 1);
        for (int i = 0; i < n; i++) {
            if (i == 1) out[at++] = '.';
            out[at++] = digits[i];
        }
        memcpy(out + at, exponent, (size_t)length + 1);
        return;
    }
    if (point <= 0) out[at++] = '0';
    for (int i = 0; i < point; i++) out[at++] = i < n ? digits[i] : '0';
    if (n > point) out[at++] = '.';
    for (int i = point; i < 0; i++) out[at++] = '0';
    for (int i = point > 0 ? point : 0; i < n; i++) out[at++] = digits[i];
    out[at] = '\0';
}

bool ps_utf8_valid(ps_str text) {
    if (text.n == 0) return true;
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        int more;
        uint32_t code, least;
        if (*p >= 0xC2 && *p <= 0xDF) {
            more = 1, code = *p & 0x1Fu, least = 0x80;
        } else if (*p >= 0xE0 && *p <= 0xEF) {
            more = 2, code = *p & 0x0Fu, least = 0x800;
        } else if (*p >= 0xF0 && *p <= 0xF4) {
            more = 3, code = *p & 0x07u, least = 0x10000;
        } else {
            return false;
        }
        if (end - p <= more) return false;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xC0) != 0x80) return false;
            code = code << 6 | (p[i] & 0x3Fu);
        }
        if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return false;
        p += more + 1;
    }
    return true;
}

ps_status ps_utf8_from_cp1252(ps_str text, ps_arena *arena, ps_str *out, ps_error *err) {
    /* 0x80..0x9F; 0xFFFD where Windows-1252 defines nothing. */
    static const uint16_t high[32] = {
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
        0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
    if (text.n > SIZE_MAX / 3 - 1) return ps_fail_nomem(err);
    char *bytes = ps_arena_alloc(arena, text.n * 3 + 1);
    if (bytes == NULL) return ps_fail_nomem(err);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t code = (unsigned char)text.p[i];
        if (code >= 0x80 && code < 0xA0) code = high[code - 0x80];
        if (code < 0x80) {
            bytes[n++] = (char)code;
        } else if (code < 0x800) {
            bytes[n++] = (char)(0xC0 | code >> 6);
            bytes[n++] = (char)(0x80 | (code & 0x3F));
        } else {
            bytes[n++] = (char)(0xE0 | code >> 12);
            bytes[n++] = (char)(0x80 | (code >> 6 & 0x3F));
            bytes[n++] = (char)(0x80 | (code & 0x3F));
        }
    }
    bytes[n] = '\0';
    *out = (ps_str){bytes, n};
    return PS_OK;
}

static char fold(char c) {
    if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
    return c == ' ' || c == '_' ? '-' : c;
}

/* Optimal string alignment distance over folded characters (Damerau 1964, adjacent
 * swaps). */
static size_t edit_distance(ps_str a, ps_str b) {
    enum { MOST = 64 };
    if (a.n > MOST || b.n > MOST) return SIZE_MAX;
    size_t rows[3][MOST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.n; j++) above[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = fold(a.p[i - 1]), y = fold(b.p[j - 1]);
            size_t best = above[j - 1] + (x != y);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == fold(b.p[j - 2]) && y == fold(a.p[i - 2]) &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b.n];
}

int ps_nearest(ps_str text, const char *const *candidates, size_t n) {
    int nearest = -1;
    size_t least = text.n / 3;
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(text, ps_str_of(candidates[i]));
        if (distance > least || (nearest >= 0 && distance == least)) continue;
        least = distance;
        nearest = (int)i;
    }
    return nearest;
}
