/* SHA-256 and HMAC, from nettle. Their state lies on the caller's stack and nothing is allocated,
 * so these functions can't fail. */
#ifndef BELUGA__SHA256_H
#define BELUGA__SHA256_H

#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    BELUGA__SHA256 = SHA256_DIGEST_SIZE,
    BELUGA__SHA256_TEXT = 2 * SHA256_DIGEST_SIZE + 1 /* hexadecimal digits and a NUL */
};

typedef struct sha256_ctx beluga__sha256;

static inline void beluga__sha256_begin(beluga__sha256 *sha)
{
    sha256_init(sha);
}

static inline void beluga__sha256_add(beluga__sha256 *sha, const void *bytes, size_t n)
{
    sha256_update(sha, n, bytes);
}

static inline void beluga__sha256_text(const uint8_t digest[BELUGA__SHA256],
                                       char text[BELUGA__SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < BELUGA__SHA256; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * BELUGA__SHA256] = '\0';
}

/* Write the first n bytes of the digest. Afterwards `sha` is ready for another text, as after
 * beluga__sha256_end. */
static inline void beluga__sha256_end_bytes(beluga__sha256 *sha, void *out, size_t n)
{
    sha256_digest(sha, n, out);
}

static inline void beluga__sha256_end(beluga__sha256 *sha, char text[BELUGA__SHA256_TEXT])
{
    uint8_t digest[BELUGA__SHA256];
    beluga__sha256_end_bytes(sha, digest, sizeof digest);
    beluga__sha256_text(digest, text);
}

/* Compute the HMAC of n bytes. `key` and `out` may be the same memory. */
static inline void beluga__hmac_sha256(const void *key, size_t n_key, const void *bytes, size_t n,
                                       uint8_t out[BELUGA__SHA256])
{
    struct hmac_sha256_ctx hmac;
    hmac_sha256_set_key(&hmac, n_key, key);
    hmac_sha256_update(&hmac, n, bytes);
    hmac_sha256_digest(&hmac, BELUGA__SHA256, out);
    explicit_bzero(&hmac, sizeof hmac);
}

#endif
