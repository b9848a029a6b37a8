/* Values of areas on the boundaries of another vintage. */
#include "indicators/area_vintage.h"

#include "tests/support/method.h"

/* u stays u; s splits into s1 and s2; m1 and m2 merge into m; x1 and x2 give x (x1 only
 * in part) and the rest of x1 is y. */
static const char pairs[] =
    "lsoa11,lsoa21,chgind,weight,value\n"
    "u,u,U,1500,10\n"
    "s,s1,S,900,8\ns,s2,S,300,8\n"
    "m1,m,M,400,6\nm2,m,M,600,2\n"
    "x1,x,X,250,4\nx2,x,X,750,12\nx1,y,X,750,4\n";

static void check(const ps_table *t, size_t row, const char *area, const char *method,
                  double value) {
    assert_string_equal(test_cell(t, row, "area"), area);
    assert_string_equal(test_cell(t, row, "method"), method);
    test_near(test_value(t, row, "value"), value, 1e-14);
}

static void values_move(void **state) {
    (void)state;
    ps_table *t = test_compute("lsoa_change", pairs, "kind=extensive");
    assert_int_equal(ps_table_rows(t), 6);
    check(t, 0, "m", "M", 8);
    check(t, 1, "s1", "S", 6);
    check(t, 2, "s2", "S", 2);
    check(t, 3, "u", "U", 10);
    check(t, 4, "x", "X", 13);
    check(t, 5, "y", "X", 3); /* alone with x1, but x1 also gave to x */
    assert_string_equal(test_cell(t, 1, "share_min"), "0.75");
    assert_string_equal(test_cell(t, 4, "irregular"), "1");
    assert_string_equal(test_cell(t, 5, "irregular"), "1");
    assert_string_equal(test_cell(t, 3, "irregular"), "0");
    assert_string_equal(test_cell(t, 4, "flag"), "");
    ps_table_free(t);
    t = test_compute("lsoa_change", pairs, "kind=intensive");
    check(t, 0, "m", "M", 6 * 0.4 + 2 * 0.6);
    check(t, 1, "s1", "S", 8);
    check(t, 4, "x", "X", 4 * 0.25 + 12 * 0.75);
    check(t, 5, "y", "X", 4);
    ps_table_free(t);
    t = test_compute("lsoa_change", pairs, "kind=category");
    check(t, 0, "m", "M", 2);
    assert_string_equal(test_cell(t, 0, "flag"), "contested");
    assert_string_equal(test_cell(t, 0, "share_min"), "0.6");
    check(t, 4, "x", "X", 12);
    assert_string_equal(test_cell(t, 4, "flag"), "");
    ps_table_free(t);
    t = test_compute("lsoa_change", pairs, "kind=rank");
    check(t, 3, "u", "U", 10);
    assert_string_equal(test_cell(t, 1, "value"), "");
    assert_string_equal(test_cell(t, 1, "status"), "not-applicable");
    ps_table_free(t);
}

/* Back: parts of a split add up, the merged one is shared out. */
static void values_move_back(void **state) {
    (void)state;
    static const char back[] =
        "lsoa11,lsoa21,weight,value\n"
        "u,u,1500,10\ns,s1,900,6\ns,s2,300,2\nm1,m,400,8\nm2,m,600,8\n";
    ps_table *t = test_compute("lsoa_change", back, "kind=extensive direction=2021-2011");
    check(t, 0, "m1", "S", 8 * 0.4);
    check(t, 1, "m2", "S", 8 * 0.6);
    check(t, 2, "s", "M", 8);
    check(t, 3, "u", "U", 10);
    ps_table_free(t);
}

/* Without people the area decides, without either equal parts; both are told. */
static void second_choices(void **state) {
    (void)state;
    ps_table *t = test_compute("lsoa_change",
                               "lsoa11,lsoa21,value,weight,overlap_area\n"
                               "s,s1,8,,3\ns,s2,8,5,1\nr,r1,4,0,\nr,r2,4,0,2\n",
                               "kind=extensive");
    check(t, 0, "r1", "S", 2);
    check(t, 2, "s1", "S", 6);
    assert_string_equal(test_cell(t, 0, "flag"), "fallback");
    assert_string_equal(test_cell(t, 2, "flag"), "fallback");
    ps_table_free(t);
    t = test_compute("lsoa_change", "lsoa11,lsoa21,value\ns,s1,\ns,s2,\nu,u,3\n",
                     "kind=extensive");
    assert_string_equal(test_cell(t, 0, "value"), "");
    assert_string_equal(test_cell(t, 0, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "value"), "3");
    ps_table_free(t);
}

static void mistakes_are_named(void **state) {
    (void)state;
    test_refused("lsoa_change", pairs, "", PS_CONFIG, "kind");
    test_refused("lsoa_change", "lsoa11,lsoa21,value\na,b,1\n,c,1\ne,,1\n",
                 "kind=extensive", PS_FORMAT, "2 rows name only one area: c, e");
    test_refused("lsoa_change", "lsoa11,lsoa21,value\na,b,1\na,c,2\n", "kind=extensive",
                 PS_FORMAT, "row 2: a has the value '2' here");
    test_refused("lsoa_change", "lsoa11,lsoa21,value\na,b,1\na,b,1\n", "kind=extensive",
                 PS_FORMAT, "row 2: this pair of areas stood in row 1");
    test_refused("lsoa_change", "lsoa11,lsoa21,value\na,b,1\nb,c,1\n", "kind=extensive",
                 PS_FORMAT, "row 1: b stands in both columns");
    test_refused("lsoa_change", "lsoa11,lsoa21,value,weight\na,b,1,-2\n",
                 "kind=extensive", PS_FORMAT, "row 1: the size of an overlap");
    /* The function itself, for its other callers. */
    const int32_t from[] = {0, 0}, to[] = {0, 0};
    const double value[] = {1, 2};
    ps_moved out[2];
    ps_error err = {.text = ""};
    ps_area_pairs twice = {.n = 2, .n_from = 1, .n_to = 1, .from = from, .to = to};
    assert_int_equal(ps_area_values_move(&twice, PS_KIND_EXTENSIVE, value, out, &err),
                     PS_FORMAT);
    ps_area_pairs lone = {.n = 1, .n_from = 2, .n_to = 1, .from = from, .to = to};
    assert_int_equal(ps_area_values_move(&lone, PS_KIND_EXTENSIVE, value, out, &err),
                     PS_FORMAT);
    assert_non_null(strstr(err.text, "old area 2 has no new area"));
}

/* What stands in a look-up with rows left out is not what was published. */
static void told(void *context, ps_talk_level level, const char *text) {
    (void)level;
    snprintf(context, 300, "%s", text);
}

static void left_out_rows_are_noticed(void **state) {
    (void)state;
    char seen[300] = "";
    ps_talk talk = {.say = told, .context = seen};
    ps_table *input, *result;
    ps_error err = {.text = ""};
    ps_method_argument kind = {"kind", "intensive"};
    assert_int_equal(
        test_table("lsoa11,lsoa21,chgind,value\nm1,m,M,3\nu,u,U,1\n", &input, &err),
        PS_OK);
    assert_int_equal(ps_method_run(ps_method_find("lsoa_change"), input, &kind, 1, &talk,
                                   &result, &err),
                     PS_OK);
    assert_non_null(strstr(seen, "chgind of 1 rows is not what the pairs say"));
    ps_table_free(input);
    ps_table_free(result);
}

static void memory_runs_out(void **state) {
    (void)state;
    test_method_case c = {"lsoa_change", pairs, "kind=category"};
    assert_true(test_each_allocation_fails(test_method_step, &c) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_move),
        cmocka_unit_test(values_move_back),
        cmocka_unit_test(second_choices),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(left_out_rows_are_noticed),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
