/* Tables out of workbooks and layers. OGR reads a workbook without a guess at its header
 * and with each cell as the text in the file, so that rows keep their numbers and codes
 * their zeros; what a row or cell means is decided here.
 */
#include <cpl_conv.h>
#include <gdal.h>
#include <ogr_api.h>
#include <stdio.h>
#include <string.h>

#include "geo/layer_ogr.h"
#include "geo/ogr_source.h"

enum { CELL_BYTES = 48 /* of a number or date */ };

static const char *const table_endings[] = {".xlsx", ".ods", ".csv", ".dbf", NULL};

static bool all_digits(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') return false;
    }
    return n > 0;
}

/* Cells come as the text in the file. Programs store the number 33.178 as
 * 33.177999999999997 and 0.001 as 1E-3, which are the same numbers in more words, and OGR
 * prints dates with slashes. Text that merely looks like a number, such as the code
 * 007 or 1E5, is left alone: only the forms that a program writes are touched. */
static ps_str plain_cell(ps_str raw, char out[CELL_BYTES]) {
    raw = ps_str_trim(raw);
    size_t digits = 0, i = 0;
    bool point = false, signed_exponent = false, number = true;
    if (i < raw.n && raw.p[i] == '-') i++;
    for (; i < raw.n && number; i++) {
        char c = raw.p[i];
        if (c >= '0' && c <= '9') {
            if (digits > 0 || c != '0') digits++;
        } else if (c == '.' && !point) {
            point = true;
        } else if ((c == 'E' || c == 'e') && i + 2 < raw.n &&
                   (raw.p[i + 1] == '-' || raw.p[i + 1] == '+')) {
            signed_exponent = all_digits(raw.p + i + 2, raw.n - i - 2);
            number = signed_exponent;
            break;
        } else {
            number = false;
        }
    }
    double value;
    if (number && (signed_exponent || (point && digits > 15)) &&
        ps_parse_double(raw, &value)) {
        ps_format_double(value, out);
        return ps_str_of(out);
    }
    if (raw.n >= 10 && raw.n < CELL_BYTES && all_digits(raw.p, 4) && raw.p[4] == '/' &&
        all_digits(raw.p + 5, 2) && raw.p[7] == '/' && all_digits(raw.p + 8, 2) &&
        (raw.n == 10 || (raw.n >= 19 && raw.p[10] == ' '))) {
        memcpy(out, raw.p, raw.n);
        out[4] = out[7] = '-';
        if (raw.n > 10) out[10] = 'T';
        return (ps_str){out, raw.n};
    }
    return raw;
}

typedef struct sheet {
    ps_ogr_source source;
    bool workbook;
    ps_header header;
    int64_t last_header; /* row */
    int *column;         /* field of each column of the table */
    size_t n;
    bool guessed;
} sheet;

static ps_status cell_text(sheet *t, OGRFeatureH feature, int field, ps_arena *arena,
                           ps_str *out, ps_error *err) {
    ps_str raw;
    PS_TRY(ps_ogr_text(feature, field, arena, &raw, &t->guessed, err));
    if (!t->workbook) {
        *out = raw;
        return PS_OK;
    }
    char plain[CELL_BYTES];
    ps_str cell = plain_cell(raw, plain);
    if (cell.p == plain) {
        const char *copy = ps_arena_strndup(arena, cell.p, cell.n);
        if (copy == NULL) return ps_fail_nomem(err);
        cell.p = copy;
    }
    *out = cell;
    return PS_OK;
}

/* Cells of the header's rows; rows that are not in the file have none. */
static ps_status read_header_cells(sheet *t, ps_arena *arena, ps_str **row, size_t n,
                                   ps_error *err) {
    OGRLayerH layer = t->source.layer;
    ps_status status = PS_OK;
    OGR_L_ResetReading(layer);
    for (int64_t at = 0; status == PS_OK && at < t->last_header;) {
        OGRFeatureH feature = OGR_L_GetNextFeature(layer);
        if (feature == NULL) break;
        at = (int64_t)OGR_F_GetFID(feature);
        for (size_t i = 0; i < n && at >= t->header.row && at <= t->last_header; i++) {
            if (status != PS_OK) break;
            status =
                cell_text(t, feature, (int)i, arena, &row[at - t->header.row][i], err);
        }
        OGR_F_Destroy(feature);
    }
    return status;
}

static ps_status read_header(sheet *t, ps_arena *arena, ps_str *names, size_t n,
                             ps_error *err) {
    ps_str *row[PS_HEADER_ROWS] = {NULL};
    ps_status status = PS_OK;
    for (int64_t r = 0; r < t->header.rows; r++) {
        row[r] = ps_zalloc(n, sizeof **row);
        if (row[r] == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) status = read_header_cells(t, arena, row, n, err);
    if (status == PS_OK)
        status = ps_names_join((const ps_str *const *)row, (size_t)t->header.rows, n,
                               arena, names, err);
    for (int64_t r = 0; r < t->header.rows; r++) ps_free(row[r]);
    return status;
}

/* The names of all columns. In a workbook they are the cells of the header row. */
static ps_status column_names(sheet *t, ps_arena *arena, ps_str **names, int *n,
                              ps_error *err) {
    OGRLayerH layer = t->source.layer;
    OGRFeatureDefnH def = OGR_L_GetLayerDefn(layer);
    *n = OGR_FD_GetFieldCount(def);
    *names = ps_zalloc((size_t)*n, sizeof **names);
    if (*names == NULL) return ps_fail_nomem(err);
    if (!t->workbook) {
        if (t->last_header > 1)
            return ps_fail(
                err, PS_CONFIG,
                "'%s' is no workbook: its fields have names of their own, so a "
                "header row cannot be chosen",
                t->source.shown);
        for (int i = 0; i < *n; i++) {
            const char *name = OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(def, i));
            const char *copy = ps_arena_strndup(arena, name, strlen(name));
            if (copy == NULL) return ps_fail_nomem(err);
            (*names)[i] = ps_str_of(copy);
        }
        return PS_OK;
    }
    ps_status status = read_header(t, arena, *names, (size_t)*n, err);
    bool some = false;
    for (int i = 0; i < *n; i++) some = some || (*names)[i].n > 0;
    if (status == PS_OK && !some)
        return ps_fail(err, PS_CONFIG,
                       "'%s', sheet '%s' has nothing in row %lld, which should hold the "
                       "names of the columns; say in `header` where they are",
                       t->source.shown, OGR_L_GetName(layer), (long long)t->header.row);
    return status;
}

/* Without a choice, all columns that have a name, or a cell below. */
static ps_status all_columns(sheet *t, const ps_str *names, int n, ps_error *err) {
    bool *used = ps_zalloc((size_t)n, sizeof *used);
    if (used == NULL) return ps_fail_nomem(err);
    int unnamed = 0;
    for (int i = 0; i < n; i++) {
        used[i] = names[i].n > 0 || !t->workbook;
        unnamed += !used[i];
    }
    OGRFeatureH feature;
    OGR_L_ResetReading(t->source.layer);
    while (unnamed > 0 && (feature = OGR_L_GetNextFeature(t->source.layer)) != NULL) {
        for (int i = 0; i < n && OGR_F_GetFID(feature) > t->last_header; i++) {
            if (!used[i] && OGR_F_IsFieldSetAndNotNull(feature, i) &&
                OGR_F_GetFieldAsString(feature, i)[0] != '\0') {
                used[i] = true;
                unnamed--;
            }
        }
        OGR_F_Destroy(feature);
    }
    for (int i = 0; i < n; i++) {
        if (used[i]) t->column[t->n++] = i;
    }
    ps_free(used);
    return PS_OK;
}

/* The chosen columns, by the rules of tables: a table of names only is asked. */
static ps_status choose_columns(sheet *t, const char *title, const ps_str *names, int n,
                                const ps_str *columns, size_t n_columns, ps_error *err) {
    t->column = ps_alloc(columns != NULL ? n_columns : (size_t)n, sizeof *t->column);
    if (t->column == NULL) return ps_fail_nomem(err);
    if (columns == NULL) return all_columns(t, names, n, err);
    ps_table *asked = NULL;
    PS_TRY(ps_table_create(title, names, (size_t)n, &asked, err));
    ps_status status = PS_OK;
    for (; status == PS_OK && t->n < n_columns; t->n++)
        status = ps_table_need_column(asked, columns[t->n], &t->column[t->n], err);
    ps_table_free(asked);
    return status;
}

static ps_status read_rows(sheet *t, ps_arena *arena, ps_table *table,
                           const ps_talk *talk, ps_gdal_scope *scope, ps_error *err) {
    OGRLayerH layer = t->source.layer;
    GIntBig count = OGR_L_GetFeatureCount(layer, 0);
    double total = count > 0 ? (double)count : 0;
    ps_str *cells = ps_alloc(t->n, sizeof *cells);
    if (cells == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    int64_t row = 0;
    OGRFeatureH feature;
    OGR_L_ResetReading(layer);
    while (status == PS_OK && (feature = OGR_L_GetNextFeature(layer)) != NULL) {
        row = t->workbook ? (int64_t)OGR_F_GetFID(feature) : row + 1;
        if (t->workbook && row <= t->last_header) {
            OGR_F_Destroy(feature);
            continue;
        }
        ps_arena_reset(arena);
        bool some = !t->workbook;
        for (size_t c = 0; status == PS_OK && c < t->n; c++) {
            status = cell_text(t, feature, t->column[c], arena, &cells[c], err);
            some = some || cells[c].n > 0;
        }
        OGR_F_Destroy(feature);
        if (status == PS_OK && some) status = ps_table_add_row(table, cells, row, err);
        if (status == PS_OK && row % 8192 == 0)
            status = ps_progress(talk, "reading a table", (double)row, total, err);
    }
    ps_free(cells);
    if (status == PS_OK && scope->failures > 0)
        status = ps_fail(err, PS_FORMAT, "'%s' is damaged: %s", t->source.shown,
                         ps_gdal_reason(scope));
    return status;
}

static ps_status read_sheet(sheet *t, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out, ps_gdal_scope *scope,
                            ps_error *err) {
    ps_arena *names_text = NULL, *row_text = NULL;
    ps_str *names = NULL, *chosen = NULL;
    ps_table *table = NULL;
    int n = 0;
    char title[400];
    if (t->workbook)
        snprintf(title, sizeof title, "%.250s, sheet '%.100s'", t->source.shown,
                 OGR_L_GetName(t->source.layer));
    else
        snprintf(title, sizeof title, "%.390s", t->source.shown);
    ps_status status = ps_arena_create(&names_text, err);
    if (status == PS_OK) status = ps_arena_create(&row_text, err);
    if (status == PS_OK) status = column_names(t, names_text, &names, &n, err);
    if (status == PS_OK)
        status = choose_columns(t, title, names, n, columns, n_columns, err);
    if (status == PS_OK) {
        chosen = ps_alloc(t->n, sizeof *chosen);
        if (chosen == NULL) status = ps_fail_nomem(err);
        for (size_t c = 0; status == PS_OK && c < t->n; c++)
            chosen[c] = names[t->column[c]];
    }
    if (status == PS_OK) status = ps_table_create(title, chosen, t->n, &table, err);
    if (status == PS_OK) status = read_rows(t, row_text, table, talk, scope, err);
    if (status == PS_OK && t->guessed) ps_ogr_say_guessed(&t->source, talk);
    ps_free(chosen);
    ps_free(names);
    ps_free(t->column);
    ps_arena_free(names_text);
    ps_arena_free(row_text);
    if (status != PS_OK) {
        ps_table_free(table);
        return status;
    }
    *out = table;
    return PS_OK;
}

static ps_status read_table(const char *path, const char *base, const char *sheet_name,
                            ps_header header, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, ps_ogr_place *where, sheet *t,
                            ps_table **out, ps_gdal_scope *scope, ps_error *err) {
    t->source.shown = path;
    t->header =
        (ps_header){header.row > 0 ? header.row : 1, header.rows > 0 ? header.rows : 1};
    if (t->header.rows > PS_HEADER_ROWS)
        return ps_fail(err, PS_CONFIG, "'%s': a header has 1 to %d rows, not %lld", path,
                       PS_HEADER_ROWS, (long long)t->header.rows);
    t->last_header = t->header.row + t->header.rows - 1;
    PS_TRY(ps_ogr_find(path, base, table_endings, NULL, where, scope, err));
    PS_TRY(ps_ogr_check_workbook(where->path, path, err));
    PS_TRY(ps_ogr_open(where, NULL, &t->source, scope, err));
    const char *driver = ps_ogr_driver(&t->source);
    t->workbook = strcmp(driver, "XLSX") == 0 || strcmp(driver, "ODS") == 0;
    PS_TRY(ps_ogr_choose(&t->source, sheet_name, t->workbook ? "sheet" : "layer",
                         t->workbook, err));
    return read_sheet(t, columns, n_columns, talk, out, scope, err);
}

ps_status ps_ogr_read_table(const char *path, const char *base, const char *sheet_name,
                            ps_header header, const ps_str *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    ps_ogr_place *where = ps_alloc(1, sizeof *where);
    if (where == NULL) return ps_fail_nomem(err);
    sheet t = {.last_header = 1};
    ps_gdal_scope scope;
    ps_gdal_enter(&scope);
    /* Row numbers and types are ours to decide: no guess where the header is, and each
     * cell as the text in the file, so that codes keep their zeros. */
    CPLSetThreadLocalConfigOption("OGR_XLSX_HEADERS", "DISABLE");
    CPLSetThreadLocalConfigOption("OGR_XLSX_FIELD_TYPES", "STRING");
    CPLSetThreadLocalConfigOption("OGR_ODS_HEADERS", "DISABLE");
    CPLSetThreadLocalConfigOption("OGR_ODS_FIELD_TYPES", "STRING");
    ps_status status = read_table(path, base, sheet_name, header, columns, n_columns,
                                  talk, where, &t, out, &scope, err);
    ps_ogr_close(&t.source);
    ps_gdal_leave(&scope);
    ps_free(where);
    return status;
}
