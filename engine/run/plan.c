#include "engine/run/plan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/digest.h"
#include "engine/run/framework.h"
#include "engine/run/version.h"
#include "engine/run/yaml_check.h"
#include "geo/crs.h"
#include "geo/libraries.h"

/* Add one file named in the job; a missing one is told where the job names it. */
static ps_status add_named(const ps_job_file *job, ps_inputs *inputs, const char *kind,
                           const char *file, const char *at, ps_error *err) {
    ps_error why = {PS_OK, ""};
    ps_status status = ps_inputs_add(inputs, kind, file, job->folder, &why);
    if (status == PS_OK) return PS_OK;
    return ps_yaml_fail(job->yaml, err, status, at, "%s", why.text);
}

/* A shipped framework is known by its name, wherever it is installed. */
static ps_status add_framework(const ps_job_file *file, const char *name, unsigned i,
                               ps_inputs *inputs, ps_error *err) {
    ps_error why = {PS_OK, ""};
    ps_arena *arena;
    const char *path;
    char at[32];
    PS_TRY(ps_arena_create(&arena, err));
    ps_status status = ps_framework_find(name, file->folder, arena, &path, &why);
    if (status == PS_OK)
        status = ps_inputs_add_path(inputs, "framework", name, path, &why);
    ps_arena_free(arena);
    if (status == PS_OK) return PS_OK;
    snprintf(at, sizeof at, "frameworks[%u]", i);
    return ps_yaml_fail(file->yaml, err, status,
                        file->job->framework != NULL ? "framework" : at, "%s", why.text);
}

static ps_status add_lookups(const ps_job_file *file, ps_inputs *inputs,
                             const ps_job_lookup *with, unsigned n, const char *owner,
                             ps_error *err) {
    for (unsigned w = 0; w < n; w++) {
        char at[PS_YAML_PATH];
        PS_YAML_AT(at, "%s.with[%u].file", owner, w);
        PS_TRY(add_named(file, inputs, "look-up", with[w].file, at, err));
    }
    return PS_OK;
}

static ps_status add_all(const ps_job_file *file, const char *path, ps_inputs *inputs,
                         ps_error *err) {
    const ps_job *job = file->job;
    char at[64];
    PS_TRY(ps_inputs_add(inputs, "job", path, NULL, err));
    char *const *names;
    const unsigned n = ps_job_frameworks(job, &names);
    for (unsigned i = 0; i < n; i++)
        PS_TRY(add_framework(file, names[i], i, inputs, err));
    for (unsigned i = 0; i < job->areas_count; i++) {
        const ps_job_areas *a = &job->areas[i];
        snprintf(at, sizeof at, "areas[%u].%s", i,
                 a->file != NULL    ? "file"
                 : a->codes != NULL ? "codes.file"
                                    : "table.file");
        const char *own = a->codes != NULL ? a->codes->file : a->file;
        if (own != NULL) PS_TRY(add_named(file, inputs, "areas", own, at, err));
        if (a->table != NULL)
            PS_TRY(add_named(file, inputs, "membership", a->table->file, at, err));
    }
    const ps_job_population *p;
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL; k++) {
        char own[32];
        ps_job_population_path(job, k, own);
        snprintf(at, sizeof at, "%s.file", own);
        PS_TRY(add_named(file, inputs, "population", p->file, at, err));
    }
    for (unsigned i = 0; i < job->tables_count; i++) {
        snprintf(at, sizeof at, "tables[%u].file", i);
        PS_TRY(add_named(file, inputs, "table", job->tables[i].file, at, err));
    }
    for (unsigned i = 0; i < job->records_count; i++) {
        snprintf(at, sizeof at, "records[%u].file", i);
        PS_TRY(add_named(file, inputs, "records", job->records[i].file, at, err));
        snprintf(at, sizeof at, "records[%u]", i);
        PS_TRY(add_lookups(file, inputs, job->records[i].with, job->records[i].with_count,
                           at, err));
    }
    for (unsigned i = 0; i < job->points_count; i++) {
        snprintf(at, sizeof at, "points[%u]", i);
        PS_TRY(add_lookups(file, inputs, job->points[i].with, job->points[i].with_count,
                           at, err));
        for (unsigned k = 0; k < job->points[i].files_count; k++) {
            ps_error why = {PS_OK, ""};
            const char *pattern[] = {job->points[i].files[k]};
            ps_status status =
                ps_inputs_add_sources(inputs, "points", pattern, 1, file->folder, &why);
            if (status == PS_OK) continue;
            snprintf(at, sizeof at, "points[%u].files[%u]", i, k);
            return ps_yaml_fail(file->yaml, err, status, at, "%s", why.text);
        }
    }
    return PS_OK;
}

ps_status ps_job_inputs(const ps_job_file *job, const char *path, ps_inputs **out,
                        ps_error *err) {
    PS_TRY(ps_inputs_create(out, err));
    ps_status status = add_all(job, path, *out, err);
    if (status == PS_OK) return PS_OK;
    ps_inputs_free(*out);
    *out = NULL;
    return status;
}

/* Words, each with its NUL, so that they cannot run together. */
typedef struct words {
    char *p;
    size_t n, capacity;
} words;

static ps_status append_bytes(words *w, const void *bytes, size_t n, ps_error *err) {
    PS_TRY(ps_grow((void **)&w->p, &w->capacity, w->n + n, 1, err));
    memcpy(w->p + w->n, bytes, n);
    w->n += n;
    return PS_OK;
}

static ps_status append(words *w, const char *word, ps_error *err) {
    return append_bytes(w, word, strlen(word) + 1, err);
}

/* The operation between WGS 84 and the British grid that PROJ would choose now. */
static void probe_operation(char name[256]) {
    ps_crs *from = NULL, *to = NULL;
    ps_crs_operation *op = NULL;
    const double district[4] = {-1.9, 53.5, -1.5, 53.8};
    snprintf(name, 256, "none");
    if (ps_crs_open("EPSG:4326", &from, NULL) == PS_OK &&
        ps_crs_open("EPSG:27700", &to, NULL) == PS_OK &&
        ps_crs_operation_open(from, to, district, 0, &op, NULL) == PS_OK)
        snprintf(name, 256, "%s", ps_crs_operation_describe(op)->name);
    ps_crs_operation_free(op);
    ps_crs_free(from);
    ps_crs_free(to);
}

static ps_status ask_libraries(words *w, ps_error *err) {
    char operation[256];
    probe_operation(operation);
    const ps_version *version;
    const size_t n = ps_version_list(&version);
    for (size_t i = 0; i < n; i++) PS_TRY(append(w, version[i].version, err));
    return append(w, operation, err);
}

/* The versions of the libraries and that operation. To ask for them is to load them, so
 * the answers are kept for as long as the libraries are the same. */
static ps_status append_libraries(words *w, const ps_prepared *prepared, ps_error *err) {
    static const char kind[] = "versions";
    ps_store_key key;
    ps_stored *found;
    if (prepared == NULL ||
        !ps_libraries_state(&prepared->store, PS_LIBRARIES_ALL, true, &key))
        return ask_libraries(w, err);
    if (ps_store_get(&prepared->store, kind, &key, &found)) {
        const ps_status status = append_bytes(w, found->body, found->n, err);
        ps_stored_release(found);
        return status;
    }
    const size_t before = w->n;
    PS_TRY(ask_libraries(w, err));
    ps_store_file *file;
    if (ps_store_begin(&prepared->store, kind, &key, NULL, w->n - before, &file)) {
        ps_store_write(file, w->p + before, w->n - before);
        (void)ps_store_end(file, NULL);
    }
    return PS_OK;
}

ps_status ps_job_fingerprint(const ps_inputs *inputs, const ps_prepared *prepared,
                             bool strict, char hex[65], ps_error *err) {
    words w = {0};
    ps_status status = append(&w, PS_VERSION, err);
    if (status == PS_OK) status = append_libraries(&w, prepared, err);
    if (status == PS_OK) status = append(&w, strict ? "strict" : "", err);
    for (size_t i = 0; i < ps_inputs_size(inputs) && status == PS_OK; i++) {
        const ps_input *input = ps_inputs_get(inputs, i);
        status = append(&w, input->kind, err);
        if (status == PS_OK) status = append(&w, input->name, err);
        if (status == PS_OK) status = append(&w, input->sha256, err);
    }
    if (status == PS_OK) status = ps_digest_bytes(w.p, w.n, hex, err);
    ps_free(w.p);
    return status;
}

static const char *text_of(struct json_object *object, const char *key) {
    struct json_object *value;
    if (!json_object_object_get_ex(object, key, &value)) return "";
    const char *text = json_object_get_string(value);
    return text != NULL ? text : "";
}

static bool output_unharmed(const char *folder, struct json_object *output) {
    char path[4096], hex[65];
    int64_t bytes;
    const char *name = text_of(output, "name");
    if (strchr(name, '/') != NULL) return false;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof path) return false;
    return ps_digest_file(path, hex, &bytes, NULL) == PS_OK &&
           strcmp(hex, text_of(output, "sha256")) == 0;
}

bool ps_outputs_current(const char *folder, const char *fingerprint, int64_t *absent) {
    *absent = 0;
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/manifest.json", folder);
    if (n < 0 || (size_t)n >= sizeof path) return false;
    struct json_object *manifest = json_object_from_file(path);
    if (manifest == NULL) return false;
    struct json_object *outputs;
    bool current = strcmp(text_of(manifest, "fingerprint"), fingerprint) == 0 &&
                   json_object_object_get_ex(manifest, "outputs", &outputs) &&
                   json_object_is_type(outputs, json_type_array) &&
                   json_object_array_length(outputs) > 0;
    for (size_t i = 0; current && i < json_object_array_length(outputs); i++)
        current = output_unharmed(folder, json_object_array_get_idx(outputs, i));
    struct json_object *figures;
    if (json_object_object_get_ex(manifest, "figures_without_value", &figures))
        *absent = json_object_get_int64(figures);
    json_object_put(manifest);
    return current;
}
