/* How the answer of an HTTP provider is read: cut into frames or collected, as its first bytes say,
 * decoded by the provider, and ended. What the end of a transfer means is told by model/proof.h. */
#include "model/http_op.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "model/handle.h"
#include "model/http_log.h"

/* --- the end ---------------------------------------------------------------------------------- */

static void free_buffers(beluga__http_op *self)
{
    if (self->reading) return; /* who reads does it */
    beluga__framer_free(&self->framer);
    beluga__http_request_free(&self->request);
    beluga__http_response_free(&self->response);
    beluga__emit_free(&self->emit);
}

void beluga__http_op_let_go(beluga__http_op *self, bool reuse_connection)
{
    beluga_loop *loop = self->emit.call->loop;
    beluga__watchdog_stop(&self->dog);
    loop->ops->timer_clear(loop, &self->grace);
    beluga__task_cancel(&self->warn);
    if (self->waits_for_key) beluga__key_cancel(&self->key_wait);
    self->waits_for_key = false;
    if (self->transfer && reuse_connection)
        loop->ops->transfer_finish(self->transfer);
    else if (self->transfer)
        loop->ops->transfer_cancel(self->transfer, self->emit.failed ? self->emit.error : NULL);
    self->transfer = NULL;
    free_buffers(self);
}

void beluga__http_op_mask(const beluga__http_op *self, char *bytes, size_t n)
{
    beluga__secrets_mask(self->secrets, bytes, n);
}

static void mask_error(beluga__http_op *self)
{
    beluga_error *err = self->emit.error;
    if (!err) return;
    beluga__http_op_mask(self, err->message, strlen(err->message));
    beluga__http_op_mask(self, err->cause, strlen(err->cause));
    beluga__http_op_mask(self, err->provider_code, strlen(err->provider_code));
    beluga__http_op_mask(self, err->request_id, strlen(err->request_id));
}

/* Whether an error says that we gave up on the body, and not what the provider said. */
static bool gave_up(int code)
{
    switch (code) {
    case BELUGA_ERROR_INVALID_RESPONSE:
    case BELUGA_ERROR_EMPTY_RESPONSE:
    case BELUGA_ERROR_MALFORMED_RESPONSE:
    case BELUGA_ERROR_STREAM_CLOSED:
    case BELUGA_ERROR_STREAM_TIMEOUT:
    case BELUGA_ERROR_TIMEOUT:
    case BELUGA_ERROR_NETWORK:
    case BELUGA_ERROR_LIMIT_EXCEEDED: return true;
    default: return false;
    }
}

/* What the server sent says more than that we did not understand it. */
static void give_cause(beluga__http_op *self, const char *text, size_t n)
{
    beluga_error *err = self->emit.error;
    if (!err || *err->cause || !n || !gave_up(err->code)) return;
    char sample[BELUGA__BODY_SAMPLE_BYTES];
    if (n > sizeof sample) n = sizeof sample;
    memcpy(sample, text, n);
    beluga__http_op_mask(self, sample, n);
    beluga_error_set_cause(err, sample, n);
}

/* Deliver the terminal event that is recorded. The op may be gone afterwards. */
static void conclude(beluga__http_op *self)
{
    beluga__emit_complete(&self->emit);
    if (!self->emit.sink) return; /* a callback cancelled */
    if (self->emit.failed) {
        give_cause(self, self->response.body.data, self->response.body.length);
        mask_error(self);
    }
    beluga__http_op_let_go(self, !self->emit.failed);
    beluga__emit_deliver(&self->emit);
}

void beluga__http_op_fail(beluga__http_op *self, int code, const beluga_error *err)
{
    beluga__emit_fail(&self->emit, code, err);
    conclude(self);
}

/* What is read or told may end the call: op, framer and buffers must last until that is over. */
static beluga_call *begin_reading(beluga__http_op *self)
{
    self->reading = true;
    return beluga__call_ref(self->emit.call);
}

static void end_reading(beluga__http_op *self, beluga_call *call)
{
    self->reading = false;
    if (!self->emit.sink) free_buffers(self);
    beluga__call_unref(call);
}

void beluga__http_op_barked(beluga__watchdog *dog, const beluga_error *err)
{
    beluga__http_op *self = beluga__container_of(dog, beluga__http_op, dog);
    beluga_call *call = begin_reading(self);
    if (self->waits_for_key)
        beluga__http_op_key_is_late(self);
    else if (beluga__proof_holds(&self->proof, BELUGA__BODY_CUT))
        conclude(self);
    else
        beluga__http_op_fail(self, err->code, err);
    end_reading(self, call);
}

void beluga__http_op_grace_over(beluga__timer *timer)
{
    beluga__http_op *self = beluga__container_of(timer, beluga__http_op, grace);
    beluga_call *call = begin_reading(self);
    conclude(self);
    end_reading(self, call);
}

/* It runs after a reason without content, and anew after each frame that follows, but not for ever:
 * a server may send pings behind its finish. */
void beluga__http_op_set_grace(beluga__http_op *self)
{
    beluga_loop *loop = self->emit.call->loop;
    if (!beluga__proof_allows_grace(&self->proof) || self->paused) {
        loop->ops->timer_clear(loop, &self->grace);
        return;
    }
    int64_t now = beluga__now_ns();
    int64_t end = now + (int64_t)BELUGA__FINISH_GRACE_MS * BELUGA__NS_PER_MS;
    if (!self->grace.heap_index)
        self->grace_end_ns = now + (int64_t)BELUGA__FINISH_WAIT_MS * BELUGA__NS_PER_MS;
    loop->ops->timer_set(loop, &self->grace, end < self->grace_end_ns ? end : self->grace_end_ns);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* At the head: what the status and the question alone decide. */
static beluga__body_kind kind_of_head(const beluga__http_op *self)
{
    int status = self->response.status;
    if (status < 200 || status >= 300) return BELUGA__BODY_REFUSED;
    return self->emit.call->list_models ? BELUGA__BODY_WHOLE : BELUGA__BODY_UNKNOWN;
}

/* NULL when the headers say nothing about limits, or without memory: the answer is worth more. */
static const beluga_rate_limits *read_limits(const beluga__http_op *self)
{
    beluga_rate_limits limits, *kept = NULL;
    if (beluga__http_rate_limits(&self->response, beluga__wall_s(), &limits))
        kept = beluga__arena_alloc(&self->emit.call->arena, sizeof *kept);
    if (kept) *kept = limits;
    return kept;
}

/* NULL: there is none, or no memory, and the answer is worth more. */
static const char *read_request_id(const beluga__http_op *self)
{
    char line[BELUGA__MAX_REQUEST_ID];
    const char *id = beluga__http_request_id(&self->response);
    if (!id) return NULL;
    beluga__line(line, sizeof line, id, strlen(id), BELUGA__BREAKS_ESCAPED);
    return beluga__arena_copy(&self->emit.call->arena, line, strlen(line));
}

static void on_head(void *owner)
{
    beluga__http_op *self = owner;
    self->kind = kind_of_head(self);
    self->emit.request_id = read_request_id(self);
    self->emit.call->http_status = self->response.status;
    self->emit.rate_limits = read_limits(self);
    bool known = self->emit.request_id || self->emit.rate_limits || self->emit.call->stands_in;
    if (known && self->kind != BELUGA__BODY_REFUSED) beluga__emit_head(&self->emit);
    if (self->kind == BELUGA__BODY_REFUSED) self->response.body.max = BELUGA__MAX_ERROR_BODY;
    beluga__http_log_response(beluga__http_op_runtime(self), &self->response);
}

/* What is emitted between these two is the provider's, on this thread. One that is built in has no
 * handle, and is trusted. */
static uintptr_t begin_turn(beluga__http_op *self)
{
    return self->emit.name == &self->emit ? 0 : beluga__handle_enter(self->emit.name);
}

static void end_turn(beluga__http_op *self, uintptr_t before)
{
    if (self->emit.name == &self->emit) return;
    beluga__handle_leave(self->emit.name, before);
    beluga__emit_check_turns(&self->emit);
}

/* Keep the beginning of a stream of which nothing was understood so far. */
static void keep_sample(beluga__http_op *self, const char *bytes, size_t n)
{
    size_t kept = self->response.body.length;
    size_t room = kept < BELUGA__BODY_SAMPLE_BYTES ? BELUGA__BODY_SAMPLE_BYTES - kept : 0;
    if (self->emit.seen || !self->emit.sink || !room) return;
    beluga__buf_append(&self->response.body, bytes, n < room ? n : room); /* else there is none */
}

/* Every frame was of a kind that the provider does not know. */
static void not_understood(beluga__http_op *self)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_EMPTY_RESPONSE, "nothing in the answer was understood");
    if (self->got_frame) err.retryable = 0; /* it would be paid again, and look the same */
    beluga__http_op_fail(self, err.code, &err);
}

static void closed_early(beluga__http_op *self, const beluga_error *cause)
{
    bool content = self->emit.seen & BELUGA__BROUGHT_CONTENT;
    beluga_error err;
    if (cause && !self->got_frame && !content) {
        beluga__http_op_fail(self, cause->code, cause);
        return;
    }
    bool sampled = self->response.body.length && beluga__http_is_framed(&self->response);
    bool unknown = self->got_frame ? self->got_unknown : sampled; /* heartbeats are known */
    if (!cause && !self->emit.seen && unknown) {
        not_understood(self);
        return;
    }
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED,
                     content ? "the stream ended before the answer was complete"
                             : "the stream ended before an answer came");
    if (cause) beluga_error_set_cause(&err, cause->message, strlen(cause->message));
    beluga__http_op_fail(self, BELUGA_ERROR_STREAM_CLOSED, &err);
}

/* The stream is over; `cause` says how, where it was not its end. */
static void ended(beluga__http_op *self, beluga__body_end end, const beluga_error *cause)
{
    if (self->emit.failed || beluga__proof_holds(&self->proof, end))
        conclude(self);
    else
        closed_early(self, cause);
}

/* Half an event is how a cut looks where nothing says how long the body is. */
static void cut_within_event(beluga__http_op *self)
{
    beluga_error cause = {.code = BELUGA_ERROR_MALFORMED_RESPONSE};
    if (self->emit.error) cause = *self->emit.error;
    self->emit.failed = false;
    ended(self, BELUGA__BODY_CUT, &cause);
}

/* A frame that the decoder could not read. Returns as on_frame does. */
static int unreadable(beluga__http_op *self, const beluga_frame *frame, int status)
{
    if (!self->emit.sink) return 1;
    if (beluga__frame_is_heartbeat(frame)) {
        self->emit.failed = false;
        return 0;
    }
    if (status == BELUGA_ERROR_MALFORMED_RESPONSE && !self->transfer) {
        cut_within_event(self); /* the body has ended, and this was its unfinished rest */
        return 1;
    }
    beluga__emit_fail(&self->emit, status, NULL);
    give_cause(self, frame->data, frame->length);
    conclude(self);
    return 1;
}

/* What a frame brought says how far the answer is. */
static void take_stock(beluga__http_op *self, const beluga_frame *frame)
{
    unsigned brought = beluga__emit_take_brought(&self->emit);
    if (!self->emit.seen) {
        self->got_unknown = self->got_unknown || frame->length;
        keep_sample(self, frame->data, frame->length);
    }
    if (self->proof.state || brought & BELUGA__BROUGHT_REASON)
        beluga__proof_note(&self->proof, brought); /* else it has nothing to note */
    if (brought & BELUGA__BROUGHT_CONTENT) beluga__watchdog_progress(&self->dog);
}

/* Lines have no event's name. Where they came instead of events, which a provider may count on,
 * they get the one of events without a name. */
static const beluga_frame *named(const beluga__http_op *self, const beluga_frame *frame,
                                 beluga_frame *copy)
{
    static const char name[] = "message";
    if (frame->event || beluga__http_op_provider(self)->framing == BELUGA_FRAMING_NDJSON)
        return frame;
    *copy = *frame;
    copy->event = name;
    copy->event_length = sizeof name - 1;
    return copy;
}

/* Returns 0 to go on with the next frame, 1 when the op has ended. */
static int on_frame(void *payload, const beluga_frame *given)
{
    beluga__http_op *self = payload;
    beluga_frame copy;
    const beluga_frame *frame = named(self, given, &copy);
    self->got_frame = self->got_frame || frame->length;
    beluga__watchdog_feed(&self->dog);
    if (self->raw) beluga__emit_raw(&self->emit, frame->data, frame->length);
    if (!self->emit.sink) return 1;
    uintptr_t before = begin_turn(self);
    int status = beluga__http_op_provider(self)->decode_event(self->state, frame, self->emit.name);
    end_turn(self, before);
    if (status < 0) return unreadable(self, frame, status);
    if (!self->emit.sink) return 1; /* a callback cancelled */
    if (self->emit.failed) {
        conclude(self);
        return 1;
    }
    take_stock(self, frame);
    if (status == BELUGA_DECODE_DONE) {
        ended(self, BELUGA__BODY_MARKED, NULL);
        return 1;
    }
    if (self->emit.finished) beluga__http_op_set_grace(self);
    return 0;
}

/* Of the framer. */
static const char *what_failed(int status)
{
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        return "one event of the stream is larger than max_event_bytes";
    return status == BELUGA_ERROR_MALFORMED_RESPONSE ? "a frame of the stream is damaged"
                                                     : "no memory for the stream";
}

static void failed_reading(beluga__http_op *self, int status, const char *message)
{
    beluga_error err;
    beluga_error_set(&err, status, "%s", message);
    beluga__http_op_fail(self, status, &err);
}

static void read_frames(beluga__http_op *self, char *bytes, size_t n)
{
    int status = beluga__framer_feed(&self->framer, bytes, n, on_frame, self);
    if (status < 0) {
        failed_reading(self, status, what_failed(status));
        return;
    }
    if (self->framer.alive) beluga__watchdog_live(&self->dog);
    self->framer.alive = false;
    if (!self->got_frame) keep_sample(self, bytes, n);
}

static void read_whole(beluga__http_op *self, const char *bytes, size_t n)
{
    beluga__watchdog_live(&self->dog);
    int status = beluga__buf_append(&self->response.body, bytes, n);
    /* of an error the beginning is enough */
    if (!status || self->kind == BELUGA__BODY_REFUSED) return;
    failed_reading(self, status,
                   status == BELUGA_ERROR_LIMIT_EXCEEDED
                       ? "the answer is larger than max_response_bytes"
                       : "no memory for the answer");
}

/* `over`: no more will come that could tell more. */
static void decide(beluga__http_op *self, const char *bytes, size_t n, bool over)
{
    beluga__sniffed sniffed = beluga__sniff(bytes, n);
    if (sniffed == BELUGA__SNIFF_MORE && over) sniffed = BELUGA__SNIFF_OTHER;
    const char *type = beluga_http_response_header(&self->response, "content-type");
    self->kind = beluga__body_kind_of(beluga__http_op_provider(self), sniffed, type,
                                      self->emit.call->streamed, &self->framer.framing);
    if (self->kind == BELUGA__BODY_REFUSED) self->response.body.max = BELUGA__MAX_ERROR_BODY;
}

/* The first bytes came in pieces, and were kept until they tell what the body is. */
static void decide_by_kept(beluga__http_op *self, bool over)
{
    beluga__buf *body = &self->response.body, kept = *body;
    size_t skip = beluga__sniff_skip(kept.data, kept.length), n = kept.length - skip;
    decide(self, kept.data + skip, n, over || kept.length > BELUGA__MAX_SNIFFED);
    if (self->kind == BELUGA__BODY_FRAMES) {
        beluga__buf_init(body, kept.allocator, kept.max);
        if (n) read_frames(self, kept.data + skip, n);
        beluga__buf_free(&kept);
    } else if (skip && self->kind != BELUGA__BODY_UNKNOWN) {
        memmove(body->data, body->data + skip, n + 1); /* and the NUL behind it */
        body->length = n;
    }
}

/* Blank lines before an answer are how some servers say that they work. */
static void read_beginning(beluga__http_op *self, char *bytes, size_t n)
{
    bool first = !self->response.body.length;
    size_t skip = first ? beluga__sniff_skip(bytes, n) : 0;
    bytes += skip;
    n -= skip;
    if (first) decide(self, bytes, n, false);
    if (self->kind == BELUGA__BODY_FRAMES)
        read_frames(self, bytes, n);
    else
        read_whole(self, bytes, n);
    if (!first && self->emit.sink) decide_by_kept(self, false);
}

static void read_body(beluga__http_op *self, char *bytes, size_t n)
{
    beluga__http_log_body(beluga__http_op_runtime(self), self->secrets, bytes, n);
    if (self->kind == BELUGA__BODY_FRAMES)
        read_frames(self, bytes, n);
    else if (self->kind == BELUGA__BODY_UNKNOWN)
        read_beginning(self, bytes, n);
    else
        read_whole(self, bytes, n);
}

static void on_body(void *owner, char *bytes, size_t n)
{
    beluga__http_op *self = owner;
    beluga_call *call = begin_reading(self);
    read_body(self, bytes, n);
    end_reading(self, call);
}

static const char *http_reason(int status)
{
    if (status >= 300 && status < 400)
        return "the server redirects; set base_url to where it points";
    if (status >= 200 && status < 300)
        return "the server answered with a web page; is base_url right?";
    return NULL;
}

/* Returns whether any of them can be asked for again. */
static bool expire_secrets(const beluga__target *target)
{
    bool renews = target->credential && beluga__key_expire(target->credential);
    for (size_t i = 0; i < target->n_headers; i++)
        if (target->headers[i].value && beluga__key_expire(target->headers[i].value)) renews = true;
    return renews;
}

/* Its page is not told: it is not the provider's, and may say with which password it was asked. */
static void refused_by_proxy(beluga__http_op *self)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NETWORK, "%s", BELUGA__PROXY_WANTS_CREDENTIALS);
    err.http_status = self->response.status;
    err.retryable = 0;
    beluga__buf_clear(&self->response.body);
    beluga__http_op_fail(self, err.code, &err);
}

static void refused(beluga__http_op *self)
{
    int status = self->response.status;
    int code = status >= 200 && status < 300 ? BELUGA_ERROR_MALFORMED_RESPONSE
                                             : beluga_error_from_http(status);
    beluga_error err;
    const char *reason = http_reason(status);
    if (self->response.body.length)
        beluga__http_op_mask(self, self->response.body.data, self->response.body.length);
    beluga_error_set(&err, code, "%s", reason ? reason : beluga_error_text(code));
    err.http_status = status;
    err.retry_after_ms = beluga__http_retry_after_ms(&self->response, beluga__wall_s());
    if (reason) err.retryable = 0;
    if (status == 409) err.retryable = 1;
    const char *location = beluga_http_response_header(&self->response, "location");
    if (status >= 300 && status < 400 && location)
        beluga_error_set_cause(&err, location, strlen(location));
    else if (self->response.body.length)
        beluga_error_set_cause(&err, self->response.body.data,
                               self->response.body.length < 80 ? self->response.body.length : 80);
    if (status >= 400 && beluga__http_op_provider(self)->decode_error)
        beluga__http_op_provider(self)->decode_error(&self->response, &err);
    int should_retry = beluga__http_should_retry(&self->response);
    if (should_retry >= 0) err.retryable = should_retry;
    /* of AWS it is 403 */
    bool refused_key = status == 401 || err.code == BELUGA_ERROR_AUTHENTICATION;
    /* A token may have run out since it was asked for: with a new one it is worth another try. */
    if (refused_key && expire_secrets(self->emit.call->target) && self->kept_secret)
        err.retryable = 1;
    beluga__http_op_fail(self, err.code, &err);
}

static int decode_body(beluga__http_op *self)
{
    const beluga_provider *provider = beluga__http_op_provider(self);
    const beluga__buf *body = &self->response.body;
    uintptr_t before = begin_turn(self);
    int status;
    if (self->emit.call->list_models) {
        status = provider->decode_list_models(body->data, body->length, self->emit.name);
        if (!status) status = beluga_emit_finish(&self->emit, BELUGA_FINISH_STOP, NULL);
    } else
        status = provider->decode_response(self->state, body->data, body->length, self->emit.name);
    end_turn(self, before);
    return status;
}

static void frames_ended(beluga__http_op *self)
{
    int status = beluga__framer_end(&self->framer, on_frame, self);
    if (status > 0 || !self->emit.sink) return; /* it ended with its last frame */
    if (status == 0 && beluga__http_op_provider(self)->decode_end) {
        uintptr_t before = begin_turn(self);
        status = beluga__http_op_provider(self)->decode_end(self->state, self->emit.name);
        end_turn(self, before);
        if (!self->emit.sink) return;
        beluga__proof_note(&self->proof, beluga__emit_take_brought(&self->emit));
    }
    if (status < 0) beluga__emit_fail(&self->emit, status, NULL);
    bool framed = beluga__http_is_framed(&self->response);
    ended(self, framed ? BELUGA__BODY_FRAMED : BELUGA__BODY_CLOSED, NULL);
}

/* A stream that came where one answer was expected, and without the marks of one. */
static void values_as_frames(beluga__http_op *self, int framing)
{
    beluga__buf body = self->response.body;
    beluga__buf_init(&self->response.body, body.allocator, body.max);
    self->framer.framing = (uint32_t)framing;
    self->kind = BELUGA__BODY_FRAMES;
    read_frames(self, body.data, body.length);
    if (self->emit.sink) frames_ended(self);
    beluga__buf_free(&body);
}

/* The whole body is there. */
static void decode_whole(beluga__http_op *self)
{
    const beluga__buf *body = &self->response.body;
    int framing = beluga__body_framing_of_values(body->data, body->length);
    if (framing >= 0 && beluga__http_op_provider(self)->decode_event &&
        !self->emit.call->list_models) {
        values_as_frames(self, framing);
        return;
    }
    if (self->raw) beluga__emit_raw(&self->emit, body->data, body->length);
    if (!self->emit.sink) return;
    int status = decode_body(self);
    if (!self->emit.sink) return;
    if (status < 0) beluga__emit_fail(&self->emit, status, NULL);
    if (!self->emit.failed && !self->emit.finished) {
        beluga_error err;
        beluga_error_set(&err, BELUGA_ERROR_INVALID_RESPONSE,
                         "the answer does not say that it is complete");
        beluga__emit_fail(&self->emit, err.code, &err);
    }
    conclude(self);
}

/* What a replay says of a call that ended on our side when it was recorded: it is not a cut. */
static bool is_own_end(int code)
{
    return code == BELUGA_ERROR_CONTEXT_CANCELED || code == BELUGA_ERROR_TIMEOUT ||
           code == BELUGA_ERROR_STREAM_TIMEOUT;
}

/* An object says itself where it ends, whatever became of its stream or connection then: a reset
 * that says that nothing is wrong, a connection that is closed without a farewell. */
static bool is_whole_object(const beluga__http_op *self)
{
    const beluga__buf *body = &self->response.body;
    beluga_json_doc *doc;
    if (self->kind != BELUGA__BODY_WHOLE || !body->length) return false;
    if (body->data[beluga__sniff_skip(body->data, body->length)] != '{') return false;
    if (beluga_json_parse(body->data, body->length, &doc, NULL)) return false;
    beluga_json_doc_free(doc);
    return true;
}

static void body_ended(beluga__http_op *self, int code, const beluga_error *err)
{
    bool frames = self->kind == BELUGA__BODY_FRAMES;
    if (code && frames && beluga__proof_holds(&self->proof, BELUGA__BODY_CUT))
        conclude(self);
    else if (code && frames && !is_own_end(code))
        closed_early(self, err);
    else if (code == BELUGA_ERROR_NETWORK && is_whole_object(self))
        decode_whole(self);
    else if (code)
        beluga__http_op_fail(self, code, err);
    else if (frames)
        frames_ended(self);
    else
        decode_whole(self);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    beluga__http_op *self = owner;
    beluga_call *call = begin_reading(self);
    self->transfer = NULL;
    if (self->response.status && self->kind == BELUGA__BODY_UNKNOWN) decide_by_kept(self, true);
    if (!self->emit.sink)
        ; /* what was kept of the body has ended the call */
    else if (self->response.status == 407)
        refused_by_proxy(self);
    else if (self->kind == BELUGA__BODY_REFUSED)
        refused(self); /* the status says enough, even where the body was cut */
    else
        body_ended(self, code, err);
    end_reading(self, call);
}

const beluga__transfer_handler beluga__http_answer = {on_head, on_body, on_done};
