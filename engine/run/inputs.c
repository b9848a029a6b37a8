#include "engine/run/inputs.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/core/digest.h"
#include "engine/core/par.h"
#include "geo/content.h"

struct ps_inputs {
    ps_arena *arena;
    ps_input *input;
    size_t n, capacity;
};

ps_status ps_inputs_create(ps_inputs **out, ps_error *err) {
    *out = NULL;
    ps_inputs *inputs = ps_zalloc(1, sizeof *inputs);
    if (inputs == NULL) return ps_fail_nomem(err);
    ps_status status = ps_arena_create(&inputs->arena, err);
    if (status != PS_OK) {
        ps_free(inputs);
        return status;
    }
    *out = inputs;
    return PS_OK;
}

ps_status ps_path_join(ps_arena *arena, const char *base, const char *name,
                       const char **out, ps_error *err) {
    size_t n = strlen(name), before = name[0] == '/' || base == NULL ? 0 : strlen(base);
    char *path = ps_arena_alloc(arena, before + n + 2);
    if (path == NULL) return ps_fail_nomem(err);
    if (before > 0) {
        memcpy(path, base, before);
        path[before++] = '/';
    }
    memcpy(path + before, name, n + 1);
    *out = path;
    return PS_OK;
}

static ps_status add_file(ps_inputs *inputs, const char *kind, const char *name,
                          const char *path, ps_error *err) {
    if (ps_inputs_find(inputs, path) != NULL) return PS_OK;
    PS_TRY(ps_grow((void **)&inputs->input, &inputs->capacity, inputs->n + 1,
                   sizeof *inputs->input, err));
    ps_input *input = &inputs->input[inputs->n];
    *input = (ps_input){.kind = kind};
    input->name = ps_arena_strndup(inputs->arena, name, strlen(name));
    input->path = ps_arena_strndup(inputs->arena, path, strlen(path));
    if (input->name == NULL || input->path == NULL) return ps_fail_nomem(err);
    inputs->n++;
    return PS_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The regular files of the folder of `path` whose name begins with `stem` (all when
 * empty). */
static ps_status add_siblings(ps_inputs *inputs, const char *kind, const char *name,
                              const char *folder, const char *stem, ps_error *err) {
    DIR *dir = opendir(folder);
    if (dir == NULL) return PS_OK; /* whoever opens the input tells it better */
    char **found = NULL;
    size_t n = 0, capacity = 0;
    ps_status status = PS_OK;
    for (struct dirent *entry; status == PS_OK && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, stem, strlen(stem)) != 0)
            continue;
        status = ps_grow((void **)&found, &capacity, n + 1, sizeof *found, err);
        if (status != PS_OK) break;
        found[n] = ps_arena_strndup(inputs->arena, entry->d_name, strlen(entry->d_name));
        status = found[n] != NULL ? PS_OK : ps_fail_nomem(err);
        if (status == PS_OK) n++;
    }
    closedir(dir);
    if (n > 0) qsort(found, n, sizeof *found, by_text);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        const char *path;
        status = ps_path_join(inputs->arena, folder, found[i], &path, err);
        struct stat info;
        if (status == PS_OK && stat(path, &info) == 0 && S_ISREG(info.st_mode))
            status = add_file(inputs, kind, name, path, err);
    }
    ps_free(found);
    return status;
}

ps_status ps_inputs_add_path(ps_inputs *inputs, const char *kind, const char *name,
                             const char *path, ps_error *err) {
    return add_file(inputs, kind, name, path, err);
}

ps_status ps_inputs_add(ps_inputs *inputs, const char *kind, const char *name,
                        const char *base, ps_error *err) {
    const char *path;
    PS_TRY(ps_path_join(inputs->arena, base, name, &path, err));
    struct stat info;
    if (stat(path, &info) != 0)
        return ps_fail(err, PS_INPUT, "%s: no such file, or it cannot be read", path);
    if (S_ISDIR(info.st_mode)) return add_siblings(inputs, kind, name, path, "", err);
    PS_TRY(add_file(inputs, kind, name, path, err));
    size_t n = strlen(path);
    if (n < 4 || strcasecmp(path + n - 4, ".shp") != 0) return PS_OK;
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL
                       ? ps_arena_strndup(inputs->arena, path, (size_t)(slash - path))
                       : ps_arena_strndup(inputs->arena, ".", 1);
    const char *file = slash != NULL ? slash + 1 : path;
    char *stem = ps_arena_strndup(inputs->arena, file, strlen(file) - 3);
    if (folder == NULL || stem == NULL) return ps_fail_nomem(err);
    return add_siblings(inputs, kind, name, folder, stem, err);
}

ps_status ps_inputs_add_sources(ps_inputs *inputs, const char *kind,
                                const char *const *patterns, size_t n, const char *base,
                                ps_error *err) {
    static const char *const suffixes[] = {".csv", ".csv.gz", NULL};
    ps_source_list *list = NULL;
    PS_TRY(ps_source_list_open(patterns, n, base, suffixes, &list, err));
    ps_status status = PS_OK;
    for (size_t i = 0; i < ps_source_list_size(list) && status == PS_OK; i++) {
        const ps_source *source = ps_source_list_get(list, i);
        status = add_file(inputs, kind, source->name, source->path, err);
    }
    ps_source_list_free(list);
    return status;
}

enum { LARGE_BYTES = 1 << 20 };

typedef struct digesting {
    ps_input *input;
    const ps_store *store; /* NULL: nothing is kept */
} digesting;

typedef struct digest {
    int64_t bytes;
    char sha256[72];
} digest;

static ps_status digest_input(const digesting *d, ps_input *input, ps_error *err) {
    static const char kind[] = "digest";
    const char *const path[] = {input->path};
    struct stat info;
    const bool kept =
        d->store != NULL && stat(input->path, &info) == 0 && info.st_size >= LARGE_BYTES;
    digest known = {0};
    ps_content_look(path, 1, &input->content);
    if (kept) {
        if (ps_content_recall(d->store, kind, &input->content, &known, sizeof known) &&
            strnlen(known.sha256, sizeof known.sha256) == sizeof input->sha256 - 1) {
            memcpy(input->sha256, known.sha256, sizeof input->sha256);
            input->bytes = known.bytes;
            return PS_OK;
        }
    }
    PS_TRY(ps_digest_file(input->path, input->sha256, &input->bytes, err));
    if (kept) {
        known = (digest){.bytes = input->bytes};
        memcpy(known.sha256, input->sha256, sizeof input->sha256);
        ps_content_keep(d->store, kind, &input->content, path, 1, &known, sizeof known);
    }
    return PS_OK;
}

bool ps_input_unchanged(const ps_input *input) {
    const char *const path[] = {input->path};
    ps_content now;
    ps_content_look(path, 1, &now);
    return input->content.settled &&
           memcmp(&now.key, &input->content.key, sizeof now.key) == 0;
}

static ps_status digest_some(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker;
    const digesting *d = context;
    for (size_t i = begin; i < end; i++) PS_TRY(digest_input(d, &d->input[i], err));
    return PS_OK;
}

ps_status ps_inputs_digest(ps_inputs *inputs, const ps_prepared *prepared,
                           const ps_talk *talk, ps_error *err) {
    const bool kept = prepared != NULL && ps_store_is_used(&prepared->store);
    digesting d = {inputs->input, kept ? &prepared->store : NULL};
    PS_TRY(ps_progress(talk, "checking inputs", 0, 0, err));
    return ps_par_for(inputs->n, 1, digest_some, &d, err);
}

size_t ps_inputs_size(const ps_inputs *inputs) {
    return inputs->n;
}

const ps_input *ps_inputs_get(const ps_inputs *inputs, size_t i) {
    return &inputs->input[i];
}

const ps_input *ps_inputs_find(const ps_inputs *inputs, const char *path) {
    for (size_t i = 0; i < inputs->n; i++)
        if (strcmp(inputs->input[i].path, path) == 0) return &inputs->input[i];
    return NULL;
}

void ps_inputs_free(ps_inputs *inputs) {
    if (inputs == NULL) return;
    ps_arena_free(inputs->arena);
    ps_free(inputs->input);
    ps_free(inputs);
}
