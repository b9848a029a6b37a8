#include "engine/run/doubts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/run/answers.h"
#include "engine/run/framework_check.h"
#include "engine/run/people.h"
#include "engine/run/release.h"

enum { TOLD_TEXTS = 5 };

/* ---- Rows ---- */

static void tell_invalid(const ps_data_set *d, const ps_talk *talk) {
    const ps_points *points = d->count->points;
    for (size_t s = 0; s < ps_points_sources(points); s++) {
        const ps_rows *rows = ps_points_rows(points, s);
        if (rows->invalid == 0) continue;
        ps_say(
            talk, PS_TALK_WARNING,
            "%s: %s: %lld of %lld rows are invalid and count nowhere; the first is row "
            "%s: %s: \"%s\"",
            d->spec->id, ps_points_source_name(points, s), (long long)rows->invalid,
            (long long)rows->read,
            ps_points_row_text(points, s, rows->example[0].row).text,
            ps_cause_text(rows->example[0].cause), rows->example[0].seen);
    }
}

typedef struct places {
    int64_t located, matched, outside; /* in the geography where most are matched */
    const char *geography;
} places;

static places find_places(const ps_figures *f, const ps_data_set *d) {
    places p = {.geography = ""};
    for (size_t s = 0; s < ps_points_sources(d->count->points); s++)
        p.located += ps_points_rows(d->count->points, s)->located;
    for (size_t g = 0; g < d->reach->n; g++) {
        if (d->reach->counted[g] < 0) continue;
        const ps_matches *m = d->count->geography[d->reach->counted[g]].matches;
        places here = {.located = p.located,
                       .geography = f->geographies->geography[g].spec->id};
        for (size_t s = 0; s < ps_points_sources(d->count->points); s++) {
            here.matched += m[s].matched;
            here.outside += m[s].outside;
        }
        if (p.geography[0] == '\0' || here.matched > p.matched) p = here;
    }
    return p;
}

static void tell_places(const ps_figures *f, const ps_data_set *d, const ps_talk *talk) {
    const places p = find_places(f, d);
    const bool coded = d->reach->coded >= 0;
    if (p.located == 0 || p.outside == 0) return;
    if (p.matched == 0)
        ps_say(talk, PS_TALK_WARNING, "%s: none of %lld rows lies in an area of %s; %s",
               d->spec->id, (long long)p.located, p.geography,
               coded ? "another vintage of codes, or another column?"
                     : "are x and y exchanged, or is it another crs?");
    else if (coded && ps_release_protects(f->release, (size_t)(d - f->data)))
        ps_say(talk, PS_TALK_INFO,
               "%s: some rows have a code that no area of %s has; they are in no area",
               d->spec->id, p.geography);
    else if (coded)
        ps_say(talk, PS_TALK_INFO,
               "%s: %lld of %lld rows have a code that no area of %s has; they are in "
               "no area",
               d->spec->id, (long long)p.outside, (long long)p.located, p.geography);
}

/* The newest year of the populations of one id; 0: one of them has none. */
static int64_t newest_year(const ps_job *job, const char *id) {
    const ps_job_population *p;
    int64_t newest = 0;
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL; k++) {
        if (strcmp(p->id, id) != 0) continue;
        if (p->year == 0) return 0;
        if (p->year > newest) newest = p->year;
    }
    return newest;
}

static void tell_old_people(const ps_figures *f, const ps_talk *talk) {
    const ps_job_population *p;
    int32_t year = 0;
    for (size_t d = 0; d < f->n_data; d++)
        if (f->data[d].spec->date != NULL && f->data[d].first <= f->data[d].last &&
            f->data[d].last / 12 > year)
            year = f->data[d].last / 12;
    for (unsigned k = 0; (p = ps_job_population_at(f->job, k)) != NULL; k++) {
        const int64_t newest = newest_year(f->job, p->id);
        if (newest == 0 || newest != p->year || year - newest <= PS_PEOPLE_FRESH)
            continue;
        ps_say(talk, PS_TALK_WARNING,
               "%s: the people are of mid-%d and the data go on to %d; rates of later "
               "years are of the people of then",
               p->id, (int)newest, (int)year);
    }
}

void ps_doubts_of_points(const ps_figures *f, const ps_talk *talk) {
    tell_old_people(f, talk);
    for (size_t d = 0; d < f->n_data; d++) {
        tell_invalid(&f->data[d], talk);
        tell_places(f, &f->data[d], talk);
    }
}

/* ---- Texts ---- */

static ps_status add_text(ps_keys *texts, ps_str text, ps_error *err) {
    int32_t id;
    text = ps_str_trim(text);
    return text.n > 0 ? ps_keys_add(texts, text, &id, NULL, err) : PS_OK;
}

/* A cell may hold several answers; the whole cell is a text, too. */
static ps_status add_answers(ps_keys *texts, const char *separator, ps_str cell,
                             ps_error *err) {
    ps_str answer;
    PS_TRY(add_text(texts, cell, err));
    while (ps_answers_next(separator, &cell, &answer))
        PS_TRY(add_text(texts, answer, err));
    return PS_OK;
}

/* The texts that a bound column has in its input; none when it is neither of points nor
 * of records. */
static ps_status find_texts(const ps_figures *f, const ps_records *records,
                            const ps_job_data *data, const char *column, ps_keys *texts,
                            ps_error *err) {
    const ps_record_set *set =
        records != NULL ? ps_records_find(records, data->input) : NULL;
    const ps_record_column *of_records =
        set != NULL ? ps_records_column(set, column) : NULL;
    for (size_t t = 0; of_records != NULL && t < ps_keys_size(of_records->texts); t++)
        PS_TRY(add_answers(texts, set->spec->separator,
                           ps_keys_text(of_records->texts, (int32_t)t), err));
    for (size_t d = 0; d < f->n_data; d++)
        for (size_t k = 0; strcmp(f->data[d].spec->id, data->input) == 0 &&
                           k < ps_figures_groups(&f->data[d]);
             k++)
            PS_TRY(add_text(texts, ps_figures_group_text(&f->data[d], (int32_t)k, column),
                            err));
    return PS_OK;
}

static bool is_bound(const ps_job_data_column *column, ps_str text) {
    for (unsigned v = 0; v < column->values_count; v++)
        if (ps_binding_means(column, column->values[v].id, text)) return true;
    return false;
}

/* The first texts that mean none of the values. */
static void list_unbound(const ps_job_data_column *column, const ps_keys *texts,
                         char list[200]) {
    size_t told = 0, used = 0;
    list[0] = '\0';
    for (size_t t = 0; t < ps_keys_size(texts) && told < TOLD_TEXTS; t++) {
        const ps_str text = ps_keys_text(texts, (int32_t)t);
        if (is_bound(column, text) || used + 36 > 200) continue;
        used += (size_t)snprintf(list + used, 200 - used, "%s'%.30s'",
                                 told++ > 0 ? ", " : "", text.p);
    }
}

/* A text that is written a little differently is the likeliest mistake of all. */
static void tell_alike(const ps_job_data *data, const ps_job_data_column *column,
                       const ps_keys *texts, const char *of, const ps_talk *talk) {
    for (size_t t = 0; t < ps_keys_size(texts); t++) {
        const ps_str text = ps_keys_text(texts, (int32_t)t);
        if (strcasecmp(text.p, of) != 0 || is_bound(column, text)) continue;
        ps_say(talk, PS_TALK_WARNING,
               "%s: column '%s' also has '%.60s', which the job does not bind as it does "
               "'%.60s'",
               data->input, column->column, text.p, of);
    }
}

static void tell_column(const ps_job_data *data, const ps_job_data_column *column,
                        const ps_keys *texts, const ps_talk *talk) {
    char unbound[200];
    list_unbound(column, texts, unbound);
    for (unsigned v = 0; v < column->values_count; v++)
        for (unsigned k = 0; k < column->values[v].of_count; k++) {
            const char *of = column->values[v].of[k];
            if (ps_keys_find(texts, ps_str_of(of)) == PS_NONE)
                ps_say(talk, PS_TALK_WARNING,
                       "%s: no row has '%.60s' in column '%s' (bound as %s of %s)%s%s",
                       data->input, of, column->column, column->values[v].id, data->id,
                       unbound[0] != '\0' ? "; not bound there: " : "", unbound);
            tell_alike(data, column, texts, of, talk);
        }
}

static ps_status tell_texts(const ps_bindings *b, const ps_figures *f,
                            const ps_records *records, const ps_talk *talk,
                            ps_error *err) {
    const ps_job *job = b->job->job;
    for (unsigned i = 0; i < job->data_count; i++)
        for (unsigned c = 0; c < job->data[i].columns_count; c++) {
            const ps_job_data_column *column = &job->data[i].columns[c];
            ps_keys *texts;
            if (column->values_count == 0) continue;
            PS_TRY(ps_keys_create(&texts, err));
            const ps_status status =
                find_texts(f, records, &job->data[i], column->column, texts, err);
            if (status == PS_OK && ps_keys_size(texts) > 0)
                tell_column(&job->data[i], column, texts, talk);
            ps_keys_free(texts);
            PS_TRY(status);
        }
    return PS_OK;
}

/* ---- Plans ---- */

static void tell_plan(const ps_binding *b, const ps_geographies *all,
                      const ps_talk *talk) {
    const ps_framework *plan = b->framework;
    size_t g, area;
    if (plan->area != NULL &&
        !ps_geographies_find(all, plan->area->geography, plan->area->code, &g, &area))
        ps_say(talk, PS_TALK_INFO,
               "%s: the figures that the plan states are of %s %s, which this job does "
               "not have; every area is measured against its own",
               plan->id, plan->area->geography, plan->area->code);
}

/* The same data of several plans are told once. */
static bool is_told(const ps_bindings *all, size_t b, const char *kind) {
    for (size_t k = 0; k < b; k++) {
        const ps_framework *plan = all->binding[k].framework;
        if (PS_FRAMEWORK_PLACE(plan->data, plan->data_count, kind) >= 0) return true;
    }
    return false;
}

static void tell_weights(const ps_bindings *all, size_t b, const ps_talk *talk) {
    const ps_binding *binding = &all->binding[b];
    for (unsigned d = 0; d < binding->framework->data_count; d++) {
        const ps_framework_data *kind = &binding->framework->data[d];
        const ps_job_data *data = binding->data[d];
        if (data == NULL || is_told(all, b, kind->id)) continue;
        const ps_framework_column *weight = ps_framework_role(kind, PS_ROLE_WEIGHT);
        if (weight == NULL || ps_binding_column(data, weight->id) != NULL) continue;
        ps_say(talk, PS_TALK_WARNING,
               "%s: no column is bound as %s of %s, so every answer counts the same",
               data->input, weight->id, kind->id);
    }
}

ps_status ps_doubts_of_bindings(const ps_bindings *bindings, const ps_figures *figures,
                                const ps_records *records, const ps_talk *talk,
                                ps_error *err) {
    for (size_t b = 0; b < bindings->n; b++) {
        tell_plan(&bindings->binding[b], figures->geographies, talk);
        tell_weights(bindings, b, talk);
    }
    return tell_texts(bindings, figures, records, talk, err);
}
