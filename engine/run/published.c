#include "engine/run/published.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/measures.h"

#define ABSENT(p, ...) snprintf((p)->absent, sizeof(p)->absent, __VA_ARGS__)

/* ---- Which records ---- */

static ps_str text_of(const ps_record_column *column, size_t record) {
    const int32_t id = column->text[record];
    return id != PS_NONE ? ps_keys_text(column->texts, id) : (ps_str){"", 0};
}

/* MEASURE, or MEASURE/ITEM. */
static bool is_measure(const ps_published *p, size_t record, const char *item) {
    char name[160];
    snprintf(name, sizeof name, "%s%s%s", p->id, item[0] != '\0' ? "/" : "", item);
    return ps_binding_means(p->measures, name, text_of(p->measure, record));
}

static bool is_of_measure(const ps_published *p, size_t record) {
    const ps_str text = text_of(p->measure, record);
    const size_t n = strlen(p->id);
    return is_measure(p, record, "") ||
           (p->measures->values_count == 0 && text.n > n &&
            memcmp(text.p, p->id, n) == 0 && text.p[n] == '/');
}

static ps_status list_records(ps_published *p, const ps_job_data_column *comparators,
                              const ps_record_column *comparator,
                              const ps_record_column *name, ps_error *err) {
    p->record = ps_alloc(p->set->n, sizeof *p->record);
    if (p->record == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < p->set->n; i++) {
        if (!ps_binding_means(comparators, p->comparator, text_of(comparator, i)))
            continue;
        if (name != NULL && p->name.n == 0) p->name = text_of(name, i);
        if (is_of_measure(p, i)) p->record[p->n++] = i;
    }
    if (p->n == 0)
        ABSENT(p, "'%s' has no figures of %s for this measure", p->set->spec->id,
               p->comparator);
    return PS_OK;
}

/* Two figures of one period would be chosen from by their place in the file. */
static ps_status check_once(const ps_published *p, ps_error *err) {
    const ps_record_set *s = p->set;
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < i; k++) {
            const size_t a = p->record[k], b = p->record[i];
            if (s->first[a] != s->first[b] || s->last[a] != s->last[b] ||
                !ps_str_eq(text_of(p->measure, a), text_of(p->measure, b)))
                continue;
            return ps_fail(err, PS_FORMAT,
                           "%s: row %s: the figure of %s for %s in this period stood in "
                           "row %s; one is expected, so leave out the other rows by "
                           "`where`",
                           s->spec->file, ps_records_row_text(s, b).text, p->id,
                           p->comparator, ps_records_row_text(s, a).text);
        }
    return PS_OK;
}

/* ---- Binding ---- */

static const ps_record_column *column_of(const ps_published *p,
                                         const ps_framework_data *kind,
                                         const ps_job_data *data, ps_column_role role) {
    const ps_job_data_column *bound = ps_binding_role(kind, data, role);
    return bound != NULL ? ps_records_column(p->set, bound->column) : NULL;
}

static ps_status open_bound(ps_published *p, const ps_figures *figures,
                            const ps_framework_data *kind, const ps_job_data *data,
                            ps_error *err) {
    p->set = ps_records_find(figures->records, data->input);
    p->measures = ps_binding_role(kind, data, PS_ROLE_MEASURE);
    p->measure = column_of(p, kind, data, PS_ROLE_MEASURE);
    p->value = column_of(p, kind, data, PS_ROLE_VALUE);
    p->lower = column_of(p, kind, data, PS_ROLE_LOWER);
    p->upper = column_of(p, kind, data, PS_ROLE_UPPER);
    p->numerator = column_of(p, kind, data, PS_ROLE_NUMERATOR);
    p->denominator = column_of(p, kind, data, PS_ROLE_DENOMINATOR);
    const ps_record_column *comparator = column_of(p, kind, data, PS_ROLE_COMPARATOR);
    const char *lacking =
        p->measure == NULL   ? ps_column_role_text(PS_ROLE_MEASURE)
        : comparator == NULL ? ps_column_role_text(PS_ROLE_COMPARATOR)
        : p->value == NULL && (p->numerator == NULL || p->denominator == NULL)
            ? ps_column_role_text(PS_ROLE_VALUE)
            : NULL;
    if (lacking != NULL)
        ABSENT(p, "the job does not say which column of '%s' has the role %s",
               data->input, lacking);
    else if (!ps_records_dated(p->set))
        ABSENT(p, "the rows of '%s' are of no period", data->input);
    if (p->absent[0] != '\0') return PS_OK;
    PS_TRY(list_records(p, ps_binding_role(kind, data, PS_ROLE_COMPARATOR), comparator,
                        column_of(p, kind, data, PS_ROLE_NAME), err));
    return check_once(p, err);
}

ps_status ps_published_open(const ps_measures *all, const ps_measure *m, const char *data,
                            const char *comparator, ps_published *p, ps_error *err) {
    const ps_framework *f = m->binding->framework;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, data);
    const ps_job_data *bound = m->binding->data[at];
    *p = (ps_published){.comparator = comparator, .name = {"", 0}, .id = m->spec->id};
    if (bound == NULL) {
        ABSENT(p, "no input of the job is '%s' (%s)", data, f->data[at].title);
        return PS_OK;
    }
    const ps_status status = open_bound(p, all->figures, &f->data[at], bound, err);
    if (status != PS_OK) ps_published_close(p);
    return status;
}

void ps_published_close(ps_published *p) {
    ps_free(p->record);
    p->record = NULL;
}

/* ---- One figure ---- */

static double number(const ps_record_column *column, size_t record) {
    return column != NULL ? column->number[record] : (double)NAN;
}

static bool take(const ps_published *p, size_t record, ps_published_figure *f,
                 char reason[256]) {
    *f = (ps_published_figure){number(p->value, record), number(p->lower, record),
                               number(p->upper, record), number(p->numerator, record),
                               number(p->denominator, record)};
    const bool parts = isfinite(f->numerator) && isfinite(f->denominator);
    const char *wrong = !isfinite(f->value) && !parts ? "has no value"
                        : f->lower > f->upper ? "has its lower limit above the upper one"
                        : f->value < f->lower ? "is below its lower limit"
                        : f->value > f->upper ? "is above its upper limit"
                        : f->denominator <= 0 ? "has a base that is not above 0"
                        : f->numerator < 0 || f->value < 0 ? "is below 0"
                                                           : NULL;
    if (wrong == NULL) return true;
    snprintf(reason, 256, "the published figure in row %s of %s %s",
             ps_records_row_text(p->set, record).text, p->set->spec->file, wrong);
    return false;
}

bool ps_published_find(const ps_published *p, const char *item, const ps_period *period,
                       ps_published_figure *f, char reason[256]) {
    ps_month first = 0, last = 0;
    char from[16], to[16];
    bool any = false;
    for (size_t i = 0; i < p->n; i++) {
        const size_t r = p->record[i];
        if (!is_measure(p, r, item)) continue;
        if (p->set->first[r] == period->first && p->set->last[r] == period->last)
            return take(p, r, f, reason);
        if (!any || p->set->first[r] < first) first = p->set->first[r];
        if (!any || p->set->last[r] > last) last = p->set->last[r];
        any = true;
    }
    if (any) {
        ps_month_text(first, from), ps_month_text(last, to);
        snprintf(reason, 256, "no published figure of these months; they are of %s to %s",
                 from, to);
    } else {
        snprintf(reason, 256, "no published figure of this item");
    }
    return false;
}
