#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/comparison.h"
#include "engine/run/framework_check.h"
#include "engine/run/write.h"

static const char header[] =
    "framework,comparison,triple,gap,measure,item,area_type,area_code,area_name,"
    "comparator_type,comparator_code,comparator_name,period,unit,status,value,lower,"
    "upper,numerator,denominator,comparator_value,comparator_lower,comparator_upper,"
    "comparator_numerator,comparator_denominator,overlap,rest,difference,"
    "difference_lower,difference_upper,ratio,p,verdict,baseline_period,change,"
    "change_percent,rest_change,comparator_change_percent,gap_change,gap_lower,gap_upper,"
    "verdict_gap,driver,ratio_change,ratio_lower,ratio_upper,verdict_absolute,"
    "verdict_relative,reason\n";

/* Columns from value to verdict_relative. */
enum { NUMBERS = 33 };

/* What is being written. */
typedef struct page {
    const ps_comparisons *all;
    const ps_measures *measures;
    const ps_binding *binding;
    const ps_framework_comparison *spec;
    ps_output *out;
    ps_written *written;
} page;

static void put_text(ps_output *out, ps_str text) {
    ps_output_csv_field(out, text);
    ps_output_write(out, ",", 1);
}

static void put_word(ps_output *out, const char *text) {
    put_text(out, ps_str_of(text));
}

static void put_number(ps_output *out, double value) {
    char text[32];
    if (isfinite(value)) {
        ps_format_double(value, text);
        ps_output_text(out, text);
    }
    ps_output_write(out, ",", 1);
}

static void put_value(ps_output *out, ps_value value, double multiplier) {
    put_number(out, ps_value_ok(value) ? value.value * multiplier : (double)NAN);
}

/* <comparison>-triple-<measure>: ids of the catalogue of measures. */
static void put_id(const page *p, const char *kind, const ps_framework_measure *m) {
    ps_output_printf(p->out, "%s-%s-%s,", p->spec->id, kind, m->id);
}

static void begin_row(const page *p, const ps_framework_measure *m, bool gap,
                      const char *item, const char *here) {
    put_word(p->out, p->binding->framework->id);
    put_word(p->out, p->spec->id);
    put_id(p, "triple", m);
    if (gap)
        put_id(p, "gap", m);
    else
        ps_output_write(p->out, ",", 1);
    put_word(p->out, m->id);
    put_word(p->out, item);
    put_word(p->out, here);
}

static void end_row(const page *p, const char *reason, bool absent) {
    ps_output_csv_field(p->out, ps_str_of(reason));
    ps_output_write(p->out, "\n", 1);
    p->written->figures++;
    p->written->absent += absent;
}

static void put_side(ps_output *out, const ps_side *side) {
    const double none = (double)NAN;
    const ps_estimate *v = &side->value;
    const bool ok = v->status == PS_VALUE_OK,
               limits = ok && v->limits_status == PS_VALUE_OK;
    put_number(out, ok ? v->value : none);
    put_number(out, limits ? v->lower : none);
    put_number(out, limits ? v->upper : none);
    put_number(out, ok ? side->numerator : none);
    put_number(out, ok ? side->denominator : none);
}

static void put_change(ps_output *out, const ps_comparison *c,
                       const ps_compared_figure *f) {
    const ps_gap_change *g = &f->change;
    const int polarity = (int)c->here.measure->spec->polarity;
    char driver[96];
    ps_gap_driver(g, "here", "rest", polarity, driver);
    put_word(out, f->changed ? c->baseline : "");
    put_value(out, g->here, c->multiplier);
    put_value(out, f->here_percent, 1);
    put_value(out, g->rest, c->multiplier);
    put_value(out, f->there_percent, 1);
    put_value(out, g->change, c->multiplier);
    put_value(out, g->lower, c->multiplier);
    put_value(out, g->upper, c->multiplier);
    put_word(out, ps_gap_verdict_text(g->gap));
    put_word(out, driver);
    put_value(out, g->ratio_change, 1);
    put_value(out, g->ratio_lower, 1);
    put_value(out, g->ratio_upper, 1);
    put_word(out, ps_gap_word(g->own, polarity));
    put_word(out, ps_gap_word(g->relative, polarity));
}

static void write_figure(const page *p, const ps_comparison *c, size_t area,
                         const ps_compared_figure *f) {
    const ps_framework_measure *m = c->here.measure->spec;
    const ps_areas *here = c->here.geo->areas;
    const ps_gap *g = &f->gap;
    ps_beside other = {"", {"", 0}, {"", 0}};
    ps_comparison_beside(c, area, &other);
    begin_row(p, m, f->changed, f->item, c->here.geo->spec->id);
    put_text(p->out, here->code[area]);
    put_text(p->out, here->name[area]);
    put_word(p->out, other.type);
    put_text(p->out, other.code);
    put_text(p->out, other.name);
    put_word(p->out, f->period->label);
    put_word(p->out, c->unit);
    put_word(p->out, ps_value_status_text(f->status));
    put_side(p->out, &f->here);
    put_side(p->out, &f->there);
    put_word(p->out, ps_overlap_kind_text(f->overlap));
    put_value(p->out, g->rest, c->multiplier);
    put_value(p->out, g->difference, c->multiplier);
    put_value(p->out, g->lower, c->multiplier);
    put_value(p->out, g->upper, c->multiplier);
    put_value(p->out, g->ratio, 1);
    put_value(p->out, g->p, 1);
    put_word(p->out, ps_comparison_verdict(c, f));
    put_change(p->out, c, f);
    end_row(p, f->reason, f->status != PS_VALUE_OK);
}

/* A row that only says why there is nothing else; code and name of the area, or empty. */
static void write_absent(const page *p, const ps_framework_measure *m, const char *here,
                         ps_str code, ps_str name, const char *there, const char *status,
                         const char *reason) {
    begin_row(p, m, false, "", here);
    put_text(p->out, code);
    put_text(p->out, name);
    put_word(p->out, there);
    ps_output_text(p->out, ",,,"); /* its area and the period */
    put_word(p->out, m->unit);
    put_word(p->out, status);
    for (int k = 0; k < NUMBERS; k++) ps_output_write(p->out, ",", 1);
    end_row(p, reason, true);
}

/* An area that none of the other geography's is the right one for. */
static void write_alone(const page *p, const ps_comparison *c, size_t area) {
    const ps_areas *areas = c->here.geo->areas;
    const char *there = c->there.geo->spec->id;
    char reason[160];
    if (c->overlaps->blocks < 0)
        snprintf(reason, sizeof reason, "nothing tells in which area of %s it lies",
                 there);
    else
        snprintf(reason, sizeof reason, "no area of %s has any of it", there);
    write_absent(p, c->here.measure->spec, c->here.geo->spec->id, areas->code[area],
                 areas->name[area], there, "no-areas", reason);
}

static ps_status write_areas(const page *p, ps_comparison *c, ps_error *err) {
    const size_t n = ps_comparison_figures(c);
    ps_compared_figure *figures = ps_alloc(n, sizeof *figures);
    if (figures == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t a = 0; a < c->here.geo->areas->n && status == PS_OK; a++) {
        if (!ps_scope_shows(&c->here, a)) continue;
        ps_beside other;
        if (!ps_comparison_beside(c, a, &other)) {
            write_alone(p, c, a);
            continue;
        }
        status = ps_comparison_of_area(c, a, figures, err);
        for (size_t k = 0; k < n && status == PS_OK; k++)
            write_figure(p, c, a, &figures[k]);
    }
    ps_free(figures);
    return status;
}

static ps_status write_pair(const page *p, size_t measure, const char *here,
                            const char *there, ps_error *err) {
    const ps_geographies *geographies = p->measures->figures->geographies;
    const ps_framework_measure *m = p->measures->measure[measure].spec;
    const int h = ps_measures_geography(geographies, here),
              t = ps_measures_geography(geographies, there);
    const ps_str none = {"", 0};
    if (h < 0 || t < 0) {
        char reason[160];
        snprintf(reason, sizeof reason, "the job has no areas with the id '%s'",
                 h < 0 ? here : there);
        write_absent(p, m, here, none, none, there, "no-areas", reason);
        return PS_OK;
    }
    ps_comparison c;
    PS_TRY(ps_comparison_open(p->all, p->spec, measure, (size_t)h, (size_t)t, &c, err));
    const ps_status status = write_areas(p, &c, err);
    ps_comparison_close(&c);
    return status;
}

/* Beside a published series; one row tells that there is none. */
static ps_status write_published(const page *p, size_t measure, const char *here,
                                 const char *comparator, ps_error *err) {
    const ps_framework_measure *m = p->measures->measure[measure].spec;
    const int h = ps_measures_geography(p->measures->figures->geographies, here);
    const ps_str none = {"", 0};
    if (h < 0) {
        char reason[160];
        snprintf(reason, sizeof reason, "the job has no areas with the id '%s'", here);
        write_absent(p, m, here, none, none, p->spec->published, "no-areas", reason);
        return PS_OK;
    }
    ps_comparison c;
    PS_TRY(ps_comparison_open_published(p->all, p->spec, measure, (size_t)h, comparator,
                                        &c, err));
    ps_status status = PS_OK;
    if (c.published.absent[0] != '\0')
        write_absent(p, m, here, none, none, p->spec->published, "no-data",
                     c.published.absent);
    else
        status = write_areas(p, &c, err);
    ps_comparison_close(&c);
    return status;
}

static ps_status write_all_published(const page *p, size_t measure, const char *here,
                                     ps_error *err) {
    const ps_framework *f = p->binding->framework;
    if (p->spec->published == NULL) return PS_OK;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, p->spec->published);
    const ps_framework_column *column =
        ps_framework_role(&f->data[at], PS_ROLE_COMPARATOR);
    for (unsigned v = 0; v < column->values_count; v++)
        PS_TRY(write_published(p, measure, here, column->values[v], err));
    return PS_OK;
}

static ps_status write_measure(const page *p, const char *id, ps_error *err) {
    const ps_framework_comparison *spec = p->spec;
    const ps_str none = {"", 0};
    size_t i = 0;
    while (p->measures->measure[i].binding != p->binding ||
           strcmp(p->measures->measure[i].spec->id, id) != 0)
        i++;
    const ps_measure *m = &p->measures->measure[i];
    if (m->absent != NULL) {
        write_absent(p, m->spec, "", none, none, "", "no-data", m->absent);
        return PS_OK;
    }
    for (unsigned h = 0; h < spec->here_count; h++) {
        for (unsigned t = 0; t < spec->there_count; t++)
            PS_TRY(write_pair(p, i, spec->here[h], spec->there[t], err));
        PS_TRY(write_all_published(p, i, spec->here[h], err));
    }
    return PS_OK;
}

ps_status ps_write_comparisons(const ps_measures *measures, ps_output *out,
                               ps_written *written, ps_error *err) {
    const ps_bindings *bindings = measures->bindings;
    ps_comparisons *all;
    *written = (ps_written){0};
    PS_TRY(ps_comparisons_open(measures, &all, err));
    ps_output_text(out, header);
    ps_status status = PS_OK;
    for (size_t b = 0; b < bindings->n; b++) {
        page p = {all, measures, &bindings->binding[b], NULL, out, written};
        const ps_framework *f = p.binding->framework;
        for (unsigned c = 0; c < f->comparisons_count; c++) {
            p.spec = &f->comparisons[c];
            for (unsigned m = 0; m < p.spec->measures_count && status == PS_OK; m++)
                status = write_measure(&p, p.spec->measures[m], err);
        }
    }
    ps_comparisons_free(all);
    return status;
}
