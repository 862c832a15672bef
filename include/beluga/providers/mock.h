/**
 * @file mock.h
 * Options of the provider `mock`: scripted answers, no key, no network.
 *
 * Without any option it answers "This is a mock response.", streamed word by word. The model's name
 * can be a script, too: mock/echo repeats the last message's text; mock/error-rate_limit fails with
 * that code. Its errors have a code of its own, such as "mock_rate_limit". Tokens are words.
 */
#ifndef BELUGA_PROVIDERS_MOCK_H
#define BELUGA_PROVIDERS_MOCK_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Answer with these texts in turn: each call gets the next, and the first follows the last.
 *
 * @param lines  One text a line.
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
 * Answer with tool calls. Text comes with them only from beluga_mock_with_responses. A conversation
 * that ends in a tool's result gets text alone.
 *
 * @param json  An array of {"id", "name", "arguments": {…}}. The id may be missing. Arguments may
 * be a string, which is given as it is.
 */
static inline beluga_option beluga_mock_with_tool_calls(const char *json)
{
    return beluga_with_provider_specific("mock.tool_calls", json);
}

/** Fail with the code of this name ("rate_limit", "authentication_error", …). */
static inline beluga_option beluga_mock_with_error(const char *code_name)
{
    return beluga_with_provider_specific("mock.error", code_name);
}

/** Fail only the first n calls of the model, then answer. Unset: fail all. */
static inline beluga_option beluga_mock_with_error_count(int64_t n)
{
    return beluga_with_provider_specific_int("mock.error_count", n);
}

/** Fail only after this many words were streamed. Unset: 0, at once. */
static inline beluga_option beluga_mock_with_error_after_words(int64_t n)
{
    return beluga_with_provider_specific_int("mock.error_after_words", n);
}

/** Give this reasoning before the answer. */
static inline beluga_option beluga_mock_with_reasoning(const char *text)
{
    return beluga_with_provider_specific("mock.reasoning", text);
}

/**
 * End with this reason: "stop" (also when unset), "length", "tool_calls", "content_filter", "other"
 * or "pause"; with "none" the end is missing, so that the call fails with stream_closed.
 */
static inline beluga_option beluga_mock_with_finish_reason(const char *reason)
{
    return beluga_with_provider_specific("mock.finish_reason", reason);
}

BELUGA_END_DECLS
#endif
