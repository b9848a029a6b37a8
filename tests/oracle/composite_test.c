/* The composite index against base R: outliers, scales, means, ranks, shifts, coherence,
 * on tables drawn afresh. Skipped where R is not installed. */
#include "indicators/composite.h"

#include <math.h>
#include <time.h>

#include "tests/support/r.h"

enum { N = 40, P = 6, D = 3, ROUNDS = 3, MOST = 4000 };
static const double MISSING = -999;

static const double polarity[] = {1, -1, 1, 1, -1, 1};
static const int32_t domain[] = {0, 0, 1, 1, 1, 2};
static const double weight[] = {1, 2, 1, 1, 3, 1}, domain_weight[] = {2, 1, 1};

static const char script[] =
    "x <- d; x[x == -999] <- NA\n"
    "pol <- c(1, -1, 1, 1, -1, 1); dom <- c(1, 1, 2, 2, 2, 3)\n"
    "w <- c(1, 2, 1, 1, 3, 1); dw <- c(2, 1, 1)\n"
    "moment <- function(v, k) mean((v - mean(v))^k)\n"
    "skew <- function(v) { v <- v[!is.na(v)]; n <- length(v)\n"
    "  moment(v, 3) / moment(v, 2)^1.5 * sqrt(n * (n - 1)) / (n - 2) }\n"
    "kurt <- function(v) { v <- v[!is.na(v)]; n <- length(v)\n"
    "  g <- moment(v, 4) / moment(v, 2)^2 - 3\n"
    "  (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g + 6) }\n"
    "wild <- function(v) abs(skew(v)) > 2 && kurt(v) > 3.5\n"
    "treat <- function(v) {\n"
    "  s <- sort(v); low <- 1; high <- length(s); u <- v; k <- 0\n"
    "  while (wild(u) && k < 5) {\n"
    "    if (skew(u) > 0) high <- high - 1 else low <- low + 1\n"
    "    u <- pmin(pmax(v, s[low]), s[high]); k <- k + 1 }\n"
    "  if (!wild(u)) return(u)\n"
    "  r <- s[length(s)] - s[1]\n"
    "  if (skew(v) > 0) log(v - s[1] + r / 100) else\n"
    "    -log(s[length(s)] - v + r / 100) }\n"
    "calm <- apply(x, 2, treat); y <- sweep(calm, 2, pol, '*')\n"
    "raw <- sweep(x, 2, pol, '*')\n"
    "up <- function(v) rank(v, ties.method = 'min', na.last = 'keep')\n"
    "scales <- list(\n"
    "  scale(y),\n"
    "  apply(y, 2, function(v) 1 + 99 * (v - min(v, na.rm = TRUE)) /\n"
    "    diff(range(v, na.rm = TRUE))),\n"
    "  apply(raw, 2, up),\n"
    "  apply(raw, 2, function(v) (up(v) - 1) / (sum(!is.na(v)) - 1)),\n"
    "  apply(raw, 2, function(v) up(v) - 1),\n"
    "  apply(raw, 2, function(v) { n <- sum(!is.na(v))\n"
    "    -23 * log(1 - (n + 1 - up(-v)) / n * (1 - exp(-100 / 23))) }))\n"
    "mid <- function(v, w, kind) switch(kind, sum(w * v) / sum(w),\n"
    "  exp(sum(w * log(v)) / sum(w)), sum(w) / sum(w / v))\n"
    "index <- function(s, kind, use = 1:6) apply(s, 1, function(v) {\n"
    "  left <- unique(dom[use])\n"
    "  parts <- sapply(left, function(k) { j <- use[dom[use] == k]; ok <- "
    "j[!is.na(v[j])]\n"
    "    if (sum(w[ok]) < 2 / 3 * sum(w[j]) - 1e-9) NA else mid(v[ok], w[ok], kind) })\n"
    "  if (anyNA(parts)) NA else mid(parts, dw[left], kind) })\n"
    "place <- function(i) rank(-i, ties.method = 'min', na.last = 'keep')\n"
    "out <- c()\n"
    "for (s in c(1:6)) for (kind in if (s %in% c(2, 3, 6)) 1:3 else 1) {\n"
    "  i <- index(scales[[s]], kind); out <- c(out, i, place(i)) }\n"
    "base <- place(index(scales[[2]], 1)); ok <- !is.na(base)\n"
    "off <- function(i) abs(place(ifelse(ok, i, NA)) - base)[ok]\n"
    "out <- c(out, mean(unlist(lapply(1:3, function(s) off(index(scales[[s]], 1))))),\n"
    "  mean(unlist(lapply(1:2, function(k) off(index(scales[[2]], k))))),\n"
    "  sapply(1:6, function(j) mean(off(index(scales[[2]], 1, setdiff(1:6, j))),\n"
    "    na.rm = TRUE)))\n"
    "pairs <- cor(y, use = 'pairwise.complete.obs')\n"
    "out <- c(out, pairs[lower.tri(pairs)])\n"
    "full <- scale(y[complete.cases(y), ]); k <- 6\n"
    "out <- c(out, k / (k - 1) * (1 - sum(apply(full, 2, var)) / var(rowSums(full))))\n"
    "out[is.na(out)] <- -999\n";

static const ps_scale r_scale[] = {PS_SCALE_Z,     PS_SCALE_MINMAX,
                                   PS_SCALE_RANK,  PS_SCALE_PERCENTILE,
                                   PS_SCALE_BORDA, PS_SCALE_EXPONENTIAL};

/* Skewed indicators, some beyond winsorising; gaps. */
static void draw_table(double *x, uint64_t *seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++) {
            double u = ((double)test_random_below(seed, 1000000) + 0.5) / 1e6;
            x[i * P + j] = j == 0 ? pow(u, -0.9) : j == 3 ? -pow(u, -2.5) : 10 * u;
            if (j == 4) x[i * P + j] = floor(x[i * P + j]);
            if (test_random_below(seed, 25) == 0) x[i * P + j] = (double)NAN;
        }
}

static double *put_scores(const ps_composite *c, const double *x, bool *usable,
                          ps_composite_score *index, double *out) {
    static double scaled[N * P];
    static ps_composite_score part[N * D];
    assert_int_equal(ps_composite_scale(c, x, scaled, usable, NULL), PS_OK);
    assert_int_equal(ps_composite_score_all(c, scaled, usable, index, part, NULL), PS_OK);
    for (int i = 0; i < N; i++)
        *out++ = ps_value_ok(index[i].value) ? index[i].value.value : MISSING;
    for (int i = 0; i < N; i++) *out++ = index[i].rank > 0 ? index[i].rank : MISSING;
    return out;
}

static double shift(const ps_composite *c, const double *x, const bool *usable,
                    const int32_t *rank, int vary, int left_out) {
    ps_rank_shift s;
    assert_int_equal(
        ps_composite_shift(c, x, usable, rank, vary, left_out, 10, 1, &s, NULL), PS_OK);
    return ps_value_ok(s.mean) ? s.mean.value : MISSING;
}

static double *put_all(const double *x, double *out) {
    static ps_outliers outliers[P];
    static double column[N], y[N * P];
    static ps_composite_score index[N];
    bool usable[P], member[P];
    int32_t rank[N];
    size_t complete;
    ps_value alpha;
    for (int j = 0; j < P; j++) {
        member[j] = true;
        for (int i = 0; i < N; i++) column[i] = x[i * P + j];
        assert_int_equal(ps_outliers_find(N, column, &outliers[j], NULL), PS_OK);
        for (int i = 0; i < N; i++)
            y[i * P + j] = polarity[j] * ps_outliers_treat(&outliers[j], column[i]);
    }
    ps_composite c = {.areas = N,
                      .periods = 1,
                      .p = P,
                      .domains = D,
                      .polarity = polarity,
                      .domain = domain,
                      .weight = weight,
                      .domain_weight = domain_weight,
                      .outliers = outliers,
                      .from = 1,
                      .to = 100,
                      .fixed = true,
                      .domain_share = 2.0 / 3,
                      .index_share = 1};
    for (size_t s = 0; s < 6; s++)
        for (int kind = 0; kind < (s == 1 || s == 2 || s == 5 ? 3 : 1); kind++) {
            c.scale = r_scale[s];
            c.mean = (ps_mean_kind)kind;
            out = put_scores(&c, x, usable, index, out);
        }
    c.scale = PS_SCALE_MINMAX;
    c.mean = PS_MEAN_ARITHMETIC;
    put_scores(&c, x, usable, index, (double[2 * N]){0});
    for (int i = 0; i < N; i++) rank[i] = index[i].rank;
    *out++ = shift(&c, x, usable, rank, PS_VARY_SCALE, -1);
    *out++ = shift(&c, x, usable, rank, PS_VARY_MEAN, -1);
    for (int j = 0; j < P; j++) *out++ = shift(&c, x, usable, rank, 0, j);
    for (int i = 0; i < P; i++)
        for (int j = i + 1; j < P; j++)
            *out++ = ps_composite_correlation(N, y + i, P, y + j, P, NULL).value;
    assert_int_equal(ps_composite_alpha(N, P, y, member, &alpha, &complete, NULL), PS_OK);
    *out++ = alpha.value;
    return out;
}

/* Numbers come as N indices and their N ranks, for each scale and mean in turn. */
enum { RANKED = 12 * 2 * N };

/* Indices that are the same but for their last digits have either rank. */
static bool is_rank_of_tie(const double *numbers, size_t i) {
    if (i >= RANKED || i % (2 * N) < N) return false;
    const double *index = numbers + i / (2 * N) * (2 * N), mine = index[i % N];
    size_t same = 0;
    for (size_t a = 0; a < N; a++)
        same += fabs(index[a] - mine) <= 1e-10 * fmax(1, fabs(mine));
    return same > 1;
}

static void as_r(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    for (int round = 0; round < ROUNDS; round++) {
        static double x[N * P], in[N * P], ours[MOST], theirs[MOST];
        print_message("seed %llu\n", (unsigned long long)seed);
        draw_table(x, &seed);
        for (int e = 0; e < N * P; e++) in[e] = isnan(x[e]) ? MISSING : x[e];
        size_t n = (size_t)(put_all(x, ours) - ours);
        char *folder = test_folder_make();
        test_r(folder, script, in, N, P, theirs, n);
        test_folder_remove(folder);
        /* An index near 0 has no digits of its own. */
        double largest = 0;
        for (size_t i = 0; i < n; i++) {
            double off = fabs(ours[i] - theirs[i]) / fmax(1, fabs(theirs[i]));
            if (off > 1e-10 && is_rank_of_tie(theirs, i)) continue;
            if (!(off <= 1e-10))
                fail_msg("number %zu: %.17g, in R %.17g", i, ours[i], theirs[i]);
            largest = fmax(largest, off);
        }
        print_message("%zu numbers, largest difference %.2g\n", n, largest);
    }
}

int main(void) {
    if (!test_r_is_there()) {
        print_message("R is not installed\n");
        return TEST_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_r)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
