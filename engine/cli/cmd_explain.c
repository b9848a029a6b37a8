#include "engine/cli/cmd.h"
#include "engine/run/explain.h"

typedef struct explain_request {
    bool no_cache;
} explain_request;

static const ps_opt options[] = {
    {.name = "no-cache",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(explain_request, no_cache),
     .help = "neither use nor keep prepared boundaries"},
};

static const ps_example examples[] = {
    {"placestat explain job.yaml vehicle-offences ZP01 2022/23",
     "the figure of one place and year"},
    {"placestat explain job.yaml total-crime ward:ZW03",
     "of the latest period; the geography chosen"},
};

static ps_exit run(const ps_call *call, ps_error *err) {
    const explain_request *request = call->request;
    const char *const *operand = call->operands->item;
    char folder[PS_STORE_PATH];
    const ps_prepared prepared = ps_prepared_default(folder);
    const ps_explain_options wanted = {
        .job = operand[0],
        .measure = operand[1],
        .area = operand[2],
        .period = call->operands->n > 3 ? operand[3] : NULL,
        .talk = call->talk,
        .prepared = request->no_cache ? NULL : &prepared};
    return ps_exit_of(ps_explain(&wanted, call->out, err));
}

const ps_command ps_command_explain = {
    .name = "explain",
    .summary = "tell how one figure of measures.csv came about",
    .detail =
        "Reads and counts the data as `run` does, writes nothing, and prints for one "
        "measure, area and period: the definition, files, rows by fate, filters, rows "
        "counted by month, the formula with its numbers, baseline, target, evidence, "
        "projection and caveats. A measure that the job cannot give is explained by what "
        "is lacking.",
    .operand = {PS_OPERAND_FILE, "JOB.yaml MEASURE AREA [PERIOD]", 3, 4, NULL,
                "the job; the measure's id, with /ITEM when it has several and "
                "FRAMEWORK: before it "
                "when several frameworks have it, or several of them with ',' between; "
                "the area's code, or GEOGRAPHY:CODE; "
                "the period as in measures.csv, the last one when left out"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(explain_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
