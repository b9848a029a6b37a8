/* Fields of a libcyaml schema in the words of this house: what is left out is NULL, a
 * text is never empty, a list has limits. The limits keep the checks of a hostile file
 * cheap.
 */
#ifndef PS_RUN_YAML_FIELDS_H
#define PS_RUN_YAML_FIELDS_H

#include "engine/run/yaml.h"

/* Written in quotes: an empty text, null or ~ without them would be no text at all. */
#define PS_QUOTED CYAML_FLAG_SCALAR_QUOTE_DOUBLE
#define PS_TEXT(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, PS_QUOTED, type, member, 1, CYAML_UNLIMITED)
#define PS_OPTIONAL_TEXT(key, type, member)                                       \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL | PS_QUOTED, type, member, 1, \
                           CYAML_UNLIMITED)
/* An entry of a list of texts of at least so many bytes. */
#define PS_TEXT_ENTRY(least) \
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER | PS_QUOTED, char, least, CYAML_UNLIMITED)
#define PS_OPTIONAL_INT(key, type, member) \
    CYAML_FIELD_INT(key, CYAML_FLAG_OPTIONAL, type, member)
#define PS_OPTIONAL_NUMBER(key, type, member) \
    CYAML_FIELD_FLOAT_PTR(key, CYAML_FLAG_OPTIONAL, type, member)
#define PS_OPTIONAL_SWITCH(key, type, member) \
    CYAML_FIELD_BOOL_PTR(key, CYAML_FLAG_OPTIONAL, type, member)
#define PS_WORD(key, type, member, words) \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT, type, member, words, CYAML_ARRAY_LEN(words))
#define PS_OPTIONAL_WORD(key, type, member, words)                                   \
    CYAML_FIELD_ENUM_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, type, member, \
                         words, CYAML_ARRAY_LEN(words))
#define PS_LIST(key, type, member, entry, least, most) \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER, type, member, entry, least, most)
#define PS_OPTIONAL_LIST(key, type, member, entry, least, most)                       \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, \
                         entry, least, most)
#define PS_OPTIONAL_MAPPING(key, type, member, fields) \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, fields)

#endif
