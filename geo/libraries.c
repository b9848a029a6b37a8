/* The body of the list: the path of each file and what was found there, each with a NUL
 * behind it. The list is found by what decides which files these are: the build of the
 * library itself and the environment.
 */
#include "geo/libraries.h"

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "engine/core/mem.h"
#include "geo/crs.h"
#include "geo/layer.h"
#include "geo/overlay.h"

enum { FORMAT = 2, STATE = 160 };

static const char kind[] = "libs";

static void key_from(const XXH3_state_t *state, ps_store_key *out) {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
    memcpy(out->byte, digest.digest, sizeof out->byte);
}

static void add_text(XXH3_state_t *to, const char *text) {
    const uint64_t n = text != NULL ? strlen(text) : UINT64_MAX;
    (void)XXH3_128bits_update(to, &n, sizeof n);
    if (text != NULL) (void)XXH3_128bits_update(to, text, n);
}

/* A folder changes when a name comes or goes. */
static void state_at(const char *path, char out[STATE]) {
    struct stat info;
    if (stat(path, &info) != 0)
        snprintf(out, STATE, "absent");
    else
        snprintf(out, STATE, "%llu %llu %lld %lld.%09ld %lld.%09ld",
                 (unsigned long long)info.st_dev, (unsigned long long)info.st_ino,
                 S_ISDIR(info.st_mode) ? 0LL : (long long)info.st_size,
                 (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                 (long long)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

static void list_key(const ps_store *store, ps_libraries which, ps_store_key *out) {
    static const char *const variable[] = {"LD_LIBRARY_PATH",
                                           "LD_PRELOAD",
                                           "PROJ_DATA",
                                           "PROJ_LIB",
                                           "PROJ_NETWORK",
                                           "PROJ_AUX_DB",
                                           "HOME",
                                           "XDG_DATA_HOME",
                                           "PROJ_USER_WRITABLE_DIRECTORY"};
    XXH3_state_t state;
    (void)XXH3_128bits_reset(&state);
    const int head[2] = {FORMAT, (int)which};
    (void)XXH3_128bits_update(&state, head, sizeof head);
    add_text(&state, PS_VERSION);
    add_text(&state, store->folder);
    /* Our own code by the file that it stands in: another build of one release may do
     * otherwise. */
    Dl_info info;
    char own[STATE] = "";
    if (dladdr(kind, &info) != 0) state_at(info.dli_fname, own);
    add_text(&state, own);
    for (size_t i = 0; i < sizeof variable / sizeof *variable; i++)
        add_text(&state, getenv(variable[i]));
    key_from(&state, out);
}

/* ---- reading the list ---- */

static bool still_holds(const char *body, size_t n) {
    for (size_t at = 0; at < n;) {
        const char *path = body + at;
        const char *state = memchr(path, '\0', n - at);
        const char *end = state != NULL
                              ? memchr(state + 1, '\0', (size_t)(body + n - (state + 1)))
                              : NULL;
        if (end == NULL) return false;
        char found[STATE];
        state_at(path, found);
        if (strcmp(found, state + 1) != 0) return false;
        at = (size_t)(end + 1 - body);
    }
    return n > 0;
}

static void hash_list(const char *body, size_t n, ps_store_key *out) {
    XXH3_state_t state;
    (void)XXH3_128bits_reset(&state);
    (void)XXH3_128bits_update(&state, body, n);
    key_from(&state, out);
}

static bool use_list(const ps_store *store, const ps_store_key *key, ps_store_key *out) {
    ps_stored *found;
    if (!ps_store_get(store, kind, key, &found)) return false;
    const bool good = still_holds(found->body, found->n);
    if (good) hash_list(found->body, found->n, out);
    ps_stored_release(found);
    return good;
}

/* ---- making it ---- */

typedef struct list {
    char *p;
    size_t n, room;
    bool failed;
} list;

static void add_file(list *l, const char *path) {
    char state[STATE];
    state_at(path, state);
    const size_t a = strlen(path) + 1, b = strlen(state) + 1;
    if (path[0] != '/' ||
        ps_grow((void **)&l->p, &l->room, l->n + a + b, 1, NULL) != PS_OK) {
        l->failed = true;
        return;
    }
    memcpy(l->p + l->n, path, a);
    memcpy(l->p + l->n + a, state, b);
    l->n += a + b;
}

/* Names of objects without a path are of the program itself and of the kernel. */
static int add_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    if (info->dlpi_name != NULL && info->dlpi_name[0] == '/')
        add_file(context, info->dlpi_name);
    return 0;
}

static void add_folder(list *l, const char *folder) {
    add_file(l, folder);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[PS_STORE_PATH];
        const int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n <= 0 || (size_t)n >= sizeof path)
            l->failed = true;
        else if (entry->d_name[0] != '.')
            add_file(l, path);
    }
    if (dir != NULL) closedir(dir);
}

static void add_folders(list *l, const char *folders) {
    char *all = folders != NULL ? ps_strndup(folders, strlen(folders)) : NULL;
    if (all == NULL) {
        l->failed = true;
        return;
    }
    char *rest = all;
    for (char *one; (one = strsep(&rest, ":")) != NULL;)
        if (one[0] != '\0') add_folder(l, one);
    ps_free(all);
}

/* All objects of the process once the libraries are among them, and PROJ's files. */
static bool make_list(const ps_store *store, ps_libraries which, const ps_store_key *key,
                      ps_store_key *out) {
    list l = {0};
    if ((which == PS_LIBRARIES_ALL && strcmp(ps_layer_gdal_version(), "none") == 0) ||
        strcmp(ps_overlay_geos_version(), "none") == 0)
        return false;
    add_folders(&l, ps_crs_proj_folders());
    (void)dl_iterate_phdr(add_object, &l);
    ps_store_file *file;
    const bool good = !l.failed && l.n > 0;
    if (good) {
        hash_list(l.p, l.n, out);
        if (ps_store_begin(store, kind, key, NULL, l.n, &file)) {
            ps_store_write(file, l.p, l.n);
            (void)ps_store_end(file, NULL);
        }
    }
    ps_free(l.p);
    return good;
}

bool ps_libraries_state(const ps_store *store, ps_libraries which, bool load,
                        ps_store_key *out) {
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        bool known;
        ps_store_key key, state;
    } answers[2];
    if (!ps_store_is_used(store)) return false;
    ps_store_key asked, state;
    list_key(store, which, &asked);
    (void)pthread_mutex_lock(&one);
    bool good =
        answers[which].known && memcmp(&asked, &answers[which].key, sizeof asked) == 0;
    if (!good && (use_list(store, &asked, &state) ||
                  (load && make_list(store, which, &asked, &state)))) {
        good = answers[which].known = true;
        answers[which].key = asked;
        answers[which].state = state;
    }
    *out = answers[which].state;
    (void)pthread_mutex_unlock(&one);
    return good;
}
