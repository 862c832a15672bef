/* A bucket of NATS' key-value store: a stream whose subjects are the keys. One thread at a time. */
#ifndef BELUGA_CLI_QUEUE_NATS_BUCKET_H
#define BELUGA_CLI_QUEUE_NATS_BUCKET_H

#include "base/buf.h"
#include "queue/nats_dial.h"

#include <stdint.h>

#define NATS_BUCKET_NAME_BYTES    (QUEUE_NAME_BYTES + 8)
#define NATS_BUCKET_SUBJECT_BYTES 256

typedef struct nats_bucket {
    const nats_library *nats; /* NULL: it was not begun */
    nats_address address;
    natsConnection *connection; /* NULL: there was none yet, or it was closed for good */
    jsCtx *js;
    char stream[NATS_BUCKET_NAME_BYTES], prefix[NATS_BUCKET_NAME_BYTES + 8];
    char get[NATS_BUCKET_NAME_BYTES + 96];
} nats_bucket;

/* What a bucket is like: of two looks that are alike nothing has changed between. */
typedef struct nats_bucket_state {
    uint64_t last, count; /* its last sequence; its messages */
    int64_t created;      /* by its server's clock */
} nats_bucket_state;

typedef struct nats_bucket_message {
    char key[NATS_BUCKET_SUBJECT_BYTES];
    uint64_t sequence;
    bool removed; /* a mark: the key was taken out */
} nats_bucket_message;

/* Read its address (nats_address_parse) and load libnats; connects to nothing. @return 0 or a code
 * with an error. End it in either case. */
int nats_bucket_begin(nats_bucket *bucket, const char *where, beluga_error *err);
/* Once is enough, and does no harm to one that is zeroed. */
void nats_bucket_end(nats_bucket *bucket);

/* Connect where there is no connection: blocks for a few seconds a server. @return 0, or a code
 * with an error: NETWORK and TIMEOUT may become right by themselves. */
int nats_bucket_connect(nats_bucket *bucket, beluga_error *err);
/* @return how often libnats has connected again, where there is a connection. */
uint64_t nats_bucket_reconnects(const nats_bucket *bucket);

/* Fill an error from what libnats says. @return its code. */
int nats_bucket_explain(const nats_bucket *bucket, natsStatus status, jsErrCode code,
                        const char *what, beluga_error *err);

natsStatus nats_bucket_look(const nats_bucket *bucket, nats_bucket_state *state, jsErrCode *code);
/* Look, and make it where it is missing, with this description. @return 0 or a code with an error.
 */
int nats_bucket_find(const nats_bucket *bucket, const char *description, nats_bucket_state *state,
                     beluga_error *err);
/* Read the next message behind a sequence, of the keys that a filter has, such as ">".
 * @param text  Receives its value.
 * @return 1; 0: there is none; -1 with an error. */
int nats_bucket_next(const nats_bucket *bucket, uint64_t behind, const char *filter,
                     nats_bucket_message *message, beluga__buf *text, beluga_error *err);

#endif
