/* The exact two-sided p of two counts sums all point probabilities not above that of the
 * data. They fall off on both sides of the mode, so the far tail begins at a place that
 * bisection finds, and two distribution functions replace the sum.
 */
#include "indicators/change.h"

#include <stddef.h>
#include <stdint.h>

#include "indicators/difference.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/rate.h"

/* Point probabilities that differ by less are equal but for rounding. */
static const double TIE = 1 + 1e-7;
/* Whole numbers up to here are exact as doubles. */
static const double MOST_COUNT = 9007199254740992.0;

const char *ps_verdict_text(ps_verdict verdict) {
    switch (verdict) {
        case PS_VERDICT_NONE:
            return "";
        case PS_VERDICT_DECREASE:
            return "decrease";
        case PS_VERDICT_INCREASE:
            return "increase";
        case PS_VERDICT_NO_CLEAR_CHANGE:
            return "no-clear-change";
    }
    return "";
}

static ps_verdict judge(ps_value p, double change, double confidence) {
    if (!ps_value_ok(p)) return PS_VERDICT_NONE;
    if (p.value >= 1 - confidence || change == 0) return PS_VERDICT_NO_CLEAR_CHANGE;
    return change < 0 ? PS_VERDICT_DECREASE : PS_VERDICT_INCREASE;
}

/* P(X <= k) + P(X >= far) for the far tail no more likely than k; q = 1 - p. */
static double binomial_two_sided(int64_t k, int64_t n, double p, double q) {
    double at = ps_binomial_pmf(k, n, p) * TIE, mean = (double)n * p;
    if ((double)k == mean) return 1;
    double sum;
    if ((double)k < mean) {
        int64_t low = (int64_t)ceil(mean), high = n + 1; /* pmf(high) counts as small */
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            if (ps_binomial_pmf(middle, n, p) <= at)
                high = middle;
            else
                low = middle + 1;
        }
        sum = ps_binomial_cdf(k, n, p);
        if (low <= n) sum += ps_binomial_cdf(n - low, n, q);
    } else {
        int64_t low = -1, high = (int64_t)floor(mean); /* pmf(-1) counts as small */
        while (low < high) {
            int64_t middle = low + (high - low + 1) / 2;
            if (ps_binomial_pmf(middle, n, p) <= at)
                low = middle;
            else
                high = middle - 1;
        }
        sum = ps_binomial_cdf(n - k, n, q);
        if (low >= 0) sum += ps_binomial_cdf(low, n, p);
    }
    return fmin(sum, 1);
}

static bool whole(double x) {
    return x == floor(x) && x <= MOST_COUNT;
}

static void all_none(ps_poisson_change *c, ps_value_status status) {
    ps_value none = ps_value_none(status);
    *c = (ps_poisson_change){none, none, none, none, none, none,
                             none, none, none, none, none, none,
                             none, none, none, none, none, PS_VERDICT_NONE,
                             ""};
}

/* The share of x2 in x1 + x2 has Clopper-Pearson limits; the odds of a limit divide it by
 * the opposite limit of the other share, which loses no digits near 1. */
static void exact_limits(double x1, double x2, double scale, double confidence,
                         ps_poisson_change *c) {
    double tail = (1 - confidence) / 2;
    if (x2 == 0)
        c->lower = ps_value_of(0);
    else
        c->lower = ps_value_of(ps_beta_quantile(tail, x2, x1 + 1) /
                               ps_beta_quantile(1 - tail, x1 + 1, x2) * scale);
    if (x1 == 0)
        c->upper = ps_value_none(PS_VALUE_UNBOUNDED);
    else
        c->upper = ps_value_of(ps_beta_quantile(1 - tail, x2 + 1, x1) /
                               ps_beta_quantile(tail, x1, x2 + 1) * scale);
}

/* The limits of the share of x2 in x1 + x2 that limits of the ratio stand for. */
static ps_limits share_limits(ps_value lower, ps_value upper, double scale) {
    const double low = lower.value / scale, high = upper.value / scale;
    return (ps_limits){low / (1 + low), ps_value_ok(upper) ? high / (1 + high) : 1};
}

/* Of a zero count the quasi test is the score test, which Wilson's limits invert. */
static ps_limits score_share(double x1, double x2, double phi, double confidence) {
    const ps_estimate e =
        ps_proportion(x2 / phi, (x1 + x2) / phi, 1, confidence, PS_PROPORTION_WILSON);
    return (ps_limits){e.lower, e.upper};
}

static ps_value exact_central(const ps_two_groups *g) {
    const int64_t n = (int64_t)(g->x1 + g->x2);
    const double share = g->n2 / (g->n1 + g->n2), rest = g->n1 / (g->n1 + g->n2);
    const double below = ps_binomial_cdf((int64_t)g->x2, n, share),
                 above = ps_binomial_cdf((int64_t)g->x1, n, rest);
    return ps_value_of(fmin(2 * fmin(below, above), 1));
}

static void decide(const ps_two_groups *g, bool by_quasi, double phi, double confidence,
                   ps_poisson_change *c) {
    const double x1 = g->x1, x2 = g->x2, scale = g->n1 / g->n2;
    const ps_limits share = !by_quasi ? share_limits(c->lower, c->upper, scale)
                            : x1 > 0 && x2 > 0
                                ? share_limits(c->quasi_lower, c->quasi_upper, scale)
                                : score_share(x1, x2, phi, confidence);
    const ps_limits d = ps_difference_of_rates(g, share, by_quasi ? phi : 1, confidence);
    c->tested_lower = ps_value_of(d.lower);
    c->tested_upper = ps_value_of(d.upper);
    c->p = by_quasi ? c->p_quasi : exact_central(g);
    c->verdict = judge(c->p, c->difference.value, confidence);
    c->verdict_by = by_quasi ? "quasi" : "exact";
}

ps_poisson_change ps_poisson_change_of(double x1, double t1, double x2, double t2,
                                       double dispersion, double confidence) {
    ps_poisson_change c;
    if (isnan(x1) || isnan(x2) || isnan(t1) || isnan(t2) || t1 < 0 || t2 < 0) {
        all_none(&c, PS_VALUE_MISSING);
        return c;
    }
    all_none(&c, PS_VALUE_UNDEFINED);
    if (x1 < 0 || x2 < 0 || !isfinite(x1 + x2) || t1 == 0 || t2 == 0 ||
        !isfinite(t1 + t2) || !ps_confidence_ok(confidence))
        return c;
    double rate1 = x1 / t1, rate2 = x2 / t2, z = ps_normal_two_sided(confidence);
    double share = t2 / (t1 + t2), rest = t1 / (t1 + t2);
    double spread = z * sqrt(x2 / t2 / t2 + x1 / t1 / t1);
    c.difference = ps_value_of(rate2 - rate1);
    c.difference_lower = ps_value_of(rate2 - rate1 - spread);
    c.difference_upper = ps_value_of(rate2 - rate1 + spread);
    c.prob_decrease = ps_value_of(ps_beta_cdf(share, x2 + 0.5, x1 + 0.5));
    c.wald_lower = c.wald_upper = c.quasi_lower = c.quasi_upper =
        ps_value_none(PS_VALUE_NOT_APPLICABLE);
    c.p_quasi = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    if (x1 == 0 && x2 == 0) {
        c.p = c.p_exact = ps_value_of(1);
        c.verdict = PS_VERDICT_NO_CLEAR_CHANGE;
        c.verdict_by = "exact";
        return c;
    }
    if (x1 > 0) {
        c.ratio = ps_value_of(rate2 / rate1);
        c.percent = ps_value_of(100 * (rate2 - rate1) / rate1);
    } else {
        c.ratio = c.percent = ps_value_none(PS_VALUE_UNBOUNDED);
    }
    exact_limits(x1, x2, t1 / t2, confidence, &c);
    c.p_exact = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    if (whole(x1) && whole(x2) && x1 + x2 <= MOST_COUNT)
        c.p_exact =
            ps_value_of(binomial_two_sided((int64_t)x2, (int64_t)(x1 + x2), share, rest));
    bool has_dispersion = isfinite(dispersion) && dispersion > 0;
    double phi = has_dispersion ? fmax(dispersion, 1) : 1;
    if (x1 > 0 && x2 > 0) {
        double se = sqrt(1 / x1 + 1 / x2), ratio = rate2 / rate1;
        c.wald_lower = ps_value_of(ratio * exp(-z * se));
        c.wald_upper = ps_value_of(ratio * exp(z * se));
        if (has_dispersion || !ps_value_ok(c.p_exact)) {
            c.quasi_lower = ps_value_of(ratio * exp(-z * se * sqrt(phi)));
            c.quasi_upper = ps_value_of(ratio * exp(z * se * sqrt(phi)));
            c.p_quasi =
                ps_value_of(2 * ps_normal_tail(fabs(log(ratio)) / (se * sqrt(phi))));
        }
    } else if (has_dispersion || !ps_value_ok(c.p_exact)) {
        double n = x1 + x2;
        c.p_quasi = ps_value_of(
            2 * ps_normal_tail(fabs(x2 - n * share) / sqrt(phi * n * share * rest)));
    }
    bool by_quasi = ps_value_ok(c.p_quasi) &&
                    (!ps_value_ok(c.p_exact) || phi > PS_DISPERSION_MATTERS);
    const ps_two_groups groups = {x1, t1, x2, t2};
    decide(&groups, by_quasi, by_quasi ? phi : 1, confidence, &c);
    return c;
}

/* The sum of the probabilities of all tables with these margins that are no more likely
 * than the one seen, from the middle outwards. */
static double fisher_two_sided(int64_t x1, int64_t n1, int64_t x2, int64_t n2) {
    int64_t marked = x1 + x2, least = marked > n2 ? marked - n2 : 0;
    int64_t most = marked < n1 ? marked : n1;
    double at = ps_hypergeometric_pmf(x1, n1, n2, marked) * TIE, sum = 0;
    double share = (double)n1 / ((double)n1 + (double)n2);
    int64_t middle = (int64_t)((double)marked * share);
    if (middle < least) middle = least;
    if (middle > most) middle = most;
    for (int64_t k = middle; k >= least; k--) {
        double p = ps_hypergeometric_pmf(k, n1, n2, marked);
        if (p <= at) sum += p;
        if (p < sum * 1e-20 || p == 0) break;
    }
    for (int64_t k = middle + 1; k <= most; k++) {
        double p = ps_hypergeometric_pmf(k, n1, n2, marked);
        if (p <= at) sum += p;
        if (p < sum * 1e-20 || p == 0) break;
    }
    return fmin(sum, 1);
}

ps_prop_change ps_prop_change_of(double x1, double n1, double x2, double n2,
                                 double confidence) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    if (isnan(x1) || isnan(n1) || isnan(x2) || isnan(n2))
        none = ps_value_none(PS_VALUE_MISSING);
    ps_prop_change c = {none, none, none, none, none, none,
                        none, none, none, none, "",   PS_VERDICT_NONE};
    if (none.status == PS_VALUE_MISSING || x1 < 0 || x2 < 0 || x1 > n1 || x2 > n2 ||
        n1 == 0 || n2 == 0 || !(n1 + n2 <= MOST_COUNT) || !ps_confidence_ok(confidence))
        return c;
    ps_estimate e1 = ps_proportion(x1, n1, 1, confidence, PS_PROPORTION_WILSON);
    ps_estimate e2 = ps_proportion(x2, n2, 1, confidence, PS_PROPORTION_WILSON);
    double d = e2.value - e1.value;
    c.p1 = ps_value_of(e1.value);
    c.p2 = ps_value_of(e2.value);
    c.difference = ps_value_of(d);
    c.lower = ps_value_of(d - hypot(e2.value - e2.lower, e1.upper - e1.value));
    c.upper = ps_value_of(d + hypot(e2.upper - e2.value, e1.value - e1.lower));
    double pooled = (x1 + x2) / (n1 + n2), rest = ((n1 - x1) + (n2 - x2)) / (n1 + n2);
    if (pooled > 0 && rest > 0)
        c.z = ps_value_of(d / sqrt(pooled * rest * (1 / n1 + 1 / n2)));
    const ps_two_groups groups = {x1, n1, x2, n2};
    if (fmin(n1, n2) * fmin(pooled, rest) < 5) {
        if (!whole(x1) || !whole(x2) || !whole(n1) || !whole(n2)) {
            c.p = c.p_value = ps_value_none(PS_VALUE_NOT_APPLICABLE);
            c.tested_lower = c.tested_upper = c.p;
            return c;
        }
        c.test = "fisher";
        c.p_value = ps_value_of(
            fisher_two_sided((int64_t)x1, (int64_t)n1, (int64_t)x2, (int64_t)n2));
        c.p = ps_value_of(ps_fisher_central(&groups));
    } else {
        c.test = "pooled-z";
        c.p = c.p_value = ps_value_of(2 * ps_normal_tail(fabs(c.z.value)));
    }
    c.verdict = judge(c.p, d, confidence);
    if (!(pooled > 0) || !(rest > 0)) return c;
    const ps_limits limits = c.test[0] == 'f'
                                 ? ps_difference_by_fisher(&groups, confidence)
                                 : ps_difference_by_score(&groups, confidence);
    c.tested_lower = ps_value_of(limits.lower);
    c.tested_upper = ps_value_of(limits.upper);
    return c;
}

/* ---- working ---- */

/* A limit of the ratio comes from that of the share p of the later events. */
static void step_ratio_limit(ps_output *to, const char *which, ps_value limit, double x,
                             double n, double t1, double t2) {
    if (!ps_value_ok(limit)) return;
    const double odds = limit.value * t2 / t1, p = odds / (1 + odds);
    ps_step_add(to, p, "%s limit (Clopper-Pearson) of the share of %s in %s", which,
                PS_STEP(x), PS_STEP(n));
    ps_step_add(to, limit.value, "%s limit = %s / (1 - %s) * %s / %s", which, PS_STEP(p),
                PS_STEP(p), PS_STEP(t1), PS_STEP(t2));
}

void ps_poisson_change_steps(ps_estimate_steps to, double x1, double t1, double x2,
                             double t2, const ps_poisson_change *c) {
    if (!ps_value_ok(c->ratio)) return;
    ps_step_add(to.value, c->ratio.value, "ratio = (%s / %s) / (%s / %s)", PS_STEP(x2),
                PS_STEP(t2), PS_STEP(x1), PS_STEP(t1));
    step_ratio_limit(to.lower, "lower", c->lower, x2, x1 + x2, t1, t2);
    step_ratio_limit(to.upper, "upper", c->upper, x2, x1 + x2, t1, t2);
}

void ps_prop_change_steps(ps_estimate_steps to, double x1, double n1, double x2,
                          double n2, double multiplier, double confidence) {
    if (!ps_steps_asked(to)) return;
    const ps_prop_change c = ps_prop_change_of(x1, n1, x2, n2, confidence);
    const ps_estimate e1 = ps_proportion(x1, n1, 1, confidence, PS_PROPORTION_WILSON),
                      e2 = ps_proportion(x2, n2, 1, confidence, PS_PROPORTION_WILSON);
    const double m = multiplier;
    if (!ps_value_ok(c.difference)) return;
    ps_step_add(to.value, m * c.difference.value, "difference = %s * (%s / %s - %s / %s)",
                PS_STEP(m), PS_STEP(x2), PS_STEP(n2), PS_STEP(x1), PS_STEP(n1));
    ps_step_add(to.lower, e2.lower, "lower limit (Wilson) of %s in %s", PS_STEP(x2),
                PS_STEP(n2));
    ps_step_add(to.lower, e1.upper, "upper limit (Wilson) of %s in %s", PS_STEP(x1),
                PS_STEP(n1));
    ps_step_add(
        to.lower, m * c.lower.value,
        "lower limit of the difference (Newcombe) = %s * (%s - sqrt((%s - %s)^2 + "
        "(%s - %s)^2))",
        PS_STEP(m), PS_STEP(c.difference.value), PS_STEP(e2.value), PS_STEP(e2.lower),
        PS_STEP(e1.upper), PS_STEP(e1.value));
    ps_step_add(to.upper, e2.upper, "upper limit (Wilson) of %s in %s", PS_STEP(x2),
                PS_STEP(n2));
    ps_step_add(to.upper, e1.lower, "lower limit (Wilson) of %s in %s", PS_STEP(x1),
                PS_STEP(n1));
    ps_step_add(
        to.upper, m * c.upper.value,
        "upper limit of the difference (Newcombe) = %s * (%s + sqrt((%s - %s)^2 + "
        "(%s - %s)^2))",
        PS_STEP(m), PS_STEP(c.difference.value), PS_STEP(e2.upper), PS_STEP(e2.value),
        PS_STEP(e1.value), PS_STEP(e1.lower));
}

void ps_tested_limits_steps(ps_output *lower, ps_output *upper, const ps_prop_change *c,
                            double multiplier) {
    const char *const test = c->test[0] == 'f' ? "Fisher's exact test" : "the score test";
    if (!ps_value_ok(c->tested_lower) || !ps_value_ok(c->tested_upper)) return;
    ps_step_add(lower, multiplier * c->tested_lower.value,
                "lower limit: the least difference that %s does not rule out", test);
    ps_step_add(upper, multiplier * c->tested_upper.value,
                "upper limit: the greatest difference that %s does not rule out", test);
}

/* ---- adaptors ---- */

static const ps_method_column poisson_input[] = {
    {"id", PS_COLUMN_TEXT, false, "what is compared; copied"},
    {"x1", PS_COLUMN_NUMBER, true, "count of the baseline"},
    {"x2", PS_COLUMN_NUMBER, true, "count now"},
    {"t1", PS_COLUMN_NUMBER, false, "exposure of the baseline, 1 when absent"},
    {"t2", PS_COLUMN_NUMBER, false, "exposure now, 1 when absent"},
    {"dispersion", PS_COLUMN_NUMBER, false, "phi of the monthly series"},
};
static const ps_method_param poisson_param[] = {
    PS_PARAM_CONFIDENCE,
};
static const ps_method_column poisson_output[] = {
    {"id", PS_COLUMN_TEXT, true, "as in the input"},
    {"x1", PS_COLUMN_NUMBER, true, "count of the baseline"},
    {"x2", PS_COLUMN_NUMBER, true, "count now"},
    {"rate_ratio", PS_COLUMN_NUMBER, true, "(x2 / t2) / (x1 / t1)"},
    {"lower", PS_COLUMN_NUMBER, true, "exact lower limit of the ratio"},
    {"upper", PS_COLUMN_NUMBER, true, "exact upper limit of the ratio"},
    {"percent", PS_COLUMN_NUMBER, true, "100 (ratio - 1)"},
    {"wald_lower", PS_COLUMN_NUMBER, true, "lower limit on the log scale"},
    {"wald_upper", PS_COLUMN_NUMBER, true, "upper limit on the log scale"},
    {"quasi_lower", PS_COLUMN_NUMBER, true, "lower limit with the dispersion"},
    {"quasi_upper", PS_COLUMN_NUMBER, true, "upper limit with the dispersion"},
    {"difference", PS_COLUMN_NUMBER, true, "x2 / t2 - x1 / t1"},
    {"difference_lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"difference_upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"p_value", PS_COLUMN_NUMBER, true,
     "exact, two-sided, of all that is no more likely than the data"},
    {"p_quasi", PS_COLUMN_NUMBER, true, "two-sided, with the dispersion"},
    {"prob_decrease", PS_COLUMN_NUMBER, true, "P(rate now < baseline), Jeffreys priors"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"verdict_by", PS_COLUMN_TEXT, true, "exact or quasi"},
    {"status", PS_COLUMN_TEXT, true, "of the ratio and percent"},
    {"upper_status", PS_COLUMN_TEXT, true, "of the upper limit"},
    {"p_verdict", PS_COLUMN_NUMBER, true,
     "of the verdict: the exact limits', or p_quasi"},
    {"tested_lower", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
    {"tested_upper", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
};

/* The exposure of a row: 1 without a column. */
static ps_status exposure(const ps_method_call *call, size_t row, size_t input,
                          double *value, ps_error *err) {
    bool missing = false;
    *value = 1;
    if (!ps_call_has(call, input)) return PS_OK;
    PS_TRY(ps_call_number(call, row, input, value, &missing, err));
    if (missing) *value = (double)NAN;
    return PS_OK;
}

static ps_status number_or_nan(const ps_method_call *call, size_t row, size_t input,
                               double *value, ps_error *err) {
    bool missing = false;
    PS_TRY(ps_call_number(call, row, input, value, &missing, err));
    if (missing) *value = (double)NAN;
    return PS_OK;
}

static ps_status run_poisson(const ps_method_call *call, ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        double x1, x2, t1, t2, dispersion;
        PS_TRY(number_or_nan(call, row, 1, &x1, err));
        PS_TRY(number_or_nan(call, row, 2, &x2, err));
        PS_TRY(exposure(call, row, 3, &t1, err));
        PS_TRY(exposure(call, row, 4, &t2, err));
        PS_TRY(number_or_nan(call, row, 5, &dispersion, err));
        ps_poisson_change c =
            ps_poisson_change_of(x1, t1, x2, t2, dispersion, confidence);
        ps_poisson_change_steps(ps_call_estimate_steps(call, 3), x1, t1, x2, t2, &c);
        ps_call_put_text(call, 0, ps_call_text(call, row, 0));
        ps_call_put_known(call, 1, x1);
        ps_call_put_known(call, 2, x2);
        const ps_value values[] = {c.ratio,
                                   c.lower,
                                   c.upper,
                                   c.percent,
                                   c.wald_lower,
                                   c.wald_upper,
                                   c.quasi_lower,
                                   c.quasi_upper,
                                   c.difference,
                                   c.difference_lower,
                                   c.difference_upper,
                                   c.p_exact,
                                   c.p_quasi,
                                   c.prob_decrease};
        ps_call_put_values(call, 3, values, PS_LENGTH(values));
        ps_call_put_word(call, 17, ps_verdict_text(c.verdict));
        ps_call_put_word(call, 18, c.verdict_by);
        ps_call_put_status(call, 19, c.ratio.status);
        ps_call_put_status(call, 20, c.upper.status);
        ps_call_put_value(call, 21, c.p);
        ps_call_put_value(call, 22, c.tested_lower);
        ps_call_put_value(call, 23, c.tested_upper);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

const ps_method ps_method_poisson_change = {
    .id = "poisson_change",
    .title = "Change between two counts",
    .formula =
        "ratio = (x2/t2)/(x1/t1); exact limits p/(1-p)*t1/t2 with Clopper-Pearson "
        "limits p of x2 among x1+x2; exact two-sided p from the binomial of x2 "
        "given x1+x2; Wald limits ratio*exp(-+z*sqrt(1/x1+1/x2)); quasi-Poisson: "
        "the same with the standard error times sqrt(phi); probability of a "
        "decrease I_{t2/(t1+t2)}(x2+1/2, x1+1/2). The verdict is that of p_verdict: "
        "twice the smaller tail of the binomial, or p_quasi when phi > 1.2. It is "
        "no-clear-change exactly when its limits hold no change: those of the ratio "
        "(exact, quasi) and tested, their share of x1+x2 as a contrast of rates times "
        "the limits of x1+x2. p_value adds up all outcomes no more likely than the data, "
        "as R does, and may fall on the other side of a limit where t1 and t2 differ.",
    .source =
        "Przyborowski & Wilenski 1940; Clopper & Pearson 1934; Fay 2010; Donner & "
        "Zou 2012",
    .evidence =
        "poisson.test and binom.test of R, fresh counts: p and exact limits 2e-13; "
        "limits and verdict agree on all counts to 40; coverage of tested 95 % "
        "limits, summed over all counts: from 0.94",
    .input = poisson_input,
    .n_input = PS_LENGTH(poisson_input),
    .param = poisson_param,
    .n_param = PS_LENGTH(poisson_param),
    .output = poisson_output,
    .n_output = PS_LENGTH(poisson_output),
    .run = run_poisson,
};

static const ps_method_column prop_input[] = {
    {"id", PS_COLUMN_TEXT, false, "what is compared; copied"},
    {"x1", PS_COLUMN_INTEGER, true, "number with the property, baseline"},
    {"n1", PS_COLUMN_INTEGER, true, "number asked or counted, baseline"},
    {"x2", PS_COLUMN_INTEGER, true, "number with the property, now"},
    {"n2", PS_COLUMN_INTEGER, true, "number asked or counted, now"},
};
static const ps_method_param prop_param[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, 1, 100000, "100 for percentage points"},
};
static const ps_method_column prop_output[] = {
    {"id", PS_COLUMN_TEXT, true, "as in the input"},
    {"p1", PS_COLUMN_NUMBER, true, "proportion of the baseline, times multiplier"},
    {"p2", PS_COLUMN_NUMBER, true, "proportion now, times multiplier"},
    {"difference", PS_COLUMN_NUMBER, true, "p2 - p1"},
    {"lower", PS_COLUMN_NUMBER, true, "Newcombe's lower limit of the difference"},
    {"upper", PS_COLUMN_NUMBER, true, "Newcombe's upper limit of the difference"},
    {"z", PS_COLUMN_NUMBER, true, "pooled, without continuity correction"},
    {"p_value", PS_COLUMN_NUMBER, true,
     "two-sided; Fisher's of all that is no more likely than the data"},
    {"test", PS_COLUMN_TEXT, true, "pooled-z, or fisher when an expected count is < 5"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of proportions and limits"},
    {"status", PS_COLUMN_TEXT, true, "of the difference"},
    {"p_verdict", PS_COLUMN_NUMBER, true, "of the verdict: of z, or Fisher's tail twice"},
    {"tested_lower", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
    {"tested_upper", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
};

static ps_status run_prop(const ps_method_call *call, ps_error *err) {
    double confidence = ps_call_param_number(call, 0);
    double multiplier = ps_call_param_number(call, 1);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        double x1, n1, x2, n2;
        PS_TRY(number_or_nan(call, row, 1, &x1, err));
        PS_TRY(number_or_nan(call, row, 2, &n1, err));
        PS_TRY(number_or_nan(call, row, 3, &x2, err));
        PS_TRY(number_or_nan(call, row, 4, &n2, err));
        ps_prop_change c = ps_prop_change_of(x1, n1, x2, n2, confidence);
        ps_prop_change_steps(ps_call_estimate_steps(call, 3), x1, n1, x2, n2, multiplier,
                             confidence);
        ps_tested_limits_steps(ps_call_steps(call, 13), ps_call_steps(call, 14), &c,
                               multiplier);
        ps_call_put_text(call, 0, ps_call_text(call, row, 0));
        const ps_value values[] = {c.p1, c.p2, c.difference, c.lower, c.upper};
        for (size_t i = 0; i < PS_LENGTH(values); i++)
            ps_call_put_number(call, 1 + i, values[i].status,
                               values[i].value * multiplier);
        ps_call_put_value(call, 6, c.z);
        ps_call_put_value(call, 7, c.p_value);
        ps_call_put_word(call, 8, c.test);
        ps_call_put_word(call, 9, ps_verdict_text(c.verdict));
        ps_call_put_number(call, 10, PS_VALUE_OK, multiplier);
        ps_call_put_status(call, 11, c.difference.status);
        ps_call_put_value(call, 12, c.p);
        ps_call_put_number(call, 13, c.tested_lower.status,
                           c.tested_lower.value * multiplier);
        ps_call_put_number(call, 14, c.tested_upper.status,
                           c.tested_upper.value * multiplier);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

const ps_method ps_method_prop_change = {
    .id = "prop_change",
    .title = "Change between two proportions",
    .formula =
        "d = p2 - p1; limits d - sqrt((p2-l2)^2+(u1-p1)^2) and "
        "d + sqrt((u2-p2)^2+(p1-l1)^2) with Wilson limits l, u of each; pooled z "
        "without continuity correction, Fisher's exact test when an expected "
        "count is below 5. The verdict is that of p_verdict: of z, or Fisher's smaller "
        "tail twice. The tested limits leave out 0 exactly when it says so: those of the "
        "score test, or of Fisher's odds ratio; lower and upper belong to no test.",
    .source =
        "Newcombe 1998, Stat. Med. 17:873, method 10; Fisher 1935; Mee 1984; Fay "
        "2010",
    .evidence =
        "fisher.test and chisq.test of R, fresh tables: 2e-14; the examples of Newcombe "
        "1998, methods 5 and 10; limits and verdict agree on all tables of 60 and 60; "
        "coverage of tested 95 % limits, summed over all tables: from 0.935",
    .input = prop_input,
    .n_input = PS_LENGTH(prop_input),
    .param = prop_param,
    .n_param = PS_LENGTH(prop_param),
    .output = prop_output,
    .n_output = PS_LENGTH(prop_output),
    .run = run_prop,
};
