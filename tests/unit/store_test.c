/* A folder of kept files: what comes back is what was put in, and they never take more
 * than they may. */
#include "geo/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/mem.h"
#include "tests/support/test.h"

static const char kind[] = "areas";

static ps_store_key key_of(uint64_t number) {
    ps_store_key key = {{0}};
    for (int i = 0; i < 16; i++)
        key.byte[i] = (unsigned char)(test_random(&number) & 255);
    return key;
}

/* Content that follows from its number. */
static void put_bytes(const ps_store *store, uint64_t number, size_t n) {
    const ps_store_key key = key_of(number);
    ps_store_file *file = NULL;
    if (!ps_store_begin(store, kind, &key, NULL, n, &file)) return;
    for (size_t i = 0; i < n; i += 8) {
        const uint64_t word = number * 1000003 + i;
        ps_store_write(file, &word, n - i < 8 ? n - i : 8);
    }
    (void)ps_store_end(file, NULL);
}

/* Is it there? Then it must be right. */
static bool get_bytes(const ps_store *store, uint64_t number, size_t n) {
    const ps_store_key key = key_of(number);
    ps_stored *found = NULL;
    if (!ps_store_get(store, kind, &key, &found)) {
        assert_null(found);
        return false;
    }
    assert_int_equal(found->n, n);
    for (size_t i = 0; i < n; i += 8) {
        const uint64_t word = number * 1000003 + i;
        if (memcmp((char *)found->body + i, &word, n - i < 8 ? n - i : 8) != 0) abort();
    }
    ps_stored_is_sound(found);
    ps_stored_release(found);
    return true;
}

static int64_t folder_bytes(const char *folder) {
    char command[600];
    snprintf(command, sizeof command,
             "cd %s && ls -A | grep -v checked | xargs -r stat -c %%s | "
             "awk '{ n += $1 } END { print n + 0 }'",
             folder);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    long long total = -1;
    assert_int_equal(fscanf(list, "%lld", &total), 1);
    pclose(list);
    return total;
}

static char *name_of(const char *folder, uint64_t number, const char *ending) {
    static char path[700];
    const ps_store_key key = key_of(number);
    int n = snprintf(path, sizeof path, "%s/", folder);
    for (int i = 0; i < 16; i++)
        n += snprintf(path + n, sizeof path - (size_t)n, "%02x", key.byte[i]);
    snprintf(path + n, sizeof path - (size_t)n, ".%s%s", kind, ending);
    return path;
}

static void set_age(const char *path, long seconds) {
    const struct timespec times[2] = {{time(NULL) - seconds, 0},
                                      {time(NULL) - seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_comes_back(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char below[600];
    snprintf(below, sizeof below, "%s/a/b", folder);
    const ps_store store = {below, INT64_MAX};
    static const size_t sizes[] = {0, 1, 8, 5000, 300000, 3000000};
    for (uint64_t i = 0; i < 6; i++) {
        assert_false(get_bytes(&store, i, sizes[i]));
        put_bytes(&store, i, sizes[i]);
        ps_stored *found = NULL;
        const ps_store_key key = key_of(i);
        for (int again = 0; again < 3; again++) {
            assert_true(ps_store_get(&store, kind, &key, &found));
            assert_int_equal(found->checked, again == 2);
            assert_int_equal((uintptr_t)found->body % 64, 0);
            if (again == 1) ps_stored_is_sound(found);
            ps_stored_release(found);
        }
        assert_true(get_bytes(&store, i, sizes[i]));
        assert_false(ps_store_get(&store, "index", &key, &found));
    }
    struct stat info;
    assert_int_equal(stat(name_of(below, 3, ""), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(below, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    test_folder_remove(folder);
}

static void test_note(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const ps_store store = {folder, INT64_MAX};
    char note[PS_STORE_NOTE];
    memset(note, 'n', sizeof note);
    const ps_store_key key = key_of(1);
    ps_store_file *file = NULL;
    assert_true(ps_store_begin(&store, kind, &key, note, 4, &file));
    ps_store_write(file, "body", 4);
    (void)ps_store_end(file, NULL);
    ps_stored *found = NULL;
    assert_true(ps_store_get(&store, kind, &key, &found));
    assert_memory_equal(found->note, note, sizeof note);
    assert_memory_equal(found->body, "body", 4);
    ps_stored_release(found);
    /* more or less than was promised: not kept */
    const ps_store_key other = key_of(2);
    for (size_t n = 3; n <= 5; n += 2) {
        assert_true(ps_store_begin(&store, kind, &other, NULL, 4, &file));
        ps_store_write(file, "bodies", n);
        (void)ps_store_end(file, NULL);
        assert_false(ps_store_get(&store, kind, &other, &found));
    }
    assert_int_equal(test_folder_entries(folder), 1);
    test_folder_remove(folder);
}

/* What is filled in last stands where it was left out, and the file is mapped at once. */
static void test_filled_in_later(void **state) {
    (void)state;
    char *folder = test_folder_make();
    enum { FRONT = 100, PIECE = 400000, MORE = 3 };
    char *all = malloc(FRONT + MORE * PIECE), *body = all;
    assert_non_null(all);
    for (size_t i = 0; i < FRONT + MORE * PIECE; i++) body[i] = (char)(i % 251);
    for (uint64_t i = 0; i < 2; i++) { /* of which the first is more than is kept */
        const ps_store store = {folder, i == 0 ? 1000000 : INT64_MAX};
        const ps_store_key key = key_of(i);
        ps_store_file *file = NULL;
        ps_stored *made = NULL, *found = NULL;
        assert_true(ps_store_begin(&store, kind, &key, NULL, PS_STORE_ANY, &file));
        ps_store_write(file, body, 10);
        assert_int_equal(ps_store_leave(file, FRONT - 10), 10);
        for (size_t k = 0; k < MORE; k++)
            ps_store_write(file, body + FRONT + k * PIECE, PIECE);
        ps_store_fill(file, 10, body + 10, FRONT - 10);
        assert_true(ps_store_end(file, &made));
        assert_int_equal(made->n, FRONT + MORE * PIECE);
        assert_memory_equal(made->body, body, FRONT + MORE * PIECE);
        assert_int_equal(ps_store_get(&store, kind, &key, &found), i);
        if (i > 0) assert_memory_equal(found->body, body, found->n);
        ps_stored_release(found);
        ps_stored_release(made);
    }
    const ps_store store = {folder, INT64_MAX};
    const ps_store_key key = key_of(2);
    ps_store_file *file = NULL;
    assert_true(ps_store_begin(&store, kind, &key, NULL, PS_STORE_ANY, &file));
    ps_store_write(file, body, 10);
    ps_store_drop(file);
    assert_int_equal(test_folder_entries(folder), 1);
    free(all);
    test_folder_remove(folder);
}

/* A byte changed anywhere, bytes cut or added: not there, whether it was checked or not.
 */
static void test_damage(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const ps_store store = {folder, INT64_MAX};
    put_bytes(&store, 7, 200);
    assert_true(get_bytes(&store, 7, 200));
    assert_true(get_bytes(&store, 7, 200));
    char path[700];
    snprintf(path, sizeof path, "%s", name_of(folder, 7, ""));
    size_t n = 0;
    char *bytes = test_file_read(path, &n);
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t length = i < n ? n : i - n;
        if (i < n) bytes[i] ^= 4;
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, length, file), length);
        fclose(file);
        if (i < n) bytes[i] ^= 4;
        assert_false(get_bytes(&store, 7, 200));
    }
    free(bytes);
    /* no regular file */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_false(get_bytes(&store, 7, 200));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(get_bytes(&store, 7, 200));
    test_folder_remove(folder);
}

/* What was not used for the longest time goes first; use is remembered by get. */
static void test_least_recently_used(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const int64_t each = 1000 + PS_STORE_HEAD + PS_STORE_TAIL;
    const ps_store store = {folder, 3 * each};
    for (uint64_t i = 0; i < 3; i++) {
        put_bytes(&store, i, 1000);
        assert_true(get_bytes(&store, i, 1000));
        set_age(name_of(folder, i, ".checked"), 1000 - (long)i);
        set_age(name_of(folder, i, ""), 1000 - (long)i);
        assert_true(get_bytes(&store, i, 1000)); /* changed, so checked again */
        set_age(name_of(folder, i, ".checked"), 1000 - (long)i);
    }
    assert_true(get_bytes(&store, 0, 1000)); /* the oldest is the newest now */
    put_bytes(&store, 3, 1000);
    assert_int_equal(folder_bytes(folder), 3 * each);
    assert_true(get_bytes(&store, 0, 1000));
    assert_false(get_bytes(&store, 1, 1000));
    assert_true(get_bytes(&store, 2, 1000));
    assert_true(get_bytes(&store, 3, 1000));
    assert_int_equal(access(name_of(folder, 1, ".checked"), F_OK), -1);
    /* one that fills all, one that is too large, one when nothing may be kept */
    put_bytes(&store, 4, (size_t)(3 * each) - PS_STORE_HEAD - PS_STORE_TAIL);
    assert_int_equal(folder_bytes(folder), 3 * each);
    put_bytes(&store, 5, (size_t)(3 * each) - PS_STORE_HEAD - PS_STORE_TAIL + 1);
    assert_false(get_bytes(&store, 5, 1));
    assert_true(get_bytes(&store, 4, (size_t)(3 * each) - PS_STORE_HEAD - PS_STORE_TAIL));
    const ps_store nothing = {folder, 0};
    put_bytes(&nothing, 6, 8);
    assert_false(get_bytes(&nothing, 4, 8));
    assert_false(get_bytes(&store, 6, 8));
    test_folder_remove(folder);
}

/* A file in use may be removed: its reader goes on. */
static void test_removed_in_use(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const ps_store store = {folder, 20000};
    put_bytes(&store, 1, 10000);
    const ps_store_key key = key_of(1);
    ps_stored *found = NULL;
    assert_true(ps_store_get(&store, kind, &key, &found));
    put_bytes(&store, 2, 19000);
    assert_false(get_bytes(&store, 1, 10000));
    for (size_t i = 0; i < 10000; i += 8) {
        const uint64_t word = 1000003 + i;
        assert_memory_equal((char *)found->body + i, &word, 8);
    }
    ps_stored_is_sound(found); /* its .checked is of no use, and goes with the next */
    ps_stored_release(found);
    put_bytes(&store, 3, 10);
    assert_false(get_bytes(&store, 1, 10000));
    assert_int_equal(access(name_of(folder, 1, ".checked"), F_OK), -1);
    test_folder_remove(folder);
}

/* What others put there is left alone, what was left behind is not. */
static void test_other_files(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const ps_store store = {folder, 4000};
    static const char *const theirs[] = {"notes.txt", "0123456789abcdef0123456789abcdef",
                                         ".new", "x.areas",
                                         "0123456789abcdef0123456789abcdef.AREAS"};
    for (size_t i = 0; i < 5; i++) {
        char big[5000] = {0};
        test_file_write(folder, theirs[i], big, sizeof big);
        set_age(test_path(folder, theirs[i]), 900000);
    }
    test_file_write(folder, ".new-abcdef", "x", 1);
    test_file_write(folder, ".new-ghijkl", "x", 1);
    set_age(test_path(folder, ".new-ghijkl"), 90000);
    assert_int_equal(
        mkdir(test_path(folder, "00000000000000000000000000000000.areas"), 0700), 0);
    put_bytes(&store, 1, 3000);
    put_bytes(&store, 2, 3000);
    assert_false(get_bytes(&store, 1, 3000));
    assert_true(get_bytes(&store, 2, 3000));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(access(test_path(folder, theirs[i]), F_OK), 0);
    assert_int_equal(access(test_path(folder, ".new-abcdef"), F_OK), 0);
    assert_int_equal(access(test_path(folder, ".new-ghijkl"), F_OK), -1);
    assert_int_equal(test_folder_entries(folder), 5 + 1 + 1 + 2);
    test_folder_remove(folder);
}

/* No folder, none that can be made or written, no room on the disk: nothing happens. */
static void test_harmless(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const char *file = test_file_write(folder, "file", "x", 1);
    char below[600];
    snprintf(below, sizeof below, "%s/below", file);
    const char *const folders[] = {NULL,       "", "relative", below, "/proc/nowhere",
                                   "/dev/full"};
    for (size_t i = 0; i < 6; i++) {
        const ps_store store = {folders[i], INT64_MAX};
        put_bytes(&store, 1, 100);
        assert_false(get_bytes(&store, 1, 100));
    }
    if (geteuid() != 0) {
        const ps_store store = {folder, INT64_MAX};
        put_bytes(&store, 1, 100);
        assert_int_equal(chmod(folder, 0500), 0);
        put_bytes(&store, 2, 100);
        assert_true(get_bytes(&store, 1, 100));
        assert_false(get_bytes(&store, 2, 100));
        assert_int_equal(chmod(folder, 0700), 0);
    }
    test_folder_remove(folder);
}

/* Files that end at the limit of this process, as they do on a full disk. */
static void test_full(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const ps_store store = {folder, INT64_MAX};
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit most = {100000, 100000};
        if (setrlimit(RLIMIT_FSIZE, &most) != 0) _exit(2);
        put_bytes(&store, 1, 1000000);
        const bool there = get_bytes(&store, 1, 1000000);
        _exit(there || test_folder_entries(folder) != 0);
    }
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    test_folder_remove(folder);
}

/* Many processes in one folder that holds a part of what they need. */
static void test_processes(void **state) {
    (void)state;
    enum { PROCESSES = 6, STEPS = 400, KEYS = 12, LIMIT = 60000 };
    char *folder = test_folder_make();
    const ps_store store = {folder, LIMIT};
    pid_t child[PROCESSES];
    for (int p = 0; p < PROCESSES; p++) {
        child[p] = fork();
        assert_true(child[p] >= 0);
        if (child[p] != 0) continue;
        uint64_t seed = (uint64_t)p;
        size_t hits = 0;
        for (int i = 0; i < STEPS; i++) {
            const uint64_t key = test_random_below(&seed, KEYS);
            const size_t n = 1000 + (size_t)key * 1000;
            if (get_bytes(&store, key, n))
                hits++;
            else
                put_bytes(&store, key, n);
        }
        _exit(hits > 10 ? 0 : 1);
    }
    for (int p = 0; p < PROCESSES; p++) {
        int code = -1;
        assert_int_equal(waitpid(child[p], &code, 0), child[p]);
        assert_int_equal(code, 0);
    }
    assert_true(folder_bytes(folder) <= LIMIT);
    test_folder_remove(folder);
}

typedef struct lack {
    ps_store store;
} lack;

static ps_status lacking(void *context, ps_error *err) {
    const lack *l = context;
    put_bytes(&l->store, 1, 100);
    return get_bytes(&l->store, 1, 100) ? PS_OK : ps_fail_nomem(err);
}

static void test_out_of_memory(void **state) {
    (void)state;
    char *folder = test_folder_make();
    lack l = {{folder, INT64_MAX}};
    assert_true(test_each_allocation_fails(lacking, &l) >= 3);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_filled_in_later),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_least_recently_used),
        cmocka_unit_test(test_removed_in_use),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
