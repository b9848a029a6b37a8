/* Checks of the tables that methods work on: does the method take such columns and give
 * such results, and does the framework have what stands in them?
 */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"
#include "indicators/method.h"

enum { MOST_NAMES = 128 };

typedef struct place {
    const ps_yaml *yaml;
    const ps_framework *f;
    unsigned m; /* the measure */
    const ps_framework_measure *measure;
    const ps_framework_table *table; /* its own or another's */
    const ps_method *method;
} place;

#define WRONG(p, err, at, ...)                    \
    (PS_YAML_AT(path, "measures[%u]" at, (p)->m), \
     PS_YAML_WRONG((p)->yaml, err, path, __VA_ARGS__))

/* One of n names, each the first member of a structure of `size` bytes. */
static ps_status check_name(const place *p, const char *path, const char *what,
                            const void *list, size_t n, size_t size, const char *name,
                            ps_error *err) {
    const char *candidates[MOST_NAMES];
    char hint[PS_YAML_HINT];
    size_t k = 0;
    if (ps_framework_place(list, n, size, name) >= 0) return PS_OK;
    for (; k < n && k < MOST_NAMES; k++)
        memcpy(&candidates[k], (const char *)list + k * size, sizeof candidates[k]);
    return PS_YAML_WRONG(p->yaml, err, path, "%s has no %s '%.40s'%s", p->method->id,
                         what, name, ps_yaml_hint(hint, name, candidates, k));
}

static ps_status check_reference(const place *p, const char *path, const char *what,
                                 const void *list, size_t n, size_t size, const char *id,
                                 ps_error *err) {
    const char *candidates[MOST_NAMES];
    char hint[PS_YAML_HINT];
    size_t k = 0;
    if (ps_framework_place(list, n, size, id) >= 0) return PS_OK;
    for (; k < n && k < MOST_NAMES; k++)
        memcpy(&candidates[k], (const char *)list + k * size, sizeof candidates[k]);
    return PS_YAML_WRONG(p->yaml, err, path, "no %s has the id '%.40s'%s", what, id,
                         ps_yaml_hint(hint, id, candidates, k));
}
#define CHECK_REFERENCE(p, path, what, list, n, id, err) \
    check_reference(p, path, what, list, n, sizeof *(list), id, err)

/* A measure that stands before this one, so that no figure waits for itself. */
static ps_status check_earlier(const place *p, const char *path, const char *id,
                               ps_error *err) {
    PS_TRY(CHECK_REFERENCE(p, path, "measure", p->f->measures, p->f->measures_count, id,
                           err));
    if (PS_FRAMEWORK_PLACE(p->f->measures, p->m, id) >= 0) return PS_OK;
    return PS_YAML_WRONG(p->yaml, err, path,
                         "the measure '%s' does not stand before this one", id);
}

static const ps_framework_data *data_of(const place *p, const char *id) {
    const int at = PS_FRAMEWORK_PLACE(p->f->data, p->f->data_count, id);
    return at >= 0 ? &p->f->data[at] : NULL;
}

/* ---- Rows ---- */

static ps_status check_of(const place *p, ps_error *err) {
    const ps_framework_table *t = p->table;
    char path[PS_YAML_PATH];
    const bool wanted =
        t->rows != PS_ROWS_ONE && t->rows != PS_ROWS_PERIODS && t->rows != PS_ROWS_MONTHS;
    if (wanted != (t->of != NULL))
        return WRONG(p, err, ".table", "%s",
                     wanted ? "the key 'of' is missing: which geography, column or data "
                              "the rows are of"
                            : "'of' goes with rows: areas, values, records or measures");
    PS_YAML_AT(path, "measures[%u].table.of", p->m);
    if (t->rows == PS_ROWS_AREAS || t->rows == PS_ROWS_MEASURES)
        return CHECK_REFERENCE(p, path, "geography", p->f->geographies,
                               p->f->geographies_count, t->of, err);
    if (t->rows == PS_ROWS_RECORDS)
        return CHECK_REFERENCE(p, path, "kind of data", p->f->data, p->f->data_count,
                               t->of, err);
    if (t->rows != PS_ROWS_VALUES) return PS_OK;
    const ps_framework_data *data =
        p->measure->numerator != NULL ? data_of(p, p->measure->numerator->data) : NULL;
    if (data == NULL)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "rows of values need the key 'numerator', whose column "
                             "they are of");
    return CHECK_REFERENCE(p, path, "column of the numerator's data", data->columns,
                           data->columns_count, t->of, err);
}

static ps_status check_rows(const place *p, ps_error *err) {
    const ps_framework_table *t = p->table;
    char path[PS_YAML_PATH];
    PS_TRY(check_of(p, err));
    if (t->whole != NULL && t->rows != PS_ROWS_AREAS && t->rows != PS_ROWS_MEASURES)
        return WRONG(p, err, ".table.whole", "goes with rows: areas or measures");
    const bool whole = t->whole != NULL && *t->whole;
    for (unsigned g = 0; whole && g < p->measure->geographies_count; g++) {
        PS_YAML_AT(path, "measures[%u].geographies[%u]", p->m, g);
        if (strcmp(p->measure->geographies[g], t->of) != 0)
            return PS_YAML_WRONG(p->yaml, err, path,
                                 "a table of all areas of '%s' (whole) has figures for "
                                 "these alone",
                                 t->of);
    }
    if (t->earlier != NULL && t->rows != PS_ROWS_RECORDS)
        return WRONG(p, err, ".table.earlier", "goes with rows: records");
    if ((t->rows == PS_ROWS_PERIODS) && t->periods == NULL)
        return WRONG(p, err, ".table", "rows: periods need the key 'periods'");
    if ((t->rows == PS_ROWS_MEASURES) != (t->indicators != NULL))
        return WRONG(p, err, ".table", "rows: measures and 'indicators' go together");
    for (unsigned i = 0; i < t->periods_count; i++) {
        ps_error why = {.status = PS_OK};
        size_t n = 0;
        PS_YAML_AT(path, "measures[%u].table.periods[%u]", p->m, i);
        if (ps_period_expand(ps_str_of(t->periods[i]), 1, 0, NULL, 0, &n, &why) != PS_OK)
            return PS_YAML_WRONG(p->yaml, err, path, "%s", why.text);
    }
    for (unsigned i = 0; i < t->indicators_count; i++) {
        PS_YAML_AT(path, "measures[%u].table.indicators[%u].measure", p->m, i);
        PS_TRY(check_earlier(p, path, t->indicators[i].measure, err));
    }
    return PS_OK;
}

/* ---- Columns ---- */

static bool key_fits(ps_table_key key, const ps_framework_table *t) {
    const bool areas = t->rows == PS_ROWS_AREAS || t->rows == PS_ROWS_MEASURES;
    switch (key) {
        case PS_KEY_AREA:
        case PS_KEY_NEIGHBOURS:
        case PS_KEY_X:
        case PS_KEY_Y:
            return areas || t->rows == PS_ROWS_RECORDS;
        case PS_KEY_PERIOD:
            return true;
        case PS_KEY_MONTH:
            return t->rows == PS_ROWS_MONTHS;
        case PS_KEY_VALUE:
            return t->rows == PS_ROWS_VALUES;
        case PS_KEY_MEASURE:
        case PS_KEY_FIGURE:
        case PS_KEY_VERDICT:
        case PS_KEY_POLARITY:
        case PS_KEY_DOMAIN:
        case PS_KEY_WEIGHT:
        case PS_KEY_DOMAIN_WEIGHT:
            return t->rows == PS_ROWS_MEASURES;
    }
    return false;
}

static ps_status check_column(const place *p, unsigned c, ps_error *err) {
    const ps_framework_table *t = p->table;
    const ps_framework_cell *cell = &t->columns[c];
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u].table.columns[%u].column", p->m, c);
    const char *id = cell->data != NULL           ? cell->data
                     : t->rows == PS_ROWS_RECORDS ? t->of
                                                  : NULL;
    if (id == NULL)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "a column is one of an area table, then 'data' names it, or "
                             "of rows: records");
    if (cell->data != NULL) {
        PS_YAML_AT(path, "measures[%u].table.columns[%u].data", p->m, c);
        PS_TRY(CHECK_REFERENCE(p, path, "kind of data", p->f->data, p->f->data_count, id,
                               err));
        if (data_of(p, id)->kind != PS_DATA_AREA_TABLE)
            return PS_YAML_WRONG(p->yaml, err, path,
                                 "'%s' is of the kind %s, no "
                                 "area-table",
                                 id, ps_data_kind_text(data_of(p, id)->kind));
        PS_YAML_AT(path, "measures[%u].table.columns[%u].column", p->m, c);
    }
    const ps_framework_data *data = data_of(p, id);
    return CHECK_REFERENCE(p, path, "column of these data", data->columns,
                           data->columns_count, cell->column, err);
}

static ps_status check_count(const place *p, unsigned c, ps_error *err) {
    const ps_framework_cell *cell = &p->table->columns[c];
    char path[PS_YAML_PATH];
    const bool numerator = *cell->count == PS_COUNT_NUMERATOR;
    if ((numerator ? p->measure->numerator : p->measure->denominator) != NULL)
        return PS_OK;
    PS_YAML_AT(path, "measures[%u].table.columns[%u].count", p->m, c);
    return PS_YAML_WRONG(p->yaml, err, path, "the measure has no %s",
                         numerator ? "numerator" : "denominator");
}

static ps_status check_cell_period(const place *p, unsigned c, ps_error *err) {
    const ps_framework_cell *cell = &p->table->columns[c];
    ps_error why = {.status = PS_OK};
    char path[PS_YAML_PATH];
    size_t n = 0;
    if (cell->period == NULL) return PS_OK;
    PS_YAML_AT(path, "measures[%u].table.columns[%u].period", p->m, c);
    if (cell->count == NULL && cell->measure == NULL && cell->column == NULL)
        return PS_YAML_WRONG(p->yaml, err, path, "goes with count, measure or column");
    if (strcmp(cell->period, "previous") == 0) {
        if (cell->count != NULL) return PS_OK;
        return PS_YAML_WRONG(p->yaml, err, path, "'previous' goes with count");
    }
    if (strcmp(cell->period, "baseline") == 0) {
        if (p->measure->baseline != NULL && p->measure->baseline->period != NULL)
            return PS_OK;
        return PS_YAML_WRONG(p->yaml, err, path,
                             "the measure has no baseline with a period");
    }
    if (ps_period_expand(ps_str_of(cell->period), 1, 0, NULL, 0, &n, &why) != PS_OK)
        return PS_YAML_WRONG(p->yaml, err, path, "%s", why.text);
    return PS_OK;
}

/* The column whose values are the rows. */
static const ps_framework_column *rows_of(const place *p) {
    if (p->table->rows != PS_ROWS_VALUES) return NULL;
    const ps_framework_data *data = data_of(p, p->measure->numerator->data);
    return &data->columns[PS_FRAMEWORK_PLACE(data->columns, data->columns_count,
                                             p->table->of)];
}

static ps_status check_numbers(const place *p, unsigned c, ps_error *err) {
    const ps_framework_cell *cell = &p->table->columns[c];
    const ps_framework_column *rows = rows_of(p);
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u].table.columns[%u].numbers", p->m, c);
    if (rows == NULL) return PS_YAML_WRONG(p->yaml, err, path, "goes with rows: values");
    if (cell->numbers_count != rows->values_count)
        return PS_YAML_WRONG(p->yaml, err, path, "%u numbers for the %u values of '%s'",
                             cell->numbers_count, rows->values_count, rows->id);
    return PS_OK;
}

static bool counts_denominator(const ps_framework_table *t) {
    for (unsigned c = 0; c < t->columns_count; c++)
        if (t->columns[c].count != NULL && *t->columns[c].count == PS_COUNT_DENOMINATOR)
            return true;
    return false;
}

/* A rate of each value is of the people of that value. */
static ps_status check_people(const place *p, ps_error *err) {
    const ps_framework_part *below = p->measure->denominator;
    const ps_framework_column *rows = rows_of(p);
    char path[PS_YAML_PATH];
    if (rows == NULL || below == NULL ||
        data_of(p, below->data)->kind != PS_DATA_POPULATION)
        return PS_OK;
    const bool strata =
        PS_FRAMEWORK_PLACE(p->method->input, p->method->n_input, "stratum") >= 0;
    if (below->by == NULL && strata && counts_denominator(p->table))
        return WRONG(p, err, ".denominator",
                     "each row of the table would have the people of all values of "
                     "'%.40s': 'by: %.40s' takes those of its own",
                     rows->id, rows->id);
    const ps_framework_data *people = data_of(p, below->data);
    const int at =
        below->by == NULL
            ? -1
            : PS_FRAMEWORK_PLACE(people->columns, people->columns_count, below->by);
    for (unsigned v = 0; at >= 0 && v < rows->values_count; v++)
        if (!ps_framework_lists(people->columns[at].values,
                                people->columns[at].values_count, rows->values[v]))
            return WRONG(p, err, ".denominator.by",
                         "the column '%.40s' of '%.40s' has no value '%.40s', which the "
                         "table has a row of",
                         below->by, people->id, rows->values[v]);
    return PS_OK;
}

static ps_status check_cell(const place *p, unsigned c, ps_error *err) {
    const ps_framework_table *t = p->table;
    const ps_framework_cell *cell = &t->columns[c];
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u].table.columns[%u].name", p->m, c);
    PS_TRY(check_name(p, path, "column", p->method->input, p->method->n_input,
                      sizeof *p->method->input, cell->name, err));
    PS_YAML_AT(path, "measures[%u].table.columns[%u]", p->m, c);
    const int sources = (cell->key != NULL) + (cell->count != NULL) +
                        (cell->measure != NULL) + (cell->column != NULL) +
                        (cell->text != NULL) + (cell->numbers != NULL);
    if (sources != 1)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "exactly one of key, count, measure, column, text and "
                             "numbers says what stands in a column");
    if (cell->numbers != NULL) PS_TRY(check_numbers(p, c, err));
    if (cell->key != NULL && !key_fits(*cell->key, t))
        return PS_YAML_WRONG(p->yaml, err, path, "rows of this kind have no such key");
    if (cell->count != NULL) PS_TRY(check_count(p, c, err));
    if (cell->column != NULL) PS_TRY(check_column(p, c, err));
    if (cell->measure != NULL) {
        PS_YAML_AT(path, "measures[%u].table.columns[%u].measure", p->m, c);
        PS_TRY(check_earlier(p, path, cell->measure, err));
    }
    if (cell->in != NULL) {
        PS_YAML_AT(path, "measures[%u].table.columns[%u].in", p->m, c);
        if (cell->key == NULL || *cell->key != PS_KEY_AREA)
            return PS_YAML_WRONG(p->yaml, err, path, "goes with key: area");
        if (t->rows != PS_ROWS_AREAS && t->rows != PS_ROWS_MEASURES)
            return PS_YAML_WRONG(p->yaml, err, path, "goes with rows: areas or measures");
        PS_TRY(CHECK_REFERENCE(p, path, "geography", p->f->geographies,
                               p->f->geographies_count, cell->in, err));
    }
    if (cell->take != NULL && cell->measure == NULL) {
        PS_YAML_AT(path, "measures[%u].table.columns[%u].take", p->m, c);
        return PS_YAML_WRONG(p->yaml, err, path, "goes with measure");
    }
    return check_cell_period(p, c, err);
}

static ps_status check_inputs(const place *p, ps_error *err) {
    const ps_framework_table *t = p->table;
    char path[PS_YAML_PATH];
    for (unsigned c = 0; c < t->columns_count; c++) {
        PS_TRY(check_cell(p, c, err));
        if (PS_FRAMEWORK_PLACE(t->columns, c, t->columns[c].name) < 0) continue;
        PS_YAML_AT(path, "measures[%u].table.columns[%u].name", p->m, c);
        return PS_YAML_WRONG(p->yaml, err, path, "'%s' stands twice", t->columns[c].name);
    }
    for (size_t i = 0; i < p->method->n_input; i++) {
        const ps_method_column *in = &p->method->input[i];
        if (in->required &&
            PS_FRAMEWORK_PLACE(t->columns, t->columns_count, in->name) < 0)
            return WRONG(p, err, ".table.columns",
                         "the column '%s' is missing, which %s "
                         "needs",
                         in->name, p->method->id);
    }
    for (unsigned i = 0; i < t->parameters_count; i++) {
        PS_YAML_AT(path, "measures[%u].table.parameters[%u].name", p->m, i);
        PS_TRY(check_name(p, path, "parameter", p->method->param, p->method->n_param,
                          sizeof *p->method->param, t->parameters[i].name, err));
    }
    return PS_OK;
}

/* ---- Result ---- */

static ps_status check_output(const place *p, const char *key, const char *name,
                              ps_error *err) {
    char path[PS_YAML_PATH];
    if (name == NULL) return PS_OK;
    PS_YAML_AT(path, "measures[%u].result.%s", p->m, key);
    return check_name(p, path, "result", p->method->output, p->method->n_output,
                      sizeof *p->method->output, name, err);
}

static ps_status check_result(const place *p, ps_error *err) {
    const ps_framework_result *r = p->measure->result;
    const bool whole = p->table->whole != NULL && *p->table->whole;
    char path[PS_YAML_PATH];
    PS_TRY(check_output(p, "value", r->value, err));
    PS_TRY(check_output(p, "lower", r->lower, err));
    PS_TRY(check_output(p, "upper", r->upper, err));
    PS_TRY(check_output(p, "numerator", r->numerator, err));
    PS_TRY(check_output(p, "denominator", r->denominator, err));
    PS_TRY(check_output(p, "verdict", r->verdict, err));
    PS_TRY(check_output(p, "item", r->item, err));
    PS_TRY(check_output(p, "latest", r->latest, err));
    if (r->area != NULL && !whole)
        return WRONG(p, err, ".result.area", "goes with a table of all areas (whole)");
    PS_TRY(
        check_output(p, "area", whole && r->area == NULL ? "area_code" : r->area, err));
    for (unsigned w = 0; w < r->where_count; w++) {
        PS_YAML_AT(path, "measures[%u].result.where[%u].column", p->m, w);
        PS_TRY(check_name(p, path, "result", p->method->output, p->method->n_output,
                          sizeof *p->method->output, r->where[w].column, err));
        PS_YAML_AT(path, "measures[%u].result.where[%u]", p->m, w);
        if ((r->where[w].is != NULL) == (r->where[w].not != NULL))
            return PS_YAML_WRONG(p->yaml, err, path,
                                 "a filter needs either 'is' or 'not'");
    }
    return PS_OK;
}

/* ---- Whose table ---- */

/* The table of the measure that `same_table_as` names. */
static ps_status find_shared(place *p, ps_error *err) {
    const ps_framework_measure *measure = p->measure;
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "measures[%u].same_table_as", p->m);
    if (measure->table != NULL)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "a measure has either a 'table' or that of another measure");
    PS_TRY(check_earlier(p, path, measure->same_table_as, err));
    const ps_framework_measure *other =
        &p->f->measures[PS_FRAMEWORK_PLACE(p->f->measures, p->m, measure->same_table_as)];
    if (other->table == NULL)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "the measure '%s' has no key 'table' of its own%s%s",
                             other->id, other->same_table_as != NULL ? "; name " : "",
                             other->same_table_as != NULL ? other->same_table_as : "");
    if (strcmp(other->method, measure->method) != 0)
        return PS_YAML_WRONG(p->yaml, err, path,
                             "the table of '%s' is for the method %s, not for %s",
                             other->id, other->method, measure->method);
    p->table = other->table;
    return PS_OK;
}

ps_status ps_framework_check_table(const ps_yaml *yaml, const ps_framework *f, unsigned m,
                                   ps_error *err) {
    const ps_framework_measure *measure = &f->measures[m];
    char path[PS_YAML_PATH];
    place p = {yaml, f, m, measure, measure->table, ps_method_find(measure->method)};
    if (measure->same_table_as != NULL) PS_TRY(find_shared(&p, err));
    if ((p.table != NULL) != (measure->result != NULL))
        return WRONG(&p, err, "", "'table' and 'result' go together");
    if (p.table == NULL) return PS_OK;
    PS_TRY(check_rows(&p, err));
    PS_TRY(check_people(&p, err));
    PS_TRY(check_inputs(&p, err));
    return check_result(&p, err);
}
