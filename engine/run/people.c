#include "engine/run/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/area_table.h"
#include "engine/run/yaml_check.h"

static ps_status make_room(const ps_geography *g, ps_people *p, ps_error *err) {
    p->value = ps_zalloc(g->areas->n, sizeof *p->value);
    p->missing = ps_zalloc(g->areas->n, sizeof *p->missing);
    return p->value != NULL && p->missing != NULL ? PS_OK : ps_fail_nomem(err);
}

/* Columns that are added up, and where the job names them. */
typedef struct column_names {
    const char *at;
    char *const *name;
    unsigned n;
} column_names;

/* "0..90+" stands for all columns of the file from "0" to "90+". */
static ps_status expand_columns(const ps_job_file *job, const column_names *names,
                                const ps_table *table, int *column, size_t *n,
                                ps_error *err) {
    *n = 0;
    for (unsigned c = 0; c < names->n; c++) {
        char at[PS_YAML_PATH + 16];
        snprintf(at, sizeof at, "%s[%u]", names->at, c);
        const char *dots = strstr(names->name[c], "..");
        int first, last;
        ps_str from = ps_str_of(names->name[c]), to = from;
        if (dots != NULL) {
            from.n = (size_t)(dots - names->name[c]);
            to = ps_str_of(dots + 2);
        }
        ps_status status = ps_table_need_column(table, from, &first, err);
        if (status == PS_OK) status = ps_table_need_column(table, to, &last, err);
        if (status != PS_OK) {
            if (err == NULL) return status;
            char why[sizeof err->text];
            memcpy(why, err->text, sizeof why);
            return ps_yaml_fail(job->yaml, err, status, at, "%s", why);
        }
        if (last < first)
            return ps_yaml_fail(job->yaml, err, PS_CONFIG, at,
                                "the column '%.*s' stands behind '%.*s' in the file",
                                (int)from.n, from.p, (int)to.n, to.p);
        for (int k = first; k <= last; k++) {
            for (size_t e = 0; e < *n; e++)
                if (column[e] == k)
                    return ps_yaml_fail(job->yaml, err, PS_CONFIG, at,
                                        "the column '%.*s' is counted twice",
                                        (int)ps_table_column_name(table, (size_t)k).n,
                                        ps_table_column_name(table, (size_t)k).p);
            column[(*n)++] = k;
        }
    }
    return PS_OK;
}

static ps_status sum_columns(const ps_job_file *job, const column_names *names,
                             const ps_table *table, const ps_areas *areas, ps_people *p,
                             ps_area_match *match, ps_error *err) {
    const ps_job_population *spec = p->spec;
    ps_area_sum sum = {
        .period = -1, .repeat = *spec->repeats == PS_REPEATS_ADD, .people = true};
    int *column = ps_alloc(ps_table_columns(table) + 1, sizeof *column);
    if (column == NULL) return ps_fail_nomem(err);
    ps_status status = ps_table_need_column(table, ps_str_of(spec->code), &sum.code, err);
    if (status == PS_OK)
        status = expand_columns(job, names, table, column, &sum.n_columns, err);
    sum.columns = column;
    if (status == PS_OK)
        status = ps_area_table_sum(table, &sum, areas, p->value, p->missing, match, err);
    ps_free(column);
    return status;
}

static ps_status tell_match(const ps_job_file *job, const ps_job_population *spec,
                            const char *path, const ps_geography *g,
                            const ps_area_match *match, const ps_talk *talk,
                            ps_error *err) {
    char at[48];
    snprintf(at, sizeof at, "%s.code", path);
    if (match->absent == (int64_t)g->areas->n)
        return ps_yaml_fail(
            job->yaml, err, PS_FORMAT, at,
            "none of the %lld codes in column '%s' (first: %s) is an area of %s; "
            "another vintage of codes, or another column?",
            (long long)match->rows, spec->code, match->unknown_example, g->spec->id);
    if (match->empty > 0)
        ps_say(talk, PS_TALK_WARNING,
               "%s: %lld cells hold no number (first: %s); the people of their areas are "
               "not known",
               spec->id, (long long)match->empty, match->empty_example);
    if (match->absent > 0)
        ps_say(talk, PS_TALK_WARNING,
               "%s: %lld of %zu areas of %s have no row (first: %s); their rates are "
               "missing",
               spec->id, (long long)match->absent, g->areas->n, g->spec->id,
               match->absent_example);
    return PS_OK;
}

/* Where the job binds a group. */
static void group_path(const ps_job *job, const ps_job_meaning *group,
                       char out[PS_YAML_PATH]) {
    for (unsigned d = 0; d < job->data_count; d++)
        for (unsigned c = 0; c < job->data[d].columns_count; c++) {
            const ps_job_data_column *column = &job->data[d].columns[c];
            for (unsigned v = 0; v < column->values_count; v++)
                if (&column->values[v] == group)
                    PS_YAML_AT(out, "data[%u].columns[%u].values[%u].of", d, c, v);
        }
}

/* All people of a table and the groups among them, n of them. */
static ps_status sum_groups(const ps_job_file *job, const char *path,
                            const ps_table *table, const ps_geography *g, ps_people *p,
                            size_t n, ps_area_match *match, ps_error *err) {
    const ps_job_population *spec = p->spec;
    char at[PS_YAML_PATH];
    for (size_t k = 0; k < n; k++) {
        ps_area_match same = {0};
        PS_YAML_AT(at, "%s.columns", path);
        column_names names = {at, spec->columns, spec->columns_count};
        if (p[k].group != NULL) {
            group_path(job->job, p[k].group, at);
            names = (column_names){at, p[k].group->of, p[k].group->of_count};
        }
        PS_TRY(make_room(g, &p[k], err));
        PS_TRY(sum_columns(job, &names, table, g->areas, &p[k], k == 0 ? match : &same,
                           err));
        p[k].method = "table";
    }
    return PS_OK;
}

static ps_status read_table(const ps_job_file *job, unsigned k, const ps_geography *g,
                            ps_people *p, size_t n, const ps_talk *talk, ps_error *err) {
    const ps_job_population *spec = p->spec;
    char path[32];
    ps_job_population_path(job->job, k, path);
    const ps_area_rows rows = {.at = path,
                               .file = spec->file,
                               .sheet = spec->sheet,
                               .header = {spec->header, spec->header_rows},
                               .where = spec->where,
                               .n_where = spec->where_count};
    ps_table *table = NULL;
    ps_area_match match = {0};
    PS_TRY(ps_area_rows_read(job, &rows, NULL, 0, talk, &table, err));
    const ps_status status = sum_groups(job, path, table, g, p, n, &match, err);
    ps_table_free(table);
    PS_TRY(status);
    return tell_match(job, spec, path, g, &match, talk, err);
}

static ps_status sum_members(const ps_people *base, const ps_geography *g, ps_people *p,
                             ps_error *err) {
    PS_TRY(make_room(g, p, err));
    for (size_t a = 0; a < g->areas->n; a++) {
        for (size_t i = g->offset[a]; i < g->offset[a + 1]; i++) {
            p->value[a] += base->value[g->member[i]];
            p->missing[a] |= base->missing[g->member[i]];
        }
    }
    p->method = "sum of members";
    return PS_OK;
}

static ps_status fit(const ps_geographies *all, size_t from, size_t to, size_t k,
                     ps_error *err) {
    const ps_geography *g = &all->geography[to];
    const ps_people *source = &all->geography[from].people[k];
    ps_people *p = &g->people[k];
    const size_t n = all->geography[from].areas->n;
    PS_TRY(make_room(g, p, err));
    int32_t *row = ps_alloc(n, sizeof *row);
    bool *fed = ps_zalloc(g->areas->n, sizeof *fed);
    ps_status status = row != NULL && fed != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_geography_fit(all, from, to, row, err);
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        if (row[i] == PS_NONE) continue;
        fed[row[i]] = true;
        p->value[row[i]] += source->value[i];
        p->missing[row[i]] |= source->missing[i];
    }
    for (size_t a = 0; status == PS_OK && a < g->areas->n; a++) p->missing[a] |= !fed[a];
    ps_free(row), ps_free(fed);
    p->method = "best fit by interior point";
    return status;
}

static ps_status spread(ps_geographies *all, size_t source, size_t k, ps_error *err) {
    for (size_t i = 0; i < all->n; i++) {
        ps_geography *g = &all->geography[i];
        if (i == source) continue;
        if (g->base >= 0 && all->geography[g->base].people[k].value != NULL)
            PS_TRY(
                sum_members(&all->geography[g->base].people[k], g, &g->people[k], err));
        else if (ps_geography_has_map(&all->geography[source]) && ps_geography_has_map(g))
            PS_TRY(fit(all, source, i, k, err));
    }
    return PS_OK;
}

/* A population and the groups of its people that the job binds, as far as there is room;
 * returns how many there are. */
static size_t list_groups(const ps_job *job, const ps_job_population *spec,
                          ps_people *out) {
    size_t n = 0;
    if (out != NULL) out[n] = (ps_people){.spec = spec};
    n++;
    for (unsigned d = 0; d < job->data_count; d++)
        for (unsigned c = 0;
             strcmp(job->data[d].input, spec->id) == 0 && c < job->data[d].columns_count;
             c++)
            for (unsigned v = 0; v < job->data[d].columns[c].values_count; v++, n++)
                if (out != NULL)
                    out[n] = (ps_people){.spec = spec,
                                         .group = &job->data[d].columns[c].values[v]};
    return n;
}

static ps_status list_people(const ps_job *job, ps_geography *g, ps_error *err) {
    const ps_job_population *spec;
    size_t n = 0;
    for (unsigned k = 0; (spec = ps_job_population_at(job, k)) != NULL; k++)
        n += list_groups(job, spec, NULL);
    g->people = ps_zalloc(n, sizeof *g->people);
    if (g->people == NULL) return ps_fail_nomem(err);
    for (unsigned k = 0; (spec = ps_job_population_at(job, k)) != NULL; k++)
        g->n_people += list_groups(job, spec, g->people + g->n_people);
    return PS_OK;
}

ps_status ps_people_read(const ps_job_file *job, ps_geographies *all, const ps_talk *talk,
                         ps_error *err) {
    const ps_job_population *spec;
    size_t first = 0;
    if (ps_job_population_at(job->job, 0) == NULL) return PS_OK;
    for (size_t i = 0; i < all->n; i++)
        PS_TRY(list_people(job->job, &all->geography[i], err));
    for (unsigned k = 0; (spec = ps_job_population_at(job->job, k)) != NULL; k++) {
        const size_t n = list_groups(job->job, spec, NULL);
        size_t source = 0;
        for (size_t i = 0; i < all->n; i++)
            if (strcmp(all->geography[i].spec->id, spec->areas) == 0) source = i;
        const ps_geography *g = &all->geography[source];
        PS_TRY(read_table(job, k, g, &g->people[first], n, talk, err));
        for (size_t p = first; p < first + n; p++) PS_TRY(spread(all, source, p, err));
        first += n;
    }
    for (size_t i = 0; i < all->n; i++) {
        ps_geography *g = &all->geography[i];
        g->population = g->people[0].value;
        g->population_missing = g->people[0].missing;
        g->population_method = g->people[0].method;
    }
    return PS_OK;
}

/* Half months between the middle of [first, last] and of a year. */
static int32_t distance(const ps_people *p, ps_month first, ps_month last) {
    const int32_t year = 2 * 12 * (int32_t)p->spec->year + 12;
    return abs(first + last + 1 - year);
}

const ps_people *ps_geography_people(const ps_geography *g, const char *id,
                                     ps_month first, ps_month last) {
    return ps_geography_people_of(g, id, NULL, first, last);
}

const ps_people *ps_geography_people_of(const ps_geography *g, const char *id,
                                        const ps_job_meaning *group, ps_month first,
                                        ps_month last) {
    const ps_people *best = NULL;
    for (size_t k = 0; k < g->n_people; k++) {
        const ps_people *p = &g->people[k];
        if (p->value == NULL || p->group != group || strcmp(p->spec->id, id) != 0)
            continue;
        if (best == NULL) {
            best = p;
            continue;
        }
        if (first > last || p->spec->year == 0 || best->spec->year == 0) continue;
        const int32_t new = distance(p, first, last), old = distance(best, first, last);
        if (new < old || (new == old && p->spec->year < best->spec->year)) best = p;
    }
    return best;
}

static bool vary(const ps_geography *g, const char *id) {
    size_t n = 0;
    for (size_t k = 0; k < g->n_people; k++)
        n += g->people[k].value != NULL && g->people[k].group == NULL &&
             strcmp(g->people[k].spec->id, id) == 0;
    return n > 1;
}

void ps_people_tell(const ps_geography *g, const ps_people *p, ps_month first,
                    ps_month last, char note[PS_PEOPLE_NOTE]) {
    enum { HALF_MONTHS = 24 }; /* of a year */
    const int year = (int)p->spec->year;
    const int32_t away = year != 0 && first <= last ? distance(p, first, last) : 0;
    note[0] = '\0';
    if (year == 0) return;
    if (away > PS_PEOPLE_FRESH * HALF_MONTHS)
        snprintf(note, PS_PEOPLE_NOTE, "people of mid-%d, %d years away", year,
                 (int)((away + HALF_MONTHS / 2) / HALF_MONTHS));
    else if (vary(g, p->spec->id))
        snprintf(note, PS_PEOPLE_NOTE, "people of mid-%d", year);
}
