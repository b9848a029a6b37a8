/* What a job would do, without doing it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/run/binding.h"
#include "engine/run/figures.h"
#include "engine/run/plan.h"
#include "engine/run/records.h"
#include "engine/run/run.h"
#include "engine/run/strict.h"
#include "engine/run/tailoring.h"

/* Bytes a run holds on to beside what reading and counting say of themselves. */
enum {
    BYTES_PER_VERTEX = 16 + 96, /* coordinates; frozen edges and grid of the index */
    BYTES_FIXED = 80 << 20      /* GDAL, PROJ, program */
};

typedef struct forecast {
    double reading;  /* of the input that takes most: one is read after the other */
    double counting; /* of all inputs */
    int64_t vertices;
} forecast;

static void tell_geographies(const ps_geographies *all, forecast *f, ps_output *out) {
    ps_output_text(out, "areas\n");
    for (size_t g = 0; g < all->n; g++) {
        const ps_geography *geo = &all->geography[g];
        f->vertices += (int64_t)geo->areas->n_points;
        ps_output_printf(out, "  %s: %zu areas, ", geo->spec->id, geo->areas->n);
        if (geo->spec->codes != NULL)
            ps_output_printf(out, "%s, no polygons", geo->spec->codes->file);
        else if (geo->base < 0)
            ps_output_printf(out, "%s, layer %s, %s", geo->spec->file, geo->report.layer,
                             ps_crs_name(geo->areas->crs));
        else
            ps_output_printf(out, "built of %s", geo->spec->of);
        if (geo->population != NULL) {
            double people = 0;
            size_t missing = 0;
            for (size_t a = 0; a < geo->areas->n; a++) {
                missing += geo->population_missing[a];
                if (!geo->population_missing[a]) people += geo->population[a];
            }
            ps_output_printf(out, "; %.0f people (%s)", people, geo->population_method);
            if (missing > 0) ps_output_printf(out, ", %zu areas without", missing);
        }
        ps_output_text(out, "\n");
    }
}

/* Told once for all geographies of one CRS. */
static ps_status tell_operation(const ps_points *points, const ps_geographies *all,
                                size_t g, bool strict, ps_output *out, ps_error *err) {
    const ps_crs *from = all->geography[g].areas->crs, *to = ps_points_crs(points);
    if (ps_crs_same(from, to)) return PS_OK;
    for (size_t before = 0; before < g; before++)
        if (ps_geography_has_map(&all->geography[before]) &&
            ps_crs_same(all->geography[before].areas->crs, from))
            return PS_OK;
    ps_crs_operation *op = NULL;
    PS_TRY(
        ps_crs_operation_open(from, to, NULL, strict ? PS_STRICT_ACCURACY : 0, &op, err));
    const ps_crs_operation_info *info = ps_crs_operation_describe(op);
    ps_output_printf(out, "    met with %s by \"%s\", accuracy %.3g m\n",
                     ps_crs_name(from), info->name, info->accuracy);
    if (info->missing_grid[0] != '\0')
        ps_output_printf(
            out,
            "    warning: the grid %s is not installed; with it the accuracy would "
            "be %.3g m\n",
            info->missing_grid, info->missing_accuracy);
    ps_crs_operation_free(op);
    return PS_OK;
}

/* Rows are estimated from the first blocks of the first input. */
static ps_status tell_points(const ps_job_file *job, const ps_geographies *all,
                             unsigned i, const ps_run_options *options, forecast *f,
                             ps_output *out, ps_error *err) {
    const ps_job_points *p = &job->job->points[i];
    ps_points_spec spec;
    ps_points *points = NULL;
    const char *by[PS_FIGURES_BY];
    ps_figures_points_spec(job, p, by, &spec);
    PS_TRY(ps_points_open(&spec, options->talk, &points, err));
    int64_t bytes = 0;
    const size_t sources = ps_points_sources(points);
    for (size_t s = 0; s < sources; s++) bytes += ps_points_source_bytes(points, s);
    double rows;
    ps_status status = ps_points_estimate_rows(points, &rows, err);
    if (status == PS_OK) {
        f->reading = fmax(f->reading, ps_points_memory(points, rows));
        /* Files of different months have groups of their own. */
        const double groups =
            (double)ps_keys_size(ps_groups_keys(ps_points_groups(points))) *
            (double)sources;
        /* Incidents, rows, and rows without a count. */
        const double cubes = p->count != NULL ? 3 : 1;
        for (size_t g = 0; g < all->n; g++)
            if (p->areas != NULL ? strcmp(all->geography[g].spec->id, p->areas) == 0
                                 : all->geography[g].spec->file != NULL)
                f->counting += cubes * ps_count_memory(all->geography[g].areas->n,
                                                       fmin(groups, rows), rows);
        ps_output_printf(
            out, "  %s: %zu file%s, %.1f MB, about %.0f rows, %s%s\n", p->id, sources,
            sources == 1 ? "" : "s", (double)bytes / 1e6, rows,
            p->areas != NULL ? "coded to " : "",
            p->areas != NULL ? p->areas : ps_crs_name(ps_points_crs(points)));
    }
    for (size_t g = 0; g < all->n && status == PS_OK && p->areas == NULL; g++)
        if (all->geography[g].spec->file != NULL)
            status = tell_operation(points, all, g, options->strict, out, err);
    ps_points_close(points);
    return status;
}

/* They are small enough to be read whole: what a run would count is told. */
static ps_status tell_records(const ps_bindings *b, const ps_geographies *all,
                              const ps_talk *talk, ps_output *out, ps_error *err) {
    ps_records *records = NULL;
    if (b->job->job->records_count == 0) return PS_OK;
    PS_TRY(ps_records_open(b, all, talk, &records, err));
    ps_output_text(out, "records\n");
    for (size_t i = 0; i < records->n; i++) ps_records_tell(&records->set[i], "  ", out);
    ps_records_free(records);
    return PS_OK;
}

/* Which measures there will be, and why the others will not. */
static void tell_framework(const ps_binding *b, ps_output *out) {
    unsigned absent = 0;
    const unsigned n = b->framework->measures_count;
    for (unsigned m = 0; m < n; m++) absent += b->absent[m] != NULL;
    ps_output_printf(out, "  %s: %u measures, %u with data\n", b->framework->id, n,
                     n - absent);
    for (unsigned m = 0; m < n; m++)
        ps_output_printf(out, "  %s: %s\n", b->framework->measures[m].id,
                         b->absent[m] == NULL ? "computed" : b->absent[m]);
}

static void tell_measures(const ps_bindings *all, ps_output *out) {
    if (all->n > 0) ps_output_text(out, all->n == 1 ? "framework\n" : "frameworks\n");
    for (size_t k = 0; k < all->n; k++) tell_framework(&all->binding[k], out);
}

static void tell_plan(const ps_job *job, const forecast *f, ps_output *out) {
    ps_output_text(out, "series\n ");
    for (unsigned s = 0; s < job->series_count; s++)
        ps_output_printf(out, " %s", job->series[s].id);
    ps_output_text(out, "\nperiods\n ");
    for (unsigned s = 0; s < job->periods_count; s++)
        ps_output_printf(out, " %s", job->periods[s]);
    double memory =
        BYTES_FIXED + (double)f->vertices * BYTES_PER_VERTEX + f->reading + f->counting;
    ps_output_printf(out, "\nmemory\n  about %.0f MB with %d thread%s\n", memory / 1e6,
                     ps_threads(), ps_threads() == 1 ? "" : "s");
}

static ps_status check(const ps_run_options *options, ps_job_file **job,
                       ps_inputs **inputs, ps_geographies **all, ps_bindings **bindings,
                       ps_output *out, ps_error *err) {
    forecast f = {0};
    PS_TRY(ps_job_open(options->job, job, err));
    PS_TRY(ps_job_inputs(*job, options->job, inputs, err));
    PS_TRY(ps_bindings_open(*job, bindings, err));
    PS_TRY(ps_figures_check_points(*job, err));
    PS_TRY(ps_geographies_open(*job, options->talk, all, err));
    if ((*job)->job->title != NULL) ps_output_printf(out, "%s\n", (*job)->job->title);
    tell_geographies(*all, &f, out);
    ps_output_text(out, "points\n");
    for (unsigned i = 0; i < (*job)->job->points_count; i++)
        PS_TRY(tell_points(*job, *all, i, options, &f, out, err));
    ps_tailored_tell(*bindings, *all, options->talk);
    PS_TRY(tell_records(*bindings, *all, options->talk, out, err));
    PS_TRY(ps_figures_check_tables(*job, *all, options->talk, err));
    tell_plan((*job)->job, &f, out);
    tell_measures(*bindings, out);
    ps_output_text(out, "nothing was written; `placestat run` carries the job out\n");
    return PS_OK;
}

ps_status ps_check_job(const ps_run_options *options, ps_output *out, ps_error *err) {
    ps_job_file *job = NULL;
    ps_inputs *inputs = NULL;
    ps_geographies *all = NULL;
    ps_bindings *bindings = NULL;
    ps_status status = check(options, &job, &inputs, &all, &bindings, out, err);
    ps_geographies_free(all);
    ps_inputs_free(inputs);
    ps_bindings_free(bindings);
    ps_job_free(job);
    return status;
}
