#include "engine/core/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

ps_json ps_json_begin(ps_output *out) {
    return (ps_json){.out = out};
}

static void new_line(ps_json *json) {
    static const char spaces[] =
        "                                                                ";
    ps_output_write(json->out, "\n", 1);
    ps_output_write(json->out, spaces, (size_t)json->depth * 2);
}

/* What stands between the value before and the one to come. */
static void separate(ps_json *json) {
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0) return;
    bool *has = &json->has_members[json->depth - 1];
    if (*has) ps_output_write(json->out, ",", 1);
    *has = true;
    new_line(json);
}

void ps_json_key(ps_json *json, const char *key) {
    separate(json);
    ps_output_json(json->out, ps_str_of(key));
    ps_output_write(json->out, ": ", 2);
    json->after_key = true;
}

static void open_level(ps_json *json, const char *bracket) {
    separate(json);
    ps_output_write(json->out, bracket, 1);
    if (json->depth < PS_JSON_DEPTH) json->has_members[json->depth++] = false;
}

static void close_level(ps_json *json, const char *bracket) {
    bool has = json->has_members[--json->depth];
    if (has) new_line(json);
    ps_output_write(json->out, bracket, 1);
    if (json->depth == 0) ps_output_write(json->out, "\n", 1);
}

void ps_json_object(ps_json *json) {
    open_level(json, "{");
}

void ps_json_array(ps_json *json) {
    open_level(json, "[");
}

void ps_json_end_object(ps_json *json) {
    close_level(json, "}");
}

void ps_json_end_array(ps_json *json) {
    close_level(json, "]");
}

void ps_json_str(ps_json *json, ps_str text) {
    separate(json);
    ps_output_json(json->out, text);
}

void ps_json_text(ps_json *json, const char *text) {
    if (text != NULL) {
        ps_json_str(json, ps_str_of(text));
        return;
    }
    separate(json);
    ps_output_text(json->out, "null");
}

void ps_json_int(ps_json *json, int64_t value) {
    separate(json);
    ps_output_printf(json->out, "%" PRId64, value);
}

void ps_json_real(ps_json *json, double value) {
    separate(json);
    char text[32];
    if (isfinite(value))
        ps_format_double(value, text);
    else
        strcpy(text, "null");
    ps_output_text(json->out, text);
}

void ps_json_bool(ps_json *json, bool value) {
    separate(json);
    ps_output_text(json->out, value ? "true" : "false");
}

void ps_json_member_text(ps_json *json, const char *key, const char *text) {
    ps_json_key(json, key);
    ps_json_text(json, text);
}

void ps_json_member_int(ps_json *json, const char *key, int64_t value) {
    ps_json_key(json, key);
    ps_json_int(json, value);
}

void ps_json_member_real(ps_json *json, const char *key, double value) {
    ps_json_key(json, key);
    ps_json_real(json, value);
}

void ps_json_member_bool(ps_json *json, const char *key, bool value) {
    ps_json_key(json, key);
    ps_json_bool(json, value);
}
