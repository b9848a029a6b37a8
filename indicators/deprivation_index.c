#include "indicators/deprivation_index.h"

#include <string.h>

#include "engine/core/mem.h"
#include "indicators/deprivation.h"
#include "indicators/method.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

const double ps_imd_weight[PS_IMD_DOMAINS] = {0.225, 0.225, 0.135, 0.135,
                                              0.093, 0.093, 0.093};

double ps_imd_transform(double rank, size_t n) {
    const double scale = 23;
    double areas = (double)n;
    if (!(rank >= 1 && rank <= areas)) return NAN;
    double deprived = (areas + 1 - rank) / areas;
    return -scale * log1p(deprived * expm1(-100 / scale));
}

static bool complete(const double *domains) {
    for (size_t d = 0; d < PS_IMD_DOMAINS; d++)
        if (isnan(domains[d])) return false;
    return true;
}

ps_status ps_imd_build(size_t n, const double *domain_rank,
                       const double weight[PS_IMD_DOMAINS], double *x, double *score,
                       int64_t *rank, ps_error *err) {
    size_t areas = 0;
    for (size_t i = 0; i < n; i++) areas += complete(domain_rank + i * PS_IMD_DOMAINS);
    for (size_t i = 0; i < n; i++) {
        const double *domains = domain_rank + i * PS_IMD_DOMAINS;
        bool whole = complete(domains);
        ps_sum sum = {0, 0};
        for (size_t d = 0; d < PS_IMD_DOMAINS; d++) {
            double transformed =
                whole ? ps_imd_transform(domains[d], areas) : (double)NAN;
            if (whole && isnan(transformed))
                return ps_fail(err, PS_FORMAT,
                               "area %zu has rank %g in domain %zu, but ranks of %zu "
                               "complete areas run from 1 to %zu: rank the complete "
                               "areas among themselves",
                               i + 1, domains[d], d + 1, areas, areas);
            if (x != NULL) x[i * PS_IMD_DOMAINS + d] = transformed;
            if (whole) ps_sum_add(&sum, weight[d] * transformed);
        }
        score[i] = whole ? ps_sum_value(&sum) : (double)NAN;
    }
    return ps_rank_min(score, n, PS_RANK_HIGHEST_FIRST, rank, err);
}

/* ---- adaptor ---- */

static const ps_method_column build_inputs[] = {
    {"area", PS_COLUMN_TEXT, true, "LSOA"},
    {"income", PS_COLUMN_NUMBER, true,
     "rank (1 = most deprived) or score (high = "
     "deprived) in the domain"},
    {"employment", PS_COLUMN_NUMBER, true, "likewise"},
    {"health", PS_COLUMN_NUMBER, true, "likewise"},
    {"education", PS_COLUMN_NUMBER, true, "likewise"},
    {"crime", PS_COLUMN_NUMBER, true, "likewise"},
    {"barriers", PS_COLUMN_NUMBER, true, "likewise"},
    {"living_environment", PS_COLUMN_NUMBER, true, "likewise"},
};
static const ps_method_param build_params[] = {
    {"input", PS_COLUMN_TEXT, "rank", "rank|score", 1, 0, "what the columns hold"},
    {"weights", PS_COLUMN_TEXT, "0.225,0.225,0.135,0.135,0.093,0.093,0.093", NULL, 1, 0,
     "seven numbers in the order of the columns"},
    {"without", PS_COLUMN_TEXT, "none",
     "none|income|employment|health|education|crime|barriers|living_environment", 1, 0,
     "a domain left out, its weight shared among the others: crime, where crime is "
     "compared with deprivation"},
};
static const ps_method_column build_outputs[] = {
    {"area", PS_COLUMN_TEXT, true, "as in the input"},
    {"x_income", PS_COLUMN_NUMBER, true, "transformed domain, 0 to 100"},
    {"x_employment", PS_COLUMN_NUMBER, true, "likewise"},
    {"x_health", PS_COLUMN_NUMBER, true, "likewise"},
    {"x_education", PS_COLUMN_NUMBER, true, "likewise"},
    {"x_crime", PS_COLUMN_NUMBER, true, "likewise"},
    {"x_barriers", PS_COLUMN_NUMBER, true, "likewise"},
    {"x_living_environment", PS_COLUMN_NUMBER, true, "likewise"},
    {"score", PS_COLUMN_NUMBER, true, "weighted sum of the transformed domains"},
    {"rank", PS_COLUMN_INTEGER, true, "1 = highest score"},
    {"decile", PS_COLUMN_INTEGER, true, "1 = most deprived"},
    {"percentile", PS_COLUMN_INTEGER, true, "1 = most deprived"},
    {"n", PS_COLUMN_INTEGER, true, "areas ranked"},
    {"status", PS_COLUMN_TEXT, true, "missing where a domain is absent"},
};

static ps_status read_weights(const char *text, double weight[PS_IMD_DOMAINS],
                              ps_error *err) {
    const char *at = text;
    size_t n = 0;
    for (;; n++) {
        size_t width = strcspn(at, ",");
        double w;
        if (!ps_parse_double(ps_str_trim((ps_str){at, width}), &w) || w < 0) break;
        if (n < PS_IMD_DOMAINS) weight[n] = w;
        at += width;
        if (*at == '\0') {
            n++;
            break;
        }
        at++;
    }
    if (n == PS_IMD_DOMAINS && *at == '\0') return PS_OK;
    return ps_fail(err, PS_CONFIG,
                   "imd_build: weights is '%.100s', but has to be %d numbers of at least "
                   "0 with commas between",
                   text, (int)PS_IMD_DOMAINS);
}

/* Scores to ranks, within the areas that have all domains. */
static ps_status rank_domains(size_t n, double *domains, ps_error *err) {
    double *score = ps_alloc(n, sizeof *score);
    int64_t *rank = ps_alloc(n, sizeof *rank);
    bool *whole = ps_alloc(n, sizeof *whole);
    ps_status status =
        score == NULL || rank == NULL || whole == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        whole[i] = complete(domains + i * PS_IMD_DOMAINS);
    for (size_t d = 0; d < PS_IMD_DOMAINS && status == PS_OK; d++) {
        for (size_t i = 0; i < n; i++)
            score[i] = whole[i] ? domains[i * PS_IMD_DOMAINS + d] : (double)NAN;
        status = ps_rank_min(score, n, PS_RANK_HIGHEST_FIRST, rank, err);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            if (whole[i]) domains[i * PS_IMD_DOMAINS + d] = (double)rank[i];
    }
    ps_free(score);
    ps_free(rank);
    ps_free(whole);
    return status;
}

static ps_status put_built(const ps_method_call *call, size_t row, const double *x,
                           double score, int64_t rank, int64_t areas, ps_error *err) {
    ps_value_status state = rank > 0 ? PS_VALUE_OK : PS_VALUE_MISSING;
    size_t c = 0;
    ps_call_put_text(call, c++, ps_call_text(call, row, 0));
    for (size_t d = 0; d < PS_IMD_DOMAINS; d++)
        ps_call_put_number(call, c++, state, x[d]);
    ps_call_put_number(call, c++, state, score);
    if (rank > 0) {
        ps_call_put_int(call, c, rank);
        ps_call_put_int(call, c + 1, ps_rank_part(rank, areas, 10));
        ps_call_put_int(call, c + 2, ps_rank_part(rank, areas, 100));
    }
    c += 3;
    ps_call_put_int(call, c++, areas);
    ps_call_put_status(call, c++, state);
    return ps_call_end_row(call, err);
}

static ps_status run_build(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call);
    double weight[PS_IMD_DOMAINS];
    PS_TRY(read_weights(ps_call_param_text(call, 1), weight, err));
    size_t without = ps_call_param_choice(call, 2);
    if (without > 0) {
        double left = weight[without - 1];
        if (left >= 1)
            return ps_fail(err, PS_CONFIG,
                           "imd_build: without=%s leaves nothing to share its weight",
                           ps_call_param_text(call, 2));
        for (size_t d = 0; d < PS_IMD_DOMAINS; d++)
            weight[d] = d == without - 1 ? 0 : weight[d] / (1 - left);
    }
    double *domains = ps_alloc(n, PS_IMD_DOMAINS * sizeof *domains);
    double *x = ps_alloc(n, PS_IMD_DOMAINS * sizeof *x);
    double *score = ps_alloc(n, sizeof *score);
    int64_t *rank = ps_alloc(n, sizeof *rank);
    ps_status status = PS_OK;
    if (domains == NULL || x == NULL || score == NULL || rank == NULL)
        status = ps_fail_nomem(err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        for (size_t d = 0; d < PS_IMD_DOMAINS && status == PS_OK; d++) {
            bool missing;
            double *cell = &domains[i * PS_IMD_DOMAINS + d];
            status = ps_call_number(call, i, d + 1, cell, &missing, err);
            if (missing) *cell = NAN;
        }
    if (status == PS_OK && ps_call_param_is(call, 0, "score"))
        status = rank_domains(n, domains, err);
    if (status == PS_OK) status = ps_imd_build(n, domains, weight, x, score, rank, err);
    int64_t areas = 0;
    for (size_t i = 0; i < n && status == PS_OK; i++) areas += rank[i] > 0;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status =
            put_built(call, i, x + i * PS_IMD_DOMAINS, score[i], rank[i], areas, err);
    ps_free(domains);
    ps_free(x);
    ps_free(score);
    ps_free(rank);
    return status;
}

extern const ps_method ps_method_imd_build;
const ps_method ps_method_imd_build = {
    .id = "imd_build",
    .title = "An index of multiple deprivation from its domains",
    .formula =
        "R = (n + 1 - rank) / n; X = -23 ln(1 - R (1 - exp(-100/23))); score = "
        "weighted sum of the seven X, by default 0.225 income, 0.225 employment, "
        "0.135 health, 0.135 education, 0.093 crime, 0.093 barriers, 0.093 living "
        "environment; then ranked, 1 = highest score",
    .source =
        "McLennan et al. 2019, English Indices of Deprivation 2019: Technical "
        "report, chapter 3",
    .evidence =
        "index of 2019 from the published domain ranks of 32,844 LSOAs: scores 0.0014, "
        "ranks of 108 LSOAs by 1 or 2 places, deciles equal; the formula on R's vectors: "
        "3e-16",
    .input = build_inputs,
    .n_input = PS_LENGTH(build_inputs),
    .param = build_params,
    .n_param = PS_LENGTH(build_params),
    .output = build_outputs,
    .n_output = PS_LENGTH(build_outputs),
    .run = run_build,
};
