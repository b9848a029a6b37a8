#include "engine/run/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "engine/core/par.h"
#include "tests/support/test.h"
#include "tests/support/workbook.h"

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

static const char *const one_file[] = {"in.csv"};
static const char *const by_kind[] = {"kind"};

/* Columns e, n, kind of in.csv in the British grid. */
static ps_points_spec grid_spec(void) {
    return (ps_points_spec){.id = "test",
                            .files = one_file,
                            .n_files = 1,
                            .base = folder,
                            .x = "e",
                            .y = "n",
                            .crs = "EPSG:27700",
                            .by = by_kind,
                            .n_by = 1};
}

static ps_points *open_text(const ps_points_spec *spec, const char *text) {
    ps_points *points = NULL;
    ps_error err = {PS_OK, ""};
    test_file_write(folder, "in.csv", text, strlen(text));
    if (ps_points_open(spec, NULL, &points, &err) != PS_OK) fail_msg("%s", err.text);
    return points;
}

/* The rows of all blocks of a call, block by block, and then of all calls. */
typedef struct kept_row {
    double x;
    int32_t group;
    char fate;
    char code[16];
} kept_row;

enum { MOST_ROWS = 1 << 21, MOST_BLOCKS = 4096 };
static kept_row *block_rows[MOST_BLOCKS];
static kept_row all_rows[MOST_ROWS];
static size_t n_all;

static ps_status keep_rows(void *context, size_t index, const ps_points_block *b,
                           int worker, ps_error *err) {
    (void)context, (void)worker, (void)err;
    static const char letter[] = "IFDUL";
    assert_true(index < MOST_BLOCKS);
    kept_row *rows = calloc(b->n + 1, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < b->n; i++) {
        assert_true(isfinite(b->x[i]) == (b->fate[i] == PS_FATE_LOCATED));
        rows[i] =
            (kept_row){.x = b->x[i], .group = b->group[i], .fate = letter[b->fate[i]]};
        if (b->area_code == NULL) continue;
        assert_true(b->area_code[i].n < sizeof rows[i].code);
        memcpy(rows[i].code, b->area_code[i].p, b->area_code[i].n);
    }
    free(block_rows[index]);
    block_rows[index] = rows;
    return PS_OK;
}

static void read_rows(ps_points *points) {
    n_all = 0;
    int64_t next[64] = {0};
    for (;;) {
        const ps_points_block *blocks;
        size_t n;
        ps_error err = {PS_OK, ""};
        if (ps_points_next(points, keep_rows, NULL, &blocks, &n, &err) != PS_OK)
            fail_msg("%s", err.text);
        if (n == 0) break;
        assert_true(n <= ps_points_most_blocks(points));
        for (size_t b = 0; b < n; b++) {
            assert_true(n_all + blocks[b].n < MOST_ROWS && blocks[b].source < 64);
            if (blocks[b].n > 0)
                assert_int_equal(blocks[b].first_row, next[blocks[b].source] + 1);
            next[blocks[b].source] += (int64_t)blocks[b].n;
            memcpy(all_rows + n_all, block_rows[b], blocks[b].n * sizeof *all_rows);
            n_all += blocks[b].n;
            free(block_rows[b]);
            block_rows[b] = NULL;
        }
    }
}

static ps_status pass_by(void *context, size_t index, const ps_points_block *b,
                         int worker, ps_error *err) {
    (void)context, (void)index, (void)b, (void)worker, (void)err;
    return PS_OK;
}

/* Fates of all rows as letters, in order. */
static void read_fates(ps_points *points, char *fates, size_t capacity) {
    read_rows(points);
    assert_true(n_all < capacity);
    for (size_t i = 0; i < n_all; i++) fates[i] = all_rows[i].fate;
    fates[n_all] = '\0';
}

static void every_row_has_one_fate(void **state) {
    (void)state;
    static const char *const no_place[] = {"-1", "NULL"};
    static char test[] = "test", *not_test[] = {test};
    static char kind[] = "kind";
    const ps_job_filter where[] = {{.column = kind, .not = not_test, .not_count = 1}};
    ps_points_spec spec = grid_spec();
    spec.key = "key";
    spec.drop_duplicates = true;
    spec.date = "day";
    spec.date_form = PS_DATE_DMY;
    spec.missing = no_place;
    spec.n_missing = 2;
    spec.where = where;
    spec.n_where = 1;
    ps_points *points =
        open_text(&spec,
                  "key,day,kind,e,n\n"
                  "a,01/02/2020,x,400000,400000\n"    /* L */
                  "a,03/02/2020,y,400000,400000\n"    /* D: same month */
                  "a,01/03/2020,x,400000,400000\n"    /* L: another month */
                  ",01/02/2020,x,400000,400000\n"     /* L: no key repeats */
                  ",01/02/2020,x,400000,400000\n"     /* L */
                  "b,01/02/2020,x,-1,-1\n"            /* U */
                  "c,01/02/2020,x, , \n"              /* U */
                  "d,01/02/2020,x,NULL,NULL\n"        /* U */
                  "e,01/02/2020,x,400000,\n"          /* I: half a place */
                  "f,01/02/2020,x,4e5,0x10\n"         /* I: no number */
                  "g,2020-02-01,x,400000,400000\n"    /* I: another date form */
                  "h,,x,400000,400000\n"              /* I */
                  "i,01/02/2020,test,400000,400000\n" /* F */
                  "j,01/02/2020,x,400000\n"           /* I: short */
                  "k,01/02/2020,x,400000,400000,9\n"  /* I: long */
                  "l,01/02/2020,x,9400000,400000\n"   /* I: off the grid */
        );
    char fates[64];
    read_fates(points, fates, sizeof fates);
    assert_string_equal(fates, "LDLLLUUUIIIIFIII");
    const ps_rows *rows = ps_points_rows(points, 0);
    assert_int_equal(rows->read, 16);
    assert_int_equal(rows->read, rows->invalid + rows->filtered + rows->duplicate +
                                     rows->unlocated + rows->located);
    static const int64_t causes[PS_CAUSES] = {1, 1, 2, 1, 2};
    for (int c = 0; c < PS_CAUSES; c++) assert_int_equal(rows->by_cause[c], causes[c]);
    assert_int_equal(rows->examples, 3);
    assert_int_equal(rows->example[0].row, 9);
    ps_points_close(points);
}

/* More than one block and more than one file, for any number of threads. */
/* Who was hurt, where and when the collision was. */
static void columns_are_looked_up(void **state) {
    (void)state;
    static const char *const no_key[] = {"-1"};
    static char file[] = "other.csv", key[] = "nr", by[] = "collision", e[] = "e",
                n[] = "n", day[] = "day", *columns[] = {e, n, day}, name[] = "name",
                streets[] = "streets.csv", road[] = "road", *names[] = {name},
                high[] = "High Street", *is_high[] = {high};
    const ps_job_lookup with[] = {
        {.file = file, .key = key, .by = by, .columns = columns, .columns_count = 3},
        {.file = streets, .key = road, .columns = names, .columns_count = 1}};
    const ps_job_filter where[] = {{.column = name, .is = is_high, .is_count = 1}};
    static const char *const by_when[] = {"kind", "day", "name"};
    static const char other[] =
        "nr,day,rest,e,n\n"
        "1,01/02/2020,?,400000,410000\n"
        " 2 ,01/03/2020,?,,\n"
        ",01/03/2020,?,400000,410000\n"
        "3,01/04/2020,?,400003,410000\n"
        "3,01/04/2020,!, 400003,410000\n"
        "4,01/04/2020,?,400004,410000\n"
        "4,02/04/2020,?,400004,410000\n"
        "4,01/04/2020,?,400004,410000\n"
        "5,yesterday,?,400005,410000\n";
    ps_points_spec spec = grid_spec();
    spec.by = by_when;
    spec.n_by = 3;
    spec.date = "day";
    spec.date_form = PS_DATE_DMY;
    spec.missing = no_key;
    spec.n_missing = 1;
    spec.with = with;
    spec.n_with = 2;
    spec.where = where;
    spec.n_where = 1;
    test_file_write(folder, "other.csv", other, sizeof other - 1);
    test_file_write(folder, "streets.csv", "road,name\na,High Street\nb,Low Road\n", 35);
    ps_points *points = open_text(&spec,
                                  "kind,collision,road\n"
                                  "x,1,a\n"   /* L */
                                  "y,1,a\n"   /* L */
                                  "x,1,b\n"   /* F: another street */
                                  "x,2,a\n"   /* U: the collision has no place */
                                  "x, 3,a\n"  /* L: two rows, but they agree */
                                  "x,4,a\n"   /* I: which day? */
                                  "x,5,a\n"   /* I: no date */
                                  "x,6,a\n"   /* I: no such collision */
                                  "x,-1,a\n"  /* I: no key */
                                  "x,,a\n"    /* I */
                                  "x,1,c\n"); /* I: no such street */
    char fates[64];
    read_fates(points, fates, sizeof fates);
    assert_string_equal(fates, "LLFULIIIIII");
    const ps_rows *rows = ps_points_rows(points, 0);
    assert_int_equal(rows->by_cause[PS_CAUSE_NO_KEY], 2);
    assert_int_equal(rows->by_cause[PS_CAUSE_UNKNOWN_KEY], 2);
    assert_int_equal(rows->by_cause[PS_CAUSE_AMBIGUOUS_KEY], 1);
    assert_int_equal(rows->by_cause[PS_CAUSE_BAD_DATE], 1);
    assert_string_equal(rows->example[0].seen, "4");
    assert_true(all_rows[4].x == 400003);
    const ps_groups *groups = ps_points_groups(points);
    assert_true(ps_str_is(ps_groups_field(groups, all_rows[4].group, 1), "2020-04"));
    assert_true(ps_str_is(ps_groups_field(groups, all_rows[0].group, 2), "High Street"));
    const ps_lookup_rows *found = ps_lookup_rows_of(ps_points_lookup(points, 0));
    assert_true(found->rows == 9 && found->without_key == 1 && found->repeated == 1 &&
                found->ambiguous == 1);
    assert_string_equal(found->ambiguous_row.text, "7, line 8");
    ps_points_close(points);

    static char nowhere[] = "nowhere";
    columns[2] = nowhere;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_points_open(&spec, NULL, &points, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "other.csv has no column 'nowhere'"));
    columns[2] = day;
}

static void blocks_come_in_order(void **state) {
    (void)state;
    static char text[3 << 20];
    size_t used = (size_t)snprintf(text, sizeof text, "kind,e,n\n");
    int rows = 0;
    while (used + 64 < sizeof text)
        used += (size_t)snprintf(text + used, 64, "k%d,%d,400000\n", rows % 7,
                                 400000 + rows % 1000),
            rows++;
    static const int threads[] = {1, 2, 7};
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(threads[t]);
        ps_points_spec spec = grid_spec();
        ps_points *points = open_text(&spec, text);
        read_rows(points);
        for (size_t row = 0; row < n_all; row++) {
            char kind[16];
            snprintf(kind, sizeof kind, "k%zu", row % 7);
            assert_true(all_rows[row].x == 400000 + (double)(row % 1000));
            assert_true(ps_str_is(
                ps_groups_field(ps_points_groups(points), all_rows[row].group, 0), kind));
        }
        assert_int_equal(n_all, rows);
        assert_int_equal(ps_keys_size(ps_groups_keys(ps_points_groups(points))), 7);
        ps_points_close(points);
    }
    ps_set_threads(0);
}

static void pack_gzip(const char *name, const char *text, size_t n, size_t member) {
    const char *path = test_path(folder, name);
    remove(path);
    for (size_t at = 0; at < n; at += member) {
        gzFile file = gzopen(path, "ab");
        assert_non_null(file);
        const size_t some = n - at < member ? n - at : member;
        assert_int_equal(gzwrite(file, text + at, (unsigned)some), (int)some);
        assert_int_equal(gzclose(file), Z_OK);
    }
}

static void pack_zip(const char *name, const char *text, size_t n, int method) {
    int code;
    zip_t *zip = zip_open(test_path(folder, name), ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(zip);
    zip_source_t *source = zip_source_buffer(zip, text, n, 0);
    const zip_int64_t at = zip_file_add(zip, "in.csv", source, 0);
    assert_true(at >= 0);
    assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)at, method, 0), 0);
    assert_int_equal(zip_close(zip), 0);
}

/* The same rows from a plain file and from any packing of it, unpacked at once or as a
 * stream, with quoted line ends, texts of Windows-1252 and duplicates. */
static void packing_does_not_matter(void **state) {
    (void)state;
    const size_t capacity = 20 << 20;
    char *text = malloc(capacity);
    assert_non_null(text);
    kept_row *expected = malloc(MOST_ROWS * sizeof *expected);
    assert_non_null(expected);
    static const char *const files[] = {"in.csv",        "one.csv.gz",   "many.csv.gz",
                                        "padded.csv.gz", "deflated.zip", "stored.zip"};
    /* The second size is beyond what is unpacked at once. */
    static const size_t sizes[] = {700 << 10, 17 << 20};
    for (size_t s = 0; s < 2; s++) {
        size_t n = (size_t)snprintf(text, capacity, "kind,e,n,note,code\r\n");
        for (int row = 0; n + 400 < sizes[s]; row++) {
            const int note = s == 0 ? row % 40 : 90;
            n += (size_t)snprintf(
                text + n, 400, "k%d,%d,400000,\"%*s, \n%s\",\"c%d%s\"\r\n", row % 50000,
                400000 + row % 1000, note, "", row % 3 ? "" : "\"\"", row % 10,
                row > 2000 && s == 0 && row % 5 ? "\xE9" : "");
        }
        test_file_write(folder, "in.csv", text, n);
        pack_gzip("one.csv.gz", text, n, n);
        pack_gzip("many.csv.gz", text, n, n / 5);
        pack_gzip("padded.csv.gz", text, n, n);
        FILE *file = fopen(test_path(folder, "padded.csv.gz"), "ab");
        assert_non_null(file);
        for (int i = 0; i < 600; i++) fputc(0, file);
        fclose(file);
        pack_zip("deflated.zip", text, n, ZIP_CM_DEFLATE);
        pack_zip("stored.zip", text, n, ZIP_CM_STORE);
        size_t n_expected = 0;
        for (int duplicates = 0; duplicates < 2; duplicates++) {
            for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
                ps_set_threads(f % 2 ? 1 : 3);
                ps_points_spec spec = grid_spec();
                spec.files = &files[f];
                spec.area_code = "code";
                spec.key = "kind";
                spec.drop_duplicates = duplicates != 0;
                ps_points *points = NULL;
                ps_error err = {PS_OK, ""};
                if (ps_points_open(&spec, NULL, &points, &err) != PS_OK)
                    fail_msg("%s", err.text);
                read_rows(points);
                const ps_rows *rows = ps_points_rows(points, 0);
                assert_int_equal(rows->read, n_all);
                assert_int_equal(rows->located + rows->duplicate, n_all);
                assert_int_equal(rows->located,
                                 duplicates && n_all > 50000 ? 50000 : n_all);
                assert_string_equal(ps_points_source_encoding(points, 0),
                                    s == 0 ? "Windows-1252" : "UTF-8");
                ps_points_close(points);
                for (size_t i = 0; i < n_all; i++) all_rows[i].group = 0;
                if (f == 0) {
                    n_expected = n_all;
                    memcpy(expected, all_rows, n_all * sizeof *expected);
                    continue;
                }
                assert_int_equal(n_all, n_expected);
                for (size_t i = 0; i < n_all; i++) {
                    assert_int_equal(all_rows[i].fate, expected[i].fate);
                    assert_string_equal(all_rows[i].code, expected[i].code);
                }
            }
        }
        assert_true(s == 1 || n_expected > 5000);
        assert_string_equal(expected[2001].code, s == 0 ? "c1\xC3\xA9" : "c1");
    }
    ps_set_threads(0);
    free(expected);
    free(text);
}

/* Files that become streams only when they are unpacked, among others: rows stay in the
 * order of the files, and of two duplicates the first one counts. */
static void files_that_become_streams_keep_their_place(void **state) {
    (void)state;
    static const char *const files[] = {"0.csv",    "1.zip", "2.csv.gz", "3.csv",
                                        "4.csv.gz", "5.zip", "6.zip",    "7.csv.gz",
                                        "8.csv.gz", "9.csv"};
    /* 2 and 8 are several gzip members, 5 is packed by another method, 3 and 7 have more
     * rows than are held at once. */
    enum { FILES = sizeof files / sizeof *files, KINDS = 9000, DENSE = 700000 };
    static char text[4 << 20], expected[MOST_ROWS], found[MOST_ROWS];
    static bool met[KINDS];
    size_t rows = 0;
    uint64_t seed = 5;
    for (size_t f = 0; f < FILES; f++) {
        size_t n = (size_t)snprintf(text, sizeof text, "kind,e,n\n");
        const bool dense = f == 3 || f == 7;
        const size_t more = dense ? DENSE : 500 + test_random_below(&seed, 5000);
        for (size_t row = 0; row < more; row++) {
            const size_t kind = test_random_below(&seed, KINDS);
            n += dense ? (size_t)snprintf(text + n, 64, ",,\n")
                       : (size_t)snprintf(text + n, 64, "k%zu,400000,400000\n", kind);
            expected[rows++] = dense ? 'U' : met[kind] ? 'D' : 'L';
            met[kind] |= !dense;
        }
        if (strstr(files[f], ".zip") != NULL)
            pack_zip(files[f], text, n, f == 5 ? ZIP_CM_BZIP2 : ZIP_CM_DEFLATE);
        else if (strstr(files[f], ".gz") != NULL)
            pack_gzip(files[f], text, n, f == 2 || f == 8 ? n / 2 : n);
        else
            test_file_write(folder, files[f], text, n);
    }
    expected[rows] = '\0';
    static const int threads[] = {1, 2, 7};
    for (int round = 0; round < 6; round++) {
        ps_set_threads(threads[round % 3]);
        ps_points_spec spec = grid_spec();
        spec.files = files;
        spec.n_files = FILES;
        spec.key = "kind";
        spec.drop_duplicates = round < 3;
        ps_points *points = NULL;
        ps_error err = {PS_OK, ""};
        if (ps_points_open(&spec, NULL, &points, &err) != PS_OK) fail_msg("%s", err.text);
        read_fates(points, found, sizeof found);
        assert_int_equal(n_all, rows);
        for (size_t i = 0; i < rows; i++) {
            const char wanted = round < 3 || expected[i] != 'D' ? expected[i] : 'L';
            if (found[i] != wanted) fail_msg("row %zu: %c, not %c", i, found[i], wanted);
        }
        ps_points_close(points);
    }
    ps_set_threads(0);
}

/* A sheet with titles above its two rows of names, and more rows than are read at once.
 */
static void a_sheet_is_rows(void **state) {
    (void)state;
    enum { ROWS = 40000, HEAD = 3 };
    static char rows[ROWS * 256], expected[ROWS + 1], found[ROWS + 2];
    size_t n = (size_t)snprintf(
        rows, sizeof rows,
        "<row r=\"1\">" TEST_TEXT("A1", "Calls to the council") "</row>"
        "<row r=\"2\">" TEST_TEXT("B2", "Place") TEST_TEXT("D2", "Call") "</row>"
        "<row r=\"3\">" TEST_TEXT("B3", "e") TEST_TEXT("C3", "n") TEST_TEXT("D3", "kind")
        TEST_TEXT("E3", "day") "</row>");
    for (int i = 0; i < ROWS; i++) {
        const int r = HEAD + 1 + i;
        n += (size_t)snprintf(rows + n, sizeof rows - n, "<row r=\"%d\">", r);
        if (i % 7 != 0)
            n += (size_t)snprintf(rows + n, sizeof rows - n,
                                  "<c r=\"B%d\"><v>400000.5</v></c><c r=\"C%d\">"
                                  "<v>%d</v></c>",
                                  r, r, 400000 + i % 100);
        n += (size_t)snprintf(rows + n, sizeof rows - n,
                              "<c r=\"D%d\" t=\"inlineStr\"><is><t>%s</t></is></c>"
                              "<c r=\"E%d\" s=\"1\"><v>%d</v></c></row>",
                              r, i % 5 == 0 ? "fly-tipping" : "graffiti", r,
                              43586 + i % 40);
        expected[i] = i % 5 == 0 ? 'F' : i % 7 == 0 ? 'U' : 'L';
    }
    test_workbook(
        test_path(folder, "calls.xlsx"), (const char *[]){"Notes", "Calls"},
        (const char *[]){"<row r=\"1\">" TEST_TEXT("A1", "None") "</row>", rows}, 2);
    static const char *const files[] = {"calls.xlsx"}, *const by[] = {"Call / day"};
    static char tipping[] = "fly-tipping", *is_tipping[] = {tipping};
    static char kind[] = "Call / kind";
    const ps_job_filter where[] = {{.column = kind, .not = is_tipping, .not_count = 1}};
    ps_points_spec spec = grid_spec();
    spec.files = files;
    spec.sheet = "Calls";
    spec.header = (ps_header){2, 2};
    spec.x = "Place / e", spec.y = "Place / n";
    spec.date = by[0], spec.by = by, spec.n_by = 1;
    spec.where = where, spec.n_where = 1;
    for (int threads = 1; threads <= 3; threads += 2) {
        ps_set_threads(threads);
        ps_points *points = NULL;
        ps_error err = {PS_OK, ""};
        if (ps_points_open(&spec, NULL, &points, &err) != PS_OK) fail_msg("%s", err.text);
        read_fates(points, found, sizeof found);
        assert_string_equal(found, expected);
        const ps_keys *months = ps_groups_keys(ps_points_groups(points));
        assert_int_equal(ps_keys_size(months), 2); /* May and June 2019 */
        ps_points_close(points);
    }
    ps_set_threads(0);
    /* What is wrong is told before any row is read. */
    ps_points *points = NULL;
    ps_error err = {PS_OK, ""};
    spec.x = "Place / x";
    assert_int_equal(ps_points_open(&spec, NULL, &points, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "sheet 'Calls' has no column 'Place / x'"));
    spec.sheet = NULL;
    assert_int_equal(ps_points_open(&spec, NULL, &points, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "2 sheets: 'Notes', 'Calls'"));
}

static void read_until_error(ps_points *points, ps_status expected, ps_error *err) {
    const ps_points_block *blocks;
    size_t n = 1;
    ps_status status = PS_OK;
    while (status == PS_OK && n > 0)
        status = ps_points_next(points, pass_by, NULL, &blocks, &n, err);
    assert_int_equal(status, expected);
    ps_points_close(points);
}

static void swapped_columns_are_named(void **state) {
    (void)state;
    ps_points_spec spec = grid_spec();
    spec.x = "n", spec.y = "e";
    spec.crs = "EPSG:4326";
    ps_points *points = open_text(&spec, "kind,e,n\nx,-1.5,53.6\nx,-1.6,53.7\n");
    const double isles[4] = {-11, 49, 3, 61.5};
    ps_error err = {PS_OK, ""};
    ps_points_set_box(points, isles);
    read_until_error(points, PS_FORMAT, &err);
    assert_non_null(strstr(err.text, "x and y look swapped"));
    assert_non_null(strstr(err.text, "(row 1, line 2: x, y = 53.6, -1.5; expected"));
    /* Only three invalid rows are remembered. */
    points = open_text(&spec, "kind,e,n\nx,-\nx,-,1\nx,-,1\nx,-1.5,53.6\n");
    ps_points_set_box(points, isles);
    read_until_error(points, PS_FORMAT, &err);
    assert_non_null(strstr(err.text, "1 of 1 coordinates"));
    assert_null(strstr(err.text, "row 0"));
}

/* One stray point in a thousand is a bad row, not a bad file. */
static void few_stray_points_are_rows(void **state) {
    (void)state;
    static char text[1 << 17];
    size_t used = (size_t)snprintf(text, sizeof text, "kind,e,n\nx,0,9900000\n");
    for (int i = 0; i < 2000; i++)
        used += (size_t)snprintf(text + used, 64, "x,400000,400000\n");
    ps_points_spec spec = grid_spec();
    ps_points *points = open_text(&spec, text);
    ps_error err = {PS_OK, ""};
    const ps_points_block *blocks;
    size_t n = 1;
    while (n > 0)
        assert_int_equal(ps_points_next(points, pass_by, NULL, &blocks, &n, &err), PS_OK);
    assert_int_equal(ps_points_rows(points, 0)->by_cause[PS_CAUSE_IMPLAUSIBLE_COORDINATE],
                     1);
    ps_points_close(points);
}

static void mistakes_are_told_before_rows(void **state) {
    (void)state;
    ps_points *points = NULL;
    ps_error err = {PS_OK, ""};
    ps_points_spec spec = grid_spec();
    test_file_write(folder, "in.csv", "kind,east,n\n", 12);
    assert_int_equal(ps_points_open(&spec, NULL, &points, &err), PS_CONFIG);
    assert_null(points);
    assert_non_null(strstr(err.text, "in.csv has no column 'e'"));
    spec.crs = NULL;
    assert_int_equal(ps_points_open(&spec, NULL, &points, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "crs"));
}

static ps_status read_all(void *context, ps_error *err) {
    (void)context;
    ps_points *points = NULL;
    ps_points_spec spec = grid_spec();
    spec.key = "kind";
    spec.area_code = "kind";
    spec.drop_duplicates = true;
    static char file[] = "in.csv", key[] = "kind", e[] = "e", *columns[] = {e};
    const ps_job_lookup with = {
        .file = file, .key = key, .columns = columns, .columns_count = 1};
    spec.with = &with;
    spec.n_with = 1;
    ps_status status = ps_points_open(&spec, NULL, &points, err);
    const ps_points_block *blocks;
    size_t n = 1;
    while (status == PS_OK && n > 0)
        status = ps_points_next(points, pass_by, NULL, &blocks, &n, err);
    ps_points_close(points);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    static const char text[] = "kind,e,n\na,400000,400000\nb,400000,400000\n,,\n";
    test_file_write(folder, "in.csv", text, sizeof text - 1);
    ps_set_threads(1);
    assert_true(test_each_allocation_fails(read_all, NULL) > 30);
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_one_fate),
        cmocka_unit_test(columns_are_looked_up),
        cmocka_unit_test(blocks_come_in_order),
        cmocka_unit_test(packing_does_not_matter),
        cmocka_unit_test(files_that_become_streams_keep_their_place),
        cmocka_unit_test(a_sheet_is_rows),
        cmocka_unit_test(swapped_columns_are_named),
        cmocka_unit_test(few_stray_points_are_rows),
        cmocka_unit_test(mistakes_are_told_before_rows),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
