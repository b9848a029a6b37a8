#include "engine/core/sparse.h"

ps_status ps_sparse_create(size_t rows, size_t n, ps_sparse *out, ps_error *err) {
    *out = (ps_sparse){.rows = rows};
    out->offset = ps_zalloc(rows + 1, sizeof *out->offset);
    out->column = ps_alloc(n, sizeof *out->column);
    out->weight = ps_alloc(n, sizeof *out->weight);
    if (out->offset != NULL && out->column != NULL && out->weight != NULL) return PS_OK;
    ps_sparse_free(out);
    return ps_fail_nomem(err);
}

void ps_sparse_free(ps_sparse *sparse) {
    ps_free(sparse->offset);
    ps_free(sparse->column);
    ps_free(sparse->weight);
    *sparse = (ps_sparse){0};
}
