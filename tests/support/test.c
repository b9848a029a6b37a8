#include "tests/support/test.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/mem.h"

enum { MOST_ALLOCATIONS = 1000000 };

long test_each_allocation_fails(ps_status (*step)(void *context, ps_error *err),
                                void *context) {
    for (long n = 1; n < MOST_ALLOCATIONS; n++) {
        ps_error err = {PS_OK, ""};
        ps_mem_fail_from(n);
        ps_status status = step(context, &err);
        ps_mem_fail_from(0);
        if (status == PS_OK) return n - 1;
        if (status != PS_NOMEM) fail_msg("allocation %ld failing: %s", n, err.text);
        assert_int_equal(err.status, PS_NOMEM);
        assert_true(err.text[0] != '\0');
    }
    fail_msg("%s", "never succeeds");
    return 0;
}

char *test_folder_make(void) {
    const char *root = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/placestat-test-XXXXXX", root != NULL ? root : "/tmp");
    if (mkdtemp(path) == NULL) fail_msg("no folder %s", path);
    return strdup(path);
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *where) {
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void test_folder_remove(char *folder) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

size_t test_folder_entries(const char *folder) {
    DIR *open = opendir(folder);
    if (open == NULL) return 0;
    size_t n = 0;
    while (readdir(open) != NULL) n++;
    closedir(open);
    return n - 2;
}

const char *test_path(const char *folder, const char *name) {
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *test_file_write(const char *folder, const char *name, const void *bytes,
                            size_t n) {
    const char *path = test_path(folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        fail_msg("cannot write %s", path);
    return path;
}

char *test_file_read(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    size_t size = 0, capacity = 4096;
    char *bytes = malloc(capacity);
    for (size_t got = 1; got > 0 && bytes != NULL; size += got) {
        if (capacity - size < 2048) {
            capacity *= 2;
            char *grown = realloc(bytes, capacity);
            if (grown == NULL) free(bytes);
            bytes = grown;
            if (bytes == NULL) break;
        }
        got = fread(bytes + size, 1, capacity - size - 1, file);
    }
    fclose(file);
    if (bytes == NULL) fail_msg("no memory for %s", path);
    bytes[size] = '\0';
    if (n != NULL) *n = size;
    return bytes;
}

void test_near(double seen, double expected, double relative) {
    double scale = fabs(expected) > 1e-300 ? fabs(expected) : 1;
    if (!(fabs(seen - expected) <= relative * scale))
        fail_msg("%.17g, expected %.17g", seen, expected);
}

uint64_t test_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t test_random_below(uint64_t *state, uint64_t n) {
    return test_random(state) % n;
}
