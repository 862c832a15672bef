#include "providers/anthropic/anthropic.h"

#include <beluga/providers/anthropic.h>

static const char *const key_variables[] = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", NULL};
static const char *const url_variables[] = {"ANTHROPIC_BASE_URL", NULL};

static const beluga_own_option options[] = {
    {.name = "anthropic.beta",
     .meaning = "features to ask for, with commas between",
     .type = BELUGA_OPTION_STRING,
     .flags = BELUGA_OWN_OPTION_IN_HEAD},
    {.name = "anthropic.bearer",
     .meaning = "send the key as a bearer token",
     .type = BELUGA_OPTION_BOOL},
    {.name = NULL},
};

static const char *const notes[] = {
    "It wants a limit of tokens: 16384 are sent where max_tokens is not set.",
    "Takes no seed, no penalties and no JSON mode; temperature ends at 1.",
    "The key of ANTHROPIC_AUTH_TOKEN goes as a bearer token.",
    NULL,
};

const beluga_provider beluga__anthropic_provider = {
    BELUGA_PROVIDER_INIT("anthropic"),
    .framing = BELUGA_FRAMING_SSE,
    .metric_prefix = "beluga.anthropic",
    .default_model = "claude-sonnet-5",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_CACHE | BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = "https://api.anthropic.com",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__anthropic_state),
    .encode_request = beluga__anthropic_encode_request,
    .decode_response = beluga__anthropic_decode_response,
    .decode_event = beluga__anthropic_decode_event,
    .decode_error = beluga__fault_decode_error,
    .authorize = beluga__anthropic_authorize,
    .encode_list_models = beluga__anthropic_encode_list_models,
    .decode_list_models = beluga__anthropic_decode_list_models,
    .protocol = "Anthropic Messages",
    .notes = notes,
};
