#include "engine/run/comparison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/people.h"
#include "engine/run/release.h"

enum { YEAR = 12 };

/* Two geographies of which one is compared with the other. */
typedef struct matched {
    size_t here, there;
    ps_area_overlaps *overlaps;
} matched;

struct ps_comparisons {
    const ps_measures *measures;
    matched *matched;
    size_t n, capacity;
};

static const ps_value nothing = {.status = PS_VALUE_NOT_APPLICABLE, .value = 0};

#define NOTE(f, ...) ps_note_add((f)->reason, sizeof(f)->reason, __VA_ARGS__)

/* ---- All of a job ---- */

bool ps_comparisons_any(const ps_bindings *bindings) {
    for (size_t i = 0; i < bindings->n; i++)
        if (bindings->binding[i].framework->comparisons_count > 0) return true;
    return false;
}

static const ps_area_overlaps *overlaps_of(const ps_comparisons *all, size_t here,
                                           size_t there) {
    for (size_t i = 0; i < all->n; i++)
        if (all->matched[i].here == here && all->matched[i].there == there)
            return all->matched[i].overlaps;
    return NULL;
}

static ps_status match(ps_comparisons *all, const char *here, const char *there,
                       ps_error *err) {
    const ps_geographies *geographies = all->measures->figures->geographies;
    const int h = ps_measures_geography(geographies, here),
              t = ps_measures_geography(geographies, there);
    if (h < 0 || t < 0 || overlaps_of(all, (size_t)h, (size_t)t) != NULL) return PS_OK;
    PS_TRY(ps_grow((void **)&all->matched, &all->capacity, all->n + 1,
                   sizeof *all->matched, err));
    matched *m = &all->matched[all->n];
    *m = (matched){(size_t)h, (size_t)t, NULL};
    PS_TRY(ps_area_overlaps_open(geographies, m->here, m->there, &m->overlaps, err));
    all->n++;
    return PS_OK;
}

static ps_status match_all(ps_comparisons *all, ps_error *err) {
    const ps_bindings *bindings = all->measures->bindings;
    for (size_t i = 0; i < bindings->n; i++) {
        const ps_framework *f = bindings->binding[i].framework;
        for (unsigned c = 0; c < f->comparisons_count; c++)
            for (unsigned h = 0; h < f->comparisons[c].here_count; h++)
                for (unsigned t = 0; t < f->comparisons[c].there_count; t++)
                    PS_TRY(match(all, f->comparisons[c].here[h],
                                 f->comparisons[c].there[t], err));
    }
    return PS_OK;
}

ps_status ps_comparisons_open(const ps_measures *measures, ps_comparisons **out,
                              ps_error *err) {
    *out = NULL;
    ps_comparisons *all = ps_zalloc(1, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    all->measures = measures;
    const ps_status status = match_all(all, err);
    if (status == PS_OK)
        *out = all;
    else
        ps_comparisons_free(all);
    return status;
}

void ps_comparisons_free(ps_comparisons *all) {
    if (all == NULL) return;
    for (size_t i = 0; i < all->n; i++) ps_area_overlaps_free(all->matched[i].overlaps);
    ps_free(all->matched);
    ps_free(all);
}

/* ---- One measure in two geographies, or one and a published series ---- */

/* Counts of different areas do not compare, but per resident. */
static void choose_unit(ps_comparison *c) {
    const ps_measure *m = c->here.measure;
    const ps_judged_by by = m->form->judged_by;
    char people[32];
    c->tested = by == PS_JUDGED_BY_COUNT || by == PS_JUDGED_BY_REGISTER;
    c->linked = m->form->compare != NULL && c->overlaps != NULL;
    c->per_resident = by == PS_JUDGED_BY_COUNT && m->denominator.spec == NULL;
    c->kind = by == PS_JUDGED_BY_COUNT ? PS_COMPARED_RATES : PS_COMPARED_PROPORTIONS;
    c->multiplier = c->per_resident ? *c->here.figures->job->multiplier
                    : c->tested     ? *m->spec->multiplier
                                    : 1;
    ps_format_double(c->multiplier, people);
    if (c->per_resident)
        snprintf(c->unit, sizeof c->unit, "per %s residents", people);
    else
        snprintf(c->unit, sizeof c->unit, "%s", m->spec->unit);
}

static void choose_baseline(ps_comparison *c) {
    const ps_framework_baseline *baseline = c->here.measure->spec->baseline;
    size_t n = 0;
    c->baseline = c->spec->baseline != NULL ? c->spec->baseline
                  : baseline != NULL        ? baseline->period
                                            : NULL;
    if (c->baseline != NULL &&
        ps_period_expand(ps_str_of(c->baseline), 1, 0, &c->base, 1, &n, NULL) != PS_OK)
        c->baseline = NULL;
}

static ps_status open_here(const ps_comparisons *all, size_t measure, size_t here,
                           ps_comparison *c, ps_error *err) {
    PS_TRY(ps_scope_open(all->measures, measure, here, &c->here, err));
    choose_unit(c);
    PS_TRY(ps_history_create(&c->numerator, err));
    PS_TRY(ps_history_create(&c->denominator, err));
    return ps_history_create(&c->one, err);
}

ps_status ps_comparison_open(const ps_comparisons *all,
                             const ps_framework_comparison *spec, size_t measure,
                             size_t here, size_t there, ps_comparison *c, ps_error *err) {
    *c = (ps_comparison){.spec = spec, .overlaps = overlaps_of(all, here, there)};
    ps_status status = open_here(all, measure, here, c, err);
    if (status == PS_OK)
        status = ps_scope_open(all->measures, measure, there, &c->there, err);
    if (status != PS_OK) ps_comparison_close(c);
    return status;
}

ps_status ps_comparison_open_published(const ps_comparisons *all,
                                       const ps_framework_comparison *spec,
                                       size_t measure, size_t here,
                                       const char *comparator, ps_comparison *c,
                                       ps_error *err) {
    *c = (ps_comparison){
        .spec = spec,
        .around = ps_framework_lists(spec->around, spec->around_count, comparator)};
    ps_status status = open_here(all, measure, here, c, err);
    if (status == PS_OK)
        status = ps_published_open(all->measures, &all->measures->measure[measure],
                                   spec->published, comparator, &c->published, err);
    if (status != PS_OK) ps_comparison_close(c);
    return status;
}

static bool is_published(const ps_comparison *c) {
    return c->overlaps == NULL;
}

void ps_comparison_close(ps_comparison *c) {
    ps_scope_close(&c->here);
    ps_scope_close(&c->there);
    ps_published_close(&c->published);
    ps_history_free(c->numerator), ps_history_free(c->denominator);
    ps_history_free(c->one);
    *c = (ps_comparison){0};
}

size_t ps_comparison_figures(const ps_comparison *c) {
    return ps_scope_figures(&c->here);
}

bool ps_comparison_beside(const ps_comparison *c, size_t area, ps_beside *out) {
    if (is_published(c)) {
        *out = (ps_beside){c->spec->published, ps_str_of(c->published.comparator),
                           c->published.name};
        return c->published.absent[0] == '\0';
    }
    const int32_t other = c->overlaps->area[area];
    if (other == PS_NONE) return false;
    const ps_areas *areas = c->there.geo->areas;
    *out = (ps_beside){c->there.geo->spec->id, areas->code[other], areas->name[other]};
    return true;
}

static ps_overlap_kind overlap_of(const ps_comparison *c) {
    if (is_published(c)) return c->around ? PS_OVERLAP_INSIDE : PS_OVERLAP_NONE;
    return c->overlaps->kind[c->here.area];
}

static const char *name_of_other(const ps_comparison *c) {
    return is_published(c) ? c->published.comparator : c->there.geo->spec->id;
}

/* ---- Figures of the two ---- */

static bool there(const ps_side *s) {
    return s->value.status == PS_VALUE_OK;
}

static bool has_parts(const ps_side *s) {
    return there(s) && isfinite(s->numerator) && isfinite(s->denominator);
}

/* Of a stretch of so many months from the first of a period. */
static double person_years(const ps_geography *geo, const char *id, size_t area,
                           const ps_period *p, int32_t months) {
    const ps_people *people =
        ps_geography_people(geo, id, p->first, p->first + months - 1);
    if (people == NULL || people->missing[area]) return (double)NAN;
    return people->value[area] * (months > YEAR ? months / 12.0 : 1.0);
}

/* The population that the denominator is, NULL: it is rows or there is none. */
static const char *population_of(const ps_comparison *c) {
    const ps_geography *geo = c->here.geo;
    if (!c->per_resident) return c->here.measure->denominator.people;
    return geo->n_people > 0 ? geo->people[0].spec->id : NULL;
}

/* Months of a period up to the end of the data, when it is running. */
static int32_t months_of(const ps_period *p, const ps_measured *m) {
    return m->running ? m->months : ps_period_months(p);
}

static ps_status measure_side(const ps_comparison *c, const ps_scope *s, size_t item,
                              const ps_period *p, ps_side *side, ps_measured *m,
                              ps_error *err) {
    PS_TRY(ps_judge_value(s, item, p, m, err));
    *side =
        (ps_side){m->value, m->numerator, m->denominator, m->effect > 1 ? m->effect : 1};
    if (!c->per_resident || !there(side)) return PS_OK;
    const char *id = population_of(c);
    side->denominator =
        id != NULL ? person_years(s->geo, id, s->area, p, months_of(p, m)) : (double)NAN;
    side->value =
        ps_crude_rate(side->numerator, side->denominator, c->multiplier, s->confidence);
    if (!there(side)) ps_measured_note(m, "no population");
    return PS_OK;
}

static bool is_sample_share(const ps_comparison *c) {
    return c->here.measure->form->judged_by == PS_JUDGED_BY_SURVEY;
}

/* A published figure with what it was worked out from, as far as that can be told. */
static void published_estimate(const ps_comparison *c, const ps_published_figure *f,
                               ps_side *side) {
    const double by = c->tested ? c->multiplier : *c->here.measure->spec->multiplier,
                 n = f->denominator,
                 x = isfinite(f->numerator) ? f->numerator : f->value / by * n;
    const bool counted = (c->tested || is_sample_share(c)) && isfinite(x) && isfinite(n);
    if (counted && c->tested && c->kind == PS_COMPARED_RATES)
        side->value = ps_crude_rate(x, n, by, c->here.confidence);
    else if (counted)
        side->value = ps_proportion(x, n, by, c->here.confidence, PS_PROPORTION_WILSON);
    else
        side->value = (ps_estimate){.status = PS_VALUE_OK,
                                    .value = isfinite(f->value) ? f->value : by * x / n,
                                    .limits_status = PS_VALUE_NOT_APPLICABLE};
    if (isfinite(f->lower) && isfinite(f->upper) && there(side)) {
        side->value.lower = f->lower, side->value.upper = f->upper;
        side->value.limits_status = PS_VALUE_OK;
    }
    side->numerator = counted ? x : f->numerator;
    side->denominator = n;
}

static ps_status measure_there(const ps_comparison *c, size_t item, const ps_period *p,
                               ps_side *side, ps_measured *m, ps_error *err) {
    ps_published_figure f;
    if (!is_published(c)) return measure_side(c, &c->there, item, p, side, m, err);
    *m = ps_measured_nothing();
    *side = (ps_side){m->value, (double)NAN, (double)NAN, 1};
    const char *name = c->here.measure->form->item(&c->here, item);
    if (ps_published_find(&c->published, name, p, &f, m->reason))
        published_estimate(c, &f, side);
    return PS_OK;
}

/* ---- What the two have in common ---- */

static const int32_t *blocks_of(const ps_comparison *c, size_t *n) {
    const ps_area_overlaps *o = c->overlaps;
    const size_t area = c->here.area;
    *n = o->first[area + 1] - o->first[area];
    return o->block + o->first[area];
}

static bool is_partly(const ps_comparison *c) {
    return overlap_of(c) == PS_OVERLAP_PARTLY;
}

static bool is_known(const ps_comparison *c, const ps_measure_part *part, size_t area) {
    const size_t g = (size_t)c->overlaps->blocks;
    if (part->records != NULL) return ps_records_know(part->records, g, area);
    return ps_reach_knows(c->here.figures->data[part->data].reach, g, area);
}

/* Can what the two have in common be added up? */
static bool is_divisible(const ps_comparison *c) {
    const ps_measure *m = c->here.measure;
    const bool people = population_of(c) != NULL;
    size_t n;
    const int32_t *block = blocks_of(c, &n);
    if (m->form->months == NULL || (!people && m->denominator.spec == NULL)) return false;
    /* What two areas have in common is in no release. */
    if (ps_release_protects_measure(c->here.figures->release, m)) return false;
    for (size_t i = 0; i < n; i++)
        if (!is_known(c, &m->numerator, (size_t)block[i]) ||
            (!people && !is_known(c, &m->denominator, (size_t)block[i])))
            return false;
    return true;
}

static void add_up(ps_comparison *c, const ps_measure_part *part, size_t item,
                   ps_history *sum) {
    const ps_figures *f = c->here.figures;
    const size_t g = (size_t)c->overlaps->blocks;
    size_t n;
    const int32_t *block = blocks_of(c, &n);
    ps_history_read(sum, f, part, item, g, (size_t)block[0]);
    for (size_t i = 1; i < n; i++) {
        ps_history_read(c->one, f, part, item, g, (size_t)block[i]);
        ps_history_add(sum, c->one);
    }
}

static void read_common(ps_comparison *c, size_t item) {
    const ps_measure *m = c->here.measure;
    add_up(c, &m->numerator, item, c->numerator);
    if (population_of(c) == NULL)
        add_up(c, &m->denominator, m->denominator.n_items > 1 ? item : 0, c->denominator);
}

static ps_part common_part(const ps_comparison *c, const ps_period *p, int32_t months) {
    const char *population = population_of(c);
    const ps_geography *geo =
        &c->here.figures->geographies->geography[c->overlaps->blocks];
    ps_part both = {0, 0};
    size_t n;
    const int32_t *block = blocks_of(c, &n);
    ps_history_sum(c->numerator, p->first, p->last, &both.x);
    if (population == NULL)
        ps_history_sum(c->denominator, p->first, p->last, &both.n);
    else
        for (size_t i = 0; i < n; i++)
            both.n += person_years(geo, population, (size_t)block[i], p, months);
    return both;
}

static ps_part without(ps_part a, ps_part b) {
    return (ps_part){a.x - b.x, a.n - b.n};
}

/* Fewer independent events and people, of the same shares. */
static void scale_parts(ps_overlap *o, double by) {
    ps_part *const parts[] = {&o->own, &o->both, &o->rest};
    for (size_t i = 0; i < 3; i++) parts[i]->x *= by, parts[i]->n *= by;
}

/* The parts of two figures that are there. False, and why, when they cannot be told. */
static bool take_apart(const ps_comparison *c, bool divisible, const ps_period *p,
                       int32_t months, const ps_side *here, const ps_side *other,
                       ps_overlap *out, const char **why) {
    const ps_part none = {0, 0}, h = {here->numerator, here->denominator},
                  t = {other->numerator, other->denominator};
    ps_part both = none;
    switch (overlap_of(c)) {
        case PS_OVERLAP_UNKNOWN:
            *why = "no test: nothing tells what the two areas have in common";
            return false;
        case PS_OVERLAP_NONE:
            break;
        case PS_OVERLAP_INSIDE:
        case PS_OVERLAP_SAME:
            both = h;
            break;
        case PS_OVERLAP_AROUND:
            both = t;
            break;
        case PS_OVERLAP_PARTLY:
            *why = "no test: what the two areas have in common is not counted apart";
            if (!divisible) return false;
            both = common_part(c, p, months);
            break;
    }
    *out = (ps_overlap){without(h, both), both, without(t, both)};
    scale_parts(out, 1 / fmax(here->effect, other->effect));
    if (overlap_of(c) == PS_OVERLAP_SAME) out->rest = none;
    *why = is_published(c)
               ? "no test: fewer are published than the area has that is part "
                 "of it"
               : "no test: by their borders the two areas have more in "
                 "common than one of them has";
    return out->own.x >= 0 && out->own.n >= 0 && out->rest.x >= 0 && out->rest.n >= 0;
}

/* ---- Gap and its change ---- */

/* As they stand, without limits. */
static ps_gap gap_of_values(const ps_comparison *c, const ps_side *here,
                            const ps_side *other) {
    const double h = here->value.value / c->multiplier,
                 t = other->value.value / c->multiplier;
    ps_gap g = {ps_value_of(h), ps_value_of(t), nothing, ps_value_of(h - t),
                nothing,        nothing,        nothing, nothing,
                nothing,        nothing};
    if (c->tested && t > 0) g.ratio = ps_value_of(h / t);
    return g;
}

static ps_estimate share_of_one(const ps_side *s, double multiplier) {
    ps_estimate e = s->value;
    e.value /= multiplier, e.lower /= multiplier, e.upper /= multiplier;
    return e;
}

/* What is published is compared by limits where it cannot be counted apart. */
static void compare_limits(const ps_comparison *c, ps_compared_figure *f) {
    const ps_estimate h = share_of_one(&f->here, c->multiplier),
                      t = share_of_one(&f->there, c->multiplier);
    f->gap = ps_gap_of_estimates(&h, &t);
    f->by_limits = true;
    if (!ps_value_ok(f->gap.lower)) NOTE(f, "no test: the figure here has no limits");
}

static ps_value percent_of(const ps_side *then, const ps_side *now) {
    if (!there(then) || !there(now) || !(then->value.value > 0)) return nothing;
    return ps_value_of(100 * (now->value.value - then->value.value) / then->value.value);
}

/* The sides of the baseline period, and their parts or gap; false: there are none. */
typedef struct before {
    ps_side here, there;
    ps_overlap parts;
    ps_gap gap;     /* of a form that tells how two areas differ */
    ps_period held; /* months that the figure here is of */
    bool known;
} before;

static ps_status compare_linked(const ps_comparison *c, size_t item, size_t other_item,
                                const ps_period *p, ps_gap *gap, ps_error *err) {
    return c->here.measure->form->compare(&c->here, item, &c->there, other_item, p, gap,
                                          err);
}

static ps_status look_back(ps_comparison *c, size_t item, size_t other_item,
                           bool divisible, before *b, ps_error *err) {
    ps_measured h, t;
    const char *why;
    *b = (before){.held = c->base, .known = false};
    if (c->baseline == NULL || (!c->tested && !c->linked)) return PS_OK;
    PS_TRY(measure_side(c, &c->here, item, &c->base, &b->here, &h, err));
    b->held = ps_measured_held(&c->base, &h);
    PS_TRY(measure_there(c, other_item, &c->base, &b->there, &t, err));
    if (c->linked && there(&b->here) && there(&b->there)) {
        PS_TRY(compare_linked(c, item, other_item, &c->base, &b->gap, err));
        b->known = ps_value_ok(b->gap.se);
    }
    if (c->linked) return PS_OK;
    b->known = has_parts(&b->here) && has_parts(&b->there) && !h.running && !t.running &&
               take_apart(c, divisible, &c->base, ps_period_months(&c->base), &b->here,
                          &b->there, &b->parts, &why);
    return PS_OK;
}

/* Independent counts of stretches of one length are compared, or samples, and no others.
 */
static void compare_with(const ps_comparison *c, const before *b, const ps_overlap *parts,
                         const ps_measured *h, ps_compared_figure *f) {
    const ps_period held = ps_measured_held(f->period, h);
    if (c->baseline == NULL || held.last <= b->held.last) return;
    if (h->running) {
        NOTE(f, "no change of the gap while the period is running");
    } else if (held.first <= b->held.last) {
        NOTE(f, "no change of the gap: the period shares months with the baseline");
    } else if (ps_period_months(f->period) != ps_period_months(&c->base)) {
        NOTE(f, "no change of the gap: the baseline has %d months",
             (int)ps_period_months(&c->base));
    } else if (!b->known) {
        NOTE(f, "no change of the gap: no figures of the baseline period");
    } else {
        f->changed = true;
        f->change = c->linked
                        ? ps_gap_compare_estimates(&b->gap, &f->gap, c->here.confidence)
                        : ps_gap_compare(c->kind, &b->parts, parts, c->here.confidence);
        f->here_percent = percent_of(&b->here, &f->here);
        f->there_percent = percent_of(&b->there, &f->there);
    }
}

static void take_linked(const ps_comparison *c, const before *b, const ps_gap *gap,
                        const ps_measured *h, ps_compared_figure *f) {
    f->gap = *gap;
    f->status = gap->difference.status;
    if (ps_value_ok(gap->p))
        compare_with(c, b, NULL, h, f);
    else
        NOTE(f, "no test: nothing tells how much the answers vary");
}

/* Do the limits say something else than p? */
static bool differs_from_test(const ps_comparison *c, const ps_gap *g) {
    if (!ps_value_ok(g->p) || !ps_value_ok(g->lower) || !ps_value_ok(g->upper))
        return false;
    return (g->p.value < 1 - c->here.confidence) !=
           (g->lower.value > 0 || g->upper.value < 0);
}

static void compare_sides(ps_comparison *c, const before *b, bool divisible,
                          const ps_measured *h, ps_compared_figure *f) {
    const char *why = NULL;
    ps_overlap parts;
    const int32_t months = months_of(f->period, h);
    f->status = PS_VALUE_OK;
    if (is_published(c) && h->running) {
        NOTE(f, "not compared: the published figure is of the whole period");
        f->status = PS_VALUE_NOT_APPLICABLE;
        return;
    }
    if (c->tested && has_parts(&f->here) && has_parts(&f->there) &&
        take_apart(c, divisible, f->period, months, &f->here, &f->there, &parts, &why)) {
        f->gap = ps_gap_of(c->kind, &parts, c->here.confidence);
        f->status = f->gap.difference.status;
        /* Of few incidents in clusters there is no exact test. */
        f->by_limits = !ps_value_ok(f->gap.p) && parts.rest.n > 0 &&
                       fmax(f->here.effect, f->there.effect) > 1;
        if (is_partly(c) && differs_from_test(c, &f->gap))
            NOTE(f, "the test is against the rest of %s, the limits are of all of it",
                 name_of_other(c));
        compare_with(c, b, &parts, h, f);
        return;
    }
    if (is_published(c)) {
        compare_limits(c, f);
        return;
    }
    if (!c->tested)
        NOTE(f, "no test: figures of %s are compared as they stand",
             c->here.measure->spec->method);
    else if (why != NULL)
        NOTE(f, "%s", why);
    f->gap = gap_of_values(c, &f->here, &f->there);
}

static ps_compared_figure blank(const ps_comparison *c, size_t item, const ps_period *p) {
    const ps_side missing = {ps_measured_nothing().value, (double)NAN, (double)NAN, 1};
    return (ps_compared_figure){.period = p,
                                .item = c->here.measure->form->item(&c->here, item),
                                .here = missing,
                                .there = missing,
                                .overlap = overlap_of(c),
                                .gap = {nothing, nothing, nothing, nothing, nothing,
                                        nothing, nothing, nothing, nothing, nothing},
                                .change = {.here = nothing,
                                           .rest = nothing,
                                           .change = nothing,
                                           .lower = nothing,
                                           .upper = nothing,
                                           .ratio_change = nothing,
                                           .ratio_lower = nothing,
                                           .ratio_upper = nothing},
                                .here_percent = nothing,
                                .there_percent = nothing,
                                .status = PS_VALUE_MISSING};
}

static ps_status compute(ps_comparison *c, size_t item, size_t other_item,
                         const before *b, bool divisible, const ps_period *p,
                         ps_compared_figure *f, ps_error *err) {
    ps_measured h, t;
    *f = blank(c, item, p);
    PS_TRY(measure_side(c, &c->here, item, p, &f->here, &h, err));
    PS_TRY(measure_there(c, other_item, p, &f->there, &t, err));
    if (h.reason[0] != '\0' && (!there(&f->here) || h.running)) NOTE(f, "%s", h.reason);
    if (t.reason[0] != '\0' && !there(&f->there))
        NOTE(f, "%s: %s", name_of_other(c), t.reason);
    f->status = there(&f->here) ? f->there.value.status : f->here.value.status;
    if (!there(&f->here) || !there(&f->there)) return PS_OK;
    if (c->linked) {
        ps_gap gap;
        PS_TRY(compare_linked(c, item, other_item, p, &gap, err));
        take_linked(c, b, &gap, &h, f);
    } else {
        compare_sides(c, b, divisible, &h, f);
    }
    return PS_OK;
}

/* ---- One area ---- */

/* The item of the other geography with the same name, or n_items. */
static size_t same_item(const ps_comparison *c, size_t item) {
    const ps_form *form = c->here.measure->form;
    const char *name = form->item(&c->here, item);
    size_t k = 0;
    if (is_published(c)) return item;
    if (item < c->there.n_items && strcmp(form->item(&c->there, item), name) == 0)
        return item;
    while (k < c->there.n_items && strcmp(form->item(&c->there, k), name) != 0) k++;
    return k;
}

ps_status ps_comparison_of_area(ps_comparison *c, size_t area,
                                ps_compared_figure *figures, ps_error *err) {
    const ps_measure *m = c->here.measure;
    PS_TRY(ps_scope_enter(&c->here, area, err));
    choose_baseline(c);
    if (!is_published(c))
        PS_TRY(ps_scope_enter(&c->there, (size_t)c->overlaps->area[area], err));
    const bool divisible = is_partly(c) && is_divisible(c);
    for (size_t item = 0; item < c->here.n_items; item++) {
        const size_t other = same_item(c, item);
        ps_compared_figure *f = figures + item * m->n_periods;
        before b;
        if (!is_published(c) && other == c->there.n_items) {
            for (size_t k = 0; k < m->n_periods; k++) {
                f[k] = blank(c, item, &m->period[k]);
                NOTE(&f[k], "%s has no such item", c->there.geo->spec->id);
            }
            continue;
        }
        if (divisible) read_common(c, item);
        PS_TRY(look_back(c, item, other, divisible, &b, err));
        for (size_t k = 0; k < m->n_periods; k++)
            PS_TRY(compute(c, item, other, &b, divisible, &m->period[k], &f[k], err));
    }
    return PS_OK;
}

const char *ps_comparison_verdict(const ps_comparison *c, const ps_compared_figure *f) {
    const ps_gap *g = &f->gap;
    const int polarity = (int)c->here.measure->spec->polarity;
    const bool limits = f->by_limits && ps_value_ok(g->lower) && ps_value_ok(g->upper);
    if (!ps_value_ok(g->difference) || (!ps_value_ok(g->p) && !limits)) return "";
    if (limits ? g->lower.value <= 0 && g->upper.value >= 0
               : g->p.value >= 1 - c->here.confidence)
        return "no-clear-difference";
    const bool higher = g->difference.value > 0;
    if (polarity == 0) return higher ? "higher" : "lower";
    return higher == (polarity > 0) ? "better" : "worse";
}
