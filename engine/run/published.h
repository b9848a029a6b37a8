/* Published figures of other areas: the nation, the region, the most similar areas. One
 * series for each measure and comparator, out of records that a framework's data of the
 * kind comparator are bound to.
 */
#ifndef PS_RUN_PUBLISHED_H
#define PS_RUN_PUBLISHED_H

#include "engine/run/form.h"

/* One figure; NAN where it is not there. */
typedef struct ps_published_figure {
    double value, lower, upper;
    double numerator, denominator;
} ps_published_figure;

typedef struct ps_published {
    const char *comparator; /* in the framework's words */
    ps_str name;            /* as the file has it; "" none */
    char absent[320];       /* why there is no figure at all; "" there are some */
    const ps_record_set *set;
    const ps_record_column *measure, *value, *lower, *upper, *numerator, *denominator;
    const ps_job_data_column *measures; /* what the job says of the first */
    size_t *record;                     /* of this measure, any item, and comparator */
    size_t n;
    const char *id; /* of the measure */
} ps_published;

/* The series of a measure. data: id of data of the kind comparator in its framework.
 * Errors   PS_NOMEM; PS_FORMAT, with the file and its rows, when a figure stands twice.
 * Threads  the measures are only read. */
ps_status ps_published_open(const ps_measures *all, const ps_measure *measure,
                            const char *data, const char *comparator, ps_published *out,
                            ps_error *err) PS_MUST_CHECK;
void ps_published_close(ps_published *published);

/* The figure of an item ("" the measure itself) for exactly these months. What was asked
 * for, and why it is not there, is in the reason; true: it is there.
 * Rule     limits stand on both sides of the value or are left out; a base is above 0. */
bool ps_published_find(const ps_published *published, const char *item,
                       const ps_period *period, ps_published_figure *out,
                       char reason[256]);

#endif
