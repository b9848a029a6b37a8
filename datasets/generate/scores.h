/* Scores that people give: icf.csv, organisations that judge themselves, with
 * organisations.csv, their list, and icf-roster.csv, who was invited; place-standard.csv,
 * what residents say of their neighbourhood, theme by theme.
 *
 * Planted: trust scores lowest and rises most between the two years; one organisation
 * leaves an approach out, one joins in the second year. Everywhere traffic is the worst
 * theme; in the first neighbourhood influence has risen by the second round, in
 * the second nothing has; in the sixth too few took part. */
#ifndef PS_DATASETS_SCORES_H
#define PS_DATASETS_SCORES_H

#include "datasets/generate/world.h"

ps_status ps_scores_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
