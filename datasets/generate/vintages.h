/* What there is of an earlier or a later year, and what else is known of each LSOA:
 * deprivation-2015.csv, an older release of the index; deprivation-counts-2015.csv and
 * -2019.csv, the people that stand behind its rates; deprivation-without-crime.csv, the
 * index of the other domains; population-2021.csv; households.csv; conditions.csv, people
 * without work and the way to the next green space.
 *
 * Planted: income deprivation of one ward improved in level and in position, of another
 * it worsened in both; in one priority neighbourhood it improved in level alone. In
 * general there is no clear change. Those next to the most deprived hundredth were in
 * it, so fewer are than were. */
#ifndef PS_DATASETS_VINTAGES_H
#define PS_DATASETS_VINTAGES_H

#include "datasets/generate/world.h"

enum {
    PS_VINTAGES_BETTER = 11,      /* ward Larkrigg */
    PS_VINTAGES_WORSE = 4,        /* ward Coldwell */
    PS_VINTAGES_BETTER_LEVEL = 2, /* priority neighbourhood Bobbin Row */
};

ps_status ps_vintages_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
