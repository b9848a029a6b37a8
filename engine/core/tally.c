/* Cells in one open-addressing table, keyed by area << 32 | group, linear probing from
 * the top bits of a multiplicative hash (Knuth, TAOCP 6.4): one multiplication and, most
 * of the time, one cache line for each row counted. Sorted output comes from a radix sort
 * over the bytes of the key that differ at all.
 */
#include "engine/core/tally.h"

#include <assert.h>
#include <string.h>

typedef struct slot {
    uint64_t key;
    int64_t count;
} slot;

struct ps_tally {
    slot *slots;
    size_t size, capacity;
    int shift; /* 64 - log2(capacity) */
};

enum { FIRST_BITS = 6 };

/* No cell has it: areas are not negative. */
static const uint64_t EMPTY = UINT64_MAX;

static slot *make_slots(size_t n) {
    slot *slots = ps_alloc(n, sizeof *slots);
    for (size_t i = 0; slots != NULL && i < n; i++) slots[i] = (slot){EMPTY, 0};
    return slots;
}

ps_status ps_tally_create(ps_tally **out, ps_error *err) {
    *out = NULL;
    ps_tally *tally = ps_zalloc(1, sizeof *tally);
    if (tally == NULL) return ps_fail_nomem(err);
    tally->capacity = (size_t)1 << FIRST_BITS;
    tally->shift = 64 - FIRST_BITS;
    tally->slots = make_slots(tally->capacity);
    if (tally->slots == NULL) {
        ps_free(tally);
        return ps_fail_nomem(err);
    }
    *out = tally;
    return PS_OK;
}

static slot *seek(slot *slots, size_t capacity, int shift, uint64_t key) {
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> shift);
    while (slots[at].key != key && slots[at].key != EMPTY) at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static ps_status grow(ps_tally *tally, ps_error *err) {
    size_t capacity = tally->capacity * 2;
    int shift = tally->shift - 1;
    slot *slots = make_slots(capacity);
    if (slots == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < tally->capacity; i++) {
        if (tally->slots[i].key == EMPTY) continue;
        *seek(slots, capacity, shift, tally->slots[i].key) = tally->slots[i];
    }
    ps_free(tally->slots);
    tally->slots = slots;
    tally->capacity = capacity;
    tally->shift = shift;
    return PS_OK;
}

ps_status ps_tally_add(ps_tally *tally, int32_t area, int32_t group, int64_t n,
                       ps_error *err) {
    assert(area >= 0 && group >= 0);
    uint64_t key = (uint64_t)(uint32_t)area << 32 | (uint32_t)group;
    slot *cell = seek(tally->slots, tally->capacity, tally->shift, key);
    if (cell->key == EMPTY) {
        if (tally->size >= tally->capacity / 8 * 5) {
            PS_TRY(grow(tally, err));
            cell = seek(tally->slots, tally->capacity, tally->shift, key);
        }
        *cell = (slot){key, 0};
        tally->size++;
    }
    int64_t sum;
    if (__builtin_add_overflow(cell->count, n, &sum))
        return ps_fail(err, PS_LIMIT, "a count does not fit into 64 bits");
    cell->count = sum;
    return PS_OK;
}

ps_status ps_tally_merge(ps_tally *into, const ps_tally *from, const int32_t *map,
                         ps_error *err) {
    for (size_t i = 0; i < from->capacity; i++) {
        const slot *cell = &from->slots[i];
        if (cell->key == EMPTY) continue;
        int32_t group = (int32_t)(cell->key & UINT32_MAX);
        PS_TRY(ps_tally_add(into, (int32_t)(cell->key >> 32),
                            map != NULL ? map[group] : group, cell->count, err));
    }
    return PS_OK;
}

size_t ps_tally_size(const ps_tally *tally) {
    return tally->size;
}

/* Byte 0 is the lowest of the group, byte 7 the highest of the area. */
static size_t byte_of(const ps_tally_cell *cell, int byte) {
    uint32_t half = (uint32_t)(byte < 4 ? cell->group : cell->area);
    return half >> (byte % 4 * 8) & 0xFF;
}

/* Sort cells by area and group, least significant byte first; spare is as large. The
 * sorted array is one of the two. */
static ps_tally_cell *sort_cells(ps_tally_cell *cells, ps_tally_cell *spare, size_t n) {
    for (int byte = 0; byte < 8; byte++) {
        size_t start[256] = {0};
        for (size_t i = 0; i < n; i++) start[byte_of(&cells[i], byte)]++;
        if (n == 0 || start[byte_of(&cells[0], byte)] == n) continue;
        size_t sum = 0;
        for (size_t b = 0; b < 256; b++) {
            size_t here = start[b];
            start[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++)
            spare[start[byte_of(&cells[i], byte)]++] = cells[i];
        ps_tally_cell *swap = cells;
        cells = spare;
        spare = swap;
    }
    return cells;
}

ps_status ps_tally_cells(const ps_tally *tally, ps_tally_cell **out, size_t *n,
                         ps_error *err) {
    *out = NULL;
    *n = 0;
    ps_tally_cell *cells = ps_alloc(tally->size, sizeof *cells);
    ps_tally_cell *spare = ps_alloc(tally->size, sizeof *spare);
    if (cells == NULL || spare == NULL) {
        ps_free(cells);
        ps_free(spare);
        return ps_fail_nomem(err);
    }
    size_t used = 0;
    for (size_t i = 0; i < tally->capacity; i++) {
        const slot *cell = &tally->slots[i];
        if (cell->key == EMPTY) continue;
        cells[used++] = (ps_tally_cell){(int32_t)(cell->key >> 32),
                                        (int32_t)(cell->key & UINT32_MAX), cell->count};
    }
    *out = sort_cells(cells, spare, used);
    *n = used;
    ps_free(*out == cells ? spare : cells);
    return PS_OK;
}

void ps_tally_free(ps_tally *tally) {
    if (tally == NULL) return;
    ps_free(tally->slots);
    ps_free(tally);
}
