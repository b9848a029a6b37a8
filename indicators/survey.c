/* Records point to units and units to strata, both numbered without gaps, units in order
 * of their stratum. All that is estimated becomes a sum of one number per record of the
 * domain (its influence on the estimate); sorted by unit these give the totals of the
 * units, stratum by stratum, and the units without a record need only be counted. */
#include "indicators/survey.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/rate.h"
#include "indicators/sum.h"

struct ps_survey {
    size_t n, n_strata;
    double *weight;    /* per record */
    int32_t *psu;      /* per record */
    int32_t *stratum;  /* per unit */
    double *size;      /* per stratum: units drawn */
    double *remaining; /* per stratum: 1 - share drawn */
    ps_lonely lonely;
};

/* ---- the design ---- */

typedef struct placed {
    int32_t stratum, psu;
    size_t record;
} placed;

static int by_unit(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (x->stratum != y->stratum) return x->stratum < y->stratum ? -1 : 1;
    if (x->psu != y->psu) return x->psu < y->psu ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

/* Number units and strata without gaps; records[i] in order of both. */
static void number_units(ps_survey *s, const placed *records, bool own_units) {
    int32_t unit = -1, stratum = -1;
    for (size_t i = 0; i < s->n; i++) {
        const placed *now = &records[i], *last = i > 0 ? &records[i - 1] : NULL;
        bool new_stratum = last == NULL || last->stratum != now->stratum;
        if (new_stratum) s->size[++stratum] = 0;
        if (new_stratum || own_units || last->psu != now->psu) {
            s->stratum[++unit] = stratum;
            s->size[stratum]++;
        }
        s->psu[now->record] = unit;
    }
    s->n_strata = (size_t)(stratum + 1);
}

static ps_status check_weights(const ps_survey_design *d, ps_survey *s, size_t *at,
                               ps_error *err) {
    for (size_t i = 0; i < d->n; i++) {
        s->weight[i] = d->weight == NULL ? 1 : d->weight[i];
        *at = i;
        if (isnan(s->weight[i]))
            return ps_fail(err, PS_FORMAT,
                           "the weight is missing; give 0 to leave a record out");
        if (!(s->weight[i] >= 0) || isinf(s->weight[i]))
            return ps_fail(err, PS_FORMAT, "the weight is %g, but has to be 0 or more",
                           s->weight[i]);
    }
    return PS_OK;
}

/* The share of each stratum that was not drawn. */
static ps_status correct_finite(const ps_survey_design *d, ps_survey *s, size_t *at,
                                ps_error *err) {
    for (size_t h = 0; h < s->n_strata; h++) s->remaining[h] = 1;
    if (d->fpc == NULL) return PS_OK;
    bool numbers = false;
    for (size_t i = 0; i < d->n; i++) numbers = numbers || d->fpc[i] > 1;
    for (size_t h = 0; h < s->n_strata; h++) s->remaining[h] = (double)NAN;
    for (size_t i = 0; i < d->n; i++) {
        double f = d->fpc[i];
        size_t h = (size_t)s->stratum[s->psu[i]];
        *at = i;
        if (!(f > 0) || isinf(f) || (numbers && f < 1))
            return ps_fail(err, PS_FORMAT,
                           isnan(f)  ? "the fpc is missing"
                           : numbers ? "the fpc is %g beside numbers of units above 1; "
                                       "give either numbers or shares"
                                     : "the fpc is %g, but has to be above 0",
                           f);
        if (numbers && f < s->size[h])
            return ps_fail(err, PS_FORMAT,
                           "the fpc says that the population has %g units in this "
                           "stratum, but the sample has %g",
                           f, s->size[h]);
        double remaining = numbers ? (f - s->size[h]) / f : 1 - f;
        if (isnan(s->remaining[h])) s->remaining[h] = remaining;
        if (s->remaining[h] != remaining)
            return ps_fail(err, PS_FORMAT,
                           "the fpc is %g, but another record of this stratum has a "
                           "different one",
                           f);
    }
    return PS_OK;
}

static bool is_lonely(const ps_survey *s, size_t stratum) {
    return s->size[stratum] < 2 && s->remaining[stratum] > 0;
}

static ps_status refuse_lonely(const ps_survey *s, size_t *at, ps_error *err) {
    for (size_t i = 0; i < s->n; i++) {
        *at = i;
        if (is_lonely(s, (size_t)s->stratum[s->psu[i]]))
            return ps_fail(err, PS_FORMAT,
                           "this stratum has one sampling unit, so that its variance is "
                           "not known; merge it with another, or say what it counts "
                           "with lonely=remove, adjust or average");
    }
    return PS_OK;
}

static ps_status build(const ps_survey_design *d, ps_survey *s, placed *records,
                       size_t *at, ps_error *err) {
    s->n = d->n;
    s->lonely = d->lonely;
    s->weight = ps_alloc(d->n, sizeof *s->weight);
    s->psu = ps_alloc(d->n, sizeof *s->psu);
    s->stratum = ps_alloc(d->n, sizeof *s->stratum);
    s->size = ps_alloc(d->n, sizeof *s->size);
    s->remaining = ps_alloc(d->n, sizeof *s->remaining);
    if (s->weight == NULL || s->psu == NULL || s->stratum == NULL || s->size == NULL ||
        s->remaining == NULL)
        return ps_fail_nomem(err);
    if (d->n > INT32_MAX)
        return ps_fail(err, PS_LIMIT, "more than %d records", (int)INT32_MAX);
    for (size_t i = 0; i < d->n; i++)
        records[i] = (placed){d->stratum == NULL ? 0 : d->stratum[i],
                              d->psu == NULL ? 0 : d->psu[i], i};
    if (d->n > 1) qsort(records, d->n, sizeof *records, by_unit);
    number_units(s, records, d->psu == NULL);
    PS_TRY(check_weights(d, s, at, err));
    PS_TRY(correct_finite(d, s, at, err));
    return s->lonely == PS_LONELY_FAIL ? refuse_lonely(s, at, err) : PS_OK;
}

ps_status ps_survey_create(const ps_survey_design *design, ps_survey **out, size_t *at,
                           ps_error *err) {
    *at = 0;
    *out = ps_zalloc(1, sizeof **out);
    placed *records = ps_alloc(design->n, sizeof *records);
    ps_status status = *out == NULL || records == NULL
                           ? ps_fail_nomem(err)
                           : build(design, *out, records, at, err);
    ps_free(records);
    if (status != PS_OK) {
        ps_survey_free(*out);
        *out = NULL;
    }
    return status;
}

void ps_survey_free(ps_survey *survey) {
    if (survey == NULL) return;
    ps_free(survey->weight);
    ps_free(survey->psu);
    ps_free(survey->stratum);
    ps_free(survey->size);
    ps_free(survey->remaining);
    ps_free(survey);
}

/* ---- variance ---- */

/* What one record of a domain adds to an estimate. */
typedef struct influence {
    int32_t psu;
    size_t record;
    bool answers; /* without an answer u is 0, and only df is told */
    double u;
    double size; /* of what u is the difference of: how exact it can be */
} influence;

static int by_psu(const void *a, const void *b) {
    const influence *x = a, *y = b;
    if (x->psu != y->psu) return x->psu < y->psu ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

typedef struct spread {
    bool known; /* some stratum gives a variance */
    bool whole; /* all strata were drawn whole */
    double variance;
    int64_t psus, strata;
} spread;

/* The variance that one stratum adds: n_h / (n_h - 1) times the squared distances of the
 * totals of its units, of which `listed` are not 0, from their mean. */
static double stratum_variance(const ps_survey *s, size_t h, const double *total,
                               size_t listed) {
    ps_sum sum = {0, 0}, squares = {0, 0};
    double n = s->size[h];
    for (size_t i = 0; i < listed; i++) ps_sum_add(&sum, total[i]);
    double mean = n < 2 && s->lonely == PS_LONELY_ADJUST ? 0 : ps_sum_value(&sum) / n;
    for (size_t i = 0; i < listed; i++)
        ps_sum_add(&squares, (total[i] - mean) * (total[i] - mean));
    ps_sum_add(&squares, (n - (double)listed) * mean * mean);
    return s->remaining[h] * (n < 2 ? 1 : n / (n - 1)) * ps_sum_value(&squares);
}

enum { MOST_TOLD = 40 }; /* strata, in the working */

/* What a stratum adds, as its units' totals vary about their mean. */
static void step_stratum(ps_output *steps, const ps_survey *s, size_t h,
                         double variance) {
    const double n = s->size[h], scale = s->remaining[h] * (n < 2 ? 1 : n / (n - 1));
    if (n < 2)
        ps_step_add(steps, variance, "variance of stratum %zu, of one unit", h + 1);
    else if (scale > 0)
        ps_step_add(steps, variance, "variance of stratum %zu = %s * %s / (%s - 1) * %s",
                    h + 1, PS_STEP(s->remaining[h]), PS_STEP(n), PS_STEP(n),
                    PS_STEP(variance / scale));
}

/* The variance of the sum of u over the records listed; all others count 0. Sorts the
 * list. total: room for as many numbers as there are in the list. */
static spread variance_of(const ps_survey *s, size_t m, influence *list, double *total,
                          ps_output *steps) {
    spread out = {.whole = true};
    ps_sum variance = {0, 0}, size = {0, 0};
    int64_t counted = 0, with_variance = 0;
    if (m > 1) qsort(list, m, sizeof *list, by_psu);
    for (size_t i = 0; i < m;) {
        size_t h = (size_t)s->stratum[list[i].psu], listed = 0;
        bool answers = false;
        while (i < m && (size_t)s->stratum[list[i].psu] == h) {
            ps_sum sum = {0, 0};
            int32_t unit = list[i].psu;
            for (; i < m && list[i].psu == unit; i++) {
                ps_sum_add(&sum, list[i].u);
                ps_sum_add(&size, list[i].size);
                answers = answers || list[i].answers;
            }
            total[listed++] = ps_sum_value(&sum);
        }
        out.psus += (int64_t)listed;
        out.strata++;
        if (!answers) continue;
        counted++;
        out.whole = out.whole && !(s->remaining[h] > 0);
        if (is_lonely(s, h) && s->lonely != PS_LONELY_ADJUST) continue;
        with_variance++;
        const double own = stratum_variance(s, h, total, listed);
        ps_sum_add(&variance, own);
        if (counted <= MOST_TOLD) step_stratum(steps, s, h, own);
    }
    out.known = with_variance > 0;
    out.variance = ps_sum_value(&variance);
    if (s->lonely == PS_LONELY_AVERAGE && out.known)
        out.variance *= (double)counted / (double)with_variance;
    /* Squares of huge answers leave the range of a double. */
    if (!isfinite(out.variance)) out.known = false;
    /* Equal totals differ by rounding only. */
    if (sqrt(out.variance) <= 1e-15 * ps_sum_value(&size)) out.variance = 0;
    return out;
}

/* ---- estimates ---- */

static ps_survey_figure without_figure(ps_value_status status) {
    ps_value none = ps_value_none(status);
    return (ps_survey_figure){.value = none,
                              .se = none,
                              .lower = none,
                              .upper = none,
                              .n_eff = none,
                              .deff = none,
                              .kish = none,
                              .limits = ""};
}

static bool answered(const ps_survey_question *q, size_t record) {
    return isfinite(q->y[record]) &&
           (q->statistic != PS_SURVEY_RATIO || isfinite(q->x[record]));
}

/* What is left of a record's answer once the estimate is taken away. */
static double residual(const ps_survey_question *q, double value, size_t record) {
    switch (q->statistic) {
        case PS_SURVEY_TOTAL:
            return q->y[record];
        case PS_SURVEY_RATIO:
            return q->y[record] - value * q->x[record];
        case PS_SURVEY_MEAN:
        case PS_SURVEY_PROPORTION:
            break;
    }
    return q->y[record] - value;
}

/* The value of a domain, the influence of its records (0 of those without an answer) and
 * what a simple sample with replacement would have as variance. `list` gets the records
 * of weight above 0, *listed of them. */
static ps_status linearise(const ps_survey *s, const ps_survey_question *q, size_t m,
                           const size_t *row, double sign, influence *list,
                           size_t *listed, double *simple, ps_survey_figure *f,
                           ps_error *err) {
    ps_sum weights = {0, 0}, squares = {0, 0}, upper = {0, 0}, lower = {0, 0};
    *f = without_figure(PS_VALUE_MISSING);
    *listed = 0;
    *simple = (double)NAN;
    for (size_t i = 0; i < m; i++) {
        size_t r = row[i];
        double w = s->weight[r];
        if (!(w > 0)) continue;
        list[(*listed)++] = (influence){s->psu[r], r, answered(q, r), 0, 0};
        f->records++;
        if (!answered(q, r)) continue;
        if (q->statistic == PS_SURVEY_PROPORTION && q->y[r] != 0 && q->y[r] != 1)
            return ps_fail(err, PS_FORMAT,
                           "a proportion is asked for, but an answer is %g; answers have "
                           "to be 0 or 1",
                           q->y[r]);
        f->base++;
        f->numerator += q->statistic == PS_SURVEY_PROPORTION && q->y[r] == 1;
        ps_sum_add(&weights, w);
        ps_sum_add(&squares, w * w);
        ps_sum_add(&upper, w * q->y[r]);
        ps_sum_add(&lower, q->statistic == PS_SURVEY_RATIO ? w * q->x[r] : w);
    }
    f->weighted_base = ps_sum_value(&weights);
    if (f->base == 0) return PS_OK;
    double n = (double)f->base, all = f->weighted_base;
    double over = q->statistic == PS_SURVEY_TOTAL ? 1 : ps_sum_value(&lower);
    f->kish = ps_value_of(n * ps_sum_value(&squares) / (all * all));
    f->value = over == 0 ? ps_value_none(PS_VALUE_UNDEFINED)
                         : ps_value_of(ps_sum_value(&upper) / over);
    if (!ps_value_ok(f->value)) return PS_OK;
    ps_sum first = {0, 0}, second = {0, 0};
    for (size_t i = 0; i < *listed; i++) {
        size_t r = list[i].record;
        if (!answered(q, r)) continue;
        double weighted = s->weight[r] * residual(q, f->value.value, r);
        double taken = q->y[r] - residual(q, f->value.value, r);
        list[i].u = sign * weighted / over;
        list[i].size = s->weight[r] * (fabs(q->y[r]) + fabs(taken)) / fabs(over);
        ps_sum_add(&first, weighted);
    }
    double centre = ps_sum_value(&first) / all;
    for (size_t i = 0; i < *listed; i++) {
        size_t r = list[i].record;
        if (!answered(q, r)) continue;
        double e = residual(q, f->value.value, r) - centre;
        ps_sum_add(&second, s->weight[r] * e * e);
    }
    if (n > 1)
        *simple = all * all / (over * over) * ps_sum_value(&second) / all / (n - 1);
    return PS_OK;
}

static double t_of(double confidence, double df) {
    return ps_student_quantile(1 - (1 - confidence) / 2, df);
}

static void set_limits(ps_survey_figure *f, double lower, double upper,
                       const char *name) {
    if (!isfinite(lower) || !isfinite(upper)) return;
    f->lower = ps_value_of(lower);
    f->upper = ps_value_of(upper);
    f->limits = name;
}

static void wilson(ps_survey_figure *f, double n, double confidence, const char *name) {
    ps_estimate e =
        ps_proportion(f->value.value * n, n, 1, confidence, PS_PROPORTION_WILSON);
    if (e.limits_status == PS_VALUE_OK) set_limits(f, e.lower, e.upper, name);
}

/* simple: as exact as so many answers, by the variance alone. */
static void proportion_limits(ps_survey_figure *f, const ps_survey_question *q,
                              double simple) {
    double p = f->value.value, df = (double)f->df, half = (1 - q->confidence) / 2;
    const char *name = ps_survey_limits_text(q->limits);
    double records = (double)f->records, base = (double)f->base;
    /* Corrected for few units: as exact as that in a sample of so many records. */
    double corrected = simple;
    if (records > 1) {
        double ratio = t_of(q->confidence, records - 1) / t_of(q->confidence, df);
        corrected = simple * ratio * ratio;
    }
    corrected = fmin(corrected, base);
    double reach = t_of(q->confidence, df) * f->se.value;
    switch (q->limits) {
        case PS_SURVEY_WILSON:
            wilson(f, fmin(simple, base), q->confidence, name);
            break;
        case PS_SURVEY_WILSON_DF:
            wilson(f, corrected, q->confidence, name);
            break;
        case PS_SURVEY_LOGIT: {
            double centre = log(p / (1 - p)), step = reach / (p * (1 - p));
            set_limits(f, 1 / (1 + exp(step - centre)), 1 / (1 + exp(-step - centre)),
                       name);
            break;
        }
        case PS_SURVEY_BETA:
            set_limits(f, ps_beta_quantile(half, corrected * p, corrected * (1 - p) + 1),
                       ps_beta_quantile(1 - half, corrected * p + 1, corrected * (1 - p)),
                       name);
            break;
        case PS_SURVEY_WALD:
            set_limits(f, p - reach, p + reach, name);
            break;
    }
}

/* Standard error, design effect, effective base and limits from the variance. */
static void measure(const ps_survey_question *q, const spread *v, double simple,
                    ps_survey_figure *f) {
    const ps_value undefined = ps_value_none(PS_VALUE_UNDEFINED);
    f->psus = v->psus;
    f->strata = v->strata;
    f->df = v->psus - v->strata;
    f->se = f->lower = f->upper = f->n_eff = f->deff = undefined;
    if (!ps_value_ok(f->value)) {
        f->se = f->lower = f->upper = f->value;
        return;
    }
    if (!v->known || (f->df < 1 && !v->whole && !(v->variance > 0))) return;
    double p = f->value.value, n = (double)f->base, exact = 0;
    bool share = q->statistic == PS_SURVEY_PROPORTION;
    f->se = ps_value_of(sqrt(v->variance));
    f->zero_variance = !(v->variance > 0) && !v->whole;
    if (v->variance > 0) {
        if (simple > 0) f->deff = ps_value_of(v->variance / simple);
        if (share)
            exact = p * (1 - p) / v->variance;
        else if (ps_value_ok(f->deff))
            exact = n / f->deff.value;
        if (share || ps_value_ok(f->deff)) f->n_eff = ps_value_of(fmin(exact, n));
    } else if (f->zero_variance && share) {
        f->n_eff = ps_value_of(n / f->kish.value);
    }
    if (!ps_confidence_ok(q->confidence)) return;
    if (v->whole) {
        set_limits(f, p, p, "census");
    } else if (f->df < 1) {
        return;
    } else if (f->zero_variance) {
        if (share)
            wilson(f, f->n_eff.value, q->confidence, "wilson-kish");
        else if (!(simple > 0))
            set_limits(f, p, p, "wald-t");
    } else if (share) {
        proportion_limits(f, q, exact);
    } else {
        double reach = t_of(q->confidence, (double)f->df) * f->se.value;
        set_limits(f, p - reach, p + reach, "wald-t");
    }
}

/* ---- working ---- */

static void step_value(ps_output *to, const ps_survey_question *q,
                       const ps_survey_figure *f, double multiplier) {
    const double over = q->statistic == PS_SURVEY_TOTAL ? 1 : f->weighted_base;
    ps_step_add(to, (double)f->base, "answers");
    if (q->statistic == PS_SURVEY_RATIO) {
        ps_step_add(to, multiplier * f->value.value, "weighted ratio");
        return;
    }
    ps_step_add(to, f->value.value * over, "answers times weights, added up");
    if (q->statistic == PS_SURVEY_TOTAL) return;
    ps_step_add(to, over, "weights of those who answered");
    ps_step_add(to, multiplier * f->value.value, "weighted %s = %s * %s / %s",
                q->statistic == PS_SURVEY_PROPORTION ? "share" : "mean",
                PS_STEP(multiplier), PS_STEP(f->value.value * over), PS_STEP(over));
}

static void step_limits(ps_estimate_steps to, const ps_survey_question *q,
                        const ps_survey_figure *f, double multiplier) {
    const double p = f->value.value, variance = f->se.value * f->se.value,
                 n = f->n_eff.value;
    if (strcmp(f->limits, "wald-t") == 0) {
        const double reach = t_of(q->confidence, (double)f->df);
        ps_step_add(to.lower, reach, "reach of Student's t with %lld degrees of freedom",
                    (long long)f->df);
        ps_step_limits(to, multiplier * p, reach, multiplier * f->se.value);
        return;
    }
    if (strcmp(f->limits, "wilson-neff") == 0)
        ps_step_add(to.lower, n, "effective base = min(%s * (1 - %s) / %s, %lld)",
                    PS_STEP(p), PS_STEP(p), PS_STEP(variance), (long long)f->base);
    else if (strcmp(f->limits, "wilson-kish") == 0)
        ps_step_add(to.lower, n, "effective base by the weights alone = %lld / %s",
                    (long long)f->base, PS_STEP(f->kish.value));
    if (strncmp(f->limits, "wilson", 6) != 0 ||
        strcmp(f->limits, "wilson-neff-df") == 0) {
        ps_step_add(to.lower, multiplier * f->lower.value, "lower limit (%s)", f->limits);
        ps_step_add(to.upper, multiplier * f->upper.value, "upper limit (%s)", f->limits);
        return;
    }
    to.value = NULL;
    ps_proportion_steps(to, p * n, n, multiplier, q->confidence, PS_PROPORTION_WILSON);
}

ps_status ps_survey_derive(const ps_survey *survey, const ps_survey_question *question,
                           size_t m, const size_t *row, double multiplier,
                           ps_estimate_steps to, ps_error *err) {
    ps_survey_figure f = without_figure(PS_VALUE_MISSING);
    influence *list = ps_alloc(m, sizeof *list);
    double *total = ps_alloc(m, sizeof *total), simple = 0;
    size_t listed = 0;
    ps_status status =
        list == NULL || total == NULL
            ? ps_fail_nomem(err)
            : linearise(survey, question, m, row, 1, list, &listed, &simple, &f, err);
    if (status == PS_OK && ps_value_ok(f.value)) {
        step_value(to.value, question, &f, multiplier);
        const spread v = variance_of(survey, listed, list, total, to.lower);
        measure(question, &v, simple, &f);
        if (v.known && v.variance > 0)
            ps_step_add(to.lower, sqrt(v.variance),
                        "standard error (sampling units %lld, strata %lld) = sqrt(%s)",
                        (long long)f.psus, (long long)f.strata, PS_STEP(v.variance));
        if (ps_value_ok(f.deff))
            ps_step_add(to.lower, f.deff.value,
                        "design effect, against a simple sample = %s / %s",
                        PS_STEP(v.variance), PS_STEP(simple));
        if (ps_value_ok(f.lower)) step_limits(to, question, &f, multiplier);
    }
    ps_free(total);
    ps_free(list);
    return status;
}

const char *ps_survey_limits_text(ps_survey_limits limits) {
    switch (limits) {
        case PS_SURVEY_WILSON:
            return "wilson-neff";
        case PS_SURVEY_WILSON_DF:
            return "wilson-neff-df";
        case PS_SURVEY_LOGIT:
            return "logit";
        case PS_SURVEY_BETA:
            return "beta";
        case PS_SURVEY_WALD:
            break;
    }
    return "wald-t";
}

ps_status ps_survey_estimate(const ps_survey *survey, const ps_survey_question *question,
                             size_t m, const size_t *row, ps_survey_figure *out,
                             ps_error *err) {
    *out = without_figure(PS_VALUE_MISSING);
    influence *list = ps_alloc(m, sizeof *list);
    double *total = ps_alloc(m, sizeof *total), simple = 0;
    size_t listed = 0;
    ps_status status =
        list == NULL || total == NULL
            ? ps_fail_nomem(err)
            : linearise(survey, question, m, row, 1, list, &listed, &simple, out, err);
    if (status == PS_OK) {
        spread v = variance_of(survey, listed, list, total, NULL);
        measure(question, &v, simple, out);
    }
    ps_free(total);
    ps_free(list);
    return status;
}

/* ---- differences ---- */

static void judge(const spread *v, double confidence, ps_survey_difference *d) {
    const ps_value undefined = ps_value_none(PS_VALUE_UNDEFINED);
    d->psus = v->psus;
    d->strata = v->strata;
    d->df = v->psus - v->strata - 1;
    d->difference = ps_value_of(d->second.value.value - d->first.value.value);
    d->se = d->lower = d->upper = d->t = d->p = undefined;
    if (!v->known) return;
    double away = d->difference.value, se = sqrt(v->variance);
    d->se = ps_value_of(se);
    if (v->whole) d->lower = d->upper = d->difference;
    if (!(se > 0) || d->df < 1 || !ps_confidence_ok(confidence)) return;
    double reach = t_of(confidence, (double)d->df) * se;
    d->lower = ps_value_of(away - reach);
    d->upper = ps_value_of(away + reach);
    d->t = ps_value_of(away / se);
    d->p = ps_value_of(2 * ps_student_cdf(-fabs(away) / se, (double)d->df));
}

ps_status ps_survey_compare(const ps_survey *survey, const ps_survey_question *question,
                            size_t m1, const size_t *row1, size_t m2, const size_t *row2,
                            ps_survey_difference *out, ps_error *err) {
    const ps_value missing = ps_value_none(PS_VALUE_MISSING);
    *out = (ps_survey_difference){.difference = missing,
                                  .se = missing,
                                  .lower = missing,
                                  .upper = missing,
                                  .t = missing,
                                  .p = missing};
    PS_TRY(ps_survey_estimate(survey, question, m1, row1, &out->first, err));
    PS_TRY(ps_survey_estimate(survey, question, m2, row2, &out->second, err));
    const ps_value *bad =
        ps_value_ok(out->first.value) ? &out->second.value : &out->first.value;
    if (!ps_value_ok(*bad)) {
        out->difference = out->se = out->lower = out->upper = out->t = out->p = *bad;
        return PS_OK;
    }
    influence *list = ps_alloc(m1 + m2, sizeof *list);
    double *total = ps_alloc(m1 + m2, sizeof *total), simple;
    size_t first = 0, second = 0;
    ps_survey_figure f;
    ps_status status = list == NULL || total == NULL ? ps_fail_nomem(err) : PS_OK;
    if (status == PS_OK)
        status =
            linearise(survey, question, m1, row1, -1, list, &first, &simple, &f, err);
    if (status == PS_OK)
        status = linearise(survey, question, m2, row2, 1, list + first, &second, &simple,
                           &f, err);
    if (status == PS_OK) {
        spread v = variance_of(survey, first + second, list, total, NULL);
        judge(&v, question->confidence, out);
    }
    ps_free(total);
    ps_free(list);
    return status;
}

/* ---- how few are too few ---- */

ps_survey_flags ps_survey_apply(const ps_survey_rules *rules,
                                ps_survey_statistic statistic, ps_survey_figure *f) {
    ps_survey_flags flags = {false, false, false};
    bool share = statistic == PS_SURVEY_PROPORTION;
    if (!ps_value_ok(f->value)) return flags;
    double rest = (double)(f->base - f->numerator);
    if (share && rules->min_count > 0 &&
        ((double)f->numerator < rules->min_count || rest < rules->min_count)) {
        f->value = f->se = f->lower = f->upper = f->n_eff = f->deff =
            ps_value_none(PS_VALUE_SUPPRESSED_PRIMARY);
        f->limits = "";
        return flags;
    }
    if ((double)f->base < rules->min_base) {
        f->value = f->se = f->lower = f->upper = ps_value_none(PS_VALUE_SMALL_BASE);
        f->limits = "";
        return flags;
    }
    flags.indicative = (double)f->base < rules->indicative_base;
    flags.zero_variance = f->zero_variance;
    flags.unreliable = (ps_value_ok(f->n_eff) && f->n_eff.value < rules->min_n_eff) ||
                       (share && ps_value_ok(f->upper) &&
                        (f->upper.value - f->lower.value) / 2 > rules->max_half_width);
    return flags;
}
