#include "indicators/protect.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/partition.h"

enum {
    SMALL_SHARE = 10,  /* one in so many counts of a table may be small */
    MOST_BACK = 16,    /* kinds that are tried to go back for another */
    CELL_ROUNDS = 8,   /* before sums over a secret are hidden one by one */
    TABLE_ROUNDS = 16, /* before whole tables are */
    MOST_PAIRS = 250000,
    PRICED = 100000, /* counts, and rows, beyond which more is no more */
    HELPFUL = 100,
    SORTED = 20 /* as dear as so many places */
};
/* Work that is done to show again what need not be hidden: some seconds. */
static const double MOST_TRIED = 3e9;

/* Two blocks of places in one line, and the sums that hold one and not the other, as a
 * sum of random numbers: 128 bits, so that no two differences are taken for the same. */
typedef struct step {
    uint64_t sums[2];
    int32_t from, to;
} step;

/* The places told apart by the shown sums of one selection: block after block. */
typedef struct told {
    int32_t *place;
    size_t *start; /* n_blocks + 1 */
    size_t n_blocks;
    bool *covered; /* by place: lies in a shown sum at all */
} told;

typedef struct work {
    const ps_protect_release *r;
    const ps_protect_options *options;
    ps_protect_cause *cause;
    ps_protect_summary *summary;
    int64_t *count; /* by cell */
    int32_t *pending;
    size_t n_pending;
    /* By cell, in this round: how much more and how much less it may be, as far as found;
     * two tables of their own, so their moves need not go together. */
    int64_t *up, *down;
    /* The same by moves of one kind against several, and of several against one: by cell,
     * and by cell and kind that goes back. */
    int64_t *more, *less;
    int64_t *one; /* by cell: up by moves of single kinds, to which the others add */
    told *told;   /* by selection */
    ps_partition part;
    int64_t *whole, *inside; /* by block, 2 each: rows of either kind */
    int32_t *places;         /* by block: of the secret */
    bool *free;              /* by block: in no sum that tells the kinds apart */
    int32_t *back;           /* kinds with most rows, at most MOST_BACK */
    size_t n_back;
    step *step; /* from block to block, sorted by sums */
    size_t n_steps, step_capacity;
    int32_t *at; /* steps from a block: at[start[b]] .. at[start[b + 1]] */
    size_t *start;
    uint64_t *sums; /* by place, 2 each */
    size_t n_areas;
    int32_t *era;         /* area * n_columns + the border in front of a column */
    bool *moved;          /* kinds */
    int64_t *moving;      /* by place: rows of the kinds that move */
    int64_t *gain, *lose; /* by area: how many rows more or less it can have */
    int64_t all_gain, all_lose;
    bool *touched;  /* selection * n_places + place: something was hidden here */
    int64_t *cost;  /* by place */
    int32_t *fixed; /* by place: sums that tell it apart and cannot be hidden */
} work;

/* ---- Looking things up ---- */

static const int32_t *places_of(const work *w, int32_t cell, size_t *n) {
    const int32_t set = w->r->cell[cell].set;
    *n = w->r->offset[set + 1] - w->r->offset[set];
    return w->r->place + w->r->offset[set];
}

static bool takes(const work *w, int32_t selection, size_t kind) {
    return w->r->takes[(size_t)selection * w->r->n_kinds + kind];
}

static int64_t rows_at(const work *w, int32_t place, size_t kind) {
    return w->r->count[(size_t)place * w->r->n_kinds + kind];
}

static bool is_shown(const work *w, size_t cell) {
    return w->cause[cell] == PS_PROTECT_NONE || w->cause[cell] == PS_PROTECT_READER;
}

/* Shown, and nothing stands against hiding it. */
static bool is_open(const work *w, size_t cell) {
    return w->cause[cell] == PS_PROTECT_NONE;
}

static bool is_small(const work *w, size_t cell) {
    return w->count[cell] < w->options->threshold &&
           (w->count[cell] > 0 || w->options->hide_zeros);
}

static bool is_secret(const work *w, size_t cell) {
    if (is_shown(w, cell)) return false;
    if (w->cause[cell] == PS_PROTECT_UNSHOWN) return is_small(w, cell);
    return w->count[cell] > 0 || w->options->hide_zeros;
}

static int64_t count_cell(const work *w, int32_t cell) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    int64_t sum = 0;
    for (size_t kind = 0; kind < w->r->n_kinds; kind++)
        for (size_t i = 0; i < n && takes(w, w->r->cell[cell].selection, kind); i++)
            sum += rows_at(w, place[i], kind);
    return sum;
}

/* ---- Hiding ---- */

static void hide(const work *w, size_t cell, ps_protect_cause cause) {
    size_t n;
    const int32_t *place = places_of(w, (int32_t)cell, &n);
    w->cause[cell] = cause;
    bool *touched = w->touched + (size_t)w->r->cell[cell].selection * w->r->n_places;
    for (size_t i = 0; i < n; i++) touched[place[i]] = true;
}

static void hide_table(const work *w, int32_t table) {
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (w->r->cell[c].table == table && is_open(w, c)) hide(w, c, PS_PROTECT_LAST);
}

bool ps_protect_hides_table(size_t cells, size_t small) {
    return small * SMALL_SHARE > cells;
}

static ps_status hide_small_tables(const work *w, ps_error *err) {
    size_t *cells = ps_zalloc(w->r->n_tables, 2 * sizeof *cells);
    if (cells == NULL) return ps_fail_nomem(err);
    for (size_t c = 0; c < w->r->n_cells; c++) {
        const int32_t table = w->r->cell[c].table;
        if (table < 0) continue;
        cells[2 * table]++;
        cells[2 * table + 1] += is_small(w, c);
    }
    for (size_t c = 0; c < w->r->n_cells; c++) {
        const int32_t table = w->r->cell[c].table;
        if (table >= 0 && ps_protect_hides_table(cells[2 * table], cells[2 * table + 1]))
            hide(w, c, PS_PROTECT_TABLE);
    }
    ps_free(cells);
    return PS_OK;
}

static void hide_primary(const work *w) {
    for (size_t c = 0; c < w->r->n_cells; c++) {
        const int64_t people = w->r->cell[c].people;
        if (!is_open(w, c)) continue;
        if (is_small(w, c))
            hide(w, c, PS_PROTECT_COUNT);
        else if (people >= 0 && people < w->options->least_base)
            hide(w, c, PS_PROTECT_BASE);
    }
}

/* Else a hidden count would be known not to be 0. */
static ps_status hide_zeros(const work *w, ps_error *err) {
    bool *any = ps_zalloc(w->r->n_tables, sizeof *any);
    if (any == NULL) return ps_fail_nomem(err);
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (w->r->cell[c].table >= 0 && !is_shown(w, c)) any[w->r->cell[c].table] = true;
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (is_open(w, c) && w->count[c] == 0 && any[w->r->cell[c].table])
            hide(w, c, PS_PROTECT_ZERO);
    ps_free(any);
    return PS_OK;
}

/* ---- What the shown sums tell apart ---- */

static ps_status sort_blocks(const ps_partition *part, told *t, ps_error *err) {
    const size_t n = part->n_units;
    t->n_blocks = part->n_blocks;
    if (t->place == NULL) {
        t->place = ps_alloc(n, sizeof *t->place);
        t->start = ps_alloc(n + 2, sizeof *t->start);
        t->covered = ps_alloc(n, sizeof *t->covered);
    }
    if (t->place == NULL || t->start == NULL || t->covered == NULL)
        return ps_fail_nomem(err);
    t->start[0] = t->start[1] = 0;
    for (size_t b = 0; b + 1 < part->n_blocks; b++)
        t->start[b + 2] = t->start[b + 1] + part->size[b];
    for (size_t p = 0; p < n; p++) t->place[t->start[part->block[p] + 1]++] = (int32_t)p;
    return PS_OK;
}

static ps_status tell_apart(work *w, ps_error *err) {
    for (size_t s = 0; s < w->r->n_selections; s++) {
        ps_partition_join(&w->part);
        for (size_t c = 0; c < w->r->n_cells; c++) {
            size_t n;
            const int32_t *place = places_of(w, (int32_t)c, &n);
            if (w->r->cell[c].selection == (int32_t)s && is_shown(w, c))
                ps_partition_split(&w->part, place, n);
        }
        PS_TRY(sort_blocks(&w->part, &w->told[s], err));
        memset(w->told[s].covered, 0, w->r->n_places * sizeof(bool));
        for (size_t c = 0; c < w->r->n_cells; c++) {
            size_t n;
            const int32_t *place = places_of(w, (int32_t)c, &n);
            if (w->r->cell[c].selection != (int32_t)s || !is_shown(w, c)) continue;
            for (size_t i = 0; i < n; i++) w->told[s].covered[place[i]] = true;
        }
    }
    return PS_OK;
}

/* Places that no shown sum over a kind, or over only one of two, tells apart. back: -1
 * none. */
static void meet(work *w, size_t kind, int32_t back) {
    ps_partition_join(&w->part);
    for (size_t s = 0; s < w->r->n_selections; s++) {
        const told *t = &w->told[s];
        const bool other = back >= 0 && takes(w, (int32_t)s, (size_t)back);
        if (takes(w, (int32_t)s, kind) == other) continue;
        for (size_t b = 0; b < t->n_blocks; b++)
            ps_partition_split(&w->part, t->place + t->start[b],
                               t->start[b + 1] - t->start[b]);
    }
    memset(w->whole, 0, 2 * w->part.n_blocks * sizeof *w->whole);
    for (size_t b = 0; b < w->part.n_blocks; b++) w->free[b] = back >= 0;
    for (size_t p = 0; p < w->r->n_places; p++) {
        int64_t *whole = w->whole + 2 * w->part.block[p];
        whole[0] += rows_at(w, (int32_t)p, kind);
        if (back >= 0) whole[1] += rows_at(w, (int32_t)p, (size_t)back);
    }
    for (size_t s = 0; s < w->r->n_selections && back >= 0; s++)
        if (takes(w, (int32_t)s, kind) != takes(w, (int32_t)s, (size_t)back))
            for (size_t p = 0; p < w->r->n_places; p++)
                if (w->told[s].covered[p]) w->free[w->part.block[p]] = false;
}

/* ---- Proofs ---- */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

typedef struct change {
    int64_t up, down;
    /* When several kinds share what the others have. No more than the threshold is asked
     * of them together, so who has that much has it for all. */
    int64_t up_shared, down_shared;
} change;

/* How much a secret can change by moves within one block. */
static change change_of_block(const work *w, int32_t block, bool back) {
    const int64_t *whole = w->whole + 2 * block, *inside = w->inside + 2 * block;
    const int64_t left = whole[0] - inside[0], left_back = whole[1] - inside[1];
    /* They take nothing from outside, so moves of single kinds add to them. */
    if (w->free[block]) return (change){inside[1], inside[0], inside[1], inside[0]};
    if ((size_t)w->places[block] == w->part.size[block]) return (change){0, 0, 0, 0};
    if (!back) return (change){left, inside[0], 0, 0};
    return (change){least(inside[1], left), least(inside[0], left_back),
                    left >= w->options->threshold ? inside[1] : 0,
                    left_back >= w->options->threshold ? inside[0] : 0};
}

static change change_of(work *w, int32_t cell, size_t kind, int32_t back) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    change sum = {0, 0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        const int32_t b = w->part.block[place[i]];
        w->places[b]++;
        w->inside[2 * b] += rows_at(w, place[i], kind);
        if (back >= 0) w->inside[2 * b + 1] += rows_at(w, place[i], (size_t)back);
    }
    for (size_t i = 0; i < n; i++) {
        const int32_t b = w->part.block[place[i]];
        if (w->places[b] == 0) continue;
        const change c = change_of_block(w, b, back >= 0);
        sum.up += c.up, sum.down += c.down;
        sum.up_shared += c.up_shared, sum.down_shared += c.down_shared;
        w->places[b] = 0;
        w->inside[2 * b] = w->inside[2 * b + 1] = 0;
    }
    return sum;
}

/* How far apart the values of a secret have to lie: any other than a small count must not
 * be known; what no table shows has as many values as a small count is known to have. */
static int64_t wanted(const work *w, int32_t cell) {
    if (!is_small(w, (size_t)cell)) return 1;
    return w->options->threshold - (w->cause[cell] == PS_PROTECT_UNSHOWN);
}

static bool is_proved(const work *w, int32_t cell) {
    return w->up[cell] + w->down[cell] >= wanted(w, cell);
}

static void widen(const work *w, int32_t cell, int64_t up, int64_t down) {
    if (up > w->up[cell]) w->up[cell] = up;
    if (down > w->down[cell]) w->down[cell] = down;
}

static void keep_unproved(work *w) {
    size_t kept = 0;
    for (size_t i = 0; i < w->n_pending; i++) {
        const int32_t c = w->pending[i];
        if (!is_proved(w, c)) {
            w->pending[kept++] = c;
            continue;
        }
        const int64_t width = w->up[c] + w->down[c];
        int64_t *narrowest = &w->summary->narrowest;
        w->summary->proved++;
        if (!is_small(w, (size_t)c)) continue;
        if (*narrowest == 0 || width < *narrowest) *narrowest = width;
    }
    w->n_pending = kept;
}

/* Moves of single kinds do not touch each other, so they add up. */
static void prove_by_one(work *w) {
    for (size_t i = 0; i < w->n_pending; i++)
        w->up[w->pending[i]] = w->down[w->pending[i]] = 0;
    for (size_t kind = 0; kind < w->r->n_kinds; kind++) {
        meet(w, kind, -1);
        for (size_t i = 0; i < w->n_pending; i++) {
            const int32_t c = w->pending[i];
            if (is_proved(w, c) || !takes(w, w->r->cell[c].selection, kind)) continue;
            const change by = change_of(w, c, kind, -1);
            w->up[c] += by.up, w->down[c] += by.down;
        }
    }
    keep_unproved(w);
}

static bool is_for(const work *w, int32_t cell, size_t kind, int32_t back) {
    const int32_t s = w->r->cell[cell].selection;
    return takes(w, s, kind) && !takes(w, s, (size_t)back);
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void prove_by_two(work *w, size_t kind, size_t k) {
    const int32_t back = w->back[k];
    bool any = false;
    for (size_t i = 0; i < w->n_pending && !any; i++)
        any = is_for(w, w->pending[i], kind, back);
    if (!any) return;
    meet(w, kind, back);
    for (size_t i = 0; i < w->n_pending; i++) {
        const int32_t c = w->pending[i];
        if (!is_for(w, c, kind, back)) continue;
        const change by = change_of(w, c, kind, back);
        int64_t *less = &w->less[(size_t)c * MOST_BACK + k];
        w->more[c] = least(w->more[c] + by.up_shared, w->options->threshold);
        *less = least(*less + by.down_shared, w->options->threshold);
        widen(w, c, most(by.up, w->more[c]), most(by.down, *less));
    }
    keep_unproved(w);
}

/* ---- Moves by four ---- */

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void sum_up(work *w, size_t kind) {
    memset(w->sums, 0, 2 * w->r->n_places * sizeof *w->sums);
    for (size_t c = 0; c < w->r->n_cells; c++) {
        size_t n;
        const int32_t *place = places_of(w, (int32_t)c, &n);
        if (!is_shown(w, c) || !takes(w, w->r->cell[c].selection, kind)) continue;
        const uint64_t one = mix(2 * c), other = mix(2 * c + 1);
        for (size_t i = 0; i < n; i++) {
            w->sums[2 * place[i]] += one;
            w->sums[2 * place[i] + 1] += other;
        }
    }
}

static int by_sums(const void *a, const void *b) {
    const step *x = a, *y = b;
    for (int k = 0; k < 2; k++)
        if (x->sums[k] != y->sums[k]) return x->sums[k] < y->sums[k] ? -1 : 1;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : 0;
}

static ps_status add_step(work *w, const int32_t *first, size_t from, size_t to,
                          ps_error *err) {
    PS_TRY(ps_grow((void **)&w->step, &w->step_capacity, w->n_steps + 1, sizeof *w->step,
                   err));
    const uint64_t *x = w->sums + 2 * first[from], *y = w->sums + 2 * first[to];
    w->step[w->n_steps++] =
        (step){{x[0] - y[0], x[1] - y[1]}, (int32_t)from, (int32_t)to};
    return PS_OK;
}

/* The same months or the same area. */
static bool are_in_line(const ps_protect_release *r, int32_t a, int32_t b) {
    const int32_t n = (int32_t)r->n_columns;
    return a % n == b % n || a / n == b / n;
}

/* first: a place of each block. */
static ps_status list_steps(work *w, const int32_t *first, ps_error *err) {
    const size_t n = w->part.n_blocks;
    w->n_steps = 0;
    for (size_t from = 0; from < n; from++)
        for (size_t to = 0; to < n && w->n_steps <= MOST_PAIRS; to++)
            if (from != to && are_in_line(w->r, first[from], first[to]))
                PS_TRY(add_step(w, first, from, to, err));
    if (w->n_steps > MOST_PAIRS) w->n_steps = 0;
    qsort(w->step, w->n_steps, sizeof *w->step, by_sums);
    memset(w->start, 0, (n + 2) * sizeof *w->start);
    for (size_t i = 0; i < w->n_steps; i++) w->start[w->step[i].from + 2]++;
    for (size_t b = 2; b < n + 2; b++) w->start[b] += w->start[b - 1];
    int32_t *at = ps_resize(w->at, w->n_steps + 1, sizeof *w->at);
    if (at == NULL) return ps_fail_nomem(err);
    w->at = at;
    for (size_t i = 0; i < w->n_steps; i++)
        w->at[w->start[w->step[i].from + 1]++] = (int32_t)i;
    return PS_OK;
}

static ps_status find_steps(work *w, size_t kind, ps_error *err) {
    int32_t *first = ps_alloc(w->r->n_places, sizeof *first);
    if (first == NULL) return ps_fail_nomem(err);
    meet(w, kind, -1);
    sum_up(w, kind);
    for (size_t p = w->r->n_places; p-- > 0;) first[w->part.block[p]] = (int32_t)p;
    ps_status status = list_steps(w, first, err);
    ps_free(first);
    return status;
}

static bool same_sums(const step *a, const step *b) {
    return a->sums[0] == b->sums[0] && a->sums[1] == b->sums[1];
}

/* What a block may still give. */
static int64_t left(const work *w, int32_t block) {
    return w->whole[2 * block] - w->inside[2 * block];
}

/* Rows from one block to another, as many as others with the same difference can give
 * back. Neither of these may lie in the secret. */
static int64_t swap(work *w, const step *s, int32_t from, bool raise) {
    int64_t swapped = 0;
    const step *first = s, *last = s + 1, *end = w->step + w->n_steps;
    while (first > w->step && same_sums(first - 1, s)) first--;
    while (last < end && same_sums(last, s)) last++;
    for (const step *k = first; k < last && left(w, from) > 0; k++) {
        const int32_t back = raise ? k->from : k->to;
        if (w->places[k->from] > 0 || w->places[k->to] > 0) continue;
        const int64_t rows = least(left(w, from), left(w, back));
        w->inside[2 * from] += rows;
        w->inside[2 * back] += rows;
        swapped += rows;
        if (swapped >= w->options->threshold) break;
    }
    return swapped;
}

/* How much a secret can be raised, or lowered, by all such swaps together: what a block
 * has given it cannot give again. */
static int64_t swap_all(work *w, int32_t cell, bool raise) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    int64_t swapped = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t b = (size_t)w->part.block[place[i]];
        for (size_t k = w->start[b]; k < w->start[b + 1]; k++) {
            const step *s = &w->step[w->at[k]];
            if (swapped >= w->options->threshold) break;
            if (w->places[s->to] == 0)
                swapped += swap(w, s, raise ? s->to : s->from, raise);
        }
    }
    memset(w->inside, 0, 2 * w->part.n_blocks * sizeof *w->inside);
    return swapped;
}

/* Those of several kinds add up. */
static void widen_by_steps(work *w, int32_t cell) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    for (size_t i = 0; i < n; i++) w->places[w->part.block[place[i]]]++;
    w->more[cell] += swap_all(w, cell, true);
    w->one[cell] += swap_all(w, cell, false);
    widen(w, cell, w->more[cell], w->one[cell]);
    for (size_t i = 0; i < n; i++) w->places[w->part.block[place[i]]] = 0;
}

static ps_status prove_by_four(work *w, size_t kind, ps_error *err) {
    bool any = false;
    for (size_t i = 0; i < w->n_pending && !any; i++)
        any = takes(w, w->r->cell[w->pending[i]].selection, kind);
    if (!any) return PS_OK;
    PS_TRY(find_steps(w, kind, err));
    for (size_t i = 0; i < w->n_pending && w->n_steps > 0; i++) {
        const int32_t c = w->pending[i];
        if (takes(w, w->r->cell[c].selection, kind)) widen_by_steps(w, c);
    }
    keep_unproved(w);
    return PS_OK;
}

/* ---- Rows in no sum ---- */

static bool is_covered(const work *w, int32_t place, size_t kind) {
    for (size_t s = 0; s < w->r->n_selections; s++)
        if (takes(w, (int32_t)s, kind) && w->told[s].covered[place]) return true;
    return false;
}

/* Of what no shown sum counts, any may be anywhere and of any kind. */
static int64_t count_uncovered(const work *w) {
    int64_t rows = 0;
    for (size_t p = 0; p < w->r->n_places; p++)
        for (size_t k = 0; k < w->r->n_kinds; k++) {
            const int64_t here = rows_at(w, (int32_t)p, k);
            if (here > 0 && !is_covered(w, (int32_t)p, k)) rows += here;
        }
    return rows;
}

static void prove_by_uncovered(work *w) {
    if (w->n_pending == 0) return;
    const int64_t all = count_uncovered(w);
    for (size_t i = 0; i < w->n_pending; i++) {
        const int32_t c = w->pending[i];
        size_t n;
        const int32_t *place = places_of(w, c, &n);
        int64_t rows = 0;
        bool any = false;
        for (size_t k = 0; k < w->r->n_kinds; k++)
            for (size_t p = 0; p < n && takes(w, w->r->cell[c].selection, k); p++) {
                if (is_covered(w, place[p], k)) continue;
                rows += rows_at(w, place[p], k);
                any = true;
            }
        if (any) widen(w, c, all - rows, rows);
    }
    keep_unproved(w);
}

/* ---- Moves along time ---- */

/* Borders between columns are of one era, in an area, when shown sums over stretches tell
 * the rows between them. All borders of an era can be moved together: as many rows more
 * in the columns that end at one as fewer in those that begin there. */

static int32_t *eras_of(const work *w, size_t area) {
    return w->era + area * w->r->n_columns;
}

static void join_eras(int32_t *era, size_t n, size_t a, size_t b) {
    const int32_t from = era[b], to = era[a];
    if (from == to) return;
    for (size_t k = 0; k < n; k++)
        if (era[k] == from) era[k] = to;
}

/* Kinds that move together, as one: of them a shown sum has to take all or none, or the
 * borders of the area are fixed. */
static void find_eras(const work *w, const bool *kinds) {
    const size_t columns = w->r->n_columns;
    for (size_t i = 0; i < w->n_areas * columns; i++) w->era[i] = (int32_t)(i % columns);
    for (size_t c = 0; c < w->r->n_cells; c++) {
        size_t n;
        const int32_t *place = places_of(w, (int32_t)c, &n);
        if (!is_shown(w, c)) continue;
        bool some = false, all = true;
        for (size_t k = 0; k < w->r->n_kinds; k++) {
            if (!kinds[k]) continue;
            if (takes(w, w->r->cell[c].selection, k))
                some = true;
            else
                all = false;
        }
        for (size_t i = 0, first = 0; i < n && some; i++) {
            const size_t area = (size_t)place[i] / columns;
            if (i + 1 < n && (size_t)place[i + 1] / columns == area) continue;
            if (all)
                join_eras(eras_of(w, area), columns, (size_t)place[first] % columns,
                          (size_t)place[i] % columns + 1);
            else
                memset(eras_of(w, area), 0, columns * sizeof *w->era);
            first = i + 1;
        }
    }
    memset(w->moving, 0, w->r->n_places * sizeof *w->moving);
    for (size_t p = 0; p < w->r->n_places; p++)
        for (size_t k = 0; k < w->r->n_kinds; k++)
            if (kinds[k]) w->moving[p] += rows_at(w, (int32_t)p, k);
}

/* How far the borders of an era can be moved so that the columns that end at them have
 * more (or less) rows. */
static int64_t move_of(const work *w, size_t area, int32_t era, bool more) {
    const size_t columns = w->r->n_columns;
    const int32_t *eras = eras_of(w, area);
    int64_t rows = w->options->threshold;
    for (size_t c = 0; c + 1 < columns; c++) {
        const bool begins = eras[c] == era, ends = eras[c + 1] == era;
        if (begins != ends && ends != more)
            rows = least(rows, w->moving[area * columns + c]);
    }
    return rows;
}

/* All rows are known, so what one area has more others have less. */
static int64_t balance(const work *w, size_t area, int32_t era, bool more) {
    const int32_t *eras = eras_of(w, area);
    const bool first = eras[0] == era, last = eras[w->r->n_columns - 1] == era;
    if (first == last) return INT64_MAX;
    return last == more ? w->all_lose - w->lose[area] : w->all_gain - w->gain[area];
}

static int64_t balanced_move(const work *w, size_t area, int32_t era, bool more) {
    return least(move_of(w, area, era, more), balance(w, area, era, more));
}

/* The rows of an area change when its first or its last border moves. */
static void find_balance(work *w) {
    w->all_gain = w->all_lose = 0;
    for (size_t a = 0; a < w->n_areas; a++) {
        const int32_t *eras = eras_of(w, a);
        const int32_t first = eras[0], last = eras[w->r->n_columns - 1];
        w->gain[a] = w->lose[a] = 0;
        if (first == last) continue;
        w->gain[a] = most(move_of(w, a, last, true), move_of(w, a, first, false));
        w->lose[a] = most(move_of(w, a, last, false), move_of(w, a, first, true));
        w->all_gain += w->gain[a], w->all_lose += w->lose[a];
    }
}

/* Secrets of a run of columns in one area. */
static bool is_run(const work *w, int32_t cell, size_t *area, size_t *first,
                   size_t *end) {
    const size_t columns = w->r->n_columns;
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    if (n == 0 || (size_t)(place[n - 1] - place[0]) != n - 1) return false;
    *area = (size_t)place[0] / columns;
    *first = (size_t)place[0] % columns, *end = *first + n;
    return *end < columns;
}

static change change_by_time(const work *w, int32_t cell) {
    size_t area, first, end;
    if (!is_run(w, cell, &area, &first, &end)) return (change){0, 0, 0, 0};
    const int32_t begins = eras_of(w, area)[first], ends = eras_of(w, area)[end];
    if (begins == ends) return (change){0, 0, 0, 0};
    return (change){
        most(balanced_move(w, area, ends, true), balanced_move(w, area, begins, false)),
        most(balanced_move(w, area, ends, false), balanced_move(w, area, begins, true)),
        0, 0};
}

/* Kind by kind; those of several kinds add up. */
static void prove_by_kinds_along_time(work *w, bool *kinds) {
    memset(w->more, 0, w->r->n_cells * sizeof *w->more);
    memset(w->one, 0, w->r->n_cells * sizeof *w->one);
    for (size_t kind = 0; kind < w->r->n_kinds && w->n_pending > 0; kind++) {
        kinds[kind] = true;
        find_eras(w, kinds);
        find_balance(w);
        kinds[kind] = false;
        for (size_t i = 0; i < w->n_pending; i++) {
            const int32_t c = w->pending[i];
            if (!takes(w, w->r->cell[c].selection, kind)) continue;
            const change by = change_by_time(w, c);
            w->more[c] += by.up, w->one[c] += by.down;
            widen(w, c, w->more[c], w->one[c]);
        }
    }
    keep_unproved(w);
}

/* All kinds of a selection as one. */
static void prove_by_selections_along_time(work *w) {
    for (size_t s = 0; s < w->r->n_selections && w->n_pending > 0; s++) {
        bool any = false;
        for (size_t i = 0; i < w->n_pending && !any; i++)
            any = w->r->cell[w->pending[i]].selection == (int32_t)s;
        if (!any) continue;
        find_eras(w, w->r->takes + s * w->r->n_kinds);
        find_balance(w);
        for (size_t i = 0; i < w->n_pending; i++) {
            const int32_t c = w->pending[i];
            if (w->r->cell[c].selection != (int32_t)s) continue;
            const change by = change_by_time(w, c);
            widen(w, c, by.up, by.down);
        }
        keep_unproved(w);
    }
}

static ps_status prove(work *w, ps_error *err) {
    PS_TRY(tell_apart(w, err));
    prove_by_one(w);
    memcpy(w->one, w->up, w->r->n_cells * sizeof *w->one);
    prove_by_uncovered(w);
    memset(w->less, 0, w->r->n_cells * MOST_BACK * sizeof *w->less);
    for (size_t kind = 0; kind < w->r->n_kinds && w->n_pending > 0; kind++) {
        memcpy(w->more, w->one, w->r->n_cells * sizeof *w->more);
        for (size_t k = 0; k < w->n_back; k++)
            if (w->back[k] != (int32_t)kind) prove_by_two(w, kind, k);
    }
    if (w->n_pending > 0) prove_by_selections_along_time(w);
    prove_by_kinds_along_time(w, w->moved);
    memset(w->more, 0, w->r->n_cells * sizeof *w->more);
    memset(w->one, 0, w->r->n_cells * sizeof *w->one);
    for (size_t k = 0; k < w->n_back && w->n_pending > 0; k++)
        PS_TRY(prove_by_four(w, (size_t)w->back[k], err));
    return PS_OK;
}

/* ---- Hiding more ---- */

static int64_t rows_in(const work *w, int32_t cell, size_t kind) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += rows_at(w, place[i], kind);
    return sum;
}

/* The kind of a secret that has most rows where it is, and the one to go back. */
static void choose_kinds(const work *w, int32_t cell, size_t *kind, int32_t *back) {
    const int32_t s = w->r->cell[cell].selection;
    int64_t most = -1;
    for (size_t k = 0; k < w->r->n_kinds; k++) {
        if (!takes(w, s, k)) continue;
        const int64_t rows = rows_in(w, cell, k);
        if (rows > most) most = rows, *kind = k;
    }
    most = 0;
    *back = -1;
    for (size_t k = 0; k < w->n_back; k++) {
        if (takes(w, s, (size_t)w->back[k])) continue;
        const int64_t rows = rows_in(w, cell, (size_t)w->back[k]);
        if (rows > most) most = rows, *back = w->back[k];
    }
}

static bool tells(const work *w, size_t cell, size_t kind, int32_t back) {
    const int32_t s = w->r->cell[cell].selection;
    return is_shown(w, cell) &&
           takes(w, s, kind) != (back >= 0 && takes(w, s, (size_t)back));
}

static bool lies_in(const int32_t *place, size_t n, int32_t wanted) {
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (place[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && place[low] == wanted;
}

/* What has to be hidden so that a place is not told apart from `from`. */
static void add_costs(const work *w, int32_t from, size_t kind, int32_t back) {
    int64_t always = 0;
    int32_t fixed = 0;
    memset(w->cost, 0, w->r->n_places * sizeof *w->cost);
    memset(w->fixed, 0, w->r->n_places * sizeof *w->fixed);
    for (size_t c = 0; c < w->r->n_cells; c++) {
        size_t n;
        const int32_t *place = places_of(w, (int32_t)c, &n);
        if (!tells(w, c, kind, back)) continue;
        const int64_t x = least(w->count[c], PRICED) + w->options->threshold,
                      price = x * x;
        const bool in = lies_in(place, n, from);
        if (!is_open(w, c)) {
            fixed += in;
            for (size_t i = 0; i < n; i++) w->fixed[place[i]] += in ? -1 : 1;
            continue;
        }
        if (in) always += price;
        for (size_t i = 0; i < n; i++) w->cost[place[i]] += in ? -price : price;
    }
    for (size_t p = 0; p < w->r->n_places; p++)
        w->cost[p] += always, w->fixed[p] += fixed;
}

/* The place outside of a secret that costs least for what its rows help; -1 when there is
 * none. */
static int32_t cheapest(const work *w, int32_t cell, size_t kind, int32_t back) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    int32_t best = -1;
    int64_t best_rows = 1;
    for (size_t p = 0; p < w->r->n_places; p++) {
        const int32_t at = (int32_t)p;
        const int64_t rows =
            rows_at(w, at, kind) + (back >= 0 ? rows_at(w, at, (size_t)back) : 0);
        if (w->cost[p] == 0 || w->fixed[p] > 0 || rows == 0 || lies_in(place, n, at))
            continue;
        const int64_t helpful = least(rows, least(w->options->threshold, HELPFUL));
        if (best >= 0 && w->cost[p] * best_rows >= w->cost[best] * helpful) continue;
        best = at, best_rows = helpful;
    }
    return best;
}

/* Where a secret has most rows of a kind. */
static int32_t richest(const work *w, int32_t cell, size_t kind) {
    size_t n, best = 0;
    const int32_t *place = places_of(w, cell, &n);
    for (size_t i = 1; i < n; i++)
        if (rows_at(w, place[i], kind) > rows_at(w, place[best], kind)) best = i;
    return place[best];
}

/* The cheapest neighbour of a secret for moves of one kind, or of two; -1 none. */
static int32_t neighbour(const work *w, int32_t cell, size_t kind, int32_t back,
                         int64_t *cost) {
    add_costs(w, richest(w, cell, kind), kind, back);
    const int32_t to = cheapest(w, cell, kind, back);
    *cost = to >= 0 ? w->cost[to] : INT64_MAX;
    return to;
}

/* Hides the sums that tell a secret apart from its cheapest neighbour; false when there
 * is none. */
static bool help(const work *w, int32_t cell) {
    size_t kind = 0, n;
    int32_t back;
    int64_t cost, cost_of_two = INT64_MAX;
    places_of(w, cell, &n);
    if (n == 0) return false;
    choose_kinds(w, cell, &kind, &back);
    const int32_t from = richest(w, cell, kind);
    const int32_t two = back >= 0 ? neighbour(w, cell, kind, back, &cost_of_two) : -1;
    int32_t to = neighbour(w, cell, kind, -1, &cost);
    if (cost_of_two <= cost)
        to = two;
    else
        back = -1;
    if (to < 0) return false;
    for (size_t c = 0; c < w->r->n_cells; c++) {
        if (!tells(w, c, kind, back)) continue;
        const int32_t *member = places_of(w, (int32_t)c, &n);
        if (lies_in(member, n, from) != lies_in(member, n, to))
            hide(w, c, PS_PROTECT_OTHERS);
    }
    return true;
}

static bool share_kinds(const work *w, int32_t a, int32_t b) {
    for (size_t k = 0; k < w->r->n_kinds; k++)
        if (takes(w, a, k) && takes(w, b, k)) return true;
    return false;
}

/* The smallest sum over rows of a secret; -1 none. */
static int32_t smallest_over(const work *w, int32_t cell) {
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    int32_t best = -1;
    for (size_t c = 0; c < w->r->n_cells && n > 0; c++) {
        size_t members;
        const int32_t *member = places_of(w, (int32_t)c, &members);
        if (is_open(w, c) && (best < 0 || w->count[c] < w->count[best]) &&
            share_kinds(w, w->r->cell[c].selection, w->r->cell[cell].selection) &&
            lies_in(member, members, place[0]))
            best = (int32_t)c;
    }
    return best;
}

/* The table to give up for a secret: one with sums over rows of it, else over its kinds,
 * else any; of these the largest. */
static int32_t table_for(const work *w, const size_t *size, int32_t cell) {
    int32_t best = -1;
    int best_rank = 0;
    size_t n;
    const int32_t *place = places_of(w, cell, &n);
    for (size_t c = 0; c < w->r->n_cells; c++) {
        if (!is_open(w, c)) continue;
        size_t members;
        const int32_t *member = places_of(w, (int32_t)c, &members);
        int rank =
            1 + share_kinds(w, w->r->cell[c].selection, w->r->cell[cell].selection);
        if (rank == 2 && n > 0 && lies_in(member, members, place[0])) rank = 3;
        const int32_t table = w->r->cell[c].table;
        if (rank < best_rank || (rank == best_rank && size[table] <= size[best]))
            continue;
        best = table, best_rank = rank;
    }
    return best;
}

static ps_status give_up_tables(const work *w, ps_error *err) {
    size_t *size = ps_zalloc(w->r->n_tables, sizeof *size);
    if (size == NULL) return ps_fail_nomem(err);
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (w->r->cell[c].table >= 0) size[w->r->cell[c].table]++;
    const int32_t table = table_for(w, size, w->pending[0]);
    if (table >= 0) hide_table(w, table);
    ps_free(size);
    return PS_OK;
}

/* What one secret has hidden often helps its neighbours, so they wait for the next
 * round. */
static ps_status hide_more(work *w, size_t round, ps_error *err) {
    const size_t places = w->r->n_places;
    bool any = false;
    memset(w->touched, 0, w->r->n_selections * places * sizeof *w->touched);
    for (size_t i = 0; i < w->n_pending && round < TABLE_ROUNDS; i++) {
        const int32_t c = w->pending[i];
        size_t n;
        const int32_t *place = places_of(w, c, &n);
        bool *touched = w->touched + (size_t)w->r->cell[c].selection * places;
        if (n == 0 || touched[place[0]]) continue;
        const int32_t sum = round < CELL_ROUNDS ? -1 : smallest_over(w, c);
        if (sum >= 0)
            hide(w, (size_t)sum, PS_PROTECT_OTHERS);
        else if (!help(w, c))
            continue;
        for (size_t k = 0; k < n; k++) touched[place[k]] = true;
        any = true;
    }
    if (!any) PS_TRY(give_up_tables(w, err));
    return hide_zeros(w, err);
}

static bool anything_shown(const work *w) {
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (is_open(w, c)) return true;
    return false;
}

/* What is hidden for others becomes a secret, too. */
static void list_secrets(work *w) {
    w->n_pending = 0;
    w->summary->secrets = w->summary->proved = 0;
    w->summary->narrowest = 0;
    for (size_t c = 0; c < w->r->n_cells; c++)
        if (is_secret(w, c)) w->pending[w->n_pending++] = (int32_t)c;
    w->summary->secrets = w->n_pending;
}

/* ---- Showing again ---- */

/* Cells of one set go together, since often one of them is the rest of the others. */
typedef struct candidate {
    int64_t most; /* of the counts of the set */
    int32_t set, cell;
} candidate;

static int by_most_down(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->most != y->most) return x->most > y->most ? -1 : 1;
    if (x->set != y->set) return x->set < y->set ? -1 : 1;
    return x->cell < y->cell ? -1 : x->cell > y->cell;
}

/* Where the middle set of a list begins; 0: there is only one. */
static size_t middle_of(const candidate *list, size_t n) {
    size_t at = n / 2;
    while (at < n && list[at].set == list[at > 0 ? at - 1 : 0].set) at++;
    if (at < n) return at;
    at = n / 2;
    while (at > 0 && list[at].set == list[at - 1].set) at--;
    return at;
}

/* Does everything stay safe when some of what was hidden for others is shown? */
static ps_status try_to_show(work *w, const candidate *list, size_t n, bool *safe,
                             ps_error *err) {
    for (size_t i = 0; i < n; i++) w->cause[list[i].cell] = PS_PROTECT_NONE;
    list_secrets(w);
    PS_TRY(prove(w, err));
    *safe = w->n_pending == 0;
    for (size_t i = 0; i < n && !*safe; i++) w->cause[list[i].cell] = PS_PROTECT_OTHERS;
    return PS_OK;
}

/* Those of a list, by halves, as long as there are tries left. */
static ps_status show_again(work *w, const candidate *list, size_t n, size_t *tries,
                            ps_error *err) {
    bool safe;
    if (n == 0 || *tries == 0) return PS_OK;
    --*tries;
    PS_TRY(try_to_show(w, list, n, &safe, err));
    const size_t middle = middle_of(list, n);
    if (safe || middle == 0) return PS_OK;
    PS_TRY(show_again(w, list, middle, tries, err));
    return show_again(w, list + middle, n - middle, tries, err);
}

static ps_status list_hidden(const work *w, candidate *list, size_t *n, ps_error *err) {
    int64_t *most_of = ps_zalloc(w->r->n_sets, sizeof *most_of);
    if (most_of == NULL) return ps_fail_nomem(err);
    *n = 0;
    for (size_t c = 0; c < w->r->n_cells; c++) {
        const ps_protect_cell *cell = &w->r->cell[c];
        if ((w->cause[c] != PS_PROTECT_OTHERS && w->cause[c] != PS_PROTECT_LAST) ||
            cell->given != PS_PROTECT_OPEN || w->count[c] == 0)
            continue;
        list[(*n)++] = (candidate){0, cell->set, (int32_t)c};
        most_of[cell->set] = most(most_of[cell->set], w->count[c]);
    }
    for (size_t i = 0; i < *n; i++) list[i].most = most_of[list[i].set];
    ps_free(most_of);
    qsort(list, *n, sizeof *list, by_most_down);
    return PS_OK;
}

/* What was hidden first for one secret is often not needed once others are safe, too. The
 * largest come first. */
static ps_status show_what_can_be(work *w, ps_error *err) {
    const double places = (double)w->r->n_places,
                 pairs = places * places < MOST_PAIRS ? places * places : MOST_PAIRS,
                 once = (places * (double)w->r->n_kinds * (double)w->r->n_selections +
                         pairs * SORTED) *
                        (double)w->n_back;
    size_t tries = (size_t)(MOST_TRIED / (once + 1)), n = 0;
    candidate *list = ps_alloc(w->r->n_cells, sizeof *list);
    if (list == NULL) return ps_fail_nomem(err);
    ps_status status = list_hidden(w, list, &n, err);
    if (status == PS_OK) status = show_again(w, list, n, &tries, err);
    ps_free(list);
    PS_TRY(status);
    list_secrets(w);
    return prove(w, err);
}

static ps_status decide(work *w, ps_error *err) {
    PS_TRY(hide_small_tables(w, err));
    hide_primary(w);
    PS_TRY(hide_zeros(w, err));
    for (size_t round = 0;; round++) {
        list_secrets(w);
        PS_TRY(prove(w, err));
        w->summary->rounds = round + 1;
        if (w->n_pending == 0 || !anything_shown(w)) break;
        PS_TRY(hide_more(w, round, err));
    }
    if (w->n_pending == 0 && w->summary->rounds > 1) PS_TRY(show_what_can_be(w, err));
    for (size_t c = 0; c < w->r->n_cells; c++) w->summary->cells[w->cause[c]]++;
    return PS_OK;
}

/* ---- The work itself ---- */

static void choose_back(work *w, int64_t *rows) {
    for (size_t p = 0; p < w->r->n_places; p++)
        for (size_t k = 0; k < w->r->n_kinds; k++) rows[k] += rows_at(w, (int32_t)p, k);
    while (w->n_back < MOST_BACK && w->n_back < w->r->n_kinds) {
        size_t best = 0;
        for (size_t k = 1; k < w->r->n_kinds; k++)
            if (rows[k] > rows[best]) best = k;
        w->back[w->n_back++] = (int32_t)best;
        rows[best] = -1;
    }
}

static ps_protect_cause given_cause(const work *w, size_t cell) {
    const ps_protect_cell *c = &w->r->cell[cell];
    if (c->given == PS_PROTECT_KNOWN) return PS_PROTECT_READER;
    if (c->given == PS_PROTECT_WITHHELD)
        return is_small(w, cell) ? PS_PROTECT_COUNT : PS_PROTECT_OTHERS;
    return c->table < 0 ? PS_PROTECT_UNSHOWN : PS_PROTECT_NONE;
}

static ps_status open_work(work *w, ps_error *err) {
    const ps_protect_release *r = w->r;
    int64_t *rows = ps_zalloc(r->n_kinds, sizeof *rows);
    w->count = ps_alloc(r->n_cells, sizeof *w->count);
    w->pending = ps_alloc(r->n_cells, sizeof *w->pending);
    w->up = ps_zalloc(r->n_cells, sizeof *w->up);
    w->down = ps_zalloc(r->n_cells, sizeof *w->down);
    w->more = ps_zalloc(r->n_cells, sizeof *w->more);
    w->one = ps_zalloc(r->n_cells, sizeof *w->one);
    w->less = ps_zalloc(r->n_cells, MOST_BACK * sizeof *w->less);
    w->told = ps_zalloc(r->n_selections, sizeof *w->told);
    w->whole = ps_zalloc(r->n_places, 2 * sizeof *w->whole);
    w->inside = ps_zalloc(r->n_places, 2 * sizeof *w->inside);
    w->places = ps_zalloc(r->n_places, sizeof *w->places);
    w->free = ps_zalloc(r->n_places, sizeof *w->free);
    w->back = ps_alloc(MOST_BACK, sizeof *w->back);
    w->touched = ps_zalloc(r->n_selections, r->n_places * sizeof *w->touched);
    w->cost = ps_zalloc(r->n_places, sizeof *w->cost);
    w->fixed = ps_zalloc(r->n_places, sizeof *w->fixed);
    w->sums = ps_alloc(r->n_places, 2 * sizeof *w->sums);
    w->start = ps_alloc(r->n_places + 3, sizeof *w->start);
    w->n_areas = r->n_columns > 0 ? r->n_places / r->n_columns : 0;
    w->era = ps_alloc(r->n_places, sizeof *w->era);
    w->moved = ps_zalloc(r->n_kinds, sizeof *w->moved);
    w->moving = ps_alloc(r->n_places, sizeof *w->moving);
    w->gain = ps_alloc(w->n_areas, sizeof *w->gain);
    w->lose = ps_alloc(w->n_areas, sizeof *w->lose);
    ps_status status = ps_partition_open(r->n_places, &w->part, err);
    if (status == PS_OK &&
        (rows == NULL || w->count == NULL || w->pending == NULL || w->up == NULL ||
         w->down == NULL || w->more == NULL || w->less == NULL || w->one == NULL ||
         w->told == NULL || w->whole == NULL || w->inside == NULL || w->places == NULL ||
         w->free == NULL || w->back == NULL || w->touched == NULL || w->cost == NULL ||
         w->fixed == NULL || w->sums == NULL || w->start == NULL || w->era == NULL ||
         w->gain == NULL || w->lose == NULL || w->moved == NULL || w->moving == NULL))
        status = ps_fail_nomem(err);
    if (status == PS_OK) choose_back(w, rows);
    ps_free(rows);
    for (size_t c = 0; c < r->n_cells && status == PS_OK; c++) {
        w->count[c] = count_cell(w, (int32_t)c);
        w->cause[c] = given_cause(w, c);
    }
    return status;
}

static void close_work(work *w) {
    for (size_t s = 0; w->told != NULL && s < w->r->n_selections; s++) {
        ps_free(w->told[s].place), ps_free(w->told[s].start);
        ps_free(w->told[s].covered);
    }
    ps_partition_close(&w->part);
    ps_free(w->count), ps_free(w->pending), ps_free(w->told);
    ps_free(w->up), ps_free(w->down), ps_free(w->more);
    ps_free(w->less), ps_free(w->one);
    ps_free(w->whole), ps_free(w->inside), ps_free(w->places), ps_free(w->free);
    ps_free(w->back), ps_free(w->touched), ps_free(w->cost), ps_free(w->fixed);
    ps_free(w->step), ps_free(w->at), ps_free(w->start), ps_free(w->sums);
    ps_free(w->era), ps_free(w->gain), ps_free(w->lose), ps_free(w->moved),
        ps_free(w->moving);
}

ps_status ps_protect(const ps_protect_release *release, const ps_protect_options *options,
                     ps_protect_cause *cause, ps_protect_summary *summary,
                     ps_error *err) {
    *summary = (ps_protect_summary){.tables = release->n_tables};
    if (options->threshold < 2)
        return ps_fail(err, PS_CONFIG, "the threshold is %lld, but has to be 2 or more",
                       (long long)options->threshold);
    work w = {.r = release, .options = options, .cause = cause, .summary = summary};
    ps_status status = open_work(&w, err);
    if (status == PS_OK) status = decide(&w, err);
    close_work(&w);
    return status;
}
