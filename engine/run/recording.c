#include "engine/run/recording.h"

#include <string.h>

#include "engine/core/par.h"

/* A group of a source, by its number. */
typedef struct own_group {
    int32_t source, group;
} own_group;

/* What a worker knows of a group. */
typedef struct known {
    int32_t source; /* that it met it in last, one more than it is; 0 none */
    int32_t group;  /* there */
} known;

typedef struct worker {
    known *known; /* by group of the blocks */
    size_t groups;
    int32_t *row; /* groups of the block at hand */
    size_t capacity;
} worker;

/* What a source came to. */
typedef struct part {
    ps_str *group;
    size_t groups, capacity;
    ps_partial_cells *cells; /* as in ps_partial */
} part;

struct ps_recording {
    const ps_partial_shape *shape;
    size_t sources, n_cells; /* a part has so many texts of cells */
    int workers;
    worker *worker;
    ps_keys *groups; /* own_group, as bytes */
    ps_lock *lock;
    ps_cube **cube;
    ps_piece_counter *pieces;
    part *part;      /* by source */
    int32_t *number; /* of a group, by own group: among those of its source */
};

static ps_status create_cubes(ps_recording *r, size_t bytes, ps_error *err) {
    const ps_partial_shape *shape = r->shape;
    for (size_t g = 0; g < shape->geographies; g++)
        for (size_t c = 0; c < (shape->counted ? PS_CUBES : 1); c++)
            PS_TRY(ps_cube_create(shape->areas[g]->n + 2, r->workers, bytes,
                                  &r->cube[g * PS_CUBES + c], err));
    if (!shape->pieces) return PS_OK;
    return ps_piece_counter_create(shape->geographies, r->workers, &r->pieces, err);
}

ps_status ps_recording_create(const ps_partial_shape *shape, size_t sources, int workers,
                              size_t bytes, ps_recording **out, ps_error *err) {
    *out = NULL;
    ps_recording *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->shape = shape;
    r->sources = sources;
    r->n_cells = shape->geographies * PS_CUBES + 1;
    r->workers = workers;
    r->worker = ps_zalloc((size_t)workers, sizeof *r->worker);
    r->cube = ps_zalloc(r->n_cells, sizeof *r->cube);
    r->part = ps_zalloc(sources, sizeof *r->part);
    ps_status status = r->worker != NULL && r->cube != NULL && r->part != NULL
                           ? PS_OK
                           : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_keys_create(&r->groups, err);
    if (status == PS_OK) status = ps_lock_create(&r->lock, err);
    if (status == PS_OK) status = create_cubes(r, bytes, err);
    if (status != PS_OK) {
        ps_recording_free(r);
        return status;
    }
    *out = r;
    return PS_OK;
}

static ps_status find_own(ps_recording *r, worker *w, int32_t source, int32_t group,
                          ps_error *err) {
    const size_t before = w->groups;
    PS_TRY(ps_grow((void **)&w->known, &w->groups, (size_t)group + 1, sizeof *w->known,
                   err));
    if (w->groups > before)
        memset(w->known + before, 0, (w->groups - before) * sizeof *w->known);
    const own_group key = {source, group};
    int32_t number;
    ps_lock_take(r->lock);
    const ps_status status = ps_keys_add(
        r->groups, (ps_str){(const char *)&key, sizeof key}, &number, NULL, err);
    ps_lock_give(r->lock);
    if (status == PS_OK) w->known[group] = (known){source + 1, number};
    return status;
}

ps_status ps_recording_groups(ps_recording *r, int worker_id, const ps_points_block *b,
                              const int32_t **groups, ps_error *err) {
    worker *w = &r->worker[worker_id];
    const int32_t source = (int32_t)b->source;
    PS_TRY(ps_grow((void **)&w->row, &w->capacity, b->n + 1, sizeof *w->row, err));
    for (size_t i = 0; i < b->n; i++) {
        const int32_t group = b->group[i];
        w->row[i] = PS_NONE;
        if (group == PS_NONE) continue;
        if ((size_t)group >= w->groups || w->known[group].source != source + 1)
            PS_TRY(find_own(r, w, source, group, err));
        w->row[i] = w->known[group].group;
    }
    *groups = w->row;
    return PS_OK;
}

ps_cube *const *ps_recording_cubes(const ps_recording *r) {
    return r->cube;
}

ps_piece_counter *ps_recording_pieces(const ps_recording *r) {
    return r->pieces;
}

/* ---- taking apart ---- */

static own_group own_of(const ps_recording *r, int32_t number) {
    own_group out;
    memcpy(&out, ps_keys_text(r->groups, number).p, sizeof out);
    return out;
}

static ps_status share_groups(ps_recording *r, const ps_keys *groups, ps_error *err) {
    const size_t n = ps_keys_size(r->groups);
    r->number = ps_alloc(n, sizeof *r->number);
    if (r->number == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < n; k++) {
        const own_group own = own_of(r, (int32_t)k);
        part *p = &r->part[own.source];
        PS_TRY(ps_grow((void **)&p->group, &p->capacity, p->groups + 1, sizeof *p->group,
                       err));
        r->number[k] = (int32_t)p->groups;
        p->group[p->groups++] = ps_keys_text(groups, own.group);
    }
    for (size_t s = 0; s < r->sources; s++) {
        r->part[s].cells = ps_zalloc(r->n_cells, sizeof *r->part[s].cells);
        if (r->part[s].cells == NULL) return ps_fail_nomem(err);
    }
    return PS_OK;
}

static ps_status share_read(ps_recording *r, size_t cube, const ps_cube_part *cells,
                            ps_error *err) {
    for (size_t i = 0; i < cells->n; i++) {
        const ps_tally_cell *cell = &cells->cell[i];
        part *to = &r->part[own_of(r, cell->group).source];
        PS_TRY(ps_partial_add_cell(&to->cells[cube], cell->area, r->number[cell->group],
                                   cell->count, err));
    }
    return PS_OK;
}

/* Some areas after the others, so that the cells are not all in memory. */
static ps_status share_cube(ps_recording *r, size_t cube, size_t areas, ps_error *err) {
    enum { SOME = 1024 };
    ps_cube_reader *reader;
    ps_cube_part cells = {0};
    PS_TRY(
        ps_cube_reader_open(r->cube[cube], NULL, ps_keys_size(r->groups), &reader, err));
    ps_status status = PS_OK;
    for (size_t a = 0; status == PS_OK && a < areas; a += SOME) {
        const size_t end = areas - a < SOME ? areas : a + SOME;
        status = ps_cube_read(reader, a, end, &cells, err);
        if (status == PS_OK) status = share_read(r, cube, &cells, err);
    }
    ps_cube_part_free(&cells);
    ps_cube_reader_close(reader);
    ps_cube_free(r->cube[cube]);
    r->cube[cube] = NULL;
    return status;
}

static ps_status share_pieces(ps_recording *r, ps_error *err) {
    const size_t geographies = r->shape->geographies;
    ps_pieces all = {0};
    if (r->pieces == NULL) return PS_OK;
    ps_status status = ps_piece_counter_finish(r->pieces, &all, err);
    for (size_t i = 0; status == PS_OK && i < all.n_cells; i++) {
        const ps_tally_cell *cell = &all.cells[i];
        part *to = &r->part[own_of(r, cell->group).source];
        status =
            ps_partial_add_piece(&to->cells[r->n_cells - 1], cell->area,
                                 all.area + (size_t)cell->area * geographies, geographies,
                                 r->number[cell->group], cell->count, err);
    }
    ps_free(all.area), ps_free(all.cells);
    return status;
}

ps_status ps_recording_finish(ps_recording *r, const ps_keys *groups, ps_error *err) {
    PS_TRY(share_groups(r, groups, err));
    for (size_t c = 0; c < r->n_cells; c++)
        if (r->cube[c] != NULL)
            PS_TRY(share_cube(r, c, r->shape->areas[c / PS_CUBES]->n + 2, err));
    return share_pieces(r, err);
}

void ps_recording_source(const ps_recording *r, size_t source, ps_partial *out) {
    const part *p = &r->part[source];
    out->group = p->group;
    out->groups = p->groups;
    out->cells = p->cells;
}

void ps_recording_free(ps_recording *r) {
    if (r == NULL) return;
    for (int w = 0; r->worker != NULL && w < r->workers; w++)
        ps_free(r->worker[w].known), ps_free(r->worker[w].row);
    for (size_t c = 0; r->cube != NULL && c < r->n_cells; c++) ps_cube_free(r->cube[c]);
    for (size_t s = 0; r->part != NULL && s < r->sources; s++) {
        part *p = &r->part[s];
        for (size_t c = 0; p->cells != NULL && c < r->n_cells; c++)
            ps_partial_cells_free(&p->cells[c]);
        ps_free(p->group), ps_free(p->cells);
    }
    ps_free(r->worker), ps_free((void *)r->cube), ps_free(r->part), ps_free(r->number);
    ps_piece_counter_free(r->pieces);
    ps_keys_free(r->groups);
    ps_lock_free(r->lock);
    ps_free(r);
}
