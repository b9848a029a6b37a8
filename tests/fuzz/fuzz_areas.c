/* Any bytes as boundary arrays: built, frozen, indexed, and every vertex, its neighbours
 * and some points between located as brute force does.
 *
 *   byte 0   bit 0 geographic, bits 1-2 kind of the coordinates
 *   then     a byte below 32 starts an area; any other a ring of (byte - 32) % 24 points,
 *            whose coordinates follow: 0 two bytes of units, 1 four bytes of units,
 *            2 a double as it stands, 3 one byte of whole CRS units
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/brute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_AREAS = 200, MOST_POINTS = 400 };

typedef struct reader {
    const uint8_t *p;
    size_t n;
} reader;

static bool take(reader *r, void *to, size_t n) {
    if (r->n < n) return false;
    memcpy(to, r->p, n);
    r->p += n;
    r->n -= n;
    return true;
}

static bool coordinate(reader *r, int kind, double unit, double *out) {
    int16_t small;
    int32_t large;
    int8_t tiny;
    switch (kind) {
        case 0:
            if (!take(r, &small, sizeof small)) return false;
            *out = small * unit;
            return true;
        case 1:
            if (!take(r, &large, sizeof large)) return false;
            *out = large * unit;
            return true;
        case 2:
            return take(r, out, sizeof *out);
        default:
            if (!take(r, &tiny, sizeof tiny)) return false;
            *out = tiny;
            return true;
    }
}

static ps_areas *read_areas(reader *r, int kind, bool geographic) {
    ps_error err;
    ps_areas_builder *b = NULL;
    ps_areas *areas = NULL;
    if (ps_areas_builder_create(&b, &err) != PS_OK) abort();
    unsigned n = 0;
    size_t points = 0;
    uint8_t what;
    while (n < MOST_AREAS && points < MOST_POINTS && take(r, &what, 1)) {
        if (what < 32 || n == 0) {
            /* not in order of arrival, so that they are sorted */
            const char code[3] = {(char)('A' + n * 7 % 26), (char)('a' + n / 26), '\0'};
            n++;
            if (ps_areas_builder_area(b, ps_str_of(code), ps_str_of(NULL), &err) != PS_OK)
                abort();
            continue;
        }
        double x[24], y[24];
        size_t ring = 0;
        while (ring < (size_t)(what - 32) % 24 &&
               coordinate(r, kind, geographic ? 1e-8 : 1e-3, &x[ring]) &&
               coordinate(r, kind, geographic ? 1e-8 : 1e-3, &y[ring]))
            ring++;
        /* a refused ring is not there */
        if (ps_areas_builder_ring(b, ring, x, y, &err) == PS_OK) points += ring;
    }
    if (ps_areas_builder_finish(b, NULL, &areas, &err) != PS_OK) abort();
    return areas;
}

static void check(const ps_locator *l, const ps_areas *frozen, int64_t px, int64_t py) {
    const double unit = ps_locator_unit(l, 0);
    const double x = (double)px * unit, y = (double)py * unit;
    bool tie;
    const int32_t want = brute_locate(frozen, ps_locator_freeze(l, 0, x),
                                      ps_locator_freeze(l, 0, y), &tie);
    int32_t row = -2;
    int64_t ties = 0;
    ps_locate(l, 1, &x, &y, &row, &ties);
    if (row != want || ties != (int64_t)tie) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_error err;
    reader r = {data, size};
    uint8_t head;
    if (!take(&r, &head, 1)) return 0;
    const bool geographic = head & 1;
    ps_set_threads(1 + (head >> 3) % 3);
    ps_areas *areas = read_areas(&r, head >> 1 & 3, geographic);
    double *square = calloc(areas->n + 1, sizeof *square);
    if (square == NULL || ps_areas_measure(areas, square, &err) != PS_OK) abort();
    free(square);
    ps_locator *l = NULL;
    ps_areas *frozen = NULL;
    if (ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, geographic, &l, &err) ==
        PS_OK) {
        if (ps_locator_frozen_areas(l, 0, &frozen, &err) != PS_OK) abort();
        for (size_t i = 0; i < frozen->n_points; i++) {
            const int64_t x = (int64_t)frozen->x[i], y = (int64_t)frozen->y[i];
            const size_t j = (i * 7 + 3) % frozen->n_points;
            for (int k = 0; k < 9; k++) check(l, frozen, x + k % 3 - 1, y + k / 3 - 1);
            check(l, frozen, x, (int64_t)frozen->y[j]);
            check(l, frozen, (x + (int64_t)frozen->x[j]) / 2,
                  (y + (int64_t)frozen->y[j]) / 2);
        }
    } else if (err.status != PS_LIMIT) {
        abort();
    }
    ps_areas_free(frozen);
    ps_locator_free(l);
    ps_areas_free(areas);
    return 0;
}
