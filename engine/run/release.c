#include "engine/run/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/release_audit.h"
#include "engine/run/release_records.h"

const char ps_release_reason[] = "suppressed: a small count, or one that gives it away";
const char ps_release_months[] = "not every month of protected data is released";

/* Why a geography is not released; the manifest has the words. */
static const char counted_twice[] = "its areas are built of areas that overlap";

/* Those of a proportion who are not in its numerator. */
typedef struct rest {
    const bool *in, *all;
    size_t selection;
} rest;

/* The pieces that each area of a geography is made of. */
typedef struct makeup {
    size_t *offset;
    int32_t *piece;
} makeup;

typedef struct guarded {
    const ps_data_set *data;
    size_t n_geographies;
    ps_release_rules rules;
    ps_audit *audit; /* NULL: not protected */
    rest *rest;
    size_t n_rests, rest_capacity;
    makeup *makeup;
    ps_audit_makeup *units; /* the same, borrowed */
    int32_t *rank;          /* by group: its place in the order of the texts */
} guarded;

struct ps_release {
    const ps_figures *figures;
    guarded *data;
    ps_release_records *records; /* NULL without a framework */
};

/* ---- Classes ---- */

static bool uses(const ps_binding *b, const ps_framework_part *part,
                 const ps_job_points *points) {
    if (part == NULL) return false;
    const ps_framework *f = b->framework;
    const ps_job_data *data =
        b->data[PS_FRAMEWORK_PLACE(f->data, f->data_count, part->data)];
    return data != NULL && strcmp(data->input, points->id) == 0;
}

ps_disclosure_class ps_release_class(const ps_job_points *points,
                                     const ps_bindings *bindings) {
    if (points->disclosure != NULL) return *points->disclosure;
    if (*points->format == PS_POINTS_POLICE_UK) return PS_DISCLOSURE_PUBLIC;
    ps_disclosure_class strictest = PS_DISCLOSURE_PUBLIC;
    for (size_t i = 0; i < bindings->n; i++) {
        const ps_binding *b = &bindings->binding[i];
        for (unsigned m = 0; m < b->framework->measures_count; m++) {
            const ps_framework_measure *measure = &b->framework->measures[m];
            if (!uses(b, measure->numerator, points) &&
                !uses(b, measure->denominator, points))
                continue;
            if (measure->disclosure > strictest) strictest = measure->disclosure;
        }
    }
    return strictest;
}

ps_release_rules ps_release_rules_of(const ps_job_disclosure *d, const char *input,
                                     ps_disclosure_class class) {
    const bool sensitive = class == PS_DISCLOSURE_SENSITIVE;
    ps_release_rules rules = {
        .disclosure = class,
        .threshold = sensitive ? d->sensitive_threshold : d->threshold,
        .hide_zeros = sensitive,
        .least_base = sensitive ? d->sensitive_people : 0};
    for (unsigned k = 0; k < d->off_count; k++)
        if (strcmp(d->off[k].input, input) == 0) rules.off = d->off[k].reason;
    return rules;
}

bool ps_release_rules_hide(const ps_release_rules *rules) {
    return rules->disclosure != PS_DISCLOSURE_PUBLIC && rules->off == NULL;
}

static bool is_protected(const guarded *g) {
    return ps_release_rules_hide(&g->rules);
}

static bool share_a_file(const ps_points *a, const ps_points *b) {
    for (size_t i = 0; i < ps_points_sources(a); i++)
        for (size_t k = 0; k < ps_points_sources(b); k++)
            if (strcmp(ps_points_source_path(a, i), ps_points_source_path(b, k)) == 0)
                return true;
    return false;
}

static ps_status check_files(const ps_job_file *job, const ps_release *r, ps_error *err) {
    for (size_t i = 0; i < r->figures->n_data; i++)
        for (size_t k = 0; k < i; k++) {
            if (!is_protected(&r->data[i]) && !is_protected(&r->data[k])) continue;
            const ps_data_set *a = &r->figures->data[i], *b = &r->figures->data[k];
            if (!share_a_file(a->count->points, b->count->points)) continue;
            char at[48];
            snprintf(at, sizeof at, "points[%zu].files", i);
            return ps_yaml_fail(
                job->yaml, err, PS_CONFIG, at,
                "reads a file that '%s' reads, too, so the figures of one could be "
                "subtracted from those of the other; make it one input with several "
                "series, or say under `disclosure.off` why both may be shown",
                b->spec->id);
        }
    return PS_OK;
}

/* ---- What the outputs show ---- */

static ps_status ask_for_series(ps_release *r, ps_error *err) {
    const ps_figures *f = r->figures;
    for (size_t s = 0; s < f->n_series; s++) {
        guarded *g = &r->data[f->series[s].data];
        size_t at;
        if (!is_protected(g)) continue;
        PS_TRY(ps_audit_select(g->audit, f->series[s].holds, false, &at, err));
        for (size_t k = 0; k < g->data->n_periods; k++) {
            const ps_period *p = &g->data->period[k];
            if (p->first < g->data->first || p->last > g->data->last) continue;
            for (size_t geo = 0; geo < g->n_geographies; geo++)
                PS_TRY(ps_audit_ask(g->audit, at, geo, p->first, p->last, err));
        }
    }
    return PS_OK;
}

/* What a measure shows of one selection: its periods and its baseline. */
static ps_status ask_for_part(ps_release *r, const ps_measure *m, size_t data, size_t at,
                              ps_error *err) {
    const guarded *g = &r->data[data];
    ps_period base;
    const bool has_base = ps_form_baseline(m->spec, &base);
    for (unsigned k = 0; k <= m->spec->geographies_count; k++) {
        /* The rows of a table may be areas of another geography. */
        const char *id = k < m->spec->geographies_count ? m->spec->geographies[k]
                         : m->spec->table != NULL       ? m->spec->table->of
                                                        : NULL;
        const int geo =
            id != NULL ? ps_measures_geography(r->figures->geographies, id) : -1;
        if (geo < 0) continue;
        for (size_t p = 0; p < m->n_periods; p++)
            PS_TRY(ps_audit_ask(g->audit, at, (size_t)geo, m->period[p].first,
                                m->period[p].last, err));
        if (has_base)
            PS_TRY(ps_audit_ask(g->audit, at, (size_t)geo, base.first, base.last, err));
    }
    return PS_OK;
}

static bool counts_rows(const ps_measure_part *part) {
    return part->spec != NULL && !part->people && part->records == NULL &&
           part->holds != NULL;
}

static ps_status add_rest(guarded *g, const bool *in, const bool *all, size_t *at,
                          ps_error *err) {
    const size_t groups = ps_figures_groups(g->data);
    PS_TRY(ps_grow((void **)&g->rest, &g->rest_capacity, g->n_rests + 1, sizeof *g->rest,
                   err));
    bool *others = ps_alloc(groups, sizeof *others);
    if (others == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < groups; k++) others[k] = all[k] && !in[k];
    PS_TRY(ps_audit_select(g->audit, others, true, at, err));
    g->rest[g->n_rests++] = (rest){in, all, *at};
    return PS_OK;
}

static ps_status ask_for_rest(ps_release *r, const ps_measure *m, size_t item,
                              ps_error *err) {
    guarded *g = &r->data[m->numerator.data];
    size_t at;
    PS_TRY(add_rest(g, ps_part_holds(&m->numerator, g->data, item),
                    ps_part_holds(&m->denominator, g->data, item), &at, err));
    return ask_for_part(r, m, m->numerator.data, at, err);
}

static ps_status ask_for_measure(ps_release *r, const ps_measure *m, ps_error *err) {
    const ps_measure_part *part[2] = {&m->numerator, &m->denominator};
    for (int k = 0; k < 2; k++) {
        if (!counts_rows(part[k]) || !is_protected(&r->data[part[k]->data])) continue;
        const guarded *g = &r->data[part[k]->data];
        for (size_t i = 0; i < part[k]->n_items; i++) {
            size_t at;
            PS_TRY(ps_audit_select(g->audit,
                                   part[k]->holds + i * ps_figures_groups(g->data), false,
                                   &at, err));
            PS_TRY(ask_for_part(r, m, part[k]->data, at, err));
        }
    }
    if (!counts_rows(part[0]) || !counts_rows(part[1]) ||
        part[0]->data != part[1]->data || !is_protected(&r->data[part[0]->data]))
        return PS_OK;
    for (size_t i = 0; i < part[0]->n_items; i++) PS_TRY(ask_for_rest(r, m, i, err));
    return PS_OK;
}

/* ---- What areas are made of ---- */

/* area: of each piece, PS_NONE outside. */
static ps_status sort_pieces(const int32_t *area, size_t pieces, size_t n_areas,
                             makeup *m, ps_error *err) {
    m->offset = ps_zalloc(n_areas + 2, sizeof *m->offset);
    m->piece = ps_alloc(pieces, sizeof *m->piece);
    if (m->offset == NULL || m->piece == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < pieces; i++)
        if (area[i] != PS_NONE) m->offset[area[i] + 2]++;
    for (size_t a = 2; a < n_areas + 2; a++) m->offset[a] += m->offset[a - 1];
    for (size_t i = 0; i < pieces; i++)
        if (area[i] != PS_NONE) m->piece[m->offset[area[i] + 1]++] = (int32_t)i;
    return PS_OK;
}

/* counted: place of the geography among those that rows are counted in. fit: of its
 * areas, each whole, into those of geo; NULL: it is geo. */
static ps_status make_up_counted(const guarded *g, const ps_geography *geo,
                                 size_t counted, const int32_t *fit, makeup *m,
                                 ps_error *err) {
    const ps_pieces *pieces = &g->data->count->pieces;
    int32_t *area = ps_alloc(pieces->n, sizeof *area);
    if (area == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < pieces->n; i++) {
        const int32_t in = pieces->area[i * g->data->count->n_geographies + counted];
        area[i] = in != PS_NONE && fit != NULL ? fit[in] : in;
    }
    ps_status status = sort_pieces(area, pieces->n, geo->areas->n, m, err);
    ps_free(area);
    return status;
}

static ps_status make_up_members(const ps_geography *geo, const makeup *base, makeup *m,
                                 ps_error *err) {
    size_t n = 0;
    for (size_t i = 0; i < geo->offset[geo->areas->n]; i++)
        n += base->offset[geo->member[i] + 1] - base->offset[geo->member[i]];
    m->offset = ps_zalloc(geo->areas->n + 1, sizeof *m->offset);
    m->piece = ps_alloc(n, sizeof *m->piece);
    if (m->offset == NULL || m->piece == NULL) return ps_fail_nomem(err);
    n = 0;
    for (size_t a = 0; a < geo->areas->n; a++) {
        m->offset[a] = n;
        for (size_t i = geo->offset[a]; i < geo->offset[a + 1]; i++)
            for (size_t k = base->offset[geo->member[i]];
                 k < base->offset[geo->member[i] + 1]; k++)
                m->piece[n++] = base->piece[k];
    }
    m->offset[geo->areas->n] = n;
    return PS_OK;
}

/* Areas built of overlapping ones count some rows twice, so they are no sets of rows. */
static bool counts_twice(const makeup *m, size_t n_areas, int32_t *last) {
    for (size_t a = 0; a < n_areas; a++)
        for (size_t k = m->offset[a]; k < m->offset[a + 1]; k++) {
            if (last[m->piece[k]] == (int32_t)a) return true;
            last[m->piece[k]] = (int32_t)a;
        }
    return false;
}

static ps_status leave_out_doubles(guarded *g, size_t geography, size_t n_areas,
                                   ps_error *err) {
    const size_t n = g->data->count->pieces.n;
    int32_t *last = ps_alloc(n, sizeof *last);
    if (last == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) last[i] = PS_NONE;
    if (counts_twice(&g->makeup[geography], n_areas, last))
        ps_audit_leave_out(g->audit, geography, counted_twice);
    ps_free(last);
    return PS_OK;
}

static ps_status make_up(const ps_geographies *all, const guarded *g, size_t k, makeup *m,
                         ps_error *err) {
    const ps_geography *geo = &all->geography[k];
    const ps_reach *reach = g->data->reach;
    if (reach->counted[k] >= 0)
        return make_up_counted(g, geo, (size_t)reach->counted[k], NULL, m, err);
    if (reach->fit[k] != NULL) return make_up_counted(g, geo, 0, reach->fit[k], m, err);
    if (reach->first[k] >= 0) return make_up_members(geo, &g->makeup[geo->base], m, err);
    m->offset = ps_zalloc(geo->areas->n + 1, sizeof *m->offset);
    return m->offset != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status make_up_areas(const ps_geographies *all, guarded *g, ps_error *err) {
    for (size_t k = 0; k < all->n; k++) {
        const size_t n = all->geography[k].areas->n;
        PS_TRY(make_up(all, g, k, &g->makeup[k], err));
        g->units[k] = (ps_audit_makeup){g->makeup[k].offset, g->makeup[k].piece};
        PS_TRY(leave_out_doubles(g, k, n, err));
    }
    return PS_OK;
}

typedef struct text_of {
    ps_str text;
    int32_t group;
} text_of;

static int by_text(const void *a, const void *b) {
    return ps_str_cmp(((const text_of *)a)->text, ((const text_of *)b)->text);
}

/* Which group has which number depends on the threads; their texts do not. */
static ps_status rank_groups(guarded *g, ps_error *err) {
    const size_t n = ps_figures_groups(g->data);
    const ps_keys *keys = ps_groups_keys(ps_points_groups(g->data->count->points));
    text_of *list = ps_alloc(n, sizeof *list);
    g->rank = ps_alloc(n, sizeof *g->rank);
    if (list == NULL || g->rank == NULL) {
        ps_free(list);
        return ps_fail_nomem(err);
    }
    for (size_t k = 0; k < n; k++)
        list[k] = (text_of){ps_keys_text(keys, (int32_t)k), (int32_t)k};
    qsort(list, n, sizeof *list, by_text);
    for (size_t k = 0; k < n; k++) g->rank[list[k].group] = (int32_t)k;
    ps_free(list);
    return PS_OK;
}

/* ---- The audits ---- */

static bool is_known(const void *context, size_t geography, size_t area, ps_month first,
                     ps_month last) {
    const ps_data_set *d = context;
    const int32_t reporter = d->reporter[geography][area];
    if (reporter == PS_NONE || !ps_reach_knows(d->reach, geography, area)) return false;
    const bool *present = d->present + (size_t)reporter * ps_figures_span(d);
    for (ps_month m = first; m <= last; m++)
        if (!present[m - d->first]) return false;
    return true;
}

static void tell_left_out(const ps_geographies *all, const guarded *g,
                          const ps_talk *talk) {
    for (size_t k = 0; k < all->n; k++)
        if (ps_audit_left_out(g->audit, k) != NULL)
            ps_say(talk, PS_TALK_WARNING, "%s: no figures for areas of %s: %s",
                   g->data->spec->id, all->geography[k].spec->id,
                   ps_audit_left_out(g->audit, k));
}

static ps_status open_audit(const ps_geographies *all, guarded *g, ps_error *err) {
    const ps_data_set *d = g->data;
    g->n_geographies = all->n;
    g->makeup = ps_zalloc(all->n, sizeof *g->makeup);
    g->units = ps_zalloc(all->n, sizeof *g->units);
    if (g->makeup == NULL || g->units == NULL) return ps_fail_nomem(err);
    PS_TRY(rank_groups(g, err));
    const ps_audit_rows rows = {.geographies = all,
                                .n_units = d->count->pieces.n,
                                .n_groups = ps_figures_groups(d),
                                .makeup = g->units,
                                .cell = d->count->pieces.cells,
                                .n_cells = d->count->pieces.n_cells,
                                .rank = g->rank,
                                .month = d->group_month,
                                .first = d->first,
                                .last = d->last,
                                .known = is_known,
                                .context = d};
    PS_TRY(ps_audit_open(&rows, &g->rules, &g->audit, err));
    return make_up_areas(all, g, err);
}

static ps_status decide(const ps_geographies *all, guarded *g, const ps_talk *talk,
                        ps_error *err) {
    ps_error why = {PS_OK, ""};
    const ps_status status = ps_audit_decide(g->audit, NULL, &why);
    if (status != PS_OK)
        return ps_fail(err, status, "%s: %s", g->data->spec->id, why.text);
    tell_left_out(all, g, talk);
    return PS_OK;
}

static ps_status open_release(const ps_job_file *job, const ps_bindings *bindings,
                              const ps_measures *measures, const ps_talk *talk,
                              ps_release *r, ps_error *err) {
    const ps_figures *f = r->figures;
    r->data = ps_zalloc(f->n_data, sizeof *r->data);
    if (r->data == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < f->n_data; i++) {
        guarded *g = &r->data[i];
        g->data = &f->data[i];
        g->rules = ps_release_rules_of(job->job->disclosure, g->data->spec->id,
                                       ps_release_class(g->data->spec, bindings));
        if (is_protected(g)) PS_TRY(open_audit(f->geographies, g, err));
    }
    PS_TRY(check_files(job, r, err));
    PS_TRY(ask_for_series(r, err));
    for (size_t m = 0; measures != NULL && m < measures->n; m++)
        if (measures->measure[m].absent == NULL)
            PS_TRY(ask_for_measure(r, &measures->measure[m], err));
    for (size_t i = 0; i < f->n_data; i++) {
        if (!is_protected(&r->data[i])) continue;
        PS_TRY(
            ps_progress(talk, "disclosure control", (double)i, (double)f->n_data, err));
        PS_TRY(decide(f->geographies, &r->data[i], talk, err));
    }
    if (measures != NULL)
        PS_TRY(ps_release_records_open(job->job, measures, &r->records, err));
    return PS_OK;
}

ps_status ps_release_open(const ps_job_file *job, const ps_bindings *bindings,
                          const ps_figures *figures, const ps_measures *measures,
                          const ps_talk *talk, ps_release **out, ps_error *err) {
    *out = NULL;
    ps_release *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->figures = figures;
    ps_status status = open_release(job, bindings, measures, talk, r, err);
    if (status == PS_OK)
        *out = r;
    else
        ps_release_free(r);
    return status;
}

static void close_guarded(guarded *g) {
    ps_audit_free(g->audit);
    for (size_t k = 0; k < g->n_geographies && g->makeup != NULL; k++) {
        ps_free(g->makeup[k].offset), ps_free(g->makeup[k].piece);
    }
    ps_free(g->makeup), ps_free(g->units), ps_free(g->rank), ps_free(g->rest);
}

void ps_release_free(ps_release *r) {
    if (r == NULL) return;
    for (size_t i = 0; r->data != NULL && i < r->figures->n_data; i++)
        close_guarded(&r->data[i]);
    ps_release_records_free(r->records);
    ps_free(r->data);
    ps_free(r);
}

/* ---- Asking ---- */

bool ps_release_protects(const ps_release *r, size_t data) {
    return r != NULL && is_protected(&r->data[data]);
}

bool ps_release_shows(const ps_release *r, size_t data, const bool *holds,
                      size_t geography, size_t area, ps_month first, ps_month last) {
    if (!ps_release_protects(r, data)) return true;
    const guarded *g = &r->data[data];
    return ps_audit_shows(g->audit, ps_audit_find(g->audit, holds), geography, area,
                          first, last);
}

bool ps_release_shows_records(const ps_release *r, const ps_measure_part *part,
                              size_t item, size_t geography, size_t area, ps_month first,
                              ps_month last) {
    return r == NULL || r->records == NULL ||
           ps_release_records_show_part(r->records, part, item, geography, area, first,
                                        last);
}

bool ps_release_protects_measure(const ps_release *r, const ps_measure *m) {
    if (r == NULL) return false;
    if (ps_release_records_protect(r->records, m)) return true;
    return (counts_rows(&m->numerator) && ps_release_protects(r, m->numerator.data)) ||
           (counts_rows(&m->denominator) && ps_release_protects(r, m->denominator.data));
}

static bool shows_rest(const guarded *g, const bool *in, const bool *all,
                       size_t geography, size_t area, ps_month first, ps_month last) {
    for (size_t k = 0; k < g->n_rests; k++)
        if (g->rest[k].in == in && g->rest[k].all == all)
            return ps_audit_shows(g->audit, g->rest[k].selection, geography, area, first,
                                  last);
    return false;
}

bool ps_release_shows_measure(const ps_release *r, const ps_measure *m, size_t item,
                              size_t geography, size_t area, ps_month first,
                              ps_month last) {
    const ps_measure_part *part[2] = {&m->numerator, &m->denominator};
    const bool *holds[2] = {NULL, NULL};
    bool any = false;
    if (r != NULL && r->records != NULL &&
        !ps_release_records_show(r->records, m, item, geography, area, first, last))
        return false;
    /* What is made of a table is made of counts and figures that may be shown. */
    if (m->spec->table != NULL) return true;
    for (int k = 0; k < 2; k++) {
        if (!counts_rows(part[k]) || !ps_release_protects(r, part[k]->data)) continue;
        any = true;
        holds[k] = ps_part_holds(part[k], r->data[part[k]->data].data, item);
        if (!ps_release_shows(r, part[k]->data, holds[k], geography, area, first, last))
            return false;
    }
    if (any && !m->form->counts_only) return false;
    if (holds[0] == NULL || holds[1] == NULL || part[0]->data != part[1]->data)
        return true;
    return shows_rest(&r->data[part[0]->data], holds[0], holds[1], geography, area, first,
                      last);
}

/* ---- What was done ---- */

static void manifest_left_out(const ps_geographies *all, const guarded *g,
                              ps_json *json) {
    ps_json_key(json, "left_out");
    ps_json_object(json);
    ps_json_member_text(json, "counts.csv",
                        "months of protected data are shown as periods only");
    for (size_t k = 0; k < all->n; k++)
        if (ps_audit_left_out(g->audit, k) != NULL)
            ps_json_member_text(json, all->geography[k].spec->id,
                                ps_audit_left_out(g->audit, k));
    ps_json_end_object(json);
}

void ps_release_manifest(const ps_release *r, ps_json *json) {
    ps_json_key(json, "disclosure");
    ps_json_array(json);
    for (size_t i = 0; i < r->figures->n_data; i++) {
        const guarded *g = &r->data[i];
        ps_json_object(json);
        ps_json_member_text(json, "input", g->data->spec->id);
        ps_json_member_text(json, "class", ps_disclosure_class_text(g->rules.disclosure));
        if (g->rules.off != NULL) ps_json_member_text(json, "off", g->rules.off);
        if (is_protected(g)) {
            ps_audit_manifest(&g->rules, ps_audit_summary(g->audit), json);
            manifest_left_out(r->figures->geographies, g, json);
        }
        ps_json_end_object(json);
    }
    if (r->records != NULL) ps_release_records_manifest(r->records, json);
    ps_json_end_array(json);
}

void ps_release_summary(const ps_release *r, ps_output *out) {
    for (size_t i = 0; i < r->figures->n_data; i++) {
        const guarded *g = &r->data[i];
        if (!is_protected(g)) continue;
        ps_audit_tell(g->data->spec->id, &g->rules, ps_audit_summary(g->audit), out);
    }
    if (r->records != NULL) ps_release_records_summary(r->records, out);
}
