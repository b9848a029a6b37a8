/* Values by area out of the tables of a job: deprivation, census, figures that others
 * publish.
 *
 * A column gives one value per area, or, where the table names a column of periods, one
 * per area and period. An area without a row, and a cell that is empty or a marker, are
 * missing.
 */
#ifndef PS_RUN_AREA_VALUES_H
#define PS_RUN_AREA_VALUES_H

#include "engine/run/geography.h"

typedef struct ps_area_values {
    const ps_job_value *spec;
    size_t geography;
    char period[32]; /* as printed; "" none */
    double *value;   /* by area */
    bool *missing;
} ps_area_values;

/* All values of all tables, in the order of the job; those of a column by period as text.
 * PS_FORMAT for a code that stands twice in a period, a cell that is no number, a period
 * that cannot be read, and codes of which none is an area. */
ps_status ps_area_values_read(const ps_job_file *job, const ps_geographies *geographies,
                              const ps_talk *talk, ps_area_values **out, size_t *n,
                              ps_error *err) PS_MUST_CHECK;
void ps_area_values_free(ps_area_values *values, size_t n);

#endif
