/* Reads a body that is a stream: cuts it into frames and passes them to the provider one by one.
 * model/proof.h says what the end of the stream means. */
#include "base/limits.h"
#include "model/call_kind.h"
#include "model/course.h"
#include "model/http_stage.h"
#include "wire/sniff.h"

/* Keep the beginning of a stream for the error message, as long as no frame was understood. */
static void keep_sample(beluga__http_stage *self, const char *bytes, size_t n)
{
    size_t kept = self->response.body.length;
    size_t room = kept < BELUGA__BODY_SAMPLE_BYTES ? BELUGA__BODY_SAMPLE_BYTES - kept : 0;
    if (self->emit.seen || beluga__http_stage_is_over(self) || !room) return;
    /* a failure is ignored: if memory runs out, the error has no sample */
    beluga__buf_append(&self->response.body, bytes, n < room ? n : room);
}

/* --- the end of the stream -------------------------------------------------------------------- */

/* Fail the call, since the provider understood no frame of the stream. */
static void not_understood(beluga__http_stage *self)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_EMPTY_RESPONSE, "nothing in the answer was understood");
    /* The server did answer. A retry would cost money again, and its frames would probably be as
     * strange. */
    if (self->heard != BELUGA__HTTP_HEARD_NOTHING) err.retryable = 0;
    beluga__http_stage_fail(self, err.code, &err);
}

void beluga__http_stage_closed_early(beluga__http_stage *self, const beluga_error *cause)
{
    bool content = self->emit.seen & BELUGA__BROUGHT_CONTENT;
    bool heard = self->heard != BELUGA__HTTP_HEARD_NOTHING;
    beluga_error err;
    if (cause && !heard && !content) {
        beluga__http_stage_fail(self, cause->code, cause);
        return;
    }
    bool sampled = self->response.body.length && beluga__http_is_framed(&self->response);
    bool unknown = heard ? self->heard == BELUGA__HTTP_HEARD_UNKNOWN : sampled;
    if (!cause && !self->emit.seen && unknown) {
        not_understood(self);
        return;
    }
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED,
                     content ? "the stream ended before the answer was complete"
                             : "the stream ended before an answer came");
    if (cause) beluga_error_set_cause(&err, cause->message, strlen(cause->message));
    beluga__http_stage_fail(self, BELUGA_ERROR_STREAM_CLOSED, &err);
}

/* Returns whether the call continues with another request. It does not after a file of results that
 * may have been cut, since the results after the cut would be lost. */
static bool goes_on(const beluga__http_stage *self, beluga__body_end end)
{
    bool whole = beluga__call_is_of_jobs(self->emit.call) ? end == BELUGA__BODY_FRAMED
                                                          : end != BELUGA__BODY_CUT;
    return whole && !self->emit.failed && beluga__course_goes_on(self->emit.call);
}

/* At the end of the stream, go on to the call's next request, or finish the call, or fail it if the
 * answer is not known to be complete. `cause` is the failure that cut the stream, or NULL. */
static void ended(beluga__http_stage *self, beluga__body_end end, const beluga_error *cause)
{
    if (goes_on(self, end))
        beluga__http_stage_go_on(self);
    else if (self->emit.failed || beluga__http_stage_is_proven(self, end))
        beluga__http_stage_conclude(self);
    else
        beluga__http_stage_closed_early(self, cause);
}

/* --- frames ----------------------------------------------------------------------------------- */

static int fail(beluga__http_stage *self, int code, const char *text)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", text);
    beluga__emit_fail(&self->emit, code, &err);
    return code;
}

/* End a stream whose last frame can't be decoded: the body was cut in the middle of an event, and
 * had no length by which HTTP could notice this. */
static void cut_within_event(beluga__http_stage *self)
{
    beluga_error cause = {.code = BELUGA_ERROR_MALFORMED_RESPONSE};
    if (self->emit.error) cause = *self->emit.error;
    self->emit.failed = false;
    ended(self, BELUGA__BODY_CUT, &cause);
}

/* Skip a line of batch results that can't be decoded, since the user pays for the other results.
 * Returns false if the error is not about this line only. If no line of the file can be decoded,
 * the call fails at the end of the file. */
static bool passes_over(beluga__http_stage *self, const beluga_frame *frame, int status)
{
    bool broken =
        status == BELUGA_ERROR_MALFORMED_RESPONSE || status == BELUGA_ERROR_INVALID_RESPONSE;
    if (!broken || beluga__call_is_answer(self->emit.call)) return false;
    size_t n = frame->length;
    /* keep the first such line for the error message, if there is memory */
    if (!self->line_lost)
        beluga__buf_append(&self->response.body, frame->data,
                           n < BELUGA__BODY_SAMPLE_BYTES ? n : BELUGA__BODY_SAMPLE_BYTES);
    self->line_lost = true;
    self->emit.failed = false;
    return true;
}

static const char *const none_readable = "no line of the file of results can be read";

/* Fail a call for results whose file HTTP has delivered whole, but whose last line can't be
 * decoded: the file itself was cut, or is something else, such as a web page. */
static void fail_cut_file(beluga__http_stage *self)
{
    self->emit.failed = false;
    fail(self, BELUGA_ERROR_MALFORMED_RESPONSE,
         self->line_read ? "the file of results ends within a line" : none_readable);
}

/* Skip a frame that could not be decoded, if it may be skipped, else end the call. Returns 0 to
 * continue with the next frame, or 1 if the call has ended. */
static int unreadable(beluga__http_stage *self, const beluga_frame *frame, int status)
{
    if (beluga__http_stage_is_over(self)) return 1;
    if (beluga__frame_is_heartbeat(frame)) {
        self->emit.failed = false;
        return 0;
    }
    /* When the body has ended, this frame is its last line. */
    bool last = status == BELUGA_ERROR_MALFORMED_RESPONSE && !self->transfer;
    bool whole = beluga__http_is_framed(&self->response);
    if (last && (!whole || beluga__call_is_answer(self->emit.call))) {
        cut_within_event(self);
        return 1;
    }
    if (last)
        fail_cut_file(self);
    else if (passes_over(self, frame, status))
        return 0;
    beluga__emit_fail(&self->emit, status, NULL);
    if (!last || !self->line_lost) /* the first line of a page says more than its last one */
        beluga__http_stage_give_cause(self, frame->data, frame->length);
    beluga__http_stage_conclude(self);
    return 1;
}

/* Record what a frame added to the answer, for the proof of completion and for the watchdog. */
static void take_stock(beluga__http_stage *self, const beluga_frame *frame)
{
    unsigned brought = beluga__emit_take_brought(&self->emit);
    if (!self->emit.seen) {
        if (frame->length) self->heard = BELUGA__HTTP_HEARD_UNKNOWN;
        keep_sample(self, frame->data, frame->length);
    }
    if (self->proof.state || brought & BELUGA__BROUGHT_REASON)
        /* before the first finish reason the proof has nothing to record */
        beluga__proof_note(&self->proof, brought);
    if (brought & BELUGA__BROUGHT_CONTENT) {
        self->line_read = true;
        beluga__watchdog_progress(&self->dog);
    }
}

/* Returns whether the call waits for the end of the body although the end marker came, since a
 * caller who asked for RAW events gets the bytes after the marker, too. */
static bool waits_for_rest(beluga__http_stage *self)
{
    if (!self->raw || !self->transfer) return false;
    if (!beluga__proof_holds(&self->proof, BELUGA__BODY_MARKED)) return false;
    self->marked = true;
    beluga__http_stage_set_grace(self);
    return true;
}

/* Set an event name in frames that are plain lines, for a provider that expects server-sent events
 * and reads the name. "message" is the standard name of events that have none. */
static const beluga_frame *named(const beluga__http_stage *self, const beluga_frame *frame,
                                 beluga_frame *copy)
{
    static const char name[] = "message";
    uint32_t framing = beluga__http_stage_provider(self)->framing;
    if (frame->event || framing == BELUGA_FRAMING_NDJSON || beluga__framing_is_fixed(framing))
        return frame;
    *copy = *frame;
    copy->event = name;
    copy->event_length = sizeof name - 1;
    return copy;
}

static int decode(beluga__http_stage *self, const beluga_frame *frame)
{
    const beluga_provider *provider = beluga__http_stage_provider(self);
    if (beluga__call_is_answer(self->emit.call))
        return provider->decode_event(self->state, frame, self->emit.given);
    return provider->batch->decode_result(self->state, frame->data, frame->length,
                                          self->emit.given);
}

/* Returns 0 to continue with the next frame, or 1 if the call has ended. */
static int on_frame(void *payload, const beluga_frame *given)
{
    beluga__http_stage *self = payload;
    beluga_frame copy;
    if (self->marked) return 0;
    const beluga_frame *frame = named(self, given, &copy);
    if (frame->length && !self->heard) self->heard = BELUGA__HTTP_HEARD_FRAME;
    beluga__watchdog_feed(&self->dog);
    uintptr_t before = beluga__http_stage_begin_turn(self);
    int status = decode(self, frame);
    beluga__http_stage_end_turn(self, before);
    if (status < 0) return unreadable(self, frame, status);
    if (beluga__http_stage_is_over(self)) return 1; /* a callback cancelled the call */
    if (self->emit.failed) {
        beluga__http_stage_conclude(self);
        return 1;
    }
    take_stock(self, frame);
    if (status == BELUGA_DECODE_DONE && waits_for_rest(self)) return 0;
    if (status == BELUGA_DECODE_DONE) {
        ended(self, BELUGA__BODY_MARKED, NULL);
        return 1;
    }
    if (self->emit.finished) beluga__http_stage_set_grace(self);
    return 0;
}

static const char *const result_too_large =
    "one result of the batch job is larger than max_response_bytes: raise that option";

/* Fail the call because the stream could not be cut into frames. */
static void failed_framing(beluga__http_stage *self, int status)
{
    const char *why = beluga_error_text(status);
    if (status == BELUGA_ERROR_NO_MEMORY) why = "no memory for the stream";
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        why = beluga__call_is_of_jobs(self->emit.call)
                  ? result_too_large
                  : "one event of the stream is larger than max_event_bytes: raise that option";
    if (status == BELUGA_ERROR_MALFORMED_RESPONSE) why = "a frame of the stream is damaged";
    if (status == BELUGA_ERROR_CONTEXT_CANCELED)
        why = "the provider's function cut returned a cancellation, but the call was not cancelled";
    if (status == BELUGA_ERROR_INVALID_RESPONSE)
        why = "the provider's function cut returned a frame outside the bytes that it was given";
    fail(self, status, why);
    beluga__http_stage_conclude(self);
}

void beluga__http_stage_read_frames(beluga__http_stage *self, char *bytes, size_t n)
{
    int status = beluga__framer_feed(&self->framer, bytes, n, on_frame, self);
    if (status < 0) {
        failed_framing(self, status);
        return;
    }
    if (self->framer.alive) beluga__watchdog_live(&self->dog);
    self->framer.alive = false;
    if (!self->heard) keep_sample(self, bytes, n);
}

/* At the end of a file of results, let the provider conclude. If this was the call's last request
 * and HTTP says that the body is complete, emit FINISH: the file has no end marker of its own.
 * Returns 0 or an error code. */
static int end_results(beluga__http_stage *self)
{
    if (self->framer.passed_over) return fail(self, BELUGA_ERROR_LIMIT_EXCEEDED, result_too_large);
    const beluga__buf *first = &self->response.body; /* the first line that can't be decoded */
    if (self->line_lost && !self->line_read) {
        fail(self, BELUGA_ERROR_MALFORMED_RESPONSE, none_readable);
        beluga__http_stage_give_cause(self, first->data, first->length);
        return BELUGA_ERROR_MALFORMED_RESPONSE;
    }
    const beluga_batch_api *api = beluga__http_stage_provider(self)->batch;
    int status = 0;
    if (api->decode_results_end) status = api->decode_results_end(self->state, self->emit.given);
    if (status || self->emit.failed || beluga__course_goes_on(self->emit.call) ||
        !beluga__http_is_framed(&self->response))
        return status;
    return beluga_emit_finish(&self->emit, BELUGA_FINISH_STOP, NULL);
}

static int decode_end(beluga__http_stage *self)
{
    const beluga_provider *provider = beluga__http_stage_provider(self);
    if (!beluga__call_is_answer(self->emit.call)) return end_results(self);
    return provider->decode_end ? provider->decode_end(self->state, self->emit.given) : 0;
}

void beluga__http_stage_end_frames(beluga__http_stage *self)
{
    int status = beluga__framer_end(&self->framer, on_frame, self);
    /* nothing to do if the last frame ended the call */
    if (status > 0 || beluga__http_stage_is_over(self)) return;
    if (status == 0 && !self->marked) {
        uintptr_t before = beluga__http_stage_begin_turn(self);
        status = decode_end(self);
        beluga__http_stage_end_turn(self, before);
        if (beluga__http_stage_is_over(self)) return;
        beluga__proof_note(&self->proof, beluga__emit_take_brought(&self->emit));
    }
    if (status < 0) beluga__emit_fail(&self->emit, status, NULL);
    bool framed = beluga__http_is_framed(&self->response);
    ended(self, framed ? BELUGA__BODY_FRAMED : BELUGA__BODY_CLOSED, NULL);
}
