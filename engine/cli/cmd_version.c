#include "engine/cli/cmd.h"
#include "engine/core/json.h"
#include "engine/core/par.h"
#include "engine/run/version.h"

typedef struct version_request {
    bool json;
} version_request;

static const ps_opt options[] = {
    {.name = "json",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(version_request, json),
     .help = "one JSON object instead of text"},
};

static void print_json(const ps_version *version, size_t n, ps_output *out) {
    ps_json json = ps_json_begin(out);
    ps_json_object(&json);
    ps_json_member_text(&json, "placestat", PS_VERSION);
    ps_json_key(&json, "libraries");
    ps_json_object(&json);
    for (size_t i = 0; i < n; i++)
        ps_json_member_text(&json, version[i].name, version[i].version);
    ps_json_end_object(&json);
    ps_json_member_int(&json, "threads", ps_threads());
    ps_json_end_object(&json);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    (void)err;
    const version_request *request = call->request;
    const ps_version *version;
    size_t n = ps_version_list(&version);
    if (request->json) {
        print_json(version, n, call->out);
        return PS_EXIT_OK;
    }
    ps_output_text(call->out, "placestat " PS_VERSION "\n");
    for (size_t i = 0; i < n; i++)
        ps_output_printf(call->out, "  %-11s %s\n", version[i].name, version[i].version);
    ps_output_printf(call->out, "  %-11s %d\n", "threads", ps_threads());
    return PS_EXIT_OK;
}

const ps_command ps_command_version = {
    .name = "version",
    .summary = "print the version, the libraries in use and the threads",
    .detail = "`placestat --version` is the same.",
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(version_request),
    .run = run,
};
