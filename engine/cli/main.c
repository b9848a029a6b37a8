/* The program: finds the command, reads its options, does its work, ends with its code.
 *
 * A first SIGINT, SIGTERM or SIGHUP raises a flag that the library sees at its next
 * report of progress, so that it stops cleanly and leaves no temporary file; a second one
 * kills. Standard output is one ps_output, whose failure (a full disk, a closed pipe) is
 * exit code 6. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/cmd.h"
#include "engine/cli/pages.h"
#include "engine/core/par.h"

static volatile sig_atomic_t signal_caught;

static void on_signal(int number) {
    signal_caught = number;
}

static void catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < PS_COUNT_OF(numbers); i++) {
        struct sigaction before;
        /* What the parent switched off (nohup, a background job) stays off. */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    /* A closed pipe is then an error of write, with a sentence. */
    signal(SIGPIPE, SIG_IGN);
}

/* When a standard stream is closed, the next file opened would take its place and be
 * written to by mistake. The stand-ins refuse to be used, as a closed stream does. */
static void keep_standard_streams(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        int opened = open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY);
        if (opened >= 0 && opened != fd) close(opened);
    }
}

typedef struct words {
    const char *const *item;
    size_t n;
} words;

static ps_status fail_without_command(words all, ps_error *err) {
    const ps_opt *general;
    size_t n = ps_general_options(&general);
    for (size_t i = 0; i < all.n; i++) {
        const char *word = all.item[i];
        bool is_long = strncmp(word, "--", 2) == 0 && word[2] != '\0';
        if (is_long && ps_opt_find(general, n, word + 2) == NULL)
            return ps_fail(err, PS_CONFIG,
                           "unknown option '%.100s', and no command; `placestat --help` "
                           "lists both",
                           word);
    }
    return ps_fail(err, PS_CONFIG, "a command is missing; `placestat --help` lists them");
}

/* The command is the first word that is neither a general option nor the value of one;
 * --help and --version stand for a command. args gets the words without it. */
static ps_status find_command(words all, ps_arena *arena, const ps_command **command,
                              words *args, ps_error *err) {
    const ps_opt *general;
    size_t n_general = ps_general_options(&general), at = 0;
    const char *name = NULL;
    for (; at < all.n; at++) {
        const char *word = all.item[at];
        if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
            name = ps_command_version.name;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            name = ps_command_help.name;
        } else if (word[0] != '-' || word[1] == '\0') {
            name = word;
        }
        if (name != NULL) break;
        const ps_opt *option = word[1] == '-'
                                   ? ps_opt_find(general, n_general, word + 2)
                                   : ps_opt_find_letter(general, n_general, word[1]);
        if (option != NULL && ps_opt_takes_value(option)) at++;
    }
    if (name == NULL) return fail_without_command(all, err);
    PS_TRY(ps_command_find(name, command, err));
    const char **rest = ps_arena_alloc(arena, all.n * sizeof *rest);
    if (rest == NULL) return ps_fail_nomem(err);
    args->item = rest;
    args->n = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (i != at) rest[args->n++] = all.item[i];
    }
    return PS_OK;
}

typedef struct program {
    ps_arena *arena;
    ps_terminal terminal;
    ps_output *out;
    const ps_command *command;
    ps_general general;
    void *request;
    ps_opt_list operands, recorded;
} program;

/* Everything up to the work. *ready is false when help was printed instead. */
static ps_status prepare(program *p, words all, bool *ready, ps_error *err) {
    words args = {NULL, 0};
    *ready = false;
    PS_TRY(ps_arena_create(&p->arena, err));
    PS_TRY(find_command(all, p->arena, &p->command, &args, err));
    const ps_command *command = p->command;
    p->request = ps_arena_alloc(p->arena, command->request_bytes + 1);
    if (p->request == NULL) return ps_fail_nomem(err);
    memset(p->request, 0, command->request_bytes + 1);

    ps_opt_group groups[2] = {
        {.option = command->option, .n = command->n_options, .into = p->request},
        {.into = &p->general, .unrecorded = true}};
    groups[1].n = ps_general_options(&groups[1].option);
    PS_TRY(ps_opt_list_add(&p->recorded, "placestat", p->arena, err));
    PS_TRY(ps_opt_list_add(&p->recorded, command->name, p->arena, err));
    ps_status status = ps_opt_parse(groups, 2, args.item, args.n, p->arena, &p->operands,
                                    &p->recorded, err);
    if (status == PS_OK) {
        PS_TRY(ps_output_open("-", &p->out, err));
        if (p->general.help) {
            ps_page_command(command, p->out);
            return PS_OK;
        }
        status =
            ps_opt_complete(groups, 2, &command->operand, &p->operands, p->arena, err);
    }
    if (status != PS_OK) {
        ps_fail_prefix(err, "%s: ", command->name);
        return status;
    }
    ps_set_threads((int)p->general.threads);
    *ready = true;
    return PS_OK;
}

static ps_exit work(program *p, ps_error *err) {
    const char *line = ps_opt_line(&p->recorded, p->arena);
    if (line == NULL) return ps_exit_of(ps_fail_nomem(err));
    const ps_call call = {.request = p->request,
                          .operands = &p->operands,
                          .line = line,
                          .terminal = &p->terminal,
                          .talk = &p->terminal.talk,
                          .out = p->out,
                          .arena = p->arena};
    return p->command->run(&call, err);
}

int main(int argc, char **argv) {
    /* Large blocks go back to the system when they are freed; by default the allocator
     * learns to keep them, and what building an index took would stay to the end. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    ps_par_sleep_when_idle();
    keep_standard_streams();
    catch_signals();
    program p = {0};
    ps_error err = {0};
    bool ready = false;
    const char *const *args = (const char *const *)(argc > 0 ? argv + 1 : argv);
    words all = {args, argc > 1 ? (size_t)argc - 1 : 0};
    /* Mistakes in the options are told before --progress and -q are known. */
    ps_terminal_open(&p.terminal, STDERR_FILENO, PS_PROGRESS_NONE, 0, &signal_caught);
    int code = (int)ps_exit_of(prepare(&p, all, &ready, &err));
    if (ready) {
        ps_terminal_open(&p.terminal, STDERR_FILENO, (ps_progress_mode)p.general.progress,
                         p.general.quiet, &signal_caught);
        code = (int)work(&p, &err);
    }
    ps_terminal_clear(&p.terminal);
    /* What was found is printed even when something else failed. */
    if (p.out != NULL) {
        ps_error out_err = {0};
        ps_status status = ps_output_commit(p.out, &out_err);
        if (status != PS_OK && code == PS_EXIT_OK) {
            err = out_err;
            code = (int)ps_exit_of(status);
        }
    }
    if (code != PS_EXIT_OK && signal_caught != 0) code = 128 + (int)signal_caught;
    if (code != PS_EXIT_OK)
        ps_terminal_error(&p.terminal, code,
                          err.text[0] != '\0' ? err.text : "failed without a message");
    ps_arena_free(p.arena);
    return code;
}
