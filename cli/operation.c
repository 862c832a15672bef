#include "operation.h"

#include "base/limits.h"
#include "observe.h"
#include "output.h"
#include "report.h"
#include "terminal/interrupt.h"
#include "text.h"

#include <beluga/provider/provider.h>
#include <beluga/registry.h>

#include <stdio.h>

beluga_context *operation_begin(void)
{
    beluga_context *traced = observe_context(NULL);
    beluga_context *context = beluga_context_new_cancellable(traced);
    beluga_context_unref(traced);
    if (context) interrupt_watch(context, false);
    return context;
}

void operation_end(beluga_context *context)
{
    interrupt_unwatch();
    beluga_context_unref(context);
}

static void name_able(uint64_t capability)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS) : 0;
    cli_text text = {0};
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        if (!provider || !(provider->capabilities & capability)) continue;
        text_printf(&text, "%s%s", text.length ? ", " : "", names[i]);
    }
    if (text.length && !text.status) out_detail("Providers that can do this: %s", text.data);
    text_free(&text);
}

static bool lacks(const char *provider, uint64_t capability)
{
    beluga_registry *registry = beluga_registry_default();
    const beluga_provider *found = registry ? beluga_registry_get(registry, provider) : NULL;
    return found && !(found->capabilities & capability);
}

/* Check that the model may be one that embeds. A provider that has both chat models and embedding
 * models has a chat model as its default, so the user must name an embedding model. */
static int check_named(const cli_session *session, const char *reference, beluga_error *err)
{
    const char *provider = beluga_provider_name(session->model), *named = NULL;
    const beluga_provider *found = beluga_registry_get(beluga_registry_default(), provider);
    bool guessed = !reference && session->reference == session->guess;
    beluga_config_get_string(session->config, BELUGA_OPTION_MODEL_NAME, &named);
    /* a provider that the configuration file defines is not in the registry; its model was chosen
     * by the user */
    if (!found || !(found->capabilities & BELUGA_CAPABILITY_EMBED)) return 0;
    if (!(found->capabilities & BELUGA_CAPABILITY_STREAM) || (named && !guessed)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "%s is a chat model: name an embedding model, with -m %s/MODEL",
                            beluga_model_name(session->model), provider);
}

int operation_open(cli_session *session, const cli_args *args, const char *reference,
                   uint64_t capability)
{
    beluga_error err;
    if (!reference && !session->chosen_by) return session_explain_no_model(session, args);
    int status = session_try_open(session, reference, &err);
    if (!status && capability == BELUGA_CAPABILITY_EMBED)
        status = check_named(session, reference, &err);
    if (!status) session_remember(session);
    if (status == BELUGA_ERROR_AUTHENTICATION && lacks(err.provider, capability)) {
        err.code = BELUGA_ERROR_NOT_SUPPORTED;
        snprintf(err.message, sizeof err.message,
                 "provider %s does not support this, with or without a key", err.provider);
    }
    return status ? operation_report(args, &err, capability) : 0;
}

int operation_report(const cli_args *args, const beluga_error *err, uint64_t capability)
{
    int code = report_error(args, err, NULL);
    if (err->code == BELUGA_ERROR_NOT_SUPPORTED) name_able(capability);
    return code;
}
