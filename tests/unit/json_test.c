#include "engine/core/json.h"

#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "tests/support/test.h"

static void assert_written(ps_output *out, const char *expected) {
    ps_str seen = ps_output_kept(out);
    assert_int_equal(seen.n, strlen(expected));
    assert_memory_equal(seen.p, expected, seen.n);
    ps_output_abandon(out);
}

static void documents_are_indented(void **state) {
    (void)state;
    ps_output *out;
    assert_int_equal(ps_output_keep(&out, NULL), PS_OK);
    ps_json json = ps_json_begin(out);
    ps_json_object(&json);
    ps_json_member_text(&json, "text", "a \"b\"\n");
    ps_json_member_text(&json, "none", NULL);
    ps_json_member_int(&json, "whole", -3);
    ps_json_member_real(&json, "real", 0.1);
    ps_json_member_real(&json, "endless", INFINITY);
    ps_json_member_bool(&json, "so", true);
    ps_json_key(&json, "list");
    ps_json_array(&json);
    ps_json_int(&json, 1);
    ps_json_object(&json);
    ps_json_end_object(&json);
    ps_json_array(&json);
    ps_json_end_array(&json);
    ps_json_end_array(&json);
    ps_json_end_object(&json);
    assert_written(
        out,
        "{\n  \"text\": \"a \\\"b\\\"\\n\",\n  \"none\": null,\n  \"whole\": -3,\n"
        "  \"real\": 0.1,\n  \"endless\": null,\n  \"so\": true,\n"
        "  \"list\": [\n    1,\n    {},\n    []\n  ]\n}\n");
}

/* Another reader gets back what was written, whatever the bytes. */
static void any_text_reads_back(void **state) {
    (void)state;
    char text[128];
    for (int i = 0; i < 127; i++) text[i] = (char)(i + 1);
    text[127] = '\0';
    ps_output *out;
    assert_int_equal(ps_output_keep(&out, NULL), PS_OK);
    ps_json json = ps_json_begin(out);
    ps_json_object(&json);
    ps_json_member_text(&json, text, text);
    ps_json_end_object(&json);
    ps_output_write(out, "", 1);
    struct json_object *read = json_tokener_parse(ps_output_kept(out).p);
    assert_non_null(read);
    assert_string_equal(json_object_get_string(json_object_object_get(read, text)), text);
    json_object_put(read);
    ps_output_abandon(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_indented),
        cmocka_unit_test(any_text_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
