#include "engine/run/method_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/measures.h"
#include "engine/run/people.h"
#include "engine/run/release.h"
#include "geo/neighbours.h"
#include "indicators/method.h"

enum { YEAR = 12 };

/* A row about to be written. */
typedef struct row {
    const ps_period *period;
    size_t geography, area; /* that its counts, figures and columns are of */
    size_t value;           /* of the column that rows are of */
    size_t indicator;
    size_t record;
} row;

/* A column of the records that are the rows. */
typedef struct record_column {
    const ps_framework_column *column;
    const ps_job_data_column *bound;
    const ps_record_column *values; /* NULL: the job does not bind it */
} record_column;

struct ps_method_table {
    const ps_scope *scope;
    const ps_framework_measure *spec;
    const ps_framework_table *layout;
    bool of_areas;    /* rows are areas, with indicators or without */
    size_t rows_in;   /* geography of the rows that are areas */
    int32_t *lies_in; /* by area of it: area of the scope's geography, or of that which it
                         is built of; NULL: members or
                         the same geography */
    int32_t **within; /* by column: by area of rows_in, the area of `in`; or NULL */
    ps_scope *figure; /* by column, then by indicator: of the measures named there */
    bool *figure_open;
    size_t n_figures;
    ps_measure_part values;       /* the numerator split by the column that rows are of */
    const ps_record_set *records; /* that are the rows, or NULL */
    record_column *record_column; /* by column */
    const ps_record_column *round; /* of the records: what of them is whole in a period or
                                      not in it at all; or NULL */
    ps_month *round_end;           /* by its texts, in the area of the table */
    int32_t cut;                   /* the last of them left out; PS_NONE: none was */
    ps_history *history;
    const ps_measure_part *history_part; /* what the history is of */
    size_t history_item, history_geography, history_area;
    double *x, *y; /* of the rows' areas, in metres; NULL not asked for */
    ps_neighbours neighbours;
    ps_period *period;
    size_t n_periods;
    const char **gap;  /* by area of rows_in when the table is whole, else one; or NULL */
    const char **left; /* likewise: what was left out, in words; or NULL */
    size_t n_gaps;
    ps_arena *arena; /* texts of the table under construction */
};

bool ps_method_table_whole(const ps_framework_table *spec) {
    return spec->whole != NULL && *spec->whole;
}

/* ---- Getting ready ---- */

static ps_status open_figure(ps_method_table *t, size_t at, const char *measure,
                             ps_error *err) {
    const ps_measures *all = t->scope->all;
    for (size_t i = 0; i < all->n; i++) {
        const ps_measure *m = &all->measure[i];
        if (m->binding != t->scope->measure->binding || strcmp(m->spec->id, measure) != 0)
            continue;
        PS_TRY(ps_scope_open(all, i, t->of_areas ? t->rows_in : t->scope->geography,
                             &t->figure[at], err));
        t->figure_open[at] = true;
    }
    return PS_OK;
}

static ps_status open_figures(ps_method_table *t, ps_error *err) {
    const ps_framework_table *l = t->layout;
    t->n_figures = l->columns_count + l->indicators_count;
    t->figure = ps_zalloc(t->n_figures, sizeof *t->figure);
    t->figure_open = ps_zalloc(t->n_figures, sizeof *t->figure_open);
    if (t->figure == NULL || t->figure_open == NULL) return ps_fail_nomem(err);
    for (unsigned c = 0; c < l->columns_count; c++)
        if (l->columns[c].measure != NULL)
            PS_TRY(open_figure(t, c, l->columns[c].measure, err));
    for (unsigned i = 0; i < l->indicators_count; i++)
        PS_TRY(open_figure(t, l->columns_count + i, l->indicators[i].measure, err));
    return PS_OK;
}

static bool asks_for(const ps_framework_table *l, ps_table_key key) {
    for (unsigned c = 0; c < l->columns_count; c++)
        if (l->columns[c].key != NULL && *l->columns[c].key == key) return true;
    return false;
}

/* Points inside the areas; none in a geographic CRS, whose unit is no metre. */
static ps_status find_places(ps_method_table *t, ps_error *err) {
    const ps_areas *areas = t->scope->figures->geographies->geography[t->rows_in].areas;
    const double unit = areas->crs != NULL ? ps_crs_metres(areas->crs) : 1;
    t->x = ps_alloc(areas->n, sizeof *t->x);
    t->y = ps_alloc(areas->n, sizeof *t->y);
    if (t->x == NULL || t->y == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_areas_interior_points(areas, t->x, t->y, err));
    const bool degrees = areas->crs != NULL && ps_crs_is_geographic(areas->crs);
    for (size_t a = 0; a < areas->n; a++) {
        t->x[a] = degrees ? (double)NAN : t->x[a] * unit;
        t->y[a] = degrees ? (double)NAN : t->y[a] * unit;
    }
    return PS_OK;
}

/* Which area of a geography does each of the rows' lie in? Members are known as such. */
static ps_status find_within(ps_method_table *t, const char *geography, int32_t **out,
                             ps_error *err) {
    const ps_geographies *all = t->scope->figures->geographies;
    const int in = ps_measures_geography(all, geography);
    const size_t n = all->geography[t->rows_in].areas->n;
    const ps_geography *larger = &all->geography[in];
    int32_t *within = *out = ps_alloc(n, sizeof *within);
    if (within == NULL) return ps_fail_nomem(err);
    if (larger->base != (int)t->rows_in)
        return ps_geography_fit(all, t->rows_in, (size_t)in, within, err);
    for (size_t a = 0; a < n; a++) within[a] = PS_NONE;
    for (size_t a = 0; a < larger->areas->n; a++)
        for (size_t k = larger->offset[a]; k < larger->offset[a + 1]; k++)
            within[larger->member[k]] = (int32_t)a;
    return PS_OK;
}

static ps_status open_areas(ps_method_table *t, ps_error *err) {
    const ps_geographies *all = t->scope->figures->geographies;
    const ps_framework_table *l = t->layout;
    t->rows_in = (size_t)ps_measures_geography(all, l->of);
    const ps_geography *rows = &all->geography[t->rows_in];
    const bool nested =
        t->rows_in == t->scope->geography || (size_t)t->scope->geo->base == t->rows_in;
    if (!ps_method_table_whole(l) && !nested) {
        t->lies_in = ps_alloc(rows->areas->n, sizeof *t->lies_in);
        if (t->lies_in == NULL) return ps_fail_nomem(err);
        const int base = t->scope->geo->base; /* its areas may overlap */
        PS_TRY(ps_geography_fit(all, t->rows_in,
                                base >= 0 ? (size_t)base : t->scope->geography,
                                t->lies_in, err));
    }
    if (asks_for(l, PS_KEY_X) || asks_for(l, PS_KEY_Y)) PS_TRY(find_places(t, err));
    if (asks_for(l, PS_KEY_NEIGHBOURS))
        PS_TRY(ps_neighbours_find(rows->areas, &t->neighbours, err));
    t->within = ps_zalloc(l->columns_count, sizeof *t->within);
    if (t->within == NULL) return ps_fail_nomem(err);
    for (unsigned c = 0; c < l->columns_count; c++)
        if (l->columns[c].in != NULL)
            PS_TRY(find_within(t, l->columns[c].in, &t->within[c], err));
    return PS_OK;
}

/* The numerator as if it were split by the column of the rows. */
static ps_status open_values(ps_method_table *t, ps_error *err) {
    static const size_t size = sizeof(ps_framework_part);
    ps_framework_part *split = ps_arena_alloc(t->arena, size);
    if (split == NULL) return ps_fail_nomem(err);
    *split = *t->spec->numerator;
    split->by = t->layout->of;
    return ps_part_open(t->scope->measure->binding, t->scope->figures, split, &t->values,
                        err);
}

/* The records and which of their columns the job has. */
static ps_status open_records(ps_method_table *t, ps_error *err) {
    const ps_binding *b = t->scope->measure->binding;
    const ps_framework *plan = b->framework;
    const int at = PS_FRAMEWORK_PLACE(plan->data, plan->data_count, t->layout->of);
    const ps_framework_data *kind = &plan->data[at];
    const ps_framework_table *l = t->layout;
    t->records = ps_measure_records(t->scope->all, t->scope->measure);
    t->record_column = ps_zalloc(l->columns_count, sizeof *t->record_column);
    if (t->record_column == NULL) return ps_fail_nomem(err);
    for (unsigned c = 0; c < l->columns_count; c++) {
        record_column *rc = &t->record_column[c];
        if (l->columns[c].column == NULL || l->columns[c].data != NULL) continue;
        rc->column = &kind->columns[PS_FRAMEWORK_PLACE(kind->columns, kind->columns_count,
                                                       l->columns[c].column)];
        rc->bound = ps_binding_column(b->data[at], rc->column->id);
        if (rc->bound != NULL)
            rc->values = ps_records_column(t->records, rc->bound->column);
    }
    return PS_OK;
}

/* The column that tells rounds or years apart: that which the latest of is the figure. */
static ps_status open_rounds(ps_method_table *t, ps_error *err) {
    const ps_framework_table *l = t->layout;
    const char *latest = t->spec->result->latest;
    if (latest == NULL || l->earlier == NULL || !*l->earlier) return PS_OK;
    const int at = PS_FRAMEWORK_PLACE(l->columns, l->columns_count, latest);
    if (at < 0 || !ps_records_dated(t->records)) return PS_OK;
    t->round = t->record_column[at].values;
    if (t->round == NULL) return PS_OK;
    t->round_end = ps_alloc(ps_keys_size(t->round->texts) + 1, sizeof *t->round_end);
    return t->round_end != NULL ? PS_OK : ps_fail_nomem(err);
}

/* A column that the job has no values for is left out of the table. */
static bool has_column(const ps_method_table *t, unsigned c) {
    return t->record_column == NULL || t->record_column[c].column == NULL ||
           t->record_column[c].values != NULL;
}

static ps_status open_table(ps_method_table *t, ps_error *err) {
    const ps_framework_table *l = t->layout;
    PS_TRY(ps_arena_create(&t->arena, err));
    PS_TRY(ps_history_create(&t->history, err));
    t->of_areas = l->rows == PS_ROWS_AREAS || l->rows == PS_ROWS_MEASURES;
    t->rows_in = t->scope->geography;
    if (t->of_areas) PS_TRY(open_areas(t, err));
    t->n_gaps = 1;
    if (ps_method_table_whole(l))
        t->n_gaps = t->scope->figures->geographies->geography[t->rows_in].areas->n;
    t->gap = ps_alloc(t->n_gaps, sizeof *t->gap);
    t->left = ps_zalloc(t->n_gaps, sizeof *t->left);
    if (t->gap == NULL || t->left == NULL) return ps_fail_nomem(err);
    if (l->rows == PS_ROWS_VALUES) PS_TRY(open_values(t, err));
    t->cut = PS_NONE;
    if (l->rows == PS_ROWS_RECORDS) {
        PS_TRY(open_records(t, err));
        PS_TRY(open_rounds(t, err));
    }
    if (l->periods_count > 0) {
        ps_month first, last;
        ps_measure_span(t->scope->all, t->scope->measure, &first, &last);
        PS_TRY(ps_periods_expand(l->periods, l->periods_count, first, last, &t->period,
                                 &t->n_periods, err));
    }
    return open_figures(t, err);
}

ps_status ps_method_table_open(const ps_scope *scope, ps_method_table **out,
                               ps_error *err) {
    *out = NULL;
    ps_method_table *t = ps_zalloc(1, sizeof *t);
    if (t == NULL) return ps_fail_nomem(err);
    t->scope = scope;
    t->spec = scope->measure->spec;
    t->layout = t->spec->table;
    const ps_status status = open_table(t, err);
    if (status == PS_OK)
        *out = t;
    else
        ps_method_table_close(t);
    return status;
}

void ps_method_table_close(ps_method_table *t) {
    if (t == NULL) return;
    for (size_t i = 0; t->figure_open != NULL && i < t->n_figures; i++)
        if (t->figure_open[i]) ps_scope_close(&t->figure[i]);
    ps_free(t->figure), ps_free(t->figure_open), ps_free(t->record_column);
    for (unsigned c = 0; t->within != NULL && c < t->layout->columns_count; c++)
        ps_free(t->within[c]);
    ps_free(t->within);
    ps_free(t->round_end);
    ps_free(t->left);
    ps_free(t->gap), ps_free(t->lies_in), ps_free(t->x), ps_free(t->y),
        ps_free(t->period);
    ps_neighbours_free(&t->neighbours);
    ps_part_close(&t->values);
    ps_history_free(t->history);
    ps_arena_free(t->arena);
    ps_free(t);
}

/* ---- What stands in a cell ---- */

/* Remember why a cell is not known. */
static void note_gap(ps_method_table *t, const row *r, const char *why) {
    const char **gap = &t->gap[t->n_gaps > 1 ? r->area : 0];
    if (*gap == NULL && why[0] != '\0')
        *gap = ps_arena_strndup(t->arena, why, strlen(why));
}

static void note_hidden(ps_method_table *t, const row *r) {
    const char **gap = &t->gap[t->n_gaps > 1 ? r->area : 0];
    if (*gap == NULL)
        *gap = t->layout->rows == PS_ROWS_MONTHS ? ps_release_months : ps_release_reason;
}

static void note_figure(ps_method_table *t, const row *r, const char *measure,
                        const char *reason) {
    char why[sizeof((ps_measured *)0)->reason];
    snprintf(why, sizeof why, "%s: %.180s", measure,
             reason[0] != '\0' ? reason : "no value");
    note_gap(t, r, why);
}

/* Tell what is not in the table. */
static void note_left(ps_method_table *t, const row *r, const char *what) {
    const char **left = &t->left[t->n_gaps > 1 ? r->area : 0];
    const char *more =
        *left != NULL ? ps_arena_printf(t->arena, "%s; %s", *left, what) : what;
    if (more != NULL) *left = more;
}

/* Of counts. */
static void note_absent_months(ps_method_table *t, const ps_measure_part *part,
                               const row *r, const ps_period *p) {
    if (part->records != NULL) {
        note_gap(t, r,
                 ps_records_know(part->records, r->geography, r->area)
                     ? "the records do not hold the whole period"
                     : ps_records_why_unknown(part->records));
        return;
    }
    double counted;
    char why[128];
    const int32_t known = ps_history_sum(t->history, p->first, p->last, &counted);
    ps_figures_describe_gaps(&t->scope->figures->data[part->data], r->geography, r->area,
                             p, ps_period_months(p) - known, why);
    note_gap(t, r, why);
}

/* A method sees no more of protected counts than the readers of the outputs do. */
static bool is_shown(const ps_method_table *t, const ps_measure_part *part, size_t item,
                     const row *r, const ps_period *p) {
    const ps_figures *f = t->scope->figures;
    if (part->records != NULL)
        return ps_release_shows_records(f->release, part, item, r->geography, r->area,
                                        p->first, p->last);
    if (!ps_release_protects(f->release, part->data)) return true;
    return ps_release_shows(f->release, part->data,
                            ps_part_holds(part, &f->data[part->data], item), r->geography,
                            r->area, p->first, p->last);
}

/* The people of the row's value; NULL: of all. */
static const ps_job_meaning *group_of(const ps_method_table *t,
                                      const ps_measure_part *part, const row *r) {
    if (part->spec->by == NULL) return NULL;
    return ps_binding_meaning(
        ps_binding_column(part->bound, part->spec->by),
        ps_part_item(t->scope->measure->binding, t->values.spec, r->value));
}

/* How much of a part there is; NAN not known. */
static double amount_of(ps_method_table *t, const ps_measure_part *part, size_t item,
                        const row *r, const ps_period *p) {
    double x;
    if (part->people != NULL) {
        const ps_geography *geo =
            &t->scope->figures->geographies->geography[r->geography];
        const ps_people *people = ps_geography_people_of(
            geo, part->people, group_of(t, part, r), p->first, p->last);
        const int32_t months = ps_period_months(p);
        if (people == NULL || people->missing[r->area]) {
            note_gap(t, r, "no population");
            return (double)NAN;
        }
        return people->value[r->area] * (months > YEAR ? months / 12.0 : 1.0);
    }
    if (part != t->history_part || item != t->history_item ||
        r->geography != t->history_geography || r->area != t->history_area)
        ps_history_read(t->history, t->scope->figures, part, item, r->geography, r->area);
    t->history_part = part;
    t->history_item = item;
    t->history_geography = r->geography;
    t->history_area = r->area;
    if (!is_shown(t, part, item, r, p)) {
        note_hidden(t, r);
        return (double)NAN;
    }
    if (ps_history_whole(t->history, p->first, p->last, &x)) return x;
    note_absent_months(t, part, r, p);
    return (double)NAN;
}

static double count_in(ps_method_table *t, ps_table_count which, const row *r,
                       const ps_period *p) {
    const ps_measure *m = t->scope->measure;
    if (which == PS_COUNT_DENOMINATOR)
        return amount_of(t, &m->denominator, m->denominator.n_items > 1 ? r->value : 0, r,
                         p);
    if (t->layout->rows == PS_ROWS_VALUES)
        return amount_of(t, &t->values, r->value, r, p);
    return amount_of(t, &m->numerator, 0, r, p);
}

static double column_of(ps_method_table *t, const ps_framework_cell *cell, const row *r,
                        const ps_period *p) {
    const ps_figures *f = t->scope->figures;
    const ps_binding *b = t->scope->measure->binding;
    const ps_framework *plan = b->framework;
    const ps_job_data *bound =
        b->data[PS_FRAMEWORK_PLACE(plan->data, plan->data_count, cell->data)];
    const ps_area_values *v = ps_figures_area_values(
        f, bound->input, ps_binding_column(bound, cell->column)->column, p->label);
    if (v != NULL && v->geography == r->geography && !v->missing[r->area])
        return v->value[r->area];
    char why[160];
    snprintf(why, sizeof why, "no value of %.60s in '%.60s'", cell->column, bound->input);
    note_gap(t, r, why);
    return (double)NAN;
}

/* What a record says, in the framework's words where the job translates them. */
static const char *record_text(ps_method_table *t, unsigned c, const row *r) {
    const record_column *rc = &t->record_column[c];
    const int32_t id = rc->values->text[r->record];
    if (id == PS_NONE) return "";
    const ps_str text = ps_keys_text(rc->values->texts, id);
    for (unsigned v = 0; rc->bound->values_count > 0 && v < rc->column->values_count; v++)
        if (ps_binding_means(rc->bound, rc->column->values[v], text))
            return rc->column->values[v];
    return ps_arena_strndup(t->arena, text.p, text.n);
}

static const char *number_text(ps_method_table *t, double number) {
    char text[32];
    if (!isfinite(number)) return "";
    ps_format_double(number, text);
    return ps_arena_strndup(t->arena, text, strlen(text));
}

/* A figure of another measure in the area and period of the row, as text or number. */
static ps_status take_figure(ps_method_table *t, size_t at, ps_table_take take,
                             const row *r, const ps_period *p, double *number,
                             const char **text, ps_error *err) {
    ps_scope *s = &t->figure[at];
    ps_measured found;
    PS_TRY(ps_scope_enter(s, r->area, err));
    PS_TRY(ps_judge_value(s, 0, p, &found, err));
    const ps_estimate *v = &found.value;
    const bool ok = v->status == PS_VALUE_OK,
               limits = ok && v->limits_status == PS_VALUE_OK;
    if (!ok) note_figure(t, r, s->measure->spec->id, found.reason);
    *text = NULL;
    *number = (double)NAN;
    switch (take) {
        case PS_TAKE_VALUE:
            if (ok) *number = v->value;
            break;
        case PS_TAKE_LOWER:
            if (limits) *number = v->lower;
            break;
        case PS_TAKE_UPPER:
            if (limits) *number = v->upper;
            break;
        case PS_TAKE_NUMERATOR:
            *number = found.numerator;
            break;
        case PS_TAKE_DENOMINATOR:
            *number = found.denominator;
            break;
        case PS_TAKE_VERDICT:
            *text = ok && found.verdict != NULL ? found.verdict : "";
            break;
    }
    return PS_OK;
}

static const char *neighbours_text(ps_method_table *t, size_t area) {
    const ps_areas *areas = t->scope->figures->geographies->geography[t->rows_in].areas;
    const ps_neighbours *all = &t->neighbours;
    size_t bytes = 1;
    for (size_t k = all->offset[area]; k < all->offset[area + 1]; k++)
        bytes += areas->code[all->area[k]].n + 1;
    char *text = ps_arena_alloc(t->arena, bytes);
    if (text == NULL) return NULL;
    size_t used = 0;
    for (size_t k = all->offset[area]; k < all->offset[area + 1]; k++) {
        const ps_str code = areas->code[all->area[k]];
        if (used > 0) text[used++] = ';';
        memcpy(text + used, code.p, code.n);
        used += code.n;
    }
    text[used] = '\0';
    return text;
}

/* What the plan of an area does not show is no part of an index there. */
static void leave_hidden(ps_method_table *t, const char *measure, const row *r) {
    const char *what =
        ps_arena_printf(t->arena, "without %s, which is not shown here", measure);
    if (what != NULL) note_left(t, r, what);
}

static ps_status key_text(ps_method_table *t, ps_table_key key, const row *r,
                          const char **text, double *number, ps_error *err) {
    const ps_framework *plan = t->scope->measure->binding->framework;
    const ps_framework_table *l = t->layout;
    const ps_areas *areas = t->scope->figures->geographies->geography[r->geography].areas;
    const ps_framework_indicator *in =
        l->rows == PS_ROWS_MEASURES ? &l->indicators[r->indicator] : NULL;
    char month[16];
    *text = NULL;
    *number = (double)NAN;
    switch (key) {
        case PS_KEY_AREA:
            *text = ps_arena_strndup(t->arena, areas->code[r->area].p,
                                     areas->code[r->area].n);
            break;
        case PS_KEY_PERIOD:
            *text = r->period->label;
            break;
        case PS_KEY_MONTH:
            ps_month_text(r->period->first, month);
            *text = ps_arena_strndup(t->arena, month, strlen(month));
            break;
        case PS_KEY_VALUE:
            *text = ps_part_item(t->scope->measure->binding, t->values.spec, r->value);
            break;
        case PS_KEY_NEIGHBOURS:
            *text = neighbours_text(t, r->area);
            break;
        case PS_KEY_X:
        case PS_KEY_Y:
            *number = key == PS_KEY_X ? t->x[r->area] : t->y[r->area];
            break;
        case PS_KEY_MEASURE:
            *text = in->measure;
            break;
        case PS_KEY_FIGURE:
        case PS_KEY_VERDICT:
            if (!ps_scope_shows(&t->figure[l->columns_count + r->indicator], r->area)) {
                leave_hidden(t, in->measure, r);
                break;
            }
            return take_figure(t, l->columns_count + r->indicator,
                               key == PS_KEY_FIGURE ? PS_TAKE_VALUE : PS_TAKE_VERDICT, r,
                               r->period, number, text, err);
        case PS_KEY_POLARITY:
            *text = ps_polarity_text(
                plan->measures[PS_FRAMEWORK_PLACE(plan->measures, plan->measures_count,
                                                  in->measure)]
                    .polarity);
            break;
        case PS_KEY_DOMAIN:
            *text = in->domain != NULL ? in->domain : "";
            break;
        case PS_KEY_WEIGHT:
            *number = in->weight != NULL ? *in->weight : 1;
            break;
        case PS_KEY_DOMAIN_WEIGHT:
            *number = in->domain_weight != NULL ? *in->domain_weight : 1;
            break;
    }
    return PS_OK;
}

/* 1 or 0, or the band that a number is in. */
static const char *recode(ps_method_table *t, const ps_framework_cell *cell,
                          const char *text, double number) {
    if (cell->is_count > 0 && text[0] != '\0') {
        for (unsigned i = 0; i < cell->is_count; i++)
            if (strcmp(text, cell->is[i]) == 0) return "1";
        return "0";
    }
    if (cell->above != NULL && isfinite(number)) return number > *cell->above ? "1" : "0";
    if (cell->bands_count > 0 && isfinite(number)) {
        int band = 1;
        for (unsigned i = 0; i < cell->bands_count; i++) band += number > cell->bands[i];
        return number_text(t, band);
    }
    return text;
}

/* The period that a cell is about. */
static ps_status cell_period(const ps_method_table *t, const ps_framework_cell *cell,
                             const row *r, ps_period *out, ps_error *err) {
    size_t n = 0;
    *out = *r->period;
    if (cell->period == NULL) return PS_OK;
    if (strcmp(cell->period, "previous") == 0) {
        out->last = r->period->first - 1;
        out->first = r->period->first - ps_period_months(r->period);
        return PS_OK;
    }
    const char *text =
        strcmp(cell->period, "baseline") == 0 ? t->spec->baseline->period : cell->period;
    return ps_period_expand(ps_str_of(text), 1, 0, out, 1, &n, err);
}

/* Code of the area that the row's area lies in; empty in none. */
static const char *within_text(ps_method_table *t, unsigned c, const row *r) {
    const ps_geographies *all = t->scope->figures->geographies;
    const int in = ps_measures_geography(all, t->layout->columns[c].in);
    const int32_t a = t->within[c][r->area];
    if (a == PS_NONE) return "";
    const ps_str code = all->geography[in].areas->code[a];
    return ps_arena_strndup(t->arena, code.p, code.n);
}

static ps_status cell_text(ps_method_table *t, unsigned c, const row *r, const char **out,
                           ps_error *err) {
    const ps_framework_cell *cell = &t->layout->columns[c];
    const char *text = cell->text;
    double number = (double)NAN;
    ps_period p;
    PS_TRY(cell_period(t, cell, r, &p, err));
    if (cell->in != NULL)
        text = within_text(t, c, r);
    else if (cell->key != NULL)
        PS_TRY(key_text(t, *cell->key, r, &text, &number, err));
    else if (cell->count != NULL)
        number = count_in(t, *cell->count, r, &p);
    else if (cell->measure != NULL)
        PS_TRY(take_figure(t, c, cell->take != NULL ? *cell->take : PS_TAKE_VALUE, r, &p,
                           &number, &text, err));
    else if (cell->numbers_count > 0)
        number = cell->numbers[r->value];
    else if (cell->data != NULL)
        number = column_of(t, cell, r, &p);
    else if (cell->column != NULL) {
        text = record_text(t, c, r);
        if (text == NULL) return ps_fail_nomem(err);
        ps_parse_double(ps_str_of(text), &number);
    }
    if (text == NULL) text = number_text(t, number);
    *out = text != NULL ? recode(t, cell, text, number) : NULL;
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

/* ---- Rows ---- */

static ps_status add_row(ps_method_table *t, const row *r, ps_table *out, ps_error *err) {
    const unsigned n = t->layout->columns_count;
    ps_str *cells = ps_alloc(n, sizeof *cells);
    if (cells == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    size_t used = 0;
    for (unsigned c = 0; c < n && status == PS_OK; c++) {
        const char *text = "";
        if (!has_column(t, c)) continue;
        status = cell_text(t, c, r, &text, err);
        cells[used++] = ps_str_of(text);
    }
    if (status == PS_OK)
        status = ps_table_add_row(out, cells, (int64_t)ps_table_rows(out) + 1, err);
    ps_free(cells);
    return status;
}

static ps_status add_area(ps_method_table *t, row r, size_t area, ps_table *out,
                          ps_error *err) {
    r.geography = t->rows_in;
    r.area = area;
    if (t->layout->rows == PS_ROWS_AREAS) return add_row(t, &r, out, err);
    for (unsigned i = 0; i < t->layout->indicators_count; i++) {
        r.indicator = i;
        PS_TRY(add_row(t, &r, out, err));
    }
    return PS_OK;
}

/* Does an area that lies there lie in an area of the scope's geography? */
static bool lies_within(const ps_geography *geo, int32_t there, size_t area) {
    if (geo->base < 0) return there == (int32_t)area;
    for (size_t k = geo->offset[area]; k < geo->offset[area + 1]; k++)
        if (geo->member[k] == there) return true;
    return false;
}

static ps_status add_areas(ps_method_table *t, row r, ps_table *out, ps_error *err) {
    const ps_scope *s = t->scope;
    const size_t n = s->figures->geographies->geography[t->rows_in].areas->n;
    const bool whole = ps_method_table_whole(t->layout);
    if (!whole && t->rows_in == s->geography) return add_area(t, r, r.area, out, err);
    if (!whole && t->lies_in == NULL) {
        const ps_geography *geo = s->geo;
        for (size_t k = geo->offset[r.area]; k < geo->offset[r.area + 1]; k++)
            PS_TRY(add_area(t, r, (size_t)geo->member[k], out, err));
        return PS_OK;
    }
    for (size_t a = 0; a < n; a++)
        if (whole || lies_within(s->geo, t->lies_in[a], r.area))
            PS_TRY(add_area(t, r, a, out, err));
    return PS_OK;
}

static ps_status add_months(ps_method_table *t, row r, ps_table *out, ps_error *err) {
    ps_month first, last;
    ps_measure_span(t->scope->all, t->scope->measure, &first, &last);
    if (t->n_periods > 0 && r.period->first > first) first = r.period->first;
    if (r.period->last < last) last = r.period->last;
    for (ps_month m = first; m <= last; m++) {
        ps_period month = {.kind = PS_PERIOD_MONTH, .first = m, .last = m};
        ps_month_text(m, month.label);
        r.period = &month;
        PS_TRY(add_row(t, &r, out, err));
    }
    return PS_OK;
}

/* Without dates all are of any period. */
static bool record_counts(const ps_method_table *t, size_t record, const ps_period *p) {
    const ps_record_set *set = t->records;
    if (!ps_records_dated(set)) return true;
    if (t->layout->earlier != NULL && *t->layout->earlier)
        return set->last[record] <= p->last;
    return ps_record_in(set, record, p->first, p->last);
}

/* When was the last record of each round, in this area? */
static void end_rounds(ps_method_table *t, const row *r) {
    const ps_record_areas *areas = &t->records->areas[r->geography];
    t->cut = PS_NONE;
    if (t->round == NULL) return;
    for (size_t i = 0; i < ps_keys_size(t->round->texts); i++)
        t->round_end[i] = PS_NO_MONTH;
    for (size_t k = areas->offset[r->area]; k < areas->offset[r->area + 1]; k++) {
        const int32_t round = t->round->text[areas->record[k]];
        const ps_month last = t->records->last[areas->record[k]];
        if (round == PS_NONE) continue;
        if (t->round_end[round] == PS_NO_MONTH || t->round_end[round] < last)
            t->round_end[round] = last;
    }
}

/* Part of a round is no round: what goes on after the period is left out whole. */
static bool is_cut(ps_method_table *t, size_t record, const ps_period *p) {
    const int32_t round = t->round != NULL ? t->round->text[record] : PS_NONE;
    if (round == PS_NONE || t->round_end[round] <= p->last) return false;
    const ps_keys *texts = t->round->texts;
    if (t->cut == PS_NONE ||
        ps_str_cmp(ps_keys_text(texts, round), ps_keys_text(texts, t->cut)) > 0)
        t->cut = round;
    return true;
}

static ps_status add_records(ps_method_table *t, row r, ps_table *out, ps_error *err) {
    const ps_record_areas *areas = &t->records->areas[r.geography];
    if (!ps_records_know(t->records, r.geography, r.area)) return PS_OK;
    end_rounds(t, &r);
    for (size_t k = areas->offset[r.area]; k < areas->offset[r.area + 1]; k++) {
        r.record = (size_t)areas->record[k];
        if (record_counts(t, r.record, r.period) && !is_cut(t, r.record, r.period))
            PS_TRY(add_row(t, &r, out, err));
    }
    if (t->cut == PS_NONE) return PS_OK;
    const ps_str cut = ps_keys_text(t->round->texts, t->cut);
    const char *what =
        ps_arena_printf(t->arena, "%s %.*s goes on after the period",
                        t->spec->result->latest, cut.n < 40 ? (int)cut.n : 40, cut.p);
    if (what == NULL) return ps_fail_nomem(err);
    note_left(t, &r, what);
    return PS_OK;
}

static ps_status add_rows(ps_method_table *t, row r, ps_table *out, ps_error *err) {
    switch (t->layout->rows) {
        case PS_ROWS_ONE:
        case PS_ROWS_PERIODS:
            return add_row(t, &r, out, err);
        case PS_ROWS_AREAS:
        case PS_ROWS_MEASURES:
            return add_areas(t, r, out, err);
        case PS_ROWS_MONTHS:
            return add_months(t, r, out, err);
        case PS_ROWS_VALUES:
            for (r.value = 0; r.value < t->values.n_items; r.value++)
                PS_TRY(add_row(t, &r, out, err));
            return PS_OK;
        case PS_ROWS_RECORDS:
            return add_records(t, r, out, err);
    }
    return PS_OK;
}

static ps_status create(const ps_method_table *t, ps_table **out, ps_error *err) {
    const ps_framework_table *l = t->layout;
    ps_str *names = ps_alloc(l->columns_count, sizeof *names);
    if (names == NULL) return ps_fail_nomem(err);
    size_t used = 0;
    for (unsigned c = 0; c < l->columns_count; c++)
        if (has_column(t, c)) names[used++] = ps_str_of(l->columns[c].name);
    const ps_status status = ps_table_create(t->spec->id, names, used, out, err);
    ps_free(names);
    return status;
}

ps_status ps_method_table_lay(ps_method_table *t, size_t area, const ps_period *period,
                              ps_table **out, ps_error *err) {
    *out = NULL;
    ps_table *table = NULL;
    memset(t->gap, 0, t->n_gaps * sizeof *t->gap);
    memset(t->left, 0, t->n_gaps * sizeof *t->left);
    t->cut = PS_NONE;
    PS_TRY(create(t, &table, err));
    row r = {.period = period, .geography = t->scope->geography, .area = area};
    ps_status status = PS_OK;
    if (t->n_periods == 0) status = add_rows(t, r, table, err);
    for (size_t k = 0; k < t->n_periods && status == PS_OK; k++) {
        r.period = &t->period[k];
        status = add_rows(t, r, table, err);
    }
    if (status == PS_OK)
        *out = table;
    else
        ps_table_free(table);
    return status;
}

const char *ps_method_table_unknown(const ps_method_table *t, size_t area) {
    if (t->records == NULL || ps_records_know(t->records, t->scope->geography, area))
        return NULL;
    return ps_records_why_unknown(t->records);
}

const char *ps_method_table_gap(const ps_method_table *t, size_t area) {
    return t->gap[t->n_gaps > 1 ? area : 0];
}

bool ps_method_table_hides(const ps_method_table *t, size_t area) {
    const char *gap = ps_method_table_gap(t, area);
    return gap == ps_release_reason || gap == ps_release_months;
}

const char *ps_method_table_left(const ps_method_table *t, size_t area) {
    return t->left[t->n_gaps > 1 ? area : 0];
}

/* steps: NULL when they are not asked for. */
static ps_status work_on(const ps_framework_measure *spec, const ps_table *input,
                         ps_table **result, ps_table **steps, ps_error *err) {
    const ps_framework_table *l = spec->table;
    const ps_method *method = ps_method_find(spec->method);
    const unsigned n = l->parameters_count;
    ps_method_argument *arguments = ps_alloc(n > 0 ? n : 1, sizeof *arguments);
    *result = NULL;
    if (arguments == NULL) return ps_fail_nomem(err);
    for (unsigned i = 0; i < n; i++)
        arguments[i] =
            (ps_method_argument){l->parameters[i].name, l->parameters[i].value};
    const ps_status status =
        steps != NULL ? ps_method_derive(method, input, arguments, n, result, steps, err)
                      : ps_method_run(method, input, arguments, n, NULL, result, err);
    ps_free(arguments);
    return status;
}

ps_status ps_method_table_run(const ps_framework_measure *spec, const ps_table *input,
                              ps_table **result, ps_error *err) {
    return work_on(spec, input, result, NULL, err);
}

ps_status ps_method_table_derive(const ps_framework_measure *spec, const ps_table *input,
                                 ps_table **result, ps_table **steps, ps_error *err) {
    *steps = NULL;
    return work_on(spec, input, result, steps, err);
}
