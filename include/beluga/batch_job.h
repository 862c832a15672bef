/**
 * @file batch_job.h
 * Batch jobs: many requests that are sent to a provider together, which answers them within about a
 * day at a lower price (with most providers at half the price). The requests of a job have
 * messages, or texts to embed (beluga_batch_requests_add_embedding).
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
 * If a job is created twice, its answers are also paid for twice. So the library repeats a request
 * that creates a job only if the provider refused it: after any other failure the job may exist.
 * The upload of a file before it costs nothing, and is repeated as usual.
 * Before you create a job again, look for its name with beluga_batch_job_list. The command `beluga
 * batch --provider-batch` does all of this.
 *
 * Each function has a variant that runs on an event loop and calls a callback. Contexts, timeouts,
 * limits, hooks, recordings, telemetry and errors work as for other calls, and so do retries,
 * except for the request that creates a job. Caches, budgets and fallbacks are not used.
 *
 * This interface follows the documentation of the batch APIs of OpenAI, Anthropic, Google and
 * Mistral.
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
    BELUGA_BATCH_STATE_UNKNOWN = 0, /**< the provider reported an unknown word; ask again later */
    BELUGA_BATCH_STATE_QUEUED = 1,  /**< the job is being checked, or waits to run */
    BELUGA_BATCH_STATE_RUNNING = 2, /**< requests are being answered */
    /** the job was cancelled, but some of its requests still run */
    BELUGA_BATCH_STATE_CANCELLING = 3,
    BELUGA_BATCH_STATE_COMPLETED = 4, /**< the job ended; single requests may have failed */
    /** the whole job failed, for example because its file has a fault */
    BELUGA_BATCH_STATE_FAILED = 5,
    /** the job's time is over; the answers until then can be fetched */
    BELUGA_BATCH_STATE_EXPIRED = 6,
    /** the job was cancelled; the answers until then can be fetched */
    BELUGA_BATCH_STATE_CANCELLED = 7
} beluga_batch_state;

/**
 * Return the name of a state, such as "queued", as a static string; "unknown" for states of a later
 * version.
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

/**
 * A job, as its provider reports it. Strings are never NULL; "" means that a value is not known.
 */
typedef struct beluga_batch_job {
    size_t size;      /**< sizeof(beluga_batch_job) */
    const char *id;   /**< the provider's id of the job, for the other functions */
    const char *name; /**< the name that the job was created with; "" if the provider stores none */
    uint32_t state;   /**< beluga_batch_state */
    /** Why the whole job failed, as a code such as BELUGA_ERROR_RATE_LIMIT for a provider that has
     * no room for the job now; BELUGA_ERROR_INVALID_REQUEST if the provider gave no other reason; 0
     * for a job that has not failed. beluga_error_set tells whether the code is retryable. */
    int32_t error_code;
    const char *raw_state; /**< the provider's own word for the state */
    const char *reason;    /**< why the whole job failed, as text for a person */
    int64_t total;         /**< number of requests in the job; -1: unknown */
    int64_t succeeded;     /**< number of requests that have an answer; -1: unknown */
    int64_t failed;  /**< number of requests that failed, expired or were cancelled; -1: unknown */
    int64_t created; /**< seconds since 1970; 0 unknown */
    int64_t ended;   /**< seconds since 1970; 0 unknown */
    int64_t expires; /**< seconds since 1970; 0 unknown */
    const void *reserved[4];
} beluga_batch_job;

/* --- requests --------------------------------------------------------------------------------- */

/**
 * A list of requests that become a job. Each request is encoded when it is added, so its input need
 * not be kept.
 */
typedef struct beluga_batch_requests beluga_batch_requests;

/**
 * Make an empty list of requests for a batch job.
 *
 * @param model  Shared. Its provider and settings are used for the requests and the job.
 * @param out    Owned (beluga_batch_requests_free). NULL on failure.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED for the reasons of beluga_batch_limits_get;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any, but only one thread at a time may use a list. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_requests_new(beluga_chat_model *model, beluga_batch_requests **out,
                                         beluga_error *err);
/**
 * Add a request. It is encoded in the form in which beluga_generate would send it.
 *
 * @param model  Borrowed: a model that beluga_bind_tools made from the list's model; NULL: the
 * list's model.
 * @param id     Identifies the result of this request: 1 to 64 characters A–Z a–z 0–9 _ - . It must
 * differ from the ids of all other requests, which is not checked.
 * @param input  Borrowed until the function returns.
 * @param opts, n_opts  Borrowed, for this request; n_opts may be BELUGA_OPTIONS_TERMINATED. All
 * options that shape a request apply, also extra_body and request_body; a request_body must not ask
 * for a stream. Options about the answer (strict, max_response_bytes) are taken from the model.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED if the request does not fit into this job any more (the
 * list is unchanged; add the request to another list); BELUGA_ERROR_INVALID_INPUT if the id is bad,
 * or the request is larger than a whole job may be; BELUGA_ERROR_NOT_SUPPORTED if an option is not
 * possible in a job, such as another model than in the requests before where the provider allows
 * only one model in a job; otherwise any code that beluga_generate_n returns before it sends
 * anything.
 *
 * Threads: any, but only one thread at a time may use the list. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_requests_add_n(beluga_batch_requests *requests,
                                           beluga_chat_model *model, const char *id,
                                           beluga_input input, beluga_error *err,
                                           const beluga_option *opts, size_t n_opts);
/**
 * Add a request that embeds texts. It is encoded in the form in which beluga_embed would send it.
 * The result is a response whose vectors beluga_response_embeddings returns.
 *
 * A job either answers messages or embeds texts, because services want one kind of request in a
 * job. The options max_inputs and max_concurrent_batches do not apply: all texts are in this
 * request.
 *
 * @param id     As for beluga_batch_requests_add_n.
 * @param texts, lengths, n  As for beluga_embed_n; borrowed until the function returns. A request
 * has at most as many texts as the provider accepts in one.
 * @param opts, n_opts  Borrowed, for this request; n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED as beluga_batch_requests_add_n, also because of
 * beluga_batch_limits.max_inputs; BELUGA_ERROR_NOT_SUPPORTED also if the provider's batch API can't
 * embed texts, or the list has requests with messages; BELUGA_ERROR_INVALID_INPUT also for more
 * texts than a request may have; otherwise as beluga_embed_n before it sends anything.
 *
 * Threads: any, but only one thread at a time may use the list. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_batch_requests_add_embedding_n(beluga_batch_requests *requests,
                                                     const char *id, const char *const *texts,
                                                     const size_t *lengths, size_t n,
                                                     beluga_error *err, const beluga_option *opts,
                                                     size_t n_opts);
/** Return the number of requests. Since: 0.1 */
BELUGA_API size_t beluga_batch_requests_count(const beluga_batch_requests *requests);
/** Return the total size of the encoded requests in bytes. Since: 0.1 */
BELUGA_API uint64_t beluga_batch_requests_bytes(const beluga_batch_requests *requests);
/**
 * Return warning `index` about something that the provider can't express in the request that was
 * added last. Borrowed until the next request is added; NULL if `index` is out of range. Since: 0.1
 */
BELUGA_API const char *beluga_batch_requests_warning(const beluga_batch_requests *requests,
                                                     size_t index);
/** Free a list; NULL does nothing. Since: 0.1 */
BELUGA_API void beluga_batch_requests_free(beluga_batch_requests *requests);

/** The limits of a provider's batch API, and its price. */
typedef struct beluga_batch_limits {
    size_t size;           /**< sizeof(beluga_batch_limits) */
    uint64_t max_requests; /**< most requests in a job; UINT64_MAX: not known */
    uint64_t max_bytes;    /**< most bytes in a job; at most the 256 MiB that the library sends */
    double price_factor;   /**< price compared with single requests: 0.5 is half, 1 the same */
    /** The provider stores a job's name. If false, only its results show which job it is. */
    bool keeps_names;
    /**
     * most texts that a job may embed, in all its requests together; UINT64_MAX: not known; 0: jobs
     * can't embed texts
     */
    uint64_t max_inputs;
} beluga_batch_limits;

/**
 * Get the limits of the batch API of a model's provider.
 *
 * @param limits  Receives the limits. Set its `size` before; members beyond that size are not
 * written.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider has no batch API that this library knows,
 * or the library was built without batch jobs.
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
 * After a failure the job may exist nevertheless, unless the provider refused it (err->http_status
 * is 400 to 499) or the error came before anything was sent: see the top of this file.
 *
 * @param ctx       Borrowed; NULL for none.
 * @param requests  Borrowed; at least one.
 * @param name      Name by which beluga_batch_job_list shows the job: 1 to 64 characters A–Z a–z
 * 0–9 _ - ; NULL: none.
 * @param job       Receives the job, owned (beluga_free), in one block with its strings; NULL on
 * failure. The argument may be NULL.
 * @param opts, n_opts  Borrowed; n_opts may be BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if there are no requests, they were made for another model,
 * or the name is bad; BELUGA_ERROR_NOT_SUPPORTED if the provider has no batch API; otherwise as
 * beluga_generate_n.
 *
 * Threads: any, also several at once. Blocks: until the job is created. `timeout` and
 * `first_event_timeout` grow by a second for each 256 KiB of requests; `total_timeout` does not.
 * Since: 0.1
 */
BELUGA_API int beluga_batch_job_create_n(beluga_chat_model *model, beluga_context *ctx,
                                         const beluga_batch_requests *requests, const char *name,
                                         beluga_batch_job **job, beluga_error *err,
                                         const beluga_option *opts, size_t n_opts);
/**
 * Get the state of a job.
 *
 * @param id   The provider's id of the job, not its name; borrowed.
 * @param job  As for beluga_batch_job_create_n.
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no such job, or it belongs to another key;
 * BELUGA_ERROR_INVALID_INPUT if `id` is missing; BELUGA_ERROR_NOT_SUPPORTED if the provider has no
 * batch API; otherwise as beluga_generate_n. Threads: any. Blocks: until the answer arrives.
 * Since: 0.1
 */
BELUGA_API int beluga_batch_job_get(beluga_chat_model *model, beluga_context *ctx, const char *id,
                                    beluga_batch_job **job, beluga_error *err);
/**
 * Cancel a job. Answers that were made before can be fetched when the job has ended; they are paid
 * for.
 *
 * @param job  As for beluga_batch_job_get.
 * @return as beluga_batch_job_get; 0 also if the job had ended before, provided that the provider's
 * answer shows it. Threads: any. Blocks: until the answer arrives. Since: 0.1
 */
BELUGA_API int beluga_batch_job_cancel(beluga_chat_model *model, beluga_context *ctx,
                                       const char *id, beluga_batch_job **job, beluga_error *err);
/**
 * Delete the data of an ended job at the provider: its files, and the job itself if the provider
 * can delete jobs. Its results can't be fetched any more after that. Data that is already deleted
 * is not an error.
 *
 * @return as beluga_batch_job_get; BELUGA_ERROR_NOT_SUPPORTED also if the provider's jobs can't be
 * deleted. Threads: any. Blocks: until the answers arrive. Since: 0.1
 */
BELUGA_API int beluga_batch_job_delete(beluga_chat_model *model, beluga_context *ctx,
                                       const char *id, beluga_error *err);
/**
 * Delete the files that beluga_batch_job_create_n uploaded for a job which was then not created, or
 * a second copy of a job's file, which an upload that was repeated may have left: files with the
 * job's name. Call it only when it is certain that there is no such job, or that it has ended,
 * because a job can't run without its file.
 *
 * @param name  Name with which the job was to be created; borrowed.
 * @return 0, also if there are no such files; BELUGA_ERROR_NOT_SUPPORTED if the provider gets no
 * files, or can't list them; BELUGA_ERROR_INVALID_INPUT if the name is bad; otherwise as
 * beluga_generate_n. Threads: any. Blocks: until the answers arrive. Since: 0.1
 */
BELUGA_API int beluga_batch_job_sweep(beluga_chat_model *model, beluga_context *ctx,
                                      const char *name, beluga_error *err);
/**
 * List the jobs that the key can see, newest first if the provider lists them in that order.
 *
 * @param since  Seconds since 1970: the function stops reading at a page on which all jobs are
 * older; 0: it reads all pages.
 * @param out    Receives an owned array (beluga_free), in one block with its strings; NULL on
 * failure.
 * @param count  Receives the length of the array.
 * @return as beluga_batch_job_get; BELUGA_ERROR_LIMIT_EXCEEDED if there are more than 1,000 pages.
 * Threads: any. Blocks: until the answers arrive. Since: 0.1
 */
BELUGA_API int beluga_batch_job_list(beluga_chat_model *model, beluga_context *ctx, int64_t since,
                                     beluga_batch_job **out, size_t *count, beluga_error *err);

/**
 * Callback that receives the result of one request.
 *
 * @param id      The id that was set when the request was added; borrowed until the function
 * returns.
 * @param result  Borrowed until the function returns. To keep the response, copy the pointer, set
 * `response` to NULL, and free the response later (beluga_response_free). For a failed request,
 * error.retryable says whether it may succeed when it is sent again. A request for which the job
 * had no time has the code BELUGA_ERROR_TIMEOUT and the provider's code "expired"; a cancelled
 * request has BELUGA_ERROR_CONTEXT_CANCELED and "cancelled".
 * @return 0 to go on; any other value ends the call with BELUGA_ERROR_CONTEXT_CANCELED.
 */
typedef int (*beluga_batch_job_result_fn)(void *payload, const char *id,
                                          beluga_batch_result *result);

/**
 * Return the vectors in the result of a request that embedded texts; NULL for answers. Borrowed
 * until the response is freed.
 *
 * The provider's results do not say how many texts were sent, so compare beluga_embeddings_count
 * with the number of your texts. Usage and model are those of the response. Since: 0.1
 */
BELUGA_API const beluga_embeddings *beluga_response_embeddings(const beluga_response *response);

/**
 * Fetch the results of a job that has ended. They come in no particular order, and the memory
 * needed does not depend on their number.
 *
 * A line of the results file that can't be parsed is skipped if other lines of the file can be: its
 * request then has no result. The function may fail after some results; another call delivers all
 * results again. A provider may leave requests out, such as those of a job that failed, or send a
 * result twice, which is then delivered twice. A result that can't be decoded is delivered as an
 * error of this request, and the others follow.
 *
 * @param fn, payload  The function that receives the results, on this thread, and its payload.
 * @return 0 when all results of the provider were delivered; BELUGA_ERROR_INVALID_INPUT if the job
 * has not ended; BELUGA_ERROR_STREAM_CLOSED if the results were cut off on their way;
 * BELUGA_ERROR_MALFORMED_RESPONSE if none of their lines can be read, or the provider's file itself
 * ends in the middle of a line; otherwise as beluga_batch_job_get.
 *
 * Threads: any. Blocks: until all results are delivered; the timeouts of a stream limit how long
 * the provider may pause. Since: 0.1
 */
BELUGA_API int beluga_batch_job_results(beluga_chat_model *model, beluga_context *ctx,
                                        const char *id, beluga_batch_job_result_fn fn,
                                        void *payload, beluga_error *err);

/* --- on a loop ----------------------------------------------------------------------------------
 */

/**
 * Callback that is called once, at the end of a call about jobs.
 *
 * @param jobs   Owned array of jobs in one block (beluga_free); NULL on failure, and when the call
 * returns no jobs.
 * @param count  Length of the array; 1 unless the call lists jobs.
 * @param error  Borrowed until the callback returns; NULL on success.
 */
typedef void (*beluga_batch_job_cb)(void *payload, beluga_batch_job *jobs, size_t count,
                                    const beluga_error *error);

/**
 * Start on a loop of the host program what the function without "_start" does.
 *
 * A callback may cancel its own job, free the handle, and begin other calls.
 *
 * @param loop      Borrowed until the callback; beluga_loop_free ends the work without a callback.
 * @param requests  Borrowed until the callback. All other arguments may be freed when this function
 * returns.
 * @param fn        Receives the results in a step of the loop, with the same payload.
 * @param cb        Called only in a step of the loop, never from inside this function.
 * @param handle    Receives an owned handle (beluga_job_free, beluga_job_cancel); may be NULL.
 * @return 0; a code for errors that are detected before the start; BELUGA_ERROR_FORKED if the loop
 * belongs to the parent process. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
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
BELUGA_API int beluga_batch_job_sweep_start(beluga_chat_model *model, beluga_loop *loop,
                                            beluga_context *ctx, const char *name,
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

/**
 * Call beluga_batch_requests_add_n, beluga_batch_requests_add_embedding_n or
 * beluga_batch_job_create_n with options as further arguments.
 * @{
 */
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
inline int beluga_batch_requests_add_embedding(beluga_batch_requests *requests, const char *id,
                                               const char *const *texts, const size_t *lengths,
                                               size_t n, beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_batch_requests_add_embedding_n(requests, id, texts, lengths, n, err, list,
                                                 sizeof...(options));
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
#define beluga_batch_requests_add_embedding(requests, id, texts, lengths, n, ...)          \
    BELUGA_CALL_(beluga_batch_requests_add_embedding_n, (requests, id, texts, lengths, n), \
                 __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_batch_job_create(model, ctx, requests, name, job, ...)                       \
    BELUGA_CALL_(beluga_batch_job_create_n, (model, ctx, requests, name, job), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#endif
/** @} */

#endif
