#include "config/derive.h"

#include "registry/registry.h"

#include <stdio.h>
#include <string.h>

static const char *text(const beluga_config *config, int key)
{
    const char *value = NULL;
    beluga_config_get_string(config, key, &value);
    return value && *value ? value : NULL;
}

const char *beluga__derived_base(const beluga_config *config)
{
    return config ? text(config, BELUGA_OPTION_BASE) : NULL;
}

void beluga__derive(beluga_provider *out, const beluga_provider *base, const char *name,
                    const beluga_config *config)
{
    const char *url = text(config, BELUGA_OPTION_BASE_URL);
    const char *model = text(config, BELUGA_OPTION_MODEL_NAME);
    *out = *base;
    out->size = sizeof *out;
    out->name = name;
    out->metric_prefix = NULL;
    /* A server at another URL has other models, so the default model of the base does not apply. */
    if (url) out->default_model = NULL;
    if (model) out->default_model = model;
    if (url) out->base_url = url;
    /* The environment variables for keys and addresses are meant for the base, so they are not
     * inherited with its protocol. */
    out->key_variables = out->url_variables = NULL;
    out->key_reference = NULL;
}

int beluga__derived_check(beluga_registry *registry, const char *name, const char *base,
                          const beluga_provider **out, beluga_error *err)
{
    char hint[256];
    *out = beluga_registry_get(registry, base);
    int status = beluga__provider_name_check(name, BELUGA_ERROR_INVALID_CONFIG, err);
    if (status) return status;
    if (beluga_registry_contains(registry, name))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s is a built-in or registered provider: choose another name for "
                                "a provider that has a base",
                                name);
    if (*out) return 0;
    beluga__registry_hint(registry, base, hint, sizeof hint);
    return beluga_error_set(err, BELUGA_ERROR_UNSUPPORTED_PROVIDER,
                            "the base of %s, \"%.60s\", is not a provider; %s", name, base, hint);
}

int beluga_registry_describe(beluga_registry *registry, const beluga_config *config,
                             beluga_provider *out, beluga_error *err)
{
    const char *name = config ? text(config, BELUGA_OPTION_PROVIDER) : NULL;
    const char *base = beluga__derived_base(config);
    const beluga_provider *provider = NULL;
    if (!registry || !name)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "no provider was named");
    int status = base ? beluga__derived_check(registry, name, base, &provider, err)
                      : beluga__registry_find(registry, name, &provider, err);
    if (status) return status;
    if (base)
        beluga__derive(out, provider, name, config);
    else
        *out = *provider;
    return 0;
}
