/* The narrow YAML: what is taken, what is refused, and where a message points. A small
 * schema of its own holds every kind of value. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/yaml.h"
#include "tests/support/test.h"

typedef enum colour { RED, GREEN } colour;

typedef struct part {
    char *name;
    int64_t size;
} part;

typedef struct thing {
    char *title;
    char **words;
    unsigned words_count;
    part *parts;
    unsigned parts_count;
    part *main;
    double *weight;
    bool *ready;
    colour *paint;
} thing;

static const cyaml_strval_t colours[] = {{"red", RED}, {"green", GREEN}};
static const cyaml_schema_value_t word = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)};
static const cyaml_schema_field_t part_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, part, name, 1, CYAML_UNLIMITED),
    CYAML_FIELD_INT("size", CYAML_FLAG_OPTIONAL, part, size), CYAML_FIELD_END};
static const cyaml_schema_value_t part_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, part, part_fields)};
static const cyaml_schema_field_t thing_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_DEFAULT, thing, title, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("words", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, thing, words,
                         &word, 1, 3),
    CYAML_FIELD_SEQUENCE("parts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, thing, parts,
                         &part_entry, 1, CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING_PTR("main", CYAML_FLAG_OPTIONAL, thing, main, part_fields),
    CYAML_FIELD_FLOAT_PTR("weight", CYAML_FLAG_OPTIONAL, thing, weight),
    CYAML_FIELD_BOOL_PTR("ready", CYAML_FLAG_OPTIONAL, thing, ready),
    CYAML_FIELD_ENUM_PTR("paint", CYAML_FLAG_OPTIONAL, thing, paint, colours, 2),
    CYAML_FIELD_END};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, thing, thing_fields)};

static ps_status parse(const char *text, ps_yaml **yaml, thing **out, ps_error *err) {
    void *data;
    ps_status status =
        ps_yaml_parse("t.yaml", text, strlen(text), &schema, yaml, &data, err);
    *out = data;
    return status;
}

static const char whole[] =
    "# a comment\n"
    "title: Ä thing\n"
    "words: [one, 'two, three', \"f\\u00f6ur\"]\n"
    "parts:\n"
    "  - name: 007\n"
    "    size: -12\n"
    "  - {name: yes, size: 9223372036854775807}\n"
    "main:\n"
    "  name: |\n"
    "    two\n"
    "    lines\n"
    "weight: 0.95\n"
    "ready: true\n"
    "paint: green\n";

static void check_whole(const thing *t) {
    assert_string_equal(t->title, "Ä thing");
    assert_int_equal(t->words_count, 3);
    assert_string_equal(t->words[1], "two, three");
    assert_string_equal(t->words[2], "föur");
    assert_int_equal(t->parts_count, 2);
    assert_string_equal(t->parts[0].name, "007");
    assert_true(t->parts[0].size == -12);
    assert_string_equal(t->parts[1].name, "yes");
    assert_true(t->parts[1].size == INT64_MAX);
    assert_string_equal(t->main->name, "two\nlines\n");
    assert_true(*t->weight == 0.95);
    assert_true(*t->ready);
    assert_int_equal(*t->paint, GREEN);
}

static void structures_are_filled(void **state) {
    (void)state;
    ps_yaml *yaml;
    thing *t;
    ps_error err = {0};
    assert_int_equal(parse(whole, &yaml, &t, &err), PS_OK);
    check_whole(t);
    assert_string_equal(ps_yaml_name(yaml), "t.yaml");
    ps_yaml_free(yaml);
    ps_yaml_free(NULL);
}

static void json_is_taken(void **state) {
    (void)state;
    ps_yaml *yaml;
    thing *t;
    ps_error err = {0};
    const char *text =
        "{\n\t\"title\":\"J\\/son \\\"x\\\"\",\n\t\"words\": [\"a\",\"b\"],\n"
        "\t\"parts\":[{\"name\":\"n\",\"size\":3}],\"weight\":1e-3,\"ready\":false,"
        "\"paint\":\"red\"}";
    assert_int_equal(parse(text, &yaml, &t, &err), PS_OK);
    assert_string_equal(t->title, "J/son \"x\"");
    assert_int_equal(t->words_count, 2);
    assert_true(t->parts[0].size == 3);
    assert_true(*t->weight == 1e-3);
    assert_false(*t->ready);
    assert_int_equal(*t->paint, RED);
    assert_null(t->main);
    ps_yaml_free(yaml);
}

/* A program around the library may have set a locale with a decimal comma. */
static void numbers_do_not_depend_on_the_locale(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < 3 && set == NULL; i++) set = setlocale(LC_ALL, names[i]);
    ps_yaml *yaml;
    thing *t;
    ps_error err = {0};
    assert_int_equal(parse("title: x\nweight: 2.5\n", &yaml, &t, &err), PS_OK);
    assert_true(*t->weight == 2.5);
    ps_yaml_free(yaml);
    setlocale(LC_ALL, "C");
    if (set == NULL) print_message("no locale with a decimal comma is installed\n");
}

static void mistakes_are_told_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "t.yaml:1:1: the file is empty"},
        {"# nothing\n---\n", "t.yaml:1:1: the file is empty"},
        {"- title: x\n", "t.yaml:1:1: must be a mapping of keys to values, not a list"},
        {"title", "t.yaml:1:1: must be a mapping of keys to values, not a single value"},
        {"words: [a]\n", "t.yaml:1:1: the key 'title' is missing"},
        {"title: x\nword: [a]\n",
         "t.yaml:2:1: unknown key 'word'; did you mean 'words'?"},
        {"title: x\nother: [a]\n",
         "t.yaml:2:1: unknown key 'other'; the keys here are title, words, parts, main, "
         "weight, ready, paint"},
        {"title: x\nTitle: y\n",
         "t.yaml:2:1: unknown key 'Title'; did you mean 'title'?"},
        {"title: x\ntitle: y\n",
         "t.yaml:2:1: title: this key stands twice, first on line 1"},
        {"title: x\nparts:\n  - name: a\n    name: b\n",
         "t.yaml:4:5: parts[0].name: this key stands twice, first on line 3"},
        {"title:\n", "t.yaml:1:7: title: has no value; give one or leave the key out"},
        {"title: ~\n", "t.yaml:1:8: title: has no value; give one or leave the key out"},
        {"title: ''\n", "t.yaml:1:8: title: must not be empty"},
        {"title: [x]\n", "t.yaml:1:8: title: must be a text, not a list"},
        {"title: {a: b}\n", "t.yaml:1:8: title: must be a text, not a mapping"},
        {"title: x\nwords: one\n", "t.yaml:2:8: words: must be a list; write [one]"},
        {"title: x\nwords: {a: b}\n",
         "t.yaml:2:8: words: must be a list, not a mapping; begin each entry with '-'"},
        {"title: x\nwords: []\n", "t.yaml:2:8: words: must have at least 1 entry"},
        {"title: x\nwords: [a, b, c, d]\n",
         "t.yaml:2:8: words: has 4 entries; at most 3 are taken"},
        {"title: x\nwords: [a, , b]\n", NULL},
        {"title: x\nwords: [a, '']\n", "t.yaml:2:12: words[1]: must not be empty"},
        {"title: x\nmain: big\n",
         "t.yaml:2:7: main: must be a mapping of keys to values, not a single value"},
        {"title: x\nmain: [a]\n",
         "t.yaml:2:7: main: must be a mapping of keys to values, not a list"},
        {"title: x\nmain: {size: 1}\n", "t.yaml:2:7: main: the key 'name' is missing"},
        {"title: x\nmain: {name: n, size: 1.5}\n",
         "t.yaml:2:23: main.size: must be a whole number, not '1.5'"},
        {"title: x\nmain: {name: n, size: 010}\n",
         "t.yaml:2:23: main.size: must be a whole number, not '010'"},
        {"title: x\nmain: {name: n, size: +3}\n",
         "t.yaml:2:23: main.size: must be a whole number, not '+3'"},
        {"title: x\nmain: {name: n, size: 0x10}\n",
         "t.yaml:2:23: main.size: must be a whole number, not '0x10'"},
        {"title: x\nmain: {name: n, size: 9223372036854775808}\n",
         "t.yaml:2:23: main.size: must be a whole number, not '9223372036854775808'"},
        {"title: x\nmain: {name: n, size: '3'}\n",
         "t.yaml:2:23: main.size: must be a whole number without quotes"},
        {"title: x\nweight: heavy\n",
         "t.yaml:2:9: weight: must be a number, not 'heavy'"},
        {"title: x\nweight: .inf\n", "t.yaml:2:9: weight: must be a number, not '.inf'"},
        {"title: x\nready: yes\n", "t.yaml:2:8: ready: must be true or false, not 'yes'"},
        {"title: x\npaint: gren\n",
         "t.yaml:2:8: paint: 'gren' is not one of red, green; did you mean 'green'?"},
        {"title: x\npaint: 1\n", "t.yaml:2:8: paint: '1' is not one of red, green"},
        {"title: &a x\n", "t.yaml:1:8: anchors (&name) are not supported"},
        {"title: *a\n", "t.yaml:1:8: aliases (*name) are not supported"},
        {"title: !!str x\n", "t.yaml:1:8: tags (!name) are not supported"},
        {"title: x\nmain: &m {name: n}\n",
         "t.yaml:2:7: anchors (&name) are not supported"},
        {"title: x\nwords: !!seq [n]\n", "t.yaml:2:8: tags (!name) are not supported"},
        {"? [a]\n: b\n", "t.yaml:1:3: a key must be a plain text"},
        {"title: x\n---\ntitle: y\n",
         "t.yaml:2:1: a second document begins here; a file holds one"},
        {"title: \"a\\0b\"\n", "t.yaml:1:8: a text may not hold a NUL character"},
        {"title: x\xff\n",
         "t.yaml:1:1: this line is not UTF-8; save the file as UTF-8 text"},
        {"title: x\nmain: \x01\n", "t.yaml:2:1: holds a control character (0x01)"},
        {"title: [x\n",
         "t.yaml:2:1: not well-formed YAML: did not find expected ',' or "
         "']' while parsing a flow sequence"},
        {"title: x\n\twords: [a]\n", NULL},
        {"title: x: y\n",
         "t.yaml:1:9: not well-formed YAML: mapping values are not "
         "allowed in this context"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_yaml *yaml;
        thing *t;
        ps_error err = {0};
        assert_int_equal(parse(cases[i].text, &yaml, &t, &err), PS_CONFIG);
        assert_null(yaml);
        assert_null(t);
        assert_int_equal(err.status, PS_CONFIG);
        if (cases[i].told != NULL) assert_string_equal(err.text, cases[i].told);
        assert_int_equal(strncmp(err.text, "t.yaml:", 7), 0);
    }
}

static void five_mistakes_at_once(void **state) {
    (void)state;
    ps_yaml *yaml;
    thing *t;
    ps_error err = {0};
    assert_int_equal(parse("titel: x\nready: 1\nparts:\n  - size: a\n  - sise: 2\n"
                           "weight: y\n",
                           &yaml, &t, &err),
                     PS_CONFIG);
    assert_string_equal(err.text,
                        "t.yaml:1:1: unknown key 'titel'; did you mean 'title'?\n"
                        "t.yaml:2:8: ready: must be true or false, not '1'\n"
                        "t.yaml:4:11: parts[0].size: must be a whole number, not 'a'\n"
                        "t.yaml:4:5: parts[0]: the key 'name' is missing\n"
                        "t.yaml:5:5: parts[1]: unknown key 'sise'; did you mean 'size'?\n"
                        "... and 3 more");
    /* A long name leaves room for fewer, and what was left out is still counted. */
    char name[1500];
    void *data;
    static const char text[] = "a: 1\nb: 1\nc: 1\ntitle: x\n";
    memset(name, 'n', sizeof name);
    name[400] = '\0';
    assert_int_equal(
        ps_yaml_parse(name, text, sizeof text - 1, &schema, &yaml, &data, &err),
        PS_CONFIG);
    assert_non_null(strstr(err.text, "nnn:1:1: unknown key 'a'"));
    assert_null(strstr(err.text, "unknown key 'c'"));
    assert_non_null(strstr(err.text, "\n... and 1 more"));
    name[400] = 'n';
    name[sizeof name - 1] = '\0';
    assert_int_equal(
        ps_yaml_parse(name, text, sizeof text - 1, &schema, &yaml, &data, &err),
        PS_CONFIG);
    assert_non_null(strstr(err.text, "\n... and 2 more"));
}

static void bytes_that_are_no_text(void **state) {
    (void)state;
    ps_yaml *yaml;
    void *data;
    ps_error err = {0};
    static const char utf16[] = "t\0i\0t\0l\0e\0";
    assert_int_equal(ps_yaml_parse("t.yaml", utf16, 10, &schema, &yaml, &data, &err),
                     PS_CONFIG);
    assert_string_equal(err.text,
                        "t.yaml:1:1: holds a NUL byte; save the file as UTF-8 text");
    size_t n = (size_t)PS_YAML_MAX_BYTES + 1;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, '#', n);
    assert_int_equal(ps_yaml_parse("t.yaml", big, n, &schema, &yaml, &data, &err),
                     PS_CONFIG);
    assert_string_equal(err.text,
                        "t.yaml: larger than 4 MiB, so not a file of this kind");
    memset(big, '[', n - 1);
    assert_int_equal(ps_yaml_parse("t.yaml", big, n - 1, &schema, &yaml, &data, &err),
                     PS_CONFIG);
    assert_string_equal(err.text, "t.yaml:1:33: nested more than 32 levels deep");
    /* Two million values on one line. */
    memset(big, ',', n - 1);
    for (size_t i = 0; i < n - 1; i += 2) big[i] = 'a';
    memcpy(big, "words: [", 8);
    assert_int_equal(ps_yaml_parse("t.yaml", big, n - 1, &schema, &yaml, &data, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "more values than a file may hold"));
    free(big);
}

static void later_checks_point_at_values(void **state) {
    (void)state;
    static const struct {
        const char *path, *told;
    } cases[] = {
        {"title", "t.yaml:2:8: title: bad 1"},
        {"words[2]", "t.yaml:3:28: words[2]: bad 1"},
        {"parts[1].size", "t.yaml:7:23: parts[1].size: bad 1"},
        {"parts[1]", "t.yaml:7:5: parts[1]: bad 1"},
        {"main.size", "t.yaml:9:3: main.size: bad 1"},
        {"parts[9].size", "t.yaml:5:3: parts[9].size: bad 1"},
        {"parts[x].size", "t.yaml:5:3: parts[x].size: bad 1"},
        {"nothing.here", "t.yaml:2:1: nothing.here: bad 1"},
        {"", "t.yaml:2:1: bad 1"},
        {"[", "t.yaml:2:1: [: bad 1"},
        {".", "t.yaml:2:1: .: bad 1"},
    };
    ps_yaml *yaml;
    thing *t;
    ps_error err = {0};
    assert_int_equal(parse(whole, &yaml, &t, &err), PS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ps_yaml_fail(yaml, &err, PS_FORMAT, cases[i].path, "bad %d", 1),
                         PS_FORMAT);
        assert_string_equal(err.text, cases[i].told);
    }
    assert_int_equal(ps_yaml_fail(yaml, &err, PS_CONFIG, "title", "a\nb\tc"), PS_CONFIG);
    assert_string_equal(err.text, "t.yaml:2:8: title: a b c");
    assert_int_equal(ps_yaml_fail(yaml, NULL, PS_CONFIG, "title", "bad"), PS_CONFIG);
    ps_yaml_free(yaml);
}

static void files_are_read(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const char *path = test_file_write(folder, "t.yaml", whole, sizeof whole - 1);
    ps_yaml *yaml;
    void *data;
    ps_error err = {0};
    assert_int_equal(ps_yaml_open(path, &schema, &yaml, &data, &err), PS_OK);
    check_whole(data);
    ps_yaml_free(yaml);
    test_folder_remove(folder);
    assert_int_equal(ps_yaml_open("/nowhere/t.yaml", &schema, &yaml, &data, &err),
                     PS_INPUT);
    assert_string_equal(err.text,
                        "/nowhere/t.yaml: cannot be read: No such file or directory");
    assert_int_equal(ps_yaml_open("/", &schema, &yaml, &data, &err), PS_INPUT);
    assert_string_equal(err.text, "/: cannot be read: Is a directory");
}

static ps_status parse_whole(void *context, ps_error *err) {
    (void)context;
    ps_yaml *yaml;
    thing *t;
    ps_status status = parse(whole, &yaml, &t, err);
    if (status != PS_OK) {
        assert_null(yaml);
        assert_null(t);
    }
    ps_yaml_free(yaml);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(parse_whole, NULL) > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_filled),
        cmocka_unit_test(json_is_taken),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(five_mistakes_at_once),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(later_checks_point_at_values),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
