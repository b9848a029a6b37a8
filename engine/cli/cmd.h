/* The commands of the program as a table, and what each one gets to work with. */
#ifndef PS_CLI_CMD_H
#define PS_CLI_CMD_H

#include "engine/cli/opt.h"
#include "engine/cli/terminal.h"
#include "engine/core/output.h"

/* Exit codes; scripts depend on them. 128 + n is added by main.c for signal n. */
typedef enum ps_exit {
    PS_EXIT_OK = 0,
    PS_EXIT_FAILED = 1,
    PS_EXIT_USAGE = 2,
    PS_EXIT_GATE = 3,
    PS_EXIT_INPUT = 4,
    PS_EXIT_PARTIAL = 5,
    PS_EXIT_OUTPUT = 6,
    PS_EXIT_LOCKED = 75 /* EX_TEMPFAIL of sysexits.h: worth another try later */
} ps_exit;

typedef struct ps_exit_meaning {
    int code;
    const char *meaning;
} ps_exit_meaning;
size_t ps_exit_meanings(const ps_exit_meaning **out);
ps_exit ps_exit_of(ps_status status);

typedef struct ps_call {
    void *request; /* the command's structure, filled from its options */
    const ps_opt_list *operands;
    const char *line; /* the command line without what cannot change a result */
    ps_terminal *terminal;
    const ps_talk *talk;
    ps_output *out; /* standard output; ended by main.c */
    ps_arena *arena;
} ps_call;

typedef struct ps_example {
    const char *command, *meaning;
} ps_example;

typedef struct ps_command {
    const char *name;
    const char *summary; /* one line, without a full stop */
    const char *detail;  /* paragraphs for the manual page */
    ps_operand operand;
    const ps_opt *option;
    size_t n_options;
    size_t request_bytes; /* of the structure that the options fill; zeroed */
    const ps_example *example;
    size_t n_examples;
    /* The work. On anything but PS_EXIT_OK, err holds the sentence to print. */
    ps_exit (*run)(const ps_call *call, ps_error *err);
} ps_command;

extern const ps_command ps_command_inspect, ps_command_join, ps_command_crosswalk,
    ps_command_check, ps_command_run, ps_command_explain, ps_command_compute,
    ps_command_list, ps_command_version, ps_command_help;

size_t ps_commands(const ps_command *const **out);
/* PS_CONFIG names the nearest command. */
ps_status ps_command_find(const char *name, const ps_command **out,
                          ps_error *err) PS_MUST_CHECK;

/* Options that every command takes. */
typedef struct ps_general {
    int64_t threads;
    int progress; /* ps_progress_mode */
    int quiet;
    bool help;
} ps_general;
size_t ps_general_options(const ps_opt **out);

/* A file that an option names for writing; path NULL: none, "-": standard output. */
typedef struct ps_option_output {
    const char *option, *path;
} ps_option_output;

/* Two outputs in one place, or an output in the place of an input, are mistakes that
 * would destroy data: PS_CONFIG. Inputs may be NULL. */
ps_status ps_check_outputs(const ps_option_output *outputs, size_t n,
                           const char *const *inputs, size_t n_inputs,
                           ps_error *err) PS_MUST_CHECK;

#define PS_COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
