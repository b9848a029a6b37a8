/* YAML files checked against a libcyaml schema, with positions.
 *
 * libcyaml fills the structures; before it does, the document is walked beside the schema
 * so that every mistake is told with file, line, column, path and the nearest valid name,
 * all of them at once up to a limit. The positions stay, so that a later check ("no such
 * column") can point at the value it is about.
 *
 * The dialect is narrow, so that a file has one meaning: UTF-8; one document; no anchors,
 * aliases or tags; a key stands once; nested at most 32 deep, at most PS_YAML_MAX_BYTES;
 * numbers decimal and without quotes; switches true or false; a key without a value is a
 * mistake. JSON is a subset of it.
 */
#ifndef PS_RUN_YAML_H
#define PS_RUN_YAML_H

#include <cyaml/cyaml.h>

#include "engine/core/text.h"

enum { PS_YAML_MAX_BYTES = 4 << 20 };

/* A schema is a pointer to a mapping of texts, whole numbers, numbers, switches, enums,
 * mappings and lists. What is hung into the structures later must come from
 * engine/core/mem.h: ps_yaml_free frees it with the rest. */
typedef struct ps_yaml ps_yaml;

/* Read and check a file and fill *data (freed by ps_yaml_free). PS_INPUT when it cannot
 * be read; PS_CONFIG with up to five mistakes, one a line: "job.yaml:12:5: areas[0]:
 * unknown key 'sorce'; did you mean 'source'?". */
ps_status ps_yaml_open(const char *path, const cyaml_schema_value_t *schema,
                       ps_yaml **out, void **data, ps_error *err) PS_MUST_CHECK;
/* The same from bytes; name stands for the path. */
ps_status ps_yaml_parse(const char *name, const char *bytes, size_t n,
                        const cyaml_schema_value_t *schema, ps_yaml **out, void **data,
                        ps_error *err) PS_MUST_CHECK;
/* Fail with "file:line:column: path: message" for the value at path, e.g.
 * "points[0].files[1]"; the nearest enclosing value that stands in the file when that one
 * does not. Returns PS_CONFIG, or the given status. */
ps_status ps_yaml_fail(const ps_yaml *yaml, ps_error *err, ps_status status,
                       const char *path, const char *format, ...) PS_PRINTF(5, 6);

/* Mistakes of a file that are told in one refusal: up to PS_YAML_TOLD, a line each, and
 * how many more there are. Zero-initialise. */
enum { PS_YAML_TOLD = 5 };
typedef struct ps_yaml_mistakes {
    char text[sizeof((ps_error *)0)->text];
    size_t n;
    int told;
    long more;
} ps_yaml_mistakes;

/* Takes what a check gave: PS_OK also when it was a mistake, PS_CONFIG, so that the next
 * check may come; anything else is an error of its own, copied to err. */
ps_status ps_yaml_collect(ps_yaml_mistakes *mistakes, ps_status status,
                          const ps_error *found, ps_error *err) PS_MUST_CHECK;
/* PS_CONFIG with all of them; PS_OK when there are none. */
ps_status ps_yaml_refuse(const ps_yaml_mistakes *mistakes, ps_error *err) PS_MUST_CHECK;

const char *ps_yaml_name(const ps_yaml *yaml);
/* The data as they stand now (defaults and presets filled in), as YAML text that reads
 * back as the same; the caller frees it with ps_free. */
ps_status ps_yaml_text(const ps_yaml *yaml, char **text, ps_error *err) PS_MUST_CHECK;
void ps_yaml_free(ps_yaml *yaml);

#endif
