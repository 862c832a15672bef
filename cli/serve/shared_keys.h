/*
 * Keys of clients in a bucket of NATS, which several gateways share: an entry for each, with the
 * key's name as its name and what else stands under `keys:` as JSON, such as
 * {"sha256":"9f86d081…","budget_per_day":5}; never a key itself.
 *
 * A thread of its own looks at the bucket each second, and reads all of it where it has changed, so
 * that the event loop waits for no network. While no server answers, the keys that are known hold.
 */
#ifndef BELUGA_CLI_SERVE_SHARED_KEYS_H
#define BELUGA_CLI_SERVE_SHARED_KEYS_H

#include "serve/settings.h"

#include <beluga/error.h>

#include <stdio.h>

typedef struct shared_keys shared_keys;

/* Begin to read the keys of a bucket, which is made where it is missing.
 * @param where  nats://HOST[,HOST…]/BUCKET.
 * @return 0, also where no server answers; INVALID_CONFIG and others: what can't become right by
 * itself; NOT_SUPPORTED built without NATS. */
int shared_keys_new(const char *where, shared_keys **out, beluga_error *err);
/* End the thread: waits for a request that runs. NULL does nothing. */
void shared_keys_free(shared_keys *keys);
/* Wait until the bucket was read, or that has failed, or until `timeout_ms` are over. */
void shared_keys_wait(shared_keys *keys, int64_t timeout_ms);

/* @return a descriptor that can be read from when there are news: call the next two then. */
int shared_keys_fd(const shared_keys *keys);
/* Tell what is to be told: entries that are wrong, and that the bucket can't be read. */
void shared_keys_tell(shared_keys *keys);
/* Take the keys, where they are others than those that were taken last.
 * @param settings  Receives the keys alone (serve_settings_free). @return whether there were any.
 */
bool shared_keys_take(shared_keys *keys, serve_settings *settings);
/* @return whether they can't be read for now. */
bool shared_keys_fail(shared_keys *keys);
/* Read them once more: those that were taken could not be used. */
void shared_keys_again(shared_keys *keys);

/* Make a key, put its hash into a bucket that has none of this name, and print the key, once.
 * @return 0 or a code with an error. */
int shared_keys_make(const char *where, const char *name, FILE *out, beluga_error *err);

#endif
