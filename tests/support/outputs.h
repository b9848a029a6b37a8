/* What a job in a folder of its own writes and says. */
#ifndef PS_TESTS_SUPPORT_OUTPUTS_H
#define PS_TESTS_SUPPORT_OUTPUTS_H

#include <stdio.h>
#include <string.h>

#include "engine/run/run.h"
#include "tests/support/test.h"

/* Warnings, a line each. */
typedef struct test_warned {
    char text[4096];
} test_warned;

static inline void test_hear(void *context, ps_talk_level level, const char *text) {
    test_warned *warned = context;
    const size_t used = strlen(warned->text);
    if (level == PS_TALK_WARNING)
        snprintf(warned->text + used, sizeof warned->text - used, "%s\n", text);
}

/* Run job.yaml of the folder: outputs stand in its folder out then, what the run prints
 * in its file accounting.txt. warned may be NULL. */
static inline ps_status test_run(const char *folder, bool strict, test_warned *warned,
                                 ps_error *err) {
    char job[4096], out[4096];
    ps_output *accounting = NULL;
    ps_run_outcome outcome;
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    snprintf(out, sizeof out, "%s", test_path(folder, "out"));
    PS_TRY(ps_output_open(test_path(folder, "accounting.txt"), &accounting, err));
    const ps_talk talk = {.say = test_hear, .context = warned};
    const ps_run_options options = {.job = job,
                                    .folder = out,
                                    .command = "test",
                                    .strict = strict,
                                    .talk = warned != NULL ? &talk : NULL};
    if (warned != NULL) warned->text[0] = '\0';
    const ps_status status = ps_run_job(&options, accounting, &outcome, err);
    if (status == PS_OK) return ps_output_commit(accounting, err);
    ps_output_abandon(accounting);
    return status;
}

/* A file of the folder; freed with free. */
static inline char *test_text_of(const char *folder, const char *name) {
    char *text = test_file_read(test_path(folder, name), NULL);
    assert_non_null(text);
    return text;
}

/* Run job.yaml of the folder, read this one of its outputs, and remove the folder; freed
 * with free. */
static inline char *test_output_of(char *folder, const char *name) {
    char path[256];
    ps_error err = {.text = ""};
    if (test_run(folder, false, NULL, &err) != PS_OK) fail_msg("%s", err.text);
    snprintf(path, sizeof path, "out/%s", name);
    char *text = test_text_of(folder, path);
    test_folder_remove(folder);
    return text;
}

#endif
