#include <string.h>

#include "engine/cli/cmd.h"
#include "engine/run/compute.h"

typedef struct compute_request {
    ps_opt_list parameters;
    const char *output;
} compute_request;

static const ps_opt options[] = {
    {.name = "parameter",
     .letter = 'p',
     .kind = PS_OPT_LIST,
     .at = offsetof(compute_request, parameters),
     .value = "NAME=VALUE",
     .help = "a parameter of the method; may be repeated"},
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FILE,
     .at = offsetof(compute_request, output),
     .value = "OUT.csv",
     .help = "where the result goes [standard output]"},
};

static const ps_example examples[] = {
    {"placestat compute crude_rate burglary.csv -p multiplier=1000 -o rates.csv",
     "rates with their intervals from columns area_code, count, population"},
};

/* NAME=VALUE into its two halves, in the arena. */
static ps_status split(const char *text, ps_arena *arena, ps_method_argument *out,
                       ps_error *err) {
    const char *sign = strchr(text, '=');
    if (sign == NULL || sign == text)
        return ps_fail(err, PS_CONFIG, "-p '%.60s': a parameter is written as NAME=VALUE",
                       text);
    const char *name = ps_arena_strndup(arena, text, (size_t)(sign - text));
    if (name == NULL) return ps_fail_nomem(err);
    *out = (ps_method_argument){name, sign + 1};
    return PS_OK;
}

static ps_status compute(const ps_call *call, ps_error *err) {
    const compute_request *request = call->request;
    size_t n = request->parameters.n;
    if (call->operands->n < 2)
        return ps_fail(err, PS_CONFIG, "INPUT.csv is missing, the table to work on");
    ps_method_argument *arguments =
        ps_arena_alloc(call->arena, (n + 1) * sizeof *arguments);
    if (arguments == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        PS_TRY(split(request->parameters.item[i], call->arena, &arguments[i], err));
    const char *input = call->operands->item[1];
    const ps_option_output output = {"--output", request->output};
    PS_TRY(ps_check_outputs(&output, 1, &input, 1, err));
    const ps_compute_request work = {.method = call->operands->item[0],
                                     .input = input,
                                     .arguments = arguments,
                                     .n_arguments = n,
                                     .output = request->output,
                                     .talk = call->talk};
    return ps_compute(&work, call->out, err);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    ps_status status = compute(call, err);
    if (status == PS_CONFIG) ps_fail_prefix(err, "compute: ");
    return ps_exit_of(status);
}

const ps_command ps_command_compute = {
    .name = "compute",
    .summary = "run one statistical method on a plain table",
    .detail =
        "INPUT.csv has named columns; those that the method does not know are ignored. "
        "`placestat list methods` and placestat-methods(7) tell the columns, parameters "
        "and outputs of each method, its formula and its source. A figure that does not "
        "exist is an empty cell, and the status column beside it says why.",
    .operand = {PS_OPERAND_FILE, "METHOD INPUT.csv", 1, 2, NULL,
                "see `placestat list methods`; the table, also .gz or .zip"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(compute_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
