/* What would everybody have answered? Shares, ranked shares and means of a survey's
 * records.
 *
 * The design of a period is that of all who were drawn in it, wherever they live; an area
 * is a domain of it, never a smaller sample. Designs are made when a period is asked for
 * the first time.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/form.h"
#include "engine/run/framework_check.h"
#include "indicators/survey.h"

/* From when on a figure can be shown without a word of care; the least base is the
 * measure's own. */
#define INDICATIVE_BASE 100
#define LEAST_EFFECTIVE 20
#define WIDEST_HALF 0.15

/* All who were drawn in a period. */
typedef struct wave {
    ps_month first, last;
    ps_month begin, end; /* of their records */
    ps_survey *survey;   /* NULL: nobody */
    int32_t *place;      /* in the survey, by record; PS_NONE */
    size_t n;
    bool lonely;
} wave;

typedef struct polls {
    wave *wave;
    size_t n, capacity;
    double *answer;   /* by place: of the figure at hand */
    size_t *domain;   /* places in the area */
    double *other;    /* by place: of the answer that it is compared with */
    char (*rank)[24]; /* 1 and on, as texts */
} polls;

static bool asks_for_mean(const ps_framework_part *part) {
    return part->where_count == 0 && part->by == NULL;
}

static ps_status absence(const ps_binding *b, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err) {
    const ps_framework *f = b->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, spec->numerator->data);
    const ps_framework_data *kind = &f->data[at];
    *reason = NULL;
    if (kind->kind != PS_DATA_SURVEY)
        *reason = ps_arena_printf(arena, "%s is for surveys, not for %s", spec->method,
                                  ps_data_kind_text(kind->kind));
    else if (asks_for_mean(spec->numerator) &&
             ps_binding_role(kind, b->data[at], PS_ROLE_SCORE) == NULL)
        *reason = ps_arena_printf(arena,
                                  "the numerator has no filter, and the job does not say "
                                  "which column of '%s' is the score",
                                  b->data[at]->input);
    else if (spec->denominator != NULL &&
             strcmp(spec->denominator->data, spec->numerator->data) != 0)
        *reason = ps_arena_printf(arena, "numerator and denominator are of two surveys");
    else
        return PS_OK;
    return *reason != NULL ? PS_OK : ps_fail_nomem(err);
}

/* ---- Designs ---- */

static void free_wave(wave *w) {
    ps_survey_free(w->survey);
    ps_free(w->place);
}

typedef struct design {
    double *weight, *fpc;
    int32_t *stratum, *psu;
    size_t *record; /* for messages */
} design;

static void free_design(design *d) {
    ps_free(d->weight), ps_free(d->fpc), ps_free(d->stratum), ps_free(d->psu);
    ps_free(d->record);
}

static ps_status take_design(const ps_measure_part *part, const wave *w, design *d,
                             ps_error *err) {
    const ps_record_set *set = part->records;
    const ps_record_column *weight = ps_part_role(part, PS_ROLE_WEIGHT),
                           *fpc = ps_part_role(part, PS_ROLE_FPC),
                           *stratum = ps_part_role(part, PS_ROLE_STRATUM),
                           *psu = ps_part_role(part, PS_ROLE_PSU);
    d->record = ps_alloc(w->n, sizeof *d->record);
    if (weight != NULL) d->weight = ps_alloc(w->n, sizeof *d->weight);
    if (fpc != NULL) d->fpc = ps_alloc(w->n, sizeof *d->fpc);
    if (stratum != NULL) d->stratum = ps_alloc(w->n, sizeof *d->stratum);
    if (psu != NULL) d->psu = ps_alloc(w->n, sizeof *d->psu);
    if (d->record == NULL || (weight != NULL && d->weight == NULL) ||
        (fpc != NULL && d->fpc == NULL) || (stratum != NULL && d->stratum == NULL) ||
        (psu != NULL && d->psu == NULL))
        return ps_fail_nomem(err);
    for (size_t i = 0; i < set->n; i++) {
        const int32_t at = w->place[i];
        if (at == PS_NONE) continue;
        d->record[at] = i;
        if (weight != NULL) d->weight[at] = weight->number[i];
        if (fpc != NULL) d->fpc[at] = fpc->number[i];
        if (stratum != NULL) d->stratum[at] = stratum->text[i];
        if (psu != NULL) d->psu[at] = psu->text[i];
    }
    return PS_OK;
}

/* A stratum of one unit tells nothing of how units vary in it: its distance from the
 * whole is taken instead, and that is said. */
static ps_status create_survey(const ps_record_set *set, wave *w, const design *d,
                               ps_error *err) {
    ps_survey_design survey = {w->n,   d->weight, d->stratum,
                               d->psu, d->fpc,    PS_LONELY_FAIL};
    size_t at = 0;
    ps_error why = {PS_OK, ""};
    ps_status status = ps_survey_create(&survey, &w->survey, &at, &why);
    w->lonely = status == PS_FORMAT;
    if (status == PS_FORMAT) {
        survey.lonely = PS_LONELY_ADJUST;
        status = ps_survey_create(&survey, &w->survey, &at, &why);
    }
    if (status == PS_NOMEM) return ps_fail_nomem(err);
    if (status == PS_OK) return PS_OK;
    return ps_fail(err, status, "%s: row %s: %s", set->spec->file,
                   ps_records_row_text(set, d->record[at]).text, why.text);
}

static ps_status open_wave(const ps_measure_part *part, wave *w, ps_error *err) {
    const ps_record_set *set = part->records;
    design d = {0};
    w->place = ps_alloc(set->n, sizeof *w->place);
    if (w->place == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < set->n; i++)
        w->place[i] = ps_record_in(set, i, w->first, w->last) ? (int32_t)w->n++ : PS_NONE;
    ps_records_span(set, w->first, w->last, &w->begin, &w->end);
    if (w->n == 0) return PS_OK;
    ps_status status = take_design(part, w, &d, err);
    if (status == PS_OK) status = create_survey(set, w, &d, err);
    free_design(&d);
    return status;
}

static ps_status find_wave(polls *all, const ps_measure_part *part, ps_month first,
                           ps_month last, const wave **out, ps_error *err) {
    for (size_t k = 0; k < all->n; k++)
        if (all->wave[k].first == first && all->wave[k].last == last) {
            *out = &all->wave[k];
            return PS_OK;
        }
    PS_TRY(
        ps_grow((void **)&all->wave, &all->capacity, all->n + 1, sizeof *all->wave, err));
    wave *w = &all->wave[all->n];
    *w = (wave){.first = first, .last = last};
    const ps_status status = open_wave(part, w, err);
    if (status != PS_OK) {
        free_wave(w);
        return status;
    }
    all->n++;
    *out = w;
    return PS_OK;
}

static ps_status open_scope(ps_scope *s, ps_error *err) {
    const ps_measure_part *part = &s->measure->numerator;
    polls *all = s->state = ps_zalloc(1, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    s->n_items = part->n_items;
    all->answer = ps_alloc(part->records->n, sizeof *all->answer);
    all->domain = ps_alloc(part->records->n, sizeof *all->domain);
    all->other = ps_alloc(part->records->n, sizeof *all->other);
    all->rank = ps_alloc(s->n_items, sizeof *all->rank);
    if (all->answer == NULL || all->domain == NULL || all->other == NULL ||
        all->rank == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < s->n_items; i++)
        snprintf(all->rank[i], sizeof all->rank[i], "%zu", i + 1);
    return PS_OK;
}

static void close_scope(ps_scope *s) {
    polls *all = s->state;
    if (all == NULL) return;
    for (size_t k = 0; k < all->n; k++) free_wave(&all->wave[k]);
    ps_free(all->wave), ps_free(all->answer), ps_free(all->domain);
    ps_free(all->other), ps_free(all->rank);
    ps_free(all);
}

/* ---- Figures ---- */

/* What an item asks. */
typedef struct asked {
    const uint8_t *answer, *base; /* by record; base NULL: all are in it */
    const ps_record_column *score;
} asked;

static asked asked_of(const ps_measure *m, size_t item) {
    return (asked){.answer = ps_part_answers(&m->numerator, item),
                   .base = m->denominator.spec != NULL
                               ? ps_part_answers(&m->denominator, item)
                               : NULL,
                   .score = asks_for_mean(m->numerator.spec)
                                ? ps_part_role(&m->numerator, PS_ROLE_SCORE)
                                : NULL};
}

static bool is_in_base(const asked *a, size_t record) {
    return a->base == NULL || a->base[record] == PS_ANSWER_YES;
}

/* NAN: no answer. */
static double answer_of(const asked *a, size_t record) {
    if (a->score != NULL) return a->score->number[record];
    if (a->answer[record] == PS_ANSWER_NONE) return (double)NAN;
    return a->answer[record] == PS_ANSWER_YES;
}

static ps_status take(const ps_measure *m, size_t item, uint8_t *taken, ps_error *err) {
    (void)err;
    const asked a = asked_of(m, item);
    for (size_t i = 0; i < m->numerator.records->n; i++) {
        const double answer = answer_of(&a, i);
        const bool base = is_in_base(&a, i) && !isnan(answer),
                   yes = base && a.score == NULL && answer > 0;
        taken[i] = (uint8_t)((base ? PS_TAKEN_BASE : 0) | (yes ? PS_TAKEN_NUMERATOR : 0));
    }
    return PS_OK;
}

/* Who is in the area and in the base, and what they answered. */
static size_t choose(const ps_scope *s, const wave *w, size_t item) {
    polls *all = s->state;
    const ps_measure *m = s->measure;
    const ps_record_set *set = m->numerator.records;
    const ps_record_areas *areas = &set->areas[s->geography];
    const asked a = asked_of(m, item);
    size_t n = 0;
    for (size_t k = areas->offset[s->area]; k < areas->offset[s->area + 1]; k++) {
        const int32_t i = areas->record[k], at = w->place[i];
        if (at == PS_NONE || !is_in_base(&a, (size_t)i)) continue;
        all->domain[n++] = (size_t)at;
        all->answer[at] = answer_of(&a, (size_t)i);
    }
    return n;
}

static void tell_care(const wave *w, ps_survey_flags flags, const ps_survey_figure *f,
                      ps_measured *out) {
    if (flags.indicative)
        ps_measured_note(out, "indicative: below %d answers", INDICATIVE_BASE);
    if (flags.unreliable)
        ps_measured_note(out,
                         "unreliable: the limits are wide or the effective base small");
    if (ps_value_ok(f->n_eff))
        ps_measured_note(out, "effective base %.0f", f->n_eff.value);
    if (w->lonely)
        ps_measured_note(out,
                         "a stratum has one unit; its distance from the whole stands "
                         "for its variance");
}

static void take_result(const ps_scope *s, const wave *w, const ps_survey_question *q,
                        ps_survey_figure *f, ps_measured *out) {
    const double scale = *s->measure->spec->multiplier;
    const int64_t least = s->measure->spec->min_base;
    const ps_survey_rules rules = {.min_base = (double)least,
                                   .indicative_base = INDICATIVE_BASE,
                                   .min_n_eff = LEAST_EFFECTIVE,
                                   .max_half_width = WIDEST_HALF};
    const ps_survey_flags flags = ps_survey_apply(&rules, q->statistic, f);
    out->value = (ps_estimate){
        .status = f->value.status,
        .value = f->value.value * scale,
        .lower = f->lower.value * scale,
        .upper = f->upper.value * scale,
        .limits_status = ps_value_ok(f->lower) ? f->upper.status : f->lower.status,
        .method = f->limits};
    if (f->value.status == PS_VALUE_SMALL_BASE) {
        ps_measured_note(out, "the base is below %lld", (long long)least);
        return;
    }
    if (ps_value_ok(f->se)) out->se = f->se.value * scale;
    if (q->statistic == PS_SURVEY_PROPORTION) out->numerator = (double)f->numerator;
    out->denominator = (double)f->base;
    if (f->base == 0)
        ps_measured_note(out, "nobody answered here");
    else
        tell_care(w, flags, f, out);
}

static ps_survey_question question_of(const ps_scope *s) {
    const polls *all = s->state;
    const bool mean = asks_for_mean(s->measure->numerator.spec);
    return (ps_survey_question){.statistic = mean ? PS_SURVEY_MEAN : PS_SURVEY_PROPORTION,
                                .y = all->answer,
                                .limits = mean ? PS_SURVEY_WALD : PS_SURVEY_WILSON,
                                .confidence = s->confidence};
}

static ps_value times(ps_value v, double scale) {
    return ps_value_ok(v) ? ps_value_of(v.value * scale) : v;
}

static ps_status measure(const ps_scope *s, size_t item, const ps_period *p,
                         ps_measured *out, ps_error *err) {
    polls *all = s->state;
    const ps_record_set *set = s->measure->numerator.records;
    const wave *w;
    *out = ps_measured_nothing();
    PS_TRY(find_wave(all, &s->measure->numerator, p->first, p->last, &w, err));
    if (w->survey == NULL) {
        ps_measured_note(out, "no survey lies in the period");
        return PS_OK;
    }
    if (!ps_records_know(set, s->geography, s->area)) {
        ps_measured_note(out, "%s", ps_records_why_unknown(set));
        return PS_OK;
    }
    out->months = ps_period_months(p);
    out->first = w->begin, out->last = w->end;
    const ps_survey_question q = question_of(s);
    ps_survey_figure f;
    PS_TRY(ps_survey_estimate(w->survey, &q, choose(s, w, item), all->domain, &f, err));
    take_result(s, w, &q, &f, out);
    return PS_OK;
}

static ps_status derive(const ps_scope *s, size_t item, const ps_period *p,
                        ps_output *steps, ps_error *err) {
    polls *all = s->state;
    const ps_survey_question q = question_of(s);
    const wave *w;
    PS_TRY(find_wave(all, &s->measure->numerator, p->first, p->last, &w, err));
    if (w->survey == NULL) return PS_OK;
    return ps_survey_derive(w->survey, &q, choose(s, w, item), all->domain,
                            *s->measure->spec->multiplier,
                            (ps_estimate_steps){steps, steps, steps}, err);
}

/* Both are domains of one design, whose difference is linearised: nobody is counted
 * twice, and who lives in both is no reason to leave anybody out. */
static ps_status compare(const ps_scope *here, size_t item, const ps_scope *there,
                         size_t other, const ps_period *p, ps_gap *out, ps_error *err) {
    const ps_measure *m = here->measure;
    const double scale = *m->spec->multiplier;
    polls *first = there->state, *second = here->state;
    const wave *w;
    ps_survey_difference d;
    PS_TRY(find_wave(second, &m->numerator, p->first, p->last, &w, err));
    const size_t n1 = choose(there, w, other), n2 = choose(here, w, item);
    for (size_t k = 0; k < n1; k++)
        second->answer[first->domain[k]] = first->answer[first->domain[k]];
    const ps_survey_question q = question_of(here);
    PS_TRY(
        ps_survey_compare(w->survey, &q, n1, first->domain, n2, second->domain, &d, err));
    const ps_value ratio = ps_value_ok(d.difference) && d.first.value.value > 0
                               ? ps_value_of(d.second.value.value / d.first.value.value)
                               : ps_value_none(PS_VALUE_UNDEFINED),
                   none = ps_value_none(PS_VALUE_NOT_APPLICABLE);
    *out = (ps_gap){times(d.second.value, scale),
                    times(d.first.value, scale),
                    none,
                    times(d.difference, scale),
                    times(d.lower, scale),
                    times(d.upper, scale),
                    times(d.se, scale),
                    ratio,
                    none,
                    d.p};
    return PS_OK;
}

/* ---- Ranks ---- */

static ps_status share_of(const ps_scope *s, const wave *w, size_t item, double *share,
                          ps_error *err) {
    polls *all = s->state;
    ps_survey_figure f;
    const ps_survey_question q = question_of(s);
    PS_TRY(ps_survey_estimate(w->survey, &q, choose(s, w, item), all->domain, &f, err));
    *share = ps_value_ok(f.value) ? f.value.value : (double)NAN;
    return PS_OK;
}

/* How far an answer lies before the next one: the mean of the respondents' differences.
 */
static ps_status tell_lead(const ps_scope *s, const wave *w, size_t item, size_t next,
                           ps_measured *out, ps_error *err) {
    polls *all = s->state;
    const double scale = *s->measure->spec->multiplier;
    size_t n = choose(s, w, next);
    double *own = all->answer;
    all->answer = all->other, all->other = own;
    n = choose(s, w, item);
    for (size_t k = 0; k < n; k++)
        all->answer[all->domain[k]] -= all->other[all->domain[k]];
    ps_survey_figure f;
    const ps_survey_question q = {.statistic = PS_SURVEY_MEAN,
                                  .y = all->answer,
                                  .limits = PS_SURVEY_WALD,
                                  .confidence = s->confidence};
    PS_TRY(ps_survey_estimate(w->survey, &q, n, all->domain, &f, err));
    if (!ps_value_ok(f.value)) return PS_OK;
    if (!ps_value_ok(f.lower) || !ps_value_ok(f.upper) || f.zero_variance)
        ps_measured_note(out, "%.3g before %s", scale * f.value.value,
                         ps_form_item(s, next));
    else
        ps_measured_note(out, "%.3g (%.3g to %.3g) before %s", scale * f.value.value,
                         scale * f.lower.value, scale * f.upper.value,
                         ps_form_item(s, next));
    return PS_OK;
}

/* The share of an answer, its rank as the verdict, and its lead over the next one. Equal
 * shares have one rank. */
static ps_status measure_ranked(const ps_scope *s, size_t item, const ps_period *p,
                                ps_measured *out, ps_error *err) {
    polls *all = s->state;
    const wave *w;
    double own = 0, best = -1;
    size_t before = 0, next = s->n_items;
    PS_TRY(measure(s, item, p, out, err));
    if (out->value.status != PS_VALUE_OK) return PS_OK;
    PS_TRY(find_wave(all, &s->measure->numerator, p->first, p->last, &w, err));
    PS_TRY(share_of(s, w, item, &own, err));
    for (size_t i = 0; i < s->n_items; i++) {
        double share;
        if (i == item) continue;
        PS_TRY(share_of(s, w, i, &share, err));
        before += share > own;
        const bool behind = share < own || (share == own && i > item);
        if (behind && share > best) best = share, next = i;
    }
    out->verdict = all->rank[before];
    return next < s->n_items ? tell_lead(s, w, item, next, out, err) : PS_OK;
}

#define ASKED(name, judge, how, ranks)                                                  \
    {                                                                                   \
        .method = name, .judged_by = judge, .absence = absence,                         \
        .periods = ps_form_periods_of_sample, .open = open_scope, .close = close_scope, \
        .measure = how, .derive = derive, .item = ps_form_item, .compare = compare,     \
        .take = take, .ranked = ranks                                                   \
    }
const ps_form ps_form_survey_ranked =
    ASKED("svy_share", PS_JUDGED_BY_SURVEY, measure_ranked, true);
const ps_form ps_form_survey_share =
    ASKED("svy_mean", PS_JUDGED_BY_SURVEY, measure, false);
const ps_form ps_form_survey_mean = ASKED("svy_mean", PS_JUDGED_BY_VALUE, measure, false);
