/* The body of an index is what ps_locator_write makes; that of areas begins with a
 * directory of its sections.
 *
 * What the libraries answered is good for as long as they are the same, which
 * libraries.h tells without loading them. A source is hashed once for each of its states.
 *
 * Areas that have a key are known by it: their coordinates need not be looked at to find
 * their index.
 */
#include "geo/prepared.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "engine/core/par.h"
#include "geo/content.h"
#include "geo/libraries.h"

enum {
    FORMAT = 6,            /* of bodies */
    CHUNK_BYTES = 1 << 20, /* of a source, hashed at once */
    CHUNK_GRAIN = 4,
    BLOCK_BYTES = 1 << 18 /* read at once: stays in the cache */
};

static const char areas_kind[] = "areas";
static const char index_kind[] = "index";
static const char source_kind[] = "source";

/* --- keys --- */

static void add_bytes(XXH3_state_t *to, const void *bytes, size_t n) {
    if (n > 0) (void)XXH3_128bits_update(to, bytes, n);
}

/* Lengths keep neighbours apart; an absent text differs from an empty one. */
static void add_text(XXH3_state_t *to, const char *text) {
    const uint64_t n = text != NULL ? strlen(text) : UINT64_MAX;
    add_bytes(to, &n, sizeof n);
    if (text != NULL) add_bytes(to, text, n);
}

static void add_number(XXH3_state_t *to, uint64_t n) {
    add_bytes(to, &n, sizeof n);
}

/* Our own code by the file that it stands in: another build of one release may do
 * otherwise. */
static void add_own_build(XXH3_state_t *to) {
    Dl_info info;
    struct stat file;
    if (dladdr(areas_kind, &info) == 0 || stat(info.dli_fname, &file) != 0) return;
    add_number(to, (uint64_t)file.st_size);
    add_number(to, (uint64_t)file.st_mtim.tv_sec);
    add_number(to, (uint64_t)file.st_mtim.tv_nsec);
}

static void begin_key(XXH3_state_t *to, const char *kind) {
    (void)XXH3_128bits_reset(to);
    add_text(to, kind);
    add_number(to, FORMAT);
    add_text(to, PS_VERSION);
    add_own_build(to);
}

static void end_key(const XXH3_state_t *state, ps_store_key *out) {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
    memcpy(out->byte, digest.digest, sizeof out->byte);
}

typedef struct hashing {
    int fd;
    uint64_t n;
    size_t n_chunks;
    XXH128_hash_t *chunks;
    const ps_store *store;
} hashing;

/* Each chunk on its own, so that the hash is the same for any number of threads. Block 0
 * finds the state of the libraries that are needed in any case, for which they may have
 * to be loaded: that takes as long. */
static ps_status hash_chunks(void *context, size_t block, size_t block_end, int worker,
                             ps_error *err) {
    (void)worker;
    (void)block_end;
    const hashing *h = context;
    if (block == 0) {
        ps_store_key known_from_now_on;
        (void)ps_libraries_state(h->store, PS_LIBRARIES_GEO, true, &known_from_now_on);
        return PS_OK;
    }
    const size_t begin = (block - 1) * CHUNK_GRAIN;
    const size_t end =
        h->n_chunks - begin < CHUNK_GRAIN ? h->n_chunks : begin + CHUNK_GRAIN;
    char *room = ps_alloc(BLOCK_BYTES, 1);
    if (room == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t c = begin; status == PS_OK && c < end; c++) {
        uint64_t at = (uint64_t)c * CHUNK_BYTES;
        const uint64_t last = h->n - at < CHUNK_BYTES ? h->n : at + CHUNK_BYTES;
        XXH3_state_t state;
        (void)XXH3_128bits_reset(&state);
        while (at < last) {
            const size_t n = last - at < BLOCK_BYTES ? (size_t)(last - at) : BLOCK_BYTES;
            const ssize_t got = pread(h->fd, room, n, (off_t)at);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                status = ps_fail(err, PS_INPUT, "a source changed while it was read");
                break;
            }
            add_bytes(&state, room, (size_t)got);
            at += (uint64_t)got;
        }
        h->chunks[c] = XXH3_128bits_digest(&state);
    }
    ps_free(room);
    return status;
}

/* The content of a source file. It has to be a regular one. */
static bool add_file(const ps_store *store, XXH3_state_t *to, const char *path) {
    hashing h = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .store = store};
    if (h.fd < 0) return false;
    struct stat info;
    bool good = fstat(h.fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size >= 0;
    if (good) {
        h.n = (uint64_t)info.st_size;
        h.n_chunks = (size_t)(h.n / CHUNK_BYTES + (h.n % CHUNK_BYTES != 0));
        h.chunks = ps_alloc(h.n_chunks, sizeof *h.chunks);
        const size_t blocks = 1 + (h.n_chunks + CHUNK_GRAIN - 1) / CHUNK_GRAIN;
        good = h.chunks != NULL && ps_par_for(blocks, 1, hash_chunks, &h, NULL) == PS_OK;
        const char *slash = strrchr(path, '/');
        add_text(to, slash != NULL ? slash + 1 : path);
        add_number(to, h.n);
        if (good) add_bytes(to, h.chunks, h.n_chunks * sizeof *h.chunks);
        ps_free(h.chunks);
    }
    close(h.fd);
    return good;
}

/* A source: the file, and what may stand beside it and is read with it. */
enum { ENDINGS = 16, ADDITIONS = 3, PARTS = 1 + ENDINGS + ADDITIONS };
enum { PART_PATH = PS_STORE_PATH + 16 };

static void part_path(const char *path, int part, char out[PART_PATH]) {
    static const char *const ending[ENDINGS] = {
        ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".SHX", ".DBF", ".PRJ",
        ".CPG", ".dat", ".map", ".id",  ".ind", ".mid", ".vrt", ".aux.xml"};
    static const char *const addition[ADDITIONS] = {"-wal", "-journal", ".aux.xml"};
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const size_t stem = dot != NULL && (slash == NULL || dot > slash)
                            ? (size_t)(dot - path)
                            : strlen(path);
    if (part == 0)
        snprintf(out, PART_PATH, "%s", path);
    else if (part <= ENDINGS)
        snprintf(out, PART_PATH, "%.*s%s", (int)stem, path, ending[part - 1]);
    else
        snprintf(out, PART_PATH, "%s%s", path, addition[part - 1 - ENDINGS]);
}

static bool hash_source(const ps_store *store, char part[PARTS][PART_PATH],
                        ps_store_key *out) {
    XXH3_state_t state;
    (void)XXH3_128bits_reset(&state);
    for (int i = 0; i < PARTS; i++)
        if (!add_file(store, &state, part[i]) && i == 0) return false;
    end_key(&state, out);
    return true;
}

/* The content of a source. false when it is no plain file: a folder, or a name that only
 * the reader understands. */
static bool source_hash(const ps_store *store, const char *path, ps_store_key *out) {
    char(*part)[PART_PATH] = ps_alloc(PARTS, sizeof *part);
    if (part == NULL) return false;
    const char *paths[PARTS];
    for (int i = 0; i < PARTS; i++) {
        part_path(path, i, part[i]);
        paths[i] = part[i];
    }
    ps_content content;
    ps_content_look(paths, PARTS, &content);
    bool good = ps_content_recall(store, source_kind, &content, out, sizeof *out);
    if (!good && (good = hash_source(store, part, out)))
        ps_content_keep(store, source_kind, &content, paths, PARTS, out, sizeof *out);
    ps_free(part);
    return good;
}

static bool source_of(const ps_store *store, const ps_layer_spec *spec,
                      ps_store_key *out) {
    char path[PS_STORE_PATH];
    const bool relative = spec->base != NULL && spec->path[0] != '/';
    const int n = snprintf(path, sizeof path, "%s%s%s", relative ? spec->base : "",
                           relative ? "/" : "", spec->path);
    return n >= 0 && (size_t)n < sizeof path && source_hash(store, path, out);
}

/* All that areas follow from. false when that cannot be told. */
static bool areas_key(const ps_store *store, const ps_layer_spec *spec,
                      const ps_store_key *source, ps_libraries readers, bool load,
                      ps_store_key *out) {
    ps_store_key libraries;
    if (!ps_libraries_state(store, readers, load, &libraries)) return false;
    XXH3_state_t state;
    begin_key(&state, areas_kind);
    add_number(&state, readers);
    add_bytes(&state, libraries.byte, sizeof libraries.byte);
    add_bytes(&state, source->byte, sizeof source->byte);
    add_number(&state, sizeof(ps_layer_report));
    /* the path as it is written stands in messages */
    const char *const texts[] = {spec->path,  spec->layer, spec->code,    spec->name,
                                 spec->where, spec->crs,   spec->encoding};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) add_text(&state, texts[i]);
    add_number(&state, (uint64_t)spec->policy);
    end_key(&state, out);
    return true;
}

/* All that a layer of an index follows from, but for the libraries. */
static void add_layer(XXH3_state_t *state, const ps_locator_layer *layer) {
    const ps_areas *areas = layer->areas;
    const ps_crs_operation_info *op =
        layer->op != NULL ? ps_crs_operation_describe(layer->op) : NULL;
    add_number(state, areas->n);
    add_number(state, areas->n_rings);
    add_number(state, areas->n_points);
    add_number(state, areas->id != NULL);
    if (areas->id != NULL) {
        add_bytes(state, areas->id, PS_AREAS_ID);
    } else {
        add_bytes(state, areas->area_ring, (areas->n + 1) * sizeof *areas->area_ring);
        add_bytes(state, areas->ring_point,
                  (areas->n_rings + 1) * sizeof *areas->ring_point);
        add_bytes(state, areas->x, areas->n_points * sizeof *areas->x);
        add_bytes(state, areas->y, areas->n_points * sizeof *areas->y);
    }
    add_text(state, areas->crs != NULL ? ps_crs_wkt(areas->crs) : NULL);
    add_text(state, op != NULL ? op->pipeline : NULL);
}

/* false when it cannot be told what an operation does, or by which libraries. */
static bool locator_key(const ps_store *store, const ps_locator_layer *layer, size_t n,
                        bool geographic, ps_store_key *out) {
    XXH3_state_t state;
    begin_key(&state, index_kind);
    add_number(&state, PS_LOCATOR_IMAGE);
    add_number(&state, geographic);
    add_number(&state, n);
    bool transforms = false;
    for (size_t i = 0; i < n; i++) {
        add_layer(&state, &layer[i]);
        if (layer[i].op == NULL) continue;
        if (ps_crs_operation_describe(layer[i].op)->pipeline[0] == '\0') return false;
        transforms = true;
    }
    if (transforms) {
        ps_store_key libraries;
        if (!ps_libraries_state(store, PS_LIBRARIES_GEO, true, &libraries)) return false;
        add_bytes(&state, libraries.byte, sizeof libraries.byte);
    }
    end_key(&state, out);
    return true;
}

static bool is_used(const ps_prepared *prepared) {
    return prepared != NULL && ps_store_is_used(&prepared->store);
}

ps_prepared ps_prepared_default(char folder[PS_STORE_PATH]) {
    ps_prepared prepared = {.store = {NULL, PS_PREPARED_MOST_BYTES},
                            .least_points = PS_PREPARED_LEAST_POINTS};
    const char *named = getenv("PLACESTAT_CACHE");
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const char *most = getenv("PLACESTAT_CACHE_MB");
    int64_t megabytes;
    if (most != NULL && ps_parse_int(ps_str_of(most), &megabytes) &&
        megabytes <= INT64_MAX / 1000000)
        prepared.store.most_bytes = megabytes > 0 ? megabytes * 1000000 : 0;
    int n = 0;
    if (named != NULL)
        n = snprintf(folder, PS_STORE_PATH, "%s", named);
    else if (cache != NULL && cache[0] == '/')
        n = snprintf(folder, PS_STORE_PATH, "%s/placestat", cache);
    else if (home != NULL && home[0] == '/')
        n = snprintf(folder, PS_STORE_PATH, "%s/.cache/placestat", home);
    if (n > 0 && n < PS_STORE_PATH - 64 && folder[0] == '/')
        prepared.store.folder = folder;
    return prepared;
}

/* --- indexes --- */

static ps_status build_locator(const ps_locator_layer *layer, size_t n, bool geographic,
                               ps_locator **out, ps_error *err) {
    for (size_t i = 0; i < n; i++)
        if (layer[i].op != NULL) PS_TRY(ps_crs_operation_ready(layer[i].op, err));
    return ps_locator_build(layer, n, geographic, out, err);
}

/* Straight into a file, which is then used as it stands: the bands of a country are never
 * all in memory, and are written while others are made. *out stays NULL when there is no
 * room for the file. */
static ps_status store_locator(const ps_store *store, const ps_store_key *k,
                               const ps_locator_layer *layer, size_t n, bool geographic,
                               ps_locator **out, ps_error *err) {
    ps_store_file *file;
    ps_stored *made;
    for (size_t i = 0; i < n; i++)
        if (layer[i].op != NULL) PS_TRY(ps_crs_operation_ready(layer[i].op, err));
    if (!ps_store_begin(store, index_kind, k, NULL, PS_STORE_ANY, &file)) return PS_OK;
    const ps_locator_sink sink = {ps_store_write, ps_store_leave, ps_store_fill, file};
    ps_status status = ps_locator_write(layer, n, geographic, &sink, err);
    if (status != PS_OK) {
        ps_store_drop(file);
        return status;
    }
    if (!ps_store_end(file, &made)) return PS_OK;
    status = ps_locator_view(made->body, made->n, false, layer, n, geographic,
                             ps_stored_release, made, out, err);
    if (status != PS_OK) ps_stored_release(made);
    return status;
}

ps_status ps_prepared_locator(const ps_prepared *prepared, const ps_locator_layer *layer,
                              size_t n, bool geographic, ps_locator **out,
                              ps_error *err) {
    *out = NULL;
    size_t points = 0;
    for (size_t i = 0; i < n; i++) points += layer[i].areas->n_points;
    ps_store_key k;
    if (!is_used(prepared) || points < prepared->least_points ||
        !locator_key(&prepared->store, layer, n, geographic, &k))
        return build_locator(layer, n, geographic, out, err);
    ps_stored *found;
    if (ps_store_get(&prepared->store, index_kind, &k, &found)) {
        const ps_status status =
            ps_locator_view(found->body, found->n, !found->checked, layer, n, geographic,
                            ps_stored_release, found, out, err);
        if (status == PS_OK) {
            ps_stored_is_sound(found);
            return PS_OK;
        }
        ps_stored_release(found);
        if (status == PS_NOMEM) return status;
    }
    PS_TRY(store_locator(&prepared->store, &k, layer, n, geographic, out, err));
    return *out != NULL ? PS_OK : build_locator(layer, n, geographic, out, err);
}

bool ps_prepared_key(const ps_prepared *prepared, const ps_locator_layer *layer, size_t n,
                     bool geographic, ps_store_key *out) {
    return is_used(prepared) && locator_key(&prepared->store, layer, n, geographic, out);
}

/* --- areas --- */

/* The body: the directory, then the sections, each at a multiple of 8 bytes. */
typedef struct directory {
    uint64_t n, n_rings, n_points, n_messages;
    uint64_t bytes[9]; /* of the sections */
} directory;
enum { REPORT, AREA_RING, RING_POINT, X, Y, BOX, TEXT_END, TEXT, MESSAGES, SECTIONS };
/* Texts, each with a NUL behind it: the CRS, all codes, all names. TEXT_END holds where
 * each ends. Messages: a byte for the level, a text, a NUL. */

static size_t eights(size_t n) {
    return (n + 7) / 8 * 8;
}

typedef struct section {
    const char *p;
    size_t n;
} section;

static ps_status fail_areas(ps_error *err) {
    return ps_fail(err, PS_FORMAT, "the bytes are no prepared areas");
}

static bool offsets_rise(const uint32_t *offset, size_t n, uint32_t least, size_t last) {
    if (offset[0] != 0 || offset[n] != last) return false;
    for (size_t i = 0; i < n; i++)
        if (offset[i + 1] < offset[i] || offset[i + 1] - offset[i] < least) return false;
    return true;
}

static bool are_finite(const double *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

static bool rings_are_closed(const ps_areas *a) {
    for (size_t r = 0; r < a->n_rings; r++) {
        const uint32_t first = a->ring_point[r], last = a->ring_point[r + 1] - 1;
        if (a->x[first] != a->x[last] || a->y[first] != a->y[last]) return false;
    }
    return true;
}

/* What a reader of the set relies on. Boxes are not trusted to be tight, only to be
 * numbers; an area without rings has an empty one. */
static bool is_in_order(const ps_areas *a) {
    if (!offsets_rise(a->area_ring, a->n, 0, a->n_rings) ||
        !offsets_rise(a->ring_point, a->n_rings, 4, a->n_points) ||
        !are_finite(a->x, a->n_points) || !are_finite(a->y, a->n_points) ||
        !rings_are_closed(a))
        return false;
    for (size_t i = 0; i < 4 * a->n; i++)
        if (isnan(a->box[i])) return false;
    return true;
}

/* Sections of a body, in order and within it. */
static bool find_sections(const char *bytes, size_t n, directory *d,
                          section found[SECTIONS]) {
    if (n < sizeof *d) return false;
    memcpy(d, bytes, sizeof *d);
    size_t at = sizeof *d;
    for (int s = 0; s < SECTIONS; s++) {
        if (d->bytes[s] > n - at || eights(d->bytes[s]) > n - at) return false;
        found[s] = (section){bytes + at, d->bytes[s]};
        at += eights(d->bytes[s]);
    }
    return at == n && d->n < INT32_MAX && d->n_rings < UINT32_MAX &&
           d->n_points < UINT32_MAX && found[REPORT].n == sizeof(ps_layer_report) &&
           found[AREA_RING].n == (d->n + 1) * sizeof(uint32_t) &&
           found[RING_POINT].n == (d->n_rings + 1) * sizeof(uint32_t) &&
           found[X].n == d->n_points * sizeof(double) &&
           found[Y].n == d->n_points * sizeof(double) &&
           found[BOX].n == 4 * d->n * sizeof(double) &&
           found[TEXT_END].n == (2 * d->n + 1) * sizeof(uint64_t);
}

/* The i-th text; false when it is not one. */
static bool text_at(const section found[SECTIONS], size_t i, ps_str *out) {
    uint64_t begin = 0, end;
    if (i > 0) {
        memcpy(&begin, found[TEXT_END].p + (i - 1) * sizeof begin, sizeof begin);
        begin++;
    }
    memcpy(&end, found[TEXT_END].p + i * sizeof end, sizeof end);
    if (begin > end || end >= found[TEXT].n || found[TEXT].p[end] != '\0') return false;
    *out = (ps_str){found[TEXT].p + begin, end - begin};
    return true;
}

static bool messages_are_sound(const directory *d, const section *m) {
    size_t at = 0;
    for (uint64_t i = 0; i < d->n_messages; i++) {
        if (m->n - at < 2 || m->p[at] < PS_TALK_INFO || m->p[at] > PS_TALK_WARNING)
            return false;
        const char *end = memchr(m->p + at + 1, '\0', m->n - at - 1);
        if (end == NULL) return false;
        at = (size_t)(end - m->p) + 1;
    }
    return at == m->n;
}

/* Texts of fixed room in a report end within it. */
static bool report_is_sound(const ps_layer_report *r) {
    if (memchr(r->layer, 0, sizeof r->layer) == NULL ||
        memchr(r->driver, 0, sizeof r->driver) == NULL || r->examples < 0 ||
        r->examples > PS_LAYER_EXAMPLES)
        return false;
    for (int i = 0; i < PS_LAYER_EXAMPLES; i++)
        if (memchr(r->example[i], 0, sizeof r->example[i]) == NULL) return false;
    return true;
}

/* The texts of a view and what it stands on. */
typedef struct viewed {
    ps_str *text; /* codes, then names */
    void (*release)(void *held);
    void *held;
} viewed;

static void release_viewed(void *held) {
    viewed *v = held;
    if (v->release != NULL) v->release(v->held);
    ps_free(v->text);
    ps_free(v);
}

ps_status ps_prepared_areas_view(const ps_prepared *prepared, void *bytes, size_t n,
                                 bool deep, const ps_talk *talk,
                                 void (*release)(void *held), void *held, ps_areas **out,
                                 ps_layer_report *report, ps_error *err) {
    *out = NULL;
    directory d;
    section found[SECTIONS];
    ps_str text;
    if (!find_sections(bytes, n, &d, found) ||
        !messages_are_sound(&d, &found[MESSAGES]) || !text_at(found, 0, &text))
        return fail_areas(err);
    memcpy(report, found[REPORT].p, sizeof *report);
    ps_areas set = {.n = d.n,
                    .n_rings = d.n_rings,
                    .n_points = d.n_points,
                    .area_ring = (const void *)found[AREA_RING].p,
                    .ring_point = (const void *)found[RING_POINT].p,
                    .x = (const void *)found[X].p,
                    .y = (const void *)found[Y].p,
                    .box = (const void *)found[BOX].p};
    if (!report_is_sound(report) || (deep && !is_in_order(&set))) return fail_areas(err);
    ps_crs *crs = NULL;
    viewed *v = ps_zalloc(1, sizeof *v);
    if (v == NULL) return ps_fail_nomem(err);
    v->text = ps_alloc(2 * d.n, sizeof *v->text);
    ps_status status = v->text != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t i = 0; status == PS_OK && i < 2 * d.n; i++)
        if (!text_at(found, i + 1, &v->text[i])) status = fail_areas(err);
    if (status == PS_OK && text.n > 0)
        status = ps_prepared_crs(prepared, text.p, &crs, err);
    if (status == PS_OK) {
        set.code = v->text;
        set.name = v->text + d.n;
        status = ps_areas_view(&set, crs, release_viewed, v, out, err);
    }
    if (status != PS_OK) {
        ps_free(v->text);
        ps_free(v);
        return status;
    }
    v->release = release;
    v->held = held;
    for (size_t i = 0, at = 0; i < d.n_messages; i++) {
        const char *said = found[MESSAGES].p + at;
        ps_say(talk, (ps_talk_level)said[0], "%s", said + 1);
        at += 2 + strlen(said + 1);
    }
    return PS_OK;
}

/* The definition that opens to the same system, or NULL. */
static const char *definition_of(const ps_crs *crs) {
    const char *text = ps_crs_code(crs)[0] != '\0' ? ps_crs_code(crs) : ps_crs_wkt(crs);
    ps_crs *again = NULL;
    if (ps_crs_open(text, &again, NULL) != PS_OK) return NULL;
    const bool same = strcmp(ps_crs_name(crs), ps_crs_name(again)) == 0 &&
                      strcmp(ps_crs_code(crs), ps_crs_code(again)) == 0 &&
                      strcmp(ps_crs_wkt(crs), ps_crs_wkt(again)) == 0;
    ps_crs_free(again);
    return same ? text : NULL;
}

/* What was said while the areas were read. */
typedef struct record {
    const ps_talk *talk;
    char *p;
    size_t n, room, messages;
    bool lost;
} record;

static void record_say(void *context, ps_talk_level level, const char *sentence) {
    record *r = context;
    ps_say(r->talk, level, "%s", sentence);
    const size_t n = strlen(sentence) + 2;
    if (ps_grow((void **)&r->p, &r->room, r->n + n, 1, NULL) != PS_OK) {
        r->lost = true;
        return;
    }
    r->p[r->n] = (char)level;
    memcpy(r->p + r->n + 1, sentence, n - 1);
    r->n += n;
    r->messages++;
}

static int record_progress(void *context, const char *phase, double done, double total) {
    const record *r = context;
    return r->talk != NULL && r->talk->progress != NULL
               ? r->talk->progress(r->talk->context, phase, done, total)
               : 0;
}

static void write_section(ps_store_file *file, const void *bytes, size_t n) {
    static const char zero[8];
    ps_store_write(file, bytes, n);
    ps_store_write(file, zero, eights(n) - n);
}

static void write_areas(const ps_prepared *prepared, const ps_store_key *k,
                        const ps_areas *a, const ps_layer_report *report,
                        const record *said) {
    const char *crs = a->crs != NULL ? definition_of(a->crs) : "";
    uint64_t *end = ps_alloc(2 * a->n + 1, sizeof *end);
    if (crs == NULL || end == NULL) {
        ps_free(end);
        return;
    }
    uint64_t at = end[0] = strlen(crs);
    for (size_t i = 0; i < a->n; i++) end[i + 1] = at += 1 + a->code[i].n;
    for (size_t i = 0; i < a->n; i++) end[a->n + i + 1] = at += 1 + a->name[i].n;
    const directory d = {
        a->n,
        a->n_rings,
        a->n_points,
        said->messages,
        {sizeof *report, (a->n + 1) * sizeof *a->area_ring,
         (a->n_rings + 1) * sizeof *a->ring_point, a->n_points * sizeof *a->x,
         a->n_points * sizeof *a->y, 4 * a->n * sizeof *a->box,
         (2 * a->n + 1) * sizeof *end, at + 1, said->n}};
    size_t body = sizeof d;
    for (int s = 0; s < SECTIONS; s++) body += eights(d.bytes[s]);
    ps_store_file *file;
    if (ps_store_begin(&prepared->store, areas_kind, k, NULL, body, &file)) {
        static const char zero[8];
        ps_store_write(file, &d, sizeof d);
        write_section(file, report, d.bytes[REPORT]);
        write_section(file, a->area_ring, d.bytes[AREA_RING]);
        write_section(file, a->ring_point, d.bytes[RING_POINT]);
        write_section(file, a->x, d.bytes[X]);
        write_section(file, a->y, d.bytes[Y]);
        write_section(file, a->box, d.bytes[BOX]);
        write_section(file, end, d.bytes[TEXT_END]);
        ps_store_write(file, crs, end[0] + 1);
        for (size_t i = 0; i < 2 * a->n; i++) {
            const ps_str t = i < a->n ? a->code[i] : a->name[i - a->n];
            ps_store_write(file, t.p, t.n);
            ps_store_write(file, zero, 1);
        }
        ps_store_write(file, zero, eights(at + 1) - (at + 1));
        write_section(file, said->p, d.bytes[MESSAGES]);
        (void)ps_store_end(file, NULL);
    }
    ps_free(end);
}

/* Areas that were kept when they were read by those libraries. *out stays NULL when there
 * are none. */
static ps_status find_areas(const ps_prepared *prepared, const ps_layer_spec *spec,
                            const ps_store_key *source, ps_libraries readers,
                            const ps_talk *talk, ps_areas **out, ps_layer_report *report,
                            ps_error *err) {
    ps_store_key k;
    ps_stored *found;
    if (!areas_key(&prepared->store, spec, source, readers, readers == PS_LIBRARIES_GEO,
                   &k) ||
        !ps_store_get(&prepared->store, areas_kind, &k, &found))
        return PS_OK;
    const ps_status status =
        ps_prepared_areas_view(prepared, found->body, found->n, !found->checked, talk,
                               ps_stored_release, found, out, report, err);
    if (status == PS_OK) {
        ps_areas_identify(*out, k.byte);
        ps_stored_is_sound(found);
        return PS_OK;
    }
    ps_stored_release(found);
    return status == PS_NOMEM ? status : PS_OK;
}

ps_status ps_prepared_areas(const ps_prepared *prepared, const ps_layer_spec *spec,
                            const ps_talk *talk, ps_areas **out, ps_layer_report *report,
                            ps_error *err) {
    *out = NULL;
    ps_store_key source, again, k;
    if (!is_used(prepared) || !source_of(&prepared->store, spec, &source))
        return ps_layer_read_areas(spec, talk, out, report, err);
    for (int readers = PS_LIBRARIES_GEO; readers <= PS_LIBRARIES_ALL; readers++) {
        PS_TRY(find_areas(prepared, spec, &source, (ps_libraries)readers, talk, out,
                          report, err));
        if (*out != NULL) return PS_OK;
    }
    record said = {.talk = talk};
    const ps_talk recorder = {record_say, record_progress, &said};
    const ps_status status = ps_layer_read_areas(spec, &recorder, out, report, err);
    /* A source that changed while it was read is not kept. */
    if (status == PS_OK &&
        areas_key(&prepared->store, spec, &source,
                  report->plain ? PS_LIBRARIES_GEO : PS_LIBRARIES_ALL, true, &k) &&
        source_of(&prepared->store, spec, &again) &&
        memcmp(source.byte, again.byte, sizeof source.byte) == 0) {
        ps_areas_identify(*out, k.byte);
        if (!said.lost && (*out)->n_points >= prepared->least_points)
            write_areas(prepared, &k, *out, report, &said);
    }
    ps_free(said.p);
    return status;
}
