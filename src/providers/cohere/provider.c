#include "providers/cohere/cohere.h"

static const char *const key_variables[] = {"CO_API_KEY", "COHERE_API_KEY", NULL};
static const char *const url_variables[] = {"CO_API_URL", "COHERE_BASE_URL", NULL};

static const beluga_own_option options[] = {
    {"cohere.safety_mode", "CONTEXTUAL, STRICT or OFF", BELUGA_OPTION_STRING, 0, 0, 0, NULL},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

static const char *const notes[] = {
    "A tool by name is required by sending it alone.",
    "Reasoning is on or off, without grades, and takes a budget. Takes no user.",
    NULL,
};

const beluga_provider beluga__cohere_provider = {
    BELUGA_PROVIDER_INIT("cohere"),
    .framing = BELUGA_FRAMING_SSE,
    .metric_prefix = "beluga.cohere",
    .default_model = "command-a-03-2025",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = "https://api.cohere.com",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__cohere_state),
    .encode_request = beluga__cohere_encode_request,
    .decode_response = beluga__cohere_decode_response,
    .decode_event = beluga__cohere_decode_event,
    .decode_error = beluga__cohere_decode_error,
    .encode_list_models = beluga__cohere_encode_list_models,
    .decode_list_models = beluga__cohere_decode_list_models,
    .protocol = "Cohere chat v2",
    .notes = notes,
};
