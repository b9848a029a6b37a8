/* Values of areas on the boundaries of another vintage, by a look-up of overlaps.
 *
 * Source: ONS, LSOA (2011) to LSOA (2021) exact-fit look-up; ONS, Building block and
 * best-fit policy.
 */
#ifndef PS_INDICATORS_AREA_VINTAGE_H
#define PS_INDICATORS_AREA_VINTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

/* What a value is, which decides how it moves to other boundaries. */
typedef enum ps_value_kind {
    PS_KIND_EXTENSIVE, /* counts, populations: shared out, totals kept */
    PS_KIND_INTENSIVE, /* scores, rates: inherited or averaged */
    PS_KIND_CATEGORY,  /* flags and classes: the majority of the people */
    PS_KIND_RANK       /* carried where nothing changed, otherwise not applicable */
} ps_value_kind;

/* Pairs of old and new areas, as in the ONS exact-fit look-up. */
typedef struct ps_area_pairs {
    size_t n, n_from, n_to;
    const int32_t *from, *to; /* [0, n_from), [0, n_to) */
    const double *weight;     /* people of the overlap; NULL or NAN: unknown */
    const double *area;       /* size of the overlap, second choice; NULL or NAN */
} ps_area_pairs;

typedef struct ps_moved {
    ps_value_status status;
    double value; /* of a category: its number */
    char change;  /* U unchanged, S part of a split, M merged of whole areas, X the rest:
                     irregular */
    double share_min; /* least share of a parent that came here; of a category the share
                         of the majority */
    bool irregular;   /* X */
    bool fallback;    /* some share rests on area or on equal parts */
    bool contested;   /* a category with less than 75 % */
} ps_moved;

/* Values of old areas on new ones.
 * Shapes   value: n_from, NAN absent, integers when a category; out: n_to.
 * Rule     share of a parent = weight of the overlap / weight of all its overlaps; where
 *          one is unknown or all are 0, by area, and failing that in equal parts. A new
 *          area with a parent whose value is absent has none. Equal majorities: the lower
 *          category.
 * Errors   PS_NOMEM; PS_FORMAT for a pair listed twice or an area without a pair;
 *          PS_GATE when shared-out values do not add up to what came in (1e-9). */
ps_status ps_area_values_move(const ps_area_pairs *pairs, ps_value_kind kind,
                              const double *value, ps_moved *out,
                              ps_error *err) PS_MUST_CHECK;

#endif
