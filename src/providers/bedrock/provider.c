#include "providers/bedrock/bedrock.h"
#include "providers/builtin.h"
#include "providers/table.h"

const beluga_provider beluga__bedrock_provider = {
    BELUGA__OVER_HTTP("bedrock", "Bedrock Converse", bedrock, BELUGA_FRAMING_AWS_EVENT_STREAM),
    BELUGA__ENCODES_AND_LISTS(bedrock),
    BELUGA__EMBEDS(bedrock),
    BELUGA__COUNTS(bedrock),
    .max_inputs = 1,
    .base_url = BELUGA__BEDROCK_URL,
    .key_variables = BELUGA__TEXTS("AWS_BEARER_TOKEN_BEDROCK"),
    .url_variables = BELUGA__TEXTS("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_CACHE | BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED |
                    BELUGA__CAN_COUNT,
    .decode_error = beluga__bedrock_decode_error,
    .authorize = beluga__bedrock_authorize,
    .key_reference = "aws:",
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_HEAD("bedrock.region", "region of the service", "AWS_REGION"),
        BELUGA__OWN_HEAD("bedrock.default_region", "region where bedrock.region is not set",
                         "AWS_DEFAULT_REGION")),
    .notes = BELUGA__TEXTS(
        "Without AWS_BEARER_TOKEN_BEDROCK requests are signed, by the access keys of the "
        "environment or of a profile.",
        "The base URL is changed for the region.", "Models are named by ids or ARNs.",
        "Accepts no seed, no penalties and no tool_choice none, and top_k only if the model's name "
        "for it is known.",
        "A request embeds one text, as Titan's models require; Cohere's models accept up to 96 "
        "(set max_inputs).")};
