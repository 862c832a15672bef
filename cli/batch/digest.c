#include "digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static void fail(struct batch_digest *digest)
{
    EVP_MD_CTX_free(digest->state);
    digest->state = NULL;
}

void batch_digest_begin(struct batch_digest *digest)
{
    digest->state = EVP_MD_CTX_new();
    if (digest->state && EVP_DigestInit_ex(digest->state, EVP_sha256(), NULL) != 1) fail(digest);
}

void batch_digest_add(struct batch_digest *digest, const char *bytes, size_t n)
{
    if (digest->state && EVP_DigestUpdate(digest->state, bytes, n) != 1) fail(digest);
}

void batch_digest_bytes(void *digest, const char *bytes, size_t n)
{
    batch_digest_add(digest, bytes, n);
}

int batch_digest_finish(struct batch_digest *digest, char text[BATCH_DIGEST_TEXT])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    bool ok = digest->state && EVP_DigestFinal_ex(digest->state, bytes, NULL) == 1;
    for (size_t i = 0; ok && i < BATCH_DIGEST_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    fail(digest);
    return ok ? 0 : -1;
}

int batch_digest_short(const char *bytes, size_t n, uint64_t out[2])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(bytes, n, digest, NULL, EVP_sha256(), NULL) != 1) return -1;
    memcpy(out, digest, 2 * sizeof out[0]);
    return 0;
}

int batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT])
{
    struct batch_digest digest;
    text[0] = '\0';
    if (!bytes) return 0;
    batch_digest_begin(&digest);
    batch_digest_add(&digest, bytes, strlen(bytes));
    return batch_digest_finish(&digest, text);
}
