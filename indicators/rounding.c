/* Controlled rounding as an integer programme. The unknowns are steps of one multiple
 * each: a cell begins at its lowest multiple, and the steps above it cost what they take
 * the cell away from its count, or save when they bring it nearer. The costs of a cell's
 * steps rise, so a cheapest table takes them in order. */
#include "indicators/rounding.h"

#include <math.h>

#include "engine/core/mem.h"
#include "indicators/disclose.h"
#include "indicators/draw.h"

int64_t ps_round_nearest(int64_t count, int64_t base) {
    int64_t over = count % base, down = count - over;
    return 2 * over >= base ? down + base : down;
}

int64_t ps_round_random(int64_t count, int64_t base, double u) {
    int64_t over = count % base, down = count - over;
    return (double)base * u < (double)over ? down + base : down;
}

enum { MOST_FURTHER = 2, MOST_STEPS = 2 * MOST_FURTHER + 1 };

typedef struct rounding {
    size_t n;
    const int64_t *count;
    const ps_equations *equations;
    int64_t base;
    const double *draw;
    int64_t *lowest; /* in multiples */
    size_t *step;    /* the steps of cell i: step[i] .. step[i + 1] */
    double *cost, *most, *x;
    size_t *offset;
    int32_t *cell;
    double *sign, *right;
} rounding;

static void rounding_free(rounding *r) {
    ps_free(r->lowest);
    ps_free(r->step);
    ps_free(r->cost);
    ps_free(r->offset);
    ps_free(r->cell);
    ps_free(r->sign);
    ps_free(r->right);
}

static ps_status rounding_open(rounding *r, ps_error *err) {
    size_t n = r->n, n_equations = r->equations->n;
    size_t entries = n_equations > 0 ? r->equations->offset[n_equations] : 0;
    r->lowest = ps_alloc(n, sizeof *r->lowest);
    r->step = ps_alloc(n + 1, sizeof *r->step);
    r->cost = ps_alloc(n, 4 * MOST_STEPS * sizeof *r->cost);
    r->offset = ps_alloc(n_equations + 1, sizeof *r->offset);
    r->cell = ps_alloc(entries, MOST_STEPS * sizeof *r->cell);
    r->sign = ps_alloc(entries, MOST_STEPS * sizeof *r->sign);
    r->right = ps_alloc(n_equations, sizeof *r->right);
    if (r->lowest == NULL || r->step == NULL || r->cost == NULL || r->offset == NULL ||
        r->cell == NULL || r->sign == NULL || r->right == NULL) {
        rounding_free(r);
        return ps_fail_nomem(err);
    }
    r->most = r->cost + n * MOST_STEPS;
    r->x = r->most + n * MOST_STEPS;
    return PS_OK;
}

static int64_t distance(int64_t a, int64_t b) {
    return a < b ? b - a : a - b;
}

/* Distances are whole, so shares of one that add up to less decide only between equals.
 */
static void make_steps(rounding *r, int further) {
    size_t at = 0;
    for (size_t i = 0; i < r->n; i++) {
        int64_t count = r->count[i] < 0 ? 0 : r->count[i];
        int64_t low = count / r->base, high = low + (count % r->base > 0);
        low = low > further ? low - further : 0;
        high += further;
        if (r->count[i] < 0) high = low;
        r->lowest[i] = low;
        r->step[i] = at;
        for (int64_t k = low; k < high; k++, at++) {
            r->cost[at] = (double)(distance((k + 1) * r->base, count) -
                                   distance(k * r->base, count)) +
                          0.1 * (r->draw[i] - 0.5) / (double)r->n;
            r->most[at] = 1;
        }
    }
    r->step[r->n] = at;
}

/* Does an equation tie its cells? PS_FORMAT when it does not hold. */
static ps_status ties(const rounding *r, size_t e, bool *out, ps_error *err) {
    const ps_equations *q = r->equations;
    int64_t total = r->count[q->cell[q->offset[e]]], sum = 0;
    bool missing = false;
    for (size_t k = q->offset[e] + 1; k < q->offset[e + 1]; k++) {
        int64_t part = r->count[q->cell[k]];
        missing = missing || part < 0;
        sum += part > 0 ? part : 0;
    }
    *out = total >= 0 && sum == total;
    if (total < 0 || sum == total || (missing && sum < total)) return PS_OK;
    return ps_fail(err, PS_FORMAT, "the count is %lld, but its parts add up to %lld",
                   (long long)total, (long long)sum);
}

static ps_status make_rows(rounding *r, size_t *n_rows, ps_error *err) {
    const ps_equations *q = r->equations;
    size_t rows = 0, at = 0;
    for (size_t e = 0; e < q->n; e++) {
        bool tied;
        PS_TRY(ties(r, e, &tied, err));
        if (!tied) continue;
        int64_t right = 0;
        r->offset[rows] = at;
        for (size_t k = q->offset[e]; k < q->offset[e + 1]; k++) {
            size_t cell = (size_t)q->cell[k];
            double sign = k == q->offset[e] ? -1 : 1;
            right -= (int64_t)sign * r->lowest[cell];
            for (size_t s = r->step[cell]; s < r->step[cell + 1]; s++, at++) {
                r->cell[at] = (int32_t)s;
                r->sign[at] = sign;
            }
        }
        r->right[rows++] = (double)right;
    }
    r->offset[rows] = at;
    *n_rows = rows;
    return PS_OK;
}

static ps_status attempt(rounding *r, int further, bool *found, ps_error *err) {
    size_t rows;
    make_steps(r, further);
    PS_TRY(make_rows(r, &rows, err));
    size_t n = r->step[r->n];
    if (n == 0) { /* only multiples, which add up as they are: no programme for GLPK */
        *found = true;
        return PS_OK;
    }
    double *least = r->x + r->n * MOST_STEPS;
    for (size_t s = 0; s < n; s++) least[s] = 0;
    ps_bounds_problem problem = {.n = n,
                                 .least = least,
                                 .most = r->most,
                                 .n_rows = rows,
                                 .offset = r->offset,
                                 .cell = r->cell,
                                 .sign = r->sign,
                                 .right = r->right};
    ps_bounds *bounds;
    PS_TRY(ps_bounds_open(&problem, &bounds, err));
    ps_status status = ps_bounds_cheapest(bounds, r->cost, r->x, found, err);
    ps_bounds_free(bounds);
    return status;
}

static ps_status work(rounding *r, int64_t *out, int *further, ps_error *err) {
    bool found = false;
    for (*further = 0; *further <= MOST_FURTHER; (*further)++) {
        PS_TRY(attempt(r, *further, &found, err));
        if (found) break;
    }
    if (!found)
        return ps_fail(err, PS_LIMIT,
                       "no multiples of %lld near these counts add up; round every cell "
                       "for itself, or release fewer tables at once",
                       (long long)r->base);
    for (size_t i = 0; i < r->n; i++) {
        int64_t multiple = r->lowest[i];
        for (size_t s = r->step[i]; s < r->step[i + 1]; s++) multiple += r->x[s] > 0.5;
        out[i] = r->count[i] < 0 ? -1 : multiple * r->base;
    }
    return PS_OK;
}

ps_status ps_round_controlled(size_t n, const int64_t *count,
                              const ps_equations *equations, int64_t base,
                              const double *draw, int64_t *out, int *further,
                              ps_error *err) {
    rounding r = {
        .n = n, .count = count, .equations = equations, .base = base, .draw = draw};
    *further = 0;
    for (size_t i = 0; i < n; i++)
        if (count[i] > PS_CELL_MOST)
            return ps_fail(err, PS_LIMIT, "the count %lld is above %lld",
                           (long long)count[i], (long long)PS_CELL_MOST);
    PS_TRY(rounding_open(&r, err));
    ps_status status = work(&r, out, further, err);
    rounding_free(&r);
    return status;
}

/* ---- adaptor ---- */

enum { P_BASE, P_KIND, P_SEED, P_PERCENT };
static const ps_method_param params[] = {
    {"base", PS_COLUMN_INTEGER, "5", NULL, 1, 1000000, "round to multiples of this"},
    {"kind", PS_COLUMN_TEXT, "nearest", "nearest|random|controlled", 1, 0,
     "nearest: half up; random: up with probability remainder / base; controlled: up or "
     "down so that all sums hold"},
    {"seed", PS_COLUMN_INTEGER, "1", NULL, 0, 9007199254740992.0,
     "of the random kind, and between equally near tables of the controlled one"},
    {"percent", PS_COLUMN_TEXT, "none", "none|area|series|period", 1, 0,
     "percent of the area_parent, series_parent or period_parent; figures beside people "
     "who are not rounded: proportion on the published counts"},
};

static const ps_method_column inputs[] = {PS_CELL_COLUMNS};

static const ps_method_column outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"series", PS_COLUMN_TEXT, true, "as in the input"},
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"count_published", PS_COLUMN_INTEGER, true,
     "rounded; tables add up with the controlled kind only"},
    {"base", PS_COLUMN_INTEGER, true, "as the parameter"},
    {"method", PS_COLUMN_TEXT, true, "nearest, random or controlled"},
    {"seed", PS_COLUMN_INTEGER, true, "empty with the nearest kind"},
    {"percent", PS_COLUMN_NUMBER, true,
     "100 x published count / published count of its parent, never from the counts"},
    {"percent_status", PS_COLUMN_TEXT, true,
     "ok, missing, undefined (the parent is published as 0), not-applicable (no parent)"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing"},
};
enum {
    OUT_COUNT = PS_CELL_KEYS,
    OUT_BASE,
    OUT_METHOD,
    OUT_SEED,
    OUT_PERCENT,
    OUT_PERCENT_STATUS,
    OUT_STATUS
};

/* A draw that belongs to the cell, whatever stands around it. */
static double draw_of(const ps_method_call *call, size_t row) {
    uint64_t unit = ps_draw_unit(ps_call_text(call, row, 0)),
             draw = ps_draw_unit(ps_call_text(call, row, 1)) ^
                    ps_draw_unit(ps_call_text(call, row, 2)) << 1;
    uint64_t seed = (uint64_t)ps_call_param_number(call, P_SEED);
    return ps_draw_uniform(ps_draws_of(seed, unit), draw);
}

static ps_status control(const ps_method_call *call, const ps_cells *cells, int64_t base,
                         int64_t *by_row, ps_error *err) {
    int further = 0;
    double *draw = ps_alloc(cells->n, sizeof *draw);
    int64_t *rounded = ps_alloc(cells->n, sizeof *rounded);
    ps_status status = draw == NULL || rounded == NULL ? ps_fail_nomem(err) : PS_OK;
    for (size_t i = 0; i < cells->n && status == PS_OK; i++)
        draw[i] = draw_of(call, cells->row[i]);
    if (status == PS_OK)
        status = ps_round_controlled(cells->n, cells->count, &cells->equations, base,
                                     draw, rounded, &further, err);
    for (size_t i = 0; i < cells->n && status == PS_OK; i++)
        by_row[cells->row[i]] = rounded[i];
    if (status == PS_OK && further > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%s: no multiples next to the counts add up; some counts went one or two "
               "multiples further",
               ps_table_name(ps_call_table(call)));
    ps_free(rounded);
    ps_free(draw);
    return status;
}

static ps_status each_alone(const ps_method_call *call, int64_t base, int64_t *by_row,
                            ps_error *err) {
    bool nearest = ps_call_param_is(call, P_KIND, "nearest");
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        int64_t count;
        PS_TRY(ps_cells_whole(call, i, PS_CELL_COUNT, -1, &count, err));
        by_row[i] = count < 0 ? -1
                    : nearest ? ps_round_nearest(count, base)
                              : ps_round_random(count, base, draw_of(call, i));
    }
    return PS_OK;
}

static ps_value percent_of(const int64_t *published, size_t row, int32_t parent) {
    if (parent < 0) return ps_value_none(PS_VALUE_NOT_APPLICABLE);
    if (published[row] < 0 || published[parent] < 0)
        return ps_value_none(PS_VALUE_MISSING);
    return ps_value_of(100 * (double)published[row] / (double)published[parent]);
}

static ps_status write_rounded(const ps_method_call *call, int64_t base,
                               const int64_t *by_row, const int32_t *parent,
                               ps_error *err) {
    bool seeded = !ps_call_param_is(call, P_KIND, "nearest");
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_value percent = percent_of(by_row, i, parent[i]);
        for (size_t k = 0; k < PS_CELL_KEYS; k++)
            ps_call_put_text(call, k, ps_call_text(call, i, k));
        if (by_row[i] >= 0) ps_call_put_int(call, OUT_COUNT, by_row[i]);
        ps_call_put_int(call, OUT_BASE, base);
        ps_call_put_word(call, OUT_METHOD, ps_call_param_text(call, P_KIND));
        if (seeded)
            ps_call_put_int(call, OUT_SEED, (int64_t)ps_call_param_number(call, P_SEED));
        ps_call_put_value(call, OUT_PERCENT, percent);
        ps_call_put_status(call, OUT_PERCENT_STATUS, percent.status);
        ps_call_put_status(call, OUT_STATUS,
                           by_row[i] < 0 ? PS_VALUE_MISSING : PS_VALUE_OK);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

/* Only sums that are asked for have to hold. */
static ps_status round_rows(const ps_method_call *call, int64_t base, int64_t *by_row,
                            int32_t *parent, ps_error *err) {
    bool controlled = ps_call_param_is(call, P_KIND, "controlled");
    size_t percent = ps_call_param_choice(call, P_PERCENT);
    for (size_t i = 0; i < ps_call_rows(call); i++) parent[i] = PS_NONE;
    if (!controlled && percent == 0) return each_alone(call, base, by_row, err);
    ps_cells cells;
    PS_TRY(ps_cells_read(call, &cells, err));
    ps_status status = controlled ? control(call, &cells, base, by_row, err)
                                  : each_alone(call, base, by_row, err);
    if (status == PS_OK && percent > 0)
        status = ps_cells_parents(call, &cells, (int)percent - 1, parent, err);
    ps_cells_free(&cells);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    int64_t base = (int64_t)ps_call_param_number(call, P_BASE);
    int64_t *by_row = ps_alloc(ps_call_rows(call), sizeof *by_row);
    int32_t *parent = ps_alloc(ps_call_rows(call), sizeof *parent);
    ps_status status = by_row == NULL || parent == NULL ? ps_fail_nomem(err) : PS_OK;
    if (status == PS_OK) status = round_rows(call, base, by_row, parent, err);
    if (status == PS_OK) status = write_rounded(call, base, by_row, parent, err);
    ps_free(parent);
    ps_free(by_row);
    return status;
}

const ps_method ps_method_round = {
    .id = "round",
    .title = "Rounding of counts",
    .formula =
        "nearest: b floor(x / b + 0.5); random: up with probability (x mod b) / b, so "
        "that the expectation is x; both every cell for itself. controlled: each count "
        "to "
        "a multiple next to it so that every sum holds and the sum of |published - x| is "
        "least.",
    .source =
        "GSS/ONS disclosure control guidance for tables; Causey, Cox & Ernst 1985, JASA "
        "80:903",
    .evidence =
        "by hand; the mean of the random kind is the count; controlled: no other "
        "rounding "
        "of 300 random tables, all written out, adds up and is nearer",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
