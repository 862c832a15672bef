/* Where a key comes from: a value, "env:NAME", "file:PATH", "command:COMMAND", "aws:" or
 * "aws:PROFILE", or a function. All but the first two may block, so they are resolved on the
 * executor, once for all that wait, and kept for a while. */
#ifndef BELUGA__KEY_H
#define BELUGA__KEY_H

#include "loop/loop.h"

#include <beluga/error.h>
#include <beluga/option.h>

typedef struct beluga__key beluga__key;

/* A function instead of a reference; borrowed. */
int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err);

/* Does it say where a secret is, instead of being one? "aws:" is one for keys only. */
bool beluga__key_is_reference(const char *value);

/* `reference` is copied. env: is read here. Returns AUTHENTICATION when the variable is empty. */
int beluga__key_new(beluga__runtime *runtime, const char *reference, beluga__key **out,
                    beluga_error *err);
/* A value, whatever it looks like. */
int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err);
void beluga__key_unref(beluga__key *credential);

/* The environment variable that the key was read from, or NULL. Borrowed as long as the credential.
 */
const char *beluga__key_variable(const beluga__key *credential);

/* Whether the key itself was given, so that nobody has to be asked for it. */
bool beluga__key_is_value(const beluga__key *credential);

/* A waiter; in the memory of the call that waits. */
typedef struct beluga__key_wait {
    void (*ready)(struct beluga__key_wait *wait, const char *key, const beluga_error *err);
    struct beluga__key_request *request;
} beluga__key_wait;

/* Give the key: 1 when it is in *key at once (copied into the arena), 0 when `ready` will be called
 * on the loop, or a negative code. */
int beluga__key_get(beluga__key *credential, beluga_loop *loop, beluga__arena *arena,
                    beluga__key_wait *wait, const char **key, beluga_error *err);
void beluga__key_cancel(beluga__key_wait *wait);
/* The error of a call that waited too long for it: the same as that of a command which takes too
 * long, since both have the same limit unless a call says otherwise. Returns its code. */
int beluga__key_late(const beluga__key *credential, beluga_error *err);
/* Whether a key could be had, as far as is known without asking: 0, or a code with detail in `err`.
 */
int beluga__key_check(beluga__key *credential, beluga_error *err);
/* Whether it is asked for, and may be again: not one that was given once and for all. */
bool beluga__key_renews(const beluga__key *credential);
/* The provider refused it: ask again next time. Returns false for a value, which stays what it is.
 */
bool beluga__key_expire(beluga__key *credential);

#endif
