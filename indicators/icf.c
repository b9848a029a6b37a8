#include "indicators/icf.h"

#include <stdio.h>
#include <stdlib.h>

#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

static const char *const approaches[PS_ICF_APPROACHES] = {
    "connecting", "communicating", "equalising", "trusting", "celebrating"};

const char *ps_icf_approach(size_t approach) {
    return approaches[approach];
}

int ps_icf_find(ps_str text) {
    for (int i = 0; i < PS_ICF_APPROACHES; i++) {
        ps_str name = ps_str_of(approaches[i]);
        size_t same = 0;
        while (same < name.n && same < text.n && (text.p[same] | 0x20) == name.p[same])
            same++;
        if (same == name.n && same == text.n) return i;
    }
    return -1;
}

static ps_value mean_of(size_t n, const double *values, size_t *there) {
    ps_sum sum = {0, 0};
    *there = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i])) continue;
        ps_sum_add(&sum, values[i]);
        (*there)++;
    }
    return *there == 0 ? ps_value_none(PS_VALUE_MISSING)
                       : ps_value_of(ps_sum_value(&sum) / (double)*there);
}

ps_icf_score ps_icf_overall(const double score[PS_ICF_APPROACHES]) {
    size_t there;
    ps_value mean = mean_of(PS_ICF_APPROACHES, score, &there);
    return (ps_icf_score){
        there == PS_ICF_APPROACHES ? mean : ps_value_none(PS_VALUE_MISSING), mean};
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ps_status ps_icf_summarise(size_t n, const double *score, ps_icf_summary *out,
                           ps_error *err) {
    const ps_value none = ps_value_none(PS_VALUE_MISSING);
    *out = (ps_icf_summary){0, none, none, none, none};
    double *there = ps_alloc(n, sizeof *there);
    if (there == NULL) return ps_fail_nomem(err);
    out->mean = mean_of(n, score, &out->n);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(score[i])) there[m++] = score[i];
    if (m > 0) {
        qsort(there, m, sizeof *there, ascending);
        out->median = ps_value_of((there[(m - 1) / 2] + there[m / 2]) / 2);
        out->least = ps_value_of(there[0]);
        out->most = ps_value_of(there[m - 1]);
    }
    ps_free(there);
    return PS_OK;
}

ps_status ps_icf_compare(size_t n, const double *before, const double *after,
                         ps_icf_change *out, ps_error *err) {
    *out = (ps_icf_change){.p = ps_value_none(PS_VALUE_SMALL_BASE)};
    double *change = ps_alloc(n, sizeof *change);
    if (change == NULL) return ps_fail_nomem(err);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(before[i]) && !isnan(after[i])) change[m++] = after[i] - before[i];
    out->mean = mean_of(m, change, &out->matched);
    ps_status status = PS_OK;
    if (m >= PS_ICF_LEAST_TESTED) {
        ps_rank_test test;
        status = ps_wilcoxon_signed_rank(change, m, &test, err);
        if (status == PS_OK) out->p = test.p;
    }
    ps_free(change);
    return status;
}

/* ---- adaptor ---- */

enum { IN_ORGANISATION, IN_DIRECTORATE, IN_YEAR, IN_APPROACH, IN_SCORE, IN_WEIGHT };
static const ps_method_column input[] = {
    {"organisation", PS_COLUMN_TEXT, true, "who evaluates itself"},
    {"directorate", PS_COLUMN_TEXT, false,
     "part of it; an organisation has the mean of its parts"},
    {"year", PS_COLUMN_TEXT, true, "in order of the text, as 2022/23"},
    {"approach", PS_COLUMN_TEXT, true,
     "connecting, communicating, equalising, trusting, celebrating"},
    {"score", PS_COLUMN_NUMBER, true, "on the scale of the tool; empty: none"},
    {"weight", PS_COLUMN_NUMBER, false, "of the directorate; without it all 1"},
};
enum { P_LEAST, P_MOST, P_BASELINE };
static const ps_method_param param[] = {
    {"scale_min", PS_COLUMN_NUMBER, NULL, NULL, 1, 0, "lowest score of the tool"},
    {"scale_max", PS_COLUMN_NUMBER, NULL, NULL, 1, 0, "highest score of the tool"},
    {"baseline", PS_COLUMN_TEXT, "", NULL, 1, 0, "year; else the first"},
};
static const ps_method_column output[] = {
    {"level", PS_COLUMN_TEXT, true, "organisation, or partnership: all of them"},
    {"organisation", PS_COLUMN_TEXT, true, "as in the input; empty of the partnership"},
    {"year", PS_COLUMN_TEXT, true, "as in the input"},
    {"approach", PS_COLUMN_TEXT, true, "as in the input; overall: all five"},
    {"score", PS_COLUMN_NUMBER, true, "mean of directorates; of organisations"},
    {"score100", PS_COLUMN_NUMBER, true,
     "0 at the lowest score of the tool, 100 highest"},
    {"overall", PS_COLUMN_NUMBER, true,
     "of the organisation: mean of the five approaches"},
    {"mean_present", PS_COLUMN_NUMBER, true, "mean of the approaches that are there"},
    {"median", PS_COLUMN_NUMBER, true, "of organisations"},
    {"min", PS_COLUMN_NUMBER, true, "of organisations"},
    {"max", PS_COLUMN_NUMBER, true, "of organisations"},
    {"n", PS_COLUMN_INTEGER, true, "directorates with a score; organisations"},
    {"change_from_baseline", PS_COLUMN_NUMBER, true, "of those there in both years"},
    {"matched", PS_COLUMN_INTEGER, true, "organisations of that change"},
    {"annual_change", PS_COLUMN_NUMBER, true, "from the year before, of those in both"},
    {"annual_matched", PS_COLUMN_INTEGER, true, "organisations of that change"},
    {"p_wilcoxon", PS_COLUMN_NUMBER, true,
     "of the change from the baseline, from 6 organisations on; a description"},
    {"joiners", PS_COLUMN_TEXT, true, "with a score now and none in the baseline year"},
    {"leavers", PS_COLUMN_TEXT, true, "with a score in the baseline year and none now"},
    {"scale_min", PS_COLUMN_NUMBER, true, "of the tool"},
    {"scale_max", PS_COLUMN_NUMBER, true, "of the tool"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, incomplete (overall without all five)"},
};

enum { OVERALL = PS_ICF_APPROACHES, SERIES };

/* score[(year * SERIES + approach) * organisations + organisation] */
typedef struct panel {
    ps_codes organisation, directorate, year, approach;
    double *score, *weight, *present;
    int64_t *parts;
    size_t rejected, first_rejected; /* rows with a score off the scale */
    int32_t baseline;
} panel;

static void panel_free(panel *p) {
    ps_codes_free(&p->organisation);
    ps_codes_free(&p->directorate);
    ps_codes_free(&p->year);
    ps_codes_free(&p->approach);
    ps_free(p->score);
    ps_free(p->weight);
    ps_free(p->present);
    ps_free(p->parts);
}

static size_t place_of(const panel *p, size_t year, size_t series) {
    return (year * SERIES + series) * p->organisation.n;
}

static ps_status refuse_twice(const ps_method_call *call, const panel *p, ps_error *err) {
    const ps_codes *const by[] = {&p->organisation, &p->directorate, &p->year,
                                  &p->approach};
    size_t *order;
    PS_TRY(ps_codes_order(by, 4, ps_call_rows(call), &order, err));
    ps_status status = PS_OK;
    for (size_t i = 1; status == PS_OK && i < ps_call_rows(call); i++)
        if (ps_codes_agree(by, 4, order[i - 1], order[i]))
            status = ps_call_refuse(call, order[i], err,
                                    "the same organisation, directorate, year and "
                                    "approach as in row %s",
                                    ps_call_row_text(call, order[i - 1]).text);
    ps_free(order);
    return status;
}

/* The codes of the approaches are their numbers, however they are written. */
static ps_status find_approaches(const ps_method_call *call, panel *p, ps_error *err) {
    PS_TRY(ps_codes_build(call, IN_APPROACH, &p->approach, err));
    if (p->approach.n < PS_ICF_APPROACHES) p->approach.n = PS_ICF_APPROACHES;
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        ps_str text = ps_call_text(call, row, IN_APPROACH);
        p->approach.code[row] = ps_icf_find(text);
        if (p->approach.code[row] < 0)
            return ps_call_refuse(call, row, err,
                                  "approach is '%.*s', but has to be connecting, "
                                  "communicating, equalising, trusting or celebrating",
                                  (int)(text.n < 60 ? text.n : 60), text.p);
    }
    return PS_OK;
}

static ps_status add_row(const ps_method_call *call, size_t row, panel *p,
                         ps_error *err) {
    double least = ps_call_param_number(call, P_LEAST);
    double most = ps_call_param_number(call, P_MOST), score, weight = 1;
    bool missing;
    if (ps_call_text(call, row, IN_ORGANISATION).n == 0)
        return ps_call_refuse(call, row, err, "organisation is empty");
    if (ps_call_number(call, row, IN_SCORE, &score, &missing, NULL) != PS_OK ||
        (!missing && !(score >= least && score <= most))) {
        if (p->rejected++ == 0) p->first_rejected = row;
        return PS_OK;
    }
    if (missing) return PS_OK;
    if (ps_call_has(call, IN_WEIGHT)) {
        PS_TRY(ps_call_amount(call, row, IN_WEIGHT, &weight, err));
        if (!(weight > 0))
            return ps_call_refuse(call, row, err, "weight has to be above 0");
    }
    size_t at = place_of(p, (size_t)p->year.code[row], (size_t)p->approach.code[row]) +
                (size_t)p->organisation.code[row];
    p->score[at] = (isnan(p->score[at]) ? 0 : p->score[at]) + weight * score;
    p->weight[at] += weight;
    p->parts[at]++;
    return PS_OK;
}

/* Nobody's self-evaluation stands or falls with a slip in another's. */
static void tell_rejected(const ps_method_call *call, const panel *p) {
    char expected[80];
    snprintf(expected, sizeof expected, "the scale of the tool is %g to %g",
             ps_call_param_number(call, P_LEAST), ps_call_param_number(call, P_MOST));
    ps_call_tell_rejected(call, p->rejected, p->first_rejected, IN_SCORE, expected);
}

static ps_status fill_panel(const ps_method_call *call, panel *p, ps_error *err) {
    PS_TRY(ps_codes_build(call, IN_ORGANISATION, &p->organisation, err));
    PS_TRY(ps_codes_build(call, IN_DIRECTORATE, &p->directorate, err));
    PS_TRY(ps_codes_build(call, IN_YEAR, &p->year, err));
    PS_TRY(find_approaches(call, p, err));
    PS_TRY(refuse_twice(call, p, err));
    size_t organisations = p->organisation.n, cells = p->year.n * SERIES;
    if (organisations > 0 && cells > PS_TABLE_MAX_CELLS / organisations)
        return ps_fail(err, PS_LIMIT, "%zu organisations in %zu years are too many",
                       organisations, p->year.n);
    cells *= organisations;
    p->score = ps_alloc(cells, sizeof *p->score);
    p->weight = ps_zalloc(cells, sizeof *p->weight);
    p->parts = ps_zalloc(cells, sizeof *p->parts);
    p->present = ps_alloc(p->year.n * organisations, sizeof *p->present);
    if (p->score == NULL || p->weight == NULL || p->parts == NULL || p->present == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < cells; i++) p->score[i] = (double)NAN;
    for (size_t row = 0; row < ps_call_rows(call); row++)
        PS_TRY(add_row(call, row, p, err));
    tell_rejected(call, p);
    for (size_t i = 0; i < cells; i++)
        if (p->parts[i] > 0) p->score[i] /= p->weight[i];
    for (size_t y = 0; y < p->year.n; y++) {
        for (size_t o = 0; o < organisations; o++) {
            double five[PS_ICF_APPROACHES];
            for (size_t a = 0; a < PS_ICF_APPROACHES; a++)
                five[a] = p->score[place_of(p, y, a) + o];
            ps_icf_score s = ps_icf_overall(five);
            if (ps_value_ok(s.overall))
                p->score[place_of(p, y, OVERALL) + o] = s.overall.value;
            p->present[y * organisations + o] =
                ps_value_ok(s.present) ? s.present.value : (double)NAN;
        }
    }
    return PS_OK;
}

/* Where a score stands on the scale of the tool. */
static void step_score100(const ps_method_call *call, ps_value score) {
    const double least = ps_call_param_number(call, P_LEAST),
                 most = ps_call_param_number(call, P_MOST);
    if (ps_value_ok(score))
        ps_step_add(ps_call_steps(call, 5), 100 * (score.value - least) / (most - least),
                    "score100 = 100 * (%s - %s) / (%s - %s)", PS_STEP(score.value),
                    PS_STEP(least), PS_STEP(most), PS_STEP(least));
}

/* How an organisation's score came about: of its directorates, or of the approaches. */
static void step_organisation(const ps_method_call *call, const panel *p, size_t year,
                              size_t series, size_t o) {
    const size_t at = place_of(p, year, series) + o;
    double five[PS_ICF_APPROACHES];
    for (size_t out = 4; out <= 5; out++) {
        ps_output *steps = ps_call_steps(call, out);
        if (steps == NULL || isnan(p->score[at])) return;
        for (size_t a = 0; a < PS_ICF_APPROACHES; a++)
            five[a] = p->score[place_of(p, year, a) + o];
        if (series == OVERALL)
            ps_step_mean(steps, "mean of the approaches", PS_ICF_APPROACHES, five, NULL);
        else
            ps_step_add(steps, p->score[at],
                        "score, directorates by weight (%lld of them) = %s / %s",
                        (long long)p->parts[at], PS_STEP(p->score[at] * p->weight[at]),
                        PS_STEP(p->weight[at]));
    }
}

/* A change from one year's scores to another's, of the organisations with both. */
static void step_change(const ps_method_call *call, size_t out, size_t n,
                        const double *before, const double *now) {
    ps_output *steps = ps_call_steps(call, out);
    double first = 0, last = 0;
    int matched = 0;
    if (steps == NULL) return;
    for (size_t o = 0; o < n; o++) {
        if (isnan(before[o]) || isnan(now[o])) continue;
        first += before[o], last += now[o], matched++;
    }
    if (matched == 0) return;
    if (matched > 1) {
        ps_step_add(steps, last, "scores added up, of the %d with both years", matched);
        ps_step_add(steps, first, "the same of the earlier year");
    }
    ps_step_add(steps, (last - first) / matched, "change = (%s - %s) / %d", PS_STEP(last),
                PS_STEP(first), matched);
}

static void put_scores(const ps_method_call *call, ps_value score) {
    double least = ps_call_param_number(call, P_LEAST);
    double most = ps_call_param_number(call, P_MOST);
    step_score100(call, score);
    ps_call_put_value(call, 4, score);
    ps_call_put_number(call, 5, score.status,
                       (100 * score.value - 100 * least) / (most - least));
    ps_call_put_number(call, 19, PS_VALUE_OK, least);
    ps_call_put_number(call, 20, PS_VALUE_OK, most);
}

static void put_series(const ps_method_call *call, const panel *p, const char *level,
                       size_t year, size_t series) {
    ps_call_put_word(call, 0, level);
    ps_call_put_text(call, 2, p->year.text[year]);
    ps_call_put_word(call, 3, series == OVERALL ? "overall" : approaches[series]);
}

static ps_value known(double value) {
    return isnan(value) ? ps_value_none(PS_VALUE_MISSING) : ps_value_of(value);
}

static ps_status write_organisation(const ps_method_call *call, const panel *p,
                                    size_t year, size_t o, ps_error *err) {
    double present = p->present[year * p->organisation.n + o];
    if (isnan(present)) return PS_OK; /* takes no part this year */
    for (size_t s = 0; s < SERIES; s++) {
        size_t at = place_of(p, year, s) + o;
        size_t first = place_of(p, (size_t)p->baseline, s) + o;
        ps_value score = known(p->score[at]);
        ps_value change = ps_value_difference(known(p->score[first]), score);
        put_series(call, p, "organisation", year, s);
        ps_call_put_text(call, 1, p->organisation.text[o]);
        step_organisation(call, p, year, s, o);
        put_scores(call, score);
        ps_call_put_known(call, 6, p->score[place_of(p, year, OVERALL) + o]);
        ps_call_put_known(call, 7, present);
        if (s != OVERALL) ps_call_put_int(call, 11, p->parts[at]);
        if (year > (size_t)p->baseline) {
            step_change(call, 12, 1, &p->score[first], &p->score[at]);
            ps_call_put_value(call, 12, change);
            ps_call_put_int(call, 13, ps_value_ok(change));
        }
        if (year > 0) {
            size_t last = place_of(p, year - 1, s) + o;
            change = ps_value_difference(known(p->score[last]), score);
            step_change(call, 14, 1, &p->score[last], &p->score[at]);
            ps_call_put_value(call, 14, change);
            ps_call_put_int(call, 15, ps_value_ok(change));
        }
        ps_call_put_word(call, 21,
                         s == OVERALL && !ps_value_ok(score)
                             ? "incomplete"
                             : ps_value_status_text(score.status));
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

/* The names of the organisations with a score in one year and none in another. */
static ps_status put_names(const ps_method_call *call, const panel *p, size_t at,
                           const double *with, const double *without, ps_error *err) {
    size_t room = 1, used = 0;
    for (size_t o = 0; o < p->organisation.n; o++) room += p->organisation.text[o].n + 2;
    char *names = ps_alloc(room, 1);
    if (names == NULL) return ps_fail_nomem(err);
    for (size_t o = 0; o < p->organisation.n; o++) {
        if (isnan(with[o]) || !isnan(without[o])) continue;
        ps_str name = p->organisation.text[o];
        if (used > 0) {
            names[used++] = ';';
            names[used++] = ' ';
        }
        for (size_t i = 0; i < name.n; i++) names[used++] = name.p[i];
    }
    ps_call_put_text(call, at, (ps_str){names, used});
    ps_free(names);
    return PS_OK;
}

/* Mean, middle, lowest and highest of the organisations. */
static void step_spread(const ps_method_call *call, size_t n, const double *now,
                        const ps_icf_summary *summary) {
    static const char *const of_all = "mean of the organisations";
    ps_step_mean(ps_call_steps(call, 4), of_all, n, now, NULL);
    ps_step_mean(ps_call_steps(call, 5), of_all, n, now, NULL);
    if (summary->n == 0) return;
    ps_step_median(ps_call_steps(call, 8), "median", n, now);
    ps_step_add(ps_call_steps(call, 9), summary->least.value,
                "lowest of %zu organisations", summary->n);
    ps_step_add(ps_call_steps(call, 10), summary->most.value,
                "highest of %zu organisations", summary->n);
}

static ps_status write_partnership(const ps_method_call *call, const panel *p,
                                   size_t year, ps_error *err) {
    size_t n = p->organisation.n;
    for (size_t s = 0; s < SERIES; s++) {
        const double *now = p->score + place_of(p, year, s);
        const double *first = p->score + place_of(p, (size_t)p->baseline, s);
        ps_icf_summary summary;
        ps_icf_change change;
        PS_TRY(ps_icf_summarise(n, now, &summary, err));
        const ps_value spread[] = {summary.median, summary.least, summary.most};
        put_series(call, p, "partnership", year, s);
        step_spread(call, n, now, &summary);
        put_scores(call, summary.mean);
        ps_call_put_values(call, 8, spread, 3);
        ps_call_put_int(call, 11, (int64_t)summary.n);
        if (year > (size_t)p->baseline) {
            PS_TRY(ps_icf_compare(n, first, now, &change, err));
            step_change(call, 12, n, first, now);
            ps_call_put_value(call, 12, change.mean);
            ps_call_put_int(call, 13, (int64_t)change.matched);
            ps_call_put_value(call, 16, change.p);
            PS_TRY(put_names(call, p, 17, now, first, err));
            PS_TRY(put_names(call, p, 18, first, now, err));
        }
        if (year > 0) {
            PS_TRY(ps_icf_compare(n, p->score + place_of(p, year - 1, s), now, &change,
                                  err));
            step_change(call, 14, n, p->score + place_of(p, year - 1, s), now);
            ps_call_put_value(call, 14, change.mean);
            ps_call_put_int(call, 15, (int64_t)change.matched);
        }
        ps_call_put_status(call, 21, summary.mean.status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_panel(const ps_method_call *call, panel *p, ps_error *err) {
    if (!(ps_call_param_number(call, P_LEAST) < ps_call_param_number(call, P_MOST)))
        return ps_fail(err, PS_CONFIG, "icf: scale_min has to be below scale_max");
    PS_TRY(fill_panel(call, p, err));
    const char *wanted = ps_call_param_text(call, P_BASELINE);
    p->baseline = wanted[0] == '\0' ? 0 : ps_codes_find(&p->year, ps_str_of(wanted));
    if (p->baseline < 0)
        return ps_fail(err, PS_CONFIG, "%s: no year is called '%.60s' (baseline)",
                       ps_table_name(ps_call_table(call)), wanted);
    for (size_t y = 0; y < p->year.n; y++) {
        for (size_t o = 0; o < p->organisation.n; o++)
            PS_TRY(write_organisation(call, p, y, o, err));
        PS_TRY(write_partnership(call, p, y, err));
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    panel p = {.score = NULL};
    ps_status status = run_panel(call, &p, err);
    panel_free(&p);
    return status;
}

const ps_method ps_method_icf = {
    .id = "icf",
    .title = "Inclusive Communities Framework self-evaluation",
    .formula =
        "score = mean of the directorates (weighted when weights are given); overall = "
        "mean of the five approaches, all five needed; score100 = 100 (score - "
        "scale_min) "
        "/ (scale_max - scale_min). Partnership: mean, median, lowest and highest of the "
        "organisations; change = mean change of the organisations with a score in both "
        "years.",
    .source = "Inclusive Communities Framework (Kirklees)",
    .evidence = "by hand: 1e-15",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
};
