/* Polygons through GEOS: validity, repair, union, a point inside. */
#include "geo/overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

typedef struct bytes {
    unsigned char b[4096];
    size_t n;
} bytes;

static void put(bytes *w, const void *value, size_t n) {
    assert_true(w->n + n <= sizeof w->b);
    memcpy(w->b + w->n, value, n);
    w->n += n;
}

static void put_head(bytes *w, uint32_t type, uint32_t count) {
    put(w, "\1", 1);
    put(w, &type, 4);
    put(w, &count, 4);
}

/* xy: n pairs. */
static void put_ring(bytes *w, uint32_t n, const double *xy) {
    put(w, &n, 4);
    put(w, xy, n * 2 * sizeof *xy);
}

static bytes square(double x, double y, double size) {
    const double xy[] = {x, y, x + size, y, x + size, y + size, x, y + size, x, y};
    bytes w = {.n = 0};
    put_head(&w, 3, 1);
    put_ring(&w, 5, xy);
    return w;
}

static bytes polygon(uint32_t n, const double *xy) {
    bytes w = {.n = 0};
    put_head(&w, 3, 1);
    put_ring(&w, n, xy);
    return w;
}

static ps_overlay *must_open(void) {
    ps_error err;
    ps_overlay *o = NULL;
    assert_int_equal(ps_overlay_open(&o, &err), PS_OK);
    return o;
}

/* Sum of the shoelace areas of a polygon or multipolygon, holes counted as negative when
 * they run the other way. */
static double area_of(const unsigned char *b, size_t n, uint32_t *polygons) {
    const unsigned char *at = b, *end = b + n;
    uint32_t type, parts = 1;
    double sum = 0;
    memcpy(&type, at + 1, 4);
    if (type == 6) {
        memcpy(&parts, at + 5, 4);
        at += 9;
    } else {
        assert_int_equal(type, 3);
    }
    *polygons = parts;
    for (uint32_t p = 0; p < parts; p++) {
        uint32_t rings;
        memcpy(&rings, at + 5, 4);
        at += 9;
        for (uint32_t r = 0; r < rings; r++) {
            uint32_t points;
            memcpy(&points, at, 4);
            at += 4;
            double twice = 0, before[2] = {0, 0}, xy[2];
            for (uint32_t i = 0; i < points; i++, at += 16) {
                assert_true(at + 16 <= end);
                memcpy(xy, at, 16);
                if (i > 0) twice += before[0] * xy[1] - xy[0] * before[1];
                memcpy(before, xy, 16);
            }
            sum += r == 0 ? fabs(twice) / 2 : -fabs(twice) / 2;
        }
    }
    assert_true(at == end);
    return sum;
}

static const double bow_tie[] = {0, 0, 2, 2, 2, 0, 0, 2, 0, 0};

static void says_what_is_wrong(void **state) {
    (void)state;
    ps_error err;
    ps_overlay *o = must_open();
    int valid = -1;
    char reason[200];
    bytes good = square(10, 10, 5);
    assert_int_equal(ps_overlay_valid(o, good.b, good.n, &valid, reason, &err), PS_OK);
    assert_int_equal(valid, 1);
    assert_string_equal(reason, "");
    bytes tie = polygon(5, bow_tie);
    assert_int_equal(ps_overlay_valid(o, tie.b, tie.n, &valid, reason, &err), PS_OK);
    assert_int_equal(valid, 0);
    assert_string_equal(reason, "Self-intersection at 1 1");
    const double open_ring[] = {0, 0, 1, 0, 1, 1, 0, 1};
    bytes open = polygon(4, open_ring);
    assert_int_equal(ps_overlay_valid(o, open.b, open.n, &valid, reason, &err), PS_OK);
    assert_int_equal(valid, 0);
    assert_non_null(strstr(reason, "closed"));
    const double lost[] = {0, 0, NAN, 0, 1, 1, 0, 0};
    bytes nan = polygon(4, lost);
    assert_int_equal(ps_overlay_valid(o, nan.b, nan.n, &valid, reason, &err), PS_OK);
    assert_int_equal(valid, 0);
    assert_int_equal(
        ps_overlay_valid(o, (const unsigned char *)"junk", 4, &valid, reason, &err),
        PS_OK);
    assert_int_equal(valid, 0);
    assert_string_not_equal(reason, "");
    /* After all that the overlay still works. */
    assert_int_equal(ps_overlay_valid(o, good.b, good.n, &valid, reason, &err), PS_OK);
    assert_int_equal(valid, 1);
    ps_overlay_close(o);
    ps_overlay_close(NULL);
}

static void repairs(void **state) {
    (void)state;
    ps_error err;
    ps_overlay *o = must_open();
    const unsigned char *made;
    size_t n;
    uint32_t parts;
    bytes tie = polygon(5, bow_tie);
    assert_int_equal(ps_overlay_repair(o, tie.b, tie.n, &made, &n, &err), PS_OK);
    assert_true(fabs(area_of(made, n, &parts) - 2) < 1e-12);
    assert_int_equal(parts, 2);
    const double open_ring[] = {0, 0, 1, 0, 1, 1, 0, 1};
    bytes open = polygon(4, open_ring);
    assert_int_equal(ps_overlay_repair(o, open.b, open.n, &made, &n, &err), PS_OK);
    assert_true(fabs(area_of(made, n, &parts) - 1) < 1e-12);
    assert_int_equal(parts, 1);
    /* A square with a spike: the line goes, the square stays. */
    const double spike[] = {0, 0, 1, 0, 1, 1, 0.5, 1, 0.5, 3, 0.5, 1, 0, 1, 0, 0};
    bytes spiked = polygon(8, spike);
    assert_int_equal(ps_overlay_repair(o, spiked.b, spiked.n, &made, &n, &err), PS_OK);
    assert_true(fabs(area_of(made, n, &parts) - 1) < 1e-12);
    /* A polygon that is only a line leaves nothing. */
    const double flat[] = {0, 0, 1, 1, 2, 2, 0, 0};
    bytes line = polygon(4, flat);
    assert_int_equal(ps_overlay_repair(o, line.b, line.n, &made, &n, &err), PS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(
        ps_overlay_repair(o, (const unsigned char *)"junk", 4, &made, &n, &err),
        PS_FORMAT);
    assert_int_equal(n, 0);
    ps_overlay_close(o);
}

static void unites(void **state) {
    (void)state;
    ps_error err;
    ps_overlay *o = must_open();
    bytes a = square(0, 0, 1), b = square(1, 0, 1), c = square(5, 5, 1);
    const unsigned char *all[] = {a.b, b.b, c.b};
    const size_t sizes[] = {a.n, b.n, c.n};
    const unsigned char *made;
    size_t n;
    uint32_t parts;
    assert_int_equal(ps_overlay_union(o, all, sizes, 2, 0, &made, &n, &err), PS_OK);
    assert_true(fabs(area_of(made, n, &parts) - 2) < 1e-12);
    assert_int_equal(parts, 1);
    assert_int_equal(ps_overlay_union(o, all, sizes, 3, 0, &made, &n, &err), PS_OK);
    assert_true(fabs(area_of(made, n, &parts) - 3) < 1e-12);
    assert_int_equal(parts, 2);
    assert_int_equal(ps_overlay_union(o, all, sizes, 0, 0, &made, &n, &err), PS_OK);
    assert_int_equal(n, 0);
    /* A gap of a tenth of the grid is no gap on the grid. */
    bytes d = square(1.0001, 0, 1);
    all[1] = d.b;
    assert_int_equal(ps_overlay_union(o, all, sizes, 2, 0, &made, &n, &err), PS_OK);
    (void)area_of(made, n, &parts);
    assert_int_equal(parts, 2);
    assert_int_equal(ps_overlay_union(o, all, sizes, 2, 0.001, &made, &n, &err), PS_OK);
    (void)area_of(made, n, &parts);
    assert_int_equal(parts, 1);
    all[1] = (const unsigned char *)"x";
    assert_int_equal(ps_overlay_union(o, all, sizes, 2, 0, &made, &n, &err), PS_FORMAT);
    assert_null(made);
    ps_overlay_close(o);
}

static void finds_a_point_inside(void **state) {
    (void)state;
    ps_error err;
    ps_overlay *o = must_open();
    double x, y;
    bytes w = {.n = 0}; /* a ring road: the centre is not inside */
    const double outer[] = {0, 0, 10, 0, 10, 10, 0, 10, 0, 0};
    const double inner[] = {1, 1, 1, 9, 9, 9, 9, 1, 1, 1};
    put_head(&w, 3, 2);
    put_ring(&w, 5, outer);
    put_ring(&w, 5, inner);
    assert_int_equal(ps_overlay_interior_point(o, w.b, w.n, &x, &y, &err), PS_OK);
    assert_true(x > 0 && x < 10 && y > 0 && y < 10);
    assert_false(x > 1 && x < 9 && y > 1 && y < 9);
    bytes none = {.n = 0};
    put_head(&none, 6, 0);
    assert_int_equal(ps_overlay_interior_point(o, none.b, none.n, &x, &y, &err), PS_OK);
    assert_true(isnan(x) && isnan(y));
    ps_overlay_close(o);
}

static ps_status everything(void *context, ps_error *err) {
    (void)context;
    ps_overlay *o = NULL;
    PS_TRY(ps_overlay_open(&o, err));
    bytes a = square(0, 0, 1), tie = polygon(5, bow_tie);
    const unsigned char *all[] = {a.b, tie.b}, *made;
    const size_t sizes[] = {a.n, a.n};
    size_t n;
    all[1] = a.b;
    ps_status status = ps_overlay_repair(o, tie.b, tie.n, &made, &n, err);
    if (status == PS_OK) status = ps_overlay_union(o, all, sizes, 2, 0, &made, &n, err);
    ps_overlay_close(o);
    return status;
}

static void survives_lack_of_memory(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(everything, NULL) >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(repairs),
        cmocka_unit_test(unites),
        cmocka_unit_test(finds_a_point_inside),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
