/* What is called certainly valid, GEOS finds valid; and that is said of nearly all that
 * is. */
#include "geo/validity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "geo/overlay.h"
#include "tests/support/test.h"

enum { MOST_BYTES = 1 << 20 };

typedef struct shape {
    unsigned char *b;
    size_t n;
} shape;

static shape make(void) {
    shape s = {malloc(MOST_BYTES), 0};
    assert_non_null(s.b);
    return s;
}

static void put(shape *s, const void *value, size_t n) {
    assert_true(s->n + n <= MOST_BYTES);
    memcpy(s->b + s->n, value, n);
    s->n += n;
}

static void put_head(shape *s, uint32_t type, uint32_t count) {
    put(s, "\1", 1);
    put(s, &type, 4);
    put(s, &count, 4);
}

static void put_ring(shape *s, uint32_t n, const double *xy) {
    put(s, &n, 4);
    put(s, xy, n * 2 * sizeof *xy);
}

static double uniform(uint64_t *seed) {
    return (double)(test_random(seed) >> 11) * 0x1p-53;
}

/* A star-shaped outline: simple, unless the radius jumps over the middle. */
static void put_star(shape *s, uint64_t *seed, uint32_t n, double x, double y, double r,
                     double ragged, double grid) {
    double *xy = malloc((n + 1) * 2 * sizeof *xy);
    assert_non_null(xy);
    for (uint32_t i = 0; i < n; i++) {
        const double a = 2 * M_PI * i / n, d = r * (1 - ragged * uniform(seed));
        xy[2 * i] = x + d * cos(a), xy[2 * i + 1] = y + d * sin(a);
        if (grid > 0) {
            xy[2 * i] = round(xy[2 * i] / grid) * grid;
            xy[2 * i + 1] = round(xy[2 * i + 1] / grid) * grid;
        }
    }
    memcpy(xy + 2 * n, xy, 2 * sizeof *xy);
    put_ring(s, n + 1, xy);
    free(xy);
}

/* Any walk over a small grid, closed; most cross, touch or turn back. */
static void put_walk(shape *s, uint64_t *seed, uint32_t n, uint64_t side, double scale) {
    double *xy = malloc((n + 1) * 2 * sizeof *xy);
    assert_non_null(xy);
    for (uint32_t i = 0; i < 2 * n; i++)
        xy[i] = (double)test_random_below(seed, side) * scale;
    memcpy(xy + 2 * n, xy, 2 * sizeof *xy);
    put_ring(s, n + 1, xy);
    free(xy);
}

typedef struct judges {
    ps_validity *quick;
    ps_overlay *geos;
    size_t certain, valid, invalid;
} judges;

static void judge(judges *j, shape s) {
    ps_error err = {PS_OK, ""};
    bool certain;
    int valid;
    char why[200];
    assert_int_equal(ps_validity_certain(j->quick, s.b, s.n, &certain, &err), PS_OK);
    assert_int_equal(ps_overlay_valid(j->geos, s.b, s.n, &valid, why, &err), PS_OK);
    if (certain && !valid) fail_msg("called certain, but: %s", why);
    j->certain += certain;
    j->valid += valid != 0;
    j->invalid += valid == 0;
    free(s.b);
}

static judges open_judges(void) {
    judges j = {0};
    ps_error err;
    assert_int_equal(ps_validity_open(&j.quick, &err), PS_OK);
    assert_int_equal(ps_overlay_open(&j.geos, &err), PS_OK);
    return j;
}

static void close_judges(judges *j) {
    ps_validity_close(j->quick);
    ps_overlay_close(j->geos);
}

static void test_outlines(void **state) {
    (void)state;
    uint64_t seed = 1;
    judges j = open_judges();
    for (int i = 0; i < 3000; i++) {
        shape s = make();
        put_head(&s, 3, 1);
        put_star(&s, &seed,
                 3 + (uint32_t)test_random_below(&seed, i % 50 == 0 ? 3000 : 90), 4e5,
                 3e5, 1 + 1000 * uniform(&seed), 0.4 * uniform(&seed),
                 i % 3 == 0 ? 0.5 : 0);
        judge(&j, s);
    }
    print_message("outlines: %zu certain of %zu valid, %zu not\n", j.certain, j.valid,
                  j.invalid);
    assert_true(j.certain * 100 > j.valid * 97 && j.invalid > 0);
    close_judges(&j);
}

/* Small whole numbers, so that everything that can go wrong does; also far from 0 and in
 * steps that binary numbers do not have. */
static void test_walks(void **state) {
    (void)state;
    static const double scales[] = {1, 0.1, 1e-7, 1e150};
    uint64_t seed = 2;
    judges j = open_judges();
    for (int i = 0; i < 60000; i++) {
        shape s = make();
        const uint32_t rings = 1 + (uint32_t)test_random_below(&seed, 2);
        put_head(&s, 3, rings);
        for (uint32_t r = 0; r < rings; r++)
            put_walk(&s, &seed, 3 + (uint32_t)test_random_below(&seed, 4),
                     3 + test_random_below(&seed, 12), scales[i % 4]);
        judge(&j, s);
    }
    print_message("walks: %zu certain of %zu valid, %zu not\n", j.certain, j.valid,
                  j.invalid);
    assert_true(j.certain * 100 > j.valid * 70 && j.invalid > 20000 && j.valid > 2000);
    close_judges(&j);
}

/* Parts and holes, side by side, in each other, and over each other. */
static void test_parts(void **state) {
    (void)state;
    uint64_t seed = 3;
    judges j = open_judges();
    for (int i = 0; i < 4000; i++) {
        shape s = make();
        const uint32_t parts = 1 + (uint32_t)test_random_below(&seed, 4);
        put_head(&s, 6, parts);
        for (uint32_t p = 0; p < parts; p++) {
            const uint32_t holes = (uint32_t)test_random_below(&seed, 3);
            const double x = 30 * uniform(&seed), y = 30 * uniform(&seed);
            put_head(&s, 3, 1 + holes);
            put_star(&s, &seed, 30, x, y, 2 + 10 * uniform(&seed), 0.2, 0);
            for (uint32_t h = 0; h < holes; h++)
                put_star(&s, &seed, 9, x + 4 * uniform(&seed) - 2,
                         y + 4 * uniform(&seed) - 2, 1.5 * uniform(&seed), 0.2, 0);
        }
        judge(&j, s);
    }
    print_message("parts: %zu certain of %zu valid, %zu not\n", j.certain, j.valid,
                  j.invalid);
    assert_true(j.certain * 100 > j.valid * 85 && j.valid > 800 && j.invalid > 800);
    close_judges(&j);
}

static bool is_certain(const shape *s) {
    ps_error err;
    ps_validity *quick = NULL;
    bool certain;
    assert_int_equal(ps_validity_open(&quick, &err), PS_OK);
    assert_int_equal(ps_validity_certain(quick, s->b, s->n, &certain, &err), PS_OK);
    ps_validity_close(quick);
    return certain;
}

static bool is_ring_certain(uint32_t n, const double *xy) {
    shape s = make();
    put_head(&s, 3, 1);
    put_ring(&s, n, xy);
    const bool certain = is_certain(&s);
    free(s.b);
    return certain;
}

static void test_by_hand(void **state) {
    (void)state;
    /* a vertex in the middle of a straight edge, and one that is repeated */
    assert_true(is_ring_certain(7, (double[]){0, 0, 1, 0, 2, 0, 2, 0, 2, 2, 0, 2, 0, 0}));
    /* a spike along its own edge, one off it, a bow, a touch, an open ring */
    assert_false(is_ring_certain(6, (double[]){0, 0, 3, 0, 2, 0, 2, 2, 0, 2, 0, 0}));
    assert_false(
        is_ring_certain(7, (double[]){0, 0, 2, 0, 3, 1, 2, 0, 2, 2, 0, 2, 0, 0}));
    assert_false(is_ring_certain(5, (double[]){0, 0, 2, 2, 2, 0, 0, 2, 0, 0}));
    assert_false(is_ring_certain(6, (double[]){0, 0, 2, 0, 2, 2, 1, 0, 0, 2, 0, 0}));
    assert_false(is_ring_certain(4, (double[]){0, 0, 2, 0, 2, 2, 0, 2}));
    assert_false(is_ring_certain(5, (double[]){0, 0, 2, 0, (double)NAN, 2, 0, 2, 0, 0}));
    assert_false(
        is_ring_certain(5, (double[]){0, 0, 2, 0, (double)INFINITY, 2, 0, 2, 0, 0}));
    /* nothing but one line */
    assert_false(is_ring_certain(4, (double[]){0, 0, 1, 0, 2, 0, 0, 0}));
    assert_false(is_ring_certain(4, (double[]){5, 5, 5, 5, 5, 5, 5, 5}));
}

/* Bytes that end early, and others that are no polygon. */
static void test_bytes(void **state) {
    (void)state;
    uint64_t seed = 4;
    shape s = make();
    put_head(&s, 6, 1);
    put_head(&s, 3, 1);
    put_star(&s, &seed, 12, 0, 0, 1, 0, 0);
    assert_true(is_certain(&s));
    for (size_t n = 0; n < s.n; n++) {
        unsigned char *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, s.b, n);
        assert_false(is_certain(&(shape){cut, n}));
        free(cut);
    }
    for (size_t i = 0; i < 22; i++) {
        s.b[i] ^= 0x41;
        assert_false(is_certain(&s));
        s.b[i] ^= 0x41;
    }
    free(s.b);
}

/* Work and room are bounded: edges that all pass all strips are left to others. */
static void test_bound(void **state) {
    (void)state;
    enum { N = 20001 };
    shape s = make();
    double *xy = malloc(2 * N * sizeof *xy);
    assert_non_null(xy);
    for (int i = 0; i < N; i++) xy[2 * i] = i, xy[2 * i + 1] = i % 2 == 0 ? 0 : 1000 + i;
    xy[2 * N - 2] = xy[0], xy[2 * N - 1] = xy[1];
    put_head(&s, 3, 1);
    put_ring(&s, N, xy);
    assert_false(is_certain(&s));
    free(xy);
    free(s.b);
}

static ps_status step(void *context, ps_error *err) {
    const shape *s = context;
    ps_validity *quick = NULL;
    bool certain = false;
    ps_status status = ps_validity_open(&quick, err);
    if (status == PS_OK) status = ps_validity_certain(quick, s->b, s->n, &certain, err);
    if (status == PS_OK) assert_true(certain);
    ps_validity_close(quick);
    return status;
}

static void test_out_of_memory(void **state) {
    (void)state;
    uint64_t seed = 5;
    shape s = make();
    put_head(&s, 3, 1);
    put_star(&s, &seed, 100, 0, 0, 1, 0.1, 0);
    assert_true(test_each_allocation_fails(step, &s) >= 5);
    free(s.b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlines),      cmocka_unit_test(test_walks),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_bytes),         cmocka_unit_test(test_bound),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
