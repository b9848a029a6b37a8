#include "engine/run/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/measures.h"
#include "engine/run/release.h"
#include "engine/run/tailoring.h"
#include "indicators/distribution.h"

enum {
    YEAR = 12,
    EARLIER_YEARS = 3, /* that the share of a part of the year is taken from */
    EARLIEST_YEAR = 6  /* before this one that they are looked for in */
};

/* Everything that is the same for all periods of one item in one area. */
typedef struct scene {
    const ps_scope *scope;
    const ps_framework *plan;
    const ps_framework_measure *spec;
    ps_judged_by by;
    size_t item;
    double multiplier;
    bool is_rate;  /* events of people */
    bool is_own;   /* the area that the stated baseline holds for; */
    bool aims_own; /* that the figures of the target hold for */
    bool has_base; /* the baseline is a period */
    ps_period base;
    ps_measured before;       /* of the baseline period; missing without one */
    const ps_history *months; /* of the numerator, or NULL: there are none, or they are */
    bool months_hidden;
    ps_course course;
} scene;

#define NOTE(f, ...) ps_note_add((f)->reason, sizeof(f)->reason, __VA_ARGS__)

static const ps_value nothing = {.status = PS_VALUE_NOT_APPLICABLE, .value = 0};

static bool there(const ps_measured *m) {
    return m->value.status == PS_VALUE_OK;
}

static double number(ps_value value) {
    return ps_value_ok(value) ? value.value : (double)NAN;
}

static ps_value known(double value) {
    return isfinite(value) ? ps_value_of(value) : ps_value_none(PS_VALUE_MISSING);
}

/* ---- Baseline ---- */

/* Is the figure itself a change from the baseline period? */
static bool is_change(const ps_framework_measure *m) {
    for (unsigned c = 0; m->table != NULL && c < m->table->columns_count; c++) {
        const char *period = m->table->columns[c].period;
        if (period != NULL && strcmp(period, "baseline") == 0) return true;
    }
    return false;
}

/* The figure that the area is compared with. A change from the baseline has none: that of
 * the baseline period from itself is 0 whatever the data. */
static void find_baseline(const scene *s, ps_measure_figure *f) {
    const ps_framework_baseline *baseline = s->spec->baseline;
    if (baseline == NULL || is_change(s->spec)) return;
    if (there(&s->before) && !s->before.running) {
        f->own = s->before.value.value;
        f->baseline_numerator = s->before.numerator;
        f->baseline_denominator = s->before.denominator;
        f->baseline_se = s->before.se;
        f->baseline_effect = s->before.effect;
    }
    f->stated = s->is_own && baseline->value != NULL;
    f->baseline = f->stated ? *baseline->value : f->own;
    if (!f->stated) return;
    /* Only a count can be tested as stated: a stated rate has no base. */
    f->baseline_denominator = f->baseline_se = (double)NAN;
    f->baseline_numerator =
        s->by == PS_JUDGED_BY_COUNT && !s->is_rate ? *baseline->value : (double)NAN;
    if (isfinite(f->own) && f->own != f->baseline) {
        char own[32], stated[32];
        ps_format_double(f->own, own);
        ps_format_double(f->baseline, stated);
        NOTE(f, "the data give %s for the baseline, the plan states %s", own, stated);
    }
}

static ps_goal goal_of(const scene *s, const ps_period *p, const ps_measure_figure *f) {
    const ps_framework_target *target = s->spec->target;
    const bool figure = s->aims_own && target->value != NULL,
               step = s->aims_own && target->step != NULL;
    const double years = s->has_base ? (p->first - s->base.first) / 12.0 : (double)NAN;
    ps_goal goal =
        ps_goal_of(target->kind, f->baseline, figure ? *target->value : (double)NAN,
                   step ? *target->step : (double)NAN, years, (int)s->spec->polarity);
    if (s->by == PS_JUDGED_BY_COUNT)
        ps_goal_within(&goal, 0, (double)INFINITY);
    else if (s->by != PS_JUDGED_BY_VALUE)
        ps_goal_within(&goal, 0, s->multiplier);
    return goal;
}

/* ---- Change ---- */

static void change_of_counts(const scene *s, const ps_target_count_input *in,
                             ps_measure_figure *f) {
    const ps_poisson_change c =
        ps_poisson_change_of(in->baseline, in->baseline_exposure, in->actual,
                             in->exposure, in->dispersion, in->confidence);
    const bool quasi = c.verdict_by != NULL && strcmp(c.verdict_by, "quasi") == 0;
    f->change = number(c.percent);
    f->change_lower = 100 * (number(quasi ? c.quasi_lower : c.lower) - 1);
    f->change_upper = 100 * (number(quasi ? c.quasi_upper : c.upper) - 1);
    f->p_change = c.p;
    f->verdict = c.verdict;
    f->tested =
        (ps_tested){quasi ? "of two counts, their chance variation widened by the "
                            "dispersion"
                          : "exact, of two counts given their sum",
                    {in->baseline, in->actual},
                    {in->baseline_exposure, in->exposure}};
    const ps_value *from[3] = {&c.difference, &c.tested_lower, &c.tested_upper};
    ps_value *to[3] = {&f->difference, &f->difference_lower, &f->difference_upper};
    for (int k = 0; k < 3; k++)
        *to[k] = ps_value_ok(*from[k]) ? ps_value_of(from[k]->value * s->multiplier)
                                       : *from[k];
}

static ps_register register_of(const ps_measured *m) {
    const bool ok = there(m);
    return (ps_register){ok ? m->numerator : (double)NAN,
                         ok ? m->denominator : (double)NAN, m->effect};
}

static ps_register baseline_of(const ps_measure_figure *f) {
    return (ps_register){f->baseline_numerator, f->baseline_denominator,
                         f->baseline_effect};
}

static void change_of_register(const scene *s, ps_measure_figure *f) {
    const ps_register before = baseline_of(f), now = register_of(&f->measured);
    const ps_prop_change c = ps_register_change(&before, &now, s->scope->confidence);
    const bool tested = ps_value_ok(c.p);
    const ps_value *from[3] = {&c.difference, tested ? &c.tested_lower : &c.lower,
                               tested ? &c.tested_upper : &c.upper};
    ps_value *to[3] = {&f->difference, &f->difference_lower, &f->difference_upper};
    for (int k = 0; k < 3; k++)
        *to[k] = ps_value_ok(*from[k]) ? ps_value_of(from[k]->value * s->multiplier)
                                       : *from[k];
    f->p_change = c.p;
    f->verdict = c.verdict;
    f->tested = (ps_tested){c.test[0] == 'f' ? "Fisher's exact, of two proportions"
                                             : "z of two proportions, pooled",
                            {before.x / before.effect, now.x / now.effect},
                            {before.n / before.effect, now.n / now.effect}};
}

/* Two samples drawn apart: their variances add up. */
static void change_of_surveys(const scene *s, ps_measure_figure *f) {
    const double difference = f->measured.value.value - f->baseline,
                 se = hypot(f->measured.se, f->baseline_se);
    f->difference = known(difference);
    if (!(se > 0)) return;
    const double z = ps_normal_two_sided(s->scope->confidence),
                 p = 2 * ps_normal_tail(fabs(difference) / se);
    f->difference_lower = known(difference - z * se);
    f->difference_upper = known(difference + z * se);
    f->p_change = known(p);
    f->tested.test = "z of two samples";
    f->verdict = p >= 1 - s->scope->confidence ? PS_VERDICT_NO_CLEAR_CHANGE
                 : difference < 0              ? PS_VERDICT_DECREASE
                                               : PS_VERDICT_INCREASE;
}

/* ---- Counts and rates ---- */

/* Do these months share one with a period that the plan calls exceptional? */
static bool is_exceptional(const ps_framework_years *years, ps_month first,
                           ps_month last) {
    for (unsigned i = 0; i < years->exceptional_count; i++) {
        ps_period period;
        size_t n = 0;
        if (ps_period_expand(ps_str_of(years->exceptional[i]), 1, 0, &period, 1, &n,
                             NULL) == PS_OK &&
            period.first <= last && first <= period.last)
            return true;
    }
    return false;
}

/* The mean share of a year that its months so far have had in the last whole years. */
static ps_value share_of_year(const scene *s, const ps_period *p, bool exceptional) {
    double part[EARLIER_YEARS], year[EARLIER_YEARS];
    size_t n = 0, used = 0;
    const ps_month last = ps_history_last(s->months);
    for (int k = 1; k <= EARLIEST_YEAR && n < EARLIER_YEARS; k++) {
        const ps_month back = k * YEAR;
        if (is_exceptional(s->plan->years, p->first - back, p->last - back) ==
                exceptional &&
            ps_history_whole(s->months, p->first - back, last - back, &part[n]) &&
            ps_history_whole(s->months, p->first - back, p->last - back, &year[n]) &&
            year[n] > 0)
            n++;
    }
    return ps_projection_share(n, part, year, &used);
}

/* The year's end from the months so far and the same months of earlier years. Those that
 * the plan calls exceptional had a season of their own; they serve when there are no
 * others. */
static void project(const scene *s, const ps_period *p, const ps_goal *goal,
                    ps_measure_figure *f) {
    ps_value share = share_of_year(s, p, false);
    const bool ordinary = ps_value_ok(share);
    if (!ordinary) share = share_of_year(s, p, true);
    if (!ps_value_ok(share)) {
        NOTE(f, "no earlier year is whole and has any, so no projection");
        return;
    }
    f->share = share.value;
    f->projection =
        ps_projection_pro_rata(f->measured.numerator, share.value, s->course.dispersion,
                               goal, s->scope->confidence);
    if (ps_value_ok(f->projection.total) && !ordinary)
        NOTE(f, "projected by the season of exceptional years");
    if (!ps_value_ok(f->projection.total))
        NOTE(f, f->measured.numerator == 0
                    ? "no projection from a year without a case so far"
                    : "no projection: earlier years had no case in these months");
}

/* A baseline of the same months, when a year is compared before it is over. */
static void take_same_months(const scene *s, const ps_period *p,
                             ps_target_count_input *in, ps_measure_figure *f) {
    double x;
    const ps_month last =
        s->months != NULL ? s->base.first + (ps_history_last(s->months) - p->first) : 0;
    if (s->months != NULL && s->has_base && !f->stated &&
        ps_history_whole(s->months, s->base.first, last, &x)) {
        in->baseline = f->baseline_numerator = x;
        NOTE(f, "change against the same months of the baseline");
        return;
    }
    in->exposure *= f->measured.months / 12.0;
    NOTE(f, "change against %d twelfths of the baseline, season left aside",
         (int)f->measured.months);
}

static ps_target_count_input count_input(const scene *s, bool tested, double left,
                                         const ps_measure_figure *f) {
    const bool ok = there(&f->measured);
    return (ps_target_count_input){
        .actual = ok ? f->measured.numerator : (double)NAN,
        .baseline = tested ? f->baseline_numerator : (double)NAN,
        .exposure = s->is_rate ? f->measured.denominator : 1,
        .baseline_exposure = s->is_rate ? f->baseline_denominator : 1,
        .dispersion = s->course.dispersion,
        .complete = !f->measured.running,
        .projection = ps_value_none(PS_VALUE_MISSING),
        .years_left = left,
        .confidence = s->scope->confidence};
}

/* A rate's goal is turned into the count that gives it. */
static void judge_count(const scene *s, const ps_period *p, bool tested, double left,
                        ps_measure_figure *f) {
    const bool ok = there(&f->measured), running = f->measured.running;
    ps_goal goal = f->goal;
    if (s->is_rate && ok) goal.target *= f->measured.denominator / s->multiplier;
    ps_target_count_input in = count_input(s, tested, left, f);
    if (running && ok) {
        if (s->spec->target != NULL && s->months != NULL)
            project(s, p, &goal, f);
        else if (s->spec->target != NULL && goal.known && !s->months_hidden)
            NOTE(f, "no projection: the figure is not one of counts by month");
        in.projection = f->projection.total;
        if (tested && isfinite(in.baseline)) take_same_months(s, p, &in, f);
    }
    if (tested && ok && isfinite(in.baseline)) change_of_counts(s, &in, f);
    if (s->spec->target == NULL) return;
    f->result = ps_target_count(&goal, &in);
    if (s->is_rate && ps_value_ok(f->result.gap))
        f->result.gap = ps_value_of(f->measured.value.value - f->goal.target);
    ps_value *ends[3] = {&f->projection.total, &f->projection.lower,
                         &f->projection.upper};
    for (int k = 0; s->is_rate && k < 3; k++)
        if (ps_value_ok(*ends[k]))
            *ends[k] =
                ps_value_of(ends[k]->value * s->multiplier / f->measured.denominator);
    if (running) /* a part of a year has no distance from a year's target */
        f->result.gap = f->result.required = nothing;
}

/* ---- Proportions and values ---- */

static void judge_register(const scene *s, bool tested, double left,
                           ps_measure_figure *f) {
    const bool ok = there(&f->measured);
    if (tested && ok && isfinite(f->baseline_denominator)) change_of_register(s, f);
    if (s->spec->target == NULL) return;
    const ps_register now = register_of(&f->measured), before = baseline_of(f);
    f->result = ps_target_register(&f->goal, &now, tested ? &before : NULL, s->multiplier,
                                   left, s->scope->confidence);
    /* The year is not over: what holds so far is not yet met. */
    if (f->measured.running && f->result.status == PS_TARGET_MET)
        f->result.status = PS_TARGET_ON_TRACK;
    if (f->measured.running && f->result.status == PS_TARGET_NOT_MET)
        f->result.status = PS_TARGET_OFF_TRACK;
}

static void judge_survey(const scene *s, bool tested, double left, ps_measure_figure *f) {
    const ps_estimate *v = &f->measured.value;
    const bool ok = there(&f->measured), limits = v->limits_status == PS_VALUE_OK;
    if (tested && ok && isfinite(f->baseline)) change_of_surveys(s, f);
    if (s->spec->target == NULL) return;
    f->result = ps_target_survey(&f->goal, ok ? v->value : (double)NAN, f->measured.se,
                                 ok && limits ? v->lower : (double)NAN,
                                 ok && limits ? v->upper : (double)NAN, s->multiplier,
                                 left, s->scope->confidence);
}

/* A value of any other kind: met or not; clear when the limits leave the target out. */
static void judge_value(const scene *s, bool tested, ps_measure_figure *f) {
    const ps_estimate *v = &f->measured.value;
    const bool ok = there(&f->measured);
    if (tested && ok && isfinite(f->baseline))
        f->difference = known(v->value - f->baseline);
    if (s->spec->target == NULL) return;
    if (!f->goal.known) {
        f->result.status = f->goal.otherwise;
        return;
    }
    f->result.status = !ok                                   ? PS_TARGET_MISSING
                       : ps_goal_reached(&f->goal, v->value) ? PS_TARGET_MET
                                                             : PS_TARGET_NOT_MET;
    if (!ok) return;
    f->result.gap = known(v->value - f->goal.target);
    if (v->limits_status != PS_VALUE_OK) return;
    const bool apart = f->goal.target < v->lower || f->goal.target > v->upper;
    f->result.strength = apart ? PS_STRENGTH_CLEAR : PS_STRENGTH_WITHIN_NOISE;
}

/* ---- All of it ---- */

/* Years from the end of a period to that of the plan. */
static double years_left(const ps_framework *plan, const ps_period *p) {
    ps_period end;
    size_t n = 0;
    if (plan->years->last == NULL ||
        ps_period_expand(ps_str_of(plan->years->last), 1, 0, &end, 1, &n, NULL) !=
            PS_OK ||
        end.last <= p->last)
        return (double)NAN;
    return (end.last - p->last) / 12.0;
}

static void tell_no_baseline(const scene *s, ps_measure_figure *f) {
    const ps_framework_baseline *baseline = s->spec->baseline;
    if (baseline == NULL) {
        NOTE(f, "the plan has no baseline");
        return;
    }
    if (s->before.value.status == PS_VALUE_SUPPRESSED) {
        NOTE(f, "the baseline is suppressed");
        return;
    }
    NOTE(f, "%s%s%s",
         baseline->value != NULL && !s->is_own
             ? "the plan's baseline is that of another area, and "
             : "",
         baseline->measure != NULL  ? "there is no figure of "
         : baseline->period != NULL ? "the data do not hold the baseline period"
                                    : "it names no period for this area's own",
         baseline->measure != NULL ? baseline->measure : "");
}

static void tell_result(const scene *s, bool overlaps, ps_measure_figure *f) {
    if (overlaps && (f->goal.known || s->spec->target == NULL)) {
        /* Neither figure is independent of the other, so no p holds. */
        f->result.strength = PS_STRENGTH_NONE;
        f->result.p_fixed = ps_value_none(PS_VALUE_NOT_APPLICABLE);
        NOTE(f, "the period shares months with the baseline, so no test of change");
    }
    if (s->spec->target == NULL) return;
    /* What is suppressed has no actual figure to show, whatever it is held against. */
    if (f->result.status == PS_TARGET_BASELINE_MISSING &&
        f->measured.value.status == PS_VALUE_SUPPRESSED)
        f->result.status = PS_TARGET_MISSING;
    f->target_status = ps_target_status_text(f->result.status);
    if (f->result.status == PS_TARGET_BASELINE_MISSING) tell_no_baseline(s, f);
    if (f->result.status == PS_TARGET_AWAITING)
        NOTE(f, s->spec->target->kind == PS_TARGET_TRAJECTORY
                    ? "the step of the plan is that of another area"
                    : "the other plan's target is not known");
}

static void judge(const scene *s, const ps_period *p, ps_measure_figure *f) {
    const bool target = s->spec->target != NULL;
    f->target_status = "no-target";
    if (!target && s->spec->baseline == NULL) return;
    if (s->by == PS_JUDGED_BY_COUNT && ps_period_months(p) != YEAR) {
        if (target) NOTE(f, "the target is for twelve months");
        return;
    }
    const ps_period held = ps_measured_held(p, &f->measured),
                    base = ps_measured_held(&s->base, &s->before);
    if (s->has_base && held.last <= base.last) {
        const bool same = held.first == base.first && held.last == base.last;
        if (target) f->target_status = same ? "baseline" : "before-baseline";
        if (same && (p->first != s->base.first || p->last != s->base.last))
            NOTE(f, "the sample is that of the baseline, so nothing to compare");
        return;
    }
    const bool overlaps = s->has_base && held.first <= base.last;
    const double left = years_left(s->plan, p);
    if (target) f->goal = goal_of(s, p, f);
    switch (s->by) {
        case PS_JUDGED_BY_COUNT:
            judge_count(s, p, !overlaps, left, f);
            break;
        case PS_JUDGED_BY_REGISTER:
            judge_register(s, !overlaps, left, f);
            break;
        case PS_JUDGED_BY_SURVEY:
            judge_survey(s, !overlaps, left, f);
            break;
        case PS_JUDGED_BY_VALUE:
            judge_value(s, !overlaps, f);
            break;
    }
    tell_result(s, overlaps, f);
}

/* ---- The course of the months ---- */

/* The values by month, and a level of its own for each period that the plan calls
 * exceptional. */
static ps_status read_months(const scene *s, ps_month first, size_t months, double *value,
                             double *regressor, ps_interventions *steps, ps_error *err) {
    const ps_framework_years *years = s->plan->years;
    for (size_t m = 0; m < months; m++) {
        const ps_month month = first + (ps_month)m;
        if (!ps_history_whole(s->months, month, month, &value[m])) value[m] = (double)NAN;
    }
    for (unsigned i = 0; i < years->exceptional_count; i++) {
        ps_period period;
        size_t n = 0;
        PS_TRY(ps_period_expand(ps_str_of(years->exceptional[i]), 1, 0, &period, 1, &n,
                                err));
        steps->first[steps->n] = period.first;
        steps->last[steps->n++] = period.last;
    }
    ps_interventions_usable(steps, months, first, value);
    for (size_t m = 0; m < months; m++)
        for (size_t i = 0; i < steps->n; i++)
            regressor[m * steps->n + i] =
                ps_interventions_hold(steps, i, first + (ps_month)m) ? 1 : 0;
    return PS_OK;
}

/* How much more the months vary than chance would have it, beside trend and season, and
 * where they tend. Too few months tell nothing. */
static ps_status find_course(scene *s, ps_error *err) {
    const ps_trend_options options = {
        .family = PS_TREND_QUASI, .harmonics = 1, .confidence = s->scope->confidence};
    ps_interventions steps = {.n = 0};
    ps_trend *trend = NULL;
    s->course =
        (ps_course){(double)NAN, nothing, nothing, nothing, nothing, PS_VERDICT_NONE};
    if (s->by != PS_JUDGED_BY_COUNT || s->months == NULL) return PS_OK;
    const ps_month first = ps_history_first(s->months), last = ps_history_last(s->months);
    if (last - first + 1 < 2 * YEAR) return PS_OK;
    const size_t months = (size_t)(last - first) + 1;
    double *value = ps_alloc(months, sizeof *value);
    double *regressor = ps_zalloc(months * PS_INTERVENTIONS_MOST, sizeof *regressor);
    ps_status status = value != NULL && regressor != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK)
        status = read_months(s, first, months, value, regressor, &steps, err);
    if (status == PS_OK)
        status = ps_trend_fit(months, first, value, NULL, steps.n > 0 ? regressor : NULL,
                              steps.n, &options, &trend, err);
    if (status == PS_OK && trend->status == PS_VALUE_OK)
        s->course = (ps_course){trend->dispersion,   trend->annual,  trend->annual_lower,
                                trend->annual_upper, trend->p_value, trend->verdict};
    ps_trend_free(trend);
    ps_free(value), ps_free(regressor);
    return status;
}

/* ---- One area ---- */

ps_status ps_judge_value(const ps_scope *scope, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    const ps_measure *m = scope->measure;
    PS_TRY(m->form->measure(scope, item, p, out, err));
    /* That counts are missing is no secret; what other forms say of them may be one. */
    const bool missing = out->value.status == PS_VALUE_MISSING && m->form->counts_only;
    if (missing ||
        ps_release_shows_measure(scope->figures->release, m, item, scope->geography,
                                 scope->area, p->first, p->last))
        return PS_OK;
    const int32_t months = out->months;
    const bool running = out->running;
    *out = ps_measured_nothing();
    out->months = months, out->running = running;
    out->value.status = out->value.limits_status = PS_VALUE_SUPPRESSED;
    ps_measured_note(out, "%s", ps_release_reason);
    return PS_OK;
}

static ps_status compute(const scene *s, const ps_period *p, ps_measure_figure *f,
                         ps_error *err) {
    const double none = (double)NAN;
    *f = (ps_measure_figure){.period = p,
                             .item = s->scope->measure->form->item(s->scope, s->item),
                             .baseline = none,
                             .own = none,
                             .baseline_numerator = none,
                             .baseline_denominator = none,
                             .baseline_se = none,
                             .baseline_effect = 1,
                             .course = s->course,
                             .change = none,
                             .change_lower = none,
                             .change_upper = none,
                             .difference = nothing,
                             .difference_lower = nothing,
                             .difference_upper = nothing,
                             .p_change = nothing,
                             .share = none,
                             .projection = {nothing, nothing, nothing, nothing}};
    f->result.p_fixed = f->result.p_two_sample = f->result.prob_improved = nothing;
    f->result.gap = f->result.required = nothing;
    PS_TRY(ps_judge_value(s->scope, s->item, p, &f->measured, err));
    memcpy(f->reason, f->measured.reason, sizeof f->measured.reason);
    find_baseline(s, f);
    judge(s, p, f);
    if (s->months_hidden && there(&f->measured))
        NOTE(f, "%s: %s", f->measured.running ? "no projection and no trend" : "no trend",
             ps_release_months);
    return PS_OK;
}

/* The last figure of the measure that the baseline names, of the same item. */
static ps_status measure_before(scene *s, ps_error *err) {
    const ps_scope *before = s->scope->before;
    const ps_measure *m = before->measure;
    const char *item = s->scope->measure->form->item(s->scope, s->item);
    for (size_t i = 0; i < before->n_items && m->n_periods > 0; i++)
        if (strcmp(m->form->item(before, i), item) == 0)
            return ps_judge_value(before, i, &m->period[m->n_periods - 1], &s->before,
                                  err);
    return PS_OK;
}

/* Nothing may follow from months that may not be shown. */
static bool months_are_shown(const scene *s) {
    const ps_scope *scope = s->scope;
    const ps_release *release = scope->figures->release;
    if (!ps_release_protects_measure(release, scope->measure)) return true;
    const ps_month first = ps_history_first(s->months), last = ps_history_last(s->months);
    for (ps_month m = first; m <= last; m++)
        if (!ps_release_shows_measure(release, scope->measure, s->item, scope->geography,
                                      scope->area, m, m))
            return false;
    return first <= last;
}

static ps_status judge_item(scene *s, ps_measure_figure *figures, ps_error *err) {
    const ps_measure *m = s->scope->measure;
    s->months = m->form->months != NULL ? m->form->months(s->scope, s->item) : NULL;
    s->months_hidden = s->months != NULL && !months_are_shown(s);
    if (s->months_hidden) s->months = NULL;
    s->before = ps_measured_nothing();
    if (s->has_base)
        PS_TRY(ps_judge_value(s->scope, s->item, &s->base, &s->before, err));
    else if (s->scope->before != NULL)
        PS_TRY(measure_before(s, err));
    PS_TRY(find_course(s, err));
    for (size_t k = 0; k < m->n_periods; k++)
        PS_TRY(compute(s, &m->period[k], &figures[k], err));
    return PS_OK;
}

ps_status ps_judge_area(const ps_scope *scope, ps_measure_figure *figures,
                        ps_error *err) {
    const ps_measure *m = scope->measure;
    const ps_framework *plan = m->binding->framework;
    const ps_framework_change *change = m->view != NULL ? m->view->change : NULL;
    scene s = {.scope = scope,
               .plan = plan,
               .spec = m->spec,
               .by = m->form->judged_by,
               .multiplier = *m->spec->multiplier,
               .is_rate = m->form->judged_by == PS_JUDGED_BY_COUNT &&
                          m->denominator.spec != NULL};
    s.is_own = ps_scope_is_plans_area(scope);
    s.aims_own = s.is_own || (change != NULL && change->target != NULL);
    s.is_own = s.is_own || (change != NULL && change->baseline != NULL);
    s.has_base = ps_form_baseline(m->spec, &s.base);
    for (s.item = 0; s.item < scope->n_items; s.item++)
        PS_TRY(judge_item(&s, figures + s.item * m->n_periods, err));
    return PS_OK;
}

const char *ps_judge_without_data(const ps_framework_measure *m) {
    if (m->target == NULL) return "no-target";
    const double *value = m->target->value, *step = m->target->step;
    const double *baseline = m->baseline != NULL ? m->baseline->value : NULL;
    ps_goal goal = ps_goal_of(m->target->kind, baseline != NULL ? *baseline : (double)NAN,
                              value != NULL ? *value : (double)NAN,
                              step != NULL ? *step : (double)NAN, 0, (int)m->polarity);
    return ps_target_status_text(goal.known ? PS_TARGET_MISSING : goal.otherwise);
}
