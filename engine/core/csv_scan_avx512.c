/* Compiled for AVX-512 with VBMI2 whatever the rest is compiled for; called only where
 * the processor has them. A window is one register: comparing gives its masks at once,
 * and the positions of the bits are the numbers 0 to 63 with the others left out. */
#include "engine/core/csv_scan.h"

#if defined(__x86_64__) && defined(__AVX512VBMI2__)

#include <immintrin.h>

#include "engine/core/lanes.h"

/* The least byte and the union of all bytes at each place. */
struct ps_scan_seen {
    __m512i least, all;
};

#include "engine/core/csv_scan_loop.h"

static inline window window_of(const char *p, char delimiter, ps_scan_seen *seen) {
    const __m512i bytes = _mm512_loadu_si512(p);
    seen->least = _mm512_min_epu8(seen->least, bytes);
    seen->all = _mm512_or_si512(seen->all, bytes);
    return (window){_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter)),
                    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')) |
                        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\r')),
                    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'))};
}

static inline void put_positions(uint32_t *out, uint64_t bits, size_t found, size_t at) {
    const __m512i number =
        _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48,
                        47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32,
                        31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
                        15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i base = _mm512_set1_epi32((int)at);
    __m512i kept = _mm512_maskz_compress_epi8(bits, number);
    for (size_t done = 0; done < found; done += 16) {
        const __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(kept));
        _mm512_storeu_si512(out + done, _mm512_add_epi32(base, wide));
        /* the next quarter to the front */
        kept = _mm512_alignr_epi32(_mm512_setzero_si512(), kept, 4);
    }
}

ps_status ps_csv_scan_avx512(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                             char delimiter, ps_error *err) {
    ps_scan_seen seen = {_mm512_set1_epi8(-1), _mm512_setzero_si512()};
    PS_TRY(scan_loop(window_of, put_positions, &seen, scan, b, from, n, delimiter, err));
    scan->nul = _mm512_cmpeq_epi8_mask(seen.least, _mm512_setzero_si512()) != 0;
    scan->high = _mm512_movepi8_mask(seen.all) != 0;
    return PS_OK;
}

bool ps_csv_scan_has_avx512(void) {
    return ps_lanes_avx512_packing();
}

#else

ps_status ps_csv_scan_avx512(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                             char delimiter, ps_error *err) {
    (void)scan, (void)b, (void)from, (void)n, (void)delimiter;
    return ps_fail(err, PS_UNSUPPORTED, "this processor has no AVX-512 with VBMI2");
}

bool ps_csv_scan_has_avx512(void) {
    return false;
}

#endif
