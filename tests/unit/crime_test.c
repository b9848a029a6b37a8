/* Crime types and the series made of them. */
#include <string.h>

#include "indicators/crime.h"
#include "tests/support/test.h"

static void labels_are_found(void **state) {
    (void)state;
    const ps_crime_type *type = ps_crime_type_find(ps_str_of("Burglary"));
    assert_non_null(type);
    assert_string_equal(type->id, "burglary");
    assert_ptr_equal(ps_crime_type_find(ps_str_of("  BURGLARY ")), type);
    type = ps_crime_type_find(ps_str_of("Violence and sexual offences"));
    assert_non_null(type);
    assert_string_equal(type->id, "violence-and-sexual-offences");
    assert_true(type->recorded);
    assert_null(ps_crime_type_find(ps_str_of("Burglar")));
    assert_null(ps_crime_type_find(ps_str_of("Burglary2")));
    assert_null(ps_crime_type_find(ps_str_of("")));
    assert_null(ps_crime_type_find((ps_str){"Drugs\0x", 7}));
}

static void sixteen_labels_in_three_sets(void **state) {
    (void)state;
    const ps_crime_type *types;
    size_t n = ps_crime_types(&types);
    assert_int_equal(n, 16);
    size_t at_launch = 0, in_2012 = 0, in_2024 = 0;
    for (size_t i = 0; i < n; i++) {
        const ps_crime_type *t = &types[i];
        const ps_month launch = 2010 * 12 + 11, old = 2012 * 12, now = 2024 * 12;
        at_launch += t->first <= launch;
        in_2012 += t->first <= old && (t->last == PS_NO_MONTH || t->last >= old);
        in_2024 += t->first <= now && (t->last == PS_NO_MONTH || t->last >= now);
        assert_ptr_equal(ps_crime_type_find(ps_str_of(t->label)), t);
        assert_int_equal(t->recorded, strcmp(t->id, "anti-social-behaviour") != 0);
        /* The id is the label in lower case with hyphens. */
        assert_int_equal(strlen(t->id), strlen(t->label));
    }
    assert_int_equal(at_launch, 6);
    assert_int_equal(in_2012, 11);
    assert_int_equal(in_2024, 14);
}

static void default_series(void **state) {
    (void)state;
    const ps_crime_series *list;
    size_t n = ps_crime_series_list(&list), by_default = 0;
    for (size_t i = 0; i < n; i++) {
        by_default += list[i].by_default;
        for (size_t k = 0; k < i; k++) assert_string_not_equal(list[i].id, list[k].id);
        assert_true(strlen(list[i].title) > 0);
    }
    assert_int_equal(by_default,
                     15); /* 13 types, recorded crime, anti-social behaviour */
    assert_string_equal(list[n - 1].id, "all-incidents");
    assert_false(list[n - 1].by_default);
}

/* Every present recorded label counts in one series of its own and in recorded crime;
 * anti-social behaviour never counts as crime. */
static void recorded_crime_is_the_sum_of_its_types(void **state) {
    (void)state;
    const ps_crime_type *types;
    const ps_crime_series *list;
    size_t n_types = ps_crime_types(&types), n = ps_crime_series_list(&list);
    for (size_t t = 0; t < n_types; t++) {
        ps_str label = ps_str_of(types[t].label);
        size_t single = 0;
        for (size_t s = 0; s < n; s++)
            if (list[s].by_default && strcmp(list[s].id, "recorded-crime") != 0)
                single += ps_crime_series_holds(list[s].id, label);
        assert_int_equal(single, types[t].last == PS_NO_MONTH);
        assert_int_equal(ps_crime_series_holds("recorded-crime", label),
                         types[t].recorded);
        assert_true(ps_crime_series_holds("all-incidents", label));
    }
    assert_false(
        ps_crime_series_holds("recorded-crime", ps_str_of("Anti-social behaviour")));
    assert_false(ps_crime_series_holds("recorded-crime", ps_str_of("Piracy")));
    assert_false(ps_crime_series_holds("all-incidents", ps_str_of("Piracy")));
    assert_false(ps_crime_series_holds("no-such-series", ps_str_of("Burglary")));
}

static void bridges_join_old_and_new_labels(void **state) {
    (void)state;
    static const struct {
        const char *series, *label;
        bool holds;
    } cases[] = {
        {"violence-bridge", "Violent crime", true},
        {"violence-bridge", "Violence and sexual offences", true},
        {"violence-bridge", "Robbery", false},
        {"violence-and-sexual-offences", "Violent crime", false},
        {"public-order-and-weapons-bridge", "Public disorder and weapons", true},
        {"public-order-and-weapons-bridge", "Possession of weapons", true},
        {"public-order-and-weapons-bridge", "Public order", true},
        {"theft-bridge", "Bicycle theft", true},
        {"theft-bridge", "Theft from the person", true},
        {"theft-bridge", "Shoplifting", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            ps_crime_series_holds(cases[i].series, ps_str_of(cases[i].label)),
            cases[i].holds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_found),
        cmocka_unit_test(sixteen_labels_in_three_sets),
        cmocka_unit_test(default_series),
        cmocka_unit_test(recorded_crime_is_the_sum_of_its_types),
        cmocka_unit_test(bridges_join_old_and_new_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
