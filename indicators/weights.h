/* Who is a neighbour of whom, and how much a neighbour counts.
 *
 * Sparse rows: the neighbours of i are to[offset[i]] .. to[offset[i + 1]) in ascending
 * order, never i itself. Contiguity of polygons comes as a list of edges from whoever
 * knows geometry.
 *
 * Source: Bivand & Wong 2018, TEST 27:716; Cliff & Ord 1981, Spatial Processes.
 */
#ifndef PS_INDICATORS_WEIGHTS_H
#define PS_INDICATORS_WEIGHTS_H

#include <stdint.h>

#include "indicators/method.h"

typedef struct ps_weights {
    size_t n;
    size_t *offset; /* n + 1 */
    int32_t *to;
    double *weight;
} ps_weights;

/* From a list of edges. weight NULL: all 1. An edge given twice counts once (the first
 * weight stands). Errors   PS_FORMAT for an index out of range, an edge from a unit to
 * itself, a weight that is not above 0. */
ps_status ps_weights_edges(size_t n, size_t n_edges, const int32_t *from,
                           const int32_t *to, const double *weight, ps_weights *out,
                           ps_error *err) PS_MUST_CHECK;
/* The k nearest others of every point; of equally far ones the lower index. Not
 * symmetric. Units    x, y in metres. Errors   PS_CONFIG when k < 1 or k >= n. Cost
 * about O(n sqrt n). */
ps_status ps_weights_nearest(size_t n, const double *x, const double *y, size_t k,
                             ps_weights *out, ps_error *err) PS_MUST_CHECK;
/* All others at 0 < distance <= most. */
ps_status ps_weights_band(size_t n, const double *x, const double *y, double most,
                          ps_weights *out, ps_error *err) PS_MUST_CHECK;
/* Style W: every row sums to 1 (rows without neighbours stay empty). */
void ps_weights_standardise(ps_weights *weights);
/* Only the units with keep, renumbered in order. */
ps_status ps_weights_subset(const ps_weights *weights, const bool *keep, ps_weights *out,
                            ps_error *err) PS_MUST_CHECK;
void ps_weights_free(ps_weights *weights);

/* ---- for the adaptors of spatial methods ---- */

/* Their first inputs and parameters. */
#define PS_PLACE_INPUTS                                                      \
    {"area_code", PS_COLUMN_TEXT, true, "the area; every one once"},         \
        {"neighbours", PS_COLUMN_TEXT, false,                                \
         "codes of its neighbours, separated by ;"},                         \
        {"x", PS_COLUMN_NUMBER, false, "easting of its centre in metres"}, { \
        "y", PS_COLUMN_NUMBER, false, "northing of its centre in metres"     \
    }
#define PS_PLACE_PARAMS                                                              \
    {"weights",                                                                      \
     PS_COLUMN_TEXT,                                                                 \
     "neighbours",                                                                   \
     "neighbours|nearest|band",                                                      \
     1,                                                                              \
     0,                                                                              \
     "neighbours: as listed; nearest: the k nearest centres; band: centres up to a " \
     "distance"},                                                                    \
        {"k", PS_COLUMN_INTEGER, "8", NULL, 1, 1000, "of nearest"},                  \
        {"distance", PS_COLUMN_NUMBER, "", NULL, 1e-9, 1e9, "of band, in metres"}, { \
        "style", PS_COLUMN_TEXT, "W", "W|B", 1, 0,                                   \
            "W: the weights of a row sum to 1; B: all are 1"                         \
    }
enum { PS_PLACE_N_INPUTS = 4, PS_PLACE_N_PARAMS = 4 };

/* The areas that a spatial method works on. */
typedef struct ps_places {
    size_t n;       /* with values and neighbours */
    int32_t *row;   /* their rows */
    int32_t *place; /* per row: its number, -1 without a value, -2 without neighbours */
    uint64_t *unit; /* per place: the unit of its random draws */
    ps_weights weights; /* standardised when the style is W */
} ps_places;

/* has: per row, whether its values are there. Areas without neighbours among the others
 * are left out, which the talk is told. Errors   PS_FORMAT for an area that is there
 * twice, a neighbour that is not in the table, a missing coordinate. */
ps_status ps_places_read(const ps_method_call *call, const bool *has, ps_places *out,
                         ps_error *err) PS_MUST_CHECK;
/* The status of a row that has no place: missing or not-applicable. */
ps_value_status ps_places_status(const ps_places *places, size_t row);
void ps_places_free(ps_places *places);

#endif
