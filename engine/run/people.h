/* People by area: the populations of a job in all its geographies.
 *
 * Of the geography that a table speaks of they are as it says; what is built of that is
 * the sum of its members; other polygons get each area whole, by its interior point (best
 * fit). An area that none fell into has no known population, not none.
 */
#ifndef PS_RUN_PEOPLE_H
#define PS_RUN_PEOPLE_H

#include "engine/run/geography.h"

/* Read all populations of a job into its geographies. Warnings name codes that do not
 * meet. Errors as in area_table.h; PS_FORMAT for a negative number. */
ps_status ps_people_read(const ps_job_file *job, ps_geographies *all, const ps_talk *talk,
                         ps_error *err) PS_MUST_CHECK;

/* The population `id` for the months [first, last]: of the year whose middle is nearest
 * to theirs, of two the earlier; the first in the job when a year or the months (first >
 * last) are not known. NULL: there is none in this geography. Any number of threads. */
const ps_people *ps_geography_people(const ps_geography *geography, const char *id,
                                     ps_month first, ps_month last);
/* Have the populations of this id several years? */
bool ps_people_vary(const ps_geography *geography, const char *id);

#endif
