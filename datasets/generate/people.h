/* Who lives in the district: population by single year of age and the deprivation of each
 * LSOA within a made-up nation of 32,844. */
#ifndef PS_DATASETS_PEOPLE_H
#define PS_DATASETS_PEOPLE_H

#include <stdio.h>

#include "datasets/generate/land.h"

enum {
    PS_PEOPLE_AGES = 91, /* 0 .. 89, 90 and over */
    PS_PEOPLE_NATION = 32844,
    PS_PEOPLE_DOMAINS = 16
};

typedef struct ps_people {
    int age[PS_LAND_LSOAS][PS_PEOPLE_AGES];
    int all[PS_LAND_LSOAS];
    int deprived[PS_LAND_LSOAS]; /* 0 least .. 1000 most */
    /* In the order of the columns of File 7: the index, seven domains, two supplementary
     * indices, six sub-domains. Scores in thousandths; rank 1 is most deprived. */
    int score[PS_PEOPLE_DOMAINS][PS_LAND_LSOAS];
    int rank[PS_PEOPLE_DOMAINS][PS_LAND_LSOAS];
} ps_people;

ps_status ps_people_settle(const ps_land *land, ps_people **out,
                           ps_error *err) PS_MUST_CHECK;
void ps_people_free(ps_people *people);

/* 1 for the most deprived tenth. */
int ps_people_decile(int rank);

enum {
    PS_PEOPLE_INCOME = 1,
    PS_PEOPLE_EMPLOYMENT,
    PS_PEOPLE_CRIME = 5,
    PS_PEOPLE_BARRIERS
};

/* The score of a domain that has this rank, thousandths. */
int ps_people_score(int which, int rank);
/* The index of ranks by domain and LSOA, as the published method builds it, and its rank
 * in the nation; without: a domain that is left out, so that the others weigh more, or 0.
 */
void ps_people_index(int (*rank)[PS_LAND_LSOAS], int without, int *score, int *place);

/* population.csv and deprivation.csv. */
void ps_people_write_population(const ps_land *land, const ps_people *people, FILE *file);
void ps_people_write_deprivation(const ps_land *land, const ps_people *people,
                                 FILE *file);

#endif
