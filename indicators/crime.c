/* The list of types with the months they were in use.
 *
 * Three sets of labels have been published: six from December 2010, more from September
 * 2011, the present ones from May 2013. A label that came later took its rows out of
 * other labels, so a series of one label breaks there; a bridge is a sum of labels that
 * does not.
 */
#include "indicators/crime.h"

#include <string.h>

#define MONTH(year, month) ((year)*12 + (month)-1)
#define LAUNCH MONTH(2010, 12)
#define SECOND_SET MONTH(2011, 9)
#define THIRD_SET MONTH(2013, 5)

static const ps_crime_type types[] = {
    {"Anti-social behaviour", "anti-social-behaviour", false, LAUNCH, PS_NO_MONTH},
    {"Bicycle theft", "bicycle-theft", true, THIRD_SET, PS_NO_MONTH},
    {"Burglary", "burglary", true, LAUNCH, PS_NO_MONTH},
    {"Criminal damage and arson", "criminal-damage-and-arson", true, SECOND_SET,
     PS_NO_MONTH},
    {"Drugs", "drugs", true, SECOND_SET, PS_NO_MONTH},
    {"Other crime", "other-crime", true, LAUNCH, PS_NO_MONTH},
    {"Other theft", "other-theft", true, SECOND_SET, PS_NO_MONTH},
    {"Possession of weapons", "possession-of-weapons", true, THIRD_SET, PS_NO_MONTH},
    {"Public disorder and weapons", "public-disorder-and-weapons", true, SECOND_SET,
     THIRD_SET - 1},
    {"Public order", "public-order", true, THIRD_SET, PS_NO_MONTH},
    {"Robbery", "robbery", true, LAUNCH, PS_NO_MONTH},
    {"Shoplifting", "shoplifting", true, SECOND_SET, PS_NO_MONTH},
    {"Theft from the person", "theft-from-the-person", true, THIRD_SET, PS_NO_MONTH},
    {"Vehicle crime", "vehicle-crime", true, LAUNCH, PS_NO_MONTH},
    {"Violence and sexual offences", "violence-and-sexual-offences", true, THIRD_SET,
     PS_NO_MONTH},
    {"Violent crime", "violent-crime", true, LAUNCH, THIRD_SET - 1},
};
enum { N_TYPES = sizeof types / sizeof *types };

static const ps_crime_series series[] = {
    {"bicycle-theft", "Bicycle theft", true},
    {"burglary", "Burglary", true},
    {"criminal-damage-and-arson", "Criminal damage and arson", true},
    {"drugs", "Drugs", true},
    {"other-crime", "Other crime", true},
    {"other-theft", "Other theft", true},
    {"possession-of-weapons", "Possession of weapons", true},
    {"public-order", "Public order", true},
    {"robbery", "Robbery", true},
    {"shoplifting", "Shoplifting", true},
    {"theft-from-the-person", "Theft from the person", true},
    {"vehicle-crime", "Vehicle crime", true},
    {"violence-and-sexual-offences", "Violence and sexual offences", true},
    {"recorded-crime", "Recorded crime (without anti-social behaviour)", true},
    {"anti-social-behaviour", "Anti-social behaviour incidents", true},
    {"violence-bridge", "Violent crime, later violence and sexual offences", false},
    {"public-order-and-weapons-bridge", "Public order and weapons, old and new labels",
     false},
    {"theft-bridge", "Other theft with bicycle theft and theft from the person", false},
    {"all-incidents", "Recorded crime and anti-social behaviour together", false},
};

/* Which types a bridge adds up. */
static const struct {
    const char *series;
    const char *types[3];
} bridges[] = {
    {"violence-bridge", {"violent-crime", "violence-and-sexual-offences", NULL}},
    {"public-order-and-weapons-bridge",
     {"public-disorder-and-weapons", "public-order", "possession-of-weapons"}},
    {"theft-bridge", {"other-theft", "bicycle-theft", "theft-from-the-person"}},
};

size_t ps_crime_types(const ps_crime_type **out) {
    *out = types;
    return N_TYPES;
}

static char lower(char c) {
    if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
    return c;
}

static bool same_ignoring_case(ps_str a, const char *b) {
    for (size_t i = 0; i < a.n; i++)
        if (b[i] == '\0' || lower(a.p[i]) != lower(b[i])) return false;
    return b[a.n] == '\0';
}

const ps_crime_type *ps_crime_type_find(ps_str label) {
    for (size_t i = 0; i < N_TYPES; i++)
        if (ps_str_is(label, types[i].label)) return &types[i];
    label = ps_str_trim(label);
    for (size_t i = 0; i < N_TYPES; i++)
        if (same_ignoring_case(label, types[i].label)) return &types[i];
    return NULL;
}

size_t ps_crime_series_list(const ps_crime_series **out) {
    *out = series;
    return sizeof series / sizeof *series;
}

bool ps_crime_series_holds(const char *series_id, ps_str label) {
    const ps_crime_type *type = ps_crime_type_find(label);
    if (type == NULL) return false;
    if (strcmp(series_id, "all-incidents") == 0) return true;
    if (strcmp(series_id, "recorded-crime") == 0) return type->recorded;
    for (size_t i = 0; i < sizeof bridges / sizeof *bridges; i++) {
        if (strcmp(series_id, bridges[i].series) != 0) continue;
        for (size_t k = 0; k < 3 && bridges[i].types[k] != NULL; k++)
            if (strcmp(type->id, bridges[i].types[k]) == 0) return true;
        return false;
    }
    return strcmp(series_id, type->id) == 0;
}
