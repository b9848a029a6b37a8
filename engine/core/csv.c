/* Where a record ends depends on the quotes before it, and whether a quote opens a field
 * depends on the byte in front of it alone: a delimiter, a line end, or the start. That
 * makes one pass over the bytes enough.
 *
 * The reader looks at each byte once, in a loop that the compiler turns into vector code:
 * line ends that close a non-empty line, and whether there is any quote, NUL or non-ASCII
 * byte at all. Only blocks with quotes take a second pass, over masks of 64 bytes whose
 * quote bits are followed one by one. A block ends behind a line end that is no part of a
 * quoted field, so that blocks can be decoded alone and in any order.
 *
 * The cursor walks the same kind of masks: a bit for each delimiter and line end, so that
 * a column that nobody wants costs one bit. Every buffer has PAD bytes behind its end for
 * the last mask, and a line end behind the last record.
 */
#include "engine/core/csv.h"

#include <stdio.h>
#include <string.h>

enum {
    WINDOW = 64, /* bytes of a mask */
    PAD = WINDOW,
    HEAD_BYTES = 1 << 16, /* read first, to see what the file is */
    SHOWN = 60            /* bytes of a name or value in a message */
};

struct ps_csv {
    ps_stream *stream;
    bool stream_ended;
    char *name;
    const ps_talk *talk;
    char delimiter;
    bool bom, windows;
    size_t block_bytes;
    ps_arena *arena;
    ps_str *names;
    size_t columns;
    size_t needed; /* columns up to the last with a name */
    /* Bytes read and not yet handed out. */
    char *pending;
    size_t pending_at, pending_n, pending_capacity;
    int64_t next_row;
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

/* ---- masks ---- */

/* Bit i of the result is byte i of eight bytes that are 0 or 1. */
static uint64_t gather(const unsigned char *flags) {
    uint64_t word;
    memcpy(&word, flags, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (word * UINT64_C(0x0102040810204080)) >> 56;
}

static inline uint64_t gather_window(const unsigned char flags[WINDOW]) {
    uint64_t mask = 0;
    for (size_t i = 0; i < WINDOW; i += 8) mask |= gather(flags + i) << i;
    return mask;
}

static inline uint64_t mask_of(const char *p, char a, char b, char c) {
    unsigned char flags[WINDOW];
    for (unsigned i = 0; i < WINDOW; i++)
        flags[i] = (unsigned char)((p[i] == a) | (p[i] == b) | (p[i] == c));
    return gather_window(flags);
}

/* Bits [from, to) of 64. */
static uint64_t span(unsigned from, unsigned to) {
    uint64_t below = to >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << to) - 1;
    return from >= 64 ? 0 : below & (~UINT64_C(0) << from);
}

/* ---- boundaries of records ---- */

/* How far a buffer has been looked at. Starts as zeros. */
typedef struct boundary {
    size_t at;
    size_t last_end;    /* behind the last line end outside quotes; 0 none */
    size_t after_close; /* behind the last closing quote: a quote right here reopens */
    bool quoted;        /* at lies inside a quoted field */
    int64_t rows;       /* non-empty records that end at or before last_end */
} boundary;

/* A delimiter of 0 stands for any that the header is searched for. */
static bool opens_after(char before, char delimiter) {
    if (is_end(before)) return true;
    if (delimiter != '\0') return before == delimiter;
    return before == ',' || before == ';' || before == '\t' || before == '|';
}

static void scan_quoted(boundary *s, const char *b, size_t n, char delimiter) {
    while (s->at < n) {
        const char *p = b + s->at;
        uint64_t within = span(0, n - s->at < WINDOW ? (unsigned)(n - s->at) : WINDOW);
        uint64_t ends = mask_of(p, '\n', '\r', '\n') & within;
        uint64_t quotes = mask_of(p, '"', '"', '"') & within;
        uint64_t carry = !s->quoted && (s->at == 0 || is_end(p[-1]));
        uint64_t inside = 0;
        unsigned opened = 0;
        for (; quotes != 0; quotes &= quotes - 1) {
            unsigned k = (unsigned)__builtin_ctzll(quotes);
            size_t i = s->at + k;
            if (s->quoted) {
                inside |= span(opened, k);
                s->quoted = false;
                s->after_close = i + 1;
            } else if (i == 0 || i == s->after_close ||
                       opens_after(b[i - 1], delimiter)) {
                s->quoted = true;
                opened = k;
            }
        }
        if (s->quoted) inside |= span(opened, WINDOW);
        ends &= ~inside;
        s->rows += __builtin_popcountll(ends & ~(ends << 1 | carry));
        if (ends != 0) s->last_end = s->at + 64 - (size_t)__builtin_clzll(ends);
        s->at = n - s->at < WINDOW ? n : s->at + WINDOW;
    }
}

typedef struct survey {
    int64_t rows; /* line ends that close a non-empty line, quotes disregarded */
    bool quote, nul, high;
} survey;

static survey survey_bytes(const char *b, size_t from, size_t n) {
    /* The counters of a run are bytes, so that the loop is vector code without widening.
     */
    enum { RUN = 248 };
    survey found = {0, false, false, false};
    if (from == 0 && n > 0) {
        found.quote = b[0] == '"';
        found.nul = b[0] == '\0';
        found.high = ((unsigned char)b[0] & 0x80) != 0;
        from = 1;
    }
    unsigned char quote = 0, nul = 0, high = 0;
    while (from < n) {
        size_t stop = n - from < RUN ? n : from + RUN;
        unsigned char rows = 0;
        for (size_t i = from; i < stop; i++) {
            char c = b[i], before = b[i - 1];
            unsigned char end = (unsigned char)((c == '\n') | (c == '\r'));
            unsigned char empty = (unsigned char)((before == '\n') | (before == '\r'));
            rows = (unsigned char)(rows + (end & (empty ^ 1)));
            quote = (unsigned char)(quote | (c == '"'));
            nul = (unsigned char)(nul | (c == '\0'));
            high = (unsigned char)(high | (unsigned char)c);
        }
        found.rows += rows;
        from = stop;
    }
    found.quote = found.quote || quote != 0;
    found.nul = found.nul || nul != 0;
    found.high = found.high || (high & 0x80) != 0;
    return found;
}

/* Look at the bytes up to n. */
static survey advance(boundary *s, const char *b, size_t n, char delimiter) {
    survey found = survey_bytes(b, s->at, n);
    if (found.quote || s->quoted) {
        scan_quoted(s, b, n, delimiter);
        return found;
    }
    s->rows += found.rows;
    size_t end = n;
    while (end > s->at && !is_end(b[end - 1])) end--;
    if (end > s->at) s->last_end = end;
    s->at = n;
    return found;
}

/* ---- fields ---- */

/* The structure of a block, field after field. */
typedef struct walk {
    const char *b;
    size_t n; /* b[n] is a line end, and PAD bytes follow */
    char delimiter;
    size_t at;     /* where the next field begins */
    size_t window; /* where the mask begins */
    uint64_t bits; /* breaks of the window that lie ahead */
} walk;

typedef struct piece {
    size_t start, end; /* of an unquoted field; without the quotes of a quoted one */
    size_t tail, stop; /* text between the closing quote and the break */
    bool doubled;
} piece;

static void walk_start(walk *w, const char *b, size_t n, char delimiter) {
    *w = (walk){b, n, delimiter, 0, 0, 0};
    if (n > 0) w->bits = mask_of(b, delimiter, '\n', '\r');
}

/* The next delimiter or line end; the one at n is always found. */
static inline size_t walk_break(walk *w) {
    while (w->bits == 0) {
        w->window += WINDOW;
        w->bits = mask_of(w->b + w->window, w->delimiter, '\n', '\r');
    }
    size_t at = w->window + (size_t)__builtin_ctzll(w->bits);
    w->bits &= w->bits - 1;
    return at;
}

/* Breaks before `at` are part of a quoted field. */
static void walk_seek(walk *w, size_t at) {
    if (at - w->window >= WINDOW) {
        w->window = at / WINDOW * WINDOW;
        w->bits = mask_of(w->b + w->window, w->delimiter, '\n', '\r');
    }
    w->bits &= span((unsigned)(at - w->window), WINDOW);
}

static void walk_quoted(walk *w, piece *out) {
    size_t from = w->at + 1;
    out->start = from;
    out->doubled = false;
    for (;;) {
        const char *found = from < w->n ? memchr(w->b + from, '"', w->n - from) : NULL;
        if (found == NULL) {
            out->end = out->tail = w->n;
            break;
        }
        out->end = (size_t)(found - w->b);
        out->tail = out->end + 1;
        if (out->tail >= w->n || w->b[out->tail] != '"') break;
        out->doubled = true;
        from = out->tail + 1;
    }
    walk_seek(w, out->tail);
    out->stop = walk_break(w);
}

/* Whether there is another record; moves over empty lines to it. */
static inline bool walk_record(walk *w) {
    while (w->at < w->n && is_end(w->b[w->at])) {
        walk_break(w);
        w->at++;
    }
    return w->at < w->n;
}

/* The next field of a record; true when it is the last. */
static inline bool walk_field(walk *w, piece *out) {
    if (w->b[w->at] == '"') {
        walk_quoted(w, out);
    } else {
        out->start = w->at;
        out->end = out->tail = out->stop = walk_break(w);
        out->doubled = false;
    }
    w->at = out->stop + 1;
    return w->b[out->stop] != w->delimiter;
}

static inline bool is_empty(const piece *p) {
    return p->start == p->end && p->tail == p->stop;
}

static bool is_ascii(ps_str text) {
    for (size_t i = 0; i < text.n; i++) {
        if (((unsigned char)text.p[i] & 0x80) != 0) return false;
    }
    return true;
}

/* The text of a field as UTF-8; a view of the block when nothing has to change. */
static ps_status piece_text(const char *b, const piece *p, bool windows,
                            ps_arena *scratch, ps_str *out, ps_error *err) {
    ps_str text = {b + p->start, p->end - p->start};
    if (p->doubled || p->tail != p->stop) {
        char *joined = ps_arena_alloc(scratch, p->stop - p->start + 1);
        if (joined == NULL) return ps_fail_nomem(err);
        size_t n = 0;
        for (size_t i = p->start; i < p->end; i++) {
            joined[n++] = b[i];
            if (b[i] == '"') i++;
        }
        memcpy(joined + n, b + p->tail, p->stop - p->tail);
        text = (ps_str){joined, n + (p->stop - p->tail)};
    }
    if (windows && !is_ascii(text)) return ps_utf8_from_cp1252(text, scratch, out, err);
    *out = text;
    return PS_OK;
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

static void fall_back(ps_csv *csv, const char *where) {
    csv->windows = true;
    ps_say(
        csv->talk, PS_TALK_WARNING,
        "%s is not valid UTF-8 (first in %s); from there on it is read as Windows-1252",
        csv->name, where);
}

static ps_status add_name(ps_csv *csv, const char *b, const piece *p, size_t *capacity,
                          ps_error *err) {
    if (csv->columns >= PS_CSV_MAX_COLUMNS)
        return ps_fail(err, PS_LIMIT, "%s has more than %d columns", csv->name,
                       (int)PS_CSV_MAX_COLUMNS);
    ps_str text;
    PS_TRY(piece_text(b, p, csv->windows, csv->arena, &text, err));
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
    char *copy = ps_zalloc(header.n + 1 + PAD, 1);
    if (copy == NULL) return ps_fail_nomem(err);
    memcpy(copy, header.p, header.n);
    copy[header.n] = '\n';
    walk w;
    walk_start(&w, copy, header.n, csv->delimiter);
    size_t capacity = 0;
    bool last = false;
    ps_status status = PS_OK;
    while (!last && status == PS_OK) {
        piece p;
        last = walk_field(&w, &p);
        status = add_name(csv, copy, &p, &capacity, err);
    }
    ps_free(copy);
    return status;
}

static ps_status open_table(ps_csv *csv, const ps_csv_options *options, ps_error *err) {
    char d = options->delimiter;
    if (d == '"' || is_end(d) || ((unsigned char)d & 0x80) != 0)
        return ps_fail(err, PS_CONFIG,
                       "%s: a delimiter is one plain character other than a quote and a "
                       "line end",
                       csv->name);
    if (options->header_row < 0)
        return ps_fail(err, PS_CONFIG, "%s: the header row %lld has to be 1 or more",
                       csv->name, (long long)options->header_row);
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
    size_t from, end;
    PS_TRY(find_header(csv, d, options->header_row > 0 ? options->header_row : 1, &from,
                       &end, err));
    csv->delimiter = d != '\0' ? d : likely_delimiter(csv->pending, from, end);
    csv->pending_at = end;
    return read_names(csv, (ps_str){csv->pending + from, end - from}, err);
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
    if (csv->block_bytes > PS_CSV_MAX_RECORD) csv->block_bytes = PS_CSV_MAX_RECORD;
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

char ps_csv_delimiter(const ps_csv *csv) {
    return csv->delimiter;
}

int64_t ps_csv_position(const ps_csv *csv) {
    return ps_stream_position(csv->stream);
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

/* No byte is left but those of the block at hand. */
static bool is_exhausted(const ps_csv *csv) {
    return csv->stream_ended && csv->pending_at == csv->pending_n;
}

/* Bring the block to target bytes, or to all that is left. */
static ps_status fill(ps_csv *csv, ps_csv_block *block, size_t target, ps_error *err) {
    void *array = block->bytes;
    ps_status status = ps_grow(&array, &block->capacity, target + PAD, 1, err);
    block->bytes = array;
    if (status != PS_OK) return status;
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
    memset(block->bytes + block->n, 0, PAD);
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

static ps_status refuse_nul(const ps_csv *csv, const ps_csv_block *block, ps_error *err) {
    const char *nul = memchr(block->bytes, '\0', block->n);
    boundary s = {0};
    if (nul != NULL)
        scan_quoted(&s, block->bytes, (size_t)(nul - block->bytes), csv->delimiter);
    return ps_fail(
        err, PS_FORMAT,
        "%s: data row %lld holds a NUL byte, so the file is damaged or not text",
        csv->name, (long long)(csv->next_row + s.rows));
}

/* Read on until the block ends with a whole record; *end is behind it. */
static ps_status take_records(ps_csv *csv, ps_csv_block *block, size_t *end, bool *high,
                              ps_error *err) {
    boundary s = {0};
    size_t target = csv->block_bytes;
    *high = false;
    for (;;) {
        PS_TRY(fill(csv, block, target, err));
        survey found = advance(&s, block->bytes, block->n, csv->delimiter);
        if (found.nul) return refuse_nul(csv, block, err);
        *high = *high || found.high;
        if (is_exhausted(csv) || s.rows > 0) break;
        if (s.last_end > 0) {
            /* Nothing but empty lines so far. */
            block->n -= s.last_end;
            memmove(block->bytes, block->bytes + s.last_end, block->n);
            s = (boundary){0};
            *high = false;
            continue;
        }
        if (block->n > PS_CSV_MAX_RECORD)
            return ps_fail(err, PS_FORMAT,
                           "%s: data row %lld is longer than %d bytes; a quote in it is "
                           "probably never closed",
                           csv->name, (long long)csv->next_row, (int)PS_CSV_MAX_RECORD);
        size_t twice = block->n * 2;
        target = twice > PS_CSV_MAX_RECORD ? (size_t)PS_CSV_MAX_RECORD + 1 : twice;
        if (target < csv->block_bytes) target = csv->block_bytes;
    }
    block->rows = s.rows;
    *end = s.last_end;
    if (is_exhausted(csv)) {
        if (s.quoted)
            return ps_fail(err, PS_FORMAT,
                           "%s: a quote that opens in data row %lld is never closed; the "
                           "file is cut off or the quote is a stray one",
                           csv->name, (long long)(csv->next_row + s.rows));
        block->rows += block->n > s.last_end;
        *end = block->n;
    }
    return PS_OK;
}

/* Where the bytes of a block stop being UTF-8, at the start of a record. */
static void find_windows(ps_csv *csv, ps_csv_block *block) {
    size_t bad = utf8_prefix(block->bytes, block->n);
    if (bad == block->n) return;
    boundary s = {0};
    scan_quoted(&s, block->bytes, bad, csv->delimiter);
    block->windows_from = s.last_end;
    char where[48];
    snprintf(where, sizeof where, "data row %lld",
             (long long)(block->first_row + s.rows));
    fall_back(csv, where);
}

ps_status ps_csv_next_block(ps_csv *csv, ps_csv_block *block, ps_error *err) {
    block->n = 0;
    block->rows = 0;
    block->windows_from = 0;
    block->first_row = csv->next_row;
    size_t end = 0;
    bool high = false;
    ps_status status = take_records(csv, block, &end, &high, err);
    if (status == PS_OK) status = give_back(csv, block, block->n - end, err);
    if (status != PS_OK) {
        block->n = 0;
        block->rows = 0;
        csv->pending_at = csv->pending_n = 0;
        csv->stream_ended = true;
        return status;
    }
    block->n = end;
    block->bytes[end] = '\n';
    csv->next_row += block->rows;
    if (!csv->windows) {
        block->windows_from = block->n;
        if (high) find_windows(csv, block);
    }
    return PS_OK;
}

void ps_csv_block_free(ps_csv_block *block) {
    if (block == NULL) return;
    ps_free(block->bytes);
    *block = (ps_csv_block){0};
}

/* ---- decoding ---- */

struct ps_csv_cursor {
    char delimiter;
    size_t columns, needed;
    int *slot;     /* per column: its first place in the choice, or -1 */
    size_t useful; /* columns up to the last that was chosen */
    int *same_as;  /* per place in the choice: the first place with that column */
    bool repeats;  /* some column was chosen twice */
    ps_str *field;
    size_t n;
    ps_arena *scratch;
    walk walk;
    int64_t row;
    size_t windows_from;
    ps_error error;
};

static ps_status choose(ps_csv_cursor *c, const int *columns, ps_error *err) {
    for (size_t i = 0; i < c->columns; i++) c->slot[i] = -1;
    for (size_t i = 0; i < c->n; i++) {
        c->field[i] = (ps_str){"", 0};
        c->same_as[i] = (int)i;
        if (columns[i] < 0) continue;
        size_t column = (size_t)columns[i];
        if (column >= c->columns)
            return ps_fail(err, PS_CONFIG, "column %zu is asked for, but there are %zu",
                           column + 1, c->columns);
        if (c->slot[column] >= 0) {
            c->same_as[i] = c->slot[column];
            c->repeats = true;
            continue;
        }
        c->slot[column] = (int)i;
        if (column >= c->useful) c->useful = column + 1;
    }
    return PS_OK;
}

ps_status ps_csv_cursor_create(const ps_csv *csv, const int *columns, size_t n,
                               ps_csv_cursor **out, ps_error *err) {
    *out = NULL;
    ps_csv_cursor *c = ps_zalloc(1, sizeof *c);
    if (c == NULL) return ps_fail_nomem(err);
    c->delimiter = csv->delimiter;
    c->columns = csv->columns;
    c->needed = csv->needed;
    c->n = n;
    c->slot = ps_alloc(c->columns, sizeof *c->slot);
    c->same_as = ps_alloc(n, sizeof *c->same_as);
    c->field = ps_alloc(n, sizeof *c->field);
    ps_status status = ps_arena_create(&c->scratch, err);
    if (status == PS_OK && (c->slot == NULL || c->same_as == NULL || c->field == NULL))
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
    walk_start(&c->walk, block->bytes, block->n, c->delimiter);
    c->row = block->first_row;
    c->windows_from = block->windows_from;
    c->error.status = PS_OK;
}

/* The fields of the record at w; false when memory ran out. The walk is a copy, so that
 * the compiler keeps it in registers. */
static inline bool take_fields(ps_csv_cursor *c, walk *w, bool windows, size_t *fields,
                               bool *more) {
    bool last = false, scratched = false;
    size_t f = 0;
    for (; !last; f++) {
        int slot = f < c->useful ? c->slot[f] : -1;
        piece p;
        if (w->b[w->at] != '"') {
            p.start = w->at;
            p.end = p.tail = p.stop = walk_break(w);
            p.doubled = false;
            w->at = p.stop + 1;
            last = w->b[p.stop] != w->delimiter;
            if (slot >= 0 && !windows) {
                c->field[slot] = (ps_str){w->b + p.start, p.end - p.start};
                continue;
            }
        } else {
            last = walk_field(w, &p);
        }
        if (slot < 0) {
            if (f >= c->columns && !is_empty(&p)) *more = true;
            continue;
        }
        if (!scratched) ps_arena_reset(c->scratch);
        scratched = true;
        if (piece_text(w->b, &p, windows, c->scratch, &c->field[slot], &c->error) !=
            PS_OK)
            return false;
    }
    *fields = f;
    return true;
}

bool ps_csv_cursor_next(ps_csv_cursor *c, ps_csv_record *record, ps_csv_shape *shape) {
    walk w = c->walk;
    if (c->error.status != PS_OK || !walk_record(&w)) return false;
    bool more = false;
    size_t fields = 0;
    if (!take_fields(c, &w, w.at >= c->windows_from, &fields, &more)) return false;
    c->walk = w;
    for (size_t i = fields; i < c->useful; i++) {
        if (c->slot[i] >= 0) c->field[c->slot[i]] = (ps_str){"", 0};
    }
    for (size_t i = 0; c->repeats && i < c->n; i++) c->field[i] = c->field[c->same_as[i]];
    *record = (ps_csv_record){c->row++, fields, c->field};
    *shape = more ? PS_CSV_LONG : fields < c->needed ? PS_CSV_SHORT : PS_CSV_EXACT;
    return true;
}

ps_status ps_csv_cursor_status(const ps_csv_cursor *c, ps_error *err) {
    if (c->error.status != PS_OK && err != NULL) *err = c->error;
    return c->error.status;
}

void ps_csv_cursor_free(ps_csv_cursor *c) {
    if (c == NULL) return;
    ps_free(c->slot);
    ps_free(c->same_as);
    ps_free(c->field);
    ps_arena_free(c->scratch);
    ps_free(c);
}
