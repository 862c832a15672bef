#include "providers/bedrock/bedrock.h"

static const char *const key_variables[] = {"AWS_BEARER_TOKEN_BEDROCK", NULL};
static const char *const url_variables[] = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL",
                                            NULL};

static const beluga_own_option options[] = {
    {"bedrock.region", "region of the service", BELUGA_OPTION_STRING, BELUGA_OWN_OPTION_IN_HEAD, 0,
     0, "AWS_REGION"},
    {"bedrock.default_region", "region where bedrock.region is not set", BELUGA_OPTION_STRING,
     BELUGA_OWN_OPTION_IN_HEAD, 0, 0, "AWS_DEFAULT_REGION"},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

static const char *const notes[] = {
    "Without AWS_BEARER_TOKEN_BEDROCK requests are signed, by the access keys of the environment "
    "or of a profile.",
    "The base URL is moved to the region.",
    "Models are named by ids or ARNs.",
    "Takes no seed, no penalties and no tool_choice none, and top_k only where it is known how the "
    "model has it.",
    NULL,
};

const beluga_provider beluga__bedrock_provider = {
    BELUGA_PROVIDER_INIT("bedrock"),
    .framing = BELUGA_FRAMING_AWS_EVENT_STREAM,
    .metric_prefix = "beluga.bedrock",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS |
                    BELUGA_CAPABILITY_PARALLEL_TOOLS | BELUGA_CAPABILITY_REASONING |
                    BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES |
                    BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_CACHE | BELUGA_CAPABILITY_MODELS,
    .options = options,
    .base_url = BELUGA__BEDROCK_URL,
    .key_variables = key_variables,
    .url_variables = url_variables,
    .key_reference = "aws:",
    .state_size = sizeof(beluga__bedrock_state),
    .encode_request = beluga__bedrock_encode_request,
    .decode_response = beluga__bedrock_decode_response,
    .decode_event = beluga__bedrock_decode_event,
    .decode_error = beluga__bedrock_decode_error,
    .authorize = beluga__bedrock_authorize,
    .encode_list_models = beluga__bedrock_encode_list_models,
    .decode_list_models = beluga__bedrock_decode_list_models,
    .protocol = "Bedrock Converse",
    .notes = notes,
};
