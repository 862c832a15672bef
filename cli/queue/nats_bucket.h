/* A bucket of NATS' key-value store, which is a stream whose subjects are the keys. Only one thread
 * at a time may use it. */
#ifndef BELUGA_CLI_QUEUE_NATS_BUCKET_H
#define BELUGA_CLI_QUEUE_NATS_BUCKET_H

#include "base/buf.h"
#include "queue/nats_dial.h"

#include <stdint.h>

#define NATS_BUCKET_NAME_BYTES    (QUEUE_NAME_BYTES + 8)
#define NATS_BUCKET_SUBJECT_BYTES 256

typedef struct nats_bucket {
    const nats_library *nats; /* NULL: not begun */
    nats_address address;
    natsConnection *connection; /* NULL: not connected yet, or closed for good */
    jsCtx *js;
    char stream[NATS_BUCKET_NAME_BYTES], prefix[NATS_BUCKET_NAME_BYTES + 8];
    char get[NATS_BUCKET_NAME_BYTES + 96];
} nats_bucket;

/* The state of a bucket. If it is equal at two times, nothing has changed in between. */
typedef struct nats_bucket_state {
    uint64_t last, count; /* sequence number of the last message; number of messages */
    int64_t created;      /* creation time, by the server's clock */
} nats_bucket_state;

typedef struct nats_bucket_message {
    char key[NATS_BUCKET_SUBJECT_BYTES];
    uint64_t sequence;
    bool removed; /* the message marks the key as removed */
} nats_bucket_message;

/* Parse the address (nats_address_parse) and load libnats, without connecting. @return 0, or an
 * error code, with `err` set. End the bucket in either case. */
int nats_bucket_begin(nats_bucket *bucket, const char *where, beluga_error *err);
/* Free the bucket. A zeroed bucket, and one that was already ended, is accepted, too. */
void nats_bucket_end(nats_bucket *bucket);

/* Connect if the bucket is not connected. Blocks for a few seconds for each server. @return 0, or
 * an error code, with `err` set; after NETWORK and TIMEOUT a later call may succeed. */
int nats_bucket_connect(nats_bucket *bucket, beluga_error *err);
/* @return how often libnats has reconnected since the connection was made. */
uint64_t nats_bucket_reconnects(const nats_bucket *bucket);

/* Fill an error from a status of libnats. @return the error's code. */
int nats_bucket_explain(const nats_bucket *bucket, natsStatus status, jsErrCode code,
                        const char *what, beluga_error *err);

natsStatus nats_bucket_look(const nats_bucket *bucket, nats_bucket_state *state, jsErrCode *code);
/* Read the state of the bucket, and create the bucket with this description if it is missing.
 * @return 0, or an error code, with `err` set. */
int nats_bucket_find(const nats_bucket *bucket, const char *description, nats_bucket_state *state,
                     beluga_error *err);
/* Read the next message after a sequence number, among the keys that match a filter, such as ">".
 * @param text  Receives the value of the message.
 * @return 1; 0: no message is left; -1 with an error. */
int nats_bucket_next(const nats_bucket *bucket, uint64_t behind, const char *filter,
                     nats_bucket_message *message, beluga__buf *text, beluga_error *err);

#endif
