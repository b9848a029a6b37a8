/* Every set writes into a folder of its own, `.placestat-XXXXXX` inside the target
 * folder: members have their final names there, side files of foreign writers go with it,
 * and a rename never crosses a file system. Before a member replaces an older file, that
 * one is kept by a hard link, so that a rename that fails takes back the earlier ones. A
 * file on its own is a set of one.
 *
 * An output collects bytes in a buffer and keeps its first error, so that writers read as
 * plain sequences of what is written.
 */
#include "engine/core/output.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/digest.h"
#include "engine/core/par.h"

enum { BUFFER_BYTES = 1 << 17 };

typedef struct member {
    char *name, *temporary, *target, *older;
    ps_output *open; /* still being written */
    bool broken;     /* was abandoned or could not be written */
    bool linked;     /* older holds what target was before */
    bool renamed;
} member;

struct ps_output_set {
    char *folder, *temporary;
    bool made; /* the folder, by this set */
    member *members;
    size_t size, capacity;
};

struct ps_output {
    int fd;
    ps_output_set *set; /* NULL: a stream, or the set is gone */
    size_t index;       /* of the member */
    bool alone;         /* the set is this output's own */
    bool borrowed;      /* fd is not to be closed */
    bool kept;          /* in memory: the buffer grows and is never written */
    char *name;         /* for messages */
    char *buffer;
    size_t used, capacity;
    ps_error error; /* the first */
};

/* a, b and c as one new string. */
static ps_status join(const char *a, const char *b, const char *c, char **out,
                      ps_error *err) {
    size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
    char *text = ps_alloc(na + nb + nc + 1, 1);
    *out = text;
    if (text == NULL) return ps_fail_nomem(err);
    memcpy(text, a, na);
    memcpy(text + na, b, nb);
    memcpy(text + na + nb, c, nc + 1);
    return PS_OK;
}

static ps_status fail_writing(ps_error *err, const char *path, int code) {
    const char *advice = "choose another place or ask for the right to write there";
    if (code == ENOSPC || code == EDQUOT) advice = "free some space and run again";
    if (code == ENOENT) advice = "create the folder that it stands in first";
    if (code == EPIPE) advice = "the reader went away";
    return ps_fail(err, PS_OUTPUT, "%s cannot be written: %s; %s", path, strerror(code),
                   advice);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static ps_status sync_folder(const char *path, ps_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_writing(err, path, errno);
    /* Some file systems cannot flush a folder, and say EINVAL. */
    int code = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
    close(fd);
    return code == 0 ? PS_OK : fail_writing(err, path, code);
}

/* The folder of a set stands and can be written; remember whether it was made here. */
static ps_status prepare_folder(ps_output_set *set, ps_error *err) {
    set->made = mkdir(set->folder, 0777) == 0;
    if (!set->made && errno != EEXIST) return fail_writing(err, set->folder, errno);
    if (!is_folder(set->folder))
        return ps_fail(err, PS_OUTPUT,
                       "%s is a file, but a folder is needed there; remove it or choose "
                       "another folder",
                       set->folder);
    PS_TRY(join(set->folder, "/.placestat-", "XXXXXX", &set->temporary, err));
    if (mkdtemp(set->temporary) != NULL) return PS_OK;
    int code = errno;
    ps_free(set->temporary);
    set->temporary = NULL;
    return fail_writing(err, set->folder, code);
}

ps_status ps_output_set_open(const char *folder, ps_output_set **out, ps_error *err) {
    *out = NULL;
    ps_output_set *set = ps_zalloc(1, sizeof *set);
    if (set == NULL) return ps_fail_nomem(err);
    ps_status status = join(folder[0] != '\0' ? folder : ".", "", "", &set->folder, err);
    if (status == PS_OK) status = prepare_folder(set, err);
    if (status != PS_OK) {
        ps_output_set_abandon(set);
        return status;
    }
    *out = set;
    return PS_OK;
}

static void free_member(member *m) {
    if (m->open != NULL) m->open->set = NULL;
    ps_free(m->name);
    ps_free(m->temporary);
    ps_free(m->target);
    ps_free(m->older);
}

/* Remove the temporary folder with all that is in it, and free the set. */
static void clear_set(ps_output_set *set, bool undo) {
    DIR *folder = set->temporary != NULL ? opendir(set->temporary) : NULL;
    if (folder != NULL) {
        for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
            if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                unlinkat(dirfd(folder), e->d_name, 0);
        }
        closedir(folder);
    }
    if (set->temporary != NULL) rmdir(set->temporary);
    /* Only an empty folder goes, so what somebody else put there is safe. */
    if (undo && set->made) rmdir(set->folder);
    for (size_t i = 0; i < set->size; i++) free_member(&set->members[i]);
    ps_free(set->members);
    ps_free(set->temporary);
    ps_free(set->folder);
    ps_free(set);
}

void ps_output_set_abandon(ps_output_set *set) {
    if (set != NULL) clear_set(set, true);
}

static ps_status add_member(ps_output_set *set, const char *name, const char *target,
                            member **out, ps_error *err) {
    *out = NULL;
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return ps_fail(err, PS_CONFIG, "\"%s\" cannot be the name of an output file",
                       name);
    for (size_t i = 0; i < set->size; i++) {
        if (strcmp(set->members[i].name, name) == 0)
            return ps_fail(err, PS_CONFIG, "two outputs would have the name %s", name);
    }
    PS_TRY(ps_grow((void **)&set->members, &set->capacity, set->size + 1,
                   sizeof *set->members, err));
    member m = {0};
    char number[32];
    snprintf(number, sizeof number, "/.older-%zu", set->size);
    ps_status status = join(name, "", "", &m.name, err);
    if (status == PS_OK) status = join(set->temporary, "/", name, &m.temporary, err);
    if (status == PS_OK) status = join(set->temporary, number, "", &m.older, err);
    if (status == PS_OK)
        status = target != NULL ? join(target, "", "", &m.target, err)
                                : join(set->folder, "/", name, &m.target, err);
    if (status == PS_OK && is_folder(m.target))
        status = ps_fail(err, PS_OUTPUT,
                         "%s is a folder, but a file of that name is to be written; "
                         "choose another name or folder",
                         m.target);
    if (status != PS_OK) {
        free_member(&m);
        return status;
    }
    *out = &set->members[set->size++];
    **out = m;
    return PS_OK;
}

ps_status ps_output_set_path(ps_output_set *set, const char *name, const char **path,
                             ps_error *err) {
    *path = NULL;
    member *m;
    PS_TRY(add_member(set, name, NULL, &m, err));
    *path = m->temporary;
    return PS_OK;
}

/* An output without a file yet. */
static ps_status make_output(const char *name, ps_output **out, ps_error *err) {
    *out = NULL;
    ps_output *output = ps_zalloc(1, sizeof *output);
    if (output == NULL) return ps_fail_nomem(err);
    output->fd = -1;
    output->buffer = ps_alloc(BUFFER_BYTES, 1);
    output->capacity = BUFFER_BYTES;
    output->name = ps_strndup(name, strlen(name));
    if (output->buffer == NULL || output->name == NULL) {
        ps_output_abandon(output);
        return ps_fail_nomem(err);
    }
    *out = output;
    return PS_OK;
}

/* A member of set that is written through an output. */
static ps_status begin(ps_output_set *set, const char *name, const char *target,
                       ps_output **out, ps_error *err) {
    ps_output *output;
    member *m;
    PS_TRY(make_output(target != NULL ? target : name, &output, err));
    ps_status status = add_member(set, name, target, &m, err);
    if (status == PS_OK) {
        output->set = set;
        output->index = set->size - 1;
        m->open = output;
        output->fd = open(m->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->fd < 0) status = fail_writing(err, m->target, errno);
    }
    if (status != PS_OK) {
        ps_output_abandon(output);
        return status;
    }
    *out = output;
    return PS_OK;
}

ps_status ps_output_set_begin(ps_output_set *set, const char *name, ps_output **out,
                              ps_error *err) {
    *out = NULL;
    return begin(set, name, NULL, out, err);
}

size_t ps_output_set_size(const ps_output_set *set) {
    return set->size;
}

const char *ps_output_set_name(const ps_output_set *set, size_t i) {
    return set->members[i].name;
}

static ps_status need_finished(const member *m, ps_error *err) {
    if (m->open == NULL && !m->broken) return PS_OK;
    return ps_fail(err, PS_OUTPUT, "%s was not written to its end", m->name);
}

const char *ps_output_set_finished(const ps_output_set *set, const char *name) {
    for (size_t i = 0; i < set->size; i++) {
        const member *m = &set->members[i];
        if (strcmp(m->name, name) == 0)
            return m->open == NULL && !m->broken ? m->temporary : NULL;
    }
    return NULL;
}

ps_status ps_output_set_digest(const ps_output_set *set, size_t i, char hex[65],
                               int64_t *bytes, ps_error *err) {
    hex[0] = '\0';
    *bytes = 0;
    PS_TRY(need_finished(&set->members[i], err));
    return ps_digest_file(set->members[i].temporary, hex, bytes, err);
}

static ps_status flush_member(const member *m, ps_error *err) {
    PS_TRY(need_finished(m, err));
    int fd = open(m->temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_writing(err, m->target, errno);
    int code = fsync(fd) != 0 ? errno : 0;
    close(fd);
    return code == 0 ? PS_OK : fail_writing(err, m->target, code);
}

static ps_status place_member(member *m, ps_error *err) {
    /* Where links are not to be had, an older file cannot be taken back: no error. */
    m->linked = link(m->target, m->older) == 0;
    if (rename(m->temporary, m->target) != 0) return fail_writing(err, m->target, errno);
    m->renamed = true;
    return PS_OK;
}

static void take_back(ps_output_set *set) {
    for (size_t i = set->size; i-- > 0;) {
        member *m = &set->members[i];
        if (!m->renamed) continue;
        if (m->linked)
            rename(m->older, m->target);
        else
            unlink(m->target);
    }
}

ps_status ps_output_set_commit(ps_output_set *set, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < set->size; i++)
        status = flush_member(&set->members[i], err);
    for (size_t i = 0; status == PS_OK && i < set->size; i++)
        status = place_member(&set->members[i], err);
    if (status == PS_OK) status = sync_folder(set->folder, err);
    if (status != PS_OK) {
        take_back(set);
        ps_output_set_abandon(set);
        return status;
    }
    clear_set(set, false);
    return PS_OK;
}

/* Standard output, a device or a pipe: written as it comes, nothing to rename. */
static ps_status open_stream(const char *name, int fd, bool borrowed, ps_output **out,
                             ps_error *err) {
    if (fd < 0) return fail_writing(err, name, errno);
    ps_status status = make_output(name, out, err);
    if (status == PS_OK) {
        (*out)->fd = fd;
        (*out)->borrowed = borrowed;
    } else if (!borrowed) {
        close(fd);
    }
    return status;
}

/* A set of one, in the folder of path, which has to stand already. */
static ps_status open_alone(const char *path, ps_output **out, ps_error *err) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char *folder = slash == NULL
                       ? ps_strndup(".", 1)
                       : ps_strndup(path, slash > path ? (size_t)(slash - path) : 1);
    if (folder == NULL) return ps_fail_nomem(err);
    ps_output_set *set = NULL;
    ps_status status = is_folder(folder) ? ps_output_set_open(folder, &set, err)
                                         : fail_writing(err, path, ENOENT);
    if (status == PS_OK) status = begin(set, name, path, out, err);
    if (status == PS_OK)
        (*out)->alone = true;
    else
        ps_output_set_abandon(set);
    ps_free(folder);
    return status;
}

ps_status ps_output_open(const char *path, ps_output **out, ps_error *err) {
    *out = NULL;
    if (strcmp(path, "-") == 0)
        return open_stream("standard output", STDOUT_FILENO, true, out, err);
    struct stat info;
    if (stat(path, &info) != 0) return open_alone(path, out, err);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return open_stream(path, open(path, O_WRONLY | O_CLOEXEC), false, out, err);
    /* A link keeps pointing to the file, which is replaced where it stands. */
    char real[PATH_MAX];
    return open_alone(realpath(path, real) != NULL ? real : path, out, err);
}

ps_status ps_output_keep(ps_output **out, ps_error *err) {
    ps_status status = make_output("memory", out, err);
    if (status == PS_OK) (*out)->kept = true;
    return status;
}

ps_str ps_output_kept(const ps_output *output) {
    return (ps_str){output->buffer, output->used};
}

ps_status ps_output_status(const ps_output *output, ps_error *err) {
    if (output->error.status != PS_OK && err != NULL) *err = output->error;
    return output->error.status;
}

void ps_output_forget(ps_output *output) {
    output->used = 0;
}

/* Room in a full buffer. */
static void flush(ps_output *output) {
    if (output->kept) {
        void *buffer = output->buffer;
        if (ps_grow(&buffer, &output->capacity, output->capacity + 1, 1,
                    &output->error) == PS_OK)
            output->buffer = buffer;
        return;
    }
    size_t done = 0;
    while (done < output->used && output->error.status == PS_OK) {
        ssize_t n = write(output->fd, output->buffer + done, output->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            fail_writing(&output->error, output->name, errno);
    }
    output->used = 0;
}

void ps_output_write(ps_output *output, const void *bytes, size_t n) {
    const char *from = bytes;
    while (n > 0 && output->error.status == PS_OK) {
        if (output->used == output->capacity) flush(output);
        size_t room = output->capacity - output->used;
        size_t part = n < room ? n : room;
        memcpy(output->buffer + output->used, from, part);
        output->used += part;
        from += part;
        n -= part;
    }
}

void ps_output_str(ps_output *output, ps_str text) {
    ps_output_write(output, text.p, text.n);
}

void ps_output_text(ps_output *output, const char *text) {
    ps_output_write(output, text, strlen(text));
}

void ps_output_int(ps_output *output, int64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) digits[--at] = '-';
    ps_output_write(output, digits + at, sizeof digits - at);
}

void ps_output_printf(ps_output *output, const char *format, ...) {
    char local[1024];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(local, sizeof local, format, args);
    if (n < 0) {
        if (output->error.status == PS_OK)
            fail_writing(&output->error, output->name, errno);
    } else if ((size_t)n < sizeof local) {
        ps_output_write(output, local, (size_t)n);
    } else {
        char *text = ps_alloc((size_t)n + 1, 1);
        if (text != NULL) {
            vsnprintf(text, (size_t)n + 1, format, again);
            ps_output_write(output, text, (size_t)n);
        } else if (output->error.status == PS_OK) {
            ps_fail_nomem(&output->error);
        }
        ps_free(text);
    }
    va_end(again);
    va_end(args);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

void ps_output_csv_field(ps_output *output, ps_str text) {
    if (text.n == 0) return;
    double number;
    bool formula =
        memchr("=+-@\t\r", text.p[0], 6) != NULL && !(ps_parse_double(text, &number));
    bool quoted = (is_blank(text.p[0]) && !formula) || is_blank(text.p[text.n - 1]);
    for (size_t i = 0; i < text.n && !quoted; i++) {
        char c = text.p[i];
        quoted = c == ',' || c == '"' || c == '\n' || c == '\r';
    }
    if (quoted) ps_output_write(output, "\"", 1);
    if (formula) ps_output_write(output, "'", 1);
    for (size_t begin = 0; begin < text.n;) {
        const char *quote = quoted ? memchr(text.p + begin, '"', text.n - begin) : NULL;
        size_t end = quote != NULL ? (size_t)(quote - text.p) + 1 : text.n;
        ps_output_write(output, text.p + begin, end - begin);
        if (quote != NULL) ps_output_write(output, "\"", 1);
        begin = end;
    }
    if (quoted) ps_output_write(output, "\"", 1);
}

/* The length of the well-formed UTF-8 character that text begins with, or 0. */
static size_t character_length(ps_str text) {
    for (size_t n = 1; n <= 4 && n <= text.n; n++) {
        if (ps_utf8_valid((ps_str){text.p, n})) return n;
    }
    return 0;
}

void ps_output_json(ps_output *output, ps_str text) {
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    bool valid = ps_utf8_valid(text);
    ps_output_write(output, "\"", 1);
    size_t begin = 0; /* of the bytes that go out as they are */
    for (size_t i = 0; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t length = 1;
        if (c >= 0x80) {
            length = valid ? 1 : character_length((ps_str){text.p + i, text.n - i});
            if (length > 0) {
                i += length;
                continue;
            }
        }
        ps_output_write(output, text.p + begin, i - begin);
        const char *short_form = c < 0x80 ? memchr(plain, c, 7) : NULL;
        if (c >= 0x80)
            ps_output_text(output, "\xEF\xBF\xBD");
        else if (short_form != NULL)
            ps_output_write(output, (char[]){'\\', letter[short_form - plain]}, 2);
        else
            ps_output_printf(output, "\\u%04x", (unsigned)c);
        begin = ++i;
    }
    if (begin < text.n) ps_output_write(output, text.p + begin, text.n - begin);
    ps_output_write(output, "\"", 1);
}

/* Close and free; what happened to it is left in *err. */
static ps_status end(ps_output *output, bool complete, ps_error *err) {
    if (complete && !output->kept) flush(output);
    if (output->fd >= 0 && !output->borrowed && close(output->fd) != 0 && complete &&
        output->error.status == PS_OK && errno != EINTR)
        fail_writing(&output->error, output->name, errno);
    ps_status status = output->error.status;
    if (status != PS_OK && err != NULL) *err = output->error;
    if (output->set != NULL) {
        member *m = &output->set->members[output->index];
        m->open = NULL;
        m->broken = !complete || status != PS_OK;
    }
    ps_free(output->name);
    ps_free(output->buffer);
    ps_free(output);
    return status;
}

ps_status ps_output_finish(ps_output *output, ps_error *err) {
    assert(!output->alone);
    return end(output, true, err);
}

ps_status ps_output_commit(ps_output *output, ps_error *err) {
    ps_output_set *own = output->alone ? output->set : NULL;
    ps_status status = end(output, true, err);
    if (own == NULL) return status;
    if (status == PS_OK) return ps_output_set_commit(own, err);
    ps_output_set_abandon(own);
    return status;
}

void ps_output_abandon(ps_output *output) {
    if (output == NULL) return;
    ps_output_set *own = output->alone ? output->set : NULL;
    (void)end(output, false, NULL);
    ps_output_set_abandon(own);
}

/* ---- items ---- */

typedef struct items {
    ps_output *out;
    ps_output **page; /* by worker */
    ps_output_item *item;
    void *context;
} items;

static ps_status make_page(void *context, size_t item, int worker, ps_error *err) {
    items *all = context;
    if (all->page[worker] == NULL) PS_TRY(ps_output_keep(&all->page[worker], err));
    ps_output_forget(all->page[worker]);
    PS_TRY(all->item(all->context, item, worker, all->page[worker], err));
    /* Of memory: a file has its say when it is committed. */
    return ps_output_status(all->page[worker], err);
}

static ps_status put_page(void *context, size_t item, int worker, ps_error *err) {
    (void)item, (void)err;
    const items *all = context;
    ps_output_str(all->out, ps_output_kept(all->page[worker]));
    return PS_OK;
}

ps_status ps_output_items(ps_output *output, size_t n, ps_output_item *item,
                          void *context, ps_error *err) {
    const size_t workers = (size_t)ps_threads();
    items all = {output, ps_zalloc(workers, sizeof(ps_output *)), item, context};
    if (all.page == NULL) return ps_fail_nomem(err);
    ps_status status = ps_par_pipe(n, make_page, put_page, NULL, &all, err);
    for (size_t w = 0; w < workers; w++) ps_output_abandon(all.page[w]);
    ps_free(all.page);
    return status;
}
