#include "engine/core/table.h"

#include <stdio.h>
#include <string.h>

struct ps_table {
    ps_arena *arena;
    const char *name;
    const char *path, *base; /* of a text; else NULL */
    ps_header header;
    ps_str *names;
    size_t columns;
    ps_str *cells; /* row by row */
    size_t cells_capacity;
    int64_t *row_in_file;
    size_t rows, rows_capacity;
    int64_t *long_row; /* in the file, of rows with more fields than names; ascending */
    size_t longs, longs_capacity;
};

enum { SHOWN = 60 /* bytes of a value in a message */ };

static int shown(ps_str text) {
    return text.n < SHOWN ? (int)text.n : SHOWN;
}

static ps_status keep_names(ps_table *table, const char *name, const ps_str *columns,
                            ps_error *err) {
    PS_TRY(ps_arena_create(&table->arena, err));
    table->name = ps_arena_strndup(table->arena, name, strlen(name));
    table->names = ps_alloc(table->columns, sizeof *table->names);
    if (table->name == NULL || table->names == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < table->columns; i++) {
        const char *copy = ps_arena_strndup(table->arena, columns[i].p, columns[i].n);
        if (copy == NULL) return ps_fail_nomem(err);
        table->names[i] = (ps_str){copy, columns[i].n};
    }
    return PS_OK;
}

ps_status ps_table_create(const char *name, const ps_str *columns, size_t n,
                          ps_table **out, ps_error *err) {
    *out = NULL;
    ps_table *table = ps_zalloc(1, sizeof *table);
    if (table == NULL) return ps_fail_nomem(err);
    table->columns = n;
    ps_status status = keep_names(table, name, columns, err);
    if (status != PS_OK) {
        ps_table_free(table);
        return status;
    }
    *out = table;
    return PS_OK;
}

/* The file is a text, so that its rows have lines. */
static ps_status keep_file(ps_table *table, const char *path, const char *base,
                           ps_header header, ps_error *err) {
    table->header = header;
    table->path = ps_arena_strndup(table->arena, path, strlen(path));
    if (base != NULL) table->base = ps_arena_strndup(table->arena, base, strlen(base));
    const bool kept = table->path != NULL && (base == NULL || table->base != NULL);
    return kept ? PS_OK : ps_fail_nomem(err);
}

static ps_status mark_long(ps_table *table, int64_t row, ps_error *err) {
    void *array = table->long_row;
    const ps_status status = ps_grow(&array, &table->longs_capacity, table->longs + 1,
                                     sizeof *table->long_row, err);
    table->long_row = array;
    if (status == PS_OK) table->long_row[table->longs++] = row;
    return status;
}

ps_status ps_table_create_of(const ps_table *file, const ps_str *columns, size_t n,
                             ps_table **out, ps_error *err) {
    PS_TRY(ps_table_create(file->name, columns, n, out, err));
    if (file->path == NULL) return PS_OK;
    ps_status status = keep_file(*out, file->path, file->base, file->header, err);
    for (size_t i = 0; status == PS_OK && i < file->longs; i++)
        status = mark_long(*out, file->long_row[i], err);
    if (status == PS_OK) return PS_OK;
    ps_table_free(*out);
    *out = NULL;
    return status;
}

ps_status ps_table_add_row(ps_table *table, const ps_str *cells, int64_t row_in_file,
                           ps_error *err) {
    size_t used = table->rows * table->columns;
    if (table->columns > PS_TABLE_MAX_CELLS - used || table->rows >= PS_TABLE_MAX_CELLS)
        return ps_fail(
            err, PS_LIMIT,
            "%s has more than %d cells at row %lld; choose fewer columns, or give "
            "it as incidents instead of a table",
            table->name, (int)PS_TABLE_MAX_CELLS, (long long)row_in_file);
    void *array = table->cells;
    ps_status status = ps_grow(&array, &table->cells_capacity, used + table->columns,
                               sizeof *table->cells, err);
    table->cells = array;
    if (status != PS_OK) return status;
    array = table->row_in_file;
    status = ps_grow(&array, &table->rows_capacity, table->rows + 1,
                     sizeof *table->row_in_file, err);
    table->row_in_file = array;
    if (status != PS_OK) return status;
    size_t bytes = 0;
    for (size_t i = 0; i < table->columns; i++) bytes += cells[i].n;
    char *text = ps_arena_alloc(table->arena, bytes > 0 ? bytes : 1);
    if (text == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < table->columns; i++) {
        if (cells[i].n > 0) memcpy(text, cells[i].p, cells[i].n);
        table->cells[used + i] = (ps_str){text, cells[i].n};
        text += cells[i].n;
    }
    table->row_in_file[table->rows++] = row_in_file;
    return PS_OK;
}

const char *ps_table_name(const ps_table *table) {
    return table->name;
}

size_t ps_table_rows(const ps_table *table) {
    return table->rows;
}

size_t ps_table_columns(const ps_table *table) {
    return table->columns;
}

ps_str ps_table_column_name(const ps_table *table, size_t column) {
    return table->names[column];
}

ps_status ps_table_need_column(const ps_table *table, ps_str name, int *out,
                               ps_error *err) {
    return ps_names_need(table->names, table->columns, name, table->name, out, err);
}

ps_str ps_table_cell(const ps_table *table, size_t row, size_t column) {
    return table->cells[row * table->columns + column];
}

int64_t ps_table_row_in_file(const ps_table *table, size_t row) {
    return table->row_in_file[row];
}

ps_row_text ps_table_row_text(const ps_table *table, size_t row) {
    ps_row_text out;
    if (table->path != NULL)
        return ps_csv_row_text_of(table->path, table->base, table->header,
                                  table->row_in_file[row]);
    snprintf(out.text, sizeof out.text, "%lld", (long long)table->row_in_file[row]);
    return out;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_missing(ps_str text) {
    static const char *const markers[] = {"",   "-",   "..",  ":",   "*",
                                          "na", "n/a", "[x]", "[z]", "[c]"};
    char folded[4];
    if (text.n > 3) return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        if (ps_str_is((ps_str){folded, text.n}, markers[i])) return true;
    }
    return false;
}

/* "1,234,567.8" without its separators; false when they are not in their places. */
static bool strip_thousands(ps_str text, char out[64], ps_str *stripped) {
    size_t at = 0, n = 0, digits = 0;
    bool grouped = false;
    if (text.n >= 64) return false;
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) out[n++] = text.p[at++];
    for (; at < text.n && (is_digit(text.p[at]) || text.p[at] == ','); at++) {
        if (text.p[at] == ',') {
            if (grouped ? digits != 3 : digits < 1 || digits > 3) return false;
            grouped = true;
            digits = 0;
        } else {
            out[n++] = text.p[at];
            digits++;
        }
    }
    if (!grouped || digits != 3) return false;
    for (; at < text.n; at++) out[n++] = text.p[at];
    *stripped = (ps_str){out, n};
    return true;
}

bool ps_cell_number(ps_str cell, double *value, bool *missing) {
    ps_str text = ps_str_trim(cell), stripped;
    char buffer[64];
    *value = 0;
    *missing = is_missing(text);
    if (*missing || ps_parse_double(text, value)) return true;
    if (strip_thousands(text, buffer, &stripped) && ps_parse_double(stripped, value))
        return true;
    *value = 0;
    return false;
}

ps_status ps_table_number(const ps_table *table, size_t row, size_t column, double *value,
                          bool *missing, ps_error *err) {
    const ps_str cell = ps_table_cell(table, row, column);
    if (ps_cell_number(cell, value, missing)) return PS_OK;
    if (err == NULL) return PS_FORMAT;
    ps_str name = table->names[column];
    return ps_fail(err, PS_FORMAT,
                   "%s, row %s, column '%.*s': '%.*s' is not a number; write digits with "
                   "'.' as decimal point, or leave the cell empty when it is missing",
                   table->name, ps_table_row_text(table, row).text, shown(name), name.p,
                   shown(cell), cell.p);
}

bool ps_table_row_is_long(const ps_table *table, size_t row) {
    const int64_t wanted = table->row_in_file[row];
    size_t low = 0, high = table->longs;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (table->long_row[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->longs && table->long_row[low] == wanted;
}

void ps_table_free(ps_table *table) {
    if (table == NULL) return;
    ps_arena_free(table->arena);
    ps_free(table->names);
    ps_free(table->cells);
    ps_free(table->row_in_file);
    ps_free(table->long_row);
    ps_free(table);
}

/* ---- from a delimited file ---- */

typedef struct reading {
    const char *path, *base;
    ps_header header;
    const ps_source *source;
    const ps_talk *talk;
    ps_csv *csv;
    ps_csv_block block;
    ps_csv_cursor *cursor;
    int *chosen;
    ps_str *names;
    size_t n;
    ps_table *table;
    bool marks;         /* long rows instead of refusing them */
    size_t long_fields; /* of the first one */
    int64_t shorts, first_short;
} reading;

static ps_status choose_columns(reading *r, const ps_str *columns, size_t n,
                                ps_error *err) {
    r->n = columns != NULL ? n : ps_csv_columns(r->csv);
    r->chosen = ps_alloc(r->n, sizeof *r->chosen);
    r->names = ps_alloc(r->n, sizeof *r->names);
    if (r->chosen == NULL || r->names == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < r->n; i++) {
        r->chosen[i] = (int)i;
        if (columns != NULL)
            PS_TRY(ps_csv_need_column(r->csv, columns[i], &r->chosen[i], err));
        r->names[i] = ps_csv_column_name(r->csv, (size_t)r->chosen[i]);
    }
    return PS_OK;
}

static ps_status refuse_long(const reading *r, int64_t row, size_t fields,
                             ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "%s: row %s has %zu fields where the header has %zu, so "
                   "its cells may stand under the wrong names; put quotes around the "
                   "text that holds the delimiter",
                   r->source->name, ps_csv_row_text(r->source, r->header, row).text,
                   fields, ps_csv_columns(r->csv));
}

static ps_status meet_long(reading *r, const ps_csv_record *record, ps_error *err) {
    if (!r->marks) return refuse_long(r, record->row, record->fields, err);
    if (r->table->longs == 0) r->long_fields = record->fields;
    return mark_long(r->table, record->row, err);
}

static ps_status read_block(reading *r, ps_error *err) {
    ps_csv_record record;
    ps_csv_shape shape;
    ps_csv_cursor_start(r->cursor, &r->block);
    while (ps_csv_cursor_next(r->cursor, &record, &shape)) {
        if (shape == PS_CSV_LONG) PS_TRY(meet_long(r, &record, err));
        if (shape == PS_CSV_SHORT && r->shorts++ == 0) r->first_short = record.row;
        PS_TRY(ps_table_add_row(r->table, record.field, record.row, err));
    }
    return ps_csv_cursor_status(r->cursor, err);
}

static ps_status read_blocks(reading *r, ps_error *err) {
    PS_TRY(ps_table_create(r->source->name, r->names, r->n, &r->table, err));
    PS_TRY(keep_file(r->table, r->path, r->base, r->header, err));
    PS_TRY(ps_csv_cursor_create(r->csv, r->chosen, r->n, &r->cursor, err));
    for (;;) {
        PS_TRY(ps_csv_next_block(r->csv, &r->block, err));
        if (r->block.rows == 0) break;
        PS_TRY(read_block(r, err));
        PS_TRY(ps_progress(r->talk, "reading tables", (double)ps_csv_position(r->csv),
                           (double)r->source->bytes, err));
    }
    /* Where every row has more, the header lacks a name. */
    if (r->table->longs > 0 && r->table->longs == r->table->rows)
        return refuse_long(r, r->table->long_row[0], r->long_fields, err);
    if (r->shorts > 0)
        ps_say(r->talk, PS_TALK_WARNING,
               "%s: %lld rows have fewer fields than the header (first: row %s); the "
               "missing cells are empty",
               r->source->name, (long long)r->shorts,
               ps_csv_row_text(r->source, r->header, r->first_short).text);
    return PS_OK;
}

static ps_status read_source(reading *r, const ps_str *columns, size_t n_columns,
                             ps_error *err) {
    ps_stream *stream;
    PS_TRY(ps_stream_open(r->source, &stream, err));
    ps_csv_options options = {
        .header = r->header, .name = r->source->name, .talk = r->talk};
    PS_TRY(ps_csv_open(stream, &options, &r->csv, err));
    PS_TRY(choose_columns(r, columns, n_columns, err));
    return read_blocks(r, err);
}

static ps_status read_csv(const char *path, const char *base, ps_header header,
                          const ps_str *columns, size_t n_columns, bool marks,
                          const ps_talk *talk, ps_table **out, ps_error *err) {
    static const char *const suffixes[] = {".csv", ".csv.gz", ".tsv", ".tsv.gz",
                                           ".txt", ".txt.gz", NULL};
    *out = NULL;
    ps_source_list *list;
    PS_TRY(ps_source_list_open(&path, 1, base, suffixes, &list, err));
    reading r = {.path = path,
                 .base = base,
                 .header = header,
                 .source = ps_source_list_get(list, 0),
                 .talk = talk,
                 .marks = marks};
    ps_status status = PS_OK;
    if (ps_source_list_size(list) > 1)
        status =
            ps_fail(err, PS_CONFIG,
                    "'%s' names %zu files, but a table is one file; the first two are "
                    "'%s' and '%s'",
                    path, ps_source_list_size(list), r.source->name,
                    ps_source_list_get(list, 1)->name);
    if (status == PS_OK) status = read_source(&r, columns, n_columns, err);
    ps_csv_cursor_free(r.cursor);
    ps_csv_block_free(&r.block);
    ps_csv_close(r.csv);
    ps_free(r.chosen);
    ps_free(r.names);
    ps_source_list_free(list);
    if (status != PS_OK) {
        ps_table_free(r.table);
        return status;
    }
    *out = r.table;
    return PS_OK;
}

ps_status ps_table_read_csv(const char *path, const char *base, ps_header header,
                            const ps_str *columns, size_t n_columns, const ps_talk *talk,
                            ps_table **out, ps_error *err) {
    return read_csv(path, base, header, columns, n_columns, false, talk, out, err);
}

ps_status ps_table_read_marked(const char *path, const char *base, ps_header header,
                               const ps_str *columns, size_t n_columns,
                               const ps_talk *talk, ps_table **out, ps_error *err) {
    return read_csv(path, base, header, columns, n_columns, true, talk, out, err);
}
