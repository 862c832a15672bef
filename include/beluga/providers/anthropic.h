/**
 * @file anthropic.h
 * Options of the provider `anthropic` (the Messages API). Environment variables that it reads with
 * beluga_with_env: ANTHROPIC_API_KEY, sent as x-api-key; ANTHROPIC_AUTH_TOKEN, sent as
 * "Authorization: Bearer", when ANTHROPIC_API_KEY is not set; ANTHROPIC_BASE_URL, without "/v1".
 *
 * The protocol's version is 2023-06-01; set another one with an extra header "anthropic-version:
 * …".
 *
 * The protocol requires a limit of tokens in every request. If max_tokens is not set, the limit is
 * BELUGA_ANTHROPIC_MAX_TOKENS plus reasoning_budget.
 *
 * `reasoning_budget` makes a model reason with that many tokens (0: not at all). `reasoning_effort`
 * sets the effort, and the model decides how long to reason. Models before Claude 4.6 refuse
 * reasoning_effort: use reasoning_budget for them. Reasoning is sent back with its signature,
 * unchanged; reasoning of another provider is left out, with a warning. System messages are moved
 * to the top of the request; successive results of tools are joined into one message.
 *
 * beluga_message_mark_cache marks the end of the input that the API should cache (at most four
 * marks in a request). A mark in a system message covers the tools, too.
 *
 * The protocol does not support these options, so that setting them gives a warning in START: seed,
 * penalties, json_mode, the name of a schema. A call with content that it does not support fails
 * with not_supported: audio, and files other than PDF and text.
 *
 * The proof of completion is the event `message_stop`. The API counts tokens that were read from or
 * written to the cache separately; input_total of the usage includes them.
 */
#ifndef BELUGA_PROVIDERS_ANTHROPIC_H
#define BELUGA_PROVIDERS_ANTHROPIC_H

#include <beluga/option.h>

/** The limit for an answer's tokens when max_tokens is not set. */
#define BELUGA_ANTHROPIC_MAX_TOKENS 16384

BELUGA_BEGIN_DECLS

/**
 * Ask for features of the API that are in beta.
 *
 * @param names  Names of the features with commas between them, for the header anthropic-beta.
 * NULL: none.
 */
static inline beluga_option beluga_anthropic_with_beta(const char *names)
{
    return beluga_with_provider_specific("anthropic.beta", names);
}

/**
 * Send the key as "Authorization: Bearer" (true) or as x-api-key (false), from wherever it came.
 * Unset: a key from ANTHROPIC_AUTH_TOKEN is sent as "Authorization: Bearer", any other as
 * x-api-key.
 */
static inline beluga_option beluga_anthropic_with_bearer(bool on)
{
    return beluga_with_provider_specific_bool("anthropic.bearer", on);
}

BELUGA_END_DECLS
#endif
