#include "engine/run/overlap_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/area_table.h"
#include "engine/run/operation.h"
#include "engine/run/points.h"
#include "geo/locate.h"

/* While rows are being added. */
typedef struct adding {
    const ps_overlap_source *source;
    const ps_areas *const *areas;
    ps_overlap_weights *out;
    ps_keys *pairs; /* the two rows as bytes */
    double *weight; /* by id of pairs */
    size_t capacity;
    char wrong[192]; /* the first invalid row */
} adding;

typedef enum reading { WEIGHT, NO_WEIGHT, NOT_A_WEIGHT } reading;

static reading read_weight(ps_str text, double *weight) {
    text = ps_str_trim(text);
    if (text.n == 0) return NO_WEIGHT;
    return ps_parse_double(text, weight) && *weight >= 0 ? WEIGHT : NOT_A_WEIGHT;
}

static ps_status add_row(adding *a, int32_t from, int32_t to, double weight,
                         ps_error *err) {
    ps_overlap_weights *o = a->out;
    if (from != PS_NONE) o->total[0][from] += weight;
    if (to != PS_NONE) o->total[1][to] += weight;
    if (from == PS_NONE || to == PS_NONE) {
        if (from != PS_NONE)
            o->from_only++;
        else if (to != PS_NONE)
            o->to_only++;
        else
            o->neither++;
        return PS_OK;
    }
    o->both++;
    const int32_t pair[2] = {from, to};
    int32_t id;
    bool added;
    PS_TRY(ps_keys_add(a->pairs, (ps_str){(const char *)pair, sizeof pair}, &id, &added,
                       err));
    PS_TRY(ps_grow((void **)&a->weight, &a->capacity, (size_t)id + 1, sizeof *a->weight,
                   err));
    if (added) a->weight[id] = 0;
    a->weight[id] += weight;
    return PS_OK;
}

/* Of the first invalid row. */
static bool is_told(const adding *a) {
    return a->wrong[0] != '\0';
}

static void tell_invalid(adding *a, ps_row_text row, ps_str seen) {
    snprintf(a->wrong, sizeof a->wrong,
             "row %s: \"%.*s\" in column '%.40s' is no weight of 0 or more", row.text,
             seen.n < 40 ? (int)seen.n : 40, seen.p, a->source->weight);
}

/* --- points --- */

/* Rows of a block, kept until the blocks before it were added. */
typedef struct kept {
    int32_t *row; /* in both geographies */
    int32_t *group;
    uint8_t *fate;
    size_t row_room, group_room, fate_room;
} kept;

typedef struct locating {
    const ps_locator *locator;
    kept *block;
} locating;

static ps_status locate_block(void *context, size_t index, const ps_points_block *b,
                              int worker, ps_error *err) {
    (void)worker;
    const locating *l = context;
    kept *k = &l->block[index];
    PS_TRY(ps_grow((void **)&k->row, &k->row_room, 2 * b->n, sizeof *k->row, err));
    PS_TRY(ps_grow((void **)&k->group, &k->group_room, b->n, sizeof *k->group, err));
    PS_TRY(ps_grow((void **)&k->fate, &k->fate_room, b->n, sizeof *k->fate, err));
    if (b->n == 0) return PS_OK;
    ps_locate(l->locator, b->n, b->x, b->y, k->row, NULL);
    memcpy(k->group, b->group, b->n * sizeof *k->group);
    memcpy(k->fate, b->fate, b->n * sizeof *k->fate);
    return PS_OK;
}

/* The number of each group of rows: rows of one weight are one group. */
typedef struct group_weights {
    double *weight;
    reading *reading;
    size_t n, weight_room, reading_room;
} group_weights;

static ps_status learn_groups(group_weights *g, const ps_points *points, bool weighted,
                              ps_error *err) {
    const ps_groups *groups = ps_points_groups(points);
    const size_t n = ps_keys_size(ps_groups_keys(groups));
    PS_TRY(ps_grow((void **)&g->weight, &g->weight_room, n, sizeof *g->weight, err));
    PS_TRY(ps_grow((void **)&g->reading, &g->reading_room, n, sizeof *g->reading, err));
    for (; g->n < n; g->n++) {
        g->weight[g->n] = 1;
        g->reading[g->n] =
            weighted
                ? read_weight(ps_groups_field(groups, (int32_t)g->n, 0), &g->weight[g->n])
                : WEIGHT;
    }
    return PS_OK;
}

static ps_status add_block(adding *a, const ps_points *points, const ps_points_block *b,
                           const kept *k, const group_weights *g, ps_error *err) {
    for (size_t i = 0; i < b->n; i++) {
        const int32_t group = k->group[i];
        if (k->fate[i] == PS_FATE_INVALID) {
            a->out->invalid++;
        } else if (k->fate[i] != PS_FATE_LOCATED) {
            a->out->unlocated++;
        } else if (g->reading[group] == NOT_A_WEIGHT) {
            a->out->invalid++;
            if (!is_told(a))
                tell_invalid(
                    a, ps_points_row_text(points, b->source, b->first_row + (int64_t)i),
                    ps_groups_field(ps_points_groups(points), group, 0));
        } else if (g->reading[group] == NO_WEIGHT) {
            a->out->unweighted++;
        } else {
            PS_TRY(add_row(a, k->row[i], k->row[b->n + i], g->weight[group], err));
        }
    }
    a->out->read += (int64_t)b->n;
    return PS_OK;
}

static ps_status add_blocks(adding *a, ps_points *points, locating *l, group_weights *g,
                            ps_error *err) {
    for (;;) {
        const ps_points_block *blocks;
        size_t n;
        PS_TRY(ps_points_next(points, locate_block, l, &blocks, &n, err));
        if (n == 0) break;
        PS_TRY(learn_groups(g, points, a->source->weight != NULL, err));
        for (size_t b = 0; b < n; b++)
            PS_TRY(add_block(a, points, &blocks[b], &l->block[b], g, err));
    }
    for (size_t s = 0; s < ps_points_sources(points); s++) {
        const ps_rows *rows = ps_points_rows(points, s);
        if (rows->examples > 0 && !is_told(a))
            snprintf(a->wrong, sizeof a->wrong, "row %s: %s: \"%s\"",
                     ps_points_row_text(points, s, rows->example[0].row).text,
                     ps_cause_text(rows->example[0].cause), rows->example[0].seen);
    }
    return PS_OK;
}

static ps_status open_locator(const adding *a, const ps_crs *points, double max_accuracy,
                              const ps_talk *talk, ps_locator **out, ps_error *err) {
    ps_locator_layer layer[2] = {{a->areas[0], NULL}, {a->areas[1], NULL}};
    ps_status status = PS_OK;
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        ps_operation_used used;
        status = ps_operation_open(NULL, a->areas[k], points, max_accuracy, &layer[k].op,
                                   &used, err);
        if (status == PS_OK &&
            (k == 0 || !ps_crs_same(a->areas[0]->crs, a->areas[1]->crs)))
            ps_operation_tell(&used, talk);
    }
    if (status == PS_OK)
        status = ps_locator_build(layer, 2, ps_crs_is_geographic(points), out, err);
    for (int k = 0; k < 2; k++) ps_crs_operation_free(layer[k].op);
    return status;
}

static ps_status add_points(adding *a, double max_accuracy, const ps_talk *talk,
                            ps_error *err) {
    const ps_overlap_source *s = a->source;
    const ps_points_spec spec = {.id = "weights",
                                 .files = &s->path,
                                 .n_files = 1,
                                 .layer = s->layer,
                                 .x = s->x,
                                 .y = s->y,
                                 .crs = s->crs,
                                 .by = &s->weight,
                                 .n_by = s->weight != NULL};
    ps_points *points = NULL;
    ps_locator *locator = NULL;
    locating l = {0};
    group_weights g = {0};
    PS_TRY(ps_points_open(&spec, talk, &points, err));
    const size_t most = ps_points_most_blocks(points);
    ps_status status =
        open_locator(a, ps_points_crs(points), max_accuracy, talk, &locator, err);
    l.locator = locator;
    if (status == PS_OK) {
        l.block = ps_zalloc(most, sizeof *l.block);
        status =
            l.block != NULL ? add_blocks(a, points, &l, &g, err) : ps_fail_nomem(err);
    }
    for (size_t b = 0; l.block != NULL && b < most; b++) {
        ps_free(l.block[b].row);
        ps_free(l.block[b].group);
        ps_free(l.block[b].fate);
    }
    ps_free(l.block);
    ps_free(g.weight), ps_free(g.reading);
    ps_locator_free(locator);
    ps_points_close(points);
    return status;
}

/* --- a table --- */

static ps_status add_cells(adding *a, const ps_table *table, ps_error *err) {
    const ps_overlap_source *s = a->source;
    int column[3] = {0};
    PS_TRY(ps_table_need_column(table, ps_str_of(s->from), &column[0], err));
    PS_TRY(ps_table_need_column(table, ps_str_of(s->to), &column[1], err));
    if (s->weight != NULL)
        PS_TRY(ps_table_need_column(table, ps_str_of(s->weight), &column[2], err));
    a->out->read = (int64_t)ps_table_rows(table);
    for (size_t r = 0; r < ps_table_rows(table); r++) {
        int32_t row[2];
        double weight = 1;
        for (int k = 0; k < 2; k++)
            row[k] =
                ps_keys_find(a->areas[k]->by_code,
                             ps_str_trim(ps_table_cell(table, r, (size_t)column[k])));
        bool missing = false, number = true;
        if (s->weight != NULL)
            number = ps_cell_number(ps_table_cell(table, r, (size_t)column[2]), &weight,
                                    &missing);
        const ps_str seen = s->weight != NULL ? ps_table_cell(table, r, (size_t)column[2])
                                              : (ps_str){"", 0};
        if (!number || weight < 0) {
            a->out->invalid++;
            if (!is_told(a)) tell_invalid(a, ps_table_row_text(table, r), seen);
        } else if (missing) {
            a->out->unweighted++;
        } else {
            PS_TRY(add_row(a, row[0], row[1], weight, err));
        }
    }
    return PS_OK;
}

static ps_status add_table(adding *a, const ps_talk *talk, ps_error *err) {
    const ps_overlap_source *s = a->source;
    const char *columns[] = {s->from, s->to, s->weight};
    ps_table *table = NULL;
    PS_TRY(ps_area_table_open(s->path, NULL, s->sheet, (ps_header){1, 1}, columns,
                              s->weight != NULL ? 3 : 2, talk, &table, err));
    const ps_status status = add_cells(a, table, err);
    ps_table_free(table);
    return status;
}

/* --- both --- */

typedef struct cell {
    int32_t row, column;
    double weight;
} cell;

static int compare_cells(const void *a, const void *b) {
    const cell *p = a, *q = b;
    if (p->row != q->row) return p->row < q->row ? -1 : 1;
    return (p->column > q->column) - (p->column < q->column);
}

static ps_status freeze_pairs(const adding *a, ps_error *err) {
    const size_t n = ps_keys_size(a->pairs), rows = a->areas[0]->n;
    cell *cells = ps_alloc(n, sizeof *cells);
    if (cells == NULL) return ps_fail_nomem(err);
    ps_status status = ps_sparse_create(rows, n, &a->out->pair, err);
    if (status == PS_OK) {
        ps_sparse *s = &a->out->pair;
        for (size_t i = 0; i < n; i++) {
            int32_t pair[2];
            memcpy(pair, ps_keys_text(a->pairs, (int32_t)i).p, sizeof pair);
            cells[i] = (cell){pair[0], pair[1], a->weight[i]};
            s->offset[(size_t)pair[0] + 1]++;
        }
        if (n > 0) qsort(cells, n, sizeof *cells, compare_cells);
        for (size_t r = 0; r < rows; r++) s->offset[r + 1] += s->offset[r];
        for (size_t i = 0; i < n; i++) {
            s->column[i] = cells[i].column;
            s->weight[i] = cells[i].weight;
        }
    }
    ps_free(cells);
    return status;
}

static ps_status check(const adding *a, bool strict, ps_output *accounting,
                       ps_error *err) {
    const ps_overlap_weights *o = a->out;
    const char *slash = strrchr(a->source->path, '/');
    const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : a->source->path;
    const int64_t fates = o->both + o->from_only + o->to_only + o->neither +
                          o->unlocated + o->unweighted + o->invalid;
    ps_output_printf(accounting,
                     "%s: %lld read = %lld in both + %lld in FROM only + %lld in TO only "
                     "+ %lld in neither + %lld unlocated + %lld without weight + %lld "
                     "invalid\n",
                     name, (long long)o->read, (long long)o->both,
                     (long long)o->from_only, (long long)o->to_only,
                     (long long)o->neither, (long long)o->unlocated,
                     (long long)o->unweighted, (long long)o->invalid);
    if (o->invalid > 0) ps_output_printf(accounting, "  invalid: %s\n", a->wrong);
    if (fates != o->read)
        return ps_fail(err, PS_GATE, "%s: %lld rows read, but %lld accounted for", name,
                       (long long)o->read, (long long)fates);
    if (strict && o->invalid > 0)
        return ps_fail(
            err, PS_GATE,
            "%s: %lld invalid rows (%s); mend the file or run without --strict", name,
            (long long)o->invalid, a->wrong);
    if (o->both > 0) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%s: none of %lld rows is in an area of both geographies; check %s",
                   name, (long long)o->read,
                   a->source->from != NULL ? "the columns of codes, and their vintage"
                                           : "the columns of coordinates and their crs");
}

ps_status ps_overlap_weights_read(const ps_overlap_source *source,
                                  const ps_areas *const areas[2], double max_accuracy,
                                  bool strict, const ps_talk *talk, ps_output *accounting,
                                  ps_overlap_weights **out, ps_error *err) {
    *out = NULL;
    ps_overlap_weights *o = ps_zalloc(1, sizeof *o);
    if (o == NULL) return ps_fail_nomem(err);
    adding a = {.source = source, .areas = areas, .out = o};
    ps_status status = ps_keys_create(&a.pairs, err);
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        o->total[k] = ps_zalloc(areas[k]->n, sizeof *o->total[k]);
        if (o->total[k] == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK)
        status = source->from != NULL ? add_table(&a, talk, err)
                                      : add_points(&a, max_accuracy, talk, err);
    if (status == PS_OK) status = check(&a, strict, accounting, err);
    if (status == PS_OK) status = freeze_pairs(&a, err);
    if (a.pairs != NULL) ps_keys_free(a.pairs);
    ps_free(a.weight);
    if (status == PS_OK)
        *out = o;
    else
        ps_overlap_weights_free(o);
    return status;
}

void ps_overlap_weights_free(ps_overlap_weights *weights) {
    if (weights == NULL) return;
    ps_sparse_free(&weights->pair);
    ps_free(weights->total[0]), ps_free(weights->total[1]);
    ps_free(weights);
}
