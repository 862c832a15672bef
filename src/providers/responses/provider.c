#include "providers/responses/responses.h"

#include <beluga/providers/openai_responses.h>

static const char *const key_variables[] = {"OPENAI_API_KEY", NULL};
static const char *const url_variables[] = {"OPENAI_BASE_URL", "OPENAI_API_BASE", NULL};

static const beluga_own_option options[] = {
    {.name = "openai-responses.organization",
     .meaning = "organization to bill",
     .type = BELUGA_OPTION_STRING,
     .flags = BELUGA_OWN_OPTION_IN_HEAD,
     .variable = "OPENAI_ORG_ID"},
    {.name = "openai-responses.project",
     .meaning = "project to bill",
     .type = BELUGA_OPTION_STRING,
     .flags = BELUGA_OWN_OPTION_IN_HEAD,
     .variable = "OPENAI_PROJECT_ID"},
    {.name = "openai-responses.store",
     .meaning = "let the server keep the answer",
     .type = BELUGA_OPTION_BOOL},
    {.name = "openai-responses.reasoning_summary",
     .meaning = "auto, concise or detailed",
     .type = BELUGA_OPTION_STRING},
    {.name = "openai-responses.encrypted_reasoning",
     .meaning = "ask for reasoning that can be sent back",
     .type = BELUGA_OPTION_BOOL},
    {.name = NULL},
};

static const char *const notes[] = {
    "Nothing is kept at the server unless openai-responses.store is on.",
    "Reasoning comes encrypted, and goes back with its message.",
    "Takes no stop sequences, seed, penalties, top_k and no budget of reasoning.",
    NULL,
};

const beluga_provider beluga__openai_responses_provider = {
    BELUGA_PROVIDER_INIT("openai-responses"),
    .framing = BELUGA_FRAMING_SSE,
    .metric_prefix = "beluga.openai-responses",
    .default_model = "gpt-5-mini",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = "https://api.openai.com/v1",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__responses_state),
    .encode_request = beluga__responses_encode_request,
    .decode_response = beluga__responses_decode_response,
    .decode_event = beluga__responses_decode_event,
    .decode_error = beluga__fault_decode_error,
    .encode_list_models = beluga__openai_encode_list_models,
    .decode_list_models = beluga__openai_decode_list_models,
    .protocol = "OpenAI Responses",
    .notes = notes,
};
