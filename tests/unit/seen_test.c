#include "engine/core/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

static bool met(ps_seen *seen, const char *key) {
    bool again;
    ps_error err = {PS_OK, ""};
    assert_int_equal(
        ps_seen_add(seen, 1, ps_fingerprint_of(key, strlen(key), 0), &again, &err),
        PS_OK);
    return again;
}

static void a_key_is_met_once(void **state) {
    (void)state;
    for (size_t shards = 1; shards <= 7; shards += 3) {
        ps_seen *seen;
        assert_int_equal(ps_seen_create(shards, 1 << 20, &seen, NULL), PS_OK);
        assert_int_equal(ps_seen_shards(seen), shards);
        char key[32];
        for (int i = 0; i < 5000; i++) {
            snprintf(key, sizeof key, "%d", i);
            assert_false(met(seen, key));
        }
        for (int i = 0; i < 5000; i++) {
            snprintf(key, sizeof key, "%d", i);
            assert_true(met(seen, key));
        }
        assert_true(ps_seen_bytes(seen) >= 5000 * sizeof(ps_fingerprint));
        ps_seen_free(seen);
    }
}

/* Contexts that come one after the other keep to the memory, and are known when they come
 * again; contexts in no order are known too. */
static void memory_is_bounded(void **state) {
    (void)state;
    enum { CONTEXTS = 60, KEYS = 900, MOST = 64 << 10 };
    for (int order = 0; order < 2; order++) {
        ps_seen *seen;
        assert_int_equal(ps_seen_create(1, MOST, &seen, NULL), PS_OK);
        size_t peak = 0;
        for (int round = 0; round < 2; round++) {
            for (uint64_t i = 0; i < CONTEXTS * KEYS; i++) {
                const uint64_t context = order == 0 ? i / KEYS : i % CONTEXTS;
                const uint64_t key = order == 0 ? i % KEYS : i / CONTEXTS;
                bool again;
                /* The same key in another context is another key. */
                ps_fingerprint f = ps_fingerprint_of(&key, sizeof key, 0);
                assert_int_equal(ps_seen_add(seen, context, f, &again, NULL), PS_OK);
                assert_int_equal(again, round == 1);
                if (round == 0 && ps_seen_bytes(seen) > peak) peak = ps_seen_bytes(seen);
            }
        }
        if (order == 0) assert_true(peak < 2 * MOST);
        ps_seen_free(seen);
    }
}

/* Every key in a context of its own, as when the column of reporters holds none: no
 * slower than any other. */
static void contexts_of_one_key_are_many(void **state) {
    (void)state;
    enum { CONTEXTS = 400000, MOST = 1 << 20 };
    ps_seen *seen;
    assert_int_equal(ps_seen_create(2, MOST, &seen, NULL), PS_OK);
    for (uint64_t i = 0; i < CONTEXTS + 1000; i++) {
        bool again;
        const uint64_t context = i < CONTEXTS ? i : (i - CONTEXTS) * 300;
        ps_fingerprint f = ps_fingerprint_of(&context, sizeof context, 0);
        assert_int_equal(ps_seen_add(seen, context, f, &again, NULL), PS_OK);
        assert_int_equal(again, i >= CONTEXTS);
    }
    ps_seen_free(seen);
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    ps_seen *seen;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_seen_create(1, 4096, &seen, NULL), PS_OK);
    setenv("TMPDIR", "/nowhere", 1);
    ps_status status = PS_OK;
    for (uint64_t i = 0; i < 5000 && status == PS_OK; i++) {
        bool again;
        status =
            ps_seen_add(seen, i / 100, ps_fingerprint_of(&i, sizeof i, 0), &again, &err);
    }
    unsetenv("TMPDIR");
    assert_int_equal(status, PS_OUTPUT);
    assert_non_null(strstr(err.text, "/nowhere"));
    ps_seen_free(seen);
}

static void shards_share_the_keys(void **state) {
    (void)state;
    ps_seen *seen;
    size_t keys[4] = {0};
    assert_int_equal(ps_seen_create(4, 1 << 20, &seen, NULL), PS_OK);
    for (int i = 0; i < 4000; i++)
        keys[ps_seen_shard_of(seen, ps_fingerprint_of(&i, sizeof i, 7))]++;
    for (int s = 0; s < 4; s++) assert_in_range(keys[s], 800, 1200);
    ps_seen_free(seen);
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_seen_create(0, 1 << 20, &seen, &err), PS_CONFIG);
    assert_null(seen);
}

static ps_status fill(void *context, ps_error *err) {
    (void)context;
    ps_seen *seen = NULL;
    ps_status status = ps_seen_create(2, 1 << 14, &seen, err);
    for (int i = 0; i < 5000 && status == PS_OK; i++) {
        bool again;
        status = ps_seen_add(seen, (uint64_t)i / 500, ps_fingerprint_of(&i, sizeof i, 7),
                             &again, err);
    }
    ps_seen_free(seen);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(fill, NULL) > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_met_once),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(contexts_of_one_key_are_many),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(shards_share_the_keys),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
