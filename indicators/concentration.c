#include "indicators/concentration.h"

#include <stdlib.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/draw.h"
#include "indicators/method.h"
#include "indicators/rolling.h"
#include "indicators/sum.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 2 * sum of rank * share - n - 1, ranks from the lowest: n times the Gini coefficient.
 */
static double rank_moment(const double *sorted, size_t n, double total) {
    ps_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        ps_sum_add(&sum, (2 * (double)(i + 1) - (double)n - 1) * sorted[i]);
    return ps_sum_value(&sum) / total;
}

static double generalised_gini(const double *sorted, size_t n, double total) {
    double units = (double)n;
    return fmax(1 / total, 1 / units) * rank_moment(sorted, n, total) -
           fmax(units / total, 1) + 1;
}

static double top_share(const double *sorted, size_t n, double total, double top) {
    double wanted = top * (double)n, whole = floor(wanted);
    ps_sum sum = {0};
    size_t k = (size_t)whole;
    if (k > n) k = n;
    for (size_t i = 0; i < k; i++) ps_sum_add(&sum, sorted[n - 1 - i]);
    if (k < n) ps_sum_add(&sum, (wanted - whole) * sorted[n - 1 - k]);
    return ps_sum_value(&sum) / total;
}

static ps_units_needed units_for(const double *sorted, size_t n, double total,
                                 double share) {
    double wanted = share * total;
    ps_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        double before = ps_sum_value(&sum), next = sorted[n - 1 - i];
        ps_sum_add(&sum, next);
        if (ps_sum_value(&sum) < wanted) continue;
        double part = next > 0 ? (wanted - before) / next : 1;
        return (ps_units_needed){ps_value_of((double)(i + 1)),
                                 ps_value_of(((double)i + part) / (double)n)};
    }
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    return (ps_units_needed){none, none};
}

static ps_status negative(const char *what, size_t i, double value, ps_error *err) {
    return ps_fail(err, PS_FORMAT, "unit %zu: the %s is %g; it cannot be negative", i + 1,
                   what, value);
}

ps_status ps_concentration_of(size_t n, const double *count, double top,
                              ps_concentration *out, ps_error *err) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    *out = (ps_concentration){0,    0,   0, none, none, none, {none, none}, {none, none},
                              none, none};
    double *sorted = ps_alloc(n, sizeof *sorted);
    if (sorted == NULL) return ps_fail_nomem(err);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(count[i])) {
            out->n_missing++;
        } else if (count[i] < 0) {
            ps_free(sorted);
            return negative("count", i, count[i], err);
        } else {
            sorted[m++] = count[i];
        }
    }
    out->n = m;
    qsort(sorted, m, sizeof *sorted, by_size);
    ps_sum sum = {0}, theil = {0}, hhi = {0};
    for (size_t i = 0; i < m; i++) ps_sum_add(&sum, sorted[i]);
    double total = out->total = ps_sum_value(&sum);
    if (total > 0 && isfinite(total) && top > 0 && top <= 1) {
        for (size_t i = 0; i < m; i++) {
            double share = sorted[i] / total;
            if (share > 0) ps_sum_add(&theil, share * log(share * (double)m));
            ps_sum_add(&hhi, share * share);
        }
        out->gini = ps_value_of(rank_moment(sorted, m, total) / (double)m);
        out->generalised = ps_value_of(generalised_gini(sorted, m, total));
        out->top_share = ps_value_of(top_share(sorted, m, total, top));
        out->quarter = units_for(sorted, m, total, 0.25);
        out->half = units_for(sorted, m, total, 0.5);
        out->theil = ps_value_of(ps_sum_value(&theil));
        out->hhi = ps_value_of(ps_sum_value(&hhi));
    }
    ps_free(sorted);
    return PS_OK;
}

/* ---- Lorenz curve ---- */

typedef struct unit {
    double count, people;
    size_t at;
} unit;

/* By rate, without dividing by no people; equal rates by place. */
static int by_rate(const void *a, const void *b) {
    const unit *x = a, *y = b;
    double left = x->count * y->people, right = y->count * x->people;
    if (left != right) return left < right ? -1 : 1;
    bool x_endless = x->people == 0, y_endless = y->people == 0;
    if (x_endless != y_endless) return x_endless ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

static size_t load_units(size_t n, const double *count, const double *population,
                         unit *list, ps_sum *events, ps_sum *people) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        double p = population == NULL ? 1 : population[i];
        if (!isfinite(count[i]) || !isfinite(p) || (count[i] == 0 && p == 0)) continue;
        list[m++] = (unit){count[i], p, i};
        ps_sum_add(events, count[i]);
        ps_sum_add(people, p);
    }
    return m;
}

ps_status ps_lorenz(size_t n, const double *count, const double *population, double *x,
                    double *y, size_t *points, ps_value *gini, ps_error *err) {
    *points = 0;
    *gini = ps_value_none(PS_VALUE_UNDEFINED);
    for (size_t i = 0; i < n; i++) {
        if (count[i] < 0) return negative("count", i, count[i], err);
        if (population != NULL && population[i] < 0)
            return negative("population", i, population[i], err);
    }
    unit *list = ps_alloc(n, sizeof *list);
    if (list == NULL) return ps_fail_nomem(err);
    ps_sum events = {0}, people = {0};
    size_t m = load_units(n, count, population, list, &events, &people);
    double all = ps_sum_value(&events), base = ps_sum_value(&people);
    if (all > 0 && base > 0) {
        qsort(list, m, sizeof *list, by_rate);
        ps_sum c = {0}, p = {0}, area = {0};
        double x0 = 0, y0 = 0;
        for (size_t i = 0; i <= m; i++) {
            if (x != NULL) x[i] = x0;
            if (y != NULL) y[i] = y0;
            if (i == m) break;
            ps_sum_add(&c, list[i].count);
            ps_sum_add(&p, list[i].people);
            double x1 = ps_sum_value(&p) / base, y1 = ps_sum_value(&c) / all;
            ps_sum_add(&area, (x1 - x0) * (y1 + y0));
            x0 = x1;
            y0 = y1;
        }
        *points = m + 1;
        *gini = ps_value_of(1 - ps_sum_value(&area));
    }
    ps_free(list);
    return PS_OK;
}

/* ---- chance ---- */

typedef struct simulation {
    size_t n;
    const double *cumulative; /* of the chances, or NULL */
    uint64_t seed, events;
    double top;
    double *counts; /* n per worker */
    double *gini, *share;
} simulation;

/* The unit that a draw falls on: the first whose cumulative chance is above it. */
static size_t unit_of(const simulation *s, ps_draws draws, uint64_t event) {
    if (s->cumulative == NULL) return (size_t)ps_draw_below(draws, event, (uint64_t)s->n);
    double at = ps_draw_uniform(draws, event) * s->cumulative[s->n - 1];
    size_t low = 0, high = s->n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->cumulative[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static ps_status simulate(void *context, size_t begin, size_t end, int worker,
                          ps_error *err) {
    (void)err;
    const simulation *s = context;
    double *counts = s->counts + (size_t)worker * s->n, total = (double)s->events;
    for (size_t k = begin; k < end; k++) {
        ps_draws draws = ps_draws_of(s->seed, k);
        for (size_t i = 0; i < s->n; i++) counts[i] = 0;
        for (uint64_t e = 0; e < s->events; e++) counts[unit_of(s, draws, e)]++;
        qsort(counts, s->n, sizeof *counts, by_size);
        s->gini[k] = generalised_gini(counts, s->n, total);
        s->share[k] = top_share(counts, s->n, total, s->top);
    }
    return PS_OK;
}

static double order_statistic(const double *sorted, size_t n, double p) {
    double rank = ceil(p * (double)n);
    size_t k = rank < 1 ? 1 : (size_t)rank;
    return sorted[(k > n ? n : k) - 1];
}

static void summarise(const simulation *s, size_t simulations, double observed,
                      double confidence, ps_concentration_null *out) {
    ps_sum gini = {0}, share = {0};
    size_t beyond = 0;
    for (size_t k = 0; k < simulations; k++) {
        ps_sum_add(&gini, s->gini[k]);
        ps_sum_add(&share, s->share[k]);
        beyond += s->gini[k] >= observed - 1e-12;
    }
    qsort(s->gini, simulations, sizeof *s->gini, by_size);
    double n = (double)simulations, tail = (1 - confidence) / 2;
    out->mean = ps_value_of(ps_sum_value(&gini) / n);
    out->top_share = ps_value_of(ps_sum_value(&share) / n);
    out->lower = ps_value_of(order_statistic(s->gini, simulations, tail));
    out->upper = ps_value_of(order_statistic(s->gini, simulations, 1 - tail));
    out->p_value = ps_value_of((1 + (double)beyond) / (1 + n));
}

static ps_status accumulate(size_t n, const double *weight, double *cumulative,
                            ps_error *err) {
    ps_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(weight[i]) || weight[i] < 0)
            return ps_fail(err, PS_FORMAT,
                           "unit %zu: the population is missing or negative; chance "
                           "cannot be simulated by population",
                           i + 1);
        ps_sum_add(&sum, weight[i]);
        cumulative[i] = ps_sum_value(&sum);
    }
    return PS_OK;
}

ps_status ps_concentration_null_of(size_t n, const double *weight, double total,
                                   double top, double observed, size_t simulations,
                                   uint64_t seed, double confidence,
                                   ps_concentration_null *out, ps_error *err) {
    ps_value none = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    *out = (ps_concentration_null){none, none, none, none, none};
    if (n == 0 || simulations == 0 || !(total >= 0.5) || !isfinite(total)) return PS_OK;
    if (total * (double)simulations > 1e11)
        return ps_fail(err, PS_LIMIT,
                       "%.0f events in %zu simulations are more than 1e11 draws; ask for "
                       "fewer simulations",
                       total, simulations);
    simulation s = {
        .n = n, .seed = seed, .events = (uint64_t)nearbyint(total), .top = top};
    double *cumulative = ps_alloc(n, sizeof *cumulative);
    s.counts = ps_alloc(n, (size_t)ps_threads() * sizeof *s.counts);
    s.gini = ps_alloc(simulations, sizeof *s.gini);
    s.share = ps_alloc(simulations, sizeof *s.share);
    ps_status status = PS_OK;
    if (cumulative == NULL || s.counts == NULL || s.gini == NULL || s.share == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK && weight != NULL) {
        status = accumulate(n, weight, cumulative, err);
        s.cumulative = cumulative;
    }
    if (status == PS_OK && (weight == NULL || cumulative[n - 1] > 0)) {
        status = ps_par_for(simulations, 1, simulate, &s, err);
        if (status == PS_OK) summarise(&s, simulations, observed, confidence, out);
    }
    ps_free(s.share);
    ps_free(s.gini);
    ps_free(s.counts);
    ps_free(cumulative);
    return status;
}

/* ---- adaptors ---- */

enum { IN_AREA, IN_UNIT, IN_COUNT, IN_PEOPLE };
static const ps_method_column input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one result per area"},
    {"unit", PS_COLUMN_TEXT, false, "LSOA, street, grid cell; all of them"},
    {"count", PS_COLUMN_NUMBER, true, "events of the unit, 0 included"},
    {"population", PS_COLUMN_NUMBER, false, "people of the unit"},
};
static const size_t group_inputs[] = {IN_COUNT, IN_PEOPLE};
enum { P_CONFIDENCE, P_TOP, P_AXIS, P_NULL, P_SIMULATIONS, P_SEED };
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"top", PS_COLUMN_NUMBER, "0.05", NULL, 1e-9, 1, "share of units looked at"},
    {"axis", PS_COLUMN_TEXT, "units", "units|population", 0, 0,
     "population: the curve by rate over people"},
    {"null", PS_COLUMN_TEXT, "equal", "equal|population", 0, 0,
     "chances of the units in the simulation"},
    {"simulations", PS_COLUMN_INTEGER, "199", NULL, 0, 99999, "0: none"},
    {"seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992.0, "of the simulation"},
};
static const ps_method_column output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"n", PS_COLUMN_INTEGER, true, "units with a count"},
    {"n_missing", PS_COLUMN_INTEGER, true, "units without"},
    {"total", PS_COLUMN_NUMBER, true, "events"},
    {"gini", PS_COLUMN_NUMBER, true, "over units, or over people with axis=population"},
    {"generalised_gini", PS_COLUMN_NUMBER, true, "corrected for few events"},
    {"top", PS_COLUMN_NUMBER, true, "share of units looked at"},
    {"top_share", PS_COLUMN_NUMBER, true, "share of events in them"},
    {"units_25", PS_COLUMN_NUMBER, true, "units that hold a quarter of the events"},
    {"share_25", PS_COLUMN_NUMBER, true, "the same as a share of units, interpolated"},
    {"units_50", PS_COLUMN_NUMBER, true, "units that hold half of the events"},
    {"share_50", PS_COLUMN_NUMBER, true, "the same as a share of units, interpolated"},
    {"theil", PS_COLUMN_NUMBER, true, "Theil's index"},
    {"hhi", PS_COLUMN_NUMBER, true, "sum of squared shares"},
    {"null_gini", PS_COLUMN_NUMBER, true, "mean generalised Gini under chance"},
    {"null_lower", PS_COLUMN_NUMBER, true, "lower quantile under chance"},
    {"null_upper", PS_COLUMN_NUMBER, true, "upper quantile under chance"},
    {"null_top_share", PS_COLUMN_NUMBER, true, "mean top share under chance"},
    {"p_value", PS_COLUMN_NUMBER, true, "of concentration beyond chance"},
    {"nsim", PS_COLUMN_INTEGER, true, "simulations"},
    {"seed", PS_COLUMN_INTEGER, true, "of the simulations"},
    {"status", PS_COLUMN_TEXT, true, "of gini"},
};

/* Counts and populations of the rows of a group that have a count: n each. */
static size_t with_counts(const ps_call_group *group, double *out) {
    const double *count = group->column[0], *people = group->column[1];
    size_t m = 0;
    for (size_t i = 0; i < group->n; i++) {
        if (isnan(count[i])) continue;
        out[m] = count[i];
        out[group->n + m++] = people != NULL ? people[i] : (double)NAN;
    }
    return m;
}

static ps_status measure(const ps_method_call *call, size_t m, const double *count,
                         const double *people, ps_concentration *c,
                         ps_concentration_null *null, ps_error *err) {
    double top = ps_call_param_number(call, P_TOP);
    PS_TRY(ps_concentration_of(m, count, top, c, err));
    if (ps_call_param_is(call, P_AXIS, "population")) {
        size_t points;
        PS_TRY(ps_lorenz(m, count, people, NULL, NULL, &points, &c->gini, err));
    }
    return ps_concentration_null_of(
        m, ps_call_param_is(call, P_NULL, "population") ? people : NULL, c->total, top,
        c->generalised.value, (size_t)ps_call_param_number(call, P_SIMULATIONS),
        (uint64_t)ps_call_param_number(call, P_SEED),
        ps_call_param_number(call, P_CONFIDENCE), null, err);
}

static int by_count_falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* count: in any order, which is lost. */
static void step_top_share(const ps_method_call *call, size_t n, double *count,
                           const ps_concentration *c) {
    ps_output *steps = ps_call_steps(call, 7);
    const double top = ps_call_param_number(call, P_TOP), units = top * (double)n;
    const size_t whole = (size_t)floor(units + 1e-9);
    const double part = fmax(0, units - (double)whole);
    ps_sum held = {0, 0};
    if (steps == NULL || !ps_value_ok(c->top_share)) return;
    qsort(count, n, sizeof *count, by_count_falling);
    for (size_t i = 0; i < whole && i < n; i++) ps_sum_add(&held, count[i]);
    ps_step_add(steps, units, "units looked at = %s * %zu", PS_STEP(top), n);
    ps_step_add(steps, ps_sum_value(&held), "events in the %zu units with most", whole);
    if (part > 0 && whole < n)
        ps_step_add(steps, c->top_share.value,
                    "their share, the next unit in part = (%s + %s * %s) / %s",
                    PS_STEP(ps_sum_value(&held)), PS_STEP(part), PS_STEP(count[whole]),
                    PS_STEP(c->total));
    else
        ps_step_add(steps, c->top_share.value, "their share = %s / %s",
                    PS_STEP(ps_sum_value(&held)), PS_STEP(c->total));
}

static ps_status concentration_group(const ps_method_call *call,
                                     const ps_call_group *group, void *context,
                                     ps_error *err) {
    (void)context;
    const size_t n = group->n;
    double *values = ps_alloc(n, 2 * sizeof *values);
    if (values == NULL) return ps_fail_nomem(err);
    size_t m = with_counts(group, values);
    ps_concentration c;
    ps_concentration_null null;
    ps_status status = measure(call, m, values, values + n, &c, &null, err);
    if (status == PS_OK) step_top_share(call, m, values, &c);
    ps_free(values);
    if (status != PS_OK) {
        ps_str area = group->name;
        ps_fail_prefix(err, "%s: '%.*s': ", ps_table_name(ps_call_table(call)),
                       (int)(area.n < 60 ? area.n : 60), area.p);
        return status;
    }
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, (int64_t)c.n);
    ps_call_put_int(call, 2, (int64_t)(n - m));
    ps_call_put_number(call, 3, PS_VALUE_OK, c.total);
    ps_call_put_value(call, 4, c.gini);
    ps_call_put_value(call, 5, c.generalised);
    ps_call_put_number(call, 6, PS_VALUE_OK, ps_call_param_number(call, P_TOP));
    const ps_value values_out[] = {c.top_share,  c.quarter.units, c.quarter.share,
                                   c.half.units, c.half.share,    c.theil,
                                   c.hhi,        null.mean,       null.lower,
                                   null.upper,   null.top_share,  null.p_value};
    ps_call_put_values(call, 7, values_out, PS_LENGTH(values_out));
    ps_call_put_int(call, 19, (int64_t)ps_call_param_number(call, P_SIMULATIONS));
    ps_call_put_int(call, 20, (int64_t)ps_call_param_number(call, P_SEED));
    ps_call_put_status(call, 21, c.gini.status);
    return ps_call_end_row(call, err);
}

static ps_status need_population(const ps_method_call *call, bool needed, ps_error *err) {
    if (!needed || ps_call_has(call, IN_PEOPLE)) return PS_OK;
    return ps_fail(err, PS_CONFIG,
                   "%s: the parameters ask for the population, but there is no column "
                   "population",
                   ps_table_name(ps_call_table(call)));
}

static ps_status run_concentration(const ps_method_call *call, ps_error *err) {
    bool by_people = ps_call_param_is(call, P_AXIS, "population") ||
                     ps_call_param_is(call, P_NULL, "population");
    PS_TRY(need_population(call, by_people, err));
    return ps_call_each_group(call, IN_AREA, group_inputs, 2, concentration_group, NULL,
                              err);
}

const ps_method ps_method_concentration = {
    .id = "concentration",
    .title = "Concentration of counts over units",
    .formula =
        "Gini = (2 sum of i y_i - n - 1) / n for shares y in ascending order; "
        "generalised "
        "Gini = max(1/c, 1/n) (2 sum of i y_i - n - 1) - max(n/c, 1) + 1 for c events on "
        "n "
        "units; top share = events in the units with most, the last in part; p_value = "
        "(1 "
        "+ simulations at least as uneven) / (1 + simulations), c events dropped on the "
        "units at random.",
    .source = "Weisburd 2015; Bernasco & Steenbeek 2017",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run_concentration,
    .evidence =
        "the definitions in base R, fresh counts, sparse and dense: 2e-15; closed forms",
};

static const ps_method_param lorenz_param[] = {
    {"axis", PS_COLUMN_TEXT, "units", "units|population", 0, 0,
     "what is cumulated on the x axis"},
};
static const ps_method_column lorenz_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"x", PS_COLUMN_NUMBER, true, "cumulated share of units or people"},
    {"y", PS_COLUMN_NUMBER, true, "cumulated share of events"},
    {"status", PS_COLUMN_TEXT, true, "undefined without events or people"},
};

static ps_status lorenz_group(const ps_method_call *call, const ps_call_group *group,
                              void *context, ps_error *err) {
    (void)context;
    const size_t n = group->n;
    double *x = ps_alloc(n + 1, 2 * sizeof *x);
    if (x == NULL) return ps_fail_nomem(err);
    double *y = x + n + 1;
    size_t points = 0;
    ps_value gini;
    bool by_people = ps_call_param_is(call, 0, "population");
    ps_status status = ps_lorenz(n, group->column[0], by_people ? group->column[1] : NULL,
                                 x, y, &points, &gini, err);
    if (status == PS_OK && points == 0) {
        ps_call_put_text(call, 0, group->name);
        ps_call_put_status(call, 3, gini.status);
        status = ps_call_end_row(call, err);
    }
    for (size_t i = 0; status == PS_OK && i < points; i++) {
        ps_call_put_text(call, 0, group->name);
        ps_call_put_number(call, 1, PS_VALUE_OK, x[i]);
        ps_call_put_number(call, 2, PS_VALUE_OK, y[i]);
        ps_call_put_status(call, 3, PS_VALUE_OK);
        status = ps_call_end_row(call, err);
    }
    ps_free(x);
    return status;
}

static ps_status run_lorenz(const ps_method_call *call, ps_error *err) {
    PS_TRY(need_population(call, ps_call_param_is(call, 0, "population"), err));
    return ps_call_each_group(call, IN_AREA, group_inputs, 2, lorenz_group, NULL, err);
}

const ps_method ps_method_lorenz = {
    .id = "lorenz",
    .title = "Points of the Lorenz curve",
    .formula =
        "units in order of their rate, lowest first; x = cumulated share of units "
        "(or people), y = cumulated share of events.",
    .source = "Lorenz 1905, Publ. Am. Stat. Assoc. 9:209",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = lorenz_param,
    .n_param = PS_LENGTH(lorenz_param),
    .output = lorenz_output,
    .n_output = PS_LENGTH(lorenz_output),
    .run = run_lorenz,
    .evidence = "cumulated shares in base R, fresh units: 1e-15",
};
