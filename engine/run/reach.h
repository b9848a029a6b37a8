/* In which geographies of a job a data set can be counted, and how.
 *
 * Rows with coordinates are located in every geography with polygons of its own. Rows
 * coded to areas are counted in their geography alone, those coded to a list of codes
 * also where its areas lie. What is built of another geography is the sum of its members,
 * which may overlap. From coded areas other polygons
 * are fed by best fit; where one coded area holds the interior points of several of them,
 * or none fell into an area, nothing is known there. Everything else has no counts:
 * unknown, never 0.
 */
#ifndef PS_RUN_REACH_H
#define PS_RUN_REACH_H

#include "engine/core/cube.h"
#include "engine/run/geography.h"

/* Counts of a geography by area and then by group; behind the areas the rows outside and
 * the rows without a place. */
typedef struct ps_area_counts {
    ps_tally_cell *cell;
    size_t n;
} ps_area_counts;

typedef struct ps_reach {
    size_t n;        /* geographies of the job */
    int *counted;    /* place among those that rows are counted in, or -1 */
    const char **id; /* of those, in that order */
    int *first;      /* geography that this one is counted from, itself when counted; -1:
                        none, everything is unknown */
    int coded;       /* geography that rows are coded to; -1: they have coordinates */
    size_t whole;    /* a geography whose cells hold every row that counts */
    int32_t **fit;   /* of a geography fed by best fit: its row by coded area */
    bool **unknown;  /* by geography and area; NULL: all are known */
    char why[112];   /* that is so, for the note of a figure */
} ps_reach;

/* code: id of the geography that rows are coded to, or NULL.
 * Errors  PS_NOMEM, and what polygons of two CRS give; see crs.h. */
ps_status ps_reach_open(const ps_geographies *all, const char *coded, ps_reach **out,
                        ps_error *err) PS_MUST_CHECK;
/* The areas that rows have to be counted in, into room for all geographies. */
size_t ps_reach_areas(const ps_reach *reach, const ps_geographies *all,
                      const ps_areas **areas);
bool ps_reach_knows(const ps_reach *reach, size_t geography, size_t area);
/* The cells of all geographies from the cubes of those counted; cells is zeroed room for
 * reach->n, and to be freed also on failure. */
ps_status ps_reach_cells(const ps_reach *reach, const ps_geographies *all,
                         const ps_cube *const *cube, size_t groups, ps_area_counts *cells,
                         ps_error *err) PS_MUST_CHECK;
void ps_area_counts_free(ps_area_counts *cells, size_t n);
void ps_reach_free(ps_reach *reach);

#endif
