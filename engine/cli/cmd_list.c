#include <stdio.h>
#include <string.h>

#include "engine/cli/cmd.h"
#include "engine/cli/pages.h"
#include "engine/core/json.h"
#include "engine/run/framework.h"
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
    {"CSV", "indicators.csv, counts.csv, measures.csv, the files of join", "output",
     NULL},
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

/* "4404 (2021/22)", or "" when the measure has none. */
static void baseline_text(const ps_framework_baseline *baseline, char out[96]) {
    char value[32] = "own figure";
    out[0] = '\0';
    if (baseline == NULL) return;
    if (baseline->value != NULL) ps_format_double(*baseline->value, value);
    snprintf(out, 96, "%s%s%.40s%s", value, baseline->period != NULL ? " (" : "",
             baseline->period != NULL ? baseline->period : "",
             baseline->period != NULL ? ")" : "");
}

/* "below-baseline 4404", or "" when the measure is only watched. */
static void target_text(const ps_framework_target *target, char out[96]) {
    char value[32] = "";
    out[0] = '\0';
    if (target == NULL) return;
    const double *number = target->step != NULL ? target->step : target->value;
    if (number != NULL) ps_format_double(*number, value);
    snprintf(out, 96, "%s%s%s%s", ps_target_kind_text(target->kind),
             number != NULL ? " " : "", value, target->step != NULL ? " a year" : "");
}

static void measure_json(ps_json *json, const ps_framework_measure *m) {
    ps_json_object(json);
    ps_json_member_text(json, "id", m->id);
    ps_json_member_text(json, "priority", m->priority);
    ps_json_member_text(json, "title", m->title);
    ps_json_member_text(json, "unit", m->unit);
    ps_json_member_text(json, "method", m->method);
    ps_json_member_text(json, "polarity", ps_polarity_text(m->polarity));
    if (m->baseline != NULL && m->baseline->value != NULL)
        ps_json_member_real(json, "baseline", *m->baseline->value);
    if (m->baseline != NULL && m->baseline->period != NULL)
        ps_json_member_text(json, "baseline_period", m->baseline->period);
    if (m->target != NULL) {
        ps_json_member_text(json, "target_kind", ps_target_kind_text(m->target->kind));
        if (m->target->value != NULL)
            ps_json_member_real(json, "target", *m->target->value);
        if (m->target->step != NULL) ps_json_member_real(json, "step", *m->target->step);
    }
    ps_json_key(json, "geographies");
    ps_json_array(json);
    for (unsigned g = 0; g < m->geographies_count; g++)
        ps_json_text(json, m->geographies[g]);
    ps_json_end_array(json);
    ps_json_end_object(json);
}

static void framework_json(ps_json *json, const ps_framework *f) {
    ps_json_object(json);
    ps_json_member_text(json, "id", f->id);
    ps_json_member_text(json, "title", f->title);
    ps_json_member_text(json, "edition", f->edition);
    ps_json_key(json, "priorities");
    ps_json_array(json);
    for (unsigned p = 0; p < f->priorities_count; p++) {
        ps_json_object(json);
        ps_json_member_text(json, "id", f->priorities[p].id);
        ps_json_member_text(json, "title", f->priorities[p].title);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
    ps_json_key(json, "measures");
    ps_json_array(json);
    for (unsigned m = 0; m < f->measures_count; m++) measure_json(json, &f->measures[m]);
    ps_json_end_array(json);
    ps_json_end_object(json);
}

static void print_framework(ps_output *out, const ps_framework *f) {
    char baseline[96], target[96];
    ps_output_printf(out, "%s: %s\n", f->id, f->title);
    for (unsigned p = 0; p < f->priorities_count; p++) {
        ps_output_printf(out, "  %s\n", f->priorities[p].title);
        for (unsigned m = 0; m < f->measures_count; m++) {
            const ps_framework_measure *measure = &f->measures[m];
            if (strcmp(measure->priority, f->priorities[p].id) != 0) continue;
            baseline_text(measure->baseline, baseline);
            target_text(measure->target, target);
            ps_output_printf(out, "    %-29s %s\n", measure->id, measure->title);
            ps_output_printf(out, "    %-29s baseline %s, target %s, method %s\n", "",
                             baseline[0] != '\0' ? baseline : "none",
                             target[0] != '\0' ? target : "none", measure->method);
        }
    }
}

static ps_status list_frameworks(const ps_call *call, bool json, ps_error *err) {
    const char **names, *path;
    size_t n;
    PS_TRY(ps_framework_shipped(call->arena, &names, &n, err));
    ps_json array = ps_json_begin(call->out);
    if (json) ps_json_array(&array);
    for (size_t i = 0; i < n; i++) {
        ps_framework_file *file = NULL;
        PS_TRY(ps_framework_find(names[i], NULL, call->arena, &path, err));
        PS_TRY(ps_framework_open(path, &file, err));
        if (json) {
            framework_json(&array, file->framework);
        } else {
            if (i > 0) ps_output_text(call->out, "\n");
            print_framework(call->out, file->framework);
        }
        ps_framework_free(file);
    }
    if (json) ps_json_end_array(&array);
    return PS_OK;
}

static ps_status list_indicators(const ps_call *call, bool json, ps_error *err) {
    ps_output *out = call->out;
    (void)err;
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
        return PS_OK;
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
    return PS_OK;
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

static ps_status list_methods(const ps_call *call, bool json, ps_error *err) {
    ps_output *out = call->out;
    (void)err;
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        for (size_t i = 0; i < n; i++) method_json(&array, methods[i]);
        ps_json_end_array(&array);
        return PS_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0) ps_output_text(out, "\n");
        print_method(out, methods[i]);
    }
    return PS_OK;
}

static ps_status list_formats(const ps_call *call, bool json, ps_error *err) {
    ps_output *out = call->out;
    (void)err;
    ps_json array = ps_json_begin(out);
    if (json) {
        ps_json_array(&array);
        print_json(formats, PS_COUNT_OF(formats), &array);
        ps_json_end_array(&array);
        return PS_OK;
    }
    for (size_t i = 0; i < PS_COUNT_OF(formats); i++)
        ps_output_printf(out, "%-7s %-11s %s\n", formats[i].kind, formats[i].id,
                         formats[i].title);
    return PS_OK;
}

static ps_exit run(const ps_call *call, ps_error *err) {
    const list_request *request = call->request;
    static ps_status (*const printers[])(const ps_call *, bool, ps_error *) = {
        list_frameworks, list_indicators, list_methods, list_formats};
    ps_status status = PS_OK;
    for (size_t i = 0; subjects[i] != NULL; i++)
        if (strcmp(subjects[i], call->operands->item[0]) == 0)
            status = printers[i](call, request->json, err);
    return ps_exit_of(status);
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
