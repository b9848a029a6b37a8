/* Parsing by table; see opt.h. Memory of lists and texts is one arena that the program
 * keeps until it ends, so nothing here is freed piece by piece. */
#include "engine/cli/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/text.h"

enum { MOST_NAMES = 64 };

ps_status ps_opt_list_add(ps_opt_list *list, const char *item, ps_arena *arena,
                          ps_error *err) {
    if (list->n == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 8;
        const char **grown = ps_arena_alloc(arena, capacity * sizeof *grown);
        if (grown == NULL) return ps_fail_nomem(err);
        if (list->n > 0) memcpy(grown, list->item, list->n * sizeof *grown);
        list->item = grown;
        list->capacity = capacity;
    }
    list->item[list->n++] = item;
    return PS_OK;
}

bool ps_opt_takes_value(const ps_opt *option) {
    return option->kind != PS_OPT_SWITCH && option->kind != PS_OPT_COUNT;
}

static const ps_opt *find_long(const ps_opt *option, size_t n, ps_str name) {
    for (size_t i = 0; i < n; i++) {
        if (ps_str_is(name, option[i].name)) return &option[i];
    }
    return NULL;
}

const ps_opt *ps_opt_find(const ps_opt *option, size_t n, const char *name) {
    return find_long(option, n, ps_str_of(name));
}

const ps_opt *ps_opt_find_letter(const ps_opt *option, size_t n, char letter) {
    for (size_t i = 0; i < n; i++) {
        if (option[i].letter != 0 && option[i].letter == letter) return &option[i];
    }
    return NULL;
}

void ps_opt_hint(const char *typed, const char *prefix, const char *const *candidates,
                 size_t n, char out[96]) {
    int nearest = ps_nearest(ps_str_of(typed), candidates, n);
    out[0] = '\0';
    if (nearest >= 0)
        snprintf(out, 96, "; did you mean '%s%.60s'?", prefix, candidates[nearest]);
}

static size_t count_choices(const char *const *choices) {
    size_t n = 0;
    while (choices != NULL && choices[n] != NULL) n++;
    return n;
}

/* "repair, skip, stop" */
static void join_choices(const char *const *choices, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; choices[i] != NULL && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", choices[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int choice_of(const char *const *choices, const char *text) {
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) return i;
    }
    return -1;
}

static ps_status fail_choice(const char *what, const char *text,
                             const char *const *choices, ps_error *err) {
    char all[256], hint[96];
    join_choices(choices, all, sizeof all);
    ps_opt_hint(text, "", choices, count_choices(choices), hint);
    return ps_fail(err, PS_CONFIG, "%s: '%.100s' is none of %s%s", what, text, all, hint);
}

/* Write a value where the table says. what is how messages call the source: "--threads",
 * "PLACESTAT_THREADS". */
static ps_status store(const ps_opt *option, void *into, const char *what,
                       const char *text, ps_arena *arena, ps_error *err) {
    char *at = (char *)into + option->at;
    switch (option->kind) {
        case PS_OPT_SWITCH:
            *(bool *)at = true;
            return PS_OK;
        case PS_OPT_COUNT:
            if (*(int *)at < 100) ++*(int *)at;
            return PS_OK;
        case PS_OPT_TEXT:
        case PS_OPT_FILE:
        case PS_OPT_FOLDER:
            *(const char **)at = text;
            return PS_OK;
        case PS_OPT_CHOICE: {
            int choice = choice_of(option->choices, text);
            if (choice < 0) return fail_choice(what, text, option->choices, err);
            *(int *)at = choice + 1;
            return PS_OK;
        }
        case PS_OPT_NUMBER: {
            int64_t number;
            if (!ps_parse_int(ps_str_of(text), &number) || number < option->least ||
                number > option->most)
                return ps_fail(err, PS_CONFIG,
                               "%s: '%.100s' is not a whole number from %lld to %lld",
                               what, text, (long long)option->least,
                               (long long)option->most);
            *(int64_t *)at = number;
            return PS_OK;
        }
        case PS_OPT_LIST:
            return ps_opt_list_add((ps_opt_list *)(void *)at, text, arena, err);
    }
    return PS_OK;
}

typedef struct parser {
    ps_opt_group *groups;
    size_t n_groups;
    ps_arena *arena;
    ps_opt_list *recorded;
} parser;

/* Which option does a long name (n bytes) or a letter mean? */
static const ps_opt *look_up(const parser *p, const char *name, size_t n, char letter,
                             ps_opt_group **group) {
    for (size_t i = 0; i < p->n_groups; i++) {
        ps_opt_group *g = &p->groups[i];
        const ps_opt *found = name != NULL ? find_long(g->option, g->n, (ps_str){name, n})
                                           : ps_opt_find_letter(g->option, g->n, letter);
        if (found == NULL) continue;
        *group = g;
        return found;
    }
    return NULL;
}

static ps_status fail_unknown(const parser *p, const char *arg, const char *name,
                              ps_error *err) {
    const char *names[MOST_NAMES];
    size_t n = 0;
    for (size_t i = 0; i < p->n_groups; i++) {
        for (size_t j = 0; j < p->groups[i].n && n < MOST_NAMES; j++)
            names[n++] = p->groups[i].option[j].name;
    }
    char hint[96];
    ps_opt_hint(name, "--", names, n, hint);
    return ps_fail(err, PS_CONFIG, "unknown option '%.100s'%s", arg, hint);
}

static ps_status record(parser *p, const ps_opt_group *group, const ps_opt *option,
                        const char *text, ps_error *err) {
    if (p->recorded == NULL || group->unrecorded) return PS_OK;
    size_t size = strlen(option->name) + (text != NULL ? strlen(text) : 0) + 4;
    char *word = ps_arena_alloc(p->arena, size);
    if (word == NULL) return ps_fail_nomem(err);
    snprintf(word, size, "--%s%s%s", option->name, text != NULL ? "=" : "",
             text != NULL ? text : "");
    return ps_opt_list_add(p->recorded, word, p->arena, err);
}

static ps_status take(parser *p, ps_opt_group *group, const ps_opt *option,
                      const char *text, ps_error *err) {
    char what[48];
    snprintf(what, sizeof what, "--%s", option->name);
    bool *given = &group->given[option - group->option];
    if (*given && option->kind != PS_OPT_LIST && option->kind != PS_OPT_COUNT)
        return ps_fail(err, PS_CONFIG, "%s stands twice; give it once", what);
    if (text != NULL && text[0] == '\0')
        return ps_fail(err, PS_CONFIG, "%s needs a value that is not empty", what);
    *given = true;
    PS_TRY(store(option, group->into, what, text, p->arena, err));
    return record(p, group, option, text, err);
}

static ps_status fail_no_value(const ps_opt *option, const char *next, ps_error *err) {
    const char *value = option->value != NULL ? option->value : "VALUE";
    if (next == NULL)
        return ps_fail(err, PS_CONFIG, "--%s needs a value: --%s %s", option->name,
                       option->name, value);
    return ps_fail(err, PS_CONFIG,
                   "--%s needs a value, but '%.100s' is next; when that is the value, "
                   "write --%s=%.100s",
                   option->name, next, option->name, next);
}

/* --name, --name=value, --name value. *i is moved past a value taken from the next
 * argument. */
static ps_status take_long(parser *p, const char *const *args, size_t n, size_t *i,
                           ps_error *err) {
    const char *name = args[*i] + 2, *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    ps_opt_group *group = NULL;
    const ps_opt *option = look_up(p, name, length, 0, &group);
    if (option == NULL) {
        char typed[64];
        snprintf(typed, sizeof typed, "%.*s", length < 60 ? (int)length : 60, name);
        char arg[72];
        snprintf(arg, sizeof arg, "--%s", typed);
        return fail_unknown(p, arg, typed, err);
    }
    if (!ps_opt_takes_value(option)) {
        if (equals != NULL)
            return ps_fail(err, PS_CONFIG, "--%s takes no value, got '%.100s'",
                           option->name, equals + 1);
        return take(p, group, option, NULL, err);
    }
    if (equals != NULL) return take(p, group, option, equals + 1, err);
    const char *next = *i + 1 < n ? args[*i + 1] : NULL;
    if (next == NULL || strncmp(next, "--", 2) == 0)
        return fail_no_value(option, next, err);
    ++*i;
    return take(p, group, option, next, err);
}

/* -n, -nvalue, -n value, -qq. */
static ps_status take_letters(parser *p, const char *const *args, size_t n, size_t *i,
                              ps_error *err) {
    const char *letters = args[*i] + 1;
    ps_opt_group *group = NULL;
    if (letters[1] != '\0' &&
        look_up(p, letters, strcspn(letters, "="), 0, &group) != NULL)
        return ps_fail(err, PS_CONFIG,
                       "'%.100s': long options begin with two dashes: '-%.100s'",
                       args[*i], args[*i]);
    for (const char *c = letters; *c != '\0'; c++) {
        const ps_opt *option = look_up(p, NULL, 0, *c, &group);
        if (option == NULL) {
            if (letters[1] != '\0') return fail_unknown(p, args[*i], letters, err);
            return ps_fail(err, PS_CONFIG, "unknown option '%.100s'", args[*i]);
        }
        if (!ps_opt_takes_value(option)) {
            PS_TRY(take(p, group, option, NULL, err));
            continue;
        }
        if (c[1] != '\0') return take(p, group, option, c + 1, err);
        const char *next = *i + 1 < n ? args[*i + 1] : NULL;
        if (next == NULL || strncmp(next, "--", 2) == 0)
            return fail_no_value(option, next, err);
        ++*i;
        return take(p, group, option, next, err);
    }
    return PS_OK;
}

ps_status ps_opt_parse(ps_opt_group *groups, size_t n_groups, const char *const *args,
                       size_t n, ps_arena *arena, ps_opt_list *operands,
                       ps_opt_list *recorded, ps_error *err) {
    parser p = {groups, n_groups, arena, recorded};
    for (size_t i = 0; i < n_groups; i++) {
        size_t bytes = groups[i].n * sizeof *groups[i].given;
        groups[i].given = ps_arena_alloc(arena, bytes > 0 ? bytes : 1);
        if (groups[i].given == NULL) return ps_fail_nomem(err);
        memset(groups[i].given, 0, bytes);
    }
    bool ended = false;
    for (size_t i = 0; i < n; i++) {
        const char *arg = args[i];
        if (!ended && strcmp(arg, "--") == 0) {
            ended = true;
            if (recorded != NULL) PS_TRY(ps_opt_list_add(recorded, arg, arena, err));
        } else if (!ended && strncmp(arg, "--", 2) == 0) {
            PS_TRY(take_long(&p, args, n, &i, err));
        } else if (!ended && arg[0] == '-' && arg[1] != '\0') {
            PS_TRY(take_letters(&p, args, n, &i, err));
        } else {
            PS_TRY(ps_opt_list_add(operands, arg, arena, err));
            if (recorded != NULL) PS_TRY(ps_opt_list_add(recorded, arg, arena, err));
        }
    }
    return PS_OK;
}

static ps_status check_operands(const ps_operand *operand, const ps_opt_list *operands,
                                ps_error *err) {
    if (operands->n < operand->least) {
        char all[256] = "";
        if (operand->kind == PS_OPERAND_CHOICE)
            join_choices(operand->choices, all, sizeof all);
        if (operands->n > 0)
            return ps_fail(err, PS_CONFIG, "%zu are needed, %s; got only '%.100s'",
                           operand->least, operand->name, operands->item[0]);
        return ps_fail(err, PS_CONFIG, "%s is missing%s%s", operand->name,
                       all[0] != '\0' ? ": one of " : "", all);
    }
    bool none = operand->kind == PS_OPERAND_NONE;
    if (none && operands->n > 0)
        return ps_fail(err, PS_CONFIG, "takes options only, got '%.100s'",
                       operands->item[0]);
    if (!none && operand->most > 0 && operands->n > operand->most)
        return ps_fail(err, PS_CONFIG, "takes %s%s, got '%.100s' besides",
                       operand->most == 1 ? "one " : "", operand->name,
                       operands->item[operand->most]);
    for (size_t i = 0; i < operands->n; i++) {
        const char *text = operands->item[i];
        if (text[0] == '\0')
            return ps_fail(err, PS_CONFIG, "%s is an empty text", operand->name);
        if (operand->kind == PS_OPERAND_CHOICE && choice_of(operand->choices, text) < 0)
            return fail_choice(operand->name, text, operand->choices, err);
    }
    return PS_OK;
}

ps_status ps_opt_complete(const ps_opt_group *groups, size_t n_groups,
                          const ps_operand *operand, const ps_opt_list *operands,
                          ps_arena *arena, ps_error *err) {
    PS_TRY(check_operands(operand, operands, err));
    for (size_t i = 0; i < n_groups; i++) {
        const ps_opt_group *g = &groups[i];
        for (size_t j = 0; j < g->n; j++) {
            const ps_opt *option = &g->option[j];
            if (g->given[j]) continue;
            const char *variable =
                option->environment != NULL ? getenv(option->environment) : NULL;
            if (variable != NULL && variable[0] != '\0') {
                PS_TRY(store(option, g->into, option->environment, variable, arena, err));
            } else if (option->fallback != NULL) {
                PS_TRY(
                    store(option, g->into, option->name, option->fallback, arena, err));
            } else if (option->required) {
                return ps_fail(err, PS_CONFIG, "--%s %s is missing", option->name,
                               option->value);
            }
        }
    }
    return PS_OK;
}

/* The end of a key that starts at text (letters, then '='), or NULL. */
static const char *key_end(const char *text) {
    const char *end = text;
    while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') || *end == '_')
        end++;
    return end > text && *end == '=' ? end : NULL;
}

/* The comma that ends the value at text, or its end. In SQL, a comma inside quotes or
 * brackets is part of the value. */
static const char *value_end(const char *text, bool sql) {
    char quote = 0;
    int depth = 0;
    const char *c = text;
    for (; *c != '\0'; c++) {
        if (sql && quote != 0) {
            if (*c == quote) quote = 0;
            continue;
        }
        if (sql && (*c == '\'' || *c == '"')) quote = *c;
        if (sql && *c == '(') depth++;
        if (sql && *c == ')') depth--;
        if (*c == ',' && depth <= 0 && key_end(c + 1) != NULL) return c;
    }
    return c;
}

static ps_status fail_key(const char *what, const char *key, size_t length,
                          const ps_opt_key *keys, size_t n, ps_error *err) {
    const char *names[MOST_NAMES];
    char typed[64], all[256] = "", hint[96];
    size_t used = 0;
    for (size_t i = 0; i < n && i < MOST_NAMES; i++) {
        names[i] = keys[i].name;
        int more =
            snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", names[i]);
        used += more > 0 && used + (size_t)more < sizeof all ? (size_t)more : 0;
    }
    snprintf(typed, sizeof typed, "%.*s", length < 60 ? (int)length : 60, key);
    ps_opt_hint(typed, "", names, n < MOST_NAMES ? n : MOST_NAMES, hint);
    return ps_fail(err, PS_CONFIG, "%s: unknown key '%s' behind the file; known are %s%s",
                   what, typed, all, hint);
}

ps_status ps_opt_split(const char *what, const char *text, const ps_opt_key *keys,
                       size_t n, ps_arena *arena, const char **head, const char **value,
                       ps_error *err) {
    for (size_t i = 0; i < n; i++) value[i] = NULL;
    const char *end = value_end(text, false);
    if (end == text) return ps_fail(err, PS_CONFIG, "%s: the file is missing", what);
    *head = ps_arena_strndup(arena, text, (size_t)(end - text));
    if (*head == NULL) return ps_fail_nomem(err);
    while (*end != '\0') {
        const char *key = end + 1, *equals = key_end(key);
        size_t length = (size_t)(equals - key), at = 0;
        while (at < n && !ps_str_is((ps_str){key, length}, keys[at].name)) at++;
        if (at == n) return fail_key(what, key, length, keys, n, err);
        if (value[at] != NULL)
            return ps_fail(err, PS_CONFIG, "%s: %s= stands twice; give it once", what,
                           keys[at].name);
        end = value_end(equals + 1, keys[at].sql);
        if (end == equals + 1)
            return ps_fail(err, PS_CONFIG, "%s: %s= needs a value", what, keys[at].name);
        value[at] = ps_arena_strndup(arena, equals + 1, (size_t)(end - equals - 1));
        if (value[at] == NULL) return ps_fail_nomem(err);
    }
    return PS_OK;
}

static bool plain_word(const char *word) {
    static const char safe[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    return word[0] != '\0' && word[strspn(word, safe)] == '\0';
}

const char *ps_opt_line(const ps_opt_list *words, ps_arena *arena) {
    size_t size = 1;
    for (size_t i = 0; i < words->n; i++) {
        size += 3;
        for (const char *c = words->item[i]; *c != '\0'; c++) size += *c == '\'' ? 4 : 1;
    }
    char *line = ps_arena_alloc(arena, size), *to = line;
    if (line == NULL) return NULL;
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->item[i];
        bool plain = plain_word(word);
        if (i > 0) *to++ = ' ';
        if (!plain) *to++ = '\'';
        for (const char *c = word; *c != '\0'; c++) {
            if (*c == '\'') {
                memcpy(to, "'\\''", 4);
                to += 4;
            } else {
                *to++ = *c;
            }
        }
        if (!plain) *to++ = '\'';
    }
    *to = '\0';
    return line;
}
