/**
 * @file tool_loop.h
 * The tool loop: ask, run the tools that the model calls, tell it their results, until it answers.
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
 * Calls of one answer run at once on the executor, at most `max_concurrent_tools` (8), each for at
 * most its own timeout or `tool_timeout` (60 s); one that is late is abandoned, never killed. A
 * tool that fails, is unknown, or gets arguments that do not fit its schema does not end the run:
 * the model reads what went wrong, and the TOOL_RESULT event has the code (tool_execution_error,
 * tool_not_found, tool_call_error). A call of a tool without `execute` ends the run with that
 * answer: the caller runs it. So does an answer with calls that is not whole
 * (beluga_response_is_complete): none of them is run. An answer that pauses without calling any is
 * one more step: the model is asked again with what it said so far.
 *
 * @param model     With bound tools.
 * @param messages  Grows by each answer and each tool's result, not by the last answer. Must not be
 * used by others meanwhile.
 * @param cb        Receives the events of all steps as one stream with one terminal event, and
 * TOOL_RESULT for each tool; usage is the sum so far. NULL allowed. Called on this thread.
 * @param out       Owned response: the last answer, with the sum of the usage. NULL on failure.
 * @return as beluga_generate_n; BELUGA_ERROR_LIMIT_EXCEEDED the model still calls tools, or
 * pauses, after `max_tool_steps` (10) answers.
 *
 * Threads: any, each with a list of its own. Blocks: until the answer is there. Since: 0.1
 */
BELUGA_API int beluga_run_tools_n(beluga_chat_model *model, beluga_context *ctx,
                                  beluga_messages *messages, beluga_event_cb cb, void *payload,
                                  beluga_response **out, beluga_error *err,
                                  const beluga_option *opts, size_t n);

/** A tool loop on a host's event loop. */
typedef struct beluga_tool_run beluga_tool_run;

/**
 * The same on the host's loop, without blocking: tools still run on the executor.
 *
 * @param cb   Called from beluga_loop_step only; the terminal event is the last.
 * @param out  Owned handle (beluga_tool_run_free), also after the end.
 * @return 0; if it fails, cb is never called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_run_tools_start_n(beluga_chat_model *model, beluga_loop *loop,
                                        beluga_context *ctx, beluga_messages *messages,
                                        beluga_event_cb cb, void *payload, beluga_tool_run **out,
                                        beluga_error *err, const beluga_option *opts, size_t n);
/** Take the last answer after the FINISH event: owned, once; NULL before, and after an error. */
BELUGA_API beluga_response *beluga_tool_run_response(beluga_tool_run *run);
/**
 * End a run, silently if it runs, and free it. Its tools' contexts are cancelled. Not from its
 * callback.
 */
BELUGA_API void beluga_tool_run_free(beluga_tool_run *run);

BELUGA_END_DECLS

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
/** beluga_run_tools_n with options as arguments. */
#define beluga_run_tools(model, ctx, messages, cb, payload, out, ...)                       \
    BELUGA_CALL_(beluga_run_tools_n, (model, ctx, messages, cb, payload, out), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#endif

#endif
