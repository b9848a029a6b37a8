/* All numbers are the machine's own, as memory has them; the head tells the order of
 * bytes. A file counts as used when its .checked is written or its time set; the file
 * itself, where it has a .checked, is never touched again, since its times are part of
 * its state.
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

#include <xxhash.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"

enum {
    FORMAT = 3,
    DIGITS = 32,
    BUFFER_BYTES = 1 << 18,
    PIECE_BYTES = 1 << 20,     /* hashed at once */
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

typedef struct hashing {
    const char *bytes;
    size_t n;
    XXH128_canonical_t *piece;
} hashing;

static ps_status hash_pieces(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker;
    (void)err;
    const hashing *h = context;
    for (size_t i = begin; i < end; i++) {
        const size_t at = i * PIECE_BYTES, left = h->n - at;
        const size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        XXH128_canonicalFromHash(&h->piece[i], XXH3_128bits(h->bytes + at, n));
    }
    return PS_OK;
}

/* false when memory ran out. */
static bool hash_of(const char *bytes, size_t n, unsigned char out[PS_STORE_TAIL]) {
    const size_t pieces = (n + PIECE_BYTES - 1) / PIECE_BYTES;
    hashing h = {bytes, n, ps_alloc(pieces, sizeof *h.piece)};
    const bool good =
        h.piece != NULL && ps_par_for(pieces, 4, hash_pieces, &h, NULL) == PS_OK;
    if (good) {
        XXH128_canonical_t all;
        XXH128_canonicalFromHash(&all, XXH3_128bits(h.piece, pieces * sizeof *h.piece));
        memcpy(out, all.digest, sizeof all.digest);
    }
    ps_free(h.piece);
    return good;
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
    const size_t n = s->n - PS_STORE_TAIL;
    unsigned char found[PS_STORE_TAIL];
    return hash_of(s->map, n, found) &&
           memcmp(found, (const char *)s->map + n, sizeof found) == 0;
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

static void point_into_map(stored *s) {
    s->open.body = (char *)s->map + PS_STORE_HEAD;
    s->open.n = s->n - PS_STORE_HEAD - PS_STORE_TAIL;
    s->open.note = (const char *)s->map + offsetof(head, note);
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
    point_into_map(s);
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

void ps_stored_is_used(ps_stored *open) {
    const stored *s = (stored *)open;
    struct stat info;
    if (s->fd >= 0 && fstat(s->fd, &info) == 0 &&
        time(NULL) - info.st_mtim.tv_sec > TOUCH_SECONDS)
        (void)futimens(s->fd, NULL);
}

struct ps_store_file {
    int fd;
    bool failed;
    char *buffer; /* what comes before at */
    size_t used;
    uint64_t at;       /* where the file ends so far */
    uint64_t promised; /* of the body */
    head head;
    ps_store store;
    char path[PS_STORE_PATH], temporary[PS_STORE_PATH];
};

static void write_at(ps_store_file *f, uint64_t at, const void *bytes, size_t n) {
    const char *from = bytes;
    while (n > 0 && !f->failed) {
        const ssize_t wrote = pwrite(f->fd, from, n, (off_t)at);
        if (wrote < 0 && errno == EINTR) continue;
        f->failed = wrote <= 0;
        if (f->failed) return;
        from += wrote;
        at += (uint64_t)wrote;
        n -= (size_t)wrote;
    }
}

static void flush(ps_store_file *f) {
    write_at(f, f->at - f->used, f->buffer, f->used);
    f->used = 0;
}

void ps_store_write(void *file, const void *bytes, size_t n) {
    ps_store_file *f = file;
    if (n == 0 || f->failed) return;
    if (n > BUFFER_BYTES - f->used) flush(f);
    if (n > BUFFER_BYTES) {
        write_at(f, f->at, bytes, n);
    } else {
        memcpy(f->buffer + f->used, bytes, n);
        f->used += n;
    }
    f->at += n;
}

size_t ps_store_leave(void *file, size_t n) {
    ps_store_file *f = file;
    flush(f);
    const size_t at = f->at - PS_STORE_HEAD;
    f->at += n;
    return at;
}

void ps_store_fill(void *file, size_t at, const void *bytes, size_t n) {
    write_at(file, PS_STORE_HEAD + (uint64_t)at, bytes, n);
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

void ps_store_drop(ps_store_file *f) {
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
    const uint64_t known = body != PS_STORE_ANY ? body : 0;
    const uint64_t all = known + PS_STORE_HEAD + PS_STORE_TAIL;
    if (!ps_store_is_used(store) || all > (uint64_t)store->most_bytes) return false;
    ps_store_file *f = ps_zalloc(1, sizeof *f);
    if (f == NULL) return false;
    f->fd = -1;
    f->at = PS_STORE_HEAD;
    f->promised = body;
    f->store = *store;
    f->buffer = ps_alloc(BUFFER_BYTES, 1);
    if (f->buffer == NULL || !file_path(store, kind, key, "", f->path) ||
        !make_folder(store->folder)) {
        ps_store_drop(f);
        return false;
    }
    if (needs_room(store, known)) make_room(store, (int64_t)all);
    f->fd = make_temporary(f->path, f->temporary);
    if (f->fd < 0) {
        ps_store_drop(f);
        return false;
    }
    head *h = &f->head;
    h->byte_order = BYTE_ORDER_MARK;
    h->format = FORMAT;
    memcpy(h->magic, magic, sizeof magic);
    memcpy(h->kind, kind, strnlen(kind, sizeof h->kind));
    memcpy(h->key, key->byte, sizeof h->key);
    if (note != NULL) memcpy(h->note, note, sizeof h->note);
    *out = f;
    return true;
}

/* Head and hash. NULL when it cannot be written, or memory ran out. */
static stored *close_file(ps_store_file *f) {
    flush(f);
    f->head.body = f->at - PS_STORE_HEAD;
    write_at(f, 0, &f->head, sizeof f->head);
    stored *s = ps_zalloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->fd = -1;
    s->n = f->at + PS_STORE_TAIL;
    if (!f->failed && ftruncate(f->fd, (off_t)s->n) == 0) {
        void *map = mmap(NULL, s->n, PROT_READ, MAP_SHARED, f->fd, 0);
        if (map != MAP_FAILED) s->map = map;
    }
    unsigned char found[PS_STORE_TAIL];
    const bool hashed = s->map != NULL && hash_of(s->map, f->at, found);
    if (hashed) write_at(f, f->at, found, sizeof found);
    if (hashed && !f->failed) return s;
    ps_stored_release(s);
    return NULL;
}

bool ps_store_end(ps_store_file *f, ps_stored **made) {
    stored *s = close_file(f);
    const uint64_t body = f->head.body;
    const bool keeps = s != NULL && s->n <= (uint64_t)f->store.most_bytes &&
                       (f->promised == PS_STORE_ANY || f->promised == body) &&
                       rename(f->temporary, f->path) == 0;
    if (keeps) {
        close(f->fd);
        f->fd = -1;
        /* others may have written meanwhile */
        if (needs_room(&f->store, body)) make_room(&f->store, 0);
    }
    ps_store_drop(f);
    if (s == NULL) return false;
    s->open.checked = true;
    point_into_map(s);
    if (made != NULL)
        *made = &s->open;
    else
        ps_stored_release(s);
    return true;
}
