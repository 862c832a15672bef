/**
 * @file anthropic.h
 * Options of the provider `anthropic` (the Messages API). Variables it reads when asked to:
 * ANTHROPIC_API_KEY, sent as x-api-key; ANTHROPIC_AUTH_TOKEN, sent as "Authorization: Bearer", when
 * the first is not set; ANTHROPIC_BASE_URL, without "/v1".
 *
 * The protocol's version is 2023-06-01; an extra header "anthropic-version: …" asks for another.
 *
 * The protocol wants a maximum of tokens with every request: BELUGA_ANTHROPIC_MAX_TOKENS, with
 * reasoning_budget on top, unless max_tokens is set.
 *
 * `reasoning_budget` makes a model think with that many tokens (0: not at all). `reasoning_effort`
 * sets the effort and lets the model decide how long to think, which models before Claude 4.6
 * refuse: give them a budget. Reasoning is sent back with its signature, unchanged; reasoning of
 * another provider is left out, with a warning. System messages go to the top, wherever they stand;
 * results of tools that follow each other go into one message.
 *
 * beluga_message_mark_cache marks the part of the input that the API should keep (at most four
 * marks a request). A mark in a system message covers the tools, too.
 *
 * The protocol has no place for these, which become a warning in START: seed, penalties, json_mode,
 * the name of a schema. Content that it can't carry fails with not_supported: audio, files other
 * than PDF and text.
 *
 * The proof of completion is the event `message_stop`. The API counts tokens that were read from or
 * written to the cache apart; input_total of the usage includes them.
 */
#ifndef BELUGA_PROVIDERS_ANTHROPIC_H
#define BELUGA_PROVIDERS_ANTHROPIC_H

#include <beluga/option.h>

/** The most tokens of an answer when max_tokens is not set. */
#define BELUGA_ANTHROPIC_MAX_TOKENS 16384

BELUGA_BEGIN_DECLS

/**
 * Ask for features that are not final yet.
 *
 * @param names  With commas between them, for the header anthropic-beta. NULL: none.
 */
static inline beluga_option beluga_anthropic_with_beta(const char *names)
{
    return beluga_with_provider_specific("anthropic.beta", names);
}

/**
 * Send the key as "Authorization: Bearer" (true) or as x-api-key (false), wherever it is from.
 * Unset: a bearer token when it is from ANTHROPIC_AUTH_TOKEN.
 */
static inline beluga_option beluga_anthropic_with_bearer(bool on)
{
    return beluga_with_provider_specific_bool("anthropic.bearer", on);
}

BELUGA_END_DECLS
#endif
