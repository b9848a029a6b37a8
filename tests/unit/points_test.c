#include "engine/run/points.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "tests/support/test.h"

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

/* Fates of all rows as letters, in order. */
static void read_fates(ps_points *points, char *fates, size_t capacity) {
    static const char letter[] = "IFDUL";
    size_t used = 0;
    for (;;) {
        const ps_points_block *blocks;
        size_t n;
        ps_error err = {PS_OK, ""};
        if (ps_points_next(points, &blocks, &n, &err) != PS_OK) fail_msg("%s", err.text);
        if (n == 0) break;
        for (size_t b = 0; b < n; b++) {
            assert_int_equal(blocks[b].first_row, (int64_t)used + 1);
            for (size_t i = 0; i < blocks[b].n; i++) {
                assert_true(used + 1 < capacity);
                bool located = blocks[b].fate[i] == PS_FATE_LOCATED;
                assert_true(isfinite(blocks[b].x[i]) == located);
                fates[used++] = letter[blocks[b].fate[i]];
            }
        }
    }
    fates[used] = '\0';
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
        int row = 0;
        for (;;) {
            const ps_points_block *blocks;
            size_t n;
            assert_int_equal(ps_points_next(points, &blocks, &n, NULL), PS_OK);
            if (n == 0) break;
            for (size_t b = 0; b < n; b++)
                for (size_t i = 0; i < blocks[b].n; i++, row++) {
                    char kind[16];
                    snprintf(kind, sizeof kind, "k%d", row % 7);
                    assert_true(blocks[b].x[i] == 400000 + row % 1000);
                    assert_true(ps_str_is(
                        ps_points_group_field(points, blocks[b].group[i], 0), kind));
                }
        }
        assert_int_equal(row, rows);
        assert_int_equal(ps_keys_size(ps_points_groups(points)), 7);
        ps_points_close(points);
    }
    ps_set_threads(0);
}

static void read_until_error(ps_points *points, ps_status expected, ps_error *err) {
    const ps_points_block *blocks;
    size_t n = 1;
    ps_status status = PS_OK;
    while (status == PS_OK && n > 0) status = ps_points_next(points, &blocks, &n, err);
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
    while (n > 0) assert_int_equal(ps_points_next(points, &blocks, &n, &err), PS_OK);
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
    ps_status status = ps_points_open(&spec, NULL, &points, err);
    const ps_points_block *blocks;
    size_t n = 1;
    while (status == PS_OK && n > 0) status = ps_points_next(points, &blocks, &n, err);
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
        cmocka_unit_test(blocks_come_in_order),
        cmocka_unit_test(swapped_columns_are_named),
        cmocka_unit_test(few_stray_points_are_rows),
        cmocka_unit_test(mistakes_are_told_before_rows),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
