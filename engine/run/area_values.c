#include "engine/run/area_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/area_table.h"
#include "indicators/period.h"

typedef struct reading {
    const ps_job_file *job;
    const ps_geographies *geographies;
    const ps_talk *talk;
    ps_area_values *values;
    size_t n, capacity;
} reading;

/* One table: the code, then the column of each value, then that of the period. */
typedef struct source {
    const ps_job_table *spec;
    ps_table *table;
    size_t geography;
    ps_str *period; /* texts of that column, each once, sorted */
    size_t n_periods;
    char at[48];
} source;

static ps_status read_table(const reading *r, unsigned t, source *s, ps_error *err) {
    const ps_job_table *spec = s->spec;
    const size_t n = spec->values_count + 1 + (spec->period != NULL);
    const char **columns = ps_alloc(n, sizeof *columns);
    if (columns == NULL) return ps_fail_nomem(err);
    columns[0] = spec->code;
    for (unsigned v = 0; v < spec->values_count; v++)
        columns[v + 1] = spec->values[v].column;
    if (spec->period != NULL) columns[n - 1] = spec->period;
    snprintf(s->at, sizeof s->at, "tables[%u]", t);
    const ps_area_rows rows = {.at = s->at,
                               .file = spec->file,
                               .sheet = spec->sheet,
                               .header = {spec->header, spec->header_rows},
                               .where = spec->where,
                               .n_where = spec->where_count};
    const ps_status status =
        ps_area_rows_read(r->job, &rows, columns, n, r->talk, &s->table, err);
    ps_free((void *)columns);
    for (size_t g = 0; g < r->geographies->n; g++)
        if (strcmp(r->geographies->geography[g].spec->id, spec->areas) == 0)
            s->geography = g;
    return status;
}

/* ---- Periods ---- */

static int by_text(const void *a, const void *b) {
    return ps_str_cmp(*(const ps_str *)a, *(const ps_str *)b);
}

static ps_status list_periods(source *s, ps_error *err) {
    const size_t column = s->spec->values_count + 1, rows = ps_table_rows(s->table);
    if (s->spec->period == NULL) return PS_OK;
    s->period = ps_alloc(rows, sizeof *s->period);
    if (s->period == NULL) return ps_fail_nomem(err);
    size_t n = 0;
    for (size_t r = 0; r < rows; r++) {
        const ps_str text = ps_str_trim(ps_table_cell(s->table, r, column));
        if (ps_str_trim(ps_table_cell(s->table, r, 0)).n == 0) continue;
        if (text.n == 0)
            return ps_fail(err, PS_FORMAT, "%s, row %s: nothing in column '%s'",
                           ps_table_name(s->table), ps_table_row_text(s->table, r).text,
                           s->spec->period);
        s->period[n++] = text;
    }
    if (n > 0) qsort(s->period, n, sizeof *s->period, by_text);
    for (size_t k = 0; k < n; k++)
        if (s->n_periods == 0 || !ps_str_eq(s->period[k], s->period[s->n_periods - 1]))
            s->period[s->n_periods++] = s->period[k];
    return PS_OK;
}

/* As it stands, or in the words of periods when the job says how dates are written. */
static ps_status print_period(const source *s, ps_str text, char out[32], ps_error *err) {
    ps_date date;
    const ps_date_form *form = s->spec->date_form;
    if (form == NULL) {
        if (text.n < 32) {
            snprintf(out, 32, "%.*s", (int)text.n, text.p);
            return PS_OK;
        }
    } else if (ps_parse_date(text, *form, &date)) {
        const ps_month month = ps_month_of(date);
        if (*form == PS_DATE_YEAR)
            snprintf(out, 32, "%d", (int)date.year);
        else if (*form == PS_DATE_FINANCIAL_YEAR)
            ps_financial_year_text(month, out);
        else
            ps_month_text(month, out);
        return PS_OK;
    }
    return ps_fail(err, PS_FORMAT, "%s: '%.*s' in column '%s' is no period%s",
                   ps_table_name(s->table), (int)(text.n < 40 ? text.n : 40), text.p,
                   s->spec->period,
                   form != NULL ? " of that date_form" : ": it is too long");
}

/* ---- Values ---- */

static ps_status add_values(reading *r, const source *s, unsigned v, const ps_str *period,
                            ps_area_match *match, ps_error *err) {
    const ps_areas *areas = r->geographies->geography[s->geography].areas;
    const int column = (int)v + 1;
    const ps_area_sum sum = {
        .columns = &column,
        .n_columns = 1,
        .period = period != NULL ? (int)s->spec->values_count + 1 : -1,
        .in = period != NULL ? *period : (ps_str){"", 0},
        .repeat = *s->spec->repeats == PS_REPEATS_ADD};
    PS_TRY(ps_grow((void **)&r->values, &r->capacity, r->n + 1, sizeof *r->values, err));
    ps_area_values *values = &r->values[r->n++];
    *values = (ps_area_values){.spec = &s->spec->values[v], .geography = s->geography};
    values->value = ps_alloc(areas->n, sizeof *values->value);
    values->missing = ps_alloc(areas->n, sizeof *values->missing);
    if (values->value == NULL || values->missing == NULL) return ps_fail_nomem(err);
    if (period != NULL)
        PS_TRY(print_period(s, *period, values->period, err));
    else if (values->spec->period != NULL)
        snprintf(values->period, sizeof values->period, "%s", values->spec->period);
    PS_TRY(ps_area_table_sum(s->table, &sum, areas, values->value, values->missing, match,
                             err));
    if (match->empty > 0)
        ps_say(r->talk, PS_TALK_WARNING,
               "%s: %lld of %lld cells of '%s' hold no number (first: %s); the values of "
               "their areas are missing, and areas that are made of them go without",
               s->spec->id, (long long)match->empty, (long long)match->rows,
               s->spec->values[v].id, match->empty_example);
    return PS_OK;
}

/* How the codes met, of the last period. */
static ps_status tell_match(const reading *r, const source *s, const ps_area_match *match,
                            ps_error *err) {
    const size_t n = r->geographies->geography[s->geography].areas->n;
    if (match->absent == (int64_t)n)
        return ps_yaml_fail(
            r->job->yaml, err, PS_FORMAT, s->at,
            "none of its %lld codes (first: %s) is an area of %s; another vintage of "
            "codes, or another column than '%s'?",
            (long long)match->rows, match->unknown_example, s->spec->areas,
            s->spec->code);
    if (match->absent > 0)
        ps_say(r->talk, PS_TALK_WARNING,
               "%s: %lld of %zu areas of %s have no row (first: %s); their values are "
               "missing",
               s->spec->id, (long long)match->absent, n, s->spec->areas,
               match->absent_example);
    return PS_OK;
}

static ps_status add_table(reading *r, source *s, ps_error *err) {
    ps_area_match match = {0};
    PS_TRY(list_periods(s, err));
    for (unsigned v = 0; v < s->spec->values_count; v++) {
        if (s->spec->period == NULL) PS_TRY(add_values(r, s, v, NULL, &match, err));
        for (size_t k = 0; k < s->n_periods; k++)
            PS_TRY(add_values(r, s, v, &s->period[k], &match, err));
    }
    return tell_match(r, s, &match, err);
}

ps_status ps_area_values_read(const ps_job_file *job, const ps_geographies *geographies,
                              const ps_talk *talk, ps_area_values **out, size_t *n,
                              ps_error *err) {
    reading r = {.job = job, .geographies = geographies, .talk = talk};
    ps_status status = PS_OK;
    for (unsigned t = 0; t < job->job->tables_count && status == PS_OK; t++) {
        source s = {.spec = &job->job->tables[t]};
        status = read_table(&r, t, &s, err);
        if (status == PS_OK) status = add_table(&r, &s, err);
        ps_table_free(s.table);
        ps_free(s.period);
    }
    *out = NULL;
    *n = 0;
    if (status != PS_OK) {
        ps_area_values_free(r.values, r.n);
        return status;
    }
    *out = r.values;
    *n = r.n;
    return PS_OK;
}

void ps_area_values_free(ps_area_values *values, size_t n) {
    for (size_t v = 0; v < n; v++) {
        ps_free(values[v].value);
        ps_free(values[v].missing);
    }
    ps_free(values);
}
