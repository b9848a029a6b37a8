/* Months that stand alone are told from data: slips of the pen, breaks, rare incidents.
 */
#include "engine/run/isolated.h"

#include <string.h>

#include "tests/support/test.h"

enum { MONTHS = 3600 };
static int64_t rows[MONTHS];

static void fill(size_t from, size_t to, int64_t each) {
    for (size_t m = from; m < to; m++) rows[m] = each;
}

static void spans(size_t begin, size_t end) {
    size_t found_begin, found_end;
    ps_isolated_months(rows, MONTHS, &found_begin, &found_end);
    assert_int_equal(found_begin, begin);
    assert_int_equal(found_end, end);
    memset(rows, 0, sizeof rows);
}

static void slips_stand_alone(void **state) {
    (void)state;
    spans(0, 0);
    fill(1440, 1476, 100); /* three years */
    rows[0] = 3, rows[1836] = 1, rows[3599] = 1;
    spans(1440, 1476);
    fill(1440, 1476, 1000); /* a hundredth of a month, but no more */
    rows[1836] = 10;
    spans(1440, 1476);
    fill(1440, 1476, 1000);
    rows[1836] = 11;
    spans(1440, 1837);
    fill(1440, 1452, 3); /* few rows of one year */
    rows[1836] = 1;
    spans(1440, 1452);
    rows[1000] = 1; /* nothing to stand apart from */
    spans(1000, 1001);
}

static void breaks_are_data(void **state) {
    (void)state;
    fill(1440, 1476, 100); /* less than two years */
    rows[1476 + 23] = 1;
    spans(1440, 1500);
    fill(1440, 1476, 100);
    rows[1476 + 24] = 1;
    spans(1440, 1476);
    fill(1200, 1236, 100); /* published again after years */
    fill(1440, 1476, 100);
    spans(1200, 1476);
    fill(1200, 1236, 90); /* with a slip between and one beyond */
    fill(1440, 1476, 100);
    rows[1300] = 1, rows[1100] = 1;
    spans(1200, 1476);
}

static void rare_incidents_are_data(void **state) {
    (void)state;
    rows[1000] = rows[1030] = rows[1090] = rows[1200] = 1;
    spans(1000, 1201);
    for (size_t m = 1000; m < 1200; m += 10) rows[m] = 1; /* one in ten months */
    rows[1191 + 150] = 1;
    spans(1000, 1342);
    for (size_t m = 1000; m < 1200; m += 10) rows[m] = 1; /* 20 would be expected */
    rows[1191 + 250] = 1;
    spans(1000, 1191);
    fill(1000, 1019, 1); /* too few to have a pace */
    rows[1400] = 1;
    spans(1000, 1401);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_stand_alone),
        cmocka_unit_test(breaks_are_data),
        cmocka_unit_test(rare_incidents_are_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
