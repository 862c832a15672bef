/* The address of a queue of NATS, or of a bucket there, with what the variables of the nats tool add. */
#ifndef BELUGA_CLI_QUEUE_NATS_ADDRESS_H
#define BELUGA_CLI_QUEUE_NATS_ADDRESS_H

#include "queue/queue.h"

#define NATS_MAX_SERVERS 32
#define NATS_ACK_WAIT_MS 30000

typedef struct nats_address {
    char *servers[NATS_MAX_SERVERS]; /* nats://HOST:PORT, without credentials; owned */
    int n_servers;
    char job[QUEUE_NAME_BYTES];
    char *where; /* the whole without credentials and query, for messages; owned */
    bool tls;
    /* owned; NULL: not given. The last five are files. */
    char *user, *password, *token, *domain, *creds, *nkey, *ca, *cert, *key;
    int replicas;        /* 0: three in a cluster, one on a server that is alone */
    int64_t ack_wait_ms; /* a line that is not extended for so long is handed out again */
    int64_t patience_ms; /* 0: not given */
} nats_address;

/*
 * Read an address:
 *
 *     nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST[:PORT]…]/JOB[?NAME=VALUE&…]
 *
 * `tls://` is the same with TLS. Names are replicas, ack_wait and patience (seconds), domain, and
 * the files creds, nkey, ca, cert and key. Where the address has no credentials they are those of
 * NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS and NATS_NKEY; NATS_CA, NATS_CERT and NATS_KEY
 * stand in for files that it does not name.
 *
 * @return 0; INVALID_CONFIG, with what is wrong and no secret; NO_MEMORY. Free it in either case.
 */
int nats_address_parse(const char *text, nats_address *address, beluga_error *err);

/* Free it, and wipe what is secret. */
void nats_address_free(nats_address *address);

#endif
