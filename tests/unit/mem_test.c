/* Sizes that overflow, growth, the failing countdown, and the arena's promises. */
#include "engine/core/mem.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    assert_null(ps_alloc(SIZE_MAX, 2));
    assert_null(ps_zalloc(SIZE_MAX / 2 + 1, 2));
    assert_null(ps_resize(NULL, SIZE_MAX / 4, 8));
    assert_null(ps_strndup("x", SIZE_MAX));
    void *nothing = ps_alloc(0, 8);
    assert_non_null(nothing);
    ps_free(nothing);
    ps_free(NULL);
    unsigned char *zeros = ps_zalloc(100, 3);
    assert_non_null(zeros);
    for (int i = 0; i < 300; i++) assert_int_equal(zeros[i], 0);
    zeros = ps_resize(zeros, 0, 1);
    assert_non_null(zeros);
    ps_free(zeros);
    char *copy = ps_strndup("abcdef", 3);
    assert_string_equal(copy, "abc");
    ps_free(copy);
    copy = ps_strndup(NULL, 0);
    assert_string_equal(copy, "");
    ps_free(copy);
}

static void arrays_grow_by_doubling(void **state) {
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    int moves = 0;
    ps_error err = {PS_OK, ""};
    for (size_t i = 0; i < 100000; i++) {
        size_t before = capacity;
        assert_int_equal(ps_grow((void **)&array, &capacity, i + 1, sizeof *array, &err),
                         PS_OK);
        assert_true(capacity > i);
        moves += capacity != before;
        array[i] = (int)i;
    }
    for (int i = 0; i < 100000; i++) assert_int_equal(array[i], i);
    assert_true(moves < 20);
    /* A failure leaves the array as it was. */
    int *same = array;
    size_t kept = capacity;
    assert_int_equal(
        ps_grow((void **)&array, &capacity, SIZE_MAX / 2, sizeof *array, &err), PS_NOMEM);
    assert_int_equal(err.status, PS_NOMEM);
    assert_ptr_equal(array, same);
    assert_int_equal(capacity, kept);
    ps_mem_fail_from(1);
    assert_int_equal(ps_grow((void **)&array, &capacity, kept + 1, sizeof *array, NULL),
                     PS_NOMEM);
    ps_mem_fail_from(0);
    assert_int_equal(array[99999], 99999);
    ps_free(array);
}

static void the_nth_allocation_and_all_later_ones_fail(void **state) {
    (void)state;
    ps_mem_fail_from(3);
    void *a = ps_alloc(1, 1), *b = ps_zalloc(1, 1), *c = ps_alloc(1, 1);
    void *d = ps_zalloc(1, 1);
    char *e = ps_strndup("e", 1);
    void *grown = ps_resize(a, 2, 1);
    ps_mem_fail_from(0);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(c);
    assert_null(d);
    assert_null(e);
    assert_null(grown);
    c = ps_alloc(1, 1);
    assert_non_null(c);
    ps_free(a);
    ps_free(b);
    ps_free(c);
}

typedef struct tries {
    unsigned char worked[4096];
} tries;

static ps_status try_blocks(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    (void)worker;
    (void)err;
    tries *t = context;
    for (size_t i = begin; i < end; i++) {
        void *block = ps_alloc(1, 1);
        t->worked[i] = block != NULL;
        ps_free(block);
    }
    return PS_OK;
}

static void the_countdown_holds_under_threads(void **state) {
    (void)state;
    static tries t;
    ps_set_threads(4);
    for (long n = 1; n < 200; n += 7) {
        ps_mem_fail_from(n + 1);
        assert_int_equal(ps_par_for(4096, 16, try_blocks, &t, NULL), PS_OK);
        ps_mem_fail_from(0);
        long worked = 0;
        for (size_t i = 0; i < 4096; i++) worked += t.worked[i];
        assert_int_equal(worked, n);
    }
    ps_set_threads(0);
}

static void pieces_of_an_arena_stay_and_are_aligned(void **state) {
    (void)state;
    ps_arena *arena;
    assert_int_equal(ps_arena_create(&arena, NULL), PS_OK);
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    static size_t size[PIECES];
    for (int round = 0; round < 3; round++) {
        uint64_t seed = 1;
        for (size_t i = 0; i < PIECES; i++) {
            size[i] = test_random_below(&seed, i % 100 == 0 ? 200000 : 300);
            piece[i] = ps_arena_alloc(arena, size[i]);
            assert_non_null(piece[i]);
            assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
            memset(piece[i], (int)(i % 251), size[i]);
        }
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t k = 0; k < size[i]; k++)
                assert_int_equal(piece[i][k], (int)(i % 251));
        }
        ps_arena_reset(arena);
    }
    char *copy = ps_arena_strndup(arena, "xyz", 2);
    assert_string_equal(copy, "xy");
    copy = ps_arena_strndup(arena, NULL, 0);
    assert_string_equal(copy, "");
    assert_null(ps_arena_alloc(arena, SIZE_MAX));
    assert_null(ps_arena_alloc(arena, SIZE_MAX - 10));
    assert_null(ps_arena_strndup(arena, "x", SIZE_MAX));
    ps_arena_free(arena);
    ps_arena_free(NULL);
}

static ps_status fill_arena(void *context, ps_error *err) {
    (void)context;
    ps_arena *arena;
    PS_TRY(ps_arena_create(&arena, err));
    ps_status status = PS_OK;
    for (int i = 0; i < 3 && status == PS_OK; i++) {
        if (ps_arena_alloc(arena, 100000) == NULL) status = ps_fail_nomem(err);
    }
    ps_arena_reset(arena);
    if (status == PS_OK && ps_arena_alloc(arena, 10) == NULL) status = ps_fail_nomem(err);
    ps_arena_free(arena);
    return status;
}

static void an_arena_survives_failing_allocations(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(fill_arena, NULL) >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(arrays_grow_by_doubling),
        cmocka_unit_test(the_nth_allocation_and_all_later_ones_fail),
        cmocka_unit_test(the_countdown_holds_under_threads),
        cmocka_unit_test(pieces_of_an_arena_stay_and_are_aligned),
        cmocka_unit_test(an_arena_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
