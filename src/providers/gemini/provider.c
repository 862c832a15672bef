#include "providers/gemini/gemini.h"

#include <beluga/providers/gemini.h>

/* In this order Google's own clients look at them. */
static const char *const key_variables[] = {"GOOGLE_API_KEY", "GEMINI_API_KEY", NULL};
static const char *const url_variables[] = {"GOOGLE_GEMINI_BASE_URL", NULL};

static const beluga_own_option options[] = {
    {.name = "gemini.bearer", .meaning = "the key is an OAuth token", .type = BELUGA_OPTION_BOOL},
    {.name = NULL},
};

/* An API key, or for a project of Vertex AI an OAuth token. */
static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    const char *url = beluga_http_request_url(request);
    bool token = url && beluga__gemini_takes_token(url, credential->key);
    (void)now;
    if (credential->call) beluga_call_get_own_bool(credential->call, "gemini.bearer", &token);
    if (!token) {
        beluga_http_request_set_header(request, "x-goog-api-key", credential->key);
        return 0;
    }
    return beluga__set_bearer(request, credential->key, err);
}

static const char *const notes[] = {
    "Calls of tools without an id get one here.",
    "Can't be told to call one tool at a time; takes no user.",
    NULL,
};

const beluga_provider beluga__gemini_provider = {
    BELUGA_PROVIDER_INIT("gemini"),
    .framing = BELUGA_FRAMING_SSE,
    .metric_prefix = "beluga.gemini",
    .default_model = "gemini-flash-latest",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES |
                    BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = "https://generativelanguage.googleapis.com",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__gemini_state),
    .encode_request = beluga__gemini_encode_request,
    .decode_response = beluga__gemini_decode_response,
    .decode_event = beluga__gemini_decode_event,
    .decode_error = beluga__gemini_decode_error,
    .authorize = authorize,
    .encode_list_models = beluga__gemini_encode_list_models,
    .decode_list_models = beluga__gemini_decode_list_models,
    .protocol = "Gemini generateContent",
    .notes = notes,
};
