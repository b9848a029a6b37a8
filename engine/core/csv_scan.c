#include "engine/core/csv_scan.h"

/* Bits of bytes that are NUL, that are not ASCII. */
struct ps_scan_seen {
    uint64_t nul, high;
};

#include "engine/core/csv_scan_loop.h"

/* Bit i of the result is byte i of eight bytes that are 0 or 1. */
static inline uint64_t gather(const unsigned char *flags) {
    uint64_t word;
    memcpy(&word, flags, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (word * UINT64_C(0x0102040810204080)) >> 56;
}

static inline uint64_t mask_of(const unsigned char flags[PS_SCAN_WINDOW]) {
    uint64_t mask = 0;
    for (size_t i = 0; i < PS_SCAN_WINDOW; i += 8) mask |= gather(flags + i) << i;
    return mask;
}

static inline uint64_t where_is(const char *p, char wanted) {
    unsigned char flags[PS_SCAN_WINDOW];
    for (size_t i = 0; i < PS_SCAN_WINDOW; i++) flags[i] = p[i] == wanted;
    return mask_of(flags);
}

static inline window window_of(const char *p, char delimiter, ps_scan_seen *seen) {
    unsigned char high = 0;
    for (size_t i = 0; i < PS_SCAN_WINDOW; i++) high |= (unsigned char)p[i];
    seen->high |= high & 0x80;
    seen->nul |= where_is(p, '\0');
    return (window){where_is(p, delimiter), where_is(p, '\n') | where_is(p, '\r'),
                    where_is(p, '"')};
}

ps_status ps_csv_scan_plain(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                            char delimiter, ps_error *err) {
    ps_scan_seen seen = {0, 0};
    PS_TRY(scan_loop(window_of, put_bits, &seen, scan, b, from, n, delimiter, err));
    scan->nul = seen.nul != 0;
    scan->high = seen.high != 0;
    return PS_OK;
}

ps_status ps_csv_scan_bytes(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                            char delimiter, ps_error *err) {
    if (ps_csv_scan_has_avx512())
        return ps_csv_scan_avx512(scan, b, from, n, delimiter, err);
    return ps_csv_scan_has_avx2() ? ps_csv_scan_avx2(scan, b, from, n, delimiter, err)
                                  : ps_csv_scan_plain(scan, b, from, n, delimiter, err);
}

void ps_csv_scan_free(ps_csv_scan *scan) {
    if (scan == NULL) return;
    ps_free(scan->separator);
    ps_free(scan->record);
    *scan = (ps_csv_scan){0};
}
