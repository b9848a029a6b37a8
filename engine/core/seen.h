/* Was this key met before, within what it belongs to? Sets of 128-bit fingerprints.
 *
 * Fingerprints (XXH3, 128 bits) stand for the keys: among 10^8 different keys the chance
 * that any two share one is below 2e-23, so "repeated" is exact for every practical
 * purpose, at 16 bytes a key whatever its length. Keys belong to contexts (the incidents
 * of one reporter and month); each has a small table of its own, which stays in the cache
 * while its rows come one after the other, as they do in published files. When all tables
 * together would take more memory than is allowed, those used least recently go to a
 * temporary file without a name and come back when their context does. Only a text whose
 * contexts come in no order, so that they would come and go without end, is given the
 * memory that it takes.
 *
 * Keys are cut into shards by fingerprint; shards are independent, so several threads may
 * each fill one.
 */
#ifndef PS_CORE_SEEN_H
#define PS_CORE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

typedef struct ps_fingerprint {
    uint64_t low, high;
} ps_fingerprint;

/* Of a key within the context that seed stands for; never {0, 0}. */
ps_fingerprint ps_fingerprint_of(const void *bytes, size_t n, uint64_t seed);

typedef struct ps_seen ps_seen;

/* shards >= 1 and stays as it is for the life of the sets; bytes: memory of all tables.
 */
ps_status ps_seen_create(size_t shards, size_t bytes, ps_seen **out,
                         ps_error *err) PS_MUST_CHECK;
size_t ps_seen_shards(const ps_seen *seen);
size_t ps_seen_shard_of(const ps_seen *seen, ps_fingerprint key);
/* Insert into a context; *again tells whether it was there. One thread per shard at a
 * time. Errors  NOMEM; OUTPUT when the temporary file (in TMPDIR or /tmp) cannot be
 * written or read. */
ps_status ps_seen_add(ps_seen *seen, uint64_t context, ps_fingerprint key, bool *again,
                      ps_error *err) PS_MUST_CHECK;
size_t ps_seen_bytes(const ps_seen *seen);
void ps_seen_free(ps_seen *seen);

#endif
