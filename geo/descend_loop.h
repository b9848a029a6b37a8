/* The way down itself, built once for each way to find the areas of a block that hold a
 * point, which is inlined. */
#ifndef PS_GEO_DESCEND_LOOP_H
#define PS_GEO_DESCEND_LOOP_H

#include "geo/descend.h"

enum { BATCH = 64 /* points on the way at the same time */ };

#define ALWAYS static inline __attribute__((always_inline))

/* The areas of a block that hold the point, as bits. *end: behind the block. */
typedef uint32_t holders_fn(const uint32_t *block, int32_t px, int32_t py,
                            const uint32_t **end);

/* A record of a grid of one layer. */
ALWAYS void resolve_one(holders_fn *holders, const uint32_t *record, int32_t px,
                        int32_t py, int32_t *row, int64_t *ties) {
    int32_t found = PS_NONE;
    for (;;) {
        const uint32_t *rows = record + 2, *end;
        const uint32_t head = record[0], in = holders(record, px, py, &end);
        if (in != 0) {
            const bool more = (in & (in - 1)) != 0;
            if (found != PS_NONE || more) {
                ++*ties;
                *row = found != PS_NONE ? found : (int32_t)rows[__builtin_ctz(in)];
                return;
            }
            found = (int32_t)rows[__builtin_ctz(in)];
        }
        if (!(head & PS_GRID_MORE)) break;
        record = end;
    }
    *row = found;
}

/* A record of a grid of several: its areas ascend, so the first of a layer is the lowest,
 * and another makes a tie. */
ALWAYS void resolve_all(holders_fn *holders, const ps_grid *g, const uint32_t *record,
                        int32_t px, int32_t py, int32_t *row, const ps_descent *to) {
    for (size_t k = 0; k < g->layers; k++) row[k * to->stride] = PS_NONE;
    size_t l = 0;
    int found = 0;
    for (;;) {
        const uint32_t *areas = record + 2, *end;
        const uint32_t head = record[0];
        for (uint32_t in = holders(record, px, py, &end); in != 0; in &= in - 1) {
            const uint32_t area = areas[__builtin_ctz(in)];
            if (area >= g->first[l + 1]) {
                l = ps_grid_layer(g, l, area);
                found = 0;
            }
            if (found == 0) row[l * to->stride] = (int32_t)(area - g->first[l]);
            to->ties[l] += found == 1;
            found++;
        }
        if (!(head & PS_GRID_MORE)) return;
        record = end;
    }
}

/* Where in its band the entry of a point in a grid is; shift becomes that of its cells.
 */
static size_t step(uint32_t entry, int *shift, uint32_t px, uint32_t py) {
    const int fan = ps_grid_fan(entry);
    *shift -= fan;
    const uint32_t mask = (1u << fan) - 1;
    return ps_grid_offset(entry) +
           (((py >> *shift & mask) << fan) | (px >> *shift & mask));
}

static inline void answer_one(uint32_t answer, int32_t *row, int64_t *ties) {
    *row = (int32_t)(answer & PS_GRID_ROW) - 1;
    *ties += (answer & PS_GRID_TIE) != 0;
}

/* A batch goes through the levels together: each pass asks for the memory of the next, so
 * that the misses of many points overlap. Whether a cell is one answer is as good as
 * random from point to point, so nothing branches on it: what is not goes on a list. */
typedef struct batch {
    uint32_t px[BATCH], py[BATCH], entry[BATCH];
    const uint32_t *at[BATCH], *band[BATCH];
    uint32_t mixed[BATCH]; /* points whose cell has a record */
    size_t n_mixed;
} batch;

/* The entry of the top cell of each point. */
static inline void enter_grid(const ps_grid *g, const ps_reach *p, size_t n,
                              const double *x, const double *y, batch *b) {
    for (size_t i = 0; i < n; i++) {
        const double fx = x[i] * g->scale, fy = y[i] * g->scale;
        b->px[i] = b->py[i] = 0;
        b->at[i] = g->top + (size_t)g->columns * g->rows;
        b->band[i] = g->top;
        if (!(fx > p->low_x && fx < p->high_x && fy > p->low_y && fy < p->high_y))
            continue;
        const int64_t ix = ps_freeze_round(fx) - g->origin_x;
        const int64_t iy = ps_freeze_round(fy) - g->origin_y;
        if ((uint64_t)ix > g->span_x || (uint64_t)iy > g->span_y) continue;
        b->px[i] = (uint32_t)ix, b->py[i] = (uint32_t)iy;
        const uint32_t r = b->py[i] >> g->shift;
        b->band[i] = g->band[r >> g->band_shift];
        b->at[i] = g->top + (size_t)r * g->columns + (b->px[i] >> g->shift);
        __builtin_prefetch(b->at[i]);
    }
}

/* The entry in the grid of each top cell that is one. */
static inline void enter_cells(const ps_grid *g, size_t n, batch *b) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = b->entry[i] = *b->at[i];
        const bool grid = ps_grid_is_grid(e);
        int shift = grid ? g->shift : PS_GRID_MOST_FAN;
        const size_t offset = step(e, &shift, b->px[i], b->py[i]);
        b->at[i] = (grid ? b->band[i] : b->at[i]) + (grid ? offset : 0);
        __builtin_prefetch(b->at[i]);
    }
}

/* Down to what is no grid: an answer, or a record. */
static inline void leave_cells(const ps_grid *g, size_t n, batch *b) {
    const bool several = g->layers > 1;
    b->n_mixed = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t e = *b->at[i];
        if (ps_grid_is_grid(e)) {
            int shift = g->shift - ps_grid_fan(b->entry[i]);
            while (ps_grid_is_grid(e))
                e = b->band[i][step(e, &shift, b->px[i], b->py[i])];
        }
        b->entry[i] = e;
        const bool mixed = (e & PS_GRID_MIXED) != 0;
        const size_t offset = mixed ? ps_grid_record(e) : several && e != 0 ? e - 1 : 0;
        b->at[i] = (mixed || (several && e != 0) ? b->band[i] : b->at[i]) + offset;
        __builtin_prefetch(b->at[i]);
        __builtin_prefetch(b->at[i] + (mixed ? 16 : 0));
        b->mixed[b->n_mixed] = (uint32_t)i;
        b->n_mixed += mixed;
    }
}

ALWAYS void answer_batch(holders_fn *holders, const ps_grid *g, size_t n, const batch *b,
                         const ps_descent *to) {
    const bool several = g->layers > 1;
    int64_t ties = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = b->entry[i];
        if (!several) {
            to->row[i] = (int32_t)(e & PS_GRID_ROW) - 1;
            ties += (e & (PS_GRID_MIXED | PS_GRID_TIE)) == PS_GRID_TIE;
        } else if (!(e & PS_GRID_MIXED)) {
            for (size_t l = 0; l < g->layers; l++)
                answer_one(e != 0 ? b->at[i][l] : 0, to->row + i + l * to->stride,
                           to->ties + l);
        }
    }
    to->ties[0] += ties;
    for (size_t k = 0; k < b->n_mixed; k++) {
        const size_t i = b->mixed[k];
        const int32_t px = (int32_t)b->px[i], py = (int32_t)b->py[i];
        if (several)
            resolve_all(holders, g, b->at[i], px, py, to->row + i, to);
        else
            resolve_one(holders, b->at[i], px, py, to->row + i, to->ties);
    }
}

ALWAYS void descend(holders_fn *holders, const ps_grid *g, const ps_reach *reach,
                    size_t n, const double *x, const double *y, ps_descent to) {
    for (size_t i = 0; i < n; i += BATCH, to.row += BATCH) {
        const size_t some = n - i < BATCH ? n - i : BATCH;
        batch b;
        enter_grid(g, reach, some, x + i, y + i, &b);
        enter_cells(g, some, &b);
        leave_cells(g, some, &b);
        answer_batch(holders, g, some, &b, &to);
    }
}

#endif
