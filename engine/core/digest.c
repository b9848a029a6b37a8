#include "engine/core/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/mem.h"

enum { BLOCK_BYTES = 1 << 18 };

static ps_status begin(EVP_MD_CTX **out, ps_error *err) {
    *out = EVP_MD_CTX_new();
    if (*out == NULL) return ps_fail_nomem(err);
    if (EVP_DigestInit_ex(*out, EVP_sha256(), NULL) == 1) return PS_OK;
    EVP_MD_CTX_free(*out);
    *out = NULL;
    return ps_fail(err, PS_UNSUPPORTED, "libcrypto of this system offers no SHA-256");
}

static ps_status add(EVP_MD_CTX *context, const void *bytes, size_t n, ps_error *err) {
    if (n == 0 || EVP_DigestUpdate(context, bytes, n) == 1) return PS_OK;
    return ps_fail(err, PS_UNSUPPORTED, "libcrypto failed to compute a SHA-256");
}

static ps_status end(EVP_MD_CTX *context, char hex[65], ps_error *err) {
    static const char digit[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (EVP_DigestFinal_ex(context, sum, &n) != 1 || n != 32)
        return ps_fail(err, PS_UNSUPPORTED, "libcrypto failed to compute a SHA-256");
    for (unsigned int i = 0; i < n; i++) {
        hex[2 * i] = digit[sum[i] >> 4];
        hex[2 * i + 1] = digit[sum[i] & 15];
    }
    hex[64] = '\0';
    return PS_OK;
}

static ps_status add_file(EVP_MD_CTX *context, const char *path, char *block,
                          int64_t *bytes, ps_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ps_fail(err, PS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    ps_status status = PS_OK;
    ssize_t got = 1;
    while (status == PS_OK && got != 0) {
        got = read(fd, block, BLOCK_BYTES);
        if (got > 0) {
            status = add(context, block, (size_t)got, err);
            *bytes += got;
        } else if (got < 0 && errno != EINTR) {
            status =
                ps_fail(err, PS_INPUT, "%s: cannot be read: %s", path, strerror(errno));
        }
    }
    close(fd);
    return status;
}

ps_status ps_digest_file(const char *path, char hex[65], int64_t *bytes, ps_error *err) {
    hex[0] = '\0';
    *bytes = 0;
    char *block = ps_alloc(BLOCK_BYTES, 1);
    if (block == NULL) return ps_fail_nomem(err);
    EVP_MD_CTX *context;
    ps_status status = begin(&context, err);
    if (status == PS_OK) status = add_file(context, path, block, bytes, err);
    if (status == PS_OK) status = end(context, hex, err);
    EVP_MD_CTX_free(context);
    ps_free(block);
    return status;
}

ps_status ps_digest_bytes(const void *bytes, size_t n, char hex[65], ps_error *err) {
    hex[0] = '\0';
    EVP_MD_CTX *context;
    PS_TRY(begin(&context, err));
    ps_status status = add(context, bytes, n, err);
    if (status == PS_OK) status = end(context, hex, err);
    EVP_MD_CTX_free(context);
    return status;
}

const char *ps_digest_version(void) {
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
