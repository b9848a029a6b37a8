/* The texts of an input column as small numbers, for adaptors that group by several
 * columns. */
#ifndef PS_INDICATORS_METHOD_CODES_H
#define PS_INDICATORS_METHOD_CODES_H

#include "indicators/method.h"

/* Rows with equal text have equal codes; codes follow the order of the texts. Texts
 * belong to the call's table. An absent column is one empty text. */
typedef struct ps_codes {
    int32_t *code; /* per row */
    ps_str *text;  /* per code */
    size_t n;
} ps_codes;

ps_status ps_codes_build(const ps_method_call *call, size_t input, ps_codes *out,
                         ps_error *err) PS_MUST_CHECK;
/* The code of a text, or -1. */
int32_t ps_codes_find(const ps_codes *codes, ps_str text);
void ps_codes_free(ps_codes *codes);

/* Row numbers in order of several codes, the first leading; equal ones in file order. The
 * caller frees it with ps_free. */
ps_status ps_codes_order(const ps_codes *const *codes, size_t n_codes, size_t n_rows,
                         size_t **order, ps_error *err) PS_MUST_CHECK;
/* Do two rows agree in the first n of the codes? */
bool ps_codes_agree(const ps_codes *const *codes, size_t n, size_t row_a, size_t row_b);

#endif
