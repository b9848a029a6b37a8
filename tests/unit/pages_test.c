/* Help, manual page and completion hold every option of the tables, and the tables are
 * sound. */
#include "engine/cli/pages.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

static char *folder;

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    return folder == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

/* What a page prints; freed by the caller. */
static char *page_of(void (*print)(ps_output *), const ps_command *command) {
    const char *path = test_path(folder, "page");
    ps_output *out;
    ps_error err = {0};
    assert_int_equal(ps_output_open(path, &out, &err), PS_OK);
    if (command != NULL)
        ps_page_command(command, out);
    else
        print(out);
    assert_int_equal(ps_output_commit(out, &err), PS_OK);
    char *text = test_file_read(path, NULL);
    assert_non_null(text);
    return text;
}

static void has(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is missing", part);
}

/* At most 40 lines of 80 columns, no space at the end of one. */
static void check_layout(const char *name, const char *text) {
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; lines++) {
        size_t n = strcspn(line, "\n");
        if (n > 80) fail_msg("%s: a line of %zu columns: %.*s", name, n, (int)n, line);
        if (n > 0 && line[n - 1] == ' ') fail_msg("%s: a space ends a line", name);
        assert_int_equal(line[n], '\n');
        line += n + 1;
    }
    if (lines > 40) fail_msg("%s: %zu lines", name, lines);
}

static void help_fits_and_is_complete(void **state) {
    (void)state;
    const ps_command *const *command;
    const ps_opt *general;
    size_t n = ps_commands(&command), n_general = ps_general_options(&general);
    char *program = page_of(ps_page_program, NULL);
    check_layout("placestat", program);
    for (size_t i = 0; i < n; i++) {
        char *text = page_of(NULL, command[i]), part[64];
        check_layout(command[i]->name, text);
        has(program, command[i]->summary);
        for (size_t j = 0; j < command[i]->n_options + n_general; j++) {
            const ps_opt *option = j < command[i]->n_options
                                       ? &command[i]->option[j]
                                       : &general[j - command[i]->n_options];
            snprintf(part, sizeof part, "--%s", option->name);
            has(text, part);
        }
        free(text);
    }
    free(program);
}

static void manual_is_complete(void **state) {
    (void)state;
    const ps_command *const *command;
    size_t n = ps_commands(&command);
    char *text = page_of(ps_page_manual, NULL), part[64];
    for (size_t i = 0; i < n; i++) {
        snprintf(part, sizeof part, "\n.SS %s\n", command[i]->name);
        has(text, part);
        for (size_t j = 0; j < command[i]->n_options; j++) {
            char name[32];
            size_t used = 0;
            for (const char *c = command[i]->option[j].name; *c != '\0'; c++) {
                if (*c == '-') name[used++] = '\\';
                name[used++] = *c;
            }
            name[used] = '\0';
            snprintf(part, sizeof part, "\\fB\\-\\-%s\\fR", name);
            has(text, part);
        }
    }
    has(text, "PLACESTAT_THREADS");
    has(text, ".SH EXIT STATUS\n");
    free(text);
}

static void completion_is_complete(void **state) {
    (void)state;
    const ps_command *const *command;
    size_t n = ps_commands(&command);
    char *text = page_of(ps_page_completion, NULL), part[64];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < command[i]->n_options; j++) {
            snprintf(part, sizeof part, " --%s", command[i]->option[j].name);
            has(text, part);
        }
    }
    free(text);
}

static void check_table(const char *command, const ps_opt *option, size_t n,
                        size_t bytes) {
    for (size_t i = 0; i < n; i++) {
        const ps_opt *o = &option[i];
        bool sound = o->help != NULL && o->help[0] != '\0' && o->at < bytes &&
                     (o->kind == PS_OPT_CHOICE) == (o->choices != NULL) &&
                     (o->kind != PS_OPT_NUMBER || o->least <= o->most);
        if (ps_opt_takes_value(o) && o->choices == NULL && o->value == NULL)
            sound = false;
        if (!sound) fail_msg("%s --%s: the entry is not sound", command, o->name);
        for (const char *c = o->name; *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || *c == '-');
        assert_ptr_equal(ps_opt_find(option, n, o->name), o);
        if (o->letter != 0) assert_ptr_equal(ps_opt_find_letter(option, n, o->letter), o);
    }
}

static void tables_are_sound(void **state) {
    (void)state;
    const ps_command *const *command;
    const ps_opt *general;
    size_t n = ps_commands(&command), n_general = ps_general_options(&general);
    check_table("general", general, n_general, sizeof(ps_general));
    for (size_t i = 0; i < n; i++) {
        check_table(command[i]->name, command[i]->option, command[i]->n_options,
                    command[i]->request_bytes);
        for (size_t j = 0; j < n_general; j++) {
            assert_null(
                ps_opt_find(command[i]->option, command[i]->n_options, general[j].name));
            assert_null(ps_opt_find_letter(command[i]->option, command[i]->n_options,
                                           general[j].letter));
        }
        const ps_command *found;
        ps_error err = {0};
        assert_int_equal(ps_command_find(command[i]->name, &found, &err), PS_OK);
        assert_ptr_equal(found, command[i]);
    }
}

static void every_status_has_a_code(void **state) {
    (void)state;
    static const int expected[] = {
        [PS_OK] = 0,     [PS_NOMEM] = 1,       [PS_INPUT] = 4,  [PS_FORMAT] = 1,
        [PS_CONFIG] = 2, [PS_GATE] = 3,        [PS_OUTPUT] = 6, [PS_UNSUPPORTED] = 1,
        [PS_LIMIT] = 1,  [PS_INTERRUPTED] = 1, [PS_LOCKED] = 75};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(ps_exit_of((ps_status)i), expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_fits_and_is_complete), cmocka_unit_test(manual_is_complete),
        cmocka_unit_test(completion_is_complete),    cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(every_status_has_a_code),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
