/* One pass per measure over the LSOAs of an area, in the order given; only local
 * concentration needs them sorted. Sums are compensated, so that the order does not
 * matter beyond the last bit.
 */
#include "indicators/deprivation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "indicators/change.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

const double ps_imd_weight[PS_IMD_DOMAINS] = {0.225, 0.225, 0.135, 0.135,
                                              0.093, 0.093, 0.093};

int64_t ps_rank_part(int64_t rank, int64_t country, int64_t parts) {
    return (rank * parts + country - 1) / country;
}

/* How much somebody in this percentile counts towards the extent. */
static double extent_weight(int64_t percentile) {
    if (percentile <= 10) return 1;
    if (percentile > 30) return 0;
    return 0.95 - 0.9 / 19 * (double)(percentile - 11);
}

static bool usable(int64_t rank, double population) {
    return rank > 0 && population >= 0 && isfinite(population);
}

static ps_status check_ranks(const int64_t *rank, size_t n, int64_t country,
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
    PS_TRY(check_ranks(rank, n, country, err));
    ranked *areas = ps_alloc(n, sizeof *areas);
    if (areas == NULL) return ps_fail_nomem(err);
    ps_sum people = {0, 0}, scores = {0, 0}, ranks = {0, 0}, extent = {0, 0};
    ps_sum deprived = {0, 0};
    bool scored = score != NULL;
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (!usable(rank[i], population[i])) continue;
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

/* ---- building an index ---- */

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

/* ---- change between two releases ---- */

/* What both releases know, side by side. */
typedef struct common {
    size_t n;
    double *score[2], *population[2];
    int64_t *rank[2];
    bool scored[2];
} common;

static void common_free(common *both) {
    for (int r = 0; r < 2; r++) {
        ps_free(both->score[r]);
        ps_free(both->population[r]);
        ps_free(both->rank[r]);
    }
}

static ps_status common_build(const ps_deprivation_release *const release[2], size_t n,
                              common *both, ps_error *err) {
    *both = (common){.n = 0};
    for (int r = 0; r < 2; r++) {
        both->score[r] = ps_alloc(n, sizeof(double));
        both->population[r] = ps_alloc(n, sizeof(double));
        both->rank[r] = ps_alloc(n, sizeof(int64_t));
        both->scored[r] = release[r]->score != NULL;
        if (both->score[r] == NULL || both->population[r] == NULL ||
            both->rank[r] == NULL) {
            common_free(both);
            return ps_fail_nomem(err);
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool known = true;
        for (int r = 0; r < 2; r++) {
            const ps_deprivation_release *from = release[r];
            double people = from->population != NULL ? from->population[i] : 1;
            both->rank[r][both->n] = from->rank[i];
            both->population[r][both->n] = people;
            if (both->scored[r]) both->score[r][both->n] = from->score[i];
            known = known && usable(from->rank[i], people);
        }
        both->n += known;
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

/* The counts of a rate over the same LSOAs; missing when one of them has none. */
static bool sum_rate(const ps_deprivation_release *const release[2], size_t n,
                     double count[2], double base[2]) {
    ps_sum counts[2] = {{0, 0}}, bases[2] = {{0, 0}};
    for (int r = 0; r < 2; r++)
        if (release[r]->numerator == NULL || release[r]->denominator == NULL)
            return false;
    for (size_t i = 0; i < n; i++) {
        bool known = true;
        for (int r = 0; r < 2; r++) {
            const ps_deprivation_release *of = release[r];
            known = known &&
                    usable(of->rank[i], of->population != NULL ? of->population[i] : 1);
        }
        for (int r = 0; known && r < 2; r++) {
            double a = release[r]->numerator[i], b = release[r]->denominator[i];
            if (!isfinite(a) || !isfinite(b)) return false;
            ps_sum_add(&counts[r], a);
            ps_sum_add(&bases[r], b);
        }
    }
    /* People, but published numerators are rates times populations. */
    for (int r = 0; r < 2; r++) {
        count[r] = round(ps_sum_value(&counts[r]));
        base[r] = round(ps_sum_value(&bases[r]));
    }
    return true;
}

static ps_value percent_change(ps_value from, ps_value to) {
    if (!ps_value_ok(from) || !ps_value_ok(to)) return ps_value_none(PS_VALUE_UNDEFINED);
    if (from.value == 0)
        return ps_value_none(to.value > 0 ? PS_VALUE_UNBOUNDED : PS_VALUE_UNDEFINED);
    return ps_value_of(100 * (to.value / from.value - 1));
}

static ps_status compare_rates(const ps_deprivation_release *const release[2], size_t n,
                               double confidence, ps_deprivation_change *out,
                               ps_error *err) {
    double count[2], base[2];
    const ps_value none = ps_value_none(PS_VALUE_MISSING);
    out->rate[0] = out->rate[1] = out->rate_change = none;
    out->rate_lower = out->rate_upper = out->rate_percent = none;
    if (out->areas == 0 || !sum_rate(release, n, count, base)) return PS_OK;
    for (int r = 0; r < 2; r++)
        if (count[r] < 0 || count[r] > base[r])
            return ps_fail(err, PS_FORMAT,
                           "%.17g people of %.17g in release %d: a number from 0 to the "
                           "denominator was expected",
                           count[r], base[r], r + 1);
    ps_prop_change change =
        ps_prop_change_of(count[0], base[0], count[1], base[1], confidence);
    out->rate[0] = change.p1;
    out->rate[1] = change.p2;
    out->rate_change = change.difference;
    out->rate_lower = change.lower;
    out->rate_upper = change.upper;
    out->rate_percent = percent_change(change.p1, change.p2);
    if (ps_value_ok(change.lower) && ps_value_ok(change.upper))
        out->absolute = ps_judge_interval(change.lower.value, change.upper.value, -1);
    return PS_OK;
}

ps_status ps_deprivation_compare(const ps_deprivation_release *before,
                                 const ps_deprivation_release *after, size_t n,
                                 double dead_band, double confidence,
                                 ps_deprivation_change *out, ps_error *err) {
    const ps_deprivation_release *const release[2] = {before, after};
    const int64_t country[2] = {before->country, after->country};
    const ps_value none = ps_value_none(PS_VALUE_MISSING);
    *out = (ps_deprivation_change){.rank_change = none, .percentile_change = none};
    for (int r = 0; r < 2; r++) {
        out->mean_rank[r] = out->percentile[r] = none;
        PS_TRY(check_ranks(release[r]->rank, n, country[r], err));
    }
    common both;
    PS_TRY(common_build(release, n, &both, err));
    out->areas = (int64_t)both.n;
    out->left_out = (int64_t)(n - both.n);
    ps_status status = PS_OK;
    for (int r = 0; r < 2 && status == PS_OK; r++) {
        status = ps_deprivation_summarise(both.scored[r] ? both.score[r] : NULL,
                                          both.rank[r], both.population[r], both.n,
                                          country[r], &out->summary[r], err);
        /* The mean of the ranks is the mean of the reversed ones, turned round. */
        ps_value reversed = out->summary[r].average_rank;
        double top = (double)country[r] + 1;
        out->mean_rank[r] = out->percentile[r] = reversed;
        if (!ps_value_ok(reversed)) continue;
        out->mean_rank[r].value = top - reversed.value;
        out->percentile[r].value = 100 * (top - reversed.value) / (double)country[r];
    }
    if (status == PS_OK) {
        count_moves(&both, country, out);
        if (ps_value_ok(out->percentile[0]) && ps_value_ok(out->percentile[1])) {
            out->rank_change =
                ps_value_of(out->mean_rank[1].value - out->mean_rank[0].value);
            out->percentile_change =
                ps_value_of(out->percentile[1].value - out->percentile[0].value);
            double moved = out->percentile_change.value;
            out->relative = moved > dead_band    ? PS_JUDGED_IMPROVED
                            : moved < -dead_band ? PS_JUDGED_WORSENED
                                                 : PS_JUDGED_UNCLEAR;
        }
        status = compare_rates(release, n, confidence, out, err);
        out->both =
            out->absolute == PS_JUDGED_IMPROVED && out->relative == PS_JUDGED_IMPROVED;
    }
    common_free(&both);
    return status;
}

/* ---- values on other boundaries ---- */

enum { BY_WEIGHT, BY_AREA, IN_EQUAL_PARTS };

/* A pair under work, sorted by the new area, then the old one. */
typedef struct overlap {
    int32_t from, to;
    double weight, area;
} overlap;

static int compare_overlaps(const void *a, const void *b) {
    const overlap *p = a, *q = b;
    if (p->to != q->to) return p->to < q->to ? -1 : 1;
    return p->from < q->from ? -1 : p->from > q->from;
}

/* What is known about all overlaps of one old or one new area. */
typedef struct side {
    ps_sum weight, area;
    double parts;
    bool no_weight, no_area;
} side;

static void side_add(side *s, const overlap *o) {
    s->parts++;
    if (o->weight >= 0 && isfinite(o->weight))
        ps_sum_add(&s->weight, o->weight);
    else
        s->no_weight = true;
    if (o->area >= 0 && isfinite(o->area))
        ps_sum_add(&s->area, o->area);
    else
        s->no_area = true;
}

static int side_rule(const side *s) {
    if (!s->no_weight && ps_sum_value(&s->weight) > 0) return BY_WEIGHT;
    if (!s->no_area && ps_sum_value(&s->area) > 0) return BY_AREA;
    return IN_EQUAL_PARTS;
}

static double side_share(const side *s, const overlap *o) {
    if (s->parts == 1) return 1;
    switch (side_rule(s)) {
        case BY_WEIGHT:
            return o->weight / ps_sum_value(&s->weight);
        case BY_AREA:
            return o->area / ps_sum_value(&s->area);
        default:
            return 1 / s->parts;
    }
}

/* The category that most people of the new area had; of equal ones the lowest. */
static double majority(const overlap *o, size_t n, const side *to, const double *value,
                       double *share) {
    double best = NAN;
    *share = -1;
    for (size_t i = 0; i < n; i++) {
        double candidate = value[o[i].from];
        ps_sum sum = {0, 0};
        for (size_t k = 0; k < n; k++)
            if (value[o[k].from] == candidate) ps_sum_add(&sum, side_share(to, &o[k]));
        double part = ps_sum_value(&sum);
        if (part > *share || (part == *share && candidate < best)) {
            *share = part;
            best = candidate;
        }
    }
    return best;
}

static char change_of(const overlap *o, size_t n, const side *from) {
    bool divided = false;
    for (size_t i = 0; i < n; i++) divided = divided || from[o[i].from].parts > 1;
    if (n == 1) return divided ? 'S' : 'U';
    return divided ? 'X' : 'M';
}

/* One new area from its n overlaps. */
static ps_moved move_to(const overlap *o, size_t n, const side *from, const side *to,
                        ps_value_kind kind, const double *value) {
    ps_moved moved = {.status = PS_VALUE_OK, .change = change_of(o, n, from)};
    const bool averages = kind == PS_KIND_INTENSIVE || kind == PS_KIND_CATEGORY;
    moved.irregular = moved.change == 'X';
    moved.share_min = 1;
    if (kind == PS_KIND_RANK && moved.change != 'U') {
        moved.status = PS_VALUE_NOT_APPLICABLE;
        return moved;
    }
    if (averages) moved.fallback = n > 1 && side_rule(to) != BY_WEIGHT;
    ps_sum sum = {0, 0};
    for (size_t i = 0; i < n; i++) {
        const side *parent = &from[o[i].from];
        double share = side_share(parent, &o[i]);
        if (share < moved.share_min) moved.share_min = share;
        if (kind == PS_KIND_EXTENSIVE && parent->parts > 1)
            moved.fallback = moved.fallback || side_rule(parent) != BY_WEIGHT;
        if (!isfinite(value[o[i].from])) moved.status = PS_VALUE_MISSING;
        ps_sum_add(&sum, (averages ? side_share(to, &o[i]) : share) * value[o[i].from]);
    }
    if (moved.status != PS_VALUE_OK) return moved;
    moved.value = ps_sum_value(&sum);
    if (kind == PS_KIND_CATEGORY) {
        moved.value = majority(o, n, to, value, &moved.share_min);
        moved.contested = moved.share_min < 0.75;
    }
    return moved;
}

/* What came in has to come out. */
static ps_status check_total(const double *value, size_t n_from, const ps_moved *out,
                             size_t n_to, ps_error *err) {
    ps_sum in = {0, 0}, size = {0, 0}, sum = {0, 0};
    for (size_t i = 0; i < n_from; i++) {
        if (!isfinite(value[i])) return PS_OK;
        ps_sum_add(&in, value[i]);
        ps_sum_add(&size, fabs(value[i]));
    }
    for (size_t i = 0; i < n_to; i++) ps_sum_add(&sum, out[i].value);
    double before = ps_sum_value(&in), after = ps_sum_value(&sum);
    if (fabs(after - before) <= 1e-9 * ps_sum_value(&size)) return PS_OK;
    return ps_fail(
        err, PS_GATE,
        "the values of the old areas add up to %.17g, those of the new ones to "
        "%.17g",
        before, after);
}

static ps_status check_overlaps(const overlap *o, const ps_area_pairs *pairs,
                                const side *from, const side *to, ps_error *err) {
    for (size_t i = 1; i < pairs->n; i++)
        if (o[i].to == o[i - 1].to && o[i].from == o[i - 1].from)
            return ps_fail(err, PS_FORMAT,
                           "old area %" PRId32 " and new area %" PRId32
                           " are listed twice: one row for each overlap was expected",
                           o[i].from + 1, o[i].to + 1);
    for (size_t i = 0; i < pairs->n_from; i++)
        if (from[i].parts == 0)
            return ps_fail(err, PS_FORMAT, "old area %zu has no new area", i + 1);
    for (size_t i = 0; i < pairs->n_to; i++)
        if (to[i].parts == 0)
            return ps_fail(err, PS_FORMAT, "new area %zu has no old area", i + 1);
    return PS_OK;
}

ps_status ps_area_values_move(const ps_area_pairs *pairs, ps_value_kind kind,
                              const double *value, ps_moved *out, ps_error *err) {
    overlap *o = ps_alloc(pairs->n, sizeof *o);
    side *from = ps_zalloc(pairs->n_from, sizeof *from);
    side *to = ps_zalloc(pairs->n_to, sizeof *to);
    ps_status status = PS_OK;
    if (o == NULL || from == NULL || to == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < pairs->n; i++) {
        o[i] = (overlap){pairs->from[i], pairs->to[i],
                         pairs->weight != NULL ? pairs->weight[i] : (double)NAN,
                         pairs->area != NULL ? pairs->area[i] : (double)NAN};
        side_add(&from[o[i].from], &o[i]);
        side_add(&to[o[i].to], &o[i]);
    }
    if (pairs->n > 1) qsort(o, pairs->n, sizeof *o, compare_overlaps);
    status = check_overlaps(o, pairs, from, to, err);
    for (size_t i = 0, end; i < pairs->n && status == PS_OK; i = end) {
        for (end = i + 1; end < pairs->n && o[end].to == o[i].to;) end++;
        out[o[i].to] = move_to(o + i, end - i, from, &to[o[i].to], kind, value);
    }
    if (status == PS_OK && kind == PS_KIND_EXTENSIVE)
        status = check_total(value, pairs->n_from, out, pairs->n_to, err);
done:
    ps_free(o);
    ps_free(from);
    ps_free(to);
    return status;
}

/* ---- methods ---- */

static void put_number(const ps_method_call *call, size_t output, double value) {
    ps_call_put_number(call, output, PS_VALUE_OK, value);
}

static void put_word(const ps_method_call *call, size_t output, const char *word) {
    ps_call_put_word(call, output, word);
}

/* A column of ranks, 0 where missing. */
static ps_status read_ranks(const ps_method_call *call, size_t input, int64_t country,
                            int64_t **out, ps_error *err) {
    size_t n = ps_call_rows(call);
    double *numbers = NULL;
    *out = NULL;
    PS_TRY(ps_call_numbers(call, input, &numbers, err));
    int64_t *rank = ps_alloc(n, sizeof *rank);
    ps_status status = rank == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        double r = numbers[i];
        rank[i] = isnan(r) ? 0 : (int64_t)r;
        if (!isnan(r) && !(r >= 1 && r <= (double)country))
            status = ps_fail(err, PS_FORMAT,
                             "%s: row %" PRId64
                             ": rank %.17g, but ranks run from 1 to "
                             "%" PRId64 ": give the number of areas that were ranked",
                             ps_table_name(ps_call_table(call)),
                             ps_call_row_in_file(call, i), r, country);
    }
    ps_free(numbers);
    if (status != PS_OK) {
        ps_free(rank);
        rank = NULL;
    }
    *out = rank;
    return status;
}

/* A number column, or NULL when the table has none. */
static ps_status read_optional(const ps_method_call *call, size_t input, double **out,
                               ps_error *err) {
    *out = NULL;
    return ps_call_has(call, input) ? ps_call_numbers(call, input, out, err) : PS_OK;
}

/* Values of `order` brought together, so that groups are stretches. NULL stays NULL. */
static ps_status bring_together(double **values, const size_t *order, size_t n,
                                ps_error *err) {
    if (*values == NULL) return PS_OK;
    double *together = ps_alloc(n, sizeof *together);
    if (together == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) together[i] = (*values)[order[i]];
    ps_free(*values);
    *values = together;
    return PS_OK;
}

static ps_status bring_ranks(int64_t **values, const size_t *order, size_t n,
                             ps_error *err) {
    int64_t *together = ps_alloc(n, sizeof *together);
    if (together == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) together[i] = (*values)[order[i]];
    ps_free(*values);
    *values = together;
    return PS_OK;
}

#define PARAM_COUNTRY(name)                                                        \
    {                                                                              \
        name, PS_COLUMN_INTEGER, "32844", NULL, 1, 1000000000,                     \
            "areas that were ranked together: 32844 in England in 2015 and 2019, " \
            "33755 in 2025"                                                        \
    }

static const ps_method_column summary_inputs[] = {
    {"area", PS_COLUMN_TEXT, false, "the larger area that the row belongs to"},
    {"rank", PS_COLUMN_INTEGER, true, "rank of the LSOA, 1 = most deprived"},
    {"population", PS_COLUMN_NUMBER, true, "people, as the index counts them"},
    {"score", PS_COLUMN_NUMBER, false, "score of the LSOA"},
    {"income_people", PS_COLUMN_NUMBER, false, "people in income deprivation"},
    {"employment_people", PS_COLUMN_NUMBER, false, "people in employment deprivation"},
};
static const ps_method_param summary_params[] = {PARAM_COUNTRY("country")};
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

static ps_status put_summary(const ps_method_call *call, ps_str area,
                             const summary_row *row, int64_t country, ps_error *err) {
    const ps_deprivation *d = &row->d;
    size_t c = 0;
    ps_call_put_text(call, c++, area);
    ps_call_put_int(call, c++, d->areas);
    ps_call_put_int(call, c++, d->without_rank);
    put_number(call, c++, d->population);
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
    put_word(call, c++, d->areas < 3 ? "n_lsoa<3" : "");
    ps_call_put_status(call, c++, d->average_score.status);
    ps_call_put_status(call, c++, d->share_decile1.status);
    ps_call_put_status(call, c++, d->average_rank.status);
    return ps_call_end_row(call, err);
}

static ps_status run_summary(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call), groups = 0, *order = NULL, *offset = NULL;
    const int64_t country = (int64_t)ps_call_param_number(call, 0);
    int64_t *rank = NULL;
    double *column[4] = {NULL};
    summary_row *row = NULL;
    ps_status status = ps_call_groups(call, 0, &order, &offset, &groups, err);
    if (status == PS_OK) status = read_ranks(call, 1, country, &rank, err);
    if (status == PS_OK) status = bring_ranks(&rank, order, n, err);
    for (size_t k = 0; k < 4 && status == PS_OK; k++) {
        status = read_optional(call, k + 2, &column[k], err);
        if (status == PS_OK) status = bring_together(&column[k], order, n, err);
    }
    if (status == PS_OK) {
        row = ps_zalloc(groups, sizeof *row);
        if (row == NULL) status = ps_fail_nomem(err);
    }
    for (size_t g = 0; g < groups && status == PS_OK; g++) {
        size_t first = offset[g], m = offset[g + 1] - first;
        status = ps_deprivation_summarise(column[1] != NULL ? column[1] + first : NULL,
                                          rank + first, column[0] + first, m, country,
                                          &row[g].d, err);
        for (size_t k = 0; k < 2; k++)
            row[g].scale[k] =
                sum_of(column[2 + k] != NULL ? column[2 + k] + first : NULL, m);
    }
    if (status == PS_OK) status = rank_summaries(row, groups, err);
    for (size_t g = 0; g < groups && status == PS_OK; g++)
        status = put_summary(call, ps_call_text(call, order[offset[g]], 0), &row[g],
                             country, err);
    for (size_t k = 0; k < 4; k++) ps_free(column[k]);
    ps_free(row);
    ps_free(rank);
    ps_free(order);
    ps_free(offset);
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
    .input = summary_inputs,
    .n_input = PS_LENGTH(summary_inputs),
    .param = summary_params,
    .n_param = PS_LENGTH(summary_params),
    .output = summary_outputs,
    .n_output = PS_LENGTH(summary_outputs),
    .run = run_summary,
};

/* ---- imd_build ---- */

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
    .input = build_inputs,
    .n_input = PS_LENGTH(build_inputs),
    .param = build_params,
    .n_param = PS_LENGTH(build_params),
    .output = build_outputs,
    .n_output = PS_LENGTH(build_outputs),
    .run = run_build,
};

/* ---- imd_change ---- */

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
    PARAM_COUNTRY("country1"),
    PARAM_COUNTRY("country2"),
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
    {"both", PS_COLUMN_INTEGER, true, "1: improved in level and in position"},
    {"rate_status", PS_COLUMN_TEXT, true, "of the rates"},
    {"status", PS_COLUMN_TEXT, true, "of the ranks"},
};

static ps_value difference_of(ps_value before, ps_value after) {
    if (!ps_value_ok(before)) return before;
    if (!ps_value_ok(after)) return after;
    return ps_value_of(after.value - before.value);
}

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
    put_word(call, output, text);
}

static ps_status put_change(const ps_method_call *call, ps_str area,
                            const ps_deprivation_change *d, ps_error *err) {
    const ps_deprivation *s = d->summary;
    size_t c = 0;
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
    ps_call_put_value(call, c++, difference_of(s[0].average_rank, s[1].average_rank));
    ps_call_put_value(call, c++, difference_of(s[0].extent, s[1].extent));
    ps_call_put_value(call, c++,
                      difference_of(s[0].local_concentration, s[1].local_concentration));
    ps_value score = difference_of(s[0].average_score, s[1].average_score);
    ps_call_put_value(call, c++, score);
    ps_call_put_value(call, c++, percent_change(s[0].average_score, s[1].average_score));
    put_word(call, c++, ps_value_ok(score) ? "scores-not-comparable-over-time" : "");
    ps_call_put_value(call, c++, d->rate[0]);
    ps_call_put_value(call, c++, d->rate[1]);
    ps_call_put_value(call, c++, d->rate_change);
    ps_call_put_value(call, c++, d->rate_lower);
    ps_call_put_value(call, c++, d->rate_upper);
    ps_call_put_value(call, c++, d->rate_percent);
    put_word(call, c++, ps_judgement_text(d->absolute));
    put_word(call, c++, ps_judgement_text(d->relative));
    ps_call_put_int(call, c++, d->both);
    ps_call_put_status(call, c++, d->rate_change.status);
    ps_call_put_status(call, c++, d->rank_change.status);
    return ps_call_end_row(call, err);
}

static const double *from(const double *column, size_t first) {
    return column != NULL ? column + first : NULL;
}

static ps_status run_change(const ps_method_call *call, ps_error *err) {
    enum { POPULATION, SCORE = 2, NUMERATOR = 4, DENOMINATOR = 6, COLUMNS = 8 };
    size_t n = ps_call_rows(call), groups = 0, *order = NULL, *offset = NULL;
    int64_t country[2], *rank[2] = {NULL, NULL};
    double *column[COLUMNS] = {NULL};
    ps_status status = ps_call_groups(call, 0, &order, &offset, &groups, err);
    for (size_t r = 0; r < 2 && status == PS_OK; r++) {
        country[r] = (int64_t)ps_call_param_number(call, r);
        status = read_ranks(call, 1 + r, country[r], &rank[r], err);
        if (status == PS_OK) status = bring_ranks(&rank[r], order, n, err);
    }
    for (size_t k = 0; k < COLUMNS && status == PS_OK; k++) {
        status = read_optional(call, 3 + k, &column[k], err);
        if (status == PS_OK) status = bring_together(&column[k], order, n, err);
    }
    for (size_t g = 0; g < groups && status == PS_OK; g++) {
        size_t first = offset[g];
        ps_deprivation_release release[2];
        ps_deprivation_change change;
        for (size_t r = 0; r < 2; r++)
            release[r] = (ps_deprivation_release){
                .score = from(column[SCORE + r], first),
                .rank = rank[r] + first,
                .population = from(column[POPULATION + r], first),
                .numerator = from(column[NUMERATOR + r], first),
                .denominator = from(column[DENOMINATOR + r], first),
                .country = country[r]};
        status = ps_deprivation_compare(&release[0], &release[1], offset[g + 1] - first,
                                        ps_call_param_number(call, 2),
                                        ps_call_param_number(call, 3), &change, err);
        if (status == PS_OK)
            status = put_change(call, ps_call_text(call, order[first], 0), &change, err);
    }
    for (size_t k = 0; k < COLUMNS; k++) ps_free(column[k]);
    ps_free(rank[0]);
    ps_free(rank[1]);
    ps_free(order);
    ps_free(offset);
    return status;
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
    .input = change_inputs,
    .n_input = PS_LENGTH(change_inputs),
    .param = change_params,
    .n_param = PS_LENGTH(change_params),
    .output = change_outputs,
    .n_output = PS_LENGTH(change_outputs),
    .run = run_change,
};

/* ---- lsoa_change ---- */

static const ps_method_column move_inputs[] = {
    {"lsoa11", PS_COLUMN_TEXT, true, "the LSOA of 2011"},
    {"lsoa21", PS_COLUMN_TEXT, true, "an LSOA of 2021 that overlaps it"},
    {"value", PS_COLUMN_NUMBER, true,
     "value of the source area, the same on all its rows"},
    {"chgind", PS_COLUMN_TEXT, false, "U, S, M or X, as published"},
    {"weight", PS_COLUMN_NUMBER, false, "people or households of the overlap"},
    {"overlap_area", PS_COLUMN_NUMBER, false, "size of the overlap, second choice"},
};
static const ps_method_param move_params[] = {
    {"kind", PS_COLUMN_TEXT, NULL, "extensive|intensive|category|rank", 1, 0,
     "extensive: counts; intensive: scores, rates; category: flags and class numbers; "
     "rank: carried where nothing changed"},
    {"direction", PS_COLUMN_TEXT, "2011-2021", "2011-2021|2021-2011", 1, 0,
     "which way values move"},
};
static const ps_method_column move_outputs[] = {
    {"area", PS_COLUMN_TEXT, true, "the target area"},
    {"value", PS_COLUMN_NUMBER, true, "its value"},
    {"method", PS_COLUMN_TEXT, true,
     "U unchanged, S part of a split, M merged, X irregular, seen in the direction "
     "taken"},
    {"share_min", PS_COLUMN_NUMBER, true,
     "least share of a source area that came here; of a category the majority's share"},
    {"irregular", PS_COLUMN_INTEGER, true, "1: X"},
    {"flag", PS_COLUMN_TEXT, true,
     "fallback: shares by area or in equal parts; contested: majority below 75 %"},
    {"status", PS_COLUMN_TEXT, true, "of the value"},
};

/* The value of each source area: one for all its rows. */
static ps_status source_values(const ps_method_call *call, const ps_codes *source,
                               const double *value, double *out, ps_error *err) {
    for (size_t k = 0; k < source->n; k++) out[k] = INFINITY;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double *known = &out[source->code[i]];
        ps_str name = source->text[source->code[i]];
        bool same = *known == value[i] || (isnan(*known) && isnan(value[i]));
        if (isinf(*known))
            *known = value[i];
        else if (!same)
            return ps_fail(err, PS_FORMAT,
                           "%s: row %" PRId64
                           ": %.*s has the value %.17g here and "
                           "another above: an area has one value on all its rows",
                           ps_table_name(ps_call_table(call)),
                           ps_call_row_in_file(call, i), (int)name.n, name.p, value[i]);
    }
    return PS_OK;
}

/* A row without one of its codes is an area found in neither list. */
static ps_status check_codes(const ps_method_call *call, ps_error *err) {
    char names[300] = "";
    size_t at = 0, n = 0;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str a = ps_call_text(call, i, 0), b = ps_call_text(call, i, 1);
        if (a.n > 0 && b.n > 0) continue;
        ps_str known = a.n > 0 ? a : b;
        n++;
        if (at > sizeof names - 40) continue;
        int wrote =
            snprintf(names + at, sizeof names - at, "%s%.*s", at > 0 ? ", " : "",
                     known.n < 20 ? (int)known.n : 20, known.n > 0 ? known.p : "");
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    if (n == 0) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%s: %zu rows name only one area: %s: the look-up has to hold both "
                   "codes of every area",
                   ps_table_name(ps_call_table(call)), n, names);
}

/* The published indicator has to agree with the pairs themselves. */
static void check_published(const ps_method_call *call, const ps_codes *target,
                            const ps_moved *moved, bool forward) {
    size_t differ = 0, first = 0;
    if (!ps_call_has(call, 3) || !forward) return;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str published = ps_call_text(call, i, 3);
        if (published.n != 1 || published.p[0] == moved[target->code[i]].change) continue;
        if (differ++ == 0) first = i;
    }
    if (differ > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%s: chgind of %zu rows is not what the pairs say, first in row %" PRId64
               ": are rows of the look-up left out?",
               ps_table_name(ps_call_table(call)), differ,
               ps_call_row_in_file(call, first));
}

static ps_status put_moved(const ps_method_call *call, ps_str area, const ps_moved *m,
                           ps_error *err) {
    size_t c = 0;
    ps_call_put_text(call, c++, area);
    ps_call_put_number(call, c++, m->status, m->value);
    ps_call_put_text(call, c++, (ps_str){&m->change, 1});
    put_number(call, c++, m->share_min);
    ps_call_put_int(call, c++, m->irregular);
    put_word(call, c++, m->contested ? "contested" : m->fallback ? "fallback" : "");
    ps_call_put_status(call, c++, m->status);
    return ps_call_end_row(call, err);
}

static ps_status run_move(const ps_method_call *call, ps_error *err) {
    static const char *const kinds[] = {"extensive", "intensive", "category", "rank"};
    const bool forward = ps_call_param_is(call, 1, "2011-2021");
    ps_value_kind kind = PS_KIND_EXTENSIVE;
    for (int k = 0; k < 4; k++)
        if (ps_call_param_is(call, 0, kinds[k])) kind = (ps_value_kind)k;
    ps_codes source = {NULL, NULL, 0}, target = {NULL, NULL, 0};
    double *column[3] = {NULL}, *value = NULL;
    ps_moved *moved = NULL;
    ps_status status = check_codes(call, err);
    if (status == PS_OK) status = ps_codes_build(call, forward ? 0 : 1, &source, err);
    if (status == PS_OK) status = ps_codes_build(call, forward ? 1 : 0, &target, err);
    if (status == PS_OK) status = ps_call_numbers(call, 2, &column[0], err);
    for (size_t k = 1; k < 3 && status == PS_OK; k++)
        status = read_optional(call, 3 + k, &column[k], err);
    if (status == PS_OK) {
        value = ps_alloc(source.n, sizeof *value);
        moved = ps_zalloc(target.n, sizeof *moved);
        if (value == NULL || moved == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) status = source_values(call, &source, column[0], value, err);
    if (status == PS_OK) {
        ps_area_pairs pairs = {.n = ps_call_rows(call),
                               .n_from = source.n,
                               .n_to = target.n,
                               .from = source.code,
                               .to = target.code,
                               .weight = column[1],
                               .area = column[2]};
        status = ps_area_values_move(&pairs, kind, value, moved, err);
    }
    if (status == PS_OK) check_published(call, &target, moved, forward);
    for (size_t k = 0; k < target.n && status == PS_OK; k++)
        status = put_moved(call, target.text[k], &moved[k], err);
    for (size_t k = 0; k < 3; k++) ps_free(column[k]);
    ps_free(value);
    ps_free(moved);
    ps_codes_free(&source);
    ps_codes_free(&target);
    return status;
}

extern const ps_method ps_method_lsoa_change;
const ps_method ps_method_lsoa_change = {
    .id = "lsoa_change",
    .title = "Values of LSOAs of 2011 on those of 2021",
    .formula =
        "extensive: sum over source areas of value * overlap / all overlaps of the "
        "source; intensive: inherited by parts of a split, else the mean weighed "
        "by overlap; category: the majority of the people; rank: carried where "
        "nothing changed. The published exact-fit look-up gives the pairs.",
    .source =
        "ONS, LSOA (2011) to LSOA (2021) exact fit look-up; ONS, Building block and "
        "best-fit policy",
    .input = move_inputs,
    .n_input = PS_LENGTH(move_inputs),
    .param = move_params,
    .n_param = PS_LENGTH(move_params),
    .output = move_outputs,
    .n_output = PS_LENGTH(move_outputs),
    .run = run_move,
};
