#include "engine/run/explain_judgement.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "indicators/steps.h"

enum { LABEL = 11 };

const char *ps_explain_number(double value, char out[32]) {
    if (!isfinite(value)) return "none";
    const double size = fabs(value);
    const double scale = size >= 100 ? 10 : size >= 1 ? 100 : 10000;
    const double rounded = rint(value * scale) / scale;
    if (rounded == 0 && value != 0) return value > 0 ? "below 0.0001" : "above -0.0001";
    ps_format_double(rounded, out);
    return out;
}

const char *ps_explain_chance(double p, char out[32]) {
    char number[32];
    if (p < 0.00005) return "< 0.0001";
    snprintf(out, 32, "= %.29s", ps_explain_number(p, number));
    return out;
}

const char *ps_explain_unit(const char *unit, char out[PS_EXPLAIN_UNIT]) {
    if (strstr(unit, ", ") == NULL) return unit;
    snprintf(out, PS_EXPLAIN_UNIT, "(%.*s)", PS_EXPLAIN_UNIT - 3, unit);
    return out;
}

void ps_explain_line(ps_output *out, const char *label, const char *text) {
    ps_output_printf(out, "%-*s %s\n", LABEL, label, text);
}

static void label(ps_output *out, const char *text) {
    ps_output_printf(out, "%-*s ", LABEL, text);
}

static void put_limits(ps_output *out, double lower, double upper) {
    char a[32], b[32];
    if (isfinite(lower) && isfinite(upper))
        ps_output_printf(out, ", interval %s to %s", ps_explain_number(lower, a),
                         ps_explain_number(upper, b));
}

static double number(ps_value value) {
    return ps_value_ok(value) ? value.value : (double)NAN;
}

static bool is_rate(const ps_measure *m) {
    return m->form == &ps_form_rate || m->form == &ps_form_proportion ||
           m->form == &ps_form_repeat;
}

static void tell_baseline(const ps_measure *m, const ps_measure_figure *f,
                          ps_output *out) {
    const ps_framework_baseline *b = m->spec->baseline;
    char text[32];
    if (b == NULL || !isfinite(f->baseline)) {
        ps_explain_line(out, "Baseline", "none");
        return;
    }
    label(out, "Baseline");
    if (!f->stated && is_rate(m) && isfinite(f->baseline_denominator) &&
        !f->measured.running)
        ps_output_printf(out, "%s * %s / %s = ", PS_STEP(*m->spec->multiplier),
                         PS_STEP(f->baseline_numerator),
                         PS_STEP(f->baseline_denominator));
    ps_output_text(out, ps_explain_number(f->baseline, text));
    if (b->period != NULL)
        ps_output_printf(out, " in %s", b->period);
    else if (b->measure != NULL)
        ps_output_printf(out, ", as %s", b->measure);
    ps_output_printf(out, ", %s", f->stated ? "as the plan states" : "from the data");
    if (f->baseline_se > 0)
        ps_output_printf(out, ", standard error %s",
                         ps_explain_number(f->baseline_se, text));
    ps_output_text(out, "\n");
}

static void tell_target(const ps_measure *m, const ps_measure_figure *f, ps_output *out) {
    char a[32];
    if (m->spec->target != NULL) {
        label(out, "Target");
        ps_output_text(out, ps_target_kind_text(m->spec->target->kind));
        if (f->goal.known)
            ps_output_printf(out, ": %s", ps_explain_number(f->goal.target, a));
        ps_output_text(out, "\n");
    }
    ps_explain_line(out, "Status", f->target_status);
    if (!ps_value_ok(f->result.gap) || !f->goal.known) return;
    label(out, "Gap");
    ps_output_printf(out, "%s - %s = %s\n", PS_STEP(f->measured.value.value),
                     PS_STEP(f->goal.target), ps_explain_number(f->result.gap.value, a));
}

/* In per cent of the baseline, or in the unit of the measure. */
static void tell_change(const ps_measure *m, const ps_measure_figure *f, ps_output *out) {
    const ps_tested *t = &f->tested;
    char a[32];
    if (isfinite(f->change)) {
        label(out, "Change");
        if (t->n[0] == 1 && t->n[1] == 1)
            ps_output_printf(out, "100 * (%s / %s - 1)", PS_STEP(t->x[1]),
                             PS_STEP(t->x[0]));
        else
            ps_output_printf(out, "100 * (%s / %s / (%s / %s) - 1)", PS_STEP(t->x[1]),
                             PS_STEP(t->n[1]), PS_STEP(t->x[0]), PS_STEP(t->n[0]));
        ps_output_printf(out, " = %s %%", ps_explain_number(f->change, a));
        put_limits(out, f->change_lower, f->change_upper);
        ps_output_text(out, "\n");
    } else if (ps_value_ok(f->difference)) {
        label(out, "Change");
        ps_output_printf(out, "%s - %s = %s %s", PS_STEP(f->measured.value.value),
                         PS_STEP(f->measured.value.value - f->difference.value),
                         ps_explain_number(f->difference.value, a), m->spec->unit);
        put_limits(out, number(f->difference_lower), number(f->difference_upper));
        ps_output_text(out, "\n");
    }
}

static void tell_test(const ps_measure_figure *f, ps_output *out) {
    const ps_tested *t = &f->tested;
    char a[32];
    if (!ps_value_ok(f->p_change)) return;
    label(out, "Test");
    ps_output_printf(out, "p %s", ps_explain_chance(f->p_change.value, a));
    if (t->test != NULL) ps_output_printf(out, ", %s", t->test);
    if ((t->x[0] > 0 || t->x[1] > 0) && t->n[0] == 1 && t->n[1] == 1)
        ps_output_printf(out, ": %s against %s", PS_STEP(t->x[1]), PS_STEP(t->x[0]));
    else if (t->x[0] > 0 || t->x[1] > 0)
        ps_output_printf(out, ": %s of %s against %s of %s", PS_STEP(t->x[1]),
                         PS_STEP(t->n[1]), PS_STEP(t->x[0]), PS_STEP(t->n[0]));
    if (t->test != NULL && t->x[0] == 0 && t->x[1] == 0 && f->baseline_se > 0)
        ps_output_printf(out, ": difference %s, standard errors %s and %s",
                         PS_STEP(f->difference.value), PS_STEP(f->measured.se),
                         PS_STEP(f->baseline_se));
    ps_output_printf(out, "; %s\n", ps_verdict_text(f->verdict));
}

static void tell_evidence(const ps_measure_figure *f, ps_output *out) {
    const ps_target_result *r = &f->result;
    char a[32];
    if (r->strength == PS_STRENGTH_NONE) return;
    label(out, "Evidence");
    ps_output_text(out, ps_strength_text(r->strength));
    if (ps_value_ok(r->p_two_sample))
        ps_output_printf(out, "; p against the baseline %s",
                         ps_explain_chance(r->p_two_sample.value, a));
    if (ps_value_ok(r->p_fixed))
        ps_output_printf(out, "; p against the target as a fixed figure %s",
                         ps_explain_chance(r->p_fixed.value, a));
    if (ps_value_ok(r->prob_improved))
        ps_output_printf(out, "; chance that it went the wanted way %s",
                         ps_explain_chance(r->prob_improved.value, a));
    if (ps_value_ok(r->prob_target))
        ps_output_printf(out, "; chance that the true share passes the target %s",
                         ps_explain_chance(r->prob_target.value, a));
    ps_output_text(out, "\n");
}

static void tell_course(const ps_course *c, ps_output *out) {
    char a[32];
    if (isfinite(c->dispersion)) {
        label(out, "Dispersion");
        ps_output_printf(out, "%s, how much the months vary (1 is chance alone)\n",
                         ps_explain_number(c->dispersion, a));
    }
    if (!ps_value_ok(c->annual)) return;
    label(out, "Trend");
    ps_output_printf(out, "%s %% a year", ps_explain_number(c->annual.value, a));
    put_limits(out, number(c->lower), number(c->upper));
    if (ps_value_ok(c->p))
        ps_output_printf(out, ", p %s", ps_explain_chance(c->p.value, a));
    ps_output_printf(out, "; %s\n", ps_verdict_text(c->verdict));
}

static void tell_projection(const ps_measure_figure *f, ps_output *out) {
    const ps_projection *p = &f->projection;
    char a[32];
    if (!ps_value_ok(p->total)) return;
    label(out, "Projection");
    ps_output_printf(out,
                     "%s so far / %s, the mean share of these months in whole years = %s",
                     PS_STEP(f->measured.value.value), PS_STEP(f->share),
                     ps_explain_number(p->total.value, a));
    put_limits(out, number(p->lower), number(p->upper));
    if (ps_value_ok(p->prob_met))
        ps_output_printf(out, "; chance of meeting the target %s",
                         ps_explain_chance(p->prob_met.value, a));
    ps_output_text(out, "\n");
}

void ps_explain_judgement(const ps_measure *m, const ps_measure_figure *f,
                          ps_output *out) {
    tell_baseline(m, f, out);
    tell_target(m, f, out);
    tell_course(&f->course, out);
    tell_change(m, f, out);
    tell_test(f, out);
    tell_evidence(f, out);
    tell_projection(f, out);
    if (f->reason[0] != '\0') ps_explain_line(out, "Note", f->reason);
}

/* ---- The sentence ---- */

typedef struct blank {
    const char *name, *filled;
} blank;

/* A period as it is said. */
static const char *said(const ps_period *p, char out[48]) {
    char last[16];
    if (strchr(p->label, '@') == NULL) return p->label;
    ps_month_text(p->last, last);
    snprintf(out, 48, "the %d months to %s", (int)ps_period_months(p), last);
    return out;
}

/* What has no place in time has no "in". */
static bool is_timeless(const ps_period *p) {
    return p->label[0] == '\0' || strcmp(p->label, "all") == 0;
}

/* In place of a blank; a sentence begins with a capital. */
static void put_filled(const char *text, bool begins, ps_output *out) {
    if (begins && text[0] >= 'a' && text[0] <= 'z') {
        ps_output_printf(out, "%c", text[0] - 'a' + 'A');
        text++;
    }
    ps_output_text(out, text);
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static void fill(const char *text, const blank *blanks, size_t n, bool timeless,
                 ps_output *out) {
    static const char in_period[] = " in {period}";
    char last = '.';
    bool apart = false; /* a blank before whatever comes next */
    for (const char *p = text; *p != '\0';) {
        size_t k = 0;
        if (timeless && starts_with(p, in_period)) {
            p += strlen(in_period);
            continue;
        }
        while (k < n && !starts_with(p, blanks[k].name)) k++;
        const char *filled = k < n ? blanks[k].filled : NULL;
        const char *from = p;
        p += k < n ? strlen(blanks[k].name) : 1;
        if (*from == ' ') {
            apart = true;
            continue;
        }
        if (filled != NULL && filled[0] == '\0') continue;
        if (apart) ps_output_text(out, " ");
        apart = false;
        if (filled != NULL)
            put_filled(filled, last == '.', out);
        else
            ps_output_write(out, from, 1);
        last = filled != NULL ? filled[strlen(filled) - 1] : *from;
    }
    ps_output_text(out, last == '.' ? "\n" : ".\n");
}

void ps_explain_sentence(const ps_framework_report *report, const ps_measure *m,
                         const ps_measure_figure *f, ps_str area, ps_output *out) {
    const char *text = NULL;
    char value[32], lower[32], upper[32], baseline[32], target[32], change[32], name[256],
        period[48], unit[PS_EXPLAIN_UNIT];
    for (unsigned w = 0; w < report->wording_count; w++)
        if (strcmp(report->wording[w].status, f->target_status) == 0)
            text = report->wording[w].text;
    if (text == NULL || f->measured.value.status != PS_VALUE_OK) return;
    snprintf(name, sizeof name, "%.*s", (int)(area.n < 200 ? area.n : 200), area.p);
    const ps_framework_baseline *b = m->spec->baseline;
    const blank blanks[] = {
        {"{title}", m->spec->title},
        {"{area}", name},
        {"{period}", said(f->period, period)},
        {"{value}", ps_explain_number(f->measured.value.value, value)},
        {"{lower}", ps_explain_number(f->measured.value.lower, lower)},
        {"{upper}", ps_explain_number(f->measured.value.upper, upper)},
        {"{unit}", ps_explain_unit(m->spec->unit, unit)},
        {"{baseline}", ps_explain_number(f->baseline, baseline)},
        {"{baseline_period}", b != NULL && b->period != NULL ? b->period : "none"},
        {"{target}", f->goal.known ? ps_explain_number(f->goal.target, target) : "none"},
        {"{change}", ps_explain_number(f->change, change)},
        {"{reason}", f->reason},
    };
    ps_output_text(out, "\n");
    fill(text, blanks, sizeof blanks / sizeof *blanks, is_timeless(f->period), out);
}
