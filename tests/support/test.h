/* What every test includes first: cmocka with the headers that it needs, and the few
 * helpers that many tests share.
 */
#ifndef PS_TESTS_SUPPORT_TEST_H
#define PS_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/core/status.h"

/* ctest counts a test program that ends with this as skipped. */
enum { TEST_SKIPPED = 77 };

/* Call step with allocation 1, 2, 3, ... failing until it succeeds, and return how many
 * it needs. Every other call has to end in PS_NOMEM with a message, and to free what it
 * took; step checks itself that its outputs are empty then. */
long test_each_allocation_fails(ps_status (*step)(void *context, ps_error *err),
                                void *context);

/* A fresh folder for the files of one test. Remove it with all that is in it. */
char *test_folder_make(void);
void test_folder_remove(char *folder);
/* The names in a folder, hidden ones too, without . and .. */
size_t test_folder_entries(const char *folder);
/* folder/name; good until the eighth call from now. */
const char *test_path(const char *folder, const char *name);
/* n bytes into folder/name; the path as test_path gives it. */
const char *test_file_write(const char *folder, const char *name, const void *bytes,
                            size_t n);
/* The whole file and a NUL; the caller frees it with free. NULL when there is none. n may
 * be NULL. */
char *test_file_read(const char *path, size_t *n);

/* Fail unless seen is expected within a relative error; absolute when expected is 0. */
void test_near(double seen, double expected, double relative);

/* splitmix64 (Steele, Lea, Flood 2014): the same sequence everywhere. */
uint64_t test_random(uint64_t *state);
/* A number in [0, n). */
uint64_t test_random_below(uint64_t *state, uint64_t n);

#endif
