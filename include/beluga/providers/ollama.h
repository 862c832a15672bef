/**
 * @file ollama.h
 * Options of the provider `ollama`, which speaks Ollama's own /api/chat. Variables it reads when
 * asked to: OLLAMA_HOST (a host, host:port or URL), OLLAMA_API_KEY (sent when it is set; a server
 * of your own needs none).
 *
 * The protocol has no place for these, which become a warning in START: tool_choice but auto and
 * none, parallel_tool_calls, strict tools, reasoning_budget but 0, user. Content that it can't
 * carry fails with not_supported: images by address, audio, files.
 *
 * The proof of completion is `"done":true`. A count that a server leaves out is unknown, not zero.
 */
#ifndef BELUGA_PROVIDERS_OLLAMA_H
#define BELUGA_PROVIDERS_OLLAMA_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Run the model with this many tokens of context. Ollama cuts longer input without telling. Unset:
 * Ollama's own default, which is small.
 */
static inline beluga_option beluga_ollama_with_num_ctx(int64_t tokens)
{
    return beluga_with_provider_specific_int("ollama.num_ctx", tokens);
}

/** Keep the model loaded this long after the call: "10m", "24h"; "0" not at all, "-1" for ever. */
static inline beluga_option beluga_ollama_with_keep_alive(const char *duration)
{
    return beluga_with_provider_specific("ollama.keep_alive", duration);
}

BELUGA_END_DECLS
#endif
