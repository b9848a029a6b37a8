/* The ad-hoc question: which area is each point in, and how many by area? */
#ifndef PS_RUN_JOIN_H
#define PS_RUN_JOIN_H

#include "engine/core/output.h"
#include "engine/core/talk.h"
#include "geo/prepared.h"

typedef struct ps_join_request {
    const char *const *points; /* files, folders, globs, archives, "-" is not taken */
    size_t n_points;
    ps_layer_spec areas; /* path, layer, code (required), where, crs, policy */
    const char *points_layer;
    bool police_uk; /* columns of police.uk; else x and y are required for CSV */
    const char *x, *y;
    const char
        *crs; /* of the points; NULL: EPSG:4326 with police_uk, else required for CSV */
    const char *const *by; /* columns to count by */
    size_t n_by;
    bool zeros;           /* list areas without points, too */
    bool keep_duplicates; /* police_uk: do not drop repeated crime ids. Without police_uk
                             nothing is dropped */
    const char *counts;   /* path of COUNTS.csv; NULL or "-": the output given */
    const char *assign;   /* path of ROWS.csv, or NULL */
    const char *manifest; /* path of RUN.json, or NULL */
    bool strict; /* refuse a CRS operation worse than 1.5 m, invalid rows, unlocatable
                    files */
    const char *command; /* the command line, for the manifest */
    const ps_talk *talk;
    const ps_prepared *prepared; /* where boundaries and indexes are kept, or NULL */
} ps_join_request;

/* Join and write. counts goes to `out` when no path is given; `accounting` gets the
 * identity, one line per input: crime.csv: 9408 read = 9407 matched + 1 outside + 0
 * unlocated + 0 invalid + 0 duplicate + 0 filtered COUNTS.csv: area,<by columns>,count,
 * sorted by area and then by the columns. ROWS.csv: file,row,area. Files appear whole or
 * not at all. */
ps_status ps_join(const ps_join_request *request, ps_output *out, ps_output *accounting,
                  ps_error *err) PS_MUST_CHECK;

#endif
