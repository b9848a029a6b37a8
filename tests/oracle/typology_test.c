/* K-means, silhouettes and the adjusted Rand index against R's stats, cluster and mclust,
 * on points drawn afresh. Skipped where one of them is not installed. */
#include "indicators/typology.h"

#include <math.h>
#include <time.h>

#include "tests/support/r.h"

enum { N = 120, P = 3, K = 4, ROUNDS = 3, OTHER = 5 };

static const char script[] =
    "x <- d[, 1:3]; ours <- d[, 4]; other <- d[, 5]\n"
    "centres <- rowsum(x, ours) / as.vector(table(ours))\n"
    "set.seed(1)\n"
    "best <- kmeans(x, 4, nstart = 200, iter.max = 100)$tot.withinss\n"
    "mine <- kmeans(x, centres, iter.max = 100)\n"
    "s <- cluster::silhouette(ours, dist(x))[, 3]\n"
    "out <- c(best, mine$tot.withinss, mine$betweenss, mine$totss,\n"
    "  mclust::adjustedRandIndex(ours, other), s, t(mine$centers))\n";

static void as_r(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    for (int round = 0; round < ROUNDS; round++) {
        static double z[N * P], in[N * (P + 2)], s[N], centre[K * P];
        static double ours[5 + N + K * P], theirs[5 + N + K * P];
        int32_t label[N], other[N];
        ps_kmeans fit;
        ps_value rand;
        size_t k = K;
        print_message("seed %llu\n", (unsigned long long)seed);
        for (int i = 0; i < N; i++) {
            other[i] = (int32_t)test_random_below(&seed, OTHER);
            for (int j = 0; j < P; j++)
                z[i * P + j] = (double)test_random_below(&seed, 100000) / 30000 +
                               ((i % K) >> j & 1) * 1.5;
        }
        assert_int_equal(
            ps_kmeans_fit(N, P, z, K, 200, 1, NULL, label, centre, &fit, NULL), PS_OK);
        assert_int_equal(ps_silhouette(N, P, z, 1, &k, label, s, NULL), PS_OK);
        for (int i = 0; i < N; i++)
            if (i % 3 != 0) other[i] = label[i] % OTHER;
        assert_int_equal(ps_adjusted_rand(N, label, other, &rand, NULL), PS_OK);
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < P; j++) in[i * (P + 2) + j] = z[i * P + j];
            in[i * (P + 2) + P] = label[i] + 1;
            in[i * (P + 2) + P + 1] = other[i] + 1;
        }
        double *at = ours;
        *at++ = fit.within; /* R's best of 200 */
        *at++ = fit.within; /* R from our centres: it stays */
        *at++ = fit.between;
        *at++ = fit.total;
        *at++ = rand.value;
        for (int i = 0; i < N; i++) *at++ = s[i];
        for (int e = 0; e < K * P; e++) *at++ = centre[e];
        char *folder = test_folder_make();
        test_r(folder, script, in, N, P + 2, theirs, sizeof theirs / sizeof *theirs);
        test_folder_remove(folder);
        /* R's search may end in a worse place than ours, never in a better one. */
        assert_true(ours[0] <= theirs[0] * (1 + 1e-12));
        test_r_agrees("kmeans", ours + 1, theirs + 1, sizeof theirs / sizeof *theirs - 1,
                      1e-9);
    }
}

int main(void) {
    if (system("Rscript --vanilla -e 'library(cluster); library(mclust)' >/dev/null "
               "2>&1") != 0) {
        print_message("R with cluster and mclust is not installed\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_r)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
