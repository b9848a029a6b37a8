/* The LSOAs that both releases rank are brought together first; everything else is
 * counted or summed over them. */
#include "indicators/deprivation_change.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/core/mem.h"
#include "indicators/change.h"
#include "indicators/rolling.h"
#include "indicators/sum.h"

enum { SCORE, POPULATION, NUMERATOR, DENOMINATOR, COLUMNS };

/* The LSOAs that count in both releases, side by side. */
typedef struct common {
    size_t n;
    int64_t *rank[2];
    double *column[2][COLUMNS]; /* NULL as in the release */
    double *memory;
} common;

static void common_free(common *both) {
    ps_free(both->rank[0]);
    ps_free(both->memory);
}

static double people_of(const ps_deprivation_release *release, size_t i) {
    return release->population != NULL ? release->population[i] : 1;
}

static ps_status common_build(const ps_deprivation_release *const release[2], size_t n,
                              common *both, ps_error *err) {
    *both = (common){.rank[0] = ps_alloc(n, 2 * sizeof(int64_t)),
                     .memory = ps_alloc(n, 2 * COLUMNS * sizeof(double))};
    if (both->rank[0] == NULL || both->memory == NULL) {
        common_free(both);
        return ps_fail_nomem(err);
    }
    both->rank[1] = both->rank[0] + n;
    double *next = both->memory;
    const double *from[2][COLUMNS];
    for (int r = 0; r < 2; r++) {
        from[r][SCORE] = release[r]->score;
        from[r][POPULATION] = release[r]->population;
        from[r][NUMERATOR] = release[r]->numerator;
        from[r][DENOMINATOR] = release[r]->denominator;
        for (int k = 0; k < COLUMNS; k++, next += n)
            if (k == POPULATION || from[r][k] != NULL) both->column[r][k] = next;
    }
    for (size_t i = 0; i < n; i++) {
        if (!ps_deprivation_counts(release[0]->rank[i], people_of(release[0], i)) ||
            !ps_deprivation_counts(release[1]->rank[i], people_of(release[1], i)))
            continue;
        for (int r = 0; r < 2; r++) {
            both->rank[r][both->n] = release[r]->rank[i];
            for (int k = 0; k < COLUMNS; k++)
                if (from[r][k] != NULL) both->column[r][k][both->n] = from[r][k][i];
            both->column[r][POPULATION][both->n] = people_of(release[r], i);
        }
        both->n++;
    }
    return PS_OK;
}

static void count_moves(const common *both, const int64_t country[2],
                        ps_deprivation_change *out) {
    for (size_t i = 0; i < both->n; i++) {
        int64_t decile[2];
        bool percent1[2], decile1[2];
        for (int r = 0; r < 2; r++) {
            decile[r] = ps_rank_part(both->rank[r][i], country[r], 10);
            percent1[r] = ps_rank_part(both->rank[r][i], country[r], 100) == 1;
            decile1[r] = decile[r] == 1;
            out->percent1[r] += percent1[r];
            out->decile1[r] += decile1[r];
        }
        out->transition[decile[0] - 1][decile[1] - 1]++;
        out->entered_percent1 += percent1[1] && !percent1[0];
        out->left_percent1 += percent1[0] && !percent1[1];
        out->entered_decile1 += decile1[1] && !decile1[0];
        out->left_decile1 += decile1[0] && !decile1[1];
    }
}

/* A sum; NAN without a column or where a value is missing. */
static double sum_of(const double *value, size_t n) {
    ps_sum sum = {0, 0};
    if (value == NULL) return (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) return (double)NAN;
        ps_sum_add(&sum, value[i]);
    }
    return ps_sum_value(&sum);
}

/* Published numerators are rates times people, so their sums need not be whole. */
static ps_status compare_rates(const common *both, double confidence,
                               ps_deprivation_change *out, ps_error *err) {
    double count[2], base[2];
    for (int r = 0; r < 2; r++) {
        count[r] =
            both->n > 0 ? sum_of(both->column[r][NUMERATOR], both->n) : (double)NAN;
        base[r] = sum_of(both->column[r][DENOMINATOR], both->n);
        if (count[r] > base[r] && count[r] <= base[r] * (1 + 1e-12)) count[r] = base[r];
        if (count[r] < 0)
            return ps_fail(err, PS_FORMAT,
                           "%.17g people in release %d: a number from 0 up was expected",
                           count[r], r + 1);
        if (count[r] > base[r])
            return ps_fail(err, PS_FORMAT,
                           "%.17g people of %.17g in release %d: a number from 0 to the "
                           "denominator was expected",
                           count[r], base[r], r + 1);
    }
    for (int r = 0; r < 2; r++) out->count[r] = count[r], out->base[r] = base[r];
    ps_prop_change change =
        ps_prop_change_of(count[0], base[0], count[1], base[1], confidence);
    out->rate[0] = change.p1;
    out->rate[1] = change.p2;
    out->rate_change = change.difference;
    out->rate_lower = change.lower;
    out->rate_upper = change.upper;
    out->rate_percent = ps_percent_change(change.p2, change.p1);
    if (ps_value_ok(change.difference))
        out->absolute = ps_judge_interval(change.lower.value, change.upper.value, -1);
    return PS_OK;
}

static ps_judgement judge_position(double moved, double dead_band) {
    if (moved > dead_band) return PS_JUDGED_IMPROVED;
    return moved < -dead_band ? PS_JUDGED_WORSENED : PS_JUDGED_UNCLEAR;
}

static ps_status compare(const common *both, const int64_t country[2], double dead_band,
                         double confidence, ps_deprivation_change *out, ps_error *err) {
    for (int r = 0; r < 2; r++) {
        PS_TRY(ps_deprivation_summarise(both->column[r][SCORE], both->rank[r],
                                        both->column[r][POPULATION], both->n, country[r],
                                        &out->summary[r], err));
        /* The mean of the ranks is the mean of the reversed ones, turned round. */
        ps_value reversed = out->summary[r].average_rank;
        double mean = (double)country[r] + 1 - reversed.value;
        out->mean_rank[r] = out->percentile[r] = reversed;
        if (!ps_value_ok(reversed)) continue;
        out->mean_rank[r].value = mean;
        out->percentile[r].value = 100 * mean / (double)country[r];
    }
    count_moves(both, country, out);
    out->rank_change = ps_value_difference(out->mean_rank[0], out->mean_rank[1]);
    out->percentile_change = ps_value_difference(out->percentile[0], out->percentile[1]);
    if (ps_value_ok(out->percentile_change))
        out->relative = judge_position(out->percentile_change.value, dead_band);
    return compare_rates(both, confidence, out, err);
}

ps_status ps_deprivation_compare(const ps_deprivation_release *before,
                                 const ps_deprivation_release *after, size_t n,
                                 double dead_band, double confidence,
                                 ps_deprivation_change *out, ps_error *err) {
    const ps_deprivation_release *const release[2] = {before, after};
    const int64_t country[2] = {before->country, after->country};
    common both;
    *out = (ps_deprivation_change){.areas = 0};
    for (int r = 0; r < 2; r++)
        PS_TRY(ps_deprivation_check(release[r]->rank, n, country[r], err));
    PS_TRY(common_build(release, n, &both, err));
    out->areas = (int64_t)both.n;
    out->left_out = (int64_t)(n - both.n);
    ps_status status = compare(&both, country, dead_band, confidence, out, err);
    common_free(&both);
    return status;
}

/* ---- adaptor ---- */

static const ps_method_column change_inputs[] = {
    {"area", PS_COLUMN_TEXT, false, "the larger area that the row belongs to"},
    {"rank1", PS_COLUMN_INTEGER, true, "rank in the first release"},
    {"rank2", PS_COLUMN_INTEGER, true, "rank in the second, on the same boundaries"},
    {"population1", PS_COLUMN_NUMBER, false, "people; 1 when absent"},
    {"population2", PS_COLUMN_NUMBER, false, "people; 1 when absent"},
    {"score1", PS_COLUMN_NUMBER, false, "score"},
    {"score2", PS_COLUMN_NUMBER, false, "score"},
    {"numerator1", PS_COLUMN_NUMBER, false,
     "people deprived, of a domain that is a rate"},
    {"numerator2", PS_COLUMN_NUMBER, false, "likewise"},
    {"denominator1", PS_COLUMN_NUMBER, false, "people at risk"},
    {"denominator2", PS_COLUMN_NUMBER, false, "likewise"},
};
static const ps_method_param change_params[] = {
    PS_PARAM_COUNTRY("country1"),
    PS_PARAM_COUNTRY("country2"),
    {"dead_band", PS_COLUMN_NUMBER, "1", NULL, 0, 100,
     "percentile points that the mean rank has to move"},
    PS_PARAM_CONFIDENCE,
};
static const ps_method_column change_outputs[] = {
    {"area", PS_COLUMN_TEXT, true, "as in the input"},
    {"n_lsoa", PS_COLUMN_INTEGER, true, "LSOAs ranked in both"},
    {"n_missing", PS_COLUMN_INTEGER, true, "LSOAs left out"},
    {"mean_rank1", PS_COLUMN_NUMBER, true, "mean rank over people, 1 = most deprived"},
    {"mean_rank2", PS_COLUMN_NUMBER, true, "likewise"},
    {"rank_change", PS_COLUMN_NUMBER, true, "positive: less deprived"},
    {"percentile1", PS_COLUMN_NUMBER, true, "100 mean rank / country"},
    {"percentile2", PS_COLUMN_NUMBER, true, "likewise"},
    {"percentile_change", PS_COLUMN_NUMBER, true, "positive: less deprived"},
    {"n_pct1_1", PS_COLUMN_INTEGER, true, "LSOAs in the most deprived 1 %"},
    {"n_pct1_2", PS_COLUMN_INTEGER, true, "likewise"},
    {"entered_pct1", PS_COLUMN_INTEGER, true, "LSOAs that came in"},
    {"left_pct1", PS_COLUMN_INTEGER, true, "LSOAs that went out"},
    {"n_decile1_1", PS_COLUMN_INTEGER, true, "LSOAs in the most deprived 10 %"},
    {"n_decile1_2", PS_COLUMN_INTEGER, true, "likewise"},
    {"entered_decile1", PS_COLUMN_INTEGER, true, "LSOAs that came in"},
    {"left_decile1", PS_COLUMN_INTEGER, true, "LSOAs that went out"},
    {"transitions", PS_COLUMN_TEXT, true,
     "decile before>decile after:LSOAs, those with any"},
    {"avg_rank_change", PS_COLUMN_NUMBER, true, "of the reversed rank"},
    {"extent_change", PS_COLUMN_NUMBER, true, "of the extent"},
    {"local_concentration_change", PS_COLUMN_NUMBER, true, "of the local concentration"},
    {"score_change_abs", PS_COLUMN_NUMBER, true, "of the average score"},
    {"score_change_rel_pct", PS_COLUMN_NUMBER, true, "the same in per cent"},
    {"caution", PS_COLUMN_TEXT, true, "beside a change of scores"},
    {"rate1", PS_COLUMN_NUMBER, true, "numerators / denominators"},
    {"rate2", PS_COLUMN_NUMBER, true, "likewise"},
    {"rate_change", PS_COLUMN_NUMBER, true, "rate2 - rate1"},
    {"rate_lower", PS_COLUMN_NUMBER, true, "its lower limit"},
    {"rate_upper", PS_COLUMN_NUMBER, true, "its upper limit"},
    {"rate_change_pct", PS_COLUMN_NUMBER, true, "100 (rate2 / rate1 - 1)"},
    {"absolute", PS_COLUMN_TEXT, true, "improved, worsened or no-clear-change in level"},
    {"relative", PS_COLUMN_TEXT, true, "the same in position"},
    {"both", PS_COLUMN_INTEGER, true,
     "1: improved in level and in position; empty without one of the verdicts"},
    {"rate_status", PS_COLUMN_TEXT, true, "of the rates"},
    {"status", PS_COLUMN_TEXT, true, "of the ranks"},
};

/* "1>1:5 1>2:3": at most 100 cells of 30 characters. */
static void put_transitions(const ps_method_call *call, size_t output,
                            const ps_deprivation_change *change) {
    char text[3200];
    size_t at = 0;
    text[0] = '\0';
    for (int a = 0; a < 10; a++)
        for (int b = 0; b < 10; b++) {
            if (change->transition[a][b] == 0 || at >= sizeof text) continue;
            int wrote =
                snprintf(text + at, sizeof text - at, "%s%d>%d:%" PRId64,
                         at > 0 ? " " : "", a + 1, b + 1, change->transition[a][b]);
            at += wrote > 0 ? (size_t)wrote : 0;
        }
    ps_call_put_word(call, output, text);
}

/* Where the mean rank of a release stands in the country. */
static void step_percentile(ps_output *steps, const ps_deprivation_change *d, int release,
                            double country) {
    const char *const which = release == 0 ? "first" : "second";
    const double people = d->summary[release].population,
                 mean = d->mean_rank[release].value;
    ps_step_add(steps, mean, "mean rank over people, %s release = %s / %s", which,
                PS_STEP(mean * people), PS_STEP(people));
    ps_step_add(steps, d->percentile[release].value,
                "percentile, %s release = 100 * %s / %s", which, PS_STEP(mean),
                PS_STEP(country));
}

static void step_change(const ps_method_call *call, const ps_deprivation_change *d) {
    ps_output *steps = ps_call_steps(call, 8);
    if (ps_value_ok(d->percentile_change)) {
        step_percentile(steps, d, 0, ps_call_param_number(call, 0));
        step_percentile(steps, d, 1, ps_call_param_number(call, 1));
        ps_step_add(steps, d->percentile_change.value, "change = %s - %s",
                    PS_STEP(d->percentile[1].value), PS_STEP(d->percentile[0].value));
    }
    if (ps_value_ok(d->rate_change))
        ps_prop_change_steps(ps_call_estimate_steps(call, 26), d->count[0], d->base[0],
                             d->count[1], d->base[1], 1, ps_call_param_number(call, 3));
}

static ps_status put_change(const ps_method_call *call, ps_str area,
                            const ps_deprivation_change *d, ps_error *err) {
    const ps_deprivation *s = d->summary;
    size_t c = 0;
    step_change(call, d);
    ps_call_put_text(call, c++, area);
    ps_call_put_int(call, c++, d->areas);
    ps_call_put_int(call, c++, d->left_out);
    ps_call_put_value(call, c++, d->mean_rank[0]);
    ps_call_put_value(call, c++, d->mean_rank[1]);
    ps_call_put_value(call, c++, d->rank_change);
    ps_call_put_value(call, c++, d->percentile[0]);
    ps_call_put_value(call, c++, d->percentile[1]);
    ps_call_put_value(call, c++, d->percentile_change);
    ps_call_put_int(call, c++, d->percent1[0]);
    ps_call_put_int(call, c++, d->percent1[1]);
    ps_call_put_int(call, c++, d->entered_percent1);
    ps_call_put_int(call, c++, d->left_percent1);
    ps_call_put_int(call, c++, d->decile1[0]);
    ps_call_put_int(call, c++, d->decile1[1]);
    ps_call_put_int(call, c++, d->entered_decile1);
    ps_call_put_int(call, c++, d->left_decile1);
    put_transitions(call, c++, d);
    ps_call_put_value(call, c++,
                      ps_value_difference(s[0].average_rank, s[1].average_rank));
    ps_call_put_value(call, c++, ps_value_difference(s[0].extent, s[1].extent));
    ps_call_put_value(
        call, c++,
        ps_value_difference(s[0].local_concentration, s[1].local_concentration));
    ps_value score = ps_value_difference(s[0].average_score, s[1].average_score);
    ps_call_put_value(call, c++, score);
    ps_call_put_value(call, c++,
                      ps_percent_change(s[1].average_score, s[0].average_score));
    ps_call_put_word(call, c++,
                     ps_value_ok(score) ? "scores-not-comparable-over-time" : "");
    ps_call_put_value(call, c++, d->rate[0]);
    ps_call_put_value(call, c++, d->rate[1]);
    ps_call_put_value(call, c++, d->rate_change);
    ps_call_put_value(call, c++, d->rate_lower);
    ps_call_put_value(call, c++, d->rate_upper);
    ps_call_put_value(call, c++, d->rate_percent);
    ps_call_put_word(call, c++, ps_judgement_text(d->absolute));
    ps_call_put_word(call, c++, ps_judgement_text(d->relative));
    /* Unknown while one of the verdicts could still make it so. */
    if (d->absolute != PS_JUDGED_NONE && d->relative != PS_JUDGED_NONE)
        ps_call_put_int(
            call, c,
            d->absolute == PS_JUDGED_IMPROVED && d->relative == PS_JUDGED_IMPROVED);
    c++;
    ps_call_put_status(call, c++, d->rate_change.status);
    ps_call_put_status(call, c++, d->rank_change.status);
    return ps_call_end_row(call, err);
}

static ps_status change_group(const ps_method_call *call, const ps_call_group *group,
                              void *context, ps_error *err) {
    (void)context;
    ps_deprivation_release release[2];
    int64_t *rank[2] = {NULL, NULL};
    ps_status status = PS_OK;
    for (size_t r = 0; r < 2 && status == PS_OK; r++) {
        int64_t country = (int64_t)ps_call_param_number(call, r);
        status = ps_deprivation_ranks(call, group, r, country, &rank[r], err);
        release[r] = (ps_deprivation_release){.rank = rank[r],
                                              .population = group->column[2 + r],
                                              .score = group->column[4 + r],
                                              .numerator = group->column[6 + r],
                                              .denominator = group->column[8 + r],
                                              .country = country};
    }
    if (status == PS_OK) {
        ps_deprivation_change change;
        status = ps_deprivation_compare(&release[0], &release[1], group->n,
                                        ps_call_param_number(call, 2),
                                        ps_call_param_number(call, 3), &change, err);
        if (status == PS_OK)
            status = put_change(call, group->name, &change, err);
        else
            ps_fail_prefix(err, "%s: '%.*s': ", ps_table_name(ps_call_table(call)),
                           (int)(group->name.n < 60 ? group->name.n : 60), group->name.p);
    }
    ps_free(rank[0]);
    ps_free(rank[1]);
    return status;
}

static ps_status run_change(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    return ps_call_each_group(call, 0, inputs, PS_LENGTH(inputs), change_group, NULL,
                              err);
}

extern const ps_method ps_method_imd_change;
const ps_method ps_method_imd_change = {
    .id = "imd_change",
    .title = "Change of deprivation between two releases",
    .formula =
        "relative: mean rank over people k1, k2, percentile 100 k / country; "
        "improved when it rises by more than the dead band. absolute: difference "
        "of the rates with Newcombe's interval; improved when it lies below 0. "
        "Counts of LSOAs entering and leaving the most deprived 1 % and 10 %.",
    .source = "McLennan et al. 2019; Newcombe 1998, method 10",
    .evidence =
        "counts and transitions of 326 districts from 2015 to 2019: equal to a count of "
        "their published deciles; Newcombe's interval on R's vectors: 3e-16",
    .input = change_inputs,
    .n_input = PS_LENGTH(change_inputs),
    .param = change_params,
    .n_param = PS_LENGTH(change_params),
    .output = change_outputs,
    .n_output = PS_LENGTH(change_outputs),
    .run = run_change,
};
