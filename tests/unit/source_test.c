/* What patterns expand to, what is refused, and that every packing gives the same bytes.
 */
#include "engine/core/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "tests/support/test.h"

static const char *const csv_only[] = {".csv", ".csv.gz", NULL};

static int make_folder(void **state) {
    *state = test_folder_make();
    return *state == NULL;
}

static int remove_folder(void **state) {
    test_folder_remove(*state);
    return 0;
}

static void write_text(const char *folder, const char *name, const char *text) {
    assert_non_null(test_file_write(folder, name, text, strlen(text)));
}

static void make_dir(const char *folder, const char *name) {
    assert_int_equal(mkdir(test_path(folder, name), 0700), 0);
}

/* All names of an expansion, one a line. */
static char *expand_all(const char *const *patterns, size_t n, const char *base) {
    ps_source_list *list;
    ps_error err = {PS_OK, ""};
    ps_status status = ps_source_list_open(patterns, n, base, csv_only, &list, &err);
    if (status != PS_OK) fail_msg("%s", err.text);
    char *text = calloc(4096, 1);
    assert_non_null(text);
    for (size_t i = 0; i < ps_source_list_size(list); i++) {
        strncat(text, ps_source_list_get(list, i)->name, 4095 - strlen(text));
        strncat(text, "\n", 4095 - strlen(text));
    }
    ps_source_list_free(list);
    return text;
}

static void assert_expands(const char *pattern, const char *base, const char *expected) {
    char *found = expand_all(&pattern, 1, base);
    assert_string_equal(found, expected);
    free(found);
}

static ps_status refused(const char *pattern, const char *base, ps_error *err) {
    ps_source_list *list;
    *err = (ps_error){PS_OK, ""};
    ps_status status = ps_source_list_open(&pattern, 1, base, csv_only, &list, err);
    assert_null(list);
    assert_int_equal(status, err->status);
    return status;
}

static void assert_refused(const char *pattern, const char *base, ps_status status,
                           const char *says) {
    ps_error err;
    assert_int_equal(refused(pattern, base, &err), status);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void patterns_expand_in_byte_order(void **state) {
    const char *folder = *state;
    make_dir(folder, "2018-02");
    make_dir(folder, "2018-01");
    make_dir(folder, "2018-01/deep");
    write_text(folder, "2018-02/a.csv", "x\n");
    write_text(folder, "2018-02/notes.txt", "x\n");
    write_text(folder, "2018-02/._a.csv", "x\n");
    write_text(folder, "2018-01/B.CSV", "x\n");
    write_text(folder, "2018-01/a.csv", "x\n");
    write_text(folder, "2018-01/deep/z.csv", "x\n");
    write_text(folder, "odd[1].csv", "x\n");
    write_text(folder, "odd1.csv", "x\n");
    assert_expands("2018-02/a.csv", folder, "2018-02/a.csv\n");
    assert_expands("./2018-02/notes.txt", folder, "./2018-02/notes.txt\n");
    assert_expands("2018-01", folder,
                   "2018-01/B.CSV\n2018-01/a.csv\n2018-01/deep/z.csv\n");
    assert_expands("2018-*/a.csv", folder, "2018-01/a.csv\n2018-02/a.csv\n");
    assert_expands("2018-0[!1]/*", folder, "2018-02/a.csv\n2018-02/notes.txt\n");
    assert_expands("2018-0[1-1]/?.csv", folder, "2018-01/a.csv\n");
    /* A name that exists is that file, and can be escaped otherwise. */
    assert_expands("odd[1].csv", folder, "odd[1].csv\n");
    assert_expands("odd\\[1].cs*", folder, "odd[1].csv\n");
    assert_expands("odd[12].csv", folder, "odd1.csv\n");
    const char *two[] = {"2018-02/a.csv", "2018-01/a.csv"};
    char *both = expand_all(two, 2, folder);
    assert_string_equal(both, "2018-01/a.csv\n2018-02/a.csv\n");
    free(both);
    /* Absolute patterns do not care about the base. */
    char expected[600];
    snprintf(expected, sizeof expected, "%s\n", test_path(folder, "odd1.csv"));
    assert_expands(test_path(folder, "odd1.csv"), "/nowhere", expected);
}

static void what_is_not_there_is_named(void **state) {
    const char *folder = *state;
    make_dir(folder, "crime");
    make_dir(folder, "empty");
    write_text(folder, "crime/2018-05-street.csv", "x\n");
    write_text(folder, "empty/readme.txt", "x\n");
    assert_refused("crime/2018-05-stret.csv", folder, PS_INPUT,
                   "the nearest name there is '2018-05-street.csv'");
    assert_refused("crim/2018-05-street.csv", folder, PS_INPUT, "'crime'");
    assert_refused("crime/*.gz", folder, PS_INPUT, "there is no '*.gz'");
    assert_refused("crime/2018-05-street.csv/x", folder, PS_INPUT, "matches nothing");
    assert_refused("empty", folder, PS_INPUT, "holds no file ending in .csv or .csv.gz");
    assert_refused("a.csv", "/no such folder", PS_INPUT, "/no such folder");
    assert_int_equal(symlink("gone", test_path(folder, "empty/lost.csv")), 0);
    assert_refused("empty", folder, PS_INPUT, "lost.csv");
    assert_int_equal(mkfifo(test_path(folder, "pipe.csv"), 0600), 0);
    assert_refused("pipe.csv", folder, PS_INPUT, "neither a file nor a folder");
}

static void addresses_are_refused(void **state) {
    (void)state;
    assert_refused("", NULL, PS_CONFIG, "empty name");
    assert_refused("https://data.police.uk/data/archive/latest.zip", NULL, PS_CONFIG,
                   "is an address");
    assert_refused("file:///etc/passwd", NULL, PS_CONFIG, "is an address");
    assert_refused("/vsicurl/http:/x/y.csv", NULL, PS_CONFIG, "virtual path");
    assert_refused("//vsizip/latest.zip", NULL, PS_CONFIG, "virtual path");
    char *pattern = malloc(6000);
    assert_non_null(pattern);
    memset(pattern, 'a', 5999);
    pattern[5999] = '\0';
    assert_refused(pattern, NULL, PS_CONFIG, "more than 4096 bytes");
    free(pattern);
}

static void links_are_bounded(void **state) {
    const char *folder = *state;
    char deep[400] = "d";
    make_dir(folder, deep);
    write_text(folder, "d/a.csv", "x\n");
    assert_int_equal(symlink("..", test_path(folder, "d/up")), 0);
    assert_int_equal(symlink(".", test_path(folder, "d/self")), 0);
    assert_expands("d", folder, "d/a.csv\n");
    for (int i = 0; i < PS_SOURCE_MAX_DEPTH; i++) {
        strcat(deep, "/d");
        make_dir(folder, deep);
    }
    assert_expands("d", folder, "d/a.csv\n");
    strcat(deep, "/d");
    make_dir(folder, deep);
    assert_refused("d", folder, PS_LIMIT, "16 folders deep");
}

static void the_same_file_counts_once(void **state) {
    const char *folder = *state;
    write_text(folder, "a.csv", "x\n");
    write_text(folder, "b.csv", "x\n");
    assert_int_equal(symlink("a.csv", test_path(folder, "latest.csv")), 0);
    assert_refused("*.csv", folder, PS_CONFIG, "'a.csv' and 'latest.csv'");
    const char *twice[] = {"a.csv", "b.csv", "./a.csv"};
    ps_source_list *list;
    ps_error err;
    assert_int_equal(ps_source_list_open(twice, 3, folder, csv_only, &list, &err),
                     PS_CONFIG);
    assert_null(list);
}

/* ---- archives ---- */

typedef struct member {
    const char *name;
    const void *bytes;
    size_t n;
    bool locked;
} member;

static const char *write_zip(const char *folder, const char *name, const member *members,
                             size_t n) {
    const char *path = test_path(folder, name);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (size_t i = 0; i < n; i++) {
        zip_source_t *source = zip_source_buffer(zip, members[i].bytes, members[i].n, 0);
        assert_non_null(source);
        zip_int64_t at = zip_file_add(zip, members[i].name, source, ZIP_FL_ENC_UTF_8);
        assert_true(at >= 0);
        if (members[i].locked)
            assert_int_equal(
                zip_file_set_encryption(zip, (zip_uint64_t)at, ZIP_EM_AES_128, "secret"),
                0);
    }
    assert_int_equal(zip_close(zip), 0);
    return path;
}

static void archives_expand_to_their_members(void **state) {
    const char *folder = *state;
    const member members[] = {
        {"2018-06/2018-06-x-street.csv", "x\n2\n", 4, false},
        {"2018-05/2018-05-x-street.csv", "x\n1\n", 4, false},
        {"2018-05/2018-05-x-outcomes.csv", "x\n3\n", 4, false},
        {"2018-05/readme.txt", "?", 1, false},
        {"__MACOSX/2018-05/._2018-05-x-street.csv", "?", 1, false},
        {"2018-05/.hidden.csv", "?", 1, false},
    };
    write_zip(folder, "latest.zip", members, 6);
    assert_expands("latest.zip", folder,
                   "latest.zip/2018-05/2018-05-x-outcomes.csv\n"
                   "latest.zip/2018-05/2018-05-x-street.csv\n"
                   "latest.zip/2018-06/2018-06-x-street.csv\n");
    assert_expands("latest.zip/*/*-street.csv", folder,
                   "latest.zip/2018-05/2018-05-x-street.csv\n"
                   "latest.zip/2018-06/2018-06-x-street.csv\n");
    assert_expands("late*.zip/2018-06", folder,
                   "latest.zip/2018-06/2018-06-x-street.csv\n");
    assert_expands("latest.zip/2018-05/readme.txt", folder,
                   "latest.zip/2018-05/readme.txt\n");
    assert_refused("latest.zip/2018-05/2018-05-x-stret.csv", folder, PS_INPUT,
                   "the nearest name there is '2018-05/2018-05-x-street.csv'");
    assert_refused("latest.zip/2019-*", folder, PS_INPUT, "matches nothing");
    const member notes[] = {{"a.txt", "?", 1, false}};
    write_zip(folder, "notes.zip", notes, 1);
    assert_refused("notes.zip", folder, PS_INPUT, "holds no file ending in");
    write_text(folder, "page.zip", "<html>not a zip</html>");
    assert_refused("page.zip", folder, PS_FORMAT, "not a whole ZIP archive");
}

static void hostile_archives_are_refused(void **state) {
    const char *folder = *state;
    const member up[] = {{"a/../../b.csv", "x\n", 2, false}};
    write_zip(folder, "up.zip", up, 1);
    assert_refused("up.zip", folder, PS_LIMIT, "points outside");
    const member root[] = {{"/etc/b.csv", "x\n", 2, false}};
    write_zip(folder, "root.zip", root, 1);
    assert_refused("root.zip", folder, PS_LIMIT, "points outside");
    const member windows[] = {{"..\\b.csv", "x\n", 2, false}};
    write_zip(folder, "windows.zip", windows, 1);
    assert_refused("windows.zip", folder, PS_LIMIT, "points outside");
    const member locked[] = {{"a.csv", "x\n", 2, true}};
    write_zip(folder, "locked.zip", locked, 1);
    assert_refused("locked.zip", folder, PS_UNSUPPORTED, "encrypted");
    zip_t *zip = zip_open(test_path(folder, "many.zip"), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (int i = 0; i <= PS_SOURCE_MAX_MEMBERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.csv", i);
        zip_source_t *source = zip_source_buffer(zip, "", 0, 0);
        zip_int64_t at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
        assert_true(at >= 0);
        assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0),
                         0);
    }
    assert_int_equal(zip_close(zip), 0);
    assert_refused("many.zip", folder, PS_LIMIT, "more than the 100000");
}

/* ---- streams ---- */

static unsigned char *pack(const void *bytes, size_t n, size_t *packed) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    size_t room = deflateBound(&z, n) + 64;
    unsigned char *out = malloc(room);
    unsigned char *in = malloc(n > 0 ? n : 1);
    assert_true(out != NULL && in != NULL);
    memcpy(in, bytes, n);
    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed = room - z.avail_out;
    deflateEnd(&z);
    free(in);
    return out;
}

/* All bytes of a stream, read in pieces of size step. */
static ps_status drain(ps_stream *stream, size_t step, char *out, size_t room, size_t *n,
                       ps_error *err) {
    char buffer[5000];
    int64_t before = 0;
    *n = 0;
    for (;;) {
        size_t got;
        ps_status status = ps_stream_read(stream, buffer, step, &got, err);
        if (status != PS_OK || got == 0) return status;
        assert_true(got <= step);
        if (*n + got <= room) memcpy(out + *n, buffer, got);
        *n += got;
        assert_true(ps_stream_position(stream) >= before);
        before = ps_stream_position(stream);
    }
}

static void assert_reads(const char *folder, const char *pattern, const char *expected,
                         size_t n) {
    ps_source_list *list;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_source_list_open(&pattern, 1, folder, csv_only, &list, &err),
                     PS_OK);
    const size_t steps[] = {1, 7, 5000};
    char *found = malloc(n + 1);
    assert_non_null(found);
    for (size_t i = 0; i < 3; i++) {
        ps_stream *stream;
        size_t got;
        assert_int_equal(ps_stream_open(ps_source_list_get(list, 0), &stream, &err),
                         PS_OK);
        if (drain(stream, steps[i], found, n, &got, &err) != PS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(got, n);
        assert_memory_equal(found, expected, n);
        assert_int_equal(ps_stream_position(stream), ps_source_list_get(list, 0)->bytes);
        ps_stream_close(stream);
    }
    free(found);
    ps_source_list_free(list);
}

static void every_packing_gives_the_same_bytes(void **state) {
    const char *folder = *state;
    enum { N = 30000 };
    char *text = malloc(N);
    assert_non_null(text);
    uint64_t seed = 7;
    for (size_t i = 0; i < N; i++) text[i] = (char)('a' + test_random_below(&seed, 20));
    size_t head_n, tail_n;
    unsigned char *head = pack(text, 20000, &head_n);
    unsigned char *tail = pack(text + 20000, N - 20000, &tail_n);
    unsigned char *both = calloc(head_n + tail_n + 512, 1);
    assert_true(both != NULL);
    memcpy(both, head, head_n);
    memcpy(both + head_n, tail, tail_n);
    test_file_write(folder, "plain.csv", text, N);
    test_file_write(folder, "two.csv.gz", both, head_n + tail_n);
    test_file_write(folder, "padded.csv.gz", both, head_n + tail_n + 512);
    /* gzip is told by its bytes, not by the name. */
    test_file_write(folder, "misnamed.csv", both, head_n + tail_n);
    test_file_write(folder, "plain.csv.gz", text, N);
    const member members[] = {{"a.csv", text, N, false},
                              {"b.csv.gz", both, head_n + tail_n, false},
                              {"one.csv", "x", 1, false},
                              {"none.csv", "", 0, false}};
    write_zip(folder, "all.zip", members, 4);
    assert_reads(folder, "plain.csv", text, N);
    assert_reads(folder, "two.csv.gz", text, N);
    assert_reads(folder, "padded.csv.gz", text, N);
    assert_reads(folder, "misnamed.csv", text, N);
    assert_reads(folder, "plain.csv.gz", text, N);
    assert_reads(folder, "all.zip/a.csv", text, N);
    assert_reads(folder, "all.zip/b.csv.gz", text, N);
    assert_reads(folder, "all.zip/one.csv", "x", 1);
    assert_reads(folder, "all.zip/none.csv", "", 0);
    ps_stream *stream;
    ps_error err;
    size_t got;
    char buffer[8];
    assert_int_equal(ps_stream_of_bytes("abc", 3, &stream, &err), PS_OK);
    assert_int_equal(drain(stream, 2, buffer, 8, &got, &err), PS_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(buffer, "abc", 3);
    ps_stream_close(stream);
    free(text);
    free(head);
    free(tail);
    free(both);
}

/* Streams of one archive that are open at once do not disturb each other. */
/* What open_whole gives for the only source of a pattern; whether it is seekable. */
static bool read_whole(const char *folder, const char *pattern, const char *expected,
                       size_t n) {
    ps_source_list *list;
    ps_stream *stream;
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_source_list_open(&pattern, 1, folder, csv_only, &list, &err),
                     PS_OK);
    const ps_source *source = ps_source_list_get(list, 0);
    assert_true(ps_source_whole(source, 1 << 20) == source->unpacked);
    assert_int_equal(ps_source_whole(source, source->unpacked - 1), 0);
    ps_unpacker *unpacker;
    assert_int_equal(ps_unpacker_create(&unpacker, &err), PS_OK);
    if (ps_stream_open_whole(source, unpacker, &stream, &err) != PS_OK)
        fail_msg("%s", err.text);
    char *found = malloc(n + 1);
    assert_non_null(found);
    size_t got;
    assert_int_equal(drain(stream, 5000, found, n, &got, &err), PS_OK);
    assert_int_equal(got, n);
    assert_memory_equal(found, expected, n);
    const bool seekable = ps_stream_is_seekable(stream);
    if (seekable) assert_int_equal(ps_stream_size(stream), n);
    ps_stream_close(stream);
    ps_unpacker_free(unpacker);
    free(found);
    ps_source_list_free(list);
    return seekable;
}

static void write_packed_zip(const char *folder, const char *name, const char *text,
                             size_t n, int method) {
    zip_t *zip = zip_open(test_path(folder, name), ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    zip_source_t *source = zip_source_buffer(zip, text, n, 0);
    zip_int64_t at = zip_file_add(zip, "a.csv", source, ZIP_FL_ENC_UTF_8);
    assert_true(at >= 0);
    assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)at, method, 0), 0);
    assert_int_equal(zip_close(zip), 0);
}

/* What cannot be unpacked at once comes as a stream, however much it holds. */
static void sources_are_unpacked_at_once(void **state) {
    const char *folder = *state;
    enum { N = 40000, TIMES = 9 };
    char *text = malloc(N * TIMES);
    assert_non_null(text);
    uint64_t seed = 8;
    for (size_t i = 0; i < N; i++) text[i] = (char)('a' + test_random_below(&seed, 2));
    for (size_t i = N; i < N * TIMES; i++) text[i] = text[i - N];
    size_t packed_n;
    unsigned char *packed = pack(text, N, &packed_n);
    test_file_write(folder, "one.csv.gz", packed, packed_n);
    assert_true(read_whole(folder, "one.csv.gz", text, N));
    /* 9 times what its end says. */
    packed = realloc(packed, packed_n * TIMES);
    assert_non_null(packed);
    for (size_t i = 1; i < TIMES; i++) memcpy(packed + i * packed_n, packed, packed_n);
    test_file_write(folder, "many.csv.gz", packed, 4 * packed_n);
    assert_false(read_whole(folder, "many.csv.gz", text, 4 * N));
    write_packed_zip(folder, "deflated.zip", text, N, ZIP_CM_DEFLATE);
    write_packed_zip(folder, "stored.zip", text, N, ZIP_CM_STORE);
    assert_true(read_whole(folder, "deflated.zip", text, N));
    assert_true(read_whole(folder, "stored.zip", text, N));
    if (zip_compression_method_supported(ZIP_CM_BZIP2, 1)) {
        write_packed_zip(folder, "bzip2.zip", text, N, ZIP_CM_BZIP2);
        assert_false(read_whole(folder, "bzip2.zip", text, N));
    }
    const member inner[] = {{"a.csv.gz", (char *)packed, packed_n * TIMES, false}};
    write_zip(folder, "inner.zip", inner, 1);
    assert_false(read_whole(folder, "inner.zip", text, N * TIMES));
    free(packed);
    free(text);
}

/* Sizes and checksums that lie, in the directory of an archive and at the end of gzip. */
static void lies_about_sizes_are_found(void **state) {
    const char *folder = *state;
    enum { N = 3000, CRC = 16, PACKED = 20, UNPACKED = 24 };
    static const struct {
        int method, at, by;
    } lies[] = {{ZIP_CM_DEFLATE, CRC, 1},      {ZIP_CM_DEFLATE, PACKED, -7},
                {ZIP_CM_DEFLATE, UNPACKED, 7}, {ZIP_CM_DEFLATE, UNPACKED, -7},
                {ZIP_CM_STORE, CRC, 1},        {ZIP_CM_STORE, PACKED, -7},
                {ZIP_CM_STORE, UNPACKED, -7},  {ZIP_CM_STORE, UNPACKED, 7}};
    char text[N];
    for (size_t i = 0; i < N; i++) text[i] = (char)('a' + i * i % 23);
    static const char *const patterns[] = {"lie.zip"};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        write_packed_zip(folder, "lie.zip", text, N, lies[i].method);
        size_t n;
        unsigned char *zip =
            (unsigned char *)test_file_read(test_path(folder, "lie.zip"), &n);
        assert_non_null(zip);
        size_t entry = n - 4;
        while (entry > 0 && memcmp(zip + entry, "PK\1\2", 4) != 0) entry--;
        zip[entry + (size_t)lies[i].at] =
            (unsigned char)(zip[entry + (size_t)lies[i].at] + lies[i].by);
        test_file_write(folder, "lie.zip", zip, n);
        free(zip);
        ps_source_list *list;
        ps_stream *stream = NULL;
        ps_error err = {PS_OK, ""};
        assert_int_equal(ps_source_list_open(patterns, 1, folder, csv_only, &list, &err),
                         PS_OK);
        const ps_source *source = ps_source_list_get(list, 0);
        ps_unpacker *unpacker;
        assert_int_equal(ps_unpacker_create(&unpacker, &err), PS_OK);
        assert_int_equal(ps_stream_open_whole(source, unpacker, &stream, &err),
                         PS_FORMAT);
        assert_null(stream);
        ps_unpacker_free(unpacker);
        assert_non_null(strstr(err.text, "lie.zip/a.csv"));
        ps_source_list_free(list);
    }
}

static void streams_of_one_archive_are_independent(void **state) {
    const char *folder = *state;
    const member members[] = {{"a.csv", "aaaa", 4, false}, {"b.csv", "bbbb", 4, false}};
    write_zip(folder, "two.zip", members, 2);
    ps_source_list *list;
    ps_error err;
    const char *pattern = "two.zip";
    assert_int_equal(ps_source_list_open(&pattern, 1, folder, csv_only, &list, &err),
                     PS_OK);
    ps_stream *streams[40];
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(
            ps_stream_open(ps_source_list_get(list, i % 2), &streams[i], &err), PS_OK);
    for (size_t i = 0; i < 40; i++) {
        char bytes[8];
        size_t got;
        assert_int_equal(drain(streams[i], 3, bytes, 8, &got, &err), PS_OK);
        assert_int_equal(got, 4);
        assert_memory_equal(bytes, i % 2 == 0 ? "aaaa" : "bbbb", 4);
    }
    for (size_t i = 0; i < 40; i++) ps_stream_close(streams[i]);
    ps_source_list_free(list);
}

static ps_status drain_file(const char *folder, const char *pattern, ps_error *err) {
    ps_source_list *list;
    *err = (ps_error){PS_OK, ""};
    ps_status status = ps_source_list_open(&pattern, 1, folder, csv_only, &list, err);
    if (status != PS_OK) return status;
    ps_stream *stream;
    size_t n;
    status = ps_stream_open(ps_source_list_get(list, 0), &stream, err);
    if (status == PS_OK) status = drain(stream, 5000, NULL, 0, &n, err);
    ps_stream_close(stream);
    ps_source_list_free(list);
    return status;
}

static void damage_is_found(void **state) {
    const char *folder = *state;
    ps_error err;
    char text[2000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 23);
    size_t n;
    unsigned char *packed = pack(text, sizeof text, &n);
    test_file_write(folder, "cut.csv.gz", packed, n - 5);
    assert_int_equal(drain_file(folder, "cut.csv.gz", &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "in the middle"));
    packed[n - 8] ^= 1; /* the check sum */
    test_file_write(folder, "sum.csv.gz", packed, n);
    assert_int_equal(drain_file(folder, "sum.csv.gz", &err), PS_FORMAT);
    packed[n - 8] ^= 1;
    unsigned char *more = realloc(packed, n + 4);
    assert_non_null(more);
    memcpy(more + n, "junk", 4);
    test_file_write(folder, "tail.csv.gz", more, n + 4);
    assert_int_equal(drain_file(folder, "tail.csv.gz", &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "behind its end"));
    free(more);
    const member members[] = {{"a.csv", text, sizeof text, false}};
    const char *path = write_zip(folder, "bad.zip", members, 1);
    size_t zip_n;
    char *zip = test_file_read(path, &zip_n);
    assert_non_null(zip);
    zip[60] ^= 0x55;
    test_file_write(folder, "bad.zip", zip, zip_n);
    assert_int_equal(drain_file(folder, "bad.zip", &err), PS_FORMAT);
    assert_non_null(strstr(err.text, "bad.zip/a.csv"));
    test_file_write(folder, "cut.zip", zip, zip_n / 2);
    assert_int_equal(drain_file(folder, "cut.zip", &err), PS_FORMAT);
    free(zip);
    /* What was there when the list was made may be gone. */
    ps_source gone = {.name = "gone.csv", .path = "/no such file", .packing = PS_PLAIN};
    ps_stream *stream;
    assert_int_equal(ps_stream_open(&gone, &stream, &err), PS_INPUT);
    assert_null(stream);
    gone.packing = PS_ZIP_MEMBER;
    gone.member = "a.csv";
    assert_int_equal(ps_stream_open(&gone, &stream, &err), PS_INPUT);
    assert_null(stream);
}

static void bombs_are_defused(void **state) {
    const char *folder = *state;
    enum { N = 70 << 20 };
    char *zeros = calloc(N, 1);
    assert_non_null(zeros);
    size_t n;
    unsigned char *packed = pack(zeros, N, &n);
    ps_error err;
    test_file_write(folder, "bomb.csv.gz", packed, n);
    assert_int_equal(drain_file(folder, "bomb.csv.gz", &err), PS_LIMIT);
    assert_non_null(strstr(err.text, "200 times"));
    const member members[] = {{"a.csv", zeros, N, false}};
    write_zip(folder, "bomb.zip", members, 1);
    assert_int_equal(drain_file(folder, "bomb.zip", &err), PS_LIMIT);
    free(packed);
    free(zeros);
}

static ps_status expand_step(void *context, ps_error *err) {
    const char *folder = context;
    const char *const patterns[] = {"2018-*", "all.zip/*.csv"};
    ps_source_list *list;
    ps_status status = ps_source_list_open(patterns, 2, folder, csv_only, &list, err);
    if (status != PS_OK) {
        assert_null(list);
        return status;
    }
    assert_int_equal(ps_source_list_size(list), 3);
    for (size_t i = 0; i < 3 && status == PS_OK; i++) {
        ps_stream *stream;
        size_t n;
        status = ps_stream_open(ps_source_list_get(list, i), &stream, err);
        if (status != PS_OK) assert_null(stream);
        if (status == PS_OK) status = drain(stream, 100, NULL, 0, &n, err);
        ps_stream_close(stream);
    }
    ps_source_list_free(list);
    return status;
}

static void allocation_failures_leave_nothing(void **state) {
    char *folder = *state;
    size_t n;
    unsigned char *packed = pack("x\n1\n", 4, &n);
    make_dir(folder, "2018-01");
    write_text(folder, "2018-01/a.csv", "x\n");
    test_file_write(folder, "2018-01/b.csv.gz", packed, n);
    const member members[] = {{"a.csv", "x\n", 2, false}, {"b.txt", "x\n", 2, false}};
    write_zip(folder, "all.zip", members, 2);
    free(packed);
    assert_true(test_each_allocation_fails(expand_step, folder) > 10);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(patterns_expand_in_byte_order),
        IN_FOLDER(what_is_not_there_is_named),
        cmocka_unit_test(addresses_are_refused),
        IN_FOLDER(links_are_bounded),
        IN_FOLDER(the_same_file_counts_once),
        IN_FOLDER(archives_expand_to_their_members),
        IN_FOLDER(hostile_archives_are_refused),
        IN_FOLDER(every_packing_gives_the_same_bytes),
        IN_FOLDER(sources_are_unpacked_at_once),
        IN_FOLDER(lies_about_sizes_are_found),
        IN_FOLDER(streams_of_one_archive_are_independent),
        IN_FOLDER(damage_is_found),
        IN_FOLDER(bombs_are_defused),
        IN_FOLDER(allocation_failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
