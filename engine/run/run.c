#include "engine/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/par.h"
#include "engine/run/comparison.h"
#include "engine/run/doubts.h"
#include "engine/run/manifest.h"
#include "engine/run/plan.h"
#include "engine/run/records.h"
#include "engine/run/release.h"
#include "engine/run/strict.h"
#include "engine/run/tailoring.h"
#include "engine/run/unbound.h"
#include "engine/run/write.h"

enum { MOST_WARNINGS = 200 };

/* Passes everything on to the caller and keeps the warnings for the manifest. */
typedef struct listener {
    const ps_talk *caller;
    ps_arena *arena;
    const char *warning[MOST_WARNINGS];
    size_t n;
} listener;

static void listen_say(void *context, ps_talk_level level, const char *sentence) {
    listener *l = context;
    if (level == PS_TALK_WARNING && l->n < MOST_WARNINGS) {
        const char *copy = ps_arena_strndup(l->arena, sentence, strlen(sentence));
        if (copy != NULL) l->warning[l->n++] = copy;
    }
    ps_say(l->caller, level, "%s", sentence);
}

static int listen_progress(void *context, const char *phase, double done, double total) {
    listener *l = context;
    return ps_progress(l->caller, phase, done, total, NULL) != PS_OK;
}

typedef struct job_run {
    const ps_run_options *options;
    listener listener;
    ps_talk talk;
    ps_job_file *job;
    ps_inputs *inputs;
    char fingerprint[65];
    char folder[4096];
    bool folder_made;
    int lock; /* descriptor of the locked folder, or -1 */
    ps_geographies *geographies;
    ps_figures *figures;
    ps_bindings *bindings;
    ps_records *records; /* NULL: there are none */
    ps_measures *measures;
    ps_release *release;
    ps_output_set *outputs;
    ps_written written, measured, compared;
    struct timespec started;
    double seconds[4]; /* inputs, boundaries, rows, outputs */
} job_run;

static double seconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) +
           1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

/* Without -o: the job's name without its ending, in the working directory. */
static ps_status choose_folder(job_run *r, ps_error *err) {
    if (r->options->folder != NULL) {
        int n = snprintf(r->folder, sizeof r->folder, "%s", r->options->folder);
        if (n >= 0 && (size_t)n < sizeof r->folder) return PS_OK;
        return ps_fail(err, PS_CONFIG, "the name of the output folder is too long");
    }
    const char *slash = strrchr(r->options->job, '/');
    const char *name = slash != NULL ? slash + 1 : r->options->job;
    const char *dot = strrchr(name, '.');
    size_t n = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    if (n + 5 >= sizeof r->folder)
        return ps_fail(err, PS_CONFIG, "the name of the job is too long");
    memcpy(r->folder, name, n);
    memcpy(r->folder + n, dot != NULL && dot != name ? "" : "-out",
           dot != NULL && dot != name ? 1 : 5);
    return PS_OK;
}

/* Make the folder and hold a lock on it, so that two runs never write the same outputs.
 */
static ps_status lock_folder(job_run *r, ps_error *err) {
    if (mkdir(r->folder, 0777) == 0)
        r->folder_made = true;
    else if (errno != EEXIST)
        return ps_fail(err, PS_OUTPUT, "%s: the folder cannot be made: %s", r->folder,
                       strerror(errno));
    r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->lock < 0)
        return ps_fail(err, PS_OUTPUT, "%s: cannot be opened as a folder: %s", r->folder,
                       strerror(errno));
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
        return ps_fail(
            err, PS_LOCKED,
            "%s: another run is writing into this folder; wait for it or choose "
            "another with -o",
            r->folder);
    return PS_OK;
}

static ps_status write_outputs(job_run *r, ps_error *err) {
    const ps_job_outputs *wanted = r->job->job->outputs;
    ps_output *out = NULL;
    if (*wanted->indicators) {
        PS_TRY(ps_progress(&r->talk, "writing indicators.csv", 0, 0, err));
        PS_TRY(ps_output_set_begin(r->outputs, "indicators.csv", &out, err));
        ps_status status = ps_write_indicators(r->figures, out, &r->written, err);
        if (status != PS_OK) {
            ps_output_abandon(out);
            return status;
        }
        PS_TRY(ps_output_finish(out, err));
    }
    if (*wanted->counts) {
        PS_TRY(ps_progress(&r->talk, "writing counts.csv", 0, 0, err));
        PS_TRY(ps_output_set_begin(r->outputs, "counts.csv", &out, err));
        ps_status status = ps_write_counts(r->figures, out, err);
        if (status != PS_OK) {
            ps_output_abandon(out);
            return status;
        }
        PS_TRY(ps_output_finish(out, err));
    }
    if (*wanted->measures) {
        PS_TRY(ps_progress(&r->talk, "writing measures.csv", 0, 0, err));
        PS_TRY(ps_output_set_begin(r->outputs, "measures.csv", &out, err));
        ps_status status = ps_write_measures(r->measures, out, &r->measured, err);
        if (status != PS_OK) {
            ps_output_abandon(out);
            return status;
        }
        PS_TRY(ps_output_finish(out, err));
    }
    if (*wanted->comparisons && ps_comparisons_any(r->bindings)) {
        PS_TRY(ps_progress(&r->talk, "writing comparisons.csv", 0, 0, err));
        PS_TRY(ps_output_set_begin(r->outputs, "comparisons.csv", &out, err));
        ps_status status = ps_write_comparisons(r->measures, out, &r->compared, err);
        if (status != PS_OK) {
            ps_output_abandon(out);
            return status;
        }
        PS_TRY(ps_output_finish(out, err));
    }
    if (*wanted->geopackage) {
        const char *path;
        PS_TRY(ps_progress(&r->talk, "writing placestat.gpkg", 0, 0, err));
        PS_TRY(ps_output_set_path(r->outputs, "placestat.gpkg", &path, err));
        PS_TRY(ps_write_geopackage(r->figures,
                                   ps_output_set_finished(r->outputs, "measures.csv"),
                                   path, &r->talk, err));
    }
    return PS_OK;
}

static void manifest_people(const ps_geography *geo, ps_json *json) {
    if (geo->population_method != NULL)
        ps_json_member_text(json, "population", geo->population_method);
    if (geo->n_people < 2) return;
    ps_json_key(json, "populations");
    ps_json_array(json);
    for (size_t k = 0; k < geo->n_people; k++) {
        ps_json_object(json);
        ps_json_member_text(json, "id", geo->people[k].spec->id);
        ps_json_member_int(json, "year", geo->people[k].spec->year);
        ps_json_member_text(json, "method", geo->people[k].method);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

static void manifest_geographies(const job_run *r, ps_json *json) {
    ps_json_key(json, "geographies");
    ps_json_array(json);
    for (size_t g = 0; g < r->geographies->n; g++) {
        const ps_geography *geo = &r->geographies->geography[g];
        ps_json_object(json);
        ps_json_member_text(json, "id", geo->spec->id);
        ps_json_member_int(json, "areas", (int64_t)geo->areas->n);
        ps_json_member_text(
            json, "crs", ps_geography_has_map(geo) ? ps_crs_name(geo->areas->crs) : NULL);
        if (geo->spec->file != NULL)
            ps_manifest_layer(json, &geo->report);
        else if (geo->spec->of != NULL)
            ps_json_member_text(json, "of", geo->spec->of);
        manifest_people(geo, json);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

static void manifest_agreement(ps_json *json, const ps_agreement *a) {
    ps_json_key(json, "supplied_codes");
    ps_json_object(json);
    ps_json_member_int(json, "same_area", a->same);
    ps_json_member_int(json, "other_area", a->other);
    ps_json_member_int(json, "not_a_code_of_these_areas", a->unknown);
    ps_json_member_int(json, "supplied_but_outside", a->outside);
    ps_json_member_int(json, "not_supplied", a->blank);
    ps_json_end_object(json);
}

/* How many rows are of no month would add those of all months up to the located ones,
 * which is no sum that the audit of protected data has looked at. */
static void manifest_months(ps_json *json, const ps_data_set *d, bool protected) {
    if (d->spec->date == NULL || d->first > d->last) return;
    if (!protected) ps_json_member_int(json, "isolated_rows", d->isolated);
    char text[16];
    ps_month_text(d->first, text);
    ps_json_member_text(json, "first_month", text);
    ps_month_text(d->last, text);
    ps_json_member_text(json, "last_month", text);
    const size_t months = (size_t)(d->last - d->first) + 1;
    ps_json_key(json, "absent_months");
    ps_json_object(json);
    for (int32_t k = 0; k < (int32_t)ps_keys_size(d->reporters); k++) {
        bool any = false;
        for (size_t m = 0; m < months; m++) {
            if (d->present[(size_t)k * months + m]) continue;
            if (!any) {
                ps_json_key(json, ps_keys_text(d->reporters, k).p);
                ps_json_array(json);
                any = true;
            }
            ps_month_text(d->first + (ps_month)m, text);
            ps_json_text(json, text);
        }
        if (any) ps_json_end_array(json);
    }
    ps_json_end_object(json);
}

static void manifest_lookups(ps_json *json, const ps_data_set *d) {
    if (d->spec->with_count == 0) return;
    ps_json_key(json, "looked_up");
    ps_json_array(json);
    for (unsigned w = 0; w < d->spec->with_count; w++)
        ps_lookup_manifest(json, &d->spec->with[w],
                           ps_lookup_rows_of(ps_points_lookup(d->count->points, w)));
    ps_json_end_array(json);
}

/* Of protected data, all files together. */
static void manifest_rows(ps_json *json, const ps_data_set *d) {
    ps_rows rows;
    ps_matches m;
    ps_figures_rows(d, d->reach->whole, &rows, &m);
    ps_json_key(json, "rows");
    ps_json_object(json);
    ps_manifest_fates(json, &rows);
    ps_json_end_object(json);
}

static void manifest_data(const job_run *r, ps_json *json) {
    ps_json_key(json, "data");
    ps_json_array(json);
    for (size_t i = 0; i < r->figures->n_data; i++) {
        const ps_data_set *d = &r->figures->data[i];
        const bool protected = ps_release_protects(r->release, i);
        ps_json_object(json);
        const char *const *ids = d->reach->id;
        ps_json_member_text(json, "id", d->spec->id);
        if (d->spec->areas != NULL) ps_json_member_text(json, "coded_to", d->spec->areas);
        manifest_lookups(json, d);
        if (protected) manifest_rows(json, d);
        manifest_months(json, d, protected);
        ps_json_key(json, "areas");
        ps_json_object(json);
        for (size_t g = 0; g < d->count->n_geographies; g++) {
            ps_json_key(json, ids[g]);
            ps_json_object(json);
            ps_json_member_text(json, "rule",
                                d->spec->areas != NULL
                                    ? "the area that the row is coded to"
                                    : "closed areas; a point on a shared edge belongs to "
                                      "the lowest code");
            if (d->spec->area_code != NULL && !protected)
                manifest_agreement(json, &d->count->geography[g].agreement);
            ps_json_end_object(json);
        }
        ps_json_end_object(json);
        ps_json_key(json, "operations");
        ps_json_array(json);
        for (size_t g = 0; d->spec->areas == NULL && g < d->count->n_geographies; g++)
            ps_manifest_operation(json, ids[g], &d->count->geography[g].operation);
        ps_json_end_array(json);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

/* Rows of records and how they reached each geography. */
static void manifest_records(const job_run *r, ps_json *json) {
    if (r->records == NULL) return;
    ps_json_key(json, "records");
    ps_json_array(json);
    for (size_t i = 0; i < r->records->n; i++) {
        const ps_record_set *s = &r->records->set[i];
        ps_json_object(json);
        ps_json_member_text(json, "id", s->spec->id);
        ps_json_member_text(json, "file", s->spec->file);
        ps_records_manifest(s, json);
        ps_json_key(json, "areas");
        ps_json_object(json);
        for (size_t g = 0; g < s->n_areas; g++)
            ps_json_member_text(json, r->geographies->geography[g].spec->id,
                                s->areas[g].how);
        ps_json_end_object(json);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

static ps_status manifest_outputs(const job_run *r, ps_json *json, ps_error *err) {
    ps_json_key(json, "outputs");
    ps_json_array(json);
    for (size_t i = 0; i < ps_output_set_size(r->outputs); i++) {
        const char *name = ps_output_set_name(r->outputs, i);
        if (strcmp(name, "manifest.json") == 0) continue;
        char hex[65];
        int64_t bytes;
        PS_TRY(ps_output_set_digest(r->outputs, i, hex, &bytes, err));
        ps_json_object(json);
        ps_json_member_text(json, "name", name);
        ps_json_member_int(json, "bytes", bytes);
        ps_json_member_text(json, "sha256", hex);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
    return PS_OK;
}

/* The only part of a manifest that differs between two runs over the same inputs. */
static void manifest_timings(const job_run *r, ps_json *json) {
    static const char *const phase[] = {"inputs", "boundaries", "rows", "outputs"};
    char started[32];
    struct tm utc;
    gmtime_r(&r->started.tv_sec, &utc);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    ps_json_key(json, "run");
    ps_json_object(json);
    ps_json_member_text(json, "command", r->options->command);
    ps_json_member_text(json, "started", started);
    ps_json_member_int(json, "threads", ps_threads());
    ps_json_key(json, "seconds");
    ps_json_object(json);
    for (int i = 0; i < 4; i++) ps_json_member_real(json, phase[i], r->seconds[i]);
    ps_json_end_object(json);
    ps_json_end_object(json);
}

static ps_status fill_manifest(const job_run *r, ps_output *out,
                               const char *const *const *ids,
                               const ps_point_counts *const *counts, const char *resolved,
                               ps_error *err) {
    ps_json json = ps_json_begin(out);
    ps_json_object(&json);
    ps_json_member_text(&json, "title", r->job->job->title);
    ps_json_member_text(&json, "fingerprint", r->fingerprint);
    ps_manifest_versions(&json);
    ps_json_member_text(&json, "job", resolved);
    ps_manifest_inputs(&json, r->inputs, counts, r->figures->n_data, ids);
    manifest_geographies(r, &json);
    manifest_data(r, &json);
    manifest_records(r, &json);
    ps_release_manifest(r->release, &json);
    ps_json_key(&json, "warnings");
    ps_json_array(&json);
    for (size_t i = 0; i < r->listener.n; i++)
        ps_json_text(&json, r->listener.warning[i]);
    ps_json_end_array(&json);
    ps_json_member_int(&json, "figures", r->written.figures);
    ps_json_member_int(&json, "figures_without_value", r->written.absent);
    ps_json_member_int(&json, "figures_suppressed", r->written.suppressed);
    if (r->bindings->n > 0) {
        ps_json_key(&json, "frameworks");
        ps_json_array(&json);
        for (size_t i = 0; i < r->bindings->n; i++)
            ps_json_text(&json, r->bindings->binding[i].framework->id);
        ps_json_end_array(&json);
        ps_json_member_int(&json, "measures", r->measured.figures);
        ps_json_member_int(&json, "measures_without_value", r->measured.absent);
        ps_json_member_int(&json, "measures_hidden", r->measured.hidden);
        ps_json_member_int(&json, "comparisons", r->compared.figures);
        ps_json_member_int(&json, "comparisons_without_value", r->compared.absent);
        ps_json_member_int(&json, "measures_suppressed", r->measured.suppressed);
    }
    PS_TRY(manifest_outputs(r, &json, err));
    manifest_timings(r, &json);
    ps_json_end_object(&json);
    return PS_OK;
}

static ps_status write_manifest(job_run *r, ps_error *err) {
    const char *const **ids = ps_alloc(r->figures->n_data, sizeof *ids);
    const ps_point_counts **counts = ps_alloc(r->figures->n_data, sizeof *counts);
    char *resolved = NULL;
    ps_output *out = NULL;
    ps_status status = ids != NULL && counts != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) {
        for (size_t i = 0; i < r->figures->n_data; i++) {
            ids[i] =
                ps_release_protects(r->release, i) ? NULL : r->figures->data[i].reach->id;
            counts[i] = r->figures->data[i].count;
        }
        status = ps_yaml_text(r->job->yaml, &resolved, err);
    }
    if (status == PS_OK)
        status = ps_output_set_begin(r->outputs, "manifest.json", &out, err);
    if (status == PS_OK) {
        status = fill_manifest(r, out, ids, counts, resolved, err);
        if (status == PS_OK)
            status = ps_output_finish(out, err);
        else
            ps_output_abandon(out);
    }
    ps_free((void *)ids), ps_free((void *)counts), ps_free(resolved);
    return status;
}

static void summarise_figures(const char *what, const ps_written *w, ps_output *out) {
    ps_output_printf(out, "%lld %s, %lld of them without a value", (long long)w->figures,
                     what, (long long)w->absent);
    if (w->suppressed > 0)
        ps_output_printf(out, ", %lld suppressed", (long long)w->suppressed);
    ps_output_text(out, "\n");
}

static void summarise_isolated(const ps_data_set *d, ps_output *out) {
    if (d->isolated == 0) return;
    ps_output_printf(
        out,
        "%s: %lld of the rows %s dated far from all others and count%s in no "
        "period\n",
        d->spec->id, (long long)d->isolated, d->isolated == 1 ? "is" : "are",
        d->isolated == 1 ? "s" : "");
}

static void summarise(const job_run *r, ps_output *out) {
    if (r->job->job->title != NULL) ps_output_printf(out, "%s\n", r->job->job->title);
    for (size_t i = 0; i < r->figures->n_data; i++) {
        const ps_data_set *d = &r->figures->data[i];
        bool told = false;
        for (size_t g = 0; g < r->geographies->n; g++) {
            const ps_geography *geo = &r->geographies->geography[g];
            if (d->reach->counted[g] < 0) continue;
            ps_rows rows;
            ps_matches m;
            ps_figures_rows(d, g, &rows, &m);
            if (ps_release_protects(r->release, i)) {
                /* of which no geography's rows are told apart */
                if (!told) {
                    ps_output_printf(out, "%s: ", d->spec->id);
                    ps_rows_tell(&rows, out);
                }
                told = true;
                continue;
            }
            ps_output_printf(
                out,
                "%s x %s: %lld read = %lld matched + %lld outside + %lld unlocated "
                "+ %lld invalid + %lld duplicate + %lld filtered",
                d->spec->id, geo->spec->id, (long long)rows.read, (long long)m.matched,
                (long long)m.outside, (long long)rows.unlocated, (long long)rows.invalid,
                (long long)rows.duplicate, (long long)rows.filtered);
            if (m.ties > 0) ps_output_printf(out, "; %lld ties", (long long)m.ties);
            if (d->spec->count != NULL)
                ps_output_printf(out, "; the matched stand for %lld incidents",
                                 (long long)m.incidents);
            if (m.unknown > 0)
                ps_output_printf(out, ", %lld of them do not say for how many",
                                 (long long)m.unknown);
            ps_output_text(out, "\n");
        }
        summarise_isolated(d, out);
    }
    for (size_t i = 0; r->records != NULL && i < r->records->n; i++)
        ps_records_tell(&r->records->set[i], "", out);
    if (*r->job->job->outputs->indicators) summarise_figures("figures", &r->written, out);
    if (*r->job->job->outputs->measures) {
        ps_output_printf(
            out, "%s: ",
            r->bindings->n == 1 ? r->bindings->binding[0].framework->id : "frameworks");
        summarise_figures("measures by area and period", &r->measured, out);
    }
    if (r->compared.figures > 0)
        summarise_figures("comparisons of areas", &r->compared, out);
    ps_release_summary(r->release, out);
    ps_output_printf(out, "written to %s/:", r->folder);
    for (size_t i = 0; i < ps_output_set_size(r->outputs); i++)
        ps_output_printf(out, " %s", ps_output_set_name(r->outputs, i));
    ps_output_text(out, "\n");
}

static ps_status check_strict(const job_run *r, ps_error *err) {
    for (size_t g = 0; g < r->geographies->n; g++) {
        const ps_geography *geo = &r->geographies->geography[g];
        if (geo->spec->file != NULL)
            PS_TRY(
                ps_strict_layer(&geo->report, *geo->spec->invalid, geo->spec->id, err));
    }
    for (size_t i = 0; i < r->figures->n_data; i++)
        PS_TRY(ps_strict_rows(r->figures->data[i].count->points, err));
    return r->records != NULL ? ps_records_strict(r->records, err) : PS_OK;
}

static ps_status carry_out(job_run *r, ps_output *out, ps_run_outcome *outcome,
                           ps_error *err) {
    struct timespec phase;
    clock_gettime(CLOCK_REALTIME, &r->started);
    clock_gettime(CLOCK_MONOTONIC, &phase);
    PS_TRY(ps_arena_create(&r->listener.arena, err));
    PS_TRY(ps_job_open(r->options->job, &r->job, err));
    r->job->prepared = r->options->prepared;
    PS_TRY(ps_bindings_open(r->job, &r->bindings, err));
    PS_TRY(choose_folder(r, err));
    PS_TRY(ps_job_inputs(r->job, r->options->job, &r->inputs, err));
    PS_TRY(ps_figures_check_points(r->job, err));
    PS_TRY(lock_folder(r, err));
    PS_TRY(ps_inputs_digest(r->inputs, r->options->prepared, &r->talk, err));
    r->job->inputs = r->inputs;
    PS_TRY(ps_job_fingerprint(r->inputs, r->options->prepared, r->options->strict,
                              r->fingerprint, err));
    int64_t absent;
    if (!r->options->force && ps_outputs_current(r->folder, r->fingerprint, &absent)) {
        outcome->up_to_date = true;
        outcome->partial = absent > 0;
        ps_output_printf(out, "%s/ is up to date: nothing changed since it was written\n",
                         r->folder);
        return PS_OK;
    }
    r->seconds[0] = seconds_since(&phase);
    clock_gettime(CLOCK_MONOTONIC, &phase);
    PS_TRY(ps_output_set_open(r->folder, &r->outputs, err));
    PS_TRY(ps_geographies_open(r->job, &r->talk, &r->geographies, err));
    r->seconds[1] = seconds_since(&phase);
    clock_gettime(CLOCK_MONOTONIC, &phase);
    if (r->job->job->records_count > 0)
        PS_TRY(ps_records_open(r->bindings, r->geographies, &r->talk, &r->records, err));
    PS_TRY(ps_figures_open(r->job, r->geographies, r->options->strict, &r->talk,
                           &r->figures, err));
    r->figures->records = r->records;
    if (r->options->strict) PS_TRY(check_strict(r, err));
    if (r->bindings->n > 0)
        PS_TRY(ps_measures_open(r->bindings, r->figures, &r->measures, err));
    ps_tailored_tell(r->bindings, r->geographies, &r->talk);
    PS_TRY(ps_release_open(r->job, r->bindings, r->figures, r->measures, &r->talk,
                           &r->release, err));
    r->figures->release = r->release;
    ps_doubts_of_points(r->figures, &r->talk);
    PS_TRY(ps_doubts_of_bindings(r->bindings, r->figures, r->records, &r->talk, err));
    PS_TRY(ps_unbound_tell(r->bindings, r->figures, r->records, r->options->strict,
                           &r->talk, err));
    r->seconds[2] = seconds_since(&phase);
    clock_gettime(CLOCK_MONOTONIC, &phase);
    PS_TRY(write_outputs(r, err));
    r->seconds[3] = seconds_since(&phase);
    PS_TRY(write_manifest(r, err));
    outcome->partial = r->written.absent > 0;
    summarise(r, out);
    ps_output_set *done = r->outputs;
    r->outputs = NULL;
    return ps_output_set_commit(done, err);
}

ps_status ps_run_job(const ps_run_options *options, ps_output *out,
                     ps_run_outcome *outcome, ps_error *err) {
    *outcome = (ps_run_outcome){false, false};
    job_run r = {.options = options, .lock = -1, .listener = {.caller = options->talk}};
    r.talk = (ps_talk){listen_say, listen_progress, &r.listener};
    ps_status status = carry_out(&r, out, outcome, err);
    if (r.outputs != NULL) ps_output_set_abandon(r.outputs);
    ps_release_free(r.release);
    ps_measures_free(r.measures);
    ps_records_free(r.records);
    ps_figures_free(r.figures);
    ps_geographies_free(r.geographies);
    ps_inputs_free(r.inputs);
    ps_bindings_free(r.bindings);
    ps_job_free(r.job);
    ps_arena_free(r.listener.arena);
    if (r.lock >= 0) close(r.lock);
    if (status != PS_OK && r.folder_made) rmdir(r.folder); /* only when still empty */
    return status;
}
