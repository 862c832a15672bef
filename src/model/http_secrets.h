/* The secrets of a request: the values of its headers and its key. They are fetched one after the
 * other, and some have to be waited for. */
#ifndef BELUGA__HTTP_SECRETS_H
#define BELUGA__HTTP_SECRETS_H

#include "model/call.h"

typedef struct beluga__http_secrets {
    beluga_call *call;
    beluga__key_wait wait;
    /* They came, after a wait: 0, or a code with detail in `err`. */
    void (*ready)(struct beluga__http_secrets *secrets, int status, beluga_error *err);
    const char **header_values; /* of the target's headers, in the call's arena; NULL: no headers */
    const char *key;            /* NULL: the target has none; lives as long as the call */
    const char **list;          /* those of them that are secret, ended by NULL */
    uint32_t n_fetched;         /* of the headers' values and, behind them, the key */
    uint16_t n_listed;
    bool renew; /* one of them was fetched, perhaps for a call before this one: it may be old */
} beluga__http_secrets;

/* Prepare. Returns 0, or NO_MEMORY with detail. */
int beluga__http_secrets_init(beluga__http_secrets *secrets, beluga_call *call,
                              void (*ready)(beluga__http_secrets *, int, beluga_error *),
                              beluga_error *err);
/* Fetch. Returns 1 when all are there, 0 when `ready` will be called in a later turn of the loop,
 * or a code with detail. */
int beluga__http_secrets_fetch(beluga__http_secrets *secrets, beluga_error *err);
/* Stop waiting. */
void beluga__http_secrets_cancel(beluga__http_secrets *secrets);
/* Say which one was waited for too long. Returns the code. */
int beluga__http_secrets_late(const beluga__http_secrets *secrets, beluga_error *err);
/* The server refused them: fetch them again for the next call. Returns whether that may help, since
 * an old one was sent. */
bool beluga__http_secrets_refused(beluga__http_secrets *secrets);
/* Make stars of the secrets in a text: a server may repeat a key that it refuses. */
void beluga__http_secrets_mask(const beluga__http_secrets *secrets, char *bytes, size_t n);

#endif
