/* What would a figure be for other areas than those it was counted for?
 *
 * Rule     with overlaps A_st (area, or people) and source totals A_s: counts (extensive)
 * Y_t = sum Y_s A_st / A_s; rates and means (intensive) Y_t = sum Y_s A_st / sum A_st, by
 * the covered part alone. What no target covers is outside. A target with a missing
 * source is missing; one without sources is undefined, and 0 is never made up. Source
 * Goodchild & Lam 1980, Geo-Processing 1:297; Tobler 1979, JASA 74:519. */
#ifndef PS_INDICATORS_INTERPOLATE_H
#define PS_INDICATORS_INTERPOLATE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

typedef struct ps_overlap {
    int32_t source, target;
    double size; /* 0 or more */
} ps_overlap;

typedef struct ps_interpolated {
    double source_sum, target_sum, outside; /* of counts; sources with a value only */
} ps_interpolated;

/* Shapes   total: per source (0 or less: the sum of its overlaps); value: per source, NAN
 * where missing; out: per target. Errors   PS_GATE when the overlaps of a source exceed
 * its total by more than 1e-9, or counts are not preserved to 1e-9. */
ps_status ps_interpolate(size_t n, const ps_overlap *overlap, size_t n_sources,
                         size_t n_targets, const double *total, const double *value,
                         bool counts, ps_value *out, ps_interpolated *sums,
                         ps_error *err) PS_MUST_CHECK;

typedef struct ps_best_fit_of {
    int32_t overlap;  /* its number, or -1: no overlap above 0 and no centroid */
    bool by_centroid; /* else by the largest overlap */
    bool tied;        /* another overlap is as large, and the lowest target stands */
} ps_best_fit_of;

/* The whole source to the target that holds its population-weighted centroid; when none
 * or several do, to that of its largest overlap (of equal ones the lowest).
 * Shapes   holds: per overlap, whether the target holds the centroid of the source, or
 * NULL; best: per source. Source   ONS, Building block and best-fit policy. */
ps_status ps_best_fit(size_t n, const ps_overlap *overlap, const bool *holds,
                      size_t n_sources, ps_best_fit_of *best,
                      ps_error *err) PS_MUST_CHECK;

#endif
