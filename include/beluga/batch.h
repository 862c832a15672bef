/**
 * @file batch.h
 * Many calls at once: a simple one for arrays, and one of constant memory for any number.
 */
#ifndef BELUGA_BATCH_H
#define BELUGA_BATCH_H

#include <beluga/chat_model.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The outcome of one input. */
typedef struct beluga_batch_result {
    beluga_response *response; /**< owned (beluga_response_free); NULL when it failed */
    beluga_error error;        /**< error.code is 0 when it did not */
    beluga_response
        *partial; /**< owned: what had arrived of one that failed; NULL: it never began */
} beluga_batch_result;

/**
 * Run every input, at most `max_concurrent_batches` (default 5) at once.
 *
 * A failure of one does not stop the others.
 *
 * @param inputs   Borrowed array of n.
 * @param results  Caller's array of n, written whole, in the order of the inputs.
 * @param err      On failure one combined error: the first one's code, and how many failed.
 * @return 0 when all succeeded; otherwise the code of the first input that failed.
 *
 * Threads: any. Blocks: until all are done. Since: 0.1
 */
BELUGA_API int beluga_batch_n(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_input *inputs, size_t n, beluga_batch_result *results,
                              beluga_error *err, const beluga_option *opts, size_t n_opts);

/** Free the responses of an array of results, the partial ones too, and clear it. */
BELUGA_API void beluga_batch_results_clear(beluga_batch_result *results, size_t n);

/**
 * What a source returns. After LATER it is asked again when an outcome was delivered, or after
 * beluga_batch_wake.
 */
typedef enum beluga_batch_next {
    BELUGA_BATCH_END = 0,  /**< there are no more */
    BELUGA_BATCH_ITEM = 1, /**< one was given */
    BELUGA_BATCH_LATER = 2 /**< none now, perhaps later */
} beluga_batch_next;

/**
 * Gives the next input of a batch.
 *
 * @param input  Borrowed by the batch until the result with the same `index` was delivered.
 * @return a beluga_batch_next; a negative code stops the batch with it: what runs is finished.
 */
typedef int (*beluga_batch_source_fn)(void *payload, uint64_t index, beluga_input *input);

/** One input, and what holds for it alone. */
typedef struct beluga_batch_item {
    beluga_input input;
    beluga_chat_model *model;     /**< asked instead of the batch's; NULL: that one */
    const beluga_option *options; /**< on top of the batch's; NULL: none */
    size_t n_options;             /**< may be BELUGA_OPTIONS_TERMINATED */
    void *reserved[4];
} beluga_batch_item;

/**
 * Gives the next item of a batch.
 *
 * @param item  Zeroed before the call. What it points to is borrowed until the result with the same
 * `index` was delivered.
 * @return as beluga_batch_source_fn.
 */
typedef int (*beluga_batch_item_source_fn)(void *payload, uint64_t index, beluga_batch_item *item);

/**
 * Receives one outcome, in the order they come.
 *
 * @param result  Borrowed; set `response` or `partial` to NULL to keep it.
 */
typedef void (*beluga_batch_sink_fn)(void *payload, uint64_t index, beluga_batch_result *result);

/** Told once, when the last outcome was delivered. `status` is 0, or what stopped the batch. */
typedef void (*beluga_batch_done_fn)(void *payload, int status, uint64_t succeeded,
                                     uint64_t failed);

/**
 * Run inputs from a source on the host's loop, in memory that does not depend on their number.
 *
 * @param out  Owned handle (beluga_batch_op_free cancels what runs); the functions are called only
 *             from beluga_loop_step.
 * @return 0; BELUGA_ERROR_INVALID_INPUT, BELUGA_ERROR_NO_MEMORY: then nothing is called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, beluga_batch_source_fn source,
                                    beluga_batch_sink_fn sink, beluga_batch_done_fn done,
                                    void *payload, beluga_batch_op **out, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts);
/**
 * beluga_batch_start_n for items that have options or a model of their own.
 *
 * @param source  Must not be NULL.
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
 * Ask a source again that said LATER, from the next step of the loop. Threads: the loop's. Since:
 * 0.1
 */
BELUGA_API void beluga_batch_wake(beluga_batch_op *batch);
/** Cancel what runs, silently, and free. Not from inside its own functions. */
BELUGA_API void beluga_batch_op_free(beluga_batch_op *batch);

BELUGA_END_DECLS

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
/** beluga_batch_n with options as arguments. */
#define beluga_batch(model, ctx, inputs, n, results, ...) \
    BELUGA_CALL_(beluga_batch_n, (model, ctx, inputs, n, results), __VA_ARGS__, BELUGA_OPTIONS_END)
#endif

#endif
