/* Whole or not at all: what stands in the folder before, during and after, with every
 * kind of failure in between.
 */
#include "engine/core/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/core/digest.h"
#include "tests/support/test.h"

static void assert_file(const char *path, const char *expected) {
    char *text = test_file_read(path, NULL);
    if (text == NULL) fail_msg("%s is not there", path);
    assert_string_equal(text, expected);
    free(text);
}

static bool is_there(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

static void write_member(ps_output_set *set, const char *name, const char *text) {
    ps_output *output;
    assert_int_equal(ps_output_set_begin(set, name, &output, NULL), PS_OK);
    ps_output_text(output, text);
    assert_int_equal(ps_output_finish(output, NULL), PS_OK);
}

static void a_set_appears_with_its_commit(void **state) {
    (void)state;
    char *root = test_folder_make();
    const char *folder = test_path(root, "out");
    ps_output_set *set;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_output_set_open(folder, &set, &err), PS_OK);
    write_member(set, "counts.csv", "area,count\n");
    const char *path;
    assert_int_equal(ps_output_set_path(set, "map.gpkg", &path, &err), PS_OK);
    assert_string_equal(strrchr(path, '/'), "/map.gpkg"); /* drivers go by the ending */
    FILE *foreign = fopen(path, "w");
    assert_non_null(foreign);
    fputs("abc", foreign);
    fclose(foreign);
    char side[1024];
    snprintf(side, sizeof side, "%s-journal", path);
    fclose(fopen(side, "w"));

    assert_int_equal(ps_output_set_size(set), 2);
    assert_string_equal(ps_output_set_name(set, 0), "counts.csv");
    assert_string_equal(ps_output_set_name(set, 1), "map.gpkg");
    char hex[65], expected[65];
    int64_t bytes;
    assert_int_equal(ps_output_set_digest(set, 1, hex, &bytes, &err), PS_OK);
    assert_int_equal(ps_digest_bytes("abc", 3, expected, &err), PS_OK);
    assert_string_equal(hex, expected);
    assert_int_equal(bytes, 3);

    /* Until now nothing but the hidden folder is there. */
    assert_int_equal(test_folder_entries(folder), 1);
    assert_false(is_there(test_path(folder, "counts.csv")));
    assert_int_equal(ps_output_set_commit(set, &err), PS_OK);
    assert_int_equal(test_folder_entries(folder), 2);
    assert_file(test_path(folder, "counts.csv"), "area,count\n");
    assert_file(test_path(folder, "map.gpkg"), "abc");
    mode_t mask = umask(0);
    umask(mask);
    struct stat info;
    assert_int_equal(stat(test_path(folder, "counts.csv"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
    test_folder_remove(root);
}

static void an_abandoned_set_leaves_nothing(void **state) {
    (void)state;
    char *root = test_folder_make();
    char folder[1024];
    strcpy(folder, test_path(root, "out"));
    ps_output_set *set;
    ps_output *open;
    for (int order = 0; order < 2; order++) {
        assert_int_equal(ps_output_set_open(folder, &set, NULL), PS_OK);
        write_member(set, "a.csv", "new");
        assert_int_equal(ps_output_set_begin(set, "b.csv", &open, NULL), PS_OK);
        ps_output_text(open, "half");
        if (order == 0) ps_output_abandon(open);
        ps_output_set_abandon(set);
        if (order == 1) ps_output_abandon(open);
        assert_false(is_there(folder)); /* it was made for the set */
    }
    assert_int_equal(mkdir(folder, 0777), 0);
    test_file_write(folder, "a.csv", "old", 3);
    assert_int_equal(ps_output_set_open(folder, &set, NULL), PS_OK);
    write_member(set, "a.csv", "new");
    ps_output_set_abandon(set);
    assert_int_equal(test_folder_entries(folder), 1);
    assert_file(test_path(folder, "a.csv"), "old");
    ps_output_set_abandon(NULL);
    ps_output_abandon(NULL);
    test_folder_remove(root);
}

static void an_unfinished_member_stops_the_commit(void **state) {
    (void)state;
    char *folder = test_folder_make();
    for (int kind = 0; kind < 3; kind++) {
        ps_output_set *set;
        ps_output *open = NULL;
        const char *path;
        ps_error err = {PS_OK, ""};
        char hex[65];
        int64_t bytes;
        assert_int_equal(ps_output_set_open(folder, &set, NULL), PS_OK);
        write_member(set, "a.csv", "a");
        if (kind < 2) {
            assert_int_equal(ps_output_set_begin(set, "b.csv", &open, NULL), PS_OK);
            if (kind == 1) ps_output_abandon(open);
            assert_int_equal(ps_output_set_digest(set, 1, hex, &bytes, &err), PS_OUTPUT);
        } else { /* promised to a foreign writer, never written */
            assert_int_equal(ps_output_set_path(set, "b.csv", &path, NULL), PS_OK);
        }
        assert_int_equal(ps_output_set_commit(set, &err), PS_OUTPUT);
        assert_non_null(strstr(err.text, "b.csv"));
        if (kind == 0) assert_int_equal(ps_output_finish(open, NULL), PS_OK);
        assert_int_equal(test_folder_entries(folder), 0);
    }
    test_folder_remove(folder);
}

static void a_rename_that_fails_takes_back_the_others(void **state) {
    (void)state;
    char *folder = test_folder_make();
    test_file_write(folder, "a.csv", "old a", 5);
    ps_output_set *set;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_output_set_open(folder, &set, NULL), PS_OK);
    write_member(set, "a.csv", "new a");
    write_member(set, "b.csv", "new b");
    write_member(set, "c.csv", "new c");
    assert_int_equal(mkdir(test_path(folder, "c.csv"), 0777), 0);
    assert_int_equal(ps_output_set_commit(set, &err), PS_OUTPUT);
    assert_non_null(strstr(err.text, "c.csv"));
    assert_file(test_path(folder, "a.csv"), "old a");
    assert_false(is_there(test_path(folder, "b.csv")));
    assert_int_equal(test_folder_entries(folder), 2);
    test_folder_remove(folder);
}

static void names_are_checked(void **state) {
    (void)state;
    char *folder = test_folder_make();
    ps_output_set *set;
    ps_output *output;
    const char *path;
    assert_int_equal(ps_output_set_open(folder, &set, NULL), PS_OK);
    static const char *const bad[] = {"", ".", "..", "a/b", "/a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ps_output_set_begin(set, bad[i], &output, NULL), PS_CONFIG);
        assert_null(output);
    }
    write_member(set, "a", "a");
    assert_int_equal(ps_output_set_path(set, "a", &path, NULL), PS_CONFIG);
    assert_int_equal(mkdir(test_path(folder, "b"), 0777), 0);
    assert_int_equal(ps_output_set_begin(set, "b", &output, NULL), PS_OUTPUT);
    assert_int_equal(ps_output_set_size(set), 1);
    assert_int_equal(ps_output_set_commit(set, NULL), PS_OK);
    test_folder_remove(folder);
}

static void folders_that_cannot_be_are_refused(void **state) {
    (void)state;
    char *root = test_folder_make();
    ps_output_set *set;
    ps_error err = {PS_OK, ""};
    const char *file = test_file_write(root, "file", "", 0);
    assert_int_equal(ps_output_set_open(file, &set, &err), PS_OUTPUT);
    assert_non_null(strstr(err.text, file));
    assert_null(set);
    assert_int_equal(ps_output_set_open(test_path(root, "no/such"), &set, &err),
                     PS_OUTPUT);
    assert_non_null(strstr(err.text, "no/such"));
    assert_int_equal(ps_output_set_open(test_path(root, "file/x"), &set, &err),
                     PS_OUTPUT);
    assert_int_equal(test_folder_entries(root), 1);
    test_folder_remove(root);
}

static void a_single_file_is_replaced_whole(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char path[1024], link[1024];
    strcpy(path, test_file_write(folder, "a.csv", "old", 3));
    strcpy(link, test_path(folder, "link.csv"));
    assert_int_equal(symlink("a.csv", link), 0);
    ps_output *output;
    assert_int_equal(ps_output_open(path, &output, NULL), PS_OK);
    ps_output_text(output, "new");
    assert_file(path, "old");
    assert_int_equal(ps_output_commit(output, NULL), PS_OK);
    assert_file(path, "new");

    assert_int_equal(ps_output_open(path, &output, NULL), PS_OK);
    ps_output_text(output, "newer");
    ps_output_abandon(output);
    assert_file(path, "new");

    assert_int_equal(ps_output_open(link, &output, NULL), PS_OK);
    ps_output_text(output, "through a link");
    assert_int_equal(ps_output_commit(output, NULL), PS_OK);
    assert_file(path, "through a link");
    struct stat info;
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(test_folder_entries(folder), 2);

    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_output_open(test_path(folder, "no/a.csv"), &output, &err),
                     PS_OUTPUT);
    assert_non_null(strstr(err.text, "no/a.csv"));
    assert_null(output);
    assert_int_equal(ps_output_open(folder, &output, &err), PS_OUTPUT);
    assert_int_equal(test_folder_entries(folder), 2);
    test_folder_remove(folder);
}

static void relative_paths_stand_in_the_working_folder(void **state) {
    (void)state;
    char *folder = test_folder_make();
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    ps_output *output;
    assert_int_equal(ps_output_open("a.csv", &output, NULL), PS_OK);
    ps_output_text(output, "x");
    assert_int_equal(ps_output_commit(output, NULL), PS_OK);
    ps_output_set *set;
    assert_int_equal(ps_output_set_open("", &set, NULL), PS_OK);
    write_member(set, "b.csv", "y");
    assert_int_equal(ps_output_set_commit(set, NULL), PS_OK);
    assert_int_equal(chdir(before), 0);
    assert_file(test_path(folder, "a.csv"), "x");
    assert_file(test_path(folder, "b.csv"), "y");
    test_folder_remove(folder);
}

static void devices_and_pipes_are_written_as_they_come(void **state) {
    (void)state;
    ps_output *output;
    ps_error err = {PS_OK, ""};
    struct stat info;
    assert_int_equal(ps_output_open("/dev/null", &output, NULL), PS_OK);
    ps_output_text(output, "gone");
    assert_int_equal(ps_output_commit(output, NULL), PS_OK);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(ps_output_open("/dev/full", &output, NULL), PS_OK);
    ps_output_text(output, "too much");
    assert_int_equal(ps_output_commit(output, &err), PS_OUTPUT);
    assert_int_equal(err.status, PS_OUTPUT);
    assert_non_null(strstr(err.text, "/dev/full"));
    assert_non_null(strstr(err.text, "space"));
}

/* What "-" writes, seen from outside. */
static void standard_output_is_a_dash(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        ps_output *output;
        if (ps_output_open("-", &output, NULL) != PS_OK) _exit(1);
        ps_output_text(output, "to standard output");
        _exit(ps_output_commit(output, NULL) == PS_OK ? 0 : 1);
    }
    close(ends[1]);
    char text[64] = "";
    assert_int_equal(read(ends[0], text, sizeof text - 1), 18);
    assert_string_equal(text, "to standard output");
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    close(ends[0]);
}

/* What write leaves in a file. */
static void collect(void (*write)(ps_output *output), char **text, size_t *n) {
    char *folder = test_folder_make();
    const char *path = test_path(folder, "x");
    ps_output *output;
    assert_int_equal(ps_output_open(path, &output, NULL), PS_OK);
    write(output);
    assert_int_equal(ps_output_commit(output, NULL), PS_OK);
    *text = test_file_read(path, n);
    test_folder_remove(folder);
}

static void write_much(ps_output *output) {
    for (int i = 0; i < 100000; i++) ps_output_printf(output, "%d,", i);
    char wide[3000];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    ps_output_printf(output, "%s", wide);
    static char large[400000];
    memset(large, 'l', sizeof large);
    ps_output_write(output, large, sizeof large);
    ps_output_str(output, (ps_str){NULL, 0});
}

static void no_byte_is_lost_at_the_edge_of_the_buffer(void **state) {
    (void)state;
    char *text;
    size_t n, at = 0;
    collect(write_much, &text, &n);
    for (int i = 0; i < 100000; i++) {
        char part[16];
        int length = snprintf(part, sizeof part, "%d,", i);
        assert_memory_equal(text + at, part, (size_t)length);
        at += (size_t)length;
    }
    for (int i = 0; i < 2999; i++) assert_int_equal(text[at++], 'w');
    for (int i = 0; i < 400000; i++) assert_int_equal(text[at++], 'l');
    assert_int_equal(at, n);
    free(text);
}

static const int64_t integers[] = {
    0,         1,         -1,    9,         10,        -10,         99,           100,
    INT64_MAX, INT64_MIN, 12345, INT32_MIN, INT32_MAX, -1234567890, 1000000000000};

static void write_integers(ps_output *output) {
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        ps_output_int(output, integers[i]);
        ps_output_text(output, "\n");
    }
}

static void integers_are_those_of_printf(void **state) {
    (void)state;
    char *text, expected[1024];
    size_t n, at = 0;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        at += (size_t)snprintf(expected + at, sizeof expected - at, "%" PRId64 "\n",
                               integers[i]);
    collect(write_integers, &text, &n);
    assert_string_equal(text, expected);
    free(text);
}

static const char *const fields[][2] = {
    {"", ""},
    {"plain", "plain"},
    {"two words", "two words"},
    {"a,b", "\"a,b\""},
    {"say \"x\"", "\"say \"\"x\"\"\""},
    {"\"", "\"\"\"\""},
    {"a\nb", "\"a\nb\""},
    {"a\rb", "\"a\rb\""},
    {" a", "\" a\""},
    {"a ", "\"a \""},
    {"a\t", "\"a\t\""},
    {"a;b", "a;b"},
    {"caf\xC3\xA9", "caf\xC3\xA9"},
    /* What a spreadsheet would run. */
    {"=1+1", "'=1+1"},
    {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
    {"+44 113", "'+44 113"},
    {"-", "'-"},
    {"-x", "'-x"},
    {"@a", "'@a"},
    {"\tx", "'\tx"},
    {"\rx", "\"'\rx\""},
    {"-1.5", "-1.5"},
    {"+3", "+3"},
    {"-1e5", "-1e5"},
    {"-1,234", "\"'-1,234\""},
    {"=", "'="},
    {"1=1", "1=1"},
};

static void write_fields(ps_output *output) {
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        ps_output_csv_field(output, ps_str_of(fields[i][0]));
        ps_output_write(output, "|", 1);
    }
    ps_output_csv_field(output, (ps_str){NULL, 0});
}

static void csv_fields_are_quoted_and_guarded(void **state) {
    (void)state;
    char *text, expected[2048] = "";
    size_t n;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        strcat(expected, fields[i][1]);
        strcat(expected, "|");
    }
    collect(write_fields, &text, &n);
    assert_string_equal(text, expected);
    free(text);
}

static void write_json(ps_output *output) {
    ps_output_json(output, ps_str_of("plain caf\xC3\xA9 \xF0\x9F\x98\x80"));
    ps_output_json(output, ps_str_of("q\" b\\ n\n r\r t\t b\b f\f"));
    ps_output_json(output, (ps_str){"\0\x1F\x7F", 3});
    ps_output_json(output, ps_str_of("caf\xE9, caf\xC3\xA9\xC3 \xE2\x82"));
    ps_output_json(output, (ps_str){NULL, 0});
}

static void json_strings_are_valid(void **state) {
    (void)state;
    char *text;
    size_t n;
    collect(write_json, &text, &n);
    assert_string_equal(
        text,
        "\"plain caf\xC3\xA9 \xF0\x9F\x98\x80\""
        "\"q\\\" b\\\\ n\\n r\\r t\\t b\\b f\\f\""
        "\"\\u0000\\u001f\x7F\""
        "\"caf\xEF\xBF\xBD, caf\xC3\xA9\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\""
        "\"\"");
    free(text);
}

static ps_status write_set(void *context, ps_error *err) {
    const char *folder = context;
    ps_output_set *set = NULL;
    ps_output *output = NULL;
    const char *path;
    PS_TRY(ps_output_set_open(folder, &set, err));
    ps_status status = ps_output_set_begin(set, "a.csv", &output, err);
    if (status == PS_OK) {
        char wide[3000];
        memset(wide, 'w', sizeof wide - 1);
        wide[sizeof wide - 1] = '\0';
        ps_output_printf(output, "%s", wide);
        status = ps_output_finish(output, err);
    }
    if (status == PS_OK) status = ps_output_set_path(set, "b.gpkg", &path, err);
    if (status == PS_OK) {
        FILE *foreign = fopen(path, "w");
        assert_non_null(foreign);
        fclose(foreign);
        char hex[65];
        int64_t bytes;
        status = ps_output_set_digest(set, 0, hex, &bytes, err);
    }
    if (status == PS_OK) return ps_output_set_commit(set, err);
    ps_output_set_abandon(set);
    assert_int_equal(access(folder, F_OK), -1);
    return status;
}

static ps_status write_alone(void *context, ps_error *err) {
    ps_output *output;
    PS_TRY(ps_output_open(context, &output, err));
    ps_output_text(output, "x");
    return ps_output_commit(output, err);
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    char *root = test_folder_make();
    char path[1024];
    strcpy(path, test_path(root, "out"));
    assert_true(test_each_allocation_fails(write_set, path) > 10);
    assert_int_equal(test_folder_entries(path), 2);
    strcpy(path, test_path(root, "alone.csv"));
    assert_true(test_each_allocation_fails(write_alone, path) > 5);
    assert_int_equal(test_folder_entries(root), 2);
    test_folder_remove(root);
}

static ps_status keep_much(void *context, ps_error *err) {
    size_t *total = context;
    ps_output *kept = NULL;
    ps_status status = ps_output_keep(&kept, err);
    if (status != PS_OK) return status;
    *total = 0;
    for (int64_t i = 0; i < 100000; i++) ps_output_int(kept, i);
    ps_str view = ps_output_kept(kept);
    *total = view.n;
    bool right = view.n > 20 && memcmp(view.p, "01234567891011", 14) == 0 &&
                 memcmp(view.p + view.n - 5, "99999", 5) == 0;
    const ps_status said = ps_output_status(kept, NULL);
    status = ps_output_commit(kept, err);
    assert_int_equal(said, status);
    assert_true(status != PS_OK || right);
    return status;
}

static void bytes_can_stay_in_memory(void **state) {
    (void)state;
    size_t total;
    assert_true(test_each_allocation_fails(keep_much, &total) > 3);
    assert_int_equal(total, 488890);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_appears_with_its_commit),
        cmocka_unit_test(an_abandoned_set_leaves_nothing),
        cmocka_unit_test(an_unfinished_member_stops_the_commit),
        cmocka_unit_test(a_rename_that_fails_takes_back_the_others),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(folders_that_cannot_be_are_refused),
        cmocka_unit_test(a_single_file_is_replaced_whole),
        cmocka_unit_test(relative_paths_stand_in_the_working_folder),
        cmocka_unit_test(devices_and_pipes_are_written_as_they_come),
        cmocka_unit_test(standard_output_is_a_dash),
        cmocka_unit_test(no_byte_is_lost_at_the_edge_of_the_buffer),
        cmocka_unit_test(integers_are_those_of_printf),
        cmocka_unit_test(csv_fields_are_quoted_and_guarded),
        cmocka_unit_test(json_strings_are_valid),
        cmocka_unit_test(bytes_can_stay_in_memory),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
