#include "engine/run/geography.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/tally.h"
#include "engine/run/area_table.h"
#include "engine/run/people.h"
#include "geo/locate.h"

bool ps_geography_has_map(const ps_geography *geography) {
    return geography->areas->crs != NULL;
}

static ps_status read_polygons(const ps_job_file *job, size_t i, ps_geography *g,
                               const ps_talk *talk, ps_error *err) {
    const ps_job_areas *s = g->spec;
    ps_layer_spec spec = {.path = s->file,
                          .base = job->folder,
                          .layer = s->layer,
                          .code = s->code,
                          .name = s->name,
                          .where = s->where,
                          .crs = s->crs,
                          .encoding = s->encoding,
                          .policy = *s->invalid};
    g->base = -1;
    ps_status status =
        ps_prepared_areas(job->prepared, &spec, talk, &g->areas, &g->report, err);
    if (status == PS_OK || status == PS_NOMEM || err == NULL) return status;
    char at[64], why[sizeof err->text];
    snprintf(at, sizeof at, "areas[%zu].file", i);
    memcpy(why, err->text, sizeof why);
    return ps_yaml_fail(job->yaml, err, status, at, "%s", why);
}

/* Pairs of (larger area, member) while a membership is being read. */
typedef struct membership {
    ps_keys *codes; /* larger areas, in order of first occurrence */
    ps_str *name;   /* by id of codes; views into the table or the job */
    size_t name_capacity;
    int32_t *group, *member; /* pairs */
    size_t n, group_capacity, member_capacity;
} membership;

static ps_status add_pair(membership *m, ps_str code, ps_str name, int32_t member,
                          ps_error *err) {
    int32_t id;
    bool added;
    PS_TRY(ps_keys_add(m->codes, code, &id, &added, err));
    if (added) {
        PS_TRY(ps_grow((void **)&m->name, &m->name_capacity, (size_t)id + 1,
                       sizeof *m->name, err));
        m->name[id] = name.n > 0 ? name : code;
    }
    PS_TRY(
        ps_grow((void **)&m->group, &m->group_capacity, m->n + 1, sizeof *m->group, err));
    PS_TRY(ps_grow((void **)&m->member, &m->member_capacity, m->n + 1, sizeof *m->member,
                   err));
    m->group[m->n] = id;
    m->member[m->n++] = member;
    return PS_OK;
}

/* Which row of the table gives each area of base its largest weight? The lower code wins
 * among equals. best: by area of base, -1 where no row has a weight; shares of all
 * weights that the largest ones are, summed up for a report. */
typedef struct plurality {
    int64_t *best;
    double *largest, *total;
} plurality;

static ps_status weigh(const ps_table *table, const int column[4], const ps_areas *base,
                       plurality *p, ps_error *err) {
    p->best = ps_alloc(base->n, sizeof *p->best);
    p->largest = ps_zalloc(base->n, sizeof *p->largest);
    p->total = ps_zalloc(base->n, sizeof *p->total);
    if (p->best == NULL || p->largest == NULL || p->total == NULL)
        return ps_fail_nomem(err);
    for (size_t a = 0; a < base->n; a++) p->best[a] = -1;
    for (size_t r = 0; r < ps_table_rows(table); r++) {
        const ps_str member = ps_str_trim(ps_table_cell(table, r, (size_t)column[0])),
                     code = ps_str_trim(ps_table_cell(table, r, (size_t)column[1]));
        const int32_t row = ps_keys_find(base->by_code, member);
        double weight;
        bool missing;
        if (row == PS_NONE || code.n == 0) continue;
        PS_TRY(ps_table_number(table, r, (size_t)column[3], &weight, &missing, err));
        if (missing || !(weight > 0)) continue;
        p->total[row] += weight;
        const int64_t best = p->best[row];
        if (best >= 0 && weight < p->largest[row]) continue;
        if (best >= 0 && weight == p->largest[row] &&
            ps_str_cmp(code, ps_str_trim(ps_table_cell(table, (size_t)best,
                                                       (size_t)column[1]))) >= 0)
            continue;
        p->best[row] = (int64_t)r;
        p->largest[row] = weight;
    }
    return PS_OK;
}

/* How whole are the members that go whole? */
static void tell_shares(const plurality *p, size_t n, const ps_geography *g,
                        const ps_talk *talk) {
    size_t weighed = 0, shared = 0, below = 0;
    double least = 1;
    for (size_t a = 0; a < n; a++) {
        if (p->best[a] < 0) continue;
        const double share = p->largest[a] / p->total[a];
        weighed++;
        shared += share < 1;
        below += share < 0.5;
        if (share < least) least = share;
    }
    ps_say(
        talk, PS_TALK_INFO,
        "%s: every area of %s goes whole to the one with its largest weight; %zu of %zu "
        "have weight elsewhere, %zu most of it; the smallest share that stands for a "
        "whole is %.2f",
        g->spec->id, g->spec->of, shared, weighed, below, least);
}

static void plurality_free(plurality *p) {
    ps_free(p->best), ps_free(p->largest), ps_free(p->total);
}

static ps_status read_table_pairs(const ps_job_file *job, size_t i, const ps_geography *g,
                                  const ps_areas *base, const ps_talk *talk,
                                  membership *m, ps_table **table, ps_error *err) {
    const ps_job_membership *t = g->spec->table;
    char at[64];
    snprintf(at, sizeof at, "areas[%zu].table", i);
    const char *wanted[] = {t->member, t->code, t->name, t->weight}, *columns[4];
    int column[4] = {0};
    size_t n_columns = 0;
    for (size_t c = 0; c < 4; c++) {
        if (wanted[c] == NULL) continue;
        column[c] = (int)n_columns;
        columns[n_columns++] = wanted[c];
    }
    const ps_area_rows rows = {.at = at,
                               .file = t->file,
                               .sheet = t->sheet,
                               .header = {t->header, t->header_rows},
                               .where = t->where,
                               .n_where = t->where_count};
    PS_TRY(ps_area_rows_read(job, &rows, columns, n_columns, talk, table, err));
    bool *seen = ps_zalloc(base->n, sizeof *seen);
    if (seen == NULL) return ps_fail_nomem(err);
    int64_t unknown = 0;
    plurality weights = {NULL, NULL, NULL};
    ps_status status =
        t->weight != NULL ? weigh(*table, column, base, &weights, err) : PS_OK;
    for (size_t r = 0; r < ps_table_rows(*table) && status == PS_OK; r++) {
        ps_str member = ps_str_trim(ps_table_cell(*table, r, (size_t)column[0]));
        ps_str code = ps_str_trim(ps_table_cell(*table, r, (size_t)column[1]));
        ps_str name = t->name != NULL
                          ? ps_str_trim(ps_table_cell(*table, r, (size_t)column[2]))
                          : (ps_str){"", 0};
        if (member.n == 0 || code.n == 0) continue;
        int32_t row = ps_keys_find(base->by_code, member);
        if (row == PS_NONE) {
            unknown++;
            continue;
        }
        if (t->weight != NULL && weights.best[row] != (int64_t)r) continue;
        seen[row] = true;
        status = add_pair(m, code, name, row, err);
    }
    int64_t absent = 0;
    size_t first = 0;
    for (size_t a = base->n; a-- > 0;)
        if (!seen[a]) absent++, first = a;
    ps_free(seen);
    if (status == PS_OK && t->weight != NULL) tell_shares(&weights, base->n, g, talk);
    plurality_free(&weights);
    PS_TRY(status);
    if (unknown > 0)
        ps_say(talk, PS_TALK_INFO, "%s: %lld rows name a member that is no area of %s",
               g->spec->id, (long long)unknown, g->spec->of);
    if (absent > 0)
        ps_say(talk, PS_TALK_WARNING,
               "%s: %lld of %zu areas of %s belong to none of its areas (first: %.*s)",
               g->spec->id, (long long)absent, base->n, g->spec->of,
               (int)base->code[first].n, base->code[first].p);
    if (m->n == 0)
        return ps_yaml_fail(
            job->yaml, err, PS_FORMAT, at,
            "no row names a member that is an area of %s; is '%s' the column "
            "with its codes?",
            g->spec->of, t->member);
    return PS_OK;
}

static ps_status read_set_pairs(const ps_job_file *job, size_t i, const ps_geography *g,
                                const ps_areas *base, membership *m, ps_error *err) {
    for (unsigned s = 0; s < g->spec->sets_count; s++) {
        const ps_job_set *set = &g->spec->sets[s];
        for (unsigned k = 0; k < set->members_count; k++) {
            ps_str code = ps_str_of(set->members[k]);
            int32_t row = ps_keys_find(base->by_code, code);
            if (row == PS_NONE) {
                char at[96];
                snprintf(at, sizeof at, "areas[%zu].sets[%u].members[%u]", i, s, k);
                return ps_yaml_fail(job->yaml, err, PS_CONFIG, at,
                                    "'%s' is no area of %s", set->members[k],
                                    g->spec->of);
            }
            PS_TRY(add_pair(m, ps_str_of(set->code), ps_str_of(set->name), row, err));
        }
    }
    return PS_OK;
}

/* Pairs to sorted rows without repeats, then the union of the polygons. */
static ps_status freeze_membership(const membership *m, const ps_areas *base,
                                   ps_geography *g, ps_error *err) {
    const size_t n = ps_keys_size(m->codes);
    ps_str *code = ps_alloc(n, sizeof *code);
    size_t *first = ps_zalloc(n + 1, sizeof *first);
    int32_t *list = ps_alloc(m->n, sizeof *list);
    ps_status status = PS_OK;
    if (code == NULL || first == NULL || list == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (size_t k = 0; k < n; k++) code[k] = ps_keys_text(m->codes, (int32_t)k);
    for (size_t k = 0; k < m->n; k++) first[m->group[k] + 1]++;
    for (size_t k = 0; k < n; k++) first[k + 1] += first[k];
    for (size_t k = m->n; k-- > 0;) list[--first[m->group[k] + 1]] = m->member[k];
    for (size_t k = 0; k < n; k++) first[k] = first[k + 1];
    first[n] = m->n;
    status = ps_areas_union(base, n, first, list, code, m->name, &g->areas, err);
    if (status != PS_OK) goto done;

    g->offset = ps_zalloc(n + 1, sizeof *g->offset);
    g->member = ps_alloc(m->n, sizeof *g->member);
    bool *taken = ps_zalloc(base->n, sizeof *taken);
    if (g->offset == NULL || g->member == NULL || taken == NULL) {
        ps_free(taken);
        status = ps_fail_nomem(err);
        goto done;
    }
    size_t at = 0;
    for (size_t row = 0; row < n; row++) { /* in the order of the union: by code */
        int32_t k = ps_keys_find(m->codes, g->areas->code[row]);
        g->offset[row] = at;
        for (size_t i = first[k]; i < first[k + 1]; i++) {
            if (taken[list[i]]) continue;
            taken[list[i]] = true;
            g->member[at++] = list[i];
        }
        for (size_t i = g->offset[row]; i < at; i++) taken[g->member[i]] = false;
    }
    g->offset[n] = at;
    ps_free(taken);
done:
    ps_free(code), ps_free(first), ps_free(list);
    return status;
}

static ps_status build_membership(const ps_job_file *job, size_t i, ps_geographies *all,
                                  const ps_talk *talk, ps_error *err) {
    ps_geography *g = &all->geography[i];
    for (size_t b = 0; b < i; b++)
        if (strcmp(all->geography[b].spec->id, g->spec->of) == 0) g->base = (int)b;
    const ps_areas *base = all->geography[g->base].areas;
    membership m = {0};
    ps_table *table = NULL;
    ps_status status = ps_keys_create(&m.codes, err);
    if (status == PS_OK)
        status = g->spec->table != NULL
                     ? read_table_pairs(job, i, g, base, talk, &m, &table, err)
                     : read_set_pairs(job, i, g, base, &m, err);
    if (status == PS_OK) status = freeze_membership(&m, base, g, err);
    ps_table_free(table);
    ps_keys_free(m.codes);
    ps_free(m.name), ps_free(m.group), ps_free(m.member);
    return status;
}

bool ps_geographies_find(const ps_geographies *all, const char *id, const char *code,
                         size_t *geography, size_t *area) {
    size_t g = 0;
    while (g < all->n && strcmp(all->geography[g].spec->id, id) != 0) g++;
    *geography = g;
    if (g == all->n) return false;
    const int32_t found = ps_keys_find(all->geography[g].areas->by_code, ps_str_of(code));
    *area = (size_t)found;
    return found != PS_NONE;
}

ps_status ps_geography_fit(const ps_geographies *all, size_t from, size_t to,
                           int32_t *area, ps_error *err) {
    const ps_areas *source = all->geography[from].areas,
                   *target = all->geography[to].areas;
    const size_t n = source->n;
    double *x = ps_alloc(n, sizeof *x), *y = ps_alloc(n, sizeof *y);
    ps_crs_operation *op = NULL;
    ps_locator *locator = NULL;
    ps_status status = x != NULL && y != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_areas_interior_points(source, x, y, err);
    if (status == PS_OK && !ps_crs_same(source->crs, target->crs)) {
        status = ps_crs_operation_open(source->crs, target->crs, NULL, 0, &op, err);
        if (status == PS_OK) ps_crs_operation_apply(op, n, x, y);
    }
    if (status == PS_OK)
        status = ps_locator_build(&(ps_locator_layer){target, NULL}, 1,
                                  ps_crs_is_geographic(target->crs), &locator, err);
    if (status == PS_OK) ps_locate(locator, n, x, y, area, NULL);
    ps_locator_free(locator);
    ps_crs_operation_free(op);
    ps_free(x), ps_free(y);
    return status;
}

/* Codes and names out of a table; a code that stands again is the same area. */
static ps_status add_codes(const ps_job_codes *spec, const ps_table *table, ps_keys *seen,
                           ps_areas_builder *builder, ps_error *err) {
    for (size_t r = 0; r < ps_table_rows(table); r++) {
        const ps_str code = ps_str_trim(ps_table_cell(table, r, 0));
        ps_str name = code;
        bool added;
        int32_t id;
        if (code.n == 0) continue;
        PS_TRY(ps_keys_add(seen, code, &id, &added, err));
        if (!added) continue;
        if (spec->name != NULL) name = ps_str_trim(ps_table_cell(table, r, 1));
        PS_TRY(ps_areas_builder_area(builder, code, name.n > 0 ? name : code, err));
    }
    return PS_OK;
}

/* Where the areas of a list lie, by a column of its table. */
static ps_status read_within(const ps_job_file *job, size_t i, const ps_geographies *all,
                             const ps_table *table, size_t column, ps_error *err) {
    ps_geography *g = &all->geography[i];
    const ps_job_within *in = g->spec->codes->in;
    char at[64];
    snprintf(at, sizeof at, "areas[%zu].codes.in", i);
    for (size_t b = 0; b < i; b++)
        if (strcmp(all->geography[b].spec->id, in->areas) == 0) g->lies_in = (int)b;
    const ps_geography *there = &all->geography[g->lies_in];
    if (!ps_geography_has_map(there))
        return ps_yaml_fail(job->yaml, err, PS_CONFIG, at,
                            "%s has no polygons, so that nothing lies in them",
                            in->areas);
    g->within = ps_alloc(g->areas->n, sizeof *g->within);
    if (g->within == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < g->areas->n; a++) g->within[a] = PS_NONE;
    size_t n = 0;
    for (size_t r = 0; r < ps_table_rows(table); r++) {
        const ps_str code = ps_str_trim(ps_table_cell(table, r, 0)),
                     place = ps_str_trim(ps_table_cell(table, r, column));
        const int32_t area = ps_keys_find(g->areas->by_code, code),
                      found = ps_keys_find(there->areas->by_code, place);
        if (area == PS_NONE || found == PS_NONE) continue;
        if (g->within[area] != PS_NONE && g->within[area] != found)
            return ps_yaml_fail(job->yaml, err, PS_FORMAT, at,
                                "'%.*s' lies in two areas of %s, one of them '%.*s'",
                                (int)code.n, code.p, in->areas, (int)place.n, place.p);
        g->within[area] = found;
        n++;
    }
    if (n > 0) return PS_OK;
    return ps_yaml_fail(job->yaml, err, PS_FORMAT, at,
                        "no row names an area of %s; is '%s' the column with its codes?",
                        in->areas, in->code);
}

static ps_status read_codes(const ps_job_file *job, size_t i, const ps_geographies *all,
                            const ps_talk *talk, ps_error *err) {
    ps_geography *g = &all->geography[i];
    const ps_job_codes *spec = g->spec->codes;
    char at[48];
    snprintf(at, sizeof at, "areas[%zu].codes", i);
    const char *columns[3] = {spec->code};
    size_t n_columns = 1;
    if (spec->name != NULL) columns[n_columns++] = spec->name;
    const size_t within = n_columns;
    if (spec->in != NULL) columns[n_columns++] = spec->in->code;
    const ps_area_rows rows = {.at = at,
                               .file = spec->file,
                               .sheet = spec->sheet,
                               .header = {spec->header, spec->header_rows},
                               .where = spec->where,
                               .n_where = spec->where_count};
    ps_table *table = NULL;
    ps_keys *seen = NULL;
    ps_areas_builder *builder = NULL;
    g->base = -1;
    PS_TRY(ps_area_rows_read(job, &rows, columns, n_columns, talk, &table, err));
    ps_status status = ps_keys_create(&seen, err);
    if (status == PS_OK) status = ps_areas_builder_create(&builder, err);
    if (status == PS_OK) status = add_codes(spec, table, seen, builder, err);
    const bool none = status == PS_OK && ps_keys_size(seen) == 0;
    ps_keys_free(seen);
    if (none)
        status = ps_yaml_fail(job->yaml, err, PS_FORMAT, at, "column '%s' has no codes",
                              spec->code);
    if (status == PS_OK)
        status = ps_areas_builder_finish(builder, NULL, &g->areas, err);
    else
        ps_areas_builder_free(builder);
    if (status == PS_OK && spec->in != NULL)
        status = read_within(job, i, all, table, within, err);
    ps_table_free(table);
    return status;
}

/* Rows of which all belong to one area: is there such an area? */
static ps_status check_area_codes(const ps_job_file *job, const ps_geographies *all,
                                  ps_error *err) {
    for (unsigned i = 0; i < job->job->points_count; i++) {
        const ps_job_points *p = &job->job->points[i];
        for (size_t g = 0; g < all->n && p->area != NULL; g++) {
            const ps_geography *geo = &all->geography[g];
            if (strcmp(geo->spec->id, p->areas) != 0 ||
                ps_keys_find(geo->areas->by_code, ps_str_of(p->area)) != PS_NONE)
                continue;
            char at[48];
            snprintf(at, sizeof at, "points[%u].area", i);
            return ps_yaml_fail(job->yaml, err, PS_CONFIG, at, "'%.60s' is no area of %s",
                                p->area, geo->spec->id);
        }
    }
    return PS_OK;
}

static ps_status open_all(const ps_job_file *job, ps_geographies *all,
                          const ps_talk *talk, ps_error *err) {
    for (size_t i = 0; i < all->n; i++) {
        ps_geography *g = &all->geography[i];
        g->spec = &job->job->areas[i];
        g->lies_in = -1;
        PS_TRY(ps_progress(talk, "reading boundaries", (double)i, (double)all->n, err));
        if (g->spec->file != NULL) {
            PS_TRY(read_polygons(job, i, g, talk, err));
        } else if (g->spec->codes != NULL) {
            PS_TRY(read_codes(job, i, all, talk, err));
        } else {
            PS_TRY(build_membership(job, i, all, talk, err));
        }
    }
    PS_TRY(check_area_codes(job, all, err));
    return ps_people_read(job, all, talk, err);
}

ps_status ps_geographies_open(const ps_job_file *job, const ps_talk *talk,
                              ps_geographies **out, ps_error *err) {
    *out = NULL;
    ps_geographies *all = ps_zalloc(1, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    all->geography = ps_zalloc(job->job->areas_count, sizeof *all->geography);
    if (all->geography == NULL) {
        ps_free(all);
        return ps_fail_nomem(err);
    }
    all->n = job->job->areas_count;
    ps_status status = open_all(job, all, talk, err);
    if (status != PS_OK) {
        ps_geographies_free(all);
        return status;
    }
    *out = all;
    return PS_OK;
}

void ps_geographies_free(ps_geographies *all) {
    if (all == NULL) return;
    for (size_t i = 0; i < all->n; i++) {
        ps_geography *g = &all->geography[i];
        ps_areas_free(g->areas);
        ps_free(g->offset), ps_free(g->member), ps_free(g->within);
        for (size_t k = 0; k < g->n_people; k++) {
            ps_free(g->people[k].value);
            ps_free(g->people[k].missing);
        }
        ps_free(g->people);
    }
    ps_free(all->geography);
    ps_free(all);
}

ps_status ps_geography_sum_cells(const ps_geography *built, size_t n_base_areas,
                                 const ps_tally_cell *cells, size_t n,
                                 ps_tally_cell **out, size_t *n_out, ps_error *err) {
    *out = NULL;
    size_t *first = ps_alloc(n_base_areas + 3, sizeof *first);
    ps_tally *sums = NULL;
    ps_status status = first != NULL ? ps_tally_create(&sums, err) : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t a = 0, at = 0; a < n_base_areas + 3; a++) {
            while (at < n && (size_t)cells[at].area < a) at++;
            first[a] = at;
        }
        const size_t areas = built->areas->n;
        for (size_t a = 0; a < areas && status == PS_OK; a++)
            for (size_t k = built->offset[a]; k < built->offset[a + 1]; k++) {
                size_t m = (size_t)built->member[k];
                for (size_t c = first[m]; c < first[m + 1] && status == PS_OK; c++)
                    status = ps_tally_add(sums, (int32_t)a, cells[c].group,
                                          cells[c].count, err);
            }
        for (size_t extra = 0; extra < 2; extra++)
            for (size_t c = first[n_base_areas + extra];
                 c < first[n_base_areas + extra + 1] && status == PS_OK; c++)
                status = ps_tally_add(sums, (int32_t)(areas + extra), cells[c].group,
                                      cells[c].count, err);
    }
    if (status == PS_OK) status = ps_tally_cells(sums, out, n_out, err);
    ps_tally_free(sums);
    ps_free(first);
    return status;
}
