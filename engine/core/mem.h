/* The only allocator of the library.
 *
 * Sizes are given as count and element size and checked for overflow. A test can make the
 * n-th allocation fail, so that every error path is walked. The arena is for many small
 * pieces that are freed together, such as the text of a table: chunks that only grow,
 * never moved, so pointers into it stay good until it is freed.
 */
#ifndef PS_CORE_MEM_H
#define PS_CORE_MEM_H

#include <stddef.h>

#include "engine/core/status.h"

/* count * size bytes, or NULL when memory ran out or the product overflows. A count of 0
 * gives a pointer that may be freed. */
void *ps_alloc(size_t count, size_t size) PS_MUST_CHECK;
/* The same, filled with zero bytes. */
void *ps_zalloc(size_t count, size_t size) PS_MUST_CHECK;
/* Change the size of a block; on NULL the old block is untouched. */
void *ps_resize(void *block, size_t count, size_t size) PS_MUST_CHECK;
/* A copy of n bytes and a terminating NUL. */
char *ps_strndup(const char *text, size_t n) PS_MUST_CHECK;
void ps_free(void *block);
/* What was freed goes back to the system, where the C library knows how: after much was,
 * and before much else is wanted. */
void ps_mem_give_back(void);

/* Grow *array of *capacity elements so that it holds at least need; doubles each time.
 * On failure the array is untouched and usable. */
ps_status ps_grow(void **array, size_t *capacity, size_t need, size_t size,
                  ps_error *err) PS_MUST_CHECK;

/* Make the n-th allocation from now (1 = the next) and all later ones fail; 0 switches
 * this off. For tests, which run a function with n = 1, 2, 3, ... until it succeeds. */
void ps_mem_fail_from(long n);

typedef struct ps_arena ps_arena;

ps_status ps_arena_create(ps_arena **out, ps_error *err) PS_MUST_CHECK;
/* size bytes aligned for any type, or NULL. Under the address sanitizer each piece is a
 * block of its own, so that overruns are seen. */
void *ps_arena_alloc(ps_arena *arena, size_t size) PS_MUST_CHECK;
/* A copy of n bytes and a terminating NUL. */
char *ps_arena_strndup(ps_arena *arena, const char *text, size_t n) PS_MUST_CHECK;
/* A formatted text; NULL also when it cannot be formatted. */
char *ps_arena_printf(ps_arena *arena, const char *format, ...)
    PS_PRINTF(2, 3) PS_MUST_CHECK;
/* Forget all pieces, keep one chunk for reuse. */
void ps_arena_reset(ps_arena *arena);
void ps_arena_free(ps_arena *arena);

#endif
