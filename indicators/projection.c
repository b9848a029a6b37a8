#include "indicators/projection.h"

#include "indicators/distribution.h"
#include "indicators/period.h"
#include "indicators/sum.h"

ps_value ps_projection_share(size_t k, const double *part, const double *year,
                             size_t *used) {
    ps_sum sum = {0};
    *used = 0;
    for (size_t i = 0; i < k; i++) {
        if (!isfinite(part[i]) || !isfinite(year[i]) || !(year[i] > 0)) continue;
        ps_sum_add(&sum, part[i] / year[i]);
        ++*used;
    }
    if (*used == 0) return ps_value_none(PS_VALUE_MISSING);
    return ps_value_of(ps_sum_value(&sum) / (double)*used);
}

static ps_projection all_none(ps_value_status status, const ps_goal *goal) {
    ps_value none = ps_value_none(status);
    return (ps_projection){
        none, none, none,
        goal == NULL || !goal->known ? ps_value_none(PS_VALUE_NOT_APPLICABLE) : none};
}

static ps_projection known(double total, const ps_goal *goal) {
    ps_projection p = all_none(PS_VALUE_OK, goal);
    p.total = p.lower = p.upper = ps_value_of(total);
    if (ps_value_ok(p.prob_met)) p.prob_met = ps_value_of(ps_goal_reached(goal, total));
    return p;
}

/* The highest whole number that is below (or at) a bound: what an increase must pass, or
 * a reduction may reach. */
static double highest_not_above(double bound, bool inclusive) {
    return inclusive ? floor(bound) : ceil(bound) - 1;
}

ps_projection ps_projection_pro_rata(double ytd, double share, double dispersion,
                                     const ps_goal *goal, double confidence) {
    if (!isfinite(ytd) || ytd < 0 || !isfinite(share) || share < 0)
        return all_none(PS_VALUE_MISSING, goal);
    if (ytd == 0 || share == 0 || !ps_confidence_ok(confidence))
        return all_none(PS_VALUE_UNDEFINED, goal);
    if (share >= 1) return known(ytd, goal);
    double mean = ytd * (1 - share) / share;
    double phi = dispersion > 1 ? dispersion : 1;
    double variance = phi * (mean + mean * mean / ytd);
    double size = mean * mean / (variance - mean);
    if (!isfinite(mean) || !(size > 0)) return all_none(PS_VALUE_UNDEFINED, goal);
    ps_projection p = known(ytd + mean, goal);
    double tail = (1 - confidence) / 2;
    p.lower = ps_value_of(ytd + (double)ps_negative_binomial_quantile(tail, size, mean));
    p.upper =
        ps_value_of(ytd + (double)ps_negative_binomial_quantile(1 - tail, size, mean));
    if (!ps_value_ok(p.prob_met)) return p;
    double rest = goal->target - ytd;
    bool below = goal->direction < 0;
    double k = highest_not_above(rest, goal->inclusive == below);
    double at_most = k < 0      ? 0
                     : k > 9e15 ? 1
                                : ps_negative_binomial_cdf((int64_t)k, size, mean);
    p.prob_met = ps_value_of(below ? at_most : 1 - at_most);
    return p;
}

ps_status ps_projection_model(const ps_trend *trend, double ytd, size_t n,
                              const size_t *months, const double *exposure,
                              const double *regressor, const ps_goal *goal,
                              double confidence, ps_projection *out, ps_error *err) {
    *out = all_none(PS_VALUE_MISSING, goal);
    if (trend->status != PS_VALUE_OK) *out = all_none(trend->status, goal);
    if (trend->status != PS_VALUE_OK || !isfinite(ytd) || ytd < 0 ||
        !ps_confidence_ok(confidence))
        return PS_OK;
    if (n == 0) {
        *out = known(ytd, goal);
        return PS_OK;
    }
    size_t p = trend->p, k = trend->n_regressor;
    double *x = ps_zalloc(p, 2 * sizeof *x);
    if (x == NULL) return ps_fail_nomem(err);
    double *gradient = x + p;
    ps_sum means = {0}, spread = {0};
    for (size_t i = 0; i < n; i++) {
        ps_trend_row(trend, months[i], regressor == NULL ? NULL : regressor + i * k, x);
        double eta = exposure == NULL ? 0 : log(exposure[i]);
        for (size_t j = 0; j < p; j++) eta += x[j] * trend->beta[j];
        double mean = exp(eta);
        for (size_t j = 0; j < p; j++) gradient[j] += mean * x[j];
        ps_sum_add(&means, mean);
        if (trend->family == PS_TREND_NEGATIVE_BINOMIAL)
            ps_sum_add(&spread, mean + mean * mean / trend->theta);
        else
            ps_sum_add(&spread,
                       mean * (trend->family == PS_TREND_QUASI ? trend->dispersion : 1));
    }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++)
            ps_sum_add(&spread, gradient[a] * trend->covariance[a * p + b] * gradient[b]);
    ps_free(x);
    double total = ytd + ps_sum_value(&means), sd = sqrt(ps_sum_value(&spread));
    if (!isfinite(total) || !isfinite(sd)) {
        *out = all_none(isnan(total) ? PS_VALUE_MISSING : PS_VALUE_UNDEFINED, goal);
        return PS_OK;
    }
    *out = known(total, goal);
    double half = ps_normal_two_sided(confidence) * sd;
    out->lower = ps_value_of(fmax(total - half, ytd));
    out->upper = ps_value_of(total + half);
    if (!ps_value_ok(out->prob_met) || !(sd > 0)) return PS_OK;
    bool below = goal->direction < 0;
    double k_most = highest_not_above(goal->target, goal->inclusive == below);
    double z = (k_most + 0.5 - total) / sd;
    out->prob_met = ps_value_of(below ? ps_normal_cdf(z) : ps_normal_tail(z));
    return PS_OK;
}

/* ---- adaptor ---- */

enum { IN_AREA, IN_MONTH, IN_VALUE, IN_PEOPLE, IN_TARGET };
static const ps_method_column input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one series per area"},
    {"month", PS_COLUMN_TEXT, true, "as in 2021-07"},
    {"value", PS_COLUMN_NUMBER, true, "count of the month; empty when missing"},
    {"population", PS_COLUMN_NUMBER, false, "people in that month, for the model"},
    {"target", PS_COLUMN_NUMBER, false, "of the area, instead of the parameter"},
};
enum {
    P_CONFIDENCE,
    P_BY,
    P_YEAR_START,
    P_YEARS,
    P_DISPERSION,
    P_TARGET,
    P_DIRECTION,
    P_SEASON,
    P_STEPS
};
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"by", PS_COLUMN_TEXT, "pro-rata", "pro-rata|model", 0, 0, "way of projecting"},
    {"year_start", PS_COLUMN_INTEGER, "4", NULL, 1, 12, "month in which the year begins"},
    {"years", PS_COLUMN_INTEGER, "3", NULL, 1, 10,
     "full years that the share is taken of"},
    {"dispersion", PS_COLUMN_NUMBER, "1", NULL, 1, 1e6, "phi of the pro-rata interval"},
    {"target", PS_COLUMN_NUMBER, "", NULL, 1, 0, "figure that the year is to reach"},
    {"direction", PS_COLUMN_TEXT, "below", "below|above", 0, 0, "side of the target"},
    PS_PARAM_SEASON,
    PS_PARAM_INTERVENTIONS,
};
static const ps_method_column output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"by", PS_COLUMN_TEXT, true, "pro-rata or model"},
    {"year", PS_COLUMN_TEXT, true, "first month of the year projected"},
    {"months_done", PS_COLUMN_INTEGER, true, "months of it in the data"},
    {"ytd", PS_COLUMN_NUMBER, true, "their sum"},
    {"share", PS_COLUMN_NUMBER, true, "of a year that these months had before"},
    {"years_used", PS_COLUMN_INTEGER, true, "full years behind the share"},
    {"value", PS_COLUMN_NUMBER, true, "projected total of the year"},
    {"lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"target", PS_COLUMN_NUMBER, true, "figure to reach"},
    {"prob_target_met", PS_COLUMN_NUMBER, true, "P(the total reaches it)"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
};

/* The year in progress. */
typedef struct year {
    size_t first, done; /* index of its first month, and how many have passed */
    bool whole_start;   /* its first month lies in the data */
    ps_value ytd, share;
    size_t used;
} year;

static year find_year(const ps_trend_input *in, int year_start, size_t years) {
    year y = {.ytd = ps_value_none(PS_VALUE_MISSING),
              .share = ps_value_none(PS_VALUE_MISSING)};
    size_t n = in->months.n;
    while (n > 0 && isnan(in->value[n - 1])) n--;
    if (n == 0) return y;
    int64_t month = in->months.first + (int64_t)n - 1 - (year_start - 1);
    y.done = (size_t)(month % 12) + 1;
    y.whole_start = n >= y.done;
    if (!y.whole_start) return y;
    y.first = n - y.done;
    ps_sum sum = {0};
    for (size_t i = y.first; i < n; i++) ps_sum_add(&sum, in->value[i]);
    y.ytd = isnan(ps_sum_value(&sum)) ? y.ytd : ps_value_of(ps_sum_value(&sum));
    double part[10], whole[10];
    size_t k = 0;
    while (k < years && 12 * (k + 1) <= y.first) {
        size_t at = y.first - 12 * (k + 1);
        ps_sum some = {0}, all = {0};
        for (size_t i = 0; i < 12; i++) {
            if (i < y.done) ps_sum_add(&some, in->value[at + i]);
            ps_sum_add(&all, in->value[at + i]);
        }
        part[k] = ps_sum_value(&some);
        whole[k] = ps_sum_value(&all);
        k++;
    }
    y.share = ps_projection_share(k, part, whole, &y.used);
    return y;
}

static ps_status by_model(const ps_method_call *call, const ps_trend_input *in,
                          const year *y, const ps_goal *goal, ps_projection *out,
                          ps_error *err) {
    ps_trend_options options = {.confidence = ps_call_param_number(call, P_CONFIDENCE)};
    ps_trend_season(call, P_SEASON, &options);
    ps_trend *trend = NULL;
    PS_TRY(ps_trend_fit(in->months.n, in->months.first, in->value, in->exposure,
                        in->regressor, in->steps.n, &options, &trend, err));
    size_t left = 12 - y->done, months[12] = {0};
    double exposure[12] = {0}, regressor[12 * PS_INTERVENTIONS_MOST] = {0};
    size_t last = y->first + y->done - 1;
    double people = in->exposure[last] / ps_month_days(in->months.first + (ps_month)last);
    for (size_t i = 0; i < left; i++) {
        months[i] = last + 1 + i;
        ps_month month = in->months.first + (ps_month)months[i];
        exposure[i] = people * ps_month_days(month);
        for (size_t j = 0; j < in->steps.n; j++)
            regressor[i * in->steps.n + j] = ps_interventions_hold(&in->steps, j, month);
    }
    ps_status status = ps_projection_model(
        trend, ps_value_ok(y->ytd) ? y->ytd.value : (double)NAN, left, months, exposure,
        regressor, goal, ps_call_param_number(call, P_CONFIDENCE), out, err);
    ps_trend_free(trend);
    return status;
}

static ps_status project_group(const ps_method_call *call, const ps_call_group *group,
                               void *context, ps_error *err) {
    (void)context;
    bool model = ps_call_param_is(call, P_BY, "model");
    const double *own = group->column[2];
    double target =
        own != NULL && !isnan(own[0]) ? own[0] : ps_call_param_number(call, P_TARGET);
    int direction = ps_call_param_is(call, P_DIRECTION, "below") ? -1 : 1;
    ps_goal goal = ps_goal_of(PS_TARGET_MIRROR, (double)NAN, target, (double)NAN,
                              (double)NAN, direction);
    ps_trend_input in;
    PS_TRY(ps_trend_input_read(call, group, IN_MONTH, ps_call_param_text(call, P_STEPS),
                               "none", true, &in, err));
    year y = find_year(&in, (int)ps_call_param_number(call, P_YEAR_START),
                       (size_t)ps_call_param_number(call, P_YEARS));
    ps_projection p = all_none(PS_VALUE_MISSING, &goal);
    ps_status status = PS_OK;
    if (model && y.whole_start)
        status = by_model(call, &in, &y, &goal, &p, err);
    else if (y.done == 12 && ps_value_ok(y.ytd))
        p = known(y.ytd.value, &goal);
    else if (ps_value_ok(y.ytd) && ps_value_ok(y.share))
        p = ps_projection_pro_rata(y.ytd.value, y.share.value,
                                   ps_call_param_number(call, P_DISPERSION), &goal,
                                   ps_call_param_number(call, P_CONFIDENCE));
    if (status == PS_OK) {
        char text[16];
        ps_month_text(in.months.first + (ps_month)y.first, text);
        ps_call_put_text(call, 0, group->name);
        ps_call_put_word(call, 1, ps_call_param_text(call, P_BY));
        if (y.whole_start) ps_call_put_word(call, 2, text);
        ps_call_put_int(call, 3, (int64_t)y.done);
        ps_call_put_value(call, 4, y.ytd);
        ps_call_put_value(call, 5, y.share);
        ps_call_put_int(call, 6, (int64_t)y.used);
        ps_call_put_settled(call, 7, p.total);
        ps_call_put_settled(call, 8, p.lower);
        ps_call_put_settled(call, 9, p.upper);
        ps_call_put_known(call, 10, goal.known ? goal.target : (double)NAN);
        ps_call_put_settled(call, 11, p.prob_met);
        ps_call_put_status(call, 12, p.total.status);
        status = ps_call_end_row(call, err);
    }
    ps_trend_input_free(&in);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_VALUE, IN_PEOPLE, IN_TARGET};
    return ps_call_each_group(call, IN_AREA, inputs, 3, project_group, NULL, err);
}

const ps_method ps_method_projection = {
    .id = "projection",
    .title = "Projection to the end of the year",
    .formula =
        "pro-rata: total = ytd / s, s = mean share of these months in the last full "
        "years; "
        "the rest is negative binomial with mean m = ytd (1 - s) / s and variance phi (m "
        "+ "
        "m^2 / ytd). model: total = ytd + predicted means of the trend model; variance = "
        "sum of mean phi (negative binomial: mean + mean^2 / theta) + g'Vg; normal "
        "limits.",
    .source = "Methods note 7.7",
    .evidence = "predict and vcov of glm of R, model: 1e-12; pro-rata by hand",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
};
