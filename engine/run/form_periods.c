/* For which periods a measure has figures: what its data are complete for, or, of a
 * sample, what there was a sample in.
 */
#include <stdio.h>
#include <string.h>

#include "engine/run/measures.h"

enum { YEAR = 12 };

/* ---- Complete data ---- */

/* The months that data span; first > last: none. */
typedef struct span {
    ps_month first, last;
    bool dated;
} span;

/* The plan's year that the data end in, when they end before it does. */
static bool running_year(const ps_framework *f, const span *data, ps_period *out) {
    if (!data->dated || data->first > data->last) return false;
    const bool calendar = *f->years->kind == PS_YEAR_CALENDAR;
    const int32_t shift = calendar ? 0 : 3;
    const ps_month first = data->last - (data->last - shift) % YEAR;
    if (first + YEAR - 1 == data->last) return false;
    *out =
        (ps_period){.kind = calendar ? PS_PERIOD_CALENDAR_YEAR : PS_PERIOD_FINANCIAL_YEAR,
                    .first = first,
                    .last = first + YEAR - 1};
    if (calendar)
        snprintf(out->label, sizeof out->label, "%d", (int)(first / YEAR));
    else
        ps_financial_year_text(first, out->label);
    return true;
}

static ps_status undated(ps_measure *m, ps_error *err) {
    m->period = ps_zalloc(1, sizeof *m->period);
    if (m->period == NULL) return ps_fail_nomem(err);
    snprintf(m->period->label, sizeof m->period->label, "all");
    m->period->kind = PS_PERIOD_RANGE;
    m->n_periods = 1;
    return PS_OK;
}

/* One more at the end, unless it is there. */
static ps_status add_period(ps_measure *m, const ps_period *period, ps_error *err) {
    for (size_t k = 0; k < m->n_periods; k++)
        if (m->period[k].first == period->first && m->period[k].last == period->last)
            return PS_OK;
    ps_period *grown = ps_resize(m->period, m->n_periods + 1, sizeof *grown);
    if (grown == NULL) return ps_fail_nomem(err);
    m->period = grown;
    m->period[m->n_periods++] = *period;
    return PS_OK;
}

ps_status ps_form_periods(const ps_measures *all, ps_measure *m, ps_error *err) {
    const ps_framework_measure *spec = m->spec;
    const ps_job *job = m->binding->job->job;
    span data;
    ps_part_span(&m->numerator, all->figures, &data.first, &data.last, &data.dated);
    if (!data.dated) return undated(m, err);
    const bool own = spec->periods_count > 0;
    PS_TRY(ps_periods_expand(own ? spec->periods : job->periods,
                             own ? spec->periods_count : job->periods_count, data.first,
                             data.last, &m->period, &m->n_periods, err));
    ps_period running;
    if (own || !running_year(m->binding->framework, &data, &running)) return PS_OK;
    return add_period(m, &running, err);
}

/* ---- Samples ---- */

static bool is_year(const char *expression) {
    const ps_str text = ps_str_trim(ps_str_of(expression));
    return ps_str_is(text, "financial-years") || ps_str_is(text, "calendar-years");
}

static bool holds_records(const ps_record_set *set, const ps_period *p) {
    for (size_t i = 0; i < set->n; i++)
        if (ps_record_in(set, i, p->first, p->last)) return true;
    return false;
}

/* Of a series of years all that a sample was drawn in, however few months it took. */
static ps_status add_expression(ps_measure *m, const ps_record_set *set, char *expression,
                                ps_error *err) {
    ps_month first = set->begin, last = set->end;
    ps_period *found = NULL;
    size_t n = 0;
    if (is_year(expression) && first <= last) {
        first -= YEAR + first % YEAR;
        last += 2 * YEAR - last % YEAR;
    }
    ps_status status = ps_periods_expand(&expression, 1, first, last, &found, &n, err);
    for (size_t k = 0; k < n && status == PS_OK; k++)
        if (holds_records(set, &found[k])) status = add_period(m, &found[k], err);
    ps_free(found);
    return status;
}

/* The stretch of months of a record as a period. */
static ps_period stretch_of(const ps_record_set *set, size_t record) {
    ps_period p = {PS_PERIOD_RANGE, set->first[record], set->last[record], ""};
    const bool year = p.last - p.first == YEAR - 1;
    char first[16], last[16];
    ps_month_text(p.first, first);
    ps_month_text(p.last, last);
    if (year && p.first % YEAR == 0) {
        p.kind = PS_PERIOD_CALENDAR_YEAR;
        snprintf(p.label, sizeof p.label, "%d", (int)(p.first / YEAR));
    } else if (year && p.first % YEAR == 3) {
        p.kind = PS_PERIOD_FINANCIAL_YEAR;
        ps_financial_year_text(p.first, p.label);
    } else {
        snprintf(p.label, sizeof p.label, "%.7s..%.7s", first, last);
    }
    return p;
}

/* A wave that is of more than a month and lies in no period is one of its own. */
static ps_status add_waves(ps_measure *m, ps_error *err) {
    const ps_record_set *set = m->numerator.records;
    for (size_t i = 0; i < set->n; i++) {
        bool held = set->first[i] == set->last[i];
        for (size_t k = 0; k < m->n_periods && !held; k++)
            held = ps_record_in(set, i, m->period[k].first, m->period[k].last);
        if (held) continue;
        const ps_period wave = stretch_of(set, i);
        PS_TRY(add_period(m, &wave, err));
    }
    return PS_OK;
}

ps_status ps_form_periods_holding(const ps_record_set *set, ps_measure *m,
                                  ps_error *err) {
    const ps_framework_measure *spec = m->spec;
    const ps_job *job = m->binding->job->job;
    if (!ps_records_dated(set)) return undated(m, err);
    const bool own = spec->periods_count > 0;
    char *const *expressions = own ? spec->periods : job->periods;
    const unsigned n = own ? spec->periods_count : job->periods_count;
    for (unsigned k = 0; k < n; k++) PS_TRY(add_expression(m, set, expressions[k], err));
    return PS_OK;
}

ps_status ps_form_periods_of_sample(const ps_measures *all, ps_measure *m,
                                    ps_error *err) {
    (void)all;
    const ps_record_set *set = m->numerator.records;
    PS_TRY(ps_form_periods_holding(set, m, err));
    const bool own = m->spec->periods_count > 0 || !ps_records_dated(set);
    return own ? PS_OK : add_waves(m, err);
}
