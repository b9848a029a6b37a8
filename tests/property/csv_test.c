/* Random tables in random dress, and random bytes: the reader gives what a reference
 * gives that looks at one character at a time, for any size of block and any packing. */
#include "engine/core/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/support/test.h"

enum { COLUMNS_MOST = 6, ROUNDS = 1500 };

typedef struct text {
    char *p;
    size_t n, capacity;
} text;

static void put(text *out, const char *bytes, size_t n) {
    void *array = out->p;
    assert_int_equal(ps_grow(&array, &out->capacity, out->n + n + 1, 1, NULL), PS_OK);
    out->p = array;
    if (n > 0) memcpy(out->p + out->n, bytes, n);
    out->n += n;
}

/* A field in an unmistakable form, so that whole tables compare as text. */
static void put_field(text *out, ps_str field) {
    char head[32];
    snprintf(head, sizeof head, "%zu=", field.n);
    put(out, head, strlen(head));
    put(out, field.p, field.n);
    put(out, ";", 1);
}

static void put_row(text *out, int64_t row, size_t fields, ps_csv_shape shape) {
    char head[64];
    snprintf(head, sizeof head, "\n#%lld %zu %d: ", (long long)row, fields, (int)shape);
    put(out, head, strlen(head));
}

/* ---- the reference ---- */

static bool is_end(char c) {
    return c == '\n' || c == '\r';
}

typedef struct reference {
    const char *b;
    size_t n, i;
    char delimiter;
    text field;
} reference;

/* The next field; false when a quote is never closed. */
static bool next_field(reference *r, bool *last) {
    r->field.n = 0;
    if (r->i < r->n && r->b[r->i] == '"') {
        r->i++;
        for (;;) {
            if (r->i == r->n) return false;
            char c = r->b[r->i++];
            if (c == '"') {
                if (r->i == r->n || r->b[r->i] != '"') break;
                r->i++;
            }
            put(&r->field, &c, 1);
        }
    }
    while (r->i < r->n && r->b[r->i] != r->delimiter && !is_end(r->b[r->i]))
        put(&r->field, &r->b[r->i++], 1);
    *last = r->i == r->n || is_end(r->b[r->i]);
    if (!*last) r->i++;
    return true;
}

static size_t record_end(reference r) {
    bool last = false;
    r.field = (text){NULL, 0, 0};
    while (!last && next_field(&r, &last)) continue;
    ps_free(r.field.p);
    return r.i;
}

/* All data rows of bytes whose header is the first record; false when a quote is never
 * closed. */
static bool reference_rows(const char *b, size_t n, char delimiter, size_t columns,
                           const int *chosen, size_t n_chosen, text *out) {
    reference r = {.b = b, .n = n, .delimiter = delimiter};
    bool windows = false, whole = true;
    ps_arena *arena;
    assert_int_equal(ps_arena_create(&arena, NULL), PS_OK);
    for (int64_t row = 0; whole; row++) {
        while (r.i < n && is_end(b[r.i])) r.i++;
        if (r.i == n) break;
        size_t end = record_end(r);
        windows = windows || !ps_utf8_valid((ps_str){b + r.i, end - r.i});
        ps_str fields[64];
        size_t count = 0;
        bool last = false, more = false;
        while (!last) {
            whole = next_field(&r, &last);
            if (!whole) break;
            if (count >= columns && r.field.n > 0) more = true;
            if (count < 64) {
                ps_str field = {r.field.p, r.field.n};
                if (windows) {
                    assert_int_equal(ps_utf8_from_cp1252(field, arena, &field, NULL),
                                     PS_OK);
                } else {
                    field.p = ps_arena_strndup(arena, field.p, field.n);
                    assert_non_null(field.p);
                }
                fields[count] = field;
            }
            count++;
        }
        if (!whole || row == 0) continue;
        put_row(out, row, count,
                more              ? PS_CSV_LONG
                : count < columns ? PS_CSV_SHORT
                                  : PS_CSV_EXACT);
        for (size_t i = 0; i < n_chosen; i++)
            put_field(out,
                      (size_t)chosen[i] < count ? fields[chosen[i]] : (ps_str){"", 0});
    }
    ps_free(r.field.p);
    ps_arena_free(arena);
    return whole;
}

/* ---- the reader ---- */

/* Those that come next and are plain, a few at a time. */
static int64_t read_plain_rows(const ps_csv *csv, ps_csv_cursor *cursor, int64_t row,
                               size_t n_chosen, text *out) {
    enum { MOST = 3 };
    ps_str field[MOST * COLUMNS_MOST];
    int64_t rows = 0, first;
    for (;;) {
        const size_t n = ps_csv_cursor_plain(cursor, MOST, &first, field);
        if (n == 0) return rows;
        assert_int_equal(first, row + rows);
        rows += (int64_t)n;
        for (size_t i = 0; i < n; i++) {
            put_row(out, first + (int64_t)i, ps_csv_columns(csv), PS_CSV_EXACT);
            for (size_t c = 0; c < n_chosen; c++) put_field(out, field[i * n_chosen + c]);
        }
    }
}

static ps_status read_rows(ps_stream *stream, ps_csv_options options, const int *chosen,
                           size_t n_chosen, text *out, ps_error *err) {
    ps_csv *csv;
    ps_csv_cursor *cursor;
    ps_csv_block block = {0};
    ps_status status = ps_csv_open(stream, &options, &csv, err);
    if (status != PS_OK) return status;
    assert_int_equal(ps_csv_cursor_create(csv, chosen, n_chosen, &cursor, err), PS_OK);
    int64_t next = 1;
    for (;;) {
        status = ps_csv_next_block(csv, &block, err);
        if (status != PS_OK || block.rows == 0) break;
        assert_int_equal(block.first_row, next);
        next += block.rows;
        ps_csv_record record;
        ps_csv_shape shape;
        int64_t rows = 0;
        ps_csv_cursor_start(cursor, &block);
        for (;; rows++) {
            if (block.rows % 2 == 0)
                rows +=
                    read_plain_rows(csv, cursor, block.first_row + rows, n_chosen, out);
            if (!ps_csv_cursor_next(cursor, &record, &shape)) break;
            assert_int_equal(record.row, block.first_row + rows);
            put_row(out, record.row, record.fields, shape);
            for (size_t i = 0; i < n_chosen; i++) {
                assert_true(ps_utf8_valid(record.field[i]));
                put_field(out, record.field[i]);
            }
        }
        assert_int_equal(rows, block.rows);
    }
    ps_csv_cursor_free(cursor);
    ps_csv_block_free(&block);
    ps_csv_close(csv);
    return status;
}

static void assert_same(const text *found, const text *expected) {
    assert_int_equal(found->n, expected->n);
    if (found->n > 0) assert_memory_equal(found->p, expected->p, found->n);
}

/* Some columns in some order. */
static size_t choose(uint64_t *state, size_t columns, int chosen[COLUMNS_MOST]) {
    size_t n = test_random_below(state, columns + 1);
    for (size_t i = 0; i < n; i++) chosen[i] = (int)test_random_below(state, columns);
    return n;
}

static size_t random_block(uint64_t *state) {
    switch (test_random_below(state, 4)) {
        case 0:
            return 1 + test_random_below(state, 8);
        case 1:
            return 1 + test_random_below(state, 300);
        case 2:
            return 60 + test_random_below(state, 10);
        default:
            return 0;
    }
}

/* The bytes as several gzip members of random sizes. */
static const char *write_packed(const char *folder, const text *bytes, uint64_t *state) {
    const char *path = test_path(folder, "t.csv.gz");
    remove(path);
    size_t at = 0;
    do {
        size_t n = 1 + test_random_below(state, 200);
        if (n > bytes->n - at) n = bytes->n - at;
        gzFile file = gzopen(path, "ab");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, bytes->p + at, (unsigned)n), (int)n);
        assert_int_equal(gzclose(file), Z_OK);
        at += n;
    } while (at < bytes->n);
    return path;
}

static void check(const text *bytes, char delimiter, size_t columns, const char *folder,
                  uint64_t *state) {
    int chosen[COLUMNS_MOST];
    size_t n = choose(state, columns, chosen);
    text expected = {NULL, 0, 0};
    size_t bom = bytes->n >= 3 && memcmp(bytes->p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    bool whole = reference_rows(bytes->p + bom, bytes->n - bom, delimiter, columns,
                                chosen, n, &expected);
    for (int way = 0; way < 4; way++) {
        ps_error err = {PS_OK, ""};
        ps_stream *stream;
        if (folder != NULL && way == 0) {
            ps_source source = {.name = "t.csv.gz",
                                .path = write_packed(folder, bytes, state),
                                .packing = PS_GZIP};
            assert_int_equal(ps_stream_open(&source, &stream, &err), PS_OK);
        } else {
            assert_int_equal(ps_stream_of_bytes(bytes->p, bytes->n, &stream, &err),
                             PS_OK);
        }
        ps_csv_options options = {.delimiter = delimiter,
                                  .block_bytes = random_block(state)};
        text found = {NULL, 0, 0};
        ps_status status = read_rows(stream, options, chosen, n, &found, &err);
        if (status != (whole ? PS_OK : PS_FORMAT)) fail_msg("%d: %s", status, err.text);
        if (whole) assert_same(&found, &expected);
        ps_free(found.p);
    }
    ps_free(expected.p);
}

/* ---- random tables, written by the rules ---- */

static void random_cell(uint64_t *state, text *out) {
    static const char *const pieces[] = {
        "a",
        "bc",
        "\"",
        "\"\"",
        ",",
        ";",
        "\n",
        "\r",
        " ",
        "12",
        "\r\n",
        "\xC3\xA9",
        "\xE2\x82\xAC",
        "a much longer piece of text than a window has, so "
        "that fields cross it"};
    enum { PIECES = sizeof pieces / sizeof *pieces };
    size_t n = test_random_below(state, 5);
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t rare = test_random_below(state, 20) == 0 ? PIECES : PIECES - 1;
        const char *piece = pieces[test_random_below(state, rare)];
        put(out, piece, strlen(piece));
    }
}

static void put_quoted(text *out, const char *p, size_t n) {
    put(out, "\"", 1);
    for (size_t i = 0; i < n; i++)
        put(out, p[i] == '"' ? "\"\"" : &p[i], p[i] == '"' ? 2 : 1);
    put(out, "\"", 1);
}

/* The cell in one of the forms that mean it. */
static void put_cell(text *out, const text *cell, char delimiter, bool alone,
                     uint64_t *state) {
    size_t plain = cell->n; /* where the part begins that needs no quotes */
    while (plain > 0 && cell->p[plain - 1] != delimiter && !is_end(cell->p[plain - 1]))
        plain--;
    bool bare = plain == 0 && (cell->n > 0 ? cell->p[0] != '"' : !alone);
    uint64_t form = test_random_below(state, 3);
    if (bare && form > 0) {
        put(out, cell->p, cell->n);
        return;
    }
    size_t quoted = cell->n;
    if (form == 2 && cell->n > plain) {
        quoted = plain + test_random_below(state, cell->n - plain + 1);
        /* Not before a quote, and not inside a character. */
        if (quoted < cell->n &&
            (cell->p[quoted] == '"' || ((unsigned char)cell->p[quoted] & 0xC0) == 0x80))
            quoted = cell->n;
    }
    put_quoted(out, cell->p, quoted);
    put(out, cell->p + quoted, cell->n - quoted);
}

static void put_end(text *out, uint64_t *state, uint64_t kinds) {
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    const char *end = ends[kinds < 3 ? kinds : test_random_below(state, 3)];
    put(out, end, strlen(end));
}

static void a_table_is_read_back(void **unused) {
    (void)unused;
    uint64_t state = 20180501;
    text bytes = {NULL, 0, 0}, cell = {NULL, 0, 0}, expected = {NULL, 0, 0};
    for (int round = 0; round < ROUNDS; round++) {
        size_t columns = 1 + test_random_below(&state, COLUMNS_MOST);
        size_t rows = test_random_below(&state, 40);
        uint64_t kinds = test_random_below(&state, 4);
        char delimiter = ",;\t|"[test_random_below(&state, 4)];
        bytes.n = expected.n = 0;
        if (test_random_below(&state, 3) == 0) put(&bytes, "\xEF\xBB\xBF", 3);
        int all[COLUMNS_MOST];
        for (size_t i = 0; i < columns; i++) {
            char name[32];
            all[i] = (int)i;
            snprintf(name, sizeof name, "c%zu", i);
            if (i > 0) put(&bytes, &delimiter, 1);
            put(&bytes, name, strlen(name));
        }
        for (size_t r = 1; r <= rows; r++) {
            put_end(&bytes, &state, kinds);
            while (test_random_below(&state, 10) == 0) put_end(&bytes, &state, kinds);
            put_row(&expected, (int64_t)r, columns, PS_CSV_EXACT);
            for (size_t i = 0; i < columns; i++) {
                if (i > 0) put(&bytes, &delimiter, 1);
                random_cell(&state, &cell);
                put_cell(&bytes, &cell, delimiter, columns == 1, &state);
                put_field(&expected, (ps_str){cell.p, cell.n});
            }
        }
        if (test_random_below(&state, 2) == 0) put_end(&bytes, &state, kinds);
        /* Both readers give the table that was written. */
        text found = {NULL, 0, 0}, reference_found = {NULL, 0, 0};
        ps_stream *stream;
        ps_error err;
        assert_int_equal(ps_stream_of_bytes(bytes.p, bytes.n, &stream, &err), PS_OK);
        ps_csv_options options = {.delimiter = columns > 1 ? '\0' : delimiter,
                                  .block_bytes = random_block(&state)};
        assert_int_equal(read_rows(stream, options, all, columns, &found, &err), PS_OK);
        assert_same(&found, &expected);
        size_t bom = (unsigned char)bytes.p[0] == 0xEF ? 3 : 0;
        assert_true(reference_rows(bytes.p + bom, bytes.n - bom, delimiter, columns, all,
                                   columns, &reference_found));
        assert_same(&reference_found, &expected);
        ps_free(found.p);
        ps_free(reference_found.p);
        check(&bytes, delimiter, columns, NULL, &state);
    }
    ps_free(bytes.p);
    ps_free(cell.p);
    ps_free(expected.p);
}

/* ---- random bytes ---- */

static void any_bytes_are_read_as_the_reference_does(void **unused) {
    (void)unused;
    static const char *const alphabets[] = {"a\",\n", "ab\"\",,\n\r ", "abc,\n", "a\"\n",
                                            "a\xC3\xA9\",\n"};
    uint64_t state = 42;
    char *folder = test_folder_make();
    text bytes = {NULL, 0, 0};
    for (int round = 0; round < 4 * ROUNDS; round++) {
        const char *alphabet = alphabets[test_random_below(&state, 5)];
        size_t n =
            test_random_below(&state, test_random_below(&state, 20) == 0 ? 3000 : 200);
        bytes.n = 0;
        put(&bytes, "c0,c1,c2\n", 9);
        for (size_t i = 0; i < n; i++)
            put(&bytes, &alphabet[test_random_below(&state, strlen(alphabet))], 1);
        check(&bytes, ',', 3, round % 100 == 0 ? folder : NULL, &state);
    }
    ps_free(bytes.p);
    test_folder_remove(folder);
}

typedef ps_status scan_fn(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                          char delimiter, ps_error *err);

static void assert_same_structure(scan_fn *way) {
    static const char letters[] = "ab,;\"\"\n\r \x80\xC3\xA9,\n";
    uint64_t random = 77;
    ps_csv_scan plain = {0}, vector = {0};
    for (int round = 0; round < 3000; round++) {
        char b[1000 + PS_SCAN_WINDOW] = {0};
        const size_t n = test_random_below(&random, 1000);
        const size_t from = test_random_below(&random, n + 1);
        const size_t kinds = 2 + test_random_below(&random, sizeof letters - 2);
        for (size_t i = 0; i < n; i++) b[i] = letters[test_random_below(&random, kinds)];
        if (round % 16 == 0 && n > 0) b[n / 2] = '\0';
        /* nothing but separators fills whole windows */
        if (round % 64 == 0) memset(b, ',', n);
        assert_int_equal(ps_csv_scan_plain(&plain, b, from, n, ',', NULL), PS_OK);
        assert_int_equal(way(&vector, b, from, n, ',', NULL), PS_OK);
        assert_int_equal(plain.separators, vector.separators);
        assert_int_equal(plain.records, vector.records);
        if (plain.separators > 0)
            assert_memory_equal(plain.separator, vector.separator,
                                plain.separators * sizeof *plain.separator);
        if (plain.records > 0)
            assert_memory_equal(plain.record, vector.record,
                                plain.records * sizeof *plain.record);
        assert_int_equal(plain.nul, vector.nul);
        assert_int_equal(plain.high, vector.high);
        assert_int_equal(plain.open, vector.open);
        assert_int_equal(plain.quoted, vector.quoted);
    }
    ps_csv_scan_free(&plain);
    ps_csv_scan_free(&vector);
}

/* Whether the structure is found by plain C or by vector instructions does not show. */
static void structure_is_the_same_by_avx2(void **state) {
    (void)state;
    if (ps_csv_scan_has_avx2()) {
        assert_same_structure(ps_csv_scan_avx2);
    } else {
        print_message("this processor has no AVX2\n");
        skip();
    }
}

static void structure_is_the_same_by_avx512(void **state) {
    (void)state;
    if (ps_csv_scan_has_avx512()) {
        assert_same_structure(ps_csv_scan_avx512);
    } else {
        print_message("this processor has no AVX-512 with VBMI2\n");
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_back),
        cmocka_unit_test(any_bytes_are_read_as_the_reference_does),
        cmocka_unit_test(structure_is_the_same_by_avx2),
        cmocka_unit_test(structure_is_the_same_by_avx512),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
