#include <string.h>

#include "engine/cli/cmd.h"
#include "engine/core/json.h"
#include "indicators/crime.h"

typedef struct list_request {
    bool json;
} list_request;

static const ps_opt options[] = {
    {.name = "json",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(list_request, json),
     .help = "a JSON array instead of text"},
};

static const char *const subjects[] = {"frameworks", "indicators", "methods", "formats",
                                       NULL};

/* One thing that is listed. In JSON every member that is not NULL is written. */
typedef struct entry {
    const char *id, *title;
    const char *kind;
    const char *source;
} entry;

static const entry methods[] = {
    {"count",
     "incidents in an area and a period; interval of the Poisson mean: Exact below 10, "
     "Byars from 10 on",
     NULL,
     "PHE/OHID, Commonly used public health statistics and their confidence intervals; "
     "Breslow & Day 1987"},
    {"crude_rate",
     "count per 1,000 residents, or the multiplier of the job; the limits of the count, "
     "scaled alike",
     NULL,
     "PHE/OHID, Commonly used public health statistics and their confidence intervals; "
     "Eayres 2008"},
};

static const entry formats[] = {
    {"CSV",
     "incidents and tables: comma, semicolon, tab or bar; UTF-8 or Windows-1252; "
     "also .gz and inside ZIP archives",
     "input", NULL},
    {"police.uk", "street-level files of data.police.uk, one by one or as the archive",
     "input", NULL},
    {"Shapefile", "areas and points, also inside a ZIP archive", "input", NULL},
    {"GeoPackage", "areas and points", "input", NULL},
    {"GeoJSON", "areas and points", "input", NULL},
    {"FlatGeobuf", "areas and points", "input", NULL},
    {"XLSX", "tables of a job", "input", NULL},
    {"ODS", "tables of a job", "input", NULL},
    {"CSV", "indicators.csv, counts.csv, the files of join", "output", NULL},
    {"GeoPackage", "placestat.gpkg: one layer for each geography", "output", NULL},
    {"JSON", "manifest.json", "output", NULL},
};

static void print_json(const entry *list, size_t n, ps_json *json) {
    for (size_t i = 0; i < n; i++) {
        ps_json_object(json);
        ps_json_member_text(json, "id", list[i].id);
        ps_json_member_text(json, "title", list[i].title);
        if (list[i].kind != NULL) ps_json_member_text(json, "kind", list[i].kind);
        if (list[i].source != NULL) ps_json_member_text(json, "source", list[i].source);
        ps_json_end_object(json);
    }
}

static void list_frameworks(bool json, ps_output *out) {
    ps_output_text(out, json ? "[]\n" : "This version ships no frameworks.\n");
}

static void list_indicators(bool json, ps_output *out) {
    const ps_crime_series *series;
    size_t n = ps_crime_series_list(&series);
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        for (size_t i = 0; i < n; i++) {
            ps_json_object(&array);
            ps_json_member_text(&array, "id", series[i].id);
            ps_json_member_text(&array, "title", series[i].title);
            ps_json_member_text(&array, "kind", "series");
            ps_json_member_bool(&array, "default", series[i].by_default);
            ps_json_end_object(&array);
        }
        ps_json_end_array(&array);
        return;
    }
    ps_output_text(out,
                   "Series of police.uk crime types. `run` writes the count of each by "
                   "area and\nperiod and, where the job has a population, the crude rate "
                   "as ID-rate:\n");
    for (size_t i = 0; i < n; i++)
        ps_output_printf(out, "  %-31s %s%s\n", series[i].id, series[i].title,
                         series[i].by_default ? "" : " (only when the job names it)");
    ps_output_text(out,
                   "Beside them `run` writes the series and the values of tables that "
                   "the job defines.\n");
}

static void list_methods(bool json, ps_output *out) {
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        print_json(methods, PS_COUNT_OF(methods), &array);
        ps_json_end_array(&array);
        return;
    }
    for (size_t i = 0; i < PS_COUNT_OF(methods); i++)
        ps_output_printf(out, "%s\n  %s\n  Source: %s\n", methods[i].id, methods[i].title,
                         methods[i].source);
}

static void list_formats(bool json, ps_output *out) {
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        print_json(formats, PS_COUNT_OF(formats), &array);
        ps_json_end_array(&array);
        return;
    }
    for (size_t i = 0; i < PS_COUNT_OF(formats); i++)
        ps_output_printf(out, "%-7s %-11s %s\n", formats[i].kind, formats[i].id,
                         formats[i].title);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    (void)err;
    const list_request *request = call->request;
    static void (*const printers[])(bool, ps_output *) = {
        list_frameworks, list_indicators, list_methods, list_formats};
    for (size_t i = 0; subjects[i] != NULL; i++) {
        if (strcmp(subjects[i], call->operands->item[0]) == 0)
            printers[i](request->json, call->out);
    }
    return PS_EXIT_OK;
}

const ps_command ps_command_list = {
    .name = "list",
    .summary = "list what is built in: frameworks, indicators, methods, formats",
    .detail = NULL,
    .operand = {PS_OPERAND_CHOICE, "SUBJECT", 1, 1, subjects,
                "frameworks, indicators, methods or formats"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(list_request),
    .run = run,
};
