#include "engine/run/area_table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_workbook(const char *file) {
    const char *dot = strrchr(file, '.');
    return dot != NULL && (strcasecmp(dot, ".xlsx") == 0 || strcasecmp(dot, ".ods") == 0);
}

static ps_status open_rows(const ps_area_rows *rows, const char *base,
                           const char *const *columns, size_t n_columns,
                           const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    ps_str *names = NULL; /* all columns */
    if (columns != NULL) {
        names = ps_alloc(n_columns, sizeof *names);
        if (names == NULL) return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n_columns; i++) names[i] = ps_str_of(columns[i]);
    ps_status status;
    if (is_workbook(rows->file))
        status = ps_layer_read_table(rows->file, base, rows->sheet, rows->header, names,
                                     n_columns, talk, out, err);
    else
        status = (rows->marks ? ps_table_read_marked : ps_table_read_csv)(
            rows->file, base, rows->header, names, n_columns, talk, out, err);
    ps_free(names);
    return status;
}

ps_status ps_area_table_open(const char *file, const char *base, const char *sheet,
                             ps_header header, const char *const *columns,
                             size_t n_columns, const ps_talk *talk, ps_table **out,
                             ps_error *err) {
    const ps_area_rows rows = {.file = file, .sheet = sheet, .header = header};
    return open_rows(&rows, base, columns, n_columns, talk, out, err);
}

static ps_status read_for_job(const ps_job_file *job, const ps_area_rows *rows,
                              const char *const *columns, size_t n_columns,
                              const ps_talk *talk, ps_table **out, ps_error *err) {
    const ps_status status =
        open_rows(rows, job->folder, columns, n_columns, talk, out, err);
    if (status == PS_OK || status == PS_NOMEM || err == NULL) return status;
    char why[sizeof err->text];
    memcpy(why, err->text, sizeof why);
    return ps_yaml_fail(job->yaml, err, status, rows->at, "%s", why);
}

/* ---- Filters ---- */

bool ps_filter_passes(const ps_job_filter *f, ps_str cell) {
    const ps_str text = ps_str_trim(cell);
    bool passes = f->is_count == 0;
    for (unsigned k = 0; k < f->is_count && !passes; k++)
        passes = ps_str_is(text, f->is[k]);
    for (unsigned k = 0; k < f->not_count && passes; k++)
        passes = !ps_str_is(text, f->not [k]);
    return passes;
}

/* Where the columns of the filters stand: behind those that are wanted, or where a table
 * of all columns has them. */
static ps_status find_filters(const ps_table *table, const ps_area_rows *rows, bool all,
                              size_t n_columns, int *column, ps_error *err) {
    for (size_t w = 0; w < rows->n_where; w++) {
        column[w] = (int)(n_columns + w);
        if (all)
            PS_TRY(ps_table_need_column(table, ps_str_of(rows->where[w].column),
                                        &column[w], err));
    }
    return PS_OK;
}

static ps_status copy_passing(const ps_table *from, const ps_area_rows *rows,
                              const int *filter, size_t n, ps_str *cells, ps_table *to,
                              ps_error *err) {
    for (size_t r = 0; r < ps_table_rows(from); r++) {
        bool passes = true;
        for (size_t w = 0; w < rows->n_where && passes; w++)
            passes = ps_filter_passes(&rows->where[w],
                                      ps_table_cell(from, r, (size_t)filter[w]));
        if (!passes) continue;
        for (size_t c = 0; c < n; c++) cells[c] = ps_table_cell(from, r, c);
        PS_TRY(ps_table_add_row(to, cells, ps_table_row_in_file(from, r), err));
    }
    return PS_OK;
}

/* The first n columns of the rows that pass. */
static ps_status filter_rows(const ps_table *from, const ps_area_rows *rows, bool all,
                             size_t n, ps_table **out, ps_error *err) {
    ps_table *to = NULL;
    int *filter = ps_alloc(rows->n_where, sizeof *filter);
    ps_str *cells = ps_alloc(n, sizeof *cells);
    ps_status status = filter != NULL && cells != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = find_filters(from, rows, all, n, filter, err);
    for (size_t c = 0; status == PS_OK && c < n; c++)
        cells[c] = ps_table_column_name(from, c);
    if (status == PS_OK) status = ps_table_create_of(from, cells, n, &to, err);
    if (status == PS_OK) status = copy_passing(from, rows, filter, n, cells, to, err);
    ps_free(filter), ps_free(cells);
    if (status == PS_OK)
        *out = to;
    else
        ps_table_free(to);
    return status;
}

ps_status ps_area_rows_read(const ps_job_file *job, const ps_area_rows *rows,
                            const char *const *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    if (rows->n_where == 0)
        return read_for_job(job, rows, columns, n_columns, talk, out, err);
    const bool all = columns == NULL;
    const char **names = NULL;
    ps_table *table = NULL;
    if (!all) {
        names = ps_alloc(n_columns + rows->n_where, sizeof *names);
        if (names == NULL) return ps_fail_nomem(err);
        for (size_t c = 0; c < n_columns; c++) names[c] = columns[c];
        for (size_t w = 0; w < rows->n_where; w++)
            names[n_columns + w] = rows->where[w].column;
    }
    ps_status status = read_for_job(job, rows, names, all ? 0 : n_columns + rows->n_where,
                                    talk, &table, err);
    ps_free((void *)names);
    PS_TRY(status);
    status = filter_rows(table, rows, all, all ? ps_table_columns(table) : n_columns, out,
                         err);
    const size_t before = ps_table_rows(table);
    ps_table_free(table);
    PS_TRY(status);
    if (ps_table_rows(*out) > 0 || before == 0) return PS_OK;
    ps_table_free(*out);
    *out = NULL;
    char at[96];
    snprintf(at, sizeof at, "%s.where", rows->at);
    return ps_yaml_fail(job->yaml, err, PS_FORMAT, at,
                        "none of the %zu rows of '%s' passes the filters", before,
                        rows->file);
}

/* ---- Numbers by area ---- */

/* The first cell without a number. */
static void show_empty(const ps_table *table, size_t row, int column,
                       ps_area_match *match) {
    const ps_str name = ps_table_column_name(table, (size_t)column),
                 seen = ps_str_trim(ps_table_cell(table, row, (size_t)column));
    snprintf(match->empty_example, sizeof match->empty_example,
             "row %s, column '%.*s': \"%.*s\"", ps_table_row_text(table, row).text,
             (int)(name.n < 60 ? name.n : 60), name.p, (int)(seen.n < 20 ? seen.n : 20),
             seen.p);
}

ps_status ps_area_table_sum(const ps_table *table, const ps_area_sum *sum,
                            const ps_areas *areas, double *value, bool *missing,
                            ps_area_match *match, ps_error *err) {
    *match = (ps_area_match){0};
    bool *seen = ps_zalloc(areas->n, sizeof *seen);
    if (seen == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < areas->n; a++) value[a] = 0, missing[a] = true;
    ps_status status = PS_OK;
    for (size_t r = 0; r < ps_table_rows(table) && status == PS_OK; r++) {
        ps_str key = ps_str_trim(ps_table_cell(table, r, (size_t)sum->code));
        if (key.n == 0) continue;
        if (sum->period >= 0 &&
            !ps_str_eq(ps_str_trim(ps_table_cell(table, r, (size_t)sum->period)),
                       sum->in))
            continue;
        match->rows++;
        int32_t area = ps_keys_find(areas->by_code, key);
        if (area == PS_NONE) {
            if (match->unknown++ == 0)
                snprintf(match->unknown_example, sizeof match->unknown_example, "%.*s",
                         (int)(key.n < 60 ? key.n : 60), key.p);
            continue;
        }
        if (seen[area] && !sum->repeat) {
            status = ps_fail(
                err, PS_FORMAT,
                "%s: row %s: the code %.*s stood in an earlier row; one row per "
                "area is expected, unless `repeats: add` says that they are parts",
                ps_table_name(table), ps_table_row_text(table, r).text, (int)key.n,
                key.p);
            break;
        }
        if (!seen[area]) missing[area] = false;
        seen[area] = true;
        for (size_t c = 0; c < sum->n_columns && status == PS_OK; c++) {
            double number = 0;
            bool absent = false;
            status =
                ps_table_number(table, r, (size_t)sum->columns[c], &number, &absent, err);
            if (status == PS_OK && sum->people && number < 0) {
                const ps_str name = ps_table_column_name(table, (size_t)sum->columns[c]);
                status = ps_fail(err, PS_FORMAT,
                                 "%s: row %s, column '%.*s': there cannot be %g people",
                                 ps_table_name(table), ps_table_row_text(table, r).text,
                                 (int)(name.n < 60 ? name.n : 60), name.p, number);
            }
            if (absent) {
                missing[area] = true;
                if (match->empty++ == 0) show_empty(table, r, sum->columns[c], match);
            } else
                value[area] += number;
        }
    }
    for (size_t a = 0; a < areas->n; a++) {
        if (seen[a]) continue;
        if (match->absent++ == 0)
            snprintf(match->absent_example, sizeof match->absent_example, "%.*s",
                     (int)(areas->code[a].n < 60 ? areas->code[a].n : 60),
                     areas->code[a].p);
    }
    ps_free(seen);
    return status;
}
