/* Who was asked: survey.csv, residents in two waves; young-people.csv, in their schools;
 * tenants.csv, on the council's estates.
 *
 * Residents are a sample of four neighbourhoods in each ward, and of all priority
 * neighbourhoods, which are asked more than their share. Planted: the two densest wards
 * feel less safe than the rest; volunteering rises between the waves; in the priority
 * neighbourhoods more are satisfied in the second wave, so the gap narrows; road safety
 * is the concern named most; tenants of one estate are far more satisfied in the second
 * wave; one ward, one school and one estate are too small to be shown.
 */
#ifndef PS_DATASETS_SURVEYS_H
#define PS_DATASETS_SURVEYS_H

#include "datasets/generate/world.h"

enum {
    PS_SURVEYS_SMALL_WARD = 8,    /* Hallowmere: fewer than 30 were asked */
    PS_SURVEYS_BETTER_ESTATE = 1, /* Weir Street and Canalside */
};

ps_status ps_surveys_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
