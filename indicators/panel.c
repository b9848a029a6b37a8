#include "indicators/panel.h"

#include <math.h>

#include "engine/core/mem.h"
#include "indicators/sum.h"

static const size_t MOST_CELLS = (size_t)1 << 27;

void ps_panel_free(ps_panel *panel) {
    ps_codes_free(&panel->period);
    ps_codes_free(&panel->area);
    ps_codes_free(&panel->indicator);
    ps_free(panel->value);
    ps_free(panel->row);
    *panel = (ps_panel){0};
}

static size_t cell_of_row(const ps_panel *panel, size_t row) {
    size_t unit =
        (size_t)panel->period.code[row] * panel->area.n + (size_t)panel->area.code[row];
    return unit * panel->indicator.n + (size_t)panel->indicator.code[row];
}

static ps_status fill(const ps_method_call *call, size_t area, size_t indicator,
                      size_t value, ps_panel *panel, ps_error *err) {
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        size_t cell = cell_of_row(panel, row);
        bool missing = false;
        if (ps_call_text(call, row, area).n == 0 ||
            ps_call_text(call, row, indicator).n == 0)
            return ps_call_refuse(call, row, err, "area or indicator is empty");
        if (panel->row[cell] != SIZE_MAX)
            return ps_call_refuse(call, row, err,
                                  "this indicator of this area stood in row %s already",
                                  ps_call_row_text(call, panel->row[cell]).text);
        panel->row[cell] = row;
        PS_TRY(ps_call_number(call, row, value, &panel->value[cell], &missing, err));
        if (missing) panel->value[cell] = (double)NAN;
    }
    return PS_OK;
}

static ps_status read_periods(const ps_method_call *call, size_t period, ps_codes *out,
                              ps_error *err) {
    if (period != PS_PANEL_NO_PERIOD) return ps_codes_build(call, period, out, err);
    *out = (ps_codes){.n = ps_call_rows(call) > 0,
                      .text = ps_zalloc(1, sizeof *out->text),
                      .code = ps_zalloc(ps_call_rows(call), sizeof *out->code)};
    return out->text != NULL && out->code != NULL ? PS_OK : ps_fail_nomem(err);
}

ps_status ps_panel_read(const ps_method_call *call, size_t period, size_t area,
                        size_t indicator, size_t value, ps_panel *out, ps_error *err) {
    *out = (ps_panel){0};
    ps_status status = read_periods(call, period, &out->period, err);
    if (status == PS_OK) status = ps_codes_build(call, area, &out->area, err);
    if (status == PS_OK) status = ps_codes_build(call, indicator, &out->indicator, err);
    /* Each is at most the number of rows, below 2^31: two factors do not overflow. */
    out->n = out->period.n * out->area.n;
    if (status == PS_OK && out->n > 0 && out->indicator.n > MOST_CELLS / out->n)
        status = ps_fail(err, PS_LIMIT,
                         "%s: %zu areas in %zu periods with %zu indicators are too many",
                         ps_table_name(ps_call_table(call)), out->area.n, out->period.n,
                         out->indicator.n);
    size_t cells = status == PS_OK ? out->n * out->indicator.n : 0;
    out->value = ps_alloc(cells, sizeof *out->value);
    out->row = ps_alloc(cells, sizeof *out->row);
    if (status == PS_OK && (out->value == NULL || out->row == NULL))
        status = ps_fail_nomem(err);
    for (size_t k = 0; status == PS_OK && k < cells; k++) {
        out->value[k] = (double)NAN;
        out->row[k] = SIZE_MAX;
    }
    if (status == PS_OK) status = fill(call, area, indicator, value, out, err);
    if (status != PS_OK) ps_panel_free(out);
    return status;
}

ps_status ps_panel_attribute(const ps_method_call *call, const ps_panel *panel,
                             size_t input, bool by_area, double **out, ps_error *err) {
    size_t n = by_area ? panel->area.n : panel->indicator.n;
    double *values = *out = ps_alloc(n, sizeof *values);
    if (values == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) values[i] = (double)NAN;
    ps_status status = PS_OK;
    for (size_t row = 0; row < ps_call_rows(call) && status == PS_OK; row++) {
        size_t at =
            (size_t)(by_area ? panel->area.code[row] : panel->indicator.code[row]);
        double value = 0;
        bool missing = true;
        status = ps_call_number(call, row, input, &value, &missing, err);
        if (status != PS_OK || missing) continue;
        if (!isnan(values[at]) && values[at] != value) {
            char now[32], before[32];
            ps_format_double(value, now);
            ps_format_double(values[at], before);
            status = ps_call_refuse(
                call, row, err,
                "column %s is %s, but an earlier row of the same %s has %s",
                ps_call_input_name(call, input), now, by_area ? "area" : "indicator",
                before);
        }
        values[at] = value;
    }
    if (status != PS_OK) {
        ps_free(values);
        *out = NULL;
    }
    return status;
}

void ps_standard_scores(size_t n, size_t p, const double *x, double *z, bool *varies) {
    for (size_t j = 0; j < p; j++) {
        ps_sum sum = {0}, squares = {0};
        double largest = 0;
        for (size_t i = 0; i < n; i++) ps_sum_add(&sum, x[i * p + j]);
        double mean = n > 0 ? ps_sum_value(&sum) / (double)n : 0;
        for (size_t i = 0; i < n; i++) {
            double off = x[i * p + j] - mean;
            ps_sum_add(&squares, off * off);
            largest = fmax(largest, fabs(x[i * p + j]));
        }
        double sd = n > 1 ? sqrt(ps_sum_value(&squares) / (double)(n - 1)) : 0;
        varies[j] = sd > 1e-12 * largest;
        for (size_t i = 0; i < n; i++)
            z[i * p + j] = varies[j] ? (x[i * p + j] - mean) / sd : 0;
    }
}
