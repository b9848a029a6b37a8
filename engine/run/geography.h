/* The geographies of a job: polygons read, memberships resolved, people counted. */
#ifndef PS_RUN_GEOGRAPHY_H
#define PS_RUN_GEOGRAPHY_H

#include "engine/core/tally.h"
#include "engine/run/job.h"

/* One population of the job in a geography, or a group of its people. */
typedef struct ps_people {
    const ps_job_population *spec;
    const ps_job_meaning *group; /* that a framework's data bind; NULL: all of them */
    double *value;               /* by area; NULL: it cannot be told for this geography */
    bool *missing;
    const char *method; /* "table", "sum of members", "best fit by interior point" */
} ps_people;

typedef struct ps_geography {
    const ps_job_areas *spec;
    ps_areas *areas; /* polygons; for a membership geography the union of its members */
    ps_layer_report report; /* of polygons read */
    int base;               /* geography it is built of, or -1 for polygons */
    size_t
        *offset; /* members of area a: member[offset[a] .. offset[a + 1]), rows of base */
    int32_t *member;
    int lies_in;       /* of a list: geography that its areas lie in, or -1 */
    int32_t *within;   /* by area of such a list: the area there, or PS_NONE */
    ps_people *people; /* by population of the job: all of it, then its groups */
    size_t n_people;
    /* The first of these, when there is one for this geography. */
    const double *population;
    const bool *population_missing;
    const char *population_method;
} ps_geography;

typedef struct ps_geographies {
    ps_geography *geography;
    size_t n;
} ps_geographies;

/* Has it polygons, of its own or of its members? */
bool ps_geography_has_map(const ps_geography *geography);

/* Load all geographies of a job, in its order. Warnings name codes that do not meet. */
ps_status ps_geographies_open(const ps_job_file *job, const ps_talk *talk,
                              ps_geographies **out, ps_error *err) PS_MUST_CHECK;
void ps_geographies_free(ps_geographies *all);

/* Where is the area of this code? *geography is all->n when the job lacks the geography,
 * the answer false when it or the area is lacking. */
bool ps_geographies_find(const ps_geographies *all, const char *id, const char *code,
                         size_t *geography, size_t *area);

/* In which area of the geography `to` does each area of `from` lie?
 * Shapes   area: one number for each area of `from`, PS_NONE where it lies in none.
 * Rule     best fit: every area goes whole, to the one that holds its interior point.
 * Errors   PS_NOMEM; as in ps_crs_operation_open.
 * Threads  all is only read. */
ps_status ps_geography_fit(const ps_geographies *all, size_t from, size_t to,
                           int32_t *area, ps_error *err) PS_MUST_CHECK;

/* The counts of a membership geography: cells of its base, added up by group of members.
 * Both sorted by area and then group; the caller frees *out. Cells of base beyond its
 * areas (outside, unlocated) are kept, with the area numbers of `built`. */

ps_status ps_geography_sum_cells(const ps_geography *built, size_t n_base_areas,
                                 const ps_tally_cell *cells, size_t n,
                                 ps_tally_cell **out, size_t *n_out,
                                 ps_error *err) PS_MUST_CHECK;

#endif
