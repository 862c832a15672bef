#include "providers/openai/openai.h"

#include <beluga/providers/openai.h>

static const char *const key_variables[] = {"OPENAI_API_KEY", NULL};
static const char *const url_variables[] = {"OPENAI_BASE_URL", "OPENAI_API_BASE", NULL};

static const beluga_own_option options[] = {
    {"openai.organization", "organization to bill", BELUGA_OPTION_STRING, BELUGA_OWN_OPTION_IN_HEAD,
     0, 0, "OPENAI_ORG_ID"},
    {"openai.project", "project to bill", BELUGA_OPTION_STRING, BELUGA_OWN_OPTION_IN_HEAD, 0, 0,
     "OPENAI_PROJECT_ID"},
    {"openai.max_completion_tokens", "send max_completion_tokens instead of max_tokens",
     BELUGA_OPTION_BOOL, 0, 0, 0, NULL},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

static const char *const notes[] = {
    "With OPENAI_BASE_URL any server that speaks the protocol; it needs no key then.",
    "The limit of tokens is max_completion_tokens at OpenAI's own addresses, max_tokens at others.",
    "Takes no top_k and no budget of reasoning.",
    NULL,
};

const beluga_provider beluga__openai_provider = {
    BELUGA_PROVIDER_INIT("openai"),
    .framing = BELUGA_FRAMING_SSE,
    .metric_prefix = "beluga.openai",
    .default_model = "gpt-5-mini",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES |
                    BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = "https://api.openai.com/v1",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__openai_state),
    .encode_request = beluga__openai_encode_request,
    .decode_response = beluga__openai_decode_response,
    .decode_event = beluga__openai_decode_event,
    .decode_error = beluga__fault_decode_error,
    .encode_list_models = beluga__openai_encode_list_models,
    .decode_list_models = beluga__openai_decode_list_models,
    .protocol = "Chat Completions",
    .notes = notes,
};
