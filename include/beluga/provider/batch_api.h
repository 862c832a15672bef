/**
 * @file provider/batch_api.h
 * What an HTTP provider needs for batch jobs (batch_job.h): one table, to which its own table's
 * `batch` points. provider.h includes it; its rules for reading calls and for emitting hold here.
 *
 * All functions are pure, as those of provider.h are. A function may ask for another request of its
 * call with beluga_emit_next_request, such as to create a job of a file that was uploaded; the
 * encoder of the same call then runs once more, and beluga_http_request_token tells it which
 * request it is.
 */
#ifndef BELUGA_PROVIDER_BATCH_API_H
#define BELUGA_PROVIDER_BATCH_API_H

#include <beluga/batch_job.h>
#include <beluga/common.h>
#include <beluga/provider/call.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>

/** A request of a job, as `put_request` writes it. Borrowed for the call. */
typedef struct beluga_batch_request {
    size_t size;             /**< sizeof(beluga_batch_request) */
    const char *id;          /**< 1 to 64 of A–Z a–z 0–9 _ - */
    const char *path;        /**< that encode_request set, such as "/chat/completions" */
    const char *url;         /**< the whole URL that it set */
    const char *method;      /**< that it set, mostly "POST" */
    const char *body;        /**< the JSON that it wrote */
    size_t length;           /**< bytes of body */
    const beluga_call *call; /**< the call that it encoded */
    const void *reserved[3];
} beluga_batch_request;

/**
 * The batch API of a provider. Append-only, as the provider's table. Borrowed for ever; of a table
 * with a smaller `size` than the library's, the registry keeps a completed copy. A provider with
 * one has decode_response; registering it fails where a required function is missing.
 */
typedef struct beluga_batch_api {
    size_t size;           /**< sizeof(beluga_batch_api) */
    uint64_t max_requests; /**< of a job; 0: unknown */
    uint64_t max_bytes;    /**< of a job's requests; 0: unknown. At most 256 MiB are sent */
    double price_factor;   /**< the price beside that of a request alone; 0: the same */
    bool keeps_names;      /**< a job tells the name that it was created with */
    bool one_model;        /**< all requests of a job ask the same model */

    /**
     * Write a request as one value of JSON, which becomes a line of the job's file or an item of
     * its list. Required.
     * @return 0; or a negative code with detail in `err`.
     */
    int (*put_request)(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err);
    /**
     * Fill the request that a call is about; beluga_call_kind says which: BELUGA_CALL_BATCH_CREATE
     * (beluga_call_batch_name, beluga_call_batch_requests), BELUGA_CALL_BATCH_LIST
     * (beluga_call_page), and of the job beluga_call_batch_id BELUGA_CALL_BATCH_GET, …_CANCEL,
     * …_RESULTS and …_DELETE. Required, each of them; encode_delete may be NULL.
     * @return as encode_request.
     * @{
     */
    int (*encode_create)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    int (*encode_get)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    int (*encode_list)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    int (*encode_cancel)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    int (*encode_results)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    int (*encode_delete)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /** @} */
    /**
     * Decode an answer to any of these (beluga_call_kind of beluga_emit_call says to which): emit
     * the job it tells of (beluga_emit_batch_job), the jobs of a list and beluga_emit_next_page, or
     * ask for the next request. Required. For BELUGA_CALL_BATCH_RESULTS it gets the answer to the
     * first request, and decode_result those to the others; it may emit results, too, where they
     * stand in the job itself. In a call that deletes, length is 0 for a
     * refusal that is not_found, as decode_error may say: what was to be deleted is not there.
     * @param state  Of `state_size` bytes, zeroed for the first request of a call; see provider.h.
     * @return as decode_response. FINISH is emitted by the library.
     */
    int (*decode_job)(void *state, const char *body, size_t length, beluga_emit *emit);
    /**
     * Decode a line of a file of results: emit its result (beluga_emit_batch_result or
     * beluga_emit_batch_failure). Required. A line for which this returns malformed_response or
     * invalid_response is passed over, where other lines of the file can be read.
     * @return as decode_response.
     */
    int (*decode_result)(void *state, const char *line, size_t length, beluga_emit *emit);
    /**
     * A file of results is at its end: ask for the next one, if there is one. Optional.
     * @return as decode_response.
     */
    int (*decode_results_end)(void *state, beluga_emit *emit);
    /** Bytes of decoder state a call, at most 64 KiB. */
    size_t state_size;
    const void *reserved[4];
} beluga_batch_api;

BELUGA_BEGIN_DECLS

/** Return the id of the job that a call is about, or NULL. Since: 0.1 */
BELUGA_API const char *beluga_call_batch_id(const beluga_call *call);
/** Return the name of the job that a call creates, or NULL. Since: 0.1 */
BELUGA_API const char *beluga_call_batch_name(const beluga_call *call);
/**
 * Return the requests of the job that a call creates: what put_request wrote, a line each, with a
 * newline behind each; NULL for calls of other kinds.
 *
 * @param length  Receives its length in bytes; NULL allowed. Since: 0.1
 */
BELUGA_API const char *beluga_call_batch_requests(const beluga_call *call, size_t *length);

/**
 * Emit what the service says of a job.
 *
 * @param job  Borrowed for the call. Set its `size`, and -1 where a number of requests is unknown;
 *             a NULL string is "".
 * @return besides: BELUGA_ERROR_INVALID_INPUT a call of another kind;
 * BELUGA_ERROR_INVALID_RESPONSE, which ends the call, a job without an id. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_job(beluga_emit *emit, const beluga_batch_job *job);
/**
 * Emit the result of a request as the service gives it: an answer for decode_response, or a refusal
 * for decode_error.
 *
 * @param id      Of the request; NUL-terminated.
 * @param status  The HTTP status that it would have had: 200, or 400 to 599. One that is no status
 *                makes an error of this result.
 * @param body    The JSON of the answer, borrowed for the call.
 * @return besides: BELUGA_ERROR_INVALID_INPUT a call that fetches no results;
 * BELUGA_ERROR_INVALID_RESPONSE a result without an id, whose line is passed over. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_result(beluga_emit *emit, const char *id, int status,
                                        const char *body, size_t length);
/**
 * Emit that a request has no answer, for a reason that has no status.
 *
 * @param code           A beluga_error_code.
 * @param provider_code  The service's word, such as "expired" or "cancelled"; NULL: none.
 * @param message        For people; NULL: the generic words of the code.
 * @return as beluga_emit_batch_result. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_failure(beluga_emit *emit, const char *id, int code,
                                         const char *provider_code, const char *message);

BELUGA_END_DECLS
#endif
