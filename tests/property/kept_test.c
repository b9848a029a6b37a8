/* Counts that are kept from run to run: outputs are the same in every byte, whatever is
 * kept of which files, whichever were added, changed or taken away, for any number of
 * threads, for a store that is too small, and for damaged files in it. */
#include "engine/run/run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

static const char squares[] =
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

static const char halves[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":["
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"W\"},\"geometry\":{\"type\":"
    "\"Polygon\","
    "\"coordinates\":[[[400000,400000],[401500,400000],[401500,401000],[400000,401000],"
    "[400000,400000]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"E\"},\"geometry\":{\"type\":"
    "\"Polygon\","
    "\"coordinates\":[[[401500,400000],[403000,400000],[403000,401000],[401500,401000],"
    "[401500,400000]]]}}]}";

static const char areas_text[] =
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - {id: half, file: halves.geojson, code: code}\n"
    "periods: [months]\n"
    "points:\n"
    "  - id: calls\n"
    "    date: day\n"
    "    category: kind\n";
static const char place_text[] = "    x: e\n    y: n\n    crs: EPSG:27700\n";

/* What is read of the rows, and how. */
static const char *const read_text[] = {
    /* the police's way: once per key, month and reporter */
    "    key: key\n    reporter: force\n    missing: ['-']\n",
    /* once per key and month, with what the publisher says of the place */
    "    key: key\n    area_code: square\n    where: [{column: kind, not: [hoax]}]\n",
    /* rows that stand for several, of data that have to be protected */
    "    count: number\n    disclosure: council\n",
    /* looked up */
    "    with: [{file: table.csv, key: key, columns: [weather]}]\n"
    "    where: [{column: weather, is: [wet, dry]}]\n"};
static const char coded_text[] =
    "    areas: square\n    code: square\n    count: number\n";
enum { JOBS = sizeof read_text / sizeof *read_text + 1 };

/* Files to choose from, made once and left to settle; jobs read them through links. */
enum { TEXTS = 16, ARCHIVES = 4, NAMES = 6, MOST_ROWS = 400 };
static char *pool;

static void write_row(char **to, uint64_t *seed, int month, char force) {
    const unsigned long e = 399900 + test_random_below(seed, 40) * 80;
    char place[64] = ",", day[48];
    snprintf(day, sizeof day, "2021-%02d-%02d", month,
             (int)test_random_below(seed, 30) + 1);
    const uint64_t odd = test_random_below(seed, 40);
    if (odd > 2)
        snprintf(place, sizeof place, "%lu,%lu", e,
                 (unsigned long)(400000 + test_random_below(seed, 11) * 100));
    if (odd == 3) snprintf(place, sizeof place, "4o0500,400500");
    if (odd == 4) snprintf(day, sizeof day, "2021-02-30");
    static const char *const kinds[] = {"fire", "flood", "hoax", "caf\xe9"};
    static const char *const numbers[] = {"1", "0", "7", "*", "300", "2.5"};
    static const char codes[] = "ABCXW";
    *to += sprintf(*to, "%lu,%s,%c,%s,%s,%s,%.1s%s\n",
                   (unsigned long)test_random_below(seed, 300), day, force,
                   kinds[test_random_below(seed, odd == 5 ? 4 : 3)], place,
                   numbers[test_random_below(seed, 6)],
                   codes + test_random_below(seed, 5), odd == 6 ? ",more" : "");
}

/* Half of them are of one month and the force P, as a few others; the rest have a force
 * of their own. */
static size_t make_text(uint64_t seed, size_t i, char *text) {
    char *to = text;
    const size_t rows = i == 0 ? 0 : test_random_below(&seed, MOST_ROWS);
    to += sprintf(to, "key,day,force,kind,e,n,number,square\n");
    for (size_t r = 0; r < rows; r++) {
        const bool one = i % 2 == 0;
        const int month =
            one ? 1 + (int)(i / 2 % 6) : 1 + (int)test_random_below(&seed, 6);
        const char force = one || i % 8 == 1 ? 'P' : (char)('A' + i / 2);
        write_row(&to, &seed, month, force);
    }
    return (size_t)(to - text);
}

static void pool_name(char name[64], size_t i) {
    snprintf(name, 64, "text%zu.csv%s", i, i % 5 == 4 ? ".gz" : "");
}

static void write_archive(size_t i, char texts[][MOST_ROWS * 80], const size_t *n) {
    char name[64];
    snprintf(name, sizeof name, "archive%zu.zip", i);
    zip_t *zip = zip_open(test_path(pool, name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (size_t m = 0; m < 3; m++) { /* the next archive has two of them, too */
        const size_t t = (i + m) * 2 + 1;
        zip_source_t *source = zip_source_buffer(zip, texts[t], n[t], 0);
        assert_non_null(source);
        snprintf(name, sizeof name, "member%zu.csv", t);
        assert_true(zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    assert_int_equal(zip_close(zip), 0);
}

static int make_pool(void **state) {
    (void)state;
    static char texts[TEXTS][MOST_ROWS * 80];
    size_t n[TEXTS];
    char name[64], *table = malloc(64 * 320), *to = table;
    assert_non_null(table);
    pool = test_folder_make();
    for (size_t i = 0; i < TEXTS; i++) {
        n[i] = make_text(1000 + i, i, texts[i]);
        pool_name(name, i);
        if (i % 5 == 4) {
            gzFile packed = gzopen(test_path(pool, name), "wb");
            assert_non_null(packed);
            assert_int_equal(gzwrite(packed, texts[i], (unsigned)n[i]), (int)n[i]);
            gzclose(packed);
        } else {
            test_file_write(pool, name, texts[i], n[i]);
        }
    }
    for (size_t i = 0; i < ARCHIVES; i++) write_archive(i, texts, n);
    static const char *const weather[] = {"wet", "dry", "fog"};
    to += sprintf(to, "key,weather\n");
    for (int k = 0; k < 290; k++) to += sprintf(to, "%d,%s\n", k, weather[k % 3]);
    test_file_write(pool, "table.csv", table, (size_t)(to - table));
    free(table);
    sleep(4); /* until their states tell one content */
    return 0;
}

static int remove_pool(void **state) {
    (void)state;
    test_folder_remove(pool);
    return 0;
}

/* ---- one run ---- */

typedef struct heard {
    char text[1 << 16];
    size_t n;
    bool read; /* rows were */
} heard;

static void hear(void *context, ps_talk_level level, const char *sentence) {
    heard *h = context;
    h->n += (size_t)snprintf(h->text + h->n, sizeof h->text - h->n, "%d %s\n", level,
                             sentence);
    assert_true(h->n < sizeof h->text);
}

static int watch(void *context, const char *phase, double done, double total) {
    (void)done, (void)total;
    heard *h = context;
    h->read |= strcmp(phase, "reading calls") == 0;
    return 0;
}

static void run(const char *folder, const char *out, const ps_prepared *prepared,
                heard *h) {
    char job[4096], to[4096];
    ps_error err = {PS_OK, ""};
    ps_output *nowhere = NULL;
    ps_run_outcome outcome;
    *h = (heard){.n = 0};
    const ps_talk talk = {hear, watch, h};
    snprintf(job, sizeof job, "%s", test_path(folder, "job.yaml"));
    snprintf(to, sizeof to, "%s", test_path(folder, out));
    assert_int_equal(ps_output_open("/dev/null", &nowhere, &err), PS_OK);
    const ps_run_options options = {.job = job,
                                    .folder = to,
                                    .force = true,
                                    .command = "test",
                                    .talk = &talk,
                                    .prepared = prepared};
    if (ps_run_job(&options, nowhere, &outcome, &err) != PS_OK) fail_msg("%s", err.text);
    ps_output_abandon(nowhere);
}

static void assert_same_output(const char *folder, const char *name) {
    size_t n, m;
    char path[256];
    snprintf(path, sizeof path, "kept/%s", name);
    char *kept = test_file_read(test_path(folder, path), &n);
    snprintf(path, sizeof path, "plain/%s", name);
    char *plain = test_file_read(test_path(folder, path), &m);
    assert_non_null(kept);
    assert_non_null(plain);
    if (strcmp(name, "manifest.json") == 0) {
        /* times stand at the end */
        char *end = strstr(kept, "\"run\":");
        assert_non_null(end);
        assert_non_null(strstr(plain, "\"run\":"));
        n = (size_t)(end - kept);
        m = (size_t)(strstr(plain, "\"run\":") - plain);
    }
    if (n != m || memcmp(kept, plain, n) != 0) {
        size_t at = 0;
        while (at < n && at < m && kept[at] == plain[at]) at++;
        fail_msg("%s differs at byte %zu: %.60s, not %.60s", name, at, kept + at,
                 plain + at);
    }
    free(kept), free(plain);
}

/* ---- what a job reads ---- */

static void write_job(const char *folder, size_t job, bool archive) {
    char text[4096];
    snprintf(text, sizeof text, "%s    files: [in%s]\n%s%s", areas_text,
             archive ? ", all.zip" : "", job + 1 < JOBS ? place_text : coded_text,
             job + 1 < JOBS ? read_text[job] : "");
    test_file_write(folder, "job.yaml", text, strlen(text));
}

static void link_to(const char *folder, const char *name, const char *target) {
    char to[4096];
    snprintf(to, sizeof to, "%s", test_path(pool, target));
    (void)unlink(test_path(folder, name));
    assert_int_equal(symlink(to, test_path(folder, name)), 0);
}

/* Some names lead to some texts, no text twice; *archive: is there one? */
static void choose_files(const char *folder, uint64_t *seed, bool *archive) {
    bool taken[TEXTS] = {false};
    size_t there = 0;
    char name[64], target[64];
    for (size_t k = 0; k < NAMES; k++) {
        for (int packed = 0; packed < 2; packed++) {
            snprintf(name, sizeof name, "in/%c.csv%s", (char)('a' + k),
                     packed ? ".gz" : "");
            (void)unlink(test_path(folder, name));
        }
        const size_t t = test_random_below(seed, TEXTS);
        if (taken[t] || (there > 0 && test_random_below(seed, 3) == 0)) continue;
        taken[t] = true;
        pool_name(target, t);
        snprintf(name, sizeof name, "in/%c.csv%s", (char)('a' + k),
                 t % 5 == 4 ? ".gz" : "");
        link_to(folder, name, target);
        there++;
    }
    *archive = test_random_below(seed, 3) == 0;
    snprintf(target, sizeof target, "archive%d.zip",
             (int)test_random_below(seed, ARCHIVES));
    link_to(folder, "all.zip", target);
}

/* Change a byte of one of the files in the store, or cut it off. */
static void damage(const char *store, uint64_t *seed) {
    DIR *dir = opendir(store);
    if (dir == NULL) return;
    char name[300] = "";
    size_t seen = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (strstr(entry->d_name, ".counts") != NULL &&
            test_random_below(seed, ++seen) == 0)
            snprintf(name, sizeof name, "%s", entry->d_name);
    closedir(dir);
    if (name[0] == '\0') return;
    size_t n;
    char *bytes = test_file_read(test_path(store, name), &n);
    assert_non_null(bytes);
    const size_t at = test_random_below(seed, n);
    bytes[at] = (char)(bytes[at] ^ (1 << test_random_below(seed, 8)));
    test_file_write(store, name, bytes, test_random_below(seed, 4) == 0 ? at : n);
    free(bytes);
}

static char *job_folder(void) {
    char *folder = test_folder_make();
    test_file_write(folder, "squares.geojson", squares, strlen(squares));
    test_file_write(folder, "halves.geojson", halves, strlen(halves));
    link_to(folder, "table.csv", "table.csv");
    char in[4096];
    snprintf(in, sizeof in, "mkdir %s", test_path(folder, "in"));
    assert_int_equal(system(in), 0);
    return folder;
}

/* What the job comes to when nothing is kept. */
static heard plain;

static void run_plain(const char *folder, uint64_t *seed) {
    ps_set_threads(1 + (int)test_random_below(seed, 4));
    run(folder, "plain", NULL, &plain);
    ps_set_threads(0);
    assert_true(plain.read);
}

/* Were rows read? */
static bool run_kept(const char *folder, const ps_prepared *prepared, uint64_t *seed) {
    static const char *const outputs[] = {"indicators.csv", "counts.csv",
                                          "placestat.gpkg", "manifest.json"};
    static heard kept;
    ps_set_threads(1 + (int)test_random_below(seed, 4));
    run(folder, "kept", prepared, &kept);
    ps_set_threads(0);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        assert_same_output(folder, outputs[i]);
    assert_string_equal(kept.text, plain.text);
    return kept.read;
}

static void nights_follow_one_another(size_t job) {
    enum { NIGHTS = 12 };
    uint64_t seed = 7 + job;
    char *folder = job_folder(), *store = test_folder_make();
    size_t unread = 0;
    for (int night = 0; night < NIGHTS; night++) {
        /* most nights have room */
        static const int64_t room[] = {INT64_MAX, INT64_MAX, INT64_MAX, 20000, 2000};
        const ps_prepared prepared = {{store, room[test_random_below(&seed, 5)]}, 0};
        bool archive;
        choose_files(folder, &seed, &archive);
        write_job(folder, job, archive);
        run_plain(folder, &seed);
        (void)run_kept(folder, &prepared, &seed);
        if (night % 4 == 3) damage(store, &seed);
        const ps_prepared all = {{store, INT64_MAX}, 0};
        (void)run_kept(folder, &all, &seed);
        unread += !run_kept(folder, &all, &seed);
    }
    /* Where rows are no duplicates of rows elsewhere, the third run reads none. */
    if (job >= 2)
        assert_int_equal(unread, NIGHTS);
    else
        assert_true(unread > 0 && unread < NIGHTS);
    test_folder_remove(folder);
    test_folder_remove(store);
}

static void keys_of_reporters(void **state) {
    (void)state;
    nights_follow_one_another(0);
}

static void keys_and_codes(void **state) {
    (void)state;
    nights_follow_one_another(1);
}

static void protected_numbers(void **state) {
    (void)state;
    nights_follow_one_another(2);
}

static void look_ups(void **state) {
    (void)state;
    nights_follow_one_another(3);
}

static void coded_rows(void **state) {
    (void)state;
    nights_follow_one_another(4);
}

/* One job after the other with the same store: what is kept for one is not taken for
 * another. */
static void jobs_do_not_mix(void **state) {
    (void)state;
    char *folder = job_folder(), *store = test_folder_make();
    const ps_prepared prepared = {{store, INT64_MAX}, 0};
    uint64_t seed = 99;
    bool archive;
    choose_files(folder, &seed, &archive);
    for (int round = 0; round < 2; round++)
        for (size_t job = 0; job < JOBS; job++) {
            write_job(folder, job, archive);
            run_plain(folder, &seed);
            const bool read = run_kept(folder, &prepared, &seed);
            if (round == 0) assert_true(read);
        }
    test_folder_remove(folder);
    test_folder_remove(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_reporters), cmocka_unit_test(keys_and_codes),
        cmocka_unit_test(protected_numbers), cmocka_unit_test(look_ups),
        cmocka_unit_test(coded_rows),        cmocka_unit_test(jobs_do_not_mix),
    };
    return cmocka_run_group_tests(tests, make_pool, remove_pool);
}
