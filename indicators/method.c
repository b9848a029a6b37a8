/* The list of methods, the checks before a method runs, and the cells it reads and
 * writes.
 *
 * A call holds the place of each input column, the text and number of each parameter, and
 * the one output row under construction, whose texts live in an arena that is emptied
 * after each row. */
#include "indicators/method.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/csv.h"

/* By id. A new method needs its line here and nothing else. */
// clang-format off
#define METHODS(X) \
    X(adjusted_rand) \
    X(best_fit) \
    X(cochran_armitage) \
    X(composite) \
    X(composite_coherence) \
    X(composite_sensitivity) \
    X(concentration) \
    X(control_chart) \
    X(correlation) \
    X(count_ci) \
    X(crude_rate) \
    X(css) \
    X(deff) \
    X(disclose) \
    X(dsr) \
    X(eb) \
    X(false_discovery) \
    X(funnel) \
    X(funnel_curve) \
    X(gi_star) \
    X(hot_persistence) \
    X(hotspot_deprivation) \
    X(icf) \
    X(imd_build) \
    X(imd_change) \
    X(imd_local) \
    X(imd_summary) \
    X(interpolate) \
    X(isr) \
    X(kde) \
    X(kmeans) \
    X(kmeans_centroids) \
    X(kmeans_choice) \
    X(local_moran) \
    X(lorenz) \
    X(lq) \
    X(lsoa_change) \
    X(mann_kendall) \
    X(mann_whitney) \
    X(mean) \
    X(median) \
    X(moran) \
    X(place_shift) \
    X(place_standard) \
    X(poisson_change) \
    X(projection) \
    X(prop_change) \
    X(proportion) \
    X(quantile) \
    X(rag) \
    X(repeat) \
    X(rolling) \
    X(round) \
    X(sii) \
    X(svy_diff) \
    X(svy_mean) \
    X(svy_share) \
    X(target) \
    X(transition) \
    X(trend) \
    X(trend_months) \
    X(triple) \
    X(type_change) \
    X(wilcoxon)
// clang-format on

#define DECLARE(name) extern const ps_method ps_method_##name;
#define POINT(name) &ps_method_##name,
METHODS(DECLARE)
#define NUMBER(name) METHOD_##name,
enum { METHODS(NUMBER) N_METHODS };
static const ps_method *const methods[N_METHODS] = {METHODS(POINT)};

size_t ps_methods(const ps_method *const **out) {
    *out = methods;
    return N_METHODS;
}

const ps_method *ps_method_find(const char *id) {
    for (size_t i = 0; i < N_METHODS; i++) {
        if (strcmp(methods[i]->id, id) == 0) return methods[i];
    }
    return NULL;
}

/* The row that is being filled. */
typedef struct output_row {
    ps_table *table;
    ps_arena *arena;
    ps_str *cell;
    size_t n;
    bool no_memory;
    ps_table *derived; /* the working, cell by cell; NULL: not asked for */
    ps_output **steps; /* of the row; NULL: none yet */
} output_row;

struct ps_method_call {
    const ps_method *method;
    const ps_table *table;
    const ps_talk *talk;
    int *column;       /* per input; -1 when absent */
    const char **text; /* per parameter */
    double *number;    /* per parameter; (double)NAN for an empty one */
    output_row *out;
};

/* ---- checks ---- */

static ps_status find_columns(const ps_method_call *call, ps_error *err) {
    const ps_method *method = call->method;
    size_t n = ps_table_columns(call->table);
    ps_str *names = ps_alloc(n, sizeof *names);
    if (names == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) names[i] = ps_table_column_name(call->table, i);
    ps_status status = PS_OK;
    for (size_t i = 0; i < method->n_input && status == PS_OK; i++) {
        const ps_method_column *input = &method->input[i];
        ps_str name = ps_str_of(input->name);
        int at = ps_names_find(names, n, name);
        if (at == -2 || (at < 0 && input->required)) {
            status = ps_names_need(names, n, name, ps_table_name(call->table), &at, err);
            ps_fail_prefix(err, "%s needs the column %s: ", method->id, input->name);
        }
        call->column[i] = at < 0 ? -1 : at;
    }
    ps_free(names);
    return status;
}

static bool is_choice(const char *choices, const char *value) {
    size_t n = strlen(value);
    for (const char *c = choices;; c++) {
        size_t width = strcspn(c, "|");
        if (width == n && memcmp(c, value, n) == 0) return true;
        c += width;
        if (*c == '\0') return false;
    }
}

static ps_status take_value(const ps_method *method, const ps_method_param *param,
                            const char *value, double *number, ps_error *err) {
    *number = (double)NAN;
    if (param->choices != NULL && !is_choice(param->choices, value))
        return ps_fail(err, PS_CONFIG, "%s: %s is '%.60s', but has to be one of %s",
                       method->id, param->name, value, param->choices);
    if (param->kind == PS_COLUMN_TEXT) return PS_OK;
    ps_str text = ps_str_trim(ps_str_of(value));
    int64_t whole;
    bool right = ps_parse_double(text, number);
    if (param->kind == PS_COLUMN_INTEGER) right = right && ps_parse_int(text, &whole);
    if (!right)
        return ps_fail(err, PS_CONFIG, "%s: %s is '%.60s', which is not a %snumber",
                       method->id, param->name, value,
                       param->kind == PS_COLUMN_INTEGER ? "whole " : "");
    if (param->least <= param->most &&
        !(*number >= param->least && *number <= param->most)) {
        char least[32], most[32];
        ps_format_double(param->least, least);
        ps_format_double(param->most, most);
        return ps_fail(err, PS_CONFIG, "%s: %s is %.60s, but has to be in %s to %s",
                       method->id, param->name, value, least, most);
    }
    return PS_OK;
}

static ps_status unknown_param(const ps_method *method, const char *name, ps_error *err) {
    const char *names[64];
    size_t n = method->n_param < 64 ? method->n_param : 64;
    for (size_t i = 0; i < n; i++) names[i] = method->param[i].name;
    int near = ps_nearest(ps_str_of(name), names, n);
    if (near >= 0)
        return ps_fail(err, PS_CONFIG, "%s has no parameter '%.60s'; did you mean '%s'?",
                       method->id, name, names[near]);
    char known[512];
    size_t at = 0;
    known[0] = '\0';
    for (size_t i = 0; i < n && at < sizeof known; i++) {
        int wrote =
            snprintf(known + at, sizeof known - at, "%s%s", i > 0 ? ", " : "", names[i]);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return ps_fail(err, PS_CONFIG, "%s has no parameter '%.60s'; it has %s", method->id,
                   name, n > 0 ? known : "none");
}

static ps_status take_params(const ps_method_call *call,
                             const ps_method_argument *arguments, size_t n,
                             ps_error *err) {
    const ps_method *method = call->method;
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < method->n_param &&
               strcmp(method->param[at].name, arguments[i].name) != 0)
            at++;
        if (at == method->n_param) return unknown_param(method, arguments[i].name, err);
        if (call->text[at] != NULL)
            return ps_fail(err, PS_CONFIG, "%s: %s is given twice", method->id,
                           arguments[i].name);
        call->text[at] = arguments[i].value;
        PS_TRY(take_value(method, &method->param[at], arguments[i].value,
                          &call->number[at], err));
    }
    for (size_t i = 0; i < method->n_param; i++) {
        const ps_method_param *param = &method->param[i];
        if (call->text[i] != NULL) continue;
        if (param->fallback == NULL)
            return ps_fail(err, PS_CONFIG,
                           "%s needs the parameter %s: %s; give -p %s=...", method->id,
                           param->name, param->meaning, param->name);
        call->text[i] = param->fallback;
        call->number[i] = (double)NAN;
        if (param->fallback[0] != '\0')
            PS_TRY(take_value(method, param, param->fallback, &call->number[i], err));
    }
    return PS_OK;
}

/* ---- running ---- */

static ps_status make_result(const ps_method *method, const char *name, output_row *out,
                             ps_error *err) {
    out->n = method->n_output;
    out->cell = ps_zalloc(out->n, sizeof *out->cell);
    if (out->cell == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_arena_create(&out->arena, err));
    for (size_t i = 0; i < out->n; i++) out->cell[i] = ps_str_of(method->output[i].name);
    ps_status status = ps_table_create(name, out->cell, out->n, &out->table, err);
    memset(out->cell, 0, out->n * sizeof *out->cell);
    return status;
}

static ps_status check_and_run(ps_method_call *call, const ps_method_argument *arguments,
                               size_t n_arguments, ps_error *err) {
    const ps_method *method = call->method;
    call->column = ps_alloc(method->n_input, sizeof *call->column);
    call->text = ps_zalloc(method->n_param, sizeof *call->text);
    call->number = ps_zalloc(method->n_param, sizeof *call->number);
    if (call->column == NULL || call->text == NULL || call->number == NULL)
        return ps_fail_nomem(err);
    PS_TRY(take_params(call, arguments, n_arguments, err));
    PS_TRY(find_columns(call, err));
    PS_TRY(make_result(method, method->id, call->out, err));
    return method->run(call, err);
}

static ps_status start_steps(const ps_method *method, output_row *out, ps_error *err) {
    ps_str *names = ps_alloc(method->n_output, sizeof *names);
    out->steps = ps_zalloc(method->n_output, sizeof(ps_output *));
    ps_status status = names != NULL && out->steps != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; status == PS_OK && i < method->n_output; i++)
        names[i] = ps_str_of(method->output[i].name);
    if (status == PS_OK)
        status = ps_table_create(method->id, names, method->n_output, &out->derived, err);
    ps_free(names);
    return status;
}

static ps_status run_method(const ps_method *method, const ps_table *input,
                            const ps_method_argument *arguments, size_t n_arguments,
                            const ps_talk *talk, output_row *out, ps_error *err) {
    ps_method_call call = {.method = method, .table = input, .talk = talk, .out = out};
    const ps_status status = check_and_run(&call, arguments, n_arguments, err);
    ps_free(call.column);
    ps_free(call.text);
    ps_free(call.number);
    ps_free(out->cell);
    ps_arena_free(out->arena);
    for (size_t i = 0; out->steps != NULL && i < method->n_output; i++)
        ps_output_abandon(out->steps[i]);
    ps_free(out->steps);
    if (status == PS_OK) return PS_OK;
    ps_table_free(out->table);
    ps_table_free(out->derived);
    return status;
}

ps_status ps_method_run(const ps_method *method, const ps_table *input,
                        const ps_method_argument *arguments, size_t n_arguments,
                        const ps_talk *talk, ps_table **result, ps_error *err) {
    output_row out = {0};
    *result = NULL;
    PS_TRY(run_method(method, input, arguments, n_arguments, talk, &out, err));
    *result = out.table;
    return PS_OK;
}

ps_status ps_method_derive(const ps_method *method, const ps_table *input,
                           const ps_method_argument *arguments, size_t n_arguments,
                           ps_table **result, ps_table **steps, ps_error *err) {
    output_row out = {0};
    *result = *steps = NULL;
    const ps_status status = start_steps(method, &out, err);
    if (status != PS_OK) {
        ps_free(out.steps);
        return status;
    }
    PS_TRY(run_method(method, input, arguments, n_arguments, NULL, &out, err));
    *result = out.table;
    *steps = out.derived;
    return PS_OK;
}

/* ---- what a call knows ---- */

const ps_table *ps_call_table(const ps_method_call *call) {
    return call->table;
}

size_t ps_call_rows(const ps_method_call *call) {
    return ps_table_rows(call->table);
}

const ps_talk *ps_call_talk(const ps_method_call *call) {
    return call->talk;
}

bool ps_call_has(const ps_method_call *call, size_t input) {
    return call->column[input] >= 0;
}

const char *ps_call_input_name(const ps_method_call *call, size_t input) {
    return call->method->input[input].name;
}

ps_str ps_call_text(const ps_method_call *call, size_t row, size_t input) {
    if (call->column[input] < 0) return (ps_str){"", 0};
    return ps_str_trim(ps_table_cell(call->table, row, (size_t)call->column[input]));
}

ps_status ps_call_refuse(const ps_method_call *call, size_t row, ps_error *err,
                         const char *format, ...) {
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return ps_fail(err, PS_FORMAT, "%s: row %s: %s", ps_table_name(call->table),
                   ps_call_row_text(call, row).text, what);
}

void ps_call_tell_rejected(const ps_method_call *call, size_t n, size_t first,
                           size_t input, const char *expected) {
    if (n == 0) return;
    const ps_str text = ps_call_text(call, first, input);
    ps_say(ps_call_talk(call), PS_TALK_WARNING,
           "%s: %zu row%s left out, as %s: the %s '%.*s' in row %s",
           ps_table_name(call->table), n, n == 1 ? " is" : "s are", expected,
           call->method->input[input].name, (int)(text.n < 60 ? text.n : 60), text.p,
           ps_call_row_text(call, first).text);
}

static ps_status not_whole(const ps_method_call *call, size_t row, size_t input,
                           ps_error *err) {
    ps_str text = ps_call_text(call, row, input);
    return ps_call_refuse(call, row, err, "%s is %.*s, but has to be a whole number",
                          call->method->input[input].name, text.n < 60 ? (int)text.n : 60,
                          text.p);
}

ps_status ps_call_number(const ps_method_call *call, size_t row, size_t input,
                         double *value, bool *missing, ps_error *err) {
    *value = 0;
    *missing = true;
    if (call->column[input] < 0) return PS_OK;
    PS_TRY(ps_table_number(call->table, row, (size_t)call->column[input], value, missing,
                           err));
    if (call->method->input[input].kind == PS_COLUMN_INTEGER && !*missing &&
        !(*value == floor(*value) && fabs(*value) <= 9007199254740992.0))
        return not_whole(call, row, input, err);
    return PS_OK;
}

ps_status ps_call_amount(const ps_method_call *call, size_t row, size_t input,
                         double *value, ps_error *err) {
    bool missing = false;
    PS_TRY(ps_call_number(call, row, input, value, &missing, err));
    if (missing) *value = (double)NAN;
    if (!(*value < 0)) return PS_OK;
    char text[32];
    ps_format_double(*value, text);
    return ps_call_refuse(call, row, err, "%s is %s, but has to be 0 or more",
                          call->method->input[input].name, text);
}

ps_status ps_call_numbers(const ps_method_call *call, size_t input, double **values,
                          ps_error *err) {
    size_t n = ps_call_rows(call);
    *values = NULL;
    double *all = ps_alloc(n, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        bool missing;
        ps_status status = ps_call_number(call, i, input, &all[i], &missing, err);
        if (status != PS_OK) {
            ps_free(all);
            return status;
        }
        if (missing) all[i] = (double)NAN;
    }
    *values = all;
    return PS_OK;
}

const char *ps_call_param_text(const ps_method_call *call, size_t param) {
    return call->text[param];
}

double ps_call_param_number(const ps_method_call *call, size_t param) {
    return call->number[param];
}

bool ps_call_param_is(const ps_method_call *call, size_t param, const char *choice) {
    return strcmp(call->text[param], choice) == 0;
}

size_t ps_call_param_choice(const ps_method_call *call, size_t param) {
    const char *text = call->text[param], *at = call->method->param[param].choices;
    for (size_t choice = 0;; choice++) {
        size_t width = strcspn(at, "|");
        if (strlen(text) == width && strncmp(at, text, width) == 0) return choice;
        at += width + 1; /* the text is one of them, which was checked */
    }
}

ps_row_text ps_call_row_text(const ps_method_call *call, size_t row) {
    return ps_table_row_text(call->table, row);
}

/* ---- groups ---- */

typedef struct keyed {
    ps_str text;
    size_t row;
} keyed;

static int by_text_then_row(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    int order = ps_str_cmp(x->text, y->text);
    if (order != 0) return order;
    return x->row < y->row ? -1 : x->row > y->row;
}

ps_status ps_call_groups(const ps_method_call *call, size_t input, size_t **order,
                         size_t **offset, size_t *n_groups, ps_error *err) {
    size_t n = ps_call_rows(call), groups = 0;
    *order = *offset = NULL;
    *n_groups = 0;
    keyed *rows = ps_alloc(n, sizeof *rows);
    size_t *to = ps_alloc(n, sizeof *to), *starts = ps_alloc(n + 1, sizeof *starts);
    if (rows == NULL || to == NULL || starts == NULL) {
        ps_free(rows);
        ps_free(to);
        ps_free(starts);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++) rows[i] = (keyed){ps_call_text(call, i, input), i};
    if (n > 1) qsort(rows, n, sizeof *rows, by_text_then_row);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !ps_str_eq(rows[i].text, rows[i - 1].text)) starts[groups++] = i;
        to[i] = rows[i].row;
    }
    starts[groups] = n;
    ps_free(rows);
    *order = to;
    *offset = starts;
    *n_groups = groups;
    return PS_OK;
}

/* The numbers of the inputs by group: column k of row order[i] at all[k * n + i]. */
static ps_status gather(const ps_method_call *call, const size_t *order,
                        const size_t *inputs, size_t n_inputs, double **all,
                        ps_error *err) {
    size_t n = ps_call_rows(call);
    double *numbers = ps_alloc(n, (n_inputs > 0 ? n_inputs : 1) * sizeof *numbers);
    ps_status status = numbers != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t k = 0; k < n_inputs && status == PS_OK; k++) {
        double *column = NULL;
        status = ps_call_numbers(call, inputs[k], &column, err);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            numbers[k * n + i] = column[order[i]];
        ps_free(column);
    }
    if (status != PS_OK) {
        ps_free(numbers);
        numbers = NULL;
    }
    *all = numbers;
    return status;
}

ps_status ps_call_each_group(const ps_method_call *call, size_t by, const size_t *inputs,
                             size_t n_inputs, ps_group_fn *fn, void *context,
                             ps_error *err) {
    size_t *order = NULL, *offset = NULL, groups = 0, n = ps_call_rows(call);
    double *all = NULL;
    assert(n_inputs <= PS_GROUP_COLUMNS);
    PS_TRY(ps_call_groups(call, by, &order, &offset, &groups, err));
    ps_status status = gather(call, order, inputs, n_inputs, &all, err);
    for (size_t g = 0; g < groups && status == PS_OK; g++) {
        size_t first = offset[g];
        ps_call_group group = {.name = ps_call_text(call, order[first], by),
                               .at = g,
                               .n = offset[g + 1] - first,
                               .row = order + first};
        for (size_t k = 0; k < n_inputs; k++)
            if (ps_call_has(call, inputs[k])) group.column[k] = all + k * n + first;
        status = fn(call, &group, context, err);
    }
    ps_free(all);
    ps_free(offset);
    ps_free(order);
    return status;
}

/* ---- output ---- */

void ps_call_put_text(const ps_method_call *call, size_t output, ps_str text) {
    output_row *out = call->out;
    const char *copy = ps_arena_strndup(out->arena, text.n > 0 ? text.p : "", text.n);
    if (copy == NULL)
        out->no_memory = true;
    else
        out->cell[output] = (ps_str){copy, text.n};
}

void ps_call_put_number(const ps_method_call *call, size_t output, ps_value_status status,
                        double value) {
    char text[32];
    if (status != PS_VALUE_OK || !isfinite(value)) return;
    ps_format_double(value, text);
    ps_call_put_text(call, output, ps_str_of(text));
}

void ps_call_put_word(const ps_method_call *call, size_t output, const char *word) {
    ps_call_put_text(call, output, ps_str_of(word));
}

void ps_call_put_known(const ps_method_call *call, size_t output, double value) {
    ps_call_put_number(call, output, isnan(value) ? PS_VALUE_MISSING : PS_VALUE_OK,
                       value);
}

void ps_call_put_value(const ps_method_call *call, size_t output, ps_value value) {
    ps_call_put_number(call, output, value.status, value.value);
}

void ps_call_put_values(const ps_method_call *call, size_t output, const ps_value *values,
                        size_t n) {
    for (size_t i = 0; i < n; i++) ps_call_put_value(call, output + i, values[i]);
}

void ps_call_put_settled(const ps_method_call *call, size_t output, ps_value value) {
    char text[32];
    if (!ps_value_ok(value) || !isfinite(value.value)) return;
    snprintf(text, sizeof text, "%.11e", value.value);
    if (ps_parse_double(ps_str_of(text), &value.value))
        ps_call_put_value(call, output, value);
}

void ps_call_put_int(const ps_method_call *call, size_t output, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    ps_call_put_text(call, output, ps_str_of(text));
}

void ps_call_put_status(const ps_method_call *call, size_t output,
                        ps_value_status status) {
    ps_call_put_text(call, output, ps_str_of(ps_value_status_text(status)));
}

void ps_call_put_estimate(const ps_method_call *call, size_t output,
                          const ps_estimate *estimate) {
    ps_call_put_number(call, output, estimate->status, estimate->value);
    ps_call_put_number(call, output + 1, estimate->limits_status, estimate->lower);
    ps_call_put_number(call, output + 2, estimate->limits_status, estimate->upper);
}

ps_output *ps_call_steps(const ps_method_call *call, size_t output) {
    output_row *out = call->out;
    if (out->derived == NULL) return NULL;
    if (out->steps[output] == NULL && ps_output_keep(&out->steps[output], NULL) != PS_OK)
        out->no_memory = true;
    return out->steps[output];
}

ps_estimate_steps ps_call_estimate_steps(const ps_method_call *call, size_t output) {
    return (ps_estimate_steps){ps_call_steps(call, output),
                               ps_call_steps(call, output + 1),
                               ps_call_steps(call, output + 2)};
}

/* The working of the row takes the place of its cells; none that is empty has one. */
static ps_status end_steps(output_row *out, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < out->n; i++) {
        ps_output *steps = out->steps[i];
        if (status == PS_OK && steps != NULL) status = ps_output_status(steps, err);
        out->cell[i] =
            steps != NULL && out->cell[i].n > 0 ? ps_output_kept(steps) : (ps_str){"", 0};
    }
    if (status == PS_OK)
        status = ps_table_add_row(out->derived, out->cell,
                                  (int64_t)ps_table_rows(out->derived) + 1, err);
    for (size_t i = 0; i < out->n; i++)
        if (out->steps[i] != NULL) ps_output_forget(out->steps[i]);
    return status;
}

ps_status ps_call_end_row(const ps_method_call *call, ps_error *err) {
    output_row *out = call->out;
    if (out->no_memory) return ps_fail_nomem(err);
    ps_status status = ps_table_add_row(out->table, out->cell,
                                        (int64_t)ps_table_rows(out->table) + 1, err);
    if (status == PS_OK && out->derived != NULL) status = end_steps(out, err);
    memset(out->cell, 0, out->n * sizeof *out->cell);
    ps_arena_reset(out->arena);
    return status;
}
