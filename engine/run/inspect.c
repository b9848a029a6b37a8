#include "engine/run/inspect.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/csv.h"
#include "engine/core/json.h"
#include "geo/layer.h"
#include "indicators/crime.h"

enum { MOST_COLUMNS = 200, EXAMPLE_BYTES = 40 };

/* What was seen in a column of delimited text. */
typedef struct column_seen {
    int64_t blank;
    int64_t numbers;
    char example[EXAMPLE_BYTES + 1];
} column_seen;

typedef struct text_seen {
    int64_t rows, short_rows, long_rows;
    int64_t first_short, first_long; /* row numbers */
    size_t n_columns;
    column_seen *column;
    /* a police.uk street file */
    bool police;
    int month, category, x, y;
    ps_month first, last;
    int64_t located, bad_month, unknown_category;
    char unknown_example[64];
} text_seen;

static bool is_text(const ps_source *source) {
    static const char *const endings[] = {".csv", ".csv.gz", ".txt", ".tsv", ".gz"};
    if (source->member != NULL) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ps_str_ends_with(ps_str_of(source->path), endings[i])) return true;
    return false;
}

static void see_example(column_seen *c, ps_str text) {
    if (c->example[0] != '\0' || text.n == 0) return;
    size_t n = text.n < EXAMPLE_BYTES ? text.n : EXAMPLE_BYTES;
    while (n > 0 && !ps_utf8_valid((ps_str){text.p, n})) n--; /* never half a character */
    memcpy(c->example, text.p, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)c->example[i] < ' ') c->example[i] = ' ';
    c->example[n] = '\0';
}

static void see_police_row(text_seen *seen, const ps_str *field) {
    ps_date date;
    double x, y;
    if (!ps_parse_date(field[seen->month], PS_DATE_AUTO, &date)) {
        seen->bad_month++;
    } else {
        ps_month month = ps_month_of(date);
        if (seen->first > seen->last) seen->first = seen->last = month;
        if (month < seen->first) seen->first = month;
        if (month > seen->last) seen->last = month;
    }
    seen->located += ps_parse_double(ps_str_trim(field[seen->x]), &x) &&
                     ps_parse_double(ps_str_trim(field[seen->y]), &y);
    ps_str category = ps_str_trim(field[seen->category]);
    if (ps_crime_type_find(category) != NULL) return;
    if (seen->unknown_category++ == 0)
        snprintf(seen->unknown_example, sizeof seen->unknown_example, "%.*s",
                 (int)(category.n < 60 ? category.n : 60), category.p);
}

static void see_row(text_seen *seen, const ps_csv_record *record, ps_csv_shape shape) {
    seen->rows++;
    if (shape == PS_CSV_SHORT && seen->short_rows++ == 0) seen->first_short = record->row;
    if (shape == PS_CSV_LONG && seen->long_rows++ == 0) seen->first_long = record->row;
    for (size_t c = 0; c < seen->n_columns; c++) {
        ps_str text = ps_str_trim(record->field[c]);
        double number;
        seen->column[c].blank += text.n == 0;
        seen->column[c].numbers += ps_parse_double(text, &number);
        see_example(&seen->column[c], text);
    }
    if (seen->police && shape == PS_CSV_EXACT) see_police_row(seen, record->field);
}

static int position(const ps_csv *csv, const char *name) {
    int column = ps_csv_find_column(csv, ps_str_of(name));
    return column < MOST_COLUMNS ? column : -1;
}

static ps_status read_rows(ps_csv *csv, ps_csv_cursor *cursor, text_seen *seen,
                           const ps_talk *talk, int64_t bytes, ps_error *err) {
    ps_csv_block block = {0};
    ps_status status = PS_OK;
    while (status == PS_OK) {
        status = ps_csv_next_block(csv, &block, err);
        if (status != PS_OK || block.rows == 0) break;
        ps_csv_record record;
        ps_csv_shape shape;
        ps_csv_cursor_start(cursor, &block);
        while (ps_csv_cursor_next(cursor, &record, &shape)) see_row(seen, &record, shape);
        status = ps_csv_cursor_status(cursor, err);
        if (status == PS_OK)
            status = ps_progress(talk, "inspecting", (double)ps_csv_position(csv),
                                 (double)bytes, err);
    }
    ps_csv_block_free(&block);
    return status;
}

static ps_status see_text(ps_csv *csv, text_seen *seen, const ps_talk *talk,
                          int64_t bytes, ps_error *err) {
    size_t n = ps_csv_columns(csv);
    seen->n_columns = n < MOST_COLUMNS ? n : MOST_COLUMNS;
    seen->column = ps_zalloc(seen->n_columns, sizeof *seen->column);
    int *columns = ps_alloc(seen->n_columns, sizeof *columns);
    ps_csv_cursor *cursor = NULL;
    ps_status status = PS_OK;
    if (seen->column == NULL || columns == NULL) status = ps_fail_nomem(err);
    for (size_t c = 0; status == PS_OK && c < seen->n_columns; c++) columns[c] = (int)c;
    seen->month = position(csv, "Month");
    seen->category = position(csv, "Crime type");
    seen->x = position(csv, "Longitude");
    seen->y = position(csv, "Latitude");
    seen->police =
        seen->month >= 0 && seen->category >= 0 && seen->x >= 0 && seen->y >= 0;
    seen->first = 1, seen->last = 0;
    if (status == PS_OK)
        status = ps_csv_cursor_create(csv, columns, seen->n_columns, &cursor, err);
    if (status == PS_OK) status = read_rows(csv, cursor, seen, talk, bytes, err);
    ps_csv_cursor_free(cursor);
    ps_free(columns);
    return status;
}

static const char *delimiter_name(char delimiter) {
    switch (delimiter) {
        case ',':
            return "comma";
        case ';':
            return "semicolon";
        case '\t':
            return "tab";
        case '|':
            return "bar";
        default:
            return "other";
    }
}

/* Everything that placestat would count or warn about. */
static void tell_problem(ps_output *out, const char *what, int64_t rows) {
    ps_output_printf(out, "  problem: %s: %lld row%s", what, (long long)rows,
                     rows == 1 ? "" : "s");
}

static void tell_problems(const ps_source *source, const text_seen *s, ps_output *out) {
    if (s->short_rows > 0) {
        tell_problem(out, "too few fields", s->short_rows);
        ps_output_printf(out, " (first: row %s)\n",
                         ps_csv_row_text(source, (ps_header){0}, s->first_short).text);
    }
    if (s->long_rows > 0) {
        tell_problem(out, "too many fields", s->long_rows);
        ps_output_printf(out, " (first: row %s)\n",
                         ps_csv_row_text(source, (ps_header){0}, s->first_long).text);
    }
    if (!s->police) return;
    if (s->rows > s->located) {
        tell_problem(out, "no coordinates", s->rows - s->located);
        ps_output_printf(out, " (%.2f %%)\n",
                         100.0 * (double)(s->rows - s->located) / (double)s->rows);
    }
    if (s->bad_month > 0) {
        tell_problem(out, "month cannot be read", s->bad_month);
        ps_output_text(out, "\n");
    }
    if (s->unknown_category > 0) {
        tell_problem(out, "unknown crime type", s->unknown_category);
        ps_output_printf(out, " (first: %s)\n", s->unknown_example);
    }
}

static void tell_text(const ps_source *source, const ps_csv *csv, const text_seen *s,
                      ps_output *out) {
    char first[16], last[16];
    ps_output_printf(
        out, "%s\n  delimited text, %s, delimiter %s, %zu columns, %lld rows\n",
        source->name, ps_csv_encoding(csv), delimiter_name(ps_csv_delimiter(csv)),
        ps_csv_columns(csv), (long long)s->rows);
    if (s->police && s->first <= s->last) {
        ps_month_text(s->first, first);
        ps_month_text(s->last, last);
        ps_output_printf(
            out, "  police.uk street file, %s to %s, %lld rows with coordinates\n", first,
            last, (long long)s->located);
    }
    for (size_t c = 0; c < s->n_columns; c++) {
        ps_str name = ps_csv_column_name(csv, c);
        ps_output_printf(out, "  column %zu: %.*s", c + 1, (int)name.n, name.p);
        if (s->column[c].blank == s->rows)
            ps_output_text(out, " (always blank)");
        else if (s->column[c].blank > 0)
            ps_output_printf(out, " (%lld blank)", (long long)s->column[c].blank);
        if (s->column[c].numbers > 0 &&
            s->column[c].numbers + s->column[c].blank == s->rows)
            ps_output_text(out, ", numbers");
        if (s->column[c].example[0] != '\0')
            ps_output_printf(out, ", e.g. %s", s->column[c].example);
        ps_output_text(out, "\n");
    }
    if (s->n_columns < ps_csv_columns(csv))
        ps_output_printf(out, "  and %zu more columns\n",
                         ps_csv_columns(csv) - s->n_columns);
    tell_problems(source, s, out);
}

static void json_text(const ps_source *source, const ps_csv *csv, const text_seen *s,
                      ps_json *json) {
    ps_json_object(json);
    ps_json_member_text(json, "name", source->name);
    ps_json_member_text(json, "kind", "delimited text");
    ps_json_member_text(json, "encoding", ps_csv_encoding(csv));
    ps_json_member_text(json, "delimiter", delimiter_name(ps_csv_delimiter(csv)));
    ps_json_member_int(json, "rows", s->rows);
    ps_json_member_int(json, "rows_with_too_few_fields", s->short_rows);
    ps_json_member_int(json, "rows_with_too_many_fields", s->long_rows);
    if (s->police) {
        char month[16] = "";
        ps_json_key(json, "police_uk");
        ps_json_object(json);
        if (s->first <= s->last) ps_month_text(s->first, month);
        ps_json_member_text(json, "first_month", month);
        if (s->first <= s->last) ps_month_text(s->last, month);
        ps_json_member_text(json, "last_month", month);
        ps_json_member_int(json, "with_coordinates", s->located);
        ps_json_member_int(json, "bad_months", s->bad_month);
        ps_json_member_int(json, "unknown_crime_types", s->unknown_category);
        ps_json_end_object(json);
    }
    ps_json_key(json, "columns");
    ps_json_array(json);
    for (size_t c = 0; c < s->n_columns; c++) {
        ps_json_object(json);
        ps_json_key(json, "name");
        ps_json_str(json, ps_csv_column_name(csv, c));
        ps_json_member_int(json, "blank", s->column[c].blank);
        ps_json_member_int(json, "numbers", s->column[c].numbers);
        ps_json_member_text(json, "example", s->column[c].example);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
    ps_json_end_object(json);
}

static ps_status inspect_text(const ps_source *source, ps_json *json, const ps_talk *talk,
                              ps_output *out, ps_error *err) {
    ps_stream *stream = NULL;
    ps_csv *csv = NULL;
    text_seen seen = {0};
    PS_TRY(ps_stream_open(source, &stream, err));
    ps_csv_options options = {.name = source->name, .talk = talk};
    PS_TRY(ps_csv_open(stream, &options, &csv, err));
    ps_status status = see_text(csv, &seen, talk, source->bytes, err);
    if (status == PS_OK && json != NULL) json_text(source, csv, &seen, json);
    if (status == PS_OK && json == NULL) tell_text(source, csv, &seen, out);
    ps_free(seen.column);
    ps_csv_close(csv);
    return status;
}

static void tell_layers(const char *name, const ps_layer_listing *listing,
                        ps_output *out) {
    bool book =
        strcmp(listing->driver, "XLSX") == 0 || strcmp(listing->driver, "ODS") == 0;
    const char *part = book ? "sheet" : "layer";
    ps_output_printf(out, "%s\n  %s, %zu %s%s\n", name, listing->driver, listing->n, part,
                     listing->n == 1 ? "" : "s");
    for (size_t i = 0; i < listing->n; i++) {
        const ps_layer_info *l = &listing->layer[i];
        ps_output_printf(out, "  %s %s: %lld %s", part, l->name, (long long)l->features,
                         l->geometry[0] != '\0' ? "features" : "rows");
        if (l->geometry[0] != '\0')
            ps_output_printf(out, ", %s, %s", l->geometry,
                             l->crs[0] != '\0' ? l->crs : "no CRS");
        else if (!book)
            ps_output_text(out, ", no geometry");
        ps_output_text(out, "\n");
        if (l->has_box)
            ps_output_printf(out, "    x %.9g to %.9g, y %.9g to %.9g\n", l->box[0],
                             l->box[2], l->box[1], l->box[3]);
        for (size_t f = 0; f < l->n_fields; f++)
            ps_output_printf(out, "    field %s: %s\n", l->field[f].name,
                             l->field[f].type);
        if (l->geometry[0] != '\0' && l->crs[0] == '\0')
            ps_output_text(out,
                           "    problem: no CRS; placestat needs one from you (crs)\n");
    }
}

static void json_layers(const char *name, const ps_layer_listing *listing,
                        ps_json *json) {
    ps_json_object(json);
    ps_json_member_text(json, "name", name);
    ps_json_member_text(json, "kind", listing->driver);
    ps_json_key(json, "layers");
    ps_json_array(json);
    for (size_t i = 0; i < listing->n; i++) {
        const ps_layer_info *l = &listing->layer[i];
        ps_json_object(json);
        ps_json_member_text(json, "name", l->name);
        ps_json_member_text(json, "geometry", l->geometry);
        ps_json_member_text(json, "crs", l->crs);
        ps_json_member_int(json, "features", l->features);
        if (l->has_box) {
            ps_json_key(json, "box");
            ps_json_array(json);
            for (int k = 0; k < 4; k++) ps_json_real(json, l->box[k]);
            ps_json_end_array(json);
        }
        ps_json_key(json, "fields");
        ps_json_array(json);
        for (size_t f = 0; f < l->n_fields; f++) {
            ps_json_object(json);
            ps_json_member_text(json, "name", l->field[f].name);
            ps_json_member_text(json, "type", l->field[f].type);
            ps_json_end_object(json);
        }
        ps_json_end_array(json);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
    ps_json_end_object(json);
}

static ps_status inspect_layers(const char *name, ps_json *json, ps_output *out,
                                ps_error *err) {
    ps_layer_listing *listing = NULL;
    PS_TRY(ps_layer_list(name, NULL, &listing, err));
    if (json != NULL)
        json_layers(name, listing, json);
    else
        tell_layers(name, listing, out);
    ps_layer_listing_free(listing);
    return PS_OK;
}

/* One name may be a spatial file, or stand for several delimited ones. */
static ps_status inspect_name(const char *name, ps_json *json, const ps_talk *talk,
                              ps_output *out, ps_error *err) {
    static const char *const suffixes[] = {".csv", ".csv.gz", NULL};
    const char *pattern[] = {name};
    ps_source_list *list = NULL;
    ps_error no_text = {PS_OK, ""};
    ps_status status = ps_source_list_open(pattern, 1, NULL, suffixes, &list, &no_text);
    if (status != PS_OK) {
        /* A folder or archive without delimited text may still be a layer. */
        bool maybe_layer = status == PS_INPUT && strpbrk(name, "*?[") == NULL;
        if (maybe_layer && inspect_layers(name, json, out, err) == PS_OK) return PS_OK;
        if (err != NULL) *err = no_text;
        return status;
    }
    for (size_t i = 0; i < ps_source_list_size(list) && status == PS_OK; i++) {
        const ps_source *source = ps_source_list_get(list, i);
        status = is_text(source) ? inspect_text(source, json, talk, out, err)
                                 : inspect_layers(source->path, json, out, err);
    }
    ps_source_list_free(list);
    return status;
}

ps_status ps_inspect(const char *const *paths, size_t n, bool json, const ps_talk *talk,
                     ps_output *out, ps_error *err) {
    ps_json document = ps_json_begin(out);
    ps_status first = PS_OK;
    if (json) ps_json_array(&document);
    for (size_t i = 0; i < n; i++) {
        ps_error why = {PS_OK, ""};
        ps_status status =
            inspect_name(paths[i], json ? &document : NULL, talk, out, &why);
        if (status == PS_OK) continue;
        if (first == PS_OK) {
            first = status;
            if (err != NULL) *err = why;
        } else {
            ps_say(talk, PS_TALK_WARNING, "%s", why.text);
        }
        if (status == PS_INTERRUPTED || status == PS_NOMEM) break;
    }
    if (json) ps_json_end_array(&document);
    return first;
}
