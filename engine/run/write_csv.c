#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/run/release.h"
#include "engine/run/write.h"

/* The columns before `value`, the same for all rows of an area. */
static void write_area(ps_output *out, const ps_geography *geo, size_t area) {
    ps_output_csv_field(out, ps_str_of(geo->spec->id));
    ps_output_write(out, ",", 1);
    ps_output_csv_field(out, geo->areas->code[area]);
    ps_output_write(out, ",", 1);
    ps_output_csv_field(out, geo->areas->name[area]);
    ps_output_write(out, ",", 1);
}

static void write_number(ps_output *out, bool there, double value) {
    char text[32];
    if (there) {
        ps_format_double(value, text);
        ps_output_text(out, text);
    }
    ps_output_write(out, ",", 1);
}

/* One row. note may be "". */
static void write_row(ps_output *out, const ps_geography *geo, size_t area,
                      const char *period, const char *indicator, const char *suffix,
                      const ps_estimate *e, bool has_parts, double numerator,
                      bool has_denominator, double denominator, const char *unit,
                      const char *note) {
    bool ok = e->status == PS_VALUE_OK, limits = ok && e->limits_status == PS_VALUE_OK;
    write_area(out, geo, area);
    ps_output_csv_field(out, ps_str_of(period));
    ps_output_write(out, ",", 1);
    ps_output_text(out, indicator); /* ids hold nothing that needs quotes */
    ps_output_text(out, suffix);
    ps_output_write(out, ",", 1);
    write_number(out, ok, e->value);
    write_number(out, limits, e->lower);
    write_number(out, limits, e->upper);
    write_number(out, has_parts, numerator);
    write_number(out, has_denominator, denominator);
    ps_output_csv_field(out, ps_str_of(unit));
    ps_output_write(out, ",", 1);
    ps_output_text(out, ps_value_status_text(e->status));
    ps_output_write(out, ",", 1);
    ps_output_text(out, ok && e->method != NULL ? e->method : "");
    ps_output_write(out, ",", 1);
    ps_output_csv_field(out, ps_str_of(note));
    ps_output_write(out, "\n", 1);
}

static void add_written(ps_written *written, const ps_estimate *e) {
    const bool suppressed = e->status == PS_VALUE_SUPPRESSED;
    written->figures++;
    written->suppressed += suppressed;
    written->absent += e->status != PS_VALUE_OK && !suppressed;
}

static void write_series(const ps_figures *f, const ps_geography *geo, size_t area,
                         const ps_figure *figures, const char *rate_unit, ps_output *out,
                         ps_written *written) {
    for (size_t s = 0; s < f->n_series; s++) {
        const ps_series *series = &f->series[s];
        const ps_data_set *d = &f->data[series->data];
        for (size_t k = 0; k < d->n_periods; k++) {
            const ps_figure *figure = &figures[series->first_slot + k];
            bool counted = figure->count.status == PS_VALUE_OK;
            write_row(out, geo, area, d->period[k].label, series->id, "", &figure->count,
                      counted, figure->count.value, false, 0, "count",
                      counted ? "" : figure->note);
            add_written(written, &figure->count);
            if (geo->population == NULL) continue;
            write_row(out, geo, area, d->period[k].label, series->id, "-rate",
                      &figure->rate, counted, figure->count.value,
                      figure->has_denominator, figure->denominator, rate_unit,
                      figure->note);
            add_written(written, &figure->rate);
        }
    }
}

static void write_values(const ps_figures *f, size_t geography, size_t area,
                         ps_output *out, ps_written *written) {
    for (size_t v = 0; v < f->n_values; v++) {
        const ps_area_values *values = &f->values[v];
        if (values->geography != geography) continue;
        bool missing = values->missing[area];
        ps_estimate e = {.status = missing ? PS_VALUE_MISSING : PS_VALUE_OK,
                         .value = missing ? 0 : values->value[area],
                         .limits_status = PS_VALUE_NOT_APPLICABLE,
                         .method = "as published"};
        write_row(out, &f->geographies->geography[geography], area, values->period,
                  values->spec->id, "", &e, false, 0, false, 0,
                  values->spec->unit != NULL ? values->spec->unit : "",
                  missing ? "no value in the table" : "");
        written->figures++;
        written->absent += missing;
    }
}

/* Some areas of one geography after the other. */
enum { AREAS_AT_ONCE = 32 };

typedef struct writing {
    const ps_figures *figures;
    const char *rate_unit;
    size_t *first_item; /* by geography, and one more */
    /* By worker: */
    ps_figure **slots;
    ps_written *written;
    int64_t **counts;
    bool **covered;
    size_t months;
} writing;

static void close_writing(writing *w) {
    for (int i = 0; i < ps_threads(); i++) {
        if (w->slots != NULL) ps_free(w->slots[i]);
        if (w->counts != NULL) ps_free(w->counts[i]);
        if (w->covered != NULL) ps_free(w->covered[i]);
    }
    ps_free(w->first_item), ps_free(w->slots), ps_free(w->written);
    ps_free(w->counts), ps_free(w->covered);
}

static ps_status open_writing(writing *w, const ps_figures *f, ps_error *err) {
    const size_t workers = (size_t)ps_threads(), n = f->geographies->n;
    *w = (writing){.figures = f, .months = 1};
    for (size_t i = 0; i < f->n_data; i++) {
        const ps_data_set *d = &f->data[i];
        if (d->first <= d->last && (size_t)(d->last - d->first) + 1 > w->months)
            w->months = (size_t)(d->last - d->first) + 1;
    }
    w->first_item = ps_zalloc(n + 1, sizeof *w->first_item);
    w->slots = ps_zalloc(workers, sizeof(ps_figure *));
    w->written = ps_zalloc(workers, sizeof *w->written);
    w->counts = ps_zalloc(workers, sizeof(int64_t *));
    w->covered = ps_zalloc(workers, sizeof(bool *));
    bool failed = w->first_item == NULL || w->slots == NULL || w->written == NULL ||
                  w->counts == NULL || w->covered == NULL;
    for (size_t i = 0; i < workers && !failed; i++) {
        w->slots[i] = ps_alloc(f->n_slots, sizeof **w->slots);
        w->counts[i] = ps_alloc(w->months, sizeof **w->counts);
        w->covered[i] = ps_alloc(w->months, sizeof **w->covered);
        failed = w->slots[i] == NULL || w->counts[i] == NULL || w->covered[i] == NULL;
    }
    for (size_t g = 0; g < n && !failed; g++)
        w->first_item[g + 1] =
            w->first_item[g] +
            (f->geographies->geography[g].areas->n + AREAS_AT_ONCE - 1) / AREAS_AT_ONCE;
    if (!failed) return PS_OK;
    close_writing(w);
    return ps_fail_nomem(err);
}

/* The geography and the areas [*begin, *end) of an item. */
static size_t areas_of(const writing *w, size_t item, size_t *begin, size_t *end) {
    size_t g = 0;
    while (item >= w->first_item[g + 1]) g++;
    const size_t n = w->figures->geographies->geography[g].areas->n;
    *begin = (item - w->first_item[g]) * AREAS_AT_ONCE;
    *end = n - *begin < AREAS_AT_ONCE ? n : *begin + AREAS_AT_ONCE;
    return g;
}

static ps_status write_figures(void *context, size_t item, int worker, ps_output *page,
                               ps_error *err) {
    (void)err;
    const writing *w = context;
    size_t begin, end;
    const size_t g = areas_of(w, item, &begin, &end);
    for (size_t a = begin; a < end; a++) {
        ps_figures_of_area(w->figures, g, a, w->slots[worker]);
        write_series(w->figures, &w->figures->geographies->geography[g], a,
                     w->slots[worker], w->rate_unit, page, &w->written[worker]);
        write_values(w->figures, g, a, page, &w->written[worker]);
    }
    return PS_OK;
}

ps_status ps_write_indicators(const ps_figures *f, ps_output *out, ps_written *written,
                              ps_error *err) {
    char rate_unit[64], multiplier[32];
    ps_format_double(*f->job->multiplier, multiplier);
    snprintf(rate_unit, sizeof rate_unit, "per %s residents", multiplier);
    *written = (ps_written){0};
    writing w;
    PS_TRY(open_writing(&w, f, err));
    w.rate_unit = rate_unit;
    ps_output_text(
        out,
        "area_type,area_code,area_name,period,indicator,value,lower,upper,numerator,"
        "denominator,unit,status,method,note\n");
    ps_status status =
        ps_output_items(out, w.first_item[f->geographies->n], write_figures, &w, err);
    for (int i = 0; i < ps_threads(); i++) {
        written->figures += w.written[i].figures;
        written->absent += w.written[i].absent;
        written->suppressed += w.written[i].suppressed;
    }
    close_writing(&w);
    return status;
}

static void write_place(const ps_geography *geo, size_t area, const ps_series *series,
                        ps_output *out) {
    ps_output_csv_field(out, ps_str_of(geo->spec->id));
    ps_output_write(out, ",", 1);
    ps_output_csv_field(out, geo->areas->code[area]);
    ps_output_write(out, ",", 1);
    ps_output_text(out, series->id);
    ps_output_write(out, ",", 1);
}

/* An area without a row would be taken for one without an incident. */
static void write_hidden(const ps_figures *f, size_t g, size_t a, const ps_series *series,
                         ps_output *out) {
    const ps_data_set *d = &f->data[series->data];
    char first[24], last[24];
    if (!ps_reach_knows(d->reach, g, a)) return;
    write_place(&f->geographies->geography[g], a, series, out);
    if (d->spec->date != NULL) {
        ps_month_text(d->first, first), ps_month_text(d->last, last);
        ps_output_printf(out, "%s..%s", first, last);
    }
    ps_output_text(out, ",,suppressed\n");
}

static void write_months(const ps_figures *f, size_t g, size_t a, size_t s,
                         ps_output *out, int64_t *counts, bool *covered) {
    const ps_series *series = &f->series[s];
    const ps_data_set *d = &f->data[series->data];
    if (d->first > d->last) return;
    if (ps_release_protects(f->release, series->data)) {
        write_hidden(f, g, a, series, out);
        return;
    }
    const bool anywhere = d->reporter[g][a] != PS_NONE;
    ps_figures_months(f, g, a, s, counts, covered);
    for (ps_month m = d->first; m <= d->last; m += d->stride) {
        size_t i = (size_t)(m - d->first);
        const bool known = anywhere ? covered[i] : counts[i] > 0;
        if (counts[i] == 0 && (known || !anywhere)) continue;
        char month[24] = "";
        if (d->spec->date != NULL) ps_figures_date_text(d, m, month);
        write_place(&f->geographies->geography[g], a, series, out);
        ps_output_text(out, month);
        ps_output_write(out, ",", 1);
        if (known) ps_output_int(out, counts[i]);
        ps_output_text(out, known ? ",ok\n" : ",missing\n");
    }
}

static ps_status write_histories(void *context, size_t item, int worker, ps_output *page,
                                 ps_error *err) {
    (void)err;
    const writing *w = context;
    size_t begin, end;
    const size_t g = areas_of(w, item, &begin, &end);
    for (size_t a = begin; a < end; a++)
        for (size_t s = 0; s < w->figures->n_series; s++)
            write_months(w->figures, g, a, s, page, w->counts[worker],
                         w->covered[worker]);
    return PS_OK;
}

ps_status ps_write_counts(const ps_figures *f, ps_output *out, ps_error *err) {
    writing w;
    PS_TRY(open_writing(&w, f, err));
    ps_output_text(out, "area_type,area_code,series,month,count,status\n");
    ps_status status =
        ps_output_items(out, w.first_item[f->geographies->n], write_histories, &w, err);
    close_writing(&w);
    return status;
}
