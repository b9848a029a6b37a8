/* SHA-256 of files, for manifests (FIPS 180-4, through libcrypto; the only file that uses
 * it). */
#ifndef PS_CORE_DIGEST_H
#define PS_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

/* Hexadecimal SHA-256 of a file as it stands on disk (packed, when it is packed). */
ps_status ps_digest_file(const char *path, char hex[65], int64_t *bytes,
                         ps_error *err) PS_MUST_CHECK;
/* Of bytes in memory. */
ps_status ps_digest_bytes(const void *bytes, size_t n, char hex[65],
                          ps_error *err) PS_MUST_CHECK;

/* "3.0.17": the version of libcrypto at work. */
const char *ps_digest_version(void);

#endif
