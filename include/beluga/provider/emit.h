/**
 * @file provider/emit.h
 * Functions with which a provider reports events and spans of a call, and with which a full
 * provider arranges its further work. provider.h includes this header.
 */
#ifndef BELUGA_PROVIDER_EMIT_H
#define BELUGA_PROVIDER_EMIT_H

#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/message.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/* --- emitting events -------------------------------------------------------------------------- */

/*
 * All emitting functions return 0, or a negative code that the provider's function should return at
 * once: the call was cancelled, memory ran out, or a rule was broken (an event after the terminal
 * one, a delta without its begin, text that is not UTF-8). Content is copied if it must stay valid
 * after the function.
 *
 * An emit may be used only in the provider's function that received it, and on that function's
 * thread: the loop's thread, or the one that runs the work of beluga_emit_run_blocking. If it is
 * used on another thread or after that function has returned, the call fails with invalid_response;
 * after the end of the call nothing happens. Other threads need an emit of beluga_emit_attach.
 */

/** Return the call that is being answered; NULL after the end of the call. */
BELUGA_API const beluga_call *beluga_emit_call(const beluga_emit *emit);
/**
 * Return the head (status and headers) of the answer that is being decoded, for facts that the body
 * does not contain, such as the Location of a 202; borrowed until the decoder returns. NULL for
 * full providers. Since: 0.1
 */
BELUGA_API const beluga_http_response *beluga_emit_response(const beluga_emit *emit);
/** Emit a piece of the answer's text; an empty piece is ignored. */
BELUGA_API int beluga_emit_text(beluga_emit *emit, const char *text, size_t length);
/** Emit a piece of the reasoning; an empty piece is ignored. */
BELUGA_API int beluga_emit_reasoning(beluga_emit *emit, const char *text, size_t length);
/** Emit the signature of the reasoning so far. A later call sends it back unchanged. */
BELUGA_API int beluga_emit_reasoning_signature(beluga_emit *emit, const char *signature,
                                               size_t length);
/**
 * End the current block of reasoning; later reasoning or signatures belong to a new block. A
 * signature without reasoning may follow, for protocols that sign other parts: it comes before the
 * text or tool call that it signs.
 */
BELUGA_API int beluga_emit_reasoning_end(beluga_emit *emit);
/**
 * Begin a tool call. At most 1,024 in an answer.
 *
 * @param index  Identifies the tool call within the answer. A second begin for a tool call that is
 * still open does nothing if it has the same id or none; with another id it is an error.
 * @param id     Id of the tool call. If it is NULL, "" or used by another tool call of the answer,
 * the library makes an id.
 * @param name   Name of the tool; not "".
 */
BELUGA_API int beluga_emit_tool_call_begin(beluga_emit *emit, uint32_t index, const char *id,
                                           const char *name);
/** Emit a piece of the arguments of tool call `index`; an empty piece is ignored. */
BELUGA_API int beluga_emit_tool_call_delta(beluga_emit *emit, uint32_t index, const char *arguments,
                                           size_t length);
/**
 * End a tool call; for a tool call that is not open it does nothing. FINISH ends all tool calls
 * that are still open.
 */
BELUGA_API int beluga_emit_tool_call_end(beluga_emit *emit, uint32_t index);
/** Emit a whole tool call: its begin, one delta and its end. */
BELUGA_API int beluga_emit_tool_call(beluga_emit *emit, uint32_t index, const char *id,
                                     const char *name, const char *arguments, size_t length);
/**
 * Emit state: any JSON that the server wants to get back unchanged, and for which there is no other
 * function here. It is stored with the answer under the provider's name. When the answer is part of
 * a later call to the same provider, beluga_call_get_state returns it; other providers do not get
 * it.
 *
 * @param of     The part that the state belongs to. BELUGA_PART_TEXT or BELUGA_PART_REASONING: the
 * current part of that kind, which this function ends. BELUGA_PART_TOOL_CALL: the tool call that
 * began with `index`, whether it has ended or not. BELUGA_PART_STATE: the state becomes a part of
 * its own at this place of the answer.
 * @param index  Index of the tool call; 0 for other parts.
 * @param json   One JSON value, which replaces an earlier state of the part or tool call.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if `of` is another kind, or
 * `json` is NULL; BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, if `json` is not JSON, or
 * the tool call never began. Since: 0.1
 */
BELUGA_API int beluga_emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index,
                                 const char *json, size_t length);
/**
 * Emit a whole image, sound or file, as one event.
 *
 * @param kind        BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.
 * @param media_type  NULL or "": unknown.
 * @param data        The content, `length` bytes; copied.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if `kind` is another one or
 * `data` is NULL; BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, if it is larger than 64 MiB.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_media(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                                 const void *data, size_t length);
/**
 * Emit an image, a sound or a file from its base64, as beluga_emit_media does.
 *
 * @return as all emitting functions; also BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, if
 * the text is not base64.
 */
BELUGA_API int beluga_emit_media_base64(beluga_emit *emit, beluga_part_kind kind,
                                        const char *media_type, const char *base64, size_t length);
/** Emit an image, a sound or a file by its address, which the caller gets unchanged. */
BELUGA_API int beluga_emit_media_url(beluga_emit *emit, beluga_part_kind kind,
                                     const char *media_type, const char *url);
/**
 * Emit the id, model and time of the answer; NULL and 0 mean unknown. The first known value of each
 * is kept.
 *
 * @param created  Seconds since 1970; 0: unknown.
 */
BELUGA_API int beluga_emit_metadata(beluga_emit *emit, const char *id, const char *model,
                                    int64_t created);
/**
 * Emit the token counts so far. `usage` is not NULL; negative counts are unknown. A usage that
 * comes after FINISH is still delivered, before the FINISH event. A usage of zeros does not replace
 * one with other counts.
 */
BELUGA_API int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage);
/**
 * Emit a warning about something that could not be expressed. The format is as for printf; the text
 * becomes one line.
 */
BELUGA_API int beluga_emit_warning(beluga_emit *emit, const char *format, ...) BELUGA_PRINTF(2, 3);
/**
 * Do the same as beluga_emit_warning with a text instead of a format, for languages without C's
 * variable arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_warning_text(beluga_emit *emit, const char *text, size_t length);
/**
 * Emit FINISH, after the answer's proof of completion. The reason STOP after a tool call is
 * delivered as TOOL_CALLS.
 *
 * For an HTTP provider the library keeps FINISH until the end of the body; it may be emitted again,
 * and the last one counts. For a full provider it ends the call.
 *
 * @param raw  The provider's own word for the reason; NULL: none.
 */
BELUGA_API int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw);
/**
 * Ask for another request in the same call, such as a poll of a job that this answer started. When
 * the body of this answer has ended completely, or with BELUGA_DECODE_DONE, encode_request runs
 * again, and the next answer goes to the same decoders: their state and everything that was emitted
 * are kept, but open tool calls are ended. An answer must either finish or ask for another request:
 * if it does both, the call ends with invalid_response. If it asks several times, the last token
 * counts. Only for HTTP providers, and at most 10,000 requests in a call.
 *
 * Each request has its own timeouts and retries. The wait before a request does not count for its
 * timeouts, except for a total_timeout that was set; a cancellation or the deadline ends the wait
 * at once. A retry repeats only the request that failed, with the decoder's state as it was before
 * that request. But after an error that a decoder emitted, the call starts again from its first
 * request, if nothing was delivered yet or restarts are allowed. A replay of a cassette waits only
 * if its `realtime` is set.
 *
 * If a request goes to another origin (scheme, host, port) than that of base_url, for example to a
 * URL from an answer, it is sent only with what encode_request wrote: neither with the key nor with
 * headers of the model or the caller.
 *
 * @param token     The token that beluga_http_request_token returns for the next request; not
 * empty, at most 16 KiB; copied.
 * @param delay_ms  Time to wait before the request, in milliseconds; 0 or less: no wait. A longer
 * time than a minute counts as a minute.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if there is no token, or the
 * call lists models; BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, if the token is too long;
 * BELUGA_ERROR_NOT_SUPPORTED for a full provider. Since: 0.1
 */
BELUGA_API int beluga_emit_next_request(beluga_emit *emit, const char *token, int64_t delay_ms);
/**
 * Resolve a URL reference in this answer, such as "/v1/jobs/7" or "7?wait=1" in the header
 * "Location" of a 202. The result can be used as a token for beluga_emit_next_request;
 * encode_request then passes it to beluga_http_request_set_url. It is resolved against the URL of
 * the request that was answered (RFC 3986), without a fragment. Whether it is a URL that can be
 * requested is checked when the request is made; if not, the call ends with invalid_response.
 *
 * @param reference  The reference, ended by NUL. If it is NULL or empty, the call ends with
 * invalid_response.
 * @param url, size  Receives the URL, ended by NUL; 16 KiB are always enough.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_RESPONSE, which ends the call, if
 * there is no reference; BELUGA_ERROR_LIMIT_EXCEEDED, which also ends the call, if the URL does not
 * fit; BELUGA_ERROR_NOT_SUPPORTED for a full provider. Since: 0.1
 */
BELUGA_API int beluga_emit_resolve_url(beluga_emit *emit, const char *reference, char *url,
                                       size_t size);
/**
 * Fail the call with this error; the library fills in provider, model and operation.
 * @return the error's code.
 */
BELUGA_API int beluga_emit_error(beluga_emit *emit, const beluga_error *error);
/**
 * Fail the call with an error that is made from a code and a message; `format` is as for printf.
 *
 * @param provider_code  NULL: none.
 * @return `code`.
 */
BELUGA_API int beluga_emit_failure(beluga_emit *emit, int code, const char *provider_code,
                                   const char *format, ...) BELUGA_PRINTF(4, 5);
/**
 * Do the same as beluga_emit_failure with a text instead of a format, for languages without C's
 * variable arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_failure_text(beluga_emit *emit, int code, const char *provider_code,
                                        const char *text, size_t length);
/**
 * Emit the name of one model of a list; it becomes one line (beluga_text_to_line). To emit facts
 * about the model, too, use beluga_emit_model_info.
 */
BELUGA_API int beluga_emit_model(beluga_emit *emit, const char *name, size_t length);
/**
 * Ask for the next page of a list of models: encode_list_models (or encode_count in a call that
 * counts tokens) then makes another request, for which beluga_call_page returns this token. At most
 * 1,000 pages; not for full providers. If the request goes to another origin than that of base_url,
 * it is sent without the key, as for beluga_emit_next_request.
 */
BELUGA_API int beluga_emit_next_page(beluga_emit *emit, const char *token);

/**
 * Add an attribute to the span of the attempt, for facts that only a provider knows. The name and a
 * text are copied. Without telemetry it does nothing.
 *
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the name is missing or a
 * text is NULL. Since: 0.1
 * @{
 */
BELUGA_API int beluga_span_set_string(beluga_emit *emit, const char *name, const char *value);
BELUGA_API int beluga_span_set_int(beluga_emit *emit, const char *name, int64_t value);
BELUGA_API int beluga_span_set_double(beluga_emit *emit, const char *name, double value);
BELUGA_API int beluga_span_set_bool(beluga_emit *emit, const char *name, bool value);
/** @} */
/**
 * Report a measurement: add to a counter, or record a value in a histogram. A histogram in seconds
 * has the same buckets as the library's own. The metric gets the provider and the model as
 * attributes. The first use of a name determines its kind and unit. Without telemetry it does
 * nothing.
 *
 * @param unit  UCUM ("s", "By", "{request}"), or NULL.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if the name is missing, or the
 * value is NaN, or less than 0 for a counter. Since: 0.1
 * @{
 */
BELUGA_API int beluga_counter_add(beluga_emit *emit, const char *name, const char *unit,
                                  double value);
BELUGA_API int beluga_histogram_record(beluga_emit *emit, const char *name, const char *unit,
                                       double value);
/** @} */

/**
 * Parse JSON in a decoder. The memory is reused for the next event.
 *
 * @param root  Borrowed until the decoder returns or calls this function again. NULL on failure.
 * @return 0; BELUGA_ERROR_MALFORMED_RESPONSE, which the decoder should return;
 * BELUGA_ERROR_LIMIT_EXCEEDED if it is nested too deeply; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_NOT_SUPPORTED in work of beluga_emit_run_blocking (use beluga_json_parse there).
 */
BELUGA_API int beluga_emit_parse(beluga_emit *emit, const char *text, size_t length,
                                 const beluga_json **root);
/**
 * Write a value of beluga_emit_parse as JSON text, in the same memory.
 *
 * @return the text, NUL-terminated; NULL when out of memory.
 */
BELUGA_API const char *beluga_emit_json_text(beluga_emit *emit, const beluga_json *value,
                                             size_t *length);

/* For full providers. */

/**
 * Return zeroed memory that stays valid until the call has ended, or NULL when out of memory;
 * always NULL in work of beluga_emit_run_blocking.
 *
 * @param size  Bytes.
 */
BELUGA_API void *beluga_emit_alloc(beluga_emit *emit, size_t size);
/**
 * Call `next` on the loop later, unless the call ends before. Only one function can be waiting at a
 * time.
 *
 * @param delay_ms  Milliseconds; 0 or less: in the loop's next step.
 * @param next      Returns 0, or a negative code that ends the call.
 * @return as all emitting functions; also BELUGA_ERROR_INVALID_INPUT if a function waits already,
 * or `next` is NULL; BELUGA_ERROR_NOT_SUPPORTED for an HTTP provider, or in work of
 * beluga_emit_run_blocking.
 */
BELUGA_API int beluga_emit_after(beluga_emit *emit, int64_t delay_ms,
                                 int (*next)(beluga_emit *emit, void *argument), void *argument);
/**
 * Run blocking work on the executor. Only one such work can run in a call at a time.
 *
 * The work may emit events, which are delivered on the loop; emitting blocks while more than 1 MiB
 * of events have not been delivered. After a cancellation, emitting returns context_canceled, and
 * beluga_emit_is_cancelled returns true.
 *
 * @param work      Returns 0, or a negative code that ends the call.
 * @param argument  Must stay valid until `work` has returned, even if the call is cancelled.
 * @param release   Called on the same thread when `work` has returned; NULL: not needed.
 * @return 0; otherwise neither function is called: BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_INVALID_INPUT if other work runs already, or `work` is NULL;
 * BELUGA_ERROR_NOT_SUPPORTED for an HTTP provider; the executor's own code.
 */
BELUGA_API int beluga_emit_run_blocking(beluga_emit *emit,
                                        int (*work)(beluga_emit *emit, void *argument),
                                        void *argument, void (*release)(void *argument));

/**
 * Make an emit for threads of your own, such as those of an inference engine in the process. The
 * threads may use it until beluga_emit_detach, and the call goes on until then. Events are copied
 * and delivered on the loop. Emitting blocks while more than 1 MiB of events have not been
 * delivered (check before with beluga_emit_has_room); on a thread that runs a loop it fails with
 * invalid_input instead. A call can have only one such emit at a time, and none while work of
 * beluga_emit_run_blocking runs.
 *
 * After the end of the call, emitting returns context_canceled. An engine should then detach the
 * emit soon, because until then the emit keeps the call, its messages and the client in memory, and
 * beluga_client_close waits. Call this function only in `start` or in a function that
 * beluga_emit_after called.
 *
 * @param attached  Receives the emit; NULL on failure. Several threads may use it at once, and must
 * order their events themselves. It may be passed to functions that emit events, and to
 * beluga_emit_call, beluga_emit_is_cancelled, beluga_emit_has_room and beluga_emit_detach.
 * @param wake      Called on the loop's thread when there is room again after beluga_emit_has_room
 * returned false, and when the call has ended; it must not block. It may be called once more after
 * the emit was detached. NULL: not needed.
 * @param argument  Passed to `wake` and `release`.
 * @param release   Called once, on any thread, after the last call of `wake`; NULL: not needed.
 * @return 0; otherwise neither function is called: BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_INVALID_INPUT if an emit is attached or work runs already;
 * BELUGA_ERROR_NOT_SUPPORTED for an HTTP provider, or on another thread. Since: 0.1
 */
BELUGA_API int beluga_emit_attach(beluga_emit *emit, beluga_emit **attached,
                                  void (*wake)(void *argument), void *argument,
                                  void (*release)(void *argument));
/**
 * Free an emit of beluga_emit_attach and end its call. It must be called exactly once for each such
 * emit, even long after the end of the call. If FINISH was not emitted before, the call ends with
 * stream_closed.
 *
 * @param status  0; or a negative code that ends the call.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API void beluga_emit_detach(beluga_emit *attached, int status);
/**
 * Return whether emitting with an emit of beluga_emit_attach would not block. If it returns false,
 * `wake` is called when there is room again. It returns true after the end of the call, since
 * emitting then returns at once, and for any other emit.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_has_room(beluga_emit *emit);

/**
 * Return whether the call has ended, so that work can stop: because the call or its context was
 * cancelled, the deadline passed, or a timeout ended the call. Work that rarely emits should check
 * this from time to time, since nothing else can stop its thread.
 *
 * Threads: those that may use the emit. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_is_cancelled(beluga_emit *emit);

/**
 * Return a random number, for jitter or ids; never for secrets. Threads: only the loop's thread.
 */
BELUGA_API uint64_t beluga_emit_random(beluga_emit *emit);

BELUGA_END_DECLS
#endif
