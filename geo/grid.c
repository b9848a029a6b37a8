/* Building: bands of top cells side by side. In a band the edges of all layers that reach
 * it are collected and equal ones joined, spread over its cells, and cell after cell is
 * made, cut where many edges touch it. While that goes on, the mask of an edge is the
 * number of the set of areas that it bounds.
 */
#include "geo/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"

enum {
    LEAF_EDGES = 6,   /* a cell with more is cut */
    MAX_FAN = 6,      /* cut into at most 64 x 64 */
    MAX_DEPTH = 3,    /* cuts below the top grid */
    CHUNK_EDGES = 32, /* edges that share a box while bands collect theirs */
    CHUNK_GRAIN = 256,
    SORT_BY_HAND = 24, /* areas */
    MET = 4096         /* sets and answers that are found again */
};

typedef ps_grid_edge edge;

/* --- geometry --- */

/* Is the place where an edge passes the height m - 1/2 right of the line k - 1/2? Exact.
 * The edge has y1 < m <= y2. An edge through the very crossing of both lines counts as
 * left of it: either side will do as long as it is the same everywhere, for such an edge
 * is among those of the cell at that corner, and what it toggles there is taken out
 * again. */
static bool passes_right(const edge *e, int64_t m, int64_t k) {
    const int64_t dx = (int64_t)e->x2 - e->x1, dy = (int64_t)e->y2 - e->y1;
    /* x1 + dx (m - 1/2 - y1) / dy > k - 1/2, times 2 dy; halved again, as the product of
     * two differences has no bit to spare */
    const int64_t limit = dx - dy;
    const int64_t half = limit >= 0 ? limit / 2 : -((1 - limit) / 2); /* floor */
    return dx * (m - e->y1) - (k - e->x1) * dy > half;
}

/* The column of cells of 2^shift units in which that place lies. */
static int64_t passes_column(const edge *e, int64_t m, int shift) {
    const double size = (double)((int64_t)1 << shift);
    const double along = ((double)(m - e->y1) - 0.5) / ((double)e->y2 - (double)e->y1);
    const double x = (double)e->x1 + 0.5 + ((double)e->x2 - (double)e->x1) * along;
    const int64_t column = (int64_t)floor(x / size);
    /* The sum is good to 1e-6 units: only near a border has it to be made exact. */
    const double into = x - (double)column * size;
    if (into < 0.01) return passes_right(e, m, column << shift) ? column : column - 1;
    if (size - into < 0.01)
        return passes_right(e, m, (column + 1) << shift) ? column + 1 : column;
    return column;
}

/* Does the ray from the corner at (k - 1/2, m - 1/2) to the left cross the edge? Together
 * with the toggle at its outer end, see above. */
static bool differs_at_corner(const edge *e, int64_t k, int64_t m) {
    const bool above_lower = m > e->y1, above_upper = m > e->y2;
    bool odd = above_lower && !above_upper && !passes_right(e, m, k);
    if (e->x1 < k) odd ^= above_lower;
    if (e->x2 < k) odd ^= above_upper;
    return odd;
}

/* --- growing arrays --- */

typedef struct words {
    uint32_t *p;
    size_t n, room;
} words;

typedef struct edge_list {
    edge *p;
    size_t n, room;
} edge_list;

typedef struct pair {
    uint32_t cell, edge;
} pair;

typedef struct pairs {
    pair *p;
    size_t n, room;
} pairs;

/* A set of areas: the greatest, and the set of the others; 0 is empty. */
typedef struct set {
    uint32_t area, rest;
} set;

typedef struct sets {
    set *p;
    size_t n, room;
} sets;

/* Room for n more elements. */
#define MAKE_ROOM(array, more, err)                                                 \
    PS_TRY((array)->n + (more) <= (array)->room                                     \
               ? PS_OK                                                              \
               : ps_grow((void **)&(array)->p, &(array)->room, (array)->n + (more), \
                         sizeof *(array)->p, (err)))

/* Exactly n zeros. */
static ps_status words_clear(words *w, size_t n, ps_error *err) {
    w->n = 0;
    MAKE_ROOM(w, n, err);
    w->n = n;
    memset(w->p, 0, n * sizeof *w->p);
    return PS_OK;
}

/* --- spreading edges over cells --- */

/* A rectangle of cells: columns and rows counted in cells of 2^shift units. */
typedef struct window {
    int shift;
    int64_t column, row;
    uint32_t columns, rows;
} window;

/* The edges that touch each cell, and those that toggle its corner, seen from the corner
 * on its left. */
typedef struct spread {
    pairs touch, toggle; /* in the order of the edges */
    words touch_start, touch_list, toggle_start, toggle_list; /* sorted by cell */
} spread;

static void spread_free(spread *s) {
    ps_free(s->touch.p);
    ps_free(s->toggle.p);
    ps_free(s->touch_start.p);
    ps_free(s->touch_list.p);
    ps_free(s->toggle_start.p);
    ps_free(s->toggle_list.p);
}

/* Note the cells of the window that an edge touches, and where it toggles corners. */
static ps_status spread_edge(spread *s, const window *w, const edge *e, uint32_t id,
                             ps_error *err) {
    const int64_t last_row = w->row + w->rows - 1,
                  last_column = w->column + w->columns - 1;
    const int64_t from_row = (int64_t)e->y1 >> w->shift;
    const int64_t to_row = (int64_t)e->y2 >> w->shift;
    int64_t row = from_row, column = (int64_t)e->x1 >> w->shift;
    if (row == to_row && column == (int64_t)e->x2 >> w->shift) { /* most are short */
        const uint64_t r = (uint64_t)(row - w->row), c = (uint64_t)(column - w->column);
        if (r >= w->rows || c >= w->columns) return PS_OK;
        MAKE_ROOM(&s->touch, 1, err);
        s->touch.p[s->touch.n++] = (pair){(uint32_t)(r * w->columns + c), id};
        return PS_OK;
    }
    if (row < w->row) {
        row = w->row;
        if (to_row < row) return PS_OK;
        column = passes_column(e, row << w->shift, w->shift);
    }
    for (; row <= to_row && row <= last_row; row++) {
        const size_t base = (size_t)(row - w->row) * w->columns;
        if (row > from_row) { /* it passes the lower border of this row, in `column` */
            const int64_t corner = column + 1 > w->column ? column + 1 : w->column;
            if (corner <= last_column) {
                MAKE_ROOM(&s->toggle, 1, err);
                s->toggle.p[s->toggle.n++] =
                    (pair){(uint32_t)(base + (size_t)(corner - w->column)), id};
            }
        }
        const int64_t next = row < to_row
                                 ? passes_column(e, (row + 1) << w->shift, w->shift)
                                 : (int64_t)e->x2 >> w->shift;
        int64_t low = column < next ? column : next, high = column < next ? next : column;
        low = low > w->column ? low : w->column;
        high = high < last_column ? high : last_column;
        column = next;
        if (low > high) continue;
        MAKE_ROOM(&s->touch, (size_t)(high - low) + 1, err);
        for (int64_t c = low; c <= high; c++)
            s->touch.p[s->touch.n++] =
                (pair){(uint32_t)(base + (size_t)(c - w->column)), id};
    }
    return PS_OK;
}

/* Stable counting sort of pairs by cell. */
static ps_status sort_pairs(const pairs *from, size_t cells, words *start, words *list,
                            ps_error *err) {
    PS_TRY(words_clear(start, cells + 2, err));
    list->n = 0;
    MAKE_ROOM(list, from->n, err);
    for (size_t i = 0; i < from->n; i++) start->p[from->p[i].cell + 2]++;
    for (size_t c = 0; c < cells; c++) start->p[c + 2] += start->p[c + 1];
    for (size_t i = 0; i < from->n; i++)
        list->p[start->p[from->p[i].cell + 1]++] = from->p[i].edge;
    return PS_OK;
}

static ps_status spread_sort(spread *s, size_t cells, ps_error *err) {
    PS_TRY(sort_pairs(&s->touch, cells, &s->touch_start, &s->touch_list, err));
    return sort_pairs(&s->toggle, cells, &s->toggle_start, &s->toggle_list, err);
}

/* --- the band at hand --- */

/* One per level of cutting: what a cut needs until its last cell is done. */
typedef struct level {
    spread cells;
    words left;  /* edges that stick out on the left */
    words state; /* bit per local area */
} level;

/* Where an area was met last, and its number among the areas of that top cell. */
typedef struct local {
    uint32_t met, number;
} local;

/* Scratch of one worker. */
typedef struct scratch {
    const ps_grid *grid;
    words out; /* the cells of the band */
    edge_list edges;
    sets sets;
    words edge_slots; /* number + 1 */
    uint32_t set_met[MET], answer_met[MET];
    spread cells;
    words inside; /* areas that hold the corner at hand, ascending */
    local *local; /* one per area */
    uint32_t cell;
    words areas; /* of the top cell at hand, ascending: the local areas */
    words bits;  /* per edge of the cell, its local areas, when they are few */
    bool few;    /* one block of a record holds all local areas */
    words state, base, present, place, some, answer;
    level level[MAX_DEPTH];
    size_t budget; /* edge references that cuts may still make in this band */
} scratch;

static void scratch_free(scratch *s) {
    ps_free(s->out.p);
    ps_free(s->edges.p);
    ps_free(s->sets.p);
    ps_free(s->edge_slots.p);
    spread_free(&s->cells);
    ps_free(s->inside.p);
    ps_free(s->local);
    ps_free(s->areas.p);
    ps_free(s->bits.p);
    ps_free(s->state.p);
    ps_free(s->base.p);
    ps_free(s->present.p);
    ps_free(s->place.p);
    ps_free(s->some.p);
    ps_free(s->answer.p);
    for (int l = 0; l < MAX_DEPTH; l++) {
        spread_free(&s->level[l].cells);
        ps_free(s->level[l].left.p);
        ps_free(s->level[l].state.p);
    }
}

static ps_status fail_size(ps_error *err) {
    return ps_fail(err, PS_LIMIT,
                   "too many boundary edges lie across each other in one band of the "
                   "index; simplify the boundaries or locate fewer areas at a time");
}

/* Room for n words at a multiple of unit words. */
static ps_status claim(words *out, size_t n, size_t unit, size_t *at, ps_error *err) {
    const size_t begin = (out->n + unit - 1) / unit * unit;
    if (begin + n >= (size_t)1 << 30) return fail_size(err);
    MAKE_ROOM(out, begin + n - out->n, err);
    for (size_t i = out->n; i < begin; i++) out->p[i] = 0;
    out->n = begin + n;
    *at = begin;
    return PS_OK;
}

static uint32_t mix(uint64_t a, uint64_t b) {
    uint64_t h = a * 0x9e3779b97f4a7c15u ^ b * 0xc2b2ae3d27d4eb4fu;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32);
}

/* --- sets of areas --- */

/* The set with one more area, greater than all in it. Equal sets are mostly one. */
static ps_status add_area(scratch *s, uint32_t rest, uint32_t area, uint32_t *out,
                          ps_error *err) {
    uint32_t *met = &s->set_met[mix(rest, area) % MET];
    if (*met == 0 || s->sets.p[*met].area != area || s->sets.p[*met].rest != rest) {
        MAKE_ROOM(&s->sets, 1, err);
        *met = (uint32_t)s->sets.n;
        s->sets.p[s->sets.n++] = (set){area, rest};
    }
    *out = *met;
    return PS_OK;
}

static void flip(uint32_t *bits, uint32_t number) {
    bits[number / 32] ^= 1u << number % 32;
}

/* The local areas of an edge in or out. */
static void flip_edge(const scratch *s, uint32_t *bits, uint32_t id) {
    if (s->few) {
        *bits ^= s->bits.p[id];
        return;
    }
    uint32_t number = s->edges.p[id].mask;
    for (; number != 0; number = s->sets.p[number].rest)
        flip(bits, s->local[s->sets.p[number].area].number);
}

/* --- whole cells --- */

/* The entry of a cell that areas, ascending, hold: of each layer the lowest counts, and
 * whether it has another. */
static ps_status whole_cell(scratch *s, const uint32_t *area, size_t n, uint32_t *entry,
                            ps_error *err) {
    const ps_grid *g = s->grid;
    *entry = 0;
    if (n == 0) return PS_OK;
    if (g->layers == 1) {
        *entry = (area[0] + 1) | (n > 1 ? PS_GRID_TIE : 0);
        return PS_OK;
    }
    PS_TRY(words_clear(&s->answer, g->layers, err));
    uint32_t *answer = s->answer.p;
    uint64_t hash = 0;
    for (size_t i = 0, l = 0; i < n; i++) {
        l = ps_grid_layer(g, l, area[i]);
        answer[l] = answer[l] == 0 ? area[i] - g->first[l] + 1 : answer[l] | PS_GRID_TIE;
        hash = mix(hash, answer[l]);
    }
    uint32_t *met = &s->answer_met[hash % MET];
    if (*met == 0 ||
        memcmp(s->out.p + *met - 1, answer, g->layers * sizeof *answer) != 0) {
        size_t at = 0;
        PS_TRY(claim(&s->out, g->layers, 1, &at, err));
        memcpy(s->out.p + at, answer, g->layers * sizeof *answer);
        *met = (uint32_t)at + 1;
    }
    *entry = *met;
    return PS_OK;
}

/* The same for local areas. */
static ps_status whole_cell_of(scratch *s, const uint32_t *bits, uint32_t *entry,
                               ps_error *err) {
    s->some.n = 0;
    MAKE_ROOM(&s->some, s->areas.n, err);
    for (size_t w = 0; w * 32 < s->areas.n; w++) {
        for (uint32_t left = bits[w]; left != 0; left &= left - 1)
            s->some.p[s->some.n++] = s->areas.p[w * 32 + (size_t)__builtin_ctz(left)];
    }
    return whole_cell(s, s->some.p, s->some.n, entry, err);
}

/* --- cells with edges --- */

/* What is present in a record: the areas of its edges and, of those that hold all of the
 * cell, the two lowest of each layer: more are never asked for. */
static void add_covers(const scratch *s, const uint32_t *state, uint32_t *present) {
    const ps_grid *g = s->grid;
    size_t layer = 0, covers = 0;
    for (size_t w = 0; w * 32 < s->areas.n; w++) {
        for (uint32_t left = state[w] & ~present[w]; left != 0; left &= left - 1) {
            const uint32_t area = s->areas.p[w * 32 + (size_t)__builtin_ctz(left)];
            if (area >= g->first[layer + 1]) {
                layer = ps_grid_layer(g, layer, area);
                covers = 0;
            }
            if (covers++ < 2) present[w] |= left & -left;
        }
    }
}

/* The mask of a set over the areas [first, first + n) that are present. */
static uint32_t mask_of(const scratch *s, uint32_t number, size_t first, size_t n) {
    uint32_t mask = 0;
    for (; number != 0; number = s->sets.p[number].rest) {
        const size_t place = s->place.p[s->local[s->sets.p[number].area].number] - first;
        if (place < n) mask |= 1u << place;
    }
    return mask;
}

/* Into the first of five columns of n words. */
static void put_edge(uint32_t *to, size_t n, const edge *e) {
    to[0] = (uint32_t)e->x1, to[n] = (uint32_t)e->y1;
    to[2 * n] = (uint32_t)e->x2, to[3 * n] = (uint32_t)e->y2;
    to[4 * n] = e->mask;
}

/* One cell with its edges, as a record of one block. */
static ps_status write_block(scratch *s, const uint32_t *list, size_t n, int64_t k,
                             int64_t m, uint32_t state, uint32_t *entry, ps_error *err) {
    uint32_t present = 0, base = state, bits = 0, some = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t mine = s->bits.p[list[i]];
        present |= mine;
        if (differs_at_corner(&s->edges.p[list[i]], k, m)) base ^= mine;
    }
    add_covers(s, &state, &present);
    if (n >= (size_t)1 << 26) return fail_size(err);
    size_t at = 0;
    PS_TRY(claim(&s->out, 2 + PS_GRID_BLOCK + n * PS_GRID_EDGE_WORDS, 2, &at, err));
    uint32_t *record = s->out.p + at, place[32];
    for (uint32_t left = present; left != 0; left &= left - 1) {
        const uint32_t number = (uint32_t)__builtin_ctz(left);
        bits |= (base >> number & 1u) << some;
        place[number] = 1u << some;
        record[2 + some++] = s->areas.p[number];
    }
    record[0] = (uint32_t)n << 6 | some << 1;
    record[1] = bits;
    uint32_t *to = record + 2 + some;
    for (size_t i = 0; i < n; i++) {
        edge e = s->edges.p[list[i]];
        e.mask = (e.x1 < k ? PS_GRID_LOWER_OUT : 0) | (e.x2 < k ? PS_GRID_UPPER_OUT : 0);
        for (uint32_t left = s->bits.p[list[i]]; left != 0; left &= left - 1)
            e.mask |= place[__builtin_ctz(left)];
        put_edge(to + i, n, &e);
    }
    s->out.n = (size_t)(to + n * PS_GRID_EDGE_WORDS - s->out.p);
    *entry = PS_GRID_MIXED | (uint32_t)(at / 2);
    return PS_OK;
}

/* The same of any number of blocks. */
static ps_status write_record(scratch *s, const uint32_t *list, size_t n, int64_t k,
                              int64_t m, const uint32_t *state, uint32_t *entry,
                              ps_error *err) {
    if (s->few) return write_block(s, list, n, k, m, *state, entry, err);
    const size_t set_words = (s->areas.n + 31) / 32;
    PS_TRY(words_clear(&s->present, set_words, err));
    PS_TRY(words_clear(&s->base, set_words, err));
    MAKE_ROOM(&s->place, s->areas.n, err);
    uint32_t *present = s->present.p, *base = s->base.p;
    memcpy(base, state, set_words * sizeof *base);
    for (size_t i = 0; i < n; i++) {
        const edge *e = &s->edges.p[list[i]];
        const bool differs = differs_at_corner(e, k, m);
        for (uint32_t at = e->mask; at != 0; at = s->sets.p[at].rest) {
            const uint32_t number = s->local[s->sets.p[at].area].number;
            present[number / 32] |= 1u << number % 32;
            if (differs) flip(base, number);
        }
    }
    add_covers(s, state, present);
    uint32_t n_areas = 0;
    s->some.n = 0;
    MAKE_ROOM(&s->some, s->areas.n, err);
    for (size_t w = 0; w < set_words; w++) {
        for (uint32_t left = present[w]; left != 0; left &= left - 1) {
            const uint32_t number = (uint32_t)(w * 32) + (uint32_t)__builtin_ctz(left);
            s->place.p[number] = n_areas;
            s->some.p[n_areas++] = number;
        }
    }
    size_t begin = 0;
    for (size_t first = 0; first < n_areas; first += PS_GRID_BLOCK) {
        const size_t some =
            n_areas - first < PS_GRID_BLOCK ? n_areas - first : PS_GRID_BLOCK;
        size_t edges = n;
        if (some < n_areas) {
            edges = 0;
            for (size_t i = 0; i < n; i++)
                edges += mask_of(s, s->edges.p[list[i]].mask, first, some) != 0;
        }
        if (edges >= (size_t)1 << 26) return fail_size(err);
        size_t at = 0;
        PS_TRY(claim(&s->out, 2 + some + edges * PS_GRID_EDGE_WORDS, first == 0 ? 2 : 1,
                     &at, err));
        if (first == 0) begin = at;
        uint32_t *to = s->out.p + at;
        *to++ = (uint32_t)edges << 6 | (uint32_t)some << 1 |
                (first + some < n_areas ? PS_GRID_MORE : 0);
        uint32_t bits = 0;
        for (size_t i = 0; i < some; i++) {
            const uint32_t number = s->some.p[first + i];
            bits |= (base[number / 32] >> number % 32 & 1u) << i;
            to[1 + i] = s->areas.p[number];
        }
        *to = bits;
        to += 1 + some;
        for (size_t i = 0; i < n; i++) {
            edge e = s->edges.p[list[i]];
            e.mask = mask_of(s, e.mask, first, some);
            if (e.mask == 0) continue;
            if (e.x1 < k) e.mask |= PS_GRID_LOWER_OUT;
            if (e.x2 < k) e.mask |= PS_GRID_UPPER_OUT;
            put_edge(to++, edges, &e);
        }
    }
    *entry = PS_GRID_MIXED | (uint32_t)(begin / 2);
    return PS_OK;
}

/* Spread the edges of a cell over the cells it is cut into. */
static ps_status cut(scratch *s, spread *cells, const uint32_t *list, size_t n,
                     const window *w, ps_error *err) {
    cells->touch.n = cells->toggle.n = 0;
    for (size_t i = 0; i < n; i++)
        PS_TRY(spread_edge(cells, w, &s->edges.p[list[i]], list[i], err));
    return PS_OK;
}

/* One cell of the column and row given, cells of 2^shift units, with its edges; state:
 * the local areas that hold its corner. */
static ps_status build_cell(scratch *s, int depth, const uint32_t *list, size_t n,
                            int64_t column, int64_t row, int shift, const uint32_t *state,
                            uint32_t *entry, ps_error *err) {
    const int64_t k = column << shift, m = row << shift;
    if (n <= LEAF_EDGES || depth == MAX_DEPTH || shift == 0)
        return write_record(s, list, n, k, m, state, entry, err);

    level *v = &s->level[depth];
    int fan = 1;
    while (fan < MAX_FAN && fan < shift && (size_t)1 << (2 * fan) < n) fan++;
    window w = {0};
    for (;; fan--) {
        if (fan == 0) return write_record(s, list, n, k, m, state, entry, err);
        w = (window){shift - fan, column << fan, row << fan, 1u << fan, 1u << fan};
        PS_TRY(cut(s, &v->cells, list, n, &w, err));
        /* A cut that copies its edges too often gains little and could take any amount
         * of memory. */
        if (v->cells.touch.n <= 8 * n && v->cells.touch.n <= s->budget) break;
    }
    s->budget -= v->cells.touch.n;
    const size_t cells = (size_t)1 << (2 * fan);
    PS_TRY(spread_sort(&v->cells, cells, err));
    size_t at = 0;
    PS_TRY(claim(&s->out, cells, 8, &at, err));

    const size_t set_words = (s->areas.n + 31) / 32;
    PS_TRY(words_clear(&v->state, 2 * set_words, err));
    uint32_t *now = v->state.p, *base = now + set_words;
    memcpy(base, state, set_words * sizeof *base);
    v->left.n = 0;
    MAKE_ROOM(&v->left, n, err);
    for (size_t i = 0; i < n; i++) {
        const edge *e = &s->edges.p[list[i]];
        if (differs_at_corner(e, k, m)) flip_edge(s, base, list[i]);
        if (e->x1 < k || e->x2 < k) v->left.p[v->left.n++] = list[i];
    }
    for (uint32_t r = 0; r < w.rows; r++) {
        const int64_t low = (w.row + r) << w.shift;
        /* The state at the height of this row, as far left as its edges reach: those
         * that come in over the left border toggle its first corner. */
        memcpy(now, base, set_words * sizeof *now);
        for (size_t i = 0; i < v->left.n; i++) {
            const edge *e = &s->edges.p[v->left.p[i]];
            const bool odd = (e->x1 < k && low > e->y1) ^ (e->x2 < k && low > e->y2);
            if (odd) flip_edge(s, now, v->left.p[i]);
        }
        bool changed = true;
        uint32_t whole = 0;
        for (uint32_t c = 0; c < w.columns; c++) {
            const size_t cell = (size_t)r * w.columns + c;
            const uint32_t *start = v->cells.toggle_start.p + cell;
            for (uint32_t i = start[0]; i < start[1]; i++) {
                flip_edge(s, now, v->cells.toggle_list.p[i]);
                changed = true;
            }
            start = v->cells.touch_start.p + cell;
            uint32_t made;
            if (start[0] == start[1]) {
                if (changed) PS_TRY(whole_cell_of(s, now, &whole, err));
                changed = false;
                made = whole;
            } else {
                PS_TRY(build_cell(s, depth + 1, v->cells.touch_list.p + start[0],
                                  start[1] - start[0], w.column + c, w.row + r, w.shift,
                                  now, &made, err));
            }
            s->out.p[at + cell] = made;
        }
    }
    *entry =
        PS_GRID_MIXED | PS_GRID_GRID | (uint32_t)(fan - 1) << 27 | (uint32_t)(at / 8);
    return PS_OK;
}

static int by_number(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_words(words *w) {
    if (w->n > SORT_BY_HAND) {
        qsort(w->p, w->n, sizeof *w->p, by_number);
        return;
    }
    for (size_t i = 1; i < w->n; i++) {
        const uint32_t moved = w->p[i];
        size_t j = i;
        for (; j > 0 && w->p[j - 1] > moved; j--) w->p[j] = w->p[j - 1];
        w->p[j] = moved;
    }
}

/* Number the areas of a top cell: those of its edges, and of those that hold its corner
 * the two lowest of each layer that have no edge here. */
static ps_status number_areas(scratch *s, const uint32_t *list, size_t n, ps_error *err) {
    const ps_grid *g = s->grid;
    words *areas = &s->areas;
    areas->n = 0;
    s->cell++;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t at = s->edges.p[list[i]].mask; at != 0; at = s->sets.p[at].rest) {
            const uint32_t area = s->sets.p[at].area;
            if (s->local[area].met == s->cell) continue;
            s->local[area].met = s->cell;
            MAKE_ROOM(areas, 1, err);
            areas->p[areas->n++] = area;
        }
    }
    size_t layer = 0, covers = 0;
    for (size_t i = 0; i < s->inside.n; i++) {
        const uint32_t area = s->inside.p[i];
        if (s->local[area].met == s->cell) continue;
        if (area >= g->first[layer + 1]) {
            layer = ps_grid_layer(g, layer, area);
            covers = 0;
        }
        if (covers++ >= 2) continue;
        s->local[area].met = s->cell;
        MAKE_ROOM(areas, 1, err);
        areas->p[areas->n++] = area;
    }
    sort_words(areas);
    for (size_t i = 0; i < areas->n; i++) s->local[areas->p[i]].number = (uint32_t)i;
    s->few = areas->n <= PS_GRID_BLOCK;
    for (size_t i = 0; i < n && s->few; i++) {
        uint32_t bits = 0;
        for (uint32_t at = s->edges.p[list[i]].mask; at != 0; at = s->sets.p[at].rest)
            bits |= 1u << s->local[s->sets.p[at].area].number;
        s->bits.p[list[i]] = bits;
    }
    PS_TRY(words_clear(&s->state, (areas->n + 31) / 32, err));
    for (size_t i = 0; i < s->inside.n; i++) {
        const local *a = &s->local[s->inside.p[i]];
        if (a->met == s->cell) flip(s->state.p, a->number);
    }
    return PS_OK;
}

/* --- bands --- */

typedef struct chunk {
    uint32_t layer, first; /* point */
    uint32_t area;         /* number */
    uint32_t n;            /* edges */
    int32_t low_y, high_y; /* in the units of its layer */
    int64_t length;        /* of all edges along both axes */
} chunk;

typedef struct building {
    const ps_frozen *const *frozen;
    ps_grid *grid;
    chunk *chunks;
    size_t n_chunks;
    words band_start, band_list; /* the chunks that reach each band */
    scratch *scratch;
    const ps_grid_sink *sink; /* or NULL */
} building;

/* Put an area in or out of the ascending set. */
static ps_status toggle_inside(words *inside, uint32_t area, ps_error *err) {
    size_t low = 0, high = inside->n;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (inside->p[middle] < area)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < inside->n && inside->p[low] == area) {
        memmove(inside->p + low, inside->p + low + 1,
                (inside->n - low - 1) * sizeof *inside->p);
        inside->n--;
        return PS_OK;
    }
    MAKE_ROOM(inside, 1, err);
    memmove(inside->p + low + 1, inside->p + low, (inside->n - low) * sizeof *inside->p);
    inside->p[low] = area;
    inside->n++;
    return PS_OK;
}

/* The edges that reach a band of heights [low, high], in the order of the areas. */
static ps_status collect(const building *b, scratch *s, size_t band, int64_t low,
                         int64_t high, ps_error *err) {
    s->edges.n = 0;
    for (uint32_t i = b->band_start.p[band]; i < b->band_start.p[band + 1]; i++) {
        const chunk *h = &b->chunks[b->band_list.p[i]];
        const ps_frozen *f = b->frozen[h->layer];
        const int32_t dx = (int32_t)(f->origin_x - b->grid->origin_x);
        const int32_t dy = (int32_t)(f->origin_y - b->grid->origin_y);
        MAKE_ROOM(&s->edges, h->n, err);
        uint32_t alone = 0;
        PS_TRY(add_area(s, 0, h->area, &alone, err));
        edge *to = s->edges.p + s->edges.n;
        int32_t x1 = f->x[h->first] + dx, y1 = f->y[h->first] + dy;
        for (uint32_t p = h->first + 1; p <= h->first + h->n; p++) {
            const int32_t x2 = f->x[p] + dx, y2 = f->y[p] + dy;
            const bool up = y1 < y2 || (y1 == y2 && x1 < x2);
            *to = up ? (edge){x1, y1, x2, y2, alone} : (edge){x2, y2, x1, y1, alone};
            to += to->y2 >= low && to->y1 <= high;
            x1 = x2, y1 = y2;
        }
        s->edges.n = (size_t)(to - s->edges.p);
    }
    return PS_OK;
}

/* Equal edges become one, of all their areas. An edge that an area has twice stays twice:
 * the areas of a set differ. */
static ps_status join_twins(scratch *s, ps_error *err) {
    size_t slots = 16;
    while (slots < 2 * s->edges.n) slots *= 2;
    PS_TRY(words_clear(&s->edge_slots, slots, err));
    uint32_t *slot = s->edge_slots.p;
    size_t n = 0;
    for (size_t i = 0; i < s->edges.n; i++) {
        const edge e = s->edges.p[i];
        const uint32_t area = s->sets.p[e.mask].area;
        uint64_t ends[2];
        memcpy(ends, &e, sizeof ends);
        size_t at = mix(ends[0], ends[1]) & (slots - 1);
        while (slot[at] != 0 && memcmp(&s->edges.p[slot[at] - 1], &e, sizeof ends) != 0)
            at = (at + 1) & (slots - 1);
        edge *other = slot[at] != 0 ? &s->edges.p[slot[at] - 1] : NULL;
        /* areas ascend, so the greatest of a set is the last that came */
        if (other != NULL && s->sets.p[other->mask].area != area) {
            PS_TRY(add_area(s, other->mask, area, &other->mask, err));
            continue;
        }
        s->edges.p[n++] = e;
        slot[at] = (uint32_t)n;
    }
    s->edges.n = n;
    return PS_OK;
}

static ps_status build_rows(scratch *s, const window *w, ps_error *err) {
    const ps_grid *g = s->grid;
    for (uint32_t r = 0; r < w->rows; r++) {
        s->inside.n = 0; /* nothing holds a corner left of everything */
        uint32_t *entry = g->top + (size_t)(w->row + r) * g->columns;
        bool changed = true;
        uint32_t whole = 0;
        for (uint32_t c = 0; c < w->columns; c++) {
            const size_t cell = (size_t)r * w->columns + c;
            const uint32_t *start = s->cells.toggle_start.p + cell;
            for (uint32_t i = start[0]; i < start[1]; i++) {
                uint32_t at = s->edges.p[s->cells.toggle_list.p[i]].mask;
                for (; at != 0; at = s->sets.p[at].rest)
                    PS_TRY(toggle_inside(&s->inside, s->sets.p[at].area, err));
                changed = true;
            }
            start = s->cells.touch_start.p + cell;
            if (start[0] == start[1]) {
                if (changed) PS_TRY(whole_cell(s, s->inside.p, s->inside.n, &whole, err));
                changed = false;
                entry[c] = whole;
                continue;
            }
            const uint32_t *list = s->cells.touch_list.p + start[0];
            const size_t n = start[1] - start[0];
            PS_TRY(number_areas(s, list, n, err));
            PS_TRY(build_cell(s, 0, list, n, c, w->row + r, w->shift, s->state.p,
                              &entry[c], err));
        }
    }
    size_t at = 0;
    PS_TRY(claim(&s->out, PS_GRID_BEYOND, 1, &at, err));
    memset(s->out.p + at, 0, PS_GRID_BEYOND * sizeof *s->out.p);
    return PS_OK;
}

static ps_status build_band(void *context, size_t index, int worker, ps_error *err) {
    const building *b = context;
    ps_grid *g = b->grid;
    scratch *s = &b->scratch[worker];
    const uint32_t begin = (uint32_t)index << g->band_shift;
    const uint32_t band_rows = 1u << g->band_shift;
    const uint32_t end = g->rows - begin < band_rows ? g->rows : begin + band_rows;
    const window w = {g->shift, 0, begin, g->columns, end - begin};

    s->out.n = s->sets.n = 0;
    memset(s->set_met, 0, sizeof s->set_met);
    memset(s->answer_met, 0, sizeof s->answer_met);
    MAKE_ROOM(&s->sets, 1, err);
    s->sets.p[s->sets.n++] = (set){0, 0}; /* the empty one */
    if (s->local == NULL) {
        s->local = ps_zalloc(g->first[g->layers], sizeof *s->local);
        if (s->local == NULL) return ps_fail_nomem(err);
    }
    PS_TRY(collect(b, s, index, (int64_t)begin << g->shift,
                   ((int64_t)end << g->shift) - 1, err));
    PS_TRY(join_twins(s, err));
    s->bits.n = 0;
    MAKE_ROOM(&s->bits, s->edges.n, err);
    s->cells.touch.n = s->cells.toggle.n = 0;
    for (size_t i = 0; i < s->edges.n; i++)
        PS_TRY(spread_edge(&s->cells, &w, &s->edges.p[i], (uint32_t)i, err));
    PS_TRY(spread_sort(&s->cells, (size_t)w.rows * w.columns, err));
    s->budget = 64 * s->cells.touch.n;
    return build_rows(s, &w, err);
}

static ps_status keep_band(void *context, size_t index, size_t index_end, int worker,
                           ps_error *err) {
    (void)index_end;
    const building *b = context;
    ps_grid *g = b->grid;
    PS_TRY(build_band(context, index, worker, err));
    const words *out = &b->scratch[worker].out;
    g->band[index] = ps_alloc(out->n, sizeof *out->p);
    if (g->band[index] == NULL) return ps_fail_nomem(err);
    if (out->n > 0) memcpy(g->band[index], out->p, out->n * sizeof *out->p);
    g->band_words[index] = out->n;
    return PS_OK;
}

static ps_status hand_over_band(void *context, size_t index, int worker, ps_error *err) {
    (void)err;
    const building *b = context;
    const words *out = &b->scratch[worker].out;
    b->grid->band_words[index] = out->n;
    b->sink->band(b->sink->to, out->p, out->n);
    return PS_OK;
}

/* --- all --- */

static ps_status measure_chunks(void *context, size_t begin, size_t end, int worker,
                                ps_error *err) {
    (void)worker;
    (void)err;
    const building *b = context;
    for (size_t c = begin; c < end; c++) {
        chunk *h = &b->chunks[c];
        const ps_frozen *f = b->frozen[h->layer];
        h->low_y = h->high_y = f->y[h->first];
        for (uint32_t i = h->first + 1; i <= h->first + h->n; i++) {
            h->low_y = f->y[i] < h->low_y ? f->y[i] : h->low_y;
            h->high_y = f->y[i] > h->high_y ? f->y[i] : h->high_y;
            h->length += llabs((int64_t)f->x[i] - f->x[i - 1]) +
                         llabs((int64_t)f->y[i] - f->y[i - 1]);
        }
    }
    return PS_OK;
}

/* Runs of edges of one ring, area by area. */
static ps_status make_chunks(building *b, ps_error *err) {
    const ps_grid *g = b->grid;
    size_t n = 0;
    for (size_t l = 0; l < g->layers; l++) {
        const ps_frozen *f = b->frozen[l];
        for (size_t r = 0; r < f->areas->n_rings; r++)
            n += (f->ring_end[r] - f->ring_begin[r] + CHUNK_EDGES - 1) / CHUNK_EDGES;
    }
    b->chunks = ps_alloc(n, sizeof *b->chunks);
    if (b->chunks == NULL) return ps_fail_nomem(err);
    for (size_t l = 0; l < g->layers; l++) {
        const ps_frozen *f = b->frozen[l];
        for (uint32_t a = 0; a < f->areas->n; a++) {
            for (size_t r = f->areas->area_ring[a]; r < f->areas->area_ring[a + 1]; r++) {
                for (uint32_t p = f->ring_begin[r]; p + 1 < f->ring_end[r];
                     p += CHUNK_EDGES) {
                    const uint32_t left = f->ring_end[r] - 1 - p;
                    b->chunks[b->n_chunks++] =
                        (chunk){.layer = (uint32_t)l,
                                .first = p,
                                .area = g->first[l] + a,
                                .n = left < CHUNK_EDGES ? left : CHUNK_EDGES};
                }
            }
        }
    }
    return ps_par_for(b->n_chunks, CHUNK_GRAIN, measure_chunks, b, err);
}

/* Top cells: as small as a third of the number of edges of a layer allows, and not so
 * small that its long edges cross too many. */
static int choose_shift(const ps_grid *g, size_t edges, double length) {
    const double limit = fmax(4096, (double)edges / 3);
    int shift = 0;
    while (shift < 30) {
        const double size = (double)((int64_t)1 << shift);
        const double cells =
            (floor(g->span_x / size) + 1) * (floor(g->span_y / size) + 1);
        if (cells <= limit && length / size <= 4 * (double)edges + 4096) break;
        shift++;
    }
    return shift;
}

/* The square around all layers, and the cells for the layer that asks for the smallest:
 * edges that several layers share count once. */
static void set_plane(building *b, size_t *edges) {
    ps_grid *g = b->grid;
    const ps_frozen *f = b->frozen[0];
    int64_t high_x = f->origin_x + f->span_x, high_y = f->origin_y + f->span_y;
    g->scale = f->scale;
    g->origin_x = f->origin_x, g->origin_y = f->origin_y;
    for (size_t l = 1; l < g->layers; l++) {
        f = b->frozen[l];
        g->origin_x = f->origin_x < g->origin_x ? f->origin_x : g->origin_x;
        g->origin_y = f->origin_y < g->origin_y ? f->origin_y : g->origin_y;
        high_x = f->origin_x + f->span_x > high_x ? f->origin_x + f->span_x : high_x;
        high_y = f->origin_y + f->span_y > high_y ? f->origin_y + f->span_y : high_y;
    }
    g->span_x = (uint32_t)(high_x - g->origin_x);
    g->span_y = (uint32_t)(high_y - g->origin_y);
    g->shift = 30;
    *edges = 0;
    for (size_t l = 0, c = 0; l < g->layers; l++) {
        size_t n = 0;
        double length = 0;
        for (; c < b->n_chunks && b->chunks[c].layer == l; c++) {
            n += b->chunks[c].n;
            length += (double)b->chunks[c].length;
        }
        const int shift = choose_shift(g, n, length);
        g->shift = shift < g->shift ? shift : g->shift;
        *edges += n;
    }
}

/* Which chunks reach each band. */
static ps_status sort_chunks(building *b, ps_error *err) {
    const ps_grid *g = b->grid;
    const int shift = g->shift + g->band_shift;
    pairs reach = {0};
    ps_status status = PS_OK;
    for (size_t c = 0; status == PS_OK && c < b->n_chunks; c++) {
        const chunk *h = &b->chunks[c];
        const int64_t dy = b->frozen[h->layer]->origin_y - g->origin_y;
        const uint32_t first = (uint32_t)((h->low_y + dy) >> shift);
        const uint32_t last = (uint32_t)((h->high_y + dy) >> shift);
        if (reach.n + (last - first) + 1 > reach.room)
            status = ps_grow((void **)&reach.p, &reach.room, reach.n + (last - first) + 1,
                             sizeof *reach.p, err);
        for (uint32_t band = first; status == PS_OK && band <= last; band++)
            reach.p[reach.n++] = (pair){band, (uint32_t)c};
    }
    if (status == PS_OK)
        status = sort_pairs(&reach, g->n_bands, &b->band_start, &b->band_list, err);
    ps_free(reach.p);
    return status;
}

static ps_status build_all(building *b, ps_error *err) {
    ps_grid *g = b->grid;
    size_t edges = 0;
    if (g->first[g->layers] >= PS_GRID_ROW)
        return ps_fail(err, PS_LIMIT, "more than %u areas in one index", PS_GRID_ROW - 1);
    PS_TRY(make_chunks(b, err));
    set_plane(b, &edges);
    if (edges > INT32_MAX)
        return ps_fail(err, PS_LIMIT,
                       "more than %d boundary edges; simplify the boundaries", INT32_MAX);
    g->columns = (g->span_x >> g->shift) + 1;
    g->rows = (g->span_y >> g->shift) + 1;
    while ((g->rows - 1) >> g->band_shift >= PS_GRID_MAX_BANDS) g->band_shift++;
    g->n_bands = ((g->rows - 1) >> g->band_shift) + 1;
    g->top = ps_zalloc((size_t)g->columns * g->rows + 1, sizeof *g->top);
    g->band = ps_zalloc(g->n_bands, sizeof *g->band);
    g->band_words = ps_zalloc(g->n_bands, sizeof *g->band_words);
    b->scratch = ps_zalloc((size_t)ps_threads(), sizeof *b->scratch);
    if (g->top == NULL || g->band == NULL || g->band_words == NULL || b->scratch == NULL)
        return ps_fail_nomem(err);
    for (int w = 0; w < ps_threads(); w++) b->scratch[w].grid = g;
    PS_TRY(sort_chunks(b, err));
    if (b->sink == NULL) return ps_par_for(g->n_bands, 1, keep_band, b, err);
    b->sink->planned(b->sink->to, g);
    return ps_par_pipe(g->n_bands, build_band, hand_over_band, NULL, b, err);
}

ps_status ps_grid_build(const ps_frozen *const *frozen, ps_grid *grid,
                        const ps_grid_sink *sink, ps_error *err) {
    building b = {.frozen = frozen, .grid = grid, .sink = sink};
    const ps_status status = build_all(&b, err);
    ps_free(b.chunks);
    ps_free(b.band_start.p);
    ps_free(b.band_list.p);
    for (int w = 0; b.scratch != NULL && w < ps_threads(); w++)
        scratch_free(&b.scratch[w]);
    ps_free(b.scratch);
    return status;
}
