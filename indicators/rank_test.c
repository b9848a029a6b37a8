#include "indicators/rank_test.h"

#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/change.h"
#include "indicators/distribution.h"
#include "indicators/method.h"
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
    *out = (ps_rank_test){.p = ps_value_of(1),
                          .z = ps_value_none(PS_VALUE_UNDEFINED),
                          .greater = ps_value_none(PS_VALUE_NOT_APPLICABLE)};
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
    const ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    *out = (ps_rank_test){.z = none, .p = none, .greater = none};
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
        out->greater = ps_value_of(out->statistic / (a * b));
        judge(out, a * b / 2, a * b / 12 * (all + 1 - ties / (all * (all - 1))));
    }
    ps_free(both);
    return status;
}

/* ---- adaptors ---- */

static const char *verdict_of(const ps_rank_test *test, double confidence) {
    if (!ps_value_ok(test->p)) return ps_verdict_text(PS_VERDICT_NONE);
    if (test->p.value >= 1 - confidence)
        return ps_verdict_text(PS_VERDICT_NO_CLEAR_CHANGE);
    return ps_verdict_text(test->z.value < 0 ? PS_VERDICT_DECREASE : PS_VERDICT_INCREASE);
}

static const ps_method_param rank_params[] = {
    {"confidence", PS_COLUMN_NUMBER, "0.95", NULL, 0.9, 0.99999999999,
     "1 less the level of the test"},
};

enum { IN_GROUP, IN_BEFORE, IN_AFTER };
static const ps_method_column signed_inputs[] = {
    {"group", PS_COLUMN_TEXT, false, "one test per group"},
    {"before", PS_COLUMN_NUMBER, true, "value of the pair at first"},
    {"after", PS_COLUMN_NUMBER, true, "value of the same pair later"},
};
static const ps_method_column signed_outputs[] = {
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"n", PS_COLUMN_INTEGER, true, "pairs that changed"},
    {"n_equal", PS_COLUMN_INTEGER, true, "pairs that did not, left out"},
    {"n_missing", PS_COLUMN_INTEGER, true, "pairs without one of the values"},
    {"statistic", PS_COLUMN_NUMBER, true, "V, the sum of the ranks of the rises"},
    {"z", PS_COLUMN_NUMBER, true, "of V, continuity 0.5"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"z_status", PS_COLUMN_TEXT, true, "of z"},
    {"status", PS_COLUMN_TEXT, true, "of p_value"},
};

static ps_status signed_group(const ps_method_call *call, const ps_call_group *group,
                              void *context, ps_error *err) {
    (void)context;
    const double *before = group->column[0], *after = group->column[1];
    double *difference = ps_alloc(group->n, sizeof *difference);
    if (difference == NULL) return ps_fail_nomem(err);
    size_t n = 0, changed = 0;
    for (size_t i = 0; i < group->n; i++) {
        double d = after[i] - before[i];
        if (isnan(d)) continue;
        changed += d != 0;
        difference[n++] = d;
    }
    ps_rank_test test;
    ps_status status = ps_wilcoxon_signed_rank(difference, n, &test, err);
    ps_free(difference);
    if (status != PS_OK) return status;
    if (n == 0) test.z = test.p = ps_value_none(PS_VALUE_MISSING);
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, (int64_t)changed);
    ps_call_put_int(call, 2, (int64_t)(n - changed));
    ps_call_put_int(call, 3, (int64_t)(group->n - n));
    ps_call_put_number(call, 4, test.p.status, test.statistic);
    ps_call_put_value(call, 5, test.z);
    ps_call_put_value(call, 6, test.p);
    ps_call_put_word(call, 7, verdict_of(&test, ps_call_param_number(call, 0)));
    ps_call_put_status(call, 8, test.z.status);
    ps_call_put_status(call, 9, test.p.status);
    return ps_call_end_row(call, err);
}

static ps_status run_signed(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_BEFORE, IN_AFTER};
    return ps_call_each_group(call, IN_GROUP, inputs, 2, signed_group, NULL, err);
}

extern const ps_method ps_method_wilcoxon;
const ps_method ps_method_wilcoxon = {
    .id = "wilcoxon",
    .title = "Wilcoxon's signed-rank test of pairs",
    .formula =
        "V = sum of the ranks of |after - before| where it rose, pairs without change "
        "left out, n kept; mean n (n + 1) / 4, variance n (n + 1) (2n + 1) / 24 - "
        "sum(t^3 - t) / 48 over ties; z towards the mean by 0.5",
    .source = "Wilcoxon 1945, Biometrics Bulletin 1:80; Lehmann 1975",
    .evidence = "wilcox.test of R, paired, exact = FALSE, fresh pairs with ties: 2e-15",
    .input = signed_inputs,
    .n_input = PS_LENGTH(signed_inputs),
    .param = rank_params,
    .n_param = PS_LENGTH(rank_params),
    .output = signed_outputs,
    .n_output = PS_LENGTH(signed_outputs),
    .run = run_signed,
};

enum { IN_SAMPLE = 1, IN_VALUE };
static const ps_method_column two_inputs[] = {
    {"group", PS_COLUMN_TEXT, false, "one test per group"},
    {"sample", PS_COLUMN_TEXT, true, "one of two words; the first in order is before"},
    {"value", PS_COLUMN_NUMBER, true, "of the respondent or area"},
};
static const ps_method_column two_outputs[] = {
    {"group", PS_COLUMN_TEXT, true, "as in the input"},
    {"sample1", PS_COLUMN_TEXT, true, "the sample before"},
    {"sample2", PS_COLUMN_TEXT, true, "the sample after"},
    {"n1", PS_COLUMN_INTEGER, true, "values of sample1"},
    {"n2", PS_COLUMN_INTEGER, true, "values of sample2"},
    {"n_missing", PS_COLUMN_INTEGER, true, "rows without value"},
    {"statistic", PS_COLUMN_NUMBER, true,
     "U, pairs in which sample2 is higher, equal ones by half"},
    {"prob_greater", PS_COLUMN_NUMBER, true,
     "P(sample2 higher) + P(equal) / 2 = U / (n1 n2)"},
    {"z", PS_COLUMN_NUMBER, true, "of U, continuity 0.5"},
    {"p_value", PS_COLUMN_NUMBER, true, "two-sided"},
    {"verdict", PS_COLUMN_TEXT, true, "decrease, increase or no-clear-change"},
    {"z_status", PS_COLUMN_TEXT, true, "of z"},
    {"status", PS_COLUMN_TEXT, true, "of p_value"},
};

/* The two words of the table, in order. */
static ps_status two_samples(const ps_method_call *call, ps_str sample[2],
                             ps_error *err) {
    size_t n = 0;
    sample[0] = sample[1] = (ps_str){"", 0};
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str word = ps_call_text(call, i, IN_SAMPLE);
        if (word.n == 0) return ps_call_refuse(call, i, err, "sample is empty");
        if ((n > 0 && ps_str_eq(word, sample[0])) ||
            (n > 1 && ps_str_eq(word, sample[1])))
            continue;
        if (n == 2)
            return ps_call_refuse(
                call, i, err, "sample is '%.*s', a third word beside '%.*s' and '%.*s'",
                (int)(word.n < 40 ? word.n : 40), word.p,
                (int)(sample[0].n < 40 ? sample[0].n : 40), sample[0].p,
                (int)(sample[1].n < 40 ? sample[1].n : 40), sample[1].p);
        sample[n++] = word;
        if (n == 2 && ps_str_cmp(sample[0], sample[1]) > 0) {
            ps_str swap = sample[0];
            sample[0] = sample[1];
            sample[1] = swap;
        }
    }
    return PS_OK;
}

static ps_status two_group(const ps_method_call *call, const ps_call_group *group,
                           void *context, ps_error *err) {
    const ps_str *sample = context;
    const double *value = group->column[0];
    double *both = ps_alloc(group->n, 2 * sizeof *both);
    if (both == NULL) return ps_fail_nomem(err);
    double *part[2] = {both, both + group->n};
    size_t n[2] = {0, 0};
    for (size_t i = 0; i < group->n; i++) {
        bool second = ps_str_eq(ps_call_text(call, group->row[i], IN_SAMPLE), sample[1]);
        if (!isnan(value[i])) part[second][n[second]++] = value[i];
    }
    ps_rank_test test;
    ps_status status = ps_mann_whitney(part[0], n[0], part[1], n[1], &test, err);
    ps_free(both);
    if (status != PS_OK) return status;
    ps_call_put_text(call, 0, group->name);
    for (size_t k = 0; k < 2; k++) {
        ps_call_put_text(call, 1 + k, sample[k]);
        ps_call_put_int(call, 3 + k, (int64_t)n[k]);
    }
    ps_call_put_int(call, 5, (int64_t)(group->n - n[0] - n[1]));
    ps_call_put_number(call, 6, test.p.status, test.statistic);
    ps_call_put_value(call, 7, test.greater);
    ps_call_put_value(call, 8, test.z);
    ps_call_put_value(call, 9, test.p);
    ps_call_put_word(call, 10, verdict_of(&test, ps_call_param_number(call, 0)));
    ps_call_put_status(call, 11, test.z.status);
    ps_call_put_status(call, 12, test.p.status);
    return ps_call_end_row(call, err);
}

static ps_status run_two(const ps_method_call *call, ps_error *err) {
    static const size_t inputs[] = {IN_VALUE};
    ps_str sample[2];
    PS_TRY(two_samples(call, sample, err));
    return ps_call_each_group(call, IN_GROUP, inputs, 1, two_group, sample, err);
}

extern const ps_method ps_method_mann_whitney;
const ps_method ps_method_mann_whitney = {
    .id = "mann_whitney",
    .title = "Mann-Whitney test of two samples",
    .formula =
        "U = sum of the ranks of sample2 - n2 (n2 + 1) / 2; mean n1 n2 / 2, variance "
        "n1 n2 / 12 (n + 1 - sum(t^3 - t) / (n (n - 1))) over ties, n = n1 + n2; z "
        "towards the mean by 0.5",
    .source = "Mann & Whitney 1947, Ann. Math. Statist. 18:50; Lehmann 1975",
    .evidence = "wilcox.test of R, exact = FALSE, fresh samples with ties: 2e-15",
    .input = two_inputs,
    .n_input = PS_LENGTH(two_inputs),
    .param = rank_params,
    .n_param = PS_LENGTH(rank_params),
    .output = two_outputs,
    .n_output = PS_LENGTH(two_outputs),
    .run = run_two,
};
