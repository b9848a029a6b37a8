/* A table of slots, a power of two of them and at most three quarters full, each holding
 * 32 bits of the hash and an id; linear probing. The texts stand in an arena, so a view
 * of a key stays good while the table grows. Nothing is ever removed.
 */
#include "engine/core/keys.h"

#include <string.h>
#include <xxhash.h>

typedef struct slot {
    uint32_t hash;
    int32_t id; /* PS_NONE: empty */
} slot;

struct ps_keys {
    ps_arena *arena;
    ps_str *text; /* by id */
    size_t size, capacity;
    slot *slots;
    size_t mask; /* slots - 1 */
};

enum { FIRST_SLOTS = 64 };

static slot *make_slots(size_t n) {
    slot *slots = ps_alloc(n, sizeof *slots);
    for (size_t i = 0; slots != NULL && i < n; i++) slots[i] = (slot){0, PS_NONE};
    return slots;
}

ps_status ps_keys_create(ps_keys **out, ps_error *err) {
    *out = NULL;
    ps_keys *keys = ps_zalloc(1, sizeof *keys);
    if (keys == NULL) return ps_fail_nomem(err);
    ps_status status = ps_arena_create(&keys->arena, err);
    if (status == PS_OK) {
        keys->slots = make_slots(FIRST_SLOTS);
        keys->mask = FIRST_SLOTS - 1;
        if (keys->slots == NULL) status = ps_fail_nomem(err);
    }
    if (status != PS_OK) {
        ps_keys_free(keys);
        return status;
    }
    *out = keys;
    return PS_OK;
}

static uint32_t hash_of(ps_str key) {
    return (uint32_t)(XXH3_64bits(key.n > 0 ? key.p : "", key.n) >> 32);
}

/* The slot of key, or the empty one where it belongs. */
static size_t seek(const ps_keys *keys, ps_str key, uint32_t hash) {
    size_t at = hash & keys->mask;
    while (keys->slots[at].id != PS_NONE) {
        if (keys->slots[at].hash == hash &&
            ps_str_eq(keys->text[keys->slots[at].id], key))
            break;
        at = (at + 1) & keys->mask;
    }
    return at;
}

static ps_status grow_slots(ps_keys *keys, ps_error *err) {
    size_t n = (keys->mask + 1) * 2;
    slot *slots = make_slots(n);
    if (slots == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i <= keys->mask; i++) {
        if (keys->slots[i].id == PS_NONE) continue;
        size_t at = keys->slots[i].hash & (n - 1);
        while (slots[at].id != PS_NONE) at = (at + 1) & (n - 1);
        slots[at] = keys->slots[i];
    }
    ps_free(keys->slots);
    keys->slots = slots;
    keys->mask = n - 1;
    return PS_OK;
}

ps_status ps_keys_add(ps_keys *keys, ps_str key, int32_t *id, bool *added,
                      ps_error *err) {
    uint32_t hash = hash_of(key);
    size_t at = seek(keys, key, hash);
    if (added != NULL) *added = keys->slots[at].id == PS_NONE;
    if (keys->slots[at].id != PS_NONE) {
        *id = keys->slots[at].id;
        return PS_OK;
    }
    *id = PS_NONE;
    if (keys->size >= INT32_MAX)
        return ps_fail(err, PS_LIMIT, "there are more than %d different keys",
                       (int)INT32_MAX);
    if (keys->size >= (keys->mask + 1) / 4 * 3) {
        PS_TRY(grow_slots(keys, err));
        at = seek(keys, key, hash);
    }
    PS_TRY(ps_grow((void **)&keys->text, &keys->capacity, keys->size + 1,
                   sizeof *keys->text, err));
    char *copy = ps_arena_strndup(keys->arena, key.p, key.n);
    if (copy == NULL) return ps_fail_nomem(err);
    *id = (int32_t)keys->size;
    keys->text[keys->size++] = (ps_str){copy, key.n};
    keys->slots[at] = (slot){hash, *id};
    return PS_OK;
}

int32_t ps_keys_find(const ps_keys *keys, ps_str key) {
    return keys->slots[seek(keys, key, hash_of(key))].id;
}

size_t ps_keys_size(const ps_keys *keys) {
    return keys->size;
}

ps_str ps_keys_text(const ps_keys *keys, int32_t id) {
    return keys->text[id];
}

void ps_keys_free(ps_keys *keys) {
    if (keys == NULL) return;
    ps_arena_free(keys->arena);
    ps_free(keys->text);
    ps_free(keys->slots);
    ps_free(keys);
}
