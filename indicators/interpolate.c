#include "indicators/interpolate.h"

#include <math.h>
#include <stdlib.h>

#include "engine/core/keys.h"
#include "engine/core/mem.h"
#include "indicators/method_codes.h"
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

/* The largest overlap of each source. */
static void find_largest(size_t n, const ps_overlap *overlap, ps_best_fit_of *best) {
    for (size_t k = 0; k < n; k++) {
        const ps_overlap *o = &overlap[k];
        ps_best_fit_of *b = &best[o->source];
        if (!(o->size > 0)) continue;
        const ps_overlap *now = b->overlap >= 0 ? &overlap[b->overlap] : NULL;
        if (now == NULL || o->size > now->size) {
            b->overlap = (int32_t)k;
            b->tied = false;
        } else if (o->size == now->size) {
            b->tied = true;
            if (o->target < now->target) b->overlap = (int32_t)k;
        }
    }
}

ps_status ps_best_fit(size_t n, const ps_overlap *overlap, const bool *holds,
                      size_t n_sources, ps_best_fit_of *best, ps_error *err) {
    size_t *holders = ps_zalloc(n_sources, sizeof *holders);
    if (holders == NULL) return ps_fail_nomem(err);
    for (size_t s = 0; s < n_sources; s++) best[s].overlap = PS_NONE;
    for (size_t s = 0; s < n_sources; s++) best[s].by_centroid = best[s].tied = false;
    find_largest(n, overlap, best);
    for (size_t k = 0; k < n && holds != NULL; k++)
        holders[overlap[k].source] += holds[k];
    for (size_t k = 0; k < n && holds != NULL; k++)
        if (holds[k] && holders[overlap[k].source] == 1)
            best[overlap[k].source] = (ps_best_fit_of){(int32_t)k, true, false};
    ps_free(holders);
    return PS_OK;
}

/* ---- methods ---- */

enum {
    IN_SOURCE,
    IN_TARGET,
    IN_OVERLAP,
    IN_TOTAL,
    IN_VALUE,
    IN_TARGET_TOTAL,
    IN_AREA_OVERLAP,
    IN_SOURCE_AREA
};
enum { PARAM_KIND, PARAM_METHOD, PARAM_SLIVER, PARAM_COVERED };

static const ps_method_param interpolate_params[] = {
    {"kind", PS_COLUMN_TEXT, NULL, "extensive|intensive", 1, 0,
     "extensive: counts, people, money; intensive: rates, shares, means"},
    {"method", PS_COLUMN_TEXT, "area", "area|population|dasymetric", 1, 0,
     "what the overlaps are measured by"},
    {"sliver", PS_COLUMN_NUMBER, "0.0001", NULL, 0, 1e12,
     "with method=area, overlaps below this are dropped"},
    {"covered", PS_COLUMN_TEXT, "partly", "partly|fully", 1, 0,
     "fully: targets are meant to cover each source, so its shares are of the sum of its "
     "overlaps"},
};

static const ps_method_column interpolate_inputs[] = {
    {"source", PS_COLUMN_TEXT, true, "area that has a value"},
    {"target", PS_COLUMN_TEXT, true, "area that wants one"},
    {"overlap", PS_COLUMN_NUMBER, true, "their common area or people"},
    {"source_total", PS_COLUMN_NUMBER, false,
     "area or people of the source; else the sum of its overlaps"},
    {"value", PS_COLUMN_NUMBER, true, "of the source; the same in all its rows"},
    {"target_total", PS_COLUMN_NUMBER, false, "area or people of the target"},
    {"area_overlap", PS_COLUMN_NUMBER, false,
     "common area: an extensive source without people or mask is shared by it"},
    {"source_area", PS_COLUMN_NUMBER, false, "of such a source; else the sum of those"},
};

static const ps_method_column interpolate_outputs[] = {
    {"target", PS_COLUMN_TEXT, true, "in order"},
    {"value", PS_COLUMN_NUMBER, true, "of the target"},
    {"kind", PS_COLUMN_TEXT, true, "extensive or intensive"},
    {"method", PS_COLUMN_TEXT, true, "what the overlaps are measured by"},
    {"covered", PS_COLUMN_NUMBER, true, "sum of the overlaps of the target"},
    {"coverage", PS_COLUMN_NUMBER, true, "covered / target_total"},
    {"n_sources", PS_COLUMN_INTEGER, true, "with an overlap above 0"},
    {"n_by_area", PS_COLUMN_INTEGER, true, "of them shared by area for want of a mask"},
    {"total_source", PS_COLUMN_NUMBER, true, "of a count: sum over sources"},
    {"total_target", PS_COLUMN_NUMBER, true, "of a count: sum over targets"},
    {"outside", PS_COLUMN_NUMBER, true, "of a count: what no target covers"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing (of a source), undefined (no overlap above 0)"},
};

typedef struct crossing {
    ps_codes source, target;
    ps_overlap *overlap;
    double *total, *value;          /* per source */
    double *covered, *whole;        /* per target; whole: NAN where unknown */
    int64_t *n_sources, *n_by_area; /* per target */
    ps_value *out;
} crossing;

static void free_crossing(crossing *c) {
    ps_codes_free(&c->source);
    ps_codes_free(&c->target);
    ps_free(c->overlap);
    ps_free(c->total);
    ps_free(c->value);
    ps_free(c->covered);
    ps_free(c->whole);
    ps_free(c->n_sources);
    ps_free(c->n_by_area);
    ps_free(c->out);
}

static ps_status read_overlaps(const ps_method_call *call, crossing *c, ps_error *err) {
    size_t n = ps_call_rows(call);
    PS_TRY(ps_codes_build(call, IN_SOURCE, &c->source, err));
    PS_TRY(ps_codes_build(call, IN_TARGET, &c->target, err));
    double sliver = ps_call_param_is(call, PARAM_METHOD, "area")
                        ? ps_call_param_number(call, PARAM_SLIVER)
                        : 0;
    c->overlap = ps_alloc(n, sizeof *c->overlap);
    if (c->overlap == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        double size = 0;
        bool missing = false;
        PS_TRY(ps_call_number(call, i, IN_OVERLAP, &size, &missing, err));
        if (missing || !(size >= 0))
            return ps_fail(err, PS_FORMAT, "%s: row %s: the overlap has to be 0 or more",
                           ps_table_name(ps_call_table(call)),
                           ps_call_row_text(call, i).text);
        if (size < sliver) size = 0;
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

/* An extensive source none of whose overlaps is above 0 is shared by area instead. */
static ps_status share_by_area(const ps_method_call *call, crossing *c, ps_error *err) {
    if (!ps_call_has(call, IN_AREA_OVERLAP) ||
        !ps_call_param_is(call, PARAM_KIND, "extensive"))
        return PS_OK;
    bool *masked = ps_zalloc(c->source.n, sizeof *masked);
    if (masked == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t i = 0; i < ps_call_rows(call); i++)
        if (c->overlap[i].size > 0) masked[c->overlap[i].source] = true;
    for (size_t i = 0; status == PS_OK && i < ps_call_rows(call); i++) {
        ps_overlap *o = &c->overlap[i];
        double size = 0, area = 0;
        if (masked[o->source]) continue;
        status = ps_call_amount(call, i, IN_AREA_OVERLAP, &size, err);
        if (status == PS_OK) status = ps_call_amount(call, i, IN_SOURCE_AREA, &area, err);
        if (status != PS_OK) break;
        c->total[o->source] = isnan(area) ? 0 : area;
        if (!(size > 0)) continue;
        o->size = size;
        c->n_sources[o->target]++;
        c->n_by_area[o->target]++;
    }
    ps_free(masked);
    return status;
}

/* The area or people of each target, the same in all its rows. */
static ps_status read_wholes(const ps_method_call *call, crossing *c, ps_error *err) {
    for (size_t t = 0; t < c->target.n; t++) c->whole[t] = (double)NAN;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double whole, *at = &c->whole[c->overlap[i].target];
        PS_TRY(ps_call_amount(call, i, IN_TARGET_TOTAL, &whole, err));
        if (!isnan(whole) && !isnan(*at) && whole != *at)
            return ps_call_refuse(
                call, i, err,
                "the target_total of this target differs from that of an earlier row");
        if (!isnan(whole)) *at = whole;
    }
    return PS_OK;
}

static ps_status read_sources(const ps_method_call *call, crossing *c, ps_error *err) {
    size_t n_targets = c->target.n;
    c->total = ps_zalloc(c->source.n, sizeof *c->total);
    c->value = ps_alloc(c->source.n, sizeof *c->value);
    c->covered = ps_zalloc(n_targets, sizeof *c->covered);
    c->whole = ps_alloc(n_targets, sizeof *c->whole);
    c->n_sources = ps_zalloc(n_targets, sizeof *c->n_sources);
    c->n_by_area = ps_zalloc(n_targets, sizeof *c->n_by_area);
    bool fully = ps_call_param_is(call, PARAM_COVERED, "fully");
    c->out = ps_alloc(n_targets, sizeof *c->out);
    bool *seen = ps_zalloc(c->source.n, sizeof *seen);
    ps_status status = PS_OK;
    if (c->total == NULL || c->value == NULL || c->covered == NULL || c->whole == NULL ||
        c->n_sources == NULL || c->n_by_area == NULL || c->out == NULL || seen == NULL)
        status = ps_fail_nomem(err);
    for (size_t i = 0; status == PS_OK && i < ps_call_rows(call); i++) {
        const ps_overlap *o = &c->overlap[i];
        double total = 0, value = 0;
        bool no_total = true, no_value = true;
        status = ps_call_number(call, i, IN_TOTAL, &total, &no_total, err);
        if (status == PS_OK)
            status = ps_call_number(call, i, IN_VALUE, &value, &no_value, err);
        if (status != PS_OK) break;
        if (no_total || fully) total = 0;
        if (no_value) value = (double)NAN;
        const bool same =
            !seen[o->source] ||
            ((value == c->value[o->source] || (no_value && isnan(c->value[o->source]))) &&
             total == c->total[o->source]);
        if (!same)
            status = ps_fail(err, PS_FORMAT,
                             "%s: row %s: the value or total of this source differs "
                             "from that of an earlier row",
                             ps_table_name(ps_call_table(call)),
                             ps_call_row_text(call, i).text);
        seen[o->source] = true;
        c->total[o->source] = total;
        c->value[o->source] = value;
        c->covered[o->target] += o->size;
        c->n_sources[o->target] += o->size > 0;
    }
    ps_free(seen);
    if (status == PS_OK) status = read_wholes(call, c, err);
    if (status == PS_OK) status = share_by_area(call, c, err);
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
        if (c->whole[t] > 0) ps_call_put_known(call, 5, c->covered[t] / c->whole[t]);
        ps_call_put_int(call, 6, c->n_sources[t]);
        ps_call_put_int(call, 7, c->n_by_area[t]);
        ps_call_put_number(call, 8, whole, sums->source_sum);
        ps_call_put_number(call, 9, whole, sums->target_sum);
        ps_call_put_number(call, 10, whole, sums->outside);
        ps_call_put_status(call, 11, c->out[t].status);
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

/* ---- best fit ---- */

enum { FIT_SOURCE, FIT_TARGET, FIT_OVERLAP, FIT_CENTROID };
static const ps_method_column fit_inputs[] = {
    {"source", PS_COLUMN_TEXT, true, "area that goes to one target as a whole"},
    {"target", PS_COLUMN_TEXT, true, "area that it may go to"},
    {"overlap", PS_COLUMN_NUMBER, true,
     "their common area or people; rows of the same two are added"},
    {"centroid", PS_COLUMN_NUMBER, false,
     "1: the target holds the population-weighted centroid of the source"},
};

static const ps_method_column fit_outputs[] = {
    {"source", PS_COLUMN_TEXT, true, "in order, every one once"},
    {"target", PS_COLUMN_TEXT, true, "that it belongs to"},
    {"method", PS_COLUMN_TEXT, true, "centroid, or overlap: the largest"},
    {"share", PS_COLUMN_NUMBER, true, "of the source's overlaps with that target"},
    {"tied", PS_COLUMN_INTEGER, true,
     "1: another overlap is as large, and the target that comes first stands"},
    {"status", PS_COLUMN_TEXT, true, "ok, undefined (no overlap above 0, no centroid)"},
};

/* A fit at work. */
/* One row. */
typedef struct part {
    ps_overlap overlap;
    bool holds;
} part;

typedef struct fitting {
    ps_codes source, target;
    part *part;
    ps_overlap *overlap;
    bool *holds;
    double *sum; /* per source */
    ps_best_fit_of *best;
} fitting;

static void fitting_free(fitting *f) {
    ps_codes_free(&f->source);
    ps_codes_free(&f->target);
    ps_free(f->part);
    ps_free(f->overlap);
    ps_free(f->holds);
    ps_free(f->sum);
    ps_free(f->best);
}

static int by_pair(const void *a, const void *b) {
    const ps_overlap *p = &((const part *)a)->overlap, *q = &((const part *)b)->overlap;
    if (p->source != q->source) return p->source < q->source ? -1 : 1;
    if (p->target != q->target) return p->target < q->target ? -1 : 1;
    return (p->size > q->size) - (p->size < q->size);
}

/* Parts of one source and target make their overlap; the number of pairs. */
static size_t add_parts(fitting *f, size_t n) {
    size_t pairs = 0;
    if (n > 0) qsort(f->part, n, sizeof *f->part, by_pair);
    for (size_t i = 0; i < n; i++) {
        const part *p = &f->part[i];
        const ps_overlap *last = pairs > 0 ? &f->overlap[pairs - 1] : NULL;
        const bool same = last != NULL && last->source == p->overlap.source &&
                          last->target == p->overlap.target;
        if (!same) {
            f->overlap[pairs] = p->overlap;
            f->holds[pairs++] = p->holds;
            continue;
        }
        f->overlap[pairs - 1].size += p->overlap.size;
        f->holds[pairs - 1] |= p->holds;
    }
    return pairs;
}

static ps_status read_fit(const ps_method_call *call, fitting *f, ps_error *err) {
    size_t n = ps_call_rows(call);
    PS_TRY(ps_codes_build(call, FIT_SOURCE, &f->source, err));
    PS_TRY(ps_codes_build(call, FIT_TARGET, &f->target, err));
    f->part = ps_alloc(n, sizeof *f->part);
    f->overlap = ps_alloc(n, sizeof *f->overlap);
    f->holds = ps_alloc(n, sizeof *f->holds);
    f->sum = ps_zalloc(f->source.n, sizeof *f->sum);
    f->best = ps_alloc(f->source.n, sizeof *f->best);
    if (f->part == NULL || f->overlap == NULL || f->holds == NULL || f->sum == NULL ||
        f->best == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        double size, centroid = 0;
        PS_TRY(ps_call_amount(call, i, FIT_OVERLAP, &size, err));
        PS_TRY(ps_call_amount(call, i, FIT_CENTROID, &centroid, err));
        if (isnan(size)) return ps_call_refuse(call, i, err, "the overlap is empty");
        if (!isnan(centroid) && centroid != 0 && centroid != 1)
            return ps_call_refuse(call, i, err, "centroid has to be 0 or 1");
        f->part[i] = (part){{f->source.code[i], f->target.code[i], size}, centroid == 1};
        f->sum[f->source.code[i]] += size;
    }
    return ps_best_fit(add_parts(f, n), f->overlap, f->holds, f->source.n, f->best, err);
}

static ps_status write_fit(const ps_method_call *call, const fitting *f, ps_error *err) {
    for (size_t s = 0; s < f->source.n; s++) {
        const ps_best_fit_of *best = &f->best[s];
        ps_call_put_text(call, 0, f->source.text[s]);
        if (best->overlap >= 0) {
            const ps_overlap *o = &f->overlap[best->overlap];
            ps_call_put_text(call, 1, f->target.text[o->target]);
            ps_call_put_word(call, 2, best->by_centroid ? "centroid" : "overlap");
            if (f->sum[s] > 0)
                ps_step_add(ps_call_steps(call, 3), o->size / f->sum[s],
                            "share in %.*s, %s = %s / %s",
                            f->target.text[o->target].n < 60
                                ? (int)f->target.text[o->target].n
                                : 60,
                            f->target.text[o->target].p,
                            best->by_centroid ? "which holds the centroid"
                                              : "the largest overlap",
                            PS_STEP(o->size), PS_STEP(f->sum[s]));
            if (f->sum[s] > 0) ps_call_put_known(call, 3, o->size / f->sum[s]);
            ps_call_put_int(call, 4, best->tied);
        }
        ps_call_put_status(call, 5,
                           best->overlap >= 0 ? PS_VALUE_OK : PS_VALUE_UNDEFINED);
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status run_fit(const ps_method_call *call, ps_error *err) {
    fitting f = {0};
    ps_status status = read_fit(call, &f, err);
    if (status == PS_OK) status = write_fit(call, &f, err);
    fitting_free(&f);
    return status;
}

const ps_method ps_method_best_fit = {
    .id = "best_fit",
    .title = "Best fit of whole areas",
    .formula =
        "the whole source to the target that holds its population-weighted "
        "centroid; when none or several do, to that of the largest overlap",
    .source = "ONS, Building block and best-fit policy",
    .evidence = "by hand",
    .input = fit_inputs,
    .n_input = PS_LENGTH(fit_inputs),
    .param = NULL,
    .n_param = 0,
    .output = fit_outputs,
    .n_output = PS_LENGTH(fit_outputs),
    .run = run_fit,
};
