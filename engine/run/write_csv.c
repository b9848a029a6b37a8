#include <stdio.h>
#include <string.h>

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
            written->figures++;
            written->absent += !counted;
            if (geo->population == NULL) continue;
            write_row(out, geo, area, d->period[k].label, series->id, "-rate",
                      &figure->rate, counted, figure->count.value,
                      figure->has_denominator, figure->denominator, rate_unit,
                      figure->note);
            written->figures++;
            written->absent += figure->rate.status != PS_VALUE_OK;
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
        write_row(out, &f->geographies->geography[geography], area,
                  values->spec->period != NULL ? values->spec->period : "",
                  values->spec->id, "", &e, false, 0, false, 0,
                  values->spec->unit != NULL ? values->spec->unit : "",
                  missing ? "no value in the table" : "");
        written->figures++;
        written->absent += missing;
    }
}

ps_status ps_write_indicators(const ps_figures *f, ps_output *out, ps_written *written,
                              ps_error *err) {
    char rate_unit[64], multiplier[32];
    ps_format_double(*f->job->multiplier, multiplier);
    snprintf(rate_unit, sizeof rate_unit, "per %s residents", multiplier);
    ps_figure *figures = ps_alloc(f->n_slots, sizeof *figures);
    if (figures == NULL) return ps_fail_nomem(err);
    *written = (ps_written){0};
    ps_output_text(
        out,
        "area_type,area_code,area_name,period,indicator,value,lower,upper,numerator,"
        "denominator,unit,status,method,note\n");
    for (size_t g = 0; g < f->geographies->n; g++) {
        const ps_geography *geo = &f->geographies->geography[g];
        for (size_t a = 0; a < geo->areas->n; a++) {
            ps_figures_of_area(f, g, a, figures);
            write_series(f, geo, a, figures, rate_unit, out, written);
            write_values(f, g, a, out, written);
        }
    }
    ps_free(figures);
    return PS_OK;
}

static void write_months(const ps_figures *f, size_t g, size_t a, size_t s,
                         ps_output *out, int64_t *counts, bool *covered) {
    const ps_series *series = &f->series[s];
    const ps_data_set *d = &f->data[series->data];
    const ps_geography *geo = &f->geographies->geography[g];
    if (d->first > d->last) return;
    const bool anywhere = d->reporter[g][a] != PS_NONE;
    ps_figures_months(f, g, a, s, counts, covered);
    for (ps_month m = d->first; m <= d->last; m++) {
        size_t i = (size_t)(m - d->first);
        const bool known = anywhere ? covered[i] : counts[i] > 0;
        if (counts[i] == 0 && (known || !anywhere)) continue;
        char month[16] = "";
        if (d->spec->date != NULL) ps_month_text(m, month);
        ps_output_csv_field(out, ps_str_of(geo->spec->id));
        ps_output_write(out, ",", 1);
        ps_output_csv_field(out, geo->areas->code[a]);
        ps_output_write(out, ",", 1);
        ps_output_text(out, series->id);
        ps_output_write(out, ",", 1);
        ps_output_text(out, month);
        if (known)
            ps_output_printf(out, ",%lld,ok\n", (long long)counts[i]);
        else
            ps_output_text(out, ",,missing\n");
    }
}

ps_status ps_write_counts(const ps_figures *f, ps_output *out, ps_error *err) {
    size_t months = 1;
    for (size_t i = 0; i < f->n_data; i++) {
        const ps_data_set *d = &f->data[i];
        if (d->first <= d->last && (size_t)(d->last - d->first) + 1 > months)
            months = (size_t)(d->last - d->first) + 1;
    }
    int64_t *counts = ps_alloc(months, sizeof *counts);
    bool *covered = ps_alloc(months, sizeof *covered);
    if (counts == NULL || covered == NULL) {
        ps_free(counts), ps_free(covered);
        return ps_fail_nomem(err);
    }
    ps_output_text(out, "area_type,area_code,series,month,count,status\n");
    for (size_t g = 0; g < f->geographies->n; g++)
        for (size_t a = 0; a < f->geographies->geography[g].areas->n; a++)
            for (size_t s = 0; s < f->n_series; s++)
                write_months(f, g, a, s, out, counts, covered);
    ps_free(counts), ps_free(covered);
    return PS_OK;
}
