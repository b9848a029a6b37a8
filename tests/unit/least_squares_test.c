/* Least squares against solutions known in closed form. */
#include "indicators/least_squares.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

enum { N = 40 };

/* Data on the curve itself come back exactly, whatever the weights and the units. */
static void a_perfect_fit_is_found(void **state) {
    (void)state;
    double x[N * 3], y[N], w[N], beta[3];
    ps_error err = {.text = ""};
    uint64_t random = 3;
    for (int i = 0; i < N; i++) {
        double t = (double)test_random_below(&random, 1000) / 100;
        x[i * 3] = 1;
        x[i * 3 + 1] = t * 1e6;
        x[i * 3 + 2] = t * t * 1e-6;
        y[i] = 2 - 3e-6 * x[i * 3 + 1] + 5e5 * x[i * 3 + 2];
        w[i] = 1 + (double)test_random_below(&random, 9);
    }
    assert_int_equal(ps_least_squares(N, 3, x, y, w, beta, NULL, &err), PS_OK);
    test_near(beta[0], 2, 1e-11);
    test_near(beta[1], -3e-6, 1e-11);
    test_near(beta[2], 5e5, 1e-11);
}

/* The line through weighted points: slope and variances by the textbook. */
static void the_weighted_line_is_the_textbooks(void **state) {
    (void)state;
    const double t[5] = {0.1, 0.3, 0.5, 0.7, 0.9}, y[5] = {3, 2.5, 2.7, 1.4, 1.1};
    const double w[5] = {1, 2, 3, 1.5, 0.5};
    double x[10], beta[2], covariance[4], sw = 0, st = 0, sy = 0, stt = 0, sty = 0;
    ps_error err = {.text = ""};
    for (int i = 0; i < 5; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = t[i];
        sw += w[i];
        st += w[i] * t[i];
        sy += w[i] * y[i];
        stt += w[i] * t[i] * t[i];
        sty += w[i] * t[i] * y[i];
    }
    double determinant = sw * stt - st * st;
    assert_int_equal(ps_least_squares(5, 2, x, y, w, beta, covariance, &err), PS_OK);
    test_near(beta[1], (sw * sty - st * sy) / determinant, 1e-13);
    test_near(beta[0], (stt * sy - st * sty) / determinant, 1e-13);
    test_near(covariance[0], stt / determinant, 1e-13);
    test_near(covariance[1], -st / determinant, 1e-13);
    test_near(covariance[2], covariance[1], 1e-15);
    test_near(covariance[3], sw / determinant, 1e-13);
}

/* A weight of 2 is the row twice; a weight of 0 is no row. */
static void weights_are_repetitions(void **state) {
    (void)state;
    const double x[] = {1, 0, 1, 1, 1, 2, 1, 3}, y[] = {1, 3, 2, 6}, w[] = {1, 2, 0, 1};
    const double x2[] = {1, 0, 1, 1, 1, 1, 1, 3}, y2[] = {1, 3, 3, 6};
    double a[2], b[2];
    ps_error err = {.text = ""};
    assert_int_equal(ps_least_squares(4, 2, x, y, w, a, NULL, &err), PS_OK);
    assert_int_equal(ps_least_squares(4, 2, x2, y2, NULL, b, NULL, &err), PS_OK);
    test_near(a[0], b[0], 1e-13);
    test_near(a[1], b[1], 1e-13);
}

static void what_has_no_answer_is_refused(void **state) {
    (void)state;
    const double dependent[] = {1, 2, 1, 2, 1, 2}, y[] = {1, 2, 3};
    const double zero[] = {1, 0, 1, 0, 1, 0}, x[] = {1, 0, 1, 1, 1, 2};
    const double none[] = {1, 0, 0}, below[] = {1, -1, 1}, odd[] = {1, (double)NAN, 3};
    double beta[2];
    ps_error err;
    static const char *const said[] = {"independent", "independent", "too few",
                                       "negative",    "finite",      "independent"};
    for (int i = 0; i < 6; i++) {
        ps_status status = PS_OK;
        memset(&err, 0, sizeof err);
        if (i == 0) status = ps_least_squares(3, 2, dependent, y, NULL, beta, NULL, &err);
        if (i == 1) status = ps_least_squares(3, 2, zero, y, NULL, beta, NULL, &err);
        if (i == 2) status = ps_least_squares(1, 2, x, y, NULL, beta, NULL, &err);
        if (i == 3) status = ps_least_squares(3, 2, x, y, below, beta, NULL, &err);
        if (i == 4) status = ps_least_squares(3, 2, x, odd, NULL, beta, NULL, &err);
        if (i == 5) status = ps_least_squares(3, 2, x, y, none, beta, NULL, &err);
        assert_int_equal(status, PS_FORMAT);
        assert_non_null(strstr(err.text, said[i]));
    }
}

static ps_status step(void *context, ps_error *err) {
    (void)context;
    const double x[] = {1, 0, 1, 1, 1, 2}, y[] = {1, 2, 4};
    double beta[2], covariance[4];
    return ps_least_squares(3, 2, x, y, NULL, beta, covariance, err);
}

static void memory_runs_out(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(step, NULL) > 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_fit_is_found),
        cmocka_unit_test(the_weighted_line_is_the_textbooks),
        cmocka_unit_test(weights_are_repetitions),
        cmocka_unit_test(what_has_no_answer_is_refused),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
