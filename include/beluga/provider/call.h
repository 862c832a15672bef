/**
 * @file provider/call.h
 * Functions with which a provider reads a call. provider.h includes this header.
 */
#ifndef BELUGA_PROVIDER_CALL_H
#define BELUGA_PROVIDER_CALL_H

#include <beluga/context.h>
#include <beluga/message.h>
#include <beluga/option.h>
#include <beluga/tool.h>

/**
 * What a call asks for. Later versions may add kinds; a provider only gets calls of the kinds that
 * its table supports, so it never gets a kind that it does not know.
 */
typedef enum beluga_kind_of_call {
    BELUGA_CALL_ANSWER = 0, /**< an answer to the messages */
    BELUGA_CALL_MODELS = 1, /**< a list of models: beluga_emit_model */
    BELUGA_CALL_EMBED = 2, /**< a vector for each input: beluga_call_input, beluga_emit_embedding */
    BELUGA_CALL_COUNT = 3, /**< the number of tokens of the messages: beluga_emit_token_count */
    /** to create a batch job; batch_api.h is about this and the following kinds; since 0.1 */
    BELUGA_CALL_BATCH_CREATE = 4,
    BELUGA_CALL_BATCH_GET = 5,     /**< the state of a batch job */
    BELUGA_CALL_BATCH_LIST = 6,    /**< the list of all batch jobs */
    BELUGA_CALL_BATCH_CANCEL = 7,  /**< to cancel a batch job */
    BELUGA_CALL_BATCH_RESULTS = 8, /**< the results of a batch job */
    BELUGA_CALL_BATCH_DELETE = 9,  /**< to delete the data of a batch job */
    BELUGA_CALL_BATCH_SWEEP = 10   /**< to delete the files of a batch job that was not created */
} beluga_kind_of_call;

BELUGA_BEGIN_DECLS

/* --- reading a call --------------------------------------------------------------------------- */

/*
 * A call is immutable; everything that these functions return is borrowed until the call has ended.
 * Threads: any.
 */

/**
 * Return the table of the provider of the call's model, so that providers that share functions can
 * store their differences in a struct around the table. For a provider without code
 * (beluga_with_base) it is the table of its base.
 */
BELUGA_API const beluga_provider *beluga_call_provider(const beluga_call *call);
/** Return the name of the model to ask, in the provider's own form. */
BELUGA_API const char *beluga_call_model(const beluga_call *call);
/** Return what the call asks for. Since: 0.1 */
BELUGA_API beluga_kind_of_call beluga_call_kind(const beluga_call *call);
/** Return whether to ask for a streamed answer. */
BELUGA_API bool beluga_call_is_streamed(const beluga_call *call);
/**
 * Return the number of messages. It is 0 for a call that lists models or embeds texts, and for a
 * call whose body is set by the option request_body. In that last case the library uses only the
 * method, path, query and headers of the encoded request, and the member "model" of its body if
 * there is one; the call then has no tools and no options of sampling or of the answer's form.
 */
BELUGA_API size_t beluga_call_message_count(const beluga_call *call);
/** Return message `index`, or NULL if `index` is out of range. */
BELUGA_API const beluga_message *beluga_call_message(const beluga_call *call, size_t index);
/** Return the number of tools to send. */
BELUGA_API size_t beluga_call_tool_count(const beluga_call *call);
/** Return tool `index`, or NULL if `index` is out of range. */
BELUGA_API const beluga_tool *beluga_call_tool(const beluga_call *call, size_t index);
/** Return the token that was passed to beluga_emit_next_page, or NULL for the first request. */
BELUGA_API const char *beluga_call_page(const beluga_call *call);
/** Return the state that `open` created for the call's model, or NULL. */
BELUGA_API void *beluga_call_self(const beluga_call *call);
/** Return the caller's context, or NULL. */
BELUGA_API beluga_context *beluga_call_context(const beluga_call *call);

/**
 * Return the JSON that beluga_emit_state stored with a part of an earlier answer by this call's
 * provider. A part of kind BELUGA_PART_STATE contains nothing else: skip it if the result is NULL.
 *
 * @param part    With NULL the result is NULL.
 * @param length  Receives its length in bytes, 0 for NULL; NULL allowed.
 * @return NULL when the part has no state, or the state of another provider. Since: 0.1
 */
BELUGA_API const char *beluga_call_get_state(const beluga_call *call, const beluga_part *part,
                                             size_t *length);

/**
 * Read an option that is set for the call. beluga_call_get_int also reads durations (milliseconds)
 * and enums.
 *
 * @param key  beluga_option_key.
 * @return false when the option is not set or has another type; `value` is then not changed.
 * @{
 */
BELUGA_API bool beluga_call_get_double(const beluga_call *call, int key, double *value);
BELUGA_API bool beluga_call_get_int(const beluga_call *call, int key, int64_t *value);
BELUGA_API bool beluga_call_get_bool(const beluga_call *call, int key, bool *value);
/** @} */
/**
 * Return a string option that is set for the call, or NULL; always NULL for api_key, which only
 * `authorize` gets.
 *
 * @param length  Receives its length in bytes when it is set; NULL allowed.
 */
BELUGA_API const char *beluga_call_get_string(const beluga_call *call, int key, size_t *length);
/**
 * Return item `index` of a list option, or NULL if `index` is out of range. `length` receives its
 * bytes, unless it is NULL.
 */
BELUGA_API const char *beluga_call_get_item(const beluga_call *call, int key, size_t index,
                                            size_t *length);

/** Return whether an option is set for the call. Since: 0.1 */
BELUGA_API bool beluga_call_has(const beluga_call *call, int key);

/** Return whether any of the provider's own options is set. */
BELUGA_API bool beluga_call_has_own(const beluga_call *call);
/**
 * Read one of the provider's own options by its name, such as "acme.region". A number or bool that
 * was set as text is converted.
 *
 * @param length  Receives the string's length in bytes when it is set; NULL allowed.
 * @return NULL or false when the option is not set or has another type; `value` is then not
 * changed.
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
