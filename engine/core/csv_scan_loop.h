/* The pass itself, built once for each way to make the masks and to list them: inlined
 * into its callers, and what they give it into the pass. */
#ifndef PS_CORE_CSV_SCAN_LOOP_H
#define PS_CORE_CSV_SCAN_LOOP_H

#include "engine/core/csv_scan.h"

typedef struct ps_scan_seen ps_scan_seen;

/* Bit i stands for byte i. */
typedef struct window {
    uint64_t delimiters, ends, quotes;
} window;

/* The masks of the 64 bytes at p. seen, which the way itself knows how to read, gathers
 * whether any byte was NUL or not ASCII. */
typedef window window_fn(const char *p, char delimiter, ps_scan_seen *seen);

/* Write `at` and more for each of the bits, of which there are `found`; up to 15 entries
 * behind the last may be overwritten. */
typedef void positions_fn(uint32_t *out, uint64_t bits, size_t found, size_t at);

/* What is carried from window to window. */
typedef struct progress {
    uint64_t after_end; /* 1: the byte in front was a line end, or there is none */
    size_t after_close; /* behind the last closing quote: a quote right here reopens */
    const char *b;
    size_t from;
    char delimiter;
    bool quoted;
} progress;

static inline uint64_t bits_between(unsigned from, unsigned to) {
    const uint64_t below = to >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << to) - 1;
    return from >= 64 ? 0 : below & (~UINT64_C(0) << from);
}

static inline bool opens_field(const progress *p, size_t at) {
    if (at == p->from || at == p->after_close) return true;
    const char before = p->b[at - 1];
    return before == p->delimiter || before == '\n' || before == '\r';
}

/* The bytes of a window that lie inside quotes. */
static inline uint64_t follow_quotes(progress *p, ps_csv_scan *scan, uint64_t quotes,
                                     size_t at) {
    uint64_t inside = 0;
    unsigned opened = 0;
    for (; quotes != 0; quotes &= quotes - 1) {
        const unsigned k = (unsigned)__builtin_ctzll(quotes);
        if (p->quoted) {
            inside |= bits_between(opened, k);
            p->quoted = false;
            p->after_close = at + k + 1;
        } else if (opens_field(p, at + k)) {
            /* A doubled quote does not open its field anew. */
            if (at + k != p->after_close) scan->opened_at = at + k;
            p->quoted = true;
            opened = k;
        }
    }
    if (p->quoted) inside |= bits_between(opened, 64);
    return inside;
}

/* Bit by bit, eight at a time. */
static inline void put_bits(uint32_t *out, uint64_t bits, size_t found, size_t at) {
    for (size_t done = 0; done < found; done += 8) {
        for (size_t i = 0; i < 8; i++) {
            out[done + i] = (uint32_t)(at + (unsigned)__builtin_ctzll(bits | 1ull << 63));
            bits &= bits - 1;
        }
    }
}

static inline ps_status make_room(ps_csv_scan *scan, ps_error *err) {
    /* Lists are written some entries at a time. */
    enum { MOST = PS_SCAN_STEP + PS_SCAN_WINDOW };
    if (scan->separators + MOST > scan->separator_room)
        PS_TRY(ps_grow((void **)&scan->separator, &scan->separator_room,
                       scan->separators + MOST, sizeof *scan->separator, err));
    if (scan->records + MOST > scan->record_room)
        PS_TRY(ps_grow((void **)&scan->record, &scan->record_room, scan->records + MOST,
                       sizeof *scan->record, err));
    return PS_OK;
}

static inline __attribute__((always_inline)) ps_status scan_loop(
    window_fn *window_of, positions_fn *put_positions, ps_scan_seen *seen,
    ps_csv_scan *scan, const char *b, size_t from, size_t n, char delimiter,
    ps_error *err) {
    progress p = {.after_end = 1,
                  .after_close = SIZE_MAX,
                  .b = b,
                  .from = from,
                  .delimiter = delimiter};
    char tail[PS_SCAN_WINDOW];
    memset(tail, delimiter == ' ' ? '-' : ' ', sizeof tail); /* no separator */
    memcpy(tail, b + (n - (n - from) % PS_SCAN_WINDOW), (n - from) % PS_SCAN_WINDOW);
    scan->separators = scan->records = 0;
    for (size_t at = from; at < n;) {
        PS_TRY(make_room(scan, err));
        const size_t stop = n - at < PS_SCAN_STEP ? n : at + PS_SCAN_STEP;
        uint32_t *separator = scan->separator, *record = scan->record;
        size_t separators = scan->separators, records = scan->records;
        for (; at < stop; at += PS_SCAN_WINDOW) {
            const bool whole = n - at >= PS_SCAN_WINDOW;
            window w = window_of(whole ? b + at : tail, delimiter, seen);
            if (w.quotes != 0 || p.quoted) {
                const uint64_t outside = ~follow_quotes(&p, scan, w.quotes, at);
                w.delimiters &= outside;
                w.ends &= outside;
            }
            uint64_t bits = w.delimiters | w.ends;
            uint64_t begins = (w.ends << 1 | p.after_end) & ~w.ends;
            if (!whole) begins &= bits_between(0, (unsigned)(n - at));
            p.after_end = w.ends >> 63;
            /* Seldom more than one. */
            do {
                record[records] =
                    (uint32_t)(separators + (size_t)__builtin_popcountll(
                                                bits & ((begins & -begins) - 1)));
                records += begins != 0;
                begins &= begins - 1;
            } while (begins != 0);
            const size_t found = (size_t)__builtin_popcountll(bits);
            put_positions(separator + separators, bits, found, at);
            separators += found;
        }
        scan->separators = separators;
        scan->records = records;
    }
    scan->quoted = p.quoted;
    scan->open = scan->records > 0 && scan->record[scan->records - 1] == scan->separators;
    if (!scan->open && scan->records > 0) {
        const char last = b[scan->separator[scan->separators - 1]];
        scan->open = last != '\n' && last != '\r';
    }
    if (scan->open) {
        PS_TRY(make_room(scan, err));
        scan->separator[scan->separators++] = (uint32_t)n;
    }
    return PS_OK;
}

#endif
