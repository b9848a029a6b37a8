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

/* `count` more, at most UINT8_MAX, in a cell that has a page. */
static ps_status add_few(ps_cube *cube, int worker, cell *at, int32_t area, int32_t group,
                         uint8_t count, ps_error *err) {
    uint8_t before;
    if (cube->copies == (size_t)cube->workers) { /* nobody else adds to it */
        before = atomic_load_explicit(at, memory_order_relaxed);
        atomic_store_explicit(at, (uint8_t)(before + count), memory_order_relaxed);
    } else {
        before = atomic_fetch_add_explicit(at, count, memory_order_relaxed);
    }
    if (before <= UINT8_MAX - count) return PS_OK;
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
                PS_TRY(add_few(cube, worker, at[i], a, g, 1, err));
            else if (a != PS_NONE)
                PS_TRY(ps_tally_add(cube->rest[worker], a, g, 1, err));
        }
    }
    return PS_OK;
}

ps_status ps_cube_add_count(ps_cube *cube, int worker, int32_t area, int32_t group,
                            int64_t count, ps_error *err) {
    cell *at;
    PS_TRY(find_cell(cube, worker, area, group, &at, err));
    const int64_t few = at != NULL ? count % ROUND : 0;
    if (few > 0) PS_TRY(add_few(cube, worker, at, area, group, (uint8_t)few, err));
    if (count == few) return PS_OK;
    return ps_tally_add(cube->rest[worker], area, group, count - few, err);
}

/* ---- cells ---- */

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
        (*out)[i] =
            (placed){cells[i], rank != NULL ? rank[cells[i].group] : cells[i].group};
    if (status == PS_OK && rank != NULL && *n > 1)
        qsort(*out, *n, sizeof **out, by_place);
    ps_free(cells);
    ps_tally_free(sum);
    return status;
}

struct ps_cube_reader {
    const ps_cube *cube;
    int32_t *by_rank; /* groups that may have pages, in the order of their ranks */
    size_t n_by_rank;
    const int32_t *rank; /* or NULL: each its own */
    placed *rest;        /* what the tallies hold */
    size_t n_rest;
};

ps_status ps_cube_reader_open(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                              ps_cube_reader **out, ps_error *err) {
    ps_cube_reader *r = *out = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->cube = cube;
    r->rank = rank;
    r->by_rank = ps_alloc(n_groups, sizeof *r->by_rank);
    ps_status status = r->by_rank != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t g = 0; status == PS_OK && g < n_groups; g++)
        r->by_rank[rank != NULL ? (size_t)rank[g] : g] = (int32_t)g;
    const size_t paged = atomic_load(&cube->begun);
    for (size_t i = 0; status == PS_OK && i < n_groups; i++)
        if ((size_t)r->by_rank[i] < paged) r->by_rank[r->n_by_rank++] = r->by_rank[i];
    if (status == PS_OK) status = place_rest(cube, rank, &r->rest, &r->n_rest, err);
    if (status == PS_OK) return PS_OK;
    ps_cube_reader_close(r);
    *out = NULL;
    return status;
}

void ps_cube_reader_close(ps_cube_reader *r) {
    if (r == NULL) return;
    ps_free(r->by_rank);
    ps_free(r->rest);
    ps_free(r);
}

/* A page of a group; those of one group are side by side. */
struct ps_cube_column {
    cell *page;
    int32_t group, rank;
};

/* The pages that hold an area and those around it, by rank. */
static ps_status find_columns(const ps_cube_reader *r, size_t page, ps_cube_part *part,
                              size_t *n, ps_error *err) {
    const ps_cube *cube = r->cube;
    *n = 0;
    for (size_t i = 0; i < r->n_by_rank; i++) {
        const int32_t g = r->by_rank[i];
        for (size_t k = 0; k < cube->copies; k++) {
            group_pages *pages = atomic_load(&cube->group[(size_t)g * cube->copies + k]);
            cell *cells = pages != NULL ? atomic_load(&pages->page[page]) : NULL;
            if (cells == NULL) continue;
            PS_TRY(ps_grow((void **)&part->column, &part->column_room, *n + 1,
                           sizeof *part->column, err));
            part->column[(*n)++] =
                (struct ps_cube_column){cells, g, r->rank != NULL ? r->rank[g] : g};
        }
    }
    return PS_OK;
}

/* The first of the rest at an area or behind it. */
static const placed *rest_of(const ps_cube_reader *r, size_t area) {
    size_t low = 0, high = r->n_rest;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if ((size_t)r->rest[middle].cell.area < area)
            low = middle + 1;
        else
            high = middle;
    }
    return r->rest + low;
}

/* The cells of one area from n columns and the rest of it, [*rest, end), behind those of
 * the part, for which there is room. */
static void add_area(ps_cube_part *part, size_t area, size_t n, const placed *rest,
                     const placed *end) {
    ps_tally_cell *to = part->cell + part->n;
    for (size_t i = 0; i < n;) {
        const struct ps_cube_column *c = &part->column[i];
        int64_t count = 0;
        for (; i < n && part->column[i].rank == c->rank; i++)
            count += atomic_load_explicit(&part->column[i].page[area % PAGE],
                                          memory_order_relaxed);
        for (; rest < end && rest->rank < c->rank; rest++) *to++ = rest->cell;
        if (rest < end && rest->rank == c->rank) count += (rest++)->cell.count;
        if (count != 0) *to++ = (ps_tally_cell){(int32_t)area, c->group, count};
    }
    for (; rest < end; rest++) *to++ = rest->cell;
    part->n = (size_t)(to - part->cell);
}

ps_status ps_cube_read(const ps_cube_reader *r, size_t begin, size_t end,
                       ps_cube_part *part, ps_error *err) {
    size_t n = 0;
    part->n = 0;
    const placed *rest = rest_of(r, begin), *last = r->rest + r->n_rest;
    for (size_t a = begin; a < end; a++) {
        if (a == begin || a % PAGE == 0) PS_TRY(find_columns(r, a / PAGE, part, &n, err));
        const placed *first = rest;
        while (rest < last && (size_t)rest->cell.area == a) rest++;
        PS_TRY(ps_grow((void **)&part->cell, &part->room,
                       part->n + n + (size_t)(rest - first), sizeof *part->cell, err));
        add_area(part, a, n, first, rest);
    }
    return PS_OK;
}

void ps_cube_part_free(ps_cube_part *part) {
    ps_free(part->cell);
    ps_free(part->column);
}

typedef struct collection {
    const ps_cube_reader *reader;
    ps_cube_part *part; /* by worker */
    size_t *start;      /* by page: its first cell */
    ps_tally_cell *cells;
} collection;

/* Blocks of the loops are pages. */
static ps_status count_cells(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    collection *c = context;
    PS_TRY(ps_cube_read(c->reader, begin, end, &c->part[worker], err));
    c->start[begin / PAGE] = c->part[worker].n;
    return PS_OK;
}

static ps_status collect_cells(void *context, size_t begin, size_t end, int worker,
                               ps_error *err) {
    collection *c = context;
    const ps_cube_part *part = &c->part[worker];
    PS_TRY(ps_cube_read(c->reader, begin, end, &c->part[worker], err));
    if (part->n > 0)
        memcpy(c->cells + c->start[begin / PAGE], part->cell,
               part->n * sizeof *part->cell);
    return PS_OK;
}

static ps_status collect(const ps_cube *cube, collection *c, size_t *n, ps_error *err) {
    PS_TRY(ps_par_for(cube->areas, PAGE, count_cells, c, err));
    for (size_t p = 0; p < cube->pages; p++) {
        const size_t here = c->start[p];
        c->start[p] = *n;
        *n += here;
    }
    c->cells = ps_alloc(*n, sizeof *c->cells);
    if (c->cells == NULL) return ps_fail_nomem(err);
    return ps_par_for(cube->areas, PAGE, collect_cells, c, err);
}

ps_status ps_cube_cells(const ps_cube *cube, const int32_t *rank, size_t n_groups,
                        ps_tally_cell **out, size_t *n, ps_error *err) {
    const size_t workers = (size_t)ps_threads();
    ps_cube_reader *reader = NULL;
    *out = NULL;
    *n = 0;
    PS_TRY(ps_cube_reader_open(cube, rank, n_groups, &reader, err));
    collection c = {.reader = reader,
                    .part = ps_zalloc(workers, sizeof *c.part),
                    .start = ps_zalloc(cube->pages, sizeof *c.start)};
    ps_status status = c.part != NULL && c.start != NULL ? collect(cube, &c, n, err)
                                                         : ps_fail_nomem(err);
    for (size_t w = 0; c.part != NULL && w < workers; w++) ps_cube_part_free(&c.part[w]);
    ps_free(c.part);
    ps_free(c.start);
    ps_cube_reader_close(reader);
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
