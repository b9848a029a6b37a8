/* What the partners log, one row an event: anti-social behaviour, fires, people hurt on
 * roads, call-outs to open water, referrals, first-time entrants, deaths; fly-tipping of
 * the years before fly-tipping.csv starts.
 *
 * Planted: anti-social behaviour leaves the town centres in April 2020 and stays away;
 * personal falls and environmental rises; fly-tipping leaps in spring 2020; fires leap
 * every November; road casualties more than halve in a decade; referrals to the National
 * Referral Mechanism stay level but for one operation; first-time entrants fall,
 * referrals to drug treatment rise. */
#ifndef PS_DATASETS_EVENTS_H
#define PS_DATASETS_EVENTS_H

#include "datasets/generate/world.h"

ps_status ps_events_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
