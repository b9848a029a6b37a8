/* A job's frameworks and what their kinds of data are in this job.
 *
 * A framework speaks of data, columns and values in its own words, the job says which
 * input, column and texts these are. What does not meet is a mistake when the job says
 * it, and an absent measure, with the reason, when the job is silent.
 */
#ifndef PS_RUN_BINDING_H
#define PS_RUN_BINDING_H

#include "engine/run/framework.h"
#include "engine/run/job.h"

typedef struct ps_binding {
    const ps_job_file *job;
    const ps_framework *framework;
    const char *path;         /* of the framework's file */
    const ps_job_data **data; /* by the framework's kind of data; NULL: not in the job */
    const char **absent;      /* by measure: why this job cannot give it, or NULL */
} ps_binding;

/* All frameworks of a job, in its order. Data of the same id mean the same in all of
 * them. */
typedef struct ps_bindings {
    const ps_job_file *job;
    ps_binding *binding;
    size_t n;
} ps_bindings;

/* Read the frameworks that the job names, if any, and bind their data. PS_CONFIG tells a
 * mistake of a framework with its own file and line, one of the job with the job's. What
 * the job binds has to be known to one of the frameworks; what only a shipped one knows
 * that is not among them is left aside. The job must outlive the bindings. */
ps_status ps_bindings_open(const ps_job_file *job, ps_bindings **out,
                           ps_error *err) PS_MUST_CHECK;
void ps_bindings_free(ps_bindings *bindings);

/* The column of these data that the job binds, or NULL. */
const ps_job_data_column *ps_binding_column(const ps_job_data *data, const char *id);
/* The column of these data that has a role and is bound, or NULL. */
const ps_job_data_column *ps_binding_role(const ps_framework_data *kind,
                                          const ps_job_data *data, ps_column_role role);
/* The column that a part is split by, or NULL. */
const ps_framework_column *ps_binding_by(const ps_binding *binding,
                                         const ps_framework_part *part);
/* What the job binds for a value of a column; NULL: nothing. */
const ps_job_meaning *ps_binding_meaning(const ps_job_data_column *column,
                                         const char *value);
/* Does a text of a bound column mean this value of the framework's? */
bool ps_binding_means(const ps_job_data_column *column, const char *value, ps_str text);
/* Does a text of a bound column pass a filter of the framework? */
bool ps_binding_passes(const ps_job_data_column *column,
                       const ps_framework_filter *filter, ps_str text);

#endif
