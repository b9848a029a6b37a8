/* Any bytes as delimited text. The first byte chooses the delimiter, the header and how
 * small the blocks are. One ordinary block, a stream of small blocks, and small pieces
 * that are fetched in any order and taken in theirs have to give the same fields and the
 * same error.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MOST = 8 };

typedef struct outcome {
    ps_error err;
    int64_t rows;
    uint64_t hash;
} outcome;

static uint64_t mix(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return (hash ^ n) * UINT64_C(1099511628211);
}

static void require(bool holds) {
    if (!holds) abort();
}

/* Plain records are what the cursor would have told one by one. */
static void check_plain(ps_csv_cursor *cursor, const ps_csv_block *block) {
    enum { MOST = 5 };
    ps_str field[MOST * COLUMNS_MOST];
    ps_csv_record record;
    ps_csv_shape shape;
    size_t n;
    ps_csv_cursor_start(cursor, block);
    do {
        int64_t row;
        n = ps_csv_cursor_plain(cursor, MOST, &row, field);
        for (size_t i = 0; i < n * COLUMNS_MOST; i++) require(ps_utf8_valid(field[i]));
    } while (n > 0 || ps_csv_cursor_next(cursor, &record, &shape));
}

static void hash_block(ps_csv_cursor *cursor, const ps_csv_block *block, outcome *out) {
    ps_csv_record record;
    ps_csv_shape shape;
    int64_t rows = 0;
    require(block->rows == 0 || block->first_row == out->rows + 1);
    ps_csv_cursor_start(cursor, block);
    for (; ps_csv_cursor_next(cursor, &record, &shape); rows++) {
        require(record.row == block->first_row + rows);
        out->hash = mix(out->hash, &record.fields, sizeof record.fields);
        out->hash = mix(out->hash, &shape, sizeof shape);
        for (size_t i = 0; i < COLUMNS_MOST; i++) {
            require(ps_utf8_valid(record.field[i]));
            out->hash = mix(out->hash, record.field[i].p, record.field[i].n);
        }
    }
    require(rows == block->rows);
    check_plain(cursor, block);
    require(ps_csv_cursor_status(cursor, NULL) == PS_OK);
    out->rows += rows;
}

static ps_status read_blocks(ps_csv *csv, ps_csv_cursor *cursor, outcome *out) {
    ps_csv_block block = {0};
    ps_status status;
    while ((status = ps_csv_next_block(csv, &block, &out->err)) == PS_OK &&
           block.rows > 0)
        hash_block(cursor, &block, out);
    ps_csv_block_free(&block);
    return status;
}

/* All pieces are fetched before the first is taken, from a different end each time. */
static ps_status read_pieces(ps_csv *csv, ps_csv_cursor *cursor, outcome *out) {
    const size_t n = ps_csv_pieces(csv);
    if (n == 0) return read_blocks(csv, cursor, out);
    ps_csv_block *block = calloc(n, sizeof *block);
    require(block != NULL);
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        const size_t piece = i % 2 == 0 ? i / 2 : n - 1 - i / 2;
        status = ps_csv_fetch(csv, piece, &block[piece], &out->err);
    }
    for (size_t piece = 0; piece < n && status == PS_OK; piece++) {
        status = ps_csv_take(csv, &block[piece], &out->err);
        if (status == PS_OK) hash_block(cursor, &block[piece], out);
    }
    for (size_t i = 0; i < n; i++) ps_csv_block_free(&block[i]);
    free(block);
    return status;
}

typedef enum way { WHOLE, STREAM, PIECES } way;

/* The bytes as gzip in a file without a name, which is no text to be read in any order.
 */
static ps_stream *open_packed(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (fd < 0) fd = memfd_create("fuzz", 0);
    require(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    gzFile file = gzdopen(dup(fd), "wb0");
    require(file != NULL);
    require(size == 0 || gzwrite(file, data, (unsigned)size) == (int)size);
    require(gzclose(file) == Z_OK);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const ps_source source = {.name = "fuzz", .path = path, .packing = PS_GZIP};
    ps_stream *stream;
    require(ps_stream_open(&source, &stream, NULL) == PS_OK);
    return stream;
}

static outcome read_all(const uint8_t *data, size_t size, ps_csv_options options,
                        way how) {
    outcome out = {{PS_OK, ""}, 0, UINT64_C(14695981039346656037)};
    ps_stream *stream;
    ps_csv *csv;
    ps_csv_cursor *cursor;
    if (how == STREAM)
        stream = open_packed(data, size);
    else
        require(ps_stream_of_bytes(data, size, &stream, NULL) == PS_OK);
    if (ps_csv_open(stream, &options, &csv, &out.err) != PS_OK) return out;
    int chosen[COLUMNS_MOST];
    for (size_t i = 0; i < COLUMNS_MOST; i++)
        chosen[i] = i < ps_csv_columns(csv) ? (int)i : -1;
    require(ps_csv_columns(csv) > 0 && ps_csv_columns(csv) <= PS_CSV_MAX_COLUMNS);
    require(ps_csv_cursor_create(csv, chosen, COLUMNS_MOST, &cursor, NULL) == PS_OK);
    const ps_status status =
        how == PIECES ? read_pieces(csv, cursor, &out) : read_blocks(csv, cursor, &out);
    require(status == out.err.status);
    const char *windows = ps_csv_windows_from(csv);
    if (windows != NULL) out.hash = mix(out.hash, windows, strlen(windows));
    ps_csv_cursor_free(cursor);
    ps_csv_close(csv);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    static const char delimiters[] = {'\0', ',', ';', '\t'};
    ps_csv_options options = {.delimiter = delimiters[data[0] & 3],
                              .header = {1 + (data[0] >> 2 & 1), 1 + (data[0] >> 3 & 1)}};
    outcome whole = read_all(data + 1, size - 1, options, WHOLE);
    options.block_bytes = 1 + (size_t)(data[0] >> 3);
    for (way how = STREAM; how <= PIECES; how++) {
        outcome other = read_all(data + 1, size - 1, options, how);
        require(whole.err.status == other.err.status);
        require(strcmp(whole.err.text, other.err.text) == 0);
        if (whole.err.status != PS_OK) continue;
        require(whole.rows == other.rows && whole.hash == other.hash);
    }
    return 0;
}
