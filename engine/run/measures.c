/* Months are summed once per area, as what lies before each month; every period is then
 * one subtraction, and so are the baseline and the same months of earlier years.
 */
#include "engine/run/measures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_MONTHS = (PS_POINTS_LAST_YEAR - PS_POINTS_FIRST_YEAR + 1) * 12,
    YEAR = 12,
    EARLIER_YEARS = 3 /* that the share of a part of the year is taken from */
};

/* What lies before each month of a data set, in one area. */
typedef struct history {
    ps_month first, last; /* first > last: nothing */
    int64_t counts[MOST_MONTHS + 1];
    int32_t covered[MOST_MONTHS + 1];
} history;

static void read_history(const ps_figures *f, const ps_measure_part *part, size_t g,
                         size_t a, history *h) {
    bool covered[MOST_MONTHS];
    const ps_data_set *d = &f->data[part->data];
    const size_t months = ps_figures_span(d);
    h->first = d->first, h->last = d->last;
    h->counts[0] = h->covered[0] = 0;
    ps_figures_group_months(f, g, a, part->data, part->holds, h->counts + 1, covered);
    for (size_t m = 0; m < months; m++) {
        h->counts[m + 1] += h->counts[m];
        h->covered[m + 1] = h->covered[m] + covered[m];
    }
}

/* Months of [first, last] that are known, and what was counted in them. */
static int32_t sum(const history *h, ps_month first, ps_month last, double *count) {
    if (first < h->first) first = h->first;
    if (last > h->last) last = h->last;
    *count = 0;
    if (first > last) return 0;
    const size_t from = (size_t)(first - h->first), to = (size_t)(last - h->first) + 1;
    *count = (double)(h->counts[to] - h->counts[from]);
    return h->covered[to] - h->covered[from];
}

static bool sum_whole(const history *h, ps_month first, ps_month last, double *count) {
    return sum(h, first, last, count) == last - first + 1;
}

/* Everything that is the same for all periods of one measure in one area. */
typedef struct scene {
    const ps_measures *all;
    const ps_measure *measure;
    const ps_geography *geo;
    size_t geography, area;
    double confidence, multiplier;
    bool is_own;       /* the plan's own area: its stated figures hold */
    double people;     /* NAN not known */
    double dispersion; /* NAN not known */
    bool has_base;     /* the baseline period is known */
    ps_period base;
    history numerator, denominator;
} scene;

static void add_reason(ps_measure_figure *f, const char *format, ...) PS_PRINTF(2, 3);
static void add_reason(ps_measure_figure *f, const char *format, ...) {
    size_t used = strlen(f->reason);
    va_list args;
    if (used > 0 && used + 2 < sizeof f->reason) {
        memcpy(f->reason + used, "; ", 3);
        used += 2;
    }
    va_start(args, format);
    vsnprintf(f->reason + used, sizeof f->reason - used, format, args);
    va_end(args);
}

static const ps_value nothing = {.status = PS_VALUE_NOT_APPLICABLE, .value = 0};
static const ps_estimate no_estimate = {.status = PS_VALUE_MISSING,
                                        .limits_status = PS_VALUE_MISSING};

/* Numerator and denominator of whole months; false when they are not known. */
static bool parts_of(const scene *s, ps_month first, ps_month last, double *x,
                     double *n) {
    *n = (double)NAN;
    if (!sum_whole(&s->numerator, first, last, x)) return false;
    if (s->measure->form == PS_FORM_COUNT) return true;
    if (!s->measure->denominator.people)
        return sum_whole(&s->denominator, first, last, n);
    const int32_t months = last - first + 1;
    *n = s->people * (months > YEAR ? months / 12.0 : 1.0);
    return isfinite(*n) != 0;
}

static ps_estimate estimate(const scene *s, double x, double n) {
    switch (s->measure->form) {
        case PS_FORM_RATE:
            return ps_crude_rate(x, n, s->multiplier, s->confidence);
        case PS_FORM_PROPORTION:
            return ps_proportion(x, n, s->multiplier, s->confidence,
                                 PS_PROPORTION_WILSON);
        case PS_FORM_COUNT:
        case PS_FORM_OTHER:
            break;
    }
    return ps_count(x, s->confidence);
}

/* The value of a period, or why there is none. */
static void evaluate(const scene *s, const ps_period *p, ps_measure_figure *f) {
    const ps_data_set *d = &s->all->figures->data[s->measure->numerator.data];
    double x = 0, n = 0;
    ps_month last = p->last;
    f->months = sum(&s->numerator, p->first, p->last, &x);
    /* It runs when all of it is there up to the last month of the data. */
    f->running = s->numerator.last < p->last && p->first <= s->numerator.last &&
                 p->first >= s->numerator.first &&
                 f->months == s->numerator.last - p->first + 1;
    if (f->running) last = s->numerator.last;
    if (!parts_of(s, p->first, last, &x, &n)) {
        char note[128];
        const int32_t absent = f->running ? 0 : ps_period_months(p) - f->months;
        if (absent > 0) {
            ps_figures_describe_gaps(d, s->geography, s->area, p, absent, note);
            add_reason(f, "%s", note);
        } else if (s->measure->denominator.people) {
            add_reason(f, "no population");
        } else {
            add_reason(f, "the denominator is not known for all months");
        }
        return;
    }
    f->numerator = x;
    f->denominator = n;
    f->value = estimate(s, x, n);
    if (f->running)
        add_reason(f, "%d of %d months so far", (int)f->months, (int)ps_period_months(p));
    const int64_t least = s->measure->spec->min_base;
    if (s->measure->form == PS_FORM_COUNT || n >= (double)least) return;
    f->value.status = f->value.limits_status = PS_VALUE_SMALL_BASE;
    add_reason(f, "the base is below %lld", (long long)least);
    f->numerator = f->denominator = (double)NAN;
}

/* The figure that the area is compared with. */
static void find_baseline(const scene *s, ps_measure_figure *f) {
    const ps_framework_baseline *baseline = s->measure->spec->baseline;
    double x, n;
    if (baseline == NULL) return;
    if (s->has_base && parts_of(s, s->base.first, s->base.last, &x, &n)) {
        const ps_estimate own = estimate(s, x, n);
        const bool small =
            s->measure->form != PS_FORM_COUNT && n < (double)s->measure->spec->min_base;
        if (own.status == PS_VALUE_OK && !small) {
            f->own = own.value;
            f->baseline_numerator = x;
            f->baseline_denominator = n;
        }
    }
    f->stated = s->is_own && baseline->value != NULL;
    f->baseline = f->stated ? *baseline->value : f->own;
    if (!f->stated) return;
    /* Only a count can be tested as stated: a stated rate has no base. */
    f->baseline_denominator = (double)NAN;
    f->baseline_numerator =
        s->measure->form == PS_FORM_COUNT ? *baseline->value : (double)NAN;
    if (isfinite(f->own) && f->own != f->baseline) {
        char own[32], stated[32];
        ps_format_double(f->own, own);
        ps_format_double(f->baseline, stated);
        add_reason(f, "the data give %s for the baseline, the plan states %s", own,
                   stated);
    }
}

static ps_goal goal_of(const scene *s, const ps_period *p, const ps_measure_figure *f) {
    const ps_framework_target *target = s->measure->spec->target;
    const bool figure = s->is_own && target->value != NULL,
               step = s->is_own && target->step != NULL;
    const double years = s->has_base ? (p->first - s->base.first) / 12.0 : (double)NAN;
    return ps_goal_of(target->kind, f->baseline, figure ? *target->value : (double)NAN,
                      step ? *target->step : (double)NAN, years,
                      (int)s->measure->spec->polarity);
}

/* The year's end from the months so far and the same months of earlier years. */
static void project(const scene *s, const ps_period *p, const ps_goal *goal,
                    ps_measure_figure *f) {
    double part[EARLIER_YEARS], year[EARLIER_YEARS];
    size_t used = 0;
    for (int k = 1; k <= EARLIER_YEARS; k++) {
        const ps_month back = k * YEAR;
        if (!sum_whole(&s->numerator, p->first - back, s->numerator.last - back,
                       &part[k - 1]) ||
            !sum_whole(&s->numerator, p->first - back, p->last - back, &year[k - 1]))
            part[k - 1] = year[k - 1] = (double)NAN;
    }
    const ps_value share = ps_projection_share(EARLIER_YEARS, part, year, &used);
    if (!ps_value_ok(share)) {
        add_reason(f, "no earlier year is whole, so no projection");
        return;
    }
    f->share = share.value;
    f->projection = ps_projection_pro_rata(f->numerator, share.value, s->dispersion, goal,
                                           s->confidence);
}

/* A baseline of the same months, when a year is compared before it is over. */
static void take_same_months(const scene *s, const ps_period *p,
                             ps_target_count_input *in, ps_measure_figure *f) {
    double x;
    const ps_month last = s->base.first + (s->numerator.last - p->first);
    if (s->has_base && !f->stated && sum_whole(&s->numerator, s->base.first, last, &x)) {
        in->baseline = f->baseline_numerator = x;
        add_reason(f, "change against the same months of the baseline");
        return;
    }
    in->exposure *= f->months / 12.0;
    add_reason(f, "change against %d twelfths of the baseline, season left aside",
               (int)f->months);
}

static double number(ps_value value) {
    return ps_value_ok(value) ? value.value : (double)NAN;
}

/* Counts and rates: a rate's goal is turned into the count that gives it. */
static void judge_count(const scene *s, const ps_period *p, bool tested, double left,
                        ps_measure_figure *f) {
    const bool rate = s->measure->form == PS_FORM_RATE;
    const bool there = f->value.status == PS_VALUE_OK;
    ps_goal goal = f->goal;
    if (rate && there) goal.target *= f->denominator / s->multiplier;
    ps_target_count_input in = {.actual = there ? f->numerator : (double)NAN,
                                .baseline = tested ? f->baseline_numerator : (double)NAN,
                                .exposure = rate ? f->denominator : 1,
                                .baseline_exposure = rate ? f->baseline_denominator : 1,
                                .dispersion = s->dispersion,
                                .complete = !f->running,
                                .projection = ps_value_none(PS_VALUE_MISSING),
                                .years_left = left,
                                .confidence = s->confidence};
    if (f->running && there) {
        project(s, p, &goal, f);
        in.projection = f->projection.total;
        if (tested && isfinite(in.baseline)) take_same_months(s, p, &in, f);
    }
    f->result = ps_target_count(&goal, &in);
    f->target_status = ps_target_status_text(f->result.status);
    if (rate && ps_value_ok(f->result.gap))
        f->result.gap = ps_value_of(f->value.value - f->goal.target);
    ps_value *ends[3] = {&f->projection.total, &f->projection.lower,
                         &f->projection.upper};
    for (int k = 0; rate && k < 3; k++)
        if (ps_value_ok(*ends[k]))
            *ends[k] = ps_value_of(ends[k]->value * s->multiplier / f->denominator);
    if (f->running) /* a part of a year has no distance from a year's target */
        f->result.gap = f->result.required = nothing;
    const ps_value *ratio[3] = {&f->result.rate_ratio, &f->result.rr_lower,
                                &f->result.rr_upper};
    double *percent[3] = {&f->change, &f->change_lower, &f->change_upper};
    for (int k = 0; k < 3; k++) *percent[k] = 100 * (number(*ratio[k]) - 1);
}

static void judge_proportion(const scene *s, bool tested, double left,
                             ps_measure_figure *f) {
    const bool there = f->value.status == PS_VALUE_OK;
    f->result = ps_target_register(&f->goal, there ? f->numerator : (double)NAN,
                                   there ? f->denominator : (double)NAN,
                                   tested ? f->baseline_numerator : (double)NAN,
                                   tested ? f->baseline_denominator : (double)NAN,
                                   s->multiplier, left, s->confidence);
    /* The year is not over: what holds so far is not yet met. */
    if (f->running && f->result.status == PS_TARGET_MET)
        f->result.status = PS_TARGET_ON_TRACK;
    if (f->running && f->result.status == PS_TARGET_NOT_MET)
        f->result.status = PS_TARGET_OFF_TRACK;
    f->target_status = ps_target_status_text(f->result.status);
}

static void judge(const scene *s, const ps_period *p, ps_measure_figure *f) {
    const ps_framework_measure *spec = s->measure->spec;
    const ps_framework *plan = s->all->binding->framework;
    f->target_status = "no-target";
    if (spec->target == NULL) return;
    if (s->measure->form != PS_FORM_PROPORTION && ps_period_months(p) != YEAR) {
        add_reason(f, "the target is for twelve months");
        return;
    }
    if (s->has_base && p->last <= s->base.last) {
        const bool same = p->first == s->base.first && p->last == s->base.last;
        f->target_status = same ? "baseline" : "before-baseline";
        return;
    }
    const bool overlaps = s->has_base && p->first <= s->base.last;
    double left = (double)NAN;
    if (plan->years->last != NULL) {
        ps_period end;
        size_t n = 0;
        if (ps_period_expand(ps_str_of(plan->years->last), 1, 0, &end, 1, &n, NULL) ==
                PS_OK &&
            end.last > p->last)
            left = (end.last - p->last) / 12.0;
    }
    f->goal = goal_of(s, p, f);
    if (s->measure->form == PS_FORM_PROPORTION)
        judge_proportion(s, !overlaps, left, f);
    else
        judge_count(s, p, !overlaps, left, f);
    if (overlaps && f->goal.known) {
        /* Neither figure is independent of the other, so no p holds. */
        f->result.strength = PS_STRENGTH_NONE;
        f->result.p_fixed = ps_value_none(PS_VALUE_NOT_APPLICABLE);
        add_reason(f, "the period shares months with the baseline, so no test of change");
    }
    if (f->result.status == PS_TARGET_BASELINE_MISSING && spec->baseline == NULL)
        add_reason(f, "the plan has no baseline");
    else if (f->result.status == PS_TARGET_BASELINE_MISSING)
        add_reason(f, "%sthe data do not hold the baseline period",
                   spec->baseline->value != NULL && !s->is_own
                       ? "the plan's baseline is that of another area, and "
                       : "");
    if (f->result.status == PS_TARGET_AWAITING)
        add_reason(f, spec->target->kind == PS_TARGET_TRAJECTORY
                          ? "the step of the plan is that of another area"
                          : "the other plan's target is not known");
}

/* How much more the months vary than chance would have it, beside trend, season and the
 * periods that the plan calls exceptional. Too few months tell nothing. */
static ps_status find_dispersion(scene *s, ps_error *err) {
    const history *h = &s->numerator;
    const ps_framework_years *years = s->all->binding->framework->years;
    const ps_trend_options options = {
        .family = PS_TREND_QUASI, .harmonics = 1, .confidence = s->confidence};
    ps_interventions steps = {.n = 0};
    ps_trend *trend = NULL;
    s->dispersion = (double)NAN;
    if (s->measure->form == PS_FORM_PROPORTION || h->last - h->first + 1 < 2 * YEAR)
        return PS_OK;
    const size_t months = (size_t)(h->last - h->first) + 1;
    double *value = ps_alloc(months, sizeof *value);
    double *regressor = ps_zalloc(months * PS_INTERVENTIONS_MOST, sizeof *regressor);
    ps_status status = value != NULL && regressor != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t m = 0; status == PS_OK && m < months; m++)
        value[m] = h->covered[m + 1] > h->covered[m]
                       ? (double)(h->counts[m + 1] - h->counts[m])
                       : (double)NAN;
    for (unsigned i = 0; status == PS_OK && i < years->exceptional_count; i++) {
        ps_period period;
        size_t n = 0;
        status =
            ps_period_expand(ps_str_of(years->exceptional[i]), 1, 0, &period, 1, &n, err);
        steps.first[steps.n] = period.first;
        steps.last[steps.n++] = period.last;
    }
    if (status == PS_OK) ps_interventions_usable(&steps, months, h->first, value);
    for (size_t m = 0; status == PS_OK && m < months; m++)
        for (size_t i = 0; i < steps.n; i++)
            regressor[m * steps.n + i] =
                ps_interventions_hold(&steps, i, h->first + (ps_month)m) ? 1 : 0;
    if (status == PS_OK)
        status =
            ps_trend_fit(months, h->first, value, NULL, steps.n > 0 ? regressor : NULL,
                         steps.n, &options, &trend, err);
    if (status == PS_OK && trend->status == PS_VALUE_OK)
        s->dispersion = trend->dispersion;
    ps_trend_free(trend);
    ps_free(value), ps_free(regressor);
    return status;
}

static void compute(const scene *s, const ps_period *p, ps_measure_figure *f) {
    const double none = (double)NAN;
    *f = (ps_measure_figure){.period = p,
                             .value = no_estimate,
                             .numerator = none,
                             .denominator = none,
                             .baseline = none,
                             .own = none,
                             .share = none,
                             .baseline_numerator = none,
                             .baseline_denominator = none,
                             .dispersion = s->dispersion,
                             .change = none,
                             .change_lower = none,
                             .change_upper = none,
                             .projection = {nothing, nothing, nothing, nothing}};
    f->result.p_fixed = f->result.p_two_sample = f->result.prob_improved = nothing;
    f->result.gap = f->result.required = nothing;
    evaluate(s, p, f);
    find_baseline(s, f);
    judge(s, p, f);
}

ps_status ps_measures_of_area(const ps_measures *all, size_t measure, size_t geography,
                              size_t area, ps_measure_figure *out, ps_error *err) {
    const ps_measure *m = &all->measure[measure];
    const ps_framework_area *own = all->binding->framework->area;
    const ps_framework_baseline *baseline = m->spec->baseline;
    const ps_geography *geo = &all->figures->geographies->geography[geography];
    scene s;
    s.all = all;
    s.measure = m;
    s.geo = geo;
    s.geography = geography;
    s.area = area;
    s.confidence = *all->figures->job->confidence;
    s.multiplier = *m->spec->multiplier;
    s.is_own = own != NULL && strcmp(own->geography, geo->spec->id) == 0 &&
               ps_str_is(geo->areas->code[area], own->code);
    s.people = geo->population != NULL && !geo->population_missing[area]
                   ? geo->population[area]
                   : (double)NAN;
    size_t n = 0;
    s.has_base = baseline != NULL && baseline->period != NULL &&
                 ps_period_expand(ps_str_of(baseline->period), 1, 0, &s.base, 1, &n,
                                  NULL) == PS_OK;
    read_history(all->figures, &m->numerator, geography, area, &s.numerator);
    if (m->form != PS_FORM_COUNT && !m->denominator.people)
        read_history(all->figures, &m->denominator, geography, area, &s.denominator);
    PS_TRY(find_dispersion(&s, err));
    for (size_t k = 0; k < m->n_periods; k++) compute(&s, &m->period[k], &out[k]);
    return PS_OK;
}

const char *ps_measures_target_without_data(const ps_framework_measure *m) {
    if (m->target == NULL) return "no-target";
    const double *value = m->target->value, *step = m->target->step;
    const double *baseline = m->baseline != NULL ? m->baseline->value : NULL;
    ps_goal goal = ps_goal_of(m->target->kind, baseline != NULL ? *baseline : (double)NAN,
                              value != NULL ? *value : (double)NAN,
                              step != NULL ? *step : (double)NAN, 0, (int)m->polarity);
    return ps_target_status_text(goal.known ? PS_TARGET_MISSING : goal.otherwise);
}

int ps_measures_geography(const ps_geographies *all, const char *id) {
    for (size_t g = 0; g < all->n; g++)
        if (strcmp(all->geography[g].spec->id, id) == 0) return (int)g;
    return -1;
}

/* ---- Getting ready ---- */

static ps_status open_part(const ps_binding *b, const ps_figures *f,
                           const ps_framework_part *spec, ps_measure_part *part,
                           ps_error *err) {
    const ps_job_data *data = NULL;
    for (unsigned k = 0; k < b->framework->data_count; k++)
        if (strcmp(b->framework->data[k].id, spec->data) == 0) data = b->data[k];
    part->people = strcmp(data->input, "population") == 0;
    if (part->people) return PS_OK;
    for (size_t d = 0; d < f->n_data; d++)
        if (strcmp(f->data[d].spec->id, data->input) == 0) part->data = d;
    const ps_data_set *set = &f->data[part->data];
    const size_t groups = ps_figures_groups(set);
    part->holds = ps_alloc(groups, sizeof *part->holds);
    if (part->holds == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < groups; k++) {
        bool passes = true;
        for (unsigned w = 0; w < spec->where_count && passes; w++) {
            const ps_job_data_column *column =
                ps_binding_column(data, spec->where[w].column);
            passes =
                ps_binding_passes(column, &spec->where[w],
                                  ps_figures_group_text(set, (int32_t)k, column->column));
        }
        part->holds[k] = passes;
    }
    return PS_OK;
}

/* The plan's year that the data end in, when they end before it does. */
static bool running_year(const ps_framework *f, const ps_data_set *d, ps_period *out) {
    if (d->spec->date == NULL || d->first > d->last) return false;
    const bool calendar = *f->years->kind == PS_YEAR_CALENDAR;
    const int32_t shift = calendar ? 0 : 3;
    const ps_month first = d->last - (d->last - shift) % YEAR;
    if (first + YEAR - 1 == d->last) return false;
    *out =
        (ps_period){.kind = calendar ? PS_PERIOD_CALENDAR_YEAR : PS_PERIOD_FINANCIAL_YEAR,
                    .first = first,
                    .last = first + YEAR - 1};
    if (calendar)
        snprintf(out->label, sizeof out->label, "%d", (int)(first / YEAR));
    else
        ps_financial_year_text(first, out->label);
    return true;
}

static ps_status open_periods(const ps_framework *f, const ps_data_set *d, ps_measure *m,
                              ps_error *err) {
    m->period = ps_alloc(d->n_periods + 1, sizeof *m->period);
    if (m->period == NULL) return ps_fail_nomem(err);
    m->n_periods = d->n_periods;
    if (d->n_periods > 0) memcpy(m->period, d->period, d->n_periods * sizeof *d->period);
    ps_period running;
    if (!running_year(f, d, &running)) return PS_OK;
    for (size_t k = 0; k < d->n_periods; k++)
        if (d->period[k].first == running.first && d->period[k].last == running.last)
            return PS_OK;
    m->period[m->n_periods++] = running;
    return PS_OK;
}

static ps_status open_measure(const ps_binding *b, const ps_figures *f, ps_measure *m,
                              ps_error *err) {
    m->form = ps_form_of(m->spec);
    PS_TRY(open_part(b, f, &m->spec->numerator, &m->numerator, err));
    if (m->spec->denominator != NULL)
        PS_TRY(open_part(b, f, m->spec->denominator, &m->denominator, err));
    return open_periods(b->framework, &f->data[m->numerator.data], m, err);
}

ps_status ps_measures_open(const ps_binding *b, const ps_figures *f, ps_measures **out,
                           ps_error *err) {
    const ps_framework *plan = b->framework;
    *out = NULL;
    ps_measures *all = ps_zalloc(1, sizeof *all);
    ps_measure *list = ps_zalloc(plan->measures_count, sizeof *list);
    if (all == NULL || list == NULL) {
        ps_free(all), ps_free(list);
        return ps_fail_nomem(err);
    }
    *all = (ps_measures){b, f, list, plan->measures_count};
    ps_status status = PS_OK;
    for (size_t i = 0; i < all->n && status == PS_OK; i++)
        for (unsigned m = 0; m < plan->measures_count; m++) {
            if (strcmp(plan->measures[m].id, plan->report->order[i]) != 0) continue;
            list[i].spec = &plan->measures[m];
            list[i].absent = b->absent[m];
            if (list[i].absent == NULL) status = open_measure(b, f, &list[i], err);
        }
    if (status == PS_OK)
        *out = all;
    else
        ps_measures_free(all);
    return status;
}

void ps_measures_free(ps_measures *all) {
    if (all == NULL) return;
    for (size_t i = 0; i < all->n; i++) {
        ps_free(all->measure[i].numerator.holds);
        ps_free(all->measure[i].denominator.holds);
        ps_free(all->measure[i].period);
    }
    ps_free(all->measure);
    ps_free(all);
}
