/**
 * @file mock.h
 * Options of the provider `mock`, which gives scripted answers and needs no key and no network.
 *
 * Without any option it answers "This is a mock response.", streamed word by word. Some models have
 * a behavior of their own: mock/echo repeats the text of the last message, and
 * mock/error-rate_limit fails with that error code. Errors have a provider code such as
 * "mock_rate_limit". Each word counts as one token.
 */
#ifndef BELUGA_PROVIDERS_MOCK_H
#define BELUGA_PROVIDERS_MOCK_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Answer with these texts in turn: each call gets the next text, and after the last text the first
 * one follows again.
 *
 * @param lines  The texts, one on each line.
 */
static inline beluga_option beluga_mock_with_responses(const char *lines)
{
    return beluga_with_provider_specific("mock.responses", lines);
}

/** Wait this long before each word of a stream, milliseconds. Unset: 0. */
static inline beluga_option beluga_mock_with_word_delay_ms(int64_t ms)
{
    return beluga_with_provider_specific_int("mock.word_delay_ms", ms);
}

/** Wait this long before the first event, milliseconds. Unset: 0. */
static inline beluga_option beluga_mock_with_latency_ms(int64_t ms)
{
    return beluga_with_provider_specific_int("mock.latency_ms", ms);
}

/**
 * Answer with tool calls, and with text only if beluga_mock_with_responses is set. A conversation
 * that ends with a tool's result gets an answer without tool calls.
 *
 * @param json  An array of {"id", "name", "arguments": {…}}. The id may be missing. If "arguments"
 * is a string, it is emitted unchanged.
 */
static inline beluga_option beluga_mock_with_tool_calls(const char *json)
{
    return beluga_with_provider_specific("mock.tool_calls", json);
}

/** Fail each call with the error code of this name ("rate_limit", "authentication_error", …). */
static inline beluga_option beluga_mock_with_error(const char *code_name)
{
    return beluga_with_provider_specific("mock.error", code_name);
}

/** With beluga_mock_with_error: fail only the first n calls of the model. Unset: fail all calls. */
static inline beluga_option beluga_mock_with_error_count(int64_t n)
{
    return beluga_with_provider_specific_int("mock.error_count", n);
}

/**
 * With beluga_mock_with_error: fail after this many words were streamed. Unset: 0, which fails at
 * once.
 */
static inline beluga_option beluga_mock_with_error_after_words(int64_t n)
{
    return beluga_with_provider_specific_int("mock.error_after_words", n);
}

/** Emit this reasoning before the answer. */
static inline beluga_option beluga_mock_with_reasoning(const char *text)
{
    return beluga_with_provider_specific("mock.reasoning", text);
}

/**
 * End with this reason: "stop" (also when unset), "length", "tool_calls", "content_filter", "other"
 * or "pause"; with "none" no FINISH is emitted, so that the call fails with stream_closed.
 */
static inline beluga_option beluga_mock_with_finish_reason(const char *reason)
{
    return beluga_with_provider_specific("mock.finish_reason", reason);
}

BELUGA_END_DECLS
#endif
