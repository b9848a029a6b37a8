/* Which group is a row in? A group is one combination of texts of the columns that are
 * counted by.
 *
 * Each worker has a small table of the combinations met last, and one of all that it has
 * met; only a combination that it has not met before is looked up among those of all
 * workers, under a lock. Groups count from 0; which is which depends on who came first,
 * so outputs are sorted by text.
 */
#ifndef PS_RUN_GROUPS_H
#define PS_RUN_GROUPS_H

#include "engine/core/keys.h"

typedef struct ps_groups ps_groups;

/* columns: how many make a group; workers as in par.h. */
ps_status ps_groups_create(size_t columns, int workers, ps_groups **out,
                           ps_error *err) PS_MUST_CHECK;
/* The group with these texts, one per column.
 * Threads  any number at once, each as the worker it is. */
ps_status ps_groups_find(ps_groups *groups, int worker, const ps_str *text,
                         int32_t *group, ps_error *err) PS_MUST_CHECK;
/* The same from the texts of a group as ps_groups_keys has them. */
ps_status ps_groups_add(ps_groups *groups, ps_str texts, int32_t *group,
                        ps_error *err) PS_MUST_CHECK;
/* The texts of all groups, NUL between the columns; while nobody finds. */
const ps_keys *ps_groups_keys(const ps_groups *groups);
/* The text of one column of a group. */
ps_str ps_groups_field(const ps_groups *groups, int32_t group, size_t column);
void ps_groups_free(ps_groups *groups);

#endif
