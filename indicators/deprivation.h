/* Indices of deprivation: summaries of larger areas, building an index from its domains,
 * change between two releases, and moving values between LSOA vintages.
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/judgement.h"
#include "indicators/value.h"

/* Which of `parts` equal parts a rank falls in: ceil(parts * rank / country), in
 * integers. 10: decile, 100: percentile. 1 <= rank <= country. */
int64_t ps_rank_part(int64_t rank, int64_t country, int64_t parts);

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
 * Errors   PS_NOMEM; PS_CONFIG for country < 1; PS_FORMAT for a rank outside
 *          [0, country], naming its place among the n.
 * Threads  inputs only read. Cost O(n log n).
 * Source   IoD2019 technical report, chapter 3 and appendix N. */
ps_status ps_deprivation_summarise(const double *score, const int64_t *rank,
                                   const double *population, size_t n, int64_t country,
                                   ps_deprivation *out, ps_error *err) PS_MUST_CHECK;

enum { PS_IMD_DOMAINS = 7 };
/* Income, employment, health, education, crime, barriers, living environment. The
 * published weights add up to 0.999 and are used as they are. */
extern const double ps_imd_weight[PS_IMD_DOMAINS];

/* The exponential transformation of a rank (1 = most deprived, may be a middle rank of
 * ties) among n: 100 for the most deprived, near 0 for the least. NAN outside [1, n]. */
double ps_imd_transform(double rank, size_t n);

/* The index from domain ranks.
 * Shapes   domain_rank, x: n rows of 7 in the order above; NAN: absent; x: transformed
 *          scores (NULL: not wanted); score and rank: n, NAN and 0 where a domain is
 *          absent.
 * Rule     an area without one of its domains has no score; n counts only areas with all.
 *          rank 1 = highest score, equal scores share the lowest rank.
 * Errors   PS_NOMEM; PS_FORMAT for a rank outside [1, n]. */
ps_status ps_imd_build(size_t n, const double *domain_rank,
                       const double weight[PS_IMD_DOMAINS], double *x, double *score,
                       int64_t *rank, ps_error *err) PS_MUST_CHECK;

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
    ps_value rate[2], rate_change, rate_lower, rate_upper;
    ps_value rate_percent; /* change in per cent of the first; unbounded from 0 */
    ps_judgement absolute, relative;
    bool both; /* improved in level and in position */
} ps_deprivation_change;

/* Has an area improved in absolute and in relative terms?
 * Rule     position: the change of the mean rank's percentile beyond dead_band points;
 *          level: the interval of the difference of the two proportions (Newcombe)
 *          excludes 0, sums rounded to whole people. LSOAs without rank or population in
 * one of the releases are left out of both. Both releases stand on the same boundaries.
 * Errors   as ps_deprivation_summarise; PS_FORMAT when a numerator exceeds its
 *          denominator in sum. */
ps_status ps_deprivation_compare(const ps_deprivation_release *before,
                                 const ps_deprivation_release *after, size_t n,
                                 double dead_band, double confidence,
                                 ps_deprivation_change *out, ps_error *err) PS_MUST_CHECK;

/* What a value is, which decides how it moves to other boundaries. */
typedef enum ps_value_kind {
    PS_KIND_EXTENSIVE, /* counts, populations: shared out, totals kept */
    PS_KIND_INTENSIVE, /* scores, rates: inherited or averaged */
    PS_KIND_CATEGORY,  /* flags and classes: the majority of the people */
    PS_KIND_RANK       /* carried where nothing changed, otherwise not applicable */
} ps_value_kind;

/* Pairs of old and new areas, as in the ONS exact-fit look-up. */
typedef struct ps_area_pairs {
    size_t n, n_from, n_to;
    const int32_t *from, *to; /* [0, n_from), [0, n_to) */
    const double *weight;     /* people of the overlap; NULL or NAN: unknown */
    const double *area;       /* size of the overlap, second choice; NULL or NAN */
} ps_area_pairs;

typedef struct ps_moved {
    ps_value_status status;
    double value;     /* of a category: its number */
    char change;      /* U unchanged, S part of a split, M merged, X irregular */
    double share_min; /* least share of a parent that came here; of a category the share
                         of the majority */
    bool irregular;   /* X */
    bool fallback;    /* some share rests on area or on equal parts */
    bool contested;   /* a category with less than 75 % */
} ps_moved;

/* Values of old areas on new ones.
 * Shapes   value: n_from, NAN absent, integers when a category; out: n_to.
 * Rule     share of a parent = weight of the overlap / weight of all its overlaps; where
 *          one is unknown or all are 0, by area, and failing that in equal parts. A new
 *          area with a parent whose value is absent has none. Equal majorities: the lower
 *          category.
 * Errors   PS_NOMEM; PS_FORMAT for a pair listed twice or an area without a pair;
 *          PS_GATE when shared-out values do not add up to what came in (1e-9). */
ps_status ps_area_values_move(const ps_area_pairs *pairs, ps_value_kind kind,
                              const double *value, ps_moved *out,
                              ps_error *err) PS_MUST_CHECK;

#endif
