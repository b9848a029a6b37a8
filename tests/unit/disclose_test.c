/* Disclosure control on tables that can be worked out by hand. */
#include "indicators/disclose.h"

#include <string.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

enum { MOST = 64 };

static const ps_disclose_options plain = {.threshold = 5};
static const ps_disclose_options labels = {.threshold = 5, .labels = true};

typedef struct table {
    size_t n, n_equations;
    int64_t count[MOST];
    size_t offset[MOST];
    int32_t cell[4 * MOST];
    const ps_disclose_options *options;
    ps_disclosed out[MOST];
    ps_disclose_summary summary;
} table;

static ps_status run_table(void *context, ps_error *err) {
    table *t = context;
    ps_equations equations = {t->n_equations, t->offset, t->cell};
    return ps_disclose(t->n, t->count, NULL, NULL, &equations, t->options, t->out,
                       &t->summary, err);
}

/* Cells 0 .. n - 2 add up to the last one. */
static table one_total(const int64_t *members, size_t n,
                       const ps_disclose_options *options) {
    table t = {.n = n + 1, .n_equations = 1, .options = options};
    t.offset[1] = n + 1;
    t.cell[0] = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        t.count[i] = members[i];
        t.count[n] += members[i];
        t.cell[i + 1] = (int32_t)i;
    }
    return t;
}

static void assert_shown(const table *t, const char *pattern) {
    char seen[MOST + 1] = "";
    for (size_t i = 0; i < t->n; i++)
        seen[i] = t->out[i].status == PS_VALUE_OK                     ? '.'
                  : t->out[i].status == PS_VALUE_SUPPRESSED_PRIMARY   ? 'p'
                  : t->out[i].status == PS_VALUE_SUPPRESSED_SECONDARY ? 's'
                                                                      : 'm';
    assert_string_equal(seen, pattern);
}

static void run(table *t, const char *pattern) {
    ps_error err = {PS_OK, ""};
    ps_status status = run_table(t, &err);
    if (status != PS_OK) fail_msg("%s", err.text);
    assert_shown(t, pattern);
}

static void a_small_count_takes_the_smallest_other_with_it(void **state) {
    (void)state;
    table t = one_total((int64_t[]){3, 20, 0, 10, 50}, 5, &labels);
    run(&t, "p..s..");
    assert_int_equal(t.out[0].rule, PS_RULE_COUNT);
    assert_int_equal(t.out[3].rule, PS_RULE_ONLY_UNKNOWN);
    assert_int_equal(t.out[3].because, 0);
    assert_true(t.out[0].most - t.out[0].least >= 5);
    assert_int_equal(t.summary.primary, 1);
    assert_int_equal(t.summary.secondary, 1);
    /* A tie goes to the lowest cell. */
    t = one_total((int64_t[]){3, 20, 10, 10}, 4, &labels);
    run(&t, "p.s..");
}

static void nothing_small_nothing_hidden(void **state) {
    (void)state;
    table t = one_total((int64_t[]){5, 0, 6, 7}, 4, &labels);
    run(&t, ".....");
    t = one_total((int64_t[]){0, 0}, 2, &labels);
    run(&t, "...");
}

/* Two cells of 1 in a total of 2: the total has to go, too. */
static void two_ones_in_a_total_of_two(void **state) {
    (void)state;
    table t = one_total((int64_t[]){1, 1, 0, 0}, 4, &plain);
    run(&t, "pp..p");
    assert_true(t.out[0].most - t.out[0].least >= 5);
    t = one_total((int64_t[]){1, 1, 30}, 3, &plain);
    run(&t, "pps.");
    assert_int_equal(t.out[2].rule, PS_RULE_TOO_NARROW);
}

/* 4 + 4 = 8: the range 0 to 8 is wide, but both are known to be below 5. */
static void labels_tell_more_than_sums(void **state) {
    (void)state;
    int64_t members[] = {4, 4, 20, 30};
    table t = one_total(members, 4, &plain);
    run(&t, "pp...");
    t = one_total(members, 4, &labels);
    run(&t, "pps..");
    assert_int_equal(t.summary.narrowed, 0);
    /* Nothing is left to hide here, and the sum of two small counts is small. */
    t = one_total((int64_t[]){1, 2}, 2, &labels);
    run(&t, "ppp");
    assert_int_equal(t.summary.narrowed, 3);
}

static void an_only_child_takes_its_parent_with_it(void **state) {
    (void)state;
    /* 0 = 1 (only child); 0 + 2 + 3 = 4 */
    table t = {.n = 5,
               .n_equations = 2,
               .count = {3, 3, 40, 50, 93},
               .offset = {0, 2, 6},
               .cell = {0, 1, 4, 0, 2, 3},
               .options = &labels};
    run(&t, "pps..");
    /* The only child is above the threshold and is given up for a neighbour. */
    table u = {.n = 4,
               .n_equations = 2,
               .count = {6, 6, 2, 8},
               .offset = {0, 2, 5},
               .cell = {0, 1, 3, 0, 2},
               .options = &plain};
    run(&u, "ssp.");
}

/* Rows and columns of a 3 x 3 table: the classic rectangle. */
static void two_dimensions_need_four_cells(void **state) {
    (void)state;
    table t = {.n = 15, .n_equations = 6, .options = &labels};
    static const int64_t inner[9] = {2, 30, 40, 50, 60, 70, 80, 90, 100};
    size_t at = 0;
    for (int line = 0; line < 6; line++) {
        int32_t total = 9 + line;
        t.offset[line] = at;
        t.cell[at++] = total;
        for (int k = 0; k < 3; k++) {
            int32_t cell = line < 3 ? line * 3 + k : k * 3 + line - 3;
            t.cell[at++] = cell;
            t.count[cell] = inner[cell];
            t.count[total] += inner[cell];
        }
    }
    t.offset[6] = at;
    run(&t, "ps.ss..........");
}

static void missing_and_bad_input(void **state) {
    (void)state;
    table t = one_total((int64_t[]){3, 20, 10}, 3, &labels);
    t.count[1] = -1;
    t.count[3] = 13;
    run(&t, "pms.");
    ps_error err;
    t.count[3] = 33;
    assert_int_equal(run_table(&t, &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "add up to 13"));
    assert_non_null(strstr(err.text, "some are missing"));
    t.count[3] = -1; /* no total: every cell stands alone */
    run(&t, "pm.m");
    t.cell[1] = 9;
    assert_int_equal(run_table(&t, &err), PS_FORMAT);
    t.cell[1] = t.cell[2];
    assert_int_equal(run_table(&t, &err), PS_FORMAT);
    t = one_total((int64_t[]){PS_CELL_MOST + 1, 2}, 2, &labels);
    assert_int_equal(run_table(&t, &err), PS_LIMIT);
}

static void zeros_complements_and_bases(void **state) {
    (void)state;
    ps_equations none = {0, (size_t[]){0}, NULL};
    int64_t count[] = {0, 3, 50, 48, 50, 20}, base[] = {50, 50, 50, 50, -1, 60};
    int64_t threshold[] = {5, 3, 5, 5, 5, 5};
    ps_disclosed out[6];
    ps_disclose_summary summary;
    ps_disclose_options options = {
        .threshold = 5, .complements = true, .least_base = 55, .labels = true};
    assert_int_equal(
        ps_disclose(6, count, threshold, base, &none, &options, out, &summary, NULL),
        PS_OK);
    assert_int_equal(out[0].rule, PS_RULE_BASE);
    assert_int_equal(out[4].rule, PS_RULE_NONE);
    assert_int_equal(out[5].rule, PS_RULE_NONE);
    options.least_base = 0;
    options.hide_zeros = true;
    assert_int_equal(
        ps_disclose(6, count, threshold, base, &none, &options, out, &summary, NULL),
        PS_OK);
    assert_int_equal(out[0].rule, PS_RULE_COUNT);
    assert_int_equal(out[1].rule, PS_RULE_NONE);
    assert_int_equal(out[2].rule, PS_RULE_COMPLEMENT);
    assert_int_equal(out[3].rule, PS_RULE_COMPLEMENT);
    assert_int_equal(summary.primary, 3);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    table t = one_total((int64_t[]){4, 4, 20, 30, 1}, 5, &labels);
    assert_true(test_each_allocation_fails(run_table, &t) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_count_takes_the_smallest_other_with_it),
        cmocka_unit_test(nothing_small_nothing_hidden),
        cmocka_unit_test(two_ones_in_a_total_of_two),
        cmocka_unit_test(labels_tell_more_than_sums),
        cmocka_unit_test(an_only_child_takes_its_parent_with_it),
        cmocka_unit_test(two_dimensions_need_four_cells),
        cmocka_unit_test(missing_and_bad_input),
        cmocka_unit_test(zeros_complements_and_bases),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
