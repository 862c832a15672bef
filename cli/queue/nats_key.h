/* Authentication with the seed of an nkey. */
#ifndef BELUGA_CLI_QUEUE_NATS_KEY_H
#define BELUGA_CLI_QUEUE_NATS_KEY_H

#include "queue/nats_library.h"

#include <stddef.h>

#define NATS_PUBLIC_KEY_BYTES 57

/*
 * Compute the public key of a seed (SU…), which libnats needs.
 * @return false if the text is not the seed of a user, or libnats was built without OpenSSL.
 */
bool nats_key_public(const char *seed, size_t n, char key[NATS_PUBLIC_KEY_BYTES]);

/* Let a connection authenticate with the seed in a file. @return 0; INVALID_CONFIG. */
int nats_key_use(const nats_library *nats, natsOptions *options, const char *path,
                 beluga_error *err);

#endif
