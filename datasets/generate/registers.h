/* Registers in which a person may be met again: domestic.csv and hate.csv, incidents with
 * their victim; cohort.csv, offenders and whether they offended again.
 *
 * Planted: of the incidents with a known victim, the share that had an earlier one within
 * 365 days, which is exact: whoever is no repeat is nobody met before. It falls for
 * domestic incidents; of hate crimes it is twice as high where the strand is disability
 * or transgender. Hate crimes rise by a tenth from 2020/21 to 2021/22 and leave the town
 * centres. Fewer offend again. */
#ifndef PS_DATASETS_REGISTERS_H
#define PS_DATASETS_REGISTERS_H

#include "datasets/generate/world.h"

ps_status ps_registers_write(const ps_world *world, ps_error *err) PS_MUST_CHECK;

#endif
