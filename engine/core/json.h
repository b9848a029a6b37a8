/* A JSON document written front to back, indented, to an output (RFC 8259).
 *
 * Commas and indentation are kept by the writer; the caller opens, names and closes.
 * Doubles are written as the shortest exact text; what is not finite becomes null.
 */
#ifndef PS_CORE_JSON_H
#define PS_CORE_JSON_H

#include "engine/core/output.h"

enum { PS_JSON_DEPTH = 32 };

typedef struct ps_json {
    ps_output *out;
    int depth;
    bool has_members[PS_JSON_DEPTH];
    bool after_key;
} ps_json;

ps_json ps_json_begin(ps_output *out);
/* The name of the next value inside an object. */
void ps_json_key(ps_json *json, const char *key);
void ps_json_object(ps_json *json);
void ps_json_array(ps_json *json);
/* Close the innermost object or array; a newline after the outermost. */
void ps_json_end_object(ps_json *json);
void ps_json_end_array(ps_json *json);
void ps_json_text(ps_json *json, const char *text); /* NULL: null */
void ps_json_str(ps_json *json, ps_str text);
void ps_json_int(ps_json *json, int64_t value);
void ps_json_real(ps_json *json, double value);
void ps_json_bool(ps_json *json, bool value);

/* Members of an object in one call. */
void ps_json_member_text(ps_json *json, const char *key, const char *text);
void ps_json_member_int(ps_json *json, const char *key, int64_t value);
void ps_json_member_real(ps_json *json, const char *key, double value);
void ps_json_member_bool(ps_json *json, const char *key, bool value);

#endif
