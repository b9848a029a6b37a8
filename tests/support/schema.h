/* Is a JSON Schema for editors the same as the schema that libcyaml takes? */
#ifndef PS_TESTS_SUPPORT_SCHEMA_H
#define PS_TESTS_SUPPORT_SCHEMA_H

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/yaml.h"
#include "tests/support/test.h"

static inline json_object *test_schema_member(json_object *object, const char *key) {
    json_object *value;
    if (object == NULL || !json_object_object_get_ex(object, key, &value)) return NULL;
    return value;
}

/* Follow "$ref": "#/definitions/name". */
static inline json_object *test_schema_target(json_object *root, json_object *schema) {
    json_object *ref = test_schema_member(schema, "$ref");
    if (ref == NULL) return schema;
    const char *text = json_object_get_string(ref), *prefix = "#/definitions/";
    assert_int_equal(strncmp(text, prefix, strlen(prefix)), 0);
    json_object *found = test_schema_member(test_schema_member(root, "definitions"),
                                            text + strlen(prefix));
    assert_non_null(found);
    return found;
}

static inline bool test_schema_array_holds(json_object *array, const char *text) {
    for (size_t i = 0; array != NULL && i < json_object_array_length(array); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text) ==
            0)
            return true;
    return false;
}

static inline bool test_schema_has_type(json_object *schema, const char *type) {
    json_object *stated = test_schema_member(schema, "type");
    if (json_object_is_type(stated, json_type_array))
        return test_schema_array_holds(stated, type);
    return stated != NULL && strcmp(json_object_get_string(stated), type) == 0;
}

static inline void test_schema_value(json_object *root, json_object *schema,
                                     const cyaml_schema_value_t *own, const char *path);

static inline void test_schema_mapping(json_object *root, json_object *schema,
                                       const cyaml_schema_value_t *own,
                                       const char *path) {
    json_object *properties = test_schema_member(schema, "properties");
    json_object *required = test_schema_member(schema, "required");
    json_object *closed = test_schema_member(schema, "additionalProperties");
    assert_non_null(properties);
    if (closed == NULL || json_object_get_boolean(closed))
        fail_msg("%s: takes any key", path);
    size_t n = 0, n_required = 0;
    for (const cyaml_schema_field_t *f = own->mapping.fields; f->key != NULL; f++, n++) {
        char inner[256];
        snprintf(inner, sizeof inner, "%s.%s", path, f->key);
        json_object *property = test_schema_member(properties, f->key);
        if (property == NULL) fail_msg("%s: not in the schema for editors", inner);
        if (test_schema_member(property, "description") == NULL)
            fail_msg("%s: has no description", inner);
        bool optional = (f->value.flags & CYAML_FLAG_OPTIONAL) != 0;
        if (test_schema_array_holds(required, f->key) == optional)
            fail_msg("%s: required here and not there", inner);
        n_required += !optional;
        test_schema_value(root, property, &f->value, inner);
    }
    if ((size_t)json_object_object_length(properties) != n)
        fail_msg("%s: the schema for editors has other keys too", path);
    assert_int_equal(required != NULL ? json_object_array_length(required) : 0,
                     n_required);
}

static inline void test_schema_sequence(json_object *root, json_object *schema,
                                        const cyaml_schema_value_t *own,
                                        const char *path) {
    if (!test_schema_has_type(schema, "array")) fail_msg("%s: no array there", path);
    json_object *least = test_schema_member(schema, "minItems"),
                *most = test_schema_member(schema, "maxItems");
    assert_non_null(least);
    assert_non_null(most);
    assert_int_equal(json_object_get_int64(least), own->sequence.min);
    assert_int_equal(json_object_get_int64(most), own->sequence.max);
    test_schema_value(root, test_schema_member(schema, "items"), own->sequence.entry,
                      path);
}

static inline void test_schema_value(json_object *root, json_object *schema,
                                     const cyaml_schema_value_t *own, const char *path) {
    schema = test_schema_target(root, schema);
    const char *type = NULL;
    switch (own->type) {
        case CYAML_MAPPING:
            if (!test_schema_has_type(schema, "object"))
                fail_msg("%s: no object there", path);
            test_schema_mapping(root, schema, own, path);
            return;
        case CYAML_SEQUENCE:
            test_schema_sequence(root, schema, own, path);
            return;
        case CYAML_ENUM: {
            json_object *words = test_schema_member(schema, "enum");
            assert_non_null(words);
            assert_int_equal(json_object_array_length(words), own->enumeration.count);
            for (uint32_t i = 0; i < own->enumeration.count; i++)
                if (!test_schema_array_holds(words, own->enumeration.strings[i].str))
                    fail_msg("%s: the word %s is not there", path,
                             own->enumeration.strings[i].str);
            return;
        }
        case CYAML_STRING:
            type = "string";
            if (!test_schema_has_type(schema, "number") &&
                (test_schema_member(schema, "minLength") != NULL) !=
                    (own->string.min > 0))
                fail_msg("%s: empty here and not there", path);
            break;
        case CYAML_INT:
            type = "integer";
            break;
        case CYAML_FLOAT:
            type = "number";
            break;
        case CYAML_BOOL:
            type = "boolean";
            break;
        default:
            fail_msg("%s: a type that this test does not know", path);
    }
    if (!test_schema_has_type(schema, type)) fail_msg("%s: not a %s there", path, type);
}

/* Every key, whether it is needed, its type, words and limits; and no other key. */
static inline void test_schema_is_the_same(const char *path,
                                           const cyaml_schema_value_t *own) {
    json_object *root = json_object_from_file(path);
    if (root == NULL) fail_msg("%s", json_util_get_last_err());
    test_schema_value(root, root, own, "top");
    json_object_put(root);
}

#endif
