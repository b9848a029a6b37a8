#include "indicators/method_codes.h"

#include <string.h>

ps_status ps_codes_build(const ps_method_call *call, size_t input, ps_codes *out,
                         ps_error *err) {
    *out = (ps_codes){NULL, NULL, 0};
    size_t *order = NULL, *offset = NULL, n = 0;
    PS_TRY(ps_call_groups(call, input, &order, &offset, &n, err));
    out->code = ps_alloc(ps_call_rows(call), sizeof *out->code);
    out->text = ps_alloc(n, sizeof *out->text);
    out->n = n;
    ps_status status = PS_OK;
    if (out->code == NULL || out->text == NULL) {
        ps_codes_free(out);
        status = ps_fail_nomem(err);
    }
    for (size_t g = 0; g < n && status == PS_OK; g++) {
        out->text[g] = ps_call_text(call, order[offset[g]], input);
        for (size_t i = offset[g]; i < offset[g + 1]; i++)
            out->code[order[i]] = (int32_t)g;
    }
    ps_free(order);
    ps_free(offset);
    return status;
}

int32_t ps_codes_find(const ps_codes *codes, ps_str text) {
    size_t low = 0, high = codes->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ps_str_cmp(codes->text[middle], text);
        if (order == 0) return (int32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

void ps_codes_free(ps_codes *codes) {
    ps_free(codes->code);
    ps_free(codes->text);
    *codes = (ps_codes){NULL, NULL, 0};
}

ps_status ps_codes_order(const ps_codes *const *codes, size_t n_codes, size_t n_rows,
                         size_t **order, ps_error *err) {
    *order = NULL;
    size_t widest = 1;
    for (size_t c = 0; c < n_codes; c++)
        if (codes[c]->n > widest) widest = codes[c]->n;
    size_t *from = ps_alloc(n_rows, sizeof *from), *to = ps_alloc(n_rows, sizeof *to);
    size_t *start = ps_alloc(widest + 1, sizeof *start);
    if (from == NULL || to == NULL || start == NULL) {
        ps_free(from);
        ps_free(to);
        ps_free(start);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n_rows; i++) from[i] = i;
    /* Stable counting sorts, the last code first. */
    for (size_t c = n_codes; c > 0; c--) {
        const ps_codes *by = codes[c - 1];
        memset(start, 0, (widest + 1) * sizeof *start);
        for (size_t i = 0; i < n_rows; i++) start[by->code[i] + 1]++;
        for (size_t k = 1; k <= widest; k++) start[k] += start[k - 1];
        for (size_t i = 0; i < n_rows; i++) to[start[by->code[from[i]]]++] = from[i];
        size_t *swap = from;
        from = to;
        to = swap;
    }
    ps_free(to);
    ps_free(start);
    *order = from;
    return PS_OK;
}

bool ps_codes_agree(const ps_codes *const *codes, size_t n, size_t row_a, size_t row_b) {
    for (size_t c = 0; c < n; c++)
        if (codes[c]->code[row_a] != codes[c]->code[row_b]) return false;
    return true;
}
