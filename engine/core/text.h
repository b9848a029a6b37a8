/* Text views and the exact, locale-free reading of numbers and dates.
 *
 * A ps_str borrows bytes that somebody else owns; it need not end in NUL and may hold any
 * bytes. Numbers are read as C's strtod in the "C" locale would: correctly rounded, with
 * no thousands separator, no hexadecimal, no "inf" and no "nan".
 */
#ifndef PS_CORE_TEXT_H
#define PS_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/mem.h"
#include "engine/core/status.h"

typedef struct ps_str {
    const char *p;
    size_t n;
} ps_str;

/* The view of a C string; NULL gives the empty view. */
ps_str ps_str_of(const char *text);
bool ps_str_eq(ps_str a, ps_str b);
bool ps_str_is(ps_str a, const char *text);
/* Does it end so, ASCII letters in either case? For the endings of file names. */
bool ps_str_ends_with(ps_str a, const char *end);
/* Byte order; a prefix sorts first. The order of codes everywhere ("the lowest code"). */
int ps_str_cmp(ps_str a, ps_str b);
/* Without spaces, tabs and no-break spaces (UTF-8 and Latin-1 form) at both ends. */
ps_str ps_str_trim_blanks(ps_str a);
static inline ps_str ps_str_trim(ps_str a) {
    /* Almost every field begins and ends with a visible ASCII character. */
    if (a.n == 0 || ((unsigned char)(a.p[0] - '!') <= '~' - '!' &&
                     (unsigned char)(a.p[a.n - 1] - '!') <= '~' - '!'))
        return a;
    return ps_str_trim_blanks(a);
}

/* The whole of text as a number: optional sign, digits, optional fraction and exponent.
 * Correctly rounded. false when text is anything else, empty, or not finite. */
bool ps_parse_double(ps_str text, double *out);
/* The whole of text as a decimal integer that fits. */
bool ps_parse_int(ps_str text, int64_t *out);

/* A month as one number: year * 12 + month - 1, so that months are consecutive. */
typedef int32_t ps_month;
#define PS_NO_MONTH INT32_MIN

/* A calendar day; month and day count from 1. */
typedef struct ps_date {
    int32_t year, month, day;
} ps_date;

/* Forms of dates in the files this field uses. AUTO takes the ones that cannot be
 * confused: 2018-05, 2018-05-31, 2018-05-31T..., 2018/05/31, 31-Jan-09, Mar-24, May 2018,
 * 201805. It never takes 03/04/2021, which is a different day in different countries: say
 * DMY or MDY. Two-digit years 70..99 are 1970..1999, others 2000..2069. */
typedef enum ps_date_form {
    PS_DATE_AUTO,
    PS_DATE_ISO, /* YYYY-MM[-DD][Thh:mm...] */
    PS_DATE_DMY, /* 31/01/2009, 31-01-09, 31.1.2009, optionally followed by a time */
    PS_DATE_MDY, /* 01/31/2009 */
    /* Whole years, by their first day: */
    PS_DATE_YEAR,          /* 2019 */
    PS_DATE_FINANCIAL_YEAR /* from April: 2019/20, 2019-20, 2019-2020 */
} ps_date_form;

/* The months that a date of this form stands for: 12 or 1. */
int32_t ps_date_form_months(ps_date_form form);
/* false when text is not a date of that form or no such day exists. A form without a day
 * gives day 1. */
bool ps_parse_date(ps_str text, ps_date_form form, ps_date *out);
ps_month ps_month_of(ps_date date);
/* "2018-05" into at least 8 bytes. */
void ps_month_text(ps_month month, char out[16]);
/* "2018-05" only. */
bool ps_parse_month(ps_str text, ps_month *out);

/* The shortest text that reads back as exactly value, "-" as sign, "." as point, into at
 * least 32 bytes; no exponent between 1e-7 and 1e17, never "-0". value must be finite. */
void ps_format_double(double value, char out[32]);

/* true when text is well-formed UTF-8 (no surrogates, no overlong forms). */
bool ps_utf8_valid(ps_str text);
/* Windows-1252 bytes (the superset of Latin-1 in real files) as UTF-8, from the arena.
 * The five undefined bytes become U+FFFD. */
ps_status ps_utf8_from_cp1252(ps_str text, ps_arena *arena, ps_str *out, ps_error *err);

/* The candidate that a person who typed text most likely meant, or -1 when none is near:
 * least optimal-string-alignment distance, at most a third of the length. Case and the
 * difference of space, '-' and '_' cost nothing. */
int ps_nearest(ps_str text, const char *const *candidates, size_t n);

#endif
