/* SHA-256 of what comes in pieces. */
#ifndef BELUGA_CLI_BATCH_DIGEST_H
#define BELUGA_CLI_BATCH_DIGEST_H

#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

#define BATCH_DIGEST_TEXT BELUGA__SHA256_TEXT

/* It holds no memory, so that nothing can fail and nothing is freed. */
typedef struct batch_digest {
    beluga__sha256 state;
} batch_digest;

void batch_digest_begin(batch_digest *digest);
/* Add bytes; a reader that tells what it sees calls it. */
void batch_digest_bytes(void *payload, const char *bytes, size_t n);
/* Write it in hexadecimal, and begin again. */
void batch_digest_finish(batch_digest *digest, char text[BATCH_DIGEST_TEXT]);

/* The first sixteen bytes of that of one text, as numbers. */
void batch_digest_short(const char *bytes, size_t n, uint64_t out[2]);

/* The whole of one text, in hexadecimal; NULL has none: "". */
void batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT]);

#endif
