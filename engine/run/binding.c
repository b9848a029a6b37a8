#include "engine/run/binding.h"

#include <string.h>

#include "engine/run/form.h"
#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

enum { MOST_CANDIDATES = 64 };

/* What a caller sees, and what it is made of. */
typedef struct owner {
    ps_binding binding;
    ps_framework_file *file;
    ps_arena *arena;
} owner;

void ps_binding_free(ps_binding *binding) {
    if (binding == NULL) return;
    owner *own = (owner *)binding;
    ps_framework_free(own->file);
    ps_arena_free(own->arena);
    ps_free(own);
}

const ps_job_data_column *ps_binding_column(const ps_job_data *data, const char *id) {
    for (unsigned c = 0; c < data->columns_count; c++)
        if (strcmp(data->columns[c].id, id) == 0) return &data->columns[c];
    return NULL;
}

bool ps_binding_means(const ps_job_data_column *column, const char *value, ps_str text) {
    if (column->values_count == 0) return ps_str_is(text, value);
    for (unsigned v = 0; v < column->values_count; v++) {
        const ps_job_meaning *meaning = &column->values[v];
        if (strcmp(meaning->id, value) != 0) continue;
        for (unsigned k = 0; k < meaning->of_count; k++)
            if (ps_str_is(text, meaning->of[k])) return true;
    }
    return false;
}

bool ps_binding_passes(const ps_job_data_column *column,
                       const ps_framework_filter *filter, ps_str text) {
    for (unsigned v = 0; v < filter->is_count; v++)
        if (ps_binding_means(column, filter->is[v], text)) return true;
    if (filter->is_count > 0) return false;
    for (unsigned v = 0; v < filter->not_count; v++)
        if (ps_binding_means(column, filter->not [v], text)) return false;
    return true;
}

const ps_framework_column *ps_binding_by(const ps_binding *binding,
                                         const ps_framework_part *part) {
    const ps_framework *f = binding->framework;
    if (part == NULL || part->by == NULL) return NULL;
    const ps_framework_data *data =
        &f->data[PS_FRAMEWORK_PLACE(f->data, f->data_count, part->data)];
    return &data->columns[PS_FRAMEWORK_PLACE(data->columns, data->columns_count,
                                             part->by)];
}

/* ---- What the job says ---- */

static ps_status check_column(const ps_job_file *job, const ps_framework_data *kind,
                              unsigned i, unsigned c, ps_error *err) {
    const ps_job_data_column *bound = &job->job->data[i].columns[c];
    const char *candidates[MOST_CANDIDATES];
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    int at = PS_FRAMEWORK_PLACE(kind->columns, kind->columns_count, bound->id);
    size_t n = 0;
    PS_YAML_AT(path, "data[%u].columns[%u].id", i, c);
    if (at < 0) {
        for (; n < kind->columns_count && n < MOST_CANDIDATES; n++)
            candidates[n] = kind->columns[n].id;
        return PS_YAML_WRONG(
            job->yaml, err, path, "the framework's data '%s' have no column '%.40s'%s",
            kind->id, bound->id, ps_yaml_hint(hint, bound->id, candidates, n));
    }
    const ps_framework_column *column = &kind->columns[at];
    for (unsigned v = 0; v < bound->values_count; v++) {
        bool known = false;
        n = 0;
        for (unsigned k = 0; k < column->values_count; k++) {
            known |= strcmp(column->values[k], bound->values[v].id) == 0;
            if (n < MOST_CANDIDATES) candidates[n++] = column->values[k];
        }
        if (known) continue;
        PS_YAML_AT(path, "data[%u].columns[%u].values[%u].id", i, c, v);
        return PS_YAML_WRONG(job->yaml, err, path,
                             "the framework's column '%s' has no value '%.40s'%s",
                             column->id, bound->values[v].id,
                             ps_yaml_hint(hint, bound->values[v].id, candidates, n));
    }
    return PS_OK;
}

/* Which of a job's inputs data can be. */
typedef enum input_kind {
    INPUT_POINTS,
    INPUT_RECORDS,
    INPUT_TABLE,
    INPUT_POPULATION,
    INPUT_NONE
} input_kind;

static const char *const input_request[] = {
    [INPUT_POINTS] = "name points of the job",
    [INPUT_RECORDS] = "name records of the job",
    [INPUT_TABLE] = "name a table of the job",
    [INPUT_POPULATION] = "write population",
};

static input_kind input_for(ps_data_kind kind) {
    if (kind == PS_DATA_INCIDENTS) return INPUT_POINTS;
    if (kind == PS_DATA_POPULATION) return INPUT_POPULATION;
    if (kind == PS_DATA_AREA_TABLE) return INPUT_TABLE;
    return ps_data_kind_is_records(kind) ? INPUT_RECORDS : INPUT_NONE;
}

static input_kind input_of(const ps_job *job, const char *id) {
    if (strcmp(id, "population") == 0) return INPUT_POPULATION;
    for (unsigned r = 0; r < job->records_count; r++)
        if (strcmp(job->records[r].id, id) == 0) return INPUT_RECORDS;
    return INPUT_POINTS;
}

/* The columns of an area table are values of the job's. */
static ps_status check_table(const ps_job_file *job, const ps_framework_data *kind,
                             unsigned i, ps_error *err) {
    const ps_job *j = job->job;
    const ps_job_data *data = &j->data[i];
    const char *candidates[MOST_CANDIDATES];
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    const int t = PS_FRAMEWORK_PLACE(j->tables, j->tables_count, data->input);
    PS_YAML_AT(path, "data[%u].input", i);
    if (t < 0)
        return PS_YAML_WRONG(job->yaml, err, path,
                             "'%s' is of the kind %s: name a table of the job", kind->id,
                             ps_data_kind_text(kind->kind));
    const ps_job_table *table = &j->tables[t];
    for (unsigned c = 0; c < data->columns_count; c++) {
        PS_TRY(check_column(job, kind, i, c, err));
        if (PS_FRAMEWORK_PLACE(table->values, table->values_count,
                               data->columns[c].column) >= 0)
            continue;
        size_t n = 0;
        for (; n < table->values_count && n < MOST_CANDIDATES; n++)
            candidates[n] = table->values[n].id;
        PS_YAML_AT(path, "data[%u].columns[%u].column", i, c);
        return PS_YAML_WRONG(job->yaml, err, path,
                             "the table '%s' has no value with the id '%.40s'%s",
                             table->id, data->columns[c].column,
                             ps_yaml_hint(hint, data->columns[c].column, candidates, n));
    }
    return PS_OK;
}

static ps_status bind_data(ps_binding *b, unsigned i, ps_error *err) {
    const ps_framework *f = b->framework;
    const ps_job_data *data = &b->job->job->data[i];
    const char *candidates[MOST_CANDIDATES];
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, data->id);
    PS_YAML_AT(path, "data[%u].id", i);
    if (at < 0) {
        size_t n = 0;
        for (; n < f->data_count && n < MOST_CANDIDATES; n++)
            candidates[n] = f->data[n].id;
        int near = ps_nearest(ps_str_of(data->id), candidates, n);
        return PS_YAML_WRONG(b->job->yaml, err, path,
                             "the framework '%s' has no data '%.40s'%s", f->id, data->id,
                             near >= 0
                                 ? ps_yaml_hint(hint, data->id, candidates, n)
                                 : "; `placestat list frameworks` has its measures");
    }
    const ps_framework_data *kind = &f->data[at];
    const input_kind wanted = input_for(kind->kind);
    PS_YAML_AT(path, "data[%u].input", i);
    if (wanted == INPUT_TABLE) {
        PS_TRY(check_table(b->job, kind, i, err));
        b->data[at] = data;
        return PS_OK;
    }
    if (wanted == INPUT_NONE)
        return PS_YAML_WRONG(
            b->job->yaml, err, path,
            "'%s' is of the kind %s, which a job has no inputs for; leave "
            "it out, and its measures are listed as absent",
            kind->id, ps_data_kind_text(kind->kind));
    if (wanted != input_of(b->job->job, data->input))
        return PS_YAML_WRONG(b->job->yaml, err, path, "'%s' is of the kind %s: %s",
                             kind->id, ps_data_kind_text(kind->kind),
                             input_request[wanted]);
    for (unsigned c = 0; c < data->columns_count; c++)
        PS_TRY(check_column(b->job, kind, i, c, err));
    b->data[at] = data;
    return PS_OK;
}

/* ---- What the job is silent of ---- */

/* The first value of a filter that the job gives no texts for, or NULL. */
static const char *unmeant(const ps_job_data_column *column,
                           const ps_framework_filter *filter) {
    char *const *wanted = filter->is_count > 0 ? filter->is : filter->not ;
    const unsigned n = filter->is_count > 0 ? filter->is_count : filter->not_count;
    for (unsigned w = 0; column->values_count > 0 && w < n; w++) {
        bool meant = false;
        for (unsigned v = 0; v < column->values_count && !meant; v++)
            meant = strcmp(column->values[v].id, wanted[w]) == 0;
        if (!meant) return wanted[w];
    }
    return NULL;
}

/* Why a part cannot be had, *reason NULL when it can. */
static ps_status find_absence(owner *own, const ps_framework_part *part,
                              const char **reason, ps_error *err) {
    const ps_framework *f = own->binding.framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, part->data);
    const ps_job_data *data = own->binding.data[at];
    *reason = NULL;
    if (data == NULL) {
        *reason = ps_arena_printf(own->arena, "no input of the job is '%s' (%s)",
                                  part->data, f->data[at].title);
        return *reason != NULL ? PS_OK : ps_fail_nomem(err);
    }
    if (f->data[at].kind == PS_DATA_POPULATION) return PS_OK;
    for (unsigned w = 0; w < part->where_count; w++) {
        const ps_framework_filter *filter = &part->where[w];
        const ps_job_data_column *column = ps_binding_column(data, filter->column);
        const char *value = column != NULL ? unmeant(column, filter) : NULL;
        if (column == NULL)
            *reason = ps_arena_printf(own->arena,
                                      "the job does not say which column of '%s' is '%s'",
                                      data->input, filter->column);
        else if (value != NULL)
            *reason = ps_arena_printf(
                own->arena,
                "the job does not say which texts of the column '%s' mean '%s'",
                column->column, value);
        else
            continue;
        return *reason != NULL ? PS_OK : ps_fail_nomem(err);
    }
    return PS_OK;
}

static ps_status find_measure_absence(owner *own, unsigned m, ps_error *err) {
    const ps_framework_measure *measure = &own->binding.framework->measures[m];
    const char **reason = &own->binding.absent[m];
    const ps_form *form = ps_form_of(measure);
    *reason = NULL;
    if (measure->numerator != NULL)
        PS_TRY(find_absence(own, measure->numerator, reason, err));
    if (*reason == NULL && measure->denominator != NULL)
        PS_TRY(find_absence(own, measure->denominator, reason, err));
    if (*reason != NULL) return PS_OK;
    if (form != NULL)
        return form->absence(&own->binding, measure, own->arena, reason, err);
    *reason = ps_arena_printf(own->arena, "a job does not carry out the method %s",
                              measure->method);
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status bind(owner *own, ps_error *err) {
    ps_binding *b = &own->binding;
    const ps_job *job = b->job->job;
    ps_error why = {PS_OK, ""};
    ps_status status =
        ps_framework_find(job->framework, b->job->folder, own->arena, &b->path, &why);
    if (status != PS_OK)
        return ps_yaml_fail(b->job->yaml, err, status, "framework", "%s", why.text);
    status = ps_framework_open(b->path, &own->file, &why);
    if (status == PS_INPUT)
        return ps_yaml_fail(b->job->yaml, err, status, "framework", "%s", why.text);
    if (status != PS_OK) {
        if (err != NULL) *err = why;
        return status;
    }
    b->framework = own->file->framework;
    const size_t n_data = b->framework->data_count * sizeof *b->data,
                 n_measures = b->framework->measures_count * sizeof *b->absent;
    b->data = ps_arena_alloc(own->arena, n_data);
    b->absent = ps_arena_alloc(own->arena, n_measures);
    if (b->data == NULL || b->absent == NULL) return ps_fail_nomem(err);
    memset((void *)b->data, 0, n_data);
    for (unsigned i = 0; i < job->data_count; i++) PS_TRY(bind_data(b, i, err));
    for (unsigned m = 0; m < b->framework->measures_count; m++)
        PS_TRY(find_measure_absence(own, m, err));
    return PS_OK;
}

ps_status ps_binding_open(const ps_job_file *job, ps_binding **out, ps_error *err) {
    *out = NULL;
    owner *own = ps_zalloc(1, sizeof *own);
    if (own == NULL) return ps_fail_nomem(err);
    own->binding.job = job;
    ps_status status = ps_arena_create(&own->arena, err);
    if (status == PS_OK) status = bind(own, err);
    if (status == PS_OK)
        *out = &own->binding;
    else
        ps_binding_free(&own->binding);
    return status;
}
