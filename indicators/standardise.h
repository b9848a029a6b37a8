/* Rates that allow for age structure: directly and indirectly standardised.
 *
 * Source: Dobson, Kuulasmaa, Eberle & Scherer 1991, Stat. Med. 10:457; Breslow & Day
 * 1987, IARC 82; PHE/OHID, Commonly used public health statistics; Eurostat 2013,
 * Revision of the European Standard Population. Methods note 2.
 */
#ifndef PS_INDICATORS_STANDARDISE_H
#define PS_INDICATORS_STANDARDISE_H

#include "indicators/rate.h"

/* The 2013 European Standard Population: 19 bands, 0-4 to 90 and over, 100,000 in all. */
enum { PS_ESP_BANDS = 19 };
extern const double ps_esp_2013[PS_ESP_BANDS];

typedef struct ps_standardised {
    ps_estimate estimate; /* method "Dobson" */
    double total_count, total_population;
} ps_standardised;

/* The rate that the standard population would have with this area's rates by stratum.
 * Shapes   all arrays n, one per stratum; events NAN: 0; squares NULL: independent
 * events, else the sum of f^2 times the people with f events (events: sum of f times
 * them), which widens the interval when few people have many events.
 * Rule     fewer than 10 events in all: small-base; a population or a standard that is
 * missing makes the figure missing, a population of 0 undefined: no stratum is ever
 * dropped, as that would change the standard. Units    multiplier times events per
 * person. */
ps_standardised ps_direct_rate(size_t n, const double *events, const double *squares,
                               const double *population, const double *standard,
                               double multiplier, double confidence);

typedef struct ps_indirect {
    ps_estimate ratio; /* observed over expected, times the reference */
    ps_estimate rate;  /* the ratio applied to the crude rate of the reference */
    double observed, expected;
    double reference_rate; /* with the multiplier */
} ps_indirect;

/* Events compared with those expected at the rates of a reference population.
 * Shapes   population, reference_events (NAN: 0), reference_population: n, one per
 * stratum. observed: the area's events. reference: 1 or 100, what the ratio is scaled to.
 * Rule     limits are those of the count `observed` (exact below 10); expected 0:
 * undefined; a reference population of 0, or a missing one: undefined, missing. */
ps_indirect ps_indirect_rate(size_t n, const double *population,
                             const double *reference_events,
                             const double *reference_population, double observed,
                             double reference, double multiplier, double confidence);

#endif
