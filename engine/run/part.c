#include "engine/run/part.h"

#include <string.h>

#include "engine/run/framework_check.h"

enum { MOST_MONTHS = (PS_POINTS_LAST_YEAR - PS_POINTS_FIRST_YEAR + 1) * 12 };

struct ps_history {
    const ps_data_set *data; /* one of these, the other NULL */
    const ps_record_set *records;
    ps_month first, last;
    int64_t counts[MOST_MONTHS + 1];
    int32_t covered[MOST_MONTHS + 1];
};

ps_status ps_history_create(ps_history **out, ps_error *err) {
    *out = ps_alloc(1, sizeof **out);
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

void ps_history_free(ps_history *history) {
    ps_free(history);
}

/* A register is complete from its first month to its last. A record of a stretch of
 * months counts in the last of them, so that the sum of a stretch is right; others cut
 * it. */
static void read_records(ps_history *h, const ps_measure_part *part, size_t item,
                         size_t g, size_t a) {
    const ps_record_set *set = part->records;
    const uint8_t *answer = ps_part_answers(part, item);
    const size_t months =
        set->begin <= set->end ? (size_t)(set->end - set->begin) + 1 : 0;
    const bool known = ps_records_know(set, g, a);
    h->data = NULL, h->records = set;
    h->first = set->begin, h->last = set->end;
    memset(h->counts, 0, (months + 1) * sizeof *h->counts);
    for (size_t m = 0; m <= months; m++) h->covered[m] = known ? (int32_t)m : 0;
    if (!known) return;
    for (size_t k = set->areas[g].offset[a]; k < set->areas[g].offset[a + 1]; k++) {
        const int32_t i = set->areas[g].record[k];
        if (answer[i] == PS_ANSWER_YES) h->counts[set->last[i] - set->begin + 1]++;
    }
    for (size_t m = 0; m < months; m++) h->counts[m + 1] += h->counts[m];
}

void ps_history_read(ps_history *h, const ps_figures *f, const ps_measure_part *part,
                     size_t item, size_t g, size_t a) {
    bool covered[MOST_MONTHS];
    if (part->records != NULL) {
        read_records(h, part, item, g, a);
        return;
    }
    const ps_data_set *d = &f->data[part->data];
    const size_t months = ps_figures_span(d);
    h->data = d, h->records = NULL;
    h->first = d->first, h->last = d->last;
    h->counts[0] = h->covered[0] = 0;
    ps_figures_group_months(f, g, a, part->data, ps_part_holds(part, d, item),
                            h->counts + 1, covered);
    for (size_t m = 0; m < months; m++) {
        h->counts[m + 1] += h->counts[m];
        h->covered[m + 1] = h->covered[m] + covered[m];
    }
}

void ps_history_add(ps_history *sum, const ps_history *more) {
    const size_t months =
        sum->first <= sum->last ? (size_t)(sum->last - sum->first) + 1 : 0;
    for (size_t m = 0; m <= months; m++) sum->counts[m] += more->counts[m];
}

ps_month ps_history_first(const ps_history *h) {
    return h->first;
}

ps_month ps_history_last(const ps_history *h) {
    return h->last;
}

int32_t ps_history_sum(const ps_history *h, ps_month first, ps_month last,
                       double *count) {
    *count = 0;
    if (h->records != NULL ? !ps_records_whole(h->records, first, last)
                           : !ps_figures_divisible(h->data, first, last))
        return 0;
    if (first < h->first) first = h->first;
    if (last > h->last) last = h->last;
    if (first > last) return 0;
    const size_t from = (size_t)(first - h->first), to = (size_t)(last - h->first) + 1;
    *count = (double)(h->counts[to] - h->counts[from]);
    return h->covered[to] - h->covered[from];
}

bool ps_history_whole(const ps_history *h, ps_month first, ps_month last, double *count) {
    return ps_history_sum(h, first, last, count) == last - first + 1;
}

/* ---- Which rows ---- */

static bool group_passes(const ps_measure_part *part, const ps_data_set *set,
                         int32_t group) {
    for (unsigned w = 0; w < part->spec->where_count; w++) {
        const ps_framework_filter *filter = &part->spec->where[w];
        const ps_job_data_column *column = ps_binding_column(part->bound, filter->column);
        if (!ps_binding_passes(column, filter,
                               ps_figures_group_text(set, group, column->column)))
            return false;
    }
    return true;
}

static ps_status choose_groups(const ps_binding *b, const ps_data_set *set,
                               ps_measure_part *part, ps_error *err) {
    const size_t groups = ps_figures_groups(set);
    const ps_framework_column *by = ps_binding_by(b, part->spec);
    const ps_job_data_column *column =
        by != NULL ? ps_binding_column(part->bound, by->id) : NULL;
    part->n_items = by != NULL ? by->values_count : 1;
    part->holds = ps_alloc(part->n_items * groups, sizeof *part->holds);
    if (part->holds == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < groups; k++) {
        const bool passes = group_passes(part, set, (int32_t)k);
        for (size_t i = 0; i < part->n_items; i++)
            part->holds[i * groups + k] =
                passes && (by == NULL ||
                           ps_binding_means(
                               column, by->values[i],
                               ps_figures_group_text(set, (int32_t)k, column->column)));
    }
    return PS_OK;
}

static ps_status choose_records(const ps_binding *b, ps_measure_part *part,
                                ps_error *err) {
    const ps_framework_column *by = ps_binding_by(b, part->spec);
    const size_t n = part->records->n;
    part->n_items = by != NULL ? by->values_count : 1;
    part->answer = ps_alloc(part->n_items * n, sizeof *part->answer);
    if (part->answer == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < part->n_items; i++)
        PS_TRY(ps_answers_ask(part->records, part->kind, part->bound, part->spec,
                              by != NULL ? by->values[i] : NULL, part->answer + i * n,
                              err));
    return PS_OK;
}

ps_status ps_part_open(const ps_binding *b, const ps_figures *f,
                       const ps_framework_part *spec, ps_measure_part *part,
                       ps_error *err) {
    const ps_framework *plan = b->framework;
    *part = (ps_measure_part){.spec = spec};
    if (spec == NULL) return PS_OK;
    const int at = PS_FRAMEWORK_PLACE(plan->data, plan->data_count, spec->data);
    part->kind = &plan->data[at];
    part->bound = b->data[at];
    part->n_items = 1;
    if (ps_job_population_find(b->job->job, part->bound->input) != NULL) {
        part->people = part->bound->input;
        return PS_OK;
    }
    if (f->records != NULL)
        part->records = ps_records_find(f->records, part->bound->input);
    if (part->records != NULL) return choose_records(b, part, err);
    for (size_t d = 0; d < f->n_data; d++)
        if (strcmp(f->data[d].spec->id, part->bound->input) == 0) part->data = d;
    return choose_groups(b, &f->data[part->data], part, err);
}

const char *ps_part_item(const ps_binding *b, const ps_framework_part *spec,
                         size_t item) {
    const ps_framework_column *by = ps_binding_by(b, spec);
    return by != NULL ? by->values[item] : "";
}

const bool *ps_part_holds(const ps_measure_part *part, const ps_data_set *data,
                          size_t item) {
    return part->holds + (part->n_items > 1 ? item : 0) * ps_figures_groups(data);
}

void ps_part_span(const ps_measure_part *part, const ps_figures *f, ps_month *first,
                  ps_month *last, bool *dated) {
    if (part->records != NULL) {
        *first = part->records->begin, *last = part->records->end;
        *dated = ps_records_dated(part->records);
        return;
    }
    const ps_data_set *d = &f->data[part->data];
    *first = d->first, *last = d->last;
    *dated = d->spec->date != NULL;
}

const uint8_t *ps_part_answers(const ps_measure_part *part, size_t item) {
    return part->answer + (part->n_items > 1 ? item : 0) * part->records->n;
}

const ps_record_column *ps_part_role(const ps_measure_part *part, ps_column_role role) {
    const ps_job_data_column *column = ps_binding_role(part->kind, part->bound, role);
    return column != NULL ? ps_records_column(part->records, column->column) : NULL;
}

void ps_part_share_base(const ps_measure_part *numerator, ps_measure_part *denominator) {
    const ps_record_set *set = denominator->records;
    if (set == NULL || numerator->records != set) return;
    for (size_t k = 0; k < denominator->n_items; k++)
        for (size_t i = 0; i < set->n; i++)
            if (numerator->answer[i] == PS_ANSWER_NONE)
                denominator->answer[k * set->n + i] = PS_ANSWER_NONE;
}

void ps_part_close(ps_measure_part *part) {
    ps_free(part->holds);
    ps_free(part->answer);
}
