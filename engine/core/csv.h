/* Delimited text: bytes into records, records into fields.
 *
 * The form is RFC 4180 widened to what real files hold: LF, CRLF or CR line ends (also
 * mixed), quoted fields with doubled quotes and line ends inside, a UTF-8 byte order
 * mark, UTF-8 or else Windows-1252 (from the first record that is not valid UTF-8 to the
 * end), records with too few or too many fields, a last line without an end, empty lines
 * (skipped, not counted as rows). A quote opens a quoted field only as the first
 * character of the field; text between the closing quote and the next delimiter is
 * appended as it stands; a quote anywhere else is an ordinary character. A file that is
 * plainly not a table (an HTML page, UTF-16, a workbook, NUL bytes) is refused with
 * PS_FORMAT and a sentence that says what it looks like, and so is a quote that is never
 * closed.
 *
 * Two steps. Blocks of whole records are taken in order, with the numbers of their rows
 * and the positions of their separators; where the source allows it, what is costly in
 * that is done beforehand by any thread. Decoding a block, on any thread, hands out the
 * fields of the columns that the caller chose, by position in its choice. Memory is
 * bounded: a block is about PS_CSV_BLOCK_BYTES, a record longer than PS_CSV_MAX_RECORD is
 * PS_FORMAT (an unclosed quote).
 */
#ifndef PS_CORE_CSV_H
#define PS_CORE_CSV_H

#include "engine/core/csv_scan.h"
#include "engine/core/source.h"
#include "engine/core/talk.h"

enum {
    /* So that a block, its structure and its rows stay in the second-level cache. */
    PS_CSV_BLOCK_BYTES = 1 << 18,
    PS_CSV_MAX_RECORD = 16 << 20,
    PS_CSV_MAX_COLUMNS = 16384
};

/* Where a table has the names of its columns. Several rows are joined to one name as in
 * "Incidents / Number": above the last of them an empty cell belongs to the one left of
 * it, as in merged cells; empty and repeated parts are left out. */
typedef struct ps_header {
    int64_t row;  /* the first, from 1; 0 means 1 */
    int64_t rows; /* up to PS_HEADER_ROWS; 0 means 1 */
} ps_header;

enum { PS_HEADER_ROWS = 9 };

typedef struct ps_csv ps_csv;

typedef struct ps_csv_options {
    char delimiter;      /* 0: found from the header: the most frequent of , ; tab | */
    ps_header header;    /* records that hold the names; earlier ones are skipped */
    const char *name;    /* of the input, for messages */
    const ps_talk *talk; /* told once about a fallback to Windows-1252; or NULL */
    size_t block_bytes;  /* 0 means PS_CSV_BLOCK_BYTES; tests make blocks small */
} ps_csv_options;

/* Open a table and read its header. Takes the stream: it is closed with the reader, also
 * when opening fails. Names are trimmed, UTF-8, and may repeat or be empty. */
ps_status ps_csv_open(ps_stream *stream, const ps_csv_options *options, ps_csv **out,
                      ps_error *err) PS_MUST_CHECK;
size_t ps_csv_columns(const ps_csv *csv);
ps_str ps_csv_column_name(const ps_csv *csv, size_t column);
/* The column of that name: exact first, else ignoring case, outer spaces and repeated
 * spaces (published headers vary in them); -1 when absent, -2 when the name occurs more
 * than once. */
int ps_csv_find_column(const ps_csv *csv, ps_str name);
/* The column, or PS_CONFIG naming the input, the wanted name and the nearest one. */
ps_status ps_csv_need_column(const ps_csv *csv, ps_str name, int *out,
                             ps_error *err) PS_MUST_CHECK;
/* The same two over any list of names; what is the input, for the message. */
int ps_names_find(const ps_str *names, size_t n, ps_str name);
ps_status ps_names_need(const ps_str *names, size_t n, ps_str name, const char *what,
                        int *out, ps_error *err) PS_MUST_CHECK;
/* The names of n columns that stand in rows of cells, by the rule of ps_header. Names
 * that are made anew are the arena's. */
ps_status ps_names_join(const ps_str *const *row, size_t rows, size_t n, ps_arena *arena,
                        ps_str *names, ps_error *err) PS_MUST_CHECK;
/* "UTF-8", "UTF-8 with BOM", "Windows-1252": known for sure only after the last block. */
const char *ps_csv_encoding(const ps_csv *csv);
/* Where Windows-1252 begins, "the header" or "data row 7"; NULL while all is UTF-8. */
const char *ps_csv_windows_from(const ps_csv *csv);
/* What the talk of the options is told of that, for who reads many files side by side. */
void ps_csv_tell_windows(const ps_talk *talk, const char *name, const char *where);
char ps_csv_delimiter(const ps_csv *csv);
/* Packed bytes consumed, for progress. */
int64_t ps_csv_position(const ps_csv *csv);
void ps_csv_close(ps_csv *csv);

/* Whole records; the caller owns and reuses it. Zero-initialise. */
typedef struct ps_csv_block {
    char *bytes;
    size_t from, n, capacity; /* the records stand in bytes [from, n) */
    int64_t first_row;        /* number of its first record; data rows count from 1 */
    int64_t rows;
    size_t windows_from; /* records from here on are Windows-1252; n when none are */
    ps_csv_scan scan;
    /* While it is being read: */
    int64_t offset; /* of bytes in the text */
    size_t piece;
    size_t utf8; /* up to here it is UTF-8 */
} ps_csv_block;

/* The next records, at least one; rows = 0 at the end of the input. One thread at a time
 * and in order; the talk is told from that thread. After an error there are no more. */
ps_status ps_csv_next_block(ps_csv *csv, ps_csv_block *block,
                            ps_error *err) PS_MUST_CHECK;

/* The same in two steps, for many threads. A text that can be read in any order has this
 * many pieces; a stream has 0. */
size_t ps_csv_pieces(const ps_csv *csv);
/* Read a piece (0 for a stream): any number of threads, in any order. */
ps_status ps_csv_fetch(const ps_csv *csv, size_t piece, ps_csv_block *block,
                       ps_error *err) PS_MUST_CHECK;
/* The block gets its records: one thread at a time, each piece once and in order, and not
 * together with ps_csv_next_block. A piece in which no record begins has none; a stream
 * has ended when a block has none. */
ps_status ps_csv_take(ps_csv *csv, ps_csv_block *block, ps_error *err) PS_MUST_CHECK;
void ps_csv_block_free(ps_csv_block *block);

/* One decoded record. field[i] is the chosen column i, unquoted, valid UTF-8; the empty
 * view when the record is too short. Views are good until the next record is decoded. */
typedef struct ps_csv_record {
    int64_t row;
    size_t fields; /* fields that the record really has */
    const ps_str *field;
} ps_csv_record;

typedef enum ps_csv_shape {
    PS_CSV_EXACT, /* as many fields as the header has names (empty names at its end may be
                     absent) */
    PS_CSV_SHORT, /* fewer */
    PS_CSV_LONG   /* more, other than empty ones at the end */
} ps_csv_shape;

typedef struct ps_csv_cursor ps_csv_cursor;
/* Read the records of blocks of csv, of which only the n chosen columns are wanted; a
 * column may be chosen twice, and a negative one is always empty (an optional column that
 * the file lacks). One cursor per worker, reused for any number of blocks; it needs csv
 * only while it is created. */
ps_status ps_csv_cursor_create(const ps_csv *csv, const int *columns, size_t n,
                               ps_csv_cursor **out, ps_error *err) PS_MUST_CHECK;
void ps_csv_cursor_start(ps_csv_cursor *cursor, const ps_csv_block *block);
/* false after the last record of the block. No allocation, except for fields that hold
 * doubled quotes or Windows-1252 bytes (a scratch of the cursor). Running out of memory
 * there gives PS_NOMEM through err on the record. */
bool ps_csv_cursor_next(ps_csv_cursor *cursor, ps_csv_record *record,
                        ps_csv_shape *shape);
/* The next records as long as they are plain, up to most of them: as many fields as the
 * header has names, and the chosen ones stand there as they are, neither quoted nor in
 * Windows-1252. field has room for most times n views, record after record; good as long
 * as the block. 0 when the next one is not plain, or there is none; never more when a
 * column was chosen twice or is negative. Cost: two loads and two stores a field. */
size_t ps_csv_cursor_plain(ps_csv_cursor *cursor, size_t most, int64_t *first_row,
                           ps_str *field);
/* PS_OK, or why the cursor stopped early. */
ps_status ps_csv_cursor_status(const ps_csv_cursor *cursor, ps_error *err) PS_MUST_CHECK;
void ps_csv_cursor_free(ps_csv_cursor *cursor);

#endif
