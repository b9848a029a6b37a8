#include "engine/core/seen.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

static bool met(ps_seen *seen, const char *key) {
    bool again;
    ps_error err = {PS_OK, ""};
    assert_int_equal(
        ps_seen_add(seen, ps_fingerprint_of(key, strlen(key), 0), &again, &err), PS_OK);
    return again;
}

static void a_key_is_met_once(void **state) {
    (void)state;
    for (size_t shards = 1; shards <= 7; shards += 3) {
        ps_seen *seen;
        assert_int_equal(ps_seen_create(shards, &seen, NULL), PS_OK);
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
        ps_seen_clear(seen);
        assert_false(met(seen, "1"));
        ps_seen_free(seen);
    }
}

/* The fingerprint that marks an empty slot is a key like others. */
static void the_fingerprint_of_nothing_is_a_key(void **state) {
    (void)state;
    ps_seen *seen;
    bool again;
    assert_int_equal(ps_seen_create(1, &seen, NULL), PS_OK);
    assert_int_equal(ps_seen_add(seen, (ps_fingerprint){0, 0}, &again, NULL), PS_OK);
    assert_false(again);
    assert_int_equal(ps_seen_add(seen, (ps_fingerprint){0, 0}, &again, NULL), PS_OK);
    assert_true(again);
    assert_int_equal(ps_seen_add(seen, (ps_fingerprint){0, 1}, &again, NULL), PS_OK);
    assert_false(again);
    ps_seen_free(seen);
}

static void shards_share_the_keys(void **state) {
    (void)state;
    ps_seen *seen;
    size_t keys[4] = {0};
    assert_int_equal(ps_seen_create(4, &seen, NULL), PS_OK);
    for (int i = 0; i < 4000; i++)
        keys[ps_seen_shard_of(seen, ps_fingerprint_of(&i, sizeof i, 7))]++;
    for (int s = 0; s < 4; s++) assert_in_range(keys[s], 800, 1200);
    ps_seen_free(seen);
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_seen_create(0, &seen, &err), PS_CONFIG);
    assert_null(seen);
}

static ps_status fill(void *context, ps_error *err) {
    (void)context;
    ps_seen *seen = NULL;
    ps_status status = ps_seen_create(2, &seen, err);
    for (int i = 0; i < 5000 && status == PS_OK; i++) {
        bool again;
        status = ps_seen_add(seen, ps_fingerprint_of(&i, sizeof i, 7), &again, err);
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
        cmocka_unit_test(the_fingerprint_of_nothing_is_a_key),
        cmocka_unit_test(shards_share_the_keys),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
