#include "engine/run/release_records.h"

#include <math.h>
#include <string.h>

/* A measure in a geography. */
typedef struct guarded {
    const ps_measure *measure;
    size_t geography, n_items;
    ps_release_rules rules;
    ps_period *period; /* of the measure, and its baseline's */
    size_t n_periods;
    bool *hide; /* item * n_periods + period */
    size_t figures, hidden, small;
} guarded;

struct ps_release_records {
    const ps_job *job;
    guarded *table;
    size_t n, capacity;
};

static const char *input_of(const ps_measure *m) {
    if (m->numerator.records != NULL) return m->numerator.records->spec->id;
    if (m->denominator.records != NULL) return m->denominator.records->spec->id;
    return NULL;
}

static ps_disclosure_class class_of(const ps_job *job, const ps_measure *m) {
    for (unsigned i = 0; i < job->records_count; i++)
        if (strcmp(job->records[i].id, input_of(m)) == 0 &&
            job->records[i].disclosure != NULL)
            return *job->records[i].disclosure;
    return m->spec->disclosure;
}

/* ---- Deciding ---- */

static ps_status list_periods(guarded *g, ps_error *err) {
    g->period = ps_alloc(g->measure->n_periods + 1, sizeof *g->period);
    if (g->period == NULL) return ps_fail_nomem(err);
    for (; g->n_periods < g->measure->n_periods; g->n_periods++)
        g->period[g->n_periods] = g->measure->period[g->n_periods];
    g->n_periods += ps_form_baseline(g->measure->spec, &g->period[g->n_periods]);
    return PS_OK;
}

static bool is_small_number(const guarded *g, double x) {
    return x < (double)g->rules.threshold && (x > 0 || (g->rules.hide_zeros && x >= 0));
}

/* Numbers that are not known are no numbers, and small in nothing. */
static bool is_small(const guarded *g, const ps_measured *m) {
    const bool share = g->measure->form->judged_by == PS_JUDGED_BY_SURVEY ||
                       g->measure->form->judged_by == PS_JUDGED_BY_REGISTER;
    return is_small_number(g, m->denominator) ||
           (share && (is_small_number(g, m->numerator) ||
                      is_small_number(g, m->denominator - m->numerator)));
}

static ps_status look_at_area(guarded *g, ps_scope *s, ps_error *err) {
    const ps_form *form = g->measure->form;
    if (form->enter != NULL) PS_TRY(form->enter(s, err));
    for (size_t i = 0; i < g->n_items; i++)
        for (size_t p = 0; p < g->n_periods; p++) {
            ps_measured m;
            PS_TRY(form->measure(s, i, &g->period[p], &m, err));
            g->figures += m.value.status == PS_VALUE_OK;
            if (m.value.status != PS_VALUE_OK || !is_small(g, &m)) continue;
            g->small++;
            g->hide[i * g->n_periods + p] = true;
        }
    return PS_OK;
}

/* A rank tells how far the next answer is behind, so all answers go together. */
static void hide_with_rank(guarded *g) {
    if (!g->measure->form->ranked) return;
    for (size_t p = 0; p < g->n_periods; p++) {
        bool any = false;
        for (size_t i = 0; i < g->n_items; i++) any |= g->hide[i * g->n_periods + p];
        for (size_t i = 0; i < g->n_items; i++) g->hide[i * g->n_periods + p] = any;
    }
}

static ps_status look_at_areas(guarded *g, ps_scope *s, ps_error *err) {
    g->n_items = s->n_items;
    PS_TRY(list_periods(g, err));
    g->hide = ps_zalloc(g->n_items + 1, (g->n_periods + 1) * sizeof *g->hide);
    if (g->hide == NULL) return ps_fail_nomem(err);
    for (s->area = 0; s->area < s->geo->areas->n; s->area++)
        PS_TRY(look_at_area(g, s, err));
    hide_with_rank(g);
    for (size_t k = 0; k < g->n_items * g->n_periods; k++) g->hidden += g->hide[k];
    return PS_OK;
}

static ps_status look_at(ps_release_records *r, const ps_measures *measures, size_t at,
                         size_t geography, const ps_release_rules *rules, ps_error *err) {
    ps_scope scope;
    PS_TRY(ps_grow((void **)&r->table, &r->capacity, r->n + 1, sizeof *r->table, err));
    guarded *g = &r->table[r->n++];
    *g = (guarded){
        .measure = &measures->measure[at], .geography = geography, .rules = *rules};
    PS_TRY(ps_scope_open(measures, at, geography, &scope, err));
    ps_status status = look_at_areas(g, &scope, err);
    ps_scope_close(&scope);
    return status;
}

static ps_status look_at_all(ps_release_records *r, const ps_measures *measures,
                             ps_error *err) {
    for (size_t i = 0; i < measures->n; i++) {
        const ps_measure *m = &measures->measure[i];
        if (m->absent != NULL || input_of(m) == NULL) continue;
        const ps_release_rules rules =
            ps_release_rules_of(r->job->disclosure, input_of(m), class_of(r->job, m));
        if (!ps_release_rules_hide(&rules)) continue;
        for (unsigned k = 0; k < m->spec->geographies_count; k++) {
            const int g = ps_measures_geography(measures->figures->geographies,
                                                m->spec->geographies[k]);
            if (g >= 0) PS_TRY(look_at(r, measures, i, (size_t)g, &rules, err));
        }
    }
    return PS_OK;
}

ps_status ps_release_records_open(const ps_job *job, const ps_measures *measures,
                                  ps_release_records **out, ps_error *err) {
    *out = NULL;
    ps_release_records *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->job = job;
    ps_status status = look_at_all(r, measures, err);
    if (status == PS_OK)
        *out = r;
    else
        ps_release_records_free(r);
    return status;
}

void ps_release_records_free(ps_release_records *r) {
    if (r == NULL) return;
    for (size_t k = 0; k < r->n; k++) {
        ps_free(r->table[k].period);
        ps_free(r->table[k].hide);
    }
    ps_free(r->table);
    ps_free(r);
}

/* ---- Asking ---- */

/* A measure that an area's plan changes is still the same one. */
static bool is_same(const ps_measure *a, const ps_measure *b) {
    return a->binding == b->binding && strcmp(a->spec->id, b->spec->id) == 0;
}

bool ps_release_records_show(const ps_release_records *r, const ps_measure *m,
                             size_t item, size_t geography, ps_month first,
                             ps_month last) {
    bool guarded_here = false;
    for (size_t k = 0; k < r->n; k++) {
        const guarded *g = &r->table[k];
        if (!is_same(g->measure, m)) continue;
        guarded_here = true;
        if (g->geography != geography) continue;
        for (size_t p = 0; p < g->n_periods; p++)
            if (g->period[p].first == first && g->period[p].last == last)
                return item < g->n_items && !g->hide[item * g->n_periods + p];
    }
    return !guarded_here;
}

/* ---- What was done ---- */

void ps_release_records_manifest(const ps_release_records *r, ps_json *json) {
    for (unsigned i = 0; i < r->job->records_count; i++) {
        const char *id = r->job->records[i].id;
        const ps_release_rules *rules = NULL;
        size_t figures = 0, small = 0, tables = 0, hidden = 0;
        for (size_t k = 0; k < r->n; k++) {
            const guarded *g = &r->table[k];
            if (strcmp(input_of(g->measure), id) != 0) continue;
            if (rules == NULL || g->rules.disclosure > rules->disclosure)
                rules = &g->rules;
            figures += g->figures, small += g->small;
            tables += g->n_items * g->n_periods, hidden += g->hidden;
        }
        if (rules == NULL) continue;
        ps_json_object(json);
        ps_json_member_text(json, "input", id);
        ps_json_member_text(json, "class", ps_disclosure_class_text(rules->disclosure));
        ps_json_member_int(json, "threshold", rules->threshold);
        ps_json_member_text(json, "rule",
                            "no figure of a measure, geography and period where any has "
                            "a base, numerator or rest below the threshold");
        ps_json_member_int(json, "figures", (int64_t)figures);
        ps_json_member_int(json, "small", (int64_t)small);
        ps_json_member_int(json, "tables", (int64_t)tables);
        ps_json_member_int(json, "tables_suppressed", (int64_t)hidden);
        ps_json_end_object(json);
    }
}
