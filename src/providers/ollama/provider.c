#include "providers/builtin.h"
#include "providers/ollama/ollama.h"
#include "providers/table.h"

const beluga_provider beluga__ollama_provider = {
    BELUGA__OVER_HTTP("ollama", "Ollama chat", ollama, BELUGA_FRAMING_NDJSON),
    BELUGA__ENCODES_AND_LISTS(ollama),
    BELUGA__EMBEDS(ollama),
    .base_url = "http://127.0.0.1:11434",
    .key_variables = BELUGA__TEXTS("OLLAMA_API_KEY"),
    .url_variables = BELUGA__TEXTS("OLLAMA_HOST"),
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS | BELUGA_CAPABILITY_NO_KEY |
                    BELUGA__CAN_EMBED,
    .decode_error = beluga__ollama_decode_error,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_INT("ollama.num_ctx", "tokens of context to run the model with", 1, INT32_MAX),
        BELUGA__OWN_TEXT("ollama.keep_alive", "how long the model stays loaded, such as 10m")),
    .notes = BELUGA__TEXTS("Models call tools as they like: tool_choice and strict are not sent.",
                           "Accepts no user and no budget for reasoning.",
                           "A text that is too long to be embedded is refused, not cut.")};
