/* A published figure, shown as it was published in the area that it is of: the plan's, or
 * as context everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "engine/run/measures.h"
#include "indicators/steps.h"

static ps_status absence(const ps_binding *b, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err) {
    (void)b, (void)spec, (void)arena, (void)err;
    *reason = NULL;
    return PS_OK;
}

static ps_status periods(const ps_measures *all, ps_measure *m, ps_error *err) {
    (void)all;
    m->period = ps_zalloc(1, sizeof *m->period);
    if (m->period == NULL) return ps_fail_nomem(err);
    m->n_periods = 1;
    m->period->kind = PS_PERIOD_RANGE;
    snprintf(m->period->label, sizeof m->period->label, "%s",
             m->spec->reference->period != NULL ? m->spec->reference->period : "");
    return PS_OK;
}

static const char *area_of_plan(const ps_measure *m) {
    const ps_framework_area *own = m->binding->framework->area;
    return own->name != NULL ? own->name : own->code;
}

static ps_status measure(const ps_scope *s, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    (void)item, (void)p, (void)err;
    const ps_framework_reference *r = s->measure->spec->reference;
    *out = ps_measured_nothing();
    if (r->area == NULL && !ps_scope_is_plans_area(s)) {
        out->value.status = PS_VALUE_NOT_APPLICABLE;
        ps_measured_note(out, "published for another area, %s: %s",
                         area_of_plan(s->measure), r->source);
        return PS_OK;
    }
    if (r->area != NULL)
        ps_measured_note(out, "as published for %s: %s", r->area, r->source);
    else
        ps_measured_note(out, "as published: %s", r->source);
    if (r->value == NULL) return PS_OK;
    out->value.status = PS_VALUE_OK;
    out->value.value = *r->value;
    return PS_OK;
}

static ps_status derive(const ps_scope *s, size_t item, const ps_period *p,
                        ps_output *steps, ps_error *err) {
    ps_measured m;
    PS_TRY(measure(s, item, p, &m, err));
    if (m.value.status == PS_VALUE_OK) ps_step_add(steps, m.value.value, "as published");
    return PS_OK;
}

static const char *item_name(const ps_scope *s, size_t item) {
    (void)s, (void)item;
    return "";
}

const ps_form ps_form_reference = {.method = "reference",
                                   .judged_by = PS_JUDGED_BY_VALUE,
                                   .absence = absence,
                                   .periods = periods,
                                   .measure = measure,
                                   .derive = derive,
                                   .item = item_name};
