/* What a job in a folder of its own writes. */
#ifndef PS_TESTS_SUPPORT_OUTPUTS_H
#define PS_TESTS_SUPPORT_OUTPUTS_H

#include <stdio.h>

#include "engine/run/run.h"
#include "tests/support/test.h"

/* Run job.yaml of the folder, read this one of its outputs, and remove the folder; freed
 * with free. */
static inline char *test_output_of(char *folder, const char *name) {
    char out[4096];
    ps_error err = {.text = ""};
    ps_output *nowhere = NULL;
    ps_run_outcome outcome;
    snprintf(out, sizeof out, "%s", test_path(folder, "out"));
    assert_int_equal(ps_output_open("/dev/null", &nowhere, &err), PS_OK);
    const ps_run_options options = {
        .job = test_path(folder, "job.yaml"), .folder = out, .command = "test"};
    if (ps_run_job(&options, nowhere, &outcome, &err) != PS_OK) fail_msg("%s", err.text);
    ps_output_abandon(nowhere);
    char *text = test_file_read(test_path(out, name), NULL);
    assert_non_null(text);
    test_folder_remove(folder);
    return text;
}

#endif
