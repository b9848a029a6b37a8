/* Weights of the parts that two geographies have in common: of points in both, or of the
 * rows of a table that names both.
 *
 * Rule     Every row has one fate: in an area of both, of FROM only, of TO only, of
 * neither, without a place (points), without a weight, or invalid. A point on a shared
 * edge belongs to the lowest code. The total of an area counts what lies in no area of
 * the other geography, too.
 */
#ifndef PS_RUN_OVERLAP_WEIGHTS_H
#define PS_RUN_OVERLAP_WEIGHTS_H

#include "engine/core/output.h"
#include "engine/core/sparse.h"
#include "engine/core/talk.h"
#include "geo/areas.h"

typedef struct ps_overlap_source {
    const char *path;   /* NULL: no weights */
    const char *weight; /* column of weights; NULL: every row weighs 1 */
    /* Points: a layer, or a delimited file with these columns. */
    const char *layer, *x, *y, *crs;
    /* A table: columns of the codes of both geographies; NULL for points. */
    const char *from, *to;
    const char *sheet; /* of a workbook */
} ps_overlap_source;

typedef struct ps_overlap_weights {
    ps_sparse pair;   /* FROM areas by TO areas */
    double *total[2]; /* of each FROM area, of each TO area */
    int64_t read, both, from_only, to_only, neither, unlocated, unweighted, invalid;
} ps_overlap_weights;

/* Read and add up, in the order of the rows. max_accuracy as in ps_operation_open.
 * strict: an invalid row is PS_GATE. accounting gets "postcodes.csv: 10 read = ...".
 * Errors  as in points.h and table.h; PS_FORMAT for a file none of whose rows is in both.
 */
ps_status ps_overlap_weights_read(const ps_overlap_source *source,
                                  const ps_areas *const areas[2], double max_accuracy,
                                  bool strict, const ps_talk *talk, ps_output *accounting,
                                  ps_overlap_weights **out, ps_error *err) PS_MUST_CHECK;
void ps_overlap_weights_free(ps_overlap_weights *weights);

#endif
