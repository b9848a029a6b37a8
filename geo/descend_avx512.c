/* Compiled for AVX-512 whatever the rest is compiled for. */
#include "geo/descend.h"

#if defined(__x86_64__) && defined(__AVX512DQ__)

#include "engine/core/lanes.h"
#include "geo/descend_lanes.h"
#include "geo/descend_loop.h"

bool ps_descend_avx512(const ps_grid *grid, const ps_reach *reach, size_t n,
                       const double *x, const double *y, ps_descent to) {
    if (!ps_lanes_avx512()) return false;
    descend(by_lanes, grid, reach, n, x, y, to);
    return true;
}

#else

bool ps_descend_avx512(const ps_grid *grid, const ps_reach *reach, size_t n,
                       const double *x, const double *y, ps_descent to) {
    (void)grid, (void)reach, (void)n, (void)x, (void)y, (void)to;
    return false;
}

#endif
