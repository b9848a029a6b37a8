/* Rows dealt to any number of workers, in any order, merged in any order: the same cells,
 * and those of a plain array.
 */
#include "engine/core/tally.h"

#include <string.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

enum { AREAS = 300, GROUPS = 40, ROWS = 200000, WORKERS = 16 };

typedef struct row {
    int32_t area, group;
} row;

static row rows[ROWS];
static int64_t plain[AREAS][GROUPS];

static int make_rows(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (size_t i = 0; i < ROWS; i++) {
        /* Crowded in few cells, as crime is. */
        uint64_t a = test_random_below(&seed, AREAS), b = test_random_below(&seed, AREAS);
        rows[i].area = (int32_t)(a * b / AREAS);
        rows[i].group = (int32_t)test_random_below(&seed, GROUPS);
        plain[rows[i].area][rows[i].group]++;
    }
    return 0;
}

static void shuffle(size_t *order, size_t n, uint64_t *seed) {
    for (size_t i = n; i > 1; i--) {
        size_t k = test_random_below(seed, i), swap = order[k];
        order[k] = order[i - 1];
        order[i - 1] = swap;
    }
}

static void assert_plain(const ps_tally *tally) {
    ps_tally_cell *cells;
    size_t n, at = 0;
    assert_int_equal(ps_tally_cells(tally, &cells, &n, NULL), PS_OK);
    for (int32_t a = 0; a < AREAS; a++) {
        for (int32_t g = 0; g < GROUPS; g++) {
            if (plain[a][g] == 0) continue;
            assert_true(at < n);
            assert_int_equal(cells[at].area, a);
            assert_int_equal(cells[at].group, g);
            assert_int_equal(cells[at].count, plain[a][g]);
            at++;
        }
    }
    assert_int_equal(at, n);
    ps_free(cells);
}

/* Every worker numbers the groups as it meets them; the map brings them together. */
static void any_deal_and_any_order_give_the_same_cells(void **state) {
    (void)state;
    uint64_t seed = 12;
    static size_t order[ROWS];
    for (size_t i = 0; i < ROWS; i++) order[i] = i;
    for (int round = 0; round < 8; round++) {
        size_t workers = 1 + test_random_below(&seed, WORKERS);
        ps_tally *worker[WORKERS], *into;
        int32_t number[WORKERS][GROUPS], map[WORKERS][GROUPS], used[WORKERS] = {0};
        memset(number, -1, sizeof number);
        assert_int_equal(ps_tally_create(&into, NULL), PS_OK);
        for (size_t w = 0; w < workers; w++)
            assert_int_equal(ps_tally_create(&worker[w], NULL), PS_OK);
        shuffle(order, ROWS, &seed);
        for (size_t i = 0; i < ROWS; i++) {
            size_t w = test_random_below(&seed, workers);
            const row *r = &rows[order[i]];
            int32_t *local = &number[w][r->group];
            if (*local < 0) {
                map[w][used[w]] = r->group;
                *local = used[w]++;
            }
            assert_int_equal(ps_tally_add(worker[w], r->area, *local, 1, NULL), PS_OK);
        }
        size_t turn[WORKERS];
        for (size_t w = 0; w < workers; w++) turn[w] = w;
        shuffle(turn, workers, &seed);
        for (size_t w = 0; w < workers; w++)
            assert_int_equal(ps_tally_merge(into, worker[turn[w]], map[turn[w]], NULL),
                             PS_OK);
        assert_plain(into);
        for (size_t w = 0; w < workers; w++) ps_tally_free(worker[w]);
        ps_tally_free(into);
    }
}

static ps_status count_block(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    ps_tally **tallies = context;
    for (size_t i = begin; i < end; i++)
        PS_TRY(ps_tally_add(tallies[worker], rows[i].area, rows[i].group, 1, err));
    return PS_OK;
}

static void any_number_of_threads_gives_the_same_cells(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 7};
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_tally *tally[7], *into;
        assert_int_equal(ps_tally_create(&into, NULL), PS_OK);
        for (int w = 0; w < threads[t]; w++)
            assert_int_equal(ps_tally_create(&tally[w], NULL), PS_OK);
        assert_int_equal(ps_par_for(ROWS, 1000, count_block, tally, NULL), PS_OK);
        for (int w = 0; w < threads[t]; w++) {
            assert_int_equal(ps_tally_merge(into, tally[w], NULL, NULL), PS_OK);
            ps_tally_free(tally[w]);
        }
        assert_plain(into);
        ps_tally_free(into);
    }
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_deal_and_any_order_give_the_same_cells),
        cmocka_unit_test(any_number_of_threads_gives_the_same_cells),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
