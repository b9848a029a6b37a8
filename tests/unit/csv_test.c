/* The forms of delimited text that real files have, and what is refused. */
#include "engine/core/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test.h"

typedef struct told {
    int times;
    char text[400];
} told;

static void keep_sentence(void *context, ps_talk_level level, const char *sentence) {
    told *heard = context;
    (void)level;
    heard->times++;
    snprintf(heard->text, sizeof heard->text, "%s", sentence);
}

static ps_status open_text(const char *text, size_t n, ps_csv_options options,
                           ps_csv **csv, ps_error *err) {
    ps_stream *stream;
    *csv = NULL;
    *err = (ps_error){PS_OK, ""};
    ps_status status = ps_stream_of_bytes(text, n, &stream, err);
    if (status != PS_OK) return status;
    if (options.name == NULL) options.name = "t.csv";
    status = ps_csv_open(stream, &options, csv, err);
    assert_int_equal(*csv == NULL, status != PS_OK);
    return status;
}

typedef struct page {
    char text[4000];
    size_t n;
} page;

static void put(page *out, const char *bytes, size_t n) {
    assert_true(out->n + n < sizeof out->text);
    if (n > 0) memcpy(out->text + out->n, bytes, n);
    out->n += n;
    out->text[out->n] = '\0';
}

/* Every record as "row:<a><b>..." with '-' for a short and '+' for a long one. */
static ps_status render(ps_csv *csv, const int *columns, size_t n, page *out,
                        ps_error *err) {
    ps_csv_cursor *cursor;
    ps_csv_block block = {0};
    ps_status status = ps_csv_cursor_create(csv, columns, n, &cursor, err);
    if (status != PS_OK) assert_null(cursor);
    out->n = 0;
    out->text[0] = '\0';
    while (status == PS_OK) {
        status = ps_csv_next_block(csv, &block, err);
        if (status != PS_OK || block.rows == 0) break;
        ps_csv_record record;
        ps_csv_shape shape;
        int64_t rows = 0;
        ps_csv_cursor_start(cursor, &block);
        while (ps_csv_cursor_next(cursor, &record, &shape)) {
            char row[32];
            snprintf(row, sizeof row, "%lld:", (long long)record.row);
            put(out, row, strlen(row));
            for (size_t i = 0; i < n; i++) {
                put(out, "<", 1);
                put(out, record.field[i].p, record.field[i].n);
                put(out, ">", 1);
            }
            if (shape != PS_CSV_EXACT) put(out, shape == PS_CSV_SHORT ? "-" : "+", 1);
            put(out, " ", 1);
            rows++;
        }
        status = ps_csv_cursor_status(cursor, err);
        if (status == PS_OK) assert_int_equal(rows, block.rows);
    }
    ps_csv_cursor_free(cursor);
    ps_csv_block_free(&block);
    return status;
}

/* The same at every small block size and at the ordinary one. */
static void assert_table(const char *text, size_t n, ps_csv_options options,
                         const char *names, const char *rows) {
    for (size_t size = 0; size < 40; size++) {
        options.block_bytes = size;
        ps_csv *csv;
        ps_error err;
        if (open_text(text, n, options, &csv, &err) != PS_OK) fail_msg("%s", err.text);
        page out = {.n = 0};
        int columns[16];
        size_t wide = ps_csv_columns(csv);
        assert_true(wide <= 16);
        for (size_t i = 0; i < wide; i++) {
            ps_str name = ps_csv_column_name(csv, i);
            columns[i] = (int)i;
            put(&out, "<", 1);
            put(&out, name.p, name.n);
            put(&out, ">", 1);
        }
        assert_string_equal(out.text, names);
        if (render(csv, columns, wide, &out, &err) != PS_OK) fail_msg("%s", err.text);
        assert_string_equal(out.text, rows);
        ps_csv_close(csv);
    }
}

static void assert_text(const char *text, const char *names, const char *rows) {
    assert_table(text, strlen(text), (ps_csv_options){0}, names, rows);
}

static void line_ends_and_shapes(void **state) {
    (void)state;
    assert_text("a,b\n1,2\n3,4\n", "<a><b>", "1:<1><2> 2:<3><4> ");
    assert_text("a,b\r\n1,2\r\n3,4", "<a><b>", "1:<1><2> 2:<3><4> ");
    assert_text("a,b\r1,2\r\r3,4\r", "<a><b>", "1:<1><2> 2:<3><4> ");
    assert_text("\n\r\na,b\n\n\r\n1,2\r3,4\n\n\n", "<a><b>", "1:<1><2> 2:<3><4> ");
    assert_text("a,b", "<a><b>", "");
    assert_text("a,b\r\n", "<a><b>", "");
    assert_text("a\n1\n\n2", "<a>", "1:<1> 2:<2> ");
    assert_text("a,b\n1\n1,2,\n1,2,,\n1,2,3\n,\n", "<a><b>",
                "1:<1><>- 2:<1><2> 3:<1><2> 4:<1><2>+ 5:<><> ");
    /* Unnamed columns at the end need no fields. */
    assert_text("a,,b,,\n1,2,3\n1,2,3,,\n1,2\n1,2,3,4,5,6\n", "<a><><b><><>",
                "1:<1><2><3><><> 2:<1><2><3><><> 3:<1><2><><><>- 4:<1><2><3><4><5>+ ");
}

static void quotes(void **state) {
    (void)state;
    assert_text("a,b\n\"1,\n2\",\"x\"\"y\"\n", "<a><b>", "1:<1,\n2><x\"y> ");
    assert_text("a,b\n\"\",\"\"\"\"\n\"\"\"q\"\"\",\n", "<a><b>",
                "1:<><\"> 2:<\"q\"><> ");
    /* A quote opens only as the first byte of a field. */
    assert_text("a,b\n5\" pipe,x\"\n \"y\",z\n", "<a><b>",
                "1:<5\" pipe><x\"> 2:< \"y\"><z> ");
    /* Text behind the closing quote is kept, and its quotes are ordinary. */
    assert_text("a,b\n\"x\"y,\"x\" \"y\"\n\"x\"y\"z,w\"\n", "<a><b>",
                "1:<xy><x \"y\"> 2:<xy\"z><w\"> ");
    assert_text("a,b\n\"x\"\"y\"z,\"\"\"\"w\n", "<a><b>", "1:<x\"yz><\"w> ");
    assert_text("\"a\n1\",\"b,\"\n\"\r\n\",\"\r\"", "<a\n1><b,>", "1:<\r\n><\r> ");
    assert_text("a\n\"\"\n\"\"", "<a>", "1:<> 2:<> ");
    /* An empty quoted field beyond the header is empty. */
    assert_text("a\n1,\"\"\n1,\"x\"\n1,\"\"x\n", "<a>", "1:<1> 2:<1>+ 3:<1>+ ");
}

static void delimiters(void **state) {
    (void)state;
    assert_text("a;b,c;d\n1;2;3\n", "<a><b,c><d>", "1:<1><2><3> ");
    assert_text("a\tb\n1,5\t2\n", "<a><b>", "1:<1,5><2> ");
    assert_text("\"a,b,c\"|d\n\"x|y\"|z\n", "<a,b,c><d>", "1:<x|y><z> ");
    const char *text = "a b,c d\n\"1 2\" 3\n";
    assert_table(text, strlen(text), (ps_csv_options){.delimiter = ' '}, "<a><b,c><d>",
                 "1:<1 2><3><>- ");
    ps_csv *csv;
    ps_error err;
    ps_csv_options options = {.delimiter = '"'};
    assert_int_equal(open_text("a\n", 2, options, &csv, &err), PS_CONFIG);
    options.delimiter = '\n';
    assert_int_equal(open_text("a\n", 2, options, &csv, &err), PS_CONFIG);
}

static void header_rows(void **state) {
    (void)state;
    const char *text = "Table 1, all \"areas\"\n\n\"Note: a\nb\"\na,b\n1,2\n";
    ps_csv_options options = {.header = {3, 1}};
    assert_table(text, strlen(text), options, "<a><b>", "1:<1><2> ");
    ps_csv *csv;
    ps_error err;
    options.header.row = 9;
    assert_int_equal(open_text(text, strlen(text), options, &csv, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "only 4 records"));
    options.header.row = -1;
    assert_int_equal(open_text(text, strlen(text), options, &csv, &err), PS_CONFIG);
    /* Notes longer than what is read at first. */
    size_t n = 300000;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'x', n);
    memcpy(big + n - 10, "\na,b\n1,2\n", 9);
    options.header.row = 2;
    assert_int_equal(open_text(big, n - 1, options, &csv, &err), PS_OK);
    assert_int_equal(ps_csv_columns(csv), 2);
    page out;
    assert_int_equal(render(csv, (int[]){1}, 1, &out, &err), PS_OK);
    assert_string_equal(out.text, "1:<2> ");
    ps_csv_close(csv);
    free(big);
}

static void encodings(void **state) {
    (void)state;
    const char *bom = "\xEF\xBB\xBF\x61,b\n\xC3\xA9,\xE2\x82\xAC\n";
    assert_text(bom, "<a><b>", "1:<\xC3\xA9><\xE2\x82\xAC> ");
    ps_csv *csv;
    ps_error err;
    page out;
    assert_int_equal(open_text(bom, strlen(bom), (ps_csv_options){0}, &csv, &err), PS_OK);
    assert_string_equal(ps_csv_encoding(csv), "UTF-8 with BOM");
    ps_csv_close(csv);
    /* UTF-8 up to the record that is not, Windows-1252 from its first byte on. */
    const char *mixed =
        "a,b\n\xC3\xA9,1\n\"\xC3\xA9\n\"\"\",\xA3\x80\n\xC3\xA9,\x81\n\xE9,"
        "\"\xE9\"\"\"\n";
    const char *rows =
        "1:<\xC3\xA9><1> 2:<\xC3\x83\xC2\xA9\n\"><\xC2\xA3\xE2\x82\xAC> "
        "3:<\xC3\x83\xC2\xA9><\xEF\xBF\xBD> 4:<\xC3\xA9><\xC3\xA9\"> ";
    assert_text(mixed, "<a><b>", rows);
    for (size_t size = 0; size < 30; size++) {
        told heard = {0, ""};
        ps_talk talk = {.say = keep_sentence, .context = &heard};
        ps_csv_options options = {.talk = &talk, .block_bytes = size};
        assert_int_equal(open_text(mixed, strlen(mixed), options, &csv, &err), PS_OK);
        assert_string_equal(ps_csv_encoding(csv), "UTF-8");
        assert_int_equal(render(csv, (int[]){0, 1}, 2, &out, &err), PS_OK);
        assert_string_equal(ps_csv_encoding(csv), "Windows-1252");
        assert_int_equal(heard.times, 1);
        assert_non_null(strstr(heard.text, "t.csv"));
        assert_non_null(strstr(heard.text, "data row 2"));
        ps_csv_close(csv);
    }
    assert_text("Gr\xF6\xDF\x65,b\n\xE9,1\n", "<Gr\xC3\xB6\xC3\x9F\x65><b>",
                "1:<\xC3\xA9><1> ");
}

static ps_status read_blocks(ps_csv *csv, ps_error *err) {
    ps_csv_block block = {0};
    ps_status status;
    do {
        status = ps_csv_next_block(csv, &block, err);
    } while (status == PS_OK && block.rows > 0);
    ps_csv_block_free(&block);
    return status;
}

static void assert_refused(const char *text, size_t n, ps_status status,
                           const char *says) {
    for (size_t size = 0; size < 5; size++) {
        ps_csv *csv;
        ps_error err;
        ps_csv_options options = {.block_bytes = size};
        ps_status found = open_text(text, n, options, &csv, &err);
        if (found == PS_OK) found = read_blocks(csv, &err);
        assert_int_equal(found, status);
        assert_int_equal(err.status, status);
        assert_non_null(strstr(err.text, "t.csv"));
        if (strstr(err.text, says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, says);
        if (csv == NULL) continue;
        /* After an error there is nothing more. */
        ps_csv_block block = {0};
        assert_int_equal(ps_csv_next_block(csv, &block, &err), PS_OK);
        assert_int_equal(block.rows, 0);
        ps_csv_block_free(&block);
        ps_csv_close(csv);
    }
}

static void assert_not_a_table(const char *text, const char *says) {
    assert_refused(text, strlen(text), PS_FORMAT, says);
}

static void what_is_no_table_is_refused(void **state) {
    (void)state;
    assert_not_a_table("", "is empty");
    assert_not_a_table("\r\n\n", "is empty");
    assert_not_a_table("\xEF\xBB\xBF", "is empty");
    assert_not_a_table("\n <!DOCTYPE HTML>\n<html>", "looks like an HTML page");
    assert_not_a_table("\xEF\xBB\xBF<html lang=en>", "looks like an HTML page");
    assert_not_a_table("<?xml version='1.0'?>", "XML");
    assert_not_a_table("\xFF\xFEx", "UTF-16");
    assert_refused("a\0,\0b\0", 6, PS_FORMAT, "NUL");
    assert_not_a_table("PK\x03\x04...", "workbook");
    assert_not_a_table("\x1F\x8B...", "gzip");
    assert_not_a_table("%PDF-1.4", "PDF");
    assert_not_a_table("\xD0\xCF\x11\xE0", "old Excel");
    assert_not_a_table("{ \"type\": 1}", "JSON");
    assert_not_a_table("a,b\n1,2\n3,\"x\n4,5\n", "data row 2 is never closed");
    assert_not_a_table("a,\"b\n1,2\n", "record 1 is never closed");
    assert_not_a_table("a,b\n1,\"\"\"", "data row 1 is never closed");
    /* A NUL far behind the head. */
    size_t n = 200001;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) text[i] = "1,2\n"[i % 4];
    text[n - 1] = '\0';
    assert_refused(text, n, PS_FORMAT, "data row 50000 holds a NUL");
    free(text);
}

static void bounds_hold(void **state) {
    (void)state;
    enum { N = PS_CSV_MAX_RECORD };
    char *text = malloc(N + 100);
    assert_non_null(text);
    memset(text, 'x', N + 100);
    memcpy(text, "a\n1\n", 4);
    ps_csv *csv;
    ps_error err;
    ps_csv_block block = {0};
    /* The longest record. */
    text[4 + N] = '\n';
    memcpy(text + 5 + N, "2", 1);
    assert_int_equal(open_text(text, 4 + N + 2, (ps_csv_options){0}, &csv, &err), PS_OK);
    int64_t rows = 0;
    do {
        assert_int_equal(ps_csv_next_block(csv, &block, &err), PS_OK);
        rows += block.rows;
    } while (block.rows > 0);
    assert_int_equal(rows, 3);
    ps_csv_close(csv);
    /* One byte more. */
    text[4 + N] = 'x';
    text[5 + N] = '\n';
    assert_int_equal(open_text(text, 4 + N + 2, (ps_csv_options){0}, &csv, &err), PS_OK);
    assert_int_equal(ps_csv_next_block(csv, &block, &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "data row 2 is longer than"));
    ps_csv_close(csv);
    ps_csv_block_free(&block);
    /* A header without an end. */
    memset(text, 'x', N + 100);
    assert_int_equal(open_text(text, N + 100, (ps_csv_options){0}, &csv, &err), PS_OK);
    assert_int_equal(ps_csv_columns(csv), 1);
    ps_csv_close(csv);
    memset(text, ',', PS_CSV_MAX_COLUMNS);
    assert_int_equal(
        open_text(text, PS_CSV_MAX_COLUMNS - 1, (ps_csv_options){0}, &csv, &err), PS_OK);
    ps_csv_close(csv);
    assert_int_equal(open_text(text, PS_CSV_MAX_COLUMNS, (ps_csv_options){0}, &csv, &err),
                     PS_LIMIT);
    free(text);
}

/* A file that another program writes to while it is read. */
static void a_file_that_shrinks_is_told(void **state) {
    (void)state;
    enum { ROWS = 4000, BLOCK = 1000 };
    char *folder = test_folder_make();
    static char text[ROWS * 8 + 8];
    size_t n = (size_t)snprintf(text, sizeof text, "a,b\n");
    for (int row = 0; row < ROWS; row++)
        n += (size_t)snprintf(text + n, 16, "%d,x\n", 1000 + row);
    /* Before a piece, inside it, behind it, and growing. */
    static const int by[] = {-20000, -BLOCK / 2, -3, 5};
    for (size_t way = 0; way < 4; way++) {
        const char *path = test_file_write(folder, "t.csv", text, n);
        const ps_source source = {.name = "t.csv", .path = path, .bytes = (int64_t)n};
        ps_stream *stream;
        ps_csv *csv;
        ps_csv_block block = {0};
        ps_error err = {PS_OK, ""};
        const ps_csv_options options = {.block_bytes = BLOCK, .name = "t.csv"};
        assert_int_equal(ps_stream_open(&source, &stream, &err), PS_OK);
        assert_int_equal(ps_csv_open(stream, &options, &csv, &err), PS_OK);
        assert_int_equal(ps_csv_next_block(csv, &block, &err), PS_OK);
        int64_t rows = block.rows;
        assert_int_equal(truncate(path, (off_t)n + by[way]), 0);
        ps_status status = PS_OK;
        while (status == PS_OK && block.rows > 0) {
            status = ps_csv_next_block(csv, &block, &err);
            rows += block.rows;
        }
        if (by[way] > 0) {
            assert_int_equal(status, PS_OK);
            assert_int_equal(rows, ROWS);
        } else {
            assert_int_equal(status, PS_INPUT);
            assert_non_null(strstr(err.text, "t.csv has become shorter"));
        }
        ps_csv_block_free(&block);
        ps_csv_close(csv);
    }
    test_folder_remove(folder);
}

static void columns_are_found_by_name(void **state) {
    (void)state;
    const char *text =
        "LSOA code, Crime  type ,Name,name,Month,Month,\"All\nages\"\n"
        "1,2,3,4,5,6,7\n";
    ps_csv *csv;
    ps_error err;
    assert_int_equal(open_text(text, strlen(text), (ps_csv_options){0}, &csv, &err),
                     PS_OK);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("LSOA code")), 0);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of(" lsoa CODE")), 0);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("crime type")), 1);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("all ages")), 6);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("name")), 3);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("NAME")), -2);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("Month")), -2);
    assert_int_equal(ps_csv_find_column(csv, ps_str_of("LSOA")), -1);
    int at;
    assert_int_equal(ps_csv_need_column(csv, ps_str_of("name"), &at, &err), PS_OK);
    assert_int_equal(at, 3);
    assert_int_equal(ps_csv_need_column(csv, ps_str_of("LSOA cod"), &at, &err),
                     PS_CONFIG);
    assert_non_null(strstr(err.text, "t.csv has no column 'LSOA cod'"));
    assert_non_null(strstr(err.text, "'LSOA code'"));
    assert_int_equal(ps_csv_need_column(csv, ps_str_of("Month"), &at, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "more than one"));
    assert_int_equal(ps_csv_need_column(csv, ps_str_of("easting"), &at, &err), PS_CONFIG);
    assert_non_null(strstr(err.text, "it has: LSOA code, Crime  type, Name"));
    /* In any order, twice, and one that is not there. */
    page out;
    assert_int_equal(render(csv, (int[]){6, 0, -1, 6}, 4, &out, &err), PS_OK);
    assert_string_equal(out.text, "1:<7><1><><7> ");
    ps_csv_cursor *cursor;
    assert_int_equal(ps_csv_cursor_create(csv, (int[]){7}, 1, &cursor, &err), PS_CONFIG);
    assert_null(cursor);
    ps_csv_close(csv);
}

static ps_status table_step(void *context, ps_error *err) {
    const char *text = context;
    ps_csv *csv;
    ps_error local;
    ps_status status =
        open_text(text, strlen(text), (ps_csv_options){.block_bytes = 9}, &csv, &local);
    page out;
    if (status == PS_OK) status = render(csv, (int[]){0, 1}, 2, &out, &local);
    if (status == PS_OK) assert_string_equal(out.text, "1:<1><2> 2:<x\"y><\xC3\xA9> ");
    ps_csv_close(csv);
    *err = local;
    return status;
}

static void allocation_failures_leave_nothing(void **state) {
    (void)state;
    char text[] = "a,b\n1,2\n\"x\"\"y\",\xE9\n";
    assert_true(test_each_allocation_fails(table_step, text) > 5);
}

/* ---- real files ---- */

static int64_t count_file(const char *folder, const char *name, ps_csv_shape wanted,
                          const char **encoding, int64_t *shaped, ps_error *err) {
    ps_source_list *list;
    ps_stream *stream;
    ps_csv *csv;
    ps_csv_cursor *cursor;
    ps_csv_block block = {0};
    ps_csv_options options = {.name = name};
    int64_t rows = 0;
    *shaped = 0;
    assert_int_equal(ps_source_list_open(&name, 1, folder, NULL, &list, err), PS_OK);
    for (size_t i = 0; i < ps_source_list_size(list); i++) {
        assert_int_equal(ps_stream_open(ps_source_list_get(list, i), &stream, err),
                         PS_OK);
        if (ps_csv_open(stream, &options, &csv, err) != PS_OK) {
            rows = -1;
            break;
        }
        assert_int_equal(ps_csv_cursor_create(csv, NULL, 0, &cursor, err), PS_OK);
        for (;;) {
            if (ps_csv_next_block(csv, &block, err) != PS_OK) fail_msg("%s", err->text);
            if (block.rows == 0) break;
            ps_csv_record record;
            ps_csv_shape shape;
            ps_csv_cursor_start(cursor, &block);
            while (ps_csv_cursor_next(cursor, &record, &shape)) {
                rows++;
                *shaped += shape == wanted;
            }
        }
        *encoding = ps_csv_encoding(csv);
        ps_csv_cursor_free(cursor);
        ps_csv_close(csv);
    }
    ps_csv_block_free(&block);
    ps_source_list_free(list);
    return rows;
}

static void real_files_have_their_rows(void **state) {
    (void)state;
    const char *folder = getenv("PLACESTAT_DATA");
    if (folder == NULL) {
        print_message("PLACESTAT_DATA is not set: real files are left out\n");
        skip();
    }
    static const struct {
        const char *name, *encoding;
        int64_t rows;
    } files[] = {
        {"messy/cr_only__bor_profiles.csv", "UTF-8", 33},
        {"messy/embedded_newlines_mixed_eol__REPD_Wind_onshore.csv", "UTF-8", 747},
        {"messy/latin1__warrington_spend_2021-12.csv", "Windows-1252", 3614},
        {"crime/west_yorkshire_partial/leeds_2024-03_street_excel.csv", "UTF-8 with BOM",
         9408},
        {"crime/south_yorkshire_street", "UTF-8", 351322},
    };
    ps_error err;
    const char *encoding = "";
    int64_t exact;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int64_t rows =
            count_file(folder, files[i].name, PS_CSV_EXACT, &encoding, &exact, &err);
        assert_int_equal(rows, files[i].rows);
        assert_int_equal(exact, files[i].rows);
        assert_string_equal(encoding, files[i].encoding);
    }
    const char *html = "messy/html_saved_as_csv__census2021_kirklees_density.csv";
    assert_int_equal(count_file(folder, html, PS_CSV_EXACT, &encoding, &exact, &err), -1);
    assert_int_equal(err.status, PS_FORMAT);
    assert_non_null(strstr(err.text, "looks like an HTML page"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_and_shapes),
        cmocka_unit_test(quotes),
        cmocka_unit_test(delimiters),
        cmocka_unit_test(header_rows),
        cmocka_unit_test(encodings),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(a_file_that_shrinks_is_told),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(allocation_failures_leave_nothing),
        cmocka_unit_test(real_files_have_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
