/**
 * @file response.h
 * A whole answer: a stream's events, folded. Everything it returns is borrowed until it is freed.
 */
#ifndef BELUGA_RESPONSE_H
#define BELUGA_RESPONSE_H

#include <beluga/common.h>
#include <beluga/event.h>
#include <beluga/message.h>

BELUGA_BEGIN_DECLS

/** One tool call of an answer. */
typedef struct beluga_tool_call {
    const char *id;
    const char *name;
    const char *arguments; /**< JSON text as the model wrote it; "{}" when it wrote nothing */
    size_t length;         /**< of arguments, bytes */
} beluga_tool_call;

BELUGA_API void beluga_response_free(beluga_response *response);

/** Return the text, NUL-terminated, "" when there is none. `length` may be NULL. */
BELUGA_API const char *beluga_response_text(const beluga_response *response, size_t *length);
/** Return the reasoning, likewise. */
BELUGA_API const char *beluga_response_reasoning(const beluga_response *response, size_t *length);
BELUGA_API size_t beluga_response_tool_call_count(const beluga_response *response);
/** Return tool call `index`, or NULL past the last. */
BELUGA_API const beluga_tool_call *beluga_response_tool_call(const beluga_response *response,
                                                             size_t index);
/** Return how many images, sounds and files the answer has. Since: 0.1 */
BELUGA_API size_t beluga_response_media_count(const beluga_response *response);
/**
 * Return one of them, in the order they came, or NULL past the last: its kind, its media type (NULL
 * unknown), and its bytes in `data`, or the address where it is in `url`. Since: 0.1
 */
BELUGA_API const beluga_part *beluga_response_media(const beluga_response *response, size_t index);
/** Return the usage; all -1 when the provider did not say. Never NULL. */
BELUGA_API const beluga_usage *beluga_response_usage(const beluga_response *response);
/** Return what was left of the provider's limits; all -1 when it did not say. Never NULL. */
BELUGA_API const beluga_rate_limits *beluga_response_rate_limits(const beluga_response *response);
/** Return why it stopped; UNKNOWN for a partial answer. */
BELUGA_API beluga_finish_reason beluga_response_finish_reason(const beluga_response *response);
/** Return the provider's own word for it, "" when unknown. */
BELUGA_API const char *beluga_response_raw_finish_reason(const beluga_response *response);
/**
 * Return whether the answer is whole: it came to its end, and that was not a cut, a filter, a pause
 * or a word that nobody knows (beluga_finish_reason_is_whole). False also for what
 * beluga_with_partial gave.
 */
BELUGA_API bool beluga_response_is_complete(const beluga_response *response);
/** Return true for an answer that was given before and came from a cache: it cost nothing. */
BELUGA_API bool beluga_response_is_cached(const beluga_response *response);
/**
 * Return the response's id, the model and provider that answered, the HTTP request's id; ""
 * unknown.
 */
BELUGA_API const char *beluga_response_id(const beluga_response *response);
BELUGA_API const char *beluga_response_model(const beluga_response *response);
BELUGA_API const char *beluga_response_provider(const beluga_response *response);
BELUGA_API const char *beluga_response_request_id(const beluga_response *response);
/** Return when the provider made it, seconds since 1970; 0 unknown. */
BELUGA_API int64_t beluga_response_created(const beluga_response *response);
/** Walk what the provider could not express. Return NULL past the last. */
BELUGA_API const char *beluga_response_warning(const beluga_response *response, size_t index);
/** Return nanoseconds from the start of the call to its end, and to its first content; -1 unknown.
 */
BELUGA_API int64_t beluga_response_duration_ns(const beluga_response *response);
BELUGA_API int64_t beluga_response_first_content_ns(const beluga_response *response);

/**
 * Make the message that continues a conversation: text, reasoning with signatures, tool calls,
 * media.
 * @return one reference, yours; NULL without memory.
 */
BELUGA_API beluga_message *beluga_response_message(const beluga_response *response);

/**
 * Write the answer as one JSON object. "media" is in it when there is some: each with "kind",
 * "media_type", and "data" in base64 or "url".
 * @param json  Owned (beluga_free), NUL-terminated.
 * @return 0; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_response_to_json(const beluga_response *response, char **json,
                                       size_t *length);

/** Folds events into a response, for who receives them one by one. */
typedef struct beluga_response_builder beluga_response_builder;

/** @return owned (beluga_response_builder_free), or NULL without memory. */
BELUGA_API beluga_response_builder *beluga_response_builder_new(void);
BELUGA_API void beluga_response_builder_free(beluga_response_builder *builder);

/**
 * Add one event; what it points to is copied. ERROR ends it without a complete response.
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED over 256 MiB; both stick.
 */
BELUGA_API int beluga_response_builder_add(beluga_response_builder *builder,
                                           const beluga_event *event);

/**
 * Set the response's times, for who receives the events and so knows them. Nanoseconds from the
 * start of the call; -1 unknown. The builder itself does not look at a clock.
 */
BELUGA_API void beluga_response_builder_set_times(beluga_response_builder *builder,
                                                  int64_t duration_ns, int64_t first_content_ns);

/**
 * Take the response. The builder is then empty and can be used again.
 * @return 0; the code of its error event; BELUGA_ERROR_STREAM_CLOSED no terminal event came; what
 * stuck. Except without memory, `*out` is set on failure too: then it is not complete.
 */
BELUGA_API int beluga_response_builder_finish(beluga_response_builder *builder,
                                              beluga_response **out);

BELUGA_END_DECLS
#endif
