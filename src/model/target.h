/* A target is what a chat model calls: a provider with its state, settings, key and connections. It
 * does not change, and is shared by a model and all that were bound from it. */
#ifndef BELUGA__TARGET_H
#define BELUGA__TARGET_H

#include "keys/key.h"
#include "loop/loop.h"
#include "options/settings.h"

#include <beluga/provider/provider.h>

#include <stdatomic.h>

typedef struct beluga__model beluga__model;

/* A header of every request. */
typedef struct beluga__target_header {
    const char *name;
    beluga__key *value; /* NULL: the header is taken away */
    bool secret;        /* its value came from a reference */
} beluga__target_header;

typedef struct beluga__target {
    atomic_uint refs;
    beluga__runtime *runtime;        /* holds a reference */
    beluga__arena arena;             /* strings and items of the settings */
    const beluga_provider *provider; /* whose name it has */
    /* Whose functions it has: the same, or the base of a provider without code. */
    const beluga_provider *protocol;
    /* The table as it was registered, perhaps shorter; NULL: the same. This is what the functions
     * see, for they may know more about their own table than what is in it. */
    const beluga_provider *given;
    bool builtin; /* the functions keep the rules: they are ours */
    void *self;   /* what provider->open made */
    beluga__settings settings;
    const char *model_name;
    const char *base_url;  /* NULL for full providers */
    const char *shown_url; /* the same for logs and telemetry, without a password */
    const char *metric_prefix;
    beluga__key *key; /* NULL: the model has none */
    bool key_set;
    beluga__target_header *headers;
    size_t n_headers;
    beluga__connection connection;
    beluga__model *stack; /* the outermost middleware */
    size_t call_bytes;    /* what a call takes at once; 0: as much as HTTP needs */
    void (*destroy)(struct beluga__target *target);
} beluga__target;

beluga__target *beluga__target_ref(beluga__target *target);
void beluga__target_unref(beluga__target *target);

#endif
