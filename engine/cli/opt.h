/* Options of a command, described once.
 *
 * A command owns a table of ps_opt. The table is the only source of parsing (opt.c), of
 * `--help`, the manual page and the completion (pages.c). Values are written into the
 * command's own structure at the offset that the table gives, so a command reads plain
 * members and never looks at an argument.
 *
 * Forms: --name value, --name=value, -n value, -nvalue, switches in one word (-qq).
 * Options may stand anywhere; "--" ends them; "-" is an operand. An option that is not a
 * list or a counter may be given once.
 */
#ifndef PS_CLI_OPT_H
#define PS_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/mem.h"
#include "engine/core/status.h"

/* The type of the member that an option writes. */
typedef enum ps_opt_kind {
    PS_OPT_SWITCH, /* bool */
    PS_OPT_COUNT,  /* int: how often it was given */
    PS_OPT_TEXT,   /* const char * */
    PS_OPT_FILE,   /* const char *, completed as a file name */
    PS_OPT_FOLDER, /* const char *, completed as a folder */
    PS_OPT_CHOICE, /* int: place in `choices` from 1; 0 when not given */
    PS_OPT_NUMBER, /* int64_t in least .. most */
    PS_OPT_LIST    /* ps_opt_list: one item each time */
} ps_opt_kind;

typedef struct ps_opt_list {
    const char **item;
    size_t n, capacity;
} ps_opt_list;

typedef struct ps_opt {
    const char *name; /* long form, without "--" */
    ps_opt_kind kind;
    char letter; /* short form; 0: none */
    bool required;
    size_t at;                  /* offset of the member */
    const char *value;          /* placeholder: "FILE"; NULL for switches and choices */
    const char *const *choices; /* ends with NULL */
    int64_t least, most;
    const char *fallback;    /* taken when not given; NULL: the member stays zero */
    const char *environment; /* variable that is asked before the fallback */
    const char *help;        /* one sentence without a full stop */
    const char *detail;      /* more, for the manual page only */
} ps_opt;

typedef enum ps_operand_kind {
    PS_OPERAND_NONE,
    PS_OPERAND_FILE,
    PS_OPERAND_CHOICE,
    PS_OPERAND_COMMAND
} ps_operand_kind;

typedef struct ps_operand {
    ps_operand_kind kind;
    const char *name;           /* placeholder: "JOB.yaml" */
    size_t least, most;         /* how many; most 0: any number */
    const char *const *choices; /* ends with NULL */
    const char *help;
} ps_operand;

/* A table and the structure that it fills. */
typedef struct ps_opt_group {
    const ps_opt *option;
    size_t n;
    void *into;
    bool unrecorded; /* cannot change a result: left out of the recorded command line */
    bool *given;     /* per option; set by ps_opt_parse */
} ps_opt_group;

/* Read the arguments into the groups' structures and the list of operands. recorded (may
 * be NULL) gets the options of groups that are recorded in the form --name=value, and the
 * operands, in order. Strings are those of args or live in the arena. PS_CONFIG names the
 * nearest valid option. */
ps_status ps_opt_parse(ps_opt_group *groups, size_t n_groups, const char *const *args,
                       size_t n, ps_arena *arena, ps_opt_list *operands,
                       ps_opt_list *recorded, ps_error *err) PS_MUST_CHECK;

/* After parsing: fill in variables of the environment and fallbacks, and refuse missing
 * options and a wrong number or choice of operands. Apart from ps_opt_parse, so that
 * --help works without the rest. */
ps_status ps_opt_complete(const ps_opt_group *groups, size_t n_groups,
                          const ps_operand *operand, const ps_opt_list *operands,
                          ps_arena *arena, ps_error *err) PS_MUST_CHECK;

/* The option with this long name or letter in one table, or NULL. */
const ps_opt *ps_opt_find(const ps_opt *option, size_t n, const char *name);
const ps_opt *ps_opt_find_letter(const ps_opt *option, size_t n, char letter);
/* Does it need a value? */
bool ps_opt_takes_value(const ps_opt *option);

/* "; did you mean 'join'?" for what a person typed, or "". */
void ps_opt_hint(const char *typed, const char *prefix, const char *const *candidates,
                 size_t n, char out[96]);

/* One key of an argument such as FILE,layer=NAME,where=SQL. */
typedef struct ps_opt_key {
    const char *name;
    bool sql; /* commas inside quotes or brackets belong to the value */
} ps_opt_key;

/* Split text at every ",word=": head is what stands before the first, value[i] that of
 * keys[i] or NULL. what names the argument in messages. PS_CONFIG for an unknown,
 * repeated or empty key and for an empty head. */
ps_status ps_opt_split(const char *what, const char *text, const ps_opt_key *keys,
                       size_t n, ps_arena *arena, const char **head, const char **value,
                       ps_error *err) PS_MUST_CHECK;

/* The words as one line for a shell: quoted where need be. In the arena; NULL when memory
 * ran out. */
const char *ps_opt_line(const ps_opt_list *words, ps_arena *arena) PS_MUST_CHECK;

/* Append to a list whose array lives in the arena. */
ps_status ps_opt_list_add(ps_opt_list *list, const char *item, ps_arena *arena,
                          ps_error *err) PS_MUST_CHECK;

#endif
