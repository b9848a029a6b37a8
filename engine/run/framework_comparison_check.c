/* The comparisons of a framework: do their geographies and measures exist, and can they
 * be compared? */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

static ps_status check_list(const ps_yaml *yaml, const ps_framework *f, unsigned i,
                            const char *key, char *const *list, unsigned n,
                            ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned k = 0; k < n; k++) {
        PS_YAML_AT(path, "comparisons[%u].%s[%u]", i, key, k);
        PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "geography", f->geographies,
                                            f->geographies_count, list[k], err));
        for (unsigned other = 0; other < k; other++)
            if (strcmp(list[other], list[k]) == 0)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", list[k]);
    }
    return PS_OK;
}

static ps_status check_apart(const ps_yaml *yaml, const ps_framework_comparison *c,
                             unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned t = 0; t < c->there_count; t++)
        for (unsigned h = 0; h < c->here_count; h++) {
            if (strcmp(c->there[t], c->here[h]) != 0) continue;
            PS_YAML_AT(path, "comparisons[%u].there[%u]", i, t);
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' stands under 'here', too, and an area is not "
                                 "compared with itself",
                                 c->there[t]);
        }
    return PS_OK;
}

/* ---- Published figures ---- */

const ps_framework_column *ps_framework_role(const ps_framework_data *data,
                                             ps_column_role role) {
    for (unsigned c = 0; c < data->columns_count; c++)
        if (data->columns[c].role != NULL && *data->columns[c].role == role)
            return &data->columns[c];
    return NULL;
}

/* What published figures have to have. */
static ps_status check_roles(const ps_yaml *yaml, const ps_framework_data *data,
                             const char *path, ps_error *err) {
    static const ps_column_role needed[] = {PS_ROLE_MEASURE, PS_ROLE_COMPARATOR};
    for (size_t k = 0; k < sizeof needed / sizeof *needed; k++)
        if (ps_framework_role(data, needed[k]) == NULL)
            return PS_YAML_WRONG(yaml, err, path,
                                 "no column of the data '%s' has the role %s", data->id,
                                 ps_column_role_text(needed[k]));
    if (ps_framework_role(data, PS_ROLE_MEASURE)->values_count > 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "the values of the column '%s' are the measures, and are "
                             "not listed",
                             ps_framework_role(data, PS_ROLE_MEASURE)->id);
    if (ps_framework_role(data, PS_ROLE_COMPARATOR)->values_count == 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "the column '%s' has no values, which are the comparators",
                             ps_framework_role(data, PS_ROLE_COMPARATOR)->id);
    if (ps_framework_role(data, PS_ROLE_VALUE) != NULL ||
        (ps_framework_role(data, PS_ROLE_NUMERATOR) != NULL &&
         ps_framework_role(data, PS_ROLE_DENOMINATOR) != NULL))
        return PS_OK;
    return PS_YAML_WRONG(yaml, err, path,
                         "the data '%s' need a column with the role value, or two with "
                         "numerator and denominator",
                         data->id);
}

static ps_status check_around(const ps_yaml *yaml, const ps_framework_comparison *c,
                              const ps_framework_column *column, unsigned i,
                              ps_error *err) {
    char path[PS_YAML_PATH], hint[PS_YAML_HINT];
    for (unsigned k = 0; k < c->around_count; k++) {
        if (ps_framework_lists(column->values, column->values_count, c->around[k]))
            continue;
        PS_YAML_AT(path, "comparisons[%u].around[%u]", i, k);
        return PS_YAML_WRONG(
            yaml, err, path, "'%.40s' is no comparator of '%s'%s", c->around[k],
            c->published,
            ps_yaml_hint(hint, c->around[k], (const char *const *)column->values,
                         column->values_count));
    }
    return PS_OK;
}

static ps_status check_published(const ps_yaml *yaml, const ps_framework *f,
                                 const ps_framework_comparison *c, unsigned i,
                                 ps_error *err) {
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "comparisons[%u]", i);
    if (c->published == NULL && c->there_count == 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "needs 'there', 'published' or both, to compare with");
    PS_YAML_AT(path, "comparisons[%u].around", i);
    if (c->published == NULL && c->around_count > 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "names comparators of 'published', which is missing");
    if (c->published == NULL) return PS_OK;
    PS_YAML_AT(path, "comparisons[%u].published", i);
    PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "data", f->data, f->data_count,
                                        c->published, err));
    const ps_framework_data *data =
        &f->data[PS_FRAMEWORK_PLACE(f->data, f->data_count, c->published)];
    if (data->kind != PS_DATA_COMPARATOR)
        return PS_YAML_WRONG(yaml, err, path,
                             "the data '%s' are of the kind %s; comparator is wanted",
                             data->id, ps_data_kind_text(data->kind));
    PS_TRY(check_roles(yaml, data, path, err));
    return check_around(yaml, c, ps_framework_role(data, PS_ROLE_COMPARATOR), i, err);
}

static ps_status check_measures(const ps_yaml *yaml, const ps_framework *f,
                                const ps_framework_comparison *c, unsigned i,
                                ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned m = 0; m < c->measures_count; m++) {
        PS_YAML_AT(path, "comparisons[%u].measures[%u]", i, m);
        PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "measure", f->measures,
                                            f->measures_count, c->measures[m], err));
        for (unsigned k = 0; k < m; k++)
            if (strcmp(c->measures[k], c->measures[m]) == 0)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice",
                                     c->measures[m]);
        const int at = PS_FRAMEWORK_PLACE(f->measures, f->measures_count, c->measures[m]);
        if (f->measures[at].reference != NULL)
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is one published figure, with nothing to compare "
                                 "it with",
                                 c->measures[m]);
    }
    return PS_OK;
}

ps_status ps_framework_check_comparisons(const ps_yaml *yaml, const ps_framework *f,
                                         ps_keys *ids, ps_error *err) {
    char path[PS_YAML_PATH];
    ps_period period;
    for (unsigned i = 0; i < f->comparisons_count; i++) {
        const ps_framework_comparison *c = &f->comparisons[i];
        PS_YAML_AT(path, "comparisons[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, c->id, err));
        PS_TRY(check_list(yaml, f, i, "here", c->here, c->here_count, err));
        PS_TRY(check_list(yaml, f, i, "there", c->there, c->there_count, err));
        PS_TRY(check_apart(yaml, c, i, err));
        PS_TRY(check_published(yaml, f, c, i, err));
        PS_TRY(check_measures(yaml, f, c, i, err));
        PS_YAML_AT(path, "comparisons[%u].baseline", i);
        if (c->baseline != NULL)
            PS_TRY(ps_framework_check_period(yaml, path, c->baseline, &period, err));
    }
    return PS_OK;
}

/* ---- Defaults ---- */

static bool is_counted(const ps_framework_measure *m) {
    static const char *const methods[] = {"count_ci", "crude_rate", "proportion"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (m->table == NULL && strcmp(m->method, methods[i]) == 0) return true;
    return false;
}

/* The count grows with each text, so that a list made in part is freed with the rest. */
static ps_status take_all(ps_framework *f, ps_framework_comparison *c, ps_error *err) {
    c->measures = ps_zalloc(f->measures_count, sizeof *c->measures);
    if (c->measures == NULL) return ps_fail_nomem(err);
    for (unsigned i = 0; i < f->report->order_count; i++) {
        const char *id = f->report->order[i];
        const int at = PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id);
        if (!is_counted(&f->measures[at])) continue;
        PS_TRY(ps_yaml_default_text(&c->measures[c->measures_count], id, err));
        c->measures_count++;
    }
    return PS_OK;
}

/* So that a job can say which texts of a file mean which measure. */
static ps_status name_measures(const ps_framework *f, ps_framework_column *column,
                               ps_error *err) {
    column->values = ps_zalloc(f->measures_count, sizeof *column->values);
    if (column->values == NULL) return ps_fail_nomem(err);
    for (unsigned m = 0; m < f->measures_count; m++) {
        PS_TRY(ps_yaml_default_text(&column->values[m], f->measures[m].id, err));
        column->values_count++;
    }
    return PS_OK;
}

ps_status ps_framework_complete_comparisons(ps_framework *f, ps_error *err) {
    for (unsigned d = 0; d < f->data_count; d++)
        for (unsigned c = 0; c < f->data[d].columns_count; c++) {
            ps_framework_column *column = &f->data[d].columns[c];
            if (column->role != NULL && *column->role == PS_ROLE_MEASURE &&
                column->values_count == 0)
                PS_TRY(name_measures(f, column, err));
        }
    for (unsigned i = 0; i < f->comparisons_count; i++)
        if (f->comparisons[i].measures_count == 0)
            PS_TRY(take_all(f, &f->comparisons[i], err));
    return PS_OK;
}
