#include "engine/run/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/comparison.h"
#include "engine/run/explain_judgement.h"
#include "engine/run/framework_check.h"
#include "engine/run/measures.h"
#include "engine/run/method_table.h"
#include "engine/run/people.h"
#include "engine/run/plan.h"
#include "engine/run/release.h"
#include "engine/run/tailoring.h"
#include "engine/run/yaml_check.h"
#include "indicators/method.h"

enum {
    MOST_FILES = 4,
    MOST_TEXTS = 40,
    MOST_CANDIDATES = 64,
    TEXT_BYTES = 128,
    SENTENCE_BYTES = 2048
};

typedef struct tally {
    ps_str text;
    int64_t rows;
} tally;

typedef struct explanation {
    const ps_explain_options *options;
    const ps_talk *talk;
    const char *asked; /* one of the measures */
    ps_job_file *job;
    ps_bindings *bindings;
    const ps_binding *binding; /* of the measure asked for */
    ps_geographies *geographies;
    ps_figures *figures;
    ps_records *records; /* NULL: there are none */
    ps_measures *measures;
    ps_release *release;
    ps_keys *texts;      /* what was counted, by the texts of the filters' columns */
    struct tally *tally; /* rows of each */
    ps_scope scope;
    size_t item;
    ps_measure_figure *figure;
    ps_keys *about; /* ids of the job that the figures told come from */
    bool about_all; /* some come from tables of other figures */
    ps_output *out;
    ps_arena *arena;
} explanation;

static void line(const explanation *e, const char *label, const char *text) {
    ps_explain_line(e->out, label, text);
}

/* ---- What it comes from ---- */

static ps_status come_from(const explanation *e, const char *id, ps_error *err) {
    int32_t unused;
    return ps_keys_add(e->about, ps_str_of(id), &unused, NULL, err);
}

/* The geography and all that it is built of. */
static ps_status come_from_geography(const explanation *e, const ps_geography *geo,
                                     ps_error *err) {
    PS_TRY(come_from(e, geo->spec->id, err));
    while (geo->base >= 0) {
        geo = &e->geographies->geography[geo->base];
        PS_TRY(come_from(e, geo->spec->id, err));
    }
    return PS_OK;
}

static bool is_input(const ps_job *job, ps_str id) {
    bool found = false;
    for (unsigned i = 0; i < job->areas_count; i++)
        found |= ps_str_is(id, job->areas[i].id);
    for (unsigned i = 0; i < job->points_count; i++)
        found |= ps_str_is(id, job->points[i].id);
    for (unsigned i = 0; i < job->records_count; i++)
        found |= ps_str_is(id, job->records[i].id);
    return found;
}

/* What is said of an input begins with its id. */
static bool concerns_figures(const void *context, const char *sentence) {
    const explanation *e = context;
    const ps_str id = {sentence, strcspn(sentence, ":")};
    return e->about_all || !is_input(e->job->job, id) ||
           ps_keys_find(e->about, id) != PS_NONE;
}

/* ---- What is asked for ---- */

/* The text of [FRAMEWORK:]MEASURE[/ITEM] from MEASURE on. */
static const char *asked_id(const explanation *e) {
    const char *colon = strchr(e->asked, ':');
    return colon != NULL ? colon + 1 : e->asked;
}

static const char *asked_item(const explanation *e) {
    const char *slash = strchr(asked_id(e), '/');
    return slash != NULL ? slash + 1 : NULL;
}

static bool asked_framework(const explanation *e, const char *id) {
    const size_t n = strcspn(e->asked, ":");
    if (e->asked[n] == '\0') return true;
    return strlen(id) == n && strncmp(e->asked, id, n) == 0;
}

static bool asked_measure(const explanation *e, const char *id) {
    const size_t n = strcspn(asked_id(e), "/");
    return strlen(id) == n && strncmp(asked_id(e), id, n) == 0;
}

/* In the framework that is named, else the first that has it. */
static ps_status find_measure(explanation *e, unsigned *m, ps_error *err) {
    const char *candidates[MOST_CANDIDATES];
    const ps_framework *first = NULL;
    char hint[PS_YAML_HINT];
    size_t n = 0;
    for (size_t k = 0; k < e->bindings->n; k++) {
        e->binding = &e->bindings->binding[k];
        const ps_framework *of = e->binding->framework;
        if (!asked_framework(e, of->id)) continue;
        if (first == NULL) first = of;
        for (*m = 0; *m < of->measures_count; ++*m) {
            if (asked_measure(e, of->measures[*m].id)) return PS_OK;
            if (n < MOST_CANDIDATES) candidates[n++] = of->measures[*m].id;
        }
    }
    if (first == NULL)
        return ps_fail(err, PS_CONFIG, "the job names no framework '%.*s'",
                       (int)strcspn(e->asked, ":"), e->asked);
    int near = ps_nearest(ps_str_of(asked_id(e)), candidates, n);
    return ps_fail(err, PS_CONFIG, "the framework %s has no measure '%.64s'%s", first->id,
                   asked_id(e),
                   near >= 0 ? ps_yaml_hint(hint, asked_id(e), candidates, n)
                             : "; `placestat list frameworks` has them all");
}

static ps_status find_area(const explanation *e, const ps_framework_measure *m,
                           size_t *geography, size_t *area, ps_error *err) {
    const char *text = e->options->area, *colon = strchr(text, ':');
    bool any = false;
    for (unsigned k = 0; k < m->geographies_count; k++) {
        const char *id = m->geographies[k];
        const int g = ps_measures_geography(e->geographies, id);
        const bool named = colon != NULL && (size_t)(colon - text) == strlen(id) &&
                           strncmp(text, id, strlen(id)) == 0;
        if (g < 0 || (colon != NULL && !named)) continue;
        any = true;
        const int32_t a = ps_keys_find(e->geographies->geography[g].areas->by_code,
                                       ps_str_of(colon != NULL ? colon + 1 : text));
        if (a == PS_NONE) continue;
        *geography = (size_t)g;
        *area = (size_t)a;
        return PS_OK;
    }
    if (!any)
        return ps_fail(err, PS_CONFIG,
                       "%s is not computed on '%.40s' here: no such geography of the "
                       "measure is in the job",
                       m->id, text);
    return ps_fail(err, PS_CONFIG,
                   "no area has the code '%.64s' in the geographies of %s; the column "
                   "area_code of measures.csv has them all",
                   colon != NULL ? colon + 1 : text, m->id);
}

static ps_status find_item(const explanation *e, size_t *item, ps_error *err) {
    const ps_scope *s = &e->scope;
    const char *candidates[MOST_CANDIDATES], *asked = asked_item(e);
    char hint[PS_YAML_HINT];
    size_t n = 0;
    *item = 0;
    if (asked == NULL && s->n_items == 1) return PS_OK;
    for (size_t i = 0; i < s->n_items; i++) {
        const char *name = s->measure->form->item(s, i);
        if (asked != NULL && strcmp(name, asked) == 0) {
            *item = i;
            return PS_OK;
        }
        if (n < MOST_CANDIDATES) candidates[n++] = name;
    }
    if (asked == NULL)
        return ps_fail(err, PS_CONFIG,
                       "%s has a figure for each of %zu items; name one, such as %s/%s",
                       s->measure->spec->id, s->n_items, s->measure->spec->id,
                       n > 0 ? candidates[0] : "");
    return ps_fail(err, PS_CONFIG, "%s has no item '%.40s'%s", s->measure->spec->id,
                   asked, ps_yaml_hint(hint, asked, candidates, n));
}

static ps_status find_period(const explanation *e, const ps_measure *m, size_t *k,
                             ps_error *err) {
    const char *candidates[MOST_CANDIDATES];
    char hint[PS_YAML_HINT];
    size_t n = 0;
    if (e->options->period == NULL && m->n_periods > 0) {
        *k = m->n_periods - 1;
        return PS_OK;
    }
    for (*k = 0; *k < m->n_periods; ++*k) {
        if (strcmp(m->period[*k].label, e->options->period) == 0) return PS_OK;
        if (n < MOST_CANDIDATES) candidates[n++] = m->period[*k].label;
    }
    if (m->n_periods == 0)
        return ps_fail(err, PS_CONFIG,
                       "%s has no period: its data have no dates in those "
                       "of the job",
                       m->spec->id);
    return ps_fail(err, PS_CONFIG, "%s has no figure for '%.40s'%s", m->spec->id,
                   e->options->period,
                   ps_yaml_hint(hint, e->options->period, candidates, n));
}

/* ---- What is told ---- */

static void tell_definition(const explanation *e, const ps_framework_measure *m) {
    const ps_framework *f = e->binding->framework;
    char text[TEXT_BYTES * 2];
    static const char *const better[] = {"; lower is better", "", "; higher is better"};
    snprintf(text, sizeof text, "%s (%s%s)", m->title, m->unit, better[m->polarity + 1]);
    line(e, "Measure", text);
    line(e, "Plan", f->title);
    for (unsigned p = 0; p < f->priorities_count; p++)
        if (strcmp(f->priorities[p].id, m->priority) == 0)
            line(e, "Priority", f->priorities[p].title);
    if (m->source != NULL) line(e, "Plan says", m->source);
    line(e, "Why", m->why);
}

static void tell_filters(const explanation *e, const ps_framework_part *part,
                         const ps_job_data *data) {
    for (unsigned w = 0; w < part->where_count; w++) {
        const ps_framework_filter *filter = &part->where[w];
        const ps_job_data_column *column = ps_binding_column(data, filter->column);
        const bool is = filter->is_count > 0;
        char *const *wanted = is ? filter->is : filter->not ;
        const unsigned n = is ? filter->is_count : filter->not_count;
        ps_output_printf(e->out, "%-11s %s %s", "  filter", filter->column,
                         is ? "is" : "is not");
        for (unsigned v = 0; v < n; v++)
            ps_output_printf(e->out, "%s %s", v > 0 ? " or" : "", wanted[v]);
        ps_output_printf(e->out, ": '%s'", column->column);
        const char *const first = is ? " is" : " is not", *before = first;
        for (unsigned v = 0; v < n; v++) {
            if (column->values_count == 0) {
                ps_output_printf(e->out, "%s '%s'", before, wanted[v]);
                before = " or";
            }
            for (unsigned k = 0; k < column->values_count; k++) {
                if (strcmp(column->values[k].id, wanted[v]) != 0) continue;
                for (unsigned t = 0; t < column->values[k].of_count; t++) {
                    ps_output_printf(e->out, "%s '%s'", before, column->values[k].of[t]);
                    before = " or";
                }
            }
        }
        ps_output_text(e->out, before == first ? " holds no such text\n" : "\n");
    }
}

static void tell_files(const explanation *e, const ps_data_set *d, size_t geography) {
    const int from = d->reach->first[geography];
    const size_t g = from >= 0 ? (size_t)from : d->reach->whole;
    const size_t files = ps_points_sources(d->count->points);
    ps_output_printf(e->out, "%-11s %zu:", "  files", files);
    for (size_t s = 0; s < files && s < MOST_FILES; s++)
        ps_output_printf(e->out, "%s %s", s > 0 ? "," : "",
                         ps_points_source_name(d->count->points, s));
    ps_output_text(e->out, files > MOST_FILES ? ", ...\n" : "\n");
    ps_rows rows;
    ps_matches m;
    ps_figures_rows(d, g, &rows, &m);
    if (ps_release_protects(e->release, (size_t)(d - e->figures->data))) {
        ps_output_printf(e->out, "%-11s ", "  rows");
        ps_rows_tell(&rows, e->out);
        return;
    }
    ps_output_printf(
        e->out,
        "%-11s %lld read = %lld matched to %s + %lld outside + %lld unlocated + %lld "
        "invalid + %lld duplicate + %lld filtered\n",
        "  rows", (long long)rows.read, (long long)m.matched,
        e->geographies->geography[g].spec->id, (long long)m.outside,
        (long long)rows.unlocated, (long long)rows.invalid, (long long)rows.duplicate,
        (long long)rows.filtered);
}

/* The texts of the columns that decide, in a group. */
static size_t decisive_text(const ps_framework_part *part, const ps_job_data *data,
                            const ps_data_set *d, int32_t group, char out[512]) {
    size_t used = 0;
    out[0] = '\0';
    for (unsigned w = 0; w < part->where_count; w++) {
        const ps_job_data_column *column = ps_binding_column(data, part->where[w].column);
        const ps_str text = ps_figures_group_text(d, group, column->column);
        int put = snprintf(out + used, 512 - used, "%s%.*s", used > 0 ? " / " : "",
                           (int)(text.n < 100 ? text.n : 100), text.p);
        used += put > 0 ? (size_t)put : 0;
        if (used >= 512) return 511;
    }
    return used;
}

static int by_text(const void *a, const void *b) {
    return ps_str_cmp(((const tally *)a)->text, ((const tally *)b)->text);
}

static ps_status tell_counted(explanation *e, const ps_framework_part *spec,
                              const ps_measure_part *part, const ps_job_data *data,
                              size_t g, size_t area, const ps_period *p, ps_error *err) {
    const ps_data_set *d = &e->figures->data[part->data];
    const bool *holds = ps_part_holds(part, d, e->item);
    ps_keys_free(e->texts);
    e->texts = NULL;
    ps_free(e->tally);
    e->tally = ps_zalloc(ps_figures_groups(d), sizeof *e->tally);
    if (e->tally == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_keys_create(&e->texts, err));
    int64_t total = 0;
    for (size_t i = 0; i < d->cells[g].n; i++) {
        const ps_tally_cell *cell = &d->cells[g].cell[i];
        char text[512];
        if (cell->area < 0 || (size_t)cell->area != area || !holds[cell->group]) continue;
        const ps_month month = d->group_month[cell->group];
        if (month == PS_NO_MONTH || month < p->first || month > p->last) continue;
        int32_t id;
        const size_t n = decisive_text(spec, data, d, cell->group, text);
        PS_TRY(ps_keys_add(e->texts, (ps_str){text, n}, &id, NULL, err));
        e->tally[id].rows += cell->count;
        total += cell->count;
    }
    ps_output_printf(e->out, "%-11s %lld %s in this area and period", "  counted",
                     (long long)total, d->spec->count != NULL ? "incidents" : "rows");
    const size_t n = spec->where_count > 0 ? ps_keys_size(e->texts) : 0;
    for (size_t k = 0; k < n; k++) e->tally[k].text = ps_keys_text(e->texts, (int32_t)k);
    if (n > 0) qsort(e->tally, n, sizeof *e->tally, by_text);
    for (size_t k = 0; k < n && k < MOST_TEXTS; k++)
        ps_output_printf(e->out, "%s %.*s %lld", k == 0 ? ":" : ",",
                         (int)e->tally[k].text.n, e->tally[k].text.p,
                         (long long)e->tally[k].rows);
    ps_output_text(e->out, n > MOST_TEXTS ? ", ...\n" : "\n");
    return PS_OK;
}

/* Month by month, where the months are few enough to be checked by hand. */
static ps_status tell_months(const explanation *e, const ps_measure_part *part, size_t g,
                             size_t area, const ps_period *p, ps_error *err) {
    enum { MOST_SHOWN = 24 };
    const ps_data_set *d = &e->figures->data[part->data];
    if (d->spec->date == NULL || d->stride > 1 || ps_period_months(p) > MOST_SHOWN)
        return PS_OK;
    const size_t span = ps_figures_span(d);
    int64_t *counts = ps_alloc(span, sizeof *counts);
    bool *covered = ps_alloc(span, sizeof *covered);
    if (counts == NULL || covered == NULL) {
        ps_free(counts), ps_free(covered);
        return ps_fail_nomem(err);
    }
    ps_figures_group_months(e->figures, g, area, part->data,
                            ps_part_holds(part, d, e->item), counts, covered);
    ps_output_printf(e->out, "%-11s", "  months");
    for (ps_month m = p->first; m <= p->last; m++) {
        char text[16];
        ps_month_text(m, text);
        const bool known = m >= d->first && m <= d->last && covered[m - d->first];
        ps_output_printf(e->out, "%s %s ", m > p->first ? "," : "", text);
        if (known)
            ps_output_int(e->out, counts[m - d->first]);
        else
            ps_output_text(e->out, "missing");
    }
    ps_output_text(e->out, "\n");
    ps_free(counts), ps_free(covered);
    return PS_OK;
}

/* Rows that are kept one by one: what became of them, and what they answer here. */
static void tell_records(const explanation *e, const ps_framework_part *spec,
                         const ps_measure_part *part, size_t g, size_t area,
                         const ps_period *p) {
    const ps_record_set *set = part->records;
    const ps_record_areas *areas = &set->areas[g];
    const uint8_t *answer = ps_part_answers(part, e->item);
    int64_t here[3] = {0};
    line(e, "  file", set->spec->file);
    ps_output_printf(e->out, "%-11s ", "  rows");
    ps_records_tell(set, "", e->out);
    tell_filters(e, spec, part->bound);
    if (!ps_records_know(set, g, area)) {
        line(e, "  counted", ps_records_why_unknown(set));
        return;
    }
    for (size_t k = areas->offset[area]; k < areas->offset[area + 1]; k++)
        if (ps_record_in(set, (size_t)areas->record[k], p->first, p->last))
            here[answer[areas->record[k]]]++;
    if (ps_release_protects_measure(e->release, e->scope.measure)) {
        ps_output_printf(e->out, "%-11s %lld rows in this area (by %s) and period pass\n",
                         "  counted", (long long)here[PS_ANSWER_YES], areas->how);
        return;
    }
    ps_output_printf(
        e->out,
        "%-11s %lld rows in this area (by %s) and period: %lld pass, %lld do "
        "not, %lld without an answer\n",
        "  counted", (long long)(here[0] + here[1] + here[2]), areas->how,
        (long long)here[PS_ANSWER_YES], (long long)here[PS_ANSWER_NO],
        (long long)here[PS_ANSWER_NONE]);
}

/* Of protected data no more than the outputs show. */
static void tell_protected(const explanation *e, const ps_measure_part *part, size_t g,
                           size_t area, const ps_period *p) {
    const ps_data_set *d = &e->figures->data[part->data];
    const bool *holds = ps_part_holds(part, d, e->item);
    int64_t total = 0;
    if (!ps_release_shows(e->release, part->data, holds, g, area, p->first, p->last)) {
        line(e, "  counted",
             "not shown, by disclosure control; `disclosure: public` in "
             "the job's points shows it, to those who may see it");
        return;
    }
    for (size_t i = 0; i < d->cells[g].n; i++) {
        const ps_tally_cell *cell = &d->cells[g].cell[i];
        if (cell->area < 0 || (size_t)cell->area != area || !holds[cell->group]) continue;
        const ps_month month = d->group_month[cell->group];
        if (month != PS_NO_MONTH && month >= p->first && month <= p->last)
            total += cell->count;
    }
    ps_output_printf(e->out, "%-11s %lld in this area and period\n", "  counted",
                     (long long)total);
}

static ps_status tell_part(explanation *e, const char *label,
                           const ps_framework_part *spec, const ps_measure_part *part,
                           size_t g, size_t area, const ps_period *p, ps_error *err) {
    const ps_framework *f = e->binding->framework;
    const ps_job_data *data = NULL;
    char text[TEXT_BYTES * 2];
    for (unsigned k = 0; k < f->data_count; k++)
        if (strcmp(f->data[k].id, spec->data) == 0) data = e->binding->data[k];
    line(e, label, spec->what);
    if (data != NULL) PS_TRY(come_from(e, data->input, err));
    if (part->people != NULL) {
        const ps_people *people = ps_geography_people(&e->geographies->geography[g],
                                                      part->people, p->first, p->last);
        const ps_job_population *from =
            people != NULL ? people->spec
                           : ps_job_population_find(e->job->job, part->people);
        snprintf(text, sizeof text, "%s = the job's population: %s", spec->data,
                 from->title);
        line(e, "  data", text);
        if (people == NULL) return PS_OK;
        if (from->year != 0)
            snprintf(text, sizeof text, "of mid-%d, %s", (int)from->year, people->method);
        line(e, "  people", from->year != 0 ? text : people->method);
        return PS_OK;
    }
    if (part->records != NULL) {
        snprintf(text, sizeof text, "%s = the job's records %s: %s", spec->data,
                 data->input, part->records->spec->title);
        line(e, "  data", text);
        if (ps_release_shows_measure(e->release, e->scope.measure, e->item, g, area,
                                     p->first, p->last))
            tell_records(e, spec, part, g, area, p);
        else
            line(e, "  counted", "not shown, by disclosure control");
        return PS_OK;
    }
    const ps_data_set *d = &e->figures->data[part->data];
    snprintf(text, sizeof text, "%s = the job's points %s: %s", spec->data, data->input,
             d->spec->title);
    line(e, "  data", text);
    tell_files(e, d, g);
    tell_filters(e, spec, data);
    if (ps_release_protects(e->release, part->data)) {
        tell_protected(e, part, g, area, p);
        return PS_OK;
    }
    PS_TRY(tell_counted(e, spec, part, data, g, area, p, err));
    return tell_months(e, part, g, area, p, err);
}

static void tell_cells(const explanation *e, const ps_table *table, size_t row) {
    const size_t n = ps_table_columns(table);
    ps_output_text(e->out, "  ");
    for (size_t c = 0; c < n; c++) {
        if (c > 0) ps_output_write(e->out, ",", 1);
        ps_output_csv_field(e->out, ps_table_cell(table, row, c));
    }
    ps_output_text(e->out, "\n");
}

/* Where the values of a column of an area table come from. */
static void tell_values(const explanation *e, const char *data, const char *column) {
    const ps_framework *plan = e->binding->framework;
    const ps_job *job = e->job->job;
    const ps_job_data *bound =
        e->binding->data[PS_FRAMEWORK_PLACE(plan->data, plan->data_count, data)];
    const char *value = ps_binding_column(bound, column)->column;
    ps_output_printf(e->out, "%s of %s = value %s of %s", column, data, value,
                     bound->input);
    for (unsigned t = 0; t < job->tables_count; t++)
        for (unsigned v = 0; strcmp(job->tables[t].id, bound->input) == 0 &&
                             v < job->tables[t].values_count;
             v++)
            if (strcmp(job->tables[t].values[v].id, value) == 0)
                ps_output_printf(e->out, ": column '%s' of %s",
                                 job->tables[t].values[v].column, job->tables[t].file);
}

/* The column of the records that are the rows. */
static void tell_field(const explanation *e, const ps_framework_table *l,
                       const char *column) {
    const ps_framework *plan = e->binding->framework;
    const ps_job_data_column *bound = ps_binding_column(
        e->binding->data[PS_FRAMEWORK_PLACE(plan->data, plan->data_count, l->of)],
        column);
    ps_output_printf(e->out, "%s of %s", column, l->of);
    if (bound != NULL)
        ps_output_printf(e->out, ": column '%s'", bound->column);
    else
        ps_output_text(e->out, ", which the job does not have");
}

static void tell_key(const explanation *e, const ps_framework_cell *cell) {
    static const char *const of_row[] = {
        [PS_KEY_AREA] = "code of the row's area",
        [PS_KEY_PERIOD] = "the row's period",
        [PS_KEY_MONTH] = "the row's month",
        [PS_KEY_VALUE] = "the row's value of the column",
        [PS_KEY_NEIGHBOURS] = "codes of the areas that touch the row's",
        [PS_KEY_X] = "x of a point inside the row's area, metres",
        [PS_KEY_Y] = "y of that point",
        [PS_KEY_MEASURE] = "the row's measure, one of those below",
        [PS_KEY_FIGURE] = "that measure's figure, which explain tells, too",
        [PS_KEY_VERDICT] = "the verdict on that figure",
        [PS_KEY_POLARITY] = "which way that measure is better",
        [PS_KEY_DOMAIN] = "the domain that the plan gives that measure",
        [PS_KEY_WEIGHT] = "its weight within the domain",
        [PS_KEY_DOMAIN_WEIGHT] = "weight of the domain"};
    if (cell->in != NULL)
        ps_output_printf(e->out, "code of the area of %s that the row's lies in",
                         cell->in);
    else
        ps_output_text(e->out, of_row[*cell->key]);
}

static void tell_column(const explanation *e, const ps_framework_table *l,
                        const ps_framework_cell *cell) {
    ps_output_printf(e->out, "%-11s %s = ", "  column", cell->name);
    if (cell->key != NULL)
        tell_key(e, cell);
    else if (cell->count != NULL)
        ps_output_text(e->out, *cell->count == PS_COUNT_DENOMINATOR
                                   ? "count of the denominator"
                                   : "count of the numerator");
    else if (cell->measure != NULL)
        ps_output_printf(e->out, "figure of the measure %s, which explain tells, too",
                         cell->measure);
    else if (cell->data != NULL)
        tell_values(e, cell->data, cell->column);
    else if (cell->column != NULL)
        tell_field(e, l, cell->column);
    else
        ps_output_printf(e->out, "'%s' in every row",
                         cell->text != NULL ? cell->text : "");
    if (cell->period != NULL) ps_output_printf(e->out, ", of %s", cell->period);
    ps_output_text(e->out, "\n");
}

/* The inputs of the table: files and what became of their rows. */
static void tell_layout(const explanation *e, const ps_framework_table *l) {
    line(e, "Layout", "of the table that the method works on");
    if (l->rows == PS_ROWS_RECORDS) {
        const ps_record_set *set = ps_measure_records(e->measures, e->scope.measure);
        line(e, "  file", set->spec->file);
        ps_output_printf(e->out, "%-11s ", "  rows");
        ps_records_tell(set, "", e->out);
    }
    for (unsigned c = 0; c < l->columns_count; c++) tell_column(e, l, &l->columns[c]);
    for (unsigned i = 0; i < l->indicators_count; i++)
        ps_output_printf(e->out, "%-11s %s\n", "  measure", l->indicators[i].measure);
}

static bool names_area(const ps_table *table, size_t row, ps_str code) {
    for (size_t c = 0; c < ps_table_columns(table); c++)
        if (ps_str_eq(ps_table_cell(table, row, c), code)) return true;
    return false;
}

/* The rows that name the area itself, of those that are not told. */
static void tell_own_rows(const explanation *e, const ps_table *table, size_t area,
                          size_t told) {
    enum { MOST_OWN = 12 };
    const ps_str code = e->scope.geo->areas->code[area];
    size_t n = 0;
    for (size_t r = told; r < ps_table_rows(table) && n < MOST_OWN; r++) {
        if (!names_area(table, r, code)) continue;
        if (n++ == 0) line(e, "This area", "its rows among them:");
        tell_cells(e, table, r);
    }
}

static void tell_rows(const explanation *e, const ps_table *table, size_t area) {
    enum { MOST_ROWS = 200 };
    const size_t rows = ps_table_rows(table);
    for (size_t r = 0; r < rows && r < MOST_ROWS; r++) tell_cells(e, table, r);
    if (rows > MOST_ROWS)
        ps_output_printf(e->out, "  ... and %zu rows more\n", rows - MOST_ROWS);
    tell_own_rows(e, table, area, MOST_ROWS);
}

/* What the method worked on, as `placestat compute` takes it. */
static ps_status tell_table(const explanation *e, size_t area, const ps_period *p,
                            ps_error *err) {
    const ps_framework_table *l = e->scope.measure->spec->table;
    ps_method_table *laid;
    ps_table *table = NULL;
    PS_TRY(ps_method_table_open(&e->scope, &laid, err));
    const ps_status status = ps_method_table_lay(laid, area, p, &table, err);
    if (status == PS_OK) {
        tell_layout(e, l);
        ps_output_printf(e->out, "%-11s %zu row%s\n  ", "Table", ps_table_rows(table),
                         ps_table_rows(table) == 1 ? "" : "s");
        for (size_t c = 0; c < ps_table_columns(table); c++) {
            const ps_str name = ps_table_column_name(table, c);
            ps_output_printf(e->out, "%s%.*s", c > 0 ? "," : "", (int)name.n, name.p);
        }
        ps_output_text(e->out, "\n");
        if (l->rows == PS_ROWS_RECORDS &&
            ps_release_protects_measure(e->release, e->scope.measure))
            line(e, "", "which are protected records, and not shown");
        else
            tell_rows(e, table, area);
        for (unsigned i = 0; i < l->parameters_count; i++)
            ps_output_printf(e->out, "%-11s %s=%s\n", i == 0 ? "Parameters" : "",
                             l->parameters[i].name, l->parameters[i].value);
    }
    ps_table_free(table);
    ps_method_table_close(laid);
    return status;
}

static void tell_limits(const explanation *e, const ps_measure *m,
                        const ps_measure_figure *f) {
    const ps_framework_result *result = m->spec->result;
    const ps_estimate *v = &f->measured.value;
    char lower[32], upper[32], level[32];
    ps_explain_number(v->lower, lower), ps_explain_number(v->upper, upper);
    if (result != NULL && result->interval != NULL)
        ps_output_printf(e->out, ", %s to %s (%s: %s)", lower, upper, v->method,
                         result->interval);
    else
        ps_output_printf(e->out, ", %s %% interval %s to %s (%s)",
                         ps_explain_number(100 * *e->job->job->confidence, level), lower,
                         upper, v->method);
}

static void tell_lines(const explanation *e, const char *label, ps_str text) {
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        const size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        ps_output_printf(e->out, "%-11s %.*s\n", label, (int)n, text.p);
        label = "";
        text = end != NULL ? (ps_str){end + 1, text.n - n - 1} : (ps_str){"", 0};
    }
}

/* Of protected records no working that has single ones in it. */
static bool hides_working(const explanation *e) {
    static const char *const singles[] = {"mean", "median", "icf"};
    const ps_framework_measure *m = e->scope.measure->spec;
    if (m->table == NULL || m->table->rows != PS_ROWS_RECORDS ||
        !ps_release_protects_measure(e->release, e->scope.measure))
        return false;
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (strcmp(m->method, singles[i]) == 0) return true;
    return false;
}

/* The method and its formula with the numbers of this figure. */
static ps_status tell_working(explanation *e, size_t area, const ps_measure_figure *f,
                              ps_error *err) {
    ps_scope *s = &e->scope;
    const ps_form *form = s->measure->form;
    const ps_method *method = ps_method_find(s->measure->spec->method);
    ps_output *steps;
    if (method != NULL)
        ps_output_printf(e->out, "%-11s %s: %s\n", "Method", method->id, method->formula);
    if (form->derive == NULL || f->measured.value.status != PS_VALUE_OK) return PS_OK;
    if (hides_working(e)) {
        line(e, "Working", "of single records, which are protected, and not shown");
        return PS_OK;
    }
    PS_TRY(ps_output_keep(&steps, err));
    ps_status status = ps_scope_enter(s, area, err);
    if (status == PS_OK) status = form->derive(s, e->item, f->period, steps, err);
    if (status == PS_OK) status = ps_output_status(steps, err);
    if (status == PS_OK) tell_lines(e, "Working", ps_output_kept(steps));
    ps_output_abandon(steps);
    return status;
}

static void tell_value(const explanation *e, const ps_measure *m,
                       const ps_measure_figure *f) {
    char value[32], x[32], n[32], scale[32], unit[PS_EXPLAIN_UNIT];
    if (f->measured.value.status != PS_VALUE_OK) {
        line(e, "Value", ps_value_status_text(f->measured.value.status));
        return;
    }
    ps_output_printf(e->out, "%-11s ", "Value");
    /* What is weighted is no quotient of counts. */
    const bool sample = m->form->judged_by == PS_JUDGED_BY_SURVEY;
    if (sample)
        ps_output_printf(e->out, "%s of %s answers, weighted: ",
                         ps_explain_number(f->measured.numerator, x),
                         ps_explain_number(f->measured.denominator, n));
    if (m->denominator.spec != NULL && m->spec->table == NULL && !sample)
        ps_output_printf(
            e->out, "%s x %s / %s = ", ps_explain_number(*m->spec->multiplier, scale),
            ps_explain_number(f->measured.numerator, x),
            ps_explain_number(f->measured.denominator, n));
    ps_output_printf(e->out, "%s %s", ps_explain_number(f->measured.value.value, value),
                     ps_explain_unit(m->spec->unit, unit));
    if (f->measured.value.limits_status == PS_VALUE_OK) tell_limits(e, m, f);
    if (f->measured.verdict != NULL && f->measured.verdict[0] != '\0')
        ps_output_printf(e->out, ", %s", f->measured.verdict);
    ps_output_text(e->out, "\n");
}

/* What is different here, by the plan of this area. */
static void tell_tailoring(const explanation *e, size_t area) {
    const ps_tailored_view *view = e->scope.measure->view;
    const ps_framework_change *c = view != NULL ? view->change : NULL;
    if (!ps_scope_shows(&e->scope, area))
        line(e, "Tailored",
             view != NULL ? "hidden here: measures.csv has no row of it"
                          : "shown in other areas only: measures.csv has no row of it");
    else if (e->scope.everywhere->spec->only != NULL)
        line(e, "Tailored", "added here");
    if (c == NULL) return;
    const struct {
        const char *what;
        bool changed;
    } parts[] = {{"title", c->title != NULL},         {"why", c->why != NULL},
                 {"baseline", c->baseline != NULL},   {"target", c->target != NULL},
                 {"least base", c->min_base != NULL}, {"caveats", c->caveats_count > 0}};
    ps_output_printf(e->out, "%-11s changed here:", "Tailored");
    const char *before = " ";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].changed) continue;
        ps_output_printf(e->out, "%s%s", before, parts[i].what);
        before = ", ";
    }
    ps_output_text(e->out, "\n");
}

/* ---- Beside other areas ---- */

static void tell_comparison(const explanation *e, const ps_comparison *c, size_t area,
                            const ps_compared_figure *f) {
    const double by = c->multiplier;
    ps_beside other = {"", {"", 0}, {"", 0}};
    ps_comparison_beside(c, area, &other);
    char a[32], b[32], d[32], l[32], u[32];
    ps_output_printf(e->out, "%-11s %s: %s %.*s (%.*s), %s", "Compared", c->spec->id,
                     other.type, (int)other.code.n, other.code.p, (int)other.name.n,
                     other.name.p, ps_overlap_kind_text(f->overlap));
    if (ps_value_ok(f->gap.difference)) {
        ps_output_printf(e->out, "; %s less %s = %s %s",
                         ps_explain_number(f->here.value.value, a),
                         ps_explain_number(f->there.value.value, b),
                         ps_explain_number(f->gap.difference.value * by, d), c->unit);
        if (ps_value_ok(f->gap.lower) && ps_value_ok(f->gap.upper))
            ps_output_printf(e->out, ", interval %s to %s",
                             ps_explain_number(f->gap.lower.value * by, l),
                             ps_explain_number(f->gap.upper.value * by, u));
        if (ps_value_ok(f->gap.p))
            ps_output_printf(e->out, "; p against the rest %s",
                             ps_explain_chance(f->gap.p.value, a));
        const char *verdict = ps_comparison_verdict(c, f);
        ps_output_printf(e->out, "%s%s", verdict[0] != '\0' ? ", " : "", verdict);
    }
    if (f->changed && ps_value_ok(f->change.change))
        ps_output_printf(e->out, "; since %s %s%s, %s", c->baseline,
                         f->change.change.value > 0 ? "+" : "",
                         ps_explain_number(f->change.change.value * by, a),
                         ps_gap_verdict_text(f->change.gap));
    ps_output_printf(e->out, "%s%s\n", f->reason[0] != '\0' ? "; " : "", f->reason);
}

/* An open comparison, which it closes. */
static ps_status tell_pair(const explanation *e, ps_comparison *c, size_t area, size_t k,
                           ps_error *err) {
    const size_t n = ps_comparison_figures(c);
    ps_compared_figure *figures = ps_alloc(n, sizeof *figures);
    ps_status status = figures != NULL ? PS_OK : ps_fail_nomem(err);
    ps_beside other;
    if (status == PS_OK && ps_comparison_beside(c, area, &other)) {
        status = ps_comparison_of_area(c, area, figures, err);
        if (status == PS_OK)
            tell_comparison(e, c, area, &figures[e->item * (n / e->scope.n_items) + k]);
    } else if (status == PS_OK && c->published.absent[0] != '\0') {
        ps_output_printf(e->out, "%-11s %s: %s\n", "Compared", c->spec->id,
                         c->published.absent);
    }
    ps_free(figures);
    ps_comparison_close(c);
    return status;
}

/* One of the framework's comparisons, with all that it compares with. */
static ps_status tell_beside(const explanation *e, const ps_comparisons *all,
                             const ps_framework_comparison *spec, size_t measure,
                             size_t area, size_t k, ps_error *err) {
    const ps_framework *f = e->binding->framework;
    const size_t here = e->scope.geography;
    ps_comparison c;
    for (unsigned t = 0; t < spec->there_count; t++) {
        const int there = ps_measures_geography(e->geographies, spec->there[t]);
        if (there < 0) continue;
        PS_TRY(come_from_geography(e, &e->geographies->geography[there], err));
        PS_TRY(ps_comparison_open(all, spec, measure, here, (size_t)there, &c, err));
        PS_TRY(tell_pair(e, &c, area, k, err));
    }
    if (spec->published == NULL) return PS_OK;
    const int published = PS_FRAMEWORK_PLACE(f->data, f->data_count, spec->published);
    if (e->binding->data[published] == NULL) {
        ps_output_printf(e->out, "%-11s %s: no input of the job is '%s' (%s)\n",
                         "Compared", spec->id, spec->published, f->data[published].title);
        return PS_OK;
    }
    const ps_framework_column *column =
        ps_framework_role(&f->data[published], PS_ROLE_COMPARATOR);
    PS_TRY(come_from(e, e->binding->data[published]->input, err));
    for (unsigned v = 0; v < column->values_count; v++) {
        PS_TRY(ps_comparison_open_published(all, spec, measure, here, column->values[v],
                                            &c, err));
        PS_TRY(tell_pair(e, &c, area, k, err));
    }
    return PS_OK;
}

/* Period k of the measure, in the framework's comparisons. */
static ps_status tell_comparisons(const explanation *e, size_t measure, size_t area,
                                  size_t k, ps_error *err) {
    const ps_framework *f = e->binding->framework;
    ps_comparisons *all;
    PS_TRY(ps_comparisons_open(e->measures, &all, err));
    ps_status status = PS_OK;
    for (unsigned i = 0; i < f->comparisons_count; i++) {
        const ps_framework_comparison *c = &f->comparisons[i];
        if (!ps_framework_lists(c->here, c->here_count, e->scope.geo->spec->id) ||
            !ps_framework_lists(c->measures, c->measures_count,
                                e->scope.measure->spec->id))
            continue;
        if (status == PS_OK) status = tell_beside(e, all, c, measure, area, k, err);
    }
    ps_comparisons_free(all);
    return status;
}

static void tell_caveats(const explanation *e, const ps_framework_measure *m) {
    for (unsigned c = 0; c < m->caveats_count; c++)
        line(e, c == 0 ? "Caveats" : "", m->caveats[c]);
    line(e, "Disclosure", ps_disclosure_class_text(m->disclosure));
}

/* What every figure needs, once. */
static ps_status open_data(explanation *e, ps_error *err) {
    const ps_talk *talk = e->talk;
    PS_TRY(ps_figures_open(e->job, e->geographies, false, talk, &e->figures, err));
    if (e->job->job->records_count > 0)
        PS_TRY(ps_records_open(e->bindings, e->geographies, talk, &e->records, err));
    e->figures->records = e->records;
    PS_TRY(ps_measures_open(e->bindings, e->figures, &e->measures, err));
    PS_TRY(ps_release_open(e->job, e->bindings, e->figures, e->measures, talk,
                           &e->release, err));
    e->figures->release = e->release;
    return PS_OK;
}

static void close_figure(explanation *e) {
    ps_free(e->figure);
    e->figure = NULL;
    ps_scope_close(&e->scope);
}

static void tell_absent(const explanation *e, unsigned which) {
    const ps_framework_measure *spec = &e->binding->framework->measures[which];
    tell_definition(e, spec);
    line(e, "Value", "none: this job cannot give the measure");
    line(e, "Note", e->binding->absent[which]);
    tell_caveats(e, spec);
}

/* Where the figure stands: its measure, geography, area and period, and all figures of
 * the area. */
static ps_status find_figure(explanation *e, const ps_framework_measure *spec, size_t *i,
                             size_t *area, size_t *k, ps_error *err) {
    size_t g = 0;
    if (e->geographies == NULL)
        PS_TRY(ps_geographies_open(e->job, e->talk, &e->geographies, err));
    PS_TRY(find_area(e, spec, &g, area, err));
    if (e->release == NULL) PS_TRY(open_data(e, err));
    *i = 0;
    while (e->measures->measure[*i].spec != spec) ++*i;
    PS_TRY(find_period(e, &e->measures->measure[*i], k, err));
    PS_TRY(ps_scope_open(e->measures, *i, g, &e->scope, err));
    PS_TRY(find_item(e, &e->item, err));
    e->figure = ps_alloc(ps_scope_figures(&e->scope), sizeof *e->figure);
    if (e->figure == NULL) return ps_fail_nomem(err);
    return ps_scope_area(&e->scope, *area, e->figure, err);
}

static ps_status tell_inputs(explanation *e, const ps_measure *m, size_t area,
                             const ps_period *p, ps_error *err) {
    const ps_framework_measure *spec = m->spec;
    const ps_geography *geo = e->scope.geo;
    const size_t g = e->scope.geography;
    PS_TRY(come_from_geography(e, geo, err));
    e->about_all |= spec->table != NULL ||
                    (spec->baseline != NULL && spec->baseline->measure != NULL);
    if (spec->numerator != NULL)
        PS_TRY(
            tell_part(e, "Numerator", spec->numerator, &m->numerator, g, area, p, err));
    if (spec->denominator != NULL)
        PS_TRY(tell_part(e, "Denominator", spec->denominator, &m->denominator, g, area, p,
                         err));
    if (geo->base >= 0)
        ps_output_printf(e->out, "%-11s built of %zu areas of %s\n", "Area",
                         geo->offset[area + 1] - geo->offset[area], geo->spec->of);
    return spec->table != NULL ? tell_table(e, area, p, err) : PS_OK;
}

static ps_status tell(explanation *e, ps_error *err) {
    unsigned which = 0;
    size_t i = 0, area = 0, k = 0;
    PS_TRY(find_measure(e, &which, err));
    if (e->binding->absent[which] != NULL) {
        tell_absent(e, which);
        return PS_OK;
    }
    PS_TRY(find_figure(e, &e->binding->framework->measures[which], &i, &area, &k, err));
    const ps_measure *m = e->scope.measure; /* as it is here */
    const ps_measure_figure *f = &e->figure[e->item * m->n_periods + k];
    const ps_geography *geo = e->scope.geo;
    const ps_str code = geo->areas->code[area], name = geo->areas->name[area];
    ps_output_printf(e->out, "%s%s%s, %s %.*s (%.*s), %s\n\n", m->spec->id,
                     f->item[0] != '\0' ? "/" : "", f->item, geo->spec->id, (int)code.n,
                     code.p, (int)name.n, name.p, f->period->label);
    tell_definition(e, m->spec);
    tell_tailoring(e, area);
    PS_TRY(tell_inputs(e, m, area, f->period, err));
    PS_TRY(tell_working(e, area, f, err));
    tell_value(e, m, f);
    ps_explain_judgement(m, f, e->out);
    PS_TRY(tell_comparisons(e, i, area, k, err));
    tell_caveats(e, m->spec);
    ps_explain_sentence(e->binding->framework->report, m, f, name, e->out);
    return PS_OK;
}

/* The measures that are asked for, one after the other. A comma before a blank is part of
 * an item's name. */
static ps_status tell_each(explanation *e, ps_error *err) {
    const char *rest = e->options->measure;
    while (rest != NULL) {
        const char *comma = strchr(rest, ',');
        while (comma != NULL && comma[1] == ' ') comma = strchr(comma + 1, ',');
        const size_t n = comma != NULL ? (size_t)(comma - rest) : strlen(rest);
        if (rest != e->options->measure) ps_output_text(e->out, "\n\n");
        e->asked = ps_arena_strndup(e->arena, rest, n);
        if (e->asked == NULL) return ps_fail_nomem(err);
        PS_TRY(tell(e, err));
        close_figure(e);
        rest = comma != NULL ? comma + 1 : NULL;
    }
    return PS_OK;
}

static ps_status explain(explanation *e, ps_error *err) {
    PS_TRY(ps_arena_create(&e->arena, err));
    PS_TRY(ps_keys_create(&e->about, err));
    PS_TRY(ps_job_open(e->options->job, &e->job, err));
    e->job->prepared = e->options->prepared;
    PS_TRY(ps_bindings_open(e->job, &e->bindings, err));
    if (e->bindings->n == 0)
        return ps_yaml_fail(e->job->yaml, err, PS_CONFIG, "",
                            "names no framework, so there are no measures to explain");
    PS_TRY(ps_figures_check_points(e->job, err));
    return tell_each(e, err);
}

/* Whoever asks for one figure does not ask for the doubts about all others. */
static void speak(const explanation *e, ps_talk_held *held, bool told) {
    const size_t left = told ? ps_talk_sift(held, concerns_figures, e) : 0;
    ps_talk_release(held, true);
    if (left > 0)
        ps_say(e->options->talk, PS_TALK_INFO,
               "%zu %s about other inputs of the job; `placestat run` tells %s", left,
               left == 1 ? "warning is" : "warnings are", left == 1 ? "it" : "them");
}

ps_status ps_explain(const ps_explain_options *options, ps_output *out, ps_error *err) {
    ps_talk_held *held;
    PS_TRY(ps_talk_hold(options->talk, &held, err));
    explanation e = {.options = options, .talk = ps_talk_of(held), .out = out};
    ps_status status = explain(&e, err);
    speak(&e, held, status == PS_OK);
    close_figure(&e);
    ps_keys_free(e.about);
    ps_free(e.tally);
    ps_arena_free(e.arena);
    ps_keys_free(e.texts);
    ps_release_free(e.release);
    ps_measures_free(e.measures);
    ps_figures_free(e.figures);
    ps_records_free(e.records);
    ps_geographies_free(e.geographies);
    ps_bindings_free(e.bindings);
    ps_job_free(e.job);
    return status;
}
