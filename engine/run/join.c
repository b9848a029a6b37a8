#include "engine/run/join.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/run/inputs.h"
#include "engine/run/manifest.h"
#include "engine/run/strict.h"

/* Everything a join opens, so that one place frees it. */
typedef struct joined {
    const ps_join_request *request;
    ps_areas *areas;
    ps_layer_report report;
    ps_point_counts *count;
    ps_output *counts, *assign, *manifest;
} joined;

static void fill_spec(const ps_join_request *r, ps_points_spec *spec) {
    *spec = (ps_points_spec){.files = r->points,
                             .n_files = r->n_points,
                             .layer = r->points_layer,
                             .x = r->x,
                             .y = r->y,
                             .crs = r->crs,
                             .by = r->by,
                             .n_by = r->n_by};
    if (!r->police_uk) return;
    if (spec->x == NULL) spec->x = "Longitude";
    if (spec->y == NULL) spec->y = "Latitude";
    if (spec->crs == NULL) spec->crs = "EPSG:4326";
    spec->date = "Month";
    spec->key = "Crime ID";
    spec->reporter = "Reported by";
    spec->drop_duplicates = !r->keep_duplicates;
}

/* Rank of each group in the order of its texts. qsort has no context argument that is
 * portable, so the keys travel with the elements. */
typedef struct ranked {
    ps_str key;
    int32_t group;
} ranked;

static int by_key(const void *a, const void *b) {
    return ps_str_cmp(((const ranked *)a)->key, ((const ranked *)b)->key);
}

static ps_status rank_groups(const ps_keys *groups, int32_t **rank, ps_error *err) {
    size_t n = ps_keys_size(groups);
    ranked *order = ps_alloc(n, sizeof *order);
    *rank = ps_alloc(n, sizeof **rank);
    if (order == NULL || *rank == NULL) {
        ps_free(order);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (ranked){ps_keys_text(groups, (int32_t)i), (int32_t)i};
    if (n > 0) qsort(order, n, sizeof *order, by_key);
    for (size_t i = 0; i < n; i++) (*rank)[order[i].group] = (int32_t)i;
    ps_free(order);
    return PS_OK;
}

/* The lines of the counts: areas side by side, written in order. */
typedef struct lines {
    const ps_join_request *request;
    const ps_areas *areas;
    ps_cube_reader *cells; /* by area, then by the texts of the group */
    ps_cube_part *part;    /* of them, by worker */
    ps_output *text;       /* of all groups, ",a,b,", one after the other */
    size_t *text_begin;    /* by group, and one more */
    ps_output *code;       /* of all areas, as a field */
    size_t *code_begin;    /* by area, and one more */
} lines;

enum { AREAS_AT_ONCE = 64 };

static ps_status write_groups(lines *l, const ps_groups *groups, ps_error *err) {
    const size_t n = ps_keys_size(ps_groups_keys(groups));
    PS_TRY(ps_output_keep(&l->text, err));
    l->text_begin = ps_alloc(n + 1, sizeof *l->text_begin);
    if (l->text_begin == NULL) return ps_fail_nomem(err);
    for (size_t g = 0; g <= n; g++) {
        l->text_begin[g] = ps_output_kept(l->text).n;
        for (size_t i = 0; g < n && i < l->request->n_by; i++) {
            ps_output_write(l->text, ",", 1);
            ps_output_csv_field(l->text, ps_groups_field(groups, (int32_t)g, i));
        }
        ps_output_write(l->text, ",", 1);
    }
    return ps_output_status(l->text, err);
}

static ps_status write_codes(lines *l, ps_error *err) {
    PS_TRY(ps_output_keep(&l->code, err));
    l->code_begin = ps_alloc(l->areas->n + 1, sizeof *l->code_begin);
    if (l->code_begin == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a <= l->areas->n; a++) {
        l->code_begin[a] = ps_output_kept(l->code).n;
        if (a < l->areas->n) ps_output_csv_field(l->code, l->areas->code[a]);
    }
    return ps_output_status(l->code, err);
}

static ps_status write_areas(void *context, size_t item, int worker, ps_output *page,
                             ps_error *err) {
    const lines *l = context;
    const size_t first = item * AREAS_AT_ONCE, rest = l->areas->n - first;
    const size_t last = rest < AREAS_AT_ONCE ? l->areas->n : first + AREAS_AT_ONCE;
    const char *text = ps_output_kept(l->text).p, *codes = ps_output_kept(l->code).p;
    ps_cube_part *part = &l->part[worker];
    PS_TRY(ps_cube_read(l->cells, first, last, part, err));
    const ps_tally_cell *cell = part->cell, *end = cell + part->n;
    for (size_t area = first; area < last; area++) {
        const ps_str code = {codes + l->code_begin[area],
                             l->code_begin[area + 1] - l->code_begin[area]};
        const ps_tally_cell *from = cell;
        for (; cell < end && (size_t)cell->area == area; cell++) {
            const size_t begin = l->text_begin[cell->group];
            ps_output_str(page, code);
            ps_output_write(page, text + begin, l->text_begin[cell->group + 1] - begin);
            ps_output_int(page, cell->count);
            ps_output_write(page, "\n", 1);
        }
        if (cell > from || !l->request->zeros) continue;
        ps_output_str(page, code);
        for (size_t i = 0; i < l->request->n_by; i++) ps_output_write(page, ",", 1);
        ps_output_text(page, ",0\n");
    }
    return PS_OK;
}

static ps_status write_lines(lines *l, const ps_groups *groups, ps_output *out,
                             ps_error *err) {
    PS_TRY(write_groups(l, groups, err));
    PS_TRY(write_codes(l, err));
    ps_output_text(out, "area");
    for (size_t i = 0; i < l->request->n_by; i++) {
        ps_output_write(out, ",", 1);
        ps_output_csv_field(out, ps_str_of(l->request->by[i]));
    }
    ps_output_text(out, ",count\n");
    return ps_output_items(out, (l->areas->n + AREAS_AT_ONCE - 1) / AREAS_AT_ONCE,
                           write_areas, l, err);
}

static ps_status write_counts(const joined *j, ps_output *out, ps_error *err) {
    const ps_groups *groups = ps_points_groups(j->count->points);
    const ps_keys *keys = ps_groups_keys(groups);
    const size_t workers = (size_t)ps_threads();
    int32_t *rank = NULL;
    lines l = {.request = j->request,
               .areas = j->areas,
               .part = ps_zalloc(workers, sizeof *l.part)};
    ps_status status =
        l.part != NULL ? rank_groups(keys, &rank, err) : ps_fail_nomem(err);
    if (status == PS_OK)
        status = ps_cube_reader_open(j->count->geography[0].cube, rank,
                                     ps_keys_size(keys), &l.cells, err);
    if (status == PS_OK) status = write_lines(&l, groups, out, err);
    for (size_t w = 0; l.part != NULL && w < workers; w++) ps_cube_part_free(&l.part[w]);
    ps_cube_reader_close(l.cells);
    ps_output_abandon(l.text), ps_output_abandon(l.code);
    ps_free(l.text_begin), ps_free(l.code_begin);
    ps_free(l.part), ps_free(rank);
    return status;
}

static ps_status write_manifest(const joined *j, ps_error *err) {
    static const char *const areas[] = {"areas"}, *const *const ids[] = {areas};
    const ps_join_request *r = j->request;
    ps_inputs *inputs = NULL;
    PS_TRY(ps_inputs_create(&inputs, err));
    ps_status status = ps_inputs_add(inputs, "areas", r->areas.path, NULL, err);
    if (status == PS_OK)
        status =
            ps_inputs_add_sources(inputs, "points", r->points, r->n_points, NULL, err);
    if (status == PS_OK) status = ps_inputs_digest(inputs, r->prepared, r->talk, err);
    if (status == PS_OK) {
        const ps_point_counts *counts[] = {j->count};
        ps_json json = ps_json_begin(j->manifest);
        ps_json_object(&json);
        ps_json_member_text(&json, "command", r->command);
        ps_manifest_versions(&json);
        ps_manifest_inputs(&json, inputs, counts, 1, ids);
        ps_json_key(&json, "geometry");
        ps_json_object(&json);
        ps_manifest_layer(&json, &j->report);
        ps_json_end_object(&json);
        ps_json_key(&json, "operations");
        ps_json_array(&json);
        ps_manifest_operation(&json, "areas", &j->count->geography[0].operation);
        ps_json_end_array(&json);
        ps_json_end_object(&json);
    }
    ps_inputs_free(inputs);
    return status;
}

static bool is_path(const char *path) {
    return path != NULL && strcmp(path, "-") != 0;
}

static ps_status check_request(const ps_join_request *r, ps_error *err) {
    if (r->n_points == 0)
        return ps_fail(err, PS_CONFIG, "no points given: name files, folders or globs");
    if (r->areas.path == NULL || r->areas.code == NULL)
        return ps_fail(
            err, PS_CONFIG,
            "--areas FILE and --id FIELD say which areas to join to; give both");
    if (r->police_uk && (r->x != NULL || r->y != NULL))
        return ps_fail(err, PS_CONFIG,
                       "--format police.uk already names the columns of x and y; "
                       "leave out --x and --y, or the format");
    return PS_OK;
}

static ps_status join(joined *j, ps_output *out, ps_output *accounting, ps_error *err) {
    const ps_join_request *r = j->request;
    PS_TRY(check_request(r, err));
    /* Outputs first: a folder that cannot be written is told before the work, not after
     * it. */
    if (is_path(r->counts)) PS_TRY(ps_output_open(r->counts, &j->counts, err));
    if (r->assign != NULL) PS_TRY(ps_output_open(r->assign, &j->assign, err));
    if (r->manifest != NULL) PS_TRY(ps_output_open(r->manifest, &j->manifest, err));

    PS_TRY(
        ps_prepared_areas(r->prepared, &r->areas, r->talk, &j->areas, &j->report, err));
    ps_points_spec spec;
    fill_spec(r, &spec);
    ps_count_options options = {.max_accuracy = r->strict ? PS_STRICT_ACCURACY : 0,
                                .assign = j->assign,
                                .talk = r->talk,
                                .prepared = r->prepared};
    const ps_areas *areas[] = {j->areas};
    PS_TRY(ps_count_points(&spec, areas, 1, &options, &j->count, err));
    ps_accounting_lines(j->count, 0, "", accounting);
    if (r->strict) {
        PS_TRY(ps_strict_layer(&j->report, r->areas.policy, r->areas.path, err));
        PS_TRY(ps_strict_rows(j->count->points, err));
    }
    PS_TRY(write_counts(j, j->counts != NULL ? j->counts : out, err));
    if (j->manifest != NULL) PS_TRY(write_manifest(j, err));

    ps_output *done[] = {j->counts, j->assign, j->manifest};
    j->counts = j->assign = j->manifest = NULL;
    ps_status status = PS_OK;
    for (size_t i = 0; i < 3; i++) {
        if (done[i] == NULL) continue;
        if (status == PS_OK)
            status = ps_output_commit(done[i], err);
        else
            ps_output_abandon(done[i]);
    }
    return status;
}

ps_status ps_join(const ps_join_request *request, ps_output *out, ps_output *accounting,
                  ps_error *err) {
    joined j = {.request = request};
    ps_status status = join(&j, out, accounting, err);
    if (j.counts != NULL) ps_output_abandon(j.counts);
    if (j.assign != NULL) ps_output_abandon(j.assign);
    if (j.manifest != NULL) ps_output_abandon(j.manifest);
    ps_point_counts_free(j.count);
    ps_areas_free(j.areas);
    return status;
}
