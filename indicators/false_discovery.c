#include "indicators/false_discovery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "indicators/method.h"

typedef struct tested {
    double p;
    size_t at;
} tested;

static int by_p(const void *a, const void *b) {
    const tested *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

ps_status ps_false_discovery(size_t n, const double *p, ps_correction correction,
                             double *adjusted, ps_error *err) {
    if (correction == PS_CORRECTION_NONE) {
        if (n > 0) memmove(adjusted, p, n * sizeof *p);
        return PS_OK;
    }
    tested *tests = ps_alloc(n, sizeof *tests);
    if (tests == NULL) return ps_fail_nomem(err);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i])) tests[m++] = (tested){p[i], i};
        adjusted[i] = (double)NAN;
    }
    if (m > 1) qsort(tests, m, sizeof *tests, by_p);
    double c = 1, least = 1;
    if (correction == PS_CORRECTION_BY)
        for (size_t i = 2; i <= m; i++) c += 1 / (double)i;
    for (size_t j = m; j-- > 0;) {
        least = fmin(least, c * (double)m * tests[j].p / (double)(j + 1));
        adjusted[tests[j].at] = least;
    }
    ps_free(tests);
    return PS_OK;
}

/* ---- method ---- */

static const ps_method_param params[] = {
    {"correction", PS_COLUMN_TEXT, "bh", "bh|by", 1, 0,
     "bh: Benjamini-Hochberg; by: Benjamini-Yekutieli"},
    {"level", PS_COLUMN_NUMBER, "0.05", NULL, 1e-12, 0.5, "share of false discoveries"},
};

static const ps_method_column inputs[] = {
    {"id", PS_COLUMN_TEXT, false, "carried over"},
    {"p", PS_COLUMN_NUMBER, true, "p value, 0 to 1"},
};

static const ps_method_column outputs[] = {
    {"id", PS_COLUMN_TEXT, true, "as in the input"},
    {"p", PS_COLUMN_NUMBER, true, "as in the input"},
    {"p_adjusted", PS_COLUMN_NUMBER, true, "adjusted"},
    {"discovery", PS_COLUMN_INTEGER, true, "1 when p_adjusted is below the level"},
    {"n_tests", PS_COLUMN_INTEGER, true, "p values that are there"},
    {"method", PS_COLUMN_TEXT, true, "bh or by"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing"},
};

static ps_status write_all(const ps_method_call *call, const double *p,
                           const double *adjusted, ps_error *err) {
    size_t n = ps_call_rows(call);
    int64_t m = 0;
    double level = ps_call_param_number(call, 1);
    for (size_t i = 0; i < n; i++) {
        if (isnan(p[i])) continue;
        m++;
        if (p[i] >= 0 && p[i] <= 1) continue;
        return ps_call_refuse(call, i, err, "p has to be in 0 to 1");
    }
    for (size_t i = 0; i < n; i++) {
        ps_call_put_text(call, 0, ps_call_text(call, i, 0));
        ps_call_put_number(call, 1, PS_VALUE_OK, p[i]);
        ps_call_put_number(call, 2, PS_VALUE_OK, adjusted[i]);
        if (!isnan(p[i])) ps_call_put_int(call, 3, adjusted[i] < level);
        ps_call_put_int(call, 4, m);
        ps_call_put_word(call, 5, ps_call_param_text(call, 0));
        ps_call_put_status(call, 6, isnan(p[i]) ? PS_VALUE_MISSING : PS_VALUE_OK);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    double *p = NULL, *adjusted = ps_alloc(ps_call_rows(call), sizeof *adjusted);
    ps_status status = adjusted != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_call_numbers(call, 1, &p, err);
    if (status == PS_OK)
        status = ps_false_discovery(
            ps_call_rows(call), p,
            ps_call_param_is(call, 0, "by") ? PS_CORRECTION_BY : PS_CORRECTION_BH,
            adjusted, err);
    if (status == PS_OK) status = write_all(call, p, adjusted, err);
    ps_free(p);
    ps_free(adjusted);
    return status;
}

const ps_method ps_method_false_discovery = {
    .id = "false_discovery",
    .title = "Many tests at once",
    .formula =
        "adj_(i) = min over j >= i of min(1, c m p_(j) / j) for p sorted ascending; "
        "c = 1 (bh) or 1 + 1/2 + ... + 1/m (by)",
    .source = "Benjamini & Hochberg 1995; Benjamini & Yekutieli 2001",
    .evidence = "p.adjust of R, fresh p values: 2e-13; the example of the paper",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};
