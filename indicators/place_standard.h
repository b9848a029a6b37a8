/* How good is our place? The Place Standard: fourteen themes, scored 1 (much room for
 * improvement) to 7 (little room).
 *
 * Scores come from open conversations, not from a random sample: intervals describe the
 * spread of those who came and are indicative only. Groups give one score that they
 * agreed on; it is one response, never as many as they are people, unless that is asked
 * for.
 *
 * Source: Place Standard tool (NHS Health Scotland, Architecture & Design Scotland,
 * Scottish Government); Welch 1947, Biometrika 34:28. Methods note 6.1.
 */
#ifndef PS_INDICATORS_PLACE_STANDARD_H
#define PS_INDICATORS_PLACE_STANDARD_H

#include "engine/core/text.h"
#include "indicators/value.h"

enum { PS_THEMES = 14, PS_THEME_SCORES = 7 };

/* "moving-around", ..., "influence-control". */
const char *ps_theme_id(size_t theme);
/* By id, or by the name on the tool ("Influence and sense of control"); -1: none. */
int ps_theme_find(ps_str text);

/* The scores of one theme, place and round. */
typedef struct ps_theme_scores {
    size_t n;
    const double *score;       /* 1 to 7, halves included; NAN where not scored */
    const double *weight;      /* above 0; NULL: all 1 */
    const int32_t *event;      /* responses of one conversation; NULL: each its own */
    const int32_t *respondent; /* for matching; negative: not known; NULL: none known */
} ps_theme_scores;

typedef struct ps_theme_figures {
    int64_t n, n_missing;
    ps_value mean, se, lower, upper; /* Student's t; clustered in events (survey.h) */
    double df, weight;               /* weight: of all responses */
    ps_value sd, median;
    ps_value share[PS_THEME_SCORES]; /* of each score; a half counts half to both sides */
    ps_value low, mid, high;         /* of 1 to 3, 4, 5 to 7 */
    bool spread; /* sd above 1.75, or low and high both at 35 % or more */
} ps_theme_figures;

/* What was scored?
 * Rule     nobody: all missing. One response, or one event: limits and sd undefined.
 *   Shares are weighted, as is the median (half the weight on either side).
 * Errors   PS_NOMEM. Threads pure. Cost O(n log n). */
ps_status ps_theme_measure(const ps_theme_scores *scores, double confidence,
                           ps_theme_figures *out, ps_error *err) PS_MUST_CHECK;

/* The mean of the theme means: at least 12 themes need 5 responses, else small-base. */
ps_value ps_theme_overall(const ps_theme_figures figures[PS_THEMES]);

typedef struct ps_theme_change {
    const char *test; /* "paired-t", "welch", "" */
    int64_t n_pairs;
    double mean[2], se[2]; /* that are compared, before and after; se of welch alone */
    ps_value change, lower, upper, t, df, p;
    ps_value p_rank;   /* Wilcoxon's signed ranks, or Mann and Whitney's */
    ps_value effect;   /* change over the pooled standard deviation */
    ps_value superior; /* P(later higher) + P(equal) / 2 */
} ps_theme_change;

enum { PS_THEME_LEAST = 5 };

/* Did it change between two rounds?
 * Rule     matched: differences of the respondents who scored in both, unweighted; else
 *   Welch, with the standard errors of the rounds. Fewer than 5 in a round, or 5 pairs:
 *   small-base. No spread in either: change stands, the rest is undefined.
 * Errors   PS_NOMEM; PS_FORMAT when a respondent stands twice in a round.
 * Threads  pure. Cost O(n log n). */
ps_status ps_theme_compare(const ps_theme_scores *before, const ps_theme_scores *after,
                           bool matched, double confidence, ps_theme_change *out,
                           ps_error *err) PS_MUST_CHECK;

#endif
