#include "engine/core/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define PS_ARENA_SEPARATE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PS_ARENA_SEPARATE 1
#endif
#endif
#ifndef PS_ARENA_SEPARATE
#define PS_ARENA_SEPARATE 0
#endif

/* 0: off; n > 1: n - 1 more allocations succeed; 1: all fail. */
static atomic_long fail_countdown;

static int must_fail(void) {
    long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    /* Compare and swap: two threads that both saw 2 must not count down to "off". */
    while (left > 1) {
        if (atomic_compare_exchange_weak_explicit(&fail_countdown, &left, left - 1,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed))
            return 0;
    }
    return left == 1;
}

void ps_mem_fail_from(long n) {
    atomic_store(&fail_countdown, n > 0 ? n : 0);
}

void *ps_alloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || must_fail()) return NULL;
    return malloc(bytes > 0 ? bytes : 1);
}

void *ps_zalloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || must_fail()) return NULL;
    return calloc(bytes > 0 ? bytes : 1, 1);
}

void *ps_resize(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || must_fail()) return NULL;
    return realloc(block, bytes > 0 ? bytes : 1);
}

char *ps_strndup(const char *text, size_t n) {
    char *copy = n < SIZE_MAX ? ps_alloc(n + 1, 1) : NULL;
    if (copy == NULL) return NULL;
    if (n > 0) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

void ps_free(void *block) {
    free(block);
}

void ps_mem_give_back(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

ps_status ps_grow(void **array, size_t *capacity, size_t need, size_t size,
                  ps_error *err) {
    if (need <= *capacity) return PS_OK;
    size_t wanted = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (wanted < 16) wanted = 16;
    if (wanted < need) wanted = need;
    void *grown = ps_resize(*array, wanted, size);
    if (grown == NULL) return ps_fail_nomem(err);
    *array = grown;
    *capacity = wanted;
    return PS_OK;
}

typedef struct chunk {
    struct chunk *older;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
} chunk;

struct ps_arena {
    chunk *newest;
    size_t used; /* of the newest chunk */
};

enum { CHUNK_BYTES = 1 << 16 };

ps_status ps_arena_create(ps_arena **out, ps_error *err) {
    *out = ps_zalloc(1, sizeof **out);
    return *out != NULL ? PS_OK : ps_fail_nomem(err);
}

static chunk *add_chunk(ps_arena *arena, size_t size) {
    if (size > SIZE_MAX - sizeof(chunk)) return NULL;
    chunk *added = ps_alloc(sizeof(chunk) + size, 1);
    if (added == NULL) return NULL;
    added->size = size;
    added->older = arena->newest;
    arena->newest = added;
    arena->used = 0;
    return added;
}

void *ps_arena_alloc(ps_arena *arena, size_t size) {
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX - align) return NULL;
    size_t rounded = (size + align - 1) / align * align;
    if (PS_ARENA_SEPARATE) {
        chunk *own = add_chunk(arena, size);
        if (own == NULL) return NULL;
        arena->used = size;
        return own->bytes;
    }
    if (arena->newest == NULL || arena->newest->size - arena->used < rounded) {
        if (add_chunk(arena, rounded > CHUNK_BYTES ? rounded : CHUNK_BYTES) == NULL)
            return NULL;
    }
    void *piece = arena->newest->bytes + arena->used;
    arena->used += rounded;
    return piece;
}

char *ps_arena_strndup(ps_arena *arena, const char *text, size_t n) {
    char *copy = n < SIZE_MAX ? ps_arena_alloc(arena, n + 1) : NULL;
    if (copy == NULL) return NULL;
    if (n > 0) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *ps_arena_printf(ps_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n >= 0 ? ps_arena_alloc(arena, (size_t)n + 1) : NULL;
    if (text == NULL) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

static void drop_chunks(ps_arena *arena, chunk *keep) {
    while (arena->newest != keep) {
        chunk *gone = arena->newest;
        arena->newest = gone->older;
        ps_free(gone);
    }
}

void ps_arena_reset(ps_arena *arena) {
    chunk *oldest = PS_ARENA_SEPARATE ? NULL : arena->newest;
    while (oldest != NULL && oldest->older != NULL) oldest = oldest->older;
    drop_chunks(arena, oldest);
    arena->used = 0;
}

void ps_arena_free(ps_arena *arena) {
    if (arena == NULL) return;
    drop_chunks(arena, NULL);
    ps_free(arena);
}
