#include "digest.h"

#include <stdio.h>
#include <string.h>

void batch_digest_begin(struct batch_digest *digest)
{
    sha256_init(&digest->state);
}

void batch_digest_add(struct batch_digest *digest, const char *bytes, size_t n)
{
    sha256_update(&digest->state, n, (const uint8_t *)bytes);
}

void batch_digest_bytes(void *digest, const char *bytes, size_t n)
{
    batch_digest_add(digest, bytes, n);
}

void batch_digest_finish(struct batch_digest *digest, char text[BATCH_DIGEST_TEXT])
{
    uint8_t bytes[BATCH_DIGEST_BYTES];
    sha256_digest(&digest->state, sizeof bytes, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void batch_digest_short(const char *bytes, size_t n, uint64_t out[2])
{
    struct batch_digest digest;
    batch_digest_begin(&digest);
    batch_digest_add(&digest, bytes, n);
    sha256_digest(&digest.state, 2 * sizeof out[0], (uint8_t *)out);
}

void batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT])
{
    struct batch_digest digest;
    text[0] = '\0';
    if (!bytes) return;
    batch_digest_begin(&digest);
    batch_digest_add(&digest, bytes, strlen(bytes));
    batch_digest_finish(&digest, text);
}
