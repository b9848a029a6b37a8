/* The same rows give the same counts in any dress: plain, packed, split over files, with
 * any line end, by any number of threads. */
#include "engine/run/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

enum { ROWS = 9000, PARTS = 5, SIDE = 4, BYTES = 4 << 20 };
static const int threads[] = {1, 2, 7};
enum { THREADS = sizeof threads / sizeof *threads };

static char *folder;

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

/* Squares of 0.01 degrees from 1.5 W, 53.7 N. */
static void write_squares(void) {
    static char text[SIDE * SIDE * 400];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double x = -1.5 + 0.01 * (i % SIDE), y = 53.7 + 0.01 * (i / SIDE);
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"S%02d\"},\"geometry\":{"
            "\"type\":\"Polygon\",\"coordinates\":[[[%.2f,%.2f],[%.2f,%.2f],[%.2f,%.2f],"
            "[%.2f,%.2f],[%.2f,%.2f]]]}}",
            i > 0 ? "," : "", i, x, y, x + 0.01, y, x + 0.01, y + 0.01, x, y + 0.01, x,
            y);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}");
    test_file_write(folder, "squares.geojson", text, n);
}

/* ---- rows ---- */

/* One row in ten is odd: no place, no number, too short, on an edge, far off, quoted
 * line ends, another encoding, the key of another row. */
static size_t put_row(char *out, size_t room, uint64_t row, const char *end) {
    uint64_t seed = row / 2 * 2 + (row % 7 > 0);
    char place[64];
    snprintf(place, sizeof place, "%.6f,%.6f",
             -1.505 + (double)test_random_below(&seed, 50000) * 1e-6,
             53.695 + (double)test_random_below(&seed, 50000) * 1e-6);
    switch (test_random_below(&seed, 60)) {
        case 0:
            snprintf(place, sizeof place, ",");
            break;
        case 1:
            snprintf(place, sizeof place, "-1.4x,53.71");
            break;
        case 2:
            snprintf(place, sizeof place, "-1.49");
            break;
        case 3:
            snprintf(place, sizeof place, "-1.49,53.71");
            break;
        default:
            break;
    }
    static const char *const kinds[] = {"Burglary", "\"Theft, \"\"other\"\"\"", "Drugs",
                                        "\"Public order\"",
                                        "Stra\xC3\x9F"
                                        "e"};
    return (size_t)snprintf(out, room, "%llu,2018-%02llu,\"Force of%s%llu\",%s,%s%s",
                            (unsigned long long)(row / 3), row * 3 / ROWS % 12 + 1llu,
                            "\n", row / 1000 % 3ull, place,
                            kinds[test_random_below(&seed, 5)], end);
}

typedef struct part {
    char *text;
    size_t n;
} part;

/* Rows [from, to) with their header; the last line end may be missing. */
static part make_part(uint64_t from, uint64_t to, const char *end, bool bom, bool ended) {
    part p = {malloc(BYTES), 0};
    assert_non_null(p.text);
    p.n =
        (size_t)snprintf(p.text, BYTES, "%s%s%s", bom ? "\xEF\xBB\xBF" : "",
                         "Crime ID,Month,Reported by,Longitude,Latitude,Crime type", end);
    for (uint64_t row = from; row < to; row++)
        p.n += put_row(p.text + p.n, BYTES - p.n, row, end);
    assert_true(p.n < BYTES - 200);
    if (!ended) p.n -= strlen(end);
    return p;
}

/* ---- dresses ---- */

static void write_gzip(const char *name, part p, size_t members) {
    const char *path = test_path(folder, name);
    remove(path);
    for (size_t i = 0; i < members; i++) {
        const size_t from = p.n * i / members, to = p.n * (i + 1) / members;
        gzFile file = gzopen(path, "ab");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, p.text + from, (unsigned)(to - from)), to - from);
        assert_int_equal(gzclose(file), Z_OK);
    }
}

static void write_zip(const char *name, const part *parts, size_t n, int method) {
    zip_t *zip = zip_open(test_path(folder, name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (size_t i = 0; i < n; i++) {
        char member[32];
        snprintf(member, sizeof member, "2018/%zu-street.csv", i);
        zip_source_t *source = zip_source_buffer(zip, parts[i].text, parts[i].n, 0);
        const zip_int64_t at = zip_file_add(zip, member, source, 0);
        assert_true(at >= 0);
        assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)at, method, 0), 0);
    }
    assert_int_equal(zip_close(zip), 0);
}

static part whole(const char *end, bool bom, bool ended) {
    return make_part(0, ROWS, end, bom, ended);
}

static void write_dresses(void) {
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static const char *const names[] = {"lf.csv", "crlf.csv", "cr.csv"};
    for (int i = 0; i < 3; i++) {
        part p = whole(ends[i], i == 1, i != 2);
        test_file_write(folder, names[i], p.text, p.n);
        free(p.text);
    }
    part p = whole("\n", false, true);
    write_gzip("one.csv.gz", p, 1);
    write_gzip("many.csv.gz", p, 3);
    write_zip("deflated.zip", &p, 1, ZIP_CM_DEFLATE);
    write_zip("stored.zip", &p, 1, ZIP_CM_STORE);
    write_zip("bzip2.zip", &p, 1, ZIP_CM_BZIP2);
    free(p.text);
    part parts[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        char name[32];
        parts[i] = make_part(ROWS * i / PARTS, ROWS * (i + 1) / PARTS, ends[i % 3],
                             i % 2 == 0, i > 1);
        snprintf(name, sizeof name, "split-%zu.csv%s", i, i % 2 ? ".gz" : "");
        if (i % 2)
            write_gzip(name, parts[i], i);
        else
            test_file_write(folder, name, parts[i].text, parts[i].n);
    }
    write_zip("parts.zip", parts, PARTS, ZIP_CM_DEFLATE);
    for (size_t i = 0; i < PARTS; i++) free(parts[i].text);
}

/* ---- joins ---- */

typedef struct answer {
    ps_error err;
    char *counts, *assign; /* NULL when it failed */
} answer;

static answer join(const char *pattern, bool keep_duplicates) {
    answer a = {{PS_OK, ""}, NULL, NULL};
    static const char *const by[] = {"Crime type", "Month", "Reported by"};
    char areas[1024], points[1024], counts[1024], assign[1024];
    snprintf(areas, sizeof areas, "%s", test_path(folder, "squares.geojson"));
    snprintf(points, sizeof points, "%s", test_path(folder, pattern));
    snprintf(counts, sizeof counts, "%s", test_path(folder, "out-counts"));
    snprintf(assign, sizeof assign, "%s", test_path(folder, "out-rows"));
    const char *const patterns[] = {points};
    const ps_join_request request = {.points = patterns,
                                     .n_points = 1,
                                     .areas = {.path = areas, .code = "code"},
                                     .police_uk = true,
                                     .keep_duplicates = keep_duplicates,
                                     .by = by,
                                     .n_by = 3,
                                     .zeros = true,
                                     .counts = counts,
                                     .assign = assign,
                                     .command = "test"};
    ps_output *accounting;
    assert_int_equal(ps_output_keep(&accounting, NULL), PS_OK);
    if (ps_join(&request, NULL, accounting, &a.err) == PS_OK) {
        a.counts = test_file_read(counts, NULL);
        a.assign = test_file_read(assign, NULL);
        assert_true(a.counts != NULL && a.assign != NULL);
    }
    ps_output_abandon(accounting);
    return a;
}

static void forget(answer a) {
    free(a.counts);
    free(a.assign);
}

static void dress_and_threads_do_not_matter(void **state) {
    (void)state;
    static const char *const dresses[] = {
        "lf.csv",       "crlf.csv",   "cr.csv",    "one.csv.gz",   "many.csv.gz",
        "deflated.zip", "stored.zip", "bzip2.zip", "split-*.csv*", "parts.zip"};
    write_squares();
    write_dresses();
    for (int keep = 0; keep < 2; keep++) {
        answer first = {{PS_OK, ""}, NULL, NULL};
        for (size_t d = 0; d < sizeof dresses / sizeof *dresses; d++) {
            answer one = {{PS_OK, ""}, NULL, NULL};
            for (int t = 0; t < THREADS; t++) {
                ps_set_threads(threads[t]);
                answer a = join(dresses[d], keep != 0);
                if (a.err.status != PS_OK) fail_msg("%s: %s", dresses[d], a.err.text);
                if (t == 0) {
                    one = a;
                    if (d == 0) first = a;
                }
                if (strcmp(a.counts, first.counts) != 0)
                    fail_msg("%s by %d threads counts differently", dresses[d],
                             threads[t]);
                if (strcmp(a.assign, one.assign) != 0)
                    fail_msg("%s by %d threads assigns differently", dresses[d],
                             threads[t]);
                if (t > 0) forget(a);
            }
            if (d > 0) forget(one);
        }
        assert_true(strlen(first.counts) > 5000);
        forget(first);
    }
    ps_set_threads(0);
}

/* ---- mistakes ---- */

/* Two files of an input are wrong, far from each other: the first one is told. */
static void the_first_mistake_is_told(void **state) {
    (void)state;
    static const char *const mistakes[] = {"NUL", "quote", "coordinates"};
    write_squares();
    for (int first = 0; first < 3; first++) {
        for (int gzip = 0; gzip < 2; gzip++) {
            char pattern[32];
            snprintf(pattern, sizeof pattern, "wrong-%d%d-*", first, gzip);
            for (size_t i = 0; i < 40; i++) {
                part p = make_part(0, 2000, "\n", false, true);
                const int wrong = i == 20 ? first : i == 23 ? (first + 1) % 3 : -1;
                if (wrong == 0)
                    p.text[p.n - 3] = '\0'; /* behind what is read with the header */
                if (wrong == 1) p.n += (size_t)sprintf(p.text + p.n, "\"x");
                if (wrong == 2)
                    for (int k = 0; k < 30; k++)
                        p.n += (size_t)sprintf(p.text + p.n, "x,2018-01,F,53.7,-1.5,D\n");
                char name[64];
                snprintf(name, sizeof name, "wrong-%d%d-%02zu.csv%s", first, gzip, i,
                         gzip ? ".gz" : "");
                if (gzip)
                    write_gzip(name, p, i == 20 ? 2 : 1);
                else
                    test_file_write(folder, name, p.text, p.n);
                free(p.text);
            }
            answer one = {{PS_OK, ""}, NULL, NULL};
            for (int t = 0; t < 2 * THREADS; t++) {
                ps_set_threads(threads[t % THREADS]);
                answer a = join(pattern, t >= THREADS);
                assert_int_equal(a.err.status, PS_FORMAT);
                if (strstr(a.err.text, "-20.csv") == NULL)
                    fail_msg("%s first, %d threads: %s", mistakes[first],
                             threads[t % THREADS], a.err.text);
                if (t == 0) one = a;
                assert_string_equal(a.err.text, one.err.text);
            }
        }
    }
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dress_and_threads_do_not_matter),
        cmocka_unit_test(the_first_mistake_is_told),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
