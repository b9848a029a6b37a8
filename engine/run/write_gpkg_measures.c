/* The measures in the GeoPackage: a copy of measures.csv cell by cell, so that both hold
 * the same rows and hide the same, and views that put its rows on the maps. */
#include <stdio.h>
#include <string.h>

#include "engine/core/source.h"
#include "engine/core/table.h"
#include "engine/run/write.h"

static const char table_name[] = "measures";

typedef struct copy {
    ps_source_list *source;
    ps_csv *csv;
    ps_csv_block block;
    ps_csv_cursor *cursor;
    bool begun; /* the cursor stands in a block */
    size_t n;
    int *column;      /* all of them */
    char (*name)[64]; /* of the columns, as NUL-terminated texts */
    ps_field *field;
    int area_type, area_code; /* columns */
    const ps_geographies *geographies;
    bool *shown; /* by geography: some row is of one of its areas */
} copy;

static ps_status open_copy(const char *path, copy *c, ps_error *err) {
    static const char *const suffixes[] = {".csv", NULL};
    ps_stream *stream;
    PS_TRY(ps_source_list_open(&path, 1, NULL, suffixes, &c->source, err));
    const ps_csv_options options = {.delimiter = ',', .name = "measures.csv"};
    PS_TRY(ps_stream_open(ps_source_list_get(c->source, 0), &stream, err));
    PS_TRY(ps_csv_open(stream, &options, &c->csv, err));
    c->n = ps_csv_columns(c->csv);
    c->column = ps_alloc(c->n, sizeof *c->column);
    c->name = ps_alloc(c->n, sizeof *c->name);
    c->field = ps_alloc(c->n, sizeof *c->field);
    if (c->column == NULL || c->name == NULL || c->field == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < c->n; i++) {
        const ps_str name = ps_csv_column_name(c->csv, i);
        snprintf(c->name[i], sizeof c->name[i], "%.*s", (int)name.n, name.p);
        c->column[i] = (int)i;
        c->field[i] = (ps_field){
            c->name[i], ps_measures_has_numbers(name) ? PS_FIELD_REAL : PS_FIELD_TEXT};
    }
    PS_TRY(ps_csv_need_column(c->csv, ps_str_of("area_type"), &c->area_type, err));
    PS_TRY(ps_csv_need_column(c->csv, ps_str_of("area_code"), &c->area_code, err));
    return ps_csv_cursor_create(c->csv, c->column, c->n, &c->cursor, err);
}

static void close_copy(copy *c) {
    ps_csv_cursor_free(c->cursor);
    ps_csv_block_free(&c->block);
    ps_csv_close(c->csv);
    ps_source_list_free(c->source);
    ps_free(c->column), ps_free(c->name), ps_free(c->field), ps_free(c->shown);
}

/* The apostrophe that keeps a spreadsheet from taking a text for a formula. */
static ps_str without_guard(ps_str text) {
    const bool guarded =
        text.n > 1 && text.p[0] == '\'' && strchr("=+-@\t\r", text.p[1]) != NULL;
    return guarded ? (ps_str){text.p + 1, text.n - 1} : text;
}

static ps_status next_record(copy *c, ps_csv_record *record, bool *more, ps_error *err) {
    ps_csv_shape shape;
    for (;;) {
        *more = c->begun && ps_csv_cursor_next(c->cursor, record, &shape);
        if (*more) return PS_OK;
        if (c->begun) PS_TRY(ps_csv_cursor_status(c->cursor, err));
        PS_TRY(ps_csv_next_block(c->csv, &c->block, err));
        if (c->block.rows == 0) return PS_OK;
        ps_csv_cursor_start(c->cursor, &c->block);
        c->begun = true;
    }
}

static void note_area(copy *c, const ps_csv_record *record) {
    if (record->field[c->area_code].n == 0) return;
    const ps_geographies *all = c->geographies;
    for (size_t g = 0; g < all->n; g++)
        c->shown[g] = c->shown[g] ||
                      ps_str_is(record->field[c->area_type], all->geography[g].spec->id);
}

static ps_status next_row(void *context, ps_field_value *values, bool *more,
                          ps_error *err) {
    copy *c = context;
    ps_csv_record record;
    PS_TRY(next_record(c, &record, more, err));
    if (*more) note_area(c, &record);
    for (size_t i = 0; *more && i < c->n; i++) {
        const ps_str text = record.field[i];
        double number = 0;
        bool missing = text.n == 0;
        if (c->field[i].type == PS_FIELD_REAL && !missing &&
            !ps_cell_number(text, &number, &missing))
            return ps_fail(err, PS_FORMAT, "measures.csv, column %s: '%.*s' is no number",
                           c->name[i], (int)text.n, text.p);
        values[i] = (ps_field_value){
            .null = missing, .text = without_guard(text), .real = number};
    }
    return PS_OK;
}

static ps_status show_on_map(const copy *c, const ps_geography *geo, ps_geopackage *gpkg,
                             ps_error *err) {
    char name[160], description[300];
    const char *id = geo->spec->id,
               *title = geo->spec->title != NULL ? geo->spec->title : id;
    snprintf(name, sizeof name, "%s_%s", table_name, id);
    snprintf(description, sizeof description,
             "Measures by %s; filter by measure and period", title);
    const ps_geopackage_view view = {.name = name,
                                     .description = description,
                                     .layer = id,
                                     .layer_key = "code",
                                     .table = table_name,
                                     .table_key = "area_code",
                                     .where = "area_type",
                                     .is = id,
                                     .fields = c->field,
                                     .n_fields = c->n};
    return ps_geopackage_view_of(gpkg, &view, err);
}

ps_status ps_write_geopackage_measures(const ps_geographies *geographies,
                                       const char *measures, ps_geopackage *gpkg,
                                       ps_error *err) {
    copy c = {.geographies = geographies};
    c.shown = ps_zalloc(geographies->n, sizeof *c.shown);
    ps_status status =
        c.shown != NULL ? open_copy(measures, &c, err) : ps_fail_nomem(err);
    if (status == PS_OK)
        status = ps_geopackage_stream(gpkg, table_name,
                                      "Measures of the plans by area and period", c.field,
                                      c.n, next_row, &c, err);
    for (size_t g = 0; g < geographies->n && status == PS_OK; g++)
        if (c.shown[g] && ps_geography_has_map(&geographies->geography[g]))
            status = show_on_map(&c, &geographies->geography[g], gpkg, err);
    close_copy(&c);
    return status;
}
