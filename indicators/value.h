/* One number and why it is there or not: what every method returns beside plain counts.
 */
#ifndef PS_INDICATORS_VALUE_H
#define PS_INDICATORS_VALUE_H

#include <math.h>
#include <stdbool.h>

#include "engine/core/text.h"

/* Why a figure is there or not. A value and its status are separate: nothing but
 * PS_VALUE_OK has a number, and no number is ever NaN or infinite. */
typedef enum ps_value_status {
    PS_VALUE_OK,
    PS_VALUE_MISSING,   /* an input is missing: a month never published, no population */
    PS_VALUE_UNDEFINED, /* 0/0, a zero denominator */
    PS_VALUE_UNBOUNDED,
    PS_VALUE_SMALL_BASE,
    PS_VALUE_SUPPRESSED, /* for disclosure control; why is not told to readers */
    PS_VALUE_SUPPRESSED_PRIMARY,
    PS_VALUE_SUPPRESSED_SECONDARY,
    PS_VALUE_NOT_APPLICABLE,
    PS_VALUE_DENOMINATOR_ZERO /* events but nobody to divide by: the count stands, the
                                 rate does not */
} ps_value_status;

/* "ok", "missing", "undefined", ... as written in outputs. */
const char *ps_value_status_text(ps_value_status status);
/* The status with this name; otherwise when none has it, and when it is "ok". */
ps_value_status ps_value_status_find(ps_str name, ps_value_status otherwise);

typedef struct ps_estimate {
    ps_value_status status;
    double value, lower, upper;    /* 0 unless status is PS_VALUE_OK */
    ps_value_status limits_status; /* of lower and upper */
    const char *method;            /* "Exact", "Byars", ... */
} ps_estimate;

typedef struct ps_value {
    ps_value_status status;
    double value; /* 0 unless status is PS_VALUE_OK */
} ps_value;

static inline ps_value ps_value_none(ps_value_status status) {
    return (ps_value){.status = status, .value = 0};
}

/* A result of arithmetic: undefined when it left the range of a double. */
static inline ps_value ps_value_of(double value) {
    if (!isfinite(value)) return ps_value_none(PS_VALUE_UNDEFINED);
    return (ps_value){.status = PS_VALUE_OK, .value = value};
}

static inline bool ps_value_ok(ps_value value) {
    return value.status == PS_VALUE_OK;
}

/* after - before; without one of them its status. */
static inline ps_value ps_value_difference(ps_value before, ps_value after) {
    if (!ps_value_ok(before)) return before;
    if (!ps_value_ok(after)) return after;
    return ps_value_of(after.value - before.value);
}

/* The levels that every interval of this library takes. */
static inline bool ps_confidence_ok(double confidence) {
    return confidence >= 0.9 && confidence < 1;
}

#endif
