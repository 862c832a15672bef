/* The address of a queue or bucket on NATS, completed by the environment variables of the nats
 * tool. */
#ifndef BELUGA_CLI_QUEUE_NATS_ADDRESS_H
#define BELUGA_CLI_QUEUE_NATS_ADDRESS_H

#include "queue/queue.h"

#define NATS_MAX_SERVERS 32
#define NATS_ACK_WAIT_MS 30000

typedef struct nats_address {
    char *servers[NATS_MAX_SERVERS]; /* nats://HOST:PORT, without credentials; owned */
    int n_servers;
    char job[QUEUE_NAME_BYTES];
    char *where; /* owned; the address without credentials and query, for messages */
    bool tls;
    /* Owned; NULL: not given. The last five are paths of files. */
    char *user, *password, *token, *domain, *creds, *nkey, *ca, *cert, *key;
    int replicas; /* 0: three in a cluster, one on a single server */
    /* a claim that is not extended for this time ends, and another worker gets the line */
    int64_t ack_wait_ms;
    int64_t patience_ms; /* 0: not given */
} nats_address;

/*
 * Read an address:
 *
 *     nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST[:PORT]…]/JOB[?NAME=VALUE&…]
 *
 * `tls://` is the same with TLS. The settings are replicas, ack_wait and patience (in seconds),
 * domain, and the files creds, nkey, ca, cert and key. If the address has no credentials, they come
 * from NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS and NATS_NKEY; NATS_CA, NATS_CERT and
 * NATS_KEY are used for files that the address does not name.
 *
 * @return 0; INVALID_CONFIG, with an error that contains no secret; NO_MEMORY. Free the address in
 * either case.
 */
int nats_address_parse(const char *text, nats_address *address, beluga_error *err);

/* Free an address, and wipe its secrets. */
void nats_address_free(nats_address *address);

#endif
