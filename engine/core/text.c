#include "engine/core/text.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
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

int ps_str_cmp(ps_str a, ps_str b) {
    size_t shared = a.n < b.n ? a.n : b.n;
    int order = shared > 0 ? memcmp(a.p, b.p, shared) : 0;
    if (order != 0) return order;
    return (a.n > b.n) - (a.n < b.n);
}

ps_str ps_str_trim(ps_str a) {
    for (;;) {
        if (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
            a.p++, a.n--;
        } else if (a.n > 1 && memcmp(a.p, "\xC2\xA0", 2) == 0) {
            a.p += 2, a.n -= 2;
        } else {
            break;
        }
    }
    for (;;) {
        if (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t')) {
            a.n--;
        } else if (a.n > 1 && memcmp(a.p + a.n - 2, "\xC2\xA0", 2) == 0) {
            a.n -= 2;
        } else {
            break;
        }
    }
    return a;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The slow path: a correctly rounded strtod on a terminated copy. */
static bool parse_with_strtod(ps_str text, double *out) {
    char local[64];
    char *copy = text.n < sizeof local ? local : ps_alloc(text.n + 1, 1);
    if (copy == NULL) return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    pthread_once(&c_locale_once, make_c_locale);
    char *end = copy;
    double value =
        c_locale != (locale_t)0 ? strtod_l(copy, &end, c_locale) : strtod(copy, &end);
    bool whole = end == copy + text.n;
    if (copy != local) ps_free(copy);
    if (!whole || !isfinite(value)) return false;
    *out = value;
    return true;
}

bool ps_parse_double(ps_str text, double *out) {
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = text.p, *end = text.p + text.n;
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    uint64_t mantissa = 0;
    int digits = 0, significant = 0, fraction = 0;
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
        if (p == end || !is_digit(*p)) return false;
        while (p < end && is_digit(*p)) p++;
    }
    if (p != end) return false;
    /* Both operands are exact doubles, so one division rounds once: correctly rounded
     * (Clinger's fast path). */
    if (exact && mantissa <= (UINT64_C(1) << 53) && fraction <= 22) {
        double value = (double)mantissa / power[fraction];
        *out = negative ? -value : value;
        return true;
    }
    return parse_with_strtod(text, out);
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

bool ps_parse_date(ps_str text, ps_date_form form, ps_date *out) {
    text = ps_str_trim(text);
    switch (form) {
        case PS_DATE_ISO:
            return parse_iso(text, out);
        case PS_DATE_DMY:
            return parse_numeric(text, true, out) || parse_named(text, out);
        case PS_DATE_MDY:
            return parse_numeric(text, false, out);
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

void ps_format_double(double value, char out[32]) {
    if (value == 0) value = 0; /* -0 is 0 */
    double magnitude = fabs(value);
    char shortest[40];
    int precision = 1;
    for (; precision <= 17; precision++) {
        snprintf(shortest, sizeof shortest, "%.*e", precision - 1, value);
        if (strtod(shortest, NULL) == value) break;
    }
    if (magnitude != 0 && (magnitude < 1e-7 || magnitude >= 1e17)) {
        snprintf(out, 32, "%.*g", precision, value);
        return;
    }
    int exponent = atoi(strchr(shortest, 'e') + 1);
    int decimals = precision - 1 - exponent;
    snprintf(out, 32, "%.*f", decimals > 0 ? decimals : 0, value);
}

bool ps_utf8_valid(ps_str text) {
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
    size_t least = text.n / 3 + (text.n < 3 ? 1 : 0);
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(text, ps_str_of(candidates[i]));
        if (distance > least || (nearest >= 0 && distance == least)) continue;
        least = distance;
        nearest = (int)i;
    }
    return nearest;
}
