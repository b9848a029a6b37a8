/* One pass per measure over the LSOAs of an area, in the order given; only local
 * concentration needs them sorted. Sums are compensated, so that the order does not
 * matter beyond the last bit.
 */
#include "indicators/deprivation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

int64_t ps_rank_part(int64_t rank, int64_t country, int64_t parts) {
    return (rank * parts + country - 1) / country;
}

/* How much somebody in this percentile counts towards the extent. */
static double extent_weight(int64_t percentile) {
    if (percentile <= 10) return 1;
    if (percentile > 30) return 0;
    return 0.95 - 0.9 / 19 * (double)(percentile - 11);
}

ps_status ps_deprivation_check(const int64_t *rank, size_t n, int64_t country,
                               ps_error *err) {
    enum { MOST_AREAS = 1000000000 };
    if (country < 1 || country > MOST_AREAS)
        return ps_fail(err, PS_CONFIG,
                       "%" PRId64
                       " areas in the country: a number from 1 to %d was "
                       "expected",
                       country, (int)MOST_AREAS);
    for (size_t i = 0; i < n; i++)
        if (rank[i] < 0 || rank[i] > country)
            return ps_fail(err, PS_FORMAT,
                           "area %zu has rank %" PRId64
                           ", but ranks run from 1 to "
                           "%" PRId64
                           ": ranks and the number of areas of the country "
                           "have to come from one release",
                           i + 1, rank[i], country);
    return PS_OK;
}

typedef struct ranked {
    int64_t rank;
    double population;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *p = a, *q = b;
    if (p->rank != q->rank) return p->rank < q->rank ? -1 : 1;
    return p->population < q->population ? -1 : p->population > q->population;
}

/* The mean reversed rank of the most deprived tenth of the people. */
static double concentration(ranked *area, size_t n, double population, int64_t country) {
    qsort(area, n, sizeof *area, compare_ranked);
    double left = population / 10;
    ps_sum weighted = {0, 0}, weight = {0, 0};
    for (size_t i = 0; i < n && left > 0; i++) {
        double part = area[i].population < left ? area[i].population : left;
        ps_sum_add(&weighted, part * (double)(country + 1 - area[i].rank));
        ps_sum_add(&weight, part);
        left -= part;
    }
    return ps_sum_value(&weighted) / ps_sum_value(&weight);
}

static ps_value ratio(double a, double b) {
    return b > 0 ? ps_value_of(a / b) : ps_value_none(PS_VALUE_UNDEFINED);
}

ps_status ps_deprivation_summarise(const double *score, const int64_t *rank,
                                   const double *population, size_t n, int64_t country,
                                   ps_deprivation *out, ps_error *err) {
    const ps_value none = ps_value_none(PS_VALUE_MISSING);
    *out = (ps_deprivation){.average_score = none,
                            .average_rank = none,
                            .share_decile1 = none,
                            .share_percent1 = none,
                            .people_decile1 = none,
                            .extent = none,
                            .local_concentration = none};
    PS_TRY(ps_deprivation_check(rank, n, country, err));
    ranked *areas = ps_alloc(n, sizeof *areas);
    if (areas == NULL) return ps_fail_nomem(err);
    ps_sum people = {0, 0}, scores = {0, 0}, ranks = {0, 0}, extent = {0, 0};
    ps_sum deprived = {0, 0};
    bool scored = score != NULL;
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (!ps_deprivation_counts(rank[i], population[i])) continue;
        double p = population[i];
        areas[counted++] = (ranked){rank[i], p};
        int64_t percentile = ps_rank_part(rank[i], country, 100);
        bool decile1 = ps_rank_part(rank[i], country, 10) == 1;
        out->decile1 += decile1;
        out->percent1 += percentile == 1;
        ps_sum_add(&people, p);
        ps_sum_add(&ranks, p * (double)(country + 1 - rank[i]));
        ps_sum_add(&extent, p * extent_weight(percentile));
        if (decile1) ps_sum_add(&deprived, p);
        if (!scored) continue;
        scored = isfinite(score[i]);
        ps_sum_add(&scores, p * score[i]);
    }
    out->areas = (int64_t)counted;
    out->without_rank = (int64_t)(n - counted);
    out->population = ps_sum_value(&people);
    if (counted > 0) {
        const double all = out->population, of_areas = (double)counted;
        out->share_decile1 = ps_value_of((double)out->decile1 / of_areas);
        out->share_percent1 = ps_value_of((double)out->percent1 / of_areas);
        if (scored) out->average_score = ratio(ps_sum_value(&scores), all);
        out->average_rank = ratio(ps_sum_value(&ranks), all);
        out->people_decile1 = ratio(ps_sum_value(&deprived), all);
        out->extent = ratio(ps_sum_value(&extent), all);
        out->local_concentration =
            all > 0 ? ps_value_of(concentration(areas, counted, all, country))
                    : ps_value_none(PS_VALUE_UNDEFINED);
    }
    ps_free(areas);
    return PS_OK;
}

/* ---- adaptor ---- */

ps_status ps_deprivation_ranks(const ps_method_call *call, const ps_call_group *group,
                               size_t k, int64_t country, int64_t **out, ps_error *err) {
    const double *column = group->column[k];
    int64_t *rank = ps_alloc(group->n, sizeof *rank);
    *out = NULL;
    if (rank == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < group->n; i++) {
        if (!(column[i] < 1 || column[i] > (double)country)) {
            rank[i] = isnan(column[i]) ? 0 : (int64_t)column[i];
            continue;
        }
        ps_free(rank);
        return ps_call_refuse(call, group->row[i], err,
                              "rank %.17g, but ranks run from 1 to %" PRId64
                              ": give the number of areas that were ranked",
                              column[i], country);
    }
    *out = rank;
    return PS_OK;
}

enum { IN_AREA, IN_RANK, IN_PEOPLE, IN_SCORE, IN_INCOME, IN_EMPLOYMENT };
static const ps_method_column summary_inputs[] = {
    {"area", PS_COLUMN_TEXT, false, "the larger area that the row belongs to"},
    {"rank", PS_COLUMN_INTEGER, true, "rank of the LSOA, 1 = most deprived"},
    {"population", PS_COLUMN_NUMBER, true, "people, as the index counts them"},
    {"score", PS_COLUMN_NUMBER, false, "score of the LSOA"},
    {"income_people", PS_COLUMN_NUMBER, false, "people in income deprivation"},
    {"employment_people", PS_COLUMN_NUMBER, false, "people in employment deprivation"},
};
static const ps_method_param summary_params[] = {PS_PARAM_COUNTRY("country")};
static const ps_method_column summary_outputs[] = {
    {"area", PS_COLUMN_TEXT, true, "as in the input"},
    {"n_lsoa", PS_COLUMN_INTEGER, true, "LSOAs counted"},
    {"n_missing", PS_COLUMN_INTEGER, true, "LSOAs without rank or population"},
    {"pop", PS_COLUMN_NUMBER, true, "people in the LSOAs counted"},
    {"avg_score", PS_COLUMN_NUMBER, true, "mean score over people"},
    {"avg_rank", PS_COLUMN_NUMBER, true, "mean reversed rank over people"},
    {"n_decile1", PS_COLUMN_INTEGER, true, "LSOAs in the most deprived 10 %"},
    {"prop_decile1", PS_COLUMN_NUMBER, true, "their share of the LSOAs"},
    {"n_pct1", PS_COLUMN_INTEGER, true, "LSOAs in the most deprived 1 %"},
    {"prop_pct1", PS_COLUMN_NUMBER, true, "their share of the LSOAs"},
    {"pop_share_decile1", PS_COLUMN_NUMBER, true, "share of people in decile 1"},
    {"extent", PS_COLUMN_NUMBER, true, "people in the most deprived 30 %, weighed"},
    {"local_concentration", PS_COLUMN_NUMBER, true,
     "mean reversed rank of the most deprived 10 % of people"},
    {"income_scale", PS_COLUMN_NUMBER, true, "people in income deprivation"},
    {"employment_scale", PS_COLUMN_NUMBER, true, "people in employment deprivation"},
    {"rank_avg_score", PS_COLUMN_INTEGER, true, "rank among the areas, 1 = highest"},
    {"rank_avg_rank", PS_COLUMN_INTEGER, true, "likewise"},
    {"rank_prop_decile1", PS_COLUMN_INTEGER, true, "likewise"},
    {"rank_extent", PS_COLUMN_INTEGER, true, "likewise"},
    {"rank_local_concentration", PS_COLUMN_INTEGER, true, "likewise"},
    {"rank_income_scale", PS_COLUMN_INTEGER, true, "likewise"},
    {"rank_employment_scale", PS_COLUMN_INTEGER, true, "likewise"},
    {"country", PS_COLUMN_INTEGER, true, "areas that were ranked together"},
    {"flag", PS_COLUMN_TEXT, true, "n_lsoa<3 for an area of fewer than three LSOAs"},
    {"avg_score_status", PS_COLUMN_TEXT, true, "of avg_score"},
    {"prop_status", PS_COLUMN_TEXT, true, "of the shares of LSOAs"},
    {"status", PS_COLUMN_TEXT, true, "of what people are weighed in"},
};

enum { SUMMARY_RANKS = 7 };

/* One larger area: its summary, the scales, and the ranks once all are known. */
typedef struct summary_row {
    bool used;
    ps_str name;
    ps_deprivation d;
    ps_value scale[2];
    int64_t rank[SUMMARY_RANKS];
} summary_row;

static ps_value summary_measure(const summary_row *row, size_t which) {
    const ps_value all[SUMMARY_RANKS] = {
        row->d.average_score, row->d.average_rank,        row->d.share_decile1,
        row->d.extent,        row->d.local_concentration, row->scale[0],
        row->scale[1]};
    return all[which];
}

static ps_status rank_summaries(summary_row *row, size_t n, ps_error *err) {
    double *value = ps_alloc(n, sizeof *value);
    int64_t *rank = ps_alloc(n, sizeof *rank);
    ps_status status = value == NULL || rank == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t m = 0; m < SUMMARY_RANKS && status == PS_OK; m++) {
        for (size_t i = 0; i < n; i++) {
            ps_value v = summary_measure(&row[i], m);
            value[i] = ps_value_ok(v) ? v.value : (double)NAN;
        }
        status = ps_rank_min(value, n, PS_RANK_HIGHEST_FIRST, rank, err);
        for (size_t i = 0; i < n && status == PS_OK; i++) row[i].rank[m] = rank[i];
    }
    ps_free(value);
    ps_free(rank);
    return status;
}

/* The sum of a stretch; missing when a part is. */
static ps_value sum_of(const double *value, size_t n) {
    ps_sum sum = {0, 0};
    if (value == NULL) return ps_value_none(PS_VALUE_MISSING);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) return ps_value_none(PS_VALUE_MISSING);
        ps_sum_add(&sum, value[i]);
    }
    return ps_value_of(ps_sum_value(&sum));
}

/* A mean over the people of the LSOAs. */
static void step_people_mean(ps_output *steps, const char *what, ps_value mean,
                             double people) {
    if (!ps_value_ok(mean)) return;
    ps_step_add(steps, mean.value * people, "people of each LSOA times its %s, added up",
                what);
    ps_step_add(steps, mean.value, "mean over people = %s / %s",
                PS_STEP(mean.value * people), PS_STEP(people));
}

static void step_share(ps_output *steps, ps_value share, int64_t count, int64_t areas) {
    if (ps_value_ok(share))
        ps_step_add(steps, share.value, "share = %lld / %lld", (long long)count,
                    (long long)areas);
}

static void step_summary(const ps_method_call *call, const summary_row *row,
                         int64_t country) {
    const ps_deprivation *d = &row->d;
    static const char *const scale[] = {"income", "employment"};
    char reversed[60];
    snprintf(reversed, sizeof reversed, "reversed rank (%lld + 1 - rank)",
             (long long)country);
    step_people_mean(ps_call_steps(call, 4), "score", d->average_score, d->population);
    step_people_mean(ps_call_steps(call, 5), reversed, d->average_rank, d->population);
    ps_step_add(ps_call_steps(call, 6), (double)d->decile1,
                "LSOAs of the %lld here with a rank up to 10 %% of %lld",
                (long long)d->areas, (long long)country);
    step_share(ps_call_steps(call, 7), d->share_decile1, d->decile1, d->areas);
    ps_step_add(ps_call_steps(call, 8), (double)d->percent1,
                "LSOAs of the %lld here with a rank up to 1 %% of %lld",
                (long long)d->areas, (long long)country);
    step_share(ps_call_steps(call, 9), d->share_percent1, d->percent1, d->areas);
    for (size_t k = 0; k < 2; k++)
        if (ps_value_ok(row->scale[k]))
            ps_step_add(ps_call_steps(call, 13 + k), row->scale[k].value,
                        "people in %s deprivation of %lld LSOAs, added up", scale[k],
                        (long long)d->areas);
}

static ps_status put_summary(const ps_method_call *call, const summary_row *row,
                             int64_t country, ps_error *err) {
    const ps_deprivation *d = &row->d;
    size_t c = 0;
    step_summary(call, row, country);
    ps_call_put_text(call, c++, row->name);
    ps_call_put_int(call, c++, d->areas);
    ps_call_put_int(call, c++, d->without_rank);
    ps_call_put_number(call, c++, PS_VALUE_OK, d->population);
    ps_call_put_value(call, c++, d->average_score);
    ps_call_put_value(call, c++, d->average_rank);
    ps_call_put_int(call, c++, d->decile1);
    ps_call_put_value(call, c++, d->share_decile1);
    ps_call_put_int(call, c++, d->percent1);
    ps_call_put_value(call, c++, d->share_percent1);
    ps_call_put_value(call, c++, d->people_decile1);
    ps_call_put_value(call, c++, d->extent);
    ps_call_put_value(call, c++, d->local_concentration);
    ps_call_put_value(call, c++, row->scale[0]);
    ps_call_put_value(call, c++, row->scale[1]);
    for (size_t m = 0; m < SUMMARY_RANKS; m++, c++)
        if (row->rank[m] > 0) ps_call_put_int(call, c, row->rank[m]);
    ps_call_put_int(call, c++, country);
    ps_call_put_word(call, c++, d->areas < 3 ? "n_lsoa<3" : "");
    ps_call_put_status(call, c++, d->average_score.status);
    ps_call_put_status(call, c++, d->share_decile1.status);
    ps_call_put_status(call, c++, d->average_rank.status);
    return ps_call_end_row(call, err);
}

typedef struct summaries {
    int64_t country;
    summary_row *row; /* per group */
} summaries;

static ps_status summarise_group(const ps_method_call *call, const ps_call_group *group,
                                 void *context, ps_error *err) {
    const summaries *all = context;
    summary_row *row = &all->row[group->at];
    int64_t *rank;
    PS_TRY(ps_deprivation_ranks(call, group, 0, all->country, &rank, err));
    ps_status status = ps_deprivation_summarise(group->column[2], rank, group->column[1],
                                                group->n, all->country, &row->d, err);
    ps_free(rank);
    row->name = group->name;
    for (size_t k = 0; k < 2; k++) row->scale[k] = sum_of(group->column[3 + k], group->n);
    row->used = true;
    return status;
}

static ps_status run_summary(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_RANK, IN_PEOPLE, IN_SCORE, IN_INCOME,
                                    IN_EMPLOYMENT};
    size_t n = 0;
    summaries all = {.country = (int64_t)ps_call_param_number(call, 0)};
    all.row = ps_zalloc(ps_call_rows(call), sizeof *all.row); /* groups at most */
    ps_status status = all.row != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK)
        status = ps_call_each_group(call, IN_AREA, inputs, PS_LENGTH(inputs),
                                    summarise_group, &all, err);
    while (status == PS_OK && n < ps_call_rows(call) && all.row[n].used) n++;
    if (status == PS_OK) status = rank_summaries(all.row, n, err);
    for (size_t g = 0; g < n && status == PS_OK; g++)
        status = put_summary(call, &all.row[g], all.country, err);
    ps_free(all.row);
    return status;
}

extern const ps_method ps_method_imd_summary;
const ps_method ps_method_imd_summary = {
    .id = "imd_summary",
    .title = "Deprivation of larger areas",
    .formula =
        "average score = sum(p s) / sum(p); average rank = sum(p k') / sum(p) with "
        "k' = country + 1 - rank; proportion = LSOAs of rank decile 1 / LSOAs; "
        "extent = sum(p w(c)) / sum(p), c = ceil(100 rank / country), w = 1 to the "
        "10th percentile, 0.95 at the 11th falling evenly to 0.05 at the 30th, 0 "
        "beyond; local concentration = mean k' of the most deprived LSOAs holding "
        "exactly 10 % of the people, the last one in part; scale = people. Ranks: "
        "1 = highest, equal values share the lowest.",
    .source =
        "McLennan et al. 2019, English Indices of Deprivation 2019: Technical "
        "report, chapter 3 and appendix N",
    .evidence =
        "published summaries of all 317 districts of 2019: scores 0.0006, shares "
        "0.00005, "
        "average rank 0.14, local concentration 0.19, where denominators are rounded; "
        "the "
        "proportion of all 326 of 2015; the formulas on R's vectors: 3e-16",
    .input = summary_inputs,
    .n_input = PS_LENGTH(summary_inputs),
    .param = summary_params,
    .n_param = PS_LENGTH(summary_params),
    .output = summary_outputs,
    .n_output = PS_LENGTH(summary_outputs),
    .run = run_summary,
};
