/* Sums over months: rolling windows, the year to date, and change on last year.
 *
 * A month without data is missing, not zero, and a sum that needs a missing month is
 * missing. Rolling sums of neighbouring months share most of their terms, so they must
 * never be fed to control charts or trend tests. Source: methods note 7.1.
 */
#ifndef PS_INDICATORS_ROLLING_H
#define PS_INDICATORS_ROLLING_H

#include "indicators/method.h"
#include "indicators/value.h"

/* What happened in the `window` months that end with each month?
 * Shapes   value: n months in order, NAN where missing; out: n, the caller's.
 * Rule     missing until a whole window lies in the data, and wherever a month of it is
 *   missing; window >= 1. Cost O(n window). */
void ps_rolling_sums(size_t n, const double *value, size_t window, ps_value *out);

/* The rolling sum per multiplier people, by the mean of the populations of its months.
 * Rule     missing with the sum or any population; population mean 0: undefined, or
 *   denominator-zero-with-events. */
void ps_rolling_rates(size_t n, const double *value, const double *population,
                      size_t window, double multiplier, ps_value *out);

/* The sum since the year began, up to and with each month.
 * Shapes   first: the month of value[0]; year_start: 4 for the financial year.
 * Rule     missing when a month since the beginning is missing or before the data. */
void ps_year_to_date(size_t n, const double *value, ps_month first, int year_start,
                     ps_value *out);

/* 100 (now / before - 1).
 * Rule     missing with either; from 0 to more: unbounded; 0 to 0: undefined. */
ps_value ps_percent_change(ps_value now, ps_value before);

/* Days of a month, 28 to 31. */
int ps_month_days(ps_month month);

/* ---- for adaptors of methods on monthly series ---- */

/* One group of rows as consecutive months. */
typedef struct ps_monthly {
    ps_month first;
    size_t n;
    size_t *at; /* of each month in the group; PS_MONTHLY_ABSENT when no row has it */
} ps_monthly;

#define PS_MONTHLY_ABSENT ((size_t)-1)

/* Put the rows of a group into months by a column of dates. PS_FORMAT names a row whose
 * date cannot be read or whose month came before. Free with ps_monthly_free. */
ps_status ps_monthly_read(const ps_method_call *call, const ps_call_group *group,
                          size_t month_input, ps_monthly *out,
                          ps_error *err) PS_MUST_CHECK;
/* The values of a column of the group by month, NAN where absent and where the column is
 * NULL; the caller's array of series->n. */
void ps_monthly_values(const ps_monthly *series, const double *column, double *out);
void ps_monthly_free(ps_monthly *series);

#endif
