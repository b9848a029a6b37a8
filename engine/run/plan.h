/* Everything that a job needs before its rows are read: files, digests, geographies. */
#ifndef PS_RUN_PLAN_H
#define PS_RUN_PLAN_H

#include "engine/run/inputs.h"
#include "engine/run/job.h"

/* All files that a job reads, the job itself first. A missing one is told with the line
 * of the job that names it. Digests are not computed. */
ps_status ps_job_inputs(const ps_job_file *job, const char *path, ps_inputs **out,
                        ps_error *err) PS_MUST_CHECK;

/* A digest of all that decides the outputs of a run: placestat's and the libraries'
 * versions, strictness, the contents of the inputs, and the operation that PROJ has for
 * the British grid (which changes when a grid file is installed). prepared: where what
 * the libraries answer is kept, or NULL. */
ps_status ps_job_fingerprint(const ps_inputs *inputs, const ps_prepared *prepared,
                             bool strict, char hex[65], ps_error *err) PS_MUST_CHECK;

/* Does folder hold the outputs of a run with this fingerprint, all of them unharmed?
 * *absent: figures without a value in them. */
bool ps_outputs_current(const char *folder, const char *fingerprint, int64_t *absent);

#endif
