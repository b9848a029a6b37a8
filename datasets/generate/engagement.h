/* What the partnership does: engagement.csv, conversations and how many citizens came;
 * training.csv, people trained to lead them; ward-stages.csv, how far each ward has come
 * and whether it has a partnership; funding.csv, grants to the Place Partnerships.
 *
 * Planted: 1,750 citizens in eight neighbourhoods; 15 of the 23
 * wards with a partnership; a million pounds for mental health and 400,000 against
 * domestic abuse, more to the partnerships with more deprivation. */
#ifndef PS_DATASETS_ENGAGEMENT_H
#define PS_DATASETS_ENGAGEMENT_H

#include "datasets/generate/world.h"

ps_status ps_engagement_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
