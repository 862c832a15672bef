/* Azure OpenAI: Chat Completions at a resource's own address, with the name of a deployment instead
 * of a model's. */
#include "providers/azure/azure.h"
#include "providers/builtin.h"
#include "providers/openai/batch.h"
#include "providers/openai/embed.h"
#include "providers/openai/openai.h"
#include "providers/table.h"

#include <beluga/providers/azure.h>

#include <stdio.h>
#include <string.h>

enum {
    MAX_DEPLOYMENT = 512, /* bytes of an encoded deployment's name */
    MAX_PATH = BELUGA__BATCH_PATH + 16,
    MAX_URL = 2048
};

static const beluga__openai_host host = {.quirks = BELUGA__OPENAI_MAX_COMPLETION_TOKENS};

static const char *api_version(const beluga_call *call)
{
    return beluga_call_get_own_string(call, "azure.api_version", NULL);
}

/* In the v1 API the request's model names the deployment. The base URL may already contain the
 * path. */
static void set_v1_path(beluga_http_request *request, const char *path)
{
    static const char v1[] = "/openai/v1";
    char whole[MAX_PATH];
    beluga_http_request_set_path(request, "");
    const char *at = strstr(beluga_http_request_url(request), v1);
    /* strchr also finds a NUL, so "/v1" may be the end of the URL */
    bool has_path = at && strchr("/?", at[sizeof v1 - 1]);
    snprintf(whole, sizeof whole, "%s%s", has_path ? "" : v1, path);
    beluga__openai_set_path(request, whole);
}

/* Returns whether the base URL is the complete address of a deployment. The portal shows such
 * addresses, and users copy them. */
static bool is_whole(beluga_http_request *request)
{
    beluga_http_request_set_path(request, "");
    const char *url = beluga_http_request_url(request);
    const char *deployments = url ? strstr(url, "/openai/deployments/") : NULL;
    return deployments &&
           (strstr(deployments, "/chat/completions") || strstr(deployments, "/embeddings"));
}

static int set_path(const beluga_call *call, beluga_http_request *request, const char *endpoint,
                    beluga_error *err)
{
    const char *version = api_version(call);
    if (is_whole(request)) {
        bool dated = strstr(beluga_http_request_url(request), "api-version=");
        if (version && !dated) beluga_http_request_add_query(request, "api-version", version);
        return 0;
    }
    char name[MAX_DEPLOYMENT], path[MAX_DEPLOYMENT + 64];
    if (!version) {
        set_v1_path(request, endpoint);
        return 0;
    }
    int code =
        beluga_http_encode_segment("model_name", beluga_call_model(call), name, sizeof name, err);
    if (code) return code;
    snprintf(path, sizeof path, "/openai/deployments/%s%s", name, endpoint);
    beluga_http_request_set_path(request, path);
    beluga_http_request_add_query(request, "api-version", version);
    return 0;
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int code = beluga__openai_encode_as(&host, call, request, err);
    return code ? code : set_path(call, request, "/chat/completions", err);
}

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int code = beluga__openai_encode_embed_as(&host, call, request, err);
    return code ? code : set_path(call, request, "/embeddings", err);
}

static int encode_list_models(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err)
{
    const char *version = api_version(call);
    (void)err;
    beluga_http_request_set_method(request, "GET");
    if (version) {
        beluga_http_request_set_path(request, "/openai/models");
        beluga_http_request_add_query(request, "api-version", version);
    } else {
        set_v1_path(request, "/models");
    }
    return 0;
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    bool named = credential->variable && strcmp(credential->variable, "AZURE_OPENAI_AD_TOKEN") == 0;
    bool token = named || credential->is_token || beluga__azure_is_token(credential->key);
    (void)now;
    return beluga__set_key(request, credential, "api-key", "azure.entra", token, err);
}

/* ---- batches --------------------------------------------------------------------------------- */

/* Set path and headers of a request about files or batches. They belong to the resource, even if
 * the base URL is the address of a deployment. */
static void set_batch_head(const beluga_call *call, beluga_http_request *request, const char *path)
{
    const char *version = api_version(call);
    char whole[MAX_URL];
    beluga_http_request_set_path(request, "");
    const char *url = beluga_http_request_url(request);
    const char *deployment = url ? strstr(url, "/openai/deployments/") : NULL;
    if (!version && !deployment) {
        set_v1_path(request, path);
        return;
    }
    snprintf(whole, sizeof whole, "%.*s/openai%s%s", deployment ? (int)(deployment - url) : 0,
             deployment ? url : "", version ? "" : "/v1", path);
    if (deployment)
        beluga_http_request_set_url(request, whole);
    else
        beluga_http_request_set_path(request, whole);
    if (version) beluga_http_request_add_query(request, "api-version", version);
}

/* Returns the endpoint that lines of a batch file contain. The guide of the v1 API shows
 * "/v1/chat/completions", and the guide of dated versions such as 2024-10-21 showed
 * "/chat/completions" (learn.microsoft.com/azure/foundry/openai/how-to/batch, and its history in
 * MicrosoftDocs/azure-ai-docs). */
static const char *endpoint(const beluga_call *call)
{
    return api_version(call) ? "/chat/completions" : "/v1/chat/completions";
}

/* The REST reference says that the limit is 50,000 requests, and the page on quotas says 100,000.
 * The reference, which is made from OpenAI's, names "/v1/embeddings", too, but the guide's FAQ of
 * March 2026 says that embeddings are not supported, so jobs embed no texts
 * (MicrosoftDocs/azure-ai-docs, articles/foundry/openai/includes/how-to-batch-content.md). */
static const beluga__openai_batch batch = {.api = {BELUGA__OPENAI_BATCH(50000, 200000000),
                                                   .one_model = true, .price_factor = 0.5,
                                                   .keeps_names = true},
                                           .endpoint = endpoint,
                                           .set_head = set_batch_head};

/* ---- the table ------------------------------------------------------------------------------- */

const beluga_provider beluga__azure_provider = {
    BELUGA__OVER_HTTP("azure", "Chat Completions", openai, BELUGA_FRAMING_SSE),
    .encode_request = encode_request,
    .encode_list_models = encode_list_models,
    .decode_list_models = beluga__openai_decode_list_models,
    BELUGA__EMBEDS_BY(encode_embed, beluga__openai_decode_embed),
    .max_inputs = BELUGA__OPENAI_INPUTS,
    .max_input_bytes = BELUGA__OPENAI_INPUT_BYTES,
    .key_variables = BELUGA__TEXTS("AZURE_OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_KEY",
                                   "AZURE_OPENAI_AD_TOKEN", "AZURE_CLIENT_SECRET"),
    .url_variables = BELUGA__TEXTS("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"),
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED,
    .decode_error = beluga__fault_decode_error,
    .authorize = authorize,
    .batch = BELUGA__IF_BATCH_JOBS(&batch.api),
    .encode_token = beluga__azure_encode_token,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_HEAD("azure.api_version", "use the dated API of this version instead of v1",
                         "OPENAI_API_VERSION"),
        BELUGA__OWN_BOOL("azure.entra", "the key is of Entra ID: a token, or a client's secret"),
        BELUGA__OWN_HEAD("azure.tenant_id", "Entra ID's tenant, where a client's secret is the key",
                         "AZURE_TENANT_ID"),
        BELUGA__OWN_HEAD("azure.client_id", "the client (application) that the secret is of",
                         "AZURE_CLIENT_ID"),
        BELUGA__OWN_HEAD("azure.authority", "where Entra ID is", "AZURE_AUTHORITY_HOST"),
        BELUGA__OWN_BOOL("azure.max_completion_tokens",
                         "send max_completion_tokens instead of max_tokens")),
    .notes = BELUGA__TEXTS(
        "The model is the name of a deployment; the base URL is that of the resource.",
        "Uses the v1 API, or the dated API that azure.api_version names.",
        "AZURE_OPENAI_AD_TOKEN is a token of Entra ID and is sent as a bearer token. "
        "AZURE_CLIENT_SECRET is exchanged for such tokens, with a tenant and a client.",
        "The limit of tokens is max_completion_tokens. Accepts no top_k and no budget for "
        "reasoning.",
        "Batch jobs need a deployment of type Global-Batch or Data-Zone-Batch.")};
