#include "engine/run/isolated.h"

#include "engine/core/par.h"

enum { GAP = 24, FEW_ROWS = 3, ENOUGH = 20 };
static const double few_of_a_month = 0.01;

/* ---- Months ---- */

typedef struct stretch {
    size_t begin, end; /* months with rows at both ends */
    int64_t rows;
} stretch;

/* The nearest stretch at either side of a month; without rows there is none. */
static stretch stretch_behind(const int64_t *rows, size_t n, size_t month) {
    while (month < n && rows[month] == 0) month++;
    stretch s = {month, month, 0};
    for (; month < n && (s.rows == 0 || month < s.end + GAP); month++) {
        if (rows[month] == 0) continue;
        s.rows += rows[month];
        s.end = month + 1;
    }
    return s;
}

static bool is_isolated(const stretch *body, const stretch *s, size_t gap) {
    const double pace = (double)body->rows / (double)(body->end - body->begin);
    return ((double)s->rows <= few_of_a_month * pace || s->rows <= FEW_ROWS) &&
           body->rows >= ENOUGH && pace * (double)gap >= ENOUGH;
}

static stretch stretch_before(const int64_t *rows, size_t end) {
    while (end > 0 && rows[end - 1] == 0) end--;
    stretch s = {end, end, 0};
    for (size_t m = end; m > 0 && m + GAP > s.begin; m--) {
        if (rows[m - 1] == 0) continue;
        s.rows += rows[m - 1];
        s.begin = m - 1;
    }
    return s;
}

void ps_isolated_months(const int64_t *rows, size_t n, size_t *begin, size_t *end) {
    stretch body = {0, 0, 0}, s;
    for (s = stretch_behind(rows, n, 0); s.rows > 0; s = stretch_behind(rows, n, s.end))
        if (s.rows >= body.rows) body = s;
    *begin = body.begin, *end = body.end;
    for (s = stretch_behind(rows, n, *end); s.rows > 0;
         s = stretch_behind(rows, n, s.end))
        if (!is_isolated(&body, &s, s.begin - *end)) *end = s.end;
    for (s = stretch_before(rows, *begin); s.rows > 0; s = stretch_before(rows, s.begin))
        if (!is_isolated(&body, &s, *begin - s.end)) *begin = s.begin;
}

/* ---- Rows ---- */

/* The first row of a group; row 0: none. */
typedef struct met {
    size_t source;
    int64_t row;
} met;

typedef struct finder {
    met **first; /* by worker and group */
    size_t *capacity;
    int workers;
} finder;

static bool is_before(met a, met b) {
    return a.source < b.source || (a.source == b.source && a.row < b.row);
}

static void meet(met *group, met row) {
    if (group->row == 0 || is_before(row, *group)) *group = row;
}

static ps_status make_room(finder *f, int worker, size_t group, ps_error *err) {
    const size_t before = f->capacity[worker];
    void *array = f->first[worker];
    if (group < before) return PS_OK;
    PS_TRY(ps_grow(&array, &f->capacity[worker], group + 1, sizeof(met), err));
    f->first[worker] = array;
    for (size_t k = before; k < f->capacity[worker]; k++)
        f->first[worker][k] = (met){0, 0};
    return PS_OK;
}

static ps_status take(void *context, size_t index, const ps_points_block *b, int worker,
                      ps_error *err) {
    (void)index;
    finder *f = context;
    for (size_t i = 0; i < b->n; i++) {
        if (b->fate[i] != PS_FATE_LOCATED && b->fate[i] != PS_FATE_UNLOCATED) continue;
        const size_t group = (size_t)b->group[i];
        PS_TRY(make_room(f, worker, group, err));
        meet(&f->first[worker][group], (met){b->source, b->first_row + (int64_t)i});
    }
    return PS_OK;
}

/* Kept in the order of the input. */
static void keep(ps_isolated *out, met row, ps_month month) {
    size_t k = out->n;
    while (k > 0 && is_before(row, (met){out->row[k - 1].source, out->row[k - 1].row})) {
        if (k < PS_ISOLATED_TOLD) out->row[k] = out->row[k - 1];
        k--;
    }
    if (k == PS_ISOLATED_TOLD) return;
    out->row[k].source = row.source, out->row[k].row = row.row;
    out->row[k].month = month;
    if (out->n < PS_ISOLATED_TOLD) out->n++;
}

static void collect(const finder *f, const ps_groups *groups, size_t date, ps_month first,
                    ps_month last, ps_isolated *out) {
    *out = (ps_isolated){0};
    for (size_t k = 0; k < ps_keys_size(ps_groups_keys(groups)); k++) {
        met row = {0, 0};
        ps_month month;
        for (int w = 0; w < f->workers; w++)
            if (k < f->capacity[w] && f->first[w][k].row > 0) meet(&row, f->first[w][k]);
        if (row.row > 0 &&
            ps_parse_month(ps_groups_field(groups, (int32_t)k, date), &month) &&
            (month < first || month > last))
            keep(out, row, month);
    }
}

ps_status ps_isolated_find(const ps_points_spec *spec, size_t date, ps_month first,
                           ps_month last, ps_isolated *out, ps_error *err) {
    finder f = {.workers = ps_threads()};
    ps_points *points = NULL;
    const ps_points_block *blocks;
    size_t n = 1;
    f.first = ps_zalloc((size_t)f.workers, sizeof *f.first);
    f.capacity = ps_zalloc((size_t)f.workers, sizeof *f.capacity);
    ps_status status = f.first != NULL && f.capacity != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_points_open(spec, NULL, &points, err);
    while (status == PS_OK && n > 0)
        status = ps_points_next(points, take, &f, &blocks, &n, err);
    if (status == PS_OK) collect(&f, ps_points_groups(points), date, first, last, out);
    ps_points_close(points);
    for (int w = 0; f.first != NULL && w < f.workers; w++) ps_free(f.first[w]);
    ps_free(f.first), ps_free(f.capacity);
    return status;
}
