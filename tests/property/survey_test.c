/* What must not matter to a survey estimate does not: the order of records, the scale of
 * weights, the unit of the answer, the codes of units and strata, records that stand
 * twice in their unit, how a domain is cut out. Random designs, the same at every run,
 * and the variance by its definition.
 */
#include "indicators/survey.h"

#include "tests/support/test.h"

enum { ROUNDS = 200, MOST = 120 };

static uint64_t seed = 20260405;

static double uniform(void) {
    return (double)(test_random(&seed) >> 11) / 9007199254740992.0;
}

typedef struct sample {
    size_t n, m; /* records; those of the domain */
    double weight[MOST], y[MOST], fpc[MOST];
    int32_t stratum[MOST], psu[MOST];
    size_t row[MOST];
} sample;

static void draw(sample *s) {
    s->n = s->m = 0;
    size_t strata = 1 + test_random_below(&seed, 4);
    for (size_t h = 0; h < strata; h++) {
        size_t units = 2 + test_random_below(&seed, 4);
        double share = 0.05 + 0.9 * uniform();
        for (size_t c = 0; c < units; c++)
            for (size_t i = 1 + test_random_below(&seed, 6); i > 0; i--) {
                s->stratum[s->n] = (int32_t)h;
                s->psu[s->n] = (int32_t)c;
                s->weight[s->n] = 0.1 + uniform();
                s->fpc[s->n] = share;
                s->y[s->n] = uniform() < 0.1 ? (double)NAN : uniform() < 0.5;
                if (uniform() < 0.6) s->row[s->m++] = s->n;
                s->n++;
            }
    }
}

static ps_survey_figure estimate(const sample *s, ps_survey_statistic statistic) {
    ps_survey_design d = {s->n, s->weight, s->stratum, s->psu, s->fpc, PS_LONELY_FAIL};
    ps_survey_question q = {
        statistic, s->y, NULL,
        statistic == PS_SURVEY_PROPORTION ? PS_SURVEY_BETA : PS_SURVEY_WALD, 0.95};
    ps_survey *survey;
    ps_survey_figure f;
    ps_error err = {.text = ""};
    size_t at;
    if (ps_survey_create(&d, &survey, &at, &err) != PS_OK ||
        ps_survey_estimate(survey, &q, s->m, s->row, &f, &err) != PS_OK)
        fail_msg("%s", err.text);
    ps_survey_free(survey);
    return f;
}

static void near(ps_value seen, ps_value expected, double factor) {
    assert_int_equal(seen.status, expected.status);
    test_near(seen.value + 1e-9 * factor, (expected.value + 1e-9) * factor, 1e-8);
}

/* All figures, value, se and limits times a factor. */
static void same(const ps_survey_figure *a, const ps_survey_figure *b, double factor) {
    near(b->value, a->value, factor);
    near(b->se, a->se, factor);
    near(b->lower, a->lower, factor);
    near(b->upper, a->upper, factor);
    near(b->deff, a->deff, 1);
    near(b->n_eff, a->n_eff, 1);
    assert_int_equal(a->df, b->df);
    assert_int_equal(a->base, b->base);
}

static void scale_of_weights_and_unit(void **state) {
    (void)state;
    sample s;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&s);
        ps_survey_figure p = estimate(&s, PS_SURVEY_PROPORTION);
        ps_survey_figure t = estimate(&s, PS_SURVEY_TOTAL);
        ps_survey_figure m = estimate(&s, PS_SURVEY_MEAN);
        for (size_t i = 0; i < s.n; i++) s.weight[i] *= 1000;
        ps_survey_figure heavy = estimate(&s, PS_SURVEY_PROPORTION);
        same(&p, &heavy, 1);
        heavy = estimate(&s, PS_SURVEY_TOTAL);
        same(&t, &heavy, 1000);
        for (size_t i = 0; i < s.n; i++) s.y[i] *= 0.01;
        ps_survey_figure fine = estimate(&s, PS_SURVEY_MEAN);
        same(&m, &fine, 0.01);
    }
}

static void order_and_codes(void **state) {
    (void)state;
    sample s, t;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&s);
        size_t place[MOST];
        for (size_t i = 0; i < s.n; i++) place[i] = i;
        for (size_t i = s.n; i > 1; i--) {
            size_t j = test_random_below(&seed, i), kept = place[i - 1];
            place[i - 1] = place[j];
            place[j] = kept;
        }
        t = s;
        for (size_t i = 0; i < s.n; i++) {
            t.weight[place[i]] = s.weight[i];
            t.y[place[i]] = s.y[i];
            t.fpc[place[i]] = s.fpc[i];
            t.stratum[place[i]] = 50 - 7 * s.stratum[i];
            t.psu[place[i]] = 1000 + 3 * s.psu[i];
        }
        for (size_t i = 0; i < s.m; i++) t.row[s.m - 1 - i] = place[s.row[i]];
        ps_survey_figure a = estimate(&s, PS_SURVEY_PROPORTION);
        ps_survey_figure b = estimate(&t, PS_SURVEY_PROPORTION);
        same(&a, &b, 1);
    }
}

/* Twice in the same unit: as if every weight were double, but for the simple sample that
 * the design effect looks at. */
static void records_that_stand_twice(void **state) {
    (void)state;
    sample s, t;
    for (int round = 0; round < ROUNDS; round++) {
        do draw(&s);
        while (2 * s.n > MOST);
        t = s;
        t.n = t.m = 0;
        for (size_t i = 0, k = 0; i < s.n; i++) {
            bool in = k < s.m && s.row[k] == i;
            for (int copy = 0; copy < 2; copy++) {
                t.weight[t.n] = s.weight[i];
                t.y[t.n] = s.y[i];
                t.fpc[t.n] = s.fpc[i];
                t.stratum[t.n] = s.stratum[i];
                t.psu[t.n] = s.psu[i];
                if (in) t.row[t.m++] = t.n;
                t.n++;
            }
            k += in;
        }
        ps_survey_figure a = estimate(&s, PS_SURVEY_MEAN);
        ps_survey_figure b = estimate(&t, PS_SURVEY_MEAN);
        near(b.value, a.value, 1);
        near(b.se, a.se, 1);
        near(b.lower, a.lower, 1);
        assert_int_equal(b.base, 2 * a.base);
        assert_int_equal(b.df, a.df);
    }
}

/* Sums over strata: the total of two strata has the sum of their variances, and merging
 * two strata takes one from the strata. */
static void strata_add_up(void **state) {
    (void)state;
    sample s;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&s);
        ps_survey_figure all = estimate(&s, PS_SURVEY_TOTAL);
        double variance = 0, total = 0;
        sample part = s;
        for (int32_t h = 0; h < 4; h++) {
            part.m = 0;
            for (size_t i = 0; i < s.m; i++)
                if (s.stratum[s.row[i]] == h) part.row[part.m++] = s.row[i];
            ps_survey_figure f = estimate(&part, PS_SURVEY_TOTAL);
            variance += f.se.value * f.se.value;
            total += f.value.value;
        }
        if (!ps_value_ok(all.value) || !ps_value_ok(all.se)) continue;
        test_near(total + 1, all.value.value + 1, 1e-12);
        test_near(variance + 1, all.se.value * all.se.value + 1, 1e-12);
        for (size_t i = 0; i < s.n; i++) {
            s.fpc[i] = 0.5;
            s.psu[i] += 100 * s.stratum[i];
            s.stratum[i] = 0;
        }
        ps_survey_figure merged = estimate(&s, PS_SURVEY_TOTAL);
        assert_int_equal(merged.psus, all.psus);
        assert_int_equal(merged.strata, 1);
        near(merged.value, all.value, 1);
    }
}

/* v = sum over strata (1 - f) n/(n-1) sum over all units (t - mean)^2. */
static double by_definition(const sample *s, double value) {
    double weights = 0, variance = 0;
    bool in[MOST] = {false};
    for (size_t i = 0; i < s->m; i++)
        if (!isnan(s->y[s->row[i]])) {
            in[s->row[i]] = true;
            weights += s->weight[s->row[i]];
        }
    for (int32_t h = 0; h < 4; h++) {
        double total[8] = {0}, mean = 0, squares = 0, share = 0;
        int32_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
            if (s->stratum[i] != h) continue;
            if (s->psu[i] + 1 > n) n = s->psu[i] + 1;
            share = s->fpc[i];
            if (in[i]) total[s->psu[i]] += s->weight[i] * (s->y[i] - value) / weights;
        }
        for (int32_t c = 0; c < n; c++) mean += total[c] / n;
        for (int32_t c = 0; c < n; c++) squares += (total[c] - mean) * (total[c] - mean);
        if (n > 1) variance += (1 - share) * n / (n - 1) * squares;
    }
    return variance;
}

static void variance_as_defined(void **state) {
    (void)state;
    sample s;
    int compared = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&s);
        ps_survey_figure f = estimate(&s, PS_SURVEY_MEAN);
        if (!ps_value_ok(f.value) || !ps_value_ok(f.se)) continue;
        test_near(f.se.value * f.se.value + 1e-6, by_definition(&s, f.value.value) + 1e-6,
                  1e-9);
        compared++;
    }
    assert_true(compared > ROUNDS / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale_of_weights_and_unit), cmocka_unit_test(order_and_codes),
        cmocka_unit_test(records_that_stand_twice),  cmocka_unit_test(strata_add_up),
        cmocka_unit_test(variance_as_defined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
