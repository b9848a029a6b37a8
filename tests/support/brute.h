/* What locate.h promises, by looking at every edge of every area, in integers. */
#ifndef PS_TESTS_SUPPORT_BRUTE_H
#define PS_TESTS_SUPPORT_BRUTE_H

#include "geo/locate.h"

/* Inside by the even-odd rule, or on a boundary. */
static inline bool brute_covers(const ps_areas *frozen, size_t a, int64_t px,
                                int64_t py) {
    const double *box = frozen->box + 4 * a;
    if (!((double)px >= box[0] && (double)py >= box[1] && (double)px <= box[2] &&
          (double)py <= box[3]))
        return false;
    bool inside = false;
    for (uint32_t r = frozen->area_ring[a]; r < frozen->area_ring[a + 1]; r++) {
        for (uint32_t i = frozen->ring_point[r]; i + 1 < frozen->ring_point[r + 1]; i++) {
            const int64_t x1 = (int64_t)frozen->x[i], y1 = (int64_t)frozen->y[i];
            const int64_t x2 = (int64_t)frozen->x[i + 1], y2 = (int64_t)frozen->y[i + 1];
            const int64_t turn = (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1);
            if (turn == 0 && px >= (x1 < x2 ? x1 : x2) && px <= (x1 < x2 ? x2 : x1) &&
                py >= (y1 < y2 ? y1 : y2) && py <= (y1 < y2 ? y2 : y1))
                return true;
            if ((y1 <= py) != (y2 <= py) && (turn > 0) == (y2 > y1)) inside = !inside;
        }
    }
    return inside;
}

/* The answer that the rule of locate.h asks for; *tie: more than one area. */
static inline int32_t brute_locate(const ps_areas *frozen, int64_t px, int64_t py,
                                   bool *tie) {
    int32_t row = PS_NONE;
    *tie = false;
    for (size_t a = 0; a < frozen->n; a++) {
        if (!brute_covers(frozen, a, px, py)) continue;
        if (row != PS_NONE) {
            *tie = true;
            break;
        }
        row = (int32_t)a;
    }
    return row;
}

#endif
