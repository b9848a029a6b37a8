/* What one input came to, as bytes that can be kept: a later run adds them instead of
 * reading the rows.
 *
 * They hold all that a run takes from rows: what became of them and the first invalid
 * ones, the groups met, and the counts by area and group in every geography. Areas are
 * known by their numbers, so the bytes are good for the same layers only; see kept.h.
 *
 * Rule     Duplicates are looked for within a context (the incidents of one reporter and
 *   month), so the contexts stand in front. An input that shares one with another input
 *   came to what it did because of that one: of it nothing but the contexts is kept.
 * Errors   PS_NOMEM, and PS_LIMIT from the counts. Bytes that are not in order are found
 *   by ps_partial_look, which has to come before the others.
 * Cost     some 3 bytes a cell, and as many nanoseconds to look at it.
 */
#ifndef PS_RUN_PARTIAL_H
#define PS_RUN_PARTIAL_H

#include "engine/core/pack.h"
#include "engine/run/count.h"
#include "engine/run/pieces.h"

/* What the counts are of: the same for all inputs of a data set. */
typedef struct ps_partial_shape {
    const ps_areas *const *areas; /* by geography */
    size_t geographies;
    bool counted; /* rows stand for any number of incidents */
    bool pieces;  /* pieces are counted, too */
} ps_partial_shape;

/* Cells by area: of incidents and, where rows stand for several, of rows and of rows
 * without a count. */
enum { PS_CUBES = 3 };

/* Cells, in the order of their areas, on the way into bytes. At first all zeros. */
typedef struct ps_partial_cells {
    ps_pack bytes;
    int32_t last; /* area, or piece */
    bool begun;
} ps_partial_cells;

ps_status ps_partial_add_cell(ps_partial_cells *to, int32_t area, int32_t group,
                              int64_t count, ps_error *err) PS_MUST_CHECK;
/* The same for a piece, known by the areas that it is in. */
ps_status ps_partial_add_piece(ps_partial_cells *to, int32_t piece, const int32_t *area,
                               size_t geographies, int32_t group, int64_t count,
                               ps_error *err) PS_MUST_CHECK;
void ps_partial_cells_free(ps_partial_cells *cells);

typedef struct ps_partial {
    const ps_points_read *read;
    const uint64_t *context;
    size_t contexts;
    bool boundless;      /* there are too many contexts to tell */
    bool whole;          /* the rest is there */
    const ps_str *group; /* texts as in ps_groups_keys */
    size_t groups;
    const ps_outcome *outcome;     /* by geography */
    const ps_partial_cells *cells; /* geography * PS_CUBES + cube; then of pieces */
} ps_partial;

ps_status ps_partial_write(const ps_partial *partial, const ps_partial_shape *shape,
                           ps_pack *out, ps_error *err) PS_MUST_CHECK;

/* What stands in front. */
typedef struct ps_partial_front {
    bool whole, boundless;
    ps_str contexts; /* 8 bytes each; a view */
} ps_partial_front;

/* false when it is not in order. */
bool ps_partial_front_of(const void *bytes, size_t n, ps_partial_front *front);
/* Are they in order, and do their numbers add up? */
bool ps_partial_look(const void *bytes, size_t n, const ps_partial_shape *shape,
                     ps_partial_front *front);

/* Where counts go. */
typedef struct ps_partial_target {
    ps_points *points;
    ps_outcome *outcome;      /* of the source, by geography */
    ps_cube *const *cube;     /* geography * PS_CUBES + cube */
    ps_piece_counter *pieces; /* or NULL */
} ps_partial_target;

/* What points should know of the source. */
void ps_partial_read(const void *bytes, size_t n, ps_points_read *read);
/* Add whole ones to the counts; outcomes are set.
 * Threads  any number at once, each as the worker it is, with outcomes of its own. */
ps_status ps_partial_add(const void *bytes, size_t n, const ps_partial_shape *shape,
                         const ps_partial_target *target, int worker,
                         ps_error *err) PS_MUST_CHECK;

#endif
