#include "engine/run/measures.h"

#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/tailoring.h"

/* ---- Getting ready ---- */

static ps_status open_measure(const ps_measures *all, ps_measure *m, ps_error *err) {
    m->form = ps_form_of(m->spec);
    PS_TRY(
        ps_part_open(m->binding, all->figures, m->spec->numerator, &m->numerator, err));
    PS_TRY(ps_part_open(m->binding, all->figures, m->spec->denominator, &m->denominator,
                        err));
    ps_part_share_base(&m->numerator, &m->denominator);
    PS_TRY(m->form->periods(all, m, err));
    return ps_tailored_open(all->figures, m, err);
}

static void list_measures(ps_measures *all, const ps_binding *b) {
    const ps_framework *plan = b->framework;
    for (unsigned i = 0; i < plan->measures_count; i++) {
        const int at = PS_FRAMEWORK_PLACE(plan->measures, plan->measures_count,
                                          plan->report->order[i]);
        all->measure[all->n++] = (ps_measure){
            .binding = b, .spec = &plan->measures[at], .absent = b->absent[at]};
    }
}

/* In the order of the file, because a measure may need those before it. */
static ps_status open_all(ps_measures *all, ps_error *err) {
    for (size_t k = 0; k < all->bindings->n; k++) {
        const ps_framework *plan = all->bindings->binding[k].framework;
        for (unsigned m = 0; m < plan->measures_count; m++)
            for (size_t i = 0; i < all->n; i++)
                if (all->measure[i].spec == &plan->measures[m] &&
                    all->measure[i].absent == NULL)
                    PS_TRY(open_measure(all, &all->measure[i], err));
    }
    return PS_OK;
}

ps_status ps_measures_open(const ps_bindings *bindings, const ps_figures *f,
                           ps_measures **out, ps_error *err) {
    size_t n = 0;
    *out = NULL;
    for (size_t k = 0; k < bindings->n; k++)
        n += bindings->binding[k].framework->measures_count;
    ps_measures *all = ps_zalloc(1, sizeof *all);
    ps_measure *list = ps_zalloc(n, sizeof *list);
    if (all == NULL || list == NULL) {
        ps_free(all), ps_free(list);
        return ps_fail_nomem(err);
    }
    *all = (ps_measures){bindings, f, list, 0};
    for (size_t k = 0; k < bindings->n; k++) list_measures(all, &bindings->binding[k]);
    const ps_status status = open_all(all, err);
    if (status == PS_OK)
        *out = all;
    else
        ps_measures_free(all);
    return status;
}

void ps_measures_free(ps_measures *all) {
    if (all == NULL) return;
    for (size_t i = 0; i < all->n; i++) {
        ps_part_close(&all->measure[i].numerator);
        ps_part_close(&all->measure[i].denominator);
        ps_free(all->measure[i].period);
        ps_tailored_close(&all->measure[i]);
    }
    ps_free(all->measure);
    ps_free(all);
}

int ps_measures_geography(const ps_geographies *all, const char *id) {
    for (size_t g = 0; g < all->n; g++)
        if (strcmp(all->geography[g].spec->id, id) == 0) return (int)g;
    return -1;
}

static const ps_measure *find_measure(const ps_measures *all, const ps_binding *b,
                                      const char *id) {
    for (size_t i = 0; i < all->n; i++)
        if (all->measure[i].binding == b && strcmp(all->measure[i].spec->id, id) == 0)
            return &all->measure[i];
    return NULL;
}

const ps_record_set *ps_measure_records(const ps_measures *all, const ps_measure *m) {
    const ps_framework *f = m->binding->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, m->spec->table->of);
    return ps_records_find(all->figures->records, m->binding->data[at]->input);
}

static void records_span(const ps_measures *all, const ps_measure *m, ps_month *first,
                         ps_month *last) {
    const ps_record_set *set = ps_measure_records(all, m);
    if (!ps_records_dated(set)) return;
    *first = set->begin, *last = set->end;
}

/* By the span of another measure; NULL: none. */
static void widen(const ps_measures *all, const ps_measure *m, const char *other,
                  ps_month *first, ps_month *last) {
    const ps_measure *taken = other != NULL ? find_measure(all, m->binding, other) : NULL;
    ps_month from, to;
    if (taken == NULL) return;
    ps_measure_span(all, taken, &from, &to);
    if (from > to) return;
    const bool none = *first > *last;
    if (none || from < *first) *first = from;
    if (none || to > *last) *last = to;
}

void ps_measure_span(const ps_measures *all, const ps_measure *m, ps_month *first,
                     ps_month *last) {
    const ps_framework_table *t = m->spec->table;
    *first = 1, *last = 0;
    if (t != NULL && t->rows == PS_ROWS_RECORDS) {
        records_span(all, m, first, last);
        return;
    }
    if (m->numerator.records != NULL) {
        *first = m->numerator.records->begin, *last = m->numerator.records->end;
        return;
    }
    if (m->numerator.spec != NULL && !m->numerator.people) {
        bool dated;
        ps_part_span(&m->numerator, all->figures, first, last, &dated);
        return;
    }
    for (unsigned c = 0; t != NULL && c < t->columns_count; c++)
        widen(all, m, t->columns[c].measure, first, last);
    for (unsigned i = 0; t != NULL && i < t->indicators_count; i++)
        widen(all, m, t->indicators[i].measure, first, last);
}

/* ---- One measure in one geography ---- */

static ps_status open_scope(const ps_measures *all, const ps_measure *measure,
                            size_t geography, ps_scope *scope, ps_error *err) {
    *scope = (ps_scope){.all = all,
                        .figures = all->figures,
                        .measure = measure,
                        .everywhere = measure,
                        .geo = &all->figures->geographies->geography[geography],
                        .geography = geography,
                        .confidence = *all->figures->job->confidence,
                        .n_items = 1};
    const ps_form *form = scope->measure->form;
    const ps_status status = form->open != NULL ? form->open(scope, err) : PS_OK;
    if (status != PS_OK) ps_scope_close(scope);
    return status;
}

/* Of the measure that a baseline names, unless the job lacks what it needs. Only who
 * judges asks for it. */
static ps_status open_before(ps_scope *scope, ps_error *err) {
    if (scope->before_opened) return PS_OK;
    scope->before_opened = true;
    const ps_framework_baseline *baseline = scope->everywhere->spec->baseline;
    if (baseline == NULL || baseline->measure == NULL) return PS_OK;
    const ps_measure *before =
        find_measure(scope->all, scope->everywhere->binding, baseline->measure);
    if (before->absent != NULL) return PS_OK;
    ps_scope *opened = ps_zalloc(1, sizeof *opened);
    if (opened == NULL) return ps_fail_nomem(err);
    const ps_status status =
        open_scope(scope->all, before, scope->geography, opened, err);
    if (status == PS_OK)
        scope->before = opened;
    else
        ps_free(opened);
    return status;
}

ps_status ps_scope_open(const ps_measures *all, size_t measure, size_t geography,
                        ps_scope *scope, ps_error *err) {
    return open_scope(all, &all->measure[measure], geography, scope, err);
}

void ps_scope_close(ps_scope *scope) {
    if (scope->before != NULL) ps_scope_close(scope->before);
    ps_free(scope->before);
    if (scope->measure != NULL && scope->measure->form->close != NULL)
        scope->measure->form->close(scope);
    *scope = (ps_scope){0};
}

bool ps_scope_shows(const ps_scope *scope, size_t area) {
    const ps_tailored_view *view =
        ps_tailored_find(scope->everywhere, scope->geography, area);
    return view != NULL ? view->shown : scope->everywhere->spec->only == NULL;
}

bool ps_scope_is_plans_area(const ps_scope *scope) {
    const ps_framework_area *own = scope->measure->binding->framework->area;
    return own != NULL && strcmp(own->geography, scope->geo->spec->id) == 0 &&
           ps_str_is(scope->geo->areas->code[scope->area], own->code);
}

size_t ps_scope_figures(const ps_scope *scope) {
    return scope->n_items * scope->measure->n_periods;
}

ps_status ps_scope_enter(ps_scope *scope, size_t area, ps_error *err) {
    const ps_tailored_view *view =
        ps_tailored_find(scope->everywhere, scope->geography, area);
    scope->area = area;
    scope->measure = view != NULL ? &view->measure : scope->everywhere;
    const ps_form *form = scope->measure->form;
    return form->enter != NULL ? form->enter(scope, err) : PS_OK;
}

ps_status ps_scope_area(ps_scope *scope, size_t area, ps_measure_figure *figures,
                        ps_error *err) {
    PS_TRY(ps_scope_enter(scope, area, err));
    PS_TRY(open_before(scope, err));
    if (scope->before != NULL) PS_TRY(ps_scope_enter(scope->before, area, err));
    return ps_judge_area(scope, figures, err);
}
