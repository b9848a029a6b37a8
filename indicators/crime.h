/* The crime types of police.uk street-level files and the series made of them.
 *
 * Anti-social behaviour is incidents, not crime: the two totals are kept apart, and their
 * sum exists only for those who ask for `all-incidents`. Types renamed over the years
 * keep their own label and are bridged by groups. Source: data.police.uk, "About the
 * data"; methods note 15.
 */
#ifndef PS_INDICATORS_CRIME_H
#define PS_INDICATORS_CRIME_H

#include "engine/core/text.h"

typedef struct ps_crime_type {
    const char *label;    /* as in the file: "Violence and sexual offences" */
    const char *id;       /* stable: "violence-and-sexual-offences" */
    bool recorded;        /* a recorded crime, not ASB */
    ps_month first, last; /* in use; PS_NO_MONTH when open */
} ps_crime_type;

size_t ps_crime_types(const ps_crime_type **out);
/* The type with this label (exact, then ignoring case and outer spaces) or NULL. */
const ps_crime_type *ps_crime_type_find(ps_str label);

/* Built-in series: one per current type, then recorded-crime, anti-social-behaviour and
 * all-incidents. */
typedef struct ps_crime_series {
    const char *id;
    const char *title;
    bool by_default; /* false for all-incidents */
} ps_crime_series;
size_t ps_crime_series_list(const ps_crime_series **out);
/* Does this label count towards this built-in series? */
bool ps_crime_series_holds(const char *series_id, ps_str label);

#endif
