/* The bytes: whole or not, contexts, what was read; then, if whole, the texts of the
 * groups and for each geography its outcome and a text of cells for each cube, and one of
 * pieces. A cell is its group, doubled, one more when the area is another one than
 * before; then how far that is behind the last area, or all areas of the piece, each one
 * more than it is; then the count. */
#include "engine/run/partial.h"

#include <stdio.h>
#include <string.h>

/* Sums of so many, from all sources that there can be, fit. */
#define MOST_COUNTED ((uint64_t)(INT64_MAX / (2 * (int64_t)PS_SOURCE_MAX_MEMBERS)))

/* ---- writing ---- */

static ps_status pack_group(ps_partial_cells *to, int32_t area, int32_t group,
                            bool *other, ps_error *err) {
    *other = !to->begun || area != to->last;
    to->begun = true;
    return ps_pack_number(&to->bytes, (uint64_t)group * 2 + *other, err);
}

ps_status ps_partial_add_cell(ps_partial_cells *to, int32_t area, int32_t group,
                              int64_t count, ps_error *err) {
    bool other;
    PS_TRY(pack_group(to, area, group, &other, err));
    if (other) PS_TRY(ps_pack_number(&to->bytes, (uint64_t)(area - to->last), err));
    to->last = area;
    return ps_pack_number(&to->bytes, (uint64_t)count, err);
}

ps_status ps_partial_add_piece(ps_partial_cells *to, int32_t piece, const int32_t *area,
                               size_t geographies, int32_t group, int64_t count,
                               ps_error *err) {
    bool other;
    PS_TRY(pack_group(to, piece, group, &other, err));
    for (size_t g = 0; other && g < geographies; g++)
        PS_TRY(ps_pack_number(&to->bytes, (uint64_t)(area[g] + 1), err));
    to->last = piece;
    return ps_pack_number(&to->bytes, (uint64_t)count, err);
}

void ps_partial_cells_free(ps_partial_cells *cells) {
    ps_pack_free(&cells->bytes);
}

static ps_status pack_numbers(ps_pack *out, const int64_t *number, size_t n,
                              ps_error *err) {
    for (size_t i = 0; i < n; i++) PS_TRY(ps_pack_number(out, (uint64_t)number[i], err));
    return PS_OK;
}

static ps_status pack_read(ps_pack *out, const ps_points_read *read, ps_error *err) {
    const ps_rows *rows = &read->rows;
    const int64_t fates[] = {rows->read,      rows->invalid,   rows->filtered,
                             rows->duplicate, rows->unlocated, rows->located,
                             read->placed,    read->swapped};
    PS_TRY(pack_numbers(out, fates, sizeof fates / sizeof *fates, err));
    PS_TRY(pack_numbers(out, rows->by_cause, PS_CAUSES, err));
    PS_TRY(ps_pack_number(out, (uint64_t)rows->examples, err));
    for (int e = 0; e < rows->examples; e++) {
        PS_TRY(ps_pack_number(out, (uint64_t)rows->example[e].row, err));
        PS_TRY(ps_pack_number(out, (uint64_t)rows->example[e].cause, err));
        PS_TRY(ps_pack_text(out, ps_str_of(rows->example[e].seen), err));
    }
    PS_TRY(ps_pack_text(out, ps_str_of(read->encoding), err));
    return ps_pack_text(out, ps_str_of(read->windows_from), err);
}

static ps_status pack_outcome(ps_pack *out, const ps_outcome *o, ps_error *err) {
    const ps_matches *m = &o->matches;
    const ps_agreement *a = &o->agreement;
    const int64_t number[] = {m->matched, m->outside, m->ties,  m->incidents,
                              m->unknown, a->same,    a->other, a->unknown,
                              a->blank,   a->outside};
    return pack_numbers(out, number, sizeof number / sizeof *number, err);
}

static ps_status pack_contexts(ps_pack *out, const ps_partial *p, ps_error *err) {
    const ps_str bytes = {(const char *)p->context, p->contexts * sizeof *p->context};
    PS_TRY(ps_pack_number(out, p->boundless, err));
    return ps_pack_text(out, bytes, err);
}

static ps_status pack_cells(ps_pack *out, const ps_partial_cells *cells, ps_error *err) {
    return ps_pack_text(out, (ps_str){(const char *)cells->bytes.bytes, cells->bytes.n},
                        err);
}

ps_status ps_partial_write(const ps_partial *p, const ps_partial_shape *shape,
                           ps_pack *out, ps_error *err) {
    PS_TRY(ps_pack_number(out, p->whole, err));
    PS_TRY(pack_contexts(out, p, err));
    PS_TRY(pack_read(out, p->read, err));
    if (!p->whole) return PS_OK;
    PS_TRY(ps_pack_number(out, p->groups, err));
    for (size_t k = 0; k < p->groups; k++) PS_TRY(ps_pack_text(out, p->group[k], err));
    for (size_t g = 0; g < shape->geographies; g++) {
        PS_TRY(pack_outcome(out, &p->outcome[g], err));
        for (int c = 0; c < PS_CUBES; c++)
            PS_TRY(pack_cells(out, &p->cells[g * PS_CUBES + (size_t)c], err));
    }
    return pack_cells(out, &p->cells[shape->geographies * PS_CUBES], err);
}

/* ---- reading ---- */

static int64_t unpack_count(ps_unpack *from) {
    return (int64_t)ps_unpack_number(from, MOST_COUNTED);
}

/* A text without NUL that fits. */
static void unpack_text(ps_unpack *from, char *out, size_t room) {
    const ps_str text = ps_unpack_text(from);
    if (text.n >= room || memchr(text.p, '\0', text.n) != NULL) from->bad = true;
    snprintf(out, room, "%.*s", (int)(from->bad ? 0 : text.n), text.p);
}

static void unpack_read(ps_unpack *from, ps_points_read *read) {
    *read = (ps_points_read){0};
    ps_rows *rows = &read->rows;
    int64_t *const fates[] = {&rows->read,      &rows->invalid,   &rows->filtered,
                              &rows->duplicate, &rows->unlocated, &rows->located,
                              &read->placed,    &read->swapped};
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
        *fates[i] = unpack_count(from);
    for (int c = 0; c < PS_CAUSES; c++) rows->by_cause[c] = unpack_count(from);
    rows->examples =
        (int)ps_unpack_number(from, sizeof rows->example / sizeof *rows->example);
    for (int e = 0; e < rows->examples; e++) {
        rows->example[e].row = unpack_count(from);
        rows->example[e].cause = (ps_cause)ps_unpack_number(from, PS_CAUSES - 1);
        unpack_text(from, rows->example[e].seen, sizeof rows->example[e].seen);
    }
    unpack_text(from, read->encoding, sizeof read->encoding);
    unpack_text(from, read->windows_from, sizeof read->windows_from);
}

static void unpack_front(ps_unpack *from, ps_partial_front *front, ps_points_read *read) {
    front->whole = ps_unpack_number(from, 1) != 0;
    front->boundless = ps_unpack_number(from, 1) != 0;
    front->contexts = ps_unpack_text(from);
    if (front->contexts.n % sizeof(uint64_t) != 0) from->bad = true;
    unpack_read(from, read);
}

static void unpack_outcome(ps_unpack *from, ps_outcome *outcome) {
    ps_matches *m = &outcome->matches;
    ps_agreement *a = &outcome->agreement;
    int64_t *const number[] = {&m->matched, &m->outside, &m->ties,  &m->incidents,
                               &m->unknown, &a->same,    &a->other, &a->unknown,
                               &a->blank,   &a->outside};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        *number[i] = unpack_count(from);
}

/* The next cell of a text; false at its end, and when it is bad. */
static bool next_cell(ps_unpack *from, size_t areas, size_t groups, ps_tally_cell *cell) {
    if (from->at == from->end) return false;
    const uint64_t code = ps_unpack_number(from, (uint64_t)groups * 2);
    if (code % 2 != 0) {
        const uint64_t left = areas - (uint64_t)cell->area;
        cell->area += (int32_t)ps_unpack_number(from, left);
    }
    cell->group = (int32_t)(code / 2);
    cell->count = unpack_count(from);
    if ((size_t)cell->area >= areas || (size_t)cell->group >= groups || cell->count == 0)
        from->bad = true;
    return !from->bad;
}

static bool next_piece(ps_unpack *from, const ps_partial_shape *shape, size_t groups,
                       int32_t *area, bool *begun, ps_tally_cell *cell) {
    if (from->at == from->end) return false;
    const uint64_t code = ps_unpack_number(from, (uint64_t)groups * 2);
    for (size_t g = 0; code % 2 != 0 && g < shape->geographies; g++)
        area[g] = (int32_t)ps_unpack_number(from, shape->areas[g]->n) - 1;
    *begun |= code % 2 != 0;
    cell->group = (int32_t)(code / 2);
    cell->count = unpack_count(from);
    if (!*begun || (size_t)cell->group >= groups || cell->count == 0) from->bad = true;
    return !from->bad;
}

static ps_unpack unpack_cells(ps_unpack *from) {
    const ps_str bytes = ps_unpack_text(from);
    return ps_unpack_of(bytes.p, bytes.n);
}

/* ---- looking ---- */

/* How many rows lie in areas, in none, and nowhere. */
typedef struct found_rows {
    uint64_t matched, outside, unlocated;
} found_rows;

static bool look_at_cells(ps_unpack cells, size_t areas, size_t groups, found_rows *sum) {
    ps_tally_cell cell = {0};
    *sum = (found_rows){0};
    while (next_cell(&cells, areas + 2, groups, &cell)) {
        uint64_t *to = (size_t)cell.area < areas    ? &sum->matched
                       : (size_t)cell.area == areas ? &sum->outside
                                                    : &sum->unlocated;
        *to += (uint64_t)cell.count;
        if (*to > MOST_COUNTED) return false;
    }
    return !cells.bad;
}

static bool look_at_geography(ps_unpack *from, const ps_partial_shape *shape, size_t g,
                              size_t groups, const ps_rows *rows) {
    ps_outcome outcome;
    found_rows sum[PS_CUBES];
    unpack_outcome(from, &outcome);
    for (int c = 0; c < PS_CUBES; c++) {
        const ps_unpack cells = unpack_cells(from);
        const bool wanted = c == 0 || shape->counted;
        if ((!wanted && cells.at < cells.end) ||
            !look_at_cells(cells, shape->areas[g]->n, groups, &sum[c]))
            return false;
    }
    const found_rows *all = &sum[shape->counted ? 1 : 0];
    return !from->bad && all->matched == (uint64_t)outcome.matches.matched &&
           all->outside == (uint64_t)outcome.matches.outside &&
           all->unlocated == (uint64_t)rows->unlocated &&
           rows->located == outcome.matches.matched + outcome.matches.outside &&
           rows->read == outcome.matches.matched + outcome.matches.outside +
                             rows->unlocated + rows->invalid + rows->duplicate +
                             rows->filtered;
}

static bool look_at_pieces(ps_unpack cells, const ps_partial_shape *shape,
                           size_t groups) {
    int32_t *area = ps_alloc(shape->geographies, sizeof *area);
    ps_tally_cell cell = {0};
    uint64_t sum = 0;
    bool begun = false;
    if (area == NULL) return false;
    while (sum <= MOST_COUNTED && next_piece(&cells, shape, groups, area, &begun, &cell))
        sum += (uint64_t)cell.count;
    ps_free(area);
    return !cells.bad && sum <= MOST_COUNTED && (shape->pieces || !begun);
}

bool ps_partial_front_of(const void *bytes, size_t n, ps_partial_front *front) {
    ps_unpack from = ps_unpack_of(bytes, n);
    ps_points_read read;
    unpack_front(&from, front, &read);
    return !from.bad;
}

bool ps_partial_look(const void *bytes, size_t n, const ps_partial_shape *shape,
                     ps_partial_front *front) {
    ps_unpack from = ps_unpack_of(bytes, n);
    ps_points_read read;
    unpack_front(&from, front, &read);
    if (from.bad || !front->whole) return ps_unpack_done(&from);
    /* each takes a byte at least */
    const size_t groups = ps_unpack_number(&from, n < INT32_MAX ? n : INT32_MAX);
    for (size_t k = 0; k < groups && !from.bad; k++) (void)ps_unpack_text(&from);
    for (size_t g = 0; g < shape->geographies; g++)
        if (from.bad || !look_at_geography(&from, shape, g, groups, &read.rows))
            return false;
    return look_at_pieces(unpack_cells(&from), shape, groups) && ps_unpack_done(&from);
}

void ps_partial_read(const void *bytes, size_t n, ps_points_read *read) {
    ps_unpack from = ps_unpack_of(bytes, n);
    ps_partial_front front;
    unpack_front(&from, &front, read);
}

/* ---- adding ---- */

static ps_status add_cells(ps_unpack cells, size_t areas, const int32_t *group,
                           size_t groups, ps_cube *cube, int worker, ps_error *err) {
    ps_tally_cell cell = {0};
    while (next_cell(&cells, areas + 2, groups, &cell))
        PS_TRY(ps_cube_add_count(cube, worker, cell.area, group[cell.group], cell.count,
                                 err));
    return PS_OK;
}

static ps_status add_pieces(ps_unpack cells, const ps_partial_shape *shape,
                            const int32_t *group, size_t groups, ps_piece_counter *pieces,
                            int worker, ps_error *err) {
    int32_t *area = ps_alloc(shape->geographies, sizeof *area);
    if (area == NULL) return ps_fail_nomem(err);
    ps_tally_cell cell = {0};
    bool begun = false;
    ps_status status = PS_OK;
    while (status == PS_OK && next_piece(&cells, shape, groups, area, &begun, &cell))
        status = ps_piece_counter_add_count(pieces, worker, area, group[cell.group],
                                            cell.count, err);
    ps_free(area);
    return status;
}

static ps_status add_groups(ps_unpack *from, ps_points *points, int32_t *group, size_t n,
                            ps_error *err) {
    for (size_t k = 0; k < n; k++)
        PS_TRY(ps_points_add_group(points, ps_unpack_text(from), &group[k], err));
    return PS_OK;
}

static ps_status add_counts(ps_unpack *from, const ps_partial_shape *shape,
                            const int32_t *group, size_t groups,
                            const ps_partial_target *target, int worker, ps_error *err) {
    for (size_t g = 0; g < shape->geographies; g++) {
        unpack_outcome(from, &target->outcome[g]);
        for (size_t c = 0; c < PS_CUBES; c++)
            PS_TRY(add_cells(unpack_cells(from), shape->areas[g]->n, group, groups,
                             target->cube[g * PS_CUBES + c], worker, err));
    }
    return add_pieces(unpack_cells(from), shape, group, groups, target->pieces, worker,
                      err);
}

ps_status ps_partial_add(const void *bytes, size_t n, const ps_partial_shape *shape,
                         const ps_partial_target *target, int worker, ps_error *err) {
    ps_unpack from = ps_unpack_of(bytes, n);
    ps_partial_front front;
    ps_points_read read;
    unpack_front(&from, &front, &read);
    const size_t groups = ps_unpack_number(&from, INT32_MAX);
    int32_t *group = ps_alloc(groups, sizeof *group);
    if (group == NULL) return ps_fail_nomem(err);
    ps_status status = add_groups(&from, target->points, group, groups, err);
    if (status == PS_OK)
        status = add_counts(&from, shape, group, groups, target, worker, err);
    ps_free(group);
    return status;
}
