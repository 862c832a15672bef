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
 * Take the left column unless your program has an event loop that must not stand still; the right
 * column needs a beluga_loop (loop.h) and calls you back. Ask for the whole answer unless somebody
 * reads along: it is complete or an error, and its retries stay unseen. beluga_generate and
 * beluga_stream_chat take a list of messages; beluga_invoke and beluga_stream_input take a text,
 * one message or a list. A batch (batch.h) limits how many calls run at once. The tool loop
 * (tool_loop.h) runs bound tools; the other ways only report the calls of tools, and you run them.
 * Two functions ask about a model and not for an answer: beluga_check_health tells whether it can
 * be reached, and beluga_list_models which models its provider has.
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

/** Take a reference. @return `model`; NULL for NULL. Threads: any. */
BELUGA_API beluga_chat_model *beluga_chat_model_ref(beluga_chat_model *model);
/**
 * Give a reference back; NULL does nothing. The last one closes the model. Calls under way hold a
 * reference of their own. Threads: any.
 */
BELUGA_API void beluga_chat_model_unref(beluga_chat_model *model);

/** Return the model's name, such as "gpt-5-mini". Borrowed as long as the model. */
BELUGA_API const char *beluga_model_name(const beluga_chat_model *model);
/** Return the provider's name, such as "openai". Borrowed as long as the model. */
BELUGA_API const char *beluga_provider_name(const beluga_chat_model *model);

/**
 * Generate a whole answer.
 *
 * Never returns a truncated answer: an end without the protocol's proof of completion is the error
 * stream_closed. A caller that wants the part that had arrived gives beluga_with_partial. An answer
 * that the model itself cut short succeeds, with its finish_reason (beluga_with_strict changes
 * that).
 *
 * @param ctx       Borrowed; NULL for none.
 * @param messages  Borrowed; not empty.
 * @param out       Owned response (beluga_response_free); NULL on failure.
 * @param err       Detail on failure, or NULL.
 * @param opts, n   Borrowed, for this call; NULL and 0 for none; n may be
 * BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT ("no messages provided", bad options, bytes that are not
 * UTF-8); BELUGA_ERROR_CONTEXT_CANCELED, BELUGA_ERROR_CONTEXT_TIMEOUT from `ctx`;
 * BELUGA_ERROR_LIMIT_EXCEEDED an answer over `max_response_bytes`, or more than 4,096 options;
 * BELUGA_ERROR_NO_MEMORY; otherwise a code of the provider, the network, or the model's breaker,
 * limits or budget (error.h).
 *
 * Threads: any, at once. Blocks: until the answer is there. `total_timeout` bounds an attempt;
 * retries, fallbacks and waits for limits come on top; the deadline of `ctx` bounds all. Since: 0.1
 */
BELUGA_API int beluga_generate_n(beluga_chat_model *model, beluga_context *ctx,
                                 const beluga_messages *messages, beluga_response **out,
                                 beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Generate a whole answer to any kind of input: text, one message, or a list (Go's Invoke).
 *
 * @param input  Borrowed (beluga_input_text and the functions beside it). The other parameters are
 * those of beluga_generate_n.
 * @return as beluga_generate_n; BELUGA_ERROR_INVALID_INPUT also for an input that holds NULL.
 *
 * Threads: any, at once. Blocks: as beluga_generate_n. Since: 0.1
 */
BELUGA_API int beluga_invoke_n(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                               beluga_response **out, beluga_error *err, const beluga_option *opts,
                               size_t n);

/**
 * Start a stream that the caller pulls from.
 *
 * Returns before any network activity. The transfer pauses while over 64 KiB of events are waiting.
 *
 * @param ctx, messages, opts, n  As for beluga_generate_n.
 * @param out                     Owned (beluga_stream_free). NULL on failure.
 * @return 0; as beluga_generate_n for errors that are known before the start;
 * BELUGA_ERROR_NOT_SUPPORTED streaming is disabled (`enable_streaming`).
 *
 * Threads: any; the stream is used by one thread at a time. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_chat_n(beluga_chat_model *model, beluga_context *ctx,
                                    const beluga_messages *messages, beluga_stream **out,
                                    beluga_error *err, const beluga_option *opts, size_t n);
/**
 * Start a stream that answers any kind of input (Go's Stream).
 *
 * @param input  As for beluga_invoke_n. The other parameters are those of beluga_stream_chat_n.
 * @return as beluga_stream_chat_n; BELUGA_ERROR_INVALID_INPUT also for an input that holds NULL.
 *
 * Threads: any; the stream is used by one thread at a time. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_input_n(beluga_chat_model *model, beluga_context *ctx,
                                     beluga_input input, beluga_stream **out, beluga_error *err,
                                     const beluga_option *opts, size_t n);

/**
 * Wait for the next event.
 *
 * FINISH comes as an event; after it each call gives 0 with NULL. ERROR does not come as an event
 * but as the result.
 *
 * @param event  Borrowed until the next call on this stream; NULL at the end and on failure.
 * @return 0; otherwise the error of the stream, the same each time; BELUGA_ERROR_FORKED the stream
 * is the parent process's.
 *
 * Threads: one at a time. Blocks: until an event, the end, a timeout, or cancellation.
 */
BELUGA_API int beluga_stream_next(beluga_stream *stream, const beluga_event **event,
                                  beluga_error *err);
/**
 * Free a stream; NULL does nothing. A stream that has not ended is cancelled. In a forked child the
 * parent's stream is left alone. Blocks: never; but at most 2 seconds where the stream is cancelled
 * and the provider tells its service (encode_cancel in provider/provider.h).
 */
BELUGA_API void beluga_stream_free(beluga_stream *stream);

/**
 * Start a stream that calls back, on the host's loop.
 *
 * @param loop      Borrowed until the call has ended; beluga_loop_free ends it without a callback.
 * @param ctx, messages, opts, n  As for beluga_generate_n; they may go when this function returns.
 * @param cb        Called from beluga_loop_step or beluga_loop_wait only, never from inside this
 * function.
 * @param payload   Handed to cb; borrowed until the terminal event.
 * @param op        Owned handle (beluga_op_free); NULL when not wanted.
 * @return 0; as beluga_stream_chat_n for errors that are known before the start;
 * BELUGA_ERROR_FORKED the loop is the parent process's. On failure cb is never called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_stream_start_n(beluga_chat_model *model, beluga_loop *loop,
                                     beluga_context *ctx, const beluga_messages *messages,
                                     beluga_event_cb cb, void *payload, beluga_op **op,
                                     beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Start a call for a whole answer, on the host's loop. Its events come at once, when the answer is
 * complete, so that a retry is never seen. After a failure only USAGE and ERROR come; with
 * beluga_with_strict also the pieces of an answer that is not whole.
 *
 * Takes the parameters of beluga_stream_start_n.
 *
 * @return as beluga_stream_start_n, but it needs no `enable_streaming`.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_generate_start_n(beluga_chat_model *model, beluga_loop *loop,
                                       beluga_context *ctx, const beluga_messages *messages,
                                       beluga_event_cb cb, void *payload, beluga_op **op,
                                       beluga_error *err, const beluga_option *opts, size_t n);

/**
 * Cancel a call: its callback gets one more event, ERROR with context_canceled, from a later step.
 * Twice, after the end, or with NULL it does nothing.
 *
 * Threads: the loop's; from other threads cancel the call's context (beluga_context_cancel).
 */
BELUGA_API void beluga_op_cancel(beluga_op *op);
/**
 * Stop (true) or go on (false) reading from the provider. The timeouts of the call stand still
 * meanwhile, but a context's deadline does not. NULL, or a call that has ended, does nothing.
 *
 * @param paused  true stops, false goes on.
 *
 * Threads: the loop's.
 */
BELUGA_API void beluga_op_pause(beluga_op *op, bool paused);
/**
 * Give the handle back; NULL does nothing. A call under way goes on without it, and its callback is
 * still called.
 *
 * Threads: the loop's. Not from inside the call's own callback.
 */
BELUGA_API void beluga_op_free(beluga_op *op);

/**
 * Make a model with tools; the given one does not change.
 *
 * @param tools  Borrowed array of n; each tool gets a reference. With n 0 it may be NULL, and the
 * new model has no tools.
 * @param out    One reference, yours. Shares all but the tool list with `model`. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT two tools of one name, or a NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1,024 tools; BELUGA_ERROR_NOT_SUPPORTED tool calling is disabled
 * (`enable_tool_calling`); BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, at once. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_bind_tools(beluga_chat_model *model, beluga_tool *const *tools, size_t n,
                                 beluga_chat_model **out, beluga_error *err);
/** Return bound tool `index`, borrowed as long as the model, or NULL past the last. */
BELUGA_API beluga_tool *beluga_chat_model_tool(const beluga_chat_model *model, size_t index);
/** Return the number of bound tools. */
BELUGA_API size_t beluga_chat_model_tool_count(const beluga_chat_model *model);

/** The state of a model. Strings are borrowed as long as the model. */
typedef struct beluga_health {
    const char *state;    /**< "healthy", "unhealthy" or "unknown": see beluga_check_health */
    const char *provider; /**< its name */
    const char *model;    /**< its name */
    bool api_key_set;     /**< there is a key, or a source of one that has not failed */
    bool probed;          /**< a live request was made */
    int32_t status;       /**< 0, or the BELUGA_ERROR_ code that makes it unhealthy */
    int64_t tools_count;  /**< number of bound tools */
    int64_t timestamp;    /**< seconds since 1970 */
    int64_t latency_ms;   /**< of the probe; -1 without one */
    void *reserved[4];
} beluga_health;

/**
 * Check a model's health.
 *
 * Without `probe` nothing is sent, and the state follows from facts that are at hand:
 * - "healthy": no network is needed (`mock`, an engine in this process);
 * - "unhealthy": no call can succeed, because the key's file can't be read, or the command or
 *   function that should give the key gave none when it was last asked (a model that needs a key
 *   can't be opened without any);
 * - "unknown": it could be called, and nobody has found out whether it answers.
 *
 * With `probe` the provider is asked for its list of models. If it has no list, or the model is not
 * on it, the model is asked for one token: an alias may answer, and a name that is wrong does not.
 * Then the state is "healthy" or "unhealthy".
 *
 * @param ctx    Borrowed; NULL for none. For the probe.
 * @param probe  Ask the provider.
 * @param out    Written always, also on failure.
 * @return 0; when the state is "unhealthy" the code that makes it so. Without `probe` that is
 * BELUGA_ERROR_AUTHENTICATION, or the code that a key source gave; with it any code of
 * beluga_generate_n.
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
 * (beluga_free). Each is one line: a character that nobody sees is an escape
 * (beluga_text_to_line). At most 100,000 names. NULL on failure.
 * @param n      Receives their number.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED the provider has no list; BELUGA_ERROR_LIMIT_EXCEEDED the
 * list has more than 1,000 pages; otherwise as beluga_generate_n.
 *
 * Threads: any. Blocks: until the list is there; each of its pages is a call with its own timeouts.
 */
BELUGA_API int beluga_list_models(beluga_chat_model *model, beluga_context *ctx, char ***names,
                                  size_t *n, beluga_error *err);

BELUGA_END_DECLS

/**
 * The forms with options as further arguments: beluga_generate, beluga_invoke, beluga_stream_chat,
 * beluga_stream_input, beluga_stream_start and beluga_generate_start take the arguments of their
 * functions in `_n` up to `err`, and then any number of options.
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
/* The end marker is appended, so that strict C11 accepts a call without options; the inner macro
 * then takes `err` off the front of the other arguments. */
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
