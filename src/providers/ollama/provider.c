#include "providers/ollama/ollama.h"

#include <beluga/providers/ollama.h>

static const char *const key_variables[] = {"OLLAMA_API_KEY", NULL};
static const char *const url_variables[] = {"OLLAMA_HOST", NULL};

static const beluga_own_option options[] = {
    {"ollama.num_ctx", "tokens of context to run the model with", BELUGA_OPTION_INT, 0, 1,
     2147483647, NULL},
    {"ollama.keep_alive", "how long the model stays loaded, such as 10m", BELUGA_OPTION_STRING, 0,
     0, 0, NULL},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

static const char *const notes[] = {
    "Models call tools as they like: tool_choice and strict are not sent.",
    "Takes no user and no budget of reasoning.",
    NULL,
};

const beluga_provider beluga__ollama_provider = {
    BELUGA_PROVIDER_INIT("ollama"),
    .framing = BELUGA_FRAMING_NDJSON,
    .metric_prefix = "beluga.ollama",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS |
                    BELUGA_CAPABILITY_NO_KEY,
    .options = options,
    .base_url = "http://127.0.0.1:11434",
    .key_variables = key_variables,
    .url_variables = url_variables,
    .state_size = sizeof(beluga__ollama_state),
    .encode_request = beluga__ollama_encode_request,
    .decode_response = beluga__ollama_decode_response,
    .decode_event = beluga__ollama_decode_event,
    .decode_error = beluga__ollama_decode_error,
    .encode_list_models = beluga__ollama_encode_list_models,
    .decode_list_models = beluga__ollama_decode_list_models,
    .protocol = "Ollama chat",
    .notes = notes,
};
