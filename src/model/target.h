/* A target is the endpoint that a chat model calls: a provider with its state, settings, key and
 * connections. A target does not change. All models that are made from a model by binding tools
 * share the target of that model. */
#ifndef BELUGA__TARGET_H
#define BELUGA__TARGET_H

#include "keys/key.h"
#include "loop/loop.h"
#include "options/settings.h"

#include <beluga/provider/provider.h>

#include <stdatomic.h>

typedef struct beluga__model beluga__model;

/* A header that is sent with each request. */
typedef struct beluga__target_header {
    const char *name;
    beluga__key *value; /* NULL: the header is removed from requests */
    bool secret;        /* the value came from a reference to a secret */
} beluga__target_header;

typedef struct beluga__target {
    atomic_uint refs;
    beluga__runtime *runtime;        /* a reference */
    beluga__arena arena;             /* has the strings and items of the settings */
    const beluga_provider *provider; /* the provider that the user named */
    /* The provider whose functions are called: the same one, or the base of a provider without
     * code. */
    const beluga_provider *protocol;
    /* The provider's table as it was registered, which may be shorter than the library's struct;
     * NULL: the same as `protocol`. The provider's functions get this pointer, since the table may
     * be part of a larger struct of the provider. */
    const beluga_provider *given;
    bool builtin; /* the provider is built in, so its functions are trusted to keep the rules */
    void *self;   /* the result of provider->open */
    beluga__settings settings;
    const char *model_name;
    const char *base_url;  /* NULL for full providers */
    const char *shown_url; /* base_url without a password, for logs and telemetry */
    const char *metric_prefix;
    beluga__key *key; /* NULL: the target has no key */
    bool key_set;
    bool plain; /* no option that spans report is set */
    beluga__target_header *headers;
    size_t n_headers;
    beluga__connection connection;
    beluga__model *stack; /* the outermost middleware */
    size_t call_bytes;    /* size of a call's block in bytes; 0: the size that HTTP calls need */
    void (*destroy)(struct beluga__target *target);
} beluga__target;

beluga__target *beluga__target_ref(beluga__target *target);
void beluga__target_unref(beluga__target *target);

#endif
