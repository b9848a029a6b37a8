/* Which area of one geography each area of another is compared with, and what the two
 * have in common, in whole areas of a third.
 *
 * Geographies that are built of the same one share its areas. Others with a map are
 * matched by best fit: every area of the finer of the two that they are made of lies
 * whole in the area of the coarser that holds its interior point.
 */
#ifndef PS_RUN_AREA_OVERLAP_H
#define PS_RUN_AREA_OVERLAP_H

#include "engine/run/geography.h"

typedef enum ps_overlap_kind {
    PS_OVERLAP_UNKNOWN, /* nothing tells what they have in common */
    PS_OVERLAP_NONE,    /* apart */
    PS_OVERLAP_INSIDE,  /* the area lies in the other */
    PS_OVERLAP_AROUND,  /* the other lies in the area */
    PS_OVERLAP_SAME,
    PS_OVERLAP_PARTLY
} ps_overlap_kind;

typedef struct ps_area_overlaps {
    /* By area of `here`: */
    int32_t *area; /* of `there` that it is compared with, or PS_NONE */
    ps_overlap_kind *kind;
    size_t *first;  /* what the two have in common: block[first[a] .. first[a + 1]) */
    int32_t *block; /* areas of the geography `blocks` */
    int blocks;     /* -1: nothing tells */
    bool best_fit;  /* the blocks lie in one of the two by best fit */
} ps_area_overlaps;

/* Match the areas of two geographies of a job.
 * Rule     compared with the only area of `there`, else with the one that has most of the
 *   area's people (without a population: of its blocks), the lowest code among equals.
 * Errors   PS_NOMEM; as in ps_geography_fit.
 * Threads  all is only read. */
ps_status ps_area_overlaps_open(const ps_geographies *all, size_t here, size_t there,
                                ps_area_overlaps **out, ps_error *err) PS_MUST_CHECK;
void ps_area_overlaps_free(ps_area_overlaps *overlaps);

/* "inside", "around", "same", "apart", "partly", "unknown". */
const char *ps_overlap_kind_text(ps_overlap_kind kind);

#endif
