/* The survey methods on tables: a row per respondent, or a row per respondent and answer.
 * Texts become codes, the codes a design (survey.h); every domain is then a list of
 * respondents, the first of them all. */
#include <stdio.h>
#include <string.h>

#include "indicators/change.h"
#include "indicators/false_discovery.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rank_test.h"
#include "indicators/survey.h"

#define SURVEY_SOURCE "Sarndal, Swensson & Wretman 1992; Lumley 2010, Complex Surveys"

/* ---- design and domains ---- */

enum { IN_DOMAIN, IN_WEIGHT, IN_STRATUM, IN_PSU, IN_FPC, IN_OWN };
#define SURVEY_INPUTS                                                                 \
    {"domain", PS_COLUMN_TEXT, false, "ward, age group: one result each, after all"}, \
        {"weight", PS_COLUMN_NUMBER, false, "0 or more; without the column all 1"},   \
        {"stratum", PS_COLUMN_TEXT, false, "without the column one stratum"},         \
        {"psu", PS_COLUMN_TEXT, false,                                                \
         "sampling unit, nested in the stratum; without the column each respondent"}, \
    {                                                                                 \
        "fpc", PS_COLUMN_NUMBER, false,                                               \
            "units of the stratum in the population, or shares drawn, none above 1"   \
    }

enum { P_CONFIDENCE, P_LONELY, P_MULTIPLIER, P_OWN };
#define SURVEY_PARAMS(multiplier)                                                        \
    PS_PARAM_CONFIDENCE,                                                                 \
        {"lonely",                                                                       \
         PS_COLUMN_TEXT,                                                                 \
         "fail",                                                                         \
         "fail|remove|certainty|adjust|average",                                         \
         1,                                                                              \
         0,                                                                              \
         "a stratum with one unit: refuse, count 0, its distance from 0, or the mean "   \
         "of "                                                                           \
         "the others"},                                                                  \
    {                                                                                    \
        "multiplier", PS_COLUMN_NUMBER, multiplier, NULL, 1e-9, 1e12, "100 for per cent" \
    }
enum { P_STATISTIC = P_OWN, P_RULES };
#define PARAM_STATISTIC                                                                \
    {                                                                                  \
        "statistic", PS_COLUMN_TEXT, "auto", "auto|mean|proportion|total|ratio", 1, 0, \
            "auto: proportion when all answers are 0 or 1, else mean; ratio needs x"   \
    }

/* Respondents as the functions take them. */
typedef struct sample {
    size_t n;
    ps_codes domains; /* by table row */
    int32_t *domain;  /* by respondent */
    size_t *order;    /* respondents by domain, those without one first */
    size_t *offset;   /* domain d: order[offset[d]] up to offset[d + 1] */
    size_t *all;      /* 0, 1, 2, ... */
    ps_survey *survey;
} sample;

static void sample_free(sample *s) {
    ps_codes_free(&s->domains);
    ps_free(s->domain);
    ps_free(s->order);
    ps_free(s->offset);
    ps_free(s->all);
    ps_survey_free(s->survey);
}

/* The respondents of a domain; d = -1: all. The text says which. */
static size_t members(const sample *s, int64_t d, const size_t **row, ps_str *text) {
    *text = ps_str_of("all");
    *row = s->all;
    if (d < 0) return s->n;
    *text = s->domains.text[d];
    *row = s->order + s->offset[d];
    return s->offset[d + 1] - s->offset[d];
}

/* Is there a domain of that number? An empty cell is none; without a column there is only
 * the whole. */
static bool is_domain(const sample *s, int64_t d) {
    return d < 0 || s->domains.text[d].n > 0;
}

static ps_status sort_domains(const ps_method_call *call, const size_t *at, sample *s,
                              ps_error *err) {
    PS_TRY(ps_codes_build(call, IN_DOMAIN, &s->domains, err));
    s->domain = ps_alloc(s->n, sizeof *s->domain);
    s->order = ps_alloc(s->n, sizeof *s->order);
    s->all = ps_alloc(s->n, sizeof *s->all);
    s->offset = ps_zalloc(s->domains.n + 2, sizeof *s->offset);
    if (s->domain == NULL || s->order == NULL || s->all == NULL || s->offset == NULL)
        return ps_fail_nomem(err);
    /* offset[d + 1] counts, then runs through the places of domain d. */
    for (size_t i = 0; i < s->n; i++) {
        s->all[i] = i;
        s->domain[i] = s->domains.code[at == NULL ? i : at[i]];
        s->offset[s->domain[i] + 2]++;
    }
    for (size_t d = 2; d < s->domains.n + 2; d++) s->offset[d] += s->offset[d - 1];
    for (size_t i = 0; i < s->n; i++) s->order[s->offset[s->domain[i] + 1]++] = i;
    return PS_OK;
}

/* Codes of a column by respondent, those of another column in front of them. */
static ps_status take_codes(const ps_method_call *call, size_t input, const size_t *at,
                            size_t n, const ps_codes *before, int32_t **out,
                            ps_error *err) {
    *out = NULL;
    bool there = ps_call_has(call, input);
    if (!there && before == NULL) return PS_OK;
    ps_codes codes = {NULL, NULL, 0};
    PS_TRY(ps_codes_build(call, input, &codes, err));
    *out = ps_alloc(n, sizeof **out);
    ps_status status = *out == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        size_t row = at == NULL ? i : at[i];
        int64_t code = codes.code[row];
        if (there && codes.text[code].n == 0)
            status =
                ps_call_refuse(call, row, err, "the %s is empty; give every record one",
                               ps_call_input_name(call, input));
        if (before != NULL) code += (int64_t)before->code[row] * (int64_t)codes.n;
        if (code > INT32_MAX) status = ps_fail(err, PS_LIMIT, "too many strata");
        (*out)[i] = (int32_t)code;
    }
    ps_codes_free(&codes);
    return status;
}

static ps_lonely lonely_of(const ps_method_call *call) {
    if (ps_call_param_is(call, P_LONELY, "fail")) return PS_LONELY_FAIL;
    if (ps_call_param_is(call, P_LONELY, "adjust")) return PS_LONELY_ADJUST;
    if (ps_call_param_is(call, P_LONELY, "average")) return PS_LONELY_AVERAGE;
    return PS_LONELY_REMOVE;
}

static ps_status take_numbers(const ps_method_call *call, size_t input, const size_t *at,
                              size_t n, double **out, ps_error *err) {
    *out = NULL;
    if (!ps_call_has(call, input)) return PS_OK;
    double *all;
    PS_TRY(ps_call_numbers(call, input, &all, err));
    double *own = at == NULL ? all : ps_alloc(n, sizeof *own);
    if (own == NULL) {
        ps_free(all);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n && at != NULL; i++) own[i] = all[at[i]];
    if (at != NULL) ps_free(all);
    *out = own;
    return PS_OK;
}

static ps_status fix_design(const ps_method_call *call, const size_t *at,
                            ps_survey_design *d, sample *s, ps_error *err) {
    size_t where = 0;
    if (d->weight == NULL)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%s has no column weight: every respondent counts 1",
               ps_table_name(ps_call_table(call)));
    ps_status status = ps_survey_create(d, &s->survey, &where, err);
    if (status != PS_FORMAT) return status;
    size_t row = at == NULL ? where : at[where];
    ps_str stratum = ps_call_text(call, row, IN_STRATUM);
    ps_fail_prefix(err,
                   "%s: row %s (stratum '%.*s'): ", ps_table_name(ps_call_table(call)),
                   ps_call_row_text(call, row).text,
                   (int)(stratum.n < 60 ? stratum.n : 60), stratum.p);
    return status;
}

/* Design and domains of n respondents; respondent i has its columns in row at[i], NULL:
 * in row i. samples: codes of independent samples, or NULL. */
static ps_status sample_load(const ps_method_call *call, size_t n, const size_t *at,
                             const ps_codes *samples, sample *s, ps_error *err) {
    double *weight = NULL, *fpc = NULL;
    int32_t *stratum = NULL, *psu = NULL;
    s->n = n;
    ps_status status = sort_domains(call, at, s, err);
    if (status == PS_OK)
        status = take_codes(call, IN_STRATUM, at, n, samples, &stratum, err);
    if (status == PS_OK) status = take_codes(call, IN_PSU, at, n, NULL, &psu, err);
    if (status == PS_OK) status = take_numbers(call, IN_WEIGHT, at, n, &weight, err);
    if (status == PS_OK) status = take_numbers(call, IN_FPC, at, n, &fpc, err);
    if (status == PS_OK) {
        ps_survey_design design = {n, weight, stratum, psu, fpc, lonely_of(call)};
        status = fix_design(call, at, &design, s, err);
    }
    ps_free(weight);
    ps_free(fpc);
    ps_free(stratum);
    ps_free(psu);
    return status;
}

/* ---- the question ---- */

static const char *const statistics[] = {"mean", "proportion", "total", "ratio"};

/* auto is decided by the whole column, so that it is one for all domains. */
static ps_status statistic_of(const ps_method_call *call, const double *y, size_t x,
                              ps_survey_statistic *out, ps_error *err) {
    bool shares = true;
    for (size_t i = 0; i < ps_call_rows(call); i++)
        shares = shares && (isnan(y[i]) || y[i] == 0 || y[i] == 1);
    *out = shares ? PS_SURVEY_PROPORTION : PS_SURVEY_MEAN;
    size_t choice = ps_call_param_choice(call, P_STATISTIC);
    if (choice > 0) *out = (ps_survey_statistic)(choice - 1);
    if (*out == PS_SURVEY_RATIO && !ps_call_has(call, x))
        return ps_fail(err, PS_CONFIG,
                       "%s: statistic=ratio needs the column x, the denominator",
                       ps_table_name(ps_call_table(call)));
    for (size_t i = 0; *out == PS_SURVEY_PROPORTION && !shares && i < ps_call_rows(call);
         i++)
        if (!isnan(y[i]) && y[i] != 0 && y[i] != 1)
            return ps_call_refuse(call, i, err,
                                  "an answer of a proportion has to be 0 or 1, but is %g",
                                  y[i]);
    return PS_OK;
}

static void put_scaled(const ps_method_call *call, size_t output, ps_value value) {
    double scaled = value.value * ps_call_param_number(call, P_MULTIPLIER);
    ps_call_put_number(call, output, value.status, scaled);
}

static void put_flags(const ps_method_call *call, size_t output, ps_survey_flags flags) {
    char text[64] = "";
    if (flags.indicative) strcat(text, "indicative ");
    if (flags.unreliable) strcat(text, "unreliable ");
    if (flags.zero_variance) strcat(text, "zero-variance ");
    ps_call_put_text(call, output, ps_str_trim(ps_str_of(text)));
}

/* ---- svy_mean, deff ---- */

enum { IN_Y = IN_OWN, IN_X };
static const ps_method_column mean_input[] = {
    SURVEY_INPUTS,
    {"y", PS_COLUMN_NUMBER, true, "the answer; 0 or 1 for a proportion; empty: none"},
    {"x", PS_COLUMN_NUMBER, false, "denominator of a ratio"},
};

#define SURVEY_RULES                                                                     \
    {"ci",                                                                               \
     PS_COLUMN_TEXT,                                                                     \
     "wilson-neff",                                                                      \
     "wilson-neff|wilson-neff-df|logit|beta|wald-t",                                     \
     1,                                                                                  \
     0,                                                                                  \
     "limits of a proportion; all else has wald-t"},                                     \
        {"min_base", PS_COLUMN_NUMBER, "30", NULL, 0, 1e9, "fewer answers: small-base"}, \
        {"indicative_base",          PS_COLUMN_NUMBER, "100", NULL, 0, 1e9,              \
         "fewer answers: indicative"},                                                   \
        {"min_count",                                                                    \
         PS_COLUMN_NUMBER,                                                               \
         "0",                                                                            \
         NULL,                                                                           \
         0,                                                                              \
         1e9,                                                                            \
         "a proportion's numerator or complement below it is suppressed, 5 where "       \
         "disclosure applies; what subtraction would tell is for disclose"},             \
        {"min_n_eff",                                                                    \
         PS_COLUMN_NUMBER,                                                               \
         "20",                                                                           \
         NULL,                                                                           \
         0,                                                                              \
         1e9,                                                                            \
         "effective base below it: unreliable"},                                         \
    {                                                                                    \
        "max_half_width", PS_COLUMN_NUMBER, "0.15", NULL, 0, 1,                          \
            "limits of a proportion further than this from their middle: unreliable"     \
    }
enum { RULE_CI, RULE_BASE, RULE_INDICATIVE, RULE_COUNT, RULE_N_EFF, RULE_WIDTH, N_RULES };

static ps_survey_limits limits_of(const ps_method_call *call, size_t first) {
    return (ps_survey_limits)ps_call_param_choice(call, first + RULE_CI);
}

static ps_survey_rules rules_of(const ps_method_call *call, size_t first) {
    return (ps_survey_rules){
        .min_base = ps_call_param_number(call, first + RULE_BASE),
        .indicative_base = ps_call_param_number(call, first + RULE_INDICATIVE),
        .min_count = ps_call_param_number(call, first + RULE_COUNT),
        .min_n_eff = ps_call_param_number(call, first + RULE_N_EFF),
        .max_half_width = ps_call_param_number(call, first + RULE_WIDTH),
    };
}

static const ps_method_param mean_param[] = {
    SURVEY_PARAMS("1"),
    PARAM_STATISTIC,
    SURVEY_RULES,
};

/* What every figure says of itself, and the rules that it went by. */
#define FIGURE_OUTPUTS                                                                  \
    {"base", PS_COLUMN_INTEGER, true, "respondents who answered, unweighted"},          \
        {"n_missing", PS_COLUMN_INTEGER, true, "respondents who did not"},              \
        {"numerator", PS_COLUMN_INTEGER, true, "of a proportion, unweighted"},          \
        {"weighted_base", PS_COLUMN_NUMBER, true, "weights of the base"},               \
        {"n_eff", PS_COLUMN_NUMBER, true, "a simple sample as exact as this"},          \
        {"deff", PS_COLUMN_NUMBER, true,                                                \
         "design effect, against a simple sample with replacement"},                    \
        {"deff_w", PS_COLUMN_NUMBER, true, "Kish: design effect of the weights alone"}, \
        {"value", PS_COLUMN_NUMBER, true, "the estimate"},                              \
        {"se", PS_COLUMN_NUMBER, true, "standard error"},                               \
        {"lower", PS_COLUMN_NUMBER, true, "lower limit"},                               \
        {"upper", PS_COLUMN_NUMBER, true, "upper limit"},                               \
        {"ci_method", PS_COLUMN_TEXT, true,                                             \
         "as asked, or wilson-kish (no variance), census (all units drawn)"},           \
        {"df", PS_COLUMN_INTEGER, true, "units less strata"},                           \
        {"n_psu", PS_COLUMN_INTEGER, true, "sampling units with a respondent of it"},   \
        {"n_strata", PS_COLUMN_INTEGER, true, "strata with a respondent of it"},        \
        {"flags", PS_COLUMN_TEXT, true, "indicative, unreliable, zero-variance"},       \
        {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},                \
        {"multiplier", PS_COLUMN_NUMBER, true, "of value, se and limits"},              \
        {"min_base", PS_COLUMN_NUMBER, true, "rule applied"},                           \
        {"indicative_base", PS_COLUMN_NUMBER, true, "rule applied"},                    \
        {"min_count", PS_COLUMN_NUMBER, true, "rule applied"},                          \
        {"min_n_eff", PS_COLUMN_NUMBER, true, "rule applied"},                          \
        {"max_half_width", PS_COLUMN_NUMBER, true, "rule applied"},                     \
        {"status", PS_COLUMN_TEXT, true,                                                \
         "ok, missing, undefined, small-base, suppressed-primary"},                     \
    {                                                                                   \
        "limits_status", PS_COLUMN_TEXT, true, "ok, or as status"                       \
    }
enum { N_FIGURE = 25 };

static void put_figure(const ps_method_call *call, size_t at, size_t rules_at,
                       ps_survey_statistic statistic, ps_survey_figure *f) {
    ps_survey_rules rules = rules_of(call, rules_at);
    ps_survey_flags flags = ps_survey_apply(&rules, statistic, f);
    ps_call_put_int(call, at++, f->base);
    ps_call_put_int(call, at++, f->records - f->base);
    if (statistic == PS_SURVEY_PROPORTION && ps_value_ok(f->value))
        ps_call_put_int(call, at, f->numerator);
    at++;
    ps_call_put_number(call, at++, PS_VALUE_OK, f->weighted_base);
    ps_call_put_value(call, at++, f->n_eff);
    ps_call_put_value(call, at++, f->deff);
    ps_call_put_value(call, at++, f->kish);
    put_scaled(call, at++, f->value);
    put_scaled(call, at++, f->se);
    put_scaled(call, at++, f->lower);
    put_scaled(call, at++, f->upper);
    ps_call_put_word(call, at++, f->limits);
    ps_call_put_int(call, at++, f->df);
    ps_call_put_int(call, at++, f->psus);
    ps_call_put_int(call, at++, f->strata);
    put_flags(call, at++, flags);
    ps_call_put_number(call, at++, PS_VALUE_OK, ps_call_param_number(call, P_CONFIDENCE));
    ps_call_put_number(call, at++, PS_VALUE_OK, ps_call_param_number(call, P_MULTIPLIER));
    for (size_t i = RULE_BASE; i < N_RULES; i++)
        ps_call_put_number(call, at++, PS_VALUE_OK,
                           ps_call_param_number(call, rules_at + i));
    ps_call_put_status(call, at++, f->value.status);
    ps_call_put_status(call, at, f->lower.status);
}

static const ps_method_column mean_output[] = {
    {"domain", PS_COLUMN_TEXT, true, "as in the input; all: the whole sample"},
    {"statistic", PS_COLUMN_TEXT, true, "mean, proportion, total or ratio"},
    FIGURE_OUTPUTS,
};

static ps_status write_mean(const ps_method_call *call, ps_str domain,
                            const ps_survey_question *q, ps_survey_figure *f,
                            ps_error *err) {
    ps_call_put_text(call, 0, domain);
    ps_call_put_word(call, 1, statistics[q->statistic]);
    put_figure(call, 2, P_RULES, q->statistic, f);
    return ps_call_end_row(call, err);
}

static ps_status write_deff(const ps_method_call *call, ps_str domain,
                            const ps_survey_question *q, ps_survey_figure *f,
                            ps_error *err) {
    double n = (double)f->base;
    ps_call_put_text(call, 0, domain);
    ps_call_put_word(call, 1, statistics[q->statistic]);
    ps_call_put_int(call, 2, f->base);
    ps_call_put_int(call, 3, f->records - f->base);
    ps_call_put_number(call, 4, PS_VALUE_OK, f->weighted_base);
    ps_call_put_number(call, 5, f->se.status, f->se.value * f->se.value);
    if (ps_value_ok(f->deff))
        ps_call_put_number(call, 6, PS_VALUE_OK,
                           f->se.value * f->se.value / f->deff.value);
    ps_call_put_value(call, 7, f->deff);
    ps_call_put_value(call, 8, f->n_eff);
    ps_call_put_value(call, 9, f->kish);
    ps_call_put_number(call, 10, f->kish.status, n / f->kish.value);
    ps_call_put_int(call, 11, f->psus);
    ps_call_put_int(call, 12, f->strata);
    ps_call_put_status(call, 13, f->deff.status);
    return ps_call_end_row(call, err);
}

typedef ps_status (*write_figure)(const ps_method_call *, ps_str,
                                  const ps_survey_question *, ps_survey_figure *,
                                  ps_error *);

static ps_status each_domain(const ps_method_call *call, const sample *s,
                             const ps_survey_question *q, write_figure write,
                             ps_error *err) {
    for (int64_t d = -1; d < (int64_t)s->domains.n; d++) {
        const size_t *row;
        ps_str text;
        ps_survey_figure f;
        if (!is_domain(s, d)) continue;
        size_t m = members(s, d, &row, &text);
        PS_TRY(ps_survey_estimate(s->survey, q, m, row, &f, err));
        PS_TRY(write(call, text, q, &f, err));
    }
    return PS_OK;
}

static ps_status estimate_domains(const ps_method_call *call, ps_survey_limits limits,
                                  write_figure write, ps_error *err) {
    sample s = {.n = 0};
    double *y = NULL, *x = NULL;
    ps_survey_question q = {.limits = limits,
                            .confidence = ps_call_param_number(call, P_CONFIDENCE)};
    ps_status status = ps_call_numbers(call, IN_Y, &y, err);
    if (status == PS_OK) status = statistic_of(call, y, IN_X, &q.statistic, err);
    if (status == PS_OK && q.statistic == PS_SURVEY_RATIO)
        status = ps_call_numbers(call, IN_X, &x, err);
    if (status == PS_OK)
        status = sample_load(call, ps_call_rows(call), NULL, NULL, &s, err);
    q.y = y;
    q.x = x;
    if (status == PS_OK) status = each_domain(call, &s, &q, write, err);
    sample_free(&s);
    ps_free(y);
    ps_free(x);
    return status;
}

static ps_status run_mean(const ps_method_call *call, ps_error *err) {
    return estimate_domains(call, limits_of(call, P_RULES), write_mean, err);
}

static ps_status run_deff(const ps_method_call *call, ps_error *err) {
    return estimate_domains(call, PS_SURVEY_WALD, write_deff, err);
}

const ps_method ps_method_svy_mean = {
    .id = "svy_mean",
    .title = "Survey mean, proportion, total or ratio",
    .formula =
        "value = sum(w y) / sum(w) over the domain's answers (total: sum(w y); ratio: "
        "sum(w y) / sum(w x)). Variance: influences u = w (y - value) / sum(w) are added "
        "up by sampling unit, units without anybody of the domain are 0; sum over strata "
        "of (1 - f) n/(n-1) times the squared distances of the n totals from their mean, "
        "f "
        "= share drawn. df = units - strata of the domain. Proportions: n_eff = p (1 - "
        "p) "
        "/ variance; wilson-neff: Wilson with n_eff; wilson-neff-df: with n* = n_eff "
        "(t(records - 1) / t(df))^2; logit: expit(logit p -+ t se / (p (1 - p))); beta: "
        "Korn-Graubard, beta quantiles with n*; n_eff and n* are at most the answers. "
        "Others: value -+ t(df) se.",
    .source = SURVEY_SOURCE
    "; Korn & Graubard 1998; Kish 1965; Parker et al. 2017, NCHS Vital and Health "
    "Statistics 2(175): the base as the most",
    .evidence =
        "svymean, svytotal, svyratio and svyciprop (beta, xlogit) of R survey 4.1.1, "
        "fresh "
        "designs with strata, clusters, finite populations, lonely units, empty units "
        "and "
        "missing answers: 4e-13; closed forms: 1e-15",
    .input = mean_input,
    .n_input = PS_LENGTH(mean_input),
    .param = mean_param,
    .n_param = PS_LENGTH(mean_param),
    .output = mean_output,
    .n_output = PS_LENGTH(mean_output),
    .run = run_mean,
};

static const ps_method_param deff_param[] = {
    SURVEY_PARAMS("1"),
    PARAM_STATISTIC,
};
static const ps_method_column deff_output[] = {
    {"domain", PS_COLUMN_TEXT, true, "as in the input; all: the whole sample"},
    {"statistic", PS_COLUMN_TEXT, true, "mean, proportion, total or ratio"},
    {"base", PS_COLUMN_INTEGER, true, "respondents who answered, unweighted"},
    {"n_missing", PS_COLUMN_INTEGER, true, "respondents who did not"},
    {"weighted_base", PS_COLUMN_NUMBER, true, "weights of the base"},
    {"variance", PS_COLUMN_NUMBER, true, "of the estimate, by the design"},
    {"simple_variance", PS_COLUMN_NUMBER, true,
     "of a simple sample of this base, with replacement"},
    {"deff", PS_COLUMN_NUMBER, true, "variance / simple_variance"},
    {"n_eff", PS_COLUMN_NUMBER, true, "a simple sample as exact as this"},
    {"deff_w", PS_COLUMN_NUMBER, true, "Kish: design effect of the weights alone"},
    {"n_eff_kish", PS_COLUMN_NUMBER, true, "base / deff_w"},
    {"n_psu", PS_COLUMN_INTEGER, true, "sampling units with a respondent of it"},
    {"n_strata", PS_COLUMN_INTEGER, true, "strata with a respondent of it"},
    {"status", PS_COLUMN_TEXT, true, "of deff: ok, missing, undefined (no variance)"},
};

const ps_method ps_method_deff = {
    .id = "deff",
    .title = "Design effect of a survey",
    .formula =
        "deff = variance / (s^2 / n) with s^2 = n/(n-1) sum(w (y - value)^2) / sum(w): "
        "against a simple sample of the same n drawn with replacement. deff_w = n "
        "sum(w^2) "
        "/ (sum w)^2, n_eff_kish = (sum w)^2 / sum(w^2): what weights alone cost. n_eff "
        "= "
        "p (1 - p) / variance of a proportion, n / deff of others, at most n.",
    .source = "Kish 1965, Survey Sampling; Lumley 2010",
    .evidence =
        "deff='replace' of svymean, R survey 4.1.1, the designs of svy_mean: 4e-13",
    .input = mean_input,
    .n_input = PS_LENGTH(mean_input),
    .param = deff_param,
    .n_param = PS_LENGTH(deff_param),
    .output = deff_output,
    .n_output = PS_LENGTH(deff_output),
    .run = run_deff,
};

/* ---- svy_diff ---- */

enum { IN_GROUP = IN_OWN + 2 };
static const ps_method_column diff_input[] = {
    SURVEY_INPUTS,
    {"y", PS_COLUMN_NUMBER, true, "the answer; 0 or 1 for a proportion; empty: none"},
    {"x", PS_COLUMN_NUMBER, false, "denominator of a ratio"},
    {"group", PS_COLUMN_TEXT, true, "what is compared: wave, ward, sex"},
};
enum { D_COMPARE = P_RULES, D_REFERENCE, D_MIN_BASE };
static const ps_method_param diff_param[] = {
    SURVEY_PARAMS("1"),
    PARAM_STATISTIC,
    {"compare", PS_COLUMN_TEXT, NULL, "samples|groups|all|rest", 1, 0,
     "samples: groups are independent samples, as waves; groups: of one sample; all: "
     "each "
     "group with the whole it is part of; rest: with everybody else"},
    {"reference", PS_COLUMN_TEXT, "", NULL, 1, 0,
     "group that the others are compared with; else the first by name"},
    {"min_base", PS_COLUMN_NUMBER, "30", NULL, 0, 1e9,
     "fewer answers in either: small-base"},
};
static const ps_method_column diff_output[] = {
    {"domain", PS_COLUMN_TEXT, true, "as in the input; all: the whole sample"},
    {"group_1", PS_COLUMN_TEXT, true, "reference group, (all) or (rest)"},
    {"group_2", PS_COLUMN_TEXT, true, "group compared with it"},
    {"base_1", PS_COLUMN_INTEGER, true, "respondents who answered, unweighted"},
    {"base_2", PS_COLUMN_INTEGER, true, "respondents who answered, unweighted"},
    {"weighted_base_1", PS_COLUMN_NUMBER, true, "their weights"},
    {"weighted_base_2", PS_COLUMN_NUMBER, true, "their weights"},
    {"value_1", PS_COLUMN_NUMBER, true, "estimate of group_1"},
    {"value_2", PS_COLUMN_NUMBER, true, "estimate of group_2"},
    {"difference", PS_COLUMN_NUMBER, true, "value_2 - value_1"},
    {"se", PS_COLUMN_NUMBER, true, "standard error of the difference"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit of the difference"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit of the difference"},
    {"t", PS_COLUMN_NUMBER, true, "difference / se"},
    {"df", PS_COLUMN_INTEGER, true, "units - strata - 1"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"p_adjusted", PS_COLUMN_NUMBER, true, "Benjamini-Hochberg over the table"},
    {"verdict", PS_COLUMN_TEXT, true,
     "increase or decrease when p_adjusted is below 1 - confidence; no-clear-change"},
    {"n_psu", PS_COLUMN_INTEGER, true, "sampling units of both"},
    {"n_strata", PS_COLUMN_INTEGER, true, "strata of both"},
    {"statistic", PS_COLUMN_TEXT, true, "mean, proportion, total or ratio"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of values, difference, se and limits"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing, undefined, small-base"},
    {"limits_status", PS_COLUMN_TEXT, true, "ok, or undefined without a variance"},
};

typedef struct pair {
    ps_str domain, name_1, name_2;
    ps_survey_difference d;
} pair;

typedef struct pairs {
    pair *list;
    size_t n, capacity;
    size_t *row_1, *row_2; /* room for every respondent, each */
} pairs;

/* Respondents of a group, of all groups (-1), or of all others (skip). */
static size_t pick(const ps_codes *groups, const size_t *row, size_t m, int32_t group,
                   int32_t skip, size_t *out) {
    size_t n = 0;
    for (size_t i = 0; i < m; i++) {
        int32_t g = groups->code[row[i]];
        if (groups->text[g].n == 0 || g == skip || (group >= 0 && g != group)) continue;
        out[n++] = row[i];
    }
    return n;
}

static ps_status compare_in_domain(const ps_method_call *call, const sample *s,
                                   const ps_survey_question *q, const ps_codes *groups,
                                   int32_t reference, int64_t domain, pairs *all,
                                   ps_error *err) {
    bool whole = ps_call_param_is(call, D_COMPARE, "all");
    bool rest = ps_call_param_is(call, D_COMPARE, "rest");
    const size_t *row;
    ps_str text;
    size_t m = members(s, domain, &row, &text);
    for (int32_t g = 0; g < (int32_t)groups->n; g++) {
        if (groups->text[g].n == 0 || (!whole && !rest && g == reference)) continue;
        PS_TRY(ps_grow((void **)&all->list, &all->capacity, all->n + 1, sizeof *all->list,
                       err));
        pair *p = &all->list[all->n++];
        p->domain = text;
        p->name_2 = groups->text[g];
        p->name_1 = whole  ? ps_str_of("(all)")
                    : rest ? ps_str_of("(rest)")
                           : groups->text[reference];
        size_t m1 = pick(groups, row, m, whole || rest ? -1 : reference, rest ? g : -1,
                         all->row_1);
        size_t m2 = pick(groups, row, m, g, -1, all->row_2);
        PS_TRY(
            ps_survey_compare(s->survey, q, m1, all->row_1, m2, all->row_2, &p->d, err));
        double least = ps_call_param_number(call, D_MIN_BASE);
        ps_survey_difference *d = &p->d;
        ps_value small = ps_value_none(PS_VALUE_SMALL_BASE);
        bool few_1 = (double)d->first.base < least,
             few_2 = (double)d->second.base < least;
        if (few_1 && ps_value_ok(d->first.value)) d->first.value = small;
        if (few_2 && ps_value_ok(d->second.value)) d->second.value = small;
        if ((few_1 || few_2) && ps_value_ok(d->difference))
            d->difference = d->se = d->lower = d->upper = d->t = d->p = small;
    }
    return PS_OK;
}

static ps_status write_pair(const ps_method_call *call, const pair *p, double adjusted,
                            ps_survey_statistic statistic, ps_error *err) {
    const ps_survey_difference *d = &p->d;
    double confidence = ps_call_param_number(call, P_CONFIDENCE);
    ps_call_put_text(call, 0, p->domain);
    ps_call_put_text(call, 1, p->name_1);
    ps_call_put_text(call, 2, p->name_2);
    ps_call_put_int(call, 3, d->first.base);
    ps_call_put_int(call, 4, d->second.base);
    ps_call_put_number(call, 5, PS_VALUE_OK, d->first.weighted_base);
    ps_call_put_number(call, 6, PS_VALUE_OK, d->second.weighted_base);
    put_scaled(call, 7, d->first.value);
    put_scaled(call, 8, d->second.value);
    put_scaled(call, 9, d->difference);
    put_scaled(call, 10, d->se);
    put_scaled(call, 11, d->lower);
    put_scaled(call, 12, d->upper);
    ps_call_put_value(call, 13, d->t);
    if (ps_value_ok(d->se)) ps_call_put_int(call, 14, d->df);
    ps_call_put_value(call, 15, d->p);
    if (ps_value_ok(d->p)) {
        ps_verdict verdict = adjusted >= 1 - confidence ? PS_VERDICT_NO_CLEAR_CHANGE
                             : d->difference.value > 0  ? PS_VERDICT_INCREASE
                                                        : PS_VERDICT_DECREASE;
        ps_call_put_number(call, 16, PS_VALUE_OK, adjusted);
        ps_call_put_word(call, 17, ps_verdict_text(verdict));
    }
    if (ps_value_ok(d->difference)) {
        ps_call_put_int(call, 18, d->psus);
        ps_call_put_int(call, 19, d->strata);
    }
    ps_call_put_word(call, 20, statistics[statistic]);
    ps_call_put_number(call, 21, PS_VALUE_OK, confidence);
    ps_call_put_number(call, 22, PS_VALUE_OK, ps_call_param_number(call, P_MULTIPLIER));
    ps_call_put_status(call, 23, d->difference.status);
    ps_call_put_status(call, 24, d->lower.status);
    return ps_call_end_row(call, err);
}

static ps_status write_pairs(const ps_method_call *call, const pairs *all,
                             ps_survey_statistic statistic, ps_error *err) {
    double *p = ps_alloc(all->n, 2 * sizeof *p);
    if (p == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < all->n; i++) {
        ps_value one = all->list[i].d.p;
        p[i] = ps_value_ok(one) ? one.value : (double)NAN;
    }
    ps_status status = ps_false_discovery(all->n, p, PS_CORRECTION_BH, p + all->n, err);
    for (size_t i = 0; i < all->n && status == PS_OK; i++)
        status = write_pair(call, &all->list[i], p[all->n + i], statistic, err);
    ps_free(p);
    return status;
}

static ps_status find_reference(const ps_method_call *call, const ps_codes *groups,
                                int32_t *out, ps_error *err) {
    const char *wanted = ps_call_param_text(call, D_REFERENCE);
    *out = groups->n > 1 && groups->text[0].n == 0 ? 1 : 0;
    if (wanted[0] == '\0') return PS_OK;
    *out = ps_codes_find(groups, ps_str_of(wanted));
    if (*out >= 0) return PS_OK;
    return ps_fail(err, PS_CONFIG, "%s: no group is called '%.60s' (reference)",
                   ps_table_name(ps_call_table(call)), wanted);
}

static ps_status compare_groups(const ps_method_call *call, const ps_codes *groups,
                                ps_survey_question *q, sample *s, pairs *all,
                                ps_error *err) {
    size_t n = ps_call_rows(call);
    int32_t reference;
    PS_TRY(find_reference(call, groups, &reference, err));
    bool samples = ps_call_param_is(call, D_COMPARE, "samples");
    PS_TRY(sample_load(call, n, NULL, samples ? groups : NULL, s, err));
    all->row_1 = ps_alloc(n, sizeof *all->row_1);
    all->row_2 = ps_alloc(n, sizeof *all->row_2);
    if (all->row_1 == NULL || all->row_2 == NULL) return ps_fail_nomem(err);
    for (int64_t d = -1; d < (int64_t)s->domains.n; d++)
        if (is_domain(s, d))
            PS_TRY(compare_in_domain(call, s, q, groups, reference, d, all, err));
    return write_pairs(call, all, q->statistic, err);
}

static ps_status run_diff(const ps_method_call *call, ps_error *err) {
    sample s = {.n = 0};
    ps_codes groups = {NULL, NULL, 0};
    pairs all = {.n = 0};
    double *y = NULL, *x = NULL;
    ps_survey_question q = {.limits = PS_SURVEY_WALD,
                            .confidence = ps_call_param_number(call, P_CONFIDENCE)};
    ps_status status = ps_call_numbers(call, IN_Y, &y, err);
    if (status == PS_OK) status = statistic_of(call, y, IN_X, &q.statistic, err);
    if (status == PS_OK && q.statistic == PS_SURVEY_RATIO)
        status = ps_call_numbers(call, IN_X, &x, err);
    if (status == PS_OK) status = ps_codes_build(call, IN_GROUP, &groups, err);
    q.y = y;
    q.x = x;
    if (status == PS_OK) status = compare_groups(call, &groups, &q, &s, &all, err);
    ps_free(all.row_1);
    ps_free(all.row_2);
    ps_free(all.list);
    ps_codes_free(&groups);
    sample_free(&s);
    ps_free(y);
    ps_free(x);
    return status;
}

const ps_method ps_method_svy_diff = {
    .id = "svy_diff",
    .title = "Difference of two survey estimates",
    .formula =
        "difference = value_2 - value_1; its variance by linearisation of the difference "
        "itself: each record's influence on value_2 less that on value_1, added up by "
        "sampling unit as in svy_mean, so that overlap, nesting and shared units count. "
        "Independent samples are strata of their own: se^2 = se_1^2 + se_2^2. Limits and "
        "p "
        "by t with units - strata - 1 degrees of freedom.",
    .source = SURVEY_SOURCE "; Benjamini & Hochberg 1995",
    .evidence =
        "svycontrast (domain and whole) and svyttest (groups, waves) of R survey 4.1.1, "
        "the "
        "designs of svy_mean: 2e-12",
    .input = diff_input,
    .n_input = PS_LENGTH(diff_input),
    .param = diff_param,
    .n_param = PS_LENGTH(diff_param),
    .output = diff_output,
    .n_output = PS_LENGTH(diff_output),
    .run = run_diff,
};

/* ---- svy_share ---- */

enum { IN_RESPONDENT = IN_OWN, IN_ANSWER, IN_CHOSEN };
static const ps_method_column share_input[] = {
    SURVEY_INPUTS,
    {"respondent", PS_COLUMN_TEXT, true, "a row for each answer of a respondent"},
    {"answer", PS_COLUMN_TEXT, true, "one of the answers; empty: none was given"},
    {"chosen", PS_COLUMN_INTEGER, false, "1 or 0; without the column every row is 1"},
};
static const ps_method_param share_param[] = {
    SURVEY_PARAMS("100"),
    SURVEY_RULES,
};
static const ps_method_column share_output[] = {
    {"domain", PS_COLUMN_TEXT, true, "as in the input; all: the whole sample"},
    {"answer", PS_COLUMN_TEXT, true, "as in the input"},
    {"rank", PS_COLUMN_INTEGER, true, "1 = highest value; equal values share it"},
    {"lead", PS_COLUMN_NUMBER, true, "value less that of the next answer"},
    {"lead_lower", PS_COLUMN_NUMBER, true, "its limit, same respondents"},
    {"lead_upper", PS_COLUMN_NUMBER, true, "its limit, same respondents"},
    FIGURE_OUTPUTS,
};

/* The answers as numbers: answer a of respondent r in y[a * n + r]. */
typedef struct answers {
    ps_codes respondents, names; /* by table row */
    size_t n, n_answers;
    size_t *at; /* first row of a respondent */
    double *y;
    double *lead;             /* per respondent, scratch */
    ps_survey_figure *figure; /* per answer */
    double *value;
    int64_t *rank;
    size_t *order; /* of answers, by value */
} answers;

static void answers_free(answers *a) {
    ps_codes_free(&a->respondents);
    ps_codes_free(&a->names);
    ps_free(a->at);
    ps_free(a->y);
    ps_free(a->lead);
    ps_free(a->figure);
    ps_free(a->value);
    ps_free(a->rank);
    ps_free(a->order);
}

/* Who a respondent is has to be the same in all its rows. */
static ps_status agrees(const ps_method_call *call, size_t row, size_t first,
                        ps_error *err) {
    for (size_t i = IN_DOMAIN; i < IN_OWN; i++) {
        if (ps_str_eq(ps_call_text(call, row, i), ps_call_text(call, first, i))) continue;
        ps_str who = ps_call_text(call, row, IN_RESPONDENT);
        return ps_call_refuse(
            call, row, err, "%s differs from an earlier row of the respondent '%.*s'",
            ps_call_input_name(call, i), (int)(who.n < 60 ? who.n : 60), who.p);
    }
    return PS_OK;
}

static ps_status take_answer(const ps_method_call *call, size_t row, answers *a,
                             ps_error *err) {
    size_t r = (size_t)a->respondents.code[row], k = (size_t)a->names.code[row];
    double chosen = 1;
    bool missing = false;
    if (a->names.text[k].n == 0) return PS_OK;
    if (ps_call_has(call, IN_CHOSEN))
        PS_TRY(ps_call_number(call, row, IN_CHOSEN, &chosen, &missing, err));
    if (!missing && chosen != 0 && chosen != 1)
        return ps_call_refuse(call, row, err, "chosen has to be 0 or 1, but is %g",
                              chosen);
    if (a->y[k * a->n + r] >= 0)
        return ps_call_refuse(call, row, err,
                              "this answer stands twice for the respondent");
    a->y[k * a->n + r] = missing ? 2 : chosen;
    if (!missing) a->lead[r] = 1;
    return PS_OK;
}

/* While reading: -1 no row, 2 a row without a value; lead: whether anything was answered.
 * Who answered anything did not choose what has no row. */
static ps_status read_answers(const ps_method_call *call, answers *a, ps_error *err) {
    PS_TRY(ps_codes_build(call, IN_RESPONDENT, &a->respondents, err));
    PS_TRY(ps_codes_build(call, IN_ANSWER, &a->names, err));
    a->n = a->respondents.n;
    a->n_answers = a->names.n;
    if (a->n_answers > 0 && a->n > PS_TABLE_MAX_CELLS / a->n_answers)
        return ps_fail(err, PS_LIMIT, "%zu answers of %zu respondents are too many",
                       a->n_answers, a->n);
    size_t cells = a->n * a->n_answers, none = SIZE_MAX;
    a->at = ps_alloc(a->n, sizeof *a->at);
    a->y = ps_alloc(cells, sizeof *a->y);
    a->lead = ps_zalloc(a->n, sizeof *a->lead);
    a->figure = ps_alloc(a->n_answers, sizeof *a->figure);
    a->value = ps_alloc(a->n_answers, sizeof *a->value);
    a->rank = ps_alloc(a->n_answers, sizeof *a->rank);
    a->order = ps_alloc(a->n_answers, sizeof *a->order);
    if (a->at == NULL || a->y == NULL || a->lead == NULL || a->figure == NULL ||
        a->value == NULL || a->rank == NULL || a->order == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < a->n; i++) a->at[i] = none;
    for (size_t i = 0; i < cells; i++) a->y[i] = -1;
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        size_t *first = &a->at[a->respondents.code[row]];
        if (ps_call_text(call, row, IN_RESPONDENT).n == 0)
            return ps_call_refuse(call, row, err, "respondent is empty");
        if (*first == none) *first = row;
        PS_TRY(agrees(call, row, *first, err));
        PS_TRY(take_answer(call, row, a, err));
    }
    for (size_t i = 0; i < cells; i++) {
        bool any = a->lead[i % a->n] > 0;
        if (a->y[i] == 2 || !any) a->y[i] = (double)NAN;
        if (a->y[i] < 0) a->y[i] = 0;
    }
    return PS_OK;
}

/* By rank, equal ones by name; those without a value last. */
static void order_by_rank(answers *a) {
    for (size_t i = 0; i < a->n_answers; i++) {
        size_t at = i;
        int64_t rank = a->rank[i] == 0 ? INT64_MAX : a->rank[i];
        for (; at > 0; at--) {
            int64_t before = a->rank[a->order[at - 1]];
            if ((before == 0 ? INT64_MAX : before) <= rank) break;
            a->order[at] = a->order[at - 1];
        }
        a->order[at] = i;
    }
}

/* The lead of an answer over the next: the mean of the respondents' differences. */
static ps_status lead_over(const sample *s, const ps_survey_question *q, answers *a,
                           size_t k, size_t next, size_t m, const size_t *row,
                           ps_survey_figure *out, ps_error *err) {
    for (size_t i = 0; i < a->n; i++)
        a->lead[i] = a->y[k * a->n + i] - a->y[next * a->n + i];
    ps_survey_question difference = *q;
    difference.statistic = PS_SURVEY_MEAN;
    difference.limits = PS_SURVEY_WALD;
    difference.y = a->lead;
    return ps_survey_estimate(s->survey, &difference, m, row, out, err);
}

static ps_status share_domain(const ps_method_call *call, const sample *s, int64_t d,
                              answers *a, ps_error *err) {
    ps_survey_question q = {.statistic = PS_SURVEY_PROPORTION,
                            .limits = limits_of(call, P_OWN),
                            .confidence = ps_call_param_number(call, P_CONFIDENCE)};
    ps_survey_rules rules = rules_of(call, P_OWN);
    const size_t *row;
    ps_str text;
    size_t m = members(s, d, &row, &text);
    for (size_t k = 0; k < a->n_answers; k++) {
        q.y = a->y + k * a->n;
        PS_TRY(ps_survey_estimate(s->survey, &q, m, row, &a->figure[k], err));
        ps_survey_figure shown = a->figure[k];
        ps_survey_apply(&rules, PS_SURVEY_PROPORTION, &shown);
        bool ranked = ps_value_ok(shown.value) && a->names.text[k].n > 0;
        a->value[k] = ranked ? shown.value.value : (double)NAN;
    }
    PS_TRY(ps_rank_min(a->value, a->n_answers, PS_RANK_HIGHEST_FIRST, a->rank, err));
    order_by_rank(a);
    for (size_t i = 0; i < a->n_answers; i++) {
        size_t k = a->order[i];
        if (a->names.text[k].n == 0) continue;
        ps_call_put_text(call, 0, text);
        ps_call_put_text(call, 1, a->names.text[k]);
        if (a->rank[k] > 0) ps_call_put_int(call, 2, a->rank[k]);
        if (a->rank[k] > 0 && i + 1 < a->n_answers && a->rank[a->order[i + 1]] > 0) {
            ps_survey_figure lead;
            PS_TRY(lead_over(s, &q, a, k, a->order[i + 1], m, row, &lead, err));
            put_scaled(call, 3, lead.value);
            if (lead.zero_variance)
                lead.lower = lead.upper = ps_value_none(PS_VALUE_UNDEFINED);
            put_scaled(call, 4, lead.lower);
            put_scaled(call, 5, lead.upper);
        }
        put_figure(call, 6, P_OWN, PS_SURVEY_PROPORTION, &a->figure[k]);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_share(const ps_method_call *call, ps_error *err) {
    answers a = {.n = 0};
    sample s = {.n = 0};
    ps_status status = read_answers(call, &a, err);
    if (status == PS_OK) status = sample_load(call, a.n, a.at, NULL, &s, err);
    for (int64_t d = -1; status == PS_OK && d < (int64_t)s.domains.n; d++)
        if (is_domain(&s, d)) status = share_domain(call, &s, d, &a, err);
    sample_free(&s);
    answers_free(&a);
    return status;
}

const ps_method ps_method_svy_share = {
    .id = "svy_share",
    .title = "Shares of several answers, ranked",
    .formula =
        "of each answer the weighted share of respondents who gave it, among those who "
        "gave any; estimates and limits as svy_mean; rank by value, highest first; lead "
        "= "
        "value less that of the next answer, the mean of the respondents' differences.",
    .source = SURVEY_SOURCE,
    .evidence = "svy_mean of each answer alone and of the differences: equal",
    .input = share_input,
    .n_input = PS_LENGTH(share_input),
    .param = share_param,
    .n_param = PS_LENGTH(share_param),
    .output = share_output,
    .n_output = PS_LENGTH(share_output),
    .run = run_share,
};
