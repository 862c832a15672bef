/**
 * @file response.h
 * A whole answer, which joins the events of a stream. Everything that these functions return is
 * borrowed until the response is freed, unless a docstring says otherwise. A response never
 * changes, so that any number of threads may read it.
 */
#ifndef BELUGA_RESPONSE_H
#define BELUGA_RESPONSE_H

#include <beluga/common.h>
#include <beluga/event.h>
#include <beluga/message.h>

struct beluga_json_writer;

BELUGA_BEGIN_DECLS

/** One tool call of an answer. */
typedef struct beluga_tool_call {
    /** id with which the tool's result refers to this call (beluga_tool_message) */
    const char *id;
    const char *name;      /**< name of the tool */
    const char *arguments; /**< JSON text as the model wrote it; "{}" when it wrote nothing */
    size_t length;         /**< length of `arguments` in bytes */
} beluga_tool_call;

/** Free a response; NULL does nothing. Threads: any. */
BELUGA_API void beluga_response_free(beluga_response *response);

/**
 * Return the text, NUL-terminated; "" if there is none. `length` receives its bytes; NULL allowed.
 */
BELUGA_API const char *beluga_response_text(const beluga_response *response, size_t *length);
/**
 * Return the reasoning, NUL-terminated; "" if there is none. `length` receives its bytes; NULL
 * allowed.
 */
BELUGA_API const char *beluga_response_reasoning(const beluga_response *response, size_t *length);
/** Return the number of tool calls. A tool call that was cut off does not count. */
BELUGA_API size_t beluga_response_tool_call_count(const beluga_response *response);
/**
 * Return tool call `index`, in the order in which they began, or NULL if `index` is out of range.
 */
BELUGA_API const beluga_tool_call *beluga_response_tool_call(const beluga_response *response,
                                                             size_t index);
/** Return the number of images, sounds and files in the answer. Since: 0.1 */
BELUGA_API size_t beluga_response_media_count(const beluga_response *response);
/**
 * Return an image, sound or file of the answer, in the order in which they came.
 *
 * @return NULL if `index` is out of range. Otherwise a part with its kind, its media type (NULL:
 * unknown), and either its bytes in `data` or its address in `url`. Since: 0.1
 */
BELUGA_API const beluga_part *beluga_response_media(const beluga_response *response, size_t index);
/** Return the usage, never NULL; each count that the provider did not report is -1. */
BELUGA_API const beluga_usage *beluga_response_usage(const beluga_response *response);
/** Return the provider's limits, never NULL; each number that it did not report is -1. */
BELUGA_API const beluga_rate_limits *beluga_response_rate_limits(const beluga_response *response);
/** Return the reason why the model stopped; BELUGA_FINISH_UNKNOWN for a partial answer. */
BELUGA_API beluga_finish_reason beluga_response_finish_reason(const beluga_response *response);
/** Return the provider's own word for the finish reason; "" when it gave none. */
BELUGA_API const char *beluga_response_raw_finish_reason(const beluga_response *response);
/**
 * Return whether the answer is whole: it arrived completely, and its finish reason is not a cut, a
 * filter, a pause or an unknown word (beluga_finish_reason_is_whole). False also for an answer of
 * beluga_with_partial.
 */
BELUGA_API bool beluga_response_is_complete(const beluga_response *response);
/** Return whether the answer came from the library's cache, so that it cost nothing. */
BELUGA_API bool beluga_response_is_cached(const beluga_response *response);
/**
 * Return the number of attempts up to and including the one that brought the answer, with retries
 * and attempts at fallback models; 0 when no provider was asked, as for an answer from a cache, or
 * when the number is not known. Since: 0.1
 */
BELUGA_API uint32_t beluga_response_attempts(const beluga_response *response);
/** Return the provider's id of the response, "" when unknown. */
BELUGA_API const char *beluga_response_id(const beluga_response *response);
/** Return the name of the model that answered, as its provider reports it; "" when unknown. */
BELUGA_API const char *beluga_response_model(const beluga_response *response);
/** Return the name of the provider that answered, such as a fallback's; "" when unknown. */
BELUGA_API const char *beluga_response_provider(const beluga_response *response);
/** Return the provider's id of the HTTP request, which its support may need; "" when unknown. */
BELUGA_API const char *beluga_response_request_id(const beluga_response *response);
/** Return the time at which the provider made the answer, seconds since 1970; 0 when unknown. */
BELUGA_API int64_t beluga_response_created(const beluga_response *response);
/**
 * Return warning `index`, about something that the provider could not express; NULL if `index` is
 * out of range.
 */
BELUGA_API const char *beluga_response_warning(const beluga_response *response, size_t index);
/** Return the nanoseconds from the start of the call to its end; -1 when unknown. */
BELUGA_API int64_t beluga_response_duration_ns(const beluga_response *response);
/** Return the nanoseconds from the start of the call to its first content; -1 when unknown. */
BELUGA_API int64_t beluga_response_first_content_ns(const beluga_response *response);

/**
 * Make the message that continues a conversation: text, reasoning with signatures, tool calls,
 * media, and the state that must be sent back to the provider. A tool call that was cut off is left
 * out.
 *
 * @return a reference that the caller releases (beluga_message_unref) or passes to
 * beluga_messages_add; NULL when out of memory.
 */
BELUGA_API beluga_message *beluga_response_message(const beluga_response *response);

/**
 * Check that the text of an answer is JSON that fits a JSON Schema. The text may not fit if the
 * service does not enforce schemas, or if the answer was cut.
 *
 * @param schema, length  JSON text; borrowed. Keywords that the library does not know are ignored.
 * @param err             Receives the first difference and its place: "days[1]: must be at least
 * 1".
 * @return 0 if the text fits; BELUGA_ERROR_INVALID_RESPONSE if it does not;
 * BELUGA_ERROR_MALFORMED_RESPONSE if the text is not JSON; BELUGA_ERROR_INVALID_INPUT if the schema
 * is not JSON, or an argument is NULL; BELUGA_ERROR_LIMIT_EXCEEDED if text or schema is nested
 * deeper than 512, or the check takes more than a million steps; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API int beluga_response_check_schema(const beluga_response *response, const char *schema,
                                            size_t length, beluga_error *err);

/**
 * Write the answer as one JSON object. An answer with media has a member "media", a list of
 * objects with "kind", "media_type", and "data" in base64 or "url".
 *
 * @param json    Owned (beluga_free), NUL-terminated; NULL on failure.
 * @param length  Receives its length in bytes; NULL allowed.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if text is not UTF-8, which only a response of a builder
 * can have; BELUGA_ERROR_LIMIT_EXCEEDED if the JSON is larger than 1 GiB; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_response_to_json(const beluga_response *response, char **json,
                                       size_t *length);

/**
 * Write an answer as members of the object that is open in a writer (provider/json.h): "text",
 * "media", "tool_calls", "finish_reason", "usage", "model", "provider", "request_id" and
 * "warnings", as beluga_response_to_json writes them. Members other than "text", "finish_reason"
 * and "usage" are left out where the answer has none. The writer remembers a failure. Since: 0.1
 */
BELUGA_API void beluga_response_put_json(const beluga_response *response,
                                         struct beluga_json_writer *writer);

/** Joins events into one response, for a caller that receives them one by one. */
typedef struct beluga_response_builder beluga_response_builder;

/** Make a builder. @return owned (beluga_response_builder_free), or NULL when out of memory. */
BELUGA_API beluga_response_builder *beluga_response_builder_new(void);
/** Free a builder and the response that it has not returned; NULL does nothing. */
BELUGA_API void beluga_response_builder_free(beluga_response_builder *builder);

/**
 * Add one event. All that it points to is copied. ERROR ends the response, which is then
 * incomplete. An event after the terminal one, or of a kind that this version does not know, is
 * ignored.
 *
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED if the response grows beyond 256
 * MiB. After a failure each further call returns the same code.
 *
 * Threads: one at a time.
 */
BELUGA_API int beluga_response_builder_add(beluga_response_builder *builder,
                                           const beluga_event *event);

/**
 * Set the response's times, which the caller has measured. The builder itself does not read a
 * clock.
 *
 * @param duration_ns, first_content_ns  Nanoseconds from the start of the call; -1: unknown.
 */
BELUGA_API void beluga_response_builder_set_times(beluga_response_builder *builder,
                                                  int64_t duration_ns, int64_t first_content_ns);

/**
 * Complete the response and return it in `out`. The builder is then empty and can be used again.
 *
 * @param out  Owned (beluga_response_free). Also set on failure, to a response that is not
 * complete; NULL only when out of memory.
 * @return 0; the code of the ERROR event; BELUGA_ERROR_STREAM_CLOSED if no terminal event came; the
 * code with which beluga_response_builder_add failed.
 */
BELUGA_API int beluga_response_builder_finish(beluga_response_builder *builder,
                                              beluga_response **out);

BELUGA_END_DECLS
#endif
