/* The attacker's programme: bounds of one unknown under linear equations, in whole
 * numbers.
 *
 * One problem object per component; the matrix is loaded once and only the objective
 * changes, so that the simplex goes on from the last basis. Tables in one or two
 * dimensions have whole vertices; where a vertex is not whole, branch and bound finishes
 * the work. */
#include <glpk.h>
#include <limits.h>
#include <math.h>

#include "engine/core/mem.h"
#include "indicators/disclose.h"

struct ps_bounds {
    glp_prob *problem;
    size_t n;
    int objective; /* the column whose coefficient is 1, or 0 */
};

static const double WHOLE = 1e-6;

static ps_status load(const ps_bounds_problem *p, glp_prob *to, ps_error *err) {
    size_t n_entries = p->offset[p->n_rows];
    if (p->n >= INT_MAX / 4 || p->n_rows >= INT_MAX / 4 || n_entries >= INT_MAX / 4)
        return ps_fail(err, PS_LIMIT,
                       "%zu suppressed cells are tied to each other, more than the audit "
                       "can work on; release fewer tables at once",
                       p->n);
    int *row = ps_alloc(n_entries + 1, sizeof *row);
    int *column = ps_alloc(n_entries + 1, sizeof *column);
    double *value = ps_alloc(n_entries + 1, sizeof *value);
    if (row == NULL || column == NULL || value == NULL) {
        ps_free(row);
        ps_free(column);
        ps_free(value);
        return ps_fail_nomem(err);
    }
    row[0] = column[0] = 0;
    value[0] = 0;
    glp_add_cols(to, (int)p->n);
    for (size_t i = 0; i < p->n; i++) {
        glp_set_col_bnds(to, (int)i + 1, p->least[i] < p->most[i] ? GLP_DB : GLP_FX,
                         p->least[i], p->most[i]);
        glp_set_col_kind(to, (int)i + 1, GLP_IV);
    }
    if (p->n_rows > 0) glp_add_rows(to, (int)p->n_rows);
    for (size_t r = 0; r < p->n_rows; r++) {
        glp_set_row_bnds(to, (int)r + 1, GLP_FX, p->right[r], p->right[r]);
        for (size_t k = p->offset[r]; k < p->offset[r + 1]; k++) {
            row[k + 1] = (int)r + 1;
            column[k + 1] = p->cell[k] + 1;
            value[k + 1] = p->sign[k];
        }
    }
    glp_load_matrix(to, (int)n_entries, row, column, value);
    ps_free(row);
    ps_free(column);
    ps_free(value);
    return PS_OK;
}

ps_status ps_bounds_open(const ps_bounds_problem *problem, ps_bounds **out,
                         ps_error *err) {
    *out = NULL;
    ps_bounds *bounds = ps_zalloc(1, sizeof *bounds);
    if (bounds == NULL) return ps_fail_nomem(err);
    glp_term_out(GLP_OFF);
    bounds->problem = glp_create_prob();
    bounds->n = problem->n;
    ps_status status = load(problem, bounds->problem, err);
    if (status == PS_OK)
        *out = bounds;
    else
        ps_bounds_free(bounds);
    return status;
}

static bool all_whole(const ps_bounds *bounds) {
    for (size_t i = 0; i < bounds->n; i++) {
        double x = glp_get_col_prim(bounds->problem, (int)i + 1);
        if (fabs(x - nearbyint(x)) > WHOLE) return false;
    }
    return true;
}

/* Whole numbers for the objective at hand; *found is false when no numbers fit. */
static ps_status solve(ps_bounds *bounds, double *x, bool *found, int *code) {
    glp_prob *problem = bounds->problem;
    glp_smcp simplex;
    glp_init_smcp(&simplex);
    simplex.msg_lev = GLP_MSG_OFF;
    *found = false;
    *code = glp_simplex(problem, &simplex);
    if (*code != 0 || glp_get_status(problem) != GLP_OPT) {
        /* The last basis may be numerically spent; a fresh one decides. */
        glp_std_basis(problem);
        *code = glp_simplex(problem, &simplex);
        if (*code != 0) return PS_FORMAT;
        if (glp_get_status(problem) != GLP_OPT) return PS_OK;
    }
    bool whole = all_whole(bounds);
    if (!whole) {
        glp_iocp search;
        glp_init_iocp(&search);
        search.msg_lev = GLP_MSG_OFF;
        *code = glp_intopt(problem, &search);
        if (*code != 0) return PS_FORMAT;
        if (glp_mip_status(problem) != GLP_OPT) return PS_OK;
    }
    for (size_t i = 0; i < bounds->n; i++)
        x[i] = nearbyint(whole ? glp_get_col_prim(problem, (int)i + 1)
                               : glp_mip_col_val(problem, (int)i + 1));
    *found = true;
    return PS_OK;
}

ps_status ps_bounds_reach(ps_bounds *bounds, size_t cell, bool largest, double *x,
                          ps_error *err) {
    glp_prob *problem = bounds->problem;
    if (bounds->objective > 0) glp_set_obj_coef(problem, bounds->objective, 0);
    bounds->objective = (int)cell + 1;
    glp_set_obj_coef(problem, bounds->objective, 1);
    glp_set_obj_dir(problem, largest ? GLP_MAX : GLP_MIN);
    bool found;
    int code;
    if (solve(bounds, x, &found, &code) == PS_OK && found) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "the audit of suppressed cells found no table that fits the published "
                   "counts (GLPK code %d)",
                   code);
}

ps_status ps_bounds_cheapest(ps_bounds *bounds, const double *cost, double *x,
                             bool *found, ps_error *err) {
    for (size_t i = 0; i < bounds->n; i++)
        glp_set_obj_coef(bounds->problem, (int)i + 1, cost[i]);
    glp_set_obj_dir(bounds->problem, GLP_MIN);
    int code;
    if (solve(bounds, x, found, &code) == PS_OK) return PS_OK;
    return ps_fail(err, PS_LIMIT, "GLPK gave up with code %d", code);
}

void ps_bounds_free(ps_bounds *bounds) {
    if (bounds == NULL) return;
    if (bounds->problem != NULL) glp_delete_prob(bounds->problem);
    ps_free(bounds);
}

const char *ps_bounds_version(void) {
    return glp_version();
}
