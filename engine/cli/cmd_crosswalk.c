#include "engine/cli/cmd.h"
#include "engine/run/crosswalk.h"

typedef struct crosswalk_request {
    const char *weights, *min_share, *crs, *shares, *manifest;
    int invalid;
    bool strict, no_cache;
} crosswalk_request;

/* In the order of ps_geometry_policy. */
static const char *const policies[] = {"repair", "skip", "stop", NULL};

#define AT(member) offsetof(crosswalk_request, member)

static const ps_opt options[] = {
    {.name = "weights",
     .kind = PS_OPT_FILE,
     .at = AT(weights),
     .value = "FILE[,KEY=VALUE]...",
     .help = "share by points or by a table instead of by area",
     .detail =
         "Points that are in both geographies, such as postcodes or population-weighted "
         "centroids: a point layer (layer=NAME when it has several), or a delimited file "
         "with x=COL, y=COL and crs=CRS. Or, with from=COL and to=COL, a table whose "
         "rows "
         "lie in one area of each geography, such as a lookup of output areas; "
         "sheet=NAME "
         "of a workbook. weight=COL is what each row weighs, 1 without it. Shares are "
         "then "
         "shares of weight; the columns weight, from_basis and to_basis are added. An "
         "area "
         "without any weight is shared by area, and its basis says so."},
    {.name = "min-share",
     .kind = PS_OPT_TEXT,
     .at = AT(min_share),
     .value = "SHARE",
     .help = "leave out pairs that are less of both areas [0]",
     .detail =
         "Boundaries that were drawn apart overlap in slivers along their shared lines. "
         "A "
         "pair both of whose shares are below SHARE is left out, and the others of its "
         "areas are scaled, so that shares still add up to the covered part. Without it "
         "no pair is left out, and the slivers are counted."},
    {.name = "crs",
     .kind = PS_OPT_TEXT,
     .at = AT(crs),
     .value = "CRS",
     .help = "projected system to measure in [that of TO]",
     .detail =
         "Without it that of TO, when it is projected, else that of FROM. When both are "
         "in "
         "degrees, the British National Grid in Great Britain, else an equal-area plane "
         "around the middle of the areas."},
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FILE,
     .at = AT(shares),
     .value = "SHARES.csv",
     .help = "one row per pair of areas [standard output]"},
    {.name = "manifest",
     .kind = PS_OPT_FILE,
     .at = AT(manifest),
     .value = "RUN.json",
     .help = "inputs, areas, CRS operations, versions"},
    {.name = "strict",
     .kind = PS_OPT_SWITCH,
     .at = AT(strict),
     .help = "refuse invalid rows, a CRS operation over 1.5 m"},
    {.name = "invalid",
     .kind = PS_OPT_CHOICE,
     .at = AT(invalid),
     .choices = policies,
     .fallback = "repair",
     .help = "what to do with polygons that are not valid"},
    {.name = "no-cache",
     .kind = PS_OPT_SWITCH,
     .at = AT(no_cache),
     .help = "neither use nor keep prepared boundaries"},
};

static const ps_example examples[] = {
    {"placestat crosswalk lsoa.gpkg,id=LSOA21CD wards.gpkg,id=WD24CD -o shares.csv",
     "how much of each LSOA lies in each ward"},
    {"placestat crosswalk lsoa.gpkg wards.gpkg --weights "
     "postcodes.csv,x=east,y=north,crs=EPSG:27700,weight=people",
     "the same by people instead of by area"},
};

enum { LAYER, ID, WHERE, CRS, ENCODING, KEYS };
static const ps_opt_key area_keys[KEYS] = {
    [LAYER] = {"layer", false},       [ID] = {"id", false},
    [WHERE] = {"where", true},        [CRS] = {"crs", false},
    [ENCODING] = {"encoding", false},
};

enum { W_WEIGHT, W_LAYER, W_X, W_Y, W_CRS, W_FROM, W_TO, W_SHEET, W_KEYS };
static const ps_opt_key weight_keys[W_KEYS] = {
    [W_WEIGHT] = {"weight", false}, [W_LAYER] = {"layer", false},
    [W_X] = {"x", false},           [W_Y] = {"y", false},
    [W_CRS] = {"crs", false},       [W_FROM] = {"from", false},
    [W_TO] = {"to", false},         [W_SHEET] = {"sheet", false},
};

static ps_status split_layer(const ps_call *call, size_t operand, const char *what,
                             ps_layer_spec *out, ps_error *err) {
    const crosswalk_request *request = call->request;
    const char *key[KEYS];
    PS_TRY(ps_opt_split(what, call->operands->item[operand], area_keys, KEYS, call->arena,
                        &out->path, key, err));
    out->layer = key[LAYER];
    out->code = key[ID];
    out->where = key[WHERE];
    out->crs = key[CRS];
    out->encoding = key[ENCODING];
    out->policy = (ps_geometry_policy)(request->invalid - 1);
    return PS_OK;
}

static ps_status split_weights(const ps_call *call, ps_overlap_source *out,
                               ps_error *err) {
    const crosswalk_request *request = call->request;
    const char *key[W_KEYS];
    if (request->weights == NULL) return PS_OK;
    PS_TRY(ps_opt_split("--weights", request->weights, weight_keys, W_KEYS, call->arena,
                        &out->path, key, err));
    *out = (ps_overlap_source){.path = out->path,
                               .weight = key[W_WEIGHT],
                               .layer = key[W_LAYER],
                               .x = key[W_X],
                               .y = key[W_Y],
                               .crs = key[W_CRS],
                               .from = key[W_FROM],
                               .to = key[W_TO],
                               .sheet = key[W_SHEET]};
    if ((out->from == NULL) != (out->to == NULL))
        return ps_fail(err, PS_CONFIG, "--weights: from= and to= belong together");
    if ((out->x == NULL) != (out->y == NULL))
        return ps_fail(err, PS_CONFIG, "--weights: x= and y= belong together");
    if (out->from != NULL && (out->x != NULL || out->layer != NULL || out->crs != NULL))
        return ps_fail(err, PS_CONFIG,
                       "--weights: from= and to= name the columns of a table, x=, y=, "
                       "layer= and crs= those of points; give one or the other");
    if (out->from == NULL && out->sheet != NULL)
        return ps_fail(err, PS_CONFIG, "--weights: sheet= needs from= and to=");
    return PS_OK;
}

static ps_status check_outputs(const ps_crosswalk_request *r, ps_error *err) {
    const ps_option_output outputs[] = {{"--output", r->shares != NULL ? r->shares : "-"},
                                        {"--manifest", r->manifest}};
    const char *const inputs[] = {r->from.path, r->to.path, r->weights.path};
    return ps_check_outputs(outputs, PS_COUNT_OF(outputs), inputs, PS_COUNT_OF(inputs),
                            err);
}

static ps_status make_request(const ps_call *call, ps_crosswalk_request *out,
                              ps_error *err) {
    const crosswalk_request *request = call->request;
    *out = (ps_crosswalk_request){.crs = request->crs,
                                  .shares = request->shares,
                                  .manifest = request->manifest,
                                  .strict = request->strict,
                                  .command = call->line,
                                  .talk = call->talk};
    PS_TRY(split_layer(call, 0, "FROM", &out->from, err));
    PS_TRY(split_layer(call, 1, "TO", &out->to, err));
    PS_TRY(split_weights(call, &out->weights, err));
    if (request->min_share != NULL &&
        (!ps_parse_double(ps_str_of(request->min_share), &out->min_share) ||
         out->min_share < 0 || out->min_share >= 1))
        return ps_fail(err, PS_CONFIG,
                       "--min-share is '%.40s'; a share of 0 or more and below 1 is "
                       "needed, such as 0.001",
                       request->min_share);
    return check_outputs(out, err);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    ps_crosswalk_request request;
    ps_status status = make_request(call, &request, err);
    if (status != PS_OK) {
        ps_fail_prefix(err, "crosswalk: ");
        return ps_exit_of(status);
    }
    char folder[PS_STORE_PATH];
    const ps_prepared prepared = ps_prepared_default(folder);
    if (!((const crosswalk_request *)call->request)->no_cache)
        request.prepared = &prepared;
    ps_output *accounting = NULL;
    status = ps_output_keep(&accounting, err);
    if (status != PS_OK) return ps_exit_of(status);
    status = ps_crosswalk_shares(&request, call->out, accounting, err);
    ps_terminal_rows(call->terminal, ps_output_kept(accounting));
    ps_output_abandon(accounting);
    return ps_exit_of(status);
}

const ps_command ps_command_crosswalk = {
    .name = "crosswalk",
    .summary = "find how much of each area of one geography lies in another's",
    .detail =
        "FROM and TO are polygon layers, each FILE[,KEY=VALUE]... with the keys layer, "
        "id "
        "(field of the area code; without it the first that looks like one, such as "
        "LSOA21CD), where, "
        "crs and encoding, as for join. SHARES.csv has a row for every pair of areas "
        "that "
        "have ground in common: from, to, from_share, to_share, area_m2, sorted. "
        "from_share is the part of the FROM area that lies in the TO area, to_share the "
        "part of the TO area that lies in the FROM area. The shares of an area add up to "
        "its covered part in every digit; standard error says how much of each geography "
        "is covered and how much is outside. Boundaries are compared on whole "
        "millimetres, without tolerance: lines that both share have nothing between "
        "them. "
        "Areas of one geography that overlap each count in full.",
    .operand = {PS_OPERAND_FILE, "FROM TO", 2, 2, NULL, "the two geographies"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(crosswalk_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
