#include "providers/builtin.h"
#include "providers/openai/batch.h"
#include "providers/table.h"

/* Sources for limits and price: developers.openai.com/api/docs/guides/batch, and
 * batch_create_params.py of OpenAI's client for Python. The guide says that all requests of a file
 * must use one model. */
static const beluga__openai_batch batch = {
    .api = {BELUGA__OPENAI_BATCH(50000, 200000000), .one_model = true, .price_factor = 0.5,
            .keeps_names = true, .max_inputs = BELUGA__OPENAI_BATCH_INPUTS}};

const beluga_provider beluga__openai_provider = {
    BELUGA__OVER_HTTP("openai", "Chat Completions", openai, BELUGA_FRAMING_SSE),
    BELUGA__ENCODES_AND_LISTS(openai),
    BELUGA__EMBEDS(openai),
    .max_inputs = BELUGA__OPENAI_INPUTS,
    .max_input_bytes = BELUGA__OPENAI_INPUT_BYTES,
    .base_url = "https://api.openai.com/v1",
    .key_variables = BELUGA__OPENAI_KEY_VARIABLES,
    .url_variables = BELUGA__OPENAI_URL_VARIABLES,
    .default_model = "gpt-5-mini",
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED,
    .notes = BELUGA__TEXTS(
        "With OPENAI_BASE_URL any server that implements the protocol can be used; then no key is "
        "needed.",
        "The limit of tokens is max_completion_tokens at OpenAI's own addresses, max_tokens at "
        "others.",
        "Accepts no top_k and no budget for reasoning."),
    .decode_error = beluga__fault_decode_error,
    .batch = BELUGA__IF_BATCH_JOBS(&batch.api),
    .options =
        BELUGA__OWN_OPTIONS(BELUGA__OPENAI_ACCOUNT_OPTIONS("openai"),
                            BELUGA__OWN_BOOL("openai.max_completion_tokens",
                                             "send max_completion_tokens instead of max_tokens"))};
