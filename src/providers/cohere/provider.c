#include "providers/builtin.h"
#include "providers/cohere/cohere.h"
#include "providers/table.h"

const beluga_provider beluga__cohere_provider = {
    BELUGA__OVER_HTTP("cohere", "Cohere chat v2", cohere, BELUGA_FRAMING_SSE),
    BELUGA__ENCODES_AND_LISTS(cohere),
    BELUGA__EMBEDS(cohere),
    BELUGA__COUNTS(cohere),
    .max_inputs = 96,
    .base_url = "https://api.cohere.com",
    .key_variables = BELUGA__TEXTS("CO_API_KEY", "COHERE_API_KEY"),
    .url_variables = BELUGA__TEXTS("CO_API_URL", "COHERE_BASE_URL"),
    .default_model = "command-a-03-2025",
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED |
                    BELUGA__CAN_COUNT,
    .notes = BELUGA__TEXTS(
        "If tool_choice names a tool, only that tool is sent.",
        "Reasoning is on or off, without levels of effort, and may have a budget. Accepts no user.",
        "Texts are embedded as documents unless input_type says otherwise. Only the tokens of "
        "texts are counted."),
    .decode_error = beluga__cohere_decode_error,
    .options = BELUGA__OWN_OPTIONS(BELUGA__OWN_WORD("cohere.safety_mode",
                                                    "what the answer has to keep clear of",
                                                    "CONTEXTUAL", "STRICT", "OFF"))};
