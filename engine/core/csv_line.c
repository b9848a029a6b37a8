#include "engine/core/csv_line.h"

#include <stdio.h>

enum { CHUNK = 1 << 16 };

/* Walks through a text by the form of csv.h: what counts as a record and where it
 * begins. */
typedef struct walk {
    char delimiter;
    int64_t left; /* records that begin before the wanted one */
    int64_t line;
    char before; /* the last byte, a line end at the start */
    bool quoted;
    bool closed; /* the last byte closed a quote */
} walk;

static bool is_end(char c) {
    return c == '\n' || c == '\r';
}

/* Does the wanted record begin with this byte? */
static bool step(walk *w, char c) {
    const bool at_start = !w->quoted && is_end(w->before);
    if (at_start && !is_end(c) && w->left-- == 0) return true;
    const bool opens = is_end(w->before) || w->before == w->delimiter || w->closed;
    w->closed = w->quoted && c == '"';
    if (c == '"') w->quoted = !w->quoted && opens;
    w->line += c == '\r' || (c == '\n' && w->before != '\r');
    w->before = c;
    return false;
}

static int64_t walk_to(ps_stream *stream, walk *w, char *buffer) {
    ps_error ignored;
    size_t n;
    bool first = true;
    while (ps_stream_read(stream, buffer, CHUNK, &n, &ignored) == PS_OK && n > 0) {
        const bool mark = first && n >= 3 && memcmp(buffer, "\xEF\xBB\xBF", 3) == 0;
        for (size_t i = mark ? 3 : 0; i < n; i++)
            if (step(w, buffer[i])) return w->line;
        first = false;
    }
    return 0;
}

/* 0 when it cannot be told. */
static int64_t find_line(const ps_source *source, ps_header header, int64_t row) {
    ps_error ignored;
    ps_stream *stream = NULL;
    ps_csv *csv = NULL;
    if (source->bytes > PS_CSV_LINE_BYTES || source->unpacked > PS_CSV_LINE_BYTES)
        return 0;
    const ps_csv_options options = {.header = header};
    if (ps_stream_open(source, &stream, &ignored) != PS_OK ||
        ps_csv_open(stream, &options, &csv, &ignored) != PS_OK)
        return 0;
    const int64_t names =
        (header.row > 0 ? header.row : 1) - 1 + (header.rows > 0 ? header.rows : 1);
    walk w = {.delimiter = ps_csv_delimiter(csv),
              .left = names + row - 1,
              .line = 1,
              .before = '\n'};
    ps_csv_close(csv);
    char *buffer = ps_alloc(CHUNK, 1);
    int64_t line = 0;
    if (buffer != NULL && ps_stream_open(source, &stream, &ignored) == PS_OK) {
        line = walk_to(stream, &w, buffer);
        ps_stream_close(stream);
    }
    ps_free(buffer);
    return line;
}

ps_row_text ps_csv_row_text(const ps_source *source, ps_header header, int64_t row) {
    ps_row_text out;
    const int64_t line = find_line(source, header, row);
    if (line > 0 && line != row)
        snprintf(out.text, sizeof out.text, "%lld, line %lld", (long long)row,
                 (long long)line);
    else
        snprintf(out.text, sizeof out.text, "%lld", (long long)row);
    return out;
}

ps_row_text ps_csv_row_text_of(const char *path, const char *base, ps_header header,
                               int64_t row) {
    static const char *const suffixes[] = {".csv", ".csv.gz", ".tsv", ".tsv.gz",
                                           ".txt", ".txt.gz", NULL};
    ps_error ignored;
    ps_source_list *list = NULL;
    ps_row_text out;
    snprintf(out.text, sizeof out.text, "%lld", (long long)row);
    if (ps_source_list_open(&path, 1, base, suffixes, &list, &ignored) == PS_OK &&
        ps_source_list_size(list) == 1)
        out = ps_csv_row_text(ps_source_list_get(list, 0), header, row);
    ps_source_list_free(list);
    return out;
}
