/* Ends an HTTP call: delivers the terminal event, and releases everything that belongs to the
 * call. */
#include "base/clock.h"
#include "loop/rooms.h"
#include "model/course.h"
#include "model/http_stage.h"

/* --- letting go ------------------------------------------------------------------------------- */

static void free_buffers(beluga__http_stage *self)
{
    beluga_loop *loop = self->emit.call->loop;
    if (self->reading) return; /* beluga__http_stage_end_reading releases the buffers */
    beluga__framer_free(&self->framer);
    beluga__room_keep(loop, BELUGA__ROOM_HEADERS, &self->response.headers);
    beluga__room_keep(loop, BELUGA__ROOM_ANSWER, &self->response.body);
    beluga__http_request_free(&self->request);
    beluga__http_response_free(&self->response);
    beluga__emit_free(&self->emit);
}

void beluga__http_stage_let_go(beluga__http_stage *self, bool reuse_connection)
{
    beluga_loop *loop = self->emit.call->loop;
    beluga__http_stage_enter(self, BELUGA__HTTP_OVER);
    beluga__watchdog_stop(&self->dog);
    beluga__timer_clear(loop, &self->timer);
    beluga__task_cancel(&self->soon);
    beluga__http_secrets_cancel(&self->secrets);
    if (self->transfer && reuse_connection)
        loop->ops->transfer_finish(self->transfer);
    else if (self->transfer)
        loop->ops->transfer_cancel(self->transfer, self->emit.failed ? self->emit.error : NULL);
    self->transfer = NULL;
    free_buffers(self);
}

beluga_call *beluga__http_stage_begin_reading(beluga__http_stage *self)
{
    self->reading = true;
    return beluga__call_ref(self->emit.call);
}

void beluga__http_stage_end_reading(beluga__http_stage *self, beluga_call *call)
{
    self->reading = false;
    if (beluga__http_stage_is_over(self)) free_buffers(self);
    beluga__call_unref_on_loop(call);
}

/* --- the terminal event ----------------------------------------------------------------------- */

/* Returns whether the code means that the library could not read a complete answer, and not that
 * the provider reported an error. */
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

void beluga__http_stage_give_cause(beluga__http_stage *self, const char *text, size_t n)
{
    beluga_error *err = self->emit.error;
    if (!err || *err->cause || !n || !gave_up(err->code)) return;
    char sample[BELUGA__BODY_SAMPLE_BYTES];
    if (n > sizeof sample) n = sizeof sample;
    memcpy(sample, text, n);
    beluga__http_secrets_mask(&self->secrets, sample, n);
    beluga_error_set_cause(err, sample, n);
}

/* Replace keys in the error by stars: a provider may quote a key in its message. */
static void mask_error(beluga__http_stage *self)
{
    beluga_error *err = self->emit.error;
    if (!err) return;
    beluga__http_secrets_mask(&self->secrets, err->message, strlen(err->message));
    beluga__http_secrets_mask(&self->secrets, err->cause, strlen(err->cause));
    beluga__http_secrets_mask(&self->secrets, err->provider_code, strlen(err->provider_code));
    beluga__http_secrets_mask(&self->secrets, err->request_id, strlen(err->request_id));
}

void beluga__http_stage_conclude(beluga__http_stage *self)
{
    beluga__emit_complete(&self->emit);
    if (beluga__http_stage_is_over(self)) return; /* a callback cancelled the call */
    if (self->emit.failed) {
        beluga__http_stage_give_cause(self, self->response.body.data, self->response.body.length);
        mask_error(self);
    }
    if (!self->emit.failed) beluga__course_end(self->emit.call);
    beluga__http_stage_let_go(self, !self->emit.failed);
    beluga__emit_deliver(&self->emit);
}

void beluga__http_stage_fail(beluga__http_stage *self, int code, const beluga_error *err)
{
    beluga__emit_fail(&self->emit, code, err);
    beluga__http_stage_conclude(self);
}

/* --- the grace period after a finish ---------------------------------------------------------- */

void beluga__http_stage_grace_over(beluga__http_stage *self)
{
    beluga_call *call = beluga__http_stage_begin_reading(self);
    beluga__http_stage_conclude(self);
    beluga__http_stage_end_reading(self, call);
}

/* The grace period starts after a finish reason without content, or after the end marker if the
 * call still waits for the end of the body. It starts again with each frame that follows. The total
 * time is limited, since a server may send pings forever after its finish. */
void beluga__http_stage_set_grace(beluga__http_stage *self)
{
    beluga_loop *loop = self->emit.call->loop;
    bool waits = self->marked || beluga__proof_allows_grace(&self->proof);
    if (!waits || self->paused) {
        beluga__timer_clear(loop, &self->timer);
        return;
    }
    int64_t now = beluga__now_ns();
    int64_t end = now + (int64_t)BELUGA__FINISH_GRACE_MS * BELUGA__NS_PER_MS;
    if (!self->timer.heap_index)
        self->grace_end_ns = now + (int64_t)BELUGA__FINISH_WAIT_MS * BELUGA__NS_PER_MS;
    loop->ops->timer_set(loop, &self->timer, end < self->grace_end_ns ? end : self->grace_end_ns);
}
