/**
 * @file error.h
 * Error codes, and the struct that holds the detail of a failure.
 *
 * Everything that can fail returns 0 or a negative BELUGA_ERROR_ code. A caller that wants the
 * detail passes a `beluga_error *` as the last argument before the options. It lives in the
 * caller's storage, owns nothing, is never thread-local, and is written only on failure. It never
 * contains a credential.
 */
#ifndef BELUGA_ERROR_H
#define BELUGA_ERROR_H

#include <beluga/common.h>

/**
 * The error codes, each with its constant, value, name, whether it is retryable by default (1) or
 * not (0), and meaning.
 *
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

/** The codes, with the values of BELUGA_ERROR_MAP. */
enum beluga_error_code {
    BELUGA_OK = 0, /**< nothing failed */
#define XX(constant, value, name, retryable, text) BELUGA_ERROR_##constant = value,
    BELUGA_ERROR_MAP(XX)
#undef XX
};

/** The number of codes, which range from -1 to -BELUGA_ERROR_COUNT without gaps. */
#define BELUGA_ERROR_COUNT 37

BELUGA_BEGIN_DECLS

/**
 * The detail of a failure. It need not be initialised: the library only writes it, and only on
 * failure.
 *
 * All strings are NUL-terminated and "" when unknown. Each is one line that is safe to print,
 * whoever wrote its words (see beluga_text_to_line): control characters and other invisible
 * characters are written as escapes, and text that does not fit is cut between characters, with an
 * ellipsis. This holds for text that the functions below write and for text that the library passes
 * on, such as a provider's own error. Size and layout are frozen.
 */
struct beluga_error {
    int32_t code;           /**< BELUGA_ERROR_…; 0 when unused */
    int32_t http_status;    /**< status of the HTTP answer; 0 when there was no answer */
    int64_t retry_after_ms; /**< the wait that the provider asked for; -1: it asked for none */
    int32_t retryable;      /**< 1: the same call may succeed later; 0: it will not */
    int32_t attempts;       /**< attempts that were made; 0 when none reached a provider */
    char operation[32];     /**< "generate", "stream", "open", … */
    char provider[48];      /**< name of the provider */
    char model[96];         /**< name of the model */
    char provider_code[64]; /**< the provider's own code, such as "example_rate_limit" */
    char request_id[96];    /**< the provider's id of the request, which its support may need */
    char message[352];      /**< one line for a person: what happened and what to do */
    char cause[256]; /**< one line: the error that caused this one, or the provider's own words */
    unsigned char reserved[56];
};

/**
 * Return the name of a code, such as "rate_limit".
 *
 * @return a static string; "ok" for 0, "unknown_error" for a number that is not a code of this
 * library.
 */
BELUGA_API const char *beluga_error_name(int code);

/**
 * Return the meaning of a code in a few words, as a static string; never NULL, also for unknown
 * numbers.
 */
BELUGA_API const char *beluga_error_text(int code);

/** Return the code whose name is `name`; 0 when there is none, or `name` is NULL. */
BELUGA_API int beluga_error_code_from_name(const char *name);

/**
 * Fill `err` with a code and a message; all other members become unknown.
 *
 * `retryable` follows from BELUGA_ERROR_MAP.
 *
 * @param err     Storage of the caller. If NULL, the function only returns the code.
 * @param code    A negative BELUGA_ERROR_ code.
 * @param format  As for printf. The result becomes one line: a space replaces a line break.
 * @return `code`, so that a caller can `return beluga_error_set(…)`.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_error_set(beluga_error *err, int code, const char *format, ...)
    BELUGA_PRINTF(3, 4);
/**
 * Do the same as beluga_error_set with a text instead of a format, for languages without C's
 * variable arguments.
 *
 * @param text  `length` bytes, which need not end in NUL. NULL means no text.
 *
 * Since: 0.1
 */
BELUGA_API int beluga_error_set_text(beluga_error *err, int code, const char *text, size_t length);

/**
 * Set the provider's own code, such as "example_rate_limit"; the other members stay.
 *
 * @param err        NULL does nothing.
 * @param code, len  Copied; it need not end in NUL. NULL clears the member.
 */
BELUGA_API void beluga_error_set_provider_code(beluga_error *err, const char *code, size_t len);

/**
 * Set the cause, one line: the error below this one, or the provider's own words. The other members
 * stay.
 *
 * @param err         NULL does nothing.
 * @param cause, len  Copied; it need not end in NUL. NULL clears the member.
 */
BELUGA_API void beluga_error_set_cause(beluga_error *err, const char *cause, size_t len);

/**
 * Add where an error happened. The code and the other members stay as they are. Beluga AI for Go
 * calls it WrapError.
 *
 * @param err        An error that was set; NULL does nothing.
 * @param operation  Replaces the member `operation`; NULL leaves it as it is.
 * @param context    Text to put before the message ("context: message"); NULL or "" adds nothing.
 * @return the code of `err`; 0 when it is NULL.
 */
BELUGA_API int beluga_error_wrap(beluga_error *err, const char *operation, const char *context);

/**
 * Return the code that an HTTP status means: 401 authentication_error, 402 quota_exceeded, 403
 * authorization_error, 404 not_found, 408 and 504 timeout, 413 limit_exceeded, 429 rate_limit, 503
 * and 529 overloaded, 501 not_supported, other 4xx invalid_request, other 5xx internal_error.
 *
 * @return 0 for 2xx; BELUGA_ERROR_INVALID_RESPONSE for any other number.
 */
BELUGA_API int beluga_error_from_http(int status);

/** Return whether the same call may succeed later; false when `err` is NULL or its code is 0. */
BELUGA_API bool beluga_error_is_retryable(const beluga_error *err);

/**
 * Write the error as one line: "rate_limit: message (cause) [provider, model, HTTP 429, …]".
 *
 * @param err     NULL gives "".
 * @param buffer  Receives the line. A line that does not fit is cut between characters; when n > 0
 * the text always ends in NUL. NULL is legal when n is 0.
 * @param n       Bytes of `buffer`.
 * @return the length of the whole line in bytes, as snprintf does.
 */
BELUGA_API size_t beluga_error_format(const beluga_error *err, char *buffer, size_t n);

BELUGA_END_DECLS
#endif
