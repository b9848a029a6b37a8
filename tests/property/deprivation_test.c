/* Deprivation of larger areas, change between releases, values on other boundaries: what
 * has to hold for any table. Random tables, the same at every run.
 */
#include "indicators/deprivation.h"

#include "indicators/area_vintage.h"
#include "indicators/deprivation_change.h"
#include "indicators/deprivation_index.h"
#include "tests/support/test.h"

enum { ROUNDS = 200, MOST = 60, COUNTRY = 500 };

static uint64_t seed = 20260402;
static ps_error err;

static size_t below(uint64_t n) {
    return (size_t)test_random_below(&seed, n);
}

typedef struct lsoas {
    size_t n;
    int64_t rank[2 * MOST];
    double people[2 * MOST], score[2 * MOST];
} lsoas;

static lsoas some_lsoas(void) {
    lsoas l = {.n = 1 + below(MOST)};
    for (size_t i = 0; i < l.n; i++) {
        l.rank[i] = (int64_t)below(COUNTRY + 1); /* some without rank */
        l.people[i] = (double)below(3000);
        l.score[i] = (double)below(80000) / 1000;
    }
    return l;
}

static ps_deprivation summary_of(const lsoas *l) {
    ps_deprivation d;
    assert_int_equal(
        ps_deprivation_summarise(l->score, l->rank, l->people, l->n, COUNTRY, &d, &err),
        PS_OK);
    return d;
}

static void same(ps_value a, ps_value b) {
    assert_int_equal(a.status, b.status);
    if (ps_value_ok(a)) test_near(a.value, b.value, 1e-12);
}

static void same_for_people(const ps_deprivation *a, const ps_deprivation *b) {
    same(a->average_score, b->average_score);
    same(a->average_rank, b->average_rank);
    same(a->people_decile1, b->people_decile1);
    same(a->extent, b->extent);
    same(a->local_concentration, b->local_concentration);
}

/* Neither the order of the LSOAs nor the unit of their people matters, nor whether one is
 * cut into two of its rank. */
static void summaries_weigh_people(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        lsoas l = some_lsoas(), other = l;
        ps_deprivation a = summary_of(&l);
        for (size_t i = 0; i < l.n; i++) {
            other.rank[i] = l.rank[l.n - 1 - i];
            other.score[i] = l.score[l.n - 1 - i];
            other.people[i] = l.people[l.n - 1 - i] * 8;
        }
        ps_deprivation b = summary_of(&other);
        same_for_people(&a, &b);
        same(a.share_decile1, b.share_decile1);
        other = l;
        for (size_t i = 0; i < l.n; i++) {
            other.rank[l.n + i] = l.rank[i];
            other.score[l.n + i] = l.score[i];
            other.people[l.n + i] = l.people[i] * 0.25;
            other.people[i] *= 0.75;
        }
        other.n *= 2;
        b = summary_of(&other);
        same_for_people(&a, &b);
        same(a.share_percent1, b.share_percent1);
        if (!ps_value_ok(a.extent)) continue;
        assert_true(a.extent.value >= a.people_decile1.value && a.extent.value <= 1);
        assert_true(a.local_concentration.value >= a.average_rank.value - 1e-9);
    }
}

static void opposite(ps_value a, ps_value b) {
    assert_int_equal(a.status, b.status);
    if (ps_value_ok(a)) test_near(a.value + 1000, -b.value + 1000, 1e-12);
}

/* From the second release to the first everything turns round. */
static void change_has_two_directions(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        lsoas l[2] = {some_lsoas(), some_lsoas()};
        double count[2][MOST];
        ps_deprivation_release release[2];
        l[1].n = l[0].n;
        for (size_t i = 0; i < l[0].n; i++)
            for (int r = 0; r < 2; r++)
                count[r][i] = l[r].people[i] * (double)below(1000) / 1000;
        for (int r = 0; r < 2; r++)
            release[r] = (ps_deprivation_release){l[r].score, l[r].rank,   l[r].people,
                                                  count[r],   l[r].people, COUNTRY};
        ps_deprivation_change a, b;
        assert_int_equal(
            ps_deprivation_compare(&release[0], &release[1], l[0].n, 1, 0.95, &a, &err),
            PS_OK);
        assert_int_equal(
            ps_deprivation_compare(&release[1], &release[0], l[0].n, 1, 0.95, &b, &err),
            PS_OK);
        assert_int_equal(a.areas + a.left_out, l[0].n);
        opposite(a.rank_change, b.rank_change);
        opposite(a.percentile_change, b.percentile_change);
        opposite(a.rate_change, b.rate_change);
        opposite(a.rate_lower, b.rate_upper);
        assert_int_equal(a.entered_decile1, b.left_decile1);
        assert_int_equal(a.decile1[1] - a.decile1[0], a.entered_decile1 - a.left_decile1);
        int64_t all = 0;
        for (int i = 0; i < 10; i++)
            for (int k = 0; k < 10; k++) {
                assert_int_equal(a.transition[i][k], b.transition[k][i]);
                all += a.transition[i][k];
            }
        assert_int_equal(all, a.areas);
        assert_int_equal(a.relative == PS_JUDGED_IMPROVED,
                         b.relative == PS_JUDGED_WORSENED);
        assert_int_equal(a.absolute == PS_JUDGED_IMPROVED,
                         b.absolute == PS_JUDGED_WORSENED);
    }
}

/* An area that is more deprived in every domain is so in the index. */
static void the_index_follows_its_domains(void **state) {
    (void)state;
    enum { N = 40 };
    double rank_in[N * PS_IMD_DOMAINS], score[N];
    int64_t rank[N];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < N * PS_IMD_DOMAINS; i++)
            rank_in[i] = (double)(1 + below(N));
        assert_int_equal(ps_imd_build(N, rank_in, ps_imd_weight, NULL, score, rank, &err),
                         PS_OK);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < N; k++) {
                bool all = true;
                for (size_t d = 0; d < PS_IMD_DOMAINS; d++)
                    all = all && rank_in[i * PS_IMD_DOMAINS + d] <=
                                     rank_in[k * PS_IMD_DOMAINS + d];
                if (all) assert_true(score[i] >= score[k] && rank[i] <= rank[k]);
                assert_int_equal(score[i] > score[k], rank[i] < rank[k]);
            }
    }
}

/* Random overlaps in which every area has one. */
typedef struct look_up {
    size_t n;
    int32_t from[4 * MOST], to[4 * MOST];
    double weight[4 * MOST];
} look_up;

static void add(look_up *l, size_t from, size_t to) {
    for (size_t i = 0; i < l->n; i++)
        if (l->from[i] == (int32_t)from && l->to[i] == (int32_t)to) return;
    l->from[l->n] = (int32_t)from;
    l->to[l->n] = (int32_t)to;
    l->weight[l->n++] = below(20) == 0 ? (double)NAN : (double)below(900);
}

static void values_are_kept(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        look_up l = {.n = 0};
        size_t n = 1 + below(MOST), extra = below(MOST);
        for (size_t i = 0; i < n; i++) add(&l, i, i);
        for (size_t i = 0; i < extra; i++) add(&l, below(n), below(n));
        ps_area_pairs there = {.n = l.n,
                               .n_from = n,
                               .n_to = n,
                               .from = l.from,
                               .to = l.to,
                               .weight = l.weight};
        ps_moved out[MOST];
        double value[MOST], constant[MOST], total = 0, after = 0;
        for (size_t i = 0; i < n; i++) {
            value[i] = (double)below(100000) / 7;
            constant[i] = 12.5;
            total += value[i];
        }
        assert_int_equal(ps_area_values_move(&there, PS_KIND_EXTENSIVE, value, out, &err),
                         PS_OK);
        for (size_t i = 0; i < n; i++) {
            after += out[i].value;
            assert_int_equal(out[i].irregular, out[i].change == 'X');
        }
        test_near(after, total, 1e-12);
        assert_int_equal(
            ps_area_values_move(&there, PS_KIND_INTENSIVE, constant, out, &err), PS_OK);
        for (size_t i = 0; i < n; i++) test_near(out[i].value, 12.5, 1e-13);
        assert_int_equal(
            ps_area_values_move(&there, PS_KIND_CATEGORY, constant, out, &err), PS_OK);
        for (size_t i = 0; i < n; i++) {
            test_near(out[i].value, 12.5, 0);
            test_near(out[i].share_min, 1, 1e-12);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summaries_weigh_people),
        cmocka_unit_test(change_has_two_directions),
        cmocka_unit_test(the_index_follows_its_domains),
        cmocka_unit_test(values_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
