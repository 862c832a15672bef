/* The models that are served: the aliases of the configuration with their stacks, or, without any,
 * `mock` and the providers that have a key. */
#ifndef BELUGA_CLI_SERVE_MODELS_H
#define BELUGA_CLI_SERVE_MODELS_H

#include "protocol/protocol.h"

#include <beluga/chat_model.h>
#include <beluga/config.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct serve_models serve_models;

/* A model that is served; shared (serve_model_unref). */
typedef struct serve_model {
    const char *name;     /* that clients use */
    const char *provider; /* of the model that is asked first */
    const char *protocol; /* that the provider and all its fallbacks speak; NULL: several, none */
    bool shapes_body;     /* it, or a fallback, says something of the request's body */
    const char *system;   /* text that belongs to the alias; NULL: none */
    beluga_chat_model *model;
    int64_t created; /* seconds since 1970: when the snapshot was made */
    bool has_fallbacks;
    unsigned refs;
} serve_model;

/*
 * Make a snapshot. Opens each alias, so that a mistake is told now.
 * @param config     Copied.
 * @param otherwise  Asked where a client names a model that is not served: an alias or
 *                   PROVIDER/MODEL; NULL: none.
 * @return 0, or a code.
 */
int serve_models_load(const beluga_config *config, const char *otherwise, serve_models **out,
                      beluga_error *err);
void serve_models_free(serve_models *models);

/*
 * Find a model by the name that a client gives: an alias, PROVIDER/MODEL of a provider that is
 * served, the name alone of a model that is known to be such a provider's, or else the default.
 * @param name  NULL: the client names none.
 * @param out   Shared; serve_model_unref.
 * @return 0; INVALID_MODEL with what is near; what opening it gave.
 */
int serve_models_find(serve_models *models, const char *name, serve_model **out, beluga_error *err);
serve_model *serve_model_ref(serve_model *model);
void serve_model_unref(serve_model *model);
/* Walk those that are listed. NULL past the last. */
const serve_model *serve_models_at(const serve_models *models, size_t index);

/* Return whether the provider and all its fallbacks speak a protocol. */
bool serve_model_speaks(const serve_model *model, const protocol *table);

/* The cost of an answer in US dollars; -1 where the prices do not have it. */
double serve_models_cost(const serve_models *models, const char *provider, const char *model,
                         const beluga_usage *usage);

#endif
