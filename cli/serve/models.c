#include "serve/models.h"

#include "base/limits.h"
#include "base/text.h"
#include "lookup.h"

#include <beluga/price.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PROVIDERS 256
/* The maximum number of models that are kept open because clients have named them, although they
 * are not in the list. */
#define MAX_OPENED      256
#define REFERENCE_BYTES 512
/* The maximum number of unknown names that are remembered, because looking them up may read files.
 */
#define MAX_UNKNOWN 64

typedef struct model_list {
    serve_model **items; /* owned references */
    size_t count, room;
} model_list;

struct serve_models {
    beluga_config *config;
    beluga_prices *prices; /* NULL: costs are unknown */
    model_list listed;
    serve_model *opened[MAX_OPENED]; /* a new model replaces the oldest */
    size_t n_opened, next_opened;
    const char *unknown[MAX_UNKNOWN]; /* owned; a new name replaces the oldest */
    size_t next_unknown;
    /* the model to ask when a client names an unknown model; owned reference; NULL: none */
    serve_model *otherwise;
    const char *providers[MAX_PROVIDERS]; /* owned; providers whose models are served */
    size_t n_providers;
    int64_t created;
};

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the models");
}

/* ---- a model --------------------------------------------------------------------------------- */

serve_model *serve_model_ref(serve_model *model)
{
    if (model) model->refs++;
    return model;
}

void serve_model_unref(serve_model *model)
{
    if (!model || --model->refs) return;
    beluga_chat_model_unref(model->model);
    free((char *)model->name);
    free((char *)model->provider);
    free((char *)model->protocol);
    free((char *)model->system);
    free(model);
}

static bool copy(const char **to, const char *text)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text;
}

static bool is_served(const serve_models *models, const char *provider)
{
    for (size_t i = 0; i < models->n_providers; i++)
        if (strcmp(models->providers[i], provider) == 0) return true;
    return false;
}

static int serve_provider(serve_models *models, const char *provider, beluga_error *err)
{
    if (is_served(models, provider)) return 0;
    if (models->n_providers == MAX_PROVIDERS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "there are more than %d providers", MAX_PROVIDERS);
    if (!copy(&models->providers[models->n_providers], provider)) return no_memory(err);
    models->n_providers++;
    return 0;
}

/* Resolve the reference of a model, which may also be only the name of a known model. */
static int resolve(const serve_models *models, const char *reference, beluga_config **config,
                   beluga_error *err)
{
    char found[LOOKUP_BYTES];
    beluga_registry *registry = beluga_registry_default();
    int status = beluga_config_resolve(models->config, registry, reference, config, err);
    if (status != BELUGA_ERROR_UNSUPPORTED_PROVIDER ||
        !lookup_model(models->config, reference, found, err))
        return status;
    return beluga_config_resolve(models->config, registry, found, config, err);
}

/* Find the provider of a configuration, and its protocol. Both are borrowed from the configuration.
 */
static int describe(const beluga_config *config, beluga_provider *provider, beluga_error *err)
{
    return beluga_registry_describe(beluga_registry_default(), config, provider, err);
}

/* Returns whether an option does not change the request's body. Headers are sent with any body, and
 * many options that only one provider has (provider_specific) are a part of its address. */
static bool is_beside_body(int key)
{
    return key == BELUGA_OPTION_HEADERS || key == BELUGA_OPTION_EXTRA_HEADERS ||
           key == BELUGA_OPTION_PROVIDER_SPECIFIC;
}

/* Return whether the configuration changes the request's body. A body that is passed on unchanged
 * would lack these changes. */
static bool shapes_body(const beluga_config *config)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++)
        if (beluga_option_shapes_answer(key) && !is_beside_body(key) &&
            beluga_config_describe(config, key, NULL, 0, NULL))
            return true;
    return false;
}

/* Also serve the providers of the fallbacks. If one of them speaks another protocol, the model is
 * marked as having no protocol. */
static int join_fallbacks(serve_models *models, const beluga_config *config, const char **spoken,
                          bool *shapes, beluga_error *err)
{
    const char *reference;
    int status = 0;
    for (size_t i = 0;
         !status && (reference = beluga_config_get_item(config, BELUGA_OPTION_FALLBACK, i, NULL));
         i++) {
        beluga_config *other = NULL;
        beluga_provider provider;
        status = resolve(models, reference, &other, err);
        if (!status) status = describe(other, &provider, err);
        if (!status) status = serve_provider(models, provider.name, err);
        if (!status && *spoken && (!provider.protocol || strcmp(provider.protocol, *spoken) != 0))
            *spoken = NULL;
        if (!status) *shapes |= shapes_body(other);
        beluga_config_free(other);
    }
    return status;
}

static int fill(serve_models *models, serve_model *model, const beluga_config *config,
                beluga_error *err)
{
    beluga_provider provider;
    int status = describe(config, &provider, err);
    if (status) return status;
    const char *spoken = provider.protocol;
    model->shapes_body = shapes_body(config);
    status = serve_provider(models, provider.name, err);
    if (!status) status = join_fallbacks(models, config, &spoken, &model->shapes_body, err);
    if (!status)
        status = beluga_registry_open(beluga_registry_default(), NULL, config, &model->model, err);
    if (status) return status;
    model->has_fallbacks = beluga_config_get_item(config, BELUGA_OPTION_FALLBACK, 0, NULL) != NULL;
    bool copied = copy(&model->provider, provider.name) && copy(&model->protocol, spoken) &&
                  copy(&model->system, beluga_config_system(config));
    return copied ? 0 : no_memory(err);
}

/* Open a model under a name that clients use. */
static int open_model(serve_models *models, const char *name, const char *reference,
                      serve_model **out, beluga_error *err)
{
    beluga_config *config = NULL;
    serve_model *model = calloc(1, sizeof *model);
    if (!model || !copy(&model->name, name)) {
        free(model);
        return no_memory(err);
    }
    model->refs = 1;
    model->created = models->created;
    int status = resolve(models, reference, &config, err);
    if (!status) status = fill(models, model, config, err);
    beluga_config_free(config);
    if (status)
        serve_model_unref(model);
    else
        *out = model;
    return status;
}

/* ---- the list of models ---------------------------------------------------------------------- */

static int list(serve_models *models, serve_model *model, beluga_error *err)
{
    model_list *listed = &models->listed;
    if (listed->count == listed->room) {
        size_t room = listed->room ? 2 * listed->room : 16;
        serve_model **items = realloc(listed->items, room * sizeof *items);
        if (!items) {
            serve_model_unref(model);
            return no_memory(err);
        }
        listed->items = items;
        listed->room = room;
    }
    listed->items[listed->count++] = model;
    return 0;
}

static int list_aliases(serve_models *models, beluga_error *err)
{
    const char *name, *reference;
    for (size_t i = 0; beluga_config_alias(models->config, i, &name, &reference); i++) {
        char context[REFERENCE_BYTES];
        serve_model *model;
        int status = open_model(models, name, name, &model, err);
        if (status) {
            snprintf(context, sizeof context, "models.%s", name);
            beluga_error_wrap(err, NULL, context);
        } else {
            status = list(models, model, err);
        }
        if (status) return status;
    }
    return 0;
}

static bool has_value(const char *const *variables)
{
    for (; variables && *variables; variables++) {
        const char *value = getenv(*variables);
        if (value && *value) return true;
    }
    return false;
}

/* Returns whether a provider can be used: it has a key, in the environment or in the configuration,
 * or it is defined by the configuration file, and therefore may need no key. */
static bool has_key(const beluga_config *config, const beluga_provider *provider)
{
    const char *value;
    return has_value(provider->key_variables) ||
           beluga_config_get_string(config, BELUGA_OPTION_API_KEY, &value) ||
           beluga_config_get_string(config, BELUGA_OPTION_BASE, &value);
}

/* Add a model of a provider to the list: `model_name`, or the default model if that is NULL and the
 * provider has a key. */
static int list_provider(serve_models *models, const char *name, const char *model_name,
                         beluga_error *err)
{
    char reference[REFERENCE_BYTES];
    beluga_config *config = NULL;
    beluga_provider provider;
    serve_model *model = NULL;
    const beluga_option option = beluga_with_provider(name);
    beluga_config *named = beluga_config_copy(models->config);
    if (!named || beluga_config_set_n(named, &option, 1)) {
        beluga_config_free(named);
        return no_memory(err);
    }
    int status = beluga_config_resolve(named, beluga_registry_default(), NULL, &config, err);
    beluga_config_free(named);
    if (!status) status = describe(config, &provider, err);
    bool wanted = !status && (model_name || has_key(config, &provider));
    if (wanted && !model_name) model_name = provider.default_model;
    if (wanted) status = serve_provider(models, provider.name, err);
    beluga_config_free(config);
    if (!wanted || !model_name) return status == BELUGA_ERROR_NO_MEMORY ? status : 0;
    snprintf(reference, sizeof reference, "%s/%s", name, model_name);
    status = open_model(models, reference, reference, &model, err);
    if (status) return status == BELUGA_ERROR_NO_MEMORY ? status : 0;
    return list(models, model, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Add mock, and each provider that has a key, to the list. Used if no aliases are configured. */
static int list_providers(serve_models *models, beluga_error *err)
{
    const char *names[MAX_PROVIDERS], *name, *base;
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, MAX_PROVIDERS) : 0;
    if (n > MAX_PROVIDERS) n = MAX_PROVIDERS;
    for (size_t i = 0; n < MAX_PROVIDERS && beluga_config_provider(models->config, i, &name, &base);
         i++)
        if (!beluga_registry_contains(registry, name)) names[n++] = name;
    qsort(names, n, sizeof *names, compare_names);
    int status = 0;
    for (size_t i = 0; i < n && !status; i++)
        status =
            list_provider(models, names[i], strcmp(names[i], "mock") == 0 ? "echo" : NULL, err);
    return status;
}

/* ---- the snapshot ---------------------------------------------------------------------------- */

static int load_prices(serve_models *models, beluga_error *err)
{
    const char *path = NULL;
    beluga_config_get_string(models->config, BELUGA_OPTION_PRICES, &path);
    int status = beluga_prices_load(path, &models->prices, err);
    return path || status == BELUGA_ERROR_NO_MEMORY ? status : 0;
}

static int load(serve_models *models, const char *otherwise, beluga_error *err)
{
    int status = load_prices(models, err);
    if (!status) status = list_aliases(models, err);
    if (!status && !models->listed.count) status = list_providers(models, err);
    if (status || !otherwise) return status;
    status = open_model(models, otherwise, otherwise, &models->otherwise, err);
    if (!status) return 0;
    char why[sizeof err->message];
    snprintf(why, sizeof why, "%s", err->message);
    return beluga_error_set(err, status, "the default model (-m, or serve.default_model): %s", why);
}

int serve_models_load(const beluga_config *config, const char *otherwise, serve_models **out,
                      beluga_error *err)
{
    serve_models *models = calloc(1, sizeof *models);
    *out = NULL;
    if (!models) return no_memory(err);
    models->created = (int64_t)time(NULL);
    models->config = beluga_config_copy(config);
    int status = models->config ? load(models, otherwise, err) : no_memory(err);
    if (status)
        serve_models_free(models);
    else
        *out = models;
    return status;
}

void serve_models_free(serve_models *models)
{
    if (!models) return;
    for (size_t i = 0; i < models->listed.count; i++) serve_model_unref(models->listed.items[i]);
    for (size_t i = 0; i < models->n_opened; i++) serve_model_unref(models->opened[i]);
    for (size_t i = 0; i < models->n_providers; i++) free((char *)models->providers[i]);
    for (size_t i = 0; i < MAX_UNKNOWN; i++) free((char *)models->unknown[i]);
    serve_model_unref(models->otherwise);
    free(models->listed.items);
    beluga_prices_free(models->prices);
    beluga_config_free(models->config);
    free(models);
}

const serve_model *serve_models_at(const serve_models *models, size_t index)
{
    return index < models->listed.count ? models->listed.items[index] : NULL;
}

/* ---- finding --------------------------------------------------------------------------------- */

static serve_model *find_known(const serve_models *models, const char *name)
{
    for (size_t i = 0; i < models->listed.count; i++)
        if (strcmp(models->listed.items[i]->name, name) == 0) return models->listed.items[i];
    for (size_t i = 0; i < models->n_opened; i++)
        if (strcmp(models->opened[i]->name, name) == 0) return models->opened[i];
    return NULL;
}

/* Copy a name of the form PROVIDER/MODEL, if the provider is served. */
static bool take_reference(const serve_models *models, const char *name,
                           char reference[REFERENCE_BYTES])
{
    size_t n = strcspn(name, "/:");
    if (!name[n] || !name[n + 1] || strlen(name) >= REFERENCE_BYTES) return false;
    memcpy(reference, name, n);
    reference[n] = '\0';
    if (!is_served(models, reference)) return false;
    snprintf(reference, REFERENCE_BYTES, "%s", name);
    return true;
}

static bool is_known_unknown(const serve_models *models, const char *name)
{
    for (size_t i = 0; i < MAX_UNKNOWN && models->unknown[i]; i++)
        if (strcmp(models->unknown[i], name) == 0) return true;
    return false;
}

static void remember_unknown(serve_models *models, const char *name)
{
    const char **place = &models->unknown[models->next_unknown], *copied;
    if (!copy(&copied, name)) return;
    models->next_unknown = (models->next_unknown + 1) % MAX_UNKNOWN;
    free((char *)*place);
    *place = copied;
}

/* Find the model that a client names, as PROVIDER/MODEL. @return false if no provider that is
 * served has this model. */
static bool find_reference(serve_models *models, const char *name, char reference[REFERENCE_BYTES])
{
    char found[LOOKUP_BYTES];
    beluga_error unused;
    if (take_reference(models, name, reference)) return true;
    if (is_known_unknown(models, name)) return false;
    if (strlen(name) < LOOKUP_BYTES && lookup_model(models->config, name, found, &unused) &&
        take_reference(models, found, reference))
        return true;
    remember_unknown(models, name);
    return false;
}

static void keep(serve_models *models, serve_model *model)
{
    serve_model **place = &models->opened[models->next_opened];
    models->next_opened = (models->next_opened + 1) % MAX_OPENED;
    if (models->n_opened < MAX_OPENED)
        models->n_opened++;
    else
        serve_model_unref(*place);
    *place = model;
}

static int explain_unknown(const serve_models *models, const char *name, beluga_error *err)
{
    const char *near = NULL;
    unsigned best = 4;
    for (size_t i = 0; i < models->listed.count; i++) {
        unsigned distance = beluga__text_distance(name, models->listed.items[i]->name, best - 1);
        if (distance >= best) continue;
        best = distance;
        near = models->listed.items[i]->name;
    }
    if (near)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_MODEL,
                                "there is no model \"%s\"; did you mean \"%s\"?", name, near);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_MODEL,
                            "there is no model \"%s\": GET /v1/models lists the models that are "
                            "served; to serve this name, add an alias of this name, or set "
                            "default_model in the section serve of the configuration",
                            name);
}

int serve_models_find(serve_models *models, const char *name, serve_model **out, beluga_error *err)
{
    char reference[REFERENCE_BYTES];
    serve_model *model = name && *name ? find_known(models, name) : models->otherwise;
    *out = NULL;
    if (!model && name && *name && find_reference(models, name, reference)) {
        int status = open_model(models, name, reference, &model, err);
        /* the configuration is valid, so the mistake is in the client's name for the model */
        if (status == BELUGA_ERROR_INVALID_CONFIG) err->code = status = BELUGA_ERROR_INVALID_MODEL;
        if (status) return status;
        keep(models, model);
    }
    if (!model) model = models->otherwise;
    if (!model && (!name || !*name))
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "model: it is missing; GET /v1/models lists the models that are served");
    if (!model) return explain_unknown(models, name, err);
    *out = serve_model_ref(model);
    return 0;
}

/* ---- facts ----------------------------------------------------------------------------------- */

bool serve_model_speaks(const serve_model *model, const protocol *table)
{
    return model->protocol && table->same && strcmp(model->protocol, table->same) == 0;
}

double serve_models_cost(const serve_models *models, const char *provider, const char *model,
                         const beluga_usage *usage)
{
    beluga_price price;
    if (!models->prices || !beluga_prices_find(models->prices, provider, model, &price)) return -1;
    return beluga_price_cost(&price, usage);
}
