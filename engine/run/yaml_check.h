/* What the checks of YAML files share: messages at a path, ids, hints, defaults.
 *
 * A check never changes the data and a default is filled in only after all checks, so
 * that a message always speaks of what stands in the file.
 */
#ifndef PS_RUN_YAML_CHECK_H
#define PS_RUN_YAML_CHECK_H

#include <stdio.h>

#include "engine/core/keys.h"
#include "engine/run/yaml.h"

enum { PS_YAML_PATH = 96, PS_YAML_HINT = 96 };

/* "points[0].x" for messages, into char[PS_YAML_PATH]. */
#define PS_YAML_AT(path, ...) snprintf(path, PS_YAML_PATH, __VA_ARGS__)

/* PS_CONFIG at a path. */
#define PS_YAML_WRONG(yaml, err, path, ...) \
    ps_yaml_fail(yaml, err, PS_CONFIG, path, __VA_ARGS__)

/* "; did you mean 'ward'?", or what there is to choose from, or nothing. */
const char *ps_yaml_hint(char out[PS_YAML_HINT], const char *text,
                         const char *const *candidates, size_t n);

/* An id is small letters, digits and '-', begins with a letter or digit, and has at most
 * 64 characters. PS_CONFIG when it is not so or stands in ids already, where it is added.
 */
ps_status ps_yaml_check_id(const ps_yaml *yaml, ps_keys *ids, const char *path,
                           const char *id, ps_error *err) PS_MUST_CHECK;

/* Give *slot a copy of text when it is NULL. */
ps_status ps_yaml_default_text(char **slot, const char *text,
                               ps_error *err) PS_MUST_CHECK;

/* Give *slot, a pointer to an enum, a number or a switch, a value of its own. Returns
 * from the function when memory has run out. */
#define PS_YAML_DEFAULT(slot, value, err)                  \
    do {                                                   \
        if ((slot) == NULL) {                              \
            (slot) = ps_alloc(1, sizeof *(slot));          \
            if ((slot) == NULL) return ps_fail_nomem(err); \
            *(slot) = (value);                             \
        }                                                  \
    } while (0)

#endif
