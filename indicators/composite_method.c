/* The composite index on tables: its columns and parameters, and the three methods that
 * tell of one index: scores and rank ranges, what moves the ranks, coherence. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/core/mem.h"
#include "indicators/composite.h"
#include "indicators/panel.h"

enum {
    IN_PERIOD,
    IN_AREA,
    IN_INDICATOR,
    IN_VALUE,
    IN_DOMAIN,
    IN_POLARITY,
    IN_WEIGHT,
    IN_DOMAIN_WEIGHT,
    IN_ERROR,
    IN_LOW,
    IN_HIGH,
    IN_REFERENCE
};

static const ps_method_column inputs[] = {
    {"period", PS_COLUMN_TEXT, false, "as in 2024; ranks are within a period"},
    {"area_code", PS_COLUMN_TEXT, true, "one row per period, area and indicator"},
    {"indicator", PS_COLUMN_TEXT, true, "its name"},
    {"value", PS_COLUMN_NUMBER, true, "empty when missing"},
    {"domain", PS_COLUMN_TEXT, false, "of the indicator; else one for all"},
    {"polarity", PS_COLUMN_TEXT, true,
     "of the indicator: higher-better or 1, lower-better or -1; never guessed"},
    {"weight", PS_COLUMN_NUMBER, false, "of the indicator in its domain; else 1"},
    {"domain_weight", PS_COLUMN_NUMBER, false, "of the domain in the index; else 1"},
    {"se", PS_COLUMN_NUMBER, false, "standard error of the value"},
    {"low", PS_COLUMN_NUMBER, false, "goalpost of the indicator"},
    {"high", PS_COLUMN_NUMBER, false, "goalpost of the indicator"},
    {"reference", PS_COLUMN_NUMBER, false, "of the indicator, for scale=distance"},
};

enum {
    PARAM_SCALE,
    PARAM_MEAN,
    PARAM_FROM,
    PARAM_TO,
    PARAM_OUTLIERS,
    PARAM_DOMAIN_SHARE,
    PARAM_INDEX_SHARE,
    PARAM_IMPUTE,
    PARAM_FIX_BASE,
    PARAM_BASE,
    PARAM_VARY,
    PARAM_RUNS,
    PARAM_SEED
};

static const ps_method_param params[] = {
    {"scale", PS_COLUMN_TEXT, "z",
     "z|minmax|rank|percentile|borda|goalposts|distance|exponential", 1, 0,
     "how indicators are normalised, after their polarity"},
    {"mean", PS_COLUMN_TEXT, "arithmetic", "arithmetic|geometric|harmonic", 1, 0,
     "of indicators in a domain and of domains; all but arithmetic need values above 0"},
    {"from", PS_COLUMN_NUMBER, "1", NULL, -1e9, 1e9, "the least of minmax"},
    {"to", PS_COLUMN_NUMBER, "100", NULL, -1e9, 1e9, "the most of minmax"},
    {"outliers", PS_COLUMN_TEXT, "treat", "treat|keep", 1, 0,
     "treat: with z and minmax, when |skew| > 2 and kurtosis > 3.5, up to 5 points are "
     "winsorised, else the logarithm is taken"},
    {"domain_share", PS_COLUMN_NUMBER, "0.6666666666666666", NULL, 0, 1,
     "of a domain's weight that has to be there"},
    {"index_share", PS_COLUMN_NUMBER, "1", NULL, 0, 1,
     "of the domains' weight that has to be there"},
    {"impute", PS_COLUMN_TEXT, "no", "no|domain", 1, 0,
     "domain: a missing value is the mean of its domain; never for headlines"},
    {"fix_base", PS_COLUMN_TEXT, "1", "0|1", 1, 0,
     "1: the base period's areas set the scale of all periods; 0: each its own"},
    {"base", PS_COLUMN_TEXT, "", NULL, 1, 0, "the base period; else the first"},
    {"vary", PS_COLUMN_TEXT, "all", "all|weights|scale|mean|noise|leave_out", 1, 0,
     "what the runs vary"},
    {"nsim", PS_COLUMN_INTEGER, "1000", NULL, 0, 1000000, "runs; 0: none"},
    {"seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992.0, "of the runs"},
};

/* An index and all it stands on. */
typedef struct index_table {
    ps_panel panel;
    ps_codes domain;
    int32_t *domain_of; /* per indicator */
    double *polarity, *weight, *domain_weight, *error, *low, *high, *reference;
    ps_outliers *outliers;
    bool *usable;
    double *scaled;
    ps_composite c;
    ps_composite_score *score, *part; /* n; n rows of domains */
    int32_t *rank;
    ps_composite_frame *frame; /* periods rows of p, for the working; or NULL */
    double *member;            /* scratch for it: p or domains, values and weights */
} index_table;

static void index_free(index_table *t) {
    ps_panel_free(&t->panel);
    ps_codes_free(&t->domain);
    ps_free(t->domain_of);
    ps_free(t->polarity);
    ps_free(t->weight);
    ps_free(t->domain_weight);
    ps_free(t->error);
    ps_free(t->low);
    ps_free(t->high);
    ps_free(t->reference);
    ps_free(t->outliers);
    ps_free(t->usable);
    ps_free(t->scaled);
    ps_free(t->score);
    ps_free(t->part);
    ps_free(t->rank);
    ps_free(t->frame);
    ps_free(t->member);
}

/* ---- reading ---- */

static int width(ps_str s) {
    return s.n < 60 ? (int)s.n : 60;
}

static ps_status polarity_of(const ps_method_call *call, size_t row, double *out,
                             ps_error *err) {
    ps_str text = ps_call_text(call, row, IN_POLARITY);
    *out = 0;
    if (ps_str_eq(text, ps_str_of("higher-better")) || ps_str_eq(text, ps_str_of("1")) ||
        ps_str_eq(text, ps_str_of("+1")))
        *out = 1;
    if (ps_str_eq(text, ps_str_of("lower-better")) || ps_str_eq(text, ps_str_of("-1")))
        *out = -1;
    if (*out != 0) return PS_OK;
    return ps_call_refuse(
        call, row, err,
        "polarity is '%.*s', but has to be higher-better (1) or "
        "lower-better (-1); an indicator without one belongs in no index",
        width(text), text.p);
}

/* Domain and polarity of each indicator, the same in all its rows. */
static ps_status read_framework(const ps_method_call *call, index_table *t,
                                ps_error *err) {
    size_t p = t->panel.indicator.n;
    PS_TRY(ps_codes_build(call, IN_DOMAIN, &t->domain, err));
    t->domain_of = ps_alloc(p, sizeof *t->domain_of);
    t->polarity = ps_zalloc(p, sizeof *t->polarity);
    if (t->domain_of == NULL || t->polarity == NULL) return ps_fail_nomem(err);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        size_t j = (size_t)t->panel.indicator.code[row];
        double polarity;
        PS_TRY(polarity_of(call, row, &polarity, err));
        if (t->polarity[j] != 0 &&
            (t->polarity[j] != polarity || t->domain_of[j] != t->domain.code[row])) {
            ps_str name = t->panel.indicator.text[j];
            return ps_call_refuse(
                call, row, err,
                "domain or polarity of %.*s differ from those of an earlier row",
                width(name), name.p);
        }
        t->polarity[j] = polarity;
        t->domain_of[j] = t->domain.code[row];
    }
    return PS_OK;
}

static ps_status read_weights(const ps_method_call *call, index_table *t, ps_error *err) {
    size_t p = t->panel.indicator.n;
    double *of_domain = NULL;
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_WEIGHT, false, &t->weight, err));
    t->domain_weight = ps_alloc(t->domain.n, sizeof *t->domain_weight);
    if (t->domain_weight == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_DOMAIN_WEIGHT, false, &of_domain, err));
    ps_status status = PS_OK;
    for (size_t d = 0; d < t->domain.n; d++) t->domain_weight[d] = (double)NAN;
    for (size_t j = 0; j < p && status == PS_OK; j++) {
        double *weight = &t->domain_weight[t->domain_of[j]];
        ps_str name = t->panel.indicator.text[j];
        if (isnan(t->weight[j])) t->weight[j] = 1;
        if (t->weight[j] < 0 || of_domain[j] < 0)
            status = ps_fail(err, PS_FORMAT, "%s: a weight of %.*s is below 0",
                             ps_table_name(ps_call_table(call)), width(name), name.p);
        else if (!isnan(*weight) && !isnan(of_domain[j]) && *weight != of_domain[j])
            status = ps_fail(err, PS_FORMAT,
                             "%s: the domain_weight of %.*s differs from that of another "
                             "indicator of its domain",
                             ps_table_name(ps_call_table(call)), width(name), name.p);
        if (!isnan(of_domain[j])) *weight = of_domain[j];
    }
    ps_free(of_domain);
    for (size_t d = 0; d < t->domain.n; d++)
        if (isnan(t->domain_weight[d])) t->domain_weight[d] = 1;
    return status;
}

static ps_status read_errors(const ps_method_call *call, index_table *t, ps_error *err) {
    size_t cells = t->panel.n * t->panel.indicator.n;
    if (!ps_call_has(call, IN_ERROR)) return PS_OK;
    t->error = ps_alloc(cells, sizeof *t->error);
    if (t->error == NULL) return ps_fail_nomem(err);
    for (size_t e = 0; e < cells; e++) {
        t->error[e] = (double)NAN;
        if (t->panel.row[e] != SIZE_MAX)
            PS_TRY(ps_call_amount(call, t->panel.row[e], IN_ERROR, &t->error[e], err));
    }
    return PS_OK;
}

static ps_status find_base(const ps_method_call *call, const index_table *t, size_t *base,
                           ps_error *err) {
    const char *wanted = ps_call_param_text(call, PARAM_BASE);
    *base = 0;
    if (wanted[0] == '\0') return PS_OK;
    while (*base < t->panel.period.n &&
           !ps_str_eq(t->panel.period.text[*base], ps_str_of(wanted)))
        ++*base;
    if (*base < t->panel.period.n) return PS_OK;
    return ps_fail(err, PS_CONFIG, "%s has no period '%.60s' to be the base",
                   ps_table_name(ps_call_table(call)), wanted);
}

static ps_status set_up(const ps_method_call *call, index_table *t, ps_error *err) {
    PS_TRY(
        ps_panel_read(call, IN_PERIOD, IN_AREA, IN_INDICATOR, IN_VALUE, &t->panel, err));
    PS_TRY(read_framework(call, t, err));
    PS_TRY(read_weights(call, t, err));
    PS_TRY(read_errors(call, t, err));
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_LOW, false, &t->low, err));
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_HIGH, false, &t->high, err));
    PS_TRY(ps_panel_attribute(call, &t->panel, IN_REFERENCE, false, &t->reference, err));
    t->c = (ps_composite){.areas = t->panel.area.n,
                          .periods = t->panel.period.n,
                          .p = t->panel.indicator.n,
                          .domains = t->domain.n,
                          .polarity = t->polarity,
                          .domain = t->domain_of,
                          .weight = t->weight,
                          .domain_weight = t->domain_weight,
                          .error = t->error,
                          .low = t->low,
                          .high = t->high,
                          .reference = t->reference,
                          .scale = (ps_scale)ps_call_param_choice(call, PARAM_SCALE),
                          .mean = (ps_mean_kind)ps_call_param_choice(call, PARAM_MEAN),
                          .from = ps_call_param_number(call, PARAM_FROM),
                          .to = ps_call_param_number(call, PARAM_TO),
                          .fixed = ps_call_param_is(call, PARAM_FIX_BASE, "1"),
                          .domain_share = ps_call_param_number(call, PARAM_DOMAIN_SHARE),
                          .index_share = ps_call_param_number(call, PARAM_INDEX_SHARE),
                          .impute = ps_call_param_is(call, PARAM_IMPUTE, "domain")};
    if (!(t->c.from < t->c.to))
        return ps_fail(err, PS_CONFIG, "composite: from has to be below to");
    if (t->c.mean != PS_MEAN_ARITHMETIC && t->c.scale == PS_SCALE_Z)
        return ps_fail(err, PS_CONFIG,
                       "composite: a geometric or harmonic mean needs values above 0, "
                       "which z is not; give -p scale=minmax");
    return find_base(call, t, &t->c.base, err);
}

/* The treatment of each indicator, from the base period; told when there is any. */
static ps_status treat_outliers(const ps_method_call *call, index_table *t,
                                ps_error *err) {
    const ps_composite *c = &t->c;
    if (ps_call_param_is(call, PARAM_OUTLIERS, "keep")) return PS_OK;
    t->outliers = ps_alloc(c->p, sizeof *t->outliers);
    double *column = ps_alloc(c->areas, sizeof *column);
    ps_status status = t->outliers != NULL && column != NULL ? PS_OK : ps_fail_nomem(err);
    bool uses = c->scale == PS_SCALE_Z || c->scale == PS_SCALE_MINMAX;
    for (size_t j = 0; j < c->p && c->periods > 0 && status == PS_OK; j++) {
        ps_str name = t->panel.indicator.text[j];
        for (size_t a = 0; a < c->areas; a++)
            column[a] = t->panel.value[(c->base * c->areas + a) * c->p + j];
        status = ps_outliers_find(c->areas, column, &t->outliers[j], err);
        if (status != PS_OK || !uses) continue;
        if (t->outliers[j].winsorised > 0)
            ps_say(ps_call_talk(call), PS_TALK_WARNING, "%.*s: %zu outliers winsorised",
                   width(name), name.p, t->outliers[j].winsorised);
        if (t->outliers[j].logged)
            ps_say(ps_call_talk(call), PS_TALK_WARNING,
                   "%.*s: the logarithm is taken, since it is skew beyond winsorising",
                   width(name), name.p);
    }
    ps_free(column);
    t->c.outliers = t->outliers;
    return status;
}

static ps_status score(const ps_method_call *call, index_table *t, ps_error *err) {
    const ps_composite *c = &t->c;
    size_t n = t->panel.n;
    t->usable = ps_zalloc(c->p, sizeof *t->usable);
    t->scaled = ps_alloc(n * c->p, sizeof *t->scaled);
    t->score = ps_zalloc(n, sizeof *t->score);
    t->part = ps_zalloc(n * c->domains, sizeof *t->part);
    t->rank = ps_zalloc(n, sizeof *t->rank);
    if (t->usable == NULL || t->scaled == NULL || t->score == NULL || t->part == NULL ||
        t->rank == NULL)
        return ps_fail_nomem(err);
    PS_TRY(ps_composite_scale(c, t->panel.value, t->scaled, t->usable, err));
    for (size_t j = 0; j < c->p; j++) {
        ps_str name = t->panel.indicator.text[j];
        if (!t->usable[j])
            ps_say(ps_call_talk(call), PS_TALK_WARNING,
                   "%.*s has no range, goalposts or reference, so it is out of the index",
                   width(name), name.p);
    }
    PS_TRY(ps_composite_score_all(c, t->scaled, t->usable, t->score, t->part, err));
    for (size_t i = 0; i < n; i++) t->rank[i] = t->score[i].rank;
    return PS_OK;
}

typedef ps_status write_fn(const ps_method_call *, const index_table *, ps_error *);
static write_fn write_index;
static ps_status open_working(const ps_method_call *call, index_table *t, ps_error *err);

static ps_status with_index(const ps_method_call *call, write_fn *write, ps_error *err) {
    index_table t = {0};
    ps_status status = set_up(call, &t, err);
    if (status == PS_OK) status = treat_outliers(call, &t, err);
    if (status == PS_OK) status = score(call, &t, err);
    if (status == PS_OK && write == write_index) status = open_working(call, &t, err);
    if (status == PS_OK) status = write(call, &t, err);
    index_free(&t);
    return status;
}

static int vary_flags(const ps_method_call *call) {
    static const int flag[] = {PS_VARY_ALL,  PS_VARY_WEIGHTS, PS_VARY_SCALE,
                               PS_VARY_MEAN, PS_VARY_NOISE,   PS_VARY_LEAVE_OUT};
    return flag[ps_call_param_choice(call, PARAM_VARY)];
}

/* ---- composite ---- */

static const ps_method_column outputs[] = {
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"area_code", PS_COLUMN_TEXT, true, "in order"},
    {"component", PS_COLUMN_TEXT, true, "index, or domain"},
    {"domain", PS_COLUMN_TEXT, true, "of a domain's row"},
    {"value", PS_COLUMN_NUMBER, true, "high is thriving"},
    {"rank", PS_COLUMN_INTEGER, true, "1: the most thriving; equal values alike"},
    {"decile", PS_COLUMN_INTEGER, true, "1: the most thriving tenth"},
    {"rank_mean", PS_COLUMN_NUMBER, true, "of the index over the runs"},
    {"rank_p5", PS_COLUMN_NUMBER, true, "5th percentile over the runs"},
    {"rank_p50", PS_COLUMN_NUMBER, true, "median over the runs"},
    {"rank_p95", PS_COLUMN_NUMBER, true, "95th percentile over the runs"},
    {"p_lowest", PS_COLUMN_NUMBER, true, "share of runs in the lowest tenth"},
    {"n_missing", PS_COLUMN_INTEGER, true, "indicators without a value"},
    {"n_imputed", PS_COLUMN_INTEGER, true, "of them imputed"},
    {"weight_present", PS_COLUMN_NUMBER, true, "share of the weight that has a value"},
    {"method", PS_COLUMN_TEXT, true, "scale and mean"},
    {"nsim", PS_COLUMN_INTEGER, true, "runs"},
    {"seed", PS_COLUMN_INTEGER, true, "of the runs"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing (too little weight is there), undefined (a mean of values not above "
     "0), not-applicable (a domain without usable indicators)"},
    {"note", PS_COLUMN_TEXT, true,
     "of a missing value: which domain has too little of its weight, and without what"},
};

typedef struct shortfall {
    char text[400];
    size_t n;
} shortfall;

static void shortfall_add(shortfall *to, const char *format, ...) PS_PRINTF(2, 3);
static void shortfall_add(shortfall *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(to->text + to->n, sizeof to->text - to->n, format, arguments);
    va_end(arguments);
    to->n += n > 0 ? (size_t)n : 0;
    if (to->n >= sizeof to->text) to->n = sizeof to->text - 1;
}

/* "safety has 50 % of its weight and needs 67 %: without total-crime-rate". */
static void tell_domain(const index_table *t, size_t unit, size_t d, shortfall *to) {
    const ps_str name = t->domain.text[d];
    const ps_composite_score *s = &t->part[unit * t->c.domains + d];
    const char *before = ": without ";
    if (s->value.status != PS_VALUE_MISSING) return;
    if (to->n > 0) shortfall_add(to, "; ");
    if (name.n > 0)
        shortfall_add(to, "domain %.*s has ", width(name), name.p);
    else
        shortfall_add(to, "the index has ");
    if (s->weight_present > 0)
        shortfall_add(to, "%.0f %% of its weight and needs %.0f %%",
                      100 * s->weight_present, 100 * t->c.domain_share);
    else
        shortfall_add(to, "nothing");
    for (size_t j = 0; j < t->c.p; j++) {
        if ((size_t)t->domain_of[j] != d || !t->usable[j] ||
            !isnan(t->scaled[unit * t->c.p + j]))
            continue;
        const ps_str indicator = t->panel.indicator.text[j];
        shortfall_add(to, "%s%.*s", before, width(indicator), indicator.p);
        before = ", ";
    }
}

static void put_range(const ps_method_call *call, const ps_rank_range *range) {
    ps_call_put_value(call, 7, range->mean);
    ps_call_put_value(call, 8, range->p5);
    ps_call_put_value(call, 9, range->p50);
    ps_call_put_value(call, 10, range->p95);
    ps_call_put_value(call, 11, range->lowest);
}

/* ---- working ---- */

static void step_indicator(ps_output *steps, const index_table *t, size_t unit,
                           size_t j) {
    const ps_composite *c = &t->c;
    const ps_composite_frame *f = &t->frame[unit / c->areas * c->p + j];
    const double x = ps_composite_treated(c, j, t->panel.value[unit * c->p + j]),
                 scaled = t->scaled[unit * c->p + j];
    const ps_str name = t->panel.indicator.text[j];
    const char *const turned = c->polarity[j] < 0 ? " (turned over: low is good)" : "";
    if (c->scale == PS_SCALE_Z)
        ps_step_add(steps, scaled, "%.*s%s, standardised over %zu areas = (%s - %s) / %s",
                    width(name), name.p, turned, f->n, PS_STEP(x), PS_STEP(f->mean),
                    PS_STEP(f->sd));
    else if (c->scale == PS_SCALE_MINMAX)
        ps_step_add(
            steps, scaled,
            "%.*s%s, on the scale of %zu areas = %s + (%s - %s) * (%s - %s) / (%s "
            "- %s)",
            width(name), name.p, turned, f->n, PS_STEP(c->from), PS_STEP(c->to),
            PS_STEP(c->from), PS_STEP(x), PS_STEP(f->least), PS_STEP(f->most),
            PS_STEP(f->least));
    else
        ps_step_add(steps, scaled, "%.*s%s of %s on its scale", width(name), name.p,
                    turned, PS_STEP(x));
}

/* A weighted mean of n values, as the method takes it. */
static void step_average(ps_output *steps, const char *name, ps_mean_kind mean, size_t n,
                         const double *x, const double *weight, double value) {
    double sum = 0, all = 0;
    if (mean == PS_MEAN_ARITHMETIC) {
        ps_step_mean(steps, name, n, x, weight);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) || !(weight[i] > 0)) continue;
        sum += weight[i] * (mean == PS_MEAN_GEOMETRIC ? log(x[i]) : 1 / x[i]);
        all += weight[i];
    }
    if (mean == PS_MEAN_GEOMETRIC)
        ps_step_add(steps, value, "%s = exp(%s / %s)", name, PS_STEP(sum), PS_STEP(all));
    else
        ps_step_add(steps, value, "%s = %s / %s", name, PS_STEP(all), PS_STEP(sum));
}

static void step_domain(ps_output *steps, const index_table *t, size_t unit, size_t d) {
    const ps_composite *c = &t->c;
    const ps_composite_score *s = &t->part[unit * c->domains + d];
    const ps_str text = t->domain.text[d];
    double *x = t->member, *weight = t->member + c->p;
    char name[100];
    if (!ps_value_ok(s->value)) return;
    for (size_t j = 0; j < c->p; j++) {
        const bool in = (size_t)c->domain[j] == d && t->usable[j] &&
                        !isnan(t->scaled[unit * c->p + j]);
        x[j] = in ? t->scaled[unit * c->p + j] : (double)NAN;
        weight[j] = c->weight[j];
        if (in) step_indicator(steps, t, unit, j);
    }
    snprintf(name, sizeof name, "domain %.*s", width(text), text.p);
    step_average(steps, text.n > 0 ? name : "domain", c->mean, c->p, x, weight,
                 s->value.value);
}

static void step_index(ps_output *steps, const index_table *t, size_t unit) {
    const ps_composite *c = &t->c;
    if (steps == NULL || !ps_value_ok(t->score[unit].value)) return;
    for (size_t d = 0; d < c->domains; d++) step_domain(steps, t, unit, d);
    for (size_t d = 0; d < c->domains; d++) {
        const ps_value part = t->part[unit * c->domains + d].value;
        t->member[d] = ps_value_ok(part) ? part.value : (double)NAN;
    }
    step_average(steps, "index", c->mean, c->domains, t->member, c->domain_weight,
                 t->score[unit].value.value);
}

static void step_range(const ps_method_call *call, const ps_rank_range *range) {
    const ps_value end[] = {range->p5, range->p50, range->p95};
    static const char *const which[] = {"5th percentile", "median", "95th percentile"};
    for (size_t k = 0; k < 3; k++)
        if (ps_value_ok(end[k]))
            ps_step_add(ps_call_steps(call, 8 + k), end[k].value,
                        "%s of the ranks in %s runs of other choices, seed %s", which[k],
                        PS_STEP(ps_call_param_number(call, PARAM_RUNS)),
                        PS_STEP(ps_call_param_number(call, PARAM_SEED)));
}

/* domain: its number, or c.domains for the index. */
static void step_score(const ps_method_call *call, const index_table *t, size_t unit,
                       const ps_composite_score *s, size_t n_ranked,
                       const ps_rank_range *range, size_t domain) {
    if (t->frame == NULL) return;
    for (size_t out = 4; out <= 5; out++) {
        if (domain < t->c.domains)
            step_domain(ps_call_steps(call, out), t, unit, domain);
        else
            step_index(ps_call_steps(call, out), t, unit);
    }
    if (s->rank > 0)
        ps_step_add(ps_call_steps(call, 5), s->rank,
                    "rank: one more than the areas with a higher value, of %zu = 1 + %d",
                    n_ranked, (int)s->rank - 1);
    if (range != NULL && s->rank > 0) step_range(call, range);
}

static ps_status open_working(const ps_method_call *call, index_table *t, ps_error *err) {
    const ps_composite *c = &t->c;
    const size_t most = c->p > c->domains ? c->p : c->domains;
    if (ps_call_steps(call, 4) == NULL) return PS_OK;
    t->frame = ps_alloc(c->periods * c->p, sizeof *t->frame);
    t->member = ps_alloc(most, 2 * sizeof *t->member);
    if (t->frame == NULL || t->member == NULL) return ps_fail_nomem(err);
    return ps_composite_frames(c, t->panel.value, t->frame, err);
}

/* ---- rows ---- */

static ps_status put_score(const ps_method_call *call, const index_table *t, size_t unit,
                           const ps_composite_score *s, size_t n_ranked,
                           const ps_rank_range *range, const char *component,
                           ps_str domain, const shortfall *why, ps_error *err) {
    char method[64];
    snprintf(method, sizeof method, "%s/%s", ps_call_param_text(call, PARAM_SCALE),
             ps_call_param_text(call, PARAM_MEAN));
    ps_call_put_text(call, 0, t->panel.period.text[unit / t->c.areas]);
    ps_call_put_text(call, 1, t->panel.area.text[unit % t->c.areas]);
    ps_call_put_word(call, 2, component);
    ps_call_put_text(call, 3, domain);
    ps_call_put_value(call, 4, s->value);
    if (s->rank > 0) {
        ps_call_put_int(call, 5, s->rank);
        ps_call_put_int(call, 6,
                        (int64_t)((10 * (size_t)s->rank + n_ranked - 1) / n_ranked));
    }
    if (range != NULL && s->rank > 0) put_range(call, range);
    ps_call_put_int(call, 12, (int64_t)s->n_missing);
    ps_call_put_int(call, 13, (int64_t)s->n_imputed);
    ps_call_put_known(call, 14, s->weight_present);
    ps_call_put_word(call, 15, method);
    ps_call_put_int(call, 16, (int64_t)ps_call_param_number(call, PARAM_RUNS));
    ps_call_put_int(call, 17, (int64_t)ps_call_param_number(call, PARAM_SEED));
    ps_call_put_status(call, 18, s->value.status);
    if (s->value.status == PS_VALUE_MISSING)
        ps_call_put_text(call, 19, (ps_str){why->text, why->n});
    return ps_call_end_row(call, err);
}

/* The ranked units of the period of a unit. */
static size_t count_ranked(const index_table *t, const ps_composite_score *s,
                           size_t stride, size_t unit) {
    size_t first = unit / t->c.areas * t->c.areas, m = 0;
    for (size_t a = 0; a < t->c.areas; a++) m += s[(first + a) * stride].rank > 0;
    return m;
}

static ps_status write_rows(const ps_method_call *call, const index_table *t,
                            const ps_rank_range *range, size_t *n_ranked, ps_error *err) {
    size_t domains = t->c.domains;
    for (size_t i = 0; i < t->panel.n; i++) {
        if (i % t->c.areas == 0) {
            n_ranked[domains] = count_ranked(t, t->score, 1, i);
            for (size_t d = 0; d < domains; d++)
                n_ranked[d] = count_ranked(t, t->part + d, domains, i);
        }
        const ps_rank_range *of_unit = range != NULL ? &range[i] : NULL;
        shortfall all = {.n = 0};
        for (size_t d = 0; d < domains; d++) tell_domain(t, i, d, &all);
        step_score(call, t, i, &t->score[i], n_ranked[domains], of_unit, domains);
        PS_TRY(put_score(call, t, i, &t->score[i], n_ranked[domains], of_unit, "index",
                         ps_str_of(""), &all, err));
        for (size_t d = 0; d < domains; d++) {
            shortfall own = {.n = 0};
            tell_domain(t, i, d, &own);
            step_score(call, t, i, &t->part[i * domains + d], n_ranked[d], NULL, d);
            PS_TRY(put_score(call, t, i, &t->part[i * domains + d], n_ranked[d], NULL,
                             "domain", t->domain.text[d], &own, err));
        }
    }
    return PS_OK;
}

static ps_status write_index(const ps_method_call *call, const index_table *t,
                             ps_error *err) {
    size_t count = (size_t)ps_call_param_number(call, PARAM_RUNS);
    ps_rank_range *range = ps_alloc(t->panel.n, sizeof *range);
    size_t *n_ranked = ps_alloc(t->c.domains + 1, sizeof *n_ranked);
    ps_status status = range != NULL && n_ranked != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK && count > 0)
        status = ps_composite_uncertainty(
            &t->c, t->panel.value, t->usable, t->rank, vary_flags(call), count,
            (uint64_t)ps_call_param_number(call, PARAM_SEED), range, err);
    if (status == PS_OK)
        status = write_rows(call, t, count > 0 ? range : NULL, n_ranked, err);
    ps_free(range);
    ps_free(n_ranked);
    return status;
}

static ps_status run_composite(const ps_method_call *call, ps_error *err) {
    return with_index(call, write_index, err);
}

#define COMPOSITE_SOURCE "OECD/JRC 2008; Saisana, Saltelli & Tarantola 2005"

const ps_method ps_method_composite = {
    .id = "composite",
    .title = "Composite index with rank ranges",
    .formula =
        "indicators times polarity on one scale; domain = weighted mean of its "
        "indicators, index = weighted mean of the domains, weights of what is missing "
        "shared among the rest. Runs: domain weights times U(0.75, 1.25), scale of z, "
        "minmax and rank, mean arithmetic or geometric (z: arithmetic), values + N(0, "
        "se), one indicator or none left out.",
    .source = COMPOSITE_SOURCE,
    .evidence =
        "base R (scale, rank, weighted means, quantile), fresh tables, all scales "
        "and means: 2e-15",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run_composite,
};

/* ---- what moves the ranks ---- */

static const ps_method_column shift_outputs[] = {
    {"factor", PS_COLUMN_TEXT, true, "what is varied alone; all: everything at once"},
    {"indicator", PS_COLUMN_TEXT, true, "that is left out, in a row of its own"},
    {"mean_shift", PS_COLUMN_NUMBER, true, "mean of |rank - nominal rank|"},
    {"largest_shift", PS_COLUMN_INTEGER, true, "of any area in any run"},
    {"runs", PS_COLUMN_INTEGER, true, "cases in turn, or draws"},
    {"seed", PS_COLUMN_INTEGER, true, "of the draws"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, undefined (no ranks), not-applicable (no standard errors, or no geometric mean "
     "on this scale)"},
};

static ps_status put_shift(const ps_method_call *call, const index_table *t,
                           const char *factor, int vary, int32_t left_out,
                           ps_error *err) {
    bool positive = t->c.scale == PS_SCALE_RANK || t->c.scale == PS_SCALE_EXPONENTIAL ||
                    (t->c.scale == PS_SCALE_MINMAX && t->c.from > 0);
    uint64_t seed = (uint64_t)ps_call_param_number(call, PARAM_SEED);
    ps_rank_shift shift = {ps_value_none(PS_VALUE_NOT_APPLICABLE), 0, 0};
    if (!(vary == PS_VARY_NOISE && t->error == NULL) &&
        !(vary == PS_VARY_MEAN && !positive))
        PS_TRY(ps_composite_shift(
            &t->c, t->panel.value, t->usable, t->rank, vary, left_out,
            (size_t)ps_call_param_number(call, PARAM_RUNS), seed, &shift, err));
    ps_call_put_word(call, 0, factor);
    if (left_out >= 0) ps_call_put_text(call, 1, t->panel.indicator.text[left_out]);
    ps_call_put_value(call, 2, shift.mean);
    if (ps_value_ok(shift.mean)) {
        ps_call_put_int(call, 3, shift.largest);
        ps_call_put_int(call, 4, (int64_t)shift.runs);
    }
    ps_call_put_int(call, 5, (int64_t)seed);
    ps_call_put_status(call, 6, shift.mean.status);
    return ps_call_end_row(call, err);
}

static ps_status write_shifts(const ps_method_call *call, const index_table *t,
                              ps_error *err) {
    PS_TRY(put_shift(call, t, "weights", PS_VARY_WEIGHTS, -1, err));
    PS_TRY(put_shift(call, t, "scale", PS_VARY_SCALE, -1, err));
    PS_TRY(put_shift(call, t, "mean", PS_VARY_MEAN, -1, err));
    PS_TRY(put_shift(call, t, "noise", PS_VARY_NOISE, -1, err));
    PS_TRY(put_shift(call, t, "leave_out", PS_VARY_LEAVE_OUT, -1, err));
    for (size_t j = 0; j < t->c.p; j++)
        if (t->usable[j]) PS_TRY(put_shift(call, t, "leave_out", 0, (int32_t)j, err));
    return put_shift(call, t, "all", PS_VARY_ALL, -1, err);
}

static ps_status run_sensitivity(const ps_method_call *call, ps_error *err) {
    return with_index(call, write_shifts, err);
}

const ps_method ps_method_composite_sensitivity = {
    .id = "composite_sensitivity",
    .title = "What moves the ranks of a composite index",
    .formula =
        "mean of |rank - nominal rank| over areas and runs in which one choice "
        "alone is varied; scale (z, minmax, rank), mean (arithmetic, geometric) "
        "and the indicator left out run through their cases",
    .source = COMPOSITE_SOURCE,
    .evidence = "base R, fresh tables, each scale, mean and indicator left out: equal",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = shift_outputs,
    .n_output = PS_LENGTH(shift_outputs),
    .run = run_sensitivity,
};

/* ---- coherence ---- */

static const ps_method_column coherence_outputs[] = {
    {"kind", PS_COLUMN_TEXT, true,
     "correlation of two indicators, alpha of a domain or of all, effect: correlation of "
     "an indicator with the index"},
    {"domain", PS_COLUMN_TEXT, true, "of the indicators; empty when they differ"},
    {"a", PS_COLUMN_TEXT, true, "an indicator"},
    {"b", PS_COLUMN_TEXT, true, "another"},
    {"value", PS_COLUMN_NUMBER, true, "after polarity: Pearson's r or Cronbach's alpha"},
    {"n", PS_COLUMN_INTEGER, true, "areas with all values, in the base period"},
    {"note", PS_COLUMN_TEXT, true,
     "negative (within a domain), redundant (above 0.92), or nothing"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, undefined (no variation, too few areas or indicators)"},
};

static const double REDUNDANT = 0.92;

static ps_status put_coherence(const ps_method_call *call, const char *kind,
                               ps_str domain, ps_str a, ps_str b, ps_value value,
                               size_t n, const char *note, ps_error *err) {
    ps_call_put_word(call, 0, kind);
    ps_call_put_text(call, 1, domain);
    ps_call_put_text(call, 2, a);
    ps_call_put_text(call, 3, b);
    ps_call_put_value(call, 4, value);
    ps_call_put_int(call, 5, (int64_t)n);
    ps_call_put_word(call, 6, note);
    ps_call_put_status(call, 7, value.status);
    return ps_call_end_row(call, err);
}

static ps_status put_pairs(const ps_method_call *call, const index_table *t,
                           const double *x, ps_error *err) {
    const ps_composite *c = &t->c;
    const ps_str *name = t->panel.indicator.text;
    for (size_t i = 0; i < c->p; i++)
        for (size_t j = i + 1; j < c->p; j++) {
            size_t n;
            bool same = t->domain_of[i] == t->domain_of[j];
            ps_value r = ps_composite_correlation(c->areas, x + i, c->p, x + j, c->p, &n);
            const char *note = "";
            if (ps_value_ok(r) && r.value > REDUNDANT) note = "redundant";
            if (ps_value_ok(r) && same && r.value < 0) note = "negative";
            PS_TRY(put_coherence(call, "correlation",
                                 same ? t->domain.text[t->domain_of[i]] : ps_str_of(""),
                                 name[i], name[j], r, n, note, err));
        }
    return PS_OK;
}

static ps_status put_alphas(const ps_method_call *call, const index_table *t,
                            const double *x, bool *member, ps_error *err) {
    const ps_composite *c = &t->c;
    ps_str none = ps_str_of("");
    for (size_t d = 0; d <= c->domains; d++) {
        ps_value alpha;
        size_t n;
        if (d == c->domains && d < 2) break;
        for (size_t j = 0; j < c->p; j++)
            member[j] = t->usable[j] && (d == c->domains || (size_t)t->domain_of[j] == d);
        PS_TRY(ps_composite_alpha(c->areas, c->p, x, member, &alpha, &n, err));
        PS_TRY(put_coherence(call, "alpha", d < c->domains ? t->domain.text[d] : none,
                             none, none, alpha, n, "", err));
    }
    return PS_OK;
}

static ps_status put_effects(const ps_method_call *call, const index_table *t,
                             const double *x, double *index, ps_error *err) {
    const ps_composite *c = &t->c;
    for (size_t a = 0; a < c->areas; a++) {
        ps_value value = t->score[c->base * c->areas + a].value;
        index[a] = ps_value_ok(value) ? value.value : (double)NAN;
    }
    for (size_t j = 0; j < c->p; j++) {
        size_t n;
        ps_value r = ps_composite_correlation(c->areas, x + j, c->p, index, 1, &n);
        PS_TRY(put_coherence(call, "effect", t->domain.text[t->domain_of[j]],
                             t->panel.indicator.text[j], ps_str_of("index"), r, n, "",
                             err));
    }
    return PS_OK;
}

static ps_status write_coherence(const ps_method_call *call, const index_table *t,
                                 ps_error *err) {
    const ps_composite *c = &t->c;
    if (t->panel.n == 0) return PS_OK;
    double *x = ps_alloc(c->areas * c->p, sizeof *x);
    double *index = ps_alloc(c->areas, sizeof *index);
    bool *member = ps_alloc(c->p, sizeof *member);
    ps_status status =
        x != NULL && index != NULL && member != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t e = 0; e < c->areas * c->p && status == PS_OK; e++) {
        double value = t->panel.value[c->base * c->areas * c->p + e];
        if (c->outliers != NULL) value = ps_outliers_treat(&c->outliers[e % c->p], value);
        x[e] = t->polarity[e % c->p] * value;
    }
    if (status == PS_OK) status = put_pairs(call, t, x, err);
    if (status == PS_OK) status = put_alphas(call, t, x, member, err);
    if (status == PS_OK) status = put_effects(call, t, x, index, err);
    ps_free(x);
    ps_free(index);
    ps_free(member);
    return status;
}

static ps_status run_coherence(const ps_method_call *call, ps_error *err) {
    return with_index(call, write_coherence, err);
}

const ps_method ps_method_composite_coherence = {
    .id = "composite_coherence",
    .title = "Do the indicators of an index belong together?",
    .formula =
        "Pearson's r of every two indicators after polarity; Cronbach's alpha = k / "
        "(k - 1) (1 - sum of variances / variance of the sum) on z; r of each "
        "indicator with the index",
    .source = "OECD/JRC 2008; Cronbach 1951",
    .evidence = "cor and var of base R, fresh tables: 2e-15",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = coherence_outputs,
    .n_output = PS_LENGTH(coherence_outputs),
    .run = run_coherence,
};
