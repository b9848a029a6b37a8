/* A text whose parts can be read on their own (a plain file, bytes in memory) is cut into
 * pieces of equal size. Fetching a piece reads a little more than it and guesses that its
 * first record begins behind the first line end, which holds unless that line end is
 * quoted; so the structure of many pieces is found side by side. Taking the pieces in
 * order settles it: each record belongs to the piece in which it begins, the place where
 * the last one ends is where the next piece has to begin, and a piece that guessed wrong
 * is scanned anew. A stream (packed files) is read and scanned while it is taken.
 *
 * A block then holds whole records and the lists of csv_scan.h over them. The cursor goes
 * from record to record by those lists and looks only at the bytes of fields that are
 * wanted. Every buffer has PAD readable bytes behind its end for the last window.
 */
#include "engine/core/csv.h"

#include <stdio.h>
#include <string.h>

enum {
    PAD = PS_SCAN_WINDOW,
    HEAD_BYTES = 1 << 16, /* read first, to see what the file is */
    BEYOND = 4096,        /* bytes that a piece reads of the next, for its last record */
    MAX_BLOCK = 128 << 20,
    SHOWN = 60 /* bytes of a name or value in a message */
};

struct ps_csv {
    ps_stream *stream;
    bool stream_ended;
    char *name;
    const ps_talk *talk;
    char delimiter;
    bool bom, windows;
    char windows_from[48];
    size_t block_bytes;
    ps_arena *arena;
    ps_str *names;
    size_t columns;
    size_t needed; /* columns up to the last with a name */
    /* Bytes read and not yet handed out. */
    char *pending;
    size_t pending_at, pending_n, pending_capacity;
    int64_t pending_offset; /* of pending in the text */
    int64_t next_row;
    /* Of a text that is read in pieces. */
    int64_t data_at, size; /* behind the header; of the text */
    size_t pieces;
    size_t next_piece;
    int64_t position; /* where the next record begins */
};

static bool is_end(char c) {
    return c == '\n' || c == '\r';
}

/* ---- what kind of bytes these are ---- */

static bool begins(ps_str text, const char *with) {
    for (size_t i = 0; with[i] != '\0'; i++) {
        if (i >= text.n) return false;
        char c = text.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != with[i]) return false;
    }
    return true;
}

/* What the first bytes of a file look like when they are no table, else NULL. */
static const char *looks_like(ps_str head) {
    if (begins(head, "\xFF\xFE") || begins(head, "\xFE\xFF"))
        return "UTF-16 text; save it as \"CSV UTF-8\"";
    if (begins(head, "pk\x03\x04"))
        return "a ZIP archive or a workbook; name it with its own ending, or save the "
               "sheet "
               "as CSV";
    if (begins(head, "\x1F\x8B")) return "gzip inside gzip; unpack it once";
    if (begins(head, "\xD0\xCF\x11\xE0"))
        return "an old Excel workbook; save the sheet as CSV";
    if (begins(head, "%pdf-")) return "a PDF document; fetch the table itself";
    if (begins(head, "sqlite format 3")) return "a GeoPackage or SQLite database";
    while (head.n > 0 && (*head.p == ' ' || *head.p == '\t' || is_end(*head.p)))
        head.p++, head.n--;
    if (begins(head, "<!doctype html") || begins(head, "<html") ||
        begins(head, "<head") || begins(head, "<script") || begins(head, "<body"))
        return "an HTML page; the download probably failed, so fetch the file again";
    if (begins(head, "<?xml") || begins(head, "<!doctype"))
        return "an XML document; fetch the table as CSV";
    if (head.n > 1 && *head.p == '{') {
        size_t i = 1;
        while (i < head.n && (head.p[i] == ' ' || is_end(head.p[i]))) i++;
        if (i < head.n && head.p[i] == '"')
            return "JSON; fetch the table as CSV, or name it as a layer";
    }
    if (head.n > 0 && memchr(head.p, '\0', head.n) != NULL)
        return "binary data or UTF-16 text (it holds NUL bytes); save it as \"CSV "
               "UTF-8\"";
    return NULL;
}

/* The position of the first byte that is no part of valid UTF-8; n when all is. A
 * character lies within one run of bytes above 0x7F. */
static size_t utf8_prefix(const char *b, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= sizeof word) {
            memcpy(&word, b + i, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t from = i;
        while (i < n && ((unsigned char)b[i] & 0x80) != 0) i++;
        if (i > from && !ps_utf8_valid((ps_str){b + from, i - from})) return from;
        if (i == from) i++;
    }
    return n;
}

/* ---- fields ---- */

/* A delimiter of 0 stands for any that the header is searched for. */
static bool opens_after(char before, char delimiter) {
    if (is_end(before)) return true;
    if (delimiter != '\0') return before == delimiter;
    return before == ',' || before == ';' || before == '\t' || before == '|';
}

static bool is_ascii(ps_str text) {
    for (size_t i = 0; i < text.n; i++) {
        if (((unsigned char)text.p[i] & 0x80) != 0) return false;
    }
    return true;
}

/* A quoted field without its quotes, as [*from, *to), and what stands between the closing
 * quote and the separator, as [*tail, end). */
static bool split_quoted(const char *b, size_t start, size_t end, size_t *from,
                         size_t *to, size_t *tail) {
    bool doubled = false;
    *from = start + 1;
    for (size_t at = *from;;) {
        const char *found = at < end ? memchr(b + at, '"', end - at) : NULL;
        if (found == NULL) {
            *to = *tail = end;
            return doubled;
        }
        *to = (size_t)(found - b);
        *tail = *to + 1;
        if (*tail >= end || b[*tail] != '"') return doubled;
        doubled = true;
        at = *tail + 1;
    }
}

/* The text of the field [start, end) as UTF-8; a view when nothing has to change. */
static ps_status field_text(const char *b, size_t start, size_t end, bool windows,
                            ps_arena *scratch, ps_str *out, ps_error *err) {
    ps_str text = {b + start, end - start};
    if (start < end && b[start] == '"') {
        size_t from, to, tail;
        bool doubled = split_quoted(b, start, end, &from, &to, &tail);
        text = (ps_str){b + from, to - from};
        if (doubled || tail != end) {
            char *joined = ps_arena_alloc(scratch, end - start + 1);
            if (joined == NULL) return ps_fail_nomem(err);
            size_t n = 0;
            for (size_t i = from; i < to; i++) {
                joined[n++] = b[i];
                if (b[i] == '"') i++;
            }
            memcpy(joined + n, b + tail, end - tail);
            text = (ps_str){joined, n + (end - tail)};
        }
    }
    if (windows && !is_ascii(text)) return ps_utf8_from_cp1252(text, scratch, out, err);
    *out = text;
    return PS_OK;
}

static bool is_empty_field(const char *b, size_t start, size_t end) {
    return start == end || (end - start == 2 && b[start] == '"' && b[start + 1] == '"');
}

/* ---- opening ---- */

static ps_status read_pending(ps_csv *csv, size_t target, ps_error *err) {
    void *array = csv->pending;
    ps_status status = ps_grow(&array, &csv->pending_capacity, target + PAD, 1, err);
    csv->pending = array;
    if (status != PS_OK) return status;
    while (csv->pending_n < target && !csv->stream_ended) {
        size_t got;
        PS_TRY(ps_stream_read(csv->stream, csv->pending + csv->pending_n,
                              target - csv->pending_n, &got, err));
        csv->pending_n += got;
        csv->stream_ended = got == 0;
    }
    memset(csv->pending + csv->pending_n, 0, PAD);
    return PS_OK;
}

/* The record that begins at or after *from, which moves over empty lines; false when its
 * end is not among the bytes, and then *quoted says whether a quote is open. For the few
 * records up to the header, whose delimiter may not be known yet. */
static bool find_record(const char *b, size_t *from, size_t n, char delimiter,
                        size_t *end, bool *quoted) {
    while (*from < n && is_end(b[*from])) (*from)++;
    size_t after_close = n;
    *quoted = false;
    for (size_t i = *from; i < n; i++) {
        if (b[i] == '"') {
            if (*quoted) {
                *quoted = false;
                after_close = i + 1;
            } else {
                *quoted =
                    i == *from || i == after_close || opens_after(b[i - 1], delimiter);
            }
        } else if (!*quoted && is_end(b[i])) {
            *end = i;
            return true;
        }
    }
    *end = n;
    return false;
}

/* Bring the header record into pending; [*from, *end) of it. */
static ps_status find_header(ps_csv *csv, char delimiter, int64_t header_row,
                             size_t *from, size_t *end, ps_error *err) {
    *from = csv->pending_at;
    for (int64_t record = 1;; record++) {
        bool quoted;
        while (
            !find_record(csv->pending, from, csv->pending_n, delimiter, end, &quoted)) {
            if (csv->stream_ended) break;
            if (csv->pending_n - *from > PS_CSV_MAX_RECORD)
                return ps_fail(
                    err, PS_FORMAT,
                    "%s: record %lld is longer than %d bytes; a quote in it is "
                    "probably never closed",
                    csv->name, (long long)record, (int)PS_CSV_MAX_RECORD);
            /* What was skipped need not be kept. */
            memmove(csv->pending, csv->pending + *from, csv->pending_n - *from);
            csv->pending_n -= *from;
            csv->pending_offset += (int64_t)*from;
            *from = 0;
            size_t more = csv->pending_n > HEAD_BYTES ? csv->pending_n : HEAD_BYTES;
            PS_TRY(read_pending(csv, csv->pending_n + more, err));
        }
        if (*end == *from && record == 1)
            return ps_fail(err, PS_FORMAT,
                           "%s is empty; a table begins with a row of column names",
                           csv->name);
        if (*end == *from)
            return ps_fail(
                err, PS_CONFIG,
                "%s has only %lld records, but its header is said to be record "
                "%lld",
                csv->name, (long long)record - 1, (long long)header_row);
        if (quoted && *end == csv->pending_n)
            return ps_fail(
                err, PS_FORMAT,
                "%s: a quote that opens in record %lld is never closed; the file "
                "is cut off or the quote is a stray one",
                csv->name, (long long)record);
        if (record == header_row) return PS_OK;
        *from = *end;
    }
}

static char likely_delimiter(const char *b, size_t from, size_t end) {
    static const char candidates[] = ",;\t|";
    size_t count[4] = {0};
    bool quoted = false;
    size_t after_close = end;
    for (size_t i = from; i < end; i++) {
        if (b[i] == '"') {
            bool opens = i == from || i == after_close || opens_after(b[i - 1], '\0');
            if (quoted) after_close = i + 1;
            quoted = !quoted && opens;
            continue;
        }
        const char *found = quoted ? NULL : strchr(candidates, b[i]);
        if (found != NULL && *found != '\0') count[found - candidates]++;
    }
    size_t best = 0;
    for (size_t i = 1; i < 4; i++) {
        if (count[i] > count[best]) best = i;
    }
    return candidates[best];
}

void ps_csv_tell_windows(const ps_talk *talk, const char *name, const char *where) {
    ps_say(
        talk, PS_TALK_WARNING,
        "%s is not valid UTF-8 (first in %s); from there on it is read as Windows-1252",
        name, where);
}

static void fall_back(ps_csv *csv, const char *where) {
    csv->windows = true;
    snprintf(csv->windows_from, sizeof csv->windows_from, "%s", where);
    if (csv->talk != NULL) ps_csv_tell_windows(csv->talk, csv->name, where);
}

static ps_status add_name(ps_csv *csv, const char *b, size_t start, size_t end,
                          size_t *capacity, ps_error *err) {
    if (csv->columns >= PS_CSV_MAX_COLUMNS)
        return ps_fail(err, PS_LIMIT, "%s has more than %d columns", csv->name,
                       (int)PS_CSV_MAX_COLUMNS);
    ps_str text;
    PS_TRY(field_text(b, start, end, csv->windows, csv->arena, &text, err));
    text = ps_str_trim(text);
    char *copy = ps_arena_strndup(csv->arena, text.p, text.n);
    if (copy == NULL) return ps_fail_nomem(err);
    void *array = csv->names;
    ps_status status =
        ps_grow(&array, capacity, csv->columns + 1, sizeof *csv->names, err);
    csv->names = array;
    if (status != PS_OK) return status;
    csv->names[csv->columns++] = (ps_str){copy, text.n};
    if (text.n > 0) csv->needed = csv->columns;
    return PS_OK;
}

static ps_status read_names(ps_csv *csv, ps_str header, ps_error *err) {
    if (memchr(header.p, '\0', header.n) != NULL)
        return ps_fail(err, PS_FORMAT,
                       "%s: the header holds NUL bytes, so it is not text", csv->name);
    if (utf8_prefix(header.p, header.n) < header.n) fall_back(csv, "the header");
    char *copy = ps_zalloc(header.n + PAD, 1);
    if (copy == NULL) return ps_fail_nomem(err);
    memcpy(copy, header.p, header.n);
    ps_csv_scan scan = {0};
    ps_status status = ps_csv_scan_bytes(&scan, copy, 0, header.n, csv->delimiter, err);
    size_t capacity = 0, start = 0;
    for (size_t i = 0; status == PS_OK && i < scan.separators; i++) {
        status = add_name(csv, copy, start, scan.separator[i], &capacity, err);
        start = scan.separator[i] + 1;
    }
    ps_csv_scan_free(&scan);
    ps_free(copy);
    return status;
}

static const ps_str no_text = {"", 0};

/* "above / name"; one of them when the other is empty or the same. */
static ps_status join_names(ps_str above, ps_str name, ps_arena *arena, ps_str *out,
                            ps_error *err) {
    static const char between[] = " / ";
    const size_t gap = sizeof between - 1;
    *out = name.n > 0 ? name : above;
    if (above.n == 0 || name.n == 0 || ps_str_eq(above, name)) return PS_OK;
    char *text = ps_arena_alloc(arena, above.n + gap + name.n);
    if (text == NULL) return ps_fail_nomem(err);
    memcpy(text, above.p, above.n);
    memcpy(text + above.n, between, gap);
    memcpy(text + above.n + gap, name.p, name.n);
    *out = (ps_str){text, above.n + gap + name.n};
    return PS_OK;
}

ps_status ps_names_join(const ps_str *const *row, size_t rows, size_t n, ps_arena *arena,
                        ps_str *names, ps_error *err) {
    for (size_t c = 0; c < n; c++) names[c] = no_text;
    for (size_t r = 0; r < rows; r++) {
        ps_str left = no_text;
        for (size_t c = 0; c < n; c++) {
            ps_str part = row[r][c];
            if (r + 1 < rows && part.n == 0) part = left;
            left = part;
            PS_TRY(join_names(names[c], part, arena, &names[c], err));
        }
    }
    return PS_OK;
}

/* The rows of names of a header, joined; *end is the end of the last. */
typedef struct header_rows {
    ps_str *name[PS_HEADER_ROWS];
    size_t n[PS_HEADER_ROWS];
} header_rows;

static ps_status join_rows(ps_csv *csv, header_rows *h, size_t rows, ps_error *err) {
    size_t n = 0;
    for (size_t r = 0; r < rows; r++) n = h->n[r] > n ? h->n[r] : n;
    for (size_t r = 0; r < rows; r++) {
        size_t capacity = h->n[r];
        PS_TRY(ps_grow((void **)&h->name[r], &capacity, n, sizeof **h->name, err));
        for (size_t c = h->n[r]; c < n; c++) h->name[r][c] = no_text;
    }
    csv->names = ps_alloc(n, sizeof *csv->names);
    if (csv->names == NULL) return ps_fail_nomem(err);
    csv->columns = n;
    PS_TRY(ps_names_join((const ps_str *const *)h->name, rows, n, csv->arena, csv->names,
                         err));
    csv->needed = 0;
    for (size_t c = 0; c < n; c++)
        if (csv->names[c].n > 0) csv->needed = c + 1;
    return PS_OK;
}

static ps_status read_header_rows(ps_csv *csv, const ps_csv_options *options,
                                  header_rows *h, size_t rows, size_t *end,
                                  ps_error *err) {
    size_t from;
    for (size_t r = 0; r < rows; r++) {
        const int64_t first = options->header.row > 0 ? options->header.row : 1;
        PS_TRY(find_header(csv, options->delimiter, r == 0 ? first : 1, &from, end, err));
        if (r == 0)
            csv->delimiter = options->delimiter != '\0'
                                 ? options->delimiter
                                 : likely_delimiter(csv->pending, from, *end);
        csv->pending_at = *end;
        const ps_status status =
            read_names(csv, (ps_str){csv->pending + from, *end - from}, err);
        h->name[r] = csv->names;
        h->n[r] = csv->columns;
        csv->names = NULL;
        csv->columns = 0;
        PS_TRY(status);
    }
    return PS_OK;
}

static ps_status read_header(ps_csv *csv, const ps_csv_options *options, size_t *end,
                             ps_error *err) {
    header_rows h = {.n = {0}};
    const size_t rows = options->header.rows > 0 ? (size_t)options->header.rows : 1;
    ps_status status = read_header_rows(csv, options, &h, rows, end, err);
    if (status == PS_OK && rows == 1) {
        csv->names = h.name[0];
        csv->columns = h.n[0];
        return PS_OK;
    }
    if (status == PS_OK) status = join_rows(csv, &h, rows, err);
    for (size_t r = 0; r < rows; r++) ps_free(h.name[r]);
    return status;
}

static ps_status open_table(ps_csv *csv, const ps_csv_options *options, ps_error *err) {
    char d = options->delimiter;
    if (d == '"' || is_end(d) || ((unsigned char)d & 0x80) != 0)
        return ps_fail(err, PS_CONFIG,
                       "%s: a delimiter is one plain character other than a quote and a "
                       "line end",
                       csv->name);
    if (options->header.row < 0)
        return ps_fail(err, PS_CONFIG, "%s: the header row %lld has to be 1 or more",
                       csv->name, (long long)options->header.row);
    if (options->header.rows < 0 || options->header.rows > PS_HEADER_ROWS)
        return ps_fail(err, PS_CONFIG, "%s: a header has 1 to %d rows, not %lld",
                       csv->name, PS_HEADER_ROWS, (long long)options->header.rows);
    PS_TRY(ps_arena_create(&csv->arena, err));
    PS_TRY(read_pending(csv, HEAD_BYTES, err));
    if (begins((ps_str){csv->pending, csv->pending_n}, "\xEF\xBB\xBF")) {
        csv->bom = true;
        csv->pending_at = 3;
    }
    const char *other = looks_like(
        (ps_str){csv->pending + csv->pending_at, csv->pending_n - csv->pending_at});
    if (other != NULL)
        return ps_fail(err, PS_FORMAT, "%s is not a table: it looks like %s", csv->name,
                       other);
    size_t end;
    PS_TRY(read_header(csv, options, &end, err));
    if (ps_stream_is_seekable(csv->stream)) {
        csv->data_at = csv->pending_offset + (int64_t)end;
        csv->size = ps_stream_size(csv->stream);
        if (csv->size < csv->data_at) csv->size = csv->data_at;
        csv->position = csv->data_at;
        const int64_t block = (int64_t)csv->block_bytes;
        csv->pieces = (size_t)((csv->size - csv->data_at + block - 1) / block);
    }
    if (csv->pieces == 0) return PS_OK;
    /* What was read with the header is read again with its piece. */
    ps_free(csv->pending);
    csv->pending = NULL;
    csv->pending_at = csv->pending_n = csv->pending_capacity = 0;
    return PS_OK;
}

ps_status ps_csv_open(ps_stream *stream, const ps_csv_options *options, ps_csv **out,
                      ps_error *err) {
    *out = NULL;
    ps_csv *csv = ps_zalloc(1, sizeof *csv);
    if (csv == NULL) {
        ps_stream_close(stream);
        return ps_fail_nomem(err);
    }
    const char *name = options->name != NULL ? options->name : "the input";
    csv->stream = stream;
    csv->talk = options->talk;
    csv->block_bytes =
        options->block_bytes > 0 ? options->block_bytes : PS_CSV_BLOCK_BYTES;
    if (csv->block_bytes > MAX_BLOCK) csv->block_bytes = MAX_BLOCK;
    csv->next_row = 1;
    csv->name = ps_strndup(name, strlen(name));
    ps_status status =
        csv->name != NULL ? open_table(csv, options, err) : ps_fail_nomem(err);
    if (status != PS_OK) {
        ps_csv_close(csv);
        return status;
    }
    *out = csv;
    return PS_OK;
}

void ps_csv_close(ps_csv *csv) {
    if (csv == NULL) return;
    ps_stream_close(csv->stream);
    ps_arena_free(csv->arena);
    ps_free(csv->names);
    ps_free(csv->pending);
    ps_free(csv->name);
    ps_free(csv);
}

size_t ps_csv_columns(const ps_csv *csv) {
    return csv->columns;
}

ps_str ps_csv_column_name(const ps_csv *csv, size_t column) {
    return column < csv->columns ? csv->names[column] : (ps_str){"", 0};
}

const char *ps_csv_encoding(const ps_csv *csv) {
    if (csv->windows) return "Windows-1252";
    return csv->bom ? "UTF-8 with BOM" : "UTF-8";
}

const char *ps_csv_windows_from(const ps_csv *csv) {
    return csv->windows ? csv->windows_from : NULL;
}

char ps_csv_delimiter(const ps_csv *csv) {
    return csv->delimiter;
}

int64_t ps_csv_position(const ps_csv *csv) {
    return csv->pieces > 0 ? csv->position : ps_stream_position(csv->stream);
}

/* ---- columns by name ---- */

static bool is_space(char c) {
    return c == ' ' || c == '\t' || is_end(c);
}

/* The next character of a name as it is compared: lower case, one blank for any run of
 * white space; -1 at the end. */
static int next_folded(ps_str *rest) {
    if (rest->n == 0) return -1;
    char c = *rest->p;
    if (is_space(c)) {
        while (rest->n > 0 && is_space(*rest->p)) rest->p++, rest->n--;
        return ' ';
    }
    rest->p++;
    rest->n--;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static bool same_folded(ps_str a, ps_str b) {
    a = ps_str_trim(a);
    b = ps_str_trim(b);
    for (;;) {
        int x = next_folded(&a), y = next_folded(&b);
        if (x != y) return false;
        if (x < 0) return true;
    }
}

int ps_names_find(const ps_str *names, size_t n, ps_str name) {
    int exact = -1, folded = -1;
    for (size_t i = 0; i < n; i++) {
        if (ps_str_eq(names[i], name)) exact = exact == -1 ? (int)i : -2;
        if (same_folded(names[i], name)) folded = folded == -1 ? (int)i : -2;
    }
    return exact != -1 ? exact : folded;
}

/* The name nearest to the one asked for, or -1. */
static ps_status nearest_name(const ps_str *names, size_t n, ps_str name, int *out,
                              ps_error *err) {
    *out = -1;
    ps_arena *arena;
    PS_TRY(ps_arena_create(&arena, err));
    const char **texts = ps_alloc(n, sizeof *texts);
    ps_status status = texts != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        texts[i] = ps_arena_strndup(arena, names[i].p, names[i].n);
        if (texts[i] == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) *out = ps_nearest(name, texts, n);
    ps_free(texts);
    ps_arena_free(arena);
    return status;
}

static int shown(ps_str text) {
    return text.n < SHOWN ? (int)text.n : SHOWN;
}

/* "A, B, C, ..." */
static void list_names(const ps_str *names, size_t n, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t length = (size_t)shown(names[i]);
        if (at + length + 8 > size) {
            memcpy(out + at, "...", 4);
            return;
        }
        if (length > 0) memcpy(out + at, names[i].p, length);
        at += length;
        if (i + 1 < n) {
            memcpy(out + at, ", ", 2);
            at += 2;
        }
        out[at] = '\0';
    }
}

ps_status ps_names_need(const ps_str *names, size_t n, ps_str name, const char *what,
                        int *out, ps_error *err) {
    *out = ps_names_find(names, n, name);
    if (*out >= 0) return PS_OK;
    if (*out == -2)
        return ps_fail(
            err, PS_CONFIG,
            "%s has more than one column '%.*s'; rename them in the file so that "
            "one can be chosen",
            what, shown(name), name.p);
    int nearest;
    PS_TRY(nearest_name(names, n, name, &nearest, err));
    if (nearest >= 0)
        return ps_fail(err, PS_CONFIG, "%s has no column '%.*s'; the nearest is '%.*s'",
                       what, shown(name), name.p, shown(names[nearest]),
                       names[nearest].p);
    char list[400];
    list_names(names, n, list, sizeof list);
    return ps_fail(err, PS_CONFIG, "%s has no column '%.*s'; it has: %s", what,
                   shown(name), name.p, list);
}

int ps_csv_find_column(const ps_csv *csv, ps_str name) {
    return ps_names_find(csv->names, csv->columns, name);
}

ps_status ps_csv_need_column(const ps_csv *csv, ps_str name, int *out, ps_error *err) {
    return ps_names_need(csv->names, csv->columns, name, csv->name, out, err);
}

/* ---- blocks ---- */

/* Find the structure of what stands behind from, and where it stops being UTF-8. */
static ps_status look(const ps_csv *csv, ps_csv_block *block, ps_error *err) {
    memset(block->bytes + block->n, 0, PAD);
    PS_TRY(ps_csv_scan_bytes(&block->scan, block->bytes, block->from, block->n,
                             csv->delimiter, err));
    block->utf8 = block->n;
    if (block->scan.high)
        block->utf8 =
            block->from + utf8_prefix(block->bytes + block->from, block->n - block->from);
    return PS_OK;
}

static size_t record_start(const ps_csv_block *block, size_t record) {
    const size_t first = block->scan.record[record];
    return first == 0 ? block->from : block->scan.separator[first - 1] + 1;
}

/* The record in which the byte at lies, counted from 0. */
static size_t record_of(const ps_csv_block *block, size_t at) {
    size_t low = 0, high = block->scan.records;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (record_start(block, middle) <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Keep the records before end, which lies behind a line end. */
static void cut(ps_csv_block *block, size_t end) {
    ps_csv_scan *s = &block->scan;
    while (s->separators > 0 && s->separator[s->separators - 1] >= end) s->separators--;
    while (s->records > 0 && s->record[s->records - 1] >= s->separators) s->records--;
    s->open = s->quoted = false;
    block->n = end;
}

/* Behind the first line end at or behind a byte; 0 when there is none. */
static size_t line_end_from(const ps_csv_block *block, size_t at) {
    const ps_csv_scan *s = &block->scan;
    size_t low = 0, high = s->separators;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->separator[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < s->separators; low++)
        if (s->separator[low] < block->n && is_end(block->bytes[s->separator[low]]))
            return s->separator[low] + 1;
    return 0;
}

static ps_status reserve(ps_csv_block *block, size_t n, ps_error *err) {
    void *array = block->bytes;
    ps_status status = ps_grow(&array, &block->capacity, n + PAD, 1, err);
    block->bytes = array;
    return status;
}

static ps_status fail_unclosed(const ps_csv *csv, const ps_csv_block *block,
                               ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "%s: a quote that opens in data row %lld is never closed; the "
                   "file is cut off or the quote is a stray one",
                   csv->name,
                   (long long)(csv->next_row + (int64_t)block->scan.records - 1));
}

/* No record, the last and incomplete one included, may be too long. */
static ps_status check_length(const ps_csv *csv, const ps_csv_block *block,
                              ps_error *err) {
    const size_t records = block->scan.records;
    if (block->n - block->from <= PS_CSV_MAX_RECORD) return PS_OK;
    for (size_t r = 0; r < records; r++) {
        const size_t end = r + 1 < records ? record_start(block, r + 1) : block->n;
        const size_t start = record_start(block, r);
        if (end - start >
            (size_t)PS_CSV_MAX_RECORD + (r + 1 < records || !block->scan.open))
            return ps_fail(err, PS_FORMAT,
                           "%s: data row %lld is longer than %d bytes; a quote in it is "
                           "probably never closed",
                           csv->name, (long long)(csv->next_row + (int64_t)r),
                           (int)PS_CSV_MAX_RECORD);
    }
    return PS_OK;
}

/* What depends on the blocks before: numbers of rows, the encoding. */
static ps_status settle(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    const ps_csv_scan *s = &block->scan;
    PS_TRY(check_length(csv, block, err));
    if (s->nul) {
        const char *nul =
            memchr(block->bytes + block->from, '\0', block->n - block->from);
        if (nul != NULL)
            return ps_fail(
                err, PS_FORMAT,
                "%s: data row %lld holds a NUL byte, so the file is damaged or not text",
                csv->name,
                (long long)(csv->next_row +
                            (int64_t)record_of(block, (size_t)(nul - block->bytes))));
    }
    block->bytes[block->n] = s->open ? '\n' : block->bytes[block->n];
    block->first_row = csv->next_row;
    block->rows = (int64_t)s->records;
    block->windows_from = csv->windows ? 0 : block->n;
    if (!csv->windows && block->utf8 < block->n) {
        const size_t record = record_of(block, block->utf8);
        block->windows_from = record_start(block, record);
        char where[48];
        snprintf(where, sizeof where, "data row %lld",
                 (long long)(block->first_row + (int64_t)record));
        fall_back(csv, where);
    }
    csv->next_row += block->rows;
    return PS_OK;
}

/* ---- pieces ---- */

static int64_t piece_end(const ps_csv *csv, size_t piece) {
    const int64_t end = csv->data_at + (int64_t)((piece + 1) * csv->block_bytes);
    return end < csv->size ? end : csv->size;
}

size_t ps_csv_pieces(const ps_csv *csv) {
    return csv->pieces;
}

/* Bring the bytes up to n, or to the end of the text. */
static ps_status read_up_to(const ps_csv *csv, ps_csv_block *block, size_t n,
                            ps_error *err) {
    const int64_t left = csv->size - block->offset;
    if ((int64_t)n > left) n = (size_t)left;
    PS_TRY(reserve(block, n, err));
    size_t got = 0;
    if (n > block->n)
        PS_TRY(ps_stream_read_at(csv->stream, block->offset + (int64_t)block->n,
                                 block->bytes + block->n, n - block->n, &got, err));
    block->n += got;
    if (block->n < n)
        return ps_fail(
            err, PS_INPUT,
            "%s has become shorter while it was being read; read it again when "
            "nobody writes to it",
            csv->name);
    return PS_OK;
}

ps_status ps_csv_fetch(const ps_csv *csv, size_t piece, ps_csv_block *block,
                       ps_error *err) {
    block->piece = piece;
    block->n = block->from = 0;
    block->rows = 0;
    if (csv->pieces == 0) return PS_OK;
    /* With the byte in front, which may be the line end that closes a record. */
    const int64_t start = csv->data_at + (int64_t)(piece * csv->block_bytes);
    block->offset = piece > 0 ? start - 1 : start;
    PS_TRY(read_up_to(csv, block,
                      (size_t)(piece_end(csv, piece) - block->offset) + BEYOND, err));
    while (piece > 0 && block->from < block->n && !is_end(block->bytes[block->from]))
        block->from++;
    if (piece > 0 && block->from < block->n) block->from++;
    return look(csv, block, err);
}

static ps_status take_piece(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    const int64_t stop = piece_end(csv, block->piece);
    if (csv->position >= stop) {
        block->scan.records = block->scan.separators = 0;
        block->n = block->from = 0;
        block->scan.open = block->scan.nul = false;
        block->utf8 = 0;
        return settle(csv, block, err);
    }
    const size_t from = (size_t)(csv->position - block->offset);
    if (from > block->n || from != block->from) {
        if (from > block->n) PS_TRY(read_up_to(csv, block, from + BEYOND, err));
        block->from = from < block->n ? from : block->n;
        PS_TRY(look(csv, block, err));
    }
    for (;;) {
        const size_t end = line_end_from(block, (size_t)(stop - 1 - block->offset));
        if (end > 0) {
            cut(block, end);
            break;
        }
        const size_t before = block->n;
        PS_TRY(check_length(csv, block, err));
        PS_TRY(read_up_to(csv, block, 2 * before + BEYOND, err));
        if (block->n == before) { /* that was all */
            if (block->scan.quoted) return fail_unclosed(csv, block, err);
            break;
        }
        PS_TRY(look(csv, block, err));
    }
    csv->position = block->offset + (int64_t)block->n;
    return settle(csv, block, err);
}

/* ---- streams ---- */

/* No byte is left but those of the block at hand. */
static bool is_exhausted(const ps_csv *csv) {
    return csv->stream_ended && csv->pending_at == csv->pending_n;
}

/* Bring the block to target bytes, or to all that is left. */
static ps_status fill(ps_csv *csv, ps_csv_block *block, size_t target, ps_error *err) {
    PS_TRY(reserve(block, target, err));
    while (block->n < target && !is_exhausted(csv)) {
        size_t got = csv->pending_n - csv->pending_at, room = target - block->n;
        if (got > 0) {
            if (got > room) got = room;
            memcpy(block->bytes + block->n, csv->pending + csv->pending_at, got);
            csv->pending_at += got;
        } else {
            PS_TRY(ps_stream_read(csv->stream, block->bytes + block->n, room, &got, err));
            csv->stream_ended = got == 0;
        }
        block->n += got;
    }
    return PS_OK;
}

/* Keep the last n bytes of the block for the next one. */
static ps_status give_back(ps_csv *csv, const ps_csv_block *block, size_t n,
                           ps_error *err) {
    if (csv->pending_at < csv->pending_n) {
        /* They came from there. */
        csv->pending_at -= n;
        return PS_OK;
    }
    void *array = csv->pending;
    ps_status status = ps_grow(&array, &csv->pending_capacity, n, 1, err);
    csv->pending = array;
    if (status != PS_OK) return status;
    if (n > 0) memcpy(csv->pending, block->bytes + block->n - n, n);
    csv->pending_at = 0;
    csv->pending_n = n;
    return PS_OK;
}

static ps_status take_from_stream(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    size_t target = csv->block_bytes;
    block->n = block->from = 0;
    for (;;) {
        PS_TRY(fill(csv, block, target, err));
        PS_TRY(look(csv, block, err));
        const ps_csv_scan *s = &block->scan;
        if (is_exhausted(csv)) {
            if (s->quoted) return fail_unclosed(csv, block, err);
            break;
        }
        if (s->records == 0) { /* nothing but empty lines so far */
            block->n = 0;
            continue;
        }
        if (!s->open) break;
        if (s->records > 1) {
            const size_t end = record_start(block, s->records - 1), all = block->n;
            PS_TRY(give_back(csv, block, all - end, err));
            cut(block, end);
            break;
        }
        PS_TRY(check_length(csv, block, err));
        target = 2 * block->n;
        if (target < csv->block_bytes) target = csv->block_bytes;
    }
    return settle(csv, block, err);
}

ps_status ps_csv_take(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    return csv->pieces > 0 ? take_piece(csv, block, err)
                           : take_from_stream(csv, block, err);
}

ps_status ps_csv_next_block(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    ps_status status = PS_OK;
    block->rows = 0;
    block->first_row = csv->next_row;
    if (csv->pieces == 0) {
        status = ps_csv_take(csv, block, err);
    } else {
        while (status == PS_OK && block->rows == 0 && csv->next_piece < csv->pieces) {
            status = ps_csv_fetch(csv, csv->next_piece++, block, err);
            if (status == PS_OK) status = ps_csv_take(csv, block, err);
        }
    }
    if (status == PS_OK) return PS_OK;
    block->n = 0;
    block->rows = 0;
    csv->pending_at = csv->pending_n = 0;
    csv->stream_ended = true;
    csv->next_piece = csv->pieces;
    return status;
}

void ps_csv_block_free(ps_csv_block *block) {
    if (block == NULL) return;
    ps_free(block->bytes);
    ps_csv_scan_free(&block->scan);
    *block = (ps_csv_block){0};
}

/* ---- decoding ---- */

/* A column that was chosen, and its first place in the choice. */
typedef struct choice {
    uint32_t column, place;
} choice;

struct ps_csv_cursor {
    size_t columns, needed;
    choice *chosen; /* by column, each once */
    size_t n_chosen;
    int *same_as; /* per place in the choice: the first place with that column */
    bool repeats; /* some column was chosen twice */
    ps_str *field;
    size_t n;
    ps_arena *scratch;
    const ps_csv_block *block;
    size_t next; /* record */
    ps_error error;
};

static ps_status choose(ps_csv_cursor *c, const int *columns, ps_error *err) {
    for (size_t i = 0; i < c->n; i++) {
        c->field[i] = (ps_str){"", 0};
        c->same_as[i] = (int)i;
        if (columns[i] < 0) continue;
        const uint32_t column = (uint32_t)columns[i];
        if (column >= c->columns)
            return ps_fail(err, PS_CONFIG, "column %u is asked for, but there are %zu",
                           column + 1, c->columns);
        size_t at = 0;
        while (at < c->n_chosen && c->chosen[at].column < column) at++;
        if (at < c->n_chosen && c->chosen[at].column == column) {
            c->same_as[i] = (int)c->chosen[at].place;
            c->repeats = true;
            continue;
        }
        memmove(c->chosen + at + 1, c->chosen + at,
                (c->n_chosen - at) * sizeof *c->chosen);
        c->chosen[at] = (choice){column, (uint32_t)i};
        c->n_chosen++;
    }
    return PS_OK;
}

ps_status ps_csv_cursor_create(const ps_csv *csv, const int *columns, size_t n,
                               ps_csv_cursor **out, ps_error *err) {
    *out = NULL;
    ps_csv_cursor *c = ps_zalloc(1, sizeof *c);
    if (c == NULL) return ps_fail_nomem(err);
    c->columns = csv->columns;
    c->needed = csv->needed;
    c->n = n;
    c->chosen = ps_alloc(n, sizeof *c->chosen);
    c->same_as = ps_alloc(n, sizeof *c->same_as);
    c->field = ps_alloc(n, sizeof *c->field);
    ps_status status = ps_arena_create(&c->scratch, err);
    if (status == PS_OK && (c->chosen == NULL || c->same_as == NULL || c->field == NULL))
        status = ps_fail_nomem(err);
    if (status == PS_OK) status = choose(c, columns, err);
    if (status != PS_OK) {
        ps_csv_cursor_free(c);
        return status;
    }
    *out = c;
    return PS_OK;
}

void ps_csv_cursor_start(ps_csv_cursor *c, const ps_csv_block *block) {
    c->block = block;
    c->next = 0;
    c->error.status = PS_OK;
}

/* Whether fields beyond the header hold anything. */
static bool has_more(const ps_csv_cursor *c, const uint32_t *separator, size_t fields) {
    for (size_t f = c->columns; f < fields; f++)
        if (!is_empty_field(c->block->bytes, separator[f - 1] + 1, separator[f]))
            return true;
    return false;
}

/* With the line ends behind the one that closes the record, which are not its own. */
static size_t separators_of(const ps_csv_scan *scan, size_t record) {
    return (record + 1 < scan->records ? scan->record[record + 1] : scan->separators) -
           scan->record[record];
}

/* The chosen fields of a record that has as many as the header; false when the text of
 * one is not what stands there. */
static bool view_fields(const ps_csv_cursor *c, const uint32_t *separator, size_t start,
                        ps_str *field) {
    const char *b = c->block->bytes;
    bool quoted = false;
    for (size_t i = 0; i < c->n_chosen; i++) {
        const size_t f = c->chosen[i].column;
        const size_t from = f == 0 ? start : separator[f - 1] + 1, to = separator[f];
        field[c->chosen[i].place] = (ps_str){b + from, to - from};
        quoted |= b[from] == '"';
    }
    return !quoted;
}

/* The first line end of a record closes it. */
static bool has_all_fields(const ps_csv_cursor *c, size_t record,
                           const uint32_t *separator) {
    const char *b = c->block->bytes;
    const size_t last = c->columns - 1;
    return separators_of(&c->block->scan, record) > last && is_end(b[separator[last]]) &&
           (last == 0 || !is_end(b[separator[last - 1]]));
}

size_t ps_csv_cursor_plain(ps_csv_cursor *c, size_t most, int64_t *first_row,
                           ps_str *field) {
    const ps_csv_block *block = c->block;
    const ps_csv_scan *scan = &block->scan;
    size_t n = 0;
    *first_row = block->first_row + (int64_t)c->next;
    if (c->n_chosen < c->n || c->error.status != PS_OK) return 0;
    for (; n < most && c->next < scan->records; n++, c->next++, field += c->n) {
        const size_t first = scan->record[c->next];
        const uint32_t *separator = scan->separator + first;
        const size_t start = first == 0 ? block->from : separator[-1] + 1;
        if (start >= block->windows_from || !has_all_fields(c, c->next, separator) ||
            !view_fields(c, separator, start, field))
            break;
    }
    return n;
}

bool ps_csv_cursor_next(ps_csv_cursor *c, ps_csv_record *record, ps_csv_shape *shape) {
    const ps_csv_block *block = c->block;
    const ps_csv_scan *scan = &block->scan;
    if (c->next >= scan->records || c->error.status != PS_OK) return false;
    const char *b = block->bytes;
    const size_t first = scan->record[c->next];
    const uint32_t *separator = scan->separator + first;
    size_t fields = separators_of(scan, c->next);
    while (fields > 1 && is_end(b[separator[fields - 2]]) &&
           separator[fields - 2] + 1 == separator[fields - 1])
        fields--;
    const size_t start = first == 0 ? block->from : scan->separator[first - 1] + 1;
    const bool windows = start >= block->windows_from;
    bool scratched = false;
    size_t taken = 0;
    for (; taken < c->n_chosen && c->chosen[taken].column < fields; taken++) {
        const size_t f = c->chosen[taken].column;
        const size_t from = f == 0 ? start : separator[f - 1] + 1, to = separator[f];
        ps_str *field = &c->field[c->chosen[taken].place];
        if (b[from] != '"' && !windows) {
            *field = (ps_str){b + from, to - from};
            continue;
        }
        if (!scratched) ps_arena_reset(c->scratch);
        scratched = true;
        if (field_text(b, from, to, windows, c->scratch, field, &c->error) != PS_OK)
            return false;
    }
    for (; taken < c->n_chosen; taken++)
        c->field[c->chosen[taken].place] = (ps_str){"", 0};
    for (size_t i = 0; c->repeats && i < c->n; i++) c->field[i] = c->field[c->same_as[i]];
    *record = (ps_csv_record){block->first_row + (int64_t)c->next, fields, c->field};
    *shape = fields > c->columns && has_more(c, separator, fields) ? PS_CSV_LONG
             : fields < c->needed                                  ? PS_CSV_SHORT
                                                                   : PS_CSV_EXACT;
    c->next++;
    return true;
}

ps_status ps_csv_cursor_status(const ps_csv_cursor *c, ps_error *err) {
    if (c->error.status != PS_OK && err != NULL) *err = c->error;
    return c->error.status;
}

void ps_csv_cursor_free(ps_csv_cursor *c) {
    if (c == NULL) return;
    ps_free(c->chosen);
    ps_free(c->same_as);
    ps_free(c->field);
    ps_arena_free(c->scratch);
    ps_free(c);
}
