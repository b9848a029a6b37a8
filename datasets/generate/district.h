/* The sample district as files:
 *
 *   boundaries.gpkg    layers lsoa, ward and district, EPSG:27700
 *   places.csv, partnerships.csv    wards of each; priority.csv  LSOAs of each
 *   population.csv     by single year of age; deprivation.csv  in the form of File 7
 *   crime/YYYY-MM/     the monthly files of two police forces
 *   fly-tipping.csv    a register with grid coordinates
 *   offences.csv, crime-history.csv, region.csv          the police's extract: offences.h
 *   asb.csv, fires.csv, casualties.csv, nrm.csv, ...     what partners log: events.h
 *   domestic.csv, hate.csv, cohort.csv                   people met again: registers.h
 *   survey.csv, young-people.csv, tenants.csv            who was asked: surveys.h
 *   icf.csv, organisations.csv, place-standard.csv       scores: scores.h
 *   engagement.csv, training.csv, ward-stages.csv, funding.csv      engagement.h
 *   deprivation-2015.csv, population-2021.csv, ...       other years: vintages.h
 *   target-wards.csv, zones.csv, clusters.csv, committees.csv    groups.h
 *   comparators.csv    published figures of other areas: comparators.h
 *   job.yaml           the sample job
 *   truth/             what a right answer is: rows by fate, counts, planted effects
 */
#ifndef PS_DATASETS_DISTRICT_H
#define PS_DATASETS_DISTRICT_H

#include <stdint.h>

#include "engine/core/status.h"

enum { PS_DISTRICT_SEED = 1 }; /* of the district that the sample job describes */

/* Write it into folder, which is made when absent (one level). The same seed gives the
 * same bytes on every machine. */
ps_status ps_district_write(const char *folder, uint64_t seed,
                            ps_error *err) PS_MUST_CHECK;

#endif
