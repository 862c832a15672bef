/*
 * Keys of clients in a bucket of NATS, which several gateways share. Each key is an entry with the
 * key's name. Its value is a JSON object with the other members that a key has under `keys:`, such
 * as {"sha256":"9f86d081…","budget_per_day":5}; it never contains the key itself.
 *
 * A thread checks the bucket once a second, and reads it if it has changed, so that the event loop
 * never waits for the network. While no server answers, the keys that were read last
 * stay valid.
 */
#ifndef BELUGA_CLI_SERVE_SHARED_KEYS_H
#define BELUGA_CLI_SERVE_SHARED_KEYS_H

#include "serve/settings.h"

#include <beluga/error.h>

#include <stdio.h>

typedef struct shared_keys shared_keys;

/* Begin to read the keys of a bucket. A missing bucket is created.
 * @param where  nats://HOST[,HOST…]/BUCKET.
 * @return 0, even if no server answers; INVALID_CONFIG or another code for an error that is
 * not temporary; NOT_SUPPORTED in a build without NATS. */
int shared_keys_new(const char *where, shared_keys **out, beluga_error *err);
/* End the thread, after its current request. NULL does nothing. */
void shared_keys_free(shared_keys *keys);
/* Wait until the bucket was read, or reading has failed, or until `timeout_ms` have passed. */
void shared_keys_wait(shared_keys *keys, int64_t timeout_ms);

/* @return a file descriptor that becomes readable when keys or messages are new. Then call the next
 * two functions. */
int shared_keys_fd(const shared_keys *keys);
/* Print the messages about invalid entries, and about a bucket that can't be read. */
void shared_keys_tell(shared_keys *keys);
/* Get the keys, if they have changed since the last call. @param settings  Receives the keys, and
 * no other settings (serve_settings_free). @return whether the keys have changed. */
bool shared_keys_take(shared_keys *keys, serve_settings *settings);
/* @return whether the last attempt to read the keys has failed. */
bool shared_keys_fail(shared_keys *keys);
/* Read the keys again, because the last keys from shared_keys_take could not be used. */
void shared_keys_again(shared_keys *keys);

/* Make a key, store its hash in the bucket, and print the key once. If the bucket already has a key
 * of this name, the name is refused. @return 0, or an error code with `err` set. */
int shared_keys_make(const char *where, const char *name, FILE *out, beluga_error *err);

#endif
