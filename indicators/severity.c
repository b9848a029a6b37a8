#include "indicators/severity.h"

#include <string.h>

#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/sum.h"

static const double INCOMPLETE_ABOVE = 0.02;

static ps_severity all_none(ps_value_status status) {
    ps_value none = ps_value_none(status);
    return (ps_severity){none, none, none, none, none, none, none, 0, false};
}

ps_severity ps_severity_of(size_t k, const double *count, const double *weight,
                           double population, double multiplier, double confidence) {
    ps_sum score = {0}, variance = {0}, weighted = {0}, all = {0};
    ps_severity s = all_none(PS_VALUE_OK);
    size_t top = k;
    for (size_t i = 0; i < k; i++) {
        if (isnan(count[i])) return all_none(PS_VALUE_MISSING);
        if (count[i] < 0 || weight[i] < 0) return all_none(PS_VALUE_UNDEFINED);
        ps_sum_add(&all, count[i]);
        if (isnan(weight[i])) {
            s.n_unweighted += count[i] > 0;
            continue;
        }
        ps_sum_add(&weighted, count[i]);
        ps_sum_add(&score, count[i] * weight[i]);
        ps_sum_add(&variance, count[i] * weight[i] * weight[i]);
        if (count[i] > 0 && (top == k || weight[i] > weight[top])) top = i;
    }
    double crimes = ps_sum_value(&all), total = ps_sum_value(&score);
    if (isnan(population) || population < 0) return all_none(PS_VALUE_MISSING);
    if (population == 0)
        return all_none(crimes > 0 ? PS_VALUE_DENOMINATOR_ZERO : PS_VALUE_UNDEFINED);
    if (!ps_confidence_ok(confidence)) return all_none(PS_VALUE_UNDEFINED);
    double per = multiplier / population, se = sqrt(ps_sum_value(&variance)) * per;
    double half = ps_normal_two_sided(confidence) * se;
    s.score = ps_value_of(total * per);
    s.se = ps_value_of(se);
    s.lower = ps_value_of(fmax(total * per - half, 0));
    s.upper = ps_value_of(total * per + half);
    s.mean = ps_value_of(total / ps_sum_value(&weighted));
    s.without_top =
        top == k ? s.score : ps_value_of(fmax(total - count[top] * weight[top], 0) * per);
    double share = crimes > 0 ? (crimes - ps_sum_value(&weighted)) / crimes : 0;
    s.unweighted_share = ps_value_of(share);
    s.incomplete = share > INCOMPLETE_ABOVE;
    return s;
}

/* ---- adaptor ---- */

enum { IN_AREA, IN_PERIOD, IN_CATEGORY, IN_COUNT, IN_WEIGHT, IN_PEOPLE, IN_VERSION };
static const ps_method_column input[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one score per area and period"},
    {"period", PS_COLUMN_TEXT, false, "in order of the text, such as 2021/22"},
    {"category", PS_COLUMN_TEXT, true, "offence"},
    {"count", PS_COLUMN_NUMBER, true, "crimes"},
    {"weight", PS_COLUMN_NUMBER, true, "severity of one; empty when there is none"},
    {"population", PS_COLUMN_NUMBER, true, "the same in all rows of an area and period"},
    {"version", PS_COLUMN_TEXT, false, "of the weights; one for the whole table"},
};
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "1", NULL, 1, 1e9, "people that the score is for"},
};
static const ps_method_column output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"value", PS_COLUMN_NUMBER, true, "sum of count * weight per multiplier people"},
    {"se", PS_COLUMN_NUMBER, true, "its standard error"},
    {"lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"mean_severity", PS_COLUMN_NUMBER, true, "weight per weighted crime"},
    {"without_top", PS_COLUMN_NUMBER, true, "score without the greatest weight"},
    {"three_periods", PS_COLUMN_NUMBER, true, "mean score of this and the two before"},
    {"unweighted_percent", PS_COLUMN_NUMBER, true, "of crime without a weight"},
    {"unweighted", PS_COLUMN_TEXT, true, "categories without a weight"},
    {"complete", PS_COLUMN_INTEGER, true, "0 when more than 2 % of crime has no weight"},
    {"version", PS_COLUMN_TEXT, true, "of the weights"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of score and limits"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, undefined (0/0), denominator-zero-with-events"},
};

typedef struct columns {
    ps_codes area, period;
    size_t *order;
    double *count, *weight, *people;
    double *group_count, *group_weight; /* of the rows of one area and period */
} columns;

/* Names of the categories without weight, as many as fit. */
static void list_unweighted(const ps_method_call *call, const columns *c, size_t begin,
                            size_t end, char out[400]) {
    size_t used = 0;
    for (size_t i = begin; i < end; i++) {
        size_t row = c->order[i];
        ps_str name = ps_call_text(call, row, IN_CATEGORY);
        if (!isnan(c->weight[row]) || !(c->count[row] > 0)) continue;
        if (used + name.n + 8 > 400) {
            memcpy(out + used, "; ...", 6);
            return;
        }
        if (used > 0) {
            memcpy(out + used, "; ", 2);
            used += 2;
        }
        if (name.n > 0) memcpy(out + used, name.p, name.n);
        used += name.n;
    }
    out[used] = '\0';
}

/* history: scores of the area's periods before, oldest first, missing as NAN. */
static ps_status write_group(const ps_method_call *call, const columns *c, size_t begin,
                             size_t end, double history[3], ps_error *err) {
    size_t first = c->order[begin];
    for (size_t i = begin; i < end; i++) {
        size_t row = c->order[i];
        double a = c->people[row], b = c->people[first];
        if (a != b && !(isnan(a) && isnan(b)))
            return ps_call_refuse(
                call, row, err,
                "the population differs from that of another row of the same area and "
                "period");
        if (!ps_str_eq(ps_call_text(call, row, IN_VERSION),
                       ps_call_text(call, c->order[0], IN_VERSION)))
            return ps_call_refuse(
                call, row, err,
                "the version of the weights differs from that of another row; scores by "
                "different weights cannot be compared");
        c->group_count[i - begin] = c->count[row];
        c->group_weight[i - begin] = c->weight[row];
    }
    double multiplier = ps_call_param_number(call, 1);
    ps_severity s =
        ps_severity_of(end - begin, c->group_count, c->group_weight, c->people[first],
                       multiplier, ps_call_param_number(call, 0));
    history[0] = history[1];
    history[1] = history[2];
    history[2] = ps_value_ok(s.score) ? s.score.value : (double)NAN;
    double three = (history[0] + history[1] + history[2]) / 3;
    char unweighted[400];
    list_unweighted(call, c, begin, end, unweighted);
    ps_call_put_text(call, 0, ps_call_text(call, first, IN_AREA));
    ps_call_put_text(call, 1, ps_call_text(call, first, IN_PERIOD));
    const ps_value values[] = {s.score, s.se, s.lower, s.upper, s.mean, s.without_top};
    ps_call_put_values(call, 2, values, PS_LENGTH(values));
    ps_call_put_known(call, 8, three);
    ps_call_put_number(call, 9, s.unweighted_share.status,
                       100 * s.unweighted_share.value);
    ps_call_put_word(call, 10, unweighted);
    ps_call_put_int(call, 11, !s.incomplete);
    ps_call_put_text(call, 12, ps_call_text(call, first, IN_VERSION));
    ps_call_put_number(call, 13, PS_VALUE_OK, multiplier);
    ps_call_put_status(call, 14, s.score.status);
    return ps_call_end_row(call, err);
}

static ps_status run_columns(const ps_method_call *call, columns *c, ps_error *err) {
    size_t n = ps_call_rows(call);
    PS_TRY(ps_codes_build(call, IN_AREA, &c->area, err));
    PS_TRY(ps_codes_build(call, IN_PERIOD, &c->period, err));
    const ps_codes *const by[] = {&c->area, &c->period};
    PS_TRY(ps_codes_order(by, 2, n, &c->order, err));
    PS_TRY(ps_call_numbers(call, IN_COUNT, &c->count, err));
    PS_TRY(ps_call_numbers(call, IN_WEIGHT, &c->weight, err));
    PS_TRY(ps_call_numbers(call, IN_PEOPLE, &c->people, err));
    c->group_count = ps_alloc(n, sizeof *c->group_count);
    c->group_weight = ps_alloc(n, sizeof *c->group_weight);
    if (c->group_count == NULL || c->group_weight == NULL) return ps_fail_nomem(err);
    double history[3] = {(double)NAN, (double)NAN, (double)NAN};
    for (size_t begin = 0; begin < n;) {
        size_t end = begin + 1;
        while (end < n && ps_codes_agree(by, 2, c->order[begin], c->order[end])) end++;
        if (begin > 0 && !ps_codes_agree(by, 1, c->order[begin], c->order[begin - 1]))
            history[0] = history[1] = history[2] = (double)NAN;
        PS_TRY(write_group(call, c, begin, end, history, err));
        begin = end;
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    columns c = {0};
    ps_status status = run_columns(call, &c, err);
    ps_codes_free(&c.area);
    ps_codes_free(&c.period);
    ps_free(c.order);
    ps_free(c.count);
    ps_free(c.weight);
    ps_free(c.people);
    ps_free(c.group_count);
    ps_free(c.group_weight);
    return status;
}

const ps_method ps_method_css = {
    .id = "css",
    .title = "Crime severity score",
    .formula =
        "value = multiplier * sum of count * weight / population; standard error "
        "multiplier * sqrt(sum of count * weight^2) / population; mean severity = "
        "sum of count * weight / sum of weighted counts.",
    .source = "ONS Crime Severity Score",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
    .evidence = "the definition in base R, fresh offences: 1e-15",
};
