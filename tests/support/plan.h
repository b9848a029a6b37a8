/* What is told of frameworks. */
#ifndef PS_TESTS_SUPPORT_PLAN_H
#define PS_TESTS_SUPPORT_PLAN_H

#include <string.h>

#include "engine/run/framework.h"
#include "tests/support/test.h"

/* Is the plan refused as bad configuration, with just this text from `key` on, or taken
 * when told is NULL? Prints both when it is not. */
static inline bool test_plan_is_told(const char *plan, const char *key,
                                     const char *told) {
    ps_error err = {.text = ""};
    ps_framework_file *file;
    const ps_status status = ps_framework_parse("plan", plan, strlen(plan), &file, &err);
    ps_framework_free(file);
    const char *at = strstr(err.text, key);
    const bool right = told == NULL
                           ? status == PS_OK
                           : status == PS_CONFIG && at != NULL && strcmp(at, told) == 0;
    if (!right)
        print_error("gives    %s\nexpected %s\n", err.text, told != NULL ? told : "none");
    return right;
}

#endif
