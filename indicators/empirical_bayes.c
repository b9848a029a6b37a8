#include "indicators/empirical_bayes.h"

#include <math.h>

#include "engine/core/mem.h"
#include "indicators/sum.h"

static double shrink(double rate, double people, double mean, double a) {
    if (!(mean > 0)) return 0;
    return mean + (rate - mean) * a / (a + mean / people);
}

void ps_bayes_global(size_t n, const double *events, const double *people,
                     double *estimate) {
    ps_sum o = {0}, p = {0}, s = {0};
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&o, events[i]);
        ps_sum_add(&p, people[i]);
    }
    double total = ps_sum_value(&p), b = ps_sum_value(&o) / total;
    for (size_t i = 0; i < n; i++) {
        double off = events[i] / people[i] - b;
        ps_sum_add(&s, people[i] * off * off);
    }
    double a = fmax(0, ps_sum_value(&s) / total - b / (total / (double)n));
    for (size_t i = 0; i < n; i++)
        estimate[i] = shrink(events[i] / people[i], people[i], b, a);
}

ps_status ps_bayes_local(const ps_weights *w, const double *events, const double *people,
                         ps_bayes_spread spread, double *estimate, ps_error *err) {
    double *mean = ps_alloc(w->n, sizeof *mean);
    if (mean == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < w->n; i++) {
        double o = events[i], p = people[i];
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) {
            o += events[w->to[k]];
            p += people[w->to[k]];
        }
        mean[i] = o / p;
    }
    for (size_t i = 0; i < w->n; i++) {
        double off = events[i] / people[i] - mean[i];
        double c = people[i] * off * off, p = people[i];
        for (size_t k = w->offset[i]; k < w->offset[i + 1]; k++) {
            int32_t j = w->to[k];
            off = events[j] / people[j] - (spread == PS_BAYES_OWN ? mean[j] : mean[i]);
            c += people[j] * off * off;
            p += people[j];
        }
        double members = (double)(w->offset[i + 1] - w->offset[i] + 1);
        double a = fmax(0, c / p - mean[i] / (p / members));
        estimate[i] = shrink(events[i] / people[i], people[i], mean[i], a);
    }
    ps_free(mean);
    return PS_OK;
}

/* ---- method ---- */

enum { IN_COUNT = PS_PLACE_N_INPUTS, IN_PEOPLE };
enum { PARAM_SCOPE = PS_PLACE_N_PARAMS, PARAM_SPREAD, PARAM_MULTIPLIER };

static const ps_method_param params[] = {
    PS_PLACE_PARAMS,
    {"scope", PS_COLUMN_TEXT, "global", "global|local", 1, 0,
     "global: towards the mean of all; local: of the neighbours"},
    {"spread", PS_COLUMN_TEXT, "shared", "shared|own", 1, 0,
     "local spread about the area's local mean, or about each neighbour's own"},
    {"multiplier", PS_COLUMN_NUMBER, "1000", NULL, 1e-9, 1e12, "rate per so many people"},
};

static const ps_method_column inputs[] = {
    PS_PLACE_INPUTS,
    {"count", PS_COLUMN_NUMBER, true, "events"},
    {"population", PS_COLUMN_NUMBER, true, "people"},
};

static const ps_method_column outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"raw", PS_COLUMN_NUMBER, true, "the rate as it is"},
    {"value", PS_COLUMN_NUMBER, true, "the rate smoothed"},
    {"multiplier", PS_COLUMN_NUMBER, true, "rate per so many people"},
    {"method", PS_COLUMN_TEXT, true, "global, local-shared, local-own"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, undefined (nobody lives there), not-applicable (no neighbours)"},
};

typedef struct rates {
    double *count, *people; /* per row */
    double *x;              /* events, people, estimates per place */
    bool *has;
    ps_places places;
} rates;

static ps_status places_of(const ps_method_call *call, rates *r, ps_error *err) {
    if (ps_call_param_is(call, PARAM_SCOPE, "local"))
        return ps_places_read(call, r->has, &r->places, err);
    size_t rows = ps_call_rows(call);
    r->places.row = ps_alloc(rows, sizeof *r->places.row);
    r->places.place = ps_alloc(rows, sizeof *r->places.place);
    if (r->places.row == NULL || r->places.place == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < rows; i++) {
        r->places.place[i] = r->has[i] ? (int32_t)r->places.n : -1;
        if (r->has[i]) r->places.row[r->places.n++] = (int32_t)i;
    }
    return PS_OK;
}

static ps_status smooth(const ps_method_call *call, rates *r, ps_error *err) {
    size_t rows = ps_call_rows(call);
    for (size_t i = 0; i < rows; i++) {
        if (r->count[i] < 0 || r->people[i] < 0)
            return ps_call_refuse(call, i, err,
                                  "count and population have to be 0 or more");
        r->has[i] = r->count[i] >= 0 && r->people[i] > 0;
    }
    PS_TRY(places_of(call, r, err));
    size_t n = r->places.n;
    double *events = r->x, *people = r->x + n, *estimate = r->x + 2 * n;
    for (size_t i = 0; i < n; i++) {
        events[i] = r->count[r->places.row[i]];
        people[i] = r->people[r->places.row[i]];
    }
    if (ps_call_param_is(call, PARAM_SCOPE, "global")) {
        ps_bayes_global(n, events, people, estimate);
        return PS_OK;
    }
    return ps_bayes_local(
        &r->places.weights, events, people,
        ps_call_param_is(call, PARAM_SPREAD, "own") ? PS_BAYES_OWN : PS_BAYES_SHARED,
        estimate, err);
}

/* What a rate is drawn towards, and how much: of all, or of an area and its neighbours.
 */
typedef struct prior {
    size_t n;
    double events, people, spread; /* sums; of the last people times squared distance */
} prior;

static void prior_add(prior *p, double events, double people, double mean, bool spread) {
    if (spread) {
        p->spread += people * (events / people - mean) * (events / people - mean);
        return;
    }
    p->n++;
    p->events += events;
    p->people += people;
}

static prior prior_of(const ps_method_call *call, const rates *r, size_t i) {
    const size_t n = r->places.n;
    const double *events = r->x, *people = r->x + n;
    const bool local = ps_call_param_is(call, PARAM_SCOPE, "local");
    const ps_weights *w = &r->places.weights;
    prior p = {0};
    for (int spread = 0; spread < 2; spread++) {
        const double mean = spread ? p.events / p.people : 0;
        if (local) prior_add(&p, events[i], people[i], mean, spread);
        for (size_t k = local ? w->offset[i] : 0; k < (local ? w->offset[i + 1] : n);
             k++) {
            const size_t j = local ? (size_t)w->to[k] : k;
            prior_add(&p, events[j], people[j], mean, spread);
        }
    }
    return p;
}

static void step_rate(ps_output *steps, const prior *p, double events, double people,
                      double multiplier, double value) {
    const double mean = p->events / p->people, s2 = p->spread / p->people,
                 each = p->people / (double)p->n, a = fmax(0, s2 - mean / each);
    ps_step_add(steps, events / people, "own rate = %s / %s", PS_STEP(events),
                PS_STEP(people));
    ps_step_add(steps, mean, "mean rate b of %zu areas = %s / %s", p->n,
                PS_STEP(p->events), PS_STEP(p->people));
    ps_step_add(steps, s2, "variance of their rates about b, by people = %s / %s",
                PS_STEP(p->spread), PS_STEP(p->people));
    ps_step_add(steps, a, "variance beyond chance a = max(0, %s - %s / %s)", PS_STEP(s2),
                PS_STEP(mean), PS_STEP(each));
    ps_step_add(steps, value,
                "smoothed rate = %s * (%s + (%s - %s) * %s / (%s + %s / %s))",
                PS_STEP(multiplier), PS_STEP(mean), PS_STEP(events / people),
                PS_STEP(mean), PS_STEP(a), PS_STEP(a), PS_STEP(mean), PS_STEP(people));
}

static ps_status write_all(const ps_method_call *call, const rates *r, ps_error *err) {
    double multiplier = ps_call_param_number(call, PARAM_MULTIPLIER);
    const char *method = "global";
    if (ps_call_param_is(call, PARAM_SCOPE, "local"))
        method =
            ps_call_param_is(call, PARAM_SPREAD, "own") ? "local-own" : "local-shared";
    const bool derives = ps_call_steps(call, 2) != NULL,
               local = ps_call_param_is(call, PARAM_SCOPE, "local"),
               own = ps_call_param_is(call, PARAM_SPREAD, "own");
    prior all = derives && !local && r->places.n > 0 ? prior_of(call, r, 0) : (prior){0};
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        int32_t i = r->places.place[row];
        ps_value_status status = PS_VALUE_OK;
        if (isnan(r->count[row]) || isnan(r->people[row]))
            status = PS_VALUE_MISSING;
        else if (!(r->people[row] > 0))
            status = PS_VALUE_UNDEFINED;
        else if (i < 0)
            status = PS_VALUE_NOT_APPLICABLE;
        ps_call_put_text(call, 0, ps_call_text(call, row, 0));
        if (status == PS_VALUE_OK) {
            ps_value value = ps_value_of(multiplier * r->x[2 * r->places.n + (size_t)i]);
            ps_call_put_number(call, 1, status,
                               multiplier * r->count[row] / r->people[row]);
            if (derives && local) all = prior_of(call, r, (size_t)i);
            if (derives && !(local && own))
                step_rate(ps_call_steps(call, 2), &all, r->count[row], r->people[row],
                          multiplier, value.value);
            ps_call_put_value(call, 2, value);
            status = value.status;
        }
        ps_call_put_number(call, 3, PS_VALUE_OK, multiplier);
        ps_call_put_word(call, 4, method);
        ps_call_put_status(call, 5, status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    size_t rows = ps_call_rows(call);
    rates r = {.x = ps_alloc(rows, 3 * sizeof *r.x),
               .has = ps_alloc(rows, sizeof *r.has)};
    ps_status status = r.x != NULL && r.has != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_COUNT, &r.count, err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_PEOPLE, &r.people, err);
    if (status == PS_OK) status = smooth(call, &r, err);
    if (status == PS_OK) status = write_all(call, &r, err);
    ps_places_free(&r.places);
    ps_free(r.count);
    ps_free(r.people);
    ps_free(r.x);
    ps_free(r.has);
    return status;
}

const ps_method ps_method_eb = {
    .id = "eb",
    .title = "Empirical Bayes rates",
    .formula =
        "b = sum O / sum P, s^2 = sum P (p - b)^2 / sum P, a = max(0, s^2 - b / mean P), "
        "estimate = b + (p - b) a / (a + b / P); local: over each area and its "
        "neighbours.",
    .source = "Marshall 1991",
    .evidence = "EBest and EBlocal of R spdep 1.2-7, both variants, fresh maps: 2e-13",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
