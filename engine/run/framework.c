#include "engine/run/framework.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/inputs.h"
#include "engine/run/yaml_check.h"

enum { PATH_BYTES = 4096, MOST_SHIPPED = 1000 };

/* What a caller sees, and what it is made of. */
typedef struct owner {
    ps_framework_file file;
    ps_yaml *yaml;
    ps_framework *framework;
} owner;

/* A table that measures share is freed with the one that it stands in. */
static void free_yaml(ps_yaml *yaml, ps_framework *f) {
    for (unsigned m = 0; m < f->measures_count; m++)
        if (f->measures[m].same_table_as != NULL) f->measures[m].table = NULL;
    ps_yaml_free(yaml);
}

void ps_framework_free(ps_framework_file *file) {
    if (file == NULL) return;
    owner *own = (owner *)file;
    free_yaml(own->yaml, own->framework);
    ps_free(own);
}

/* Takes the YAML, also on failure. */
static ps_status finish(ps_yaml *yaml, void *data, ps_framework_file **out,
                        ps_error *err) {
    ps_framework *framework = data;
    ps_status status = ps_framework_resolve(yaml, framework, err);
    owner *own = status == PS_OK ? ps_zalloc(1, sizeof *own) : NULL;
    if (own == NULL) {
        free_yaml(yaml, framework);
        return status == PS_OK ? ps_fail_nomem(err) : status;
    }
    own->framework = framework;
    own->yaml = yaml;
    own->file = (ps_framework_file){.framework = framework, .yaml = yaml};
    *out = &own->file;
    return PS_OK;
}

ps_status ps_framework_open(const char *path, ps_framework_file **out, ps_error *err) {
    ps_yaml *yaml;
    void *data;
    *out = NULL;
    PS_TRY(ps_yaml_open(path, &ps_framework_schema, &yaml, &data, err));
    return finish(yaml, data, out, err);
}

ps_status ps_framework_parse(const char *name, const char *bytes, size_t n,
                             ps_framework_file **out, ps_error *err) {
    ps_yaml *yaml;
    void *data;
    *out = NULL;
    PS_TRY(ps_yaml_parse(name, bytes, n, &ps_framework_schema, &yaml, &data, err));
    return finish(yaml, data, out, err);
}

/* ---- The shipped ones ---- */

/* The folder that holds them, opened; NULL when there is none. An installed library
 * stands in lib or lib/<architecture> beside share, one that was just built or a test
 * beside or below it. */
static DIR *open_shipped(char folder[PATH_BYTES]) {
    static const char *const ways[] = {".", "..", "../.."};
    Dl_info info;
    if (dladdr(&ps_framework_schema, &info) == 0 || info.dli_fname == NULL) return NULL;
    const char *slash = strrchr(info.dli_fname, '/');
    const int n = slash != NULL ? (int)(slash - info.dli_fname) : 1;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int put = snprintf(folder, PATH_BYTES, "%.*s/%s/share/placestat/frameworks", n,
                           slash != NULL ? info.dli_fname : ".", ways[i]);
        DIR *dir = put > 0 && put < PATH_BYTES ? opendir(folder) : NULL;
        if (dir != NULL) return dir;
    }
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ps_status ps_framework_shipped(ps_arena *arena, const char ***names, size_t *n,
                               ps_error *err) {
    char folder[PATH_BYTES];
    *n = 0;
    *names = ps_arena_alloc(arena, MOST_SHIPPED * sizeof **names);
    if (*names == NULL) return ps_fail_nomem(err);
    DIR *dir = open_shipped(folder);
    ps_status status = PS_OK;
    for (struct dirent *entry; dir != NULL && *n < MOST_SHIPPED && status == PS_OK;) {
        if ((entry = readdir(dir)) == NULL) break;
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || dot == entry->d_name || strcmp(dot, ".yaml") != 0) continue;
        (*names)[*n] =
            ps_arena_strndup(arena, entry->d_name, (size_t)(dot - entry->d_name));
        if ((*names)[(*n)++] == NULL) status = ps_fail_nomem(err);
    }
    if (dir != NULL) closedir(dir);
    if (status == PS_OK) qsort((void *)*names, *n, sizeof **names, by_name);
    return status;
}

static bool is_path(const char *name) {
    const char *dot = strrchr(name, '.');
    return strchr(name, '/') != NULL ||
           (dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
                            strcmp(dot, ".json") == 0));
}

ps_status ps_framework_find(const char *name, const char *base, ps_arena *arena,
                            const char **path, ps_error *err) {
    char folder[PATH_BYTES], hint[PS_YAML_HINT];
    const char **names;
    size_t n;
    *path = NULL;
    if (is_path(name)) return ps_path_join(arena, base, name, path, err);
    PS_TRY(ps_framework_shipped(arena, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) != 0) continue;
        DIR *dir = open_shipped(folder);
        if (dir == NULL) break;
        closedir(dir);
        const size_t bytes = strlen(folder) + strlen(name) + sizeof "/.yaml";
        char *found = ps_arena_alloc(arena, bytes);
        if (found == NULL) return ps_fail_nomem(err);
        snprintf(found, bytes, "%s/%s.yaml", folder, name);
        *path = found;
        return PS_OK;
    }
    return ps_fail(err, PS_CONFIG,
                   "no framework called '%.60s' is shipped (a file of your own is named "
                   "with its ending, such as plan.yaml)%s",
                   name, ps_yaml_hint(hint, name, names, n));
}

/* ---- Words ---- */

static const char *const statuses[] = {
    "met",           "not-met",         "on-track",         "off-track",
    "met-clear",     "met-unclear",     "not-met-unclear",  "not-met-clear",
    "not-yet-known", "missing",         "baseline-missing", "awaiting-target",
    "baseline",      "before-baseline", "no-target",        NULL,
};

bool ps_framework_lists(char *const *list, unsigned n, const char *id) {
    for (unsigned i = 0; i < n; i++)
        if (strcmp(list[i], id) == 0) return true;
    return false;
}

const char *const *ps_framework_statuses(void) {
    return statuses;
}
