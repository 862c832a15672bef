/**
 * @file error.h
 * Error codes, and the detail that goes with one.
 *
 * Everything that can fail returns 0 or a negative BELUGA_ERROR_ code. Who wants to know more
 * passes a `beluga_error *` as the last argument: it lives in the caller's storage, owns nothing,
 * is never thread-local, and is written only on failure. No credential ever appears in one.
 */
#ifndef BELUGA_ERROR_H
#define BELUGA_ERROR_H

#include <beluga/common.h>

/**
 * The one list of codes: constant, value, name, retryable by default, meaning.
 * Values are frozen and the list only grows. The first 25 are those of Beluga AI for Go.
 */
#define BELUGA_ERROR_MAP(XX)                                                                     \
    XX(INVALID_CONFIG, -1, "invalid_config", 0, "the configuration is not valid")                \
    XX(NETWORK, -2, "network_error", 1, "the network or the connection failed")                  \
    XX(TIMEOUT, -3, "timeout", 1, "no answer within the time allowed")                           \
    XX(RATE_LIMIT, -4, "rate_limit", 1, "the provider's rate limit was reached")                 \
    XX(QUOTA_EXCEEDED, -5, "quota_exceeded", 0, "the account's quota or credit is used up")      \
    XX(AUTHENTICATION, -6, "authentication_error", 0, "the key is missing or was refused")       \
    XX(AUTHORIZATION, -7, "authorization_error", 0, "the key may not do this")                   \
    XX(NOT_FOUND, -8, "not_found", 0, "the address or resource does not exist")                  \
    XX(INTERNAL, -9, "internal_error", 1, "the provider failed inside")                          \
    XX(INVALID_INPUT, -10, "invalid_input", 0, "an argument is not valid")                       \
    XX(UNSUPPORTED_PROVIDER, -11, "unsupported_provider", 0, "no provider has that name")        \
    XX(INVALID_MODEL, -12, "invalid_model", 0, "the provider does not know that model")          \
    XX(MODEL_NOT_AVAILABLE, -13, "model_not_available", 1, "the model can't be reached now")     \
    XX(INVALID_REQUEST, -14, "invalid_request", 0, "the provider refused the request")           \
    XX(INVALID_RESPONSE, -15, "invalid_response", 0, "the answer is not what the protocol says") \
    XX(EMPTY_RESPONSE, -16, "empty_response", 1, "the answer holds nothing")                     \
    XX(MALFORMED_RESPONSE, -17, "malformed_response", 1, "the answer can't be parsed")           \
    XX(STREAM, -18, "stream_error", 1, "the provider reported an error inside the stream")       \
    XX(STREAM_TIMEOUT, -19, "stream_timeout", 1, "the stream went silent")                       \
    XX(STREAM_CLOSED, -20, "stream_closed", 1, "the stream ended before it was complete")        \
    XX(TOOL_CALL, -21, "tool_call_error", 0, "a tool call of the model is not valid")            \
    XX(TOOL_NOT_FOUND, -22, "tool_not_found", 0, "the model called a tool that is not bound")    \
    XX(TOOL_EXECUTION, -23, "tool_execution_error", 0, "a tool failed")                          \
    XX(CONTEXT_CANCELED, -24, "context_canceled", 0, "the caller cancelled")                     \
    XX(CONTEXT_TIMEOUT, -25, "context_timeout", 0, "the context's deadline passed")              \
    XX(NO_MEMORY, -26, "no_memory", 0, "an allocation failed")                                   \
    XX(LIMIT_EXCEEDED, -27, "limit_exceeded", 0, "a named maximum was passed")                   \
    XX(NOT_SUPPORTED, -28, "not_supported", 0, "the provider or build can't do this")            \
    XX(CONTENT_FILTER, -29, "content_filter", 0, "the provider refused the content")             \
    XX(CONTEXT_LENGTH, -30, "context_length", 0, "the input is longer than the model takes")     \
    XX(OVERLOADED, -31, "overloaded", 1, "the provider is overloaded")                           \
    XX(CIRCUIT_OPEN, -32, "circuit_open", 0, "the circuit breaker is open")                      \
    XX(BUDGET_EXCEEDED, -33, "budget_exceeded", 0, "the budget is spent")                        \
    XX(PLUGIN_ABI, -34, "plugin_abi", 0, "the plug-in and the library do not fit")               \
    XX(RECURSIVE, -35, "recursive", 0, "called from inside its own callback")                    \
    XX(FORKED, -36, "forked", 0, "the object belongs to the parent process")                     \
    XX(INCOMPLETE, -37, "incomplete", 0, "the model stopped before its answer was whole")

enum beluga_error_code {
    BELUGA_OK = 0,
#define XX(constant, value, name, retryable, text) BELUGA_ERROR_##constant = value,
    BELUGA_ERROR_MAP(XX)
#undef XX
};

/** How many codes there are; the codes are -1 … -BELUGA_ERROR_COUNT without a gap. */
#define BELUGA_ERROR_COUNT 37

BELUGA_BEGIN_DECLS

/**
 * What went wrong. Zero-initialise it or not: it is only ever written, and only on failure.
 * All strings are NUL-terminated and "" when unknown. Each is one line that is safe to print,
 * whoever wrote its words (see beluga_text_to_line): controls and other characters that nobody sees
 * are escapes, and what does not fit is cut between characters, with an ellipsis. That holds for
 * what the functions below write and for what the library hands over, a provider's own errors among
 * them. Size and layout are frozen.
 */
struct beluga_error {
    int32_t code;           /**< BELUGA_ERROR_…; 0 when unused */
    int32_t http_status;    /**< 0 when no HTTP answer was involved */
    int64_t retry_after_ms; /**< what the provider asked to wait; -1 when it did not */
    int32_t retryable;      /**< 1 the same call may succeed later, 0 it will not */
    int32_t attempts;       /**< attempts made, 0 when none reached a provider */
    char operation[32];     /**< "generate", "stream", "open", … */
    char provider[48];      /**< name of the provider */
    char model[96];         /**< name of the model */
    char provider_code[64]; /**< the provider's own code, such as "example_rate_limit" */
    char request_id[96];    /**< the provider's id of the request, for its support */
    char message[352];      /**< one line for a person: what happened and what to do */
    char cause[256];        /**< one line: the lower error or the provider's own words */
    unsigned char reserved[56];
};

/** Return the code's name, such as "rate_limit"; "ok" for 0; "unknown_error" otherwise. Static. */
BELUGA_API const char *beluga_error_name(int code);

/** Return the code's meaning in a few words; static, never NULL. */
BELUGA_API const char *beluga_error_text(int code);

/** Return the code whose name is `name`, or 0 when there is none. */
BELUGA_API int beluga_error_code_from_name(const char *name);

/**
 * Fill `err` with a code and a message; the rest becomes unknown.
 *
 * @param err     Caller's storage, or NULL: then only the code is returned.
 * @param code    A negative BELUGA_ERROR_ code.
 * @param format  printf's; the result becomes one line: a break of lines is a space.
 * @return `code`, so that a caller can `return beluga_error_set(…)`.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_error_set(beluga_error *err, int code, const char *format, ...)
    BELUGA_PRINTF(3, 4);

/** Set the provider's own code, such as "example_rate_limit"; NULL clears it. NULL `err` is legal.
 */
BELUGA_API void beluga_error_set_provider_code(beluga_error *err, const char *code, size_t len);

/** Set the one-line cause: the lower error, or the provider's own words. NULL `err` is legal. */
BELUGA_API void beluga_error_set_cause(beluga_error *err, const char *cause, size_t len);

/**
 * Add where an error happened without hiding it: sets `operation` and puts `context` before the
 * message ("context: message"); code and the rest stay. Like Go's WrapError.
 *
 * @return the code of `err`.
 */
BELUGA_API int beluga_error_wrap(beluga_error *err, const char *operation, const char *context);

/** Return the code that an HTTP status means (401 → authentication_error, 429 → rate_limit, …). */
BELUGA_API int beluga_error_from_http(int status);

/** Return whether the same call may succeed later. An error that was never set is not retryable. */
BELUGA_API bool beluga_error_is_retryable(const beluga_error *err);

/**
 * Write the error as one line: "rate_limit: message (cause) [provider model, HTTP 429, …]".
 *
 * @return the length it has whole, as snprintf does; the buffer is always terminated when n > 0,
 * and holds whole characters.
 */
BELUGA_API size_t beluga_error_format(const beluga_error *err, char *buffer, size_t n);

BELUGA_END_DECLS
#endif
