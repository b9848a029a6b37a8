#include "engine/core/partition.h"

#include <stdbool.h>

#include "engine/core/mem.h"

ps_status ps_partition_open(size_t n_units, ps_partition *out, ps_error *err) {
    *out = (ps_partition){.n_units = n_units,
                          .block = ps_alloc(n_units, sizeof *out->block),
                          .size = ps_alloc(n_units, sizeof *out->size),
                          .inside = ps_zalloc(n_units, sizeof *out->inside),
                          .into = ps_alloc(n_units, sizeof *out->into)};
    if (out->block == NULL || out->size == NULL || out->inside == NULL ||
        out->into == NULL) {
        ps_partition_close(out);
        return ps_fail_nomem(err);
    }
    ps_partition_join(out);
    return PS_OK;
}

void ps_partition_join(ps_partition *p) {
    p->n_blocks = p->n_units > 0 ? 1 : 0;
    if (p->n_units > 0) p->size[0] = p->n_units;
    for (size_t u = 0; u < p->n_units; u++) p->block[u] = 0;
}

void ps_partition_split(ps_partition *p, const int32_t *unit, size_t n) {
    for (size_t k = 0; k < n; k++) p->inside[p->block[unit[k]]]++;
    for (size_t k = 0; k < n; k++) {
        const int32_t from = p->block[unit[k]];
        const size_t inside = p->inside[from];
        if (inside == 0) continue;
        const bool whole = inside == p->size[from];
        p->into[from] = whole ? from : (int32_t)p->n_blocks++;
        p->size[from] -= whole ? 0 : inside;
        if (!whole) p->size[p->into[from]] = inside;
        p->inside[from] = 0;
    }
    for (size_t k = 0; k < n; k++) p->block[unit[k]] = p->into[p->block[unit[k]]];
}

void ps_partition_close(ps_partition *p) {
    ps_free(p->block), ps_free(p->size), ps_free(p->inside), ps_free(p->into);
    *p = (ps_partition){0};
}
