/* SHA-256 of a text that arrives in pieces. */
#ifndef BELUGA_CLI_BATCH_DIGEST_H
#define BELUGA_CLI_BATCH_DIGEST_H

#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

#define BATCH_DIGEST_TEXT BELUGA__SHA256_TEXT

/* This struct owns no memory, so its functions can't fail, and it need not be freed. */
typedef struct batch_digest {
    beluga__sha256 state;
} batch_digest;

void batch_digest_begin(batch_digest *digest);
/* Add bytes of the text. The signature is that of the callback batch_reader.seen. */
void batch_digest_bytes(void *payload, const char *bytes, size_t n);
/* Write the digest in hexadecimal, and begin a new one. */
void batch_digest_finish(batch_digest *digest, char text[BATCH_DIGEST_TEXT]);

/* Compute the first 16 bytes of the digest of one text, as two numbers. */
void batch_digest_short(const char *bytes, size_t n, uint64_t out[2]);

/* Write the whole digest of one text in hexadecimal; "" for NULL. */
void batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT]);

#endif
