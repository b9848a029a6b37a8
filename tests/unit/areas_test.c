#include "geo/areas.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

static void area(ps_areas_builder *b, const char *code, const char *name) {
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_builder_area(b, ps_str_of(code), ps_str_of(name), &err),
                     PS_OK);
}

static void ring(ps_areas_builder *b, size_t n, const double *x, const double *y) {
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_builder_ring(b, n, x, y, &err), PS_OK);
}

/* A square from (x, y), not closed. */
static void square(ps_areas_builder *b, double x, double y, double side) {
    const double px[4] = {x, x + side, x + side, x}, py[4] = {y, y, y + side, y + side};
    ring(b, 4, px, py);
}

static ps_areas_builder *start(void) {
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = NULL;
    assert_int_equal(ps_areas_builder_create(&b, &err), PS_OK);
    return b;
}

static ps_areas *finish(ps_areas_builder *b) {
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    assert_int_equal(ps_areas_builder_finish(b, NULL, &areas, &err), PS_OK);
    return areas;
}

static void test_sorted_by_code(void **state) {
    (void)state;
    for (int sorted = 0; sorted < 2; sorted++) {
        ps_areas_builder *b = start();
        if (sorted) {
            area(b, "E01", "");
            square(b, 5, 5, 2);
            square(b, 8, 8, 1);
            area(b, "E02", "Second");
            area(b, "E03", "Third");
            square(b, 0, 0, 1);
        } else {
            area(b, "E03", "Third");
            square(b, 0, 0, 1);
            area(b, "E01", NULL);
            square(b, 5, 5, 2);
            square(b, 8, 8, 1);
            area(b, "E02", "Second");
        }
        ps_areas *a = finish(b);
        assert_int_equal(a->n, 3);
        assert_int_equal(a->n_rings, 3);
        assert_int_equal(a->n_points, 15);
        assert_true(ps_str_is(a->code[0], "E01") && ps_str_is(a->name[0], "E01"));
        assert_true(ps_str_is(a->code[1], "E02") && ps_str_is(a->name[1], "Second"));
        assert_true(ps_str_is(a->code[2], "E03") && ps_str_is(a->name[2], "Third"));
        const uint32_t rings[4] = {0, 2, 2, 3}, points[4] = {0, 5, 10, 15};
        assert_memory_equal(a->area_ring, rings, sizeof rings);
        assert_memory_equal(a->ring_point, points, sizeof points);
        const double x[15] = {5, 7, 7, 5, 5, 8, 9, 9, 8, 8, 0, 1, 1, 0, 0};
        const double y[15] = {5, 5, 7, 7, 5, 8, 8, 9, 9, 8, 0, 0, 1, 1, 0};
        assert_memory_equal(a->x, x, sizeof x);
        assert_memory_equal(a->y, y, sizeof y);
        const double first[4] = {5, 5, 9, 9};
        assert_memory_equal(a->box, first, sizeof first);
        assert_true(a->box[4] > a->box[6]); /* no rings, no box */
        assert_int_equal(ps_keys_find(a->by_code, ps_str_of("E03")), 2);
        assert_int_equal(ps_keys_find(a->by_code, ps_str_of("E04")), PS_NONE);
        assert_null(a->crs);
        ps_areas_free(a);
    }
}

static void test_rings_closed_or_left_out(void **state) {
    (void)state;
    ps_areas_builder *b = start();
    area(b, "A", "");
    const double x[] = {0, 1, 1, 0}, y[] = {0, 0, 1, 0};
    ring(b, 4, x, y); /* closed already */
    ring(b, 3, x, y); /* the same, open */
    ring(b, 0, NULL, NULL);
    ring(b, 1, x, y);
    ring(b, 2, x, y);
    const double flat_x[] = {0, 1, 0, 1, 0}, flat_y[] = {0, 0, 0, 0, 0};
    ring(b, 5, flat_x, flat_y); /* two places only */
    ps_areas *a = finish(b);
    assert_int_equal(a->n_rings, 2);
    assert_int_equal(a->n_points, 8);
    assert_memory_equal(a->x, a->x + 4, 4 * sizeof *a->x);
    ps_areas_free(a);
}

static void test_empty_set(void **state) {
    (void)state;
    ps_areas *a = finish(start());
    assert_int_equal(a->n, 0);
    assert_int_equal(a->ring_point[a->area_ring[0]], 0);
    double none = 0;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_measure(a, &none, &err), PS_OK);
    ps_areas_free(a);
    ps_areas_free(NULL);
    ps_areas_builder_free(NULL);
}

static void test_refusals(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = start();
    const double x[] = {0, 1, 1, 0}, y[] = {0, 0, 1, 0};
    const double bad[] = {0, 1, (double)NAN, 0}, worse[] = {0, 1, HUGE_VAL, 0};
    assert_int_equal(ps_areas_builder_ring(b, 4, x, y, &err), PS_FORMAT);
    assert_int_equal(ps_areas_builder_area(b, ps_str_of(""), ps_str_of("Nowhere"), &err),
                     PS_FORMAT);
    assert_non_null(strstr(err.text, "Nowhere"));
    area(b, "E5", "");
    assert_int_equal(ps_areas_builder_ring(b, 4, bad, y, &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "E5"));
    assert_non_null(strstr(err.text, "point 3"));
    assert_int_equal(ps_areas_builder_ring(b, 4, x, worse, &err), PS_FORMAT);
    ps_areas_builder_free(b);
}

static void test_repeated_codes(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    ps_areas_builder *b = start();
    const char *codes[] = {"F", "A", "B", "B", "C", "C", "C", "D",
                           "D", "E", "E", "F", "G", "G", "A"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) area(b, codes[i], "");
    ps_areas *a = NULL;
    assert_int_equal(ps_areas_builder_finish(b, NULL, &a, &err), PS_FORMAT);
    assert_null(a);
    assert_non_null(
        strstr(err.text, "7 area codes occur more than once: A, B, C, D, E, ..."));
}

static void test_measure(void **state) {
    (void)state;
    ps_areas_builder *b = start();
    area(b, "A plain", "");
    square(b, 400000, 300000, 10);
    area(b, "B hole with an island", "");
    square(b, 3, 3, 1);
    square(b, 0, 0, 10);
    square(b, 2, 2, 5);
    area(b, "C two parts", "");
    square(b, 0, 0, 1);
    square(b, 5, 5, 2);
    area(b, "D none", "");
    area(b, "E parts that share an edge", "");
    square(b, 0, 0, 1);
    square(b, 1, 0, 1);
    area(b, "F hole touching the outside", "");
    square(b, 0, 0, 4);
    const double hx[] = {0, 2, 4, 2}, hy[] = {2, 0, 2, 4};
    ring(b, 4, hx, hy);
    area(b, "G nothing is left", "");
    square(b, 0, 0, 4);
    square(b, 0, 0, 4);
    area(b, "H clockwise", "");
    const double cx[] = {0, 0, 3, 3, 0}, cy[] = {0, 3, 3, 0, 0};
    ring(b, 5, cx, cy);
    area(b, "I part in a notch", "");
    const double nx[] = {0, 6, 6, 4, 4, 2, 2, 0}, ny[] = {0, 0, 6, 6, 2, 2, 6, 6};
    ring(b, 8, nx, ny);
    square(b, 2, 2, 2);
    ps_areas *a = finish(b);
    double got[9];
    const double want[9] = {100, 76, 5, 0, 2, 8, 0, 9, 32};
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_areas_measure(a, got, &err), PS_OK);
    for (int i = 0; i < 9; i++) assert_true(got[i] == want[i]);
    ps_areas_free(a);
}

static ps_status make_some(void *context, ps_error *err) {
    const bool sorted = *(bool *)context;
    ps_areas_builder *b = NULL;
    ps_areas *a = NULL;
    PS_TRY(ps_areas_builder_create(&b, err));
    ps_status status = PS_OK;
    for (int i = 0; status == PS_OK && i < 40; i++) {
        const char code[3] = {(char)('A' + (sorted ? i : 39 - i)), 'x', '\0'};
        status = ps_areas_builder_area(b, ps_str_of(code), ps_str_of("name"), err);
        for (int r = 0; status == PS_OK && r < 3; r++) {
            const double x[] = {r, r + 1, r}, y[] = {i, i, i + 1};
            status = ps_areas_builder_ring(b, 3, x, y, err);
        }
    }
    if (status == PS_OK)
        status = ps_areas_builder_finish(b, NULL, &a, err);
    else
        ps_areas_builder_free(b);
    if (status == PS_OK) {
        double square[40];
        status = ps_areas_measure(a, square, err);
    } else {
        assert_null(a);
    }
    ps_areas_free(a);
    return status;
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (int sorted = 0; sorted < 2; sorted++) {
        bool s = sorted != 0;
        assert_true(test_each_allocation_fails(make_some, &s) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_by_code),
        cmocka_unit_test(test_rings_closed_or_left_out),
        cmocka_unit_test(test_empty_set),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_repeated_codes),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
