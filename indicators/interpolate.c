#include "indicators/interpolate.h"

#include <math.h>

#include "engine/core/keys.h"
#include "engine/core/mem.h"
#include "indicators/method.h"
#include "indicators/sum.h"

static const double CLOSE = 1e-9;

static ps_status add_up(size_t n, const ps_overlap *overlap, size_t n_sources,
                        const double *total, double *covered, ps_error *err) {
    for (size_t k = 0; k < n; k++) covered[overlap[k].source] += overlap[k].size;
    for (size_t s = 0; s < n_sources; s++)
        if (total[s] > 0 && covered[s] > total[s] * (1 + CLOSE))
            return ps_fail(err, PS_GATE,
                           "the overlaps of source %zu add up to more than the source",
                           s);
    return PS_OK;
}

ps_status ps_interpolate(size_t n, const ps_overlap *overlap, size_t n_sources,
                         size_t n_targets, const double *total, const double *value,
                         bool counts, ps_value *out, ps_interpolated *sums,
                         ps_error *err) {
    double *covered = ps_zalloc(n_sources, sizeof *covered);
    ps_sum *sum = ps_zalloc(n_targets, sizeof *sum);
    ps_sum *base = ps_zalloc(n_targets, sizeof *base);
    *sums = (ps_interpolated){0};
    ps_status status = PS_OK;
    if (covered == NULL || sum == NULL || base == NULL) status = ps_fail_nomem(err);
    if (status == PS_OK) status = add_up(n, overlap, n_sources, total, covered, err);
    if (status == PS_OK) {
        ps_sum from = {0}, to = {0}, outside = {0}, size = {0};
        for (size_t t = 0; t < n_targets; t++) out[t].status = PS_VALUE_UNDEFINED;
        for (size_t k = 0; k < n; k++) {
            const ps_overlap *o = &overlap[k];
            if (!(o->size > 0) || out[o->target].status == PS_VALUE_MISSING) continue;
            out[o->target].status =
                isnan(value[o->source]) ? PS_VALUE_MISSING : PS_VALUE_OK;
        }
        for (size_t k = 0; k < n; k++) {
            const ps_overlap *o = &overlap[k];
            if (!(o->size > 0) || isnan(value[o->source])) continue;
            double whole = total[o->source] > 0 ? total[o->source] : covered[o->source];
            double part = value[o->source] * (counts ? o->size / whole : o->size);
            ps_sum_add(&sum[o->target], part);
            ps_sum_add(&base[o->target], o->size);
            if (counts) ps_sum_add(&to, part);
        }
        for (size_t s = 0; s < n_sources && counts; s++) {
            if (isnan(value[s])) continue;
            double whole = total[s] > 0 ? total[s] : covered[s];
            ps_sum_add(&from, value[s]);
            ps_sum_add(&size, fabs(value[s]));
            ps_sum_add(&outside,
                       whole > 0 ? value[s] * (1 - covered[s] / whole) : value[s]);
        }
        for (size_t t = 0; t < n_targets; t++)
            out[t] = out[t].status != PS_VALUE_OK ? ps_value_none(out[t].status)
                     : counts
                         ? ps_value_of(ps_sum_value(&sum[t]))
                         : ps_value_of(ps_sum_value(&sum[t]) / ps_sum_value(&base[t]));
        *sums = (ps_interpolated){ps_sum_value(&from), ps_sum_value(&to),
                                  ps_sum_value(&outside)};
        if (fabs(sums->target_sum + sums->outside - sums->source_sum) >
            CLOSE * ps_sum_value(&size))
            status = ps_fail(err, PS_GATE, "the counts of sources and targets differ");
    }
    ps_free(covered);
    ps_free(sum);
    ps_free(base);
    return status;
}

void ps_best_fit(size_t n, const ps_overlap *overlap, size_t n_sources, int32_t *best,
                 bool *tied) {
    for (size_t s = 0; s < n_sources; s++) {
        best[s] = PS_NONE;
        tied[s] = false;
    }
    for (size_t k = 0; k < n; k++) {
        const ps_overlap *o = &overlap[k];
        if (!(o->size > 0)) continue;
        const ps_overlap *now = best[o->source] >= 0 ? &overlap[best[o->source]] : NULL;
        if (now == NULL || o->size > now->size) {
            best[o->source] = (int32_t)k;
            tied[o->source] = false;
        } else if (o->size == now->size) {
            tied[o->source] = true;
            if (o->target < now->target) best[o->source] = (int32_t)k;
        }
    }
}

/* ---- methods ---- */

enum { IN_SOURCE, IN_TARGET, IN_OVERLAP, IN_TOTAL, IN_VALUE };

static const ps_method_param interpolate_params[] = {
    {"kind", PS_COLUMN_TEXT, NULL, "extensive|intensive", 1, 0,
     "extensive: counts, people, money; intensive: rates, shares, means"},
    {"method", PS_COLUMN_TEXT, "area", "area|population|dasymetric", 1, 0,
     "what the overlaps are measured by; carried over"},
};

static const ps_method_column interpolate_inputs[] = {
    {"source", PS_COLUMN_TEXT, true, "area that has a value"},
    {"target", PS_COLUMN_TEXT, true, "area that wants one"},
    {"overlap", PS_COLUMN_NUMBER, true, "their common area or people"},
    {"source_total", PS_COLUMN_NUMBER, false,
     "area or people of the source; else the sum of its overlaps"},
    {"value", PS_COLUMN_NUMBER, true, "of the source; the same in all its rows"},
};

static const ps_method_column interpolate_outputs[] = {
    {"target", PS_COLUMN_TEXT, true, "in order"},
    {"value", PS_COLUMN_NUMBER, true, "of the target"},
    {"kind", PS_COLUMN_TEXT, true, "extensive or intensive"},
    {"method", PS_COLUMN_TEXT, true, "what the overlaps are measured by"},
    {"covered", PS_COLUMN_NUMBER, true, "sum of the overlaps of the target"},
    {"n_sources", PS_COLUMN_INTEGER, true, "with an overlap above 0"},
    {"total_source", PS_COLUMN_NUMBER, true, "of a count: sum over sources"},
    {"total_target", PS_COLUMN_NUMBER, true, "of a count: sum over targets"},
    {"outside", PS_COLUMN_NUMBER, true, "of a count: what no target covers"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing (of a source), undefined (no overlap above 0)"},
};

typedef struct crossing {
    ps_call_codes source, target;
    ps_overlap *overlap;
    double *total, *value, *covered; /* total, value per source; covered per target */
    int64_t *n_sources;              /* per target */
    ps_value *out;
} crossing;

static void free_crossing(crossing *c) {
    ps_call_codes_free(&c->source);
    ps_call_codes_free(&c->target);
    ps_free(c->overlap);
    ps_free(c->total);
    ps_free(c->value);
    ps_free(c->covered);
    ps_free(c->n_sources);
    ps_free(c->out);
}

static ps_status read_overlaps(const ps_method_call *call, crossing *c, ps_error *err) {
    size_t n = ps_call_rows(call);
    PS_TRY(ps_call_codes_read(call, IN_SOURCE, &c->source, err));
    PS_TRY(ps_call_codes_read(call, IN_TARGET, &c->target, err));
    c->overlap = ps_alloc(n, sizeof *c->overlap);
    if (c->overlap == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        double size = 0;
        bool missing = false;
        PS_TRY(ps_call_number(call, i, IN_OVERLAP, &size, &missing, err));
        if (missing || !(size >= 0))
            return ps_fail(err, PS_FORMAT,
                           "%s: row %lld: the overlap has to be 0 or more",
                           ps_table_name(ps_call_table(call)),
                           (long long)ps_call_row_in_file(call, i));
        c->overlap[i] = (ps_overlap){c->source.code[i], c->target.code[i], size};
    }
    return PS_OK;
}

/* As in ps_interpolate, but here the source has a name. */
static ps_status check_covers(const ps_method_call *call, const crossing *c,
                              ps_error *err) {
    double *sum = ps_zalloc(c->source.n, sizeof *sum);
    if (sum == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < ps_call_rows(call); i++)
        sum[c->overlap[i].source] += c->overlap[i].size;
    ps_status status = PS_OK;
    for (size_t s = 0; s < c->source.n && status == PS_OK; s++) {
        ps_str name = c->source.text[s];
        if (c->total[s] > 0 && sum[s] > c->total[s] * (1 + CLOSE))
            status =
                ps_fail(err, PS_GATE,
                        "%s: the overlaps of %.*s add up to more than its total; are "
                        "both in the same unit, and do targets overlap?",
                        ps_table_name(ps_call_table(call)),
                        name.n < 60 ? (int)name.n : 60, name.p);
    }
    ps_free(sum);
    return status;
}

static ps_status read_sources(const ps_method_call *call, crossing *c, ps_error *err) {
    size_t n_targets = c->target.n;
    c->total = ps_zalloc(c->source.n, sizeof *c->total);
    c->value = ps_alloc(c->source.n, sizeof *c->value);
    c->covered = ps_zalloc(n_targets, sizeof *c->covered);
    c->n_sources = ps_zalloc(n_targets, sizeof *c->n_sources);
    c->out = ps_alloc(n_targets, sizeof *c->out);
    bool *seen = ps_zalloc(c->source.n, sizeof *seen);
    ps_status status = PS_OK;
    if (c->total == NULL || c->value == NULL || c->covered == NULL ||
        c->n_sources == NULL || c->out == NULL || seen == NULL)
        status = ps_fail_nomem(err);
    for (size_t i = 0; status == PS_OK && i < ps_call_rows(call); i++) {
        const ps_overlap *o = &c->overlap[i];
        double total = 0, value = 0;
        bool no_total = true, no_value = true;
        status = ps_call_number(call, i, IN_TOTAL, &total, &no_total, err);
        if (status == PS_OK)
            status = ps_call_number(call, i, IN_VALUE, &value, &no_value, err);
        if (status != PS_OK) break;
        if (no_total) total = 0;
        if (no_value) value = (double)NAN;
        bool same =
            value == c->value[o->source] || (no_value && isnan(c->value[o->source]));
        if (seen[o->source] && (!same || total != c->total[o->source]))
            status = ps_fail(err, PS_FORMAT,
                             "%s: row %lld: the value or total of this source differs "
                             "from that of an earlier row",
                             ps_table_name(ps_call_table(call)),
                             (long long)ps_call_row_in_file(call, i));
        seen[o->source] = true;
        c->total[o->source] = total;
        c->value[o->source] = value;
        c->covered[o->target] += o->size;
        c->n_sources[o->target] += o->size > 0;
    }
    ps_free(seen);
    if (status == PS_OK) status = check_covers(call, c, err);
    return status;
}

static ps_status write_targets(const ps_method_call *call, const crossing *c,
                               const ps_interpolated *sums, ps_error *err) {
    bool counts = ps_call_param_is(call, 0, "extensive");
    for (size_t t = 0; t < c->target.n; t++) {
        ps_value_status whole = counts ? PS_VALUE_OK : PS_VALUE_NOT_APPLICABLE;
        ps_call_put_text(call, 0, c->target.text[t]);
        ps_call_put_number(call, 1, c->out[t].status, c->out[t].value);
        ps_call_put_text(call, 2, ps_str_of(ps_call_param_text(call, 0)));
        ps_call_put_text(call, 3, ps_str_of(ps_call_param_text(call, 1)));
        ps_call_put_number(call, 4, PS_VALUE_OK, c->covered[t]);
        ps_call_put_int(call, 5, c->n_sources[t]);
        ps_call_put_number(call, 6, whole, sums->source_sum);
        ps_call_put_number(call, 7, whole, sums->target_sum);
        ps_call_put_number(call, 8, whole, sums->outside);
        ps_call_put_status(call, 9, c->out[t].status);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_interpolate(const ps_method_call *call, ps_error *err) {
    crossing c = {0};
    ps_interpolated sums = {0};
    ps_status status = read_overlaps(call, &c, err);
    if (status == PS_OK) status = read_sources(call, &c, err);
    if (status == PS_OK)
        status = ps_interpolate(ps_call_rows(call), c.overlap, c.source.n, c.target.n,
                                c.total, c.value, ps_call_param_is(call, 0, "extensive"),
                                c.out, &sums, err);
    if (status == PS_OK) status = write_targets(call, &c, &sums, err);
    free_crossing(&c);
    return status;
}

const ps_method ps_method_interpolate = {
    .id = "interpolate",
    .title = "Areal interpolation",
    .formula =
        "extensive: Y_t = sum Y_s A_st / A_s; intensive: Y_t = sum Y_s A_st / sum A_st "
        "over the covered part. Interpolate the numerator and denominator of a rate, and "
        "divide.",
    .source = "Goodchild & Lam 1980; Tobler 1979",
    .evidence = "by hand; counts are preserved to 1e-9 in every run",
    .input = interpolate_inputs,
    .n_input = PS_LENGTH(interpolate_inputs),
    .param = interpolate_params,
    .n_param = PS_LENGTH(interpolate_params),
    .output = interpolate_outputs,
    .n_output = PS_LENGTH(interpolate_outputs),
    .run = run_interpolate,
};
