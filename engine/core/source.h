/* From the paths a user names to streams of bytes.
 *
 * A pattern is a file, a folder, a shell glob (`crime/2018-*` + `/x.csv`), or a member of
 * an archive (`latest.zip`, `latest.zip/2018-05/x.csv`, globs allowed behind the
 * archive). A name that exists as written is that file, even with glob characters in it.
 * What a glob matches counts as if it had been named outright. A folder is searched
 * through all its sub-folders; hidden names (".x", "__MACOSX") are passed over there and
 * in archives. The list is in byte order of the names, so that the order of rows never
 * depends on the file system or on the order of the patterns. A source is read front to
 * back, decompressed on the way (gzip, ZIP members, gzip inside ZIP), in bounded memory.
 * Nothing here opens a network connection, and a path like `/vsicurl/...` or `http://...`
 * is refused with PS_CONFIG.
 *
 * Bounds against hostile input, each a PS_LIMIT error: PS_SOURCE_MAX_MEMBERS members of
 * an archive or sources of a list, folders nested deeper than PS_SOURCE_MAX_DEPTH (links
 * that lead back to a folder above are passed over), a source that inflates beyond
 * PS_SOURCE_MAX_RATIO times its packed size (above 64 MiB), member names that are
 * absolute or contain "..".
 */
#ifndef PS_CORE_SOURCE_H
#define PS_CORE_SOURCE_H

#include "engine/core/text.h"

enum {
    PS_SOURCE_MAX_MEMBERS = 100000,
    PS_SOURCE_MAX_RATIO = 200,
    PS_SOURCE_MAX_DEPTH = 16
};

typedef enum ps_packing { PS_PLAIN, PS_GZIP, PS_ZIP_MEMBER } ps_packing;

/* One thing to read. The strings live as long as the list. */
typedef struct ps_source {
    const char *name;   /* as shown to people and written to outputs: relative as given */
    const char *path;   /* the file to open */
    const char *member; /* member of a ZIP archive, else NULL */
    ps_packing packing;
    int64_t bytes;              /* packed size */
    int64_t unpacked;           /* as its archive or its last bytes say; 0 unknown */
    struct ps_archive *archive; /* handles of the archive kept open by the list; NULL is
                                   fine: the archive is opened for each stream */
} ps_source;

typedef struct ps_source_list ps_source_list;

/* What do these patterns name? base is the folder that relative patterns start from
 * (NULL: the working directory); names stay as the user wrote them. suffixes,
 * NULL-terminated, say which files of a folder or archive count (".csv", ".csv.gz", in
 * any case; NULL: all); a file named outright always counts. A pattern without any match
 * is PS_INPUT and names the folder searched and the nearest name. The same file twice is
 * PS_CONFIG. */
ps_status ps_source_list_open(const char *const *patterns, size_t n, const char *base,
                              const char *const *suffixes, ps_source_list **out,
                              ps_error *err) PS_MUST_CHECK;
size_t ps_source_list_size(const ps_source_list *list);
const ps_source *ps_source_list_get(const ps_source_list *list, size_t i);
void ps_source_list_free(ps_source_list *list);

/* A hash of all that the unpacked bytes of a ZIP member follow from: its packed bytes and
 * how they are packed. Any number of threads. Errors as in ps_stream_open. */
enum { PS_SOURCE_HASH = 16 };
ps_status ps_source_member_hash(const ps_source *source,
                                unsigned char out[PS_SOURCE_HASH],
                                ps_error *err) PS_MUST_CHECK;

/* A stream of the unpacked bytes of one source; one thread at a time, but any number of
 * streams of one list at once. Close it before the list is freed. */
typedef struct ps_stream ps_stream;
ps_status ps_stream_open(const ps_source *source, ps_stream **out,
                         ps_error *err) PS_MUST_CHECK;
/* Up to n bytes; *got = 0 at the end. A damaged archive (CRC, truncation) is PS_FORMAT.
 */
ps_status ps_stream_read(ps_stream *stream, void *buffer, size_t n, size_t *got,
                         ps_error *err) PS_MUST_CHECK;
/* Can any part be read on its own? A plain file and bytes in memory can. */
bool ps_stream_is_seekable(const ps_stream *stream);
/* All of the bytes of such a stream. */
int64_t ps_stream_size(const ps_stream *stream);
/* Up to n bytes from offset on; *got < n only at the end. Any number of threads at once;
 * ps_stream_read goes on where it was. */
ps_status ps_stream_read_at(const ps_stream *stream, int64_t offset, void *buffer,
                            size_t n, size_t *got, ps_error *err) PS_MUST_CHECK;
/* Packed bytes consumed so far, for progress. */
int64_t ps_stream_position(const ps_stream *stream);
void ps_stream_close(ps_stream *stream);

/* How many bytes a packed source says it holds, when it can perhaps be unpacked at once,
 * packed and unpacked in at most `most` bytes each; else 0. */
int64_t ps_source_whole(const ps_source *source, int64_t most);
/* What unpacking at once needs, kept from source to source; one thread at a time. */
typedef struct ps_unpacker ps_unpacker;
ps_status ps_unpacker_create(ps_unpacker **out, ps_error *err) PS_MUST_CHECK;
void ps_unpacker_free(ps_unpacker *unpacker);

/* A seekable stream of such a source, unpacked at once: several times as fast as the same
 * in pieces. Its bytes stand in the unpacker, so it has to be closed before the next.
 * What does not unpack to just what it says (several gzip members, or damage), gzip
 * inside ZIP and other methods than deflate come as an ordinary stream, which is not
 * seekable. A ZIP member whose size or CRC is wrong is PS_FORMAT. */
ps_status ps_stream_open_whole(const ps_source *source, ps_unpacker *unpacker,
                               ps_stream **out, ps_error *err) PS_MUST_CHECK;

/* A stream over bytes in memory, for tests and small inputs; the bytes are borrowed. */
ps_status ps_stream_of_bytes(const void *bytes, size_t n, ps_stream **out,
                             ps_error *err) PS_MUST_CHECK;

/* Versions of the libraries that unpack: libzip, zlib and libdeflate. */
const char *ps_source_zip_version(void);
const char *ps_source_zlib_version(void);
const char *ps_source_deflate_version(void);

#endif
