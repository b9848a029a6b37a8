#include "engine/run/figures.h"

#include <stdio.h>
#include <string.h>

#include "engine/run/isolated.h"
#include "engine/run/people.h"
#include "engine/run/release.h"
#include "engine/run/strict.h"
#include "indicators/crime.h"

/* Rows with a date outside these years are invalid, so no data set spans more. */
enum { MOST_MONTHS = (PS_POINTS_LAST_YEAR - PS_POINTS_FIRST_YEAR + 1) * 12 };

/* The columns that rows are counted by, in this order, when the job has them. */
typedef enum by_column { BY_REPORTER, BY_DATE, BY_CATEGORY } by_column;

/* Position of a column among those that the data set really has, or -1. */
static int by_position(const ps_job_points *p, by_column which) {
    const char *column[PS_FIGURES_BY] = {p->reporter, p->date, p->category};
    int at = 0;
    for (int c = 0; c < (int)which; c++) at += column[c] != NULL;
    return column[which] != NULL ? at : -1;
}

static ps_str group_text(const ps_data_set *d, int32_t group, by_column which) {
    int at = by_position(d->spec, which);
    return at >= 0
               ? ps_groups_field(ps_points_groups(d->count->points), group, (size_t)at)
               : (ps_str){"", 0};
}

ps_str ps_figures_group_text(const ps_data_set *d, int32_t group, const char *column) {
    for (size_t k = 0; k < d->n_by; k++)
        if (strcmp(d->by[k], column) == 0)
            return ps_groups_field(ps_points_groups(d->count->points), group, k);
    return (ps_str){"", 0};
}

size_t ps_figures_groups(const ps_data_set *d) {
    return ps_keys_size(ps_groups_keys(ps_points_groups(d->count->points)));
}

bool ps_figures_divisible(const ps_data_set *d, ps_month first, ps_month last) {
    return (first - d->first) % d->stride == 0 && (last + 1 - d->first) % d->stride == 0;
}

void ps_figures_date_text(const ps_data_set *d, ps_month month, char out[24]) {
    if (d->stride == 1)
        ps_month_text(month, out);
    else if (month % 12 == 0)
        snprintf(out, 24, "%d", (int)(month / 12));
    else
        ps_financial_year_text(month, out);
}

size_t ps_figures_span(const ps_data_set *d) {
    return d->first <= d->last ? (size_t)(d->last - d->first) + 1 : 0;
}

/* The columns that the framework's data tell apart, behind those that stand there. */
static size_t add_bound_columns(const ps_job *job, const ps_job_points *p,
                                const char *by[PS_FIGURES_BY], size_t n_by) {
    for (unsigned i = 0; i < job->data_count; i++) {
        const ps_job_data *data = &job->data[i];
        if (strcmp(data->input, p->id) != 0) continue;
        for (unsigned c = 0; c < data->columns_count; c++) {
            bool there = false;
            for (size_t k = 0; k < n_by && !there; k++)
                there = strcmp(by[k], data->columns[c].column) == 0;
            if (!there && n_by < PS_FIGURES_BY) by[n_by++] = data->columns[c].column;
        }
    }
    return n_by;
}

void ps_figures_points_spec(const ps_job_file *job, const ps_job_points *p,
                            const char *by[PS_FIGURES_BY], ps_points_spec *spec) {
    size_t n_by = 0;
    if (p->reporter != NULL) by[n_by++] = p->reporter;
    if (p->date != NULL) by[n_by++] = p->date;
    if (p->category != NULL) by[n_by++] = p->category;
    n_by = add_bound_columns(job->job, p, by, n_by);
    *spec = (ps_points_spec){
        .id = p->id,
        .files = (const char *const *)p->files,
        .n_files = p->files_count,
        .base = job->folder,
        .prepared = job->prepared,
        .layer = p->layer,
        .sheet = p->sheet,
        .header = {p->header, p->header_rows},
        .x = p->x,
        .y = p->y,
        .crs = p->crs,
        .code = p->code,
        .area = p->area,
        .count = p->count,
        .date = p->date,
        .date_form = *p->date_form,
        .by = by,
        .n_by = n_by,
        .key = p->key,
        .reporter = p->reporter,
        .area_code = p->area_code,
        .missing = (const char *const *)p->missing,
        .n_missing = p->missing_count,
        .where = p->where,
        .n_where = p->where_count,
        .with = p->with,
        .n_with = p->with_count,
        .drop_duplicates = p->key != NULL && *p->duplicates == PS_DUPLICATES_ID};
}

ps_status ps_figures_check_points(const ps_job_file *job, ps_error *err) {
    for (unsigned i = 0; i < job->job->points_count; i++) {
        const char *by[PS_FIGURES_BY];
        ps_points_spec spec;
        ps_points *points = NULL;
        ps_error why = {PS_OK, ""};
        ps_figures_points_spec(job, &job->job->points[i], by, &spec);
        ps_status status = ps_points_open(&spec, NULL, &points, &why);
        ps_points_close(points);
        if (status == PS_OK) continue;
        char at[48];
        snprintf(at, sizeof at, "points[%u]", i);
        return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
    }
    return PS_OK;
}

/* Short of the framework's word; see ps_release_class. */
static bool may_be_protected(const ps_job *job, const ps_job_points *p) {
    const bool bound = *p->format != PS_POINTS_POLICE_UK && job->data_count > 0;
    const ps_release_rules rules =
        ps_release_rules_of(job->disclosure, p->id,
                            p->disclosure != NULL ? *p->disclosure
                            : bound               ? PS_DISCLOSURE_COUNCIL
                                                  : PS_DISCLOSURE_PUBLIC);
    return ps_release_rules_hide(&rules);
}

static ps_status count_data(const ps_job_file *job, const ps_geographies *all,
                            ps_data_set *d, bool strict, const ps_talk *talk,
                            ps_error *err) {
    ps_points_spec spec;
    ps_figures_points_spec(job, d->spec, d->by, &spec);
    d->n_by = spec.n_by;
    const ps_areas **areas = ps_alloc(all->n, sizeof *areas);
    if (areas == NULL) return ps_fail_nomem(err);
    const size_t n = ps_reach_areas(d->reach, all, areas);
    ps_count_options options = {.max_accuracy = strict ? PS_STRICT_ACCURACY : 0,
                                .talk = talk,
                                .prepared = job->prepared,
                                .inputs = job->inputs,
                                .pieces = may_be_protected(job->job, d->spec)};
    ps_status status = ps_count_points(&spec, areas, n, &options, &d->count, err);
    ps_free((void *)areas);
    return status;
}

static ps_status collect(const ps_geographies *all, const ps_data_set *d, size_t field,
                         ps_area_counts **cells, ps_error *err) {
    const ps_cube **cube = ps_alloc(d->count->n_geographies, sizeof *cube);
    *cells = ps_zalloc(all->n, sizeof **cells);
    ps_status status = cube != NULL && *cells != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t g = 0; status == PS_OK && g < d->count->n_geographies; g++)
        memcpy(&cube[g], (const char *)&d->count->geography[g] + field, sizeof *cube);
    if (status == PS_OK)
        status = ps_reach_cells(d->reach, all, cube, ps_figures_groups(d), *cells, err);
    ps_free((void *)cube);
    return status;
}

static ps_status collect_cells(const ps_geographies *all, ps_data_set *d, ps_error *err) {
    PS_TRY(collect(all, d, offsetof(ps_geography_counts, cube), &d->cells, err));
    d->rows = d->cells;
    if (d->spec->count == NULL) return PS_OK;
    d->rows = NULL;
    PS_TRY(collect(all, d, offsetof(ps_geography_counts, rows), &d->rows, err));
    return collect(all, d, offsetof(ps_geography_counts, unknown), &d->unknown, err);
}

static ps_status read_groups(ps_data_set *d, ps_error *err) {
    const size_t n = ps_figures_groups(d);
    d->group_reporter = ps_alloc(n, sizeof *d->group_reporter);
    d->group_month = ps_alloc(n, sizeof *d->group_month);
    if (d->group_reporter == NULL || d->group_month == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_keys_create(&d->reporters, err));
    d->first = INT32_MAX, d->last = INT32_MIN;
    for (size_t k = 0; k < n; k++) {
        PS_TRY(ps_keys_add(d->reporters, group_text(d, (int32_t)k, BY_REPORTER),
                           &d->group_reporter[k], NULL, err));
        d->group_month[k] = PS_NO_MONTH;
        ps_month month;
        if (!ps_parse_month(group_text(d, (int32_t)k, BY_DATE), &month)) continue;
        d->group_month[k] = month;
        if (month < d->first) d->first = month;
        if (month > d->last) d->last = month;
    }
    /* Data without dates are one undated stretch, as if of one month: month 0 stands for
     * it. */
    if (d->spec->date == NULL && n > 0) {
        d->first = d->last = 0;
        for (size_t k = 0; k < n; k++) d->group_month[k] = 0;
    }
    return PS_OK;
}

static ps_status tell_isolated(const ps_job_file *job, const ps_data_set *d, bool strict,
                               const ps_talk *talk, ps_error *err) {
    const char *by[PS_FIGURES_BY];
    ps_points_spec spec;
    ps_isolated found;
    char list[400] = "", first[16], last[16], month[16];
    size_t used = 0;
    ps_figures_points_spec(job, d->spec, by, &spec);
    PS_TRY(ps_isolated_find(&spec, (size_t)by_position(d->spec, BY_DATE), d->first,
                            d->last, &found, err));
    for (size_t k = 0; k < found.n && used < sizeof list; k++) {
        ps_month_text(found.row[k].month, month);
        used += (size_t)snprintf(
            list + used, sizeof list - used, "%s%s, row %s: %s", k > 0 ? "; " : "",
            ps_points_source_name(d->count->points, found.row[k].source),
            ps_points_row_text(d->count->points, found.row[k].source, found.row[k].row)
                .text,
            month);
    }
    ps_month_text(d->first, first), ps_month_text(d->last, last);
    ps_error told;
    const ps_status status =
        ps_fail(&told, PS_GATE,
                "%s: %lld rows are dated far from all others, which are of %s to %s, and "
                "count in no period (%s%s); correct the dates, or leave the rows out by "
                "`where`",
                d->spec->id, (long long)d->isolated, first, last, list,
                d->isolated > (int64_t)found.n ? "; ..." : "");
    if (strict) {
        *err = told;
        return status;
    }
    ps_say(talk, PS_TALK_WARNING, "%s", told.text);
    return PS_OK;
}

/* The span is that of the months which do not stand alone; groups of those that do have
 * no month. */
static ps_status leave_out_isolated(const ps_job_file *job, ps_data_set *d, bool strict,
                                    const ps_talk *talk, ps_error *err) {
    const size_t months = ps_figures_span(d);
    size_t begin = 0, end = months;
    int64_t *rows = ps_zalloc(months, sizeof *rows);
    if (rows == NULL) return ps_fail_nomem(err);
    const ps_area_counts *whole = &d->rows[d->reach->whole];
    for (size_t i = 0; i < whole->n; i++) {
        const ps_month month = d->group_month[whole->cell[i].group];
        if (month != PS_NO_MONTH) rows[month - d->first] += whole->cell[i].count;
    }
    ps_isolated_months(rows, months, &begin, &end);
    for (size_t m = 0; m < months; m++)
        if (m < begin || m >= end) d->isolated += rows[m];
    ps_free(rows);
    if (d->isolated == 0) return PS_OK;
    d->last = d->first + (ps_month)end - 1;
    d->first += (ps_month)begin;
    for (size_t k = 0; k < ps_figures_groups(d); k++)
        if (d->group_month[k] < d->first || d->group_month[k] > d->last)
            d->group_month[k] = PS_NO_MONTH;
    return tell_isolated(job, d, strict, talk, err);
}

/* A reporter was there in a month when any row of that month came from it, wherever it
 * lay. */
static ps_status find_presence(ps_data_set *d, ps_error *err) {
    const size_t months = ps_figures_span(d), reporters = ps_keys_size(d->reporters);
    d->present = ps_zalloc(reporters * months, sizeof *d->present);
    if (d->present == NULL) return ps_fail_nomem(err);
    const ps_area_counts *whole = &d->rows[d->reach->whole];
    for (size_t i = 0; i < whole->n; i++) {
        const int32_t group = whole->cell[i].group;
        if (d->group_month[group] == PS_NO_MONTH) continue;
        bool *present = d->present + (size_t)d->group_reporter[group] * months +
                        (size_t)(d->group_month[group] - d->first);
        for (int32_t m = 0; m < d->stride; m++) present[m] = true;
    }
    return PS_OK;
}

static int32_t most_rows(const ps_data_set *d, const int64_t *rows) {
    int32_t best = PS_NONE;
    for (int32_t r = 0; r < (int32_t)ps_keys_size(d->reporters); r++) {
        if (rows[r] == 0) continue;
        if (best == PS_NONE || rows[r] > rows[best] ||
            (rows[r] == rows[best] && ps_str_cmp(ps_keys_text(d->reporters, r),
                                                 ps_keys_text(d->reporters, best)) < 0))
            best = r;
    }
    return best;
}

/* Has the reporter rows in the cells [begin, end) of an area in at least half of the
 * months that it published? Stray rows of a neighbouring force do not make its files
 * complete here. */
static bool covers_area(const ps_data_set *d, const ps_tally_cell *cells, size_t begin,
                        size_t end, int32_t reporter) {
    bool seen[MOST_MONTHS] = {false};
    const size_t months = ps_figures_span(d);
    size_t with_rows = 0, published = 0;
    for (size_t i = begin; i < end; i++) {
        const int32_t group = cells[i].group;
        if (d->group_month[group] == PS_NO_MONTH) continue;
        for (int32_t m = 0; m < d->stride && d->group_reporter[group] == reporter; m++)
            seen[d->group_month[group] - d->first + m] = true;
    }
    for (size_t m = 0; m < months; m++) {
        with_rows += seen[m];
        published += d->present[(size_t)reporter * months + m];
    }
    return with_rows * 2 >= published;
}

/* rows: scratch, one number per reporter. usual: expected where the area's own rows do
 * not tell. */
static void expect_in_geography(const ps_geographies *all, ps_data_set *d, size_t g,
                                int32_t usual, int64_t *rows) {
    const ps_tally_cell *cells = d->rows[g].cell;
    size_t begin = 0, end = 0;
    for (size_t a = 0; a < all->geography[g].areas->n; a++, begin = end) {
        memset(rows, 0, ps_keys_size(d->reporters) * sizeof *rows);
        for (; end < d->rows[g].n && (size_t)cells[end].area == a; end++)
            rows[d->group_reporter[cells[end].group]] += cells[end].count;
        if (!ps_reach_knows(d->reach, g, a)) {
            d->reporter[g][a] = PS_NONE;
            continue;
        }
        int32_t expected = most_rows(d, rows);
        if (expected != PS_NONE && usual == PS_NONE &&
            !covers_area(d, cells, begin, end, expected))
            expected = PS_NONE;
        d->reporter[g][a] = expected != PS_NONE ? expected : usual;
        d->uncovered[g] += d->reporter[g][a] == PS_NONE;
    }
}

static ps_status expect_reporters(const ps_geographies *all, ps_data_set *d,
                                  const ps_talk *talk, ps_error *err) {
    const size_t n_reporters = ps_keys_size(d->reporters);
    int64_t *rows = ps_zalloc(n_reporters, sizeof *rows);
    d->reporter = ps_zalloc(all->n, sizeof *d->reporter);
    d->uncovered = ps_zalloc(all->n, sizeof *d->uncovered);
    ps_status status = PS_OK;
    if (rows == NULL || d->reporter == NULL || d->uncovered == NULL)
        status = ps_fail_nomem(err);
    const ps_area_counts *whole = &d->rows[d->reach->whole];
    for (size_t i = 0; status == PS_OK && i < whole->n; i++)
        rows[d->group_reporter[whole->cell[i].group]] += whole->cell[i].count;
    const bool everywhere = *d->spec->covers == PS_COVERAGE_ALL;
    const int32_t usual = status == PS_OK && everywhere ? most_rows(d, rows) : PS_NONE;
    for (size_t g = 0; status == PS_OK && g < all->n; g++) {
        const size_t n = all->geography[g].areas->n;
        d->reporter[g] = ps_alloc(n, sizeof *d->reporter[g]);
        if (d->reporter[g] == NULL) {
            status = ps_fail_nomem(err);
            break;
        }
        expect_in_geography(all, d, g, usual, rows);
        if (d->uncovered[g] > 0)
            ps_say(
                talk, PS_TALK_WARNING,
                "%s: %lld of %zu areas of %s have rows in less than half of the months "
                "and are missing, not 0; when the files are complete for all of them, "
                "say `covers: all`",
                d->spec->id, (long long)d->uncovered[g], n, all->geography[g].spec->id);
    }
    ps_free(rows);
    return status;
}

/* Of a series of periods, such as months, those that the data can tell. */
static void keep_divisible(ps_data_set *d, size_t begin) {
    size_t kept = begin;
    for (size_t k = begin; k < d->n_periods; k++)
        if (ps_figures_divisible(d, d->period[k].first, d->period[k].last))
            d->period[kept++] = d->period[k];
    d->n_periods = kept;
}

static ps_status expand_periods(const ps_job_file *job, ps_data_set *d, ps_error *err) {
    const ps_job *j = job->job;
    if (d->spec->date == NULL) {
        d->period = ps_zalloc(1, sizeof *d->period);
        if (d->period == NULL) return ps_fail_nomem(err);
        snprintf(d->period->label, sizeof d->period->label, "all");
        d->period->kind = PS_PERIOD_RANGE;
        d->n_periods = 1;
        return PS_OK;
    }
    for (int pass = 0; pass < 2; pass++) {
        size_t capacity = d->n_periods;
        d->n_periods = 0;
        for (unsigned i = 0; i < j->periods_count; i++) {
            ps_error why = {PS_OK, ""};
            const size_t begin = d->n_periods;
            ps_status status =
                ps_period_expand(ps_str_of(j->periods[i]), d->first, d->last, d->period,
                                 capacity, &d->n_periods, &why);
            const bool series = strchr("0123456789", j->periods[i][0]) == NULL;
            if (status == PS_OK && pass == 1 && series) keep_divisible(d, begin);
            if (status == PS_OK) continue;
            char at[48];
            snprintf(at, sizeof at, "periods[%u]", i);
            return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
        }
        if (pass == 1) break;
        d->period = ps_zalloc(d->n_periods, sizeof *d->period);
        if (d->period == NULL) return ps_fail_nomem(err);
    }
    return PS_OK;
}

static bool series_holds(const ps_job_series *s, const ps_job_points *p,
                         ps_str category) {
    for (unsigned c = 0; c < s->categories_count; c++)
        if (ps_str_is(category, s->categories[c])) return true;
    if (s->categories_count > 0) return false;
    if (*p->format != PS_POINTS_POLICE_UK) return true;
    const ps_crime_series *builtin;
    size_t n = ps_crime_series_list(&builtin);
    for (size_t i = 0; i < n; i++)
        if (strcmp(builtin[i].id, s->id) == 0)
            return ps_crime_series_holds(s->id, category);
    return true;
}

static ps_status open_series(ps_figures *f, ps_error *err) {
    f->series = ps_zalloc(f->job->series_count, sizeof *f->series);
    if (f->series == NULL) return ps_fail_nomem(err);
    f->n_series = f->job->series_count;
    for (size_t s = 0; s < f->n_series; s++) {
        const ps_job_series *spec = &f->job->series[s];
        ps_series *series = &f->series[s];
        for (size_t d = 0; d < f->n_data; d++)
            if (spec->data == NULL || strcmp(f->data[d].spec->id, spec->data) == 0)
                series->data = d;
        const ps_data_set *d = &f->data[series->data];
        const size_t groups = ps_figures_groups(d);
        series->id = spec->id;
        series->title = spec->title != NULL ? spec->title : spec->id;
        series->first_slot = f->n_slots;
        f->n_slots += d->n_periods;
        series->holds = ps_alloc(groups, sizeof *series->holds);
        if (series->holds == NULL) return ps_fail_nomem(err);
        for (size_t k = 0; k < groups; k++)
            series->holds[k] =
                series_holds(spec, d->spec, group_text(d, (int32_t)k, BY_CATEGORY));
    }
    return PS_OK;
}

/* A police.uk label that is no known type would vanish from every total: say so. */
static ps_status check_categories(const ps_data_set *d, bool strict, const ps_talk *talk,
                                  ps_error *err) {
    if (*d->spec->format != PS_POINTS_POLICE_UK) return PS_OK;
    ps_keys *unknown = NULL;
    PS_TRY(ps_keys_create(&unknown, err));
    ps_status status = PS_OK;
    const size_t n = ps_figures_groups(d);
    for (size_t k = 0; k < n && status == PS_OK; k++) {
        ps_str label = group_text(d, (int32_t)k, BY_CATEGORY);
        if (ps_crime_type_find(label) != NULL) continue;
        bool added;
        int32_t id;
        status = ps_keys_add(unknown, label, &id, &added, err);
        if (status != PS_OK || !added) continue;
        int64_t rows = 0;
        const ps_area_counts *whole = &d->rows[d->reach->whole];
        for (size_t i = 0; i < whole->n; i++)
            if (ps_str_eq(group_text(d, whole->cell[i].group, BY_CATEGORY), label))
                rows += whole->cell[i].count;
        if (strict)
            status = ps_fail(
                err, PS_GATE,
                "%s: %lld rows have the category '%.*s', which is no crime type of "
                "police.uk and counts in no total; filter them or run without "
                "--strict",
                d->spec->id, (long long)rows, (int)label.n, label.p);
        else
            ps_say(talk, PS_TALK_WARNING,
                   "%s: %lld rows have the category '%.*s', which is no crime type of "
                   "police.uk "
                   "and counts in no total",
                   d->spec->id, (long long)rows, (int)label.n, label.p);
    }
    ps_keys_free(unknown);
    return status;
}

static bool is_expected(const ps_geographies *all, const ps_data_set *d,
                        int32_t reporter) {
    for (size_t g = 0; g < all->n; g++)
        for (size_t a = 0; a < all->geography[g].areas->n; a++)
            if (d->reporter[g][a] == reporter) return true;
    return false;
}

static void tell_absent_months(const ps_geographies *all, const ps_data_set *d,
                               const ps_talk *talk) {
    const size_t months = ps_figures_span(d);
    for (int32_t r = 0; r < (int32_t)ps_keys_size(d->reporters); r++) {
        if (!is_expected(all, d, r)) continue;
        char list[256] = "";
        size_t used = 0, absent = 0;
        for (size_t m = 0; m < months; m++) {
            if (d->present[(size_t)r * months + m]) continue;
            char text[16];
            ps_month_text(d->first + (ps_month)m, text);
            if (absent++ < 12)
                used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                         used > 0 ? ", " : "", text);
        }
        if (absent == 0) continue;
        ps_str name = ps_keys_text(d->reporters, r);
        ps_say(talk, PS_TALK_WARNING,
               "%s: %.*s%sno rows in %zu month%s between first and last: "
               "%s%s; figures that need them are missing, not 0",
               d->spec->id, (int)name.n, name.p, name.n > 0 ? " has " : "", absent,
               absent == 1 ? "" : "s", list, absent > 12 ? ", ..." : "");
    }
}

/* Which geographies get no counts at all, in one line, and which not in all areas. */
static void tell_reach(const ps_geographies *all, const ps_data_set *d,
                       const ps_talk *talk) {
    enum { TOLD = 4 };
    char none[400] = "", more[64] = "";
    size_t length = 0, without = 0;
    for (size_t g = 0; g < all->n; g++) {
        const size_t n = all->geography[g].areas->n;
        const char *id = all->geography[g].spec->id;
        size_t unknown = 0;
        for (size_t a = 0; a < n; a++) unknown += !ps_reach_knows(d->reach, g, a);
        if (unknown > 0 && unknown < n)
            ps_say(talk, PS_TALK_WARNING,
                   "%s: %zu of %zu areas of %s are not counted: %s; their figures are "
                   "missing, not 0",
                   d->spec->id, unknown, n, id, d->reach->why);
        /* on a list of codes nothing is expected but what is coded to it */
        if (unknown < n || !ps_geography_has_map(&all->geography[g])) continue;
        if (without++ < TOLD && length < sizeof none)
            length += (size_t)snprintf(none + length, sizeof none - length, "%s%s",
                                       length > 0 ? ", " : "", id);
    }
    if (without > TOLD)
        snprintf(more, sizeof more, " and %zu more geographies", without - TOLD);
    if (length > 0)
        ps_say(talk, PS_TALK_INFO,
               "%s: no counts for %s%s: %s; their figures are missing, not 0",
               d->spec->id, none, more, d->reach->why);
}

static ps_status open_figures(const ps_job_file *job, ps_figures *f, bool strict,
                              const ps_talk *talk, ps_error *err) {
    f->data = ps_zalloc(f->job->points_count, sizeof *f->data);
    if (f->data == NULL) return ps_fail_nomem(err);
    f->n_data = f->job->points_count;
    /* Cheap, so its errors come before the long part. */
    PS_TRY(ps_area_values_read(job, f->geographies, talk, &f->values, &f->n_values, err));
    for (size_t i = 0; i < f->n_data; i++) {
        ps_data_set *d = &f->data[i];
        d->spec = &f->job->points[i];
        d->stride = ps_date_form_months(*d->spec->date_form);
        PS_TRY(ps_reach_open(f->geographies, d->spec->areas, &d->reach, err));
        tell_reach(f->geographies, d, talk);
        PS_TRY(count_data(job, f->geographies, d, strict, talk, err));
        PS_TRY(collect_cells(f->geographies, d, err));
        PS_TRY(read_groups(d, err));
        PS_TRY(leave_out_isolated(job, d, strict, talk, err));
        if (d->first <= d->last) d->last += d->stride - 1;
        PS_TRY(find_presence(d, err));
        PS_TRY(expect_reporters(f->geographies, d, talk, err));
        PS_TRY(check_categories(d, strict, talk, err));
        PS_TRY(expand_periods(job, d, err));
        tell_absent_months(f->geographies, d, talk);
    }
    return open_series(f, err);
}

ps_status ps_figures_open(const ps_job_file *job, const ps_geographies *geographies,
                          bool strict, const ps_talk *talk, ps_figures **out,
                          ps_error *err) {
    *out = NULL;
    ps_figures *f = ps_zalloc(1, sizeof *f);
    if (f == NULL) return ps_fail_nomem(err);
    f->job = job->job;
    f->geographies = geographies;
    for (int n = 0; n < PS_FIGURES_FEW; n++) f->few[n] = ps_count(n, *f->job->confidence);
    ps_status status = open_figures(job, f, strict, talk, err);
    if (status != PS_OK) {
        ps_figures_free(f);
        return status;
    }
    *out = f;
    return PS_OK;
}

ps_status ps_figures_check_tables(const ps_job_file *job,
                                  const ps_geographies *geographies, const ps_talk *talk,
                                  ps_error *err) {
    ps_area_values *values;
    size_t n;
    PS_TRY(ps_area_values_read(job, geographies, talk, &values, &n, err));
    ps_area_values_free(values, n);
    return PS_OK;
}

/* The cells of one area: [*begin, *end). */
static void cells_of(const ps_area_counts *of, size_t area, size_t *begin, size_t *end) {
    const ps_tally_cell *cells = of->cell;
    size_t low = 0, high = of->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((size_t)cells[middle].area < area)
            low = middle + 1;
        else
            high = middle;
    }
    *begin = low;
    while (low < of->n && (size_t)cells[low].area == area) low++;
    *end = low;
}

static bool is_covered(const ps_data_set *d, int32_t reporter, ps_month month) {
    if (reporter == PS_NONE || month < d->first || month > d->last) return false;
    return d->present[(size_t)reporter * ps_figures_span(d) + (size_t)(month - d->first)];
}

double ps_period_years(const ps_period *period) {
    int32_t months = ps_period_months(period);
    return months > 12 ? months / 12.0 : 1.0;
}

/* Which months of the period are unknown here, in words. */
static void describe_gaps(const ps_data_set *d, size_t geography, size_t area,
                          const ps_period *p, int32_t absent, char note[128]) {
    const int32_t reporter = d->reporter[geography][area];
    if (!ps_reach_knows(d->reach, geography, area)) {
        snprintf(note, 128, "%s", d->reach->why);
        return;
    }
    if (reporter == PS_NONE) {
        snprintf(note, 128, "not covered: rows in less than half of the months");
        return;
    }
    if (!ps_figures_divisible(d, p->first, p->last)) {
        snprintf(note, 128, "the data are for whole years from %s",
                 d->first % 12 == 0 ? "January" : "April");
        return;
    }
    int32_t unpublished = 0;
    for (ps_month m = p->first; m <= p->last; m++)
        unpublished += !is_covered(d, reporter, m);
    if (unpublished == 0) {
        snprintf(note, 128, "the number is not known in %d of %d months", (int)absent,
                 (int)ps_period_months(p));
        return;
    }
    size_t used =
        (size_t)snprintf(note, 128, "%d of %d months published; missing:",
                         ps_period_months(p) - unpublished, ps_period_months(p));
    int told = 0;
    for (ps_month m = p->first; m <= p->last && told < 4; m++) {
        if (is_covered(d, reporter, m)) continue;
        char text[16];
        ps_month_text(m, text);
        used += (size_t)snprintf(note + used, 128 - used, " %s", text);
        told++;
    }
    if (unpublished > told) snprintf(note + used, 128 - used, " ...");
}

void ps_figures_describe_gaps(const ps_data_set *d, size_t geography, size_t area,
                              const ps_period *period, int32_t absent, char note[128]) {
    describe_gaps(d, geography, area, period, absent, note);
}

static const ps_estimate no_estimate = {.status = PS_VALUE_MISSING,
                                        .limits_status = PS_VALUE_MISSING};

/* One series in one area: what lies before each month of the data set, so that any period
 * is one subtraction. */
typedef struct history {
    int64_t counts[MOST_MONTHS + 1];
    int32_t covered[MOST_MONTHS + 1]; /* months */
} history;

static void sum_months(const ps_figures *f, size_t geography, size_t area, size_t series,
                       history *h) {
    bool covered[MOST_MONTHS];
    const size_t months = ps_figures_span(&f->data[f->series[series].data]);
    h->counts[0] = h->covered[0] = 0;
    ps_figures_months(f, geography, area, series, h->counts + 1, covered);
    for (size_t m = 0; m < months; m++) {
        h->counts[m + 1] += h->counts[m];
        h->covered[m + 1] = h->covered[m] + covered[m];
    }
}

static ps_estimate count_of(const ps_figures *f, int64_t n) {
    return n < PS_FIGURES_FEW ? f->few[n] : ps_count((double)n, *f->job->confidence);
}

static void compute(const ps_figures *f, const ps_data_set *d, size_t geography,
                    size_t area, const ps_period *p, const history *h, ps_figure *out) {
    const ps_geography *geo = &f->geographies->geography[geography];
    out->note[0] = '\0';
    out->has_denominator = false;
    out->denominator = 0;
    out->count = out->rate = no_estimate;
    int64_t n = 0;
    int32_t absent = ps_period_months(p);
    const ps_month first = p->first > d->first ? p->first : d->first;
    const ps_month last = p->last < d->last ? p->last : d->last;
    if (first <= last && ps_figures_divisible(d, p->first, p->last)) {
        const size_t from = (size_t)(first - d->first),
                     to = (size_t)(last - d->first) + 1;
        n = h->counts[to] - h->counts[from];
        absent -= h->covered[to] - h->covered[from];
    }
    if (absent > 0) {
        describe_gaps(d, geography, area, p, absent, out->note);
        return;
    }
    out->count = count_of(f, n);
    if (geo->population == NULL) return;
    const bool dated = d->spec->date != NULL;
    const char *id = geo->people[0].spec->id;
    const ps_people *people =
        ps_geography_people(geo, id, dated ? p->first : 1, dated ? p->last : 0);
    if (people->missing[area]) {
        snprintf(out->note, sizeof out->note, "no population");
        return;
    }
    double years = ps_period_years(p);
    out->has_denominator = true;
    out->denominator = people->value[area] * years;
    out->rate = ps_rate_of_count(out->count, out->denominator, *f->job->multiplier);
    int32_t months = ps_period_months(p);
    if (d->spec->date != NULL && months < 12)
        snprintf(out->note, sizeof out->note, "rate of %d month%s, not annualised",
                 months, months == 1 ? "" : "s");
    else if (years > 1)
        snprintf(out->note, sizeof out->note, "rate per person-year over %d months",
                 months);
    char told[PS_PEOPLE_NOTE];
    ps_people_tell(geo, people, dated ? p->first : 1, dated ? p->last : 0, told);
    const size_t used = strlen(out->note);
    snprintf(out->note + used, sizeof out->note - used, "%s%s",
             used > 0 && told[0] != '\0' ? "; " : "", told);
}

static void suppress(ps_figure *out) {
    if (out->count.status == PS_VALUE_MISSING) return;
    out->count = out->rate = (ps_estimate){.status = PS_VALUE_SUPPRESSED,
                                           .limits_status = PS_VALUE_SUPPRESSED};
    snprintf(out->note, sizeof out->note, "%s", ps_release_reason);
}

void ps_figures_of_area(const ps_figures *f, size_t geography, size_t area,
                        ps_figure *slots) {
    history h;
    for (size_t s = 0; s < f->n_series; s++) {
        const ps_series *series = &f->series[s];
        const ps_data_set *d = &f->data[series->data];
        sum_months(f, geography, area, s, &h);
        for (size_t k = 0; k < d->n_periods; k++) {
            const ps_period *p = &d->period[k];
            ps_figure *out = &slots[series->first_slot + k];
            compute(f, d, geography, area, p, &h, out);
            if (!ps_release_shows(f->release, series->data, series->holds, geography,
                                  area, p->first, p->last))
                suppress(out);
        }
    }
}

void ps_figures_months(const ps_figures *f, size_t geography, size_t area, size_t series,
                       int64_t *counts, bool *covered) {
    const ps_series *s = &f->series[series];
    ps_figures_group_months(f, geography, area, s->data, s->holds, counts, covered);
}

void ps_figures_group_months(const ps_figures *f, size_t geography, size_t area,
                             size_t data, const bool *holds, int64_t *counts,
                             bool *covered) {
    const ps_data_set *d = &f->data[data];
    const size_t months = ps_figures_span(d);
    const int32_t reporter = d->reporter[geography][area];
    for (size_t m = 0; m < months; m++) {
        counts[m] = 0;
        covered[m] = is_covered(d, reporter, d->first + (ps_month)m);
    }
    size_t begin, end;
    cells_of(&d->cells[geography], area, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const ps_tally_cell *cell = &d->cells[geography].cell[i];
        if (!holds[cell->group] || d->group_month[cell->group] == PS_NO_MONTH) continue;
        counts[d->group_month[cell->group] - d->first] += cell->count;
    }
    if (d->unknown == NULL) return;
    cells_of(&d->unknown[geography], area, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const int32_t group = d->unknown[geography].cell[i].group;
        if (!holds[group] || d->group_month[group] == PS_NO_MONTH) continue;
        for (int32_t m = 0; m < d->stride; m++)
            covered[d->group_month[group] - d->first + m] = false;
    }
}

void ps_figures_rows(const ps_data_set *d, size_t geography, ps_rows *rows,
                     ps_matches *matches) {
    *rows = (ps_rows){0};
    *matches = (ps_matches){0};
    const int counted = d->reach->counted[geography];
    for (size_t s = 0; s < ps_points_sources(d->count->points); s++) {
        const ps_rows *r = ps_points_rows(d->count->points, s);
        const ps_matches *m = &d->count->geography[counted].matches[s];
        rows->read += r->read;
        rows->located += r->located;
        rows->unlocated += r->unlocated;
        rows->invalid += r->invalid;
        rows->duplicate += r->duplicate;
        rows->filtered += r->filtered;
        matches->matched += m->matched;
        matches->outside += m->outside;
        matches->ties += m->ties;
        matches->incidents += m->incidents;
        matches->unknown += m->unknown;
    }
}

static void free_data(ps_data_set *d, size_t geographies) {
    if (d->rows != d->cells) ps_area_counts_free(d->rows, geographies);
    ps_area_counts_free(d->cells, geographies);
    ps_area_counts_free(d->unknown, geographies);
    ps_reach_free(d->reach);
    for (size_t g = 0; d->reporter != NULL && g < geographies; g++)
        ps_free(d->reporter[g]);
    ps_free(d->reporter), ps_free(d->uncovered);
    ps_keys_free(d->reporters);
    ps_free(d->group_reporter), ps_free(d->group_month), ps_free(d->present);
    ps_free(d->period);
    ps_point_counts_free(d->count);
}

const ps_area_values *ps_figures_area_values(const ps_figures *f, const char *table,
                                             const char *value, const char *period) {
    for (unsigned t = 0; t < f->job->tables_count; t++) {
        const ps_job_table *spec = &f->job->tables[t];
        if (strcmp(spec->id, table) != 0) continue;
        for (size_t v = 0; v < f->n_values; v++)
            if (f->values[v].spec >= spec->values &&
                f->values[v].spec < spec->values + spec->values_count &&
                strcmp(f->values[v].spec->id, value) == 0 &&
                (spec->period == NULL || strcmp(f->values[v].period, period) == 0))
                return &f->values[v];
    }
    return NULL;
}

void ps_figures_free(ps_figures *f) {
    if (f == NULL) return;
    for (size_t i = 0; i < f->n_data; i++) free_data(&f->data[i], f->geographies->n);
    for (size_t s = 0; s < f->n_series; s++) ps_free(f->series[s].holds);
    ps_area_values_free(f->values, f->n_values);
    ps_free(f->data), ps_free(f->series);
    ps_free(f);
}
