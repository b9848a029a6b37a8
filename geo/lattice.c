/* One index of 32-bit words over the box of the areas, a row of cells after the other,
 * leads to the polynomials, 16 pairs of coefficients each. A cubic over 16 km is right to
 * a micrometre where a projection is smooth at all, and its table for all of England
 * stays in the second-level cache.
 *
 * An operation with a table of shifts is smooth up to it and smooth after it: each part
 * has a table of polynomials of its own, and the shifts at the nodes near the areas are
 * asked for once and interpolated here. That they are bilinear between the nodes where
 * the file says so is checked in the middle of every fourth cell.
 */
#include "geo/lattice.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"

enum {
    SIDE = 4, /* nodes along one side, borders included */
    NODES = SIDE * SIDE,
    CHECK_SIDE = 5, /* checks along one side */
    CHECKS = CHECK_SIDE * CHECK_SIDE,
    MAX_CELLS = 1 << 22, /* the Earth has 3.2 million */
    MAX_HALVINGS = 3,
    GATHER = 64, /* points for the operation in one call */
    SAMPLE = 16, /* of the vertices, every so manieth stands for all */
    MOST_NODES = 1 << 22,
    MOST_STEPS = 12 /* to the place that is shifted to a given one; three do */
};

static const double CELL_METRES = 16384.0;
static const double CELL_DEGREES = 0.125;
static const double MAX_ERROR = 0.00001;     /* metres, at the checks */
static const double MAX_SHIFT_ERROR = 1e-10; /* degrees, likewise */
static const double SETTLED = 1e-13;         /* degrees */

typedef struct cell {
    double c[NODES][2]; /* of u^i v^j at [4 * j + i] */
    double column, row;
    bool good;
} cell;

typedef struct table {
    double size, per_unit; /* powers of two, so that a place in its cell is exact */
    double target_metres;
    double column, row; /* of the first cell */
    uint32_t columns, rows;
    uint32_t *index; /* cell + 1; 0 for none */
    cell *cells;
    size_t n_cells;
} table;

/* Places that are many where areas have many vertices. */
typedef struct places {
    const double *x, *y;
    size_t n, each; /* vertices that each stands for */
    double low_x, low_y, high_x, high_y;
} places;

/* Shifts at the nodes of some cells; NAN where there is none. */
typedef struct shifts {
    ps_crs_shifts of;
    uint32_t column, row; /* the first node */
    uint32_t columns, rows;
    double (*by)[2];
} shifts;

struct ps_lattice {
    table before, after;        /* of the operation; after only with shifts */
    shifts shifts;              /* none when by is NULL */
    bool has_before, has_after; /* the part moves anything */
};

/* The entry of the cell of a place, and where in the cell it is; NULL beyond the table.
 * Counted from the first cell, truncation is the floor. */
static uint32_t *entry_of(const table *l, double x, double y, double *u, double *v) {
    const double across = x * l->per_unit - l->column, up = y * l->per_unit - l->row;
    if (!(across >= 0 && across < l->columns && up >= 0 && up < l->rows)) return NULL;
    const uint32_t column = (uint32_t)across, row = (uint32_t)up;
    *u = across - column;
    *v = up - row;
    return l->index + (size_t)row * l->columns + column;
}

static void evaluate(const cell *k, double u, double v, double *x, double *y) {
    double sum_x = 0, sum_y = 0;
    for (int j = SIDE - 1; j >= 0; j--) {
        const double(*c)[2] = k->c + SIDE * j;
        sum_x = sum_x * v + (((c[3][0] * u + c[2][0]) * u + c[1][0]) * u + c[0][0]);
        sum_y = sum_y * v + (((c[3][1] * u + c[2][1]) * u + c[1][1]) * u + c[0][1]);
    }
    *x = sum_x;
    *y = sum_y;
}

/* Values at 0, 1/3, 2/3, 1 to coefficients of the cubic through them. */
static void cubic(const double f[SIDE], double c[SIDE]) {
    c[0] = f[0];
    c[1] = (-11 * f[0] + 18 * f[1] - 9 * f[2] + 2 * f[3]) / 2;
    c[2] = 9 * (2 * f[0] - 5 * f[1] + 4 * f[2] - f[3]) / 2;
    c[3] = 9 * (-f[0] + 3 * f[1] - 3 * f[2] + f[3]) / 2;
}

static void fit(const double *value, int lane, cell *k) {
    double across[SIDE][SIDE]; /* [row of nodes][power of u] */
    for (int j = 0; j < SIDE; j++) {
        double f[SIDE];
        for (int i = 0; i < SIDE; i++) f[i] = value[SIDE * j + i] - value[0];
        cubic(f, across[j]);
    }
    for (int i = 0; i < SIDE; i++) {
        double f[SIDE], c[SIDE];
        for (int j = 0; j < SIDE; j++) f[j] = across[j][i];
        cubic(f, c);
        for (int j = 0; j < SIDE; j++) k->c[SIDE * j + i][lane] = c[j];
    }
    k->c[0][lane] += value[0];
}

typedef struct fitting {
    table *table;
    ps_crs_operation *const *op;
} fitting;

static ps_status fit_cells(void *context, size_t begin, size_t end, int worker,
                           ps_error *err) {
    (void)err;
    const fitting *f = context;
    const table *l = f->table;
    for (size_t i = begin; i < end; i++) {
        cell *k = &l->cells[i];
        double x[NODES + CHECKS], y[NODES + CHECKS], u[CHECKS], v[CHECKS];
        for (int n = 0; n < NODES; n++) {
            x[n] = (k->column + (double)(n % SIDE) / (SIDE - 1)) * l->size;
            y[n] = (k->row + (double)(n / SIDE) / (SIDE - 1)) * l->size;
        }
        for (int n = 0; n < CHECKS; n++) {
            u[n] = (n % CHECK_SIDE + 0.5) / CHECK_SIDE;
            v[n] = (n / CHECK_SIDE + 0.5) / CHECK_SIDE;
            x[NODES + n] = (k->column + u[n]) * l->size;
            y[NODES + n] = (k->row + v[n]) * l->size;
        }
        /* An edge of the operation's domain, or a cut through it, parts the corners. */
        if (ps_crs_operation_apply(f->op[worker], NODES + CHECKS, x, y) > 0) continue;
        fit(x, 0, k);
        fit(y, 1, k);
        double worst = 0;
        for (int n = 0; n < CHECKS; n++) {
            const double cx = x[NODES + n], cy = y[NODES + n];
            double px, py;
            evaluate(k, u[n], v[n], &px, &py);
            worst = fmax(
                worst, ps_lattice_square_metres(px - cx, py - cy, cy, l->target_metres));
        }
        k->good = worst < MAX_ERROR * MAX_ERROR;
    }
    return PS_OK;
}

/* Number the cells with so many vertices that a polynomial pays. */
static ps_status choose_cells(table *l, const places *at, ps_error *err) {
    for (size_t i = 0; i < at->n; i++) {
        double u, v;
        uint32_t *entry = entry_of(l, at->x[i], at->y[i], &u, &v);
        if (entry != NULL) ++*entry;
    }
    const size_t n = (size_t)l->columns * l->rows;
    for (size_t i = 0; i < n; i++) {
        l->index[i] =
            l->index[i] * at->each > NODES + CHECKS ? (uint32_t)++l->n_cells : 0;
    }
    l->cells = ps_zalloc(l->n_cells, sizeof *l->cells);
    if (l->cells == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (l->index[i] == 0) continue;
        cell *k = &l->cells[l->index[i] - 1];
        k->column = l->column + (double)(i % l->columns);
        k->row = l->row + (double)(i / l->columns);
    }
    return PS_OK;
}

/* The cells of the box of all places; none when it is too large to be on Earth. */
static void choose_extent(table *l, const places *at) {
    const double column = floor(at->low_x / l->size), row = floor(at->low_y / l->size);
    const double columns = floor(at->high_x / l->size) - column + 1;
    const double rows = floor(at->high_y / l->size) - row + 1;
    if (!(columns >= 1 && rows >= 1 && columns * rows <= MAX_CELLS &&
          fabs(column) < 0x1p40 && fabs(row) < 0x1p40))
        return;
    l->column = column, l->row = row;
    l->columns = (uint32_t)columns, l->rows = (uint32_t)rows;
}

static void free_table(table *l) {
    ps_free(l->index);
    ps_free(l->cells);
    *l = (table){.target_metres = l->target_metres};
}

static ps_status tabulate(table *l, const places *at, ps_crs_operation *const *op,
                          double size, ps_error *err) {
    free_table(l);
    l->size = size;
    l->per_unit = 1 / size;
    choose_extent(l, at);
    if (l->columns == 0) return PS_OK;
    l->index = ps_zalloc((size_t)l->columns * l->rows, sizeof *l->index);
    if (l->index == NULL) return ps_fail_nomem(err);
    PS_TRY(choose_cells(l, at, err));
    fitting f = {l, op};
    return ps_par_for(l->n_cells, 8, fit_cells, &f, err);
}

static size_t good_cells(const table *l) {
    size_t n = 0;
    for (size_t i = 0; i < l->n_cells; i++) n += l->cells[i].good;
    return n;
}

/* The table of an operation that is smooth. */
static ps_status make_table(table *l, const places *at, ps_crs_operation *const *op,
                            double source_metres, double target_metres, ps_error *err) {
    double size =
        source_metres > 0 ? exp2(round(log2(CELL_METRES / source_metres))) : CELL_DEGREES;
    l->target_metres = target_metres;
    PS_TRY(tabulate(l, at, op, size, err));
    for (int i = 0; i < MAX_HALVINGS && 4 * good_cells(l) < 3 * l->n_cells; i++) {
        size /= 2;
        PS_TRY(tabulate(l, at, op, size, err));
    }
    return PS_OK;
}

/* The image by the table, when its cell has one. */
static bool look_up(const table *l, double *x, double *y) {
    double u, v;
    const uint32_t *entry = entry_of(l, *x, *y, &u, &v);
    const cell *k = entry != NULL && *entry != 0 ? &l->cells[*entry - 1] : NULL;
    if (k == NULL || !k->good) return false;
    evaluate(k, u, v, x, y);
    return true;
}

/* --- shifts --- */

static bool shift_at(const shifts *s, double x, double y, double by[2]) {
    const double across = (x - s->of.west) / s->of.step_x - s->column;
    const double up = (y - s->of.south) / s->of.step_y - s->row;
    if (!(across >= 0 && across < s->columns - 1 && up >= 0 && up < s->rows - 1))
        return false;
    const uint32_t column = (uint32_t)across, row = (uint32_t)up;
    const double u = across - column, v = up - row;
    const double(*low)[2] = (const double(*)[2])s->by + (size_t)row * s->columns + column;
    const double(*high)[2] = low + s->columns;
    for (int i = 0; i < 2; i++)
        by[i] = (1 - v) * ((1 - u) * low[0][i] + u * low[1][i]) +
                v * ((1 - u) * high[0][i] + u * high[1][i]);
    return isfinite(by[0]) && isfinite(by[1]);
}

/* Shift a place, or find the one that is shifted to it: a shift differs so little from
 * place to place that each step comes 10^4 times closer. */
static bool shift_place(const shifts *s, double *x, double *y) {
    double by[2];
    if (!shift_at(s, *x, *y, by)) return false;
    if (!s->of.inverse) {
        *x += by[0], *y += by[1];
        return true;
    }
    double from_x = *x - by[0], from_y = *y - by[1];
    for (int i = 0; i < MOST_STEPS; i++) {
        if (!shift_at(s, from_x, from_y, by)) return false;
        const double next_x = *x - by[0], next_y = *y - by[1];
        const bool settled =
            fabs(next_x - from_x) < SETTLED && fabs(next_y - from_y) < SETTLED;
        from_x = next_x, from_y = next_y;
        if (!settled) continue;
        *x = from_x, *y = from_y;
        return true;
    }
    return false;
}

typedef struct asking {
    shifts *shifts;
    ps_crs_operation *const *op;
} asking;

/* The shifts of some rows of nodes. */
static ps_status ask_rows(void *context, size_t begin, size_t end, int worker,
                          ps_error *err) {
    const asking *a = context;
    shifts *s = a->shifts;
    double *x = ps_alloc(s->columns, sizeof *x), *y = ps_alloc(s->columns, sizeof *y);
    if (x == NULL || y == NULL) {
        ps_free(x);
        ps_free(y);
        return ps_fail_nomem(err);
    }
    for (size_t r = begin; r < end; r++) {
        const double at_y = s->of.south + (double)(s->row + r) * s->of.step_y;
        for (uint32_t c = 0; c < s->columns; c++) {
            x[c] = s->of.west + (double)(s->column + c) * s->of.step_x;
            y[c] = at_y;
        }
        (void)ps_crs_operation_apply(a->op[worker], s->columns, x, y);
        double(*by)[2] = s->by + r * s->columns;
        for (uint32_t c = 0; c < s->columns; c++) {
            const double at_x = s->of.west + (double)(s->column + c) * s->of.step_x;
            const bool known = isfinite(x[c]);
            by[c][0] = known ? x[c] - at_x : (double)NAN;
            by[c][1] = known ? y[c] - at_y : (double)NAN;
        }
    }
    ps_free(x);
    ps_free(y);
    return PS_OK;
}

/* PS_FORMAT when the shift in the middle of a cell is not what its corners say. */
static ps_status check_rows(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    const asking *a = context;
    const shifts *s = a->shifts;
    for (size_t r = begin; r < end; r++) {
        for (size_t c = r % 4; c + 1 < s->columns; c += 4) {
            double x = s->of.west + (s->column + (double)c + 0.5) * s->of.step_x;
            double y = s->of.south + (s->row + (double)r + 0.5) * s->of.step_y;
            double by[2], to_x = x, to_y = y;
            if (!shift_at(s, x, y, by)) continue;
            if (ps_crs_operation_apply(a->op[worker], 1, &to_x, &to_y) > 0 ||
                fabs(to_x - x - by[0]) > MAX_SHIFT_ERROR ||
                fabs(to_y - y - by[1]) > MAX_SHIFT_ERROR)
                return ps_fail(err, PS_FORMAT, "the shifts are not bilinear");
        }
    }
    return PS_OK;
}

/* Nodes around the places, which are in the plane between; none when they are more than
 * the vertices that they are for. */
static ps_status ask_shifts(shifts *s, const places *at, size_t vertices,
                            ps_crs_operation *const *op, ps_error *err) {
    const ps_crs_shifts *of = &s->of;
    const double first_x = fmax(floor((at->low_x - of->west) / of->step_x) - 2, 0);
    const double first_y = fmax(floor((at->low_y - of->south) / of->step_y) - 2, 0);
    const double last_x =
        fmin(ceil((at->high_x - of->west) / of->step_x) + 2, of->columns - 1.0);
    const double last_y =
        fmin(ceil((at->high_y - of->south) / of->step_y) + 2, of->rows - 1.0);
    const double nodes = (last_x - first_x + 1) * (last_y - first_y + 1);
    if (!(last_x > first_x && last_y > first_y && nodes <= MOST_NODES &&
          nodes <= (double)vertices))
        return PS_OK;
    s->column = (uint32_t)first_x, s->row = (uint32_t)first_y;
    s->columns = (uint32_t)(last_x - first_x) + 1;
    s->rows = (uint32_t)(last_y - first_y) + 1;
    s->by = ps_alloc((size_t)s->columns * s->rows, sizeof *s->by);
    if (s->by == NULL) return ps_fail_nomem(err);
    asking a = {s, op};
    PS_TRY(ps_par_for(s->rows, 16, ask_rows, &a, err));
    ps_status status = ps_par_for(s->rows - 1, 16, check_rows, &a, err);
    if (status != PS_FORMAT) return status;
    ps_free(s->by); /* then each vertex is asked for */
    s->by = NULL;
    return PS_OK;
}

/* Does an operation leave places in degrees where they are, to a micrometre? */
static bool does_nothing(ps_crs_operation *op, const places *at) {
    for (int i = 0; i <= 8; i++) {
        double x = at->low_x + (at->high_x - at->low_x) * i / 8, from_x = x;
        double y = at->low_y + (at->high_y - at->low_y) * (i * 3 % 8) / 8, from_y = y;
        if (ps_crs_operation_apply(op, 1, &x, &y) > 0 || fabs(x - from_x) > 1e-11 ||
            fabs(y - from_y) > 1e-11)
            return false;
    }
    return true;
}

static void measure_places(places *at) {
    at->low_x = at->low_y = HUGE_VAL;
    at->high_x = at->high_y = -HUGE_VAL;
    for (size_t i = 0; i < at->n; i++) {
        if (!isfinite(at->x[i]) || !isfinite(at->y[i])) continue;
        at->low_x = fmin(at->low_x, at->x[i]), at->high_x = fmax(at->high_x, at->x[i]);
        at->low_y = fmin(at->low_y, at->y[i]), at->high_y = fmax(at->high_y, at->y[i]);
    }
}

/* The three parts. x, y: a sample of the vertices, used up. part[p * workers + w]. */
static ps_status make_parts(ps_lattice *l, const places *areas, double *x, double *y,
                            size_t n, ps_crs_operation *const *part, size_t workers,
                            double source_metres, double target_metres, ps_error *err) {
    places between = {x, y, n, SAMPLE, 0, 0, 0, 0};
    l->has_before = source_metres > 0 || !does_nothing(part[0], areas);
    if (l->has_before) {
        PS_TRY(make_table(&l->before, areas, part, source_metres, 0, err));
        (void)ps_crs_operation_apply(part[0], n, x, y);
    }
    measure_places(&between);
    PS_TRY(ask_shifts(&l->shifts, &between, areas->n, part + workers, err));
    if (l->shifts.by == NULL) {
        free_table(&l->before); /* a part is of no use alone */
        return PS_OK;
    }
    for (size_t i = 0; i < n; i++)
        if (!shift_place(&l->shifts, &x[i], &y[i])) x[i] = y[i] = HUGE_VAL;
    measure_places(&between);
    l->has_after = target_metres > 0 || !does_nothing(part[2 * workers], &between);
    return l->has_after ? make_table(&l->after, &between, part + 2 * workers, 0,
                                     target_metres, err)
                        : PS_OK;
}

/* An operation with a table of shifts, when it can be taken apart. */
static ps_status make_shifted(ps_lattice *l, const places *areas,
                              const ps_crs_operation *op, double source_metres,
                              double target_metres, ps_error *err) {
    ps_crs_operation *first[3];
    if (areas->n == 0 || !ps_crs_operation_split(op, first, &l->shifts.of)) return PS_OK;
    const size_t workers = (size_t)ps_threads(), n = (areas->n - 1) / SAMPLE + 1;
    ps_crs_operation **part = ps_zalloc(3 * workers, sizeof *part);
    double *x = ps_alloc(n, sizeof *x), *y = ps_alloc(n, sizeof *y);
    ps_status status =
        part != NULL && x != NULL && y != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; status == PS_OK && i < 3 * workers; i++)
        status = ps_crs_operation_clone(first[i / workers], &part[i], err);
    if (status == PS_OK) {
        for (size_t i = 0; i < n; i++)
            x[i] = areas->x[i * SAMPLE], y[i] = areas->y[i * SAMPLE];
        status = make_parts(l, areas, x, y, n, part, workers, source_metres,
                            target_metres, err);
    }
    for (size_t i = 0; part != NULL && i < 3 * workers; i++)
        ps_crs_operation_free(part[i]);
    for (int i = 0; i < 3; i++) ps_crs_operation_free(first[i]);
    ps_free(part);
    ps_free(x);
    ps_free(y);
    return status;
}

/* --- all of it --- */

ps_status ps_lattice_build(const ps_areas *areas, ps_crs_operation *const *op,
                           double source_metres, double target_metres, ps_lattice **out,
                           ps_error *err) {
    *out = NULL;
    ps_lattice *l = ps_zalloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    places at = {areas->x, areas->y, areas->n_points, 1,
                 HUGE_VAL, HUGE_VAL, -HUGE_VAL,       -HUGE_VAL};
    for (size_t a = 0; a < areas->n; a++) {
        const double *box = areas->box + 4 * a;
        if (box[0] > box[2]) continue;
        at.low_x = fmin(at.low_x, box[0]), at.low_y = fmin(at.low_y, box[1]);
        at.high_x = fmax(at.high_x, box[2]), at.high_y = fmax(at.high_y, box[3]);
    }
    const bool smooth = ps_crs_operation_describe(op[0])->grid[0] == '\0';
    const ps_status status =
        smooth ? make_table(&l->before, &at, op, source_metres, target_metres, err)
               : make_shifted(l, &at, op[0], source_metres, target_metres, err);
    if (status == PS_OK)
        *out = l;
    else
        ps_lattice_free(l);
    return status;
}

void ps_lattice_free(ps_lattice *lattice) {
    if (lattice == NULL) return;
    free_table(&lattice->before);
    free_table(&lattice->after);
    ps_free(lattice->shifts.by);
    ps_free(lattice);
}

size_t ps_lattice_cells(const ps_lattice *lattice) {
    return good_cells(&lattice->before) + good_cells(&lattice->after);
}

size_t ps_lattice_nodes(const ps_lattice *lattice) {
    const shifts *s = &lattice->shifts;
    return s->by != NULL ? (size_t)s->columns * s->rows : 0;
}

/* The image by what was tabulated. */
static bool find_image(const ps_lattice *l, double *x, double *y) {
    if (l->shifts.by == NULL) return look_up(&l->before, x, y);
    double to_x = *x, to_y = *y;
    if ((l->has_before && !look_up(&l->before, &to_x, &to_y)) ||
        !shift_place(&l->shifts, &to_x, &to_y) ||
        (l->has_after && !look_up(&l->after, &to_x, &to_y)))
        return false;
    *x = to_x, *y = to_y;
    return true;
}

/* The points gathered in at[0 .. n), by the operation itself. */
static void apply_gathered(ps_crs_operation *op, size_t n, const size_t *at, double *x,
                           double *y) {
    double gx[GATHER], gy[GATHER];
    for (size_t i = 0; i < n; i++) gx[i] = x[at[i]], gy[i] = y[at[i]];
    (void)ps_crs_operation_apply(op, n, gx, gy);
    for (size_t i = 0; i < n; i++) x[at[i]] = gx[i], y[at[i]] = gy[i];
}

void ps_lattice_apply(const ps_lattice *lattice, ps_crs_operation *op, size_t n,
                      double *x, double *y) {
    if (lattice->before.n_cells == 0 && lattice->shifts.by == NULL) {
        (void)ps_crs_operation_apply(op, n, x, y);
        return;
    }
    size_t others = 0, at[GATHER];
    for (size_t i = 0; i < n; i++) {
        if (find_image(lattice, &x[i], &y[i])) continue;
        at[others++] = i;
        if (others < GATHER) continue;
        apply_gathered(op, others, at, x, y);
        others = 0;
    }
    apply_gathered(op, others, at, x, y);
}
