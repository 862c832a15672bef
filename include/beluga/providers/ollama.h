/**
 * @file ollama.h
 * Options of the provider `ollama`, which speaks Ollama's own /api/chat. Environment variables that
 * it reads with beluga_with_env: OLLAMA_HOST (a host, host:port or URL), OLLAMA_API_KEY (sent if it
 * is set; a local server needs no key).
 *
 * The protocol does not support these, so that using them gives a warning in START: tool_choice
 * other than auto and none, parallel_tool_calls, strict tools, reasoning_budget other than 0, user.
 * A call with content that it does not support fails with not_supported: images by address, audio,
 * files.
 *
 * The proof of completion is `"done":true`. A token count that the server does not send is unknown,
 * not zero.
 */
#ifndef BELUGA_PROVIDERS_OLLAMA_H
#define BELUGA_PROVIDERS_OLLAMA_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Run the model with a context of this many tokens. Ollama cuts longer input without reporting it.
 * Unset: Ollama's own default, which is small.
 */
static inline beluga_option beluga_ollama_with_num_ctx(int64_t tokens)
{
    return beluga_with_provider_specific_int("ollama.num_ctx", tokens);
}

/**
 * Keep the model loaded this long after the call: "10m", "24h"; "0" unloads it at once, "-1" keeps
 * it for ever.
 */
static inline beluga_option beluga_ollama_with_keep_alive(const char *duration)
{
    return beluga_with_provider_specific("ollama.keep_alive", duration);
}

BELUGA_END_DECLS
#endif
