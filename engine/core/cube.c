#include "engine/core/cube.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"

enum {
    AHEAD = 32, /* cells asked for before they are added to */
    TILE = 64,  /* areas whose cells are collected together: some lines of a column */
    MOST_COLUMNS = 1 << 20
};

typedef _Atomic uint32_t cell;

struct ps_cube {
    size_t areas;
    size_t columns;          /* groups below are counted in columns */
    _Atomic(void *) *column; /* of cells */
    int workers;
    ps_tally **rest; /* by worker: all other counts */
};

ps_status ps_cube_create(size_t areas, int workers, size_t bytes, ps_cube **out,
                         ps_error *err) {
    *out = NULL;
    ps_cube *cube = ps_zalloc(1, sizeof *cube);
    if (cube == NULL) return ps_fail_nomem(err);
    cube->areas = areas;
    cube->workers = workers;
    cube->columns = bytes / ((areas > 0 ? areas : 1) * sizeof(cell));
    if (cube->columns > MOST_COLUMNS) cube->columns = MOST_COLUMNS;
    cube->column = ps_zalloc(cube->columns, sizeof *cube->column);
    cube->rest = ps_zalloc((size_t)workers, sizeof(ps_tally *));
    ps_status status =
        cube->column != NULL && cube->rest != NULL ? PS_OK : ps_fail_nomem(err);
    for (int w = 0; w < workers && status == PS_OK; w++)
        status = ps_tally_create(&cube->rest[w], err);
    if (status != PS_OK) {
        ps_cube_free(cube);
        return status;
    }
    *out = cube;
    return PS_OK;
}

/* The column of a group, made by whoever comes first. */
static cell *column_of(ps_cube *cube, size_t group) {
    void *column = atomic_load_explicit(&cube->column[group], memory_order_acquire);
    if (column != NULL) return column;
    cell *fresh = ps_zalloc(cube->areas, sizeof *fresh);
    if (fresh == NULL) return NULL;
    if (atomic_compare_exchange_strong(&cube->column[group], &column, fresh))
        return fresh;
    ps_free(fresh);
    return column;
}

/* A cell that comes round to 0 has 2^32 put aside. */
static ps_status add_to(ps_cube *cube, int worker, cell *at, uint32_t count, int32_t area,
                        int32_t group, ps_error *err) {
    const uint32_t before = atomic_fetch_add_explicit(at, count, memory_order_relaxed);
    if (before <= UINT32_MAX - count) return PS_OK;
    return ps_tally_add(cube->rest[worker], area, group, INT64_C(1) << 32, err);
}

ps_status ps_cube_add(ps_cube *cube, int worker, size_t n, const int32_t *area,
                      const int32_t *group, ps_error *err) {
    cell *at[AHEAD];
    for (size_t from = 0; from < n; from += AHEAD) {
        const size_t some = n - from < AHEAD ? n - from : AHEAD;
        for (size_t i = 0; i < some; i++) {
            at[i] = NULL;
            if (area[from + i] == PS_NONE) continue;
            const size_t g = (size_t)group[from + i];
            if (g >= cube->columns) continue;
            cell *column = column_of(cube, g);
            if (column == NULL) return ps_fail_nomem(err);
            at[i] = column + area[from + i];
            __builtin_prefetch(at[i], 1);
        }
        for (size_t i = 0; i < some; i++) {
            const int32_t a = area[from + i], g = group[from + i];
            if (at[i] != NULL)
                PS_TRY(add_to(cube, worker, at[i], 1, a, g, err));
            else if (a != PS_NONE)
                PS_TRY(ps_tally_add(cube->rest[worker], a, g, 1, err));
        }
    }
    return PS_OK;
}

ps_status ps_cube_add_count(ps_cube *cube, int worker, int32_t area, int32_t group,
                            int64_t count, ps_error *err) {
    if ((size_t)group >= cube->columns || count > UINT32_MAX)
        return ps_tally_add(cube->rest[worker], area, group, count, err);
    cell *column = column_of(cube, (size_t)group);
    if (column == NULL) return ps_fail_nomem(err);
    return add_to(cube, worker, column + area, (uint32_t)count, area, group, err);
}

/* ---- cells ---- */

typedef struct collection {
    const ps_cube *cube;
    const int32_t *order; /* groups with a column, in the order of the ranks */
    size_t n_order;
    size_t *start; /* by area: its first cell */
    ps_tally_cell *cells;
} collection;

static uint32_t count_at(const cell *column, size_t area) {
    return atomic_load_explicit(&column[area], memory_order_relaxed);
}

static ps_status count_cells(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker, (void)err;
    collection *c = context;
    for (size_t o = 0; o < c->n_order; o++) {
        const cell *column = atomic_load(&c->cube->column[c->order[o]]);
        for (size_t a = begin; a < end; a++) c->start[a] += count_at(column, a) != 0;
    }
    return PS_OK;
}

static ps_status collect_cells(void *context, size_t begin, size_t end, int worker,
                               ps_error *err) {
    (void)worker, (void)err;
    collection *c = context;
    size_t at[TILE];
    memcpy(at, c->start + begin, (end - begin) * sizeof *at);
    for (size_t o = 0; o < c->n_order; o++) {
        const cell *column = atomic_load(&c->cube->column[c->order[o]]);
        for (size_t a = begin; a < end; a++) {
            const uint32_t count = count_at(column, a);
            if (count == 0) continue;
            c->cells[at[a - begin]++] =
                (ps_tally_cell){(int32_t)a, c->order[o], (int64_t)count};
        }
    }
    return PS_OK;
}

/* A cell and where it belongs. */
typedef struct placed {
    ps_tally_cell cell;
    int32_t rank;
} placed;

static int by_place(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (x->cell.area != y->cell.area) return x->cell.area < y->cell.area ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Bring the cells of the tallies among the others; equal cells become one. */
static ps_status add_rest(const ps_cube *cube, const int32_t *rank, ps_tally_cell **cells,
                          size_t *n, ps_error *err) {
    size_t extra = 0;
    for (int w = 0; w < cube->workers; w++) extra += ps_tally_size(cube->rest[w]);
    if (extra == 0) return PS_OK;
    placed *all = ps_alloc(*n + extra, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    size_t used = 0;
    for (size_t i = 0; i < *n; i++) all[used++].cell = (*cells)[i];
    ps_status status = PS_OK;
    for (int w = 0; w < cube->workers && status == PS_OK; w++) {
        ps_tally_cell *more = NULL;
        size_t n_more = 0;
        status = ps_tally_cells(cube->rest[w], &more, &n_more, err);
        for (size_t i = 0; i < n_more; i++) all[used++].cell = more[i];
        ps_free(more);
    }
    ps_tally_cell *merged = NULL;
    if (status == PS_OK) {
        merged = ps_alloc(used, sizeof *merged);
        if (merged == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) {
        for (size_t i = 0; i < used; i++)
            all[i].rank = rank != NULL ? rank[all[i].cell.group] : all[i].cell.group;
        qsort(all, used, sizeof *all, by_place);
        *n = 0;
        for (size_t i = 0; i < used; i++) {
            if (i > 0 && by_place(&all[i], &all[i - 1]) == 0)
                merged[*n - 1].count += all[i].cell.count;
            else
                merged[(*n)++] = all[i].cell;
        }
        ps_free(*cells);
        *cells = merged;
    }
    ps_free(all);
    return status;
}

ps_status ps_cube_cells(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                        ps_tally_cell **out, size_t *n, ps_error *err) {
    *out = NULL;
    *n = 0;
    int32_t *by_rank = ps_alloc(n_groups, sizeof *by_rank);
    size_t *start = ps_zalloc(cube->areas + 1, sizeof *start);
    ps_status status = by_rank != NULL && start != NULL ? PS_OK : ps_fail_nomem(err);
    collection c = {.cube = cube, .order = by_rank, .start = start};
    if (status == PS_OK) {
        for (size_t g = 0; g < n_groups; g++)
            by_rank[rank != NULL ? (size_t)rank[g] : g] = (int32_t)g;
        for (size_t i = 0; i < n_groups; i++) {
            const size_t g = (size_t)by_rank[i];
            if (g < cube->columns && cube->column[g] != NULL)
                by_rank[c.n_order++] = (int32_t)g;
        }
        status = ps_par_for(cube->areas, TILE, count_cells, &c, err);
    }
    if (status == PS_OK) {
        size_t sum = 0;
        for (size_t a = 0; a <= cube->areas; a++) {
            const size_t here = start[a];
            start[a] = sum;
            sum += here;
        }
        *n = sum;
        c.cells = ps_alloc(sum, sizeof *c.cells);
        status = c.cells != NULL ? ps_par_for(cube->areas, TILE, collect_cells, &c, err)
                                 : ps_fail_nomem(err);
    }
    if (status == PS_OK) status = add_rest(cube, rank, &c.cells, n, err);
    ps_free(by_rank);
    ps_free(start);
    if (status != PS_OK) {
        ps_free(c.cells);
        *n = 0;
        return status;
    }
    *out = c.cells;
    return PS_OK;
}

void ps_cube_free(ps_cube *cube) {
    if (cube == NULL) return;
    for (size_t g = 0; cube->column != NULL && g < cube->columns; g++)
        ps_free(atomic_load(&cube->column[g]));
    for (int w = 0; cube->rest != NULL && w < cube->workers; w++)
        ps_tally_free(cube->rest[w]);
    ps_free(cube->rest);
    ps_free((void *)(uintptr_t)cube->column);
    ps_free(cube);
}
