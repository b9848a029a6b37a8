/* A job's framework and what its kinds of data are in this job.
 *
 * The framework speaks of data, columns and values in its own words, the job says which
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

/* Read the framework that the job names and bind its data. PS_CONFIG tells a mistake of
 * the framework with its own file and line, one of the job with the job's. The job must
 * name a framework and outlive the binding. */
ps_status ps_binding_open(const ps_job_file *job, ps_binding **out,
                          ps_error *err) PS_MUST_CHECK;
void ps_binding_free(ps_binding *binding);

/* The column of these data that the job binds, or NULL. */
const ps_job_data_column *ps_binding_column(const ps_job_data *data, const char *id);
/* The column that a part is split by, or NULL. */
const ps_framework_column *ps_binding_by(const ps_binding *binding,
                                         const ps_framework_part *part);
/* Does a text of a bound column mean this value of the framework's? */
bool ps_binding_means(const ps_job_data_column *column, const char *value, ps_str text);
/* Does a text of a bound column pass a filter of the framework? */
bool ps_binding_passes(const ps_job_data_column *column,
                       const ps_framework_filter *filter, ps_str text);

#endif
