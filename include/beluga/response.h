/**
 * @file response.h
 * A whole answer: the events of a stream, folded. Everything that a function returns is borrowed
 * until the response is freed, unless its docstring says otherwise. A response never changes, so
 * that any number of threads may read it.
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
    const char *id;        /**< ties the tool's result to this call (beluga_tool_message) */
    const char *name;      /**< of the tool */
    const char *arguments; /**< JSON text as the model wrote it; "{}" when it wrote nothing */
    size_t length;         /**< of arguments, bytes */
} beluga_tool_call;

/** Free a response; NULL does nothing. Threads: any. */
BELUGA_API void beluga_response_free(beluga_response *response);

/** Return the text, NUL-terminated, "" without one. `length` receives its bytes; NULL allowed. */
BELUGA_API const char *beluga_response_text(const beluga_response *response, size_t *length);
/** Return the reasoning in the same way: "" without one, its bytes in `length`, NULL allowed. */
BELUGA_API const char *beluga_response_reasoning(const beluga_response *response, size_t *length);
/** Return the number of tool calls. A call that was cut off does not count. */
BELUGA_API size_t beluga_response_tool_call_count(const beluga_response *response);
/** Return tool call `index`, in the order in which they began, or NULL past the last. */
BELUGA_API const beluga_tool_call *beluga_response_tool_call(const beluga_response *response,
                                                             size_t index);
/** Return the number of images, sounds and files in the answer. Since: 0.1 */
BELUGA_API size_t beluga_response_media_count(const beluga_response *response);
/**
 * Return an image, sound or file of the answer, in the order in which they came.
 *
 * @return NULL past the last. Else its kind, its media type (NULL: unknown), and either its bytes
 * in `data`, or the address where it is in `url`. Since: 0.1
 */
BELUGA_API const beluga_part *beluga_response_media(const beluga_response *response, size_t index);
/** Return the usage, never NULL; each count that the provider did not tell is -1. */
BELUGA_API const beluga_usage *beluga_response_usage(const beluga_response *response);
/** Return the provider's limits, never NULL; each number that it did not tell is -1. */
BELUGA_API const beluga_rate_limits *beluga_response_rate_limits(const beluga_response *response);
/** Return the reason why the model stopped; BELUGA_FINISH_UNKNOWN for a partial answer. */
BELUGA_API beluga_finish_reason beluga_response_finish_reason(const beluga_response *response);
/** Return the provider's own word for that reason, "" when it gave none. */
BELUGA_API const char *beluga_response_raw_finish_reason(const beluga_response *response);
/**
 * Return whether the answer is whole: it came to its end, and the reason was not a cut, a filter, a
 * pause or a word that nobody knows (beluga_finish_reason_is_whole). False also for an answer of
 * beluga_with_partial.
 */
BELUGA_API bool beluga_response_is_complete(const beluga_response *response);
/** Return whether the answer was given before and came from a cache: then it cost nothing. */
BELUGA_API bool beluga_response_is_cached(const beluga_response *response);
/**
 * Return how many attempts were made until the one that answered, itself included, retries and
 * other models counted; 0 when nobody was asked, as for an answer of a cache, or when it is not
 * known. Since: 0.1
 */
BELUGA_API uint32_t beluga_response_attempts(const beluga_response *response);
/** Return the provider's id of the response, "" when unknown. */
BELUGA_API const char *beluga_response_id(const beluga_response *response);
/** Return the name of the model that answered, as its provider tells it; "" when unknown. */
BELUGA_API const char *beluga_response_model(const beluga_response *response);
/** Return the name of the provider that answered, such as a fallback's; "" when unknown. */
BELUGA_API const char *beluga_response_provider(const beluga_response *response);
/** Return the provider's id of the HTTP request, for its support; "" when unknown. */
BELUGA_API const char *beluga_response_request_id(const beluga_response *response);
/** Return the time at which the provider made the answer, seconds since 1970; 0 when unknown. */
BELUGA_API int64_t beluga_response_created(const beluga_response *response);
/** Return warning `index`: something that the provider could not express. NULL past the last. */
BELUGA_API const char *beluga_response_warning(const beluga_response *response, size_t index);
/** Return the nanoseconds from the start of the call to its end; -1 when unknown. */
BELUGA_API int64_t beluga_response_duration_ns(const beluga_response *response);
/** Return the nanoseconds from the start of the call to its first content; -1 when unknown. */
BELUGA_API int64_t beluga_response_first_content_ns(const beluga_response *response);

/**
 * Make the message that continues a conversation: text, reasoning with signatures, tool calls,
 * media, and the state that the provider wants back. A tool call that was cut off is left out.
 *
 * @return one reference, yours (beluga_message_unref, or beluga_messages_add, which takes it); NULL
 * without memory.
 */
BELUGA_API beluga_message *beluga_response_message(const beluga_response *response);

/**
 * Check that the text of an answer is JSON that fits a JSON Schema. Services that do not enforce
 * schemas, and those that do where an answer is cut, give others.
 *
 * @param schema, length  JSON text; borrowed. Keywords that are not known constrain nothing.
 * @param err             Receives the first misfit and its place: "days[1]: must be at least 1".
 * @return 0 when it fits; BELUGA_ERROR_INVALID_RESPONSE when it does not;
 * BELUGA_ERROR_MALFORMED_RESPONSE when it is no JSON; BELUGA_ERROR_INVALID_INPUT the schema is no
 * JSON, or an argument is NULL; BELUGA_ERROR_LIMIT_EXCEEDED nested deeper than 512, or a schema
 * that takes over a million steps; BELUGA_ERROR_NO_MEMORY.
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
 * @param length  Receives its bytes; NULL allowed.
 * @return 0; BELUGA_ERROR_INVALID_INPUT text that is not UTF-8, as only a builder can be given;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1 GiB; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_response_to_json(const beluga_response *response, char **json,
                                       size_t *length);

/**
 * Write what an answer says as members of the object that is open in a writer (provider/json.h):
 * "text", "media", "tool_calls", "finish_reason", "usage", "model", "provider", "request_id" and
 * "warnings", as beluga_response_to_json writes them. All but the text, the reason and the usage
 * are left out where the answer has none. A failure is the writer's. Since: 0.1
 */
BELUGA_API void beluga_response_put_json(const beluga_response *response,
                                         struct beluga_json_writer *writer);

/** Folds events into a response, for a caller that receives them one by one. */
typedef struct beluga_response_builder beluga_response_builder;

/** Make a builder. @return owned (beluga_response_builder_free), or NULL without memory. */
BELUGA_API beluga_response_builder *beluga_response_builder_new(void);
/** Free a builder and the events that it holds; NULL does nothing. */
BELUGA_API void beluga_response_builder_free(beluga_response_builder *builder);

/**
 * Add one event. All that it points to is copied. ERROR ends the response, which is not complete
 * then. An event after the terminal one, or of a kind that this version does not know, does
 * nothing.
 *
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED over 256 MiB. After one of these
 * each further call returns the same.
 *
 * Threads: one at a time.
 */
BELUGA_API int beluga_response_builder_add(beluga_response_builder *builder,
                                           const beluga_event *event);

/**
 * Set the response's times, which the caller knows since it receives the events. The builder itself
 * does not look at a clock.
 *
 * @param duration_ns, first_content_ns  Nanoseconds from the start of the call; -1: unknown.
 */
BELUGA_API void beluga_response_builder_set_times(beluga_response_builder *builder,
                                                  int64_t duration_ns, int64_t first_content_ns);

/**
 * Take the response. The builder is then empty and can be used again.
 *
 * @param out  Owned (beluga_response_free). Also set on failure, to a response that is not
 * complete; NULL only without memory.
 * @return 0; the code of the ERROR event; BELUGA_ERROR_STREAM_CLOSED no terminal event came; the
 * code of an event that could not be added.
 */
BELUGA_API int beluga_response_builder_finish(beluga_response_builder *builder,
                                              beluga_response **out);

BELUGA_END_DECLS
#endif
