/**
 * @file tool_loop.h
 * The tool loop: ask the model, run the tools that it calls, send it their results, and repeat this
 * until it answers.
 */
#ifndef BELUGA_TOOL_LOOP_H
#define BELUGA_TOOL_LOOP_H

#include <beluga/chat_model.h>
#include <beluga/common.h>
#include <beluga/tool.h>

BELUGA_BEGIN_DECLS

/**
 * Run a conversation until the model answers without calling a tool.
 *
 * The tool calls of one answer run at the same time on the executor, at most `max_concurrent_tools`
 * (8) of them, each for at most the tool's own timeout or else `tool_timeout` (60 s). The loop
 * stops waiting for a tool that exceeds its time, but does not kill it. A tool that fails, is
 * unknown, or gets arguments that do not fit its schema does not end the run: the model gets a text
 * about the failure, and the TOOL_RESULT event has the code (tool_execution_error, tool_not_found,
 * tool_call_error).
 *
 * Two answers end the run although they call tools: one that calls a tool without `execute`, which
 * the caller must run, and one that is not whole (beluga_response_is_complete), since its calls are
 * not run. If an answer pauses without calling a tool, the model is asked again with its answer so
 * far, and this counts as one more step.
 *
 * @param model     The model, with bound tools (beluga_bind_tools).
 * @param ctx       Borrowed; NULL for none. Tools get a child of this context.
 * @param messages  The conversation. Each answer and each tool's result is added to it, except for
 * the last answer. No other thread may use the list during the run.
 * @param cb        Receives the events of all steps as one stream with one terminal event, and
 * TOOL_RESULT for each tool call; USAGE events have the sum so far. Called on this thread. NULL
 * allowed.
 * @param payload   Passed to cb.
 * @param out       Owned response (beluga_response_free): the last answer, with the sum of the
 * usage. NULL on failure.
 * @param opts, n   Borrowed; used in every step, except that a `tool_choice` that forces a call is
 * used in the first step only, and the other steps use "auto". n may be BELUGA_OPTIONS_TERMINATED.
 * @return as beluga_generate_n; BELUGA_ERROR_LIMIT_EXCEEDED if the model still calls tools or
 * pauses after `max_tool_steps` (10) answers.
 *
 * Threads: any, each with a list of its own. Blocks: until the last answer is complete. Since: 0.1
 */
BELUGA_API int beluga_run_tools_n(beluga_chat_model *model, beluga_context *ctx,
                                  beluga_messages *messages, beluga_event_cb cb, void *payload,
                                  beluga_response **out, beluga_error *err,
                                  const beluga_option *opts, size_t n);

/** A tool loop on an event loop of the host program. */
typedef struct beluga_tool_run beluga_tool_run;

/**
 * Start a tool loop on an event loop of the host program. Tools still run on the executor.
 *
 * @param loop      Borrowed until beluga_tool_run_free.
 * @param messages  As for beluga_run_tools_n; borrowed until the run has ended.
 * @param cb        As for beluga_run_tools_n, but called from beluga_loop_step or beluga_loop_wait
 * only; the terminal event is the last.
 * @param payload   Passed to cb; borrowed until the terminal event.
 * @param out       Owned handle (beluga_tool_run_free), also after the end. NULL on failure.
 * @param opts, n   Copied; as for beluga_run_tools_n.
 * @return 0; as beluga_generate_n for errors that are detected before the start. On failure cb is
 * never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_run_tools_start_n(beluga_chat_model *model, beluga_loop *loop,
                                        beluga_context *ctx, beluga_messages *messages,
                                        beluga_event_cb cb, void *payload, beluga_tool_run **out,
                                        beluga_error *err, const beluga_option *opts, size_t n);
/**
 * Return the last answer, after the FINISH event, and pass its ownership to the caller.
 *
 * @return owned (beluga_response_free); NULL before FINISH, after an ERROR, and in a second call.
 *
 * Threads: only the loop's thread.
 */
BELUGA_API beluga_response *beluga_tool_run_response(beluga_tool_run *run);
/**
 * Free a run; NULL does nothing. A run that has not ended is ended without a further callback. The
 * contexts of its tools are cancelled.
 *
 * Threads: only the loop's thread, and not from the run's own callback.
 */
BELUGA_API void beluga_tool_run_free(beluga_tool_run *run);

BELUGA_END_DECLS

/**
 * Call beluga_run_tools_n with options as further arguments: beluga_run_tools(…, err, option, …).
 */
#ifdef __cplusplus
template <class... Options>
inline int beluga_run_tools(beluga_chat_model *model, beluga_context *ctx,
                            beluga_messages *messages, beluga_event_cb cb, void *payload,
                            beluga_response **out, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_run_tools_n(model, ctx, messages, cb, payload, out, err, list,
                              sizeof...(options));
}
#else
#define beluga_run_tools(model, ctx, messages, cb, payload, out, ...)                       \
    BELUGA_CALL_(beluga_run_tools_n, (model, ctx, messages, cb, payload, out), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#endif

#endif
