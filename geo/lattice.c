/* One index of 32-bit words over the box of the areas, a row of cells after the other,
 * leads to the polynomials, 16 pairs of coefficients each. A cubic over 16 km is right to
 * a micrometre where a projection is smooth at all, and its table for all of England
 * stays in the second-level cache.
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
    GATHER = 64 /* points for the operation in one call */
};

static const double CELL_METRES = 16384.0;
static const double CELL_DEGREES = 0.125;
static const double MAX_ERROR = 0.00001; /* metres, at the checks */

typedef struct cell {
    double c[NODES][2]; /* of u^i v^j at [4 * j + i] */
    double column, row;
    bool good;
} cell;

struct ps_lattice {
    double size, per_unit; /* powers of two, so that a place in its cell is exact */
    double target_metres;
    double column, row; /* of the first cell */
    uint32_t columns, rows;
    uint32_t *index; /* cell + 1; 0 for none */
    cell *cells;
    size_t n_cells;
};

/* The entry of the cell of a place, and where in the cell it is; NULL beyond the table.
 * Counted from the first cell, truncation is the floor. */
static uint32_t *entry_of(const ps_lattice *l, double x, double y, double *u, double *v) {
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
    ps_lattice *lattice;
    ps_crs_operation *const *op;
} fitting;

static ps_status fit_cells(void *context, size_t begin, size_t end, int worker,
                           ps_error *err) {
    (void)err;
    const fitting *f = context;
    const ps_lattice *l = f->lattice;
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
static ps_status choose_cells(ps_lattice *l, const ps_areas *areas, ps_error *err) {
    for (size_t i = 0; i < areas->n_points; i++) {
        double u, v;
        uint32_t *entry = entry_of(l, areas->x[i], areas->y[i], &u, &v);
        if (entry != NULL) ++*entry;
    }
    const size_t n = (size_t)l->columns * l->rows;
    for (size_t i = 0; i < n; i++) {
        l->index[i] = l->index[i] > NODES + CHECKS ? (uint32_t)++l->n_cells : 0;
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

/* The cells of the box of all areas; none when it is too large to be on Earth. */
static void choose_extent(ps_lattice *l, const ps_areas *areas) {
    double low_x = HUGE_VAL, low_y = HUGE_VAL, high_x = -HUGE_VAL, high_y = -HUGE_VAL;
    for (size_t a = 0; a < areas->n; a++) {
        const double *box = areas->box + 4 * a;
        if (box[0] > box[2]) continue;
        low_x = fmin(low_x, box[0]), low_y = fmin(low_y, box[1]);
        high_x = fmax(high_x, box[2]), high_y = fmax(high_y, box[3]);
    }
    const double column = floor(low_x / l->size), row = floor(low_y / l->size);
    const double columns = floor(high_x / l->size) - column + 1;
    const double rows = floor(high_y / l->size) - row + 1;
    if (!(columns >= 1 && rows >= 1 && columns * rows <= MAX_CELLS &&
          fabs(column) < 0x1p40 && fabs(row) < 0x1p40))
        return;
    l->column = column, l->row = row;
    l->columns = (uint32_t)columns, l->rows = (uint32_t)rows;
}

static ps_status tabulate(ps_lattice *l, const ps_areas *areas,
                          ps_crs_operation *const *op, double size, ps_error *err) {
    ps_free(l->index);
    ps_free(l->cells);
    *l = (ps_lattice){
        .target_metres = l->target_metres, .size = size, .per_unit = 1 / size};
    choose_extent(l, areas);
    if (l->columns == 0) return PS_OK;
    l->index = ps_zalloc((size_t)l->columns * l->rows, sizeof *l->index);
    if (l->index == NULL) return ps_fail_nomem(err);
    PS_TRY(choose_cells(l, areas, err));
    fitting f = {l, op};
    return ps_par_for(l->n_cells, 8, fit_cells, &f, err);
}

ps_status ps_lattice_build(const ps_areas *areas, ps_crs_operation *const *op,
                           double source_metres, double target_metres, ps_lattice **out,
                           ps_error *err) {
    *out = NULL;
    ps_lattice *l = ps_zalloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    l->target_metres = target_metres;
    double size =
        source_metres > 0 ? exp2(round(log2(CELL_METRES / source_metres))) : CELL_DEGREES;
    ps_status status = PS_OK;
    if (ps_crs_operation_describe(op[0])->grid[0] == '\0') {
        status = tabulate(l, areas, op, size, err);
        for (int i = 0; i < MAX_HALVINGS && status == PS_OK &&
                        4 * ps_lattice_cells(l) < 3 * l->n_cells;
             i++) {
            size /= 2;
            status = tabulate(l, areas, op, size, err);
        }
    }
    if (status == PS_OK)
        *out = l;
    else
        ps_lattice_free(l);
    return status;
}

void ps_lattice_free(ps_lattice *lattice) {
    if (lattice == NULL) return;
    ps_free(lattice->index);
    ps_free(lattice->cells);
    ps_free(lattice);
}

size_t ps_lattice_cells(const ps_lattice *lattice) {
    size_t n = 0;
    for (size_t i = 0; i < lattice->n_cells; i++) n += lattice->cells[i].good;
    return n;
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
    if (lattice->n_cells == 0) {
        (void)ps_crs_operation_apply(op, n, x, y);
        return;
    }
    size_t others = 0, at[GATHER];
    for (size_t i = 0; i < n; i++) {
        double u, v;
        const uint32_t *entry = entry_of(lattice, x[i], y[i], &u, &v);
        const cell *k = entry != NULL && *entry != 0 ? &lattice->cells[*entry - 1] : NULL;
        if (k != NULL && k->good) {
            evaluate(k, u, v, &x[i], &y[i]);
            continue;
        }
        at[others++] = i;
        if (others < GATHER) continue;
        apply_gathered(op, others, at, x, y);
        others = 0;
    }
    apply_gathered(op, others, at, x, y);
}
