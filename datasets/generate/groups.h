/* Groups of areas that services and plans think in, as tables of members:
 * target-wards.csv, committees.csv (of wards), town-centres.csv (of LSOAs, which need not
 * cover the district), clusters.csv (of LSOAs, whose people may be shared between two).
 */
#ifndef PS_DATASETS_GROUPS_H
#define PS_DATASETS_GROUPS_H

#include "datasets/generate/world.h"

enum { PS_GROUPS_TARGETS = 8, PS_GROUPS_COMMITTEES = 5, PS_GROUPS_CLUSTERS = 9 };
/* Of the estates, the first are the priority neighbourhoods; where people were asked
 * about their place, the first eight. */
enum { PS_GROUPS_ESTATES = 10, PS_GROUPS_NEIGHBOURHOODS = 8 };

/* The LSOAs of an estate; returns how many. */
int ps_groups_estate(const ps_world *world, int estate, int lsoa[PS_LAND_PRIORITY_MAX]);

ps_status ps_groups_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
