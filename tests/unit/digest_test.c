/* SHA-256 against the examples of FIPS 180-4 and against itself in pieces. */
#include "engine/core/digest.h"

#include <string.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

static const char empty[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void bytes_have_the_published_sums(void **state) {
    (void)state;
    char hex[65];
    assert_int_equal(ps_digest_bytes("", 0, hex, NULL), PS_OK);
    assert_string_equal(hex, empty);
    assert_int_equal(ps_digest_bytes(NULL, 0, hex, NULL), PS_OK);
    assert_string_equal(hex, empty);
    assert_int_equal(ps_digest_bytes("abc", 3, hex, NULL), PS_OK);
    assert_string_equal(
        hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_int_equal(ps_digest_bytes(two, strlen(two), hex, NULL), PS_OK);
    assert_string_equal(
        hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_file_has_the_sum_of_its_bytes(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char whole[65], hex[65];
    int64_t bytes = -1;
    enum { N = 1000000 };
    char *million = ps_alloc(N, 1);
    assert_non_null(million);
    memset(million, 'a', N);
    assert_int_equal(ps_digest_bytes(million, N, whole, NULL), PS_OK);
    assert_string_equal(
        whole, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    const char *path = test_file_write(folder, "million", million, N);
    assert_int_equal(ps_digest_file(path, hex, &bytes, NULL), PS_OK);
    assert_string_equal(hex, whole);
    assert_int_equal(bytes, N);
    path = test_file_write(folder, "empty", "", 0);
    assert_int_equal(ps_digest_file(path, hex, &bytes, NULL), PS_OK);
    assert_string_equal(hex, empty);
    assert_int_equal(bytes, 0);
    ps_free(million);
    test_folder_remove(folder);
}

static void what_cannot_be_read_is_named(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char hex[65];
    int64_t bytes;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_digest_file(test_path(folder, "absent.csv"), hex, &bytes, &err),
                     PS_INPUT);
    assert_non_null(strstr(err.text, "absent.csv"));
    assert_string_equal(hex, "");
    assert_int_equal(ps_digest_file(folder, hex, &bytes, &err), PS_INPUT);
    test_folder_remove(folder);
}

static ps_status digest(void *context, ps_error *err) {
    char hex[65];
    int64_t bytes;
    return ps_digest_file(context, hex, &bytes, err);
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char path[1024];
    strcpy(path, test_file_write(folder, "x", "x", 1));
    assert_true(test_each_allocation_fails(digest, path) >= 1);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_have_the_published_sums),
        cmocka_unit_test(a_file_has_the_sum_of_its_bytes),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
