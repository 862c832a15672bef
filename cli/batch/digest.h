/* SHA-256 of what comes in pieces. */
#ifndef BELUGA_CLI_BATCH_DIGEST_H
#define BELUGA_CLI_BATCH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define BATCH_DIGEST_BYTES 32
#define BATCH_DIGEST_TEXT  (2 * BATCH_DIGEST_BYTES + 1)

struct batch_digest {
    void *state; /* NULL after a failure: there was no memory */
};

void batch_digest_begin(struct batch_digest *digest);
void batch_digest_add(struct batch_digest *digest, const char *bytes, size_t n);
/* The same for a reader that tells what it sees. */
void batch_digest_bytes(void *digest, const char *bytes, size_t n);
/* Write it in hexadecimal and free it. @return 0, or -1 when anything failed. */
int batch_digest_finish(struct batch_digest *digest, char text[BATCH_DIGEST_TEXT]);

/* The first sixteen bytes of that of one text, as numbers. @return as above. */
int batch_digest_short(const char *bytes, size_t n, uint64_t out[2]);

/* The whole of one text, in hexadecimal; NULL has none: "". */
int batch_digest_text(const char *bytes, char text[BATCH_DIGEST_TEXT]);

#endif
