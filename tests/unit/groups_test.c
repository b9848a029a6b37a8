/* Texts become groups: equal texts the same one, whatever worker meets them. */
#include "engine/run/groups.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

enum { COLUMNS = 3, VALUES = 60, ROWS = 40000 };

/* Texts of every length up to 30, of which many share their first or last bytes. */
static ps_str value_of(size_t v, char out[64]) {
    static const char filling[] = "aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb";
    const size_t n = v / 2;
    memcpy(out, filling, n);
    if (n > 0 && v % 2 == 1) out[n / 2] = 'x';
    return (ps_str){out, n};
}

static size_t value_in(size_t row, size_t column) {
    uint64_t seed = row / 3 * COLUMNS + column;
    return test_random_below(&seed, VALUES);
}

typedef struct rows {
    ps_groups *groups;
    size_t columns;
    int32_t *group;
} rows;

static ps_status find_rows(void *context, size_t begin, size_t end, int worker,
                           ps_error *err) {
    rows *r = context;
    for (size_t i = begin; i < end; i++) {
        char buffer[COLUMNS][64];
        ps_str text[COLUMNS];
        for (size_t c = 0; c < r->columns; c++)
            text[c] = value_of(value_in(i, c), buffer[c]);
        PS_TRY(ps_groups_find(r->groups, worker, text, &r->group[i], err));
    }
    return PS_OK;
}

static void a_group_has_its_texts(void **state) {
    (void)state;
    static int32_t group[ROWS];
    static const int threads[] = {1, 2, 5};
    for (size_t columns = 0; columns <= COLUMNS; columns++) {
        for (size_t t = 0; t < 3; t++) {
            ps_set_threads(threads[t]);
            rows r = {NULL, columns, group};
            assert_int_equal(ps_groups_create(columns, threads[t], &r.groups, NULL),
                             PS_OK);
            assert_int_equal(ps_par_for(ROWS, 100, find_rows, &r, NULL), PS_OK);
            for (size_t i = 0; i < ROWS; i++) {
                for (size_t c = 0; c < columns; c++) {
                    char buffer[64];
                    const ps_str expected = value_of(value_in(i, c), buffer);
                    assert_true(
                        ps_str_eq(ps_groups_field(r.groups, group[i], c), expected));
                }
                if (i > 0 && i / 3 == (i - 1) / 3)
                    assert_int_equal(group[i], group[i - 1]);
            }
            /* Different groups have different texts, so there are no more than those. */
            const size_t n = ps_keys_size(ps_groups_keys(r.groups));
            if (columns == 0) assert_int_equal(n, 1);
            if (columns == 1) assert_int_equal(n, VALUES - 1); /* two are empty */
            ps_groups_free(r.groups);
        }
    }
    ps_set_threads(0);
    ps_groups_free(NULL);
}

static ps_status find_some(void *context, ps_error *err) {
    (void)context;
    ps_groups *groups;
    PS_TRY(ps_groups_create(2, 1, &groups, err));
    ps_status status = PS_OK;
    for (size_t i = 0; i < 300 && status == PS_OK; i++) {
        char first[16], second[16];
        snprintf(first, sizeof first, "%zu", i);
        snprintf(second, sizeof second, "%zu", i / 2);
        const ps_str text[] = {ps_str_of(first), ps_str_of(second)};
        int32_t group;
        status = ps_groups_find(groups, 0, text, &group, err);
    }
    ps_groups_free(groups);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(find_some, NULL) > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_has_its_texts),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
