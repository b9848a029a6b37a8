/* Compiled for AVX2, BMI and POPCNT whatever the rest is compiled for; called only where
 * the processor has them. */
#include "engine/core/csv_scan.h"

#if defined(__x86_64__) && defined(__AVX2__)

#include <immintrin.h>

#include "engine/core/csv_scan_loop.h"

static inline uint64_t where_equal(__m256i low, __m256i high, char wanted) {
    const __m256i all = _mm256_set1_epi8(wanted);
    const uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all));
    const uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all));
    return a | (uint64_t)b << 32;
}

static inline window window_of(const char *p, char delimiter) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    return (window){where_equal(low, high, delimiter),
                    where_equal(low, high, '\n') | where_equal(low, high, '\r'),
                    where_equal(low, high, '"'), where_equal(low, high, '\0'),
                    (uint32_t)_mm256_movemask_epi8(low) |
                        (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32};
}

ps_status ps_csv_scan_avx2(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                           char delimiter, ps_error *err) {
    return scan_loop(window_of, scan, b, from, n, delimiter, err);
}

bool ps_csv_scan_has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

#else

ps_status ps_csv_scan_avx2(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                           char delimiter, ps_error *err) {
    return ps_csv_scan_plain(scan, b, from, n, delimiter, err);
}

bool ps_csv_scan_has_avx2(void) {
    return false;
}

#endif
