/* Measures of crime and of time against their definitions in base R: concentration,
 * location quotients, severity, repeats, change by type and place, rolling sums, control
 * charts. Fresh tables at every run, through the methods as a user calls them.
 */
#include <stdarg.h>
#include <time.h>

#include "tests/support/method.h"
#include "tests/support/r.h"

enum { MOST = 4000, TEXT = 64 * 1024 };

static uint64_t seed;
static char *folder, text[TEXT];
static size_t length, rows;
static double in[MOST * 6], ours[MOST], theirs[MOST];
static size_t n_ours;

static int64_t below(uint64_t n) {
    return (int64_t)test_random_below(&seed, n);
}

static void begin(const char *header) {
    length = (size_t)snprintf(text, TEXT, "%s\n", header);
    rows = n_ours = 0;
}

/* The same row for both: as text, and width numbers in the matrix that R reads. */
static void add(const char *format, size_t width, const double *numbers, ...) {
    va_list arguments;
    va_start(arguments, numbers);
    length += (size_t)vsnprintf(text + length, TEXT - length, format, arguments);
    va_end(arguments);
    length += (size_t)snprintf(text + length, TEXT - length, "\n");
    assert_true(length < TEXT);
    memcpy(in + width * rows++, numbers, width * sizeof *numbers);
}

static void take(const ps_table *t, size_t row, const char *const *columns, size_t n) {
    for (size_t c = 0; c < n; c++) ours[n_ours++] = test_value(t, row, columns[c]);
}

static void compare(const char *what, const char *script, size_t width) {
    test_r(folder, script, in, rows, width, theirs, n_ours);
    test_r_agrees(what, ours, theirs, n_ours, 1e-9);
}

static void concentration(void **state) {
    (void)state;
    static const char *const columns[] = {
        "gini", "generalised_gini", "top_share", "theil", "hhi", "units_50"};
    begin("area_code,count");
    for (int64_t a = 0; a < 20; a++)
        for (int64_t i = 0; i < 30; i++) {
            int64_t c = i == 0 ? 2 : below(3) * below(1 + (uint64_t)a);
            add("a%02d,%d", 2, (double[]){(double)a, (double)c}, (int)a, (int)c);
        }
    ps_table *t = test_compute("concentration", text, "top=0.15 simulations=0");
    for (size_t a = 0; a < 20; a++) take(t, a, columns, PS_LENGTH(columns));
    ps_table_free(t);
    compare(
        "concentration",
        "out <- unlist(tapply(d[,2], d[,1], function(x) { n <- length(x)\n"
        "  c <- sum(x); y <- sort(x) / c; s <- 2 * sum(seq_len(n) * y) - n - 1\n"
        "  z <- rev(y); k <- 0.15 * n; f <- floor(k)\n"
        "  p <- y[y > 0]\n"
        "  c(s / n, max(1/c, 1/n) * s - max(n/c, 1) + 1,\n"
        "    sum(z[seq_len(f)]) + (k - f) * z[f + 1], sum(p * log(p * n)), sum(y^2),\n"
        "    min(which(cumsum(rev(sort(x))) >= c / 2))) }))",
        2);
    begin("count,population");
    for (int64_t i = 0; i < 40; i++) {
        int64_t c = below(50), p = 1 + below(900);
        add("%d,%d", 2, (double[]){(double)c, (double)p}, (int)c, (int)p);
    }
    t = test_compute("lorenz", text, "axis=population");
    assert_int_equal(ps_table_rows(t), 41);
    for (size_t i = 1; i <= 40; i++) take(t, i, (const char *const[]){"x", "y"}, 2);
    ps_table_free(t);
    compare("lorenz",
            "o <- order(d[,1] / d[,2]); x <- cumsum(d[o,2]) / sum(d[,2])\n"
            "out <- rbind(x, cumsum(d[o,1]) / sum(d[,1]))",
            2);
}

static void quotients(void **state) {
    (void)state;
    begin("area_code,type,count");
    for (int64_t a = 0; a < 9; a++)
        for (int64_t k = 0; k < 6; k++) {
            int64_t c = 1 + below(400);
            add("a%d,t%d,%d", 1, (double[]){(double)c}, (int)a, (int)k, (int)c);
        }
    ps_table *t = test_compute("lq", text, "");
    for (size_t i = 0; i < rows; i++)
        take(t, i, (const char *const[]){"value", "lower", "upper"}, 3);
    ps_table_free(t);
    compare("lq",
            "m <- matrix(d[,1], 6); a <- colSums(m); k <- rowSums(m)\n"
            "q <- prop.table(m, 2) / (k / sum(m))\n"
            "s <- qnorm(0.975) * sqrt(1/m - 1/rep(a, each = 6) + 1/k - 1/sum(m))\n"
            "out <- rbind(c(q), c(q * exp(-s)), c(q * exp(s)))",
            1);
}

static void severity(void **state) {
    (void)state;
    static const char *const columns[] = {"value", "se", "mean_severity", "without_top"};
    begin("area_code,category,count,weight,population");
    for (int64_t a = 0; a < 20; a++)
        for (int64_t k = 0; k < 7; k++) {
            int64_t c = 1 + below(900), p = 20000 + 700 * a;
            double w = (double)(k * k * k) * 11.5 + 3;
            add("a%02d,c%d,%d,%.10g,%d", 4,
                (double[]){(double)a, (double)c, w, (double)p}, (int)a, (int)k, (int)c, w,
                (int)p);
        }
    ps_table *t = test_compute("css", text, "multiplier=1000");
    for (size_t a = 0; a < 20; a++) take(t, a, columns, PS_LENGTH(columns));
    ps_table_free(t);
    compare("css",
            "out <- sapply(split(as.data.frame(d), d[,1]), function(r) { c <- r[,2]\n"
            "  w <- r[,3]; n <- r[1,4] / 1000; r <- w < max(w)\n"
            "  c(sum(c * w) / n, sqrt(sum(c * w^2)) / n, weighted.mean(w, c),\n"
            "    sum((c * w)[r]) / n) })",
            4);
}

/* Incidents over three years, days counted from 2019-04-01; those of the third year. */
static void repeats(void **state) {
    (void)state;
    static const char *const columns[] = {"repeats",
                                          "repeat_incident_rate",
                                          "lower",
                                          "upper",
                                          "wilson_lower",
                                          "repeat_incident_rate_all",
                                          "repeat_victim_rate",
                                          "victims_1",
                                          "mean_interval_days"};
    begin("incident_id,date,victim_id");
    for (int64_t i = 0; i < 600; i++) {
        int64_t day = below(1096), victim = below(8) == 0 ? -1 : below(150);
        time_t at = (time_t)86400 * (17987 + day); /* 2019-04-01 is day 17987 */
        struct tm *date = gmtime(&at);
        char name[16] = "";
        if (victim >= 0) snprintf(name, sizeof name, "v%d", (int)victim);
        add("i%03d,%d-%02d-%02d,%s", 2, (double[]){(double)day, (double)victim}, (int)i,
            date->tm_year + 1900, date->tm_mon + 1, date->tm_mday, name);
    }
    ps_table *t =
        test_compute("repeat", text, "from=2021-04-01 to=2022-03-31 multiplier=1");
    take(t, 0, columns, PS_LENGTH(columns));
    ps_table_free(t);
    compare("repeat",
            "d <- d[order(d[,1]), ]; day <- d[,1]; v <- d[,2]; i <- seq_along(day)\n"
            "now <- day >= 731; r <- sapply(i, function(k) v[k] >= 0 &&\n"
            "  any(v == v[k] & i < k & day >= day[k] - 365))\n"
            "u <- now & v >= 0; n <- sum(u); x <- sum(r[u]); p <- x / n\n"
            "e <- tapply(r[u] - p, v[u], sum); m <- length(e)\n"
            "size <- p * (1 - p) / (m / (m - 1) * sum(e^2) / n^2)\n"
            "w <- function(p, n) { z <- qnorm(0.975); (2*n*p + z^2 + c(-1, 1) * z *\n"
            "  sqrt(z^2 + 4*n*p*(1-p))) / (2 * (n + z^2)) }\n"
            "gaps <- unlist(sapply(which(u), function(k) { b <- day[v == v[k] & i < k]\n"
            "  if (length(b) > 0) day[k] - max(b) }))\n"
            "out <- c(x, p, w(p, size), w(p, n)[1], x / sum(now),\n"
            "  mean(tapply(r[u], v[u], any)), sum(table(v[u]) == 1), mean(gaps))",
            2);
}

static void types_and_places(void **state) {
    (void)state;
    static const char *const columns[] = {"percent",      "lower",       "upper",
                                          "p_value",      "share1",      "contribution",
                                          "share2_lower", "share2_upper"};
    begin("type,x1,x2");
    for (int64_t k = 0; k < 30; k++) {
        int64_t a = 1 + below(400), b = 1 + below(400);
        add("t%02d,%d,%d", 2, (double[]){(double)a, (double)b}, (int)k, (int)a, (int)b);
    }
    ps_table *t = test_compute("type_change", text, "");
    for (size_t i = 0; i < rows; i++) take(t, i, columns, PS_LENGTH(columns));
    ps_table_free(t);
    compare("type_change",
            "s <- colSums(d); out <- apply(d, 1, function(r) {\n"
            "  t <- poisson.test(r[2:1]); w <- prop.test(r[2], s[2], correct = FALSE)\n"
            "  c(100 * (r[2] / r[1] - 1), t$conf.int, t$p.value, 100 * r[1] / s[1],\n"
            "    100 * (r[2] - r[1]) / s[1], 100 * w$conf.int) })",
            2);
    static const char *const shifts[] = {"share1", "share2", "difference",
                                         "lower",  "upper",  "p_value"};
    begin("series,area_code,marked,x1,x2");
    for (int64_t k = 0; k < 40; k++)
        for (int64_t a = 0; a < 6; a++) {
            int64_t x = 10 + below(200), y = 10 + below(200);
            add("s%02d,a%d,%d,%d,%d", 4,
                (double[]){(double)k, (double)(a < 2), (double)x, (double)y}, (int)k,
                (int)a, (int)(a < 2), (int)x, (int)y);
        }
    t = test_compute("place_shift", text, "multiplier=1");
    for (size_t k = 0; k < 40; k++) take(t, k, shifts, PS_LENGTH(shifts));
    ps_table_free(t);
    compare(
        "place_shift",
        "out <- sapply(split(as.data.frame(d), d[,1]), function(r) {\n"
        "  n <- colSums(r[,3:4]); x <- colSums(r[r[,2] == 1, 3:4]); p <- x / n\n"
        "  w <- sapply(1:2, function(i) prop.test(x[i], n[i], correct=FALSE)$conf.int)\n"
        "  d <- p[2] - p[1]\n"
        "  c(p, d, d - sqrt((p[2] - w[1,2])^2 + (w[2,1] - p[1])^2),\n"
        "    d + sqrt((w[2,2] - p[2])^2 + (p[1] - w[1,1])^2),\n"
        "    prop.test(x, n, correct = FALSE)$p.value) })",
        4);
}

static void rolling(void **state) {
    (void)state;
    static const char *const columns[] = {"rolling", "rate", "change_percent", "ytd",
                                          "ytd_change_percent"};
    begin("month,value,population");
    for (int64_t m = 0; m < 60; m++) {
        int64_t x = 1 + below(900), p = 4000 + below(100);
        add("%d-%02d,%d,%d", 2, (double[]){(double)x, (double)p}, (int)(2018 + m / 12),
            (int)(m % 12 + 1), (int)x, (int)p);
    }
    ps_table *t = test_compute("rolling", text, "");
    /* From April 2019 on, when last year's financial year is there from its beginning. */
    for (size_t m = 15; m < 60; m++) take(t, m, columns, PS_LENGTH(columns));
    ps_table_free(t);
    compare("rolling",
            "x <- d[,1]; r <- filter(x, rep(1, 12), sides = 1)\n"
            "p <- filter(d[,2], rep(1/12, 12), sides = 1)\n"
            "fy <- (0:59 + 9) %/% 12; y <- ave(x, fy, FUN = cumsum)\n"
            "last <- function(v) c(rep(NA, 12), head(v, -12))\n"
            "out <- rbind(r, 1000 * r / p, 100 * (x / last(x) - 1), y,\n"
            "  100 * (y / last(y) - 1))[, 16:60]",
            2);
}

static void charts(void **state) {
    (void)state;
    static const char *const columns[] = {"y", "cl", "lcl", "ucl"};
    static const char *const kinds[] = {"xmr", "c", "u", "p", "u-prime", "p-prime"};
    char arguments[64];
    begin("t,value,n");
    for (int64_t i = 0; i < 60; i++) {
        int64_t n = 200 + below(300), x = 20 + below(30) + (i % 20 == 0 ? 90 : 0);
        add("%d,%d,%d", 2, (double[]){(double)x, (double)n}, (int)i, (int)x, (int)n);
    }
    for (size_t k = 0; k < PS_LENGTH(kinds); k++) {
        snprintf(arguments, sizeof arguments, "chart=%s", kinds[k]);
        ps_table *t = test_compute("control_chart", text, arguments);
        for (size_t i = 0; i < rows; i++) take(t, i, columns, PS_LENGTH(columns));
        ps_table_free(t);
    }
    compare(
        "control_chart",
        "x <- d[,1]; n <- d[,2]; mr <- abs(diff(x))\n"
        "mr <- mean(mr[mr < 3.267 * mean(mr)])\n"
        "put <- function(y, cl, s, low = 0, high = Inf)\n"
        "  rbind(y, cl, pmax(low, cl - s), pmin(high, cl + s))\n"
        "laney <- function(y, m, s) mean(abs(diff((y - m) / s))) / 1.128\n"
        "u <- sum(x) / sum(n); s <- sqrt(u / n); q <- sqrt(u * (1 - u) / n)\n"
        "out <- c(put(x, mean(x), 2.66 * mr, -Inf), put(x, mean(x), 3 * sqrt(mean(x))),\n"
        "  put(x / n, u, 3 * s), put(x / n, u, 3 * q, 0, 1),\n"
        "  put(x / n, u, 3 * s * laney(x / n, u, s)),\n"
        "  put(x / n, u, 3 * q * laney(x / n, u, q), 0, 1))",
        2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concentration),    cmocka_unit_test(quotients),
        cmocka_unit_test(severity),         cmocka_unit_test(repeats),
        cmocka_unit_test(types_and_places), cmocka_unit_test(rolling),
        cmocka_unit_test(charts),
    };
    if (!test_r_is_there()) {
        print_message("skipped: R is not installed\n");
        return TEST_SKIPPED;
    }
    seed = (uint64_t)time(NULL);
    const char *given = getenv("PLACESTAT_SEED");
    if (given != NULL) seed = strtoull(given, NULL, 10);
    print_message("PLACESTAT_SEED=%llu\n", (unsigned long long)seed);
    folder = test_folder_make();
    if (folder == NULL) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove(folder);
    return failed;
}
