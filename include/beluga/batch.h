/**
 * @file batch.h
 * Many calls at once. beluga_batch takes an array and blocks; beluga_batch_start_n takes a source
 * of any number of inputs, runs on the host's loop, and needs memory for those in flight only.
 */
#ifndef BELUGA_BATCH_H
#define BELUGA_BATCH_H

#include <beluga/chat_model.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The outcome of one input. */
typedef struct beluga_batch_result {
    beluga_response *response; /**< owned (beluga_response_free); NULL when the call failed */
    beluga_error error;        /**< error.code is 0 when the call succeeded */
    /** owned (beluga_response_free): the part that arrived before the call failed; else NULL */
    beluga_response *partial;
} beluga_batch_result;

/**
 * Run every input, at most `max_concurrent_batches` (5) at once.
 *
 * A failure of one input does not stop the others.
 *
 * @param ctx       Borrowed; NULL for none. Holds for all inputs together.
 * @param inputs    Borrowed array of n.
 * @param n         0 is legal and returns 0.
 * @param results   Array of n of the caller, written whole, in the order of the inputs
 * (beluga_batch_results_clear).
 * @param err       On failure one combined error: the code of the first input that failed, and how
 * many failed.
 * @param opts, n_opts  Borrowed; for every input. n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0 when all succeeded; otherwise the code of the first input that failed.
 *
 * Threads: any. Blocks: until all inputs are done. Since: 0.1
 */
BELUGA_API int beluga_batch_n(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_input *inputs, size_t n, beluga_batch_result *results,
                              beluga_error *err, const beluga_option *opts, size_t n_opts);

/** Free the responses of an array of n results, the partial ones too, and clear the array. */
BELUGA_API void beluga_batch_results_clear(beluga_batch_result *results, size_t n);

/**
 * The values that a source returns. After LATER the source is asked again when an outcome was
 * delivered, or after beluga_batch_wake.
 */
typedef enum beluga_batch_next {
    BELUGA_BATCH_END = 0,  /**< there are no more inputs; the source is not asked again */
    BELUGA_BATCH_ITEM = 1, /**< an input was given */
    BELUGA_BATCH_LATER = 2 /**< there is no input now, perhaps later */
} beluga_batch_next;

/**
 * Gives the next input of a batch.
 *
 * @param payload  As given to the batch.
 * @param index    Number of the input, from 0.
 * @param input    To be filled for ITEM. Borrowed by the batch until the result with the same
 * `index` was delivered.
 * @return a beluga_batch_next. A negative code stops the batch with this code; the calls that run
 * are finished first.
 */
typedef int (*beluga_batch_source_fn)(void *payload, uint64_t index, beluga_input *input);

/** One input, and what holds for it alone. */
typedef struct beluga_batch_item {
    beluga_input input;           /**< what is asked; borrowed as the item is */
    beluga_chat_model *model;     /**< asked instead of the batch's model; NULL: that one */
    const beluga_option *options; /**< on top of the batch's options; NULL: none */
    size_t n_options;             /**< may be BELUGA_OPTIONS_TERMINATED */
    /** run the tools that the model calls, as beluga_run_tools_n does; the response is the last
     * answer, with the sum of the usage */
    bool run_tools;
    beluga_event_cb cb; /**< with run_tools: receives the events of all steps; NULL: nobody does */
    void *payload;      /**< handed to cb */
    void *reserved[1];
} beluga_batch_item;

/**
 * Gives the next item of a batch.
 *
 * @param payload, index  As for beluga_batch_source_fn.
 * @param item            Zeroed before the call. All that it points to is borrowed until the result
 * with the same `index` was delivered.
 * @return as beluga_batch_source_fn.
 */
typedef int (*beluga_batch_item_source_fn)(void *payload, uint64_t index, beluga_batch_item *item);

/**
 * Receives one outcome. Outcomes come in the order in which calls end.
 *
 * @param payload, index  As given to the source.
 * @param result          Borrowed for the call; set `response` or `partial` to NULL to keep it, and
 * free it later with beluga_response_free.
 */
typedef void (*beluga_batch_sink_fn)(void *payload, uint64_t index, beluga_batch_result *result);

/**
 * Is called once, when the last outcome was delivered.
 *
 * @param status  0, or the code with which the source stopped the batch.
 */
typedef void (*beluga_batch_done_fn)(void *payload, int status, uint64_t succeeded,
                                     uint64_t failed);

/**
 * Run inputs from a source on the host's loop, in memory that does not depend on their number.
 *
 * At most `max_concurrent_batches` (5) calls run at once.
 *
 * @param loop     Borrowed until beluga_batch_op_free.
 * @param ctx      Shared; NULL for none. Holds for all inputs together.
 * @param source   Gives the inputs. This function, `sink` and `done` are called only from
 * beluga_loop_step or beluga_loop_wait.
 * @param sink     Receives the outcomes.
 * @param done     Told of the end; NULL allowed.
 * @param payload  Handed to all three.
 * @param out      Owned handle (beluga_batch_op_free), also after the end. NULL on failure.
 * @param opts, n_opts  For every input; copied. n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT source or sink is NULL; BELUGA_ERROR_FORKED the loop is the
 * parent process's; BELUGA_ERROR_NO_MEMORY. On failure nothing is called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, beluga_batch_source_fn source,
                                    beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                                    void *payload, beluga_batch_op **out, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts);
/**
 * Run items that have options or a model of their own, as beluga_batch_start_n runs inputs.
 *
 * @param source  Gives the items. The other parameters are those of beluga_batch_start_n.
 * @return as beluga_batch_start_n.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_start_items_n(beluga_chat_model *model, beluga_loop *loop,
                                          beluga_context *ctx, beluga_batch_item_source_fn source,
                                          beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                                          void *payload, beluga_batch_op **out, beluga_error *err,
                                          const beluga_option *opts, size_t n_opts);
/**
 * Ask a source again that returned LATER, from the next step of the loop. After the source's end it
 * does nothing.
 *
 * Threads: the loop's. Since: 0.1
 */
BELUGA_API void beluga_batch_wake(beluga_batch_op *batch);
/**
 * Cancel the calls that run, and free the batch; NULL does nothing. Neither `sink` nor `done` is
 * called for these calls.
 *
 * Threads: the loop's, and not from inside the batch's own functions.
 */
BELUGA_API void beluga_batch_op_free(beluga_batch_op *batch);

BELUGA_END_DECLS

/** beluga_batch_n with options as arguments: beluga_batch(…, err, option, …). */
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
