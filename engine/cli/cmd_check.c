#include "engine/cli/cmd.h"
#include "engine/run/run.h"

typedef struct check_request {
    bool strict;
} check_request;

static const ps_opt options[] = {
    {.name = "strict",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(check_request, strict),
     .help = "check as `run --strict` would"},
};

static const ps_example examples[] = {
    {"placestat check job.yaml", "what would `run job.yaml` do?"},
};

static ps_exit run(const ps_call *call, ps_error *err) {
    const check_request *request = call->request;
    const ps_run_options options_of_run = {.job = call->operands->item[0],
                                           .strict = request->strict,
                                           .command = call->line,
                                           .talk = call->talk};
    return ps_exit_of(ps_check_job(&options_of_run, call->out, err));
}

const ps_command ps_command_check = {
    .name = "check",
    .summary = "validate a job and its inputs and say what a run would do",
    .detail =
        "The job file is validated, every input is opened, headers and boundaries are "
        "read, and the plan is printed: inputs, areas, series, periods, memory and "
        "warnings. The rows of incident files are not read, and no file is written. "
        "Mistakes in the job are told with file, line, column and the nearest valid "
        "name.",
    .operand = {PS_OPERAND_FILE, "JOB.yaml", 1, 1, NULL, "the job; see placestat-job(5)"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(check_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
