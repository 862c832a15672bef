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

/** Free the responses of an array of results and clear it. */
BELUGA_API void beluga_batch_results_clear(beluga_batch_result *results, size_t n);

/**
 * Gives the next input of a batch.
 *
 * @param input  Borrowed by the batch until the result with the same `index` was delivered.
 * @return 1 an input was given; 0 there are no more; a negative code stops the batch with it.
 */
typedef int (*beluga_batch_source_fn)(void *payload, uint64_t index, beluga_input *input);

/**
 * Receives one outcome, in the order they come.
 *
 * @param result  Borrowed; set `response` to NULL to keep it.
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
/** Cancel what runs, silently, and free. Not from inside its own functions. */
BELUGA_API void beluga_batch_op_free(beluga_batch_op *batch);

BELUGA_END_DECLS

#ifdef __cplusplus
template <class... Options>
inline int beluga_batch(beluga_chat_model *model, beluga_context *ctx,
                            const beluga_input *inputs, size_t n, beluga_batch_result *results,
                            beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_batch_n(model, ctx, inputs, n, results, err, list, sizeof...(options));
}
#else
/** beluga_batch_n with options as arguments. */
#define beluga_batch(model, ctx, inputs, n, results, ...)                                      \
    BELUGA_CALL_(beluga_batch_n, (model, ctx, inputs, n, results), __VA_ARGS__, BELUGA_OPTIONS_END)
#endif

#endif
