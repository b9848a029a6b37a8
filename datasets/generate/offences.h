/* What the police give the partnership: offences.csv, one row an offence from January
 * 2019 on, with the neighbourhood's code in place of coordinates; offence-codes.csv, what
 * the codes mean; crime-history.csv, months of the district and its neighbours since
 * 2011.
 *
 * Planted: five years of rises up to 2019, in 2020 an eighth less, vehicle offences that
 * fall and violence with injury that rises after 2021/22, residential burglary that
 * hardly moves, recorded modern slavery that stays level but for two operations. */
#ifndef PS_DATASETS_OFFENCES_H
#define PS_DATASETS_OFFENCES_H

#include "datasets/generate/world.h"

enum { PS_OFFENCE_GROUPS = 18, PS_OFFENCES_FIRST = 2019 * 12 };

ps_status ps_offences_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
