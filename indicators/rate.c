#include "indicators/rate.h"

#include <math.h>
#include <stddef.h>

#include "indicators/distribution.h"
#include "indicators/method.h"

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
    return ps_count_by(x, confidence, PS_COUNT_PUBLIC_HEALTH);
}

ps_estimate ps_count_by(double x, double confidence, ps_count_rule rule) {
    enum { EXACT_BELOW = 10 };
    if (!isfinite(x) || x < 0) return without_value(PS_VALUE_UNDEFINED);
    if (!(confidence >= 0.9 && confidence < 1)) return without_value(PS_VALUE_UNDEFINED);
    ps_estimate estimate = {
        .status = PS_VALUE_OK, .limits_status = PS_VALUE_OK, .value = x};
    if (rule == PS_COUNT_EXACT || (rule == PS_COUNT_PUBLIC_HEALTH && x < EXACT_BELOW)) {
        double tail = (1 - confidence) / 2;
        estimate.method = "Exact";
        estimate.lower = x > 0 ? ps_chi_squared_quantile(tail, 2 * x) / 2 : 0;
        estimate.upper = ps_chi_squared_quantile(1 - tail, 2 * x + 2) / 2;
    } else {
        /* No confidence below 1 has z above 8.3, so the cubes are positive from 10 on;
         * below, a lower limit that would be negative does not exist. */
        double z = ps_normal_two_sided(confidence), next = x + 1;
        double root = 1 - 1 / (9 * x) - z / (3 * sqrt(x));
        estimate.method = "Byars";
        estimate.lower = root >= 0 ? x * cube(root) : (double)NAN;
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

/* ---- methods ---- */

#define BRIEFING_3                                                                     \
    "PHE/OHID, Commonly used public health statistics and their confidence intervals " \
    "(APHO Technical Briefing 3, Eayres 2008)"

static ps_status negative(const ps_method_call *call, size_t row, const char *what,
                          double value, ps_error *err) {
    char text[32];
    ps_format_double(value, text);
    return ps_fail(err, PS_FORMAT, "%s: row %lld: %s is %s, but has to be 0 or more",
                   ps_table_name(ps_call_table(call)),
                   (long long)ps_call_row_in_file(call, row), what, text);
}

/* A cell that counts something: NAN when missing. */
static ps_status take_count(const ps_method_call *call, size_t row, size_t input,
                            const char *what, double *value, ps_error *err) {
    bool missing = false;
    PS_TRY(ps_call_number(call, row, input, value, &missing, err));
    if (missing)
        *value = NAN;
    else if (*value < 0)
        return negative(call, row, what, *value, err);
    return PS_OK;
}

static const ps_method_param count_params[] = {
    PS_PARAM_CONFIDENCE,
    {"rule", PS_COLUMN_TEXT, "public-health", "public-health|exact|byar", 1, 0,
     "public-health: exact below 10, Byar's from 10 on"},
};

static const ps_method_column count_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"count", PS_COLUMN_NUMBER, true, "events; may be fractional when apportioned"},
};

static const ps_method_column count_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"count", PS_COLUMN_NUMBER, true, "as in the input"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit of the Poisson mean"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit of the Poisson mean"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"method", PS_COLUMN_TEXT, true, "Exact or Byars"},
    {"noninteger", PS_COLUMN_INTEGER, true, "1 when the count is not a whole number"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing"},
    {"limits_status", PS_COLUMN_TEXT, true, "ok, undefined (Byar's without a lower)"},
};

static ps_count_rule rule_of(const ps_method_call *call, size_t param) {
    if (ps_call_param_is(call, param, "exact")) return PS_COUNT_EXACT;
    if (ps_call_param_is(call, param, "byar")) return PS_COUNT_BYAR;
    return PS_COUNT_PUBLIC_HEALTH;
}

static ps_status run_count(const ps_method_call *call, ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    ps_count_rule rule = rule_of(call, 1);
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double x = 0;
        PS_TRY(take_count(call, i, 1, "count", &x, err));
        ps_estimate e =
            isnan(x) ? without_value(PS_VALUE_MISSING) : ps_count_by(x, confidence, rule);
        ps_call_put_text(call, 0, ps_call_text(call, i, 0));
        ps_call_put_number(call, 1, e.status, e.value);
        ps_call_put_number(call, 2, e.limits_status, e.lower);
        ps_call_put_number(call, 3, e.limits_status, e.upper);
        ps_call_put_number(call, 4, PS_VALUE_OK, confidence);
        ps_call_put_text(call, 5, ps_str_of(e.method));
        if (!isnan(x)) ps_call_put_int(call, 6, x != floor(x));
        ps_call_put_status(call, 7, e.status);
        ps_call_put_status(call, 8, e.limits_status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

const ps_method ps_method_count_ci = {
    .id = "count_ci",
    .title = "Confidence interval of a count",
    .formula =
        "Exact: lower = chi2inv(a/2; 2x)/2, 0 when x = 0; upper = chi2inv(1 - a/2; 2x + "
        "2)/2. Byar: lower = x (1 - 1/(9x) - z/(3 sqrt x))^3; upper = (x + 1) (1 - "
        "1/(9(x "
        "+ 1)) + z/(3 sqrt(x + 1)))^3. Exact below 10 events, Byar from 10 on, unless "
        "the rule says otherwise.",
    .source = BRIEFING_3 "; Breslow & Day 1987",
    .input = count_inputs,
    .n_input = PS_LENGTH(count_inputs),
    .param = count_params,
    .n_param = PS_LENGTH(count_params),
    .output = count_outputs,
    .n_output = PS_LENGTH(count_outputs),
    .run = run_count,
};

static const ps_method_param rate_params[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1000", NULL, 1e-9, 1e12, "rate per so many people"},
};

static const ps_method_column rate_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"count", PS_COLUMN_NUMBER, true, "events"},
    {"population", PS_COLUMN_NUMBER, true,
     "people; person-years when the count covers several years"},
};

static const ps_method_column rate_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"count", PS_COLUMN_NUMBER, true, "as in the input"},
    {"population", PS_COLUMN_NUMBER, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "the rate"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"multiplier", PS_COLUMN_NUMBER, true, "rate per so many people"},
    {"method", PS_COLUMN_TEXT, true, "Exact or Byars"},
    {"noninteger", PS_COLUMN_INTEGER, true, "1 when the count is not a whole number"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, undefined (0/0), denominator-zero-with-events"},
};

static ps_status run_rate(const ps_method_call *call, ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    double multiplier = ps_call_param_number(call, 1);
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double x = 0, n = 0;
        bool missing = false;
        PS_TRY(take_count(call, i, 1, "count", &x, err));
        PS_TRY(ps_call_number(call, i, 2, &n, &missing, err));
        ps_estimate e = isnan(x)
                            ? without_value(PS_VALUE_MISSING)
                            : ps_crude_rate(x, missing ? -1 : n, multiplier, confidence);
        ps_call_put_text(call, 0, ps_call_text(call, i, 0));
        ps_call_put_number(call, 1, PS_VALUE_OK, x);
        ps_call_put_number(call, 2, missing ? PS_VALUE_MISSING : PS_VALUE_OK, n);
        ps_call_put_number(call, 3, e.status, e.value);
        ps_call_put_number(call, 4, e.limits_status, e.lower);
        ps_call_put_number(call, 5, e.limits_status, e.upper);
        ps_call_put_number(call, 6, PS_VALUE_OK, confidence);
        ps_call_put_number(call, 7, PS_VALUE_OK, multiplier);
        ps_call_put_text(call, 8, ps_str_of(e.method));
        if (!isnan(x)) ps_call_put_int(call, 9, x != floor(x));
        ps_call_put_status(call, 10, e.status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

const ps_method ps_method_crude_rate = {
    .id = "crude_rate",
    .title = "Crude rate",
    .formula =
        "value = m x / n; lower and upper = m / n times the limits of the count x "
        "(count_ci). Sum events and people first, then divide.",
    .source = BRIEFING_3,
    .input = rate_inputs,
    .n_input = PS_LENGTH(rate_inputs),
    .param = rate_params,
    .n_param = PS_LENGTH(rate_params),
    .output = rate_outputs,
    .n_output = PS_LENGTH(rate_outputs),
    .run = run_rate,
};
