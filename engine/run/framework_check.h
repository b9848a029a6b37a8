/* What the schema of a framework cannot say. */
#ifndef PS_RUN_FRAMEWORK_CHECK_H
#define PS_RUN_FRAMEWORK_CHECK_H

#include "engine/core/keys.h"
#include "engine/run/framework.h"

/* Check a framework that was filled from yaml, then fill in its defaults. On failure it
 * is still to be freed with the yaml. */
ps_status ps_framework_resolve(const ps_yaml *yaml, ps_framework *framework,
                               ps_error *err) PS_MUST_CHECK;

/* The table of a measure, whose method is known, and its result. */
ps_status ps_framework_check_table(const ps_yaml *yaml, const ps_framework *framework,
                                   unsigned measure, ps_error *err) PS_MUST_CHECK;

/* Baseline and target of a measure that stands at a path, and whether the target is of
 * one mind with the polarity. */
ps_status ps_framework_check_goal(const ps_yaml *yaml,
                                  const ps_framework_measure *measure, const char *at,
                                  const char *polarity_at, ps_error *err) PS_MUST_CHECK;
/* Can the figures that stand at a path be: shares within their whole, counts and rates
 * not below 0, the target on the side of the baseline that its kind says? Either may be
 * NULL. */
ps_status ps_framework_check_figures(const ps_yaml *yaml,
                                     const ps_framework_measure *measure,
                                     const ps_framework_baseline *baseline,
                                     const ps_framework_target *target, const char *at,
                                     ps_error *err) PS_MUST_CHECK;
/* The plans of single areas, after the measures. */
ps_status ps_framework_check_tailored(const ps_yaml *yaml, const ps_framework *framework,
                                      ps_error *err) PS_MUST_CHECK;

/* The comparisons, after the measures. */
ps_status ps_framework_check_comparisons(const ps_yaml *yaml,
                                         const ps_framework *framework, ps_keys *ids,
                                         ps_error *err) PS_MUST_CHECK;
/* Comparisons that name no measures get all that they can test, in the order of the
 * report; the column of published figures that tells the measure gets all as its values.
 */
ps_status ps_framework_complete_comparisons(ps_framework *framework,
                                            ps_error *err) PS_MUST_CHECK;

/* The column of data that has a role, or NULL. */
const ps_framework_column *ps_framework_role(const ps_framework_data *data,
                                             ps_column_role role);

/* Does the id stand in a list whose entries begin with theirs? If not, PS_CONFIG at the
 * path with the nearest. */
ps_status ps_framework_check_reference(const ps_yaml *yaml, const char *path,
                                       const char *what, const void *list, size_t n,
                                       size_t size, const char *id,
                                       ps_error *err) PS_MUST_CHECK;
#define PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, what, list, n, id, err) \
    ps_framework_check_reference(yaml, path, what, list, n, sizeof *(list), id, err)
/* One period, such as 2021/22. */
ps_status ps_framework_check_period(const ps_yaml *yaml, const char *path,
                                    const char *text, ps_period *period,
                                    ps_error *err) PS_MUST_CHECK;

/* The place of an id in n structures of `size` bytes whose first member it is, or -1. */
int ps_framework_place(const void *list, size_t n, size_t size, const char *id);
#define PS_FRAMEWORK_PLACE(list, n, id) ps_framework_place(list, n, sizeof *(list), id)

#endif
