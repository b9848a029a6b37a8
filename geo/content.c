#include "geo/content.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

enum {
    FORMAT = 1,
    /* Clocks of files tick some hundred times a second, those of file servers may be a
     * little behind. */
    SETTLED_SECONDS = 3
};

void ps_content_look(const char *const *path, size_t n, ps_content *out) {
    const time_t now = time(NULL);
    const uint64_t front[2] = {FORMAT, n};
    XXH3_state_t state;
    (void)XXH3_128bits_reset(&state);
    (void)XXH3_128bits_update(&state, front, sizeof front);
    out->settled = true;
    for (size_t i = 0; i < n; i++) {
        char text[PS_STORE_STATE] = "absent";
        struct stat info;
        if (ps_store_state(path[i], text))
            out->settled = out->settled && stat(path[i], &info) == 0 &&
                           now - info.st_mtim.tv_sec >= SETTLED_SECONDS &&
                           now - info.st_ctim.tv_sec >= SETTLED_SECONDS;
        (void)XXH3_128bits_update(&state, path[i], strlen(path[i]) + 1);
        (void)XXH3_128bits_update(&state, text, strlen(text) + 1);
    }
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state));
    memcpy(out->key.byte, digest.digest, sizeof out->key.byte);
}

bool ps_content_recall(const ps_store *store, const char *kind, const ps_content *content,
                       void *value, size_t n) {
    ps_stored *found;
    if (!content->settled || !ps_store_get(store, kind, &content->key, &found))
        return false;
    const bool good = found->n == n;
    if (good) memcpy(value, found->body, n);
    ps_stored_release(found);
    return good;
}

void ps_content_keep(const ps_store *store, const char *kind, const ps_content *content,
                     const char *const *path, size_t n_paths, const void *value,
                     size_t n) {
    ps_content now;
    ps_store_file *file;
    ps_content_look(path, n_paths, &now);
    if (!content->settled || memcmp(&now.key, &content->key, sizeof now.key) != 0 ||
        !ps_store_begin(store, kind, &content->key, NULL, n, &file))
        return;
    ps_store_write(file, value, n);
    (void)ps_store_end(file, NULL);
}
