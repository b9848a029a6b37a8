#include "engine/run/release_records.h"

#include <math.h>
#include <string.h>

#include "engine/core/partition.h"
#include "engine/run/framework_check.h"
#include "engine/run/release_audit.h"

/* A selection of a question. */
typedef struct count {
    size_t question, selection;
} count;

/* The counts that an item of a measure is made of. */
typedef struct figure {
    const ps_measure *measure;
    size_t item;
    count part[4]; /* base, numerator, rest, left out of the base */
    size_t n_parts;
} figure;

/* A measure on a table of records of people, in a geography. */
typedef struct on_table {
    const ps_measure *measure;
    size_t geography, n_items;
    ps_period *period; /* of the measure, and its baseline's */
    size_t n_periods;
    bool *hide;  /* item * n_periods + period */
    bool counts; /* the method tells a base */
} on_table;

/* A set of records. */
typedef struct guarded {
    const ps_record_set *set;
    ps_release_rules rules;
    bool used; /* by a measure */
    ps_audit_makeup *makeup;
    ps_tally_cell *cell;
    int32_t *rank;
    bool *all;
    ps_audit *everyone;
    ps_audit **question;
    size_t n_questions, question_capacity;
    count *base; /* of figures without a filter */
    size_t n_bases, base_capacity;
    figure *figure;
    size_t n_figures, figure_capacity;
    on_table *table;
    size_t n_tables, table_capacity;
} guarded;

struct ps_release_records {
    const ps_job *job;
    const ps_measures *measures;
    guarded *data; /* by set */
    size_t n;
};

static bool is_on_records(const ps_measure *m) {
    return m->spec->table != NULL && m->spec->table->rows == PS_ROWS_RECORDS;
}

static bool uses(const ps_measures *all, const ps_measure *m, const ps_record_set *set) {
    return m->numerator.records == set || m->denominator.records == set ||
           (is_on_records(m) && ps_measure_records(all, m) == set);
}

/* Scores of other classes are those that organisations give themselves. */
static bool is_of_people(const guarded *g) {
    return g->rules.disclosure == PS_DISCLOSURE_SURVEY ||
           g->rules.disclosure == PS_DISCLOSURE_SENSITIVE;
}

static bool is_protected(const guarded *g) {
    return g->used && ps_release_rules_hide(&g->rules);
}

/* The job's word, or else the strictest of those of the measures. */
static ps_disclosure_class class_of(const ps_measures *all, guarded *g) {
    ps_disclosure_class strictest = PS_DISCLOSURE_PUBLIC;
    for (size_t i = 0; i < all->n; i++) {
        const ps_measure *m = &all->measure[i];
        if (m->absent != NULL || !uses(all, m, g->set)) continue;
        g->used = true;
        if (m->spec->disclosure > strictest) strictest = m->spec->disclosure;
    }
    return g->set->spec->disclosure != NULL ? *g->set->spec->disclosure : strictest;
}

/* ---- The rows of an audit ---- */

/* What is restricted to records of whole stretches is asked for, or not, as a whole. */
static bool is_known(const void *context, size_t geography, size_t area, ps_month first,
                     ps_month last) {
    (void)first, (void)last;
    return ps_records_know(((const guarded *)context)->set, geography, area);
}

static const bool *base_of(const guarded *g, const count *base, ps_month first,
                           ps_month last) {
    const ps_audit *question = g->question[base->question];
    return ps_audit_asks(question, base->selection, first, last)
               ? ps_audit_holds(question, base->selection)
               : NULL;
}

/* Is the base of any question that is asked of these months small here? Then nothing of
 * this place is shown, so that how many rows there are is not known to those who count
 * who answered. */
static bool has_small_base(const void *context, size_t geography, size_t area,
                           ps_month first, ps_month last) {
    const guarded *g = context;
    const ps_record_areas *areas = &g->set->areas[geography];
    for (size_t b = 0; b < g->n_bases; b++) {
        const bool *base = base_of(g, &g->base[b], first, last);
        int64_t n = 0;
        if (base == NULL) continue;
        for (size_t k = areas->offset[area]; k < areas->offset[area + 1]; k++)
            n += base[areas->record[k]] &&
                 ps_record_in(g->set, (size_t)areas->record[k], first, last);
        if (n < g->rules.threshold && (n > 0 || g->rules.hide_zeros)) return true;
    }
    return false;
}

static ps_audit_rows rows_of(const ps_geographies *all, const guarded *g) {
    return (ps_audit_rows){.geographies = all,
                           .n_units = g->set->n,
                           .n_groups = g->set->n,
                           .makeup = g->makeup,
                           .cell = g->cell,
                           .n_cells = g->set->n,
                           .rank = g->rank,
                           .month = g->set->last,
                           .first = g->set->begin,
                           .last = g->set->end,
                           .known = is_known,
                           .context = g};
}

static ps_status open_rows(const ps_geographies *all, guarded *g, ps_error *err) {
    const size_t n = g->set->n;
    g->makeup = ps_zalloc(all->n, sizeof *g->makeup);
    g->cell = ps_alloc(n, sizeof *g->cell);
    g->rank = ps_alloc(n, sizeof *g->rank);
    g->all = ps_alloc(n, sizeof *g->all);
    if (g->makeup == NULL || g->cell == NULL || g->rank == NULL || g->all == NULL)
        return ps_fail_nomem(err);
    for (size_t k = 0; k < all->n; k++)
        g->makeup[k] =
            (ps_audit_makeup){g->set->areas[k].offset, g->set->areas[k].record};
    for (size_t i = 0; i < n; i++) {
        g->cell[i] = (ps_tally_cell){(int32_t)i, (int32_t)i, 1};
        g->rank[i] = (int32_t)i;
        g->all[i] = true;
    }
    ps_audit_rows rows = rows_of(all, g);
    rows.withheld = has_small_base;
    size_t at;
    PS_TRY(ps_audit_open(&rows, &g->rules, &g->everyone, err));
    return ps_audit_select(g->everyone, g->all, false, &at, err);
}

/* ---- Questions ---- */

typedef struct columns {
    const char *name[2 * PS_JOB_BOUND_COLUMNS];
    size_t n;
} columns;

static void add_column(columns *c, const ps_job_data_column *column) {
    if (column != NULL && c->n < PS_LENGTH(c->name)) c->name[c->n++] = column->column;
}

/* The columns that a part asks. */
static void add_columns(columns *c, const ps_measure *m, const ps_measure_part *part) {
    if (part->spec == NULL || part->records == NULL) return;
    for (unsigned w = 0; w < part->spec->where_count; w++)
        add_column(c, ps_binding_column(part->bound, part->spec->where[w].column));
    if (part->spec->by != NULL)
        add_column(c, ps_binding_column(part->bound, part->spec->by));
    if (m->spec->table != NULL && m->spec->table->rows == PS_ROWS_VALUES)
        add_column(c, ps_binding_column(part->bound, m->spec->table->of));
    if (m->form == &ps_form_survey_mean)
        add_column(c, ps_binding_role(part->kind, part->bound, PS_ROLE_SCORE));
    if (m->form == &ps_form_repeat)
        add_column(c, ps_binding_role(part->kind, part->bound, PS_ROLE_PERSON));
}

static columns columns_of(const ps_measure *m) {
    columns c = {.n = 0};
    add_columns(&c, m, &m->numerator);
    add_columns(&c, m, &m->denominator);
    return c;
}

static bool share_a_column(const ps_measure *a, const ps_measure *b) {
    const columns x = columns_of(a), y = columns_of(b);
    for (size_t i = 0; i < x.n; i++)
        for (size_t k = 0; k < y.n; k++)
            if (strcmp(x.name[i], y.name[k]) == 0) return true;
    return false;
}

/* Measures that share a column, or one with a third, ask one question. What is looked up
 * hangs on other columns, so there is but one then. */
static void group_measures(const ps_measures *all, const guarded *g, size_t *question) {
    for (size_t i = 0; i < all->n; i++) question[i] = i;
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < i; k++) {
            const ps_measure *a = &all->measure[i], *b = &all->measure[k];
            if (a->absent != NULL || b->absent != NULL || question[i] == question[k] ||
                a->numerator.records != g->set || b->numerator.records != g->set ||
                (g->set->spec->with_count == 0 && !share_a_column(a, b)))
                continue;
            const size_t from = question[i], to = question[k];
            for (size_t j = 0; j < all->n; j++)
                if (question[j] == from) question[j] = to;
        }
}

/* ---- What the outputs show ---- */

typedef enum role { BASE, NUMERATOR, REST, LEFT_OUT } role;

static bool is_in(role part, uint8_t taken) {
    const bool base = (taken & PS_TAKEN_BASE) != 0,
               numerator = (taken & PS_TAKEN_NUMERATOR) != 0;
    switch (part) {
        case BASE:
            return base;
        case NUMERATOR:
            return numerator;
        case REST:
            return base && !numerator;
        case LEFT_OUT:
            return !base;
    }
    return false;
}

static ps_status select_role(const guarded *g, size_t question, const uint8_t *taken,
                             role part, count *out, ps_error *err) {
    bool *holds = ps_alloc(g->set->n, sizeof *holds);
    if (holds == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < g->set->n; i++) holds[i] = is_in(part, taken[i]);
    out->question = question;
    return ps_audit_select(g->question[question], holds, true, &out->selection, err);
}

static ps_status select_part(const guarded *g, figure *f, size_t question,
                             const uint8_t *taken, role part, ps_error *err) {
    return select_role(g, question, taken, part, &f->part[f->n_parts++], err);
}

static bool has_filter(const ps_measure *m) {
    return m->denominator.spec != NULL && m->denominator.spec->where_count > 0;
}

/* Who answered, of all. */
static ps_status add_base(guarded *g, const count *base, ps_error *err) {
    PS_TRY(ps_grow((void **)&g->base, &g->base_capacity, g->n_bases + 1, sizeof *g->base,
                   err));
    g->base[g->n_bases++] = *base;
    return PS_OK;
}

/* base: the question that the base is asked in. */
static ps_status select_parts(guarded *g, figure *f, size_t question, size_t base,
                              const uint8_t *taken, ps_error *err) {
    uint8_t any = 0, all = PS_TAKEN_BASE;
    for (size_t i = 0; i < g->set->n; i++) any |= taken[i], all &= taken[i];
    const bool share = f->measure->form->judged_by == PS_JUDGED_BY_SURVEY ||
                       f->measure->form->judged_by == PS_JUDGED_BY_REGISTER;
    if (share || (any & PS_TAKEN_BASE) != 0) {
        PS_TRY(select_part(g, f, base, taken, BASE, err));
        if (has_filter(f->measure) && all == 0)
            PS_TRY(select_part(g, f, base, taken, LEFT_OUT, err));
        if (!has_filter(f->measure)) PS_TRY(add_base(g, &f->part[0], err));
    }
    if (share || (any & PS_TAKEN_NUMERATOR) != 0)
        PS_TRY(select_part(g, f, question, taken, NUMERATOR, err));
    return share ? select_part(g, f, question, taken, REST, err) : PS_OK;
}

/* Of what lies partly in a stretch nothing is told of the stretch. */
static ps_status ask(const guarded *g, ps_audit *audit, size_t selection,
                     const ps_measures *all, const char *geography, const ps_period *p,
                     ps_error *err) {
    const int at = ps_measures_geography(all->figures->geographies, geography);
    if (at < 0 || !ps_records_whole(g->set, p->first, p->last)) return PS_OK;
    return ps_audit_ask(audit, selection, (size_t)at, p->first, p->last, err);
}

static ps_status ask_everywhere(const guarded *g, ps_audit *audit, size_t selection,
                                const ps_measures *all, const ps_measure *m,
                                ps_error *err) {
    ps_period base;
    const bool has_base = ps_form_baseline(m->spec, &base);
    for (unsigned k = 0; k <= m->spec->geographies_count; k++) {
        /* The rows of a table may be areas of another geography. */
        const char *geography = k < m->spec->geographies_count ? m->spec->geographies[k]
                                : m->spec->table != NULL       ? m->spec->table->of
                                                               : NULL;
        if (geography == NULL) continue;
        for (size_t p = 0; p < m->n_periods; p++)
            PS_TRY(ask(g, audit, selection, all, geography, &m->period[p], err));
        if (has_base) PS_TRY(ask(g, audit, selection, all, geography, &base, err));
    }
    return PS_OK;
}

static ps_status ask_count(const guarded *g, const ps_measures *all, const ps_measure *m,
                           const count *c, ps_error *err) {
    return ask_everywhere(g, g->question[c->question], c->selection, all, m, err);
}

/* Does it work on a table of counts of records? */
static bool is_of_counts(const ps_measure *m) {
    return m->spec->table != NULL && !is_on_records(m);
}

static void take_counted(const ps_measure_part *part, size_t item, uint8_t *taken) {
    const uint8_t *answer = ps_part_answers(part, item);
    for (size_t i = 0; i < part->records->n; i++)
        taken[i] = answer[i] == PS_ANSWER_YES ? PS_TAKEN_NUMERATOR : 0;
}

static ps_status add_item(guarded *g, const ps_measures *all, const ps_measure *m,
                          size_t item, size_t question, size_t base, const uint8_t *taken,
                          ps_error *err) {
    PS_TRY(ps_grow((void **)&g->figure, &g->figure_capacity, g->n_figures + 1,
                   sizeof *g->figure, err));
    figure *f = &g->figure[g->n_figures++];
    *f = (figure){.measure = m, .item = item};
    PS_TRY(select_parts(g, f, question, base, taken, err));
    for (size_t k = 0; k < f->n_parts; k++)
        PS_TRY(ask_count(g, all, m, &f->part[k], err));
    if (base == question) return PS_OK;
    count known;
    PS_TRY(select_role(g, question, taken, BASE, &known, err));
    ps_audit_take_as_known(g->question[question], known.selection);
    return ask_count(g, all, m, &known, err);
}

/* Are both parts, as far as they are of records, of these? */
static bool is_accounted(const ps_measure *m, const guarded *g) {
    return (m->form->take != NULL || is_of_counts(m)) && m->numerator.records == g->set &&
           (m->denominator.records == NULL || m->denominator.records == g->set);
}

static ps_status add_question(const ps_measures *all, guarded *g, ps_error *err) {
    const ps_audit_rows rows = rows_of(all->figures->geographies, g);
    PS_TRY(ps_grow((void **)&g->question, &g->question_capacity, g->n_questions + 1,
                   sizeof(ps_audit *), err));
    PS_TRY(ps_audit_open(&rows, &g->rules, &g->question[g->n_questions], err));
    g->n_questions++;
    return PS_OK;
}

/* What the method counts, as if split by the column of the table's rows. */
static ps_status add_counted(guarded *g, const ps_measures *all, const ps_measure *m,
                             size_t question, uint8_t *taken, ps_error *err) {
    ps_framework_part split = *m->numerator.spec;
    ps_measure_part part;
    if (m->spec->table->rows == PS_ROWS_VALUES) split.by = m->spec->table->of;
    ps_status status = ps_part_open(m->binding, all->figures, &split, &part, err);
    for (size_t i = 0; i < part.n_items && status == PS_OK; i++) {
        take_counted(&part, i, taken);
        status = add_item(g, all, m, i, question, question, taken, err);
    }
    ps_part_close(&part);
    return status;
}

/* Of several answers in a cell each is a question of its own, yes or no, when no other
 * measure asks for any of them. Whether there is an answer at all is asked once. */
static bool asks_each_answer(const ps_measures *all, const guarded *g,
                             const size_t *question, size_t at) {
    const ps_measure *m = &all->measure[at];
    const ps_framework_column *by = ps_binding_by(m->binding, m->numerator.spec);
    if (by == NULL || !by->several || m->numerator.spec->where_count > 0 ||
        has_filter(m) ||
        (m->denominator.spec != NULL && m->denominator.spec->by != NULL) ||
        m->form->judged_by != PS_JUDGED_BY_SURVEY)
        return false;
    for (size_t k = 0; k < all->n; k++)
        if (k != at && question[k] == question[at] && all->measure[k].absent == NULL &&
            all->measure[k].numerator.records == g->set)
            return false;
    return true;
}

static ps_status ask_questions(const ps_measures *all, guarded *g, size_t *question,
                               uint8_t *taken, ps_error *err) {
    group_measures(all, g, question);
    for (size_t i = 0; i < all->n; i++) {
        size_t own = SIZE_MAX;
        for (size_t k = i; k < all->n; k++) {
            const ps_measure *m = &all->measure[k];
            if (question[k] != i || m->absent != NULL || !is_accounted(m, g)) continue;
            if (own == SIZE_MAX) PS_TRY(add_question(all, g, err));
            if (own == SIZE_MAX) own = g->n_questions - 1;
            const bool apart = asks_each_answer(all, g, question, k);
            if (is_of_counts(m)) {
                PS_TRY(add_counted(g, all, m, own, taken, err));
                continue;
            }
            for (size_t item = 0; item < m->numerator.n_items; item++) {
                if (apart) PS_TRY(add_question(all, g, err));
                PS_TRY(m->form->take(m, item, taken, err));
                PS_TRY(add_item(g, all, m, item, apart ? g->n_questions - 1 : own, own,
                                taken, err));
            }
        }
    }
    return PS_OK;
}

/* ---- Tables of records ---- */

static ps_status list_periods(on_table *t, ps_error *err) {
    const ps_measure *m = t->measure;
    t->period = ps_alloc(m->n_periods + 1, sizeof *t->period);
    if (t->period == NULL) return ps_fail_nomem(err);
    for (; t->n_periods < m->n_periods; t->n_periods++)
        t->period[t->n_periods] = m->period[t->n_periods];
    t->n_periods += ps_form_baseline(m->spec, &t->period[t->n_periods]);
    return PS_OK;
}

/* Some methods look at all records up to the end of the period. */
static ps_period looked_at(const guarded *g, const ps_measure *m, ps_period p) {
    if (m->spec->table->earlier != NULL && *m->spec->table->earlier &&
        p.first > g->set->begin)
        p.first = g->set->begin;
    return p;
}

static ps_status look_at_area(const guarded *g, on_table *t, ps_scope *s, ps_error *err) {
    const ps_form *form = t->measure->form;
    if (form->enter != NULL) PS_TRY(form->enter(s, err));
    for (size_t i = 0; i < t->n_items; i++)
        for (size_t p = 0; p < t->n_periods; p++) {
            ps_measured m;
            PS_TRY(form->measure(s, i, &t->period[p], &m, err));
            if (m.value.status != PS_VALUE_OK || !isfinite(m.denominator)) continue;
            t->counts = true;
            if (m.denominator < (double)g->rules.threshold &&
                (m.denominator > 0 || g->rules.hide_zeros))
                t->hide[i * t->n_periods + p] = true;
        }
    return PS_OK;
}

static ps_status look_at_areas(const guarded *g, on_table *t, ps_scope *s,
                               ps_error *err) {
    t->n_items = s->n_items;
    PS_TRY(list_periods(t, err));
    t->hide = ps_zalloc(t->n_items + 1, (t->n_periods + 1) * sizeof *t->hide);
    if (t->hide == NULL) return ps_fail_nomem(err);
    for (s->area = 0; s->area < s->geo->areas->n; s->area++)
        PS_TRY(look_at_area(g, t, s, err));
    for (size_t p = 0; p < t->n_periods && t->counts; p++) {
        const ps_period whole = looked_at(g, t->measure, t->period[p]);
        if (ps_records_whole(g->set, whole.first, whole.last))
            PS_TRY(
                ps_audit_ask(g->everyone, 0, t->geography, whole.first, whole.last, err));
    }
    return PS_OK;
}

static ps_status look_at_tables(const ps_measures *all, guarded *g, ps_error *err) {
    for (size_t i = 0; i < all->n; i++) {
        const ps_measure *m = &all->measure[i];
        if (m->absent != NULL || !is_on_records(m) || !is_of_people(g) ||
            ps_measure_records(all, m) != g->set)
            continue;
        for (unsigned k = 0; k < m->spec->geographies_count; k++) {
            const int at =
                ps_measures_geography(all->figures->geographies, m->spec->geographies[k]);
            if (at < 0) continue;
            PS_TRY(ps_grow((void **)&g->table, &g->table_capacity, g->n_tables + 1,
                           sizeof *g->table, err));
            on_table *t = &g->table[g->n_tables++];
            *t = (on_table){.measure = m, .geography = (size_t)at};
            ps_scope scope;
            PS_TRY(ps_scope_open(all, i, (size_t)at, &scope, err));
            const ps_status status = look_at_areas(g, t, &scope, err);
            ps_scope_close(&scope);
            PS_TRY(status);
        }
    }
    return PS_OK;
}

/* ---- All of it ---- */

static ps_status decide(guarded *g, ps_error *err) {
    for (size_t q = 0; q < g->n_questions; q++)
        PS_TRY(ps_audit_ask_all(g->everyone, g->question[q], err));
    PS_TRY(ps_audit_decide(g->everyone, NULL, err));
    for (size_t q = 0; q < g->n_questions; q++)
        PS_TRY(ps_audit_decide(g->question[q], g->everyone, err));
    return PS_OK;
}

static ps_status guard(const ps_measures *all, guarded *g, ps_error *err) {
    PS_TRY(open_rows(all->figures->geographies, g, err));
    size_t *question = ps_alloc(all->n, sizeof *question);
    uint8_t *taken = ps_alloc(g->set->n, sizeof *taken);
    ps_status status = question != NULL && taken != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ask_questions(all, g, question, taken, err);
    ps_free(question), ps_free(taken);
    PS_TRY(status);
    PS_TRY(look_at_tables(all, g, err));
    ps_error why = {PS_OK, ""};
    status = decide(g, &why);
    if (status == PS_OK) return PS_OK;
    return ps_fail(err, status, "%s: %s", g->set->spec->id, why.text);
}

static ps_status open_all(ps_release_records *r, ps_error *err) {
    const ps_records *records = r->measures->figures->records;
    r->n = records != NULL ? records->n : 0;
    r->data = ps_zalloc(r->n, sizeof *r->data);
    if (r->data == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < r->n; i++) {
        guarded *g = &r->data[i];
        g->set = &records->set[i];
        g->rules = ps_release_rules_of(r->job->disclosure, g->set->spec->id,
                                       class_of(r->measures, g));
        if (is_protected(g)) PS_TRY(guard(r->measures, g, err));
    }
    return PS_OK;
}

ps_status ps_release_records_open(const ps_job *job, const ps_measures *measures,
                                  ps_release_records **out, ps_error *err) {
    *out = NULL;
    ps_release_records *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->job = job;
    r->measures = measures;
    ps_status status = open_all(r, err);
    if (status == PS_OK)
        *out = r;
    else
        ps_release_records_free(r);
    return status;
}

static void close_guarded(guarded *g) {
    for (size_t q = 0; q < g->n_questions; q++) ps_audit_free(g->question[q]);
    for (size_t k = 0; k < g->n_tables; k++)
        ps_free(g->table[k].period), ps_free(g->table[k].hide);
    ps_audit_free(g->everyone);
    ps_free((void *)g->question), ps_free(g->base), ps_free(g->figure);
    ps_free(g->table), ps_free(g->makeup), ps_free(g->cell), ps_free(g->rank);
    ps_free(g->all);
}

void ps_release_records_free(ps_release_records *r) {
    if (r == NULL) return;
    for (size_t i = 0; r->data != NULL && i < r->n; i++) close_guarded(&r->data[i]);
    ps_free(r->data);
    ps_free(r);
}

/* ---- Asking ---- */

/* A measure that an area's plan changes is still the same one. */
static bool is_same(const ps_measure *a, const ps_measure *b) {
    return a->binding == b->binding && strcmp(a->spec->id, b->spec->id) == 0;
}

static bool shows_figure(const guarded *g, const figure *f, size_t geography, size_t area,
                         ps_month first, ps_month last) {
    for (size_t k = 0; k < f->n_parts; k++)
        if (!ps_audit_shows(g->question[f->part[k].question], f->part[k].selection,
                            geography, area, first, last))
            return false;
    return f->n_parts > 0;
}

/* A rank tells how far the next answer is behind, so all answers go together. */
static bool shows_figures(const guarded *g, const ps_measure *m, size_t item,
                          size_t geography, size_t area, ps_month first, ps_month last) {
    bool any = false;
    for (size_t k = 0; k < g->n_figures; k++) {
        const figure *f = &g->figure[k];
        if (!is_same(f->measure, m) || (f->item != item && !m->form->ranked)) continue;
        any = true;
        if (!shows_figure(g, f, geography, area, first, last)) return false;
    }
    return any;
}

static bool shows_table(const guarded *g, const ps_measure *m, size_t item,
                        size_t geography, size_t area, ps_month first, ps_month last) {
    if (!is_of_people(g)) return true;
    for (size_t k = 0; k < g->n_tables; k++) {
        const on_table *t = &g->table[k];
        if (!is_same(t->measure, m) || t->geography != geography) continue;
        for (size_t p = 0; p < t->n_periods; p++) {
            if (t->period[p].first != first || t->period[p].last != last) continue;
            const ps_period whole = looked_at(g, m, t->period[p]);
            return item < t->n_items && !t->hide[item * t->n_periods + p] &&
                   (!t->counts || ps_audit_shows(g->everyone, 0, geography, area,
                                                 whole.first, whole.last));
        }
    }
    return false;
}

bool ps_release_records_protect(const ps_release_records *r, const ps_measure *m) {
    for (size_t i = 0; r != NULL && i < r->n; i++)
        if (is_protected(&r->data[i]) && uses(r->measures, m, r->data[i].set) &&
            (!is_on_records(m) || is_of_people(&r->data[i])))
            return true;
    return false;
}

bool ps_release_records_show(const ps_release_records *r, const ps_measure *m,
                             size_t item, size_t geography, size_t area, ps_month first,
                             ps_month last) {
    for (size_t i = 0; i < r->n; i++) {
        const guarded *g = &r->data[i];
        if (!is_protected(g) || !uses(r->measures, m, g->set)) continue;
        /* It sees no counts but those that are shown. */
        if (is_of_counts(m) && is_accounted(m, g)) continue;
        if (is_on_records(m) ? !shows_table(g, m, item, geography, area, first, last)
                             : !shows_figures(g, m, item, geography, area, first, last))
            return false;
    }
    return true;
}

/* Some question selects the same records. */
bool ps_release_records_show_part(const ps_release_records *r,
                                  const ps_measure_part *part, size_t item,
                                  size_t geography, size_t area, ps_month first,
                                  ps_month last) {
    const uint8_t *answer = ps_part_answers(part, item);
    for (size_t i = 0; i < r->n; i++) {
        const guarded *g = &r->data[i];
        if (g->set != part->records) continue;
        if (!is_protected(g)) return true;
        for (size_t k = 0; k < g->n_figures; k++)
            for (size_t p = 0; p < g->figure[k].n_parts; p++) {
                const count *c = &g->figure[k].part[p];
                const bool *holds =
                    ps_audit_holds(g->question[c->question], c->selection);
                size_t same = 0;
                while (same < g->set->n && holds[same] == (answer[same] == PS_ANSWER_YES))
                    same++;
                if (same == g->set->n &&
                    ps_audit_shows(g->question[c->question], c->selection, geography,
                                   area, first, last))
                    return true;
            }
        return false;
    }
    return true;
}

/* ---- What was done ---- */

/* Of all questions together; false: of one nothing was decided. */
static bool sum_up(const guarded *g, ps_protect_summary *sum) {
    *sum = (ps_protect_summary){0};
    for (size_t q = 0; q <= g->n_questions; q++) {
        const ps_protect_summary *s =
            ps_audit_summary(q < g->n_questions ? g->question[q] : g->everyone);
        if (s == NULL) return false;
        sum->tables += s->tables;
        for (int k = 0; k < PS_PROTECT_CAUSES; k++) sum->cells[k] += s->cells[k];
        sum->secrets += s->secrets, sum->proved += s->proved;
        if (s->narrowest > 0 && (sum->narrowest == 0 || s->narrowest < sum->narrowest))
            sum->narrowest = s->narrowest;
    }
    return true;
}

static void manifest_tables(const guarded *g, ps_json *json) {
    size_t tables = 0, hidden = 0;
    for (size_t k = 0; k < g->n_tables; k++) {
        const on_table *t = &g->table[k];
        tables += t->n_items * t->n_periods;
        for (size_t i = 0; i < t->n_items * t->n_periods; i++) hidden += t->hide[i];
    }
    ps_json_key(json, "tables_of_records");
    ps_json_object(json);
    ps_json_member_text(json, "rule",
                        "no figure of a measure, geography and period where any has a "
                        "base below the threshold");
    ps_json_member_int(json, "tables", (int64_t)tables);
    ps_json_member_int(json, "suppressed", (int64_t)hidden);
    ps_json_end_object(json);
}

void ps_release_records_manifest(const ps_release_records *r, ps_json *json) {
    for (size_t i = 0; i < r->n; i++) {
        const guarded *g = &r->data[i];
        ps_protect_summary sum;
        if (!g->used) continue;
        ps_json_object(json);
        ps_json_member_text(json, "input", g->set->spec->id);
        ps_json_member_text(json, "class", ps_disclosure_class_text(g->rules.disclosure));
        if (g->rules.off != NULL) ps_json_member_text(json, "off", g->rules.off);
        if (is_protected(g)) {
            ps_json_member_int(json, "questions", (int64_t)g->n_questions);
            ps_audit_manifest(&g->rules, sum_up(g, &sum) ? &sum : NULL, json);
            if (g->n_tables > 0) manifest_tables(g, json);
        }
        ps_json_end_object(json);
    }
}

void ps_release_records_summary(const ps_release_records *r, ps_output *out) {
    for (size_t i = 0; i < r->n; i++) {
        const guarded *g = &r->data[i];
        ps_protect_summary sum;
        if (is_protected(g))
            ps_audit_tell(g->set->spec->id, &g->rules, sum_up(g, &sum) ? &sum : NULL,
                          out);
    }
}
