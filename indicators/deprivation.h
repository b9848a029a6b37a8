/* Indices of deprivation: summaries of larger areas.
 *
 * Small areas are LSOAs. Rank 1 is the most deprived of the `country` LSOAs that were
 * ranked together; the measures that average ranks turn them round first (most deprived =
 * country), so that higher is always more deprived.
 *
 * Source: McLennan et al. 2019, The English Indices of Deprivation 2019: Technical
 * report, chapter 3 and appendix N; research report, File 10.
 */
#ifndef PS_INDICATORS_DEPRIVATION_H
#define PS_INDICATORS_DEPRIVATION_H

#include <stdint.h>

#include "indicators/method.h"

/* Which of `parts` equal parts a rank falls in: ceil(parts * rank / country), in
 * integers. 10: decile, 100: percentile. 1 <= rank <= country. */
int64_t ps_rank_part(int64_t rank, int64_t country, int64_t parts);

/* Does an LSOA count: does it have a rank, and people or none rather than an unknown
 * number? */
static inline bool ps_deprivation_counts(int64_t rank, double population) {
    return rank > 0 && population >= 0 && isfinite(population);
}

/* Could these be ranks among so many areas? PS_CONFIG for country outside [1, 1e9];
 * PS_FORMAT for a rank outside [0, country], naming its place among the n. */
ps_status ps_deprivation_check(const int64_t *rank, size_t n, int64_t country,
                               ps_error *err) PS_MUST_CHECK;

typedef struct ps_deprivation {
    int64_t areas, without_rank; /* counted; left out for want of rank or population */
    int64_t decile1, percent1;   /* areas in the most deprived 10 % and 1 % */
    double population;
    ps_value average_score; /* missing when a counted area has no score */
    ps_value average_rank;
    ps_value share_decile1, share_percent1; /* of areas */
    ps_value people_decile1;                /* share of the population in decile 1 */
    ps_value extent;
    ps_value local_concentration;
} ps_deprivation;

/* How deprived is an area that is made of LSOAs?
 * Shapes   score (NULL: none), rank, population: n values; rank 0 or a population that is
 *          negative or not finite: the LSOA is left out and counted; score NAN: absent.
 * Rule     extent weighs people in the most deprived 10 % with 1, then 0.95 at the 11th
 *          percentile down to 0.05 at the 30th; local concentration is the mean reversed
 *          rank of the most deprived LSOAs that hold exactly 10 % of the people, the last
 *          one in part. Equal ranks: any order gives the same. No area counted: all
 *          missing; areas without people: what weighs people is undefined.
 * Errors   PS_NOMEM; as ps_deprivation_check.
 * Threads  inputs only read. Cost O(n log n).
 * Source   IoD2019 technical report, chapter 3 and appendix N. */
ps_status ps_deprivation_summarise(const double *score, const int64_t *rank,
                                   const double *population, size_t n, int64_t country,
                                   ps_deprivation *out, ps_error *err) PS_MUST_CHECK;

/* ---- for adaptors ---- */

/* How many areas were ranked together, as a parameter of a method. */
#define PS_PARAM_COUNTRY(name)                                                     \
    {                                                                              \
        name, PS_COLUMN_INTEGER, "32844", NULL, 1, 1000000000,                     \
            "areas that were ranked together: 32844 in England in 2015 and 2019, " \
            "33755 in 2025"                                                        \
    }
/* Column k of a group as ranks, 0 where missing; the caller frees them with ps_free.
 * PS_FORMAT names a row whose rank is not one of 1 .. country. */
ps_status ps_deprivation_ranks(const ps_method_call *call, const ps_call_group *group,
                               size_t k, int64_t country, int64_t **out,
                               ps_error *err) PS_MUST_CHECK;

#endif
