#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/form.h"

static const ps_form *const forms[] = {
    &ps_form_count,         &ps_form_rate,   &ps_form_proportion, &ps_form_survey_share,
    &ps_form_survey_ranked, &ps_form_repeat, &ps_form_reference};

const ps_form *ps_form_of(const ps_framework_measure *measure) {
    const ps_framework_part *part = measure->numerator;
    if (measure->table != NULL) return &ps_form_table;
    if (strcmp(measure->method, ps_form_survey_mean.method) == 0 && part != NULL &&
        part->where_count == 0 && part->by == NULL)
        return &ps_form_survey_mean;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(measure->method, forms[i]->method) == 0) return forms[i];
    return NULL;
}

const char *ps_form_item(const ps_scope *s, size_t item) {
    return ps_part_item(s->measure->binding, s->measure->spec->numerator, item);
}

ps_measured ps_measured_nothing(void) {
    const double none = (double)NAN;
    return (ps_measured){
        .value = {.status = PS_VALUE_MISSING, .limits_status = PS_VALUE_MISSING},
        .numerator = none,
        .denominator = none,
        .se = none,
        .effect = 1,
        .first = 1,
        .last = 0};
}

bool ps_form_baseline(const ps_framework_measure *measure, ps_period *out) {
    const ps_framework_baseline *baseline = measure->baseline;
    size_t n = 0;
    return baseline != NULL && baseline->period != NULL &&
           ps_period_expand(ps_str_of(baseline->period), 1, 0, out, 1, &n, NULL) == PS_OK;
}

ps_period ps_measured_held(const ps_period *period, const ps_measured *measured) {
    ps_period held = *period;
    if (measured->first <= measured->last)
        held.first = measured->first, held.last = measured->last;
    return held;
}

static void add_note(char *reason, size_t bytes, const char *format, va_list args) {
    size_t used = strlen(reason);
    if (used > 0 && used + 2 < bytes) {
        memcpy(reason + used, "; ", 3);
        used += 2;
    }
    vsnprintf(reason + used, bytes - used, format, args);
}

void ps_note_add(char *reason, size_t bytes, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_note(reason, bytes, format, args);
    va_end(args);
}

void ps_measured_note(ps_measured *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_note(out->reason, sizeof out->reason, format, args);
    va_end(args);
}
