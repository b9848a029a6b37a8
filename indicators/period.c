#include "indicators/period.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/mem.h"

/* Years outside are taken for slips of the finger; four digits also keep labels short. */
enum { FIRST_YEAR = 1900, LAST_YEAR = 2199, LONGEST_ROLLING = 120, APRIL = 3 };

static ps_month month_at(int32_t year, int32_t month0) {
    return year * 12 + month0;
}

/* Truncation cannot happen: months come from years of four digits. */
static void label_of(ps_period *period) {
    char first[16], last[16];
    ps_month_text(period->first, first);
    ps_month_text(period->last, last);
    switch (period->kind) {
        case PS_PERIOD_MONTH:
            snprintf(period->label, sizeof period->label, "%.7s", first);
            break;
        case PS_PERIOD_CALENDAR_YEAR:
            snprintf(period->label, sizeof period->label, "%.4s", first);
            break;
        case PS_PERIOD_FINANCIAL_YEAR:
            ps_financial_year_text(period->first, period->label);
            break;
        case PS_PERIOD_ROLLING:
            snprintf(period->label, sizeof period->label, "%dm@%.7s",
                     (int)ps_period_months(period), last);
            break;
        case PS_PERIOD_RANGE:
            snprintf(period->label, sizeof period->label, "%.7s..%.7s", first, last);
            break;
    }
}

static ps_period period_of(ps_period_kind kind, ps_month first, ps_month last) {
    ps_period period = {.kind = kind, .first = first, .last = last};
    label_of(&period);
    return period;
}

static bool digits(ps_str text, size_t from, size_t n, int32_t *out) {
    if (text.n < from + n) return false;
    int32_t value = 0;
    for (size_t i = from; i < from + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return false;
        value = value * 10 + (text.p[i] - '0');
    }
    *out = value;
    return true;
}

/* The text as far as a message should repeat it. */
static int shown(ps_str text) {
    return text.n < 40 ? (int)text.n : 40;
}

static ps_status check_year(ps_str text, int32_t year, ps_error *err) {
    if (year >= FIRST_YEAR && year <= LAST_YEAR) return PS_OK;
    return ps_fail(err, PS_CONFIG, "%.*s: the year is outside %d to %d", shown(text),
                   text.p, FIRST_YEAR, LAST_YEAR);
}

/* A month that stands within the expression `whole`. */
static ps_status take_month(ps_str whole, ps_str text, ps_month *out, ps_error *err) {
    int32_t year, month;
    if (text.n != 7 || !digits(text, 0, 4, &year) || text.p[4] != '-' ||
        !digits(text, 5, 2, &month))
        return ps_fail(err, PS_CONFIG, "%.*s: '%.*s' is not a month such as 2021-07",
                       shown(whole), whole.p, shown(text), text.p);
    PS_TRY(check_year(whole, year, err));
    if (month < 1 || month > 12) {
        if (month == (year + 1) % 100)
            return ps_fail(err, PS_CONFIG,
                           "%.*s: there is no month %02d; write the financial year as "
                           "%04d/%02d",
                           shown(whole), whole.p, (int)month, (int)year, (int)month);
        return ps_fail(err, PS_CONFIG, "%.*s: there is no month %02d", shown(whole),
                       whole.p, (int)month);
    }
    *out = month_at(year, month - 1);
    return PS_OK;
}

static ps_status take_financial_year(ps_str text, ps_period *out, ps_error *err) {
    int32_t year, next;
    bool is_long = text.n == 9 && digits(text, 5, 4, &next);
    if (!digits(text, 0, 4, &year) || text.p[4] != '/' ||
        !(is_long || (text.n == 7 && digits(text, 5, 2, &next))))
        return ps_fail(err, PS_CONFIG, "%.*s: a financial year is written as in 2021/22",
                       shown(text), text.p);
    PS_TRY(check_year(text, year, err));
    if (is_long || next != (year + 1) % 100)
        return ps_fail(err, PS_CONFIG,
                       "%.*s: a financial year ends in the next year, as in %04d/%02d",
                       shown(text), text.p, (int)year, (int)((year + 1) % 100));
    *out = period_of(PS_PERIOD_FINANCIAL_YEAR, month_at(year, APRIL),
                     month_at(year + 1, APRIL) - 1);
    return PS_OK;
}

static ps_status take_rolling(ps_str text, size_t at, ps_period *out, ps_error *err) {
    ps_month last = 0;
    int64_t months = 0;
    if (at < 2 || text.p[at - 1] != 'm' ||
        !ps_parse_int((ps_str){text.p, at - 1}, &months) || months < 1 ||
        months > LONGEST_ROLLING)
        return ps_fail(err, PS_CONFIG,
                       "%.*s: a rolling period is written as in 12m@2022-06, of 1 to %d "
                       "months",
                       shown(text), text.p, LONGEST_ROLLING);
    PS_TRY(take_month(text, (ps_str){text.p + at + 1, text.n - at - 1}, &last, err));
    if (last - (ps_month)months + 1 < month_at(FIRST_YEAR, 0))
        return ps_fail(err, PS_CONFIG, "%.*s: begins before %d", shown(text), text.p,
                       FIRST_YEAR);
    *out = period_of(PS_PERIOD_ROLLING, last - (ps_month)months + 1, last);
    return PS_OK;
}

static ps_status take_range(ps_str text, size_t at, ps_period *out, ps_error *err) {
    ps_month first = 0, last = 0;
    PS_TRY(take_month(text, (ps_str){text.p, at}, &first, err));
    PS_TRY(take_month(text, (ps_str){text.p + at + 2, text.n - at - 2}, &last, err));
    if (first > last)
        return ps_fail(err, PS_CONFIG, "%.*s: ends before it begins", shown(text),
                       text.p);
    *out = period_of(PS_PERIOD_RANGE, first, last);
    return PS_OK;
}

typedef struct sink {
    ps_period *periods;
    size_t capacity;
    size_t *n;
} sink;

static void add(sink *to, ps_period period) {
    if (*to->n < to->capacity) to->periods[*to->n] = period;
    (*to->n)++;
}

/* All periods of `months` months within the span, the first of which begins in calendar
 * month `start`, one every `step` months. */
static void add_series(sink *to, ps_period_kind kind, ps_month first, ps_month last,
                       int32_t start, int32_t step, int32_t months) {
    if (first < month_at(FIRST_YEAR, 0)) first = month_at(FIRST_YEAR, 0);
    if (last > month_at(LAST_YEAR, 11)) last = month_at(LAST_YEAR, 11);
    int32_t ahead = (start - first % 12 + 12) % 12 % step;
    for (ps_month m = first + ahead; m + months - 1 <= last; m += step)
        add(to, period_of(kind, m, m + months - 1));
}

static const struct {
    const char *word;
    ps_period_kind kind;
    int32_t start, step, months;
} series_forms[] = {
    {"months", PS_PERIOD_MONTH, 0, 1, 1},
    {"calendar-years", PS_PERIOD_CALENDAR_YEAR, 0, 12, 12},
    {"financial-years", PS_PERIOD_FINANCIAL_YEAR, APRIL, 12, 12},
    {"rolling-12", PS_PERIOD_ROLLING, 0, 1, 12},
};
enum { N_SERIES_FORMS = sizeof series_forms / sizeof *series_forms };

static ps_status unknown(ps_str text, ps_error *err) {
    const char *words[N_SERIES_FORMS];
    for (size_t i = 0; i < N_SERIES_FORMS; i++) words[i] = series_forms[i].word;
    int near = ps_nearest(text, words, N_SERIES_FORMS);
    if (near >= 0)
        return ps_fail(err, PS_CONFIG, "%.*s: not a period; did you mean '%s'?",
                       shown(text), text.p, words[near]);
    return ps_fail(err, PS_CONFIG,
                   "%.*s: not a period; periods are 2021, 2021-07, 2021/22, "
                   "2021-07..2022-06, 12m@2022-06, months, calendar-years, "
                   "financial-years, rolling-12",
                   shown(text), text.p);
}

ps_status ps_period_expand(ps_str expression, ps_month span_first, ps_month span_last,
                           ps_period *periods, size_t capacity, size_t *n,
                           ps_error *err) {
    sink to = {periods, capacity, n};
    ps_str text = ps_str_trim(expression);
    for (size_t i = 0; i < N_SERIES_FORMS; i++) {
        if (!ps_str_is(text, series_forms[i].word)) continue;
        if (span_first <= span_last)
            add_series(&to, series_forms[i].kind, span_first, span_last,
                       series_forms[i].start, series_forms[i].step,
                       series_forms[i].months);
        return PS_OK;
    }
    ps_period period = {0};
    const char *at = text.n > 0 ? memchr(text.p, '@', text.n) : NULL;
    const char *dots = text.n > 1 ? memmem(text.p, text.n, "..", 2) : NULL;
    int32_t year = 0;
    const bool year_first = digits(text, 0, 4, &year);
    char after_year = '\0';
    if (year_first && text.n > 4) after_year = text.p[4];
    if (at != NULL) {
        PS_TRY(take_rolling(text, (size_t)(at - text.p), &period, err));
    } else if (dots != NULL) {
        PS_TRY(take_range(text, (size_t)(dots - text.p), &period, err));
    } else if (year_first && text.n == 4) {
        PS_TRY(check_year(text, year, err));
        period =
            period_of(PS_PERIOD_CALENDAR_YEAR, month_at(year, 0), month_at(year, 11));
    } else if (after_year == '/') {
        PS_TRY(take_financial_year(text, &period, err));
    } else if (after_year == '-') {
        ps_month month = 0;
        PS_TRY(take_month(text, text, &month, err));
        period = period_of(PS_PERIOD_MONTH, month, month);
    } else {
        return unknown(text, err);
    }
    add(&to, period);
    return PS_OK;
}

int32_t ps_period_months(const ps_period *period) {
    return period->last - period->first + 1;
}

void ps_financial_year_text(ps_month month, char out[24]) {
    int32_t year = (month - APRIL) / 12;
    snprintf(out, 24, "%04d/%02d", (int)(year % 10000), (int)((year + 1) % 100));
}

ps_status ps_periods_expand(char *const *expressions, size_t n_expressions,
                            ps_month span_first, ps_month span_last, ps_period **periods,
                            size_t *n, ps_error *err) {
    size_t capacity = 0;
    *periods = NULL;
    for (;;) {
        *n = 0;
        for (size_t i = 0; i < n_expressions; i++)
            PS_TRY(ps_period_expand(ps_str_of(expressions[i]), span_first, span_last,
                                    *periods, capacity, n, err));
        if (*periods != NULL) return PS_OK;
        capacity = *n;
        *periods = ps_zalloc(capacity > 0 ? capacity : 1, sizeof **periods);
        if (*periods == NULL) return ps_fail_nomem(err);
    }
}
