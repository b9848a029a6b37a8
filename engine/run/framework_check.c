/* Checks of a framework beyond its schema, in the order of the file, then its defaults.
 */
#include "engine/run/framework_check.h"

#include <string.h>

#include "engine/run/yaml_check.h"
#include "indicators/method.h"

enum { MOST_CANDIDATES = 64 };

#define CHECK_REFERENCE PS_FRAMEWORK_CHECK_REFERENCE

/* One text of a fixed choice. */
static ps_status check_choice(const ps_yaml *yaml, const char *path, const char *what,
                              const char *const *choices, const char *text,
                              ps_error *err) {
    char hint[PS_YAML_HINT];
    size_t n = 0;
    for (; choices[n] != NULL; n++)
        if (strcmp(choices[n], text) == 0) return PS_OK;
    return PS_YAML_WRONG(yaml, err, path, "'%.40s' is not %s%s", text, what,
                         ps_yaml_hint(hint, text, choices, n));
}

static ps_status check_year(const ps_yaml *yaml, const ps_framework *f, const char *path,
                            const char *text, ps_period *year, ps_error *err) {
    const ps_framework_years *years = f->years;
    const bool calendar = years->kind != NULL && *years->kind == PS_YEAR_CALENDAR;
    PS_TRY(ps_framework_check_period(yaml, path, text, year, err));
    if (year->kind != (calendar ? PS_PERIOD_CALENDAR_YEAR : PS_PERIOD_FINANCIAL_YEAR))
        return PS_YAML_WRONG(yaml, err, path, "'%.40s' is not a %s year, such as %s",
                             text, calendar ? "calendar" : "financial",
                             calendar ? "2022" : "2022/23");
    return PS_OK;
}

static ps_status check_years(const ps_yaml *yaml, const ps_framework *f, ps_error *err) {
    ps_period first = {.first = INT32_MIN}, last = {.first = INT32_MAX};
    if (f->years == NULL) return PS_OK;
    if (f->years->first != NULL)
        PS_TRY(check_year(yaml, f, "years.first", f->years->first, &first, err));
    if (f->years->last != NULL)
        PS_TRY(check_year(yaml, f, "years.last", f->years->last, &last, err));
    for (unsigned i = 0; i < f->years->exceptional_count; i++) {
        char path[PS_YAML_PATH];
        ps_period period;
        PS_YAML_AT(path, "years.exceptional[%u]", i);
        PS_TRY(ps_framework_check_period(yaml, path, f->years->exceptional[i], &period,
                                         err));
    }
    if (first.first > last.first)
        return PS_YAML_WRONG(yaml, err, "years.last", "lies before the first year, %s",
                             f->years->first);
    return PS_OK;
}

/* ---- Geographies, data, priorities ---- */

static ps_status check_geographies(const ps_yaml *yaml, const ps_framework *f,
                                   ps_keys *ids, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < f->geographies_count; i++) {
        PS_YAML_AT(path, "geographies[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, f->geographies[i].id, err));
    }
    if (f->area == NULL) return PS_OK;
    return CHECK_REFERENCE(yaml, "area.geography", "geography", f->geographies,
                           f->geographies_count, f->area->geography, err);
}

static ps_status check_scale(const ps_yaml *yaml, const ps_framework_data *data,
                             unsigned i, unsigned c, ps_error *err) {
    const ps_framework_column *column = &data->columns[c];
    char path[PS_YAML_PATH];
    if (column->least == NULL && column->most == NULL) return PS_OK;
    PS_YAML_AT(path, "data[%u].columns[%u].%s", i, c,
               column->least != NULL ? "least" : "most");
    if (!ps_data_kind_is_records(data->kind))
        return PS_YAML_WRONG(
            yaml, err, path,
            "a scale is of columns of surveys, registers and scores only");
    if (column->least != NULL && column->most != NULL &&
        !(*column->least < *column->most))
        return PS_YAML_WRONG(yaml, err, path, "%g is not below %g, the upper end",
                             *column->least, *column->most);
    return PS_OK;
}

static ps_status check_role(const ps_yaml *yaml, const ps_framework_data *data,
                            unsigned i, unsigned c, ps_error *err) {
    const ps_framework_column *column = &data->columns[c];
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "data[%u].columns[%u].several", i, c);
    if (column->several && !ps_data_kind_is_records(data->kind))
        return PS_YAML_WRONG(yaml, err, path,
                             "several answers in a cell are told apart in surveys, "
                             "registers and scores only");
    PS_TRY(check_scale(yaml, data, i, c, err));
    PS_YAML_AT(path, "data[%u].columns[%u].role", i, c);
    for (unsigned k = 0; k < c && column->role != NULL; k++)
        if (data->columns[k].role != NULL && *data->columns[k].role == *column->role)
            return PS_YAML_WRONG(yaml, err, path,
                                 "the column '%s' has the role %s already",
                                 data->columns[k].id, ps_column_role_text(*column->role));
    return PS_OK;
}

static ps_status check_columns(const ps_yaml *yaml, const ps_framework_data *data,
                               unsigned i, ps_keys *ids, ps_keys *values, ps_error *err) {
    char path[PS_YAML_PATH], key[160];
    for (unsigned c = 0; c < data->columns_count; c++) {
        const ps_framework_column *column = &data->columns[c];
        PS_YAML_AT(path, "data[%u].columns[%u].id", i, c);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, column->id, err));
        PS_TRY(check_role(yaml, data, i, c, err));
        for (unsigned v = 0; v < column->values_count; v++) {
            bool added;
            int32_t at;
            PS_YAML_AT(path, "data[%u].columns[%u].values[%u]", i, c, v);
            if (strlen(column->values[v]) > 64)
                return PS_YAML_WRONG(yaml, err, path,
                                     "'%.40s...' is too long for a value",
                                     column->values[v]);
            snprintf(key, sizeof key, "%s %s", column->id, column->values[v]);
            PS_TRY(ps_keys_add(values, ps_str_of(key), &at, &added, err));
            if (!added)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice",
                                     column->values[v]);
        }
    }
    return PS_OK;
}

static ps_status check_data(const ps_yaml *yaml, const ps_framework *f, ps_keys *ids,
                            ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < f->data_count; i++) {
        ps_keys *columns = NULL, *values = NULL;
        PS_YAML_AT(path, "data[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, f->data[i].id, err));
        ps_status status = ps_keys_create(&columns, err);
        if (status == PS_OK) status = ps_keys_create(&values, err);
        if (status == PS_OK)
            status = check_columns(yaml, &f->data[i], i, columns, values, err);
        ps_keys_free(columns);
        ps_keys_free(values);
        PS_TRY(status);
    }
    return PS_OK;
}

static ps_status check_priorities(const ps_yaml *yaml, const ps_framework *f,
                                  ps_keys *ids, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < f->priorities_count; i++) {
        PS_YAML_AT(path, "priorities[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, f->priorities[i].id, err));
    }
    return PS_OK;
}

/* ---- Measures ---- */

static ps_status check_filter(const ps_yaml *yaml, const ps_framework_data *data,
                              const ps_framework_filter *filter, const char *at,
                              ps_error *err) {
    char path[PS_YAML_PATH + 24], text[PS_YAML_HINT];
    if ((filter->is != NULL) == (filter->not != NULL))
        return PS_YAML_WRONG(yaml, err, at, "a filter needs either 'is' or 'not'%s",
                             filter->is != NULL ? ", not both" : "");
    snprintf(path, sizeof path, "%s.column", at);
    if (data->columns_count == 0)
        return PS_YAML_WRONG(yaml, err, path, "the data '%s' have no columns", data->id);
    PS_TRY(CHECK_REFERENCE(yaml, path, "column of these data", data->columns,
                           data->columns_count, filter->column, err));
    const ps_framework_column *column = &data->columns[PS_FRAMEWORK_PLACE(
        data->columns, data->columns_count, filter->column)];
    const bool is = filter->is != NULL;
    char *const *wanted = is ? filter->is : filter->not ;
    for (unsigned v = 0; v < (is ? filter->is_count : filter->not_count); v++) {
        const char *candidates[MOST_CANDIDATES];
        size_t n = 0;
        bool known = false;
        for (unsigned k = 0; k < column->values_count; k++) {
            known |= strcmp(column->values[k], wanted[v]) == 0;
            if (n < MOST_CANDIDATES) candidates[n++] = column->values[k];
        }
        if (known) continue;
        snprintf(path, sizeof path, "%s.%s[%u]", at, is ? "is" : "not", v);
        return PS_YAML_WRONG(yaml, err, path, "the column '%s' has no value '%.40s'%s",
                             column->id, wanted[v],
                             ps_yaml_hint(text, wanted[v], candidates, n));
    }
    return PS_OK;
}

static ps_status check_part(const ps_yaml *yaml, const ps_framework *f, unsigned m,
                            const char *key, const ps_framework_part *part,
                            ps_error *err) {
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u].%s.data", m, key);
    PS_TRY(CHECK_REFERENCE(yaml, path, "kind of data", f->data, f->data_count, part->data,
                           err));
    const ps_framework_data *data =
        &f->data[PS_FRAMEWORK_PLACE(f->data, f->data_count, part->data)];
    PS_YAML_AT(path, "measures[%u].%s.where", m, key);
    if (data->kind == PS_DATA_POPULATION && data->columns_count > 0 &&
        part->where_count > 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "people are not filtered: a job binds a population of those "
                             "who are meant");
    for (unsigned w = 0; w < part->where_count; w++) {
        PS_YAML_AT(path, "measures[%u].%s.where[%u]", m, key, w);
        PS_TRY(check_filter(yaml, data, &part->where[w], path, err));
    }
    if (part->by == NULL) return PS_OK;
    PS_YAML_AT(path, "measures[%u].%s.by", m, key);
    PS_TRY(CHECK_REFERENCE(yaml, path, "column of these data", data->columns,
                           data->columns_count, part->by, err));
    const ps_framework_column *by =
        &data->columns[PS_FRAMEWORK_PLACE(data->columns, data->columns_count, part->by)];
    if (by->values_count == 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "the column '%s' names no 'values' to have figures for",
                             by->id);
    return PS_OK;
}

static ps_status check_method(const ps_yaml *yaml, const ps_framework_measure *measure,
                              unsigned m, ps_error *err) {
    enum { MOST = 256 };
    char path[PS_YAML_PATH];
    const char *ids[MOST];
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    if (n > MOST) n = MOST;
    for (size_t i = 0; i < n; i++) ids[i] = methods[i]->id;
    PS_YAML_AT(path, "measures[%u].method", m);
    if (ps_method_find(measure->method) == NULL) {
        int near = ps_nearest(ps_str_of(measure->method), ids, n);
        return PS_YAML_WRONG(
            yaml, err, path, "'%.40s' is not a method%s%s%s", measure->method,
            near >= 0 ? "; did you mean '" : "; `placestat list methods` has them all",
            near >= 0 ? ids[near] : "", near >= 0 ? "'?" : "");
    }
    if (measure->table != NULL || measure->same_table_as != NULL) return PS_OK;
    const bool counts = strcmp(measure->method, "count_ci") == 0;
    const bool divides = strcmp(measure->method, "crude_rate") == 0 ||
                         strcmp(measure->method, "proportion") == 0;
    const bool ranks = strcmp(measure->method, "svy_share") == 0;
    const bool asks = strcmp(measure->method, "svy_mean") == 0 || ranks ||
                      strcmp(measure->method, "repeat") == 0;
    if ((counts || divides || asks) && measure->numerator == NULL) {
        PS_YAML_AT(path, "measures[%u]", m);
        return PS_YAML_WRONG(yaml, err, path,
                             "the key 'numerator' is missing, which the method %s needs",
                             measure->method);
    }
    if (ranks && measure->numerator->by == NULL) {
        PS_YAML_AT(path, "measures[%u].numerator", m);
        return PS_YAML_WRONG(
            yaml, err, path,
            "the key 'by' is missing: the column whose answers svy_share "
            "ranks");
    }
    if (counts && measure->denominator != NULL) {
        PS_YAML_AT(path, "measures[%u].denominator", m);
        return PS_YAML_WRONG(yaml, err, path,
                             "a count (count_ci) has no denominator; the methods "
                             "crude_rate and proportion do");
    }
    if (divides && measure->denominator == NULL) {
        PS_YAML_AT(path, "measures[%u]", m);
        return PS_YAML_WRONG(
            yaml, err, path,
            "the key 'denominator' is missing, which the method %s needs",
            measure->method);
    }
    return PS_OK;
}

/* A published figure takes the place of everything that is computed. */
static ps_status check_reference_figure(const ps_yaml *yaml,
                                        const ps_framework_measure *measure, unsigned m,
                                        ps_error *err) {
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u]", m);
    if ((measure->method != NULL) == (measure->reference != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "a measure has either a 'method' or a 'reference'");
    if (measure->reference == NULL) return PS_OK;
    if (measure->numerator != NULL || measure->denominator != NULL ||
        measure->table != NULL || measure->same_table_as != NULL ||
        measure->result != NULL || measure->baseline != NULL || measure->target != NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "a reference is shown as it was published: it has no "
                             "numerator, denominator, table, baseline or target");
    return PS_OK;
}

/* Of a table with rows of the values of a column of that name. */
static bool splits_people(const ps_framework *f, const ps_framework_measure *measure) {
    const ps_framework_part *below = measure->denominator;
    const ps_framework_table *t = measure->table;
    const int at = PS_FRAMEWORK_PLACE(f->data, f->data_count, below->data);
    return f->data[at].kind == PS_DATA_POPULATION && t != NULL &&
           t->rows == PS_ROWS_VALUES && t->of != NULL && strcmp(t->of, below->by) == 0;
}

/* A split denominator has a figure for each of the numerator's. */
static ps_status check_split(const ps_yaml *yaml, const ps_framework *f,
                             const ps_framework_measure *measure, unsigned m,
                             ps_error *err) {
    const ps_framework_part *above = measure->numerator, *below = measure->denominator;
    char path[PS_YAML_PATH];
    if (below == NULL || below->by == NULL) return PS_OK;
    if (splits_people(f, measure)) return PS_OK;
    if (above != NULL && above->by != NULL && strcmp(above->by, below->by) == 0 &&
        strcmp(above->data, below->data) == 0)
        return PS_OK;
    PS_YAML_AT(path, "measures[%u].denominator.by", m);
    return PS_YAML_WRONG(yaml, err, path,
                         "a denominator is split only by the column that its numerator "
                         "is split by, of the same data");
}

static ps_status check_periods(const ps_yaml *yaml, const ps_framework_measure *measure,
                               unsigned m, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < measure->periods_count; i++) {
        ps_error why = {.status = PS_OK};
        size_t n = 0;
        if (ps_period_expand(ps_str_of(measure->periods[i]), 1, 0, NULL, 0, &n, &why) ==
            PS_OK)
            continue;
        PS_YAML_AT(path, "measures[%u].periods[%u]", m, i);
        return PS_YAML_WRONG(yaml, err, path, "%s", why.text);
    }
    return PS_OK;
}

static const char *stated_key(const ps_framework_measure *m) {
    if (m->baseline != NULL && m->baseline->value != NULL) return "baseline.value";
    if (m->target != NULL && (m->target->value != NULL || m->target->step != NULL))
        return "target";
    return m->reference != NULL && m->reference->area == NULL ? "reference" : NULL;
}

/* A stated figure holds for one area, so the plan has to say which. */
static ps_status check_stated(const ps_yaml *yaml, const ps_framework *f, unsigned m,
                              ps_error *err) {
    const char *key = stated_key(&f->measures[m]);
    char path[PS_YAML_PATH];
    if (f->area != NULL || key == NULL) return PS_OK;
    PS_YAML_AT(path, "measures[%u].%s", m, key);
    return PS_YAML_WRONG(yaml, err, path,
                         "a stated figure holds for one area, but the framework's key "
                         "'area' is missing");
}

/* Figures that can be compared, wherever the measure is computed. */
static ps_status check_measure_before(const ps_yaml *yaml, const ps_framework *f,
                                      unsigned m, ps_error *err) {
    const ps_framework_measure *measure = &f->measures[m];
    char path[PS_YAML_PATH];
    if (measure->baseline == NULL || measure->baseline->measure == NULL) return PS_OK;
    const char *id = measure->baseline->measure;
    PS_YAML_AT(path, "measures[%u].baseline.measure", m);
    PS_TRY(
        CHECK_REFERENCE(yaml, path, "measure", f->measures, f->measures_count, id, err));
    const ps_framework_measure *before =
        &f->measures[PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id)];
    if (before == measure) return PS_YAML_WRONG(yaml, err, path, "is the measure itself");
    if (before->method == NULL || measure->method == NULL ||
        strcmp(before->method, measure->method) != 0 ||
        strcmp(before->unit, measure->unit) != 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "'%s' is of another method or unit, so its figures are no "
                             "baseline",
                             id);
    for (unsigned g = 0; g < measure->geographies_count; g++)
        if (!ps_framework_lists(before->geographies, before->geographies_count,
                                measure->geographies[g]))
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is not computed on the geography '%s' of this "
                                 "measure",
                                 id, measure->geographies[g]);
    return PS_OK;
}

static ps_status check_asked_geographies(const ps_yaml *yaml, const ps_framework *f,
                                         unsigned m, ps_error *err) {
    const ps_framework_measure *measure = &f->measures[m];
    char path[PS_YAML_PATH];
    for (unsigned g = 0; g < measure->geographies_count; g++) {
        PS_YAML_AT(path, "measures[%u].geographies[%u]", m, g);
        PS_TRY(CHECK_REFERENCE(yaml, path, "geography", f->geographies,
                               f->geographies_count, measure->geographies[g], err));
        for (unsigned k = 0; k < g; k++)
            if (strcmp(measure->geographies[k], measure->geographies[g]) == 0)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice",
                                     measure->geographies[g]);
    }
    return PS_OK;
}

static ps_status check_measures(const ps_yaml *yaml, const ps_framework *f, ps_keys *ids,
                                ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned m = 0; m < f->measures_count; m++) {
        const ps_framework_measure *measure = &f->measures[m];
        PS_YAML_AT(path, "measures[%u].id", m);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, measure->id, err));
        PS_YAML_AT(path, "measures[%u].priority", m);
        PS_TRY(CHECK_REFERENCE(yaml, path, "priority", f->priorities, f->priorities_count,
                               measure->priority, err));
        if (measure->numerator != NULL)
            PS_TRY(check_part(yaml, f, m, "numerator", measure->numerator, err));
        if (measure->denominator != NULL)
            PS_TRY(check_part(yaml, f, m, "denominator", measure->denominator, err));
        if (measure->multiplier != NULL &&
            !(*measure->multiplier > 0 && *measure->multiplier <= 1e9)) {
            PS_YAML_AT(path, "measures[%u].multiplier", m);
            return PS_YAML_WRONG(
                yaml, err, path,
                "%g is not above 0 and up to 1,000,000,000, such as 1000",
                *measure->multiplier);
        }
        PS_TRY(check_reference_figure(yaml, measure, m, err));
        if (measure->reference == NULL) {
            PS_TRY(check_method(yaml, measure, m, err));
            PS_TRY(ps_framework_check_table(yaml, f, m, err));
        }
        PS_TRY(check_split(yaml, f, measure, m, err));
        PS_TRY(check_periods(yaml, measure, m, err));
        char polarity[PS_YAML_PATH];
        PS_YAML_AT(path, "measures[%u]", m);
        PS_YAML_AT(polarity, "measures[%u].polarity", m);
        PS_TRY(ps_framework_check_goal(yaml, measure, path, polarity, err));
        PS_TRY(ps_framework_check_figures(yaml, measure, measure->baseline,
                                          measure->target, path, err));
        PS_TRY(check_stated(yaml, f, m, err));
        PS_TRY(check_asked_geographies(yaml, f, m, err));
        PS_TRY(check_measure_before(yaml, f, m, err));
        if (measure->min_base < 0) {
            PS_YAML_AT(path, "measures[%u].min_base", m);
            return PS_YAML_WRONG(yaml, err, path, "%lld is below 0",
                                 (long long)measure->min_base);
        }
    }
    return PS_OK;
}

/* ---- Report ---- */

static const char *const blanks[] = {
    "title",           "area",   "period", "value",  "lower", "upper", "unit", "baseline",
    "baseline_period", "target", "change", "reason", NULL};

static ps_status check_text(const ps_yaml *yaml, const char *path, const char *text,
                            ps_error *err) {
    char name[32];
    for (const char *p = strchr(text, '{'); p != NULL; p = strchr(p + 1, '{')) {
        size_t n = strcspn(p + 1, "{}");
        if (p[1 + n] != '}' || n >= sizeof name)
            return PS_YAML_WRONG(yaml, err, path,
                                 "a '{' without its '}', as in '{value}'");
        memcpy(name, p + 1, n);
        name[n] = '\0';
        PS_TRY(check_choice(yaml, path, "what can be filled in", blanks, name, err));
    }
    return PS_OK;
}

static ps_status check_report(const ps_yaml *yaml, const ps_framework *f, ps_keys *order,
                              ps_keys *worded, ps_error *err) {
    const ps_framework_report *report = f->report;
    char path[PS_YAML_PATH];
    bool added;
    int32_t at;
    if (report == NULL) return PS_OK;
    for (unsigned i = 0; i < report->order_count; i++) {
        PS_YAML_AT(path, "report.order[%u]", i);
        PS_TRY(CHECK_REFERENCE(yaml, path, "measure", f->measures, f->measures_count,
                               report->order[i], err));
        PS_TRY(ps_keys_add(order, ps_str_of(report->order[i]), &at, &added, err));
        if (!added)
            return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", report->order[i]);
    }
    for (unsigned i = 0; i < report->wording_count; i++) {
        const ps_framework_wording *wording = &report->wording[i];
        PS_YAML_AT(path, "report.wording[%u].status", i);
        PS_TRY(check_choice(yaml, path, "the status of a target", ps_framework_statuses(),
                            wording->status, err));
        PS_TRY(ps_keys_add(worded, ps_str_of(wording->status), &at, &added, err));
        if (!added)
            return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", wording->status);
        PS_YAML_AT(path, "report.wording[%u].text", i);
        PS_TRY(check_text(yaml, path, wording->text, err));
    }
    return PS_OK;
}

enum {
    OF_SELF,
    OF_GEOGRAPHIES,
    OF_DATA,
    OF_PRIORITIES,
    OF_MEASURES,
    OF_COMPARISONS,
    OF_ORDER,
    OF_WORDING,
    N_KEYS
};

static ps_status check_all(const ps_yaml *yaml, const ps_framework *f, ps_keys **keys,
                           ps_error *err) {
    PS_TRY(ps_yaml_check_id(yaml, keys[OF_SELF], "id", f->id, err));
    PS_TRY(check_years(yaml, f, err));
    PS_TRY(check_geographies(yaml, f, keys[OF_GEOGRAPHIES], err));
    PS_TRY(check_data(yaml, f, keys[OF_DATA], err));
    PS_TRY(check_priorities(yaml, f, keys[OF_PRIORITIES], err));
    PS_TRY(check_measures(yaml, f, keys[OF_MEASURES], err));
    PS_TRY(ps_framework_check_tailored(yaml, f, err));
    PS_TRY(ps_framework_check_comparisons(yaml, f, keys[OF_COMPARISONS], err));
    return check_report(yaml, f, keys[OF_ORDER], keys[OF_WORDING], err);
}

static ps_status check(const ps_yaml *yaml, const ps_framework *f, ps_error *err) {
    ps_keys *keys[N_KEYS] = {NULL};
    ps_status status = PS_OK;
    for (size_t i = 0; i < N_KEYS && status == PS_OK; i++)
        status = ps_keys_create(&keys[i], err);
    if (status == PS_OK) status = check_all(yaml, f, keys, err);
    for (size_t i = 0; i < N_KEYS; i++) ps_keys_free(keys[i]);
    return status;
}

/* ---- Defaults ---- */

/* The measures that the order leaves out follow in the order of the file. The count grows
 * with each text, so that a list made in part is freed with the rest. */
static ps_status complete_order(ps_framework *f, ps_error *err) {
    ps_framework_report *report = f->report;
    char **order = ps_resize(report->order, f->measures_count, sizeof *order);
    if (order == NULL) return ps_fail_nomem(err);
    report->order = order;
    const unsigned given = report->order_count;
    for (unsigned m = 0; m < f->measures_count; m++) {
        bool there = false;
        for (unsigned i = 0; i < given && !there; i++)
            there = strcmp(order[i], f->measures[m].id) == 0;
        if (there) continue;
        order[report->order_count] = NULL;
        PS_TRY(ps_yaml_default_text(&order[report->order_count], f->measures[m].id, err));
        report->order_count++;
    }
    return PS_OK;
}

static void share_table(const ps_framework *f, ps_framework_measure *measure) {
    const char *id = measure->same_table_as;
    if (id == NULL) return;
    measure->table =
        f->measures[PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id)].table;
}

ps_status ps_framework_resolve(const ps_yaml *yaml, ps_framework *f, ps_error *err) {
    PS_TRY(check(yaml, f, err));
    if (f->years == NULL) f->years = ps_zalloc(1, sizeof *f->years);
    if (f->report == NULL) f->report = ps_zalloc(1, sizeof *f->report);
    if (f->years == NULL || f->report == NULL) return ps_fail_nomem(err);
    PS_YAML_DEFAULT(f->years->kind, PS_YEAR_FINANCIAL, err);
    for (unsigned m = 0; m < f->measures_count; m++) {
        PS_YAML_DEFAULT(f->measures[m].multiplier, 1.0, err);
        PS_TRY(ps_yaml_default_text(&f->measures[m].method, "reference", err));
        share_table(f, &f->measures[m]);
    }
    PS_TRY(ps_yaml_default_text(&f->report->title, f->title, err));
    PS_TRY(complete_order(f, err));
    return ps_framework_complete_comparisons(f, err);
}
