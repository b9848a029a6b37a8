/* Coordinate reference systems and the operation between two of them (PROJ).
 *
 * The operation is chosen on purpose, once: axis order normalised to easting, northing
 * and longitude, latitude; ballpark operations refused; the most accurate one that is
 * installed for the area at hand; its name, accuracy and grid are kept for the log and
 * the manifest.
 */
#ifndef PS_GEO_CRS_H
#define PS_GEO_CRS_H

#include "engine/core/talk.h"
#include "engine/core/text.h"

typedef struct ps_crs ps_crs;

/* From "EPSG:27700", "CRS84", a WKT (also ESRI's) or PROJ string. An ESRI WKT without
 * authority is identified against the EPSG database and taken as that when the match is
 * certain (so that "British_National_Grid" gets its datum shifts). Of a compound one the
 * horizontal part is taken. PS_CONFIG for an unknown or vertical one. Network access is
 * switched off; a definition that names a file is refused. A CRS never changes: any
 * number of threads may read it. */
ps_status ps_crs_open(const char *definition, ps_crs **out, ps_error *err) PS_MUST_CHECK;
ps_status ps_crs_copy(const ps_crs *crs, ps_crs **out, ps_error *err) PS_MUST_CHECK;
void ps_crs_free(ps_crs *crs);
const char *ps_crs_name(const ps_crs *crs); /* "OSGB36 / British National Grid" */
const char *ps_crs_code(const ps_crs *crs); /* "EPSG:27700", "" when it has none */
const char *ps_crs_wkt(const ps_crs *crs);
bool ps_crs_is_geographic(const ps_crs *crs);
/* Metres per unit of a projected CRS; 1 for a geographic one (whose unit is the degree).
 */
double ps_crs_metres(const ps_crs *crs);
/* The same system for our purposes: equal up to axis order. */
bool ps_crs_same(const ps_crs *a, const ps_crs *b);

/* The box, in the CRS's own units, in which its coordinates make sense (area of use),
 * with a margin of a tenth; false when PROJ knows none. */
bool ps_crs_plausible_box(const ps_crs *crs, double box[4]);

typedef struct ps_crs_operation ps_crs_operation;

typedef struct ps_crs_operation_info {
    const char *name;
    double accuracy;  /* metres; negative when unknown */
    const char *grid; /* "" when no grid is used */
    const char *
        missing_grid; /* a better operation needs this grid, which is not installed; "" */
    double missing_accuracy; /* what that one would give */
    const char *pipeline; /* all that it does, as a PROJ string; "" when there is none */
} ps_crs_operation_info;

/* The operation from one CRS to another for data in box (minx, miny, maxx, maxy in the
 * units of `from`; NULL: the area of use). Of the operations whose grids are installed
 * and that cover the box about as well as any other, the most accurate one; one operation
 * for all points, so that neighbours never part. PS_CONFIG when none is known for that
 * box; PS_UNSUPPORTED when the only ones need a grid that is not installed; max_accuracy
 * > 0: PS_GATE when no operation that accurate is installed. Both name the grid and how
 * to get it. */
ps_status ps_crs_operation_open(const ps_crs *from, const ps_crs *to, const double box[4],
                                double max_accuracy, ps_crs_operation **out,
                                ps_error *err) PS_MUST_CHECK;
const ps_crs_operation_info *ps_crs_operation_describe(const ps_crs_operation *op);
/* The box around what it makes of the box that it was opened for, by a grid of points;
 * false without such a box, or when no point of it has an image. */
bool ps_crs_operation_image(const ps_crs_operation *op, double box[4]);
/* An operation that ps_prepared_operation remembered is only described until this makes
 * it, before it is applied, cloned or split. Errors as when it is opened. */
ps_status ps_crs_operation_ready(ps_crs_operation *op, ps_error *err) PS_MUST_CHECK;
/* Transform n points in place. A point that has no image becomes HUGE_VAL, HUGE_VAL; the
 * number of those is returned. One thread at a time per operation. */
size_t ps_crs_operation_apply(ps_crs_operation *op, size_t n, double *x, double *y);
/* Another handle on the same operation, for another thread. */
ps_status ps_crs_operation_clone(const ps_crs_operation *op, ps_crs_operation **out,
                                 ps_error *err) PS_MUST_CHECK;
void ps_crs_operation_free(ps_crs_operation *op);

/* A table of horizontal shifts, bilinear between its nodes, in degrees. */
typedef struct ps_crs_shifts {
    double west, south, step_x, step_y;
    uint32_t columns, rows; /* of nodes */
    bool inverse;           /* the operation goes from the shifted place to the node's */
} ps_crs_shifts;

/* An operation that reads one such table as three: what comes before it, the shift alone
 * (always forward), what comes after. The plane between is longitude and latitude in
 * degrees. The caller frees the parts. false, and no parts, when it is of another kind;
 * what the table says of itself is not checked. */
bool ps_crs_operation_split(const ps_crs_operation *op, ps_crs_operation *part[3],
                            ps_crs_shifts *shifts) PS_MUST_CHECK;

/* PROJ remembers which grids are there; make it look again, after one came or went. While
 * nothing of this header is at work. */
void ps_crs_forget(void);
/* The release of PROJ in use, "9.1.1", which is loaded to be asked; "none" when it cannot
 * be. */
const char *ps_crs_proj_version(void);
/* The folders where it looks for its files, ':' between; NULL likewise. */
const char *ps_crs_proj_folders(void);

#endif
