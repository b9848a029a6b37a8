/* What every part of the generator writes with: the ground, its people, the folder, and
 * the list of what is true. */
#ifndef PS_DATASETS_WORLD_H
#define PS_DATASETS_WORLD_H

#include <stdio.h>

#include "datasets/generate/people.h"
#include "engine/core/text.h"

typedef struct ps_world {
    const ps_land *land;
    const ps_people *people;
    const int *hotspot; /* three LSOAs */
    const char *folder;
    FILE *truth; /* what,area,period,value */
} ps_world;

/* First month that the partners' registers hold, and the last of every file. */
enum { PS_WORLD_FIRST = 2018 * 12, PS_WORLD_LAST = 2022 * 12 + 8 };

/* Make the folder when it is absent (one level). */
ps_status ps_folder_make(const char *path, ps_error *err) PS_MUST_CHECK;
/* One text file in folder, which starts with this line (NULL: none). */
ps_status ps_file_begin(const char *folder, const char *name, const char *header,
                        FILE **file, ps_error *err) PS_MUST_CHECK;
ps_status ps_file_finish(const char *name, FILE *file, ps_error *err) PS_MUST_CHECK;

/* One line of truth/partners.csv: so many in this area and period. */
void ps_world_tell(const ps_world *world, const char *what, const char *area,
                   const char *period, int64_t value);

/* ---- days ---- */

int ps_days_of(ps_month month);
/* "2021-03-09"; day counts from 1. */
void ps_print_day(FILE *file, ps_month month, int day);
/* Row of the financial year that holds a month, counted from 2000/01. */
int ps_financial_year(ps_month month);

/* ---- places ---- */

/* How much each LSOA draws: in proportion to people, to deprivation and to town centres
 * (both in thousandths). */
typedef struct ps_pull {
    int64_t upto[PS_LAND_LSOAS + 1];
} ps_pull;

void ps_pull_set(ps_pull *pull, const ps_land *land, const ps_people *people, int poverty,
                 int centre);
/* Let the LSOAs of a list that ends with PS_NONE or after n draw times as much. */
void ps_pull_raise(ps_pull *pull, const int *lsoa, int n, int times);
int ps_pull_pick(const ps_pull *pull, uint64_t key, uint64_t n);

/* A place of an LSOA in whole metres, well inside of it, and its hexagon. Takes draws n
 * to n + 2. */
int32_t ps_place_inside(const ps_land *land, int lsoa, uint64_t key, uint64_t n,
                        int32_t *x, int32_t *y);

#endif
