#include "engine/run/binding.h"

#include <string.h>

#include "engine/run/form.h"
#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

enum { MOST_CANDIDATES = 64 };

/* What a caller sees, and what it is made of. */
typedef struct owner {
    ps_bindings bindings;
    ps_framework_file **file;
    ps_bindings
        known; /* those of the job and the shipped ones; empty before it is asked */
    ps_framework_file **shipped;
    size_t n_shipped;
    ps_arena *arena;
} owner;

void ps_bindings_free(ps_bindings *bindings) {
    if (bindings == NULL) return;
    owner *own = (owner *)bindings;
    for (size_t i = 0; own->file != NULL && i < bindings->n; i++)
        ps_framework_free(own->file[i]);
    for (size_t i = 0; i < own->n_shipped; i++) ps_framework_free(own->shipped[i]);
    ps_free(own->file);
    ps_arena_free(own->arena);
    ps_free(own);
}

const ps_job_data_column *ps_binding_column(const ps_job_data *data, const char *id) {
    for (unsigned c = 0; c < data->columns_count; c++)
        if (strcmp(data->columns[c].id, id) == 0) return &data->columns[c];
    return NULL;
}

const ps_job_meaning *ps_binding_meaning(const ps_job_data_column *column,
                                         const char *value) {
    for (unsigned v = 0; v < column->values_count; v++)
        if (strcmp(column->values[v].id, value) == 0) return &column->values[v];
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

const ps_job_data_column *ps_binding_role(const ps_framework_data *kind,
                                          const ps_job_data *data, ps_column_role role) {
    const ps_framework_column *column = ps_framework_role(kind, role);
    return column != NULL ? ps_binding_column(data, column->id) : NULL;
}

/* ---- What the job says ---- */

/* Candidates for a name that nobody has. */
typedef struct known_names {
    const char *name[MOST_CANDIDATES];
    size_t n;
} known_names;

static void add_name(known_names *all, const char *name) {
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->name[i], name) == 0) return;
    if (all->n < MOST_CANDIDATES) all->name[all->n++] = name;
}

/* The frameworks' data with this id in turn; NULL at the end. */
static const ps_framework_data *next_kind(const ps_bindings *all, const char *id,
                                          size_t *at) {
    while (*at < all->n) {
        const ps_framework *f = all->binding[(*at)++].framework;
        const int place = PS_FRAMEWORK_PLACE(f->data, f->data_count, id);
        if (place >= 0) return &f->data[place];
    }
    return NULL;
}

/* Does a framework know a value of the column? */
static ps_status check_value(const ps_bindings *all, unsigned i, unsigned c, unsigned v,
                             ps_error *err) {
    const ps_job_data *data = &all->job->job->data[i];
    const char *column = data->columns[c].id, *value = data->columns[c].values[v].id;
    const ps_framework_data *kind;
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    known_names known = {.n = 0};
    for (size_t at = 0; (kind = next_kind(all, data->id, &at)) != NULL;) {
        const int place = PS_FRAMEWORK_PLACE(kind->columns, kind->columns_count, column);
        for (unsigned k = 0; place >= 0 && k < kind->columns[place].values_count; k++) {
            if (strcmp(kind->columns[place].values[k], value) == 0) return PS_OK;
            add_name(&known, kind->columns[place].values[k]);
        }
    }
    PS_YAML_AT(path, "data[%u].columns[%u].values[%u].id", i, c, v);
    return PS_YAML_WRONG(all->job->yaml, err, path,
                         "the framework's column '%s' has no value '%.40s'%s", column,
                         value, ps_yaml_hint(hint, value, known.name, known.n));
}

static ps_status check_column(const ps_bindings *all, unsigned i, unsigned c,
                              ps_error *err) {
    const ps_job_data *data = &all->job->job->data[i];
    const ps_job_data_column *bound = &data->columns[c];
    const ps_framework_data *kind;
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    known_names known = {.n = 0};
    bool found = false;
    for (size_t at = 0; (kind = next_kind(all, data->id, &at)) != NULL;)
        for (unsigned k = 0; k < kind->columns_count; k++) {
            found |= strcmp(kind->columns[k].id, bound->id) == 0;
            add_name(&known, kind->columns[k].id);
        }
    PS_YAML_AT(path, "data[%u].columns[%u].id", i, c);
    if (!found)
        return PS_YAML_WRONG(all->job->yaml, err, path,
                             "the framework's data '%s' have no column '%.40s'%s",
                             data->id, bound->id,
                             ps_yaml_hint(hint, bound->id, known.name, known.n));
    for (unsigned v = 0; v < bound->values_count; v++)
        PS_TRY(check_value(all, i, c, v, err));
    return PS_OK;
}

/* Which of a job's inputs data can be. */
typedef enum input_kind {
    INPUT_POINTS,
    INPUT_RECORDS,
    INPUT_TABLE,
    INPUT_POPULATION
} input_kind;

static const char *const input_request[] = {
    [INPUT_POINTS] = "name points of the job",
    [INPUT_RECORDS] = "name records of the job",
    [INPUT_TABLE] = "name a table of the job",
    [INPUT_POPULATION] = "name a population of the job",
};

static input_kind input_for(ps_data_kind kind) {
    if (kind == PS_DATA_INCIDENTS) return INPUT_POINTS;
    if (kind == PS_DATA_POPULATION) return INPUT_POPULATION;
    if (kind == PS_DATA_AREA_TABLE) return INPUT_TABLE;
    return INPUT_RECORDS;
}

static input_kind input_of(const ps_job *job, const char *id) {
    if (ps_job_population_find(job, id) != NULL) return INPUT_POPULATION;
    for (unsigned r = 0; r < job->records_count; r++)
        if (strcmp(job->records[r].id, id) == 0) return INPUT_RECORDS;
    if (PS_FRAMEWORK_PLACE(job->tables, job->tables_count, id) >= 0) return INPUT_TABLE;
    return INPUT_POINTS;
}

/* The columns of an area table are values of the job's. */
static ps_status check_values(const ps_job_file *job, unsigned i, ps_error *err) {
    const ps_job *j = job->job;
    const ps_job_data *data = &j->data[i];
    const char *candidates[MOST_CANDIDATES];
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    const int t = PS_FRAMEWORK_PLACE(j->tables, j->tables_count, data->input);
    const ps_job_table *table = &j->tables[t];
    for (unsigned c = 0; c < data->columns_count; c++) {
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

/* Is the input of these data what their kind asks for? */
static ps_status check_kind(const ps_job_file *job, const ps_framework_data *kind,
                            unsigned i, ps_error *err) {
    const input_kind wanted = input_for(kind->kind);
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "data[%u].input", i);
    if (wanted == input_of(job->job, job->job->data[i].input)) return PS_OK;
    return PS_YAML_WRONG(job->yaml, err, path, "'%s' is of the kind %s: %s", kind->id,
                         ps_data_kind_text(kind->kind), input_request[wanted]);
}

static ps_status unknown_data(const ps_bindings *all, unsigned i, ps_error *err) {
    const char *id = all->job->job->data[i].id;
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    known_names known = {.n = 0};
    for (size_t b = 0; b < all->n; b++) {
        const ps_framework *f = all->binding[b].framework;
        for (unsigned k = 0; k < f->data_count; k++) add_name(&known, f->data[k].id);
    }
    PS_YAML_AT(path, "data[%u].id", i);
    const int near = ps_nearest(ps_str_of(id), known.name, known.n);
    return PS_YAML_WRONG(
        all->job->yaml, err, path, "the framework%s '%s' has no data '%.40s'%s",
        all->n > 1 ? "s, such as" : "", all->binding[0].framework->id, id,
        near >= 0 ? ps_yaml_hint(hint, id, known.name, known.n)
                  : "; `placestat list frameworks` has its measures");
}

static ps_status check_names(const ps_bindings *known, unsigned i, ps_error *err) {
    const ps_job_data *data = &known->job->job->data[i];
    size_t at = 0;
    if (next_kind(known, data->id, &at) == NULL) return unknown_data(known, i, err);
    for (unsigned c = 0; c < data->columns_count; c++)
        PS_TRY(check_column(known, i, c, err));
    return PS_OK;
}

/* The shipped frameworks beside those of the job. */
static ps_status open_shipped(owner *own, ps_error *err) {
    const ps_bindings *all = &own->bindings;
    const char **name;
    size_t n;
    if (own->known.n > 0) return PS_OK;
    PS_TRY(ps_framework_shipped(own->arena, &name, &n, err));
    own->shipped = ps_arena_alloc(own->arena, n * sizeof *own->shipped);
    own->known.binding =
        ps_arena_alloc(own->arena, (all->n + n) * sizeof *own->known.binding);
    if (own->shipped == NULL || own->known.binding == NULL) return ps_fail_nomem(err);
    memcpy(own->known.binding, all->binding, all->n * sizeof *all->binding);
    for (size_t k = 0; k < n; k++) {
        const char *path;
        PS_TRY(ps_framework_find(name[k], "", own->arena, &path, err));
        PS_TRY(ps_framework_open(path, &own->shipped[k], err));
        own->n_shipped++;
        own->known.binding[all->n + k] =
            (ps_binding){.framework = own->shipped[k]->framework, .path = path};
    }
    own->known.job = all->job;
    own->known.n = all->n + n;
    return PS_OK;
}

/* A job that leaves one of the shipped plans out may go on to say what its data are. */
static ps_status check_known(owner *own, unsigned i, ps_error *err) {
    ps_error wrong = {PS_OK, ""}, still;
    const ps_status status = check_names(&own->bindings, i, &wrong);
    if (status == PS_OK) return PS_OK;
    if (status == PS_CONFIG) {
        PS_TRY(open_shipped(own, err));
        if (check_names(&own->known, i, &still) == PS_OK) return PS_OK;
    }
    if (err != NULL) *err = wrong;
    return status;
}

static ps_status bind_data(owner *own, unsigned i, ps_error *err) {
    const ps_bindings *all = &own->bindings;
    const ps_job_data *data = &all->job->job->data[i];
    for (size_t k = 0; k < all->n; k++) {
        const ps_binding *b = &all->binding[k];
        const ps_framework *f = b->framework;
        const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, data->id);
        if (at < 0) continue;
        PS_TRY(check_kind(all->job, &f->data[at], i, err));
        b->data[at] = data;
    }
    PS_TRY(check_known(own, i, err));
    return input_of(all->job->job, data->input) == INPUT_TABLE
               ? check_values(all->job, i, err)
               : PS_OK;
}

/* What is wrong with any of them in one refusal: a job that turns to another framework
 * has to change most of its data. */
static ps_status bind_all_data(owner *own, ps_error *err) {
    ps_yaml_mistakes mistakes = {.n = 0};
    for (unsigned i = 0; i < own->bindings.job->job->data_count; i++) {
        ps_error found = {PS_OK, ""};
        const ps_status status = bind_data(own, i, &found);
        PS_TRY(ps_yaml_collect(&mistakes, status, &found, err));
    }
    return ps_yaml_refuse(&mistakes, err);
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

/* Of people by a column, whose values the job may not all bind. */
static ps_status find_people_absence(const owner *own, const ps_binding *b,
                                     const ps_framework_part *part,
                                     const ps_job_data *data, const char **reason,
                                     ps_error *err) {
    const ps_framework_column *by = ps_binding_by(b, part);
    const ps_job_data_column *bound = by != NULL ? ps_binding_column(data, by->id) : NULL;
    for (unsigned v = 0; by != NULL && v < by->values_count; v++) {
        if (bound != NULL && ps_binding_meaning(bound, by->values[v]) != NULL) continue;
        *reason = ps_arena_printf(own->arena,
                                  "the job does not say which columns of '%s' are the "
                                  "people of '%s'",
                                  data->input, by->values[v]);
        return *reason != NULL ? PS_OK : ps_fail_nomem(err);
    }
    return PS_OK;
}

/* Why a part cannot be had, *reason NULL when it can. */
static ps_status find_absence(const owner *own, const ps_binding *b,
                              const ps_framework_part *part, const char **reason,
                              ps_error *err) {
    const ps_framework *f = b->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, part->data);
    const ps_job_data *data = b->data[at];
    *reason = NULL;
    if (data == NULL) {
        *reason = ps_arena_printf(own->arena, "no input of the job is '%s' (%s)",
                                  part->data, f->data[at].title);
        return *reason != NULL ? PS_OK : ps_fail_nomem(err);
    }
    if (f->data[at].kind == PS_DATA_POPULATION)
        return find_people_absence(own, b, part, data, reason, err);
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
    if (part->by == NULL || ps_binding_column(data, part->by) != NULL) return PS_OK;
    *reason =
        ps_arena_printf(own->arena, "the job does not say which column of '%s' is '%s'",
                        data->input, part->by);
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status find_measure_absence(const owner *own, const ps_binding *b, unsigned m,
                                      ps_error *err) {
    const ps_framework_measure *measure = &b->framework->measures[m];
    const char **reason = &b->absent[m];
    const ps_form *form = ps_form_of(measure);
    *reason = NULL;
    if (measure->numerator != NULL)
        PS_TRY(find_absence(own, b, measure->numerator, reason, err));
    if (*reason == NULL && measure->denominator != NULL)
        PS_TRY(find_absence(own, b, measure->denominator, reason, err));
    if (*reason != NULL) return PS_OK;
    if (form != NULL) return form->absence(b, measure, own->arena, reason, err);
    *reason = ps_arena_printf(own->arena, "a job does not carry out the method %s",
                              measure->method);
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

/* ---- All frameworks ---- */

static ps_status open_framework(owner *own, size_t i, ps_error *err) {
    const ps_job_file *job = own->bindings.job;
    ps_binding *b = &own->bindings.binding[i];
    ps_error why = {PS_OK, ""};
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "frameworks[%zu]", i);
    char *const *names;
    ps_job_frameworks(job->job, &names);
    const char *at = job->job->framework != NULL ? "framework" : path;
    ps_status status =
        ps_framework_find(names[i], job->folder, own->arena, &b->path, &why);
    if (status != PS_OK) return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
    status = ps_framework_open(b->path, &own->file[i], &why);
    if (status == PS_INPUT)
        return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
    if (status != PS_OK) {
        if (err != NULL) *err = why;
        return status;
    }
    b->job = job;
    b->framework = own->file[i]->framework;
    for (size_t k = 0; k < i; k++)
        if (strcmp(own->bindings.binding[k].framework->id, b->framework->id) == 0)
            return PS_YAML_WRONG(job->yaml, err, at,
                                 "the framework '%s' is there already", b->framework->id);
    const size_t n_data = b->framework->data_count * sizeof *b->data,
                 n_measures = b->framework->measures_count * sizeof *b->absent;
    b->data = ps_arena_alloc(own->arena, n_data);
    b->absent = ps_arena_alloc(own->arena, n_measures);
    if (b->data == NULL || b->absent == NULL) return ps_fail_nomem(err);
    memset((void *)b->data, 0, n_data);
    return PS_OK;
}

static ps_status bind(owner *own, ps_error *err) {
    ps_bindings *all = &own->bindings;
    const ps_job *job = all->job->job;
    char *const *names;
    const unsigned n = ps_job_frameworks(job, &names);
    PS_TRY(ps_arena_create(&own->arena, err));
    own->file = ps_zalloc(n, sizeof *own->file);
    all->binding = ps_arena_alloc(own->arena, n * sizeof *all->binding);
    if (own->file == NULL || all->binding == NULL) return ps_fail_nomem(err);
    all->n = n;
    for (size_t i = 0; i < all->n; i++) PS_TRY(open_framework(own, i, err));
    PS_TRY(bind_all_data(own, err));
    for (size_t i = 0; i < all->n; i++)
        for (unsigned m = 0; m < all->binding[i].framework->measures_count; m++)
            PS_TRY(find_measure_absence(own, &all->binding[i], m, err));
    return PS_OK;
}

ps_status ps_bindings_open(const ps_job_file *job, ps_bindings **out, ps_error *err) {
    *out = NULL;
    owner *own = ps_zalloc(1, sizeof *own);
    if (own == NULL) return ps_fail_nomem(err);
    own->bindings.job = job;
    const ps_status status = bind(own, err);
    if (status == PS_OK)
        *out = &own->bindings;
    else
        ps_bindings_free(&own->bindings);
    return status;
}
