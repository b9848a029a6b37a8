#include "engine/cli/cmd.h"
#include "engine/run/inspect.h"

typedef struct inspect_request {
    bool json;
} inspect_request;

static const ps_opt options[] = {
    {.name = "json",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(inspect_request, json),
     .help = "one JSON document instead of text"},
};

static const ps_example examples[] = {
    {"placestat inspect wards.gpkg 2024-03-street.csv", "look at both files"},
};

static ps_exit run(const ps_call *call, ps_error *err) {
    const inspect_request *request = call->request;
    return ps_exit_of(ps_inspect(call->operands->item, call->operands->n, request->json,
                                 call->talk, call->out, err));
}

const ps_command ps_command_inspect = {
    .name = "inspect",
    .summary = "say what is in files: layers, CRS, fields, rows, problems",
    .detail =
        "For boundaries, point layers and workbooks it prints driver, layers or sheets, "
        "coordinate reference system, geometry, number of features, extent and fields; "
        "for delimited text encoding, delimiter, line ends, columns with examples, rows "
        "and rows of another length, and the months and crime types of a police.uk file. "
        "Problems that join and run would meet are named. A file that cannot be read is "
        "told and the others are still shown; the exit code is that of the first "
        "failure.",
    .operand = {PS_OPERAND_FILE, "FILE", 1, 0, NULL,
                "boundaries, points, tables, workbooks; .gz, .zip"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(inspect_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
