/* How inclusive do organisations say they are? Self-evaluation against the Inclusive
 * Communities Framework: five approaches, each scored by every organisation every year.
 *
 * It is a count of those who take part, not a sample: there are no intervals. Change is
 * looked at in the organisations that are there in both years.
 *
 * Source: Inclusive Communities Framework (Kirklees); methods note 6.2.
 */
#ifndef PS_INDICATORS_ICF_H
#define PS_INDICATORS_ICF_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/text.h"
#include "indicators/value.h"

enum { PS_ICF_APPROACHES = 5 };

/* "connecting", "communicating", "equalising", "trusting", "celebrating". */
const char *ps_icf_approach(size_t approach);
/* Ignoring case; -1: none. */
int ps_icf_find(ps_str text);

typedef struct ps_icf_score {
    ps_value overall; /* the mean of all five; missing when one is */
    ps_value present; /* the mean of those that are there */
} ps_icf_score;

/* An organisation's score; NAN where an approach has none. */
ps_icf_score ps_icf_overall(const double score[PS_ICF_APPROACHES]);

typedef struct ps_icf_summary {
    size_t n; /* with a score */
    ps_value mean, median, least, most;
} ps_icf_summary;

/* The organisations together; NAN has no score and takes no part. PS_NOMEM. */
ps_status ps_icf_summarise(size_t n, const double *score, ps_icf_summary *out,
                           ps_error *err) PS_MUST_CHECK;

enum { PS_ICF_LEAST_TESTED = 6 };

typedef struct ps_icf_change {
    size_t matched; /* organisations with a score in both years */
    ps_value mean;  /* of their changes */
    ps_value p;     /* Wilcoxon's signed ranks, from 6 on: a description, not a test */
} ps_icf_change;

/* The change of the organisations that are there in both years. PS_NOMEM. */
ps_status ps_icf_compare(size_t n, const double *before, const double *after,
                         ps_icf_change *out, ps_error *err) PS_MUST_CHECK;

#endif
