/* The table of commands, the options that all of them take, the exit codes. */
#include "engine/cli/cmd.h"

#include <string.h>
#include <sys/stat.h>

enum { COMMANDS = 10 };

static const ps_command *const commands[COMMANDS] = {
    &ps_command_inspect, &ps_command_join,    &ps_command_crosswalk, &ps_command_check,
    &ps_command_run,     &ps_command_explain, &ps_command_compute,   &ps_command_list,
    &ps_command_version, &ps_command_help};

size_t ps_commands(const ps_command *const **out) {
    *out = commands;
    return COMMANDS;
}

ps_status ps_command_find(const char *name, const ps_command **out, ps_error *err) {
    const char *names[COMMANDS];
    *out = NULL;
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (ps_str_is(ps_str_of(name), names[i])) {
            *out = commands[i];
            return PS_OK;
        }
    }
    char hint[96];
    ps_opt_hint(name, "", names, COMMANDS, hint);
    return ps_fail(err, PS_CONFIG,
                   "unknown command '%.100s'%s (`placestat --help` lists all)", name,
                   hint);
}

/* In the order of ps_progress_mode. */
static const char *const progress_modes[] = {"none", "bar", "log", "json", NULL};

static const ps_opt general[] = {
    {.name = "threads",
     .kind = PS_OPT_NUMBER,
     .at = offsetof(ps_general, threads),
     .value = "N",
     .least = 0,
     .most = 4096,
     .environment = "PLACESTAT_THREADS",
     .help = "threads to use; 0: all that this process may use",
     .detail = "The results are the same, byte for byte, for any number."},
    {.name = "progress",
     .kind = PS_OPT_CHOICE,
     .at = offsetof(ps_general, progress),
     .choices = progress_modes,
     .environment = "PLACESTAT_PROGRESS",
     .help = "how to show progress on standard error",
     .detail =
         "Without it: bar, one line drawn again and again, when standard error is a "
         "terminal that can do so; else log, a line every 10 % or 10 seconds, but none "
         "for what takes less than a second. json prints one object per line, warnings "
         "and errors too, each with the member \"event\"."},
    {.name = "quiet",
     .letter = 'q',
     .kind = PS_OPT_COUNT,
     .at = offsetof(ps_general, quiet),
     .help = "no progress; -qq: no notes and warnings either"},
    {.name = "help",
     .letter = 'h',
     .kind = PS_OPT_SWITCH,
     .at = offsetof(ps_general, help),
     .help = "print this help"},
};

size_t ps_general_options(const ps_opt **out) {
    *out = general;
    return PS_COUNT_OF(general);
}

static const ps_exit_meaning meanings[] = {
    {PS_EXIT_OK, "done"},
    {PS_EXIT_FAILED, "the run failed"},
    {PS_EXIT_USAGE, "wrong use: an option, an argument or the job file"},
    {PS_EXIT_GATE, "a check of the data failed (--strict, the accounting of rows)"},
    {PS_EXIT_INPUT, "an input is missing or cannot be read"},
    {PS_EXIT_PARTIAL, "done, but values are masked or missing (--fail-on-partial)"},
    {PS_EXIT_OUTPUT, "an output cannot be written"},
    {PS_EXIT_LOCKED, "another run is writing to the same folder; try again later"},
    {128, "plus n: stopped by signal n (130 after Ctrl-C)"},
};

size_t ps_exit_meanings(const ps_exit_meaning **out) {
    *out = meanings;
    return PS_COUNT_OF(meanings);
}

ps_exit ps_exit_of(ps_status status) {
    switch (status) {
        case PS_OK:
            return PS_EXIT_OK;
        case PS_CONFIG:
            return PS_EXIT_USAGE;
        case PS_GATE:
            return PS_EXIT_GATE;
        case PS_INPUT:
            return PS_EXIT_INPUT;
        case PS_OUTPUT:
            return PS_EXIT_OUTPUT;
        case PS_LOCKED:
            return PS_EXIT_LOCKED;
        case PS_NOMEM:
        case PS_FORMAT:
        case PS_UNSUPPORTED:
        case PS_LIMIT:
        case PS_INTERRUPTED:
            break;
    }
    return PS_EXIT_FAILED;
}

/* Do two paths lead to the same file? */
static bool is_same_file(const char *a, const char *b) {
    struct stat x, y;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

ps_status ps_check_outputs(const ps_option_output *outputs, size_t n,
                           const char *const *inputs, size_t n_inputs, ps_error *err) {
    for (size_t i = 0; i < n; i++) {
        const char *path = outputs[i].path;
        if (path == NULL) continue;
        const bool standard = strcmp(path, "-") == 0;
        for (size_t j = 0; j < i; j++)
            if (outputs[j].path != NULL && is_same_file(path, outputs[j].path))
                return ps_fail(err, PS_CONFIG,
                               "%s and %s both write to %s; give each a file of its own",
                               outputs[j].option, outputs[i].option,
                               standard ? "standard output" : path);
        for (size_t j = 0; j < n_inputs && !standard; j++)
            if (inputs[j] != NULL && is_same_file(path, inputs[j]))
                return ps_fail(err, PS_CONFIG, "%s %s would replace the input %s",
                               outputs[i].option, path, inputs[j]);
    }
    return PS_OK;
}
