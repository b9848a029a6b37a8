#include "indicators/rate.h"

#include <math.h>
#include <stddef.h>

#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/sum.h"

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
    return ps_rate_of_count(ps_count(x, confidence), n, multiplier);
}

ps_estimate ps_rate_of_count(ps_estimate rate, double n, double multiplier) {
    const double x = rate.value;
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

ps_estimate ps_proportion(double x, double n, double multiplier, double confidence,
                          ps_proportion_rule rule) {
    if (!isfinite(n) || n < 0) return without_value(PS_VALUE_MISSING);
    if (!(x >= 0 && x <= n) || n == 0 || !isfinite(multiplier) || multiplier <= 0 ||
        !(confidence >= 0.9 && confidence <= 1))
        return without_value(PS_VALUE_UNDEFINED);
    ps_estimate p = {.status = PS_VALUE_OK, .limits_status = PS_VALUE_OK, .value = x / n};
    double half = (1 - confidence) / 2;
    p.method = rule == PS_PROPORTION_WILSON ? "Wilson" : "Clopper-Pearson";
    if (confidence == 1) {
        p.lower = 0;
        p.upper = 1;
    } else if (rule == PS_PROPORTION_WILSON) {
        double z = ps_normal_two_sided(confidence), square = z * z;
        double root = z * sqrt(square + 4 * x * (n - x) / n);
        p.lower = x > 0 ? (2 * x + square - root) / (2 * (n + square)) : 0;
        p.upper = x < n ? (2 * x + square + root) / (2 * (n + square)) : 1;
    } else {
        p.lower = x > 0 ? ps_beta_quantile(half, x, n - x + 1) : 0;
        p.upper = x < n ? ps_beta_quantile(1 - half, x + 1, n - x) : 1;
    }
    p.value *= multiplier;
    p.lower *= multiplier;
    p.upper *= multiplier;
    return checked(p);
}

ps_mean ps_mean_of(const double *values, size_t n, double confidence, bool propagate) {
    ps_mean mean = {.estimate = without_value(PS_VALUE_MISSING),
                    .deviation_status = PS_VALUE_MISSING};
    ps_sum sum = {0, 0}, squares = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            mean.n_missing++;
        else
            ps_sum_add(&sum, values[i]);
    }
    mean.n = (int64_t)n - mean.n_missing;
    if (mean.n == 0 || (propagate && mean.n_missing > 0)) return mean;
    const double total = ps_sum_value(&sum), count = (double)mean.n;
    const double centre = total / count;
    for (size_t i = 0; i < n; i++) {
        double off = values[i] - centre;
        if (!isnan(values[i])) ps_sum_add(&squares, off * off);
    }
    mean.sum = total;
    mean.estimate = (ps_estimate){.status = PS_VALUE_OK,
                                  .limits_status = PS_VALUE_UNDEFINED,
                                  .value = centre,
                                  .method = "Student t"};
    mean.deviation_status = PS_VALUE_UNDEFINED;
    if (mean.n > 1 && confidence >= 0.9 && confidence < 1) {
        mean.deviation_status = PS_VALUE_OK;
        mean.deviation = sqrt(ps_sum_value(&squares) / (count - 1));
        double reach = ps_student_quantile(1 - (1 - confidence) / 2, count - 1) *
                       mean.deviation / sqrt(count);
        mean.estimate.limits_status = PS_VALUE_OK;
        mean.estimate.lower = centre - reach;
        mean.estimate.upper = centre + reach;
    }
    if (!isfinite(mean.deviation)) {
        mean.deviation_status = PS_VALUE_UNDEFINED;
        mean.deviation = 0;
    }
    mean.estimate = checked(mean.estimate);
    return mean;
}

/* ---- working ---- */

static void step_count_limits(ps_estimate_steps to, double x, double confidence) {
    const ps_estimate e = ps_count(x, confidence);
    const double z = ps_normal_two_sided(confidence), tail = 50 * (1 - confidence),
                 next = x + 1;
    if (e.limits_status != PS_VALUE_OK) return;
    if (e.method[0] == 'E') {
        ps_step_add(to.lower, e.lower,
                    x > 0 ? "lower limit of the count, half the %s %% point of "
                            "chi-squared with 2 * %s degrees of freedom"
                          : "lower limit of no events",
                    PS_STEP(tail), PS_STEP(x));
        ps_step_add(to.upper, e.upper,
                    "upper limit of the count, half the %s %% point of chi-squared with "
                    "2 * %s + 2 degrees of freedom",
                    PS_STEP(100 - tail), PS_STEP(x));
        return;
    }
    ps_step_add(to.lower, e.lower,
                "lower limit of the count (Byar) = %s * (1 - 1 / (9 * %s) - %s / (3 * "
                "sqrt(%s)))^3",
                PS_STEP(x), PS_STEP(x), PS_STEP(z), PS_STEP(x));
    ps_step_add(to.upper, e.upper,
                "upper limit of the count (Byar) = %s * (1 - 1 / (9 * %s) + %s / (3 * "
                "sqrt(%s)))^3",
                PS_STEP(next), PS_STEP(next), PS_STEP(z), PS_STEP(next));
}

void ps_count_steps(ps_estimate_steps to, double x, double confidence) {
    ps_step_add(to.value, x, "counted");
    step_count_limits(to, x, confidence);
}

void ps_crude_rate_steps(ps_estimate_steps to, double x, double n, double multiplier,
                         double confidence) {
    if (!ps_steps_asked(to)) return;
    const ps_estimate e = ps_crude_rate(x, n, multiplier, confidence),
                      count = ps_count(x, confidence);
    if (e.status != PS_VALUE_OK) return;
    ps_step_add(to.value, e.value, "rate = %s * %s / %s", PS_STEP(multiplier), PS_STEP(x),
                PS_STEP(n));
    if (e.limits_status != PS_VALUE_OK) return;
    step_count_limits(to, x, confidence);
    ps_step_add(to.lower, e.lower, "lower limit = %s * %s / %s", PS_STEP(multiplier),
                PS_STEP(count.lower), PS_STEP(n));
    ps_step_add(to.upper, e.upper, "upper limit = %s * %s / %s", PS_STEP(multiplier),
                PS_STEP(count.upper), PS_STEP(n));
}

static void step_wilson(ps_output *to, const ps_estimate *e, double x, double n,
                        double multiplier, double confidence, bool upper) {
    const double z = ps_normal_two_sided(confidence);
    if (upper ? !(x < n) : !(x > 0)) {
        ps_step_add(to, upper ? e->upper : e->lower, "%s limit",
                    upper ? "upper" : "lower");
        return;
    }
    ps_step_add(
        to, upper ? e->upper : e->lower,
        "%s limit (Wilson) = %s * (2 * %s + %s^2 %c %s * sqrt(%s^2 + 4 * %s * (%s "
        "- %s) / %s)) / (2 * (%s + %s^2))",
        upper ? "upper" : "lower", PS_STEP(multiplier), PS_STEP(x), PS_STEP(z),
        upper ? '+' : '-', PS_STEP(z), PS_STEP(z), PS_STEP(x), PS_STEP(n), PS_STEP(x),
        PS_STEP(n), PS_STEP(n), PS_STEP(z));
}

void ps_proportion_steps(ps_estimate_steps to, double x, double n, double multiplier,
                         double confidence, ps_proportion_rule rule) {
    if (!ps_steps_asked(to)) return;
    const ps_estimate e = ps_proportion(x, n, multiplier, confidence, rule);
    if (e.status != PS_VALUE_OK) return;
    ps_step_add(to.value, e.value, "share = %s * %s / %s", PS_STEP(multiplier),
                PS_STEP(x), PS_STEP(n));
    if (e.limits_status != PS_VALUE_OK) return;
    if (rule == PS_PROPORTION_WILSON && confidence < 1) {
        step_wilson(to.lower, &e, x, n, multiplier, confidence, false);
        step_wilson(to.upper, &e, x, n, multiplier, confidence, true);
        return;
    }
    ps_step_add(to.lower, e.lower, "lower limit (%s)", e.method);
    ps_step_add(to.upper, e.upper, "upper limit (%s)", e.method);
}

/* ---- methods ---- */

#define BRIEFING_3                                                                     \
    "PHE/OHID, Commonly used public health statistics and their confidence intervals " \
    "(APHO Technical Briefing 3, Eayres 2008)"

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
        PS_TRY(ps_call_amount(call, i, 1, &x, err));
        ps_estimate e =
            isnan(x) ? without_value(PS_VALUE_MISSING) : ps_count_by(x, confidence, rule);
        ps_call_put_text(call, 0, ps_call_text(call, i, 0));
        ps_call_put_estimate(call, 1, &e);
        ps_call_put_number(call, 4, PS_VALUE_OK, confidence);
        ps_call_put_word(call, 5, e.method);
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
    .evidence =
        "poisson.test of R, random counts to 100,000: 1e-14; tables of Garwood 1936; "
        "Poisson tails solved: 1e-10",
};

static const ps_method_param rate_params[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1000", NULL, 1e-9, 1e12, "rate per so many people"},
    {"annualise", PS_COLUMN_TEXT, "no", "no|yes", 1, 0,
     "yes: as if the year had gone on like that, times days_in_year / days"},
    {"days_in_year", PS_COLUMN_INTEGER, "365", NULL, 365, 366, "of annualise=yes"},
};

static const ps_method_column rate_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"count", PS_COLUMN_NUMBER, true, "events"},
    {"population", PS_COLUMN_NUMBER, true,
     "people; person-years when the count covers several years"},
    {"days", PS_COLUMN_NUMBER, false, "that the count covers, for annualise=yes"},
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
    {"annualised", PS_COLUMN_INTEGER, true, "1: value and limits are per year"},
    {"method", PS_COLUMN_TEXT, true, "Exact or Byars"},
    {"noninteger", PS_COLUMN_INTEGER, true, "1 when the count is not a whole number"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, undefined (0/0), denominator-zero-with-events"},
};

/* What a rate of the row's days is multiplied by to be one of a year; NAN when missing.
 */
static ps_status year_over_days(const ps_method_call *call, size_t row, double *out,
                                ps_error *err) {
    bool missing = false;
    double days = 0;
    *out = 1;
    if (!ps_call_param_is(call, 2, "yes")) return PS_OK;
    if (!ps_call_has(call, 3))
        return ps_fail(err, PS_CONFIG, "crude_rate: annualise=yes needs the column days");
    PS_TRY(ps_call_number(call, row, 3, &days, &missing, err));
    if (!missing && !(days > 0))
        return ps_call_refuse(call, row, err, "days is %.17g, but has to be above 0",
                              days);
    *out = missing ? (double)NAN : ps_call_param_number(call, 3) / days;
    return PS_OK;
}

static ps_status run_rate(const ps_method_call *call, ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    double multiplier = ps_call_param_number(call, 1);
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double x = 0, n = 0, year = 1;
        bool missing = false;
        PS_TRY(ps_call_amount(call, i, 1, &x, err));
        PS_TRY(ps_call_number(call, i, 2, &n, &missing, err));
        PS_TRY(year_over_days(call, i, &year, err));
        ps_estimate e =
            isnan(x) || isnan(year)
                ? without_value(PS_VALUE_MISSING)
                : ps_crude_rate(x, missing ? -1 : n, multiplier * year, confidence);
        ps_crude_rate_steps(ps_call_estimate_steps(call, 3), x, missing ? -1 : n,
                            multiplier * year, confidence);
        ps_call_put_text(call, 0, ps_call_text(call, i, 0));
        ps_call_put_number(call, 1, PS_VALUE_OK, x);
        ps_call_put_number(call, 2, missing ? PS_VALUE_MISSING : PS_VALUE_OK, n);
        ps_call_put_estimate(call, 3, &e);
        ps_call_put_number(call, 6, PS_VALUE_OK, confidence);
        ps_call_put_number(call, 7, PS_VALUE_OK, multiplier);
        ps_call_put_int(call, 8, ps_call_param_is(call, 2, "yes"));
        ps_call_put_word(call, 9, e.method);
        if (!isnan(x)) ps_call_put_int(call, 10, x != floor(x));
        ps_call_put_status(call, 11, e.status);
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
    .evidence =
        "the control figure 45,418 of 425,500 = 106.74 per 1,000; limits as count_ci",
};

static const ps_method_param proportion_params[] = {
    {"confidence", PS_COLUMN_NUMBER, "0.95", NULL, 0.9, 1,
     "level of the interval; at 1 it is 0 to 1"},
    {"multiplier", PS_COLUMN_NUMBER, "100", NULL, 1e-9, 1e12, "100 for per cent"},
    {"rule", PS_COLUMN_TEXT, "wilson", "wilson|clopper-pearson", 1, 0,
     "form of the interval"},
    {"simultaneous", PS_COLUMN_TEXT, "none", "none|bonferroni", 1, 0,
     "bonferroni: intervals of the k shares of one group hold together, each at 1 - a/k"},
};

static const ps_method_column proportion_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "carried over"},
    {"group", PS_COLUMN_TEXT, false,
     "shares of one total, for simultaneous=bonferroni; without it all rows"},
    {"numerator", PS_COLUMN_NUMBER, true, "those counted"},
    {"denominator", PS_COLUMN_NUMBER, true, "all of whom they are a part"},
};

static const ps_method_column proportion_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"numerator", PS_COLUMN_NUMBER, true, "as in the input"},
    {"denominator", PS_COLUMN_NUMBER, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "the proportion"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval, or of all k together"},
    {"shares", PS_COLUMN_INTEGER, true, "k, 1 unless simultaneous"},
    {"multiplier", PS_COLUMN_NUMBER, true, "100 for per cent"},
    {"method", PS_COLUMN_TEXT, true, "Wilson or Clopper-Pearson"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing, undefined (nobody to divide by)"},
};

static ps_status proportion_row(const ps_method_call *call, size_t row, size_t shares,
                                ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    double multiplier = ps_call_param_number(call, 1), x = 0, n = 0;
    double each = 1 - (1 - confidence) / (double)shares;
    PS_TRY(ps_call_amount(call, row, 2, &x, err));
    PS_TRY(ps_call_amount(call, row, 3, &n, err));
    if (x > n)
        return ps_call_refuse(call, row, err,
                              "the numerator is larger than the denominator");
    const ps_proportion_rule rule = ps_call_param_is(call, 2, "wilson")
                                        ? PS_PROPORTION_WILSON
                                        : PS_PROPORTION_CLOPPER_PEARSON;
    ps_estimate e = without_value(PS_VALUE_MISSING);
    if (!isnan(x) && !isnan(n)) e = ps_proportion(x, n, multiplier, each, rule);
    ps_proportion_steps(ps_call_estimate_steps(call, 4), x, n, multiplier, each, rule);
    ps_call_put_text(call, 0, ps_call_text(call, row, 0));
    ps_call_put_text(call, 1, ps_call_text(call, row, 1));
    ps_call_put_number(call, 2, PS_VALUE_OK, x);
    ps_call_put_number(call, 3, PS_VALUE_OK, n);
    ps_call_put_estimate(call, 4, &e);
    ps_call_put_number(call, 7, PS_VALUE_OK, confidence);
    ps_call_put_int(call, 8, (int64_t)shares);
    ps_call_put_number(call, 9, PS_VALUE_OK, multiplier);
    ps_call_put_word(call, 10, e.method);
    ps_call_put_status(call, 11, e.status);
    return ps_call_end_row(call, err);
}

/* How many shares stand beside each row: those of its group. */
static ps_status count_shares(const ps_method_call *call, size_t *shares, ps_error *err) {
    size_t *order, *offset, n_groups;
    bool together = ps_call_param_is(call, 3, "bonferroni");
    PS_TRY(ps_call_groups(call, 1, &order, &offset, &n_groups, err));
    for (size_t g = 0; g < n_groups; g++) {
        for (size_t i = offset[g]; i < offset[g + 1]; i++)
            shares[order[i]] = together ? offset[g + 1] - offset[g] : 1;
    }
    ps_free(order);
    ps_free(offset);
    return PS_OK;
}

static ps_status run_proportion(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call), *shares = ps_alloc(n, sizeof *shares);
    if (shares == NULL) return ps_fail_nomem(err);
    ps_status status = count_shares(call, shares, err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = proportion_row(call, i, shares[i], err);
    ps_free(shares);
    return status;
}

const ps_method ps_method_proportion = {
    .id = "proportion",
    .title = "Proportion",
    .formula =
        "value = m x / n. Wilson: (2x + z^2 -/+ z sqrt(z^2 + 4x(1 - x/n))) / (2(n + "
        "z^2)), exactly 0 at x = 0 and 1 at x = n. Clopper-Pearson: betainv(a/2; x, n - "
        "x + 1) and betainv(1 - a/2; x + 1, n - x). For unweighted counts only.",
    .source =
        "Wilson 1927, JASA 22:209; Newcombe 1998, Stat. Med. 17:857; Clopper & "
        "Pearson 1934, Biometrika 26:404",
    .input = proportion_inputs,
    .n_input = PS_LENGTH(proportion_inputs),
    .param = proportion_params,
    .n_param = PS_LENGTH(proportion_params),
    .output = proportion_outputs,
    .n_output = PS_LENGTH(proportion_outputs),
    .run = run_proportion,
    .evidence =
        "prop.test and binom.test of R, random counts to 100,000: 1e-14; the score test "
        "and the binomial tails solved: 1e-10",
};

static const ps_method_param mean_params[] = {
    PS_PARAM_CONFIDENCE,
    {"na", PS_COLUMN_TEXT, "drop", "drop|propagate", 1, 0,
     "drop: missing values are left out and counted; propagate: one of them makes the "
     "mean missing"},
};

static const ps_method_column mean_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one mean for each; without it one for all"},
    {"value", PS_COLUMN_NUMBER, true, "what is averaged"},
};

static const ps_method_column mean_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"n", PS_COLUMN_INTEGER, true, "values"},
    {"n_missing", PS_COLUMN_INTEGER, true, "missing values"},
    {"sum", PS_COLUMN_NUMBER, true, "sum of the values"},
    {"stdev", PS_COLUMN_NUMBER, true, "standard deviation, with n - 1"},
    {"value", PS_COLUMN_NUMBER, true, "the mean"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"method", PS_COLUMN_TEXT, true, "Student t"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing (no value)"},
    {"limits_status", PS_COLUMN_TEXT, true, "ok, undefined (one value)"},
};

static void step_mean(const ps_method_call *call, const ps_call_group *group,
                      const ps_mean *mean, double confidence) {
    const double n = (double)mean->n;
    const ps_estimate_steps to = ps_call_estimate_steps(call, 5);
    if (to.value == NULL || mean->estimate.status != PS_VALUE_OK) return;
    ps_step_sum(ps_call_steps(call, 3), "sum", group->n, group->column[0]);
    ps_step_mean(to.value, "mean", group->n, group->column[0], NULL);
    if (mean->estimate.limits_status != PS_VALUE_OK) return;
    const double reach = ps_student_quantile(1 - (1 - confidence) / 2, n - 1),
                 se = mean->deviation / sqrt(n);
    ps_step_add(to.lower, mean->deviation, "standard deviation of the %lld values",
                (long long)mean->n);
    ps_step_add(to.lower, se, "standard error = %s / sqrt(%s)", PS_STEP(mean->deviation),
                PS_STEP(n));
    ps_step_add(to.lower, reach, "reach of Student's t with %s degrees of freedom",
                PS_STEP(n - 1));
    ps_step_limits(to, mean->estimate.value, reach, se);
}

static ps_status mean_group(const ps_method_call *call, const ps_call_group *group,
                            void *context, ps_error *err) {
    (void)context;
    double confidence = ps_call_param_number(call, 0);
    ps_mean mean = ps_mean_of(group->column[0], group->n, confidence,
                              ps_call_param_is(call, 1, "propagate"));
    step_mean(call, group, &mean, confidence);
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, mean.n);
    ps_call_put_int(call, 2, mean.n_missing);
    ps_call_put_number(call, 3, mean.estimate.status, mean.sum);
    ps_call_put_number(call, 4, mean.deviation_status, mean.deviation);
    ps_call_put_estimate(call, 5, &mean.estimate);
    ps_call_put_number(call, 8, PS_VALUE_OK, confidence);
    ps_call_put_word(call, 9, mean.estimate.method);
    ps_call_put_status(call, 10, mean.estimate.status);
    ps_call_put_status(call, 11, mean.estimate.limits_status);
    return ps_call_end_row(call, err);
}

static ps_status run_mean(const ps_method_call *call, ps_error *err) {
    static const size_t numbers[] = {1};
    return ps_call_each_group(call, 0, numbers, 1, mean_group, NULL, err);
}

const ps_method ps_method_mean = {
    .id = "mean",
    .title = "Mean",
    .formula =
        "value = sum / n; limits value -/+ t(1 - a/2; n - 1) s / sqrt n with s the "
        "standard deviation. One value has no limits.",
    .source = BRIEFING_3,
    .input = mean_inputs,
    .n_input = PS_LENGTH(mean_inputs),
    .param = mean_params,
    .n_param = PS_LENGTH(mean_params),
    .output = mean_outputs,
    .n_output = PS_LENGTH(mean_outputs),
    .run = run_mean,
    .evidence = "t.test of R, random values: 1e-15",
};
