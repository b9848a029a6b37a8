/* A folder of files that are found by a key, no more of them than fit.
 *
 * Layout   <folder>/<32 hexadecimal digits of the key>.<kind>, and beside it a .checked
 *          once it was looked at in full. A file is a head of 512 bytes, the body, and a
 *          hash of the hashes of their pieces of 1 MB.
 * Rule     Files are written under another name and renamed, so they are there whole or
 * not at all. Before its first use a file is hashed; later, an unchanged file that
 * belongs to the user and that nobody else may write is taken as checked. When the files
 * would take more than most_bytes, those that were not used for the longest time are
 * removed, when one that is not small is written; whoever has them mapped keeps them. Any
 * file may be removed at any time. Errors   None: without a folder, or when it cannot be
 * read or written, or is full, all is as if there were none. Threads  any number of
 * processes use one folder at a time.
 */
#ifndef PS_GEO_STORE_H
#define PS_GEO_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ps_store {
    const char *folder; /* by its absolute path, made when absent; NULL: keep nothing */
    int64_t most_bytes; /* of all files together */
} ps_store;

typedef struct ps_store_key {
    unsigned char byte[16];
} ps_store_key;

enum {
    PS_STORE_PATH = 4096,
    PS_STORE_HEAD = 512, /* bytes before the body */
    PS_STORE_TAIL = 16,  /* and behind it */
    PS_STORE_NOTE = 464,
    PS_STORE_STATE = 160
};

#define PS_STORE_ANY SIZE_MAX

/* Is anything kept at all? */
bool ps_store_is_used(const ps_store *store);

/* A kept file, mapped. The body begins at a multiple of 64 and must not be written to. */
typedef struct ps_stored {
    void *body;
    size_t n;
    const char *note; /* PS_STORE_NOTE bytes, as they were given; not to be trusted */
    bool checked;     /* was found sound before, in this very state */
} ps_stored;

/* kind: a word of small letters. false when there is none that can be used. */
bool ps_store_get(const ps_store *store, const char *kind, const ps_store_key *key,
                  ps_stored **out);
/* Its body was looked at and is in order: need not be looked at again. */
void ps_stored_is_sound(ps_stored *stored);
/* It is used, now, though nothing is said about its body: for small files, which are
 * looked at in full each time. */
void ps_stored_is_used(ps_stored *stored);
/* Unmap. Takes a ps_stored. */
void ps_stored_release(void *stored);

/* A file on the way. */
typedef struct ps_store_file ps_store_file;
/* body: the bytes that will be written, or PS_STORE_ANY. note: PS_STORE_NOTE bytes or
 * NULL. false when it will not be kept. */
bool ps_store_begin(const ps_store *store, const char *kind, const ps_store_key *key,
                    const char *note, size_t body, ps_store_file **out);
/* Takes a ps_store_file. */
void ps_store_write(void *file, const void *bytes, size_t n);
/* n bytes that are filled in later: their place in the body. */
size_t ps_store_leave(void *file, size_t n);
void ps_store_fill(void *file, size_t at, const void *bytes, size_t n);
/* All is written: put the file in its place, unless something failed. made, which may be
 * NULL: the file, mapped, also when it is more than the store keeps. false when it could
 * not be written. Parallel inside. */
bool ps_store_end(ps_store_file *file, ps_stored **made);
void ps_store_drop(ps_store_file *file);

/* What tells one state of a file on disk from another, as text: whoever changes the file
 * changes its time of change. false when there is no such file. */
bool ps_store_state(const char *path, char out[PS_STORE_STATE]);

#endif
