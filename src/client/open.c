/* Opening models: a name and a configuration become a target, together with the targets to which
 * the model falls back. */
#include "client/chat_model.h"
#include "client/target.h"
#include "config/config.h"
#include "config/derive.h"
#include "registry/registry.h"

#include <beluga/registry.h>

static int open_others(beluga_client *client, const beluga_config *config, beluga__others *out,
                       beluga_error *err);

/* Open the target of a resolved configuration. The provider may be a provider without code. */
static int open_target(beluga_client *client, const char *name, const beluga_config *config,
                       beluga__target **out, beluga_error *err)
{
    beluga_registry *registry = client->registry;
    const beluga_provider *provider;
    const char *base = beluga__derived_base(config);
    int status = base && name ? beluga__derived_check(registry, name, base, &provider, err)
                              : beluga__registry_find(registry, name, &provider, err);
    if (status) return status;
    return beluga__target_new(client, provider, name, config, open_others, out, err);
}

/* --- the fallback models ---------------------------------------------------------------------- */

/* Options that belong to one model and are not passed on to its fallbacks. */
static const int own_keys[] = {
    BELUGA_OPTION_PROVIDER,
    BELUGA_OPTION_MODEL_NAME,
    BELUGA_OPTION_API_KEY,
    BELUGA_OPTION_KEY_SOURCE,
    BELUGA_OPTION_EXCHANGE_KEY,
    BELUGA_OPTION_BASE_URL,
    BELUGA_OPTION_UNIX_SOCKET,
    BELUGA_OPTION_EXTRA_BODY,
    BELUGA_OPTION_EXTRA_HEADERS,
    BELUGA_OPTION_PROVIDER_SPECIFIC,
    BELUGA_OPTION_WEIGHT,
    BELUGA_OPTION_REQUESTS_PER_MINUTE,
    BELUGA_OPTION_TOKENS_PER_MINUTE,
    BELUGA_OPTION_MAX_CONCURRENT_CALLS,
    BELUGA_OPTION_LIMIT_WAIT,
    BELUGA_OPTION_BASE,
    BELUGA_OPTION_HEADERS,
    BELUGA_OPTION_BODY,
    BELUGA_OPTION_MODELS,
};

/* Options of layers that work on a whole call, including all its fallbacks. Only the model that
 * names the fallbacks gets these layers. */
static const int whole_call_keys[] = {BELUGA_OPTION_HOOKS, BELUGA_OPTION_CACHE,
                                      BELUGA_OPTION_CACHE_TTL, BELUGA_OPTION_BUDGET};

/* Options that a fallback neither inherits nor obeys. Since the fallbacks of a fallback are
 * ignored, two models may name each other. */
static const int followed_once[] = {BELUGA_OPTION_FALLBACK, BELUGA_OPTION_FALLBACK_ON,
                                    BELUGA_OPTION_ROUTING};

static void clear(beluga_config *config, const int *keys, size_t n)
{
    beluga__settings *settings = beluga__config_settings(config);
    for (size_t i = 0; i < n; i++) settings->known[keys[i]] = (beluga__setting){0};
}

/* Drop the settings that came from files and the environment: they were meant for the first model
 * only. */
static void clear_lower_layers(beluga_config *config)
{
    beluga__settings *settings = beluga__config_settings(config);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++)
        if (settings->known[key].origin < BELUGA_ORIGIN_MODEL)
            settings->known[key] = (beluga__setting){0};
}

static int resolve(const beluga_config *config, beluga_registry *registry, const char *reference,
                   beluga_config **out, beluga_error *err)
{
    beluga_config *base = beluga_config_copy(config);
    *out = NULL;
    if (!base) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to open a model");
    clear_lower_layers(base);
    clear(base, own_keys, sizeof own_keys / sizeof *own_keys);
    clear(base, whole_call_keys, sizeof whole_call_keys / sizeof *whole_call_keys);
    clear(base, followed_once, sizeof followed_once / sizeof *followed_once);
    int status = beluga_config_resolve(base, registry, reference, out, err);
    if (!status) clear(*out, followed_once, sizeof followed_once / sizeof *followed_once);
    beluga_config_free(base);
    return status;
}

static int open_other(beluga_client *client, const beluga_config *config, const char *reference,
                      beluga__target **out, beluga_error *err)
{
    beluga_config *other;
    const char *name = NULL;
    int status = resolve(config, client->registry, reference, &other, err);
    if (status) return status;
    beluga_config_get_string(other, BELUGA_OPTION_PROVIDER, &name);
    status = open_target(client, name, other, out, err);
    beluga_config_free(other);
    return status;
}

static int open_others(beluga_client *client, const beluga_config *config, beluga__others *out,
                       beluga_error *err)
{
    const beluga__setting *list = &config->settings.known[BELUGA_OPTION_FALLBACK];
    const beluga__item *item = list->type ? list->value.items : NULL;
    for (; item; item = item->next) {
        if (out->n == BELUGA__MAX_FALLBACKS)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                    "fallback names more than %d models", BELUGA__MAX_FALLBACKS);
        int status = open_other(client, config, item->value.string, &out->targets[out->n], err);
        if (status) {
            beluga_error_wrap(err, "open", "fallback");
            return status;
        }
        out->n++;
    }
    return 0;
}

/* --- models ----------------------------------------------------------------------------------- */

/* Returns whether a file defines a provider without code with this name, and its section has not
 * been applied to the configuration yet. */
static bool is_unresolved(beluga_registry *registry, const char *name, const beluga_config *config)
{
    return config && name && !beluga__derived_base(config) &&
           !beluga_registry_contains(registry, name) &&
           beluga__config_find_base(config, name, NULL, NULL);
}

static int open_model(beluga_registry *registry, const char *name, const beluga_config *config,
                      beluga_chat_model **out, beluga_error *err)
{
    beluga_client *client = beluga__client_of(beluga__registry_runtime(registry));
    beluga__target *target = NULL;
    beluga_config *resolved = NULL;
    int status = 0;
    if (is_unresolved(registry, name, config)) {
        status = beluga__config_resolve_provider(config, registry, name, &resolved, err);
        config = resolved;
    }
    if (!status) status = open_target(client, name, config, &target, err);
    beluga_config_free(resolved);
    if (status) return status;
    *out = beluga__chat_model_new(target, NULL, 0);
    beluga__target_unref(target);
    return *out ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the model");
}

int beluga_registry_open(beluga_registry *registry, const char *name, const beluga_config *config,
                         beluga_chat_model **out, beluga_error *err)
{
    *out = NULL;
    if (!registry)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no registry was given");
    if (!name && config) beluga_config_get_string(config, BELUGA_OPTION_PROVIDER, &name);
    int status = open_model(registry, name, config, out, err);
    if (status) beluga_error_wrap(err, "open", NULL);
    return status;
}

int beluga_model_open(const char *reference, beluga_chat_model **out, beluga_error *err)
{
    beluga_registry *registry = beluga_registry_default();
    const beluga_option env[] = {beluga_with_env()};
    beluga_config *base = beluga_config_new_n(env, 1), *config = NULL;
    *out = NULL;
    int status = 0;
    if (!registry || !base)
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to open a model");
    if (!status) status = beluga_config_resolve(base, registry, reference, &config, err);
    if (!status) status = beluga_registry_open(registry, NULL, config, out, err);
    beluga_config_free(config);
    beluga_config_free(base);
    return status;
}
