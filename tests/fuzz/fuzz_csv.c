/* Any bytes as delimited text. The first byte chooses the delimiter and how small the
 * blocks are; the same bytes in one ordinary block have to give the same fields, and both
 * the same kind of error.
 */
#include <stdint.h>
#include <stdlib.h>

#include "engine/core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MOST = 8 };

typedef struct outcome {
    ps_status status;
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

static void hash_block(ps_csv_cursor *cursor, const ps_csv_block *block, outcome *out) {
    ps_csv_record record;
    ps_csv_shape shape;
    int64_t rows = 0;
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
    require(ps_csv_cursor_status(cursor, NULL) == PS_OK);
    out->rows += rows;
}

static outcome read_all(const uint8_t *data, size_t size, ps_csv_options options) {
    outcome out = {PS_OK, 0, UINT64_C(14695981039346656037)};
    ps_error err = {PS_OK, ""};
    ps_stream *stream;
    ps_csv *csv;
    ps_csv_cursor *cursor;
    ps_csv_block block = {0};
    require(ps_stream_of_bytes(data, size, &stream, &err) == PS_OK);
    out.status = ps_csv_open(stream, &options, &csv, &err);
    if (out.status != PS_OK) return out;
    int chosen[COLUMNS_MOST];
    for (size_t i = 0; i < COLUMNS_MOST; i++)
        chosen[i] = i < ps_csv_columns(csv) ? (int)i : -1;
    require(ps_csv_cursor_create(csv, chosen, COLUMNS_MOST, &cursor, &err) == PS_OK);
    for (;;) {
        require(ps_csv_columns(csv) > 0 && ps_csv_columns(csv) <= PS_CSV_MAX_COLUMNS);
        out.status = ps_csv_next_block(csv, &block, &err);
        if (out.status != PS_OK || block.rows == 0) break;
        hash_block(cursor, &block, &out);
    }
    require(out.status == err.status);
    ps_csv_cursor_free(cursor);
    ps_csv_block_free(&block);
    ps_csv_close(csv);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    static const char delimiters[] = {'\0', ',', ';', '\t'};
    ps_csv_options options = {.delimiter = delimiters[data[0] & 3],
                              .header_row = 1 + (data[0] >> 2 & 1)};
    outcome whole = read_all(data + 1, size - 1, options);
    options.block_bytes = 1 + (size_t)(data[0] >> 3);
    outcome pieces = read_all(data + 1, size - 1, options);
    require(whole.status == pieces.status);
    if (whole.status != PS_OK) return 0;
    require(whole.rows == pieces.rows && whole.hash == pieces.hash);
    return 0;
}
