#include "engine/run/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/partition.h"
#include "engine/run/framework_check.h"
#include "engine/run/release_records.h"
#include "indicators/protect.h"

/* Counts of a release, and places in its sums: some hundred megabytes. */
enum { MOST_COUNTS = 20000000, MOST_CELLS = 1000000 };
/* Places times kinds times selections: a minute. */
static const double MOST_WORK = 3e8;

const char ps_release_reason[] = "suppressed: a small count, or one that gives it away";

/* Why a geography is not released; the manifest has the words. */
static const char counted_twice[] = "its areas are built of areas that overlap";
static const char too_large[] = "its counts are too many to be protected together";

/* Rows that an output counts. */
typedef struct selection {
    const bool *holds;
    bool *own; /* when made here: of `all`, those not in `in` */
    const bool *in, *all;
    size_t same; /* the first one that holds the same groups */
} selection;

typedef struct stretch {
    ps_month first, last; /* within the span */
} stretch;

/* An output shows a selection in a stretch for the areas of a geography. */
typedef struct ask {
    size_t selection, stretch, geography;
    size_t first_cell; /* one for each area, when the geography is released */
} ask;

/* The pieces that each area of a geography is made of. */
typedef struct makeup {
    size_t *offset;
    int32_t *piece;
} makeup;

typedef struct guarded {
    const ps_data_set *data;
    size_t n_geographies;
    ps_release_rules rules;
    selection *selection;
    size_t n_selections, selection_capacity;
    stretch *stretch;
    size_t n_stretches, stretch_capacity;
    ask *ask;
    size_t n_asks, ask_capacity;
    makeup *makeup;
    const char **left_out;   /* by geography: why it is not released, or NULL */
    int32_t *rank;           /* by group: its place in the order of the texts */
    ps_protect_cause *cause; /* by cell */
    ps_protect_summary summary;
    bool decided; /* else nothing is shown */
} guarded;

/* The months of the span, those without a date last: runs that every stretch takes or
 * leaves together. */
typedef struct columns {
    int32_t *of; /* by month */
    size_t n;
} columns;

/* All that is released of one data set, as sums over a table of rows by place and kind.
 */
typedef struct table {
    ps_partition areas, groups; /* of pieces and of ranks */
    columns months;
    size_t n_places; /* blocks of areas times columns */
    int64_t *count;
    size_t n_selections; /* and all rows */
    bool *takes;
    size_t *same; /* by selection: the first that takes the same kinds */
    size_t *offset, n_sets, set_capacity;
    int32_t *place;
    size_t n_members, member_capacity;
    ps_protect_cell *cell;
    size_t n_cells, cell_capacity;
    bool *in_stretch; /* scratch, by column */
    int32_t *blocks;  /* scratch */
    int64_t *rows;    /* scratch, by kind or column */
    bool *outside;    /* by block of areas */
} table;

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

static ps_status add_selection(guarded *g, const bool *holds, bool *own, size_t *at,
                               ps_error *err) {
    for (*at = 0; *at < g->n_selections; ++*at)
        if (g->selection[*at].holds == holds) return PS_OK;
    size_t same = 0;
    while (same < *at && memcmp(g->selection[same].holds, holds,
                                ps_figures_groups(g->data) * sizeof *holds) != 0)
        same++;
    ps_status status = ps_grow((void **)&g->selection, &g->selection_capacity, *at + 1,
                               sizeof *g->selection, err);
    if (status != PS_OK) {
        ps_free(own);
        return status;
    }
    g->selection[g->n_selections++] =
        (selection){.holds = holds, .own = own, .same = same};
    return PS_OK;
}

/* Only what the data span. */
static bool clip(const ps_data_set *d, ps_month *first, ps_month *last) {
    if (*first < d->first) *first = d->first;
    if (*last > d->last) *last = d->last;
    return *first <= *last;
}

static const ask *find_ask(const guarded *g, size_t rows, size_t months,
                           size_t geography) {
    for (size_t i = 0; i < g->n_asks; i++)
        if (g->ask[i].selection == rows && g->ask[i].stretch == months &&
            g->ask[i].geography == geography)
            return &g->ask[i];
    return NULL;
}

static ps_status add_ask(guarded *g, size_t rows, size_t geography, ps_month first,
                         ps_month last, ps_error *err) {
    size_t at = 0;
    if (!clip(g->data, &first, &last)) return PS_OK;
    while (at < g->n_stretches &&
           (g->stretch[at].first != first || g->stretch[at].last != last))
        at++;
    if (at == g->n_stretches) {
        PS_TRY(ps_grow((void **)&g->stretch, &g->stretch_capacity, at + 1,
                       sizeof *g->stretch, err));
        g->stretch[g->n_stretches++] = (stretch){first, last};
    }
    rows = g->selection[rows].same;
    if (find_ask(g, rows, at, geography) != NULL) return PS_OK;
    PS_TRY(
        ps_grow((void **)&g->ask, &g->ask_capacity, g->n_asks + 1, sizeof *g->ask, err));
    g->ask[g->n_asks++] = (ask){rows, at, geography, 0};
    return PS_OK;
}

static ps_status ask_for_series(ps_release *r, ps_error *err) {
    const ps_figures *f = r->figures;
    for (size_t s = 0; s < f->n_series; s++) {
        guarded *g = &r->data[f->series[s].data];
        size_t at;
        if (!is_protected(g)) continue;
        PS_TRY(add_selection(g, f->series[s].holds, NULL, &at, err));
        for (size_t k = 0; k < g->data->n_periods; k++) {
            const ps_period *p = &g->data->period[k];
            if (p->first < g->data->first || p->last > g->data->last) continue;
            for (size_t geo = 0; geo < g->n_geographies; geo++)
                PS_TRY(add_ask(g, at, geo, p->first, p->last, err));
        }
    }
    return PS_OK;
}

/* What a measure shows of one selection: its periods and its baseline. */
static ps_status ask_for_part(ps_release *r, const ps_measure *m, size_t data, size_t at,
                              ps_error *err) {
    guarded *g = &r->data[data];
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
            PS_TRY(
                add_ask(g, at, (size_t)geo, m->period[p].first, m->period[p].last, err));
        if (has_base) PS_TRY(add_ask(g, at, (size_t)geo, base.first, base.last, err));
    }
    return PS_OK;
}

static bool counts_rows(const ps_measure_part *part) {
    return part->spec != NULL && !part->people && part->records == NULL &&
           part->holds != NULL;
}

/* Those of a proportion who are not in its numerator. */
static ps_status ask_for_rest(ps_release *r, const ps_measure *m, size_t item,
                              ps_error *err) {
    guarded *g = &r->data[m->numerator.data];
    const size_t groups = ps_figures_groups(g->data);
    const bool *in = ps_part_holds(&m->numerator, g->data, item),
               *all = ps_part_holds(&m->denominator, g->data, item);
    bool *rest = ps_alloc(groups, sizeof *rest);
    if (rest == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < groups; k++) rest[k] = all[k] && !in[k];
    size_t at;
    PS_TRY(add_selection(g, rest, rest, &at, err));
    g->selection[at].in = in, g->selection[at].all = all;
    return ask_for_part(r, m, m->numerator.data, at, err);
}

static ps_status ask_for_measure(ps_release *r, const ps_measure *m, ps_error *err) {
    const ps_measure_part *part[2] = {&m->numerator, &m->denominator};
    for (int k = 0; k < 2; k++) {
        if (!counts_rows(part[k]) || !is_protected(&r->data[part[k]->data])) continue;
        guarded *g = &r->data[part[k]->data];
        for (size_t i = 0; i < part[k]->n_items; i++) {
            size_t at;
            PS_TRY(add_selection(g, ps_part_holds(part[k], g->data, i), NULL, &at, err));
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
        g->left_out[geography] = counted_twice;
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

/* ---- The table ---- */

/* Rows without a date are a month of their own, behind the others. */
static size_t month_unit(const ps_data_set *d, int32_t group) {
    const ps_month m = d->group_month[group];
    return m == PS_NO_MONTH ? ps_figures_span(d) : (size_t)(m - d->first);
}

static ps_status split_areas(const ps_geographies *all, const guarded *g,
                             ps_partition *part, ps_error *err) {
    PS_TRY(ps_partition_open(g->data->count->pieces.n, part, err));
    for (size_t k = 0; k < all->n; k++) {
        const makeup *m = &g->makeup[k];
        for (size_t a = 0; a < all->geography[k].areas->n && g->left_out[k] == NULL; a++)
            ps_partition_split(part, m->piece + m->offset[a],
                               m->offset[a + 1] - m->offset[a]);
    }
    return PS_OK;
}

static ps_status split_groups(const guarded *g, int32_t *unit, ps_partition *part,
                              ps_error *err) {
    const size_t groups = ps_figures_groups(g->data);
    PS_TRY(ps_partition_open(groups, part, err));
    for (size_t s = 0; s < g->n_selections; s++) {
        size_t n = 0;
        for (size_t k = 0; k < groups; k++)
            if (g->selection[s].holds[k]) unit[n++] = g->rank[k];
        ps_partition_split(part, unit, n);
    }
    return PS_OK;
}

/* In their order, so that a stretch is a run of columns. */
static ps_status split_months(const guarded *g, columns *c, ps_error *err) {
    const size_t span = ps_figures_span(g->data);
    bool *starts = ps_zalloc(span + 1, sizeof *starts);
    c->of = ps_alloc(span + 1, sizeof *c->of);
    if (starts == NULL || c->of == NULL) {
        ps_free(starts);
        return ps_fail_nomem(err);
    }
    for (size_t s = 0; s < g->n_stretches; s++) {
        starts[g->stretch[s].first - g->data->first] = true;
        starts[g->stretch[s].last + 1 - g->data->first] = true;
    }
    c->n = 0;
    for (size_t m = 0; m <= span; m++) {
        c->n += m == 0 || m == span || starts[m];
        c->of[m] = (int32_t)c->n - 1;
    }
    ps_free(starts);
    return PS_OK;
}

static ps_status split_all(const ps_geographies *all, const guarded *g, table *t,
                           ps_error *err) {
    int32_t *unit = ps_alloc(ps_figures_groups(g->data), sizeof *unit);
    ps_status status = unit != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = split_areas(all, g, &t->areas, err);
    if (status == PS_OK) status = split_groups(g, unit, &t->groups, err);
    if (status == PS_OK) status = split_months(g, &t->months, err);
    ps_free(unit);
    return status;
}

/* A place for each block of areas in each block of months, and the rows in it. */
static ps_status fill_counts(const guarded *g, table *t, ps_error *err) {
    const ps_pieces *pieces = &g->data->count->pieces;
    const size_t months = t->months.n, kinds = t->groups.n_blocks;
    t->n_places = t->areas.n_blocks * months;
    if ((kinds > 0 && t->n_places > MOST_COUNTS / kinds) ||
        (double)t->n_places * (double)kinds * (double)g->n_selections > MOST_WORK)
        return ps_fail(err, PS_LIMIT, "more than %d counts in one release", MOST_COUNTS);
    t->count = ps_zalloc(t->n_places, kinds * sizeof *t->count);
    if (t->count == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < pieces->n_cells; i++) {
        const ps_tally_cell *c = &pieces->cells[i];
        const size_t area = (size_t)t->areas.block[c->area],
                     month = (size_t)t->months.of[month_unit(g->data, c->group)],
                     kind = (size_t)t->groups.block[g->rank[c->group]];
        t->count[(area * months + month) * kinds + kind] += c->count;
    }
    return PS_OK;
}

static ps_status list_same(table *t, ps_error *err) {
    const size_t kinds = t->groups.n_blocks;
    t->same = ps_alloc(t->n_selections, sizeof *t->same);
    if (t->same == NULL) return ps_fail_nomem(err);
    for (size_t s = 0; s < t->n_selections; s++) {
        size_t *same = &t->same[s];
        for (*same = 0; *same < s; ++*same)
            if (memcmp(t->takes + *same * kinds, t->takes + s * kinds, kinds) == 0) break;
    }
    return PS_OK;
}

/* What every selection takes, and then all rows. */
static ps_status fill_selections(const guarded *g, table *t, ps_error *err) {
    const size_t kinds = t->groups.n_blocks;
    t->n_selections = g->n_selections + 1;
    t->takes = ps_zalloc(t->n_selections, kinds * sizeof *t->takes);
    if (t->takes == NULL) return ps_fail_nomem(err);
    for (size_t s = 0; s <= g->n_selections; s++)
        for (size_t k = 0; k < ps_figures_groups(g->data); k++)
            if (s == g->n_selections || g->selection[s].holds[k])
                t->takes[s * kinds + (size_t)t->groups.block[g->rank[k]]] = true;
    return list_same(t, err);
}

/* ---- Its sets and cells ---- */

/* The columns of a stretch; the last one is all of the time. */
static size_t months_of(const guarded *g, const table *t, size_t at, bool *in) {
    memset(in, 0, t->months.n * sizeof *in);
    const bool all = at == g->n_stretches;
    const ps_month first = all ? g->data->first : g->stretch[at].first,
                   last = all ? g->data->last : g->stretch[at].last;
    for (ps_month m = first; m <= last; m++) in[t->months.of[m - g->data->first]] = true;
    if (all) in[t->months.of[ps_figures_span(g->data)]] = true;
    size_t n = 0;
    for (size_t b = 0; b < t->months.n; b++) n += in[b];
    return n;
}

/* The places of some blocks of areas in the columns of t->in_stretch. */
static ps_status add_set(table *t, const int32_t *block, size_t n, ps_error *err) {
    const size_t months = t->months.n;
    size_t more = 0;
    for (size_t m = 0; m < months; m++) more += t->in_stretch[m] ? n : 0;
    if (t->n_members + more > MOST_COUNTS)
        return ps_fail(err, PS_LIMIT, "more than %d sums in one release", MOST_COUNTS);
    PS_TRY(ps_grow((void **)&t->offset, &t->set_capacity, t->n_sets + 2,
                   sizeof *t->offset, err));
    PS_TRY(ps_grow((void **)&t->place, &t->member_capacity, t->n_members + more + 1,
                   sizeof *t->place, err));
    t->offset[t->n_sets++] = t->n_members;
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < months; m++)
            if (t->in_stretch[m])
                t->place[t->n_members++] = (int32_t)((size_t)block[i] * months + m);
    t->offset[t->n_sets] = t->n_members;
    return PS_OK;
}

/* A set for each of the first times. */
static ps_status add_sets(const guarded *g, table *t, const int32_t *block, size_t n,
                          size_t times, int32_t *first, ps_error *err) {
    *first = (int32_t)t->n_sets;
    for (size_t s = 0; s < times; s++) {
        months_of(g, t, s, t->in_stretch);
        PS_TRY(add_set(t, block, n, err));
    }
    return PS_OK;
}

static int by_number(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The blocks of an area, into t->blocks. */
static size_t list_blocks(const guarded *g, const table *t, size_t geography,
                          size_t area) {
    const makeup *m = &g->makeup[geography];
    size_t n = 0, kept = 0;
    for (size_t k = m->offset[area]; k < m->offset[area + 1]; k++)
        t->blocks[n++] = t->areas.block[m->piece[k]];
    qsort(t->blocks, n, sizeof *t->blocks, by_number);
    for (size_t k = 0; k < n; k++)
        if (k == 0 || t->blocks[k] != t->blocks[k - 1]) t->blocks[kept++] = t->blocks[k];
    return kept;
}

static ps_status add_area(const guarded *g, table *t, size_t geography, size_t area,
                          int32_t *first, ps_error *err) {
    const size_t n = list_blocks(g, t, geography, area);
    return add_sets(g, t, t->blocks, n, g->n_stretches, first, err);
}

static ps_status add_cell(table *t, ps_protect_cell cell, ps_error *err) {
    if (t->n_cells == MOST_CELLS)
        return ps_fail(err, PS_LIMIT, "more than %d cells in one release", MOST_CELLS);
    PS_TRY(ps_grow((void **)&t->cell, &t->cell_capacity, t->n_cells + 1, sizeof *t->cell,
                   err));
    t->cell[t->n_cells++] = cell;
    return PS_OK;
}

static bool is_known(const ps_data_set *d, size_t geography, size_t area, ps_month first,
                     ps_month last) {
    const int32_t reporter = d->reporter[geography][area];
    if (reporter == PS_NONE || !ps_reach_knows(d->reach, geography, area)) return false;
    const bool *present = d->present + (size_t)reporter * ps_figures_span(d);
    for (ps_month m = first; m <= last; m++)
        if (!present[m - d->first]) return false;
    return true;
}

static int64_t people_of(const ps_geography *geo, size_t area) {
    if (geo->population == NULL || geo->population_missing[area]) return -1;
    return (int64_t)geo->population[area];
}

/* What is not known is not shown, but must not follow either. */
static ps_status add_tables(const ps_geographies *all, guarded *g, table *t,
                            const int32_t *const *set, ps_error *err) {
    for (size_t i = 0; i < g->n_asks; i++) {
        ask *q = &g->ask[i];
        const stretch *s = &g->stretch[q->stretch];
        const ps_geography *geo = &all->geography[q->geography];
        q->first_cell = t->n_cells;
        if (g->left_out[q->geography] != NULL) continue;
        for (size_t a = 0; a < geo->areas->n; a++) {
            const bool known = is_known(g->data, q->geography, a, s->first, s->last);
            PS_TRY(add_cell(
                t,
                (ps_protect_cell){set[q->geography][a] + (int32_t)q->stretch,
                                  (int32_t)q->selection, known ? (int32_t)i : -1,
                                  set[q->geography][a], false, people_of(geo, a)},
                err));
        }
    }
    return PS_OK;
}

/* By kind, in a set. */
static void count_kinds(const table *t, size_t set, int64_t *rows) {
    const size_t kinds = t->groups.n_blocks;
    memset(rows, 0, kinds * sizeof *rows);
    for (size_t i = t->offset[set]; i < t->offset[set + 1]; i++)
        for (size_t k = 0; k < kinds; k++)
            rows[k] += t->count[(size_t)t->place[i] * kinds + k];
}

/* Borders between columns that the stretches of a selection in a geography tie together:
 * what lies between two of them follows from differences. */
static void tie_borders(const guarded *g, const table *t, size_t geography, size_t rows,
                        int32_t *tied) {
    for (size_t c = 0; c < t->months.n; c++) tied[c] = (int32_t)c;
    for (size_t i = 0; i < g->n_asks; i++) {
        const ask *q = &g->ask[i];
        if (q->geography != geography || q->selection != rows) continue;
        const stretch *s = &g->stretch[q->stretch];
        const int32_t from = tied[t->months.of[s->last + 1 - g->data->first]],
                      to = tied[t->months.of[s->first - g->data->first]];
        for (size_t c = 0; c < t->months.n; c++)
            if (tied[c] == from) tied[c] = to;
    }
}

static bool is_asked(const guarded *g, const table *t, size_t geography, size_t rows,
                     size_t first, size_t end) {
    for (size_t i = 0; i < g->n_asks; i++) {
        const ask *q = &g->ask[i];
        const stretch *s = &g->stretch[q->stretch];
        if (q->geography == geography && q->selection == rows &&
            t->months.of[s->first - g->data->first] == (int32_t)first &&
            t->months.of[s->last + 1 - g->data->first] == (int32_t)end)
            return true;
    }
    return false;
}

/* Rows of a selection in the blocks of t->blocks, by column. */
static void count_columns(const table *t, size_t n_blocks, size_t rows, int64_t *column) {
    const size_t kinds = t->groups.n_blocks, months = t->months.n;
    memset(column, 0, months * sizeof *column);
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t m = 0; m < months; m++)
            for (size_t k = 0; k < kinds; k++)
                if (t->takes[rows * kinds + k])
                    column[m] +=
                        t->count[((size_t)t->blocks[b] * months + m) * kinds + k];
}

static ps_status add_run(table *t, size_t n_blocks, ps_protect_cell cell, size_t first,
                         size_t end, ps_error *err) {
    for (size_t m = 0; m < t->months.n; m++) t->in_stretch[m] = m >= first && m < end;
    cell.set = (int32_t)t->n_sets;
    PS_TRY(add_set(t, t->blocks, n_blocks, err));
    return add_cell(t, cell, err);
}

/* Small counts of the months that stretches of an area do not share. */
static ps_status add_differences_of_area(const guarded *g, table *t, size_t geography,
                                         size_t area, size_t rows, const int32_t *tied,
                                         int32_t owner, ps_error *err) {
    const size_t n = list_blocks(g, t, geography, area);
    const ps_protect_cell cell = {.selection = (int32_t)rows,
                                  .table = -1,
                                  .owner = owner,
                                  .if_told = true,
                                  .people = -1};
    count_columns(t, n, rows, t->rows);
    for (size_t first = 0; first + 1 < t->months.n; first++) {
        int64_t count = 0;
        for (size_t end = first + 1; end < t->months.n; end++) {
            count += t->rows[end - 1];
            if (count >= g->rules.threshold) break;
            if (count == 0 || tied[first] != tied[end] ||
                is_asked(g, t, geography, rows, first, end))
                continue;
            PS_TRY(add_run(t, n, cell, first, end, err));
        }
    }
    return PS_OK;
}

static ps_status add_differences(const ps_geographies *all, const guarded *g, table *t,
                                 const int32_t *const *set, ps_error *err) {
    int32_t *tied = ps_alloc(t->months.n, sizeof *tied);
    ps_status status = tied != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t k = 0; k < all->n; k++)
        for (size_t s = 0; s < g->n_selections && g->left_out[k] == NULL; s++) {
            if (status != PS_OK || g->selection[s].same != s) continue;
            tie_borders(g, t, k, s, tied);
            for (size_t a = 0; a < all->geography[k].areas->n && status == PS_OK; a++)
                status = add_differences_of_area(g, t, k, a, s, tied, set[k][a], err);
        }
    ps_free(tied);
    return status;
}

static ps_status add_small(const guarded *g, table *t, size_t set, ps_error *err) {
    const size_t kinds = t->groups.n_blocks;
    count_kinds(t, set, t->rows);
    for (size_t s = 0; s < t->n_selections; s++) {
        int64_t count = 0;
        for (size_t k = 0; k < kinds; k++)
            if (t->takes[s * kinds + k]) count += t->rows[k];
        if (count == 0 || count >= g->rules.threshold || t->same[s] != s) continue;
        PS_TRY(add_cell(t,
                        (ps_protect_cell){.set = (int32_t)set,
                                          .selection = (int32_t)s,
                                          .table = -1,
                                          .owner = -1,
                                          .people = -1},
                        err));
    }
    return PS_OK;
}

/* What areas have in common. */
static ps_status add_pieces(const guarded *g, table *t, ps_error *err) {
    for (size_t b = 0; b < t->areas.n_blocks; b++) {
        const int32_t block = (int32_t)b;
        int32_t first;
        if (t->outside[b]) continue;
        PS_TRY(add_sets(g, t, &block, 1, g->n_stretches + 1, &first, err));
        for (size_t s = 0; s <= g->n_stretches; s++)
            PS_TRY(add_small(g, t, (size_t)first + s, err));
    }
    return PS_OK;
}

/* Blocks of areas in no area of a table are nobody's. */
static void mark_outside(const ps_geographies *all, const guarded *g, table *t) {
    for (size_t b = 0; b < t->areas.n_blocks; b++) t->outside[b] = true;
    for (size_t k = 0; k < all->n; k++) {
        const makeup *m = &g->makeup[k];
        for (size_t i = 0;
             g->left_out[k] == NULL && i < m->offset[all->geography[k].areas->n]; i++)
            t->outside[t->areas.block[m->piece[i]]] = false;
    }
}

static ps_status add_all_sets(const ps_geographies *all, const guarded *g, table *t,
                              int32_t **set, ps_error *err) {
    for (size_t k = 0; k < all->n; k++) {
        set[k] = ps_alloc(all->geography[k].areas->n, sizeof *set[k]);
        if (set[k] == NULL) return ps_fail_nomem(err);
        for (size_t a = 0; a < all->geography[k].areas->n && g->left_out[k] == NULL; a++)
            PS_TRY(add_area(g, t, k, a, &set[k][a], err));
    }
    return PS_OK;
}

static ps_status fill_table(const ps_geographies *all, guarded *g, table *t,
                            ps_error *err) {
    int32_t **set = ps_zalloc(all->n, sizeof *set);
    t->in_stretch = ps_alloc(t->months.n, sizeof *t->in_stretch);
    t->blocks = ps_alloc(g->data->count->pieces.n, sizeof *t->blocks);
    t->outside = ps_alloc(t->areas.n_blocks, sizeof *t->outside);
    t->rows = ps_alloc(t->groups.n_blocks + t->months.n, sizeof *t->rows);
    ps_status status = PS_OK;
    if (set == NULL || t->in_stretch == NULL || t->blocks == NULL || t->outside == NULL ||
        t->rows == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK) mark_outside(all, g, t);
    if (status == PS_OK) status = add_all_sets(all, g, t, set, err);
    if (status == PS_OK) status = add_tables(all, g, t, (const int32_t *const *)set, err);
    if (status == PS_OK)
        status = add_differences(all, g, t, (const int32_t *const *)set, err);
    if (status == PS_OK) status = add_pieces(g, t, err);
    for (size_t k = 0; set != NULL && k < all->n; k++) ps_free(set[k]);
    ps_free((void *)set);
    return status;
}

/* ---- Deciding ---- */

static void close_table(table *t) {
    ps_partition_close(&t->areas);
    ps_partition_close(&t->groups);
    ps_free(t->months.of);
    ps_free(t->count), ps_free(t->takes), ps_free(t->offset), ps_free(t->place);
    ps_free(t->same), ps_free(t->rows);
    ps_free(t->cell), ps_free(t->in_stretch), ps_free(t->blocks), ps_free(t->outside);
}

static ps_status protect(guarded *g, const table *t, ps_error *err) {
    const size_t no_sets[1] = {0};
    const ps_protect_release release = {.n_places = t->n_places,
                                        .n_kinds = t->groups.n_blocks,
                                        .count = t->count,
                                        .n_columns = t->months.n,
                                        .n_sets = t->n_sets,
                                        .offset = t->n_sets > 0 ? t->offset : no_sets,
                                        .place = t->place,
                                        .n_selections = t->n_selections,
                                        .takes = t->takes,
                                        .n_cells = t->n_cells,
                                        .n_tables = g->n_asks,
                                        .cell = t->cell};
    const ps_protect_options options = {g->rules.threshold, g->rules.hide_zeros,
                                        g->rules.least_base};
    ps_free(g->cause);
    g->cause = ps_alloc(t->n_cells, sizeof *g->cause);
    if (g->cause == NULL) return ps_fail_nomem(err);
    return ps_protect(&release, &options, g->cause, &g->summary, err);
}

static ps_status attempt(const ps_geographies *all, guarded *g, ps_error *err) {
    table t = {.n_places = 0};
    ps_status status = split_all(all, g, &t, err);
    if (status == PS_OK) status = fill_counts(g, &t, err);
    if (status == PS_OK) status = fill_selections(g, &t, err);
    if (status == PS_OK) status = fill_table(all, g, &t, err);
    if (status == PS_OK) status = protect(g, &t, err);
    close_table(&t);
    return status;
}

/* Leave the geography with most areas out; false when none is left. */
static bool leave_out_finest(const ps_geographies *all, guarded *g) {
    size_t most = SIZE_MAX;
    for (size_t k = 0; k < all->n; k++)
        if (g->left_out[k] == NULL &&
            (most == SIZE_MAX ||
             all->geography[k].areas->n > all->geography[most].areas->n))
            most = k;
    if (most == SIZE_MAX) return false;
    g->left_out[most] = too_large;
    return true;
}

static ps_status decide(const ps_geographies *all, guarded *g, ps_error *err) {
    for (;;) {
        ps_error why = {PS_OK, ""};
        const ps_status tried = attempt(all, g, &why);
        g->decided = tried == PS_OK;
        if (tried == PS_OK) return PS_OK;
        if (tried != PS_LIMIT)
            return ps_fail(err, tried, "%s: %s", g->data->spec->id, why.text);
        if (!leave_out_finest(all, g)) return PS_OK;
    }
}

static void tell_left_out(const ps_geographies *all, const guarded *g,
                          const ps_talk *talk) {
    for (size_t k = 0; k < all->n; k++)
        if (g->left_out[k] != NULL)
            ps_say(talk, PS_TALK_WARNING, "%s: no figures for areas of %s: %s",
                   g->data->spec->id, all->geography[k].spec->id, g->left_out[k]);
}

static ps_status open_guarded(const ps_figures *f, const ps_data_set *d, guarded *g,
                              ps_error *err) {
    g->data = d;
    g->n_geographies = f->geographies->n;
    g->makeup = ps_zalloc(g->n_geographies, sizeof *g->makeup);
    g->left_out = ps_zalloc(g->n_geographies, sizeof *g->left_out);
    return g->makeup != NULL && g->left_out != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status open_release(const ps_job_file *job, const ps_bindings *bindings,
                              const ps_measures *measures, const ps_talk *talk,
                              ps_release *r, ps_error *err) {
    const ps_figures *f = r->figures;
    r->data = ps_zalloc(f->n_data, sizeof *r->data);
    if (r->data == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < f->n_data; i++) {
        PS_TRY(open_guarded(f, &f->data[i], &r->data[i], err));
        r->data[i].rules =
            ps_release_rules_of(job->job->disclosure, f->data[i].spec->id,
                                ps_release_class(f->data[i].spec, bindings));
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
        PS_TRY(make_up_areas(f->geographies, &r->data[i], err));
        PS_TRY(rank_groups(&r->data[i], err));
        PS_TRY(decide(f->geographies, &r->data[i], err));
        tell_left_out(f->geographies, &r->data[i], talk);
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
    for (size_t s = 0; s < g->n_selections; s++) ps_free(g->selection[s].own);
    for (size_t k = 0; k < g->n_geographies && g->makeup != NULL; k++) {
        ps_free(g->makeup[k].offset), ps_free(g->makeup[k].piece);
    }
    ps_free(g->selection), ps_free(g->stretch), ps_free(g->ask);
    ps_free(g->makeup), ps_free((void *)g->left_out), ps_free(g->rank);
    ps_free(g->cause);
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
    if (!g->decided || g->left_out[geography] != NULL) return false;
    if (!clip(g->data, &first, &last)) return false;
    size_t s = 0, t = 0;
    while (s < g->n_selections && g->selection[s].holds != holds) s++;
    while (t < g->n_stretches &&
           (g->stretch[t].first != first || g->stretch[t].last != last))
        t++;
    if (s == g->n_selections) return false;
    const ask *q = find_ask(g, g->selection[s].same, t, geography);
    return q != NULL && g->cause[q->first_cell + area] == PS_PROTECT_NONE;
}

bool ps_release_protects_measure(const ps_release *r, const ps_measure *m) {
    return (counts_rows(&m->numerator) && ps_release_protects(r, m->numerator.data)) ||
           (counts_rows(&m->denominator) && ps_release_protects(r, m->denominator.data));
}

/* The selection made for those of the denominator who are not in the numerator. */
static const bool *rest_of(const guarded *g, const bool *in, const bool *all) {
    for (size_t s = 0; s < g->n_selections; s++)
        if (g->selection[s].in == in && g->selection[s].all == all)
            return g->selection[s].holds;
    return NULL;
}

bool ps_release_shows_measure(const ps_release *r, const ps_measure *m, size_t item,
                              size_t geography, size_t area, ps_month first,
                              ps_month last) {
    const ps_measure_part *part[2] = {&m->numerator, &m->denominator};
    const bool *holds[2] = {NULL, NULL};
    bool any = false;
    if (r != NULL && r->records != NULL &&
        !ps_release_records_show(r->records, m, item, geography, first, last))
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
    return ps_release_shows(r, part[0]->data,
                            rest_of(&r->data[part[0]->data], holds[0], holds[1]),
                            geography, area, first, last);
}

/* ---- What was done ---- */

static size_t hidden(const ps_protect_summary *s) {
    return s->cells[PS_PROTECT_TABLE] + s->cells[PS_PROTECT_COUNT] +
           s->cells[PS_PROTECT_BASE] + s->cells[PS_PROTECT_ZERO] +
           s->cells[PS_PROTECT_OTHERS];
}

static size_t shown_or_hidden(const ps_protect_summary *s) {
    return s->cells[PS_PROTECT_NONE] + hidden(s);
}

static void manifest_audit(const guarded *g, ps_json *json) {
    static const char *const name[PS_PROTECT_CAUSES] = {
        NULL, NULL, "table", "count", "people", "zero", "others"};
    const ps_protect_summary *s = &g->summary;
    ps_json_member_int(json, "threshold", g->rules.threshold);
    ps_json_member_text(
        json, "zeros",
        g->rules.hide_zeros ? "hidden" : "hidden in tables that hide something");
    if (g->rules.least_base > 0)
        ps_json_member_int(json, "least_people", g->rules.least_base);
    ps_json_member_text(
        json, "rule",
        "tables with more than one in ten counts below the threshold, counts below it, "
        "and "
        "others until every small count can change by at least the threshold (one that "
        "no table shows by one less), and every other hidden one at all, while all that "
        "is shown stays as it is");
    if (!g->decided) return;
    ps_json_member_int(json, "cells", (int64_t)shown_or_hidden(s));
    ps_json_member_int(json, "suppressed", (int64_t)hidden(s));
    ps_json_key(json, "suppressed_for");
    ps_json_object(json);
    for (int k = 0; k < PS_PROTECT_CAUSES; k++)
        if (name[k] != NULL) ps_json_member_int(json, name[k], (int64_t)s->cells[k]);
    ps_json_end_object(json);
    ps_json_key(json, "attack");
    ps_json_object(json);
    ps_json_member_int(json, "secrets", (int64_t)s->secrets);
    ps_json_member_int(json, "proved", (int64_t)s->proved);
    if (s->narrowest > 0) ps_json_member_int(json, "narrowest_range", s->narrowest);
    ps_json_end_object(json);
}

static void manifest_left_out(const ps_geographies *all, const guarded *g,
                              ps_json *json) {
    ps_json_key(json, "left_out");
    ps_json_object(json);
    ps_json_member_text(json, "counts.csv",
                        "months of protected data are shown as periods only");
    for (size_t k = 0; k < all->n; k++)
        if (g->left_out[k] != NULL)
            ps_json_member_text(json, all->geography[k].spec->id, g->left_out[k]);
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
            manifest_audit(g, json);
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
        const ps_protect_summary *s = &g->summary;
        if (!g->decided)
            ps_output_printf(out, "%s: %s data, nothing of them can be shown\n",
                             g->data->spec->id,
                             ps_disclosure_class_text(g->rules.disclosure));
        else
            ps_output_printf(out, "%s: %s data, %zu of %zu counts suppressed\n",
                             g->data->spec->id,
                             ps_disclosure_class_text(g->rules.disclosure), hidden(s),
                             shown_or_hidden(s));
    }
}
