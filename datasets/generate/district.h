/* The sample district as files:
 *
 *   boundaries.gpkg    layers lsoa, ward and district, EPSG:27700
 *   places.csv, partnerships.csv    wards of each; priority.csv  LSOAs of each
 *   population.csv     by single year of age; deprivation.csv  in the form of File 7
 *   crime/YYYY-MM/     the monthly files of two police forces
 *   fly-tipping.csv    a register with grid coordinates
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
