/* Was this key met before? A set of 128-bit fingerprints of keys.
 *
 * Fingerprints (XXH3, 128 bits) stand for the keys: among 10^8 different keys the chance
 * that any two share one is below 2e-23, so "repeated" is exact for every practical
 * purpose, at 16 bytes a key whatever its length. The set is cut into shards by
 * fingerprint; shards are independent, so several threads may each fill one.
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

/* Of a key within what seed stands for. */
ps_fingerprint ps_fingerprint_of(const void *bytes, size_t n, uint64_t seed);

typedef struct ps_seen ps_seen;

/* shards >= 1 and stays as it is for the life of the set. */
ps_status ps_seen_create(size_t shards, ps_seen **out, ps_error *err) PS_MUST_CHECK;
size_t ps_seen_shards(const ps_seen *seen);
size_t ps_seen_shard_of(const ps_seen *seen, ps_fingerprint key);
/* Insert; *again tells whether it was there. One thread per shard at a time. */
ps_status ps_seen_add(ps_seen *seen, ps_fingerprint key, bool *again,
                      ps_error *err) PS_MUST_CHECK;
/* Forget everything, keep nothing. */
void ps_seen_clear(ps_seen *seen);
size_t ps_seen_bytes(const ps_seen *seen);
void ps_seen_free(ps_seen *seen);

#endif
