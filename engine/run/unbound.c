#include "engine/run/unbound.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/run/answers.h"
#include "engine/run/framework_check.h"
#include "engine/run/release.h"

enum { TOLD = 5, LIST_BYTES = 320, SENTENCE_BYTES = 700 };

/* The texts of a column that mean nothing, each with its rows. */
typedef struct strays {
    const ps_bindings *bindings;
    const ps_job_data *data;
    const ps_job_data_column *column;
    unsigned n_values; /* most that a framework tells apart in it */
    bool several, survey;
    bool others;    /* rows of other measures or comparators are no mistake */
    bool numbered;  /* how many rows there are may be told */
    ps_keys *texts; /* then by text: */
    int64_t *rows;
    size_t capacity;
    int64_t total;
    int64_t first; /* row of records; 0: not known */
} strays;

/* What surveys and registers write when nobody answered. */
static bool says_nothing(ps_str text) {
    static const char *const words[] = {"don't know",
                                        "dont know",
                                        "do not know",
                                        "dk",
                                        "no answer",
                                        "no reply",
                                        "refused",
                                        "prefer not to say",
                                        "n/a",
                                        "na",
                                        "not stated",
                                        "unknown",
                                        "not applicable",
                                        "not known",
                                        "no response",
                                        "missing",
                                        "null",
                                        "none",
                                        "-",
                                        "-1",
                                        "-8",
                                        "-9",
                                        "not answered"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.n == strlen(words[i]) && strncasecmp(text.p, words[i], text.n) == 0)
            return true;
    return false;
}

/* The column of a framework's data that it is bound for, or NULL. */
static const ps_framework_column *bound_for(const strays *s, size_t binding,
                                            ps_data_kind *kind) {
    const ps_framework *f = s->bindings->binding[binding].framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, s->data->id);
    if (at < 0) return NULL;
    const ps_framework_data *data = &f->data[at];
    const int c = PS_FRAMEWORK_PLACE(data->columns, data->columns_count, s->column->id);
    *kind = data->kind;
    return c < 0 ? NULL : &data->columns[c];
}

static void look_up(strays *s) {
    for (size_t b = 0; b < s->bindings->n; b++) {
        ps_data_kind kind;
        const ps_framework_column *column = bound_for(s, b, &kind);
        if (column == NULL) continue;
        if (column->values_count > s->n_values) s->n_values = column->values_count;
        s->several |= column->several;
        s->others |= column->several ||
                     (column->role != NULL && (*column->role == PS_ROLE_MEASURE ||
                                               *column->role == PS_ROLE_COMPARATOR));
        s->survey |= kind == PS_DATA_SURVEY;
    }
}

static bool is_known(const strays *s, ps_str text) {
    for (unsigned v = 0; v < s->column->values_count; v++)
        if (ps_binding_means(s->column, s->column->values[v].id, text)) return true;
    for (size_t b = 0; b < s->bindings->n; b++) {
        ps_data_kind kind;
        const ps_framework_column *column = bound_for(s, b, &kind);
        for (unsigned v = 0; column != NULL && v < column->values_count; v++)
            if (ps_binding_means(s->column, column->values[v], text)) return true;
    }
    return false;
}

static ps_status add(strays *s, ps_str text, int64_t rows, int64_t row, ps_error *err) {
    int32_t id;
    bool added;
    if (text.n == 0 || rows == 0 || is_known(s, text)) return PS_OK;
    PS_TRY(ps_keys_add(s->texts, text, &id, &added, err));
    PS_TRY(ps_grow((void **)&s->rows, &s->capacity, ps_keys_size(s->texts),
                   sizeof *s->rows, err));
    if (added) s->rows[id] = 0;
    s->rows[id] += rows;
    s->total += rows;
    if (s->first == 0) s->first = row;
    return PS_OK;
}

/* Measures decide whose data records are; those that the job calls nobody's small number
 * can be told of. */
static bool may_number(const strays *s, const ps_record_set *set) {
    const ps_disclosure_class *class = set->spec->disclosure;
    const ps_release_rules rules =
        ps_release_rules_of(s->bindings->job->job->disclosure, set->spec->id,
                            class != NULL ? *class : PS_DISCLOSURE_COUNCIL);
    return !ps_release_rules_hide(&rules);
}

static ps_status add_records(strays *s, const ps_record_set *set, ps_error *err) {
    const ps_record_column *column = ps_records_column(set, s->column->column);
    s->numbered = may_number(s, set);
    for (size_t k = 0; column != NULL && k < set->n; k++) {
        if (column->text[k] == PS_NONE) continue;
        ps_str rest = ps_keys_text(column->texts, column->text[k]), answer;
        while (ps_answers_next(s->several ? set->spec->separator : NULL, &rest, &answer))
            PS_TRY(add(s, answer, 1, set->row[k], err));
    }
    return PS_OK;
}

/* The rows of each group, where most of them are counted. */
static ps_status count_rows(const ps_data_set *d, size_t geographies, int64_t *most,
                            ps_error *err) {
    const size_t groups = ps_figures_groups(d);
    int64_t *rows = ps_alloc(groups, sizeof *rows);
    if (rows == NULL) return ps_fail_nomem(err);
    for (size_t g = 0; g < geographies; g++) {
        memset(rows, 0, groups * sizeof *rows);
        for (size_t i = 0; i < d->rows[g].n; i++)
            rows[d->rows[g].cell[i].group] += d->rows[g].cell[i].count;
        for (size_t k = 0; k < groups; k++)
            if (rows[k] > most[k]) most[k] = rows[k];
    }
    ps_free(rows);
    return PS_OK;
}

static ps_status add_groups(strays *s, const ps_data_set *d, const int64_t *rows,
                            ps_error *err) {
    for (size_t k = 0; k < ps_figures_groups(d); k++) {
        const ps_str text = ps_figures_group_text(d, (int32_t)k, s->column->column);
        PS_TRY(add(s, ps_str_trim(text), rows[k], 0, err));
    }
    return PS_OK;
}

static ps_status add_points(strays *s, const ps_figures *f, ps_error *err) {
    for (size_t i = 0; i < f->n_data; i++) {
        const ps_data_set *d = &f->data[i];
        if (strcmp(d->spec->id, s->data->input) != 0) continue;
        s->numbered = !ps_release_protects(f->release, i);
        int64_t *rows = ps_zalloc(ps_figures_groups(d), sizeof *rows);
        ps_status status = rows != NULL ? PS_OK : ps_fail_nomem(err);
        if (status == PS_OK) status = count_rows(d, f->geographies->n, rows, err);
        if (status == PS_OK) status = add_groups(s, d, rows, err);
        ps_free(rows);
        PS_TRY(status);
    }
    return PS_OK;
}

static bool has_no_answer(const strays *s) {
    for (size_t t = 0; t < ps_keys_size(s->texts); t++)
        if (says_nothing(ps_keys_text(s->texts, (int32_t)t))) return true;
    return false;
}

/* Those that say nothing first, since they are what is asked about. */
static void list_texts(const strays *s, char list[LIST_BYTES]) {
    const size_t n = ps_keys_size(s->texts);
    size_t told = 0, used = 0;
    list[0] = '\0';
    for (int empty = 1; empty >= 0; empty--)
        for (size_t t = 0; t < n && told < TOLD; t++) {
            const ps_str text = ps_keys_text(s->texts, (int32_t)t);
            if (says_nothing(text) != (empty == 1)) continue;
            used += (size_t)snprintf(list + used, LIST_BYTES - used, "%s'%.30s'",
                                     told++ > 0 ? ", " : "", text.p);
            if (s->numbered)
                used += (size_t)snprintf(list + used, LIST_BYTES - used, " (%lld)",
                                         (long long)s->rows[t]);
        }
    if (n > told) snprintf(list + used, LIST_BYTES - used, ", ...");
}

static ps_status tell(const strays *s, const char *file, bool strict, const ps_talk *talk,
                      ps_error *err) {
    char list[LIST_BYTES], first[160] = "", text[SENTENCE_BYTES], rows[40] = "some rows";
    const bool doubtful = !s->others && (s->n_values > 1 || has_no_answer(s));
    if (s->total == 0 ||
        !(doubtful || s->others || (s->survey && ps_keys_size(s->texts) > 1)))
        return PS_OK;
    list_texts(s, list);
    if (file != NULL)
        snprintf(first, sizeof first, " (first: %.100s, row %lld)", file,
                 (long long)s->first);
    if (s->numbered)
        snprintf(rows, sizeof rows, "%lld row%s", (long long)s->total,
                 s->total == 1 ? "" : "s");
    snprintf(text, sizeof text,
             "%.60s: column '%.60s': texts of %s%s mean no value of '%.60s' and "
             "count as none of them: %s; bind them%s",
             s->data->input, s->column->column, rows, first, s->column->id, list,
             s->survey ? ", or name those that are no answer under 'missing'" : "");
    if (doubtful && strict)
        return ps_fail(err, PS_GATE, "%s, or run without --strict", text);
    ps_say(talk, doubtful ? PS_TALK_WARNING : PS_TALK_INFO, "%s", text);
    return PS_OK;
}

static ps_status look_at(strays *s, const ps_figures *f, const ps_records *records,
                         bool strict, const ps_talk *talk, ps_error *err) {
    const ps_record_set *set =
        records != NULL ? ps_records_find(records, s->data->input) : NULL;
    PS_TRY(ps_keys_create(&s->texts, err));
    PS_TRY(set != NULL ? add_records(s, set, err) : add_points(s, f, err));
    return tell(s, set != NULL ? set->spec->file : NULL, strict, talk, err);
}

ps_status ps_unbound_tell(const ps_bindings *bindings, const ps_figures *f,
                          const ps_records *records, bool strict, const ps_talk *talk,
                          ps_error *err) {
    const ps_job *job = bindings->job->job;
    ps_status status = PS_OK;
    for (unsigned i = 0; i < job->data_count && status == PS_OK; i++)
        for (unsigned c = 0; c < job->data[i].columns_count && status == PS_OK; c++) {
            strays s = {.bindings = bindings,
                        .data = &job->data[i],
                        .column = &job->data[i].columns[c]};
            look_up(&s);
            if (s.n_values == 0 || s.column->column == NULL) continue;
            status = look_at(&s, f, records, strict, talk, err);
            ps_keys_free(s.texts);
            ps_free(s.rows);
        }
    return status;
}
