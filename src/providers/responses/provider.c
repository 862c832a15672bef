#include "providers/builtin.h"
#include "providers/openai/batch.h"
#include "providers/responses/responses.h"
#include "providers/table.h"

static const char *endpoint(const beluga_call *call)
{
    (void)call;
    return "/v1/responses";
}

/* The limits of the batch API are the same as for Chat Completions at the same host. */
static const beluga__openai_batch batch = {
    .api = {BELUGA__OPENAI_BATCH(50000, 200000000), .one_model = true, .price_factor = 0.5,
            .keeps_names = true, .max_inputs = BELUGA__OPENAI_BATCH_INPUTS},
    .endpoint = endpoint};

const beluga_provider beluga__openai_responses_provider = {
    BELUGA__OVER_HTTP("openai-responses", "OpenAI Responses", responses, BELUGA_FRAMING_SSE),
    .encode_request = beluga__responses_encode_request,
    BELUGA__LISTS_MODELS(openai),
    BELUGA__COUNTS(responses),
    BELUGA__EMBEDS_BY(beluga__responses_encode_embed, beluga__openai_decode_embed),
    .max_inputs = BELUGA__OPENAI_INPUTS,
    .max_input_bytes = BELUGA__OPENAI_INPUT_BYTES,
    .decode_error = beluga__fault_decode_error,
    .batch = BELUGA__IF_BATCH_JOBS(&batch.api),
    .base_url = "https://api.openai.com/v1",
    .key_variables = BELUGA__OPENAI_KEY_VARIABLES,
    .url_variables = BELUGA__OPENAI_URL_VARIABLES,
    .default_model = "gpt-5-mini",
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_MODELS |
                    BELUGA__CAN_EMBED | BELUGA__CAN_COUNT,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OPENAI_ACCOUNT_OPTIONS("openai-responses"),
        BELUGA__OWN_BOOL("openai-responses.store", "let the server keep the answer"),
        BELUGA__OWN_WORD("openai-responses.reasoning_summary", "ask for a summary of the reasoning",
                         "auto", "concise", "detailed"),
        BELUGA__OWN_BOOL("openai-responses.encrypted_reasoning",
                         "ask for reasoning that can be sent back")),
    .notes = BELUGA__TEXTS(
        "The server stores nothing unless openai-responses.store is on.",
        "Reasoning is received encrypted, and is sent back with its message.",
        "Accepts no stop sequences, seed, penalties or top_k, and no budget for reasoning.")};
