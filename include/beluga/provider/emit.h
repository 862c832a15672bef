/**
 * @file provider/emit.h
 * What a provider says of a call: events, spans, and for full providers when to go on.
 * provider.h includes this.
 */
#ifndef BELUGA_PROVIDER_EMIT_H
#define BELUGA_PROVIDER_EMIT_H

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/message.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/* --- emitting events -------------------------------------------------------------------------
 * All return 0, or a negative code that the function that emits should return at once: the call was
 * cancelled, memory ran out, or a rule was broken (an event after the terminal one, a delta without
 * its begin, text that is not UTF-8). Content is copied where it must outlive the call.
 *
 * An emit is used in the function that was given it, on its thread: on the loop's, or in the work
 * of beluga_emit_run_blocking. From another thread, or when that function has returned, it does
 * nothing but make the call fail with invalid_response; when the call is over, nothing at all.
 * Other threads need an emit of beluga_emit_attach. */

/** Return the call that is being answered; NULL when it is over. */
BELUGA_API const beluga_call *beluga_emit_call(const beluga_emit *emit);
/**
 * Return the head (status and headers) of the answer that is being decoded, for what a body does
 * not tell, such as the Location of a 202; borrowed until the decoder returns. NULL for full
 * providers. Since: 0.1
 */
BELUGA_API const beluga_http_response *beluga_emit_response(const beluga_emit *emit);
/** Emit a piece of the answer; an empty one is left out. */
BELUGA_API int beluga_emit_text(beluga_emit *emit, const char *text, size_t length);
/** Emit a piece of the reasoning; an empty one is left out. */
BELUGA_API int beluga_emit_reasoning(beluga_emit *emit, const char *text, size_t length);
/** Emit the signature of the reasoning so far; a caller sends it back unchanged. */
BELUGA_API int beluga_emit_reasoning_signature(beluga_emit *emit, const char *signature,
                                               size_t length);
/**
 * End the reasoning so far as a block of its own, to which later text or a signature does not
 * belong. A signature may follow without text, for protocols that sign other parts than reasoning:
 * it stands before the text or tool call that it signs.
 */
BELUGA_API int beluga_emit_reasoning_end(beluga_emit *emit);
/**
 * Begin a tool call. At most 1,024 in an answer.
 *
 * @param index  Tells calls of one answer apart. For a call that is still open, a second begin with
 * another id is an error; with none, or the same, it does nothing.
 * @param id     NULL, "", or one that another call of the answer has: the library makes one up.
 * @param name   Of the tool; not "".
 */
BELUGA_API int beluga_emit_tool_call_begin(beluga_emit *emit, uint32_t index, const char *id,
                                           const char *name);
/** Emit a piece of the arguments of the call that began with `index`; an empty one is left out. */
BELUGA_API int beluga_emit_tool_call_delta(beluga_emit *emit, uint32_t index, const char *arguments,
                                           size_t length);
/** End a tool call; one that is not open does nothing. FINISH ends those that are still open. */
BELUGA_API int beluga_emit_tool_call_end(beluga_emit *emit, uint32_t index);
/** Emit a tool call that comes whole: its begin, one delta and its end. */
BELUGA_API int beluga_emit_tool_call(beluga_emit *emit, uint32_t index, const char *id,
                                     const char *name, const char *arguments, size_t length);
/**
 * Emit state: any JSON that the server wants back as it is, and that has no function of its own
 * here. It is kept with the answer under the provider's name. beluga_call_get_state gives it back
 * when the answer is part of a later call to the same provider; no other provider gets it.
 *
 * @param of     The part that it belongs to. BELUGA_PART_TEXT or BELUGA_PART_REASONING: the one at
 *               work, which ends with it. BELUGA_PART_TOOL_CALL: the call that began with `index`,
 *               whether it has ended or not. BELUGA_PART_STATE: a part of its own that stands where
 *               it was emitted.
 * @param index  Of the tool call; 0 for the others.
 * @param json   One JSON value; it replaces the state that the part or call had.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind, or NULL;
 * BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is not JSON, or the tool call never
 * began. Since: 0.1
 */
BELUGA_API int beluga_emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index,
                                 const char *json, size_t length);
/**
 * Emit an image, a sound or a file, whole: it is one event.
 *
 * @param kind        BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.
 * @param media_type  NULL or "": unknown.
 * @param data        Its content, `length` bytes; copied.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind, or NULL data;
 * BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, over 64 MiB. Since: 0.1
 */
BELUGA_API int beluga_emit_media(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                                 const void *data, size_t length);
/**
 * Emit an image, a sound or a file from its base64, as beluga_emit_media does.
 *
 * @return besides: BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is not base64.
 */
BELUGA_API int beluga_emit_media_base64(beluga_emit *emit, beluga_part_kind kind,
                                        const char *media_type, const char *base64, size_t length);
/** Emit an image, a sound or a file by its address, which is handed on as it is. */
BELUGA_API int beluga_emit_media_url(beluga_emit *emit, beluga_part_kind kind,
                                     const char *media_type, const char *url);
/**
 * Emit id, model and time of the answer (seconds since 1970); NULL and 0 mean unknown. The first
 * of each is kept.
 *
 * @param created  Seconds since 1970; 0: unknown.
 */
BELUGA_API int beluga_emit_metadata(beluga_emit *emit, const char *id, const char *model,
                                    int64_t created);
/**
 * Emit the tokens so far, not NULL; a count that is negative is unknown. After FINISH it is still
 * delivered before that. A usage of zeros does not replace one that counted.
 */
BELUGA_API int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage);
/** Warn of something that could not be expressed, as printf does; it becomes one line. */
BELUGA_API int beluga_emit_warning(beluga_emit *emit, const char *format, ...) BELUGA_PRINTF(2, 3);
/**
 * Do as beluga_emit_warning with a text instead of a format, for languages without C's variable
 * arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_warning_text(beluga_emit *emit, const char *text, size_t length);
/**
 * Emit the proof of completion. STOP after a tool call is delivered as TOOL_CALLS.
 *
 * An HTTP provider's is remembered until the body's end, and may come again: the last one holds. A
 * full provider's ends the call.
 *
 * @param raw  The provider's word; NULL: none.
 */
BELUGA_API int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw);
/**
 * Ask for another request of the same call, such as a poll of a job that this answer began. When
 * this answer's body has ended whole, or with BELUGA_DECODE_DONE, encode_request runs again and its
 * answer goes to the same decoders: their state and all that was emitted stay; tool calls that are
 * open end. An answer either finishes or asks: both in one end the call with invalid_response. The
 * last of several tokens holds. At most 10,000 a call; only HTTP providers.
 *
 * Each request has its own timeouts and retries, and the wait before it counts for none of them
 * (but for a total_timeout that was given); a
 * cancellation or the deadline ends it at once. A retry repeats the request that failed, with the
 * decoder's state as its bytes were then, and no request before it; but after an error that a
 * decoder emitted the call begins anew, if it has delivered nothing, or may restart. A replay does
 * not wait.
 *
 * A request to another origin (scheme, host, port) than base_url's, as a server may tell one, is
 * sent with what encode_request wrote and nothing else: neither key nor headers of model or caller.
 *
 * @param token     For beluga_http_request_token; not empty, at most 16 KiB; copied.
 * @param delay_ms  Time to wait before it; 0 or less: none. More than a minute is a minute.
 * @return besides: BELUGA_ERROR_INVALID_INPUT no token, or a list of models;
 * BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, a longer token; BELUGA_ERROR_NOT_SUPPORTED a
 * full provider. Since: 0.1
 */
BELUGA_API int beluga_emit_next_request(beluga_emit *emit, const char *token, int64_t delay_ms);
/**
 * Write the URL that a reference in this answer means, such as the header "Location" of a 202,
 * which may be "/v1/jobs/7" or "7?wait=1": a token for beluga_emit_next_request, of which
 * encode_request makes the request with beluga_http_request_set_url. It is resolved against the
 * URL of the request that was answered (RFC 3986), and loses a fragment. Whether it can be sent is
 * seen when it is: if not, the call ends with invalid_response.
 *
 * @param reference  Ended by NUL. NULL or empty ends the call with invalid_response.
 * @param url, size  Receives it, ended by NUL; 16 KiB are always enough.
 * @return besides: BELUGA_ERROR_INVALID_RESPONSE no reference, and BELUGA_ERROR_LIMIT_EXCEEDED the
 * URL does not fit, both of which end the call; BELUGA_ERROR_NOT_SUPPORTED a full provider.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_resolve_url(beluga_emit *emit, const char *reference, char *url,
                                       size_t size);
/** Fail the call; provider, model and operation are filled in. @return the error's code. */
BELUGA_API int beluga_emit_error(beluga_emit *emit, const beluga_error *error);
/**
 * Fail the call with an error that is made of its parts, as printf does.
 *
 * @param provider_code  NULL: none.
 * @return `code`.
 */
BELUGA_API int beluga_emit_failure(beluga_emit *emit, int code, const char *provider_code,
                                   const char *format, ...) BELUGA_PRINTF(4, 5);
/**
 * Do as beluga_emit_failure with a text instead of a format, for languages without C's variable
 * arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_failure_text(beluga_emit *emit, int code, const char *provider_code,
                                        const char *text, size_t length);
/**
 * Emit one name of a list of models; it becomes one line (beluga_text_to_line). With facts:
 * beluga_emit_model_info.
 */
BELUGA_API int beluga_emit_model(beluga_emit *emit, const char *name, size_t length);
/**
 * Ask for the next page of a list of models: encode_list_models makes another request, for which
 * beluga_call_page is this token. At most 1,000 pages; not for full providers. In a call that
 * counts tokens encode_count makes the other request. To another origin than base_url's the
 * request goes without the key, as that of beluga_emit_next_request does.
 */
BELUGA_API int beluga_emit_next_page(beluga_emit *emit, const char *token);

/**
 * Add an attribute to the span of the attempt, for facts that only a provider knows. Name and text
 * are copied. Without telemetry it does nothing.
 *
 * @return besides: BELUGA_ERROR_INVALID_INPUT no name, or a NULL text. Since: 0.1
 * @{
 */
BELUGA_API int beluga_span_set_string(beluga_emit *emit, const char *name, const char *value);
BELUGA_API int beluga_span_set_int(beluga_emit *emit, const char *name, int64_t value);
BELUGA_API int beluga_span_set_double(beluga_emit *emit, const char *name, double value);
BELUGA_API int beluga_span_set_bool(beluga_emit *emit, const char *name, bool value);
/** @} */
/**
 * Measure something: add to a counter, or record into a histogram, in which seconds have the
 * buckets of the library's own. The metric has provider and model beside it. The first use of a
 * name fixes kind and unit. Without telemetry it does nothing.
 *
 * @param unit  UCUM ("s", "By", "{request}"), or NULL.
 * @return besides: BELUGA_ERROR_INVALID_INPUT no name, NaN, or less than 0 for a counter.
 * Since: 0.1
 * @{
 */
BELUGA_API int beluga_counter_add(beluga_emit *emit, const char *name, const char *unit,
                                  double value);
BELUGA_API int beluga_histogram_record(beluga_emit *emit, const char *name, const char *unit,
                                       double value);
/** @} */

/**
 * Parse JSON inside a decoder, in memory that the next event reuses.
 *
 * @param root  Borrowed until the decoder returns, or parses again. NULL on failure.
 * @return 0; BELUGA_ERROR_MALFORMED_RESPONSE, which the decoder should return;
 * BELUGA_ERROR_LIMIT_EXCEEDED; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in work that
 * blocks (beluga_json_parse is for that).
 */
BELUGA_API int beluga_emit_parse(beluga_emit *emit, const char *text, size_t length,
                                 const beluga_json **root);
/**
 * Write a value of that parse as JSON, in the same memory.
 *
 * @return the text, NUL-terminated; NULL when out of memory.
 */
BELUGA_API const char *beluga_emit_json_text(beluga_emit *emit, const beluga_json *value,
                                             size_t *length);

/* For full providers. */

/**
 * Return zeroed memory that lives as long as the call, or NULL; NULL too in work that blocks.
 *
 * @param size  Bytes.
 */
BELUGA_API void *beluga_emit_alloc(beluga_emit *emit, size_t size);
/**
 * Call `next` on the loop later, unless the call ends before. One at a time.
 *
 * @param delay_ms  0 or less: in the loop's next turn.
 * @param next      Returns 0, or a negative code that ends the call.
 * @return besides: BELUGA_ERROR_INVALID_INPUT one waits already, or NULL;
 * BELUGA_ERROR_NOT_SUPPORTED an HTTP provider, or in work that blocks.
 */
BELUGA_API int beluga_emit_after(beluga_emit *emit, int64_t delay_ms,
                                 int (*next)(beluga_emit *emit, void *argument), void *argument);
/**
 * Run work that blocks on the executor. One at a time.
 *
 * The work may emit from there, and its events come back on the loop; it waits while over 1 MiB of
 * them are under way. After cancellation emitting returns context_canceled, and
 * beluga_emit_is_cancelled tells.
 *
 * @param work      Returns 0, or a negative code that ends the call.
 * @param argument  Must live until `work` returned, cancelled or not.
 * @param release   Called when `work` has returned, on its thread; NULL: not needed.
 * @return 0; otherwise neither is called: BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_INVALID_INPUT one
 * runs already, or NULL; BELUGA_ERROR_NOT_SUPPORTED an HTTP provider; the executor's own code.
 */
BELUGA_API int beluga_emit_run_blocking(beluga_emit *emit,
                                        int (*work)(beluga_emit *emit, void *argument),
                                        void *argument, void (*release)(void *argument));

/**
 * Make an emit for threads of your own, such as those of an engine in the process. They may emit
 * with it until beluga_emit_detach, and the call goes on until then. What they emit is copied and
 * comes back on the loop; emitting waits while over 1 MiB is under way (beluga_emit_has_room tells
 * before), but on a thread that runs a loop, where it fails with invalid_input. One at a time, and
 * not beside work that blocks.
 *
 * After the call is over, emitting returns context_canceled, which an engine should heed soon: the
 * emit keeps the call, its messages and the client until it is detached, and beluga_client_close
 * waits for that. No thread outside of start, or of what beluga_emit_after called, may attach.
 *
 * @param attached  Receives the emit; NULL on failure. Several threads may use it at once; the
 * order of their events is theirs. For events, beluga_emit_call, beluga_emit_is_cancelled,
 * beluga_emit_has_room and beluga_emit_detach.
 * @param wake      Called on the loop's thread when there is room again after beluga_emit_has_room
 * said no, and when the call is over; it must not block. It may still be called once when the emit
 * is detached already. NULL: not needed.
 * @param argument  Passed to `wake` and `release`.
 * @param release   Called once, on any thread, when `wake` will not be called any more; NULL: not
 * needed.
 * @return 0; otherwise neither is called: BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_INVALID_INPUT one is
 * attached or work runs already; BELUGA_ERROR_NOT_SUPPORTED an HTTP provider, or another thread.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_attach(beluga_emit *emit, beluga_emit **attached,
                                  void (*wake)(void *argument), void *argument,
                                  void (*release)(void *argument));
/**
 * End an emit of beluga_emit_attach, once, also when the call is over long since: as work that
 * blocks ends when it returns. Without FINISH before, the call ends with stream_closed.
 *
 * @param status  0; or a negative code that ends the call.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API void beluga_emit_detach(beluga_emit *attached, int status);
/**
 * Return whether emitting with an emit of beluga_emit_attach would not wait; when it says no,
 * `wake` tells when to come back. True when the call is over, since emitting returns at once then,
 * and for any other emit.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_has_room(beluga_emit *emit);

/**
 * Return whether the call is over, so that work may stop: it was cancelled in whatever way, its
 * context was cancelled or is past its deadline, or a timeout ended it. Work that emits rarely
 * should ask now and then, since nothing else can stop its thread.
 *
 * Threads: where the emit may be used. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_is_cancelled(beluga_emit *emit);

/**
 * Return a random number, for jitter or ids; never for secrets. Threads: only the loop's thread.
 */
BELUGA_API uint64_t beluga_emit_random(beluga_emit *emit);

BELUGA_END_DECLS
#endif
