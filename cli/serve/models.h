/* The models that are served: the aliases of the configuration with their stacks, or, without any,
 * `mock` and the providers that have a key. A snapshot, shared by the requests that use it. */
#ifndef BELUGA_CLI_SERVE_MODELS_H
#define BELUGA_CLI_SERVE_MODELS_H

#include "args.h"
#include "protocol/protocol.h"
#include "serve/settings.h"

#include <beluga/chat_model.h>

typedef struct serve_models serve_models;

typedef struct serve_model {
    const char *name;         /* that clients use */
    const char *provider;     /* of the model that is asked first */
    const char *protocol;     /* that the provider and all its fallbacks speak; NULL: several */
    const char *system;       /* text that belongs to the alias; NULL: none */
    beluga_chat_model *model; /* NULL until it is asked for the first time */
    int64_t created;          /* seconds since 1970; when the snapshot was made where unknown */
} serve_model;

/* Make a snapshot. Opens each alias, so that a mistake is told now. @return 0, or a code. */
int serve_models_load(const cli_args *args, const serve_settings *settings, serve_models **out,
                      beluga_error *err);
serve_models *serve_models_ref(serve_models *models);
void serve_models_unref(serve_models *models);

/* Find a model by the name that a client gives: an alias, PROVIDER/MODEL of what is served, or else
 * the default. @return 0; INVALID_MODEL with what is near; what opening it gave. */
int serve_models_find(serve_models *models, const char *name, const serve_model **out,
                      beluga_error *err);
/* Walk those that are listed. NULL past the last. */
const serve_model *serve_models_at(const serve_models *models, size_t index);

/* Whether a body in a protocol goes out as it came. */
bool serve_model_passes(const serve_model *model, const protocol *protocol);

/* The cost of an answer in US dollars; -1 where the prices do not have it. */
double serve_models_cost(const serve_models *models, const char *provider, const char *model,
                         const beluga_usage *usage);

#endif
