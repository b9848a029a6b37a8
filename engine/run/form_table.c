/* Any method on a table that the framework lays out. All tables of a geography are laid
 * out and worked on at once, since which items there are is known afterwards.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/measures.h"
#include "engine/run/method_table.h"
#include "indicators/method.h"

/* One row of a result that is a figure. */
typedef struct finding {
    int32_t area, period, item;
    ps_measured measured;
} finding;

typedef struct findings {
    ps_method_table *table;
    ps_arena *arena; /* verdicts */
    ps_keys *items;
    ps_period *period; /* that were worked out: the measure's and its baseline's */
    size_t n_periods;
    finding *found; /* by area, period and item */
    size_t n, capacity;
} findings;

/* ---- Can it be had? ---- */

static bool has_areas(const ps_job *job, const char *id) {
    for (unsigned i = 0; i < job->areas_count; i++)
        if (strcmp(job->areas[i].id, id) == 0) return true;
    return false;
}

static const char *absent_measure(const ps_binding *b, const char *id, ps_arena *arena) {
    const ps_framework *f = b->framework;
    const char *why = b->absent[PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id)];
    return why != NULL ? ps_arena_printf(arena, "needs the measure %s: %s", id, why) : "";
}

/* Of the records that are the rows, what the method cannot do without. */
static const char *absent_records(const ps_binding *b, const ps_framework_measure *spec,
                                  ps_arena *arena) {
    const ps_framework *f = b->framework;
    const ps_framework_table *t = spec->table;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, t->of);
    const ps_job_data *bound = b->data[at];
    const ps_method *method = ps_method_find(spec->method);
    if (bound == NULL)
        return ps_arena_printf(arena, "no input of the job is '%s' (%s)", t->of,
                               f->data[at].title);
    for (unsigned c = 0; c < t->columns_count; c++) {
        const ps_framework_cell *cell = &t->columns[c];
        const int in = PS_FRAMEWORK_PLACE(method->input, method->n_input, cell->name);
        if (cell->column == NULL || cell->data != NULL || !method->input[in].required ||
            ps_binding_column(bound, cell->column) != NULL)
            continue;
        return ps_arena_printf(arena, "the job does not say which column of '%s' is '%s'",
                               bound->input, cell->column);
    }
    return "";
}

static const char *absent_column(const ps_binding *b, const ps_framework_cell *cell,
                                 ps_arena *arena) {
    const ps_framework *f = b->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, cell->data);
    const ps_job_data *bound = b->data[at];
    if (bound == NULL)
        return ps_arena_printf(arena, "no input of the job is '%s' (%s)", cell->data,
                               f->data[at].title);
    if (ps_binding_column(bound, cell->column) == NULL)
        return ps_arena_printf(arena, "the job does not say which value of '%s' is '%s'",
                               bound->input, cell->column);
    return "";
}

/* "" when nothing is absent; NULL when memory ran out. */
static const char *find_absence(const ps_binding *b, const ps_framework_measure *spec,
                                ps_arena *arena) {
    const ps_framework_table *t = spec->table;
    const char *why = "";
    if (t->rows == PS_ROWS_RECORDS) why = absent_records(b, spec, arena);
    if ((t->rows == PS_ROWS_AREAS || t->rows == PS_ROWS_MEASURES) &&
        !has_areas(b->job->job, t->of))
        return ps_arena_printf(arena, "the job has no areas with the id '%s'", t->of);
    for (unsigned c = 0; c < t->columns_count && why != NULL && why[0] == '\0'; c++) {
        const ps_framework_cell *cell = &t->columns[c];
        if (cell->in != NULL && !has_areas(b->job->job, cell->in))
            why =
                ps_arena_printf(arena, "the job has no areas with the id '%s'", cell->in);
        if (cell->measure != NULL) why = absent_measure(b, cell->measure, arena);
        if (cell->data != NULL) why = absent_column(b, cell, arena);
    }
    for (unsigned i = 0; i < t->indicators_count && why != NULL && why[0] == '\0'; i++)
        why = absent_measure(b, t->indicators[i].measure, arena);
    return why;
}

static ps_status absence(const ps_binding *b, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err) {
    const char *why = find_absence(b, spec, arena);
    if (why == NULL) return ps_fail_nomem(err);
    *reason = why[0] != '\0' ? why : NULL;
    return PS_OK;
}

/* ---- Periods ---- */

/* One figure for all that there is. */
static ps_status one_period(ps_measure *m, ps_month first, ps_month last, ps_error *err) {
    m->period = ps_zalloc(1, sizeof *m->period);
    if (m->period == NULL) return ps_fail_nomem(err);
    m->n_periods = 1;
    *m->period = (ps_period){.kind = PS_PERIOD_RANGE, .first = first, .last = last};
    snprintf(m->period->label, sizeof m->period->label, "all");
    return PS_OK;
}

/* The stretch that the rows' periods make together. */
static ps_status whole_stretch(ps_measure *m, ps_month first, ps_month last,
                               ps_error *err) {
    const ps_framework_table *t = m->spec->table;
    ps_period *period;
    size_t n;
    char from[16], to[16], stretch[48];
    PS_TRY(
        ps_periods_expand(t->periods, t->periods_count, first, last, &period, &n, err));
    for (size_t k = 0; k < n; k++) {
        if (k == 0 || period[k].first < first) first = period[k].first;
        if (k == 0 || period[k].last > last) last = period[k].last;
    }
    ps_free(period);
    PS_TRY(one_period(m, first, last, err));
    if (n == 0) return PS_OK;
    ps_month_text(first, from);
    ps_month_text(last, to);
    snprintf(stretch, sizeof stretch, "%s..%s", from, to);
    n = 0;
    return ps_period_expand(ps_str_of(stretch), 1, 0, m->period, 1, &n, err);
}

static ps_status periods(const ps_measures *all, ps_measure *m, ps_error *err) {
    const ps_job *job = all->figures->job;
    ps_month first, last;
    ps_measure_span(all, m, &first, &last);
    if (m->spec->table->periods_count > 0) return whole_stretch(m, first, last, err);
    if (m->spec->table->rows == PS_ROWS_RECORDS) {
        PS_TRY(ps_form_periods_holding(ps_measure_records(all, m), m, err));
        return m->n_periods > 0 ? PS_OK : one_period(m, first, last, err);
    }
    if (m->spec->periods_count > 0)
        PS_TRY(ps_periods_expand(m->spec->periods, m->spec->periods_count, first, last,
                                 &m->period, &m->n_periods, err));
    else if (first <= last)
        PS_TRY(ps_periods_expand(job->periods, job->periods_count, first, last,
                                 &m->period, &m->n_periods, err));
    if (m->n_periods > 0) return PS_OK;
    ps_free(m->period);
    return one_period(m, first, last, err);
}

/* ---- Results ---- */

/* Where the columns of a figure stand in the result; -1: the method has no such. */
typedef struct columns {
    int value, lower, upper, numerator, denominator, verdict, item, area, status, latest,
        note;
    int filter[100];
} columns;

static int find_column(const ps_table *result, const char *name) {
    for (size_t c = 0; name != NULL && c < ps_table_columns(result); c++)
        if (ps_str_is(ps_table_column_name(result, c), name)) return (int)c;
    return -1;
}

/* Why the value is there or not: the status of its own column when it has one. */
static int find_status(const ps_table *result, const char *value) {
    char name[80];
    snprintf(name, sizeof name, "%s_status", value);
    const int own = find_column(result, name);
    return own >= 0 ? own : find_column(result, "status");
}

static columns find_columns(const ps_table *result, const ps_framework_measure *spec) {
    const ps_framework_result *r = spec->result;
    columns at = {.value = find_column(result, r->value),
                  .lower = find_column(result, r->lower),
                  .upper = find_column(result, r->upper),
                  .numerator = find_column(result, r->numerator),
                  .denominator = find_column(result, r->denominator),
                  .verdict = find_column(result, r->verdict),
                  .item = find_column(result, r->item),
                  .area = -1,
                  .latest = find_column(result, r->latest),
                  .note = find_column(result, "note"),
                  .status = find_status(result, r->value)};
    if (ps_method_table_whole(spec->table))
        at.area = find_column(result, r->area != NULL ? r->area : "area_code");
    for (unsigned w = 0; w < r->where_count; w++)
        at.filter[w] = find_column(result, r->where[w].column);
    return at;
}

static double number_in(const ps_table *result, size_t row, int column) {
    double number;
    if (column < 0 ||
        !ps_parse_double(ps_table_cell(result, row, (size_t)column), &number))
        return (double)NAN;
    return number;
}

static bool one_of(ps_str text, char *const *list, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (ps_str_is(text, list[i])) return true;
    return false;
}

static bool counts(const ps_framework_result *r, const ps_table *result, size_t row,
                   const columns *at) {
    for (unsigned w = 0; w < r->where_count; w++) {
        const ps_framework_filter *f = &r->where[w];
        const ps_str text = ps_table_cell(result, row, (size_t)at->filter[w]);
        if (f->is_count > 0 && !one_of(text, f->is, f->is_count)) return false;
        if (f->not_count > 0 && one_of(text, f->not, f->not_count)) return false;
    }
    return true;
}

/* The last text that the rows which count have in the column of `latest`. */
static ps_str last_text(const ps_framework_result *r, const ps_table *result,
                        const columns *at) {
    ps_str last = {"", 0};
    for (size_t k = 0; at->latest >= 0 && k < ps_table_rows(result); k++) {
        const ps_str text = ps_table_cell(result, k, (size_t)at->latest);
        if (counts(r, result, k, at) && ps_str_cmp(text, last) > 0) last = text;
    }
    return last;
}

/* A base below the least of the measure hides all that is known of it. */
static void check_base(const ps_framework_measure *spec, ps_measured *out) {
    if (spec->min_base == 0 || !(out->denominator < (double)spec->min_base)) return;
    out->value.status = out->value.limits_status = PS_VALUE_SMALL_BASE;
    ps_measured_note(out, "the base is below %lld", (long long)spec->min_base);
    out->numerator = out->denominator = (double)NAN;
    out->verdict = NULL;
}

/* What a method says of a table whose counts may not be shown is no news. */
static void hide(const char *why, ps_measured *out) {
    out->value.status = out->value.limits_status = PS_VALUE_SUPPRESSED;
    out->numerator = out->denominator = (double)NAN;
    out->verdict = NULL;
    ps_measured_note(out, "%s", why);
}

static ps_status read_figure(findings *f, const ps_scope *s, const ps_table *result,
                             size_t row, const columns *at, size_t area, ps_measured *out,
                             ps_error *err) {
    /* why a cell of its table is not known */
    const char *gap = ps_method_table_gap(f->table, area);
    const double value = number_in(result, row, at->value),
                 lower = number_in(result, row, at->lower),
                 upper = number_in(result, row, at->upper);
    *out = ps_measured_nothing();
    out->numerator = number_in(result, row, at->numerator);
    out->denominator = number_in(result, row, at->denominator);
    const ps_str status = at->status >= 0 ? ps_table_cell(result, row, (size_t)at->status)
                                          : (ps_str){"", 0};
    if (at->verdict >= 0) {
        const ps_str verdict = ps_table_cell(result, row, (size_t)at->verdict);
        out->verdict = ps_arena_strndup(f->arena, verdict.p, verdict.n);
        if (out->verdict == NULL) return ps_fail_nomem(err);
    }
    if (!isfinite(value) || !(status.n == 0 || ps_str_is(status, "ok"))) {
        if (ps_method_table_hides(f->table, area)) {
            hide(gap, out);
            return PS_OK;
        }
        out->value.status = ps_value_status_find(status, PS_VALUE_MISSING);
        if (status.n > 0 && !ps_str_is(status, "ok"))
            ps_measured_note(out, "%s: %.*s", s->measure->spec->method, (int)status.n,
                             status.p);
        const ps_str note = at->note >= 0 ? ps_table_cell(result, row, (size_t)at->note)
                                          : (ps_str){"", 0};
        if (note.n > 0) ps_measured_note(out, "%.*s", (int)note.n, note.p);
        if (gap != NULL) ps_measured_note(out, "%s", gap);
        return PS_OK;
    }
    out->value.status = PS_VALUE_OK;
    out->value.value = value;
    out->value.method = s->measure->spec->method;
    if (!isfinite(lower) || !isfinite(upper)) return PS_OK;
    out->value.limits_status = PS_VALUE_OK;
    out->value.lower = lower;
    out->value.upper = upper;
    return PS_OK;
}

static void note_left(const findings *f, finding *found) {
    const char *left = ps_method_table_left(f->table, (size_t)found->area);
    if (left != NULL) ps_measured_note(&found->measured, "%s", left);
}

static ps_status keep(findings *f, const ps_scope *s, const ps_table *result, size_t area,
                      size_t period, bool *first_taken, ps_error *err) {
    const ps_framework_measure *spec = s->measure->spec;
    const columns at = find_columns(result, spec);
    const ps_str latest = last_text(spec->result, result, &at);
    for (size_t r = 0; r < ps_table_rows(result); r++) {
        if (!counts(spec->result, result, r, &at)) continue;
        if (at.latest >= 0 &&
            !ps_str_eq(ps_table_cell(result, r, (size_t)at.latest), latest))
            continue;
        finding found = {.area = (int32_t)area, .period = (int32_t)period};
        if (at.area >= 0)
            found.area = ps_keys_find(s->geo->areas->by_code,
                                      ps_table_cell(result, r, (size_t)at.area));
        if (found.area == PS_NONE) continue;
        if (at.item < 0 && at.area < 0 && *first_taken) break;
        *first_taken = true;
        PS_TRY(ps_keys_add(
            f->items,
            at.item >= 0 ? ps_table_cell(result, r, (size_t)at.item) : (ps_str){"", 0},
            &found.item, NULL, err));
        PS_TRY(
            read_figure(f, s, result, r, &at, (size_t)found.area, &found.measured, err));
        if (at.latest >= 0)
            ps_measured_note(&found.measured, "%s %.*s", spec->result->latest,
                             (int)latest.n, latest.p);
        note_left(f, &found);
        check_base(spec, &found.measured);
        PS_TRY(
            ps_grow((void **)&f->found, &f->capacity, f->n + 1, sizeof *f->found, err));
        f->found[f->n++] = found;
    }
    return PS_OK;
}

/* What a method refuses about its table is told in place of the value, of every item. */
static ps_status keep_refusal(findings *f, size_t area, size_t period, const char *why,
                              ps_error *err) {
    finding found = {.area = (int32_t)area, .period = (int32_t)period, .item = PS_NONE};
    PS_TRY(ps_grow((void **)&f->found, &f->capacity, f->n + 1, sizeof *f->found, err));
    found.measured = ps_measured_nothing();
    ps_measured_note(&found.measured, "%s", why);
    note_left(f, &found);
    f->found[f->n++] = found;
    return PS_OK;
}

/* A method may take an empty cell for no event; here it is one that is not known. */
static const char *unknown_events(const findings *f, const ps_scope *s, size_t area) {
    const bool taken = ps_method_find(s->measure->spec->method)->missing_is_zero;
    return taken ? ps_method_table_gap(f->table, area) : NULL;
}

static ps_status work_on(findings *f, const ps_scope *s, size_t area, size_t period,
                         ps_error *err) {
    ps_table *input, *result;
    ps_error why = {PS_OK, ""};
    bool taken = false;
    const char *unknown = ps_method_table_unknown(f->table, area);
    if (unknown != NULL) return keep_refusal(f, area, period, unknown, err);
    PS_TRY(ps_method_table_lay(f->table, area, &f->period[period], &input, err));
    if (ps_table_rows(input) == 0) {
        ps_table_free(input);
        return keep_refusal(f, area, period, "there are no rows", err);
    }
    unknown = unknown_events(f, s, area);
    if (unknown != NULL) {
        ps_table_free(input);
        return keep_refusal(f, area, period, unknown, err);
    }
    ps_status status = ps_method_table_run(s->measure->spec, input, &result, &why);
    if (status == PS_OK)
        status = keep(f, s, result, area, period, &taken, err);
    else if (status == PS_NOMEM)
        status = ps_fail_nomem(err);
    else if (ps_method_table_whole(s->measure->spec->table))
        for (size_t a = 0; a < s->geo->areas->n && status != PS_NOMEM; a++)
            status = keep_refusal(f, a, period, why.text, err);
    else
        status = keep_refusal(f, area, period, why.text, err);
    ps_table_free(result);
    ps_table_free(input);
    return status;
}

static int by_place(const void *a, const void *b) {
    const finding *p = a, *q = b;
    if (p->area != q->area) return p->area < q->area ? -1 : 1;
    if (p->period != q->period) return p->period < q->period ? -1 : 1;
    return (p->item > q->item) - (p->item < q->item);
}

static ps_status take_periods(findings *f, const ps_measure *m, ps_error *err) {
    f->period = ps_alloc(m->n_periods + 1, sizeof *f->period);
    if (f->period == NULL) return ps_fail_nomem(err);
    memcpy(f->period, m->period, m->n_periods * sizeof *f->period);
    f->n_periods = m->n_periods;
    ps_period base;
    if (!ps_form_baseline(m->spec, &base)) return PS_OK;
    for (size_t k = 0; k < f->n_periods; k++)
        if (f->period[k].first == base.first && f->period[k].last == base.last)
            return PS_OK;
    f->period[f->n_periods++] = base;
    return PS_OK;
}

static ps_status find_all(findings *f, ps_scope *s, ps_error *err) {
    int32_t item;
    const bool whole = ps_method_table_whole(s->measure->spec->table);
    PS_TRY(ps_arena_create(&f->arena, err));
    PS_TRY(ps_keys_create(&f->items, err));
    PS_TRY(take_periods(f, s->measure, err));
    PS_TRY(ps_method_table_open(s, &f->table, err));
    for (size_t k = 0; k < f->n_periods; k++)
        for (size_t a = 0; a < (whole ? 1 : s->geo->areas->n); a++)
            PS_TRY(work_on(f, s, a, k, err));
    if (f->n > 0) qsort(f->found, f->n, sizeof *f->found, by_place);
    if (ps_keys_size(f->items) == 0)
        PS_TRY(ps_keys_add(f->items, (ps_str){"", 0}, &item, NULL, err));
    s->n_items = ps_keys_size(f->items);
    return PS_OK;
}

static ps_status open_scope(ps_scope *s, ps_error *err) {
    s->state = ps_zalloc(1, sizeof(findings));
    if (s->state == NULL) return ps_fail_nomem(err);
    return find_all(s->state, s, err);
}

static void close_scope(ps_scope *s) {
    findings *f = s->state;
    if (f == NULL) return;
    ps_method_table_close(f->table);
    ps_keys_free(f->items);
    ps_arena_free(f->arena);
    ps_free(f->period), ps_free(f->found);
    ps_free(f);
}

static const finding *look_up(const findings *f, const finding *wanted) {
    if (f->n == 0) return NULL;
    return bsearch(wanted, f->found, f->n, sizeof *f->found, by_place);
}

/* Which months the rows are of, when they are the records of one period. */
static void tell_months(const ps_scope *s, const ps_period *p, ps_measured *out) {
    const ps_framework_table *t = s->measure->spec->table;
    if (t->rows != PS_ROWS_RECORDS || t->periods_count > 0 ||
        (t->earlier != NULL && *t->earlier))
        return;
    const ps_record_set *set = ps_measure_records(s->all, s->measure);
    if (ps_records_dated(set))
        ps_records_span(set, p->first, p->last, &out->first, &out->last);
}

static ps_status measure(const ps_scope *s, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    (void)err;
    const findings *f = s->state;
    *out = ps_measured_nothing();
    finding wanted = {.area = (int32_t)s->area, .period = -1, .item = (int32_t)item};
    for (size_t k = 0; k < f->n_periods; k++)
        if (f->period[k].first == p->first && f->period[k].last == p->last)
            wanted.period = (int32_t)k;
    /* what hangs on no period is the same in all */
    if (f->n_periods == 1 && f->period[0].first > f->period[0].last) wanted.period = 0;
    const finding *found = look_up(f, &wanted);
    wanted.item = PS_NONE;
    if (found == NULL) found = look_up(f, &wanted);
    if (found != NULL)
        *out = found->measured;
    else
        ps_measured_note(out, "the method gives no figure here");
    if (f->period[0].first <= f->period[0].last) out->months = ps_period_months(p);
    tell_months(s, p, out);
    return PS_OK;
}

/* ---- Working ---- */

/* Is a row of the result the figure of an item in the area of the scope? */
static bool is_figure(const ps_scope *s, const ps_table *result, size_t row,
                      const columns *at, ps_str latest, size_t item) {
    const findings *f = s->state;
    const ps_framework_result *r = s->measure->spec->result;
    if (!counts(r, result, row, at)) return false;
    if (at->latest >= 0 &&
        !ps_str_eq(ps_table_cell(result, row, (size_t)at->latest), latest))
        return false;
    if (at->area >= 0 && !ps_str_eq(ps_table_cell(result, row, (size_t)at->area),
                                    s->geo->areas->code[s->area]))
        return false;
    return at->item < 0 || ps_str_eq(ps_table_cell(result, row, (size_t)at->item),
                                     ps_keys_text(f->items, (int32_t)item));
}

static void put_steps(const ps_table *steps, size_t row, const columns *at,
                      ps_output *out) {
    const int order[] = {at->numerator, at->denominator, at->value, at->lower, at->upper};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i] >= 0)
            ps_output_str(out, ps_table_cell(steps, row, (size_t)order[i]));
}

static ps_status derive(const ps_scope *s, size_t item, const ps_period *p,
                        ps_output *out, ps_error *err) {
    const findings *f = s->state;
    const ps_framework_measure *spec = s->measure->spec;
    ps_table *input, *result = NULL, *steps = NULL;
    PS_TRY(ps_method_table_lay(f->table, s->area, p, &input, err));
    const ps_status status = ps_method_table_derive(spec, input, &result, &steps, err);
    if (status == PS_OK) {
        const columns at = find_columns(result, spec);
        const ps_str latest = last_text(spec->result, result, &at);
        size_t r = 0;
        while (r < ps_table_rows(result) && !is_figure(s, result, r, &at, latest, item))
            r++;
        if (r < ps_table_rows(result)) put_steps(steps, r, &at, out);
    }
    ps_table_free(steps);
    ps_table_free(result);
    ps_table_free(input);
    return status;
}

static const char *item_name(const ps_scope *s, size_t item) {
    return ps_keys_text(((const findings *)s->state)->items, (int32_t)item).p;
}

const ps_form ps_form_table = {.method = NULL,
                               .judged_by = PS_JUDGED_BY_VALUE,
                               .absence = absence,
                               .periods = periods,
                               .open = open_scope,
                               .close = close_scope,
                               .measure = measure,
                               .derive = derive,
                               .item = item_name};
