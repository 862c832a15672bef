/* Connects to NATS, for queues and buckets. */
#ifndef BELUGA_CLI_QUEUE_NATS_DIAL_H
#define BELUGA_CLI_QUEUE_NATS_DIAL_H

#include "queue/nats_address.h"
#include "queue/nats_library.h"

/* How long a server may take to answer a request; libnats has the same. */
#define NATS_REQUEST_MS 5000

/* Fill an error from a status of libnats and a code of JetStream. @return the error's code. */
int nats_explain_at(const nats_library *nats, const char *where, natsStatus status, jsErrCode code,
                    const char *what, beluga_error *err);

#define NATS_STORE_IS_FULL                                                                         \
    "the server's store is full, or the account's share of it: remove jobs that are over (beluga " \
    "batch --remove), or raise max_file"
/* @return whether the server refuses to store something for want of room. */
bool nats_is_full(jsErrCode code);

/* Make a name for a client from its machine and process, with a random number. */
void nats_dial_name(char name[QUEUE_NAME_BYTES]);

/* Set servers, credentials, TLS and time-outs. libnats then reconnects for ever, and does not
 * buffer messages. @return 0; INVALID_CONFIG. */
int nats_dial_options(const nats_library *nats, const nats_address *address, const char *name,
                      natsOptions *options, beluga_error *err);

/* Connect. Blocks for a few seconds for each server. */
natsStatus nats_dial(const nats_library *nats, natsOptions *options, natsConnection **out);

/* The default number of replicas of a stream. A single server keeps only one copy. */
#define NATS_REPLICAS 3

/* Initialise the settings of a stream that is stored in files and keeps one message for each
 * subject. */
void nats_stream_config(const nats_library *nats, jsStreamConfig *config, const char *name,
                        const char **subjects, int n_subjects, int replicas);

#endif
