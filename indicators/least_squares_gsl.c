/* Householder QR with column pivoting on columns scaled to unit length, so that the rank
 * is judged by the directions of the columns and not by their units.
 *
 * The workspaces of GSL are laid over memory of our own.
 */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/core/mem.h"
#include "indicators/distribution.h"
#include "indicators/least_squares.h"

typedef struct work {
    double *a;      /* n * p, then the factors */
    double *b;      /* n */
    double *column; /* 4 * p: tau, norms, scale, solution */
    size_t *order;  /* p */
} work;

static ps_status prepare(work *w, size_t n, size_t p, const double *x, const double *y,
                         const double *weight, ps_error *err) {
    w->a = ps_alloc(n, p * sizeof *w->a);
    w->b = ps_alloc(n, sizeof *w->b);
    w->column = ps_zalloc(4 * p, sizeof *w->column);
    w->order = ps_alloc(p, sizeof *w->order);
    if (w->a == NULL || w->b == NULL || w->column == NULL || w->order == NULL)
        return ps_fail_nomem(err);
    double *scale = w->column + 2 * p;
    for (size_t i = 0; i < n; i++) {
        double root = weight == NULL ? 1 : sqrt(weight[i]);
        w->b[i] = root * y[i];
        bool finite = isfinite(w->b[i]);
        for (size_t j = 0; j < p; j++) {
            w->a[i * p + j] = root * x[i * p + j];
            finite = finite && isfinite(w->a[i * p + j]);
            scale[j] = hypot(scale[j], w->a[i * p + j]);
        }
        if (!finite)
            return ps_fail(
                err, PS_FORMAT,
                "least squares: row %zu holds a value that is not finite, or a "
                "negative weight",
                i + 1);
    }
    for (size_t j = 0; j < p; j++) {
        if (!(scale[j] > 0)) continue;
        for (size_t i = 0; i < n; i++) w->a[i * p + j] /= scale[j];
    }
    return PS_OK;
}

/* (R'R)^-1 in the order and units of the caller's columns. */
static void inverse(const work *w, size_t p, double *covariance) {
    const double *scale = w->column + 2 * p;
    double *column = w->column + 3 * p;
    gsl_matrix_const_view factor = gsl_matrix_const_view_array(w->a, p, p);
    gsl_vector_view v = gsl_vector_view_array(column, p);
    for (size_t j = 0; j < p; j++) {
        gsl_vector_set_basis(&v.vector, j);
        gsl_blas_dtrsv(CblasUpper, CblasTrans, CblasNonUnit, &factor.matrix, &v.vector);
        gsl_blas_dtrsv(CblasUpper, CblasNoTrans, CblasNonUnit, &factor.matrix, &v.vector);
        size_t to = w->order[j];
        for (size_t k = 0; k < p; k++) {
            size_t from = w->order[k];
            covariance[from * p + to] = column[k] / (scale[from] * scale[to]);
        }
    }
}

static ps_status solve(work *w, size_t n, size_t p, double *beta, double *covariance,
                       ps_error *err) {
    double *scale = w->column + 2 * p;
    gsl_matrix_view a = gsl_matrix_view_array(w->a, n, p);
    gsl_vector_view b = gsl_vector_view_array(w->b, n);
    gsl_vector_view tau = gsl_vector_view_array(w->column, p);
    gsl_vector_view norm = gsl_vector_view_array(w->column + p, p);
    gsl_permutation order = {.size = p, .data = w->order};
    int sign = 0;
    gsl_linalg_QRPT_decomp(&a.matrix, &tau.vector, &order, &sign, &norm.vector);
    const double least = (double)(n > p ? n : p) * 2.3e-16 * fabs(w->a[0]);
    for (size_t j = 0; j < p; j++) {
        if (fabs(w->a[j * p + j]) > least) continue;
        return ps_fail(
            err, PS_FORMAT,
            "least squares: %zu columns over %zu rows, but only %zu of them are "
            "independent; leave out what the others already say",
            p, n, j);
    }
    gsl_linalg_QR_QTvec(&a.matrix, &tau.vector, &b.vector);
    gsl_matrix_view factor = gsl_matrix_submatrix(&a.matrix, 0, 0, p, p);
    gsl_vector_view top = gsl_vector_subvector(&b.vector, 0, p);
    gsl_blas_dtrsv(CblasUpper, CblasNoTrans, CblasNonUnit, &factor.matrix, &top.vector);
    for (size_t k = 0; k < p; k++) {
        size_t j = w->order[k];
        beta[j] = w->b[k] / scale[j];
    }
    if (covariance != NULL) inverse(w, p, covariance);
    return PS_OK;
}

ps_status ps_least_squares(size_t n, size_t p, const double *x, const double *y,
                           const double *weight, double *beta, double *covariance,
                           ps_error *err) {
    if (p == 0 || n < p)
        return ps_fail(err, PS_FORMAT,
                       "least squares: %zu rows are too few for %zu columns", n, p);
    if (p > SIZE_MAX / 64)
        return ps_fail(err, PS_LIMIT, "least squares: too many columns");
    (void)ps_normal_quantile(0.5); /* GSL must not end the program */
    work w = {0};
    ps_status status = prepare(&w, n, p, x, y, weight, err);
    if (status == PS_OK) status = solve(&w, n, p, beta, covariance, err);
    ps_free(w.a);
    ps_free(w.b);
    ps_free(w.column);
    ps_free(w.order);
    return status;
}
