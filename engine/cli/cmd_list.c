#include <stdio.h>
#include <string.h>

#include "engine/cli/cmd.h"
#include "engine/cli/pages.h"
#include "engine/core/json.h"
#include "indicators/crime.h"
#include "indicators/method.h"

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

static const char *kind_text(ps_column_kind kind) {
    static const char *const texts[] = {[PS_COLUMN_TEXT] = "text",
                                        [PS_COLUMN_NUMBER] = "number",
                                        [PS_COLUMN_INTEGER] = "integer"};
    return texts[kind];
}

static void columns_json(ps_json *json, const char *key, const ps_method_column *column,
                         size_t n, bool inputs) {
    ps_json_key(json, key);
    ps_json_array(json);
    for (size_t i = 0; i < n; i++) {
        ps_json_object(json);
        ps_json_member_text(json, "name", column[i].name);
        ps_json_member_text(json, "kind", kind_text(column[i].kind));
        if (inputs) ps_json_member_bool(json, "required", column[i].required);
        ps_json_member_text(json, "meaning", column[i].meaning);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

static void choices_json(ps_json *json, const char *choices) {
    ps_json_key(json, "choices");
    ps_json_array(json);
    for (const char *c = choices; *c != '\0';) {
        size_t n = strcspn(c, "|");
        ps_json_str(json, (ps_str){c, n});
        c += n + (c[n] == '|');
    }
    ps_json_end_array(json);
}

static void param_json(ps_json *json, const ps_method_param *param) {
    ps_json_object(json);
    ps_json_member_text(json, "name", param->name);
    ps_json_member_text(json, "kind", kind_text(param->kind));
    ps_json_member_bool(json, "required", param->fallback == NULL);
    ps_json_member_text(json, "default", param->fallback);
    if (param->choices != NULL) choices_json(json, param->choices);
    if (param->least <= param->most) {
        ps_json_member_real(json, "least", param->least);
        ps_json_member_real(json, "most", param->most);
    }
    ps_json_member_text(json, "meaning", param->meaning);
    ps_json_end_object(json);
}

static void method_json(ps_json *json, const ps_method *method) {
    ps_json_object(json);
    ps_json_member_text(json, "id", method->id);
    ps_json_member_text(json, "title", method->title);
    ps_json_member_text(json, "formula", method->formula);
    columns_json(json, "input", method->input, method->n_input, true);
    ps_json_key(json, "parameters");
    ps_json_array(json);
    for (size_t i = 0; i < method->n_param; i++) param_json(json, &method->param[i]);
    ps_json_end_array(json);
    columns_json(json, "output", method->output, method->n_output, false);
    ps_json_member_text(json, "source", method->source);
    ps_json_member_text(json, "evidence", method->evidence);
    ps_json_end_object(json);
}

enum { METHOD_INDENT = 13 };

/* "  Input      text": the label stands before the first of several only. */
static void print_labelled(ps_output *out, const char *label, const char *text) {
    ps_output_printf(out, "  %-11s", label);
    ps_page_wrapped(out, text, METHOD_INDENT, METHOD_INDENT, "");
}

static void print_column(ps_output *out, const char *label,
                         const ps_method_column *column) {
    char text[512];
    snprintf(text, sizeof text, "%s (%s%s): %s", column->name, kind_text(column->kind),
             column->required ? "" : ", optional", column->meaning);
    print_labelled(out, label, text);
}

static void print_param(ps_output *out, const char *label, const ps_method_param *param) {
    char text[512], range[80] = "", least[32], most[32];
    if (param->least <= param->most) {
        ps_format_double(param->least, least);
        ps_format_double(param->most, most);
        snprintf(range, sizeof range, ", %s to %s", least, most);
    }
    snprintf(text, sizeof text, "%s=%s (%s%s): %s", param->name,
             param->fallback != NULL ? param->fallback : "VALUE",
             param->choices != NULL ? param->choices : kind_text(param->kind), range,
             param->meaning);
    print_labelled(out, label, text);
}

static void print_method(ps_output *out, const ps_method *method) {
    ps_output_printf(out, "%s: %s\n", method->id, method->title);
    print_labelled(out, "Formula", method->formula);
    for (size_t i = 0; i < method->n_input; i++)
        print_column(out, i == 0 ? "Input" : "", &method->input[i]);
    for (size_t i = 0; i < method->n_param; i++)
        print_param(out, i == 0 ? "Parameter" : "", &method->param[i]);
    for (size_t i = 0; i < method->n_output; i++)
        print_column(out, i == 0 ? "Output" : "", &method->output[i]);
    print_labelled(out, "Source", method->source);
    if (method->evidence != NULL) print_labelled(out, "Checked", method->evidence);
}

static void list_methods(bool json, ps_output *out) {
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        for (size_t i = 0; i < n; i++) method_json(&array, methods[i]);
        ps_json_end_array(&array);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0) ps_output_text(out, "\n");
        print_method(out, methods[i]);
    }
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
