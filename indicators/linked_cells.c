#include "indicators/linked_cells.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"

enum { IN_PARENT = PS_CELL_KEYS };

typedef struct keyed_row {
    ps_str key[PS_CELL_KEYS];
    size_t row;
} keyed_row;

/* parent is the sum of its children along one dimension */
typedef struct part_of {
    int32_t parent, dimension, child;
} part_of;

struct ps_cell_links {
    keyed_row *cell;
    part_of *part;
    size_t n, capacity, orphans;
    size_t *offset;
    int32_t *member;
};

static int by_keys(const void *a, const void *b) {
    const keyed_row *x = a, *y = b;
    for (int k = 0; k < PS_CELL_KEYS; k++) {
        int order = ps_str_cmp(x->key[k], y->key[k]);
        if (order != 0) return order;
    }
    return 0;
}

static int by_parent(const void *a, const void *b) {
    const part_of *x = a, *y = b;
    if (x->parent != y->parent) return x->parent < y->parent ? -1 : 1;
    if (x->dimension != y->dimension) return x->dimension < y->dimension ? -1 : 1;
    return x->child < y->child ? -1 : x->child > y->child;
}

ps_status ps_cells_whole(const ps_method_call *call, size_t row, size_t input,
                         int64_t otherwise, int64_t *out, ps_error *err) {
    double value = 0;
    bool missing = false;
    PS_TRY(ps_call_number(call, row, input, &value, &missing, err));
    *out = missing ? otherwise : (int64_t)value;
    if (missing || value >= 0) return PS_OK;
    return ps_call_refuse(call, row, err,
                          "%lld is negative, but counts and people are 0 or more",
                          (long long)*out);
}

static ps_status read_cells(const ps_method_call *call, ps_cells *t, ps_error *err) {
    keyed_row *cell = t->links->cell;
    for (size_t i = 0; i < t->n; i++) {
        cell[i].row = i;
        for (size_t k = 0; k < PS_CELL_KEYS; k++)
            cell[i].key[k] = ps_call_text(call, i, k);
    }
    if (t->n > 1) qsort(cell, t->n, sizeof *cell, by_keys);
    for (size_t i = 0; i < t->n; i++) {
        size_t row = t->row[i] = cell[i].row;
        if (i > 0 && by_keys(&cell[i - 1], &cell[i]) == 0) {
            /* The sort may have turned equal cells round. */
            size_t other = cell[i - 1].row;
            return ps_fail(err, PS_FORMAT,
                           "%s: rows %s and %s are the same area, series and period",
                           ps_table_name(ps_call_table(call)),
                           ps_call_row_text(call, row < other ? row : other).text,
                           ps_call_row_text(call, row < other ? other : row).text);
        }
        PS_TRY(ps_cells_whole(call, row, PS_CELL_COUNT, -1, &t->count[i], err));
    }
    return PS_OK;
}

static ps_status add_link(ps_cells *t, size_t child, int dimension, ps_str parent,
                          ps_error *err) {
    struct ps_cell_links *l = t->links;
    keyed_row key = l->cell[child];
    key.key[dimension] = parent;
    const keyed_row *found = bsearch(&key, l->cell, t->n, sizeof *l->cell, by_keys);
    if (found == NULL) {
        l->orphans++;
        return PS_OK;
    }
    void *part = l->part;
    ps_status status = ps_grow(&part, &l->capacity, l->n + 1, sizeof *l->part, err);
    l->part = part;
    if (status != PS_OK) return status;
    l->part[l->n++] = (part_of){.parent = (int32_t)(found - l->cell),
                                .dimension = dimension,
                                .child = (int32_t)child};
    return PS_OK;
}

static ps_status read_links(const ps_method_call *call, ps_cells *t, ps_error *err) {
    struct ps_cell_links *l = t->links;
    for (size_t i = 0; i < t->n; i++)
        for (int d = 0; d < PS_CELL_KEYS; d++) {
            ps_str rest = ps_call_text(call, t->row[i], (size_t)(IN_PARENT + d));
            while (rest.n > 0) {
                const char *end = memchr(rest.p, ';', rest.n);
                size_t width = end != NULL ? (size_t)(end - rest.p) : rest.n;
                ps_str parent = ps_str_trim((ps_str){rest.p, width});
                if (parent.n > 0) PS_TRY(add_link(t, i, d, parent, err));
                size_t used = end != NULL ? width + 1 : width;
                rest = (ps_str){rest.p + used, rest.n - used};
            }
        }
    if (l->n > 1) qsort(l->part, l->n, sizeof *l->part, by_parent);
    if (l->orphans > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%zu parents are not in %s; sums that stand elsewhere are not protected "
               "against",
               l->orphans, ps_table_name(ps_call_table(call)));
    return PS_OK;
}

static ps_status make_equations(ps_cells *t, ps_error *err) {
    struct ps_cell_links *l = t->links;
    l->offset = ps_alloc(l->n + 1, sizeof *l->offset);
    l->member = ps_alloc(l->n, 2 * sizeof *l->member);
    if (l->offset == NULL || l->member == NULL) return ps_fail_nomem(err);
    size_t n = 0, at = 0;
    for (size_t k = 0; k < l->n; k++) {
        const part_of *now = &l->part[k], *before = k > 0 ? now - 1 : NULL;
        if (before == NULL || before->parent != now->parent ||
            before->dimension != now->dimension) {
            l->offset[n++] = at;
            l->member[at++] = now->parent;
        }
        l->member[at++] = now->child;
    }
    l->offset[n] = at;
    t->equations = (ps_equations){n, l->offset, l->member};
    return PS_OK;
}

/* Here rows of the file can be named. */
static ps_status check_sums(const ps_method_call *call, const ps_cells *t,
                            ps_error *err) {
    const ps_equations *e = &t->equations;
    for (size_t i = 0; i < e->n; i++) {
        int32_t total = e->cell[e->offset[i]];
        int64_t sum = 0;
        bool missing = false;
        for (size_t k = e->offset[i] + 1; k < e->offset[i + 1]; k++) {
            int64_t part = t->count[e->cell[k]];
            missing = missing || part < 0;
            sum += part > 0 ? part : 0;
        }
        int64_t count = t->count[total];
        if (count < 0 || sum == count || (missing && sum < count)) continue;
        return ps_call_refuse(
            call, t->row[total], err,
            "the count is %lld, but its parts add up to %lld; add a row "
            "for the rest, or leave the total empty",
            (long long)count, (long long)sum);
    }
    return PS_OK;
}

ps_status ps_cells_read(const ps_method_call *call, ps_cells *out, ps_error *err) {
    size_t n = ps_call_rows(call);
    *out = (ps_cells){.n = n,
                      .row = ps_alloc(n, sizeof *out->row),
                      .count = ps_alloc(n, sizeof *out->count),
                      .links = ps_zalloc(1, sizeof *out->links)};
    ps_status status = PS_OK;
    if (out->links != NULL) out->links->cell = ps_alloc(n, sizeof *out->links->cell);
    if (out->row == NULL || out->count == NULL || out->links == NULL ||
        out->links->cell == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK) status = read_cells(call, out, err);
    if (status == PS_OK) status = read_links(call, out, err);
    if (status == PS_OK) status = make_equations(out, err);
    if (status == PS_OK) status = check_sums(call, out, err);
    if (status != PS_OK) ps_cells_free(out);
    return status;
}

ps_status ps_cells_parents(const ps_method_call *call, const ps_cells *cells,
                           int dimension, int32_t *parent, ps_error *err) {
    for (size_t i = 0; i < cells->n; i++) parent[i] = PS_NONE;
    for (size_t k = 0; k < cells->links->n; k++) {
        const part_of *part = &cells->links->part[k];
        size_t row = cells->row[part->child];
        if (part->dimension != dimension) continue;
        if (parent[row] != PS_NONE)
            return ps_call_refuse(
                call, row, err, "a percentage needs one parent, but %s names several",
                ps_call_input_name(call, IN_PARENT + (size_t)dimension));
        parent[row] = (int32_t)cells->row[part->parent];
    }
    return PS_OK;
}

void ps_cells_free(ps_cells *cells) {
    struct ps_cell_links *l = cells->links;
    if (l != NULL) {
        ps_free(l->cell);
        ps_free(l->part);
        ps_free(l->offset);
        ps_free(l->member);
        ps_free(l);
    }
    ps_free(cells->row);
    ps_free(cells->count);
    *cells = (ps_cells){.n = 0};
}

ps_status ps_cells_put_name(const ps_method_call *call, size_t output,
                            const ps_cells *cells, size_t cell, ps_error *err) {
    const ps_str *key = cells->links->cell[cell].key;
    size_t n = 0;
    for (int k = 0; k < PS_CELL_KEYS; k++) n += key[k].n + 1;
    char *text = ps_alloc(n, 1);
    if (text == NULL) return ps_fail_nomem(err);
    size_t at = 0;
    for (int k = 0; k < PS_CELL_KEYS; k++) {
        if (key[k].n == 0) continue;
        if (at > 0) text[at++] = '/';
        memcpy(text + at, key[k].p, key[k].n);
        at += key[k].n;
    }
    ps_call_put_text(call, output, (ps_str){text, at});
    ps_free(text);
    return PS_OK;
}
