/**
 * @file provider/batch_api.h
 * What an HTTP provider needs for batch jobs (batch_job.h): a table of functions, to which `batch`
 * in the provider's own table points. provider.h includes this header; the rules of call.h for
 * reading calls and of emit.h for emitting also apply here.
 *
 * All functions are pure, as in provider.h. A decoder may ask for another request in the same call
 * with beluga_emit_next_request, for example to create a job from a file that was uploaded; the
 * encoder of the call then runs again, and beluga_http_request_token tells it which request to
 * make.
 */
#ifndef BELUGA_PROVIDER_BATCH_API_H
#define BELUGA_PROVIDER_BATCH_API_H

#include <beluga/batch_job.h>
#include <beluga/common.h>
#include <beluga/provider/call.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>

/** A request of a job, to be written by `put_request`. Borrowed until the function returns. */
typedef struct beluga_batch_request {
    size_t size;             /**< sizeof(beluga_batch_request) */
    const char *id;          /**< the request's id: 1 to 64 characters A–Z a–z 0–9 _ - */
    const char *path;        /**< the path that encode_request set, such as "/chat/completions" */
    const char *url;         /**< the whole URL that encode_request set */
    const char *method;      /**< the method that encode_request set, mostly "POST" */
    const char *body;        /**< the JSON body that encode_request wrote */
    size_t length;           /**< length of `body` in bytes */
    const beluga_call *call; /**< the call that was encoded */
    const void *reserved[3];
} beluga_batch_request;

/**
 * The batch API of a provider. Later versions append members, as in the provider's table; if a
 * table has a smaller `size` than the library's, the registry makes a copy in which the missing
 * members are 0. Borrowed for ever. A provider with a batch API also needs decode_response.
 * Registering it fails if a required function is missing.
 */
typedef struct beluga_batch_api {
    size_t size;           /**< sizeof(beluga_batch_api) */
    uint64_t max_requests; /**< most requests in a job; 0: unknown */
    uint64_t max_bytes;    /**< most bytes in a job; 0: unknown. At most 256 MiB are sent */
    double price_factor;   /**< price compared with single requests: 0.5 is half; 0: the same */
    bool keeps_names;      /**< the service stores the name with which a job was created */
    bool one_model;        /**< all requests of a job must ask the same model */

    /**
     * Write a request as one JSON value, which becomes a line of the job's file or an item in the
     * job's list of requests. Required.
     * @return 0; or a negative code with detail in `err`.
     */
    int (*put_request)(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err);
    /**
     * Fill the HTTP request for a call about batch jobs. Each function is for one kind of call
     * (beluga_call_kind) and gets its data from these functions: encode_create from
     * beluga_call_batch_name and beluga_call_batch_requests, encode_list from beluga_call_page, and
     * the others from beluga_call_batch_id. All are required except encode_delete.
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
     * Decode an answer to any of these requests (beluga_call_kind of beluga_emit_call says to
     * which): emit the job in it (beluga_emit_batch_job), or for a list all jobs in it and
     * beluga_emit_next_page, or ask for the next request. Required. In a call for results it
     * decodes the answer to the first request, and decode_result the answers to the others; if the
     * job itself contains results, emit them here. In a call that deletes a job, `length` is 0 if
     * the service refused the request with not_found (decode_error may set this code), because the
     * data does not exist any more.
     * @param state  Memory of `state_size` bytes, zeroed for the first request of a call; see
     * provider.h.
     * @return as decode_response. FINISH is emitted by the library.
     */
    int (*decode_job)(void *state, const char *body, size_t length, beluga_emit *emit);
    /**
     * Decode one line of a file of results: emit its result with beluga_emit_batch_result or
     * beluga_emit_batch_failure. Required. A line for which this function returns
     * malformed_response or invalid_response is skipped, if other lines of the file can be decoded.
     * @return as decode_response.
     */
    int (*decode_result)(void *state, const char *line, size_t length, beluga_emit *emit);
    /**
     * A file of results has ended: ask for the next file, if there is one. Optional.
     * @return as decode_response.
     */
    int (*decode_results_end)(void *state, beluga_emit *emit);
    /** Bytes of decoder state for each call, at most 64 KiB. */
    size_t state_size;
    /**
     * Say whether the request that encode_create writes for this token (NULL: the first request)
     * creates the job. Such a request is repeated only if it was refused or never sent. The others,
     * such as an upload, are repeated after a failure as in other calls: from the first one, if the
     * token is a URL, since the service may have used it up. Needed if creating a job takes several
     * requests: without this function, each counts as one that creates the job, so that a failed
     * upload leaves open whether there is a job.
     */
    bool (*creates_job)(const char *token);
    /**
     * Fill the HTTP request that finds and deletes the files which encode_create uploaded for a job
     * that was never created, or has ended (beluga_call_batch_name). decode_job reads the answers;
     * as in a call that deletes a job, `length` is 0 after not_found. Optional.
     * @return as encode_request.
     */
    int (*encode_sweep)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Most texts that a job may embed, in all its requests together; UINT64_MAX: no limit of its
     * own. 0: jobs can't embed texts. Otherwise put_request also gets requests that encode_embed
     * wrote, encode_create asks beluga_call_batch_kind, and decode_result emits vectors with
     * beluga_emit_batch_embedding. Needs encode_embed and decode_embed. Since: 0.1
     */
    uint64_t max_inputs;
    const void *reserved[1];
} beluga_batch_api;

BELUGA_BEGIN_DECLS

/** Return the id of the job that a call is about, or NULL. Since: 0.1 */
BELUGA_API const char *beluga_call_batch_id(const beluga_call *call);
/** Return the name of the job that a call creates, or whose files it sweeps, or NULL. Since: 0.1 */
BELUGA_API const char *beluga_call_batch_name(const beluga_call *call);
/**
 * Return the requests of the job that a call creates: the values that put_request wrote, each on a
 * line that ends with a newline; NULL for calls of other kinds.
 *
 * @param length  Receives its length in bytes; NULL allowed. Since: 0.1
 */
BELUGA_API const char *beluga_call_batch_requests(const beluga_call *call, size_t *length);
/**
 * Return the kind of the requests of the job that a call creates: BELUGA_CALL_ANSWER, or
 * BELUGA_CALL_EMBED if they embed texts. All requests of a job have the same kind. For the call of
 * a request (beluga_batch_request) it returns the kind of that request. Since: 0.1
 */
BELUGA_API beluga_kind_of_call beluga_call_batch_kind(const beluga_call *call);

/**
 * Emit what the service reports about a job.
 *
 * @param job  Borrowed until the function returns. Set its `size`, and set numbers of requests that
 * are unknown to -1. A string that is NULL counts as "".
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the call is not about a
 * job; BELUGA_ERROR_INVALID_RESPONSE, which ends the call, if the job has no id. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_job(beluga_emit *emit, const beluga_batch_job *job);
/**
 * Emit the result of a request as the service sent it: an answer, which decode_response then
 * decodes, or a refusal for decode_error.
 *
 * @param id      The id of the request; NUL-terminated.
 * @param status  The HTTP status that the answer would have had: 200, or 400 to 599. With any other
 * number the result becomes an error.
 * @param body    The JSON of the answer, borrowed until the function returns.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the call does not fetch
 * results; BELUGA_ERROR_INVALID_RESPONSE if the result has no id, in which case its line is
 * skipped. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_result(beluga_emit *emit, const char *id, int status,
                                        const char *body, size_t length);
/**
 * Emit the result of a request that embedded texts, as the service sent it: decode_embed then
 * decodes it. Refusals are emitted with beluga_emit_batch_result.
 *
 * @param id, body, length  As for beluga_emit_batch_result.
 * @return as beluga_emit_batch_result. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_embedding(beluga_emit *emit, const char *id, const char *body,
                                           size_t length);
/**
 * Emit the failure of a request that has no answer and no HTTP status.
 *
 * @param code           A beluga_error_code.
 * @param provider_code  The service's own code, such as "expired" or "cancelled"; NULL: none.
 * @param message        Text for a person; NULL: the general text of the code.
 * @return as beluga_emit_batch_result. Since: 0.1
 */
BELUGA_API int beluga_emit_batch_failure(beluga_emit *emit, const char *id, int code,
                                         const char *provider_code, const char *message);

BELUGA_END_DECLS
#endif
