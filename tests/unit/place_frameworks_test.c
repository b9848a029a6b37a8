/* The shipped frameworks of place-based working and of inclusive communities: every
 * measure of the catalogue is there, by the themes and approaches that the methods know.
 */
#include <stdio.h>
#include <string.h>

#include "engine/run/framework.h"
#include "indicators/icf.h"
#include "indicators/place_standard.h"
#include "tests/support/test.h"

#define PLACE "indicators/frameworks/place-standard.yaml"
#define INCLUSIVE "indicators/frameworks/inclusive-communities.yaml"
#define PARTNERSHIP "indicators/frameworks/communities-partnership-plan.yaml"

static ps_framework_file *open_file(const char *path) {
    ps_framework_file *file;
    ps_error err = {.text = ""};
    if (ps_framework_open(path, &file, &err) != PS_OK) fail_msg("%s", err.text);
    return file;
}

static const ps_framework_measure *measure_of(const ps_framework *f, const char *id) {
    for (unsigned m = 0; m < f->measures_count; m++)
        if (strcmp(f->measures[m].id, id) == 0) return &f->measures[m];
    fail_msg("there is no measure %s", id);
    return NULL;
}

static bool keeps(const ps_framework_measure *m, const char *column, const char *text) {
    for (unsigned w = 0; w < m->result->where_count; w++)
        if (strcmp(m->result->where[w].column, column) == 0)
            return m->result->where[w].is_count == 1 &&
                   strcmp(m->result->where[w].is[0], text) == 0;
    return false;
}

static bool asks_for(const ps_framework_measure *m, const char *geography) {
    for (unsigned g = 0; g < m->geographies_count; g++)
        if (strcmp(m->geographies[g], geography) == 0) return true;
    return false;
}

static void check_theme(const ps_framework *f, const char *before, const char *theme,
                        const char *value) {
    char id[80];
    snprintf(id, sizeof id, "%s%s", before, theme);
    const ps_framework_measure *m = measure_of(f, id);
    assert_string_equal(m->method, "place_standard");
    assert_string_equal(m->result->value, value);
    assert_string_equal(m->result->latest, "round");
    assert_true(keeps(m, "theme", theme));
    assert_ptr_equal(m->table, measure_of(f, "place-standard-overall")->table);
    assert_int_equal(m->polarity, PS_POLARITY_HIGHER);
    assert_int_equal(m->disclosure, PS_DISCLOSURE_SURVEY);
    assert_int_equal(m->min_base, PS_THEME_LEAST);
}

static void fourteen_themes(void **state) {
    (void)state;
    ps_framework_file *file = open_file(PLACE);
    const ps_framework *f = file->framework;
    for (size_t t = 0; t < PS_THEMES; t++) {
        check_theme(f, "place-standard-", ps_theme_id(t), "mean");
        check_theme(f, "place-standard-change-", ps_theme_id(t), "change");
    }
    const ps_framework_measure *overall = measure_of(f, "place-standard-overall");
    assert_true(keeps(overall, "theme", "overall"));
    assert_true(*overall->table->earlier);
    ps_framework_free(file);
}

static void the_report_of_2019(void **state) {
    (void)state;
    static const struct {
        const char *id;
        double value;
    } stated[] = {{"place-standard-reach-reported-neighbourhoods", 8},
                  {"place-standard-reach-reported-wards", 5},
                  {"place-standard-reach-reported-citizens", 1750},
                  {"place-standard-reach-planned-neighbourhoods", 19},
                  {"place-standard-reach-planned-wards", 11},
                  {"place-standard-trained-reported", 200},
                  {"place-standard-trained-reported-service-areas", 26},
                  {"place-standard-trained-reported-councillors", 12},
                  {"place-standard-trained-reported-voluntary-organisations", 6},
                  {"place-standard-trained-reported-residents", 39},
                  {"place-partnership-funding-reported-mental-health", 1000000},
                  {"place-partnership-funding-reported-domestic-abuse", 400000}};
    static const char *const computed[] = {"place-standard-reach",
                                           "place-standard-reach-citizens",
                                           "place-standard-reach-wards",
                                           "place-standard-reach-neighbourhoods",
                                           "place-standard-trained",
                                           "ward-partnership-coverage",
                                           "partnership-stage",
                                           "partnership-stage-movement",
                                           "place-partnership-funding",
                                           "place-partnership-funding-domestic-abuse",
                                           "place-partnership-funding-need"};
    ps_framework_file *file = open_file(PLACE);
    const ps_framework *f = file->framework;
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++)
        assert_true(*measure_of(f, stated[i].id)->reference->value == stated[i].value);
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++)
        assert_null(measure_of(f, computed[i])->reference);
    const ps_framework_measure *coverage = measure_of(f, "ward-partnership-coverage");
    assert_true(fabs(*coverage->baseline->value - 100 * 15 / 23.0) < 0.05);
    assert_string_equal(measure_of(f, "partnership-stage")->numerator->by, "stage");
    ps_framework_free(file);
}

static void five_approaches(void **state) {
    (void)state;
    ps_framework_file *file = open_file(INCLUSIVE);
    const ps_framework *f = file->framework;
    for (size_t a = 0; a < PS_ICF_APPROACHES; a++) {
        char id[64];
        snprintf(id, sizeof id, "icf-score-%s", ps_icf_approach(a));
        const ps_framework_measure *whole = measure_of(f, id);
        assert_string_equal(whole->method, "icf");
        assert_true(keeps(whole, "approach", ps_icf_approach(a)));
        assert_true(asks_for(whole, "organisation") && asks_for(whole, "partnership"));
        snprintf(id, sizeof id, "icf-directorate-%s", ps_icf_approach(a));
        const ps_framework_measure *part = measure_of(f, id);
        assert_true(keeps(part, "approach", ps_icf_approach(a)));
        assert_true(asks_for(part, "directorate"));
    }
    static const char *const others[] = {"icf-overall-score",  "icf-change-from-baseline",
                                         "icf-annual-change",  "icf-participation",
                                         "icf-plan-in-place",  "icf-directorate-overall",
                                         "adults-get-on-well", "adults-feel-safe"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(measure_of(f, others[i])->polarity, PS_POLARITY_HIGHER);
    ps_framework_free(file);
}

/* The row of the Partnership Plan is the same figure as that of the framework. */
static void the_row_of_the_plan(void **state) {
    (void)state;
    ps_framework_file *plan = open_file(PARTNERSHIP), *own = open_file(INCLUSIVE);
    const ps_framework_measure *row = measure_of(plan->framework, "icf-measures"),
                               *same = measure_of(own->framework, "icf-overall-score");
    assert_string_equal(row->result->value, same->result->value);
    assert_int_equal(row->result->where_count, same->result->where_count);
    assert_int_equal(row->table->columns_count, same->table->columns_count);
    for (unsigned c = 0; c < row->table->columns_count; c++)
        assert_string_equal(row->table->columns[c].column,
                            same->table->columns[c].column);
    ps_framework_free(own);
    ps_framework_free(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fourteen_themes),
        cmocka_unit_test(the_report_of_2019),
        cmocka_unit_test(five_approaches),
        cmocka_unit_test(the_row_of_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
