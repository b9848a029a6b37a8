/* Periods: every form, what is told about the wrong ones, and which periods of a series
 * lie in a span. */
#include <string.h>

#include "indicators/period.h"
#include "tests/support/test.h"

static ps_month month(const char *text) {
    ps_month m = 0;
    assert_true(ps_parse_month(ps_str_of(text), &m));
    return m;
}

static void one_period_each(void **state) {
    (void)state;
    static const struct {
        const char *text, *first, *last, *label;
        ps_period_kind kind;
        int32_t months;
    } cases[] = {
        {"2021", "2021-01", "2021-12", "2021", PS_PERIOD_CALENDAR_YEAR, 12},
        {"2021-07", "2021-07", "2021-07", "2021-07", PS_PERIOD_MONTH, 1},
        {"2021/22", "2021-04", "2022-03", "2021/22", PS_PERIOD_FINANCIAL_YEAR, 12},
        {" 1999/00 ", "1999-04", "2000-03", "1999/00", PS_PERIOD_FINANCIAL_YEAR, 12},
        {"2021-07..2022-06", "2021-07", "2022-06", "2021-07..2022-06", PS_PERIOD_RANGE,
         12},
        {"2021-07..2021-07", "2021-07", "2021-07", "2021-07..2021-07", PS_PERIOD_RANGE,
         1},
        {"12m@2022-06", "2021-07", "2022-06", "12m@2022-06", PS_PERIOD_ROLLING, 12},
        {"36m@2022-06", "2019-07", "2022-06", "36m@2022-06", PS_PERIOD_ROLLING, 36},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_period p[2];
        size_t n = 0;
        ps_error err;
        /* What the data cover does not matter to a period that is named outright. */
        assert_int_equal(ps_period_expand(ps_str_of(cases[i].text), 1, 0, p, 2, &n, &err),
                         PS_OK);
        assert_int_equal(n, 1);
        assert_int_equal(p[0].kind, cases[i].kind);
        assert_int_equal(p[0].first, month(cases[i].first));
        assert_int_equal(p[0].last, month(cases[i].last));
        assert_string_equal(p[0].label, cases[i].label);
        assert_int_equal(ps_period_months(&p[0]), cases[i].months);
        /* A label reads back as the same period. */
        ps_period again;
        n = 0;
        assert_int_equal(
            ps_period_expand(ps_str_of(p[0].label), 1, 0, &again, 1, &n, &err), PS_OK);
        assert_memory_equal(&again.first, &p[0].first, sizeof again.first);
        assert_int_equal(again.kind, p[0].kind);
        assert_int_equal(again.last, p[0].last);
    }
}

static void mistakes_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"2021/23", "2021/23: a financial year ends in the next year, as in 2021/22"},
        {"2021/2022", "2021/2022: a financial year ends in the next year, as in 2021/22"},
        {"2021/2", "2021/2: a financial year is written as in 2021/22"},
        {"2021-22", "2021-22: there is no month 22; write the financial year as 2021/22"},
        {"2021-13", "2021-13: there is no month 13"},
        {"2021-7", "2021-7: '2021-7' is not a month such as 2021-07"},
        {"2022-06..2021-07", "2022-06..2021-07: ends before it begins"},
        {"2021-07..", "2021-07..: '' is not a month such as 2021-07"},
        {"..", "..: '' is not a month such as 2021-07"},
        {"@", "@: a rolling period is written as in 12m@2022-06, of 1 to 120 months"},
        {"0m@2022-06",
         "0m@2022-06: a rolling period is written as in 12m@2022-06, of 1 to 120 months"},
        {"121m@2022-06",
         "121m@2022-06: a rolling period is written as in 12m@2022-06, of 1 to 120 "
         "months"},
        {"12m@2022", "12m@2022: '2022' is not a month such as 2021-07"},
        {"12m@1900-06", "12m@1900-06: begins before 1900"},
        {"0221", "0221: the year is outside 1900 to 2199"},
        {"2201/02", "2201/02: the year is outside 1900 to 2199"},
        {"finacial-years",
         "finacial-years: not a period; did you mean 'financial-years'?"},
        {"20212",
         "20212: not a period; periods are 2021, 2021-07, 2021/22, "
         "2021-07..2022-06, 12m@2022-06, months, calendar-years, "
         "financial-years, rolling-12"},
        {"",
         ": not a period; periods are 2021, 2021-07, 2021/22, 2021-07..2022-06, "
         "12m@2022-06, months, calendar-years, financial-years, rolling-12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        size_t n = 3;
        ps_period p[4];
        assert_int_equal(
            ps_period_expand(ps_str_of(cases[i].text), 0, 100, p, 4, &n, &err),
            PS_CONFIG);
        assert_string_equal(err.text, cases[i].told);
        assert_int_equal(err.status, PS_CONFIG);
        assert_int_equal(n, 3);
    }
}

static size_t expand(const char *text, const char *first, const char *last,
                     ps_period *out, size_t capacity) {
    size_t n = 0;
    ps_error err;
    assert_int_equal(ps_period_expand(ps_str_of(text), month(first), month(last), out,
                                      capacity, &n, &err),
                     PS_OK);
    return n;
}

static void series_hold_whole_periods_only(void **state) {
    (void)state;
    ps_period p[64];
    assert_int_equal(expand("months", "2018-01", "2019-12", p, 64), 24);
    assert_string_equal(p[0].label, "2018-01");
    assert_string_equal(p[23].label, "2019-12");
    assert_int_equal(expand("calendar-years", "2018-01", "2019-12", p, 64), 2);
    assert_string_equal(p[1].label, "2019");
    assert_int_equal(expand("calendar-years", "2018-02", "2019-11", p, 64), 0);
    assert_int_equal(expand("financial-years", "2018-01", "2019-12", p, 64), 1);
    assert_string_equal(p[0].label, "2018/19");
    assert_int_equal(expand("financial-years", "2018-04", "2020-03", p, 64), 2);
    assert_int_equal(expand("financial-years", "2018-05", "2020-02", p, 64), 0);
    assert_int_equal(expand("rolling-12", "2018-01", "2019-12", p, 64), 13);
    assert_string_equal(p[0].label, "12m@2018-12");
    assert_string_equal(p[12].label, "12m@2019-12");
    assert_int_equal(expand("rolling-12", "2018-01", "2018-11", p, 64), 0);
}

static void appends_and_counts_beyond_capacity(void **state) {
    (void)state;
    ps_period p[3];
    memset(p, 0, sizeof p);
    size_t n = 0;
    ps_error err;
    ps_month first = month("2018-01"), last = month("2018-12");
    assert_int_equal(ps_period_expand(ps_str_of("2017"), first, last, p, 2, &n, &err),
                     PS_OK);
    assert_int_equal(ps_period_expand(ps_str_of("months"), first, last, p, 2, &n, &err),
                     PS_OK);
    assert_int_equal(n, 13);
    assert_string_equal(p[0].label, "2017");
    assert_string_equal(p[1].label, "2018-01");
    assert_string_equal(p[2].label, "");
    n = 0;
    assert_int_equal(
        ps_period_expand(ps_str_of("months"), first, last, NULL, 0, &n, &err), PS_OK);
    assert_int_equal(n, 12);
}

static void no_data_no_periods(void **state) {
    (void)state;
    size_t n = 0;
    ps_error err;
    static const char *const forms[] = {"months", "calendar-years", "financial-years",
                                        "rolling-12"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            ps_period_expand(ps_str_of(forms[i]), 24000, 23999, NULL, 0, &n, &err),
            PS_OK);
    assert_int_equal(n, 0);
}

/* A date column gone wrong must not make millions of periods. */
static void spans_are_cut_to_plausible_years(void **state) {
    (void)state;
    size_t n = 0;
    ps_error err;
    assert_int_equal(ps_period_expand(ps_str_of("calendar-years"), PS_NO_MONTH, INT32_MAX,
                                      NULL, 0, &n, &err),
                     PS_OK);
    assert_int_equal(n, 300);
}

static void financial_year_of_a_month(void **state) {
    (void)state;
    char text[24];
    ps_financial_year_text(month("2022-03"), text);
    assert_string_equal(text, "2021/22");
    ps_financial_year_text(month("2022-04"), text);
    assert_string_equal(text, "2022/23");
    ps_financial_year_text(month("1999-12"), text);
    assert_string_equal(text, "1999/00");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_period_each),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(series_hold_whole_periods_only),
        cmocka_unit_test(appends_and_counts_beyond_capacity),
        cmocka_unit_test(no_data_no_periods),
        cmocka_unit_test(spans_are_cut_to_plausible_years),
        cmocka_unit_test(financial_year_of_a_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
