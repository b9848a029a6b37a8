/* Every window is summed afresh: running sums would carry the rounding of all months
 * before, and a window has few months. */
#include "indicators/rolling.h"

#include "indicators/period.h"
#include "indicators/sum.h"

static ps_value sum_of(const double *value, size_t n) {
    ps_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        if (isnan(value[i])) return ps_value_none(PS_VALUE_MISSING);
        ps_sum_add(&sum, value[i]);
    }
    return ps_value_of(ps_sum_value(&sum));
}

void ps_rolling_sums(size_t n, const double *value, size_t window, ps_value *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = window >= 1 && i + 1 >= window ? sum_of(value + (i + 1 - window), window)
                                                : ps_value_none(PS_VALUE_MISSING);
}

void ps_rolling_rates(size_t n, const double *value, const double *population,
                      size_t window, double multiplier, ps_value *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = ps_value_none(PS_VALUE_MISSING);
        if (window < 1 || i + 1 < window) continue;
        ps_value sum = sum_of(value + (i + 1 - window), window);
        ps_value people = sum_of(population + (i + 1 - window), window);
        if (!ps_value_ok(sum) || !ps_value_ok(people) || people.value < 0) continue;
        if (people.value == 0)
            out[i] = ps_value_none(sum.value > 0 ? PS_VALUE_DENOMINATOR_ZERO
                                                 : PS_VALUE_UNDEFINED);
        else
            out[i] = ps_value_of(multiplier * sum.value * (double)window / people.value);
    }
}

/* Months since the year began: 0 in its first. */
static size_t month_of_year(ps_month month, int year_start) {
    return (size_t)(((month - (year_start - 1)) % 12 + 12) % 12);
}

void ps_year_to_date(size_t n, const double *value, ps_month first, int year_start,
                     ps_value *out) {
    for (size_t i = 0; i < n; i++) {
        size_t since = month_of_year(first + (ps_month)i, year_start);
        out[i] = since <= i ? sum_of(value + (i - since), since + 1)
                            : ps_value_none(PS_VALUE_MISSING);
    }
}

ps_value ps_percent_change(ps_value now, ps_value before) {
    if (!ps_value_ok(now)) return ps_value_none(now.status);
    if (!ps_value_ok(before)) return ps_value_none(before.status);
    if (before.value == 0)
        return ps_value_none(now.value == 0 ? PS_VALUE_UNDEFINED : PS_VALUE_UNBOUNDED);
    return ps_value_of(100 * (now.value - before.value) / before.value);
}

int ps_month_days(ps_month month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = month / 12, of_year = month % 12;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[of_year] + (of_year == 1 && leap);
}

/* ---- monthly series of a table ---- */

void ps_monthly_free(ps_monthly *series) {
    ps_free(series->at);
    *series = (ps_monthly){0};
}

static ps_status month_of_row(const ps_method_call *call, size_t row, size_t input,
                              ps_month *out, ps_error *err) {
    ps_str text = ps_call_text(call, row, input);
    ps_date date;
    if (!ps_parse_date(text, PS_DATE_AUTO, &date) || date.year < 1900 || date.year > 2199)
        return ps_call_refuse(
            call, row, err,
            "'%.*s' is not a month between 1900 and 2199; write it as 2021-07",
            (int)(text.n < 60 ? text.n : 60), text.p);
    *out = ps_month_of(date);
    return PS_OK;
}

ps_status ps_monthly_read(const ps_method_call *call, const ps_call_group *group,
                          size_t month_input, ps_monthly *out, ps_error *err) {
    *out = (ps_monthly){0};
    ps_month first = INT32_MAX, last = INT32_MIN, month = 0;
    for (size_t i = 0; i < group->n; i++) {
        PS_TRY(month_of_row(call, group->row[i], month_input, &month, err));
        if (month < first) first = month;
        if (month > last) last = month;
    }
    size_t n = (size_t)(last - first) + 1;
    size_t *at = ps_alloc(n, sizeof *at);
    if (at == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) at[i] = PS_MONTHLY_ABSENT;
    for (size_t i = 0; i < group->n; i++) {
        ps_status status = month_of_row(call, group->row[i], month_input, &month, err);
        size_t t = (size_t)(month - first);
        if (status == PS_OK && at[t] != PS_MONTHLY_ABSENT) {
            char text[16];
            ps_month_text(month, text);
            status = ps_call_refuse(
                call, group->row[i], err,
                "the month %s of this series stood in row %s already; give one row per "
                "series and month",
                text, ps_call_row_text(call, group->row[at[t]]).text);
        }
        if (status != PS_OK) {
            ps_free(at);
            return status;
        }
        at[t] = i;
    }
    *out = (ps_monthly){.first = first, .n = n, .at = at};
    return PS_OK;
}

void ps_monthly_values(const ps_monthly *series, const double *column, double *out) {
    for (size_t i = 0; i < series->n; i++)
        out[i] = column == NULL || series->at[i] == PS_MONTHLY_ABSENT
                     ? (double)NAN
                     : column[series->at[i]];
}

/* ---- adaptor ---- */

enum { IN_AREA, IN_MONTH, IN_VALUE, IN_PEOPLE };
static const ps_method_column input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one series per area"},
    {"month", PS_COLUMN_TEXT, true, "as in 2021-07"},
    {"value", PS_COLUMN_NUMBER, true, "count of the month; empty when missing"},
    {"population", PS_COLUMN_NUMBER, false, "people in that month"},
};
static const ps_method_param param[] = {
    {"window", PS_COLUMN_INTEGER, "12", NULL, 1, 120, "months of the rolling sum"},
    {"year_start", PS_COLUMN_INTEGER, "4", NULL, 1, 12, "month in which the year begins"},
    {"multiplier", PS_COLUMN_NUMBER, "1000", NULL, 1, 1e9, "of the rate"},
};
static const ps_method_column output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"month", PS_COLUMN_TEXT, true, "every month from the first to the last"},
    {"value", PS_COLUMN_NUMBER, true, "count of the month"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
    {"rolling", PS_COLUMN_NUMBER, true, "sum of the window that ends with the month"},
    {"rolling_status", PS_COLUMN_TEXT, true, "missing unless every month is there"},
    {"rate", PS_COLUMN_NUMBER, true, "rolling sum per multiplier people"},
    {"rate_status", PS_COLUMN_TEXT, true, "of rate"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of the rate"},
    {"change_percent", PS_COLUMN_NUMBER, true, "month on the same month a year before"},
    {"change_status", PS_COLUMN_TEXT, true, "of change_percent"},
    {"financial_year", PS_COLUMN_TEXT, true, "the financial year that holds the month"},
    {"ytd", PS_COLUMN_NUMBER, true, "sum since the year began"},
    {"ytd_status", PS_COLUMN_TEXT, true, "of ytd"},
    {"ytd_last_year", PS_COLUMN_NUMBER, true, "the same months of the year before"},
    {"ytd_change_percent", PS_COLUMN_NUMBER, true, "ytd on ytd_last_year"},
    {"ytd_change_status", PS_COLUMN_TEXT, true, "of ytd_change_percent"},
    {"ytd_days", PS_COLUMN_INTEGER, true, "days since the year began"},
    {"ytd_days_last_year", PS_COLUMN_INTEGER, true, "differs by one with 29 February"},
};

static int days_of_year_so_far(ps_month month, int year_start) {
    int days = 0;
    for (ps_month m = month - (ps_month)month_of_year(month, year_start); m <= month; m++)
        days += ps_month_days(m);
    return days;
}

static void put_with_status(const ps_method_call *call, size_t at, ps_value value) {
    ps_call_put_value(call, at, value);
    ps_call_put_status(call, at + 1, value.status);
}

static ps_status write_series(const ps_method_call *call, ps_str area,
                              const ps_monthly *series, const double *value,
                              const double *people, ps_value *sums, ps_error *err) {
    size_t n = series->n, window = (size_t)ps_call_param_number(call, 0);
    int year_start = (int)ps_call_param_number(call, 1);
    double multiplier = ps_call_param_number(call, 2);
    ps_value *rolling = sums, *rate = sums + n, *ytd = sums + 2 * n;
    ps_rolling_sums(n, value, window, rolling);
    ps_rolling_rates(n, value, people, window, multiplier, rate);
    ps_year_to_date(n, value, series->first, year_start, ytd);
    for (size_t i = 0; i < n; i++) {
        ps_month month = series->first + (ps_month)i;
        char text[24];
        ps_value missing = ps_value_none(PS_VALUE_MISSING);
        ps_value now = isnan(value[i]) ? missing : ps_value_of(value[i]);
        ps_value before =
            i < 12 || isnan(value[i - 12]) ? missing : ps_value_of(value[i - 12]);
        ps_call_put_text(call, 0, area);
        ps_month_text(month, text);
        ps_call_put_word(call, 1, text);
        put_with_status(call, 2, now);
        put_with_status(call, 4, rolling[i]);
        put_with_status(call, 6,
                        ps_call_has(call, IN_PEOPLE)
                            ? rate[i]
                            : ps_value_none(PS_VALUE_NOT_APPLICABLE));
        ps_call_put_number(call, 8, PS_VALUE_OK, multiplier);
        put_with_status(call, 9, ps_percent_change(now, before));
        ps_financial_year_text(month, text);
        ps_call_put_word(call, 11, text);
        ps_value last_year = i < 12 ? missing : ytd[i - 12];
        put_with_status(call, 12, ytd[i]);
        ps_call_put_value(call, 14, last_year);
        put_with_status(call, 15, ps_percent_change(ytd[i], last_year));
        ps_call_put_int(call, 17, days_of_year_so_far(month, year_start));
        ps_call_put_int(call, 18, days_of_year_so_far(month - 12, year_start));
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_group(const ps_method_call *call, const ps_call_group *group,
                           void *context, ps_error *err) {
    (void)context;
    ps_monthly series;
    PS_TRY(ps_monthly_read(call, group, IN_MONTH, &series, err));
    double *by_month = ps_alloc(series.n, 2 * sizeof *by_month);
    ps_value *sums = ps_alloc(series.n, 3 * sizeof *sums);
    ps_status status = PS_OK;
    if (by_month == NULL || sums == NULL) {
        status = ps_fail_nomem(err);
    } else {
        ps_monthly_values(&series, group->column[0], by_month);
        ps_monthly_values(&series, group->column[1], by_month + series.n);
        status = write_series(call, group->name, &series, by_month, by_month + series.n,
                              sums, err);
    }
    ps_free(sums);
    ps_free(by_month);
    ps_monthly_free(&series);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_VALUE, IN_PEOPLE};
    return ps_call_each_group(call, IN_AREA, inputs, 2, run_group, NULL, err);
}

const ps_method ps_method_rolling = {
    .id = "rolling",
    .title = "Rolling sums and the year to date",
    .formula =
        "rolling = sum of the last 12 months, all of which must be there; rate = "
        "multiplier * rolling / mean population of these months; ytd = sum since "
        "the year began, compared with the same months of last year; change = "
        "100 (x_t / x_{t-12} - 1).",
    .source = "Methods note 7.1",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
    .evidence = "filter and cumsum of R, fresh months: 3e-13",
};
