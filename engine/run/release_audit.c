#include "engine/run/release_audit.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/partition.h"

/* Counts of a release, and places in its sums: some hundred megabytes. */
enum { MOST_COUNTS = 20000000, MOST_CELLS = 1000000 };
/* Places times kinds times selections: a minute. */
static const double MOST_WORK = 3e8;

static const char too_large[] = "its counts are too many to be protected together";

/* Rows that an output counts. */
typedef struct selection {
    const bool *holds;
    bool *own;   /* to be freed */
    size_t same; /* the first one that holds the same groups */
    bool known;
} selection;

typedef struct stretch {
    ps_month first, last; /* within the span */
} stretch;

/* An output shows a selection in a stretch for the areas of a geography. */
typedef struct ask {
    size_t selection, stretch, geography;
    size_t first_cell; /* one for each area, when the geography is released */
} ask;

struct ps_audit {
    ps_audit_rows rows;
    const ps_release_rules *rules;
    selection *selection;
    size_t n_selections, selection_capacity;
    stretch *stretch;
    size_t n_stretches, stretch_capacity;
    ask *ask;
    size_t n_asks, ask_capacity;
    int32_t *ask_of;         /* once decided: by selection, stretch and geography */
    const char **left_out;   /* by geography: why it is not released, or NULL */
    ps_protect_cause *cause; /* by cell */
    ps_protect_summary summary;
    bool *used;   /* by geography: something was asked of it */
    bool decided; /* else nothing is shown */
};

/* The months of the span, those without a date last: runs that every stretch takes or
 * leaves together. */
typedef struct columns {
    int32_t *of; /* by month */
    size_t n;
} columns;

/* All that is released, as sums over a table of rows by place and kind. */
typedef struct table {
    ps_partition areas, groups; /* of units and of ranks */
    columns months;
    size_t n_places; /* blocks of areas times columns */
    int64_t *count;
    size_t n_selections; /* those asked for, all rows, and differences */
    bool *takes;
    size_t takes_capacity;
    size_t *same; /* by selection: the first that takes the same kinds */
    size_t *offset, n_sets, set_capacity;
    int32_t *place;
    size_t n_members, member_capacity;
    ps_protect_cell *cell;
    size_t n_cells, cell_capacity;
    ask *ask; /* those whose tables are shown, and what they give by subtraction */
    size_t n_asks, ask_capacity;
    bool is_question; /* how many rows there are is decided before */
    bool *in_stretch; /* scratch, by column */
    int32_t *blocks;  /* scratch */
    int64_t *rows;    /* scratch, by kind or column */
    int32_t *tied;    /* scratch, by column */
    bool *outside;    /* by block of areas */
} table;

/* ---- What is asked ---- */

ps_status ps_audit_open(const ps_audit_rows *rows, const ps_release_rules *rules,
                        ps_audit **out, ps_error *err) {
    *out = NULL;
    ps_audit *a = ps_zalloc(1, sizeof *a);
    if (a == NULL) return ps_fail_nomem(err);
    a->rows = *rows;
    a->rules = rules;
    a->left_out = ps_zalloc(rows->geographies->n, sizeof *a->left_out);
    a->used = ps_zalloc(rows->geographies->n, sizeof *a->used);
    if (a->left_out == NULL || a->used == NULL) {
        ps_audit_free(a);
        return ps_fail_nomem(err);
    }
    *out = a;
    return PS_OK;
}

void ps_audit_free(ps_audit *a) {
    if (a == NULL) return;
    for (size_t s = 0; s < a->n_selections; s++) ps_free(a->selection[s].own);
    ps_free(a->selection), ps_free(a->stretch), ps_free(a->ask), ps_free(a->ask_of);
    ps_free((void *)a->left_out), ps_free(a->used), ps_free(a->cause);
    ps_free(a);
}

void ps_audit_leave_out(ps_audit *a, size_t geography, const char *why) {
    a->left_out[geography] = why;
}

const char *ps_audit_left_out(const ps_audit *a, size_t geography) {
    return a->left_out[geography];
}

const bool *ps_audit_holds(const ps_audit *a, size_t chosen) {
    return a->selection[chosen].holds;
}

size_t ps_audit_find(const ps_audit *a, const bool *holds) {
    for (size_t s = 0; s < a->n_selections; s++)
        if (a->selection[s].holds == holds) return s;
    return SIZE_MAX;
}

static ps_status add_selection(ps_audit *a, bool *holds, bool owned, size_t *at,
                               ps_error *err) {
    size_t same = 0;
    *at = a->n_selections;
    while (same < *at &&
           memcmp(a->selection[same].holds, holds, a->rows.n_groups * sizeof *holds) != 0)
        same++;
    PS_TRY(ps_grow((void **)&a->selection, &a->selection_capacity, *at + 1,
                   sizeof *a->selection, err));
    a->selection[a->n_selections++] =
        (selection){.holds = holds, .own = owned ? holds : NULL, .same = same};
    return PS_OK;
}

ps_status ps_audit_select(ps_audit *a, bool *holds, bool owned, size_t *at,
                          ps_error *err) {
    *at = ps_audit_find(a, holds);
    if (*at != SIZE_MAX) return PS_OK;
    const ps_status status = add_selection(a, holds, owned, at, err);
    if (status != PS_OK && owned) ps_free(holds);
    return status;
}

void ps_audit_take_as_known(ps_audit *a, size_t chosen) {
    a->selection[a->selection[chosen].same].known = true;
}

/* Only what the rows span. */
static bool clip(const ps_audit *a, ps_month *first, ps_month *last) {
    if (*first < a->rows.first) *first = a->rows.first;
    if (*last > a->rows.last) *last = a->rows.last;
    return *first <= *last;
}

static size_t find_stretch(const ps_audit *a, ps_month first, ps_month last) {
    size_t at = 0;
    while (at < a->n_stretches &&
           (a->stretch[at].first != first || a->stretch[at].last != last))
        at++;
    return at;
}

static ps_status add_stretch(ps_audit *a, ps_month first, ps_month last, size_t *at,
                             ps_error *err) {
    *at = find_stretch(a, first, last);
    if (*at < a->n_stretches) return PS_OK;
    PS_TRY(ps_grow((void **)&a->stretch, &a->stretch_capacity, *at + 1,
                   sizeof *a->stretch, err));
    a->stretch[a->n_stretches++] = (stretch){first, last};
    return PS_OK;
}

ps_status ps_audit_ask(ps_audit *a, size_t rows, size_t geography, ps_month first,
                       ps_month last, ps_error *err) {
    size_t at;
    if (!clip(a, &first, &last)) return PS_OK;
    PS_TRY(add_stretch(a, first, last, &at, err));
    rows = a->selection[rows].same;
    for (size_t i = 0; i < a->n_asks; i++)
        if (a->ask[i].selection == rows && a->ask[i].stretch == at &&
            a->ask[i].geography == geography)
            return PS_OK;
    PS_TRY(
        ps_grow((void **)&a->ask, &a->ask_capacity, a->n_asks + 1, sizeof *a->ask, err));
    a->ask[a->n_asks++] = (ask){rows, at, geography, 0};
    a->used[geography] = true;
    return PS_OK;
}

bool ps_audit_asks(const ps_audit *a, size_t rows, ps_month first, ps_month last) {
    if (!clip(a, &first, &last)) return false;
    const size_t at = find_stretch(a, first, last);
    for (size_t i = 0; i < a->n_asks; i++)
        if (a->ask[i].selection == a->selection[rows].same && a->ask[i].stretch == at)
            return true;
    return false;
}

ps_status ps_audit_ask_all(ps_audit *everyone, const ps_audit *a, ps_error *err) {
    for (size_t i = 0; i < a->n_asks; i++) {
        const stretch *s = &a->stretch[a->ask[i].stretch];
        PS_TRY(ps_audit_ask(everyone, 0, a->ask[i].geography, s->first, s->last, err));
    }
    return PS_OK;
}

/* ---- The table ---- */

/* Rows without a date are a month of their own, behind the others. */
static size_t span_of(const ps_audit *a) {
    return a->rows.first <= a->rows.last ? (size_t)(a->rows.last - a->rows.first) + 1 : 0;
}

static size_t month_unit(const ps_audit *a, int32_t group) {
    const ps_month m = a->rows.month[group];
    return m == PS_NO_MONTH ? span_of(a) : (size_t)(m - a->rows.first);
}

static size_t areas_of(const ps_audit *a, size_t geography) {
    return a->rows.geographies->geography[geography].areas->n;
}

static bool is_left_out(const ps_audit *a, size_t geography) {
    return a->left_out[geography] != NULL || !a->used[geography] ||
           a->rows.makeup[geography].offset == NULL;
}

static ps_status split_areas(const ps_audit *a, ps_partition *part, ps_error *err) {
    PS_TRY(ps_partition_open(a->rows.n_units, part, err));
    for (size_t k = 0; k < a->rows.geographies->n; k++) {
        const ps_audit_makeup *m = &a->rows.makeup[k];
        for (size_t i = 0; !is_left_out(a, k) && i < areas_of(a, k); i++)
            ps_partition_split(part, m->unit + m->offset[i],
                               m->offset[i + 1] - m->offset[i]);
    }
    return PS_OK;
}

static ps_status split_groups(const ps_audit *a, int32_t *unit, ps_partition *part,
                              ps_error *err) {
    PS_TRY(ps_partition_open(a->rows.n_groups, part, err));
    for (size_t s = 0; s < a->n_selections; s++) {
        size_t n = 0;
        for (size_t k = 0; k < a->rows.n_groups; k++)
            if (a->selection[s].holds[k]) unit[n++] = a->rows.rank[k];
        ps_partition_split(part, unit, n);
    }
    return PS_OK;
}

/* In their order, so that a stretch is a run of columns. */
static ps_status split_months(const ps_audit *a, columns *c, ps_error *err) {
    const size_t span = span_of(a);
    bool *starts = ps_zalloc(span + 1, sizeof *starts);
    c->of = ps_alloc(span + 1, sizeof *c->of);
    if (starts == NULL || c->of == NULL) {
        ps_free(starts);
        return ps_fail_nomem(err);
    }
    for (size_t s = 0; s < a->n_stretches; s++) {
        starts[a->stretch[s].first - a->rows.first] = true;
        starts[a->stretch[s].last + 1 - a->rows.first] = true;
    }
    c->n = 0;
    for (size_t m = 0; m <= span; m++) {
        c->n += m == 0 || m == span || starts[m];
        c->of[m] = (int32_t)c->n - 1;
    }
    ps_free(starts);
    return PS_OK;
}

static ps_status split_all(const ps_audit *a, table *t, ps_error *err) {
    int32_t *unit = ps_alloc(a->rows.n_groups, sizeof *unit);
    ps_status status = unit != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = split_areas(a, &t->areas, err);
    if (status == PS_OK) status = split_groups(a, unit, &t->groups, err);
    if (status == PS_OK) status = split_months(a, &t->months, err);
    ps_free(unit);
    return status;
}

/* A place for each block of areas in each block of months, and the rows in it. */
static ps_status fill_counts(const ps_audit *a, table *t, ps_error *err) {
    const size_t months = t->months.n, kinds = t->groups.n_blocks;
    t->n_places = t->areas.n_blocks * months;
    if ((kinds > 0 && t->n_places > MOST_COUNTS / kinds) ||
        (double)t->n_places * (double)kinds * (double)a->n_selections > MOST_WORK)
        return ps_fail(err, PS_LIMIT, "more than %d counts in one release", MOST_COUNTS);
    t->count = ps_zalloc(t->n_places, kinds * sizeof *t->count);
    if (t->count == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < a->rows.n_cells; i++) {
        const ps_tally_cell *c = &a->rows.cell[i];
        const size_t area = (size_t)t->areas.block[c->area],
                     month = (size_t)t->months.of[month_unit(a, c->group)],
                     kind = (size_t)t->groups.block[a->rows.rank[c->group]];
        t->count[(area * months + month) * kinds + kind] += c->count;
    }
    return PS_OK;
}

/* ---- Selections ---- */

static const bool *taken_by(const table *t, size_t chosen) {
    return t->takes + chosen * t->groups.n_blocks;
}

/* Another one, that takes nothing yet. */
static ps_status add_taken(table *t, bool **takes, ps_error *err) {
    const size_t kinds = t->groups.n_blocks;
    PS_TRY(ps_grow((void **)&t->takes, &t->takes_capacity,
                   (t->n_selections + 1) * kinds + 1, sizeof *t->takes, err));
    *takes = t->takes + t->n_selections++ * kinds;
    memset(*takes, 0, kinds * sizeof **takes);
    return PS_OK;
}

/* The first that takes the same kinds. */
static size_t same_as(const table *t, size_t chosen) {
    const size_t kinds = t->groups.n_blocks;
    size_t same = 0;
    while (memcmp(taken_by(t, same), taken_by(t, chosen), kinds) != 0) same++;
    return same;
}

/* What every selection takes, and then all rows. */
static ps_status fill_selections(const ps_audit *a, table *t, ps_error *err) {
    for (size_t s = 0; s <= a->n_selections; s++) {
        bool *takes;
        PS_TRY(add_taken(t, &takes, err));
        for (size_t k = 0; k < a->rows.n_groups; k++)
            if (s == a->n_selections || a->selection[s].holds[k])
                takes[t->groups.block[a->rows.rank[k]]] = true;
    }
    t->same = ps_alloc(t->n_selections, sizeof *t->same);
    if (t->same == NULL) return ps_fail_nomem(err);
    for (size_t s = 0; s < t->n_selections; s++) t->same[s] = same_as(t, s);
    return PS_OK;
}

/* ---- Sets ---- */

/* The columns of a stretch; the last one is all of the time. */
static void months_of(const ps_audit *a, const table *t, size_t at, bool *in) {
    memset(in, 0, t->months.n * sizeof *in);
    const bool all = at == a->n_stretches;
    const ps_month first = all ? a->rows.first : a->stretch[at].first,
                   last = all ? a->rows.last : a->stretch[at].last;
    for (ps_month m = first; m <= last; m++) in[t->months.of[m - a->rows.first]] = true;
    if (all) in[t->months.of[span_of(a)]] = true;
}

/* The first column of a stretch, and the one behind its last. */
static size_t begin_of(const ps_audit *a, const table *t, size_t at) {
    return (size_t)t->months.of[a->stretch[at].first - a->rows.first];
}

static size_t end_of(const ps_audit *a, const table *t, size_t at) {
    return (size_t)t->months.of[a->stretch[at].last + 1 - a->rows.first];
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
static ps_status add_sets(const ps_audit *a, table *t, const int32_t *block, size_t n,
                          size_t times, int32_t *first, ps_error *err) {
    *first = (int32_t)t->n_sets;
    for (size_t s = 0; s < times; s++) {
        months_of(a, t, s, t->in_stretch);
        PS_TRY(add_set(t, block, n, err));
    }
    return PS_OK;
}

static int by_number(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The blocks of an area, into t->blocks. */
static size_t list_blocks(const ps_audit *a, const table *t, size_t geography,
                          size_t area) {
    const ps_audit_makeup *m = &a->rows.makeup[geography];
    size_t n = 0, kept = 0;
    for (size_t k = m->offset[area]; k < m->offset[area + 1]; k++)
        t->blocks[n++] = t->areas.block[m->unit[k]];
    qsort(t->blocks, n, sizeof *t->blocks, by_number);
    for (size_t k = 0; k < n; k++)
        if (k == 0 || t->blocks[k] != t->blocks[k - 1]) t->blocks[kept++] = t->blocks[k];
    return kept;
}

/* By geography and area: its set in the first stretch, which those in the others
 * follow. */
static ps_status add_all_sets(const ps_audit *a, table *t, int32_t **set, ps_error *err) {
    for (size_t k = 0; k < a->rows.geographies->n; k++) {
        set[k] = ps_alloc(areas_of(a, k), sizeof *set[k]);
        if (set[k] == NULL) return ps_fail_nomem(err);
        for (size_t i = 0; i < areas_of(a, k) && !is_left_out(a, k); i++) {
            const size_t n = list_blocks(a, t, k, i);
            PS_TRY(add_sets(a, t, t->blocks, n, a->n_stretches, &set[k][i], err));
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

static int64_t sum_of(const table *t, size_t chosen, const int64_t *rows) {
    int64_t sum = 0;
    for (size_t k = 0; k < t->groups.n_blocks; k++)
        if (taken_by(t, chosen)[k]) sum += rows[k];
    return sum;
}

/* ---- Cells ---- */

static bool is_small(const ps_audit *a, int64_t count) {
    return count < a->rules->threshold && (count > 0 || a->rules->hide_zeros);
}

static ps_status add_cell(table *t, ps_protect_cell cell, ps_error *err) {
    if (t->n_cells == MOST_CELLS)
        return ps_fail(err, PS_LIMIT, "more than %d cells in one release", MOST_CELLS);
    PS_TRY(ps_grow((void **)&t->cell, &t->cell_capacity, t->n_cells + 1, sizeof *t->cell,
                   err));
    t->cell[t->n_cells++] = cell;
    return PS_OK;
}

/* What no table shows and must not follow. */
static ps_status add_unshown(table *t, size_t set, size_t chosen, ps_error *err) {
    return add_cell(
        t,
        (ps_protect_cell){
            .set = (int32_t)set, .selection = (int32_t)chosen, .table = -1, .people = -1},
        err);
}

static int64_t people_of(const ps_geography *geo, size_t area) {
    if (geo->population == NULL || geo->population_missing[area]) return -1;
    return (int64_t)geo->population[area];
}

static bool takes_all(const table *t, size_t chosen) {
    for (size_t k = 0; k < t->groups.n_blocks; k++)
        if (!taken_by(t, chosen)[k]) return false;
    return true;
}

/* Is it decided on elsewhere? So is how many rows there are, by everyone. */
static bool is_given(const ps_audit *a, const table *t, size_t chosen) {
    return (chosen < a->n_selections && a->selection[chosen].known) ||
           (t->is_question && takes_all(t, chosen));
}

static bool is_withheld(const ps_audit *a, const ps_audit *everyone, size_t geography,
                        size_t area, const stretch *s) {
    if (everyone != NULL)
        return !ps_audit_shows(everyone, 0, geography, area, s->first, s->last);
    return a->rows.withheld != NULL &&
           a->rows.withheld(a->rows.context, geography, area, s->first, s->last);
}

/* What is not known is not shown, but must not follow either. */
static ps_status add_asked(const ps_audit *a, const ps_audit *everyone, table *t,
                           size_t at, const int32_t *const *set, ps_error *err) {
    ask *q = &a->ask[at];
    const stretch *s = &a->stretch[q->stretch];
    const ps_geography *geo = &a->rows.geographies->geography[q->geography];
    q->first_cell = t->n_cells;
    if (is_left_out(a, q->geography)) return PS_OK;
    for (size_t i = 0; i < geo->areas->n; i++) {
        const bool known =
            a->rows.known(a->rows.context, q->geography, i, s->first, s->last);
        const bool withheld = is_withheld(a, everyone, q->geography, i, s),
                   given = is_given(a, t, q->selection);
        PS_TRY(
            add_cell(t,
                     (ps_protect_cell){.set = set[q->geography][i] + (int32_t)q->stretch,
                                       .selection = (int32_t)q->selection,
                                       .table = known && !given ? (int32_t)at : -1,
                                       .people = people_of(geo, i),
                                       .given = withheld         ? PS_PROTECT_WITHHELD
                                                : given && known ? PS_PROTECT_KNOWN
                                                                 : PS_PROTECT_OPEN},
                     err));
    }
    return PS_OK;
}

/* How many rows there are, where that is shown. */
static ps_status add_everyone(const ps_audit *a, const ps_audit *everyone, table *t,
                              const int32_t *const *set, ps_error *err) {
    for (size_t k = 0; everyone != NULL && k < everyone->n_asks; k++) {
        const ask *q = &everyone->ask[k];
        const stretch *s = &everyone->stretch[q->stretch];
        const size_t at = find_stretch(a, s->first, s->last);
        for (size_t i = 0; i < areas_of(a, q->geography) && !is_left_out(a, q->geography);
             i++) {
            if (!ps_audit_shows(everyone, 0, q->geography, i, s->first, s->last))
                continue;
            PS_TRY(add_cell(t,
                            (ps_protect_cell){.set = set[q->geography][i] + (int32_t)at,
                                              .selection = (int32_t)a->n_selections,
                                              .table = -1,
                                              .people = -1,
                                              .given = PS_PROTECT_KNOWN},
                            err));
        }
    }
    return PS_OK;
}

/* ---- Differences of stretches ---- */

/* Rows of a selection in the blocks of t->blocks, by column. */
static void count_columns(const table *t, size_t n_blocks, size_t rows, int64_t *column) {
    const size_t kinds = t->groups.n_blocks, months = t->months.n;
    memset(column, 0, months * sizeof *column);
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t m = 0; m < months; m++)
            for (size_t k = 0; k < kinds; k++)
                if (taken_by(t, rows)[k])
                    column[m] +=
                        t->count[((size_t)t->blocks[b] * months + m) * kinds + k];
}

/* Borders between columns that the shown stretches of an area tie together: what lies
 * between two of them follows from differences. asked: of the selection and geography. */
static void tie_borders(const ps_audit *a, const table *t, const size_t *asked, size_t n,
                        const int64_t *column, int32_t *tied) {
    for (size_t c = 0; c < t->months.n; c++) tied[c] = (int32_t)c;
    for (size_t i = 0; i < n; i++) {
        const size_t at = t->ask[asked[i]].stretch, begin = begin_of(a, t, at),
                     end = end_of(a, t, at);
        int64_t count = 0;
        for (size_t c = begin; c < end; c++) count += column[c];
        if (is_small(a, count)) continue;
        const int32_t from = tied[end], to = tied[begin];
        for (size_t c = 0; c < t->months.n; c++)
            if (tied[c] == from) tied[c] = to;
    }
}

static bool is_asked(const ps_audit *a, const table *t, const size_t *asked, size_t n,
                     size_t begin, size_t end) {
    for (size_t i = 0; i < n; i++)
        if (begin_of(a, t, t->ask[asked[i]].stretch) == begin &&
            end_of(a, t, t->ask[asked[i]].stretch) == end)
            return true;
    return false;
}

static ps_status add_run(table *t, size_t n_blocks, ps_protect_cell cell, size_t first,
                         size_t end, ps_error *err) {
    for (size_t m = 0; m < t->months.n; m++) t->in_stretch[m] = m >= first && m < end;
    cell.set = (int32_t)t->n_sets;
    PS_TRY(add_set(t, t->blocks, n_blocks, err));
    return add_cell(t, cell, err);
}

/* Small counts of the months that stretches of an area do not share. */
static ps_status add_differences_of_area(const ps_audit *a, table *t, const size_t *asked,
                                         size_t n_asked, size_t area, ps_error *err) {
    const ask *q = &t->ask[asked[0]];
    const size_t n = list_blocks(a, t, q->geography, area);
    const ps_protect_cell cell = {
        .selection = (int32_t)q->selection, .table = -1, .people = -1};
    count_columns(t, n, q->selection, t->rows);
    tie_borders(a, t, asked, n_asked, t->rows, t->tied);
    for (size_t first = 0; first + 1 < t->months.n; first++) {
        int64_t count = 0;
        for (size_t end = first + 1; end < t->months.n; end++) {
            count += t->rows[end - 1];
            if (count >= a->rules->threshold) break;
            if (count == 0 || t->tied[first] != t->tied[end] ||
                is_asked(a, t, asked, n_asked, first, end))
                continue;
            PS_TRY(add_run(t, n, cell, first, end, err));
        }
    }
    return PS_OK;
}

/* The asks like one, itself the first of them; none when one before it is like it. */
static size_t list_alike(const table *t, size_t at, bool of_stretch, size_t *asked) {
    const ask *q = &t->ask[at];
    size_t n = 0;
    for (size_t i = 0; i < t->n_asks; i++) {
        const ask *other = &t->ask[i];
        if (other->geography != q->geography ||
            (of_stretch ? other->stretch != q->stretch
                        : t->same[other->selection] != t->same[q->selection]))
            continue;
        if (i < at) return 0;
        asked[n++] = i;
    }
    return n;
}

static ps_status add_differences(const ps_audit *a, table *t, size_t *asked,
                                 ps_error *err) {
    for (size_t i = 0; i < t->n_asks; i++) {
        const size_t geography = t->ask[i].geography;
        if (is_given(a, t, t->ask[i].selection)) continue;
        const size_t n = list_alike(t, i, false, asked);
        for (size_t k = 0; n > 1 && k < areas_of(a, geography); k++)
            PS_TRY(add_differences_of_area(a, t, asked, n, k, err));
    }
    return PS_OK;
}

/* ---- Differences of selections ---- */

/* The kinds of one block as a selection; *at: the first that takes the same. */
static ps_status select_block(table *t, const ps_partition *part, int32_t block,
                              size_t *at, ps_error *err) {
    bool *takes;
    PS_TRY(add_taken(t, &takes, err));
    for (size_t k = 0; k < part->n_units; k++) takes[k] = part->block[k] == block;
    *at = same_as(t, t->n_selections - 1);
    if (*at + 1 < t->n_selections) {
        t->n_selections--;
        return PS_OK;
    }
    size_t *same = ps_resize(t->same, t->n_selections, sizeof *same);
    if (same == NULL) return ps_fail_nomem(err);
    t->same = same;
    same[*at] = *at;
    return PS_OK;
}

static bool takes_block(const table *t, const ps_partition *part, size_t chosen,
                        int32_t block) {
    for (size_t k = 0; k < part->n_units; k++)
        if (part->block[k] == block) return taken_by(t, chosen)[k];
    return false;
}

static ps_status add_unshown_of_areas(const ps_audit *a, table *t, const ask *q,
                                      const int32_t *set, ps_error *err) {
    for (size_t k = 0; k < areas_of(a, q->geography); k++) {
        const size_t of = (size_t)set[k] + q->stretch;
        count_kinds(t, of, t->rows);
        const int64_t count = sum_of(t, q->selection, t->rows);
        if (count > 0 && is_small(a, count))
            PS_TRY(add_unshown(t, of, q->selection, err));
    }
    return PS_OK;
}

/* The kinds that the selections of one geography and stretch tell apart. */
static ps_status add_blocks(const ps_audit *a, table *t, const size_t *asked, size_t n,
                            const ps_partition *part, const int32_t *set, ps_error *err) {
    ask q = t->ask[asked[0]];
    for (int32_t b = 0; b < (int32_t)part->n_blocks; b++) {
        bool covered = false, is_one = false;
        for (size_t i = 0; i < n && !covered; i++)
            covered = takes_block(t, part, t->ask[asked[i]].selection, b);
        if (!covered) continue;
        PS_TRY(select_block(t, part, b, &q.selection, err));
        for (size_t i = 0; i < n && !is_one; i++)
            is_one = t->same[t->ask[asked[i]].selection] == q.selection;
        if (is_one) continue;
        PS_TRY(ps_grow((void **)&t->ask, &t->ask_capacity, t->n_asks + 1, sizeof *t->ask,
                       err));
        t->ask[t->n_asks++] = q;
        PS_TRY(add_unshown_of_areas(a, t, &q, set, err));
    }
    return PS_OK;
}

static ps_status add_kinds_of(const ps_audit *a, table *t, const size_t *asked, size_t n,
                              const int32_t *set, ps_error *err) {
    const size_t kinds = t->groups.n_blocks;
    ps_partition part = {0};
    int32_t *unit = ps_alloc(kinds, sizeof *unit);
    ps_status status = unit != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_partition_open(kinds, &part, err);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        size_t units = 0;
        for (size_t k = 0; k < kinds; k++)
            if (taken_by(t, t->ask[asked[i]].selection)[k]) unit[units++] = (int32_t)k;
        ps_partition_split(&part, unit, units);
    }
    if (status == PS_OK) status = add_blocks(a, t, asked, n, &part, set, err);
    ps_partition_close(&part);
    ps_free(unit);
    return status;
}

static ps_status add_kinds(const ps_audit *a, table *t, const int32_t *const *set,
                           size_t *asked, ps_error *err) {
    const size_t shown = t->n_asks;
    for (size_t i = 0; i < shown; i++) {
        const size_t n = list_alike(t, i, true, asked);
        if (n > 1) PS_TRY(add_kinds_of(a, t, asked, n, set[t->ask[i].geography], err));
    }
    return PS_OK;
}

/* ---- What areas have in common ---- */

static ps_status add_small(const ps_audit *a, table *t, size_t set, ps_error *err) {
    count_kinds(t, set, t->rows);
    for (size_t s = 0; s < t->n_selections; s++) {
        const int64_t count = sum_of(t, s, t->rows);
        if (count == 0 || count >= a->rules->threshold || t->same[s] != s ||
            is_given(a, t, s))
            continue;
        PS_TRY(add_unshown(t, set, s, err));
    }
    return PS_OK;
}

static bool is_asked_of(const ps_audit *a, size_t geography) {
    for (size_t i = 0; i < a->n_asks; i++)
        if (a->ask[i].geography == geography) return true;
    return false;
}

/* Blocks that nothing asked here tells apart are one piece. */
static void join_blocks(const ps_audit *a, table *t, ps_partition *pieces) {
    for (size_t k = 0; k < a->rows.geographies->n; k++) {
        if (is_left_out(a, k) || !is_asked_of(a, k)) continue;
        for (size_t i = 0; i < areas_of(a, k); i++)
            ps_partition_split(pieces, t->blocks, list_blocks(a, t, k, i));
    }
}

static ps_status add_piece(const ps_audit *a, table *t, const int32_t *block, size_t n,
                           ps_error *err) {
    int32_t first;
    PS_TRY(add_sets(a, t, block, n, a->n_stretches + 1, &first, err));
    for (size_t s = 0; s <= a->n_stretches; s++)
        PS_TRY(add_small(a, t, (size_t)first + s, err));
    return PS_OK;
}

/* By piece, the blocks in areas that are asked for. */
static ps_status add_each_piece(const ps_audit *a, table *t, const ps_partition *pieces,
                                ps_error *err) {
    size_t *end = ps_zalloc(pieces->n_blocks + 1, sizeof *end);
    int32_t *block = ps_alloc(pieces->n_units, sizeof *block);
    ps_status status = end != NULL && block != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t b = 0; b < pieces->n_units && status == PS_OK; b++)
        end[pieces->block[b] + 1] += !t->outside[b];
    for (size_t p = 0; p < pieces->n_blocks && status == PS_OK; p++) end[p + 1] += end[p];
    for (size_t b = 0; b < pieces->n_units && status == PS_OK; b++)
        if (!t->outside[b]) block[end[pieces->block[b]]++] = (int32_t)b;
    for (size_t p = 0, from = 0; p < pieces->n_blocks && status == PS_OK; from = end[p++])
        if (end[p] > from) status = add_piece(a, t, block + from, end[p] - from, err);
    ps_free(end), ps_free(block);
    return status;
}

static ps_status add_pieces(const ps_audit *a, table *t, ps_error *err) {
    ps_partition pieces = {0};
    ps_status status = ps_partition_open(t->areas.n_blocks, &pieces, err);
    if (status == PS_OK) join_blocks(a, t, &pieces);
    if (status == PS_OK) status = add_each_piece(a, t, &pieces, err);
    ps_partition_close(&pieces);
    return status;
}

/* Blocks of areas in no area of a table are nobody's. */
static void mark_outside(const ps_audit *a, table *t) {
    for (size_t b = 0; b < t->areas.n_blocks; b++) t->outside[b] = true;
    for (size_t k = 0; k < a->rows.geographies->n; k++) {
        const ps_audit_makeup *m = &a->rows.makeup[k];
        if (is_left_out(a, k) || !is_asked_of(a, k)) continue;
        for (size_t i = 0; i < m->offset[areas_of(a, k)]; i++)
            t->outside[t->areas.block[m->unit[i]]] = false;
    }
}

/* ---- All of it ---- */

/* What will be hidden as a whole tells nothing. */
static bool is_hidden(const ps_audit *a, const table *t, const ask *q) {
    const size_t n = is_left_out(a, q->geography) ? 0 : areas_of(a, q->geography);
    size_t cells = 0, small = 0;
    for (size_t k = 0; k < n; k++) {
        const ps_protect_cell *c = &t->cell[q->first_cell + k];
        if (c->given == PS_PROTECT_KNOWN) return false;
        if (c->table < 0) continue;
        count_kinds(t, (size_t)c->set, t->rows);
        cells++;
        small += is_small(a, sum_of(t, q->selection, t->rows));
    }
    return cells == 0 || ps_protect_hides_table(cells, small);
}

static ps_status list_shown(const ps_audit *a, table *t, ps_error *err) {
    PS_TRY(
        ps_grow((void **)&t->ask, &t->ask_capacity, a->n_asks + 1, sizeof *t->ask, err));
    for (size_t i = 0; i < a->n_asks; i++)
        if (!is_hidden(a, t, &a->ask[i])) t->ask[t->n_asks++] = a->ask[i];
    return PS_OK;
}

static ps_status fill_cells(const ps_audit *a, const ps_audit *everyone, table *t,
                            const int32_t *const *set, ps_error *err) {
    for (size_t i = 0; i < a->n_asks; i++) PS_TRY(add_asked(a, everyone, t, i, set, err));
    PS_TRY(add_everyone(a, everyone, t, set, err));
    PS_TRY(list_shown(a, t, err));
    size_t *asked = ps_alloc(t->n_asks, sizeof *asked);
    if (asked == NULL) return ps_fail_nomem(err);
    ps_status status = add_kinds(a, t, set, asked, err);
    ps_free(asked);
    PS_TRY(status);
    asked = ps_alloc(t->n_asks, sizeof *asked);
    if (asked == NULL) return ps_fail_nomem(err);
    status = add_differences(a, t, asked, err);
    ps_free(asked);
    PS_TRY(status);
    return add_pieces(a, t, err);
}

static ps_status fill_table(const ps_audit *a, const ps_audit *everyone, table *t,
                            ps_error *err) {
    int32_t **set = ps_zalloc(a->rows.geographies->n, sizeof *set);
    t->in_stretch = ps_alloc(t->months.n, sizeof *t->in_stretch);
    t->blocks = ps_alloc(a->rows.n_units, sizeof *t->blocks);
    t->outside = ps_alloc(t->areas.n_blocks, sizeof *t->outside);
    t->rows = ps_alloc(t->groups.n_blocks + t->months.n, sizeof *t->rows);
    t->tied = ps_alloc(t->months.n, sizeof *t->tied);
    ps_status status = PS_OK;
    if (set == NULL || t->in_stretch == NULL || t->blocks == NULL || t->outside == NULL ||
        t->rows == NULL || t->tied == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK) mark_outside(a, t);
    if (status == PS_OK) status = add_all_sets(a, t, set, err);
    if (status == PS_OK)
        status = fill_cells(a, everyone, t, (const int32_t *const *)set, err);
    for (size_t k = 0; set != NULL && k < a->rows.geographies->n; k++) ps_free(set[k]);
    ps_free((void *)set);
    return status;
}

static void close_table(table *t) {
    ps_partition_close(&t->areas);
    ps_partition_close(&t->groups);
    ps_free(t->months.of);
    ps_free(t->count), ps_free(t->takes), ps_free(t->offset), ps_free(t->place);
    ps_free(t->same), ps_free(t->rows), ps_free(t->tied), ps_free(t->ask);
    ps_free(t->cell), ps_free(t->in_stretch), ps_free(t->blocks), ps_free(t->outside);
}

static ps_status protect(ps_audit *a, const table *t, ps_error *err) {
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
                                        .n_tables = a->n_asks,
                                        .cell = t->cell};
    const ps_protect_options options = {a->rules->threshold, a->rules->hide_zeros,
                                        a->rules->least_base};
    ps_free(a->cause);
    a->cause = ps_alloc(t->n_cells, sizeof *a->cause);
    if (a->cause == NULL) return ps_fail_nomem(err);
    return ps_protect(&release, &options, a->cause, &a->summary, err);
}

static ps_status attempt(ps_audit *a, const ps_audit *everyone, ps_error *err) {
    table t = {.is_question = everyone != NULL};
    ps_status status = split_all(a, &t, err);
    if (status == PS_OK) status = fill_counts(a, &t, err);
    if (status == PS_OK) status = fill_selections(a, &t, err);
    if (status == PS_OK) status = fill_table(a, everyone, &t, err);
    if (status == PS_OK) status = protect(a, &t, err);
    close_table(&t);
    return status;
}

/* Leave the geography with most areas out; false when none is left. */
static bool leave_out_finest(ps_audit *a) {
    size_t most = SIZE_MAX;
    for (size_t k = 0; k < a->rows.geographies->n; k++)
        if (!is_left_out(a, k) &&
            (most == SIZE_MAX || areas_of(a, k) > areas_of(a, most)))
            most = k;
    if (most == SIZE_MAX) return false;
    a->left_out[most] = too_large;
    return true;
}

static size_t slot_of(const ps_audit *a, size_t chosen, size_t at, size_t geography) {
    return (chosen * a->n_stretches + at) * a->rows.geographies->n + geography;
}

/* Where the answer to an ask stands. */
static ps_status index_asks(ps_audit *a, ps_error *err) {
    const size_t n = a->n_selections * a->n_stretches * a->rows.geographies->n;
    a->ask_of = ps_alloc(n, sizeof *a->ask_of);
    if (a->ask_of == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) a->ask_of[i] = PS_NONE;
    for (size_t i = 0; i < a->n_asks; i++)
        a->ask_of[slot_of(a, a->ask[i].selection, a->ask[i].stretch,
                          a->ask[i].geography)] = (int32_t)i;
    return PS_OK;
}

static ps_status take_over(ps_audit *a, const ps_audit *everyone, ps_error *err) {
    size_t at;
    for (size_t k = 0; k < everyone->n_stretches; k++)
        PS_TRY(add_stretch(a, everyone->stretch[k].first, everyone->stretch[k].last, &at,
                           err));
    for (size_t k = 0; k < a->rows.geographies->n; k++) {
        if (everyone->left_out[k] != NULL) a->left_out[k] = everyone->left_out[k];
        a->used[k] |= everyone->used[k];
    }
    return PS_OK;
}

ps_status ps_audit_decide(ps_audit *a, const ps_audit *everyone, ps_error *err) {
    if (everyone != NULL) PS_TRY(take_over(a, everyone, err));
    PS_TRY(index_asks(a, err));
    for (;;) {
        ps_error why = {PS_OK, ""};
        const ps_status tried = attempt(a, everyone, &why);
        a->decided = tried == PS_OK;
        if (tried == PS_OK) return PS_OK;
        if (tried != PS_LIMIT) return ps_fail(err, tried, "%s", why.text);
        if (!leave_out_finest(a)) return PS_OK;
    }
}

bool ps_audit_shows(const ps_audit *a, size_t rows, size_t geography, size_t area,
                    ps_month first, ps_month last) {
    if (!a->decided || rows == SIZE_MAX || is_left_out(a, geography) ||
        !clip(a, &first, &last))
        return false;
    const size_t at = find_stretch(a, first, last);
    if (at == a->n_stretches) return false;
    const int32_t i = a->ask_of[slot_of(a, a->selection[rows].same, at, geography)];
    if (i == PS_NONE) return false;
    const ps_protect_cause cause = a->cause[a->ask[i].first_cell + area];
    return cause == PS_PROTECT_NONE || cause == PS_PROTECT_READER;
}

const ps_protect_summary *ps_audit_summary(const ps_audit *a) {
    return a->decided ? &a->summary : NULL;
}

/* ---- What was done ---- */

static size_t primary(const ps_protect_summary *s) {
    return s->cells[PS_PROTECT_TABLE] + s->cells[PS_PROTECT_COUNT] +
           s->cells[PS_PROTECT_BASE];
}

static size_t secondary(const ps_protect_summary *s) {
    return s->cells[PS_PROTECT_ZERO] + s->cells[PS_PROTECT_OTHERS] +
           s->cells[PS_PROTECT_LAST];
}

static void manifest_causes(const ps_protect_summary *s, ps_json *json) {
    static const char *const name[PS_PROTECT_CAUSES] = {
        [PS_PROTECT_TABLE] = "table",   [PS_PROTECT_COUNT] = "count",
        [PS_PROTECT_BASE] = "people",   [PS_PROTECT_ZERO] = "zero",
        [PS_PROTECT_OTHERS] = "others", [PS_PROTECT_LAST] = "last_resort"};
    ps_json_key(json, "suppressed_for");
    ps_json_object(json);
    for (int k = 0; k < PS_PROTECT_CAUSES; k++)
        if (name[k] != NULL) ps_json_member_int(json, name[k], (int64_t)s->cells[k]);
    ps_json_end_object(json);
}

void ps_audit_manifest(const ps_release_rules *rules, const ps_protect_summary *s,
                       ps_json *json) {
    ps_json_member_int(json, "threshold", rules->threshold);
    ps_json_member_text(
        json, "zeros",
        rules->hide_zeros ? "hidden" : "hidden in tables that hide something");
    if (rules->least_base > 0)
        ps_json_member_int(json, "least_people", rules->least_base);
    ps_json_member_text(
        json, "rule",
        "tables with more than one in ten counts below the threshold, counts below it, "
        "and others until every small count can change by at least the threshold, every "
        "small one that no table shows (of the months that periods do not share, of what "
        "areas have in common, of what series and measures do not share) by one less, "
        "and every other hidden one at all, while all that is shown stays as it is");
    if (s == NULL) return;
    ps_json_member_int(json, "tables", (int64_t)s->tables);
    ps_json_member_int(json, "cells",
                       (int64_t)(s->cells[PS_PROTECT_NONE] + primary(s) + secondary(s)));
    ps_json_member_int(json, "suppressed", (int64_t)(primary(s) + secondary(s)));
    ps_json_member_int(json, "primary", (int64_t)primary(s));
    ps_json_member_int(json, "secondary", (int64_t)secondary(s));
    manifest_causes(s, json);
    ps_json_key(json, "attack");
    ps_json_object(json);
    ps_json_member_int(json, "secrets", (int64_t)s->secrets);
    ps_json_member_int(json, "proved", (int64_t)s->proved);
    if (s->narrowest > 0) ps_json_member_int(json, "narrowest_range", s->narrowest);
    ps_json_end_object(json);
}

void ps_audit_tell(const char *input, const ps_release_rules *rules,
                   const ps_protect_summary *s, ps_output *out) {
    const char *class = ps_disclosure_class_text(rules->disclosure);
    if (s == NULL)
        ps_output_printf(out, "%s: %s data, nothing of them can be shown\n", input,
                         class);
    else
        ps_output_printf(out, "%s: %s data, %zu of %zu counts suppressed\n", input, class,
                         primary(s) + secondary(s),
                         s->cells[PS_PROTECT_NONE] + primary(s) + secondary(s));
}
