/* Stretches of time as people write them, in whole months.
 *
 *   2021            calendar year 2021
 *   2021-07         one calendar month
 *   2021/22         financial year, April 2021 to March 2022
 *   2021-07..2022-06   explicit range, both ends included
 *   12m@2022-06     rolling: the 12 months that end with June 2022
 * and, for a whole series of periods over the months that the data cover:
 *   months, calendar-years, financial-years, rolling-12
 * A series gives only periods that lie wholly inside the covered span; a rolling window
 * for every month end.
 */
#ifndef PS_INDICATORS_PERIOD_H
#define PS_INDICATORS_PERIOD_H

#include "engine/core/text.h"

typedef enum ps_period_kind {
    PS_PERIOD_MONTH,
    PS_PERIOD_CALENDAR_YEAR,
    PS_PERIOD_FINANCIAL_YEAR,
    PS_PERIOD_ROLLING,
    PS_PERIOD_RANGE
} ps_period_kind;

typedef struct ps_period {
    ps_period_kind kind;
    ps_month first, last; /* inclusive */
    char label[24];       /* canonical: "2021/22", "12m@2022-06" */
} ps_period;

/* One expression. Appends 1 or many periods to an array that holds `capacity`; span_first
 * and span_last are the months the data cover, used by the series forms (span_first >
 * span_last: no data). *n is increased by what was found even when that is more than fits
 * (call again). PS_CONFIG says what is wrong and what the forms are: "2021/23: a
 * financial year ends in the next year, as in 2021/22". */
ps_status ps_period_expand(ps_str expression, ps_month span_first, ps_month span_last,
                           ps_period *periods, size_t capacity, size_t *n,
                           ps_error *err) PS_MUST_CHECK;
/* A list of expressions, one after the other, into an array that the caller frees. */
ps_status ps_periods_expand(char *const *expressions, size_t n_expressions,
                            ps_month span_first, ps_month span_last, ps_period **periods,
                            size_t *n, ps_error *err) PS_MUST_CHECK;
int32_t ps_period_months(const ps_period *period);
/* "2021/22" of the financial year that holds a month. */
void ps_financial_year_text(ps_month month, char out[24]);

#endif
