/* K-means, silhouettes and the adjusted Rand index where the answer is known. */
#include "indicators/typology.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/method.h"

enum { N = 90, P = 3, K = 3 };

/* Three clouds far apart, in mixed order; the middle of cloud c is (10 c, -10 c, 5). */
static void draw_clouds(double *z, int32_t *cloud, uint64_t *seed) {
    for (int i = 0; i < N; i++) {
        cloud[i] = (int32_t)(i * 7 % 3);
        double middle[P] = {10.0 * cloud[i], -10.0 * cloud[i], 5};
        for (int j = 0; j < P; j++)
            z[i * P + j] = middle[j] + (double)test_random_below(seed, 1000) / 1000;
    }
}

static void clouds_are_found(void **state) {
    (void)state;
    static double z[N * P], s[N], centre[K * P];
    int32_t cloud[N], label[N];
    uint64_t seed = 5;
    size_t k = K;
    ps_kmeans fit;
    ps_value rand;
    draw_clouds(z, cloud, &seed);
    assert_int_equal(ps_kmeans_fit(N, P, z, K, 5, 1, NULL, label, centre, &fit, NULL),
                     PS_OK);
    /* Numbered by the first variable: exactly the clouds. */
    assert_memory_equal(label, cloud, sizeof label);
    test_near(fit.within + fit.between, fit.total, 1e-13);
    for (int c = 0; c < K; c++)
        for (int j = 0; j < P; j++) {
            double sum = 0, n = 0;
            for (int i = 0; i < N; i++)
                if (cloud[i] == c) sum += z[i * P + j], n++;
            test_near(centre[c * P + j], sum / n, 1e-13);
        }
    assert_int_equal(ps_silhouette(N, P, z, 1, &k, label, s, NULL), PS_OK);
    for (int i = 0; i < N; i++) assert_true(s[i] > 0.9 && s[i] <= 1);
    assert_int_equal(ps_adjusted_rand(N, label, cloud, &rand, NULL), PS_OK);
    test_near(rand.value, 1, 1e-15);
    /* A key turns the numbers round. */
    double key[N];
    for (int i = 0; i < N; i++) key[i] = i % 4 == 0 ? (double)NAN : -z[i * P];
    assert_int_equal(ps_kmeans_fit(N, P, z, K, 5, 1, key, label, centre, &fit, NULL),
                     PS_OK);
    for (int i = 0; i < N; i++) assert_int_equal(label[i], 2 - cloud[i]);
}

/* No single point can move to a better place, and no start does better alone. */
static void nothing_can_be_gained(void **state) {
    (void)state;
    static double z[N * P], centre[6 * P], other[6 * P];
    int32_t label[N], lone[N];
    uint64_t seed = 9;
    for (int round = 0; round < 12; round++) {
        size_t k = 2 + (size_t)round % 5;
        for (int e = 0; e < N * P; e++) z[e] = (double)test_random_below(&seed, 60);
        ps_kmeans fit, one;
        assert_int_equal(
            ps_kmeans_fit(N, P, z, k, 20, 3, NULL, label, centre, &fit, NULL), PS_OK);
        assert_int_equal(ps_kmeans_fit(N, P, z, k, 1, 3, NULL, lone, other, &one, NULL),
                         PS_OK);
        assert_true(fit.within <= one.within * (1 + 1e-12));
        size_t size[6] = {0};
        for (int i = 0; i < N; i++) size[label[i]]++;
        for (int i = 0; i < N; i++) {
            double d[6] = {0};
            for (size_t c = 0; c < k; c++)
                for (int j = 0; j < P; j++)
                    d[c] += pow(z[i * P + j] - centre[c * P + (size_t)j], 2);
            size_t a = (size_t)label[i];
            if (size[a] < 2) continue;
            double leave = d[a] * (double)size[a] / (double)(size[a] - 1);
            for (size_t c = 0; c < k; c++)
                if (c != a)
                    assert_true(d[c] * (double)size[c] / (double)(size[c] + 1) >=
                                leave * (1 - 1e-9));
        }
    }
}

static void threads_do_not_matter(void **state) {
    (void)state;
    static double z[N * P], centre[3][5 * P], s[3][N];
    static int32_t label[3][N];
    static const int threads[] = {1, 2, 7};
    uint64_t seed = 12;
    size_t k = 5;
    ps_kmeans fit[3];
    for (int e = 0; e < N * P; e++) z[e] = (double)test_random_below(&seed, 1000) / 7;
    for (int t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        assert_int_equal(
            ps_kmeans_fit(N, P, z, k, 40, 8, NULL, label[t], centre[t], &fit[t], NULL),
            PS_OK);
        assert_int_equal(ps_silhouette(N, P, z, 1, &k, label[t], s[t], NULL), PS_OK);
        assert_memory_equal(label[t], label[0], sizeof label[0]);
        assert_memory_equal(centre[t], centre[0], sizeof centre[0]);
        assert_memory_equal(s[t], s[0], sizeof s[0]);
        assert_true(fit[t].within == fit[0].within && fit[t].start == fit[0].start);
    }
    ps_set_threads(0);
}

static void few_points(void **state) {
    (void)state;
    double z[] = {1, 1, 1, 4, 4}, centre[3];
    int32_t label[5];
    ps_kmeans fit;
    ps_error err = {.text = ""};
    /* Five points in two places: two clusters without a rest, not three. */
    assert_int_equal(ps_kmeans_fit(5, 1, z, 2, 4, 1, NULL, label, centre, &fit, NULL),
                     PS_OK);
    assert_true(fit.within == 0);
    test_near(fit.between, fit.total, 1e-15);
    assert_int_equal(ps_kmeans_fit(5, 1, z, 3, 4, 1, NULL, label, centre, &fit, &err),
                     PS_FORMAT);
    assert_int_equal(ps_kmeans_fit(2, 1, z, 3, 4, 1, NULL, label, centre, &fit, &err),
                     PS_FORMAT);
    assert_int_equal(ps_kmeans_fit(5, 1, z, 0, 4, 1, NULL, label, centre, &fit, &err),
                     PS_CONFIG);
    /* As many clusters as points: each its own, and alone. */
    double apart[] = {3, 1, 2}, s[3];
    size_t k = 3;
    assert_int_equal(ps_kmeans_fit(3, 1, apart, 3, 4, 1, NULL, label, centre, &fit, NULL),
                     PS_OK);
    assert_int_equal(label[0], 2);
    assert_int_equal(label[1], 0);
    assert_int_equal(label[2], 1);
    assert_int_equal(ps_silhouette(3, 1, apart, 1, &k, label, s, NULL), PS_OK);
    for (int i = 0; i < 3; i++) assert_true(s[i] == 0);
}

/* Points 0 and 1 together, 4 alone: (b - a) / max for the pair, 0 for the lone one. */
static void silhouette_by_hand(void **state) {
    (void)state;
    double z[] = {0, 1, 4}, s[6];
    int32_t label[] = {0, 0, 1, 0, 1, 1};
    size_t k[] = {2, 2};
    assert_int_equal(ps_silhouette(3, 1, z, 2, k, label, s, NULL), PS_OK);
    test_near(s[0], 3.0 / 4, 1e-15);
    test_near(s[1], 2.0 / 3, 1e-15);
    assert_true(s[2] == 0 && s[3] == 0);
    test_near(s[4], (1.0 - 3) / 3, 1e-15);
    test_near(s[5], (4.0 - 3) / 4, 1e-15);
}

static void rand_by_hand(void **state) {
    (void)state;
    /* Table 1 1 / 0 2: one pair together in both, two expected of a, three of b. */
    int32_t a[] = {0, 0, 1, 1}, b[] = {0, 1, 1, 1}, one[] = {5, 5, 5, 5};
    ps_value v;
    assert_int_equal(ps_adjusted_rand(4, a, b, &v, NULL), PS_OK);
    assert_true(ps_value_ok(v) && fabs(v.value) < 1e-15);
    assert_int_equal(ps_adjusted_rand(4, a, a, &v, NULL), PS_OK);
    test_near(v.value, 1, 1e-15);
    assert_int_equal(ps_adjusted_rand(4, one, one, &v, NULL), PS_OK);
    assert_int_equal(v.status, PS_VALUE_UNDEFINED);
    assert_int_equal(ps_adjusted_rand(0, a, b, &v, NULL), PS_OK);
    assert_int_equal(v.status, PS_VALUE_UNDEFINED);
}

static const char small[] =
    "area_code,indicator,value,imd_score\n"
    "A,crime,10,50\nA,income,1,50\nB,crime,11,48\nB,income,1.2,48\nC,crime,2,10\n"
    "C,income,5,10\n"
    "D,crime,2.5,12\n"
    "D,income,5.5,12\nE,crime,2.2,11\nE,income,,11\n"
    "F,crime,6,30\nF,income,3,30\n";

static void methods_tell_the_same(void **state) {
    (void)state;
    ps_table *areas = test_compute("kmeans", small, "k=2");
    ps_table *centres = test_compute("kmeans_centroids", small, "k=2");
    ps_table *choice = test_compute("kmeans_choice", small, "");
    assert_int_equal(ps_table_rows(areas), 6);
    assert_string_equal(test_cell(areas, 4, "status"), "missing");
    assert_string_equal(test_cell(areas, 4, "cluster"), "");
    assert_string_equal(test_cell(areas, 0, "cluster"), "2");
    assert_string_equal(test_cell(areas, 2, "cluster"), "1");
    test_near(test_value(areas, 0, "tot_within") + test_value(areas, 0, "between"),
              test_value(areas, 0, "total"), 1e-13);
    /* Standardised with n - 1: the total is (n - 1) p. */
    test_near(test_value(areas, 0, "total"), 4 * 2, 1e-13);
    assert_int_equal(ps_table_rows(centres), 4);
    test_near(test_value(centres, 2, "mean"), (10 + 11 + 2 + 2.5 + 6) / 5, 1e-13);
    assert_int_equal(ps_table_rows(choice), 4); /* 2 to 5: five areas differ */
    test_near(test_value(choice, 0, "tot_within"), test_value(areas, 0, "tot_within"),
              1e-13);
    test_near(test_value(choice, 3, "between_share"), 1, 1e-13);
    ps_table_free(areas);
    ps_table_free(centres);
    ps_table_free(choice);
}

static void wrong_tables_are_refused(void **state) {
    (void)state;
    test_refused("kmeans", "area_code,indicator,value\nA,x,1\nA,x,2\n", "", PS_FORMAT,
                 "stood in row 1 already");
    test_refused("kmeans", "area_code,indicator,value\nA,x,1\nB,x,2\n", "k=3", PS_FORMAT,
                 "3 clusters cannot be made of 2 areas");
    test_refused("kmeans", "area_code,indicator,value\nA,x,1\nB,x,1\n", "", PS_FORMAT,
                 "no indicator varies");
    test_refused("kmeans", "area_code,indicator,value\n", "", PS_FORMAT,
                 "no indicator varies");
    test_refused(
        "kmeans",
        "area_code,indicator,value,imd_score\nA,x,1,2\nB,x,2,4\nB,y,2,4\nA,y,1,3\n", "",
        PS_FORMAT, "imd_score is 3, but an earlier row of the same area has 2");
    test_refused("kmeans", "area_code,indicator,value\n,x,1\n", "", PS_FORMAT,
                 "is empty");
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    test_method_case cases[] = {{"kmeans", small, "nstart=2"},
                                {"kmeans_centroids", small, "k=2 nstart=2"},
                                {"kmeans_choice", small, "nstart=2 k_most=3"},
                                {"adjusted_rand", "a,b\nx,1\ny,2\nz,1\n", ""}};
    ps_set_threads(1);
    for (size_t i = 0; i < PS_LENGTH(cases); i++)
        assert_true(test_each_allocation_fails(test_method_step, &cases[i]) > 5);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clouds_are_found),
        cmocka_unit_test(nothing_can_be_gained),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(few_points),
        cmocka_unit_test(silhouette_by_hand),
        cmocka_unit_test(rand_by_hand),
        cmocka_unit_test(methods_tell_the_same),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
