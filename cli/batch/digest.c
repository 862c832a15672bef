#include "batch/digest.h"

#include <string.h>

void batch_digest_begin(batch_digest *digest)
{
    beluga__sha256_begin(&digest->state);
}

void batch_digest_bytes(void *payload, const char *bytes, size_t n)
{
    batch_digest *digest = payload;
    beluga__sha256_add(&digest->state, bytes, n);
}

void batch_digest_finish(batch_digest *digest, char text[BATCH_DIGEST_TEXT])
{
    beluga__sha256_end(&digest->state, text);
}

void batch_digest_short(const char *bytes, size_t n, uint64_t out[2])
{
    batch_digest digest;
    batch_digest_begin(&digest);
    batch_digest_bytes(&digest, bytes, n);
    beluga__sha256_end_bytes(&digest.state, out, 2 * sizeof out[0]);
}

void batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT])
{
    batch_digest digest;
    text[0] = '\0';
    if (!bytes) return;
    batch_digest_begin(&digest);
    batch_digest_bytes(&digest, bytes, strlen(bytes));
    batch_digest_finish(&digest, text);
}
