/* Change of deprivation between two releases, in level and in position.
 *
 * An index is relative and weighed anew in each release, so its scores cannot be compared
 * over time: position is judged by ranks, level by the rates of people that stand behind
 * a domain.
 *
 * Source: McLennan et al. 2019; Newcombe 1998, Stat. Med. 17:873, method 10.
 */
#ifndef PS_INDICATORS_DEPRIVATION_CHANGE_H
#define PS_INDICATORS_DEPRIVATION_CHANGE_H

#include "indicators/deprivation.h"
#include "indicators/judgement.h"

/* One release of an index over the LSOAs of an area: rank and population as above, and,
 * for the change in level, the counts of a rate (numerator NULL: none). */
typedef struct ps_deprivation_release {
    const double *score; /* NULL: none */
    const int64_t *rank;
    const double *population;  /* NULL: every LSOA weighs the same */
    const double *numerator;   /* NULL: none */
    const double *denominator; /* with numerator */
    int64_t country;
} ps_deprivation_release;

typedef struct ps_deprivation_change {
    int64_t areas, left_out; /* LSOAs with rank in both; others */
    ps_value mean_rank[2];   /* people of that release as weights; not reversed */
    ps_value percentile[2];  /* 100 mean rank / country */
    ps_value rank_change, percentile_change; /* positive: less deprived */
    int64_t percent1[2], decile1[2];
    int64_t entered_percent1, left_percent1, entered_decile1, left_decile1;
    int64_t transition[10][10]; /* [decile before - 1][decile after - 1] */
    ps_deprivation summary[2];
    double count[2], base[2]; /* that the rates are of; NAN without */
    ps_value rate[2], rate_change, rate_lower, rate_upper;
    ps_value rate_percent; /* change in per cent of the first; unbounded from 0 */
    ps_judgement absolute, relative;
} ps_deprivation_change;

/* Has an area improved in absolute and in relative terms?
 * Rule     position: the change of the mean rank's percentile beyond dead_band points;
 *          level: the interval of the difference of the two proportions (Newcombe)
 *          excludes 0; a numerator or denominator that is missing makes the rates
 * missing. LSOAs without rank or population in one of the releases are left out of both.
 *          Both releases stand on the same boundaries.
 * Errors   as ps_deprivation_summarise; PS_FORMAT when a numerator exceeds its
 *          denominator in sum. */
ps_status ps_deprivation_compare(const ps_deprivation_release *before,
                                 const ps_deprivation_release *after, size_t n,
                                 double dead_band, double confidence,
                                 ps_deprivation_change *out, ps_error *err) PS_MUST_CHECK;

#endif
