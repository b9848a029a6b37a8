/* Rings of areas to multipolygons and back; unions; points inside. */
#include "geo/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/overlay.h"
#include "tests/support/test.h"

static void add_box(ps_areas_builder *b, double x, double y, double w, double h,
                    bool clockwise) {
    ps_error err;
    double px[] = {x, x + w, x + w, x, x}, py[] = {y, y, y + h, y + h, y};
    if (clockwise) {
        px[1] = x, py[1] = y + h;
        px[3] = x + w, py[3] = y;
    }
    assert_int_equal(ps_areas_builder_ring(b, 5, px, py, &err), PS_OK);
}

static ps_areas_builder *start(const char *code) {
    ps_error err;
    ps_areas_builder *b = NULL;
    assert_int_equal(ps_areas_builder_create(&b, &err), PS_OK);
    assert_int_equal(ps_areas_builder_area(b, ps_str_of(code), ps_str_of("name"), &err),
                     PS_OK);
    return b;
}

static ps_areas *finish(ps_areas_builder *b, const char *crs_code) {
    ps_error err;
    ps_areas *areas = NULL;
    ps_crs *crs = NULL;
    if (crs_code != NULL) assert_int_equal(ps_crs_open(crs_code, &crs, &err), PS_OK);
    assert_int_equal(ps_areas_builder_finish(b, crs, &areas, &err), PS_OK);
    return areas;
}

typedef struct found {
    uint32_t parts, rings[64];
    double turn[64][8]; /* signed area of each ring */
} found;

static found parse(const ps_wkb *w) {
    found f = {0};
    const unsigned char *at = w->bytes;
    assert_int_equal(at[0], 1);
    uint32_t type;
    memcpy(&type, at + 1, 4);
    assert_int_equal(type, 6);
    memcpy(&f.parts, at + 5, 4);
    at += 9;
    for (uint32_t p = 0; p < f.parts; p++) {
        memcpy(&f.rings[p], at + 5, 4);
        at += 9;
        for (uint32_t r = 0; r < f.rings[p]; r++) {
            uint32_t n;
            memcpy(&n, at, 4);
            at += 4;
            double before[2] = {0, 0}, xy[2];
            for (uint32_t i = 0; i < n; i++, at += 16) {
                memcpy(xy, at, 16);
                if (i > 0) f.turn[p][r] += (before[0] * xy[1] - xy[0] * before[1]) / 2;
                memcpy(before, xy, 16);
            }
        }
    }
    assert_true(at == w->bytes + w->n);
    return f;
}

static void nests_by_even_and_odd(void **state) {
    (void)state;
    ps_error err;
    ps_areas_builder *b = start("A");
    add_box(b, 4, 4, 2, 2, false);  /* island in the hole */
    add_box(b, 0, 0, 10, 10, true); /* outline, the wrong way round */
    add_box(b, 2, 2, 6, 6, false);  /* hole, the wrong way round */
    add_box(b, 20, 0, 5, 5, false); /* another part */
    add_box(b, 21, 1, 1, 1, false); /* with two holes */
    add_box(b, 23, 1, 1, 1, true);
    add_box(b, 10, 0, 1, 10, false); /* touches the outline from outside */
    add_box(b, 0, 4, 1, 2, false);   /* hole that touches the outline from inside */
    ps_areas *areas = finish(b, NULL);
    ps_wkb w = {NULL, 0, 0};
    assert_int_equal(ps_shape_write(areas, 0, &w, &err), PS_OK);
    found f = parse(&w);
    assert_int_equal(f.parts, 4);
    const double outer[] = {4, 100, 25, 10};
    const uint32_t rings[] = {1, 3, 3, 1};
    for (uint32_t p = 0; p < f.parts; p++) {
        assert_int_equal(f.rings[p], rings[p]);
        assert_true(fabs(f.turn[p][0] - outer[p]) < 1e-9);
        for (uint32_t r = 1; r < f.rings[p]; r++) assert_true(f.turn[p][r] < 0);
    }
    assert_true(fabs(f.turn[1][1] + 36) < 1e-9 && fabs(f.turn[1][2] + 2) < 1e-9);

    /* Back again: the same rings, another way round where they were wrong. */
    b = start("A");
    assert_int_equal(ps_shape_read(w.bytes, w.n, b, &err), PS_OK);
    ps_areas *back = finish(b, NULL);
    assert_int_equal(back->n_rings, areas->n_rings);
    double one, two;
    assert_int_equal(ps_areas_measure(areas, &one, &err), PS_OK);
    assert_int_equal(ps_areas_measure(back, &two, &err), PS_OK);
    assert_true(fabs(one - 99) < 1e-9 && one == two);
    for (size_t cut = 0; cut < w.n; cut++) { /* bytes cut short are refused, not read */
        b = start("A");
        assert_int_equal(ps_shape_read(w.bytes, cut, b, &err), PS_FORMAT);
        ps_areas_builder_free(b);
    }
    ps_wkb_free(&w);
    ps_areas_free(areas);
    ps_areas_free(back);
}

/* Boxes in boxes in boxes, shuffled: depth decides, however many rings there are. */
static void nests_deep_and_wide(void **state) {
    (void)state;
    ps_error err;
    uint64_t seed = 7;
    ps_areas_builder *b = start("A");
    enum { DEEP = 21, WIDE = 400 };
    size_t order[DEEP + WIDE];
    for (size_t i = 0; i < DEEP + WIDE; i++) order[i] = i;
    for (size_t i = DEEP + WIDE - 1; i > 0; i--) {
        size_t j = (size_t)test_random_below(&seed, i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    double expected = 0;
    for (size_t i = 0; i < DEEP + WIDE; i++) {
        size_t k = order[i];
        if (k < DEEP) { /* concentric */
            double size = 100 - 4.0 * (double)k;
            add_box(b, -size, -size, 2 * size, 2 * size, k % 3 == 0);
            expected += k % 2 == 0 ? 4 * size * size : -4 * size * size;
        } else { /* in the outermost ring of ground: holes */
            double x = -99 + 190 * (double)(k - DEEP) / WIDE;
            add_box(b, x, 97, 0.25, 1, k % 2 == 0);
            expected -= 0.25;
        }
    }
    ps_areas *areas = finish(b, NULL);
    ps_wkb w = {NULL, 0, 0};
    assert_int_equal(ps_shape_write(areas, 0, &w, &err), PS_OK);
    ps_overlay *o = NULL;
    assert_int_equal(ps_overlay_open(&o, &err), PS_OK);
    int valid;
    char reason[200];
    assert_int_equal(ps_overlay_valid(o, w.bytes, w.n, &valid, reason, &err), PS_OK);
    assert_string_equal(reason, "");
    double square;
    assert_int_equal(ps_areas_measure(areas, &square, &err), PS_OK);
    assert_true(fabs(square - expected) < 1e-6);
    ps_overlay_close(o);
    ps_wkb_free(&w);
    ps_areas_free(areas);
}

/* A row of ten unit boxes named 0..9, with 0.2 mm of noise between neighbours, and an
 * area without shape. */
static ps_areas *boxes(void) {
    ps_error err;
    ps_areas_builder *b = NULL;
    assert_int_equal(ps_areas_builder_create(&b, &err), PS_OK);
    for (int i = 0; i < 11; i++) {
        const char code[2] = {(char)('0' + i), '\0'};
        assert_int_equal(ps_areas_builder_area(b, ps_str_of(i < 10 ? code : "none"),
                                               ps_str_of("x"), &err),
                         PS_OK);
        if (i < 10) add_box(b, i, 0, 1 - 0.0002 * (i % 2), 1, false);
    }
    return finish(b, "EPSG:27700");
}

typedef struct uniting {
    ps_areas *areas;
    ps_areas *out;
} uniting;

static const size_t offset[] = {0, 3, 5, 6, 7, 7};
static const int32_t member[] = {0, 1, 2, 7, 9, 5, 10};

static ps_status unite(void *context, ps_error *err) {
    uniting *u = context;
    const ps_str code[] = {ps_str_of("near"), ps_str_of("far"), ps_str_of("one"),
                           ps_str_of("shapeless"), ps_str_of("empty")};
    return ps_areas_union(u->areas, 5, offset, member, code, code, &u->out, err);
}

static void unites_groups(void **state) {
    (void)state;
    ps_error err;
    uniting u = {boxes(), NULL};
    for (int threads = 1; threads <= 7; threads += 3) {
        ps_set_threads(threads);
        assert_int_equal(unite(&u, &err), PS_OK);
        ps_areas *a = u.out;
        assert_int_equal(a->n, 5);
        assert_string_equal(ps_crs_code(a->crs), "EPSG:27700");
        const char *const codes[] = {"empty", "far", "near", "one", "shapeless"};
        const size_t rings[] = {0, 2, 1, 1, 0};
        const double square[] = {0, 2, 3, 1, 0};
        double measured[5];
        assert_int_equal(ps_areas_measure(a, measured, &err), PS_OK);
        for (size_t i = 0; i < 5; i++) {
            assert_true(ps_str_is(a->code[i], codes[i]));
            assert_int_equal(a->area_ring[i + 1] - a->area_ring[i], rings[i]);
            assert_true(fabs(measured[i] - square[i]) < 0.001);
        }
        ps_areas_free(a);
    }
    ps_set_threads(2);
    assert_true(test_each_allocation_fails(unite, &u) > 10);
    ps_areas_free(u.out);
    ps_areas *areas = boxes();
    double x[11], y[11];
    assert_int_equal(ps_areas_interior_points(areas, x, y, &err), PS_OK);
    for (int i = 0; i < 10; i++)
        assert_true(x[i] > i && x[i] < i + 1 && y[i] > 0 && y[i] < 1);
    assert_true(isnan(x[10]) && isnan(y[10]));
    ps_set_threads(0);
    ps_areas_free(areas);
    ps_areas_free(u.areas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nests_by_even_and_odd),
        cmocka_unit_test(nests_deep_and_wide),
        cmocka_unit_test(unites_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
