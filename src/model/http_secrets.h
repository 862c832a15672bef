/* The secrets of a request: the values of its headers, and its key. They are fetched one after the
 * other, and the call may have to wait for each. */
#ifndef BELUGA__HTTP_SECRETS_H
#define BELUGA__HTTP_SECRETS_H

#include "model/call.h"

typedef struct beluga__http_secrets {
    beluga_call *call;
    beluga__key_wait wait;
    /* Called when the secrets were fetched after a wait: status is 0, or a code with detail in
     * `err`. */
    void (*ready)(struct beluga__http_secrets *secrets, int status, beluga_error *err);
    /* values of the target's headers, in the call's arena; NULL: no headers */
    const char **header_values;
    const char *key;   /* lives as long as the call; NULL: the target has no key */
    const char **list; /* the values that are secret, ended by NULL */
    /* number of secrets that were fetched; the headers' values come first, the key last */
    uint32_t n_fetched;
    uint16_t n_listed;
    bool is_token; /* the key is a token that was made from another credential */
    bool renew;    /* a value was fetched for an earlier call, so it may be outdated */
} beluga__http_secrets;

/* Prepare the secrets of a call. Returns 0, or NO_MEMORY with detail. */
int beluga__http_secrets_init(beluga__http_secrets *secrets, beluga_call *call,
                              void (*ready)(beluga__http_secrets *, int, beluga_error *),
                              beluga_error *err);
/* Fetch the secrets. Returns 1 if all are available now, 0 if `ready` will be called in a later
 * step of the loop, or a code with detail. */
int beluga__http_secrets_fetch(beluga__http_secrets *secrets, beluga_error *err);
/* Drop the secrets, before they are fetched again for another request. */
void beluga__http_secrets_forget(beluga__http_secrets *secrets);
/* Stop waiting for secrets. */
void beluga__http_secrets_cancel(beluga__http_secrets *secrets);
/* Set the error for a call that waited too long for a secret. Returns the error's code. */
int beluga__http_secrets_late(const beluga__http_secrets *secrets, beluga_error *err);
/* Note that the server refused the secrets, so that the next call fetches them again. Returns
 * whether a retry may succeed, because an outdated value may have been sent. */
bool beluga__http_secrets_refused(beluga__http_secrets *secrets);
/* Replace the secrets in a text by stars, since a server may quote a key that it refuses. */
void beluga__http_secrets_mask(const beluga__http_secrets *secrets, char *bytes, size_t n);

#endif
