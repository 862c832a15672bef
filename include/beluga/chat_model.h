/**
 * @file chat_model.h
 * The ChatModel interface: generate, stream, invoke, bind tools, health, names.
 *
 * A chat model is shared and immutable: any number of threads may call it at once. Open one with
 * beluga_registry_open or beluga_model_open (registry.h).
 *
 * The functions ending in `_n` are the exported ones; the macros of the same name without it take
 * options as further arguments:
 *
 *     beluga_generate(model, NULL, messages, &response, &err);
 *     beluga_generate(model, ctx, messages, &response, &err, beluga_with_temperature(0.2),
 *                     beluga_with_max_tokens(100));
 */
#ifndef BELUGA_CHAT_MODEL_H
#define BELUGA_CHAT_MODEL_H

#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/message.h>
#include <beluga/option.h>
#include <beluga/response.h>

BELUGA_BEGIN_DECLS

BELUGA_API beluga_chat_model *beluga_chat_model_ref(beluga_chat_model *model);
/** Let go of a model. Calls under way keep what they need. */
BELUGA_API void beluga_chat_model_unref(beluga_chat_model *model);

/** Return the model's name, such as "gpt-5-mini". Borrowed as long as the model. */
BELUGA_API const char *beluga_model_name(const beluga_chat_model *model);
/** Return the provider's name, such as "openai". Borrowed as long as the model. */
BELUGA_API const char *beluga_provider_name(const beluga_chat_model *model);

/**
 * Generate a whole answer.
 *
 * Never returns a truncated answer: an end without the protocol's proof of completion is
 * stream_closed. What had arrived is for who asked with beluga_with_partial.
 *
 * @param ctx       Borrowed; NULL for none.
 * @param messages  Borrowed; not empty.
 * @param out       Owned response (beluga_response_free); NULL on failure.
 * @param err       Detail on failure, or NULL.
 * @param opts, n   For this call; n may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT ("no messages provided", bad options, bytes that are not
 * UTF-8); BELUGA_ERROR_CONTEXT_CANCELED, _CONTEXT_TIMEOUT; what the provider or the network did
 * (error.h).
 *
 * Threads: any, at once. Blocks: until the answer is there, at most `total_timeout` an attempt.
 * Since: 0.1
 */
BELUGA_API int beluga_generate_n(beluga_chat_model *model, beluga_context *ctx,
                                 const beluga_messages *messages, beluga_response **out,
                                 beluga_error *err, const beluga_option *opts, size_t n);

/** beluga_generate_n for any kind of input: text, one message, or a list (Go's Invoke). */
BELUGA_API int beluga_invoke_n(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                               beluga_response **out, beluga_error *err, const beluga_option *opts,
                               size_t n);

/**
 * Start a stream that the caller pulls from.
 *
 * Returns before any network activity. The transfer pauses while 64 KiB of events are waiting.
 *
 * @param out  Owned (beluga_stream_free). NULL on failure.
 * @return 0; as beluga_generate_n for what can be known before the start.
 *
 * Threads: the stream is used by one thread at a time. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_chat_n(beluga_chat_model *model, beluga_context *ctx,
                                    const beluga_messages *messages, beluga_stream **out,
                                    beluga_error *err, const beluga_option *opts, size_t n);
/** beluga_stream_chat_n for any kind of input (Go's Stream). */
BELUGA_API int beluga_stream_input_n(beluga_chat_model *model, beluga_context *ctx,
                                     beluga_input input, beluga_stream **out, beluga_error *err,
                                     const beluga_option *opts, size_t n);

/**
 * Wait for the next event.
 *
 * @param event  Borrowed until the next call on this stream. FINISH comes as an event; after it 0
 * with NULL, for ever.
 * @return 0; otherwise the error of the stream, the same for ever.
 *
 * Threads: one at a time. Blocks: until an event, the end, a timeout, or cancellation.
 */
BELUGA_API int beluga_stream_next(beluga_stream *stream, const beluga_event **event,
                                  beluga_error *err);
/** Free a stream; one that has not ended is cancelled. Never blocks. */
BELUGA_API void beluga_stream_free(beluga_stream *stream);

/**
 * Start a stream that calls back, on the host's loop.
 *
 * @param loop   Borrowed; must outlive the op.
 * @param cb     Called from beluga_loop_step only, never from inside this function.
 * @param op     Owned handle (beluga_op_free); NULL when not wanted.
 * @return 0; if it fails, cb is never called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_start_n(beluga_chat_model *model, beluga_loop *loop,
                                     beluga_context *ctx, const beluga_messages *messages,
                                     beluga_event_cb cb, void *payload, beluga_op **op,
                                     beluga_error *err, const beluga_option *opts, size_t n);

/**
 * The same for an unstreamed answer: its events come at once when it is whole (a retry stays
 * unseen).
 */
BELUGA_API int beluga_generate_start_n(beluga_chat_model *model, beluga_loop *loop,
                                       beluga_context *ctx, const beluga_messages *messages,
                                       beluga_event_cb cb, void *payload, beluga_op **op,
                                       beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Cancel: the callback gets one more event, ERROR with context_canceled, from a later step. Twice
 * or after the end it does nothing. Threads: the loop's; use a context from others.
 */
BELUGA_API void beluga_op_cancel(beluga_op *op);
/** Stop (true) or go on (false) reading from the provider; its timers stop meanwhile. */
BELUGA_API void beluga_op_pause(beluga_op *op, bool paused);
/** Give the handle back. A call under way goes on without it. Not inside its own callback. */
BELUGA_API void beluga_op_free(beluga_op *op);

/**
 * Make a model with tools; the given one does not change.
 *
 * @param tools  Borrowed array; each tool gets a reference. 0 tools unbinds.
 * @param out    One reference, yours. Shares all but the tool list with `model`.
 * @return 0; BELUGA_ERROR_INVALID_INPUT two tools of one name, or a NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1,024 tools; BELUGA_ERROR_NOT_SUPPORTED tool calling is
 * disabled; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, at once. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_bind_tools(beluga_chat_model *model, beluga_tool *const *tools, size_t n,
                                 beluga_chat_model **out, beluga_error *err);
/** Return bound tool `index`, borrowed as long as the model, or NULL past the last. */
BELUGA_API beluga_tool *beluga_chat_model_tool(const beluga_chat_model *model, size_t index);
BELUGA_API size_t beluga_chat_model_tool_count(const beluga_chat_model *model);

/** The state of a model. Strings are borrowed as long as the model. */
typedef struct beluga_health {
    const char *state; /**< "healthy", "unhealthy" or "unknown": see beluga_check_health */
    const char *provider;
    const char *model;
    bool api_key_set; /**< there is a key, or something that should give one and has not failed */
    bool probed;      /**< a live request was made */
    int32_t status;   /**< 0, or the BELUGA_ERROR_ code that makes it unhealthy */
    int64_t tools_count; /**< bound tools */
    int64_t timestamp;   /**< seconds since 1970 */
    int64_t latency_ms;  /**< of the probe; -1 without one */
    void *reserved[4];
} beluga_health;

/**
 * Check a model's health.
 *
 * Without `probe` nothing is sent, and the state is what is known all the same:
 * - "healthy": no network stands between (`mock`, an engine in this process);
 * - "unhealthy": no call can succeed, since the key's file can't be read, or the command or
 * function that should give the key gave none when it was last asked (without any key a model that
 * needs one can't be opened at all);
 * - "unknown": it could be called, and nobody has found out whether it answers.
 *
 * With `probe` the provider's list of models is asked for. Where there is none, or the model is not
 * in it, the model is asked for one token: an alias may answer, and a name that is wrong does not.
 * Then the state is "healthy" or "unhealthy".
 *
 * @param out  Written always, also on failure.
 * @return 0; when the state is "unhealthy" the code that makes it so: BELUGA_ERROR_AUTHENTICATION
 * without `probe`, with it what the probe gave.
 *
 * Threads: any. Blocks: only with `probe`.
 */
BELUGA_API int beluga_check_health(beluga_chat_model *model, beluga_context *ctx, bool probe,
                                   beluga_health *out, beluga_error *err);

/**
 * Ask the provider which models it has.
 *
 * @param names  Owned array of n strings, sorted, in one block (beluga_free). Each is one line: a
 * name that holds a character which nobody sees has an escape there (beluga_text_to_line).
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED the provider has no list; as beluga_generate_n.
 *
 * Threads: any. Blocks: until answered.
 */
BELUGA_API int beluga_list_models(beluga_chat_model *model, beluga_context *ctx, char ***names,
                                  size_t *n, beluga_error *err);

BELUGA_END_DECLS

/* The forms with options as arguments. */
#ifdef __cplusplus
template <class... Options>
inline int beluga_generate(beluga_chat_model *model, beluga_context *ctx,
                           const beluga_messages *messages, beluga_response **out,
                           beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_generate_n(model, ctx, messages, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_invoke(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                         beluga_response **out, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_invoke_n(model, ctx, input, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_stream_chat(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_messages *messages, beluga_stream **out,
                              beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_stream_chat_n(model, ctx, messages, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_stream_input(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                               beluga_stream **out, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_stream_input_n(model, ctx, input, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_stream_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                               const beluga_messages *messages, beluga_event_cb cb, void *payload,
                               beluga_op **op, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_stream_start_n(model, loop, ctx, messages, cb, payload, op, err, list,
                                 sizeof...(options));
}

template <class... Options>
inline int beluga_generate_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                 const beluga_messages *messages, beluga_event_cb cb, void *payload,
                                 beluga_op **op, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_generate_start_n(model, loop, ctx, messages, cb, payload, op, err, list,
                                   sizeof...(options));
}
#else
/* The end marker is appended, so that strict C11 accepts a call without options; the inner macro
 * then takes `err` off the front of what is left. */
#define beluga_generate(model, ctx, messages, out, ...) \
    BELUGA_CALL_(beluga_generate_n, (model, ctx, messages, out), __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_invoke(model, ctx, input, out, ...) \
    BELUGA_CALL_(beluga_invoke_n, (model, ctx, input, out), __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_stream_chat(model, ctx, messages, out, ...) \
    BELUGA_CALL_(beluga_stream_chat_n, (model, ctx, messages, out), __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_stream_input(model, ctx, input, out, ...) \
    BELUGA_CALL_(beluga_stream_input_n, (model, ctx, input, out), __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_stream_start(model, loop, ctx, messages, cb, payload, op, ...)          \
    BELUGA_CALL_(beluga_stream_start_n, (model, loop, ctx, messages, cb, payload, op), \
                 __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_generate_start(model, loop, ctx, messages, cb, payload, op, ...)          \
    BELUGA_CALL_(beluga_generate_start_n, (model, loop, ctx, messages, cb, payload, op), \
                 __VA_ARGS__, BELUGA_OPTIONS_END)
#define BELUGA_CALL_(function, head, err, ...) \
    function(BELUGA_UNPACK_ head, err, BELUGA_OPTION_LIST_(__VA_ARGS__), BELUGA_OPTIONS_TERMINATED)
#define BELUGA_UNPACK_(...) __VA_ARGS__
#endif

#endif
