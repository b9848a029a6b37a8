/* Two geographies to a table of overlap shares. */
#ifndef PS_RUN_CROSSWALK_H
#define PS_RUN_CROSSWALK_H

#include "engine/run/overlap_weights.h"
#include "geo/prepared.h"

typedef struct ps_crosswalk_request {
    ps_layer_spec from, to; /* code NULL: the first field that looks like one, as
                               LSOA21CD, ward_code or code */
    ps_overlap_source weights;
    const char *crs;      /* projected, to measure in; NULL: see ps_crosswalk_shares */
    double min_share;     /* leave out pairs that are less of both areas; 0: none */
    const char *shares;   /* path of SHARES.csv; NULL or "-": the output given */
    const char *manifest; /* path of RUN.json, or NULL */
    bool strict; /* refuse a CRS operation worse than 1.5 m, shapes that could not be
                    repaired, invalid rows of weights */
    const char *command; /* the command line, for the manifest */
    const ps_talk *talk;
    const ps_prepared *prepared; /* where boundaries are kept, or NULL */
} ps_crosswalk_request;

/* Measure, weigh and write.
 *
 * SHARES.csv  from,to,from_share,to_share,area_m2, and weight,from_basis,to_basis with
 * weights, sorted by from and then by to. from_share is the part of the FROM area that
 * lies in the TO area, to_share the part of the TO area that lies in the FROM area;
 * area_m2 is what they have in common. Shares are multiples of 1e-12, rounded by largest
 * remainders, so that those of an area add up to its covered part in every digit. Pairs
 * of less than half a square millimetre are left out.
 *
 * Plane  areas are measured in crs; else in the CRS of TO when that is projected, else in
 * that of FROM; two geographic ones on the British National Grid when both lie in Great
 * Britain, else on a Lambert azimuthal equal-area plane around their middle. A plane in
 * which areas are more than 1 % off is told.
 *
 * Weights  shares are shares of weight. For an area without any weight they are shares of
 * area, and basis says so: "weight" or "area", for the FROM and the TO area of the row.
 *
 * min_share  a pair both of whose shares are smaller is left out, and the other pairs of
 * its areas are scaled, so that shares still add up to the covered part; an area all of
 * whose pairs are left out is outside. area_m2 is never scaled.
 *
 * accounting gets the identity, area = covered + outside, of both geographies, and what
 * was left out or is so small that it may be left out. Files appear whole or not at all.
 */
ps_status ps_crosswalk_shares(const ps_crosswalk_request *request, ps_output *out,
                              ps_output *accounting, ps_error *err) PS_MUST_CHECK;

#endif
