/* Keys and their sources: a value, "env:NAME", "file:PATH", "command:COMMAND", "aws:" or
 * "aws:PROFILE", "google:", or a function. Some providers exchange the key for a token. Fetching a
 * key may block, except for a value and "env:", and an exchange may block, too. So both run on the
 * thread pool, once for all calls that wait, and the result is kept for a while. */
#ifndef BELUGA__KEY_H
#define BELUGA__KEY_H

#include "keys/exchange.h"
#include "loop/loop.h"

#include <beluga/error.h>
#include <beluga/option.h>

typedef struct beluga__key beluga__key;
typedef struct beluga__key_request beluga__key_request;

/* Make a key whose value a function returns. The function's struct is borrowed. */
int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err);

/* Returns whether a text is a reference to a secret rather than the secret itself. */
bool beluga__key_is_reference(const char *value);
/* Returns whether a text refers to the credentials of an account, "aws:…" or "google:". Only keys
 * may be such references. */
bool beluga__key_is_account(const char *value);

/* Make a key from a reference, which is copied. The environment variable of an "env:" reference is
 * read now. Returns AUTHENTICATION if the variable is empty. */
int beluga__key_new(beluga__runtime *runtime, const char *reference, beluga__key **out,
                    beluga_error *err);
/* Make a key from a literal value, even if the value looks like a reference. */
int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err);
void beluga__key_unref(beluga__key *key);

/* Exchange the key for a token from now on, unless the provider uses this key unchanged. Call this
 * before the key's first use. The exchange is borrowed, and its owner must have a reference to the
 * key. Returns 0, or a code with detail if the value can't be exchanged. */
int beluga__key_set_exchange(beluga__key *key, const beluga__exchange *exchange, beluga_error *err);

/* Returns the name of the environment variable from which the key was read, or NULL; borrowed from
 * the key. */
const char *beluga__key_variable(const beluga__key *key);

/* Returns whether the key was given as a value or came from an environment variable, so that it is
 * known without a fetch. It may still be exchanged for a token. */
bool beluga__key_is_value(const beluga__key *key);

/* A call that waits for a key. This struct is in the call's memory. */
typedef struct beluga__key_wait {
    void (*ready)(struct beluga__key_wait *wait, const char *value, const beluga_error *err);
    beluga__key_request *request;
    bool is_token; /* the value is a token for which the key was exchanged */
} beluga__key_wait;

/* Get the key. Returns 1 if it is in *value now (copied into the arena), 0 if `ready` will be
 * called on the loop, or a negative code. */
int beluga__key_get(beluga__key *key, beluga_loop *loop, beluga__arena *arena,
                    beluga__key_wait *wait, const char **value, beluga_error *err);
void beluga__key_cancel(beluga__key_wait *wait);
/* Set the error of a call that waited too long for the key, and return its code. A command that
 * takes too long gets the same error, since both have the same timeout unless the call sets its
 * own. */
int beluga__key_late(const beluga__key *key, beluga_error *err);
/* Check whether a key is available, as far as this is known without fetching it. Returns 0, or a
 * code with detail in `err`. */
int beluga__key_check(beluga__key *key, beluga_error *err);
/* Returns whether a new value can be had, because the key is fetched from somewhere or exchanged
 * for a token. False for a value that is sent as it was given. */
bool beluga__key_renews(const beluga__key *key);
/* Note that the provider refused `value`. Then the key is fetched again at its next use, unless
 * another value was fetched meanwhile. Returns the same as beluga__key_renews. */
bool beluga__key_expire(beluga__key *key, const char *value);

#endif
