/* A grid of grids over frozen boundaries. Top cells are squares of 2^shift units; a cell
 * that few edges touch is a leaf, one that more touch is cut into 2^f x 2^f cells, and so
 * on. A point goes down by shifts and masks, usually one or two steps, and then meets
 * either one answer or the few edges of its cell.
 *
 * The index is 32-bit words: the entries of the top cells row by row and one entry
 * "outside"; and for each band of 2^band_shift rows of top cells an array of its own with
 * all that is below them, so that bands are built side by side and stay where they are.
 *
 *   entry   0t, row + 1    the whole cell: t the tie mark, the lowest row, 0 for outside
 *           10, offset     a record in the band, in steps of 2 words
 *           11, f, offset  a grid of 2^(f+1) x 2^(f+1) entries, in steps of 8 words
 *   record  head: does another block follow, how many areas, how many edges;
 *           base; the rows of the areas, ascending; the edges
 *
 * The plane. Cells hold whole integer points: the borders lie half a unit beside them, so
 * no vertex is on a border. Every point P is taken a hair higher, so that the line to its
 * left meets no vertex; R is the corner at the lower left of a cell. The areas that hold
 * P are those that hold R, toggled by every edge that the way from R goes over: up along
 * the left border, then right to P. Edges are directed upwards. When both ends of an edge
 * are right of the left border, that is: the ray from P to the left crosses it. An edge
 * that comes in over the border is met by the upward part too; the ray crosses what
 * sticks out on the left as well, and both together differ from the way only by a toggle
 * at the height of its outer end. So an edge needs nothing but its ends and which of them
 * is outside, and the base of a record is the state at R with those terms taken out for R
 * itself.
 *
 * A point exactly on an edge (in the plain plane) is in the areas of that edge, whatever
 * the toggles say: areas are closed.
 */
#include "geo/locate.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/freeze.h"

enum {
    BLOCK_AREAS = 30, /* areas in one block of a record: the bits of a word less two */
    LEAF_EDGES = 4,   /* a cell with more is cut */
    MAX_FAN = 6,      /* cut into at most 64 x 64 */
    MAX_DEPTH = 3,    /* cuts below the top grid */
    CHUNK_EDGES = 32, /* edges that share a box while bands collect theirs */
    MAX_BANDS = 128,
    BATCH = 64 /* points on the way at the same time */
};

#define MIXED 0x80000000u /* entry: not one answer */
#define GRID 0x40000000u  /* mixed entry: a grid */
#define TIE 0x40000000u   /* plain entry: more than one area */
#define ROW_MASK 0x3fffffffu
#define UNIT_MASK 0x3fffffffu
#define GRID_MASK 0x07ffffffu
#define GRID_SHIFT 27

#define MORE 1u /* head: another block follows */
#define HEAD_AREAS(head) (((head) >> 1) & 31u)
#define HEAD_EDGES(head) ((head) >> 6)

#define LOWER_OUT 0x80000000u /* edge: the lower end is left of the cell */
#define UPPER_OUT 0x40000000u
#define AREA_BITS 0x3fffffffu

/* As it stands in a record. (x1, y1) is the lower end; the left one when y1 = y2. */
typedef struct edge {
    int32_t x1, y1, x2, y2;
    uint32_t mask;
} edge;
enum { EDGE_WORDS = sizeof(edge) / sizeof(uint32_t) };

/* One layer with its index. */
typedef struct part {
    double scale;
    double low_x, low_y, high_x, high_y; /* in units; a point outside is in no area */
    int64_t origin_x, origin_y;
    uint32_t span_x, span_y;
    int shift;
    uint32_t columns, rows;
    uint32_t *top;
    int band_shift;
    size_t n_bands;
    uint32_t **band;
    size_t *band_words;
    const ps_areas *areas;
    ps_crs_operation *op; /* ours; NULL when the CRSs are the same */
} part;

struct ps_locator {
    part *part; /* one per layer */
    size_t layers;
    bool geographic;
    bool viewed; /* the words are not ours */
    void (*release)(void *held);
    void *held;
};

static int fan_of(uint32_t entry) {
    return (int)(entry >> GRID_SHIFT & 7u) + 1;
}

static bool is_grid(uint32_t entry) {
    return (entry & (MIXED | GRID)) == (MIXED | GRID);
}

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

/* --- building --- */

/* An edge on the way to its leaves, with the one or two areas that it belongs to. */
typedef struct item {
    edge e;        /* mask unused */
    uint32_t a, b; /* areas; b = NO_AREA for an edge that one area has alone */
} item;
#define NO_AREA UINT32_MAX

typedef struct pair {
    uint32_t cell, value;
} pair;

/* Growing array of words, items and so on. */
typedef struct words {
    uint32_t *p;
    size_t n, room;
} words;
typedef struct items {
    item *p;
    size_t n, room;
} items;
typedef struct pairs {
    pair *p;
    size_t n, room;
} pairs;

/* Cells of a rectangle, with the edges that touch each and the areas that toggle at its
 * corner (seen from the corner on its left). */
typedef struct spread {
    pairs touch, toggle; /* in the order of the edges */
    words touch_start, touch_list, toggle_start, toggle_list; /* sorted by cell */
} spread;

/* One per level of cutting: what a cut needs until its last cell is done. */
typedef struct level {
    spread cells;
    items part;
    words state; /* bit per local area */
} level;

/* Scratch of one worker. */
typedef struct scratch {
    words out; /* the cells of a band */
    items edges;
    spread cells;
    words inside; /* areas that hold the corner at hand, ascending */
    items local;
    words rows; /* areas of the top cell at hand, ascending */
    words hash;
    words state, start, present, cover;
    level level[MAX_DEPTH];
    size_t budget; /* edge references that cuts may still make in this band */
} scratch;

typedef struct chunk {
    uint32_t first; /* point */
    uint32_t area;
    int32_t low_y, high_y;
    uint32_t n; /* edges */
} chunk;

typedef struct building {
    const ps_frozen *frozen;
    part *part;
    chunk *chunks;
    size_t n_chunks;
    scratch *scratch;
} building;

static void spread_free(spread *s) {
    ps_free(s->touch.p);
    ps_free(s->toggle.p);
    ps_free(s->touch_start.p);
    ps_free(s->touch_list.p);
    ps_free(s->toggle_start.p);
    ps_free(s->toggle_list.p);
}

static void scratch_free(scratch *s) {
    ps_free(s->out.p);
    ps_free(s->edges.p);
    spread_free(&s->cells);
    ps_free(s->inside.p);
    ps_free(s->local.p);
    ps_free(s->rows.p);
    ps_free(s->hash.p);
    ps_free(s->state.p);
    ps_free(s->start.p);
    ps_free(s->present.p);
    ps_free(s->cover.p);
    for (int l = 0; l < MAX_DEPTH; l++) {
        spread_free(&s->level[l].cells);
        ps_free(s->level[l].part.p);
        ps_free(s->level[l].state.p);
    }
}

static ps_status words_room(words *w, size_t n, ps_error *err) {
    return ps_grow((void **)&w->p, &w->room, n, sizeof *w->p, err);
}

static ps_status words_push(words *w, uint32_t value, ps_error *err) {
    PS_TRY(words_room(w, w->n + 1, err));
    w->p[w->n++] = value;
    return PS_OK;
}

static ps_status pairs_push(pairs *w, size_t cell, uint32_t value, ps_error *err) {
    PS_TRY(ps_grow((void **)&w->p, &w->room, w->n + 1, sizeof *w->p, err));
    w->p[w->n++] = (pair){(uint32_t)cell, value};
    return PS_OK;
}

static ps_status items_push(items *w, const item *value, ps_error *err) {
    PS_TRY(ps_grow((void **)&w->p, &w->room, w->n + 1, sizeof *w->p, err));
    w->p[w->n++] = *value;
    return PS_OK;
}

/* A rectangle of cells: columns and rows counted in cells of 2^shift units. */
typedef struct window {
    int shift;
    int64_t column, row;
    uint32_t columns, rows;
} window;

/* Note the cells of the window that an edge touches, and where it toggles corners. */
static ps_status spread_edge(spread *s, const window *w, const edge *e, uint32_t id,
                             uint32_t area_a, uint32_t area_b, ps_error *err) {
    const int64_t last_row = w->row + w->rows - 1,
                  last_column = w->column + w->columns - 1;
    const int64_t from_row = (int64_t)e->y1 >> w->shift;
    const int64_t to_row = (int64_t)e->y2 >> w->shift;
    int64_t row = from_row, column = (int64_t)e->x1 >> w->shift;
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
                const size_t cell = base + (size_t)(corner - w->column);
                PS_TRY(pairs_push(&s->toggle, cell, area_a, err));
                if (area_b != NO_AREA) PS_TRY(pairs_push(&s->toggle, cell, area_b, err));
            }
        }
        const int64_t next = row < to_row
                                 ? passes_column(e, (row + 1) << w->shift, w->shift)
                                 : (int64_t)e->x2 >> w->shift;
        int64_t low = column < next ? column : next, high = column < next ? next : column;
        low = low > w->column ? low : w->column;
        high = high < last_column ? high : last_column;
        for (int64_t c = low; c <= high; c++)
            PS_TRY(pairs_push(&s->touch, base + (size_t)(c - w->column), id, err));
        column = next;
    }
    return PS_OK;
}

/* Stable counting sort of pairs by cell. */
static ps_status sort_pairs(const pairs *from, size_t cells, words *start, words *list,
                            ps_error *err) {
    PS_TRY(words_room(start, cells + 2, err));
    PS_TRY(words_room(list, from->n, err));
    memset(start->p, 0, (cells + 2) * sizeof *start->p);
    for (size_t i = 0; i < from->n; i++) start->p[from->p[i].cell + 2]++;
    for (size_t c = 0; c < cells; c++) start->p[c + 2] += start->p[c + 1];
    for (size_t i = 0; i < from->n; i++)
        list->p[start->p[from->p[i].cell + 1]++] = from->p[i].value;
    return PS_OK;
}

static ps_status spread_sort(spread *s, size_t cells, ps_error *err) {
    PS_TRY(sort_pairs(&s->touch, cells, &s->touch_start, &s->touch_list, err));
    return sort_pairs(&s->toggle, cells, &s->toggle_start, &s->toggle_list, err);
}

static ps_status fail_size(ps_error *err) {
    return ps_fail(err, PS_LIMIT,
                   "too many boundary edges lie across each other in one band of the "
                   "index; simplify the boundaries or locate fewer areas at a time");
}

/* Room for n words at a multiple of unit words. */
static ps_status claim(words *out, size_t n, size_t unit, size_t *at, ps_error *err) {
    const size_t begin = (out->n + unit - 1) / unit * unit;
    if (begin + n > (size_t)1 << 30) return fail_size(err);
    PS_TRY(words_room(out, begin + n, err));
    memset(out->p + out->n, 0, (begin + n - out->n) * sizeof *out->p);
    out->n = begin + n;
    *at = begin;
    return PS_OK;
}

static uint32_t plain_entry(const uint32_t *inside, size_t n) {
    return n == 0 ? 0 : (inside[0] + 1) | (n > 1 ? TIE : 0);
}

/* The same for a set of local areas. */
static uint32_t plain_entry_of(const scratch *s, const uint32_t *state) {
    uint32_t found[2];
    size_t n = 0;
    for (size_t w = 0; w * 32 < s->rows.n && n < 2; w++) {
        for (uint32_t bits = state[w]; bits != 0 && n < 2; bits &= bits - 1)
            found[n++] = s->rows.p[w * 32 + (size_t)__builtin_ctz(bits)];
    }
    return plain_entry(found, n);
}

static void flip(uint32_t *set, uint32_t local) {
    set[local / 32] ^= 1u << local % 32;
}

static void flip_item(uint32_t *set, const item *it) {
    flip(set, it->a);
    if (it->b != NO_AREA) flip(set, it->b);
}

/* One cell with its edges, as a record. The areas of a cell are those of its edges and,
 * of the ones that hold all of it, the two lowest: more are never asked for. */
static ps_status write_record(scratch *s, const item *part, size_t n, int64_t k,
                              int64_t m, const uint32_t *state, uint32_t *entry,
                              ps_error *err) {
    const size_t set_words = (s->rows.n + 31) / 32;
    PS_TRY(words_room(&s->present, set_words, err));
    PS_TRY(words_room(&s->start, set_words, err));
    uint32_t *present = s->present.p, *base = s->start.p;
    memset(present, 0, set_words * sizeof *present);
    memcpy(base, state, set_words * sizeof *base);
    for (size_t i = 0; i < n; i++) {
        const bool differs = differs_at_corner(&part[i].e, k, m);
        for (int side = 0; side < 2; side++) {
            const uint32_t area = side == 0 ? part[i].a : part[i].b;
            if (area == NO_AREA) continue;
            present[area / 32] |= 1u << area % 32;
            if (differs) flip(base, area);
        }
    }
    size_t covers = 0;
    for (size_t w = 0; w < set_words && covers < 2; w++) {
        for (uint32_t bits = state[w] & ~present[w]; bits != 0 && covers < 2;
             bits &= bits - 1, covers++)
            present[w] |= bits & -bits;
    }
    s->cover.n = 0;
    for (size_t w = 0; w < set_words; w++) {
        for (uint32_t bits = present[w]; bits != 0; bits &= bits - 1)
            PS_TRY(words_push(&s->cover,
                              (uint32_t)(w * 32) + (uint32_t)__builtin_ctz(bits), err));
    }
    const uint32_t *areas = s->cover.p;
    const size_t n_areas = s->cover.n;
    size_t begin = 0;
    for (size_t first = 0; first < n_areas; first += BLOCK_AREAS) {
        const size_t some = n_areas - first < BLOCK_AREAS ? n_areas - first : BLOCK_AREAS;
        const uint32_t low = areas[first], high = areas[first + some - 1];
        const bool all = some == n_areas;
        size_t edges = 0;
        for (size_t i = 0; i < n; i++)
            edges += all || (part[i].a >= low && part[i].a <= high) ||
                     (part[i].b >= low && part[i].b <= high);
        if (edges >= (size_t)1 << 26) return fail_size(err);
        size_t at = 0;
        PS_TRY(
            claim(&s->out, 2 + some + edges * EDGE_WORDS, first == 0 ? 2 : 1, &at, err));
        if (first == 0) begin = at;
        uint32_t *to = s->out.p + at;
        *to++ = (uint32_t)edges << 6 | (uint32_t)some << 1 |
                (first + some < n_areas ? MORE : 0);
        uint32_t bits = 0;
        for (size_t i = 0; i < some; i++) {
            const uint32_t area = areas[first + i];
            bits |= (base[area / 32] >> area % 32 & 1u) << i;
        }
        *to++ = bits;
        for (size_t i = 0; i < some; i++) *to++ = s->rows.p[areas[first + i]];
        for (size_t i = 0; i < n; i++) {
            edge e = part[i].e;
            e.mask = 0;
            for (size_t j = 0; j < some; j++) {
                const uint32_t area = areas[first + j];
                if (part[i].a == area || part[i].b == area) e.mask |= 1u << j;
            }
            if (e.mask == 0) continue;
            if (e.x1 < k) e.mask |= LOWER_OUT;
            if (e.x2 < k) e.mask |= UPPER_OUT;
            memcpy(to, &e, sizeof e);
            to += EDGE_WORDS;
        }
    }
    *entry = MIXED | (uint32_t)(begin / 2);
    return PS_OK;
}

/* One cell of the column and row given, cells of 2^shift units; state: the local areas
 * that hold its corner. */
static ps_status build_cell(scratch *s, int depth, const item *part, size_t n,
                            int64_t column, int64_t row, int shift, const uint32_t *state,
                            uint32_t *entry, ps_error *err) {
    const int64_t k = column << shift, m = row << shift;
    if (n <= LEAF_EDGES || depth == MAX_DEPTH || shift == 0)
        return write_record(s, part, n, k, m, state, entry, err);

    level *v = &s->level[depth];
    int fan = 1;
    while (fan < MAX_FAN && fan < shift && (size_t)1 << (2 * fan) < 2 * n) fan++;
    window w = {0};
    for (;; fan--) {
        if (fan == 0) return write_record(s, part, n, k, m, state, entry, err);
        w = (window){shift - fan, column << fan, row << fan, 1u << fan, 1u << fan};
        v->cells.touch.n = v->cells.toggle.n = 0;
        for (size_t i = 0; i < n; i++)
            PS_TRY(spread_edge(&v->cells, &w, &part[i].e, (uint32_t)i, part[i].a,
                               part[i].b, err));
        /* A cut that copies its edges too often gains little and could take any amount
         * of memory. */
        if (v->cells.touch.n <= 8 * n && v->cells.touch.n <= s->budget) break;
    }
    s->budget -= v->cells.touch.n;
    const size_t cells = (size_t)1 << (2 * fan);
    PS_TRY(spread_sort(&v->cells, cells, err));
    size_t at = 0;
    PS_TRY(claim(&s->out, cells, 8, &at, err));

    const size_t set_words = (s->rows.n + 31) / 32;
    PS_TRY(words_room(&v->state, 2 * set_words, err));
    uint32_t *now = v->state.p, *base = now + set_words;
    memcpy(base, state, set_words * sizeof *base);
    for (size_t i = 0; i < n; i++) {
        if (differs_at_corner(&part[i].e, k, m)) flip_item(base, &part[i]);
    }
    for (uint32_t r = 0; r < w.rows; r++) {
        const int64_t low = (w.row + r) << w.shift;
        /* The state at the height of this row, as far left as its edges reach: those
         * that come in over the left border toggle its first corner. */
        memcpy(now, base, set_words * sizeof *now);
        for (size_t i = 0; i < n; i++) {
            const edge *e = &part[i].e;
            const bool odd = (e->x1 < k && low > e->y1) ^ (e->x2 < k && low > e->y2);
            if (odd) flip_item(now, &part[i]);
        }
        bool changed = true;
        uint32_t plain = 0;
        for (uint32_t c = 0; c < w.columns; c++) {
            const size_t cell = (size_t)r * w.columns + c;
            const uint32_t *start = v->cells.toggle_start.p + cell;
            for (uint32_t i = start[0]; i < start[1]; i++) {
                flip(now, v->cells.toggle_list.p[i]);
                changed = true;
            }
            start = v->cells.touch_start.p + cell;
            uint32_t made;
            if (start[0] == start[1]) {
                if (changed) plain = plain_entry_of(s, now);
                changed = false;
                made = plain;
            } else {
                v->part.n = 0;
                for (uint32_t i = start[0]; i < start[1]; i++)
                    PS_TRY(items_push(&v->part, &part[v->cells.touch_list.p[i]], err));
                PS_TRY(build_cell(s, depth + 1, v->part.p, v->part.n, w.column + c,
                                  w.row + r, w.shift, now, &made, err));
            }
            s->out.p[at + cell] = made;
        }
    }
    *entry = MIXED | GRID | (uint32_t)(fan - 1) << GRID_SHIFT | (uint32_t)(at / 8);
    return PS_OK;
}

static uint32_t mix(const edge *e) {
    uint64_t a = (uint64_t)(uint32_t)e->x1 << 32 | (uint32_t)e->y1;
    uint64_t b = (uint64_t)(uint32_t)e->x2 << 32 | (uint32_t)e->y2;
    uint64_t h = a * 0x9e3779b97f4a7c15u ^ b * 0xc2b2ae3d27d4eb4fu;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32);
}

/* The edges of a top cell: those that two areas share become one; areas are renamed to
 * their place among the areas of this cell. */
static ps_status gather(scratch *s, const uint32_t *list, size_t n, ps_error *err) {
    /* Edges come area by area, so the rows ascend; the two lowest areas that hold the
     * corner are mixed in, in case they have no edge here. */
    s->rows.n = 0;
    size_t cover = 0, covers = 0;
    for (size_t i = 0; i <= n; i++) {
        const uint32_t area = i < n ? s->edges.p[list[i]].a : NO_AREA;
        while (cover < s->inside.n && s->inside.p[cover] < area) {
            if (covers < 2 &&
                (s->rows.n == 0 || s->rows.p[s->rows.n - 1] != s->inside.p[cover])) {
                PS_TRY(words_push(&s->rows, s->inside.p[cover], err));
                covers++;
            }
            cover++;
        }
        if (i < n && (s->rows.n == 0 || s->rows.p[s->rows.n - 1] != area))
            PS_TRY(words_push(&s->rows, area, err));
    }
    const size_t set_words = (s->rows.n + 31) / 32;
    PS_TRY(words_room(&s->state, set_words, err));
    memset(s->state.p, 0, set_words * sizeof *s->state.p);
    for (size_t i = 0, j = 0; i < s->rows.n && j < s->inside.n;) {
        if (s->rows.p[i] == s->inside.p[j]) {
            flip(s->state.p, (uint32_t)i);
            i++, j++;
        } else if (s->rows.p[i] < s->inside.p[j]) {
            i++;
        } else {
            j++;
        }
    }

    size_t slots = 16;
    while (slots < 2 * n) slots *= 2;
    PS_TRY(words_room(&s->hash, slots, err));
    memset(s->hash.p, 0, slots * sizeof *s->hash.p);
    s->local.n = 0;
    uint32_t local = 0;
    for (size_t i = 0; i < n; i++) {
        item it = s->edges.p[list[i]];
        while (s->rows.p[local] != it.a) local++;
        it.a = local;
        size_t slot = mix(&it.e) & (slots - 1);
        item *twin = NULL;
        for (; s->hash.p[slot] != 0; slot = (slot + 1) & (slots - 1)) {
            item *other = &s->local.p[s->hash.p[slot] - 1];
            if (other->e.x1 == it.e.x1 && other->e.y1 == it.e.y1 &&
                other->e.x2 == it.e.x2 && other->e.y2 == it.e.y2) {
                twin = other;
                break;
            }
        }
        if (twin != NULL && twin->b == NO_AREA && twin->a != it.a) {
            twin->b = it.a;
            continue;
        }
        PS_TRY(items_push(&s->local, &it, err));
        s->hash.p[slot] = (uint32_t)s->local.n;
    }
    return PS_OK;
}

/* Put an area in or out of the ascending set. */
static ps_status toggle_inside(words *set, uint32_t area, ps_error *err) {
    size_t low = 0, high = set->n;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (set->p[middle] < area)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < set->n && set->p[low] == area) {
        memmove(set->p + low, set->p + low + 1, (set->n - low - 1) * sizeof *set->p);
        set->n--;
        return PS_OK;
    }
    PS_TRY(words_room(set, set->n + 1, err));
    memmove(set->p + low + 1, set->p + low, (set->n - low) * sizeof *set->p);
    set->p[low] = area;
    set->n++;
    return PS_OK;
}

/* The edges that reach rows of cells [begin, end) of the top grid. */
static ps_status collect(const building *b, scratch *s, uint32_t begin, uint32_t end,
                         ps_error *err) {
    const ps_frozen *f = b->frozen;
    const int64_t low = (int64_t)begin << b->part->shift;
    const int64_t high = ((int64_t)end << b->part->shift) - 1;
    s->edges.n = 0;
    for (size_t c = 0; c < b->n_chunks; c++) {
        const chunk *h = &b->chunks[c];
        if (h->high_y < low || h->low_y > high) continue;
        for (uint32_t p = h->first; p < h->first + h->n; p++) {
            item it = {{f->x[p], f->y[p], f->x[p + 1], f->y[p + 1], 0}, h->area, NO_AREA};
            if (it.e.y1 > it.e.y2 || (it.e.y1 == it.e.y2 && it.e.x1 > it.e.x2))
                it.e = (edge){it.e.x2, it.e.y2, it.e.x1, it.e.y1, 0};
            if (it.e.y2 < low || it.e.y1 > high) continue;
            PS_TRY(items_push(&s->edges, &it, err));
        }
    }
    return PS_OK;
}

static ps_status build_band(void *context, size_t index, size_t index_end, int worker,
                            ps_error *err) {
    (void)index_end;
    const building *b = context;
    part *l = b->part;
    scratch *s = &b->scratch[worker];
    const uint32_t begin = (uint32_t)index << l->band_shift;
    const uint32_t band_rows = 1u << l->band_shift;
    const uint32_t end = l->rows - begin < band_rows ? l->rows : begin + band_rows;
    const window w = {l->shift, 0, begin, l->columns, end - begin};
    const size_t cells = (size_t)w.rows * w.columns;

    PS_TRY(collect(b, s, begin, end, err));
    s->cells.touch.n = s->cells.toggle.n = 0;
    for (size_t i = 0; i < s->edges.n; i++)
        PS_TRY(spread_edge(&s->cells, &w, &s->edges.p[i].e, (uint32_t)i, s->edges.p[i].a,
                           NO_AREA, err));
    PS_TRY(spread_sort(&s->cells, cells, err));
    s->out.n = 0;
    s->budget = 64 * s->cells.touch.n;
    for (uint32_t r = 0; r < w.rows; r++) {
        s->inside.n = 0; /* nothing holds a corner left of everything */
        uint32_t *entry = l->top + (size_t)(begin + r) * l->columns;
        for (uint32_t c = 0; c < w.columns; c++) {
            const size_t cell = (size_t)r * w.columns + c;
            const uint32_t *start = s->cells.toggle_start.p + cell;
            for (uint32_t i = start[0]; i < start[1]; i++)
                PS_TRY(toggle_inside(&s->inside, s->cells.toggle_list.p[i], err));
            start = s->cells.touch_start.p + cell;
            if (start[0] == start[1]) {
                entry[c] = plain_entry(s->inside.p, s->inside.n);
                continue;
            }
            PS_TRY(gather(s, s->cells.touch_list.p + start[0], start[1] - start[0], err));
            PS_TRY(build_cell(s, 0, s->local.p, s->local.n, c, begin + r, l->shift,
                              s->state.p, &entry[c], err));
        }
    }
    l->band[index] = ps_alloc(s->out.n, sizeof *s->out.p);
    if (l->band[index] == NULL) return ps_fail_nomem(err);
    if (s->out.n > 0) memcpy(l->band[index], s->out.p, s->out.n * sizeof *s->out.p);
    l->band_words[index] = s->out.n;
    return PS_OK;
}

/* Runs of edges of one ring, and the total length of all edges along both axes. */
static ps_status make_chunks(building *b, size_t *edges, double *length, ps_error *err) {
    const ps_frozen *f = b->frozen;
    const ps_areas *areas = f->areas;
    size_t n = 0;
    for (size_t r = 0; r < areas->n_rings; r++)
        n += (f->ring_end[r] - f->ring_begin[r] + CHUNK_EDGES - 1) / CHUNK_EDGES;
    b->chunks = ps_alloc(n, sizeof *b->chunks);
    if (b->chunks == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < areas->n; a++) {
        for (size_t r = areas->area_ring[a]; r < areas->area_ring[a + 1]; r++) {
            for (uint32_t p = f->ring_begin[r]; p + 1 < f->ring_end[r];
                 p += CHUNK_EDGES) {
                uint32_t left = f->ring_end[r] - 1 - p;
                chunk h = {p, (uint32_t)a, f->y[p], f->y[p],
                           left < CHUNK_EDGES ? left : CHUNK_EDGES};
                for (uint32_t i = p + 1; i <= p + h.n; i++) {
                    h.low_y = f->y[i] < h.low_y ? f->y[i] : h.low_y;
                    h.high_y = f->y[i] > h.high_y ? f->y[i] : h.high_y;
                    *length += fabs((double)f->x[i] - f->x[i - 1]) +
                               fabs((double)f->y[i] - f->y[i - 1]);
                }
                *edges += h.n;
                b->chunks[b->n_chunks++] = h;
            }
        }
    }
    return PS_OK;
}

/* Top cells: as small as a third of the number of edges allows, and not so small that
 * long edges cross too many. */
static int choose_shift(const ps_frozen *f, size_t edges, double length) {
    const double limit = fmax(4096, (double)edges / 3);
    int shift = 0;
    while (shift < 30) {
        const double size = (double)((int64_t)1 << shift);
        const double cells =
            (floor(f->span_x / size) + 1) * (floor(f->span_y / size) + 1);
        if (cells <= limit && length / size <= 4 * (double)edges + 4096) break;
        shift++;
    }
    return shift;
}

static void set_reach(part *l) {
    l->low_x = (double)l->origin_x - 1, l->low_y = (double)l->origin_y - 1;
    l->high_x = (double)(l->origin_x + l->span_x + 1);
    l->high_y = (double)(l->origin_y + l->span_y + 1);
}

static ps_status build_all(building *b, ps_error *err) {
    part *l = b->part;
    const ps_frozen *f = b->frozen;
    size_t edges = 0;
    double length = 0;
    PS_TRY(make_chunks(b, &edges, &length, err));
    if (f->areas->n >= ROW_MASK)
        return ps_fail(err, PS_LIMIT, "more than %u areas in one index", ROW_MASK - 1);
    if (edges > INT32_MAX)
        return ps_fail(err, PS_LIMIT,
                       "more than %d boundary edges; simplify the boundaries", INT32_MAX);
    l->scale = f->scale;
    l->origin_x = f->origin_x, l->origin_y = f->origin_y;
    l->span_x = (uint32_t)f->span_x, l->span_y = (uint32_t)f->span_y;
    set_reach(l);
    l->shift = choose_shift(f, edges, length);
    l->columns = (l->span_x >> l->shift) + 1;
    l->rows = (l->span_y >> l->shift) + 1;
    while ((l->rows - 1) >> l->band_shift >= MAX_BANDS) l->band_shift++;
    l->n_bands = ((l->rows - 1) >> l->band_shift) + 1;
    l->top = ps_zalloc((size_t)l->columns * l->rows + 1, sizeof *l->top);
    l->band = ps_zalloc(l->n_bands, sizeof *l->band);
    l->band_words = ps_zalloc(l->n_bands, sizeof *l->band_words);
    b->scratch = ps_zalloc((size_t)ps_threads(), sizeof *b->scratch);
    if (l->top == NULL || l->band == NULL || l->band_words == NULL || b->scratch == NULL)
        return ps_fail_nomem(err);
    return ps_par_for(l->n_bands, 1, build_band, b, err);
}

static ps_status build_part(const ps_locator_layer *layer, bool geographic, part *l,
                            ps_error *err) {
    ps_frozen *frozen = NULL;
    PS_TRY(ps_freeze(layer->areas, layer->op, geographic, &frozen, err));
    building b = {.frozen = frozen, .part = l};
    const ps_status status = build_all(&b, err);
    ps_free(b.chunks);
    for (int w = 0; b.scratch != NULL && w < ps_threads(); w++)
        scratch_free(&b.scratch[w]);
    ps_free(b.scratch);
    ps_frozen_free(frozen);
    return status;
}

static ps_status create(const ps_locator_layer *layer, size_t n, bool geographic,
                        ps_locator **out, ps_error *err) {
    ps_locator *l = *out = ps_zalloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    l->part = ps_zalloc(n, sizeof *l->part);
    if (l->part == NULL) return ps_fail_nomem(err);
    l->layers = n;
    l->geographic = geographic;
    for (size_t i = 0; i < n; i++) {
        l->part[i].areas = layer[i].areas;
        if (layer[i].op != NULL)
            PS_TRY(ps_crs_operation_clone(layer[i].op, &l->part[i].op, err));
    }
    return PS_OK;
}

ps_status ps_locator_build(const ps_locator_layer *layer, size_t n, bool geographic,
                           ps_locator **out, ps_error *err) {
    ps_locator *l = NULL;
    ps_status status = create(layer, n, geographic, &l, err);
    for (size_t i = 0; status == PS_OK && i < n; i++)
        status = build_part(&layer[i], geographic, &l->part[i], err);
    if (status != PS_OK) {
        ps_locator_free(l);
        l = NULL;
    }
    *out = l;
    return status;
}

void ps_locator_free(ps_locator *locator) {
    if (locator == NULL) return;
    for (size_t i = 0; i < locator->layers; i++) {
        part *p = &locator->part[i];
        if (!locator->viewed) {
            for (size_t b = 0; p->band != NULL && b < p->n_bands; b++)
                ps_free(p->band[b]);
            ps_free(p->top);
        }
        ps_free(p->band);
        ps_free(p->band_words);
        if (p->op != NULL) ps_crs_operation_free(p->op);
    }
    if (locator->release != NULL) locator->release(locator->held);
    ps_free(locator->part);
    ps_free(locator);
}

double ps_locator_unit(const ps_locator *locator, size_t layer) {
    return 1 / locator->part[layer].scale;
}

static size_t top_words(const part *p) {
    return (size_t)p->columns * p->rows + 1;
}

size_t ps_locator_bytes(const ps_locator *locator) {
    size_t n = sizeof *locator;
    for (size_t i = 0; i < locator->layers; i++) {
        const part *p = &locator->part[i];
        n += sizeof *p + top_words(p) * sizeof *p->top +
             p->n_bands * (sizeof *p->band + sizeof *p->band_words);
        for (size_t b = 0; b < p->n_bands; b++) n += p->band_words[b] * sizeof *p->top;
    }
    return n;
}

static bool is_same(const part *a, const part *b) {
    if (a->scale != b->scale || a->origin_x != b->origin_x ||
        a->origin_y != b->origin_y || a->span_x != b->span_x || a->span_y != b->span_y ||
        a->shift != b->shift || a->n_bands != b->n_bands ||
        memcmp(a->top, b->top, top_words(a) * sizeof *a->top) != 0)
        return false;
    for (size_t i = 0; i < a->n_bands; i++) {
        if (a->band_words[i] != b->band_words[i] ||
            memcmp(a->band[i], b->band[i], a->band_words[i] * sizeof *a->top) != 0)
            return false;
    }
    return true;
}

bool ps_locator_same(const ps_locator *a, const ps_locator *b) {
    if (a->layers != b->layers) return false;
    for (size_t i = 0; i < a->layers; i++)
        if (!is_same(&a->part[i], &b->part[i])) return false;
    return true;
}

int64_t ps_locator_freeze(const ps_locator *locator, size_t layer, double v) {
    const double units = v * locator->part[layer].scale;
    return fabs(units) < 0x1p62 ? ps_freeze_round(units) : INT64_MIN;
}

ps_status ps_locator_frozen_areas(const ps_locator *locator, size_t layer, ps_areas **out,
                                  ps_error *err) {
    *out = NULL;
    const part *p = &locator->part[layer];
    const ps_areas *areas = p->areas;
    ps_frozen *f = NULL;
    ps_areas_builder *b = NULL;
    double *x = NULL, *y = NULL;
    size_t room[2] = {0, 0};
    ps_status status = ps_freeze(areas, p->op, locator->geographic, &f, err);
    if (status == PS_OK) status = ps_areas_builder_create(&b, err);
    for (size_t a = 0; status == PS_OK && a < areas->n; a++) {
        status = ps_areas_builder_area(b, areas->code[a], areas->name[a], err);
        for (size_t r = areas->area_ring[a];
             status == PS_OK && r < areas->area_ring[a + 1]; r++) {
            const size_t n = f->ring_end[r] - f->ring_begin[r];
            status = ps_grow((void **)&x, &room[0], n, sizeof *x, err);
            if (status == PS_OK)
                status = ps_grow((void **)&y, &room[1], n, sizeof *y, err);
            if (status != PS_OK) break;
            for (size_t i = 0; i < n; i++) {
                x[i] = (double)(f->x[f->ring_begin[r] + i] + f->origin_x);
                y[i] = (double)(f->y[f->ring_begin[r] + i] + f->origin_y);
            }
            status = ps_areas_builder_ring(b, n, x, y, err);
        }
    }
    if (status == PS_OK)
        status = ps_areas_builder_finish(b, NULL, out, err);
    else
        ps_areas_builder_free(b);
    ps_free(x);
    ps_free(y);
    ps_frozen_free(f);
    return status;
}

/* --- as bytes --- */

/* For each layer, one behind the other: head; for each band where it begins and how many
 * words it has, the top cells being band 0; the words, each band at a multiple of 64
 * bytes. */
typedef struct image {
    double scale;
    int64_t origin_x, origin_y;
    uint32_t span_x, span_y, columns, rows;
    uint32_t shift, band_shift, n_bands, n_areas;
} image;
typedef struct extent {
    uint64_t begin, n; /* in words from the end of the extents, rounded up */
} extent;
enum { LINE_WORDS = 16 };

static size_t line_up(size_t n) {
    return (n + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
}

/* Words before the first of the bands. */
static size_t image_front(size_t n_bands) {
    return line_up((sizeof(image) + (n_bands + 1) * sizeof(extent)) / sizeof(uint32_t));
}

typedef void write_bytes(void *to, const void *bytes, size_t n);

static void write_words(write_bytes *write, void *to, const uint32_t *from, size_t n) {
    static const uint32_t zero[LINE_WORDS];
    if (n > 0) write(to, from, n * sizeof *from);
    if (line_up(n) > n) write(to, zero, (line_up(n) - n) * sizeof *zero);
}

static void write_part(const part *l, write_bytes *write, void *to) {
    const image head = {l->scale,
                        l->origin_x,
                        l->origin_y,
                        l->span_x,
                        l->span_y,
                        l->columns,
                        l->rows,
                        (uint32_t)l->shift,
                        (uint32_t)l->band_shift,
                        (uint32_t)l->n_bands,
                        (uint32_t)l->areas->n};
    uint32_t front[(sizeof head + (MAX_BANDS + 1) * sizeof(extent)) / sizeof(uint32_t)];
    memcpy(front, &head, sizeof head);
    size_t used = sizeof head / sizeof *front;
    extent e = {0, top_words(l)};
    for (size_t i = 0; i <= l->n_bands; i++) {
        if (i > 0) e = (extent){e.begin + line_up(e.n), l->band_words[i - 1]};
        memcpy(front + used, &e, sizeof e);
        used += sizeof e / sizeof *front;
    }
    write_words(write, to, front, used);
    write_words(write, to, l->top, top_words(l));
    for (size_t i = 0; i < l->n_bands; i++)
        write_words(write, to, l->band[i], l->band_words[i]);
}

void ps_locator_write(const ps_locator *locator, write_bytes *write, void *to) {
    for (size_t i = 0; i < locator->layers; i++) write_part(&locator->part[i], write, to);
}

/* A band under test. Each word belongs to one grid or record, so what was visited cannot
 * be more than there is: that bounds the work, whatever the entries say. */
typedef struct audit {
    const part *l;
    const uint32_t *band;
    size_t n, left;
} audit;

static bool spend(audit *a, size_t at, size_t n) {
    if (at > a->n || n > a->n - at || n > a->left) return false;
    a->left -= n;
    return true;
}

static bool record_is_sound(audit *a, size_t at) {
    for (;;) {
        if (!spend(a, at, 2)) return false;
        const uint32_t head = a->band[at], base = a->band[at + 1];
        const size_t areas = HEAD_AREAS(head), edges = HEAD_EDGES(head);
        if (areas > BLOCK_AREAS) return false;
        const uint32_t known = (1u << areas) - 1;
        if ((base & ~known) != 0 || !spend(a, at + 2, areas + edges * EDGE_WORDS))
            return false;
        at += 2;
        for (size_t i = 0; i < areas; i++, at++)
            if (a->band[at] >= a->l->areas->n) return false;
        for (size_t i = 0; i < edges; i++, at += EDGE_WORDS) {
            edge e;
            memcpy(&e, a->band + at, sizeof e);
            if ((uint32_t)e.x1 > a->l->span_x || (uint32_t)e.x2 > a->l->span_x ||
                (uint32_t)e.y1 > a->l->span_y || (uint32_t)e.y2 > a->l->span_y ||
                (e.mask & AREA_BITS & ~known) != 0)
                return false;
        }
        if (!(head & MORE)) return true;
    }
}

static bool entry_is_sound(audit *a, uint32_t entry, int shift) {
    if (!(entry & MIXED)) return (entry & ROW_MASK) <= a->l->areas->n && entry != TIE;
    if (!is_grid(entry)) return record_is_sound(a, (size_t)(entry & UNIT_MASK) * 2);
    const int fan = fan_of(entry);
    const size_t at = (size_t)(entry & GRID_MASK) * 8, cells = (size_t)1 << (2 * fan);
    if (fan > shift || !spend(a, at, cells)) return false;
    for (size_t i = 0; i < cells; i++)
        if (!entry_is_sound(a, a->band[at + i], shift - fan)) return false;
    return true;
}

static ps_status fail_image(ps_error *err) {
    return ps_fail(err, PS_FORMAT, "the bytes are no index of these areas");
}

static ps_status audit_bands(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker;
    const part *l = context;
    for (size_t b = begin; b < end; b++) {
        audit a = {l, l->band[b], l->band_words[b], l->band_words[b]};
        const size_t first = b << l->band_shift;
        for (size_t r = first; r < l->rows && r >> l->band_shift == b; r++) {
            for (size_t c = 0; c < l->columns; c++)
                if (!entry_is_sound(&a, l->top[r * l->columns + c], l->shift))
                    return fail_image(err);
        }
    }
    return PS_OK;
}

static bool is_near(int64_t origin) {
    return origin >= -((int64_t)1 << 52) && origin <= (int64_t)1 << 52;
}

/* The layer that begins at *used words, and *used beyond it. */
static ps_status view_part(uint32_t *words, size_t n, size_t *used, bool deep, part *l,
                           ps_error *err) {
    image h;
    char *bytes = (char *)(words + *used);
    if ((n - *used) * sizeof *words < sizeof h) return fail_image(err);
    memcpy(&h, bytes, sizeof h);
    if (!(h.scale >= 1e-6 && h.scale <= 1e8) || !is_near(h.origin_x) ||
        !is_near(h.origin_y) || h.span_x >= INT32_MAX || h.span_y >= INT32_MAX ||
        h.shift > 30 || h.band_shift > 30 || h.columns != (h.span_x >> h.shift) + 1 ||
        h.rows != (h.span_y >> h.shift) + 1 || h.n_bands > MAX_BANDS ||
        h.n_bands != ((h.rows - 1) >> h.band_shift) + 1 || h.n_areas != l->areas->n)
        return fail_image(err);
    l->scale = h.scale;
    l->origin_x = h.origin_x, l->origin_y = h.origin_y;
    l->span_x = h.span_x, l->span_y = h.span_y;
    l->columns = h.columns, l->rows = h.rows;
    l->shift = (int)h.shift, l->band_shift = (int)h.band_shift;
    l->n_bands = h.n_bands;
    set_reach(l);
    const size_t front = image_front(l->n_bands), all = n - *used;
    if (all < front) return fail_image(err);
    l->band = ps_zalloc(l->n_bands, sizeof *l->band);
    l->band_words = ps_zalloc(l->n_bands, sizeof *l->band_words);
    if (l->band == NULL || l->band_words == NULL) return ps_fail_nomem(err);
    uint32_t *first = words + *used + front;
    size_t at = 0;
    for (size_t i = 0; i <= l->n_bands; i++) {
        extent e;
        memcpy(&e, bytes + sizeof h + i * sizeof e, sizeof e);
        if (e.begin != at || e.n > all - front - at || line_up(e.n) > all - front - at ||
            (i == 0 && e.n != top_words(l)))
            return fail_image(err);
        if (i == 0) l->top = first;
        if (i > 0) l->band[i - 1] = first + at, l->band_words[i - 1] = e.n;
        at += line_up(e.n);
    }
    *used += front + at;
    if (l->top[top_words(l) - 1] != 0) return fail_image(err);
    return deep ? ps_par_for(l->n_bands, 1, audit_bands, l, err) : PS_OK;
}

ps_status ps_locator_view(void *bytes, size_t n, bool deep, const ps_locator_layer *layer,
                          size_t n_layers, bool geographic, void (*release)(void *held),
                          void *held, ps_locator **out, ps_error *err) {
    ps_locator *l = NULL;
    ps_status status = create(layer, n_layers, geographic, &l, err);
    size_t used = 0;
    if (l != NULL) l->viewed = true;
    for (size_t i = 0; status == PS_OK && i < n_layers; i++)
        status = view_part(bytes, n / sizeof(uint32_t), &used, deep, &l->part[i], err);
    if (status == PS_OK && used * sizeof(uint32_t) != n) status = fail_image(err);
    if (status != PS_OK) {
        ps_locator_free(l);
        l = NULL;
    } else {
        l->release = release;
        l->held = held;
    }
    *out = l;
    return status;
}

/* --- locating --- */

static int32_t resolve(const uint32_t *record, int32_t px, int32_t py, int64_t *ties) {
    int32_t found = PS_NONE;
    for (;;) {
        const uint32_t head = record[0];
        const uint32_t n_areas = HEAD_AREAS(head), n_edges = HEAD_EDGES(head);
        uint32_t state = record[1], on = 0;
        const uint32_t *rows = record + 2, *at = rows + n_areas;
        for (uint32_t i = 0; i < n_edges; i++, at += EDGE_WORDS) {
            edge e;
            memcpy(&e, at, sizeof e);
            const uint32_t above_lower = py >= e.y1, above_upper = py >= e.y2;
            const int64_t turn = ((int64_t)px - e.x1) * ((int64_t)e.y2 - e.y1) -
                                 ((int64_t)py - e.y1) * ((int64_t)e.x2 - e.x1);
            const uint32_t odd =
                (above_lower & (above_upper ^ 1u) & (uint32_t)(turn > 0)) ^
                (above_lower & e.mask >> 31) ^ (above_upper & e.mask >> 30);
            state ^= e.mask & (0u - (odd & 1u));
            if (turn == 0 && above_lower && py <= e.y2 &&
                px >= (e.x1 < e.x2 ? e.x1 : e.x2) && px <= (e.x1 < e.x2 ? e.x2 : e.x1))
                on |= e.mask;
        }
        const uint32_t in = (state | on) & AREA_BITS;
        if (in != 0) {
            const bool more = (in & (in - 1)) != 0;
            if (found != PS_NONE || more) {
                ++*ties;
                return found != PS_NONE ? found : (int32_t)rows[__builtin_ctz(in)];
            }
            found = (int32_t)rows[__builtin_ctz(in)];
        }
        if (!(head & MORE)) return found;
        record = at;
    }
}

/* Where in its band the entry of a point in a grid is; shift becomes that of its cells.
 */
static size_t step(uint32_t entry, int *shift, uint32_t px, uint32_t py) {
    const int fan = fan_of(entry);
    *shift -= fan;
    const uint32_t mask = (1u << fan) - 1;
    return (size_t)(entry & GRID_MASK) * 8 +
           (((py >> *shift & mask) << fan) | (px >> *shift & mask));
}

/* A batch goes through the levels together: each pass asks for the memory of the next, so
 * that the misses of many points overlap. */
static void locate_batch(const part *l, size_t n, const double *x, const double *y,
                         int32_t *row, int64_t *ties) {
    uint32_t px[BATCH], py[BATCH], entry[BATCH];
    const uint32_t *at[BATCH], *band[BATCH];
    const uint32_t *outside = l->top + (size_t)l->columns * l->rows;
    for (size_t i = 0; i < n; i++) {
        const double fx = x[i] * l->scale, fy = y[i] * l->scale;
        px[i] = py[i] = 0;
        at[i] = outside;
        band[i] = NULL;
        if (!(fx > l->low_x && fx < l->high_x && fy > l->low_y && fy < l->high_y))
            continue;
        const int64_t ix = ps_freeze_round(fx) - l->origin_x;
        const int64_t iy = ps_freeze_round(fy) - l->origin_y;
        if ((uint64_t)ix > l->span_x || (uint64_t)iy > l->span_y) continue;
        px[i] = (uint32_t)ix, py[i] = (uint32_t)iy;
        const uint32_t r = py[i] >> l->shift;
        band[i] = l->band[r >> l->band_shift];
        at[i] = l->top + (size_t)r * l->columns + (px[i] >> l->shift);
        __builtin_prefetch(at[i]);
    }
    for (size_t i = 0; i < n; i++) {
        entry[i] = *at[i];
        if (!is_grid(entry[i])) continue;
        int shift = l->shift;
        at[i] = band[i] + step(entry[i], &shift, px[i], py[i]);
        __builtin_prefetch(at[i]);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t e = entry[i];
        if (is_grid(e)) {
            int shift = l->shift - fan_of(e);
            e = *at[i];
            while (is_grid(e)) e = band[i][step(e, &shift, px[i], py[i])];
            entry[i] = e;
        }
        if (e & MIXED) {
            at[i] = band[i] + (size_t)(e & UNIT_MASK) * 2;
            __builtin_prefetch(at[i]);
            __builtin_prefetch(at[i] + 16);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = entry[i];
        if (e & MIXED) {
            row[i] = resolve(at[i], (int32_t)px[i], (int32_t)py[i], ties);
        } else {
            row[i] = (int32_t)(e & ROW_MASK) - 1;
            *ties += (e & TIE) != 0;
        }
    }
}

void ps_locate(const ps_locator *locator, size_t n, const double *x, const double *y,
               int32_t *row, int64_t *ties) {
    for (size_t l = 0; l < locator->layers; l++) {
        int64_t tied = 0;
        for (size_t i = 0; i < n; i += BATCH)
            locate_batch(&locator->part[l], n - i < BATCH ? n - i : BATCH, x + i, y + i,
                         row + l * n + i, &tied);
        if (ties != NULL) ties[l] += tied;
    }
}
