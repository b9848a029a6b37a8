#include "engine/run/records.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/area_table.h"
#include "engine/run/framework_check.h"
#include "engine/run/isolated.h"
#include "engine/run/points.h"
#include "engine/run/yaml_check.h"

enum {
    NO_COLUMN = -1,
    YEAR = 12,
    FIRST_MONTH = PS_POINTS_FIRST_YEAR * YEAR,
    MONTHS = (PS_POINTS_LAST_YEAR + 1) * YEAR - FIRST_MONTH
};

static const char *const causes[PS_RECORD_CAUSES] = {
    [PS_RECORD_LONG] = "more fields than the header",
    [PS_RECORD_NO_KEY] = "no key to look up",
    [PS_RECORD_UNKNOWN_KEY] = "key that the table looked up lacks",
    [PS_RECORD_AMBIGUOUS_KEY] = "key of several rows that differ",
    [PS_RECORD_BAD_DATE] = "date that cannot be read",
    [PS_RECORD_FAR_DATE] = "date far from all others",
    [PS_RECORD_BAD_WEIGHT] = "no weight of 0 or more",
    [PS_RECORD_NO_UNIT] = "no unit of the sample",
    [PS_RECORD_BAD_NUMBER] = "not a number",
    [PS_RECORD_OFF_SCALE] = "off its scale",
};

const char *ps_record_cause_text(ps_record_cause cause) {
    return causes[cause];
}

/* What the cells of a column have to be. */
typedef enum need { NEED_TEXT, NEED_UNIT, NEED_WEIGHT, NEED_SIZE, NEED_NUMBER } need;

static need need_of_role(const ps_framework_column *column) {
    if (column->role == NULL) return NEED_TEXT;
    switch (*column->role) {
        case PS_ROLE_WEIGHT:
            return NEED_WEIGHT;
        case PS_ROLE_STRATUM:
        case PS_ROLE_PSU:
            return NEED_UNIT;
        case PS_ROLE_FPC:
            return NEED_SIZE;
        case PS_ROLE_SCORE:
        case PS_ROLE_SCALE_MIN:
        case PS_ROLE_SCALE_MAX:
        case PS_ROLE_GROUP_SIZE:
        case PS_ROLE_AMOUNT:
        case PS_ROLE_VALUE:
        case PS_ROLE_LOWER:
        case PS_ROLE_UPPER:
        case PS_ROLE_NUMERATOR:
        case PS_ROLE_DENOMINATOR:
            return NEED_NUMBER;
        case PS_ROLE_PERSON:
        case PS_ROLE_THEME:
        case PS_ROLE_PLACE:
        case PS_ROLE_ROUND:
        case PS_ROLE_APPROACH:
        case PS_ROLE_ORGANISATION:
        case PS_ROLE_DIRECTORATE:
        case PS_ROLE_RESPONDENT:
        case PS_ROLE_EVENT:
        case PS_ROLE_MEASURE:
        case PS_ROLE_COMPARATOR:
        case PS_ROLE_NAME:
            break;
    }
    return NEED_TEXT;
}

/* What has a scale is a number. */
static need need_of(const ps_framework_column *column) {
    const need role = need_of_role(column);
    const bool scale = column->least != NULL || column->most != NULL;
    return role == NEED_TEXT && scale ? NEED_NUMBER : role;
}

/* While an input is being read. */
typedef struct reading {
    const ps_bindings *bindings;
    const ps_geographies *all;
    unsigned index; /* of the records in the job */
    ps_record_set *set;
    ps_table *table;    /* with what is looked up */
    ps_lookup **lookup; /* by look-up */
    ps_lookup_met *met; /* by row of the table; NULL: nothing is looked up */
    const char **name;  /* of all columns that are read, each once; then */
    size_t n_names;
    int *place;           /* where they stand in the table */
    need *needs;          /* by column of the set, as the next three: */
    double *least, *most; /* its scale */
    int *at;              /* in the table */
    int code, date;       /* in the table */
    int *where;           /* by filter */
    int geography;        /* that codes belong to; -1: all rows are of the whole */
    int32_t constant;     /* the area that all rows are of */
    ps_period period;     /* that all rows are of */
    bool events;          /* whose months follow each other: some may be slips */
    ps_month from, to;    /* that rows may be of */
    int32_t *area;        /* by record, of the geography; PS_NONE */
} reading;

/* ---- Columns ---- */

static void want(reading *r, const char *name) {
    for (size_t k = 0; k < r->n_names; k++)
        if (strcmp(r->name[k], name) == 0) return;
    r->name[r->n_names++] = name;
}

static void want_bound(reading *r, const ps_framework_data *kind,
                       const ps_job_data *data) {
    ps_record_set *s = r->set;
    for (unsigned c = 0; c < data->columns_count; c++) {
        const char *name = data->columns[c].column;
        const int of = ps_framework_place(kind->columns, kind->columns_count,
                                          sizeof *kind->columns, data->columns[c].id);
        if (of < 0) continue; /* another framework's */
        const need wanted = need_of(&kind->columns[of]);
        want(r, name);
        r->events |= kind->kind == PS_DATA_REGISTER;
        size_t k = 0;
        while (k < s->n_columns && strcmp(s->column[k].name, name) != 0) k++;
        if (k == s->n_columns) {
            s->column[s->n_columns++].name = name;
            r->needs[k] = wanted;
            r->least[k] = -(double)INFINITY, r->most[k] = (double)INFINITY;
        }
        if (kind->columns[of].least != NULL)
            r->least[k] = fmax(r->least[k], *kind->columns[of].least);
        if (kind->columns[of].most != NULL)
            r->most[k] = fmin(r->most[k], *kind->columns[of].most);
        if (wanted != NEED_TEXT) r->needs[k] = wanted;
    }
}

static int place_of(const reading *r, const char *name) {
    for (size_t k = 0; k < r->n_names && name != NULL; k++)
        if (strcmp(r->name[k], name) == 0) return r->place[k];
    return NO_COLUMN;
}

/* All columns that are needed, found in the table. */
static ps_status find_columns(reading *r, ps_error *err) {
    const ps_job_records *spec = r->set->spec;
    const ps_bindings *all = r->bindings;
    const ps_job *job = all->job->job;
    size_t most = 2 + spec->where_count + spec->with_count, bound = 0;
    for (unsigned i = 0; i < job->data_count; i++) bound += job->data[i].columns_count;
    most += bound;
    r->name = ps_alloc(most, sizeof *r->name);
    r->place = ps_alloc(most, sizeof *r->place);
    r->at = ps_alloc(bound, sizeof *r->at);
    r->needs = ps_alloc(bound, sizeof *r->needs);
    r->least = ps_alloc(bound, sizeof *r->least);
    r->most = ps_alloc(bound, sizeof *r->most);
    r->where = ps_alloc(spec->where_count, sizeof *r->where);
    r->set->column = ps_zalloc(bound, sizeof *r->set->column);
    if (r->name == NULL || r->place == NULL || r->at == NULL || r->needs == NULL ||
        r->least == NULL || r->most == NULL || r->where == NULL || r->set->column == NULL)
        return ps_fail_nomem(err);
    if (spec->code != NULL) want(r, spec->code);
    if (spec->date != NULL) want(r, spec->date);
    for (unsigned w = 0; w < spec->where_count; w++) want(r, spec->where[w].column);
    for (unsigned w = 0; w < spec->with_count; w++) want(r, ps_lookup_by(&spec->with[w]));
    for (size_t i = 0; i < all->n; i++) {
        const ps_binding *b = &all->binding[i];
        for (unsigned k = 0; k < b->framework->data_count; k++)
            if (b->data[k] != NULL && strcmp(b->data[k]->input, spec->id) == 0)
                want_bound(r, &b->framework->data[k], b->data[k]);
    }
    return PS_OK;
}

/* The columns that are not looked up. */
static ps_status read_file(reading *r, const ps_talk *talk, ps_error *err) {
    const ps_job_records *spec = r->set->spec;
    char at[PS_YAML_PATH];
    size_t n = 0, column;
    const char **own = ps_alloc(r->n_names + 1, sizeof *own);
    if (own == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < r->n_names; k++)
        if (ps_lookup_of(spec->with, spec->with_count, r->name[k], &column) < 0)
            own[n++] = r->name[k];
    PS_YAML_AT(at, "records[%u]", r->index);
    /* A table without a column that anybody asks for still has rows. */
    const ps_area_rows rows = {.at = at,
                               .file = spec->file,
                               .sheet = spec->sheet,
                               .header = {spec->header, 1},
                               .marks = true};
    const ps_status status = ps_area_rows_read(
        r->bindings->job, &rows, n > 0 ? own : NULL, n, talk, &r->table, err);
    ps_free((void *)own);
    return status;
}

static bool is_missing(const ps_job_records *spec, ps_str text) {
    for (unsigned m = 0; m < spec->missing_count; m++)
        if (ps_str_is(text, spec->missing[m])) return true;
    return false;
}

static bool is_no_key(const void *spec, ps_str key) {
    return key.n == 0 || is_missing(spec, key);
}

static ps_status join_lookups(reading *r, const ps_talk *talk, ps_error *err) {
    const ps_job_records *spec = r->set->spec;
    const ps_job_file *job = r->bindings->job;
    char at[PS_YAML_PATH];
    ps_error why = {PS_OK, ""};
    r->lookup = ps_zalloc(spec->with_count, sizeof *r->lookup);
    r->set->looked_up = ps_zalloc(spec->with_count, sizeof *r->set->looked_up);
    if (r->lookup == NULL || r->set->looked_up == NULL) return ps_fail_nomem(err);
    for (unsigned w = 0; w < spec->with_count; w++) {
        const ps_status status =
            ps_lookup_open(&spec->with[w], job->folder, talk, &r->lookup[w], &why);
        PS_YAML_AT(at, "records[%u].with[%u]", r->index, w);
        if (status == PS_NOMEM) return ps_fail_nomem(err);
        if (status != PS_OK)
            return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
        r->set->looked_up[w] = *ps_lookup_rows_of(r->lookup[w]);
    }
    const ps_lookup_join join = {.with = spec->with,
                                 .n_with = spec->with_count,
                                 .lookup = (const ps_lookup *const *)r->lookup,
                                 .is_missing = is_no_key,
                                 .context = spec};
    ps_table *file = r->table;
    r->table = NULL;
    const ps_status status =
        ps_lookup_join_table(&join, file, r->name, r->n_names, &r->table, &r->met, err);
    ps_table_free(file);
    return status;
}

static ps_status read_table(reading *r, const ps_talk *talk, ps_error *err) {
    const ps_job_records *spec = r->set->spec;
    PS_TRY(read_file(r, talk, err));
    if (spec->with_count > 0) PS_TRY(join_lookups(r, talk, err));
    for (size_t k = 0; k < r->n_names; k++)
        PS_TRY(ps_table_need_column(r->table, ps_str_of(r->name[k]), &r->place[k], err));
    r->code = place_of(r, spec->code);
    r->date = place_of(r, spec->date);
    for (unsigned w = 0; w < spec->where_count; w++)
        r->where[w] = place_of(r, spec->where[w].column);
    for (size_t c = 0; c < r->set->n_columns; c++)
        r->at[c] = place_of(r, r->set->column[c].name);
    return PS_OK;
}

static ps_status alloc_set(reading *r, ps_error *err) {
    ps_record_set *s = r->set;
    const size_t n = ps_table_rows(r->table);
    s->row = ps_alloc(n, sizeof *s->row);
    s->first = ps_alloc(n, sizeof *s->first);
    s->last = ps_alloc(n, sizeof *s->last);
    s->day = ps_alloc(n, sizeof *s->day);
    r->area = ps_alloc(n, sizeof *r->area);
    if (s->row == NULL || s->first == NULL || s->last == NULL || s->day == NULL ||
        r->area == NULL)
        return ps_fail_nomem(err);
    for (size_t c = 0; c < s->n_columns; c++) {
        ps_record_column *column = &s->column[c];
        PS_TRY(ps_keys_create(&column->texts, err));
        column->text = ps_alloc(n, sizeof *column->text);
        if (column->text == NULL) return ps_fail_nomem(err);
        if (r->needs[c] == NEED_TEXT || r->needs[c] == NEED_UNIT) continue;
        column->number = ps_alloc(n, sizeof *column->number);
        if (column->number == NULL) return ps_fail_nomem(err);
    }
    return PS_OK;
}

/* ---- One row ---- */

static ps_str cell(const reading *r, size_t row, int column) {
    return ps_str_trim(ps_table_cell(r->table, row, (size_t)column));
}

static bool passes_filters(const reading *r, size_t row) {
    const ps_job_records *spec = r->set->spec;
    for (unsigned w = 0; w < spec->where_count; w++) {
        const ps_job_filter *f = &spec->where[w];
        const ps_str text = cell(r, row, r->where[w]);
        bool found = f->is_count == 0;
        for (unsigned k = 0; k < f->is_count && !found; k++)
            found = ps_str_is(text, f->is[k]);
        for (unsigned k = 0; k < f->not_count && found; k++)
            found = !ps_str_is(text, f->not [k]);
        if (!found) return false;
    }
    return true;
}

static void note_invalid(reading *r, size_t row, int column, ps_record_cause cause) {
    ps_record_rows *rows = &r->set->rows;
    rows->invalid++;
    rows->by_cause[cause]++;
    if (rows->examples == 3) return;
    ps_record_example *e = &rows->example[rows->examples++];
    e->row = ps_table_row_text(r->table, row);
    e->cause = cause;
    if (column == NO_COLUMN) return;
    const ps_str name = ps_table_column_name(r->table, (size_t)column),
                 seen = cell(r, row, column);
    snprintf(e->column, sizeof e->column, "%.*s", (int)(name.n < 60 ? name.n : 60),
             name.p);
    snprintf(e->seen, sizeof e->seen, "%.*s", (int)(seen.n < 60 ? seen.n : 60), seen.p);
}

typedef struct example_text {
    char text[256];
} example_text;

/* "row 4, line 5, column 'w': not a number: "two"". */
static example_text text_of(const ps_record_example *e) {
    example_text t;
    if (e->column[0] != '\0')
        snprintf(t.text, sizeof t.text, "row %s, column '%s': %s: \"%s\"", e->row.text,
                 e->column, causes[e->cause], e->seen);
    else
        snprintf(t.text, sizeof t.text, "row %s: %s", e->row.text, causes[e->cause]);
    return t;
}

static bool in_range(ps_month month) {
    return month >= FIRST_MONTH && month < FIRST_MONTH + MONTHS;
}

/* "2021-05-31" and "31 May 2021" name a day, "2021-05" and "May 2021" a month. */
static bool names_a_day(ps_str text) {
    int words = 0;
    for (size_t i = 0; i < text.n; i++) {
        const bool in = isalnum((unsigned char)text.p[i]) != 0;
        words += in && (i == 0 || !isalnum((unsigned char)text.p[i - 1]));
    }
    return words >= 3;
}

/* "2021", "2021/22", "12m@2022-09", "2021-07..2022-06"; all else is a day or month. */
static bool is_stretch(ps_str text) {
    if (text.n == 4 || (text.n == 7 && text.p[4] == '/')) return true;
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '@' || (text.p[i] == '.' && text.p[i + 1] == '.')) return true;
    return false;
}

static bool read_date(const reading *r, ps_str text, ps_period *months, ps_date *day,
                      bool *has_day) {
    size_t n = 0;
    *has_day = false;
    if (is_stretch(text) && ps_period_expand(text, 1, 0, months, 1, &n, NULL) == PS_OK &&
        n == 1) {
        *day = (ps_date){months->first / YEAR, months->first % YEAR + 1, 1};
        return in_range(months->first) && in_range(months->last);
    }
    if (!ps_parse_date(text, *r->set->spec->date_form, day)) return false;
    months->first = months->last = ps_month_of(*day);
    *has_day = names_a_day(text);
    return in_range(months->first);
}

static bool read_when(reading *r, size_t row, size_t record) {
    ps_record_set *s = r->set;
    ps_period months = r->period;
    ps_date day = {months.first / YEAR, months.first % YEAR + 1, 1};
    bool has_day = false;
    if (r->date != NO_COLUMN &&
        !read_date(r, cell(r, row, r->date), &months, &day, &has_day))
        return false;
    s->first[record] = months.first;
    s->last[record] = months.last;
    s->day[record] = day;
    s->days &= has_day;
    s->stretches |= months.first != months.last;
    return true;
}

/* A month that stands alone among those of events is a slip; see isolated.h. */
static ps_status find_months(reading *r, ps_error *err) {
    size_t begin = 0, end = MONTHS;
    r->from = FIRST_MONTH, r->to = FIRST_MONTH + MONTHS;
    if (!r->events || r->date == NO_COLUMN) return PS_OK;
    int64_t *rows = ps_zalloc(MONTHS, sizeof *rows);
    if (rows == NULL) return ps_fail_nomem(err);
    for (size_t row = 0; row < ps_table_rows(r->table); row++) {
        ps_period months;
        ps_date day;
        bool has_day;
        if (ps_table_row_is_long(r->table, row)) continue;
        if (r->met != NULL && r->met[row].found != PS_LOOKUP_FOUND) continue;
        if (passes_filters(r, row) &&
            read_date(r, cell(r, row, r->date), &months, &day, &has_day) &&
            in_range(months.last))
            rows[months.last - FIRST_MONTH]++;
    }
    ps_isolated_months(rows, MONTHS, &begin, &end);
    ps_free(rows);
    if (begin == end) return PS_OK;
    r->to = r->from + (ps_month)end;
    r->from += (ps_month)begin;
    return PS_OK;
}

/* Does the number of a column do? NAN where there is no answer. */
static bool read_number(const reading *r, size_t row, size_t c, bool missing,
                        double *out) {
    bool none = false;
    *out = (double)NAN;
    if (!missing &&
        !ps_cell_number(ps_table_cell(r->table, row, (size_t)r->at[c]), out, &none))
        return false;
    missing |= none;
    if (missing) *out = (double)NAN;
    switch (r->needs[c]) {
        case NEED_WEIGHT:
            return !missing && *out >= 0;
        case NEED_SIZE:
            return !missing;
        case NEED_TEXT:
        case NEED_UNIT:
        case NEED_NUMBER:
            break;
    }
    return true;
}

/* The bound columns of a row; false, with the column and what is wrong with it. */
static ps_status read_columns(reading *r, size_t row, size_t record, size_t *wrong,
                              ps_record_cause *cause, ps_error *err) {
    static const ps_record_cause of_need[] = {[NEED_TEXT] = PS_RECORD_CAUSES,
                                              [NEED_UNIT] = PS_RECORD_NO_UNIT,
                                              [NEED_WEIGHT] = PS_RECORD_BAD_WEIGHT,
                                              [NEED_SIZE] = PS_RECORD_NO_UNIT,
                                              [NEED_NUMBER] = PS_RECORD_BAD_NUMBER};
    ps_record_set *s = r->set;
    for (*wrong = 0; *wrong < s->n_columns; ++*wrong) {
        const size_t c = *wrong;
        ps_record_column *column = &s->column[c];
        const ps_str text = cell(r, row, r->at[c]);
        const bool missing = is_missing(s->spec, text);
        *cause = of_need[r->needs[c]];
        column->text[record] = PS_NONE;
        if (missing && r->needs[c] == NEED_UNIT) return PS_OK;
        if (column->number != NULL &&
            !read_number(r, row, c, missing, &column->number[record]))
            return PS_OK;
        *cause = PS_RECORD_OFF_SCALE;
        if (column->number != NULL &&
            (column->number[record] < r->least[c] || column->number[record] > r->most[c]))
            return PS_OK;
        if (!missing)
            PS_TRY(ps_keys_add(column->texts, text, &column->text[record], NULL, err));
    }
    return PS_OK;
}

static void read_place(reading *r, size_t row, size_t record) {
    ps_record_rows *rows = &r->set->rows;
    r->area[record] = r->constant;
    if (r->code == NO_COLUMN) {
        rows->kept++;
        return;
    }
    const ps_str code = cell(r, row, r->code);
    if (is_missing(r->set->spec, code) || code.n == 0) {
        rows->unlocated++;
        return;
    }
    r->area[record] = ps_keys_find(r->all->geography[r->geography].areas->by_code, code);
    if (r->area[record] != PS_NONE) {
        rows->kept++;
        return;
    }
    if (rows->outside++ == 0)
        snprintf(rows->outside_example, sizeof rows->outside_example, "%.*s",
                 (int)(code.n < 60 ? code.n : 60), code.p);
}

static ps_status read_row(reading *r, size_t row, ps_error *err) {
    static const ps_record_cause cause_of[] = {
        [PS_LOOKUP_FOUND] = PS_RECORD_CAUSES,
        [PS_LOOKUP_UNKNOWN] = PS_RECORD_UNKNOWN_KEY,
        [PS_LOOKUP_AMBIGUOUS] = PS_RECORD_AMBIGUOUS_KEY,
        [PS_LOOKUP_NO_KEY] = PS_RECORD_NO_KEY};
    ps_record_set *s = r->set;
    size_t wrong;
    ps_record_cause cause = PS_RECORD_BAD_DATE;
    s->rows.read++;
    if (ps_table_row_is_long(r->table, row)) {
        note_invalid(r, row, NO_COLUMN, PS_RECORD_LONG);
        return PS_OK;
    }
    if (r->met != NULL && r->met[row].found != PS_LOOKUP_FOUND) {
        note_invalid(r, row, r->met[row].column, cause_of[r->met[row].found]);
        return PS_OK;
    }
    if (!passes_filters(r, row)) {
        s->rows.filtered++;
        return PS_OK;
    }
    if (!read_when(r, row, s->n)) {
        note_invalid(r, row, r->date, PS_RECORD_BAD_DATE);
        return PS_OK;
    }
    if (r->date != NO_COLUMN && (s->last[s->n] < r->from || s->last[s->n] >= r->to)) {
        note_invalid(r, row, r->date, PS_RECORD_FAR_DATE);
        return PS_OK;
    }
    PS_TRY(read_columns(r, row, s->n, &wrong, &cause, err));
    if (wrong < s->n_columns) {
        note_invalid(r, row, r->at[wrong], cause);
        return PS_OK;
    }
    read_place(r, row, s->n);
    if (s->first[s->n] < s->begin) s->begin = s->first[s->n];
    if (s->last[s->n] > s->end) s->end = s->last[s->n];
    s->row[s->n++] = ps_table_row_in_file(r->table, row);
    return PS_OK;
}

/* ---- Areas ---- */

static ps_status find_place(reading *r, ps_error *err) {
    const ps_job_records *spec = r->set->spec;
    char at[PS_YAML_PATH];
    r->geography = -1;
    r->constant = PS_NONE;
    for (size_t g = 0; g < r->all->n && spec->areas != NULL; g++)
        if (strcmp(r->all->geography[g].spec->id, spec->areas) == 0)
            r->geography = (int)g;
    if (spec->area == NULL) return PS_OK;
    r->constant = ps_keys_find(r->all->geography[r->geography].areas->by_code,
                               ps_str_of(spec->area));
    if (r->constant != PS_NONE) return PS_OK;
    PS_YAML_AT(at, "records[%u].area", r->index);
    return PS_YAML_WRONG(r->bindings->job->yaml, err, at, "'%.60s' is no area of %s",
                         spec->area, spec->areas);
}

/* Rows by the area that each is in; area[i] of record i, PS_NONE in none. */
static ps_status list_records(size_t n, const int32_t *area, const int32_t *fit,
                              size_t n_areas, ps_record_areas *out, ps_error *err) {
    out->offset = ps_zalloc(n_areas + 2, sizeof *out->offset);
    out->record = ps_alloc(n, sizeof *out->record);
    if (out->offset == NULL || out->record == NULL) return ps_fail_nomem(err);
    /* offset[a + 1] counts, then runs through the places of area a. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            int32_t a = area != NULL ? area[i] : 0;
            if (a != PS_NONE && fit != NULL) a = fit[a];
            if (a == PS_NONE) continue;
            if (pass == 0)
                out->offset[a + 2]++;
            else
                out->record[out->offset[a + 1]++] = (int32_t)i;
        }
        for (size_t a = 2; pass == 0 && a < n_areas + 2; a++)
            out->offset[a] += out->offset[a - 1];
    }
    return PS_OK;
}

static int by_number(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The records of an area are those of its members, which may overlap. */
static ps_status list_members(const ps_geography *g, const ps_record_areas *base,
                              ps_record_areas *out, ps_error *err) {
    size_t most = 0, n = 0;
    for (size_t a = 0; a < g->areas->n; a++)
        for (size_t k = g->offset[a]; k < g->offset[a + 1]; k++)
            most += base->offset[g->member[k] + 1] - base->offset[g->member[k]];
    out->offset = ps_zalloc(g->areas->n + 1, sizeof *out->offset);
    out->record = ps_alloc(most, sizeof *out->record);
    if (out->offset == NULL || out->record == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < g->areas->n; a++) {
        const size_t begin = n;
        for (size_t k = g->offset[a]; k < g->offset[a + 1]; k++)
            for (size_t i = base->offset[g->member[k]];
                 i < base->offset[g->member[k] + 1]; i++)
                out->record[n++] = base->record[i];
        if (n > begin)
            qsort(out->record + begin, n - begin, sizeof *out->record, by_number);
        size_t kept = begin;
        for (size_t i = begin; i < n; i++)
            if (i == begin || out->record[i] != out->record[i - 1])
                out->record[kept++] = out->record[i];
        n = kept;
        out->offset[a + 1] = n;
    }
    return PS_OK;
}

static ps_status list_areas(reading *r, size_t g, ps_error *err) {
    ps_record_set *s = r->set;
    const ps_geography *geo = &r->all->geography[g];
    ps_record_areas *out = &s->areas[g];
    if (s->reach == NULL) {
        if (geo->areas->n != 1) return PS_OK;
        out->how = "whole";
        return list_records(s->n, NULL, NULL, 1, out, err);
    }
    if (s->reach->first[g] < 0) return PS_OK;
    if (s->reach->coded == (int)g || s->reach->fit[g] != NULL) {
        out->how = s->reach->fit[g] == NULL ? "code" : "best fit by interior point";
        return list_records(s->n, r->area, s->reach->fit[g], geo->areas->n, out, err);
    }
    out->how = "members";
    return list_members(geo, &s->areas[geo->base], out, err);
}

static ps_status list_all_areas(reading *r, ps_error *err) {
    ps_record_set *s = r->set;
    s->areas = ps_zalloc(r->all->n, sizeof *s->areas);
    if (s->areas == NULL) return ps_fail_nomem(err);
    s->n_areas = r->all->n;
    if (s->spec->areas != NULL)
        PS_TRY(ps_reach_open(r->all, s->spec->areas, &s->reach, err));
    for (size_t g = 0; g < r->all->n; g++) PS_TRY(list_areas(r, g, err));
    return PS_OK;
}

/* ---- One input ---- */

static ps_status tell_codes(const reading *r, const ps_talk *talk, ps_error *err) {
    const ps_record_set *s = r->set;
    const ps_record_rows *rows = &s->rows;
    if (rows->outside > 0 && rows->kept == 0) {
        char at[PS_YAML_PATH];
        PS_YAML_AT(at, "records[%u].code", r->index);
        return ps_yaml_fail(
            r->bindings->job->yaml, err, PS_FORMAT, at,
            "none of the %lld codes in column '%s' (first: %s) is an area "
            "of %s; another vintage of codes, or another column?",
            (long long)rows->outside, s->spec->code, rows->outside_example,
            s->spec->areas);
    }
    if (rows->outside > 0)
        ps_say(talk, PS_TALK_WARNING,
               "%s: %lld rows have a code that is no area of %s (first: %s)", s->spec->id,
               (long long)rows->outside, s->spec->areas, rows->outside_example);
    if (rows->invalid > 0)
        ps_say(talk, PS_TALK_WARNING, "%s: %lld rows are invalid and left out (%s)",
               s->spec->id, (long long)rows->invalid, text_of(&rows->example[0]).text);
    if (s->n == 0) ps_say(talk, PS_TALK_WARNING, "%s: no rows are left", s->spec->id);
    return PS_OK;
}

static ps_status read_set(reading *r, const ps_talk *talk, ps_error *err) {
    ps_record_set *s = r->set;
    size_t n = 0;
    if (s->spec->period != NULL)
        PS_TRY(
            ps_period_expand(ps_str_of(s->spec->period), 1, 0, &r->period, 1, &n, err));
    PS_TRY(find_place(r, err));
    PS_TRY(find_columns(r, err));
    PS_TRY(read_table(r, talk, err));
    PS_TRY(alloc_set(r, err));
    s->begin = INT32_MAX, s->end = INT32_MIN;
    s->days = r->date != NO_COLUMN;
    PS_TRY(find_months(r, err));
    for (size_t row = 0; row < ps_table_rows(r->table); row++)
        PS_TRY(read_row(r, row, err));
    PS_TRY(tell_codes(r, talk, err));
    return list_all_areas(r, err);
}

ps_status ps_records_open(const ps_bindings *bindings, const ps_geographies *all,
                          const ps_talk *talk, ps_records **out, ps_error *err) {
    const ps_job *job = bindings->job->job;
    *out = NULL;
    ps_records *records = ps_zalloc(1, sizeof *records);
    ps_record_set *sets = ps_zalloc(job->records_count, sizeof *sets);
    if (records == NULL || sets == NULL) {
        ps_free(records), ps_free(sets);
        return ps_fail_nomem(err);
    }
    *records = (ps_records){sets, job->records_count};
    ps_status status = PS_OK;
    for (unsigned i = 0; i < job->records_count && status == PS_OK; i++) {
        sets[i].spec = &job->records[i];
        sets[i].folder = bindings->job->folder;
        reading r = {.bindings = bindings, .all = all, .index = i, .set = &sets[i]};
        status = read_set(&r, talk, err);
        ps_table_free(r.table);
        for (unsigned w = 0; r.lookup != NULL && w < sets[i].spec->with_count; w++)
            ps_lookup_free(r.lookup[w]);
        ps_free(r.lookup), ps_free(r.met);
        ps_free((void *)r.name), ps_free(r.place), ps_free(r.at), ps_free(r.needs);
        ps_free(r.least), ps_free(r.most);
        ps_free(r.where), ps_free(r.area);
    }
    if (status == PS_OK)
        *out = records;
    else
        ps_records_free(records);
    return status;
}

static void free_set(ps_record_set *s) {
    ps_free(s->row), ps_free(s->first), ps_free(s->last), ps_free(s->day);
    for (size_t c = 0; c < s->n_columns; c++) {
        ps_free(s->column[c].text), ps_free(s->column[c].number);
        ps_keys_free(s->column[c].texts);
    }
    for (size_t g = 0; g < s->n_areas; g++)
        ps_free(s->areas[g].offset), ps_free(s->areas[g].record);
    ps_free(s->column), ps_free(s->areas), ps_free(s->looked_up);
    ps_reach_free(s->reach);
}

void ps_records_free(ps_records *records) {
    if (records == NULL) return;
    for (size_t i = 0; i < records->n; i++) free_set(&records->set[i]);
    ps_free(records->set);
    ps_free(records);
}

/* ---- Once they are read ---- */

const ps_record_set *ps_records_find(const ps_records *records, const char *id) {
    for (size_t i = 0; i < records->n; i++)
        if (strcmp(records->set[i].spec->id, id) == 0) return &records->set[i];
    return NULL;
}

ps_row_text ps_records_row_text(const ps_record_set *s, size_t record) {
    return ps_csv_row_text_of(s->spec->file, s->folder, (ps_header){s->spec->header, 1},
                              s->row[record]);
}

bool ps_records_know(const ps_record_set *s, size_t geography, size_t area) {
    return s->areas[geography].how != NULL &&
           (s->reach == NULL || ps_reach_knows(s->reach, geography, area));
}

const ps_record_column *ps_records_column(const ps_record_set *s, const char *name) {
    for (size_t c = 0; c < s->n_columns; c++)
        if (strcmp(s->column[c].name, name) == 0) return &s->column[c];
    return NULL;
}

bool ps_records_dated(const ps_record_set *s) {
    return s->spec->date != NULL || s->spec->period != NULL;
}

const char *ps_records_why_unknown(const ps_record_set *s) {
    return s->reach != NULL ? s->reach->why
                            : "the rows do not say which area they are of";
}

bool ps_records_whole(const ps_record_set *s, ps_month first, ps_month last) {
    for (size_t i = 0; s->stretches && i < s->n; i++) {
        const bool apart = s->last[i] < first || s->first[i] > last;
        if (!apart && !ps_record_in(s, i, first, last)) return false;
    }
    return true;
}

void ps_records_span(const ps_record_set *s, ps_month first, ps_month last,
                     ps_month *begin, ps_month *end) {
    *begin = INT32_MAX, *end = INT32_MIN;
    for (size_t i = 0; i < s->n; i++) {
        if (!ps_record_in(s, i, first, last)) continue;
        if (s->first[i] < *begin) *begin = s->first[i];
        if (s->last[i] > *end) *end = s->last[i];
    }
}

void ps_records_tell(const ps_record_set *s, const char *indent, ps_output *out) {
    const ps_record_rows *r = &s->rows;
    ps_output_printf(out,
                     "%s%s: %lld read = %lld kept + %lld filtered + %lld invalid + %lld "
                     "outside + %lld unlocated\n",
                     indent, s->spec->id, (long long)r->read, (long long)r->kept,
                     (long long)r->filtered, (long long)r->invalid, (long long)r->outside,
                     (long long)r->unlocated);
    for (int c = 0; c < PS_RECORD_CAUSES; c++)
        if (r->by_cause[c] > 0)
            ps_output_printf(out, "%s  invalid: %lld %s\n", indent,
                             (long long)r->by_cause[c], causes[c]);
    for (int e = 0; e < r->examples; e++)
        ps_output_printf(out, "%s    %s\n", indent, text_of(&r->example[e]).text);
}

void ps_records_manifest(const ps_record_set *s, ps_json *json) {
    const ps_record_rows *r = &s->rows;
    ps_json_key(json, "rows");
    ps_json_object(json);
    ps_json_member_int(json, "read", r->read);
    ps_json_member_int(json, "kept", r->kept);
    ps_json_member_int(json, "filtered", r->filtered);
    ps_json_member_int(json, "invalid", r->invalid);
    ps_json_member_int(json, "outside", r->outside);
    ps_json_member_int(json, "unlocated", r->unlocated);
    if (r->invalid > 0) {
        ps_json_key(json, "invalid_by_cause");
        ps_json_object(json);
        for (int c = 0; c < PS_RECORD_CAUSES; c++)
            if (r->by_cause[c] > 0) ps_json_member_int(json, causes[c], r->by_cause[c]);
        ps_json_end_object(json);
    }
    ps_json_end_object(json);
    if (s->spec->with_count == 0) return;
    ps_json_key(json, "looked_up");
    ps_json_array(json);
    for (unsigned w = 0; w < s->spec->with_count; w++)
        ps_lookup_manifest(json, &s->spec->with[w], &s->looked_up[w]);
    ps_json_end_array(json);
}

ps_status ps_records_strict(const ps_records *records, ps_error *err) {
    for (size_t i = 0; i < records->n; i++) {
        const ps_record_set *s = &records->set[i];
        if (s->rows.invalid == 0) continue;
        return ps_fail(err, PS_GATE,
                       "%s: %lld invalid rows (%s); mend the file or run without "
                       "--strict",
                       s->spec->file, (long long)s->rows.invalid,
                       text_of(&s->rows.example[0]).text);
    }
    return PS_OK;
}
