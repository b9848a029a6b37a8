/* The pattern is walked one path component at a time, so that a component which exists as
 * written is taken literally, and the part behind an archive is matched against its
 * member names. Every folder is read whole and sorted before it is used: neither the list
 * nor an error message depends on the order in which the file system hands out names.
 *
 * A stream is one of three raw readers (file, ZIP member, memory) with an inflater on top
 * when the raw bytes are gzip. Opening a ZIP file reads its whole directory, which for
 * the police.uk archive costs more than a small member; the list therefore keeps handles
 * that streams have finished with. A handle serves one stream at a time.
 */
#include "engine/core/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

enum {
    IDLE_HANDLES = 16,
    PATTERN_MAX = 4096,
    PACKED_BYTES = 1 << 18, /* read at once below the inflater */
    RATIO_FLOOR = 64 << 20  /* unpacked bytes below which no ratio is suspicious */
};

struct ps_archive {
    struct ps_archive *next;
    _Atomic(zip_t *) idle[IDLE_HANDLES];
};

typedef struct entry {
    ps_source source;
    dev_t device;
    ino_t inode;
} entry;

struct ps_source_list {
    ps_arena *arena;
    entry *entries;
    size_t n, capacity;
    struct ps_archive *archives;
};

/* One pattern on its way to its sources. */
typedef struct expansion {
    ps_source_list *list;
    const char *pattern;
    const char *const *suffixes;
    /* Where the trail ended first, and the nearest name there; NULL when it did not. */
    const char *lost_where, *lost_name, *nearest;
    ps_error *err;
} expansion;

/* ---- names ---- */

static const char *why(int number) {
    const char *text = strerrordesc_np(number);
    return text != NULL ? text : "unknown error";
}

static bool is_wanted(const expansion *e, const char *name) {
    if (e->suffixes == NULL) return true;
    for (size_t i = 0; e->suffixes[i] != NULL; i++) {
        if (ps_str_ends_with(ps_str_of(name), e->suffixes[i])) return true;
    }
    return false;
}

static void wanted_text(const expansion *e, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; e->suffixes != NULL && e->suffixes[i] != NULL; i++) {
        const char *between = i == 0 ? "" : " or ";
        size_t need = strlen(between) + strlen(e->suffixes[i]);
        if (need >= size - at) break;
        memcpy(out + at, between, strlen(between));
        memcpy(out + at + strlen(between), e->suffixes[i], strlen(e->suffixes[i]) + 1);
        at += need;
    }
}

/* "folder/name" from the arena. */
static const char *join(expansion *e, const char *folder, const char *name,
                        size_t name_n) {
    size_t n = strlen(folder);
    bool slash = n > 0 && folder[n - 1] != '/';
    char *joined = ps_arena_alloc(e->list->arena, n + slash + name_n + 1);
    if (joined == NULL) {
        ps_fail_nomem(e->err);
        return NULL;
    }
    memcpy(joined, folder, n);
    if (slash) joined[n] = '/';
    memcpy(joined + n + slash, name, name_n);
    joined[n + slash + name_n] = '\0';
    return joined;
}

static bool has_glob(ps_str text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '*' || text.p[i] == '?' || text.p[i] == '[') return true;
    }
    return false;
}

/* Whether the element of a glob at *p takes the byte c; *p moves behind the element. */
static bool take_one(const char **p, const char *end, char c) {
    const char *at = *p;
    if (*at == '?') {
        *p = at + 1;
        return true;
    }
    if (*at == '\\' && at + 1 < end) {
        *p = at + 2;
        return at[1] == c;
    }
    if (*at == '[') {
        const char *q = at + 1;
        bool negated = q < end && (*q == '!' || *q == '^'), hit = false;
        if (negated) q++;
        for (const char *first = q; q < end && (*q != ']' || q == first); q++) {
            unsigned char low = (unsigned char)*q, high = low;
            if (end - q > 2 && q[1] == '-' && q[2] != ']') {
                high = (unsigned char)q[2];
                q += 2;
            }
            hit = hit || ((unsigned char)c >= low && (unsigned char)c <= high);
        }
        if (q < end) {
            *p = q + 1;
            return hit != negated;
        }
    }
    *p = at + 1;
    return *at == c;
}

/* Whether one path component matches a glob. As in a shell, a leading dot must be
 * spelled out. */
static bool glob_matches(ps_str glob, ps_str text) {
    const char *p = glob.p, *p_end = p + glob.n, *t = text.p, *t_end = t + text.n;
    const char *star = NULL, *resume = NULL;
    if (text.n > 0 && *t == '.' && (glob.n == 0 || *p != '.')) return false;
    while (t < t_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            resume = t;
            continue;
        }
        const char *next = p;
        if (p < p_end && take_one(&next, p_end, *t)) {
            p = next;
            t++;
        } else if (star != NULL) {
            p = star;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*') p++;
    return p == p_end;
}

/* The next component of a path, which moves behind it; empty at the end. */
static ps_str take_component(const char **path) {
    while (**path == '/') (*path)++;
    const char *from = *path;
    while (**path != '\0' && **path != '/') (*path)++;
    return (ps_str){from, (size_t)(*path - from)};
}

/* ---- folders ---- */

typedef struct names {
    const char **name;
    size_t n, capacity;
} names;

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sorted names in a folder. The array is the caller's to free, the text is in the
 * arena. */
static ps_status read_folder(expansion *e, const char *path, names *out) {
    *out = (names){NULL, 0, 0};
    DIR *folder = opendir(path[0] != '\0' ? path : ".");
    if (folder == NULL)
        return ps_fail(e->err, PS_INPUT, "folder '%s' cannot be read: %s", path,
                       why(errno));
    ps_status status = PS_OK;
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(folder);
        if (found == NULL) break;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
        void *array = out->name;
        status = ps_grow(&array, &out->capacity, out->n + 1, sizeof *out->name, e->err);
        out->name = array;
        if (status != PS_OK) break;
        const char *copy =
            ps_arena_strndup(e->list->arena, found->d_name, strlen(found->d_name));
        if (copy == NULL) {
            status = ps_fail_nomem(e->err);
            break;
        }
        out->name[out->n++] = copy;
    }
    if (status == PS_OK && errno != 0)
        status =
            ps_fail(e->err, PS_INPUT, "folder '%s' cannot be read: %s", path, why(errno));
    closedir(folder);
    if (status != PS_OK) {
        ps_free(out->name);
        *out = (names){NULL, 0, 0};
        return status;
    }
    if (out->n > 1) qsort(out->name, out->n, sizeof *out->name, by_text);
    return PS_OK;
}

/* Keep the first place where the pattern led nowhere. */
static void note_lost(expansion *e, const char *where, ps_str name, const names *there) {
    if (e->lost_where != NULL) return;
    const char *copy = ps_arena_strndup(e->list->arena, name.p, name.n);
    if (copy == NULL) return;
    int nearest = there != NULL ? ps_nearest(name, there->name, there->n) : -1;
    e->lost_where = where;
    e->lost_name = copy;
    e->nearest = nearest >= 0 ? there->name[nearest] : NULL;
}

static ps_status add_source(expansion *e, const ps_source *source,
                            const struct stat *st) {
    ps_source_list *list = e->list;
    if (list->n >= PS_SOURCE_MAX_MEMBERS)
        return ps_fail(e->err, PS_LIMIT,
                       "'%s' brings the inputs to more than %d files; name fewer at once",
                       e->pattern, (int)PS_SOURCE_MAX_MEMBERS);
    void *array = list->entries;
    ps_status status =
        ps_grow(&array, &list->capacity, list->n + 1, sizeof *list->entries, e->err);
    list->entries = array;
    if (status != PS_OK) return status;
    list->entries[list->n++] = (entry){*source, st->st_dev, st->st_ino};
    return PS_OK;
}

static ps_status add_file(expansion *e, const char *path, const char *shown,
                          const struct stat *st) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ps_fail(e->err, PS_INPUT, "'%s' cannot be opened: %s", shown, why(errno));
    unsigned char head[2], tail[4];
    bool gzip = pread(fd, head, 2, 0) == 2 && head[0] == 0x1F && head[1] == 0x8B;
    int64_t unpacked = 0;
    if (gzip && pread(fd, tail, 4, st->st_size - 4) == 4)
        unpacked = (int64_t)tail[0] | (int64_t)tail[1] << 8 | (int64_t)tail[2] << 16 |
                   (int64_t)tail[3] << 24;
    close(fd);
    ps_source source = {.name = shown,
                        .path = path,
                        .packing = gzip ? PS_GZIP : PS_PLAIN,
                        .bytes = (int64_t)st->st_size,
                        .unpacked = unpacked};
    return add_source(e, &source, st);
}

/* ---- archives ---- */

static ps_status open_archive(const char *path, const char *shown, zip_t **out,
                              ps_error *err) {
    int code = 0;
    *out = zip_open(path, ZIP_RDONLY, &code);
    if (*out != NULL) return PS_OK;
    if (code == ZIP_ER_MEMORY) return ps_fail_nomem(err);
    zip_error_t reason;
    zip_error_init_with_code(&reason, code);
    bool unread = code == ZIP_ER_OPEN || code == ZIP_ER_NOENT || code == ZIP_ER_READ;
    ps_status status =
        unread ? ps_fail(err, PS_INPUT, "archive '%s' cannot be read: %s", shown,
                         zip_error_strerror(&reason))
               : ps_fail(err, PS_FORMAT,
                         "'%s' is not a whole ZIP archive (%s); fetch it again", shown,
                         zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return status;
}

/* A member name that would lead out of the archive's own tree, on any system. */
static bool is_unsafe_member(const char *name) {
    if (name[0] == '/' || name[0] == '\\') return true;
    if (name[0] != '\0' && name[1] == ':') return true;
    for (const char *p = name; *p != '\0';) {
        size_t n = strcspn(p, "/\\");
        if (n == 2 && p[0] == '.' && p[1] == '.') return true;
        p += n;
        if (*p != '\0') p++;
    }
    return false;
}

static bool is_hidden_member(const char *name) {
    if (strncmp(name, "__MACOSX/", 9) == 0) return true;
    for (const char *p = name; p != NULL; p = strchr(p, '/')) {
        while (*p == '/') p++;
        if (*p == '.') return true;
    }
    return false;
}

/* Whether a member is named by the pattern behind its archive: itself, or as part of a
 * folder that is named. */
static bool member_matches(const expansion *e, const char *pattern, const char *name) {
    if (pattern[0] != '\0' && strcmp(pattern, name) == 0) return true;
    const char *rest = name;
    for (;;) {
        ps_str wanted = take_component(&pattern);
        if (wanted.n == 0) break;
        ps_str part = take_component(&rest);
        if (part.n == 0) return false;
        if (!ps_str_eq(wanted, part) && !glob_matches(wanted, part)) return false;
    }
    while (*rest == '/') rest++;
    return *rest == '\0' || (is_wanted(e, rest) && !is_hidden_member(rest));
}

static ps_status check_member(const char *shown, const zip_stat_t *st, ps_error *err) {
    if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
        st->encryption_method != ZIP_EM_NONE)
        return ps_fail(err, PS_UNSUPPORTED,
                       "'%s' is encrypted; unpack it with its password first", shown);
    if ((st->valid & ZIP_STAT_COMP_METHOD) != 0 &&
        !zip_compression_method_supported((zip_int32_t)st->comp_method, 0))
        return ps_fail(err, PS_UNSUPPORTED,
                       "'%s' is packed by method %d, which is not supported; pack it "
                       "again with deflate",
                       shown, (int)st->comp_method);
    return PS_OK;
}

static int64_t size_of(zip_uint64_t size) {
    return size > (zip_uint64_t)INT64_MAX ? INT64_MAX : (int64_t)size;
}

static ps_status add_member(expansion *e, struct ps_archive *archive, const char *path,
                            const char *shown, const zip_stat_t *st,
                            const struct stat *file) {
    const char *name = join(e, shown, st->name, strlen(st->name));
    if (name == NULL) return PS_NOMEM;
    PS_TRY(check_member(name, st, e->err));
    const char *member = ps_arena_strndup(e->list->arena, st->name, strlen(st->name));
    if (member == NULL) return ps_fail_nomem(e->err);
    ps_source source = {
        .name = name,
        .path = path,
        .member = member,
        .packing = PS_ZIP_MEMBER,
        .bytes = (st->valid & ZIP_STAT_COMP_SIZE) != 0 ? size_of(st->comp_size) : 0,
        .unpacked = (st->valid & ZIP_STAT_SIZE) != 0 ? size_of(st->size) : 0,
        .archive = archive};
    return add_source(e, &source, file);
}

static ps_status add_members(expansion *e, zip_t *zip, struct ps_archive *archive,
                             const char *path, const char *shown, const char *pattern,
                             const struct stat *file) {
    zip_int64_t members = zip_get_num_entries(zip, 0);
    if (members > PS_SOURCE_MAX_MEMBERS)
        return ps_fail(e->err, PS_LIMIT,
                       "archive '%s' has %lld members, more than the %d allowed; unpack "
                       "what is wanted and name that",
                       shown, (long long)members, (int)PS_SOURCE_MAX_MEMBERS);
    const char *missed = pattern;
    while (*missed == '/') missed++;
    size_t before = e->list->n;
    names all = {NULL, 0, 0};
    ps_status status = PS_OK;
    all.name = ps_alloc(members > 0 ? (size_t)members : 1, sizeof *all.name);
    if (all.name == NULL) return ps_fail_nomem(e->err);
    for (zip_int64_t i = 0; i < members && status == PS_OK; i++) {
        zip_stat_t st;
        if (zip_stat_index(zip, (zip_uint64_t)i, 0, &st) != 0 || st.name == NULL) {
            status =
                ps_fail(e->err, PS_FORMAT, "archive '%s': member %lld is damaged: %s",
                        shown, (long long)i + 1, zip_strerror(zip));
            break;
        }
        if (is_unsafe_member(st.name)) {
            status =
                ps_fail(e->err, PS_LIMIT,
                        "archive '%s' has a member that points outside it, '%.200s'; "
                        "it is refused as a whole",
                        shown, st.name);
            break;
        }
        size_t n = strlen(st.name);
        if (n == 0 || st.name[n - 1] == '/') continue;
        all.name[all.n++] = st.name;
        if (member_matches(e, missed, st.name))
            status = add_member(e, archive, path, shown, &st, file);
    }
    if (status == PS_OK && e->list->n == before && *missed != '\0' && all.n > 0) {
        qsort(all.name, all.n, sizeof *all.name, by_text);
        note_lost(e, shown, ps_str_of(missed), &all);
        /* The names belong to the handle. */
        if (e->nearest != NULL)
            e->nearest = ps_arena_strndup(e->list->arena, e->nearest, strlen(e->nearest));
    }
    ps_free(all.name);
    return status;
}

static ps_status expand_archive(expansion *e, const char *path, const char *shown,
                                const char *pattern, const struct stat *file) {
    zip_t *zip;
    PS_TRY(open_archive(path, shown, &zip, e->err));
    struct ps_archive *archive = ps_zalloc(1, sizeof *archive);
    if (archive == NULL) {
        zip_discard(zip);
        return ps_fail_nomem(e->err);
    }
    archive->next = e->list->archives;
    e->list->archives = archive;
    ps_status status = add_members(e, zip, archive, path, shown, pattern, file);
    atomic_store(&archive->idle[0], zip);
    return status;
}

/* ---- from a pattern to sources ---- */

typedef struct trail {
    const struct trail *above;
    dev_t device;
    ino_t inode;
    int depth;
} trail;

static bool leads_back(const trail *here, const struct stat *st) {
    for (; here != NULL; here = here->above) {
        if (here->device == st->st_dev && here->inode == st->st_ino) return true;
    }
    return false;
}

static ps_status walk(expansion *e, const char *path, const char *shown,
                      const trail *here);

static ps_status walk_name(expansion *e, const char *path, const char *shown,
                           const char *name, const trail *here) {
    if (name[0] == '.' || strcmp(name, "__MACOSX") == 0) return PS_OK;
    const char *inner = join(e, path, name, strlen(name));
    const char *inner_shown = inner != NULL ? join(e, shown, name, strlen(name)) : NULL;
    if (inner_shown == NULL) return PS_NOMEM;
    struct stat st;
    if (stat(inner, &st) != 0) {
        if (!is_wanted(e, name)) return PS_OK;
        return ps_fail(e->err, PS_INPUT, "'%s' cannot be read: %s", inner_shown,
                       why(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        if (leads_back(here, &st)) return PS_OK;
        if (here->depth >= PS_SOURCE_MAX_DEPTH)
            return ps_fail(
                e->err, PS_LIMIT,
                "'%s' lies more than %d folders deep under '%s'; name a folder "
                "nearer to the files",
                inner_shown, (int)PS_SOURCE_MAX_DEPTH, e->pattern);
        trail deeper = {here, st.st_dev, st.st_ino, here->depth + 1};
        return walk(e, inner, inner_shown, &deeper);
    }
    if (!S_ISREG(st.st_mode) || !is_wanted(e, name)) return PS_OK;
    if (ps_str_ends_with(ps_str_of(name), ".zip"))
        return expand_archive(e, inner, inner_shown, "", &st);
    return add_file(e, inner, inner_shown, &st);
}

static ps_status walk(expansion *e, const char *path, const char *shown,
                      const trail *here) {
    names found;
    PS_TRY(read_folder(e, path, &found));
    ps_status status = PS_OK;
    for (size_t i = 0; i < found.n && status == PS_OK; i++)
        status = walk_name(e, path, shown, found.name[i], here);
    ps_free(found.name);
    return status;
}

static ps_status accept(expansion *e, const char *path, const char *shown,
                        const struct stat *st) {
    if (S_ISDIR(st->st_mode)) {
        trail top = {NULL, st->st_dev, st->st_ino, 0};
        return walk(e, path, shown, &top);
    }
    if (!S_ISREG(st->st_mode))
        return ps_fail(
            e->err, PS_INPUT,
            "'%s' is neither a file nor a folder; inputs are read more than once, "
            "so save it to a file first",
            shown);
    if (ps_str_ends_with(ps_str_of(path), ".zip"))
        return expand_archive(e, path, shown, "", st);
    return add_file(e, path, shown, st);
}

static ps_status expand(expansion *e, const char *path, const char *shown,
                        const char *rest) {
    while (*rest == '/') rest++;
    struct stat st;
    if (path[0] != '\0') {
        if (stat(path, &st) != 0)
            return ps_fail(e->err, PS_INPUT, "'%s' cannot be read: %s",
                           shown[0] != '\0' ? shown : path, why(errno));
        if (*rest == '\0') return accept(e, path, shown, &st);
        if (!S_ISDIR(st.st_mode)) {
            if (S_ISREG(st.st_mode) && ps_str_ends_with(ps_str_of(path), ".zip"))
                return expand_archive(e, path, shown, rest, &st);
            note_lost(e, shown, ps_str_of(rest), NULL);
            return PS_OK;
        }
    }
    const char *after = rest;
    ps_str part = take_component(&after);
    const char *inner = join(e, path, part.p, part.n);
    const char *inner_shown = inner != NULL ? join(e, shown, part.p, part.n) : NULL;
    if (inner_shown == NULL) return PS_NOMEM;
    struct stat link;
    if (lstat(inner, &link) == 0) return expand(e, inner, inner_shown, after);
    if (errno != ENOENT && errno != ENOTDIR)
        return ps_fail(e->err, PS_INPUT, "'%s' cannot be read: %s", inner_shown,
                       why(errno));
    names found;
    PS_TRY(read_folder(e, path, &found));
    ps_status status = PS_OK;
    bool any = false;
    for (size_t i = 0; has_glob(part) && i < found.n && status == PS_OK; i++) {
        const char *name = found.name[i];
        if (!glob_matches(part, ps_str_of(name))) continue;
        any = true;
        inner = join(e, path, name, strlen(name));
        inner_shown = inner != NULL ? join(e, shown, name, strlen(name)) : NULL;
        status = inner_shown != NULL ? expand(e, inner, inner_shown, after) : PS_NOMEM;
    }
    if (!any && status == PS_OK) note_lost(e, path, part, &found);
    ps_free(found.name);
    return status;
}

static ps_status refuse(const char *pattern, ps_error *err) {
    if (pattern == NULL || pattern[0] == '\0')
        return ps_fail(err, PS_CONFIG,
                       "an input has an empty name; give a file, a folder, a glob or an "
                       "archive");
    if (strstr(pattern, "://") != NULL)
        return ps_fail(
            err, PS_CONFIG,
            "'%.200s' is an address; nothing is fetched from the network here, "
            "so download it and name the file",
            pattern);
    const char *p = pattern;
    while (p[0] == '/' && p[1] == '/') p++;
    if (strncmp(p, "/vsi", 4) == 0)
        return ps_fail(
            err, PS_CONFIG,
            "'%.200s' is a GDAL virtual path; name the file itself (an archive "
            "is read as it is: latest.zip, latest.zip/2018-05)",
            pattern);
    if (strlen(pattern) > PATTERN_MAX)
        return ps_fail(err, PS_CONFIG,
                       "an input has a name of more than %d bytes, beginning '%.100s'",
                       (int)PATTERN_MAX, pattern);
    return PS_OK;
}

static ps_status say_lost(const expansion *e) {
    char wanted[200];
    wanted_text(e, wanted, sizeof wanted);
    if (e->lost_where == NULL)
        return ps_fail(e->err, PS_INPUT, "'%s' holds no file%s%s", e->pattern,
                       wanted[0] != '\0' ? " ending in " : "", wanted);
    const char *where = e->lost_where[0] != '\0' ? e->lost_where : ".";
    if (e->nearest != NULL)
        return ps_fail(e->err, PS_INPUT,
                       "'%s' matches nothing: there is no '%s' in '%s'; the nearest name "
                       "there is '%s'",
                       e->pattern, e->lost_name, where, e->nearest);
    return ps_fail(e->err, PS_INPUT, "'%s' matches nothing: there is no '%s' in '%s'",
                   e->pattern, e->lost_name, where);
}

static ps_status add_pattern(ps_source_list *list, const char *pattern, const char *base,
                             const char *const *suffixes, ps_error *err) {
    PS_TRY(refuse(pattern, err));
    expansion e = {.list = list, .pattern = pattern, .suffixes = suffixes, .err = err};
    size_t before = list->n;
    bool absolute = pattern[0] == '/';
    const char *from = absolute ? "/" : base != NULL ? base : "";
    PS_TRY(expand(&e, from, absolute ? "/" : "", pattern));
    return list->n > before ? PS_OK : say_lost(&e);
}

static int by_name(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = strcmp(x->source.name, y->source.name);
    return order != 0 ? order : strcmp(x->source.path, y->source.path);
}

static int by_identity(const void *a, const void *b) {
    const entry *x = *(const entry *const *)a, *y = *(const entry *const *)b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode) return x->inode < y->inode ? -1 : 1;
    const char *m = x->source.member != NULL ? x->source.member : "";
    const char *n = y->source.member != NULL ? y->source.member : "";
    int order = strcmp(m, n);
    if (order != 0) return order;
    return (x > y) - (x < y);
}

static ps_status refuse_twice(const ps_source_list *list, ps_error *err) {
    const entry **sorted = ps_alloc(list->n, sizeof *sorted);
    if (sorted == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < list->n; i++) sorted[i] = &list->entries[i];
    if (list->n > 1) qsort(sorted, list->n, sizeof *sorted, by_identity);
    ps_status status = PS_OK;
    for (size_t i = 1; i < list->n && status == PS_OK; i++) {
        const ps_source *a = &sorted[i - 1]->source, *b = &sorted[i]->source;
        if (sorted[i - 1]->device != sorted[i]->device ||
            sorted[i - 1]->inode != sorted[i]->inode)
            continue;
        if (strcmp(a->member != NULL ? a->member : "",
                   b->member != NULL ? b->member : "") != 0)
            continue;
        status = ps_fail(err, PS_CONFIG,
                         "'%s' and '%s' are the same file, whose rows would count twice; "
                         "name it once",
                         a->name, b->name);
    }
    ps_free(sorted);
    return status;
}

ps_status ps_source_list_open(const char *const *patterns, size_t n, const char *base,
                              const char *const *suffixes, ps_source_list **out,
                              ps_error *err) {
    *out = NULL;
    ps_source_list *list = ps_zalloc(1, sizeof *list);
    if (list == NULL) return ps_fail_nomem(err);
    ps_status status = ps_arena_create(&list->arena, err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = add_pattern(list, patterns[i], base, suffixes, err);
    if (status == PS_OK && list->n > 1)
        qsort(list->entries, list->n, sizeof *list->entries, by_name);
    if (status == PS_OK) status = refuse_twice(list, err);
    if (status != PS_OK) {
        ps_source_list_free(list);
        return status;
    }
    *out = list;
    return PS_OK;
}

size_t ps_source_list_size(const ps_source_list *list) {
    return list->n;
}

const ps_source *ps_source_list_get(const ps_source_list *list, size_t i) {
    return &list->entries[i].source;
}

void ps_source_list_free(ps_source_list *list) {
    if (list == NULL) return;
    while (list->archives != NULL) {
        struct ps_archive *gone = list->archives;
        list->archives = gone->next;
        for (size_t i = 0; i < IDLE_HANDLES; i++) {
            zip_t *zip = atomic_load(&gone->idle[i]);
            if (zip != NULL) zip_discard(zip);
        }
        ps_free(gone);
    }
    ps_free(list->entries);
    ps_arena_free(list->arena);
    ps_free(list);
}

/* ---- streams ---- */

struct ps_stream {
    char *name;
    /* The raw bytes: one of a file, memory, a member. */
    int fd;
    const unsigned char *bytes;
    size_t bytes_n, bytes_at;
    zip_file_t *member;
    zip_t *zip;
    struct ps_archive *home; /* takes the handle back; NULL: it is closed */
    int64_t raw, given;      /* bytes read from below, bytes handed out */
    int64_t size;            /* of a file */
    int64_t packed;          /* size on disk, the measure of the ratio */
    int64_t unpacked;        /* of a member, as its archive says */
    /* What was read to see whether a member is gzip. */
    unsigned char peeked[2];
    size_t peeked_at, peeked_n;
    bool inflating, member_ended, raw_ended;
    z_stream z;
    unsigned char *window;
};

static void *z_take(void *unused, unsigned n, unsigned size) {
    (void)unused;
    return ps_alloc(n, size);
}

static void z_give(void *unused, void *block) {
    (void)unused;
    ps_free(block);
}

static ps_status guard(const ps_stream *s, int64_t unpacked, ps_error *err) {
    if (s->packed < 0 || unpacked <= RATIO_FLOOR) return PS_OK;
    if (unpacked / PS_SOURCE_MAX_RATIO <= s->packed) return PS_OK;
    return ps_fail(err, PS_LIMIT,
                   "'%s' unpacks to more than %d times its packed size of %lld bytes, as "
                   "only a hostile or damaged archive does; unpack it yourself if you "
                   "trust it",
                   s->name, (int)PS_SOURCE_MAX_RATIO, (long long)s->packed);
}

static ps_status read_raw(ps_stream *s, void *buffer, size_t n, size_t *got,
                          ps_error *err) {
    *got = 0;
    if (s->member != NULL) {
        zip_int64_t read_n = zip_fread(s->member, buffer, n);
        if (read_n < 0)
            return ps_fail(err, PS_FORMAT, "'%s' is damaged: %s; fetch the archive again",
                           s->name, zip_file_strerror(s->member));
        *got = (size_t)read_n;
        s->raw += read_n;
        return guard(s, s->raw, err);
    }
    if (s->fd < 0) {
        *got = n < s->bytes_n - s->bytes_at ? n : s->bytes_n - s->bytes_at;
        if (*got > 0) memcpy(buffer, s->bytes + s->bytes_at, *got);
        s->bytes_at += *got;
        s->raw += (int64_t)*got;
        return PS_OK;
    }
    for (;;) {
        ssize_t read_n = read(s->fd, buffer, n < SSIZE_MAX ? n : SSIZE_MAX);
        if (read_n < 0 && errno == EINTR) continue;
        if (read_n < 0)
            return ps_fail(err, PS_INPUT, "'%s' cannot be read: %s", s->name, why(errno));
        *got = (size_t)read_n;
        s->raw += read_n;
        return PS_OK;
    }
}

/* The two bytes that tell gzip. */
static ps_status peek(ps_stream *s, ps_error *err) {
    while (s->peeked_n < sizeof s->peeked) {
        size_t got;
        PS_TRY(read_raw(s, s->peeked + s->peeked_n, sizeof s->peeked - s->peeked_n, &got,
                        err));
        if (got == 0) break;
        s->peeked_n += got;
    }
    return PS_OK;
}

static ps_status start_inflating(ps_stream *s, ps_error *err) {
    s->window = ps_alloc(PACKED_BYTES, 1);
    if (s->window == NULL) return ps_fail_nomem(err);
    s->z.zalloc = z_take;
    s->z.zfree = z_give;
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) return ps_fail_nomem(err);
    memcpy(s->window, s->peeked, s->peeked_n);
    s->z.next_in = s->window;
    s->z.avail_in = (uInt)s->peeked_n;
    s->peeked_n = 0;
    s->inflating = true;
    return PS_OK;
}

static ps_status refill(ps_stream *s, ps_error *err) {
    if (s->z.avail_in > 0 || s->raw_ended) return PS_OK;
    size_t got;
    PS_TRY(read_raw(s, s->window, PACKED_BYTES, &got, err));
    s->raw_ended = got == 0;
    s->z.next_in = s->window;
    s->z.avail_in = (uInt)got;
    return PS_OK;
}

/* Several gzip members one after the other are one stream (RFC 1952); zeros behind the
 * last are padding. */
static ps_status read_inflated(ps_stream *s, void *buffer, size_t n, size_t *got,
                               ps_error *err) {
    if (n > UINT_MAX) n = UINT_MAX;
    s->z.next_out = buffer;
    s->z.avail_out = (uInt)n;
    while (s->z.avail_out > 0) {
        PS_TRY(refill(s, err));
        if (s->member_ended) {
            if (s->z.avail_in == 0) break;
            if (*s->z.next_in == 0) {
                s->z.next_in++;
                s->z.avail_in--;
                continue;
            }
            if (*s->z.next_in != 0x1F)
                return ps_fail(
                    err, PS_FORMAT,
                    "'%s' has bytes behind its end that are not gzip; fetch it "
                    "again",
                    s->name);
            inflateReset(&s->z);
            s->member_ended = false;
        }
        if (s->z.avail_in == 0)
            return ps_fail(err, PS_FORMAT,
                           "'%s' ends in the middle of its gzip data; fetch it again",
                           s->name);
        int code = inflate(&s->z, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            s->member_ended = true;
        } else if (code == Z_MEM_ERROR) {
            return ps_fail_nomem(err);
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return ps_fail(err, PS_FORMAT, "'%s' is damaged gzip (%s); fetch it again",
                           s->name, s->z.msg != NULL ? s->z.msg : "bad data");
        }
    }
    *got = n - s->z.avail_out;
    return guard(s, s->given + (int64_t)*got, err);
}

static ps_status open_file(ps_stream *s, const ps_source *source, ps_error *err) {
    s->fd = open(source->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return ps_fail(err, PS_INPUT, "'%s' cannot be opened: %s", source->name,
                       why(errno));
    posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    s->size = (int64_t)st.st_size;
    if (source->packing != PS_GZIP) return PS_OK;
    s->packed = s->size;
    return start_inflating(s, err);
}

/* The member in an archive handle of the stream; packed: its bytes as they stand. */
static ps_status find_member(ps_stream *s, const ps_source *source, bool packed,
                             zip_stat_t *st, ps_error *err) {
    s->home = source->archive;
    for (size_t i = 0; s->home != NULL && s->zip == NULL && i < IDLE_HANDLES; i++)
        s->zip = atomic_exchange(&s->home->idle[i], NULL);
    if (s->zip == NULL) PS_TRY(open_archive(source->path, source->name, &s->zip, err));
    zip_int64_t at = zip_name_locate(s->zip, source->member, 0);
    if (at < 0 || zip_stat_index(s->zip, (zip_uint64_t)at, 0, st) != 0)
        return ps_fail(err, PS_INPUT, "archive '%s' has no member '%s'", source->path,
                       source->member);
    PS_TRY(check_member(source->name, st, err));
    s->member = zip_fopen_index(s->zip, (zip_uint64_t)at, packed ? ZIP_FL_COMPRESSED : 0);
    if (s->member == NULL)
        return ps_fail(err, PS_FORMAT, "'%s' cannot be read from its archive: %s",
                       source->name, zip_strerror(s->zip));
    return PS_OK;
}

static ps_status open_member(ps_stream *s, const ps_source *source, ps_error *err) {
    zip_stat_t st;
    PS_TRY(find_member(s, source, false, &st, err));
    if ((st.valid & ZIP_STAT_COMP_SIZE) != 0) s->packed = size_of(st.comp_size);
    if ((st.valid & ZIP_STAT_SIZE) != 0) s->unpacked = size_of(st.size);
    PS_TRY(peek(s, err));
    if (s->peeked_n == 2 && s->peeked[0] == 0x1F && s->peeked[1] == 0x8B)
        return start_inflating(s, err);
    return PS_OK;
}

/* NULL when memory ran out. */
static ps_stream *create_stream(const char *name) {
    ps_stream *s = ps_zalloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->fd = -1;
    s->packed = -1;
    s->name = ps_strndup(name, strlen(name));
    if (s->name != NULL) return s;
    ps_free(s);
    return NULL;
}

ps_status ps_stream_open(const ps_source *source, ps_stream **out, ps_error *err) {
    *out = NULL;
    ps_stream *s = create_stream(source->name);
    if (s == NULL) return ps_fail_nomem(err);
    ps_status status = source->packing == PS_ZIP_MEMBER ? open_member(s, source, err)
                                                        : open_file(s, source, err);
    if (status != PS_OK) {
        ps_stream_close(s);
        return status;
    }
    *out = s;
    return PS_OK;
}

ps_status ps_stream_of_bytes(const void *bytes, size_t n, ps_stream **out,
                             ps_error *err) {
    *out = create_stream("bytes in memory");
    if (*out == NULL) return ps_fail_nomem(err);
    (*out)->bytes = bytes;
    (*out)->bytes_n = n;
    return PS_OK;
}

bool ps_stream_is_seekable(const ps_stream *s) {
    return !s->inflating && s->member == NULL;
}

int64_t ps_stream_size(const ps_stream *s) {
    return s->fd >= 0 ? s->size : (int64_t)s->bytes_n;
}

ps_status ps_stream_read_at(const ps_stream *s, int64_t offset, void *buffer, size_t n,
                            size_t *got, ps_error *err) {
    *got = 0;
    if (s->fd < 0) {
        if (offset >= (int64_t)s->bytes_n) return PS_OK;
        *got = s->bytes_n - (size_t)offset;
        if (*got > n) *got = n;
        if (*got > 0) memcpy(buffer, s->bytes + offset, *got);
        return PS_OK;
    }
    while (*got < n) {
        ssize_t read_n = pread(s->fd, (char *)buffer + *got, n - *got,
                               (off_t)(offset + (int64_t)*got));
        if (read_n < 0 && errno == EINTR) continue;
        if (read_n < 0)
            return ps_fail(err, PS_INPUT, "'%s' cannot be read: %s", s->name, why(errno));
        if (read_n == 0) break;
        *got += (size_t)read_n;
    }
    return PS_OK;
}

/* ---- without unpacking ---- */

static ps_status hash_member(ps_stream *s, const ps_source *source, unsigned char *out,
                             ps_error *err) {
    enum { SOME = 1 << 16 };
    zip_stat_t st;
    unsigned char bytes[SOME];
    size_t got;
    PS_TRY(find_member(s, source, true, &st, err));
    const uint64_t front[] = {st.comp_method, st.size, st.comp_size, st.crc};
    XXH3_state_t state;
    (void)XXH3_128bits_reset(&state);
    (void)XXH3_128bits_update(&state, front, sizeof front);
    for (;;) {
        PS_TRY(read_raw(s, bytes, SOME, &got, err));
        if (got == 0) break;
        (void)XXH3_128bits_update(&state, bytes, got);
    }
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state));
    memcpy(out, digest.digest, sizeof digest.digest);
    return PS_OK;
}

ps_status ps_source_member_hash(const ps_source *source,
                                unsigned char out[PS_SOURCE_HASH], ps_error *err) {
    ps_stream *s = create_stream(source->name);
    if (s == NULL) return ps_fail_nomem(err);
    const ps_status status = hash_member(s, source, out, err);
    ps_stream_close(s);
    return status;
}

/* ---- unpacked at once ---- */

int64_t ps_source_whole(const ps_source *source, int64_t most) {
    if (source->packing == PS_PLAIN || source->unpacked <= 0 || source->unpacked > most)
        return 0;
    /* Of several gzip members one after the other only the last one's size is known; it
     * is then most likely smaller than all of them packed. */
    if (source->packing == PS_GZIP && source->unpacked < source->bytes) return 0;
    return source->bytes <= most ? source->unpacked : 0;
}

/* All raw bytes of a stream, at most n. */
static ps_status read_packed(ps_stream *s, unsigned char *packed, size_t n, size_t *got,
                             ps_error *err) {
    *got = 0;
    while (*got < n) {
        size_t more;
        PS_TRY(read_raw(s, packed + *got, n - *got, &more, err));
        if (more == 0) break;
        *got += more;
    }
    return PS_OK;
}

static ps_status fail_member(const ps_source *source, ps_error *err) {
    return ps_fail(err, PS_FORMAT,
                   "'%s' is damaged: its data do not unpack to the %lld bytes that its "
                   "archive says; fetch the archive again",
                   source->name, (long long)source->unpacked);
}

struct ps_unpacker {
    struct libdeflate_decompressor *inflater;
    unsigned char *packed, *unpacked;
    size_t packed_capacity, unpacked_capacity;
};

ps_status ps_unpacker_create(ps_unpacker **out, ps_error *err) {
    *out = NULL;
    ps_unpacker *u = ps_zalloc(1, sizeof *u);
    if (u == NULL) return ps_fail_nomem(err);
    u->inflater = libdeflate_alloc_decompressor();
    if (u->inflater == NULL) {
        ps_free(u);
        return ps_fail_nomem(err);
    }
    *out = u;
    return PS_OK;
}

void ps_unpacker_free(ps_unpacker *u) {
    if (u == NULL) return;
    libdeflate_free_decompressor(u->inflater);
    ps_free(u->packed), ps_free(u->unpacked);
    ps_free(u);
}

static ps_status make_room(ps_unpacker *u, const ps_source *source, ps_error *err) {
    PS_TRY(
        ps_grow((void **)&u->packed, &u->packed_capacity, (size_t)source->bytes, 1, err));
    return ps_grow((void **)&u->unpacked, &u->unpacked_capacity, (size_t)source->unpacked,
                   1, err);
}

/* The member behind s, checked against size and CRC of its archive; *whole: it could be
 * had at once. */
static ps_status unpack_member(ps_stream *s, const ps_source *source, ps_unpacker *u,
                               bool *whole, ps_error *err) {
    zip_stat_t st;
    size_t packed_n;
    PS_TRY(find_member(s, source, true, &st, err));
    *whole = st.comp_method == ZIP_CM_STORE || st.comp_method == ZIP_CM_DEFLATE;
    if (!*whole) return PS_OK;
    PS_TRY(read_packed(s, u->packed, (size_t)source->bytes, &packed_n, err));
    if (packed_n != (size_t)source->bytes) return fail_member(source, err);
    if (st.comp_method == ZIP_CM_STORE) {
        if (packed_n != s->bytes_n) return fail_member(source, err);
        memcpy(u->unpacked, u->packed, packed_n);
    } else if (libdeflate_deflate_decompress(u->inflater, u->packed, packed_n,
                                             u->unpacked, s->bytes_n,
                                             NULL) != LIBDEFLATE_SUCCESS) {
        return fail_member(source, err);
    }
    if ((st.valid & ZIP_STAT_CRC) != 0 &&
        libdeflate_crc32(0, u->unpacked, s->bytes_n) != st.crc)
        return ps_fail(err, PS_FORMAT,
                       "'%s' is damaged: its checksum is not the one in its archive; "
                       "fetch the archive again",
                       source->name);
    *whole = !(s->bytes_n > 1 && u->unpacked[0] == 0x1F && u->unpacked[1] == 0x8B);
    zip_fclose(s->member);
    s->member = NULL;
    return PS_OK;
}

static ps_status unpack_gzip(ps_stream *s, const ps_source *source, ps_unpacker *u,
                             bool *whole, ps_error *err) {
    size_t packed_n, used, made;
    s->fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return ps_fail(err, PS_INPUT, "'%s' cannot be opened: %s", source->name,
                       why(errno));
    ps_status status = read_packed(s, u->packed, (size_t)source->bytes, &packed_n, err);
    close(s->fd);
    s->fd = -1;
    PS_TRY(status);
    *whole =
        libdeflate_gzip_decompress_ex(u->inflater, u->packed, packed_n, u->unpacked,
                                      s->bytes_n, &used, &made) == LIBDEFLATE_SUCCESS &&
        used == packed_n && made == s->bytes_n;
    return PS_OK;
}

ps_status ps_stream_open_whole(const ps_source *source, ps_unpacker *unpacker,
                               ps_stream **out, ps_error *err) {
    *out = NULL;
    PS_TRY(make_room(unpacker, source, err));
    ps_stream *s = create_stream(source->name);
    if (s == NULL) return ps_fail_nomem(err);
    s->bytes_n = (size_t)source->unpacked;
    s->bytes = unpacker->unpacked;
    bool whole = false;
    const ps_status status = source->packing == PS_ZIP_MEMBER
                                 ? unpack_member(s, source, unpacker, &whole, err)
                                 : unpack_gzip(s, source, unpacker, &whole, err);
    if (status == PS_OK && whole) {
        *out = s;
        return PS_OK;
    }
    ps_stream_close(s);
    return status == PS_OK ? ps_stream_open(source, out, err) : status;
}

ps_status ps_stream_read(ps_stream *s, void *buffer, size_t n, size_t *got,
                         ps_error *err) {
    *got = 0;
    if (n == 0) return PS_OK;
    if (s->inflating) {
        PS_TRY(read_inflated(s, buffer, n, got, err));
    } else if (s->peeked_at < s->peeked_n) {
        *got = s->peeked_n - s->peeked_at;
        if (*got > n) *got = n;
        memcpy(buffer, s->peeked + s->peeked_at, *got);
        s->peeked_at += *got;
    } else {
        PS_TRY(read_raw(s, buffer, n, got, err));
    }
    s->given += (int64_t)*got;
    return PS_OK;
}

int64_t ps_stream_position(const ps_stream *s) {
    if (s->member != NULL) {
        if (s->unpacked <= 0 || s->packed < 0) return 0;
        double share = (double)s->raw / (double)s->unpacked;
        return (int64_t)((double)s->packed * (share < 1 ? share : 1));
    }
    return s->raw - (int64_t)(s->inflating ? s->z.avail_in : 0);
}

void ps_stream_close(ps_stream *s) {
    if (s == NULL) return;
    if (s->inflating) inflateEnd(&s->z);
    if (s->member != NULL) zip_fclose(s->member);
    for (size_t i = 0; s->home != NULL && s->zip != NULL && i < IDLE_HANDLES; i++) {
        zip_t *none = NULL;
        if (atomic_compare_exchange_strong(&s->home->idle[i], &none, s->zip))
            s->zip = NULL;
    }
    if (s->zip != NULL) zip_discard(s->zip);
    if (s->fd >= 0) close(s->fd);
    ps_free(s->window);
    ps_free(s->name);
    ps_free(s);
}

const char *ps_source_zip_version(void) {
    return zip_libzip_version();
}

const char *ps_source_zlib_version(void) {
    return zlibVersion();
}

const char *ps_source_deflate_version(void) {
    return LIBDEFLATE_VERSION_STRING;
}
