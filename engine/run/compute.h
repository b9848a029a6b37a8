/* One method on one plain table: read, run, write. */
#ifndef PS_RUN_COMPUTE_H
#define PS_RUN_COMPUTE_H

#include "engine/core/output.h"
#include "indicators/method.h"

typedef struct ps_compute_request {
    const char *method;
    const char *input; /* delimited text; also .gz, or the member of a .zip */
    const ps_method_argument *arguments;
    size_t n_arguments;
    const char *output; /* CSV; NULL: the output of the call */
    const ps_talk *talk;
} ps_compute_request;

/* The method's output columns as CSV, a header first. PS_CONFIG names the nearest method,
 * column or parameter. A file appears whole or not at all. */
ps_status ps_compute(const ps_compute_request *request, ps_output *out,
                     ps_error *err) PS_MUST_CHECK;

#endif
