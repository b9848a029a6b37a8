/* comparators.csv: published figures of the nation, of the region and of the most similar
 * areas, made up like everything else: by financial year and of the latest twelve months.
 */
#ifndef PS_DATASETS_COMPARATORS_H
#define PS_DATASETS_COMPARATORS_H

#include "datasets/generate/world.h"

ps_status ps_comparators_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
