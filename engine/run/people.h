/* People by area: the populations of a job in all its geographies.
 *
 * Of the geography that a table speaks of they are as it says; what is built of that is
 * the sum of its members; other polygons get each area whole, by its interior point (best
 * fit). An area that none fell into has no known population, not none. Groups of people,
 * as of an age, are read beside them when a framework's data bind columns of a
 * population.
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
/* What a reader has to know of people whom figures of the months [first, last] are
 * divided by: their year, where the job has several of this id or the year is more than
 * PS_PEOPLE_FRESH years away; else "". */
enum { PS_PEOPLE_FRESH = 3, PS_PEOPLE_NOTE = 64 };
void ps_people_tell(const ps_geography *geography, const ps_people *people,
                    ps_month first, ps_month last, char note[PS_PEOPLE_NOTE]);
/* The same of a group of its people. */
const ps_people *ps_geography_people_of(const ps_geography *geography, const char *id,
                                        const ps_job_meaning *group, ps_month first,
                                        ps_month last);

#endif
