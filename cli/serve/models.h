/* The models that are served: the aliases of the configuration with their layers (such as retry)
 * or, if no aliases are configured, `mock` and the providers that have a key. */
#ifndef BELUGA_CLI_SERVE_MODELS_H
#define BELUGA_CLI_SERVE_MODELS_H

#include "protocol/protocol.h"

#include <beluga/chat_model.h>
#include <beluga/config.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct serve_models serve_models;

/* A model that is served; reference counted (serve_model_unref). */
typedef struct serve_model {
    const char *name;     /* the name that clients use */
    const char *provider; /* provider of the model that is asked first */
    /* the protocol that the provider and all its fallbacks speak; NULL: they speak different
     * protocols, or none */
    const char *protocol;
    /* the configuration of the model or of a fallback changes the request's body */
    bool shapes_body;
    const char *system; /* system text of the alias; NULL: none */
    beluga_chat_model *model;
    int64_t created; /* when the snapshot was made, in seconds since 1970 */
    bool has_fallbacks;
    unsigned refs;
} serve_model;

/*
 * Make a snapshot of the models. Each alias is opened, so that mistakes are reported now.
 * @param config     The configuration, which is copied.
 * @param otherwise  The model to ask if a client names a model that is not served: an alias or
 *                   PROVIDER/MODEL; NULL: none.
 * @return 0, or an error code with `err` set.
 */
int serve_models_load(const beluga_config *config, const char *otherwise, serve_models **out,
                      beluga_error *err);
void serve_models_free(serve_models *models);

/*
 * Find a model by the name that a client gives: an alias, PROVIDER/MODEL of a provider that is
 * served, or only the name of a model that such a provider is known to have; otherwise the default
 * model.
 * @param name  NULL: the client names no model.
 * @param out   Receives a reference (serve_model_unref).
 * @return 0; INVALID_MODEL with a similar name in the message; or the error of opening the model.
 */
int serve_models_find(serve_models *models, const char *name, serve_model **out, beluga_error *err);
serve_model *serve_model_ref(serve_model *model);
void serve_model_unref(serve_model *model);
/* Get the model with this index in the list. Returns NULL if the index is too large. */
const serve_model *serve_models_at(const serve_models *models, size_t index);

/* Return whether the provider and all its fallbacks speak a protocol. */
bool serve_model_speaks(const serve_model *model, const protocol *table);

/* Return the cost of an answer in US dollars; -1 if the price is not known. */
double serve_models_cost(const serve_models *models, const char *provider, const char *model,
                         const beluga_usage *usage);

#endif
