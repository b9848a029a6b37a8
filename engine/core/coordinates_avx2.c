/* Compiled for AVX2 whatever the rest is compiled for. */
#if defined(__x86_64__) && defined(__AVX2__)

#include "engine/core/coordinates_loop.h"
#include "engine/core/lanes.h"

bool ps_coordinates_read_avx2(size_t n, const ps_str *text, size_t stride, double *out) {
    if (!ps_lanes_avx2()) return false;
    read_all(n, text, stride, out);
    return true;
}

#else

#include "engine/core/coordinates.h"

bool ps_coordinates_read_avx2(size_t n, const ps_str *text, size_t stride, double *out) {
    (void)n, (void)text, (void)stride, (void)out;
    return false;
}

#endif
