/* Rows of cells are worked on in blocks: the share of a point's kernel that depends on
 * the column is computed once for the whole block. */
#include "indicators/density.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/method.h"
#include "indicators/sum.h"

static const double PI = 3.14159265358979323846, GAUSSIAN_REACH = 5;
enum { BLOCK = 16 };

typedef struct spot {
    double x, y, weight;
} spot;

static int by_place(const void *a, const void *b) {
    const spot *p = a, *q = b;
    if (p->y != q->y) return p->y < q->y ? -1 : 1;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return (p->weight > q->weight) - (p->weight < q->weight);
}

typedef struct smoothing {
    const spot *spot;
    size_t n;
    ps_kernel kernel;
    double h_x, h_y, reach; /* reach: the largest u */
    const ps_grid *grid;
    double *scratch; /* 2 columns per worker */
    double *density;
} smoothing;

/* The first spot with y at least `least`. */
static size_t first_from(const smoothing *s, double least) {
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->spot[middle].y < least)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The cells of one axis within reach of a place: [*first, *end). One more on each side
 * makes rounding harmless; the test of u decides. */
static void cells_near(double origin, double cell, size_t cells, double at, double reach,
                       size_t *first, size_t *end) {
    double low = floor((at - reach - origin) / cell);
    double high = ceil((at + reach - origin) / cell);
    *first = low > 0 ? (low < (double)cells ? (size_t)low : cells) : 0;
    *end = high >= 0 ? (high + 1 < (double)cells ? (size_t)high + 1 : cells) : 0;
}

static void add_row(const smoothing *s, const double *u2, const double *factor, double v2,
                    double height, size_t begin, size_t end, double *row) {
    double most = s->reach * s->reach;
    if (s->kernel == PS_KERNEL_GAUSSIAN) {
        double share = height * exp(-v2 / 2);
        for (size_t c = begin; c < end; c++)
            row[c] += u2[c] + v2 <= most ? share * factor[c] : 0;
    } else if (s->kernel == PS_KERNEL_QUARTIC) {
        for (size_t c = begin; c < end; c++) {
            double rest = 1 - (u2[c] + v2);
            row[c] += rest > 0 ? height * (rest * rest) : 0;
        }
    } else {
        for (size_t c = begin; c < end; c++) {
            double rest = 1 - (u2[c] + v2);
            row[c] += rest > 0 ? height * rest : 0;
        }
    }
}

static void add_spot(const smoothing *s, const spot *p, double scale, size_t begin,
                     size_t end, double *u2, double *factor) {
    const ps_grid *g = s->grid;
    size_t left, right, bottom, top;
    cells_near(g->x, g->cell, g->columns, p->x, s->reach * s->h_x, &left, &right);
    cells_near(g->y, g->cell, g->rows, p->y, s->reach * s->h_y, &bottom, &top);
    if (bottom < begin) bottom = begin;
    if (top > end) top = end;
    for (size_t c = left; c < right && bottom < top; c++) {
        double u = (g->x + (double)c * g->cell - p->x) / s->h_x;
        u2[c] = u * u;
        if (s->kernel == PS_KERNEL_GAUSSIAN) factor[c] = exp(-u2[c] / 2);
    }
    for (size_t r = bottom; r < top; r++) {
        double v = (g->y + (double)r * g->cell - p->y) / s->h_y;
        add_row(s, u2, factor, v * v, scale * p->weight, left, right,
                s->density + r * g->columns);
    }
}

static ps_status smooth_rows(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)err;
    const smoothing *s = context;
    const ps_grid *g = s->grid;
    static const double height[] = {0.5, 3, 2}; /* times 1 / (pi h_x h_y) */
    double *u2 = s->scratch + (size_t)worker * 2 * g->columns, *factor = u2 + g->columns;
    double scale = height[s->kernel] / (PI * s->h_x * s->h_y);
    double reach = s->reach * s->h_y;
    double last = g->y + (double)(end - 1) * g->cell + reach;
    memset(s->density + begin * g->columns, 0,
           (end - begin) * g->columns * sizeof *s->density);
    for (size_t i = first_from(s, g->y + (double)begin * g->cell - reach);
         i < s->n && s->spot[i].y <= last; i++)
        add_spot(s, &s->spot[i], scale, begin, end, u2, factor);
    return PS_OK;
}

ps_status ps_density(size_t n, const double *x, const double *y, const double *weight,
                     ps_kernel kernel, double h_x, double h_y, const ps_grid *grid,
                     double *density, ps_error *err) {
    if (!(h_x > 0 && h_y > 0 && isfinite(h_x) && isfinite(h_y)))
        return ps_fail(err, PS_CONFIG, "a bandwidth has to be above 0");
    spot *spots = ps_alloc(n, sizeof *spots);
    double *scratch = ps_alloc((size_t)ps_threads() * 2, grid->columns * sizeof *scratch);
    ps_status status = spots != NULL && scratch != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t i = 0; i < n; i++)
            spots[i] = (spot){x[i], y[i], weight != NULL ? weight[i] : 1};
        if (n > 1) qsort(spots, n, sizeof *spots, by_place);
        smoothing s = {spots, n,       kernel,
                       h_x,   h_y,     kernel == PS_KERNEL_GAUSSIAN ? GAUSSIAN_REACH : 1,
                       grid,  scratch, density};
        status = ps_par_for(grid->rows, BLOCK, smooth_rows, &s, err);
    }
    ps_free(spots);
    ps_free(scratch);
    return status;
}

/* What the cells of an endless grid would sum up to; 1 but for their size. */
static double whole_mass(ps_kernel kernel, double h_x, double h_y, double cell) {
    double reach = kernel == PS_KERNEL_GAUSSIAN ? GAUSSIAN_REACH : 1;
    double columns = floor(reach * h_x / cell), rows = floor(reach * h_y / cell);
    ps_sum sum = {0};
    for (double r = -rows; r <= rows; r++)
        for (double c = -columns; c <= columns; c++) {
            double u = c * cell / h_x, v = r * cell / h_y, u2 = u * u + v * v;
            if (kernel == PS_KERNEL_GAUSSIAN)
                ps_sum_add(&sum, u2 <= reach * reach ? exp(-u2 / 2) / 2 : 0);
            else if (kernel == PS_KERNEL_QUARTIC)
                ps_sum_add(&sum, u2 < 1 ? 3 * (1 - u2) * (1 - u2) : 0);
            else
                ps_sum_add(&sum, u2 < 1 ? 2 * (1 - u2) : 0);
        }
    return ps_sum_value(&sum) * cell * cell / (PI * h_x * h_y);
}

ps_status ps_density_mass(ps_kernel kernel, double h_x, double h_y, const ps_grid *grid,
                          const bool *inside, double *mass, ps_error *err) {
    size_t cells = grid->rows * grid->columns, n = 0;
    double *place = ps_alloc(cells, 3 * sizeof *place);
    if (place == NULL) return ps_fail_nomem(err);
    double *x = place, *y = place + cells, *area = place + 2 * cells;
    for (size_t c = 0; c < cells; c++) {
        if (inside != NULL && !inside[c]) continue;
        x[n] = grid->x + (double)(c % grid->columns) * grid->cell;
        y[n] = grid->y + (double)(c / grid->columns) * grid->cell;
        area[n++] = grid->cell * grid->cell;
    }
    ps_status status = ps_density(n, x, y, area, kernel, h_x, h_y, grid, mass, err);
    ps_free(place);
    double whole = whole_mass(kernel, h_x, h_y, grid->cell);
    for (size_t c = 0; c < cells && status == PS_OK; c++) mass[c] /= whole;
    return status;
}

static double deviation(size_t n, const double *x) {
    ps_sum sum = {0}, squares = {0};
    double largest = 0;
    for (size_t i = 0; i < n; i++) ps_sum_add(&sum, x[i]);
    double mean = ps_sum_value(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) {
        ps_sum_add(&squares, (x[i] - mean) * (x[i] - mean));
        largest = fmax(largest, fabs(x[i]));
    }
    double sd = sqrt(ps_sum_value(&squares) / (double)(n - 1));
    return sd > 1e-12 * largest ? sd : 0;
}

bool ps_density_bandwidth(size_t n, const double *x, const double *y, double *h_x,
                          double *h_y) {
    if (n < 2) return false;
    double shrink = pow((double)n, -1.0 / 6);
    *h_x = deviation(n, x) * shrink;
    *h_y = deviation(n, y) * shrink;
    return *h_x > 0 && *h_y > 0;
}

bool ps_density_inside(size_t n, const double *x, const double *y, const double *ring,
                       double at_x, double at_y) {
    bool inside = false;
    for (size_t first = 0, i = 0; i < n; i++) {
        bool last = i + 1 == n || ring[i + 1] != ring[first];
        size_t next = last ? first : i + 1;
        if ((y[i] > at_y) != (y[next] > at_y) &&
            at_x < x[i] + (at_y - y[i]) / (y[next] - y[i]) * (x[next] - x[i]))
            inside = !inside;
        if (last) first = i + 1;
    }
    return inside;
}

/* ---- method ---- */

enum { IN_X, IN_Y, IN_WEIGHT, IN_KIND, IN_RING };
enum {
    PARAM_KERNEL,
    PARAM_BANDWIDTH,
    PARAM_CELL,
    PARAM_XMIN,
    PARAM_YMIN,
    PARAM_XMAX,
    PARAM_YMAX,
    PARAM_EDGE,
    PARAM_FLOOR
};
static const size_t MOST_CELLS = 20000000;
enum { MOST_NAMED = 10, SNAPPED_BELOW = 300 };

static const ps_method_column inputs[] = {
    {"x", PS_COLUMN_NUMBER, true, "easting in metres"},
    {"y", PS_COLUMN_NUMBER, true, "northing in metres"},
    {"weight", PS_COLUMN_NUMBER, false, "of the point; else 1"},
    {"kind", PS_COLUMN_TEXT, false,
     "event (also when empty), population, or boundary: a corner of the study area"},
    {"ring", PS_COLUMN_NUMBER, false, "number of the corner's ring; else all are of one"},
};

static const ps_method_param params[] = {
    {"kernel", PS_COLUMN_TEXT, "quartic", "gaussian|quartic|epanechnikov", 1, 0,
     "gaussian is cut at 5 bandwidths"},
    {"bandwidth", PS_COLUMN_NUMBER, "", NULL, 1e-6, 1e9,
     "in metres; else sd n^(-1/6) of each axis"},
    {"cell", PS_COLUMN_NUMBER, "100", NULL, 1e-6, 1e9, "side of a cell in metres"},
    {"xmin", PS_COLUMN_NUMBER, "", NULL, 1, 0, "west edge of the grid; else as needed"},
    {"ymin", PS_COLUMN_NUMBER, "", NULL, 1, 0, "south edge"},
    {"xmax", PS_COLUMN_NUMBER, "", NULL, 1, 0, "east edge"},
    {"ymax", PS_COLUMN_NUMBER, "", NULL, 1, 0, "north edge"},
    {"edge", PS_COLUMN_TEXT, "none", "none|mass", 1, 0,
     "mass: divided by the part of the kernel that lies in the study area"},
    {"floor", PS_COLUMN_NUMBER, "1", NULL, 0, 1e12,
     "people per square kilometre below which there is no ratio"},
};

static const ps_method_column outputs[] = {
    {"x", PS_COLUMN_NUMBER, true, "centre of the cell"},
    {"y", PS_COLUMN_NUMBER, true, "centre of the cell"},
    {"value", PS_COLUMN_NUMBER, true, "events per square kilometre"},
    {"mass", PS_COLUMN_NUMBER, true, "of the kernel in the study area, with edge=mass"},
    {"population", PS_COLUMN_NUMBER, true, "people per square kilometre"},
    {"ratio", PS_COLUMN_NUMBER, true, "events per person"},
    {"ratio_status", PS_COLUMN_TEXT, true,
     "ok, not-applicable (no population), small-base (below the floor)"},
    {"kernel", PS_COLUMN_TEXT, true, "as given"},
    {"bandwidth_x", PS_COLUMN_NUMBER, true, "in metres"},
    {"bandwidth_y", PS_COLUMN_NUMBER, true, "in metres"},
    {"n", PS_COLUMN_NUMBER, true, "events that are summed, by weight"},
    {"n_unlocated", PS_COLUMN_INTEGER, true, "events without coordinates"},
    {"n_outside", PS_COLUMN_INTEGER, true, "events outside the study area, left out"},
    {"integral", PS_COLUMN_NUMBER, true,
     "sum of value times cell area / n: 1 but for edges and cells"},
    {"status", PS_COLUMN_TEXT, true, "ok, undefined (out of range)"},
};

typedef struct points {
    size_t n;
    double *x, *y, *extra; /* weight, or ring of a corner */
    double total;
} points;

typedef struct map {
    points set[3]; /* by kind */
    size_t *row;   /* of each event */
    ps_grid grid;
    double h_x, h_y, integral;
    bool *inside; /* per cell */
    double *density, *people, *mass;
    int64_t unlocated, outside;
} map;
enum { EVENT, POPULATION, BOUNDARY };

static void map_free(map *m) {
    for (size_t k = 0; k < 3; k++) {
        ps_free(m->set[k].x);
        ps_free(m->set[k].y);
        ps_free(m->set[k].extra);
    }
    ps_free(m->row);
    ps_free(m->inside);
    ps_free(m->density);
    ps_free(m->people);
    ps_free(m->mass);
}

static ps_status kind_of(const ps_method_call *call, size_t row, size_t *kind,
                         ps_error *err) {
    static const char *const names[] = {"event", "population", "boundary"};
    ps_str text = ps_call_text(call, row, IN_KIND);
    *kind = EVENT;
    if (text.n == 0) return PS_OK;
    for (*kind = 0; *kind < 3; ++*kind)
        if (ps_str_eq(text, ps_str_of(names[*kind]))) return PS_OK;
    return ps_call_refuse(call, row, err,
                          "kind is '%.*s', but has to be event, population or boundary",
                          text.n < 60 ? (int)text.n : 60, text.p);
}

static ps_status read_row(const ps_method_call *call, size_t row, map *m, ps_error *err) {
    size_t kind;
    double x = 0, y = 0, extra = 1;
    bool no_x = true, no_y = true, none = true;
    PS_TRY(kind_of(call, row, &kind, err));
    PS_TRY(ps_call_number(call, row, IN_X, &x, &no_x, err));
    PS_TRY(ps_call_number(call, row, IN_Y, &y, &no_y, err));
    if (kind == BOUNDARY)
        PS_TRY(ps_call_number(call, row, IN_RING, &extra, &none, err));
    else
        PS_TRY(ps_call_amount(call, row, IN_WEIGHT, &extra, err));
    if (isnan(extra) || (kind == BOUNDARY && none)) extra = 1;
    if ((no_x || no_y) && kind != EVENT)
        return ps_call_refuse(call, row, err, "x or y is empty");
    if (no_x || no_y) {
        m->unlocated++;
        return PS_OK;
    }
    points *set = &m->set[kind];
    if (kind == EVENT) m->row[set->n] = row;
    set->x[set->n] = x;
    set->y[set->n] = y;
    set->extra[set->n++] = extra;
    return PS_OK;
}

static ps_status read_points(const ps_method_call *call, map *m, ps_error *err) {
    size_t rows = ps_call_rows(call);
    m->row = ps_alloc(rows, sizeof *m->row);
    for (size_t k = 0; k < 3; k++) {
        m->set[k].x = ps_alloc(rows, sizeof *m->set[k].x);
        m->set[k].y = ps_alloc(rows, sizeof *m->set[k].y);
        m->set[k].extra = ps_alloc(rows, sizeof *m->set[k].extra);
        if (m->set[k].x == NULL || m->set[k].y == NULL || m->set[k].extra == NULL)
            return ps_fail_nomem(err);
    }
    if (m->row == NULL) return ps_fail_nomem(err);
    for (size_t row = 0; row < rows; row++) PS_TRY(read_row(call, row, m, err));
    if (m->set[EVENT].n == 0)
        return ps_fail(err, PS_FORMAT, "%s has no event with coordinates",
                       ps_table_name(ps_call_table(call)));
    return PS_OK;
}

static ps_status find_bandwidth(const ps_method_call *call, map *m, ps_error *err) {
    const points *e = &m->set[EVENT];
    m->h_x = m->h_y = ps_call_param_number(call, PARAM_BANDWIDTH);
    if (isnan(m->h_x) && !ps_density_bandwidth(e->n, e->x, e->y, &m->h_x, &m->h_y))
        return ps_fail(
            err, PS_FORMAT,
            "%s: the events do not vary in x and y, so that there is no normal "
            "reference; give -p bandwidth=METRES",
            ps_table_name(ps_call_table(call)));
    if (fmin(m->h_x, m->h_y) < SNAPPED_BELOW)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "a bandwidth below %d m shows where police.uk's map points lie, not where "
               "crime does",
               (int)SNAPPED_BELOW);
    return PS_OK;
}

static void extend(const points *p, double *low_x, double *low_y, double *high_x,
                   double *high_y) {
    for (size_t i = 0; i < p->n; i++) {
        *low_x = fmin(*low_x, p->x[i]);
        *high_x = fmax(*high_x, p->x[i]);
        *low_y = fmin(*low_y, p->y[i]);
        *high_y = fmax(*high_y, p->y[i]);
    }
}

/* An edge as given; else as needed, at a whole number of cells. */
static double edge(const ps_method_call *call, size_t param, double needed, double cell,
                   bool up) {
    double given = ps_call_param_number(call, param);
    if (!isnan(given)) return given;
    return (up ? ceil(needed / cell) : floor(needed / cell)) * cell;
}

static ps_status lay_grid(const ps_method_call *call, map *m, ps_error *err) {
    double cell = ps_call_param_number(call, PARAM_CELL);
    double reach = ps_call_param_is(call, PARAM_KERNEL, "gaussian") ? GAUSSIAN_REACH : 1;
    double low_x = (double)INFINITY, low_y = low_x, high_x = -low_x, high_y = -low_x;
    if (m->set[BOUNDARY].n > 0) {
        extend(&m->set[BOUNDARY], &low_x, &low_y, &high_x, &high_y);
    } else {
        extend(&m->set[EVENT], &low_x, &low_y, &high_x, &high_y);
        low_x -= reach * m->h_x;
        high_x += reach * m->h_x;
        low_y -= reach * m->h_y;
        high_y += reach * m->h_y;
    }
    double west = edge(call, PARAM_XMIN, low_x, cell, false),
           south = edge(call, PARAM_YMIN, low_y, cell, false),
           columns = ceil((edge(call, PARAM_XMAX, high_x, cell, true) - west) / cell),
           rows = ceil((edge(call, PARAM_YMAX, high_y, cell, true) - south) / cell);
    if (!(columns >= 1 && rows >= 1))
        return ps_fail(err, PS_CONFIG, "kde: the grid is empty; see xmin to ymax");
    if (columns * rows > (double)MOST_CELLS)
        return ps_fail(err, PS_LIMIT,
                       "kde: a grid of %.0f x %.0f cells is too large; give larger cells",
                       columns, rows);
    m->grid =
        (ps_grid){west + cell / 2, south + cell / 2, cell, (size_t)columns, (size_t)rows};
    if (cell > fmin(m->h_x, m->h_y))
        ps_say(
            ps_call_talk(call), PS_TALK_WARNING,
            "cells are larger than the bandwidth, so that points fall between centres");
    return PS_OK;
}

static bool in_study_area(const map *m, double x, double y) {
    const points *b = &m->set[BOUNDARY];
    const ps_grid *g = &m->grid;
    if (b->n > 0) return ps_density_inside(b->n, b->x, b->y, b->extra, x, y);
    double west = g->x - g->cell / 2, south = g->y - g->cell / 2;
    return x >= west && y >= south && x <= west + (double)g->columns * g->cell &&
           y <= south + (double)g->rows * g->cell;
}

/* Leaves out points outside the study area; those of events are told. */
static void keep_inside(const ps_method_call *call, map *m, size_t kind) {
    points *p = &m->set[kind];
    ps_sum total = {0};
    size_t kept = 0;
    char named[MOST_NAMED * 48] = "";
    for (size_t i = 0; i < p->n; i++) {
        if (in_study_area(m, p->x[i], p->y[i])) {
            p->x[kept] = p->x[i];
            p->y[kept] = p->y[i];
            p->extra[kept++] = p->extra[i];
            ps_sum_add(&total, p->extra[i]);
        } else if (kind == EVENT && m->outside++ < MOST_NAMED) {
            size_t at = strlen(named);
            snprintf(named + at, sizeof named - at, "%s%s", at > 0 ? "; " : "",
                     ps_call_row_text(call, m->row[i]).text);
        }
    }
    p->n = kept;
    p->total = ps_sum_value(&total);
    if (kind == EVENT && m->outside > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%lld events lie outside the study area and are left out: row %s%s",
               (long long)m->outside, named, m->outside > MOST_NAMED ? "; ..." : "");
}

static ps_status smooth(const ps_method_call *call, map *m, ps_error *err) {
    const ps_grid *g = &m->grid;
    size_t cells = g->rows * g->columns;
    const points *e = &m->set[EVENT], *p = &m->set[POPULATION];
    ps_kernel kernel = (ps_kernel)ps_call_param_choice(call, PARAM_KERNEL);
    m->inside = ps_alloc(cells, sizeof *m->inside);
    m->density = ps_alloc(cells, sizeof *m->density);
    if (m->inside == NULL || m->density == NULL) return ps_fail_nomem(err);
    for (size_t c = 0; c < cells; c++)
        m->inside[c] = in_study_area(m, g->x + (double)(c % g->columns) * g->cell,
                                     g->y + (double)(c / g->columns) * g->cell);
    PS_TRY(ps_density(e->n, e->x, e->y, e->extra, kernel, m->h_x, m->h_y, g, m->density,
                      err));
    if (p->n > 0) {
        m->people = ps_alloc(cells, sizeof *m->people);
        if (m->people == NULL) return ps_fail_nomem(err);
        PS_TRY(ps_density(p->n, p->x, p->y, p->extra, kernel, m->h_x, m->h_y, g,
                          m->people, err));
    }
    if (ps_call_param_is(call, PARAM_EDGE, "mass")) {
        m->mass = ps_alloc(cells, sizeof *m->mass);
        if (m->mass == NULL) return ps_fail_nomem(err);
        PS_TRY(ps_density_mass(kernel, m->h_x, m->h_y, g, m->inside, m->mass, err));
    }
    ps_sum sum = {0};
    for (size_t c = 0; c < cells; c++) {
        if (!m->inside[c]) continue;
        /* A cell's own centre is inside, so that its mass is above 0. */
        if (m->mass != NULL) m->density[c] /= m->mass[c];
        if (m->mass != NULL && m->people != NULL) m->people[c] /= m->mass[c];
        ps_sum_add(&sum, m->density[c]);
    }
    m->integral = ps_sum_value(&sum) * g->cell * g->cell / e->total;
    return PS_OK;
}

static void put_ratio(const ps_method_call *call, const map *m, size_t c) {
    ps_value_status status = PS_VALUE_NOT_APPLICABLE;
    if (m->people != NULL) {
        double people = 1e6 * m->people[c];
        bool enough = people > 0 && people >= ps_call_param_number(call, PARAM_FLOOR);
        status = enough ? PS_VALUE_OK : PS_VALUE_SMALL_BASE;
        ps_call_put_known(call, 4, people);
        ps_value ratio = ps_value_of(m->density[c] / m->people[c]);
        if (enough) status = ratio.status;
        ps_call_put_number(call, 5, status, ratio.value);
    }
    ps_call_put_status(call, 6, status);
}

static ps_status write_cells(const ps_method_call *call, const map *m, ps_error *err) {
    const ps_grid *g = &m->grid;
    for (size_t c = 0; c < g->rows * g->columns; c++) {
        if (!m->inside[c]) continue;
        ps_call_put_known(call, 0, g->x + (double)(c % g->columns) * g->cell);
        ps_call_put_known(call, 1, g->y + (double)(c / g->columns) * g->cell);
        const ps_value density = ps_value_of(1e6 * m->density[c]);
        ps_call_put_value(call, 2, density);
        if (m->mass != NULL) ps_call_put_known(call, 3, m->mass[c]);
        put_ratio(call, m, c);
        ps_call_put_word(call, 7, ps_call_param_text(call, PARAM_KERNEL));
        ps_call_put_known(call, 8, m->h_x);
        ps_call_put_known(call, 9, m->h_y);
        ps_call_put_known(call, 10, m->set[EVENT].total);
        ps_call_put_int(call, 11, m->unlocated);
        ps_call_put_int(call, 12, m->outside);
        ps_call_put_known(call, 13, m->integral);
        ps_call_put_status(call, 14, density.status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status compute(const ps_method_call *call, map *m, ps_error *err) {
    PS_TRY(read_points(call, m, err));
    PS_TRY(find_bandwidth(call, m, err));
    PS_TRY(lay_grid(call, m, err));
    keep_inside(call, m, EVENT);
    keep_inside(call, m, POPULATION);
    if (!(m->set[EVENT].total > 0))
        return ps_fail(err, PS_FORMAT,
                       "%s: no event with a weight lies in the study area",
                       ps_table_name(ps_call_table(call)));
    PS_TRY(smooth(call, m, err));
    return write_cells(call, m, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    map m = {0};
    ps_status status = compute(call, &m, err);
    map_free(&m);
    return status;
}

const ps_method ps_method_kde = {
    .id = "kde",
    .title = "Kernel density",
    .formula =
        "sum over points of K(u), u^2 = (dx / h_x)^2 + (dy / h_y)^2: gaussian exp(-u^2 / "
        "2) / (2 pi h_x h_y), quartic 3 / (pi h_x h_y) (1 - u^2)^2, epanechnikov 2 / (pi "
        "h_x h_y) (1 - u^2); edge: divided by the kernel's mass in the study area; "
        "ratio: "
        "density of events / density of people.",
    .source = "Silverman 1986; Diggle 1985; Kelsall & Diggle 1995",
    .evidence =
        "kde2d of R MASS (gaussian, up to the cut) and sums over all points, fresh "
        "points: 3e-16 of the peak; mass at a straight edge 1/2",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
