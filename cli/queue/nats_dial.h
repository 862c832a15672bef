/* Connecting to NATS: what a queue, and what else is kept there, have in common. */
#ifndef BELUGA_CLI_QUEUE_NATS_DIAL_H
#define BELUGA_CLI_QUEUE_NATS_DIAL_H

#include "queue/nats_address.h"
#include "queue/nats_library.h"

/* Fill an error from libnats' status and JetStream's code. @return its code. */
int nats_explain_at(const nats_library *nats, const char *where, natsStatus status, jsErrCode code,
                    const char *what, beluga_error *err);

/* Name a client by its machine and process, with a number that another one of them hardly has. */
void nats_dial_name(char name[QUEUE_NAME_BYTES]);

/* Set servers, credentials, TLS, and the times after which libnats gives up or tries again: it does
 * so for ever, and sends nothing by itself that it could not send. @return 0; INVALID_CONFIG. */
int nats_dial_options(const nats_library *nats, const nats_address *address, const char *name,
                      natsOptions *options, beluga_error *err);

/* Connect: blocks for a few seconds a server. */
natsStatus nats_dial(const nats_library *nats, natsOptions *options, natsConnection **out);

/* Copies of a stream, where nobody says how many: a server that is alone keeps one. */
#define NATS_REPLICAS 3

/* Begin the settings of a stream: in files, and with one message of a subject. */
void nats_stream_config(const nats_library *nats, jsStreamConfig *config, const char *name,
                        const char **subjects, int n_subjects, int replicas);

#endif
