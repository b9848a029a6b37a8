/* Each worker numbers the pieces that it meets and counts for itself; in the end they are
 * brought together and put in the order of their areas. */
#include "engine/run/pieces.h"

#include <stdlib.h>
#include <string.h>

typedef struct share {
    ps_keys *pieces; /* the bytes of their areas */
    ps_tally
        *rows;     /* group of the row, then piece: a tally maps the second when merged */
    int32_t *area; /* scratch: of one row */
} share;

struct ps_piece_counter {
    size_t geographies;
    int workers;
    share *share; /* by worker */
};

ps_status ps_piece_counter_create(size_t geographies, int workers, ps_piece_counter **out,
                                  ps_error *err) {
    *out = NULL;
    ps_piece_counter *c = ps_zalloc(1, sizeof *c);
    share *list = ps_zalloc((size_t)workers, sizeof *list);
    if (c == NULL || list == NULL) {
        ps_free(c), ps_free(list);
        return ps_fail_nomem(err);
    }
    *c = (ps_piece_counter){geographies, workers, list};
    ps_status status = PS_OK;
    for (int w = 0; w < workers && status == PS_OK; w++) {
        list[w].area = ps_alloc(geographies, sizeof *list[w].area);
        status = list[w].area != NULL ? PS_OK : ps_fail_nomem(err);
        if (status == PS_OK) status = ps_keys_create(&list[w].pieces, err);
        if (status == PS_OK) status = ps_tally_create(&list[w].rows, err);
    }
    if (status == PS_OK)
        *out = c;
    else
        ps_piece_counter_free(c);
    return status;
}

void ps_piece_counter_free(ps_piece_counter *c) {
    if (c == NULL) return;
    for (int w = 0; w < c->workers; w++) {
        ps_keys_free(c->share[w].pieces);
        ps_tally_free(c->share[w].rows);
        ps_free(c->share[w].area);
    }
    ps_free(c->share);
    ps_free(c);
}

ps_status ps_piece_counter_add_count(ps_piece_counter *c, int worker, const int32_t *area,
                                     int32_t group, int64_t n, ps_error *err) {
    share *s = &c->share[worker];
    const ps_str key = {(const char *)area, c->geographies * sizeof *area};
    int32_t piece;
    PS_TRY(ps_keys_add(s->pieces, key, &piece, NULL, err));
    return ps_tally_add(s->rows, group, piece, n, err);
}

ps_status ps_piece_counter_add(ps_piece_counter *c, int worker, const ps_points_block *b,
                               const int32_t *group, const ps_areas *const *areas,
                               const int32_t *row, ps_error *err) {
    share *s = &c->share[worker];
    for (size_t i = 0; i < b->n; i++) {
        const int64_t n = b->count != NULL ? b->count[i] : 1;
        if (b->fate[i] != PS_FATE_LOCATED || n <= 0) continue;
        for (size_t g = 0; g < c->geographies; g++) {
            const int32_t area = row[g * b->n + i];
            s->area[g] = (size_t)area < areas[g]->n ? area : PS_NONE;
        }
        PS_TRY(ps_piece_counter_add_count(c, worker, s->area, group[i], n, err));
    }
    return PS_OK;
}

/* ---- Bringing together ---- */

static ps_status merge(share *into, const share *from, ps_error *err) {
    const size_t n = ps_keys_size(from->pieces);
    int32_t *map = ps_alloc(n, sizeof *map);
    if (map == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t k = 0; k < n && status == PS_OK; k++)
        status = ps_keys_add(into->pieces, ps_keys_text(from->pieces, (int32_t)k),
                             &map[k], NULL, err);
    if (status == PS_OK) status = ps_tally_merge(into->rows, from->rows, map, err);
    ps_free(map);
    return status;
}

typedef struct piece {
    size_t n;
    const int32_t *area;
    int32_t number;
} piece;

static int by_areas(const void *a, const void *b) {
    const piece *x = a, *y = b;
    for (size_t g = 0; g < x->n; g++)
        if (x->area[g] != y->area[g]) return x->area[g] < y->area[g] ? -1 : 1;
    return 0;
}

static int by_piece(const void *a, const void *b) {
    const ps_tally_cell *x = a, *y = b;
    if (x->area != y->area) return x->area < y->area ? -1 : 1;
    return x->group < y->group ? -1 : x->group > y->group;
}

/* place: of each piece among the sorted. area: pieces * geographies. */
static ps_status sort_pieces(const ps_keys *keys, size_t geographies, int32_t *area,
                             int32_t *place, ps_error *err) {
    const size_t n = ps_keys_size(keys);
    piece *list = ps_alloc(n, sizeof *list);
    int32_t *unsorted = ps_alloc(n * geographies, sizeof *unsorted);
    ps_status status = list != NULL && unsorted != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t k = 0; k < n; k++) {
            memcpy(unsorted + k * geographies, ps_keys_text(keys, (int32_t)k).p,
                   geographies * sizeof *unsorted);
            list[k] = (piece){geographies, unsorted + k * geographies, (int32_t)k};
        }
        qsort(list, n, sizeof *list, by_areas);
        for (size_t k = 0; k < n; k++) {
            memcpy(area + k * geographies, list[k].area, geographies * sizeof *area);
            place[list[k].number] = (int32_t)k;
        }
    }
    ps_free(list), ps_free(unsorted);
    return status;
}

ps_status ps_piece_counter_finish(ps_piece_counter *c, ps_pieces *out, ps_error *err) {
    share *all = &c->share[0];
    for (int w = 1; w < c->workers; w++) PS_TRY(merge(all, &c->share[w], err));
    out->n = ps_keys_size(all->pieces);
    out->area = ps_alloc(out->n * c->geographies, sizeof *out->area);
    int32_t *place = ps_alloc(out->n, sizeof *place);
    ps_status status = out->area != NULL && place != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK)
        status = sort_pieces(all->pieces, c->geographies, out->area, place, err);
    if (status == PS_OK)
        status = ps_tally_cells(all->rows, &out->cells, &out->n_cells, err);
    for (size_t i = 0; status == PS_OK && i < out->n_cells; i++) {
        const ps_tally_cell cell = out->cells[i];
        out->cells[i] = (ps_tally_cell){place[cell.group], cell.area, cell.count};
    }
    if (status == PS_OK) qsort(out->cells, out->n_cells, sizeof *out->cells, by_piece);
    ps_free(place);
    return status;
}
