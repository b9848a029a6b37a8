/* The registry is sound, and what a method is given is checked before it runs. */
#include "indicators/method.h"

#include <ctype.h>
#include <math.h>

#include "tests/support/method.h"

static void the_list_is_sorted_and_complete(void **state) {
    (void)state;
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    assert_true(n >= 10);
    for (size_t i = 0; i < n; i++) {
        const ps_method *m = methods[i];
        if (i > 0 && strcmp(methods[i - 1]->id, m->id) >= 0)
            fail_msg("%s stands behind %s", m->id, methods[i - 1]->id);
        assert_ptr_equal(ps_method_find(m->id), m);
        for (const char *c = m->id; *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
                        *c == '_');
        if (strlen(m->title) < 4 || strlen(m->formula) < 20 || strlen(m->source) < 4)
            fail_msg("%s lacks a title, a formula or a source", m->id);
        assert_true(m->n_input > 0 && m->n_output > 0 && m->run != NULL);
    }
    assert_null(ps_method_find("no_such_method"));
}

static void names_differ(const char *id, const char *what, const char *a, const char *b) {
    if (strcmp(a, b) == 0) fail_msg("%s has two %s '%s'", id, what, a);
}

/* Fallbacks are valid values, names are unique, meanings are sentences without an end. */
static void descriptions_are_sound(void **state) {
    (void)state;
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    for (size_t i = 0; i < n; i++) {
        const ps_method *m = methods[i];
        for (size_t j = 0; j < m->n_input; j++) {
            assert_true(strlen(m->input[j].meaning) > 2);
            for (size_t k = 0; k < j; k++)
                names_differ(m->id, "inputs", m->input[j].name, m->input[k].name);
        }
        for (size_t j = 0; j < m->n_output; j++) {
            assert_true(strlen(m->output[j].meaning) > 1);
            for (size_t k = 0; k < j; k++)
                names_differ(m->id, "outputs", m->output[j].name, m->output[k].name);
        }
        for (size_t j = 0; j < m->n_param; j++) {
            const ps_method_param *p = &m->param[j];
            double value = 0;
            for (size_t k = 0; k < j; k++)
                names_differ(m->id, "parameters", p->name, m->param[k].name);
            if (p->fallback == NULL || p->fallback[0] == '\0') continue;
            if (p->choices != NULL) assert_non_null(strstr(p->choices, p->fallback));
            if (p->kind == PS_COLUMN_TEXT) continue;
            assert_true(ps_parse_double(ps_str_of(p->fallback), &value));
            if (p->least <= p->most) assert_true(value >= p->least && value <= p->most);
        }
    }
}

static const char rates[] =
    "area_code,count,population,other\n"
    "A,5,1000,x\n"
    "B,[x],1000,y\n"
    "C,3,,z\n";

static void a_method_runs_on_a_table(void **state) {
    (void)state;
    ps_table *t = test_compute("crude_rate", rates, "");
    assert_int_equal(ps_table_rows(t), 3);
    test_near(test_value(t, 0, "value"), 5, 1e-15);
    assert_string_equal(test_cell(t, 0, "status"), "ok");
    assert_string_equal(test_cell(t, 1, "value"), "");
    assert_string_equal(test_cell(t, 1, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "status"), "missing");
    assert_string_equal(test_cell(t, 2, "area_code"), "C");
    ps_table_free(t);
    t = test_compute("crude_rate", rates, "multiplier=100 confidence=0.99");
    test_near(test_value(t, 0, "value"), 0.5, 1e-15);
    test_near(test_value(t, 0, "confidence"), 0.99, 0);
    ps_table_free(t);
    /* A table without rows gives one without rows. */
    t = test_compute("crude_rate", "count,population\n", "");
    assert_int_equal(ps_table_rows(t), 0);
    ps_table_free(t);
}

static void mistakes_are_named(void **state) {
    (void)state;
    test_refused("crude_rate", "area_code,counts,population\nA,1,2\n", "", PS_CONFIG,
                 "'counts'");
    test_refused("crude_rate", "count,count,population\n1,1,2\n", "", PS_CONFIG,
                 "more than one");
    test_refused("crude_rate", rates, "multipliers=3", PS_CONFIG, "'multiplier'");
    test_refused("crude_rate", rates, "zzz=3", PS_CONFIG, "confidence, multiplier");
    test_refused("crude_rate", rates, "multiplier=x", PS_CONFIG, "not a number");
    test_refused("crude_rate", rates, "multiplier=", PS_CONFIG, "not a number");
    test_refused("crude_rate", rates, "confidence=0.5", PS_CONFIG, "0.9 to");
    test_refused("crude_rate", rates, "multiplier=1 multiplier=2", PS_CONFIG, "twice");
    test_refused("count_ci", rates, "rule=bayr", PS_CONFIG, "public-health|exact|byar");
    test_refused("quantile", "value\n1\n", "k=2.5", PS_CONFIG, "whole");
    test_refused("crude_rate", "count,population\n1,2\n-1,2\n", "", PS_FORMAT, "row 2");
    test_refused("crude_rate", "count,population\nfour,2\n", "", PS_FORMAT, "four");
    test_refused("sii", "quantile,population,value\n1.5,2,3\n", "", PS_FORMAT, "1.5");
}

static void memory_runs_out(void **state) {
    (void)state;
    static const test_method_case cases[] = {
        {"count_ci", rates, ""},
        {"crude_rate", rates, "multiplier=10"},
        {"mean", "area_code,value\nA,1\nB,2\nA,3\n", ""},
        {"proportion", "group,numerator,denominator\nx,1,5\nx,4,5\n",
         "simultaneous=bonferroni"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_method_case c = cases[i];
        assert_true(test_each_allocation_fails(test_method_step, &c) > 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_sorted_and_complete),
        cmocka_unit_test(descriptions_are_sound),
        cmocka_unit_test(a_method_runs_on_a_table),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
