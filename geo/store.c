/* All numbers are the machine's own, as memory has them; the head tells the order of
 * bytes. A file counts as used when its .checked is written or its time set; the file
 * itself is never touched again, since its times are part of its state.
 *
 * Nothing waits for the disk. After a power failure a file may be damaged: then its state
 * is another one than the .checked says, which is written after the data reached the
 * disk.
 */
#include "geo/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "engine/core/mem.h"

enum {
    FORMAT = 2,
    DIGITS = 32,
    BUFFER_BYTES = 1 << 18,
    SMALL_BODY = 1 << 16,      /* for which no room is made, */
    SMALL_STORE = 1 << 24,     /* but in a store as small as this */
    TOUCH_SECONDS = 60,        /* times are not set more often */
    LEFT_OVER_SECONDS = 86400, /* a file on the way for a day was left behind */
    MOST_FILES = 1 << 20
};
#define BYTE_ORDER_MARK 0x01020304u

static const char magic[8] = {'p', 'l', 'a', 'c', 'e', 's', 't', '\n'};
static const char checked_ending[] = ".checked";
static const char temporary_start[] = ".new-";

typedef struct head {
    char magic[8];
    uint32_t byte_order, format;
    char kind[8];
    unsigned char key[16];
    uint64_t body; /* bytes */
    char note[PS_STORE_NOTE];
} head;
_Static_assert(sizeof(head) == PS_STORE_HEAD, "the body begins at a multiple of 64");

bool ps_store_is_used(const ps_store *store) {
    return store->folder != NULL && store->folder[0] == '/' && store->most_bytes > 0;
}

static bool file_path(const ps_store *store, const char *kind, const ps_store_key *key,
                      const char *ending, char out[PS_STORE_PATH]) {
    static const char digit[] = "0123456789abcdef";
    char name[DIGITS + 1];
    for (int i = 0; i < DIGITS; i++)
        name[i] = digit[i % 2 == 0 ? key->byte[i / 2] >> 4 : key->byte[i / 2] & 15];
    name[DIGITS] = '\0';
    const int n =
        snprintf(out, PS_STORE_PATH, "%s/%s.%s%s", store->folder, name, kind, ending);
    return n > 0 && n < PS_STORE_PATH;
}

static void state_of(const struct stat *info, char out[PS_STORE_STATE]) {
    snprintf(out, PS_STORE_STATE, "%d %llu %llu %lld %lld.%09ld %lld.%09ld\n", FORMAT,
             (unsigned long long)info->st_dev, (unsigned long long)info->st_ino,
             (long long)info->st_size, (long long)info->st_mtim.tv_sec,
             info->st_mtim.tv_nsec, (long long)info->st_ctim.tv_sec,
             info->st_ctim.tv_nsec);
}

bool ps_store_state(const char *path, char out[PS_STORE_STATE]) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    state_of(&info, out);
    return true;
}

/* Does the file belong to the user, and may nobody else write it? */
static bool is_own(const struct stat *info) {
    return S_ISREG(info->st_mode) && info->st_uid == geteuid() &&
           (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* --- reading --- */

typedef struct stored {
    ps_stored open; /* first, so that a pointer to it is a pointer to the owner */
    void *map;
    size_t n;
    int fd;
    bool own;
    char state[PS_STORE_STATE], checked_path[PS_STORE_PATH];
} stored;

static void digest_of(const XXH3_state_t *state, unsigned char out[16]) {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
    memcpy(out, digest.digest, 16);
}

/* Does the .checked beside a file speak of this state? Then it is used, now. */
static bool was_checked(const stored *s) {
    char found[PS_STORE_STATE];
    const int fd = open(s->checked_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return false;
    struct stat info;
    const size_t n = strlen(s->state);
    const bool same =
        fstat(fd, &info) == 0 && is_own(&info) && info.st_size == (off_t)n &&
        read(fd, found, sizeof found) == (ssize_t)n && memcmp(found, s->state, n) == 0;
    if (same && time(NULL) - info.st_mtim.tv_sec > TOUCH_SECONDS)
        (void)futimens(fd, NULL);
    close(fd);
    return same;
}

static bool is_whole(const stored *s, const char *kind, const ps_store_key *key) {
    head h;
    if (s->n < sizeof h + PS_STORE_TAIL) return false;
    memcpy(&h, s->map, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.byte_order != BYTE_ORDER_MARK ||
        h.format != FORMAT || strncmp(h.kind, kind, sizeof h.kind) != 0 ||
        memcmp(h.key, key->byte, sizeof h.key) != 0 ||
        h.body != s->n - sizeof h - PS_STORE_TAIL)
        return false;
    if (s->open.checked) return true;
    XXH3_state_t state;
    unsigned char found[16];
    (void)XXH3_128bits_reset(&state);
    (void)XXH3_128bits_update(&state, s->map, s->n - PS_STORE_TAIL);
    digest_of(&state, found);
    return memcmp(found, (const char *)s->map + s->n - PS_STORE_TAIL, 16) == 0;
}

static bool map_stored(stored *s, const char *path) {
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    if (s->fd < 0 || fstat(s->fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size < PS_STORE_HEAD + PS_STORE_TAIL)
        return false;
    s->own = is_own(&info);
    state_of(&info, s->state);
    s->n = (size_t)info.st_size;
    void *map = mmap(NULL, s->n, PROT_READ, MAP_SHARED, s->fd, 0);
    if (map == MAP_FAILED) return false;
    s->map = map;
    return true;
}

void ps_stored_release(void *held) {
    stored *s = held;
    if (s == NULL) return;
    if (s->map != NULL) (void)munmap(s->map, s->n);
    if (s->fd >= 0) close(s->fd);
    ps_free(s);
}

bool ps_store_get(const ps_store *store, const char *kind, const ps_store_key *key,
                  ps_stored **out) {
    *out = NULL;
    char path[PS_STORE_PATH];
    stored *s = ps_zalloc(1, sizeof *s);
    if (s == NULL) return false;
    s->fd = -1;
    bool good = ps_store_is_used(store) && file_path(store, kind, key, "", path) &&
                file_path(store, kind, key, checked_ending, s->checked_path) &&
                map_stored(s, path);
    if (good) {
        s->open.checked = s->own && was_checked(s);
        good = is_whole(s, kind, key);
    }
    if (!good) {
        ps_stored_release(s);
        return false;
    }
    s->open.body = (char *)s->map + PS_STORE_HEAD;
    s->open.n = s->n - PS_STORE_HEAD - PS_STORE_TAIL;
    s->open.note = (const char *)s->map + offsetof(head, note);
    if (s->open.checked) { /* only the first reader has more to do with it */
        close(s->fd);
        s->fd = -1;
    }
    *out = &s->open;
    return true;
}

/* --- writing --- */

static bool make_folder(const char *folder) {
    char path[PS_STORE_PATH];
    const int n = snprintf(path, sizeof path, "%s", folder);
    if (n <= 0 || n >= PS_STORE_PATH) return false;
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) return false;
        *p = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool write_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        const ssize_t wrote = write(fd, bytes, n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

/* A new file beside the one at path, for the user alone. */
static int make_temporary(const char *path, char out[PS_STORE_PATH]) {
    const char *slash = strrchr(path, '/');
    const int n = snprintf(out, PS_STORE_PATH, "%.*s/%sXXXXXX", (int)(slash - path), path,
                           temporary_start);
    return n > 0 && n < PS_STORE_PATH ? mkostemp(out, O_CLOEXEC) : -1;
}

void ps_stored_is_sound(ps_stored *open) {
    stored *s = (stored *)open;
    if (open->checked || !s->own) return;
    open->checked = true;
    char temporary[PS_STORE_PATH];
    if (fdatasync(s->fd) != 0) return;
    const int fd = make_temporary(s->checked_path, temporary);
    if (fd < 0) return;
    const bool good = write_all(fd, s->state, strlen(s->state));
    if (close(fd) != 0 || !good || rename(temporary, s->checked_path) != 0)
        (void)unlink(temporary);
}

struct ps_store_file {
    int fd;
    bool failed;
    char *buffer;
    size_t used;
    uint64_t body, left; /* what was promised, and of it what is to come */
    XXH3_state_t state;
    ps_store store;
    char path[PS_STORE_PATH], temporary[PS_STORE_PATH];
};

static void flush(ps_store_file *f) {
    if (!f->failed && f->used > 0) f->failed = !write_all(f->fd, f->buffer, f->used);
    f->used = 0;
}

static void put(ps_store_file *f, const void *bytes, size_t n) {
    if (n == 0 || f->failed) return;
    if (n > BUFFER_BYTES - f->used) flush(f);
    if (n > BUFFER_BYTES) {
        f->failed = f->failed || !write_all(f->fd, bytes, n);
        return;
    }
    memcpy(f->buffer + f->used, bytes, n);
    f->used += n;
}

void ps_store_write(void *file, const void *bytes, size_t n) {
    ps_store_file *f = file;
    if (n > f->left) f->failed = true;
    if (n == 0 || f->failed) return;
    f->left -= n;
    (void)XXH3_128bits_update(&f->state, bytes, n);
    put(f, bytes, n);
}

/* --- room --- */

typedef struct kept {
    char name[64];
    int64_t bytes;
    struct timespec used;
} kept;

static int by_use(const void *a, const void *b) {
    const kept *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_kept_name(const char *name) {
    const size_t n = strlen(name);
    return n > DIGITS + 1 && n + sizeof checked_ending <= sizeof((kept *)0)->name &&
           strspn(name, "0123456789abcdef") == DIGITS && name[DIGITS] == '.' &&
           strspn(name + DIGITS + 1, "abcdefghijklmnopqrstuvwxyz.") == n - DIGITS - 1;
}

static bool ends_in_checked(const char *name) {
    const size_t n = strlen(name), m = sizeof checked_ending - 1;
    return n > m && strcmp(name + n - m, checked_ending) == 0;
}

/* What a name of the folder is: a kept file goes into the list; what was left behind, by
 * a process that ended early or beside a file that is gone, is removed. Nothing else is
 * touched. */
static bool look_at(int folder, const char *name, kept *out) {
    struct stat info, other;
    const bool temporary =
        strncmp(name, temporary_start, sizeof temporary_start - 1) == 0;
    if ((!temporary && !is_kept_name(name)) ||
        fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return false;
    if (temporary) {
        if (time(NULL) - info.st_mtim.tv_sec > LEFT_OVER_SECONDS)
            (void)unlinkat(folder, name, 0);
        return false;
    }
    char beside[sizeof out->name + sizeof checked_ending];
    if (ends_in_checked(name)) {
        memcpy(beside, name, strlen(name) + 1); /* a kept name is short */
        beside[strlen(name) - (sizeof checked_ending - 1)] = '\0';
        if (fstatat(folder, beside, &other, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
            (void)unlinkat(folder, name, 0);
        return false;
    }
    memcpy(out->name, name, strlen(name) + 1);
    out->bytes = info.st_size;
    out->used = info.st_mtim;
    snprintf(beside, sizeof beside, "%s%s", out->name, checked_ending);
    if (fstatat(folder, beside, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
        (other.st_mtim.tv_sec > info.st_mtim.tv_sec ||
         (other.st_mtim.tv_sec == info.st_mtim.tv_sec &&
          other.st_mtim.tv_nsec > info.st_mtim.tv_nsec)))
        out->used = other.st_mtim;
    return true;
}

/* Remove what was not used for the longest time until `more` bytes fit. Several processes
 * may do so at once: then one finds less to remove. */
static void make_room(const ps_store *store, int64_t more) {
    DIR *dir = opendir(store->folder);
    if (dir == NULL) return;
    kept *list = NULL;
    size_t n = 0, room = 0;
    int64_t total = more;
    const struct dirent *entry;
    while (n < MOST_FILES && (entry = readdir(dir)) != NULL) {
        if (ps_grow((void **)&list, &room, n + 1, sizeof *list, NULL) != PS_OK) break;
        if (look_at(dirfd(dir), entry->d_name, &list[n])) total += list[n++].bytes;
    }
    if (total > store->most_bytes && n > 0) qsort(list, n, sizeof *list, by_use);
    for (size_t i = 0; i < n && total > store->most_bytes; i++) {
        char beside[sizeof list->name + sizeof checked_ending];
        snprintf(beside, sizeof beside, "%s%s", list[i].name, checked_ending);
        (void)unlinkat(dirfd(dir), list[i].name, 0);
        (void)unlinkat(dirfd(dir), beside, 0);
        total -= list[i].bytes;
    }
    ps_free(list);
    closedir(dir);
}

static bool needs_room(const ps_store *store, uint64_t body) {
    return body > SMALL_BODY || store->most_bytes < SMALL_STORE;
}

static void give_up(ps_store_file *f) {
    if (f->fd >= 0) {
        close(f->fd);
        (void)unlink(f->temporary);
    }
    ps_free(f->buffer);
    ps_free(f);
}

bool ps_store_begin(const ps_store *store, const char *kind, const ps_store_key *key,
                    const char *note, size_t body, ps_store_file **out) {
    *out = NULL;
    const uint64_t all = (uint64_t)body + PS_STORE_HEAD + PS_STORE_TAIL;
    if (!ps_store_is_used(store) || all > (uint64_t)store->most_bytes) return false;
    ps_store_file *f = ps_zalloc(1, sizeof *f);
    if (f == NULL) return false;
    f->fd = -1;
    f->body = f->left = body;
    f->store = *store;
    f->buffer = ps_alloc(BUFFER_BYTES, 1);
    if (f->buffer == NULL || !file_path(store, kind, key, "", f->path) ||
        !make_folder(store->folder)) {
        give_up(f);
        return false;
    }
    if (needs_room(store, body)) make_room(store, (int64_t)all);
    f->fd = make_temporary(f->path, f->temporary);
    if (f->fd < 0) {
        give_up(f);
        return false;
    }
    head h = {.byte_order = BYTE_ORDER_MARK, .format = FORMAT, .body = body};
    memcpy(h.magic, magic, sizeof magic);
    memcpy(h.kind, kind, strnlen(kind, sizeof h.kind));
    memcpy(h.key, key->byte, sizeof h.key);
    if (note != NULL) memcpy(h.note, note, sizeof h.note);
    (void)XXH3_128bits_reset(&f->state);
    (void)XXH3_128bits_update(&f->state, &h, sizeof h);
    put(f, &h, sizeof h);
    *out = f;
    return true;
}

void ps_store_end(ps_store_file *f) {
    unsigned char found[PS_STORE_TAIL];
    digest_of(&f->state, found);
    if (f->left > 0) f->failed = true;
    put(f, found, sizeof found);
    flush(f);
    if (!f->failed && rename(f->temporary, f->path) == 0) {
        close(f->fd);
        f->fd = -1;
        /* others may have written meanwhile */
        if (needs_room(&f->store, f->body)) make_room(&f->store, 0);
    }
    give_up(f);
}
