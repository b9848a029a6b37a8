/* Compiled for AVX2, BMI and POPCNT whatever the rest is compiled for; called only where
 * the processor has them. */
#include "engine/core/csv_scan.h"

#if defined(__x86_64__) && defined(__AVX2__)

#include <immintrin.h>

#include "engine/core/lanes.h"

/* The least byte and the union of all bytes at each place. */
struct ps_scan_seen {
    __m256i least, all;
};

#include "engine/core/csv_scan_loop.h"

static inline uint64_t mask_of(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline window window_of(const char *p, char delimiter, ps_scan_seen *seen) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    const __m256i wanted = _mm256_set1_epi8(delimiter);
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
    seen->least = _mm256_min_epu8(seen->least, _mm256_min_epu8(low, high));
    seen->all = _mm256_or_si256(seen->all, _mm256_or_si256(low, high));
    return (window){
        mask_of(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted)),
        mask_of(
            _mm256_or_si256(_mm256_cmpeq_epi8(low, lf), _mm256_cmpeq_epi8(low, cr)),
            _mm256_or_si256(_mm256_cmpeq_epi8(high, lf), _mm256_cmpeq_epi8(high, cr))),
        mask_of(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote))};
}

ps_status ps_csv_scan_avx2(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                           char delimiter, ps_error *err) {
    ps_scan_seen seen = {_mm256_set1_epi8(-1), _mm256_setzero_si256()};
    PS_TRY(scan_loop(window_of, put_bits, &seen, scan, b, from, n, delimiter, err));
    const __m256i nul = _mm256_cmpeq_epi8(seen.least, _mm256_setzero_si256());
    scan->nul = _mm256_movemask_epi8(nul) != 0;
    scan->high = _mm256_movemask_epi8(seen.all) != 0;
    return PS_OK;
}

bool ps_csv_scan_has_avx2(void) {
    return ps_lanes_avx2();
}

#else

ps_status ps_csv_scan_avx2(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                           char delimiter, ps_error *err) {
    (void)scan, (void)b, (void)from, (void)n, (void)delimiter;
    return ps_fail(err, PS_UNSUPPORTED, "this processor has no AVX2");
}

bool ps_csv_scan_has_avx2(void) {
    return false;
}

#endif
