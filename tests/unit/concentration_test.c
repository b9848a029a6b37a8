/* Concentration: closed forms, sparse counts, the same chance on any number of threads.
 */
#include "indicators/concentration.h"

#include "engine/core/par.h"
#include "tests/support/method.h"

static void near(double seen, double expected) {
    if (!(fabs(seen - expected) <= 1e-12 * (fabs(expected) + 1)))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

static ps_concentration measure(const double *count, size_t n, double top) {
    ps_concentration c;
    ps_error err = {.text = ""};
    if (ps_concentration_of(n, count, top, &c, &err) != PS_OK) fail_msg("%s", err.text);
    return c;
}

static void by_hand(void **state) {
    (void)state;
    static const double count[] = {7, 0, 2, 1};
    ps_concentration c = measure(count, 4, 0.25);
    near(c.gini.value, 0.55);
    near(c.generalised.value, 0.55);
    near(c.top_share.value, 0.7);
    near(measure(count, 4, 0.375).top_share.value, 0.8);
    near(c.half.units.value, 1);
    near(c.half.share.value, 5.0 / 7 / 4);
    near(c.hhi.value, 0.54);
    near(c.theil.value, 0.7 * log(2.8) + 0.2 * log(0.8) + 0.1 * log(0.4));
}

/* Equal counts have no concentration; all on one of n units has 1 - 1/n; two events on
 * two of ten units are as even as they can be, both on one as uneven: 1 - 1/c. */
static void extremes(void **state) {
    (void)state;
    double equal[10], one[10] = {0}, sparse[10] = {0};
    for (int i = 0; i < 10; i++) equal[i] = 3;
    near(measure(equal, 10, 0.1).gini.value, 0);
    one[4] = 50;
    near(measure(one, 10, 0.1).gini.value, 0.9);
    near(measure(one, 10, 0.1).generalised.value, 0.9);
    sparse[2] = sparse[7] = 1;
    near(measure(sparse, 10, 0.1).generalised.value, 0);
    near(measure(sparse, 10, 0.1).gini.value, 0.8);
    sparse[7] = 0;
    sparse[2] = 2;
    near(measure(sparse, 10, 0.1).generalised.value, 0.5);
    double none[3] = {0, 0, (double)NAN};
    ps_concentration c = measure(none, 3, 0.1);
    assert_int_equal(c.gini.status, PS_VALUE_UNDEFINED);
    assert_int_equal(c.n_missing, 1);
    near(measure(one + 4, 1, 1).gini.value, 0);
    ps_error err = {.text = ""};
    none[0] = -1;
    assert_int_equal(ps_concentration_of(3, none, 0.1, &c, &err), PS_FORMAT);
}

static void lorenz(void **state) {
    (void)state;
    static const double count[] = {7, 0, 2, 1}, same[] = {5, 5, 5, 5};
    static const double people[] = {100, 50, 0, 50}, nobody[] = {0, 0, 0, 0};
    double x[5], y[5];
    size_t points;
    ps_value gini;
    ps_error err = {.text = ""};
    assert_int_equal(ps_lorenz(4, count, same, x, y, &points, &gini, &err), PS_OK);
    near(gini.value, measure(count, 4, 0.5).gini.value);
    assert_int_equal(points, 5);
    assert_true(x[0] == 0 && y[0] == 0 && x[4] == 1 && y[4] == 1);
    near(y[2], 0.1);
    /* Events without people come last, straight up. */
    assert_int_equal(ps_lorenz(4, count, people, x, y, &points, &gini, &err), PS_OK);
    near(x[3], 1);
    near(y[3], 0.8);
    assert_int_equal(ps_lorenz(4, count, nobody, x, y, &points, &gini, &err), PS_OK);
    assert_int_equal(gini.status, PS_VALUE_UNDEFINED);
    assert_int_equal(points, 0);
}

/* The order of units changes nothing, nor does a common factor the plain measures. */
static void permutation_and_scale(void **state) {
    (void)state;
    uint64_t seed = 11;
    double a[50], b[50];
    for (int i = 0; i < 50; i++) a[i] = (double)test_random_below(&seed, 40);
    for (int i = 0; i < 50; i++) b[i] = 3 * a[(i * 7) % 50];
    ps_concentration p = measure(a, 50, 0.13), q = measure(b, 50, 0.13);
    near(p.gini.value, q.gini.value);
    near(p.top_share.value, q.top_share.value);
    near(p.theil.value, q.theil.value);
    near(p.quarter.share.value, q.quarter.share.value);
}

static ps_concentration_null chance(const double *weight, int threads) {
    ps_concentration_null null;
    ps_error err = {.text = ""};
    ps_set_threads(threads);
    assert_int_equal(
        ps_concentration_null_of(30, weight, 200, 0.1, 0.3, 99, 42, 0.95, &null, &err),
        PS_OK);
    ps_set_threads(0);
    return null;
}

static void chance_on_any_number_of_threads(void **state) {
    (void)state;
    double weight[30];
    for (int i = 0; i < 30; i++) weight[i] = 1 + i % 5;
    for (int w = 0; w < 2; w++) {
        ps_concentration_null one = chance(w ? weight : NULL, 1);
        ps_concentration_null two = chance(w ? weight : NULL, 2);
        ps_concentration_null seven = chance(w ? weight : NULL, 7);
        assert_memory_equal(&one.mean.value, &two.mean.value, sizeof(double));
        assert_memory_equal(&one.mean.value, &seven.mean.value, sizeof(double));
        assert_memory_equal(&one.upper.value, &seven.upper.value, sizeof(double));
        assert_memory_equal(&one.p_value.value, &seven.p_value.value, sizeof(double));
        assert_true(one.lower.value < one.mean.value && one.mean.value < one.upper.value);
    }
    /* Unequal chances are more uneven than equal ones. */
    assert_true(chance(weight, 2).mean.value > chance(NULL, 2).mean.value);
    ps_concentration_null null;
    ps_error err = {.text = ""};
    assert_int_equal(
        ps_concentration_null_of(30, NULL, 1e9, 0.1, 0, 999, 1, 0.95, &null, &err),
        PS_LIMIT);
    assert_int_equal(
        ps_concentration_null_of(30, NULL, 0, 0.1, 0, 999, 1, 0.95, &null, &err), PS_OK);
    assert_int_equal(null.mean.status, PS_VALUE_NOT_APPLICABLE);
}

static void tables(void **state) {
    (void)state;
    static const char text[] = "area_code,count,population\nA,7,10\nA,0,20\nB,0,5\n";
    ps_table *t = test_compute("concentration", text, "simulations=19");
    assert_string_equal(test_cell(t, 0, "gini"), "0.5");
    assert_string_equal(test_cell(t, 1, "status"), "undefined");
    assert_string_equal(test_cell(t, 1, "null_gini"), "");
    ps_table_free(t);
    t = test_compute("lorenz", text, "axis=population");
    assert_int_equal(ps_table_rows(t), 4);
    ps_table_free(t);
    test_refused("lorenz", "count\n1\n", "axis=population", PS_CONFIG, "population");
    test_refused("concentration", "count\n-1\n", "", PS_FORMAT, "negative");
    test_method_case c = {"concentration", text, "simulations=3 null=population"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
    test_method_case l = {"lorenz", text, ""};
    assert_true(test_each_allocation_fails(test_method_step, &l) > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(extremes),
        cmocka_unit_test(lorenz),
        cmocka_unit_test(permutation_and_scale),
        cmocka_unit_test(chance_on_any_number_of_threads),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
