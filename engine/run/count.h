/* Points by area and group, for several geographies in one pass over the rows. */
#ifndef PS_RUN_COUNT_H
#define PS_RUN_COUNT_H

#include "engine/core/cube.h"
#include "engine/core/output.h"
#include "engine/run/inputs.h"
#include "engine/run/operation.h"
#include "engine/run/points.h"
#include "geo/prepared.h"

/* Where the located rows of one input went in one geography. */
typedef struct ps_matches {
    int64_t matched, outside, ties;
    int64_t incidents; /* that the matched rows stand for */
    int64_t unknown;   /* matched rows that do not say for how many */
} ps_matches;

/* The area found against the code that the publisher supplied. */
typedef struct ps_agreement {
    int64_t same;    /* found and supplied are the same area */
    int64_t other;   /* supplied is a different area of the geography */
    int64_t unknown; /* supplied is no code of the geography */
    int64_t blank;   /* nothing supplied */
    int64_t outside; /* supplied, but the point is in no area */
} ps_agreement;

/* What rows came to in one geography. */
typedef struct ps_outcome {
    ps_matches matches;
    ps_agreement agreement;
} ps_outcome;

typedef struct ps_geography_counts {
    const ps_areas *areas;
    ps_cube *cube;       /* areas 0 .. n - 1, then n: outside, n + 1: unlocated */
    ps_cube *rows;       /* the same in rows, and */
    ps_cube *unknown;    /* of rows without a count; both NULL where each row is one */
    ps_matches *matches; /* one per source */
    ps_agreement agreement;
    ps_operation_used operation;
} ps_geography_counts;

/* Rows by where they lie in all geographies together. A piece is what areas, one of each
 * geography, have in common; only pieces with rows are there, in the order of their
 * areas. */
typedef struct ps_pieces {
    size_t n;
    int32_t *area;        /* piece * geographies + geography; PS_NONE: outside of all */
    ps_tally_cell *cells; /* by piece and group */
    size_t n_cells;
} ps_pieces;

typedef struct ps_count_options {
    double max_accuracy; /* metres, > 0: a less accurate CRS operation is PS_GATE */
    ps_output *assign;   /* file,row,area of every row for the first geography; or NULL */
    const ps_talk *talk;
    const ps_prepared *prepared; /* where indexes are kept, or NULL */
    const ps_inputs *inputs; /* digested: what each text came to is kept there, too, and
                                taken from there instead of its rows; or NULL */
    bool pieces;             /* count pieces, too */
} ps_count_options;

typedef struct ps_point_counts {
    ps_points *points; /* kept: sources, rows, groups */
    ps_geography_counts *geography;
    size_t n_geographies;
    ps_pieces pieces; /* nothing unless asked for */
} ps_point_counts;

/* Read all rows of spec, locate them in every geography and count. Rows that are coded to
 * areas are of one geography, whose codes they have. The accounting
 * identity is tested for every input and geography; PS_GATE when it does not hold.
 * Threads  parallel inside; same result for any number. */
ps_status ps_count_points(const ps_points_spec *spec, const ps_areas *const *areas,
                          size_t n_areas, const ps_count_options *options,
                          ps_point_counts **out, ps_error *err) PS_MUST_CHECK;
/* The memory that counts of so many rows and groups take in a geography of so many areas,
 * in bytes, with the cells that come of them: never more cells than rows. */
double ps_count_memory(size_t areas, double groups, double rows);
void ps_point_counts_free(ps_point_counts *count);

#endif
