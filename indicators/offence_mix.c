#include "indicators/offence_mix.h"

#include "indicators/change.h"
#include "indicators/crime.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rate.h"
#include "indicators/sum.h"

static const double FEW_BELOW = 5;

ps_location_quotient ps_location_quotient_of(double cell, double area, double type,
                                             double all, double confidence) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    if (isnan(cell) || isnan(area) || isnan(type) || isnan(all))
        none = ps_value_none(PS_VALUE_MISSING);
    ps_location_quotient q = {none, none, none, cell < FEW_BELOW};
    if (none.status == PS_VALUE_MISSING || cell < 0 || cell > area || cell > type ||
        area > all || type > all || !(area > 0) || !(type > 0) ||
        !ps_confidence_ok(confidence))
        return q;
    double value = cell / area / (type / all);
    q.value = ps_value_of(value);
    q.lower = q.upper = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    if (cell == 0) return q;
    double variance = (1 / cell - 1 / area) + (1 / type - 1 / all);
    double half = ps_normal_two_sided(confidence) * sqrt(fmax(variance, 0));
    q.lower = ps_value_of(value * exp(-half));
    q.upper = ps_value_of(value * exp(half));
    return q;
}

ps_contribution ps_contribution_of(double x1, double x2, double total1, double total2,
                                   size_t simultaneous, double confidence) {
    ps_contribution c = {.points = ps_value_none(PS_VALUE_UNDEFINED)};
    double level = confidence;
    if (simultaneous > 1) level = 1 - (1 - confidence) / (double)simultaneous;
    if (isnan(x1) || isnan(x2) || isnan(total1) || isnan(total2))
        c.points = ps_value_none(PS_VALUE_MISSING);
    else if (total1 > 0)
        c.points = ps_value_of(100 * (x2 - x1) / total1);
    c.share1 = ps_proportion(x1, total1, 100, level, PS_PROPORTION_WILSON);
    c.share2 = ps_proportion(x2, total2, 100, level, PS_PROPORTION_WILSON);
    return c;
}

/* ---- location quotient ---- */

static const ps_method_column lq_input[] = {
    {"area_code", PS_COLUMN_TEXT, true, "area"},
    {"type", PS_COLUMN_TEXT, true, "kind of offence"},
    {"count", PS_COLUMN_NUMBER, true, "events; rows of one area and type are added"},
};
static const ps_method_param lq_param[] = {PS_PARAM_CONFIDENCE};
static const ps_method_column lq_output[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"type", PS_COLUMN_TEXT, true, "as in the input"},
    {"count", PS_COLUMN_NUMBER, true, "events"},
    {"value", PS_COLUMN_NUMBER, true, "location quotient"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit, log scale"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit, log scale"},
    {"few", PS_COLUMN_INTEGER, true, "1 with fewer than 5 events"},
    {"status", PS_COLUMN_TEXT, true, "of value"},
    {"limits_status", PS_COLUMN_TEXT, true, "of the limits"},
};

typedef struct cross {
    ps_codes area, type;
    size_t *order;
    double *count;
    double *by_area, *by_type; /* totals */
} cross;

static ps_status cross_load(const ps_method_call *call, cross *c, ps_error *err) {
    PS_TRY(ps_codes_build(call, 0, &c->area, err));
    PS_TRY(ps_codes_build(call, 1, &c->type, err));
    const ps_codes *const by[] = {&c->area, &c->type};
    PS_TRY(ps_codes_order(by, 2, ps_call_rows(call), &c->order, err));
    PS_TRY(ps_call_numbers(call, 2, &c->count, err));
    c->by_area = ps_zalloc(c->area.n, sizeof *c->by_area);
    c->by_type = ps_zalloc(c->type.n, sizeof *c->by_type);
    if (c->by_area == NULL || c->by_type == NULL) return ps_fail_nomem(err);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        c->by_area[c->area.code[row]] += c->count[row];
        c->by_type[c->type.code[row]] += c->count[row];
    }
    return PS_OK;
}

static ps_status lq_write(const ps_method_call *call, const cross *c, ps_error *err) {
    const ps_codes *const by[] = {&c->area, &c->type};
    size_t n = ps_call_rows(call);
    ps_sum everything = {0};
    for (size_t row = 0; row < n; row++) ps_sum_add(&everything, c->count[row]);
    for (size_t begin = 0; begin < n;) {
        size_t end = begin, first = c->order[begin];
        double cell = 0;
        while (end < n && ps_codes_agree(by, 2, first, c->order[end]))
            cell += c->count[c->order[end++]];
        ps_location_quotient q = ps_location_quotient_of(
            cell, c->by_area[c->area.code[first]], c->by_type[c->type.code[first]],
            ps_sum_value(&everything), ps_call_param_number(call, 0));
        ps_call_put_text(call, 0, ps_call_text(call, first, 0));
        ps_call_put_text(call, 1, ps_call_text(call, first, 1));
        ps_call_put_known(call, 2, cell);
        ps_call_put_value(call, 3, q.value);
        ps_call_put_value(call, 4, q.lower);
        ps_call_put_value(call, 5, q.upper);
        ps_call_put_int(call, 6, q.few);
        ps_call_put_status(call, 7, q.value.status);
        ps_call_put_status(call, 8, q.lower.status);
        PS_TRY(ps_call_end_row(call, err));
        begin = end;
    }
    return PS_OK;
}

static ps_status run_lq(const ps_method_call *call, ps_error *err) {
    cross c = {0};
    ps_status status = cross_load(call, &c, err);
    if (status == PS_OK) status = lq_write(call, &c, err);
    ps_codes_free(&c.area);
    ps_codes_free(&c.type);
    ps_free(c.order);
    ps_free(c.count);
    ps_free(c.by_area);
    ps_free(c.by_type);
    return status;
}

const ps_method ps_method_lq = {
    .id = "lq",
    .title = "Location quotient",
    .formula =
        "(c_jk / c_j.) / (c_.k / c_..); limits LQ exp(-+ z sqrt(1/c_jk - 1/c_j. + "
        "1/c_.k - 1/c_..)).",
    .source = "Methods note 8.4",
    .input = lq_input,
    .n_input = PS_LENGTH(lq_input),
    .param = lq_param,
    .n_param = PS_LENGTH(lq_param),
    .output = lq_output,
    .n_output = PS_LENGTH(lq_output),
    .run = run_lq,
    .evidence = "prop.table of R and the limits on the log scale, fresh counts: 1e-15",
};

/* ---- change by type ---- */

enum { IN_TYPE, IN_PART_OF, IN_IN_TOTAL, IN_X1, IN_X2, IN_DISPERSION };
static const ps_method_column type_input[] = {
    {"type", PS_COLUMN_TEXT, true, "kind of offence"},
    {"part_of", PS_COLUMN_TEXT, false,
     "type that this one is a part of; the parts must add up to it"},
    {"in_total", PS_COLUMN_NUMBER, false,
     "1 when it belongs to total crime; when absent, all do but anti-social behaviour"},
    {"x1", PS_COLUMN_NUMBER, true, "count of the baseline"},
    {"x2", PS_COLUMN_NUMBER, true, "count now"},
    {"dispersion", PS_COLUMN_NUMBER, false, "phi of the monthly series"},
};
enum { P_CONFIDENCE, P_T1, P_T2, P_TOGETHER };
static const ps_method_param type_param[] = {
    PS_PARAM_CONFIDENCE,
    {"t1", PS_COLUMN_NUMBER, "1", NULL, 1e-9, 1e15, "exposure of the baseline"},
    {"t2", PS_COLUMN_NUMBER, "1", NULL, 1e-9, 1e15, "exposure now"},
    {"together", PS_COLUMN_TEXT, "no", "yes|no", 0, 0,
     "limits of the shares hold for all types together (Bonferroni)"},
};
static const ps_method_column type_output[] = {
    {"type", PS_COLUMN_TEXT, true, "as in the input; 'total' last"},
    {"part_of", PS_COLUMN_TEXT, true, "as in the input"},
    {"x1", PS_COLUMN_NUMBER, true, "count of the baseline"},
    {"x2", PS_COLUMN_NUMBER, true, "count now"},
    {"percent", PS_COLUMN_NUMBER, true, "change of the rate"},
    {"rate_ratio", PS_COLUMN_NUMBER, true, "of now to the baseline"},
    {"lower", PS_COLUMN_NUMBER, true, "exact lower limit of the ratio"},
    {"upper", PS_COLUMN_NUMBER, true, "exact upper limit of the ratio"},
    {"p_value", PS_COLUMN_NUMBER, true,
     "exact, two-sided, of all that is no more likely than the data"},
    {"p_quasi", PS_COLUMN_NUMBER, true, "with the dispersion"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"contribution", PS_COLUMN_NUMBER, true,
     "points of the change in the total, or in the type that it is a part of"},
    {"share1", PS_COLUMN_NUMBER, true, "percent of that, baseline"},
    {"share2", PS_COLUMN_NUMBER, true, "percent of that, now"},
    {"share2_lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"share2_upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"status", PS_COLUMN_TEXT, true, "of percent"},
    {"share_status", PS_COLUMN_TEXT, true, "of share2; not-applicable outside the total"},
    {"verdict_by", PS_COLUMN_TEXT, true, "exact or quasi"},
    {"p_verdict", PS_COLUMN_NUMBER, true,
     "of the verdict: of lower and upper (exact), or of the quasi limits"},
    {"quasi_lower", PS_COLUMN_NUMBER, true, "limit of the ratio with the dispersion"},
    {"quasi_upper", PS_COLUMN_NUMBER, true, "limit of the ratio with the dispersion"},
};

typedef struct types {
    double *x1, *x2, *in_total, *dispersion;
    size_t *whole; /* of parts: the row that they are a part of */
    double *parts; /* by row: sums of its parts, baseline and now */
    double total1, total2;
    size_t n_total; /* types in the total */
} types;

static bool is_part(const ps_method_call *call, size_t row) {
    return ps_call_text(call, row, IN_PART_OF).n > 0;
}

static bool counts_for_total(const ps_method_call *call, const types *t, size_t row) {
    if (is_part(call, row)) return false;
    if (ps_call_has(call, IN_IN_TOTAL))
        return isnan(t->in_total[row]) || t->in_total[row] != 0;
    const ps_crime_type *type = ps_crime_type_find(ps_call_text(call, row, IN_TYPE));
    return type == NULL || type->recorded;
}

/* The row of a type by name. */
static ps_status row_of(const ps_method_call *call, size_t part, size_t *out,
                        ps_error *err) {
    ps_str name = ps_call_text(call, part, IN_PART_OF);
    for (size_t row = 0; row < ps_call_rows(call); row++)
        if (row != part && !is_part(call, row) &&
            ps_str_eq(ps_call_text(call, row, IN_TYPE), name)) {
            *out = row;
            return PS_OK;
        }
    return ps_call_refuse(call, part, err,
                          "is a part of '%.*s', which no row has as its type",
                          (int)(name.n < 60 ? name.n : 60), name.p);
}

/* The parts of a type exclude each other and leave nothing out. */
static ps_status check_parts(const ps_method_call *call, types *t, ps_error *err) {
    size_t n = ps_call_rows(call);
    t->whole = ps_alloc(n, sizeof *t->whole);
    t->parts = ps_zalloc(n, 2 * sizeof *t->parts);
    if (t->whole == NULL || t->parts == NULL) return ps_fail_nomem(err);
    for (size_t row = 0; row < n; row++) {
        if (!is_part(call, row)) continue;
        PS_TRY(row_of(call, row, &t->whole[row], err));
        t->parts[2 * t->whole[row]] += t->x1[row];
        t->parts[2 * t->whole[row] + 1] += t->x2[row];
    }
    for (size_t row = 0; row < n; row++) {
        if (!is_part(call, row)) continue;
        size_t whole = t->whole[row];
        double a = t->parts[2 * whole], b = t->parts[2 * whole + 1];
        if ((isnan(a) || a == t->x1[whole]) && (isnan(b) || b == t->x2[whole])) continue;
        ps_str name = ps_call_text(call, whole, IN_TYPE);
        return ps_call_refuse(call, whole, err,
                              "the parts of '%.*s' add up to %.17g and %.17g, but "
                              "it has %.17g and %.17g",
                              (int)(name.n < 60 ? name.n : 60), name.p, a, b,
                              t->x1[whole], t->x2[whole]);
    }
    return PS_OK;
}

/* whole1 NAN: the share of nothing. */
static ps_status write_type(const ps_method_call *call, const types *t, ps_str type,
                            ps_str part_of, double x1, double x2, double dispersion,
                            double whole1, double whole2, ps_error *err) {
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    bool together = ps_call_param_is(call, P_TOGETHER, "yes");
    ps_poisson_change p =
        ps_poisson_change_of(x1, ps_call_param_number(call, P_T1), x2,
                             ps_call_param_number(call, P_T2), dispersion, confidence);
    ps_poisson_change_steps(ps_call_estimate_steps(call, 5), x1,
                            ps_call_param_number(call, P_T1), x2,
                            ps_call_param_number(call, P_T2), &p);
    ps_call_put_text(call, 0, type);
    ps_call_put_text(call, 1, part_of);
    ps_call_put_known(call, 2, x1);
    ps_call_put_known(call, 3, x2);
    ps_call_put_value(call, 4, p.percent);
    ps_call_put_value(call, 5, p.ratio);
    ps_call_put_value(call, 6, p.lower);
    ps_call_put_value(call, 7, p.upper);
    ps_call_put_value(call, 8, p.p_exact);
    ps_call_put_value(call, 9, p.p_quasi);
    ps_call_put_word(call, 10, ps_verdict_text(p.verdict));
    ps_call_put_status(call, 16, p.percent.status);
    ps_call_put_status(call, 17, PS_VALUE_NOT_APPLICABLE);
    ps_call_put_word(call, 18, p.verdict_by);
    ps_call_put_value(call, 19, p.p);
    ps_call_put_value(call, 20, p.quasi_lower);
    ps_call_put_value(call, 21, p.quasi_upper);
    if (!isnan(whole1)) {
        ps_contribution c = ps_contribution_of(x1, x2, whole1, whole2,
                                               together ? t->n_total : 1, confidence);
        if (ps_value_ok(c.points))
            ps_step_add(ps_call_steps(call, 11), c.points.value,
                        "contribution = 100 * (%s - %s) / %s", PS_STEP(x2), PS_STEP(x1),
                        PS_STEP(whole1));
        ps_call_put_value(call, 11, c.points);
        ps_call_put_number(call, 12, c.share1.status, c.share1.value);
        ps_call_put_number(call, 13, c.share2.status, c.share2.value);
        ps_call_put_number(call, 14, c.share2.limits_status, c.share2.lower);
        ps_call_put_number(call, 15, c.share2.limits_status, c.share2.upper);
        ps_call_put_status(call, 17, c.share2.status);
    }
    return ps_call_end_row(call, err);
}

static ps_status run_types(const ps_method_call *call, types *t, ps_error *err) {
    PS_TRY(ps_call_numbers(call, IN_X1, &t->x1, err));
    PS_TRY(ps_call_numbers(call, IN_X2, &t->x2, err));
    PS_TRY(ps_call_numbers(call, IN_IN_TOTAL, &t->in_total, err));
    PS_TRY(ps_call_numbers(call, IN_DISPERSION, &t->dispersion, err));
    PS_TRY(check_parts(call, t, err));
    ps_sum total1 = {0}, total2 = {0};
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        if (!counts_for_total(call, t, row)) continue;
        ps_sum_add(&total1, t->x1[row]);
        ps_sum_add(&total2, t->x2[row]);
        t->n_total++;
    }
    t->total1 = ps_sum_value(&total1);
    t->total2 = ps_sum_value(&total2);
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        double whole1 = (double)NAN, whole2 = (double)NAN;
        if (is_part(call, row)) {
            whole1 = t->x1[t->whole[row]];
            whole2 = t->x2[t->whole[row]];
        } else if (counts_for_total(call, t, row)) {
            whole1 = t->total1;
            whole2 = t->total2;
        }
        PS_TRY(write_type(call, t, ps_call_text(call, row, IN_TYPE),
                          ps_call_text(call, row, IN_PART_OF), t->x1[row], t->x2[row],
                          t->dispersion[row], whole1, whole2, err));
    }
    return write_type(call, t, ps_str_of("total"), ps_str_of(""), t->total1, t->total2,
                      (double)NAN, t->total1, t->total2, err);
}

static ps_status run_type_change(const ps_method_call *call, ps_error *err) {
    types t = {0};
    ps_status status = run_types(call, &t, err);
    ps_free(t.x1);
    ps_free(t.x2);
    ps_free(t.in_total);
    ps_free(t.dispersion);
    ps_free(t.whole);
    ps_free(t.parts);
    return status;
}

const ps_method ps_method_type_change = {
    .id = "type_change",
    .title = "Change by type of offence",
    .formula =
        "each type as in poisson_change: the verdict is that of p_verdict and of the "
        "limits that verdict_by names; contribution = 100 (x2 - x1) / total of "
        "the baseline; share = 100 x / total with Wilson limits. Anti-social "
        "behaviour is incidents and never in total crime; its parts must add up "
        "to it.",
    .source = "Methods note 7.3, 8.5",
    .input = type_input,
    .n_input = PS_LENGTH(type_input),
    .param = type_param,
    .n_param = PS_LENGTH(type_param),
    .output = type_output,
    .n_output = PS_LENGTH(type_output),
    .run = run_type_change,
    .evidence = "poisson.test and prop.test of R, fresh counts: 3e-13",
};

/* ---- shift between places ---- */

enum { IN_SERIES, IN_AREA, IN_MARKED, IN_FIRST, IN_SECOND };
static const ps_method_column shift_input[] = {
    {"series", PS_COLUMN_TEXT, false, "one result per series"},
    {"area_code", PS_COLUMN_TEXT, true, "area"},
    {"marked", PS_COLUMN_NUMBER, true, "1 for areas such as town centres, else 0"},
    {"x1", PS_COLUMN_NUMBER, true, "incidents of the baseline"},
    {"x2", PS_COLUMN_NUMBER, true, "incidents now"},
};
static const ps_method_param shift_param[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "100", NULL, 1, 100000, "of shares and difference"},
};
static const ps_method_column shift_output[] = {
    {"series", PS_COLUMN_TEXT, true, "as in the input"},
    {"marked1", PS_COLUMN_NUMBER, true, "incidents in marked areas, baseline"},
    {"n1", PS_COLUMN_NUMBER, true, "all incidents, baseline"},
    {"marked2", PS_COLUMN_NUMBER, true, "incidents in marked areas, now"},
    {"n2", PS_COLUMN_NUMBER, true, "all incidents, now"},
    {"share1", PS_COLUMN_NUMBER, true, "of marked areas, baseline"},
    {"share2", PS_COLUMN_NUMBER, true, "of marked areas, now"},
    {"difference", PS_COLUMN_NUMBER, true, "share2 - share1"},
    {"lower", PS_COLUMN_NUMBER, true, "Newcombe's lower limit of the difference"},
    {"upper", PS_COLUMN_NUMBER, true, "Newcombe's upper limit of the difference"},
    {"p_value", PS_COLUMN_NUMBER, true,
     "two-sided; Fisher's of all that is no more likely than the data"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"n_missing", PS_COLUMN_INTEGER, true, "areas left out because a figure is missing"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of shares and limits"},
    {"status", PS_COLUMN_TEXT, true, "of difference"},
    {"p_verdict", PS_COLUMN_NUMBER, true, "of the verdict: of z, or Fisher's tail twice"},
    {"tested_lower", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
    {"tested_upper", PS_COLUMN_NUMBER, true, "limit of the difference, as p_verdict"},
};

static ps_status shift_series(const ps_method_call *call, const size_t *rows, size_t n,
                              const double *marked, const double *x1, const double *x2,
                              ps_error *err) {
    ps_sum in1 = {0}, in2 = {0}, all1 = {0}, all2 = {0};
    int64_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        size_t row = rows[i];
        if (isnan(marked[row]) || isnan(x1[row]) || isnan(x2[row])) {
            missing++;
            continue;
        }
        ps_sum_add(&all1, x1[row]);
        ps_sum_add(&all2, x2[row]);
        if (marked[row] == 0) continue;
        ps_sum_add(&in1, x1[row]);
        ps_sum_add(&in2, x2[row]);
    }
    double m = ps_call_param_number(call, 1);
    ps_prop_change c =
        ps_prop_change_of(ps_sum_value(&in1), ps_sum_value(&all1), ps_sum_value(&in2),
                          ps_sum_value(&all2), ps_call_param_number(call, 0));
    ps_prop_change_steps(ps_call_estimate_steps(call, 7), ps_sum_value(&in1),
                         ps_sum_value(&all1), ps_sum_value(&in2), ps_sum_value(&all2), m,
                         ps_call_param_number(call, 0));
    ps_tested_limits_steps(ps_call_steps(call, 16), ps_call_steps(call, 17), &c, m);
    ps_call_put_text(call, 0, ps_call_text(call, rows[0], IN_SERIES));
    ps_call_put_known(call, 1, ps_sum_value(&in1));
    ps_call_put_known(call, 2, ps_sum_value(&all1));
    ps_call_put_known(call, 3, ps_sum_value(&in2));
    ps_call_put_known(call, 4, ps_sum_value(&all2));
    const ps_value values[] = {c.p1, c.p2, c.difference, c.lower, c.upper};
    for (size_t i = 0; i < PS_LENGTH(values); i++)
        ps_call_put_number(call, 5 + i, values[i].status, values[i].value * m);
    ps_call_put_value(call, 10, c.p_value);
    ps_call_put_word(call, 11, ps_verdict_text(c.verdict));
    ps_call_put_int(call, 12, missing);
    ps_call_put_number(call, 13, PS_VALUE_OK, m);
    ps_call_put_status(call, 14, c.difference.status);
    ps_call_put_value(call, 15, c.p);
    ps_call_put_number(call, 16, c.tested_lower.status, c.tested_lower.value * m);
    ps_call_put_number(call, 17, c.tested_upper.status, c.tested_upper.value * m);
    return ps_call_end_row(call, err);
}

static ps_status run_shift(const ps_method_call *call, ps_error *err) {
    size_t *order = NULL, *offset = NULL, n = 0;
    double *marked = NULL, *x1 = NULL, *x2 = NULL;
    ps_status status = ps_call_groups(call, IN_SERIES, &order, &offset, &n, err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_MARKED, &marked, err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_FIRST, &x1, err);
    if (status == PS_OK) status = ps_call_numbers(call, IN_SECOND, &x2, err);
    for (size_t g = 0; status == PS_OK && g < n; g++)
        if (offset[g + 1] > offset[g])
            status = shift_series(call, order + offset[g], offset[g + 1] - offset[g],
                                  marked, x1, x2, err);
    ps_free(x2);
    ps_free(x1);
    ps_free(marked);
    ps_free(offset);
    ps_free(order);
    return status;
}

const ps_method ps_method_place_shift = {
    .id = "place_shift",
    .title = "Shift between kinds of places",
    .formula =
        "share = incidents in marked areas / all incidents, in two periods, "
        "compared as in prop_change: the verdict is that of p_verdict, and the tested "
        "limits leave out 0 exactly when it is clear; Newcombe's belong to no test.",
    .source = "Newcombe 1998; Mee 1984; Fay 2010",
    .input = shift_input,
    .n_input = PS_LENGTH(shift_input),
    .param = shift_param,
    .n_param = PS_LENGTH(shift_param),
    .output = shift_output,
    .n_output = PS_LENGTH(shift_output),
    .run = run_shift,
    .evidence = "prop.test of R and Newcombe's limits from it, fresh areas: 3e-13",
};
