#include "providers/anthropic/anthropic.h"
#include "providers/builtin.h"
#include "providers/table.h"

const beluga_provider beluga__anthropic_provider = {
    BELUGA__OVER_HTTP("anthropic", "Anthropic Messages", anthropic, BELUGA_FRAMING_SSE),
    BELUGA__ENCODES_AND_LISTS(anthropic),
    BELUGA__COUNTS(anthropic),
    .authorize = beluga__anthropic_authorize,
    .decode_error = beluga__fault_decode_error,
    .batch = BELUGA__IF_BATCH_JOBS(&beluga__anthropic_batch),
    .base_url = "https://api.anthropic.com",
    .key_variables = BELUGA__TEXTS("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    .url_variables = BELUGA__TEXTS("ANTHROPIC_BASE_URL"),
    .default_model = "claude-sonnet-5",
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_CACHE |
                    BELUGA_CAPABILITY_MODELS | BELUGA__CAN_COUNT,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_HEAD("anthropic.beta", "features to ask for, with commas between", NULL),
        BELUGA__OWN_BOOL("anthropic.bearer", "send the key as a bearer token")),
    .notes = BELUGA__TEXTS(
        "The API requires a limit of tokens: 16384 is sent if max_tokens is not set.",
        "Accepts no seed, no penalties and no JSON mode; the maximum of temperature is 1.",
        "The key of ANTHROPIC_AUTH_TOKEN is sent as a bearer token.",
        "A batch job has no name, and its results are available for 29 days. anthropic.beta is set "
        "for the whole job, by the call that creates it.")};
