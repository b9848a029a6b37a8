/* The bytes are read twice: libyaml's events make a tree of nodes with their positions,
 * which is checked beside the schema; then libcyaml fills the structures from the same
 * bytes. The check is stricter than libcyaml in every point (numbers are decimal, no
 * octal; true and false are the only switches; a quoted number is a text; keys may not
 * repeat), so that libcyaml meets only what it takes, and one meaning of a file is left.
 *
 * Nodes lie in one array in the order of the file and are linked by index. The children
 * of a mapping are its keys and values in turn.
 */
#include "engine/run/yaml.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MOST_NESTED = 32, MOST_NODES = 1 << 19, NO_NODE = -1 };

typedef enum node_kind { SCALAR, MAPPING, SEQUENCE } node_kind;

typedef struct node {
    node_kind kind;
    bool plain;  /* a scalar without quotes */
    ps_str text; /* of a scalar */
    int line, column;
    int32_t child, next;
} node;

struct ps_yaml {
    char *name;
    node *nodes;
    size_t n, capacity;
    ps_arena *texts;
    const cyaml_schema_value_t *schema;
    void *data;
};

static void *cyaml_memory(void *context, void *block, size_t size) {
    (void)context;
    if (size == 0) {
        ps_free(block);
        return NULL;
    }
    return ps_resize(block, size, 1);
}

static const cyaml_config_t cyaml_settings = {
    .mem_fn = cyaml_memory,
    .flags = CYAML_CFG_NO_ALIAS,
};

void ps_yaml_free(ps_yaml *yaml) {
    if (yaml == NULL) return;
    if (yaml->data != NULL) cyaml_free(&cyaml_settings, yaml->schema, yaml->data, 0);
    ps_arena_free(yaml->texts);
    ps_free(yaml->nodes);
    ps_free(yaml->name);
    ps_free(yaml);
}

ps_status ps_yaml_text(const ps_yaml *yaml, char **text, ps_error *err) {
    char *written = NULL;
    size_t n = 0;
    *text = NULL;
    cyaml_err_t failed =
        cyaml_save_data(&written, &n, &cyaml_settings, yaml->schema, yaml->data, 0);
    if (failed == CYAML_ERR_OOM) return ps_fail_nomem(err);
    if (failed != CYAML_OK)
        return ps_fail(err, PS_FORMAT, "%s: cannot be written as YAML again: %s",
                       yaml->name, cyaml_strerror(failed));
    *text = ps_strndup(written, n);
    ps_free(written);
    return *text != NULL ? PS_OK : ps_fail_nomem(err);
}

const char *ps_yaml_name(const ps_yaml *yaml) {
    return yaml->name;
}

/* What a person wrote, short enough for a message and on one line. */
typedef struct shown {
    char text[48];
} shown;

static void make_one_line(char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ') text[i] = ' ';
}

static shown show(ps_str text) {
    enum { MOST_SHOWN = 40 };
    shown s;
    size_t n = text.n;
    if (n > MOST_SHOWN) {
        n = MOST_SHOWN;
        while (n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) n--;
    }
    if (n > 0) memcpy(s.text, text.p, n);
    make_one_line(s.text, n);
    snprintf(s.text + n, sizeof s.text - n, "%s", n < text.n ? "..." : "");
    return s;
}

/* ---- From bytes to nodes ---- */

static ps_status bad_syntax(const ps_yaml *yaml, const yaml_parser_t *parser,
                            ps_error *err) {
    if (parser->error == YAML_MEMORY_ERROR) return ps_fail_nomem(err);
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    const char *context = parser->context != NULL ? parser->context : "";
    return ps_fail(err, PS_CONFIG, "%s:%zu:%zu: not well-formed YAML: %s%s%s", yaml->name,
                   parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                   problem, *context ? " " : "", context);
}

static ps_status refuse(const ps_yaml *yaml, yaml_mark_t at, const char *what,
                        ps_error *err) {
    return ps_fail(err, PS_CONFIG, "%s:%zu:%zu: %s", yaml->name, at.line + 1,
                   at.column + 1, what);
}

static ps_status add_node(ps_yaml *yaml, node_kind kind, yaml_mark_t at, int32_t *out,
                          ps_error *err) {
    if (yaml->n >= MOST_NODES)
        return refuse(yaml, at, "more values than a file may hold (524,288)", err);
    PS_TRY(
        ps_grow((void **)&yaml->nodes, &yaml->capacity, yaml->n + 1, sizeof(node), err));
    *out = (int32_t)yaml->n;
    yaml->nodes[yaml->n++] = (node){.kind = kind,
                                    .line = (int)at.line + 1,
                                    .column = (int)at.column + 1,
                                    .child = NO_NODE,
                                    .next = NO_NODE};
    return PS_OK;
}

/* The collections that are open at this point of the file, each with its last child. */
typedef struct builder {
    ps_yaml *yaml;
    struct {
        int32_t node, last;
        size_t children;
    } open[MOST_NESTED];
    size_t depth;
    size_t documents;
} builder;

/* Hang a node that was just added into the innermost open collection. */
static void attach(builder *b, int32_t child) {
    if (b->depth == 0) return;
    size_t top = b->depth - 1;
    node *nodes = b->yaml->nodes;
    if (b->open[top].last == NO_NODE)
        nodes[b->open[top].node].child = child;
    else
        nodes[b->open[top].last].next = child;
    b->open[top].last = child;
    b->open[top].children++;
}

static bool key_is_due(const builder *b) {
    return b->depth > 0 && b->yaml->nodes[b->open[b->depth - 1].node].kind == MAPPING &&
           b->open[b->depth - 1].children % 2 == 0;
}

static ps_status take_scalar(builder *b, const yaml_event_t *event, ps_error *err) {
    ps_yaml *yaml = b->yaml;
    int32_t added = NO_NODE;
    if (event->data.scalar.anchor != NULL)
        return refuse(yaml, event->start_mark, "anchors (&name) are not supported", err);
    if (event->data.scalar.tag != NULL)
        return refuse(yaml, event->start_mark, "tags (!name) are not supported", err);
    PS_TRY(add_node(yaml, SCALAR, event->start_mark, &added, err));
    node *scalar = &yaml->nodes[added];
    scalar->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    scalar->text.n = event->data.scalar.length;
    scalar->text.p = ps_arena_strndup(yaml->texts, (const char *)event->data.scalar.value,
                                      scalar->text.n);
    if (scalar->text.p == NULL) return ps_fail_nomem(err);
    /* An escape in quotes ("\0") can make what C strings cannot hold. */
    if (memchr(scalar->text.p, '\0', scalar->text.n) != NULL)
        return refuse(yaml, event->start_mark, "a text may not hold a NUL character",
                      err);
    attach(b, added);
    return PS_OK;
}

static ps_status take_start(builder *b, node_kind kind, const yaml_event_t *event,
                            ps_error *err) {
    bool is_mapping = kind == MAPPING;
    const yaml_char_t *anchor =
        is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const yaml_char_t *tag =
        is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    int32_t added = NO_NODE;
    if (anchor != NULL)
        return refuse(b->yaml, event->start_mark, "anchors (&name) are not supported",
                      err);
    if (tag != NULL)
        return refuse(b->yaml, event->start_mark, "tags (!name) are not supported", err);
    if (key_is_due(b))
        return refuse(b->yaml, event->start_mark, "a key must be a plain text", err);
    if (b->depth == MOST_NESTED)
        return refuse(b->yaml, event->start_mark, "nested more than 32 levels deep", err);
    PS_TRY(add_node(b->yaml, kind, event->start_mark, &added, err));
    attach(b, added);
    b->open[b->depth].node = added;
    b->open[b->depth].last = NO_NODE;
    b->open[b->depth].children = 0;
    b->depth++;
    return PS_OK;
}

static ps_status take_event(builder *b, const yaml_event_t *event, ps_error *err) {
    switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
            if (b->documents++ > 0)
                return refuse(b->yaml, event->start_mark,
                              "a second document begins here; a file holds one", err);
            return PS_OK;
        case YAML_ALIAS_EVENT:
            return refuse(b->yaml, event->start_mark, "aliases (*name) are not supported",
                          err);
        case YAML_SCALAR_EVENT:
            return take_scalar(b, event, err);
        case YAML_SEQUENCE_START_EVENT:
            return take_start(b, SEQUENCE, event, err);
        case YAML_MAPPING_START_EVENT:
            return take_start(b, MAPPING, event, err);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            b->depth--;
            return PS_OK;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
    }
    return PS_OK;
}

static ps_status read_events(ps_yaml *yaml, yaml_parser_t *parser, ps_error *err) {
    builder b = {.yaml = yaml};
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) return bad_syntax(yaml, parser, err);
        ps_status status = take_event(&b, &event, err);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != PS_OK) return status;
    }
    return PS_OK;
}

static ps_status read_nodes(ps_yaml *yaml, const char *bytes, size_t n, ps_error *err) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return ps_fail_nomem(err);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n);
    ps_status status = read_events(yaml, &parser, err);
    yaml_parser_delete(&parser);
    return status;
}

/* Refuse bytes that are no text, and say on which line. */
static ps_status check_bytes(const ps_yaml *yaml, const char *bytes, size_t n,
                             ps_error *err) {
    if (n > PS_YAML_MAX_BYTES)
        return ps_fail(err, PS_CONFIG,
                       "%s: larger than 4 MiB, so not a file of this kind", yaml->name);
    size_t line = 1, begin = 0;
    while (begin < n) {
        const char *end = memchr(bytes + begin, '\n', n - begin);
        size_t length = end != NULL ? (size_t)(end - bytes) + 1 - begin : n - begin;
        if (memchr(bytes + begin, '\0', length) != NULL)
            return ps_fail(err, PS_CONFIG,
                           "%s:%zu:1: holds a NUL byte; save the file as UTF-8 text",
                           yaml->name, line);
        if (!ps_utf8_valid((ps_str){bytes + begin, length}))
            return ps_fail(
                err, PS_CONFIG,
                "%s:%zu:1: this line is not UTF-8; save the file as UTF-8 text",
                yaml->name, line);
        for (size_t i = begin; i < begin + length; i++) {
            unsigned char c = (unsigned char)bytes[i];
            if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
                return ps_fail(err, PS_CONFIG,
                               "%s:%zu:1: holds a control character (0x%02x)", yaml->name,
                               line, c);
        }
        begin += length;
        line++;
    }
    return PS_OK;
}

/* ---- Several mistakes ---- */

static void add_mistake(ps_yaml_mistakes *m, const char *line) {
    enum { ROOM_FOR_MORE = 32 };
    const size_t end = m->told > 0 ? 1 : 0;
    size_t n = strlen(line);
    if (m->told == PS_YAML_TOLD || m->more > 0) {
        m->more++;
        return;
    }
    if (m->n + end + n + ROOM_FOR_MORE > sizeof m->text) {
        if (m->told > 0) {
            m->more++;
            return;
        }
        n = sizeof m->text - ROOM_FOR_MORE;
    }
    if (end > 0) m->text[m->n++] = '\n';
    memcpy(m->text + m->n, line, n);
    m->n += n;
    m->text[m->n] = '\0';
    m->told++;
}

ps_status ps_yaml_collect(ps_yaml_mistakes *m, ps_status status, const ps_error *found,
                          ps_error *err) {
    if (status == PS_OK) return PS_OK;
    if (status == PS_CONFIG) {
        add_mistake(m, found->text);
        return PS_OK;
    }
    if (err != NULL) *err = *found;
    return status;
}

ps_status ps_yaml_refuse(const ps_yaml_mistakes *m, ps_error *err) {
    if (m->told == 0) return PS_OK;
    if (m->more == 0) return ps_fail(err, PS_CONFIG, "%s", m->text);
    return ps_fail(err, PS_CONFIG, "%s\n... and %ld more", m->text, m->more);
}

/* ---- Nodes against the schema ---- */

typedef struct report {
    const ps_yaml *yaml;
    char path[200];
    size_t path_n;
    ps_yaml_mistakes mistakes;
} report;

PS_PRINTF(3, 4)
static void tell(report *r, const node *at, const char *format, ...) {
    char line[sizeof r->mistakes.text];
    const int used = snprintf(line, sizeof line, "%s:%d:%d: %s%s", r->yaml->name,
                              at->line, at->column, r->path, r->path_n > 0 ? ": " : "");
    const size_t from = used < 0 ? 0 : (size_t)used;
    if (from < sizeof line) {
        va_list args;
        va_start(args, format);
        vsnprintf(line + from, sizeof line - from, format, args);
        va_end(args);
    }
    add_mistake(&r->mistakes, line);
}

static size_t enter_key(report *r, const char *key) {
    size_t before = r->path_n;
    int used = snprintf(r->path + before, sizeof r->path - before, "%s%s",
                        before > 0 ? "." : "", key);
    if (used > 0) r->path_n += (size_t)used;
    if (r->path_n >= sizeof r->path) r->path_n = sizeof r->path - 1;
    return before;
}

static size_t enter_index(report *r, size_t i) {
    size_t before = r->path_n;
    int used = snprintf(r->path + before, sizeof r->path - before, "[%zu]", i);
    if (used > 0) r->path_n += (size_t)used;
    if (r->path_n >= sizeof r->path) r->path_n = sizeof r->path - 1;
    return before;
}

static void leave(report *r, size_t before) {
    r->path_n = before;
    r->path[before] = '\0';
}

static bool is_whole_number(ps_str text) {
    int64_t value;
    size_t sign = text.n > 0 && text.p[0] == '-';
    /* "010" is 8 to some readers of YAML and 10 to others. */
    if (text.n > sign + 1 && text.p[sign] == '0') return false;
    return text.n > 0 && text.p[0] != '+' && ps_parse_int(text, &value);
}

static bool is_empty(const node *at) {
    return at->plain &&
           (at->text.n == 0 || ps_str_is(at->text, "~") || ps_str_is(at->text, "null") ||
            ps_str_is(at->text, "Null") || ps_str_is(at->text, "NULL"));
}

static void check_enum(report *r, const cyaml_schema_value_t *schema, const node *at) {
    enum { MOST_WORDS = 32 };
    const char *words[MOST_WORDS];
    char list[200] = "";
    size_t n = 0, used = 0;
    for (uint32_t i = 0; i < schema->enumeration.count && n < MOST_WORDS; i++) {
        const char *word = schema->enumeration.strings[i].str;
        if (ps_str_is(at->text, word)) return;
        words[n++] = word;
        if (used >= sizeof list) continue;
        int put =
            snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", word);
        used += put > 0 ? (size_t)put : 0;
    }
    int near = ps_nearest(at->text, words, n);
    if (near >= 0)
        tell(r, at, "'%s' is not one of %s; did you mean '%s'?", show(at->text).text,
             list, words[near]);
    else
        tell(r, at, "'%s' is not one of %s", show(at->text).text, list);
}

static const char *scalar_name(cyaml_type_e type) {
    switch (type) {
        case CYAML_INT:
        case CYAML_UINT:
            return "a whole number";
        case CYAML_FLOAT:
            return "a number";
        case CYAML_BOOL:
            return "true or false";
        default:
            return "a text";
    }
}

static void check_scalar(report *r, const cyaml_schema_value_t *schema, const node *at) {
    const char *wanted = scalar_name(schema->type);
    double number;
    if (at->kind != SCALAR) {
        tell(r, at, "must be %s, not a %s", wanted,
             at->kind == MAPPING ? "mapping" : "list");
        return;
    }
    if (is_empty(at)) {
        tell(r, at, "has no value; give one or leave the key out");
        return;
    }
    bool right = true;
    switch (schema->type) {
        case CYAML_INT:
            right = is_whole_number(at->text);
            break;
        case CYAML_UINT:
            right = is_whole_number(at->text) && at->text.p[0] != '-';
            break;
        case CYAML_FLOAT:
            right = ps_parse_double(at->text, &number);
            break;
        case CYAML_BOOL:
            right = ps_str_is(at->text, "true") || ps_str_is(at->text, "false");
            break;
        case CYAML_ENUM:
            check_enum(r, schema, at);
            return;
        default:
            if (at->text.n < schema->string.min) tell(r, at, "must not be empty");
            return;
    }
    if (!right)
        tell(r, at, "must be %s, not '%s'", wanted, show(at->text).text);
    else if (!at->plain)
        tell(r, at, "must be %s without quotes", wanted);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the schema, which is not the user's */

static void check_value(report *r, const cyaml_schema_value_t *schema, int32_t at);

static const cyaml_schema_field_t *field_of(const cyaml_schema_field_t *fields,
                                            ps_str key, size_t *index) {
    for (size_t i = 0; fields[i].key != NULL; i++)
        if (ps_str_is(key, fields[i].key)) {
            *index = i;
            return &fields[i];
        }
    return NULL;
}

static void tell_unknown_key(report *r, const cyaml_schema_field_t *fields,
                             const node *key) {
    enum { MOST_KEYS = 64 };
    const char *keys[MOST_KEYS];
    char list[240] = "";
    size_t n = 0, used = 0;
    for (size_t i = 0; fields[i].key != NULL && n < MOST_KEYS; i++) {
        keys[n++] = fields[i].key;
        if (used >= sizeof list) continue;
        int put = snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                           fields[i].key);
        used += put > 0 ? (size_t)put : 0;
    }
    int near = ps_nearest(key->text, keys, n);
    if (near >= 0)
        tell(r, key, "unknown key '%s'; did you mean '%s'?", show(key->text).text,
             keys[near]);
    else
        tell(r, key, "unknown key '%s'; the keys here are %s", show(key->text).text,
             list);
}

static void check_mapping(report *r, const cyaml_schema_value_t *schema, int32_t at) {
    enum { MOST_FIELDS = 64 };
    const cyaml_schema_field_t *fields = schema->mapping.fields;
    const node *nodes = r->yaml->nodes;
    int first_line[MOST_FIELDS] = {0};
    size_t index = 0;
    for (int32_t k = nodes[at].child; k != NO_NODE; k = nodes[nodes[k].next].next) {
        const cyaml_schema_field_t *field = field_of(fields, nodes[k].text, &index);
        if (field == NULL) {
            tell_unknown_key(r, fields, &nodes[k]);
            continue;
        }
        size_t before = enter_key(r, field->key);
        if (index < MOST_FIELDS && first_line[index] > 0) {
            tell(r, &nodes[k], "this key stands twice, first on line %d",
                 first_line[index]);
        } else {
            if (index < MOST_FIELDS) first_line[index] = nodes[k].line;
            check_value(r, &field->value, nodes[k].next);
        }
        leave(r, before);
    }
    for (size_t i = 0; fields[i].key != NULL && i < MOST_FIELDS; i++)
        if (first_line[i] == 0 && !(fields[i].value.flags & CYAML_FLAG_OPTIONAL))
            tell(r, &nodes[at], "the key '%s' is missing", fields[i].key);
}

static void check_sequence(report *r, const cyaml_schema_value_t *schema, int32_t at) {
    const node *nodes = r->yaml->nodes;
    size_t n = 0;
    for (int32_t k = nodes[at].child; k != NO_NODE; k = nodes[k].next) {
        size_t before = enter_index(r, n++);
        check_value(r, schema->sequence.entry, k);
        leave(r, before);
    }
    if (n < schema->sequence.min)
        tell(r, &nodes[at], "must have at least %u %s", (unsigned)schema->sequence.min,
             schema->sequence.min == 1 ? "entry" : "entries");
    if (n > schema->sequence.max)
        tell(r, &nodes[at], "has %zu entries; at most %u are taken", n,
             (unsigned)schema->sequence.max);
}

static void check_value(report *r, const cyaml_schema_value_t *schema, int32_t at) {
    const node *value = &r->yaml->nodes[at];
    bool empty = value->kind == SCALAR && is_empty(value);
    switch (schema->type) {
        case CYAML_MAPPING:
            if (value->kind == MAPPING)
                check_mapping(r, schema, at);
            else if (empty)
                tell(r, value, "has no value; give one or leave the key out");
            else
                tell(r, value, "must be a mapping of keys to values, not a %s",
                     value->kind == SEQUENCE ? "list" : "single value");
            break;
        case CYAML_SEQUENCE:
            if (value->kind == SEQUENCE)
                check_sequence(r, schema, at);
            else if (empty)
                tell(r, value, "has no value; give one or leave the key out");
            else if (value->kind == SCALAR)
                tell(r, value, "must be a list; write [%s]", show(value->text).text);
            else
                tell(r, value,
                     "must be a list, not a mapping; begin each entry with '-'");
            break;
        default:
            check_scalar(r, schema, value);
            break;
    }
}

/* NOLINTEND(misc-no-recursion) */

static ps_status check_nodes(const ps_yaml *yaml, ps_error *err) {
    if (yaml->n == 0 || (yaml->nodes[0].kind == SCALAR && is_empty(&yaml->nodes[0])))
        return ps_fail(err, PS_CONFIG, "%s:1:1: the file is empty", yaml->name);
    report *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->yaml = yaml;
    check_value(r, yaml->schema, 0);
    ps_status status = ps_yaml_refuse(&r->mistakes, err);
    ps_free(r);
    return status;
}

/* ---- From bytes to structures ---- */

static ps_status fill(ps_yaml *yaml, const char *bytes, size_t n, ps_error *err) {
    /* libcyaml reads numbers by strtod, which looks at the locale of the thread. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) return ps_fail_nomem(err);
    locale_t before = uselocale(plain);
    cyaml_data_t *data = NULL;
    cyaml_err_t error = cyaml_load_data((const uint8_t *)bytes, n, &cyaml_settings,
                                        yaml->schema, &data, NULL);
    uselocale(before);
    freelocale(plain);
    if (error == CYAML_ERR_OOM) return ps_fail_nomem(err);
    if (error != CYAML_OK)
        return ps_fail(err, PS_CONFIG, "%s: cannot be mapped: %s", yaml->name,
                       cyaml_strerror(error));
    yaml->data = data;
    return PS_OK;
}

static ps_status load(ps_yaml *yaml, const char *name, const char *bytes, size_t n,
                      const cyaml_schema_value_t *schema, ps_error *err) {
    yaml->schema = schema;
    yaml->name = ps_strndup(name, strlen(name));
    if (yaml->name == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_arena_create(&yaml->texts, err));
    PS_TRY(check_bytes(yaml, bytes, n, err));
    PS_TRY(read_nodes(yaml, bytes, n, err));
    PS_TRY(check_nodes(yaml, err));
    return fill(yaml, bytes, n, err);
}

ps_status ps_yaml_parse(const char *name, const char *bytes, size_t n,
                        const cyaml_schema_value_t *schema, ps_yaml **out, void **data,
                        ps_error *err) {
    *out = NULL;
    *data = NULL;
    ps_yaml *yaml = ps_zalloc(1, sizeof *yaml);
    if (yaml == NULL) return ps_fail_nomem(err);
    ps_status status = load(yaml, name, bytes, n, schema, err);
    if (status != PS_OK) {
        ps_yaml_free(yaml);
        return status;
    }
    *out = yaml;
    *data = yaml->data;
    return PS_OK;
}

static ps_status cannot_read(const char *path, int code, ps_error *err) {
    char buffer[128];
    return ps_fail(err, PS_INPUT, "%s: cannot be read: %s", path,
                   strerror_r(code, buffer, sizeof buffer));
}

static ps_status read_whole(const char *path, char **bytes, size_t *n, ps_error *err) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return cannot_read(path, errno, err);
    size_t capacity = 0;
    ps_status status = PS_OK;
    *n = 0;
    while (status == PS_OK && *n <= PS_YAML_MAX_BYTES) {
        status = ps_grow((void **)bytes, &capacity, *n + 4096, 1, err);
        if (status != PS_OK) break;
        size_t got = fread(*bytes + *n, 1, capacity - *n, file);
        *n += got;
        if (got == 0) {
            if (ferror(file)) status = cannot_read(path, errno, err);
            break;
        }
    }
    fclose(file);
    return status;
}

ps_status ps_yaml_open(const char *path, const cyaml_schema_value_t *schema,
                       ps_yaml **out, void **data, ps_error *err) {
    *out = NULL;
    *data = NULL;
    char *bytes = NULL;
    size_t n = 0;
    ps_status status = read_whole(path, &bytes, &n, err);
    if (status == PS_OK) status = ps_yaml_parse(path, bytes, n, schema, out, data, err);
    ps_free(bytes);
    return status;
}

/* ---- Positions ---- */

static int32_t child_of_key(const node *nodes, int32_t at, ps_str key) {
    if (nodes[at].kind != MAPPING) return NO_NODE;
    for (int32_t k = nodes[at].child; k != NO_NODE; k = nodes[nodes[k].next].next)
        if (ps_str_eq(nodes[k].text, key)) return nodes[k].next;
    return NO_NODE;
}

static int32_t child_at(const node *nodes, int32_t at, int64_t index) {
    if (nodes[at].kind != SEQUENCE) return NO_NODE;
    int32_t k = nodes[at].child;
    for (; k != NO_NODE && index > 0; index--) k = nodes[k].next;
    return k;
}

/* The node at path, or the last one on the way there. */
static const node *find(const ps_yaml *yaml, const char *path) {
    int32_t at = 0;
    while (*path != '\0') {
        size_t n = strcspn(path + 1, ".[]") + 1;
        int64_t index;
        int32_t next = NO_NODE;
        if (*path == '[') {
            if (ps_parse_int((ps_str){path + 1, n - 1}, &index))
                next = child_at(yaml->nodes, at, index);
            if (path[n] == ']') n++;
        } else if (*path == '.') {
            next = child_of_key(yaml->nodes, at, (ps_str){path + 1, n - 1});
        } else {
            next = child_of_key(yaml->nodes, at, (ps_str){path, n});
        }
        if (next == NO_NODE) break;
        at = next;
        path += n;
    }
    return &yaml->nodes[at];
}

ps_status ps_yaml_fail(const ps_yaml *yaml, ps_error *err, ps_status status,
                       const char *path, const char *format, ...) {
    char message[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    make_one_line(message, strlen(message));
    const node *at = find(yaml, path);
    return ps_fail(err, status, "%s:%d:%d: %s%s%s", yaml->name, at->line, at->column,
                   path, *path != '\0' ? ": " : "", message);
}
