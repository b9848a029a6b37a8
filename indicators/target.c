#include "indicators/target.h"

#include <string.h>

#include "indicators/distribution.h"
#include "indicators/method.h"

static const double CLEAR_BELOW = 0.05, SOME_BELOW = 0.2;

static const char *const kind_text[PS_TARGET_KINDS] = {
    [PS_TARGET_BELOW_BASELINE] = "below-baseline",
    [PS_TARGET_ABOVE] = "above",
    [PS_TARGET_TRAJECTORY] = "trajectory",
    [PS_TARGET_REDUCE] = "reduce",
    [PS_TARGET_INCREASE] = "increase",
    [PS_TARGET_MIRROR] = "mirror",
};

const char *ps_target_kind_text(ps_target_kind kind) {
    return kind_text[kind];
}

const char *ps_target_status_text(ps_target_status status) {
    static const char *const text[] = {
        [PS_TARGET_MET] = "met",
        [PS_TARGET_NOT_MET] = "not-met",
        [PS_TARGET_ON_TRACK] = "on-track",
        [PS_TARGET_OFF_TRACK] = "off-track",
        [PS_TARGET_MET_CLEAR] = "met-clear",
        [PS_TARGET_MET_UNCLEAR] = "met-unclear",
        [PS_TARGET_NOT_MET_UNCLEAR] = "not-met-unclear",
        [PS_TARGET_NOT_MET_CLEAR] = "not-met-clear",
        [PS_TARGET_NOT_YET_KNOWN] = "not-yet-known",
        [PS_TARGET_MISSING] = "missing",
        [PS_TARGET_BASELINE_MISSING] = "baseline-missing",
        [PS_TARGET_AWAITING] = "awaiting-target",
    };
    return text[status];
}

const char *ps_strength_text(ps_strength strength) {
    static const char *const text[] = {
        [PS_STRENGTH_NONE] = "",
        [PS_STRENGTH_CLEAR] = "clear",
        [PS_STRENGTH_SOME] = "some",
        [PS_STRENGTH_WITHIN_NOISE] = "within-noise",
    };
    return text[strength];
}

ps_goal ps_goal_of(ps_target_kind kind, double baseline, double figure, double step,
                   double years, int polarity) {
    ps_goal goal = {.otherwise = PS_TARGET_BASELINE_MISSING};
    switch (kind) {
        case PS_TARGET_BELOW_BASELINE:
        case PS_TARGET_REDUCE:
            goal.direction = -1;
            goal.target = isfinite(figure) ? figure : baseline;
            break;
        case PS_TARGET_ABOVE:
        case PS_TARGET_INCREASE:
            goal.direction = 1;
            goal.target = isfinite(figure) ? figure : baseline;
            break;
        case PS_TARGET_TRAJECTORY:
            goal.direction = step > 0 ? 1 : -1;
            goal.inclusive = true;
            goal.target = baseline + years * step;
            if (isfinite(baseline)) goal.otherwise = PS_TARGET_AWAITING;
            break;
        case PS_TARGET_MIRROR:
            goal.direction = polarity;
            goal.target = polarity == 0 ? (double)NAN : figure;
            goal.otherwise = PS_TARGET_AWAITING;
            break;
    }
    goal.known = isfinite(goal.target) != 0;
    if (goal.known && goal.direction < 0 && goal.target == 0) goal.inclusive = true;
    if (!goal.known) goal.target = 0;
    return goal;
}

void ps_goal_within(ps_goal *goal, double least, double most) {
    const double end = goal->direction < 0 ? least : most;
    const bool beyond = goal->direction < 0 ? goal->target <= end : goal->target >= end;
    if (!goal->known || !beyond) return;
    goal->target = end;
    goal->inclusive = true;
}

bool ps_goal_reached(const ps_goal *goal, double actual) {
    if (goal->inclusive && actual == goal->target) return true;
    return goal->direction < 0 ? actual < goal->target : actual > goal->target;
}

static ps_strength strength_of(double p) {
    if (p < CLEAR_BELOW) return PS_STRENGTH_CLEAR;
    return p < SOME_BELOW ? PS_STRENGTH_SOME : PS_STRENGTH_WITHIN_NOISE;
}

/* Everything that does not depend on the kind of figure. */
static ps_target_result begin(const ps_goal *goal, double actual, double years_left) {
    ps_value none = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    ps_target_result r = {.p_fixed = none,
                          .p_two_sample = none,
                          .prob_improved = none,
                          .rate_ratio = none,
                          .rr_lower = none,
                          .rr_upper = none,
                          .prob_target = none,
                          .gap = none,
                          .required = none,
                          .required_percent = none};
    r.status = goal->known ? PS_TARGET_MISSING : goal->otherwise;
    if (!goal->known) return r;
    if (!isfinite(actual)) {
        r.gap = ps_value_none(PS_VALUE_MISSING);
        return r;
    }
    r.status = ps_goal_reached(goal, actual) ? PS_TARGET_MET : PS_TARGET_NOT_MET;
    r.gap = ps_value_of(actual - goal->target);
    if (years_left > 0) {
        double required = (goal->target - actual) / years_left;
        r.required = ps_value_of(required);
        r.required_percent = ps_value_of(100 * required / actual);
    }
    return r;
}

static void compare_with_baseline(const ps_goal *goal, const ps_target_count_input *in,
                                  ps_target_result *r) {
    ps_poisson_change c =
        ps_poisson_change_of(in->baseline, in->baseline_exposure, in->actual,
                             in->exposure, in->dispersion, in->confidence);
    bool quasi = strcmp(c.verdict_by, "quasi") == 0;
    r->p_two_sample = c.p;
    r->rate_ratio = c.ratio;
    r->rr_lower = c.lower;
    r->rr_upper = c.upper;
    r->prob_improved = c.prob_decrease;
    if (quasi && ps_value_ok(c.quasi_lower)) {
        r->rr_lower = c.quasi_lower;
        r->rr_upper = c.quasi_upper;
        /* As sure as the limits are, and no surer. */
        const double spread = log(c.quasi_upper.value / c.quasi_lower.value) / 2 /
                              ps_normal_two_sided(in->confidence);
        if (spread > 0)
            r->prob_improved = ps_value_of(ps_normal_cdf(-log(c.ratio.value) / spread));
    }
    if (goal->direction > 0 && ps_value_ok(r->prob_improved))
        r->prob_improved = ps_value_of(1 - r->prob_improved.value);
}

/* P(X <= a) or P(X >= a) for a Poisson X of this mean. */
static double poisson_tail(double a, double mean, int direction) {
    if (direction < 0) return mean > 0 ? ps_gamma_upper(a + 1, mean) : 1;
    if (a <= 0) return 1;
    return mean > 0 ? ps_gamma_lower(a, mean) : 0;
}

ps_target_result ps_target_count(const ps_goal *goal, const ps_target_count_input *in) {
    ps_target_result r = begin(goal, in->actual, in->years_left);
    if (isfinite(in->actual) && isfinite(in->baseline))
        compare_with_baseline(goal, in, &r);
    if (ps_value_ok(r.p_two_sample)) r.strength = strength_of(r.p_two_sample.value);
    if (!goal->known || !isfinite(in->actual)) return r;
    if (!in->complete) {
        bool passed =
            in->actual > goal->target || (in->actual == goal->target && !goal->inclusive);
        if (goal->direction > 0) passed = ps_goal_reached(goal, in->actual);
        if (passed)
            r.status = goal->direction < 0 ? PS_TARGET_OFF_TRACK : PS_TARGET_ON_TRACK;
        else if (!ps_value_ok(in->projection))
            r.status = PS_TARGET_NOT_YET_KNOWN;
        else
            r.status = ps_goal_reached(goal, in->projection.value) ? PS_TARGET_ON_TRACK
                                                                   : PS_TARGET_OFF_TRACK;
        return r;
    }
    if (goal->target < 0 || in->actual < 0) return r;
    r.p_fixed = ps_value_of(poisson_tail(in->actual, goal->target, goal->direction));
    if (r.strength == PS_STRENGTH_NONE && ps_value_ok(r.p_fixed)) {
        int seen = in->actual < goal->target ? -1 : 1;
        r.strength = strength_of(poisson_tail(in->actual, goal->target, seen));
    }
    return r;
}

static bool is_unclear(ps_target_status status) {
    return status == PS_TARGET_MET_UNCLEAR || status == PS_TARGET_NOT_MET_UNCLEAR;
}

ps_target_result ps_target_survey(const ps_goal *goal, double value, double se,
                                  double lower, double upper, double whole,
                                  double years_left, double confidence) {
    ps_target_result r = begin(goal, value, years_left);
    if (!goal->known || !isfinite(value)) return r;
    double t = goal->target;
    if (!(isfinite(lower) && isfinite(upper)) && isfinite(se) && se >= 0 &&
        ps_confidence_ok(confidence)) {
        double half = ps_normal_two_sided(confidence) * se;
        lower = value - half;
        upper = value + half;
    }
    if (isfinite(lower) && isfinite(upper)) {
        bool met = r.status == PS_TARGET_MET;
        bool clear = met == (goal->direction > 0) ? lower > t : upper < t;
        if (met)
            r.status = clear ? PS_TARGET_MET_CLEAR : PS_TARGET_MET_UNCLEAR;
        else
            r.status = clear ? PS_TARGET_NOT_MET_CLEAR : PS_TARGET_NOT_MET_UNCLEAR;
    }
    if (!(se > 0) || !isfinite(se)) return r;
    double p = value / whole, aim = t / whole;
    if (!(p > 0 && p < 1 && aim > 0 && aim < 1)) {
        r.prob_target = ps_value_none(PS_VALUE_UNDEFINED);
        return r;
    }
    double spread = se / whole / (p * (1 - p));
    double z = (log(p / (1 - p)) - log(aim / (1 - aim))) / spread;
    r.prob_target =
        ps_value_of(goal->direction > 0 ? ps_normal_cdf(z) : ps_normal_tail(z));
    r.strength = strength_of(ps_normal_tail(fabs(z)));
    /* Two ways to the same question, and the limits have answered it. */
    if (r.strength == PS_STRENGTH_CLEAR && is_unclear(r.status))
        r.strength = PS_STRENGTH_SOME;
    return r;
}

ps_prop_change ps_register_change(const ps_register *before, const ps_register *now,
                                  double confidence) {
    return ps_prop_change_of(before->x / before->effect, before->n / before->effect,
                             now->x / now->effect, now->n / now->effect, confidence);
}

/* One-sided p of so few, and of so many, as there are when aim is the true share. */
static void tails_of_register(const ps_register *r, double aim, double *below,
                              double *above) {
    if (r->effect == 1) {
        *below = ps_binomial_cdf((int64_t)r->x, (int64_t)r->n, aim);
        *above = r->x > 0
                     ? ps_binomial_cdf((int64_t)(r->n - r->x), (int64_t)r->n, 1 - aim)
                     : 1;
        return;
    }
    const double z = (r->x / r->n - aim) / sqrt(aim * (1 - aim) * r->effect / r->n);
    *below = ps_normal_cdf(z);
    *above = ps_normal_tail(z);
}

ps_target_result ps_target_register(const ps_goal *goal, const ps_register *now,
                                    const ps_register *before, double whole,
                                    double years_left, double confidence) {
    const double x = now->x, n = now->n;
    bool right = x >= 0 && x <= n && n > 0 && x == floor(x) && n == floor(n) && n < 9e15;
    /* One division of an exact product, so that 3 of 5 is 60 and not below it. */
    double value = right ? whole * x / n : (double)NAN;
    ps_target_result r = begin(goal, value, years_left);
    if (!right || !(now->effect > 0)) return r;
    if (before != NULL && isfinite(before->x) && isfinite(before->n)) {
        ps_prop_change c = ps_register_change(before, now, confidence);
        r.p_two_sample = c.p;
        if (ps_value_ok(c.p)) r.strength = strength_of(c.p.value);
    }
    if (!goal->known) return r;
    double aim = goal->target / whole, below, above;
    if (!(aim >= 0 && aim <= 1)) return r;
    if (now->effect != 1 && !(aim > 0 && aim < 1)) return r;
    tails_of_register(now, aim, &below, &above);
    r.p_fixed = ps_value_of(goal->direction < 0 ? below : above);
    if (r.strength == PS_STRENGTH_NONE)
        r.strength = strength_of(value < goal->target ? below : above);
    return r;
}

/* ---- adaptor ---- */

enum {
    IN_ID,
    IN_MEASURE,
    IN_KIND,
    IN_POLARITY,
    IN_BASELINE,
    IN_BASELINE_PERIOD,
    IN_BASELINE_EXPOSURE,
    IN_TARGET,
    IN_STEP,
    IN_YEARS,
    IN_ACTUAL,
    IN_PERIOD,
    IN_EXPOSURE,
    IN_COMPLETE,
    IN_BASELINE_X,
    IN_BASELINE_N,
    IN_X,
    IN_N,
    IN_SE,
    IN_LOWER,
    IN_UPPER,
    IN_DISPERSION,
    IN_PROJECTION,
    IN_PROJECTION_LOWER,
    IN_PROJECTION_UPPER,
    IN_PROBABILITY,
    IN_YEARS_LEFT,
    IN_BASELINE_EFFECT,
    IN_EFFECT
};
static const ps_method_column input[] = {
    {"kpi_id", PS_COLUMN_TEXT, true, "the measure"},
    {"measure", PS_COLUMN_TEXT, false, "count (also when absent), survey or register"},
    {"target_kind", PS_COLUMN_TEXT, true,
     "below-baseline, above, trajectory, reduce, increase or mirror"},
    {"polarity", PS_COLUMN_TEXT, false,
     "higher-better or lower-better; needed for mirror"},
    {"baseline", PS_COLUMN_NUMBER, false, "count, or proportion in the unit of whole"},
    {"baseline_period", PS_COLUMN_TEXT, false, "copied"},
    {"baseline_exposure", PS_COLUMN_NUMBER, false, "people of the baseline period"},
    {"target", PS_COLUMN_NUMBER, false, "figure, when the kind has one"},
    {"step", PS_COLUMN_NUMBER, false, "of a trajectory, a year"},
    {"years", PS_COLUMN_NUMBER, false, "since the baseline year"},
    {"actual", PS_COLUMN_NUMBER, false, "count, or proportion in the unit of whole"},
    {"period", PS_COLUMN_TEXT, false, "copied"},
    {"exposure", PS_COLUMN_NUMBER, false, "people of the period"},
    {"complete", PS_COLUMN_NUMBER, false, "1 (also when absent) when the year is over"},
    {"baseline_x", PS_COLUMN_NUMBER, false, "of a register: cases"},
    {"baseline_n", PS_COLUMN_NUMBER, false, "of a register: base"},
    {"x", PS_COLUMN_NUMBER, false, "of a register: cases"},
    {"n", PS_COLUMN_NUMBER, false, "of a register: base"},
    {"se", PS_COLUMN_NUMBER, false, "of a survey"},
    {"lower", PS_COLUMN_NUMBER, false, "of a survey"},
    {"upper", PS_COLUMN_NUMBER, false, "of a survey"},
    {"dispersion", PS_COLUMN_NUMBER, false, "phi of the monthly series"},
    {"projection", PS_COLUMN_NUMBER, false, "of the whole year"},
    {"proj_lower", PS_COLUMN_NUMBER, false, "copied"},
    {"proj_upper", PS_COLUMN_NUMBER, false, "copied"},
    {"prob_target_met", PS_COLUMN_NUMBER, false, "of the projection; copied"},
    {"years_left", PS_COLUMN_NUMBER, false, "to the end of the plan"},
    {"baseline_effect", PS_COLUMN_NUMBER, false,
     "of a register: design effect, as `repeat` gives it; 1 when absent"},
    {"effect", PS_COLUMN_NUMBER, false, "of a register: design effect"},
};
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"whole", PS_COLUMN_NUMBER, "100", NULL, 1, 100000, "what all of a proportion is"},
};
static const ps_method_column output[] = {
    {"kpi_id", PS_COLUMN_TEXT, true, "as in the input"},
    {"baseline", PS_COLUMN_NUMBER, true, "as in the input"},
    {"baseline_period", PS_COLUMN_TEXT, true, "as in the input"},
    {"target", PS_COLUMN_NUMBER, true, "the figure to reach"},
    {"target_kind", PS_COLUMN_TEXT, true, "as in the input"},
    {"actual", PS_COLUMN_NUMBER, true, "as in the input; of a register x / n"},
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"status", PS_COLUMN_TEXT, true,
     "met, not-met, on-track, off-track, met-clear, met-unclear, not-met-unclear, "
     "not-met-clear, not-yet-known, missing, baseline-missing or awaiting-target"},
    {"strength", PS_COLUMN_TEXT, true, "clear, some or within-noise"},
    {"p_fixed", PS_COLUMN_NUMBER, true, "one-sided, the target as a fixed figure"},
    {"p_two_sample", PS_COLUMN_NUMBER, true, "two-sided, against the baseline"},
    {"prob_improved", PS_COLUMN_NUMBER, true, "P(the rate moved the wanted way)"},
    {"rate_ratio", PS_COLUMN_NUMBER, true, "of the rates of both periods"},
    {"rr_lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"rr_upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"projection", PS_COLUMN_NUMBER, true, "as in the input"},
    {"proj_lower", PS_COLUMN_NUMBER, true, "as in the input"},
    {"proj_upper", PS_COLUMN_NUMBER, true, "as in the input"},
    {"prob_target_met", PS_COLUMN_NUMBER, true,
     "as in the input; of a survey P(the true proportion passes the target)"},
    {"gap", PS_COLUMN_NUMBER, true, "actual - target"},
    {"required_change", PS_COLUMN_NUMBER, true, "(target - actual) / years left"},
    {"required_percent", PS_COLUMN_NUMBER, true, "the same in percent of the actual"},
};

static ps_status kind_of(const ps_method_call *call, size_t row, ps_target_kind *out,
                         ps_error *err) {
    ps_str text = ps_call_text(call, row, IN_KIND);
    for (int k = 0; k < PS_TARGET_KINDS; k++)
        if (ps_str_is(text, kind_text[k])) {
            *out = (ps_target_kind)k;
            return PS_OK;
        }
    int near = ps_nearest(text, kind_text, PS_TARGET_KINDS);
    return ps_fail(err, PS_FORMAT,
                   "%s: row %s: target_kind is '%.*s'%s%s%s; it is one of "
                   "below-baseline, above, trajectory, reduce, increase, mirror",
                   ps_table_name(ps_call_table(call)), ps_call_row_text(call, row).text,
                   (int)(text.n < 60 ? text.n : 60), text.p,
                   near < 0 ? "" : ", perhaps '", near < 0 ? "" : kind_text[near],
                   near < 0 ? "" : "' was meant");
}

static ps_status measure_of(const ps_method_call *call, size_t row, char *out,
                            ps_error *err) {
    ps_str text = ps_call_text(call, row, IN_MEASURE);
    *out = 'c';
    if (text.n == 0 || ps_str_is(text, "count")) return PS_OK;
    *out = 's';
    if (ps_str_is(text, "survey")) return PS_OK;
    *out = 'r';
    if (ps_str_is(text, "register")) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%s: row %s: measure is '%.*s'; it is one of count, survey, register",
                   ps_table_name(ps_call_table(call)), ps_call_row_text(call, row).text,
                   (int)(text.n < 60 ? text.n : 60), text.p);
}

static double or_one(double value) {
    return isnan(value) ? 1 : value;
}

static ps_status write_row(const ps_method_call *call, size_t row, const ps_goal *goal,
                           ps_target_kind kind, const ps_target_result *r,
                           const double *number, ps_error *err) {
    /* Output column and the input that it copies. */
    static const size_t copied[][2] = {
        {1, IN_BASELINE},          {5, IN_ACTUAL},
        {15, IN_PROJECTION},       {16, IN_PROJECTION_LOWER},
        {17, IN_PROJECTION_UPPER}, {18, IN_PROBABILITY}};
    for (size_t i = 0; i < PS_LENGTH(copied); i++) {
        double value = number[copied[i][1]];
        ps_call_put_number(call, copied[i][0],
                           isnan(value) ? PS_VALUE_MISSING : PS_VALUE_OK, value);
    }
    ps_call_put_text(call, 0, ps_call_text(call, row, IN_ID));
    ps_call_put_text(call, 2, ps_call_text(call, row, IN_BASELINE_PERIOD));
    ps_call_put_number(call, 3, goal->known ? PS_VALUE_OK : PS_VALUE_MISSING,
                       goal->target);
    ps_call_put_word(call, 4, ps_target_kind_text(kind));
    ps_call_put_text(call, 6, ps_call_text(call, row, IN_PERIOD));
    ps_call_put_word(call, 7, ps_target_status_text(r->status));
    ps_call_put_word(call, 8, ps_strength_text(r->strength));
    const ps_value values[] = {r->p_fixed,    r->p_two_sample, r->prob_improved,
                               r->rate_ratio, r->rr_lower,     r->rr_upper};
    for (size_t i = 0; i < PS_LENGTH(values); i++)
        ps_call_put_settled(call, 9 + i, values[i]);
    if (ps_value_ok(r->prob_target))
        ps_call_put_number(call, 18, PS_VALUE_OK, r->prob_target.value);
    ps_call_put_value(call, 19, r->gap);
    ps_call_put_value(call, 20, r->required);
    ps_call_put_value(call, 21, r->required_percent);
    return ps_call_end_row(call, err);
}

static ps_status run_row(const ps_method_call *call, size_t row, ps_error *err) {
    double number[PS_LENGTH(input)];
    for (size_t i = 0; i < PS_LENGTH(input); i++) {
        number[i] = (double)NAN;
        bool missing = false;
        if (input[i].kind != PS_COLUMN_NUMBER) continue;
        PS_TRY(ps_call_number(call, row, i, &number[i], &missing, err));
        if (missing) number[i] = (double)NAN;
    }
    ps_target_kind kind = PS_TARGET_MIRROR;
    char measure;
    PS_TRY(kind_of(call, row, &kind, err));
    PS_TRY(measure_of(call, row, &measure, err));
    ps_str polarity = ps_call_text(call, row, IN_POLARITY);
    int sign = ps_str_is(polarity, "higher-better")  ? 1
               : ps_str_is(polarity, "lower-better") ? -1
                                                     : 0;
    double confidence = ps_call_param_number(call, 0);
    double whole = ps_call_param_number(call, 1);
    if (measure == 'r' && isnan(number[IN_BASELINE]) && number[IN_BASELINE_N] > 0)
        number[IN_BASELINE] = whole * number[IN_BASELINE_X] / number[IN_BASELINE_N];
    if (measure == 'r' && number[IN_N] > 0)
        number[IN_ACTUAL] = whole * number[IN_X] / number[IN_N];
    ps_goal goal = ps_goal_of(kind, number[IN_BASELINE], number[IN_TARGET],
                              number[IN_STEP], number[IN_YEARS], sign);
    ps_goal_within(&goal, 0, measure == 'c' ? (double)INFINITY : whole);
    ps_target_result r;
    if (measure == 's') {
        r = ps_target_survey(&goal, number[IN_ACTUAL], number[IN_SE], number[IN_LOWER],
                             number[IN_UPPER], whole, number[IN_YEARS_LEFT], confidence);
    } else if (measure == 'r') {
        const ps_register now = {number[IN_X], number[IN_N], or_one(number[IN_EFFECT])},
                          before = {number[IN_BASELINE_X], number[IN_BASELINE_N],
                                    or_one(number[IN_BASELINE_EFFECT])};
        r = ps_target_register(&goal, &now, &before, whole, number[IN_YEARS_LEFT],
                               confidence);
    } else {
        ps_target_count_input in = {
            .actual = number[IN_ACTUAL],
            .baseline = number[IN_BASELINE],
            .exposure = or_one(number[IN_EXPOSURE]),
            .baseline_exposure = or_one(number[IN_BASELINE_EXPOSURE]),
            .dispersion = number[IN_DISPERSION],
            .complete = number[IN_COMPLETE] != 0,
            .projection = isnan(number[IN_PROJECTION])
                              ? ps_value_none(PS_VALUE_MISSING)
                              : ps_value_of(number[IN_PROJECTION]),
            .years_left = number[IN_YEARS_LEFT],
            .confidence = confidence,
        };
        /* A part of a year against a whole one needs both exposures. */
        if (!in.complete &&
            (isnan(number[IN_EXPOSURE]) || isnan(number[IN_BASELINE_EXPOSURE])))
            in.baseline = (double)NAN;
        r = ps_target_count(&goal, &in);
    }
    return write_row(call, row, &goal, kind, &r, number, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    for (size_t row = 0; row < ps_call_rows(call); row++) PS_TRY(run_row(call, row, err));
    return PS_OK;
}

const ps_method ps_method_target = {
    .id = "target",
    .title = "Target tracking",
    .formula =
        "target T: baseline (below-baseline, reduce, increase), figure (above, mirror), "
        "or "
        "baseline + years * step (trajectory, reached at T). Counts: met when A < T (A > "
        "T for increases; A = 0 when T is 0 and A = whole of a share when T is, as "
        "nothing "
        "is left to reduce or to gain; a trajectory goes no further), unrounded; "
        "p_fixed = P(X <= A | T) of Poisson (P(X >= A | "
        "T)); "
        "p_two_sample, ratio and prob_improved as in poisson_change; with a dispersion "
        "that decides, prob_improved is normal on the log scale. Surveys: clear when "
        "the interval lies on one side of T. Registers: exact binomial; with a design "
        "effect the score test of n / effect events, the baseline likewise. strength: "
        "clear p < 0.05, some p < 0.2, within-noise.",
    .source = "Przyborowski & Wilenski 1940",
    .evidence = "binom.test and poisson.test of R, fresh targets: 5e-14",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
};
