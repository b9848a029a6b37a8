/* Iteratively reweighted least squares on the log scale. Columns are few and the rows at
 * most some hundreds, so every step solves by QR afresh. A step that makes the deviance
 * worse is halved, so that odd series end somewhere.
 */
#include "indicators/trend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/distribution.h"
#include "indicators/least_squares.h"
#include "indicators/rolling.h"
#include "indicators/sum.h"

enum { LEAST_MONTHS = 24, MOST_STEPS = 100, MOST_HALVINGS = 30, MOST_THETA_STEPS = 100 };
static const double NEGATIVE_BINOMIAL_FROM = 1.5;
static const double THETA_MOST = 1e5;
static const double PI = 3.14159265358979323846;

const char *ps_trend_family_text(ps_trend_family family) {
    switch (family) {
        case PS_TREND_AUTO:
            return "auto";
        case PS_TREND_POISSON:
            return "poisson";
        case PS_TREND_QUASI:
            return "quasi-poisson";
        case PS_TREND_NEGATIVE_BINOMIAL:
            return "negative-binomial";
    }
    return "";
}

const char *ps_trend_obstacle_text(ps_trend_obstacle obstacle) {
    switch (obstacle) {
        case PS_TREND_FITTED:
            return "";
        case PS_TREND_TOO_SHORT:
            return "too-short";
        case PS_TREND_ALL_ZERO:
            return "all-zero";
        case PS_TREND_DEPENDENT:
            return "dependent";
        case PS_TREND_NOT_CONVERGED:
            return "not-converged";
    }
    return "";
}

void ps_trend_free(ps_trend *trend) {
    if (trend == NULL) return;
    ps_free(trend->beta);
    ps_free(trend->covariance);
    ps_free(trend->fitted);
    ps_free(trend->adjusted);
    ps_free(trend);
}

static int month_of(const ps_trend *trend, size_t t) {
    int month = (int)((trend->first + (int64_t)t) % 12);
    return month < 0 ? month + 12 : month;
}

static size_t season_columns(const ps_trend *trend) {
    return trend->months ? 11 : 2 * (size_t)trend->harmonics;
}

static void season_row(const ps_trend *trend, size_t t, double *x) {
    int month = month_of(trend, t);
    if (trend->months) {
        for (int m = 1; m < 12; m++) x[m - 1] = m == month;
        return;
    }
    /* The phase counts from the first month of the series; by the remainder, so that
     * equal months have equal bits. */
    for (int k = 1; k <= trend->harmonics; k++) {
        double angle = 2 * PI * (double)((size_t)k * (t % 12)) / 12;
        x[2 * k - 2] = sin(angle);
        x[2 * k - 1] = cos(angle);
    }
}

void ps_trend_row(const ps_trend *trend, size_t t, const double *regressor, double *x) {
    x[0] = 1;
    x[1] = (double)t;
    season_row(trend, t, x + 2);
    size_t at = 2 + season_columns(trend);
    for (size_t i = 0; i < trend->n_regressor; i++)
        x[at + i] = regressor == NULL ? 0 : regressor[i];
}

/* The rows with a value, and the state of an iteration. */
typedef struct fit {
    size_t n, p;
    double *x, *y, *offset;     /* n * p, n, n */
    double *mean, *weight, *z;  /* n */
    double *trial, *trial_mean; /* p, n */
    double *beta, *inverse;     /* p, p * p */
    double theta;               /* INFINITY: Poisson */
    double deviance;
} fit;

static double deviance_of(const fit *f, const double *mean) {
    ps_sum sum = {0};
    for (size_t i = 0; i < f->n; i++) {
        double y = f->y[i], m = mean[i];
        ps_sum_add(&sum, y > 0 ? y * log(y / m) : 0);
        if (isinf(f->theta))
            ps_sum_add(&sum, -(y - m));
        else
            ps_sum_add(&sum, -(y + f->theta) * log((y + f->theta) / (m + f->theta)));
    }
    return 2 * ps_sum_value(&sum);
}

static bool means_of(const fit *f, const double *beta, double *mean) {
    for (size_t i = 0; i < f->n; i++) {
        double eta = f->offset[i];
        for (size_t j = 0; j < f->p; j++) eta += f->x[i * f->p + j] * beta[j];
        mean[i] = exp(eta);
        if (!(mean[i] > 0) || !isfinite(mean[i])) return false;
    }
    return true;
}

static double weight_of(const fit *f, double mean) {
    return isinf(f->theta) ? mean : mean / (1 + mean / f->theta);
}

/* Fit beta for the theta at hand, from the means at hand. PS_FORMAT: dependent columns.
 */
static ps_status iterate(fit *f, bool fresh, bool *converged, ps_error *err) {
    enum { SETTLED = 3 };
    int settled = 0;
    *converged = false;
    double before = deviance_of(f, f->mean);
    for (int step = 0; step < MOST_STEPS; step++) {
        for (size_t i = 0; i < f->n; i++) {
            f->weight[i] = weight_of(f, f->mean[i]);
            f->z[i] =
                log(f->mean[i]) - f->offset[i] + (f->y[i] - f->mean[i]) / f->mean[i];
        }
        PS_TRY(ps_least_squares(f->n, f->p, f->x, f->z, f->weight, f->trial, NULL, err));
        double now = (double)NAN;
        bool first = fresh && step == 0; /* there is no beta to go back to */
        for (int halving = 0; halving < MOST_HALVINGS; halving++) {
            now = means_of(f, f->trial, f->trial_mean) ? deviance_of(f, f->trial_mean)
                                                       : (double)NAN;
            if (isfinite(now) && (first || now <= before + 1e-9 * (fabs(before) + 0.1)))
                break;
            if (first) break;
            for (size_t j = 0; j < f->p; j++)
                f->trial[j] = (f->trial[j] + f->beta[j]) / 2;
        }
        if (!isfinite(now)) return PS_OK;
        memcpy(f->beta, f->trial, f->p * sizeof *f->beta);
        memcpy(f->mean, f->trial_mean, f->n * sizeof *f->mean);
        f->deviance = now;
        /* The deviance is flat near its minimum: steps after the first small change bring
         * the coefficients close, too. */
        bool small = !first && fabs(now - before) / (fabs(now) + 0.1) < 1e-10;
        settled = small ? settled + 1 : 0;
        if (settled == SETTLED) {
            *converged = true;
            break;
        }
        before = now;
    }
    for (size_t i = 0; i < f->n; i++) {
        f->weight[i] = weight_of(f, f->mean[i]);
        f->z[i] = 0;
    }
    return ps_least_squares(f->n, f->p, f->x, f->z, f->weight, f->trial, f->inverse, err);
}

static double pearson(const fit *f) {
    ps_sum sum = {0};
    for (size_t i = 0; i < f->n; i++) {
        double away = f->y[i] - f->mean[i];
        ps_sum_add(&sum, away * away / f->mean[i]);
    }
    return ps_sum_value(&sum) / (double)(f->n - f->p);
}

/* How the log likelihood of theta rises for the means at hand, and how that falls. */
static double theta_score(const fit *f, double theta) {
    ps_sum score = {0};
    for (size_t i = 0; i < f->n; i++) {
        double y = f->y[i], m = f->mean[i];
        ps_sum_add(&score, ps_digamma_rise(theta, y) - log1p(m / theta));
        ps_sum_add(&score, (m - y) / (m + theta));
    }
    return ps_sum_value(&score);
}

static double theta_information(const fit *f, double theta) {
    ps_sum information = {0};
    double trigamma = ps_trigamma(theta);
    for (size_t i = 0; i < f->n; i++) {
        double y = f->y[i], m = f->mean[i], s = m + theta;
        ps_sum_add(&information, trigamma - ps_trigamma(y + theta) - m / (theta * s));
        ps_sum_add(&information, (m - y) / (s * s));
    }
    return ps_sum_value(&information);
}

/* The theta of greatest likelihood for the means at hand, from *theta or, when that is 0,
 * from the moments. The likelihood is concave only around its top, so Newton's steps are
 * kept between a theta that is too low and one that is too high. false when the
 * likelihood still rises at THETA_MOST. */
static bool find_theta(const fit *f, double *theta, double *se) {
    double t = *theta;
    if (!(t > 0)) {
        ps_sum sum = {0};
        for (size_t i = 0; i < f->n; i++) {
            double away = f->y[i] / f->mean[i] - 1;
            ps_sum_add(&sum, away * away);
        }
        t = (double)f->n / ps_sum_value(&sum);
    }
    double low = 0, high = THETA_MOST;
    if (!(theta_score(f, high) < 0)) return false;
    if (!(t < high)) t = high / 2;
    for (int step = 0; step < MOST_THETA_STEPS; step++) {
        double score = theta_score(f, t), slope = theta_information(f, t);
        if (!isfinite(score)) return false;
        if (score > 0)
            low = t;
        else
            high = t;
        double next = t + score / slope;
        if (!(slope > 0) || !(next > low && next < high))
            next = low > 0 ? sqrt(low * high) : high / 4;
        bool settled = fabs(next - t) <= 1e-12 * t;
        t = next;
        if (!settled) continue;
        slope = theta_information(f, t);
        if (!(slope > 0)) return false;
        *theta = t;
        *se = 1 / sqrt(slope);
        return true;
    }
    return false;
}

/* Alternate beta and theta until neither moves. *found is false when the data have no
 * more spread than Poisson. */
static ps_status fit_negative_binomial(fit *f, double *theta, double *se, bool *found,
                                       ps_error *err) {
    *theta = 0;
    *found = false;
    if (!find_theta(f, theta, se)) return PS_OK;
    for (int step = 0; step < MOST_STEPS; step++) {
        double before = *theta;
        bool converged;
        f->theta = *theta;
        PS_TRY(iterate(f, false, &converged, err));
        if (!converged || !find_theta(f, theta, se)) return PS_OK;
        if (fabs(*theta - before) <= 1e-9 * *theta) {
            *found = true;
            return PS_OK;
        }
    }
    return PS_OK;
}

static void fit_free(fit *f) {
    ps_free(f->x);
    ps_free(f->trial);
}

static ps_status fit_open(fit *f, size_t n, size_t p, ps_error *err) {
    *f = (fit){.n = n, .p = p, .theta = (double)INFINITY};
    /* Bounded: a series has at most some thousand months, a model 21 columns. */
    f->x = ps_alloc(n, (p + 6) * sizeof *f->x);
    f->trial = ps_alloc(p, (p + 2) * sizeof *f->trial);
    if (f->x == NULL || f->trial == NULL) {
        fit_free(f);
        return ps_fail_nomem(err);
    }
    f->y = f->x + n * p;
    f->offset = f->y + n;
    f->mean = f->offset + n;
    f->weight = f->mean + n;
    f->z = f->weight + n;
    f->trial_mean = f->z + n;
    f->beta = f->trial + p;
    f->inverse = f->beta + p;
    return PS_OK;
}

typedef struct series {
    size_t n;
    const double *value, *exposure, *regressor;
    size_t n_regressor;
} series;

static bool usable(const series *s, size_t t) {
    if (!isfinite(s->value[t])) return false;
    return s->exposure == NULL || (isfinite(s->exposure[t]) && s->exposure[t] > 0);
}

static void load(const ps_trend *trend, const series *s, fit *f) {
    size_t i = 0;
    for (size_t t = 0; t < s->n; t++) {
        if (!usable(s, t)) continue;
        const double *regressor =
            s->n_regressor > 0 ? s->regressor + t * s->n_regressor : NULL;
        ps_trend_row(trend, t, regressor, f->x + i * f->p);
        f->y[i] = s->value[t];
        f->offset[i] = s->exposure == NULL ? 0 : log(s->exposure[t]);
        f->mean[i] = s->value[t] + 0.1;
        i++;
    }
}

/* The seasonal part of the log mean, centred over the twelve months. */
static double season_of(const ps_trend *trend, size_t t) {
    double x[11], sum = 0, at = 0;
    size_t n = season_columns(trend);
    for (size_t m = 0; m < 12; m++) {
        season_row(trend, t + m, x);
        double part = 0;
        for (size_t j = 0; j < n; j++) part += x[j] * trend->beta[2 + j];
        if (m == 0) at = part;
        sum += part;
    }
    return at - sum / 12;
}

static void conclude(ps_trend *trend, const series *s, const fit *f, double confidence) {
    size_t p = f->p;
    double scale = trend->family == PS_TREND_QUASI ? trend->dispersion : 1;
    memcpy(trend->beta, f->beta, p * sizeof *f->beta);
    for (size_t i = 0; i < p * p; i++) trend->covariance[i] = f->inverse[i] * scale;
    trend->deviance = f->deviance;
    trend->slope = f->beta[1];
    trend->slope_se = sqrt(trend->covariance[p + 1]);
    double df = (double)(f->n - p);
    double upper = 0.5 + confidence / 2, ratio = fabs(trend->slope) / trend->slope_se;
    if (trend->family == PS_TREND_QUASI) {
        trend->critical = ps_student_quantile(upper, df);
        trend->p_value = ps_value_of(2 * ps_student_cdf(-ratio, df));
    } else {
        trend->critical = ps_normal_two_sided(confidence);
        trend->p_value = ps_value_of(2 * ps_normal_tail(ratio));
    }
    double half = trend->critical * trend->slope_se;
    trend->annual = ps_value_of(100 * expm1(12 * trend->slope));
    trend->annual_lower = ps_value_of(100 * expm1(12 * (trend->slope - half)));
    trend->annual_upper = ps_value_of(100 * expm1(12 * (trend->slope + half)));
    trend->verdict = trend->slope - half > 0   ? PS_VERDICT_INCREASE
                     : trend->slope + half < 0 ? PS_VERDICT_DECREASE
                                               : PS_VERDICT_NO_CLEAR_CHANGE;
    size_t i = 0;
    for (size_t t = 0; t < s->n; t++) {
        if (!usable(s, t)) continue;
        trend->fitted[t] = f->mean[i++];
        trend->adjusted[t] = s->value[t] * exp(-season_of(trend, t));
    }
    trend->status = PS_VALUE_OK;
    trend->obstacle = PS_TREND_FITTED;
}

static void obstruct(ps_trend *trend, ps_trend_obstacle obstacle) {
    trend->obstacle = obstacle;
    trend->status =
        obstacle == PS_TREND_TOO_SHORT ? PS_VALUE_SMALL_BASE : PS_VALUE_UNDEFINED;
    trend->annual = trend->annual_lower = trend->annual_upper = trend->p_value =
        ps_value_none(trend->status);
}

/* A level of its own for every month needs an event in every month. */
static bool every_month_has_events(const ps_trend *trend, const series *s) {
    double total[12] = {0};
    for (size_t t = 0; t < s->n; t++)
        if (usable(s, t)) total[month_of(trend, t)] += s->value[t];
    for (int m = 0; m < 12; m++)
        if (!(total[m] > 0)) return false;
    return true;
}

/* Poisson first: its dispersion chooses the family. */
static ps_status fit_family(ps_trend *trend, const series *s, fit *f,
                            const ps_trend_options *o, ps_error *err) {
    bool converged;
    PS_TRY(iterate(f, true, &converged, err));
    if (!converged) {
        obstruct(trend, PS_TREND_NOT_CONVERGED);
        return PS_OK;
    }
    trend->dispersion = pearson(f);
    trend->poisson_se = sqrt(f->inverse[f->p + 1]);
    trend->family = o->family;
    if (o->family == PS_TREND_AUTO)
        trend->family = trend->dispersion > NEGATIVE_BINOMIAL_FROM
                            ? PS_TREND_NEGATIVE_BINOMIAL
                            : PS_TREND_QUASI;
    /* A perfect fit would have a standard error of rounding noise. */
    if (trend->family == PS_TREND_QUASI && trend->dispersion < 1e-12)
        trend->family = PS_TREND_POISSON;
    if (trend->family == PS_TREND_NEGATIVE_BINOMIAL) {
        bool found;
        double theta, se = 0;
        PS_TRY(fit_negative_binomial(f, &theta, &se, &found, err));
        if (found) {
            trend->theta = theta;
            trend->theta_se = se;
        } else { /* back to where the Poisson fit was */
            trend->family = PS_TREND_POISSON;
            f->theta = (double)INFINITY;
            PS_TRY(iterate(f, false, &converged, err));
        }
    }
    conclude(trend, s, f, o->confidence);
    return PS_OK;
}

static ps_status fit_series(ps_trend *trend, const series *s, const ps_trend_options *o,
                            ps_error *err) {
    double total = 0;
    for (size_t t = 0; t < s->n; t++) {
        trend->fitted[t] = trend->adjusted[t] = (double)NAN;
        if (!usable(s, t)) continue;
        if (s->value[t] < 0)
            return ps_fail(err, PS_FORMAT,
                           "month %zu of the series is %g; a count cannot be negative",
                           t + 1, s->value[t]);
        total += s->value[t];
        trend->n_used++;
    }
    if (trend->n_used < LEAST_MONTHS || trend->n_used <= trend->p) {
        obstruct(trend, PS_TREND_TOO_SHORT);
        return PS_OK;
    }
    if (!(total > 0)) {
        obstruct(trend, PS_TREND_ALL_ZERO);
        return PS_OK;
    }
    if (trend->months && !every_month_has_events(trend, s)) {
        trend->months = false;
        trend->harmonics = 1;
        trend->p = 2 + season_columns(trend) + trend->n_regressor;
    }
    fit f;
    PS_TRY(fit_open(&f, trend->n_used, trend->p, err));
    load(trend, s, &f);
    ps_error local;
    ps_status status = fit_family(trend, s, &f, o, &local);
    if (status == PS_FORMAT) {
        obstruct(trend, PS_TREND_DEPENDENT);
        status = PS_OK;
    } else if (status != PS_OK) {
        if (err != NULL) *err = local;
    }
    fit_free(&f);
    return status;
}

ps_status ps_trend_fit(size_t n, ps_month first, const double *value,
                       const double *exposure, const double *regressor,
                       size_t n_regressor, const ps_trend_options *options,
                       ps_trend **out, ps_error *err) {
    *out = NULL;
    ps_trend *trend = ps_zalloc(1, sizeof *trend);
    if (trend == NULL) return ps_fail_nomem(err);
    trend->first = first;
    trend->n_months = n;
    trend->n_regressor = n_regressor;
    trend->months = options->months;
    trend->harmonics = options->months ? 0 : options->harmonics;
    trend->family = options->family;
    trend->p = 2 + season_columns(trend) + n_regressor;
    trend->beta = ps_zalloc(trend->p, sizeof *trend->beta);
    trend->covariance = ps_zalloc(trend->p, trend->p * sizeof *trend->covariance);
    trend->fitted = ps_alloc(n, sizeof *trend->fitted);
    trend->adjusted = ps_alloc(n, sizeof *trend->adjusted);
    ps_status status = PS_OK;
    if (trend->beta == NULL || trend->covariance == NULL || trend->fitted == NULL ||
        trend->adjusted == NULL)
        status = ps_fail_nomem(err);
    series s = {n, value, exposure, regressor, n_regressor};
    if (status == PS_OK) status = fit_series(trend, &s, options, err);
    if (status != PS_OK) {
        ps_trend_free(trend);
        return status;
    }
    *out = trend;
    return PS_OK;
}

/* ---- Mann-Kendall and Sen ---- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The k-th smallest of n, k from 1 and not whole: between its neighbours. */
static ps_value at_rank(const double *sorted, size_t n, double k) {
    if (!(k >= 1 && k <= (double)n)) return ps_value_none(PS_VALUE_UNDEFINED);
    size_t below = (size_t)floor(k);
    double part = k - floor(k), low = sorted[below - 1];
    return ps_value_of(below < n ? low + part * (sorted[below] - low) : low);
}

static double tie_sum(const double *sorted, size_t n, bool of_variance) {
    double sum = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j < n && sorted[j] == sorted[i]) j++;
        double t = (double)(j - i);
        sum += of_variance ? t * (t - 1) * (2 * t + 5) : t * (t - 1) / 2;
        i = j;
    }
    return sum;
}

ps_status ps_mann_kendall_of(size_t n, const double *value, double confidence,
                             ps_mann_kendall *out, ps_error *err) {
    ps_value none = ps_value_none(PS_VALUE_SMALL_BASE);
    *out =
        (ps_mann_kendall){0, none, none, none, none, none, none, none, PS_VERDICT_NONE};
    size_t m = 0;
    for (size_t i = 0; i < n; i++) m += isfinite(value[i]) != 0;
    out->n = m;
    if (m < 4) return PS_OK;
    if (m > PS_MANN_KENDALL_MOST)
        return ps_fail(err, PS_LIMIT, "Mann-Kendall: %zu values, at most %d are compared",
                       m, PS_MANN_KENDALL_MOST);
    size_t pairs = m * (m - 1) / 2, at = 0, k = 0;
    double *slope = ps_alloc(pairs, sizeof *slope), *y = ps_alloc(m, 2 * sizeof *y);
    if (slope == NULL || y == NULL) {
        ps_free(slope);
        ps_free(y);
        return ps_fail_nomem(err);
    }
    double *t = y + m;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) continue;
        y[k] = value[i];
        t[k++] = (double)i;
    }
    int64_t s = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = i + 1; j < m; j++) {
            s += (y[j] > y[i]) - (y[j] < y[i]);
            slope[at++] = (y[j] - y[i]) / (t[j] - t[i]);
        }
    qsort(slope, pairs, sizeof *slope, by_size);
    qsort(y, m, sizeof *y, by_size);
    double size = (double)m, score = (double)s;
    double variance = (size * (size - 1) * (2 * size + 5) - tie_sum(y, m, true)) / 18;
    double all = (double)pairs;
    out->s = ps_value_of(score);
    out->slope = at_rank(slope, pairs, (all + 1) / 2);
    out->tau = ps_value_of(score / sqrt(all * (all - tie_sum(y, m, false))));
    out->z = ps_value_none(PS_VALUE_UNDEFINED);
    out->lower = out->upper = ps_value_none(PS_VALUE_UNDEFINED);
    out->p_value = ps_value_of(1);
    if (variance > 0 && ps_confidence_ok(confidence)) {
        double step = (s > 0) - (s < 0), width = sqrt(variance);
        double z = (score - step) / width;
        out->z = ps_value_of(z);
        out->p_value = ps_value_of(2 * ps_normal_tail(fabs(z)));
        /* The test rejects when fewer slopes than this have the other sign. */
        double reach = ps_normal_two_sided(confidence) * width + 1;
        double rank = ceil((all - reach) / 2);
        out->lower = at_rank(slope, pairs, rank);
        out->upper = at_rank(slope, pairs, all + 1 - rank);
    }
    out->verdict = PS_VERDICT_NO_CLEAR_CHANGE;
    if (out->p_value.value < 1 - confidence)
        out->verdict = s > 0 ? PS_VERDICT_INCREASE : PS_VERDICT_DECREASE;
    ps_free(y);
    ps_free(slope);
    return PS_OK;
}

/* ---- Cochran-Armitage ---- */

ps_cochran_armitage ps_cochran_armitage_of(size_t k, const double *x, const double *n,
                                           const double *score, double confidence) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    ps_cochran_armitage c = {none, none, none, PS_VERDICT_NONE};
    ps_sum marked = {0}, all = {0}, scores = {0};
    for (size_t i = 0; i < k; i++) {
        double s = score == NULL ? (double)i : score[i];
        if (!isfinite(x[i]) || !isfinite(n[i]) || !isfinite(s) || x[i] < 0 ||
            x[i] > n[i]) {
            none = ps_value_none(PS_VALUE_MISSING);
            return (ps_cochran_armitage){none, none, none, PS_VERDICT_NONE};
        }
        ps_sum_add(&marked, x[i]);
        ps_sum_add(&all, n[i]);
        ps_sum_add(&scores, n[i] * s);
    }
    double total = ps_sum_value(&all);
    if (!(total > 0) || !ps_confidence_ok(confidence)) return c;
    double share = ps_sum_value(&marked) / total, middle = ps_sum_value(&scores) / total;
    ps_sum t = {0}, spread = {0};
    for (size_t i = 0; i < k; i++) {
        double away = (score == NULL ? (double)i : score[i]) - middle;
        ps_sum_add(&t, away * (x[i] - n[i] * share));
        ps_sum_add(&spread, n[i] * away * away);
    }
    double sxx = ps_sum_value(&spread), variance = share * (1 - share) * sxx;
    if (!(sxx > 0) || !(variance > 0)) return c;
    double z = ps_sum_value(&t) / sqrt(variance);
    c.z = ps_value_of(z);
    c.p_value = ps_value_of(2 * ps_normal_tail(fabs(z)));
    c.slope = ps_value_of(ps_sum_value(&t) / sxx);
    c.verdict = c.p_value.value >= 1 - confidence ? PS_VERDICT_NO_CLEAR_CHANGE
                : z > 0                           ? PS_VERDICT_INCREASE
                                                  : PS_VERDICT_DECREASE;
    return c;
}

/* ---- interventions ---- */

ps_status ps_interventions_read(const char *what, const char *text, ps_interventions *out,
                                ps_error *err) {
    *out = (ps_interventions){0};
    if (text[0] == '\0' || strcmp(text, "none") == 0) return PS_OK;
    for (const char *p = text;;) {
        size_t n = strcspn(p, ",");
        ps_str part = ps_str_trim((ps_str){p, n});
        ps_str first = part, last = part;
        for (size_t i = 0; i + 1 < part.n; i++)
            if (part.p[i] == '.' && part.p[i + 1] == '.') {
                first = (ps_str){part.p, i};
                last = (ps_str){part.p + i + 2, part.n - i - 2};
                break;
            }
        if (out->n == PS_INTERVENTIONS_MOST)
            return ps_fail(err, PS_CONFIG, "%s: more than %d ranges of months", what,
                           PS_INTERVENTIONS_MOST);
        if (!ps_parse_month(first, &out->first[out->n]) ||
            !ps_parse_month(last, &out->last[out->n]) ||
            out->first[out->n] > out->last[out->n])
            return ps_fail(err, PS_CONFIG,
                           "%s: '%.*s' is not a month or range of months; write "
                           "2020-04..2021-06, several with commas, or none",
                           what, (int)(part.n < 60 ? part.n : 60), part.p);
        out->n++;
        if (p[n] == '\0') return PS_OK;
        p += n + 1;
    }
}

bool ps_interventions_hold(const ps_interventions *in, size_t i, ps_month month) {
    return month >= in->first[i] && month <= in->last[i];
}

void ps_interventions_usable(ps_interventions *in, size_t n, ps_month first,
                             const double *value) {
    size_t kept = 0;
    for (size_t i = 0; i < in->n; i++) {
        size_t held = 0, all = 0;
        for (size_t t = 0; t < n; t++) {
            if (!isfinite(value[t])) continue;
            all++;
            held += ps_interventions_hold(in, i, first + (ps_month)t);
        }
        if (held == 0 || held == all) continue;
        in->first[kept] = in->first[i];
        in->last[kept++] = in->last[i];
    }
    in->n = kept;
}

void ps_interventions_text(const ps_interventions *in, char out[200]) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < in->n; i++) {
        char first[16], last[16];
        ps_month_text(in->first[i], first);
        ps_month_text(in->last[i], last);
        int n =
            snprintf(out + used, 200 - used, "%s%s..%s", i > 0 ? "," : "", first, last);
        if (n > 0) used += (size_t)n;
    }
}

void ps_trend_input_free(ps_trend_input *input) {
    ps_free(input->value);
    ps_free(input->regressor);
    ps_monthly_free(&input->months);
}

ps_status ps_trend_input_read(const ps_method_call *call, const ps_call_group *group,
                              size_t month_input, const char *interventions,
                              const char *exclude, bool by_days, ps_trend_input *out,
                              ps_error *err) {
    const double *people = group->column[1];
    *out = (ps_trend_input){.by_days = by_days};
    ps_interventions left_out;
    PS_TRY(ps_interventions_read("interventions", interventions, &out->steps, err));
    PS_TRY(ps_interventions_read("exclude", exclude, &left_out, err));
    PS_TRY(ps_monthly_read(call, group, month_input, &out->months, err));
    size_t m = out->months.n;
    out->value = ps_alloc(m, 2 * sizeof *out->value);
    out->regressor = ps_alloc(m, PS_INTERVENTIONS_MOST * sizeof *out->regressor);
    if (out->value == NULL || out->regressor == NULL) {
        ps_trend_input_free(out);
        return ps_fail_nomem(err);
    }
    out->exposure = out->value + m;
    ps_monthly_values(&out->months, group->column[0], out->value);
    ps_monthly_values(&out->months, people, out->exposure);
    for (size_t t = 0; t < m; t++) {
        ps_month month = out->months.first + (ps_month)t;
        if (people == NULL) out->exposure[t] = 1;
        if (by_days) out->exposure[t] *= ps_month_days(month);
        for (size_t i = 0; i < left_out.n; i++)
            if (ps_interventions_hold(&left_out, i, month)) out->value[t] = (double)NAN;
    }
    ps_interventions_usable(&out->steps, m, out->months.first, out->value);
    for (size_t t = 0; t < m; t++)
        for (size_t i = 0; i < out->steps.n; i++)
            out->regressor[t * out->steps.n + i] =
                ps_interventions_hold(&out->steps, i, out->months.first + (ps_month)t);
    return PS_OK;
}

/* ---- adaptors ---- */

void ps_trend_season(const ps_method_call *call, size_t param, ps_trend_options *out) {
    size_t choice = ps_call_param_choice(call, param);
    out->months = choice == 3;
    out->harmonics = out->months ? 1 : (int)choice;
}

enum { IN_AREA, IN_MONTH, IN_VALUE, IN_EXPOSURE };
static const ps_method_column trend_input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one series per area"},
    {"month", PS_COLUMN_TEXT, true, "as in 2021-07"},
    {"value", PS_COLUMN_NUMBER, true, "count of the month; empty when missing"},
    {"population", PS_COLUMN_NUMBER, false, "people in that month"},
};
enum { P_CONFIDENCE, P_FAMILY, P_SEASON, P_STEPS, P_EXCLUDE, P_DAYS };
static const ps_method_param trend_param[] = {
    PS_PARAM_CONFIDENCE,
    {"family", PS_COLUMN_TEXT, "auto", "auto|poisson|quasi-poisson|negative-binomial", 0,
     0, "auto: negative binomial when phi > 1.5, else quasi-Poisson"},
    PS_PARAM_SEASON,
    PS_PARAM_INTERVENTIONS,
    {"exclude", PS_COLUMN_TEXT, "none", NULL, 0, 0,
     "months left out: ranges with commas, or none"},
    {"days", PS_COLUMN_TEXT, "yes", "yes|no", 0, 0,
     "exposure takes the days of the month"},
};
static const ps_method_column trend_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"n_months", PS_COLUMN_INTEGER, true, "months with a value"},
    {"family", PS_COLUMN_TEXT, true, "family used"},
    {"season", PS_COLUMN_TEXT, true, "form of the season used"},
    {"slope", PS_COLUMN_NUMBER, true, "of the log mean, per month"},
    {"slope_se", PS_COLUMN_NUMBER, true, "its standard error in the family used"},
    {"poisson_se", PS_COLUMN_NUMBER, true, "the same under Poisson"},
    {"quasi_se", PS_COLUMN_NUMBER, true, "the same times root phi"},
    {"value", PS_COLUMN_NUMBER, true, "change in percent a year"},
    {"lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"p_value", PS_COLUMN_NUMBER, true, "of the slope, two-sided"},
    {"dispersion", PS_COLUMN_NUMBER, true, "phi = Pearson chi-squared / (n - p)"},
    {"theta", PS_COLUMN_NUMBER, true, "of the negative binomial"},
    {"theta_se", PS_COLUMN_NUMBER, true, "its standard error"},
    {"deviance", PS_COLUMN_NUMBER, true, "of the fit"},
    {"verdict", PS_COLUMN_TEXT, true,
     "decrease, increase, no-clear-change, or why there is none: too-short, all-zero, "
     "dependent, not-converged"},
    {"interventions", PS_COLUMN_TEXT, true, "ranges with a level of their own"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
};

static ps_trend_options trend_options(const ps_method_call *call) {
    ps_trend_options o = {.family = (ps_trend_family)ps_call_param_choice(call, P_FAMILY),
                          .confidence = ps_call_param_number(call, P_CONFIDENCE)};
    ps_trend_season(call, P_SEASON, &o);
    return o;
}

static const char *season_text(const ps_trend *trend) {
    static const char *const text[] = {"none", "harmonic-1", "harmonic-2"};
    return trend->months ? "months" : text[trend->harmonics];
}

static ps_value fitted(const ps_trend *trend, double value) {
    return (ps_value){trend->status, value};
}

static void step_trend(ps_estimate_steps to, const ps_trend *t) {
    if (t->status != PS_VALUE_OK || !ps_value_ok(t->annual)) return;
    ps_step_add(to.value, t->slope,
                "slope of the logarithm a month, fitted by iteration to %zu months",
                t->n_used);
    ps_step_add(to.value, t->annual.value,
                "change in %% a year = 100 * (exp(12 * %s) - 1)", PS_STEP(t->slope));
    if (!ps_value_ok(t->annual_lower) || !ps_value_ok(t->annual_upper)) return;
    ps_step_add(to.lower, t->slope_se, "standard error of the slope (%s)",
                ps_trend_family_text(t->family));
    ps_step_add(to.lower, t->annual_lower.value,
                "lower limit = 100 * (exp(12 * (%s - %s * %s)) - 1)", PS_STEP(t->slope),
                PS_STEP(t->critical), PS_STEP(t->slope_se));
    ps_step_add(to.upper, t->annual_upper.value,
                "upper limit = 100 * (exp(12 * (%s + %s * %s)) - 1)", PS_STEP(t->slope),
                PS_STEP(t->critical), PS_STEP(t->slope_se));
}

static ps_status write_trend(const ps_method_call *call, ps_str area,
                             const ps_trend_input *g, const ps_trend *trend,
                             ps_error *err) {
    char steps[200];
    ps_interventions_text(&g->steps, steps);
    ps_value_status theta = trend->theta > 0 ? PS_VALUE_OK : PS_VALUE_NOT_APPLICABLE;
    step_trend(ps_call_estimate_steps(call, 8), trend);
    ps_call_put_text(call, 0, area);
    ps_call_put_int(call, 1, (int64_t)trend->n_used);
    if (trend->obstacle == PS_TREND_FITTED)
        ps_call_put_word(call, 2, ps_trend_family_text(trend->family));
    ps_call_put_word(call, 3, season_text(trend));
    ps_call_put_settled(call, 4, fitted(trend, trend->slope));
    ps_call_put_settled(call, 5, fitted(trend, trend->slope_se));
    ps_call_put_settled(call, 6, fitted(trend, trend->poisson_se));
    ps_call_put_settled(call, 7,
                        fitted(trend, trend->poisson_se * sqrt(trend->dispersion)));
    const ps_value values[] = {trend->annual, trend->annual_lower, trend->annual_upper,
                               trend->p_value};
    for (size_t i = 0; i < PS_LENGTH(values); i++)
        ps_call_put_settled(call, 8 + i, values[i]);
    ps_call_put_settled(call, 12, fitted(trend, trend->dispersion));
    ps_call_put_settled(call, 13, (ps_value){theta, trend->theta});
    ps_call_put_settled(call, 14, (ps_value){theta, trend->theta_se});
    ps_call_put_settled(call, 15, fitted(trend, trend->deviance));
    ps_call_put_word(call, 16,
                     trend->obstacle == PS_TREND_FITTED
                         ? ps_verdict_text(trend->verdict)
                         : ps_trend_obstacle_text(trend->obstacle));
    ps_call_put_word(call, 17, steps);
    ps_call_put_status(call, 18, trend->status);
    return ps_call_end_row(call, err);
}

static const ps_method_column months_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"month", PS_COLUMN_TEXT, true, "every month from the first to the last"},
    {"value", PS_COLUMN_NUMBER, true, "as in the input"},
    {"fitted", PS_COLUMN_NUMBER, true, "mean of the trend model"},
    {"adjusted", PS_COLUMN_NUMBER, true, "value without its season"},
    {"status", PS_COLUMN_TEXT, true,
     "of fitted and adjusted: ok, missing (no value), or that of trend"},
};

static ps_status write_months(const ps_method_call *call, ps_str area,
                              const ps_trend_input *g, const ps_trend *trend,
                              ps_error *err) {
    for (size_t t = 0; t < g->months.n; t++) {
        char month[24];
        ps_month_text(g->months.first + (ps_month)t, month);
        ps_value_status status = isnan(g->value[t]) ? PS_VALUE_MISSING : trend->status;
        ps_value mean = ps_value_none(status), adjusted = mean;
        if (status == PS_VALUE_OK) {
            mean = ps_value_of(trend->fitted[t]);
            adjusted = ps_value_of(trend->adjusted[t]);
            status = ps_value_ok(mean) ? adjusted.status : mean.status;
        }
        ps_call_put_text(call, 0, area);
        ps_call_put_word(call, 1, month);
        ps_call_put_known(call, 2, g->value[t]);
        ps_call_put_settled(call, 3, mean);
        ps_call_put_settled(call, 4, adjusted);
        ps_call_put_status(call, 5, status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

typedef ps_status write_fn(const ps_method_call *call, ps_str area,
                           const ps_trend_input *g, const ps_trend *trend, ps_error *err);
typedef struct writer {
    write_fn *write;
} writer;

static ps_status trend_group(const ps_method_call *call, const ps_call_group *group,
                             void *context, ps_error *err) {
    const writer *to = context;
    ps_trend_input g;
    PS_TRY(ps_trend_input_read(call, group, IN_MONTH, ps_call_param_text(call, P_STEPS),
                               ps_call_param_text(call, P_EXCLUDE),
                               ps_call_param_is(call, P_DAYS, "yes"), &g, err));
    ps_trend_options options = trend_options(call);
    ps_trend *trend = NULL;
    ps_status status = ps_trend_fit(g.months.n, g.months.first, g.value, g.exposure,
                                    g.regressor, g.steps.n, &options, &trend, err);
    if (status == PS_OK)
        status = to->write(call, group->name, &g, trend, err);
    else
        ps_fail_prefix(err, "%s: ", ps_table_name(ps_call_table(call)));
    ps_trend_free(trend);
    ps_trend_input_free(&g);
    return status;
}

static ps_status run_and_write(const ps_method_call *call, write_fn *write,
                               ps_error *err) {
    static const size_t inputs[] = {IN_VALUE, IN_EXPOSURE};
    writer to = {write};
    return ps_call_each_group(call, IN_AREA, inputs, 2, trend_group, &to, err);
}

static ps_status run_trend(const ps_method_call *call, ps_error *err) {
    return run_and_write(call, write_trend, err);
}

static ps_status run_months(const ps_method_call *call, ps_error *err) {
    return run_and_write(call, write_months, err);
}

const ps_method ps_method_trend = {
    .id = "trend",
    .title = "Trend with seasonality",
    .formula =
        "ln mean = level + slope t + season + interventions + ln(days * people), "
        "t in months; Poisson by iteratively reweighted least squares, "
        "quasi-Poisson with standard errors times sqrt(phi), or negative binomial "
        "with variance mean + mean^2/theta; value = 100 (exp(12 slope) - 1).",
    .source = "McCullagh & Nelder 1989; Venables & Ripley 2002",
    .evidence =
        "glm (poisson, quasipoisson) and glm.nb of R MASS, fresh series, theta from 1 to "
        "20,000: 1e-8; theta 1e-7",
    .input = trend_input,
    .n_input = PS_LENGTH(trend_input),
    .param = trend_param,
    .n_param = PS_LENGTH(trend_param),
    .output = trend_output,
    .n_output = PS_LENGTH(trend_output),
    .run = run_trend,
};

const ps_method ps_method_trend_months = {
    .id = "trend_months",
    .title = "Months of a trend, seasonally adjusted",
    .formula =
        "the model of trend, month by month: adjusted = value exp(-season), the season "
        "of "
        "the log mean centred to mean 0 over twelve months",
    .source = "McCullagh & Nelder 1989",
    .evidence = "value / adjusted repeats every twelve months, geometric mean 1: 1e-11",
    .input = trend_input,
    .n_input = PS_LENGTH(trend_input),
    .param = trend_param,
    .n_param = PS_LENGTH(trend_param),
    .output = months_output,
    .n_output = PS_LENGTH(months_output),
    .run = run_months,
};

static const ps_method_column kendall_input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one series per area"},
    {"t", PS_COLUMN_TEXT, false,
     "time, for the reader; values stand in order of the rows"},
    {"value", PS_COLUMN_NUMBER, true, "empty when missing"},
};
static const ps_method_param kendall_param[] = {PS_PARAM_CONFIDENCE};
static const ps_method_column kendall_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"n", PS_COLUMN_INTEGER, true, "values"},
    {"s", PS_COLUMN_NUMBER, true, "pairs that rise less pairs that fall"},
    {"tau", PS_COLUMN_NUMBER, true, "Kendall's tau-b"},
    {"z", PS_COLUMN_NUMBER, true, "of s, with continuity correction"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"value", PS_COLUMN_NUMBER, true, "Sen's slope per step"},
    {"lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
};

static ps_status kendall_group(const ps_method_call *call, const ps_call_group *group,
                               void *context, ps_error *err) {
    (void)context;
    ps_mann_kendall k;
    PS_TRY(ps_mann_kendall_of(group->n, group->column[0], ps_call_param_number(call, 0),
                              &k, err));
    const ps_value values[] = {k.s, k.tau, k.z, k.p_value, k.slope, k.lower, k.upper};
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, (int64_t)k.n);
    ps_call_put_values(call, 2, values, PS_LENGTH(values));
    ps_call_put_word(call, 9, ps_verdict_text(k.verdict));
    ps_call_put_status(call, 10, k.slope.status);
    return ps_call_end_row(call, err);
}

static ps_status run_kendall(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {2};
    return ps_call_each_group(call, 0, inputs, 1, kendall_group, NULL, err);
}

const ps_method ps_method_mann_kendall = {
    .id = "mann_kendall",
    .title = "Mann-Kendall test and Sen's slope",
    .formula =
        "s = sum of the signs of all pairs; variance with ties; z = (s -+ 1) / "
        "sqrt(variance); slope = median of the slopes of all pairs, limits at their "
        "ranks r = (N - 1 - z sqrt(variance)) / 2, rounded up, and N + 1 - r: they leave "
        "out 0 exactly when p_value says so, unless slopes of equal values are 0 "
        "themselves.",
    .source = "Mann 1945; Kendall 1975; Sen 1968; Gilbert 1987",
    .evidence = "cor.test of R and the median of R's slopes, fresh series: 2e-15",
    .input = kendall_input,
    .n_input = PS_LENGTH(kendall_input),
    .param = kendall_param,
    .n_param = PS_LENGTH(kendall_param),
    .output = kendall_output,
    .n_output = PS_LENGTH(kendall_output),
    .run = run_kendall,
};

static const ps_method_column armitage_input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one test per area"},
    {"score", PS_COLUMN_NUMBER, true, "of the group, such as the year"},
    {"x", PS_COLUMN_NUMBER, true, "number with the property"},
    {"n", PS_COLUMN_NUMBER, true, "number in the group"},
};
static const ps_method_param armitage_param[] = {PS_PARAM_CONFIDENCE};
static const ps_method_column armitage_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"groups", PS_COLUMN_INTEGER, true, "rows"},
    {"value", PS_COLUMN_NUMBER, true, "change of the proportion per unit of score"},
    {"z", PS_COLUMN_NUMBER, true, "of the trend"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
};

static ps_status armitage_group(const ps_method_call *call, const ps_call_group *group,
                                void *context, ps_error *err) {
    (void)context;
    ps_cochran_armitage c =
        ps_cochran_armitage_of(group->n, group->column[1], group->column[2],
                               group->column[0], ps_call_param_number(call, 0));
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, (int64_t)group->n);
    ps_call_put_value(call, 2, c.slope);
    ps_call_put_value(call, 3, c.z);
    ps_call_put_value(call, 4, c.p_value);
    ps_call_put_word(call, 5, ps_verdict_text(c.verdict));
    ps_call_put_status(call, 6, c.slope.status);
    return ps_call_end_row(call, err);
}

static ps_status run_armitage(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {1, 2, 3};
    return ps_call_each_group(call, 0, inputs, 3, armitage_group, NULL, err);
}

const ps_method ps_method_cochran_armitage = {
    .id = "cochran_armitage",
    .title = "Cochran-Armitage test of a trend in proportions",
    .formula =
        "T = sum of (score - mean score) (x - n p); z = T / sqrt(p (1 - p) S), "
        "S = sum of n (score - mean score)^2; value = T / S.",
    .source = "Armitage 1955, Biometrics 11:375",
    .evidence = "prop.trend.test of R, fresh groups: 4e-15",
    .input = armitage_input,
    .n_input = PS_LENGTH(armitage_input),
    .param = armitage_param,
    .n_param = PS_LENGTH(armitage_param),
    .output = armitage_output,
    .n_output = PS_LENGTH(armitage_output),
    .run = run_armitage,
};
