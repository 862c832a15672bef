/* Keys, and where they come from: a value, "env:NAME", "file:PATH", "command:COMMAND", "aws:" or
 * "aws:PROFILE", or a function. All but the first two may block, so they are resolved on the
 * executor, once for all that wait, and kept for a while. */
#ifndef BELUGA__KEY_H
#define BELUGA__KEY_H

#include "loop/loop.h"

#include <beluga/error.h>
#include <beluga/option.h>

typedef struct beluga__key beluga__key;
typedef struct beluga__key_request beluga__key_request;

/* Make a key that a function gives, which is borrowed. */
int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err);

/* Returns whether a text says where a secret is, instead of being one. "aws:" says so for keys
 * only. */
bool beluga__key_is_reference(const char *value);

/* Make a key of a reference, which is copied. The variable of "env:" is read here. Returns
 * AUTHENTICATION when it is empty. */
int beluga__key_new(beluga__runtime *runtime, const char *reference, beluga__key **out,
                    beluga_error *err);
/* Make a key of a value, whatever it looks like. */
int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err);
void beluga__key_unref(beluga__key *key);

/* Returns the environment variable that the key was read from, or NULL; borrowed as long as the
 * key. */
const char *beluga__key_variable(const beluga__key *key);

/* Returns whether the key itself was given, so that nobody has to be asked for it. */
bool beluga__key_is_value(const beluga__key *key);

/* A call that waits for a key; this lives in the memory of the call. */
typedef struct beluga__key_wait {
    void (*ready)(struct beluga__key_wait *wait, const char *value, const beluga_error *err);
    beluga__key_request *request;
} beluga__key_wait;

/* Give the key: 1 when it is in *value at once (copied into the arena), 0 when `ready` will be
 * called on the loop, or a negative code. */
int beluga__key_get(beluga__key *key, beluga_loop *loop, beluga__arena *arena,
                    beluga__key_wait *wait, const char **value, beluga_error *err);
void beluga__key_cancel(beluga__key_wait *wait);
/* The error of a call that waited too long for it: the same as that of a command which takes too
 * long, since both have the same limit unless a call says otherwise. Returns its code. */
int beluga__key_late(const beluga__key *key, beluga_error *err);
/* Say whether a key could be had, as far as is known without asking. Returns 0, or a code with
 * detail in `err`. */
int beluga__key_check(beluga__key *key, beluga_error *err);
/* Returns whether the key is asked for, and may be again: not one that was given once and for
 * all. */
bool beluga__key_renews(const beluga__key *key);
/* Ask for the key again next time, since the provider refused it. Returns false for a value, which
 * stays what it is. */
bool beluga__key_expire(beluga__key *key);

#endif
