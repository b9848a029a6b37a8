#include "engine/cli/cmd.h"
#include "engine/run/join.h"

typedef struct join_request {
    const char *areas, *id, *x, *y, *crs, *points_layer;
    const char *counts, *assign, *manifest;
    ps_opt_list by;
    int format, invalid;
    bool zeros, strict, keep_duplicates, no_cache;
} join_request;

static const char *const formats[] = {"police.uk", NULL};
/* In the order of ps_geometry_policy. */
static const char *const policies[] = {"repair", "skip", "stop", NULL};

#define AT(member) offsetof(join_request, member)

static const ps_opt options[] = {
    {.name = "areas",
     .kind = PS_OPT_FILE,
     .required = true,
     .at = AT(areas),
     .value = "FILE[,KEY=VALUE]...",
     .help = "polygons; keys: layer, where, crs, encoding",
     .detail =
         "Shapefile, GeoPackage, GeoJSON, FlatGeobuf or anything else that GDAL reads as "
         "polygons, also inside a ZIP archive. layer=NAME chooses one of several layers; "
         "where=SQL keeps the areas for which it holds, in OGR's SQL, for example "
         "where=LAD22NM='Leeds'; crs=CRS says or overrides the coordinate reference "
         "system; encoding=NAME that of a Shapefile's texts."},
    {.name = "id",
     .kind = PS_OPT_TEXT,
     .required = true,
     .at = AT(id),
     .value = "FIELD",
     .help = "field of the polygons with the area code"},
    {.name = "format",
     .kind = PS_OPT_CHOICE,
     .at = AT(format),
     .choices = formats,
     .help = "columns as in street-level files of data.police.uk"},
    {.name = "x",
     .kind = PS_OPT_TEXT,
     .at = AT(x),
     .value = "COL",
     .help = "column of longitude or easting"},
    {.name = "y",
     .kind = PS_OPT_TEXT,
     .at = AT(y),
     .value = "COL",
     .help = "column of latitude or northing"},
    {.name = "crs",
     .kind = PS_OPT_TEXT,
     .at = AT(crs),
     .value = "CRS",
     .help = "of the points, as EPSG:27700 [police.uk: EPSG:4326]"},
    {.name = "by",
     .kind = PS_OPT_LIST,
     .at = AT(by),
     .value = "COL",
     .help = "count by this column, too; may be repeated"},
    {.name = "zeros",
     .kind = PS_OPT_SWITCH,
     .at = AT(zeros),
     .help = "list areas without points, too"},
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FILE,
     .at = AT(counts),
     .value = "COUNTS.csv",
     .help = "area, columns of --by, count [standard output]"},
    {.name = "assign",
     .kind = PS_OPT_FILE,
     .at = AT(assign),
     .value = "ROWS.csv",
     .help = "file, row, area: one line for each row read"},
    {.name = "manifest",
     .kind = PS_OPT_FILE,
     .at = AT(manifest),
     .value = "RUN.json",
     .help = "inputs, rows, CRS operation, versions"},
    {.name = "strict",
     .kind = PS_OPT_SWITCH,
     .at = AT(strict),
     .help = "refuse invalid rows, a CRS operation over 1.5 m"},
    {.name = "keep-duplicates",
     .kind = PS_OPT_SWITCH,
     .at = AT(keep_duplicates),
     .help = "police.uk: count repeated crime ids each time"},
    {.name = "invalid",
     .kind = PS_OPT_CHOICE,
     .at = AT(invalid),
     .choices = policies,
     .fallback = "repair",
     .help = "what to do with polygons that are not valid"},
    {.name = "points-layer",
     .kind = PS_OPT_TEXT,
     .at = AT(points_layer),
     .value = "NAME",
     .help = "layer of POINTS when a file has several"},
    {.name = "no-cache",
     .kind = PS_OPT_SWITCH,
     .at = AT(no_cache),
     .help = "neither use nor keep prepared boundaries"},
};

static const ps_example examples[] = {
    {"placestat join crime/ --areas lsoa.gpkg --id LSOA21CD --format police.uk",
     "crimes by LSOA from a folder of monthly files"},
    {"placestat join hurt.csv --areas wards.shp,where=\"LAD='E08000035'\" --id WD22CD "
     "--x easting --y northing --crs EPSG:27700 --by severity -o counts.csv",
     "casualties by ward of one district and severity"},
};

enum { LAYER, WHERE, CRS, ENCODING, KEYS };
static const ps_opt_key area_keys[KEYS] = {
    [LAYER] = {"layer", false},
    [WHERE] = {"where", true},
    [CRS] = {"crs", false},
    [ENCODING] = {"encoding", false},
};

static ps_status check_outputs(const join_request *request, const char *areas,
                               const ps_opt_list *points, ps_error *err) {
    const ps_option_output outputs[] = {
        {"--output", request->counts != NULL ? request->counts : "-"},
        {"--assign", request->assign},
        {"--manifest", request->manifest}};
    PS_TRY(ps_check_outputs(outputs, PS_COUNT_OF(outputs), points->item, points->n, err));
    return ps_check_outputs(outputs, PS_COUNT_OF(outputs), &areas, 1, err);
}

static ps_status check_columns(const join_request *request, ps_error *err) {
    if (request->format != 0 && (request->x != NULL || request->y != NULL))
        return ps_fail(err, PS_CONFIG,
                       "--format police.uk says which columns hold the coordinates; "
                       "leave out --x and --y, or the format");
    if ((request->x == NULL) != (request->y == NULL))
        return ps_fail(err, PS_CONFIG, "--%s is missing; --x and --y belong together",
                       request->x == NULL ? "x" : "y");
    if (request->keep_duplicates && request->format == 0)
        return ps_fail(err, PS_CONFIG,
                       "--keep-duplicates belongs to --format police.uk; without it no "
                       "row is taken for a duplicate");
    return PS_OK;
}

static ps_status make_request(const ps_call *call, ps_join_request *out, ps_error *err) {
    const join_request *request = call->request;
    const char *key[KEYS];
    PS_TRY(check_columns(request, err));
    *out = (ps_join_request){.points = call->operands->item,
                             .n_points = call->operands->n,
                             .areas = {.code = request->id},
                             .points_layer = request->points_layer,
                             .police_uk = request->format != 0,
                             .x = request->x,
                             .y = request->y,
                             .crs = request->crs,
                             .by = request->by.item,
                             .n_by = request->by.n,
                             .zeros = request->zeros,
                             .keep_duplicates = request->keep_duplicates,
                             .counts = request->counts,
                             .assign = request->assign,
                             .manifest = request->manifest,
                             .strict = request->strict,
                             .command = call->line,
                             .talk = call->talk};
    PS_TRY(ps_opt_split("--areas", request->areas, area_keys, KEYS, call->arena,
                        &out->areas.path, key, err));
    out->areas.layer = key[LAYER];
    out->areas.where = key[WHERE];
    out->areas.crs = key[CRS];
    out->areas.encoding = key[ENCODING];
    out->areas.policy = (ps_geometry_policy)(request->invalid - 1);
    return check_outputs(request, out->areas.path, call->operands, err);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    ps_join_request request;
    ps_status status = make_request(call, &request, err);
    if (status != PS_OK) {
        ps_fail_prefix(err, "join: ");
        return ps_exit_of(status);
    }
    char folder[PS_STORE_PATH];
    const ps_prepared prepared = ps_prepared_default(folder);
    if (!((const join_request *)call->request)->no_cache) request.prepared = &prepared;
    ps_output *accounting = NULL;
    status = ps_output_keep(&accounting, err);
    if (status != PS_OK) return ps_exit_of(status);
    status = ps_join(&request, call->out, accounting, err);
    ps_terminal_rows(call->terminal, ps_output_kept(accounting));
    ps_output_abandon(accounting);
    return ps_exit_of(status);
}

const ps_command ps_command_join = {
    .name = "join",
    .summary = "find the area of each point and count points by area",
    .detail =
        "Areas are closed: a point on a shared edge belongs to the area with the lowest "
        "code, and such ties are counted. For each input one line on standard error says "
        "rows read = matched + outside + unlocated + invalid + duplicate + filtered. "
        "COUNTS.csv is sorted by area and then by the columns of --by. ROWS.csv counts "
        "data rows from 1 and leaves the area empty where there is none. Points and "
        "polygons in different coordinate reference systems are brought together by the "
        "most accurate operation installed, which is named. Files appear whole or not at "
        "all.",
    .operand = {PS_OPERAND_FILE, "POINTS", 1, 0, NULL,
                "CSV, .csv.gz, folders, globs, ZIPs, point layers"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(join_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};
