/* The adapter between a call and an HTTP provider's pure functions.
 *
 * It resolves the key, lets the provider write the request, cuts the body into frames (or collects
 * it), lets the provider decode, and decides what the end of a transfer means: after the proof of
 * completion a finish, without it stream_closed. What the answer's head says decides how the body
 * is read, since servers do not always do as they were asked. */
#include "model/emit.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "model/body_kind.h"
#include "model/claims.h"
#include "model/handle.h"
#include "model/http_log.h"
#include "model/span.h"
#include "model/watchdog.h"
#include "wire/framing.h"

#include <stdio.h>

typedef struct http_op {
    beluga__op op;
    beluga_emit emit;
    beluga__watchdog dog;
    beluga__proof proof;
    beluga__timer grace; /* a finish that waits for what may follow */
    int64_t grace_end_ns;
    beluga__task warn;
    beluga_http_request request;
    beluga_http_response response;
    beluga__framer framer;
    beluga__transfer *transfer;
    beluga__key_wait key_wait;
    bool waits_for_key;
    uint32_t n_resolved;        /* of the headers' values and, behind them, the key */
    const char **header_values; /* in the call's arena; NULL without headers */
    bool kept_secret;           /* one of them was asked for by a call before this one */
    const char *key;            /* that was sent; lives as long as the call */
    /* that and the headers' values that are secret, ended by NULL; in the arena */
    const char **secrets;
    size_t n_secrets;
    beluga__body_kind kind;
    bool got_frame;
    bool raw; /* what came is delivered, too */
    bool paused;
    bool reading; /* its buffers are in use further up the stack */
    void *state;
} http_op;

static const beluga_provider *provider_of(const http_op *self)
{
    return self->emit.call->target->provider;
}

static const beluga__runtime *runtime_of(const http_op *self)
{
    return self->emit.call->target->runtime;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_buffers(http_op *self)
{
    if (self->reading) return; /* who reads does it */
    beluga__framer_free(&self->framer);
    beluga__http_request_free(&self->request);
    beluga__http_response_free(&self->response);
    beluga__emit_free(&self->emit);
}

static void let_go(http_op *self, bool reuse_connection)
{
    beluga_loop *loop = self->emit.call->loop;
    beluga__watchdog_stop(&self->dog);
    loop->ops->timer_clear(loop, &self->grace);
    beluga__task_cancel(&self->warn);
    if (self->waits_for_key) beluga__credential_cancel(&self->key_wait);
    self->waits_for_key = false;
    if (self->transfer && reuse_connection)
        loop->ops->transfer_finish(self->transfer);
    else if (self->transfer)
        loop->ops->transfer_cancel(self->transfer, self->emit.failed ? self->emit.error : NULL);
    self->transfer = NULL;
    free_buffers(self);
}

/* A server may say a key back that it refuses: make stars of it. */
static void mask_key(const http_op *self, char *bytes, size_t n)
{
    beluga__secrets_mask(self->secrets, bytes, n);
}

static void mask_error(http_op *self)
{
    beluga_error *err = self->emit.error;
    if (!err) return;
    mask_key(self, err->message, strlen(err->message));
    mask_key(self, err->cause, strlen(err->cause));
    mask_key(self, err->provider_code, strlen(err->provider_code));
    mask_key(self, err->request_id, strlen(err->request_id));
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
static void give_cause(http_op *self, const char *text, size_t n)
{
    beluga_error *err = self->emit.error;
    if (!err || *err->cause || !n || !gave_up(err->code)) return;
    char sample[BELUGA__BODY_SAMPLE_BYTES];
    if (n > sizeof sample) n = sizeof sample;
    memcpy(sample, text, n);
    mask_key(self, sample, n);
    beluga_error_set_cause(err, sample, n);
}

/* Deliver the terminal event that is recorded. The op may be gone afterwards. */
static void conclude(http_op *self)
{
    beluga__emit_complete(&self->emit);
    if (!self->emit.sink) return; /* a callback cancelled */
    if (self->emit.failed) {
        give_cause(self, self->response.body.data, self->response.body.length);
        mask_error(self);
    }
    let_go(self, !self->emit.failed);
    beluga__emit_deliver(&self->emit);
}

static void fail(http_op *self, int code, const beluga_error *err)
{
    beluga__emit_fail(&self->emit, code, err);
    conclude(self);
}

static void cancel(beluga__op *op)
{
    http_op *self = beluga__container_of(op, http_op, op);
    if (!self->emit.sink) return;
    self->emit.sink = NULL;
    let_go(self, false);
}

/* What is read or told may end the call: op, framer and buffers must last until that is over. */
static beluga_call *begin_reading(http_op *self)
{
    self->reading = true;
    return beluga__call_ref(self->emit.call);
}

static void end_reading(http_op *self, beluga_call *call)
{
    self->reading = false;
    if (!self->emit.sink) free_buffers(self);
    beluga__call_unref(call);
}

static void barked(beluga__watchdog *dog, const beluga_error *err)
{
    http_op *self = beluga__container_of(dog, http_op, dog);
    beluga_call *call = begin_reading(self);
    if (beluga__proof_holds(&self->proof, BELUGA__BODY_CUT))
        conclude(self);
    else
        fail(self, err->code, err);
    end_reading(self, call);
}

static void grace_over(beluga__timer *timer)
{
    http_op *self = beluga__container_of(timer, http_op, grace);
    beluga_call *call = begin_reading(self);
    conclude(self);
    end_reading(self, call);
}

/* It runs after a reason without content, and anew after each frame that follows, but not for ever:
 * a server may send pings behind its finish. */
static void set_grace(http_op *self)
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

static void pause(beluga__op *op, bool paused)
{
    http_op *self = beluga__container_of(op, http_op, op);
    beluga_loop *loop = self->emit.call->loop;
    self->paused = paused;
    if (!self->emit.sink) return;
    beluga__watchdog_pause(&self->dog, paused);
    if (self->emit.finished) set_grace(self); /* it gets its time once more after a pause */
    /* else it waits for its key */
    if (self->transfer) loop->ops->transfer_pause(self->transfer, paused);
}

/* --- the answer ---------------------------------------------------------------------------------
 */

/* At the head: what the status and the question alone decide. */
static beluga__body_kind kind_of_head(const http_op *self)
{
    int status = self->response.status;
    if (status < 200 || status >= 300) return BELUGA__BODY_REFUSED;
    return self->emit.call->list_models ? BELUGA__BODY_WHOLE : BELUGA__BODY_UNKNOWN;
}

/* NULL when the headers say nothing about limits, or without memory: the answer is worth more. */
static const beluga_rate_limits *read_limits(const http_op *self)
{
    beluga_rate_limits limits, *kept = NULL;
    if (beluga__http_rate_limits(&self->response, beluga__wall_s(), &limits))
        kept = beluga__arena_alloc(&self->emit.call->arena, sizeof *kept);
    if (kept) *kept = limits;
    return kept;
}

static void on_head(void *owner)
{
    http_op *self = owner;
    self->kind = kind_of_head(self);
    const char *id = beluga__http_request_id(&self->response);
    if (id && beluga__utf8_valid(id, strlen(id)) == strlen(id))
        self->emit.request_id = beluga__arena_copy(&self->emit.call->arena, id, strlen(id));
    self->emit.call->http_status = self->response.status;
    self->emit.rate_limits = read_limits(self);
    bool known = self->emit.request_id || self->emit.rate_limits;
    if (known && self->kind != BELUGA__BODY_REFUSED) beluga__emit_head(&self->emit);
    if (self->kind == BELUGA__BODY_REFUSED) self->response.body.max = BELUGA__MAX_ERROR_BODY;
    beluga__http_log_response(runtime_of(self), &self->response);
}

/* What is emitted between these two is the provider's, on this thread. One that is built in has no
 * handle, and is trusted. */
static uintptr_t begin_turn(http_op *self)
{
    return self->emit.name == &self->emit ? 0 : beluga__handle_enter(self->emit.name);
}

static void end_turn(http_op *self, uintptr_t before)
{
    if (self->emit.name == &self->emit) return;
    beluga__handle_leave(self->emit.name, before);
    beluga__emit_check_turns(&self->emit);
}

/* Keep the beginning of a stream of which nothing was understood so far. */
static void keep_sample(http_op *self, const char *bytes, size_t n)
{
    size_t kept = self->response.body.length;
    size_t room = kept < BELUGA__BODY_SAMPLE_BYTES ? BELUGA__BODY_SAMPLE_BYTES - kept : 0;
    if (self->emit.seen || !self->emit.sink || !room) return;
    beluga__buf_append(&self->response.body, bytes, n < room ? n : room); /* else there is none */
}

/* Every frame was of a kind that the provider does not know. */
static void not_understood(http_op *self)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_EMPTY_RESPONSE, "nothing in the answer was understood");
    if (self->got_frame) err.retryable = 0; /* it would be paid again, and look the same */
    fail(self, err.code, &err);
}

static void closed_early(http_op *self, const beluga_error *cause)
{
    bool content = self->emit.seen & BELUGA__BROUGHT_CONTENT;
    beluga_error err;
    if (cause && !self->got_frame && !content) {
        fail(self, cause->code, cause);
        return;
    }
    bool whole = self->got_frame || beluga__http_is_framed(&self->response);
    if (!cause && !self->emit.seen && self->response.body.length && whole) {
        not_understood(self);
        return;
    }
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED,
                     content ? "the stream ended before the answer was complete"
                             : "the stream ended before an answer came");
    if (cause) beluga_error_set_cause(&err, cause->message, strlen(cause->message));
    fail(self, BELUGA_ERROR_STREAM_CLOSED, &err);
}

/* The stream is over; `cause` says how, where it was not its end. */
static void ended(http_op *self, beluga__body_end end, const beluga_error *cause)
{
    if (self->emit.failed || beluga__proof_holds(&self->proof, end))
        conclude(self);
    else
        closed_early(self, cause);
}

/* Half an event is how a cut looks where nothing says how long the body is. */
static void cut_within_event(http_op *self)
{
    beluga_error cause = {.code = BELUGA_ERROR_MALFORMED_RESPONSE};
    if (self->emit.error) cause = *self->emit.error;
    self->emit.failed = false;
    ended(self, BELUGA__BODY_CUT, &cause);
}

/* A frame that the decoder could not read. Returns as on_frame does. */
static int unreadable(http_op *self, const beluga_frame *frame, int status)
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
static void take_stock(http_op *self, const beluga_frame *frame)
{
    unsigned brought = beluga__emit_take_brought(&self->emit);
    if (!self->emit.seen) keep_sample(self, frame->data, frame->length);
    if (self->proof.state || brought & BELUGA__BROUGHT_REASON)
        beluga__proof_note(&self->proof, brought); /* else it has nothing to note */
    if (brought & BELUGA__BROUGHT_CONTENT) beluga__watchdog_progress(&self->dog);
}

/* Returns 0 to go on with the next frame, 1 when the op has ended. */
static int on_frame(void *payload, const beluga_frame *frame)
{
    http_op *self = payload;
    self->got_frame = self->got_frame || frame->length;
    beluga__watchdog_feed(&self->dog);
    if (self->raw) beluga__emit_raw(&self->emit, frame->data, frame->length);
    if (!self->emit.sink) return 1;
    uintptr_t before = begin_turn(self);
    int status = provider_of(self)->decode_event(self->state, frame, self->emit.name);
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
    if (self->emit.finished) set_grace(self);
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

static void failed_reading(http_op *self, int status, const char *message)
{
    beluga_error err;
    beluga_error_set(&err, status, "%s", message);
    fail(self, status, &err);
}

static void read_frames(http_op *self, char *bytes, size_t n)
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

static void read_whole(http_op *self, const char *bytes, size_t n)
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
static void decide(http_op *self, const char *bytes, size_t n, bool over)
{
    beluga__sniffed sniffed = beluga__sniff(bytes, n);
    if (sniffed == BELUGA__SNIFF_MORE && over) sniffed = BELUGA__SNIFF_OTHER;
    const char *type = beluga_http_response_header(&self->response, "content-type");
    self->kind = beluga__body_kind_of(provider_of(self), sniffed, type, self->emit.call->streamed,
                                      &self->framer.framing);
    if (self->kind == BELUGA__BODY_REFUSED) self->response.body.max = BELUGA__MAX_ERROR_BODY;
}

/* The first bytes came in pieces, and were kept until they tell what the body is. */
static void decide_by_kept(http_op *self, bool over)
{
    beluga__buf *body = &self->response.body, kept = *body;
    size_t skip = beluga__sniff_skip(kept.data, kept.length), n = kept.length - skip;
    decide(self, kept.data + skip, n, over);
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
static void read_beginning(http_op *self, char *bytes, size_t n)
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

static void read_body(http_op *self, char *bytes, size_t n)
{
    beluga__http_log_body(runtime_of(self), self->secrets, bytes, n);
    if (self->kind == BELUGA__BODY_FRAMES)
        read_frames(self, bytes, n);
    else if (self->kind == BELUGA__BODY_UNKNOWN)
        read_beginning(self, bytes, n);
    else
        read_whole(self, bytes, n);
}

static void on_body(void *owner, char *bytes, size_t n)
{
    http_op *self = owner;
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
    bool renews = target->credential && beluga__credential_expire(target->credential);
    for (size_t i = 0; i < target->n_headers; i++)
        if (target->headers[i].value && beluga__credential_expire(target->headers[i].value))
            renews = true;
    return renews;
}

static void refused(http_op *self)
{
    int status = self->response.status;
    int code = status >= 200 && status < 300 ? BELUGA_ERROR_MALFORMED_RESPONSE
                                             : beluga_error_from_http(status);
    beluga_error err;
    const char *reason = http_reason(status);
    if (self->response.body.length)
        mask_key(self, self->response.body.data, self->response.body.length);
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
    if (status >= 400 && provider_of(self)->decode_error)
        provider_of(self)->decode_error(&self->response, &err);
    int should_retry = beluga__http_should_retry(&self->response);
    if (should_retry >= 0) err.retryable = should_retry;
    /* of AWS it is 403 */
    bool refused_key = status == 401 || err.code == BELUGA_ERROR_AUTHENTICATION;
    /* A token may have run out since it was asked for: with a new one it is worth another try. */
    if (refused_key && expire_secrets(self->emit.call->target) && self->kept_secret)
        err.retryable = 1;
    fail(self, err.code, &err);
}

static int decode_body(http_op *self)
{
    const beluga_provider *provider = provider_of(self);
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

static void frames_ended(http_op *self)
{
    int status = beluga__framer_end(&self->framer, on_frame, self);
    if (status > 0 || !self->emit.sink) return; /* it ended with its last frame */
    if (status == 0 && provider_of(self)->decode_end) {
        uintptr_t before = begin_turn(self);
        status = provider_of(self)->decode_end(self->state, self->emit.name);
        end_turn(self, before);
        if (!self->emit.sink) return;
        beluga__proof_note(&self->proof, beluga__emit_take_brought(&self->emit));
    }
    if (status < 0) beluga__emit_fail(&self->emit, status, NULL);
    bool framed = beluga__http_is_framed(&self->response);
    ended(self, framed ? BELUGA__BODY_FRAMED : BELUGA__BODY_CLOSED, NULL);
}

/* A stream that came where one answer was expected, and without the marks of one. */
static void values_as_frames(http_op *self, int framing)
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
static void decode_whole(http_op *self)
{
    const beluga__buf *body = &self->response.body;
    int framing = beluga__body_framing_of_values(body->data, body->length);
    if (framing >= 0 && provider_of(self)->decode_event && !self->emit.call->list_models) {
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

static void body_ended(http_op *self, int code, const beluga_error *err)
{
    bool frames = self->kind == BELUGA__BODY_FRAMES;
    if (code && frames && beluga__proof_holds(&self->proof, BELUGA__BODY_CUT))
        conclude(self);
    else if (code && frames && !is_own_end(code))
        closed_early(self, err);
    else if (code)
        fail(self, code, err);
    else if (frames)
        frames_ended(self);
    else
        decode_whole(self);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    http_op *self = owner;
    beluga_call *call = begin_reading(self);
    self->transfer = NULL;
    if (self->response.status && self->kind == BELUGA__BODY_UNKNOWN) decide_by_kept(self, true);
    if (!self->emit.sink)
        ; /* what was kept of the body has ended the call */
    else if (self->kind == BELUGA__BODY_REFUSED)
        refused(self); /* the status says enough, even where the body was cut */
    else
        body_ended(self, code, err);
    end_reading(self, call);
}

static const beluga__transfer_handler handler = {on_head, on_body, on_done};

/* --- the request --------------------------------------------------------------------------------
 */

/* With a provider's `body`, extra_body is merged once more: it is of a later layer. */
static int patch_body(http_op *self, int key, beluga_error *err)
{
    const beluga__setting *s = &self->emit.call->settings->known[key];
    beluga__buf *body = &self->request.body, patched;
    if (s->type != BELUGA_OPTION_STRING) return 0;
    beluga__buf_init(&patched, body->allocator, body->max);
    int status = beluga__json_merge(&patched, body->data, body->length, s->value.string, s->length);
    if (status) {
        beluga__buf_free(&patched);
        return beluga_error_set(err, status, "%s can't be merged: %s",
                                beluga_option_get_info(key)->name, beluga_error_text(status));
    }
    beluga__buf_free(body);
    *body = patched;
    return 0;
}

static int patch(http_op *self, beluga_error *err)
{
    bool patched = self->emit.call->settings->known[BELUGA_OPTION_BODY].type;
    /* What the writer ran into is told when the request is finished. */
    if (!patched || !self->request.has_body || beluga__json_writer_status(&self->request.writer))
        return 0;
    int status = patch_body(self, BELUGA_OPTION_BODY, err);
    return status ? status : patch_body(self, BELUGA_OPTION_EXTRA_BODY, err);
}

static void set_headers(http_op *self)
{
    const beluga__target *target = self->emit.call->target;
    for (size_t i = 0; i < target->n_headers; i++)
        beluga_http_request_set_header(&self->request, target->headers[i].name,
                                       self->header_values[i]);
}

static int extra_headers(http_op *self, beluga_error *err)
{
    const beluga__setting *s = &self->emit.call->settings->known[BELUGA_OPTION_EXTRA_HEADERS];
    for (const beluga__item *item = s->type ? s->value.items : NULL; item; item = item->next) {
        const char *colon = strchr(item->value.string, ':');
        char name[128];
        size_t n = colon ? (size_t)(colon - item->value.string) : 0;
        if (!n || n >= sizeof name)
            return beluga_error_set(
                err, BELUGA_ERROR_INVALID_INPUT,
                "extra_headers: \"Name: value\" is needed, with a name of at most 127 bytes");
        memcpy(name, item->value.string, n);
        name[n] = '\0';
        beluga_http_request_set_header(&self->request, name, colon + 1 + strspn(colon + 1, " \t"));
    }
    return 0;
}

/* So that a server that traces, too, goes on with the trace. */
static void send_trace(http_op *self)
{
    const beluga_call *call = self->emit.call;
    beluga_trace_context context;
    if (!beluga__settings_int(call->settings, BELUGA_OPTION_PROPAGATE_TRACE, 1)) return;
    if (!beluga__span_context(call, &context)) return;
    beluga_http_request_set_header(&self->request, "traceparent", context.traceparent);
    if (*context.tracestate)
        beluga_http_request_set_header(&self->request, "tracestate", context.tracestate);
}

/* Of the attempt's span: where the request went. */
static void tell_url(const http_op *self)
{
    const beluga_call *call = self->emit.call;
    if (!call->attempt_span) return;
    beluga__buf url;
    beluga__buf_init(&url, call->arena.allocator, BELUGA__MAX_URL_BYTES);
    if (!beluga__http_redact_url(&url, beluga_http_request_url(&self->request))) {
        mask_key(self, url.data, url.length); /* some want it in the query */
        beluga__span_text(call, "url.full", url.data, url.length);
    }
    beluga__buf_free(&url);
}

static int authorize(http_op *self, beluga_error *err)
{
    const beluga_provider *provider = provider_of(self);
    const char *key = self->key;
    if (!key) return 0;
    const beluga_call *call = self->emit.call;
    beluga_credential credential = {.size = sizeof credential, .key = key, .call = call};
    credential.variable = beluga__credential_variable(call->target->credential);
    if (provider->authorize)
        return provider->authorize(&self->request, &credential, beluga__wall_s(), err);
    beluga__buf value;
    beluga__buf_init(&value, self->emit.call->arena.allocator, BELUGA__MAX_KEY_BYTES);
    beluga__buf_puts(&value, "Bearer ");
    beluga__buf_puts(&value, key);
    if (!value.status) beluga_http_request_set_header(&self->request, "Authorization", value.data);
    int status = value.status;
    beluga__buf_free(&value);
    return status ? beluga_error_set(err, status, "the key can't be sent") : 0;
}

/* An encoder that warned of anything has looked, and knows more. */
static void warn_of_claims(http_op *self)
{
    if (self->request.n_warnings) return;
    const char *warnings[BELUGA__CLAIMS];
    size_t n = beluga__claims_check(self->emit.call, true, warnings);
    for (size_t i = 0; i < n; i++) beluga_http_request_warn(&self->request, "%s", warnings[i]);
}

static int write_request(http_op *self, beluga_error *err)
{
    const beluga_call *call = self->emit.call;
    const beluga_provider *provider = provider_of(self);
    if (call->streamed) {
        bool sse = provider->framing == BELUGA_FRAMING_SSE;
        beluga_http_request_set_header(&self->request, "Accept",
                                       sse ? "text/event-stream, application/json" : "*/*");
    } else
        beluga_http_request_set_header(&self->request, "Accept", "application/json");
    int status = call->list_models ? provider->encode_list_models(call, &self->request, err)
                                   : provider->encode_request(call, &self->request, err);
    if (!status) warn_of_claims(self);
    if (!status) status = patch(self, err);
    if (!status) set_headers(self);
    send_trace(self);
    if (!status) status = extra_headers(self, err);
    if (!status) status = authorize(self, err);
    if (!status) status = beluga__http_request_finish(&self->request, err);
    return status;
}

static int send_request(http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    err->code = 0;
    int status = write_request(self, err);
    if (status && !err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    if (status) return status;
    beluga__http_log_request(runtime_of(self), &self->request);
    tell_url(self);
    beluga__transfer_spec spec = {
        .connection = &call->target->connection,
        .request = &self->request,
        .response = &self->response,
        .handler = &handler,
        .owner = self,
        .secrets = self->secrets,
        .random = &self->emit.random,
        .streamed = call->streamed,
        .connect_timeout_ms = beluga__settings_int(call->settings, BELUGA_OPTION_CONNECT_TIMEOUT,
                                                   BELUGA__CONNECT_TIMEOUT_MS),
    };
    status = call->loop->ops->transfer_start(call->loop, &spec, &self->transfer, err);
    if (status) return status;
    beluga__watchdog_start(&self->dog);
    if (self->paused) pause(&self->op, true);
    return 0;
}

/* What comes next: a header's value, or the key. */
static beluga__credential *next_secret(const http_op *self)
{
    const beluga__target *target = self->emit.call->target;
    return self->n_resolved < target->n_headers ? target->headers[self->n_resolved].value
                                                : target->credential;
}

static void take_secret(http_op *self, const char *value)
{
    const beluga__target *target = self->emit.call->target;
    bool is_key = self->n_resolved == target->n_headers;
    if (is_key)
        self->key = value;
    else
        self->header_values[self->n_resolved] = value;
    if (value && (is_key || target->headers[self->n_resolved].secret))
        self->secrets[self->n_secrets++] = value;
    self->n_resolved++;
}

/* A header's value is resolved as a key is, and the error must say which it was. */
static int secret_failed(const http_op *self, beluga_error *err)
{
    const beluga__target *target = self->emit.call->target;
    if (self->n_resolved >= target->n_headers) return err->code;
    beluga_error cause = *err;
    return beluga_error_set(err, cause.code, "header %.60s: %s",
                            target->headers[self->n_resolved].name, cause.message);
}

/* Returns 1 when all is there, 0 when key_ready will be called, or a negative code. */
static int resolve_secrets(http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    self->waits_for_key = false;
    while (self->n_resolved <= call->target->n_headers) {
        beluga__credential *credential = next_secret(self);
        const char *value = NULL;
        int status = 1;
        if (credential)
            status = beluga__credential_get(credential, call->loop, &call->arena, &self->key_wait,
                                            &value, err);
        self->waits_for_key = status == 0;
        if (status <= 0) return status ? secret_failed(self, err) : 0;
        if (credential && beluga__credential_renews(credential)) self->kept_secret = true;
        take_secret(self, value);
    }
    return 1;
}

static int go_on(http_op *self, beluga_error *err)
{
    int status = resolve_secrets(self, err);
    return status > 0 ? send_request(self, err) : status;
}

/* From a later step of the loop: here a failure is an event. */
static void key_ready(beluga__key_wait *wait, const char *key, const beluga_error *key_err)
{
    http_op *self = beluga__container_of(wait, http_op, key_wait);
    beluga_error err;
    int status = 0;
    self->waits_for_key = false;
    if (key_err) {
        err = *key_err;
        status = secret_failed(self, &err);
    } else {
        key = beluga__arena_copy(&self->emit.call->arena, key, strlen(key));
        if (!key)
            status = beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    }
    if (!status) take_secret(self, key);
    if (!status) status = go_on(self, &err);
    if (status)
        fail(self, status, &err);
    else if (!self->waits_for_key)
        beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

/* Ops deliver nothing inside start, so warnings wait for a turn of the loop. */
static void send_warnings(beluga__task *task)
{
    http_op *self = beluga__container_of(task, http_op, warn);
    beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

static int prepare(http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    const beluga_provider *provider = provider_of(self);
    const beluga_allocator *allocator = call->arena.allocator;
    size_t max_event = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_EVENT_BYTES,
                                                    BELUGA__MAX_FRAME_BYTES);
    size_t max_body = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_RESPONSE_BYTES,
                                                   BELUGA__MAX_BODY_BYTES);
    beluga__watchdog_init(&self->dog, call, barked);
    self->grace.fire = grace_over;
    beluga__http_request_init(&self->request, allocator, &call->arena, call->target->base_url);
    beluga__http_response_init(&self->response, allocator, max_body);
    int status = beluga__framer_init(&self->framer, provider->framing, allocator, max_event);
    if (status)
        return beluga_error_set(err, status, "the framing of this provider is not supported");
    if (provider->state_size)
        self->state = beluga__arena_zalloc(&call->arena, provider->state_size);
    if (provider->state_size && !self->state)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the decoder");
    size_t n = call->target->n_headers;
    if (n && !(self->header_values = beluga__arena_zalloc(&call->arena, n * sizeof(char *))))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the headers");
    /* and the key, and NULL */
    self->secrets = beluga__arena_zalloc(&call->arena, (n + 2) * sizeof *self->secrets);
    return self->secrets ? 0
                         : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

static int begin(http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    int status = prepare(self, err);
    if (status) return status;
    self->key_wait.ready = key_ready;
    status = go_on(self, err);
    if (self->waits_for_key) {
        beluga__watchdog_start(&self->dog); /* anew when the request is sent */
        return 0;
    }
    self->warn.run = send_warnings;
    if (!status && self->request.n_warnings) call->loop->ops->defer(call->loop, &self->warn);
    return status;
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__op **op,
                 beluga_error *err)
{
    beluga_error unused;
    if (!err) err = &unused;
    if (call->list_models && !call->target->provider->encode_list_models)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "this provider has no list of models");
    http_op *self = beluga__arena_zalloc(&call->arena, sizeof *self);
    if (!self) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->op.ops = model->ops;
    beluga__emit_init(&self->emit, call, sink);
    if (beluga__emit_rename(&self->emit))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->emit.owner = self;
    self->raw = beluga__settings_int(call->settings, BELUGA_OPTION_RAW_EVENTS, 0);
    int status = begin(self, err);
    if (status) {
        self->emit.sink = NULL;
        let_go(self, false);
        return status;
    }
    *op = &self->op;
    return 0;
}

static void release(beluga__model *model)
{
    (void)model;
}

static const beluga__model_ops http_ops = {start, cancel, pause, release};
static beluga__model http_adapter = {&http_ops};

beluga__model *beluga__http_adapter_new(beluga__runtime *runtime)
{
    (void)runtime;
    return &http_adapter; /* it has no state */
}
