#include <math.h>
#include <string.h>

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

static void begin_row(const ps_measures *all, const ps_framework_measure *m,
                      ps_output *out) {
    put_text(out, all->binding->framework->id);
    put_text(out, m->priority);
    put_text(out, m->id);
}

static void write_figure(const ps_framework_measure *m, const ps_measure_figure *f,
                         ps_output *out) {
    const double none = (double)NAN;
    const bool ok = f->value.status == PS_VALUE_OK,
               limits = ok && f->value.limits_status == PS_VALUE_OK;
    put_text(out, f->period->label);
    put_number(out, f->months);
    put_number(out, ok ? f->value.value : none);
    put_number(out, limits ? f->value.lower : none);
    put_number(out, limits ? f->value.upper : none);
    put_number(out, f->numerator);
    put_number(out, f->denominator);
    put_text(out, m->unit);
    put_text(out, ps_value_status_text(f->value.status));
    put_number(out, f->baseline);
    put_text(out, m->baseline != NULL && m->baseline->period != NULL ? m->baseline->period
                                                                     : "");
    put_text(out, f->stated ? "plan" : isfinite(f->baseline) ? "data" : "");
    put_text(out, m->target != NULL ? ps_target_kind_text(m->target->kind) : "");
    put_number(out, f->goal.known ? f->goal.target : none);
    put_text(out, f->target_status);
    put_text(out, ps_strength_text(f->result.strength));
    put_value(out, f->result.gap);
    put_number(out, f->dispersion);
    put_number(out, f->change);
    put_number(out, f->change_lower);
    put_number(out, f->change_upper);
    put_value(out, f->result.p_two_sample);
    put_value(out, f->result.prob_improved);
    put_value(out, f->projection.total);
    put_value(out, f->projection.lower);
    put_value(out, f->projection.upper);
    put_value(out, f->projection.prob_met);
    put_text(out, ok && f->value.method != NULL ? f->value.method : "");
    ps_output_csv_field(out, ps_str_of(f->reason));
    ps_output_write(out, "\n", 1);
}

/* A row that only says why there is nothing else. */
static void write_absent(const ps_measures *all, const ps_framework_measure *m,
                         const char *geography, const char *status, const char *reason,
                         ps_output *out) {
    begin_row(all, m, out);
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
    put_text(out, ps_measures_target_without_data(m));
    ps_output_text(out, ",,,,,,,,,,,,,"); /* strength to method */
    ps_output_csv_field(out, ps_str_of(reason));
    ps_output_write(out, "\n", 1);
}

static ps_status write_geography(const ps_measures *all, size_t measure, size_t g,
                                 ps_measure_figure *figures, ps_output *out,
                                 ps_written *written, ps_error *err) {
    const ps_measure *m = &all->measure[measure];
    const ps_geography *geo = &all->figures->geographies->geography[g];
    for (size_t a = 0; a < geo->areas->n; a++) {
        PS_TRY(ps_measures_of_area(all, measure, g, a, figures, err));
        for (size_t k = 0; k < m->n_periods; k++) {
            begin_row(all, m->spec, out);
            put_text(out, geo->spec->id);
            ps_output_csv_field(out, geo->areas->code[a]);
            ps_output_write(out, ",", 1);
            ps_output_csv_field(out, geo->areas->name[a]);
            ps_output_write(out, ",", 1);
            write_figure(m->spec, &figures[k], out);
            written->figures++;
            written->absent += figures[k].value.status != PS_VALUE_OK;
        }
    }
    return PS_OK;
}

static ps_status write_measure(const ps_measures *all, size_t i,
                               ps_measure_figure *figures, ps_output *out,
                               ps_written *written, ps_error *err) {
    const ps_measure *m = &all->measure[i];
    if (m->absent != NULL) {
        write_absent(all, m->spec, "", "no-data", m->absent, out);
        written->figures++, written->absent++;
        return PS_OK;
    }
    for (unsigned k = 0; k < m->spec->geographies_count; k++) {
        const char *id = m->spec->geographies[k];
        const int g = ps_measures_geography(all->figures->geographies, id);
        if (g >= 0) {
            PS_TRY(write_geography(all, i, (size_t)g, figures, out, written, err));
            continue;
        }
        write_absent(all, m->spec, id, "no-areas", "the job has no areas with this id",
                     out);
        written->figures++, written->absent++;
    }
    return PS_OK;
}

ps_status ps_write_measures(const ps_measures *all, ps_output *out, ps_written *written,
                            ps_error *err) {
    size_t most = 1;
    for (size_t i = 0; i < all->n; i++)
        if (all->measure[i].n_periods > most) most = all->measure[i].n_periods;
    ps_measure_figure *figures = ps_alloc(most, sizeof *figures);
    if (figures == NULL) return ps_fail_nomem(err);
    *written = (ps_written){0};
    ps_output_text(
        out,
        "framework,priority,measure,area_type,area_code,area_name,period,months,value,"
        "lower,upper,numerator,denominator,unit,status,baseline,baseline_period,"
        "baseline_from,target_kind,target,target_status,strength,gap,dispersion,change_"
        "percent,"
        "change_lower,change_upper,p_change,prob_improved,projection,projection_lower,"
        "projection_upper,prob_target_met,method,reason\n");
    ps_status status = PS_OK;
    for (size_t i = 0; i < all->n && status == PS_OK; i++)
        status = write_measure(all, i, figures, out, written, err);
    ps_free(figures);
    return status;
}
