/* Exchanges a key for a token, by the provider's functions encode_token and decode_token. This
 * blocks, so it runs on the thread pool with a loop of its own: the loops of the calls that wait
 * may be closed at any time. */
#ifndef BELUGA__EXCHANGE_H
#define BELUGA__EXCHANGE_H

#include "loop/loop.h"

#include <beluga/provider/provider.h>

#include <stdatomic.h>

/* The part of an exchange that is the same for every token. `owner` owns it. */
typedef struct beluga__exchange {
    const beluga_provider *provider;
    void *self; /* the result of provider->open */
    const beluga_config *config;
    const char *base_url;
    beluga__connection connection;
    int64_t connect_timeout_ms;
    /* the object that holds `self` and everything above; a reference to it keeps them alive */
    void *owner;
    void (*hold)(void *owner);
    void (*let_go)(void *owner);
} beluga__exchange;

/* The key to exchange. */
typedef struct beluga__exchanged {
    const char *key;
    const char *variable;        /* the environment variable from which the key was read, or NULL */
    const atomic_bool *unwanted; /* set when no call waits for the token any more */
} beluga__exchanged;

/* Check that a key can be exchanged, without sending anything. Returns 0; BELUGA_ENCODE_NOTHING if
 * the key is used as it is; or a code with detail. */
int beluga__exchange_check(const beluga__exchange *exchange, const beluga__exchanged *what,
                           beluga_error *err);

/* Exchange a key for a token.
 *
 * @param token      Receives the token in secret memory, which the caller releases; NULL on
 * failure.
 * @param expires_s  Receives the time at which a new token is needed, in seconds since 1970; 0: not
 *                   known.
 * @return as beluga__exchange_check; CONTEXT_CANCELED if the token became unwanted */
int beluga__exchange_run(const beluga__exchange *exchange, beluga__runtime *runtime,
                         const beluga__exchanged *what, char **token, int64_t *expires_s,
                         beluga_error *err);

#endif
