/* Cells are the same whether they stand in pages or not, and for any number of workers.
 */
#include "engine/core/cube.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

enum { AREAS = 700, GROUPS = 40, ROWS = 60000 };

static int32_t area[ROWS], group[ROWS];
static int64_t expected[AREAS][GROUPS];

static void make_rows(void) {
    uint64_t seed = 5;
    memset(expected, 0, sizeof expected);
    for (size_t i = 0; i < ROWS; i++) {
        /* Few areas have most of the rows, and some cells stay empty. */
        const uint64_t a = test_random_below(&seed, AREAS + 10);
        area[i] = a < AREAS ? (int32_t)(a * a / AREAS) : PS_NONE;
        group[i] =
            area[i] != PS_NONE ? (int32_t)test_random_below(&seed, GROUPS) : PS_NONE;
        if (area[i] != PS_NONE) expected[area[i]][group[i]]++;
    }
}

static ps_status add_rows(void *cube, size_t begin, size_t end, int worker,
                          ps_error *err) {
    return ps_cube_add(cube, worker, end - begin, area + begin, group + begin, err);
}

static void assert_cells(const ps_cube *cube, const int32_t *rank) {
    ps_tally_cell *cells;
    size_t n, at = 0;
    int32_t order[GROUPS];
    for (int32_t g = 0; g < GROUPS; g++) order[rank != NULL ? rank[g] : g] = g;
    assert_int_equal(ps_cube_cells(cube, rank, GROUPS, &cells, &n, NULL), PS_OK);
    for (int32_t a = 0; a < AREAS; a++) {
        for (int32_t r = 0; r < GROUPS; r++) {
            const int64_t count = expected[a][order[r]];
            if (count == 0) continue;
            assert_true(at < n);
            assert_int_equal(cells[at].area, a);
            assert_int_equal(cells[at].group, order[r]);
            assert_int_equal(cells[at].count, count);
            at++;
        }
    }
    assert_int_equal(at, n);
    ps_free(cells);
}

static void pages_and_tallies_give_the_same(void **state) {
    (void)state;
    make_rows();
    int32_t rank[GROUPS];
    for (int32_t g = 0; g < GROUPS; g++) rank[g] = (g * 7 + 3) % GROUPS;
    static const size_t sizes[] = {0, 100, 5000, 40000, 1 << 20};
    static const int threads[] = {1, 2, 5};
    for (size_t c = 0; c < sizeof sizes / sizeof *sizes; c++) {
        for (size_t t = 0; t < 3; t++) {
            ps_set_threads(threads[t]);
            ps_cube *cube;
            assert_int_equal(ps_cube_create(AREAS, threads[t], sizes[c], &cube, NULL),
                             PS_OK);
            assert_int_equal(ps_par_for(ROWS, 777, add_rows, cube, NULL), PS_OK);
            assert_cells(cube, NULL);
            assert_cells(cube, rank);
            ps_cube_free(cube);
        }
    }
    ps_set_threads(0);
    ps_cube_free(NULL);
}

static void a_cell_may_pass_32_bits(void **state) {
    (void)state;
    ps_cube *cube;
    assert_int_equal(ps_cube_create(3, 2, 1 << 20, &cube, NULL), PS_OK);
    assert_int_equal(ps_cube_add_count(cube, 0, 2, 0, UINT32_MAX, NULL), PS_OK);
    assert_int_equal(ps_cube_add_count(cube, 1, 2, 0, UINT32_MAX, NULL), PS_OK);
    assert_int_equal(ps_cube_add_count(cube, 0, 1, 1, INT64_C(1) << 40, NULL), PS_OK);
    assert_int_equal(ps_cube_add_count(cube, 1, 1, 1, 5, NULL), PS_OK);
    static const int32_t again_area[] = {2, 2, 2}, again_group[] = {0, 0, 0};
    assert_int_equal(ps_cube_add(cube, 0, 3, again_area, again_group, NULL), PS_OK);
    ps_tally_cell *cells;
    size_t n;
    assert_int_equal(ps_cube_cells(cube, NULL, 2, &cells, &n, NULL), PS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(cells[0].area, 1);
    assert_int_equal(cells[0].count, (INT64_C(1) << 40) + 5);
    assert_int_equal(cells[1].area, 2);
    assert_int_equal(cells[1].count, 2 * (int64_t)UINT32_MAX + 3);
    ps_free(cells);
    ps_cube_free(cube);
}

static ps_status use_cube(void *context, ps_error *err) {
    (void)context;
    static const int32_t areas[] = {0, 1, 1}, groups[] = {0, 0, 1};
    ps_cube *cube;
    ps_tally_cell *cells = NULL;
    size_t n;
    PS_TRY(ps_cube_create(2, 2, 2000, &cube, err));
    ps_status status = ps_cube_add(cube, 1, 3, areas, groups, err);
    if (status == PS_OK) status = ps_cube_cells(cube, NULL, 2, &cells, &n, err);
    if (status != PS_OK) assert_null(cells);
    ps_free(cells);
    ps_cube_free(cube);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    ps_set_threads(1);
    assert_true(test_each_allocation_fails(use_cube, NULL) > 5);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_and_tallies_give_the_same),
        cmocka_unit_test(a_cell_may_pass_32_bits),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
