/**
 * @file batch_job.h
 * Batch jobs: many requests that a provider takes together, answers within a day or so, and bills
 * at a lower price (half, with most).
 *
 *     beluga_batch_requests *requests;
 *     beluga_batch_job *job;
 *     beluga_batch_requests_new(model, &requests, &err);
 *     for (size_t i = 0; i < n; i++)
 *         beluga_batch_requests_add(requests, NULL, ids[i], beluga_input_text(prompts[i]), &err);
 *     beluga_batch_job_create(model, NULL, requests, "reviews-7", &job, &err);
 *
 * and hours later, in this process or another,
 *
 *     beluga_batch_job_get(model, NULL, id, &job, &err);
 *     if (beluga_batch_state_is_end(job->state))
 *         beluga_batch_job_results(model, NULL, id, take_result, NULL, &err);
 *
 * A job is paid for when its answers are made, so creating one twice is paying twice. The library
 * never repeats a request that creates a job, unless the provider refused it: after any other
 * failure nobody knows whether there is a job. Look for its name with beluga_batch_job_list before
 * you create it again; `beluga batch --provider-batch` does all of this.
 *
 * Each function has a twin that calls back on an event loop. What holds for other calls holds for
 * these: contexts, timeouts, limits, hooks, recordings, telemetry and errors; retries, too, but for
 * the request that creates a job. Caches, budgets and fallbacks do not.
 *
 * Sources of the facts: the pages of OpenAI, Anthropic, Google and Mistral on their batch APIs.
 */
#ifndef BELUGA_BATCH_JOB_H
#define BELUGA_BATCH_JOB_H

#include <beluga/batch.h>
#include <beluga/chat_model.h>
#include <beluga/common.h>
#include <beluga/embedding.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** The states of a job. A later version may have more. */
typedef enum beluga_batch_state {
    BELUGA_BATCH_STATE_UNKNOWN = 0,    /**< a word that nobody knows: look again later */
    BELUGA_BATCH_STATE_QUEUED = 1,     /**< it is checked, or waits for its turn */
    BELUGA_BATCH_STATE_RUNNING = 2,    /**< requests are being answered */
    BELUGA_BATCH_STATE_CANCELLING = 3, /**< it was cancelled, and ends when what runs has ended */
    BELUGA_BATCH_STATE_COMPLETED = 4,  /**< it ended; single requests may have failed */
    BELUGA_BATCH_STATE_FAILED = 5,     /**< it ended as a whole, such as for a file with a fault */
    BELUGA_BATCH_STATE_EXPIRED = 6,  /**< its time is over; what was answered until then is there */
    BELUGA_BATCH_STATE_CANCELLED = 7 /**< it ended; what was answered until then is there */
} beluga_batch_state;

/**
 * Return "queued", "running", …; static; "unknown" for states of a later version.
 *
 * @param state  A beluga_batch_state.
 */
BELUGA_API const char *beluga_batch_state_name(uint32_t state);
/**
 * Return whether a job in this state has ended, so that its results can be fetched.
 *
 * @param state  A beluga_batch_state.
 */
BELUGA_API bool beluga_batch_state_is_end(uint32_t state);

/** A job, as its provider tells of it. Strings are never NULL; "" is one that is not known. */
typedef struct beluga_batch_job {
    size_t size;      /**< sizeof(beluga_batch_job) */
    const char *id;   /**< the provider's, by which the other functions find the job */
    const char *name; /**< the one that it was created with; "" where the provider keeps none */
    uint32_t state;   /**< beluga_batch_state */
    uint32_t reserved_number;
    const char *raw_state; /**< the provider's word for the state */
    const char *reason;    /**< why the job failed as a whole, for people */
    int64_t total;         /**< requests of the job; -1 unknown */
    int64_t succeeded;     /**< requests that have an answer; -1 unknown */
    int64_t failed;        /**< requests that failed, expired or were cancelled; -1 unknown */
    int64_t created;       /**< seconds since 1970; 0 unknown */
    int64_t ended;         /**< likewise */
    int64_t expires;       /**< likewise */
    const void *reserved[4];
} beluga_batch_job;

/* --- requests --------------------------------------------------------------------------------- */

/** Requests that become a job: they are encoded when they are added, so the memory is theirs. */
typedef struct beluga_batch_requests beluga_batch_requests;

/**
 * Begin a list of requests.
 *
 * @param model  Shared. The requests, and the job, are of its provider and have its settings.
 * @param out    Owned (beluga_batch_requests_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED as for beluga_batch_limits_get; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, one at a time for each list. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_requests_new(beluga_chat_model *model, beluga_batch_requests **out,
                                         beluga_error *err);
/**
 * Add a request: it is encoded as beluga_generate would send it.
 *
 * @param model  Borrowed: one that was made of the list's model by beluga_bind_tools; NULL: the
 *               list's model.
 * @param id     By which its result is found: 1 to 64 of A–Z a–z 0–9 _ - and unlike those of the
 *               other requests, which is not checked.
 * @param input  Borrowed for the call.
 * @param opts, n_opts  Borrowed, for this request; n_opts may be BELUGA_OPTIONS_TERMINATED. All
 * that shape a request hold, extra_body and request_body, too; the latter must not ask for a
 * stream. How an answer is judged (strict, max_response_bytes) is the model's.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED the request does not fit into this job any more: the list
 * is as before, and another list has room for it; BELUGA_ERROR_INVALID_INPUT for the id, or a
 * request that is larger than a whole job may be; BELUGA_ERROR_NOT_SUPPORTED the options want what
 * no job has, such as another model than the requests before (where the provider takes one a job);
 * otherwise what beluga_generate_n returns before it sends anything.
 *
 * Threads: as for the list. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_requests_add_n(beluga_batch_requests *requests,
                                           beluga_chat_model *model, const char *id,
                                           beluga_input input, beluga_error *err,
                                           const beluga_option *opts, size_t n_opts);
/** Return the number of requests. Since: 0.1 */
BELUGA_API size_t beluga_batch_requests_count(const beluga_batch_requests *requests);
/** Return the bytes that they take. Since: 0.1 */
BELUGA_API uint64_t beluga_batch_requests_bytes(const beluga_batch_requests *requests);
/**
 * Return the warnings of the request that was added last: what the provider can't express. Borrowed
 * until the next one is added; NULL past the last. Since: 0.1
 */
BELUGA_API const char *beluga_batch_requests_warning(const beluga_batch_requests *requests,
                                                     size_t index);
/** Free a list; NULL does nothing. Since: 0.1 */
BELUGA_API void beluga_batch_requests_free(beluga_batch_requests *requests);

/** The limits of a provider's batch API, and its price. */
typedef struct beluga_batch_limits {
    size_t size;           /**< sizeof(beluga_batch_limits) */
    uint64_t max_requests; /**< of a job; UINT64_MAX: not known */
    uint64_t max_bytes;    /**< of a job's requests; never more than the library sends, 256 MiB */
    double price_factor; /**< the price beside that of a request alone: 0.5 is half; 1: the same */
    /** A job keeps the name that it was given; else only its results show which one it is. */
    bool keeps_names;
} beluga_batch_limits;

/**
 * Read what the batch API of a model's provider takes.
 *
 * @param limits  Set its `size`; receives the rest, as far as it has room.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED the provider has no batch API that this library knows, or
 * the library was built without batch jobs.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_limits_get(const beluga_chat_model *model, beluga_batch_limits *limits,
                                       beluga_error *err);

/* --- jobs --------------------------------------------------------------------------------------
 */

/**
 * Create a job. Where the provider wants its requests in a file, the file is uploaded first.
 *
 * No failure but a refusal (err->http_status 400 to 499, or an error before anything was sent) says
 * that there is no job: see the top of this page.
 *
 * @param ctx       Borrowed; NULL for none.
 * @param requests  Borrowed; at least one.
 * @param name      For beluga_batch_job_list: 1 to 64 of A–Z a–z 0–9 _ - ; NULL: none.
 * @param job       Owned (beluga_free), one block with its strings. NULL on failure, or where not
 *                  wanted.
 * @param opts, n_opts  Borrowed; n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT no requests, those of another model, or a name that does
 * not fit; BELUGA_ERROR_NOT_SUPPORTED the provider has no batch API; otherwise as
 * beluga_generate_n.
 *
 * Threads: any, at once. Blocks: until the job is there. `timeout` and `first_event_timeout` grow
 * by a second for each 256 KiB of requests; `total_timeout` does not. Since: 0.1
 */
BELUGA_API int beluga_batch_job_create_n(beluga_chat_model *model, beluga_context *ctx,
                                         const beluga_batch_requests *requests, const char *name,
                                         beluga_batch_job **job, beluga_error *err,
                                         const beluga_option *opts, size_t n_opts);
/**
 * Ask how far a job is.
 *
 * @param id   The provider's, not the name; borrowed.
 * @param job  As for beluga_batch_job_create_n.
 * @return 0; BELUGA_ERROR_NOT_FOUND no such job, or one of another key;
 * BELUGA_ERROR_INVALID_INPUT no id; BELUGA_ERROR_NOT_SUPPORTED the provider has no batch API;
 * otherwise as beluga_generate_n. Threads: any. Blocks: until the answer is there. Since: 0.1
 */
BELUGA_API int beluga_batch_job_get(beluga_chat_model *model, beluga_context *ctx, const char *id,
                                    beluga_batch_job **job, beluga_error *err);
/**
 * Cancel a job. What was answered before is there, and was paid for, when it has ended.
 *
 * @param job  As for beluga_batch_job_get.
 * @return as beluga_batch_job_get; a job that had ended before is no failure where the provider
 * tells so. Threads: any. Blocks: until the answer is there. Since: 0.1
 */
BELUGA_API int beluga_batch_job_cancel(beluga_chat_model *model, beluga_context *ctx,
                                       const char *id, beluga_batch_job **job, beluga_error *err);
/**
 * Delete what a job that has ended left at the provider: its files, and where the provider can, the
 * job. Its results are gone then. What is not there any more is no failure.
 *
 * @return as beluga_batch_job_get; BELUGA_ERROR_NOT_SUPPORTED also where the provider's jobs can't
 * be deleted. Threads: any. Blocks: until the answers are there. Since: 0.1
 */
BELUGA_API int beluga_batch_job_delete(beluga_chat_model *model, beluga_context *ctx,
                                       const char *id, beluga_error *err);
/**
 * List the jobs that the key can see, page by page, newest first where the provider lists so.
 *
 * @param since  Seconds since 1970: pages are read until all jobs of one are older; 0: all pages.
 * @param out    Owned (beluga_free): an array in one block with its strings. NULL on failure.
 * @param count  Receives its length.
 * @return as beluga_batch_job_get; BELUGA_ERROR_LIMIT_EXCEEDED over 1,000 pages. Threads: any.
 * Blocks: until the answers are there. Since: 0.1
 */
BELUGA_API int beluga_batch_job_list(beluga_chat_model *model, beluga_context *ctx, int64_t since,
                                     beluga_batch_job **out, size_t *count, beluga_error *err);

/**
 * Receives the result of a request.
 *
 * @param id      That was given when the request was added; borrowed for the call.
 * @param result  Borrowed for the call; set `response` to NULL to keep it, and free it later
 *                (beluga_response_free). Of a failure, err.retryable tells whether asking it again
 *                may help; one that the job had no time for is BELUGA_ERROR_TIMEOUT with the
 *                provider's code "expired", one that was cancelled is
 *                BELUGA_ERROR_CONTEXT_CANCELED with "cancelled".
 * @return 0 to go on; any other value ends the call with BELUGA_ERROR_CONTEXT_CANCELED.
 */
typedef int (*beluga_batch_job_result_fn)(void *payload, const char *id,
                                          beluga_batch_result *result);

/**
 * Fetch the results of a job that has ended, in no order, in memory that does not depend on their
 * number.
 *
 * A line of the results that can't be read is left out, where others of its file can be: its
 * request has no result. A failure may come after some results; another try brings them once more.
 * A provider may leave requests out, such as those of a job that failed, and one that has a result
 * twice tells it twice. A result that can't be read is an error of its own, and the others come.
 *
 * @param fn, payload  Receives them, on this thread.
 * @return 0 all results of the provider were delivered; BELUGA_ERROR_INVALID_INPUT the job has not
 * ended; BELUGA_ERROR_STREAM_CLOSED the results were cut; otherwise as beluga_batch_job_get.
 *
 * Threads: any. Blocks: until they are there; a pause of the provider is bounded by the timeouts
 * of a stream. Since: 0.1
 */
BELUGA_API int beluga_batch_job_results(beluga_chat_model *model, beluga_context *ctx,
                                        const char *id, beluga_batch_job_result_fn fn,
                                        void *payload, beluga_error *err);

/* --- on a loop ----------------------------------------------------------------------------------
 */

/**
 * The end of a call about jobs; it is called once.
 *
 * @param jobs   Owned (beluga_free): an array in one block; NULL on failure, and where there is
 *               nothing to tell.
 * @param count  Its length; 1 but for a list.
 * @param error  Borrowed for the callback; NULL on success.
 */
typedef void (*beluga_batch_job_cb)(void *payload, beluga_batch_job *jobs, size_t count,
                                    const beluga_error *error);

/**
 * Do on the host's loop what the function without "_start" does.
 *
 * A callback may cancel its own job, free the handle, and begin other calls.
 *
 * @param loop      Borrowed until the callback; beluga_loop_free ends the work without one.
 * @param requests  Borrowed until the callback; all else may go when this function returns.
 * @param fn        Receives results, from a step of the loop, with the same payload.
 * @param cb        Called from a step of the loop only, never from inside this function.
 * @param handle    Owned handle (beluga_job_free, beluga_job_cancel); NULL when not wanted.
 * @return 0; a code for errors that are known before the start; BELUGA_ERROR_FORKED the loop is
 * the parent process's. On failure cb is never called.
 *
 * Threads: the loop's. Blocks: never. Since: 0.1
 * @{
 */
BELUGA_API int
beluga_batch_job_create_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                const beluga_batch_requests *requests, const char *name,
                                beluga_batch_job_cb cb, void *payload, beluga_job **handle,
                                beluga_error *err, const beluga_option *opts, size_t n_opts);
BELUGA_API int beluga_batch_job_get_start(beluga_chat_model *model, beluga_loop *loop,
                                          beluga_context *ctx, const char *id,
                                          beluga_batch_job_cb cb, void *payload,
                                          beluga_job **handle, beluga_error *err);
BELUGA_API int beluga_batch_job_cancel_start(beluga_chat_model *model, beluga_loop *loop,
                                             beluga_context *ctx, const char *id,
                                             beluga_batch_job_cb cb, void *payload,
                                             beluga_job **handle, beluga_error *err);
BELUGA_API int beluga_batch_job_delete_start(beluga_chat_model *model, beluga_loop *loop,
                                             beluga_context *ctx, const char *id,
                                             beluga_batch_job_cb cb, void *payload,
                                             beluga_job **handle, beluga_error *err);
BELUGA_API int beluga_batch_job_list_start(beluga_chat_model *model, beluga_loop *loop,
                                           beluga_context *ctx, int64_t since,
                                           beluga_batch_job_cb cb, void *payload,
                                           beluga_job **handle, beluga_error *err);
BELUGA_API int beluga_batch_job_results_start(beluga_chat_model *model, beluga_loop *loop,
                                              beluga_context *ctx, const char *id,
                                              beluga_batch_job_result_fn fn, beluga_batch_job_cb cb,
                                              void *payload, beluga_job **handle,
                                              beluga_error *err);
/** @} */

BELUGA_END_DECLS

/** beluga_batch_requests_add_n and beluga_batch_job_create_n with options as arguments. @{ */
#ifdef __cplusplus
template <class... Options>
inline int beluga_batch_requests_add(beluga_batch_requests *requests, beluga_chat_model *model,
                                     const char *id, beluga_input input, beluga_error *err,
                                     Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_batch_requests_add_n(requests, model, id, input, err, list, sizeof...(options));
}
template <class... Options>
inline int beluga_batch_job_create(beluga_chat_model *model, beluga_context *ctx,
                                   const beluga_batch_requests *requests, const char *name,
                                   beluga_batch_job **job, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_batch_job_create_n(model, ctx, requests, name, job, err, list,
                                     sizeof...(options));
}
#else
#define beluga_batch_requests_add(requests, model, id, input, ...)                       \
    BELUGA_CALL_(beluga_batch_requests_add_n, (requests, model, id, input), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#define beluga_batch_job_create(model, ctx, requests, name, job, ...)                       \
    BELUGA_CALL_(beluga_batch_job_create_n, (model, ctx, requests, name, job), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#endif
/** @} */

#endif
