/* Means and their errors are those of a survey in which conversations are the sampling
 * units; with each response its own unit and no weights that is the plain mean with
 * Student's t. */
#include "indicators/place_standard.h"

#include <stdlib.h>
#include <string.h>

#include "indicators/distribution.h"
#include "indicators/false_discovery.h"
#include "indicators/judgement.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rank_test.h"
#include "indicators/rate.h"
#include "indicators/sum.h"
#include "indicators/survey.h"

static const char *const themes[PS_THEMES] = {
    "moving-around",     "public-transport", "traffic-parking",      "streets-spaces",
    "natural-space",     "play-recreation",  "facilities-amenities", "work-local-economy",
    "housing-community", "social-contact",   "identity-belonging",   "feeling-safe",
    "care-maintenance",  "influence-control"};

const char *ps_theme_id(size_t theme) {
    return themes[theme];
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Words in lower case joined by hyphens, without and, &, sense and of. */
static void theme_words(ps_str text, char *out, size_t room) {
    static const char *const skipped[] = {"and", "sense", "of"};
    size_t used = 0;
    for (size_t i = 0; i < text.n;) {
        size_t begin = i, start = used;
        while (i < text.n && is_letter(text.p[i])) i++;
        if (i == begin) {
            i++;
            continue;
        }
        if (used + (i - begin) + 2 > room) break;
        if (used > 0) out[used++] = '-';
        size_t word = used;
        for (size_t k = begin; k < i; k++) out[used++] = (char)(text.p[k] | 0x20);
        out[used] = '\0';
        for (size_t k = 0; k < PS_LENGTH(skipped); k++)
            if (strcmp(out + word, skipped[k]) == 0) used = start;
    }
    out[used] = '\0';
}

int ps_theme_find(ps_str text) {
    char words[64];
    theme_words(text, words, sizeof words);
    for (int i = 0; i < PS_THEMES; i++)
        if (strcmp(words, themes[i]) == 0) return i;
    return -1;
}

/* ---- figures ---- */

typedef struct weighed {
    double score, weight;
} weighed;

static int by_score(const void *a, const void *b) {
    const weighed *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

static ps_value median_of(const weighed *sorted, size_t n, double all) {
    ps_sum below = {0, 0};
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&below, sorted[i].weight);
        double reached = ps_sum_value(&below) - all / 2;
        if (fabs(reached) <= 1e-12 * all && i + 1 < n)
            return ps_value_of((sorted[i].score + sorted[i + 1].score) / 2);
        if (reached > 0) return ps_value_of(sorted[i].score);
    }
    return ps_value_of(sorted[n - 1].score);
}

static void describe(const weighed *sorted, size_t n, ps_theme_figures *out) {
    ps_sum all = {0, 0}, squares = {0, 0}, share[PS_THEME_SCORES] = {{0, 0}};
    double low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        double w = sorted[i].weight, off = sorted[i].score - out->mean.value;
        size_t score = (size_t)sorted[i].score - 1;
        bool half = sorted[i].score > floor(sorted[i].score);
        ps_sum_add(&all, w);
        ps_sum_add(&squares, w * off * off);
        ps_sum_add(&share[score], half ? w / 2 : w);
        if (half) ps_sum_add(&share[score + 1], w / 2);
    }
    double total = out->weight = ps_sum_value(&all);
    for (size_t k = 0; k < PS_THEME_SCORES; k++) {
        out->share[k] = ps_value_of(ps_sum_value(&share[k]) / total);
        if (k < 3) low += out->share[k].value;
        if (k > 3) high += out->share[k].value;
    }
    out->low = ps_value_of(low);
    out->mid = out->share[3];
    out->high = ps_value_of(high);
    out->median = median_of(sorted, n, total);
    out->sd = ps_value_none(PS_VALUE_UNDEFINED);
    if (n > 1)
        out->sd = ps_value_of(
            sqrt(ps_sum_value(&squares) / total * (double)n / (double)(n - 1)));
    out->spread = (ps_value_ok(out->sd) && out->sd.value > 1.75) ||
                  (low >= 0.35 - 1e-12 && high >= 0.35 - 1e-12);
}

/* The mean by survey.h, over the responses with a score. */
static ps_status estimate(const ps_theme_scores *s, const size_t *row, double confidence,
                          ps_theme_figures *out, weighed *list, ps_error *err) {
    size_t n = (size_t)out->n, at;
    double *y = ps_alloc(n, 2 * sizeof *y);
    int32_t *event = ps_alloc(n, sizeof *event);
    size_t *each = ps_alloc(n, sizeof *each);
    ps_survey *survey = NULL;
    ps_survey_figure f;
    ps_status status =
        y == NULL || event == NULL || each == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        double w = s->weight == NULL ? 1 : s->weight[row[i]];
        y[i] = s->score[row[i]];
        y[n + i] = w;
        event[i] = s->event == NULL ? (int32_t)i : s->event[row[i]];
        each[i] = i;
        list[i] = (weighed){y[i], w};
    }
    if (status == PS_OK) {
        ps_survey_design d = {n, y + n, NULL, event, NULL, PS_LONELY_REMOVE};
        status = ps_survey_create(&d, &survey, &at, err);
    }
    if (status == PS_OK) {
        ps_survey_question q = {PS_SURVEY_MEAN, y, NULL, PS_SURVEY_WALD, confidence};
        status = ps_survey_estimate(survey, &q, n, each, &f, err);
    }
    if (status == PS_OK) {
        out->mean = f.value;
        out->se = f.se;
        out->lower = f.lower;
        out->upper = f.upper;
        out->df = (double)f.df;
        qsort(list, n, sizeof *list, by_score);
        describe(list, n, out);
        /* Conversations that happen to agree say nothing about others. */
        if (f.zero_variance && ps_value_ok(out->sd) && out->sd.value > 0)
            out->se = ps_value_none(PS_VALUE_UNDEFINED);
    }
    ps_survey_free(survey);
    ps_free(each);
    ps_free(event);
    ps_free(y);
    return status;
}

ps_status ps_theme_measure(const ps_theme_scores *s, double confidence,
                           ps_theme_figures *out, ps_error *err) {
    const ps_value none = ps_value_none(PS_VALUE_MISSING);
    *out = (ps_theme_figures){.mean = none,
                              .se = none,
                              .lower = none,
                              .upper = none,
                              .sd = none,
                              .median = none,
                              .low = none,
                              .mid = none,
                              .high = none};
    for (size_t k = 0; k < PS_THEME_SCORES; k++) out->share[k] = none;
    size_t *row = ps_alloc(s->n, sizeof *row);
    weighed *list = ps_alloc(s->n, sizeof *list);
    ps_status status = row == NULL || list == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; status == PS_OK && i < s->n; i++) {
        if (s->score[i] >= 1 && s->score[i] <= PS_THEME_SCORES)
            row[out->n++] = i;
        else
            out->n_missing++;
    }
    if (status == PS_OK && out->n > 0)
        status = estimate(s, row, confidence, out, list, err);
    ps_free(list);
    ps_free(row);
    return status;
}

ps_value ps_theme_overall(const ps_theme_figures figures[PS_THEMES]) {
    enum { LEAST_THEMES = 12 };
    ps_sum sum = {0, 0};
    int themes_there = 0, full = 0;
    for (size_t i = 0; i < PS_THEMES; i++) {
        if (!ps_value_ok(figures[i].mean)) continue;
        ps_sum_add(&sum, figures[i].mean.value);
        themes_there++;
        full += figures[i].n >= PS_THEME_LEAST;
    }
    if (full < LEAST_THEMES) return ps_value_none(PS_VALUE_SMALL_BASE);
    return ps_value_of(ps_sum_value(&sum) / themes_there);
}

/* ---- change ---- */

typedef struct known {
    int32_t respondent;
    double score;
} known;

static int by_respondent(const void *a, const void *b) {
    const known *x = a, *y = b;
    return (x->respondent > y->respondent) - (x->respondent < y->respondent);
}

/* Respondents with a score, in order. */
static ps_status list_known(const ps_theme_scores *s, known *list, size_t *n,
                            ps_error *err) {
    *n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->respondent != NULL && s->respondent[i] >= 0 && !isnan(s->score[i]))
            list[(*n)++] = (known){s->respondent[i], s->score[i]};
    if (*n > 1) qsort(list, *n, sizeof *list, by_respondent);
    for (size_t i = 1; i < *n; i++)
        if (list[i].respondent == list[i - 1].respondent)
            return ps_fail(err, PS_FORMAT,
                           "a respondent scores the theme twice in one round");
    return PS_OK;
}

static ps_value pooled_effect(double change, const double *x1, size_t n1,
                              const double *x2, size_t n2) {
    ps_mean a = ps_mean_of(x1, n1, 0.95, false), b = ps_mean_of(x2, n2, 0.95, false);
    double df = (double)(a.n + b.n) - 2;
    double squares = a.deviation * a.deviation * ((double)a.n - 1) +
                     b.deviation * b.deviation * ((double)b.n - 1);
    if (!(df > 0) || !(squares > 0)) return ps_value_none(PS_VALUE_UNDEFINED);
    return ps_value_of(change / sqrt(squares / df));
}

static void set_test(ps_theme_change *c, double se, double df, double confidence) {
    if (!(se > 0) || !(df > 0) || !isfinite(df)) return;
    double reach = ps_student_quantile(1 - (1 - confidence) / 2, df) * se;
    c->lower = ps_value_of(c->change.value - reach);
    c->upper = ps_value_of(c->change.value + reach);
    c->t = ps_value_of(c->change.value / se);
    c->df = ps_value_of(df);
    c->p = ps_value_of(2 * ps_student_cdf(-fabs(c->t.value), df));
}

static void open_test(ps_theme_change *c, const char *name, double change) {
    const ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    *c = (ps_theme_change){.test = name,
                           .n_pairs = c->n_pairs,
                           .change = ps_value_of(change),
                           .lower = none,
                           .upper = none,
                           .t = none,
                           .df = none,
                           .p = none,
                           .p_rank = none,
                           .effect = none,
                           .superior = none};
}

/* x: pairs, first all of before, then all of after, then room for differences. */
static ps_status compare_pairs(double *x, size_t n, double confidence, ps_theme_change *c,
                               ps_error *err) {
    double *difference = x + 2 * n, up = 0;
    ps_rank_test rank;
    for (size_t i = 0; i < n; i++) {
        difference[i] = x[n + i] - x[i];
        up += difference[i] > 0 ? 1 : difference[i] < 0 ? 0 : 0.5;
    }
    ps_mean m = ps_mean_of(difference, n, confidence, false);
    open_test(c, "paired-t", m.estimate.value);
    for (size_t k = 0; k < 2; k++)
        c->mean[k] = ps_mean_of(x + k * n, n, confidence, false).estimate.value;
    set_test(c, m.deviation / sqrt((double)n), (double)n - 1, confidence);
    PS_TRY(ps_wilcoxon_signed_rank(difference, n, &rank, err));
    c->p_rank = rank.p;
    c->effect = pooled_effect(m.estimate.value, x, n, x + n, n);
    c->superior = ps_value_of(up / (double)n);
    return PS_OK;
}

static ps_status match(const ps_theme_scores *before, const ps_theme_scores *after,
                       double confidence, ps_theme_change *c, ps_error *err) {
    size_t most = before->n < after->n ? before->n : after->n, n1 = 0, n2 = 0, n = 0;
    known *first = ps_alloc(before->n, sizeof *first);
    known *second = ps_alloc(after->n, sizeof *second);
    double *x = ps_alloc(most, 3 * sizeof *x);
    ps_status status =
        first == NULL || second == NULL || x == NULL ? ps_fail_nomem(err) : PS_OK;
    if (status == PS_OK) status = list_known(before, first, &n1, err);
    if (status == PS_OK) status = list_known(after, second, &n2, err);
    /* The pairs move to the front of both lists. */
    for (size_t i = 0, k = 0; status == PS_OK && i < n1 && k < n2;) {
        if (first[i].respondent < second[k].respondent) {
            i++;
        } else if (first[i].respondent > second[k].respondent) {
            k++;
        } else {
            first[n] = first[i++];
            second[n++] = second[k++];
        }
    }
    c->n_pairs = (int64_t)n;
    if (status == PS_OK && n >= PS_THEME_LEAST) {
        for (size_t i = 0; i < n; i++) {
            x[i] = first[i].score;
            x[n + i] = second[i].score;
        }
        status = compare_pairs(x, n, confidence, c, err);
    }
    ps_free(x);
    ps_free(second);
    ps_free(first);
    return status;
}

static ps_status compare_rounds(const ps_theme_scores *before,
                                const ps_theme_scores *after, double confidence,
                                ps_theme_change *c, ps_error *err) {
    ps_theme_figures a, b;
    PS_TRY(ps_theme_measure(before, confidence, &a, err));
    PS_TRY(ps_theme_measure(after, confidence, &b, err));
    if (a.n < PS_THEME_LEAST || b.n < PS_THEME_LEAST) return PS_OK;
    double *x = ps_alloc((size_t)(a.n + b.n), sizeof *x);
    if (x == NULL) return ps_fail_nomem(err);
    size_t n1 = 0, n2 = 0;
    for (size_t i = 0; i < before->n; i++)
        if (!isnan(before->score[i])) x[n1++] = before->score[i];
    for (size_t i = 0; i < after->n; i++)
        if (!isnan(after->score[i])) x[n1 + n2++] = after->score[i];
    open_test(c, "welch", b.mean.value - a.mean.value);
    c->mean[0] = a.mean.value, c->mean[1] = b.mean.value;
    if (ps_value_ok(a.se) && ps_value_ok(b.se) && a.df > 0 && b.df > 0) {
        c->se[0] = a.se.value, c->se[1] = b.se.value;
        double v1 = a.se.value * a.se.value, v2 = b.se.value * b.se.value;
        double df = (v1 + v2) * (v1 + v2) / (v1 * v1 / a.df + v2 * v2 / b.df);
        set_test(c, sqrt(v1 + v2), df, confidence);
    }
    ps_rank_test rank;
    ps_status status = ps_mann_whitney(x, n1, x + n1, n2, &rank, err);
    if (status == PS_OK) {
        c->p_rank = rank.p;
        c->effect = pooled_effect(c->change.value, x, n1, x + n1, n2);
        c->superior = rank.greater;
    }
    ps_free(x);
    return status;
}

ps_status ps_theme_compare(const ps_theme_scores *before, const ps_theme_scores *after,
                           bool matched, double confidence, ps_theme_change *out,
                           ps_error *err) {
    *out = (ps_theme_change){.test = ""};
    open_test(out, "", 0);
    const ps_value few = ps_value_none(PS_VALUE_SMALL_BASE);
    out->change = out->lower = out->upper = out->t = out->df = out->p = few;
    out->p_rank = out->effect = out->superior = few;
    return matched ? match(before, after, confidence, out, err)
                   : compare_rounds(before, after, confidence, out, err);
}

/* ---- adaptor ---- */

enum {
    IN_PLACE,
    IN_WARD,
    IN_TYPE,
    IN_ROUND,
    IN_STAGE,
    IN_THEME,
    IN_SCORE,
    IN_SIZE,
    IN_RESPONDENT,
    IN_EVENT
};
static const ps_method_column input[] = {
    {"place", PS_COLUMN_TEXT, true, "neighbourhood, street or town"},
    {"ward", PS_COLUMN_TEXT, false, "carried over; one result per place and ward"},
    {"resp_type", PS_COLUMN_TEXT, false, "individual or group; without it individual"},
    {"round", PS_COLUMN_TEXT, false,
     "of engagement, in order of the text, as 2018, 2021"},
    {"stage", PS_COLUMN_INTEGER, false,
     "1 how good is our place, 2 let's make it better together, 3 how are we doing"},
    {"theme", PS_COLUMN_TEXT, true, "its id, as feeling-safe, or its name on the tool"},
    {"score", PS_COLUMN_NUMBER, true, "1 to 7; empty: not scored"},
    {"group_size", PS_COLUMN_NUMBER, false, "people of a group"},
    {"respondent", PS_COLUMN_TEXT, false, "who answered, for matched=yes"},
    {"event", PS_COLUMN_TEXT, false,
     "conversation the response comes from: responses cluster in it"},
};
enum { P_CONFIDENCE, P_HALF, P_GROUPS, P_MATCHED, P_BASELINE };
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"allow_half", PS_COLUMN_INTEGER, "0", NULL, 0, 1, "1: groups may score halves"},
    {"groups", PS_COLUMN_TEXT, "separate", "separate|weighted", 1, 0,
     "separate: a group is one response, reported apart; weighted: with the individuals, "
     "as many as its size, one sampling unit"},
    {"matched", PS_COLUMN_TEXT, "no", "no|yes", 1, 0,
     "yes: change of respondents who scored in both rounds"},
    {"baseline", PS_COLUMN_TEXT, "", NULL, 1, 0,
     "round that later ones are compared with; else the first of the place"},
};
static const ps_method_column output[] = {
    {"place", PS_COLUMN_TEXT, true, "as in the input"},
    {"ward", PS_COLUMN_TEXT, true, "as in the input"},
    {"resp_type", PS_COLUMN_TEXT, true, "individual, group, or all (groups=weighted)"},
    {"round", PS_COLUMN_TEXT, true, "as in the input"},
    {"stage", PS_COLUMN_TEXT, true, "as in the input"},
    {"theme", PS_COLUMN_TEXT, true, "id; overall: mean of the theme means"},
    {"n", PS_COLUMN_INTEGER, true, "responses; of overall: themes"},
    {"n_missing", PS_COLUMN_INTEGER, true, "responses without a score"},
    {"n_rejected", PS_COLUMN_INTEGER, true, "rows with a score that cannot be"},
    {"mean", PS_COLUMN_NUMBER, true, "1 to 7"},
    {"sd", PS_COLUMN_NUMBER, true, "standard deviation"},
    {"lower", PS_COLUMN_NUMBER, true, "indicative limit of the mean"},
    {"upper", PS_COLUMN_NUMBER, true, "indicative limit of the mean"},
    {"median", PS_COLUMN_NUMBER, true, "middle score"},
    {"p1", PS_COLUMN_NUMBER, true, "per cent with score 1"},
    {"p2", PS_COLUMN_NUMBER, true, "per cent with score 2"},
    {"p3", PS_COLUMN_NUMBER, true, "per cent with score 3"},
    {"p4", PS_COLUMN_NUMBER, true, "per cent with score 4"},
    {"p5", PS_COLUMN_NUMBER, true, "per cent with score 5"},
    {"p6", PS_COLUMN_NUMBER, true, "per cent with score 6"},
    {"p7", PS_COLUMN_NUMBER, true, "per cent with score 7"},
    {"pct_low", PS_COLUMN_NUMBER, true, "per cent with 1 to 3"},
    {"pct_mid", PS_COLUMN_NUMBER, true, "per cent with 4"},
    {"pct_high", PS_COLUMN_NUMBER, true, "per cent with 5 to 7"},
    {"priority_rank", PS_COLUMN_INTEGER, true, "1 = lowest mean; equal means share it"},
    {"spread", PS_COLUMN_INTEGER, true,
     "1 when sd > 1.75, or pct_low and pct_high are both 35 or more"},
    {"baseline_round", PS_COLUMN_TEXT, true, "round that the change is from"},
    {"change", PS_COLUMN_NUMBER, true, "mean less that of the baseline round"},
    {"change_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"change_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"test", PS_COLUMN_TEXT, true, "paired-t or welch; empty below 5 responses"},
    {"n_pairs", PS_COLUMN_INTEGER, true, "respondents of both rounds"},
    {"t", PS_COLUMN_NUMBER, true, "change over its standard error"},
    {"df", PS_COLUMN_NUMBER, true, "Satterthwaite's, or pairs - 1"},
    {"p", PS_COLUMN_NUMBER, true, "two-sided"},
    {"p_adj", PS_COLUMN_NUMBER, true, "Benjamini-Hochberg over the themes of the place"},
    {"p_rank", PS_COLUMN_NUMBER, true, "Wilcoxon signed ranks, or Mann-Whitney"},
    {"effect", PS_COLUMN_NUMBER, true, "change over the pooled sd"},
    {"superior", PS_COLUMN_NUMBER, true, "P(later higher) + P(equal) / 2"},
    {"verdict", PS_COLUMN_TEXT, true,
     "improved or worsened when p_adj is below 1 - confidence; no-clear-change"},
    {"sample", PS_COLUMN_TEXT, true, "self-selected: no random sample"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the intervals"},
    {"status", PS_COLUMN_TEXT, true, "of mean: ok, missing, small-base (overall)"},
    {"limits_status", PS_COLUMN_TEXT, true, "of lower and upper"},
    {"change_status", PS_COLUMN_TEXT, true,
     "of change: ok, small-base, missing, not-applicable in the baseline round"},
};

/* All rows as the functions take them. */
typedef struct loaded {
    ps_codes place, ward, type, round, respondent, event;
    size_t *order;  /* rows by place, ward, type, round */
    int32_t *theme; /* per row */
    double *score;  /* NAN: not scored; rejected ones too */
    double *weight;
    bool *rejected;
    /* The scores of a theme, of the baseline round behind those of the round. */
    double *some_scores, *some_weights;
    int32_t *some_events, *some_respondents;
} loaded;

static void loaded_free(loaded *l) {
    ps_codes *const codes[] = {&l->place, &l->ward,       &l->type,
                               &l->round, &l->respondent, &l->event};
    for (size_t i = 0; i < PS_LENGTH(codes); i++) ps_codes_free(codes[i]);
    void *const blocks[] = {l->order,        l->theme,       l->score,
                            l->weight,       l->rejected,    l->some_scores,
                            l->some_weights, l->some_events, l->some_respondents};
    for (size_t i = 0; i < PS_LENGTH(blocks); i++) ps_free(blocks[i]);
}

static ps_status load_theme(const ps_method_call *call, size_t row, loaded *l,
                            ps_error *err) {
    ps_str text = ps_call_text(call, row, IN_THEME);
    l->theme[row] = ps_theme_find(text);
    if (l->theme[row] >= 0) return PS_OK;
    int near = ps_nearest(text, themes, PS_THEMES);
    return ps_call_refuse(
        call, row, err, "'%.*s' is no theme of the Place Standard%s%s%s",
        (int)(text.n < 60 ? text.n : 60), text.p, near >= 0 ? "; did you mean '" : "",
        near >= 0 ? themes[near] : "", near >= 0 ? "'?" : "");
}

/* What cannot be a score is left out; the rest of the file still counts. */
static void load_score(const ps_method_call *call, size_t row, bool group, loaded *l) {
    bool missing = false, half = group && ps_call_param_number(call, P_HALF) > 0;
    double score = 0;
    ps_status status = ps_call_number(call, row, IN_SCORE, &score, &missing, NULL);
    double steps = half ? 2 * score : score;
    l->rejected[row] =
        status != PS_OK ||
        !(missing || (score >= 1 && score <= PS_THEME_SCORES && steps == floor(steps)));
    l->score[row] = missing || l->rejected[row] ? (double)NAN : score;
}

static ps_status load_row(const ps_method_call *call, size_t row, loaded *l,
                          ps_error *err) {
    bool weighted = ps_call_param_is(call, P_GROUPS, "weighted");
    ps_str type = ps_call_text(call, row, IN_TYPE);
    bool group = ps_str_is(type, "group"), missing = false;
    double stage = 0, size = 0;
    if (!group && type.n > 0 && !ps_str_is(type, "individual"))
        return ps_call_refuse(call, row, err,
                              "resp_type is '%.*s', but has to be individual or group",
                              (int)(type.n < 60 ? type.n : 60), type.p);
    PS_TRY(ps_call_number(call, row, IN_STAGE, &stage, &missing, err));
    if (!missing && !(stage >= 1 && stage <= 3))
        return ps_call_refuse(call, row, err, "stage is %g, but has to be 1, 2 or 3",
                              stage);
    PS_TRY(load_theme(call, row, l, err));
    load_score(call, row, group, l);
    l->weight[row] = 1;
    if (!weighted || !group) return PS_OK;
    PS_TRY(ps_call_number(call, row, IN_SIZE, &size, &missing, err));
    if (missing || !(size >= 1))
        return ps_call_refuse(call, row, err,
                              "groups=weighted needs the group_size of every group, 1 or "
                              "more");
    l->weight[row] = size;
    return PS_OK;
}

static void tell_rejected(const ps_method_call *call, const loaded *l) {
    const bool half = ps_call_param_number(call, P_HALF) > 0;
    size_t rejected = 0, first = 0;
    for (size_t row = ps_call_rows(call); row-- > 0;) {
        if (!l->rejected[row]) continue;
        rejected++;
        first = row;
    }
    ps_call_tell_rejected(call, rejected, first, IN_SCORE,
                          half ? "scores are whole, 1 to 7 (of groups halves, too)"
                               : "scores are whole, 1 to 7");
}

static ps_status load(const ps_method_call *call, loaded *l, ps_error *err) {
    size_t n = ps_call_rows(call);
    ps_codes *const codes[] = {&l->place, &l->ward,       &l->type,
                               &l->round, &l->respondent, &l->event};
    static const size_t inputs[] = {IN_PLACE, IN_WARD,       IN_TYPE,
                                    IN_ROUND, IN_RESPONDENT, IN_EVENT};
    for (size_t i = 0; i < PS_LENGTH(codes); i++)
        PS_TRY(ps_codes_build(call, inputs[i], codes[i], err));
    l->theme = ps_alloc(n, sizeof *l->theme);
    l->score = ps_alloc(n, sizeof *l->score);
    l->weight = ps_alloc(n, sizeof *l->weight);
    l->rejected = ps_zalloc(n, sizeof *l->rejected);
    l->some_scores = ps_alloc(n, 2 * sizeof *l->some_scores);
    l->some_weights = ps_alloc(n, 2 * sizeof *l->some_weights);
    l->some_events = ps_alloc(n, 2 * sizeof *l->some_events);
    l->some_respondents = ps_alloc(n, 2 * sizeof *l->some_respondents);
    if (l->theme == NULL || l->score == NULL || l->weight == NULL ||
        l->rejected == NULL || l->some_scores == NULL || l->some_weights == NULL ||
        l->some_events == NULL || l->some_respondents == NULL)
        return ps_fail_nomem(err);
    for (size_t row = 0; row < n; row++) PS_TRY(load_row(call, row, l, err));
    tell_rejected(call, l);
    /* "" and individual are one type; all are when groups are weighted. */
    bool weighted = ps_call_param_is(call, P_GROUPS, "weighted");
    for (size_t row = 0; row < n; row++)
        l->type.code[row] =
            !weighted && ps_str_is(ps_call_text(call, row, IN_TYPE), "group");
    if (l->type.n < 2) l->type.n = 2;
    const ps_codes *const by[] = {&l->place, &l->ward, &l->type, &l->round};
    return ps_codes_order(by, PS_LENGTH(by), n, &l->order, err);
}

/* A place, ward, type and round: rows order[begin] .. order[end - 1]. */
typedef struct block {
    size_t begin, end;
} block;

/* The scores of a theme in a block; the second half of the room for the baseline. */
static ps_theme_scores gather(const ps_method_call *call, loaded *l, block b, int theme,
                              bool baseline) {
    size_t room = baseline ? ps_call_rows(call) : 0, n = 0;
    for (size_t i = b.begin; i < b.end; i++) {
        size_t row = l->order[i];
        if (l->theme[row] != theme || l->rejected[row]) continue;
        bool nameless = l->respondent.text[l->respondent.code[row]].n == 0;
        l->some_scores[room + n] = l->score[row];
        l->some_weights[room + n] = l->weight[row];
        l->some_events[room + n] = l->event.code[row];
        l->some_respondents[room + n++] = nameless ? -1 : l->respondent.code[row];
    }
    return (ps_theme_scores){n, l->some_scores + room, l->some_weights + room,
                             ps_call_has(call, IN_EVENT) ? l->some_events + room : NULL,
                             l->some_respondents + room};
}

typedef struct block_figures {
    ps_theme_figures theme[PS_THEMES];
    ps_theme_change change[PS_THEMES];
    double p[PS_THEMES], adjusted[PS_THEMES], mean[PS_THEMES];
    int64_t rank[PS_THEMES], rejected[PS_THEMES];
} block_figures;

static ps_status measure_block(const ps_method_call *call, loaded *l, block b,
                               const block *baseline, block_figures *f, ps_error *err) {
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    bool matched = ps_call_param_is(call, P_MATCHED, "yes");
    for (int k = 0; k < PS_THEMES; k++) {
        ps_theme_scores now = gather(call, l, b, k, false);
        PS_TRY(ps_theme_measure(&now, confidence, &f->theme[k], err));
        f->mean[k] = ps_value_ok(f->theme[k].mean) ? f->theme[k].mean.value : (double)NAN;
        f->p[k] = (double)NAN;
        f->rejected[k] = 0;
        for (size_t i = b.begin; i < b.end; i++)
            f->rejected[k] += l->theme[l->order[i]] == k && l->rejected[l->order[i]];
        if (baseline == NULL) continue;
        ps_theme_scores before = gather(call, l, *baseline, k, true);
        PS_TRY(ps_theme_compare(&before, &now, matched, confidence, &f->change[k], err));
        if (ps_value_ok(f->change[k].p)) f->p[k] = f->change[k].p.value;
    }
    PS_TRY(ps_rank_min(f->mean, PS_THEMES, PS_RANK_LOWEST_FIRST, f->rank, err));
    return ps_false_discovery(PS_THEMES, f->p, PS_CORRECTION_BH, f->adjusted, err);
}

static void put_percent(const ps_method_call *call, size_t at, ps_value share) {
    ps_call_put_number(call, at, share.status, 100 * share.value);
}

/* Who, when, and how the sample came about. */
static void put_head(const ps_method_call *call, const loaded *l, block b) {
    size_t row = l->order[b.begin];
    bool weighted = ps_call_param_is(call, P_GROUPS, "weighted");
    ps_call_put_text(call, 0, ps_call_text(call, row, IN_PLACE));
    ps_call_put_text(call, 1, ps_call_text(call, row, IN_WARD));
    ps_call_put_word(call, 2,
                     weighted                 ? "all"
                     : l->type.code[row] == 1 ? "group"
                                              : "individual");
    ps_call_put_text(call, 3, ps_call_text(call, row, IN_ROUND));
    ps_call_put_text(call, 4, ps_call_text(call, row, IN_STAGE));
    ps_call_put_word(call, 40, "self-selected");
    ps_call_put_number(call, 41, PS_VALUE_OK, ps_call_param_number(call, P_CONFIDENCE));
}

static double reach_of(const ps_method_call *call, double df) {
    return ps_student_quantile(1 - (1 - ps_call_param_number(call, P_CONFIDENCE)) / 2,
                               df);
}

static void step_theme(const ps_method_call *call, const ps_theme_figures *t) {
    const ps_estimate_steps to = {ps_call_steps(call, 9), ps_call_steps(call, 11),
                                  ps_call_steps(call, 12)};
    if (to.value == NULL || !ps_value_ok(t->mean)) return;
    ps_step_add(to.value, t->mean.value * t->weight,
                t->weight == (double)t->n ? "scores of %lld responses added up"
                                          : "scores of %lld responses, by weight",
                (long long)t->n);
    ps_step_add(to.value, t->mean.value, "mean = %s / %s",
                PS_STEP(t->mean.value * t->weight), PS_STEP(t->weight));
    if (!ps_value_ok(t->lower) || !ps_value_ok(t->se)) return;
    const double reach = reach_of(call, t->df);
    ps_step_add(to.lower, t->se.value, "standard error, conversations as sampling units");
    ps_step_add(to.lower, reach, "reach of Student's t with %s degrees of freedom",
                PS_STEP(t->df));
    ps_step_limits(to, t->mean.value, reach, t->se.value);
}

static void step_theme_change(const ps_method_call *call, const ps_theme_change *c) {
    const ps_estimate_steps to = ps_call_estimate_steps(call, 27);
    const bool paired = c->n_pairs > 0;
    if (to.value == NULL || !ps_value_ok(c->change)) return;
    if (paired) ps_step_add(to.value, (double)c->n_pairs, "respondents of both rounds");
    ps_step_add(to.value, c->change.value, "change of the mean = %s - %s",
                PS_STEP(c->mean[1]), PS_STEP(c->mean[0]));
    if (!ps_value_ok(c->t) || !ps_value_ok(c->df) || c->t.value == 0) return;
    const double reach = reach_of(call, c->df.value), se = c->change.value / c->t.value;
    if (paired)
        ps_step_add(to.lower, se, "standard error of the respondents' changes");
    else
        ps_step_add(to.lower, se, "standard error = sqrt(%s^2 + %s^2)", PS_STEP(c->se[1]),
                    PS_STEP(c->se[0]));
    ps_step_add(to.lower, reach, "reach of Student's t with %s degrees of freedom (%s)",
                PS_STEP(c->df.value), c->test);
    ps_step_limits(to, c->change.value, reach, se);
}

static void put_change(const ps_method_call *call, const ps_theme_change *c,
                       double adjusted) {
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    const ps_value change[] = {c->change, c->lower, c->upper};
    const ps_value tests[] = {c->t, c->df, c->p};
    const ps_value others[] = {c->p_rank, c->effect, c->superior};
    step_theme_change(call, c);
    ps_call_put_values(call, 27, change, 3);
    ps_call_put_word(call, 30, c->test);
    if (ps_call_param_is(call, P_MATCHED, "yes")) ps_call_put_int(call, 31, c->n_pairs);
    ps_call_put_values(call, 32, tests, 3);
    ps_call_put_known(call, 35, adjusted);
    ps_call_put_values(call, 36, others, 3);
    if (!isnan(adjusted)) {
        double away = adjusted < 1 - confidence ? c->change.value : 0;
        ps_call_put_word(call, 39, ps_judgement_text(ps_judge_interval(away, away, 1)));
    }
    ps_call_put_status(call, 44, c->change.status);
}

static ps_status write_theme(const ps_method_call *call, const loaded *l, block b,
                             const block *baseline, const block_figures *f, size_t k,
                             ps_error *err) {
    const ps_theme_figures *t = &f->theme[k];
    const ps_value means[] = {t->mean, t->sd, t->lower, t->upper, t->median};
    step_theme(call, t);
    put_head(call, l, b);
    ps_call_put_word(call, 5, themes[k]);
    ps_call_put_int(call, 6, t->n);
    ps_call_put_int(call, 7, t->n_missing);
    ps_call_put_int(call, 8, f->rejected[k]);
    ps_call_put_values(call, 9, means, 5);
    for (size_t s = 0; s < PS_THEME_SCORES; s++) put_percent(call, 14 + s, t->share[s]);
    put_percent(call, 21, t->low);
    put_percent(call, 22, t->mid);
    put_percent(call, 23, t->high);
    if (f->rank[k] > 0) ps_call_put_int(call, 24, f->rank[k]);
    if (t->n > 0) ps_call_put_int(call, 25, t->spread);
    ps_call_put_status(call, 42, t->mean.status);
    ps_call_put_status(call, 43, t->lower.status);
    ps_call_put_status(call, 44, PS_VALUE_NOT_APPLICABLE);
    if (baseline != NULL) {
        size_t first = l->order[baseline->begin];
        ps_call_put_text(call, 26, ps_call_text(call, first, IN_ROUND));
        put_change(call, &f->change[k], f->adjusted[k]);
    }
    return ps_call_end_row(call, err);
}

static ps_status write_block(const ps_method_call *call, loaded *l, block b,
                             const block *baseline, ps_error *err) {
    block_figures f;
    PS_TRY(measure_block(call, l, b, baseline, &f, err));
    int64_t there = 0;
    for (size_t k = 0; k < PS_THEMES; k++) {
        if (f.theme[k].n + f.theme[k].n_missing + f.rejected[k] == 0) continue;
        there += f.theme[k].n > 0;
        PS_TRY(write_theme(call, l, b, baseline, &f, k, err));
    }
    ps_value overall = ps_theme_overall(f.theme);
    if (ps_value_ok(overall))
        ps_step_mean(ps_call_steps(call, 9), "mean of the themes", PS_THEMES, f.mean,
                     NULL);
    put_head(call, l, b);
    ps_call_put_word(call, 5, "overall");
    ps_call_put_int(call, 6, there);
    ps_call_put_value(call, 9, overall);
    ps_call_put_status(call, 42, overall.status);
    ps_call_put_status(call, 43, PS_VALUE_NOT_APPLICABLE);
    ps_call_put_status(call, 44, PS_VALUE_NOT_APPLICABLE);
    return ps_call_end_row(call, err);
}

/* The blocks of one place, ward and type, rounds in order. */
static ps_status write_place(const ps_method_call *call, loaded *l, size_t begin,
                             size_t end, ps_error *err) {
    const char *wanted = ps_call_param_text(call, P_BASELINE);
    block baseline = {0, 0};
    bool found = false;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = begin, next; i < end; i = next) {
            int32_t round = l->round.code[l->order[i]];
            for (next = i + 1; next < end && l->round.code[l->order[next]] == round;)
                next++;
            bool is =
                wanted[0] == '\0' ? i == begin : ps_str_is(l->round.text[round], wanted);
            if (pass == 0 && is) {
                baseline = (block){i, next};
                found = true;
            }
            if (pass == 1)
                PS_TRY(write_block(call, l, (block){i, next},
                                   found && i > baseline.begin ? &baseline : NULL, err));
        }
    }
    return PS_OK;
}

static ps_status run_loaded(const ps_method_call *call, loaded *l, ps_error *err) {
    if (ps_call_param_is(call, P_MATCHED, "yes")) {
        if (!ps_call_has(call, IN_RESPONDENT))
            return ps_fail(err, PS_CONFIG, "%s: matched=yes needs the column respondent",
                           ps_table_name(ps_call_table(call)));
        if (ps_call_param_is(call, P_GROUPS, "weighted"))
            return ps_fail(err, PS_CONFIG,
                           "place_standard: matched=yes compares respondents, which "
                           "groups=weighted does not keep apart; give one of them");
    }
    PS_TRY(load(call, l, err));
    const ps_codes *const by[] = {&l->place, &l->ward, &l->type};
    size_t n = ps_call_rows(call);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1;
             next < n && ps_codes_agree(by, 3, l->order[i], l->order[next]);)
            next++;
        ps_status status = write_place(call, l, i, next, err);
        if (status != PS_OK) {
            ps_str place = ps_call_text(call, l->order[i], IN_PLACE);
            ps_fail_prefix(err, "%s: %.*s: ", ps_table_name(ps_call_table(call)),
                           (int)(place.n < 60 ? place.n : 60), place.p);
            return status;
        }
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    loaded l = {.order = NULL};
    ps_status status = run_loaded(call, &l, err);
    loaded_free(&l);
    return status;
}

const ps_method ps_method_place_standard = {
    .id = "place_standard",
    .title = "Place Standard",
    .formula =
        "per place, round and theme: mean -+ t se (se by survey linearisation with "
        "events "
        "as units; without events s / sqrt n), median, per cent of each score, rank by "
        "lowest mean. overall = mean of the theme means when 12 themes have 5 responses. "
        "Change from the baseline round: Welch's t with Satterthwaite's df, or the "
        "paired t "
        "of matched respondents; Mann-Whitney or Wilcoxon beside it; effect = change / "
        "pooled sd; Benjamini-Hochberg over the themes.",
    .source =
        "Place Standard tool (NHS Health Scotland, Architecture & Design Scotland, "
        "Scottish "
        "Government); Welch 1947",
    .evidence =
        "t.test (Welch, paired) and wilcox.test of R, svymean of R survey 4.1.1 for "
        "events, "
        "fresh scores: 3e-14; figures by hand",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
};
