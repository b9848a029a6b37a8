/* What happened in the district: the police's monthly files, the council's fly-tipping
 * register, and the truth about both. */
#ifndef PS_DATASETS_INCIDENTS_H
#define PS_DATASETS_INCIDENTS_H

#include "datasets/generate/people.h"

enum {
    PS_INCIDENTS_FIRST = 2020 * 12 + 3, /* April 2020 */
    PS_INCIDENTS_MONTHS = 30,
    PS_INCIDENTS_ABSENT = 10, /* February 2021: the force published nothing */
    PS_INCIDENTS_TYPES = 14,
    PS_INCIDENTS_WASTE = 6
};

/* What became of the rows of an input. rows = matched + outside + unlocated + invalid +
 * duplicate. */
typedef struct ps_fates {
    int rows, matched, outside, unlocated, invalid, duplicate;
} ps_fates;

typedef struct ps_incidents {
    ps_fates crime, crime_month[PS_INCIDENTS_MONTHS], waste,
        waste_month[PS_INCIDENTS_MONTHS];
    int transport_rows; /* of the crime rows: in the files of the transport police */
    /* Rows counted once, by area, month and kind. */
    uint16_t crimes[PS_LAND_LSOAS][PS_INCIDENTS_MONTHS][PS_INCIDENTS_TYPES];
    uint16_t waste_lsoa[PS_LAND_LSOAS][PS_INCIDENTS_MONTHS][PS_INCIDENTS_WASTE];
    uint16_t waste_ward[PS_LAND_WARDS][PS_INCIDENTS_MONTHS][PS_INCIDENTS_WASTE];
    /* Fly-tips on a line between areas. */
    int ties_lsoa, ties_ward, on_coast;
    int hotspot[3]; /* LSOAs of the planted hotspot */
} ps_incidents;

extern const char *const ps_crime_labels[PS_INCIDENTS_TYPES];
extern const char *const ps_waste_labels[PS_INCIDENTS_WASTE];

/* Write folder/crime/YYYY-MM/... and folder/fly-tipping.csv, and give the truth. */
ps_status ps_incidents_write(const ps_land *land, const ps_people *people,
                             const char *folder, ps_incidents **out,
                             ps_error *err) PS_MUST_CHECK;
void ps_incidents_free(ps_incidents *truth);

#endif
