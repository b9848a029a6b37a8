/* Any bytes as boundary arrays: built, frozen, indexed, and every vertex, its neighbours
 * and some points between located as brute force does.
 *
 *   byte 0   bit 0 geographic, bits 1-2 kind of the coordinates
 *   then     a byte below 31 starts an area, 31 a layer; any other a ring of (byte - 32)
 * % 24 points, whose coordinates follow: 0 two bytes of units, 1 four bytes of units, 2 a
 * double as it stands, 3 one byte of whole CRS units
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/brute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_AREAS = 200, MOST_POINTS = 400, MOST_LAYERS = 4 };

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

/* Up to the next layer. */
static ps_areas *read_areas(reader *r, int kind, bool geographic) {
    ps_error err;
    ps_areas_builder *b = NULL;
    ps_areas *areas = NULL;
    if (ps_areas_builder_create(&b, &err) != PS_OK) abort();
    unsigned n = 0;
    size_t points = 0;
    uint8_t what;
    while (n < MOST_AREAS && points < MOST_POINTS && take(r, &what, 1) && what != 31) {
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

static void check(const ps_locator *l, ps_areas *const *frozen, size_t layers,
                  double unit, int64_t px, int64_t py) {
    const double x = (double)px * unit, y = (double)py * unit;
    int32_t row[MOST_LAYERS];
    int64_t ties[MOST_LAYERS] = {0};
    ps_locate(l, 1, &x, &y, row, ties);
    for (size_t i = 0; i < layers; i++) {
        bool tie;
        const int32_t want = brute_locate(frozen[i], ps_locator_freeze(l, i, x),
                                          ps_locator_freeze(l, i, y), &tie);
        if (row[i] != want || ties[i] != (int64_t)tie) abort();
    }
}

static void check_points_of(const ps_locator *l, ps_areas *const *frozen, size_t layers,
                            size_t from) {
    const ps_areas *f = frozen[from];
    const double unit = ps_locator_unit(l, from);
    for (size_t i = 0; i < f->n_points; i++) {
        const int64_t x = (int64_t)f->x[i], y = (int64_t)f->y[i];
        const size_t j = (i * 7 + 3) % f->n_points;
        for (int k = 0; k < 9; k++)
            check(l, frozen, layers, unit, x + k % 3 - 1, y + k / 3 - 1);
        check(l, frozen, layers, unit, x, (int64_t)f->y[j]);
        check(l, frozen, layers, unit, (x + (int64_t)f->x[j]) / 2,
              (y + (int64_t)f->y[j]) / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_error err;
    reader r = {data, size};
    uint8_t head;
    if (!take(&r, &head, 1)) return 0;
    const bool geographic = head & 1;
    ps_set_threads(1 + (head >> 3) % 3);
    ps_areas *areas[MOST_LAYERS], *frozen[MOST_LAYERS] = {NULL};
    ps_locator_layer layer[MOST_LAYERS];
    size_t layers = 0;
    do {
        areas[layers] = read_areas(&r, head >> 1 & 3, geographic);
        layer[layers] = (ps_locator_layer){areas[layers], NULL};
        layers++;
    } while (r.n > 0 && layers < MOST_LAYERS);
    double *square = calloc(areas[0]->n + 1, sizeof *square);
    if (square == NULL || ps_areas_measure(areas[0], square, &err) != PS_OK) abort();
    free(square);
    ps_locator *l = NULL;
    if (ps_locator_build(layer, layers, geographic, &l, &err) == PS_OK) {
        for (size_t i = 0; i < layers; i++)
            if (ps_locator_frozen_areas(l, i, &frozen[i], &err) != PS_OK) abort();
        for (size_t i = 0; i < layers; i++) check_points_of(l, frozen, layers, i);
    } else if (err.status != PS_LIMIT) {
        abort();
    }
    ps_locator_free(l);
    for (size_t i = 0; i < layers; i++) {
        ps_areas_free(frozen[i]);
        ps_areas_free(areas[i]);
    }
    return 0;
}
