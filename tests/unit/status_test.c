/* Messages: recorded, prefixed, cut between characters. */
#include "engine/core/status.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/text.h"
#include "tests/support/test.h"

static void a_failure_is_recorded_and_returned(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_fail(&err, PS_FORMAT, "row %d: \"%s\"", 7, "x"), PS_FORMAT);
    assert_int_equal(err.status, PS_FORMAT);
    assert_string_equal(err.text, "row 7: \"x\"");
    assert_int_equal(ps_fail(NULL, PS_LIMIT, "%s", "nobody listens"), PS_LIMIT);
    assert_int_equal(ps_fail_nomem(&err), PS_NOMEM);
    assert_int_equal(err.status, PS_NOMEM);
    assert_true(strlen(err.text) > 10);
}

static void context_goes_in_front(void **state) {
    (void)state;
    ps_error err = {PS_OK, ""};
    (void)ps_fail(&err, PS_INPUT, "cannot be opened");
    ps_fail_prefix(&err, "%s, %s: ", "job.yaml", "areas");
    assert_string_equal(err.text, "job.yaml, areas: cannot be opened");
    assert_int_equal(err.status, PS_INPUT);
    ps_fail_prefix(NULL, "%s", "nobody listens");
    /* A message may be built from the one before. */
    (void)ps_fail(&err, PS_CONFIG, "first: %s", err.text);
    assert_string_equal(err.text, "first: job.yaml, areas: cannot be opened");
}

static void long_messages_are_cut_between_characters(void **state) {
    (void)state;
    char text[2000];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4); /* a euro sign */
        ps_error err = {PS_OK, ""};
        (void)ps_fail(&err, PS_FORMAT, "%s", text);
        assert_true(strlen(err.text) >= sizeof err.text - 4);
        assert_true(strlen(err.text) < sizeof err.text);
        assert_true(ps_utf8_valid(ps_str_of(err.text)));
        assert_memory_equal(err.text, text, strlen(err.text));
        ps_fail_prefix(&err, "%s: ", "a prefix");
        assert_true(strncmp(err.text, "a prefix: ", 10) == 0);
        assert_true(ps_utf8_valid(ps_str_of(err.text)));
        ps_fail_prefix(&err, "%s", text);
        assert_true(strlen(err.text) < sizeof err.text);
    }
}

static ps_status give(ps_status status) {
    return status;
}

static ps_status passes_on(ps_status status, int *reached) {
    PS_TRY(give(status));
    *reached = 1;
    return PS_OK;
}

static void try_returns_on_failure_only(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(passes_on(PS_GATE, &reached), PS_GATE);
    assert_int_equal(reached, 0);
    assert_int_equal(passes_on(PS_OK, &reached), PS_OK);
    assert_int_equal(reached, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_recorded_and_returned),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(try_returns_on_failure_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
