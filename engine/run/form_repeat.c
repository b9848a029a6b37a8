/* How many of a register's incidents were of people who had had one in the year before.
 *
 * An incident counts for the area that it is coded to; the one before may be anywhere in
 * the register. So the year before the period has to be there, too: without it the rate
 * would be too low, and there is none.
 */
#include <math.h>

#include "engine/run/form.h"
#include "engine/run/framework_check.h"
#include "engine/run/release.h"
#include "indicators/rate.h"
#include "indicators/repeat.h"
#include "indicators/rolling.h"

enum { YEAR = 12, WINDOW = 365 };

/* The incidents that one figure is taken from, by place in a list of them. */
typedef struct incidents {
    const ps_record_column *person;
    bool *here; /* by record: in the area */
    size_t n;
    int32_t *victim;
    ps_date *day;
    bool *counted;
} incidents;

static ps_status absence(const ps_binding *b, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err) {
    const ps_framework *f = b->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, spec->numerator->data);
    const ps_framework_data *kind = &f->data[at];
    *reason = NULL;
    if (kind->kind != PS_DATA_REGISTER)
        *reason = ps_arena_printf(arena, "repeats are found in a register, not in %s",
                                  ps_data_kind_text(kind->kind));
    else if (ps_binding_role(kind, b->data[at], PS_ROLE_PERSON) == NULL)
        *reason = ps_arena_printf(arena,
                                  "the job does not say which column of '%s' is the "
                                  "person",
                                  b->data[at]->input);
    else
        return PS_OK;
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

static ps_status open_scope(ps_scope *s, ps_error *err) {
    const ps_measure_part *part = &s->measure->numerator;
    const size_t n = part->records->n;
    incidents *in = s->state = ps_zalloc(1, sizeof *in);
    if (in == NULL) return ps_fail_nomem(err);
    s->n_items = part->n_items;
    in->person = ps_part_role(part, PS_ROLE_PERSON);
    in->here = ps_alloc(n, sizeof *in->here);
    in->victim = ps_alloc(n, sizeof *in->victim);
    in->day = ps_alloc(n, sizeof *in->day);
    in->counted = ps_alloc(n, sizeof *in->counted);
    return in->here != NULL && in->victim != NULL && in->day != NULL &&
                   in->counted != NULL
               ? PS_OK
               : ps_fail_nomem(err);
}

static void close_scope(ps_scope *s) {
    incidents *in = s->state;
    if (in == NULL) return;
    ps_free(in->here), ps_free(in->victim), ps_free(in->day), ps_free(in->counted);
    ps_free(in);
}

static ps_status enter(ps_scope *s, ps_error *err) {
    (void)err;
    incidents *in = s->state;
    const ps_record_set *set = s->measure->numerator.records;
    for (size_t i = 0; i < set->n; i++) in->here[i] = false;
    if (!ps_records_know(set, s->geography, s->area)) return PS_OK;
    const ps_record_areas *areas = &set->areas[s->geography];
    for (size_t k = areas->offset[s->area]; k < areas->offset[s->area + 1]; k++)
        in->here[areas->record[k]] = true;
    return PS_OK;
}

static void choose(incidents *in, const ps_record_set *set, const uint8_t *answer,
                   ps_month first, ps_month last) {
    in->n = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (answer[i] != PS_ANSWER_YES || !ps_record_in(set, i, first, last)) continue;
        in->victim[in->n] =
            in->person->text[i] == PS_NONE ? PS_NO_VICTIM : in->person->text[i];
        in->day[in->n] = set->day[i];
        in->counted[in->n++] = in->here[i];
    }
}

static ps_status take(const ps_measure *m, size_t item, uint8_t *taken, ps_error *err) {
    static const ps_repeat_options options = {.window_days = WINDOW, .same_day = true};
    const ps_record_set *set = m->numerator.records;
    const ps_record_column *person = ps_part_role(&m->numerator, PS_ROLE_PERSON);
    const uint8_t *answer = ps_part_answers(&m->numerator, item);
    int32_t *victim = ps_alloc(set->n, sizeof *victim);
    bool *repeat = ps_alloc(set->n, sizeof *repeat);
    ps_status status = victim != NULL && repeat != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; i < set->n && status == PS_OK; i++)
        victim[i] = answer[i] != PS_ANSWER_YES || person->text[i] == PS_NONE
                        ? PS_NO_VICTIM
                        : person->text[i];
    if (status == PS_OK)
        status = ps_repeat_mark(set->n, victim, set->day, &options, repeat, err);
    for (size_t i = 0; i < set->n && status == PS_OK; i++)
        taken[i] = (uint8_t)((victim[i] != PS_NO_VICTIM ? PS_TAKEN_BASE : 0) |
                             (repeat[i] ? PS_TAKEN_NUMERATOR : 0));
    ps_free(victim), ps_free(repeat);
    return status;
}

static ps_date first_day(ps_month month) {
    return (ps_date){month / YEAR, month % YEAR + 1, 1};
}

static ps_date last_day(ps_month month) {
    return (ps_date){month / YEAR, month % YEAR + 1, ps_month_days(month)};
}

static void take_result(const ps_scope *s, const ps_repeat *r, ps_measured *out) {
    const double scale = *s->measure->spec->multiplier;
    const int64_t linked = r->incidents - r->unlinked;
    const int64_t least = s->measure->spec->min_base;
    out->value = r->incident_rate;
    out->value.value *= scale;
    out->value.method = "Wilson, incidents clustered in people";
    out->value.limits_status = r->lower.status;
    out->value.lower = r->lower.value * scale;
    out->value.upper = r->upper.value * scale;
    out->numerator = (double)r->repeats;
    out->denominator = (double)linked;
    /* Of no repeats, or nothing but repeats, the plain limits hold. */
    out->effect = ps_value_ok(r->design_effect)    ? r->design_effect.value
                  : r->lower.status == PS_VALUE_OK ? 1
                                                   : (double)NAN;
    const bool numbered = !ps_release_protects_measure(s->figures->release, s->measure);
    if (r->unlinked > 0 && !numbered)
        ps_measured_note(out, "some incidents have no known person");
    else if (r->unlinked > 0)
        ps_measured_note(out, "%lld of %lld incidents have no known person",
                         (long long)r->unlinked, (long long)r->incidents);
    if (linked >= least) return;
    out->value.status = out->value.limits_status = PS_VALUE_SMALL_BASE;
    out->numerator = out->denominator = (double)NAN;
    ps_measured_note(out, "the base is below %lld", (long long)least);
}

static ps_status measure(const ps_scope *s, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    incidents *in = s->state;
    const ps_measure_part *part = &s->measure->numerator;
    const ps_record_set *set = part->records;
    char begin[16];
    *out = ps_measured_nothing();
    if (!ps_records_know(set, s->geography, s->area)) {
        ps_measured_note(out, "%s", ps_records_why_unknown(set));
        return PS_OK;
    }
    if (!set->days) {
        ps_measured_note(out, "the register has no days, which tell what came before");
        return PS_OK;
    }
    const ps_month last = p->last < set->end ? p->last : set->end;
    out->months = last >= p->first && p->first >= set->begin ? last - p->first + 1 : 0;
    const ps_repeat_options options = {.from = first_day(p->first),
                                       .to = last_day(last),
                                       .data_from = first_day(set->begin),
                                       .window_days = WINDOW,
                                       .same_day = true,
                                       .confidence = s->confidence,
                                       .counted = in->counted};
    ps_month_text(set->begin, begin);
    if (out->months == 0) {
        ps_measured_note(out, "the register does not hold the period");
        return PS_OK;
    }
    choose(in, set, ps_part_answers(part, item), p->first - YEAR - 1, last);
    ps_repeat r;
    PS_TRY(ps_repeat_of(in->n, in->victim, in->day, &options, &r, err));
    if (r.left_censored) {
        ps_measured_note(out,
                         "the register begins in %s; the year before the period has to "
                         "be in it, too",
                         begin);
        return PS_OK;
    }
    out->running = last < p->last;
    take_result(s, &r, out);
    if (out->running)
        ps_measured_note(out, "%d of %d months so far", (int)out->months,
                         (int)ps_period_months(p));
    return PS_OK;
}

/* The limits are Wilson's of as many incidents as would tell as much, had each been of
 * another person. */
static ps_status derive(const ps_scope *s, size_t item, const ps_period *p,
                        ps_output *steps, ps_error *err) {
    const double scale = *s->measure->spec->multiplier;
    ps_measured m;
    PS_TRY(measure(s, item, p, &m, err));
    if (m.value.status != PS_VALUE_OK) return PS_OK;
    ps_step_add(steps, m.numerator, "incidents of people with one in the year before");
    ps_step_add(steps, m.denominator, "incidents of known people");
    ps_proportion_steps((ps_estimate_steps){steps, NULL, NULL}, m.numerator,
                        m.denominator, scale, s->confidence, PS_PROPORTION_WILSON);
    if (m.value.limits_status != PS_VALUE_OK || !(m.effect > 0)) return PS_OK;
    const double n = m.denominator / m.effect;
    ps_step_add(steps, m.effect, "design effect of incidents clustered in people");
    ps_step_add(steps, n, "incidents that would tell as much one by one = %s / %s",
                PS_STEP(m.denominator), PS_STEP(m.effect));
    ps_proportion_steps((ps_estimate_steps){NULL, steps, steps}, m.numerator / m.effect,
                        n, scale, s->confidence, PS_PROPORTION_WILSON);
    return PS_OK;
}

const ps_form ps_form_repeat = {.method = "repeat",
                                .judged_by = PS_JUDGED_BY_REGISTER,
                                .absence = absence,
                                .periods = ps_form_periods,
                                .open = open_scope,
                                .close = close_scope,
                                .enter = enter,
                                .measure = measure,
                                .take = take,
                                .derive = derive,
                                .item = ps_form_item};
