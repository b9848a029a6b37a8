#include "indicators/rate.h"

#include <math.h>
#include <stddef.h>

#include "indicators/distribution.h"

const char *ps_value_status_text(ps_value_status status) {
    switch (status) {
        case PS_VALUE_OK:
            return "ok";
        case PS_VALUE_MISSING:
            return "missing";
        case PS_VALUE_UNDEFINED:
            return "undefined";
        case PS_VALUE_UNBOUNDED:
            return "unbounded";
        case PS_VALUE_SMALL_BASE:
            return "small-base";
        case PS_VALUE_SUPPRESSED_PRIMARY:
            return "suppressed-primary";
        case PS_VALUE_SUPPRESSED_SECONDARY:
            return "suppressed-secondary";
        case PS_VALUE_NOT_APPLICABLE:
            return "not-applicable";
        case PS_VALUE_DENOMINATOR_ZERO:
            return "denominator-zero-with-events";
    }
    return "undefined";
}

static ps_estimate without_value(ps_value_status status) {
    return (ps_estimate){.status = status, .limits_status = status, .method = ""};
}

/* Limits of a huge value may leave the range of a double; they are then left out rather
 * than written as infinite. */
static ps_estimate checked(ps_estimate estimate) {
    if (!isfinite(estimate.value)) return without_value(PS_VALUE_UNDEFINED);
    if (!isfinite(estimate.lower) || !isfinite(estimate.upper)) {
        estimate.lower = estimate.upper = 0;
        estimate.limits_status = PS_VALUE_UNDEFINED;
    }
    return estimate;
}

static double cube(double a) {
    return a * a * a;
}

ps_estimate ps_count(double x, double confidence) {
    enum { EXACT_BELOW = 10 };
    if (!isfinite(x) || x < 0) return without_value(PS_VALUE_UNDEFINED);
    if (!(confidence >= 0.9 && confidence < 1)) return without_value(PS_VALUE_UNDEFINED);
    ps_estimate estimate = {
        .status = PS_VALUE_OK, .limits_status = PS_VALUE_OK, .value = x};
    if (x < EXACT_BELOW) {
        double tail = (1 - confidence) / 2;
        estimate.method = "Exact";
        estimate.lower = x > 0 ? ps_chi_squared_quantile(tail, 2 * x) / 2 : 0;
        estimate.upper = ps_chi_squared_quantile(1 - tail, 2 * x + 2) / 2;
    } else {
        /* No confidence below 1 has z above 8.3, so the cubes are positive from 10 on. */
        double z = ps_normal_two_sided(confidence), next = x + 1;
        estimate.method = "Byars";
        estimate.lower = x * cube(1 - 1 / (9 * x) - z / (3 * sqrt(x)));
        estimate.upper = next * cube(1 - 1 / (9 * next) + z / (3 * sqrt(next)));
    }
    return checked(estimate);
}

ps_estimate ps_crude_rate(double x, double n, double multiplier, double confidence) {
    ps_estimate rate = ps_count(x, confidence);
    if (rate.status != PS_VALUE_OK) return rate;
    if (!isfinite(n) || n < 0) return without_value(PS_VALUE_MISSING);
    if (!isfinite(multiplier) || multiplier <= 0)
        return without_value(PS_VALUE_UNDEFINED);
    if (n == 0)
        return without_value(x > 0 ? PS_VALUE_DENOMINATOR_ZERO : PS_VALUE_UNDEFINED);
    rate.value = multiplier * x / n;
    rate.lower = multiplier * rate.lower / n;
    rate.upper = multiplier * rate.upper / n;
    return checked(rate);
}
