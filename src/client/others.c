/* The other models that a configuration names: opened together with the one that names them. */
#include "client/others.h"

#include "client/open.h"
#include "config/config.h"

/* What belongs to the one model, and says nothing about another. */
static const int own_keys[] = {
    BELUGA_OPTION_PROVIDER,
    BELUGA_OPTION_MODEL_NAME,
    BELUGA_OPTION_API_KEY,
    BELUGA_OPTION_KEY_SOURCE,
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

/* What sees a call as a whole, with all the models it asks, is around the one that names the
 * others. */
static const int whole_call_keys[] = {BELUGA_OPTION_HOOKS, BELUGA_OPTION_CACHE,
                                      BELUGA_OPTION_CACHE_TTL, BELUGA_OPTION_BUDGET};

/* What is followed once: the fallbacks of a fallback are not, so that two may name each other. */
static const int followed_once[] = {BELUGA_OPTION_FALLBACK, BELUGA_OPTION_FALLBACK_ON,
                                    BELUGA_OPTION_ROUTING};

static void clear(beluga_config *config, const int *keys, size_t n)
{
    beluga__settings *settings = beluga__config_settings(config);
    for (size_t i = 0; i < n; i++) settings->known[keys[i]] = (beluga__setting){0};
}

/* What file and environment gave, they gave to the one model. */
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

static int open_one(beluga_client *client, const beluga_config *config, const char *reference,
                    beluga__target **out, beluga_error *err)
{
    beluga_registry *registry = beluga_client_registry(client);
    beluga_config *other;
    const char *name = NULL;
    *out = NULL;
    int status = resolve(config, registry, reference, &other, err);
    if (status) return status;
    beluga_config_get_string(other, BELUGA_OPTION_PROVIDER, &name);
    status = beluga__target_open(client, name, other, out, err);
    beluga_config_free(other);
    return status;
}

int beluga__others_open(beluga_client *client, const beluga_config *config, int key,
                        beluga__others *out, beluga_error *err)
{
    const beluga__setting *list = &config->settings.known[key];
    int status = 0;
    out->n = 0;
    for (const beluga__item *i = list->type ? list->value.items : NULL; i && !status; i = i->next) {
        if (out->n == BELUGA__MAX_FALLBACKS)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "more than %d models in %s",
                                    BELUGA__MAX_FALLBACKS, beluga_option_get_info(key)->name);
        status = open_one(client, config, i->value.string, &out->targets[out->n], err);
        if (!status)
            out->n++;
        else
            beluga_error_wrap(err, "open", beluga_option_get_info(key)->name);
    }
    return status;
}

void beluga__others_free(beluga__others *others)
{
    for (size_t i = 0; i < others->n; i++) beluga__target_unref(others->targets[i]);
    others->n = 0;
}
