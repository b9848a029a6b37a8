/* What the schema of a framework cannot say. */
#ifndef PS_RUN_FRAMEWORK_CHECK_H
#define PS_RUN_FRAMEWORK_CHECK_H

#include "engine/run/framework.h"

/* Check a framework that was filled from yaml, then fill in its defaults. On failure it
 * is still to be freed with the yaml. */
ps_status ps_framework_resolve(const ps_yaml *yaml, ps_framework *framework,
                               ps_error *err) PS_MUST_CHECK;

/* The table of a measure, whose method is known, and its result. */
ps_status ps_framework_check_table(const ps_yaml *yaml, const ps_framework *framework,
                                   unsigned measure, ps_error *err) PS_MUST_CHECK;

/* The place of an id in n structures of `size` bytes whose first member it is, or -1. */
int ps_framework_place(const void *list, size_t n, size_t size, const char *id);
#define PS_FRAMEWORK_PLACE(list, n, id) ps_framework_place(list, n, sizeof *(list), id)

#endif
