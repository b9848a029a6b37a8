#include "engine/core/seen.h"

#include <xxhash.h>

#include "engine/core/mem.h"

/* Open addressing with linear probing; {0, 0} marks an empty slot, and the one key with
 * that fingerprint is kept apart. */
typedef struct shard {
    ps_fingerprint *slot;
    size_t capacity; /* a power of two, or 0 */
    size_t used;
    bool zero;
} shard;

struct ps_seen {
    size_t n;
    shard shards[];
};

ps_fingerprint ps_fingerprint_of(const void *bytes, size_t n, uint64_t seed) {
    XXH128_hash_t hash = XXH3_128bits_withSeed(n > 0 ? bytes : "", n, seed);
    return (ps_fingerprint){hash.low64, hash.high64};
}

ps_status ps_seen_create(size_t shards, ps_seen **out, ps_error *err) {
    *out = NULL;
    if (shards == 0 || shards > 65536)
        return ps_fail(err, PS_CONFIG, "a set of keys has 1 to 65536 shards, not %zu",
                       shards);
    ps_seen *seen = ps_zalloc(1, sizeof *seen + shards * sizeof(shard));
    if (seen == NULL) return ps_fail_nomem(err);
    seen->n = shards;
    *out = seen;
    return PS_OK;
}

size_t ps_seen_shards(const ps_seen *seen) {
    return seen->n;
}

size_t ps_seen_shard_of(const ps_seen *seen, ps_fingerprint key) {
    return (size_t)(key.high >> 32) % seen->n;
}

/* The slot that holds key, or the empty one where it belongs. */
static ps_fingerprint *slot_of(const shard *s, ps_fingerprint key) {
    size_t mask = s->capacity - 1;
    size_t at = (size_t)key.low & mask;
    for (;; at = (at + 1) & mask) {
        ps_fingerprint *slot = &s->slot[at];
        if (slot->low == 0 && slot->high == 0) return slot;
        if (slot->low == key.low && slot->high == key.high) return slot;
    }
}

static ps_status enlarge(shard *s, ps_error *err) {
    shard larger = *s;
    larger.capacity = s->capacity > 0 ? s->capacity * 2 : 1024;
    larger.slot = ps_zalloc(larger.capacity, sizeof *larger.slot);
    if (larger.slot == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < s->capacity; i++) {
        ps_fingerprint key = s->slot[i];
        if (key.low != 0 || key.high != 0) *slot_of(&larger, key) = key;
    }
    ps_free(s->slot);
    *s = larger;
    return PS_OK;
}

ps_status ps_seen_add(ps_seen *seen, ps_fingerprint key, bool *again, ps_error *err) {
    shard *s = &seen->shards[ps_seen_shard_of(seen, key)];
    if (key.low == 0 && key.high == 0) {
        *again = s->zero;
        s->zero = true;
        return PS_OK;
    }
    if (s->used * 4 >= s->capacity * 3) PS_TRY(enlarge(s, err));
    ps_fingerprint *slot = slot_of(s, key);
    *again = slot->low == key.low && slot->high == key.high;
    if (!*again) {
        *slot = key;
        s->used++;
    }
    return PS_OK;
}

void ps_seen_clear(ps_seen *seen) {
    for (size_t i = 0; i < seen->n; i++) {
        ps_free(seen->shards[i].slot);
        seen->shards[i] = (shard){0};
    }
}

size_t ps_seen_bytes(const ps_seen *seen) {
    size_t bytes = sizeof *seen + seen->n * sizeof(shard);
    for (size_t i = 0; i < seen->n; i++)
        bytes += seen->shards[i].capacity * sizeof(ps_fingerprint);
    return bytes;
}

void ps_seen_free(ps_seen *seen) {
    if (seen == NULL) return;
    ps_seen_clear(seen);
    ps_free(seen);
}
