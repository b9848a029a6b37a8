#include "engine/run/decode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/coordinates.h"
#include "engine/core/table.h"

/* Where in a row the columns of the spec stand, or -1. A row is its looked-up texts, then
 * the fields that were read. */
typedef struct roles {
    int x, y, date, key, reporter, area_code, count;
    int *by;
    int *where;
    int *with; /* what each look-up goes by */
} roles;

/* What a worker keeps from row to row. */
typedef struct worker {
    char date[32], month[16]; /* the last date as it stood, and its month */
    size_t date_size;
    ps_str *by;       /* texts of the group at hand */
    ps_str *whole;    /* the row at hand, when something is looked up */
    uint64_t context; /* stands for the last month and reporter; 0 none */
    char *reporter;
    size_t reporter_size, reporter_capacity;
    char reporter_month[16];
} worker;

struct ps_decoder {
    const ps_points_spec *spec;
    roles role;
    const char **column; /* chosen columns, without repeats */
    size_t n_columns;
    const char **looked; /* names of those that are looked up */
    size_t n_looked;
    ps_lookup **lookup;
    double box[4];
    bool has_box;
    bool coded;        /* rows are where their codes are */
    bool plain_places; /* x and y are fields, and no plain coordinate stands for none */
    int workers;
    worker *worker;
    ps_groups *groups;
};

/* ---- rows ---- */

/* Columns that nobody reads are not there: what a block touches has to stay in the cache.
 */
static ps_status grow(const ps_decoder *decoder, ps_decoded *d, size_t n, ps_error *err) {
    const bool keyed = decoder->role.key >= 0;
    const struct {
        void **array;
        size_t size;
        bool wanted;
    } column[] = {
        {(void **)&d->x, sizeof *d->x, true},
        {(void **)&d->y, sizeof *d->y, true},
        {(void **)&d->group, sizeof *d->group, true},
        {(void **)&d->fate, sizeof *d->fate, true},
        {(void **)&d->area_code, sizeof *d->area_code, decoder->role.area_code >= 0},
        {(void **)&d->count, sizeof *d->count, decoder->role.count >= 0},
        {(void **)&d->fingerprint, sizeof *d->fingerprint, keyed},
        {(void **)&d->context, sizeof *d->context, keyed}};
    size_t capacity = d->capacity;
    for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
        size_t grown = d->capacity;
        if (!column[i].wanted) continue;
        PS_TRY(ps_grow(column[i].array, &grown, n, column[i].size, err));
        capacity = grown;
    }
    d->capacity = capacity;
    return PS_OK;
}

ps_status ps_decoded_begin(const ps_decoder *decoder, ps_decoded *d, size_t n,
                           ps_str lasting, ps_error *err) {
    if (n > d->capacity) {
        ps_decoded_free(d);
        PS_TRY(grow(decoder, d, n + n / 4 + 64, err));
    }
    d->n = 0;
    d->rows = (ps_rows){0};
    d->placed = d->swapped = 0;
    d->lasting = lasting.p;
    d->lasting_n = lasting.n;
    if (d->copies != NULL) ps_arena_reset(d->copies);
    return PS_OK;
}

ps_status ps_decoded_extend(const ps_decoder *decoder, ps_decoded *d, size_t n,
                            ps_error *err) {
    return grow(decoder, d, d->n + n, err);
}

void ps_decoded_free(ps_decoded *d) {
    ps_free(d->x), ps_free(d->y), ps_free(d->group), ps_free(d->fate);
    ps_free(d->area_code), ps_free(d->count), ps_free(d->fingerprint),
        ps_free(d->context);
    ps_arena_free(d->copies);
    *d = (ps_decoded){0};
}

/* A view of text that stays as long as the rows do. */
static ps_status keep_text(ps_decoded *d, ps_str text, ps_str *out, ps_error *err) {
    *out = text;
    if (text.n == 0 || (text.p >= d->lasting && text.p < d->lasting + d->lasting_n))
        return PS_OK;
    if (d->copies == NULL) PS_TRY(ps_arena_create(&d->copies, err));
    out->p = ps_arena_strndup(d->copies, text.p, text.n);
    return out->p != NULL ? PS_OK : ps_fail_nomem(err);
}

void ps_decoded_count(ps_decoded *d) {
    int64_t fates[PS_FATE_LOCATED + 1] = {0};
    for (size_t i = 0; i < d->n; i++) {
        fates[d->fate[i]]++;
        if (d->fate[i] == PS_FATE_DUPLICATE) d->x[i] = d->y[i] = NAN;
    }
    d->rows.read = (int64_t)d->n;
    d->rows.filtered = fates[PS_FATE_FILTERED];
    d->rows.duplicate = fates[PS_FATE_DUPLICATE];
    d->rows.unlocated = fates[PS_FATE_UNLOCATED];
    d->rows.located = fates[PS_FATE_LOCATED];
}

/* ---- columns ---- */

static int choose_column(ps_decoder *d, const char *name) {
    if (name == NULL) return -1;
    for (size_t i = 0; i < d->n_looked; i++)
        if (strcmp(d->looked[i], name) == 0) return (int)i;
    for (size_t i = 0; i < d->n_columns; i++)
        if (strcmp(d->column[i], name) == 0) return (int)(d->n_looked + i);
    d->column[d->n_columns] = name;
    return (int)(d->n_looked + d->n_columns++);
}

static ps_status open_lookups(ps_decoder *d, const ps_talk *talk, ps_error *err) {
    const ps_points_spec *s = d->spec;
    size_t n = 0;
    for (size_t w = 0; w < s->n_with; w++) n += s->with[w].columns_count;
    d->looked = ps_alloc(n, sizeof *d->looked);
    d->lookup = ps_zalloc(s->n_with, sizeof *d->lookup);
    if (d->looked == NULL || d->lookup == NULL) return ps_fail_nomem(err);
    for (size_t w = 0; w < s->n_with; w++) {
        for (unsigned c = 0; c < s->with[w].columns_count; c++)
            d->looked[d->n_looked++] = s->with[w].columns[c];
        PS_TRY(ps_lookup_open(&s->with[w], s->base, talk, &d->lookup[w], err));
    }
    return PS_OK;
}

static ps_status choose_columns(ps_decoder *d, ps_error *err) {
    const ps_points_spec *s = d->spec;
    d->column = ps_alloc(7 + s->n_by + s->n_where + s->n_with, sizeof *d->column);
    d->role.with = ps_alloc(s->n_with, sizeof(int));
    d->role.by = ps_alloc(s->n_by, sizeof(int));
    d->role.where = ps_alloc(s->n_where, sizeof(int));
    if (d->column == NULL || d->role.by == NULL || d->role.where == NULL ||
        d->role.with == NULL)
        return ps_fail_nomem(err);
    d->role.x = choose_column(d, s->x);
    d->role.y = choose_column(d, s->y);
    d->role.date = choose_column(d, s->date);
    d->role.key = s->drop_duplicates ? choose_column(d, s->key) : -1;
    d->role.reporter = d->role.key >= 0 ? choose_column(d, s->reporter) : -1;
    d->role.area_code = choose_column(d, s->code != NULL ? s->code : s->area_code);
    d->role.count = choose_column(d, s->count);
    for (size_t i = 0; i < s->n_by; i++) d->role.by[i] = choose_column(d, s->by[i]);
    for (size_t i = 0; i < s->n_where; i++)
        d->role.where[i] = choose_column(d, s->where[i].column);
    for (size_t i = 0; i < s->n_with; i++)
        d->role.with[i] = choose_column(d, ps_lookup_by(&s->with[i]));
    return PS_OK;
}

static ps_status make_workers(ps_decoder *d, int workers, ps_error *err) {
    d->worker = ps_zalloc((size_t)workers, sizeof *d->worker);
    if (d->worker == NULL) return ps_fail_nomem(err);
    d->workers = workers;
    for (int w = 0; w < workers; w++) {
        d->worker[w].by = ps_alloc(d->spec->n_by, sizeof *d->worker[w].by);
        d->worker[w].whole =
            ps_alloc(d->n_looked + d->n_columns, sizeof *d->worker[w].whole);
        if (d->worker[w].by == NULL || d->worker[w].whole == NULL)
            return ps_fail_nomem(err);
    }
    return ps_groups_create(d->spec->n_by, workers, &d->groups, err);
}

static bool has_plain_places(const ps_points_spec *spec) {
    bool all = !ps_points_are_coded(spec) && spec->n_with == 0;
    for (size_t i = 0; i < spec->n_missing; i++) {
        const ps_str missing = ps_str_of(spec->missing[i]);
        double value;
        ps_coordinates_read(1, &missing, 1, &value);
        all &= isnan(value);
    }
    return all;
}

ps_status ps_decoder_create(const ps_points_spec *spec, int workers, const ps_talk *talk,
                            ps_decoder **out, ps_error *err) {
    *out = NULL;
    ps_decoder *d = ps_zalloc(1, sizeof *d);
    if (d == NULL) return ps_fail_nomem(err);
    d->spec = spec;
    d->coded = ps_points_are_coded(spec);
    d->plain_places = has_plain_places(spec);
    ps_status status = open_lookups(d, talk, err);
    if (status == PS_OK) status = choose_columns(d, err);
    if (status == PS_OK) status = make_workers(d, workers, err);
    if (status != PS_OK) {
        ps_decoder_free(d);
        return status;
    }
    *out = d;
    return PS_OK;
}

const ps_lookup *ps_decoder_lookup(const ps_decoder *d, size_t with) {
    return d->lookup[with];
}

const char *const *ps_decoder_columns(const ps_decoder *d, size_t *n) {
    *n = d->n_columns;
    return d->column;
}

void ps_decoder_set_box(ps_decoder *d, const double box[4]) {
    memcpy(d->box, box, sizeof d->box);
    d->has_box = true;
}

bool ps_decoder_has_key(const ps_decoder *d) {
    return d->role.key >= 0;
}

ps_groups *ps_decoder_groups(const ps_decoder *d) {
    return d->groups;
}

/* ---- one row ---- */

static void note_invalid(ps_decoded *d, int64_t row, ps_cause cause, ps_str seen) {
    ps_rows *r = &d->rows;
    r->invalid++;
    r->by_cause[cause]++;
    if (r->examples == 3) return;
    r->example[r->examples].row = row;
    r->example[r->examples].cause = cause;
    snprintf(r->example[r->examples].seen, sizeof r->example[0].seen, "%.*s",
             (int)(seen.n < 60 ? seen.n : 60), seen.p);
    r->examples++;
}

static bool is_missing(const ps_points_spec *spec, ps_str text) {
    if (text.n == 0) return true;
    for (size_t i = 0; i < spec->n_missing; i++)
        if (ps_str_is(text, spec->missing[i])) return true;
    return false;
}

static bool passes_filters(const ps_decoder *d, const ps_str *field) {
    for (size_t i = 0; i < d->spec->n_where; i++) {
        const ps_job_filter *f = &d->spec->where[i];
        ps_str text = ps_str_trim(field[d->role.where[i]]);
        bool found = f->is_count == 0;
        for (unsigned k = 0; k < f->is_count && !found; k++)
            found = ps_str_is(text, f->is[k]);
        for (unsigned k = 0; k < f->not_count && found; k++)
            found = !ps_str_is(text, f->not [k]);
        if (!found) return false;
    }
    return true;
}

static bool inside(const double box[4], double x, double y) {
    return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

/* Of months, which have 7 bytes: without a call. */
static bool same_bytes(const char *a, const char *b, size_t n) {
    uint32_t x[2], y[2];
    if (n < 4 || n > 8) return memcmp(a, b, n) == 0;
    memcpy(&x[0], a, 4), memcpy(&x[1], a + n - 4, 4);
    memcpy(&y[0], b, 4), memcpy(&y[1], b + n - 4, 4);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The month of a date as text. Rows come in runs of one month, so the last answer is
 * kept. */
static bool read_month(const ps_decoder *d, worker *w, ps_str text, ps_str *month) {
    *month = (ps_str){w->month, sizeof "2018-05" - 1};
    if (text.n > 0 && text.n == w->date_size && same_bytes(text.p, w->date, text.n))
        return true;
    ps_date date;
    w->date_size = 0;
    if (!ps_parse_date(text, d->spec->date_form, &date) ||
        date.year < PS_POINTS_FIRST_YEAR || date.year > PS_POINTS_LAST_YEAR)
        return false;
    ps_month_text(ps_month_of(date), w->month);
    if (text.n <= sizeof w->date) {
        memcpy(w->date, text.p, text.n);
        w->date_size = text.n;
    }
    return true;
}

/* A row is known by its key within month and reporter, which come in runs: what stands
 * for both is kept. */
static ps_status find_context(const ps_decoder *d, worker *w, const ps_str *field,
                              ps_str month, ps_error *err) {
    ps_str reporter =
        d->role.reporter >= 0 ? ps_str_trim(field[d->role.reporter]) : (ps_str){"", 0};
    if (w->context != 0 && reporter.n == w->reporter_size &&
        (reporter.n == 0 || memcmp(reporter.p, w->reporter, reporter.n) == 0) &&
        strncmp(w->reporter_month, month.p, month.n) == 0)
        return PS_OK;
    PS_TRY(ps_grow((void **)&w->reporter, &w->reporter_capacity, reporter.n + 1, 1, err));
    if (reporter.n > 0) memcpy(w->reporter, reporter.p, reporter.n);
    w->reporter_size = reporter.n;
    memset(w->reporter_month, 0, sizeof w->reporter_month);
    if (month.n > 0) memcpy(w->reporter_month, month.p, month.n);
    const uint64_t in_month =
        ps_fingerprint_of(w->reporter_month, sizeof w->reporter_month, 0).low;
    w->context = ps_fingerprint_of(w->reporter, reporter.n, in_month).low;
    if (w->context == 0) w->context = 1;
    return PS_OK;
}

/* The coordinate of a row, NAN when it has none; false, and told, when it makes no sense.
 */
static bool read_place(const ps_decoder *d, ps_decoded *rows, int64_t row,
                       const ps_str *field, double *x, double *y) {
    ps_str tx = ps_str_trim(field[d->role.x]), ty = ps_str_trim(field[d->role.y]);
    const bool no_x = is_missing(d->spec, tx), no_y = is_missing(d->spec, ty);
    if (no_x && no_y) return true;
    if (no_x || !ps_parse_double(tx, x)) {
        note_invalid(rows, row, PS_CAUSE_BAD_COORDINATE, tx);
        return false;
    }
    if (no_y || !ps_parse_double(ty, y)) {
        note_invalid(rows, row, PS_CAUSE_BAD_COORDINATE, ty);
        return false;
    }
    return true;
}

/* The most incidents that one row may stand for: sums of all rows stay exact. */
static const double most_incidents = 1e12;

static bool read_count(ps_str text, int64_t *count) {
    double value;
    bool missing;
    if (!ps_cell_number(text, &value, &missing)) return false;
    if (missing) {
        *count = PS_POINTS_UNKNOWN;
        return true;
    }
    if (!(value >= 0 && value <= most_incidents) || value != floor(value)) return false;
    *count = (int64_t)value;
    return true;
}

static ps_status decode(ps_decoder *d, int worker_id, ps_decoded *rows, size_t i,
                        int64_t row, const ps_str *field, const double *px,
                        const double *py, ps_error *err) {
    worker *w = &d->worker[worker_id];
    bool located;
    double x = NAN, y = NAN;
    if (d->coded) {
        located = d->spec->area != NULL ||
                  !is_missing(d->spec, ps_str_trim(field[d->role.area_code]));
    } else if (px != NULL) {
        x = *px, y = *py;
        located = isfinite(x) && isfinite(y);
    } else {
        if (!read_place(d, rows, row, field, &x, &y)) return PS_OK;
        located = !isnan(x);
    }
    if (located && !d->coded && d->has_box && !inside(d->box, x, y)) {
        rows->swapped += inside(d->box, y, x);
        char seen[64];
        int n = snprintf(seen, sizeof seen, "%.9g, %.9g", x, y);
        note_invalid(rows, row, PS_CAUSE_IMPLAUSIBLE_COORDINATE,
                     (ps_str){seen, (size_t)n});
        return PS_OK;
    }
    rows->placed += located;
    ps_str month = {"", 0};
    if (d->role.date >= 0 && !read_month(d, w, field[d->role.date], &month)) {
        note_invalid(rows, row, PS_CAUSE_BAD_DATE, field[d->role.date]);
        return PS_OK;
    }
    if (!passes_filters(d, field)) {
        rows->fate[i] = PS_FATE_FILTERED;
        return PS_OK;
    }
    const bool counts =
        d->role.count < 0 || read_count(field[d->role.count], &rows->count[i]);
    if (!counts) {
        rows->count[i] = PS_POINTS_UNKNOWN;
        note_invalid(rows, row, PS_CAUSE_BAD_COUNT, field[d->role.count]);
    }
    rows->fate[i] = !counts   ? PS_FATE_INVALID
                    : located ? PS_FATE_LOCATED
                              : PS_FATE_UNLOCATED;
    if (located && counts) rows->x[i] = x, rows->y[i] = y;
    for (size_t c = 0; c < d->spec->n_by; c++) {
        const int at = d->role.by[c];
        w->by[c] = at == d->role.date ? month : ps_str_trim(field[at]);
    }
    PS_TRY(ps_groups_find(d->groups, worker_id, w->by, &rows->group[i], err));
    if (d->role.area_code >= 0)
        PS_TRY(keep_text(rows, ps_str_trim(field[d->role.area_code]), &rows->area_code[i],
                         err));
    if (d->role.key >= 0 && counts) {
        ps_str key = ps_str_trim(field[d->role.key]);
        if (key.n > 0) {
            PS_TRY(find_context(d, w, field, month, err));
            rows->context[i] = w->context;
            rows->fingerprint[i] = ps_fingerprint_of(key.p, key.n, w->context);
        }
    }
    return PS_OK;
}

/* The fields of a row behind the texts that they lead to; false, and told, when a key
 * leads nowhere. */
static bool look_up(const ps_decoder *d, ps_decoded *rows, int64_t row,
                    const ps_str *field, ps_str *whole) {
    static const ps_cause of_found[] = {[PS_LOOKUP_UNKNOWN] = PS_CAUSE_UNKNOWN_KEY,
                                        [PS_LOOKUP_AMBIGUOUS] = PS_CAUSE_AMBIGUOUS_KEY};
    const ps_points_spec *spec = d->spec;
    size_t at = 0;
    memcpy(whole + d->n_looked, field, d->n_columns * sizeof *field);
    for (size_t w = 0; w < spec->n_with; w++) {
        const ps_str key = ps_str_trim(whole[d->role.with[w]]);
        size_t found = 0;
        if (is_missing(spec, key)) {
            note_invalid(rows, row, PS_CAUSE_NO_KEY, key);
            return false;
        }
        const ps_lookup_found how = ps_lookup_find(d->lookup[w], key, &found);
        if (how != PS_LOOKUP_FOUND) {
            note_invalid(rows, row, of_found[how], key);
            return false;
        }
        for (unsigned c = 0; c < spec->with[w].columns_count; c++)
            whole[at++] = ps_lookup_cell(d->lookup[w], found, c);
    }
    return true;
}

/* n rows of which nothing is known yet; the number of the first. */
static size_t begin_rows(ps_decoded *rows, size_t n) {
    const size_t first = rows->n, end = first + n;
    rows->n = end;
    for (size_t i = first; i < end; i++) rows->x[i] = NAN;
    for (size_t i = first; i < end; i++) rows->y[i] = NAN;
    for (size_t i = first; i < end; i++) rows->group[i] = PS_NONE;
    memset(rows->fate + first, PS_FATE_INVALID, n);
    for (size_t i = first; rows->count != NULL && i < end; i++) rows->count[i] = 1;
    for (size_t i = first; rows->area_code != NULL && i < end; i++)
        rows->area_code[i] = (ps_str){"", 0};
    if (rows->fingerprint != NULL)
        memset(rows->fingerprint + first, 0, n * sizeof *rows->fingerprint);
    return first;
}

static ps_status decode_fields(ps_decoder *d, int worker_id, ps_decoded *rows, size_t i,
                               int64_t row, const ps_str *field, const double *px,
                               const double *py, ps_error *err) {
    if (d->spec->n_with > 0) {
        if (!look_up(d, rows, row, field, d->worker[worker_id].whole)) return PS_OK;
        field = d->worker[worker_id].whole;
    }
    return decode(d, worker_id, rows, i, row, field, px, py, err);
}

ps_status ps_decode_row(ps_decoder *d, int worker_id, ps_decoded *rows, int64_t row,
                        const ps_str *field, const double *px, const double *py,
                        ps_error *err) {
    const size_t i = begin_rows(rows, 1);
    return decode_fields(d, worker_id, rows, i, row, field, px, py, err);
}

/* The coordinates of rows that hold plain ones, NAN for others, which need a closer look.
 */
static void read_plain_places(const ps_decoder *d, size_t n, const ps_str *field,
                              double *x, double *y) {
    if (d->plain_places) {
        ps_coordinates_read(n, field + d->role.x, d->n_columns, x);
        ps_coordinates_read(n, field + d->role.y, d->n_columns, y);
    } else {
        for (size_t i = 0; i < n; i++) x[i] = y[i] = NAN;
    }
}

ps_status ps_decode_rows(ps_decoder *d, int worker_id, ps_decoded *rows,
                         int64_t first_row, size_t n, const ps_str *field,
                         ps_error *err) {
    double x[PS_DECODE_ROWS], y[PS_DECODE_ROWS];
    const size_t first = begin_rows(rows, n);
    read_plain_places(d, n, field, x, y);
    for (size_t i = 0; i < n; i++, field += d->n_columns) {
        const bool plain = !isnan(x[i]) && !isnan(y[i]);
        PS_TRY(decode_fields(d, worker_id, rows, first + i, first_row + (int64_t)i, field,
                             plain ? &x[i] : NULL, plain ? &y[i] : NULL, err));
    }
    return PS_OK;
}

void ps_decode_nothing(ps_decoded *rows, int64_t row, ps_cause cause, ps_str seen) {
    begin_rows(rows, 1);
    note_invalid(rows, row, cause, seen);
}

void ps_decoder_free(ps_decoder *d) {
    if (d == NULL) return;
    for (int w = 0; w < d->workers; w++) {
        ps_free(d->worker[w].by);
        ps_free(d->worker[w].whole);
        ps_free(d->worker[w].reporter);
    }
    for (size_t w = 0; d->lookup != NULL && w < d->spec->n_with; w++)
        ps_lookup_free(d->lookup[w]);
    ps_free(d->lookup), ps_free((void *)d->looked);
    ps_free(d->worker);
    ps_groups_free(d->groups);
    ps_free((void *)d->column);
    ps_free(d->role.by), ps_free(d->role.where), ps_free(d->role.with);
    ps_free(d);
}
