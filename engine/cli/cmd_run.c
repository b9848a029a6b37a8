#include "engine/cli/cmd.h"
#include "engine/run/run.h"

typedef struct run_request {
    const char *folder;
    bool strict, force, fail_on_partial, dry_run, no_cache;
} run_request;

static const ps_opt options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FOLDER,
     .at = offsetof(run_request, folder),
     .value = "DIR",
     .help = "folder of the outputs [name of the job without .yaml]",
     .detail =
         "It is made when absent. Two runs cannot write to it at the same time: the "
         "second ends at once with exit code 75."},
    {.name = "strict",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, strict),
     .help = "refuse invalid rows, unknown categories and a CRS operation worse than "
             "1.5 m"},
    {.name = "force",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, force),
     .help = "run even when job, inputs and outputs are unchanged"},
    {.name = "fail-on-partial",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, fail_on_partial),
     .help = "end with 5 when values are masked or missing",
     .detail = "The outputs are written all the same."},
    {.name = "dry-run",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, dry_run),
     .help = "write nothing, print the plan, as `check` does"},
    {.name = "no-cache",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, no_cache),
     .help = "neither use nor keep prepared boundaries and counts"},
};

static const ps_example examples[] = {
    {"placestat run job.yaml -o results", "write indicators.csv and the rest to results"},
    {"placestat run job.yaml -qq --fail-on-partial", "for a nightly run"},
};

static ps_exit run(const ps_call *call, ps_error *err) {
    const run_request *request = call->request;
    char folder[PS_STORE_PATH];
    const ps_prepared prepared = ps_prepared_default(folder);
    const ps_run_options run_options = {.job = call->operands->item[0],
                                        .folder = request->folder,
                                        .strict = request->strict,
                                        .force = request->force,
                                        .command = call->line,
                                        .talk = call->talk,
                                        .prepared = request->no_cache ? NULL : &prepared};
    if (request->dry_run) return ps_exit_of(ps_check_job(&run_options, call->out, err));
    ps_run_outcome outcome = {0};
    ps_status status = ps_run_job(&run_options, call->out, &outcome, err);
    if (status == PS_OK && outcome.partial && request->fail_on_partial) {
        ps_fail(err, PS_GATE,
                "%s: some values are masked or missing; the column status of "
                "indicators.csv says which and why",
                run_options.job);
        return PS_EXIT_PARTIAL;
    }
    return ps_exit_of(status);
}

const ps_command ps_command_run = {
    .name = "run",
    .summary = "carry out a job: counts and rates by area, as tables and a map",
    .detail =
        "Writes indicators.csv, counts.csv, placestat.gpkg and manifest.json into the "
        "folder, with a framework measures.csv, all of them or none. When job, inputs "
        "and outputs are unchanged since "
        "the last run, nothing is done. What was read, matched and left out is printed "
        "at "
        "the end and stands in the manifest.",
    .operand = {PS_OPERAND_FILE, "JOB.yaml", 1, 1, NULL, "the job; see placestat-job(5)"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(run_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
