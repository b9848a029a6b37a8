/* A job carried out: the same bytes for any number of threads, nothing half-written, and
 * on the sample district the generator's own answer. */
#include "engine/run/run.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "tests/support/test.h"

static const char square_layer[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":["
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"A\"},\"geometry\":{\"type\":"
    "\"Polygon\","
    "\"coordinates\":[[[400000,400000],[401000,400000],[401000,401000],[400000,401000],"
    "[400000,400000]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"B\"},\"geometry\":{\"type\":"
    "\"Polygon\","
    "\"coordinates\":[[[401000,400000],[402000,400000],[402000,401000],[401000,401000],"
    "[401000,400000]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"C\"},\"geometry\":{\"type\":"
    "\"Polygon\","
    "\"coordinates\":[[[402000,400000],[403000,400000],[403000,401000],[402000,401000],"
    "[402000,400000]]]}}]}";

/* Rows: inside A; on the edge of A and B; in B; no place; outside; a number that is none;
 * a key that repeats; a day that does not exist; filtered. */
static const char incidents[] =
    "key,day,kind,e,n\n"
    "1,05/04/2021,fire,400500,400500\n"
    "2,06/04/2021,fire,401000,400500\n"
    "3,07/05/2021,flood,401500,400500\n"
    "4,08/05/2021,fire,,\n"
    "5,09/05/2021,fire,409000,400500\n"
    "6,10/05/2021,fire,4o1500,400500\n"
    "1,05/04/2021,fire,400500,400500\n"
    "7,31/02/2022,fire,400500,400500\n"
    "8,31/03/2022,false alarm,400500,400500\n"
    "9,31/03/2022,fire,400500,400500\n"
    "10,30/03/2022,fire,401500,400500\n"
    "11,01/04/2021,fire,402500,400500\n";

static const char small_job[] =
    "title: Three squares\n"
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - id: pair\n"
    "    of: square\n"
    "    sets:\n"
    "      - {code: P1, name: First two, members: [A, B]}\n"
    "      - {code: P2, name: Last two, members: [B, C]}\n"
    "points:\n"
    "  - id: calls\n"
    "    files: [calls.csv]\n"
    "    x: e\n"
    "    y: n\n"
    "    crs: EPSG:27700\n"
    "    date: day\n"
    "    date_form: dmy\n"
    "    category: kind\n"
    "    key: key\n"
    "    where:\n"
    "      - {column: kind, not: [false alarm]}\n"
    "population: {file: people.csv, areas: square, code: code, columns: [men, women]}\n"
    "periods: [2021-04, 2021-05, 2022-03, 2021/22]\n"
    "series:\n"
    "  - {id: all-calls}\n"
    "  - {id: fires, categories: [fire]}\n";

static const char people[] = "code,men,women\nA,40,60\nB,0,0\n";

static char *small_folder(void) {
    char *folder = test_folder_make();
    test_file_write(folder, "squares.geojson", square_layer, strlen(square_layer));
    test_file_write(folder, "calls.csv", incidents, strlen(incidents));
    test_file_write(folder, "people.csv", people, strlen(people));
    test_file_write(folder, "job.yaml", small_job, strlen(small_job));
    return folder;
}

static ps_status run(const char *job, const char *folder, bool force, const ps_talk *talk,
                     ps_run_outcome *outcome, ps_error *err) {
    ps_output *nowhere = NULL;
    ps_status status = ps_output_open("/dev/null", &nowhere, err);
    if (status != PS_OK) return status;
    ps_run_options options = {
        .job = job, .folder = folder, .force = force, .command = "test", .talk = talk};
    status = ps_run_job(&options, nowhere, outcome, err);
    ps_output_abandon(nowhere);
    return status;
}

static void must_run(const char *job, const char *folder, bool force,
                     ps_run_outcome *outcome) {
    ps_error err = {PS_OK, ""};
    if (run(job, folder, force, NULL, outcome, &err) != PS_OK) fail_msg("%s", err.text);
}

static char *read_or_fail(const char *folder, const char *name, size_t *n) {
    char *text = test_file_read(test_path(folder, name), n);
    if (text == NULL) fail_msg("%s/%s is not there", folder, name);
    return text;
}

/* Exactly one line of indicators.csv begins so. */
static void assert_line(const char *text, const char *wanted) {
    size_t n = strlen(wanted), found = 0;
    for (const char *line = text; *line != '\0';
         line += strcspn(line, "\n"), line += *line != '\0')
        found += strncmp(line, wanted, n) == 0;
    if (found == 1) return;
    if (found > 1) fail_msg("%zu lines begin with %s", found, wanted);
    fail_msg("no line begins with %s in\n%s", wanted, text);
}

static void test_small_job(void **state) {
    (void)state;
    char *folder = small_folder();
    const char *job = test_path(folder, "job.yaml");
    const char *out = test_path(folder, "out");
    ps_run_outcome outcome;
    must_run(job, out, false, &outcome);
    assert_false(outcome.up_to_date);
    assert_true(outcome.partial);

    size_t n;
    char *text = read_or_fail(out, "indicators.csv", &n);
    /* The point on the edge of A and B is A's. */
    assert_line(text, "square,A,A,2021-04,all-calls,2,");
    assert_line(text, "square,A,A,2021-04,all-calls-rate,20,");
    assert_line(text, "square,B,B,2021-04,all-calls,0,0,3.68");
    assert_line(text, "square,B,B,2021-05,all-calls,1,");
    assert_line(text, "square,B,B,2021-05,fires,0,");
    /* One event and nobody living there: the count stands, the rate does not. */
    assert_line(text,
                "square,B,B,2021-05,all-calls-rate,,,,1,0,per 1000 residents,"
                "denominator-zero-with-events,");
    assert_line(text,
                "square,B,B,2021-04,all-calls-rate,,,,0,0,per 1000 residents,undefined,");
    /* One row in C in three months, and nobody said that the file covers it. */
    assert_line(text, "square,C,C,2021-04,all-calls,,,,,,count,missing,");
    /* Months without any row are missing, so is the year that holds them. */
    assert_line(text, "square,A,A,2021/22,all-calls,,,,,,count,missing,,3 of 12");
    assert_line(text, "pair,P1,First two,2021-04,all-calls,2,");
    assert_line(text, "pair,P1,First two,2021-05,all-calls,1,");
    assert_line(text, "pair,P2,Last two,2021-05,all-calls,1,");
    free(text);

    text = read_or_fail(out, "manifest.json", &n);
    struct json_object *manifest = json_tokener_parse(text), *rows = NULL;
    assert_non_null(manifest);
    struct json_object *inputs = json_object_object_get(manifest, "inputs");
    for (size_t i = 0; i < json_object_array_length(inputs); i++) {
        struct json_object *input = json_object_array_get_idx(inputs, i);
        struct json_object *found = json_object_object_get(input, "rows");
        if (found != NULL) rows = found;
    }
    assert_non_null(rows);
    static const struct {
        const char *fate;
        int64_t n;
    } expected[] = {{"read", 12},   {"located", 7},   {"unlocated", 1},
                    {"invalid", 2}, {"duplicate", 1}, {"filtered", 1}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int64_t seen =
            json_object_get_int64(json_object_object_get(rows, expected[i].fate));
        if (seen != expected[i].n)
            fail_msg("%s: %lld, expected %lld", expected[i].fate, (long long)seen,
                     (long long)expected[i].n);
    }
    json_object_put(manifest);
    free(text);
    test_folder_remove(folder);
}

static void test_second_run_changes_nothing(void **state) {
    (void)state;
    char *folder = small_folder();
    const char *job = test_path(folder, "job.yaml");
    char out[4096];
    snprintf(out, sizeof out, "%s", test_path(folder, "out"));
    ps_run_outcome outcome;
    must_run(job, out, false, &outcome);
    size_t n, m;
    char *first = read_or_fail(out, "manifest.json", &n);
    must_run(job, out, false, &outcome);
    assert_true(outcome.up_to_date);
    char *second = read_or_fail(out, "manifest.json", &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);
    free(second);

    /* A harmed output is made again, a changed input is noticed. */
    test_file_write(out, "counts.csv", "x", 1);
    must_run(job, out, false, &outcome);
    assert_false(outcome.up_to_date);
    must_run(job, out, false, &outcome);
    assert_true(outcome.up_to_date);
    test_file_write(folder, "people.csv", people, strlen(people) - 6);
    must_run(job, out, false, &outcome);
    assert_false(outcome.up_to_date);
    free(first);
    test_folder_remove(folder);
}

/* The manifest without its `run` member, which holds the times. */
static char *read_comparable(const char *folder, const char *name, size_t *n) {
    char *text = read_or_fail(folder, name, n);
    if (strcmp(name, "manifest.json") == 0) {
        char *times = strstr(text, "\"run\": {");
        assert_non_null(times);
        *n = (size_t)(times - text);
    }
    return text;
}

static void assert_same_outputs(const char *a, const char *b) {
    static const char *const names[] = {"indicators.csv", "counts.csv", "placestat.gpkg",
                                        "manifest.json"};
    for (size_t i = 0; i < 4; i++) {
        size_t n, m;
        char *x = read_comparable(a, names[i], &n), *y = read_comparable(b, names[i], &m);
        if (n != m || memcmp(x, y, n) != 0) fail_msg("%s differs", names[i]);
        free(x);
        free(y);
    }
}

static void compare_threads(const char *job) {
    char *folder = test_folder_make();
    static const int threads[] = {1, 2, 7};
    char out[3][4096];
    for (int i = 0; i < 3; i++) {
        ps_run_outcome outcome;
        snprintf(out[i], sizeof out[i], "%s/out%d", folder, threads[i]);
        ps_set_threads(threads[i]);
        must_run(job, out[i], true, &outcome);
    }
    ps_set_threads(0);
    assert_same_outputs(out[0], out[1]);
    assert_same_outputs(out[0], out[2]);
    test_folder_remove(folder);
}

static void test_threads_small(void **state) {
    (void)state;
    char *folder = small_folder();
    char job[4096];
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    compare_threads(job);
    test_folder_remove(folder);
}

static void test_threads_sample(void **state) {
    (void)state;
    const char *sample = getenv("PLACESTAT_SAMPLE");
    if (sample == NULL) skip();
    char job[4096];
    snprintf(job, sizeof job, "%s/job.yaml", sample);
    compare_threads(job);
}

static int64_t number_at(struct json_object *object, const char *a, const char *b,
                         const char *c) {
    struct json_object *at = json_object_object_get(object, a);
    if (at != NULL) at = json_object_object_get(at, b);
    if (at != NULL) at = json_object_object_get(at, c);
    if (at == NULL) fail_msg("no %s.%s.%s", a, b, c);
    return json_object_get_int64(at);
}

/* What the generator knows of its own rows is what the engine counts. */
static void test_sample_truth(void **state) {
    (void)state;
    const char *sample = getenv("PLACESTAT_SAMPLE");
    if (sample == NULL) skip();
    char *folder = test_folder_make();
    char job[4096], out[4096];
    snprintf(job, sizeof job, "%s/job.yaml", sample);
    snprintf(out, sizeof out, "%s/out", folder);
    ps_run_outcome outcome;
    must_run(job, out, false, &outcome);
    struct json_object *truth =
        json_object_from_file(test_path(sample, "truth/truth.json"));
    struct json_object *manifest = json_object_from_file(test_path(out, "manifest.json"));
    assert_non_null(truth);
    assert_non_null(manifest);
    static const char *const fates[] = {"unlocated", "invalid", "duplicate"};
    static const char *const data[] = {"crime", "fly-tipping"};
    for (size_t d = 0; d < 2; d++) {
        int64_t read = 0, matched = 0, outside = 0, other[3] = {0};
        struct json_object *inputs = json_object_object_get(manifest, "inputs");
        for (size_t i = 0; i < json_object_array_length(inputs); i++) {
            struct json_object *input = json_object_array_get_idx(inputs, i);
            struct json_object *rows = json_object_object_get(input, "rows");
            const char *id =
                json_object_get_string(json_object_object_get(input, "data"));
            if (rows == NULL || strcmp(id, data[d]) != 0) continue;
            read += json_object_get_int64(json_object_object_get(rows, "read"));
            matched += number_at(rows, "areas", "lsoa", "matched");
            outside += number_at(rows, "areas", "lsoa", "outside");
            for (size_t f = 0; f < 3; f++)
                other[f] += json_object_get_int64(json_object_object_get(rows, fates[f]));
        }
        struct json_object *known = json_object_object_get(truth, "inputs");
        struct json_object *one = json_object_object_get(known, data[d]);
        assert_non_null(one);
        assert_int_equal(read,
                         json_object_get_int64(json_object_object_get(one, "rows")));
        assert_int_equal(matched,
                         json_object_get_int64(json_object_object_get(one, "matched")));
        assert_int_equal(outside,
                         json_object_get_int64(json_object_object_get(one, "outside")));
        for (size_t f = 0; f < 3; f++)
            assert_int_equal(
                other[f], json_object_get_int64(json_object_object_get(one, fates[f])));
    }
    json_object_put(truth);
    json_object_put(manifest);
    test_folder_remove(folder);
}

/* Stop at the n-th question whether to go on. */
static int stop_after(void *context, const char *phase, double done, double total) {
    (void)phase, (void)done, (void)total;
    int *left = context;
    return --*left <= 0;
}

static void test_interrupted_leaves_nothing(void **state) {
    (void)state;
    char *folder = small_folder();
    char job[4096], out[4096];
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    snprintf(out, sizeof out, "%s", test_path(folder, "out"));
    int stops = 0;
    for (int n = 1;; n++) {
        int left = n;
        ps_talk talk = {NULL, stop_after, &left};
        ps_run_outcome outcome;
        ps_error err = {PS_OK, ""};
        ps_status status = run(job, out, false, &talk, &outcome, &err);
        if (status == PS_OK) break;
        assert_int_equal(status, PS_INTERRUPTED);
        struct stat info;
        assert_int_not_equal(stat(out, &info), 0);
        stops++;
    }
    assert_true(stops >= 4);
    test_folder_remove(folder);
}

static void test_output_that_cannot_be_written(void **state) {
    (void)state;
    char *folder = small_folder();
    char job[4096], out[4096];
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    snprintf(out, sizeof out, "%s",
             test_path(folder, "calls.csv")); /* a file stands there */
    ps_run_outcome outcome;
    ps_error err = {PS_OK, ""};
    assert_int_equal(run(job, out, false, NULL, &outcome, &err), PS_OUTPUT);
    assert_non_null(strstr(err.text, "calls.csv"));
    test_folder_remove(folder);
}

/* Memory that runs out anywhere ends in one status, leaks nothing and writes nothing.
 * Every allocation early on, then ever larger steps. */
static void test_memory_runs_out(void **state) {
    (void)state;
    char *folder = small_folder();
    char job[4096], out[4096];
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    snprintf(out, sizeof out, "%s", test_path(folder, "out"));
    ps_set_threads(1);
    int failures = 0;
    for (long n = 1;; n += n < 400 ? 1 : n / 40) {
        ps_run_outcome outcome;
        ps_error err = {PS_OK, ""};
        ps_mem_fail_from(n);
        ps_output *nowhere = NULL;
        ps_status status = ps_output_open("/dev/null", &nowhere, &err);
        if (status == PS_OK) {
            ps_run_options options = {.job = job, .folder = out, .command = "test"};
            status = ps_run_job(&options, nowhere, &outcome, &err);
            ps_output_abandon(nowhere);
        }
        ps_mem_fail_from(0);
        if (status == PS_OK) break;
        if (status != PS_NOMEM)
            fail_msg("allocation %ld: status %d: %s", n, status, err.text);
        struct stat info;
        assert_int_not_equal(stat(out, &info), 0);
        failures++;
    }
    assert_true(failures > 100);
    ps_set_threads(0);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_job),
        cmocka_unit_test(test_second_run_changes_nothing),
        cmocka_unit_test(test_threads_small),
        cmocka_unit_test(test_threads_sample),
        cmocka_unit_test(test_sample_truth),
        cmocka_unit_test(test_interrupted_leaves_nothing),
        cmocka_unit_test(test_output_that_cannot_be_written),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
