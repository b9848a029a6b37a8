/* Cells are added to, merged through a map, and listed in order. */
#include "engine/core/tally.h"

#include "tests/support/test.h"

static void cells_come_out_sorted(void **state) {
    (void)state;
    static const ps_tally_cell expected[] = {
        {0, 0, 5},         {0, 1, 1},
        {0, INT32_MAX, 2}, {1, 0, 1},
        {2, 256, -4},      {255, 65536, 1},
        {256, 255, 1},     {65536, 0, 1},
        {INT32_MAX, 0, 7}, {INT32_MAX, INT32_MAX, INT64_MAX}};
    enum { N = sizeof expected / sizeof expected[0] };
    ps_tally *tally;
    assert_int_equal(ps_tally_create(&tally, NULL), PS_OK);
    ps_tally_cell *cells;
    size_t n;
    assert_int_equal(ps_tally_cells(tally, &cells, &n, NULL), PS_OK);
    assert_int_equal(n, 0);
    ps_free(cells);
    for (int i = 0; i < N; i++) {
        const ps_tally_cell *c = &expected[(i * 7 + 3) % N];
        int64_t half = c->count / 2;
        assert_int_equal(ps_tally_add(tally, c->area, c->group, half, NULL), PS_OK);
        assert_int_equal(ps_tally_add(tally, c->area, c->group, c->count - half, NULL),
                         PS_OK);
    }
    assert_int_equal(ps_tally_size(tally), N);
    assert_int_equal(ps_tally_cells(tally, &cells, &n, NULL), PS_OK);
    assert_int_equal(n, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(cells[i].area, expected[i].area);
        assert_int_equal(cells[i].group, expected[i].group);
        assert_true(cells[i].count == expected[i].count);
    }
    ps_free(cells);
    ps_tally_free(tally);
    ps_tally_free(NULL);
}

static void merging_follows_the_map(void **state) {
    (void)state;
    ps_tally *into, *from;
    assert_int_equal(ps_tally_create(&into, NULL), PS_OK);
    assert_int_equal(ps_tally_create(&from, NULL), PS_OK);
    assert_int_equal(ps_tally_add(into, 3, 1, 10, NULL), PS_OK);
    assert_int_equal(ps_tally_add(from, 3, 0, 1, NULL), PS_OK);
    assert_int_equal(ps_tally_add(from, 3, 1, 2, NULL), PS_OK);
    assert_int_equal(ps_tally_add(from, 4, 2, 4, NULL), PS_OK);
    static const int32_t map[] = {1, 1, 0};
    assert_int_equal(ps_tally_merge(into, from, map, NULL), PS_OK);
    assert_int_equal(ps_tally_merge(into, from, NULL, NULL), PS_OK);
    ps_tally_cell *cells;
    size_t n;
    assert_int_equal(ps_tally_cells(into, &cells, &n, NULL), PS_OK);
    static const ps_tally_cell expected[] = {{3, 0, 1}, {3, 1, 15}, {4, 0, 4}, {4, 2, 4}};
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cells[i].area, expected[i].area);
        assert_int_equal(cells[i].group, expected[i].group);
        assert_int_equal(cells[i].count, expected[i].count);
    }
    assert_int_equal(ps_tally_size(from), 3);
    ps_free(cells);
    ps_tally_free(into);
    ps_tally_free(from);
}

static void a_count_that_does_not_fit_is_refused(void **state) {
    (void)state;
    ps_tally *tally;
    assert_int_equal(ps_tally_create(&tally, NULL), PS_OK);
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_tally_add(tally, 1, 1, INT64_MAX, &err), PS_OK);
    assert_int_equal(ps_tally_add(tally, 1, 1, 1, &err), PS_LIMIT);
    ps_tally_cell *cells;
    size_t n;
    assert_int_equal(ps_tally_cells(tally, &cells, &n, NULL), PS_OK);
    assert_true(n == 1 && cells[0].count == INT64_MAX);
    ps_free(cells);
    ps_tally_free(tally);
}

static ps_status fill(void *context, ps_error *err) {
    (void)context;
    ps_tally *tally;
    ps_status status = ps_tally_create(&tally, err);
    if (status != PS_OK) {
        assert_null(tally);
        return status;
    }
    size_t size = 0;
    for (int32_t i = 0; i < 300 && status == PS_OK; i++) {
        status = ps_tally_add(tally, i, i, 1, err);
        size += status == PS_OK;
        assert_int_equal(ps_tally_size(tally), size);
    }
    ps_tally_cell *cells = NULL;
    size_t n;
    if (status == PS_OK) status = ps_tally_cells(tally, &cells, &n, err);
    assert_int_equal(cells != NULL, status == PS_OK);
    ps_free(cells);
    ps_tally_free(tally);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(fill, NULL) >= 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_come_out_sorted),
        cmocka_unit_test(merging_follows_the_map),
        cmocka_unit_test(a_count_that_does_not_fit_is_refused),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
