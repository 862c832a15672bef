/* The table of all layers, in their order. It is used to build the stack of a model, and by
 * beluga_config_layer to describe the layers. */
#include "client/stack.h"

#include "base/text.h"
#include "config/config.h"

#include <stdio.h>

enum { VALUE_BYTES = 512 };

typedef struct layer_option {
    int key;   /* 0 ends the list */
    bool asks; /* the layer is in the stack when this option is set */
    /* texts before and after the option's value in the description; NULL: the option is not
     * described */
    const char *before, *after;
    int64_t otherwise; /* the value that is described when the option is not set; 0: none */
} layer_option;

typedef struct layer {
    const char *name;
    beluga__model *(*make)(const beluga__stack_plan *plan, beluga__model *inner);
    bool always;
    bool traces; /* the layer is in the stack when the client has a telemetry sink */
    layer_option options[4];
} layer;

/* The layers, from the outermost one to the one directly around the adapter. */
static const layer layers[] = {
    {"hooks", beluga__hooks_new, .options = {{BELUGA_OPTION_HOOKS, true, NULL, NULL, 0}}},
    {"cache", beluga__cache_new, .options = {{BELUGA_OPTION_CACHE_TTL, true, "", "", 0}}},
    {"budget", beluga__budget_new, .options = {{BELUGA_OPTION_BUDGET, true, "$", "", 0}}},
    {"fallback", beluga__fallback_new,
     .options = {{BELUGA_OPTION_FALLBACK, true, "", "", 0},
                 {BELUGA_OPTION_ROUTING, false, "routing ", "", 0},
                 {BELUGA_OPTION_FALLBACK_ON, false, "on ", "", 0}}},
    {"limits", beluga__limits_new,
     .options = {{BELUGA_OPTION_REQUESTS_PER_MINUTE, true, "", "/min", 0},
                 {BELUGA_OPTION_TOKENS_PER_MINUTE, true, "", " tokens/min", 0},
                 {BELUGA_OPTION_MAX_CONCURRENT_CALLS, true, "", " at once", 0}}},
    {"breaker", beluga__breaker_new,
     .options = {{BELUGA_OPTION_BREAKER_FAILURES, true, "", " failures", 0},
                 {BELUGA_OPTION_BREAKER_OPEN_TIME, false, "", "",
                  BELUGA__DEFAULT_BREAKER_OPEN_MS}}},
    {"retry", beluga__retry_new, .always = true,
     .options = {{BELUGA_OPTION_MAX_RETRIES, false, "", "", BELUGA__DEFAULT_MAX_RETRIES}}},
    {"attempt", beluga__attempt_new, .traces = true},
};
enum { N_LAYERS = sizeof layers / sizeof *layers };

/* Returns whether the layer is in the stack. `runtime` is NULL when a configuration is
 * described. */
static bool is_there(const layer *l, const beluga__runtime *runtime,
                     const beluga__settings *settings)
{
    if (l->traces) return runtime && runtime->telemetry;
    bool asked = l->always;
    for (const layer_option *o = l->options; o->key; o++)
        asked = asked || (o->asks && beluga__settings_has(settings, o->key));
    return asked;
}

beluga__model *beluga__stack_new(const beluga__stack_plan *plan, beluga__model *adapter)
{
    beluga__model *model = adapter;
    for (size_t i = N_LAYERS; i-- > 0;)
        if (is_there(&layers[i], plan->runtime, plan->settings))
            model = layers[i].make(plan, model);
    return model;
}

/* --- a description ---------------------------------------------------------------------------- */

/* Append an option to the description of its layer in `value`. Returns false if the option has
 * nothing to show. */
static bool describe_option(const beluga_config *config, const layer_option *o, char *value)
{
    if (!o->before) return false;
    if (beluga__settings_has(&config->settings, o->key))
        beluga_config_describe(config, o->key, value, VALUE_BYTES, NULL);
    else if (beluga_option_get_info(o->key)->type == BELUGA_OPTION_DURATION)
        beluga__ms_to_text(o->otherwise, value);
    else
        snprintf(value, VALUE_BYTES, "%lld", (long long)o->otherwise);
    return o->otherwise || beluga__settings_has(&config->settings, o->key);
}

static void describe(const beluga_config *config, const layer *l, char *detail, size_t n)
{
    char value[VALUE_BYTES];
    size_t used = 0;
    if (n) *detail = '\0';
    for (const layer_option *o = l->options; o->key && used < n; o++)
        if (describe_option(config, o, value))
            used += (size_t)snprintf(detail + used, n - used, "%s%s%s%s", used ? ", " : "",
                                     o->before, value, o->after);
}

bool beluga_config_layer(const beluga_config *config, size_t index, const char **name, char *detail,
                         size_t n)
{
    for (size_t i = 0; config && i < N_LAYERS; i++) {
        if (!is_there(&layers[i], NULL, &config->settings) || index--) continue;
        *name = layers[i].name;
        describe(config, &layers[i], detail, n);
        return true;
    }
    return false;
}
