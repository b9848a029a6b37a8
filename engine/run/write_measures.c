#include <math.h>
#include <string.h>

#include "engine/run/tailoring.h"
#include "engine/run/write.h"

static void put_text(ps_output *out, const char *text) {
    ps_output_csv_field(out, ps_str_of(text));
    ps_output_write(out, ",", 1);
}

/* A number, or nothing when it is NAN. */
static void put_number(ps_output *out, double value) {
    char text[32];
    if (isfinite(value)) {
        ps_format_double(value, text);
        ps_output_text(out, text);
    }
    ps_output_write(out, ",", 1);
}

static void put_value(ps_output *out, ps_value value) {
    put_number(out, ps_value_ok(value) ? value.value : (double)NAN);
}

static void put_values(ps_output *out, const ps_value *a, const ps_value *b,
                       const ps_value *c) {
    put_value(out, *a);
    put_value(out, *b);
    put_value(out, *c);
}

static const char header[] =
    "framework,priority,measure,item,area_type,area_code,area_name,period,months,value,"
    "lower,upper,numerator,denominator,unit,status,baseline,baseline_period,"
    "baseline_from,target_kind,target,target_status,strength,gap,dispersion,"
    "change_percent,change_lower,change_upper,difference,difference_lower,"
    "difference_upper,p_change,verdict,annual_percent,annual_lower,annual_upper,trend,"
    "prob_improved,projection,projection_lower,projection_upper,prob_target_met,method,"
    "reason,tailored,title\n";

bool ps_measures_has_numbers(ps_str column) {
    static const char *const words[] = {
        "framework",   "priority",      "measure",         "item",          "area_type",
        "area_code",   "area_name",     "period",          "unit",          "status",
        "target_kind", "target_status", "baseline_period", "baseline_from", "strength",
        "verdict",     "trend",         "method",          "reason",        "tailored",
        "title"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ps_str_is(column, words[i])) return false;
    return true;
}

static void begin_row(const ps_measure *m, const char *item, ps_output *out) {
    put_text(out, m->binding->framework->id);
    put_text(out, m->spec->priority);
    put_text(out, m->spec->id);
    put_text(out, item);
}

static void write_change(const ps_measure_figure *f, ps_output *out) {
    const ps_course *c = &f->course;
    put_number(out, c->dispersion);
    put_number(out, f->change);
    put_number(out, f->change_lower);
    put_number(out, f->change_upper);
    put_values(out, &f->difference, &f->difference_lower, &f->difference_upper);
    put_value(out, f->p_change);
    const char *named = f->measured.verdict; /* by the method, else by the change */
    put_text(out, named != NULL ? named : ps_verdict_text(f->verdict));
    put_values(out, &c->annual, &c->lower, &c->upper);
    put_text(out, ps_verdict_text(c->verdict));
}

/* How the plan of the area differs, and what the measure is called there. */
static void end_row(const ps_measure *measure, ps_output *out) {
    const ps_tailored_view *view = measure->view;
    const bool changed = view != NULL && view->change != NULL;
    const char *how = view == NULL                  ? ""
                      : measure->spec->only != NULL ? "added"
                      : changed                     ? "changed"
                                                    : "";
    ps_output_write(out, ",", 1);
    put_text(out, how);
    ps_output_csv_field(
        out,
        ps_str_of(changed && view->change->title != NULL ? view->change->title : ""));
    ps_output_write(out, "\n", 1);
}

static void write_figure(const ps_measure *measure, const ps_measure_figure *f,
                         ps_output *out) {
    const ps_framework_measure *m = measure->spec;
    const double none = (double)NAN;
    const ps_estimate *v = &f->measured.value;
    const bool ok = v->status == PS_VALUE_OK,
               limits = ok && v->limits_status == PS_VALUE_OK;
    put_text(out, f->period->label);
    put_number(out, f->measured.months);
    put_number(out, ok ? v->value : none);
    put_number(out, limits ? v->lower : none);
    put_number(out, limits ? v->upper : none);
    put_number(out, f->measured.numerator);
    put_number(out, f->measured.denominator);
    put_text(out, m->unit);
    put_text(out, ps_value_status_text(v->status));
    put_number(out, f->baseline);
    put_text(out, m->baseline != NULL && m->baseline->period != NULL ? m->baseline->period
                                                                     : "");
    put_text(out, f->stated ? "plan" : isfinite(f->baseline) ? "data" : "");
    put_text(out, m->target != NULL ? ps_target_kind_text(m->target->kind) : "");
    put_number(out, f->goal.known ? f->goal.target : none);
    put_text(out, f->target_status);
    put_text(out, ps_strength_text(f->result.strength));
    put_value(out, f->result.gap);
    write_change(f, out);
    put_value(out, f->result.prob_improved);
    put_values(out, &f->projection.total, &f->projection.lower, &f->projection.upper);
    put_value(out, f->projection.prob_met);
    put_text(out, ok && v->method != NULL ? v->method : "");
    ps_output_csv_field(out, ps_str_of(f->reason));
    end_row(measure, out);
}

/* A row that only says why there is nothing else. */
static void write_absent(const ps_measure *measure, const char *geography,
                         const char *status, const char *reason, ps_output *out) {
    const ps_framework_measure *m = measure->spec;
    begin_row(measure, "", out);
    put_text(out, geography);
    ps_output_text(out, ",,,,,,,,,"); /* area, name, period, months and numbers */
    put_text(out, m->unit);
    put_text(out, status);
    put_number(out, m->baseline != NULL && m->baseline->value != NULL
                        ? *m->baseline->value
                        : (double)NAN);
    put_text(out, m->baseline != NULL && m->baseline->period != NULL ? m->baseline->period
                                                                     : "");
    put_text(out, m->baseline != NULL && m->baseline->value != NULL ? "plan" : "");
    put_text(out, m->target != NULL ? ps_target_kind_text(m->target->kind) : "");
    put_number(out, m->target != NULL && m->target->value != NULL ? *m->target->value
                                                                  : (double)NAN);
    put_text(out, ps_judge_without_data(m));
    ps_output_text(out, ",,,,,,,,,,,,,,,,,,,,,"); /* strength to method */
    ps_output_csv_field(out, ps_str_of(reason));
    end_row(measure, out);
}

static ps_status write_areas(ps_scope *scope, ps_output *out, ps_written *written,
                             ps_error *err) {
    const ps_geography *geo = scope->geo;
    const size_t n = ps_scope_figures(scope);
    ps_measure_figure *figures = ps_alloc(n, sizeof *figures);
    if (figures == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t a = 0; a < geo->areas->n && status == PS_OK; a++) {
        if (!ps_scope_shows(scope, a)) {
            written->hidden += scope->everywhere->spec->only == NULL ? (int64_t)n : 0;
            continue;
        }
        status = ps_scope_area(scope, a, figures, err);
        for (size_t k = 0; k < n && status == PS_OK; k++) {
            begin_row(scope->measure, figures[k].item, out);
            put_text(out, geo->spec->id);
            ps_output_csv_field(out, geo->areas->code[a]);
            ps_output_write(out, ",", 1);
            ps_output_csv_field(out, geo->areas->name[a]);
            ps_output_write(out, ",", 1);
            write_figure(scope->measure, &figures[k], out);
            written->figures++;
            const ps_value_status value = figures[k].measured.value.status;
            written->suppressed += value == PS_VALUE_SUPPRESSED;
            written->absent += value != PS_VALUE_OK && value != PS_VALUE_SUPPRESSED;
        }
    }
    ps_free(figures);
    return status;
}

static ps_status write_measure(const ps_measures *all, size_t i, ps_output *out,
                               ps_written *written, ps_error *err) {
    const ps_measure *m = &all->measure[i];
    if (m->absent != NULL) {
        write_absent(m, "", "no-data", m->absent, out);
        written->figures++, written->absent++;
        return PS_OK;
    }
    for (unsigned k = 0; k < m->spec->geographies_count; k++) {
        const char *id = m->spec->geographies[k];
        const int g = ps_measures_geography(all->figures->geographies, id);
        if (g < 0) {
            write_absent(m, id, "no-areas", "the job has no areas with this id", out);
            written->figures++, written->absent++;
            continue;
        }
        ps_scope scope;
        PS_TRY(ps_scope_open(all, i, (size_t)g, &scope, err));
        const ps_status status = write_areas(&scope, out, written, err);
        ps_scope_close(&scope);
        PS_TRY(status);
    }
    return PS_OK;
}

ps_status ps_write_measures(const ps_measures *all, ps_output *out, ps_written *written,
                            ps_error *err) {
    *written = (ps_written){0};
    ps_output_text(out, header);
    for (size_t i = 0; i < all->n; i++) PS_TRY(write_measure(all, i, out, written, err));
    return PS_OK;
}
