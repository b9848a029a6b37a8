#include "indicators/rank_test.h"

#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/sum.h"

/* A value and where it came from. NAN sorts last, equal values by place, so that the
 * order is one whatever the sort. */
typedef struct placed {
    double value;
    size_t place;
} placed;

static int compare_placed(const void *a, const void *b) {
    const placed *p = a, *q = b;
    if (isnan(p->value) != isnan(q->value)) return isnan(p->value) ? 1 : -1;
    if (p->value < q->value) return -1;
    if (p->value > q->value) return 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static placed *sorted(const double *value, size_t n, double sign) {
    placed *all = ps_alloc(n, sizeof *all);
    if (all == NULL) return NULL;
    for (size_t i = 0; i < n; i++) all[i] = (placed){sign * value[i], i};
    qsort(all, n, sizeof *all, compare_placed);
    return all;
}

ps_status ps_rank_min(const double *value, size_t n, ps_rank_order order, int64_t *rank,
                      ps_error *err) {
    placed *all = sorted(value, n, order == PS_RANK_HIGHEST_FIRST ? -1 : 1);
    if (all == NULL) return ps_fail_nomem(err);
    int64_t current = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(all[i].value)) {
            rank[all[i].place] = 0;
            continue;
        }
        if (i == 0 || all[i].value > all[i - 1].value) current = (int64_t)i + 1;
        rank[all[i].place] = current;
    }
    ps_free(all);
    return PS_OK;
}

/* Middle ranks into rank; *ties gets the sum of t^3 - t over runs of t equal values. */
static ps_status middle_ranks(const double *value, size_t n, double *rank, double *ties,
                              ps_error *err) {
    placed *all = sorted(value, n, 1);
    if (all == NULL) return ps_fail_nomem(err);
    *ties = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && all[end].value == all[i].value;) end++;
        double run = (double)(end - i);
        *ties += run * run * run - run;
        for (size_t k = i; k < end; k++)
            rank[all[k].place] = ((double)i + 1 + (double)end) / 2;
    }
    ps_free(all);
    return PS_OK;
}

ps_status ps_rank_middle(const double *value, size_t n, double *rank, ps_error *err) {
    double ties;
    return middle_ranks(value, n, rank, &ties, err);
}

/* Two-sided, the half step of continuity towards the expected value. */
static void judge(ps_rank_test *test, double expected, double variance) {
    double away = test->statistic - expected;
    if (!(variance > 0)) {
        test->z = ps_value_none(PS_VALUE_UNDEFINED);
        test->p = ps_value_of(1);
        return;
    }
    double step = away > 0 ? -0.5 : away < 0 ? 0.5 : 0;
    double z = (away + step) / sqrt(variance), p = 2 * ps_normal_tail(fabs(z));
    test->z = ps_value_of(z);
    test->p = ps_value_of(p < 1 ? p : 1);
}

ps_status ps_wilcoxon_signed_rank(const double *difference, size_t n, ps_rank_test *out,
                                  ps_error *err) {
    *out = (ps_rank_test){.p = ps_value_of(1)};
    double *size = ps_alloc(n, 2 * sizeof *size);
    if (size == NULL) return ps_fail_nomem(err);
    double *rank = size + n, ties = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (difference[i] != 0) size[kept++] = fabs(difference[i]);
    ps_status status = middle_ranks(size, kept, rank, &ties, err);
    if (status == PS_OK) {
        ps_sum v = {0, 0};
        kept = 0;
        for (size_t i = 0; i < n; i++) {
            if (difference[i] == 0) continue;
            if (difference[i] > 0) ps_sum_add(&v, rank[kept]);
            kept++;
        }
        double m = (double)kept;
        out->statistic = ps_sum_value(&v);
        judge(out, m * (m + 1) / 4, m * (m + 1) * (2 * m + 1) / 24 - ties / 48);
    }
    ps_free(size);
    return status;
}

ps_status ps_mann_whitney(const double *x1, size_t n1, const double *x2, size_t n2,
                          ps_rank_test *out, ps_error *err) {
    *out = (ps_rank_test){.z = ps_value_none(PS_VALUE_UNDEFINED),
                          .p = ps_value_none(PS_VALUE_UNDEFINED)};
    if (n1 == 0 || n2 == 0) return PS_OK;
    double *both = ps_alloc(n1 + n2, 2 * sizeof *both);
    if (both == NULL) return ps_fail_nomem(err);
    double *rank = both + n1 + n2, ties = 0;
    for (size_t i = 0; i < n1; i++) both[i] = x1[i];
    for (size_t i = 0; i < n2; i++) both[n1 + i] = x2[i];
    ps_status status = middle_ranks(both, n1 + n2, rank, &ties, err);
    if (status == PS_OK) {
        ps_sum ranks = {0, 0};
        for (size_t i = 0; i < n2; i++) ps_sum_add(&ranks, rank[n1 + i]);
        double a = (double)n1, b = (double)n2, all = a + b;
        out->statistic = ps_sum_value(&ranks) - b * (b + 1) / 2;
        judge(out, a * b / 2, a * b / 12 * (all + 1 - ties / (all * (all - 1))));
    }
    ps_free(both);
    return status;
}
