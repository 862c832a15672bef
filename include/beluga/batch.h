/**
 * @file batch.h
 * Batches: many calls at once. beluga_batch takes an array of inputs and blocks.
 * beluga_batch_start_n takes a function that supplies any number of inputs, runs on a loop of the
 * host program, and needs memory only for the inputs in flight.
 */
#ifndef BELUGA_BATCH_H
#define BELUGA_BATCH_H

#include <beluga/chat_model.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The result of one input. */
typedef struct beluga_batch_result {
    beluga_response *response; /**< owned (beluga_response_free); NULL when the call failed */
    beluga_error error;        /**< error.code is 0 when the call succeeded */
    /** owned (beluga_response_free): the part that arrived before the call failed; else NULL */
    beluga_response *partial;
} beluga_batch_result;

/**
 * Run a call for every input, at most `max_concurrent_batches` (5) at once.
 *
 * A failure of one input does not stop the others.
 *
 * @param ctx       Borrowed; NULL for none. Its deadline and cancellation apply to the whole batch.
 * @param inputs    Borrowed array of n.
 * @param n         Number of inputs; with 0 the function returns 0.
 * @param results   The caller's array of n results, all of which are written, in the order of the
 * inputs (beluga_batch_results_clear).
 * @param err       On failure one error for all inputs: it has the code of the first input that
 * failed, and says how many failed.
 * @param opts, n_opts  Borrowed; they apply to every input. n_opts may be
 * BELUGA_OPTIONS_TERMINATED.
 * @return 0 when all calls succeeded; otherwise the code of the first input that failed.
 *
 * Threads: any. Blocks: until all inputs are done. Since: 0.1
 */
BELUGA_API int beluga_batch_n(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_input *inputs, size_t n, beluga_batch_result *results,
                              beluga_error *err, const beluga_option *opts, size_t n_opts);

/** Free all responses in an array of n results, partial ones too, and zero the array. */
BELUGA_API void beluga_batch_results_clear(beluga_batch_result *results, size_t n);

/**
 * The values that a source returns. After LATER the library asks the source again when it has
 * delivered a result, or after beluga_batch_wake.
 */
typedef enum beluga_batch_next {
    BELUGA_BATCH_END = 0,  /**< there are no more inputs; the source is not called again */
    BELUGA_BATCH_ITEM = 1, /**< the source supplied an input */
    BELUGA_BATCH_LATER = 2 /**< there is no input now, but perhaps later */
} beluga_batch_next;

/**
 * A source: a function that supplies the next input of a batch.
 *
 * @param payload  The payload that was passed to the function that started the batch.
 * @param index    Number of the input, from 0.
 * @param input    To be filled by the source when it returns ITEM. The batch borrows the input
 * until it has delivered the result with the same `index`.
 * @return a beluga_batch_next; or a negative code, which ends the batch with this code after the
 * running calls have ended.
 */
typedef int (*beluga_batch_source_fn)(void *payload, uint64_t index, beluga_input *input);

/** One input with options of its own. */
typedef struct beluga_batch_item {
    beluga_input input;       /**< the input; borrowed as long as the item */
    beluga_chat_model *model; /**< the model to ask; NULL: the batch's model */
    /** further options, which win over the batch's options; NULL: none */
    const beluga_option *options;
    size_t n_options; /**< number of options, or BELUGA_OPTIONS_TERMINATED */
    /**
     * run the tools that the model calls, as beluga_run_tools_n does; the response is then the last
     * answer, with the sum of the usage
     */
    bool run_tools;
    beluga_event_cb cb; /**< with run_tools: receives the events of all steps; NULL: none */
    void *payload;      /**< passed to cb */
    void *reserved[1];
} beluga_batch_item;

/**
 * A source that supplies the next item of a batch.
 *
 * @param payload, index  As for beluga_batch_source_fn.
 * @param item            To be filled by the source; zeroed before the call. Everything it points
 * to is borrowed until the result with the same `index` was delivered.
 * @return as beluga_batch_source_fn.
 */
typedef int (*beluga_batch_item_source_fn)(void *payload, uint64_t index, beluga_batch_item *item);

/**
 * Callback that receives the result of one input. Results come in the order in which the calls end.
 *
 * @param payload, index  The same as for the source.
 * @param result          Borrowed until the function returns. To keep `response` or `partial`, copy
 * the pointer, set the member to NULL, and free the response later with beluga_response_free.
 */
typedef void (*beluga_batch_sink_fn)(void *payload, uint64_t index, beluga_batch_result *result);

/**
 * Callback that is called once, after the last result was delivered.
 *
 * @param status  0, or the code with which the source ended the batch.
 */
typedef void (*beluga_batch_done_fn)(void *payload, int status, uint64_t succeeded,
                                     uint64_t failed);

/**
 * Run inputs from a source on a loop of the host program, in memory that does not depend on their
 * number.
 *
 * At most `max_concurrent_batches` (5) calls run at once.
 *
 * @param loop     Borrowed until beluga_batch_op_free.
 * @param ctx      Shared; NULL for none. Its deadline and cancellation apply to the whole batch.
 * @param source   Supplies the inputs. `source`, `sink` and `done` are called only from
 * beluga_loop_step or beluga_loop_wait.
 * @param sink     Receives the results.
 * @param done     Called at the end of the batch; NULL allowed.
 * @param payload  Passed to these three functions.
 * @param out      Owned handle (beluga_batch_op_free), also after the end. NULL on failure.
 * @param opts, n_opts  Copied; they apply to every input. n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if source or sink is NULL; BELUGA_ERROR_FORKED if the loop
 * belongs to the parent process; BELUGA_ERROR_NO_MEMORY. On failure none of the three functions is
 * called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, beluga_batch_source_fn source,
                                    beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                                    void *payload, beluga_batch_op **out, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts);
/**
 * Start a batch as beluga_batch_start_n does, with items that may have options and a model of their
 * own.
 *
 * @param source  Supplies the items. The other parameters are those of beluga_batch_start_n.
 * @return as beluga_batch_start_n.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_start_items_n(beluga_chat_model *model, beluga_loop *loop,
                                          beluga_context *ctx, beluga_batch_item_source_fn source,
                                          beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                                          void *payload, beluga_batch_op **out, beluga_error *err,
                                          const beluga_option *opts, size_t n_opts);
/**
 * Make the loop call a source again that returned LATER, in the loop's next step. After the source
 * returned END this function does nothing.
 *
 * Threads: only the loop's thread. Since: 0.1
 */
BELUGA_API void beluga_batch_wake(beluga_batch_op *batch);
/**
 * Cancel the running calls and free the batch; NULL does nothing. Neither `sink` nor `done` is
 * called after that.
 *
 * Threads: only the loop's thread, and not from inside the batch's own functions.
 */
BELUGA_API void beluga_batch_op_free(beluga_batch_op *batch);

BELUGA_END_DECLS

/** Call beluga_batch_n with options as further arguments: beluga_batch(…, err, option, …). */
#ifdef __cplusplus
template <class... Options>
inline int beluga_batch(beluga_chat_model *model, beluga_context *ctx, const beluga_input *inputs,
                        size_t n, beluga_batch_result *results, beluga_error *err,
                        Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_batch_n(model, ctx, inputs, n, results, err, list, sizeof...(options));
}
#else
#define beluga_batch(model, ctx, inputs, n, results, ...) \
    BELUGA_CALL_(beluga_batch_n, (model, ctx, inputs, n, results), __VA_ARGS__, BELUGA_OPTIONS_END)
#endif

#endif
