#include "engine/run/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/core/seen.h"
#include "engine/core/table.h"
#include "engine/run/decode.h"

enum {
    LAYER_ROWS = 16384, /* rows of a point layer that are read at once */
    /* Blocks of one call: many, so that workers seldom wait for the last of them; fewer
     * where all of them have to be kept. */
    MOST_BLOCKS = 256,
    KEPT_PER_WORKER = 32,
    MOST_KEPT = 256,
    KEPT_ROWS = 1 << 20, /* and about so many rows */
    LARGE_BLOCK = 4 * PS_CSV_BLOCK_BYTES,
    /* Packed files of up to so many bytes are unpacked at once, side by side. */
    WHOLE_BYTES = 16 << 20,
    WHOLE_ROWS = 1 << 18,  /* and so many rows; what holds more is read as a stream */
    SEEN_BYTES = 64 << 20, /* for the keys of rows met before */
    IMPLAUSIBLE_LEAST = 10 /* so many senseless coordinates are tolerated in any input */
};
static const double implausible_share = 0.001;

typedef enum input_kind {
    PIECES, /* a plain file: pieces in any order */
    STREAM, /* a packed file: one block after the other */
    WHOLE,  /* a packed file that is unpacked at once; may turn out to be a stream */
    LAYER,
    SHEET
} input_kind;

typedef struct input {
    input_kind kind;
    bool passed_over;
    ps_points_read read;
    uint64_t *context; /* of rows with a key: in order and each once, then new ones */
    size_t contexts, contexts_in_order, context_capacity;
    bool boundless;  /* there are too many of them */
    ps_csv *csv;     /* while it is being read */
    int *columns;    /* of the decoder, in this file */
    ps_table *table; /* SHEET: of the columns of the decoder */
    size_t next_piece;
    bool unpacked; /* WHOLE: has been read */
} input;

/* The rows of one piece of an input. */
typedef struct block {
    ps_points_block view;
    ps_csv_block csv;
    ps_decoded rows;
} block;

/* One piece that is to be read in this call. */
typedef struct task {
    size_t source, piece;
    bool whole;
    bool put_off; /* left to a later call */
    bool decoded;
    ps_error fetched; /* told in turn, unless the task is put off */
    block *block;     /* NULL: the worker's */
    ps_rows rows;
    int64_t placed, swapped; /* see decode.h */
    uint64_t *context;       /* of its rows with a key, each once */
    size_t n_contexts, context_capacity;
} task;

/* What one worker keeps. */
typedef struct worker {
    ps_csv_cursor *cursor;
    ps_str *field;        /* of PS_DECODE_ROWS rows */
    size_t cursor_source; /* + 1; 0 none */
    block block;          /* where blocks need not be kept */
    ps_unpacker *unpacker;
} worker;

struct ps_points {
    ps_points_spec spec;
    const ps_talk *talk;
    ps_source_list *sources;
    input *input;
    ps_crs *crs;
    ps_decoder *decoder;
    const char *const *column;
    size_t n_columns;
    double box[4];

    size_t current; /* first source that is not read to its end */
    ps_layer_points *layer;
    ps_str *layer_texts;
    double *layer_xy;
    int64_t bytes_before, bytes_total;

    int n_workers;
    worker *worker;
    task *task;
    size_t n_tasks, most_tasks;
    _Atomic size_t put_off_from; /* tasks from here on are put off; set in turn */
    int64_t rows_taken;          /* in this call, in turn */
    int64_t most_unpacked;       /* bytes of packed files that are unpacked in one call */
    block *block;                /* one per task, where blocks have to be kept */
    size_t n_blocks;
    ps_points_block *view;
    ps_seen *seen;
    ps_points_take *take;
    void *context;
};

const char *ps_cause_text(ps_cause cause) {
    static const char *const text[PS_CAUSES] = {"too few fields",
                                                "too many fields",
                                                "coordinate is not a number",
                                                "coordinate makes no sense in its CRS",
                                                "date cannot be read",
                                                "count is no whole number of 0 or more",
                                                "no key to look up",
                                                "key that the table looked up lacks",
                                                "key of several rows that differ"};
    return text[cause];
}

void ps_rows_tell(const ps_rows *rows, ps_output *out) {
    ps_output_printf(out,
                     "%lld read = %lld located + %lld unlocated + %lld invalid + %lld "
                     "duplicate + %lld filtered\n",
                     (long long)rows->read, (long long)rows->located,
                     (long long)rows->unlocated, (long long)rows->invalid,
                     (long long)rows->duplicate, (long long)rows->filtered);
}

bool ps_points_are_coded(const ps_points_spec *spec) {
    return spec->code != NULL || spec->area != NULL;
}

/* Text files are read by our own reader, spatial files by OGR. */
static bool is_layer_file(const ps_source *source, const ps_points_spec *spec) {
    if (spec->layer != NULL) return true;
    if (source->member != NULL) return false;
    static const char *const spatial[] = {".gpkg", ".geojson", ".json", ".shp", ".fgb",
                                          ".gdb",  ".tab",     ".mif",  ".gml"};
    for (size_t i = 0; i < sizeof spatial / sizeof *spatial; i++)
        if (ps_str_ends_with(ps_str_of(source->path), spatial[i])) return true;
    return false;
}

static bool is_sheet_file(const ps_source *source) {
    return source->member == NULL &&
           (ps_str_ends_with(ps_str_of(source->path), ".xlsx") ||
            ps_str_ends_with(ps_str_of(source->path), ".ods"));
}

/* Open source `i` as delimited text and find the columns in its header. */
static ps_status open_csv(ps_points *p, size_t i, ps_unpacker *unpacker, ps_error *err) {
    const ps_source *source = ps_source_list_get(p->sources, i);
    input *in = &p->input[i];
    ps_stream *stream = NULL;
    PS_TRY(in->kind == WHOLE ? ps_stream_open_whole(source, unpacker, &stream, err)
                             : ps_stream_open(source, &stream, err));
    if (in->kind == WHOLE && !ps_stream_is_seekable(stream)) in->kind = STREAM;
    ps_csv_options options = {.name = source->name, .header = p->spec.header};
    PS_TRY(ps_csv_open(stream, &options, &in->csv, err));
    for (size_t c = 0; c < p->n_columns; c++)
        PS_TRY(
            ps_csv_need_column(in->csv, ps_str_of(p->column[c]), &in->columns[c], err));
    return PS_OK;
}

/* What is known of a text when it has been read. */
static void close_csv(input *in) {
    if (in->csv == NULL) return;
    ps_points_read *read = &in->read;
    const char *from = ps_csv_windows_from(in->csv);
    snprintf(read->encoding, sizeof read->encoding, "%s", ps_csv_encoding(in->csv));
    if (from != NULL) snprintf(read->windows_from, sizeof read->windows_from, "%s", from);
    ps_csv_close(in->csv);
    in->csv = NULL;
}

static ps_str *column_names(const ps_points *p) {
    ps_str *names = ps_alloc(p->n_columns, sizeof *names);
    for (size_t c = 0; names != NULL && c < p->n_columns; c++)
        names[c] = ps_str_of(p->column[c]);
    return names;
}

static ps_status open_layer(const ps_points *p, size_t i, ps_layer_points **layer,
                            ps_error *err) {
    const ps_source *source = ps_source_list_get(p->sources, i);
    ps_layer_spec spec = {
        .path = source->path, .layer = p->spec.layer, .crs = p->spec.crs};
    ps_str *fields = column_names(p);
    if (fields == NULL) return ps_fail_nomem(err);
    ps_status status = ps_layer_points_open(&spec, fields, p->n_columns, layer, err);
    ps_free(fields);
    return status;
}

static ps_status check_layer(ps_points *p, size_t i, ps_error *err) {
    ps_layer_points *layer = NULL;
    PS_TRY(open_layer(p, i, &layer, err));
    const ps_crs *crs = ps_layer_points_crs(layer);
    ps_status status = PS_OK;
    if (p->crs == NULL)
        status = ps_crs_open(ps_crs_wkt(crs), &p->crs, err);
    else if (!ps_crs_same(p->crs, crs))
        status = ps_fail(err, PS_FORMAT,
                         "%s is in %s, but the inputs before it are in %s; give files "
                         "of one CRS, or set crs",
                         ps_source_list_get(p->sources, i)->name, ps_crs_name(crs),
                         ps_crs_name(p->crs));
    ps_layer_points_close(layer);
    return status;
}

/* Where rows without a geometry are. */
static ps_status check_place(const ps_points *p, size_t i, ps_error *err) {
    if (ps_points_are_coded(&p->spec) ||
        (p->spec.x != NULL && p->spec.y != NULL && p->spec.crs != NULL))
        return PS_OK;
    return ps_fail(err, PS_CONFIG,
                   "%s: a file without geometries needs the columns of x and y and their "
                   "crs (for police.uk files say format police.uk)",
                   ps_points_source_name(p, i));
}

/* A workbook says what columns it has when it has been read. */
static ps_status open_sheet(ps_points *p, size_t i, ps_error *err) {
    PS_TRY(check_place(p, i, err));
    ps_str *names = column_names(p);
    if (names == NULL) return ps_fail_nomem(err);
    const ps_status status = ps_layer_read_table(
        ps_points_source_path(p, i), NULL, p->spec.sheet, p->spec.header, names,
        p->n_columns, p->talk, &p->input[i].table, err);
    ps_free(names);
    return status;
}

static ps_status check_text(ps_points *p, size_t i, ps_error *err) {
    const ps_source *source = ps_source_list_get(p->sources, i);
    input *in = &p->input[i];
    PS_TRY(check_place(p, i, err));
    in->columns = ps_alloc(p->n_columns, sizeof *in->columns);
    if (in->columns == NULL) return ps_fail_nomem(err);
    /* Its header can be had without unpacking all of it. */
    in->kind = source->packing == PS_PLAIN ? PIECES : STREAM;
    PS_TRY(open_csv(p, i, NULL, err));
    ps_csv_close(in->csv);
    in->csv = NULL;
    if (ps_source_whole(source, WHOLE_BYTES) > 0) in->kind = WHOLE;
    return PS_OK;
}

/* Every header is read before any row, so that an absent column is told before work
 * starts. */
static ps_status check_inputs(ps_points *p, ps_error *err) {
    const size_t n = ps_source_list_size(p->sources);
    for (size_t i = 0; i < n; i++) {
        const ps_source *source = ps_source_list_get(p->sources, i);
        p->bytes_total += source->bytes;
        if (is_layer_file(source, &p->spec)) {
            p->input[i].kind = LAYER;
            PS_TRY(check_layer(p, i, err));
        } else if (is_sheet_file(source)) {
            p->input[i].kind = SHEET;
            PS_TRY(open_sheet(p, i, err));
        } else {
            PS_TRY(check_text(p, i, err));
        }
    }
    return PS_OK;
}

/* Blocks have to be kept until duplicates are known. */
static bool keeps_blocks(const ps_points *p) {
    return ps_decoder_has_key(p->decoder);
}

static ps_status make_workers(ps_points *p, ps_error *err) {
    const size_t workers = (size_t)p->n_workers;
    p->most_tasks = MOST_BLOCKS;
    if (keeps_blocks(p)) {
        p->most_tasks = workers * KEPT_PER_WORKER;
        if (p->most_tasks > MOST_KEPT) p->most_tasks = MOST_KEPT;
    }
    if (p->most_tasks < 2 * workers) p->most_tasks = 2 * workers;
    p->most_unpacked = (int64_t)p->n_workers * WHOLE_BYTES;
    p->worker = ps_zalloc((size_t)p->n_workers, sizeof *p->worker);
    p->task = ps_zalloc(p->most_tasks, sizeof *p->task);
    p->view = ps_zalloc(p->most_tasks, sizeof *p->view);
    for (size_t w = 0; p->worker != NULL && w < workers; w++) {
        p->worker[w].field = ps_alloc(PS_DECODE_ROWS * p->n_columns, sizeof(ps_str));
        if (p->worker[w].field == NULL) return ps_fail_nomem(err);
    }
    p->n_blocks = keeps_blocks(p) ? p->most_tasks : 0;
    p->block = ps_zalloc(p->n_blocks, sizeof *p->block);
    if (p->worker == NULL || p->task == NULL || p->view == NULL || p->block == NULL)
        return ps_fail_nomem(err);
    return ps_seen_create((size_t)p->n_workers, SEEN_BYTES, &p->seen, err);
}

static ps_status open_points(ps_points *p, ps_error *err) {
    static const char *const suffixes[] = {".csv", ".csv.gz", NULL};
    p->n_workers = ps_threads();
    PS_TRY(ps_decoder_create(&p->spec, p->n_workers, p->talk, &p->decoder, err));
    p->column = ps_decoder_columns(p->decoder, &p->n_columns);
    PS_TRY(ps_source_list_open(p->spec.files, p->spec.n_files, p->spec.base, suffixes,
                               &p->sources, err));
    p->input = ps_zalloc(ps_source_list_size(p->sources), sizeof *p->input);
    if (p->input == NULL) return ps_fail_nomem(err);
    if (p->spec.crs != NULL)
        PS_TRY(ps_prepared_crs(p->spec.prepared, p->spec.crs, &p->crs, err));
    PS_TRY(check_inputs(p, err));
    double box[4];
    if (p->crs != NULL && ps_crs_plausible_box(p->crs, box)) ps_points_set_box(p, box);
    return make_workers(p, err);
}

ps_status ps_points_open(const ps_points_spec *spec, const ps_talk *talk, ps_points **out,
                         ps_error *err) {
    *out = NULL;
    ps_points *p = ps_zalloc(1, sizeof *p);
    if (p == NULL) return ps_fail_nomem(err);
    p->spec = *spec;
    p->talk = talk;
    ps_status status = open_points(p, err);
    if (status != PS_OK) {
        ps_points_close(p);
        return status;
    }
    *out = p;
    return PS_OK;
}

const ps_crs *ps_points_crs(const ps_points *points) {
    return points->crs;
}

void ps_points_set_box(ps_points *points, const double box[4]) {
    memcpy(points->box, box, sizeof points->box);
    ps_decoder_set_box(points->decoder, box);
}

const double *ps_points_box(const ps_points *points) {
    return points->box;
}

bool ps_points_are_keyed(const ps_points *points) {
    return keeps_blocks(points);
}

const ps_points_spec *ps_points_spec_of(const ps_points *points) {
    return &points->spec;
}

size_t ps_points_sources(const ps_points *points) {
    return ps_source_list_size(points->sources);
}

const char *ps_points_source_name(const ps_points *points, size_t source) {
    return ps_source_list_get(points->sources, source)->name;
}

const char *ps_points_source_path(const ps_points *points, size_t source) {
    return ps_source_list_get(points->sources, source)->path;
}

int64_t ps_points_source_bytes(const ps_points *points, size_t source) {
    return ps_source_list_get(points->sources, source)->bytes;
}

const char *ps_points_source_encoding(const ps_points *points, size_t source) {
    return points->input[source].read.encoding;
}

ps_row_text ps_points_row_text(const ps_points *p, size_t source, int64_t row) {
    ps_row_text out;
    if (ps_points_is_text(p, source))
        return ps_csv_row_text(ps_source_list_get(p->sources, source), p->spec.header,
                               row);
    snprintf(out.text, sizeof out.text, "%lld", (long long)row);
    return out;
}

const ps_rows *ps_points_rows(const ps_points *points, size_t source) {
    return &points->input[source].read.rows;
}

bool ps_points_is_text(const ps_points *points, size_t source) {
    const input_kind kind = points->input[source].kind;
    return kind != LAYER && kind != SHEET;
}

const ps_source *ps_points_source(const ps_points *points, size_t source) {
    return ps_source_list_get(points->sources, source);
}

void ps_points_pass_over(ps_points *points, size_t source, const ps_points_read *read) {
    points->input[source].passed_over = true;
    points->input[source].read = *read;
}

ps_status ps_points_add_group(ps_points *points, ps_str texts, int32_t *group,
                              ps_error *err) {
    return ps_groups_add(ps_decoder_groups(points->decoder), texts, group, err);
}

const ps_points_read *ps_points_found(const ps_points *points, size_t source) {
    return &points->input[source].read;
}

bool ps_points_contexts(const ps_points *points, size_t source, const uint64_t **list,
                        size_t *n) {
    const input *in = &points->input[source];
    *list = in->context;
    *n = in->boundless ? 0 : in->contexts;
    return !in->boundless;
}

const ps_groups *ps_points_groups(const ps_points *points) {
    return ps_decoder_groups(points->decoder);
}

const ps_lookup *ps_points_lookup(const ps_points *points, size_t with) {
    return ps_decoder_lookup(points->decoder, with);
}

size_t ps_points_most_blocks(const ps_points *points) {
    return points->most_tasks;
}

/* ---- what to read next ---- */

static void add_task(ps_points *p, size_t source, size_t piece) {
    task *t = &p->task[p->n_tasks];
    *t = (task){.source = source,
                .piece = piece,
                .whole = p->input[source].kind == WHOLE,
                .block = keeps_blocks(p) ? &p->block[p->n_tasks] : NULL,
                .context = t->context,
                .context_capacity = t->context_capacity};
    p->n_tasks++;
}

/* Fill the tasks of one call; sources that they leave unfinished go on in the next. */
static ps_status plan_tasks(ps_points *p, ps_error *err) {
    const size_t sources = ps_source_list_size(p->sources);
    int64_t unpacked = 0;
    p->n_tasks = 0;
    p->put_off_from = SIZE_MAX;
    p->rows_taken = 0;
    for (size_t i = p->current; i < sources && p->n_tasks < p->most_tasks; i++) {
        input *in = &p->input[i];
        if (in->passed_over) continue;
        if (in->kind == LAYER || in->kind == SHEET) break;
        if (in->kind == WHOLE) {
            unpacked += ps_source_list_get(p->sources, i)->unpacked;
            if (p->n_tasks > 0 && unpacked > p->most_unpacked) break;
            add_task(p, i, 0);
            continue;
        }
        if (in->csv == NULL) PS_TRY(open_csv(p, i, NULL, err));
        if (in->kind == STREAM) {
            /* How many blocks it has is known when it ends. */
            while (p->n_tasks < p->most_tasks) add_task(p, i, 0);
            break;
        }
        const size_t pieces = ps_csv_pieces(in->csv);
        while (in->next_piece < pieces && p->n_tasks < p->most_tasks)
            add_task(p, i, in->next_piece++);
        if (in->next_piece < pieces) break;
    }
    return PS_OK;
}

/* ---- one block ---- */

static void free_block(block *b) {
    ps_csv_block_free(&b->csv);
    ps_decoded_free(&b->rows);
}

static block *block_of(ps_points *p, size_t item, int worker_id) {
    block *kept = p->task[item].block;
    return kept != NULL ? kept : &p->worker[worker_id].block;
}

/* The rows of all records of the block's bytes, for which there is room. */
static ps_status decode_records(const ps_points *p, size_t source, int worker_id,
                                const ps_csv *csv, block *b, ps_error *err) {
    worker *w = &p->worker[worker_id];
    if (w->cursor_source != source + 1) {
        ps_csv_cursor_free(w->cursor);
        w->cursor = NULL;
        w->cursor_source = 0;
        PS_TRY(ps_csv_cursor_create(csv, p->input[source].columns, p->n_columns,
                                    &w->cursor, err));
        w->cursor_source = source + 1;
    }
    ps_csv_record record;
    ps_csv_shape shape;
    ps_csv_cursor_start(w->cursor, &b->csv);
    for (;;) {
        int64_t row;
        const size_t plain =
            ps_csv_cursor_plain(w->cursor, PS_DECODE_ROWS, &row, w->field);
        if (plain > 0) {
            PS_TRY(ps_decode_rows(p->decoder, worker_id, &b->rows, row, plain, w->field,
                                  err));
        } else if (!ps_csv_cursor_next(w->cursor, &record, &shape)) {
            break;
        } else if (shape == PS_CSV_EXACT) {
            PS_TRY(ps_decode_row(p->decoder, worker_id, &b->rows, record.row,
                                 record.field, NULL, NULL, err));
        } else {
            char seen[64];
            int n = snprintf(seen, sizeof seen, "%zu fields", record.fields);
            ps_decode_nothing(
                &b->rows, record.row,
                shape == PS_CSV_SHORT ? PS_CAUSE_SHORT_ROW : PS_CAUSE_LONG_ROW,
                (ps_str){seen, (size_t)n});
        }
    }
    return ps_csv_cursor_status(w->cursor, err);
}

/* Fates are settled: hand the block on. */
static ps_status finish_block(ps_points *p, size_t item, block *b, int worker_id,
                              ps_error *err) {
    ps_decoded_count(&b->rows);
    p->task[item].rows = b->rows.rows;
    p->task[item].placed = b->rows.placed;
    p->task[item].swapped = b->rows.swapped;
    ps_points_block *view = &p->view[item];
    *view = (ps_points_block){
        .source = p->task[item].source,
        .first_row = b->csv.first_row,
        .n = b->rows.n,
        .x = b->rows.x,
        .y = b->rows.y,
        .group = b->rows.group,
        .fate = b->rows.fate,
        .area_code =
            p->spec.area_code != NULL || p->spec.code != NULL ? b->rows.area_code : NULL,
        .count = p->spec.count != NULL ? b->rows.count : NULL};
    return p->take(p->context, item, view, worker_id, err);
}

/* All rows of a packed file, unless it turns out to be a stream: what was unpacked goes
 * through a block that stays in the cache. */
static ps_status fetch_whole(ps_points *p, const task *t, block *b, int worker_id,
                             ps_error *err) {
    input *in = &p->input[t->source];
    worker *w = &p->worker[worker_id];
    if (w->unpacker == NULL) PS_TRY(ps_unpacker_create(&w->unpacker, err));
    PS_TRY(open_csv(p, t->source, w->unpacker, err));
    PS_TRY(ps_decoded_begin(p->decoder, &b->rows, 0, (ps_str){"", 0}, err));
    while (in->kind == WHOLE) {
        PS_TRY(ps_csv_next_block(in->csv, &b->csv, err));
        if (b->csv.rows == 0) break;
        PS_TRY(ps_decoded_extend(p->decoder, &b->rows, (size_t)b->csv.rows, err));
        PS_TRY(decode_records(p, t->source, worker_id, in->csv, b, err));
        if (b->rows.n > WHOLE_ROWS) in->kind = STREAM;
    }
    b->csv.first_row = 1;
    return PS_OK;
}

static ps_status fetch(ps_points *p, const task *t, block *b, int worker_id,
                       ps_error *err) {
    return t->whole ? fetch_whole(p, t, b, worker_id, err)
                    : ps_csv_fetch(p->input[t->source].csv, t->piece, &b->csv, err);
}

static ps_status fetch_block(void *context, size_t item, int worker_id, ps_error *err) {
    (void)err;
    ps_points *p = context;
    if (item >= p->put_off_from) return PS_OK;
    task *t = &p->task[item];
    t->fetched.status = fetch(p, t, block_of(p, item, worker_id), worker_id, &t->fetched);
    return PS_OK;
}

/* All tasks from some item on are left to the next call: when a file that was to be
 * unpacked at once became a stream, whose blocks nobody planned, and when the rows kept
 * are too many. Tasks come here in order. */
static void put_off(ps_points *p, size_t item) {
    task *t = &p->task[item];
    input *in = &p->input[t->source];
    const task *before = item > 0 ? t - 1 : NULL;
    const bool first = before == NULL || !before->put_off || before->source != t->source;
    if (in->kind == PIECES && first) in->next_piece = t->piece;
    t->put_off = true;
}

static ps_status take_block(void *context, size_t item, int worker_id, ps_error *err) {
    ps_points *p = context;
    task *t = &p->task[item];
    input *in = &p->input[t->source];
    if (item >= p->put_off_from) {
        put_off(p, item);
        return PS_OK;
    }
    if (t->fetched.status != PS_OK) {
        *err = t->fetched;
        return t->fetched.status;
    }
    if (t->whole && in->kind == STREAM) {
        p->put_off_from = item;
        put_off(p, item);
        return PS_OK;
    }
    block *b = block_of(p, item, worker_id);
    if (!t->whole) PS_TRY(ps_csv_take(in->csv, &b->csv, err));
    p->rows_taken += t->whole ? (int64_t)b->rows.n : b->csv.rows;
    if (keeps_blocks(p) && p->rows_taken > KEPT_ROWS) p->put_off_from = item + 1;
    return PS_OK;
}

static ps_status decode_block(void *context, size_t item, int worker_id, ps_error *err) {
    ps_points *p = context;
    task *t = &p->task[item];
    block *b = block_of(p, item, worker_id);
    input *in = &p->input[t->source];
    if (t->put_off) {
        PS_TRY(ps_decoded_begin(p->decoder, &b->rows, 0, (ps_str){"", 0}, err));
    } else if (!t->whole) {
        PS_TRY(ps_decoded_begin(p->decoder, &b->rows, (size_t)b->csv.rows,
                                (ps_str){b->csv.bytes, b->csv.n}, err));
        PS_TRY(decode_records(p, t->source, worker_id, in->csv, b, err));
    }
    if (t->whole && t->put_off) {
        ps_csv_close(in->csv);
        in->csv = NULL;
    } else if (t->whole) {
        close_csv(in);
        in->unpacked = true;
    }
    t->decoded = true;
    return keeps_blocks(p) ? PS_OK : finish_block(p, item, b, worker_id, err);
}

/* ---- duplicates ---- */

/* Shards are independent; within one, rows come in the order of the input. */
static ps_status drop_duplicates(void *context, size_t begin, size_t end, int worker_id,
                                 ps_error *err) {
    (void)worker_id;
    ps_points *p = context;
    for (size_t shard = begin; shard < end; shard++) {
        for (size_t i = 0; i < p->n_tasks; i++) {
            ps_decoded *rows = &p->block[i].rows;
            for (size_t r = 0; r < rows->n; r++) {
                ps_fingerprint key = rows->fingerprint[r];
                if ((key.low | key.high) == 0 || ps_seen_shard_of(p->seen, key) != shard)
                    continue;
                bool again;
                PS_TRY(ps_seen_add(p->seen, rows->context[r], key, &again, err));
                if (again) rows->fate[r] = PS_FATE_DUPLICATE;
            }
        }
    }
    return PS_OK;
}

static int by_number(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Put numbers in order, each once; how many there are. */
static size_t list_once(uint64_t *list, size_t n) {
    size_t kept = 0;
    if (n > 1) qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || list[i] != list[i - 1]) list[kept++] = list[i];
    return kept;
}

/* The contexts of the rows, which come in runs. */
static ps_status list_contexts(task *t, const ps_decoded *rows, ps_error *err) {
    uint64_t last = 0; /* none is 0 */
    size_t n = 0;
    for (size_t r = 0; r < rows->n; r++) {
        const ps_fingerprint key = rows->fingerprint[r];
        if ((key.low | key.high) == 0 || rows->context[r] == last) continue;
        PS_TRY(ps_grow((void **)&t->context, &t->context_capacity, n + 1,
                       sizeof *t->context, err));
        t->context[n++] = last = rows->context[r];
    }
    t->n_contexts = list_once(t->context, n);
    return PS_OK;
}

static ps_status finish_kept(void *context, size_t begin, size_t end, int worker_id,
                             ps_error *err) {
    ps_points *p = context;
    for (size_t i = begin; i < end; i++) {
        block *b = &p->block[i];
        PS_TRY(list_contexts(&p->task[i], &b->rows, err));
        PS_TRY(finish_block(p, i, b, worker_id, err));
        /* There are many of them: none keeps the size of a large file or record. */
        if (b->csv.capacity > LARGE_BLOCK) free_block(b);
    }
    return PS_OK;
}

/* ---- the end of a source ---- */

/* Coordinates that make no sense are a mistake about the file, not about a row. */
static ps_status check_plausible(const ps_points *p, size_t source, ps_error *err) {
    const input *in = &p->input[source];
    const ps_rows *rows = &in->read.rows;
    int64_t wrong = rows->by_cause[PS_CAUSE_IMPLAUSIBLE_COORDINATE];
    int64_t all = in->read.placed + wrong;
    if (wrong < IMPLAUSIBLE_LEAST && wrong < all) return PS_OK;
    if (wrong == 0 || (double)wrong <= implausible_share * (double)all) return PS_OK;
    char seen[160] = ""; /* the first one, unless three rows before it are invalid */
    for (int e = rows->examples - 1; e >= 0; e--)
        if (rows->example[e].cause == PS_CAUSE_IMPLAUSIBLE_COORDINATE)
            snprintf(seen, sizeof seen, "row %s: x, y = %s; ",
                     ps_points_row_text(p, source, rows->example[e].row).text,
                     rows->example[e].seen);
    return ps_fail(err, PS_FORMAT,
                   "%s: %lld of %lld coordinates make no sense in %s (%sexpected x "
                   "%.9g to %.9g, y %.9g to %.9g); %s",
                   ps_points_source_name(p, source), (long long)wrong, (long long)all,
                   ps_crs_name(p->crs), seen, p->box[0], p->box[2], p->box[1], p->box[3],
                   in->read.swapped * 2 > wrong
                       ? "x and y look swapped: exchange the two columns"
                       : "check the columns of x and y and their crs");
}

static void order_contexts(input *in) {
    in->contexts = in->contexts_in_order = list_once(in->context, in->contexts);
    in->boundless |= in->contexts > PS_POINTS_CONTEXTS;
}

static ps_status close_source(ps_points *p, size_t i, ps_error *err) {
    input *in = &p->input[i];
    close_csv(in);
    order_contexts(in);
    if (in->read.windows_from[0] != '\0')
        ps_csv_tell_windows(p->talk, ps_points_source_name(p, i), in->read.windows_from);
    ps_layer_points_close(p->layer);
    p->layer = NULL;
    ps_table_free(in->table);
    in->table = NULL;
    p->bytes_before += ps_source_list_get(p->sources, i)->bytes;
    return check_plausible(p, i, err);
}

static void add_rows(ps_rows *total, const ps_rows *part) {
    total->read += part->read;
    total->invalid += part->invalid;
    total->filtered += part->filtered;
    total->duplicate += part->duplicate;
    total->unlocated += part->unlocated;
    total->located += part->located;
    for (int c = 0; c < PS_CAUSES; c++) total->by_cause[c] += part->by_cause[c];
    for (int e = 0; e < part->examples && total->examples < 3; e++)
        total->example[total->examples++] = part->example[e];
}

/* ---- all blocks of a call ---- */

static ps_status read_sheet_rows(ps_points *p, block *b, ps_error *err) {
    const ps_table *table = p->input[p->current].table;
    const size_t first = (size_t)p->input[p->current].read.rows.read;
    size_t n = ps_table_rows(table) - first;
    if (n > LAYER_ROWS) n = LAYER_ROWS;
    ps_str *field = p->layer_texts;
    b->csv.first_row = (int64_t)first + 1;
    PS_TRY(ps_decoded_begin(p->decoder, &b->rows, n, (ps_str){"", 0}, err));
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < p->n_columns; c++)
            field[c] = ps_table_cell(table, first + i, c);
        PS_TRY(ps_decode_row(p->decoder, 0, &b->rows,
                             ps_table_row_in_file(table, first + i), field, NULL, NULL,
                             err));
    }
    return PS_OK;
}

static ps_status read_layer_rows(ps_points *p, block *b, ps_error *err) {
    if (p->layer == NULL) PS_TRY(open_layer(p, p->current, &p->layer, err));
    double *x = p->layer_xy, *y = x + LAYER_ROWS;
    size_t n;
    b->csv.first_row = p->input[p->current].read.rows.read + 1;
    PS_TRY(ps_layer_points_next(p->layer, LAYER_ROWS, x, y, p->layer_texts, &n, err));
    PS_TRY(ps_decoded_begin(p->decoder, &b->rows, n, (ps_str){"", 0}, err));
    for (size_t i = 0; i < n; i++)
        PS_TRY(ps_decode_row(p->decoder, 0, &b->rows, b->csv.first_row + (int64_t)i,
                             p->layer_texts + i * p->n_columns, &x[i], &y[i], err));
    return PS_OK;
}

static ps_status settle_duplicates(ps_points *p, ps_error *err) {
    PS_TRY(ps_par_for(ps_seen_shards(p->seen), 1, drop_duplicates, p, err));
    return ps_par_for(p->n_tasks, 1, finish_kept, p, err);
}

/* One task: some thousand rows of a layer or sheet. */
static ps_status read_layer(ps_points *p, ps_error *err) {
    p->n_tasks = 0;
    add_task(p, p->current, 0);
    block *b = block_of(p, 0, 0);
    if (p->layer_texts == NULL) {
        p->layer_texts =
            ps_alloc(LAYER_ROWS * (p->n_columns + 1), sizeof *p->layer_texts);
        p->layer_xy = ps_alloc(LAYER_ROWS * 2, sizeof *p->layer_xy);
        if (p->layer_texts == NULL || p->layer_xy == NULL) return ps_fail_nomem(err);
    }
    PS_TRY(p->input[p->current].kind == SHEET ? read_sheet_rows(p, b, err)
                                              : read_layer_rows(p, b, err));
    return keeps_blocks(p) ? settle_duplicates(p, err) : finish_block(p, 0, b, 0, err);
}

static void add_task_rows(ps_points *p, const task *t) {
    ps_points_read *read = &p->input[t->source].read;
    add_rows(&read->rows, &t->rows);
    read->placed += t->placed;
    read->swapped += t->swapped;
}

/* Files of one month have few, which come again with every block. */
static ps_status add_task_contexts(ps_points *p, const task *t, ps_error *err) {
    enum { SOME = 1024 };
    input *in = &p->input[t->source];
    if (t->n_contexts == 0 || in->boundless) return PS_OK;
    PS_TRY(ps_grow((void **)&in->context, &in->context_capacity,
                   in->contexts + t->n_contexts, sizeof *in->context, err));
    memcpy(in->context + in->contexts, t->context, t->n_contexts * sizeof *t->context);
    in->contexts += t->n_contexts;
    if (in->contexts > 2 * in->contexts_in_order + SOME) order_contexts(in);
    return PS_OK;
}

/* The pipe has failed. Coordinates are judged when a source ends, and how many sources
 * end in one call depends on the threads; so those in front are judged first. */
static ps_status judge_those_in_front(ps_points *p, ps_status status, ps_error *err) {
    for (size_t i = 0; i + 1 < p->n_tasks && p->task[i].decoded; i++) {
        task *t = &p->task[i];
        if (t->block != NULL) {
            t->rows = t->block->rows.rows; /* by cause: enough for that */
            t->placed = t->block->rows.placed;
            t->swapped = t->block->rows.swapped;
        }
        add_task_rows(p, t);
        if (t->source != p->task[i + 1].source)
            PS_TRY(check_plausible(p, t->source, err));
    }
    return status;
}

static ps_status read_texts(ps_points *p, ps_error *err) {
    PS_TRY(plan_tasks(p, err));
    ps_status status =
        ps_par_pipe(p->n_tasks, fetch_block, take_block, decode_block, p, err);
    if (status != PS_OK) return judge_those_in_front(p, status, err);
    return keeps_blocks(p) ? settle_duplicates(p, err) : PS_OK;
}

/* Whether all of a source has been read by the tasks of this call. */
static bool is_done(const ps_points *p, size_t i) {
    const input *in = &p->input[i];
    const size_t last = p->n_tasks - 1;
    if (in->passed_over) return true;
    switch (in->kind) {
        case WHOLE:
            return in->unpacked;
        case PIECES:
            return in->csv != NULL && in->next_piece == ps_csv_pieces(in->csv);
        case STREAM:
        case LAYER:
        case SHEET:
            return p->n_tasks > 0 && p->task[last].source == i &&
                   !p->task[last].put_off && p->view[last].n == 0;
    }
    return false;
}

/* What only reading needs; what was read stays known. */
static void release(ps_points *p) {
    for (int w = 0; p->worker != NULL && w < p->n_workers; w++) {
        ps_csv_cursor_free(p->worker[w].cursor);
        ps_free(p->worker[w].field);
        ps_unpacker_free(p->worker[w].unpacker);
        free_block(&p->worker[w].block);
    }
    for (size_t i = 0; p->block != NULL && keeps_blocks(p) && i < p->n_blocks; i++)
        free_block(&p->block[i]);
    ps_free(p->worker), ps_free(p->block);
    p->worker = NULL;
    p->block = NULL;
    ps_seen_free(p->seen);
    p->seen = NULL;
}

ps_status ps_points_next(ps_points *p, ps_points_take *take, void *context,
                         const ps_points_block **blocks, size_t *n, ps_error *err) {
    *n = 0;
    *blocks = p->view;
    p->take = take;
    p->context = context;
    const size_t sources = ps_source_list_size(p->sources);
    while (*n == 0 && p->current < sources) {
        PS_TRY(ps_points_is_text(p, p->current) ? read_texts(p, err)
                                                : read_layer(p, err));
        for (size_t t = 0; t < p->n_tasks; t++) {
            add_task_rows(p, &p->task[t]);
            PS_TRY(add_task_contexts(p, &p->task[t], err));
        }
        *n = p->n_tasks;
        while (p->current < sources && is_done(p, p->current))
            PS_TRY(close_source(p, p->current++, err));
    }
    if (*n == 0) {
        release(p);
        /* Keys and blocks make room for what is written next. */
        if (keeps_blocks(p)) ps_mem_give_back();
        return PS_OK;
    }
    double position = 0;
    if (p->current < sources && p->input[p->current].csv != NULL)
        position = (double)ps_csv_position(p->input[p->current].csv);
    char phase[160];
    snprintf(phase, sizeof phase, "reading %s",
             p->spec.id != NULL ? p->spec.id : "points");
    return ps_progress(p->talk, phase, (double)p->bytes_before + position,
                       (double)p->bytes_total, err);
}

static ps_status take_nothing(void *context, size_t index, const ps_points_block *b,
                              int worker_id, ps_error *err) {
    (void)context, (void)index, (void)b, (void)worker_id, (void)err;
    return PS_OK;
}

ps_status ps_points_estimate_rows(ps_points *p, double *rows, ps_error *err) {
    const ps_points_block *blocks;
    size_t n;
    *rows = 0;
    /* The same for any number of threads. */
    enum { SAMPLE_BLOCKS = 2, SAMPLE_BYTES = 1 << 20 };
    p->most_tasks = SAMPLE_BLOCKS;
    p->most_unpacked = SAMPLE_BYTES;
    PS_TRY(ps_points_next(p, take_nothing, NULL, &blocks, &n, err));
    for (size_t i = 0; i < n; i++) *rows += (double)blocks[i].n;
    double consumed = (double)p->bytes_before;
    if (p->current < ps_source_list_size(p->sources) && p->input[p->current].csv != NULL)
        consumed += (double)ps_csv_position(p->input[p->current].csv);
    if (consumed > 0) *rows = floor(*rows * (double)p->bytes_total / consumed + 0.5);
    return PS_OK;
}

double ps_points_memory(const ps_points *p, double rows) {
    /* A block: its bytes, its structure, and about 1200 decoded rows. */
    const double one = PS_CSV_BLOCK_BYTES * 1.7;
    const double key = 2 * sizeof(ps_fingerprint);
    const double workers = p->n_workers;
    bool whole = false;
    for (size_t i = 0; i < ps_source_list_size(p->sources); i++)
        whole = whole || p->input[i].kind == WHOLE;
    const bool kept = keeps_blocks(p);
    double bytes = one * (kept ? (double)p->most_tasks : workers);
    /* What is unpacked at once, packed, unpacked and decoded. */
    if (whole) bytes += WHOLE_BYTES * workers * 2.5;
    if (kept) bytes += fmin(rows * key, SEEN_BYTES);
    for (size_t w = 0; w < p->spec.n_with; w++)
        bytes += ps_lookup_memory(ps_points_lookup(p, w));
    return bytes;
}

void ps_points_close(ps_points *p) {
    if (p == NULL) return;
    release(p);
    for (size_t i = 0; p->input != NULL && i < ps_source_list_size(p->sources); i++) {
        ps_csv_close(p->input[i].csv);
        ps_table_free(p->input[i].table);
        ps_free(p->input[i].columns);
        ps_free(p->input[i].context);
    }
    ps_layer_points_close(p->layer);
    ps_free(p->layer_texts), ps_free(p->layer_xy);
    for (size_t t = 0; p->task != NULL && t < p->n_blocks; t++)
        ps_free(p->task[t].context);
    ps_free(p->task), ps_free(p->view);
    ps_decoder_free(p->decoder);
    ps_source_list_free(p->sources);
    ps_crs_free(p->crs);
    ps_free(p->input);
    ps_free(p);
}
