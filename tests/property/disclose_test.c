/* Every small table that fits the published cells is written out: no suppressed cell may
 * be known more closely than the rule allows, neither from the counts alone nor with the
 * labels. And: the order of equations does not matter, nor do runs differ.
 */
#include "indicators/disclose.h"
#include "indicators/rounding.h"

#include <string.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

enum { ROWS = 2, COLUMNS = 3, INNER = ROWS * COLUMNS, CELLS = 12, LINES = 6, MOST = 16 };
enum { TABLES = 600 };

/* Cells: inner ones by row, then row totals, column totals, the grand total. */
typedef struct table {
    int64_t count[CELLS];
    size_t offset[LINES + 1];
    int32_t cell[64];
    ps_disclosed out[CELLS];
    ps_disclose_summary summary;
} table;

static void sum_totals(int64_t *count) {
    for (int i = INNER; i < CELLS; i++) count[i] = 0;
    for (int i = 0; i < INNER; i++) {
        count[INNER + i / COLUMNS] += count[i];
        count[INNER + ROWS + i % COLUMNS] += count[i];
        count[CELLS - 1] += count[i];
    }
}

static size_t add_line(table *t, int line, size_t at) {
    t->offset[line] = at;
    bool is_row = line < ROWS;
    t->cell[at++] = line == LINES - 1 ? CELLS - 1 : INNER + line;
    if (line == LINES - 1) {
        for (int r = 0; r < ROWS; r++) t->cell[at++] = INNER + r;
        return at;
    }
    int n = is_row ? COLUMNS : ROWS;
    for (int k = 0; k < n; k++)
        t->cell[at++] = is_row ? line * COLUMNS + k : k * COLUMNS + line - ROWS;
    return at;
}

static void make(table *t, uint64_t *seed) {
    static const uint64_t below[] = {3, 6, 9, 30};
    for (int i = 0; i < INNER; i++)
        t->count[i] =
            (int64_t)test_random_below(seed, below[test_random_below(seed, 4)]) *
            (int64_t)(test_random_below(seed, 3) > 0);
    sum_totals(t->count);
    size_t at = 0;
    for (int line = 0; line < LINES; line++) at = add_line(t, line, at);
    t->offset[LINES] = at;
}

/* The least and greatest value of each cell over all tables that fit. */
typedef struct survey {
    const table *t;
    const ps_disclose_options *options;
    bool use_labels;
    int64_t at[CELLS], least[CELLS], most[CELLS];
    long fitting;
} survey;

static bool fits_label(const survey *s, int i) {
    const ps_disclosed *out = &s->t->out[i];
    int64_t x = s->at[i], t = s->options->threshold;
    if (out->rule == PS_RULE_NONE) return x == s->t->count[i];
    if (!s->use_labels) return true;
    bool small = x < t && (x > 0 || s->options->hide_zeros);
    if (out->rule == PS_RULE_COUNT) return small;
    return !small && x > 0;
}

static void look(survey *s) {
    sum_totals(s->at);
    for (int i = INNER; i < CELLS; i++)
        if (!fits_label(s, i)) return;
    for (int i = 0; i < CELLS; i++) {
        if (s->at[i] < s->least[i]) s->least[i] = s->at[i];
        if (s->at[i] > s->most[i]) s->most[i] = s->at[i];
    }
    s->fitting++;
}

static void enumerate(survey *s, int i) {
    if (i == INNER) {
        look(s);
        return;
    }
    if (i == COLUMNS && s->t->out[INNER].rule == PS_RULE_NONE &&
        s->at[0] + s->at[1] + s->at[2] != s->t->count[INNER])
        return;
    if (s->t->out[i].rule == PS_RULE_NONE) {
        s->at[i] = s->t->count[i];
        enumerate(s, i + 1);
        return;
    }
    for (s->at[i] = 0; s->at[i] <= s->t->count[i] + MOST; s->at[i]++)
        if (fits_label(s, i)) enumerate(s, i + 1);
    s->at[i] = 0;
}

static void survey_tables(const table *t, const ps_disclose_options *options,
                          bool use_labels, survey *s) {
    *s = (survey){.t = t, .options = options, .use_labels = use_labels};
    for (int i = 0; i < CELLS; i++) s->least[i] = s->most[i] = t->count[i];
    enumerate(s, 0);
    assert_true(s->fitting > 0);
}

static void disclose(table *t, const ps_disclose_options *options) {
    ps_equations equations = {LINES, t->offset, t->cell};
    ps_error err = {PS_OK, ""};
    if (ps_disclose(CELLS, t->count, NULL, NULL, &equations, options, t->out, &t->summary,
                    &err) != PS_OK)
        fail_msg("%s", err.text);
}

static int n_hidden(const table *t) {
    int n = 0;
    for (int i = 0; i < INNER; i++) n += t->out[i].rule != PS_RULE_NONE;
    return n;
}

static void check(const table *t, const ps_disclose_options *options) {
    survey counts, told;
    survey_tables(t, options, false, &counts);
    survey_tables(t, options, true, &told);
    size_t narrowed = 0;
    bool all_written = true; /* the audit went no further than enumerate does */
    for (int i = 0; i < INNER; i++)
        if (t->out[i].most > t->count[i] + MOST) all_written = false;
    for (int i = 0; i < CELLS; i++) {
        const ps_disclosed *out = &t->out[i];
        bool small =
            t->count[i] < options->threshold && (t->count[i] > 0 || options->hide_zeros);
        if (small) assert_int_equal(out->rule, PS_RULE_COUNT);
        if (out->rule == PS_RULE_NONE) continue;
        if (counts.most[i] - counts.least[i] < options->threshold)
            fail_msg("cell %d is known to be in %d to %d", i, (int)counts.least[i],
                     (int)counts.most[i]);
        /* What the audit found possible is possible. */
        if (all_written) assert_true(out->least >= counts.least[i]);
        if (all_written) assert_true(out->most <= counts.most[i]);
        if (!options->labels || out->rule != PS_RULE_COUNT) continue;
        bool whole = told.least[i] == (options->hide_zeros ? 0 : 1) &&
                     told.most[i] == options->threshold - 1;
        assert_int_equal(out->narrowed, !whole);
        narrowed += out->narrowed;
    }
    assert_int_equal(narrowed, t->summary.narrowed);
}

static void no_suppressed_cell_is_recoverable(void **state) {
    (void)state;
    uint64_t seed = 20260101;
    int checked = 0, secondary = 0;
    for (int k = 0; k < TABLES; k++) {
        table t = {0};
        make(&t, &seed);
        ps_disclose_options options = {
            .threshold = 2 + (int64_t)test_random_below(&seed, 4),
            .hide_zeros = k % 7 == 0,
            .labels = k % 2 == 0};
        disclose(&t, &options);
        if (n_hidden(&t) > 4) continue; /* too many tables to write out */
        check(&t, &options);
        checked++;
        secondary += t.summary.secondary > 0;
    }
    assert_true(checked > TABLES / 3);
    assert_true(secondary > TABLES / 10);
}

static void the_order_of_members_does_not_matter(void **state) {
    (void)state;
    uint64_t seed = 5;
    const ps_disclose_options options = {.threshold = 5, .labels = true};
    for (int k = 0; k < 300; k++) {
        table t = {0}, u;
        make(&t, &seed);
        u = t;
        for (int line = 0; line < LINES; line++) {
            size_t begin = u.offset[line] + 1, end = u.offset[line + 1];
            int32_t swap = u.cell[begin];
            u.cell[begin] = u.cell[end - 1];
            u.cell[end - 1] = swap;
        }
        disclose(&t, &options);
        disclose(&u, &options);
        for (int i = 0; i < CELLS; i++) {
            assert_int_equal(t.out[i].rule, u.out[i].rule);
            assert_int_equal(t.out[i].because, u.out[i].because);
        }
    }
}

/* A city of many areas and types: everything small goes, and everything else that can
 * stay is bounded widely; each equation has none or two unknowns. */
static void a_large_release(void **state) {
    (void)state;
    enum { AREAS = 200, TYPES = 6, N = (AREAS + 1) * (TYPES + 1) };
    static int64_t count[N];
    static size_t offset[AREAS + TYPES + 3];
    static int32_t cell[4 * N];
    static ps_disclosed out[N];
    uint64_t seed = 77;
    for (int a = 0; a < AREAS; a++)
        for (int k = 0; k < TYPES; k++) {
            int64_t x =
                (int64_t)test_random_below(&seed, 1 + test_random_below(&seed, 60));
            count[a * (TYPES + 1) + k] = x;
            count[a * (TYPES + 1) + TYPES] += x;
            count[AREAS * (TYPES + 1) + k] += x;
            count[AREAS * (TYPES + 1) + TYPES] += x;
        }
    size_t at = 0, n = 0;
    for (int a = 0; a <= AREAS; a++) {
        offset[n++] = at;
        for (int k = TYPES; k >= 0; k--) cell[at++] = a * (TYPES + 1) + k;
    }
    for (int k = 0; k <= TYPES; k++) {
        offset[n++] = at;
        for (int a = AREAS; a >= 0; a--) cell[at++] = a * (TYPES + 1) + k;
    }
    offset[n] = at;
    ps_equations equations = {n, offset, cell};
    const ps_disclose_options options = {.threshold = 5, .labels = true};
    ps_disclose_summary summary;
    ps_error err = {PS_OK, ""};
    if (ps_disclose(N, count, NULL, NULL, &equations, &options, out, &summary, &err) !=
        PS_OK)
        fail_msg("%s", err.text);
    for (size_t e = 0; e < n; e++) {
        int unknown = 0;
        for (size_t k = offset[e]; k < offset[e + 1]; k++)
            unknown += out[cell[k]].rule != PS_RULE_NONE;
        assert_true(unknown != 1);
    }
    for (int i = 0; i < N; i++) {
        assert_true(out[i].rule != PS_RULE_NONE || count[i] == 0 || count[i] >= 5);
        if (out[i].rule != PS_RULE_NONE) assert_true(out[i].most - out[i].least >= 5);
    }
    assert_true(summary.secondary > 0 && summary.secondary < summary.primary * 2);
    assert_int_equal(summary.narrowed, 0);
}

/* The least sum of distances of all roundings that add up, by writing them out: -1 when
 * there are none. */
static int64_t least_distance(const int64_t *count, int64_t base) {
    int64_t best = -1;
    for (int ups = 0; ups < 1 << INNER; ups++) {
        int64_t rounded[CELLS], away = 0;
        for (int i = 0; i < INNER; i++)
            rounded[i] = (count[i] / base + (ups >> i & 1)) * base;
        sum_totals(rounded);
        bool next = true;
        for (int i = 0; i < CELLS; i++) {
            int64_t d =
                rounded[i] < count[i] ? count[i] - rounded[i] : rounded[i] - count[i];
            next = next && d < base && (count[i] % base > 0 || d == 0);
            away += d;
        }
        if (next && (best < 0 || away < best)) best = away;
    }
    return best;
}

static void controlled_rounding_is_the_nearest(void **state) {
    (void)state;
    uint64_t seed = 20260403;
    for (int round = 0; round < TABLES / 2; round++) {
        table t;
        int64_t base = 2 + (int64_t)test_random_below(&seed, 9), out[CELLS], again[CELLS];
        double draw[CELLS];
        int further;
        ps_error err = {PS_OK, ""};
        for (int i = 0; i < INNER; i++)
            t.count[i] = (int64_t)test_random_below(&seed, 3 * (uint64_t)base);
        sum_totals(t.count);
        size_t at = 0;
        for (int line = 0; line < LINES; line++) at = add_line(&t, line, at);
        t.offset[LINES] = at;
        for (int i = 0; i < CELLS; i++)
            draw[i] = ((double)test_random_below(&seed, 1000) + 0.5) / 1000;
        ps_equations lines = {LINES, t.offset, t.cell};
        if (ps_round_controlled(CELLS, t.count, &lines, base, draw, out, &further,
                                &err) != PS_OK)
            fail_msg("%s", err.text);
        memcpy(again, out, sizeof out);
        sum_totals(again);
        assert_memory_equal(again, out, sizeof out);
        int64_t away = 0;
        for (int i = 0; i < CELLS; i++) {
            assert_int_equal(out[i] % base, 0);
            away += out[i] < t.count[i] ? t.count[i] - out[i] : out[i] - t.count[i];
        }
        /* Two dimensions always have a rounding to the multiples next to the counts. */
        assert_int_equal(further, 0);
        assert_int_equal(away, least_distance(t.count, base));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_suppressed_cell_is_recoverable),
        cmocka_unit_test(the_order_of_members_does_not_matter),
        cmocka_unit_test(a_large_release),
        cmocka_unit_test(controlled_rounding_is_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
