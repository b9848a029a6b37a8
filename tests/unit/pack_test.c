/* What is packed comes back, and no bytes make a reader leave them. */
#include "engine/core/pack.h"

#include <string.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

static const uint64_t numbers[] = {0,
                                   1,
                                   127,
                                   128,
                                   16383,
                                   16384,
                                   UINT32_MAX,
                                   (UINT64_C(1) << 63) - 1,
                                   UINT64_C(1) << 63,
                                   UINT64_MAX};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static ps_status pack_all(void *context, ps_error *err) {
    ps_pack *to = context;
    for (int i = 0; i < NUMBERS; i++) PS_TRY(ps_pack_number(to, numbers[i], err));
    PS_TRY(ps_pack_text(to, (ps_str){"", 0}, err));
    return ps_pack_text(to, (ps_str){"a\0b", 3}, err);
}

static void it_comes_back(void **state) {
    (void)state;
    ps_pack pack = {0};
    assert_int_equal(pack_all(&pack, NULL), PS_OK);
    ps_unpack from = ps_unpack_of(pack.bytes, pack.n);
    for (int i = 0; i < NUMBERS; i++)
        assert_true(ps_unpack_number(&from, UINT64_MAX) == numbers[i]);
    assert_int_equal(ps_unpack_text(&from).n, 0);
    const ps_str text = ps_unpack_text(&from);
    assert_int_equal(text.n, 3);
    assert_memory_equal(text.p, "a\0b", 3);
    assert_true(ps_unpack_done(&from));
    assert_int_equal(ps_unpack_number(&from, UINT64_MAX), 0);
    assert_false(ps_unpack_done(&from));
    ps_pack_free(&pack);
}

static void more_than_the_most_is_bad(void **state) {
    (void)state;
    for (int i = 1; i < NUMBERS; i++) {
        ps_pack pack = {0};
        assert_int_equal(ps_pack_number(&pack, numbers[i], NULL), PS_OK);
        ps_unpack good = ps_unpack_of(pack.bytes, pack.n);
        assert_true(ps_unpack_number(&good, numbers[i]) == numbers[i]);
        ps_unpack bad = ps_unpack_of(pack.bytes, pack.n);
        assert_int_equal(ps_unpack_number(&bad, numbers[i] - 1), 0);
        assert_true(bad.bad);
        ps_pack_free(&pack);
    }
    /* beyond 64 bits */
    static const unsigned char eleven[] = {255, 255, 255, 255, 255, 255,
                                           255, 255, 255, 255, 1};
    static const unsigned char ten[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
    ps_unpack from = ps_unpack_of(eleven, sizeof eleven);
    assert_int_equal(ps_unpack_number(&from, UINT64_MAX), 0);
    assert_true(from.bad);
    from = ps_unpack_of(ten, sizeof ten);
    assert_int_equal(ps_unpack_number(&from, UINT64_MAX), 0);
    assert_true(from.bad);
}

static void no_bytes_lead_astray(void **state) {
    (void)state;
    ps_pack pack = {0};
    assert_int_equal(pack_all(&pack, NULL), PS_OK);
    for (size_t n = 0; n < pack.n; n++) {
        /* a block of its own, so that a read behind it shows */
        unsigned char *part = ps_alloc(n, 1);
        assert_non_null(part);
        if (n > 0) memcpy(part, pack.bytes, n);
        ps_unpack from = ps_unpack_of(part, n);
        for (int i = 0; i < NUMBERS; i++) (void)ps_unpack_number(&from, UINT64_MAX);
        (void)ps_unpack_text(&from);
        assert_true(ps_unpack_text(&from).n == 0);
        assert_false(ps_unpack_done(&from));
        ps_free(part);
    }
    ps_pack_free(&pack);
    static const unsigned char too_long[] = {4, 'a', 'b', 'c'};
    ps_unpack from = ps_unpack_of(too_long, sizeof too_long);
    assert_int_equal(ps_unpack_text(&from).n, 0);
    assert_true(from.bad);
}

static ps_status pack_anew(void *context, ps_error *err) {
    (void)context;
    ps_pack pack = {0};
    const ps_status status = pack_all(&pack, err);
    ps_pack_free(&pack);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(pack_anew, NULL) >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(more_than_the_most_is_bad),
        cmocka_unit_test(no_bytes_lead_astray),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
