/* Counts, rates and proportions of rows, records and people. Months are summed once per
 * area, as what lies before each month; every period is then one subtraction.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/measures.h"
#include "engine/run/people.h"
#include "indicators/rate.h"

enum { YEAR = 12 };

typedef struct counts {
    ps_history **numerator, **denominator; /* by item; denominators of rows only */
} counts;

/* ---- Can it be had? ---- */

static ps_status absence(const ps_binding *b, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err) {
    const ps_framework *f = b->framework;
    const ps_framework_data *data =
        &f->data[PS_FRAMEWORK_PLACE(f->data, f->data_count, spec->numerator->data)];
    *reason = NULL;
    if (data->kind == PS_DATA_INCIDENTS || data->kind == PS_DATA_REGISTER) return PS_OK;
    *reason = ps_arena_printf(arena, "%s counts incidents and registers, no %s",
                              spec->method, ps_data_kind_text(data->kind));
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

/* ---- Figures ---- */

static ps_status create_histories(ps_history ***out, size_t n, ps_error *err) {
    *out = ps_zalloc(n, sizeof **out);
    if (*out == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) PS_TRY(ps_history_create(&(*out)[i], err));
    return PS_OK;
}

static void free_histories(ps_history **histories, size_t n) {
    for (size_t i = 0; histories != NULL && i < n; i++) ps_history_free(histories[i]);
    ps_free(histories);
}

static bool has_rows(const ps_measure_part *part) {
    return part->spec != NULL && part->people == NULL;
}

static ps_status open_scope(ps_scope *s, ps_error *err) {
    const ps_measure *m = s->measure;
    counts *c = s->state = ps_zalloc(1, sizeof *c);
    if (c == NULL) return ps_fail_nomem(err);
    s->n_items = m->numerator.n_items;
    PS_TRY(create_histories(&c->numerator, s->n_items, err));
    if (!has_rows(&m->denominator)) return PS_OK;
    return create_histories(&c->denominator, m->denominator.n_items, err);
}

static void close_scope(ps_scope *s) {
    counts *c = s->state;
    if (c == NULL) return;
    free_histories(c->numerator, s->n_items);
    free_histories(c->denominator, s->measure->denominator.n_items);
    ps_free(c);
}

static ps_status enter(ps_scope *s, ps_error *err) {
    (void)err;
    const ps_measure *m = s->measure;
    counts *c = s->state;
    for (size_t i = 0; i < s->n_items; i++)
        ps_history_read(c->numerator[i], s->figures, &m->numerator, i, s->geography,
                        s->area);
    for (size_t i = 0; has_rows(&m->denominator) && i < m->denominator.n_items; i++)
        ps_history_read(c->denominator[i], s->figures, &m->denominator, i, s->geography,
                        s->area);
    return PS_OK;
}

/* Numerator and denominator of whole months; false when they are not known. */
static bool parts_of(const ps_scope *s, size_t item, ps_month first, ps_month last,
                     double *x, double *n) {
    const counts *c = s->state;
    const ps_measure_part *denominator = &s->measure->denominator;
    *n = (double)NAN;
    if (!ps_history_whole(c->numerator[item], first, last, x)) return false;
    if (denominator->spec == NULL) return true;
    if (denominator->people == NULL)
        return ps_history_whole(c->denominator[denominator->n_items > 1 ? item : 0],
                                first, last, n);
    const ps_people *people =
        ps_geography_people(s->geo, denominator->people, first, last);
    if (people == NULL || people->missing[s->area]) return false;
    const int32_t months = last - first + 1;
    *n = people->value[s->area] * (months > YEAR ? months / 12.0 : 1.0);
    return true;
}

static ps_estimate estimate(const ps_scope *s, double x, double n) {
    const double multiplier = *s->measure->spec->multiplier;
    if (s->measure->form == &ps_form_rate)
        return ps_crude_rate(x, n, multiplier, s->confidence);
    if (s->measure->form == &ps_form_proportion)
        return ps_proportion(x, n, multiplier, s->confidence, PS_PROPORTION_WILSON);
    return ps_count(x, s->confidence);
}

static void tell_absence(const ps_scope *s, const ps_period *p, ps_measured *out) {
    const ps_data_set *d = &s->figures->data[s->measure->numerator.data];
    const ps_record_set *set = s->measure->numerator.records;
    char note[128];
    const int32_t absent = out->running ? 0 : ps_period_months(p) - out->months;
    if (absent > 0 && set != NULL) {
        ps_measured_note(out, "%s",
                         ps_records_know(set, s->geography, s->area)
                             ? "the records do not hold the whole period"
                             : ps_records_why_unknown(set));
    } else if (absent > 0) {
        ps_figures_describe_gaps(d, s->geography, s->area, p, absent, note);
        ps_measured_note(out, "%s", note);
    } else if (s->measure->denominator.people != NULL) {
        ps_measured_note(out, "no population");
    } else {
        ps_measured_note(out, "the denominator is not known for all months");
    }
}

/* Which people, where that is not plain. */
static void tell_people(const ps_scope *s, ps_month first, ps_month last,
                        ps_measured *out) {
    const char *id = s->measure->denominator.people;
    char note[PS_PEOPLE_NOTE];
    if (id == NULL) return;
    ps_people_tell(s->geo, ps_geography_people(s->geo, id, first, last), first, last,
                   note);
    if (note[0] != '\0') ps_measured_note(out, "%s", note);
}

static bool cuts_records(const ps_measure_part *part, ps_month first, ps_month last) {
    return part->records != NULL && !ps_records_whole(part->records, first, last);
}

static ps_status measure(const ps_scope *s, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    (void)err;
    const ps_history *h = ((const counts *)s->state)->numerator[item];
    double x = 0, n = 0;
    ps_month last = p->last;
    *out = ps_measured_nothing();
    out->months = ps_history_sum(h, p->first, p->last, &x);
    /* It runs when all of it is there up to the last month of the data. */
    out->running = ps_history_last(h) < p->last && p->first <= ps_history_last(h) &&
                   p->first >= ps_history_first(h) &&
                   out->months == ps_history_last(h) - p->first + 1;
    if (out->running) last = ps_history_last(h);
    if (cuts_records(&s->measure->numerator, p->first, last) ||
        cuts_records(&s->measure->denominator, p->first, last)) {
        ps_measured_note(out, "records of a longer stretch of months lie partly in it");
        return PS_OK;
    }
    if (!parts_of(s, item, p->first, last, &x, &n)) {
        tell_absence(s, p, out);
        return PS_OK;
    }
    out->numerator = x;
    out->denominator = n;
    out->value = estimate(s, x, n);
    if (out->running)
        ps_measured_note(out, "%d of %d months so far", (int)out->months,
                         (int)ps_period_months(p));
    tell_people(s, p->first, last, out);
    const int64_t least = s->measure->spec->min_base;
    if (s->measure->denominator.spec == NULL || n >= (double)least) return PS_OK;
    out->value.status = out->value.limits_status = PS_VALUE_SMALL_BASE;
    ps_measured_note(out, "the base is below %lld", (long long)least);
    out->numerator = out->denominator = (double)NAN;
    return PS_OK;
}

/* The base is known when it is of the same records. */
static ps_status take(const ps_measure *m, size_t item, uint8_t *taken, ps_error *err) {
    (void)err;
    const ps_record_set *set = m->numerator.records;
    const uint8_t *in = ps_part_answers(&m->numerator, item),
                  *base = m->denominator.records == set
                              ? ps_part_answers(&m->denominator, item)
                              : NULL;
    for (size_t i = 0; i < set->n; i++) {
        taken[i] = in[i] == PS_ANSWER_YES ? PS_TAKEN_NUMERATOR : 0;
        if (base != NULL && base[i] == PS_ANSWER_YES) taken[i] |= PS_TAKEN_BASE;
    }
    return PS_OK;
}

static ps_status derive(const ps_scope *s, size_t item, const ps_period *p,
                        ps_output *steps, ps_error *err) {
    const double multiplier = *s->measure->spec->multiplier;
    const ps_estimate_steps to = {steps, steps, steps};
    ps_measured m;
    PS_TRY(measure(s, item, p, &m, err));
    if (m.value.status != PS_VALUE_OK) return PS_OK;
    if (s->measure->form == &ps_form_rate)
        ps_crude_rate_steps(to, m.numerator, m.denominator, multiplier, s->confidence);
    else if (s->measure->form == &ps_form_proportion)
        ps_proportion_steps(to, m.numerator, m.denominator, multiplier, s->confidence,
                            PS_PROPORTION_WILSON);
    else
        ps_count_steps(to, m.numerator, s->confidence);
    return PS_OK;
}

static const ps_history *months(const ps_scope *s, size_t item) {
    const ps_record_set *set = s->measure->numerator.records;
    if (set != NULL && set->stretches) return NULL;
    return ((const counts *)s->state)->numerator[item];
}

#define COUNTED(name, judge)                                                        \
    {                                                                               \
        .method = name, .judged_by = judge, .absence = absence,                     \
        .periods = ps_form_periods, .open = open_scope, .close = close_scope,       \
        .enter = enter, .measure = measure, .derive = derive, .item = ps_form_item, \
        .months = months, .counts_only = true, .take = take                         \
    }
const ps_form ps_form_count = COUNTED("count_ci", PS_JUDGED_BY_COUNT);
const ps_form ps_form_rate = COUNTED("crude_rate", PS_JUDGED_BY_COUNT);
const ps_form ps_form_proportion = COUNTED("proportion", PS_JUDGED_BY_REGISTER);
