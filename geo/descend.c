#include "geo/descend_loop.h"

/* Edge by edge. */
static inline uint32_t by_edge(const uint32_t *block, int32_t px, int32_t py,
                               const uint32_t **end) {
    const uint32_t n = ps_grid_head_edges(block[0]);
    const uint32_t *at = block + 2 + ps_grid_head_areas(block[0]);
    uint32_t state = block[1], on = 0;
    *end = at + (size_t)n * PS_GRID_EDGE_WORDS;
    for (size_t i = 0; i < n; i++, at++) {
        const int32_t x1 = (int32_t)at[0], y1 = (int32_t)at[n];
        const int32_t x2 = (int32_t)at[2 * (size_t)n], y2 = (int32_t)at[3 * (size_t)n];
        const uint32_t mask = at[4 * (size_t)n];
        const uint32_t above_lower = py >= y1, above_upper = py >= y2;
        const int64_t turn = ((int64_t)px - x1) * ((int64_t)y2 - y1) -
                             ((int64_t)py - y1) * ((int64_t)x2 - x1);
        const uint32_t odd = (above_lower & (above_upper ^ 1u) & (uint32_t)(turn > 0)) ^
                             (above_lower & mask >> 31) ^ (above_upper & mask >> 30);
        state ^= mask & (0u - (odd & 1u));
        if (turn == 0 && above_lower && py <= y2 && px >= (x1 < x2 ? x1 : x2) &&
            px <= (x1 < x2 ? x2 : x1))
            on |= mask;
    }
    return (state | on) & PS_GRID_AREA_BITS;
}

bool ps_descend_plain(const ps_grid *grid, const ps_reach *reach, size_t n,
                      const double *x, const double *y, ps_descent to) {
    descend(by_edge, grid, reach, n, x, y, to);
    return true;
}

void ps_descend(const ps_grid *grid, const ps_reach *reach, size_t n, const double *x,
                const double *y, ps_descent to) {
    if (!ps_descend_avx512(grid, reach, n, x, y, to) &&
        !ps_descend_avx2(grid, reach, n, x, y, to))
        ps_descend_plain(grid, reach, n, x, y, to);
}
