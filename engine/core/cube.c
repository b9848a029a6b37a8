#include "engine/core/cube.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"

enum {
    AHEAD = 32,          /* cells asked for before they are added to */
    PAGE = 256,          /* areas of a page: enough for few misses on the way to it */
    ROUND = 256,         /* what a cell that comes round to 0 puts aside */
    FEW_CELLS = 1 << 17, /* of a group: so few may stand once for each worker */
    MOST_GROUPS = 1 << 20
};

typedef _Atomic uint8_t cell;

/* The pages of a group; NULL where nothing was counted. */
typedef struct group_pages {
    _Atomic(cell *) page[1]; /* as many as the cube has */
} group_pages;

struct ps_cube {
    size_t areas, pages;
    size_t groups;                 /* those below may have pages */
    _Atomic size_t begun;          /* those from here on have none */
    size_t copies;                 /* 1, or one for each worker */
    _Atomic(group_pages *) *group; /* copies of a group side by side */
    _Atomic int64_t left;          /* bytes */
    int workers;
    ps_tally **rest; /* by worker: all other counts */
};

ps_status ps_cube_create(size_t areas, int workers, size_t bytes, ps_cube **out,
                         ps_error *err) {
    *out = NULL;
    ps_cube *cube = ps_zalloc(1, sizeof *cube);
    if (cube == NULL) return ps_fail_nomem(err);
    cube->areas = areas;
    cube->pages = (areas + PAGE - 1) / PAGE;
    cube->workers = workers;
    cube->left = (int64_t)bytes;
    cube->copies = areas * (size_t)workers <= FEW_CELLS ? (size_t)workers : 1;
    /* The least that a group takes. */
    cube->groups = bytes / ((cube->pages + 1) * cube->copies * sizeof(void *));
    if (cube->groups > MOST_GROUPS) cube->groups = MOST_GROUPS;
    cube->group = ps_zalloc(cube->groups * cube->copies, sizeof *cube->group);
    cube->rest = ps_zalloc((size_t)workers, sizeof(ps_tally *));
    ps_status status =
        cube->group != NULL && cube->rest != NULL ? PS_OK : ps_fail_nomem(err);
    for (int w = 0; w < workers && status == PS_OK; w++)
        status = ps_tally_create(&cube->rest[w], err);
    if (status != PS_OK) {
        ps_cube_free(cube);
        return status;
    }
    *out = cube;
    return PS_OK;
}

/* Zeros, where there is room for them. */
static ps_status claim(ps_cube *cube, size_t bytes, void **out, ps_error *err) {
    *out = NULL;
    if (atomic_fetch_sub(&cube->left, (int64_t)bytes) < (int64_t)bytes) {
        atomic_fetch_add(&cube->left, (int64_t)bytes);
        return PS_OK;
    }
    *out = ps_zalloc(bytes, 1);
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

static void give_back(ps_cube *cube, void *block, size_t bytes) {
    ps_free(block);
    atomic_fetch_add(&cube->left, (int64_t)bytes);
}

static void note_begun(ps_cube *cube, size_t groups) {
    size_t begun = atomic_load(&cube->begun);
    while (begun < groups &&
           !atomic_compare_exchange_weak(&cube->begun, &begun, groups)) {
    }
}

/* The cell of an area and a group, made by whoever comes first; NULL without room. */
static ps_status find_cell(ps_cube *cube, int worker, int32_t area, int32_t group,
                           cell **out, ps_error *err) {
    *out = NULL;
    if ((size_t)group >= cube->groups) return PS_OK;
    _Atomic(group_pages *) *home = &cube->group[(size_t)group * cube->copies +
                                                (cube->copies > 1 ? (size_t)worker : 0)];
    group_pages *pages = atomic_load_explicit(home, memory_order_acquire);
    if (pages == NULL) {
        const size_t bytes = cube->pages * sizeof pages->page[0];
        void *fresh;
        PS_TRY(claim(cube, bytes, &fresh, err));
        if (fresh == NULL) return PS_OK;
        if (atomic_compare_exchange_strong(home, &pages, fresh)) {
            pages = fresh;
            note_begun(cube, (size_t)group + 1);
        } else {
            give_back(cube, fresh, bytes);
        }
    }
    _Atomic(cell *) *place = &pages->page[area / PAGE];
    cell *page = atomic_load_explicit(place, memory_order_acquire);
    if (page == NULL) {
        const size_t bytes = PAGE * sizeof(cell);
        void *fresh;
        PS_TRY(claim(cube, bytes, &fresh, err));
        if (fresh == NULL) return PS_OK;
        if (atomic_compare_exchange_strong(place, &page, fresh))
            page = fresh;
        else
            give_back(cube, fresh, bytes);
    }
    *out = page + area % PAGE;
    return PS_OK;
}

static ps_status add_one(ps_cube *cube, int worker, cell *at, int32_t area, int32_t group,
                         ps_error *err) {
    uint8_t before;
    if (cube->copies == (size_t)cube->workers) { /* nobody else adds to it */
        before = atomic_load_explicit(at, memory_order_relaxed);
        atomic_store_explicit(at, (uint8_t)(before + 1), memory_order_relaxed);
    } else {
        before = atomic_fetch_add_explicit(at, 1, memory_order_relaxed);
    }
    if (before != UINT8_MAX) return PS_OK;
    return ps_tally_add(cube->rest[worker], area, group, ROUND, err);
}

ps_status ps_cube_add(ps_cube *cube, int worker, size_t n, const int32_t *area,
                      const int32_t *group, ps_error *err) {
    cell *at[AHEAD];
    for (size_t from = 0; from < n; from += AHEAD) {
        const size_t some = n - from < AHEAD ? n - from : AHEAD;
        for (size_t i = 0; i < some; i++) {
            at[i] = NULL;
            if (area[from + i] == PS_NONE) continue;
            PS_TRY(find_cell(cube, worker, area[from + i], group[from + i], &at[i], err));
            if (at[i] != NULL) __builtin_prefetch(at[i], 1);
        }
        for (size_t i = 0; i < some; i++) {
            const int32_t a = area[from + i], g = group[from + i];
            if (at[i] != NULL)
                PS_TRY(add_one(cube, worker, at[i], a, g, err));
            else if (a != PS_NONE)
                PS_TRY(ps_tally_add(cube->rest[worker], a, g, 1, err));
        }
    }
    return PS_OK;
}

ps_status ps_cube_add_count(ps_cube *cube, int worker, int32_t area, int32_t group,
                            int64_t count, ps_error *err) {
    return ps_tally_add(cube->rest[worker], area, group, count, err);
}

/* ---- cells ---- */

typedef struct collection {
    const ps_cube *cube;
    const int32_t *order; /* groups with pages, in the order of the ranks */
    size_t n_order;
    size_t *start; /* by area: its first cell */
    ps_tally_cell *cells;
} collection;

/* The counts of a page of a group; false when it has none. */
static bool read_page(const collection *c, size_t order, size_t page,
                      uint32_t count[PAGE]) {
    const ps_cube *cube = c->cube;
    bool any = false;
    for (size_t k = 0; k < cube->copies; k++) {
        group_pages *pages =
            atomic_load(&cube->group[(size_t)c->order[order] * cube->copies + k]);
        const cell *cells = pages != NULL ? atomic_load(&pages->page[page]) : NULL;
        if (cells == NULL) continue;
        if (!any) memset(count, 0, PAGE * sizeof *count);
        any = true;
        uint8_t plain[PAGE]; /* nobody adds now, and vectors are many times as fast */
        memcpy(plain, (const void *)(uintptr_t)cells, PAGE);
        for (size_t i = 0; i < PAGE; i++) count[i] += plain[i];
    }
    return any;
}

/* Blocks of the loops are pages. */
static ps_status count_cells(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker, (void)err;
    collection *c = context;
    uint32_t count[PAGE], some[PAGE] = {0};
    for (size_t o = 0; o < c->n_order; o++) {
        if (!read_page(c, o, begin / PAGE, count)) continue;
        for (size_t i = 0; i < PAGE; i++) some[i] += count[i] != 0;
    }
    for (size_t a = begin; a < end; a++) c->start[a] = some[a - begin];
    return PS_OK;
}

static ps_status collect_cells(void *context, size_t begin, size_t end, int worker,
                               ps_error *err) {
    (void)worker, (void)err;
    collection *c = context;
    size_t at[PAGE];
    uint32_t count[PAGE];
    memcpy(at, c->start + begin, (end - begin) * sizeof *at);
    for (size_t o = 0; o < c->n_order; o++) {
        if (!read_page(c, o, begin / PAGE, count)) continue;
        for (size_t a = begin; a < end; a++)
            if (count[a - begin] != 0)
                c->cells[at[a - begin]++] =
                    (ps_tally_cell){(int32_t)a, c->order[o], (int64_t)count[a - begin]};
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

static placed placed_of(const ps_tally_cell *at, const int32_t *rank) {
    return (placed){*at, rank != NULL ? rank[at->group] : at->group};
}

/* The cells of all tallies together, in their places. */
static ps_status place_rest(const ps_cube *cube, const int32_t *rank, placed **out,
                            size_t *n, ps_error *err) {
    *out = NULL;
    *n = 0;
    ps_tally *sum = NULL;
    ps_tally_cell *cells = NULL;
    ps_status status = ps_tally_create(&sum, err);
    for (int w = 0; w < cube->workers && status == PS_OK; w++)
        status = ps_tally_merge(sum, cube->rest[w], NULL, err);
    if (status == PS_OK) status = ps_tally_cells(sum, &cells, n, err);
    if (status == PS_OK) {
        *out = ps_alloc(*n, sizeof **out);
        if (*out == NULL) status = ps_fail_nomem(err);
    }
    for (size_t i = 0; status == PS_OK && i < *n; i++)
        (*out)[i] = placed_of(&cells[i], rank);
    if (status == PS_OK && *n > 1) qsort(*out, *n, sizeof **out, by_place);
    ps_free(cells);
    ps_tally_free(sum);
    return status;
}

/* Add to the cells that are there; what is left of the rest has none. */
static size_t add_to_cells(ps_tally_cell *cells, size_t n, const int32_t *rank,
                           placed *rest, size_t n_rest) {
    size_t left = 0;
    for (size_t r = 0; r < n_rest; r++) {
        size_t low = 0, high = n;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            const placed at = placed_of(&cells[middle], rank);
            if (by_place(&at, &rest[r]) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        const placed at = low < n ? placed_of(&cells[low], rank) : rest[r];
        if (low < n && by_place(&at, &rest[r]) == 0)
            cells[low].count += rest[r].cell.count;
        else
            rest[left++] = rest[r];
    }
    return left;
}

/* Bring what the tallies hold among the cells. */
static ps_status add_rest(const ps_cube *cube, const int32_t *rank, ps_tally_cell **cells,
                          size_t *n, ps_error *err) {
    placed *rest = NULL;
    size_t n_rest = 0;
    ps_status status = place_rest(cube, rank, &rest, &n_rest, err);
    if (status == PS_OK) n_rest = add_to_cells(*cells, *n, rank, rest, n_rest);
    if (status == PS_OK && n_rest > 0) {
        ps_tally_cell *merged = ps_alloc(*n + n_rest, sizeof *merged);
        if (merged == NULL) {
            ps_free(rest);
            return ps_fail_nomem(err);
        }
        size_t used = 0, i = 0, r = 0;
        while (i < *n || r < n_rest) {
            bool first = r == n_rest;
            if (i < *n && !first) {
                const placed at = placed_of(&(*cells)[i], rank);
                first = by_place(&at, &rest[r]) < 0;
            }
            merged[used++] = first ? (*cells)[i++] : rest[r++].cell;
        }
        ps_free(*cells);
        *cells = merged;
        *n = used;
    }
    ps_free(rest);
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
            if (g < cube->groups) by_rank[c.n_order++] = (int32_t)g;
        }
        status = ps_par_for(cube->areas, PAGE, count_cells, &c, err);
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
        status = c.cells != NULL ? ps_par_for(cube->areas, PAGE, collect_cells, &c, err)
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
    for (size_t g = 0; cube->group != NULL && g < cube->begun * cube->copies; g++) {
        group_pages *pages = atomic_load(&cube->group[g]);
        for (size_t p = 0; pages != NULL && p < cube->pages; p++)
            ps_free((void *)(uintptr_t)atomic_load(&pages->page[p]));
        ps_free(pages);
    }
    for (int w = 0; cube->rest != NULL && w < cube->workers; w++)
        ps_tally_free(cube->rest[w]);
    ps_free(cube->rest);
    ps_free((void *)(uintptr_t)cube->group);
    ps_free(cube);
}
