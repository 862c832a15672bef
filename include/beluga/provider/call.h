/**
 * @file provider/call.h
 * A call as a provider reads it. provider.h includes this.
 */
#ifndef BELUGA_PROVIDER_CALL_H
#define BELUGA_PROVIDER_CALL_H

#include <beluga/context.h>
#include <beluga/message.h>
#include <beluga/option.h>
#include <beluga/tool.h>

/**
 * What a call asks for. A later library has further kinds; it gives a provider only calls of kinds
 * that its table says it can answer, so a kind that a provider does not know never comes.
 */
typedef enum beluga_kind_of_call {
    BELUGA_CALL_ANSWER = 0, /**< an answer to the messages */
    BELUGA_CALL_MODELS = 1, /**< the names of models: beluga_emit_model */
    BELUGA_CALL_EMBED = 2,  /**< a vector of each input: beluga_call_input, beluga_emit_embedding */
    BELUGA_CALL_COUNT = 3,  /**< the tokens of the messages: beluga_emit_token_count */
    /** a job of many requests, and what is asked of one: see batch_api.h; since 0.1 */
    BELUGA_CALL_BATCH_CREATE = 4,
    BELUGA_CALL_BATCH_GET = 5,     /**< how far it is */
    BELUGA_CALL_BATCH_LIST = 6,    /**< all jobs */
    BELUGA_CALL_BATCH_CANCEL = 7,  /**< that it ends */
    BELUGA_CALL_BATCH_RESULTS = 8, /**< its results */
    BELUGA_CALL_BATCH_DELETE = 9   /**< that what it left is deleted */
} beluga_kind_of_call;

BELUGA_BEGIN_DECLS

/* --- reading a call --------------------------------------------------------------------------
 * A call is immutable; everything is borrowed as long as it. Threads: any. */

/**
 * Return the table that the call's model was opened from, so that a family of providers that share
 * functions may keep the differences around it. For a provider without code (beluga_with_base) it
 * is the table of the base, to which these functions belong.
 */
BELUGA_API const beluga_provider *beluga_call_provider(const beluga_call *call);
/** Return the name of the model to ask, as the provider knows it. */
BELUGA_API const char *beluga_call_model(const beluga_call *call);
/** Return what the call asks for. Since: 0.1 */
BELUGA_API beluga_kind_of_call beluga_call_kind(const beluga_call *call);
/** Return whether to ask for a streamed answer. */
BELUGA_API bool beluga_call_is_streamed(const beluga_call *call);
/**
 * Return the number of messages; 0 for a list of models, where texts are embedded, and for a call
 * whose body is given (option request_body): it takes method, path, query and headers of the
 * request, and whether its body names the model, and has neither tools nor options of sampling and
 * of the answer's form.
 */
BELUGA_API size_t beluga_call_message_count(const beluga_call *call);
/** Return message `index`, or NULL if `index` is out of range. */
BELUGA_API const beluga_message *beluga_call_message(const beluga_call *call, size_t index);
/** Return the number of tools to send. */
BELUGA_API size_t beluga_call_tool_count(const beluga_call *call);
/** Return tool `index`, or NULL if `index` is out of range. */
BELUGA_API const beluga_tool *beluga_call_tool(const beluga_call *call, size_t index);
/** Return the token that beluga_emit_next_page was given, or NULL for the first request. */
BELUGA_API const char *beluga_call_page(const beluga_call *call);
/** Return the state that `open` made for the call's model, or NULL; every function reaches it. */
BELUGA_API void *beluga_call_self(const beluga_call *call);
/** Return the caller's context, or NULL. */
BELUGA_API beluga_context *beluga_call_context(const beluga_call *call);

/**
 * Return the JSON that beluga_emit_state kept with a part of an earlier answer of this call's
 * provider. A part of kind BELUGA_PART_STATE has nothing else: leave it out when this gives NULL.
 *
 * @param part    NULL gives NULL.
 * @param length  Receives its length in bytes, 0 for NULL; NULL allowed.
 * @return NULL when the part has no state, or that of another provider. Since: 0.1
 */
BELUGA_API const char *beluga_call_get_state(const beluga_call *call, const beluga_part *part,
                                             size_t *length);

/**
 * Read an option in force. beluga_call_get_int reads durations (milliseconds) and enums, too.
 *
 * @param key  beluga_option_key.
 * @return false, and leave the value alone, when it is not set or of another type.
 * @{
 */
BELUGA_API bool beluga_call_get_double(const beluga_call *call, int key, double *value);
BELUGA_API bool beluga_call_get_int(const beluga_call *call, int key, int64_t *value);
BELUGA_API bool beluga_call_get_bool(const beluga_call *call, int key, bool *value);
/** @} */
/**
 * Return a string option in force, or NULL; always NULL for api_key, which only `authorize` gets.
 *
 * @param length  Receives its length in bytes when it is set; NULL allowed.
 */
BELUGA_API const char *beluga_call_get_string(const beluga_call *call, int key, size_t *length);
/** Return item `index` of a list option, or NULL if `index` is out of range; `length` as above. */
BELUGA_API const char *beluga_call_get_item(const beluga_call *call, int key, size_t index,
                                            size_t *length);

/** Return whether an option is in force. Since: 0.1 */
BELUGA_API bool beluga_call_has(const beluga_call *call, int key);

/** Return whether any of the provider's own options is set: else there is nothing to look up. */
BELUGA_API bool beluga_call_has_own(const beluga_call *call);
/**
 * Read one of the provider's own options by its name, such as "acme.region". A number or bool that
 * was given as text is read from it.
 *
 * @param length  Receives the string's length in bytes when it is set; NULL allowed.
 * @return NULL, or false and the value is left alone, when it is not set or of another type.
 * @{
 */
BELUGA_API const char *beluga_call_get_own_string(const beluga_call *call, const char *name,
                                                  size_t *length);
BELUGA_API bool beluga_call_get_own_int(const beluga_call *call, const char *name, int64_t *value);
BELUGA_API bool beluga_call_get_own_double(const beluga_call *call, const char *name,
                                           double *value);
BELUGA_API bool beluga_call_get_own_bool(const beluga_call *call, const char *name, bool *value);
/** @} */

BELUGA_END_DECLS
#endif
