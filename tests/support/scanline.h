/* What locate.h promises for all points of one line of latitude at once, in integers: for
 * more points than can be asked of every edge one by one.
 *
 * An area holds the points of a line between its first and second crossing, its third and
 * fourth, and so on, and those on its edges. So the answer changes only at crossings.
 */
#ifndef PS_TESTS_SUPPORT_SCANLINE_H
#define PS_TESTS_SUPPORT_SCANLINE_H

#include "engine/core/par.h"
#include "tests/support/tiling.h"

/* The points low .. high, both included, are in the area. */
typedef struct scanline_span {
    int64_t low, high;
    int32_t row;
} scanline_span;

typedef struct scanline {
    scanline_span *span; /* by low; those of one area apart */
    size_t n, room;
    int64_t *cut;
    size_t cut_room;
} scanline;

static inline void scanline_free(scanline *s) {
    free(s->span);
    free(s->cut);
    *s = (scanline){0};
}

static inline int scanline_by_low(const void *a, const void *b) {
    const scanline_span *s = a, *t = b;
    if (s->low != t->low) return s->low < t->low ? -1 : 1;
    return (s->row > t->row) - (s->row < t->row);
}

static inline int scanline_by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static inline void scanline_add(scanline *s, int64_t low, int64_t high, size_t row) {
    if (s->n == s->room) {
        s->room = s->room > 0 ? 2 * s->room : 1024;
        s->span = realloc(s->span, s->room * sizeof *s->span);
        assert_non_null(s->span);
    }
    s->span[s->n++] = (scanline_span){low, high, (int32_t)row};
}

/* The spans of one area, from where its edges cross the line. */
static inline void scanline_area(scanline *s, const ps_areas *frozen, size_t a,
                                 int64_t y) {
    const size_t first = s->n;
    size_t cuts = 0;
    for (uint32_t r = frozen->area_ring[a]; r < frozen->area_ring[a + 1]; r++) {
        for (uint32_t i = frozen->ring_point[r]; i + 1 < frozen->ring_point[r + 1]; i++) {
            if ((frozen->y[i] > (double)y && frozen->y[i + 1] > (double)y) ||
                (frozen->y[i] < (double)y && frozen->y[i + 1] < (double)y))
                continue;
            const int64_t x1 = (int64_t)frozen->x[i], y1 = (int64_t)frozen->y[i];
            const int64_t x2 = (int64_t)frozen->x[i + 1], y2 = (int64_t)frozen->y[i + 1];
            if (y1 == y2) { /* along the line */
                scanline_add(s, x1 < x2 ? x1 : x2, x1 < x2 ? x2 : x1, a);
                continue;
            }
            int64_t over = (x2 - x1) * (y - y1), under = y2 - y1;
            if (under < 0) over = -over, under = -under;
            int64_t steps = over / under;
            if (steps * under > over) steps--; /* downwards */
            if (steps * under == over) scanline_add(s, x1 + steps, x1 + steps, a);
            if ((y1 <= y) == (y2 <= y)) continue;
            if (cuts == s->cut_room) {
                s->cut_room = cuts > 0 ? 2 * cuts : 256;
                s->cut = realloc(s->cut, s->cut_room * sizeof *s->cut);
                assert_non_null(s->cut);
            }
            s->cut[cuts++] = x1 + steps;
        }
    }
    assert_int_equal(cuts % 2, 0);
    if (cuts > 0) qsort(s->cut, cuts, sizeof *s->cut, scanline_by_value);
    for (size_t i = 0; i < cuts; i += 2)
        if (s->cut[i] < s->cut[i + 1]) scanline_add(s, s->cut[i] + 1, s->cut[i + 1], a);
    if (s->n == first) return;
    /* what overlaps or follows is one */
    qsort(s->span + first, s->n - first, sizeof *s->span, scanline_by_low);
    size_t n = first + 1;
    for (size_t i = first + 1; i < s->n; i++) {
        scanline_span *last = &s->span[n - 1];
        if (s->span[i].low > last->high + 1)
            s->span[n++] = s->span[i];
        else if (s->span[i].high > last->high)
            last->high = s->span[i].high;
    }
    s->n = n;
}

static inline void scanline_of(scanline *s, const ps_areas *frozen, int64_t y) {
    s->n = 0;
    for (size_t a = 0; a < frozen->n; a++) {
        const double *box = frozen->box + 4 * a;
        if (box[1] <= (double)y && (double)y <= box[3]) scanline_area(s, frozen, a, y);
    }
    if (s->n > 0) qsort(s->span, s->n, sizeof *s->span, scanline_by_low);
}

/* The rows of n points of the line, whose x ascend, and how many of them are ties. */
static inline int64_t scanline_rows(const scanline *s, size_t n, const int64_t *x,
                                    int32_t *row) {
    int64_t ties = 0;
    size_t next = 0, open = 0;
    scanline_span *now = malloc((s->n + 1) * sizeof *now);
    assert_non_null(now);
    for (size_t i = 0; i < n; i++) {
        while (next < s->n && s->span[next].low <= x[i]) now[open++] = s->span[next++];
        size_t holders = 0;
        row[i] = PS_NONE;
        for (size_t k = 0; k < open;) {
            if (now[k].high < x[i]) {
                now[k] = now[--open];
                continue;
            }
            if (holders++ == 0 || now[k].row < row[i]) row[i] = now[k].row;
            k++;
        }
        ties += holders > 1;
    }
    free(now);
    return ties;
}

/* --- many points of many lines --- */

enum { SCANLINE_LAYERS = 4, SCANLINE_BORDERS = 64 };

typedef struct scanline_job {
    const ps_locator *locator;
    size_t layers;
    ps_areas *const *frozen; /* one per layer, all of one unit */
    uint64_t seed;
    size_t random; /* points on each line beside those that matter */
    int64_t low[2], high[2];
    size_t *asked; /* by line: the points that were compared */
} scanline_job;

/* A line through vertices, one unit beside them, where cells of the index may begin or
 * end, or anywhere. */
static inline int64_t scanline_choose(const scanline_job *j, size_t line,
                                      uint64_t *random) {
    const uint64_t tall = (uint64_t)(j->high[1] - j->low[1]) + 3;
    const int64_t y = j->low[1] - 1 + (int64_t)test_random_below(random, tall);
    const ps_areas *f = j->frozen[line % j->layers];
    if (line % 4 < 2 && f->n_points > 0)
        return (int64_t)f->y[test_random_below(random, f->n_points)] +
               (int64_t)test_random_below(random, 3) - 1;
    if (line % 4 == 2) return y;
    const int bits = (int)test_random_below(random, 24);
    return j->low[1] + ((y - j->low[1]) >> bits << bits) -
           (int64_t)test_random_below(random, 2);
}

/* Points that matter: the ends of all spans and the units beside them, and the borders of
 * cells. */
static inline size_t scanline_ends(const scanline_job *j, const scanline *s,
                                   uint64_t *random, int64_t **x) {
    size_t n = 0;
    for (size_t l = 0; l < j->layers; l++) n += 6 * s[l].n;
    *x = malloc((n + SCANLINE_BORDERS) * sizeof **x);
    assert_non_null(*x);
    n = 0;
    for (size_t l = 0; l < j->layers; l++) {
        for (size_t i = 0; i < s[l].n; i++) {
            for (int64_t d = -1; d <= 1; d++) {
                (*x)[n++] = s[l].span[i].low + d;
                (*x)[n++] = s[l].span[i].high + d;
            }
        }
    }
    for (int i = 0; i < SCANLINE_BORDERS; i++) {
        const uint64_t wide = (uint64_t)(j->high[0] - j->low[0]) + 1;
        const int64_t at = (int64_t)test_random_below(random, wide);
        (*x)[n++] = j->low[0] + (at >> i % 24 << i % 24) - i % 2;
    }
    qsort(*x, n, sizeof **x, scanline_by_value);
    return n;
}

/* PS_FORMAT with a sentence for the first difference. */
static inline ps_status scanline_compare(const scanline_job *j, const scanline *s,
                                         int64_t py, size_t n, const int64_t *px,
                                         ps_error *err) {
    const double scale = round(1 / ps_locator_unit(j->locator, 0));
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    int32_t *row = malloc(j->layers * n * sizeof *row), *want = malloc(n * sizeof *want);
    int64_t ties[SCANLINE_LAYERS] = {0};
    assert_true(x != NULL && y != NULL && row != NULL && want != NULL);
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)px[i] / scale;
        y[i] = (double)py / scale;
        assert_true(ps_locator_freeze(j->locator, 0, x[i]) == px[i] &&
                    ps_locator_freeze(j->locator, 0, y[i]) == py);
    }
    ps_status status = PS_OK;
    ps_locate(j->locator, n, x, y, row, ties);
    for (size_t l = 0; l < j->layers && status == PS_OK; l++) {
        const int64_t want_ties = scanline_rows(&s[l], n, px, want);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            if (row[l * n + i] != want[i])
                status =
                    ps_fail(err, PS_FORMAT,
                            "point %lld %lld is in row %d of layer %zu, found in %d",
                            (long long)px[i], (long long)py, want[i], l, row[l * n + i]);
        if (status == PS_OK && ties[l] != want_ties)
            status =
                ps_fail(err, PS_FORMAT, "line %lld: %lld ties in layer %zu, found %lld",
                        (long long)py, (long long)want_ties, l, (long long)ties[l]);
    }
    free(x);
    free(y);
    free(row);
    free(want);
    return status;
}

static inline ps_status scanline_check_lines(void *context, size_t begin, size_t end,
                                             int worker, ps_error *err) {
    (void)worker;
    const scanline_job *j = context;
    ps_status status = PS_OK;
    for (size_t line = begin; line < end && status == PS_OK; line++) {
        uint64_t random = j->seed * 1000003 + line;
        const int64_t y = scanline_choose(j, line, &random);
        scanline s[SCANLINE_LAYERS] = {{0}};
        for (size_t l = 0; l < j->layers; l++) scanline_of(&s[l], j->frozen[l], y);
        int64_t *x = NULL;
        const size_t ends = scanline_ends(j, s, &random, &x);
        status = scanline_compare(j, s, y, ends, x, err);
        free(x);
        x = malloc((j->random + 1) * sizeof *x);
        assert_non_null(x);
        const double wide = (double)(j->high[0] - j->low[0] + 20) / (double)j->random;
        for (size_t i = 0; i < j->random; i++)
            x[i] =
                j->low[0] - 10 + (int64_t)(((double)i + tiling_uniform(&random)) * wide);
        if (status == PS_OK) status = scanline_compare(j, s, y, j->random, x, err);
        free(x);
        for (size_t l = 0; l < j->layers; l++) scanline_free(&s[l]);
        j->asked[line] = ends + j->random;
    }
    return status;
}

/* An index of layers of one unit against the lines, in parallel: the number of points
 * compared, each in every layer. */
static inline size_t scanline_check(const ps_areas *const *areas, size_t layers,
                                    bool geographic, uint64_t seed, size_t lines,
                                    size_t random) {
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    ps_areas *frozen[SCANLINE_LAYERS];
    ps_locator_layer layer[SCANLINE_LAYERS];
    assert_true(layers > 0 && layers <= SCANLINE_LAYERS);
    for (size_t i = 0; i < layers; i++) layer[i] = (ps_locator_layer){areas[i], NULL};
    if (ps_locator_build(layer, layers, geographic, &l, &err) != PS_OK)
        fail_msg("%s", err.text);
    scanline_job j = {.locator = l,
                      .layers = layers,
                      .frozen = frozen,
                      .seed = seed,
                      .random = random,
                      .low = {INT64_MAX, INT64_MAX},
                      .high = {INT64_MIN, INT64_MIN},
                      .asked = calloc(lines, sizeof *j.asked)};
    assert_non_null(j.asked);
    for (size_t i = 0; i < layers; i++) {
        assert_int_equal(ps_locator_frozen_areas(l, i, &frozen[i], &err), PS_OK);
        assert_true(ps_locator_unit(l, i) == ps_locator_unit(l, 0));
        for (size_t p = 0; p < frozen[i]->n_points; p++) {
            const int64_t at[2] = {(int64_t)frozen[i]->x[p], (int64_t)frozen[i]->y[p]};
            for (int d = 0; d < 2; d++) {
                j.low[d] = at[d] < j.low[d] ? at[d] : j.low[d];
                j.high[d] = at[d] > j.high[d] ? at[d] : j.high[d];
            }
        }
    }
    if (ps_par_for(lines, 1, scanline_check_lines, &j, &err) != PS_OK)
        fail_msg("%s", err.text);
    size_t asked = 0;
    for (size_t i = 0; i < lines; i++) asked += j.asked[i];
    free(j.asked);
    for (size_t i = 0; i < layers; i++) ps_areas_free(frozen[i]);
    ps_locator_free(l);
    return asked;
}

#endif
