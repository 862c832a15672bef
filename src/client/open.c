#include "client/open.h"

#include "client/chat_model.h"
#include "config/config.h"
#include "config/derive.h"
#include "registry/registry.h"

#include <beluga/registry.h>

int beluga__target_open(beluga_client *client, const char *name, const beluga_config *config,
                        beluga__target **out, beluga_error *err)
{
    beluga_registry *registry = client->registry;
    const beluga_provider *provider;
    const char *base = beluga__derived_base(config);
    int status = base && name ? beluga__derived_check(registry, name, base, &provider, err)
                              : beluga__registry_find(registry, name, &provider, err);
    if (status) return status;
    return beluga__target_new(client, provider, name, config, out, err);
}

/* A file's provider without code, before its section was applied. */
static bool is_unresolved(beluga_registry *registry, const char *name, const beluga_config *config)
{
    return config && name && !beluga__derived_base(config) &&
           !beluga_registry_contains(registry, name) &&
           beluga__config_find_base(config, name, NULL, NULL);
}

int beluga_registry_open(beluga_registry *registry, const char *name, const beluga_config *config,
                         beluga_chat_model **out, beluga_error *err)
{
    beluga__target *target;
    beluga_config *resolved = NULL;
    int status = 0;
    *out = NULL;
    if (!registry)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no registry was given");
    if (!name && config) beluga_config_get_string(config, BELUGA_OPTION_PROVIDER, &name);
    if (is_unresolved(registry, name, config)) {
        status = beluga__config_resolve_provider(config, registry, name, &resolved, err);
        config = resolved;
    }
    if (!status)
        status = beluga__target_open(beluga__client_of(beluga__registry_runtime(registry)), name,
                                     config, &target, err);
    beluga_config_free(resolved);
    if (!status) {
        *out = beluga__chat_model_new(target, NULL, 0);
        beluga__target_unref(target);
        if (!*out)
            status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the model");
    }
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
