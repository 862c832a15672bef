/**
 * @file chat_model.h
 * The ChatModel interface: generate, stream, invoke, bind tools, health, names.
 *
 * A chat model is shared and immutable: any number of threads may call it at once. Open one with
 * beluga_registry_open or beluga_model_open (registry.h).
 *
 * There are eight ways to ask a model:
 *
 *     you want                          your thread waits           your event loop goes on
 *     one answer, whole                 beluga_generate, _invoke    beluga_generate_start
 *     one answer, piece by piece        beluga_stream_chat, _input  beluga_stream_start
 *     answers to many inputs            beluga_batch                beluga_batch_start_n
 *     tools run until it answers        beluga_run_tools            beluga_run_tools_start_n
 *
 * Take the left column unless your program has an event loop that must not block; the functions of
 * the right column need a beluga_loop (loop.h) and report to callbacks. Ask for the whole answer
 * unless the answer is to be shown while it is written: a whole answer is either complete or an
 * error, and retries are invisible. beluga_generate and beluga_stream_chat take a list of messages;
 * beluga_invoke and beluga_stream_input take a text, one message or a list. A batch (batch.h)
 * limits how many calls run at once. The tool loop (tool_loop.h) runs bound tools; the other ways
 * only report tool calls, and your program runs them. Two functions ask about a model instead of
 * asking it for an answer: beluga_check_health reports whether it can be reached, and
 * beluga_list_models which models its provider has.
 *
 * The exported functions are those whose names end in `_n`; the macros of the same names without
 * `_n` take options as further arguments:
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

/** Take a reference. @return `model`; NULL for NULL. Threads: any. */
BELUGA_API beluga_chat_model *beluga_chat_model_ref(beluga_chat_model *model);
/**
 * Release a reference; NULL does nothing. The last one closes the model. Calls under way hold a
 * reference of their own. Threads: any.
 */
BELUGA_API void beluga_chat_model_unref(beluga_chat_model *model);

/** Return the model's name, such as "gpt-5-mini". Borrowed until the model is freed. */
BELUGA_API const char *beluga_model_name(const beluga_chat_model *model);
/** Return the provider's name, such as "openai". Borrowed until the model is freed. */
BELUGA_API const char *beluga_provider_name(const beluga_chat_model *model);

/**
 * Generate a whole answer.
 *
 * It never returns an answer that was cut off on its way: if the answer ends without the protocol's
 * proof of completion, the call fails with stream_closed. To get the part that had arrived use
 * beluga_with_partial. If the model itself stopped early, for example at a token limit, the call
 * succeeds, and the finish reason says so (beluga_with_strict makes that an error).
 *
 * @param ctx       Borrowed; NULL for none.
 * @param messages  Borrowed; not empty.
 * @param out       Owned response (beluga_response_free); NULL on failure.
 * @param err       Detail on failure, or NULL.
 * @param opts, n   Borrowed, for this call; NULL and 0 for none; n may be
 * BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if there are no messages, an option is bad, or text is not
 * UTF-8; BELUGA_ERROR_CONTEXT_CANCELED or BELUGA_ERROR_CONTEXT_TIMEOUT if `ctx` ended the call;
 * BELUGA_ERROR_LIMIT_EXCEEDED if the answer is larger than `max_response_bytes`, or for more than
 * 4,096 options; BELUGA_ERROR_NO_MEMORY; otherwise a code of the provider, the network, or the
 * model's breaker, limits or budget (error.h).
 *
 * Threads: any, also several at once. Blocks: until the answer is complete. `total_timeout` limits
 * one attempt; retries, fallbacks and waits for limits take further time; the deadline of `ctx`
 * limits all of it. Since: 0.1
 */
BELUGA_API int beluga_generate_n(beluga_chat_model *model, beluga_context *ctx,
                                 const beluga_messages *messages, beluga_response **out,
                                 beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Generate a whole answer to any kind of input: a text, one message, or a list of messages. Beluga
 * AI for Go calls it Invoke.
 *
 * @param input  Borrowed (beluga_input_text and the functions beside it). The other parameters are
 * those of beluga_generate_n.
 * @return as beluga_generate_n; BELUGA_ERROR_INVALID_INPUT also if the input holds NULL.
 *
 * Threads: any, also several at once. Blocks: as beluga_generate_n. Since: 0.1
 */
BELUGA_API int beluga_invoke_n(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                               beluga_response **out, beluga_error *err, const beluga_option *opts,
                               size_t n);

/**
 * Start a stream whose events the caller fetches with beluga_stream_next.
 *
 * It returns before any network activity. The transfer pauses while more than 64 KiB of events are
 * waiting.
 *
 * @param ctx, messages, opts, n  As for beluga_generate_n.
 * @param out                     Owned (beluga_stream_free). NULL on failure.
 * @return 0; as beluga_generate_n for errors that are detected before the start;
 * BELUGA_ERROR_NOT_SUPPORTED if streaming is disabled (`enable_streaming`).
 *
 * Threads: any, but only one thread at a time may use the stream. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_chat_n(beluga_chat_model *model, beluga_context *ctx,
                                    const beluga_messages *messages, beluga_stream **out,
                                    beluga_error *err, const beluga_option *opts, size_t n);
/**
 * Start a stream that answers any kind of input. Beluga AI for Go calls it Stream.
 *
 * @param input  As for beluga_invoke_n. The other parameters are those of beluga_stream_chat_n.
 * @return as beluga_stream_chat_n; BELUGA_ERROR_INVALID_INPUT also if the input holds NULL.
 *
 * Threads: any, but only one thread at a time may use the stream. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_input_n(beluga_chat_model *model, beluga_context *ctx,
                                     beluga_input input, beluga_stream **out, beluga_error *err,
                                     const beluga_option *opts, size_t n);

/**
 * Wait for the next event.
 *
 * FINISH comes as an event; after it each call returns 0 and sets `event` to NULL. ERROR does not
 * come as an event: the function returns its code instead.
 *
 * @param event  Borrowed until the next call on this stream; NULL at the end and on failure.
 * @return 0; the code of the error that ended the stream, in each further call too;
 * BELUGA_ERROR_FORKED if the stream belongs to the parent process.
 *
 * Threads: one at a time. Blocks: until an event, the end, a timeout, or cancellation.
 */
BELUGA_API int beluga_stream_next(beluga_stream *stream, const beluga_event **event,
                                  beluga_error *err);
/**
 * Free a stream; NULL does nothing. A stream that has not ended is cancelled. In a forked child the
 * parent's stream is left alone. Blocks: never, except for at most 2 seconds when the stream is
 * cancelled and the provider sends a request about that to its service (encode_cancel in
 * provider/provider.h).
 */
BELUGA_API void beluga_stream_free(beluga_stream *stream);

/**
 * Start a stream on a loop of the host program. It reports its events to a callback.
 *
 * @param loop      Borrowed until the call has ended; beluga_loop_free ends the call without a
 * callback.
 * @param ctx, messages, opts, n  As for beluga_generate_n; they may be freed when this function
 * returns.
 * @param cb        Called from beluga_loop_step or beluga_loop_wait only, never from inside this
 * function.
 * @param payload   Passed to cb; borrowed until the terminal event.
 * @param op        Receives an owned handle (beluga_op_free); may be NULL.
 * @return 0; as beluga_stream_chat_n for errors that are detected before the start;
 * BELUGA_ERROR_FORKED if the loop belongs to the parent process. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_start_n(beluga_chat_model *model, beluga_loop *loop,
                                     beluga_context *ctx, const beluga_messages *messages,
                                     beluga_event_cb cb, void *payload, beluga_op **op,
                                     beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Start a call for a whole answer on a loop of the host program. All its events come together when
 * the answer is complete, so that retries are invisible. After a failure only USAGE and ERROR come,
 * and with beluga_with_strict also the pieces of an incomplete answer.
 *
 * It takes the parameters of beluga_stream_start_n.
 *
 * @return as beluga_stream_start_n, but `enable_streaming` does not matter.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_generate_start_n(beluga_chat_model *model, beluga_loop *loop,
                                       beluga_context *ctx, const beluga_messages *messages,
                                       beluga_event_cb cb, void *payload, beluga_op **op,
                                       beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Cancel a call: its callback gets one more event, ERROR with context_canceled, in a later step of
 * the loop. A second cancel does nothing, nor does a cancel after the end or with NULL.
 *
 * Threads: only the loop's thread; on other threads cancel the call's context
 * (beluga_context_cancel).
 */
BELUGA_API void beluga_op_cancel(beluga_op *op);
/**
 * Stop or resume reading from the provider. While a call is paused its timeouts do not run, but the
 * deadline of its context does. With NULL, or for a call that has ended, it does nothing.
 *
 * @param paused  true stops reading, false resumes it.
 *
 * Threads: only the loop's thread.
 */
BELUGA_API void beluga_op_pause(beluga_op *op, bool paused);
/**
 * Free the handle; NULL does nothing. A running call goes on, and its callback is still called.
 *
 * Threads: only the loop's thread. Not from inside the call's own callback.
 */
BELUGA_API void beluga_op_free(beluga_op *op);

/**
 * Make a copy of a model with other tools bound to it; the given model does not change.
 *
 * @param tools  Borrowed array of n tools; the new model holds a reference to each. With n 0 it may
 * be NULL, and the new model has no tools.
 * @param out    A reference that the caller releases (beluga_chat_model_unref). The new model
 * shares everything but the list of tools with `model`. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if two tools have the same name or one is NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED for more than 1,024 tools; BELUGA_ERROR_NOT_SUPPORTED if tool calling
 * is disabled (`enable_tool_calling`); BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, also several at once. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_bind_tools(beluga_chat_model *model, beluga_tool *const *tools, size_t n,
                                 beluga_chat_model **out, beluga_error *err);
/**
 * Return bound tool `index`, borrowed until the model is freed, or NULL if `index` is out of range.
 */
BELUGA_API beluga_tool *beluga_chat_model_tool(const beluga_chat_model *model, size_t index);
/** Return the number of bound tools. */
BELUGA_API size_t beluga_chat_model_tool_count(const beluga_chat_model *model);

/** The state of a model. Strings are borrowed until the model is freed. */
typedef struct beluga_health {
    const char *state;    /**< "healthy", "unhealthy" or "unknown": see beluga_check_health */
    const char *provider; /**< its name */
    const char *model;    /**< its name */
    bool api_key_set;     /**< there is a key, or a source of keys that has not failed */
    bool probed;          /**< a live request was made */
    int32_t status;       /**< 0, or the BELUGA_ERROR_ code for which the model is unhealthy */
    int64_t tools_count;  /**< number of bound tools */
    int64_t timestamp;    /**< seconds since 1970 */
    int64_t latency_ms;   /**< duration of the probe; -1 without a probe */
    void *reserved[4];
} beluga_health;

/**
 * Check a model's health.
 *
 * Without `probe` nothing is sent, and the state follows from what the library knows already:
 * - "healthy": the model needs no network (`mock`, or an engine in this process);
 * - "unhealthy": no call can succeed, because the key's file can't be read, or the command or
 *   function that should give the key gave none when it was last asked (a model that needs a key
 *   can't be opened without any);
 * - "unknown": the model can be called, but whether it answers is not known.
 *
 * With `probe` the provider is asked for its list of models. If the provider has no list, or the
 * model is not on it, the model is asked for one token, since the name may be an alias that works
 * although it is not listed. Then the state is "healthy" or "unhealthy".
 *
 * @param ctx    Context of the probe, borrowed; NULL for none.
 * @param probe  Whether to ask the provider.
 * @param out    Receives the health, also on failure.
 * @return 0; when the state is "unhealthy" the code that is also in `status`. Without `probe` that
 * is BELUGA_ERROR_AUTHENTICATION, or the code that a key source returned; with `probe` it is any
 * code of beluga_generate_n.
 *
 * Threads: any. Blocks: only with `probe`, as beluga_generate_n does.
 */
BELUGA_API int beluga_check_health(beluga_chat_model *model, beluga_context *ctx, bool probe,
                                   beluga_health *out, beluga_error *err);

/**
 * Ask the provider which models it has.
 *
 * @param ctx    Borrowed; NULL for none.
 * @param names  Owned array of n strings, sorted, with a NULL behind the last, in one block
 * (beluga_free). Each name is one line, with invisible characters as escapes (beluga_text_to_line).
 * At most 100,000 names. NULL on failure.
 * @param n      Receives their number.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider has no list; BELUGA_ERROR_LIMIT_EXCEEDED if
 * the list has more than 1,000 pages; otherwise as beluga_generate_n.
 *
 * Threads: any. Blocks: until the whole list has arrived; each page of it is a call with its own
 * timeouts.
 */
BELUGA_API int beluga_list_models(beluga_chat_model *model, beluga_context *ctx, char ***names,
                                  size_t *n, beluga_error *err);

BELUGA_END_DECLS

/**
 * Macros that take options as further arguments: beluga_generate, beluga_invoke,
 * beluga_stream_chat, beluga_stream_input, beluga_stream_start and beluga_generate_start take the
 * same arguments as the functions with `_n` up to `err`, and then any number of options.
 */
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
/*
 * BELUGA_OPTIONS_END is appended so that strict C11 accepts a call without options; BELUGA_CALL_
 * then separates `err` from the options.
 */
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
