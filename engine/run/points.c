#include "engine/run/points.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/core/par.h"
#include "engine/core/seen.h"

enum {
    LAYER_ROWS = 16384, /* rows of a point layer that are read at once */
    BLOCKS_PER_WORKER = 4,
    IMPLAUSIBLE_LEAST = 10 /* so many senseless coordinates are tolerated in any input */
};
static const double implausible_share = 0.001;

/* Where in a record the columns of the spec stand; indices into the chosen columns, or
 * -1. */
typedef struct roles {
    int x, y, date, key, reporter, area_code;
    int *by;
    int *where;
} roles;

/* What one worker keeps between blocks: ids of its own, translated to ids of the whole
 * run once per batch, so that workers never wait for each other. */
typedef struct worker {
    ps_csv_cursor *cursor;
    ps_keys *groups, *codes;
    int32_t *group_id, *code_id; /* own id -> id of the run */
    size_t group_capacity, code_capacity;
    size_t groups_known, codes_known; /* already translated */
    char *key;                        /* the group key under construction */
    size_t key_capacity;
    size_t last_key_size;
    int32_t last_group;
    char *last_key;
    size_t last_key_capacity;
    char date[32], month[16]; /* the last date as it stood, and its month */
    size_t date_size;
} worker;

typedef struct block {
    ps_points_block view;
    ps_csv_block csv;
    double *x, *y;
    int32_t *group, *area_code;
    uint8_t *fate;
    ps_fingerprint *fingerprint; /* of rows whose fate may become DUPLICATE */
    size_t capacity;
    int worker;
    ps_rows rows;
    int64_t
        swapped; /* implausible coordinates that would make sense the other way round */
    /* a point layer delivers its rows here */
    ps_str *texts;
    size_t n_layer_rows;
} block;

typedef struct input {
    ps_rows rows;
    int64_t swapped;
    const char *encoding;
    bool is_layer;
} input;

struct ps_points {
    ps_points_spec spec;
    const ps_talk *talk;
    ps_source_list *sources;
    input *input;
    ps_crs *crs;
    const ps_crs *layer_crs; /* of the open layer */
    double box[4];
    bool has_box;

    const char **column; /* chosen columns, without repeats */
    size_t n_columns;
    roles role;

    size_t current; /* source being read */
    ps_csv *csv;
    ps_layer_points *layer;
    int64_t bytes_before, bytes_total;

    worker *worker;
    int n_workers;
    block *block;
    size_t n_blocks;
    ps_points_block *view;
    ps_keys *groups, *codes;
    ps_seen *seen;
};

const char *ps_cause_text(ps_cause cause) {
    static const char *const text[PS_CAUSES] = {
        "too few fields", "too many fields", "coordinate is not a number",
        "coordinate makes no sense in its CRS", "date cannot be read"};
    return text[cause];
}

static bool ends_with(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcasecmp(name + n - m, suffix) == 0;
}

/* Text files are read by our own reader, spatial files by OGR. */
static bool is_layer_file(const ps_source *source, const ps_points_spec *spec) {
    if (spec->layer != NULL) return true;
    if (source->member != NULL) return false;
    static const char *const spatial[] = {".gpkg", ".geojson", ".json", ".shp", ".fgb",
                                          ".gdb",  ".tab",     ".mif",  ".gml"};
    for (size_t i = 0; i < sizeof spatial / sizeof *spatial; i++)
        if (ends_with(source->path, spatial[i])) return true;
    return false;
}

static int choose_column(ps_points *p, const char *name) {
    if (name == NULL) return -1;
    for (size_t i = 0; i < p->n_columns; i++)
        if (strcmp(p->column[i], name) == 0) return (int)i;
    p->column[p->n_columns] = name;
    return (int)p->n_columns++;
}

static ps_status choose_columns(ps_points *p, ps_error *err) {
    const ps_points_spec *s = &p->spec;
    p->column = ps_alloc(6 + s->n_by + s->n_where, sizeof *p->column);
    p->role.by = ps_alloc(s->n_by, sizeof(int));
    p->role.where = ps_alloc(s->n_where, sizeof(int));
    if (p->column == NULL || p->role.by == NULL || p->role.where == NULL)
        return ps_fail_nomem(err);
    p->role.x = choose_column(p, s->x);
    p->role.y = choose_column(p, s->y);
    p->role.date = choose_column(p, s->date);
    p->role.key = s->drop_duplicates ? choose_column(p, s->key) : -1;
    p->role.reporter = choose_column(p, s->reporter);
    p->role.area_code = choose_column(p, s->area_code);
    for (size_t i = 0; i < s->n_by; i++) p->role.by[i] = choose_column(p, s->by[i]);
    for (size_t i = 0; i < s->n_where; i++)
        p->role.where[i] = choose_column(p, s->where[i].column);
    return PS_OK;
}

/* Open source `i` as delimited text and find the chosen columns in its header. */
static ps_status open_csv(const ps_points *p, size_t i, ps_csv **csv, int *columns,
                          ps_error *err) {
    const ps_source *source = ps_source_list_get(p->sources, i);
    ps_stream *stream = NULL;
    PS_TRY(ps_stream_open(source, &stream, err));
    ps_csv_options options = {.name = source->name, .talk = p->talk};
    PS_TRY(ps_csv_open(stream, &options, csv, err));
    for (size_t c = 0; c < p->n_columns; c++) {
        ps_status status =
            ps_csv_need_column(*csv, ps_str_of(p->column[c]), &columns[c], err);
        if (status != PS_OK) {
            ps_csv_close(*csv);
            *csv = NULL;
            return status;
        }
    }
    return PS_OK;
}

static ps_status open_layer(const ps_points *p, size_t i, ps_layer_points **layer,
                            ps_error *err) {
    const ps_source *source = ps_source_list_get(p->sources, i);
    ps_layer_spec spec = {
        .path = source->path, .layer = p->spec.layer, .crs = p->spec.crs};
    ps_str *fields = ps_alloc(p->n_columns, sizeof *fields);
    if (fields == NULL) return ps_fail_nomem(err);
    for (size_t c = 0; c < p->n_columns; c++) fields[c] = ps_str_of(p->column[c]);
    ps_status status = ps_layer_points_open(&spec, fields, p->n_columns, layer, err);
    ps_free(fields);
    return status;
}

/* Every header is read before any row, so that an absent column is told before work
 * starts. */
static ps_status check_inputs(ps_points *p, ps_error *err) {
    int *columns = ps_alloc(p->n_columns, sizeof *columns);
    if (columns == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    const size_t n = ps_source_list_size(p->sources);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        const ps_source *source = ps_source_list_get(p->sources, i);
        p->input[i].is_layer = is_layer_file(source, &p->spec);
        p->input[i].encoding = "";
        p->bytes_total += source->bytes;
        if (p->input[i].is_layer) {
            ps_layer_points *layer = NULL;
            status = open_layer(p, i, &layer, err);
            if (status == PS_OK && p->crs == NULL)
                status =
                    ps_crs_open(ps_crs_wkt(ps_layer_points_crs(layer)), &p->crs, err);
            else if (status == PS_OK && !ps_crs_same(p->crs, ps_layer_points_crs(layer)))
                status =
                    ps_fail(err, PS_FORMAT,
                            "%s is in %s, but the inputs before it are in %s; give files "
                            "of one CRS, or set crs",
                            source->name, ps_crs_name(ps_layer_points_crs(layer)),
                            ps_crs_name(p->crs));
            ps_layer_points_close(layer);
        } else {
            if (p->spec.x == NULL || p->spec.y == NULL || p->spec.crs == NULL) {
                status =
                    ps_fail(err, PS_CONFIG,
                            "%s: delimited text needs the columns of x and y and their "
                            "crs (for police.uk files say format police.uk)",
                            source->name);
                break;
            }
            ps_csv *csv = NULL;
            status = open_csv(p, i, &csv, columns, err);
            ps_csv_close(csv);
        }
    }
    ps_free(columns);
    return status;
}

static ps_status make_workers(ps_points *p, ps_error *err) {
    p->n_workers = ps_threads();
    p->worker = ps_zalloc((size_t)p->n_workers, sizeof *p->worker);
    if (p->worker == NULL) return ps_fail_nomem(err);
    for (int w = 0; w < p->n_workers; w++) {
        PS_TRY(ps_keys_create(&p->worker[w].groups, err));
        PS_TRY(ps_keys_create(&p->worker[w].codes, err));
        p->worker[w].last_group = PS_NONE;
    }
    p->n_blocks = (size_t)p->n_workers * BLOCKS_PER_WORKER;
    p->block = ps_zalloc(p->n_blocks, sizeof *p->block);
    p->view = ps_zalloc(p->n_blocks, sizeof *p->view);
    if (p->block == NULL || p->view == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_keys_create(&p->groups, err));
    PS_TRY(ps_keys_create(&p->codes, err));
    return ps_seen_create((size_t)p->n_workers, &p->seen, err);
}

static ps_status open_points(ps_points *p, ps_error *err) {
    static const char *const suffixes[] = {".csv", ".csv.gz", NULL};
    PS_TRY(choose_columns(p, err));
    PS_TRY(ps_source_list_open(p->spec.files, p->spec.n_files, p->spec.base, suffixes,
                               &p->sources, err));
    p->input = ps_zalloc(ps_source_list_size(p->sources), sizeof *p->input);
    if (p->input == NULL) return ps_fail_nomem(err);
    if (p->spec.crs != NULL) PS_TRY(ps_crs_open(p->spec.crs, &p->crs, err));
    PS_TRY(check_inputs(p, err));
    p->has_box = ps_crs_plausible_box(p->crs, p->box);
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
    points->has_box = true;
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
    return points->input[source].encoding;
}

const ps_rows *ps_points_rows(const ps_points *points, size_t source) {
    return &points->input[source].rows;
}

const ps_keys *ps_points_groups(const ps_points *points) {
    return points->groups;
}

const ps_keys *ps_points_codes(const ps_points *points) {
    return points->codes;
}

ps_str ps_points_group_field(const ps_points *points, int32_t group, size_t i) {
    ps_str rest = ps_keys_text(points->groups, group);
    for (;; i--) {
        const char *nul = memchr(rest.p, '\0', rest.n);
        size_t n = nul != NULL ? (size_t)(nul - rest.p) : rest.n;
        if (i == 0 || nul == NULL) return (ps_str){rest.p, n};
        rest.n -= n + 1;
        rest.p += n + 1;
    }
}

static ps_status reserve(block *b, size_t n, ps_error *err) {
    if (n <= b->capacity) return PS_OK;
    size_t wanted = n + n / 4 + 64;
    ps_free(b->x), ps_free(b->y), ps_free(b->group), ps_free(b->area_code),
        ps_free(b->fate);
    ps_free(b->fingerprint);
    b->capacity = 0;
    b->x = ps_alloc(wanted, sizeof *b->x);
    b->y = ps_alloc(wanted, sizeof *b->y);
    b->group = ps_alloc(wanted, sizeof *b->group);
    b->area_code = ps_alloc(wanted, sizeof *b->area_code);
    b->fate = ps_alloc(wanted, sizeof *b->fate);
    b->fingerprint = ps_alloc(wanted, sizeof *b->fingerprint);
    if (b->x == NULL || b->y == NULL || b->group == NULL || b->area_code == NULL ||
        b->fate == NULL || b->fingerprint == NULL)
        return ps_fail_nomem(err);
    b->capacity = wanted;
    return PS_OK;
}

static void note_invalid(block *b, int64_t row, ps_cause cause, ps_str seen) {
    ps_rows *r = &b->rows;
    r->invalid++;
    r->by_cause[cause]++;
    if (r->examples < 3) {
        r->example[r->examples].row = row;
        r->example[r->examples].cause = cause;
        snprintf(r->example[r->examples].seen, sizeof r->example[0].seen, "%.*s",
                 (int)(seen.n < 60 ? seen.n : 60), seen.p);
        r->examples++;
    }
}

static bool is_missing(const ps_points_spec *spec, ps_str text) {
    if (text.n == 0) return true;
    for (size_t i = 0; i < spec->n_missing; i++)
        if (ps_str_is(text, spec->missing[i])) return true;
    return false;
}

static bool passes_filters(const ps_points *p, const ps_str *field) {
    for (size_t i = 0; i < p->spec.n_where; i++) {
        const ps_job_filter *f = &p->spec.where[i];
        ps_str text = ps_str_trim(field[p->role.where[i]]);
        bool found = f->is_count == 0;
        for (unsigned k = 0; k < f->is_count && !found; k++)
            found = ps_str_is(text, f->is[k]);
        for (unsigned k = 0; k < f->not_count && found; k++)
            found = !ps_str_is(text, f->not [k]);
        if (!found) return false;
    }
    return true;
}

static ps_status append_key(worker *w, size_t *used, ps_str text, ps_error *err) {
    PS_TRY(ps_grow((void **)&w->key, &w->key_capacity, *used + text.n + 1, 1, err));
    if (text.n > 0) memcpy(w->key + *used, text.p, text.n);
    *used += text.n;
    w->key[(*used)++] = '\0';
    return PS_OK;
}

/* The worker's id of the group that a row belongs to. Rows of a file come in runs of the
 * same group, so the last answer is tried first. */
static ps_status find_group(const ps_points *p, worker *w, const ps_str *field,
                            ps_str month, int32_t *group, ps_error *err) {
    size_t used = 0;
    for (size_t i = 0; i < p->spec.n_by; i++) {
        bool is_date = p->role.by[i] == p->role.date && p->role.date >= 0;
        ps_str text = is_date ? month : ps_str_trim(field[p->role.by[i]]);
        PS_TRY(append_key(w, &used, text, err));
    }
    if (used > 0) used--; /* NUL between the fields, not behind the last */
    if (w->last_group != PS_NONE && used == w->last_key_size &&
        (used == 0 || memcmp(w->key, w->last_key, used) == 0)) {
        *group = w->last_group;
        return PS_OK;
    }
    PS_TRY(ps_keys_add(w->groups, (ps_str){w->key != NULL ? w->key : "", used}, group,
                       NULL, err));
    PS_TRY(ps_grow((void **)&w->last_key, &w->last_key_capacity, used + 1, 1, err));
    if (used > 0) memcpy(w->last_key, w->key, used);
    w->last_key_size = used;
    w->last_group = *group;
    return PS_OK;
}

static ps_status fingerprint_row(const ps_points *p, worker *w, ps_str key,
                                 ps_str reporter, ps_str month, ps_fingerprint *out,
                                 ps_error *err) {
    size_t used = 0;
    PS_TRY(append_key(w, &used, key, err));
    if (p->role.date >= 0) PS_TRY(append_key(w, &used, month, err));
    if (p->role.reporter >= 0) PS_TRY(append_key(w, &used, ps_str_trim(reporter), err));
    *out = ps_fingerprint_of(w->key, used);
    return PS_OK;
}

static bool inside(const double box[4], double x, double y) {
    return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

/* The month of a date as text. Rows come in runs of one month, so the last answer is
 * kept. */
static bool read_month(const ps_points *p, worker *w, ps_str text, ps_str *month) {
    *month = (ps_str){w->month, sizeof "2018-05" - 1};
    if (text.n > 0 && text.n == w->date_size && memcmp(text.p, w->date, text.n) == 0)
        return true;
    ps_date date;
    w->date_size = 0;
    if (!ps_parse_date(text, p->spec.date_form, &date) ||
        date.year < PS_POINTS_FIRST_YEAR || date.year > PS_POINTS_LAST_YEAR)
        return false;
    ps_month_text(ps_month_of(date), w->month);
    if (text.n <= sizeof w->date) {
        memcpy(w->date, text.p, text.n);
        w->date_size = text.n;
    }
    return true;
}

/* Decode row i of a block from its chosen fields. px, py: the coordinates of a layer's
 * geometry, or NULL to take them from the columns. */
static ps_status decode_row(const ps_points *p, worker *w, block *b, size_t i,
                            int64_t row, const ps_str *field, const double *px,
                            const double *py, ps_error *err) {
    b->x[i] = b->y[i] = NAN;
    b->group[i] = b->area_code[i] = PS_NONE;
    b->fate[i] = PS_FATE_INVALID;
    b->fingerprint[i] = (ps_fingerprint){0, 0};

    bool located;
    double x = NAN, y = NAN;
    if (px != NULL) {
        x = *px, y = *py;
        located = isfinite(x) && isfinite(y);
    } else {
        ps_str tx = ps_str_trim(field[p->role.x]), ty = ps_str_trim(field[p->role.y]);
        bool no_x = is_missing(&p->spec, tx), no_y = is_missing(&p->spec, ty);
        located = !(no_x && no_y);
        if (located && (no_x || !ps_parse_double(tx, &x))) {
            note_invalid(b, row, PS_CAUSE_BAD_COORDINATE, tx);
            return PS_OK;
        }
        if (located && (no_y || !ps_parse_double(ty, &y))) {
            note_invalid(b, row, PS_CAUSE_BAD_COORDINATE, ty);
            return PS_OK;
        }
    }
    if (located && p->has_box && !inside(p->box, x, y)) {
        b->swapped += inside(p->box, y, x);
        char seen[64];
        int n = snprintf(seen, sizeof seen, "%.9g, %.9g", x, y);
        note_invalid(b, row, PS_CAUSE_IMPLAUSIBLE_COORDINATE, (ps_str){seen, (size_t)n});
        return PS_OK;
    }
    ps_str month = {"", 0};
    if (p->role.date >= 0 && !read_month(p, w, field[p->role.date], &month)) {
        note_invalid(b, row, PS_CAUSE_BAD_DATE, field[p->role.date]);
        return PS_OK;
    }
    if (!passes_filters(p, field)) {
        b->fate[i] = PS_FATE_FILTERED;
        return PS_OK;
    }
    b->fate[i] = located ? PS_FATE_LOCATED : PS_FATE_UNLOCATED;
    if (located) b->x[i] = x, b->y[i] = y;
    PS_TRY(find_group(p, w, field, month, &b->group[i], err));
    if (p->role.area_code >= 0) {
        ps_str code = ps_str_trim(field[p->role.area_code]);
        if (code.n > 0) PS_TRY(ps_keys_add(w->codes, code, &b->area_code[i], NULL, err));
    }
    if (p->role.key >= 0) {
        ps_str key = ps_str_trim(field[p->role.key]);
        ps_str reporter =
            p->role.reporter >= 0 ? field[p->role.reporter] : (ps_str){"", 0};
        if (key.n > 0)
            PS_TRY(fingerprint_row(p, w, key, reporter, month, &b->fingerprint[i], err));
    }
    return PS_OK;
}

static ps_status decode_csv_block(const ps_points *p, worker *w, block *b,
                                  ps_error *err) {
    PS_TRY(reserve(b, (size_t)b->csv.rows, err));
    ps_csv_record record;
    ps_csv_shape shape;
    size_t i = 0;
    ps_csv_cursor_start(w->cursor, &b->csv);
    while (ps_csv_cursor_next(w->cursor, &record, &shape)) {
        if (shape == PS_CSV_EXACT) {
            PS_TRY(decode_row(p, w, b, i, record.row, record.field, NULL, NULL, err));
        } else {
            char seen[64];
            int n = snprintf(seen, sizeof seen, "%zu fields", record.fields);
            note_invalid(b, record.row,
                         shape == PS_CSV_SHORT ? PS_CAUSE_SHORT_ROW : PS_CAUSE_LONG_ROW,
                         (ps_str){seen, (size_t)n});
            b->x[i] = b->y[i] = NAN;
            b->group[i] = b->area_code[i] = PS_NONE;
            b->fate[i] = PS_FATE_INVALID;
            b->fingerprint[i] = (ps_fingerprint){0, 0};
        }
        i++;
    }
    b->view.n = i;
    b->view.first_row = b->csv.first_row;
    return ps_csv_cursor_status(w->cursor, err);
}

static ps_status decode_layer_block(const ps_points *p, worker *w, block *b,
                                    ps_error *err) {
    double px, py;
    for (size_t i = 0; i < b->n_layer_rows; i++) {
        px = b->x[i], py = b->y[i];
        PS_TRY(decode_row(p, w, b, i, b->view.first_row + (int64_t)i,
                          b->texts + i * p->n_columns, &px, &py, err));
    }
    b->view.n = b->n_layer_rows;
    return PS_OK;
}

static ps_status decode_blocks(void *context, size_t begin, size_t end, int worker_id,
                               ps_error *err) {
    ps_points *p = context;
    for (size_t i = begin; i < end; i++) {
        block *b = &p->block[i];
        b->worker = worker_id;
        b->rows = (ps_rows){0};
        b->swapped = 0;
        worker *w = &p->worker[worker_id];
        PS_TRY(p->layer != NULL ? decode_layer_block(p, w, b, err)
                                : decode_csv_block(p, w, b, err));
    }
    return PS_OK;
}

/* Give the ids that workers made in this batch their ids of the run. */
static ps_status adopt(const ps_keys *own, ps_keys *all, int32_t **id, size_t *capacity,
                       size_t *known, ps_error *err) {
    size_t n = ps_keys_size(own);
    PS_TRY(ps_grow((void **)id, capacity, n, sizeof **id, err));
    for (; *known < n; ++*known)
        PS_TRY(ps_keys_add(all, ps_keys_text(own, (int32_t)*known), &(*id)[*known], NULL,
                           err));
    return PS_OK;
}

typedef struct dedupe {
    ps_points *p;
    size_t n;
} dedupe;

/* Shards are independent; within one, rows come in the order of the input. */
static ps_status drop_duplicates(void *context, size_t begin, size_t end, int worker_id,
                                 ps_error *err) {
    (void)worker_id;
    dedupe *d = context;
    ps_seen *seen = d->p->seen;
    for (size_t shard = begin; shard < end; shard++) {
        for (size_t i = 0; i < d->n; i++) {
            block *b = &d->p->block[i];
            for (size_t r = 0; r < b->view.n; r++) {
                ps_fingerprint key = b->fingerprint[r];
                if ((key.low | key.high) == 0 || ps_seen_shard_of(seen, key) != shard)
                    continue;
                bool again;
                PS_TRY(ps_seen_add(seen, key, &again, err));
                if (again) b->fate[r] = PS_FATE_DUPLICATE;
            }
        }
    }
    return PS_OK;
}

static void finish_block(ps_points *p, block *b) {
    const worker *w = &p->worker[b->worker];
    for (size_t i = 0; i < b->view.n; i++) {
        if (b->group[i] != PS_NONE) b->group[i] = w->group_id[b->group[i]];
        if (b->area_code[i] != PS_NONE) b->area_code[i] = w->code_id[b->area_code[i]];
        switch ((ps_fate)b->fate[i]) {
            case PS_FATE_INVALID:
                break; /* counted with its cause */
            case PS_FATE_FILTERED:
                b->rows.filtered++;
                break;
            case PS_FATE_DUPLICATE:
                b->rows.duplicate++;
                b->x[i] = b->y[i] = NAN;
                break;
            case PS_FATE_UNLOCATED:
                b->rows.unlocated++;
                break;
            case PS_FATE_LOCATED:
                b->rows.located++;
                break;
        }
    }
    b->rows.read = (int64_t)b->view.n;
    b->view.source = p->current;
    b->view.x = b->x;
    b->view.y = b->y;
    b->view.group = b->group;
    b->view.fate = b->fate;
    b->view.area_code = p->role.area_code >= 0 ? b->area_code : NULL;
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

static ps_status finish_batch(ps_points *p, size_t n, ps_error *err) {
    for (int k = 0; k < p->n_workers; k++) {
        worker *w = &p->worker[k];
        PS_TRY(adopt(w->groups, p->groups, &w->group_id, &w->group_capacity,
                     &w->groups_known, err));
        PS_TRY(adopt(w->codes, p->codes, &w->code_id, &w->code_capacity, &w->codes_known,
                     err));
    }
    if (p->role.key >= 0) {
        dedupe context = {p, n};
        PS_TRY(ps_par_for(ps_seen_shards(p->seen), 1, drop_duplicates, &context, err));
    }
    input *in = &p->input[p->current];
    for (size_t i = 0; i < n; i++) {
        finish_block(p, &p->block[i]);
        add_rows(&in->rows, &p->block[i].rows);
        in->swapped += p->block[i].swapped;
        p->view[i] = p->block[i].view;
    }
    return PS_OK;
}

/* Coordinates that make no sense are a mistake about the file, not about a row. */
static ps_status check_plausible(const ps_points *p, size_t source, ps_error *err) {
    const input *in = &p->input[source];
    int64_t wrong = in->rows.by_cause[PS_CAUSE_IMPLAUSIBLE_COORDINATE];
    int64_t all = in->rows.located + in->rows.duplicate + wrong;
    if (wrong < IMPLAUSIBLE_LEAST && wrong < all) return PS_OK;
    if (wrong == 0 || (double)wrong <= implausible_share * (double)all) return PS_OK;
    const char *seen = "";
    int64_t row = 0;
    for (int e = in->rows.examples - 1; e >= 0; e--) {
        if (in->rows.example[e].cause != PS_CAUSE_IMPLAUSIBLE_COORDINATE) continue;
        seen = in->rows.example[e].seen;
        row = in->rows.example[e].row;
    }
    return ps_fail(err, PS_FORMAT,
                   "%s: %lld of %lld coordinates make no sense in %s (row %lld: x, y = "
                   "%s; expected x "
                   "%.9g to %.9g, y %.9g to %.9g); %s",
                   ps_points_source_name(p, source), (long long)wrong, (long long)all,
                   ps_crs_name(p->crs), (long long)row, seen, p->box[0], p->box[2],
                   p->box[1], p->box[3],
                   in->swapped * 2 > wrong
                       ? "x and y look swapped: exchange the two columns"
                       : "check the columns of x and y and their crs");
}

static ps_status open_current(ps_points *p, ps_error *err) {
    if (p->input[p->current].is_layer) return open_layer(p, p->current, &p->layer, err);
    int *columns = ps_alloc(p->n_columns, sizeof *columns);
    if (columns == NULL) return ps_fail_nomem(err);
    ps_status status = open_csv(p, p->current, &p->csv, columns, err);
    for (int w = 0; w < p->n_workers && status == PS_OK; w++)
        status = ps_csv_cursor_create(p->csv, columns, p->n_columns, &p->worker[w].cursor,
                                      err);
    ps_free(columns);
    return status;
}

static void close_current(ps_points *p) {
    if (p->csv != NULL) p->input[p->current].encoding = ps_csv_encoding(p->csv);
    for (int w = 0; w < p->n_workers; w++) {
        ps_csv_cursor_free(p->worker[w].cursor);
        p->worker[w].cursor = NULL;
    }
    ps_csv_close(p->csv);
    p->csv = NULL;
    ps_layer_points_close(p->layer);
    p->layer = NULL;
}

static ps_status read_csv_blocks(ps_points *p, size_t *n, ps_error *err) {
    while (*n < p->n_blocks) {
        PS_TRY(ps_csv_next_block(p->csv, &p->block[*n].csv, err));
        if (p->block[*n].csv.rows == 0) break;
        ++*n;
    }
    return PS_OK;
}

static ps_status read_layer_block(ps_points *p, size_t *n, ps_error *err) {
    block *b = &p->block[0];
    PS_TRY(reserve(b, LAYER_ROWS, err));
    if (b->texts == NULL) {
        b->texts = ps_alloc(LAYER_ROWS * (p->n_columns + 1), sizeof *b->texts);
        if (b->texts == NULL) return ps_fail_nomem(err);
    }
    b->view.first_row = p->input[p->current].rows.read + 1;
    PS_TRY(ps_layer_points_next(p->layer, LAYER_ROWS, b->x, b->y, b->texts,
                                &b->n_layer_rows, err));
    *n = b->n_layer_rows > 0;
    return PS_OK;
}

ps_status ps_points_next(ps_points *p, const ps_points_block **blocks, size_t *n,
                         ps_error *err) {
    *n = 0;
    *blocks = p->view;
    const size_t sources = ps_source_list_size(p->sources);
    while (*n == 0 && p->current < sources) {
        if (p->csv == NULL && p->layer == NULL) PS_TRY(open_current(p, err));
        PS_TRY(p->layer != NULL ? read_layer_block(p, n, err)
                                : read_csv_blocks(p, n, err));
        if (*n == 0) {
            p->bytes_before += ps_source_list_get(p->sources, p->current)->bytes;
            close_current(p);
            PS_TRY(check_plausible(p, p->current, err));
            p->current++;
        }
    }
    if (*n == 0) return PS_OK;
    PS_TRY(ps_par_for(*n, 1, decode_blocks, p, err));
    PS_TRY(finish_batch(p, *n, err));
    double position = p->csv != NULL ? (double)ps_csv_position(p->csv) : 0;
    char phase[160];
    snprintf(phase, sizeof phase, "reading %s",
             p->spec.id != NULL ? p->spec.id : "points");
    return ps_progress(p->talk, phase, (double)p->bytes_before + position,
                       (double)p->bytes_total, err);
}

ps_status ps_points_estimate_rows(ps_points *p, double *rows, ps_error *err) {
    const ps_points_block *blocks;
    size_t n;
    *rows = 0;
    PS_TRY(ps_points_next(p, &blocks, &n, err));
    for (size_t i = 0; i < n; i++) *rows += (double)blocks[i].n;
    double consumed = p->csv != NULL ? (double)ps_csv_position(p->csv) : 0;
    if (consumed > 0) *rows = floor(*rows * (double)p->bytes_total / consumed + 0.5);
    return PS_OK;
}

static void free_block(block *b) {
    ps_csv_block_free(&b->csv);
    ps_free(b->x), ps_free(b->y), ps_free(b->group), ps_free(b->area_code),
        ps_free(b->fate);
    ps_free(b->fingerprint);
    ps_free(b->texts);
}

void ps_points_close(ps_points *p) {
    if (p == NULL) return;
    if (p->worker != NULL && p->input != NULL) close_current(p);
    for (int k = 0; p->worker != NULL && k < p->n_workers; k++) {
        worker *w = &p->worker[k];
        ps_keys_free(w->groups), ps_keys_free(w->codes);
        ps_free(w->group_id), ps_free(w->code_id), ps_free(w->key), ps_free(w->last_key);
    }
    for (size_t i = 0; p->block != NULL && i < p->n_blocks; i++) free_block(&p->block[i]);
    ps_free(p->worker), ps_free(p->block), ps_free(p->view);
    ps_keys_free(p->groups), ps_keys_free(p->codes);
    ps_seen_free(p->seen);
    ps_source_list_free(p->sources);
    ps_crs_free(p->crs);
    ps_free(p->input);
    ps_free((void *)p->column);
    ps_free(p->role.by), ps_free(p->role.where);
    ps_free(p);
}
