/* Ids in order of first insertion, whatever bytes the keys hold. */
#include "engine/core/keys.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

static void ids_count_in_order_of_insertion(void **state) {
    (void)state;
    ps_keys *keys;
    ps_error err;
    assert_int_equal(ps_keys_create(&keys, &err), PS_OK);
    assert_int_equal(ps_keys_size(keys), 0);
    assert_int_equal(ps_keys_find(keys, ps_str_of("E01000001")), PS_NONE);
    int32_t id;
    bool added;
    enum { N = 50000 };
    char text[32];
    for (int round = 0; round < 2; round++) {
        for (int32_t i = 0; i < N; i++) {
            snprintf(text, sizeof text, "E%08d", (int)((int64_t)i * 7919 % N));
            assert_int_equal(ps_keys_add(keys, ps_str_of(text), &id, &added, &err),
                             PS_OK);
            assert_int_equal(id, i);
            assert_int_equal(added, round == 0);
        }
        assert_int_equal(ps_keys_size(keys), N);
    }
    for (int32_t i = 0; i < N; i++) {
        snprintf(text, sizeof text, "E%08d", (int)((int64_t)i * 7919 % N));
        assert_int_equal(ps_keys_find(keys, ps_str_of(text)), i);
        ps_str key = ps_keys_text(keys, i);
        assert_true(ps_str_is(key, text));
        assert_int_equal(key.p[key.n], '\0');
    }
    assert_int_equal(ps_keys_find(keys, ps_str_of("E00050000")), PS_NONE);
    ps_keys_free(keys);
    ps_keys_free(NULL);
}

static void any_bytes_are_a_key(void **state) {
    (void)state;
    ps_keys *keys;
    assert_int_equal(ps_keys_create(&keys, NULL), PS_OK);
    static const ps_str texts[] = {{"", 0},   {"\0", 1},   {"\0\0", 2},
                                   {"a", 1},  {"a\0", 2},  {"a\0b", 3},
                                   {"ab", 2}, {"\xFF", 1}, {"\xC3\xA9", 2}};
    enum { N = sizeof texts / sizeof texts[0] };
    int32_t id;
    for (int32_t i = 0; i < N; i++) {
        assert_int_equal(ps_keys_add(keys, texts[i], &id, NULL, NULL), PS_OK);
        assert_int_equal(id, i);
    }
    assert_int_equal(ps_keys_add(keys, (ps_str){NULL, 0}, &id, NULL, NULL), PS_OK);
    assert_int_equal(id, 0);
    for (int32_t i = 0; i < N; i++) {
        assert_int_equal(ps_keys_find(keys, texts[i]), i);
        assert_true(ps_str_eq(ps_keys_text(keys, i), texts[i]));
    }
    ps_keys_free(keys);
}

/* The text must not be borrowed: the caller's buffer is used again at once. */
static void the_text_is_a_copy_that_stays(void **state) {
    (void)state;
    ps_keys *keys;
    assert_int_equal(ps_keys_create(&keys, NULL), PS_OK);
    char text[32] = "first";
    int32_t id;
    assert_int_equal(ps_keys_add(keys, ps_str_of(text), &id, NULL, NULL), PS_OK);
    ps_str kept = ps_keys_text(keys, id);
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(ps_keys_add(keys, ps_str_of(text), &id, NULL, NULL), PS_OK);
    }
    assert_true(ps_str_is(kept, "first"));
    assert_ptr_equal(ps_keys_text(keys, 0).p, kept.p);
    ps_keys_free(keys);
}

static ps_status fill(void *context, ps_error *err) {
    (void)context;
    ps_keys *keys;
    ps_status status = ps_keys_create(&keys, err);
    if (status != PS_OK) {
        assert_null(keys);
        return status;
    }
    char text[32];
    for (int i = 0; i < 200 && status == PS_OK; i++) {
        snprintf(text, sizeof text, "key %d", i);
        int32_t id;
        status = ps_keys_add(keys, ps_str_of(text), &id, NULL, err);
        assert_int_equal(id, status == PS_OK ? i : PS_NONE);
        /* What failed left nothing: the table can be asked and used on. */
        assert_int_equal(ps_keys_size(keys), (size_t)i + (status == PS_OK));
        assert_int_equal(ps_keys_find(keys, ps_str_of(text)), id);
        assert_int_equal(ps_keys_find(keys, ps_str_of("key 0")),
                         ps_keys_size(keys) > 0 ? 0 : PS_NONE);
    }
    ps_keys_free(keys);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(fill, NULL) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_count_in_order_of_insertion),
        cmocka_unit_test(any_bytes_are_a_key),
        cmocka_unit_test(the_text_is_a_copy_that_stays),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
