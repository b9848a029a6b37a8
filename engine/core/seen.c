#include "engine/core/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "engine/core/mem.h"

enum { FIRST_SLOTS = 4, FIRST_CONTEXTS = 64 };

/* The keys of one context: open addressing with linear probing, {0, 0} marks an empty
 * slot; or, when slot is NULL, `used` keys in the file. */
typedef struct set {
    uint64_t context;
    ps_fingerprint *slot;
    size_t capacity; /* a power of two */
    size_t used;
    int64_t offset; /* of its keys in the file */
    uint64_t last;  /* when it was used, by the shard's clock */
} set;

typedef struct shard {
    set *sets;
    size_t n_sets, set_capacity;
    size_t *place; /* of a context among the sets, by open addressing; SIZE_MAX: none */
    size_t places; /* a power of two */
    size_t current;
    uint64_t clock;
    size_t bytes, most; /* of tables */
    int fd;
    int64_t file_end;
    size_t put_away, brought_back; /* bytes */
} shard;

struct ps_seen {
    size_t n;
    shard shards[];
};

ps_fingerprint ps_fingerprint_of(const void *bytes, size_t n, uint64_t seed) {
    XXH128_hash_t hash = XXH3_128bits_withSeed(n > 0 ? bytes : "", n, seed);
    if ((hash.low64 | hash.high64) == 0) hash.low64 = 1;
    return (ps_fingerprint){hash.low64, hash.high64};
}

static bool is_empty(const ps_fingerprint *slot) {
    return (slot->low | slot->high) == 0;
}

ps_status ps_seen_create(size_t shards, size_t bytes, ps_seen **out, ps_error *err) {
    *out = NULL;
    if (shards == 0 || shards > 65536)
        return ps_fail(err, PS_CONFIG, "a set of keys has 1 to 65536 shards, not %zu",
                       shards);
    ps_seen *seen = ps_zalloc(1, sizeof *seen + shards * sizeof(shard));
    if (seen == NULL) return ps_fail_nomem(err);
    seen->n = shards;
    for (size_t i = 0; i < shards; i++) {
        seen->shards[i].most = bytes / shards;
        seen->shards[i].fd = -1;
        seen->shards[i].current = SIZE_MAX;
    }
    *out = seen;
    return PS_OK;
}

size_t ps_seen_shards(const ps_seen *seen) {
    return seen->n;
}

size_t ps_seen_shard_of(const ps_seen *seen, ps_fingerprint key) {
    return (size_t)((key.high >> 32) * seen->n >> 32);
}

/* The slot that holds key, or the empty one where it belongs. */
static ps_fingerprint *slot_of(const set *s, ps_fingerprint key) {
    size_t mask = s->capacity - 1;
    size_t at = (size_t)key.low & mask;
    for (;; at = (at + 1) & mask) {
        ps_fingerprint *slot = &s->slot[at];
        if (is_empty(slot)) return slot;
        if (slot->low == key.low && slot->high == key.high) return slot;
    }
}

/* Give the set a table of that capacity, empty but for what is in its old one. */
static ps_status resize(shard *sh, set *s, size_t capacity, ps_error *err) {
    set larger = *s;
    larger.capacity = capacity;
    larger.slot = ps_zalloc(capacity, sizeof *larger.slot);
    if (larger.slot == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; s->slot != NULL && i < s->capacity; i++)
        if (!is_empty(&s->slot[i])) *slot_of(&larger, s->slot[i]) = s->slot[i];
    sh->bytes += capacity * sizeof *larger.slot;
    if (s->slot != NULL) sh->bytes -= s->capacity * sizeof *s->slot;
    ps_free(s->slot);
    *s = larger;
    return PS_OK;
}

/* ---- the file ---- */

static const char *temporary_folder(void) {
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

static ps_status fail_file(const char *what, int number, ps_error *err) {
    const char *why = strerrordesc_np(number);
    return ps_fail(
        err, PS_OUTPUT,
        "the temporary file for keys of duplicates in %s cannot be %s: %s; set "
        "TMPDIR to a folder with room, or keep duplicates",
        temporary_folder(), what, why != NULL ? why : "unknown error");
}

static ps_status open_file(shard *sh, ps_error *err) {
    if (sh->fd >= 0) return PS_OK;
    char path[4096];
    snprintf(path, sizeof path, "%s/placestat-XXXXXX", temporary_folder());
    sh->fd = mkostemp(path, O_CLOEXEC);
    if (sh->fd < 0) return fail_file("made", errno, err);
    unlink(path);
    return PS_OK;
}

static ps_status transfer(shard *sh, bool out, void *bytes, size_t n, int64_t offset,
                          ps_error *err) {
    for (size_t done = 0; done < n;) {
        char *at = (char *)bytes + done;
        const off_t where = (off_t)(offset + (int64_t)done);
        const ssize_t some = out ? pwrite(sh->fd, at, n - done, where)
                                 : pread(sh->fd, at, n - done, where);
        if (some < 0 && errno == EINTR) continue;
        if (some <= 0)
            return fail_file(out ? "written" : "read", some < 0 ? errno : EIO, err);
        done += (size_t)some;
    }
    return PS_OK;
}

static ps_status put_away(shard *sh, set *s, ps_error *err) {
    PS_TRY(open_file(sh, err));
    size_t n = 0;
    for (size_t i = 0; i < s->capacity; i++)
        if (!is_empty(&s->slot[i])) s->slot[n++] = s->slot[i];
    s->used = n;
    PS_TRY(transfer(sh, true, s->slot, n * sizeof *s->slot, sh->file_end, err));
    s->offset = sh->file_end;
    sh->file_end += (int64_t)(n * sizeof *s->slot);
    sh->put_away += n * sizeof *s->slot;
    sh->bytes -= s->capacity * sizeof *s->slot;
    ps_free(s->slot);
    s->slot = NULL;
    s->capacity = 0;
    return PS_OK;
}

static ps_status bring_back(shard *sh, set *s, ps_error *err) {
    ps_fingerprint *keys = ps_alloc(s->used, sizeof *keys);
    if (keys == NULL) return ps_fail_nomem(err);
    ps_status status = transfer(sh, false, keys, s->used * sizeof *keys, s->offset, err);
    size_t capacity = FIRST_SLOTS;
    while (capacity * 3 <= s->used * 4) capacity *= 2;
    if (status == PS_OK) status = resize(sh, s, capacity, err);
    for (size_t i = 0; i < s->used && status == PS_OK; i++)
        *slot_of(s, keys[i]) = keys[i];
    sh->brought_back += s->used * sizeof *keys;
    ps_free(keys);
    return status;
}

/* Keys that are brought back as often as they are put away say that the contexts come in
 * no order; then memory is taken instead. */
static bool may_put_away(const shard *sh) {
    return sh->brought_back <= sh->put_away / 4;
}

static int by_last(const void *a, const void *b) {
    const set *x = *(set *const *)a, *y = *(set *const *)b;
    return (x->last > y->last) - (x->last < y->last);
}

/* Put tables away, the oldest first, until a quarter of the memory is free. */
static ps_status make_room(shard *sh, ps_error *err) {
    if (!may_put_away(sh)) return PS_OK;
    set **oldest = ps_alloc(sh->n_sets, sizeof *oldest);
    if (oldest == NULL) return ps_fail_nomem(err);
    size_t n = 0;
    for (size_t i = 0; i < sh->n_sets; i++)
        if (i != sh->current && sh->sets[i].slot != NULL) oldest[n++] = &sh->sets[i];
    if (n > 1) qsort(oldest, n, sizeof *oldest, by_last);
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK && sh->bytes > sh->most / 4 * 3; i++)
        status = put_away(sh, oldest[i], err);
    ps_free(oldest);
    return status;
}

/* ---- contexts ---- */

static size_t *place_of(const shard *sh, uint64_t context) {
    size_t at = (size_t)(context * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (sh->places - 1);
    while (sh->place[at] != SIZE_MAX && sh->sets[sh->place[at]].context != context)
        at = (at + 1) & (sh->places - 1);
    return &sh->place[at];
}

static ps_status grow_places(shard *sh, ps_error *err) {
    const size_t places = sh->places > 0 ? sh->places * 2 : FIRST_CONTEXTS;
    size_t *place = ps_alloc(places, sizeof *place);
    if (place == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < places; i++) place[i] = SIZE_MAX;
    ps_free(sh->place);
    sh->place = place;
    sh->places = places;
    for (size_t i = 0; i < sh->n_sets; i++) *place_of(sh, sh->sets[i].context) = i;
    return PS_OK;
}

/* Make a context the current one. */
static ps_status enter(shard *sh, uint64_t context, ps_error *err) {
    if (sh->n_sets * 2 >= sh->places) PS_TRY(grow_places(sh, err));
    size_t *place = place_of(sh, context);
    if (*place == SIZE_MAX) {
        PS_TRY(ps_grow((void **)&sh->sets, &sh->set_capacity, sh->n_sets + 1,
                       sizeof *sh->sets, err));
        sh->sets[sh->n_sets] = (set){.context = context};
        *place = sh->n_sets++;
    }
    if (sh->current != SIZE_MAX) sh->sets[sh->current].last = ++sh->clock;
    sh->current = *place;
    set *s = &sh->sets[sh->current];
    if (s->slot == NULL && s->used > 0) PS_TRY(bring_back(sh, s, err));
    return PS_OK;
}

ps_status ps_seen_add(ps_seen *seen, uint64_t context, ps_fingerprint key, bool *again,
                      ps_error *err) {
    shard *sh = &seen->shards[ps_seen_shard_of(seen, key)];
    if (sh->current == SIZE_MAX || sh->sets[sh->current].context != context)
        PS_TRY(enter(sh, context, err));
    set *s = &sh->sets[sh->current];
    if (s->used * 4 >= s->capacity * 3) {
        PS_TRY(resize(sh, s, s->capacity > 0 ? s->capacity * 2 : FIRST_SLOTS, err));
        if (sh->bytes > sh->most) PS_TRY(make_room(sh, err));
    }
    ps_fingerprint *slot = slot_of(s, key);
    *again = !is_empty(slot);
    if (!*again) {
        *slot = key;
        s->used++;
    }
    return PS_OK;
}

size_t ps_seen_bytes(const ps_seen *seen) {
    size_t bytes = sizeof *seen + seen->n * sizeof(shard);
    for (size_t i = 0; i < seen->n; i++)
        bytes += seen->shards[i].bytes + seen->shards[i].set_capacity * sizeof(set) +
                 seen->shards[i].places * sizeof(size_t);
    return bytes;
}

void ps_seen_free(ps_seen *seen) {
    if (seen == NULL) return;
    for (size_t i = 0; i < seen->n; i++) {
        shard *sh = &seen->shards[i];
        for (size_t k = 0; k < sh->n_sets; k++) ps_free(sh->sets[k].slot);
        ps_free(sh->sets);
        ps_free(sh->place);
        if (sh->fd >= 0) close(sh->fd);
    }
    ps_free(seen);
}
