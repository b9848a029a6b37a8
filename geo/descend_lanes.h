/* Which areas of a block hold a point, eight edges at a time. */
#ifndef PS_GEO_DESCEND_LANES_H
#define PS_GEO_DESCEND_LANES_H

#include <string.h>

#include "geo/descend.h"

typedef uint32_t words __attribute__((vector_size(PS_GRID_LANES * 4)));
typedef int32_t signs __attribute__((vector_size(PS_GRID_LANES * 4)));
typedef int64_t wide __attribute__((vector_size(PS_GRID_LANES * 8)));
_Static_assert(PS_GRID_LANES == 8, "the shuffles below");

static inline void load(words *to, const uint32_t *from) {
    memcpy(to, from, sizeof *to);
}

/* Differences of positions below 2^31 fit a lane; products of two need twice as much. */
static inline void multiply(const words *a, const words *b, wide *out) {
    *out = __builtin_convertvector((signs)*a, wide) *
           __builtin_convertvector((signs)*b, wide);
}

/* As in descend.c, edge by edge; what lies in lanes behind the last edge is masked out.
 */
static inline uint32_t by_lanes(const uint32_t *block, int32_t px, int32_t py,
                                const uint32_t **end) {
    const uint32_t n = ps_grid_head_edges(block[0]);
    const uint32_t *at = block + 2 + ps_grid_head_areas(block[0]);
    const words none = {0}, lane = {0, 1, 2, 3, 4, 5, 6, 7};
    words toggled = none, on = none;
    *end = at + (size_t)n * PS_GRID_EDGE_WORDS;
    for (size_t i = 0; i < n; i += PS_GRID_LANES, at += PS_GRID_LANES) {
        words x1, y1, x2, y2, mask;
        load(&x1, at), load(&y1, at + n);
        load(&x2, at + 2 * (size_t)n), load(&y2, at + 3 * (size_t)n);
        load(&mask, at + 4 * (size_t)n);
        mask &= (words)(lane < n - (uint32_t)i);
        const words dx = (uint32_t)px - x1, dy = (uint32_t)py - y1;
        const words ex = x2 - x1, ey = y2 - y1;
        const signs above_lower = py >= (signs)y1, above_upper = py >= (signs)y2;
        wide one, other;
        multiply(&dx, &ey, &one);
        multiply(&dy, &ex, &other);
        const signs right = __builtin_convertvector(one > other, signs);
        const signs odd = (above_lower & ~above_upper & right) ^
                          (above_lower & ((signs)mask >> 31)) ^
                          (above_upper & ((signs)(mask << 1) >> 31));
        toggled ^= mask & (words)odd;
        const signs flat = __builtin_convertvector(one == other, signs);
        on |= mask & (words)(flat & above_lower & (py <= (signs)y2) &
                             (((px >= (signs)x1) & (px <= (signs)x2)) |
                              ((px >= (signs)x2) & (px <= (signs)x1))));
    }
    toggled ^= __builtin_shufflevector(toggled, toggled, 4, 5, 6, 7, 0, 1, 2, 3);
    toggled ^= __builtin_shufflevector(toggled, toggled, 2, 3, 0, 1, 6, 7, 4, 5);
    toggled ^= __builtin_shufflevector(toggled, toggled, 1, 0, 3, 2, 5, 4, 7, 6);
    on |= __builtin_shufflevector(on, on, 4, 5, 6, 7, 0, 1, 2, 3);
    on |= __builtin_shufflevector(on, on, 2, 3, 0, 1, 6, 7, 4, 5);
    on |= __builtin_shufflevector(on, on, 1, 0, 3, 2, 5, 4, 7, 6);
    return ((block[1] ^ toggled[0]) | on[0]) & PS_GRID_AREA_BITS;
}

#endif
