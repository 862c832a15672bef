/* Checks of a model's health. */
#include "base/clock.h"
#include "base/line.h"
#include "base/mem.h"
#include "client/chat_model.h"
#include "keys/key.h"

#include <stdio.h>
#include <stdlib.h>

/* --- health ----------------------------------------------------------------------------------- */

/* Compare names. Ollama leaves out the tag "latest", and Google puts "models/" before a name. */
static bool is_name_of(const char *listed, const char *model)
{
    size_t n = strlen(model);
    const char *last = strrchr(listed, '/');
    if (strncmp(listed, model, n) == 0 && (!listed[n] || strcmp(listed + n, ":latest") == 0))
        return true;
    return last && strcmp(last + 1, model) == 0;
}

/* Look for the model in the provider's list. An empty list proves nothing about a model. */
static int probe_models(beluga_chat_model *model, beluga_context *ctx, bool *found,
                        beluga_error *err)
{
    char **list;
    size_t n;
    int status = beluga_list_models(model, ctx, &list, &n, err);
    *found = n == 0;
    for (size_t i = 0; i < n && !*found; i++)
        *found = is_name_of(list[i], model->target->model_name);
    beluga_free(list);
    return status;
}

static int probe_now(beluga_chat_model *model, beluga_context *ctx, beluga_health *out,
                     beluga_error *err)
{
    int64_t start = beluga__now_ns();
    bool listed = false;
    int status = 0;
    if (model->target->provider->encode_list_models)
        status = probe_models(model, ctx, &listed, err);
    /* Lists leave out aliases, so only a call to the model can tell whether an alias exists. */
    if (!status && !listed) {
        const beluga_option one[] = {beluga_with_max_tokens(1), beluga_with_strict(false)};
        beluga_response *response;
        status = beluga_invoke_n(model, ctx, beluga_input_text("ping"), &response, err, one, 2);
        beluga_response_free(response);
    }
    out->probed = true;
    out->status = status;
    out->latency_ms = (beluga__now_ns() - start) / BELUGA__NS_PER_MS;
    out->state = status ? "unhealthy" : "healthy";
    if (status) beluga_error_wrap(err, "check_health", NULL);
    return status;
}

/* Check the key without a request to the provider. The model is unhealthy if the key is missing,
 * since no call can succeed then. */
static int check_key(beluga__target *target, beluga_health *out, beluga_error *err)
{
    if (!target->key) return 0;
    int status = beluga__key_check(target->key, err);
    if (!status) return 0;
    if (err) beluga__error_label(err, provider, target->provider->name);
    if (err) beluga__error_label(err, model, target->model_name);
    out->state = "unhealthy";
    out->status = status;
    out->api_key_set = false;
    beluga_error_wrap(err, "check_health", NULL);
    return status;
}

int beluga_check_health(beluga_chat_model *model, beluga_context *ctx, bool probe,
                        beluga_health *out, beluga_error *err)
{
    beluga__target *target = model->target;
    bool local = target->provider->capabilities & BELUGA_CAPABILITY_LOCAL;
    *out = (beluga_health){
        .state = local ? "healthy" : "unknown",
        .provider = target->provider->name,
        .model = target->model_name,
        .api_key_set = target->key_set,
        .tools_count = (int64_t)model->n_tools,
        .timestamp = beluga__wall_s(),
        .latency_ms = -1,
    };
    return probe ? probe_now(model, ctx, out, err) : check_key(target, out, err);
}
